/* The parser of the command line: what is meant is understood, what is wrong is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmdline.h"

/* Parse a line as the palette does. */
static bool parse(const char *text, struct mig_cmdline *ret, struct mig_error *err)
{
    char **words;
    size_t count;
    memset(err, 0, sizeof *err);
    assert_true(mig_words_split(text, &words, &count, err));
    bool ok = mig_cmdline_parse(count, (const char *const *)words, ret, err);
    mig_words_free(words, count);
    return ok;
}

static void refused(const char *text, const char *message, const char *hint)
{
    struct mig_cmdline line;
    struct mig_error err;
    if (parse(text, &line, &err))
        fail_msg("was taken: %s", text);
    assert_int_equal(err.code, MIG_ERR_USAGE);
    assert_string_equal(err.message, message);
    assert_string_equal(err.hint, hint);
    mig_cmdline_done(&line);
}

static void options_stand_anywhere_and_in_any_form(void **state)
{
    (void)state;
    static const char *const same[] = {
        "apply prod.plan --env prod --count 2 --yes",
        "--env=prod apply --count=2 -y prod.plan",
        "-eprod apply -n2 -y prod.plan",
        "apply -y -n 2 -e prod -- prod.plan",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct mig_cmdline line;
        struct mig_error err;
        assert_true(parse(same[i], &line, &err));
        assert_int_equal(line.command->id, MIG_COMMAND_APPLY);
        assert_string_equal(mig_cmdline_value(&line, MIG_OPT_ENV), "prod");
        assert_int_equal(mig_cmdline_count(&line, MIG_OPT_COUNT, 0), 2);
        assert_true(mig_cmdline_has(&line, MIG_OPT_YES));
        assert_false(mig_cmdline_has(&line, MIG_OPT_DETACH));
        assert_int_equal(line.argument_count, 1);
        assert_string_equal(line.arguments[0], "prod.plan");
        mig_cmdline_done(&line);
    }
}

static void environments_come_with_commas_or_again(void **state)
{
    (void)state;
    struct mig_cmdline line;
    struct mig_error err;
    assert_true(parse("status --env dev,test -e prod", &line, &err));
    assert_string_equal(mig_cmdline_value_at(&line, MIG_OPT_ENV, 0), "dev");
    assert_string_equal(mig_cmdline_value_at(&line, MIG_OPT_ENV, 1), "test");
    assert_string_equal(mig_cmdline_value_at(&line, MIG_OPT_ENV, 2), "prod");
    assert_null(mig_cmdline_value_at(&line, MIG_OPT_ENV, 3));
    mig_cmdline_done(&line);
    refused("status --env dev,,prod", "status: --env: 'dev,,prod' has an empty name",
            "see: migtui help status");
}

static void letters_of_switches_go_together(void **state)
{
    (void)state;
    struct mig_cmdline line;
    struct mig_error err;
    assert_true(parse("apply -qyde dev", &line, &err));
    assert_true(mig_cmdline_has(&line, MIG_OPT_QUIET));
    assert_true(mig_cmdline_has(&line, MIG_OPT_YES));
    assert_true(mig_cmdline_has(&line, MIG_OPT_DETACH));
    assert_string_equal(mig_cmdline_value(&line, MIG_OPT_ENV), "dev");
    mig_cmdline_done(&line);
}

static void what_is_wrong_is_named_with_what_is_near(void **state)
{
    (void)state;
    refused("applx", "there is no command 'applx'; did you mean apply?", "see: migtui help");
    refused("zzz", "there is no command 'zzz'", "see: migtui help");
    refused("apply --evn dev", "apply: there is no option --evn; did you mean --env?",
            "see: migtui help apply");
    refused("apply --zzzzz", "apply: there is no option --zzzzz", "see: migtui help apply");
    refused("apply -Z", "apply: there is no option '-Z'", "see: migtui help apply");
    refused("status --detach", "status: takes no option --detach", "see: migtui help status");
    refused("apply --count 0", "apply: --count wants a number from 1, not '0'", "see: migtui help apply");
    refused("apply --timeout soon", "apply: --timeout wants a time as 500ms, 10s or 5m, not 'soon'",
            "see: migtui help apply");
    refused("status --format xml", "status: --format is one of text|json|ndjson, not 'xml'",
            "see: migtui help status");
    refused("apply --env", "apply: --env needs a value: NAME", "see: migtui help apply");
    refused("apply --to ''", "apply: --to has no value", "see: migtui help apply");
    refused("apply --yes=1", "apply: --yes=1: this option takes no value", "see: migtui help apply");
    refused("apply --to 1 --to 2", "apply: --to is given twice", "see: migtui help apply");
    refused("apply a b", "apply: what is 'b'? It takes no such argument", "see: migtui help apply");
    refused("mark 1", "mark: needs VERSION applied|pending", "see: migtui help mark");
    refused("schema foo", "schema: 'foo' is none of migration|status|plan|events", "see: migtui help schema");
}

