/* cmd_audit.c - audit: list, verify, export. */
#include <inttypes.h>
#include <string.h>

#include "app/audit.h"
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/gather.h"
#include "cli/out_lists.h"

#define LIST_DEFAULT 50

static int list(struct cli *cli, struct mig_error *err)
{
    const struct cli_list list = {
        .list = mig_audit_list,
        .limit = mig_cmdline_count(cli->line, MIG_OPT_LIMIT, LIST_DEFAULT),
        .key = "entries",
        .table = cli_audit_table,
        .row = cli_audit_row,
        .nothing = "Nothing is on record yet.\n",
    };
    return cli_tell_list(cli, &list, err);
}

/* ---- export ---- */

struct exporting {
    struct cli *cli;
    struct cli_file *file; /* NULL: to standard output as it comes */
    int64_t count;
    struct mig_error *err; /* code MIG_OK while all is well */
};

static bool export_text(struct exporting *exporting, const char *json, size_t len)
{
    struct mig_buf line MIG_AUTOBUF;
    mig_buf_init(&line, SIZE_MAX);
    mig_buf_add(&line, json, len);
    mig_buf_char(&line, '\n');
    exporting->count++;
    if (exporting->file)
        return cli_file_add(exporting->file, line.text, line.len, exporting->err);
    cli_out(exporting->cli, &line);
    return true;
}

static bool export_row(const bson_t *entry, void *context)
{
    struct exporting *exporting = context;
    size_t len;
    char *json = bson_as_canonical_extended_json(entry, &len);
    bool ok = json ? export_text(exporting, json, len)
                   : mig_fail(exporting->err, MIG_ERR_INTEGRITY,
                              "what follows entry %" PRId64
                              " of the audit is not one that migtui writes: it cannot "
                              "be told as JSON",
                              exporting->count);
    bson_free(json);
    return ok;
}

static int export_all(struct cli *cli, struct mig_error *err)
{
    const struct cfg_environment *env = cli_environment(cli, err);
    const char *path = mig_cmdline_value(cli->line, MIG_OPT_OUT);
    struct mig_error failed = { 0 };
    struct exporting exporting = { .cli = cli, .err = &failed };
    struct cli_file file;
    if (!env || (path && !cli_file_begin(path, &file, err)))
        return CLI_FAILED;
    exporting.file = path ? &file : NULL;
    bool ok = mig_audit_each(cli->app, env, export_row, &exporting, err);
    if (ok && failed.code != MIG_OK) {
        *err = failed;
        ok = false;
    }
    if (path && !cli_file_end(&file, ok, &failed) && ok) {
        *err = failed;
        ok = false;
    }
    if (ok && path)
        cli_say(cli, "%s: %" PRId64 " entries in %s; to check it: migtui audit verify %s", env->name,
                exporting.count, path, path);
    return ok ? 0 : CLI_FAILED;
}

/* ---- verify ---- */

static void tell_report(struct cli *cli, const char *what, const struct mig_audit_report *report)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, 64UL * 1024);
    if (cli->format != CLI_TEXT) {
        bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
        BSON_APPEND_UTF8(&doc, "subject", what);
        BSON_APPEND_BOOL(&doc, "whole", report->whole);
        BSON_APPEND_BOOL(&doc, "chainOk", report->chain_ok);
        BSON_APPEND_INT64(&doc, "entries", report->entries);
        BSON_APPEND_UTF8(&doc, "head", report->head);
        BSON_APPEND_UTF8(&doc, "environmentUuid", report->uuid);
        BSON_APPEND_INT64(&doc, "anchors", report->anchors);
        BSON_APPEND_INT64(&doc, "newestAnchor", report->newest_anchor);
        BSON_APPEND_UTF8(&doc, "fault", report->fault);
        cli_out_document(cli, &doc);
        return;
    }
    if (!report->whole) {
        mig_buf_printf(&text, "%s: ", what);
        cli_ink(&text, &cli->out, CLI_BAD, "the audit was tampered with, or lost a part");
        mig_buf_printf(&text, "\n  %s\n  %" PRId64 " entries before it are in order\n", report->fault,
                       report->entries);
    } else if (!cli->quiet) {
        mig_buf_printf(&text, "%s: ", what);
        cli_ink(&text, &cli->out, CLI_GOOD, "the chain holds");
        mig_buf_printf(&text, ": %" PRId64 " entries, head %.8s\n", report->entries, report->head);
        if (report->anchored)
            mig_buf_printf(&text, "  %" PRId64 " anchors agree, up to entry %" PRId64 "%s\n", report->anchors,
                           report->newest_anchor,
                           report->newest_anchor < report->entries ? "; what came after is not anchored here"
                                                                   : "");
        else
            mig_buf_str(
                &text, "  no anchor of it is on this host: whether entries were cut off at the end cannot be "
                       "told here\n");
    }
    cli_out(cli, &text);
}

static int verify(struct cli *cli, struct mig_error *err)
{
    const char *anchor = mig_cmdline_value(cli->line, MIG_OPT_ANCHOR);
    struct mig_audit_report report;
    const char *what;
    bool ok;
    if (cli->line->argument_count > 1) {
        what = cli->line->arguments[1];
        ok = mig_audit_verify_file(cli->host, what, anchor, &report, err);
    } else {
        const struct cfg_environment *env = cli_environment(cli, err);
        what = env ? env->name : "";
        ok = env && mig_audit_verify(cli->app, env, anchor, &report, err);
    }
    if (!ok)
        return CLI_FAILED;
    tell_report(cli, what, &report);
    return report.whole ? 0 : mig_error_exit(MIG_ERR_INTEGRITY);
}

int cli_audit(struct cli *cli, struct mig_error *err)
{
    const char *act = cli->line->arguments[0];
    bool on_file = strcmp(act, "verify") == 0 && cli->line->argument_count > 1;
    if (cli->line->argument_count > 1 && !on_file) {
        mig_fail(err, MIG_ERR_USAGE, "audit %s takes no further argument%s", act,
                 strcmp(act, "export") == 0 ? "; the file goes with --out" : "");
        return CLI_FAILED;
    }
    if (!on_file && !cli->ports->open_app(cli->ports->ctx, cli->line, &cli->app, err))
        return CLI_FAILED;
    return strcmp(act, "list") == 0     ? list(cli, err)
           : strcmp(act, "verify") == 0 ? verify(cli, err)
                                        : export_all(cli, err);
}
