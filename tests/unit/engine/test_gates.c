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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
