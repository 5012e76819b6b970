/* Rows that are scrolled rather than drawn again: only where it pays, and what is seen is what was drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rows.h"
#include "support/canvas_check.h"
#include "support/vterm_screen.h"
#include "tui/scroll.h"

#define COLS 40
#define ROWS 12

/* A list from a row on at the left, and what stands beside it. */
static void draw_list(struct tui_canvas *canvas, int top, const char *beside)
{
    struct tui_pane all = tui_pane_all(canvas);
    tui_canvas_blank(canvas);
    tui_text(&all, 0, 0, TUI_TITLE, "LIST");
    for (int y = 1; y < canvas->rows; y++) {
        tui_printf(&all, 0, y, TUI_PLAIN, "%c%c%c%c%c%c%c%c row %d", 'a' + (top + y) % 7, 'a' + (top + y) % 5,
                   'a' + (top + y) % 11, 'a' + (top + y) % 13, 'a' + (top + y) % 3, 'a' + (top + y) % 17,
                   'a' + (top + y) % 19, 'a' + (top + y) % 23, top + y);
        tui_printf(&all, 30, y, TUI_GOOD, "%s %d", beside, y);
    }
}

static struct tui_scroll chosen(int from, int to, int hint, const char *beside)
{
    struct tui_canvas *shown = tui_canvas_new(COLS, ROWS, false);
    struct tui_canvas *next = tui_canvas_new(COLS, ROWS, false);
    draw_list(shown, from, beside);
    draw_list(next, to, beside);
    struct tui_pane all = tui_pane_all(next);
    tui_scrolled(&all, 1, ROWS - 1, hint);
    struct tui_scroll rows = tui_scroll_choose(shown, next);
    tui_canvas_free(shown);
    tui_canvas_free(next);
    return rows;
}

static void a_list_that_moved_is_scrolled_with_what_stands_beside(void **state)
{
    (void)state;
    struct tui_scroll up = chosen(10, 11, 1, "beside");
    assert_int_equal(up.by, 1);
    assert_int_equal(up.y, 1);
    assert_int_equal(up.h, ROWS - 1);
    struct tui_scroll down = chosen(10, 7, -3, "");
    assert_int_equal(down.by, -3);
    assert_int_equal(down.y, 1);
    assert_int_equal(down.h, ROWS - 1);
}

static void what_would_cost_more_is_not_scrolled(void **state)
{
    (void)state;
    assert_int_equal(chosen(10, 11, 0, "").by, 0);  /* nobody says that it moved */
    assert_int_equal(chosen(10, 11, -1, "").by, 0); /* the other way */
    assert_int_equal(chosen(10, 10, 1, "").by, 0);  /* it did not move */
    assert_int_equal(chosen(10, 200, 1, "").by, 0); /* all is new */
    assert_int_equal(chosen(10, 50, 40, "").by, 0); /* farther than the list is high */
}

static void rows_that_come_in_are_blank(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(3, 4, false);
    struct tui_pane all = tui_pane_all(canvas);
    for (int y = 0; y < 4; y++)
        tui_printf(&all, 0, y, TUI_BAD, "%d%d%d", y, y, y);
    tui_scroll_apply(canvas, &(struct tui_scroll){ 1, 3, 1 });
    canvas_shows(canvas, "000\n222\n333\n");
    canvas_styles(canvas, 3, "");
    tui_scroll_apply(canvas, &(struct tui_scroll){ 0, 3, -2 });
    canvas_shows(canvas, "\n\n000\n");
    tui_canvas_free(canvas);
}

/* ---- on a terminal ---- */

static void shows_what_is_drawn(const struct vterm_screen *vterm)
{
    MIG_AUTOBUF struct mig_buf seen, drawn;
    mig_buf_init(&seen, 1 << 16);
    mig_buf_init(&drawn, 1 << 16);
    vterm_screen_text(vterm, &seen);
    tui_canvas_text(vterm->canvas, &drawn);
    assert_string_equal(seen.text, drawn.text);
}

static void a_scrolled_list_is_seen_as_it_is_for_fewer_bytes(void **state)
{
    (void)state;
    struct vterm_screen vterm;
    vterm_screen_open(&vterm, &(struct vterm_screen_options){ .cols = COLS, .rows = ROWS });
    size_t bytes[2];
    for (int hinted = 0; hinted < 2; hinted++) {
        draw_list(vterm.canvas, 10, "beside");
        vterm_screen_frame(&vterm);
        draw_list(vterm.canvas, 11, "beside");
        struct tui_pane all = tui_pane_all(vterm.canvas);
        if (hinted)
            tui_scrolled(&all, 1, ROWS - 1, 1);
        bytes[hinted] = vterm_screen_frame(&vterm);
        shows_what_is_drawn(&vterm);
    }
    print_message("bytes of a scrolled list: %zu, drawn again %zu\n", bytes[1], bytes[0]);
    assert_true(bytes[1] * 3 < bytes[0] * 2);
    vterm_screen_close(&vterm);
}

/* Hints that are right, wrong, or of another part of the screen, on terminals of several kinds. */
static void whatever_is_said_to_have_moved_what_is_drawn_is_seen(void **state)
{
    (void)state;
    static const char *const terms[] = { "xterm-256color", "tmux-256color", "linux", "vt100" };
    unsigned seed = 7;
    for (size_t t = 0; t < MIG_COUNT(terms); t++) {
        struct vterm_screen vterm;
        vterm_screen_open(&vterm, &(struct vterm_screen_options){
                                      .cols = COLS, .rows = ROWS, .ascii = true, .term = terms[t] });
        int top = 20;
        for (int i = 0; i < 200; i++) {
            int by = (int)((unsigned)rand_r(&seed) % 9) - 4;
            int said = rand_r(&seed) % 3 ? by : (int)((unsigned)rand_r(&seed) % 9) - 4;
            int y = (int)((unsigned)rand_r(&seed) % 4);
            top = top + by < 0 ? 20 : top + by;
            draw_list(vterm.canvas, top, rand_r(&seed) % 2 ? "beside" : "not");
            struct tui_pane all = tui_pane_all(vterm.canvas);
            tui_scrolled(&all, y, ROWS - y - (int)((unsigned)rand_r(&seed) % 3), said);
            if (rand_r(&seed) % 20 == 0)
                tui_screen_redraw(vterm.screen);
            vterm_screen_frame(&vterm);
            shows_what_is_drawn(&vterm);
        }
        vterm_screen_close(&vterm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_that_moved_is_scrolled_with_what_stands_beside),
        cmocka_unit_test(what_would_cost_more_is_not_scrolled),
        cmocka_unit_test(rows_that_come_in_are_blank),
        cmocka_unit_test(a_scrolled_list_is_seen_as_it_is_for_fewer_bytes),
        cmocka_unit_test(whatever_is_said_to_have_moved_what_is_drawn_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
