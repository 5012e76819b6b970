/* The reader of migration files: what it accepts becomes exactly this BSON, what it refuses is told at
 * the place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/jsonc.h"

/* The text is copied to memory of exactly its size, so that a sanitizer sees a step beyond it. */
static bool read_bytes(const char *text, size_t len, unsigned flags, bson_t *ret,
                       struct mig_places **ret_places, struct mig_error *err)
{
    MIG_AUTOFREE char *exact = mig_alloc(len);
    memcpy(exact, text, len);
    return mig_jsonc_read("f", exact, len, flags, ret, NULL, ret_places, err);
}

/* ---- accepted ---- */

struct accepted {
    const char *text;
    const char *canonical; /* as libbson prints it, without spaces */
};

static void strip_spaces(char *text)
{
    char *to = text;
    bool inside = false;
    for (const char *from = text; *from; from++) {
        if (*from == '"' && (from == text || from[-1] != '\\'))
            inside = !inside;
        if (inside || *from != ' ')
            *to++ = *from;
    }
    *to = '\0';
}

static void expect_all(const struct accepted *rows, size_t count, unsigned flags)
{
    for (size_t i = 0; i < count; i++) {
        struct mig_error err;
        bson_t doc;
        if (!read_bytes(rows[i].text, strlen(rows[i].text), flags, &doc, NULL, &err))
            fail_msg("%s: %s", rows[i].text, err.message);
        assert_true(bson_validate(&doc, BSON_VALIDATE_UTF8 | BSON_VALIDATE_UTF8_ALLOW_NULL, NULL));
        char *canonical = mig_doc_canonical(&doc);
        strip_spaces(canonical);
        if (strcmp(canonical, rows[i].canonical) != 0)
            fail_msg("%s: gave %s, expected %s", rows[i].text, canonical, rows[i].canonical);
        bson_free(canonical);
        bson_destroy(&doc);
    }
}

static void comments_and_commas_are_skipped(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        { "{}", "{}" },
        { " \t\r\n{ }\n\n", "{}" },
        { "\xEF\xBB\xBF{\"a\":null}", "{\"a\":null}" },
        { "// one\n{ // two\r\n\"a\" // three\n: // four\n true // five\n, // six\n } // seven",
          "{\"a\":true}" },
        { "/**/{/***/\"a\"/*/*/:/* // */[/*\n*/]/* \" */}/* end */", "{\"a\":[]}" },
        { "{\"a\":[1,2,],\"b\":{\"c\":3,},}",
          "{\"a\":[{\"$numberInt\":\"1\"},{\"$numberInt\":\"2\"}],\"b\":{\"c\":{\"$numberInt\":\"3\"}}}" },
        { "{\"a\":\"// no comment /* either */\"}", "{\"a\":\"// no comment /* either */\"}" },
        { "{\"a\":[1/*x*/]}", "{\"a\":[{\"$numberInt\":\"1\"}]}" },
        { "{\"a\":1}//", "{\"a\":{\"$numberInt\":\"1\"}}" },
        { "{\"a\":{\"$code\":\"f\",},}", "{\"a\":{\"$code\":\"f\"}}" },
        { "{\"a\":{\"$oid\":\"507f1f77bcf86cd799439011\",/**/}}",
          "{\"a\":{\"$oid\":\"507f1f77bcf86cd799439011\"}}" },
    };
    expect_all(rows, MIG_COUNT(rows), 0);
}

static void strings_are_decoded(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        { "{\"\":\"\"}", "{\"\":\"\"}" },
        { "{\"\\u0024set\\t\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
          "{\"$set\\t\":\"\\\"\\\\/\\b\\f\\n\\r\\t\"}" },
        { "{\"a\":\"\\u00e9\\u20AC\\ud83d\\uDE00\"}", "{\"a\":\"é€😀\"}" },
        { "{\"a\":\"é€😀\x7f\"}", "{\"a\":\"é€😀\x7f\"}" },
        { "{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\\u0000y\"}" },
        { "{\"é.$b\":1}", "{\"é.$b\":{\"$numberInt\":\"1\"}}" },
    };
    expect_all(rows, MIG_COUNT(rows), MIG_JSONC_STRICT);
}

