/* watch_lane.c - a thread that does what is due, soonest first, and sleeps in between. */
#include "app/watch_private.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"

#define NEVER INT64_MAX

static int64_t now_of(const struct watch_lane *lane)
{
    return lane->watch->host->ops->mono_ms(lane->watch->host);
}

struct watch_part *watch_part_of(const struct watch_lane *lane, const struct watch_question *question)
{
    bool of_files = mig_query_row(question->kind)->of_files;
    if (lane->role == WATCH_LOOKS || lane->role == WATCH_STREAMS || of_files != (lane->role == WATCH_FILES))
        return NULL;
    if (of_files)
        return &question->parts[0];
    if (question->env)
        return question->env == lane->env->env ? &question->parts[0] : NULL;
    return &question->parts[lane->env - lane->watch->envs];
}

static uint64_t changes_of(const struct watch_lane *lane)
{
    return lane->watch->files_changes + (lane->env ? lane->env->changes : 0);
}

/* When a question is to be asked. Asking needs the files once, and nothing is asked twice at a time. */
static int64_t due_at(const struct watch_lane *lane, const struct watch_question *question,
                      const struct watch_part *part)
{
    const struct mig_query_row *row = mig_query_row(question->kind);
    if (!question->wanted || part->waiting || !lane->watch->files)
        return NEVER;
    if (part->asked_ms > 0 && row->on_change && part->changes != changes_of(lane) && !part->failures)
        return 0;
    return part->next_ms;
}

/* The question that is due first, or NULL; *ret_until: when the next one will be. */
static struct watch_question *next_question(const struct watch_lane *lane, int64_t *ret_until)
{
    struct mig_watch *watch = lane->watch;
    struct watch_question *found = NULL;
    int64_t first = NEVER;
    for (size_t i = 0; i < watch->question_count; i++) {
        struct watch_part *part = watch_part_of(lane, watch->questions[i]);
        int64_t at = part ? due_at(lane, watch->questions[i], part) : NEVER;
        if (at < first) {
            first = at;
            found = watch->questions[i];
        }
    }
    *ret_until = first;
    return found;
}

void watch_tell(struct mig_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    bool tell = !watch->told && !watch->stopping;
    watch->told = true;
    pthread_mutex_unlock(&watch->lock);
    if (tell && watch->options.changed)
        watch->options.changed(watch->options.ctx);
}

int64_t watch_back_off(int failures)
{
    int64_t wait = WATCH_BACKOFF_MS;
    for (int i = 1; i < failures && wait < WATCH_BACKOFF_MAX; i++)
        wait *= 2;
    return wait < WATCH_BACKOFF_MAX ? wait : WATCH_BACKOFF_MAX;
}

/* All rows that have come, as one list; the old list stays with those who hold it. */
static void merge(struct watch_question *question)
{
    struct mig_seen_rows **lists MIG_AUTOFREE = mig_alloc_n(question->part_count, sizeof *lists);
    bool any = false;
    for (size_t i = 0; i < question->part_count; i++) {
        lists[i] = question->parts[i].value;
        any = any || lists[i];
    }
    mig_unshare(question->merged);
    question->merged = any ? mig_query_merge(lists, question->part_count) : NULL;
}

static void put_answer(struct watch_lane *lane, struct watch_question *question, struct watch_part *part,
                       void *take_value, bool over, const struct mig_error *err)
{
    const struct mig_query_row *row = mig_query_row(question->kind);
    int64_t now = now_of(lane);
    part->waiting = false;
    if (!take_value) {
        part->error = *err;
        part->failures++;
        part->next_ms = now + watch_back_off(part->failures);
        return;
    }
    mig_unshare(part->value);
    part->value = take_value;
    part->error = (struct mig_error){ 0 };
    part->failures = 0;
    part->over = over;
    part->next_ms = over || row->again_ms == 0 ? NEVER : now + row->again_ms;
    if (row->merges && !question->env)
        merge(question);
}

/* With the lock held on entry and exit. */
static void answer(struct watch_lane *lane, struct watch_question *question)
{
    struct mig_watch *watch = lane->watch;
    struct watch_part *part = watch_part_of(lane, question);
    struct mig_error err = { 0 };
    bool over = false;
    struct mig_query query = { .app = lane->env ? &lane->env->app : watch->options.app,
                               .env = lane->env ? lane->env->env : NULL,
                               .files = mig_share(watch->files),
                               .argument = question->argument,
                               .previous = mig_share(part->value),
                               .state = &part->state };
    int64_t asked = now_of(lane);
    part->waiting = true; /* keeps the question from being let go */
    part->next_ms = NEVER;
    part->changes = changes_of(lane);
    pthread_mutex_unlock(&watch->lock);
    void *value = mig_query_row(question->kind)->fetch(&query, &over, &err);
    pthread_mutex_lock(&watch->lock);
    if (value)
        part->asked_ms = asked > 0 ? asked : 1; /* an old answer keeps its age when a newer question fails */
    mig_unshare(query.previous);
    mig_unshare(query.files);
    bool again = part->next_ms == 0; /* somebody asked meanwhile, and wants what is newer than that */
    put_answer(lane, question, part, value, over, &err);
    if (again)
        part->next_ms = 0;
}

/* When the lane's own work is due. */
static int64_t own_due(const struct watch_lane *lane)
{
    const struct mig_watch *watch = lane->watch;
    if (lane->role == WATCH_FILES)
        return watch->files_next_ms;
    if (lane->role == WATCH_LOOKS && watch->files)
        return lane->env->next_look_ms;
    if (lane->role == WATCH_STREAMS && lane->env->seen && lane->env->failures == 0 &&
        lane->env->seen->look.server.can_change_streams)
        return lane->env->next_stream_ms; /* where somebody answers */
    return NEVER;
}

/* One thing that is due, or a nap until one is. With the lock held on entry and exit. */
static void step(struct watch_lane *lane)
{
    struct mig_watch *watch = lane->watch;
    int64_t now = now_of(lane);
    int64_t asked_at;
    struct watch_question *question = next_question(lane, &asked_at);
    int64_t own_at = own_due(lane);
    bool own = own_at <= now;
    bool asks = !own && question && asked_at <= now;
    bool news = own || asks;
    if (asks) {
        answer(lane, question);
    } else {
        pthread_mutex_unlock(&watch->lock);
        if (!own) {
            int64_t until = own_at < asked_at ? own_at : asked_at;
            watch->host->ops->sleep_until(watch->host, until == NEVER ? now + 3600000 : until, lane);
        } else if (lane->role == WATCH_FILES) {
            news = watch_read_files(lane);
        } else if (lane->role == WATCH_STREAMS) {
            watch_stream(lane);
        } else {
            watch_look(lane);
        }
        pthread_mutex_lock(&watch->lock);
    }
    if (news) {
        pthread_mutex_unlock(&watch->lock);
        watch_tell(watch);
        pthread_mutex_lock(&watch->lock);
    }
}

static void run(void *context)
{
    struct watch_lane *lane = context;
    struct mig_watch *watch = lane->watch;
    pthread_mutex_lock(&watch->lock);
    while (!watch->stopping)
        step(lane);
    lane->ended = true;
    pthread_mutex_unlock(&watch->lock);
}

bool watch_lane_start(struct watch_lane *lane)
{
    struct mig_host *host = lane->watch->host;
    struct mig_error ignored;
    return host->ops->task_start(host, run, lane, &lane->task, &ignored);
}
