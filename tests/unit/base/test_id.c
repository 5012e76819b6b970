/* Ids: sortable by time, valid by their specifications. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/id.h"

static const uint8_t zeros[16];
static const uint8_t ones[16] = { 255, 255, 255, 255, 255, 255, 255, 255,
                                  255, 255, 255, 255, 255, 255, 255, 255 };

static void a_ulid_spells_time_then_randomness(void **state)
{
    (void)state;
    char id[MIG_ULID_SIZE];
    mig_ulid(1469918176385, zeros, id); /* the time of the specification's example */
    assert_string_equal(id, "01ARYZ6S410000000000000000");
    mig_ulid((INT64_C(1) << 48) - 1, ones, id);
    assert_string_equal(id, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    mig_ulid(0, (const uint8_t[10]){ 0, 0, 0, 0, 1, 0, 0, 0, 0, 2 }, id);
    assert_string_equal(id, "00000000000000000100000002");
    assert_true(mig_ulid_valid(id));
}

static void later_ulids_sort_later(void **state)
{
    (void)state;
    char early[MIG_ULID_SIZE], late[MIG_ULID_SIZE];
    for (int64_t ms = 1; ms < INT64_C(1) << 47; ms = ms * 3 + 1) {
        mig_ulid(ms, ones, early);
        mig_ulid(ms + 1, zeros, late);
        assert_true(strcmp(early, late) < 0);
    }
}

static void invalid_ulids_are_refused(void **state)
{
    (void)state;
    assert_false(mig_ulid_valid(""));
    assert_false(mig_ulid_valid("01ARYZ6S41000000000000000"));
    assert_false(mig_ulid_valid("01ARYZ6S4100000000000000000"));
    assert_false(mig_ulid_valid("01aryz6s410000000000000000"));
    assert_false(mig_ulid_valid("01ARYZ6S41000000000000000U")); /* Crockford has no I, L, O, U */
    assert_false(mig_ulid_valid("8ZZZZZZZZZZZZZZZZZZZZZZZZZ")); /* more than 48 bits of time */
}

static void a_uuid_carries_version_and_variant(void **state)
{
    (void)state;
    char id[MIG_UUID_SIZE];
    mig_uuid4(zeros, id);
    assert_string_equal(id, "00000000-0000-4000-8000-000000000000");
    mig_uuid4(ones, id);
    assert_string_equal(id, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

static void a_uuid_is_told_from_a_path(void **state)
{
    (void)state;
    assert_true(mig_uuid_valid("00000000-0000-4000-8000-00000000000a"));
    assert_false(mig_uuid_valid(""));
    assert_false(mig_uuid_valid("../../../../../../../../etc/migtui/x"));
    assert_false(mig_uuid_valid("00000000-0000-4000-8000-00000000000A"));
    assert_false(mig_uuid_valid("00000000-0000-4000-8000-0000000000\n0"));
    assert_false(mig_uuid_valid("000000000000-4000-8000-0000-00000000"));
    assert_false(mig_uuid_valid("00000000-0000-4000-8000-0000000000000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ulid_spells_time_then_randomness),
        cmocka_unit_test(later_ulids_sort_later),
        cmocka_unit_test(invalid_ulids_are_refused),
        cmocka_unit_test(a_uuid_carries_version_and_variant),
        cmocka_unit_test(a_uuid_is_told_from_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
