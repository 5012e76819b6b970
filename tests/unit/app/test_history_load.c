/* What an environment's database says of its past: read as a majority has it, in whatever way the server can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/history.h"
#include "fakes/store_script.h"

#define UNION "{'aggregate': 'migtui_meta'}"
#define EMPTY "{'cursor': {'firstBatch': []}, 'ok': 1}"
#define META(layout) \
    "{'cursor': {'firstBatch': [{'_id': 'meta', '_kind': 'meta', 'uuid': 'u', 'layout': " layout \
    "}]}, 'ok': 1}"

struct world {
    struct store_script *script;
    struct mig_names names;
    struct mig_server server;
    struct mig_known known;
    struct mig_history *history;
    struct mig_error err;
};

static void world_init(struct world *w)
{
    *w = (struct world){ .script = store_script_new("shop"), .server = { .can_union = true } };
    mig_names_make("migtui_", &w->names);
}

static bool loads(struct world *w)
{
    return mig_history_load(store_script_store(w->script), &w->names, &w->server, &w->known, &w->history,
                            &w->err);
}

/* What a primary has and a majority has not can be gone with it. */
static void a_past_is_read_as_a_majority_has_it(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    script_reply(w.script, UNION, META("1"));
    assert_true(loads(&w));
    assert_false(script_last(w.script)->no_concern);
    assert_false(script_last(w.script)->write);
    assert_string_equal(w.history->environment_uuid, "u");
    mig_history_free(w.history);
    store_script_end(w.script);
}

static void a_server_without_unions_is_asked_for_each_collection(void **state)
{
    (void)state;
    static const char *const asked[] = { "{'aggregate': 'migtui_meta'}", "{'aggregate': 'migtui_lock'}",
                                         "{'aggregate': 'migtui_approvals'}",
                                         "{'aggregate': 'migtui_history'}" };
    struct world w;
    world_init(&w);
    w.server.can_union = false;
    for (size_t i = 0; i < 4; i++)
        script_reply(w.script, asked[i], EMPTY);
    assert_true(loads(&w));
    assert_false(script_last(w.script)->no_concern);
    assert_int_equal(w.history->count, 0);
    mig_history_free(w.history);
    store_script_end(w.script);
}

static void a_database_of_a_newer_migtui_is_left_alone(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    script_reply(w.script, UNION, META("99"));
    assert_false(loads(&w));
    assert_int_equal(w.err.code, MIG_ERR_INTEGRITY);
    assert_non_null(strstr(w.err.message, "have layout 99"));
    store_script_end(w.script);
}

/* ---- what a further reading costs ---- */

#define RECORDS(list) "{'cursor': {'firstBatch': [" list "]}, 'ok': 1}"
#define APPLIED(version, rest) \
    "{'_id': '" version "', 'title': 'a title', 'state': 'applied', 'rev': 1, 'raw': 'raw" version \
    "', 'sem': 'sem" version "', 'run': 'RUN1', 'operator': 'ana'" rest "}"
#define HALF_DONE \
    "{'_id': '1', 'title': 'ti', 'state': 'failed', 'direction': 'up', 'attempt': 11, 'rev': 12, 'seq': 13," \
    " 'token': 14, 'run': 'ru', 'planId': 'pl', 'raw': 'ra', 'sem': 'se', 'steps': [{'id': 'st'," \
    " 'kind': 'ki', 'phase': 'done', 'pre': {'a': 15}, 'result': {'b': 16}, 'durationMs': 17}]," \
    " 'inverse': [{'c': 18}], 'error': 'er', 'errorStep': 'es', 'operator': 'op', 'osUser': 'os'," \
    " 'host': 'ho', 'marked': 'ma', 'startedAt': {'$date': {'$numberLong': '19'}}," \
    " 'endedAt': {'$date': {'$numberLong': '20'}}, 'durationMs': 21}"

/* The same text with one piece of it changed. */
static const char *edited(const char *text, const char *from, const char *to)
{
    static char changed[2048];
    const char *at = strstr(text, from);
    if (!at)
        fail_msg("%s is not in it", from);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return changed;
}

/* One reading, and another one that knows what the first has found. */
static void given_two_readings(struct world *w, const char *first, const char *second,
                               struct mig_history **ret_first)
{
    world_init(w);
    script_reply(w->script, UNION, first);
    assert_true(loads(w));
    *ret_first = w->history;
    w->known.past = w->history->past;
    script_reply(w->script, UNION, second);
    assert_true(loads(w));
}

static void when_both_are_over(struct world *w, struct mig_history *first)
{
    mig_history_free(first); /* what is shared outlives the first that had it */
    for (size_t i = 0; i < w->history->count; i++)
        assert_true(w->history->records[i].version[0] != '\0');
    mig_history_free(w->history);
    store_script_end(w->script);
}

