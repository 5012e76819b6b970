/* steps_compare.c - options of collections, one row an option; each row knows what absence means. */
#include "engine/steps_compare.h"

#include <string.h>

#include "base/doc.h"
#include "base/rows.h"
#include "base/text.h"

#define DEPTH_MAX  100
#define VALUE_MAX  100
#define NAME_SHOWN 80 /* a field of a document that is there may be named anything */

/* ---- values ---- */

static bool is_empty_document(const bson_iter_t *iter)
{
    bson_t sub;
    return mig_iter_sub(iter, &sub) && bson_empty(&sub);
}

static bool truth(const bson_iter_t *iter)
{
    return iter && (BSON_ITER_HOLDS_BOOL(iter) ? bson_iter_bool(iter) : mig_iter_int(iter, 0) != 0);
}

/* Equal when the order of a document's fields is left out of account. */
static bool loosely_equal(const bson_iter_t *a, const bson_iter_t *b, int depth)
{
    bson_t x, y;
    bson_iter_t i, j;
    if (depth > DEPTH_MAX || bson_iter_type(a) != bson_iter_type(b) || !mig_iter_sub(a, &x) ||
        !mig_iter_sub(b, &y))
        return mig_value_equal(a, b);
    if (bson_count_keys(&x) != bson_count_keys(&y) || !bson_iter_init(&i, &x))
        return false;
    while (bson_iter_next(&i)) {
        if (!bson_iter_init_find(&j, &y, bson_iter_key(&i)) || !loosely_equal(&i, &j, depth + 1))
            return false;
    }
    return true;
}

/* libbson prints documents only: wrap the value, and take the wrapping off again. */
static void print_value(struct mig_buf *out, const bson_iter_t *iter)
{
    static const char head[] = "{ \"\" : ";
    static const char tail[] = " }";
    bson_t wrapped = BSON_INITIALIZER;
    if (!iter) {
        mig_buf_str(out, "nothing");
        return;
    }
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 4096);
    bson_append_iter(&wrapped, "", 0, iter);
    mig_doc_print(&text, &wrapped, VALUE_MAX);
    bson_destroy(&wrapped);
    size_t from = sizeof head - 1;
    size_t end = text.len - (sizeof tail - 1);
    if (text.len < from + sizeof tail)
        return;
    bool whole = strcmp(text.text + end, tail) == 0;
    mig_buf_add(out, text.text + from, (whole ? end : text.len) - from);
}

static bool differs(const char *name, const bson_iter_t *asked, const bson_iter_t *there, struct mig_buf *why)
{
    mig_text_safe(why, name, strlen(name), NAME_SHOWN, false);
    mig_buf_str(why, " is ");
    print_value(why, there);
    mig_buf_str(why, ", asked for ");
    print_value(why, asked);
    return false;
}

/* ---- ways to compare ---- */

bool mig_option_ignored(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row)
{
    (void)asked, (void)there, (void)row;
    return true;
}

bool mig_option_flag(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row)
{
    (void)row;
    return truth(asked) == truth(there);
}

/* A word or number that has a default. */
bool mig_option_word(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row)
{
    if (asked && there)
        return mig_value_equal(asked, there);
    const bson_iter_t *one = asked ? asked : there;
    int64_t number;
    if (BSON_ITER_HOLDS_UTF8(one))
        return strcmp(bson_iter_utf8(one, NULL), row->missing) == 0;
    return mig_text_int(row->missing, INT64_MIN, INT64_MAX, &number) &&
           mig_iter_int(one, number + 1) == number;
}

bool mig_option_exact(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row)
{
    (void)row;
    return asked && there && mig_value_equal(asked, there);
}

bool mig_option_loose(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row)
{
    (void)row;
    if (!asked || !there)
        return is_empty_document(asked ? asked : there);
    return loosely_equal(asked, there, 0);
}

bool mig_option_if_asked(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row)
{
    return !asked || mig_option_loose(asked, there, row);
}

bool mig_option_inner(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row)
{
    bson_t empty = BSON_INITIALIZER, a, b;
    bool readable = (!asked || mig_iter_sub(asked, &a)) && (!there || mig_iter_sub(there, &b));
    return readable && mig_options_same(asked ? &a : &empty, there ? &b : &empty, row->inner, NULL);
}

/* Servers fill in every member from the locale; the ones below have the same default in all locales but a
 * few, the others count only when asked for. {locale: "simple"} is no collation. */
bool mig_option_collation(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row)
{
    static const struct mig_option members[] = {
        { "locale", mig_option_word, "simple", NULL },
        { "strength", mig_option_word, "3", NULL },
        { "caseLevel", mig_option_flag, NULL, NULL },
        { "numericOrdering", mig_option_flag, NULL, NULL },
        { "caseFirst", mig_option_if_asked, NULL, NULL },
        { "alternate", mig_option_if_asked, NULL, NULL },
        { "maxVariable", mig_option_if_asked, NULL, NULL },
        { "normalization", mig_option_if_asked, NULL, NULL },
        { "backwards", mig_option_if_asked, NULL, NULL },
        { "version", mig_option_ignored, NULL, NULL },
        { 0 },
    };
    const struct mig_option inner = { row->name, mig_option_inner, NULL, members };
    return mig_option_inner(asked, there, &inner);
}

