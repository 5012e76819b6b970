/* What a plan refuses, and where a half-done migration goes on; the plans that follow from states are in test_states.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/catalog.h"
#include "engine/plan.h"
#include "engine/states.h"

#define UP \
    "\"up\": [{\"id\": \"a\", \"insert\": {\"collection\": \"c\", \"documents\": [{\"_id\": 1}]}}, " \
    "{\"id\": \"b\", \"insert\": {\"collection\": \"c\", \"documents\": [{\"_id\": 2}]}}]"
#define DOWN \
    ", \"down\": [{\"id\": \"z\", \"delete\": {\"collection\": \"c\", \"deletes\": [{\"q\": {}, \"limit\": 0}]}}]"

struct world {
    struct mig_catalog *catalog;
    struct mig_history history;
    struct mig_views views;
    struct mig_server server;
    struct mig_plan *plan;
    struct mig_error err;
};

/* Files 1, 2, …: each is what stands between the title and the end of the object. */
static void given(struct world *w, const char *const *bodies)
{
    struct mig_file files[8] = { 0 };
    char names[8][16];
    char *texts[8];
    size_t count = 0;
    struct mig_problems problems = { 0 };
    *w = (struct world){ .server = { .version = "8.0.4",
                                     .major = 8,
                                     .minor = 0,
                                     .can_transactions = true,
                                     .topology = MIG_TOPOLOGY_REPLICA_SET } };
    for (; bodies[count]; count++) {
        texts[count] = mig_printf("{\"migtui\": 1, \"title\": \"t\", %s}", bodies[count]);
        snprintf(names[count], sizeof names[count], "%zu_n.jsonc", count + 1);
        files[count] = (struct mig_file){ names[count], texts[count], strlen(texts[count]) };
    }
    w->catalog = mig_catalog_build("m", files, count, NULL, "migtui_", 0, &problems);
    assert_int_equal(problems.count, 0);
    mig_problems_done(&problems);
    while (count > 0)
        free(texts[--count]);
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
                                   .seq = (int64_t)h->count };
    record->sem = mig_strdup(file ? file->sem : "");
    record->raw = mig_strdup(file ? file->raw : "");
    return record;
}

static void add_step(struct mig_record *record, const char *id, enum mig_phase phase)
{
    size_t room = record->step_count;
    record->steps = mig_grow(record->steps, record->step_count, &room, sizeof *record->steps);
    record->steps[record->step_count++] =
        (struct mig_step_record){ .id = mig_strdup(id), .kind = mig_strdup("insert"), .phase = phase };
}

static bool plans(struct world *w, struct mig_selection selection)
{
    mig_plan_free(w->plan);
    w->plan = NULL;
    mig_views_done(&w->views);
    mig_states_derive(w->catalog, &w->history, MIG_ORDER_LINEAR, &w->views);
    const struct mig_plan_input input = { .environment = "dev",
                                          .database = "shop",
                                          .catalog = w->catalog,
                                          .history = &w->history,
                                          .views = &w->views,
                                          .server = &w->server,
                                          .selection = &selection };
    mig_error_clear(&w->err);
    return mig_plan_build(&input, &w->plan, &w->err);
}

static void refuses(struct world *w, struct mig_selection selection, enum mig_error_code code,
                    const char *words)
{
    assert_false(plans(w, selection));
    assert_int_equal(w->err.code, code);
    if (!strstr(w->err.message, words))
        fail_msg("%s: expected \"%s\"", w->err.message, words);
}

static void done(struct world *w)
{
    mig_plan_free(w->plan);
    mig_views_done(&w->views);
    for (size_t i = 0; i < w->history.count; i++)
        mig_record_done(&w->history.records[i]);
    free(w->history.records);
    mig_catalog_free(w->catalog);
}

static void versions_that_do_not_exist_are_named(void **state)
{
    (void)state;
    static const char *const files[] = { UP DOWN, NULL };
    static const char *const wrong[] = { "1", "7", NULL };
    struct world w;
    given(&w, files);
    refuses(&w, (struct mig_selection){ .versions = wrong }, MIG_ERR_USAGE, "there is no migration 7");
    refuses(&w, (struct mig_selection){ .to = "7" }, MIG_ERR_USAGE, "there is no migration 7 to go to");
    given_record(&w, "1", MIG_RECORD_APPLIED);
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN, .to = "0" })); /* before the first */
    assert_int_equal(w.plan->count, 1);
    done(&w);
}

