/* SHA-256 as sha256sum prints it (vectors: FIPS 180-4 examples). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/hash.h"

static void published_vectors_match(void **state)
{
    (void)state;
    char hex[MIG_SHA256_HEX];
    mig_sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    mig_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    mig_sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_document_is_digested_by_its_bytes(void **state)
{
    (void)state;
    MIG_AUTODOC bson_t d = BSON_INITIALIZER;
    char a[MIG_SHA256_HEX], b[MIG_SHA256_HEX];
    mig_sha256_bson(&d, a);
    mig_sha256_hex("\5\0\0\0", 5, b);
    assert_string_equal(a, b);
    BSON_APPEND_INT32(&d, "a", 1);
    mig_sha256_bson(&d, b);
    assert_string_not_equal(a, b);
    assert_true(mig_sha256_valid(b));
}

static void only_64_lower_case_digits_are_a_digest(void **state)
{
    (void)state;
    assert_true(mig_sha256_valid("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    assert_false(mig_sha256_valid("BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    assert_false(mig_sha256_valid("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a"));
    assert_false(mig_sha256_valid("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0"));
    assert_false(mig_sha256_valid("ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    assert_false(mig_sha256_valid(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_match),
        cmocka_unit_test(a_document_is_digested_by_its_bytes),
        cmocka_unit_test(only_64_lower_case_digits_are_a_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
