/* canvas.c - cells, and panes that clip what is put on them. */
#include "tui/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "tui/glyph.h"

static const struct {
    const char *ascii, *utf8;
} marks[] = {
#define X(mark, ascii, utf8) [mark] = { ascii, utf8 },
    TUI_MARK_TABLE(X)
#undef X
};

const char *tui_mark(enum tui_mark mark, bool utf8)
{
    return utf8 ? marks[mark].utf8 : marks[mark].ascii;
}

/* ---- the grid ---- */

static int clamp(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

struct tui_canvas *tui_canvas_new(int cols, int rows, bool utf8)
{
    struct tui_canvas *canvas = mig_alloc(sizeof *canvas);
    canvas->utf8 = utf8;
    tui_canvas_resize(canvas, cols, rows);
    return canvas;
}

void tui_canvas_free(struct tui_canvas *canvas)
{
    if (!canvas)
        return;
    free(canvas->cells);
    free(canvas);
}

void tui_canvas_resize(struct tui_canvas *canvas, int cols, int rows)
{
    cols = clamp(cols, 1, TUI_COLS_MAX);
    rows = clamp(rows, 1, TUI_ROWS_MAX);
    if (!canvas->cells || cols != canvas->cols || rows != canvas->rows) {
        free(canvas->cells);
        canvas->cells = mig_alloc_n((size_t)cols * (size_t)rows, sizeof *canvas->cells);
        canvas->cols = cols;
        canvas->rows = rows;
    }
    tui_canvas_blank(canvas);
}

void tui_canvas_blank(struct tui_canvas *canvas)
{
    size_t count = (size_t)canvas->cols * (size_t)canvas->rows;
    for (size_t i = 0; i < count; i++)
        canvas->cells[i] = (struct tui_cell){ .chars = { ' ' } };
    canvas->cursor_x = canvas->cursor_y = -1;
    canvas->scrolled = (struct tui_scroll){ 0 };
}

static struct tui_cell *cell_at(const struct tui_canvas *canvas, int x, int y)
{
    return &canvas->cells[(size_t)y * (size_t)canvas->cols + (size_t)x];
}

static bool is_blank(const struct tui_cell *cell)
{
    return cell->chars[0] == ' ' && cell->chars[1] == 0;
}

void tui_canvas_text(const struct tui_canvas *canvas, struct mig_buf *out)
{
    for (int y = 0; y < canvas->rows; y++) {
        int end = canvas->cols;
        while (end > 0 && is_blank(cell_at(canvas, end - 1, y)))
            end--;
        for (int x = 0; x < end; x++) {
            const struct tui_cell *cell = cell_at(canvas, x, y);
            for (int i = 0; i < TUI_CELL_CHARS && cell->chars[i]; i++) {
                char bytes[4];
                mig_buf_add(out, bytes, mig_utf8_encode(cell->chars[i], bytes));
            }
        }
        mig_buf_char(out, '\n');
    }
}

/* ---- panes ---- */

struct tui_pane tui_pane_all(struct tui_canvas *canvas)
{
    return (struct tui_pane){ canvas, 0, 0, canvas->cols, canvas->rows };
}

struct tui_pane tui_pane_part(const struct tui_pane *pane, int x, int y, int w, int h)
{
    x = clamp(x < 0 ? pane->w + x : x, 0, pane->w);
    y = clamp(y < 0 ? pane->h + y : y, 0, pane->h);
    return (struct tui_pane){ pane->canvas, pane->x + x, pane->y + y, clamp(w, 0, pane->w - x),
                              clamp(h, 0, pane->h - y) };
}

static bool inside(const struct tui_pane *pane, int x, int y)
{
    return x >= 0 && x < pane->w && y >= 0 && y < pane->h;
}

/* What is left of a wide character that is about to lose a half. */
static void break_wide(const struct tui_canvas *canvas, int x, int y)
{
    struct tui_cell *cell = cell_at(canvas, x, y);
    if (cell->chars[0] == 0 && x > 0)
        cell_at(canvas, x - 1, y)->chars[0] = ' ';
    else if (x + 1 < canvas->cols && cell_at(canvas, x + 1, y)->chars[0] == 0)
        cell_at(canvas, x + 1, y)->chars[0] = ' ';
}

static void put(const struct tui_pane *pane, int x, int y, enum tui_style style, uint32_t c)
{
    if (!inside(pane, x, y))
        return;
    break_wide(pane->canvas, pane->x + x, pane->y + y);
    *cell_at(pane->canvas, pane->x + x, pane->y + y) =
        (struct tui_cell){ .chars = { c }, .style = (uint8_t)style };
}

/* The ASCII form of a mark of the user interface, '?' for all else. */
static char ascii_of(const struct tui_glyph *glyph)
{
    for (size_t i = 0; i < TUI_MARKS && !glyph->chars[1]; i++) {
        size_t len;
        if (mig_utf8_decode(marks[i].utf8, strlen(marks[i].utf8), &len) == glyph->chars[0])
            return marks[i].ascii[0];
    }
    return '?';
}

static void put_glyph(const struct tui_pane *pane, int x, int y, enum tui_style style,
                      const struct tui_glyph *glyph)
{
    if (glyph->spelled[0]) {
        for (int i = 0; i < glyph->width; i++)
            put(pane, x + i, y, style, (unsigned char)glyph->spelled[i]);
        return;
    }
    bool plain = glyph->chars[0] < 0x80 && !glyph->chars[1];
    if (!plain && !pane->canvas->utf8) {
        for (int i = 0; i < glyph->width; i++)
            put(pane, x + i, y, style, (unsigned char)ascii_of(glyph));
        return;
    }
    bool whole = inside(pane, x, y) && inside(pane, x + glyph->width - 1, y);
    for (int i = 0; i < glyph->width; i++)
        put(pane, x + i, y, style, ' ');
    if (!whole)
        return;
    memcpy(cell_at(pane->canvas, pane->x + x, pane->y + y)->chars, glyph->chars, sizeof glyph->chars);
    if (glyph->width == 2)
        cell_at(pane->canvas, pane->x + x + 1, pane->y + y)->chars[0] = 0;
}

/* ---- text ---- */

int tui_text_len(const struct tui_pane *pane, int x, int y, enum tui_style style, const char *text,
                 size_t len)
{
    int at = x;
    for (size_t done = 0; done < len && at < pane->w;) {
        struct tui_glyph glyph = tui_glyph_at(text + done, len - done);
        put_glyph(pane, at, y, style, &glyph);
        at += glyph.width;
        done += glyph.bytes;
    }
    return clamp(at, x, x > pane->w ? x : pane->w) - x;
}

int tui_text(const struct tui_pane *pane, int x, int y, enum tui_style style, const char *text)
{
    return tui_text_len(pane, x, y, style, text, strlen(text));
}

int tui_printf(const struct tui_pane *pane, int x, int y, enum tui_style style, const char *fmt, ...)
{
    char text[TUI_COLS_MAX * 2];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mig_utf8_trim(text);
    return tui_text(pane, x, y, style, text);
}

void tui_field(const struct tui_pane *pane, int x, int y, int w, enum tui_style style, const char *text)
{
    bool right = w < 0;
    w = clamp(right ? -w : w, 0,
              clamp(pane->w - x, 0, TUI_COLS_MAX)); /* so that the mark of a cut is always seen */
    size_t len = strlen(text), fits = tui_fit(text, w);
    bool cut = fits < len && w > 0;
    if (cut)
        fits = tui_fit(text, w - 1);
    int used = 0;
    for (size_t i = 0; i < fits;) {
        struct tui_glyph glyph = tui_glyph_at(text + i, len - i);
        used += glyph.width;
        i += glyph.bytes;
    }
    used += cut;
    tui_fill(pane, x, y, w, 1, style, ' ');
    int start = right ? x + w - used : x;
    tui_text_len(pane, start, y, style, text, fits);
    if (cut)
        tui_text(pane, start + used - 1, y, style, tui_mark(TUI_MARK_MORE, pane->canvas->utf8));
}

void tui_fill(const struct tui_pane *pane, int x, int y, int w, int h, enum tui_style style, char c)
{
    bool printable = c >= 0x20 && c < 0x7F;
    for (int row = y < 0 ? 0 : y; row < pane->h && row - y < h; row++)
        for (int col = x < 0 ? 0 : x; col < pane->w && col - x < w; col++)
            put(pane, col, row, style, printable ? (unsigned char)c : '?');
}

void tui_choose(const struct tui_pane *pane, int x, int y, int w)
{
    for (int col = x < 0 ? 0 : x; y >= 0 && y < pane->h && col < pane->w && col - x < w; col++)
        cell_at(pane->canvas, pane->x + col, pane->y + y)->chosen = true;
}

void tui_scrolled(const struct tui_pane *pane, int y, int h, int by)
{
    struct tui_pane part = tui_pane_part(pane, 0, y, pane->w, h);
    if (by > -part.h && by < part.h)
        pane->canvas->scrolled = (struct tui_scroll){ part.y, part.h, by };
}

/* ---- lines ---- */

static void title(const struct tui_pane *pane, int y, enum tui_style style, const char *text)
{
    int w = pane->w - 4;
    if (!text || !text[0] || w < 1)
        return;
    bool cut = tui_fit(text, w - 2) < strlen(text);
    int used = cut ? w - 2 : tui_width(text);
    if (used < 1)
        return;
    put(pane, 2, y, style, ' ');
    tui_field(pane, 3, y, used, style, text);
    put(pane, 3 + used, y, style, ' ');
}

struct tui_pane tui_frame(const struct tui_pane *pane, enum tui_style style, const char *title_text,
                          const char *note)
{
    if (pane->w < 3 || pane->h < 3)
        return *pane;
    bool utf8 = pane->canvas->utf8;
    uint32_t across = utf8 ? 0x2500 : '-', down = utf8 ? 0x2502 : '|';
    int right = pane->w - 1, bottom = pane->h - 1;
    for (int x = 1; x < right; x++) {
        put(pane, x, 0, style, across);
        put(pane, x, bottom, style, across);
    }
    for (int y = 1; y < bottom; y++) {
        put(pane, 0, y, style, down);
        put(pane, right, y, style, down);
    }
    put(pane, 0, 0, style, utf8 ? 0x250C : '+');
    put(pane, right, 0, style, utf8 ? 0x2510 : '+');
    put(pane, 0, bottom, style, utf8 ? 0x2514 : '+');
    put(pane, right, bottom, style, utf8 ? 0x2518 : '+');
    title(pane, 0, style == TUI_BORDER ? TUI_TITLE : style, title_text);
    title(pane, bottom, style == TUI_BORDER ? TUI_DIM : style, note);
    return tui_pane_part(pane, 1, 1, pane->w - 2, pane->h - 2);
}

void tui_cursor(const struct tui_pane *pane, int x, int y)
{
    bool shown = inside(pane, x, y);
    pane->canvas->cursor_x = shown ? pane->x + x : -1;
    pane->canvas->cursor_y = shown ? pane->y + y : -1;
}

/* ---- measuring ---- */

/* An ASCII character that nothing can combine with: most are, and tables measure ten thousand texts. */
static bool is_plain(const char *at)
{
    return at[0] >= ' ' && at[0] <= '~' && (unsigned char)at[1] < 0x80;
}

int tui_width(const char *text)
{
    int width = 0;
    size_t len = strlen(text);
    for (size_t i = 0; i < len && width < INT32_MAX - 16;) {
        if (is_plain(text + i)) {
            width++;
            i++;
            continue;
        }
        struct tui_glyph glyph = tui_glyph_at(text + i, len - i);
        width += glyph.width;
        i += glyph.bytes;
    }
    return width;
}

size_t tui_fit(const char *text, int cols)
{
    size_t len = strlen(text), at = 0;
    for (int width = 0; at < len;) {
        struct tui_glyph glyph = tui_glyph_at(text + at, len - at);
        width += glyph.width;
        if (width > cols)
            break;
        at += glyph.bytes;
    }
    return at;
}
