/* Requests: one's own turn stands out, and an answer is a command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/view_stage.h"

static const char *const requests[] = {
    "{'request': '01KAJN00000000000000000R02', 'kind': 'run', 'environment': 'prod', 'state': 'waiting', 'planId': "
    "'7c1e90aa7c1e90aa', 'direction': 'up', 'migrations': 2, 'reason': 'addresses for the new invoices', 'ticket': "
    "'CHG-2291', 'startedAt': '2026-11-21T13:40:00Z', 'expiresAt': '2026-11-22T13:40:00Z', 'requesterName': 'ivo', 'have': "
    "1, 'needed': 2, 'forMe': true, 'detail': '1 of 2 approvals', 'decisions': [{'decision': 'approve', 'name': 'mia', "
    "'counts': true}]}",
    "{'request': '01KAJN00000000000000000R01', 'kind': 'run', 'environment': 'prod', 'state': 'used', 'planId': "
    "'11aa22bb11aa22bb', 'direction': 'up', 'migrations': 2, 'reason': 'currency', 'startedAt': '2026-11-14T08:40:00Z', "
    "'requesterName': 'ana', 'have': 2, 'needed': 2, 'forMe': false, 'detail': 'used by a run'}",
    NULL,
};

static struct snapshot_world world;
static struct view_stage stage;

static int given_requests(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    world_answer(&world, MIG_QUERY_REQUESTS, NULL, "", world_rows(requests));
    stage_open(&stage, &world, "view requests");
    return 0;
}

static int done(void **state)
{
    (void)state;
    stage_close(&stage);
    snapshot_world_end(&world);
    return 0;
}

static void requests_at_every_size(void **state)
{
    (void)state;
    stage_golden(&stage, "requests");
    stage_any_size(&stage);
}

static void an_answer_is_a_command_line(void **state)
{
    (void)state;
    stage_key(&stage, "A");
    stage_commands(&stage, "approve 01KAJN00000000000000000R02 --env prod");
    stage_key(&stage, "X");
    stage_commands(&stage, "reject 01KAJN00000000000000000R02 --env prod");
    stage_key(&stage, "W");
    stage_commands(&stage, "withdraw 01KAJN00000000000000000R02 --env prod");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view plan --env prod --tab gates");
}

/* Of all that is pending another plan would be made, which nobody has asked to approve. */
static void enter_shows_what_was_asked_for(void **state)
{
    (void)state;
    static const char *const asked[] = {
        "{'request': '01KAJN00000000000000000R03', 'kind': 'run', 'environment': 'prod', 'state': 'waiting', 'direction': "
        "'up', 'migrations': 2, 'plan': {'migrations': [{'version': '20261103114500'}, {'version': '20261118090000'}]}}",
        NULL,
    };
    static const char *const back[] = {
        "{'request': '01KAJN00000000000000000R04', 'kind': 'run', 'environment': 'prod', 'state': 'waiting', 'direction': "
        "'down', 'migrations': 2, 'plan': {'migrations': [{'version': '20261112090000'}, {'version': '20261110090000'}]}}",
        NULL,
    };
    world_answer(&world, MIG_QUERY_REQUESTS, NULL, "", world_rows(asked));
    stage_key(&stage, "g");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view plan --env prod --tab gates --to 20261118090000");
    world_answer(&world, MIG_QUERY_REQUESTS, NULL, "", world_rows(back));
    stage_key(&stage, "g");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view plan --env prod --tab gates --down 20261112090000 20261110090000");
}

static void what_is_over_or_not_mine_is_not_answered(void **state)
{
    (void)state;
    stage_key(&stage, "j");
    stage_key(&stage, "A");
    stage_says(&stage, "it does not wait for you");
    stage_key(&stage, "W");
    stage_says(&stage, "it is over");
}

static void every_key_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view requests");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_requests, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_at_every_size),         TEST(an_answer_is_a_command_line),
        TEST(enter_shows_what_was_asked_for), TEST(what_is_over_or_not_mine_is_not_answered),
        TEST(every_key_does_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
