/* The reader of migration files: what it refuses is told at its place, in words that say what was
 * expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
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

struct refused {
    const char *text;
    const char *message;
};

static void refuse_all(const struct refused *rows, size_t count, unsigned flags)
{
    for (size_t i = 0; i < count; i++) {
        struct mig_error err = { 0 };
        struct mig_places *places = (struct mig_places *)&err;
        bson_t doc;
        if (read_bytes(rows[i].text, strlen(rows[i].text), flags, &doc, &places, &err))
            fail_msg("accepted: %s", rows[i].text);
        assert_null(places);
        assert_int_equal(err.code, MIG_ERR_SYNTAX);
        if (strcmp(err.message, rows[i].message) != 0)
            fail_msg("%s\n  said     %s\n  expected %s", rows[i].text, err.message, rows[i].message);
    }
}

static void broken_structure_is_told_at_its_place(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { "", "f:1:1: the text ends; expected '{'" },
        { " // only this", "f:1:14: the text ends; expected '{'" },
        { "[]", "f:1:1: unexpected '['; expected '{'" },
        { "1", "f:1:1: unexpected '1'; expected '{'" },
        { "{", "f:1:2: the text ends; expected a key in double quotes or '}'" },
        { "{\n \"a\"", "f:2:5: the text ends; expected ':'" },
        { "{\"a\" 1}", "f:1:6: unexpected '1'; expected ':'" },
        { "{\"a\":", "f:1:6: the text ends; expected a value" },
        { "{\"a\":}", "f:1:6: unexpected '}'; expected a value" },
        { "{\"a\":1", "f:1:7: the text ends; expected '}'" },
        { "{\"a\":1,", "f:1:8: the text ends; expected '}'" },
        { "{\"a\":1]", "f:1:7: unexpected ']'; expected ',' or '}'" },
        { "{\"a\":1 \"b\":2}", "f:1:8: unexpected '\"'; expected ',' or '}'" },
        { "{\"a\":1,,}", "f:1:8: unexpected ','; expected a key in double quotes or '}'" },
        { "{,}", "f:1:2: unexpected ','; expected a key in double quotes or '}'" },
        { "{\"a\":[,]}", "f:1:7: unexpected ','; expected a value" },
        { "{\"a\":[1 2]}", "f:1:9: unexpected '2'; expected ',' or ']'" },
        { "{\"a\":[1,", "f:1:9: the text ends; expected ']'" },
        { "{\"a\":[1}", "f:1:8: unexpected '}'; expected ',' or ']'" },
        { "{} {}", "f:1:4: text after the document; expected the end" },
        { "{}\nx", "f:2:1: text after the document; expected the end" },
        { "{}}", "f:1:3: text after the document; expected the end" },
        { "{a:1}", "f:1:2: unexpected 'a'; expected a key in double quotes" },
        { "{$set:1}", "f:1:2: unexpected '$'; expected a key in double quotes" },
        { "{'a':1}", "f:1:2: unexpected '''; expected a key in double quotes" },
        { "{1:1}", "f:1:2: unexpected '1'; expected a key in double quotes" },
        { "{\"é€😀\":x}", "f:1:8: the bare word x; expected a value" },
        { "{\"a\":\x1b}", "f:1:6: unexpected U+001B; expected a value" },
        { "{\"a\":\xc2\xa0"
          "1}",
          "f:1:6: the bare word \xc2\xa0"
          "1; expected a value" },
        { "{\"a\":1 /* never", "f:1:8: the comment is not closed; expected */" },
        { "{\"a\":1 /*/", "f:1:8: the comment is not closed; expected */" },
        { "{\"a\":/x/}", "f:1:6: unexpected '/'; expected a value" },
        { "{\"a\":1 /", "f:1:8: unexpected '/'; expected ',' or '}'" },
        { "// a\rb\n{}", "f:1:5: control character U+000D in a comment; expected text" },
        { "{}/*\x1b[2J*/", "f:1:5: control character U+001B in a comment; expected text" },
    };
    refuse_all(rows, MIG_COUNT(rows), 0);
}