static void numbers_take_the_narrowest_type(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        { "{\"a\":0}", "{\"a\":{\"$numberInt\":\"0\"}}" },
        { "{\"a\":-0}", "{\"a\":{\"$numberInt\":\"0\"}}" },
        { "{\"a\":2147483647}", "{\"a\":{\"$numberInt\":\"2147483647\"}}" },
        { "{\"a\":2147483648}", "{\"a\":{\"$numberLong\":\"2147483648\"}}" },
        { "{\"a\":-2147483648}", "{\"a\":{\"$numberInt\":\"-2147483648\"}}" },
        { "{\"a\":-2147483649}", "{\"a\":{\"$numberLong\":\"-2147483649\"}}" },
        { "{\"a\":9007199254740993}", "{\"a\":{\"$numberLong\":\"9007199254740993\"}}" },
        { "{\"a\":9223372036854775807}", "{\"a\":{\"$numberLong\":\"9223372036854775807\"}}" },
        { "{\"a\":-9223372036854775808}", "{\"a\":{\"$numberLong\":\"-9223372036854775808\"}}" },
        { "{\"a\":-0.0}", "{\"a\":{\"$numberDouble\":\"-0.0\"}}" },
        { "{\"a\":1.0}", "{\"a\":{\"$numberDouble\":\"1.0\"}}" },
        { "{\"a\":1E2}", "{\"a\":{\"$numberDouble\":\"100.0\"}}" },
        { "{\"a\":0e5}", "{\"a\":{\"$numberDouble\":\"0.0\"}}" },
        { "{\"a\":[{\"$numberInt\":\"-7\"},{\"$numberLong\":\"7\"}]}",
          "{\"a\":[{\"$numberInt\":\"-7\"},{\"$numberLong\":\"7\"}]}" },
        { "{\"a\":{\"$numberDouble\":\"7\"}}", "{\"a\":{\"$numberDouble\":\"7.0\"}}" },
        { "{\"a\":{\"$numberDouble\":\"18446744073709551616\"}}",
          "{\"a\":{\"$numberDouble\":\"18446744073709551616.0\"}}" },
        { "{\"a\":{\"$numberDouble\":\"-0\"}}", "{\"a\":{\"$numberDouble\":\"-0.0\"}}" },
        { "{\"a\":{\"$numberDouble\":\"NaN\"}}", "{\"a\":{\"$numberDouble\":\"NaN\"}}" },
        { "{\"a\":{\"$numberDouble\":\"-Infinity\"}}", "{\"a\":{\"$numberDouble\":\"-Infinity\"}}" },
        { "{\"a\":{\"$numberDecimal\":\"1.50E+3\"}}", "{\"a\":{\"$numberDecimal\":\"1.50E+3\"}}" },
    };
    expect_all(rows, MIG_COUNT(rows), MIG_JSONC_STRICT);
}

