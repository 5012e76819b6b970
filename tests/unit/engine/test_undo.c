/* The way back of a migration that has no written one: which steps are taken back, and when that is not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "engine/undo.h"
#include "support/step_json.h"

/* A migration of a few steps that ran, and its record; both borrow from here. */
struct past {
    struct mig_step steps[4];
    struct mig_step_record records[4];
    struct mig_migration migration;
    struct mig_record record;
    struct mig_server server;
};

static int setup(void **state)
{
    struct past *past = mig_alloc(sizeof *past);
    past->migration = (struct mig_migration){ .up = past->steps, .sem = "sem" };
    past->record = (struct mig_record){ .steps = past->records, .sem = past->migration.sem };
    past->server.can_transactions = true;
    *state = past;
    return 0;
}

static int teardown(void **state)
{
    struct past *past = *state;
    for (size_t i = 0; i < past->migration.up_count; i++)
        mig_step_done(&past->steps[i]);
    for (size_t i = 0; i < past->record.step_count; i++)
        mig_step_record_done(&past->records[i]);
    free(past);
    return 0;
}

static void given_step(struct past *past, const char *id, const char *text, enum mig_phase phase,
                       const char *pre, const char *result)
{
    size_t i = past->migration.up_count++;
    struct mig_step *step = step_json(text);
    past->steps[i] = *step;
    free(step);
    free(past->steps[i].id);
    past->steps[i].id = mig_strdup(id);
    past->records[past->record.step_count++] = (struct mig_step_record){
        .id = mig_strdup(id), .phase = phase, .pre = doc_json(pre), .result = doc_json(result)
    };
}

#define CREATE "{'createCollection': {'collection': 'c'}}"
#define INSERT "{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}}"
#define UPDATE "{'update': {'collection': 'c', 'updates': [{'q': {}, 'u': {'$inc': {'a': 1}}}]}}"

/* The ids and kinds of the way back, "delete seed, dropCollection coll"; or the error's words. */
static void assert_way_back(struct past *past, const char *expected)
{
    struct mig_error err = { .message = "" };
    struct mig_step *steps;
    size_t count;
    char text[600] = "";
    if (mig_undo_steps(&past->migration, &past->record, &past->server, &steps, &count, &err)) {
        for (size_t i = 0; i < count; i++) {
            size_t len = strlen(text);
            snprintf(text + len, sizeof text - len, "%s%s %s", len ? ", " : "",
                     mig_step_kind_name(steps[i].kind), steps[i].id);
        }
        assert_true(count > 0 || !steps);
        mig_steps_free(steps, count);
    } else {
        assert_null(steps);
        snprintf(text, sizeof text, "%s", err.message);
    }
    if (!strstr(text, expected) || (!*expected && *text))
        fail_msg("\"%s\", expected \"%s\"", text, expected);
}

static void steps_are_taken_back_last_first(void **state)
{
    given_step(*state, "coll", CREATE, MIG_PHASE_DONE, "{'exists': false}", "{}");
    given_step(*state, "there", CREATE, MIG_PHASE_DONE, "{'exists': true}", "{}");
    given_step(*state, "seed", INSERT, MIG_PHASE_DONE, "{}", "{'inserted': 1}");
    assert_way_back(*state, "delete seed, dropCollection coll");
}

static void what_never_began_or_was_undone_stays(void **state)
{
    given_step(*state, "one", INSERT, MIG_PHASE_UNDONE, "{}", "{'inserted': 1}");
    given_step(*state, "two", UPDATE, MIG_PHASE_NONE, "{}", "{}");
    assert_way_back(*state, "");
}

/* A transaction that has no commit on record left nothing behind; without transactions it may have. */
static void a_step_that_was_only_begun_counts_where_it_may_have_acted(void **state)
{
    struct past *past = *state;
    given_step(past, "coll", CREATE, MIG_PHASE_INTENT, "{'exists': false}", "{}");
    given_step(past, "seed", INSERT, MIG_PHASE_FAILED, "{}", "{}");
    assert_way_back(past, "dropCollection coll");
    past->server.can_transactions = false;
    assert_way_back(past, "step seed cannot be undone: which of its documents were there before");
}

static void a_step_without_an_inverse_stops_it(void **state)
{
    given_step(*state, "coll", CREATE, MIG_PHASE_DONE, "{'exists': false}", "{}");
    given_step(*state, "up", UPDATE, MIG_PHASE_DONE, "{}", "{}");
    given_step(*state, "last", CREATE, MIG_PHASE_DONE, "{'exists': false}", "{}");
    assert_way_back(*state, "step up cannot be undone: there is no inverse of update");
}

