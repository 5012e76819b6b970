/* console_shell.c - what stays around the views: header, tabs, message line, hints. Pure but for what it reads. */
#include <stdio.h>
#include <string.h>

#include "base/doc.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "tui/bars.h"
#include "views/console_private.h"

#define TABS_FROM_ROWS   16
#define HINTS_FROM_ROWS  12
#define BANNER_FROM_ROWS 8
#define ENVS_MAX         CFG_ENVIRONMENTS_MAX
#define HINTS_MAX        48

/* ---- an environment in a word or two ---- */

static enum tui_style locked_state(const struct console *console, const struct mig_snap_env *env,
                                   enum console_state_form form, char *ret, size_t size)
{
    const struct mig_lock *lock = &env->seen->look.history->lock;
    const struct mig_seen_progress *progress = &env->progress;
    char age[16];
    console_age(lock->server_now - lock->acquired_at + console_now(console) - env->asked_ms, age, sizeof age);
    if (progress->run[0] && progress->total > 0)
        snprintf(ret, size, "RUN %d%%", (int)(100 * progress->done / progress->total));
    else if (form != STATE_FULL)
        snprintf(ret, size, "LOCKED");
    else
        snprintf(ret, size, "LOCKED by %s %s", lock->os_user[0] ? lock->os_user : lock->host, age);
    return TUI_INFO;
}

enum tui_style console_env_state(const struct console *console, const struct mig_snap_env *env,
                                 enum console_state_form form, char *ret, size_t size)
{
    char age[16] = "";
    int64_t old = console_now(console) - env->seen_ms;
    if (!env->seen && env->env->disabled_reason) {
        snprintf(ret, size, "off");
        return TUI_STALE;
    }
    if (!env->seen) {
        snprintf(ret, size, "%s",
                 env->error.code != MIG_OK ? form != STATE_FULL ? "AWAY" : "NO ANSWER" : "...");
        return env->error.code != MIG_OK ? TUI_STALE : TUI_DIM;
    }
    if (old >= CONSOLE_STALE_MS) {
        console_age(old, age, sizeof age);
        snprintf(ret, size, "STALE %s", age);
        return TUI_STALE;
    }
    if (mig_lock_alive(&env->seen->look.history->lock))
        return locked_state(console, env, form, ret, size);
    const size_t *counts = env->seen->look.views.counts;
    size_t failed = counts[MIG_FAILED] + counts[MIG_INTERRUPTED];
    if (form != STATE_WORD && old >= CONSOLE_NEW_MS)
        console_age(old, age, sizeof age);
    const char *blank = age[0] ? " " : "";
    if (failed > 0)
        snprintf(ret, size, "%zu %s%s%s", failed,
                 counts[MIG_FAILED] == 0 && form == STATE_FULL ? "interrupted" : "failed", blank, age);
    else if (counts[MIG_CHANGED] + counts[MIG_MISSING] > 0)
        snprintf(ret, size, "%zu differ%s%s", counts[MIG_CHANGED] + counts[MIG_MISSING], blank, age);
    else if (form == STATE_WORD)
        snprintf(ret, size, "ok");
    else
        snprintf(ret, size, "ok %s", age[0] ? age : "<5s");
    return failed > 0 ? TUI_BAD : counts[MIG_CHANGED] + counts[MIG_MISSING] > 0 ? TUI_WARN : TUI_GOOD;
}

/* ---- the header ---- */

struct segment {
    const char *name;
    char state[64];
    char rw[16]; /* countdown of :rw, "" when read-only */
    enum tui_style name_style, state_style;
    bool shown;
};

static int segment_width(const struct segment *segment)
{
    int width = tui_width(segment->name);
    if (segment->rw[0])
        width += 1 + tui_width(segment->rw);
    return width + (segment->state[0] ? 1 + tui_width(segment->state) : 0);
}

