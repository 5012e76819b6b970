/* A table: the selection is a row and not a place, and columns give way in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/rows.h"
#include "support/canvas_check.h"
#include "tui/table.h"

static const struct tui_column plain[] = {
    { .title = "ID", .min = 4, .max = 4, .rank = 9 },
    { .title = "NAME", .min = 6, .rank = 8 },
    { .title = "DOCS", .min = 5, .max = 5, .rank = 1, .right = true },
};

static const struct tui_column sliding[] = {
    { .title = "ID", .min = 4, .max = 4, .rank = 9 },
    { .title = "DEV", .min = 6, .max = 8, .sliding = true },
    { .title = "TEST", .min = 6, .max = 8, .sliding = true },
    { .title = "STAGE", .min = 6, .max = 8, .sliding = true },
    { .title = "PROD", .min = 6, .max = 8, .sliding = true },
};

/* Rows are the letters of a word. */
static const char *id(void *ctx, size_t row)
{
    static char letter[2];
    letter[0] = (*(const char *const *)ctx)[row];
    return letter;
}

static void cell(void *ctx, size_t row, size_t column, struct tui_table_cell *ret)
{
    snprintf(ret->room, sizeof ret->room, "%c%zu", (*(const char *const *)ctx)[row], column);
    ret->text = ret->room;
}

static const char *letters;

static struct tui_table_rows rows_of(const char *word, const struct tui_column *columns, size_t count)
{
    letters = word;
    return (struct tui_table_rows){ .columns = columns,
                                    .column_count = count,
                                    .count = strlen(word),
                                    .ctx = &letters,
                                    .id = id,
                                    .cell = cell };
}

static struct tui_canvas *drawn(struct tui_table *table, const struct tui_table_rows *rows, int w, int h)
{
    struct tui_canvas *canvas = tui_canvas_new(w, h, false);
    struct tui_pane all = tui_pane_all(canvas);
    tui_table_draw(table, rows, &all);
    return canvas;
}

static void titles_stand_over_rows_and_numbers_on_the_right(void **state)
{
    (void)state;
    struct tui_table table = { 0 };
    struct tui_table_rows rows = rows_of("ab", plain, 3);
    tui_table_move(&table, &rows, TUI_MOVE_DOWN);
    struct tui_canvas *canvas = drawn(&table, &rows, 24, 4);
    canvas_shows(canvas, " ID    NAME         DOCS\n"
                         " a0    a1             a2\n"
                         ">b0    b1             b2\n");
    canvas_styles(canvas, 1, "");
    canvas_styles(canvas, 2, "C#######################"); /* the whole row is chosen */
    tui_canvas_free(canvas);
}

static void columns_give_way_by_rank(void **state)
{
    (void)state;
    struct tui_table table = { 0 };
    struct tui_table_rows rows = rows_of("a", plain, 3);
    static const struct {
        int width, w[3];
    } cases[] = {
        { 80, { 4, 66, 5 } }, { 20, { 4, 6, 5 } }, { 19, { 4, 12, 0 } }, { 13, { 4, 6, 0 } },
        { 12, { 4, 0, 0 } },  { 3, { 2, 0, 0 } },  { 1, { 0, 0, 0 } },
    };
    for (size_t i = 0; i < MIG_COUNT(cases); i++) {
        struct tui_table_layout lay;
        tui_table_lay(&table, &rows, cases[i].width, &lay);
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(lay.w[k], cases[i].w[k]);
    }
}

static void sliding_columns_follow_the_focus(void **state)
{
    (void)state;
    struct tui_table table = { 0 };
    struct tui_table_rows rows = rows_of("a", sliding, 5);
    struct tui_canvas *canvas = drawn(&table, &rows, 24, 2);
    canvas_shows(canvas, " ID    DEV       TEST  >\n>a0    a1        a2\n");
    canvas_styles(canvas, 1, "C####..########"); /* the row's name and the cell under the focus */
    tui_canvas_free(canvas);

    tui_table_move(&table, &rows, TUI_MOVE_RIGHT);
    tui_table_move(&table, &rows, TUI_MOVE_RIGHT);
    canvas = drawn(&table, &rows, 24, 2);
    canvas_shows(canvas, " ID   <TEST      STAGE >\n>a0    a2        a3\n");
    tui_canvas_free(canvas);

    tui_table_move(&table, &rows, TUI_MOVE_LEFT); /* still in sight: nothing moves */
    canvas = drawn(&table, &rows, 24, 2);
    canvas_shows(canvas, " ID   <TEST      STAGE >\n>a0    a2        a3\n");
    tui_canvas_free(canvas);

    for (int i = 0; i < 9; i++)
        tui_table_move(&table, &rows, TUI_MOVE_RIGHT);
    assert_int_equal(table.focus, 3);
    canvas = drawn(&table, &rows, 60, 2); /* with room for all, all are there */
    canvas_shows(canvas,
                 " ID    DEV       TEST      STAGE     PROD\n>a0    a1        a2        a3        a4\n");
    tui_canvas_free(canvas);
}

