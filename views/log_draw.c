/* log_draw.c - one line on where the run stands, then its log. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "views/log_private.h"

/* The run holds the lock of its environment: how long ago it gave a sign of life. -1: it does not hold it. */
static int64_t beat_age(const struct log *log, const struct view_frame *frame)
{
    const struct mig_snap_env *env = log->env ? mig_snapshot_env(frame->snapshot, log->env->name) : NULL;
    const struct mig_lock *lock =
        env && env->seen && env->seen->look.history ? &env->seen->look.history->lock : NULL;
    if (!lock || !lock->exists || strcmp(lock->run, log->run) != 0 || !lock->owner[0])
        return -1;
    int64_t age = lock->server_now - lock->beat_at + (frame->now_ms - env->asked_ms);
    return age < 0 ? 0 : age;
}

/* Why the newest question for the log was not answered; NULL: it was. */
static const struct mig_error *unheard(const struct log *log, const struct view_frame *frame, int64_t *ret_ms)
{
    const struct mig_snap_answer *answer =
        mig_snapshot_answer(frame->snapshot, MIG_QUERY_LOG, log->env, log->run);
    if (!answer || answer->error.code == MIG_OK || !log->seen || log->seen->over)
        return NULL;
    *ret_ms = frame->now_ms > answer->asked_ms ? frame->now_ms - answer->asked_ms : 0;
    return &answer->error;
}

static enum tui_style status_of(const struct log *log, const struct view_frame *frame, const char **ret)
{
    const struct log_sum *sum = &log->sum;
    int64_t ms;
    bool over = log->seen && log->seen->over;
    *ret = sum->status[0]             ? sum->status
           : over                     ? "over"
           : unheard(log, frame, &ms) ? "was running"
                                      : "running";
    return strcmp(*ret, "was running") == 0 ? TUI_WARN : view_status_style(*ret);
}

static int64_t length_of(const struct log *log, const struct view_frame *frame)
{
    const struct log_sum *sum = &log->sum;
    if (sum->finished_at > 0 && sum->duration_ms >= 0)
        return sum->duration_ms; /* the same figure as in its last line */
    int64_t end = sum->finished_at > 0 ? sum->finished_at : frame->wall_ms;
    return sum->started_at > 0 && end > sum->started_at ? end - sum->started_at : 0;
}

static void add_progress(const struct log *log, bool narrow, struct mig_buf *out)
{
    const struct log_sum *sum = &log->sum;
    if (sum->migrations > 0)
        mig_buf_printf(out, "  %lld of %lld%s", (long long)sum->migrations_done, (long long)sum->migrations,
                       narrow ? "" : " migrations");
    if (sum->status[0] || sum->total <= 0)
        return;
    mig_buf_str(out, "  ");
    mig_buf_str(out, sum->step);
    mig_buf_printf(out, " %d%%", view_percent(sum->done, sum->total));
    int64_t ms = mig_event_left_ms(sum->done, sum->total, (double)sum->rate);
    if (ms >= 0) {
        mig_buf_str(out, "  ");
        mig_event_seconds(ms, out);
        mig_buf_str(out, " left");
    }
    if (sum->rate > 0 && !narrow) {
        mig_buf_str(out, "  ");
        mig_text_number(out, sum->rate);
        mig_buf_str(out, "/s");
    }
}

static void add_length(int64_t ms, bool over, struct mig_buf *out)
{
    char text[MIG_TIME_SIZE];
    mig_time_duration(ms, text);
    if (over)
        mig_buf_str(out, text);
    else
        mig_event_seconds(ms, out);
}

