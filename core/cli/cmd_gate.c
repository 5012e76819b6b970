/* cmd_gate.c - gate and promote: what stands between a plan and its environment. */
#include <stdlib.h>
#include <string.h>

#include "app/approval.h"
#include "app/gates.h"
#include "app/promote.h"
#include "app/run.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/out_plan.h"
#include "cli/run_job.h"

#define OUTPUT_MAX (64UL * 1024 * 1024)

/* A plan as the words ask for it, with its gates. */
struct planned {
    struct run_job job;
    struct mig_catalog *catalog;
    struct mig_look look;
    struct mig_plan *plan;
};

static bool make_plan(struct cli *cli, struct planned *p, struct mig_error *err)
{
    *p = (struct planned){ 0 };
    return run_job_init(cli, run_act_asked(cli->line), cli->line->arguments, cli->line->argument_count,
                        &p->job, err) &&
           cli_catalog(cli, 0, true, &p->catalog, err) &&
           mig_run_plan(cli->app, p->job.env, &p->job.selection, p->catalog, &p->look, &p->plan, err) &&
           run_job_pinned(&p->job, p->plan, err);
}

static void planned_done(struct planned *p)
{
    mig_plan_free(p->plan);
    mig_look_done(&p->look);
    mig_catalog_free(p->catalog);
    run_job_done(&p->job);
}

/* ---- gate ---- */

static void tell_gates(struct cli *cli, const struct mig_plan *plan)
{
    if (cli->format != CLI_TEXT) {
        bson_t doc;
        mig_plan_document(plan, &doc);
        BSON_APPEND_INT64(&doc, "gateRoundTrips", plan->gate_round_trips);
        cli_out_document(cli, &doc);
        bson_destroy(&doc);
        return;
    }
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, OUTPUT_MAX);
    if (plan->count == 0)
        mig_buf_printf(&text, "%s: nothing to run, so no gate to pass\n", plan->environment);
    else
        mig_buf_printf(&text, "%s: plan %.12s, %zu migration%s\n", plan->environment, plan->id, plan->count,
                       plan->count == 1 ? "" : "s");
    cli_gates_text(plan, &cli->out, true, &text);
    cli_out(cli, &text);
}

static bool accept_drift(struct cli *cli, struct planned *p, struct mig_error *err)
{
    const char *reason = mig_cmdline_value(cli->line, MIG_OPT_REASON);
    struct cli_act act = { .env = p->job.env,
                           .verb = "accept what changed for",
                           .migrations = p->plan->count,
                           .plan_id = p->plan->id };
    struct mig_audit_act refused = { .action = "drift.accept", .plan = p->plan->id, .reason = reason };
    if (!reason || !*reason)
        return mig_fail(err, MIG_ERR_USAGE, "gate --accept-drift: why? Give --reason; it is kept");
    if (!cli_confirm(cli, &act, err)) {
        cli_refused(cli, p->job.env, &refused, err);
        return false;
    }
    return mig_drift_accept(cli->app, p->job.env, p->plan, reason, err);
}

int cli_gate(struct cli *cli, struct mig_error *err)
{
    struct planned p;
    int status = CLI_FAILED;
    bool accept = mig_cmdline_has(cli->line, MIG_OPT_ACCEPT_DRIFT);
    bool ok = make_plan(cli, &p, err);
    if (ok && accept) {
        ok = accept_drift(cli, &p, err);
        if (ok) {
            planned_done(&p);
            ok = make_plan(cli, &p, err);
        }
    }
    if (ok) {
        const struct mig_gate *gate = mig_gates_closed(p.plan, p.job.env);
        struct mig_error closed = { 0 };
        if (gate)
            (void)mig_gate_fail(gate, p.job.env, &closed);
        tell_gates(cli, p.plan);
        status = mig_error_exit(closed.code);
    }
    planned_done(&p);
    return status;
}

/* ---- promote ---- */

static bool only_approval_is_closed(const struct mig_plan *plan, const struct cfg_environment *env)
{
    bool approval = false;
    for (size_t i = 0; i < plan->gate_count; i++) {
        if (!mig_gate_is_closed(&plan->gates[i], env->is_protected))
            continue;
        if (strcmp(plan->gates[i].name, "approvals") != 0)
            return false;
        approval = true;
    }
    return approval;
}