static void the_column_with_the_focus_is_there_at_every_width(void **state)
{
    (void)state;
    struct tui_table_rows rows = rows_of("a", sliding, 5);
    for (int width = 2; width < 80; width++)
        for (size_t focus = 0; focus < 4; focus++) {
            struct tui_table table = { .focus = focus };
            struct tui_table_layout lay;
            tui_table_lay(&table, &rows, width, &lay);
            assert_true(lay.w[1 + focus] > 0);
            for (size_t i = 0; i < 5; i++)
                assert_true(lay.w[i] == 0 || lay.x[i] + lay.w[i] <= width);
        }
}

static void the_selection_stays_on_its_row_when_others_come_and_go(void **state)
{
    (void)state;
    struct tui_table table = { 0 };
    struct tui_table_rows rows = rows_of("abcdefgh", plain, 3);
    tui_canvas_free(drawn(&table, &rows, 30, 4)); /* three rows on the screen */
    for (int i = 0; i < 5; i++)
        tui_table_move(&table, &rows, TUI_MOVE_DOWN);
    tui_table_move(&table, &rows, TUI_MOVE_UP);
    assert_string_equal(table.id, "e");
    assert_int_equal(table.top, 3); /* it is the second of the three */

    rows = rows_of("xyabcdefgh", plain, 3); /* two come before it */
    tui_table_update(&table, &rows);
    assert_string_equal(table.id, "e");
    assert_int_equal(table.selected, 6);
    assert_int_equal(table.top, 5); /* and it is on the same line of the screen */

    rows = rows_of("efgh", plain, 3); /* all before it are gone */
    tui_table_update(&table, &rows);
    assert_string_equal(table.id, "e");
    assert_int_equal(table.selected, 0);

    rows = rows_of("gh", plain, 3); /* it is gone itself: the place is kept */
    tui_table_update(&table, &rows);
    assert_string_equal(table.id, "g");

    rows = rows_of("", plain, 3);
    tui_table_update(&table, &rows);
    assert_string_equal(table.id, "");
    tui_canvas_free(drawn(&table, &rows, 30, 4));
}

static void moves_stop_at_both_ends(void **state)
{
    (void)state;
    struct tui_table table = { 0 };
    struct tui_table_rows rows = rows_of("abcdefghijklmnopqrst", plain, 3);
    tui_canvas_free(drawn(&table, &rows, 30, 7)); /* six rows on the screen */
    static const struct {
        enum tui_move move;
        size_t selected;
    } steps[] = {
        { TUI_MOVE_UP, 0 },       { TUI_MOVE_PAGE_DOWN, 6 }, { TUI_MOVE_HALF_DOWN, 9 },
        { TUI_MOVE_HALF_UP, 6 },  { TUI_MOVE_LAST, 19 },     { TUI_MOVE_DOWN, 19 },
        { TUI_MOVE_PAGE_UP, 13 }, { TUI_MOVE_FIRST, 0 },     { TUI_MOVE_PAGE_DOWN, 6 },
    };
    for (size_t i = 0; i < MIG_COUNT(steps); i++) {
        assert_true(tui_table_move(&table, &rows, steps[i].move));
        assert_int_equal(table.selected, steps[i].selected);
        assert_true(table.top <= table.selected && table.selected < table.top + 6);
    }
    assert_false(tui_table_move(&table, &rows, TUI_MOVE_LEFT)); /* nothing slides */
    assert_false(tui_table_move(&table, &rows, TUI_MOVE_NONE));
    char range[32];
    tui_table_range(&table, &rows, range, sizeof range);
    assert_string_equal(range, "2-7/20");
}

static void a_row_is_found_by_its_identity(void **state)
{
    (void)state;
    struct tui_table table = { 0 };
    struct tui_table_rows rows = rows_of("abc", plain, 3);
    assert_true(tui_table_find(&table, &rows, "c"));
    assert_int_equal(table.selected, 2);
    assert_false(tui_table_find(&table, &rows, "x"));
    assert_string_equal(table.id, "c");
}

static void every_size_can_be_drawn(void **state)
{
    (void)state;
    struct tui_table_rows rows = rows_of("abcdefghij", sliding, 5);
    for (int w = 1; w < 30; w++)
        for (int h = 1; h < 14; h++) {
            struct tui_table table = { .selected = 9, .top = 20, .focus = 7, .slide = 9 };
            struct tui_canvas *canvas = drawn(&table, &rows, w, h);
            assert_true(table.top <= table.selected && table.selected < table.top + table.page);
            tui_canvas_free(canvas);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(titles_stand_over_rows_and_numbers_on_the_right),
        cmocka_unit_test(columns_give_way_by_rank),
        cmocka_unit_test(sliding_columns_follow_the_focus),
        cmocka_unit_test(the_column_with_the_focus_is_there_at_every_width),
        cmocka_unit_test(the_selection_stays_on_its_row_when_others_come_and_go),
        cmocka_unit_test(moves_stop_at_both_ends),
        cmocka_unit_test(a_row_is_found_by_its_identity),
        cmocka_unit_test(every_size_can_be_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
