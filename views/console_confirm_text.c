/* console_confirm_text.c - what a confirmation shows: the target, what the act is about, and how it is answered. */
#include <stdio.h>
#include <string.h>

#include "app/gates.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "views/console_private.h"
#include "views/parts.h"

#define BODY_WIDTH  96
#define BODY_LEAST  56
#define PLAIN_WIDTH 500

void confirm_add(struct confirm_body *body, enum tui_style style, const char *fmt, ...)
{
    va_list args;
    if (body->count == body->room)
        return;
    struct confirm_line *line = &body->lines[body->count++];
    line->style = style;
    va_start(args, fmt);
    vsnprintf(line->text, sizeof line->text, fmt, args);
    va_end(args);
    mig_utf8_trim(line->text);
}

/* ---- requests ---- */

/* Who asked, why, and who has answered what. */
void confirm_add_request(const struct console *console, struct confirm_body *body)
{
    char when[VIEW_TIME_SIZE];
    char until[VIEW_TIME_SIZE];
    char said[160] = "";
    bson_t list, one;
    bson_iter_t each;
    const bson_t *row = console->confirm.row;
    int64_t wall = console->host->ops->wall_ms(console->host);
    view_when(view_doc_time(row, "startedAt"), wall, when);
    view_when(view_doc_time(row, "expiresAt"), wall, until);
    confirm_add(body, TUI_PLAIN, "asked by %.40s %s: %.140s%s%.40s", mig_doc_str(row, "requesterName", "?"),
                when, mig_doc_str(row, "reason", ""), mig_doc_str(row, "ticket", "")[0] ? "  " : "",
                mig_doc_str(row, "ticket", ""));
    if (mig_doc_sub(row, "decisions", &list) && bson_iter_init(&each, &list)) {
        size_t len = 0;
        while (bson_iter_next(&each) && len + 1 < sizeof said) {
            if (mig_iter_sub(&each, &one))
                len += (size_t)snprintf(said + len, sizeof said - len, "; %.20s by %.40s",
                                        mig_doc_str(&one, "decision", "?"), mig_doc_str(&one, "name", "?"));
        }
    }
    confirm_add(body, TUI_PLAIN, "%lld of %lld approvals%s%s%s", (long long)mig_doc_int(row, "have", 0),
                (long long)mig_doc_int(row, "needed", 0), said, until[0] ? "; good until " : "", until);
}

/* What was asked for, as the request itself tells it. */
static void add_requested(const bson_t *row, struct confirm_body *body)
{
    for (int i = 0; body->count < body->room; i++) {
        char path[64];
        bson_t migration;
        snprintf(path, sizeof path, "plan.migrations.%d", i);
        if (!mig_doc_sub(row, path, &migration))
            return;
        long long rest = (long long)mig_doc_int(row, "migrations", 0) - i;
        if (body->count + 1 == body->room && rest > 1) {
            confirm_add(body, TUI_WARN, "   and %lld more", rest);
            return;
        }
        confirm_add(body, TUI_PLAIN, "%2d %.40s %.150s", i + 1, mig_doc_str(&migration, "version", ""),
                    mig_doc_str(&migration, "title", ""));
    }
}

static const char *meaning_of(enum mig_command_id id)
{
    switch (id) {
    case MIG_COMMAND_APPROVE: return "says yes to exactly this, as the one you are";
    case MIG_COMMAND_REJECT: return "says no, for good: nobody can approve it any more";
    case MIG_COMMAND_WITHDRAW: return "takes your own request back, for good; nothing of it has run";
    case MIG_COMMAND_GLASS:
        return "says that you have looked at what was done; it takes two, and not who did it";
    default: return "";
    }
}

static void fill_request(const struct console *console, struct confirm_body *body)
{
    const struct console_confirm *confirm = &console->confirm;
    const bson_t *row = confirm->row;
    bool glass = strcmp(mig_doc_str(row, "kind", "run"), "glass") == 0;
    confirm_add(body, confirm->env->is_protected ? TUI_DANGER : TUI_STRONG, "TARGET %s  database %s",
                confirm->env->name, confirm->env->database);
    confirm_add(
        body, TUI_PLAIN, "plan %.*s  %s %lld migration%s", CONFIRM_ID_SHOWN, mig_doc_str(row, "planId", ""),
        glass                                                      ? "ran without approval:"
        : strcmp(mig_doc_str(row, "direction", "up"), "down") == 0 ? "takes back"
                                                                   : "applies",
        (long long)mig_doc_int(row, "migrations", 0), mig_doc_int(row, "migrations", 0) == 1 ? "" : "s");
    confirm_add_request(console, body);
    confirm_add(body, TUI_DIM, "%s", meaning_of(confirm->line.command->id));
    add_requested(row, body);
}

/* ---- backups ---- */

