/* cmd_restore.c - restore, backup drill, backup prune: a plan first, then a question, then the work, here or in a runner. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/audit.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "cli/cmd_backup.h"
#include "cli/confirm.h"
#include "cli/detach.h"

#define OUTPUT_MAX (4UL * 1024 * 1024)

/* ---- the plan ---- */

static void say_documents(const struct mig_restore_plan *plan, struct mig_buf *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < plan->count; i++)
        kept += !plan->parts[i].left_out;
    mig_text_count(out, (int64_t)kept, "collection");
    if (plan->documents >= 0) {
        mig_buf_str(out, ", ");
        mig_text_count(out, plan->documents, "document");
        mig_buf_str(out, ", ");
        mig_text_size(out, plan->bytes);
    }
}

static void plan_text(const struct cfg_environment *env, const struct mig_restore_plan *plan,
                      struct mig_buf *out)
{
    struct mig_buf safe MIG_AUTOBUF;
    mig_buf_init(&safe, 4096);
    mig_text_safe(&safe, plan->archive, strlen(plan->archive), 1000, false);
    mig_buf_printf(out, "Restore %s\n", safe.text);
    if (plan->backup.id[0]) {
        char at[MIG_TIME_SIZE];
        mig_time_iso(plan->backup.started_ms, at);
        mig_buf_printf(out, "  backup     %s of %s, taken %s, %s\n", plan->backup.id,
                       plan->backup.environment, at,
                       plan->backup.proof == MIG_PROOF_OK ? "verified" : "not verified before");
    }
    mig_buf_reset(&safe);
    mig_text_safe(&safe, plan->source, strlen(plan->source), 100, false);
    mig_buf_printf(out, "  from       database %s: ", safe.text);
    say_documents(plan, out);
    mig_buf_printf(out, "\n  into       new database %s on %s%s\n", plan->target, env->name,
                   env->is_protected ? " (protected)" : "");
    for (size_t i = 0; i < plan->count; i++) {
        if (!plan->parts[i].left_out)
            continue;
        mig_buf_reset(&safe);
        mig_text_safe(&safe, plan->parts[i].name, strlen(plan->parts[i].name), 120, false);
        mig_buf_printf(out, "  left out   %s\n", safe.text);
    }
}

static bool confirm(struct cli *cli, const struct cfg_environment *env, const struct mig_restore_plan *plan,
                    struct mig_error *err)
{
    const struct cli_act act = { .env = env, .verb = "restore", .wanted = plan->target };
    return cli_confirm(cli, &act, err);
}

/* ---- restore ---- */

static void fill(struct cli *cli, const char *what, bool drill, struct mig_restore_options *ret)
{
    *ret = (struct mig_restore_options){
        .run = mig_cmdline_value(cli->line, MIG_OPT_ID),
        .what = what,
        .into = drill ? NULL : mig_cmdline_value(cli->line, MIG_OPT_INTO),
        .drill = drill,
        .reason = mig_cmdline_value(cli->line, MIG_OPT_REASON),
        .ticket = mig_cmdline_value(cli->line, MIG_OPT_TICKET),
        .stop = cli_signals_stop(cli->signals),
    };
}

static void tell_document(struct cli *cli, const struct cfg_environment *env,
                          const struct mig_restore_result *result)
{
    bson_t doc;
    bson_init(&doc);
    BSON_APPEND_UTF8(&doc, "run", result->run);
    BSON_APPEND_UTF8(&doc, "environment", env->name);
    BSON_APPEND_UTF8(&doc, "database", result->target);
    BSON_APPEND_UTF8(&doc, "status", mig_run_status_word(result->status));
    BSON_APPEND_INT64(&doc, "collections", result->collections);
    BSON_APPEND_INT64(&doc, "documents", result->documents);
    BSON_APPEND_INT64(&doc, "bytes", result->bytes);
    BSON_APPEND_INT64(&doc, "indexes", result->indexes);
    BSON_APPEND_INT64(&doc, "durationMs", result->duration_ms);
    cli_out_document(cli, &doc);
    bson_destroy(&doc);
}

