/* JSON as programs read it: every type has one form, and nothing in a string can move a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <math.h>

#include "base/mem.h"
#include "cli/out_json.h"

static void expect_line(bson_t *take_doc, const char *text)
{
    struct mig_buf out;
    mig_buf_init(&out, 1 << 20);
    cli_json_line(take_doc, &out);
    assert_string_equal(out.text, text);
    mig_buf_done(&out);
    bson_destroy(take_doc);
}

static void numbers_are_plain(void **state)
{
    (void)state;
    expect_line(BCON_NEW("a", BCON_INT32(-1), "b", BCON_INT64(9007199254740993), "c", BCON_DOUBLE(1.5), "d",
                         BCON_DOUBLE(2), "e", BCON_BOOL(true), "f", BCON_NULL),
                "{\"a\": -1, \"b\": 9007199254740993, \"c\": 1.5, \"d\": 2.0, \"e\": true, \"f\": null}");
}

static void times_are_iso(void **state)
{
    (void)state;
    expect_line(BCON_NEW("t", BCON_DATE_TIME(1795244474253)), "{\"t\": \"2026-11-21T07:01:14.253Z\"}");
}

static void other_types_are_relaxed_extended_json(void **state)
{
    (void)state;
    bson_oid_t oid;
    bson_oid_init_from_string(&oid, "0123456789abcdef01234567");
    expect_line(
        BCON_NEW("o", BCON_OID(&oid), "n", BCON_DOUBLE(INFINITY)),
        "{\"o\": { \"$oid\" : \"0123456789abcdef01234567\" }, \"n\": { \"$numberDouble\" : \"Infinity\" }}");
}

static void strings_are_safe_and_read_back(void **state)
{
    (void)state;
    expect_line(BCON_NEW("s", BCON_UTF8("a\"\\\n\t\x1b[2J\xe2\x80\xae ü\xf3\xa0\x80\x81")),
                "{\"s\": \"a\\\"\\\\\\n\\t\\u001b[2J\\u202e ü\\udb40\\udc01\"}");
}

static void empty_and_nested_values_are_laid_out(void **state)
{
    (void)state;
    bson_t *doc = BCON_NEW("a", "[", "]", "d", "{", "x", BCON_INT32(1), "y", "[", BCON_INT32(2), "]", "}");
    struct mig_buf out;
    mig_buf_init(&out, 1 << 20);
    cli_json_pretty(doc, &out);
    assert_string_equal(out.text,
                        "{\n  \"a\": [],\n  \"d\": {\n    \"x\": 1,\n    \"y\": [\n      2\n    ]\n  }\n}\n");
    mig_buf_done(&out);
    bson_destroy(doc);
}

static void an_error_has_five_members(void **state)
{
    (void)state;
    struct mig_error err;
    mig_fail(&err, MIG_ERR_LOCKED, "held");
    mig_hint(&err, "wait");
    bson_t *doc = bson_new();
    cli_json_error(doc, "error", &err);
    expect_line(
        doc,
        "{\"error\": {\"code\": 0, \"name\": \"locked\", \"message\": \"held\", \"hint\": \"wait\", \"exit\": 3}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_plain),
        cmocka_unit_test(times_are_iso),
        cmocka_unit_test(other_types_are_relaxed_extended_json),
        cmocka_unit_test(strings_are_safe_and_read_back),
        cmocka_unit_test(empty_and_nested_values_are_laid_out),
        cmocka_unit_test(an_error_has_five_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
