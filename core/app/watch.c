/* watch.c - the state that lanes fill and snapshots are made from. */
#include "app/watch_private.h"

#include <stdlib.h>
#include <string.h>

#include "app/store_loan.h"
#include "base/mem.h"

#define STOP_POLL_MS 5

static int64_t now_of(const struct mig_watch *watch)
{
    return watch->host->ops->mono_ms(watch->host);
}

/* The application's open_store as lanes see it: one store an environment, opened once, lent again and again. */
static bool lend_store(void *ctx, const struct cfg_environment *asked, const char *run,
                       struct mig_store **ret, struct mig_error *err)
{
    struct watch_env *env = ctx;
    struct mig_watch *watch = env->watch;
    struct mig_app *app = watch->options.app;
    bool ok = true;
    (void)run;
    if (asked != env->env)
        return app->open_store(app->ports_ctx, asked, run, ret, err);
    pthread_mutex_lock(&env->store_lock);
    struct mig_store *store = env->store;
    if (!store && (ok = app->open_store(app->ports_ctx, env->env, "", &store, err))) {
        pthread_mutex_lock(&watch->lock);
        env->store = store;
        bool late = watch->stopping;
        pthread_mutex_unlock(&watch->lock);
        if (late)
            store->ops->cancel(store, true);
    }
    pthread_mutex_unlock(&env->store_lock);
    if (ok)
        *ret = mig_store_lend(store);
    return ok;
}

/* The other ports of the application want its own context. */
static bool read_catalog(void *ctx, unsigned flags, struct mig_catalog **ret, struct mig_problems *problems,
                         struct mig_error *err)
{
    struct mig_app *app = ((struct watch_env *)ctx)->watch->options.app;
    return app->read_catalog(app->ports_ctx, flags, ret, problems, err);
}

static bool read_file(void *ctx, const char *name, struct mig_buf *out, struct mig_error *err)
{
    struct mig_app *app = ((struct watch_env *)ctx)->watch->options.app;
    return app->read_file(app->ports_ctx, name, out, err);
}

static void init_env(struct mig_watch *watch, struct watch_env *env, const struct cfg_environment *which)
{
    env->env = which;
    env->watch = watch;
    env->app = *watch->options.app;
    env->app.ports_ctx = env;
    env->app.open_store = lend_store;
    env->app.read_catalog = read_catalog;
    env->app.read_file = read_file;
    env->looks = (struct watch_lane){ .watch = watch, .env = env, .role = WATCH_LOOKS, .ended = true };
    env->asks = (struct watch_lane){ .watch = watch, .env = env, .role = WATCH_ASKS, .ended = true };
    env->streams = (struct watch_lane){ .watch = watch, .env = env, .role = WATCH_STREAMS, .ended = true };
    pthread_mutex_init(&env->store_lock, NULL);
}

struct mig_watch *mig_watch_new(const struct mig_watch_options *options)
{
    struct mig_watch *watch = mig_alloc(sizeof *watch);
    const struct cfg_config *config = options->app->config;
    watch->options = *options;
    watch->host = options->app->host;
    pthread_mutex_init(&watch->lock, NULL);
    watch->env_count = config->environment_count;
    watch->envs = mig_alloc_n(watch->env_count, sizeof *watch->envs);
    watch->files_lane = (struct watch_lane){ .watch = watch, .role = WATCH_FILES, .ended = true };
    for (size_t i = 0; i < watch->env_count; i++)
        init_env(watch, &watch->envs[i], &config->environments[i]);
    return watch;
}

/* Where no thread can be had nothing comes in; the screen says that it waits. */
static void start_lane(struct watch_lane *lane)
{
    lane->ended = false;
    if (!watch_lane_start(lane))
        lane->ended = true;
}

void mig_watch_start(struct mig_watch *watch)
{
    start_lane(&watch->files_lane);
    for (size_t i = 0; i < watch->env_count; i++) {
        start_lane(&watch->envs[i].looks);
        start_lane(&watch->envs[i].asks);
        start_lane(&watch->envs[i].streams);
    }
}

void watch_part_done(struct watch_part *part, enum mig_query_kind kind)
{
    const struct mig_query_row *row = mig_query_row(kind);
    mig_unshare(part->value);
    if (row->forget && part->state)
        row->forget(part->state);
}

static void free_question(struct watch_question *question)
{
    for (size_t i = 0; i < question->part_count; i++)
        watch_part_done(&question->parts[i], question->kind);
    mig_unshare(question->merged);
    free(question->parts);
    free(question->argument);
    free(question);
}

/* ---- the end ---- */

static void wake_all(struct mig_watch *watch)
{
    watch->host->ops->wake(watch->host, &watch->files_lane);
    for (size_t i = 0; i < watch->env_count; i++) {
        watch->host->ops->wake(watch->host, &watch->envs[i].looks);
        watch->host->ops->wake(watch->host, &watch->envs[i].asks);
        watch->host->ops->wake(watch->host, &watch->envs[i].streams);
    }
}

