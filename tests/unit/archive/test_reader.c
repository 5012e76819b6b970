/* An archive that was written reads back; one that was altered anywhere is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "archive/format.h"
#include "archive/gzip.h"
#include "archive/reader.h"
#include "archive/writer.h"
#include "base/cleanup.h"
#include "base/mem.h"

#define ARCHIVE_MAX (64UL * 1024 * 1024)

/* What a reading has found. */
struct found {
    int64_t documents;
    size_t namespaces, closed;
    int64_t sum;
    uint32_t last; /* bytes of the newest document */
    int rests;
};

static bool on_prelude(void *ctx, const struct arc_header *header, struct arc_namespace *list, size_t count,
                       struct mig_error *err)
{
    (void)header, (void)list, (void)err;
    ((struct found *)ctx)->namespaces = count;
    return true;
}

static bool on_document(void *ctx, size_t index, const uint8_t *bytes, uint32_t len, struct mig_error *err)
{
    struct found *found = ctx;
    bson_t doc;
    bson_iter_t n;
    (void)index;
    if (!bson_init_static(&doc, bytes, len))
        return mig_fail(err, MIG_ERR_FAILED, "no document");
    found->documents++;
    found->last = len;
    if (bson_iter_init_find(&n, &doc, "n"))
        found->sum += bson_iter_as_int64(&n);
    return true;
}

static bool on_rest(void *ctx, struct mig_error *err)
{
    struct found *found = ctx;
    assert_true(found->last > 1024 * 1024);
    (void)err;
    found->rests++;
    return true;
}

static bool on_closed(void *ctx, size_t index, struct mig_error *err)
{
    (void)index, (void)err;
    ((struct found *)ctx)->closed++;
    return true;
}

static bool read_in_pieces(const char *bytes, size_t len, size_t piece, struct found *ret,
                           struct mig_error *err)
{
    const struct arc_sink sink = { ret, on_prelude, on_document, on_rest, on_closed };
    struct arc_reader *reader = arc_reader_new(&sink);
    *ret = (struct found){ 0 };
    bool ok = true;
    for (size_t at = 0; ok && at < len; at += piece)
        ok = arc_reader_feed(reader, bytes + at, piece < len - at ? piece : len - at, err);
    ok = ok && arc_reader_end(reader, err);
    arc_reader_free(reader);
    return ok;
}

static void add_block(struct mig_buf *out, const char *collection, int from, int until, uint64_t *crc)
{
    arc_block_begin(out, "shop", collection);
    for (int i = from; i < until; i++) {
        MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
        BSON_APPEND_INT32(&doc, "n", i);
        BSON_APPEND_UTF8(&doc, "text", "some words that compress well, and well, and well");
        mig_buf_add(out, (const char *)bson_get_data(&doc), doc.len);
        *crc = arc_crc64(bson_get_data(&doc), doc.len, *crc);
    }
    arc_block_end(out);
}

/* Two collections in interleaved blocks and a view: 30 documents whose n sum up to 435. */
static void given_archive(struct mig_buf *out)
{
    uint64_t a = 0, b = 0;
    mig_buf_init(out, ARCHIVE_MAX);
    arc_prelude_begin(out, 2, "8.0.1", "test");
    arc_prelude_namespace(out, "shop", "a", "collection", "{}", 20);
    arc_prelude_namespace(out, "shop", "b", "collection", "{}", 10);
    arc_prelude_namespace(out, "shop", "v", "view", "{}", 0);
    arc_prelude_end(out);
    add_block(out, "a", 0, 10, &a);
    add_block(out, "b", 10, 20, &b);
    add_block(out, "a", 20, 30, &a);
    arc_namespace_end(out, "shop", "b", b);
    arc_namespace_end(out, "shop", "v", 0);
    arc_namespace_end(out, "shop", "a", a);
}

static void refused(const struct mig_buf *archive, const char *why)
{
    struct found found;
    struct mig_error err = { 0 };
    assert_false(read_in_pieces(archive->text, archive->len, 7, &found, &err));
    assert_int_equal(err.code, MIG_ERR_BACKUP);
    if (!strstr(err.message, why))
        fail_msg("\"%s\" was expected in \"%s\"", why, err.message);
}

