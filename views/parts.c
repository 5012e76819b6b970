/* parts.c - see parts.h. */
#include "views/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"
#include "base/text.h"
#include "base/timefmt.h"

/* ---- times ---- */

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

void view_age(int64_t ms, char ret[static VIEW_TIME_SIZE])
{
    if (ms < 0)
        ms = 0;
    if (ms < MINUTE_MS)
        snprintf(ret, VIEW_TIME_SIZE, "%llds", (long long)(ms / SECOND_MS));
    else if (ms < HOUR_MS)
        snprintf(ret, VIEW_TIME_SIZE, "%lldm", (long long)(ms / MINUTE_MS));
    else if (ms < 2 * DAY_MS)
        snprintf(ret, VIEW_TIME_SIZE, "%lldh", (long long)(ms / HOUR_MS));
    else
        snprintf(ret, VIEW_TIME_SIZE, "%lldd", (long long)(ms / DAY_MS));
}

/* Of another year as seen from now. */
static bool other_year(const char *iso, int64_t now_ms)
{
    char now[MIG_TIME_SIZE];
    mig_time_iso(now_ms, now);
    return strncmp(iso, now, 4) != 0;
}

void view_when_short(int64_t wall_ms, int64_t now_ms, char ret[static VIEW_TIME_SIZE])
{
    char iso[MIG_TIME_SIZE];
    ret[0] = '\0';
    if (wall_ms <= 0)
        return;
    mig_time_iso(wall_ms, iso);
    if (now_ms - wall_ms < MINUTE_MS && now_ms >= wall_ms)
        snprintf(ret, VIEW_TIME_SIZE, "now");
    else if (now_ms - wall_ms < DAY_MS && now_ms >= wall_ms)
        view_age(now_ms - wall_ms, ret);
    else if (strlen(iso) > 10)
        snprintf(ret, VIEW_TIME_SIZE, "%.*s", other_year(iso, now_ms) ? 4 : 5,
                 other_year(iso, now_ms) ? iso : iso + 5);
}

void view_when(int64_t wall_ms, int64_t now_ms, char ret[static VIEW_TIME_SIZE])
{
    char iso[MIG_TIME_SIZE];
    char age[VIEW_TIME_SIZE];
    ret[0] = '\0';
    if (wall_ms <= 0)
        return;
    mig_time_iso(wall_ms, iso);
    view_age(now_ms - wall_ms, age);
    if (now_ms - wall_ms < DAY_MS && now_ms >= wall_ms)
        snprintf(ret, VIEW_TIME_SIZE, "%.10s%s", now_ms - wall_ms < MINUTE_MS ? "just now" : age,
                 now_ms - wall_ms < MINUTE_MS ? "" : " ago");
    else if (strlen(iso) > 16 && other_year(iso, now_ms))
        snprintf(ret, VIEW_TIME_SIZE, "%.10s", iso);
    else if (strlen(iso) > 16)
        snprintf(ret, VIEW_TIME_SIZE, "%.5s %.5s", iso + 5, iso + 11);
}

void view_clock(int64_t wall_ms, int64_t now_ms, char ret[static VIEW_TIME_SIZE])
{
    char iso[MIG_TIME_SIZE];
    char now[MIG_TIME_SIZE];
    ret[0] = '\0';
    mig_time_iso(wall_ms, iso);
    mig_time_iso(now_ms, now);
    if (wall_ms <= 0 || strlen(iso) < 20)
        return;
    if (strncmp(iso, now, 10) == 0)
        snprintf(ret, VIEW_TIME_SIZE, "%.8s", iso + 11);
    else
        snprintf(ret, VIEW_TIME_SIZE, "%.5s %.8s", iso + 5, iso + 11);
}

int64_t view_doc_time(const bson_t *doc, const char *key)
{
    int64_t ms = 0;
    const char *text = mig_doc_str(doc, key, NULL);
    if (text)
        return mig_time_parse(text, &ms) ? ms : 0;
    return mig_doc_time(doc, key, 0);
}

/* ---- environments and states ---- */

bool view_env_stale(const struct mig_snap_env *env, int64_t now_ms)
{
    return env->error.code != MIG_OK || !env->seen || now_ms - env->seen_ms > VIEW_STALE_MS;
}

const struct mig_seen_drift *view_drift(const struct mig_snapshot *snapshot,
                                        const struct cfg_environment *env)
{
    const struct mig_snap_answer *answer = mig_snapshot_answer(snapshot, MIG_QUERY_DRIFT, env, "");
    return answer ? answer->value : NULL;
}

size_t view_wants_drift(const struct view_frame *frame, struct view_want ret[static VIEW_WANTS_MAX])
{
    size_t count = 0;
    for (; count < frame->snapshot->env_count && count + 1 < VIEW_WANTS_MAX; count++)
        ret[count] = (struct view_want){ .kind = MIG_QUERY_DRIFT, .env = frame->snapshot->envs[count].env };
    return count;
}