static void fill_backup(const struct console *console, struct confirm_body *body)
{
    const struct console_confirm *confirm = &console->confirm;
    const struct mig_cmdline *line = &confirm->line;
    const struct cfg_config *config = console->options.app->config;
    const char *what = line->command->id == MIG_COMMAND_RESTORE ? "restore" : line->arguments[0];
    char text[VIEW_TIME_SIZE] = "";
    struct mig_buf size MIG_AUTOBUF;
    mig_buf_init(&size, 128);
    confirm_add(body, confirm->env->is_protected ? TUI_DANGER : TUI_STRONG, "TARGET %s  database %s",
                confirm->env->name, confirm->env->database);
    if (confirm->row) {
        mig_text_size(&size, mig_doc_int(confirm->row, "size", 0));
        mig_buf_str(&size, ", ");
        mig_text_count(&size, mig_doc_int(confirm->row, "documents", 0), "document");
        view_when(view_doc_time(confirm->row, "startedAt"), console->host->ops->wall_ms(console->host), text);
        confirm_add(body, TUI_PLAIN, "backup %s of database %.64s", mig_doc_str(confirm->row, "backup", ""),
                    mig_doc_str(confirm->row, "database", "?"));
        bool proven = strcmp(mig_doc_str(confirm->row, "proof", "none"), "ok") == 0;
        confirm_add(body, proven ? TUI_PLAIN : TUI_WARN, "taken %s, %s, %s", text, size.text,
                    proven ? "proven" : "never read back whole");
    } else if (line->argument_count > (line->command->id == MIG_COMMAND_BACKUP)) {
        confirm_add(body, TUI_PLAIN, "archive %.200s", line->arguments[line->argument_count - 1]);
    }
    if (strcmp(what, "take") == 0) {
        confirm_add(body, TUI_PLAIN, "reads all of it into an archive, and reads that back before it counts");
        confirm_add(body, TUI_DIM,
                    "nothing is written there but its record; it goes on without this terminal");
    } else if (strcmp(what, "verify") == 0) {
        confirm_add(body, TUI_PLAIN,
                    "reads the archive back whole: every block, its checksums and its counts");
    } else if (strcmp(what, "drill") == 0) {
        confirm_add(body, TUI_PLAIN,
                    "restores it into a scratch database on that server, compares, and drops that");
    } else if (strcmp(what, "prune") == 0) {
        char keep[MIG_TIME_SIZE];
        mig_time_duration(config->backup_keep_ms, keep);
        confirm_add(body, TUI_WARN,
                    "removes the archives that are on this host, older than %s and not among the newest %lld",
                    keep, (long long)config->backup_keep);
        confirm_add(body, TUI_DIM,
                    "backupKeepFor and backupKeep say so; the newest one that is proven stays");
    } else {
        bool own = strcmp(confirm->into, confirm->env->database) == 0;
        confirm_add(body, TUI_WARN,
                    own ? "into its own database %s, which must be empty"
                        : "into the new database %s on that server",
                    confirm->into);
        if (!own)
            confirm_add(body, TUI_DIM, "%s itself is not touched; what is there already is never overwritten",
                        confirm->env->database);
        confirm_add(body, TUI_DIM,
                    "it goes on without this terminal; S in its log ends it, and nothing is left of it");
    }
}

/* "apply", "backup", "restore": as its log begins, where the log is on the screen; else a run that holds the lock is one of
 * migrations. NULL: not known. */
static const char *command_of(const struct console *console, const char *run, char *ret, size_t size)
{
    const struct cfg_environment *env = console->confirm.env;
    const struct mig_snap_env *snap = console_snap(console, env);
    const struct mig_snap_answer *answer = mig_snapshot_answer(console->snapshot, MIG_QUERY_LOG, env, run);
    const struct mig_seen_log *log = answer ? answer->value : NULL;
    bson_t first;
    ret[0] = '\0';
    if (log && log->first == 0 && mig_seen_log_event(log, 0, &first))
        snprintf(ret, size, "%s", mig_doc_str(&first, "command", ""));
    else if (snap && snap->seen && snap->seen->look.history &&
             mig_lock_alive(&snap->seen->look.history->lock) &&
             (!run[0] || strcmp(snap->seen->look.history->lock.run, run) == 0))
        snprintf(ret, size, "%s", snap->seen->look.history->lock.command);
    return ret[0] ? ret : NULL;
}

