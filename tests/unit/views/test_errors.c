/* What is wrong now, on one list, whoever told it; and every setting with where it comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "support/view_stage.h"

static struct snapshot_world world;
static struct view_stage stage;

static int given_trouble(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    world_dead(&world, "prod", 130000);
    stage_open(&stage, &world, "view errors");
    return 0;
}

static int given_settings(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    stage_open(&stage, &world, "view settings");
    return 0;
}

static int done(void **state)
{
    (void)state;
    stage_close(&stage);
    snapshot_world_end(&world);
    return 0;
}

static void all_that_is_wrong_at_every_size(void **state)
{
    (void)state;
    stage_golden(&stage, "errors");
    stage_any_size(&stage);
}

static void enter_leads_to_where_it_can_be_looked_into(void **state)
{
    (void)state;
    stage_key(&stage, "enter");
    stage_commands(&stage, "view recover --env test --at 20261119090000");
    stage_key(&stage, "j");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view plan --env test --at 20261103083000 --tab diff");
    stage_key(&stage, "j");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view matrix --env prod");
}

static void a_silent_environment_and_bad_files_are_among_them(void **state)
{
    (void)state;
    assert_true(stage_shows(&stage, 120, 36, "no answer"));
    mig_fail(&world.snapshot->files->error, MIG_ERR_IO, "migrations: no such folder");
    world.snapshot->number++;
    assert_true(stage_shows(&stage, 120, 36, "migrations: no such folder"));
}

/* The diff of a pending migration asks for a text that never was there: nothing is wrong. A question that found nobody is. */
static void what_was_only_asked_for_is_no_error(void **state)
{
    (void)state;
    struct mig_snap_answer *answer = world_answer(&world, MIG_QUERY_RAN_TEXT, "test", "20261119090000", NULL);
    mig_fail(&answer->error, MIG_ERR_FAILED, "test: 20261119090000 never ran there");
    answer = world_answer(&world, MIG_QUERY_PLAN, "test", "nonsense", NULL);
    mig_fail(&answer->error, MIG_ERR_USAGE, "there is no command 'nonsense'");
    answer = world_answer(&world, MIG_QUERY_BACKUPS, "test", NULL, NULL);
    mig_fail(&answer->error, MIG_ERR_DENIED, "not allowed to read the backups");
    world.snapshot->number++;
    assert_false(stage_shows(&stage, 120, 36, "never ran there"));
    assert_false(stage_shows(&stage, 120, 36, "nonsense"));
    assert_true(stage_shows(&stage, 120, 36, "not allowed to read the backups"));
}

static void a_long_error_is_read_to_its_end(void **state)
{
    (void)state;
    mig_fail(
        &world.snapshot->files->error, MIG_ERR_SERVER,
        "createIndexes refused: Index build failed: 3d5eb84e-87bf-4674-bef1-74b1fbd4e2ea: Collection shop.vouchers "
        "( 524bbfa6-d35e-4364-b2a4-3c1f8f7f2a11 ) :: caused by :: E11000 duplicate key error collection: "
        "shop.vouchers index: code_1 dup key: { code: \"SPRING-10\" }");
    world.snapshot->number++;
    stage_key(&stage, "G");
    assert_true(stage_shows(&stage, 120, 36, "\"SPRING-10\" }"));
}

static void a_question_that_failed_is_told_once(void **state)
{
    (void)state;
    struct mig_snap_answer *answer = world_answer(&world, MIG_QUERY_HISTORY, "dev", "", NULL);
    mig_fail(&answer->error, MIG_ERR_DENIED, "not authorized on shop to find");
    world.snapshot->number++;
    assert_true(stage_shows(&stage, 120, 36, "not authorized on shop to find"));
    answer = world_answer(&world, MIG_QUERY_HISTORY, "prod", "", NULL);
    mig_fail(&answer->error, MIG_ERR_UNREACHABLE, "prod is silent here too");
    world.snapshot->number++;
    assert_false(stage_shows(&stage, 120, 36, "prod is silent here too"));
}

static void h_and_l_leave_one_environment(void **state)
{
    (void)state;
    stage_key(&stage, "l");
    assert_true(stage_shows(&stage, 80, 24, "Nothing is wrong"));
    stage_key(&stage, "l");
    assert_true(stage_shows(&stage, 80, 24, "failed"));
    assert_false(stage_shows(&stage, 80, 24, "no answer"));
}

static void every_key_of_errors_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view errors");
}

static void settings_at_every_size(void **state)
{
    (void)state;
    stage_golden(&stage, "settings");
    stage_any_size(&stage);
}

static void no_secret_is_among_the_settings(void **state)
{
    (void)state;
    assert_false(stage_shows(&stage, 200, 80, "secret@"));
    assert_true(stage_shows(&stage, 200, 80, "environments.prod.uri"));
}

static void the_filter_finds_an_option(void **state)
{
    (void)state;
    stage_key(&stage, "/");
    stage_type(&stage, "approvals");
    assert_true(stage_shows(&stage, 120, 36, "environments.prod.gate.approvals"));
    assert_false(stage_shows(&stage, 120, 36, "environments.dev.uri"));
}

static void every_key_of_settings_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view settings --env prod");
}

#define TROUBLE(name)  cmocka_unit_test_setup_teardown(name, given_trouble, done)
#define SETTINGS(name) cmocka_unit_test_setup_teardown(name, given_settings, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TROUBLE(all_that_is_wrong_at_every_size),
        TROUBLE(enter_leads_to_where_it_can_be_looked_into),
        TROUBLE(a_silent_environment_and_bad_files_are_among_them),
        TROUBLE(what_was_only_asked_for_is_no_error),
        TROUBLE(a_long_error_is_read_to_its_end),
        TROUBLE(a_question_that_failed_is_told_once),
        TROUBLE(h_and_l_leave_one_environment),
        TROUBLE(every_key_of_errors_does_something),
        SETTINGS(settings_at_every_size),
        SETTINGS(no_secret_is_among_the_settings),
        SETTINGS(the_filter_finds_an_option),
        SETTINGS(every_key_of_settings_does_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
