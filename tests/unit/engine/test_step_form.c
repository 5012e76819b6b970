/* What texts of a migration file must look like: names of collections, ids, versions, lint rules, server versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/step_shape.h"

static char long_text[200];

static const char *text_of_length(size_t len)
{
    memset(long_text, '1', len);
    long_text[len] = '\0';
    return long_text;
}

struct row {
    const char *text;
    bool fits;
};

static void assert_forms(enum mig_form form, const char *prefix, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mig_form_fits(form, rows[i].text, prefix) != rows[i].fits)
            fail_msg("\"%s\" %s; form: %s", rows[i].text, rows[i].fits ? "was refused" : "was accepted",
                     mig_form_words(form));
    }
}

#define ASSERT_FORMS(form, prefix, rows) assert_forms(form, prefix, rows, sizeof(rows) / sizeof *(rows))

static void a_collection_is_neither_the_servers_nor_ours(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "people", true },     { "a.b", true },        { "", false },       { ".a", false },
        { "a$b", false },       { "system.js", false }, { "systems", true }, { "migtui_lock", false },
        { "my_migtui_", true }, { "größe", true },
    };
    static const struct row without[] = { { "migtui_lock", true }, { "system.js", false } };
    ASSERT_FORMS(MIG_FORM_COLLECTION, "migtui_", rows);
    ASSERT_FORMS(MIG_FORM_COLLECTION, "", without); /* a project whose prefix is empty owns no names */
    assert_true(mig_form_fits(MIG_FORM_COLLECTION, text_of_length(120), "migtui_"));
    assert_false(mig_form_fits(MIG_FORM_COLLECTION, text_of_length(121), "migtui_"));
}

static void an_id_is_short_and_of_plain_characters(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "split.up-1_a", true }, { "", false }, { "a b", false }, { "ä", false }
    };
    ASSERT_FORMS(MIG_FORM_ID, "", rows);
    assert_true(mig_form_fits(MIG_FORM_ID, text_of_length(64), ""));
    assert_false(mig_form_fits(MIG_FORM_ID, text_of_length(65), ""));
}

static void a_version_is_digits(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "20261101093000", true }, { "1", true }, { "", false }, { "1a", false }
    };
    ASSERT_FORMS(MIG_FORM_VERSION, "", rows);
    assert_true(mig_form_fits(MIG_FORM_VERSION, text_of_length(20), ""));
    assert_false(mig_form_fits(MIG_FORM_VERSION, text_of_length(21), ""));
}

static void a_lint_rule_is_mt_and_three_digits(void **state)
{
    (void)state;
    static const struct row rows[] = { { "MT016", true },  { "MT16", false },  { "MX016", false },
                                       { "XT016", false }, { "MT01a", false }, { "MT0160", false } };
    ASSERT_FORMS(MIG_FORM_RULE, "", rows);
}

static void a_server_is_at_least_a_major_and_perhaps_a_minor_version(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { ">=4.4", true },     { ">=7", true },       { ">=100.100", true }, { "4.4", false },
        { ">4.4", false },     { ">=", false },       { ">=.4", false },     { ">=1000", false },
        { ">=7x", false },     { ">=1000.1", false }, { ">=4.", false },     { ">=4.4.1", false },
        { ">=4.1000", false }, { ">=4.x", false },
    };
    ASSERT_FORMS(MIG_FORM_SERVER, "", rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_collection_is_neither_the_servers_nor_ours),
        cmocka_unit_test(an_id_is_short_and_of_plain_characters),
        cmocka_unit_test(a_version_is_digits),
        cmocka_unit_test(a_lint_rule_is_mt_and_three_digits),
        cmocka_unit_test(a_server_is_at_least_a_major_and_perhaps_a_minor_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
