/* Errors: filled once, truncated at a character, never left without a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

static void failing_returns_false_and_clears_the_hint(void **state)
{
    (void)state;
    struct mig_error err = { .server_code = 11000, .hint = "old" };
    assert_false(mig_fail(&err, MIG_ERR_CONFIG, "line %d", 7));
    assert_int_equal(err.code, MIG_ERR_CONFIG);
    assert_int_equal(err.server_code, 0);
    assert_string_equal(err.message, "line 7");
    assert_string_equal(err.hint, "");
}

static void a_missing_error_is_ignored(void **state)
{
    (void)state;
    assert_false(mig_fail(NULL, MIG_ERR_IO, "x"));
    assert_false(mig_hint(NULL, "x"));
    assert_false(mig_context(NULL, "x"));
}

static void hint_and_context_keep_the_code(void **state)
{
    (void)state;
    struct mig_error err;
    mig_fail(&err, MIG_ERR_AUTH, "refused");
    assert_false(mig_hint(&err, "set %s", "X"));
    assert_false(mig_context(&err, "prod %d", 1));
    assert_int_equal(err.code, MIG_ERR_AUTH);
    assert_string_equal(err.message, "prod 1: refused");
    assert_string_equal(err.hint, "set X");
}

static void the_arguments_may_point_into_the_error(void **state)
{
    (void)state;
    struct mig_error err;
    mig_fail(&err, MIG_ERR_IO, "inner");
    mig_fail(&err, MIG_ERR_FAILED, "outer(%s)", err.message);
    assert_string_equal(err.message, "outer(inner)");
    mig_context(&err, "%s", err.message);
    assert_string_equal(err.message, "outer(inner): outer(inner)");
}

/* Every cut, whatever its phase within a three-byte character, leaves valid UTF-8. */
static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    char text[3 * MIG_ERROR_MESSAGE_MAX + 8];
    for (size_t shift = 0; shift < 3; shift++) {
        struct mig_error err;
        memset(text, 'a', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 3)
            memcpy(text + i, "€", 4);
        mig_fail(&err, MIG_ERR_IO, "%s", text);
        assert_in_range(strlen(err.message), MIG_ERROR_MESSAGE_MAX - 3, MIG_ERROR_MESSAGE_MAX - 1);
        assert_int_equal(mig_utf8_check(err.message, strlen(err.message)), strlen(err.message));
        mig_hint(&err, "%s", text);
        assert_in_range(strlen(err.hint), MIG_ERROR_HINT_MAX - 3, MIG_ERROR_HINT_MAX - 1);
        assert_int_equal(mig_utf8_check(err.hint, strlen(err.hint)), strlen(err.hint));
        mig_context(&err, "%s", text);
        assert_int_equal(mig_utf8_check(err.message, strlen(err.message)), strlen(err.message));
    }
}

static void every_code_has_a_distinct_name_and_a_meaning(void **state)
{
    (void)state;
    for (int a = 0; a < MIG_ERROR_CODES; a++) {
        assert_true(strlen(mig_error_name(a)) > 0);
        assert_true(strlen(mig_error_meaning(a)) > 0);
        assert_int_equal(mig_error_exit(a) == 0, a == MIG_OK);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(mig_error_name(a), mig_error_name(b));
    }
    assert_string_equal(mig_error_name(MIG_ERR_FENCED), "fenced");
    assert_int_equal(mig_error_exit(MIG_ERR_FENCED), 75);
    assert_int_equal(mig_error_exit(MIG_ERR_PENDING), 2);
}

static void an_unknown_code_still_fails(void **state)
{
    (void)state;
    assert_string_equal(mig_error_name((enum mig_error_code)999), "internal");
    assert_int_equal(mig_error_exit((enum mig_error_code)999), 1);
    assert_string_equal(mig_error_meaning((enum mig_error_code) - 1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_returns_false_and_clears_the_hint),
        cmocka_unit_test(a_missing_error_is_ignored),
        cmocka_unit_test(hint_and_context_keep_the_code),
        cmocka_unit_test(the_arguments_may_point_into_the_error),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(every_code_has_a_distinct_name_and_a_meaning),
        cmocka_unit_test(an_unknown_code_still_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