static size_t make_segments(const struct console *console, bool brief, bool bare, struct segment *ret)
{
    size_t count = 0;
    int64_t now = console_now(console);
    for (size_t i = 0; i < console->snapshot->env_count && count < ENVS_MAX; i++) {
        const struct mig_snap_env *env = &console->snapshot->envs[i];
        struct segment *segment = &ret[count++];
        *segment = (struct segment){ .name = env->env->name,
                                     .name_style = env->env->is_protected ? TUI_DANGER : TUI_STRONG };
        segment->state_style = console_env_state(console, env, brief ? STATE_BRIEF : STATE_FULL,
                                                 segment->state, sizeof segment->state);
        if (bare && (segment->state_style == TUI_GOOD || segment->state_style == TUI_DIM))
            segment->state[0] = '\0';
        int64_t left = (env->writable_until_ms - now + 999) / 1000;
        if (env->writable_until_ms > now)
            snprintf(segment->rw, sizeof segment->rw, "RW %lld:%02lld", (long long)left / 60,
                     (long long)left % 60);
    }
    return count;
}

/* The rows that the segments take when they begin at column x of the first. */
static int rows_needed(const struct segment *segments, size_t count, int x, int cols)
{
    int rows = 1;
    for (size_t i = 0; i < count; i++) {
        int width = segment_width(&segments[i]);
        if (x > 1 && x + width > cols) {
            rows++;
            x = 1;
        }
        x += width + 2;
    }
    return rows;
}

static int draw_segments(const struct tui_pane *pane, const struct segment *segments, size_t count, int x,
                         int rows)
{
    int y = 0;
    for (size_t i = 0; i < count; i++) {
        int width = segment_width(&segments[i]);
        if (x > 1 && x + width > pane->w) {
            if (++y == rows) {
                tui_printf(pane, pane->w - 4, y - 1, TUI_WARN, " +%zu", count - i);
                return y;
            }
            x = 1;
        }
        x += tui_text(pane, x, y, segments[i].name_style, segments[i].name);
        if (segments[i].rw[0])
            x += 1 + tui_text(pane, x + 1, y, TUI_WARN, segments[i].rw);
        if (segments[i].state[0])
            x += 1 + tui_text(pane, x + 1, y, segments[i].state_style, segments[i].state);
        x += 2;
    }
    return y + 1;
}

/* What stands at the left, shorter and shorter: 0 is all of it, 3 is nothing but the mode. */
static void left_part(const struct console *console, int form, char *ret, size_t size)
{
    const struct mig_snapshot *snapshot = console->snapshot;
    const char *mode = snapshot->readonly ? "[READ-ONLY]" : "[RO]";
    for (size_t i = 0; i < snapshot->env_count && !snapshot->readonly; i++) {
        if (snapshot->envs[i].writable_until_ms > console_now(console))
            mode = "[RW]";
    }
    const char *project = snapshot->config->project;
    if (form == 0)
        snprintf(ret, size, " migtui  %s  %s  %s@%s", project, mode, snapshot->operator_name, snapshot->host);
    else if (form == 1)
        snprintf(ret, size, " %s %s %s", project, mode, snapshot->operator_name);
    else if (form == 2)
        snprintf(ret, size, " %s", mode);
    else
        ret[0] = '\0';
}

/* Everything else gives way before an environment's name does. */
static int draw_header(const struct console *console, const struct tui_pane *all)
{
    struct segment segments[ENVS_MAX];
    char left[256] = "";
    char clock[16] = "";
    char iso[MIG_TIME_SIZE];
    int most = all->h >= 24 ? 3 : all->h >= 4 ? 2 : 1;
    size_t count = 0;
    int x = 1;
    mig_time_iso(console->host->ops->wall_ms(console->host), iso);
    snprintf(clock, sizeof clock, "%.5sZ", iso + 11);
    int form = 0;
    for (; form <= 5; form++) {
        int reserve = form == 0 ? (int)strlen(clock) + 1 : 0;
        left_part(console, form < 3 ? form : form == 3 ? 1 : form == 4 ? 2 : 3, left, sizeof left);
        count = make_segments(console, form >= 1, form >= 5, segments);
        x = (left[0] ? tui_width(left) : -1) + 2;
        if (rows_needed(segments, count, x, all->w - reserve) <= (form < 3 ? 1 : most))
            break;
    }
    if (form > 5)
        x = 1;
    tui_text(all, 0, 0, TUI_HEADER, left);
    if (form == 0)
        tui_text(all, all->w - (int)strlen(clock) - 1, 0, TUI_DIM, clock);
    struct tui_pane pane = tui_pane_part(all, 0, 0, all->w, most);
    return draw_segments(&pane, segments, count, x, most);
}