static void broken_strings_are_told_at_their_place(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { "{\"a", "f:1:2: the string is not closed; expected \"" },
        { "{\"a\":\"b", "f:1:6: the string is not closed; expected \"" },
        { "{\"a\":\"b\n\"}", "f:1:6: the string is not closed; expected \"" },
        { "{\"a\":\"b\\",
          "f:1:8: an unknown escape; expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX" },
        { "{\"a\":\"\\x41\"}",
          "f:1:7: an unknown escape; expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX" },
        { "{\"a\":\"\\u12\"}", "f:1:7: \\u without four hex digits; expected \\uXXXX" },
        { "{\"a\":\"\\u12g4\"}", "f:1:7: \\u without four hex digits; expected \\uXXXX" },
        { "{\"a\":\"\\u123", "f:1:7: \\u without four hex digits; expected \\uXXXX" },
        { "{\"a\":\"\\ud800\"}", "f:1:7: half of a surrogate pair; expected \\uDC00 to \\uDFFF after it" },
        { "{\"a\":\"\\ud800\\ud800\"}",
          "f:1:7: half of a surrogate pair; expected \\uDC00 to \\uDFFF after it" },
        { "{\"a\":\"\\ud800x\"}", "f:1:7: half of a surrogate pair; expected \\uDC00 to \\uDFFF after it" },
        { "{\"a\":\"\\udc00\"}", "f:1:7: half of a surrogate pair; expected \\uD800 to \\uDBFF before it" },
        { "{\"a\\u0000b\":1}", "f:1:4: NUL in a key; expected a key without" },
        { "{\"a\":\"b\tc\"}", "f:1:8: control character U+0009 in a string; expected an escape" },
        { "{\"a\":\"\x1f\"}", "f:1:7: control character U+001F in a string; expected an escape" },
        { "{\"a\":'b'}", "f:1:6: a single quote; expected a double quote" },
        { "{\"a\":1,\n \"é\":\"\xff\"}", "f:2:7: byte 0xFF at offset 15 is not UTF-8; expected UTF-8" },
        { "{\"a\":\"\xed\xa0\x80\"}", "f:1:7: byte 0xED at offset 6 is not UTF-8; expected UTF-8" },
        { "{\"a\":\"\xc0\x80\"}", "f:1:7: byte 0xC0 at offset 6 is not UTF-8; expected UTF-8" },
        { "{\"a\":1} // \xe2\x82", "f:1:12: byte 0xE2 at offset 11 is not UTF-8; expected UTF-8" },
        { "\xff\xfe{", "f:1:1: byte 0xFF at offset 0 is not UTF-8; expected UTF-8" },
    };
    refuse_all(rows, MIG_COUNT(rows), 0);
}

static void nul_bytes_are_refused_everywhere(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *message;
    } rows[] = {
        { "{}\0", 3, "f:1:3: text after the document; expected the end" },
        { "{\"a\":\"\0\"}", 9, "f:1:7: control character U+0000 in a string; expected an escape" },
        { "{//\0\n}", 6, "f:1:4: control character U+0000 in a comment; expected text" },
        { "{\0}", 3, "f:1:2: unexpected U+0000; expected a key in double quotes or '}'" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct mig_error err;
        bson_t doc;
        assert_false(read_bytes(rows[i].text, rows[i].len, 0, &doc, NULL, &err));
        assert_string_equal(err.message, rows[i].message);
    }
}

