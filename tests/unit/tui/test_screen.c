/* The screen, read back by a terminal emulator: what was drawn is what is seen, for few bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rows.h"
#include "support/vterm_screen.h"
#include "tui/bars.h"
#include "tui/table.h"

static struct vterm_screen vterm;
static struct tui_pane all;

static void given(int cols, int rows)
{
    vterm_screen_open(&vterm, &(struct vterm_screen_options){ .cols = cols, .rows = rows });
    all = tui_pane_all(vterm.canvas);
}

static void given_looking(int cols, int rows, bool ascii, bool mono, const char *term)
{
    vterm_screen_open(&vterm, &(struct vterm_screen_options){
                                  .cols = cols, .rows = rows, .ascii = ascii, .mono = mono, .term = term });
    all = tui_pane_all(vterm.canvas);
}

static int close_it(void **state)
{
    (void)state;
    if (vterm.emulator)
        vterm_screen_close(&vterm);
    vterm.emulator = NULL;
    return 0;
}

static void seen(const char *expected)
{
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 1 << 20);
    vterm_screen_text(&vterm, &text);
    assert_string_equal(text.text, expected);
}

static void looks(const char *expected)
{
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 1 << 20);
    vterm_screen_looks(&vterm, &text);
    assert_string_equal(text.text, expected);
}

static void what_is_drawn_is_seen(void **state)
{
    (void)state;
    given(20, 4);
    struct tui_pane within = tui_frame(&all, TUI_BORDER, "Title", NULL);
    tui_text(&within, 0, 0, TUI_GOOD, "✓ ok 中e\xcc\x81");
    tui_text(&within, 0, 1, TUI_BAD, "bad");
    tui_choose(&within, 0, 1, 2);
    vterm_screen_frame(&vterm);
    seen("┌─ Title ──────────┐\n│✓ ok 中e\xcc\x81          │\n│bad               │\n└──────────────────┘\n");
    looks("..*******\n.gggggg.g\n.RRr\n\n");
}

static void every_style_has_a_look_with_and_without_colour(void **state)
{
    (void)state;
    for (int mono = 0; mono < 2; mono++) {
        given_looking(TUI_STYLES, 1, false, mono, NULL);
        for (int style = 0; style < TUI_STYLES; style++)
            tui_text(&all, style, 0, style, "x");
        vterm_screen_frame(&vterm);
        looks(mono ? "..**.**.*_..#*_#_#\n" : "..**.*cgyrc.RgrY_#\n");
        close_it(NULL);
    }
}

static void a_chosen_cell_that_is_reversed_anyway_still_differs(void **state)
{
    (void)state;
    given(4, 1);
    tui_text(&all, 0, 0, TUI_MATCH, "mm");
    tui_choose(&all, 1, 0, 2);
    vterm_screen_frame(&vterm);
    looks("Yy#\n");
}

static void no_color_means_no_colour(void **state)
{
    (void)state;
    setenv("NO_COLOR", "1", 1);
    given(4, 1);
    unsetenv("NO_COLOR");
    tui_text(&all, 0, 0, TUI_GOOD, "ok");
    vterm_screen_frame(&vterm);
    looks("\n");
}

static void ascii_is_all_that_is_sent_where_there_is_no_utf8(void **state)
{
    (void)state;
    given_looking(12, 3, true, false, NULL);
    struct tui_pane within = tui_frame(&all, TUI_BORDER, "é", NULL);
    tui_field(&within, 0, 0, 5, TUI_PLAIN, "中abcdef");
    vterm_screen_frame(&vterm);
    seen("+- ? ------+\n|\?\?ab~     |\n+----------+\n");
    for (size_t i = 0; i < vterm.sent.len; i++)
        assert_true((unsigned char)vterm.sent.text[i] < 0x80);
}

/* Whatever is on the canvas: an ESC is never followed by anything but what ncurses itself says. */
static void no_foreign_byte_reaches_the_terminal(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        "\033]52;c;AAAA\a",
        "\033[2J\033[31m",
        "\x9b"
        "2J",
        "\xc2\x9b"
        "2J",
        "\033P1\033\\",
        "a\rb\bc\x0e\x0f",
        "\xe2\x80\xae"
        "abc",
        "\033c",
    };
    given(60, MIG_COUNT(hostile));
    vterm_screen_frame(&vterm);
    for (size_t i = 0; i < MIG_COUNT(hostile); i++)
        tui_text(&all, 0, (int)i, TUI_PLAIN, hostile[i]);
    vterm_screen_frame(&vterm);
    for (const char *p = vterm.sent.text; *p; p++) {
        assert_int_not_equal(*p, '\a');
        assert_int_not_equal((unsigned char)*p, 0x9b);
        if (*p == '\033')
            assert_non_null(strchr("[(", p[1])); /* moves, colours, character sets */
    }
    seen(
        "\\x1b]52;c;AAAA\\x07\n\\x1b[2J\\x1b[31m\n\\x9b2J\n\\u{009b}2J\n\\x1bP1\\x1b\\\na\\x0db\\x08c\\x0e\\x0f\n"
        "\\u{202e}abc\n\\x1bc\n");
}

