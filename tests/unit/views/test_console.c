/* The console without a terminal: what it refuses, what it never cuts away, and that no key alone ever acts. */
#include "support/console_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmdline.h"
#include "base/mem.h"
#include "base/rows.h"
#include "views/plan_private.h"

/* ---- what is refused ---- */

/* A line for each command that writes, as it stands in the table. */
static void each_writing_command(struct console_world *w, const char *env, const char *refusal)
{
    size_t count = 0;
    for (int i = 0; i < MIG_COMMANDS; i++) {
        const struct mig_command *command = mig_command_at(i);
        char line[256];
        if (!(command->flags & MIG_CMD_MUTATES) || (command->flags & MIG_CMD_HIDDEN))
            continue;
        snprintf(line, sizeof line, "%s%s%s%s --env %s", command->name,
                 command->min_arguments > 0         ? " 1"
                 : command->id == MIG_COMMAND_GLASS ? " close"
                                                    : "",
                 command->min_arguments > 1 ? " applied" : "",
                 command->id == MIG_COMMAND_RECOVER ? " --undo" : "", env);
        console_command(w->console, line);
        console_world_says(w, refusal);
        assert_int_equal(w->console->confirm.state, CONFIRM_NONE);
        count++;
    }
    assert_true(count >= 6); /* apply rollback resume recover mark stop */
    assert_int_equal(atomic_load(&console_children.started), 0);
}

static void nothing_writes_before_rw(void **state)
{
    each_writing_command(*state, "test", ":rw test 10m");
}

static void nothing_writes_with_readonly(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "rw test 10m");
    console_world_says(w, "--readonly");
    assert_false(console_writable(w->console, &w->envs[1]));
    each_writing_command(w, "test", "--readonly");
}

/* A command as it stands in the table, with as many words as it needs at least. */
static void least_line(const struct mig_command *command, char *ret, size_t size)
{
    char first[64] = "1";
    if (command->choices)
        mig_choice(command->choices, 0, first, sizeof first);
    bool env = mig_command_takes(command, MIG_OPT_ENV);
    snprintf(ret, size, "%s%s%s%s%s", command->name, command->min_arguments > 0 ? " " : "",
             command->min_arguments > 0 ? first : "", command->min_arguments > 1 ? " applied" : "",
             env ? " --env test" : "");
}

/* Every command, and every word that one has several of: it shows, or it is refused. */
static void nothing_in_the_table_acts_with_readonly(void **state)
{
    struct console_world *w = *state;
    static const char *const more[] = { "backup take --env test",    "backup verify --env test",
                                        "backup drill --env test",   "backup prune --env test",
                                        "recover --undo --env test", "recover --resume --env test",
                                        "glass close --env test" };
    char line[256];
    for (int i = 0; i < MIG_COMMANDS; i++) {
        least_line(mig_command_at(i), line, sizeof line);
        console_command(w->console, line);
        assert_int_equal(w->console->confirm.state, CONFIRM_NONE);
    }
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        console_command(w->console, more[i]);
        console_world_says(w, "--readonly");
        assert_int_equal(w->console->confirm.state, CONFIRM_NONE);
    }
    assert_int_equal(atomic_load(&console_children.started), 0);
}

/* They change a server, or remove what was kept; to take one or to read one back changes nothing. */
static void a_drill_and_a_prune_need_rw_and_taking_a_backup_does_not(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "backup drill --env test");
    console_world_says(w, ":rw test 10m");
    console_command(w->console, "backup prune --env test");
    console_world_says(w, ":rw test 10m");
    console_command(w->console, "backup take --env test");
    assert_int_equal(w->console->confirm.state, CONFIRM_ASKING);
}

static void prune_gives_its_child_the_words_that_were_typed(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "rw prod 10m");
    console_command(w->console, "backup prune --env prod");
    console_confirm_answer(w->console, "shop");
    console_world_wait(w, console_world_acts_over);
    assert_non_null(strstr(console_children.words, "--env=prod --confirm-text=shop -- prune"));
}

static void a_window_is_for_one_environment(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "rw test 10m");
    assert_true(console_writable(w->console, &w->envs[1]));
    each_writing_command(w, "prod", "prod is read-only here");
    console_command(w->console, "ro");
    assert_false(console_writable(w->console, &w->envs[1]));
}

