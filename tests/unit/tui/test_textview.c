/* Lines to read: what is on the screen stays there until one moves, whatever comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rows.h"
#include "support/canvas_check.h"
#include "tui/textview.h"

static const char *const words[] = { "zero", "one", "two",   "three", "four",
                                     "five", "six", "seven", "eight", "nine" };

static void line(void *ctx, uint64_t number, struct tui_text_line *ret)
{
    (void)ctx;
    snprintf(ret->room, sizeof ret->room, "%s-%llu", words[number % 10], (unsigned long long)number);
    ret->text = ret->room;
}

static struct tui_text_lines lines_of(uint64_t first, size_t count)
{
    return (struct tui_text_lines){ .first = first, .count = count, .line = line };
}

static struct tui_canvas *canvas;

static void drawn(struct tui_textview *view, const struct tui_text_lines *lines, int w, int h)
{
    tui_canvas_free(canvas);
    canvas = tui_canvas_new(w, h, true);
    struct tui_pane all = tui_pane_all(canvas);
    tui_textview_draw(view, lines, &all);
}

static int let_go(void **state)
{
    (void)state;
    tui_canvas_free(canvas);
    canvas = NULL;
    return 0;
}

static void following_shows_the_end(void **state)
{
    (void)state;
    struct tui_textview view;
    tui_textview_init(&view, true, false);
    struct tui_text_lines lines = lines_of(0, 2);
    drawn(&view, &lines, 10, 3);
    canvas_shows(canvas, "zero-0\none-1\n");
    lines = lines_of(0, 5);
    drawn(&view, &lines, 10, 3);
    canvas_shows(canvas, "two-2\nthree-3\nfour-4\n");
    tui_textview_done(&view);
}

static void scrolling_up_pauses_and_new_lines_do_not_move_it(void **state)
{
    (void)state;
    struct tui_textview view;
    tui_textview_init(&view, true, false);
    struct tui_text_lines lines = lines_of(0, 20);
    drawn(&view, &lines, 10, 3);
    assert_true(tui_textview_move(&view, &lines, TUI_MOVE_UP));
    assert_false(view.follow);
    drawn(&view, &lines, 10, 3);
    canvas_shows(canvas, "six-16\nseven-17\neight-18\n");
    assert_int_equal(tui_textview_below(&view, &lines), 1);

    lines = lines_of(0, 57);
    drawn(&view, &lines, 10, 3);
    canvas_shows(canvas, "six-16\nseven-17\neight-18\n");
    assert_int_equal(tui_textview_below(&view, &lines), 38);

    lines = lines_of(10, 60); /* the ring lets lines above go */
    drawn(&view, &lines, 10, 3);
    canvas_shows(canvas, "six-16\nseven-17\neight-18\n");

    lines = lines_of(17, 60); /* and then some of those on the screen */
    drawn(&view, &lines, 10, 3);
    canvas_shows(canvas, "seven-17\neight-18\nnine-19\n");

    tui_textview_move(&view, &lines, TUI_MOVE_LAST);
    assert_true(view.follow);
    lines = lines_of(17, 61);
    drawn(&view, &lines, 10, 3);
    canvas_shows(canvas, "five-75\nsix-76\nseven-77\n");
    assert_int_equal(tui_textview_below(&view, &lines), 0);
    tui_textview_done(&view);
}

static void reaching_the_end_follows_again(void **state)
{
    (void)state;
    struct tui_textview view;
    tui_textview_init(&view, false, false);
    struct tui_text_lines lines = lines_of(0, 5);
    drawn(&view, &lines, 10, 3);
    canvas_shows(canvas, "zero-0\none-1\ntwo-2\n");
    tui_textview_move(&view, &lines, TUI_MOVE_DOWN);
    assert_false(view.follow);
    tui_textview_move(&view, &lines, TUI_MOVE_DOWN);
    assert_true(view.follow);
    tui_textview_done(&view);
}

