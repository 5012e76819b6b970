/* steps_index.c - specifications of indexes: names, text keys, and what makes two the same index. */
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "engine/steps_compare.h"

/* ---- finding ---- */

void mig_index_name(const bson_t *spec, struct mig_buf *out)
{
    const char *name = mig_doc_str(spec, "name", NULL);
    bson_iter_t field;
    bson_t key;
    if (name) {
        mig_buf_str(out, name);
        return;
    }
    if (!mig_doc_sub(spec, "key", &key) || !bson_iter_init(&field, &key))
        return;
    while (bson_iter_next(&field)) {
        if (out->len)
            mig_buf_char(out, '_');
        mig_buf_str(out, bson_iter_key(&field));
        if (BSON_ITER_HOLDS_UTF8(&field))
            mig_buf_printf(out, "_%s", bson_iter_utf8(&field, NULL));
        else
            mig_buf_printf(out, "_%lld", (long long)mig_iter_int(&field, 1));
    }
}

bool mig_index_by_name(const bson_t *indexes, const char *name, bson_t *ret)
{
    bson_iter_t iter;
    bool ok = bson_iter_init(&iter, indexes);
    while (ok && bson_iter_next(&iter)) {
        if (mig_iter_sub(&iter, ret) && strcmp(mig_doc_str(ret, "name", ""), name) == 0)
            return true;
    }
    return false;
}

static bool keys_equal(const bson_t *a, const bson_t *b)
{
    bson_t x = BSON_INITIALIZER, y = BSON_INITIALIZER;
    bson_iter_t i, j;
    BSON_APPEND_DOCUMENT(&x, "", a);
    BSON_APPEND_DOCUMENT(&y, "", b);
    bool equal =
        bson_iter_init_find(&i, &x, "") && bson_iter_init_find(&j, &y, "") && mig_value_equal(&i, &j);
    bson_destroy(&x);
    bson_destroy(&y);
    return equal;
}

bool mig_index_by_key(const bson_t *indexes, const bson_t *key, bson_t *ret)
{
    bson_iter_t iter;
    bson_t found;
    bool ok = bson_iter_init(&iter, indexes);
    while (ok && bson_iter_next(&iter)) {
        if (mig_iter_sub(&iter, ret) && mig_doc_sub(ret, "key", &found) && keys_equal(&found, key))
            return true;
    }
    return false;
}

bool mig_index_find(const bson_t *indexes, const bson_iter_t *which, bson_t *ret)
{
    bson_t key;
    if (BSON_ITER_HOLDS_UTF8(which))
        return mig_index_by_name(indexes, bson_iter_utf8(which, NULL), ret);
    return BSON_ITER_HOLDS_DOCUMENT(which) && mig_iter_sub(which, &key) &&
           mig_index_by_key(indexes, &key, ret);
}

bool mig_index_modified(const bson_t *indexes, const bson_t *change, bson_t *ret)
{
    bson_iter_t which;
    return (bson_iter_init_find(&which, change, "name") ||
            bson_iter_init_find(&which, change, "keyPattern")) &&
           mig_index_find(indexes, &which, ret);
}

/* ---- text indexes ---- */

static bool is_text_field(const bson_iter_t *field)
{
    return BSON_ITER_HOLDS_UTF8(field) && strcmp(bson_iter_utf8(field, NULL), "text") == 0 &&
           strcmp(bson_iter_key(field), "_fts") != 0;
}

/* A server lists the text fields of a key as one pair (_fts, _ftsx) where the first stood, and each under
 * weights with weight 1 unless said otherwise. Write the asked key the same way. */
static void rewrite_key(const bson_t *key, bson_t *ret_key, bson_t *weights)
{
    bson_iter_t field;
    bool first = true;
    if (!bson_iter_init(&field, key))
        return;
    while (bson_iter_next(&field)) {
        if (!is_text_field(&field)) {
            bson_append_iter(ret_key, NULL, 0, &field);
            continue;
        }
        if (first) {
            BSON_APPEND_UTF8(ret_key, "_fts", "text");
            BSON_APPEND_INT32(ret_key, "_ftsx", 1);
            first = false;
        }
        if (!bson_has_field(weights, bson_iter_key(&field)))
            bson_append_int32(weights, bson_iter_key(&field), -1, 1);
    }
}

static bool has_text_field(const bson_t *key)
{
    bson_iter_t field;
    bool ok = bson_iter_init(&field, key);
    while (ok && bson_iter_next(&field)) {
        if (is_text_field(&field))
            return true;
    }
    return false;
}

/* weights may name fields beside the key's; their names may hold dots, so no path lookups here. */
static void rewrite_text(const bson_t *asked, const bson_t *key, bson_t *ret)
{
    bson_t listed = BSON_INITIALIZER, weights = BSON_INITIALIZER;
    bson_t given;
    if (mig_doc_sub(asked, "weights", &given))
        bson_concat(&weights, &given);
    rewrite_key(key, &listed, &weights);
    bson_copy_to_excluding_noinit(asked, ret, "key", "weights", NULL);
    BSON_APPEND_DOCUMENT(ret, "key", &listed);
    BSON_APPEND_DOCUMENT(ret, "weights", &weights);
    bson_destroy(&listed);
    bson_destroy(&weights);
}

/* ---- comparing ---- */

static const struct mig_option index_options[] = {
    { "name", mig_option_ignored, NULL, NULL },
    { "v", mig_option_ignored, NULL, NULL },
    { "ns", mig_option_ignored, NULL, NULL },
    { "background", mig_option_ignored, NULL, NULL },
    { "dropDups", mig_option_ignored, NULL, NULL },
    { "key", mig_option_exact, NULL, NULL },
    { "unique", mig_option_flag, NULL, NULL },
    { "sparse", mig_option_flag, NULL, NULL },
    { "hidden", mig_option_flag, NULL, NULL },
    { "prepareUnique", mig_option_flag, NULL, NULL },
    { "expireAfterSeconds", mig_option_exact, NULL, NULL },
    { "partialFilterExpression", mig_option_loose, NULL, NULL },
    { "collation", mig_option_collation, NULL, NULL },
    { "wildcardProjection", mig_option_loose, NULL, NULL },
    { "weights", mig_option_loose, NULL, NULL },
    { "default_language", mig_option_word, "english", NULL },
    { "language_override", mig_option_word, "language", NULL },
    { "textIndexVersion", mig_option_if_asked, NULL, NULL },
    { "2dsphereIndexVersion", mig_option_if_asked, NULL, NULL },
    { "bits", mig_option_if_asked, NULL, NULL },
    { "min", mig_option_if_asked, NULL, NULL },
    { "max", mig_option_if_asked, NULL, NULL },
    { 0 },
};

bool mig_same_index(const bson_t *asked, const bson_t *there, const bson_t *options, struct mig_buf *why)
{
    MIG_AUTODOC bson_t wanted = BSON_INITIALIZER;
    bson_t key;
    bson_iter_t collation;
    if (!mig_doc_sub(asked, "key", &key)) {
        mig_buf_str(why, "the index has no key");
        return false;
    }
    bool text = has_text_field(&key);
    if (text)
        rewrite_text(asked, &key, &wanted);
    else
        bson_concat(&wanted, asked);
    /* Text indexes take no collation; every other index has its collection's unless it names one. */
    if (!text && !bson_has_field(asked, "collation") && mig_doc_find(options, "collation", &collation))
        bson_append_iter(&wanted, "collation", -1, &collation);
    return mig_options_same(&wanted, there, index_options, why);
}