static void a_record_that_does_not_say_what_was_done_is_no_ground(void **state)
{
    struct past *past = *state;
    static char reason[] = "done by hand";
    static char other[] = "other";
    given_step(past, "coll", CREATE, MIG_PHASE_DONE, "{'exists': false}", "{}");
    past->record.marked = reason;
    assert_way_back(past, "marked by hand");
    past->record.marked = NULL;
    past->record.sem = other;
    assert_way_back(past, "its file was edited after it ran");
    past->record.sem = past->migration.sem;
    past->record.step_count = 0;
    assert_way_back(past, "what its steps did is not on record");
    past->record.step_count = 1;
    past->records[0].id[0] = 'C';
    assert_way_back(past, "what step coll did is not on record");
}

static void a_way_back_too_large_for_the_record_is_refused(void **state)
{
    struct past *past = *state;
    given_step(past, "seed", INSERT, MIG_PHASE_DONE, "{}", "{'inserted': 1}");
    char *text = mig_alloc(MIG_UNDO_MAX + 1);
    memset(text, 'x', MIG_UNDO_MAX);
    bson_t list, document;
    bson_reinit(past->steps[0].body);
    BSON_APPEND_ARRAY_BEGIN(past->steps[0].body, "documents", &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &document);
    BSON_APPEND_INT32(&document, "_id", 1);
    BSON_APPEND_UTF8(&document, "text", text);
    bson_append_document_end(&list, &document);
    bson_append_array_end(past->steps[0].body, &list);
    free(text);
    assert_way_back(past, "its inverse is larger than 4 MB");
}

static void what_is_kept_in_a_record_reads_back_as_it_was(void **state)
{
    struct past *past = *state;
    struct mig_error err = { .message = "" };
    struct mig_step *steps, *again;
    size_t count, count_again;
    given_step(past, "coll", CREATE, MIG_PHASE_DONE, "{'exists': false}", "{}");
    given_step(past, "seed", INSERT, MIG_PHASE_DONE, "{}", "{'inserted': 1}");
    assert_true(mig_undo_steps(&past->migration, &past->record, &past->server, &steps, &count, &err));
    MIG_AUTODOC bson_t list = BSON_INITIALIZER;
    bson_destroy(&list);
    mig_undo_write(steps, count, &list);
    assert_true(mig_undo_read(&list, &again, &count_again, &err));
    assert_int_equal(count_again, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(again[i].id, steps[i].id);
        assert_int_equal(again[i].kind, steps[i].kind);
        assert_string_equal(again[i].collection, "c");
        assert_true(mig_doc_equal(again[i].doc, steps[i].doc));
        assert_true(mig_doc_equal(again[i].body, steps[i].body));
    }
    mig_steps_free(again, count);
    mig_steps_free(steps, count);
    bson_reinit(&list);
    assert_true(mig_undo_read(&list, &again, &count_again, &err));
    assert_int_equal(count_again, 0);
    assert_null(again);
}

static void a_record_that_holds_something_else_is_not_carried_out(void **state)
{
    (void)state;
    static const char *const lists[] = {
        "{'0': 1}",
        "{'0': {'id': 'a'}}",
        "{'0': {'dropCollection': {'collection': 'c'}}}",
        "{'0': {'id': 'a', 'dropCollection': 1}}",
        "{'0': {'id': 'a', 'dropEverything': {'collection': 'c'}}}",
        "{'0': {'id': 'a', 'dropCollection': {'collection': 'c'}}, '1': {}}",
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct mig_error err = { .message = "" };
        struct mig_step *steps;
        size_t count;
        MIG_AUTOBSON bson_t *list = doc_json(lists[i]);
        if (mig_undo_read(list, &steps, &count, &err))
            fail_msg("%s was read", lists[i]);
        assert_int_equal(err.code, MIG_ERR_INTEGRITY);
        assert_null(steps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(steps_are_taken_back_last_first, setup, teardown),
        cmocka_unit_test_setup_teardown(what_never_began_or_was_undone_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_step_that_was_only_begun_counts_where_it_may_have_acted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_step_without_an_inverse_stops_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_does_not_say_what_was_done_is_no_ground, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_way_back_too_large_for_the_record_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_kept_in_a_record_reads_back_as_it_was, setup, teardown),
        cmocka_unit_test(a_record_that_holds_something_else_is_not_carried_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
