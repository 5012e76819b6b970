/* batch_cut.c - where ranges begin and end: one walk over the _ids, ahead of whoever works on the ranges.
 *
 * The cutter is a task of its own. It reads the _ids in order through one cursor, ends a range at every b->size of them, and
 * waits while enough ranges are cut: sizes follow the pace, and no more than a batch of the cursor is in memory. A cursor that is
 * lost (a failover, a server that forgot it) is opened again where the next range begins. So a walk costs a server one pass over
 * the index, also one that reads everything before it answers; a query for each bound would cost that pass each time.
 */
#include <string.h>

#include "app/batch_private.h"
#include "base/cleanup.h"
#include "base/doc.h"

#define FIRST_BATCH   2000
#define BATCH_BYTES   (256 * 1024)
#define QUERY_TIME_MS 60000

struct walk {
    struct mig_batch_run *b;
    bson_t seen;     /* the last _id that was read */
    int64_t counted; /* since b->next */
    int64_t walked;  /* in this pass */
    bool over;       /* nobody wants more ranges */
    bool past_last;  /* b->last was passed */
    bool needs_last; /* more _ids came than documents were there: they may come for ever */
};

static void take_id(const bson_t *doc, bson_t *ret)
{
    bson_iter_t iter;
    bson_reinit(ret);
    if (bson_iter_init_find(&iter, doc, "_id"))
        bson_append_iter(ret, "_id", -1, &iter);
}

/* Is a after b? Only asked for numbers, texts and object ids of one type; anything else is not. The walk also ends by itself
 * when the index has no more. */
static bool is_after(const bson_t *a, const bson_t *b)
{
    bson_iter_t x;
    bson_iter_t y;
    if (!bson_iter_init_find(&x, a, "_id") || !bson_iter_init_find(&y, b, "_id") ||
        bson_iter_type(&x) != bson_iter_type(&y))
        return false;
    if (BSON_ITER_HOLDS_OID(&x))
        return bson_oid_compare(bson_iter_oid(&x), bson_iter_oid(&y)) > 0;
    if (BSON_ITER_HOLDS_INT(&x))
        return bson_iter_as_int64(&x) > bson_iter_as_int64(&y);
    if (BSON_ITER_HOLDS_UTF8(&x))
        return strcmp(bson_iter_utf8(&x, NULL), bson_iter_utf8(&y, NULL)) > 0;
    return false;
}

/* ---- handing out ---- */

/* Wait until another range may be cut; NULL when none is wanted any more. */
static struct mig_range *await_slot(struct mig_batch_run *b)
{
    struct mig_host *host = b->r->host;
    for (;;) {
        size_t ahead = 0;
        struct mig_range *slot = NULL;
        pthread_mutex_lock(&b->mutex);
        bool over = b->failed || b->over;
        for (size_t i = 0; i < MIG_RANGES_MAX; i++) {
            ahead += b->ranges[i].state == MIG_RANGE_CUT;
            if (b->ranges[i].state == MIG_RANGE_FREE)
                slot = &b->ranges[i];
        }
        pthread_mutex_unlock(&b->mutex);
        if (over)
            return NULL;
        if (slot && ahead <= (size_t)b->batch.workers)
            return slot;
        host->ops->sleep_until(host, host->ops->mono_ms(host) + 20, &b->next);
    }
}

/* The range from b->next until there; b->next moves on. False: nobody wants it. */
static bool cut(struct mig_batch_run *b, const bson_t *until, bool closed, int64_t size)
{
    struct mig_range *range = await_slot(b);
    if (!range)
        return false;
    bson_reinit(&range->from);
    bson_concat(&range->from, &b->next);
    bson_reinit(&range->until);
    bson_concat(&range->until, until);
    range->closed = closed;
    range->size = size;
    bson_reinit(&b->next);
    bson_concat(&b->next, until);
    pthread_mutex_lock(&b->mutex);
    range->number = b->numbers++;
    range->state = MIG_RANGE_CUT;
    b->cut_all = closed;
    pthread_mutex_unlock(&b->mutex);
    b->r->host->ops->wake(b->r->host, &b->ranges);
    return true;
}

struct mig_range *mig_batch_take(struct mig_batch_run *b, bool *ret_over)
{
    struct mig_range *found = NULL;
    pthread_mutex_lock(&b->mutex);
    *ret_over = b->failed || b->over;
    for (size_t i = 0; i < MIG_RANGES_MAX && !*ret_over; i++) {
        struct mig_range *range = &b->ranges[i];
        if (range->state == MIG_RANGE_CUT && (!found || range->number < found->number))
            found = range;
    }
    if (found)
        found->state = MIG_RANGE_SENT;
    pthread_mutex_unlock(&b->mutex);
    if (found)
        b->r->host->ops->wake(b->r->host, &b->next);
    return found;
}

