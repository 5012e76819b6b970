/* vterm_screen.c - screen, pipe, emulator. */
#include "support/vterm_screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>
#include <vterm.h>

#include "base/mem.h"
#include "base/text.h"

struct emulator {
    VTerm *vterm;
    VTermScreen *screen;
    bool cursor_shown;
};

static int set_property(VTermProp property, VTermValue *value, void *user)
{
    struct emulator *emulator = user;
    if (property == VTERM_PROP_CURSORVISIBLE)
        emulator->cursor_shown = value->boolean;
    return 1;
}

static struct emulator *emulator_new(int cols, int rows)
{
    static const VTermScreenCallbacks callbacks = { .settermprop = set_property };
    struct emulator *emulator = mig_alloc(sizeof *emulator);
    emulator->cursor_shown = true;
    emulator->vterm = vterm_new(rows, cols);
    vterm_set_utf8(emulator->vterm, 1);
    emulator->screen = vterm_obtain_screen(emulator->vterm);
    vterm_screen_set_callbacks(emulator->screen, &callbacks, emulator);
    vterm_screen_enable_altscreen(emulator->screen, 1);
    vterm_screen_reset(emulator->screen, 1);
    return emulator;
}

void vterm_screen_open(struct vterm_screen *vterm, const struct vterm_screen_options *options)
{
    *vterm = (struct vterm_screen){ .cols = options->cols, .rows = options->rows };
    assert_non_null(setlocale(LC_ALL, options->c_locale ? "C" : "C.UTF-8"));
    assert_int_equal(pipe2(vterm->pipe, O_CLOEXEC | O_NONBLOCK), 0);
    fcntl(vterm->pipe[1], F_SETPIPE_SZ, 1 << 20);
    mig_buf_init(&vterm->sent, 16 << 20);
    vterm->emulator = emulator_new(options->cols, options->rows);
    struct tui_screen_options screen = {
        .ascii = options->ascii,
        .mono = options->mono,
        .fd = vterm->pipe[1],
        .cols = options->cols,
        .rows = options->rows,
        .term = options->term ? options->term : "xterm-256color",
    };
    struct mig_error err = { 0 };
    if (options->no_color)
        setenv("NO_COLOR", options->no_color, 1);
    vterm->screen = tui_screen_open(&screen, &err);
    unsetenv("NO_COLOR");
    vterm->mono = options->mono || (options->no_color && options->no_color[0]);
    assert_string_equal(err.message, "");
    assert_non_null(vterm->screen);
    vterm->canvas = tui_screen_canvas(vterm->screen);
}

size_t vterm_screen_take(struct vterm_screen *vterm)
{
    struct emulator *emulator = vterm->emulator;
    char bytes[4096];
    ssize_t n;
    mig_buf_reset(&vterm->sent);
    for (bool more = true; more;) {
        more = vterm->screen && !tui_screen_send(vterm->screen);
        while ((n = read(vterm->pipe[0], bytes, sizeof bytes)) > 0) {
            mig_buf_add(&vterm->sent, bytes, (size_t)n);
            vterm_input_write(emulator->vterm, bytes, (size_t)n);
        }
    }
    vterm_screen_flush_damage(emulator->screen);
    return vterm->sent.len;
}

size_t vterm_screen_frame(struct vterm_screen *vterm)
{
    assert_true(tui_screen_flush(vterm->screen));
    return vterm_screen_take(vterm);
}

void vterm_screen_close(struct vterm_screen *vterm)
{
    struct emulator *emulator = vterm->emulator;
    tui_screen_close(vterm->screen);
    close(vterm->pipe[0]);
    close(vterm->pipe[1]);
    vterm_free(emulator->vterm);
    free(emulator);
    mig_buf_done(&vterm->sent);
}

static VTermScreenCell cell_at(const struct vterm_screen *vterm, int x, int y)
{
    struct emulator *emulator = vterm->emulator;
    VTermScreenCell cell;
    vterm_screen_get_cell(emulator->screen, (VTermPos){ .row = y, .col = x }, &cell);
    return cell;
}

void vterm_screen_text(const struct vterm_screen *vterm, struct mig_buf *out)
{
    for (int y = 0; y < vterm->rows; y++) {
        size_t end = out->len;
        for (int x = 0; x < vterm->cols;) {
            VTermScreenCell cell = cell_at(vterm, x, y);
            bool blank = cell.chars[0] == 0 || cell.chars[0] == ' ';
            mig_buf_add(out, " ", blank);
            for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] && !blank; i++) {
                char bytes[4];
                mig_buf_add(out, bytes, mig_utf8_encode(cell.chars[i], bytes));
            }
            end = blank ? end : out->len;
            x += cell.width > 1 ? cell.width : 1;
        }
        out->len = end;
        mig_buf_char(out, '\n');
    }
}

static char look_of(const VTermScreenCell *cell)
{
    const VTermColor *fg = &cell->fg;
    char look = cell->attrs.underline ? '_' : cell->attrs.bold ? '*' : '.';
    if (!VTERM_COLOR_IS_DEFAULT_FG(fg))
        look = VTERM_COLOR_IS_INDEXED(fg) && fg->indexed.idx < 16 ? "krgybmcw"[fg->indexed.idx % 8] : '?';
    if (!VTERM_COLOR_IS_DEFAULT_BG(&cell->bg))
        look = '!'; /* nothing of ours has a background */
    if (!cell->attrs.reverse)
        return look;
    return look >= 'a' && look <= 'z' ? (char)(look - 'a' + 'A') : look == '?' || look == '!' ? look : '#';
}

