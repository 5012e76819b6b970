/* The nine states, and the plans that follow from them: files + history + lock in, one answer out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "engine/catalog.h"
#include "engine/head.h"
#include "engine/lease.h"
#include "engine/plan.h"
#include "engine/states.h"
#include "engine/units.h"

struct world {
    struct mig_catalog *catalog;
    struct mig_history history;
    struct mig_views views;
    struct mig_server server;
    struct mig_plan *plan;
    struct mig_error err;
};

/* "1 2 3>2" : versions, with what they depend on after '>'; each inserts one document and can be rolled back. */
static void given_files(struct world *w, const char *words)
{
    struct mig_file files[32];
    char *texts[32];
    char *names[32];
    size_t count = 0;
    char *copy = mig_strdup(words);
    char *save;
    struct mig_problems problems = { 0 };
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *need = strchr(word, '>');
        if (need)
            *need++ = '\0';
        texts[count] = mig_printf(
            "{\"migtui\": 1, \"title\": \"number %s\", \"depends\": [%s%s%s], \"up\": [{\"id\": \"a\", "
            "\"insert\": {\"collection\": \"c\", \"documents\": [{\"_id\": %s}]}}], \"down\": "
            "[{\"id\": \"a\", \"delete\": {\"collection\": \"c\", \"deletes\": [{\"q\": {\"_id\": "
            "%s}, \"limit\": 1}]}}]}",
            word, need ? "\"" : "", need ? need : "", need ? "\"" : "", word, word);
        names[count] = mig_printf("%s_n.jsonc", word);
        files[count] =
            (struct mig_file){ .name = names[count], .text = texts[count], .len = strlen(texts[count]) };
        count++;
    }
    w->catalog = mig_catalog_build("m", files, count, NULL, "migtui_", 0, &problems);
    assert_int_equal(problems.count, 0);
    mig_problems_done(&problems);
    for (size_t i = 0; i < count; i++) {
        free(texts[i]);
        free(names[i]);
    }
    free(copy);
}

static struct mig_record *given_record(struct world *w, const char *version, enum mig_record_state state)
{
    struct mig_history *h = &w->history;
    const struct mig_migration *file = mig_catalog_find(w->catalog, version);
    h->records = mig_grow(h->records, h->count, &h->room, sizeof *h->records);
    struct mig_record *record = &h->records[h->count++];
    *record = (struct mig_record){ .version = mig_strdup(version),
                                   .title = mig_strdup("t"),
                                   .state = state,
                                   .run = mig_strdup("RUN1"),
                                   .attempt = 1,
                                   .rev = 1,
                                   .seq = (int64_t)h->count };
    record->sem = mig_strdup(file ? file->sem : "");
    record->raw = mig_strdup(file ? file->raw : "");
    return record;
}

static void given_lock(struct world *w, const char *run, int64_t expires_in)
{
    w->history.lock =
        (struct mig_lock){ .exists = true, .token = 1, .server_now = 1000, .expires_at = 1000 + expires_in };
    snprintf(w->history.lock.owner, sizeof w->history.lock.owner, "someone");
    snprintf(w->history.lock.run, sizeof w->history.lock.run, "%s", run);
}

static void assert_states(struct world *w, enum mig_order order, const char *expected)
{
    char seen[512] = "";
    mig_views_done(&w->views);
    mig_states_derive(w->catalog, &w->history, order, &w->views);
    for (size_t i = 0; i < w->views.count; i++) {
        size_t len = strlen(seen);
        snprintf(seen + len, sizeof seen - len, "%s%s %s", i ? ", " : "", w->views.items[i].version,
                 mig_state_word(w->views.items[i].state));
    }
    assert_string_equal(seen, expected);
}

static int setup(void **state)
{
    struct world *w = mig_alloc(sizeof *w);
    w->server = (struct mig_server){ .version = "8.2.0", .major = 8, .minor = 2, .can_transactions = true };
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    mig_plan_free(w->plan);
    mig_views_done(&w->views);
    for (size_t i = 0; i < w->history.count; i++)
        mig_record_done(&w->history.records[i]);
    free(w->history.records);
    mig_catalog_free(w->catalog);
    free(w);
    return 0;
}

/* ---- states ---- */

static void new_files_are_pending(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2");
    assert_states(w, MIG_ORDER_LINEAR, "1 pending, 2 pending");
}

static void versions_order_by_number(void **state)
{
    struct world *w = *state;
    given_files(w, "10 9 100");
    assert_states(w, MIG_ORDER_LINEAR, "9 pending, 10 pending, 100 pending");
}

