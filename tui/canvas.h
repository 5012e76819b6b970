/* canvas.h - a grid of cells that views draw into; the only way text gets to the terminal.
 *
 * Knows no ncurses: tui/flush.c carries a canvas to the screen, tests and --script read it as text. Everything put on it is
 * made safe here, whatever its origin: control bytes, malformed UTF-8, bidi and zero-width characters become visible text
 * (tui/glyph.h), so no foreign byte ever reaches the terminal. Widths are of one fixed table, never the locale's, and the same
 * with and without UTF-8; a wide character that does not fit whole is replaced by a blank. Without UTF-8 each column of what is
 * not ASCII becomes '?' (lines and the marks of tui_mark have ASCII forms of their own).
 *
 * Drawing is through panes: a rectangle of a canvas with its own origin; what falls outside is clipped, silently. A pane is
 * a small value, copied freely; it borrows the canvas. One thread: the UI's.
 */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tui/style.h"

#define TUI_COLS_MAX   2000 /* of a larger terminal the rest stays blank */
#define TUI_ROWS_MAX   1000
#define TUI_CELL_CHARS 3

struct tui_cell {
    uint32_t chars
        [TUI_CELL_CHARS]; /* one character and at most two combining ones; 0 ends. chars[0] is 0 in the right
                                       half of a wide one */
    uint8_t style;        /* enum tui_style */
    bool chosen;          /* drawn reversed besides: the row under the cursor keeps its colours' meaning */
};

/* Rows that moved up by so many since the frame before (down: negative), as far as who drew them knows. */
struct tui_scroll {
    int y, h, by; /* by 0: none */
};

struct tui_canvas {
    int cols, rows;
    bool utf8;
    struct tui_cell *cells; /* rows * cols */
    int cursor_x, cursor_y; /* -1: hidden */
    struct tui_scroll scrolled;
};

struct tui_canvas *tui_canvas_new(int cols, int rows, bool utf8);
void tui_canvas_free(struct tui_canvas *canvas);
void tui_canvas_resize(struct tui_canvas *canvas, int cols, int rows); /* and blank it */
void tui_canvas_blank(struct tui_canvas *canvas);
/* Rows as UTF-8 lines without trailing blanks: goldens, :save, --script. */
void tui_canvas_text(const struct tui_canvas *canvas, struct mig_buf *out);

struct tui_pane {
    struct tui_canvas *canvas;
    int x, y, w, h; /* on the canvas; w and h may be 0, never negative */
};

struct tui_pane tui_pane_all(struct tui_canvas *canvas);
/* A part, clipped to the whole; negative x or y count from the far edge. */
struct tui_pane tui_pane_part(const struct tui_pane *pane, int x, int y, int w, int h);

/* Put text at x, y of the pane; returns the columns it took (up to the pane's right edge). Newlines become a blank. x may be
 * negative: what is left of the pane is skipped (and counted), as a text that is scrolled sideways needs it. */
int tui_text(const struct tui_pane *pane, int x, int y, enum tui_style style, const char *text);
int tui_text_len(const struct tui_pane *pane, int x, int y, enum tui_style style, const char *text,
                 size_t len);
int tui_printf(const struct tui_pane *pane, int x, int y, enum tui_style style, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* In a field of w columns (fewer at the pane's edge), blank where the text is not; cut with '…' ('~' in ASCII) when too long;
 * negative w: aligned on the right. */
void tui_field(const struct tui_pane *pane, int x, int y, int w, enum tui_style style, const char *text);
void tui_fill(const struct tui_pane *pane, int x, int y, int w, int h, enum tui_style style, char c);
/* Mark w cells of a row as chosen; after its text, as drawing takes the mark away. */
void tui_choose(const struct tui_pane *pane, int x, int y, int w);
/* What stood in h rows from y on moved up by so many rows (down: negative): a hint, never wrong but in its cost. */
void tui_scrolled(const struct tui_pane *pane, int y, int h, int by);
/* A frame with a title in its top line and a note in its bottom line (NULL: none); returns the pane within. A pane too small
 * for one (below 3x3) is returned whole and nothing is drawn. Does not blank the inside: tui_fill does. */
struct tui_pane tui_frame(const struct tui_pane *pane, enum tui_style style, const char *title,
                          const char *note);
void tui_cursor(const struct tui_pane *pane, int x, int y);

/* Columns text takes, as tui_text would draw it. */
int tui_width(const char *text);
/* Bytes of the longest beginning of text that fits cols columns, whole characters. */
size_t tui_fit(const char *text, int cols);

/* Marks of the user interface, by codeset. enum, ASCII, UTF-8 */
#define TUI_MARK_TABLE(X) \
    X(TUI_MARK_MORE, "~", "…") \
    X(TUI_MARK_CURSOR, ">", "›") \
    X(TUI_MARK_MARKED, "*", "●") \
    X(TUI_MARK_OK, "+", "✓") \
    X(TUI_MARK_NO, "x", "✗") \
    X(TUI_MARK_UNKNOWN, "?", "?") \
    X(TUI_MARK_FULL, "=", "█") \
    X(TUI_MARK_EMPTY, ".", "░") \
    X(TUI_MARK_LEFT, "<", "◂") \
    X(TUI_MARK_RIGHT, ">", "▸")

enum tui_mark {
#define X(mark, ascii, utf8) mark,
    TUI_MARK_TABLE(X)
#undef X
        TUI_MARKS
};
const char *tui_mark(enum tui_mark mark, bool utf8);

#endif
