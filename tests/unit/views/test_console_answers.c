/* What answers a question of the console, and what does not: held keys, keys that came in a crowd, pastes. */
#include "support/console_world.h"

static void enter_held_down_runs_nothing(void **state)
{
    struct console_world *w = *state;
    console_world_ask_mark(w, "test");
    for (int i = 0; i < 50; i++)
        console_world_key(w, TUI_KEY_ENTER);
    assert_int_equal(atomic_load(&console_children.started), 0);
}

static void one_y_is_enough_where_nothing_is_protected(void **state)
{
    struct console_world *w = *state;
    console_world_ask_mark(w, "test");
    console_world_key(w, 'y');
    assert_int_equal(w->console->confirm.state, CONFIRM_NONE);
    console_world_wait(w, console_world_acts_over);
    assert_int_equal(atomic_load(&console_children.started), 1);
}

static void a_y_does_nothing_where_something_is_protected(void **state)
{
    struct console_world *w = *state;
    console_world_ask_mark(w, "prod");
    console_world_key(w, 'y');
    console_world_key(w, TUI_KEY_ENTER);
    assert_int_equal(w->console->confirm.state, CONFIRM_ASKING);
    for (const char *at = "shop 1"; *at; at++)
        console_world_key(w, (uint32_t)*at);
    console_world_key(w, TUI_KEY_ENTER); /* the y is before it, and three seconds have not passed */
    assert_int_equal(atomic_load(&console_children.started), 0);
    console_world_key(w, TUI_KEY_ESC);
    assert_int_equal(w->console->confirm.state, CONFIRM_NONE);
    console_world_says(w, "nothing was run");
}

static void what_was_pasted_does_not_confirm(void **state)
{
    struct console_world *w = *state;
    console_world_ask_mark(w, "prod");
    struct tui_event paste = { .key = TUI_KEY_PASTE, .paste = "shop 1", .paste_len = 6 };
    console_key(w->console, &paste);
    assert_string_equal(w->console->confirm.dialog.fields[0].line.text, "");
    console_world_key(w, TUI_KEY_ENTER);
    assert_int_equal(atomic_load(&console_children.started), 0);
}

static void a_y_among_others_does_not_confirm_and_a_paste_cancels(void **state)
{
    struct console_world *w = *state;
    console_world_ask_mark(w, "test");
    struct tui_event crowd = { .key = 'y', .with_others = true };
    console_key(w->console, &crowd);
    assert_int_equal(w->console->confirm.state, CONFIRM_ASKING);
    console_world_says(w, "press it by itself");
    struct tui_event paste = { .key = TUI_KEY_PASTE, .paste = "y", .paste_len = 1 };
    console_key(w->console, &paste);
    assert_int_equal(w->console->confirm.state, CONFIRM_NONE);
    console_world_says(w, "nothing was run; what was pasted answers nothing");
    console_world_key(w, 'y'); /* the rest of it */
    assert_int_equal(atomic_load(&console_children.started), 0);
}

#define CONSOLE_TEST(test) cmocka_unit_test_setup_teardown(test, console_world_setup, console_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSOLE_TEST(enter_held_down_runs_nothing),
        CONSOLE_TEST(one_y_is_enough_where_nothing_is_protected),
        CONSOLE_TEST(a_y_does_nothing_where_something_is_protected),
        CONSOLE_TEST(what_was_pasted_does_not_confirm),
        CONSOLE_TEST(a_y_among_others_does_not_confirm_and_a_paste_cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
