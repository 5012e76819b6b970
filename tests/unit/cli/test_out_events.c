/* Events as lines: the shape people know, one source for live and past, nothing raw from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/out_events.h"

struct sink {
    struct mig_buf text;
    struct out_events events;
};

static void to_sink(void *ctx, const char *bytes, size_t len)
{
    mig_buf_add(ctx, bytes, len);
}

static int setup(void **state)
{
    struct sink *sink = calloc(1, sizeof *sink);
    mig_buf_init(&sink->text, 1 << 20);
    out_events_init(&sink->events, &(struct cli_style){ .utf8 = true }, to_sink, &sink->text);
    *state = sink;
    return 0;
}

static int teardown(void **state)
{
    struct sink *sink = *state;
    mig_buf_done(&sink->text);
    free(sink);
    return 0;
}

static void feed(struct sink *sink, const char *json)
{
    bson_error_t error;
    bson_t *event = bson_new_from_json((const uint8_t *)json, -1, &error);
    if (!event)
        fail_msg("%s: %s", json, error.message);
    out_events_feed(&sink->events, event);
    bson_destroy(event);
}

static void a_run_reads_as_atlas_prints_it(void **state)
{
    struct sink *sink = *state;
    feed(
        sink,
        "{\"event\":\"run.started\",\"at\":\"2026-11-21T07:00:00.000Z\",\"migrations\":2,\"target\":\"3\",\"current\":\"1\"}");
    feed(sink, "{\"event\":\"lock.acquired\",\"token\":7}");
    feed(sink,
         "{\"event\":\"migration.started\",\"version\":\"2\",\"title\":\"add index\",\"direction\":\"up\"}");
    feed(sink, "{\"event\":\"step.started\",\"version\":\"2\",\"step\":\"idx\",\"kind\":\"createIndexes\"}");
    feed(
        sink,
        "{\"event\":\"step.done\",\"version\":\"2\",\"step\":\"idx\",\"kind\":\"createIndexes\",\"durationMs\":11}");
    feed(sink, "{\"event\":\"migration.done\",\"version\":\"2\",\"durationMs\":12}");
    feed(sink, "{\"event\":\"migration.started\",\"version\":\"3\",\"title\":\"seed\"}");
    feed(sink, "{\"event\":\"step.started\",\"version\":\"3\",\"step\":\"rows\",\"kind\":\"insert\"}");
    feed(sink,
         "{\"event\":\"step.done\",\"step\":\"rows\",\"durationMs\":2100,\"inserted\":1200,\"modified\":0}");
    feed(sink, "{\"event\":\"migration.done\",\"version\":\"3\",\"durationMs\":2101}");
    feed(
        sink,
        "{\"event\":\"run.finished\",\"status\":\"succeeded\",\"applied\":2,\"steps\":2,\"durationMs\":2200}");
    assert_string_equal(sink->text.text, "Migrating to version 3 from 1 (2 migrations in total):\n"
                                         "\n  -- migrating version 2 (add index)\n"
                                         "    -> idx: createIndexes\n"
                                         "  -- ok (12ms)\n"
                                         "\n  -- migrating version 3 (seed)\n"
                                         "    -> rows: insert\n"
                                         "       1,200 inserted, 2.1s\n"
                                         "  -- ok (2.1s)\n"
                                         "\n  -------------------------\n"
                                         "  -- 2.2s\n"
                                         "  -- 2 migrations\n"
                                         "  -- 2 steps\n");
    assert_int_equal(sink->events.exit_status, 0);
    assert_true(sink->events.finished);
}

/* Steps of a group are told once all of them are committed: each by its end alone. */
static void a_step_that_is_told_by_its_end_alone_is_named(void **state)
{
    struct sink *sink = *state;
    feed(sink, "{\"event\":\"migration.started\",\"version\":\"3\",\"title\":\"seed\"}");
    feed(sink,
         "{\"event\":\"step.done\",\"step\":\"a\",\"kind\":\"insert\",\"durationMs\":1,\"inserted\":3}");
    feed(sink, "{\"event\":\"step.done\",\"step\":\"b\",\"kind\":\"assert\",\"durationMs\":1}");
    assert_string_equal(sink->text.text, "\n  -- migrating version 3 (seed)\n"
                                         "    -> a: insert\n"
                                         "       3 inserted\n"
                                         "    -> b: assert\n");
}