/* Older servers round a capped collection's size up to 256 bytes and to no less than 4096. */
static bool same_size(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row)
{
    (void)row;
    if (!asked || !there)
        return false;
    int64_t want = mig_iter_int(asked, -1);
    int64_t have = mig_iter_int(there, -2);
    if (want < 0 || want > INT64_MAX - 256)
        return false;
    int64_t rounded = (want + 255) / 256 * 256;
    return have == want || have == rounded || (want < 4096 && have == 4096);
}

static const struct mig_option *find_row(const struct mig_option *rows, const char *name)
{
    while (rows->name && strcmp(rows->name, name) != 0)
        rows++;
    return rows->name ? rows : NULL;
}

/* Every member of one; those that other has too are left out when skip_shared. */
static bool compare_members(const bson_t *one, const bson_t *other, bool one_is_asked, bool skip_shared,
                            const struct mig_option *rows, struct mig_buf *why)
{
    static const struct mig_option unlisted = { NULL, mig_option_loose, NULL, NULL };
    bson_iter_t a, b;
    if (!bson_iter_init(&a, one))
        return false;
    while (bson_iter_next(&a)) {
        const char *name = bson_iter_key(&a);
        const struct mig_option *row = find_row(rows, name);
        bool shared = bson_iter_init_find(&b, other, name);
        if (shared && skip_shared)
            continue;
        const bson_iter_t *asked = one_is_asked ? &a : shared ? &b : NULL;
        const bson_iter_t *there = one_is_asked ? (shared ? &b : NULL) : &a;
        if (!row)
            row = &unlisted;
        if (!row->same(asked, there, row))
            return why ? differs(name, asked, there, why) : false;
    }
    return true;
}

bool mig_options_same(const bson_t *asked, const bson_t *there, const struct mig_option *rows,
                      struct mig_buf *why)
{
    return compare_members(asked, there, true, false, rows, why) &&
           compare_members(there, asked, false, true, rows, why);
}

/* ---- collections and views ---- */

static const struct mig_option enabled_members[] = {
    { "enabled", mig_option_flag, NULL, NULL },
    { 0 },
};

static const struct mig_option timeseries_members[] = {
    { "timeField", mig_option_exact, NULL, NULL },
    { "metaField", mig_option_exact, NULL, NULL },
    { "granularity", mig_option_word, "seconds", NULL },
    { "bucketMaxSpanSeconds", mig_option_if_asked, NULL, NULL },
    { "bucketRoundingSeconds", mig_option_if_asked, NULL, NULL },
    { 0 },
};

static const struct mig_option clustered_members[] = {
    { "v", mig_option_ignored, NULL, NULL },
    { "key", mig_option_exact, NULL, NULL },
    { "unique", mig_option_flag, NULL, NULL },
    { "name", mig_option_if_asked, NULL, NULL },
    { 0 },
};

static const struct mig_option collection_options[] = {
    /* members of the step that are no options */
    { "collection", mig_option_ignored, NULL, NULL },
    { "ifExists", mig_option_ignored, NULL, NULL },
    { "writeConcern", mig_option_ignored, NULL, NULL },
    { "comment", mig_option_ignored, NULL, NULL },
    /* what servers keep there beside options */
    { "uuid", mig_option_ignored, NULL, NULL },
    { "create", mig_option_ignored, NULL, NULL },
    { "flags", mig_option_ignored, NULL, NULL },
    { "temp", mig_option_ignored, NULL, NULL },
    { "autoIndexId", mig_option_ignored, NULL, NULL },
    { "idIndex", mig_option_ignored, NULL, NULL },

    { "validator", mig_option_loose, NULL, NULL },
    { "validationLevel", mig_option_word, "strict", NULL },
    { "validationAction", mig_option_word, "error", NULL },
    { "collation", mig_option_collation, NULL, NULL },
    { "capped", mig_option_flag, NULL, NULL },
    { "size", same_size, NULL, NULL },
    { "max", mig_option_exact, NULL, NULL },
    { "expireAfterSeconds", mig_option_exact, NULL, NULL },
    { "timeseries", mig_option_inner, NULL, timeseries_members },
    { "clusteredIndex", mig_option_inner, NULL, clustered_members },
    { "changeStreamPreAndPostImages", mig_option_inner, NULL, enabled_members },
    { "recordPreImages", mig_option_flag, NULL, NULL },
    { "viewOn", mig_option_exact, NULL, NULL },
    { "pipeline", mig_option_exact, NULL, NULL },
    { 0 },
};

static const char *kind_word(bool is_view)
{
    return is_view ? "a view" : "a collection";
}