void mig_batch_give_up(struct mig_batch_run *b, const struct mig_error *err)
{
    pthread_mutex_lock(&b->mutex);
    if (!b->failed) {
        b->failed = true;
        b->error = *err;
    }
    pthread_mutex_unlock(&b->mutex);
    b->r->host->ops->wake(b->r->host, b);
}

/* ---- the walk ---- */

static bool count_id(const bson_t *doc, void *context)
{
    struct walk *walk = context;
    struct mig_batch_run *b = walk->b;
    take_id(doc, &walk->seen);
    if (bson_empty(&b->next))
        bson_concat(&b->next, &walk->seen);
    pthread_mutex_lock(&b->mutex);
    int64_t size = b->size, expected = b->expected;
    walk->over = b->failed || b->over;
    pthread_mutex_unlock(&b->mutex);
    walk->walked++;
    walk->past_last = !bson_empty(&b->last) && is_after(&walk->seen, &b->last);
    walk->needs_last = bson_empty(&b->last) && walk->walked > expected;
    if (walk->over || walk->past_last || walk->needs_last)
        return false;
    if (walk->counted >= size) {
        walk->over = !cut(b, &walk->seen, false, walk->counted);
        walk->counted = 0;
    }
    walk->counted++;
    return !walk->over;
}

/* All _ids in order from b->next on. Only the words of a query go with it: a range's filter is the workers'. */
static bool walk_on(struct walk *walk, struct mig_error *err)
{
    struct mig_batch_run *b = walk->b;
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(b->collection), "filter", "{", "}", "projection", "{", "_id",
                 BCON_INT32(1), "}", "sort", "{", "_id", BCON_INT32(1), "}", "batchSize",
                 BCON_INT32(FIRST_BATCH), "comment", BCON_UTF8(b->comment));
    if (!bson_empty(&b->next)) {
        BSON_APPEND_DOCUMENT(command, "min", &b->next);
        BCON_APPEND(command, "hint", "{", "_id", BCON_INT32(1), "}");
    }
    struct mig_call call = {
        .command = command, .max_time_ms = QUERY_TIME_MS, .long_running = true, .batch_bytes = BATCH_BYTES
    };
    walk->counted = 0;
    return b->r->store->ops->query(b->r->store, &call, count_id, walk, err);
}

static bool note_last(const bson_t *doc, void *context)
{
    take_id(doc, context);
    return false;
}

/* The greatest _id there is now: a walk that gets so far has seen every document that was there when it began. */
static bool find_last(struct mig_batch_run *b, struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(b->collection), "filter", "{", "}", "projection", "{", "_id",
                 BCON_INT32(1), "}", "sort", "{", "_id", BCON_INT32(-1), "}", "limit", BCON_INT64(1),
                 "singleBatch", BCON_BOOL(true), "comment", BCON_UTF8(b->comment));
    struct mig_call call = { .command = command, .max_time_ms = QUERY_TIME_MS, .long_running = true };
    return b->r->store->ops->query(b->r->store, &call, note_last, &b->last, err);
}

/* A failure after which the walk goes on with a new cursor. */
static bool is_passing(const struct mig_error *err)
{
    int code = err->server_code;
    return mig_run_is_away(err) || mig_run_code_is_passing(code) || code == 43 /* CursorNotFound */ ||
           code == 237 /* CursorKilled */ || code == 175 /* QueryPlanKilled */;
}

/* The last range ends with the last _id that belongs to it. */
static void finish(struct walk *walk)
{
    struct mig_batch_run *b = walk->b;
    if (walk->counted > 0) {
        (void)cut(b, walk->past_last ? &b->last : &walk->seen, true, walk->counted);
        return;
    }
    pthread_mutex_lock(&b->mutex);
    b->cut_all = true;
    pthread_mutex_unlock(&b->mutex);
    b->r->host->ops->wake(b->r->host, b);
}

void mig_batch_cutter(void *context)
{
    struct mig_batch_run *b = context;
    struct walk walk = { .b = b, .seen = BSON_INITIALIZER };
    struct mig_error err;
    int64_t cut_before = b->numbers;
    for (int attempt = 0;; attempt++) {
        bool ok = walk.needs_last ? find_last(b, &err) : true;
        if (ok) {
            walk.needs_last = false;
            ok = walk_on(&walk, &err);
        }
        if (walk.over)
            break;
        if (ok && !walk.needs_last) {
            finish(&walk);
            break;
        }
        if (b->numbers > cut_before)
            attempt = 0;
        cut_before = b->numbers;
        if (!ok && (!is_passing(&err) || !mig_beat_pause(b->r, attempt, &err))) {
            mig_batch_give_up(b, &err);
            break;
        }
    }
    bson_destroy(&walk.seen);
}
