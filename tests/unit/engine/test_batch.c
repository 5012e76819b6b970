/* Ranges of _id and the pace of a batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/batch.h"
#include "support/step_json.h"

static void assert_filter(const char *from, const char *until, bool closed, const char *expected,
                          bool expected_plain)
{
    bson_t filter = BSON_INITIALIZER;
    bson_t low;
    bson_t high;
    bson_t range;
    bool plain;
    assert_true(bson_init_from_json(&low, from, -1, NULL));
    assert_true(bson_init_from_json(&high, until, -1, NULL));
    BSON_APPEND_INT32(&filter, "v", 1);
    mig_batch_range_filter(&filter, &low, &high, closed, &range, &plain);
    char *json = bson_as_relaxed_extended_json(&range, NULL);
    assert_string_equal(json, expected);
    assert_int_equal(plain, expected_plain);
    bson_free(json);
    bson_destroy(&range);
    bson_destroy(&low);
    bson_destroy(&high);
    bson_destroy(&filter);
}

static void a_range_of_one_type_is_a_plain_comparison(void **state)
{
    (void)state;
    assert_filter("{\"_id\": 1}", "{\"_id\": 5}", false,
                  "{ \"$and\" : [ { \"_id\" : { \"$gte\" : 1, \"$lt\" : 5 } }, { \"v\" : 1 } ] }", true);
    assert_filter("{\"_id\": 1}", "{\"_id\": {\"$numberDouble\": \"5.5\"}}", true,
                  "{ \"$and\" : [ { \"_id\" : { \"$gte\" : 1, \"$lte\" : 5.5 } }, { \"v\" : 1 } ] }", true);
}

/* A plain $gte would see values of its own type only, and documents between the types would be skipped. */
static void a_range_across_types_compares_as_the_index_sorts(void **state)
{
    (void)state;
    assert_filter(
        "{\"_id\": 1}", "{\"_id\": \"$x\"}", true,
        "{ \"$and\" : [ { \"$expr\" : { \"$and\" : [ { \"$gte\" : [ \"$_id\", { \"$literal\" : 1 } ] }, "
        "{ \"$lte\" : [ \"$_id\", { \"$literal\" : \"$x\" } ] } ] } }, { \"v\" : 1 } ] }",
        false);
}

/* Feed the controller with a server that takes fixed_ms a range and one millisecond for each per_ms documents. */
static int64_t when_paced(int64_t size, int64_t fixed_ms, int64_t per_ms, int64_t target_ms, int ranges)
{
    struct mig_batch_pace pace = { 0 };
    for (int i = 0; i < ranges; i++)
        size = mig_batch_next_size(&pace, size, fixed_ms + size / per_ms, target_ms);
    return size;
}

static void a_size_settles_near_the_target_time(void **state)
{
    (void)state;
    int64_t size = when_paced(1000, 0, 14, 300, 30);
    assert_in_range(size, 300 * 14 / 2, 300 * 14 * 2);
    size = when_paced(100000, 0, 14, 300, 30);
    assert_in_range(size, 300 * 14 / 2, 300 * 14 * 2);
}

/* Where each range costs a scan, halving again and again would never end. */
static void a_size_grows_where_small_ranges_cost_as_much_as_large_ones(void **state)
{
    (void)state;
    int64_t size = when_paced(1000, 1000, 14, 300, 30);
    assert_in_range(size, 8000, MIG_BATCH_SIZE_MAX);
}

static void a_size_stays_within_its_limits(void **state)
{
    (void)state;
    assert_int_equal(when_paced(1000, 0, 1000000, 300, 100), MIG_BATCH_SIZE_MAX);
    assert_int_equal(mig_batch_next_size(&(struct mig_batch_pace){ 0 }, 16, 100000, 10), MIG_BATCH_SIZE_MIN);
}

/* A batch as its step says it. */
static struct mig_batch read_batch(const char *text)
{
    struct mig_batch batch;
    struct mig_error err = { .message = "" };
    AUTOSTEP step = step_json(text);
    if (!mig_batch_read(step, 300, &batch, &err))
        fail_msg("%s: %s", text, err.message);
    return batch;
}

