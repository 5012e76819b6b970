/* Text from outside: strict UTF-8, harmless display, and no secret that survives redaction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rows.h"
#include "base/text.h"

static void only_wellformed_characters_have_a_length(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len, expected;
    } rows[] = {
        { "", 0, 0 },
        { "\0", 1, 1 },
        { "\x7f", 1, 1 },
        { "\x80", 1, 0 },             /* a lone tail */
        { "\xc0\x80", 2, 0 },         /* overlong NUL */
        { "\xc1\xbf", 2, 0 },         /* overlong U+007F */
        { "\xc2\x80", 2, 2 },         /* U+0080, the first of two bytes */
        { "\xdf\xbf", 2, 2 },         /* U+07FF */
        { "\xe0\x9f\xbf", 3, 0 },     /* overlong U+07FF */
        { "\xe0\xa0\x80", 3, 3 },     /* U+0800 */
        { "\xed\x9f\xbf", 3, 3 },     /* U+D7FF */
        { "\xed\xa0\x80", 3, 0 },     /* the first surrogate */
        { "\xed\xbf\xbf", 3, 0 },     /* the last */
        { "\xee\x80\x80", 3, 3 },     /* U+E000 */
        { "\xef\xbf\xbf", 3, 3 },     /* U+FFFF */
        { "\xf0\x8f\xbf\xbf", 4, 0 }, /* overlong U+FFFF */
        { "\xf0\x90\x80\x80", 4, 4 }, /* U+10000 */
        { "\xf4\x8f\xbf\xbf", 4, 4 }, /* U+10FFFF */
        { "\xf4\x90\x80\x80", 4, 0 }, /* beyond */
        { "\xf5\x80\x80\x80", 4, 0 },
        { "\xf8\x88\x80\x80\x80", 5, 0 }, /* five bytes were never allowed */
        { "\xfe", 1, 0 },
        { "\xff", 1, 0 },
        { "\xe2\x82", 2, 0 },     /* half a euro */
        { "\xe2\x82\xac", 2, 0 }, /* the rest is beyond len */
        { "\xf0\x9f\x98", 3, 0 },
        { "\xe2\x28\xa1", 3, 0 },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        assert_int_equal(mig_utf8_len(rows[i].bytes, rows[i].len), rows[i].expected);
}

static void decoding_gives_the_code_point(void **state)
{
    (void)state;
    size_t n;
    assert_int_equal(mig_utf8_decode("A", 1, &n), 'A');
    assert_int_equal(mig_utf8_decode("é", 2, &n), 0xE9);
    assert_int_equal(n, 2);
    assert_int_equal(mig_utf8_decode("€", 3, &n), 0x20AC);
    assert_int_equal(mig_utf8_decode("😀", 4, &n), 0x1F600);
    assert_int_equal(n, 4);
    assert_int_equal(mig_utf8_decode("\xed\xa0\x80", 3, &n), 0xFFFD);
    assert_int_equal(n, 1);
    assert_int_equal(mig_utf8_decode("", 0, &n), 0xFFFD);
    assert_int_equal(n, 1);
}

static void encoding_is_the_reverse_of_decoding(void **state)
{
    (void)state;
    static const uint32_t ends[] = { 0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF };
    for (size_t i = 0; i < MIG_COUNT(ends); i++) {
        char bytes[4];
        size_t n = mig_utf8_encode(ends[i], bytes), read;
        assert_int_equal(mig_utf8_decode(bytes, n, &read), ends[i]);
        assert_int_equal(read, n);
    }
}

static void checking_names_the_first_bad_byte(void **state)
{
    (void)state;
    assert_int_equal(mig_utf8_check("", 0), 0);
    assert_int_equal(mig_utf8_check("a€b", 5), 5);
    assert_int_equal(mig_utf8_check("a€\xff", 5), 4);
    assert_int_equal(mig_utf8_check("a€", 3), 1);
    assert_int_equal(mig_utf8_check("a\0b\x80", 4), 3);
}

