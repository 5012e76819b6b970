/* lineedit.h - one line of text being typed: the palette, a search, a field of a dialog. Pure.
 *
 * Keys: characters, left right home end, backspace delete, C-a C-e C-b C-f (move), C-u C-k (cut to the beginning, to the
 * end), C-w (cut a word), M-b M-f (by words), C-d (delete); up and down (C-p C-n) go through a history, when it has one.
 * A paste is taken with newlines and control characters dropped, as far as it fits. Text is always UTF-8.
 */
#ifndef TUI_LINEEDIT_H
#define TUI_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"
#include "tui/key.h"

#define TUI_LINE_MAX 1024

/* Lines typed before, oldest first; the same line again moves to the end. */
struct tui_history {
    char **lines;
    size_t count, max;
};
void tui_history_init(struct tui_history *history, size_t max);
void tui_history_done(struct tui_history *history);
void tui_history_add(struct tui_history *history, const char *line); /* "" is not kept */

struct tui_line {
    char text[TUI_LINE_MAX];
    size_t len, at; /* bytes; at: the cursor, between characters */
    size_t max;     /* bytes it may have */
    int x;          /* columns scrolled to the left, kept between drawings */
    bool refuse_paste;
    bool paste_refused; /* a paste came, or keys so fast that nobody typed them; the text is empty since */
    unsigned batch, batch_keys;
    const struct tui_history *history; /* borrowed, may be NULL */
    size_t history_at;                 /* history->count: the line being typed, which .typed keeps */
    char typed[TUI_LINE_MAX];
};

/* max: bytes, up to TUI_LINE_MAX - 1; 0 means that. */
void tui_line_init(struct tui_line *line, size_t max, const struct tui_history *history);
void tui_line_set(struct tui_line *line,
                  const char *text); /* the cursor at the end; controls dropped, cut to max */
/* Take a key; false: it is none of the line's (enter, esc, tab, F1, …). */
bool tui_line_key(struct tui_line *line, const struct tui_event *event);
/* In w columns, scrolled so that the cursor is seen; focused puts the terminal's cursor there. */
void tui_line_draw(struct tui_line *line, const struct tui_pane *pane, int x, int y, int w,
                   enum tui_style style, bool focused);

#endif
