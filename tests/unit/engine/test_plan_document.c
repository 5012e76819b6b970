/* A plan as a document, and what is said to have moved since one was saved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "engine/plan.h"
#include "support/step_json.h"

/* One migration of two steps, planned for dev. */
struct world {
    struct mig_step *steps[2];
    struct mig_plan_step planned[2];
    struct mig_migration migrations[2];
    struct mig_plan_item items[2];
    char *warnings[1];
    struct mig_gate gates[1];
    struct mig_plan plan;
};

static char dev[] = "dev", shop[] = "shop", set[] = "rs0", one[] = "1", two[] = "2", title[] = "t",
            warning[] = "slow";

static int setup(void **state)
{
    static struct world w;
    w = (struct world){
        .warnings = { warning },
        .gates = { { .name = "lock", .state = MIG_GATE_FAILED, .reason = "held", .remedy = "wait" } }
    };
    w.steps[0] = step_json("{'id': 'a', 'insert': {'collection': 'c', 'documents': []}}");
    w.steps[1] = step_json("{'id': 'b', 'manual': {'text': 'x'}}");
    for (size_t i = 0; i < 2; i++) {
        w.planned[i] =
            (struct mig_plan_step){ .step = w.steps[i], .estimate = i ? -1 : 12, .transactional = !i };
        w.migrations[i] = (struct mig_migration){ .version = i ? two : one, .title = title, .sem = "s" };
        w.items[i] =
            (struct mig_plan_item){ .migration = &w.migrations[i], .steps = w.planned, .step_count = 2 };
    }
    w.plan = (struct mig_plan){ .id = "plan-1",
                                .environment = dev,
                                .environment_uuid = "u",
                                .database = shop,
                                .replica_set = set,
                                .head = "h",
                                .server_version = "8.0.4",
                                .items = w.items,
                                .count = 1,
                                .warnings = w.warnings,
                                .warning_count = 1,
                                .gates = w.gates,
                                .gate_count = 1 };
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    step_json_free(w->steps[0]);
    step_json_free(w->steps[1]);
    return 0;
}

static void a_plan_says_everything_that_its_id_pins(void **state)
{
    struct world *w = *state;
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    w->items[0].by_inverse = true;
    w->items[0].first_step = 0;
    bson_destroy(&doc);
    mig_plan_document(&w->plan, &doc);
    MIG_AUTOBSON bson_t *expected = doc_json(
        "{'migtuiPlan': 1, 'planId': 'plan-1', 'environment': 'dev', 'environmentUuid': 'u', 'database': 'shop',"
        " 'replicaSet': 'rs0', 'order': 'linear', 'direction': 'up',"
        " 'historyHead': 'h', 'serverVersion': '8.0.4', 'migrations': [{'version': '1', 'title': 't', 'sem': 's',"
        " 'byInverse': true, 'steps': [{'id': 'a', 'kind': 'insert', 'collection': 'c', 'transactional': true,"
        " 'estimate': {'$numberLong': '12'}}, {'id': 'b', 'kind': 'manual', 'transactional': false, 'estimate': null}]}],"
        " 'warnings': ['slow'], 'lint': [], 'gates': [{'name': 'lock', 'state': 'failed', 'reason': 'held',"
        " 'remedy': 'wait'}]}");
    if (!mig_doc_equal(&doc, expected)) {
        char *text = bson_as_relaxed_extended_json(&doc, NULL);
        fail_msg("%s", text);
    }
}

/* saved: the plan as it was; then it is another one, and what moved is said. */
static void assert_moved(const struct world *w, const bson_t *saved, const char *words)
{
    char said[200];
    mig_plan_moved(saved, &w->plan, said, sizeof said);
    if (!strstr(said, words) || (!*words && *said))
        fail_msg("\"%s\", expected \"%s\"", said, words);
}

