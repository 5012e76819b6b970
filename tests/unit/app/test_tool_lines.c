/* mongodump's lines, as versions 100.5 to 100.18 print them. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <string.h>

#include "app/backup/tool_lines.h"

#define TIME "2026-11-21T14:36:19.298+0000\t"

static const char *take(struct tool_lines *lines, const char *line)
{
    const char *text;
    return tool_lines_take(lines, line, &text) ? NULL : text;
}

static void lines_are_shown_without_their_time(void **state)
{
    struct tool_lines lines = { 0 };
    (void)state;
    assert_string_equal(take(&lines, TIME "writing `shop.people` to archive"),
                        "writing `shop.people` to archive");
    assert_string_equal(take(&lines, "no time before it"), "no time before it");
}

/* Several collections at once: their bars come in turn, and a collection that is done counts once. */
static void documents_of_all_collections_are_counted_once(void **state)
{
    static const struct {
        const char *line;
        int64_t documents;
    } rows[] = {
        { TIME "[####....................]  shop.people  1000/5000  (20.0%)", 1000 },
        { TIME "[##......................]  shop.orders  50/500  (10.0%)", 1050 },
        { TIME "[########................]  shop.people  2000/5000  (40.0%)", 2050 },
        { TIME "done dumping `shop.orders` (512 documents)", 2512 },
        { TIME "[############............]  shop.people  4000/5000  (80.0%)", 4512 },
        { TIME "done dumping shop.people (5001 documents)", 5513 },
        { TIME "done dumping `shop.one` (1 document)", 5514 },
    };
    struct tool_lines lines = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_null(take(&lines, rows[i].line));
        assert_int_equal(tool_lines_documents(&lines), rows[i].documents);
    }
    assert_int_equal(lines.claimed, 5514);
    assert_int_equal(lines.collections_claimed, 3);
    assert_string_equal(lines.at, "shop.people");
}

static void more_bars_than_there_is_room_for_are_not_counted(void **state)
{
    static const char *const names = "abcdefghijkl";
    struct tool_lines lines = { 0 };
    (void)state;
    for (const char *p = names; *p; p++) {
        char line[64] = "[#...]  shop.?  1/2  (50.0%)";
        *strchr(line, '?') = *p;
        assert_null(take(&lines, line));
    }
    assert_int_equal(tool_lines_documents(&lines), TOOL_BARS);
}

/* What stands behind "Failed:" is the reason, whatever is said after it. */
static void the_reason_of_a_failure_is_found(void **state)
{
    struct tool_lines lines = { 0 };
    (void)state;
    take(&lines, TIME "writing `shop.people` to archive");
    assert_string_equal(lines.why, "");
    take(&lines, TIME "error parsing command line options: unknown option");
    take(&lines, TIME "try 'mongodump --help' for more information");
    assert_string_equal(lines.why, "error parsing command line options: unknown option");
    take(&lines, TIME "Failed: error dumping: (Unauthorized) not allowed");
    take(&lines, TIME "something more");
    assert_string_equal(lines.why, "error dumping: (Unauthorized) not allowed");
}

static void documents_that_failed_are_counted(void **state)
{
    struct tool_lines lines = { 0 };
    (void)state;
    take(&lines, TIME "10 document(s) dumped. 2 document(s) failed");
    take(&lines, TIME "3 document(s) failed");
    assert_int_equal(lines.failed, 5);
}

static void a_connection_string_is_not_shown(void **state)
{
    struct tool_lines lines = { 0 };
    (void)state;
    const char *text = take(&lines, TIME "Failed: can't connect to mongodb://u:secret@host/");
    assert_null(strstr(text, "secret"));
    assert_null(strstr(lines.why, "secret"));
}

/* Lines that only look like progress are shown; none of them breaks anything. */
static void odd_lines_are_only_shown(void **state)
{
    static const char *const rows[] = { "[",
                                        "[]/",
                                        "[#/",
                                        "done dumping",
                                        "done dumping ``",
                                        "/]",
                                        "[x] y z/",
                                        "99999999999999999999 document(s) failed",
                                        "" };
    struct tool_lines lines = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_non_null(take(&lines, rows[i]));
    assert_int_equal(tool_lines_documents(&lines), 0);
    assert_int_equal(lines.failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_shown_without_their_time),
        cmocka_unit_test(documents_of_all_collections_are_counted_once),
        cmocka_unit_test(more_bars_than_there_is_room_for_are_not_counted),
        cmocka_unit_test(the_reason_of_a_failure_is_found),
        cmocka_unit_test(documents_that_failed_are_counted),
        cmocka_unit_test(a_connection_string_is_not_shown),
        cmocka_unit_test(odd_lines_are_only_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
