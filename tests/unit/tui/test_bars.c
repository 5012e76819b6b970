/* Hints, tabs, progress, help: what does not fit goes whole, least important first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rows.h"
#include "support/canvas_check.h"
#include "tui/bars.h"

static struct tui_canvas *canvas;
static struct tui_pane all;

static void given(int cols, int rows)
{
    tui_canvas_free(canvas);
    canvas = tui_canvas_new(cols, rows, false);
    all = tui_pane_all(canvas);
}

static int let_go(void **state)
{
    (void)state;
    tui_canvas_free(canvas);
    canvas = NULL;
    return 0;
}

static void hints_leave_out_the_least_important(void **state)
{
    (void)state;
    static const struct tui_hint hints[] = { { "?", "help", 9, false },
                                             { "/", "filter", 3, false },
                                             { "p", "promote", 5, true },
                                             { "q", "quit", 8, false } };
    static const struct {
        int cols;
        const char *expected;
    } rows[] = {
        { 37, " ? help  / filter  p promote  q quit\n" },
        { 36, " ? help  / filter  p promote  q quit\n" },
        { 35, " ? help  p promote  q quit\n" },
        { 25, " ? help  q quit\n" },
        { 14, " ? help\n" },
        { 6, "\n" },
        { 1, "\n" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        given(rows[i].cols, 1);
        tui_hints_draw(&all, 0, hints, MIG_COUNT(hints));
        canvas_shows(canvas, rows[i].expected);
    }
    given(40, 1);
    tui_hints_draw(&all, 0, hints, MIG_COUNT(hints));
    canvas_styles(canvas, 0, ".g.......g.........b.bbbbbbb..g"); /* what can't be done is dimmed */
}

static void the_chosen_tab_is_named_at_every_size(void **state)
{
    (void)state;
    static const struct tui_tab tabs[] = { { '1', "Matrix" }, { '2', "Plan" }, { '3', "Log" } };
    static const struct {
        int cols;
        const char *expected;
    } rows[] = {
        { 40, "1 Matrix   2 Plan   3 Log\n" },
        { 24, "1   2 Plan   3\n" },
        { 10, " 2 Plan\n" },
        { 5, " 2 Pl\n" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        given(rows[i].cols, 1);
        tui_tabs_draw(&all, 0, tabs, MIG_COUNT(tabs), 1);
        canvas_shows(canvas, rows[i].expected);
    }
    given(40, 1);
    assert_int_equal(tui_tabs_draw(&all, 0, tabs, MIG_COUNT(tabs), 1), 25);
    canvas_styles(canvas, 0, "g.........rrrrrrrr..g");
}

static void progress_is_a_bar_and_a_number_that_never_promises_too_much(void **state)
{
    (void)state;
    static const struct {
        int w;
        int64_t done, total;
        const char *expected;
    } rows[] = {
        { 15, 0, 8, "[........]   0%\n" },
        { 15, 4, 8, "[====....]  50%\n" },
        { 15, 8, 8, "[========] 100%\n" },
        { 15, 999999, 1000000, "[=======.]  99%\n" },
        { 15, 9, 8, "[========] 100%\n" },
        { 15, -1, 8, "[........]   0%\n" },
        { 15, 5, 0, "[........]   ?%\n" },
        { 15, INT64_MAX - 1, INT64_MAX, "[========] 100%\n" },
        { 10, 4, 8, "50%\n" },
        { 2, 4, 8, "5~\n" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        given(20, 1);
        tui_progress_draw(&all, 0, 0, rows[i].w, TUI_INFO, rows[i].done, rows[i].total);
        canvas_shows(canvas, rows[i].expected);
    }
}

static const struct tui_help_entry help[] = {
    { NULL, "MOVE", false }, { "j k", "up, down", false }, { "g G", "first, last", false },
    { NULL, "ACT", false },  { "p", "promote", true },     { "enter", "plan", false },
};

static void help_flows_into_columns(void **state)
{
    (void)state;
    given(42, 4);
    assert_int_equal(tui_help_draw(&all, 0, help, MIG_COUNT(help)), 3);
    canvas_shows(canvas, "MOVE                 ACT\n"
                         "j k   up, down       p     promote\n"
                         "g G   first, last    enter plan\n");
}

static void help_scrolls_when_it_has_more_rows_than_the_screen(void **state)
{
    (void)state;
    given(20, 3);
    assert_int_equal(tui_help_draw(&all, 0, help, MIG_COUNT(help)), 7);
    canvas_shows(canvas, "MOVE\nj k   up, down\ng G   first, last\n");
    given(20, 3);
    tui_help_draw(&all, 4, help, MIG_COUNT(help));
    canvas_shows(canvas, "ACT\np     promote\nenter plan\n");
}

static void everything_can_be_drawn_at_every_size(void **state)
{
    (void)state;
    static const struct tui_tab tabs[] = { { '1', "Matrix" }, { 0, "Plan" } };
    static const struct tui_hint hints[] = { { "?", "help", 1, false }, { "enter", "", 1, false } };
    for (int w = 1; w < 40; w++) {
        given(w, 2);
        tui_tabs_draw(&all, 0, tabs, 2, 0);
        tui_hints_draw(&all, 1, hints, 2);
        tui_progress_draw(&all, w / 2, 0, w, TUI_INFO, 1, 2);
        tui_help_draw(&all, w, help, MIG_COUNT(help));
        tui_help_draw(&all, 0, NULL, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(hints_leave_out_the_least_important, let_go),
        cmocka_unit_test_teardown(the_chosen_tab_is_named_at_every_size, let_go),
        cmocka_unit_test_teardown(progress_is_a_bar_and_a_number_that_never_promises_too_much, let_go),
        cmocka_unit_test_teardown(help_flows_into_columns, let_go),
        cmocka_unit_test_teardown(help_scrolls_when_it_has_more_rows_than_the_screen, let_go),
        cmocka_unit_test_teardown(everything_can_be_drawn_at_every_size, let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