static void types_come_in_any_order_of_members(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        { "{\"a\":{\"$date\":\"1970-01-01T01:00:00.5+01:00\"}}",
          "{\"a\":{\"$date\":{\"$numberLong\":\"500\"}}}" },
        { "{\"a\":{\"$date\":{\"$numberLong\":\"-9223372036854775808\"}}}",
          "{\"a\":{\"$date\":{\"$numberLong\":\"-9223372036854775808\"}}}" },
        { "{\"a\":{\"$binary\":{\"subType\":\"5\",\"base64\":\"AQI=\"}}}",
          "{\"a\":{\"$binary\":{\"base64\":\"AQI=\",\"subType\":\"05\"}}}" },
        { "{\"a\":{\"$binary\":{\"subType\":\"02\",\"base64\":\"AQID\"}}}",
          "{\"a\":{\"$binary\":{\"base64\":\"AQID\",\"subType\":\"02\"}}}" },
        { "{\"a\":{\"$uuid\":\"73FFD264-44b3-4c69-90e8-e7d1dfc035d4\"}}",
          "{\"a\":{\"$binary\":{\"base64\":\"c//SZESzTGmQ6OfR38A11A==\",\"subType\":\"04\"}}}" },
        { "{\"a\":{\"$regularExpression\":{\"options\":\"xi\",\"pattern\":\"^a\"}}}",
          "{\"a\":{\"$regularExpression\":{\"pattern\":\"^a\",\"options\":\"ix\"}}}" },
        { "{\"a\":{\"$timestamp\":{\"i\":4294967295,\"t\":1}}}",
          "{\"a\":{\"$timestamp\":{\"t\":1,\"i\":4294967295}}}" },
        { "{\"a\":{\"$code\":\"f\"}}", "{\"a\":{\"$code\":\"f\"}}" },
        { "{\"a\":{\"$code\":\"f\",\"$scope\":{}}}", "{\"a\":{\"$code\":\"f\",\"$scope\":{}}}" },
        { "{\"a\":{\"$scope\":{\"x\":[1]},\"$code\":\"fgh\"},\"b\":1}",
          "{\"a\":{\"$code\":\"fgh\",\"$scope\":{\"x\":[{\"$numberInt\":\"1\"}]}},\"b\":{\"$numberInt\":\"1\"}}" },
        { "{\"a\":[{\"$minKey\":1},{\"$maxKey\":1},{\"$undefined\":true},{\"$symbol\":\"s\"}]}",
          "{\"a\":[{\"$minKey\":1},{\"$maxKey\":1},{\"$undefined\":true},{\"$symbol\":\"s\"}]}" },
        { "{\"a\":{\"$dbPointer\":{\"$id\":{\"$oid\":\"507f1f77bcf86cd799439011\"},\"$ref\":\"c\"}}}",
          "{\"a\":{\"$dbPointer\":{\"$ref\":\"c\",\"$id\":{\"$oid\":\"507f1f77bcf86cd799439011\"}}}}" },
        { "{\"a\":{\"$\\u006fid\":\"507F1F77BCF86CD799439011\"}}",
          "{\"a\":{\"$oid\":\"507f1f77bcf86cd799439011\"}}" },
    };
    expect_all(rows, MIG_COUNT(rows), MIG_JSONC_STRICT);
}

/* libbson's reader turns the first three into types or refuses them. */
static void operators_stay_plain_keys(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        { "{\"a\":{\"$regex\":\"^x\",\"$options\":\"i\"}}",
          "{\"a\":{\"$regex\":\"^x\",\"$options\":\"i\"}}" },
        { "{\"a\":{\"$regex\":\"^x\",\"$ne\":\"xy\"}}", "{\"a\":{\"$regex\":\"^x\",\"$ne\":\"xy\"}}" },
        { "{\"a\":{\"$type\":2}}", "{\"a\":{\"$type\":{\"$numberInt\":\"2\"}}}" },
        { "{\"a\":{\"$type\":\"string\",\"$exists\":true}}",
          "{\"a\":{\"$type\":\"string\",\"$exists\":true}}" },
        { "{\"$set\":{\"a\":1},\"$unset\":{\"b\":\"\"}}",
          "{\"$set\":{\"a\":{\"$numberInt\":\"1\"}},\"$unset\":{\"b\":\"\"}}" },
        { "{\"$ref\":\"c\",\"$id\":1,\"$db\":\"d\"}",
          "{\"$ref\":\"c\",\"$id\":{\"$numberInt\":\"1\"},\"$db\":\"d\"}" },
        { "{\"a\":{\"$scope\":{}}}", "{\"a\":{\"$scope\":{}}}" },
        { "{\"$dateToString\":{\"date\":{\"$date\":\"1970-01-01T00:00:00Z\"}}}",
          "{\"$dateToString\":{\"date\":{\"$date\":{\"$numberLong\":\"0\"}}}}" },
    };
    expect_all(rows, MIG_COUNT(rows), MIG_JSONC_STRICT);
}