static void what_ran_and_still_reads_the_same_is_applied(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2");
    given_record(w, "1", MIG_RECORD_APPLIED);
    assert_states(w, MIG_ORDER_LINEAR, "1 applied, 2 pending");
    assert_false(w->views.items[0].raw_only_change);
}

static void an_edit_that_matters_is_changed_and_one_that_does_not_is_a_notice(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2");
    given_record(w, "1", MIG_RECORD_APPLIED)->sem[0] ^= 1;
    given_record(w, "2", MIG_RECORD_APPLIED)->raw[0] ^= 1;
    assert_states(w, MIG_ORDER_LINEAR, "1 changed, 2 applied");
    assert_true(w->views.items[1].raw_only_change);
}

static void an_applied_migration_without_its_file_is_missing(void **state)
{
    struct world *w = *state;
    given_files(w, "2");
    given_record(w, "1", MIG_RECORD_APPLIED);
    assert_states(w, MIG_ORDER_LINEAR, "1 missing, 2 pending");
}

static void what_was_rolled_back_is_pending_again_and_nothing_without_its_file(void **state)
{
    struct world *w = *state;
    given_files(w, "1");
    given_record(w, "0", MIG_RECORD_REVERTED);
    given_record(w, "1", MIG_RECORD_REVERTED);
    assert_states(w, MIG_ORDER_LINEAR, "1 pending");
}

static void an_older_file_is_late_unless_any_order_will_do(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2 3");
    given_record(w, "2", MIG_RECORD_APPLIED);
    assert_states(w, MIG_ORDER_LINEAR, "1 late, 2 applied, 3 pending");
    assert_states(w, MIG_ORDER_SKIP, "1 late, 2 applied, 3 pending");
    assert_states(w, MIG_ORDER_ANY, "1 pending, 2 applied, 3 pending");
}

static void a_run_under_way_is_running_only_while_its_own_lock_lives(void **state)
{
    struct world *w = *state;
    given_files(w, "1");
    given_record(w, "1", MIG_RECORD_RUNNING);
    given_lock(w, "RUN1", 0);
    assert_states(w, MIG_ORDER_LINEAR, "1 running");
    given_lock(w, "RUN1", -1);
    assert_states(w, MIG_ORDER_LINEAR, "1 interrupted");
    given_lock(w, "RUN2", 5000);
    assert_states(w, MIG_ORDER_LINEAR, "1 interrupted");
    w->history.lock.owner[0] = '\0';
    assert_states(w, MIG_ORDER_LINEAR, "1 interrupted");
}

static void a_roll_back_that_broke_off_is_interrupted_and_a_failed_step_is_failed(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2");
    given_record(w, "1", MIG_RECORD_REVERTING);
    given_record(w, "2", MIG_RECORD_FAILED);
    assert_states(w, MIG_ORDER_LINEAR, "1 interrupted, 2 failed");
}

static void a_dependency_that_will_run_first_blocks_nothing(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2>1");
    assert_states(w, MIG_ORDER_LINEAR, "1 pending, 2 pending");
}

static void a_dependency_that_cannot_run_before_blocks(void **state)
{
    struct world *w = *state;
    given_files(w, "1>3 2>1 3");
    assert_states(w, MIG_ORDER_LINEAR, "1 blocked, 2 blocked, 3 pending");
    given_record(w, "3", MIG_RECORD_APPLIED);
    assert_states(w, MIG_ORDER_ANY, "1 pending, 2 pending, 3 applied");
}

/* ---- plans ---- */

static bool when_planned(struct world *w, enum mig_order order, const struct mig_selection *selection)
{
    mig_plan_free(w->plan);
    w->plan = NULL;
    mig_views_done(&w->views);
    mig_history_head(&w->history, w->history.head);
    mig_states_derive(w->catalog, &w->history, order, &w->views);
    struct mig_plan_input input = { .environment = "prod",
                                    .database = "shop",
                                    .order = order,
                                    .catalog = w->catalog,
                                    .history = &w->history,
                                    .views = &w->views,
                                    .server = &w->server,
                                    .selection = selection };
    return mig_plan_build(&input, &w->plan, &w->err);
}

static void assert_plan(struct world *w, const char *expected)
{
    char seen[256] = "";
    for (size_t i = 0; i < w->plan->count; i++) {
        size_t len = strlen(seen);
        snprintf(seen + len, sizeof seen - len, "%s%s", i ? " " : "", w->plan->items[i].migration->version);
    }
    assert_string_equal(seen, expected);
}

