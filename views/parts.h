/* parts.h - what screens share: moves, ages and times, how states look, boxes and paragraphs.
 *
 * Pure but for the canvas. One thing looks and moves the same way on every screen because it is here once.
 */
#ifndef VIEW_PARTS_H
#define VIEW_PARTS_H

#include "tui/move.h"
#include "views/view.h"

/* ---- keys ---- */

/* Rows of a view's table of keys that move: up and down in a list or text; left and right are the environment in a table,
 * sideways in a text. */
#define VIEW_MOVE_ROW(move, action, keys, help) { keys, action, NULL, help, 0 },
#define VIEW_MOVES                              TUI_MOVE_TABLE(VIEW_MOVE_ROW)

/* ---- times ---- */

#define VIEW_TIME_SIZE 24

/* "4s", "3m", "2h", "5d". */
void view_age(int64_t ms, char ret[static VIEW_TIME_SIZE]);
/* In at most 5 columns: "now", "4m", "23h" when fresh, then "11-18", "2025" when it was another year; "" for 0. No seconds, here or
 * below: what is past changes nothing on a screen where nothing happens. */
void view_when_short(int64_t wall_ms, int64_t now_ms, char ret[static VIEW_TIME_SIZE]);
/* "just now", "4m ago", "3h ago", then "11-18 09:12", "2025-11-18"; "" for 0. UTC. */
void view_when(int64_t wall_ms, int64_t now_ms, char ret[static VIEW_TIME_SIZE]);
/* "14:02:11" of today, "11-18 14:02:11" of another day. */
void view_clock(int64_t wall_ms, int64_t now_ms, char ret[static VIEW_TIME_SIZE]);
/* The time of a document of JSON rows: ISO text or a date; 0 when there is none. */
int64_t view_doc_time(const bson_t *doc, const char *key);

/* ---- environments and states ---- */

#define VIEW_STALE_MS 30000

/* Its newest look failed, or nobody has looked for half a minute: what is known is shown, but never as if it were now. */
bool view_env_stale(const struct mig_snap_env *env, int64_t now_ms);
/* What somebody else changed there; NULL: not known (yet). */
const struct mig_seen_drift *view_drift(const struct mig_snapshot *snapshot,
                                        const struct cfg_environment *env);
/* Ask it of each environment; leaves room for one more want. */
size_t view_wants_drift(const struct view_frame *frame, struct view_want ret[static VIEW_WANTS_MAX]);
/* "orders is not what the last run left: options, validator or indexes". */
void view_drift_text(const struct mig_seen_drifted *drifted, char *ret, size_t size);
/* How a state is drawn; stale overrules. */
enum tui_style view_state_style(enum mig_state state);
enum tui_style view_env_style(const struct cfg_environment *env); /* of its name */
/* "prod!" when it is protected: its name is never cut away. */
void view_env_name(const struct cfg_environment *env, char *ret, size_t size);
/* How a word of a run or of a history entry is drawn: succeeded, failed, running, … */
enum tui_style view_status_style(const char *status);

/* How a gate is drawn; one where nothing was looked at has neither the mark nor the colour of one that is open. */
enum tui_style view_gate_style(enum mig_gate_state state);
const char *view_gate_mark(enum mig_gate_state state, bool utf8);

/* ---- drawing ---- */

/* This pane, which was drawn or will be, tells more of the chosen row; the last one of a frame counts. */
void view_beside(const struct view_frame *frame, const struct tui_pane *pane);

/* A frame, or on a screen of less than 60 columns, or below 10 rows, just a line with the title; the pane within. */
struct tui_pane view_box(const struct tui_pane *pane, const char *title, const char *note);
/* Text broken between words into at most rows lines, the last cut with a mark; the rows it took. */
int view_paragraph(const struct tui_pane *pane, int x, int y, int w, int rows, enum tui_style style,
                   const char *text);
/* The rows all of it takes in w columns. */
int view_paragraph_rows(int w, const char *text);
/* Bytes of text for one line of w columns: up to the last blank that fits, or as much as fits of a long word; a newline ends it. */
size_t view_line_bytes(const char *text, int w);
/* Lines in the middle of an empty pane: what is (not) here, and what to press. Broken at '\n'. */
void view_empty(const struct tui_pane *pane, const char *text);
/* [=====>    ] of w columns, w at least 3. */
void view_bar(const struct tui_pane *pane, int x, int y, int w, int64_t done, int64_t total);
/* A part per hundred, cut: 100 only when all is done. */
int view_percent(int64_t done, int64_t total);

/* ---- words for commands ---- */

/* Append a word to a command line, quoted when it must be, so that it comes out of mig_words_split as it went in. */
void view_word(struct mig_buf *out, const char *word);
/* Set ret->command from words, NULL ends; a word that is NULL-terminated text is quoted as needed. */
void view_command(struct view_answer *ret, ...) __attribute__((sentinel));
void view_say(struct view_answer *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The value of "--name VALUE" among the words of `view NAME …`; NULL when it is not there. */
const char *view_option(size_t count, char *const *words, const char *name);
bool view_has(size_t count, char *const *words, const char *name);
/* The environment of --env, or the only one there is; NULL and *err when it is not known. optional: NULL without *err when
 * --env is not given. */
const struct cfg_environment *view_env_option(size_t count, char *const *words,
                                              const struct view_frame *frame, bool optional,
                                              struct mig_error *err);

#endif