static void trimming_cuts_half_a_character_only(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        { "", "" },           { "abc", "abc" },     { "a€", "a€" },
        { "a\xe2\x82", "a" }, { "a\xe2", "a" },     { "a\xf0\x9f\x98", "a" },
        { "a😀", "a😀" },       { "\xe2\x82", "" },   { "€\xc3", "€" },
        { "a\xff", "a" },     { "a\x80", "a\x80" }, { "\x80\x80\x80\x80\x80", "\x80\x80\x80\x80\x80" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        char text[16];
        strncpy(text, rows[i].text, sizeof text);
        mig_utf8_trim(text);
        assert_string_equal(text, rows[i].expected);
    }
}

static void controls_and_invisible_characters_are_unsafe(void **state)
{
    (void)state;
    static const uint32_t unsafe[] = {
        0,      0x1B,   0x1F,   0x7F,   0x80,    0x9B,    0x9F,    0xAD,     0x061C, 0x180E,
        0x200B, 0x200D, 0x200E, 0x200F, 0x2028,  0x2029,  0x202A,  0x202E,   0x2060, 0x2066,
        0x2069, 0xFEFF, 0xFFF9, 0xFFFB, 0xE0000, 0xE0020, 0xE007F, 0x110000,
    };
    static const uint32_t safe[] = { 0x20,   'a',    0x7E,   0xA0,   0xAC,    0xAE,    0x20AC,
                                     0x2010, 0x202F, 0x2192, 0xFFFD, 0x1F600, 0x10FFFF };
    for (size_t i = 0; i < MIG_COUNT(unsafe); i++)
        assert_true(mig_char_is_unsafe(unsafe[i]));
    for (size_t i = 0; i < MIG_COUNT(safe); i++)
        assert_false(mig_char_is_unsafe(safe[i]));
}

static void shown(const char *text, size_t len, size_t max_chars, bool keep_lines, const char *expected)
{
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, 1000);
    mig_text_safe(&out, text, len, max_chars, keep_lines);
    assert_string_equal(out.text, expected);
}

static void what_is_shown_is_harmless_and_still_told(void **state)
{
    (void)state;
    shown("", 0, SIZE_MAX, false, "");
    shown("plain ü €", 12, SIZE_MAX, false, "plain ü €");
    shown("\x1b[31mred\x07", 9, SIZE_MAX, false, "\\x1b[31mred\\x07");
    shown("a\0b", 3, SIZE_MAX, false, "a\\x00b");
    shown("\xc2\x9b"
          "31m",
          5, SIZE_MAX, false, "\\u{009b}31m"); /* CSI as one C1 character */
    shown("\x9b"
          "31m",
          4, SIZE_MAX, false, "\\x9b31m"); /* CSI as one byte */
    shown("user\xe2\x80\xae"
          "gpj.exe",
          14, SIZE_MAX, false, "user\\u{202e}gpj.exe");
    shown("\xf3\xa0\x81\x81", 4, SIZE_MAX, false, "\\u{e0041}");
    shown("\xed\xa0\x80", 3, SIZE_MAX, false, "\\xed\\xa0\\x80");
    shown("a\nb\tc\r\nd\re", 10, SIZE_MAX, false, "a b c d\\x0de");
    shown("a\nb\tc\r\nd\re", 10, SIZE_MAX, true, "a\nb c\nd\\x0de");
}

static void long_texts_end_in_an_ellipsis(void **state)
{
    (void)state;
    shown("abcdef", 6, 6, false, "abcdef");
    shown("abcdef", 6, 5, false, "abcde…");
    shown("abcdef", 6, 0, false, "…");
    shown("", 0, 0, false, "");
    shown("äöü", 6, 2, false, "äö…");
    shown("ab\x1b"
          "c",
          4, 4, false, "ab…"); /* an escape is never cut in half */
    shown("ab\x1b", 3, 6, false, "ab\\x1b");
    MIG_AUTOFREE char *copy = mig_text_safe_dup("a\nb\x7f", SIZE_MAX);
    assert_string_equal(copy, "a b\\x7f");
}

