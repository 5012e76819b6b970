/* Which backup counts, and what is said of the one that came nearest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "engine/backup_judge.h"

#define NOW    1700000000000
#define MINUTE 60000LL
#define UUID   "11111111-1111-4111-8111-111111111111"

static struct mig_backup good(void)
{
    struct mig_backup backup = { .state = MIG_BACKUP_FINISHED,
                                 .proof = MIG_PROOF_OK,
                                 .started_ms = NOW - 10 * MINUTE };
    snprintf(backup.id, sizeof backup.id, "01JD3Q8W0N5B7Y2V4T6R8P0M1K");
    snprintf(backup.environment_uuid, sizeof backup.environment_uuid, UUID);
    snprintf(backup.database, sizeof backup.database, "shop");
    snprintf(backup.method, sizeof backup.method, "archive");
    return backup;
}

static const struct mig_backup_rule rule = { .environment = "prod",
                                             .environment_uuid = UUID,
                                             .database = "shop",
                                             .method = "archive",
                                             .max_age_ms = 60 * MINUTE,
                                             .verify = true };

static struct mig_backup_verdict judged(struct mig_backup backup)
{
    struct mig_backup_verdict verdict;
    mig_backup_judge(&backup, 1, &rule, NOW, &verdict);
    return verdict;
}

static void refused(struct mig_backup backup, const char *reason, const char *remedy)
{
    struct mig_backup_verdict verdict = judged(backup);
    assert_int_equal(verdict.state, MIG_GATE_FAILED);
    assert_non_null(strstr(verdict.reason, reason));
    assert_non_null(strstr(verdict.remedy, remedy));
}

static void a_finished_young_verified_backup_counts(void **state)
{
    (void)state;
    struct mig_backup_verdict verdict = judged(good());
    assert_int_equal(verdict.state, MIG_GATE_OK);
    assert_int_equal(verdict.age_ms, 10 * MINUTE);
    assert_string_equal(verdict.backup, "01JD3Q8W0N5B7Y2V4T6R8P0M1K");
    assert_string_equal(verdict.remedy, "");
}

static void none_at_all_asks_for_one(void **state)
{
    (void)state;
    struct mig_backup_verdict verdict;
    mig_backup_judge(NULL, 0, &rule, NOW, &verdict);
    assert_int_equal(verdict.state, MIG_GATE_FAILED);
    assert_string_equal(verdict.remedy, "migtui backup take --env prod");
}

static void one_as_old_as_the_limit_is_too_old(void **state)
{
    (void)state;
    struct mig_backup backup = good();
    backup.started_ms = NOW - rule.max_age_ms;
    refused(backup, "younger than 1h, the last is 1h old", "backup take");
    backup.started_ms++;
    assert_int_equal(judged(backup).state, MIG_GATE_OK);
}

static void one_of_another_environment_or_database_is_none(void **state)
{
    (void)state;
    struct mig_backup backup = good();
    backup.environment_uuid[0] = '2';
    refused(backup, "no backup of this environment's database", "backup take");
    backup = good();
    backup.database[0] = 'S';
    refused(backup, "no backup of this environment's database", "backup take");
}

static void without_a_uuid_nothing_counts(void **state)
{
    (void)state;
    struct mig_backup backup = good();
    struct mig_backup_rule nameless = rule;
    struct mig_backup_verdict verdict;
    backup.environment_uuid[0] = '\0';
    nameless.environment_uuid = "";
    mig_backup_judge(&backup, 1, &nameless, NOW, &verdict);
    assert_int_equal(verdict.state, MIG_GATE_FAILED);
}

static void what_has_not_finished_does_not_count(void **state)
{
    (void)state;
    static const enum mig_backup_state states[] = { MIG_BACKUP_INTERRUPTED, MIG_BACKUP_FAILED,
                                                    MIG_BACKUP_STOPPED, MIG_BACKUP_REMOVED };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct mig_backup backup = good();
        backup.state = states[i];
        refused(backup, mig_backup_state_word(states[i]), "backup take");
    }
    struct mig_backup running = good();
    running.state = MIG_BACKUP_RUNNING;
    refused(running, "still running", "migtui attach 01JD3Q8W0N5B7Y2V4T6R8P0M1K");
}

static void what_was_not_read_back_counts_only_where_no_proof_is_asked_for(void **state)
{
    (void)state;
    struct mig_backup backup = good();
    struct mig_backup_rule lenient = rule;
    struct mig_backup_verdict verdict;
    backup.proof = MIG_PROOF_NONE;
    refused(backup, "was not verified", "migtui backup verify 01JD3Q8W0N5B7Y2V4T6R8P0M1K --env prod");
    lenient.verify = false;
    mig_backup_judge(&backup, 1, &lenient, NOW, &verdict);
    assert_int_equal(verdict.state, MIG_GATE_OK);
}

static void what_is_known_to_be_bad_never_counts(void **state)
{
    (void)state;
    struct mig_backup backup = good();
    struct mig_backup_rule lenient = rule;
    struct mig_backup_verdict verdict;
    lenient.verify = false;
    backup.proof = MIG_PROOF_FAILED;
    mig_backup_judge(&backup, 1, &lenient, NOW, &verdict);
    assert_int_equal(verdict.state, MIG_GATE_FAILED);
    backup = good();
    backup.where = MIG_FILE_GONE;
    refused(backup, "is gone", "backup take");
}

static void a_date_in_the_future_is_not_young(void **state)
{
    (void)state;
    struct mig_backup backup = good();
    backup.started_ms = NOW + 10 * MINUTE;
    refused(backup, "from the future", "backup take");
}

static void another_method_than_the_policys_does_not_count(void **state)
{
    (void)state;
    struct mig_backup backup = good();
    snprintf(backup.method, sizeof backup.method, "exec");
    refused(backup, "method exec, the policy asks for archive", "backup take");
}

static void a_good_one_is_found_behind_bad_ones(void **state)
{
    (void)state;
    struct mig_backup list[3] = { good(), good(), good() };
    struct mig_backup_verdict verdict;
    list[0].state = MIG_BACKUP_RUNNING;
    list[0].started_ms = NOW;
    list[1].id[25] = 'Z';
    list[2].started_ms = NOW - 20 * MINUTE;
    mig_backup_judge(list, 3, &rule, NOW, &verdict);
    assert_int_equal(verdict.state, MIG_GATE_OK);
    assert_string_equal(verdict.backup, list[1].id);
}

/* A rule that asks for no method, environment or database has nothing to hold a backup against. */
static struct mig_backup_verdict judged_by(struct mig_backup backup, struct mig_backup_rule other)
{
    struct mig_backup_verdict verdict;
    mig_backup_judge(&backup, 1, &other, NOW, &verdict);
    return verdict;
}

