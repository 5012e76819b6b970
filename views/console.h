/* console.h - the console without a terminal: keys and news in, cells out.
 *
 * Holds the stack of views, the ':' palette, help, errors and confirmations, and is the one gate-keeper of everything that
 * writes: a command with MIG_CMD_MUTATES reaches a server only through console_act (console_confirm.c), whatever key, line or
 * script asked for it. Executes no migration: an act is this binary started anew with the very command line (app/act.h).
 *
 * Driven by console_terminal.c (a terminal), console_script.c (--script) and console_plain.c (--plain). One thread: the UI's;
 * nothing here blocks.
 */
#ifndef VIEW_CONSOLE_H
#define VIEW_CONSOLE_H

#include "app/app.h"
#include "base/buf.h"
#include "tui/canvas.h"
#include "tui/key.h"

struct console;

/* What only a terminal can do; any member may be NULL. */
struct console_terminal {
    void *ctx;
    /* Send to the terminal's clipboard and a file; *ret_path: the file. */
    bool (*copy)(void *ctx, const char *text, size_t len, const char **ret_path, struct mig_error *err);
    void (*redraw)(void *ctx);
    void (*suspend)(void *ctx);
    void (*drop_input)(void *ctx); /* keys typed ahead */
    void (*bell)(void *ctx);
    void (*title)(void *ctx, const char *text);
    /* "ascii", "mouse", "bell" or "title"; false: it can't be changed here. */
    bool (*set)(void *ctx, const char *name, bool on);
};

struct console_options {
    struct mig_app *app;
    const char *const
        *globals; /* words that every act gets first (--config=FILE …), NULL-terminated; borrowed */
    struct console_terminal terminal;
    void (*changed)(void *ctx); /* any thread: something has come in, call console_news soon */
    void *changed_ctx;
    bool readonly; /* --readonly: no :rw */
    bool utf8;
    bool plain;            /* --plain */
    const char *greeting;  /* stands in the message line until a key is pressed; NULL: none */
    const char *keys_path; /* the user's keys file; NULL: none */
    int64_t
        rest_ms; /* how long the selection rests before what is beside it follows; 0: it follows at once */
    const char *history_path; /* where lines of the palette are kept for the next session; NULL: nowhere */
};

/* It can be drawn and takes keys; nothing is looked at before console_start, once. */
struct console *console_new(const struct console_options *options);
void console_start(struct console *console);
/* Before console_free: waits, at most max_ms, until each act that was confirmed has a process of its own, which needs this one no
 * more. False: *err names what may not have begun, and what has failed meanwhile; the system's log has it too. Of the
 * terminal nothing is used from here on. */
bool console_settle(struct console *console, int64_t max_ms, struct mig_error *err);
/* Ends all lanes within grace_ms; false: the process must end without freeing the application. */
bool console_free(struct console *console, int64_t grace_ms);

void console_key(struct console *console, const struct tui_event *event);
/* A line of the palette. */
void console_command(struct console *console, const char *line);
/* Take in what has come; true when the screen may have changed. */
bool console_news(struct console *console);
/* When something on the screen changes by itself (a countdown, an age), on the host's monotonic clock; 0: never. */
int64_t console_due(const struct console *console);
void console_draw(struct console *console, struct tui_canvas *canvas);
bool console_is_over(const struct console *console);
/* Nothing is under way that was asked for: what a script waits for. */
bool console_is_idle(const struct console *console);
void console_set_utf8(struct console *console, bool utf8);

/* For --plain: the view on top line by line; the message line ("" when there is none). */
void console_plain_view(struct console *console, struct mig_buf *out);
const char *console_message(const struct console *console);

#endif
