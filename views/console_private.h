/* console_private.h - what the files of the console share. */
#ifndef VIEW_CONSOLE_PRIVATE_H
#define VIEW_CONSOLE_PRIVATE_H

#include "app/act.h"
#include "app/cmdline.h"
#include "app/watch.h"
#include "tui/dialog.h"
#include "tui/lineedit.h"
#include "tui/move.h"
#include "views/console.h"
#include "views/view.h"

#define CONSOLE_STACK    12
#define CONSOLE_ACTS     8
#define CONSOLE_NOTES    200
#define CONSOLE_HEADS    6 /* environments whose head of the audit is shown, where there is room */
#define CONSOLE_CLASSES  24
#define CONSOLE_ACTIONS  64
#define CONSOLE_BINDINGS 8
#define CONSOLE_MIN_COLS 40
#define CONSOLE_MIN_ROWS 10
#define CONSOLE_NEW_MS \
    5000 /* data younger than this says just that: a number that changes each second would be sent each second */
#define CONSOLE_STALE_MS  10000 /* data older than this is stale */
#define CONSOLE_SAID_MS   12000 /* a message that is no error goes after so long */
#define CONSOLE_FRESH_MS  10000 /* a plan older than this is made again before an act */
#define CONSOLE_WORDS_MAX 64

/* ---- console_keys.c: which key does what ---- */

struct console_binding {
    const struct view_key *row;
    uint32_t keys[CONSOLE_BINDINGS];
    size_t count;
};

struct console_bindings {
    const struct view_class *class; /* NULL: the console's own */
    struct console_binding items[CONSOLE_ACTIONS];
    size_t count;
};

struct console_keys {
    struct console_bindings sets[CONSOLE_CLASSES]; /* the first is the console's own */
    size_t count;
};

extern const struct view_key console_own_keys[];

/* The defaults of all tables, then the lines of text ("matrix.plan enter p"), each unknown word and each key that would do
 * two things told through note. text may be NULL. */
void console_keys_load(struct console_keys *keys, const char *text, const char *file_name,
                       void (*note)(void *ctx, const char *message), void *ctx);
/* class NULL: the console's own. NULL: the key does nothing there. */
const struct view_key *console_keys_find(const struct console_keys *keys, const struct view_class *class,
                                         uint32_t key);
/* "enter p": as shown in help; first_only for the hint bar. */
void console_keys_name(const struct console_keys *keys, const struct view_class *class,
                       const struct view_key *row, bool first_only, char *ret, size_t size);

/* ---- console_notes.c: what went wrong, kept ---- */

struct console_note {
    int64_t wall_ms;
    bool error;     /* else: it is well again, or a warning */
    char where[72]; /* environment, "files", or a command */
    struct mig_error what;
};

struct console_notes {
    struct console_note *items; /* a ring of CONSOLE_NOTES, made when the first comes */
    size_t first, count;
    size_t unread; /* errors that came since they were last looked at */
    bool news;     /* the newest came by itself, and nothing was said since: it may have the message line */
    int scroll;
};

void console_note(struct console *console, const char *where, bool error, const struct mig_error *what);
/* What has changed between two snapshots: environments that went away or came back, files that cannot be read. before: NULL
 * for the first. */
void console_notes_compare(struct console *console, const struct mig_snapshot *before,
                           const struct mig_snapshot *now);
void console_notes_draw(struct console *console, const struct tui_pane *pane);
void console_notes_key(struct console *console, const struct tui_event *event);
void console_notes_plain(const struct console *console, struct mig_buf *out);

/* ---- console_help.c ---- */

struct console_help {
    struct tui_line search;
    int scroll, rows, page;
};

void console_help_open(struct console *console);
void console_help_draw(struct console *console, const struct tui_pane *pane);
void console_help_key(struct console *console, const struct tui_event *event);

/* ---- console_palette.c ---- */

struct console_palette {
    struct tui_line line;
    struct tui_history history;
    char found[64][64]; /* what the word under the cursor may become */
    size_t found_count, chosen;
    bool cycling; /* tab was pressed: it goes through them */
    size_t word_at;
    char word[64];        /* as it was typed */
    size_t lines_on_disk; /* of its history */
};

/* ---- console_history.c: what was typed there, kept on disk ---- */

void console_history_load(struct console *console);
void console_history_add(struct console *console, const char *line);
void console_history_end(struct console *console);

void console_palette_open(struct console *console, const char *text);
void console_palette_key(struct console *console, const struct tui_event *event);
void console_palette_draw(struct console *console, const struct tui_pane *pane);
/* Fill palette->found for the text up to the cursor. */
void console_palette_complete(struct console *console);