/* ---- tabs, message, hints ---- */

static void draw_tabs(const struct console *console, const struct tui_pane *all, int y)
{
    struct tui_tab tabs[CONSOLE_CLASSES];
    size_t count = 0;
    size_t chosen = CONSOLE_CLASSES;
    const struct view *top = console_top(console);
    for (size_t i = 0; view_classes[i] && count < CONSOLE_CLASSES; i++) {
        if (!view_classes[i]->digit && view_classes[i] != top->class)
            continue;
        if (view_classes[i] == top->class)
            chosen = count;
        tabs[count++] = (struct tui_tab){ view_classes[i]->digit, view_classes[i]->title };
    }
    int used = tui_tabs_draw(all, y, tabs, count, chosen);
    char jobs[64] = "";
    char subject[96] = "";
    struct view_frame frame = console_frame(console);
    size_t running = 0;
    for (size_t i = 0; i < console->snapshot->env_count; i++)
        running += console->snapshot->envs[i].progress.run[0] != '\0';
    if (running > 0)
        snprintf(jobs, sizeof jobs, "%zu running", running);
    if (top->class->subject)
        top->class->subject((struct view *)(uintptr_t)top, &frame, subject, sizeof subject);
    int room = all->w - used - 2;
    if (jobs[0] && tui_width(jobs) < room) {
        tui_text(all, all->w - tui_width(jobs) - 1, y, TUI_INFO, jobs);
        room -= tui_width(jobs) + 2;
    }
    if (subject[0] && tui_width(subject) < room)
        tui_text(all, used + 2, y, TUI_DIM, subject);
}

/* The last eight digits of each environment's audit, to be compared with what was noted elsewhere: a chain that was cut off
 * or written anew has others. Returns the columns that are left of most. */
static int draw_audit_heads(const struct console *console, const struct tui_pane *all, int y, int most)
{
    char text[CONSOLE_HEADS * 48] = "";
    size_t len = 0;
    for (size_t i = 0; i < console->snapshot->env_count && i < CONSOLE_HEADS; i++) {
        const struct cfg_environment *env = console->snapshot->envs[i].env;
        const struct mig_snap_answer *answer =
            mig_snapshot_answer(console->snapshot, MIG_QUERY_AUDIT_HEAD, env, NULL);
        const struct mig_seen_rows *rows = answer ? answer->value : NULL;
        const char *digest = rows && rows->count > 0 ? mig_doc_str(rows->items[0], "digest", "") : "";
        size_t digits = strlen(digest);
        if (digits >= 8)
            len +=
                (size_t)snprintf(text + len, sizeof text - len, "  %.30s %s", env->name, digest + digits - 8);
        if (len >= sizeof text)
            break;
    }
    int width = tui_width(text) + (int)strlen("audit");
    if (!text[0] || width > most)
        return all->w;
    int x = all->w - width - 1;
    tui_text(all, x, y, TUI_DIM, "audit");
    tui_text(all, x + (int)strlen("audit"), y, TUI_DIM, text);
    return x - 1;
}

static bool has_message(const struct console *console)
{
    return console->message[0] || console->snapshot->files->error.code != MIG_OK ||
           console->snapshot->files->problems.count > 0 || console->notes.news || console->notes.unread > 0;
}

/* Without a message of the last act: what came by itself and is new, else how much went wrong and was not looked at. The words of
 * an older error never stand below a newer act. */
static void draw_unread(const struct console *console, const struct tui_pane *all, int y)
{
    const struct console_notes *notes = &console->notes;
    char text[160];
    if (notes->news) {
        const struct console_note *last = &notes->items[(notes->first + notes->count - 1) % CONSOLE_NOTES];
        snprintf(text, sizeof text, "%s%s", last->where, last->where[0] ? ": " : "");
        int x = 1 + tui_text(all, 1, y, last->error ? TUI_WARN : TUI_DIM, text);
        tui_field(all, x, y, all->w - x - 1, TUI_DIM, last->what.message);
    } else if (notes->unread > 0) {
        snprintf(text, sizeof text, "%zu error%s so far; :messages", notes->unread,
                 notes->unread == 1 ? "" : "s");
        tui_field(all, 1, y, all->w - 2, TUI_DIM, text);
    }
}

