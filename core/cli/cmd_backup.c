/* cmd_backup.c - backup take, list, verify, inspect. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "app/backup.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/cmd_backup.h"
#include "cli/detach.h"
#include "cli/gather.h"
#include "cli/out_lists.h"

#define OUTPUT_MAX   (64UL * 1024 * 1024)
#define LIST_DEFAULT 20
#define PROGRESS_MS  100

/* ---- take ---- */

static enum cfg_backup_method method_of(const struct cli *cli, const struct cfg_environment *env)
{
    const char *word = mig_cmdline_value(cli->line, MIG_OPT_METHOD);
    for (int method = 0; word && method <= CFG_BACKUP_EXEC; method++) {
        if (strcmp(mig_backup_method_word((enum cfg_backup_method)method), word) == 0)
            return (enum cfg_backup_method)method;
    }
    return env->has_gate && env->gate.has_backup ? env->gate.backup.method : CFG_BACKUP_ARCHIVE;
}

static int take_here(struct cli *cli, bool runner, struct mig_error *err)
{
    const struct cfg_environment *env = cli_environment(cli, err);
    struct cli_listener listener;
    struct mig_backup_result result;
    if (!env)
        return CLI_FAILED;
    cli_listener_init(&listener, cli);
    const struct mig_backup_options options = {
        .run = mig_cmdline_value(cli->line, MIG_OPT_ID),
        .method = method_of(cli, env),
        .reason = mig_cmdline_value(cli->line, MIG_OPT_REASON),
        .ticket = mig_cmdline_value(cli->line, MIG_OPT_TICKET),
        .unproven = mig_cmdline_has(cli->line, MIG_OPT_NO_VERIFY),
        .stop = cli_signals_stop(cli->signals),
        .on_event = runner ? NULL : cli_listener_event,
        .event_ctx = &listener,
    };
    cli_signals_mode(cli->signals, runner ? CLI_MODE_RUNNER : CLI_MODE_RUN);
    bool ok = mig_backup_take(cli->app, env, &options, &result);
    cli_signals_mode(cli->signals, CLI_MODE_PLAIN);
    out_events_break(&listener.text);
    if (cli->format == CLI_JSON && !runner && ok) {
        bson_t doc;
        mig_backup_document(&result.backup, &doc);
        cli_out_document(cli, &doc);
        bson_destroy(&doc);
    }
    if (!ok)
        *err = result.error;
    return ok ? 0 : CLI_FAILED;
}

int cli_backup_run(struct cli *cli, struct mig_error *err)
{
    return take_here(cli, true, err);
}

static int take(struct cli *cli, struct mig_error *err)
{
    if (!mig_cmdline_has(cli->line, MIG_OPT_DETACH))
        return take_here(cli, false, err);
    const struct cli_detached how = { .act = "backup", .env = cli_environment(cli, err), .plan_id = "" };
    return how.env ? cli_detach(cli, &how, err) : CLI_FAILED;
}

/* ---- events as they come ---- */

static void write_out(void *ctx, const char *bytes, size_t len)
{
    (void)ctx;
    cli_write(STDOUT_FILENO, bytes, len);
}

void cli_listener_init(struct cli_listener *listener, struct cli *cli)
{
    *listener = (struct cli_listener){ .cli = cli };
    out_events_init(&listener->text, &cli->out, write_out, NULL);
}

void cli_listener_event(const bson_t *event, void *ctx)
{
    struct cli_listener *listener = ctx;
    if (listener->cli->format == CLI_NDJSON)
        cli_out_document(listener->cli, event);
    else if (listener->cli->format == CLI_TEXT && !listener->cli->quiet)
        out_events_feed(&listener->text, event);
}

/* ---- reading an archive ---- */

void cli_reader_init(struct cli_reader *reader, struct cli *cli)
{
    *reader = (struct cli_reader){ .cli = cli };
    reader->shown = cli->err.tty && cli->format == CLI_TEXT && !cli->quiet;
    reader->read = (struct mig_backup_read){
        .what = cli->line->argument_count > 1 ? cli->line->arguments[1] : NULL,
        .stop = cli_signals_stop(cli->signals),
        .progress = cli_reader_progress,
        .ctx = reader,
    };
    cli_signals_mode(cli->signals, CLI_MODE_FOLLOW);
}

void cli_reader_progress(void *ctx, int64_t done, int64_t total)
{
    struct cli_reader *reader = ctx;
    int64_t now = reader->cli->host->ops->mono_ms(reader->cli->host);
    if (!reader->shown || now - reader->told_ms < PROGRESS_MS)
        return;
    reader->told_ms = now;
    struct mig_buf line MIG_AUTOBUF;
    mig_buf_init(&line, 256);
    mig_buf_str(&line, "\r\033[Kreading the archive: ");
    mig_text_size(&line, done);
    mig_buf_str(&line, " of ");
    mig_text_size(&line, total);
    cli_write(STDERR_FILENO, line.text, line.len);
    reader->open = true;
}

void cli_reader_end(struct cli_reader *reader)
{
    if (reader->open)
        cli_write(STDERR_FILENO, "\r\033[K", 4);
    cli_signals_mode(reader->cli->signals, CLI_MODE_PLAIN);
}