static void a_failure_stands_under_its_step_and_in_the_footer(void **state)
{
    struct sink *sink = *state;
    sink->events.with_error = true;
    feed(sink, "{\"event\":\"migration.started\",\"version\":\"2\"}");
    feed(sink, "{\"event\":\"step.started\",\"step\":\"idx\",\"kind\":\"createIndexes\"}");
    feed(sink,
         "{\"event\":\"step.failed\",\"step\":\"idx\",\"message\":\"E11000 \\u001b[2J\",\"code\":11000}");
    feed(
        sink,
        "{\"event\":\"run.finished\",\"status\":\"failed\",\"applied\":0,\"steps\":0,\"durationMs\":5,\"error\":"
        "{\"code\":11000,\"name\":\"step-failed\",\"message\":\"it failed\",\"hint\":\"resume\"}}");
    assert_string_equal(sink->text.text, "\n  -- migrating version 2\n"
                                         "    -> idx: createIndexes\n"
                                         "       failed: E11000 \\x1b[2J\n"
                                         "\n  -------------------------\n"
                                         "  -- 5ms\n"
                                         "  -- 0 migrations ok, 1 with errors\n"
                                         "  -- 0 steps ok, 1 with errors\n"
                                         "  -- failed\n"
                                         "\nit failed\n  Next    resume\n");
    assert_int_equal(sink->events.exit_status, 1);
}

/* A run that was refused prints no announcement of work that never began. */
static void a_refused_run_announces_nothing(void **state)
{
    struct sink *sink = *state;
    feed(sink, "{\"event\":\"run.started\",\"migrations\":2,\"target\":\"3\"}");
    feed(sink, "{\"event\":\"run.finished\",\"status\":\"failed\",\"error\":{\"name\":\"locked\"}}");
    assert_string_equal(sink->text.text, "");
}

static void the_exit_status_is_the_runs_own(void **state)
{
    struct sink *sink = *state;
    feed(sink, "{\"event\":\"run.finished\",\"status\":\"failed\",\"error\":{\"name\":\"locked\"}}");
    assert_int_equal(sink->events.exit_status, 3);
    feed(sink, "{\"event\":\"run.finished\",\"status\":\"fenced\"}");
    assert_int_equal(sink->events.exit_status, 75);
    feed(sink, "{\"event\":\"run.finished\",\"status\":\"stopped\"}");
    assert_int_equal(sink->events.exit_status, 130);
    feed(sink, "{\"event\":\"run.finished\",\"status\":\"unknown\"}");
    assert_int_equal(sink->events.exit_status, 1);
}

#define PROGRESS(second, done) \
    "{\"event\":\"progress\",\"at\":\"2026-11-21T07:00:" second "Z\",\"step\":\"b\",\"done\":" done \
    ",\"total\":10000}"

static void progress_in_a_pipe_is_a_line_every_few_seconds(void **state)
{
    struct sink *sink = *state;
    feed(
        sink,
        "{\"event\":\"step.started\",\"at\":\"2026-11-21T07:00:00.000Z\",\"step\":\"b\",\"kind\":\"batch\"}");
    feed(sink, PROGRESS("01.000", "1000"));
    feed(sink, PROGRESS("04.999", "2000"));
    feed(sink, PROGRESS("05.000", "2500"));
    feed(sink, PROGRESS("06.000", "3000"));
    feed(sink, PROGRESS("10.000", "5000"));
    assert_string_equal(sink->text.text, "    -> b: batch\n"
                                         "       2,500 of 10,000 (25%), 500/s, 15s left\n"
                                         "       5,000 of 10,000 (50%), 500/s, 10s left\n");
}

