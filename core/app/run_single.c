/* run_single.c - one step with its intent before it and its result after it, or in one transaction with its record. */
#include <stdio.h>
#include <string.h>

#include "app/run_private.h"
#include "base/cleanup.h"
#include "base/doc.h"

#define EXECUTE_ATTEMPTS 3
#define UNDER_WAY_MS     500 /* a request whose connection broke may arrive so much later */

static void on_progress(void *context, int64_t done, int64_t total, const char *what)
{
    struct mig_runner *r = context;
    bson_t fields = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&fields, "step", r->step);
    BSON_APPEND_INT64(&fields, "done", done);
    BSON_APPEND_INT64(&fields, "total", total);
    BSON_APPEND_UTF8(&fields, "what", what ? what : "");
    mig_journal_emit(&r->journal, "progress", &fields);
    bson_destroy(&fields);
}

static void on_line(void *context, const char *text)
{
    struct mig_runner *r = context;
    bson_t fields = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&fields, "step", r->step);
    BSON_APPEND_UTF8(&fields, "line", text);
    mig_journal_emit(&r->journal, "output", &fields);
    bson_destroy(&fields);
}

static bool confirmed(const struct mig_runner *r, const char *id)
{
    const char *const *each = r->options->confirmed;
    for (; each && *each; each++) {
        if (strcmp(*each, id) == 0)
            return true;
    }
    return false;
}

void mig_run_step_context(struct mig_runner *r, size_t item, size_t step, char *comment, size_t comment_size,
                          struct mig_step_context *ret)
{
    const struct mig_plan_item *planned = &r->plan->items[item];
    const char *id = planned->steps[step].step->id;
    snprintf(comment, comment_size, "migtui run=%s token=%lld step=%s/%s", r->run, (long long)r->token,
             planned->migration->version, id);
    snprintf(r->exec_variables[0], sizeof r->exec_variables[0], "MIGTUI_RUN=%s", r->run);
    snprintf(r->exec_variables[1], sizeof r->exec_variables[1], "MIGTUI_TOKEN=%lld", (long long)r->token);
    snprintf(r->exec_variables[2], sizeof r->exec_variables[2], "MIGTUI_ENVIRONMENT=%s", r->env->name);
    snprintf(r->exec_variables[3], sizeof r->exec_variables[3], "MIGTUI_DATABASE=%s", r->env->database);
    for (size_t i = 0; i < 4; i++)
        r->exec_env[i] = r->exec_variables[i];
    *ret = (struct mig_step_context){
        .store = r->store,
        .host = r->host,
        .server = &r->look.server,
        .comment = comment,
        .env = r->exec_env,
        .project_dir = r->app->config->dir,
        .stop = (const bool *)&r->stop,
        .assume_yes = confirmed(r, id),
        .progress = on_progress,
        .line = on_line,
        .progress_ctx = r,
    };
}

/* ---- in one transaction with its record ---- */

/* One attempt. MIG_UNIT_ALONE: nothing was done, *labels says whether to try again; else final. */
static enum mig_unit_end attempt_txn(struct mig_runner *r, size_t item, size_t step, unsigned *labels,
                                     bson_t *result, struct mig_error *err)
{
    char comment[200];
    struct mig_step_context ctx;
    struct mig_txn *txn;
    struct mig_reply reply;
    struct mig_step_record *record = &r->records[item].steps[step];
    bool is_fenced = false;
    bson_t none = BSON_INITIALIZER;
    if (!mig_beat_ready(r, &(int64_t){ 0 }, err))
        return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
    if (!mig_run_txn_begin(r, &txn, err)) {
        *labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
        return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_ALONE;
    }
    mig_run_step_context(r, item, step, comment, sizeof comment, &ctx);
    ctx.txn = txn;
    ctx.labels = labels;
    ctx.max_time_ms = 50000;
    int64_t began = r->host->ops->mono_ms(r->host);
    bson_destroy(result); /* the step makes it anew */
    enum mig_step_end end = mig_step_execute(&ctx, r->plan->items[item].steps[step].step, &none, result, err);
    int64_t took = r->host->ops->mono_ms(r->host) - began;
    bson_destroy(&none);
    if (end != MIG_STEP_END_DONE) {
        mig_run_txn_abort(r, txn, err);
        if (end == MIG_STEP_END_UNKNOWN)
            *labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
        return MIG_UNIT_ALONE;
    }
    enum mig_phase before = record->phase;
    int64_t total_before = r->records[item].duration_ms;
    int64_t step_before = record->duration_ms;
    mig_record_step(r, item, step, MIG_PHASE_DONE, NULL, result, took);
    if (!mig_record_in_txn(r, txn, labels, &is_fenced, err)) {
        mig_run_txn_abort(r, txn, err);
        record->phase = before;
        record->duration_ms = step_before;
        r->records[item].duration_ms = total_before;
        return is_fenced ? MIG_UNIT_FENCED : MIG_UNIT_ALONE;
    }
    r->store->ops->txn_commit(r->store, txn, &reply);
    enum mig_unit_end committed = mig_run_settle_commit(r, txn, &reply, err);
    *labels |= reply.labels;
    if (committed == MIG_UNIT_ALONE) {
        *err = reply.error;
        record->phase = before;
        record->duration_ms = step_before;
        r->records[item].duration_ms = total_before;
    }
    mig_reply_done(&reply);
    if (committed == MIG_UNIT_DONE)
        mig_record_committed(r);
    return committed;
}