static void fill_stop(const struct console *console, struct confirm_body *body)
{
    const struct mig_cmdline *line = &console->confirm.line;
    const struct mig_snap_env *snap = console_snap(console, console->confirm.env);
    const char *run = line->argument_count ? line->arguments[0] : snap ? snap->progress.run : "";
    char room[32];
    const char *command = command_of(console, run, room, sizeof room);
    bool restores = command && (strcmp(command, "restore") == 0 || strcmp(command, "drill") == 0);
    if (command && strcmp(command, "backup") == 0) {
        confirm_add(body, TUI_PLAIN, "asks backup %s to stop: it ends within seconds, and leaves no file",
                    run);
        return;
    }
    if (restores) {
        confirm_add(body, TUI_PLAIN, "asks %s %s to stop: it ends within seconds", command, run);
        confirm_add(body, TUI_DIM, "what it has made in the new database is dropped again");
        return;
    }
    if (run[0])
        confirm_add(body, TUI_PLAIN, "asks %s %s to stop after the step it is at", command ? command : "run",
                    run);
    else if (command || !(snap && snap->seen))
        confirm_add(body, TUI_PLAIN, "asks what is at work there to stop after the step it is at");
    else
        confirm_add(body, TUI_WARN,
                    "no run is at work there now; a backup or a restore may be, and is asked to stop");
    if (!run[0] && !command && snap && snap->seen)
        return;
    confirm_add(body, TUI_DIM, "resume goes on from there%s",
                command ? "" : "; a backup or a restore ends, and nothing is left of it");
    confirm_add(body, TUI_WARN, "the program of an exec step is ended: cut short, its step counts as failed");
}

/* "in dev it is applied, in test failed": how the other environments have it. */
static void add_elsewhere(const struct console *console, const char *version, struct confirm_body *body)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, 4096);
    for (size_t i = 0; i < console->snapshot->env_count; i++) {
        const struct mig_snap_env *snap = &console->snapshot->envs[i];
        const struct mig_view *view = confirm_view_of(snap, version);
        if (snap->env != console->confirm.env && view)
            mig_buf_printf(&text, "%s%s in %s",
                           text.len > 0 ? ", " : "elsewhere: ", mig_state_word(view->state), snap->env->name);
    }
    if (text.len > 0)
        confirm_add(body, TUI_PLAIN, "%s", text.text);
}

static void fill_words(const struct console *console, struct confirm_body *body)
{
    const struct console_confirm *confirm = &console->confirm;
    const struct mig_cmdline *line = &confirm->line;
    confirm_add(body, confirm->env->is_protected ? TUI_DANGER : TUI_STRONG, "TARGET %s  database %s",
                confirm->env->name, confirm->env->database);
    if (line->command->id == MIG_COMMAND_MARK && line->argument_count == 2) {
        const struct mig_view *view =
            confirm_view_of(console_snap(console, confirm->env), line->arguments[0]);
        if (view)
            confirm_add(body, TUI_PLAIN, "%s %s, %s now", view->version, view->title ? view->title : "",
                        mig_state_word(view->state));
        confirm_add(body, TUI_PLAIN, "%s is set to %s by hand; no step runs", line->arguments[0],
                    line->arguments[1]);
        add_elsewhere(console, line->arguments[0], body);
        confirm_add(body, TUI_WARN,
                    strcmp(line->arguments[1], "applied") == 0
                        ? "nobody checks that its steps took effect: from then on it counts as applied"
                        : "what its steps did stays in the database: from then on it counts as never run");
        return;
    }
    if (line->command->id == MIG_COMMAND_STOP) {
        fill_stop(console, body);
        return;
    }
    struct mig_buf words MIG_AUTOBUF;
    mig_buf_init(&words, 4096);
    mig_buf_str(&words, line->command->name);
    for (size_t i = 0; i < line->argument_count; i++)
        mig_buf_printf(&words, " %s", line->arguments[i]);
    confirm_add(body, TUI_PLAIN, "%s", words.text);
    confirm_add(body, TUI_DIM, "%s", line->command->summary);
}

static void fill(const struct console *console, struct confirm_body *body, size_t room, int width)
{
    const struct console_confirm *confirm = &console->confirm;
    enum mig_command_id id = confirm->line.command->id;
    *body = (struct confirm_body){ .room = room < CONFIRM_LINES ? room : CONFIRM_LINES,
                                   .width = width,
                                   .utf8 = console->options.utf8 };
    if (confirm->plan)
        confirm_fill_plan(console, body);
    else if (id == MIG_COMMAND_BACKUP || id == MIG_COMMAND_RESTORE)
        fill_backup(console, body);
    else if (confirm->row)
        fill_request(console, body);
    else
        fill_words(console, body);
    if (!confirm->dialog.action[0])
        confirm_add(body, TUI_BAD,
                    confirm->void_reason[0] ? "it can never run: reject it, or ask anew"
                                            : "a gate is closed: it cannot run now");
}

static const char *foot(const struct console *console)
{
    const struct console_confirm *confirm = &console->confirm;
    if (confirm->state == CONFIRM_CHECKING)
        return "making sure that the plan has not moved...";
    if (console_confirm_by_y(confirm))
        return "y goes ahead; esc cancels";
    if (confirm->dialog.action[0] && confirm->dialog.field_count == 0)
        return "tab, then enter goes ahead; esc cancels";
    return NULL;
}