static void the_nearest_name_is_suggested(void **state)
{
    (void)state;
    static const char *const names[] = { "collection", "createIndexes", "update", "updates", "insert", "id",
                                         NULL };
    assert_string_equal(mig_text_nearest("colection", names), "collection");
    assert_string_equal(mig_text_nearest("createindexes", names), "createIndexes");
    assert_string_equal(mig_text_nearest("udpate", names), "update"); /* one swap */
    assert_string_equal(mig_text_nearest("update", names), "update");
    assert_string_equal(mig_text_nearest("isnert", names), "insert");
    assert_string_equal(mig_text_nearest("ID", names), "id");
    assert_null(mig_text_nearest("xd", names));
    assert_null(mig_text_nearest("quux", names));
    assert_null(mig_text_nearest("", names));
    assert_null(mig_text_nearest(
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", names));
}

static void redaction_lets_only_hosts_and_database_through(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *expected;
    } rows[] = {
        { "mongodb://localhost", "mongodb://localhost" },
        { "mongodb://localhost:27017/", "mongodb://localhost:27017" },
        { "mongodb://u:p@h:1,h2:65535/db?w=1", "mongodb://h:1,h2:65535/db" },
        { "mongodb+srv://admin:s3cr3t@cluster0.ab1.mongodb.net/app?retryWrites=true",
          "mongodb+srv://cluster0.ab1.mongodb.net/app" },
        { "mongodb://u@h/db", "mongodb://h/db" },
        { "mongodb://[::1]:27017,[fe80::1]/x", "mongodb://[::1]:27017,[fe80::1]/x" },
        { "mongodb://u:p@%2Ftmp%2Fmongodb-27017.sock/db", "mongodb://%2Ftmp%2Fmongodb-27017.sock/db" },
        { "  mongodb://u:p@h/db\n", "mongodb://h" },
        /* passwords that should have been percent-encoded */
        { "mongodb://u:p@ss@h/", "mongodb://h" },
        { "mongodb://u:p@ss@h/db", "mongodb://h/db" },
        { "mongodb://u:p/ss@h/db", "mongodb://h/db" },
        { "mongodb://u:p?ss@h/db", "mongodb://***" },
        { "mongodb://u:p#ss@h/db", "mongodb://h/db" },
        { "mongodb://u:p:ss@h", "mongodb://h" },
        { "mongodb://u:p%40h/db", "mongodb://***" },
        { "mongodb://h1:1,u:p@h2:2/db", "mongodb://h2:2/db" },
        /* credentials in options */
        { "mongodb://h/db?authMechanismProperties=AWS_SESSION_TOKEN:tok", "mongodb://h/db" },
        { "mongodb://h/?proxyPassword=a@b", "mongodb://***" },
        { "mongodb://u:p@h?tlsCertificateKeyFilePassword=x", "mongodb://h" },
        { "mongodb://h/db&password=x", "mongodb://h" },
        /* the host is missing, so the secret stands in its place */
        { "mongodb://admin:hunter2", "mongodb://***" },
        { "mongodb://admin:123456", "mongodb://***" },
        { "mongodb://u:p@", "mongodb://***" },
        { "mongodb://", "mongodb://***" },
        { "mongodb:///db", "mongodb://***" },
        { "mongodb://h,,h2", "mongodb://***" },
        { "mongodb://h:0", "mongodb://***" },
        { "mongodb://[::1", "mongodb://***" },
        { "mongodb://[]", "mongodb://***" },
        { "mongodb://h\x1b[31m/", "mongodb://***" },
        /* no scheme, or not one we know: perhaps a bare secret */
        { "user:pw@host", "***" },
        { "hunter2", "***" },
        { "pa@ss", "***" },
        { "", "***" },
        { "mongodb:/u:p@h", "***" },
        { "mongo://u:p@h", "***" },
        { "hunter2://x", "***" },
        /* web hooks carry their secret in the path */
        { "https://hooks.example.com/services/T0/B0/xyz", "https://hooks.example.com" },
        { "https://u:p@h:8443/x?token=1", "https://h:8443" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        MIG_AUTOFREE char *once = mig_text_redact_uri(rows[i].uri);
        MIG_AUTOFREE char *twice = mig_text_redact_uri(once);
        assert_string_equal(once, rows[i].expected);
        assert_string_equal(twice, once);
    }
}

static void integers_are_strict(void **state)
{
    (void)state;
    int64_t n = 7;
    assert_true(mig_text_int("9223372036854775807", INT64_MIN, INT64_MAX, &n) && n == INT64_MAX);
    assert_true(mig_text_int("-9223372036854775808", INT64_MIN, INT64_MAX, &n) && n == INT64_MIN);
    assert_true(mig_text_int("-0", 0, 0, &n) && n == 0);
    assert_true(mig_text_int("010", 0, 100, &n) && n == 10);
    n = 7;
    static const char *const wrong[] = { "",
                                         "-",
                                         "+1",
                                         " 1",
                                         "1 ",
                                         "1.0",
                                         "0x1",
                                         "1e3",
                                         "--1",
                                         "9223372036854775808",
                                         "-9223372036854775809",
                                         "99999999999999999999999" };
    for (size_t i = 0; i < MIG_COUNT(wrong); i++)
        assert_false(mig_text_int(wrong[i], INT64_MIN, INT64_MAX, &n));
    assert_false(mig_text_int("11", 1, 10, &n));
    assert_false(mig_text_int("0", 1, 10, &n));
    assert_int_equal(n, 7);
}

static void durations_have_one_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = { { "90", 90 },        { "90ms", 90 },      { "5s", 5000 }, { "10m", 600000 },
                 { "24h", 86400000 }, { "7d", 604800000 }, { "0", 0 } };
    static const char *const wrong[] = { "",   "s",  "-1s", "1.5s",          "1 s",
                                         "5S", "1w", "5s1", "106751991168d", "9223372036854775808" };
    int64_t ms;
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        assert_true(mig_text_duration(rows[i].text, &ms));
        assert_int_equal(ms, rows[i].ms);
    }
    for (size_t i = 0; i < MIG_COUNT(wrong); i++)
        assert_false(mig_text_duration(wrong[i], &ms));
}