static enum mig_unit_end fail_step(struct mig_runner *r, size_t item, size_t step, struct mig_error *err)
{
    struct mig_error why = *err;
    mig_run_event_step(r, "step.failed", item, step, NULL, 0, &why);
    mig_record_fail(r, item, step, &why);
    enum mig_unit_end end = mig_record_flush(r, err);
    if (end != MIG_UNIT_DONE)
        return end;
    *err = why;
    return MIG_UNIT_FAILED;
}

static enum mig_unit_end run_in_txn(struct mig_runner *r, size_t item, size_t step, bson_t *result,
                                    struct mig_error *err)
{
    int64_t until = r->host->ops->mono_ms(r->host) + MIG_TRANSIENT_MS;
    for (int attempt = 0;; attempt++) {
        unsigned labels = 0;
        enum mig_unit_end end = attempt_txn(r, item, step, &labels, result, err);
        if (end != MIG_UNIT_ALONE)
            return end;
        if (!(labels & MIG_LABEL_TRANSIENT_TRANSACTION) || r->host->ops->mono_ms(r->host) >= until)
            return fail_step(r, item, step, err);
        if (!mig_beat_pause(r, attempt, err))
            return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
    }
}

/* ---- with an intent ---- */

/* A person must decide: what is known is on record, and nothing is guessed. */
static enum mig_unit_end unclear(struct mig_runner *r, size_t item, size_t step, const char *evidence,
                                 struct mig_error *err)
{
    mig_fail(err, MIG_ERR_UNKNOWN_OUTCOME, "%s step %s: whether it took effect cannot be told: %s",
             r->records[item].version, r->records[item].steps[step].id, evidence);
    mig_hint(err, "look at the data, then: migtui recover --env %s", r->env->name);
    return fail_step(r, item, step, err);
}

/* Look until it is known whether the step took effect. *ret_done tells. What is seen may be the primary's alone, and a failover may
 * take it back before the record says it is done; so it counts when it is seen again after a write that a majority has. (Found by
 * the simulator, 181283.) */
static enum mig_unit_end settle(struct mig_runner *r, size_t item, size_t step, bool *ret_done,
                                struct mig_error *err)
{
    const struct mig_step *planned = r->plan->items[item].steps[step].step;
    const struct mig_step_record *record = &r->records[item].steps[step];
    bson_t none = BSON_INITIALIZER;
    char evidence[512] = "";
    char comment[200];
    struct mig_step_context ctx;
    enum mig_unit_end end = MIG_UNIT_DONE;
    bool lasting = false;
    r->left_behind = true;
    r->host->ops->sleep_until(r->host, r->host->ops->mono_ms(r->host) + UNDER_WAY_MS, evidence);
    for (int attempt = 0;; attempt++) {
        if (!mig_beat_ready(r, NULL, err)) {
            end = err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
            break;
        }
        mig_run_step_context(r, item, step, comment, sizeof comment, &ctx);
        mig_error_clear(err);
        enum mig_probe probe =
            mig_step_settle(&ctx, planned, record->pre ? record->pre : &none, evidence, sizeof evidence, err);
        *ret_done = probe == MIG_PROBE_DONE;
        if (probe == MIG_PROBE_NOT_DONE || (*ret_done && lasting))
            break;
        if (*ret_done) {
            lasting = mig_record_barrier(r, err);
            if (lasting)
                continue;
        }
        if (probe == MIG_PROBE_IN_PROGRESS) {
            end = MIG_UNIT_STOPPED;
            break;
        }
        if (!*ret_done && !mig_run_is_away(err)) {
            end = unclear(r, item, step, evidence, err);
            break;
        }
        if (!mig_beat_pause(r, attempt, err)) {
            end = err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
            break;
        }
    }
    bson_destroy(&none);
    return end;
}