/* ---- console_command.c ---- */

struct console_command {
    const char *name, *arguments, *help;
    void (*run)(struct console *console, size_t count, char *const *words);
};
extern const struct console_command console_commands[]; /* ends with a row without name */

/* ---- console_shown.c: commands that only look ---- */

/* A command of the command line that writes, or that is a view here. */
bool console_command_is_known(const struct mig_command *command);
/* False: the option is for a shell, or the console answers it in its own way. */
bool console_option_is_here(const struct mig_command *command, enum mig_option_id option);
/* The screen of a command that only looks; NULL: it has none here. */
const struct view_class *console_shown_class(const struct mig_command *command);

/* A line's words: the command's, and apart those of its screen. All borrowed. */
struct console_shown {
    char *words[CONSOLE_WORDS_MAX];
    char *own[CONSOLE_WORDS_MAX];
    size_t own_count;
};
/* *count becomes that of ret->words. False: an option of the screen lacks its value. */
bool console_shown_split(size_t *count, char *const *words, struct console_shown *ret, struct mig_error *err);
/* False: the command has no screen here. */
bool console_shown_open(struct console *console, const struct mig_cmdline *line,
                        const struct console_shown *shown);

/* ---- console_banner.c: what waits for people ---- */

/* One line; false: nothing waits. now_ms: monotonic. */
bool console_banner(const struct mig_snapshot *snapshot, int64_t now_ms, enum tui_style *ret_style, char *ret,
                    size_t size);

/* ---- console_confirm.c: the one way to act ---- */

#define CONFIRM_INTO_MAX 72

enum console_confirm_state {
    CONFIRM_NONE,
    CONFIRM_PLANNING, /* what it is about is being asked for: the plan, the request, the backup */
    CONFIRM_ASKING,
    CONFIRM_CHECKING, /* confirmed; the plan is made once more */
};

struct console_confirm {
    enum console_confirm_state state;
    struct mig_cmdline line; /* of the act */
    char verb[40];           /* "apply", "backup take" */
    const struct cfg_environment *env;
    enum mig_query_kind query;   /* what is waited for */
    char *argument;              /* of that question; NULL: there is none */
    struct mig_seen_plan *plan;  /* what is shown; checked once more when it is confirmed */
    bson_t *row;                 /* the request or backup that it is about; NULL: none */
    char void_reason[512];       /* why the request can't run any more; "": it can, or nobody knows */
    char into[CONFIRM_INTO_MAX]; /* restore: the database */
    int64_t asked_ms;            /* an answer must be newer than this */
    struct tui_dialog dialog;
    int typed_field, reason_field; /* -1: none */
    char wanted[160];              /* what is to be typed; "": nothing */
    size_t count;                  /* migrations */
};

/* Take a parsed line that writes (consumed): refuse it, or begin to ask. */
void console_act(struct console *console, struct mig_cmdline *take_line);
void console_confirm_key(struct console *console, const struct tui_event *event);
void console_confirm_news(struct console *console);
void console_confirm_draw(struct console *console, const struct tui_pane *pane);
void console_confirm_close(struct console *console);
int64_t console_confirm_due(const struct console *console);
/* One y is enough: nothing is protected, and there is nothing to fill in. */
bool console_confirm_by_y(const struct console_confirm *confirm);
/* --plain: what is asked, and an answer to it. */
void console_confirm_plain(const struct console *console, struct mig_buf *out);
void console_confirm_answer(struct console *console, const char *text);

/* ---- console_confirm_about.c: what an act without a plan is about ---- */

/* Needs :rw: it changes something on a server, or removes what was kept. */
bool confirm_writes(const struct mig_cmdline *line);
/* The list of the environment that tells of it; false: none does. */
bool confirm_list_of(const struct mig_cmdline *line, enum mig_query_kind *ret);
/* The row that is meant, copied: the one named, else the only one that waits, or the newest backup. */
bool confirm_choose(const struct mig_cmdline *line, const struct cfg_environment *env,
                    const struct mig_seen_rows *rows, bson_t **ret, struct mig_error *err);
/* The plan's question for exactly what a request asks for; the caller's; NULL: it can't be asked. */
char *confirm_requested_plan(const bson_t *row);
/* What is to be typed, "" when nothing; for a restore .into too. */
void confirm_wanted(struct console *console, char *ret, size_t size);

/* ---- console_confirm_text.c, console_confirm_plan.c: what is shown before an act ---- */

#define CONFIRM_LINES    64
#define CONFIRM_ID_SHOWN 12

struct confirm_line {
    char text[640];
    enum tui_style style;
};