void view_drift_text(const struct mig_seen_drifted *drifted, char *ret, size_t size)
{
    static const char *const says[MIG_DRIFTS] = {
        [MIG_DRIFT_CHANGED] = "is not what the last run left: options, validator or indexes",
        [MIG_DRIFT_REMOVED] = "is gone since the last run",
        [MIG_DRIFT_APPEARED] = "is there, where the last run left none",
    };
    const char *what = says[drifted->drift];
    snprintf(ret, size, "%.200s %s", drifted->collection, what ? what : mig_drift_word(drifted->drift));
}

enum tui_style view_state_style(enum mig_state state)
{
    static const enum tui_style styles[MIG_STATES] = {
        [MIG_APPLIED] = TUI_GOOD, [MIG_PENDING] = TUI_PLAIN,   [MIG_RUNNING] = TUI_INFO,
        [MIG_FAILED] = TUI_BAD,   [MIG_INTERRUPTED] = TUI_BAD, [MIG_CHANGED] = TUI_BAD,
        [MIG_MISSING] = TUI_BAD,  [MIG_LATE] = TUI_WARN,       [MIG_BLOCKED] = TUI_WARN,
    };
    return (unsigned)state < MIG_STATES ? styles[state] : TUI_BAD;
}

enum tui_style view_env_style(const struct cfg_environment *env)
{
    return env->is_protected ? TUI_DANGER : TUI_TITLE;
}

void view_env_name(const struct cfg_environment *env, char *ret, size_t size)
{
    snprintf(ret, size, "%s%s", env->name, env->is_protected ? "!" : "");
}

enum tui_style view_gate_style(enum mig_gate_state state)
{
    switch (state) {
    case MIG_GATE_OK: return TUI_GOOD;
    case MIG_GATE_FAILED: return TUI_BAD;
    case MIG_GATE_NONE: return TUI_DIM;
    case MIG_GATE_UNKNOWN: break;
    }
    return TUI_WARN;
}

const char *view_gate_mark(enum mig_gate_state state, bool utf8)
{
    if (state == MIG_GATE_NONE)
        return "-";
    return tui_mark(state == MIG_GATE_OK       ? TUI_MARK_OK
                    : state == MIG_GATE_FAILED ? TUI_MARK_NO
                                               : TUI_MARK_UNKNOWN,
                    utf8);
}

enum tui_style view_status_style(const char *status)
{
    static const struct {
        const char *word;
        enum tui_style style;
    } rows[] = {
        { "succeeded", TUI_GOOD }, { "applied", TUI_GOOD },   { "reverted", TUI_GOOD },
        { "finished", TUI_GOOD },  { "approved", TUI_GOOD },  { "ok", TUI_GOOD },
        { "running", TUI_INFO },   { "reverting", TUI_INFO }, { "waiting", TUI_INFO },
        { "requested", TUI_INFO }, { "stopped", TUI_WARN },   { "expired", TUI_WARN },
        { "withdrawn", TUI_DIM },  { "used", TUI_DIM },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        if (strcmp(rows[i].word, status) == 0)
            return rows[i].style;
    }
    return TUI_BAD;
}

/* ---- drawing ---- */

void view_beside(const struct view_frame *frame, const struct tui_pane *pane)
{
    if (frame->beside)
        *frame->beside = (struct view_beside){ pane->x, pane->y, pane->w, pane->h };
}

struct tui_pane view_box(const struct tui_pane *pane, const char *title, const char *note)
{
    if (pane->canvas->cols >= 60 && pane->h >= 10)
        return tui_frame(pane, TUI_BORDER, title, note);
    if (pane->h < 3)
        return *pane;
    int x = tui_width(title) + 2;
    tui_field(pane, 0, 0, pane->w, TUI_TITLE, title);
    if (note && note[0] && x < pane->w - 8)
        tui_field(pane, x, 0, pane->w - x, TUI_DIM, note);
    return tui_pane_part(pane, 0, 1, pane->w, pane->h - 1);
}

size_t view_line_bytes(const char *text, int w)
{
    size_t fits = tui_fit(text, w);
    size_t newline = strcspn(text, "\n");
    if (newline <= fits)
        return newline;
    if (text[fits] == '\0' || text[fits] == ' ')
        return fits;
    for (size_t i = fits; i > 0; i--) {
        if (text[i - 1] == ' ')
            return i - 1;
    }
    return fits;
}

/* Behind the line of so many bytes, and the blank or newline that it ends with; 0: no character fits a line. */
static size_t line_end(const char *text, size_t bytes)
{
    bool ends = text[bytes] == ' ' || text[bytes] == '\n';
    return bytes + ends;
}

