/* canvas_check.c - what a canvas shows. */
#include "support/canvas_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

static void drop_empty_rows(struct mig_buf *text)
{
    while (text->len > 1 && text->text[text->len - 1] == '\n' && text->text[text->len - 2] == '\n')
        text->text[--text->len] = '\0';
}

void canvas_shows(const struct tui_canvas *canvas, const char *expected)
{
    MIG_AUTOBUF struct mig_buf shown, wanted;
    mig_buf_init(&shown, 1 << 24);
    mig_buf_init(&wanted, 1 << 24);
    tui_canvas_text(canvas, &shown);
    mig_buf_str(&wanted, expected);
    drop_empty_rows(&shown);
    drop_empty_rows(&wanted);
    assert_string_equal(shown.text, wanted.text);
}

void canvas_styles(const struct tui_canvas *canvas, int y, const char *expected)
{
    char *styles MIG_AUTOFREE = mig_alloc((size_t)canvas->cols + 1);
    for (int x = 0; x < canvas->cols; x++) {
        const struct tui_cell *cell = &canvas->cells[y * canvas->cols + x];
        int letter = cell->style == TUI_PLAIN ? '.' : 'a' + cell->style;
        styles[x] = (char)(cell->chosen ? cell->style == TUI_PLAIN ? '#' : toupper(letter) : letter);
    }
    size_t len = (size_t)canvas->cols;
    while (len > 0 && styles[len - 1] == '.')
        styles[--len] = '\0';
    assert_string_equal(styles, expected);
}
