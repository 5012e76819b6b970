/* What happened, newest first: who, where, with what result; and the way from an entry to its log, its text, its undoing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "support/view_stage.h"

#define ENTRY(env, version, title, direction, status, when, ms, who, run, more) \
    "{'run': '" run "', 'environment': '" env "', 'version': '" version "', 'title': '" title \
    "', 'direction': '" direction "', 'status': '" status "', 'startedAt': '" when "', 'durationMs': " ms \
    ", 'operator': '" who "', 'osUser': '" who \
    "', 'host': 'bastion-2', 'planId': '7c1e90aa7c1e90aa7c1e90aa'" more "}"

static const char *const entries[] = {
    ENTRY("dev", "20261120090000", "skus in capitals", "up", "running", "2026-11-21T14:01:30Z", "41000",
          "ivo", WORLD_RUN, ""),
    ENTRY("test", "20261119090000", "orders have a reference", "up", "failed", "2026-11-20T16:03:41Z", "2100",
          "ana", "01KAG00000TESTX00000000000",
          ", 'ticket': 'SHOP-41', 'reason': 'references for the new invoices, asked "
          "for by accounting'"),
    ENTRY("test", "20261118090000", "split the address into lines", "up", "applied", "2026-11-19T10:40:02Z",
          "5000", "ana", "01KAG00000TEST600000000000", ""),
    ENTRY("dev", "20261118090000", "split the address into lines", "down", "reverted", "2026-11-17T18:20:09Z",
          "310", "ivo", "01KAG00000DEVR0000000000000", ""),
    ENTRY("prod", "20261112090000", "backfill currency", "up", "applied", "2026-11-14T09:01:02Z", "412000",
          "ci", "01KAG00000PRXD500000000000", ", 'ticket': 'CHG-2204'"),
    ENTRY("prod", "20251203090000", "the first of all", "up", "applied", "2025-12-03T09:01:02Z", "1", "mia",
          "01KAG00000OLD0000000000000", ""),
    ENTRY("test", "20261101000001", "red \\u001b[31m \\u202e alert", "up", "applied", "2025-12-03T09:01:02Z",
          "1", "\\u001b[2Jeve", "01KAG00000EV1X000000000000", ", 'reason': 'one\\ntwo\\u0007'"),
    NULL,
};

static struct snapshot_world world;
static struct view_stage stage;

static int given_entries(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    world_answer(&world, MIG_QUERY_HISTORY, NULL, "", world_rows(entries));
    stage_open(&stage, &world, "view history");
    return 0;
}

static int done(void **state)
{
    (void)state;
    stage_close(&stage);
    snapshot_world_end(&world);
    return 0;
}

static void all_entries_at_every_size(void **state)
{
    (void)state;
    stage_key(&stage, "j");
    stage_golden(&stage, "history");
    stage_any_size(&stage);
}

static void an_entry_leads_to_its_log_its_text_and_its_undoing(void **state)
{
    (void)state;
    stage_key(&stage, "j");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view log --env test --run 01KAG00000TESTX00000000000");
    stage_key(&stage, "V");
    stage_commands(&stage, "audit verify --env test");
    stage_key(&stage, "O");
    stage_commands(&stage, "audit export --env test --out audit-test.jsonl");
    stage_key(&stage, "d");
    stage_commands(&stage, "view plan --env test --at 20261119090000 --tab diff");
    stage_key(&stage, "U");
    stage_says(&stage, "it is not applied");
    stage_key(&stage, "j");
    stage_key(&stage, "U");
    stage_commands(&stage, "view plan --env test --down --run 01KAG00000TEST600000000000");
}

static void h_and_l_choose_the_environment(void **state)
{
    (void)state;
    struct view_want wants[VIEW_WANTS_MAX];
    assert_int_equal(stage.view->class->wants(stage.view, &stage.frame, wants), 3);
    assert_null(wants[0].env);
    stage_key(&stage, "l");
    stage_key(&stage, "l");
    stage.view->class->wants(stage.view, &stage.frame, wants);
    assert_string_equal(wants[0].env->name, "test");
    assert_true(stage_shows(&stage, 80, 24, "Asking test"));
    stage_key(&stage, "h");
    stage_key(&stage, "h");
    stage.view->class->wants(stage.view, &stage.frame, wants);
    assert_null(wants[0].env);
}

static void the_filter_looks_at_every_cell(void **state)
{
    (void)state;
    stage_key(&stage, "/");
    stage_type(&stage, "rollback");
    assert_true(stage_shows(&stage, 80, 24, "11-17 18:20"));
    assert_false(stage_shows(&stage, 80, 24, "backfill"));
    stage_key(&stage, "esc");
    assert_true(stage_shows(&stage, 80, 24, "backfill"));
}

static void the_choice_stays_when_newer_entries_come(void **state)
{
    (void)state;
    stage_key(&stage, "j");
    world_answer(&world, MIG_QUERY_HISTORY, NULL, "",
                 world_rows((const char *const[]){ ENTRY("dev", "20261121090000", "refunds", "up", "applied",
                                                         "2026-11-21T14:02:00Z", "3", "ivo",
                                                         "01KAG00000NEW00000000000000", ""),
                                                   entries[0], entries[1], NULL }));
    stage.view->class->update(stage.view, &stage.frame);
    stage_key(&stage, "enter");
    stage_commands(&stage, "view log --env test --run 01KAG00000TESTX00000000000");
}

static void no_entry_and_no_answer_are_said(void **state)
{
    (void)state;
    world_answer(&world, MIG_QUERY_HISTORY, NULL, "", world_rows((const char *const[]){ NULL }));
    assert_true(stage_shows(&stage, 80, 24, "Nothing has run yet."));
    stage_key(&stage, "enter");
    stage_says(&stage, "no entry is chosen");
    struct mig_snap_answer *answer = world_answer(&world, MIG_QUERY_HISTORY, NULL, "", NULL);
    mig_fail(&answer->error, MIG_ERR_UNREACHABLE, "no server answered");
    assert_true(stage_shows(&stage, 80, 24, "no server answered"));
}

/* All environments, but some have not answered: the list must not look whole. */
static void what_a_list_lacks_is_named(void **state)
{
    (void)state;
    struct mig_snap_answer *answer = world_answer(&world, MIG_QUERY_HISTORY, NULL, "", world_rows(entries));
    world_part(&world, answer, "dev", true, NULL);
    world_part(&world, answer, "test", true, NULL);
    world_part(&world, answer, "prod", false, NULL);
    assert_true(stage_shows(&stage, 80, 24, "prod has not answered yet"));
    assert_true(stage_shows(&stage, 40, 10, "prod has not answered yet"));
    world_dead(&world, "prod", 130000);
    assert_true(stage_shows(&stage, 80, 24, "prod: no answer"));
    answer->parts[2].there = true;
    assert_true(stage_shows(&stage, 80, 24, "prod: no answer, as of 2m ago"));
    assert_false(stage_shows(&stage, 80, 24, "dev has"));
}

