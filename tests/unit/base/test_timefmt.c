/* Times as text: exact over the whole calendar, strict when read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <time.h>

#include "base/rows.h"
#include "base/timefmt.h"

static void known_instants_are_written_exactly(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *iso, *version;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z", "19700101000000" },
        { -1, "1969-12-31T23:59:59.999Z", "19691231235959" },
        { 951782400000, "2000-02-29T00:00:00.000Z", "20000229000000" },
        { 4107542399999, "2100-02-28T23:59:59.999Z", "21000228235959" },
        { 4107542400000, "2100-03-01T00:00:00.000Z", "21000301000000" },
        { 253402300799999, "9999-12-31T23:59:59.999Z", "99991231235959" },
        { 253402300800000, "", "" },
        { -62167219200000, "0000-01-01T00:00:00.000Z", "00000101000000" },
        { -62167219200001, "", "" },
        { INT64_MAX, "", "" },
        { INT64_MIN, "", "" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        char text[MIG_TIME_SIZE];
        mig_time_iso(rows[i].ms, text);
        assert_string_equal(text, rows[i].iso);
        mig_time_version(rows[i].ms, text);
        assert_string_equal(text, rows[i].version);
    }
}

/* Every 7th day and some of ten thousand years: the C library agrees, and reading gives the same instant. */
static void writing_agrees_with_the_c_library_and_reads_back(void **state)
{
    (void)state;
    for (int64_t ms = -62167219200000; ms <= 253402300799999; ms += 7 * 86400000 + 12345678) {
        char ours[MIG_TIME_SIZE], theirs[MIG_TIME_SIZE];
        time_t seconds = ms / 1000 - (ms % 1000 < 0);
        struct tm tm;
        int64_t back;
        mig_time_version(ms, ours);
        gmtime_r(&seconds, &tm);
        snprintf(theirs, sizeof theirs, "%04u%02u%02u%02u%02u%02u", (tm.tm_year + 1900u) % 10000u,
                 (tm.tm_mon + 1u) % 100u, tm.tm_mday % 100u, tm.tm_hour % 100u, tm.tm_min % 100u,
                 tm.tm_sec % 100u);
        assert_string_equal(ours, theirs);
        mig_time_iso(ms, ours);
        assert_true(mig_time_parse(ours, &back));
        assert_int_equal(back, ms);
    }
}

static void zones_and_fractions_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0 },      { "1970-01-01t00:00:00z", 0 },
        { "1970-01-01T00:00:00.5Z", 500 },  { "1970-01-01T00:00:00.123456789Z", 123 },
        { "1970-01-01T01:30:00+01:30", 0 }, { "1969-12-31T19:00:00.001-05:00", 1 },
        { "1970-01-01T00:00:00-00:00", 0 }, { "2024-02-29T23:59:59.999+00:00", 1709251199999 },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        int64_t ms;
        assert_true(mig_time_parse(rows[i].text, &ms));
        assert_int_equal(ms, rows[i].ms);
    }
}

static void what_is_not_rfc3339_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01 00:00:00Z",
        "1970-01-01T00:00Z",
        "1970-1-1T00:00:00Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00Zx",
        "1970-01-01T00:00:00+0100",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+01:60",
        "1970-00-01T00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-01-00T00:00:00Z",
        "1970-04-31T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "2016-12-31T23:59:60Z",
        "-970-01-01T00:00:00Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    for (size_t i = 0; i < MIG_COUNT(wrong); i++) {
        int64_t ms = 42;
        assert_false(mig_time_parse(wrong[i], &ms));
        assert_int_equal(ms, 42);
    }
}

static void durations_are_short(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        { 0, "0ms" },           { 12, "12ms" },
        { 999, "999ms" },       { 1000, "1.0s" },
        { 4299, "4.2s" },       { 59999, "59.9s" },
        { 4000, "4.0s" },       { 60000, "1m" },
        { 61999, "1m01s" },     { 192000, "3m12s" },
        { 3599999, "59m59s" },  { 3600000, "1h" },
        { 3659999, "1h" },      { 7500000, "2h05m" },
        { 86399999, "23h59m" }, { 86400000, "1d" },
        { 273600000, "3d04h" }, { 2592000000, "30d" },
        { -4200, "-4.2s" },     { INT64_MIN, "-106751991167d07h" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        char text[MIG_TIME_SIZE];
        mig_time_duration(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_instants_are_written_exactly),
        cmocka_unit_test(writing_agrees_with_the_c_library_and_reads_back),
        cmocka_unit_test(zones_and_fractions_are_read),
        cmocka_unit_test(what_is_not_rfc3339_is_refused),
        cmocka_unit_test(durations_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
