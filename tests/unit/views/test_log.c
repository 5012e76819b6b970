/* A run's log: live or long over, from the first line, never moving under the reader's eyes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "support/view_stage.h"
#include "views/log_private.h"

#define AT(time) "'at': '2026-11-21T" time "Z', 'run': '" WORLD_RUN "'"

static const char *const live[] = {
    "{'event': 'run.started', " AT(
        "14:01:28.104") ", 'environment': 'dev', 'command': 'apply', 'operator': 'ivo', "
                        "'host': 'bastion-2', 'migrations': 2, 'steps': 3}",
    "{'event': 'lock.acquired', " AT("14:01:28.131") ", 'token': 7}",
    "{'event': 'check.done', " AT("14:01:28.377") ", 'name': 'lock', 'state': 'ok', 'reason': ''}",
    "{'event': 'migration.started', " AT(
        "14:01:30.000") ", 'version': '20261120090000', 'title': 'skus in capitals', "
                        "'direction': 'up'}",
    "{'event': 'step.started', " AT(
        "14:01:30.010") ", 'version': '20261120090000', 'step': 'skus', 'kind': 'batch'}",
    "{'event': 'progress', " AT(
        "14:01:40.911") ", 'version': '20261120090000', 'step': 'skus', 'done': 12400, 'total': "
                        "48000, 'rate': 1204, 'what': 'documents'}",
    "{'event': 'warning', " AT(
        "14:01:52.120") ", 'message': 'the slowest member is 3s behind, the batch waits for it'}",
    "{'event': 'output', " AT(
        "14:01:54.655") ", 'step': 'skus', 'line': 'name=Eve\\u001b[31m\\u0007 skipped'}",
    "{'event': 'progress', " AT(
        "14:02:10.911") ", 'version': '20261120090000', 'step': 'skus', 'done': 29760, 'total': "
                        "48000, 'rate': 1204, 'what': 'documents'}",
    NULL,
};

static const char *const failed[] = {
    "{'event': 'run.started', 'at': '2026-11-20T16:03:40.000Z', 'environment': 'test', 'command': 'apply', 'operator': "
    "'ana', 'host': 'bastion-2', 'migrations': 3, 'steps': 4}",
    "{'event': 'migration.started', 'at': '2026-11-20T16:03:41.000Z', 'version': '20261119090000', 'title': 'orders have "
    "a reference', 'direction': 'up'}",
    "{'event': 'step.started', 'at': '2026-11-20T16:03:41.100Z', 'step': 'ref', 'kind': 'createIndexes'}",
    "{'event': 'step.failed', 'at': '2026-11-20T16:03:43.100Z', 'step': 'ref', 'kind': 'createIndexes', 'message': "
    "'E11000 duplicate key error collection: shop.orders index: ref_1 dup key: { ref: A-19 }'}",
    "{'event': 'run.finished', 'at': '2026-11-20T16:03:43.200Z', 'status': 'failed', 'applied': 0, 'steps': 0, "
    "'durationMs': 3200, 'error': {'message': 'E11000 duplicate key error collection: shop.orders index: ref_1 dup key: "
    "{ ref: A-19 }', 'hint': 'migtui recover --env test'}}",
    NULL,
};

/* Of a run that ended by itself, with no step to blame; and of one whose steps went well before. */
static const char *const fenced[] = {
    "{'event': 'step.failed', 'at': '2026-11-20T16:03:43.100Z', 'step': 'ref', 'message': 'no reply in 30 s'}",
    "{'event': 'run.finished', 'at': '2026-11-20T16:03:43.200Z', 'status': 'fenced', 'applied': 0, 'steps': 0, "
    "'error': {'message': 'another run took over'}}",
    NULL,
};

static const char *const runs[] = {
    "{'run': '" WORLD_RUN "', 'environment': 'dev', 'command': 'apply', 'status': 'running', 'startedAt': "
    "'2026-11-21T14:01:28Z', 'operator': 'ivo', 'osUser': 'ivo', 'host': 'bastion-2', 'migrations': 0, 'steps': 1}",
    "{'run': '01KAG00000TESTX00000000000', 'environment': 'test', 'command': 'apply', 'status': 'failed', 'startedAt': "
    "'2026-11-20T16:03:40Z', 'durationMs': 3200, 'operator': 'ana', 'osUser': 'ana', 'host': 'bastion-2', 'ticket': "
    "'SHOP-41', 'migrations': 0, 'steps': 0, 'error': {'message': 'step ref of 20261119090000 failed'}, 'planId': "
    "'7c1e90aa7c1e90aa7c1e90aa'}",
    "{'run': '01KAG00000PRXD500000000000', 'environment': 'prod', 'command': 'apply', 'status': 'succeeded', "
    "'startedAt': '2026-11-14T09:00:02Z', 'durationMs': 472000, 'operator': 'ci', 'osUser': 'ci', 'host': 'runner-7', "
    "'ticket': 'CHG-2204', 'migrations': 2, 'steps': 2}",
    NULL,
};

