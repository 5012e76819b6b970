/* console.c - the stack of views, where keys go, and what comes in. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"
#include "views/console_private.h"

#define KEYS_FILE_MAX (64UL * 1024)
#define HISTORY_MAX   200

/* ---- small things that all files need ---- */

int64_t console_now(const struct console *console)
{
    return console->host->ops->mono_ms(console->host);
}

struct view_frame console_frame(const struct console *console)
{
    return (struct view_frame){ .snapshot = console->snapshot,
                                .utf8 = console->options.utf8,
                                .plain = console->options.plain,
                                .now_ms = console_now(console),
                                .wall_ms = console->host->ops->wall_ms(console->host) };
}

struct view *console_top(const struct console *console)
{
    return console->stack[console->depth - 1];
}

void console_age(int64_t ms, char *ret, size_t size)
{
    int64_t s = ms < 0 ? 0 : ms / 1000;
    if (s < 120)
        snprintf(ret, size, "%llds", (long long)s);
    else if (s < 120 * 60)
        snprintf(ret, size, "%lldm", (long long)s / 60);
    else
        snprintf(ret, size, "%lldh", (long long)s / 3600);
}

static void set_message(struct console *console, bool error, const char *text)
{
    struct mig_buf safe MIG_AUTOBUF;
    mig_buf_init(&safe, 16384);
    mig_text_safe(&safe, text, strlen(text), sizeof console->message, false);
    snprintf(console->message, sizeof console->message, "%s", safe.text);
    mig_utf8_trim(console->message);
    console->message_is_error = error;
    console->notes.news = false;
    console->message_at_ms = console_now(console);
}

void console_say(struct console *console, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    set_message(console, false, text);
}

void console_fail(struct console *console, const char *where, const struct mig_error *err)
{
    char *text = mig_printf("%s%s%s%s%s", where, where[0] ? ": " : "", err->message, err->hint[0] ? "; " : "",
                            err->hint);
    console_note(console, where, true, err);
    set_message(console, true, text);
    if (console->at_end)
        mig_buf_printf(console->at_end, "%s%s", console->at_end->len > 0 ? "\n" : "", text);
    if (console->options.terminal.bell)
        console->options.terminal.bell(console->options.terminal.ctx);
    free(text);
}

const char *console_message(const struct console *console)
{
    return console->message;
}

const struct mig_snap_env *console_snap(const struct console *console, const struct cfg_environment *env)
{
    for (size_t i = 0; i < console->snapshot->env_count; i++) {
        if (console->snapshot->envs[i].env == env)
            return &console->snapshot->envs[i];
    }
    return NULL;
}

bool console_writable(const struct console *console, const struct cfg_environment *env)
{
    const struct mig_snap_env *snap = console_snap(console, env);
    return snap && snap->writable_until_ms > console_now(console);
}

const struct cfg_environment *console_env(const struct console *console)
{
    const struct cfg_config *config = console->options.app->config;
    return console->env ? console->env : config->environment_count == 1 ? &config->environments[0] : NULL;
}

/* ---- the stack ---- */

void console_wants(struct console *console)
{
    struct view_want wants[VIEW_WANTS_MAX];
    struct mig_want asked[VIEW_WANTS_MAX + 2 + CONSOLE_HEADS];
    struct view *top = console_top(console);
    struct view_frame frame = console_frame(console);
    size_t count = top->class->wants ? top->class->wants(top, &frame, wants) : 0;
    for (size_t i = 0; i < count; i++)
        asked[i] = (struct mig_want){ wants[i].kind, wants[i].env, wants[i].argument };
    if (console->confirm.state != CONFIRM_NONE && console->confirm.argument)
        asked[count++] =
            (struct mig_want){ console->confirm.query, console->confirm.env, console->confirm.argument };
    if (console->confirm.state != CONFIRM_NONE &&
        console->confirm.env) /* whether there is one is said there */
        asked[count++] = (struct mig_want){ MIG_QUERY_BACKUPS, console->confirm.env, NULL };
    const struct cfg_config *config = console->options.app->config;
    for (size_t i = 0; i < config->environment_count && i < CONSOLE_HEADS; i++)
        asked[count++] = (struct mig_want){ MIG_QUERY_AUDIT_HEAD, &config->environments[i], NULL };
    mig_watch_wants(console->watch, asked, count);
}

static void tell_title(struct console *console)
{
    char subject[128] = "";
    char title[256];
    struct view *top = console_top(console);
    struct view_frame frame = console_frame(console);
    if (!console->options.terminal.title)
        return;
    if (top->class->subject)
        top->class->subject(top, &frame, subject, sizeof subject);
    snprintf(title, sizeof title, "migtui %s: %s %s", console->options.app->config->project,
             top->class->title, subject);
    console->options.terminal.title(console->options.terminal.ctx, title);
}