static bool all_ended(struct mig_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    bool ended = watch->files_lane.ended;
    for (size_t i = 0; i < watch->env_count; i++)
        ended =
            ended && watch->envs[i].looks.ended && watch->envs[i].asks.ended && watch->envs[i].streams.ended;
    pthread_mutex_unlock(&watch->lock);
    return ended;
}

static void join(struct mig_watch *watch, struct watch_lane *lane)
{
    if (lane->task)
        watch->host->ops->task_join(watch->host, lane->task);
}

static void free_watch(struct mig_watch *watch)
{
    join(watch, &watch->files_lane);
    for (size_t i = 0; i < watch->env_count; i++) {
        struct watch_env *env = &watch->envs[i];
        join(watch, &env->looks);
        join(watch, &env->asks);
        join(watch, &env->streams);
        if (env->store)
            env->store->ops->close(env->store);
        mig_unshare(env->seen);
        pthread_mutex_destroy(&env->store_lock);
    }
    for (size_t i = 0; i < watch->question_count; i++)
        free_question(watch->questions[i]);
    mig_unshare(watch->files);
    free(watch->questions);
    free(watch->envs);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

bool mig_watch_stop(struct mig_watch *watch, int64_t grace_ms)
{
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    for (size_t i = 0; i < watch->env_count; i++) {
        if (watch->envs[i].store)
            watch->envs[i].store->ops->cancel(watch->envs[i].store, true);
    }
    pthread_mutex_unlock(&watch->lock);
    int64_t until = now_of(watch) + grace_ms;
    for (;;) {
        wake_all(watch);
        if (all_ended(watch)) {
            free_watch(watch);
            return true;
        }
        if (now_of(watch) >= until)
            return false;
        watch->host->ops->sleep_until(watch->host, now_of(watch) + STOP_POLL_MS, watch);
    }
}

/* ---- wishes ---- */

static bool is_that(const struct watch_question *question, const struct mig_want *want)
{
    return question->kind == want->kind && question->env == want->env &&
           strcmp(question->argument, want->argument ? want->argument : "") == 0;
}

static bool is_busy(const struct watch_question *question)
{
    for (size_t i = 0; i < question->part_count; i++) {
        if (question->parts[i].waiting)
            return true;
    }
    return false;
}

/* Let the oldest unwanted ones go. */
static void forget_some(struct mig_watch *watch)
{
    while (watch->question_count > WATCH_KEPT) {
        size_t oldest = watch->question_count;
        for (size_t i = 0; i < watch->question_count; i++) {
            const struct watch_question *q = watch->questions[i];
            if (!q->wanted && !is_busy(q) &&
                (oldest == watch->question_count || q->touched < watch->questions[oldest]->touched))
                oldest = i;
        }
        if (oldest == watch->question_count)
            return;
        free_question(watch->questions[oldest]);
        watch->questions[oldest] = watch->questions[--watch->question_count];
    }
}

static void wish(struct mig_watch *watch, const struct mig_want *want)
{
    const struct mig_query_row *row = mig_query_row(want->kind);
    struct watch_question *question = NULL;
    for (size_t i = 0; i < watch->question_count && !question; i++) {
        if (is_that(watch->questions[i], want))
            question = watch->questions[i];
    }
    if (!question) {
        question = mig_alloc(sizeof *question);
        question->kind = want->kind;
        question->env = want->env;
        question->argument = mig_strdup(want->argument);
        question->part_count = row->of_files || want->env ? 1 : watch->env_count;
        question->parts = mig_alloc_n(question->part_count, sizeof *question->parts);
        for (size_t i = 0; i < question->part_count; i++) {
            question->parts[i].next_ms = row->fetch ? 0 : INT64_MAX;
            if (!row->fetch)
                mig_fail(&question->parts[i].error, MIG_ERR_FAILED,
                         "this version does not know how to look there");
        }
        watch->questions =
            mig_grow(watch->questions, watch->question_count, &watch->question_room, sizeof(void *));
        watch->questions[watch->question_count++] = question;
    }
    question->wanted = true;
    question->touched = ++watch->wishes;
}

void mig_watch_wants(struct mig_watch *watch, const struct mig_want *wants, size_t count)
{
    bool news = false;
    pthread_mutex_lock(&watch->lock);
    uint64_t before = watch->wishes;
    for (size_t i = 0; i < watch->question_count; i++) {
        struct watch_question *question = watch->questions[i];
        bool wanted = false;
        for (size_t k = 0; k < count && !wanted; k++)
            wanted = is_that(question, &wants[k]);
        question->wanted = question->wanted && wanted;
    }
    for (size_t i = 0; i < count; i++) {
        size_t known = watch->question_count;
        bool was = false;
        for (size_t k = 0; k < known && !was; k++)
            was = watch->questions[k]->wanted && is_that(watch->questions[k], &wants[i]);
        if (!was) {
            wish(watch, &wants[i]);
            news = true;
        }
    }
    forget_some(watch);
    news = news || watch->wishes != before;
    pthread_mutex_unlock(&watch->lock);
    if (news)
        wake_all(watch);
}

void mig_watch_refresh(struct mig_watch *watch, const struct cfg_environment *env)
{
    pthread_mutex_lock(&watch->lock);
    watch->files_next_ms = 0;
    for (size_t i = 0; i < watch->env_count; i++) {
        if (!env || watch->envs[i].env == env)
            watch->envs[i].next_look_ms = 0;
    }
    for (size_t i = 0; i < watch->question_count; i++) {
        struct watch_question *question = watch->questions[i];
        if (!mig_query_row(question->kind)->fetch || (env && question->env && question->env != env))
            continue;
        for (size_t k = 0; k < question->part_count; k++) {
            if (question->kind != MIG_QUERY_LOG || !question->parts[k].over)
                question->parts[k].next_ms = 0;
        }
    }
    pthread_mutex_unlock(&watch->lock);
    wake_all(watch);
}

void mig_watch_set_writable(struct mig_watch *watch, const struct cfg_environment *env, int64_t until_ms)
{
    pthread_mutex_lock(&watch->lock);
    for (size_t i = 0; i < watch->env_count; i++) {
        if (watch->envs[i].env == env)
            watch->envs[i].writable_until_ms = until_ms;
    }
    pthread_mutex_unlock(&watch->lock);
}

/* ---- snapshots ---- */

static void show_env(const struct watch_env *env, int64_t now, struct mig_snap_env *ret)
{
    *ret =
        (struct mig_snap_env){ .env = env->env,
                               .seen = mig_share(env->seen),
                               .seen_ms = env->seen_ms,
                               .asked_ms = env->asked_ms,
                               .error = env->error,
                               .next_look_ms = env->looking ? 0 : env->next_look_ms,
                               .writable_until_ms = env->writable_until_ms > now ? env->writable_until_ms : 0,
                               .progress = env->progress };
}

static void show_parts(const struct mig_watch *watch, const struct watch_question *question,
                       struct mig_snap_answer *ret)
{
    ret->parts = mig_alloc_n(question->part_count, sizeof *ret->parts);
    ret->part_count = question->part_count;
    for (size_t i = 0; i < question->part_count; i++) {
        const struct watch_part *part = &question->parts[i];
        ret->parts[i] = (struct mig_snap_part){ .env = watch->envs[i].env,
                                                .there = part->value != NULL,
                                                .asked_ms = part->asked_ms,
                                                .error = part->error };
    }
}

static void show_answer(const struct mig_watch *watch, const struct watch_question *question,
                        struct mig_snap_answer *ret)
{
    *ret = (struct mig_snap_answer){ .kind = question->kind,
                                     .env = question->env,
                                     .argument = mig_strdup(question->argument) };
    bool of_all = !question->env && !mig_query_row(question->kind)->of_files;
    ret->value = mig_share(question->part_count == 1 ? question->parts[0].value : question->merged);
    if (of_all)
        show_parts(watch, question, ret);
    for (size_t i = 0; i < question->part_count; i++) {
        const struct watch_part *part = &question->parts[i];
        ret->waiting = ret->waiting || part->waiting || part->next_ms == 0;
        if (part->asked_ms > 0 && (ret->asked_ms == 0 || part->asked_ms < ret->asked_ms) && part->value)
            ret->asked_ms = part->asked_ms;
        if (part->error.code != MIG_OK && ret->error.code == MIG_OK)
            ret->error = part->error;
    }
}

struct mig_snapshot *mig_watch_snapshot(struct mig_watch *watch)
{
    struct mig_app *app = watch->options.app;
    pthread_mutex_lock(&watch->lock);
    watch->told = false;
    struct mig_snapshot *snapshot = mig_snapshot_new(watch->env_count, watch->question_count);
    snapshot->number = ++watch->number;
    snapshot->config = app->config;
    snapshot->operator_name = app->operator_name;
    snapshot->os_user = watch->host->self.os_user;
    snapshot->host = watch->host->self.host;
    snapshot->readonly = watch->options.readonly;
    snapshot->now_ms = now_of(watch);
    snapshot->wall_ms = watch->host->ops->wall_ms(watch->host);
    snapshot->files = watch->files ? mig_share(watch->files) : mig_seen_files_new();
    for (size_t i = 0; i < watch->env_count; i++)
        show_env(&watch->envs[i], snapshot->now_ms, &snapshot->envs[i]);
    for (size_t i = 0; i < watch->question_count; i++)
        show_answer(watch, watch->questions[i], &snapshot->answers[i]);
    pthread_mutex_unlock(&watch->lock);
    return snapshot;
}

bool mig_watch_is_idle(struct mig_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    int64_t now = now_of(watch);
    bool busy = !watch->files || watch->files_next_ms <= now;
    for (size_t i = 0; i < watch->env_count; i++)
        busy = busy || watch->envs[i].looking || watch->envs[i].next_look_ms <= now;
    for (size_t i = 0; i < watch->question_count; i++) {
        const struct watch_question *question = watch->questions[i];
        for (size_t k = 0; k < question->part_count; k++)
            busy =
                busy || question->parts[k].waiting || (question->wanted && question->parts[k].next_ms <= now);
    }
    pthread_mutex_unlock(&watch->lock);
    return !busy;
}
