/* log_lines.c - a run's events, one a line, and what they add up to. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "views/log_private.h"

static bool event_at(const struct mig_seen_log *seen, uint64_t number, bson_t *ret)
{
    return seen && number >= seen->first && mig_seen_log_event(seen, number - seen->first, ret);
}

/* ---- what they add up to ---- */

static void copy(char *ret, size_t size, const bson_t *event, const char *member)
{
    const char *text = mig_doc_str(event, member, "");
    if (text[0])
        snprintf(ret, size, "%s", text);
    mig_utf8_trim(ret);
}

static void add(struct log_sum *sum, const bson_t *event)
{
    const char *name = mig_doc_str(event, "event", "");
    if (strcmp(name, "run.started") == 0) {
        sum->started_at = mig_event_at(event);
        sum->migrations = mig_doc_int(event, "migrations", sum->migrations);
        copy(sum->command, sizeof sum->command, event, "command");
        copy(sum->by, sizeof sum->by, event, "operator");
    } else if (strcmp(name, "migration.started") == 0) {
        copy(sum->version, sizeof sum->version, event, "version");
        sum->step[0] = '\0';
    } else if (strcmp(name, "migration.done") == 0) {
        sum->migrations_done++;
        sum->done = sum->total = 0;
    } else if (strcmp(name, "step.started") == 0) {
        copy(sum->step, sizeof sum->step, event, "step");
        sum->step_at = mig_event_at(event);
        sum->done = sum->total = sum->rate = 0;
    } else if (strcmp(name, "progress") == 0) {
        sum->done = mig_doc_int(event, "done", 0);
        sum->total = mig_doc_int(event, "total", 0);
        sum->rate = mig_doc_int(event, "rate", 0);
        copy(sum->step, sizeof sum->step, event, "step");
    } else if (strcmp(name, "step.failed") == 0) {
        sum->failures++;
    } else if (strcmp(name, "run.finished") == 0) {
        sum->finished_at = mig_event_at(event);
        sum->duration_ms = mig_doc_int(event, "durationMs", -1);
        copy(sum->status, sizeof sum->status, event, "status");
    }
}

void log_update(struct log *log, const struct view_frame *frame)
{
    const struct mig_snap_answer *answer =
        mig_snapshot_answer(frame->snapshot, MIG_QUERY_LOG, log->env, log->run);
    struct mig_seen_log *seen = answer ? answer->value : NULL;
    if (seen == log->seen)
        return;
    mig_unshare(log->seen);
    log->seen = mig_share(seen);
    if (!seen)
        return;
    uint64_t end = (uint64_t)seen->first + seen->count;
    /* begun anew, also when it only seemed to be over */
    if (log->sum.next > end || (log->sum.status[0] && !seen->over))
        log->sum = (struct log_sum){ 0 };
    if (log->sum.next < seen->first)
        log->sum.next = seen->first;
    for (; log->sum.next < end; log->sum.next++) {
        bson_t event;
        if (event_at(seen, log->sum.next, &event))
            add(&log->sum, &event);
    }
    struct tui_text_lines lines = log_lines(log);
    tui_textview_work(&log->text, &lines);
}

/* ---- lines ---- */

/* What the newest step that failed before this line has said; "" when none has. Between it and the end of its run stand a few
 * lines at most. */
static void failure_before(const struct mig_seen_log *seen, uint64_t number, struct mig_buf *ret)
{
    enum { NEAR = 16 };
    for (uint64_t i = 1; i <= NEAR && number >= seen->first + i; i++) {
        bson_t event;
        if (!event_at(seen, number - i, &event) ||
            strcmp(mig_doc_str(&event, "event", ""), "step.failed") != 0)
            continue;
        mig_buf_str(ret, mig_doc_str(&event, "message", ""));
        return;
    }
}

enum mig_event_tone log_line_text(const struct log *log, uint64_t number, enum log_time times,
                                  struct mig_buf *out)
{
    bson_t event;
    if (!event_at(log->seen, number, &event))
        return MIG_TONE_PLAIN;
    int64_t at = mig_event_at(&event);
    char time[MIG_TIME_SIZE] = "";
    if (times == LOG_CLOCK && at > 0) {
        mig_time_iso(at, time);
        mig_buf_printf(out, "%.12s ", strlen(time) > 23 ? time + 11 : "            ");
    } else if (times == LOG_SINCE && at > 0) {
        double since = log->sum.started_at > 0 ? (double)(at - log->sum.started_at) / 1000.0 : 0;
        mig_buf_printf(out, "%+9.3fs ", since);
    }
    struct mig_buf said MIG_AUTOBUF;
    mig_buf_init(&said, 64UL * 1024);
    if (strcmp(mig_doc_str(&event, "event", ""), "run.finished") == 0)
        failure_before(log->seen, number, &said);
    return mig_event_line_after(&event, said.len > 0 ? said.text : NULL, out);
}

static void line(void *ctx, uint64_t number, struct tui_text_line *ret)
{
    static const enum tui_style styles[] = {
        [MIG_TONE_DETAIL] = TUI_DIM, [MIG_TONE_PLAIN] = TUI_PLAIN, [MIG_TONE_GOOD] = TUI_GOOD,
        [MIG_TONE_WARN] = TUI_WARN,  [MIG_TONE_BAD] = TUI_BAD,
    };
    struct log *log = ctx;
    log->asked++;
    mig_buf_reset(&log->line);
    enum mig_event_tone tone = log_line_text(log, number, LOG_NO_TIME, &log->line);
    ret->style = styles[tone];
    if (log->times != LOG_NO_TIME) {
        mig_buf_reset(&log->line);
        log_line_text(log, number, log->times, &log->line);
        ret->spans[0] =
            (struct tui_span){ .at = 0, .len = log->times == LOG_CLOCK ? 12 : 10, .style = TUI_DIM };
        if (ret->spans[0].len > log->line.len)
            ret->spans[0].len = log->line.len;
    }
    ret->text = log->line.text;
    ret->len = log->line.len;
}

struct tui_text_lines log_lines(struct log *log)
{
    return (struct tui_text_lines){ .first = log->seen ? log->seen->first : 0,
                                    .count = log->seen ? log->seen->count : 0,
                                    .ctx = log,
                                    .line = line };
}

uint64_t log_next_failure(const struct log *log, uint64_t from, bool backward)
{
    if (!log->seen || log->seen->count == 0)
        return UINT64_MAX;
    struct mig_buf text;
    uint64_t first = log->seen->first;
    uint64_t end = first + log->seen->count;
    uint64_t found = UINT64_MAX;
    mig_buf_init(&text, 64UL * 1024);
    for (uint64_t i = from; i >= first && i < end; i += backward ? UINT64_MAX : 1) {
        mig_buf_reset(&text);
        if (log_line_text(log, i, LOG_NO_TIME, &text) == MIG_TONE_BAD) {
            found = i;
            break;
        }
    }
    mig_buf_done(&text);
    return found;
}