int view_paragraph(const struct tui_pane *pane, int x, int y, int w, int rows, enum tui_style style,
                   const char *text)
{
    int used = 0;
    while (used < rows && *text && w > 0) {
        size_t len = view_line_bytes(text, w);
        size_t end = line_end(text, len);
        if (used == rows - 1) {
            tui_field(pane, x, y + used++, w, style, text);
            break;
        }
        if (end == 0)
            break;
        tui_text_len(pane, x, y + used++, style, text, len);
        text += end;
    }
    return used;
}

int view_paragraph_rows(int w, const char *text)
{
    int rows = 0;
    for (size_t end = 1; *text && w > 0 && end > 0; text += end) {
        end = line_end(text, view_line_bytes(text, w));
        rows += end > 0;
    }
    return rows;
}

void view_empty(const struct tui_pane *pane, const char *text)
{
    int lines = 1;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    int y = pane->h > lines ? (pane->h - lines) / 3 : 0;
    while (y < pane->h) {
        size_t len = strcspn(text, "\n");
        char line[256];
        snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line - 1), text);
        int width = tui_width(line);
        if (width > pane->w - 2)
            y += view_paragraph(pane, 1, y, pane->w - 2, pane->h - y, TUI_PLAIN, line);
        else
            tui_text(pane, (pane->w - width) / 2, y++, TUI_PLAIN, line);
        if (text[len] == '\0')
            return;
        text += len + 1;
    }
}

int view_percent(int64_t done, int64_t total)
{
    if (total <= 0 || done <= 0)
        return 0;
    return done >= total ? 100 : (int)((double)done * 100.0 / (double)total);
}

void view_bar(const struct tui_pane *pane, int x, int y, int w, int64_t done, int64_t total)
{
    bool utf8 = pane->canvas->utf8;
    int inner = w - 2;
    int full = inner * view_percent(done, total) / 100;
    if (inner < 1)
        return;
    tui_text(pane, x, y, TUI_DIM, "[");
    for (int i = 0; i < inner; i++)
        tui_text(pane, x + 1 + i, y, i < full ? TUI_INFO : TUI_DIM,
                 tui_mark(i < full ? TUI_MARK_FULL : TUI_MARK_EMPTY, utf8));
    tui_text(pane, x + 1 + inner, y, TUI_DIM, "]");
}

/* ---- words for commands ---- */

void view_word(struct mig_buf *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:-+,@%";
    if (out->len > 0)
        mig_buf_char(out, ' ');
    if (word[0] && word[strspn(word, plain)] == '\0') {
        mig_buf_str(out, word);
        return;
    }
    mig_buf_char(out, '"');
    for (; *word; word++) {
        if (*word == '"' || *word == '\\')
            mig_buf_char(out, '\\');
        mig_buf_char(out, *word);
    }
    mig_buf_char(out, '"');
}

void view_command(struct view_answer *ret, ...)
{
    struct mig_buf line MIG_AUTOBUF;
    mig_buf_init(&line, sizeof ret->command);
    va_list args;
    va_start(args, ret);
    for (const char *word; (word = va_arg(args, const char *));)
        view_word(&line, word);
    va_end(args);
    ret->handled = true;
    if (line.overflow || line.len >= sizeof ret->command)
        view_say(ret, "that would be a longer command line than %zu bytes", sizeof ret->command - 1);
    else
        memcpy(ret->command, line.text, line.len + 1);
}

void view_say(struct view_answer *ret, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(ret->message, sizeof ret->message, fmt, args);
    va_end(args);
    mig_utf8_trim(ret->message);
    ret->handled = true;
}

const char *view_option(size_t count, char *const *words, const char *name)
{
    for (size_t i = 0; i + 1 < count; i++) {
        if (strcmp(words[i], name) == 0)
            return words[i + 1];
    }
    return NULL;
}

bool view_has(size_t count, char *const *words, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], name) == 0)
            return true;
    }
    return false;
}

const struct cfg_environment *view_env_option(size_t count, char *const *words,
                                              const struct view_frame *frame, bool optional,
                                              struct mig_error *err)
{
    const char *name = view_option(count, words, "--env");
    const struct mig_snapshot *snapshot = frame->snapshot;
    if (!name && snapshot->env_count == 1)
        return snapshot->envs[0].env;
    if (!name) {
        if (!optional)
            mig_fail(err, MIG_ERR_USAGE, "which environment? --env NAME");
        return NULL;
    }
    const struct mig_snap_env *env = mig_snapshot_env(snapshot, name);
    if (!env)
        mig_fail(err, MIG_ERR_USAGE, "there is no environment '%s'", name);
    return env ? env->env : NULL;
}
