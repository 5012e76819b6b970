/* batch.c - many documents, range by range: one cutter, several workers, a low-water mark that survives any death.
 *
 * The cutter (batch_cut.c) is ahead of the workers, which send one update or delete a range; the runner's thread writes checkpoints.
 * A range whose outcome is unknown is sent again: with a marker its filter leaves out what was done, a delete finds nothing, and
 * for `idempotent` the author answers. With `transaction` each range travels with its checkpoint (batch_txn.c).
 */
#include "app/batch_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "engine/reply.h"

#define CHECKPOINT_MS 1000
#define PROGRESS_MS   250
#define STANDSTILL_MS 5000 /* the same while nothing moves: its server is away, or takes its time */
#define PASSES_MAX    4
#define ARRIVED \
    4 /* pauses, 0.75 s in all, after which a request whose connection broke is there if it ever will be */

static void estimate_total(struct mig_batch_run *b)
{
    struct mig_runner *r = b->r;
    bson_t command = BSON_INITIALIZER;
    struct mig_reply reply;
    BSON_APPEND_UTF8(&command, "count", b->collection);
    struct mig_call call = { .command = &command, .max_time_ms = 2000 };
    r->store->ops->command(r->store, &call, &reply);
    b->total = reply.outcome == MIG_OUTCOME_OK ? mig_doc_int(&reply.body, "n", -1) : -1;
    pthread_mutex_lock(&b->mutex);
    b->expected = b->total >= 0 ? b->total : 0;
    pthread_mutex_unlock(&b->mutex);
    mig_reply_done(&reply);
    bson_destroy(&command);
}

/* ---- workers ---- */

static void note_unheard(struct mig_batch_run *b, int64_t limit_ms)
{
    int64_t until = b->r->host->ops->mono_ms(b->r->host) + limit_ms;
    pthread_mutex_lock(&b->mutex);
    if (b->unheard_until < until)
        b->unheard_until = until;
    pthread_mutex_unlock(&b->mutex);
}

/* Send one range until its outcome is known. */
static bool work_range(struct mig_batch_run *b, struct mig_range *range, struct mig_error *err)
{
    struct mig_runner *r = b->r;
    for (int attempt = 0;; attempt++) {
        bson_t command;
        struct mig_reply reply;
        struct mig_verdict verdict = { .ok = false };
        int64_t left;
        if (!mig_beat_ready(r, &left, err))
            return false;
        mig_batch_command(&b->batch, &r->look.server, b->collection, &range->from, &range->until,
                          range->closed, b->comment, &command);
        struct mig_call call = { .command = &command, .write = true, .max_time_ms = left };
        r->store->ops->command(r->store, &call, &reply);
        if (reply.outcome == MIG_OUTCOME_OK)
            mig_reply_judge(b->batch.is_delete ? "delete" : "update", &reply.body, &verdict);
        else
            *err = reply.error;
        range->took_ms = reply.took_ms;
        enum mig_outcome outcome = reply.outcome;
        if (outcome == MIG_OUTCOME_UNKNOWN)
            note_unheard(b, left);
        mig_reply_done(&reply);
        bson_destroy(&command);
        if (verdict.ok) {
            range->matched = b->batch.is_delete ? verdict.deleted : verdict.matched;
            range->modified = b->batch.is_delete ? verdict.deleted : verdict.modified;
            return true;
        }
        if (outcome == MIG_OUTCOME_OK)
            (void)mig_verdict_fail(&verdict, err);
        /* Out of time, in conflict, or no longer primary: what was done stays done, the rest is sent again. */
        bool again = outcome == MIG_OUTCOME_UNKNOWN || outcome == MIG_OUTCOME_NOT_SENT ||
                     mig_run_code_is_passing(err->server_code);
        if (mig_beat_lost(r))
            return mig_fail(err, MIG_ERR_FENCED, "another run took over; this one wrote nothing more");
        if (!again || (outcome == MIG_OUTCOME_REFUSED && attempt >= 50))
            return false;
        if (!mig_beat_pause(r, attempt, err))
            return false;
    }
}