static const struct mig_selection up = { .direction = MIG_UP };
static const struct mig_selection down = { .direction = MIG_DOWN };

static void an_apply_takes_what_is_pending_in_order(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2 3");
    given_record(w, "1", MIG_RECORD_APPLIED);
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    assert_plan(w, "2 3");
}

static void to_count_and_names_narrow_an_apply(void **state)
{
    struct world *w = *state;
    const char *const only[] = { "3", NULL };
    given_files(w, "1 2 3");
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &(struct mig_selection){ .to = "2" }));
    assert_plan(w, "1 2");
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &(struct mig_selection){ .count = 1 }));
    assert_plan(w, "1");
    assert_true(when_planned(w, MIG_ORDER_ANY, &(struct mig_selection){ .versions = only }));
    assert_plan(w, "3");
    assert_false(when_planned(w, MIG_ORDER_LINEAR, &(struct mig_selection){ .to = "7" }));
    assert_int_equal(w->err.code, MIG_ERR_USAGE);
}

static void a_past_in_doubt_stops_every_plan(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2");
    struct mig_record *record = given_record(w, "1", MIG_RECORD_APPLIED);
    record->sem[0] ^= 1;
    assert_false(when_planned(w, MIG_ORDER_ANY, &up));
    assert_int_equal(w->err.code, MIG_ERR_INTEGRITY);
    record->sem[0] ^= 1;
    record->state = MIG_RECORD_FAILED;
    assert_false(when_planned(w, MIG_ORDER_ANY, &up));
    assert_int_equal(w->err.code, MIG_ERR_INTEGRITY);
    record->state = MIG_RECORD_RUNNING;
    given_lock(w, "RUN1", 10);
    assert_false(when_planned(w, MIG_ORDER_ANY, &up));
    assert_int_equal(w->err.code, MIG_ERR_LOCKED);
}

static void a_late_migration_stops_a_linear_plan_and_is_left_out_by_skip(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2 3");
    given_record(w, "2", MIG_RECORD_APPLIED);
    assert_false(when_planned(w, MIG_ORDER_LINEAR, &up));
    assert_int_equal(w->err.code, MIG_ERR_ORDER);
    assert_true(when_planned(w, MIG_ORDER_SKIP, &up));
    assert_plan(w, "3");
    assert_int_equal(w->plan->warning_count, 1);
    assert_true(when_planned(w, MIG_ORDER_ANY, &up));
    assert_plan(w, "1 3");
}

static void a_roll_back_goes_in_reverse_order_of_execution(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2 3");
    given_record(w, "1", MIG_RECORD_APPLIED)->seq = 3;
    given_record(w, "2", MIG_RECORD_APPLIED)->seq = 1;
    given_record(w, "3", MIG_RECORD_APPLIED)->seq = 2;
    assert_true(when_planned(w, MIG_ORDER_ANY, &down));
    assert_plan(w, "1");
    assert_true(when_planned(w, MIG_ORDER_ANY, &(struct mig_selection){ .direction = MIG_DOWN, .count = 3 }));
    assert_plan(w, "1 3 2");
    assert_true(when_planned(w, MIG_ORDER_ANY, &(struct mig_selection){ .direction = MIG_DOWN, .to = "1" }));
    assert_plan(w, "3 2");
}

static void what_others_depend_on_cannot_be_rolled_back_from_under_them(void **state)
{
    struct world *w = *state;
    const char *const one[] = { "1", NULL };
    given_files(w, "1 2>1");
    given_record(w, "1", MIG_RECORD_APPLIED);
    given_record(w, "2", MIG_RECORD_APPLIED);
    assert_false(
        when_planned(w, MIG_ORDER_ANY, &(struct mig_selection){ .direction = MIG_DOWN, .versions = one }));
    assert_int_equal(w->err.code, MIG_ERR_ORDER);
}

static void whatever_moves_gives_another_plan_id(void **state)
{
    struct world *w = *state;
    char ids[5][MIG_SHA256_HEX];
    given_files(w, "1 2");
    given_record(w, "1", MIG_RECORD_APPLIED);
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    memcpy(ids[0], w->plan->id, sizeof ids[0]);
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    assert_string_equal(w->plan->id, ids[0]); /* the same input, the same id */
    w->history.records[0].attempt = 2;
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    memcpy(ids[1], w->plan->id, sizeof ids[1]);
    w->history.environment_uuid[0] = 'x';
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    memcpy(ids[2], w->plan->id, sizeof ids[2]);
    w->server.version[0] = '7';
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    memcpy(ids[3], w->plan->id, sizeof ids[3]);
    w->catalog->items[1].sem[0] ^= 1;
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    memcpy(ids[4], w->plan->id, sizeof ids[4]);
    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
    }
}

