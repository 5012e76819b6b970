/* What is taken away from a screen: saved to a file, copied; and that nothing rings or renames a window unasked. */
#include "support/console_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "support/golden.h"

static struct {
    char *copied;
    int bells;
    char option[16];
    bool on, refuses;
} terminal;

static bool copy(void *ctx, const char *text, size_t len, const char **ret_path, struct mig_error *err)
{
    (void)ctx;
    free(terminal.copied);
    terminal.copied = mig_strndup(text, len);
    *ret_path = "/state/clip";
    return terminal.refuses ? mig_fail(err, MIG_ERR_IO, "/state/clip: No space left on device") : true;
}

static void bell(void *ctx)
{
    (void)ctx;
    terminal.bells++;
}

static bool set(void *ctx, const char *name, bool on)
{
    (void)ctx;
    snprintf(terminal.option, sizeof terminal.option, "%s", name);
    terminal.on = on;
    return true;
}

static int setup(void **state)
{
    if (console_world_setup(state) != 0)
        return -1;
    struct console_world *w = *state;
    memset(&terminal, 0, sizeof terminal);
    w->console->options.terminal = (struct console_terminal){ .copy = copy, .bell = bell, .set = set };
    return 0;
}

static int teardown(void **state)
{
    free(terminal.copied);
    return console_world_teardown(state);
}

static void save_writes_the_screen_without_what_asked_for_it(void **state)
{
    struct console_world *w = *state;
    console_world_settle(w);
    char path[128];
    char line[160];
    snprintf(path, sizeof path, "%s/screen.txt", w->dir);
    snprintf(line, sizeof line, "save %s", path);
    free(console_world_screen(w, 80, 24));
    console_world_key(w, ':');
    console_world_type(w, line);
    free(console_world_screen(w, 80, 24));
    console_world_key(w, TUI_KEY_ENTER);
    console_world_says(w, "saved to");
    assert_int_equal(access(path, R_OK), 0);
    char *text MIG_AUTOFREE = golden_file_text(path);
    assert_non_null(strstr(text, "development"));
    assert_non_null(strstr(text, "prod"));
    assert_null(strstr(text, ":save"));
    for (const char *p = text; *p; p++)
        assert_true((unsigned char)*p >= 0x20 || *p == '\n');
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    unlink(path);
}

static void save_says_why_it_could_not(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "save");
    console_world_says(w, "save FILE");
    console_command(w->console, "save /proc/no/such/file");
    console_world_says(w, "save: ");
}

static void y_copies_the_screen_and_says_where_else_it_is(void **state)
{
    struct console_world *w = *state;
    char *screen MIG_AUTOFREE = console_world_screen(w, 80, 24);
    console_world_key(w, 'y');
    assert_string_equal(terminal.copied, screen);
    console_world_says(w, "sent to the terminal's clipboard; also in /state/clip");
    terminal.refuses = true;
    console_world_key(w, 'y');
    console_world_says(w, "No space left on device");
}

static void what_a_terminal_may_do_is_asked_for_by_name(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "set bell on");
    assert_string_equal(terminal.option, "bell");
    assert_true(terminal.on);
    console_command(w->console, "set title off");
    assert_string_equal(terminal.option, "title");
    assert_false(terminal.on);
    console_command(w->console, "set colour on");
    console_world_says(w, "ascii, mouse, bell or title");
    assert_string_equal(terminal.option, "title");
}

#define KEEP_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEEP_TEST(save_writes_the_screen_without_what_asked_for_it),
        KEEP_TEST(save_says_why_it_could_not),
        KEEP_TEST(y_copies_the_screen_and_says_where_else_it_is),
        KEEP_TEST(what_a_terminal_may_do_is_asked_for_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