/* ---- whole ---- */

static void pieces_of_any_size_give_the_same(void **state)
{
    (void)state;
    static const size_t pieces[] = { 1, 2, 3, 4, 5, 7, 64, 1000, 1 << 20 };
    struct mig_buf archive MIG_AUTOBUF;
    given_archive(&archive);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct found found;
        struct mig_error err = { 0 };
        if (!read_in_pieces(archive.text, archive.len, pieces[i], &found, &err))
            fail_msg("pieces of %zu: %s", pieces[i], err.message);
        assert_int_equal(found.documents, 30);
        assert_int_equal(found.sum, 435);
        assert_int_equal(found.namespaces, 3);
        assert_int_equal(found.closed, 3);
    }
}

static void gzip_members_one_after_the_other_are_one_archive(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF, zipped MIG_AUTOBUF;
    given_archive(&archive);
    mig_buf_init(&zipped, ARCHIVE_MAX);
    struct arc_gzip *gzip = arc_gzip_new(6);
    for (size_t at = 0; at < archive.len; at += 100)
        assert_true(arc_gzip_member(gzip, archive.text + at, archive.len - at < 100 ? archive.len - at : 100,
                                    &zipped));
    arc_gzip_free(gzip);
    static const size_t pieces[] = { 1, 13, 1 << 20 };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct found found;
        struct mig_error err = { 0 };
        if (!read_in_pieces(zipped.text, zipped.len, pieces[i], &found, &err))
            fail_msg("%s", err.message);
        assert_int_equal(found.sum, 435);
    }
}

static void crc_is_that_of_xz_and_of_go(void **state)
{
    (void)state;
    assert_true(arc_crc64("123456789", 9, 0) ==
                0x995dc9bbdf1939faULL); /* the catalogue's check value of CRC-64/XZ */
}

static void a_document_larger_than_any_piece_is_put_together(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF;
    uint64_t crc = 0;
    size_t size = 16UL * 1024 * 1024 - 100;
    char *big MIG_AUTOFREE = mig_alloc(size + 1);
    memset(big, 'x', size);
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "big", big);
    mig_buf_init(&archive, ARCHIVE_MAX);
    arc_prelude_begin(&archive, 1, "8.0.1", "test");
    arc_prelude_namespace(&archive, "shop", "a", "collection", "{}", 1);
    arc_prelude_end(&archive);
    arc_block_begin(&archive, "shop", "a");
    mig_buf_add(&archive, (const char *)bson_get_data(&doc), doc.len);
    crc = arc_crc64(bson_get_data(&doc), doc.len, crc);
    arc_block_end(&archive);
    arc_namespace_end(&archive, "shop", "a", crc);
    struct found found;
    struct mig_error err = { 0 };
    if (!read_in_pieces(archive.text, archive.len, 65536, &found, &err))
        fail_msg("%s", err.message);
    assert_int_equal(found.documents, 1);
}

static void a_time_series_is_found_under_its_buckets_or_its_own_name(void **state)
{
    (void)state;
    static const struct {
        const char *version, *block;
    } cases[] = { { "7.0.1", "system.buckets.t" }, { "8.3.0", "t" }, { "8.2.11", "t" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mig_buf archive MIG_AUTOBUF;
        uint64_t crc = 0;
        mig_buf_init(&archive, ARCHIVE_MAX);
        arc_prelude_begin(&archive, 1, cases[i].version, "test");
        arc_prelude_namespace(&archive, "shop", "t", "timeseries", "{}", 1);
        arc_prelude_end(&archive);
        add_block(&archive, cases[i].block, 0, 3, &crc);
        arc_namespace_end(&archive, "shop", cases[i].block, crc);
        struct found found;
        struct mig_error err = { 0 };
        if (!read_in_pieces(archive.text, archive.len, 50, &found, &err))
            fail_msg("%s: %s", cases[i].version, err.message);
        assert_int_equal(found.documents, 3);
    }
}

/* ---- damaged ---- */

static void cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF;
    given_archive(&archive);
    for (size_t len = 0; len < archive.len; len++) {
        struct found found;
        struct mig_error err = { 0 };
        if (read_in_pieces(archive.text, len, 64, &found, &err))
            fail_msg("cut after %zu of %zu bytes, it was taken for whole", len, archive.len);
    }
}

