/* out_events.c - one function an event, found by its name; the shape is that of `atlas migrate apply`. */
#include "cli/out_events.h"

#include <inttypes.h>
#include <string.h>

#include "app/event_text.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/text.h"
#include "base/timefmt.h"

#define LINE_MAX_BYTES   (64UL * 1024)
#define PROGRESS_TTY_MS  100
#define PROGRESS_PIPE_MS 5000
#define RULE             "  -------------------------\n"

void out_events_init(struct out_events *events, const struct cli_style *style,
                     void (*write)(void *ctx, const char *bytes, size_t len), void *ctx)
{
    *events = (struct out_events){ .style = *style, .write = write, .ctx = ctx };
}

void out_events_break(struct out_events *events)
{
    if (events->open_line)
        events->write(events->ctx, "\r\033[K", 4);
    events->open_line = false;
}

/* Text of an event made safe for a terminal. */
static void add_safe(struct mig_buf *out, const char *text)
{
    mig_text_safe(out, text, strlen(text), 4000, false);
}

static void add_duration(struct mig_buf *out, int64_t ms)
{
    char text[MIG_TIME_SIZE];
    mig_time_duration(ms, text);
    mig_buf_str(out, text);
}

/* "Migrating to version 3 from 1 (2 migrations in total):", kept until the run gets to its first migration. */
static void make_header(struct out_events *events, const bson_t *event, int64_t count)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, sizeof events->header - 1);
    const char *target = mig_doc_str(event, "target", "");
    const char *current = mig_doc_str(event, "current", "");
    mig_buf_str(&text, events->down ? "Rolling back" : "Migrating");
    if (target[0]) {
        mig_buf_str(&text, events->down ? " version " : " to version ");
        mig_text_safe(&text, target, strlen(target), 100, false);
    }
    if (current[0]) {
        mig_buf_str(&text, " from ");
        mig_text_safe(&text, current, strlen(current), 100, false);
    }
    mig_buf_printf(&text, " (%" PRId64 " migration%s in total):\n", count, count == 1 ? "" : "s");
    memcpy(events->header, text.text, text.len + 1);
}

static void add_header(struct out_events *events, struct mig_buf *out)
{
    mig_buf_str(out, events->header);
    events->header[0] = '\0';
    events->at_work = true;
}

static void run_started(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    int64_t count = mig_doc_int(event, "migrations", -1);
    events->down = strcmp(mig_doc_str(event, "direction", "up"), "down") == 0;
    if (events->with_start) {
        mig_buf_str(out, "Run ");
        add_safe(out, mig_doc_str(event, "run", "?"));
        mig_buf_str(out, " on ");
        add_safe(out, mig_doc_str(event, "environment", "?"));
        mig_buf_str(out, ", started ");
        add_safe(out, mig_doc_str(event, "at", "?"));
        mig_buf_str(out, " by ");
        add_safe(out, mig_doc_str(event, "operator", "?"));
        mig_buf_str(out, " from ");
        add_safe(out, mig_doc_str(event, "host", "?"));
        mig_buf_char(out, '\n');
    }
    if (count == 0)
        mig_buf_str(out, "No migration files to execute\n");
    else if (count > 0)
        make_header(events, event, count);
}

static void check_done(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    const char *state = mig_doc_str(event, "state", "");
    if (strcmp(state, "ok") == 0 || strcmp(state, "none") == 0)
        return;
    mig_buf_str(out, "\n  -- check ");
    add_safe(out, mig_doc_str(event, "name", "?"));
    mig_buf_char(out, ' ');
    cli_ink(out, &events->style, CLI_BAD, strcmp(state, "failed") == 0 ? "failed" : "unknown");
    mig_buf_str(out, ": ");
    add_safe(out, mig_doc_str(event, "reason", ""));
    mig_buf_char(out, '\n');
}

static void backup_started(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    events->at_work = true;
    mig_buf_str(out, "  -- ");
    mig_event_backup(event, out);
    mig_buf_char(out, '\n');
}