static void broken_numbers_and_words_are_told_at_their_place(void **state)
{
    (void)state;
#define WIDE  "an integer that 64 bits cannot hold; expected -9223372036854775808 to 9223372036854775807"
#define REAL  "a number that a double cannot hold; expected about 5e-324 to 1.8e308"
#define SHAPE "a malformed number; expected digits before and after '.' and after 'e'"
    static const struct refused rows[] = {
        { "{\"a\":9223372036854775808}", "f:1:6: " WIDE },
        { "{\"a\":-9223372036854775809}", "f:1:6: " WIDE },
        { "{\"a\":18446744073709551616}", "f:1:6: " WIDE },
        { "{\"a\":99999999999999999999999999}", "f:1:6: " WIDE },
        { "{\"a\":{\"$numberLong\":\"9223372036854775808\"}}", "f:1:21: " WIDE },
        { "{\"a\":{\"$numberInt\":\"18446744073709551616\"}}", "f:1:20: " WIDE },
        { "{\"a\":{\"$numberInt\":\"2147483648\"}}",
          "f:1:20: $numberInt is out of range; expected -2147483648 to 2147483647" },
        { "{\"a\":01}", "f:1:6: a number with leading zeros; expected none" },
        { "{\"a\":-00}", "f:1:6: a number with leading zeros; expected none" },
        { "{\"a\":+1}", "f:1:6: a number with a plus sign; expected none" },
        { "{\"a\":.5}", "f:1:6: a number that begins with '.'; expected a digit before it" },
        { "{\"a\":1.}", "f:1:6: " SHAPE },
        { "{\"a\":-}", "f:1:6: " SHAPE },
        { "{\"a\":-a}", "f:1:6: " SHAPE },
        { "{\"a\":1e}", "f:1:6: " SHAPE },
        { "{\"a\":1e+}", "f:1:6: " SHAPE },
        { "{\"a\":1.e5}", "f:1:6: " SHAPE },
        { "{\"a\":0x10}", "f:1:7: unexpected 'x'; expected ',' or '}'" },
        { "{\"a\":1_000}", "f:1:7: unexpected '_'; expected ',' or '}'" },
        { "{\"a\":1e999}", "f:1:6: " REAL },
        { "{\"a\":-1.8e308}", "f:1:6: " REAL },
        { "{\"a\":1e-999}", "f:1:6: " REAL },
        { "{\"a\":1e99999999999999999999}", "f:1:6: " REAL },
        { "{\"a\":NaN}", "f:1:6: NaN is not JSON; expected {\"$numberDouble\": \"NaN\"}" },
        { "{\"a\":Infinity}", "f:1:6: Infinity is not JSON; expected {\"$numberDouble\": \"Infinity\"}" },
        { "{\"a\":-Infinity}", "f:1:6: -Infinity is not JSON; expected {\"$numberDouble\": \"-Infinity\"}" },
        { "{NaN:1}", "f:1:2: unexpected 'N'; expected a key in double quotes" },
        { "{\"a\":ObjectId(\"507f1f77bcf86cd799439011\")}",
          "f:1:6: ObjectId is not JSON; expected {\"$oid\": \"24 hex digits\"}" },
        { "{\"a\":undefined}", "f:1:6: undefined is not JSON; expected null" },
        { "{\"a\":True}", "f:1:6: True is not JSON; expected true" },
        { "{\"a\":truthy}", "f:1:6: the bare word truthy; expected a value" },
        { "{\"a\":nul}", "f:1:6: the bare word nul; expected a value" },
        { "{\"a\":hello world}", "f:1:6: the bare word hello; expected a value" },
    };
    refuse_all(rows, MIG_COUNT(rows), 0);
}

