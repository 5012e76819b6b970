/* Who did or tried what: all chains in one list, what was refused among it, and the way to the run, the check and the export. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "support/view_stage.h"

#define ACTOR(who, more) "'actor': {'operator': '" who "', 'osUser': '" who "', 'host': 'bastion-2'" more "}"

static const char *const entries[] = {
    "{'seq': 12, 'startedAt': '2026-11-21T13:58:02Z', 'id': '01KAJN0000000000000000000A', 'action': 'apply', 'outcome': "
    "'refused', 'environment': 'prod', " ACTOR(
        "ana",
        ", 'sshClient': '10.1.4.9'") ", 'plan': '7c1e90aa7c1e90aa7c1e90aa', 'error': {'name': 'gate', 'message': 'approvals: 0 of 2 have approved'}, "
                                     "'digest': '4be1c9e7b04e1f6f3d3b7ba7a3b7b2a6'}",
    "{'seq': 31, 'startedAt': '2026-11-20T16:03:43Z', 'id': '01KAJN0000000000000000000B', 'action': 'apply.end', 'outcome': "
    "'failure', 'environment': 'test', " ACTOR(
        "ana",
        "") ", 'run': '01KAG00000TESTX00000000000', 'applied': 0, 'error': {'message': 'E11000 duplicate key'}, 'digest': "
            "'99e1c9e7b04e1f6f3d3b7ba7a3b7b2a6'}",
    "{'seq': 11, 'startedAt': '2026-11-14T09:00:02Z', 'id': '01KAJN0000000000000000000C', 'action': 'apply.start', 'outcome': "
    "'success', 'environment': 'prod', " ACTOR(
        "ci",
        ", 'dbUser': 'deploy@admin'") ", 'run': '01KAG00000PRXD500000000000', 'ticket': 'CHG-2204', 'reason': 'currency', 'migrations': 2, 'versions': "
                                      "['20261111160000', '20261112090000'], 'digest': '77e1c9e7b04e1f6f3d3b7ba7a3b7b2a6'}",
    "{'seq': 10, 'startedAt': '2026-11-13T17:20:00Z', 'id': '01KAJN0000000000000000000D', 'action': 'mark.applied', "
    "'outcome': 'success', 'environment': 'prod', " ACTOR(
        "\\u001b[2Jeve",
        "") ", 'version': '20261101000001', 'reason': 'by\\nhand \\u202e', 'digest': '66e1c9e7b04e1f6f3d3b7ba7a3b7b2a6'}",
    NULL,
};

static struct snapshot_world world;
static struct view_stage stage;

static int given_entries(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    world_answer(&world, MIG_QUERY_AUDIT, NULL, "", world_rows(entries));
    stage_open(&stage, &world, "view audit");
    return 0;
}

static int done(void **state)
{
    (void)state;
    stage_close(&stage);
    snapshot_world_end(&world);
    return 0;
}

static void what_was_refused_is_on_the_list_at_every_size(void **state)
{
    (void)state;
    stage_golden(&stage, "audit");
    stage_any_size(&stage);
}

static void an_entry_tells_who_from_where_and_on_what(void **state)
{
    (void)state;
    static const char *const first[] = { "10.1.4.9", "approvals: 0 of 2", "7c1e90aa7c1e90aa" };
    static const char *const third[] = { "deploy@admin", "CHG-2204", "20261112090000" };
    for (size_t i = 0; i < 3; i++)
        assert_true(stage_shows(&stage, 120, 36, first[i]));
    stage_key(&stage, "j");
    stage_key(&stage, "j");
    for (size_t i = 0; i < 3; i++)
        assert_true(stage_shows(&stage, 120, 36, third[i]));
}

static void an_entry_leads_to_its_run_and_its_chain(void **state)
{
    (void)state;
    stage_key(&stage, "enter");
    stage_says(&stage, "no run belongs to it");
    stage_key(&stage, "V");
    stage_commands(&stage, "audit verify --env prod");
    stage_key(&stage, "O");
    stage_commands(&stage, "audit export --env prod --out audit-prod.jsonl");
    stage_key(&stage, "tab");
    stage_commands(&stage, "view history");
    stage_key(&stage, "j");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view log --env test --run 01KAG00000TESTX00000000000");
}

static void every_key_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view audit --env test");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_entries, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_refused_is_on_the_list_at_every_size),
        TEST(an_entry_tells_who_from_where_and_on_what),
        TEST(an_entry_leads_to_its_run_and_its_chain),
        TEST(every_key_does_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