static void a_flipped_bit_in_any_document_is_refused(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF;
    given_archive(&archive);
    for (char *at = archive.text; (at = memmem(at, (size_t)(archive.text + archive.len - at), "some", 4));
         at += 4) {
        struct found found;
        struct mig_error err = { 0 };
        *at ^= 4;
        if (read_in_pieces(archive.text, archive.len, 64, &found, &err))
            fail_msg("a flipped bit at %zd was not noticed", at - archive.text);
        assert_non_null(strstr(err.message, "CRC-64"));
        *at ^= 4;
    }
}

static void a_flipped_bit_in_a_compressed_archive_is_refused(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF, zipped MIG_AUTOBUF;
    given_archive(&archive);
    mig_buf_init(&zipped, ARCHIVE_MAX);
    struct arc_gzip *gzip = arc_gzip_new(6);
    assert_true(arc_gzip_member(gzip, archive.text, archive.len, &zipped));
    arc_gzip_free(gzip);
    for (size_t at = 10; at < zipped.len;
         at++) { /* the gzip header's own time and system bytes say nothing */
        struct found found;
        struct mig_error err = { 0 };
        zipped.text[at] = (char)(zipped.text[at] ^ 1);
        if (read_in_pieces(zipped.text, zipped.len, 64, &found, &err))
            fail_msg("a flipped bit at %zu of %zu was not noticed", at, zipped.len);
        zipped.text[at] = (char)(zipped.text[at] ^ 1);
    }
}

static void what_follows_the_archive_is_refused(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF;
    given_archive(&archive);
    mig_buf_str(&archive, "and more");
    refused(&archive, "neither a document nor a terminator");
}

static void another_file_is_refused_at_its_first_bytes(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF;
    mig_buf_init(&archive, ARCHIVE_MAX);
    mig_buf_str(&archive, "{\"not\": \"an archive\"}");
    refused(&archive, "it does not begin as an archive of mongodump does");
}

static void begin_one(struct mig_buf *archive)
{
    mig_buf_init(archive, ARCHIVE_MAX);
    arc_prelude_begin(archive, 1, "8.0.1", "test");
    arc_prelude_namespace(archive, "shop", "a", "collection", "{}", 1);
}

static void a_namespace_without_its_end_is_refused(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF;
    uint64_t crc = 0;
    begin_one(&archive);
    arc_prelude_end(&archive);
    refused(&archive, "shop.a is missing");
    add_block(&archive, "a", 0, 3, &crc);
    refused(&archive, "shop.a has no end");
}

static void blocks_of_an_unknown_or_ended_namespace_are_refused(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF, again MIG_AUTOBUF;
    uint64_t crc = 0;
    begin_one(&archive);
    arc_prelude_end(&archive);
    add_block(&archive, "b", 0, 3, &crc);
    refused(&archive, "a namespace that the prelude does not have");
    begin_one(&again);
    arc_prelude_end(&again);
    arc_namespace_end(&again, "shop", "a", 0);
    add_block(&again, "a", 0, 3, &crc);
    refused(&again, "shop.a goes on after its end");
}

static void a_namespace_that_is_there_twice_is_refused(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF;
    begin_one(&archive);
    arc_prelude_namespace(&archive, "shop", "a", "collection", "{}", 1);
    arc_prelude_end(&archive);
    refused(&archive, "is there twice");
}

static void a_length_beyond_a_document_is_refused_before_it_is_allocated(void **state)
{
    (void)state;
    static const char huge[] = "\xff\xff\xff\x7f";
    struct mig_buf archive MIG_AUTOBUF;
    begin_one(&archive);
    mig_buf_add(&archive, huge, 4);
    refused(&archive, "neither a document nor a terminator");
}