static void progress_on_a_terminal_is_rewritten_in_place(void **state)
{
    struct sink *sink = *state;
    sink->events.style.tty = true;
    sink->events.style.columns = 80;
    feed(
        sink,
        "{\"event\":\"step.started\",\"at\":\"2026-11-21T07:00:00.000Z\",\"step\":\"b\",\"kind\":\"batch\"}");
    mig_buf_reset(&sink->text);
    feed(sink, PROGRESS("01.000", "1000"));
    feed(sink, PROGRESS("01.050", "1100"));
    feed(sink, PROGRESS("02.000", "2000"));
    feed(sink, "{\"event\":\"step.done\",\"step\":\"b\",\"durationMs\":3000,\"modified\":10000}");
    assert_string_equal(sink->text.text, "       1,000 of 10,000 (10%), 1,000/s, 9s left"
                                         "\r\033[K       2,000 of 10,000 (20%), 1,000/s, 8s left"
                                         "\r\033[K       10,000 modified, 3.0s\n");
    assert_false(sink->events.open_line);
}

/* A step that says nothing at its end still ends the progress line before the next line. */
static void an_open_progress_line_never_runs_into_the_next(void **state)
{
    struct sink *sink = *state;
    sink->events.style.tty = true;
    feed(
        sink,
        "{\"event\":\"step.started\",\"at\":\"2026-11-21T07:00:00.000Z\",\"step\":\"b\",\"kind\":\"batch\"}");
    feed(sink, PROGRESS("01.000", "1000"));
    feed(sink, "{\"event\":\"step.done\",\"step\":\"b\",\"durationMs\":3}");
    mig_buf_reset(&sink->text);
    feed(sink, "{\"event\":\"migration.done\",\"version\":\"2\",\"durationMs\":1}");
    assert_string_equal(sink->text.text, "\r\033[K  -- ok (1ms)\n");
}

static void what_is_unknown_or_odd_is_passed_over(void **state)
{
    struct sink *sink = *state;
    feed(sink, "{\"event\":\"run.dreamt\"}");
    feed(sink, "{}");
    feed(sink, "{\"event\":5}");
    assert_string_equal(sink->text.text, "");
    feed(sink, "{\"event\":\"progress\",\"done\":\"x\",\"total\":-5,\"rate\":{\"$numberDouble\":\"NaN\"}}");
    feed(sink,
         "{\"event\":\"progress\",\"at\":\"2026-11-21T07:00:09Z\",\"done\":9223372036854775807,\"total\":1}");
    feed(sink, "{\"event\":\"migration.started\"}");
    feed(sink, "{\"event\":\"run.finished\"}");
    assert_int_equal(sink->events.exit_status, 1);
}

static void checks_warnings_and_output_are_told(void **state)
{
    struct sink *sink = *state;
    feed(sink, "{\"event\":\"check.done\",\"name\":\"order\",\"state\":\"ok\"}");
    feed(sink, "{\"event\":\"check.done\",\"name\":\"lag\",\"state\":\"failed\",\"reason\":\"12s behind\"}");
    feed(sink, "{\"event\":\"warning\",\"message\":\"no transactions\"}");
    feed(sink, "{\"event\":\"output\",\"line\":\"from a child\"}");
    feed(sink, "{\"event\":\"run.stopping\",\"by\":\"ana\"}");
    assert_string_equal(sink->text.text, "\n  -- check lag failed: 12s behind\n"
                                         "  -- warning: no transactions\n"
                                         "       | from a child\n"
                                         "  -- stopping after this step, asked by ana\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_reads_as_atlas_prints_it),
        TEST(a_step_that_is_told_by_its_end_alone_is_named),
        TEST(a_failure_stands_under_its_step_and_in_the_footer),
        TEST(a_refused_run_announces_nothing),
        TEST(the_exit_status_is_the_runs_own),
        TEST(progress_in_a_pipe_is_a_line_every_few_seconds),
        TEST(progress_on_a_terminal_is_rewritten_in_place),
        TEST(an_open_progress_line_never_runs_into_the_next),
        TEST(what_is_unknown_or_odd_is_passed_over),
        TEST(checks_warnings_and_output_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