static struct snapshot_world world;
static struct view_stage stage;

static int given_a_live_run(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    world_answer(&world, MIG_QUERY_LOG, "dev", WORLD_RUN, world_log(live, false));
    world_answer(&world, MIG_QUERY_LOG, "test", "01KAG00000TESTX00000000000", world_log(failed, true));
    world_answer(&world, MIG_QUERY_RUNS, NULL, "", world_rows(runs));
    stage_open(&stage, &world, "view log --env dev --run " WORLD_RUN);
    return 0;
}

static int done(void **state)
{
    (void)state;
    stage_close(&stage);
    snapshot_world_end(&world);
    return 0;
}

static void given(const char *words)
{
    stage_close(&stage);
    stage_open(&stage, &world, words);
}

/* A log of so many lines, the last ones on the screen. */
static void given_a_long_log(size_t count)
{
    char **events = mig_alloc_n(count + 1, sizeof(char *));
    for (size_t i = 0; i < count; i++)
        events[i] = mig_printf("{'event': 'output', 'step': 's', 'line': 'line %zu'}", i);
    world_answer(&world, MIG_QUERY_LOG, "dev", WORLD_RUN, world_log((const char *const *)events, false));
    for (size_t i = 0; i < count; i++)
        free(events[i]);
    free(events);
    stage.view->class->update(stage.view, &stage.frame);
}

static void a_live_run_at_every_size(void **state)
{
    (void)state;
    stage_golden(&stage, "log");
    stage_any_size(&stage);
}

static void a_past_run_and_its_failure(void **state)
{
    (void)state;
    given("view log --env test --run 01KAG00000TESTX00000000000");
    stage_golden_at(&stage, "log-failed", 120, 36);
    stage_golden_at(&stage, "log-failed", 80, 24);
}

static void an_error_is_said_once_and_whole(void **state)
{
    (void)state;
    given("view log --env test --run 01KAG00000TESTX00000000000");
    char *text = stage_text(&stage, 40, 10, true, false);
    char *first = strstr(text, "A-19");
    assert_non_null(first);
    assert_null(strstr(first + 1, "A-19"));
    assert_non_null(strstr(text, "Next: migtui"));
    free(text);
}

/* The newest line may be minutes old, and nobody can tell whether the run goes on. */
static void a_run_that_is_not_heard_of_does_not_look_live(void **state)
{
    (void)state;
    struct mig_snap_answer *answer =
        world_answer(&world, MIG_QUERY_LOG, "dev", WORLD_RUN, world_log(live, false));
    answer->asked_ms = WORLD_NOW_MS - 130000;
    assert_true(stage_shows(&stage, 120, 36, "Following"));
    mig_fail(&answer->error, MIG_ERR_UNREACHABLE, "no server answered");
    assert_true(stage_shows(&stage, 120, 36, "2m old: dev does not answer; the run may go on"));
    assert_true(stage_shows(&stage, 120, 36, "was running"));
}

/* It was thought to be gone, and is heard of again: its log is begun anew, and no longer over. */
static void a_run_that_came_back_runs(void **state)
{
    (void)state;
    given("view log --env test --run 01KAG00000TESTX00000000000");
    assert_true(stage_shows(&stage, 120, 36, "apply on test  failed"));
    world_answer(&world, MIG_QUERY_LOG, "test", "01KAG00000TESTX00000000000", world_log(live, false));
    assert_true(stage_shows(&stage, 120, 36, "apply on test  running"));
}

static void another_error_at_the_end_is_said_too(void **state)
{
    (void)state;
    world_answer(&world, MIG_QUERY_LOG, "test", "01KAG00000TESTX00000000000", world_log(fenced, true));
    given("view log --env test --run 01KAG00000TESTX00000000000");
    assert_true(stage_shows(&stage, 80, 24, "no reply in 30 s"));
    assert_true(stage_shows(&stage, 80, 24, "another run took over"));
}

static void runs_of_all_environments(void **state)
{
    (void)state;
    given("view log");
    stage_key(&stage, "j");
    stage_golden(&stage, "runs");
    stage_any_size(&stage);
    stage_key(&stage, "enter");
    stage_commands(&stage, "view log --env test --run 01KAG00000TESTX00000000000");
    stage_key(&stage, "f");
    stage_says(&stage, "open a run first (enter)");
}