bool mig_same_collection(const bson_t *asked, const bson_t *there, struct mig_buf *why)
{
    bson_t empty = BSON_INITIALIZER, options;
    bool want_view = mig_doc_has(asked, "viewOn");
    bool have_view = strcmp(mig_doc_str(there, "type", "collection"), "view") == 0;
    if (want_view != have_view) {
        mig_buf_printf(why, "it is %s, asked for %s", kind_word(have_view), kind_word(want_view));
        return false;
    }
    bool has_options = mig_doc_sub(there, "options", &options);
    return mig_options_same(asked, has_options ? &options : &empty, collection_options, why);
}

/* ---- collMod ---- */

/* "off" takes a collection's TTL away. */
static bool same_expiry(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row)
{
    if (BSON_ITER_HOLDS_UTF8(asked))
        return !there;
    return mig_option_exact(asked, there, row);
}

static const struct mig_option asked_timeseries_members[] = {
    { "granularity", mig_option_if_asked, NULL, NULL },
    { "bucketMaxSpanSeconds", mig_option_if_asked, NULL, NULL },
    { "bucketRoundingSeconds", mig_option_if_asked, NULL, NULL },
    { "timeField", mig_option_ignored, NULL, NULL },
    { "metaField", mig_option_ignored, NULL, NULL },
    { 0 },
};

/* name: in collMod; option: in listCollections, NULL for what is not looked at. */
static const struct {
    const char *option;
    struct mig_option row;
} modifications[] = {
    { NULL, { "collection", NULL, NULL, NULL } },
    { NULL, { "writeConcern", NULL, NULL, NULL } },
    { NULL, { "comment", NULL, NULL, NULL } },
    { "validator", { "validator", mig_option_loose, NULL, NULL } },
    { "validationLevel", { "validationLevel", mig_option_word, "strict", NULL } },
    { "validationAction", { "validationAction", mig_option_word, "error", NULL } },
    { "viewOn", { "viewOn", mig_option_exact, NULL, NULL } },
    { "pipeline", { "pipeline", mig_option_exact, NULL, NULL } },
    { "size", { "cappedSize", same_size, NULL, NULL } },
    { "max", { "cappedMax", mig_option_exact, NULL, NULL } },
    { "expireAfterSeconds", { "expireAfterSeconds", same_expiry, NULL, NULL } },
    { "timeseries", { "timeseries", mig_option_inner, NULL, asked_timeseries_members } },
    { "changeStreamPreAndPostImages",
      { "changeStreamPreAndPostImages", mig_option_inner, NULL, enabled_members } },
    { "recordPreImages", { "recordPreImages", mig_option_flag, NULL, NULL } },
};

/* Of an index collMod changes only what it names. */
static bool same_index_change(const bson_iter_t *asked, const bson_t *indexes, struct mig_buf *why)
{
    static const struct mig_option members[] = {
        { "name", mig_option_ignored, NULL, NULL },
        { "keyPattern", mig_option_ignored, NULL, NULL },
        { "expireAfterSeconds", mig_option_exact, NULL, NULL },
        { "hidden", mig_option_flag, NULL, NULL },
        { "unique", mig_option_flag, NULL, NULL },
        { "prepareUnique", mig_option_flag, NULL, NULL },
        { 0 },
    };
    bson_t change, spec;
    if (!mig_iter_sub(asked, &change)) {
        mig_buf_str(why, "index is no document");
        return false;
    }
    bool found = mig_index_modified(indexes, &change, &spec);
    if (!found)
        mig_buf_str(why, "the index is not there");
    return found && compare_members(&change, &spec, true, false, members, why);
}

static size_t find_modification(const char *member)
{
    size_t i = 0;
    while (i < MIG_COUNT(modifications) && strcmp(modifications[i].row.name, member) != 0)
        i++;
    return i;
}

const char *mig_modified_option(const char *member)
{
    size_t i = find_modification(member);
    return i < MIG_COUNT(modifications) ? modifications[i].option : NULL;
}

/* One member of a collMod against the collection's options. */
static bool same_change(const bson_iter_t *change, const bson_t *options, struct mig_buf *why)
{
    const char *name = bson_iter_key(change);
    bson_iter_t now;
    size_t i = find_modification(name);
    if (i == MIG_COUNT(modifications)) {
        mig_text_safe(why, name, strlen(name), NAME_SHOWN, false);
        mig_buf_str(why, " cannot be seen from outside");
        return false;
    }
    if (!modifications[i].option)
        return true;
    const bson_iter_t *found = bson_iter_init_find(&now, options, modifications[i].option) ? &now : NULL;
    return modifications[i].row.same(change, found, &modifications[i].row) ||
           differs(name, change, found, why);
}

bool mig_same_modified(const bson_t *asked, const bson_t *there, const bson_t *indexes, struct mig_buf *why)
{
    bson_t empty = BSON_INITIALIZER, options;
    bson_iter_t change;
    bool has_options = mig_doc_sub(there, "options", &options);
    bool ok = bson_iter_init(&change, asked);
    while (ok && bson_iter_next(&change)) {
        if (strcmp(bson_iter_key(&change), "index") == 0)
            ok = same_index_change(&change, indexes, why);
        else
            ok = same_change(&change, has_options ? &options : &empty, why);
    }
    return ok;
}
