/* Ranges of _id and the pace of a batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/batch.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_of_one_type_is_a_plain_comparison),
        cmocka_unit_test(a_range_across_types_compares_as_the_index_sorts),
        cmocka_unit_test(a_size_settles_near_the_target_time),
        cmocka_unit_test(a_size_grows_where_small_ranges_cost_as_much_as_large_ones),
        cmocka_unit_test(a_size_stays_within_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
