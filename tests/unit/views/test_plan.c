/* What would run, exactly: steps, texts, obstacles, and the one command line that runs this and nothing else. */
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
#include "views/plan_private.h"

static struct snapshot_world world;
static struct view_stage stage;

static void given_text(enum mig_query_kind kind, const char *env, const char *version, const char *text)
{
    world_answer(&world, kind, env, version, mig_seen_text_new(mig_strdup(text), strlen(text)));
}

static const char *file_text(const char *version)
{
    return mig_catalog_find(world.snapshot->files->catalog, version)->text;
}

static int given_a_plan_for_test(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    world_plan_all(&world, "dev", false);
    world_plan_all(&world, "dev", true);
    world_plan(&world, "prod", "--to 20261118090000", false);
    stage_open(&stage, &world, "view plan --env dev");
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

static const struct mig_plan *planned(void)
{
    return ((struct plan *)(void *)stage.view)->seen->plan;
}

/* A plan over all there is, in a database where nothing failed. */
static void given_the_whole_plan(bool counted)
{
    world_in_step(&world);
    world_plan_all(&world, "prod", counted);
    given(counted ? "view plan --env prod --dry-run" : "view plan --env prod");
}

static void a_part_of_what_is_pending_says_of_how_much(void **state)
{
    (void)state;
    given_the_whole_plan(false);
    struct mig_plan *plan = (struct mig_plan *)(uintptr_t)planned();
    size_t whole = plan->count;
    plan->count = 4; /* as --to would */
    bool shown = stage_shows(&stage, 120, 36, "Apply to prod!: 4 of 10 pending, ");
    plan->count = whole;
    assert_true(shown);
}

static void steps_and_gates_at_every_size(void **state)
{
    (void)state;
    given_the_whole_plan(false);
    stage_golden(&stage, "plan");
    stage_any_size(&stage);
}

static void a_dry_run_counts(void **state)
{
    (void)state;
    given_the_whole_plan(true);
    stage_golden_at(&stage, "plan-dry-run", 120, 36);
    stage_golden_at(&stage, "plan-dry-run", 80, 24);
}

static void the_script_is_shown_with_numbers(void **state)
{
    (void)state;
    given("view plan --env test --at 20261118090000 --tab script");
    assert_true(stage_shows(&stage, 120, 36, "asking the folder"));
    given_text(MIG_QUERY_TEXT, NULL, "20261118090000", file_text("20261118090000"));
    stage_golden_at(&stage, "plan-script", 120, 36);
    stage_golden_at(&stage, "plan-script", 80, 24);
}

static void the_diff_shows_what_was_edited(void **state)
{
    (void)state;
    given("view plan --env test --at 20261103083000 --tab diff");
    char *ran MIG_AUTOFREE = mig_strdup(file_text("20261103083000"));
    memcpy(strstr(ran, "lost"), "gone", 4);
    given_text(MIG_QUERY_TEXT, NULL, "20261103083000", file_text("20261103083000"));
    given_text(MIG_QUERY_RAN_TEXT, "test", "20261103083000", ran);
    given_text(MIG_QUERY_RAN_TEXT, "prod", "20261103083000", file_text("20261103083000"));
    stage_golden_at(&stage, "plan-diff", 120, 36);
    assert_true(stage_shows(&stage, 120, 36, "1 added, 1 taken away"));
    stage_key(&stage, "v");
    assert_true(stage_shows(&stage, 120, 36, "The file is what ran on prod, byte for byte."));
    given("view plan --env prod --at 20261118090000 --tab diff");
    assert_true(stage_shows(&stage, 120, 36, "It never ran on prod"));
}

static void apply_runs_exactly_this_plan(void **state)
{
    (void)state;
    stage_key(&stage, "a");
    char *line MIG_AUTOFREE = mig_printf("apply --env dev --plan %s", planned()->id);
    stage_commands(&stage, line);
}

static void q_asks_for_approval_where_one_is_wanted(void **state)
{
    (void)state;
    stage_key(&stage, "Q");
    stage_says(&stage, "dev: nobody has to approve a plan here");
    given_the_whole_plan(false);
    stage_key(&stage, "a");
    assert_string_equal(stage.answer.command, ""); /* its gates are closed; to ask is open */
    stage_key(&stage, "Q");
    char *line MIG_AUTOFREE = mig_printf("request --env prod --plan %s", planned()->id);
    stage_commands(&stage, line);
}

static void rollback_runs_exactly_this_plan(void **state)
{
    (void)state;
    world_plan(&world, "dev", "--down 20261119090000", false);
    given("view plan --env dev --down 20261119090000");
    stage_key(&stage, "a");
    char *line MIG_AUTOFREE = mig_printf("rollback --env dev --plan %s 20261119090000", planned()->id);
    stage_commands(&stage, line);
    assert_true(stage_shows(&stage, 120, 36, "Roll back on dev: 1 migration, 1 step"));
}

static void a_closed_gate_keeps_it_from_running(void **state)
{
    (void)state;
    given_the_whole_plan(false);
    stage_key(&stage, "a");
    stage_says(&stage, "prod: the newest is 31h old, at most 24h are allowed");
    assert_true(stage_shows(&stage, 120, 36, "can't run: backup"));
}

static void an_old_plan_is_not_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < world.snapshot->answer_count; i++) {
        struct mig_snap_answer *answer = &world.snapshot->answers[i];
        if (answer->kind != MIG_QUERY_PLAN)
            continue;
        answer->asked_ms = WORLD_NOW_MS - 130000;
        mig_fail(&answer->error, MIG_ERR_UNREACHABLE, "no server answered");
    }
    assert_true(stage_shows(&stage, 120, 36, "2m old: dev does not answer"));
    stage_key(&stage, "a");
    stage_says(&stage, "dev: the plan is old: its environment does not answer");
}

