/* view.h - what a screen is: one row of a table, one file, no terminal, no driver, no thread.
 *
 * A view draws a snapshot into a pane and answers a key. What it wants done it says as a command line in the words of the ':'
 * palette (`plan --env test`, `view log --run 01J… --env test`, `apply --env test --plan 1234abcd`), so that keys, palette and
 * scripts are one thing and every act passes the same gate-keeper (views/console.c): read-only, :rw, confirmation, detached
 * runner. A view never prompts, never blocks, never asks a server: data it needs is asked for with .ask, and drawn when a later
 * snapshot has it.
 *
 * The table of keys below is what dispatch, hint bar and help overlay read.
 */
#ifndef VIEW_VIEW_H
#define VIEW_VIEW_H

#include "app/snapshot.h"
#include "tui/canvas.h"
#include "tui/key.h"

struct view;

/* A pane that tells more of the chosen row: while the selection is on the move it stays as it was, which spares a slow line what
 * nobody reads. */
struct view_beside {
    int x, y, w, h; /* on the canvas; w 0: there is none */
};

/* What is the same for a call of draw or key. */
struct view_frame {
    const struct mig_snapshot *snapshot;
    bool utf8;
    bool plain;     /* --plain: one item a line, no columns drawn by position */
    int64_t now_ms; /* monotonic */
    int64_t wall_ms;
    struct view_beside *beside; /* draw: where such a pane is told, by view_beside; NULL: nobody asks */
};

#define VIEW_COMMAND_MAX 1024

/* What a key asks for. */
struct view_answer {
    bool handled;                   /* false: the console tries its own keys */
    char command[VIEW_COMMAND_MAX]; /* "" or a line for the palette's parser */
    char message[256];              /* "" or what to tell in the message line, e.g. why nothing was done */
};

/* A key of one view. */
struct view_key {
    const char *key;    /* "enter", "d": default binding, several separated by a blank */
    const char *action; /* "open": what the user's keys file binds, and what .act gets */
    const char *hint;   /* for the hint bar, one or two words; NULL: only in help */
    const char *help;   /* one line, no full stop */
    int rank;           /* hints of a lower rank go first when there is no room */
};

/* What `view NAME` takes besides --env; the palette completes it, help tells it. */
struct view_option_row {
    const char *name;   /* "--tab" */
    const char *values; /* "effect|script"; a word in capitals for what is no choice; NULL: it stands alone */
};

/* Asked by view_class.wants: the console keeps these answers fresh while the view is on the screen. */
struct view_want {
    enum mig_query_kind kind;
    const struct cfg_environment *env;
    char argument[256];
};
#define VIEW_WANTS_MAX 40

struct view_class {
    const char *name;                      /* "matrix": `view matrix`, goldens, help */
    const char *title;                     /* "Matrix" */
    char digit;                            /* '1': its number in the tab line; 0: not in it */
    const struct view_key *keys;           /* ends with a row whose key is NULL */
    const struct view_option_row *options; /* ends with a row whose name is NULL; may be NULL */
    /* words: what follows `view NAME`, already split; may be 0. NULL: *err says what was wrong. */
    struct view *(*open)(size_t count, char *const *words, const struct view_frame *frame,
                         struct mig_error *err);
    void (*close)(struct view *view);
    /* A new snapshot has come: find the selected row again by its identity. May be NULL. */
    void (*update)(struct view *view, const struct view_frame *frame);
    void (*draw)(struct view *view, const struct view_frame *frame, const struct tui_pane *pane);
    /* action: of the table; or NULL for a key that is not in it (text typed into a field of the view). */
    void (*act)(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret);
    /* Why an action can't be done now ("needs :rw test"), or NULL: the hint bar and help show it dimmed. May be NULL. */
    const char *(*refuses)(const struct view *view, const struct view_frame *frame, const char *action);
    /* The word of the hint bar where the table's is not what the key would do now; NULL: the table's; "": none, the
     * key is of another part of the screen. May be NULL. */
    const char *(*hint)(const struct view *view, const char *action);
    size_t (*wants)(const struct view *view, const struct view_frame *frame,
                    struct view_want ret[static VIEW_WANTS_MAX]);
    /* The same content line by line, for --plain and :save of the whole. */
    void (*plain)(const struct view *view, const struct view_frame *frame, struct mig_buf *out);
    /* One line for the tab line and the header: what is looked at ("prod", "run 01J… on test"). */
    void (*subject)(const struct view *view, const struct view_frame *frame, char *ret, size_t size);
};

/* Each view begins with this. */
struct view {
    const struct view_class *class;
};

/* All views, in the order of their digits; ends with NULL. views/registry.c. */
extern const struct view_class *const view_classes[];
const struct view_class *view_class_find(const char *name);

#endif
