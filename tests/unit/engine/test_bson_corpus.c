/* The reader against the BSON corpus of MongoDB's specifications (tests/data/bson_corpus): what every
 * driver must read and refuse, bytes compared with bytes. There is no deviation; if there ever must be one,
 * name the case here with its reason. The corpus files themselves are read by the reader under test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/jsonc.h"

struct tally {
    int files, valid, read, round_trips, refused;
};

/* Relaxed JSON loses the width of numbers, so it is compared by value; some bytes have no JSON of their
 * own (a NaN with a payload), so theirs is only read. */
enum sameness { SAME_BYTES, SAME_VALUES, READABLE };

static char *slurp(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("cannot open %s", path);
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 10 << 20);
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        mig_buf_add(&text, block, n);
    fclose(f);
    *ret_len = text.len;
    return mig_buf_detach(&text);
}

static bson_t *from_hex(const char *hex)
{
    size_t room = strlen(hex) / 2 + 1, len;
    MIG_AUTOFREE uint8_t *bytes = mig_alloc(room);
    assert_int_equal(sodium_hex2bin(bytes, room, hex, strlen(hex), NULL, &len, NULL), 0);
    bson_t *doc = bson_new_from_data(bytes, len);
    assert_non_null(doc);
    return doc;
}

/* NULL when it is refused; the reason is in err. */
static bson_t *read_json(const char *json, struct mig_error *err)
{
    bson_t doc;
    if (!mig_jsonc_read("corpus", json, strlen(json), MIG_JSONC_STRICT, &doc, NULL, NULL, err))
        return NULL;
    bson_t *copy = bson_copy(&doc);
    bson_destroy(&doc);
    return copy;
}

static bool same_values(const bson_t *a, const bson_t *b)
{
    bson_iter_t x, y;
    MIG_AUTODOC bson_t left = BSON_INITIALIZER;
    MIG_AUTODOC bson_t right = BSON_INITIALIZER;
    BSON_APPEND_DOCUMENT(&left, "v", a);
    BSON_APPEND_DOCUMENT(&right, "v", b);
    return bson_iter_init_find(&x, &left, "v") && bson_iter_init_find(&y, &right, "v") &&
           mig_value_equal(&x, &y);
}

static void check_read(struct tally *tally, const char *file, const bson_t *row, const char *member,
                       const bson_t *bytes, enum sameness wanted)
{
    const char *json = mig_doc_str(row, member, NULL), *description = mig_doc_str(row, "description", "");
    struct mig_error err;
    if (!json)
        return;
    MIG_AUTOBSON bson_t *doc = read_json(json, &err);
    tally->read++;
    if (!doc)
        fail_msg("%s, %s, %s: %s: %s", file, description, member, json, err.message);
    if ((wanted == SAME_BYTES && !mig_doc_equal(doc, bytes)) ||
        (wanted == SAME_VALUES && !same_values(doc, bytes)))
        fail_msg("%s, %s, %s: other bytes from %s", file, description, member, json);
}

static void check_round_trip(struct tally *tally, const char *file, const char *description,
                             const bson_t *bytes)
{
    struct mig_error err;
    char *json = mig_doc_canonical(bytes);
    assert_non_null(json);
    MIG_AUTOBSON bson_t *again = read_json(json, &err);
    bool same = again && mig_doc_equal(again, bytes);
    tally->round_trips++;
    if (!same)
        fail_msg("%s, %s: libbson prints %s: %s", file, description, json,
                 again ? "other bytes" : err.message);
    bson_free(json);
}

static void check_valid(struct tally *tally, const char *file, const bson_t *row)
{
    const char *description = mig_doc_str(row, "description", "");
    bool lossy = mig_doc_bool(row, "lossy", false);
    MIG_AUTOBSON bson_t *canonical = from_hex(mig_doc_str(row, "canonical_bson", ""));
    tally->valid++;
    check_read(tally, file, row, "canonical_extjson", canonical, lossy ? READABLE : SAME_BYTES);
    check_read(tally, file, row, "degenerate_extjson", canonical, lossy ? READABLE : SAME_BYTES);
    check_read(tally, file, row, "relaxed_extjson", canonical, SAME_VALUES);
    if (!lossy)
        check_round_trip(tally, file, description, canonical);
    if (mig_doc_has(row, "converted_bson")) {
        MIG_AUTOBSON bson_t *converted = from_hex(mig_doc_str(row, "converted_bson", ""));
        check_read(tally, file, row, "converted_extjson", converted, SAME_BYTES);
    }
}

/* The decimal files give the bare number, the others a document. */
static void check_refused(struct tally *tally, const char *file, const bson_t *row, bool decimal)
{
    const char *text = mig_doc_str(row, "string", NULL), *description = mig_doc_str(row, "description", "");
    struct mig_error err;
    assert_non_null(text);
    MIG_AUTOBUF struct mig_buf json;
    mig_buf_init(&json, 10000);
    if (decimal) {
        mig_buf_str(&json, "{\"d\":{\"$numberDecimal\":\"");
        mig_buf_json(&json, text);
        mig_buf_str(&json, "\"}}");
    } else {
        mig_buf_str(&json, text);
    }
    MIG_AUTOBSON bson_t *doc = read_json(json.text, &err);
    tally->refused++;
    if (doc)
        fail_msg("%s, %s: accepted %s", file, description, json.text);
    assert_int_equal(err.code, MIG_ERR_SYNTAX);
}

static void check_file(struct tally *tally, const char *name)
{
    MIG_AUTOFREE char *path = mig_printf("%s/bson_corpus/%s", MIG_TEST_DATA, name);
    size_t len;
    MIG_AUTOFREE char *text = slurp(path, &len);
    struct mig_error err;
    bson_t corpus, rows, row;
    bson_iter_t iter;
    if (!mig_jsonc_read(name, text, len, MIG_JSONC_STRICT, &corpus, NULL, NULL, &err))
        fail_msg("%s", err.message);
    if (mig_doc_sub(&corpus, "valid", &rows) && bson_iter_init(&iter, &rows))
        while (bson_iter_next(&iter) && mig_iter_sub(&iter, &row))
            check_valid(tally, name, &row);
    bool decimal = strcmp(mig_doc_str(&corpus, "bson_type", ""), "0x13") == 0;
    if (mig_doc_sub(&corpus, "parseErrors", &rows) && bson_iter_init(&iter, &rows))
        while (bson_iter_next(&iter) && mig_iter_sub(&iter, &row))
            check_refused(tally, name, &row, decimal);
    tally->files++;
    bson_destroy(&corpus);
}

static void the_corpus_is_read_as_every_driver_must(void **state)
{
    (void)state;
    struct tally tally = { 0 };
    DIR *dir = opendir(MIG_TEST_DATA "/bson_corpus");
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot && strcmp(dot, ".json") == 0)
            check_file(&tally, entry->d_name);
    }
    closedir(dir);
    /* All there is in PyMongo 4.10.1's copy: a case that silently falls out fails here. */
    assert_int_equal(tally.files, 31);
    assert_int_equal(tally.valid, 724);
    assert_int_equal(tally.read, 1082);
    assert_int_equal(tally.round_trips, 714);
    assert_int_equal(tally.refused, 180);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_corpus_is_read_as_every_driver_must) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
