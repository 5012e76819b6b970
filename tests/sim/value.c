/* value.c - order, filters, updates and projections. */
#include "sim/value.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"

/* ---- order ---- */

static int rank(const bson_iter_t *iter)
{
    switch (iter ? bson_iter_type(iter) : BSON_TYPE_NULL) {
    case BSON_TYPE_MINKEY: return 0;
    case BSON_TYPE_UNDEFINED:
    case BSON_TYPE_NULL: return 1;
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
    case BSON_TYPE_DOUBLE: return 2;
    case BSON_TYPE_SYMBOL:
    case BSON_TYPE_UTF8: return 3;
    case BSON_TYPE_DOCUMENT: return 4;
    case BSON_TYPE_ARRAY: return 5;
    case BSON_TYPE_BINARY: return 6;
    case BSON_TYPE_OID: return 7;
    case BSON_TYPE_BOOL: return 8;
    case BSON_TYPE_DATE_TIME: return 9;
    case BSON_TYPE_TIMESTAMP: return 10;
    default: return 11;
    }
}

static int sign(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_inside(const bson_iter_t *a, const bson_iter_t *b)
{
    bson_iter_t x, y;
    if (!bson_iter_recurse(a, &x) || !bson_iter_recurse(b, &y))
        return 0;
    for (;;) {
        bool more_x = bson_iter_next(&x), more_y = bson_iter_next(&y);
        if (!more_x || !more_y)
            return sign(more_x, more_y);
        int order = strcmp(bson_iter_key(&x), bson_iter_key(&y));
        order = order ? order : sim_compare(&x, &y);
        if (order)
            return order;
    }
}

static int compare_bytes(const bson_iter_t *a, const bson_iter_t *b)
{
    const uint8_t *x, *y;
    uint32_t m, n;
    bson_subtype_t s, t;
    bson_iter_binary(a, &s, &m, &x);
    bson_iter_binary(b, &t, &n, &y);
    return m != n ? sign(m, n) : memcmp(x, y, m);
}

int sim_compare(const bson_iter_t *a, const bson_iter_t *b)
{
    int ranked = rank(a);
    if (ranked != rank(b))
        return sign(ranked, rank(b));
    switch (ranked) {
    case 2:
        if (BSON_ITER_HOLDS_DOUBLE(a) || BSON_ITER_HOLDS_DOUBLE(b)) {
            double x = bson_iter_as_double(a), y = bson_iter_as_double(b);
            return x < y ? -1 : x > y;
        }
        return sign(bson_iter_as_int64(a), bson_iter_as_int64(b));
    case 3: return strcmp(bson_iter_utf8(a, NULL), bson_iter_utf8(b, NULL));
    case 4:
    case 5: return compare_inside(a, b);
    case 6: return compare_bytes(a, b);
    case 7: return bson_oid_compare(bson_iter_oid(a), bson_iter_oid(b));
    case 8: return sign(bson_iter_bool(a), bson_iter_bool(b));
    case 9: return sign(bson_iter_date_time(a), bson_iter_date_time(b));
    default: return 0;
    }
}

/* ---- filters ---- */

static bool is_operators(const bson_iter_t *value)
{
    bson_iter_t inner;
    return BSON_ITER_HOLDS_DOCUMENT(value) && bson_iter_recurse(value, &inner) && bson_iter_next(&inner) &&
           bson_iter_key(&inner)[0] == '$';
}

static bool is_in(const bson_iter_t *field, const bson_iter_t *list)
{
    bson_iter_t each;
    for (bool more = bson_iter_recurse(list, &each); more && bson_iter_next(&each);) {
        if (sim_compare(field, &each) == 0)
            return true;
    }
    return false;
}

/* $lt and its kin see values of one type only. */
static bool in_order(const bson_iter_t *field, const bson_iter_t *bound, int low, int high)
{
    if (!field || rank(field) != rank(bound))
        return false;
    int order = sim_compare(field, bound);
    order = order < 0 ? -1 : order > 0;
    return order >= low && order <= high;
}

static bool holds(const struct sim_eval *eval, const bson_iter_t *field, const bson_iter_t *op)
{
    const char *name = bson_iter_key(op);
    if (strcmp(name, "$eq") == 0)
        return sim_compare(field, op) == 0;
    if (strcmp(name, "$ne") == 0)
        return sim_compare(field, op) != 0;
    if (strcmp(name, "$lt") == 0)
        return in_order(field, op, -1, -1);
    if (strcmp(name, "$lte") == 0)
        return in_order(field, op, -1, 0);
    if (strcmp(name, "$gt") == 0)
        return in_order(field, op, 1, 1);
    if (strcmp(name, "$gte") == 0)
        return in_order(field, op, 0, 1);
    if (strcmp(name, "$in") == 0)
        return is_in(field, op);
    if (strcmp(name, "$exists") == 0)
        return (field != NULL) == bson_iter_as_bool(op);
    sim_fail(eval->sim, "the model does not know the filter operator %s", name);
    return false;
}

static bool match_field(const struct sim_eval *eval, const bson_iter_t *want, const bson_t *doc)
{
    bson_iter_t found, op;
    const char *name = bson_iter_key(want);
    if (strchr(name, '.'))
        sim_fail(eval->sim, "the model does not know the path %s", name);
    const bson_iter_t *field = bson_iter_init_find(&found, doc, name) ? &found : NULL;
    if (!is_operators(want)) /* of an array: an element of it will do */
        return sim_compare(field, want) == 0 || (field && BSON_ITER_HOLDS_ARRAY(field) && is_in(want, field));
    for (bool more = bson_iter_recurse(want, &op); more && bson_iter_next(&op);) {
        if (!holds(eval, field, &op))
            return false;
    }
    return true;
}

static bool match_list(const struct sim_eval *eval, const bson_iter_t *list, const bson_t *doc, bool all)
{
    bson_iter_t each;
    bson_t filter;
    for (bool more = bson_iter_recurse(list, &each); more && bson_iter_next(&each);) {
        if (mig_iter_sub(&each, &filter) && sim_match(eval, &filter, doc) != all)
            return !all;
    }
    return all;
}

static bool match_expression(const struct sim_eval *eval, const bson_iter_t *expr, const bson_t *doc)
{
    MIG_AUTODOC bson_t value = BSON_INITIALIZER;
    bson_iter_t found;
    return sim_expr(eval, expr, doc, &value, "v") && bson_iter_init_find(&found, &value, "v") &&
           bson_iter_as_bool(&found);
}

bool sim_match(const struct sim_eval *eval, const bson_t *filter, const bson_t *doc)
{
    bson_iter_t want;
    for (bool more = bson_iter_init(&want, filter); more && bson_iter_next(&want);) {
        const char *name = bson_iter_key(&want);
        bool ok;
        if (strcmp(name, "$and") == 0)
            ok = match_list(eval, &want, doc, true);
        else if (strcmp(name, "$or") == 0)
            ok = match_list(eval, &want, doc, false);
        else if (strcmp(name, "$expr") == 0)
            ok = match_expression(eval, &want, doc);
        else
            ok = match_field(eval, &want, doc);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- changing ---- */

void sim_doc_change(const bson_t *doc, const bson_t *set, const bson_t *unset, bson_t *ret)
{
    bson_iter_t field, found;
    bson_init(ret);
    for (bool more = bson_iter_init(&field, doc); more && bson_iter_next(&field);) {
        const char *name = bson_iter_key(&field);
        if (set && bson_iter_init_find(&found, set, name))
            bson_append_iter(ret, NULL, 0, &found);
        else if (!unset || !bson_has_field(unset, name))
            bson_append_iter(ret, NULL, 0, &field);
    }
    for (bool more = set && bson_iter_init(&field, set); more && bson_iter_next(&field);) {
        if (!bson_iter_init_find(&found, doc, bson_iter_key(&field)))
            bson_append_iter(ret, NULL, 0, &field);
    }
}

/* $addToSet, or $push, which does not care whether it is there. */
static void add_to_list(const struct sim_eval *eval, const bson_iter_t *what, const bson_t *doc, bool twice,
                        bson_t *set)
{
    bson_iter_t list, each;
    bson_t all;
    uint32_t count = 0;
    bool there = false;
    const char *name = bson_iter_key(what);
    BSON_APPEND_ARRAY_BEGIN(set, name, &all);
    if (bson_iter_init_find(&list, doc, name)) {
        if (!BSON_ITER_HOLDS_ARRAY(&list))
            sim_fail(eval->sim, "the model does not know how to add to what is no array");
        for (bool more = bson_iter_recurse(&list, &each); more && bson_iter_next(&each); count++) {
            bson_append_iter(&all, NULL, 0, &each);
            there = there || (!twice && sim_compare(&each, what) == 0);
        }
    }
    char key[24];
    const char *index;
    bson_uint32_to_string(count, &index, key, sizeof key);
    if (!there)
        bson_append_iter(&all, index, -1, what);
    bson_append_array_end(set, &all);
}

static void increase(const bson_iter_t *by, const bson_t *doc, bson_t *set)
{
    bson_iter_t old;
    const char *name = bson_iter_key(by);
    bool there = bson_iter_init_find(&old, doc, name);
    int64_t sum = bson_iter_as_int64(by) + (there ? bson_iter_as_int64(&old) : 0);
    if (BSON_ITER_HOLDS_INT32(by) && (!there || BSON_ITER_HOLDS_INT32(&old)))
        BSON_APPEND_INT32(set, name, (int32_t)sum);
    else
        BSON_APPEND_INT64(set, name, sum);
}

static void raise(const bson_iter_t *to, const bson_t *doc, bson_t *set)
{
    bson_iter_t old;
    if (!bson_iter_init_find(&old, doc, bson_iter_key(to)) || sim_compare(&old, to) < 0)
        bson_append_iter(set, NULL, 0, to);
}

static void apply_operator(const struct sim_eval *eval, const bson_iter_t *op, const bson_t *doc,
                           bool inserting, bson_t *set, bson_t *unset)
{
    const char *name = bson_iter_key(op);
    bson_iter_t field;
    for (bool more = bson_iter_recurse(op, &field); more && bson_iter_next(&field);) {
        const char *path = bson_iter_key(&field);
        if (strchr(path, '.'))
            sim_fail(eval->sim, "the model does not know the path %s", path);
        if (strcmp(name, "$set") == 0 || (strcmp(name, "$setOnInsert") == 0 && inserting))
            bson_append_iter(set, NULL, 0, &field);
        else if (strcmp(name, "$unset") == 0)
            BSON_APPEND_BOOL(unset, path, true);
        else if (strcmp(name, "$inc") == 0)
            increase(&field, doc, set);
        else if (strcmp(name, "$max") == 0)
            raise(&field, doc, set);
        else if (strcmp(name, "$currentDate") == 0)
            BSON_APPEND_DATE_TIME(set, path, eval->now_ms);
        else if (strcmp(name, "$addToSet") == 0 || strcmp(name, "$push") == 0)
            add_to_list(eval, &field, doc, strcmp(name, "$push") == 0, set);
        else if (strcmp(name, "$setOnInsert") != 0)
            sim_fail(eval->sim, "the model does not know the update operator %s", name);
    }
}

void sim_set_stage(const struct sim_eval *eval, const bson_t *spec, const bson_t *doc, bson_t *ret)
{
    MIG_AUTODOC bson_t set = BSON_INITIALIZER;
    MIG_AUTODOC bson_t unset = BSON_INITIALIZER;
    bson_iter_t field;
    for (bool more = bson_iter_init(&field, spec); more && bson_iter_next(&field);) {
        const char *name = bson_iter_key(&field);
        if (!sim_expr(eval, &field, doc, &set, name))
            BSON_APPEND_BOOL(&unset, name, true);
    }
    sim_doc_change(doc, &set, &unset, ret);
}

static void unset_stage(const bson_iter_t *names, const bson_t *doc, bson_t *ret)
{
    MIG_AUTODOC bson_t unset = BSON_INITIALIZER;
    bson_iter_t each;
    if (BSON_ITER_HOLDS_UTF8(names))
        BSON_APPEND_BOOL(&unset, bson_iter_utf8(names, NULL), true);
    for (bool more = BSON_ITER_HOLDS_ARRAY(names) && bson_iter_recurse(names, &each);
         more && bson_iter_next(&each);)
        BSON_APPEND_BOOL(&unset, bson_iter_utf8(&each, NULL), true);
    sim_doc_change(doc, NULL, &unset, ret);
}

static void run_pipeline(const struct sim_eval *eval, const bson_iter_t *pipeline, const bson_t *doc,
                         bson_t *ret)
{
    bson_iter_t each, stage;
    bson_t spec;
    bson_copy_to(doc, ret);
    for (bool more = bson_iter_recurse(pipeline, &each); more && bson_iter_next(&each);) {
        bson_t next;
        if (!bson_iter_recurse(&each, &stage) || !bson_iter_next(&stage))
            continue;
        const char *name = bson_iter_key(&stage);
        if ((strcmp(name, "$set") == 0 || strcmp(name, "$addFields") == 0) && mig_iter_sub(&stage, &spec)) {
            sim_set_stage(eval, &spec, ret, &next);
        } else if (strcmp(name, "$unset") == 0) {
            unset_stage(&stage, ret, &next);
        } else {
            bson_copy_to(ret, &next);
            sim_fail(eval->sim, "the model does not know the update stage %s", name);
        }
        bson_destroy(ret);
        bson_steal(ret, &next);
    }
}

void sim_update(const struct sim_eval *eval, const bson_iter_t *update, const bson_t *doc, bool inserting,
                bson_t *ret)
{
    MIG_AUTODOC bson_t set = BSON_INITIALIZER;
    MIG_AUTODOC bson_t unset = BSON_INITIALIZER;
    bson_iter_t op;
    if (BSON_ITER_HOLDS_ARRAY(update)) {
        run_pipeline(eval, update, doc, ret);
        return;
    }
    for (bool more = bson_iter_recurse(update, &op); more && bson_iter_next(&op);) {
        if (bson_iter_key(&op)[0] != '$')
            sim_fail(eval->sim, "the model does not know replacements");
        apply_operator(eval, &op, doc, inserting, &set, &unset);
    }
    sim_doc_change(doc, &set, &unset, ret);
}

void sim_upsert_base(const struct sim_eval *eval, const bson_t *filter, bson_t *ret)
{
    bson_iter_t want;
    bson_init(ret);
    for (bool more = bson_iter_init(&want, filter); more && bson_iter_next(&want);) {
        if (bson_iter_key(&want)[0] == '$')
            sim_fail(eval->sim, "the model does not know %s in an upsert", bson_iter_key(&want));
        if (!is_operators(&want))
            bson_append_iter(ret, NULL, 0, &want);
    }
}

void sim_project(const struct sim_eval *eval, const bson_t *projection, const bson_t *doc, bson_t *ret)
{
    bson_iter_t each, field;
    int included = 0, excluded = 0;
    for (bool more = bson_iter_init(&each, projection); more && bson_iter_next(&each);) {
        if (!BSON_ITER_HOLDS_NUMBER(&each) && !BSON_ITER_HOLDS_BOOL(&each))
            sim_fail(eval->sim, "the model does not know computed projections");
        included += bson_iter_as_bool(&each);
        excluded += !bson_iter_as_bool(&each);
    }
    if (included && excluded)
        sim_fail(eval->sim, "the model does not know mixed projections");
    bson_init(ret);
    for (bool more = bson_iter_init(&field, doc); more && bson_iter_next(&field);) {
        const char *name = bson_iter_key(&field);
        bool named = bson_has_field(projection, name) || (included && strcmp(name, "_id") == 0);
        if (named == (included > 0))
            bson_append_iter(ret, NULL, 0, &field);
    }
}
