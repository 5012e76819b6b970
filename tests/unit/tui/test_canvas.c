/* The canvas: what is put on it stands where it was put, and nothing foreign gets through it raw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rows.h"
#include "base/text.h"
#include "tui/canvas.h"
#include "tui/glyph.h"

/* All rows, each ended by a newline. */
static void shows(const struct tui_canvas *canvas, const char *expected)
{
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, 100000);
    tui_canvas_text(canvas, &out);
    assert_string_equal(out.text, expected);
}

/* One row of 12 columns with text at x. */
static void row_shows(bool utf8, int x, const char *text, const char *expected)
{
    struct tui_canvas *canvas = tui_canvas_new(12, 1, utf8);
    struct tui_pane pane = tui_pane_all(canvas);
    tui_text(&pane, x, 0, TUI_PLAIN, text);
    shows(canvas, expected);
    tui_canvas_free(canvas);
}

static void foreign_text_becomes_visible_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *utf8, *ascii;
    } rows[] = {
        { "plain", "plain\n", "plain\n" },
        { "a\033[31mb", "a\\x1b[31mb\n", "a\\x1b[31mb\n" }, /* ESC */
        { "a\rb", "a\\x0db\n", "a\\x0db\n" },
        { "a\r\nb\tc", "a b c\n", "a b c\n" },
        { "a\177", "a\\x7f\n", "a\\x7f\n" },
        { "\xc2\x9b"
          "1m",
          "\\u{009b}1m\n", "\\u{009b}1m\n" },              /* C1: CSI in one character */
        { "\x9b", "\\x9b\n", "\\x9b\n" },                  /* and in one byte */
        { "a\xff\xc3", "a\\xff\\xc3\n", "a\\xff\\xc3\n" }, /* no UTF-8 */
        { "\xe2\x80\xae"
          "a",
          "\\u{202e}a\n", "\\u{202e}a\n" },                  /* right to left from here */
        { "a\xe2\x80\x8b", "a\\u{200b}\n", "a\\u{200b}\n" }, /* zero width */
        { "a\xef\xb8\x8f", "a\\u{fe0f}\n", "a\\u{fe0f}\n" }, /* variation selector 16 */
        { "e\xcc\x81x", "e\xcc\x81x\n", "?x\n" },            /* e and a combining acute */
        { "\xcc\x81x", "\\u{0301}x\n", "\\u{0301}x\n" },     /* nothing to combine with */
        { "e\xcc\x81\xcc\x82\xcc\x83", "e\xcc\x81\xcc\x82\\u{0303}\n", "?\\u{0303}\n" }, /* the third */
        { "a中b", "a中b\n", "a??b\n" },
        { "1234567890a中", "1234567890a\n", "1234567890a?\n" }, /* half of it would be outside */
        { "é…✓", "é…✓\n", "?~+\n" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        row_shows(true, 0, rows[i].text, rows[i].utf8);
        row_shows(false, 0, rows[i].text, rows[i].ascii);
    }
}

static void text_is_clipped_at_every_edge_of_its_pane(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(10, 3, true);
    struct tui_pane all = tui_pane_all(canvas);
    tui_fill(&all, 0, 0, 10, 3, TUI_PLAIN, '.');
    struct tui_pane part = tui_pane_part(&all, 2, 1, 5, 1);
    assert_int_equal(tui_text(&part, 0, 0, TUI_PLAIN, "abcdefgh"), 5);
    assert_int_equal(tui_text(&part, 0, 1, TUI_PLAIN, "below"), 5); /* the columns it would take */
    assert_int_equal(tui_text(&part, 0, -1, TUI_PLAIN, "above"), 5);
    assert_int_equal(tui_text(&part, 5, 0, TUI_PLAIN, "right"), 0);
    shows(canvas, "..........\n..abcde...\n..........\n");
    tui_canvas_free(canvas);
}

static void text_scrolled_to_the_left_loses_its_beginning(void **state)
{
    (void)state;
    row_shows(true, -2, "abcdef", "cdef\n");
    row_shows(true, -1, "中b", " b\n"); /* the half that would show is blank */
    struct tui_canvas *canvas = tui_canvas_new(4, 1, true);
    struct tui_pane pane = tui_pane_all(canvas);
    assert_int_equal(tui_text(&pane, -2, 0, TUI_PLAIN, "abc"), 3);
    assert_int_equal(tui_text(&pane, -2, 0, TUI_PLAIN, "abcdefghi"), 6); /* up to the edge */
    tui_canvas_free(canvas);
}