static void worker(void *context)
{
    struct mig_batch_run *b = context;
    struct mig_host *host = b->r->host;
    for (;;) {
        struct mig_error err;
        bool over;
        struct mig_range *range = mig_batch_take(b, &over);
        if (over)
            return;
        if (!range) {
            host->ops->sleep_until(host, host->ops->mono_ms(host) + 20, &b->ranges);
            continue;
        }
        if (!work_range(b, range, &err)) {
            mig_batch_give_up(b, &err);
            return;
        }
        pthread_mutex_lock(&b->mutex);
        range->state = MIG_RANGE_DONE;
        pthread_mutex_unlock(&b->mutex);
        host->ops->wake(host, b);
    }
}

/* ---- the runner ---- */

/* Move the low-water mark over ranges that are done without a gap, and adapt the size. */
static void collect(struct mig_batch_run *b)
{
    pthread_mutex_lock(&b->mutex);
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < MIG_RANGES_MAX; i++) {
            struct mig_range *range = &b->ranges[i];
            if (range->state != MIG_RANGE_DONE || range->number != b->low_water)
                continue;
            b->low_water++;
            b->matched += range->matched;
            b->modified += range->modified;
            b->done += range->size;
            if (!range->closed)
                b->size = mig_batch_next_size(&b->pace, range->size, range->took_ms, b->batch.target_ms);
            bson_reinit(&b->mark);
            bson_concat(&b->mark, &range->until);
            b->whole = range->closed;
            range->state = MIG_RANGE_FREE;
            moved = true;
        }
    }
    pthread_mutex_unlock(&b->mutex);
}

void mig_batch_progress(struct mig_batch_run *b, bool now_please)
{
    struct mig_runner *r = b->r;
    int64_t now = r->host->ops->mono_ms(r->host);
    int64_t pause_ms = b->done == b->told_done ? STANDSTILL_MS : PROGRESS_MS;
    if (!now_please && now - b->told_ms < pause_ms)
        return;
    b->told_done = b->done;
    int64_t elapsed = now - b->began_ms;
    int64_t done = b->total >= 0 && b->done > b->total ? b->total : b->done;
    double rate = elapsed > 0 ? (double)(b->done - b->done_before) * 1000.0 / (double)elapsed : 0;
    b->told_ms = now;
    mig_run_event_progress(r, b->item, b->step, done, b->total, rate, "documents");
}

void mig_batch_note(struct mig_batch_run *b)
{
    bson_t result = BSON_INITIALIZER;
    bson_iter_t iter;
    BSON_APPEND_INT64(&result, "matched", b->matched);
    BSON_APPEND_INT64(&result, b->batch.is_delete ? "deleted" : "modified", b->modified);
    BSON_APPEND_INT64(&result, "scanned", b->done);
    BSON_APPEND_INT64(&result, "ranges", b->low_water);
    BSON_APPEND_INT64(&result, "pass", b->pass);
    BSON_APPEND_BOOL(&result, "whole", b->whole);
    if (bson_iter_init_find(&iter, &b->mark, "_id"))
        bson_append_iter(&result, "lastId", -1, &iter);
    int64_t now = b->r->host->ops->mono_ms(b->r->host);
    mig_record_step(b->r, b->item, b->step, MIG_PHASE_INTENT, NULL, &result, now - b->noted_ms);
    b->noted_ms = now;
    bson_destroy(&result);
}

static enum mig_unit_end checkpoint(struct mig_batch_run *b, bool now_please, struct mig_error *err)
{
    int64_t now = b->r->host->ops->mono_ms(b->r->host);
    if ((!now_please && now - b->noted_ms < CHECKPOINT_MS) || bson_empty(&b->mark))
        return MIG_UNIT_DONE;
    mig_batch_note(b);
    return mig_record_flush(b->r, err);
}

bool mig_batch_goes_on(struct mig_batch_run *b, bool *ret_all, struct mig_error *err)
{
    pthread_mutex_lock(&b->mutex);
    bool failed = b->failed;
    *ret_all = b->cut_all && b->low_water == b->numbers;
    if (failed)
        *err = b->error;
    pthread_mutex_unlock(&b->mutex);
    return !failed;
}

/* Nothing more is begun. */
static void call_off(struct mig_batch_run *b)
{
    pthread_mutex_lock(&b->mutex);
    b->over = true;
    pthread_mutex_unlock(&b->mutex);
    b->r->host->ops->wake(b->r->host, &b->next);
}