static int carry_out(struct cli *cli, const struct cfg_environment *env, struct mig_restore_options *options,
                     bool runner, struct mig_error *err)
{
    struct cli_listener listener;
    struct mig_restore_result result;
    cli_listener_init(&listener, cli);
    options->on_event = runner ? NULL : cli_listener_event;
    options->event_ctx = &listener;
    cli_signals_mode(cli->signals, runner ? CLI_MODE_RUNNER : CLI_MODE_RUN);
    bool ok = mig_restore_run(cli->app, env, options, &result);
    cli_signals_mode(cli->signals, CLI_MODE_PLAIN);
    out_events_break(&listener.text);
    if (ok && cli->format == CLI_JSON && !runner)
        tell_document(cli, env, &result);
    if (!ok)
        *err = result.error;
    return ok ? 0 : CLI_FAILED;
}

/* A refusal that never gets as far as a run is on record all the same. */
static void note_refusal(struct cli *cli, const struct cfg_environment *env, const char *action,
                         const struct mig_error *why)
{
    struct mig_error failed;
    const struct mig_audit_act act = { .action = action, .outcome = mig_audit_outcome_of(why), .error = why };
    if (mig_audit_wants(why) && !mig_audit_note(cli->app, env, &act, &failed))
        cli_say(cli, "this refusal is not in the audit: %s", failed.message);
}

/* Look, show, ask. */
static bool prepare(struct cli *cli, const struct cfg_environment *env,
                    const struct mig_restore_options *options, struct mig_restore_plan *plan,
                    struct mig_error *err)
{
    bool ok = mig_restore_plan(cli->app, env, options, plan, err);
    bool told =
        !mig_cmdline_has(cli->line, MIG_OPT_DETACH) || cli_will_ask(cli, env); /* else the run's id alone */
    if (ok && told && cli->format == CLI_TEXT && !cli->quiet) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, OUTPUT_MAX);
        plan_text(env, plan, &text);
        cli_out(cli, &text);
    }
    ok = ok && confirm(cli, env, plan, err);
    if (!ok)
        note_refusal(cli, env, "restore", err);
    return ok;
}

static bool named_by_path(const struct cli *cli)
{
    return cli->line->argument_count > 0 && !mig_ulid_valid(cli->line->arguments[0]);
}

/* Exactly what was shown: the archive by its id or path, the database by its name. */
static int detach(struct cli *cli, const struct cfg_environment *env, const struct mig_restore_plan *plan,
                  struct mig_error *err)
{
    const struct cli_detached how = {
        .act = "restore",
        .env = env,
        .plan_id = "",
        .confirm_text = env->is_protected ? plan->target : NULL,
        .what = plan->backup.id[0] && !named_by_path(cli) ? plan->backup.id : plan->archive,
        .into = plan->target,
    };
    return cli_detach(cli, &how, err);
}

int cli_restore(struct cli *cli, struct mig_error *err)
{
    const struct cfg_environment *env = cli_environment(cli, err);
    struct mig_restore_options options;
    struct mig_restore_plan plan = { 0 };
    int status = CLI_FAILED;
    if (!env)
        return CLI_FAILED;
    fill(cli, cli->line->argument_count > 0 ? cli->line->arguments[0] : NULL, false, &options);
    if (prepare(cli, env, &options, &plan, err)) {
        options.into = plan.target; /* the name that was shown, though the clock went on */
        status = mig_cmdline_has(cli->line, MIG_OPT_DETACH) ? detach(cli, env, &plan, err)
                                                            : carry_out(cli, env, &options, false, err);
    }
    mig_restore_plan_done(&plan);
    return status;
}

static const char *named_for_runner(const struct cli *cli)
{
    return cli->line->argument_count > 1 ? cli->line->arguments[1] : NULL;
}