static enum mig_unit_end execute(struct mig_runner *r, size_t item, size_t step, bson_t *result,
                                 int64_t *ret_took, struct mig_error *err)
{
    const struct mig_step *planned = r->plan->items[item].steps[step].step;
    char comment[200];
    struct mig_step_context ctx;
    bson_t none = BSON_INITIALIZER;
    enum mig_unit_end end = MIG_UNIT_UNKNOWN;
    bool proved_undone = false;
    struct mig_error why = { 0 };
    for (int attempt = 0; attempt < EXECUTE_ATTEMPTS; attempt++) {
        int64_t left;
        bool done = false;
        if (!mig_beat_ready(r, &left, err)) {
            end = err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
            break;
        }
        mig_run_step_context(r, item, step, comment, sizeof comment, &ctx);
        ctx.max_time_ms = mig_step_long_running(planned) ? 0 : left;
        bson_destroy(result); /* the step makes it anew */
        int64_t began = r->host->ops->mono_ms(r->host);
        const bson_t *pre = r->records[item].steps[step].pre;
        enum mig_step_end ended = mig_step_execute(&ctx, planned, pre ? pre : &none, result, err);
        *ret_took = r->host->ops->mono_ms(r->host) - began;
        if (ended == MIG_STEP_END_DONE) {
            end = MIG_UNIT_DONE;
            break;
        }
        (void)mig_beat_stopping(r); /* who asked is told before what came of it */
        if (ended == MIG_STEP_END_FAILED) {
            end = mig_beat_lost(r) ? MIG_UNIT_FENCED : fail_step(r, item, step, err);
            break;
        }
        mig_journal_warn(&r->journal, "%s: outcome of step %s is not known, looking: %s",
                         r->records[item].version, planned->id, err->message);
        why = *err;
        end = settle(r, item, step, &done, err);
        if (end != MIG_UNIT_DONE || done)
            break;
        proved_undone = attempt + 1 == EXECUTE_ATTEMPTS;
    }
    bson_destroy(&none);
    if (!proved_undone)
        return end;
    *err = why; /* every look found it not done, so it failed, and that is known */
    return fail_step(r, item, step, err);
}

/* Pre-state and intent, unless the intent of an earlier attempt is there already and the step turns out to be done. */
static enum mig_unit_end prepare(struct mig_runner *r, size_t item, size_t step, bool *ret_done,
                                 struct mig_error *err)
{
    const struct mig_step *planned = r->plan->items[item].steps[step].step;
    enum mig_phase phase = r->records[item].steps[step].phase;
    char comment[200];
    struct mig_step_context ctx;
    bson_t pre;
    *ret_done = false;
    if (phase == MIG_PHASE_INTENT || phase == MIG_PHASE_FAILED) {
        enum mig_unit_end end = mig_record_flush(r, err);
        if (end == MIG_UNIT_DONE)
            end = settle(r, item, step, ret_done, err);
        if (end == MIG_UNIT_DONE && *ret_done)
            mig_journal_warn(&r->journal,
                             "%s: step %s had taken effect before the run ended; it is not run again",
                             r->records[item].version, planned->id);
        if (end != MIG_UNIT_DONE || *ret_done)
            return end;
        mig_record_step(r, item, step, MIG_PHASE_INTENT, NULL, NULL, 0);
        return mig_record_flush(r, err);
    }
    mig_run_step_context(r, item, step, comment, sizeof comment, &ctx);
    for (int attempt = 0;; attempt++) {
        if (mig_step_prestate(&ctx, planned, &pre, err))
            break;
        bson_destroy(&pre);
        if (!mig_run_is_away(err))
            return fail_step(r, item, step, err);
        if (!mig_beat_pause(r, attempt, err))
            return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
    }
    mig_record_step(r, item, step, MIG_PHASE_INTENT, &pre, NULL, 0);
    bson_destroy(&pre);
    return mig_record_flush(r, err);
}

enum mig_unit_end mig_run_single(struct mig_runner *r, const struct mig_unit *unit, struct mig_error *err)
{
    size_t item = unit->item;
    size_t step = unit->first_step;
    const struct mig_plan_item *planned = &r->plan->items[item];
    enum mig_unit_end end = MIG_UNIT_DONE;
    int64_t took = 0;
    bool done = false;
    bson_t result = BSON_INITIALIZER;
    if (step == planned->step_count) {
        mig_record_finish(r, item); /* a migration without steps, or resumed after its last one */
        return MIG_UNIT_DONE;
    }
    mig_beat_at_step(r, planned->migration->version, planned->steps[step].step->id);
    mig_run_event_step(r, "step.started", item, step, NULL, 0, NULL);
    if (planned->steps[step].step->kind == MIG_STEP_BATCH) {
        end = mig_run_batch(r, item, step, err);
    } else if (planned->steps[step].transactional) {
        int64_t began = r->host->ops->mono_ms(r->host);
        if (step + 1 == planned->step_count)
            mig_record_finish(r, item);
        end = run_in_txn(r, item, step, &result, err);
        took = r->host->ops->mono_ms(r->host) - began;
    } else {
        end = prepare(r, item, step, &done, err);
        if (end == MIG_UNIT_DONE && !done)
            end = execute(r, item, step, &result, &took, err);
        if (end == MIG_UNIT_DONE)
            mig_record_step(r, item, step, MIG_PHASE_DONE, NULL, &result, took);
    }
    if (end == MIG_UNIT_DONE) {
        mig_run_event_step(r, "step.done", item, step, &result, took, NULL);
        r->result->steps++;
        if (step + 1 == planned->step_count && !planned->steps[step].transactional)
            mig_record_finish(r, item);
    }
    bson_destroy(&result);
    return end;
}