static void wrong_types_are_told_at_their_place(void **state)
{
    (void)state;
#define DATE_SHAPE "\"2026-11-21T07:01:14Z\" or {\"$numberLong\": \"…\"}"
    static const struct refused rows[] = {
        { "{\"a\":{\"$oid\":1}}", "f:1:14: $oid is not a string; expected a string in double quotes" },
        { "{\"a\":{\"$oid\":\"507f1f77bcf86cd79943901\"}}",
          "f:1:14: $oid is malformed; expected 24 hex digits" },
        { "{\"a\":{\"$oid\":\"507f1f77bcf86cd79943901g\"}}",
          "f:1:14: $oid is malformed; expected 24 hex digits" },
        { "{\"a\":{\"$oid\":\"507f1f77bcf86cd799439011\",\"b\":1}}",
          "f:1:41: another key beside $oid; expected '}'" },
        { "{\"a\":{\"b\":1,\n\"$oid\":\"507f1f77bcf86cd799439011\"}}",
          "f:2:1: $oid makes a value of its object; expected no other key beside it" },
        { "{\"$oid\":\"507f1f77bcf86cd799439011\"}",
          "f:1:1: the whole text is one $-typed value; expected a document" },
        { "{\"a\":{\"$oid\" \"\"}}", "f:1:14: unexpected '\"'; expected ':'" },
        { "{\"a\":{\"$numberLong\":1}}",
          "f:1:21: $numberLong is not a string; expected a string in double quotes" },
        { "{\"a\":{\"$numberLong\":\"1.0\"}}",
          "f:1:21: $numberLong is malformed; expected an integer in a string" },
        { "{\"a\":{\"$numberInt\":\" 1\"}}",
          "f:1:20: $numberInt is malformed; expected an integer in a string" },
        { "{\"a\":{\"$numberInt\":\"1\\u0000\"}}",
          "f:1:20: $numberInt is malformed; expected an integer in a string" },
        { "{\"a\":{\"$numberInt\":\"\"}}",
          "f:1:20: $numberInt is malformed; expected an integer in a string" },
        { "{\"a\":{\"$numberInt\":\"007\"}}",
          "f:1:20: $numberInt is malformed; expected an integer in a string" },
        { "{\"a\":{\"$numberDouble\":\"inf\"}}",
          "f:1:23: $numberDouble is malformed; expected a number, Infinity, -Infinity or NaN in a string" },
        { "{\"a\":{\"$numberDouble\":\"0x1p3\"}}",
          "f:1:23: $numberDouble is malformed; expected a number, Infinity, -Infinity or NaN in a string" },
        { "{\"a\":{\"$numberDouble\":\"1e999\"}}", "f:1:23: " REAL },
        { "{\"a\":{\"$numberDecimal\":\"1,5\"}}",
          "f:1:24: $numberDecimal is malformed; expected a decimal number of at most 34 digits" },
        { "{\"a\":{\"$numberDecimal\":\"\"}}",
          "f:1:24: $numberDecimal is malformed; expected a decimal number of at most 34 digits" },
        { "{\"a\":{\"$numberDecimal\":\"12345678901234567890123456789012345\"}}",
          "f:1:24: $numberDecimal is malformed; expected a decimal number of at most 34 digits" },
        { "{\"a\":{\"$date\":1}}", "f:1:15: the value of $date is malformed; expected " DATE_SHAPE },
        { "{\"a\":{\"$date\":{\"$numberLong\":1}}}",
          "f:1:30: $numberLong of $date is not a string; expected a string in double quotes" },
        { "{\"a\":{\"$date\":{\"$numberInt\":\"1\"}}}",
          "f:1:16: \"$numberInt\" does not belong into $date; expected " DATE_SHAPE },
        { "{\"a\":{\"$date\":{}}}", "f:1:15: $numberLong is missing in $date; expected " DATE_SHAPE },
        { "{\"a\":{\"$date\":\"2026-02-30T00:00:00Z\"}}",
          "f:1:15: $date is no time; expected RFC 3339 such as 2026-11-21T07:01:14.253Z" },
        { "{\"a\":{\"$date\":\"2026-11-21\"}}",
          "f:1:15: $date is no time; expected RFC 3339 such as 2026-11-21T07:01:14.253Z" },
        { "{\"a\":{\"$date\":\"2026-11-21T07:01:14.1234Z\"}}",
          "f:1:15: $date is finer than BSON; expected milliseconds" },
    };
    refuse_all(rows, MIG_COUNT(rows), 0);
}