static bool any_sent(struct mig_batch_run *b)
{
    bool any = false;
    pthread_mutex_lock(&b->mutex);
    for (size_t i = 0; i < MIG_RANGES_MAX; i++)
        any = any || b->ranges[i].state == MIG_RANGE_SENT;
    pthread_mutex_unlock(&b->mutex);
    return any;
}

static enum mig_unit_end drive(struct mig_batch_run *b, struct mig_error *err)
{
    struct mig_host *host = b->r->host;
    for (;;) {
        bool all;
        collect(b);
        mig_batch_progress(b, false);
        enum mig_unit_end end = checkpoint(b, false, err);
        if (end != MIG_UNIT_DONE)
            return end;
        if (!mig_batch_goes_on(b, &all, err))
            return MIG_UNIT_FAILED;
        if (all)
            return MIG_UNIT_DONE;
        if (mig_beat_stopping(b->r)) {
            call_off(b);
            if (!any_sent(b))
                return MIG_UNIT_STOPPED;
        }
        host->ops->sleep_until(host, host->ops->mono_ms(host) + 20, b);
    }
}

/* A range whose answer was lost was sent again and is done, and its first command may still be at work: what comes next must
 * not meet it. Where the server does not tell, its time limit does. (Found by the simulator, 115508.) */
static enum mig_unit_end hush(struct mig_batch_run *b, enum mig_unit_end end, struct mig_error *err)
{
    struct mig_runner *r = b->r;
    struct mig_error look;
    char comment[200];
    struct mig_step_context ctx;
    bool told = r->look.server.can_current_op;
    bool gone = end == MIG_UNIT_FENCED || end == MIG_UNIT_UNKNOWN || mig_beat_lost(r);
    mig_run_step_context(r, b->item, b->step, comment, sizeof comment, &ctx);
    r->left_behind = r->left_behind || b->unheard_until;
    for (int attempt = 0; b->unheard_until && !gone; attempt++) {
        int running = mig_step_at_work(&ctx, r->plan->items[b->item].steps[b->step].step, &look);
        int64_t left = b->unheard_until - r->host->ops->mono_ms(r->host);
        if (running == 0 && attempt >= ARRIVED && (told || left <= 0))
            break;
        if (running > 0 && left < -MIG_TRANSIENT_MS) {
            mig_fail(err, MIG_ERR_UNKNOWN_OUTCOME,
                     "the server is still at a command of step %s that is long past its time limit",
                     r->records[b->item].steps[b->step].id);
            mig_hint(err, "migtui resume --env %s ends it and goes on", r->env->name);
            return MIG_UNIT_UNKNOWN;
        }
        if (attempt == 0)
            mig_journal_warn(&r->journal,
                             "%s: a command of step %s got no answer; waiting until the server is no longer "
                             "at it, its time limit is in %lld s",
                             r->records[b->item].version, r->records[b->item].steps[b->step].id,
                             (long long)(left + 999) / 1000);
        if (!mig_beat_pause(r, running < 0 || attempt < 4 ? attempt : 4, &look)) {
            *err = look;
            return look.code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
        }
    }
    b->unheard_until = 0;
    return end;
}

static enum mig_unit_end with_workers(struct mig_batch_run *b, struct mig_error *err)
{
    struct mig_host *host = b->r->host;
    struct mig_task *tasks[16] = { 0 };
    int started = 0;
    enum mig_unit_end end = MIG_UNIT_FAILED;
    while (started < b->batch.workers && host->ops->task_start(host, worker, b, &tasks[started], err))
        started++;
    if (started > 0)
        end = drive(b, err);
    call_off(b);
    for (int i = 0; i < started; i++) {
        host->ops->wake(host, &b->ranges);
        host->ops->task_join(host, tasks[i]);
    }
    collect(b);
    return hush(b, end, err);
}

/* ---- one pass over the collection, and whether another is needed ---- */