static void a_past_that_has_not_changed_is_kept_once(void **state)
{
    (void)state;
    struct world w;
    struct mig_history *first;
    static const char all[] = RECORDS(HALF_DONE ", " APPLIED("2", "") ", " APPLIED("3", ""));
    given_two_readings(&w, all, all, &first);
    assert_int_equal(w.history->count, 3);
    assert_ptr_equal(w.history->past, first->past);
    assert_string_equal(w.history->head, first->head);
    when_both_are_over(&w, first);
}

/* A record that changed and is taken for the one before would be a wrong mark on the screen: every member counts. */
static void whatever_changes_in_a_record_is_seen(void **state)
{
    (void)state;
    static const char *const edits[][2] = {
        { "'1'", "'01'" },
        { "'ti'", "'tj'" },
        { "'failed'", "'running'" },
        { "'up'", "'down'" },
        { "11", "31" },
        { "12", "32" },
        { "13", "33" },
        { "14", "34" },
        { "'ru'", "'rv'" },
        { "'pl'", "'pm'" },
        { "'ra'", "'rb'" },
        { "'se'", "'sf'" },
        { "'st'", "'su'" },
        { "'ki'", "'kj'" },
        { "'done'", "'intent'" },
        { "15", "35" },
        { "'pre': {'a': 15},", "" },
        { "16", "36" },
        { "17", "37" },
        { "'steps'", "'stops'" },
        { "18", "38" },
        { "'inverse'", "'unverse'" },
        { "'er'", "'et'" },
        { "'er'", "null" },
        { "'es'", "'et'" },
        { "'op'", "'oq'" },
        { "'os'", "'ot'" },
        { "'ho'", "'hp'" },
        { "'ma'", "'mb'" },
        { "'19'", "'39'" },
        { "'20'", "'40'" },
        { "21", "41" },
    };
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        struct world w;
        struct mig_history *first;
        given_two_readings(&w, RECORDS(HALF_DONE), edited(RECORDS(HALF_DONE), edits[i][0], edits[i][1]),
                           &first);
        if (w.history->past == first->past)
            fail_msg("%s instead of %s is not seen", edits[i][1], edits[i][0]);
        assert_int_equal(w.history->count, 1);
        when_both_are_over(&w, first);
    }
}

static void what_came_and_what_went_is_seen(void **state)
{
    (void)state;
    struct world w;
    struct mig_history *first;
    static const char both[] = RECORDS(HALF_DONE ", " APPLIED("2", ""));
    static const char one[] = RECORDS(APPLIED("2", ""));
    given_two_readings(&w, both, one, &first);
    assert_int_equal(w.history->count, 1);
    assert_string_equal(w.history->records[0].version, "2");
    when_both_are_over(&w, first);
    given_two_readings(&w, one, both, &first);
    assert_int_equal(w.history->count, 2);
    assert_string_equal(w.history->records[0].details->error, "er");
    assert_int_equal(w.history->records[0].step_count, 1);
    assert_string_equal(w.history->records[1].sem, "sem2");
    when_both_are_over(&w, first);
}

static void records_of_files_that_ran_in_one_run_keep_its_words_once(void **state)
{
    (void)state;
    struct world w;
    static char versions[3][2] = { "1", "2", "3" };
    static char title[] = "a title";
    struct mig_migration files[3] = { { .sem = "sem1" }, { .sem = "sem2" }, { .sem = "other" } };
    struct mig_catalog catalog = { .items = files, .count = 3 };
    for (size_t i = 0; i < 3; i++) {
        files[i].version = versions[i];
        files[i].title = title;
        snprintf(files[i].raw, sizeof files[i].raw, "raw%s", versions[i]);
    }
    world_init(&w);
    w.known.catalog = &catalog;
    script_reply(w.script, UNION,
                 RECORDS(APPLIED("3", "") ", " APPLIED("1", "") ", " APPLIED("2", ", 'marked': 'by hand'")));
    assert_true(loads(&w));
    assert_int_equal(mig_arena_bytes(&w.history->past->texts),
                     sizeof "RUN1" + sizeof "ana" + sizeof "sem3" + sizeof "by hand");
    assert_ptr_equal(w.history->records[0].sem, files[0].sem);
    assert_string_equal(w.history->records[2].sem, "sem3");
    mig_history_free(w.history);
    store_script_end(w.script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_past_is_read_as_a_majority_has_it),
        cmocka_unit_test(a_server_without_unions_is_asked_for_each_collection),
        cmocka_unit_test(a_database_of_a_newer_migtui_is_left_alone),
        cmocka_unit_test(a_past_that_has_not_changed_is_kept_once),
        cmocka_unit_test(whatever_changes_in_a_record_is_seen),
        cmocka_unit_test(what_came_and_what_went_is_seen),
        cmocka_unit_test(records_of_files_that_ran_in_one_run_keep_its_words_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
