/* Any bytes at any place: nothing but harmless characters stands on a canvas, and measuring agrees with drawing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "tui/canvas.h"
#include "tui/glyph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_cells(const struct tui_canvas *canvas)
{
    for (int i = 0; i < canvas->cols * canvas->rows; i++) {
        const struct tui_cell *cell = &canvas->cells[i];
        int x = i % canvas->cols;
        if (cell->chars[0] == 0) { /* a right half has its left half */
            require(x > 0 && tui_char_width(cell[-1].chars[0]) == 2);
            continue;
        }
        int width = tui_char_width(cell->chars[0]);
        require(width == 1 || (x + 1 < canvas->cols && cell[1].chars[0] == 0));
        for (int k = 0; k < TUI_CELL_CHARS && cell->chars[k]; k++) {
            require(!mig_char_is_unsafe(cell->chars[k]));
            require(canvas->utf8 || cell->chars[k] < 0x7F);
            require(k == 0 || tui_char_width(cell->chars[k]) == 0);
        }
    }
}

static void draw(struct tui_canvas *canvas, const uint8_t *place, const char *text, size_t len)
{
    struct tui_pane all = tui_pane_all(canvas);
    struct tui_pane part =
        tui_pane_part(&all, (int8_t)place[0], (int8_t)place[1], place[2] % 32, place[3] % 8);
    int x = (int8_t)place[4], y = (int8_t)place[5];
    enum tui_style style = place[6] % TUI_STYLES;
    tui_text_len(&part, x, y, style, text, len);
    tui_field(&part, x, y + 1, (int8_t)place[7], style, text);
    tui_choose(&part, x, y, (int8_t)place[7]);
    tui_frame(&part, style, text, text);
    tui_cursor(&part, x, y);
    check_cells(canvas);
}

static void measure(const char *text)
{
    size_t len = strlen(text);
    int width = tui_width(text);
    require(tui_fit(text, width) == len);
    require(len == 0 || tui_fit(text, width - 1) < len);
    struct tui_canvas *canvas = tui_canvas_new(300, 1, true);
    struct tui_pane all = tui_pane_all(canvas);
    require(tui_text(&all, 0, 0, TUI_PLAIN, text) == (width < 300 ? width : 300));
    check_cells(canvas);
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, 1 << 20);
    tui_canvas_text(canvas, &out);
    require(mig_utf8_check(out.text, out.len) == out.len);
    tui_canvas_free(canvas);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { PLACE = 8, PIECE = 64 };
    if (size < 3)
        return 0;
    struct tui_canvas *canvas = tui_canvas_new(data[0] % 40, data[1] % 8, data[2] & 1);
    for (size_t at = 3; at + PLACE < size; at += PLACE + PIECE) {
        size_t len = size - at - PLACE < PIECE ? size - at - PLACE : PIECE;
        char *text = mig_strndup((const char *)data + at + PLACE, len);
        draw(canvas, data + at, text, strlen(text));
        measure(text);
        free(text);
    }
    tui_canvas_free(canvas);
    return 0;
}
