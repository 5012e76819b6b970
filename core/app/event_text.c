/* event_text.c - one function an event, found by its name. */
#include "app/event_text.h"

#include <string.h>

#include "base/doc.h"
#include "base/text.h"
#include "base/timefmt.h"

#define TEXT_MAX_CHARS 4000
#define SLOW_STEP_MS   1000

static void add_member(struct mig_buf *out, const bson_t *event, const char *name, const char *missing)
{
    const char *text = mig_doc_str(event, name, missing);
    mig_text_safe(out, text, strlen(text), TEXT_MAX_CHARS, false);
}

static void add_duration(struct mig_buf *out, int64_t ms)
{
    char text[MIG_TIME_SIZE];
    mig_time_duration(ms, text);
    mig_buf_str(out, text);
}

/* ", 4.2s" when the event tells. */
static void add_took(struct mig_buf *out, const bson_t *event)
{
    int64_t ms = mig_doc_int(event, "durationMs", -1);
    if (ms < 0)
        return;
    mig_buf_str(out, ", ");
    add_duration(out, ms);
}

int64_t mig_event_at(const bson_t *event)
{
    int64_t ms = 0;
    const char *text = mig_doc_str(event, "at", NULL);
    if (text && mig_time_parse(text, &ms))
        return ms;
    return mig_doc_time(event, "at", 0);
}

void mig_event_seconds(int64_t ms, struct mig_buf *out)
{
    if (ms >= 0 && ms < 60000)
        mig_buf_printf(out, "%llds", (long long)(ms / 1000));
    else
        add_duration(out, ms);
}

int64_t mig_event_left_ms(int64_t done, int64_t total, double rate)
{
    if (rate <= 0 || total <= done)
        return -1;
    double left = (double)(total - done) / rate * 1000.0;
    return left < 9e14 ? ((int64_t)left + 999) / 1000 * 1000 : -1;
}

void mig_event_progress(const bson_t *event, double rate, struct mig_buf *out)
{
    int64_t done = mig_doc_int(event, "done", 0);
    int64_t total = mig_doc_int(event, "total", 0);
    mig_text_number(out, done);
    if (total > 0) {
        mig_buf_str(out, " of ");
        mig_text_number(out, total);
    }
    mig_buf_str(out, mig_doc_str(event, "what", "")[0] ? " " : "");
    add_member(out, event, "what", "");
    if (total > 0)
        mig_buf_printf(out, " (%d%%)", (int)(done >= total ? 100 : (double)done * 100.0 / (double)total));
    if (rate >= 1) {
        mig_buf_str(out, ", ");
        mig_text_number(out, (int64_t)rate);
        mig_buf_str(out, "/s");
    }
    int64_t left = mig_event_left_ms(done, total, rate);
    if (left >= 0) {
        mig_buf_str(out, ", ");
        mig_event_seconds(left, out);
        mig_buf_str(out, " left");
    }
}

void mig_event_backup(const bson_t *event, struct mig_buf *out)
{
    bool restore = strcmp(mig_doc_str(event, "command", ""), "restore") == 0;
    mig_buf_str(out, restore ? "restoring " : "reading ");
    mig_text_count(out, mig_doc_int(event, "collections", 0), "collection");
    mig_buf_str(out, ", ");
    mig_text_count(out, mig_doc_int(event, "documents", 0), "document");
    mig_buf_str(out, ", ");
    mig_text_size(out, mig_doc_int(event, "bytes", 0));
    if (restore) {
        mig_buf_str(out, " into ");
        add_member(out, event, "database", "?");
    }
}

void mig_event_backed_up(const bson_t *event, struct mig_buf *out)
{
    const char *proof = mig_doc_str(event, "proof", "");
    if (!mig_doc_str(event, "file", NULL))
        return;
    add_member(out, event, "file", "");
    mig_buf_str(out, ": ");
    mig_text_count(out, mig_doc_int(event, "documents", 0), "document");
    mig_buf_str(out, " of ");
    mig_text_count(out, mig_doc_int(event, "collections", 0), "collection");
    mig_buf_str(out, ", ");
    mig_text_size(out, mig_doc_int(event, "bytes", 0));
    if (mig_doc_int(event, "size", 0) > 0) {
        mig_buf_str(out, " in ");
        mig_text_size(out, mig_doc_int(event, "size", 0));
    }
    if (proof[0])
        mig_buf_str(out, strcmp(proof, "ok") == 0 ? ", verified" : ", not verified");
}

