/* The table of commands: whole, consistent, and written to one style. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmdline.h"
#include "app/command.h"
#include "base/text.h"
#include "config/options.h"

#define EVERY(command) \
    (const struct mig_command *command = mig_command_at(0); command < mig_command_at(0) + MIG_COMMANDS; \
     command++)

static void every_command_is_named_summed_up_and_shown(void **state)
{
    (void)state;
    for
        EVERY(command)
        {
            assert_non_null(command->name);
            assert_ptr_equal(mig_command_find(command->name), command);
            assert_int_equal(command->id, command - mig_command_at(0));
            assert_non_null(command->group);
            assert_true(strlen(command->summary) > 10 && strlen(command->summary) < 80);
            assert_int_not_equal(command->summary[strlen(command->summary) - 1], '.');
            assert_true(strlen(command->help) > 20);
            assert_non_null(command->examples);
            assert_non_null(command->examples[0].line);
            assert_true(command->flags & MIG_CMD_CLI);
        }
}

/* Each example is a line that the parser takes, and of the command it stands under. */
static void every_example_parses(void **state)
{
    (void)state;
    for
        EVERY(command)
        {
            for (const struct mig_example *example = command->examples; example->line; example++) {
                char **words;
                size_t count;
                struct mig_error err = { 0 };
                char line[256];
                snprintf(line, sizeof line, "%.*s", (int)strcspn(example->line, ">"), example->line);
                assert_true(mig_words_split(line, &words, &count, &err));
                struct mig_cmdline parsed;
                if (!mig_cmdline_parse(count, (const char *const *)words, &parsed, &err))
                    fail_msg("%s: %s", example->line, err.message);
                assert_ptr_equal(parsed.command, command);
                assert_true(strlen(example->what) > 3);
                mig_cmdline_done(&parsed);
                mig_words_free(words, count);
            }
        }
}

static void an_option_stands_once_in_a_command_and_is_explained(void **state)
{
    (void)state;
    for
        EVERY(command)
        {
            for (const struct mig_option_row *row = command->options; row->id != MIG_OPTIONS; row++) {
                assert_true(row->help || command->id == MIG_COMMAND_HELP);
                assert_true(mig_command_takes(command, row->id));
                for (const struct mig_option_row *other = command->options; other != row; other++)
                    assert_int_not_equal(other->id, row->id);
                for (const struct mig_option_row *global = mig_global_options(); global->id != MIG_OPTIONS;
                     global++)
                    assert_int_not_equal(global->id, row->id);
            }
        }
}

static void names_and_letters_of_options_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < MIG_OPTIONS; i++) {
        const struct mig_option *option = mig_option_at(i);
        assert_int_equal(mig_option_find(option->name, strlen(option->name)), i);
        if (option->letter)
            assert_int_equal(mig_option_find_letter(option->letter), i);
        assert_int_equal(option->argument == NULL, option->value == MIG_VALUE_NONE);
        assert_int_equal(option->choices != NULL, option->value == MIG_VALUE_CHOICE);
    }
    assert_int_equal(mig_option_find("en", 2), -1);
    assert_int_equal(mig_option_find_letter(0), -1);
}

/* A flag of migtui.yaml that was named like an option of ours could never be given. */
static void no_option_hides_one_of_the_configuration(void **state)
{
    (void)state;
    size_t count;
    const struct cfg_option *options = cfg_options(&count);
    for (size_t i = 0; i < count; i++) {
        char flag[CFG_OPTION_NAME_MAX];
        if (!cfg_option_is_settable(&options[i]))
            continue;
        cfg_option_flag(&options[i], flag);
        const char *name = flag + strspn(flag, "-");
        assert_int_equal(mig_option_find(name, strlen(name)), -1);
    }
}

/* What may write asks on a protected environment; what only reads never does. */
static void writing_commands_are_flagged(void **state)
{
    (void)state;
    static const char *const writing[] = { "apply", "rollback", "resume", "recover", "mark", "run" };
    for (size_t i = 0; i < sizeof writing / sizeof writing[0]; i++) {
        const struct mig_command *command = mig_command_find(writing[i]);
        assert_true(command->flags & MIG_CMD_MUTATES);
        assert_true(command->flags & MIG_CMD_PROTECTED);
        assert_true(mig_command_takes(command, MIG_OPT_CONFIRM_TEXT));
    }
    assert_false(mig_command_find("status")->flags & (MIG_CMD_MUTATES | MIG_CMD_PROTECTED));
    assert_true(mig_command_find("run")->flags & MIG_CMD_HIDDEN);
}

static void choices_are_read_one_by_one(void **state)
{
    (void)state;
    char word[8];
    assert_true(mig_choice("a|bcd|e", 1, word, sizeof word));
    assert_string_equal(word, "bcd");
    assert_false(mig_choice("a|bcd|e", 3, word, sizeof word));
    assert_false(mig_choice("abcdefgh", 0, word, sizeof word));
    assert_false(mig_choice(NULL, 0, word, sizeof word));
    assert_true(mig_choice_has("a|bcd|e", "e"));
    assert_false(mig_choice_has("a|bcd|e", "bc"));
    assert_string_equal(mig_command_nearest("applx"), "apply");
    assert_null(mig_command_nearest("xyzzy"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_named_summed_up_and_shown),
        cmocka_unit_test(every_example_parses),
        cmocka_unit_test(an_option_stands_once_in_a_command_and_is_explained),
        cmocka_unit_test(names_and_letters_of_options_are_unique),
        cmocka_unit_test(no_option_hides_one_of_the_configuration),
        cmocka_unit_test(writing_commands_are_flagged),
        cmocka_unit_test(choices_are_read_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