static void draw_waiting(const struct console *console, const struct tui_pane *pane)
{
    char text[256];
    const struct mig_snap_env *snap = console_snap(console, console->confirm.env);
    bool away = snap && snap->error.code != MIG_OK;
    snprintf(text, sizeof text, "%s %s on %s...  %sesc cancels",
             console->confirm.query == MIG_QUERY_PLAN ? "making the plan of" : "looking up what to",
             console->confirm.verb, console->confirm.env->name, away ? "it does not answer yet; " : "");
    int w = tui_width(text) + 4 < pane->w ? tui_width(text) + 4 : pane->w;
    struct tui_pane box = tui_pane_part(pane, (pane->w - w) / 2, pane->h / 2 - 1, w, 3);
    tui_fill(&box, 0, 0, box.w, box.h, TUI_PLAIN, ' ');
    struct tui_pane body = tui_frame(&box, TUI_BORDER, "", NULL);
    tui_field(&body, 1, 0, body.w - 1, TUI_INFO, text);
}

/* What is too long is broken between words, as far as there are rows to spare. */
static void draw_body(const struct tui_pane *pane, const struct confirm_body *body, int rows)
{
    int spare = rows - (int)body->count;
    int y = 0;
    for (size_t i = 0; i < body->count && y < rows; i++) {
        const struct confirm_line *line = &body->lines[i];
        int used = 1;
        if (tui_width(line->text) <= pane->w || spare <= 0)
            tui_field(pane, 0, y, pane->w, line->style, line->text);
        else
            used = view_paragraph(pane, 0, y, pane->w, 1 + spare, line->style, line->text);
        used = used > 0 ? used : 1;
        spare -= used - 1;
        y += used;
    }
}

/* As large as what it has to say. */
static void fit(struct console *console, const struct tui_pane *pane, bool has_foot)
{
    struct tui_dialog *dialog = &console->confirm.dialog;
    struct confirm_body body;
    int most = pane->w - 4 < BODY_WIDTH ? pane->w - 4 : BODY_WIDTH;
    int widest = BODY_LEAST;
    int rows = has_foot ? 2 : 0;
    fill(console, &body, CONFIRM_LINES, most);
    for (size_t i = 0; i < body.count; i++) {
        int w = tui_width(body.lines[i].text);
        widest = w > widest ? w : widest;
        for (const char *text = body.lines[i].text; *text && most > 0; rows++) {
            size_t len = view_line_bytes(text, most);
            text += len > 0 ? len : strlen(text);
            text += *text == ' ';
        }
    }
    dialog->want_w = widest < most ? widest : most;
    dialog->want_h = rows;
}

void console_confirm_draw(struct console *console, const struct tui_pane *pane)
{
    struct console_confirm *confirm = &console->confirm;
    if (confirm->state == CONFIRM_PLANNING) {
        draw_waiting(console, pane);
        return;
    }
    struct confirm_body body;
    const char *last = foot(console);
    fit(console, pane, last != NULL);
    struct tui_pane inner = tui_dialog_draw(&confirm->dialog, pane, console_now(console));
    size_t room = inner.h > 0 ? (size_t)inner.h : 0;
    fill(console, &body, last && room > 1 ? room - 1 : room, inner.w);
    draw_body(&inner, &body, last && room > 1 ? inner.h - 1 : inner.h);
    if (last)
        tui_field(&inner, 0, inner.h - 1, inner.w, TUI_STRONG, last);
}

void console_confirm_plain(const struct console *console, struct mig_buf *out)
{
    const struct console_confirm *confirm = &console->confirm;
    struct confirm_body body;
    if (confirm->state != CONFIRM_ASKING) {
        mig_buf_printf(out, "%s %s on %s\n",
                       confirm->query == MIG_QUERY_PLAN ? "making the plan of" : "looking up what to",
                       confirm->verb, confirm->env->name);
        return;
    }
    fill(console, &body, CONFIRM_LINES, PLAIN_WIDTH);
    mig_buf_printf(out, "%s on %s%s\n", confirm->verb, confirm->env->name,
                   confirm->env->is_protected ? ", which is protected" : "");
    for (size_t i = 0; i < body.count; i++) {
        mig_text_safe(out, body.lines[i].text, strlen(body.lines[i].text), SIZE_MAX, false);
        mig_buf_char(out, '\n');
    }
    if (!confirm->dialog.action[0])
        mig_buf_str(out, "to go on: cancel\n");
    else if (confirm->wanted[0])
        mig_buf_printf(out, "to go ahead: confirm %s\nto leave it: cancel\n", confirm->wanted);
    else
        mig_buf_str(out, "to go ahead: confirm y\nto leave it: cancel\n");
}
