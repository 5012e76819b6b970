/* run_audit.c - every run that was started or refused is on record, with what it was about. */
#include "app/run_audit.h"

#include <stdio.h>
#include <string.h>

#include "app/run_report.h"
#include "app/schema_print.h"
#include "base/cleanup.h"

#define VERSIONS_MAX 200 /* the run's document and the history have all of them */

static void append_versions(const struct mig_plan *plan, bson_t *more)
{
    bson_t list;
    BSON_APPEND_ARRAY_BEGIN(more, "versions", &list);
    for (size_t i = 0; i < plan->count && i < VERSIONS_MAX; i++) {
        char key[24];
        const char *index;
        size_t len = bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
        bson_append_utf8(&list, index, (int)len, plan->items[i].migration->version, -1);
    }
    bson_append_array_end(more, &list);
}

static void append_gates(const struct mig_plan *plan, bson_t *more)
{
    bson_t sub;
    BSON_APPEND_DOCUMENT_BEGIN(more, "gates", &sub);
    for (size_t i = 0; i < plan->gate_count; i++)
        BSON_APPEND_UTF8(&sub, plan->gates[i].name, mig_gate_state_word(plan->gates[i].state));
    bson_append_document_end(more, &sub);
}

static void describe(struct mig_runner *r, bson_t *more)
{
    BSON_APPEND_UTF8(more, "direction", mig_direction_word(r->plan->direction));
    BSON_APPEND_INT64(more, "migrations", (int64_t)r->plan->count);
    BSON_APPEND_INT64(more, "token", r->token);
    if (r->took_over[0])
        BSON_APPEND_UTF8(more, "tookOver", r->took_over);
    append_versions(r->plan, more);
    append_gates(r->plan, more);
}

static void tell_anchor(struct mig_runner *r)
{
    if (r->audit.warning[0])
        mig_journal_warn(&r->journal, "%s", r->audit.warning);
    r->audit.warning[0] = '\0';
}

static bool glass_breaks(const struct mig_runner *r)
{
    for (size_t i = 0; i < r->plan->gate_count; i++) {
        if (r->plan->gates[i].passed_over)
            return true;
    }
    return false;
}

static bool break_glass(struct mig_runner *r, struct mig_error *err)
{
    struct mig_audit_act act = { .action = "glass.break",
                                 .plan = r->plan->id,
                                 .run = r->run,
                                 .request = r->run,
                                 .reason = r->options->reason,
                                 .ticket = r->options->ticket };
    if (!r->options->reason || !*r->options->reason)
        return mig_fail(err, MIG_ERR_USAGE, "breaking the glass needs a reason: --reason \"why\"");
    return mig_glass_break(r->app, r->env, r->store, &r->audit.who, r->plan, r->run, r->options->reason,
                           r->audit.server_ms, err) &&
           mig_audit_append(&r->audit, &act, err);
}

/* What lets the run go: nothing is asked for, an approval that is used up by this, or broken glass. */
static bool use_approval(struct mig_runner *r, struct mig_error *err)
{
    if (glass_breaks(r))
        return break_glass(r, err);
    if (r->approval.state != MIG_APPROVAL_APPROVED)
        return true;
    return mig_request_use(r->store, &r->names, &r->approval, r->run, err);
}

/* From the first step on, what the last run left holds no more for what this one touches; should it die, nothing is known rather than
 * something wrong (found by the simulator: a killed run's own work looked like drift, and stood in the way of its resume). */
static bool strike_prints(struct mig_runner *r, struct mig_error *err)
{
    struct mig_prints prints;
    mig_prints_of_plan(r->plan, &prints);
    bool ok = mig_prints_strike(r->store, &r->names, &prints, r->look.history->schema, r->token, r->run, err);
    mig_prints_done(&prints);
    return ok;
}

bool mig_run_audit_start(struct mig_runner *r, struct mig_error *err)
{
    MIG_AUTODOC bson_t more = BSON_INITIALIZER;
    char action[32];
    snprintf(action, sizeof action, "%s.start", mig_report_command(r->options));
    describe(r, &more);
    struct mig_audit_act act = { .action = action,
                                 .plan = r->plan->id,
                                 .run = r->run,
                                 .request =
                                     r->approval.state == MIG_APPROVAL_APPROVED ? r->approval.request : NULL,
                                 .reason = r->options->reason,
                                 .ticket = r->options->ticket,
                                 .more = &more };
    r->audited = mig_audit_begin(r->app, r->env, r->store, r->look.history->environment_uuid,
                                 r->look.server.skew_ms, &r->audit, err) &&
                 use_approval(r, err) && mig_audit_append(&r->audit, &act, err) && strike_prints(r, err);
    tell_anchor(r);
    if (!r->audited && !err->hint[0])
        return mig_hint(err, "nothing was started: what cannot be put on record does not run");
    return r->audited;
}

static void end_of_started(struct mig_runner *r, struct mig_audit_act *act, bson_t *more)
{
    static const enum mig_audit_outcome outcomes[] = {
        [MIG_RUN_SUCCEEDED] = MIG_AUDIT_SUCCESS, [MIG_RUN_FAILED] = MIG_AUDIT_FAILURE,
        [MIG_RUN_STOPPED] = MIG_AUDIT_CANCELLED, [MIG_RUN_FENCED] = MIG_AUDIT_UNKNOWN,
        [MIG_RUN_UNKNOWN] = MIG_AUDIT_UNKNOWN,
    };
    act->outcome = outcomes[r->result->status];
    BSON_APPEND_INT64(more, "applied", (int64_t)r->result->migrations);
    BSON_APPEND_INT64(more, "steps", (int64_t)r->result->steps);
    BSON_APPEND_INT64(more, "durationMs", r->result->duration_ms);
}

void mig_run_audit_end(struct mig_runner *r)
{
    const struct mig_error *why = &r->result->error;
    MIG_AUTODOC bson_t more = BSON_INITIALIZER;
    struct mig_error err;
    char action[32];
    bool ok = true;
    struct mig_audit_act act = { .action = action,
                                 .plan = r->plan ? r->plan->id : r->options->plan_id,
                                 .run = r->run,
                                 .error = why,
                                 .more = &more };
    if (r->audited) {
        snprintf(action, sizeof action, "%s.end", mig_report_command(r->options));
        end_of_started(r, &act, &more);
    } else {
        if (!mig_audit_wants(why) || !r->look.history || !r->look.history->environment_uuid[0])
            return;
        snprintf(action, sizeof action, "%s", mig_report_command(r->options));
        act.outcome = mig_audit_outcome_of(why);
        act.reason = r->options->reason;
        act.ticket = r->options->ticket;
        ok = mig_audit_begin(r->app, r->env, r->store, r->look.history->environment_uuid,
                             r->look.server.skew_ms, &r->audit, &err);
    }
    if (!ok || !mig_audit_append(&r->audit, &act, &err))
        mig_journal_warn(&r->journal, "this is not on record: %s", err.message);
    tell_anchor(r);
}

void mig_run_keep_prints(struct mig_runner *r)
{
    struct mig_prints prints;
    struct mig_error err;
    if (!r->audited || !r->plan)
        return;
    mig_prints_of_plan(r->plan, &prints);
    if (prints.count > 0 &&
        (!mig_prints_read(r->store, &prints, &err) ||
         !mig_prints_keep(r->store, &r->names, &prints, r->look.history->schema, r->token, r->run, &err)))
        mig_journal_warn(&r->journal,
                         "what the collections are like now was not kept, so the next run may see drift: %s",
                         err.message);
    mig_prints_done(&prints);
}
