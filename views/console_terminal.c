/* console_terminal.c - a console on the terminal: the toolkit's loop on one side, the console on the other. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "tui/loop.h"
#include "tui/screen.h"
#include "views/console_session_private.h"

#define REST_MS 80 /* keys that repeat come faster; a person does not see it as late */

struct terminal {
    struct mig_host *host;
    struct tui_screen *screen;
    struct tui_loop *loop;
    struct console *console;
    char *clip_path;
    bool title, bell, utf8;
    bool started; /* the first frame is out, and environments are looked at */
};

/* ---- what only a terminal can do ---- */

static bool copy(void *ctx, const char *text, size_t len, const char **ret_path, struct mig_error *err)
{
    struct terminal *terminal = ctx;
    struct mig_host *host = terminal->host;
    struct mig_error ignored; /* what cannot be made cannot be written: that is told */
    *ret_path = terminal->clip_path;
    if (host->ops->file_append(host, terminal->clip_path, "", 0, false, &ignored)) /* makes the folder too */
        host->ops->file_close(host, terminal->clip_path);
    return tui_screen_copy(terminal->screen, text, len, err);
}

static void redraw(void *ctx)
{
    struct terminal *terminal = ctx;
    tui_screen_redraw(terminal->screen);
    tui_loop_draw(terminal->loop);
}

static void suspend(void *ctx)
{
    tui_screen_suspend(((struct terminal *)ctx)->screen);
}

static void drop_input(void *ctx)
{
    tui_loop_drop_keys(((struct terminal *)ctx)->loop);
}

static void bell(void *ctx)
{
    struct terminal *terminal = ctx;
    if (terminal->bell)
        tui_screen_bell(terminal->screen);
}

static void title(void *ctx, const char *text)
{
    struct terminal *terminal = ctx;
    if (terminal->title)
        tui_screen_title(terminal->screen, text);
}

static bool set(void *ctx, const char *name, bool on)
{
    struct terminal *terminal = ctx;
    if (strcmp(name, "mouse") == 0) {
        tui_screen_mouse(terminal->screen, on);
    } else if (strcmp(name, "bell") == 0) {
        terminal->bell = on;
    } else if (strcmp(name, "title") == 0) {
        terminal->title = on;
    } else if (!on && !terminal->utf8) {
        return false; /* the terminal has no UTF-8 to go back to */
    } else {
        tui_screen_canvas(terminal->screen)->utf8 = !on;
        console_set_utf8(terminal->console, !on);
        redraw(terminal);
    }
    return true;
}

/* ---- the loop's hooks ---- */

static void plan_tick(struct terminal *terminal)
{
    int64_t due = console_due(terminal->console);
    int64_t wait = due - terminal->host->ops->mono_ms(terminal->host);
    tui_loop_tick_at(terminal->loop, due == 0 ? 0 : tui_loop_now() + (wait < 0 ? 0 : wait));
}

static void on_key(void *ctx, const struct tui_event *event)
{
    struct terminal *terminal = ctx;
    console_key(terminal->console, event);
    if (console_is_over(terminal->console))
        tui_loop_stop(terminal->loop);
    else
        plan_tick(terminal);
}

static void on_draw(void *ctx, struct tui_canvas *canvas)
{
    console_draw(((struct terminal *)ctx)->console, canvas);
}

static void on_wake(void *ctx)
{
    struct terminal *terminal = ctx;
    console_news(terminal->console);
    tui_loop_draw(terminal->loop);
    plan_tick(terminal);
}

static void on_tick(void *ctx)
{
    struct terminal *terminal = ctx;
    if (!terminal->started)
        console_start(terminal->console);
    terminal->started = true;
    console_news(terminal->console); /* a window for writing may have closed */
    tui_loop_draw(terminal->loop);
    plan_tick(terminal);
}

/* Any thread. */
static void changed(void *ctx)
{
    tui_loop_wake(((struct terminal *)ctx)->loop);
}

/* ---- a session ---- */

static bool run(struct terminal *terminal, const struct console_session *session, int *ret_status,
                bool *ret_stuck, struct mig_error *err)
{
    char *keys_path MIG_AUTOFREE = session_keys_path(session);
    struct console_options options = session_options(session, keys_path);
    char *history_path MIG_AUTOFREE = mig_printf("%s/palette", terminal->host->state_dir);
    options.utf8 = terminal->utf8;
    options.rest_ms = REST_MS;
    options.history_path = history_path;
    options.changed = changed;
    options.changed_ctx = terminal;
    options.terminal = (struct console_terminal){ .ctx = terminal,
                                                  .copy = copy,
                                                  .redraw = redraw,
                                                  .suspend = suspend,
                                                  .drop_input = drop_input,
                                                  .bell = bell,
                                                  .title = title,
                                                  .set = set };
    terminal->console = console_new(&options);
    tui_loop_draw(terminal->loop);
    tui_loop_tick_at(terminal->loop, tui_loop_now()); /* right after the frame, before any key */
    int signal = tui_loop_run(terminal->loop);
    *ret_status = signal == 0 ? 0 : 128 + signal;
    tui_screen_leave(terminal->screen); /* the terminal is free before anything is waited for */
    bool ok = console_settle(terminal->console, SESSION_SETTLE_MS, err);
    *ret_stuck = !console_free(terminal->console, SESSION_GRACE_MS);
    return ok;
}

bool session_terminal(const struct console_session *session, int *ret_status, bool *ret_stuck,
                      struct mig_error *err)
{
    struct terminal terminal = { .host = session->app->host };
    terminal.clip_path = mig_printf("%s/clip", session->app->host->state_dir);
    struct tui_screen_options screen = { .ascii = session->ascii,
                                         .mono = session->mono,
                                         .title = true,
                                         .bell = true,
                                         .clip_path = terminal.clip_path };
    struct tui_loop_hooks hooks = {
        .ctx = &terminal, .key = on_key, .draw = on_draw, .wake = on_wake, .tick = on_tick
    };
    tui_loop_block();
    terminal.screen = tui_screen_open(&screen, err);
    bool ok = terminal.screen != NULL;
    if (ok) {
        terminal.utf8 = tui_screen_canvas(terminal.screen)->utf8;
        terminal.loop = tui_loop_open(terminal.screen, &hooks, err);
        ok = terminal.loop != NULL;
    }
    if (ok)
        ok = run(&terminal, session, ret_status, ret_stuck, err);
    if (terminal.loop && !*ret_stuck)
        tui_loop_close(terminal.loop);
    tui_screen_close(terminal.screen);
    free(terminal.clip_path);
    return ok;
}