static void versions_sort_as_numbers_then_as_text(void **state)
{
    (void)state;
    static const char *const sorted[] = {
        "0",
        "1",
        "2",
        "10",
        "20261101120000",
        "20261101120001",
        "99999999999999999999999999999999999999999",
        "",
        "10_x",
        "1a",
        "V1",
        "a",
        "b",
    };
    for (size_t a = 0; a < MIG_COUNT(sorted); a++)
        for (size_t b = 0; b < MIG_COUNT(sorted); b++) {
            int order = mig_version_compare(sorted[a], sorted[b]);
            assert_int_equal((order > 0) - (order < 0), (a > b) - (a < b));
        }
    assert_int_equal(mig_version_compare("000010", "10"), 0);
    assert_true(mig_version_compare("000009", "10") < 0);
}

static void numbers_have_thousands(void **state)
{
    (void)state;
    struct mig_buf out;
    mig_buf_init(&out, 1 << 10);
    static const int64_t numbers[] = { 0, 999, 1000, -1234567, INT64_MIN, INT64_MAX };
    for (size_t i = 0; i < 6; i++) {
        mig_text_number(&out, numbers[i]);
        mig_buf_char(&out, ' ');
    }
    mig_text_count(&out, 1, "step");
    mig_text_count(&out, 2000, "step");
    assert_string_equal(out.text,
                        "0 999 1,000 -1,234,567 -9,223,372,036,854,775,808 9,223,372,036,854,775,807 "
                        "1 step2,000 steps");
    mig_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_wellformed_characters_have_a_length),
        cmocka_unit_test(decoding_gives_the_code_point),
        cmocka_unit_test(encoding_is_the_reverse_of_decoding),
        cmocka_unit_test(checking_names_the_first_bad_byte),
        cmocka_unit_test(trimming_cuts_half_a_character_only),
        cmocka_unit_test(controls_and_invisible_characters_are_unsafe),
        cmocka_unit_test(what_is_shown_is_harmless_and_still_told),
        cmocka_unit_test(long_texts_end_in_an_ellipsis),
        cmocka_unit_test(the_nearest_name_is_suggested),
        cmocka_unit_test(redaction_lets_only_hosts_and_database_through),
        cmocka_unit_test(integers_are_strict),
        cmocka_unit_test(durations_have_one_unit),
        cmocka_unit_test(numbers_have_thousands),
        cmocka_unit_test(versions_sort_as_numbers_then_as_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
