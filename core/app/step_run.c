/* step_run.c - the kinds of steps, one row each, and what is the same for all: expectations, verify,
 * waiting. */
#include "app/step_run.h"

#include <string.h>

#include "app/step_kinds.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"

#define SETTLE_FIRST_MS 100
#define SETTLE_MAX_MS   2000

static const struct step_kind *const kinds[MIG_STEP_KINDS] = {
    [MIG_STEP_CREATE_COLLECTION] = &step_kind_create,
    [MIG_STEP_CREATE_VIEW] = &step_kind_create,
    [MIG_STEP_COLL_MOD] = &step_kind_coll_mod,
    [MIG_STEP_RENAME_COLLECTION] = &step_kind_rename,
    [MIG_STEP_DROP_COLLECTION] = &step_kind_drop,
    [MIG_STEP_CREATE_INDEXES] = &step_kind_create_indexes,
    [MIG_STEP_DROP_INDEXES] = &step_kind_drop_indexes,
    [MIG_STEP_HIDE_INDEX] = &step_kind_hide_index,
    [MIG_STEP_INSERT] = &step_kind_insert,
    [MIG_STEP_UPDATE] = &step_kind_write,
    [MIG_STEP_DELETE] = &step_kind_write,
    [MIG_STEP_MERGE] = &step_kind_merge,
    [MIG_STEP_OUT] = &step_kind_out,
    [MIG_STEP_TRANSACTION] = &step_kind_transaction,
    [MIG_STEP_ASSERT] = &step_kind_assert,
    [MIG_STEP_COMMAND] = &step_kind_command,
    [MIG_STEP_EXEC] = &step_kind_exec,
    [MIG_STEP_MANUAL] = &step_kind_manual,
};

static const struct step_kind *kind_of(const struct mig_step *step, struct mig_error *err)
{
    const struct step_kind *kind = (unsigned)step->kind < MIG_COUNT(kinds) ? kinds[step->kind] : NULL;
    if (!kind)
        mig_fail(err, MIG_ERR_INTERNAL, "step %s: %s is not run here", step->id,
                 mig_step_kind_name(step->kind));
    return kind;
}

/* ---- before ---- */

bool mig_step_prestate(const struct mig_step_context *ctx, const struct mig_step *step, bson_t *ret,
                       struct mig_error *err)
{
    struct mig_error local = { 0 };
    struct step_work work = { .ctx = ctx, .step = step, .err = err ? err : &local };
    bson_init(ret);
    const struct step_kind *kind = kind_of(step, work.err);
    if (!kind)
        return false;
    if (!kind->prestate || kind->prestate(&work, ret))
        return true;
    mig_context(work.err, "step %s", step->id);
    return false;
}

/* ---- execution ---- */

static const char *const count_names[] = { "matched", "modified", "upserted", "inserted", "deleted" };

static int64_t count_at(const struct step_work *work, size_t i)
{
    const struct mig_verdict *total = &work->total;
    const int64_t counts[] = { total->matched, total->modified, total->upserted, total->inserted,
                               total->deleted };
    return counts[i];
}

/* A document that was there already as asked counts as inserted: whoever resumes expects what who began
 * expected. */
static enum mig_step_end check_expectations(struct step_work *work)
{
    bson_iter_t member, expected;
    bson_t expect;
    if (!mig_step_member(work->step, "expect", &member) || !mig_iter_sub(&member, &expect))
        return MIG_STEP_END_DONE;
    for (size_t i = 0; i < MIG_COUNT(count_names); i++) {
        const char *name = count_names[i];
        int64_t count = count_at(work, i) + (strcmp(name, "inserted") == 0 ? work->same : 0);
        if (bson_iter_init_find(&expected, &expect, name) &&
            !mig_expect_check(&expected, name, count, work->err))
            return MIG_STEP_END_FAILED;
    }
    return MIG_STEP_END_DONE;
}

static enum mig_step_end check_verify(struct step_work *work)
{
    bson_iter_t member;
    bson_t verify;
    if (!mig_step_member(work->step, "verify", &member) || !mig_iter_sub(&member, &verify))
        return MIG_STEP_END_DONE;
    return step_check(work->ctx, &verify, "verify", work->err);
}

/* Some servers say ok to what they do not do. */
static enum mig_step_end confirm(const struct step_kind *kind, struct step_work *work)
{
    char evidence[300] = "";
    struct step_work look = *work;
    if (kind->confirm == STEP_CONFIRM_NONE || bson_has_field(work->result, "already"))
        return MIG_STEP_END_DONE;
    look.evidence = evidence;
    look.evidence_size = sizeof evidence;
    mig_error_clear(work->err);
    enum mig_probe probe = kind->probe(&look);
    if (probe == MIG_PROBE_DONE)
        return MIG_STEP_END_DONE;
    if (work->err->code != MIG_OK)
        return MIG_STEP_END_UNKNOWN;
    if (probe == MIG_PROBE_IN_PROGRESS) {
        mig_fail(work->err, MIG_ERR_UNKNOWN_OUTCOME, "%s", evidence);
        return MIG_STEP_END_UNKNOWN;
    }
    /* Unclear is what someone did since. */
    if (kind->confirm == STEP_CONFIRM_MUST && probe == MIG_PROBE_NOT_DONE)
        return step_failed(work, "the server said that it is done, but %s", evidence);
    BSON_APPEND_UTF8(work->result, "unconfirmed", evidence);
    return MIG_STEP_END_DONE;
}