static void wrong_members_of_types_are_told_at_their_place(void **state)
{
    (void)state;
#define BINARY_SHAPE "{\"base64\": \"…\", \"subType\": \"00\"}"
    static const struct refused rows[] = {
        { "{\"a\":{\"$binary\":\"AQI=\",\"$type\":\"00\"}}",
          "f:1:17: the value of $binary is malformed; expected " BINARY_SHAPE },
        { "{\"a\":{\"$binary\":{\"base64\":\"AQI\",\"subType\":\"00\"}}}",
          "f:1:27: base64 of $binary is malformed; expected padded base64" },
        { "{\"a\":{\"$binary\":{\"base64\":\"A*I=\",\"subType\":\"00\"}}}",
          "f:1:27: base64 of $binary is malformed; expected padded base64" },
        { "{\"a\":{\"$binary\":{\"base64\":\"AQJ=\",\"subType\":\"00\"}}}",
          "f:1:27: base64 of $binary is malformed; expected padded base64" },
        { "{\"a\":{\"$binary\":{\"base64\":\"\",\"subType\":\"000\"}}}",
          "f:1:40: subType of $binary is malformed; expected two hex digits" },
        { "{\"a\":{\"$binary\":{\"base64\":\"\",\"subType\":\"0x\"}}}",
          "f:1:40: subType of $binary is malformed; expected two hex digits" },
        { "{\"a\":{\"$binary\":{\"base64\":\"\",\"subType\":\"\"}}}",
          "f:1:40: subType of $binary is malformed; expected two hex digits" },
        { "{\"a\":{\"$binary\":{\"base64\":\"\",\"base64\":\"\"}}}",
          "f:1:30: base64 is twice in $binary; expected " BINARY_SHAPE },
        { "{\"a\":{\"$binary\":{\"base64\":\"\"}}}",
          "f:1:17: subType is missing in $binary; expected " BINARY_SHAPE },
        { "{\"a\":{\"$binary\":{\"base64\":\"\",1}}}",
          "f:1:30: unexpected '1'; expected a key in double quotes" },
        { "{\"a\":{\"$uuid\":\"73ffd26444b34c6990e8e7d1dfc035d4\"}}",
          "f:1:15: $uuid is malformed; expected 8-4-4-4-12 hex digits with hyphens between" },
        { "{\"a\":{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"g\"}}}",
          "f:1:53: options of a regular expression are malformed; expected letters of \"ilmsux\", each once" },
        { "{\"a\":{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"ii\"}}}",
          "f:1:53: options of a regular expression are malformed; expected letters of \"ilmsux\", each once" },
        { "{\"a\":{\"$regularExpression\":{\"pattern\":\"\\u0000\",\"options\":\"\"}}}",
          "f:1:39: NUL in a regular expression; expected none" },
        { "{\"a\":{\"$timestamp\":{\"t\":-1,\"i\":1}}}",
          "f:1:25: t of $timestamp is malformed; expected an integer from 0 to 4294967295" },
        { "{\"a\":{\"$timestamp\":{\"t\":1,\"i\":4294967296}}}",
          "f:1:31: i of $timestamp is malformed; expected an integer from 0 to 4294967295" },
        { "{\"a\":{\"$timestamp\":{\"t\":1.0,\"i\":1}}}",
          "f:1:25: t of $timestamp is malformed; expected an integer from 0 to 4294967295" },
        { "{\"a\":{\"$code\":\"f\",\"x\":1}}", "f:1:19: another key beside $code; expected '}'" },
        { "{\"a\":{\"$code\":\"f\",\"$scope\":1}}", "f:1:28: $scope is no object; expected a document" },
        { "{\"a\":{\"$code\":\"f\",\"$scope\":{\"$minKey\":1}}}",
          "f:1:28: $scope is a $-typed value; expected a document" },
        { "{\"a\":{\"$code\":\"f\",\"$scope\":{},\"$scope\":{}}}",
          "f:1:31: another key beside $code; expected '}'" },
        { "{\"a\":{\"$scope\":1,\"$code\":\"f\"}}",
          "f:1:18: $code makes a value of its object; expected no other key beside it" },
        { "{\"a\":{\"$minKey\":2}}", "f:1:17: the value of $minKey is malformed; expected 1" },
        { "{\"a\":{\"$minKey\":10}}", "f:1:18: unexpected '0'; expected ',' or '}'" },
        { "{\"a\":{\"$undefined\":false}}", "f:1:20: the value of $undefined is malformed; expected true" },
        { "{\"a\":{\"$dbPointer\":{\"$ref\":\"c\\u0000\",\"$id\":{\"$oid\":\"507f1f77bcf86cd799439011\"}}}}",
          "f:1:28: NUL in the name of a collection; expected none" },
        { "{\"a\":{\"$dbPointer\":{\"$ref\":\"c\",\"$id\":1}}}",
          "f:1:38: $id of $dbPointer is not an object id; expected {\"$oid\": \"…\"}" },
        { "{\"a\":{\"$dbPointer\":{\"$ref\":\"c\",\"$id\":{\"x\":1}}}}",
          "f:1:38: $id of $dbPointer is not an object id; expected {\"$oid\": \"…\"}" },
    };
    refuse_all(rows, MIG_COUNT(rows), 0);
}

