/* The path to the last environment: what may go on, and the first thing that stands against it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "support/view_stage.h"

static struct snapshot_world world;
static struct view_stage stage;

static int given_the_story(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    world_plan(&world, "prod", "--to 20261118090000", false);
    stage_open(&stage, &world, "view promote --env prod");
    return 0;
}

static int done(void **state)
{
    (void)state;
    stage_close(&stage);
    snapshot_world_end(&world);
    return 0;
}

static void the_path_at_every_size(void **state)
{
    (void)state;
    stage_golden(&stage, "promote");
    stage_any_size(&stage);
}

static void only_what_ran_before_is_ready(void **state)
{
    (void)state;
    struct view_want wants[VIEW_WANTS_MAX];
    assert_int_equal(stage.view->class->wants(stage.view, &stage.frame, wants), 1);
    assert_string_equal(wants[0].env->name, "prod");
    assert_string_equal(wants[0].argument, "--to 20261118090000"); /* the next one failed in test */
    stage_key(&stage, "k");
    stage_key(&stage, "enter");
    stage_says(&stage, "nothing is ready to go on"); /* dev is still at it */
}

static void each_act_opens_the_plan_up_to_there(void **state)
{
    (void)state;
    stage_key(&stage, "enter");
    stage_commands(&stage, "view plan --env prod --to 20261118090000");
    stage_key(&stage, "x");
    stage_commands(&stage, "view plan --env prod --to 20261118090000 --dry-run");
    stage_key(&stage, "p");
    stage_commands(&stage, "promote --env prod");
    stage_key(&stage, "o");
    stage_commands(&stage, "view plan --env prod --to 20261118090000 --tab gates");
}

/* A heading with nothing below it would say that there are no gates. */
static void gates_without_room_are_counted(void **state)
{
    (void)state;
    world_plan_all(&world, "prod", false);
    const struct mig_snap_answer *all =
        mig_snapshot_answer(world.snapshot, MIG_QUERY_PLAN, world_env(&world, "prod"), "");
    world_answer(&world, MIG_QUERY_PLAN, "prod", "--to 20261118090000", mig_share(all->value));
    assert_true(stage_shows(&stage, 80, 36, "Gates of prod, plan "));
    assert_true(stage_shows(&stage, 80, 36, "✗ approvals: 0 of 2"));
    assert_true(stage_shows(&stage, 80, 20, "3 of 5 gates of prod are closed, plan "));
    assert_false(stage_shows(&stage, 80, 20, "Gates of prod"));
}

static void given_nothing_is_broken(void)
{
    size_t *counts = world_snap(&world, "prod")->seen->look.views.counts;
    counts[MIG_FAILED] = counts[MIG_INTERRUPTED] = counts[MIG_CHANGED] = counts[MIG_MISSING] = 0;
}

/* Where nothing is protected an unknown gate holds nothing up: that is not the same as open. */
static void a_gate_that_nobody_can_tell_is_not_called_open(void **state)
{
    (void)state;
    struct cfg_environment *prod = (struct cfg_environment *)(uintptr_t)world_env(&world, "prod");
    world_plan_all(&world, "prod", false);
    const struct mig_snap_answer *all = mig_snapshot_answer(world.snapshot, MIG_QUERY_PLAN, prod, "");
    struct mig_plan *plan = ((struct mig_seen_plan *)all->value)->plan;
    world_answer(&world, MIG_QUERY_PLAN, "prod", "--to 20261118090000", mig_share(all->value));
    prod->is_protected = false;
    for (size_t i = 0; i < plan->gate_count; i++)
        plan->gates[i].state = i == 1 ? MIG_GATE_UNKNOWN : MIG_GATE_OK;
    char says[80];
    snprintf(says, sizeof says, "holds nothing up, but %s: ", plan->gates[1].name);
    given_nothing_is_broken();
    assert_true(stage_shows(&stage, 160, 36, says));
    assert_false(stage_shows(&stage, 160, 36, "every gate is open"));
    plan->gates[1].state = MIG_GATE_OK;
    assert_true(stage_shows(&stage, 160, 36, "every gate is open"));
}

static void a_silent_environment_comes_first(void **state)
{
    (void)state;
    world_dead(&world, "test", 130000);
    assert_true(stage_shows(&stage, 120, 36, "no answer from test"));
}

static void in_step_there_is_nothing_to_do(void **state)
{
    (void)state;
    world_in_step(&world);
    assert_true(stage_shows(&stage, 80, 24, "nothing: it has all of it"));
}

static void every_key_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view promote");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_the_story, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_path_at_every_size),
        TEST(only_what_ran_before_is_ready),
        TEST(each_act_opens_the_plan_up_to_there),
        TEST(gates_without_room_are_counted),
        TEST(a_gate_that_nobody_can_tell_is_not_called_open),
        TEST(a_silent_environment_comes_first),
        TEST(in_step_there_is_nothing_to_do),
        TEST(every_key_does_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