static void a_window_is_never_open_for_ever(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "rw test 9h");
    console_world_says(w, "at most 8h");
    console_command(w->console, "rw test 0");
    assert_false(console_writable(w->console, &w->envs[1]));
}

static bool asks_nothing(struct console_world *w)
{
    return w->console->confirm.state == CONFIRM_NONE;
}

static void an_act_without_its_server_is_said_and_given_up(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "rw test 10m");
    console_command(w->console, "apply --env test");
    assert_int_equal(w->console->confirm.state, CONFIRM_PLANNING);
    console_world_wait(w, asks_nothing);
    console_world_says(w, "nobody is there");
    assert_int_equal(atomic_load(&console_children.started), 0);
}

static void a_mistyped_line_names_what_was_meant(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "applx --env test");
    console_world_says(w, "did you mean apply?");
    console_command(w->console, "view matrx");
    console_world_says(w, "did you mean matrix?");
    console_command(w->console, "rw prd");
    console_world_says(w, "did you mean \"prod\"?");
    console_command(w->console, "apply --env 'test");
    console_world_says(w, "a quote is left open");
}

/* ---- a protected act without a plan: mark ---- */

static void an_act_ends_with_its_window(void **state)
{
    struct console_world *w = *state;
    console_world_ask_mark(w, "test");
    console_command(w->console, "ro");
    assert_int_equal(w->console->confirm.state, CONFIRM_NONE);
    console_world_says(w, "everything is read-only");
    assert_int_equal(atomic_load(&console_children.started), 0);
}

static void a_window_too_small_for_the_question_is_refused(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "rw prod 10m");
    free(console_world_screen(w, 30, 8));
    console_command(w->console, "mark 1 applied --env prod --reason x");
    console_world_says(w, "too small");
    assert_int_equal(w->console->confirm.state, CONFIRM_NONE);
}

/* ---- what is on the screen ---- */

static void names_of_environments_are_never_cut_away(void **state)
{
    struct console_world *w = *state;
    console_world_settle(w);
    for (int cols = 40; cols <= 160; cols += 7) {
        for (int rows = 10; rows <= 40; rows += 5) {
            char *text = console_world_screen(w, cols, rows);
            for (size_t i = 0; i < 3; i++) {
                if (!strstr(text, w->envs[i].name))
                    fail_msg("%s is not there at %dx%d:\n%s", w->envs[i].name, cols, rows, text);
            }
            free(text);
        }
    }
}

static void it_lives_at_any_size_with_anything_open(void **state)
{
    struct console_world *w = *state;
    console_world_settle(w);
    static const uint32_t opens[] = { TUI_KEY_NONE, '?', ':', 'E' };
    static const int sizes[][2] = { { 1, 1 },  { 2, 3 },   { 5, 1 },    { 1, 40 },
                                    { 39, 9 }, { 40, 10 }, { 300, 100 } };
    for (size_t o = 0; o < sizeof opens / sizeof opens[0]; o++) {
        console_world_key(w, opens[o]);
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            free(console_world_screen(w, sizes[s][0], sizes[s][1]));
        console_world_key(w, TUI_KEY_ESC);
    }
    console_world_ask_mark(w, "prod");
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        free(console_world_screen(w, sizes[s][0], sizes[s][1]));
}

static void what_a_server_says_reaches_no_cell_raw(void **state)
{
    struct console_world *w = *state;
    console_world_settle(w);
    console_command(w->console, "messages");
    char *text = console_world_screen(w, 120, 36);
    assert_non_null(strstr(text, "nobody is there\\x1b[31m"));
    assert_non_null(strstr(text, "is it up?"));
    assert_null(strchr(text, '\x1b'));
    free(text);
}

/* The words of an error stand in the message line until something newer is said; then only how many there were. */
static void an_older_error_never_stands_below_a_newer_act(void **state)
{
    struct console_world *w = *state;
    console_world_settle(w);
    console_command(w->console, "view nowhere");
    char *text = console_world_screen(w, 120, 36);
    assert_non_null(strstr(text, "there is no view 'nowhere'"));
    free(text);
    console_command(w->console, "rw test 10m");
    console_world_key(w, 'j');
    text = console_world_screen(w, 120, 36);
    assert_null(strstr(text, "nowhere"));
    assert_non_null(strstr(text, "errors so far; :messages"));
    free(text);
    console_command(w->console, "view nowhere");
    console_world_ask_mark(w, "test");
    text = console_world_screen(w, 120, 36);
    assert_null(strstr(text, "nowhere"));
    free(text);
    console_world_key(w, TUI_KEY_ESC);
    console_command(w->console, "messages");
    console_world_key(w, TUI_KEY_ESC);
    text = console_world_screen(w, 120, 36);
    assert_null(strstr(text, "so far"));
    free(text);
}