/* apply on test by ana  running 3m12s  2 of 4 migrations  skus 62%  1,204/s  15s left  lock 4s [=====>    ] */
static void draw_head(const struct log *log, const struct view_frame *frame, const struct tui_pane *pane)
{
    char name[96];
    const char *status;
    enum tui_style style = status_of(log, frame, &status);
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, 1024);
    view_env_name(log->env, name, sizeof name);
    int x = tui_printf(pane, 0, 0, TUI_STRONG, "%s on ", log->sum.command[0] ? log->sum.command : "run");
    x += tui_text(pane, x, 0, view_env_style(log->env), name);
    x += tui_text(pane, x, 0, TUI_PLAIN, "  ");
    x += tui_text(pane, x, 0, style, status);
    int64_t age = beat_age(log, frame);
    if (log->sum.started_at > 0) {
        mig_buf_char(&text, ' ');
        add_length(length_of(log, frame), log->sum.finished_at > 0, &text);
    }
    add_progress(log, pane->w < 90, &text);
    if (age >= 0) {
        char sign[VIEW_TIME_SIZE];
        view_age(age, sign);
        mig_buf_printf(&text, "  lock beat %s", sign);
    }
    int bar = log->sum.total > 0 && !log->sum.status[0] ? pane->w - x - tui_width(text.text) - 2 : 0;
    tui_field(pane, x, 0, pane->w - x, TUI_PLAIN, text.text);
    if (bar >= 8)
        view_bar(pane, x + tui_width(text.text) + 2, 0, bar > 30 ? 30 : bar, log->sum.done, log->sum.total);
}

static void title_of(struct log *log, const struct view_frame *frame, char *ret, size_t size)
{
    struct tui_text_lines lines = log_lines(log);
    size_t below = tui_textview_below(&log->text, &lines);
    const char *find = log->text.find;
    const char *kept = log->text.filter;
    bool over = log->seen && log->seen->over;
    char state[160];
    char age[VIEW_TIME_SIZE];
    int64_t ms;
    if (unheard(log, frame, &ms)) {
        view_age(ms, age);
        snprintf(state, sizeof state, "%s old: %.80s does not answer; the run may go on", age,
                 log->env->name);
    } else if (log->text.follow)
        snprintf(state, sizeof state, "%s", over ? "the end" : "following");
    else if (below > 0)
        snprintf(state, sizeof state, "%s, %zu below", over ? "log" : "paused", below);
    else
        snprintf(state, sizeof state, "%s", over ? "log" : "paused");
    snprintf(ret, size, "%c%s%s%s%s%s%s%s", state[0] >= 'a' ? state[0] - 'a' + 'A' : state[0], state + 1,
             kept[0] ? "  &" : "", kept, find[0] ? "  /" : "", find,
             find[0] && log->text.not_found ? " (no more)" : "", log->text.wrap ? "" : "  lines cut (w)");
}

static void note_of(const struct log *log, char *ret, size_t size)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, 512);
    if (log->seen) {
        mig_text_count(&text, (int64_t)log->seen->count, "line");
        if (log->seen->first > 0) {
            mig_buf_str(&text, ", older ones let go: ");
            mig_text_number(&text, (int64_t)log->seen->first);
        }
    }
    if (log->sum.failures > 0)
        mig_buf_printf(&text, "%s%zu failed step%s (E)", text.len ? ", " : "", log->sum.failures,
                       log->sum.failures == 1 ? "" : "s");
    snprintf(ret, size, "%s", text.text);
}

void log_draw(struct log *log, const struct view_frame *frame, const struct tui_pane *pane)
{
    char title[384] = "";
    char note[128];
    log_update(log, frame);
    draw_head(log, frame, pane);
    struct tui_pane below = tui_pane_part(pane, 0, 1, pane->w, pane->h - 1);
    struct tui_pane box = view_box(&below, "", NULL);
    struct tui_pane inner = view_search_draw(&log->search, &box);
    struct tui_text_lines lines = log_lines(log);
    if (lines.count > 0) {
        tui_textview_draw(&log->text, &lines, &inner);
    } else {
        const struct mig_snap_answer *answer =
            mig_snapshot_answer(frame->snapshot, MIG_QUERY_LOG, log->env, log->run);
        char text[MIG_ERROR_MESSAGE_MAX + 64];
        if (answer && answer->error.code != MIG_OK)
            snprintf(text, sizeof text, "The log can't be read:\n%s", answer->error.message);
        else
            snprintf(text, sizeof text, log->seen ? "No event yet." : "Asking %s for the log…",
                     log->env->name);
        view_empty(&inner, text);
    }
    title_of(log, frame, title, sizeof title);
    note_of(log, note, sizeof note);
    view_box(&below, title, note);
}
