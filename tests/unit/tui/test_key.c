/* Every key has a name, and the name leads back to the key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rows.h"
#include "tui/key.h"
#include "tui/move.h"

static void names_and_keys_are_the_reverse_of_each_other(void **state)
{
    (void)state;
    static const struct {
        uint32_t key;
        const char *name;
    } rows[] = {
        { 'j', "j" },
        { 'G', "G" },
        { '?', "?" },
        { '-', "-" },
        { ' ', "space" },
        { 0xE9, "é" },
        { 0x4E2D, "中" },
        { TUI_KEY_ENTER, "enter" },
        { TUI_KEY_ESC, "esc" },
        { TUI_KEY_BACKTAB, "S-tab" },
        { TUI_KEY_PGDN, "pgdn" },
        { TUI_KEY_F1, "F1" },
        { TUI_KEY_F12, "F12" },
        { TUI_KEY_CTRL | 'd', "C-d" },
        { TUI_KEY_CTRL | '-', "C--" },
        { TUI_KEY_ALT | 'x', "M-x" },
        { TUI_KEY_CTRL | TUI_KEY_ALT | TUI_KEY_BACKSPACE, "C-M-backspace" },
        { TUI_KEY_CTRL | TUI_KEY_LEFT, "C-left" },
        { 0x202E, "U+202E" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        char name[TUI_KEY_NAME_MAX];
        tui_key_name(rows[i].key, name);
        assert_string_equal(name, rows[i].name);
        assert_int_equal(tui_key_find(rows[i].name), rows[i].key);
    }
    for (uint32_t key = TUI_KEY_ENTER; key <= TUI_KEY_UNKNOWN; key++) {
        char name[TUI_KEY_NAME_MAX];
        tui_key_name(key, name);
        assert_int_equal(tui_key_find(name), key);
    }
}

static void a_name_that_is_none_is_no_key(void **state)
{
    (void)state;
    static const char *const names[] = { "",     "jj",   "C-", "F0",   "F13", "Enter",
                                         "\033", "\xff", "U+", "U+zz", "C-jj" };
    for (size_t i = 0; i < MIG_COUNT(names); i++)
        assert_int_equal(tui_key_find(names[i]), TUI_KEY_NONE);
}

static void only_characters_to_show_are_text(void **state)
{
    (void)state;
    static const uint32_t text[] = { ' ', 'a', '~', 0xE9, 0x1F600 };
    static const uint32_t other[] = {
        0, 8, 0x1B, 0x7F, 0x9B, 0x202E, 0xD800, TUI_KEY_ENTER, TUI_KEY_CTRL | 'a'
    };
    for (size_t i = 0; i < MIG_COUNT(text); i++)
        assert_true(tui_key_is_text(text[i]));
    for (size_t i = 0; i < MIG_COUNT(other); i++)
        assert_false(tui_key_is_text(other[i]));
}

static void moves_have_names(void **state)
{
    (void)state;
    assert_int_equal(tui_move_of("down"), TUI_MOVE_DOWN);
    assert_int_equal(tui_move_of("half-up"), TUI_MOVE_HALF_UP);
    assert_int_equal(tui_move_of("sideways"), TUI_MOVE_NONE);
    assert_int_equal(tui_move_of(""), TUI_MOVE_NONE);
    assert_int_equal(tui_move_of(NULL), TUI_MOVE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_keys_are_the_reverse_of_each_other),
        cmocka_unit_test(a_name_that_is_none_is_no_key),
        cmocka_unit_test(only_characters_to_show_are_text),
        cmocka_unit_test(moves_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