/* ---- bytes ---- */

static const struct tui_column columns[] = {
    { .title = "ID", .min = 4, .max = 4, .rank = 9 },
    { .title = "NAME", .min = 16, .rank = 8 },
    { .title = "DEV", .min = 10, .max = 14, .sliding = true },
    { .title = "TEST", .min = 10, .max = 14, .sliding = true },
    { .title = "PROD", .min = 10, .max = 14, .sliding = true },
};

static const char *id(void *ctx, size_t row)
{
    (void)ctx;
    static char text[16];
    snprintf(text, sizeof text, "%04zu", row);
    return text;
}

static void cell(void *ctx, size_t row, size_t column, struct tui_table_cell *ret)
{
    (void)ctx;
    static const char *const words[] = { "✓ ok   11-02", "· pend", "✗ FAIL 11-20" };
    static const enum tui_style styles[] = { TUI_GOOD, TUI_PLAIN, TUI_BAD };
    if (column >= 2) {
        ret->text = words[(row + column) % 3];
        ret->style = styles[(row + column) % 3];
    } else if (column == 1) {
        snprintf(ret->room, sizeof ret->room, "add-user-email-index-%zu", row);
        ret->text = ret->room;
    } else {
        ret->text = id(NULL, row);
    }
}

static const struct tui_table_rows rows = {
    .columns = columns, .column_count = MIG_COUNT(columns), .count = 200, .id = id, .cell = cell
};

static void draw_matrix(struct tui_table *table, const char *clock)
{
    tui_canvas_blank(vterm.canvas);
    tui_text(&all, 1, 0, TUI_HEADER,
             "migtui  shop  [RO]  ana@bastion-2     DEV ok 2s    TEST ok 2s    PROD ok 1s");
    tui_text(&all, -9, 0, TUI_PLAIN, "");
    struct tui_pane right = tui_pane_part(&all, -9, 0, 9, 1);
    tui_text(&right, 0, 0, TUI_PLAIN, clock);
    struct tui_pane left = tui_pane_part(&all, 0, 2, 78, all.h - 4),
                    detail = tui_pane_part(&all, 78, 2, 42, all.h - 4);
    struct tui_pane in = tui_frame(&left, TUI_BORDER, "MATRIX", NULL);
    tui_table_draw(table, &rows, &in);
    in = tui_frame(&detail, TUI_BORDER, "DETAIL", NULL);
    for (int y = 0; y < in.h; y++)
        tui_text(&in, 0, y, y % 3 ? TUI_PLAIN : TUI_GOOD, "TEST  11-19 10:40Z  5.0s  by ana");
    static const struct tui_hint hints[] = { { "?", "help", 9, false },
                                             { "enter", "plan", 8, false },
                                             { "q", "quit", 7, false } };
    tui_hints_draw(&all, all.h - 1, hints, MIG_COUNT(hints));
}

