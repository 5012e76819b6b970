/* SHA-256 as sha256sum prints it (vectors: FIPS 180-4 examples). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

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

static void put_row(size_t i, bson_t *row, const void *context)
{
    BSON_APPEND_UTF8(row, "0", context);
    BSON_APPEND_INT64(row, "1", (int64_t)i * 1000);
}

static void append_list(bson_t *doc, const char *name, size_t count, const char *text)
{
    bson_t list, row;
    BSON_APPEND_ARRAY_BEGIN(doc, name, &list);
    for (size_t i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "%zu", i);
        BSON_APPEND_ARRAY_BEGIN(&list, key, &row);
        put_row(i, &row, text);
        bson_append_array_end(&list, &row);
    }
    bson_append_array_end(doc, &list);
}

/* Plan ids and history heads must be what anybody gets who builds the document. */
static void a_list_is_digested_as_if_it_were_whole(void **state)
{
    (void)state;
    static const size_t counts[] = { 0, 1, 11, 1200 };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        MIG_AUTODOC bson_t before = BSON_INITIALIZER, after = BSON_INITIALIZER, doc = BSON_INITIALIZER;
        char whole[MIG_SHA256_HEX], rows[MIG_SHA256_HEX];
        bson_t list;
        bson_iter_t it;
        BSON_APPEND_UTF8(&before, "a", "first");
        BSON_APPEND_BOOL(&after, "z", true);
        BSON_APPEND_UTF8(&doc, "a", "first");
        append_list(&doc, "list", counts[i], "row");
        BSON_APPEND_BOOL(&doc, "z", true);
        mig_sha256_bson(&doc, whole);
        mig_sha256_rows_in(&before, "list", counts[i], put_row, "row", &after, rows);
        assert_string_equal(rows, whole);

        const uint8_t *bytes;
        uint32_t len;
        assert_true(bson_iter_init_find(&it, &doc, "list"));
        bson_iter_array(&it, &len, &bytes);
        assert_true(bson_init_static(&list, bytes, len));
        mig_sha256_bson(&list, whole);
        mig_sha256_rows(counts[i], put_row, "row", rows);
        assert_string_equal(rows, whole);
    }
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
        cmocka_unit_test(a_list_is_digested_as_if_it_were_whole),
        cmocka_unit_test(only_64_lower_case_digits_are_a_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