static void duplicate_keys_name_both_places(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { "{\"a\":1,\n\"a\":2}",
          "f:2:1: the key \"a\" is twice in this object, first at 1:2; expected each key once" },
        { "{\"a\":{\"b\":1,\"\\u0062\":1}}",
          "f:1:13: the key \"b\" is twice in this object, first at 1:7; expected each key once" },
        { "{\"\":1,\"\":1}",
          "f:1:7: the key \"\" is twice in this object, first at 1:2; expected each key once" },
        { "{\"a\":1,\"b\":1,\"b\":1,\"a\":1}",
          "f:1:14: the key \"b\" is twice in this object, first at 1:8; expected each key once" },
        { "{\"a\":1,\"a\":1,\"a\":1}",
          "f:1:8: the key \"a\" is twice in this object, first at 1:2; expected each key once" },
        { "{\"\xe2\x80\xae\":1,\"\xe2\x80\xae\":1}",
          "f:1:8: the key \"\\u{202e}\" is twice in this object, first at 1:2; expected each key once" },
    };
    refuse_all(rows, MIG_COUNT(rows), 0);
}

/* n members k0, k1, …; one a line; then `last`. */
static void many_keys(struct mig_buf *out, int n, const char *last)
{
    mig_buf_str(out, "{\n");
    for (int i = 0; i < n; i++)
        mig_buf_printf(out, "\"k%d\":null,\n", i);
    mig_buf_str(out, last);
}

static void duplicates_are_found_among_many_keys(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf text;
    struct mig_error err;
    bson_t doc;
    mig_buf_init(&text, 10 << 20);
    many_keys(&text, 100000, "\"x\":1}");
    assert_true(read_bytes(text.text, text.len, 0, &doc, NULL, &err));
    assert_int_equal(bson_count_keys(&doc), 100001);
    bson_destroy(&doc);
    mig_buf_reset(&text);
    /* The sorted way must choose the same key as the short way: the first that repeats. */
    many_keys(&text, 100000, "\"k777\":1,\n\"k3\":1,\n\"k777\":1}");
    assert_false(read_bytes(text.text, text.len, 0, &doc, NULL, &err));
    assert_string_equal(
        err.message,
        "f:100002:1: the key \"k777\" is twice in this object, first at 779:1; expected each key once");
}

/* ---- limits and flags ---- */

static char *nested(int levels, const char *open, const char *inner, const char *close)
{
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 1 << 20);
    for (int i = 0; i < levels; i++)
        mig_buf_str(&text, open);
    mig_buf_str(&text, inner);
    for (int i = 0; i < levels; i++)
        mig_buf_str(&text, close);
    return mig_buf_detach(&text);
}

