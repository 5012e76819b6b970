/* batch_txn.c - a batch whose ranges commit together with their checkpoint, so that each document is changed once. */
#include "app/batch_private.h"

#include "base/doc.h"
#include "engine/reply.h"

#define TRANSACTION_MS 50000

static bool send_range(struct mig_batch_run *b, struct mig_range *range, struct mig_txn *txn,
                       unsigned *labels, struct mig_error *err)
{
    struct mig_runner *r = b->r;
    bson_t command;
    struct mig_reply reply;
    struct mig_verdict verdict;
    bool ok = false;
    mig_batch_command(&b->batch, &r->look.server, b->collection, &range->from, &range->until, range->closed,
                      b->comment, &command);
    struct mig_call call = { .command = &command, .write = true, .txn = txn, .max_time_ms = TRANSACTION_MS };
    r->store->ops->command(r->store, &call, &reply);
    range->took_ms = reply.took_ms;
    *labels |= reply.labels;
    if (reply.outcome == MIG_OUTCOME_OK) {
        mig_reply_judge(b->batch.is_delete ? "delete" : "update", &reply.body, &verdict);
        ok = verdict.ok || mig_verdict_fail(&verdict, err);
        range->matched = b->batch.is_delete ? verdict.deleted : verdict.matched;
        range->modified = b->batch.is_delete ? verdict.deleted : verdict.modified;
    } else {
        *err = reply.error;
        if (reply.outcome != MIG_OUTCOME_REFUSED)
            *labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
    }
    mig_reply_done(&reply);
    bson_destroy(&command);
    return ok;
}

/* Note the range as done; undone again when its transaction does not commit. */
static void note_range(struct mig_batch_run *b, const struct mig_range *range, int sign)
{
    b->matched += sign * range->matched;
    b->modified += sign * range->modified;
    b->done += sign * range->size;
    b->low_water += sign;
    bson_reinit(&b->mark);
    bson_concat(&b->mark, sign > 0 ? &range->until : &range->from);
    b->whole = sign > 0 && range->closed;
    mig_batch_note(b);
}

static enum mig_unit_end attempt(struct mig_batch_run *b, struct mig_range *range, unsigned *labels,
                                 struct mig_error *err)
{
    struct mig_runner *r = b->r;
    struct mig_txn *txn;
    struct mig_reply reply;
    bool is_fenced = false;
    if (!mig_beat_ready(r, NULL, err))
        return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
    if (!mig_run_txn_begin(r, &txn, err)) {
        *labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
        return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_ALONE;
    }
    if (!send_range(b, range, txn, labels, err)) {
        mig_run_txn_abort(r, txn, err);
        return MIG_UNIT_ALONE;
    }
    note_range(b, range, 1);
    if (!mig_record_in_txn(r, txn, labels, &is_fenced, err)) {
        mig_run_txn_abort(r, txn, err);
        note_range(b, range, -1);
        return is_fenced ? MIG_UNIT_FENCED : MIG_UNIT_ALONE;
    }
    r->store->ops->txn_commit(r->store, txn, &reply);
    enum mig_unit_end end = mig_run_settle_commit(r, txn, &reply, err);
    *labels |= reply.labels;
    if (end == MIG_UNIT_ALONE) {
        *err = reply.error;
        note_range(b, range, -1);
    }
    mig_reply_done(&reply);
    if (end == MIG_UNIT_DONE)
        mig_record_committed(r);
    return end;
}

/* Until it is known to be committed. */
static enum mig_unit_end commit_range(struct mig_batch_run *b, struct mig_range *range, struct mig_error *err)
{
    struct mig_host *host = b->r->host;
    int64_t until = host->ops->mono_ms(host) + MIG_TRANSIENT_MS;
    for (int n = 0;; n++) {
        unsigned labels = 0;
        enum mig_unit_end end = attempt(b, range, &labels, err);
        if (end != MIG_UNIT_ALONE)
            return end;
        bool again = (labels & MIG_LABEL_TRANSIENT_TRANSACTION) || mig_run_code_is_passing(err->server_code);
        if (!again || host->ops->mono_ms(host) >= until)
            return MIG_UNIT_FAILED;
        if (!mig_beat_pause(b->r, n, err))
            return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
    }
}

static void adapt(struct mig_batch_run *b, struct mig_range *range)
{
    int64_t size = mig_batch_next_size(&b->pace, range->size, range->took_ms, b->batch.target_ms);
    pthread_mutex_lock(&b->mutex);
    b->size = size > MIG_TXN_SIZE_MAX ? MIG_TXN_SIZE_MAX : size;
    range->state = MIG_RANGE_FREE;
    pthread_mutex_unlock(&b->mutex);
}

enum mig_unit_end mig_batch_in_txns(struct mig_batch_run *b, struct mig_error *err)
{
    struct mig_host *host = b->r->host;
    if (!b->r->look.server.can_transactions) {
        mig_fail(err, MIG_ERR_STEP, "exactlyOnce transaction needs a replica set; this server is standalone");
        mig_hint(err, "use exactlyOnce: marker");
        return MIG_UNIT_FAILED;
    }
    for (;;) {
        bool over, all;
        if (mig_beat_stopping(b->r))
            return MIG_UNIT_STOPPED;
        if (!mig_batch_goes_on(b, &all, err))
            return MIG_UNIT_FAILED;
        if (all)
            return MIG_UNIT_DONE;
        struct mig_range *range = mig_batch_take(b, &over);
        if (!range) {
            host->ops->sleep_until(host, host->ops->mono_ms(host) + 20, &b->ranges);
            continue;
        }
        enum mig_unit_end end = commit_range(b, range, err);
        if (end != MIG_UNIT_DONE)
            return end;
        adapt(b, range);
        mig_batch_progress(b, false);
    }
}