static enum mig_unit_end pass(struct mig_batch_run *b, struct mig_error *err)
{
    struct mig_host *host = b->r->host;
    struct mig_task *cutter;
    if (b->whole)
        return MIG_UNIT_DONE; /* its last range was done before an earlier run ended */
    bson_reinit(&b->next);
    bson_concat(&b->next, &b->mark);
    bson_reinit(&b->last);
    b->cut_all = b->over = false;
    for (size_t i = 0; i < MIG_RANGES_MAX; i++)
        b->ranges[i].state = MIG_RANGE_FREE;
    b->low_water = b->numbers;
    if (b->batch.once == MIG_BATCH_TRANSACTION && b->size > MIG_TXN_SIZE_MAX)
        b->size = MIG_TXN_SIZE_MAX;
    if (!host->ops->task_start(host, mig_batch_cutter, b, &cutter, err))
        return MIG_UNIT_FAILED;
    if (b->expected == INT64_MAX)
        estimate_total(b); /* while the cutter waits for its first _ids */
    enum mig_unit_end end =
        b->batch.once == MIG_BATCH_TRANSACTION ? mig_batch_in_txns(b, err) : with_workers(b, err);
    call_off(b);
    host->ops->task_join(host, cutter);
    return end;
}

static bool saw_one(const bson_t *doc, void *context)
{
    (void)doc;
    *(bool *)context = true;
    return false;
}

/* With a marker the filter itself tells whether anything is left: documents that came in behind the walk. */
static bool anything_left(struct mig_batch_run *b, bool *ret_left, struct mig_error *err)
{
    bson_t command = BSON_INITIALIZER;
    *ret_left = false;
    if (b->batch.once != MIG_BATCH_MARKER && !b->batch.is_delete) {
        bson_destroy(&command);
        return true;
    }
    BSON_APPEND_UTF8(&command, "find", b->collection);
    BSON_APPEND_DOCUMENT(&command, "filter", &b->batch.filter);
    BCON_APPEND(&command, "projection", "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64(1), "singleBatch",
                BCON_BOOL(true), "comment", BCON_UTF8(b->comment));
    struct mig_call call = { .command = &command, .long_running = true, .max_time_ms = 600000 };
    bool ok = false;
    for (int attempt = 0; !ok; attempt++) {
        ok = b->r->store->ops->query(b->r->store, &call, saw_one, ret_left, err);
        if (!ok && (!mig_run_is_away(err) || !mig_beat_pause(b->r, attempt, err)))
            break;
    }
    bson_destroy(&command);
    return ok;
}

static enum mig_unit_end run_passes(struct mig_batch_run *b, struct mig_error *err)
{
    for (;;) {
        bool left = false;
        enum mig_unit_end end = pass(b, err);
        if (end != MIG_UNIT_DONE)
            return end;
        if (!anything_left(b, &left, err))
            return MIG_UNIT_FAILED;
        if (!left)
            return MIG_UNIT_DONE;
        if (++b->pass >= PASSES_MAX) {
            mig_fail(err, MIG_ERR_STEP, "after %d passes documents still match the filter", PASSES_MAX);
            mig_hint(
                err,
                "either the update does not set the marker, or the application keeps writing such documents");
            return MIG_UNIT_FAILED;
        }
        bson_reinit(&b->mark);
        b->whole = false;
    }
}

static void restore(struct mig_batch_run *b, const struct mig_step_record *record)
{
    bson_iter_t iter;
    if (!record->result)
        return;
    b->matched = mig_doc_int(record->result, "matched", 0);
    b->modified = mig_doc_int(record->result, b->batch.is_delete ? "deleted" : "modified", 0);
    b->done = b->done_before = mig_doc_int(record->result, "scanned", 0);
    b->numbers = mig_doc_int(record->result, "ranges", 0);
    b->pass = mig_doc_int(record->result, "pass", 0);
    b->whole = mig_doc_bool(record->result, "whole", false);
    if (bson_iter_init_find(&iter, record->result, "lastId"))
        bson_append_iter(&b->mark, "_id", -1, &iter);
    if (b->pass >= PASSES_MAX) {
        b->pass = 0; /* it gave up; whoever resumes has seen to the reason */
        b->whole = false;
        bson_reinit(&b->mark);
    }
}

