/* cmd_look.c - status, history, runs, drift: what is, and what was. Reads only. */
#include "app/drift.h"
#include "app/look.h"
#include "app/runs.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "cli/cli.h"
#include "cli/gather.h"
#include "cli/out_lists.h"
#include "cli/out_status.h"

#define OUTPUT_MAX      (512UL * 1024 * 1024)
#define RUNS_DEFAULT    20
#define HISTORY_DEFAULT 50
#define DRIFT_MAX       100000

int cli_status(struct cli *cli, struct mig_error *err)
{
    const struct cfg_environment **envs MIG_AUTOFREE = NULL;
    size_t count;
    struct mig_catalog *catalog = NULL;
    if (!cli_environments(cli, &envs, &count, err) ||
        !cli_catalog(cli, MIG_CATALOG_NO_BODIES, false, &catalog, err))
        return CLI_FAILED;
    struct mig_looks looks;
    mig_looks_take(cli->app, envs, count, catalog, &looks);
    if (cli->format == CLI_TEXT) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, OUTPUT_MAX);
        cli_status_text(&looks, cli->app->config->project, &cli->out, &text);
        cli_out(cli, &text);
    } else {
        bson_t doc;
        cli_status_document(&looks, cli->app->config->project, cli->host->ops->wall_ms(cli->host), &doc);
        cli_out_document(cli, &doc);
        bson_destroy(&doc);
    }
    if (catalog->sum_problem)
        cli_say(cli, "migtui.sum: %s", catalog->sum_problem);
    bool any = false;
    for (size_t i = 0; i < looks.count; i++)
        any = any || looks.items[i].reachable;
    int status = mig_cmdline_has(cli->line, MIG_OPT_EXIT_CODE) ? cli_status_exit(&looks) : any ? 0 : 1;
    mig_looks_done(&looks);
    mig_catalog_free(catalog);
    return status;
}

int cli_runs(struct cli *cli, struct mig_error *err)
{
    const struct cli_list list = {
        .list = mig_runs_list,
        .limit = mig_cmdline_count(cli->line, MIG_OPT_LIMIT, RUNS_DEFAULT),
        .key = "runs",
        .table = cli_runs_table,
        .row = cli_runs_row,
        .nothing = "No runs yet: migtui apply starts one.\n",
    };
    return cli_tell_list(cli, &list, err);
}

int cli_history(struct cli *cli, struct mig_error *err)
{
    const struct cli_list list = {
        .list = mig_history_list,
        .limit = mig_cmdline_count(cli->line, MIG_OPT_LIMIT, HISTORY_DEFAULT),
        .key = "entries",
        .table = cli_history_table,
        .row = cli_history_row,
        .nothing = "Nothing ran yet: migtui plan shows what would.\n",
    };
    return cli_tell_list(cli, &list, err);
}

static int judge_drift(const struct cli_docs *docs)
{
    for (size_t i = 0; i < docs->count; i++) {
        if (mig_drift_is(mig_drift_of(mig_doc_str(docs->items[i], "state", ""))))
            return mig_error_exit(MIG_ERR_INTEGRITY);
    }
    return 0;
}

int cli_drift(struct cli *cli, struct mig_error *err)
{
    const struct cli_list list = {
        .list = mig_drift_list,
        .limit = DRIFT_MAX,
        .key = "collections",
        .table = cli_drift_table,
        .row = cli_drift_row,
        .nothing = "Nothing to compare: no run of migtui has left a fingerprint of a collection yet.\n",
        .judge = judge_drift,
    };
    int status = cli_tell_list(cli, &list, err);
    if (status == mig_error_exit(MIG_ERR_INTEGRITY))
        cli_say(
            cli,
            "Next    take it back by hand, or write it as a migration. The gate of a plan that touches such a collection asks;\n"
            "        if it is meant: migtui gate --env NAME --accept-drift --reason \"...\"");
    return status;
}
