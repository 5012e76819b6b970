/* Documents: getters that never fail, equality across number types, printing for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"
#include "base/text.h"

static bson_t *doc(const char *json)
{
    bson_error_t error;
    bson_t *d = bson_new_from_json((const uint8_t *)json, -1, &error);
    if (!d)
        fail_msg("%s: %s", json, error.message);
    return d;
}

static void getters_read_dotted_paths(void **state)
{
    (void)state;
    MIG_AUTOBSON bson_t *d = doc(
        "{\"s\":\"x\",\"sub\":{\"n\":5,\"list\":[{\"k\":\"v\"}]},\"t\":{\"$date\":{\"$numberLong\":\"-7\"}},"
        "\"big\":{\"$numberLong\":\"9007199254740993\"},\"yes\":true,\"one\":1,\"zero\":0.0}");
    bson_t sub;
    assert_true(mig_doc_has(d, "sub.list.0.k"));
    assert_false(mig_doc_has(d, "sub.list.1"));
    assert_false(mig_doc_has(d, "s.x"));
    assert_false(mig_doc_has(d, ""));
    assert_string_equal(mig_doc_str(d, "sub.list.0.k", "-"), "v");
    assert_string_equal(mig_doc_str(d, "sub", "-"), "-");
    assert_null(mig_doc_str(d, "nope", NULL));
    assert_int_equal(mig_doc_int(d, "sub.n", -1), 5);
    assert_int_equal(mig_doc_int(d, "big", -1), 9007199254740993);
    assert_int_equal(mig_doc_int(d, "zero", -1), 0);
    assert_int_equal(mig_doc_int(d, "yes", -1), -1);
    assert_true(mig_doc_bool(d, "yes", false));
    assert_true(mig_doc_bool(d, "one", false));
    assert_false(mig_doc_bool(d, "zero", true));
    assert_true(mig_doc_bool(d, "s", true));
    assert_int_equal(mig_doc_time(d, "t", 0), -7);
    assert_int_equal(mig_doc_time(d, "big", 3), 3);
    assert_true(mig_doc_sub(d, "sub.list", &sub));
    assert_string_equal(mig_doc_str(&sub, "0.k", "-"), "v");
    assert_false(mig_doc_sub(d, "s", &sub));
}

static void odd_numbers_give_the_default_or_are_clamped(void **state)
{
    (void)state;
    MIG_AUTODOC bson_t d = BSON_INITIALIZER;
    BSON_APPEND_DOUBLE(&d, "half", 0.5);
    BSON_APPEND_DOUBLE(&d, "huge", 1e300);
    BSON_APPEND_DOUBLE(&d, "edge", 0x1p63);
    BSON_APPEND_DOUBLE(&d, "least", -0x1p63);
    BSON_APPEND_DOUBLE(&d, "nan", strtod("nan", NULL));
    bson_iter_t iter;
    assert_int_equal(mig_doc_int(&d, "half", -1), -1);
    assert_int_equal(mig_doc_int(&d, "huge", -1), -1);
    assert_int_equal(mig_doc_int(&d, "edge", -1), -1);
    assert_int_equal(mig_doc_int(&d, "nan", -1), -1);
    assert_int_equal(mig_doc_int(&d, "least", -1), INT64_MIN);
    assert_true(mig_doc_find(&d, "huge", &iter));
    assert_int_equal(mig_iter_int(&iter, -1), INT64_MAX);
    assert_true(mig_doc_find(&d, "edge", &iter));
    assert_int_equal(mig_iter_int(&iter, -1), INT64_MAX);
    assert_true(mig_doc_find(&d, "half", &iter));
    assert_int_equal(mig_iter_int(&iter, -1), 0);
    assert_true(mig_doc_find(&d, "nan", &iter));
    assert_int_equal(mig_iter_int(&iter, -1), -1);
}

static void a_string_with_nul_inside_is_no_string(void **state)
{
    (void)state;
    MIG_AUTODOC bson_t d = BSON_INITIALIZER;
    bson_append_utf8(&d, "db", -1, "admin\0x", 7);
    assert_string_equal(mig_doc_str(&d, "db", "-"), "-");
}

static void corrupt_bytes_read_as_absent(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {
        14, 0, 0, 0, 2, 'a', 0, 99, 0, 0, 0, 'x', 0, 0
    }; /* string longer than all */
    bson_t d;
    assert_true(bson_init_static(&d, bytes, sizeof bytes));
    assert_string_equal(mig_doc_str(&d, "a", "-"), "-");
    assert_false(mig_doc_has(&d, "a"));
}

