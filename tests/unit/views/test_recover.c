/* A failure is looked at before anything is done about it: evidence first, then the ways out that are open, each its own command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "support/view_stage.h"

static struct snapshot_world world;
static struct view_stage stage;

static struct mig_recovery *given_failure(struct mig_recovery how)
{
    struct mig_seen_recover *seen = mig_seen_recover_new();
    seen->items = mig_alloc_n(1, sizeof *seen->items);
    seen->count = 1;
    seen->items[0] = how;
    seen->items[0].version = mig_strdup("20261119090000");
    seen->items[0].direction = "up";
    seen->items[0].step = mig_strdup("ref");
    seen->items[0].state = MIG_FAILED;
    seen->items[0].can_mark_applied = seen->items[0].can_mark_pending = true;
    world_answer(&world, MIG_QUERY_RECOVER, "test", "", seen);
    return &seen->items[0];
}

static int given_a_failed_index(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    struct mig_recovery *item = given_failure((struct mig_recovery){ .probe = MIG_PROBE_NOT_DONE,
                                                                     .can_resume = true,
                                                                     .can_undo = true,
                                                                     .last_done = mig_strdup("names") });
    item->error = mig_strdup(
        "E11000 duplicate key error collection: shop.orders index: ref_1 dup key: { ref: \"A-19\" }");
    snprintf(item->evidence, sizeof item->evidence,
             "orders has no index ref_1; 2 of 310,442 orders have the same ref");
    stage_open(&stage, &world, "view recover --env test --at 20261119090000");
    return 0;
}

static int done(void **state)
{
    (void)state;
    stage_close(&stage);
    snapshot_world_end(&world);
    return 0;
}

static void evidence_and_ways_out_at_every_size(void **state)
{
    (void)state;
    stage_golden(&stage, "recover");
    stage_any_size(&stage);
}

static void each_way_out_is_a_command_line(void **state)
{
    (void)state;
    stage_key(&stage, "c");
    stage_commands(&stage, "recover 20261119090000 --env test --resume");
    stage_key(&stage, "u");
    stage_commands(&stage, "recover 20261119090000 --env test --undo");
    stage_key(&stage, "L");
    stage_commands(&stage, "view log --env test --run 01KAG00000TESTX00000000000");
    stage_key(&stage, "d");
    stage_commands(&stage, "view plan --env test --at 20261119090000 --tab diff");
}

static void a_mark_asks_for_its_reason_first(void **state)
{
    (void)state;
    stage_key(&stage, "A");
    stage_commands(&stage, "");
    stage_key(&stage, "enter");
    stage_says(&stage, "a reason must be given: it is kept on record");
    stage_type(&stage, "index built by \"ivo\"");
    stage_golden_at(&stage, "recover-reason", 80, 24);
    stage_key(&stage, "enter");
    stage_commands(&stage, "mark 20261119090000 applied --env test --reason \"index built by \\\"ivo\\\"\"");
    stage_key(&stage, "P");
    stage_type(&stage, "gone");
    stage_key(&stage, "esc");
    stage_commands(&stage, "");
    stage_key(&stage, "esc");
    assert_false(stage.answer.handled);
}

static void a_way_that_is_closed_says_why(void **state)
{
    (void)state;
    struct mig_recovery *item = given_failure((struct mig_recovery){ .probe = MIG_PROBE_UNCLEAR });
    snprintf(item->why_not_resume, sizeof item->why_not_resume,
             "nobody can tell whether the step took effect");
    stage_key(&stage, "c");
    stage_says(&stage, "nobody can tell whether the step took effect");
    stage_key(&stage, "u");
    stage_says(&stage, "no way is known to take its steps back");
    assert_true(stage_shows(&stage, 120, 36, "resume: go on from that step: no, nobody can tell"));
}

static void nothing_to_recover_is_said(void **state)
{
    (void)state;
    world_answer(&world, MIG_QUERY_RECOVER, "test", "", mig_seen_recover_new());
    assert_true(stage_shows(&stage, 80, 24, "Nothing to recover on test"));
    stage_key(&stage, "c");
    stage_says(&stage, "there is nothing to recover");
}

static void every_key_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view recover --env test");
}

static void an_environment_must_be_named(void **state)
{
    (void)state;
    struct mig_error err = { 0 };
    assert_null(view_recover.open(0, NULL, &stage.frame, &err));
    assert_string_equal(err.message, "which environment? --env NAME");
    char option[] = "--env", name[] = "nowhere";
    char *const words[] = { option, name };
    assert_null(view_recover.open(2, words, &stage.frame, &err));
    assert_string_equal(err.message, "there is no environment 'nowhere'");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_a_failed_index, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(evidence_and_ways_out_at_every_size), TEST(each_way_out_is_a_command_line),
        TEST(a_mark_asks_for_its_reason_first),    TEST(a_way_that_is_closed_says_why),
        TEST(nothing_to_recover_is_said),          TEST(every_key_does_something),
        TEST(an_environment_must_be_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