static void add_large(struct mig_buf *out, uint32_t size, uint64_t *crc)
{
    MIG_AUTOFREE char *bytes = mig_alloc(size);
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_BINARY(&doc, "b", BSON_SUBTYPE_BINARY, (uint8_t *)bytes, size);
    mig_buf_add(out, (const char *)bson_get_data(&doc), doc.len);
    *crc = arc_crc64(bson_get_data(&doc), doc.len, *crc);
}

/* Who gets it makes a copy: that one and the reader's shall not be there at once with whatever is made of it. */
static void behind_a_large_document_there_is_a_rest(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF;
    struct found found;
    struct mig_error err = { 0 };
    uint64_t crc = 0;
    mig_buf_init(&archive, ARCHIVE_MAX);
    arc_prelude_begin(&archive, 1, "8.0.1", "test");
    arc_prelude_namespace(&archive, "shop", "a", "collection", "{}", 5);
    arc_prelude_end(&archive);
    arc_block_begin(&archive, "shop", "a");
    for (int i = 0; i < 5; i++)
        add_large(&archive, i % 2 ? 3 * 1024 * 1024 : 500, &crc);
    arc_block_end(&archive);
    arc_namespace_end(&archive, "shop", "a", crc);
    assert_true(read_in_pieces(archive.text, archive.len, 65536, &found, &err));
    assert_int_equal(found.documents, 5);
    assert_int_equal(found.rests, 2);
}

/* A few kilobytes of gzip can hold any number of them, and they are all kept. */
static void a_prelude_of_much_metadata_is_refused(void **state)
{
    (void)state;
    struct mig_buf archive MIG_AUTOBUF;
    MIG_AUTOFREE char *blanks = mig_alloc(13 * 1024 * 1024 + 1);
    memset(blanks, ' ', 13 * 1024 * 1024);
    struct found found;
    struct mig_error err = { 0 };
    const struct arc_sink sink = { &found, on_prelude, on_document, on_rest, on_closed };
    struct arc_reader *reader = arc_reader_new(&sink);
    mig_buf_init(&archive, ARCHIVE_MAX);
    arc_prelude_begin(&archive, 1, "8.0.1", "test");
    bool ok = arc_reader_feed(reader, archive.text, archive.len, &err);
    int taken = 0;
    for (; ok && taken < 9; taken++) {
        mig_buf_reset(&archive);
        arc_prelude_namespace(&archive, "shop", (char[]){ (char)('a' + taken), 0 }, "collection", blanks, 0);
        ok = arc_reader_feed(reader, archive.text, archive.len, &err);
    }
    arc_reader_free(reader);
    assert_false(ok);
    assert_int_equal(taken, 5);
    assert_non_null(strstr(err.message, "more than 64 MB of metadata"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_a_large_document_there_is_a_rest),
        cmocka_unit_test(a_prelude_of_much_metadata_is_refused),
        cmocka_unit_test(pieces_of_any_size_give_the_same),
        cmocka_unit_test(gzip_members_one_after_the_other_are_one_archive),
        cmocka_unit_test(crc_is_that_of_xz_and_of_go),
        cmocka_unit_test(a_document_larger_than_any_piece_is_put_together),
        cmocka_unit_test(a_time_series_is_found_under_its_buckets_or_its_own_name),
        cmocka_unit_test(cut_anywhere_is_refused),
        cmocka_unit_test(a_flipped_bit_in_any_document_is_refused),
        cmocka_unit_test(a_flipped_bit_in_a_compressed_archive_is_refused),
        cmocka_unit_test(what_follows_the_archive_is_refused),
        cmocka_unit_test(another_file_is_refused_at_its_first_bytes),
        cmocka_unit_test(a_namespace_without_its_end_is_refused),
        cmocka_unit_test(blocks_of_an_unknown_or_ended_namespace_are_refused),
        cmocka_unit_test(a_namespace_that_is_there_twice_is_refused),
        cmocka_unit_test(a_length_beyond_a_document_is_refused_before_it_is_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