/* Only within one object does a key stand alone. */
static void equal_keys_of_different_objects_are_fine(void **state)
{
    (void)state;
    static const struct accepted rows[] = {
        { "{\"a\":{\"a\":{\"a\":[{\"a\":null},{\"a\":null}]}}}",
          "{\"a\":{\"a\":{\"a\":[{\"a\":null},{\"a\":null}]}}}" },
        { "{\"a\":null,\"A\":null,\"ab\":null,\"b\":null}",
          "{\"a\":null,\"A\":null,\"ab\":null,\"b\":null}" },
    };
    expect_all(rows, MIG_COUNT(rows), 0);
}

/* ---- an array at the top ---- */

static void an_array_at_the_top_is_a_choice(void **state)
{
    (void)state;
    static const char text[] = "[{\"a\":1},2,]";
    struct mig_error err;
    struct mig_place place;
    struct mig_places *places;
    bool is_array = false;
    bson_t doc;
    assert_true(mig_jsonc_read("f", text, strlen(text), MIG_JSONC_ARRAY_OK, &doc, &is_array, &places, &err));
    assert_true(is_array);
    assert_int_equal(mig_doc_int(&doc, "0.a", 0), 1);
    assert_int_equal(mig_doc_int(&doc, "1", 0), 2);
    assert_true(mig_places_find(places, "1", &place));
    assert_int_equal(place.column, 10);
    bson_destroy(&doc);
    mig_places_free(places);
    assert_true(mig_jsonc_read("f", "{}", 2, MIG_JSONC_ARRAY_OK, &doc, &is_array, NULL, &err));
    assert_false(is_array);
    bson_destroy(&doc);
    assert_false(mig_jsonc_read("f", "x", 1, MIG_JSONC_ARRAY_OK, &doc, NULL, NULL, &err));
    assert_string_equal(err.message, "f:1:1: unexpected 'x'; expected '{' or '['");
}

/* ---- doubles ---- */

static double as_double(const char *number)
{
    MIG_AUTOFREE char *text = mig_printf("{\"a\":%s}", number);
    struct mig_error err;
    bson_t doc;
    bson_iter_t iter;
    if (!read_bytes(text, strlen(text), 0, &doc, NULL, &err))
        fail_msg("%s", err.message);
    assert_true(bson_iter_init_find(&iter, &doc, "a") && BSON_ITER_HOLDS_DOUBLE(&iter));
    double d = bson_iter_double(&iter);
    bson_destroy(&doc);
    return d;
}

/* Hard cases: halfway between two doubles, the ends of the range, more digits than a double has. */
static void doubles_are_correctly_rounded(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "0.1",
        "0.3",
        "1e22",
        "1e23",
        "-1e23",
        "9007199254740993.0",
        "123456789012345e22",
        "999999999999999e-22",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "4.9e-324",
        "2.5e-324",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "0.000000000000000000000000000000000000000000000001",
        "7.2057594037927933e16",
        "9007199254740992.999999999999999999999999999999",
        "100000000000000000000000000000000000000000000.0",
        "3.14159265358979323846264338327950288419716939937510582097494459",
        "0.00000e100",
        "8.41e+21",
        "9223372036854775808.0",
        "123456789012345678.0",
        "1.00000000000000011102230246251565404236316680908203125",
        "5e-1",
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        double ours = as_double(rows[i]), theirs = strtod(rows[i], NULL);
        if (memcmp(&ours, &theirs, sizeof ours) != 0)
            fail_msg("%s: %.17g, not %.17g", rows[i], ours, theirs);
    }
}

