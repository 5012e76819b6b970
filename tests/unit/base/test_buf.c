/* Bounded strings: always terminated, whole pieces or nothing, overflow remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void a_new_buffer_is_an_empty_string(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf buf;
    mig_buf_init(&buf, 10);
    assert_string_equal(buf.text, "");
    mig_buf_add(&buf, NULL, 0);
    mig_buf_str(&buf, "");
    mig_buf_fill(&buf, 'x', 0);
    assert_string_equal(buf.text, "");
    assert_false(buf.overflow);
}

static void what_does_not_fit_is_dropped_whole(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf buf;
    mig_buf_init(&buf, 5);
    mig_buf_str(&buf, "abc");
    mig_buf_str(&buf, "def");
    assert_string_equal(buf.text, "abc");
    assert_true(buf.overflow);
    mig_buf_str(&buf, "d"); /* would fit, but the text already has a hole */
    assert_string_equal(buf.text, "abc");
    mig_buf_reset(&buf);
    assert_false(buf.overflow);
    mig_buf_str(&buf, "vwxyz");
    assert_string_equal(buf.text, "vwxyz");
    assert_false(buf.overflow);
    mig_buf_fill(&buf, 'q', SIZE_MAX);
    assert_true(buf.overflow);
}

static void growing_keeps_the_text(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf buf;
    mig_buf_init(&buf, 100000);
    for (int i = 0; i < 10000; i++)
        mig_buf_printf(&buf, "%04d,", i);
    assert_int_equal(buf.len, 50000);
    assert_memory_equal(buf.text + 5 * 7777, "7777,", 5);
    assert_false(buf.overflow);
    mig_buf_fill(&buf, '-', 3);
    mig_buf_char(&buf, '!');
    assert_string_equal(buf.text + 50000, "---!");
}

static void bytes_may_hold_nul(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf buf;
    mig_buf_init(&buf, 10);
    mig_buf_add(&buf, "a\0b", 3);
    assert_int_equal(buf.len, 3);
    assert_memory_equal(buf.text, "a\0b", 4);
}

static void json_text_is_escaped_and_made_utf8(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf buf;
    mig_buf_init(&buf, 200);
    mig_buf_json(&buf, "a\"b\\c\n\t\r\x01\x7f€\xff\xe2\x82");
    assert_string_equal(buf.text, "a\\\"b\\\\c\\n\\t\\r\\u0001\\u007f€\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void the_detached_text_belongs_to_the_caller(void **state)
{
    (void)state;
    struct mig_buf buf;
    mig_buf_init(&buf, 10);
    mig_buf_str(&buf, "one");
    char *text = mig_buf_detach(&buf);
    mig_buf_str(&buf, "two");
    assert_string_equal(text, "one");
    assert_string_equal(buf.text, "two");
    assert_int_equal(buf.max, 10);
    free(text);
    mig_buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_buffer_is_an_empty_string),
        cmocka_unit_test(what_does_not_fit_is_dropped_whole),
        cmocka_unit_test(growing_keeps_the_text),
        cmocka_unit_test(bytes_may_hold_nul),
        cmocka_unit_test(json_text_is_escaped_and_made_utf8),
        cmocka_unit_test(the_detached_text_belongs_to_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