static void a_stale_plan_says_which_input_moved(void **state)
{
    struct world *w = *state;
    char moved[256];
    bson_t saved;
    given_files(w, "1 2");
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    mig_plan_document(w->plan, &saved);
    mig_plan_moved(&saved, w->plan, moved, sizeof moved);
    assert_string_equal(moved, "");
    w->catalog->items[1].sem[0] ^= 1;
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    mig_plan_moved(&saved, w->plan, moved, sizeof moved);
    assert_string_equal(moved, "files: the meaning of 2 was changed");
    w->catalog->items[1].sem[0] ^= 1;
    given_record(w, "1", MIG_RECORD_APPLIED);
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    mig_plan_moved(&saved, w->plan, moved, sizeof moved);
    assert_string_equal(moved, "migrations: 1 is no longer pending: it ran since, or its file is gone");
    w->history.environment_uuid[0] = 'x';
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    mig_plan_moved(&saved, w->plan, moved, sizeof moved);
    assert_string_equal(moved, "target: the plan was made for another database");
    bson_destroy(&saved);
}

/* Plans "1" as given, again after one change, and tells what is said to have moved. */
static void assert_moved(struct world *w, enum mig_order order, const char *expected)
{
    static const struct mig_selection first = { .to = "1" };
    struct world before = { .server = w->server };
    char moved[256];
    bson_t saved;
    snprintf(before.server.set_name, sizeof before.server.set_name, "rs0");
    snprintf(before.server.version, sizeof before.server.version, "7.0.1");
    given_files(&before, "1 2");
    assert_true(when_planned(&before, MIG_ORDER_ANY, &first));
    mig_plan_document(before.plan, &saved);
    assert_true(when_planned(w, order, &first));
    mig_plan_moved(&saved, w->plan, moved, sizeof moved);
    assert_string_equal(moved, expected);
    bson_destroy(&saved);
    mig_plan_free(before.plan);
    mig_views_done(&before.views);
    mig_catalog_free(before.catalog);
}

static void each_input_of_a_plan_is_named_when_it_moves(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2");
    snprintf(w->server.set_name, sizeof w->server.set_name, "rs0");
    snprintf(w->server.version, sizeof w->server.version, "7.0.1");
    assert_moved(w, MIG_ORDER_ANY, "");
    assert_moved(w, MIG_ORDER_SKIP, "order policy (was any, is skip)");
    snprintf(w->server.set_name, sizeof w->server.set_name, "rs1");
    assert_moved(w, MIG_ORDER_ANY, "target: the replica set's name (was rs0, is rs1)");
    snprintf(w->server.set_name, sizeof w->server.set_name, "rs0");
    snprintf(w->server.version, sizeof w->server.version, "8.0.0");
    assert_moved(w, MIG_ORDER_ANY, "server version (was 7.0.1, is 8.0.0)");
    snprintf(w->server.version, sizeof w->server.version, "7.0.1");
    given_record(w, "2", MIG_RECORD_APPLIED);
    char expected[256];
    char was[MIG_SHA256_HEX];
    struct mig_history none = { 0 };
    mig_history_head(&none, was);
    mig_history_head(&w->history, w->history.head);
    snprintf(expected, sizeof expected,
             "history head: something was applied, rolled back or marked since (was %.12s…, is %.12s)", was,
             w->history.head);
    assert_moved(w, MIG_ORDER_ANY, expected);
}

/* ---- units and lease ---- */

static void small_migrations_travel_together_where_there_are_transactions(void **state)
{
    struct world *w = *state;
    struct mig_unit unit;
    given_files(w, "1 2 3");
    assert_true(when_planned(w, MIG_ORDER_LINEAR, &up));
    assert_true(mig_unit_next(w->plan, &w->server, 0, 0, false, &unit));
    assert_int_equal(unit.kind, MIG_UNIT_GROUP);
    assert_int_equal(unit.end_item, 3);
    assert_true(mig_unit_next(w->plan, &w->server, 0, 0, true, &unit));
    assert_int_equal(unit.kind, MIG_UNIT_SINGLE);
    w->server.can_transactions = false;
    assert_true(mig_unit_next(w->plan, &w->server, 1, 0, false, &unit));
    assert_int_equal(unit.kind, MIG_UNIT_SINGLE);
    assert_int_equal(unit.end_item, 2);
    assert_false(mig_unit_next(w->plan, &w->server, 3, 0, false, &unit));
}