static void frames_cost_what_changed(void **state)
{
    (void)state;
    given(120, 36);
    struct tui_table table = { 0 };
    draw_matrix(&table, "14:02:11Z");
    size_t first = vterm_screen_frame(&vterm);
    draw_matrix(&table, "14:02:11Z");
    size_t same = vterm_screen_frame(&vterm);
    draw_matrix(&table, "14:02:12Z");
    size_t clock = vterm_screen_frame(&vterm);
    tui_table_move(&table, &rows, TUI_MOVE_DOWN);
    draw_matrix(&table, "14:02:12Z");
    size_t move = vterm_screen_frame(&vterm);
    tui_table_move(&table, &rows, TUI_MOVE_RIGHT);
    draw_matrix(&table, "14:02:12Z");
    size_t focus = vterm_screen_frame(&vterm);
    for (int i = 0; i < 40; i++)
        tui_table_move(&table, &rows, TUI_MOVE_DOWN);
    draw_matrix(&table, "14:02:12Z");
    vterm_screen_frame(&vterm);
    tui_table_move(&table, &rows, TUI_MOVE_DOWN);
    draw_matrix(&table, "14:02:12Z");
    size_t scroll = vterm_screen_frame(&vterm);
    print_message("bytes: first %zu, same %zu, clock %zu, one row %zu, one column %zu, scrolled by one %zu\n",
                  first, same, clock, move, focus, scroll);
    assert_in_range(first, 2000, 8 * 1024 - 1);
    assert_int_equal(same, 0);
    assert_in_range(clock, 1, 20);
    assert_in_range(move, 1, 269);
    assert_in_range(focus, 1, 269);
    assert_true(tui_screen_bytes(vterm.screen) > first + move);
}

/* A terminal that takes nothing for a while: nothing blocks, no frame is begun before the last is out, none is torn. */
static void a_slow_terminal_gets_whole_frames_and_blocks_nothing(void **state)
{
    (void)state;
    given(120, 36);
    fcntl(vterm.pipe[1], F_SETPIPE_SZ, 4096);
    struct tui_table table = { 0 };
    draw_matrix(&table, "14:02:11Z");
    assert_true(tui_screen_flush(vterm.screen)); /* 7 KB begun */
    assert_false(tui_screen_send(vterm.screen));
    draw_matrix(&table, "14:02:12Z");
    assert_false(tui_screen_flush(vterm.screen));
    assert_false(tui_screen_flush(vterm.screen));
    vterm_screen_take(&vterm); /* somebody reads again */
    assert_true(tui_screen_send(vterm.screen));
    assert_in_range(vterm_screen_frame(&vterm), 1, 20); /* the clock, from a screen that is as it should be */
    MIG_AUTOBUF struct mig_buf shown, drawn;
    mig_buf_init(&shown, 1 << 20);
    mig_buf_init(&drawn, 1 << 20);
    vterm_screen_text(&vterm, &shown);
    tui_canvas_text(vterm.canvas, &drawn);
    assert_string_equal(shown.text, drawn.text);
}

static void redrawing_sends_everything_again(void **state)
{
    (void)state;
    given(40, 5);
    tui_text(&all, 0, 0, TUI_PLAIN, "something to see");
    size_t first = vterm_screen_frame(&vterm);
    tui_screen_redraw(vterm.screen);
    assert_in_range(vterm_screen_frame(&vterm), 16, first);
    seen("something to see\n\n\n\n\n");
}

/* ---- the cursor, small sizes, other terminals ---- */

static void the_cursor_is_hidden_until_a_field_shows_it(void **state)
{
    (void)state;
    given(20, 3);
    int x, y;
    vterm_screen_frame(&vterm);
    assert_false(vterm_screen_cursor(&vterm, &x, &y));
    tui_cursor(&all, 7, 2);
    vterm_screen_frame(&vterm);
    assert_true(vterm_screen_cursor(&vterm, &x, &y));
    assert_int_equal(x, 7);
    assert_int_equal(y, 2);
    tui_canvas_blank(vterm.canvas);
    vterm_screen_frame(&vterm);
    assert_false(vterm_screen_cursor(&vterm, &x, &y));
}