static void batch_run_init(struct mig_batch_run *b, struct mig_runner *r, size_t item, size_t step)
{
    const struct mig_plan_item *planned = &r->plan->items[item];
    *b = (struct mig_batch_run){ .r = r, .item = item, .step = step, .expected = INT64_MAX, .total = -1 };
    b->collection = planned->steps[step].step->collection;
    b->began_ms = b->noted_ms = r->host->ops->mono_ms(r->host);
    snprintf(b->comment, sizeof b->comment, "migtui run=%s token=%lld step=%s/%s", r->run,
             (long long)r->token, planned->migration->version, planned->steps[step].step->id);
    bson_init(&b->next);
    bson_init(&b->last);
    bson_init(&b->mark);
    for (size_t i = 0; i < MIG_RANGES_MAX; i++) {
        bson_init(&b->ranges[i].from);
        bson_init(&b->ranges[i].until);
    }
    pthread_mutex_init(&b->mutex, NULL);
}

static void batch_run_done(struct mig_batch_run *b)
{
    bson_destroy(&b->next);
    bson_destroy(&b->last);
    bson_destroy(&b->mark);
    for (size_t i = 0; i < MIG_RANGES_MAX; i++) {
        bson_destroy(&b->ranges[i].from);
        bson_destroy(&b->ranges[i].until);
    }
    pthread_mutex_destroy(&b->mutex);
    mig_batch_done(&b->batch);
}

static bool check_expected(const struct mig_batch_run *b, const struct mig_step *step, struct mig_error *err)
{
    bson_iter_t expect;
    return (!mig_doc_find(step->doc, "expect.matched", &expect) ||
            mig_expect_check(&expect, "matched", b->matched, err)) &&
           (!mig_doc_find(step->doc, "expect.modified", &expect) ||
            mig_expect_check(&expect, "modified", b->modified, err)) &&
           (!mig_doc_find(step->doc, "expect.deleted", &expect) ||
            mig_expect_check(&expect, "deleted", b->modified, err));
}

/* What ended the batch decides how it is recorded. */
static enum mig_unit_end conclude(struct mig_batch_run *b, enum mig_unit_end end, struct mig_error *err)
{
    struct mig_runner *r = b->r;
    const struct mig_step *step = r->plan->items[b->item].steps[b->step].step;
    struct mig_error why = *err;
    if (end == MIG_UNIT_FAILED && why.code == MIG_ERR_FENCED)
        return MIG_UNIT_FENCED;
    if (end == MIG_UNIT_FAILED && why.code == MIG_ERR_UNREACHABLE)
        return MIG_UNIT_UNKNOWN;
    if (end == MIG_UNIT_FENCED || end == MIG_UNIT_UNKNOWN)
        return end;
    mig_batch_progress(b, true);
    mig_batch_note(b);
    if (end == MIG_UNIT_DONE && !check_expected(b, step, &why))
        end = MIG_UNIT_FAILED;
    if (end == MIG_UNIT_DONE) {
        mig_record_step(r, b->item, b->step, MIG_PHASE_DONE, NULL, NULL, 0);
        return end;
    }
    if (end == MIG_UNIT_FAILED) {
        mig_run_event_step(r, "step.failed", b->item, b->step, NULL, 0, &why);
        mig_record_fail(r, b->item, b->step, &why);
    }
    enum mig_unit_end written = mig_record_flush(r, err);
    if (written != MIG_UNIT_DONE)
        return written;
    *err = why;
    return end;
}

enum mig_unit_end mig_run_batch(struct mig_runner *r, size_t item, size_t step, struct mig_error *err)
{
    struct mig_batch_run *b = mig_alloc(sizeof *b);
    const struct mig_step *planned = r->plan->items[item].steps[step].step;
    enum mig_unit_end end;
    batch_run_init(b, r, item, step);
    if (!mig_batch_read(planned, r->app->config->batch_target_ms, &b->batch, err)) {
        struct mig_error why = *err;
        mig_record_fail(r, item, step, err);
        end = mig_record_flush(r, err) == MIG_UNIT_DONE ? MIG_UNIT_FAILED : MIG_UNIT_UNKNOWN;
        *err = why;
    } else {
        b->size = b->batch.size;
        restore(b, &r->records[item].steps[step]);
        mig_record_step(r, item, step, MIG_PHASE_INTENT, NULL, NULL, 0);
        end = mig_record_flush(r, err);
        if (end == MIG_UNIT_DONE) {
            end = run_passes(b, err);
            end = conclude(b, end, err);
        }
    }
    batch_run_done(b);
    free(b);
    return end;
}