static void a_countdown_is_in_the_header(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "rw test 10m");
    char *text = console_world_screen(w, 120, 36);
    assert_non_null(strstr(text, "[RW]"));
    assert_non_null(strstr(text, "test RW 10:00"));
    free(text);
}

static void help_finds_what_is_typed(void **state)
{
    struct console_world *w = *state;
    console_world_key(w, '?');
    for (const char *at = "copy"; *at; at++)
        console_world_key(w, (uint32_t)*at);
    char *text = console_world_screen(w, 120, 36);
    assert_non_null(strstr(text, "copy what is on the screen"));
    assert_null(strstr(text, "look again now"));
    free(text);
}

/* ---- the palette ---- */

static void assert_completes(struct console_world *w, const char *typed, const char *to)
{
    console_world_key(w, ':');
    console_world_type(w, typed);
    console_world_key(w, TUI_KEY_TAB);
    assert_string_equal(w->console->palette.line.text, to);
    console_world_key(w, TUI_KEY_ESC);
}

static void tab_completes_what_may_stand_there(void **state)
{
    struct console_world *w = *state;
    assert_completes(w, "roll", "rollback ");
    assert_completes(w, "apply --tic", "apply --ticket ");
    assert_completes(w, "apply --env pr", "apply --env prod ");
    assert_completes(w, "rw tes", "rw test ");
    assert_completes(w, "view mat", "view matrix ");
    assert_completes(w, "set mo", "set mouse ");
    assert_completes(w, "apply --y", "apply --y"); /* the console asks itself */
    assert_completes(w, "plan --t", "plan --to");  /* then --tab */
    assert_completes(w, "plan --ta", "plan --tab ");
    assert_completes(w, "plan --tab g", "plan --tab gates ");
    assert_completes(w, "view plan --tab g", "view plan --tab gates ");
    assert_completes(w, "view plan --env pr", "view plan --env prod ");
    assert_completes(w, "plan --ou", "plan --ou"); /* saving one is for a shell */
    assert_completes(w, "errors --e", "errors --env ");
}

/* What a screen takes may follow the command that it is for, and a screen opens where the command's question is answered. */
static void a_line_says_which_part_of_the_screen_is_meant(void **state)
{
    struct console_world *w = *state;
    static const struct {
        const char *line, *view;
        int tab; /* of a plan */
    } rows[] = {
        { "plan --env prod --tab gates", "plan", 3 },
        { "view plan --env prod --tab script", "plan", 1 },
        { "gate --env prod", "plan", 3 },
        { "gate --env prod --tab effect", "plan", 0 },
        { "diff test 20260101", "plan", 2 },
        { "diff test prod", "matrix", -1 },
        { "runs --env prod", "log", -1 },
        { "recover --env prod", "recover", -1 },
        { "audit list --env prod", "audit", -1 },
        { "audit", "audit", -1 },
        { "audit --env prod", "audit", -1 },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        console_command(w->console, rows[i].line);
        struct view *top = console_top(w->console);
        assert_string_equal(top->class->name, rows[i].view);
        if (rows[i].tab >= 0)
            assert_int_equal(((struct plan *)(void *)top)->tab, rows[i].tab);
    }
    console_command(w->console, "plan --tab");
    console_world_says(w, "--tab wants a value: effect|script|diff|gates");
    console_command(w->console, "plan --env prod --tab nowhere");
    console_world_says(w, "there is no tab 'nowhere'");
}

/* The list of runs has the keys of a list, the log of one those of a log. */
static void hints_are_of_what_is_on_the_screen(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "runs");
    char *list = console_world_screen(w, 120, 36);
    assert_non_null(strstr(list, "enter open"));
    assert_null(strstr(list, "R recover"));
    free(list);
    console_command(w->console, "log 01KAG00000TESTX00000000000 --env test");
    char *log = console_world_screen(w, 80, 24);
    assert_non_null(strstr(log, "R recover"));
    assert_null(strstr(log, "enter open"));
    free(log);
}