void mig_event_counts(const bson_t *event, struct mig_buf *out)
{
    static const char *const counts[] = { "inserted", "modified", "deleted" };
    int64_t ms = mig_doc_int(event, "durationMs", 0);
    const char *separator = "";
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        int64_t count = mig_doc_int(event, counts[i], 0);
        if (count <= 0)
            continue;
        mig_buf_str(out, separator);
        mig_text_number(out, count);
        mig_buf_printf(out, " %s", counts[i]);
        separator = ", ";
    }
    if (mig_doc_str(event, "note", "")[0]) {
        mig_buf_str(out, separator);
        add_member(out, event, "note", "");
        separator = ", ";
    }
    if (ms >= SLOW_STEP_MS) {
        mig_buf_str(out, separator);
        add_duration(out, ms);
    }
}

static enum mig_event_tone run_started(const bson_t *event, struct mig_buf *out)
{
    mig_buf_str(out, "run ");
    add_member(out, event, "run", "?");
    mig_buf_str(out, " on ");
    add_member(out, event, "environment", "?");
    mig_buf_str(out, " by ");
    add_member(out, event, "operator", "?");
    mig_buf_str(out, " from ");
    add_member(out, event, "host", "?");
    int64_t migrations = mig_doc_int(event, "migrations", -1);
    if (migrations >= 0) {
        mig_buf_str(out, ": ");
        add_member(out, event, "command", "apply");
        mig_buf_char(out, ' ');
        mig_text_count(out, migrations, "migration");
        mig_buf_str(out, ", ");
        mig_text_count(out, mig_doc_int(event, "steps", 0), "step");
    }
    return MIG_TONE_PLAIN;
}

static enum mig_event_tone lock_acquired(const bson_t *event, struct mig_buf *out)
{
    mig_buf_printf(out, "lock is ours, token %lld", (long long)mig_doc_int(event, "token", 0));
    if (!mig_doc_str(event, "tookOver", "")[0])
        return MIG_TONE_PLAIN;
    mig_buf_str(out, ", taken over from run ");
    add_member(out, event, "tookOver", "?");
    return MIG_TONE_WARN;
}

static enum mig_event_tone check_done(const bson_t *event, struct mig_buf *out)
{
    const char *state = mig_doc_str(event, "state", "");
    mig_buf_str(out, "check ");
    add_member(out, event, "name", "?");
    mig_buf_char(out, ' ');
    add_member(out, event, "state", "unknown");
    if (mig_doc_str(event, "reason", "")[0]) {
        mig_buf_str(out, ": ");
        add_member(out, event, "reason", "");
    }
    return strcmp(state, "ok") == 0     ? MIG_TONE_PLAIN
           : strcmp(state, "none") == 0 ? MIG_TONE_DETAIL
                                        : MIG_TONE_BAD;
}

static void add_migration(struct mig_buf *out, const bson_t *event)
{
    add_member(out, event, "version", "?");
    if (mig_doc_str(event, "title", "")[0]) {
        mig_buf_str(out, " (");
        add_member(out, event, "title", "");
        mig_buf_char(out, ')');
    }
}

static bool is_down(const bson_t *event)
{
    return strcmp(mig_doc_str(event, "direction", "up"), "down") == 0;
}

static enum mig_event_tone migration_started(const bson_t *event, struct mig_buf *out)
{
    mig_buf_str(out, is_down(event) ? "rolling back " : "migrating ");
    add_migration(out, event);
    return MIG_TONE_PLAIN;
}

static enum mig_event_tone migration_done(const bson_t *event, struct mig_buf *out)
{
    mig_buf_str(out, is_down(event) ? "rolled back " : "applied ");
    add_migration(out, event);
    add_took(out, event);
    return MIG_TONE_GOOD;
}

static void add_step(struct mig_buf *out, const bson_t *event)
{
    mig_buf_str(out, "step ");
    add_member(out, event, "step", "?");
    if (mig_doc_str(event, "kind", "")[0]) {
        mig_buf_str(out, " (");
        add_member(out, event, "kind", "");
        mig_buf_char(out, ')');
    }
}

