/* Gates as one table: what each decides from its facts, and what keeps a plan from running. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gates.h"

static struct mig_plan plan;
static const struct mig_lock no_lock;

/* Everything is as it should be, and the policy asks for nothing. */
static struct mig_gate_facts good(void)
{
    plan.count = 2;
    return (struct mig_gate_facts){ .plan = &plan,
                                    .environment = "prod",
                                    .is_protected = true,
                                    .project = "shop",
                                    .project_there = "shop",
                                    .lock = &no_lock,
                                    .drift = { .known = true } };
}

static const struct mig_gate *decided(const struct mig_gate_facts *facts, const char *name)
{
    mig_gates_decide(facts, &plan);
    for (size_t i = 0; i < plan.gate_count; i++) {
        if (strcmp(plan.gates[i].name, name) == 0)
            return &plan.gates[i];
    }
    return NULL;
}

static void assert_closed_by(const struct mig_gate_facts *facts, const char *name)
{
    mig_gates_decide(facts, &plan);
    const struct mig_gate *gate = mig_gates_first_closed(&plan, facts->is_protected);
    assert_non_null(gate);
    assert_string_equal(gate->name, name);
    assert_string_not_equal(gate->reason, "");
}

static void what_is_not_asked_for_is_not_listed(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    assert_null(decided(&facts, "approvals"));
    assert_null(decided(&facts, "rehearsed"));
    assert_null(decided(&facts, "window"));
    assert_null(decided(&facts, "backup"));
    assert_null(decided(&facts, "replication"));
    assert_null(mig_gates_first_closed(&plan, true));
}

static void a_look_older_than_ten_seconds_decides_nothing(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    facts.look_age_ms = MIG_FRESH_MS;
    assert_int_equal(decided(&facts, "freshness")->state, MIG_GATE_OK);
    facts.look_age_ms = MIG_FRESH_MS + 1;
    assert_closed_by(&facts, "freshness");
}

static void unknown_closes_where_it_is_protected_or_asked_for(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    facts.drift.known = false;
    assert_closed_by(&facts, "drift");
    facts.is_protected = false;
    mig_gates_decide(&facts, &plan);
    assert_null(mig_gates_first_closed(&plan, false));
    facts.replication.max_ms = 1000; /* asked for by name, and the server does not tell */
    assert_closed_by(&facts, "replication");
}

static void a_member_that_is_down_or_too_far_behind_closes(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    facts.replication.max_ms = 1000;
    facts.replication.known = true;
    facts.replication.lag_ms = 1000;
    assert_int_equal(decided(&facts, "replication")->state, MIG_GATE_OK);
    facts.replication.lag_ms = 1001;
    assert_closed_by(&facts, "replication");
    facts.replication.lag_ms = -1;
    assert_closed_by(&facts, "replication");
}