static void scrolling_up_pauses_and_f_follows_again(void **state)
{
    (void)state;
    given_a_long_log(500);
    assert_true(stage_shows(&stage, 80, 24, "Following"));
    assert_true(stage_shows(&stage, 80, 24, "line 499"));
    stage_key(&stage, "k");
    assert_true(stage_shows(&stage, 80, 24, "Paused, 1 below"));
    given_a_long_log(900); /* the same run has gone on: what is read stays where it is */
    assert_true(stage_shows(&stage, 80, 24, "line 498"));
    assert_false(stage_shows(&stage, 80, 24, "line 499"));
    assert_true(stage_shows(&stage, 80, 24, "401 below"));
    stage_key(&stage, "f");
    assert_true(stage_shows(&stage, 80, 24, "line 899"));
}

static void ten_thousand_lines_cost_what_a_screen_costs(void **state)
{
    (void)state;
    given_a_long_log(10000);
    struct log *log = (struct log *)(void *)stage.view;
    free(stage_text(&stage, 80, 24, true, false));
    static const char *const keys[] = { "g", "C-f", "G", "k", "C-u" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        size_t before = log->asked;
        stage_key(&stage, keys[i]);
        free(stage_text(&stage, 80, 24, true, false));
        assert_in_range(log->asked - before, 1, 4 * 24);
    }
}

static void search_filter_and_esc(void **state)
{
    (void)state;
    stage_key(&stage, "/");
    stage_type(&stage, "skus");
    stage_key(&stage, "enter");
    assert_true(stage_shows(&stage, 120, 36, "/skus"));
    stage_key(&stage, "n");
    stage_key(&stage, "&");
    stage_type(&stage, "12,400");
    stage_key(&stage, "enter");
    assert_true(stage_shows(&stage, 120, 36, "&12,400"));
    assert_false(stage_shows(&stage, 120, 36, "lock is ours"));
    stage_key(&stage, "esc");
    assert_true(stage_shows(&stage, 120, 36, "lock is ours"));
    stage_key(&stage, "esc");
    assert_false(stage.answer.handled);
}

static void E_goes_to_the_failure(void **state)
{
    (void)state;
    stage_key(&stage, "E");
    stage_says(&stage, "no line tells of a failure");
    given("view log --env test --run 01KAG00000TESTX00000000000");
    stage_key(&stage, "w"); /* one row a line */
    stage_key(&stage, "g");
    assert_false(stage_shows(&stage, 60, 6, "failed: E11000"));
    stage_key(&stage, "E");
    assert_true(stage_shows(&stage, 60, 6, "failed: E11000"));
}

static void times_change_with_t(void **state)
{
    (void)state;
    assert_true(stage_shows(&stage, 120, 36, "14:01:28.131 lock is ours"));
    stage_key(&stage, "t");
    assert_true(stage_shows(&stage, 120, 36, "+0.027s lock is ours"));
    stage_key(&stage, "t");
    assert_false(stage_shows(&stage, 120, 36, "0.027s"));
}

static void acts_are_command_lines(void **state)
{
    (void)state;
    stage_key(&stage, "S");
    stage_commands(&stage, "stop " WORLD_RUN " --env dev");
    stage_key(&stage, "s");
    stage_commands(&stage, "save run-" WORLD_RUN ".log");
    stage_key(&stage, "R");
    stage_commands(&stage, "view recover --env dev");
    stage_key(&stage, "tab");
    stage_commands(&stage, "view log");
    given("view log --env test --run 01KAG00000TESTX00000000000");
    stage_key(&stage, "S");
    stage_says(&stage, "the run is over");
}

static void a_run_must_have_the_form_of_one(void **state)
{
    (void)state;
    struct mig_error err = { 0 };
    char option[] = "--run", run[] = "../etc/passwd", env[] = "--env", dev[] = "dev";
    char *const words[] = { env, dev, option, run };
    assert_null(view_log.open(4, words, &stage.frame, &err));
    assert_string_equal(err.message, "'../etc/passwd' is not a run's id");
}

static void every_key_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view log --env dev --run " WORLD_RUN);
    stage_every_key(&world, "view log");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_a_live_run, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_live_run_at_every_size),
        TEST(a_past_run_and_its_failure),
        TEST(an_error_is_said_once_and_whole),
        TEST(another_error_at_the_end_is_said_too),
        TEST(a_run_that_is_not_heard_of_does_not_look_live),
        TEST(a_run_that_came_back_runs),
        TEST(runs_of_all_environments),
        TEST(scrolling_up_pauses_and_f_follows_again),
        TEST(ten_thousand_lines_cost_what_a_screen_costs),
        TEST(search_filter_and_esc),
        TEST(E_goes_to_the_failure),
        TEST(times_change_with_t),
        TEST(acts_are_command_lines),
        TEST(a_run_must_have_the_form_of_one),
        TEST(every_key_does_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