int cli_restore_run(struct cli *cli, struct mig_error *err)
{
    const struct cfg_environment *env = cli_environment(cli, err);
    const char *into = mig_cmdline_value(cli->line, MIG_OPT_INTO);
    struct mig_restore_options options;
    if (!env)
        return CLI_FAILED;
    fill(cli, named_for_runner(cli), false, &options);
    if (!options.what || !into) {
        mig_fail(err, MIG_ERR_USAGE, "run restore: which archive, and into which database?");
        return CLI_FAILED;
    }
    const struct cli_act act = { .env = env, .verb = "restore", .wanted = into };
    if (cli_confirm(cli, &act, err)) /* what was typed there is looked at once more */
        return carry_out(cli, env, &options, true, err);
    note_refusal(cli, env, "restore", err);
    return CLI_FAILED;
}

int cli_drill_run(struct cli *cli, struct mig_error *err)
{
    const struct cfg_environment *env = cli_environment(cli, err);
    struct mig_restore_options options;
    if (!env)
        return CLI_FAILED;
    fill(cli, named_for_runner(cli), true, &options);
    return carry_out(cli, env, &options, true, err);
}

int cli_backup_drill(struct cli *cli, struct mig_error *err)
{
    const struct cfg_environment *env = cli_environment(cli, err);
    struct mig_restore_options options;
    if (!env)
        return CLI_FAILED;
    fill(cli, cli->line->argument_count > 1 ? cli->line->arguments[1] : NULL, true, &options);
    if (!mig_cmdline_has(cli->line, MIG_OPT_DETACH))
        return carry_out(cli, env, &options, false, err);
    const struct cli_detached how = {
        .act = "drill", .env = env, .plan_id = "", .what = options.what ? options.what : ""
    };
    return cli_detach(cli, &how, err);
}

/* ---- prune ---- */

static int prune(struct cli *cli, const struct cfg_environment *env, const struct mig_backups *plan,
                 struct mig_error *err)
{
    size_t removed = 0;
    for (size_t i = 0; i < plan->count; i++) { /* one that cannot go is no reason to keep the others */
        struct mig_error why;
        bool ok = mig_backup_remove(cli->app, env, &plan->items[i], &why);
        if (ok && cli->format == CLI_TEXT)
            cli_say(cli, "removed %s", plan->items[i].file);
        if (!ok && removed == i)
            *err = why;
        removed += ok;
    }
    if (removed == plan->count)
        return 0;
    mig_context(err, "%zu of %zu were removed", removed, plan->count);
    return CLI_FAILED;
}

int cli_backup_prune(struct cli *cli, struct mig_error *err)
{
    const struct cfg_environment *env = cli_environment(cli, err);
    struct mig_backups plan;
    size_t swept = 0;
    int status = CLI_FAILED;
    if (!env || !mig_backup_prune_plan(cli->app, env, &plan, err))
        return CLI_FAILED;
    for (size_t i = 0; i < plan.count && cli->format == CLI_TEXT; i++) {
        char at[MIG_TIME_SIZE];
        mig_time_iso(plan.items[i].started_ms, at);
        cli_say(cli, "%s of %s: %s", plan.items[i].id, at, plan.items[i].file);
    }
    const struct cli_act act = { .env = env, .verb = "prune", .wanted = env->database };
    if (plan.count == 0) {
        cli_say(cli, "%s: every backup is to be kept", env->name);
        status = 0;
    } else if (cli_confirm(cli, &act, err)) {
        status = prune(cli, env, &plan, err);
    }
    if (status == 0)
        swept = mig_backup_sweep(cli->app);
    if (swept > 0 && cli->format == CLI_TEXT)
        cli_say(cli, "removed what %zu killed backup%s left half written", swept, swept == 1 ? "" : "s");
    if (status == 0 && cli->format != CLI_TEXT) {
        bson_t doc;
        bson_init(&doc);
        BSON_APPEND_UTF8(&doc, "environment", env->name);
        BSON_APPEND_INT64(&doc, "removed", (int64_t)plan.count);
        BSON_APPEND_INT64(&doc, "swept", (int64_t)swept);
        cli_out_document(cli, &doc);
        bson_destroy(&doc);
    }
    mig_backups_done(&plan);
    return status;
}