static void a_batch_has_defaults(void **state)
{
    (void)state;
    struct mig_batch batch = read_batch("{'batch': {'collection': 'c', 'update': {'$set': {'a': 1}}}}");
    assert_int_equal(batch.size, 1000);
    assert_int_equal(batch.workers, 1);
    assert_int_equal(batch.target_ms, 300);
    assert_int_equal(batch.once, MIG_BATCH_IDEMPOTENT);
    assert_false(batch.is_delete);
    assert_false(batch.update_is_pipeline);
    assert_true(bson_empty(&batch.filter));
    mig_batch_done(&batch);
}

static void a_batch_says_how_it_runs_and_in_transactions_with_one_worker(void **state)
{
    (void)state;
    static const struct {
        const char *once;
        enum mig_batch_once expected;
        int asked, workers;
    } rows[] = {
        { "marker", MIG_BATCH_MARKER, 4, 4 },
        { "transaction", MIG_BATCH_TRANSACTION, 4, 1 },
        { "idempotent", MIG_BATCH_IDEMPOTENT, 2, 2 },
        { "idempotent", MIG_BATCH_IDEMPOTENT, 0, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[300];
        snprintf(
            text, sizeof text,
            "{'batch': {'collection': 'c', 'filter': {'v': 1}, 'update': [{'$set': {'v': 2}}], 'size': 50, "
            "'targetMs': 10, 'workers': %d, 'exactlyOnce': '%s'}}",
            rows[i].asked, rows[i].once);
        struct mig_batch batch = read_batch(text);
        assert_int_equal(batch.once, rows[i].expected);
        assert_int_equal(batch.workers, rows[i].workers);
        assert_int_equal(batch.size, 50);
        assert_int_equal(batch.target_ms, 10);
        assert_true(batch.update_is_pipeline);
        assert_true(bson_has_field(&batch.filter, "v"));
        mig_batch_done(&batch);
    }
}

static void a_batch_that_neither_updates_nor_deletes_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = { "{'batch': {'collection': 'c'}}",
                                         "{'batch': {'collection': 'c', 'update': 1}}" };
    for (size_t i = 0; i < 2; i++) {
        struct mig_batch batch;
        struct mig_error err = { .message = "" };
        AUTOSTEP step = step_json(texts[i]);
        assert_false(mig_batch_read(step, 300, &batch, &err));
        assert_int_equal(err.code, MIG_ERR_MIGRATION);
        assert_non_null(strstr(err.message, "a batch needs an update or a delete"));
        mig_batch_done(&batch);
    }
}

#define FILTER(bounds) "{'$and': [{'_id': " bounds "}, {'v': 1}]}"