static void migration_started(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    bool down = strcmp(mig_doc_str(event, "direction", events->down ? "down" : "up"), "down") == 0;
    const char *title = mig_doc_str(event, "title", "");
    add_header(events, out);
    mig_buf_printf(out, "\n  -- %s version ", down ? "rolling back" : "migrating");
    add_safe(out, mig_doc_str(event, "version", "?"));
    if (title[0]) {
        mig_buf_str(out, " (");
        add_safe(out, title);
        mig_buf_char(out, ')');
    }
    mig_buf_char(out, '\n');
}

static void name_step(const bson_t *event, struct mig_buf *out)
{
    mig_buf_str(out, "    -> ");
    add_safe(out, mig_doc_str(event, "step", "?"));
    mig_buf_str(out, ": ");
    add_safe(out, mig_doc_str(event, "kind", "?"));
    const char *collection = mig_doc_str(event, "collection", "");
    if (collection[0]) {
        mig_buf_char(out, ' ');
        add_safe(out, collection);
    }
    mig_buf_char(out, '\n');
}

static void step_started(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    events->in_step = true;
    events->step_at = mig_event_at(event);
    events->step_first_done = -1;
    events->progress_at = events->step_at;
    name_step(event, out);
}

/* Documents a second: as the runner measured, or since the step's first report. */
static double rate_of(const struct out_events *events, const bson_t *event, int64_t done, int64_t at)
{
    bson_iter_t iter;
    if (mig_doc_find(event, "rate", &iter)) {
        double rate = (double)mig_iter_int(&iter, 0);
        if (rate > 0)
            return rate;
    }
    int64_t ms = at - events->step_at;
    return ms > 0 && done > events->step_first_done
               ? (double)(done - events->step_first_done) * 1000.0 / (double)ms
               : 0;
}

static void progress(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    int64_t at = mig_event_at(event);
    int64_t done = mig_doc_int(event, "done", 0);
    if (events->step_first_done < 0)
        events->step_first_done = events->in_step ? 0 : done;
    if (at - events->progress_at < (events->style.tty ? PROGRESS_TTY_MS : PROGRESS_PIPE_MS) &&
        at >= events->progress_at)
        return;
    events->progress_at = at;
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, 1024);
    mig_buf_str(&text, "       ");
    mig_event_progress(event, rate_of(events, event, done, at), &text);
    if (!events->style.tty) {
        mig_buf_printf(out, "%s\n", text.text);
        return;
    }
    size_t room = events->style.columns > 1 ? (size_t)events->style.columns - 1 : 79;
    cli_cut(out, &events->style, text.text, room);
    events->open_line = true;
}

static void output(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    (void)events;
    mig_buf_str(out, "       | ");
    add_safe(out, mig_doc_str(event, "line", ""));
    mig_buf_char(out, '\n');
}

/* Counts that are not zero, then the time when it was long; nothing when there is nothing to say. */
static void step_done(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    struct mig_buf counts MIG_AUTOBUF;
    mig_buf_init(&counts, LINE_MAX_BYTES);
    if (!events->in_step) /* of a group that was committed whole: its steps have no beginning of their own */
        name_step(event, out);
    events->in_step = false;
    events->steps_ok++;
    mig_event_counts(event, &counts);
    if (counts.len > 0)
        mig_buf_printf(out, "       %s\n", counts.text);
}

static void step_failed(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    events->in_step = false;
    events->steps_failed++;
    events->migrations_failed = 1;
    mig_buf_str(out, "       ");
    cli_ink(out, &events->style, CLI_BAD, "failed:");
    mig_buf_char(out, ' ');
    add_safe(out, mig_doc_str(event, "message", "?"));
    mig_buf_char(out, '\n');
}

static void migration_done(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    events->migrations_ok++;
    mig_buf_str(out, "  -- ");
    cli_ink(out, &events->style, CLI_GOOD, "ok");
    mig_buf_str(out, " (");
    add_duration(out, mig_doc_int(event, "durationMs", 0));
    mig_buf_str(out, ")\n");
}

static void warning(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    events->warnings++;
    add_header(events, out);
    mig_buf_str(out, "  -- ");
    cli_ink(out, &events->style, CLI_WAIT, "warning:");
    mig_buf_char(out, ' ');
    add_safe(out, mig_doc_str(event, "message", ""));
    mig_buf_char(out, '\n');
}