static void a_rule_says_only_what_it_asks_for(void **state)
{
    (void)state;
    struct mig_backup_rule any = rule;
    any.method = NULL;
    any.environment = NULL;
    struct mig_backup backup = good();
    snprintf(backup.method, sizeof backup.method, "exec");
    assert_int_equal(judged_by(backup, any).state, MIG_GATE_OK);
    backup.started_ms = NOW - 2 * rule.max_age_ms;
    assert_string_equal(judged_by(backup, any).remedy, "migtui backup take --env NAME");
    any = rule;
    any.method = "mongodump";
    assert_string_equal(judged_by(good(), any).remedy, "migtui backup take --env prod --method mongodump");
    any.environment_uuid = NULL;
    assert_int_equal(judged_by(good(), any).state, MIG_GATE_FAILED);
}

static void one_that_never_began_or_was_altered_does_not_count(void **state)
{
    (void)state;
    struct mig_backup backup = good();
    backup.started_ms = 0;
    refused(backup, "the last backup is finished", "backup take");
    backup = good();
    backup.state = MIG_BACKUP_FAILED;
    snprintf(backup.error, sizeof backup.error, "disk full");
    refused(backup, "the last backup is failed: disk full", "backup take");
    backup = good();
    backup.where = MIG_FILE_ALTERED;
    refused(backup, "is not the one that was written", "backup take");
    backup = good();
    backup.proof = MIG_PROOF_FAILED;
    refused(backup, "is bad: it did not verify", "backup take");
    snprintf(backup.error, sizeof backup.error, "block 7 cannot be read");
    refused(backup, "is bad: block 7 cannot be read", "backup take");
}

/* Within a few seconds of now a clock is a clock. */
static void a_clock_that_is_a_little_ahead_is_no_future(void **state)
{
    (void)state;
    struct mig_backup backup = good();
    backup.started_ms = NOW + 5000;
    struct mig_backup_verdict verdict = judged(backup);
    assert_int_equal(verdict.state, MIG_GATE_OK);
    assert_non_null(strstr(verdict.reason, "of 0"));
    backup.proof = MIG_PROOF_NONE;
    struct mig_backup_rule lenient = rule;
    lenient.verify = false;
    assert_null(strstr(judged_by(backup, lenient).reason, "verified"));
}

static void of_two_that_are_alike_the_newer_is_named(void **state)
{
    (void)state;
    struct mig_backup list[3] = { good(), good(), good() };
    struct mig_backup_verdict verdict;
    for (size_t i = 0; i < 3; i++) {
        list[i].started_ms = NOW - rule.max_age_ms * (int64_t)(i == 1 ? 2 : 3);
        list[i].id[25] = (char)('1' + i);
    }
    mig_backup_judge(list, 3, &rule, NOW, &verdict);
    assert_string_equal(verdict.backup, list[1].id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_young_verified_backup_counts),
        cmocka_unit_test(none_at_all_asks_for_one),
        cmocka_unit_test(one_as_old_as_the_limit_is_too_old),
        cmocka_unit_test(one_of_another_environment_or_database_is_none),
        cmocka_unit_test(without_a_uuid_nothing_counts),
        cmocka_unit_test(what_has_not_finished_does_not_count),
        cmocka_unit_test(what_was_not_read_back_counts_only_where_no_proof_is_asked_for),
        cmocka_unit_test(what_is_known_to_be_bad_never_counts),
        cmocka_unit_test(a_date_in_the_future_is_not_young),
        cmocka_unit_test(another_method_than_the_policys_does_not_count),
        cmocka_unit_test(a_good_one_is_found_behind_bad_ones),
        cmocka_unit_test(a_rule_says_only_what_it_asks_for),
        cmocka_unit_test(one_that_never_began_or_was_altered_does_not_count),
        cmocka_unit_test(a_clock_that_is_a_little_ahead_is_no_future),
        cmocka_unit_test(of_two_that_are_alike_the_newer_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