static void pages_stop_at_both_ends(void **state)
{
    (void)state;
    struct tui_textview view;
    tui_textview_init(&view, false, false);
    struct tui_text_lines lines = lines_of(0, 20);
    drawn(&view, &lines, 10, 6);
    static const struct {
        enum tui_move move;
        uint64_t top;
    } steps[] = {
        { TUI_MOVE_UP, 0 },         { TUI_MOVE_PAGE_DOWN, 6 },  { TUI_MOVE_HALF_DOWN, 9 },
        { TUI_MOVE_PAGE_DOWN, 14 }, { TUI_MOVE_PAGE_DOWN, 14 }, { TUI_MOVE_HALF_UP, 11 },
        { TUI_MOVE_PAGE_UP, 5 },    { TUI_MOVE_FIRST, 0 },
    };
    for (size_t i = 0; i < MIG_COUNT(steps); i++) {
        tui_textview_move(&view, &lines, steps[i].move);
        drawn(&view, &lines, 10, 6);
        assert_int_equal(view.top, steps[i].top);
    }
    tui_textview_done(&view);
}

static void sideways_stays_through_everything(void **state)
{
    (void)state;
    struct tui_textview view;
    tui_textview_init(&view, true, false);
    struct tui_text_lines lines = lines_of(1000000000, 5);
    tui_textview_move(&view, &lines, TUI_MOVE_RIGHT);
    drawn(&view, &lines, 20, 2);
    canvas_shows(canvas, "00000003\n0000004\n");
    lines = lines_of(1000000000, 9);
    drawn(&view, &lines, 20, 2);
    canvas_shows(canvas, "00000007\n00000008\n");
    tui_textview_move(&view, &lines, TUI_MOVE_LEFT);
    tui_textview_move(&view, &lines, TUI_MOVE_LEFT);
    assert_int_equal(view.x, 0);
    tui_textview_done(&view);
}

static void wrapped_lines_scroll_by_rows(void **state)
{
    (void)state;
    struct tui_textview view;
    tui_textview_init(&view, false, true);
    struct tui_text_lines lines = lines_of(13, 4); /* three-13 four-14 five-15 six-16 */
    drawn(&view, &lines, 5, 4);
    canvas_shows(canvas, "three\n-13\nfour-\n14\n");
    tui_textview_move(&view, &lines, TUI_MOVE_DOWN);
    drawn(&view, &lines, 5, 4);
    canvas_shows(canvas, "-13\nfour-\n14\nfive-\n");
    tui_textview_move(&view, &lines, TUI_MOVE_LAST);
    drawn(&view, &lines, 5, 4);
    canvas_shows(canvas, "five-\n15\nsix-1\n6\n");
    tui_textview_move(&view, &lines, TUI_MOVE_UP);
    drawn(&view, &lines, 5, 4);
    canvas_shows(canvas, "14\nfive-\n15\nsix-1\n");
    assert_false(tui_textview_move(&view, &lines, TUI_MOVE_RIGHT)); /* nothing is outside */
    lines = lines_of(15, 4); /* the line at the top is let go: the next begins */
    drawn(&view, &lines, 5, 4);
    canvas_shows(canvas, "five-\n15\nsix-1\n6\n");
    tui_textview_done(&view);
}

static void words_line(void *ctx, uint64_t number, struct tui_text_line *ret)
{
    static const char *const texts[] = { "run one of two", "a longest-of-all word", "  x   y      z",
                                         "abcdefghijkl" };
    (void)ctx;
    ret->text = texts[number % 4];
}

static void wrapped_lines_break_at_blanks_where_they_can(void **state)
{
    (void)state;
    struct tui_textview view;
    struct tui_text_lines lines = { .count = 4, .line = words_line };
    tui_textview_init(&view, false, true);
    drawn(&view, &lines, 8, 10);
    canvas_shows(canvas, "run one\nof two\na longes\nt-of-all\nword\n  x   y\n  z\nabcdefgh\nijkl\n");
    tui_textview_done(&view);
}

static void hanging_line(void *ctx, uint64_t number, struct tui_text_line *ret)
{
    (void)ctx;
    static const char *const texts[] = { "10:20 one two three", "+   \"a\": 1, \"b\": 2", "- - one two three",
                                         "         deep is deep" };
    ret->text = texts[number];
    if (number == 0)
        ret->spans[0] = (struct tui_span){ 0, 5, TUI_DIM };
}