static int verify(struct cli *cli, struct mig_error *err)
{
    const struct cfg_environment *env = cli_environment(cli, err);
    struct cli_reader reader;
    struct mig_backup backup;
    if (!env)
        return CLI_FAILED;
    cli_reader_init(&reader, cli);
    bool ok = mig_backup_verify(cli->app, env, &reader.read, &backup, err);
    cli_reader_end(&reader);
    if (!ok)
        return CLI_FAILED;
    if (cli->format != CLI_TEXT) {
        bson_t doc;
        mig_backup_document(&backup, &doc);
        cli_out_document(cli, &doc);
        bson_destroy(&doc);
        return 0;
    }
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, OUTPUT_MAX);
    mig_buf_printf(&text, "backup %s of %s is whole: ", backup.id, backup.environment);
    mig_text_number(&text, backup.documents);
    mig_buf_str(&text, " documents of ");
    mig_text_number(&text, backup.collections);
    mig_buf_str(&text, " collections, every checksum equal\n");
    if (!cli->quiet)
        cli_out(cli, &text);
    return 0;
}

/* ---- inspect ---- */

static void inspect_text(const struct cli *cli, const bson_t *doc, struct mig_buf *out)
{
    static const char *const head[] = { "COLLECTION", "TYPE", "DOCUMENTS", "SIZE", "INDEXES" };
    static const char *const members[] = { "backup",      "environment", "database",  "method",
                                           "state",       "proof",       "startedAt", "serverVersion",
                                           "clusterTime", "file",        "sha256" };
    bson_t backup, list, part;
    bson_iter_t each;
    if (mig_doc_sub(doc, "backup", &backup)) {
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            const char *value = mig_doc_str(&backup, members[i], "");
            if (value[0])
                mig_buf_printf(out, "%-14s %s\n", members[i], value);
        }
        mig_buf_printf(out, "%-14s %s\n\n", "consistent",
                       mig_doc_bool(&backup, "consistent", false) ? "yes: all of one cluster time" : "no");
    }
    struct cli_table *table = cli_table_new(&cli->out, sizeof head / sizeof head[0]);
    cli_table_head(table, head);
    for (int column = 2; column < 5; column++)
        cli_table_right(table, column);
    bool more = mig_doc_sub(doc, "collections", &list) && bson_iter_init(&each, &list);
    while (more && bson_iter_next(&each)) {
        struct mig_buf number MIG_AUTOBUF;
        mig_buf_init(&number, 64);
        if (!mig_iter_sub(&each, &part))
            continue;
        cli_table_cell(table, CLI_PLAIN, mig_doc_str(&part, "name", ""));
        cli_table_cell(table, CLI_PLAIN, mig_doc_str(&part, "type", ""));
        mig_text_number(&number, mig_doc_int(&part, "documents", 0));
        cli_table_cell(table, CLI_PLAIN, number.text);
        mig_buf_reset(&number);
        mig_text_size(&number, mig_doc_int(&part, "bytes", 0));
        cli_table_cell(table, CLI_PLAIN, number.text);
        mig_buf_reset(&number);
        if (mig_doc_has(&part, "indexes"))
            mig_text_number(&number, mig_doc_int(&part, "indexes", 0));
        cli_table_cell(table, CLI_PLAIN, number.text);
    }
    cli_table_print(table, 0, out);
    cli_table_free(table);
}

static int inspect(struct cli *cli, struct mig_error *err)
{
    const struct cfg_environment *env = cli_environment(cli, err);
    struct cli_reader reader;
    bson_t doc;
    if (!env)
        return CLI_FAILED;
    cli_reader_init(&reader, cli);
    bool ok = mig_backup_inspect(cli->app, env, &reader.read, &doc, err);
    cli_reader_end(&reader);
    if (ok && cli->format != CLI_TEXT) {
        cli_out_document(cli, &doc);
    } else if (ok) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, OUTPUT_MAX);
        inspect_text(cli, &doc, &text);
        cli_out(cli, &text);
    }
    bson_destroy(&doc);
    return ok ? 0 : CLI_FAILED;
}

/* ---- the command ---- */

static int list(struct cli *cli, struct mig_error *err)
{
    const struct cli_list list = {
        .list = mig_backup_list,
        .limit = mig_cmdline_count(cli->line, MIG_OPT_LIMIT, LIST_DEFAULT),
        .key = "backups",
        .table = cli_backups_table,
        .row = cli_backups_row,
        .nothing = "No backups yet: migtui backup take makes one.\n",
    };
    return cli_tell_list(cli, &list, err);
}

int cli_backup(struct cli *cli, struct mig_error *err)
{
    static const struct {
        const char *word;
        bool names_one; /* takes BACKUP */
        cli_command_fn act;
    } acts[] = {
        { "list", false, list },
        { "take", false, take },
        { "verify", true, verify },
        { "inspect", true, inspect },
        { "drill", true, cli_backup_drill },
        { "prune", false, cli_backup_prune },
    };
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(acts[i].word, cli->line->arguments[0]) != 0)
            continue;
        if (cli->line->argument_count > 1 && !acts[i].names_one) {
            mig_fail(err, MIG_ERR_USAGE, "backup %s takes no argument", acts[i].word);
            return CLI_FAILED;
        }
        return acts[i].act(cli, err);
    }
    mig_fail(err, MIG_ERR_USAGE, "backup what?");
    return CLI_FAILED;
}
