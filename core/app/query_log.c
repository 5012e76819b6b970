/* query_log.c - chunks are shared between a log and the longer one after it, so that a snapshot costs what is new. */
#include "app/query_log.h"

#include <stdlib.h>
#include <string.h>

#include "app/log_read.h"
#include "base/doc.h"
#include "base/mem.h"

#define SMALL     64 /* a last chunk below this is copied into the next, so that chunks stay few */
#define PIECE_MAX (1024UL * 1024) /* of a journal, read at once */
#define BACK_MS   3000            /* how often a run that is gone as far as anybody knows is asked for */

struct reading {
    struct mig_log_reader reader;
    struct mig_log_chunk *fresh; /* read since the value was made; NULL: none */
};

static void keep(const bson_t *event, void *context)
{
    struct reading *reading = context;
    if (!reading->fresh)
        reading->fresh = mig_log_chunk_new();
    mig_log_chunk_add(reading->fresh, event);
}

static void add_chunk(struct mig_seen_log *log, struct mig_log_chunk *take_chunk)
{
    log->chunks[log->chunk_count++] = take_chunk;
    log->count += take_chunk->count;
}

/* What there is room for beside the events goes back. */
static struct mig_log_chunk *fit(struct mig_log_chunk *chunk)
{
    chunk->room = chunk->count;
    chunk->bytes_room = chunk->ends[chunk->count - 1];
    chunk->ends = mig_realloc_n(chunk->ends, chunk->room, sizeof *chunk->ends);
    chunk->bytes = mig_realloc_n(chunk->bytes, chunk->bytes_room, 1);
    return chunk;
}

/* The events of both, of which the second goes. */
static struct mig_log_chunk *join(const struct mig_seen_log *before, size_t count,
                                  struct mig_log_chunk *take_more)
{
    struct mig_log_chunk *chunk = mig_log_chunk_new();
    struct mig_seen_log more = { .chunks = &take_more, .chunk_count = 1, .count = take_more->count };
    bson_t event;
    for (size_t i = before->count - count; mig_seen_log_event(before, i, &event); i++)
        mig_log_chunk_add(chunk, &event);
    for (size_t i = 0; mig_seen_log_event(&more, i, &event); i++)
        mig_log_chunk_add(chunk, &event);
    mig_unshare(take_more);
    return chunk;
}

struct mig_seen_log *mig_log_grow(const struct mig_seen_log *before, struct mig_log_chunk *take_more)
{
    struct mig_seen_log *log = mig_seen_log_new();
    size_t old = before ? before->chunk_count : 0;
    struct mig_log_chunk *last = old > 0 ? before->chunks[old - 1] : NULL;
    bool joins = last && take_more && last->count < SMALL;
    size_t skip = 0;
    size_t kept = (before ? before->count : 0) + (take_more ? take_more->count : 0);
    log->chunks = mig_alloc_n(old + 1, sizeof *log->chunks);
    log->first = before ? before->first : 0;
    while (skip + joins < old && kept - before->chunks[skip]->count >= MIG_LOG_KEPT) {
        kept -= before->chunks[skip]->count;
        log->first += before->chunks[skip++]->count;
    }
    for (size_t i = skip; i < old - joins; i++)
        add_chunk(log, mig_share(before->chunks[i]));
    if (take_more)
        add_chunk(log, fit(joins ? join(before, last->count, take_more) : take_more));
    return log;
}

/* What was read so far, as the value's next state. */
static struct mig_seen_log *grow(struct reading *reading, const struct mig_seen_log *before)
{
    struct mig_seen_log *log = mig_log_grow(before, reading->fresh);
    reading->fresh = NULL;
    log->over = reading->reader.finished;
    return log;
}

static void count_event(const bson_t *event, void *context)
{
    (void)event;
    ++*(size_t *)context;
}

/* A run that was thought to be gone is heard of again: its server or its network was away for longer than its lease, and it was not.
 * What was told of its end was wrong, so the log is read anew. */
static bool is_back(struct mig_query *query, struct reading *reading)
{
    struct mig_store *store = NULL;
    struct mig_error ignored = { 0 };
    size_t events = 0;
    int64_t now = query->app->host->ops->mono_ms(query->app->host);
    struct mig_log_reader before = reading->reader;
    before.finished = false;
    before.seq--; /* the end that was made up */
    if (now < reading->reader.asked_ms + BACK_MS)
        return false;
    reading->reader.asked_ms = now;
    (void)query->app->open_store(query->app->ports_ctx, query->env, "", &store, &ignored);
    if (before.local || store)
        (void)mig_log_read(&before, store, PIECE_MAX, count_event, &events, NULL, &ignored);
    bool holds = events == 0 && store && mig_log_holds_lock(&before, store);
    if (store)
        store->ops->close(store);
    return events > 0 || holds;
}

void *mig_query_fetch_log(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    struct reading *reading = *query->state;
    struct mig_seen_log *log = mig_share(query->previous);
    struct mig_store *store = NULL;
    bool more = true;
    if (reading && reading->reader.guessed) {
        if (!is_back(query, reading))
            return log;
        mig_query_forget_log(reading);
        *query->state = reading = NULL;
        mig_unshare(log);
        log = NULL;
    }
    if (!reading) {
        reading = *query->state = mig_alloc(sizeof *reading);
        mig_log_reader_init(&reading->reader, query->app, query->argument);
    }
    bool ok = query->app->open_store(query->app->ports_ctx, query->env, "", &store, err) ||
              reading->reader.local; /* a journal of this host is read without a server */
    while (ok && more && !reading->reader.finished) {
        ok = mig_log_read(&reading->reader, store, PIECE_MAX, keep, reading, &more, err);
        if (ok && !more && store)
            ok = mig_log_look_for_end(&reading->reader, store, keep, reading, err);
        struct mig_seen_log *longer = grow(reading, log);
        mig_unshare(log);
        log = longer;
    }
    if (store)
        store->ops->close(store);
    if (ok && reading->reader.seq == 0) {
        ok =
            mig_fail(err, MIG_ERR_FAILED, "%s: there is no log of run %s", query->env->name, query->argument);
        mig_hint(err, "migtui runs --env %s lists the runs", query->env->name);
    }
    *ret_over = reading->reader.finished && !reading->reader.guessed;
    if (ok)
        return log;
    mig_unshare(log);
    return NULL;
}

void mig_query_forget_log(void *state)
{
    struct reading *reading = state;
    if (!reading)
        return;
    mig_unshare(reading->fresh);
    free(reading);
}