static void a_part_counts_negative_from_the_far_edge_and_is_never_larger_than_its_whole(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(20, 10, true);
    struct tui_pane all = tui_pane_all(canvas);
    static const struct {
        int x, y, w, h, rx, ry, rw, rh;
    } rows[] = {
        { 0, 0, 20, 10, 0, 0, 20, 10 }, { 5, 2, 99, 99, 5, 2, 15, 8 },  { -3, -1, 3, 1, 17, 9, 3, 1 },
        { -30, -30, 2, 2, 0, 0, 2, 2 }, { 25, 12, 3, 3, 20, 10, 0, 0 }, { 1, 1, -4, -4, 1, 1, 0, 0 },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct tui_pane part = tui_pane_part(&all, rows[i].x, rows[i].y, rows[i].w, rows[i].h);
        assert_int_equal(part.x, rows[i].rx);
        assert_int_equal(part.y, rows[i].ry);
        assert_int_equal(part.w, rows[i].rw);
        assert_int_equal(part.h, rows[i].rh);
    }
    tui_canvas_free(canvas);
}

static void a_field_fills_its_columns_and_tells_that_it_cut(void **state)
{
    (void)state;
    static const struct {
        int w;
        const char *text, *expected;
    } rows[] = {
        { 6, "abc", "[abc   ]\n" },     { -6, "abc", "[   abc]\n" },     { 6, "abcdef", "[abcdef]\n" },
        { 6, "abcdefg", "[abcde…]\n" }, { -6, "1234567", "[12345…]\n" }, { 6, "ab中中中", "[ab中… ]\n" },
        { 6, "", "[      ]\n" },        { 1, "ab", "[…     ]\n" },       { 0, "ab", "[      ]\n" },
        { 6, "a\033b", "[a\\x1bb]\n" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct tui_canvas *canvas = tui_canvas_new(8, 1, true);
        struct tui_pane all = tui_pane_all(canvas);
        tui_text(&all, 0, 0, TUI_PLAIN, "[      ]");
        struct tui_pane field = tui_pane_part(&all, 1, 0, 6, 1);
        tui_field(&field, 0, 0, rows[i].w, TUI_PLAIN, rows[i].text);
        shows(canvas, rows[i].expected);
        tui_canvas_free(canvas);
    }
}

static void a_field_past_the_edge_still_tells_that_it_cut(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(5, 1, false);
    struct tui_pane all = tui_pane_all(canvas);
    tui_field(&all, 2, 0, 10, TUI_PLAIN, "abcdef");
    shows(canvas, "  ab~\n");
    tui_canvas_free(canvas);
}

static void writing_over_half_of_a_wide_character_takes_the_other_half_too(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(6, 1, true);
    struct tui_pane all = tui_pane_all(canvas);
    tui_text(&all, 0, 0, TUI_PLAIN, "中中中");
    tui_text(&all, 1, 0, TUI_PLAIN, "ab");
    shows(canvas, " ab 中\n");
    tui_canvas_free(canvas);
}

static void a_frame_holds_title_and_note_and_returns_what_is_within(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(14, 3, true);
    struct tui_pane all = tui_pane_all(canvas);
    struct tui_pane within = tui_frame(&all, TUI_BORDER, "Title", "a long note");
    tui_text(&within, 0, 0, TUI_PLAIN, "inside of frame");
    shows(canvas, "┌─ Title ────┐\n│inside of fr│\n└─ a long … ─┘\n");
    assert_int_equal(canvas->cells[3].style, TUI_TITLE);
    tui_canvas_free(canvas);

    canvas = tui_canvas_new(14, 3, false);
    all = tui_pane_all(canvas);
    tui_frame(&all, TUI_DANGER, "Title", NULL);
    shows(canvas, "+- Title ----+\n|            |\n+------------+\n");
    assert_int_equal(canvas->cells[3].style, TUI_DANGER);
    tui_canvas_free(canvas);
}

static void a_pane_too_small_for_a_frame_is_all_content(void **state)
{
    (void)state;
    for (int size = 1; size < 3; size++) {
        struct tui_canvas *canvas = tui_canvas_new(size, size, true);
        struct tui_pane all = tui_pane_all(canvas);
        struct tui_pane within = tui_frame(&all, TUI_BORDER, "Title", "note");
        assert_int_equal(within.w, size);
        assert_int_equal(within.h, size);
        tui_text(&within, 0, 0, TUI_PLAIN, "x");
        shows(canvas, size == 1 ? "x\n" : "x\n\n");
        tui_canvas_free(canvas);
    }
}

static void chosen_cells_keep_their_style(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(4, 2, true);
    struct tui_pane all = tui_pane_all(canvas);
    tui_text(&all, 0, 1, TUI_GOOD, "ok");
    tui_choose(&all, 0, 1, 99);
    for (int x = 0; x < 4; x++) {
        assert_false(canvas->cells[x].chosen);
        assert_true(canvas->cells[4 + x].chosen);
    }
    assert_int_equal(canvas->cells[4].style, TUI_GOOD);
    tui_canvas_free(canvas);
}

static void the_cursor_is_hidden_where_its_pane_is_not(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(10, 4, true);
    struct tui_pane all = tui_pane_all(canvas);
    struct tui_pane part = tui_pane_part(&all, 2, 1, 3, 1);
    assert_int_equal(canvas->cursor_x, -1);
    tui_cursor(&part, 2, 0);
    assert_int_equal(canvas->cursor_x, 4);
    assert_int_equal(canvas->cursor_y, 1);
    tui_cursor(&part, 3, 0);
    assert_int_equal(canvas->cursor_x, -1);
    tui_canvas_free(canvas);
}

static void a_new_size_is_blank_and_within_limits(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(3, 1, true);
    struct tui_pane all = tui_pane_all(canvas);
    tui_text(&all, 0, 0, TUI_PLAIN, "abc");
    tui_canvas_resize(canvas, 2, 2);
    shows(canvas, "\n\n");
    tui_canvas_resize(canvas, 0, -5);
    assert_int_equal(canvas->cols, 1);
    assert_int_equal(canvas->rows, 1);
    tui_canvas_resize(canvas, 1 << 30, 1 << 30);
    assert_in_range(canvas->cols, 1, 10000);
    assert_in_range(canvas->rows, 1, 10000);
    tui_canvas_free(canvas);
}

static void measuring_agrees_with_drawing(void **state)
{
    (void)state;
    static const char *const texts[] = { "",   "abc",      "中b",    "e\xcc\x81",    "\033[0m", "\xff",
                                         "😀x", "\xc2\x9b", "a\r\nb", "\xe2\x80\xae", "\xcc\x81" };
    for (int utf8 = 0; utf8 < 2; utf8++) {
        struct tui_canvas *canvas = tui_canvas_new(40, 1, utf8);
        struct tui_pane all = tui_pane_all(canvas);
        for (size_t i = 0; i < MIG_COUNT(texts); i++) {
            assert_int_equal(tui_text(&all, 0, 0, TUI_PLAIN, texts[i]), tui_width(texts[i]));
            assert_int_equal(tui_fit(texts[i], tui_width(texts[i])), strlen(texts[i]));
        }
        tui_canvas_free(canvas);
    }
    assert_int_equal(tui_fit("a中b", 2), 1);
    assert_int_equal(tui_fit("a中b", 3), 4);
    assert_int_equal(tui_fit("e\xcc\x81x", 1), 3); /* with what combines */
    assert_int_equal(tui_fit("\033x", 3), 0);      /* \x1b takes four */
    assert_int_equal(tui_fit("abc", 0), 0);
    assert_int_equal(tui_fit("abc", -1), 0);
}

static void widths_are_of_one_table(void **state)
{
    (void)state;
    static const struct {
        uint32_t c;
        int width;
    } rows[] = {
        { 'a', 1 },    { 0xE9, 1 },   { 0x300, 0 },  { 0x36F, 0 },  { 0x370, 1 },   { 0x1100, 2 },
        { 0x115E, 2 }, { 0x1161, 0 }, { 0x2500, 1 }, { 0x26A0, 1 }, { 0x2705, 2 },  { 0x3042, 2 },
        { 0x4E2D, 2 }, { 0xAC00, 2 }, { 0xE000, 1 }, { 0xFF21, 2 }, { 0x1F600, 2 }, { 0x20000, 2 },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        assert_int_equal(tui_char_width(rows[i].c), rows[i].width);
}

static void marks_have_one_column_in_both_forms(void **state)
{
    (void)state;
    for (int mark = 0; mark < TUI_MARKS; mark++) {
        assert_int_equal(tui_width(tui_mark(mark, true)), 1);
        assert_int_equal(strlen(tui_mark(mark, false)), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_becomes_visible_text),
        cmocka_unit_test(text_is_clipped_at_every_edge_of_its_pane),
        cmocka_unit_test(text_scrolled_to_the_left_loses_its_beginning),
        cmocka_unit_test(a_part_counts_negative_from_the_far_edge_and_is_never_larger_than_its_whole),
        cmocka_unit_test(a_field_fills_its_columns_and_tells_that_it_cut),
        cmocka_unit_test(a_field_past_the_edge_still_tells_that_it_cut),
        cmocka_unit_test(writing_over_half_of_a_wide_character_takes_the_other_half_too),
        cmocka_unit_test(a_frame_holds_title_and_note_and_returns_what_is_within),
        cmocka_unit_test(a_pane_too_small_for_a_frame_is_all_content),
        cmocka_unit_test(chosen_cells_keep_their_style),
        cmocka_unit_test(the_cursor_is_hidden_where_its_pane_is_not),
        cmocka_unit_test(a_new_size_is_blank_and_within_limits),
        cmocka_unit_test(measuring_agrees_with_drawing),
        cmocka_unit_test(widths_are_of_one_table),
        cmocka_unit_test(marks_have_one_column_in_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