bool console_open(struct console *console, const char *name, size_t count, char *const *words)
{
    struct mig_error err = { 0 };
    const struct view_class *class = view_class_find(name);
    if (!class) {
        const char *names[CONSOLE_CLASSES + 1] = { NULL };
        for (size_t i = 0; view_classes[i] && i < CONSOLE_CLASSES; i++)
            names[i] = view_classes[i]->name;
        const char *near = mig_text_nearest(name, names);
        mig_fail(&err, MIG_ERR_USAGE, "there is no view '%s'%s%s%s", name, near ? "; did you mean " : "",
                 near ? near : "", near ? "?" : "");
        console_fail(console, "view", &err);
        return false;
    }
    if (count == 0 && console->depth > 0 && console_top(console)->class == class)
        return true;
    struct view_frame frame = console_frame(console);
    struct view *view = class->open(count, words, &frame, &err);
    if (!view) {
        console_fail(console, class->name, &err);
        return false;
    }
    while (console->depth == CONSOLE_STACK) { /* the oldest but the first goes */
        console->stack[1]->class->close(console->stack[1]);
        memmove(&console->stack[1], &console->stack[2], (CONSOLE_STACK - 2) * sizeof(struct view *));
        console->depth--;
    }
    console->stack[console->depth++] = view;
    if (class->update)
        class->update(view, &frame);
    console_wants(console);
    tell_title(console);
    return true;
}

void console_back(struct console *console)
{
    if (console->depth <= 1)
        return;
    struct view *view = console->stack[--console->depth];
    view->class->close(view);
    struct view *top = console_top(console);
    struct view_frame frame = console_frame(console);
    if (top->class->update)
        top->class->update(top, &frame);
    console_wants(console);
    tell_title(console);
}

/* A digit: that view on top of the first, so that esc leads home. */
static bool open_by_digit(struct console *console, uint32_t key)
{
    for (size_t i = 0; view_classes[i]; i++) {
        if (!view_classes[i]->digit || key != (uint32_t)view_classes[i]->digit)
            continue;
        while (console->depth > 1)
            console_back(console);
        console_open(console, view_classes[i]->name, 0, NULL);
        return true;
    }
    return false;
}

/* ---- keys ---- */

static void leave(struct console *console)
{
    if (console->depth > 1) {
        console_back(console);
        return;
    }
    for (size_t i = 0; i < console->act_count; i++) {
        if (!mig_act_result(console->acts[i].act) && strcmp(console->message, "") == 0) {
            console_say(console, "%s on %s is being started and goes on; press again to leave",
                        console->acts[i].name, console->acts[i].env ? console->acts[i].env->name : "?");
            return;
        }
    }
    console->over = true;
}

static void copy_screen(struct console *console)
{
    struct mig_buf text MIG_AUTOBUF;
    struct mig_error err = { 0 };
    const char *path = NULL;
    const struct console_terminal *terminal = &console->options.terminal;
    mig_buf_init(&text, 1UL * 1024 * 1024);
    if (console->drawn)
        tui_canvas_text(console->drawn, &text);
    if (!terminal->copy)
        console_say(console, "copy: there is no terminal; :save FILE writes the screen");
    else if (!terminal->copy(terminal->ctx, text.text, text.len, &path, &err))
        console_fail(console, "copy", &err);
    else
        console_say(console, "sent to the terminal's clipboard; also in %s", path ? path : "the clip file");
}

static void cancel(struct console *console)
{
    if (console->depth > 1) {
        console_back(console);
    } else if (strncmp(console->message, "C-c", 3) == 0) {
        console->over = true;
    } else {
        console_say(console, "C-c again leaves; runs go on without this terminal");
    }
}

static void own_action(struct console *console, const char *action)
{
    const struct console_terminal *terminal = &console->options.terminal;
    if (strcmp(action, "help") == 0)
        console_help_open(console);
    else if (strcmp(action, "command") == 0)
        console_palette_open(console, "");
    else if (strcmp(action, "errors") == 0)
        console_command(console, "view errors");
    else if (strcmp(action, "messages") == 0)
        console_command(console, "messages");
    else if (strcmp(action, "refresh") == 0)
        console_command(console, "refresh");
    else if (strcmp(action, "copy") == 0)
        copy_screen(console);
    else if (strcmp(action, "back") == 0)
        console_back(console);
    else if (strcmp(action, "leave") == 0)
        leave(console);
    else if (strcmp(action, "cancel") == 0)
        cancel(console);
    else if (strcmp(action, "redraw") == 0 && terminal->redraw)
        terminal->redraw(terminal->ctx);
    else if (strcmp(action, "suspend") == 0 && terminal->suspend)
        terminal->suspend(terminal->ctx);
}