static void foreign_bytes_are_made_safe_in_messages(void **state)
{
    (void)state;
    refused("a\x1b[31m", "there is no command 'a\\x1b[31m'", "see: migtui help");
    refused("%s%n", "there is no command '%s%n'", "see: migtui help");
}

static void help_needs_no_arguments(void **state)
{
    (void)state;
    struct mig_cmdline line;
    struct mig_error err;
    assert_true(parse("mark -h", &line, &err));
    assert_true(mig_cmdline_has(&line, MIG_OPT_HELP));
    mig_cmdline_done(&line);
    assert_true(parse("", &line, &err));
    assert_null(line.command);
    mig_cmdline_done(&line);
    assert_true(parse("--version", &line, &err));
    assert_int_equal(line.command->id, MIG_COMMAND_VERSION);
    mig_cmdline_done(&line);
}

static void options_of_the_configuration_are_kept_as_flags(void **state)
{
    (void)state;
    struct mig_cmdline line;
    struct mig_error err;
    assert_true(parse("apply --lock-wait 5s --prefix=mt_", &line, &err));
    assert_int_equal(line.flag_count, 2);
    assert_string_equal(line.flags[0].name, "lockWait");
    assert_string_equal(line.flags[0].value, "5s");
    assert_string_equal(line.flags[1].name, "prefix");
    assert_string_equal(line.flags[1].value, "mt_");
    mig_cmdline_done(&line);
    refused("apply --prefix a --prefix b", "apply: --prefix is given twice", "see: migtui help apply");
    refused("apply --prefix", "apply: --prefix needs a value: VALUE", "see: migtui help apply");
}

static void a_dash_alone_and_what_follows_two_are_arguments(void **state)
{
    (void)state;
    struct mig_cmdline line;
    struct mig_error err;
    assert_true(parse("new -- --help -x", &line, &err));
    assert_int_equal(line.argument_count, 2);
    assert_string_equal(line.arguments[0], "--help");
    mig_cmdline_done(&line);
    assert_true(parse("apply -", &line, &err));
    assert_string_equal(line.arguments[0], "-");
    mig_cmdline_done(&line);
}

static void quotes_keep_blanks(void **state)
{
    (void)state;
    char **words;
    size_t count;
    struct mig_error err;
    assert_true(mig_words_split("  a 'b c'\t\"d \\\" e\"f '' g\\ h \\", &words, &count, &err));
    static const char *const expected[] = { "a", "b c", "d \" ef", "", "g h", "\\" };
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(words[i], expected[i]);
    mig_words_free(words, count);
    assert_false(mig_words_split("a 'b", &words, &count, &err));
    assert_int_equal(err.code, MIG_ERR_USAGE);
}

static void the_format_is_found_in_wrong_words_too(void **state)
{
    (void)state;
    const char *const words[] = { "applx", "--format", "json", "--", "--format=text" };
    assert_string_equal(mig_words_format(5, words), "json");
    assert_string_equal(mig_words_format(2, words), "");
    assert_string_equal(mig_words_format(1, words + 4), "text");
}

static void there_is_an_end_to_words(void **state)
{
    (void)state;
    size_t count = MIG_CMDLINE_WORDS_MAX + 2;
    const char **words = calloc(count, sizeof *words);
    for (size_t i = 0; i < count; i++)
        words[i] = i ? "x" : "new";
    struct mig_cmdline line;
    struct mig_error err;
    assert_false(mig_cmdline_parse(count, words, &line, &err));
    assert_int_equal(err.code, MIG_ERR_USAGE);
    mig_cmdline_done(&line);
    free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere_and_in_any_form),
        cmocka_unit_test(environments_come_with_commas_or_again),
        cmocka_unit_test(letters_of_switches_go_together),
        cmocka_unit_test(what_is_wrong_is_named_with_what_is_near),
        cmocka_unit_test(foreign_bytes_are_made_safe_in_messages),
        cmocka_unit_test(help_needs_no_arguments),
        cmocka_unit_test(options_of_the_configuration_are_kept_as_flags),
        cmocka_unit_test(a_dash_alone_and_what_follows_two_are_arguments),
        cmocka_unit_test(quotes_keep_blanks),
        cmocka_unit_test(the_format_is_found_in_wrong_words_too),
        cmocka_unit_test(there_is_an_end_to_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
