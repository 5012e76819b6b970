/* cmd_run.c - plan, apply, rollback, resume, and the runner's own entry. */
#include <unistd.h>

#include <stdlib.h>
#include <string.h>

#include "app/run.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/out_plan.h"
#include "cli/run_job.h"

#define OUTPUT_MAX  (512UL * 1024 * 1024)
#define COMMAND_MAX 400

static int tell_plan(struct cli *cli, const struct mig_plan *plan, const struct mig_look *look,
                     struct mig_error *err)
{
    const char *path = mig_cmdline_value(cli->line, MIG_OPT_OUT);
    char command[COMMAND_MAX];
    bool ok = true;
    if (path || cli->format != CLI_TEXT) {
        bson_t doc MIG_AUTODOC;
        mig_plan_document(plan, &doc);
        ok = !path || cli_plan_write(path, &doc, err);
        if (ok && cli->format != CLI_TEXT)
            cli_out_document(cli, &doc);
    }
    if (ok && cli->format == CLI_TEXT && !cli->quiet) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, OUTPUT_MAX);
        cli_plan_text(plan, look, &cli->out, STDOUT_FILENO, &text);
        if (plan->count > 0 && path)
            mig_buf_printf(&text, "To run exactly this: migtui apply %s\n", path);
        else if (plan->count > 0 && mig_plan_command(plan, command, sizeof command))
            mig_buf_printf(&text, "To run exactly this: migtui %s --env %s --plan %.*s\n", command,
                           plan->environment, CLI_PLAN_ID_SHOWN, plan->id);
        else if (plan->count > 0)
            mig_buf_str(&text, "To run exactly this, save it (--out FILE), then: migtui apply FILE\n");
        cli_out(cli, &text);
    }
    return ok ? 0 : CLI_FAILED;
}

int cli_plan(struct cli *cli, struct mig_error *err)
{
    const struct mig_cmdline *line = cli->line;
    enum run_act act = run_act_asked(line);
    bool half_done = act == RUN_UNDO || act == RUN_RESUME;
    if (half_done && mig_cmdline_has(line, MIG_OPT_OUT)) {
        mig_fail(err, MIG_ERR_USAGE, "plan: a way out of a half-done migration is not saved to a file");
        mig_hint(err, "its id pins it: migtui %s --plan ID", act == RUN_UNDO ? "recover --undo" : "resume");
        return CLI_FAILED;
    }
    if (act == RUN_APPLY && line->argument_count > 0) {
        mig_fail(err, MIG_ERR_USAGE, "plan: versions go with --down or --undo; up to one: --to VERSION");
        return CLI_FAILED;
    }
    struct run_job job = { 0 };
    struct mig_catalog *catalog = NULL;
    struct mig_look look = { 0 };
    struct mig_plan *plan = NULL;
    int status = CLI_FAILED;
    if (run_job_init(cli, act, line->arguments, line->argument_count, &job, err) &&
        cli_catalog(cli, act == RUN_APPLY ? MIG_CATALOG_NO_BODIES : 0, true, &catalog, err) &&
        mig_run_plan(cli->app, job.env, &job.selection, catalog, &look, &plan, err)) {
        status = tell_plan(cli, plan, &look, err);
        if (status == 0 && plan->count > 0)
            status = mig_error_exit(MIG_ERR_PENDING);
    }
    mig_plan_free(plan);
    mig_look_done(&look);
    mig_catalog_free(catalog);
    run_job_done(&job);
    return status;
}

int cli_apply(struct cli *cli, struct mig_error *err)
{
    return run_job_command(cli, RUN_APPLY, cli->line->arguments, cli->line->argument_count, err);
}

int cli_rollback(struct cli *cli, struct mig_error *err)
{
    return run_job_command(cli, RUN_ROLLBACK, cli->line->arguments, cli->line->argument_count, err);
}

int cli_resume(struct cli *cli, struct mig_error *err)
{
    return run_job_command(cli, RUN_RESUME, NULL, 0, err);
}

int cli_run(struct cli *cli, struct mig_error *err)
{
    const char *act = cli->line->arguments[0];
    if (strcmp(act, "backup") == 0)
        return cli_backup_run(cli, err);
    if (strcmp(act, "restore") == 0)
        return cli_restore_run(cli, err);
    if (strcmp(act, "drill") == 0)
        return cli_drill_run(cli, err);
    if (strcmp(act, "promote") == 0)
        return cli_promote(cli, err);
    enum run_act which = strcmp(act, "apply") == 0    ? RUN_APPLY
                         : strcmp(act, "resume") == 0 ? RUN_RESUME
                         : strcmp(act, "undo") == 0   ? RUN_UNDO
                                                      : RUN_ROLLBACK;
    return run_job_command(cli, which, cli->line->arguments + 1, cli->line->argument_count - 1, err);
}