void vterm_screen_looks(const struct vterm_screen *vterm, struct mig_buf *out)
{
    for (int y = 0; y < vterm->rows; y++) {
        size_t end = out->len;
        for (int x = 0; x < vterm->cols; x++) {
            VTermScreenCell cell = cell_at(vterm, x, y);
            mig_buf_char(out, look_of(&cell));
            end = out->text[out->len - 1] == '.' ? end : out->len;
        }
        out->len = end;
        mig_buf_char(out, '\n');
    }
}

/* ---- what was drawn, cell by cell ---- */

struct look {
    int colour; /* of the eight; -1: the terminal's own */
    bool bold, underline, reverse;
};

/* As the table in tui/flush.c, from its purpose: what each role must be told apart by, with colour and without. */
static const struct {
    struct look colour, mono;
} looks[TUI_STYLES] = {
    [TUI_PLAIN] = { { -1, false, false, false }, { -1, false, false, false } },
    [TUI_DIM] = { { -1, false, false, false }, { -1, false, false, false } },
    [TUI_STRONG] = { { -1, true, false, false }, { -1, true, false, false } },
    [TUI_TITLE] = { { -1, true, false, false }, { -1, true, false, false } },
    [TUI_BORDER] = { { -1, false, false, false }, { -1, false, false, false } },
    [TUI_HEADER] = { { -1, true, false, false }, { -1, true, false, false } },
    [TUI_KEY] = { { 6, false, false, false }, { -1, true, false, false } },
    [TUI_GOOD] = { { 2, false, false, false }, { -1, false, false, false } },
    [TUI_WARN] = { { 3, true, false, false }, { -1, true, false, false } },
    [TUI_BAD] = { { 1, true, false, false }, { -1, true, true, false } },
    [TUI_INFO] = { { 6, false, false, false }, { -1, false, false, false } },
    [TUI_STALE] = { { -1, false, false, false }, { -1, false, false, false } },
    [TUI_DANGER] = { { 1, true, false, true }, { -1, true, false, true } },
    [TUI_ADDED] = { { 2, false, false, false }, { -1, true, false, false } },
    [TUI_REMOVED] = { { 1, false, false, false }, { -1, false, true, false } },
    [TUI_MATCH] = { { 3, false, false, true }, { -1, false, false, true } },
    [TUI_FIELD] = { { -1, false, true, false }, { -1, false, true, false } },
    [TUI_CHOSEN] = { { -1, false, false, true }, { -1, false, false, true } },
};

static bool same_characters(const struct tui_cell *drawn, const VTermScreenCell *seen)
{
    if (seen->chars[0] == 0)
        return drawn->chars[0] == ' ' && drawn->chars[1] == 0;
    for (int i = 0; i < TUI_CELL_CHARS; i++) { /* 0 ends both */
        if (drawn->chars[i] != seen->chars[i])
            return false;
        if (drawn->chars[i] == 0)
            break;
    }
    return true;
}

static bool same_look(const struct tui_cell *drawn, const VTermScreenCell *seen, bool mono)
{
    const struct look *look = mono ? &looks[drawn->style].mono : &looks[drawn->style].colour;
    bool coloured = !VTERM_COLOR_IS_DEFAULT_FG(&seen->fg);
    bool colour = coloured ? VTERM_COLOR_IS_INDEXED(&seen->fg) && seen->fg.indexed.idx == look->colour
                           : look->colour == -1;
    return colour && VTERM_COLOR_IS_DEFAULT_BG(&seen->bg) && !!seen->attrs.bold == look->bold &&
           !!seen->attrs.underline == look->underline &&
           !!seen->attrs.reverse == (look->reverse != drawn->chosen);
}

void vterm_screen_shows_canvas(const struct vterm_screen *vterm, const char *what)
{
    const struct tui_canvas *canvas = vterm->canvas;
    int x, y;
    for (int i = 0; i < canvas->cols * canvas->rows; i++) {
        const struct tui_cell *drawn = &canvas->cells[i];
        VTermScreenCell seen = cell_at(vterm, i % canvas->cols, i / canvas->cols);
        bool wide = (i + 1) % canvas->cols && drawn[0].chars[0] && drawn[1].chars[0] == 0;
        if (drawn->chars[0] == 0) /* the right half: seen with the left one */
            continue;
        if (!same_characters(drawn, &seen) || seen.width != (wide ? 2 : 1))
            fail_msg("%s: U+%04x at %d,%d is seen as U+%04x", what, drawn->chars[0], i % canvas->cols,
                     i / canvas->cols, seen.chars[0]);
        if (!same_look(drawn, &seen, vterm->mono))
            fail_msg("%s: U+%04x at %d,%d, style %d%s, is seen as '%c'", what, drawn->chars[0],
                     i % canvas->cols, i / canvas->cols, drawn->style, drawn->chosen ? ", chosen," : "",
                     look_of(&seen));
    }
    bool shown = vterm_screen_cursor(vterm, &x, &y);
    assert_int_equal(shown, canvas->cursor_x >= 0);
    if (shown && (x != canvas->cursor_x || y != canvas->cursor_y))
        fail_msg("%s: the cursor is at %d,%d, not at %d,%d", what, x, y, canvas->cursor_x, canvas->cursor_y);
}

bool vterm_screen_cursor(const struct vterm_screen *vterm, int *ret_x, int *ret_y)
{
    struct emulator *emulator = vterm->emulator;
    VTermPos at;
    vterm_state_get_cursorpos(vterm_obtain_state(emulator->vterm), &at);
    *ret_x = at.col;
    *ret_y = at.row;
    return emulator->cursor_shown;
}