struct confirm_body {
    struct confirm_line lines[CONFIRM_LINES];
    size_t count, room;
    int width; /* columns; what is in columns is made to fit, the rest is broken between words */
    bool utf8;
};

void confirm_add(struct confirm_body *body, enum tui_style style, const char *fmt, ...) MIG_PRINTF(3, 4);
/* Who asked, why, and who has answered what. */
void confirm_add_request(const struct console *console, struct confirm_body *body);
void confirm_fill_plan(const struct console *console, struct confirm_body *body);
/* How a migration stands on an environment, as last seen; NULL: not known. snap may be NULL. */
const struct mig_view *confirm_view_of(const struct mig_snap_env *snap, const char *version);

/* ---- console_shell.c: header, tabs, message line, hints ---- */

struct console_layout {
    int header, tabs, view_y, view_h, message_y, hints_y; /* rows; -1: not there */
};
void console_shell_draw(struct console *console, struct tui_canvas *canvas, struct console_layout *ret);
enum console_state_form {
    STATE_FULL,  /* "LOCKED by ci 41s", "ok <5s" */
    STATE_BRIEF, /* "LOCKED", "ok <5s" */
    STATE_WORD,  /* "LOCKED", "ok": nothing that changes by itself but STALE */
};
enum tui_style console_env_state(const struct console *console, const struct mig_snap_env *env,
                                 enum console_state_form form, char *ret, size_t size);

/* ---- console_beside.c: what tells more of the chosen row follows when the selection rests ---- */

struct console_beside {
    struct view_beside at; /* where it was drawn last */
    struct tui_cell *cells;
    size_t room;
    int64_t moving_until_ms; /* the last key was a move; 0: it was not */
};

/* A key was pressed; moves: it moved the selection. */
void console_beside_key(struct console *console, bool moves);
/* The view was drawn, and said where that pane is: keep it, or put back what was kept. */
void console_beside_draw(struct console *console, const struct view_beside *at, struct tui_canvas *canvas);

/* ---- console_acts.c ---- */

/* Those that are over are told and let go. */
void console_acts_take(struct console *console);

/* ---- console.c ---- */

enum console_overlay { OVERLAY_NONE, OVERLAY_PALETTE, OVERLAY_HELP, OVERLAY_MESSAGES };

struct console_running_act {
    struct mig_act *act;
    const struct cfg_environment *env;
    char name[40]; /* of the act: "apply", "backup verify" */
};

struct console {
    struct console_options options;
    struct mig_host *host;
    struct mig_watch *watch;
    struct mig_snapshot *snapshot;
    struct view *stack[CONSOLE_STACK];
    size_t depth;
    const struct cfg_environment *env; /* :env; NULL: none chosen */
    enum console_overlay overlay;
    struct console_keys keys;
    struct console_notes notes;
    struct console_help help;
    struct console_palette palette;
    struct console_confirm confirm;
    struct console_beside beside;
    struct console_running_act acts[CONSOLE_ACTS];
    size_t act_count;
    char message[512];
    bool message_is_error;
    bool greets; /* the message stays until a key is pressed */
    int64_t message_at_ms;
    struct tui_canvas *drawn; /* borrowed: what was drawn last, for :save */
    int cols, rows;
    struct mig_buf *at_end; /* what fails goes here too once the terminal has gone; NULL before */
    bool over;
};

struct view_frame console_frame(const struct console *console);
struct view *console_top(const struct console *console);
/* Into the message line; an error is kept in the list of errors too. */
void console_say(struct console *console, const char *fmt, ...) MIG_PRINTF(2, 3);
void console_fail(struct console *console, const char *where, const struct mig_error *err);
/* Open a view on top. False: it was said why. words: after `view NAME`. */
bool console_open(struct console *console, const char *name, size_t count, char *const *words);
void console_back(struct console *console);
void console_wants(struct console *console);
/* The environment that the view on top is about, or :env's, or the only one; NULL. */
const struct cfg_environment *console_env(const struct console *console);
const struct mig_snap_env *console_snap(const struct console *console, const struct cfg_environment *env);
bool console_writable(const struct console *console, const struct cfg_environment *env);
int64_t console_now(const struct console *console);
/* Start the act; what becomes of it is told when it is over. */
/* `audit verify` and `audit export` of an environment: they change nothing, so nothing is asked. */
void console_audit(struct console *console, const struct mig_cmdline *line);
void console_act_start(struct console *console, const struct cfg_environment *env, const char *name,
                       const char *const *words);
/* "4s", "2m", "3h": an age in one word. */
void console_age(int64_t ms, char *ret, size_t size);

#endif