static void nesting_ends_at_90(void **state)
{
    (void)state;
    static const struct {
        int levels;
        const char *open, *inner, *close;
        const char *message; /* NULL: accepted */
    } rows[] = {
        { 90, "{\"a\":", "1", "}", NULL },
        { 91, "{\"a\":", "1", "}", "f:1:451: nested deeper than 90 levels; expected fewer" },
        { 89, "{\"a\":", "{}", "}", NULL },
        { 90, "{\"a\":", "{}", "}", "f:1:451: nested deeper than 90 levels; expected fewer" },
        { 90, "{\"a\":", "[]", "}", "f:1:451: nested deeper than 90 levels; expected fewer" },
        { 90, "{\"a\":", "{\"$numberInt\":\"1\"}", "}", NULL }, /* a value, not a level */
        { 45, "{\"a\":[", "1", "]}", NULL },
        { 45, "{\"a\":[", "[]", "]}", "f:1:271: nested deeper than 90 levels; expected fewer" },
        { 89, "{\"a\":", "{\"$code\":\"\",\"$scope\":{}}", "}", NULL },
        { 90, "{\"a\":", "{\"$code\":\"\",\"$scope\":{}}", "}",
          "f:1:472: nested deeper than 90 levels; expected fewer" },
        { 100, "{\"a\":{\"$code\":\"\",\"$scope\":", "{}", "}}",
          "f:1:2341: nested deeper than 90 levels; expected fewer" },
        { 100000, "{\"a\":", "", "", "f:1:451: nested deeper than 90 levels; expected fewer" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        MIG_AUTOFREE char *text = nested(rows[i].levels, rows[i].open, rows[i].inner, rows[i].close);
        struct mig_error err = { 0 };
        bson_t doc;
        bool ok = read_bytes(text, strlen(text), 0, &doc, NULL, &err);
        assert_string_equal(err.message, rows[i].message ? rows[i].message : "");
        assert_int_equal(ok, rows[i].message == NULL);
        if (ok)
            bson_destroy(&doc);
    }
}

static void size_ends_at_15_megabytes(void **state)
{
    (void)state;
    size_t len = MIG_JSONC_BYTES_MAX;
    MIG_AUTOFREE char *text = mig_alloc(len + 1);
    struct mig_error err;
    bson_t doc;
    memset(text, ' ', len + 1);
    memcpy(text, "{}", 2);
    assert_true(mig_jsonc_read("f", text, len, 0, &doc, NULL, NULL, &err));
    bson_destroy(&doc);
    assert_false(mig_jsonc_read("f", text, len + 1, 0, &doc, NULL, NULL, &err));
    assert_int_equal(err.code, MIG_ERR_LIMIT);
    assert_string_equal(err.message, "f: 15728641 bytes; expected at most 15728640");
}

static void strict_means_plain_json(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { "// x\n{}", "f:1:1: a comment; expected plain JSON" },
        { "{/* x */}", "f:1:2: a comment; expected plain JSON" },
        { "{\"a\":1,}", "f:1:7: a comma before '}'; expected plain JSON" },
        { "{\"a\":[1 , ]}", "f:1:9: a comma before ']'; expected plain JSON" },
        { "{\"a\":{\"$oid\":\"507f1f77bcf86cd799439011\",}}",
          "f:1:40: a comma before '}'; expected plain JSON" },
        { "{\"a\":{\"$timestamp\":{\"t\":1,\"i\":1,}}}", "f:1:32: a comma before '}'; expected plain JSON" },
    };
    refuse_all(rows, MIG_COUNT(rows), MIG_JSONC_STRICT);
}

static void failing_needs_no_error_and_shows_a_safe_name(void **state)
{
    (void)state;
    struct mig_error err;
    bson_t doc;
    assert_false(mig_jsonc_read("f", "{", 1, 0, &doc, NULL, NULL, NULL));
    assert_false(mig_jsonc_read("a\x1b[2J", "{\"a\":1", 6, 0, &doc, NULL, NULL, &err));
    assert_string_equal(err.message, "a\\x1b[2J:1:7: the text ends; expected '}'");
    assert_string_equal(err.hint, "the '{' at 1:1 is not closed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_structure_is_told_at_its_place),
        cmocka_unit_test(broken_strings_are_told_at_their_place),
        cmocka_unit_test(nul_bytes_are_refused_everywhere),
        cmocka_unit_test(broken_numbers_and_words_are_told_at_their_place),
        cmocka_unit_test(wrong_types_are_told_at_their_place),
        cmocka_unit_test(wrong_members_of_types_are_told_at_their_place),
        cmocka_unit_test(duplicate_keys_name_both_places),
        cmocka_unit_test(duplicates_are_found_among_many_keys),
        cmocka_unit_test(nesting_ends_at_90),
        cmocka_unit_test(size_ends_at_15_megabytes),
        cmocka_unit_test(strict_means_plain_json),
        cmocka_unit_test(failing_needs_no_error_and_shows_a_safe_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
