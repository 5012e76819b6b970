/* cmd_approve.c - request, requests, approve, reject, withdraw, glass. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/approval.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "cli/confirm.h"
#include "cli/gather.h"
#include "cli/out_lists.h"
#include "cli/run_job.h"
#include "cli/term.h"

#define LIST_DEFAULT 20
#define TEXT_MAX     (16UL * 1024 * 1024)

/* ---- request ---- */

void cli_told_request(struct cli *cli, const struct mig_request *request)
{
    char expires[MIG_TIME_SIZE];
    mig_time_iso(request->expires_at, expires);
    if (cli->format == CLI_TEXT) {
        char line[MIG_ULID_SIZE + 1];
        snprintf(line, sizeof line, "%s\n", request->id);
        cli_write(1, line, strlen(line));
        cli_say(cli, "%s: plan %.12s is asked for, until %s; to approve it: migtui approve %s --env %s",
                request->environment, request->plan_id, expires, request->id, request->environment);
        return;
    }
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "request", request->id);
    BSON_APPEND_UTF8(&doc, "environment", request->environment);
    BSON_APPEND_UTF8(&doc, "planId", request->plan_id);
    BSON_APPEND_INT64(&doc, "migrations", request->migrations);
    BSON_APPEND_UTF8(&doc, "expiresAt", expires);
    cli_out_document(cli, &doc);
}

int cli_request(struct cli *cli, struct mig_error *err)
{
    const struct mig_cmdline *line = cli->line;
    struct run_job job;
    struct mig_request request = { 0 };
    bool ok = run_job_init(cli, run_act_asked(line), line->arguments, line->argument_count, &job, err);
    struct mig_ask ask = { .selection = &job.selection,
                           .plan_id = job.plan_id[0] ? job.plan_id : NULL,
                           .reason = mig_cmdline_value(line, MIG_OPT_REASON),
                           .ticket = mig_cmdline_value(line, MIG_OPT_TICKET) };
    ok = ok && mig_request_make(cli->app, job.env, &ask, &request, err);
    if (ok)
        cli_told_request(cli, &request);
    mig_request_done(&request);
    run_job_done(&job);
    return ok ? 0 : CLI_FAILED;
}

static int tell_signed_text(struct cli *cli, const char *id, struct mig_error *err)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, TEXT_MAX);
    const struct cfg_environment *env = cli_environment(cli, err);
    if (!env || !mig_decision_text(cli->app, env, id, &text, err))
        return CLI_FAILED;
    cli_out(cli, &text);
    return 0;
}

int cli_requests(struct cli *cli, struct mig_error *err)
{
    const char *id = mig_cmdline_value(cli->line, MIG_OPT_SIGNED_TEXT);
    if (id)
        return tell_signed_text(cli, id, err);
    const struct cli_list list = {
        .list = mig_requests_list,
        .limit = mig_cmdline_count(cli->line, MIG_OPT_LIMIT, LIST_DEFAULT),
        .key = "requests",
        .table = cli_requests_table,
        .row = cli_requests_row,
        .nothing = "Nobody has asked for anything: migtui request does.\n",
    };
    return cli_tell_list(cli, &list, err);
}

/* ---- decisions ---- */

struct shown {
    const char *id;
    struct cli *cli;
    struct mig_buf text;
    bool found;
};

static bool show_one(const bson_t *row, void *context)
{
    struct shown *shown = context;
    const char *state = mig_doc_str(row, "state", "");
    const char *id = mig_doc_str(row, "request", "");
    if (shown->id ? strcmp(id, shown->id) != 0 : strcmp(state, "waiting") != 0)
        return true;
    shown->found = true;
    cli_request_text(row, &shown->cli->err, &shown->text);
    return false;
}

/* What is to be approved stands on the screen when the question is asked. */
static bool ask_before(struct cli *cli, const struct cfg_environment *env, const char *id,
                       struct mig_error *err)
{
    char answer[16] = "";
    struct shown shown = { .id = id, .cli = cli };
    if (!cli_can_ask() || mig_cmdline_has(cli->line, MIG_OPT_YES))
        return true;
    mig_buf_init(&shown.text, TEXT_MAX);
    bool ok = mig_requests_list(cli->app, env, 1000, show_one, &shown, err);
    if (ok && shown.found) {
        cli_write(2, shown.text.text, shown.text.len);
        ok = cli_ask("\nApprove exactly this? [y/N] ", answer, sizeof answer) &&
             (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0);
        if (!ok)
            mig_fail(err, MIG_ERR_CANCELLED, "%s: nothing was approved", env->name);
    }
    mig_buf_done(&shown.text);
    return ok;
}