static void a_server_that_is_too_old_or_of_another_kind_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *need;
        bool met;
    } rows[] = {
        { "{\"server\": \">=8.0\"}", true },         { "{\"server\": \">=4.4\"}", true },
        { "{\"server\": \">=7.9\"}", true },         { "{\"server\": \">=8.1\"}", false },
        { "{\"server\": \">=9.0\"}", false },        { "{\"topology\": \"replicaset\"}", true },
        { "{\"topology\": \"standalone\"}", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        char *body = mig_printf("\"requires\": %s, " UP, rows[i].need);
        given(&w, (const char *const[]){ body, NULL });
        free(body);
        if (plans(&w, (struct mig_selection){ 0 }) != rows[i].met)
            fail_msg("%s should be %s: %s", rows[i].need, rows[i].met ? "met" : "refused", w.err.message);
        if (!rows[i].met)
            assert_non_null(strstr(w.err.message, "requires"));
        done(&w);
    }
}

static void what_cannot_be_undone_is_not_rolled_back(void **state)
{
    (void)state;
    static const char *const files[] = { UP, UP ", \"down\": {\"irreversible\": \"drops the names\"}", NULL };
    struct world w;
    given(&w, files);
    struct mig_record *first = given_record(&w, "1", MIG_RECORD_APPLIED);
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN }));
    assert_true(w.plan->wants_steps); /* what it did must be read before anything can be said */
    first->steps_known = true;
    refuses(&w, (struct mig_selection){ .direction = MIG_DOWN }, MIG_ERR_MIGRATION,
            "1 has no \"down\", and none follows: what its steps did is not on record");
    given_record(&w, "2", MIG_RECORD_APPLIED);
    refuses(&w, (struct mig_selection){ .direction = MIG_DOWN }, MIG_ERR_MIGRATION, "drops the names");
    done(&w);
}

static void what_stays_may_not_depend_on_what_goes(void **state)
{
    (void)state;
    static const char *const files[] = { UP DOWN, UP DOWN, "\"depends\": [\"1\"], " UP DOWN, NULL };
    static const char *const first[] = { "1", NULL };
    static const char *const second[] = { "2", NULL };
    static const char *const both[] = { "1", "3", NULL };
    struct world w;
    given(&w, files);
    given_record(&w, "1", MIG_RECORD_APPLIED);
    given_record(&w, "2", MIG_RECORD_APPLIED);
    given_record(&w, "3", MIG_RECORD_APPLIED);
    refuses(&w, (struct mig_selection){ .direction = MIG_DOWN, .versions = first }, MIG_ERR_ORDER,
            "3 depends on 1, and would stay");
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN, .versions = second }));
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN, .versions = both }));
    assert_string_equal(w.plan->items[0].migration->version, "3"); /* last done, first undone */
    done(&w);
}

static void a_run_is_rolled_back_as_a_whole_and_nothing_else(void **state)
{
    (void)state;
    static const char *const files[] = { UP DOWN, UP DOWN, UP DOWN, NULL };
    struct world w;
    given(&w, files);
    given_record(&w, "1", MIG_RECORD_APPLIED)->run[3] = '0';
    given_record(&w, "2", MIG_RECORD_APPLIED);
    struct mig_record *old = given_record(&w, "3", MIG_RECORD_APPLIED); /* of a migtui that wrote no run */
    free(old->run);
    old->run = NULL;
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN, .run = "RUN1" }));
    assert_int_equal(w.plan->count, 1);
    assert_string_equal(w.plan->items[0].migration->version, "2");
    done(&w);
}