/* C-c first closes what the view itself has open, as esc does. */
static bool view_closes(struct console *console)
{
    struct tui_event esc = { .key = TUI_KEY_ESC };
    struct view *top = console_top(console);
    struct view_frame frame = console_frame(console);
    struct view_answer answer = { 0 };
    const struct view_key *row = console_keys_find(&console->keys, top->class, TUI_KEY_ESC);
    top->class->act(top, &frame, row ? row->action : NULL, &esc, &answer);
    return answer.handled;
}

static void view_key(struct console *console, const struct tui_event *event)
{
    if (event->key == (TUI_KEY_CTRL | 'c') && view_closes(console))
        return;
    struct view *top = console_top(console);
    struct view_frame frame = console_frame(console);
    struct view_answer answer = { 0 };
    const struct view_key *row = console_keys_find(&console->keys, top->class, event->key);
    top->class->act(top, &frame, row ? row->action : NULL, event, &answer);
    if (answer.message[0])
        console_say(console, "%s", answer.message);
    if (answer.command[0]) {
        console_command(console, answer.command);
        return;
    }
    if (answer.handled) {
        console_beside_key(console, tui_move_of(row ? row->action : NULL) != TUI_MOVE_NONE);
        console_wants(console);
        return;
    }
    const struct view_key *own = console_keys_find(&console->keys, NULL, event->key);
    if (own)
        own_action(console, own->action);
    else if (event->key == TUI_KEY_PASTE)
        console_say(console, "what was pasted does nothing here");
    else if (!open_by_digit(console, event->key))
        console_say(console, "that key does nothing here; ? shows which do");
}

void console_key(struct console *console, const struct tui_event *event)
{
    if (event->key == TUI_KEY_RESIZE || event->key == TUI_KEY_NONE)
        return;
    bool first_cancel = event->key == (TUI_KEY_CTRL | 'c');
    bool leaves = event->key == 'q' || event->key == TUI_KEY_F1 + 9;
    if ((!first_cancel && !leaves) || console->greets)
        console->message[0] = '\0';
    console->greets = false;
    console_beside_key(console, false);
    if (console->confirm.state != CONFIRM_NONE)
        console_confirm_key(console, event);
    else if (console->overlay == OVERLAY_PALETTE)
        console_palette_key(console, event);
    else if (console->overlay == OVERLAY_HELP)
        console_help_key(console, event);
    else if (console->overlay == OVERLAY_MESSAGES)
        console_notes_key(console, event);
    else
        view_key(console, event);
}

/* ---- what comes in ---- */

bool console_news(struct console *console)
{
    struct mig_snapshot *before = console->snapshot;
    console->snapshot = mig_watch_snapshot(console->watch);
    console_notes_compare(console, before, console->snapshot);
    struct view_frame frame = console_frame(console);
    for (size_t i = 0; i < console->depth; i++) {
        if (console->stack[i]->class->update)
            console->stack[i]->class->update(console->stack[i], &frame);
    }
    mig_unshare(before);
    console_acts_take(console);
    console_confirm_news(console);
    console_wants(console);
    return true;
}

static void earlier(int64_t *due, int64_t at)
{
    if (at > 0 && (*due == 0 || at < *due))
        *due = at;
}

/* Ages change with whole seconds or minutes, countdowns each second; a quiet screen has nothing due for a minute. */
int64_t console_due(const struct console *console)
{
    int64_t now = console_now(console);
    int64_t due = 0;
    for (size_t i = 0; i < console->snapshot->env_count; i++) {
        const struct mig_snap_env *env = &console->snapshot->envs[i];
        bool held = env->seen && mig_lock_alive(&env->seen->look.history->lock);
        if (env->writable_until_ms > now)
            earlier(&due, now + 1000 - (now - env->writable_until_ms) % 1000);
        if (held || (env->seen && now - env->seen_ms >= CONSOLE_NEW_MS))
            earlier(&due, now + 1000);
        else if (env->seen)
            earlier(&due, env->seen_ms + CONSOLE_NEW_MS);
    }
    if (console->message[0] && !console->message_is_error && !console->greets)
        earlier(&due, console->message_at_ms + CONSOLE_SAID_MS > now
                          ? console->message_at_ms + CONSOLE_SAID_MS
                          : now + 1000);
    earlier(&due, console_confirm_due(console));
    if (console->beside.moving_until_ms > now)
        earlier(&due, console->beside.moving_until_ms);
    int64_t wall = console->host->ops->wall_ms(console->host);
    earlier(&due, now + 60000 - wall % 60000);
    return due;
}

/* ---- drawing ---- */

