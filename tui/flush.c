/* flush.c - the only place where a style gets a look. */
#include "tui/flush.h"

#include <ncurses.h>
#include <wchar.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "tui/glyph.h"

#define NONE (-1)

/* Colour of the eight, and attributes; without colour, .mono. Blue is not used: on black nobody reads it. */
static const struct {
    short colour;
    attr_t attributes, mono;
} looks[] = {
    [TUI_PLAIN] = { NONE, A_NORMAL, A_NORMAL },
    [TUI_DIM] = { NONE, A_DIM, A_DIM },
    [TUI_STRONG] = { NONE, A_BOLD, A_BOLD },
    [TUI_TITLE] = { NONE, A_BOLD, A_BOLD },
    [TUI_BORDER] = { NONE, A_DIM, A_DIM },
    [TUI_HEADER] = { NONE, A_BOLD, A_BOLD },
    [TUI_KEY] = { COLOR_CYAN, A_NORMAL, A_BOLD },
    [TUI_GOOD] = { COLOR_GREEN, A_NORMAL, A_NORMAL },
    [TUI_WARN] = { COLOR_YELLOW, A_BOLD, A_BOLD },
    [TUI_BAD] = { COLOR_RED, A_BOLD, A_BOLD | A_UNDERLINE },
    [TUI_INFO] = { COLOR_CYAN, A_NORMAL, A_NORMAL },
    [TUI_STALE] = { NONE, A_DIM, A_DIM },
    [TUI_DANGER] = { COLOR_RED, A_BOLD | A_REVERSE, A_BOLD | A_REVERSE },
    [TUI_ADDED] = { COLOR_GREEN, A_NORMAL, A_BOLD },
    [TUI_REMOVED] = { COLOR_RED, A_NORMAL, A_UNDERLINE },
    [TUI_MATCH] = { COLOR_YELLOW, A_REVERSE, A_REVERSE },
    [TUI_FIELD] = { NONE, A_UNDERLINE, A_UNDERLINE },
    [TUI_CHOSEN] = { NONE, A_REVERSE, A_REVERSE },
};

static bool mono;

void tui_flush_styles(bool without_colour)
{
    mono = without_colour || !has_colors();
    if (mono)
        return;
    start_color();
    use_default_colors();
    for (short colour = COLOR_RED; colour <= COLOR_WHITE; colour++)
        init_pair(colour, colour, -1);
}

/* The table of widths and the C library's may differ (it is newer, or older); ncurses believes the library. Then nothing
 * that could take another number of columns is sent. */
static void characters(const struct tui_cell *cell, wchar_t ret[TUI_CELL_CHARS + 1])
{
    int i = 0;
    for (; i < TUI_CELL_CHARS && cell->chars[i]; i++) {
        ret[i] = (wchar_t)cell->chars[i];
        if (cell->chars[i] >= 0x80 && wcwidth(ret[i]) != tui_char_width(cell->chars[i])) {
            ret[0] = wcwidth(0xFFFD) == 1 ? 0xFFFD : '?';
            i = 1;
            break;
        }
    }
    ret[i] = 0;
}

static cchar_t look_of(const struct tui_cell *cell, const wchar_t *chars)
{
    cchar_t out;
    unsigned style = cell->style < TUI_STYLES ? cell->style : TUI_PLAIN;
    attr_t attributes = mono ? looks[style].mono : looks[style].attributes;
    if (cell->chosen)
        attributes ^= A_REVERSE;
    short pair = !mono && looks[style].colour != NONE ? looks[style].colour : 0;
    setcchar(&out, chars, attributes, pair, NULL);
    return out;
}

void tui_flush_canvas(const struct tui_canvas *canvas)
{
    int cols = canvas->cols < COLS ? canvas->cols : COLS, rows = canvas->rows < LINES ? canvas->rows : LINES;
    cchar_t *line MIG_AUTOFREE = mig_alloc_n((size_t)canvas->cols + 1, sizeof *line);
    erase();
    for (int y = 0; y < rows; y++) {
        int count = 0;
        for (int x = 0; x < cols; x++) {
            const struct tui_cell *cell = &canvas->cells[y * canvas->cols + x];
            bool wide = x + 1 < canvas->cols && cell[0].chars[0] && cell[1].chars[0] == 0;
            wchar_t chars[TUI_CELL_CHARS + 1];
            if (cell->chars[0] == 0) /* the right half: comes with the left one */
                continue;
            if (wide && x + 1 == cols)
                chars[0] = ' ', chars[1] = 0;
            else
                characters(cell, chars);
            line[count++] = look_of(cell, chars);
            if (wide && x + 1 < cols && chars[0] != (wchar_t)cell->chars[0])
                line[count++] = look_of(cell, chars);
        }
        mvadd_wchnstr(y, 0, line, count);
    }
    bool cursor = canvas->cursor_x >= 0 && canvas->cursor_x < cols && canvas->cursor_y < rows;
    leaveok(stdscr, !cursor); /* a hidden cursor stays where it is: moving it would cost bytes */
    curs_set(cursor);
    if (cursor)
        move(canvas->cursor_y, canvas->cursor_x);
    wnoutrefresh(stdscr);
}