static enum mig_event_tone step_started(const bson_t *event, struct mig_buf *out)
{
    add_step(out, event);
    return MIG_TONE_PLAIN;
}

static enum mig_event_tone step_done(const bson_t *event, struct mig_buf *out)
{
    add_step(out, event);
    mig_buf_str(out, " done");
    size_t before = out->len;
    mig_buf_str(out, ": ");
    mig_event_counts(event, out);
    if (out->len == before + 2) { /* nothing to count */
        out->len = before;
        out->text[before] = '\0';
    }
    return MIG_TONE_PLAIN;
}

static enum mig_event_tone step_failed(const bson_t *event, struct mig_buf *out)
{
    add_step(out, event);
    mig_buf_str(out, " failed: ");
    add_member(out, event, "message", "no reason was recorded");
    return MIG_TONE_BAD;
}

static enum mig_event_tone progress(const bson_t *event, struct mig_buf *out)
{
    add_member(out, event, "step", "?");
    mig_buf_str(out, ": ");
    mig_event_progress(event, (double)mig_doc_int(event, "rate", 0), out);
    return MIG_TONE_DETAIL;
}

static enum mig_event_tone output(const bson_t *event, struct mig_buf *out)
{
    add_member(out, event, "step", "?");
    mig_buf_str(out, " | ");
    add_member(out, event, "line", "");
    return MIG_TONE_DETAIL;
}

static enum mig_event_tone warning(const bson_t *event, struct mig_buf *out)
{
    add_member(out, event, "message", "");
    return MIG_TONE_WARN;
}

static enum mig_event_tone run_stopping(const bson_t *event, struct mig_buf *out)
{
    mig_buf_str(out, "stopping after this step");
    if (mig_doc_str(event, "by", "")[0]) {
        mig_buf_str(out, ", asked by ");
        add_member(out, event, "by", "");
    }
    return MIG_TONE_WARN;
}

static enum mig_event_tone run_finished(const bson_t *event, const char *said, struct mig_buf *out)
{
    const char *status = mig_doc_str(event, "status", "unknown");
    bool of_data = mig_doc_str(event, "command", "")[0] != '\0'; /* a backup, restore or drill */
    add_member(out, event, of_data ? "command" : "", "run");
    mig_buf_char(out, ' ');
    add_member(out, event, "status", "unknown");
    if (!of_data) {
        mig_buf_str(out, ": ");
        mig_text_count(out, mig_doc_int(event, "applied", 0), "migration");
        mig_buf_str(out, ", ");
        mig_text_count(out, mig_doc_int(event, "steps", 0), "step");
    } else if (mig_doc_str(event, "file", NULL)) {
        mig_buf_str(out, ": ");
        mig_event_backed_up(event, out);
    }
    add_took(out, event);
    const char *error = mig_doc_str(event, "error.message", "");
    if (error[0] && !(said && strcmp(error, said) == 0)) {
        mig_buf_str(out, "; ");
        add_member(out, event, "error.message", "");
    }
    if (mig_doc_str(event, "error.hint", "")[0]) {
        mig_buf_str(out, ". Next: ");
        add_member(out, event, "error.hint", "");
    }
    return strcmp(status, "succeeded") == 0 ? MIG_TONE_GOOD
           : strcmp(status, "stopped") == 0 ? MIG_TONE_WARN
                                            : MIG_TONE_BAD;
}

static enum mig_event_tone backup_started(const bson_t *event, struct mig_buf *out)
{
    mig_event_backup(event, out);
    return MIG_TONE_PLAIN;
}

static const struct {
    const char *name;
    enum mig_event_tone (*say)(const bson_t *event, struct mig_buf *out);
} rows[] = {
    { "run.started", run_started },
    { "lock.acquired", lock_acquired },
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
};

enum mig_event_tone mig_event_line_after(const bson_t *event, const char *said, struct mig_buf *out)
{
    const char *name = mig_doc_str(event, "event", "");
    if (strcmp(name, "run.finished") == 0)
        return run_finished(event, said, out);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].say(event, out);
    }
    mig_doc_print(out, event, TEXT_MAX_CHARS);
    return MIG_TONE_PLAIN;
}

enum mig_event_tone mig_event_line(const bson_t *event, struct mig_buf *out)
{
    return mig_event_line_after(event, NULL, out);
}
