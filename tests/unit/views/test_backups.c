/* Backups: only what was read back whole looks good, and each act is a command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "support/view_stage.h"

#define BACKUP(id, env, state, proof, where, when, ms, size, more) \
    "{'backup': '" id "', 'environment': '" env \
    "', 'database': 'shop', 'method': 'archive', 'state': '" state "', 'proof': '" proof \
    "', 'where': '" where "', 'startedAt': '" when "', 'durationMs': " ms ", 'size': " size \
    ", 'consistent': true, 'collections': 12, 'operator': 'ana', 'osUser': 'ana', 'host': 'bastion-2', 'file': " \
    "'/var/backups/shop/" id ".archive.gz'" more "}"

static const char *const backups[] = {
    BACKUP("01KAJN00000000000000000006", "prod", "running", "none", "", "2026-11-21T14:01:40Z", "0", "0",
           ", 'documents': 1100000, 'documentsTotal': 5200000, 'at': 'orders'"),
    BACKUP("01KAJN00000000000000000005", "prod", "finished", "ok", "here", "2026-11-21T13:55:02Z", "191000",
           "19542101196", ", 'documents': 5198112, 'provenAt': '2026-11-21T13:58:20Z', 'ticket': 'CHG-2204'"),
    BACKUP("01KAJN00000000000000000004", "prod", "finished", "none", "elsewhere", "2026-11-20T06:00:00Z",
           "184000", "19434726400", ", 'documents': 5190007"),
    BACKUP("01KAJN00000000000000000003", "prod", "finished", "failed", "here", "2026-11-19T06:00:00Z",
           "41000", "2147483648",
           ", 'documents': 701233, 'error': 'the archive ends in the middle of shop.orders'"),
    BACKUP("01KAJN00000000000000000002", "test", "finished", "ok", "gone", "2026-11-18T06:00:00Z", "3000",
           "1048576", ", 'documents': 12000"),
    BACKUP("01KAJN00000000000000000001", "test", "failed", "none", "", "2026-11-17T06:00:00Z", "900", "0",
           ", 'documents': 0, 'error': 'no space left on device'"),
    NULL,
};

static struct snapshot_world world;
static struct view_stage stage;

static int given_backups(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    world_answer(&world, MIG_QUERY_BACKUPS, NULL, "", world_rows(backups));
    stage_open(&stage, &world, "view backups");
    return 0;
}

static int done(void **state)
{
    (void)state;
    stage_close(&stage);
    snapshot_world_end(&world);
    return 0;
}

static void all_backups_at_every_size(void **state)
{
    (void)state;
    stage_key(&stage, "j");
    stage_golden(&stage, "backups");
    stage_any_size(&stage);
}

static void acts_are_command_lines(void **state)
{
    (void)state;
    stage_key(&stage, "j");
    stage_key(&stage, "b");
    stage_commands(&stage, "backup take --env prod");
    stage_key(&stage, "v");
    stage_commands(&stage, "backup verify 01KAJN00000000000000000005 --env prod");
    stage_key(&stage, "D");
    stage_commands(&stage, "backup drill 01KAJN00000000000000000005 --env prod");
    stage_key(&stage, "R");
    stage_commands(&stage, "restore 01KAJN00000000000000000005 --env prod");
}

static void what_did_not_finish_is_not_restored(void **state)
{
    (void)state;
    stage_key(&stage, "R");
    stage_says(&stage, "it did not finish");
    stage_key(&stage, "G");
    stage_key(&stage, "v");
    stage_says(&stage, "it did not finish");
}

static void no_backup_yet_teaches(void **state)
{
    (void)state;
    world_answer(&world, MIG_QUERY_BACKUPS, NULL, "", world_rows((const char *const[]){ NULL }));
    assert_true(stage_shows(&stage, 80, 24, "b takes one"));
    stage_key(&stage, "b");
    stage_says(&stage, "choose an environment first (l)");
    stage_key(&stage, "l");
    stage_key(&stage, "b");
    stage_commands(&stage, "backup take --env dev");
}

static void every_key_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view backups");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_backups, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_backups_at_every_size),
        TEST(acts_are_command_lines),
        TEST(what_did_not_finish_is_not_restored),
        TEST(no_backup_yet_teaches),
        TEST(every_key_does_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
