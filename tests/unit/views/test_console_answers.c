/* What answers a question of the console, and what does not: held keys, keys that came in a crowd, pastes. */
#include "base/rows.h"
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

/* A part of a command is another command: "apply --env prod --count 1" without its end is all that is pending. */
static void a_paste_that_does_not_fit_the_palette_is_not_taken_in_part(void **state)
{
    struct console_world *w = *state;
    static char text[2000];
    memset(text, 'x', sizeof text - 1);
    const struct tui_line *line = &w->console->palette.line;
    const struct tui_event pastes[] = {
        { .key = TUI_KEY_PASTE, .paste = text, .paste_len = strlen(text) },
        { .key = TUI_KEY_PASTE, .paste = "apply", .paste_len = 5, .paste_cut = true },
    };
    console_world_key(w, ':');
    for (size_t i = 0; i < MIG_COUNT(pastes); i++) {
        console_key(w->console, &pastes[i]);
        assert_string_equal(line->text, "");
        console_world_says(w, "longer than a line may be");
    }
    console_key(w->console, &(struct tui_event){ .key = TUI_KEY_PASTE, .paste = "apply", .paste_len = 5 });
    assert_string_equal(line->text, "apply");
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
        CONSOLE_TEST(a_paste_that_does_not_fit_the_palette_is_not_taken_in_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