/* What would save or decide in a shell is never passed over as if it had been done. */
static void what_only_a_shell_can_do_is_refused(void **state)
{
    struct console_world *w = *state;
    console_command(w->console, "plan --env prod --out prod.plan");
    console_world_says(w, "plan: --out is for a shell; nothing was done");
    console_command(w->console, "gate --env prod --accept-drift --reason meant");
    console_world_says(w, "gate: --accept-drift is for a shell; nothing was done");
}

static void lines_typed_before_come_back(void **state)
{
    struct console_world *w = *state;
    console_world_key(w, ':');
    console_world_type(w, "refresh");
    console_world_key(w, TUI_KEY_ENTER);
    console_world_says(w, "looking again");
    console_world_key(w, ':');
    console_world_key(w, TUI_KEY_UP);
    assert_string_equal(w->console->palette.line.text, "refresh");
}

static void q_in_the_palette_leaves(void **state)
{
    struct console_world *w = *state;
    console_world_key(w, ':');
    console_world_type(w, "q");
    console_world_key(w, TUI_KEY_ENTER);
    assert_true(console_is_over(w->console));
}

/* ---- keys ---- */

static char noted[512];

static void note(void *ctx, const char *message)
{
    (void)ctx;
    snprintf(noted, sizeof noted, "%s", message);
}

static void keys_are_bound_anew_by_a_file(void **state)
{
    (void)state;
    struct console_keys *keys = mig_alloc(sizeof *keys);
    console_keys_load(keys, "# mine\nconsole.help F2 H\n", "keys", note, NULL);
    assert_string_equal(console_keys_find(keys, NULL, 'H')->action, "help");
    assert_null(console_keys_find(keys, NULL, '?'));
    free(keys);
}

static void assert_noted(const char *text, const char *wanted)
{
    struct console_keys *keys = mig_alloc(sizeof *keys);
    noted[0] = '\0';
    console_keys_load(keys, text, "keys", note, NULL);
    if (!strstr(noted, wanted))
        fail_msg("'%s' is not in '%s'", wanted, noted);
    free(keys);
}

static void a_wrong_keys_file_is_told_line_by_line(void **state)
{
    (void)state;
    assert_noted("\nconsole.helx F2\n", "keys:2: there is no such action 'helx'");
    assert_noted("matrx.plan p\n", "keys:1: there is no view 'matrx'");
    assert_noted("console.help F99\n", "keys:1: there is no key 'F99'");
    assert_noted("console.help e\n", "the key e does help; it cannot do errors too");
}

static void the_tables_bind_no_key_twice(void **state)
{
    (void)state;
    struct console_keys *keys = mig_alloc(sizeof *keys);
    noted[0] = '\0';
    console_keys_load(keys, NULL, "tables", note, NULL);
    assert_string_equal(noted, "");
    free(keys);
}

/* Every key there is, in every view, in a session that may write: nothing runs, whatever is pressed alone. */
static void no_key_acts_by_itself(void **state)
{
    struct console_world *w = *state;
    static const uint32_t special[] = { TUI_KEY_ENTER, TUI_KEY_TAB,  TUI_KEY_UP,  TUI_KEY_DOWN, TUI_KEY_LEFT,
                                        TUI_KEY_RIGHT, TUI_KEY_PGUP, TUI_KEY_END, TUI_KEY_ESC };
    console_world_settle(w);
    for (size_t i = 0; i < 3; i++)
        mig_watch_set_writable(w->console->watch, &w->envs[i], w->host->ops->mono_ms(w->host) + 600000);
    console_news(w->console);
    for (size_t v = 0; view_classes[v]; v++) {
        char line[64];
        snprintf(line, sizeof line, "view %s --env test", view_classes[v]->name);
        console_command(w->console, line);
        for (uint32_t c = ' '; c < 0x7f; c++) {
            console_world_key(w, c);
            free(console_world_screen(w, 100, 30));
        }
        for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
            console_world_key(w, special[i]);
        for (uint32_t c = 'a'; c <= 'z'; c++)
            console_world_key(w, TUI_KEY_CTRL | c);
        console_news(w->console);
    }
    assert_int_equal(atomic_load(&console_children.started), 0);
}

/* ---- the end ---- */