static int decide(struct cli *cli, const struct cfg_environment *env, const char *id, const char *word,
                  const char *done, struct mig_error *err)
{
    struct mig_approval_verdict verdict = { 0 };
    const char *comment = mig_cmdline_value(cli->line, MIG_OPT_REASON);
    if (!mig_request_decide(cli->app, env, id, word, comment, &verdict, err))
        return CLI_FAILED;
    if (cli->format == CLI_TEXT) {
        cli_say(cli, "%s: %s %s: %s", env->name, done, verdict.request, verdict.reason);
        return 0;
    }
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "request", verdict.request);
    BSON_APPEND_UTF8(&doc, "environment", env->name);
    BSON_APPEND_UTF8(&doc, "decision", word);
    BSON_APPEND_UTF8(&doc, "state", mig_approval_state_word(verdict.state));
    BSON_APPEND_INT64(&doc, "have", verdict.have);
    BSON_APPEND_INT64(&doc, "needed", verdict.needed);
    cli_out_document(cli, &doc);
    return 0;
}

static const char *argument(const struct cli *cli, size_t i)
{
    return cli->line->argument_count > i ? cli->line->arguments[i] : NULL;
}

static bool check_id(const char *id, struct mig_error *err)
{
    if (!id || mig_ulid_valid(id))
        return true;
    char *safe MIG_AUTOFREE = mig_text_safe_dup(id, 60);
    mig_fail(err, MIG_ERR_USAGE, "'%s' is no request's id", safe);
    return mig_hint(err, "migtui requests lists them");
}

int cli_approve(struct cli *cli, struct mig_error *err)
{
    const char *id = argument(cli, 0);
    const struct cfg_environment *env = cli_environment(cli, err);
    if (!env || !check_id(id, err))
        return CLI_FAILED;
    if (!ask_before(cli, env, id, err)) {
        struct mig_audit_act refused = { .action = "approve", .request = id };
        cli_refused(cli, env, &refused, err);
        return CLI_FAILED;
    }
    return decide(cli, env, id, "approve", "approved", err);
}

int cli_reject(struct cli *cli, struct mig_error *err)
{
    const char *id = argument(cli, 0);
    const char *reason = mig_cmdline_value(cli->line, MIG_OPT_REASON);
    const struct cfg_environment *env = cli_environment(cli, err);
    if (!env || !check_id(id, err))
        return CLI_FAILED;
    if (!reason || !*reason) {
        mig_fail(err, MIG_ERR_USAGE, "reject: why? Give --reason; it is kept");
        return CLI_FAILED;
    }
    return decide(cli, env, id, "reject", "rejected", err);
}

int cli_withdraw(struct cli *cli, struct mig_error *err)
{
    char id[MIG_ULID_SIZE];
    const struct cfg_environment *env = cli_environment(cli, err);
    if (!env || !check_id(argument(cli, 0), err) ||
        !mig_request_withdraw(cli->app, env, argument(cli, 0), mig_cmdline_value(cli->line, MIG_OPT_REASON),
                              id, err))
        return CLI_FAILED;
    if (cli->format == CLI_TEXT) {
        cli_say(cli, "%s: request %s is withdrawn", env->name, id);
        return 0;
    }
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "request", id);
    BSON_APPEND_UTF8(&doc, "environment", env->name);
    BSON_APPEND_UTF8(&doc, "state", "withdrawn");
    cli_out_document(cli, &doc);
    return 0;
}

/* ---- glass ---- */

struct filtering {
    bool (*each)(const bson_t *row, void *ctx);
    void *ctx;
};

static bool only_glass(const bson_t *row, void *context)
{
    struct filtering *filtering = context;
    return strcmp(mig_doc_str(row, "kind", ""), "glass") != 0 || filtering->each(row, filtering->ctx);
}

static bool list_glass(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                       bool (*each)(const bson_t *row, void *ctx), void *ctx, struct mig_error *err)
{
    struct filtering filtering = { .each = each, .ctx = ctx };
    (void)limit; /* of all kinds together; what is shown is cut by the caller */
    return mig_requests_list(app, env, 10000, only_glass, &filtering, err);
}

int cli_glass(struct cli *cli, struct mig_error *err)
{
    const char *act = argument(cli, 0);
    const char *reason = mig_cmdline_value(cli->line, MIG_OPT_REASON);
    if (!act) {
        const struct cli_list list = {
            .list = list_glass,
            .limit = mig_cmdline_count(cli->line, MIG_OPT_LIMIT, LIST_DEFAULT),
            .key = "glass",
            .table = cli_requests_table,
            .row = cli_requests_row,
            .nothing = "No glass was broken.\n",
        };
        return cli_tell_list(cli, &list, err);
    }
    if (strcmp(act, "close") != 0) {
        mig_fail(err, MIG_ERR_USAGE, "glass: close, or nothing");
        return CLI_FAILED;
    }
    const struct cfg_environment *env = cli_environment(cli, err);
    if (!env || !check_id(argument(cli, 1), err))
        return CLI_FAILED;
    if (!reason || !*reason) {
        mig_fail(err, MIG_ERR_USAGE, "glass close: what was found? Give --reason; it is kept");
        return CLI_FAILED;
    }
    return decide(cli, env, argument(cli, 1), "close", "closed your part of", err);
}