/* A time and what stands after it, a difference and its indentation: the rest stands under where the text begins. */
static void wrapped_lines_hang_under_their_text(void **state)
{
    (void)state;
    struct tui_textview view;
    struct tui_text_lines lines = { .count = 4, .line = hanging_line };
    tui_textview_init(&view, false, true);
    drawn(&view, &lines, 14, 12);
    canvas_shows(canvas, "10:20 one two\n      three\n+   \"a\": 1,\n    \"b\": 2\n- - one two\n  three\n"
                         "         deep\nis deep\n"); /* beyond the middle there would be no room */
    tui_textview_done(&view);
}

static void searching_goes_to_the_next_and_the_one_before(void **state)
{
    (void)state;
    struct tui_textview view;
    tui_textview_init(&view, true, false);
    struct tui_text_lines lines = lines_of(0, 100);
    drawn(&view, &lines, 12, 4);
    tui_textview_move(&view, &lines, TUI_MOVE_FIRST);
    drawn(&view, &lines, 12, 4);
    tui_textview_find(&view, &lines, "SEVEN-4"); /* capitals count when there are some */
    assert_true(view.not_found);
    tui_textview_find(&view, &lines, "seven-4");
    assert_true(view.found);
    assert_int_equal(view.found_line, 47);
    assert_false(view.follow);
    drawn(&view, &lines, 12, 4);
    canvas_shows(canvas, "six-46\nseven-47\neight-48\nnine-49\n");
    canvas_styles(canvas, 1, "PPPPPPP#####");
    tui_textview_find(&view, &lines, "seven");
    assert_int_equal(view.found_line, 47);
    tui_textview_again(&view, &lines, false);
    assert_int_equal(view.found_line, 57);
    tui_textview_again(&view, &lines, true);
    tui_textview_again(&view, &lines, true);
    assert_int_equal(view.found_line, 37);
    drawn(&view, &lines, 12, 4);
    canvas_shows(canvas, "six-36\nseven-37\neight-38\nnine-39\n");
    for (int i = 0; i < 5; i++)
        tui_textview_again(&view, &lines, true);
    assert_true(view.not_found);
    assert_int_equal(view.found_line, 7); /* stays on the last that was found */
    tui_textview_find(&view, &lines, "");
    drawn(&view, &lines, 12, 4);
    canvas_styles(canvas, 1, "");
    tui_textview_done(&view);
}

static void a_long_search_goes_on_later(void **state)
{
    (void)state;
    struct tui_textview view;
    tui_textview_init(&view, false, false);
    struct tui_text_lines lines = lines_of(0, 20000);
    drawn(&view, &lines, 12, 4);
    tui_textview_find(&view, &lines, "nine-19999");
    assert_false(view.found);
    assert_int_equal(view.seeking, 1);
    int calls = 0;
    while (tui_textview_work(&view, &lines))
        assert_true(++calls < 100);
    assert_true(view.found);
    assert_int_equal(view.found_line, 19999);
    assert_true(calls > 3);
    tui_textview_done(&view);
}

static void a_filter_leaves_only_lines_that_have_it(void **state)
{
    (void)state;
    struct tui_textview view;
    tui_textview_init(&view, true, false);
    struct tui_text_lines lines = lines_of(0, 35);
    tui_textview_filter(&view, &lines, "Four");
    drawn(&view, &lines, 10, 3);
    canvas_shows(canvas, "\n"); /* nothing has a capital */
    tui_textview_filter(&view, &lines, "four");
    drawn(&view, &lines, 10, 3);
    canvas_shows(canvas, "four-14\nfour-24\nfour-34\n");
    lines = lines_of(5, 60); /* to 64, and the first is let go */
    while (tui_textview_work(&view, &lines))
        ;
    drawn(&view, &lines, 10, 9);
    canvas_shows(canvas, "four-14\nfour-24\nfour-34\nfour-44\nfour-54\nfour-64\n");
    drawn(&view, &lines, 10, 3);
    tui_textview_move(&view, &lines, TUI_MOVE_FIRST);
    tui_textview_filter(&view, &lines, "");
    drawn(&view, &lines, 10, 2);
    canvas_shows(canvas, "four-14\nfive-15\n"); /* where one was */
    tui_textview_done(&view);
}