static void the_last_cell_and_the_smallest_screen_can_be_drawn(void **state)
{
    (void)state;
    given(3, 2);
    tui_text(&all, 0, 0, TUI_PLAIN, "abc");
    tui_text(&all, 0, 1, TUI_PLAIN, "d中");
    vterm_screen_frame(&vterm);
    seen("abc\nd中\n");
    close_it(NULL);
    given(1, 1);
    tui_text(&all, 0, 0, TUI_PLAIN, "x");
    vterm_screen_frame(&vterm);
    seen("x\n");
}

static void older_terminals_are_drawn_on_too(void **state)
{
    (void)state;
    static const char *const terms[] = { "vt100", "linux", "screen", "tmux-256color", "xterm-no-such-thing" };
    for (size_t i = 0; i < MIG_COUNT(terms); i++) {
        given_looking(30, 3, strcmp(terms[i], "vt100") == 0, false, terms[i]);
        tui_text(&all, 2, 1, TUI_CHOSEN, "chosen");
        vterm_screen_frame(&vterm);
        seen("\n  chosen\n\n");
        looks("\n..######\n\n");
        close_it(NULL);
    }
}

static void a_terminal_that_cannot_move_its_cursor_is_refused(void **state)
{
    (void)state;
    static const char *const terms[] = { "dumb", "unknown", "" };
    for (size_t i = 0; i < MIG_COUNT(terms); i++) {
        struct mig_error err = { 0 };
        struct tui_screen_options options = { .fd = STDERR_FILENO, .cols = 80, .rows = 24, .term = terms[i] };
        assert_null(tui_screen_open(&options, &err));
        assert_int_equal(err.code, MIG_ERR_USAGE);
        assert_non_null(strstr(err.message, "TERM"));
        assert_non_null(strstr(err.hint, "migtui status"));
    }
}

/* Given a terminal that has sent a paste with an end mark in it, and the rest while this process was held up. */
static void what_came_meanwhile_is_read_before_time_is_up(void **state)
{
    (void)state;
    struct mig_error err = { 0 };
    struct tui_event event;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    struct tui_screen *screen = tui_screen_open(
        &(struct tui_screen_options){ .fd = pair[0], .cols = 20, .rows = 4, .term = "xterm" }, &err);
    assert_non_null(screen);
    assert_int_equal(write(pair[1], "\033[200~x\033[201~", 13), 13);
    assert_true(tui_screen_read(screen) && !tui_screen_next(screen, &event));
    assert_int_equal(write(pair[1], "q", 1), 1);
    tui_screen_expire(screen);
    assert_false(tui_screen_next(screen, &event));
    assert_int_equal(write(pair[1], "\r", 1), 1);
    tui_screen_drop_input(screen); /* a dialog opens */
    tui_screen_expire(screen);     /* and now all was quiet */
    assert_true(tui_screen_next(screen, &event));
    assert_int_equal(event.key, TUI_KEY_PASTE);
    assert_string_equal(event.paste, "xq\r");
    assert_int_equal(write(pair[1], "jk", 2), 2);
    tui_screen_drop_input(screen);
    assert_true(tui_screen_read(screen) && !tui_screen_next(screen, &event));
    tui_screen_close(screen);
    close(pair[0]);
    close(pair[1]);
}

static void a_pipe_is_no_terminal(void **state)
{
    (void)state;
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        return; /* run by hand: it would open */
    struct mig_error err = { 0 };
    assert_null(tui_screen_open(&(struct tui_screen_options){ 0 }, &err));
    assert_int_equal(err.code, MIG_ERR_USAGE);
    assert_non_null(strstr(err.message, "terminal"));
}

/* ---- clipboard, title, bell, end ---- */