static void what_was_confirmed_is_begun_before_the_end(void **state)
{
    struct console_world *w = *state;
    struct mig_error err = { 0 };
    atomic_store(&console_children.slow_ms, 300);
    console_world_ask_mark(w, "test");
    console_world_key(w, 'y');
    assert_true(console_settle(w->console, CONSOLE_DEADLINE_MS, &err));
    assert_int_equal(atomic_load(&console_children.started), 1);
}

static void what_was_not_begun_is_named_at_the_end(void **state)
{
    struct console_world *w = *state;
    struct mig_error err = { 0 };
    atomic_store(&console_children.hold, true);
    console_world_ask_mark(w, "test");
    console_world_key(w, 'y');
    assert_false(console_settle(w->console, 20, &err));
    assert_non_null(strstr(err.message, "mark --env=test '--reason=by hand' -- 1 applied"));
    assert_non_null(strstr(err.message, "not seen to start"));
    atomic_store(&console_children.hold, false);
    console_world_wait(w, console_world_acts_over);
}

/* Confirmed, and its plan is being made once more. */
static void what_could_not_be_checked_is_named_at_the_end(void **state)
{
    struct console_world *w = *state;
    struct mig_error err = { 0 };
    console_command(w->console, "rw test 10m");
    console_command(w->console, "apply --env test");
    w->console->confirm.state = CONFIRM_CHECKING;
    assert_false(console_settle(w->console, CONSOLE_DEADLINE_MS, &err));
    assert_non_null(strstr(err.message, "apply on test: test: nobody is there"));
    assert_int_equal(atomic_load(&console_children.started), 0);
}

static void what_was_only_asked_ends_without_a_word(void **state)
{
    struct console_world *w = *state;
    struct mig_error err = { 0 };
    console_world_ask_mark(w, "test");
    assert_true(console_settle(w->console, CONSOLE_DEADLINE_MS, &err));
    assert_int_equal(atomic_load(&console_children.started), 0);
}

#define CONSOLE_TEST(test) cmocka_unit_test_setup_teardown(test, console_world_setup, console_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONSOLE_TEST(nothing_writes_before_rw),
        cmocka_unit_test_setup_teardown(nothing_writes_with_readonly, console_world_setup_readonly,
                                        console_world_teardown),
        cmocka_unit_test_setup_teardown(nothing_in_the_table_acts_with_readonly, console_world_setup_readonly,
                                        console_world_teardown),
        CONSOLE_TEST(a_drill_and_a_prune_need_rw_and_taking_a_backup_does_not),
        CONSOLE_TEST(prune_gives_its_child_the_words_that_were_typed),
        CONSOLE_TEST(a_window_is_for_one_environment),
        CONSOLE_TEST(a_window_is_never_open_for_ever),
        CONSOLE_TEST(an_act_without_its_server_is_said_and_given_up),
        CONSOLE_TEST(a_mistyped_line_names_what_was_meant),
        CONSOLE_TEST(an_act_ends_with_its_window),
        CONSOLE_TEST(a_window_too_small_for_the_question_is_refused),
        CONSOLE_TEST(names_of_environments_are_never_cut_away),
        CONSOLE_TEST(it_lives_at_any_size_with_anything_open),
        CONSOLE_TEST(what_a_server_says_reaches_no_cell_raw),
        CONSOLE_TEST(an_older_error_never_stands_below_a_newer_act),
        CONSOLE_TEST(a_countdown_is_in_the_header),
        CONSOLE_TEST(help_finds_what_is_typed),
        CONSOLE_TEST(tab_completes_what_may_stand_there),
        CONSOLE_TEST(a_line_says_which_part_of_the_screen_is_meant),
        CONSOLE_TEST(hints_are_of_what_is_on_the_screen),
        CONSOLE_TEST(what_only_a_shell_can_do_is_refused),
        CONSOLE_TEST(lines_typed_before_come_back),
        CONSOLE_TEST(q_in_the_palette_leaves),
        cmocka_unit_test(keys_are_bound_anew_by_a_file),
        cmocka_unit_test(a_wrong_keys_file_is_told_line_by_line),
        cmocka_unit_test(the_tables_bind_no_key_twice),
        CONSOLE_TEST(no_key_acts_by_itself),
        CONSOLE_TEST(what_was_confirmed_is_begun_before_the_end),
        CONSOLE_TEST(what_was_not_begun_is_named_at_the_end),
        CONSOLE_TEST(what_could_not_be_checked_is_named_at_the_end),
        CONSOLE_TEST(what_was_only_asked_ends_without_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
