/* run_foreground.c - a run in this process: its events go out as they come, as text, lines of JSON or one document. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/doc.h"
#include "base/mem.h"
#include "cli/out_json.h"
#include "cli/run_job.h"

#define LINE_MAX_BYTES (17UL * 1024 * 1024)

struct listener {
    struct cli *cli;
    struct out_events text;
    bson_t migrations; /* array of {version, title, durationMs}, for --format json */
    size_t count;
    char title[512];
};

static void write_out(void *ctx, const char *bytes, size_t len)
{
    (void)ctx;
    cli_write(STDOUT_FILENO, bytes, len);
}

static void collect(struct listener *listener, const bson_t *event)
{
    const char *name = mig_doc_str(event, "event", "");
    if (strcmp(name, "migration.started") == 0)
        snprintf(listener->title, sizeof listener->title, "%s", mig_doc_str(event, "title", ""));
    if (strcmp(name, "migration.done") != 0)
        return;
    char buffer[16];
    const char *key;
    size_t len = bson_uint32_to_string((uint32_t)listener->count++, &key, buffer, sizeof buffer);
    bson_t item;
    bson_append_document_begin(&listener->migrations, key, (int)len, &item);
    BSON_APPEND_UTF8(&item, "version", mig_doc_str(event, "version", ""));
    BSON_APPEND_UTF8(&item, "title", mig_doc_str(event, "title", listener->title));
    BSON_APPEND_INT64(&item, "durationMs", mig_doc_int(event, "durationMs", 0));
    bson_append_document_end(&listener->migrations, &item);
}

static void on_event(const bson_t *event, void *ctx)
{
    struct listener *listener = ctx;
    struct cli *cli = listener->cli;
    if (cli->format == CLI_JSON) {
        collect(listener, event);
    } else if (cli->format == CLI_NDJSON) {
        struct mig_buf line MIG_AUTOBUF;
        mig_buf_init(&line, LINE_MAX_BYTES);
        cli_json_line(event, &line);
        mig_buf_char(&line, '\n');
        cli_out(cli, &line);
    } else if (!cli->quiet) {
        out_events_feed(&listener->text, event);
    }
}

static void tell_document(const struct listener *listener, const struct run_job *job,
                          const struct mig_run_result *result)
{
    bson_t doc;
    bson_init(&doc);
    BSON_APPEND_UTF8(&doc, "run", result->run);
    BSON_APPEND_UTF8(&doc, "environment", job->env->name);
    BSON_APPEND_UTF8(&doc, "status", mig_run_status_word(result->status));
    BSON_APPEND_UTF8(&doc, "planId", result->plan_id);
    BSON_APPEND_UTF8(&doc, "direction", mig_direction_word(job->selection.direction));
    BSON_APPEND_INT64(&doc, "applied", (int64_t)result->migrations);
    BSON_APPEND_INT64(&doc, "steps", (int64_t)result->steps);
    BSON_APPEND_INT64(&doc, "durationMs", result->duration_ms);
    BSON_APPEND_INT64(&doc, "roundTrips", result->round_trips);
    BSON_APPEND_ARRAY(&doc, "migrations", &listener->migrations);
    cli_out_document(listener->cli, &doc);
    bson_destroy(&doc);
}

int run_job_foreground(struct cli *cli, struct run_job *job, struct mig_error *err)
{
    bool runner = cli->line->command->id == MIG_COMMAND_RUN;
    struct listener listener = { .cli = cli };
    bson_init(&listener.migrations);
    out_events_init(&listener.text, &cli->out, write_out, NULL);
    struct mig_run_options options = {
        .selection = job->selection,
        .run = mig_cmdline_value(cli->line, MIG_OPT_ID),
        .plan_id = job->plan_id[0] ? job->plan_id : NULL,
        .plan_file = job->plan_file,
        .reason = mig_cmdline_value(cli->line, MIG_OPT_REASON),
        .ticket = mig_cmdline_value(cli->line, MIG_OPT_TICKET),
        .confirmed = (const char *const *)job->confirmed,
        .lock_wait_ms = cli->app->config->lock_wait_ms,
        .break_glass = mig_cmdline_has(cli->line, MIG_OPT_BREAK_GLASS),
        .take_over = mig_cmdline_has(cli->line, MIG_OPT_TAKE_OVER),
        .stop = cli_signals_stop(cli->signals),
        .on_event = runner ? NULL : on_event,
        .event_ctx = &listener,
    };
    struct mig_run_result result = { 0 };
    cli_signals_mode(cli->signals, runner ? CLI_MODE_RUNNER : CLI_MODE_RUN);
    bool ok = mig_run_execute(cli->app, job->env, &options, &result);
    cli_signals_mode(cli->signals, CLI_MODE_PLAIN);
    out_events_break(&listener.text);
    if (ok && cli->format == CLI_JSON && !runner)
        tell_document(&listener, job, &result);
    bson_destroy(&listener.migrations);
    if (ok)
        return 0;
    *err = result.error;
    if (err->code == MIG_OK)
        mig_fail(err, MIG_ERR_FAILED, "%s: the run ended as %s", job->env->name,
                 mig_run_status_word(result.status));
    return CLI_FAILED;
}