static void resume_goes_on_behind_the_last_step_that_is_done(void **state)
{
    (void)state;
    static const char *const files[] = { UP DOWN, NULL };
    static const struct {
        const char *ids[3];
        enum mig_phase phases[3];
        size_t first;
    } rows[] = {
        { { "a", "b" }, { MIG_PHASE_DONE, MIG_PHASE_INTENT }, 1 },
        { { "a", "b" }, { MIG_PHASE_DONE, MIG_PHASE_DONE }, 2 },
        { { "a", "b" }, { MIG_PHASE_FAILED, MIG_PHASE_DONE }, 0 }, /* never past one that is not done */
        { { "a", "other" }, { MIG_PHASE_DONE, MIG_PHASE_DONE }, 1 },
        { { "a", "b", "c" }, { MIG_PHASE_DONE, MIG_PHASE_DONE, MIG_PHASE_DONE }, 2 },
        { { NULL }, { MIG_PHASE_NONE }, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        given(&w, files);
        struct mig_record *record = given_record(&w, "1", MIG_RECORD_FAILED);
        for (size_t s = 0; s < 3 && rows[i].ids[s]; s++)
            add_step(record, rows[i].ids[s], rows[i].phases[s]);
        refuses(&w, (struct mig_selection){ 0 }, MIG_ERR_INTEGRITY, "1 is failed");
        assert_true(plans(&w, (struct mig_selection){ .resume = true }));
        assert_int_equal(w.plan->items[0].first_step, rows[i].first);
        done(&w);
    }
}

static void resume_wants_the_very_text_that_began_and_one_direction(void **state)
{
    (void)state;
    static const char *const files[] = { UP DOWN, UP DOWN, NULL };
    static const char *const second[] = { "2", NULL };
    struct world w;
    given(&w, files);
    given_record(&w, "1", MIG_RECORD_FAILED);
    struct mig_record *back = given_record(&w, "2", MIG_RECORD_FAILED);
    back->direction = MIG_DOWN;
    refuses(&w, (struct mig_selection){ .resume = true }, MIG_ERR_INTEGRITY, "in both directions");
    assert_true(plans(&w, (struct mig_selection){ .resume = true, .versions = second }));
    assert_int_equal(w.plan->direction, MIG_DOWN);
    w.history.records[0].sem[0] ^= 1;
    refuses(&w, (struct mig_selection){ .resume = true }, MIG_ERR_INTEGRITY, "1 was edited after it began");
    done(&w);

    given(&w, files);
    given_record(&w, "5", MIG_RECORD_FAILED);
    refuses(&w, (struct mig_selection){ .resume = true }, MIG_ERR_INTEGRITY,
            "5 is failed, and its file is gone");
    done(&w);
}

static void assert_ways(const struct mig_plan *plan, const char *words, const char *command)
{
    char text[64];
    assert_true(mig_plan_words(plan, text, sizeof text));
    assert_string_equal(text, words);
    assert_true(mig_plan_command(plan, text, sizeof text));
    assert_string_equal(text, command);
}

static void a_plan_knows_the_words_that_choose_it_again(void **state)
{
    (void)state;
    struct world w;
    char text[12];
    given(&w, (const char *const[]){ UP DOWN, UP DOWN, UP DOWN, NULL });
    assert_true(plans(&w, (struct mig_selection){ .count = 2 }));
    assert_ways(w.plan, "--to 2", "apply --to 2");
    given_record(&w, "1", MIG_RECORD_APPLIED)->run[3] = '0';
    given_record(&w, "2", MIG_RECORD_APPLIED);
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN, .run = "RUN1" }));
    assert_ways(w.plan, "--down 2", "rollback 2");
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN, .count = 2 }));
    assert_ways(w.plan, "--down 2 1", "rollback 2 1");
    assert_false(mig_plan_words(w.plan, text, sizeof "--down 2")); /* half of it would be another plan */
    assert_string_equal(text, "");
    struct mig_record *half = given_record(&w, "3", MIG_RECORD_FAILED);
    half->steps_known = true;
    add_step(half, "a", MIG_PHASE_NONE);
    add_step(half, "b", MIG_PHASE_NONE);
    assert_true(plans(&w, (struct mig_selection){ .resume = true }));
    assert_ways(w.plan, "--resume", "resume");
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN, .undo = true }));
    assert_ways(w.plan, "--undo 3", "recover --undo 3");
    half->direction = MIG_DOWN;
    assert_true(plans(&w, (struct mig_selection){ .resume = true }));
    assert_ways(w.plan, "--resume", "resume");
    done(&w);
}