static void windows_open_and_close_on_the_minute_also_past_midnight(void **state)
{
    (void)state;
    enum { MON, TUE, WED, SUN = 6 };
    static const struct {
        uint32_t days;
        int from, to, weekday, minute;
        bool open;
    } rows[] = {
        { 1U << MON, 480, 960, MON, 480, true },    { 1U << MON, 480, 960, MON, 479, false },
        { 1U << MON, 480, 960, MON, 959, true },    { 1U << MON, 480, 960, MON, 960, false },
        { 1U << MON, 480, 960, TUE, 500, false },   { 1U << MON, 1320, 240, MON, 1320, true },
        { 1U << MON, 1320, 240, TUE, 239, true },   { 1U << MON, 1320, 240, TUE, 240, false },
        { 1U << MON, 1320, 240, MON, 100, false },  { 1U << SUN, 1320, 240, MON, 100, true },
        { 1U << MON, 1320, 240, TUE, 1320, false }, { 127, 0, 1440, WED, 0, true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mig_gate_facts facts = good();
        facts.window.asked = facts.window.known = true;
        facts.window.zone = "UTC";
        facts.window.days = rows[i].days;
        facts.window.from = rows[i].from;
        facts.window.to = rows[i].to;
        facts.window.weekday = rows[i].weekday;
        facts.window.minute = rows[i].minute;
        const struct mig_gate *gate = decided(&facts, "window");
        if ((gate->state == MIG_GATE_OK) != rows[i].open)
            fail_msg("row %zu: %s", i, gate->reason);
    }
}

static void broken_glass_passes_over_approvals_and_nothing_else(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    facts.approvals.asked = facts.approvals.known = true;
    snprintf(facts.approvals.verdict.reason, sizeof facts.approvals.verdict.reason, "nobody has asked");
    assert_closed_by(&facts, "approvals");
    facts.approvals.break_glass = true;
    assert_true(decided(&facts, "approvals")->passed_over);
    assert_int_equal(decided(&facts, "approvals")->state, MIG_GATE_FAILED); /* never shown as ok */
    assert_null(mig_gates_first_closed(&plan, true));
    facts.look_age_ms = 60000;
    assert_closed_by(&facts, "freshness");
}

static void a_clock_that_is_a_day_off_closes_where_it_is_protected(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    facts.skew_ms = -MIG_SKEW_MS;
    assert_int_equal(decided(&facts, "clock")->state, MIG_GATE_OK);
    facts.skew_ms = -MIG_SKEW_MS - 1;
    assert_closed_by(&facts, "clock");
}

/* What a gate says of facts that everything else agrees with. */
static void assert_says(const struct mig_gate_facts *facts, const char *name, enum mig_gate_state state,
                        const char *reason)
{
    const struct mig_gate *gate = decided(facts, name);
    assert_non_null(gate);
    if (gate->state != state || !strstr(gate->reason, reason))
        fail_msg("%s: state %d, \"%s\", expected %d with \"%s\"", name, gate->state, gate->reason, state,
                 reason);
}

static void files_that_contradict_their_sum_close(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    static char problem[] = "migtui.sum: line 3 names a file that is gone";
    plan.sum_problem = problem;
    assert_says(&facts, "files", MIG_GATE_FAILED, "line 3");
    assert_closed_by(&facts, "files");
}

static void a_database_of_another_project_closes_and_nobodys_does_not(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    snprintf(plan.environment_uuid, sizeof plan.environment_uuid, "%s", "12345678-aaaa");
    assert_says(&facts, "identity", MIG_GATE_OK, "this project's, 12345678");
    facts.project_there = "";
    assert_says(&facts, "identity", MIG_GATE_OK, "");
    facts.project_there = "billing";
    assert_says(&facts, "identity", MIG_GATE_FAILED, "belongs to project \"billing\"");
    assert_closed_by(&facts, "identity");
}

static void the_order_says_how_many_there_are(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    assert_says(&facts, "order", MIG_GATE_OK, "2 migrations, order linear");
    plan.count = 1;
    assert_says(&facts, "order", MIG_GATE_OK, "1 migration, order");
}

static void what_was_not_rehearsed_as_it_is_now_closes(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    facts.rehearsed.in = "test";
    facts.is_protected = false; /* asked for by name, so not knowing closes all the same */
    snprintf(facts.rehearsed.why, sizeof facts.rehearsed.why, "no primary");
    assert_says(&facts, "rehearsed", MIG_GATE_UNKNOWN, "test could not be asked: no primary");
    assert_closed_by(&facts, "rehearsed");
    facts.rehearsed.known = true;
    facts.rehearsed.missing = 1;
    snprintf(facts.rehearsed.first, sizeof facts.rehearsed.first, "20260101");
    assert_says(&facts, "rehearsed", MIG_GATE_FAILED,
                "1 of 2 did not succeed on test as they are now, first 20260101");
    facts.rehearsed.missing = 0;
    assert_says(&facts, "rehearsed", MIG_GATE_OK, "succeeded on test");
    assert_null(mig_gates_first_closed(&plan, false));
}

static void drift_tells_what_moved_and_what_could_not_be_compared(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    snprintf(facts.drift.first, sizeof facts.drift.first, "people");
    facts.drift.moved = 1;
    assert_says(&facts, "drift", MIG_GATE_UNKNOWN, "people changed since the last run");
    facts.drift.moved = 2;
    assert_says(&facts, "drift", MIG_GATE_UNKNOWN, "people and others have changed since the last run");
    assert_closed_by(&facts, "drift");
    facts.drift.moved = 0;
    assert_says(&facts, "drift", MIG_GATE_NONE, "nothing to compare");
    facts.drift.compared = 1;
    assert_says(&facts, "drift", MIG_GATE_OK, "1 collection as the last run left it");
    facts.drift.compared = 2;
    facts.drift.without = 1;
    assert_says(&facts, "drift", MIG_GATE_OK,
                "2 collections as the last run left them; the others have no fingerprint");
}

static void approvals_that_cannot_be_read_close_and_good_ones_do_not(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    facts.approvals.asked = true;
    snprintf(facts.approvals.why, sizeof facts.approvals.why, "not authorized");
    assert_says(&facts, "approvals", MIG_GATE_UNKNOWN, "not authorized");
    assert_closed_by(&facts, "approvals");
    facts.approvals.known = true;
    facts.approvals.break_glass = true; /* nothing to pass over: it is approved */
    facts.approvals.verdict.state = MIG_APPROVAL_APPROVED;
    snprintf(facts.approvals.verdict.reason, sizeof facts.approvals.verdict.reason, "2 of 2");
    assert_says(&facts, "approvals", MIG_GATE_OK, "2 of 2");
    assert_false(decided(&facts, "approvals")->passed_over);
    assert_null(mig_gates_first_closed(&plan, true));
}

static void a_backup_that_is_asked_for_decides_by_its_own_verdict(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    facts.backup.asked = true;
    facts.backup.verdict.state = MIG_GATE_FAILED;
    snprintf(facts.backup.verdict.reason, sizeof facts.backup.verdict.reason, "last 31h ago");
    assert_closed_by(&facts, "backup");
    facts.backup.verdict.state = MIG_GATE_OK;
    assert_says(&facts, "backup", MIG_GATE_OK, "31h");
}

static void a_zone_whose_time_is_not_known_closes(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    facts.window.asked = true;
    facts.window.zone = "Mars/Base";
    snprintf(facts.window.why, sizeof facts.window.why, "no such zone");
    assert_says(&facts, "window", MIG_GATE_UNKNOWN, "the time in Mars/Base could not be told: no such zone");
    assert_closed_by(&facts, "window");
}

static void the_lock_closes_unless_it_is_free_or_ones_own(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    struct mig_lock lock = { .exists = true,
                             .owner = "an owner",
                             .run = "01J9",
                             .os_user = "ana",
                             .host = "ops-1",
                             .server_now = 1000,
                             .expires_at = 1000 };
    facts.lock = &lock;
    facts.own_run = NULL;
    assert_says(&facts, "lock", MIG_GATE_FAILED, "run 01J9 of ana on ops-1 holds it");
    facts.own_run = "01JA";
    assert_closed_by(&facts, "lock");
    facts.own_run = "01J9";
    assert_says(&facts, "lock", MIG_GATE_OK, "free");
    facts.own_run = NULL;
    lock.expires_at--;
    assert_says(&facts, "lock", MIG_GATE_OK, "free");
}

static void a_wrong_clock_says_which_way_and_only_warns_where_nothing_is_protected(void **state)
{
    (void)state;
    struct mig_gate_facts facts = good();
    facts.is_protected = false;
    facts.skew_ms = MIG_SKEW_MS + 1;
    assert_says(&facts, "clock", MIG_GATE_UNKNOWN, "behind the server's");
    assert_null(mig_gates_first_closed(&plan, false));
    facts.skew_ms = -facts.skew_ms;
    assert_says(&facts, "clock", MIG_GATE_UNKNOWN, "ahead of the server's");
}

static int teardown(void **state)
{
    (void)state;
    free(plan.gates);
    plan = (struct mig_plan){ 0 };
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_not_asked_for_is_not_listed, teardown),
        cmocka_unit_test_teardown(a_look_older_than_ten_seconds_decides_nothing, teardown),
        cmocka_unit_test_teardown(unknown_closes_where_it_is_protected_or_asked_for, teardown),
        cmocka_unit_test_teardown(a_member_that_is_down_or_too_far_behind_closes, teardown),
        cmocka_unit_test_teardown(windows_open_and_close_on_the_minute_also_past_midnight, teardown),
        cmocka_unit_test_teardown(broken_glass_passes_over_approvals_and_nothing_else, teardown),
        cmocka_unit_test_teardown(a_clock_that_is_a_day_off_closes_where_it_is_protected, teardown),
        cmocka_unit_test_teardown(files_that_contradict_their_sum_close, teardown),
        cmocka_unit_test_teardown(a_database_of_another_project_closes_and_nobodys_does_not, teardown),
        cmocka_unit_test_teardown(the_order_says_how_many_there_are, teardown),
        cmocka_unit_test_teardown(what_was_not_rehearsed_as_it_is_now_closes, teardown),
        cmocka_unit_test_teardown(drift_tells_what_moved_and_what_could_not_be_compared, teardown),
        cmocka_unit_test_teardown(approvals_that_cannot_be_read_close_and_good_ones_do_not, teardown),
        cmocka_unit_test_teardown(a_backup_that_is_asked_for_decides_by_its_own_verdict, teardown),
        cmocka_unit_test_teardown(a_zone_whose_time_is_not_known_closes, teardown),
        cmocka_unit_test_teardown(the_lock_closes_unless_it_is_free_or_ones_own, teardown),
        cmocka_unit_test_teardown(a_wrong_clock_says_which_way_and_only_warns_where_nothing_is_protected,
                                  teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