/* Iterators stop at damage as they stop at an end. */
static void damage_at_any_level_is_seen(void **state)
{
    (void)state;
    MIG_AUTOBSON bson_t *whole =
        doc("{\"a\": 1, \"b\": {\"c\": [\"text\", {\"d\": \"text\"}]}, \"e\": null}");
    size_t damaged = 0, lengths = 0;
    assert_true(mig_doc_is_sound(whole));
    uint8_t *bytes = malloc(whole->len);
    for (uint32_t i = 4; i < whole->len; i++) {
        bson_t d;
        memcpy(bytes, bson_get_data(whole), whole->len);
        bytes[i] =
            200; /* in a type, a length or an end it breaks something; in a value or a key it does not */
        if (!bson_init_static(&d, bytes, whole->len))
            continue; /* its own end */
        bool sound = mig_doc_is_sound(&d);
        bool is_length = i + 8 <= whole->len && memcmp(bson_get_data(whole) + i, "\5\0\0\0text", 8) == 0;
        damaged += !sound;
        lengths += is_length && !sound;
    }
    free(bytes);
    assert_int_equal(lengths, 2); /* of both texts */
    assert_true(damaged > 30);
}

static bool equal(const char *a, const char *b)
{
    MIG_AUTOBSON bson_t *x = doc(a);
    MIG_AUTOBSON bson_t *y = doc(b);
    bson_iter_t i, j;
    assert_true(bson_iter_init_find(&i, x, "v") && bson_iter_init_find(&j, y, "v"));
    assert_int_equal(mig_value_equal(&i, &j), mig_value_equal(&j, &i));
    return mig_value_equal(&i, &j);
}

static void values_are_compared_as_the_server_does(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        { "{\"v\":1}", "{\"v\":1.0}", true },
        { "{\"v\":1}", "{\"v\":{\"$numberLong\":\"1\"}}", true },
        { "{\"v\":1}", "{\"v\":true}", false },
        { "{\"v\":1}", "{\"v\":\"1\"}", false },
        { "{\"v\":0}", "{\"v\":{\"$numberDouble\":\"-0.0\"}}", true },
        { "{\"v\":{\"$numberDouble\":\"NaN\"}}", "{\"v\":{\"$numberDecimal\":\"NaN\"}}", true },
        { "{\"v\":{\"$numberDouble\":\"-Infinity\"}}", "{\"v\":{\"$numberDecimal\":\"-Infinity\"}}", true },
        { "{\"v\":{\"$numberDouble\":\"Infinity\"}}", "{\"v\":{\"$numberDouble\":\"-Infinity\"}}", false },
        { "{\"v\":{\"$numberLong\":\"9007199254740993\"}}", "{\"v\":9007199254740992.0}", false },
        { "{\"v\":{\"$numberLong\":\"9007199254740992\"}}", "{\"v\":9007199254740992.0}", true },
        { "{\"v\":{\"$numberDecimal\":\"0.1\"}}", "{\"v\":0.1}", false }, /* the double is a little more */
        { "{\"v\":{\"$numberDecimal\":\"0.5\"}}", "{\"v\":0.5}", true },
        { "{\"v\":{\"$numberDecimal\":\"1.500E+3\"}}", "{\"v\":1500}", true },
        { "{\"v\":{\"$numberDecimal\":\"-0.00125\"}}", "{\"v\":{\"$numberDecimal\":\"-12.5E-4\"}}", true },
        { "{\"v\":{\"$numberDecimal\":\"10\"}}", "{\"v\":1}", false },
        { "{\"v\":{\"$numberDouble\":\"5e-324\"}}", "{\"v\":0}", false },
        { "{\"v\":{\"a\":1,\"b\":[1,{\"c\":2}]}}", "{\"v\":{\"a\":1.0,\"b\":[1.0,{\"c\":2.0}]}}", true },
        { "{\"v\":{\"a\":1,\"b\":2}}", "{\"v\":{\"b\":2,\"a\":1}}", false },
        { "{\"v\":{\"a\":1}}", "{\"v\":{\"a\":1,\"b\":2}}", false },
        { "{\"v\":[1,2]}", "{\"v\":[1]}", false },
        { "{\"v\":[]}", "{\"v\":{}}", false },
        { "{\"v\":null}", "{\"v\":null}", true },
        { "{\"v\":\"a\"}", "{\"v\":\"b\"}", false },
        { "{\"v\":{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"i\"}}}",
          "{\"v\":{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"\"}}}", false },
        { "{\"v\":{\"$oid\":\"507f1f77bcf86cd799439011\"}}",
          "{\"v\":{\"$oid\":\"507f1f77bcf86cd799439011\"}}", true },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        if (equal(rows[i].a, rows[i].b) != rows[i].same)
            fail_msg("%s against %s should be %s", rows[i].a, rows[i].b, rows[i].same ? "equal" : "unequal");
}

