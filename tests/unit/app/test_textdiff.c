/* Differences of texts: shortest, whole, and printed as every tool reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/textdiff.h"

static char *unified(const char *a, const char *b)
{
    struct mig_diff diff;
    mig_diff_texts(a, b, &diff);
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&out, 1 << 20);
    mig_diff_unified(&diff, "old", "new", 1, &out);
    mig_diff_done(&diff);
    return mig_buf_detach(&out);
}

static void expect(const char *a, const char *b, const char *text)
{
    char *got = unified(a, b);
    assert_string_equal(got, text);
    free(got);
}

static void equal_texts_have_no_difference(void **state)
{
    (void)state;
    expect("", "", "");
    expect("a\nb\n", "a\nb\n", "");
    expect("a", "a", "");
}

static void a_changed_line_stands_between_its_neighbours(void **state)
{
    (void)state;
    expect("a\nb\nc\nd\n", "a\nb\nX\nd\n", "--- old\n+++ new\n@@ -2,3 +2,3 @@\n b\n-c\n+X\n d\n");
}

static void distant_changes_are_hunks_of_their_own(void **state)
{
    (void)state;
    expect("1\n2\n3\n4\n5\n6\n7\n", "2\n3\n4\n5\n6\n7\n8\n",
           "--- old\n+++ new\n@@ -1,2 +1 @@\n-1\n 2\n@@ -7 +6,2 @@\n 7\n+8\n");
}

static void the_empty_text_has_line_zero(void **state)
{
    (void)state;
    expect("", "a\n", "--- old\n+++ new\n@@ -0,0 +1 @@\n+a\n");
    expect("a\n", "", "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n");
}

static void a_missing_last_newline_shows(void **state)
{
    (void)state;
    expect("a\nb\n", "a\nb", "--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n");
    expect("a\nb", "x\nb", "--- old\n+++ new\n@@ -1,2 +1,2 @@\n-a\n+x\n b\n\\ No newline at end of file\n");
}

static void lines_are_made_safe(void **state)
{
    (void)state;
    expect("a\r\n", "\x1b[2J\n", "--- old\n+++ new\n@@ -1 +1 @@\n-a\\x0d\n+\\x1b[2J\n");
}

/* The way from one text to the other is as short as can be: found by the textbook's quadratic table. */
static size_t shortest(const char *a, const char *b)
{
    size_t n = strlen(a) / 2;
    size_t m = strlen(b) / 2;
    size_t table[41][41] = { { 0 } };
    for (size_t i = n; i-- > 0;) {
        for (size_t j = m; j-- > 0;) {
            size_t skip = table[i + 1][j] > table[i][j + 1] ? table[i + 1][j] : table[i][j + 1];
            table[i][j] = a[2 * i] == b[2 * j] ? table[i + 1][j + 1] + 1 : skip;
        }
    }
    return n + m - 2 * table[0][0];
}

static void the_script_is_shortest_and_complete(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 3000; round++) {
        char text[2][81] = { "", "" };
        for (int side = 0; side < 2; side++) {
            seed = seed * 1664525 + 1013904223;
            size_t lines = (seed >> 16) % 40;
            for (size_t i = 0; i < lines; i++) {
                seed = seed * 1664525 + 1013904223;
                text[side][2 * i] = (char)('a' + (seed >> 20) % (2 + round % 5));
                text[side][2 * i + 1] = '\n';
            }
        }
        struct mig_diff diff;
        mig_diff_texts(text[0], text[1], &diff);
        assert_int_equal(diff.added + diff.removed, shortest(text[0], text[1]));
        char rebuilt[2][81] = { "", "" };
        size_t at[2] = { 0, 0 };
        for (size_t i = 0; i < diff.count; i++) {
            for (int side = 0; side < 2; side++) {
                if (diff.lines[i].mark != (side ? '-' : '+')) {
                    rebuilt[side][at[side]++] = diff.lines[i].text[0];
                    rebuilt[side][at[side]++] = '\n';
                }
            }
        }
        assert_string_equal(rebuilt[0], text[0]);
        assert_string_equal(rebuilt[1], text[1]);
        mig_diff_done(&diff);
    }
}

/* Beyond the ceiling it says "replaced whole" instead of thinking for minutes. */
static void hostile_texts_end_too(void **state)
{
    (void)state;
    struct mig_buf a, b;
    mig_buf_init(&a, 1 << 22);
    mig_buf_init(&b, 1 << 22);
    for (int i = 0; i < 20000; i++) {
        mig_buf_printf(&a, "a%d\n", i);
        mig_buf_printf(&b, "b%d\n", i);
    }
    struct mig_diff diff;
    mig_diff_texts(a.text, b.text, &diff);
    assert_int_equal(diff.added, 20000);
    assert_int_equal(diff.removed, 20000);
    mig_diff_done(&diff);
    mig_buf_done(&a);
    mig_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_no_difference),
        cmocka_unit_test(a_changed_line_stands_between_its_neighbours),
        cmocka_unit_test(distant_changes_are_hunks_of_their_own),
        cmocka_unit_test(the_empty_text_has_line_zero),
        cmocka_unit_test(a_missing_last_newline_shows),
        cmocka_unit_test(lines_are_made_safe),
        cmocka_unit_test(the_script_is_shortest_and_complete),
        cmocka_unit_test(hostile_texts_end_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
