/* run_single.c - one step with its intent before it and its result after it, or in one transaction with its record. */
#include <stdio.h>
#include <string.h>

#include "app/run_private.h"
#include "base/cleanup.h"
#include "base/doc.h"

#define NO_SUCH_TRANSACTION 251
#define EXECUTE_ATTEMPTS    3

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

static bool session_known(const struct mig_runner *r, const bson_t *session)
{
    bson_iter_t iter;
    bson_t known;
    for (bool more = bson_iter_init(&iter, &r->sessions); more && bson_iter_next(&iter);) {
        if (mig_iter_sub(&iter, &known) && mig_doc_equal(&known, session))
            return true;
    }
    return false;
}

bool mig_run_txn_begin(struct mig_runner *r, struct mig_txn **ret, struct mig_error *err)
{
    char key[24];
    const char *index;
    if (!r->store->ops->txn_begin(r->store, ret, err))
        return false;
    const bson_t *session = r->store->ops->txn_session(r->store, *ret);
    if (session_known(r, session))
        return true;
    if (!mig_lock_add_session(r->store, &r->names, r->owner, r->token, session, err)) {
        r->store->ops->txn_abort(r->store, *ret);
        *ret = NULL;
        return false;
    }
    size_t len = bson_uint32_to_string((uint32_t)r->session_count++, &index, key, sizeof key);
    bson_append_document(&r->sessions, index, (int)len, session);
    return true;
}

/* End the transaction for good: whatever of it is still under way on the server is ended with its session. */
static void end_for_good(struct mig_runner *r, struct mig_txn *txn)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("killSessions", "[", BCON_DOCUMENT(r->store->ops->txn_session(r->store, txn)), "]");
    struct mig_call call = { .db = "admin", .command = command, .no_concern = true, .max_time_ms = 10000 };
    struct mig_reply reply;
    r->store->ops->command(r->store, &call, &reply);
    mig_reply_done(&reply);
    r->store->ops->txn_abort(r->store, txn);
}

/* The transaction is over on our side; its records tell whether it happened. */
static enum mig_unit_end look_for_records(struct mig_runner *r, bool until_there, struct mig_error *err)
{
    int64_t until = r->host->ops->mono_ms(r->host) + MIG_TRANSIENT_MS;
    for (int attempt = 0;; attempt++) {
        struct mig_error look;
        int landed = mig_record_landed(r, &look);
        if (landed == 1)
            return MIG_UNIT_DONE;
        if (landed == -2) {
            *err = look;
            return MIG_UNIT_FENCED;
        }
        if (landed == 0 && !until_there)
            return MIG_UNIT_ALONE;
        if (r->host->ops->mono_ms(r->host) >= until)
            return MIG_UNIT_UNKNOWN;
        if (!mig_beat_pause(r, attempt, &look)) {
            *err = look;
            return look.code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
        }
    }
}

enum mig_unit_end mig_run_settle_commit(struct mig_runner *r, struct mig_txn *txn, struct mig_reply *reply,
                                        struct mig_error *err)
{
    for (int attempt = 0;; attempt++) {
        bool concern = reply->outcome == MIG_OUTCOME_OK && mig_doc_has(&reply->body, "writeConcernError");
        bool kept = reply->outcome == MIG_OUTCOME_UNKNOWN || (reply->labels & MIG_LABEL_UNKNOWN_COMMIT);
        if (concern)
            mig_fail(err, MIG_ERR_SERVER, "committed, but not acknowledged by a majority: %.300s",
                     mig_doc_str(&reply->body, "writeConcernError.errmsg", "no reason given"));
        else
            *err = reply->error;
        if (!kept && reply->outcome == MIG_OUTCOME_OK)
            return concern ? look_for_records(r, true, err) : MIG_UNIT_DONE;
        if (!kept) {
            /* Refused. After a commit whose reply was lost, ours or the one that the driver sends again by itself, that may mean
             * that it is done: the server has forgotten which transactions it knew. Else it can begin anew. */
            bool forgotten = err->server_code == NO_SUCH_TRANSACTION;
            if (forgotten)
                reply->labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
            return attempt == 0 && !forgotten ? MIG_UNIT_ALONE : look_for_records(r, false, err);
        }
        struct mig_error look;
        if (!mig_beat_pause(r, attempt, &look)) {
            *err = look;
            r->store->ops->txn_abort(r->store, txn);
            return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
        }
        if (attempt >= 4) {
            end_for_good(r, txn);
            return look_for_records(r, concern, err);
        }
        mig_reply_done(reply);
        r->store->ops->txn_commit(r->store, txn, reply);
    }
}

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
        r->store->ops->txn_abort(r->store, txn);
        if (end == MIG_STEP_END_UNKNOWN)
            *labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
        return MIG_UNIT_ALONE;
    }
    enum mig_phase before = record->phase;
    int64_t total_before = r->records[item].duration_ms;
    int64_t step_before = record->duration_ms;
    mig_record_step(r, item, step, MIG_PHASE_DONE, NULL, result, took);
    if (!mig_record_in_txn(r, txn, labels, &is_fenced, err)) {
        r->store->ops->txn_abort(r->store, txn);
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

/* Look until it is known whether the step took effect. *ret_done tells. */
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
        if (probe == MIG_PROBE_DONE || probe == MIG_PROBE_NOT_DONE)
            break;
        if (probe == MIG_PROBE_IN_PROGRESS) {
            end = MIG_UNIT_STOPPED;
            break;
        }
        if (!mig_run_is_away(err)) {
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