static void hostile(void *ctx, uint64_t number, struct tui_text_line *ret)
{
    ret->text = ctx;
    ret->len = number == 0 ? SIZE_MAX : number == 1 ? 5 : 100000;
    ret->style = TUI_DIM;
    ret->spans[0] = (struct tui_span){ 2, 2, TUI_GOOD };
    ret->spans[1] = (struct tui_span){ 4, 1, TUI_BAD };
}

static void parts_of_a_line_have_their_own_style(void **state)
{
    (void)state;
    char text[] = "0123456";
    struct tui_text_lines lines = { .count = 2, .ctx = text, .line = hostile };
    struct tui_textview view;
    tui_textview_init(&view, false, false);
    drawn(&view, &lines, 10, 2);
    canvas_shows(canvas, "0123456\n01234\n"); /* the second is as long as it says */
    canvas_styles(canvas, 0, "bbhhjbb");
    tui_textview_done(&view);
}

static void a_line_of_a_hundred_thousand_bytes_is_cut_and_says_so(void **state)
{
    (void)state;
    char *text = mig_alloc_n(100001, 1);
    memset(text, 'x', 100000);
    text[0] = '\033';
    struct tui_text_lines lines = { .first = 2, .count = 1, .ctx = text, .line = hostile };
    struct tui_textview view;
    tui_textview_init(&view, false, true);
    drawn(&view, &lines, 40, 3);
    tui_textview_move(&view, &lines, TUI_MOVE_LAST);
    drawn(&view, &lines, 40, 1);
    MIG_AUTOBUF struct mig_buf shown;
    mig_buf_init(&shown, 1000);
    tui_canvas_text(canvas, &shown);
    assert_non_null(strstr(shown.text, "67232 bytes more"));
    free(text);
    tui_textview_done(&view);
}

static void nothing_and_every_size_can_be_drawn(void **state)
{
    (void)state;
    for (int wrap = 0; wrap < 2; wrap++)
        for (int w = 1; w < 12; w++)
            for (int h = 1; h < 5; h++) {
                struct tui_textview view;
                tui_textview_init(&view, false, wrap);
                struct tui_text_lines lines = lines_of(7, 0);
                drawn(&view, &lines, w, h);
                for (enum tui_move move = TUI_MOVE_NONE; move <= TUI_MOVE_LAST; move++)
                    tui_textview_move(&view, &lines, move);
                tui_textview_find(&view, &lines, "x");
                tui_textview_again(&view, &lines, true);
                lines = lines_of(7, 3);
                for (enum tui_move move = TUI_MOVE_NONE; move <= TUI_MOVE_LAST; move++) {
                    tui_textview_move(&view, &lines, move);
                    drawn(&view, &lines, w, h);
                }
                lines = lines_of(10, 0); /* all gone */
                drawn(&view, &lines, w, h);
                canvas_shows(canvas, "\n");
                tui_textview_done(&view);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(following_shows_the_end, let_go),
        cmocka_unit_test_teardown(scrolling_up_pauses_and_new_lines_do_not_move_it, let_go),
        cmocka_unit_test_teardown(reaching_the_end_follows_again, let_go),
        cmocka_unit_test_teardown(pages_stop_at_both_ends, let_go),
        cmocka_unit_test_teardown(sideways_stays_through_everything, let_go),
        cmocka_unit_test_teardown(wrapped_lines_scroll_by_rows, let_go),
        cmocka_unit_test_teardown(wrapped_lines_break_at_blanks_where_they_can, let_go),
        cmocka_unit_test_teardown(wrapped_lines_hang_under_their_text, let_go),
        cmocka_unit_test_teardown(searching_goes_to_the_next_and_the_one_before, let_go),
        cmocka_unit_test_teardown(a_long_search_goes_on_later, let_go),
        cmocka_unit_test_teardown(a_filter_leaves_only_lines_that_have_it, let_go),
        cmocka_unit_test_teardown(parts_of_a_line_have_their_own_style, let_go),
        cmocka_unit_test_teardown(a_line_of_a_hundred_thousand_bytes_is_cut_and_says_so, let_go),
        cmocka_unit_test_teardown(nothing_and_every_size_can_be_drawn, let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