static void run_stopping(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    const char *by = mig_doc_str(event, "by", "");
    (void)events;
    mig_buf_str(out, "  -- stopping after this step");
    if (by[0]) {
        mig_buf_str(out, ", asked by ");
        add_safe(out, by);
    }
    mig_buf_char(out, '\n');
}

static void footer_count(struct mig_buf *out, size_t ok, size_t failed, const char *noun)
{
    mig_buf_str(out, "  -- ");
    mig_text_count(out, ok, noun);
    if (failed > 0)
        mig_buf_printf(out, " ok, %zu with errors", failed);
    mig_buf_char(out, '\n');
}

/* The exit status that the process of the run had. */
static int exit_of(const bson_t *event, const char *status)
{
    const char *name = mig_doc_str(event, "error.name", NULL);
    for (int code = 0; name && code < MIG_ERROR_CODES; code++) {
        if (strcmp(mig_error_name(code), name) == 0 && code != MIG_OK)
            return mig_error_exit(code);
    }
    if (strcmp(status, "succeeded") == 0)
        return 0;
    return mig_error_exit(strcmp(status, "stopped") == 0  ? MIG_ERR_CANCELLED
                          : strcmp(status, "fenced") == 0 ? MIG_ERR_FENCED
                                                          : MIG_ERR_FAILED);
}

static void run_finished(struct out_events *events, const bson_t *event, struct mig_buf *out)
{
    const char *status = mig_doc_str(event, "status", "unknown");
    events->finished = true;
    events->exit_status = exit_of(event, status);
    if (events->migrations_ok + events->migrations_failed + events->steps_ok > 0) {
        mig_buf_printf(out, "\n" RULE "  -- ");
        add_duration(out, mig_doc_int(event, "durationMs", 0));
        mig_buf_char(out, '\n');
        footer_count(out, events->migrations_ok, events->migrations_failed, "migration");
        footer_count(out, events->steps_ok, events->steps_failed, "step");
    }
    if (strcmp(status, "succeeded") == 0 && mig_doc_str(event, "file", NULL)) {
        mig_buf_str(out, "  -- ");
        cli_ink(out, &events->style, CLI_GOOD, "ok");
        mig_buf_str(out, " (");
        add_duration(out, mig_doc_int(event, "durationMs", 0));
        mig_buf_str(out, ") ");
        mig_event_backed_up(event, out);
        mig_buf_char(out, '\n');
    }
    if (strcmp(status, "succeeded") == 0 || (!events->at_work && !events->with_error))
        return;
    char *shown MIG_AUTOFREE = mig_text_safe_dup(status, 40);
    mig_buf_str(out, "  -- ");
    cli_ink(out, &events->style, strcmp(status, "stopped") == 0 ? CLI_WAIT : CLI_BAD, shown);
    mig_buf_char(out, '\n');
    const char *message = mig_doc_str(event, "error.message", "");
    const char *hint = mig_doc_str(event, "error.hint", "");
    if (events->with_error && message[0]) {
        mig_buf_char(out, '\n');
        add_safe(out, message);
        mig_buf_str(out, hint[0] ? "\n  Next    " : "\n");
        add_safe(out, hint);
        mig_buf_str(out, hint[0] ? "\n" : "");
    }
}

static const struct {
    const char *name;
    void (*tell)(struct out_events *events, const bson_t *event, struct mig_buf *out);
} rows[] = {
    { "run.started", run_started },
    { "check.done", check_done },
    { "backup.started", backup_started },
    { "migration.started", migration_started },
    { "step.started", step_started },
    { "progress", progress },
    { "output", output },
    { "step.done", step_done },
    { "step.failed", step_failed },
    { "migration.done", migration_done },
    { "warning", warning },
    { "run.stopping", run_stopping },
    { "run.finished", run_finished },
};

void out_events_feed(struct out_events *events, const bson_t *event)
{
    const char *name = mig_doc_str(event, "event", "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, LINE_MAX_BYTES);
        bool open = events->open_line;
        events->open_line = false;
        rows[i].tell(events, event, &text);
        if (text.len > 0 && open)
            events->write(events->ctx, "\r\033[K", 4);
        else
            events->open_line = events->open_line || open;
        if (text.len > 0)
            events->write(events->ctx, text.text, text.len);
        return;
    }
}