static void a_refused_plan_says_why(void **state)
{
    (void)state;
    world_plan(&world, "test", "", false);
    given("view plan --env test");
    stage_golden_at(&stage, "plan-refused", 80, 24);
    stage_key(&stage, "a");
    assert_true(stage.answer.handled);
    assert_string_equal(stage.answer.command, "");
    assert_non_null(strstr(stage.answer.message, "20261103083000"));
}

static void nothing_to_run_is_said(void **state)
{
    (void)state;
    given("view plan --env dev --to 20261102090000");
    assert_true(stage_shows(&stage, 80, 24, "Planning for dev"));
    stage_key(&stage, "a");
    stage_says(&stage, "dev: there is no plan yet");
}

static void it_asks_for_what_it_shows(void **state)
{
    (void)state;
    struct view_want wants[VIEW_WANTS_MAX];
    assert_int_equal(stage.view->class->wants(stage.view, &stage.frame, wants), 1);
    assert_int_equal(wants[0].kind, MIG_QUERY_PLAN);
    stage_key(&stage, "x");
    stage_key(&stage, "d");
    assert_int_equal(stage.view->class->wants(stage.view, &stage.frame, wants), 3);
    assert_int_equal(wants[0].kind, MIG_QUERY_DRY_RUN);
    assert_int_equal(wants[1].kind, MIG_QUERY_TEXT);
    assert_null(wants[1].env);
    assert_int_equal(wants[2].kind, MIG_QUERY_RAN_TEXT);
}

static void words_of_the_planner_are_kept(void **state)
{
    (void)state;
    struct view_want wants[VIEW_WANTS_MAX];
    given("view plan --down --env prod --tab gates 20261112090000 20261110090000");
    stage.view->class->wants(stage.view, &stage.frame, wants);
    assert_string_equal(wants[0].argument, "--down 20261112090000 20261110090000");
    assert_string_equal(wants[0].env->name, "prod");
}

static void every_key_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view plan --env dev");
    stage_every_key(&world, "view plan --env test --at 20261118090000 --tab script");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_a_plan_for_test, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_part_of_what_is_pending_says_of_how_much),
        TEST(steps_and_gates_at_every_size),
        TEST(a_dry_run_counts),
        TEST(the_script_is_shown_with_numbers),
        TEST(the_diff_shows_what_was_edited),
        TEST(apply_runs_exactly_this_plan),
        TEST(q_asks_for_approval_where_one_is_wanted),
        TEST(rollback_runs_exactly_this_plan),
        TEST(a_closed_gate_keeps_it_from_running),
        TEST(an_old_plan_is_not_run),
        TEST(a_refused_plan_says_why),
        TEST(nothing_to_run_is_said),
        TEST(it_asks_for_what_it_shows),
        TEST(words_of_the_planner_are_kept),
        TEST(every_key_does_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