static void one_that_answers_but_not_this_says_why(void **state)
{
    (void)state;
    struct mig_snap_answer *answer = world_answer(&world, MIG_QUERY_HISTORY, NULL, "", world_rows(entries));
    world_part(&world, answer, "dev", false, "not authorized on shop");
    world_part(&world, answer, "test", true, NULL);
    assert_true(stage_shows(&stage, 80, 24, "dev can't be read: not authorized on shop"));
}

static void none_is_said_only_when_all_have_answered(void **state)
{
    (void)state;
    struct mig_snap_answer *answer =
        world_answer(&world, MIG_QUERY_HISTORY, NULL, "", world_rows((const char *const[]){ NULL }));
    world_part(&world, answer, "dev", true, NULL);
    world_part(&world, answer, "prod", false, NULL);
    assert_true(stage_shows(&stage, 80, 24, "No history in what has answered."));
    assert_false(stage_shows(&stage, 80, 24, "Nothing has run yet."));
}

/* As environments answer one after another, what is newest stays in sight until somebody moves. */
static void it_stays_at_the_top_until_somebody_moves(void **state)
{
    (void)state;
    char *text = stage_text(&stage, 60, 8, true, false);
    free(text);
    world_answer(&world, MIG_QUERY_HISTORY, NULL, "",
                 world_rows((const char *const[]){
                     ENTRY("dev", "20261121090000", "refunds", "up", "applied", "2026-11-21T14:02:00Z", "3",
                           "ivo", "01KAG00000NEW00000000000000", ""),
                     entries[0], entries[1], entries[2], entries[3], entries[4], NULL }));
    stage.view->class->update(stage.view, &stage.frame);
    assert_true(stage_shows(&stage, 60, 8, "20261121090000"));
    stage_key(&stage, "d");
    stage_commands(&stage, "view plan --env dev --at 20261121090000 --tab diff");
}

static void every_key_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view history --env test");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_entries, done)

/* What the run of the chosen entry was gated by, and who had approved it. */
static void an_entry_shows_the_gates_and_the_approvals_of_its_run(void **state)
{
    static const char *const runs[] = {
        "{'run': '01KAG00000TESTX00000000000', 'environment': 'test', 'request': '01KAG00000REQ00000000000001', "
        "'gates': [{'name': 'rehearsed', 'state': 'ok', 'reason': 'succeeded on dev'}, {'name': 'window', 'state': "
        "'failed', 'reason': 'closed on Sat'}]}",
        NULL
    };
    static const char *const requests[] = {
        "{'request': '01KAG00000REQ00000000000001', 'environment': 'test', 'requesterName': 'ana', 'requester': "
        "{'key': 'SHA256:AnasKey'}, 'decisions': [{'decision': 'approve', 'name': 'ivo', 'by': {'key': "
        "'SHA256:IvosKey'}, 'counts': true}, {'decision': 'approve', 'name': 'eve', 'by': {}, 'counts': false, "
        "'whyNot': 'eve is no approver'}]}",
        NULL
    };
    (void)state;
    world_answer(&world, MIG_QUERY_RUNS, NULL, "", world_rows(runs));
    world_answer(&world, MIG_QUERY_REQUESTS, NULL, "", world_rows(requests));
    stage_key(&stage, "j");
    static const char *const expected[] = {
        "SHA256:AnasKey",     "SHA256:IvosKey", "eve, not signed",
        "eve is no approver", "ok: rehearsed",  "window failed",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!stage_shows(&stage, 160, 40, expected[i]))
            fail_msg("%s is not shown", expected[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_entries_at_every_size),
        TEST(an_entry_leads_to_its_log_its_text_and_its_undoing),
        TEST(h_and_l_choose_the_environment),
        TEST(the_filter_looks_at_every_cell),
        TEST(the_choice_stays_when_newer_entries_come),
        TEST(no_entry_and_no_answer_are_said),
        TEST(what_a_list_lacks_is_named),
        TEST(one_that_answers_but_not_this_says_why),
        TEST(none_is_said_only_when_all_have_answered),
        TEST(it_stays_at_the_top_until_somebody_moves),
        TEST(an_entry_shows_the_gates_and_the_approvals_of_its_run),
        TEST(every_key_does_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