static void a_range_becomes_the_servers_command(void **state)
{
    (void)state;
    static const struct {
        const char *step;
        bool modern; /* 4.4 and later: comments, and hints for deletes */
        const char *from, *until;
        const char *command;
    } rows[] = {
        { "{'batch': {'collection': 'c', 'filter': {'v': 1}, 'update': {'$set': {'v': 2}}}}", true,
          "{'_id': 1}", "{'_id': 5}",
          "{'update': 'c', 'updates': [{'q': " FILTER(
              "{'$gte': 1, '$lt': 5}") ", 'u': {'$set': {'v': 2}}, 'multi': true, 'hint': {'_id': 1}}], 'comment': 'run'}" },
        { "{'batch': {'collection': 'c', 'filter': {'v': 1}, 'update': [{'$set': {'v': 2}}]}}", false,
          "{'_id': 1}", "{'_id': 5}",
          "{'update': 'c', 'updates': [{'q': " FILTER(
              "{'$gte': 1, '$lt': 5}") ", 'u': [{'$set': {'v': 2}}], 'multi': true, 'hint': {'_id': 1}}]}" },
        { "{'batch': {'collection': 'c', 'filter': {'v': 1}, 'delete': true}}", true, "{'_id': 1}",
          "{'_id': 5}",
          "{'delete': 'c', 'deletes': [{'q': " FILTER(
              "{'$gte': 1, '$lt': 5}") ", 'limit': 0, 'hint': {'_id': 1}}], 'comment': 'run'}" },
        { "{'batch': {'collection': 'c', 'filter': {'v': 1}, 'delete': true}}", false, "{'_id': 1}",
          "{'_id': 5}",
          "{'delete': 'c', 'deletes': [{'q': " FILTER("{'$gte': 1, '$lt': 5}") ", 'limit': 0}]}" },
        { "{'batch': {'collection': 'c', 'filter': {'v': 1}, 'delete': true}}", true, "{'_id': 1}",
          "{'_id': 'x'}",
          "{'delete': 'c', 'deletes': [{'q': {'$and': [{'$expr': {'$and': [{'$gte': ['$_id', {'$literal': 1}]},"
          " {'$lt': ['$_id', {'$literal': 'x'}]}]}}, {'v': 1}]}, 'limit': 0}], 'comment': 'run'}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mig_batch batch = read_batch(rows[i].step);
        struct mig_server server = { .can_union = rows[i].modern };
        MIG_AUTOBSON bson_t *from = doc_json(rows[i].from);
        MIG_AUTOBSON bson_t *until = doc_json(rows[i].until);
        MIG_AUTOBSON bson_t *expected = doc_json(rows[i].command);
        bson_t command;
        mig_batch_command(&batch, &server, "c", from, until, false, "run", &command);
        char *text = bson_as_relaxed_extended_json(&command, NULL);
        char *wanted = bson_as_relaxed_extended_json(expected, NULL);
        assert_string_equal(text, wanted);
        bson_free(text);
        bson_free(wanted);
        bson_destroy(&command);
        mig_batch_done(&batch);
    }
}

/* A range that runs to the end of what was there when the batch began, and one that has no end on record. */
static void a_bound_that_is_missing_bounds_nothing(void **state)
{
    (void)state;
    assert_filter("{}", "{}", false, "{ \"$and\" : [ { \"_id\" : {  } }, { \"v\" : 1 } ] }", true);
    assert_filter(
        "{\"_id\": 1}", "{\"_id\": \"x\"}", false,
        "{ \"$and\" : [ { \"$expr\" : { \"$and\" : [ { \"$gte\" : [ \"$_id\", { \"$literal\" : 1 } ] }, "
        "{ \"$lt\" : [ \"$_id\", { \"$literal\" : \"x\" } ] } ] } }, { \"v\" : 1 } ] }",
        false);
}

/* Growing paid once and then no more: the size that was best stays, also when a later range is slow again. */
static void a_size_that_cannot_get_better_stays(void **state)
{
    (void)state;
    struct mig_batch_pace pace = { 0 };
    int64_t size = 1000;
    size = mig_batch_next_size(&pace, size, 1000, 300); /* too slow: smaller */
    assert_int_equal(size, 500);
    size = mig_batch_next_size(&pace, size, 1000, 300); /* as slow: shrinking has hurt */
    assert_int_equal(size, 1000);
    size = mig_batch_next_size(&pace, size, 7000, 300); /* growing did not help, and was beyond all measure */
    assert_int_equal(size, 500);
    assert_int_equal(mig_batch_next_size(&pace, size, 1000, 300), 500);
    size = mig_batch_next_size(&pace, size, 200, 300); /* fast again: everything is open */
    assert_true(size > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_of_one_type_is_a_plain_comparison),
        cmocka_unit_test(a_range_across_types_compares_as_the_index_sorts),
        cmocka_unit_test(a_size_settles_near_the_target_time),
        cmocka_unit_test(a_size_grows_where_small_ranges_cost_as_much_as_large_ones),
        cmocka_unit_test(a_size_stays_within_its_limits),
        cmocka_unit_test(a_batch_has_defaults),
        cmocka_unit_test(a_batch_says_how_it_runs_and_in_transactions_with_one_worker),
        cmocka_unit_test(a_batch_that_neither_updates_nor_deletes_is_refused),
        cmocka_unit_test(a_range_becomes_the_servers_command),
        cmocka_unit_test(a_bound_that_is_missing_bounds_nothing),
        cmocka_unit_test(a_size_that_cannot_get_better_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