/* Nesting deeper than any server allows costs bytes, not stack. */
static void deep_documents_do_not_exhaust_the_stack(void **state)
{
    (void)state;
    enum { LEVELS = 100000, LEVEL_BYTES = 8 };
    uint32_t len = 5 + LEVELS * LEVEL_BYTES;
    uint8_t *bytes = calloc(1, len); /* each level: its length, 3, "v", NUL, the inner document, NUL */
    for (uint32_t i = 0; i <= LEVELS; i++) {
        uint32_t little = BSON_UINT32_TO_LE(len - i * LEVEL_BYTES);
        memcpy(bytes + (size_t)i * 7, &little, 4);
        if (i < LEVELS)
            memcpy(bytes + (size_t)i * 7 + 4, "\3v", 3);
    }
    bson_t d;
    bson_iter_t a, b;
    assert_true(bson_init_static(&d, bytes, len));
    assert_true(bson_iter_init_find(&a, &d, "v"));
    b = a;
    assert_true(mig_value_equal(&a, &b));
    assert_false(mig_doc_is_sound(&d));
    free(bytes);
}

static void documents_are_equal_by_bytes(void **state)
{
    (void)state;
    MIG_AUTOBSON bson_t *a = doc("{\"a\":1}");
    MIG_AUTOBSON bson_t *b = doc("{\"a\":1}");
    MIG_AUTOBSON bson_t *c = doc("{\"a\":1.0}");
    assert_true(mig_doc_equal(a, b));
    assert_false(mig_doc_equal(a, c));
}

static void printed(const bson_t *d, size_t max, const char *expected)
{
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, 1000);
    mig_doc_print(&out, d, max);
    assert_string_equal(out.text, expected);
    assert_int_equal(mig_utf8_check(out.text, out.len), out.len);
}

static void printing_is_short_safe_and_cut_between_characters(void **state)
{
    (void)state;
    MIG_AUTOBSON bson_t *d = doc("{\"a\":1,\"b\":\"€€\"}");
    MIG_AUTOBSON bson_t *bidi = doc("{\"a\":\"\xe2\x80\xae\"}");
    printed(d, 100, "{ \"a\" : 1, \"b\" : \"€€\" }");
    printed(d, 27, "{ \"a\" : 1, \"b\" : \"€€\" }");
    printed(d, 22, "{ \"a\" : 1, \"b\" : \"€…");
    printed(d, 0, "…");
    printed(bidi, 100, "{ \"a\" : \"\\u{202e}\" }");
    MIG_AUTODOC bson_t bad = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&bad, "a", "\xff");
    printed(&bad, 100, "(a document that is not well-formed BSON)");
    assert_null(mig_doc_canonical(&bad));
    char *canonical = mig_doc_canonical(d);
    assert_string_equal(canonical, "{ \"a\" : { \"$numberInt\" : \"1\" }, \"b\" : \"€€\" }");
    bson_free(canonical);
}

static void literals_are_wrapped(void **state)
{
    (void)state;
    MIG_AUTODOC bson_t d = BSON_INITIALIZER;
    mig_doc_append_literal(&d, "actor", "$$NOW");
    printed(&d, 100, "{ \"actor\" : { \"$literal\" : \"$$NOW\" } }");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(getters_read_dotted_paths),
        cmocka_unit_test(odd_numbers_give_the_default_or_are_clamped),
        cmocka_unit_test(a_string_with_nul_inside_is_no_string),
        cmocka_unit_test(corrupt_bytes_read_as_absent),
        cmocka_unit_test(damage_at_any_level_is_seen),
        cmocka_unit_test(values_are_compared_as_the_server_does),
        cmocka_unit_test(deep_documents_do_not_exhaust_the_stack),
        cmocka_unit_test(documents_are_equal_by_bytes),
        cmocka_unit_test(printing_is_short_safe_and_cut_between_characters),
        cmocka_unit_test(literals_are_wrapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