static void a_lock_is_held_free_expired_another_s_or_lost(void **state)
{
    struct world *w = *state;
    assert_int_equal(mig_lease_decide(&w->history.lock, NULL, 0), MIG_LEASE_FREE);
    given_lock(w, "RUN1", 5);
    assert_int_equal(mig_lease_decide(&w->history.lock, "someone", 1), MIG_LEASE_HELD);
    assert_int_equal(mig_lease_decide(&w->history.lock, "someone", 2), MIG_LEASE_LOST);
    assert_int_equal(mig_lease_decide(&w->history.lock, "me", 1), MIG_LEASE_LOST);
    assert_int_equal(mig_lease_decide(&w->history.lock, NULL, 0), MIG_LEASE_OTHERS);
    assert_int_equal(mig_lease_decide(&w->history.lock, "", 0), MIG_LEASE_OTHERS);
    assert_int_equal(mig_lease_decide(&w->history.lock, "me", 0),
                     MIG_LEASE_OTHERS); /* has not asked for it yet */
    given_lock(w, "RUN1", -1);
    assert_int_equal(mig_lease_decide(&w->history.lock, NULL, 0), MIG_LEASE_EXPIRED);
}

/* Records of before runs had ids, or that a hand wrote. */
static void a_record_without_a_run_still_has_a_state(void **state)
{
    struct world *w = *state;
    given_files(w, "1 2 3");
    struct mig_record *one = given_record(w, "1", MIG_RECORD_APPLIED);
    free(one->run);
    one->run = NULL;
    struct mig_record *two = given_record(w, "2", MIG_RECORD_RUNNING);
    free(two->run);
    two->run = NULL;
    struct mig_record *gone = given_record(w, "4", MIG_RECORD_APPLIED);
    free(gone->run);
    gone->run = NULL;
    given_lock(w, "RUN1", 5);
    assert_states(w, MIG_ORDER_ANY, "1 applied, 2 interrupted, 3 pending, 4 missing");
    assert_string_equal(w->views.items[1].reason, "run ? (up) is gone and did not finish");
    assert_string_equal(w->views.items[3].reason, "it ran here on run ?, and the file is gone");
}

static void a_lease_counts_from_when_the_beat_was_sent(void **state)
{
    (void)state;
    struct mig_lease_clock clock = { .lease_ms = 30000, .sent_ms = 1000 };
    assert_int_equal(mig_lease_next_beat(&clock), 11000);
    assert_int_equal(mig_lease_safe_until(&clock), 21000);
    assert_int_equal(mig_lease_cancel_at(&clock), 26000);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(new_files_are_pending),
        T(a_record_without_a_run_still_has_a_state),
        T(versions_order_by_number),
        T(what_ran_and_still_reads_the_same_is_applied),
        T(an_edit_that_matters_is_changed_and_one_that_does_not_is_a_notice),
        T(an_applied_migration_without_its_file_is_missing),
        T(what_was_rolled_back_is_pending_again_and_nothing_without_its_file),
        T(an_older_file_is_late_unless_any_order_will_do),
        T(a_run_under_way_is_running_only_while_its_own_lock_lives),
        T(a_roll_back_that_broke_off_is_interrupted_and_a_failed_step_is_failed),
        T(a_dependency_that_will_run_first_blocks_nothing),
        T(a_dependency_that_cannot_run_before_blocks),
        T(an_apply_takes_what_is_pending_in_order),
        T(to_count_and_names_narrow_an_apply),
        T(a_past_in_doubt_stops_every_plan),
        T(a_late_migration_stops_a_linear_plan_and_is_left_out_by_skip),
        T(a_roll_back_goes_in_reverse_order_of_execution),
        T(what_others_depend_on_cannot_be_rolled_back_from_under_them),
        T(whatever_moves_gives_another_plan_id),
        T(a_stale_plan_says_which_input_moved),
        T(each_input_of_a_plan_is_named_when_it_moves),
        T(small_migrations_travel_together_where_there_are_transactions),
        T(a_lock_is_held_free_expired_another_s_or_lost),
        T(a_lease_counts_from_when_the_beat_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
