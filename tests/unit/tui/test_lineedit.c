/* A line being typed: every key does what shells taught, and nothing but text gets in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/rows.h"
#include "base/text.h"
#include "support/canvas_check.h"
#include "tui/lineedit.h"

static unsigned batch;

static bool press(struct tui_line *line, uint32_t key)
{
    struct tui_event event = { .key = key, .batch = ++batch };
    return tui_line_key(line, &event);
}

/* Keys by name, separated by blanks. */
static void keys(struct tui_line *line, const char *names)
{
    char name[TUI_KEY_NAME_MAX];
    for (const char *p = names; *p; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        snprintf(name, sizeof name, "%.*s", (int)len, p);
        assert_true(press(line, tui_key_find(name)));
        p += len;
    }
}

/* "text" with '|' where the cursor is. */
static void is(const struct tui_line *line, const char *expected)
{
    char shown[TUI_LINE_MAX + 2];
    snprintf(shown, sizeof shown, "%.*s|%s", (int)line->at, line->text, line->text + line->at);
    assert_string_equal(shown, expected);
    assert_int_equal(line->len, strlen(line->text));
}

static void each_key_edits(void **state)
{
    (void)state;
    static const struct {
        const char *text, *keys, *expected;
    } rows[] = {
        { "", "a b space c", "ab c|" },
        { "abc", "left left x", "ax|bc" },
        { "abc", "left left left left right", "a|bc" },
        { "abc", "home x end y", "xabcy|" },
        { "abc", "C-a C-f C-f x C-e C-b y", "abxy|c" },
        { "abc", "backspace", "ab|" },
        { "", "backspace del C-w C-u C-k left right", "|" },
        { "abc", "home del C-d", "|c" },
        { "one two  ", "C-w", "one |" },
        { "one two", "M-b M-b M-f x", "onex| two" },
        { "one two", "C-left C-u", "|two" },
        { "one two", "home C-right C-k", "one|" },
        { "aé中", "left backspace", "a|中" },
        { "ae\xcc\x81", "backspace", "a|" }, /* with what combines */
        { "a中", "é", "a中é|" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct tui_line line;
        tui_line_init(&line, 0, NULL);
        tui_line_set(&line, rows[i].text);
        keys(&line, rows[i].keys);
        is(&line, rows[i].expected);
    }
}

static void keys_of_others_are_left_to_them(void **state)
{
    (void)state;
    static const char *const others[] = { "enter", "esc",  "tab", "S-tab", "F1",
                                          "C-c",   "pgup", "up",  "down",  "M-x" };
    struct tui_line line;
    tui_line_init(&line, 0, NULL);
    for (size_t i = 0; i < MIG_COUNT(others); i++)
        assert_false(press(&line, tui_key_find(others[i])));
    is(&line, "|");
}

static void a_paste_is_one_line_of_text(void **state)
{
    (void)state;
    static const char pasted[] = "a\nb\r\n\033[31mc\xff\xe2\x80\xae é";
    struct tui_line line;
    tui_line_init(&line, 0, NULL);
    struct tui_event event = { .key = TUI_KEY_PASTE, .paste = pasted, .paste_len = sizeof pasted - 1 };
    assert_true(tui_line_key(&line, &event));
    is(&line, "ab[31mc é|");
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    struct tui_line line;
    tui_line_init(&line, 4, NULL);
    struct tui_event event = { .key = TUI_KEY_PASTE, .paste = "abc中d", .paste_len = strlen("abc中d") };
    tui_line_key(&line, &event);
    is(&line, "abcd|");
    keys(&line, "x");
    is(&line, "abcd|");
    tui_line_set(&line, "abc€");
    is(&line, "abc|");
}

static void a_line_that_refuses_pastes_is_empty_after_one(void **state)
{
    (void)state;
    struct tui_line line;
    tui_line_init(&line, 0, NULL);
    line.refuse_paste = true;
    keys(&line, "s h o p");
    struct tui_event event = { .key = TUI_KEY_PASTE, .paste = "-prod 2", .paste_len = 7 };
    assert_true(tui_line_key(&line, &event));
    is(&line, "|");
    assert_true(line.paste_refused);
    keys(&line, "s");
    assert_false(line.paste_refused);
}

/* On a terminal that does not mark a paste, it comes as keys of one reading. */
static void keys_too_fast_for_fingers_count_as_a_paste(void **state)
{
    (void)state;
    struct tui_line line;
    tui_line_init(&line, 0, NULL);
    line.refuse_paste = true;
    for (const char *p = "shop-prod 2"; *p; p++) {
        struct tui_event event = { .key = (unsigned char)*p, .batch = 7 };
        tui_line_key(&line, &event);
    }
    assert_true(line.paste_refused);
    is(&line, "|");

    keys(&line, "s h o p - p r o d space 2"); /* the same text, typed */
    is(&line, "shop-prod 2|");
    assert_false(line.paste_refused);
}

static void history_gives_lines_back_and_keeps_the_one_being_typed(void **state)
{
    (void)state;
    struct tui_history history;
    tui_history_init(&history, 3);
    static const char *const lines[] = {
        "one", "two", "", "three", "two", "four"
    }; /* one is let go, two moves up */
    for (size_t i = 0; i < MIG_COUNT(lines); i++)
        tui_history_add(&history, lines[i]);
    assert_int_equal(history.count, 3);

    struct tui_line line;
    tui_line_init(&line, 0, &history);
    keys(&line, "x y up");
    is(&line, "four|");
    keys(&line, "C-p up up");
    is(&line, "three|");
    keys(&line, "down down C-n down");
    is(&line, "xy|");
    tui_history_done(&history);
}

static void the_cursor_is_always_in_sight(void **state)
{
    (void)state;
    struct tui_canvas *canvas = tui_canvas_new(8, 1, true);
    struct tui_pane all = tui_pane_all(canvas);
    struct tui_line line;
    tui_line_init(&line, 0, NULL);
    tui_line_set(&line, "0123456789");
    tui_line_draw(&line, &all, 1, 0, 5, TUI_FIELD, true);
    canvas_shows(canvas, " 6789\n");
    assert_int_equal(canvas->cursor_x, 5);
    keys(&line, "left left");
    tui_line_draw(&line, &all, 1, 0, 5, TUI_FIELD, true);
    canvas_shows(canvas, " 6789\n"); /* does not scroll before it must */
    assert_int_equal(canvas->cursor_x, 3);
    keys(&line, "home");
    tui_line_draw(&line, &all, 1, 0, 5, TUI_FIELD, false);
    canvas_shows(canvas, " 01234\n");
    tui_line_set(&line, "中文");
    tui_line_draw(&line, &all, 1, 0, 4, TUI_FIELD, true);
    assert_int_equal(canvas->cursor_x, 4);
    canvas_styles(canvas, 0, ".qqqqq");
    tui_canvas_free(canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_edits),
        cmocka_unit_test(keys_of_others_are_left_to_them),
        cmocka_unit_test(a_paste_is_one_line_of_text),
        cmocka_unit_test(what_does_not_fit_is_left_out_whole),
        cmocka_unit_test(a_line_that_refuses_pastes_is_empty_after_one),
        cmocka_unit_test(keys_too_fast_for_fingers_count_as_a_paste),
        cmocka_unit_test(history_gives_lines_back_and_keeps_the_one_being_typed),
        cmocka_unit_test(the_cursor_is_always_in_sight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