/* What step a and step b of a file did, as their record says it. */
static struct mig_record *given_half_done(struct world *w, const char *version)
{
    struct mig_record *record = given_record(w, version, MIG_RECORD_FAILED);
    record->steps_known = true;
    add_step(record, "a", MIG_PHASE_DONE);
    add_step(record, "b", MIG_PHASE_FAILED);
    record->steps[0].result = BCON_NEW("inserted", BCON_INT32(1));
    return record;
}

static void undo_takes_back_what_the_record_says_was_done(void **state)
{
    (void)state;
    static const char *const files[] = { UP, UP, NULL };
    static const char *const second[] = { "2", NULL };
    struct world w;
    given(&w, files);
    given_half_done(&w, "1");
    given_half_done(&w, "2");
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN, .undo = true }));
    assert_int_equal(w.plan->count, 2);
    assert_string_equal(w.plan->items[0].migration->version, "2"); /* newest first */
    assert_true(w.plan->items[0].by_inverse);
    assert_int_equal(w.plan->items[0].step_count, 1); /* b was in a transaction that was not committed */
    assert_int_equal(w.plan->items[0].steps[0].step->kind, MIG_STEP_DELETE);
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN, .undo = true, .versions = second }));
    assert_int_equal(w.plan->count, 1);

    struct mig_record *back = &w.history.records[1];
    back->inverse = BCON_NEW("0", "{", "id", "a", "delete", "{", "collection", "c", "deletes", "[", "{", "q",
                             "{", "}", "limit", BCON_INT32(0), "}", "]", "}", "}");
    back->direction = MIG_DOWN;
    refuses(&w, (struct mig_selection){ .direction = MIG_DOWN, .undo = true }, MIG_ERR_INTEGRITY,
            "2 is on its way back already");
    assert_true(plans(&w, (struct mig_selection){ .resume = true, .versions = second }));
    assert_true(w.plan->items[0].by_inverse); /* what was kept is carried on, not made anew */
    assert_int_equal(w.plan->items[0].step_count, 1);
    bson_destroy(back->inverse);
    back->inverse = BCON_NEW("0", BCON_INT32(1));
    refuses(&w, (struct mig_selection){ .resume = true, .versions = second }, MIG_ERR_INTEGRITY,
            "dev: 2: the record's list of inverse steps cannot be read");
    done(&w);
}

static void undo_refuses_what_has_no_way_back_and_what_was_edited(void **state)
{
    (void)state;
    static const char *const files[] = {
        "\"up\": [{\"id\": \"a\", \"update\": {\"collection\": \"c\", \"updates\": [{\"q\": {}, \"u\": {\"$inc\": "
        "{\"n\": 1}}}]}}, {\"id\": \"b\", \"manual\": {\"text\": \"x\"}}]",
        NULL
    };
    struct world w;
    given(&w, files);
    struct mig_record *record = given_half_done(&w, "1");
    refuses(&w, (struct mig_selection){ .direction = MIG_DOWN, .undo = true }, MIG_ERR_MIGRATION,
            "1 cannot be undone: step a cannot be undone: there is no inverse of update");
    assert_non_null(strstr(w.err.hint, "migtui recover 1 --env dev"));
    record->sem[0] ^= 1;
    refuses(&w, (struct mig_selection){ .direction = MIG_DOWN, .undo = true }, MIG_ERR_INTEGRITY,
            "1 was edited after it began");
    done(&w);
}

static void what_is_blocked_missing_or_running_stops_a_plan(void **state)
{
    (void)state;
    static const char *const files[] = { "\"depends\": [\"2\"], " UP, UP, NULL };
    struct world w;
    given(&w, files);
    refuses(&w, (struct mig_selection){ 0 }, MIG_ERR_ORDER, "1 is blocked: it depends on 2");
    done(&w);
    given(&w, files);
    given_record(&w, "7", MIG_RECORD_APPLIED);
    refuses(&w, (struct mig_selection){ 0 }, MIG_ERR_INTEGRITY,
            "7 (t) it ran here on run RUN1, and the file is gone");
    done(&w);
    given(&w, files);
    given_record(&w, "2", MIG_RECORD_RUNNING);
    w.history.lock =
        (struct mig_lock){ .exists = true, .owner = "o", .run = "RUN1", .os_user = "ana", .host = "h" };
    refuses(&w, (struct mig_selection){ .resume = true }, MIG_ERR_LOCKED,
            "2 is running now: run RUN1 by ana on h");
    done(&w);
}