/* A fixed sequence of numbers of all lengths and exponents against the C library. */
static void doubles_agree_with_the_c_library(void **state)
{
    (void)state;
    uint64_t seed = 88412;
    for (int i = 0; i < 20000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        char text[64];
        int digits = 1 + (int)(seed >> 33) % 19;
        snprintf(text, sizeof text, "%s%.*s.%.*se%d", seed & 1 ? "-" : "", 1, "123456789" + (seed >> 40) % 9,
                 digits, "9071302846519273640", (int)(seed >> 45) % 600 - 300);
        double ours = as_double(text), theirs = strtod(text, NULL);
        if (memcmp(&ours, &theirs, sizeof ours) != 0)
            fail_msg("%s: %.17g, not %.17g", text, ours, theirs);
    }
}

/* The console sets the user's locale, where a decimal point may be a comma. */
static void a_locale_with_a_decimal_comma_changes_nothing(void **state)
{
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "de_DE")) {
        print_message("no locale with a decimal comma here\n");
        skip();
    }
    double fast = as_double("0.5"), slow = as_double("0.50000000000000000000000000001");
    setlocale(LC_NUMERIC, "C");
    assert_true(fast == 0.5 && slow == 0.5);
}

/* ---- places ---- */

static void every_key_and_element_has_a_place(void **state)
{
    (void)state;
    static const char text[] =
        "\xEF\xBB\xBF// é\n"
        "{ \"up\": [ 1,\n"
        "    { /* € */ \"batch\": { \"filter\": { \"a.b\": 1,\n"
        "\"a\": { \"c\": 2 }, \"é\": {\"$date\": {\"$numberLong\": \"0\"}}, \"x\": 3 } } } ],\r\n"
        "  \"code\": { \"$code\": \"f\", \"$scope\": { \"s\": 1 } } }\n";
    static const struct {
        const char *path;
        int line, column;
    } rows[] = {
        { "", 2, 1 },
        { "up", 2, 3 },
        { "up.0", 2, 11 },
        { "up.1", 3, 5 },
        { "up.1.batch", 3, 15 },
        { "up.1.batch.filter", 3, 26 },
        { "up.1.batch.filter.a.b", 3, 38 },
        { "up.1.batch.filter.a", 4, 1 },
        { "up.1.batch.filter.a.c", 4, 8 },
        { "up.1.batch.filter.é", 4, 18 },
        { "up.1.batch.filter.x", 4, 56 },
        { "code", 5, 3 },
        { "code.$scope.s", 5, 39 },
    };
    static const char *const absent[] = { "u",    "upx",   "up.",
                                          "up.2", "up.00", "up.1.batch.filter.a.d",
                                          ".",    "x",     "up.1.batch.filter.é.$date" };
    struct mig_error err;
    struct mig_places *places;
    struct mig_place place;
    bson_t doc;
    assert_true(read_bytes(text, strlen(text), 0, &doc, &places, &err));
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        if (!mig_places_find(places, rows[i].path, &place))
            fail_msg("no place for %s", rows[i].path);
        if (place.line != rows[i].line || place.column != rows[i].column)
            fail_msg("%s is at %d:%d, not %d:%d", rows[i].path, place.line, place.column, rows[i].line,
                     rows[i].column);
    }
    for (size_t i = 0; i < MIG_COUNT(absent); i++)
        assert_false(mig_places_find(places, absent[i], &place));
    bson_destroy(&doc);
    mig_places_free(places);
    mig_places_free(NULL);
    assert_false(mig_places_find(NULL, "", &place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comments_and_commas_are_skipped),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(numbers_take_the_narrowest_type),
        cmocka_unit_test(types_come_in_any_order_of_members),
        cmocka_unit_test(operators_stay_plain_keys),
        cmocka_unit_test(equal_keys_of_different_objects_are_fine),
        cmocka_unit_test(an_array_at_the_top_is_a_choice),
        cmocka_unit_test(doubles_are_correctly_rounded),
        cmocka_unit_test(doubles_agree_with_the_c_library),
        cmocka_unit_test(a_locale_with_a_decimal_comma_changes_nothing),
        cmocka_unit_test(every_key_and_element_has_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