/* The next thing that is due for approval: to ask, or to wait. */
static int ask_or_wait(struct cli *cli, struct planned *p, struct mig_error *err)
{
    const char *reason = mig_cmdline_value(cli->line, MIG_OPT_REASON);
    for (size_t i = 0; i < p->look.history->request_count; i++) {
        const struct mig_request *request = &p->look.history->requests[i];
        if (request->kind == MIG_REQUEST_RUN && strcmp(request->plan_id, p->plan->id) == 0 &&
            request->expires_at > p->look.history->server_now) {
            cli_say(cli, "%s: request %s waits: migtui requests --env %s", p->job.env->name, request->id,
                    p->job.env->name);
            return mig_error_exit(MIG_ERR_PENDING);
        }
    }
    struct mig_ask ask = { .selection = &p->job.selection,
                           .plan_id = p->plan->id,
                           .reason = reason,
                           .ticket = mig_cmdline_value(cli->line, MIG_OPT_TICKET) };
    struct mig_request request;
    bool ok = mig_request_make(cli->app, p->job.env, &ask, &request, err);
    if (ok) {
        cli_told_request(cli, &request);
        cli_say(cli, "when it is approved: migtui promote --env %s", p->job.env->name);
    }
    mig_request_done(&request);
    return ok ? mig_error_exit(MIG_ERR_PENDING) : CLI_FAILED;
}

static int promote(struct cli *cli, struct planned *p, const struct mig_promotion *promotion,
                   struct mig_error *err)
{
    p->job.selection.versions = promotion->versions;
    if (!mig_run_plan(cli->app, p->job.env, &p->job.selection, p->catalog, &p->look, &p->plan, err) ||
        !run_job_pinned(&p->job, p->plan, err))
        return CLI_FAILED;
    const struct mig_gate *gate = mig_gates_closed(p->plan, p->job.env);
    bool breaks = mig_cmdline_has(cli->line, MIG_OPT_BREAK_GLASS);
    if (cli->format == CLI_TEXT && !cli->quiet) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, OUTPUT_MAX);
        cli_plan_text(p->plan, &p->look, &cli->err, 2, &text);
        cli_write(2, text.text, text.len);
    }
    bool runner =
        cli->line->command->id == MIG_COMMAND_RUN; /* runs what was approved, and asks for nothing */
    if (only_approval_is_closed(p->plan, p->job.env) && !breaks && !runner)
        return ask_or_wait(cli, p, err);
    if (gate && !breaks && strcmp(gate->name, "lock") != 0) {
        struct mig_audit_act refused = { .action = "promote", .plan = p->plan->id };
        (void)mig_gate_fail(gate, p->job.env, err);
        cli_refused(cli, p->job.env, &refused, err);
        return CLI_FAILED;
    }
    memcpy(p->job.plan_id, p->plan->id, sizeof p->job.plan_id);
    bool empty = false;
    if (!run_job_prepare(cli, &p->job, &empty, err)) {
        struct mig_audit_act refused = { .action = "promote", .plan = p->plan->id };
        cli_refused(cli, p->job.env, &refused, err);
        return CLI_FAILED;
    }
    p->job.migrations = p->plan->count;
    return mig_cmdline_has(cli->line, MIG_OPT_DETACH) ? run_job_detach(cli, &p->job, "promote", err)
                                                      : run_job_foreground(cli, &p->job, err);
}

int cli_promote(struct cli *cli, struct mig_error *err)
{
    struct planned p = { 0 };
    struct mig_promotion promotion = { 0 };
    int status = CLI_FAILED;
    if (run_job_init(cli, RUN_APPLY, NULL, 0, &p.job, err) && cli_catalog(cli, 0, true, &p.catalog, err) &&
        mig_promote_select(cli->app, p.job.env, p.catalog, &promotion, err)) {
        if (promotion.held_back > 0)
            cli_say(cli, "%s: %zu pending here %s not applied on %s as the files are now, and stay",
                    p.job.env->name, promotion.held_back, promotion.held_back == 1 ? "is" : "are",
                    promotion.from->name);
        if (promotion.count == 0) {
            cli_say(cli, "%s: nothing to promote from %s", p.job.env->name, promotion.from->name);
            status = 0;
        } else {
            status = promote(cli, &p, &promotion, err);
        }
    }
    planned_done(&p);
    mig_promotion_done(&promotion);
    return status;
}