static void a_plan_says_that_a_text_changed_and_not_what_it_means(void **state)
{
    (void)state;
    static const char *const files[] = { UP DOWN, NULL };
    struct world w;
    given(&w, files);
    given_record(&w, "1", MIG_RECORD_APPLIED)->raw[0] ^= 1;
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN }));
    assert_int_equal(w.plan->warning_count, 1);
    assert_non_null(strstr(w.plan->warnings[0], "its text changed since it ran, its meaning did not"));
    done(&w);
}

static void a_plan_of_nothing_of_what_was_taken_back_and_of_several_has_words_too(void **state)
{
    (void)state;
    struct world w;
    char text[8];
    given(&w, (const char *const[]){ UP DOWN, UP DOWN, NULL });
    given_record(&w, "1", MIG_RECORD_APPLIED);
    struct mig_record *second = given_record(&w, "2", MIG_RECORD_APPLIED);
    assert_true(plans(&w, (struct mig_selection){ 0 }));
    assert_ways(w.plan, "", "apply");
    second->state = MIG_RECORD_REVERTED;
    assert_true(plans(&w, (struct mig_selection){ 0 }));
    assert_ways(w.plan, "--to 2", "apply --to 2");
    assert_false(mig_plan_command(w.plan, text, sizeof text));
    for (size_t i = 0; i < 2; i++) {
        struct mig_record *record = &w.history.records[i];
        record->state = MIG_RECORD_FAILED;
        record->steps_known = true;
        add_step(record, "a", MIG_PHASE_NONE);
        add_step(record, "b", MIG_PHASE_NONE);
    }
    assert_true(plans(&w, (struct mig_selection){ .direction = MIG_DOWN, .undo = true }));
    assert_ways(w.plan, "--undo 2 1", "recover --undo");
    done(&w);
}

static void without_transactions_the_plan_says_how_it_runs(void **state)
{
    (void)state;
    static const char *const files[] = { UP, NULL };
    struct world w;
    given(&w, files);
    assert_true(plans(&w, (struct mig_selection){ 0 }));
    assert_int_equal(w.plan->warning_count, 0);
    w.server.can_transactions = false;
    assert_true(plans(&w, (struct mig_selection){ 0 }));
    assert_int_equal(w.plan->warning_count, 1);
    assert_non_null(strstr(w.plan->warnings[0], "no transactions"));
    assert_false(w.plan->items[0].steps[0].transactional);
    done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_that_do_not_exist_are_named),
        cmocka_unit_test(a_server_that_is_too_old_or_of_another_kind_is_refused),
        cmocka_unit_test(what_cannot_be_undone_is_not_rolled_back),
        cmocka_unit_test(what_stays_may_not_depend_on_what_goes),
        cmocka_unit_test(a_run_is_rolled_back_as_a_whole_and_nothing_else),
        cmocka_unit_test(resume_goes_on_behind_the_last_step_that_is_done),
        cmocka_unit_test(resume_wants_the_very_text_that_began_and_one_direction),
        cmocka_unit_test(a_plan_knows_the_words_that_choose_it_again),
        cmocka_unit_test(undo_takes_back_what_the_record_says_was_done),
        cmocka_unit_test(undo_refuses_what_has_no_way_back_and_what_was_edited),
        cmocka_unit_test(what_is_blocked_missing_or_running_stops_a_plan),
        cmocka_unit_test(a_plan_says_that_a_text_changed_and_not_what_it_means),
        cmocka_unit_test(a_plan_of_nothing_of_what_was_taken_back_and_of_several_has_words_too),
        cmocka_unit_test(without_transactions_the_plan_says_how_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