static void draw_view(struct console *console, const struct tui_pane *pane)
{
    struct view *top = console_top(console);
    struct view_frame frame = console_frame(console);
    struct view_beside beside = { 0 };
    frame.beside = &beside;
    if (pane->w <= 0 || pane->h <= 0)
        return;
    if (console->cols < CONSOLE_MIN_COLS || console->rows < CONSOLE_MIN_ROWS) {
        tui_printf(pane, 0, 0, TUI_WARN, "too small: needs %dx%d, has %dx%d", CONSOLE_MIN_COLS,
                   CONSOLE_MIN_ROWS, console->cols, console->rows);
        tui_text(pane, 0, 1, TUI_DIM, "q quits; runs go on");
        return;
    }
    top->class->draw(top, &frame, pane);
    console_beside_draw(console, &beside, pane->canvas);
}

void console_draw(struct console *console, struct tui_canvas *canvas)
{
    struct console_layout at;
    struct tui_pane all = tui_pane_all(canvas);
    console->cols = canvas->cols;
    console->rows = canvas->rows;
    if (console->message[0] && !console->message_is_error && !console->greets &&
        console_now(console) >= console->message_at_ms + CONSOLE_SAID_MS)
        console->message[0] = '\0';
    console_shell_draw(console, canvas, &at);
    struct tui_pane pane = tui_pane_part(&all, 0, at.view_y, canvas->cols, at.view_h);
    draw_view(console, &pane);
    if (console->overlay == OVERLAY_HELP)
        console_help_draw(console, &pane);
    else if (console->overlay == OVERLAY_MESSAGES)
        console_notes_draw(console, &pane);
    if (console->confirm.state != CONFIRM_NONE)
        console_confirm_draw(console, &all);
    else if (console->overlay == OVERLAY_PALETTE)
        console_palette_draw(console, &all);
    console->drawn = canvas;
}

/* ---- life ---- */

static void note_keys(void *ctx, const char *message)
{
    struct console *console = ctx;
    struct mig_error err = { 0 };
    mig_fail(&err, MIG_ERR_CONFIG, "%s", message);
    console_note(console, "keys", true, &err);
}

static void load_keys(struct console *console)
{
    struct mig_buf text MIG_AUTOBUF;
    struct mig_error ignored; /* most people have no such file */
    const char *path = console->options.keys_path;
    mig_buf_init(&text, KEYS_FILE_MAX);
    bool there = path && console->host->ops->file_read &&
                 console->host->ops->file_read(console->host, path, KEYS_FILE_MAX, &text, &ignored);
    console_keys_load(&console->keys, there ? text.text : NULL, path, note_keys, console);
}

struct console *console_new(const struct console_options *options)
{
    struct console *console = mig_alloc(sizeof *console);
    console->options = *options;
    console->host = options->app->host;
    tui_history_init(&console->palette.history, HISTORY_MAX);
    console_history_load(console);
    struct mig_watch_options watch = { .app = options->app,
                                       .readonly = options->readonly,
                                       .changed = options->changed,
                                       .ctx = options->changed_ctx };
    console->watch = mig_watch_new(&watch);
    console->snapshot = mig_watch_snapshot(console->watch);
    console_notes_compare(console, NULL, console->snapshot);
    load_keys(console);
    console_open(console, view_classes[0]->name, 0, NULL);
    if (options->greeting)
        console_say(console, "%s", options->greeting);
    console->greets = options->greeting != NULL;
    return console;
}

void console_start(struct console *console)
{
    mig_watch_start(console->watch);
}

bool console_free(struct console *console, int64_t grace_ms)
{
    if (!mig_watch_stop(console->watch, grace_ms))
        return false;
    for (size_t i = 0; i < console->act_count; i++) {
        if (!mig_act_result(console->acts[i].act))
            return false; /* its child goes on; its thread ends with us */
    }
    for (size_t i = 0; i < console->act_count; i++)
        mig_act_free(console->acts[i].act);
    console_confirm_close(console);
    while (console->depth > 0) {
        struct view *view = console->stack[--console->depth];
        view->class->close(view);
    }
    console_history_end(console);
    tui_history_done(&console->palette.history);
    mig_unshare(console->snapshot);
    free(console->notes.items);
    free(console->beside.cells);
    free(console);
    return true;
}

bool console_is_over(const struct console *console)
{
    return console->over;
}

bool console_is_idle(const struct console *console)
{
    return console->act_count == 0 && console->confirm.state != CONFIRM_PLANNING &&
           console->confirm.state != CONFIRM_CHECKING && mig_watch_is_idle(console->watch);
}

void console_set_utf8(struct console *console, bool utf8)
{
    console->options.utf8 = utf8;
}

void console_plain_view(struct console *console, struct mig_buf *out)
{
    struct view *top = console_top(console);
    struct view_frame frame = console_frame(console);
    if (console->confirm.state != CONFIRM_NONE)
        console_confirm_plain(console, out);
    else if (console->overlay == OVERLAY_MESSAGES)
        console_notes_plain(console, out);
    else if (top->class->plain)
        top->class->plain(top, &frame, out);
}