static void draw_message(const struct console *console, const struct tui_pane *whole, int y)
{
    char text[160];
    int most = console->message[0]    ? whole->w - tui_width(console->message) - 4
               : has_message(console) ? whole->w / 2
                                      : whole->w - 2;
    int left = draw_audit_heads(console, whole, y, most);
    struct tui_pane part = tui_pane_part(whole, 0, 0, left, whole->h);
    const struct tui_pane *all = &part;
    if (console->message[0]) {
        tui_field(all, 1, y, all->w - 2, console->message_is_error ? TUI_BAD : TUI_INFO, console->message);
        return;
    }
    if (console->snapshot->files->error.code != MIG_OK) {
        tui_field(all, 1, y, all->w - 2, TUI_BAD, console->snapshot->files->error.message);
        return;
    }
    if (console->snapshot->files->problems.count > 0) {
        snprintf(text, sizeof text, "%zu migration file%s cannot be read",
                 console->snapshot->files->problems.count,
                 console->snapshot->files->problems.count == 1 ? "" : "s");
        int x = 1 + tui_text(all, 1, y, TUI_BAD, text);
        tui_text(all, x + 1, y, TUI_DIM, ":messages tells which");
    } else {
        draw_unread(console, all, y);
    }
}

static void draw_hints(const struct console *console, const struct tui_pane *all, int y)
{
    struct tui_hint hints[HINTS_MAX];
    char names[HINTS_MAX][TUI_KEY_NAME_MAX];
    size_t count = 0;
    struct view *top = console_top(console);
    struct view_frame frame = console_frame(console);
    const struct view_key *tables[] = { console_own_keys, top->class->keys };
    const struct view_class *classes[] = { NULL, top->class };
    for (size_t t = 0; t < 2; t++) {
        for (const struct view_key *row = tables[t]; row && row->key && count < HINTS_MAX; row++) {
            if (!row->hint)
                continue;
            console_keys_name(&console->keys, classes[t], row, true, names[count], TUI_KEY_NAME_MAX);
            if (!names[count][0])
                continue;
            bool refused = t == 1 && top->class->refuses && top->class->refuses(top, &frame, row->action);
            const char *now = t == 1 && top->class->hint ? top->class->hint(top, row->action) : NULL;
            if (now && !now[0])
                continue;
            hints[count] = (struct tui_hint){ names[count], now ? now : row->hint, row->rank, refused };
            count++;
        }
    }
    tui_hints_draw(all, y, hints, count);
}

/* Rows used. */
static int draw_banner(const struct console *console, const struct tui_pane *all, int y)
{
    char text[400];
    enum tui_style style;
    if (!console_banner(console->snapshot, console_now(console), &style, text, sizeof text))
        return 0;
    tui_field(all, 1, y, all->w - 2, style, text);
    return 1;
}

void console_shell_draw(struct console *console, struct tui_canvas *canvas, struct console_layout *ret)
{
    struct tui_pane all = tui_pane_all(canvas);
    int rows = canvas->rows;
    *ret = (struct console_layout){ .tabs = -1, .hints_y = -1, .message_y = -1 };
    ret->header = draw_header(console, &all);
    int y = ret->header;
    if (rows >= TABS_FROM_ROWS) {
        ret->tabs = y;
        draw_tabs(console, &all, y++);
    }
    int bottom = rows;
    if (rows >= BANNER_FROM_ROWS)
        y += draw_banner(console, &all, y);
    if (rows >= HINTS_FROM_ROWS) {
        ret->hints_y = --bottom;
        draw_hints(console, &all, bottom);
    }
    if (bottom - 1 > y) {
        ret->message_y = --bottom;
        draw_message(console, &all, bottom);
    }
    ret->view_y = y;
    ret->view_h = bottom > y ? bottom - y : 0;
}