static void copying_writes_the_file_and_tells_the_terminal(void **state)
{
    (void)state;
    given(10, 2);
    vterm_screen_frame(&vterm);
    struct mig_error err = { 0 };
    assert_true(tui_screen_copy(vterm.screen, "a\033b\n", 4, &err));
    vterm_screen_take(&vterm);
    assert_string_equal(vterm.sent.text, "\033]52;c;YRtiCg==\a");

    char *large = mig_alloc_n(TUI_CLIP_MAX + 1, 1);
    memset(large, 'x', TUI_CLIP_MAX);
    assert_true(tui_screen_copy(vterm.screen, large, TUI_CLIP_MAX, &err));
    size_t sent = vterm_screen_take(&vterm);
    assert_in_range(sent, TUI_CLIP_MAX * 4 / 3, 74994 + 8); /* what terminals are known to take */
    bool done = tui_screen_copy(vterm.screen, large, TUI_CLIP_MAX + 1, &err); /* and there is no file */
    assert_false(done);
    assert_int_equal(err.code, MIG_ERR_LIMIT);
    sent = vterm_screen_take(&vterm);
    assert_int_equal(sent, 0);
    free(large);
}

static void title_and_bell_are_off_by_default(void **state)
{
    (void)state;
    given(10, 2);
    vterm_screen_frame(&vterm);
    tui_screen_title(vterm.screen, "migtui");
    tui_screen_bell(vterm.screen);
    assert_int_equal(vterm_screen_take(&vterm), 0);
}

static void the_end_gives_everything_back(void **state)
{
    (void)state;
    given(10, 2);
    tui_screen_mouse(vterm.screen, true);
    vterm_screen_frame(&vterm);
    tui_screen_leave(vterm.screen);
    vterm_screen_take(&vterm);
    static const char *const undone[] = { "\033[?1049l", "\033[?2004l", "\033[?1000l", "\033[?1006l",
                                          "\033[?12l\033[?25h" };
    for (size_t i = 0; i < MIG_COUNT(undone); i++)
        assert_non_null(strstr(vterm.sent.text, undone[i]));
    assert_true(tui_screen_enter(vterm.screen));
    tui_text(&all, 0, 0, TUI_PLAIN, "again");
    vterm_screen_frame(&vterm);
    seen("again\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_drawn_is_seen, close_it),
        cmocka_unit_test_teardown(every_style_has_a_look_with_and_without_colour, close_it),
        cmocka_unit_test_teardown(a_chosen_cell_that_is_reversed_anyway_still_differs, close_it),
        cmocka_unit_test_teardown(no_color_means_no_colour, close_it),
        cmocka_unit_test_teardown(ascii_is_all_that_is_sent_where_there_is_no_utf8, close_it),
        cmocka_unit_test_teardown(no_foreign_byte_reaches_the_terminal, close_it),
        cmocka_unit_test_teardown(frames_cost_what_changed, close_it),
        cmocka_unit_test_teardown(a_slow_terminal_gets_whole_frames_and_blocks_nothing, close_it),
        cmocka_unit_test_teardown(redrawing_sends_everything_again, close_it),
        cmocka_unit_test_teardown(the_cursor_is_hidden_until_a_field_shows_it, close_it),
        cmocka_unit_test_teardown(the_last_cell_and_the_smallest_screen_can_be_drawn, close_it),
        cmocka_unit_test_teardown(older_terminals_are_drawn_on_too, close_it),
        cmocka_unit_test(a_terminal_that_cannot_move_its_cursor_is_refused),
        cmocka_unit_test(what_came_meanwhile_is_read_before_time_is_up),
        cmocka_unit_test(a_pipe_is_no_terminal),
        cmocka_unit_test_teardown(copying_writes_the_file_and_tells_the_terminal, close_it),
        cmocka_unit_test_teardown(title_and_bell_are_off_by_default, close_it),
        cmocka_unit_test_teardown(the_end_gives_everything_back, close_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
