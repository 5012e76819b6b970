/* Lines of the palette are there in the next session; none that may hold a secret, none that would deceive. */
#include "support/console_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "support/golden.h"

static char path[128];

static int setup(void **state)
{
    if (console_world_setup(state) != 0)
        return -1;
    struct console_world *w = *state;
    snprintf(path, sizeof path, "%s/palette", w->dir);
    w->console->options.history_path = path;
    return 0;
}

static int teardown(void **state)
{
    struct console_world *w = *state;
    console_history_end(w->console);
    w->console->options.history_path = NULL;
    unlink(path);
    return console_world_teardown(state);
}

static void when_it_is_typed(struct console_world *w, const char *line)
{
    console_world_key(w, ':');
    console_world_type(w, line);
    console_world_key(w, TUI_KEY_ENTER);
}

static void what_was_typed_is_there_in_the_next_session(void **state)
{
    struct console_world *w = *state;
    when_it_is_typed(w, "view errors");
    when_it_is_typed(w, "rw test 10m");
    char *text MIG_AUTOFREE = golden_file_text(path);
    assert_string_equal(text, "view errors\nrw test 10m\n");
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);

    tui_history_done(&w->console->palette.history);
    tui_history_init(&w->console->palette.history, 200);
    console_history_load(w->console);
    assert_int_equal(w->console->palette.history.count, 2);
    console_world_key(w, ':');
    console_world_key(w, TUI_KEY_UP);
    assert_string_equal(w->console->palette.line.text, "rw test 10m");
}

static void what_may_hold_a_secret_is_not_kept(void **state)
{
    struct console_world *w = *state;
    when_it_is_typed(w, "doctor --uri mongodb://ana:secret@db1/");
    when_it_is_typed(w, " view errors");
    char *text MIG_AUTOFREE = golden_file_text(path);
    assert_string_equal(text, "");
}

static void lines_that_would_deceive_are_not_taken(void **state)
{
    struct console_world *w = *state;
    static const char hostile[] = "view plan\n"
                                  "view \x1b[2J\n"
                                  "view \xe2\x80\xae"
                                  "nalp\n"
                                  "view \xff\xfe\n"
                                  "a\0b\n"
                                  "apply mongodb://u:p@h\n"
                                  "view log\n"
                                  "half a line";
    golden_file_write(path, hostile, sizeof hostile - 1);
    console_history_load(w->console);
    assert_int_equal(w->console->palette.history.count, 2);
    assert_string_equal(w->console->palette.history.lines[0], "view plan");
    assert_string_equal(w->console->palette.history.lines[1], "view log");
}

static size_t lines_of(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void a_long_file_is_shortened_in_the_end(void **state)
{
    struct console_world *w = *state;
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, 4UL << 20);
    for (int i = 0; i < 1000; i++)
        mig_buf_printf(&text, "view plan --to %d\n", i);
    golden_file_write(path, text.text, text.len);
    console_history_load(w->console);
    assert_int_equal(w->console->palette.history.count, w->console->palette.history.max);
    console_history_end(w->console);
    char *now MIG_AUTOFREE = golden_file_text(path);
    assert_int_equal(lines_of(now), w->console->palette.history.max);
    assert_non_null(strstr(now, "view plan --to 999\n"));
}

static void a_file_too_long_to_read_is_made_anew(void **state)
{
    struct console_world *w = *state;
    char *large MIG_AUTOFREE = mig_alloc(3UL << 20);
    memset(large, 'x', 3UL << 20);
    golden_file_write(path, large, 3UL << 20);
    console_history_load(w->console);
    assert_int_equal(w->console->palette.history.count, 0);
    when_it_is_typed(w, "view errors");
    console_history_end(w->console);
    char *now MIG_AUTOFREE = golden_file_text(path);
    assert_string_equal(now, "view errors\n");
}

#define HISTORY_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HISTORY_TEST(what_was_typed_is_there_in_the_next_session),
        HISTORY_TEST(what_may_hold_a_secret_is_not_kept),
        HISTORY_TEST(lines_that_would_deceive_are_not_taken),
        HISTORY_TEST(a_long_file_is_shortened_in_the_end),
        HISTORY_TEST(a_file_too_long_to_read_is_made_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