enum mig_step_end step_carry_out(struct step_work *work)
{
    const struct step_kind *kind = kind_of(work->step, work->err);
    enum mig_step_end end = kind ? kind->execute(work) : MIG_STEP_END_FAILED;
    if (end == MIG_STEP_END_DONE)
        end = confirm(kind, work);
    if (end == MIG_STEP_END_DONE)
        end = check_expectations(work);
    if (end == MIG_STEP_END_DONE)
        end = check_verify(work);
    return end;
}

enum mig_step_end mig_step_execute(const struct mig_step_context *ctx, const struct mig_step *step,
                                   const bson_t *pre, bson_t *ret_result, struct mig_error *err)
{
    bson_t nothing = BSON_INITIALIZER;
    struct mig_error local = { 0 };
    struct step_work work = {
        .ctx = ctx,
        .step = step,
        .pre = pre ? pre : &nothing,
        .result = ret_result,
        .err = err ? err : &local,
    };
    bson_init(ret_result);
    enum mig_step_end end = step_carry_out(&work);
    for (size_t i = 0; i < MIG_COUNT(count_names); i++) {
        if (count_at(&work, i) != 0)
            bson_append_int64(ret_result, count_names[i], -1, count_at(&work, i));
    }
    if (work.same > 0)
        BSON_APPEND_INT64(ret_result, "same", work.same);
    return end;
}

/* ---- probing ---- */

enum mig_probe step_probe_by_verify(struct step_work *work, bool repeatable)
{
    enum mig_probe otherwise = repeatable ? MIG_PROBE_NOT_DONE : MIG_PROBE_UNCLEAR;
    struct mig_error words = { 0 };
    bson_iter_t member;
    bson_t verify;
    if (!mig_step_member(work->step, "verify", &member) || !mig_iter_sub(&member, &verify))
        return step_seen(work, otherwise, "nothing in the database shows whether it ran%s",
                         repeatable ? "; running it again does no harm" : ", and it has no verify");
    enum mig_step_end end = step_check(work->ctx, &verify, "verify", &words);
    if (end == MIG_STEP_END_DONE)
        return step_seen(work, MIG_PROBE_DONE, "verify holds on %s", mig_doc_str(&verify, "collection", "?"));
    if (end == MIG_STEP_END_FAILED && words.code == MIG_ERR_STEP)
        return step_seen(work, otherwise, "%s", words.message);
    *work->err = words;
    return step_blind(work);
}

/* A look is worth nothing while the step's own command, whose reply was lost, is still at work. True: *ret is the
 * probe's answer. */
static bool still_running(struct step_work *work, enum mig_probe *ret)
{
    struct step_operation operation;
    if (mig_step_in_transaction(work->step, work->ctx->server))
        return false;
    int running = step_look_running(work, NULL, &operation);
    if (running < 0)
        *ret = step_blind(work);
    else if (running > 0)
        *ret = step_seen(work, MIG_PROBE_IN_PROGRESS, "the server is still at it (%s, for %lld s)",
                         operation.what, (long long)operation.seconds);
    return running != 0;
}

enum mig_probe mig_step_probe(const struct mig_step_context *ctx, const struct mig_step *step,
                              const bson_t *pre, char *evidence, size_t evidence_size, struct mig_error *err)
{
    bson_t nothing = BSON_INITIALIZER;
    struct mig_error local;
    struct step_work work = {
        .ctx = ctx,
        .step = step,
        .pre = pre ? pre : &nothing,
        .evidence = evidence,
        .evidence_size = evidence_size,
        .err = err ? err : &local,
    };
    mig_error_clear(work.err);
    const struct step_kind *kind = kind_of(step, work.err);
    if (!kind)
        return step_blind(&work);
    enum mig_probe busy = MIG_PROBE_UNCLEAR; /* some compilers do not see that it is always set */
    return kind->lingers && still_running(&work, &busy) ? busy : kind->probe(&work);
}

int mig_step_at_work(const struct mig_step_context *ctx, const struct mig_step *step, struct mig_error *err)
{
    struct step_work work = { .ctx = ctx, .step = step, .err = err };
    struct step_operation operation;
    mig_error_clear(err);
    return step_look_running(&work, NULL, &operation);
}

enum mig_probe mig_step_settle(const struct mig_step_context *ctx, const struct mig_step *step,
                               const bson_t *pre, char *evidence, size_t evidence_size, struct mig_error *err)
{
    struct mig_host *host = ctx->host;
    int64_t pause_ms = SETTLE_FIRST_MS;
    for (;;) {
        enum mig_probe probe = mig_step_probe(ctx, step, pre, evidence, evidence_size, err);
        bool stop = ctx->stop && __atomic_load_n(ctx->stop, __ATOMIC_RELAXED);
        if (probe != MIG_PROBE_IN_PROGRESS || stop)
            return probe;
        host->ops->sleep_until(host, host->ops->mono_ms(host) + pause_ms, evidence);
        pause_ms = pause_ms * 2 < SETTLE_MAX_MS ? pause_ms * 2 : SETTLE_MAX_MS;
    }
}