/* A plan of the first of two migrations beside one of both: neither moved, each is a part of the other. */
static void a_part_is_told_from_what_moved(void **state)
{
    struct world *w = *state;
    int64_t count = 0;
    MIG_AUTODOC bson_t first = BSON_INITIALIZER;
    MIG_AUTODOC bson_t both = BSON_INITIALIZER;
    bson_destroy(&first);
    mig_plan_document(&w->plan, &first);
    assert_int_equal(mig_plan_part(&first, &w->plan, &count), 0); /* all of it */
    w->plan.count = 2;
    assert_int_equal(mig_plan_part(&first, &w->plan, &count), 1);
    assert_int_equal(count, 1);
    bson_destroy(&both);
    mig_plan_document(&w->plan, &both);
    w->plan.count = 1;
    assert_int_equal(mig_plan_part(&both, &w->plan, &count), -1);
    assert_int_equal(count, 2);
    w->plan.count = 2;
    memcpy(w->plan.head, "g", 2); /* the history went on */
    assert_int_equal(mig_plan_part(&first, &w->plan, &count), 0);
    memcpy(w->plan.head, "h", 2);
    w->migrations[0].version = two; /* another one comes first */
    w->migrations[1].version = one;
    assert_int_equal(mig_plan_part(&first, &w->plan, &count), 0);
    w->migrations[0].version = one;
    w->migrations[1].version = two;
    memcpy(w->migrations[0].sem, "t", 2); /* its file was edited */
    assert_int_equal(mig_plan_part(&first, &w->plan, &count), 0);
}

static void what_moved_is_named_one_input_at_a_time(void **state)
{
    struct world *w = *state;
    MIG_AUTODOC bson_t saved = BSON_INITIALIZER;
    bson_destroy(&saved);
    mig_plan_document(&w->plan, &saved);
    assert_moved(w, &saved, "");
    snprintf(w->plan.id, sizeof w->plan.id, "plan-2");
    assert_moved(w, &saved, "steps: those that would run are not the ones planned");
    snprintf(w->plan.head, sizeof w->plan.head, "g");
    assert_moved(w, &saved, "history head: something was applied, rolled back or marked since (was h, is g)");
    snprintf(w->plan.server_version, sizeof w->plan.server_version, "8.0.5");
    assert_moved(w, &saved, "server version (was 8.0.4, is 8.0.5)");
    w->plan.direction = MIG_DOWN;
    assert_moved(w, &saved, "direction (was up, is down)");
    snprintf(w->migrations[0].sem, sizeof w->migrations[0].sem, "other");
    assert_moved(w, &saved, "files: the meaning of 1 was changed");
    w->plan.count = 2;
    w->items[0] = w->items[1];
    assert_moved(w, &saved,
                 "migrations: 1 is no longer applied: it was taken back since, or its file is gone");
    w->plan.count = 0;
    assert_moved(w, &saved, "migrations: 1 is no longer applied");
    snprintf(w->plan.environment_uuid, sizeof w->plan.environment_uuid, "v");
    assert_moved(w, &saved, "target: the plan was made for another database");
}

static void a_migration_that_came_is_named_too(void **state)
{
    struct world *w = *state;
    MIG_AUTODOC bson_t saved = BSON_INITIALIZER;
    bson_destroy(&saved);
    mig_plan_document(&w->plan, &saved);
    snprintf(w->plan.id, sizeof w->plan.id, "plan-2");
    w->plan.count = 2;
    assert_moved(w, &saved, "migrations: 2 comes in place 2 now");
}

/* The file is somebody's: it may say anything. */
static void a_saved_plan_that_lists_nothing_is_another_one(void **state)
{
    struct world *w = *state;
    MIG_AUTOBSON bson_t *none = doc_json("{'environmentUuid': 'u'}");
    MIG_AUTOBSON bson_t *wrong = doc_json("{'environmentUuid': 'u', 'migrations': [1]}");
    assert_moved(w, none, "the saved plan lists no migrations");
    assert_moved(w, wrong, "migrations: 1 comes in place 1 now");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plan_says_everything_that_its_id_pins, setup, teardown),
        cmocka_unit_test_setup_teardown(a_part_is_told_from_what_moved, setup, teardown),
        cmocka_unit_test_setup_teardown(what_moved_is_named_one_input_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_migration_that_came_is_named_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_saved_plan_that_lists_nothing_is_another_one, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
