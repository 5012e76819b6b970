/* compare.c - document by document; most are the same bytes. */
#include "sim/compare.h"

#include <stdio.h>
#include <string.h>

#include "base/doc.h"
#include "sim/value.h"

static bool is_ours(const char *name)
{
    return strncmp(name, "migtui_", 7) == 0;
}

bool sim_data_moved(const struct sim_state *before, const struct sim_state *after)
{
    if (before->count != after->count) {
        size_t x = 0, y = 0;
        for (size_t i = 0; i < before->count; i++)
            x += !is_ours(before->colls[i]->name);
        for (size_t i = 0; i < after->count; i++)
            y += !is_ours(after->colls[i]->name);
        if (x != y)
            return true;
    }
    for (size_t i = 0; i < after->count; i++) {
        const struct sim_coll *coll = after->colls[i];
        if (!is_ours(coll->name) && sim_state_find(before, coll->name) != coll)
            return true;
    }
    return false;
}

/* Same fields with the same values. */
static bool loosely_same(const bson_t *a, const bson_t *b)
{
    bson_iter_t field, found;
    if (bson_count_keys(a) != bson_count_keys(b))
        return false;
    for (bool more = bson_iter_init(&field, a); more && bson_iter_next(&field);) {
        if (!bson_iter_init_find(&found, b, bson_iter_key(&field)) || sim_compare(&field, &found) != 0)
            return false;
    }
    return true;
}

static bool differ(char *why, size_t size, const char *coll, const bson_t *is, const bson_t *should)
{
    char *a = is ? bson_as_relaxed_extended_json(is, NULL) : NULL;
    char *b = should ? bson_as_relaxed_extended_json(should, NULL) : NULL;
    snprintf(why, size, "%s has %.200s and should have %.200s", coll, a ? a : "nothing", b ? b : "nothing");
    bson_free(a);
    bson_free(b);
    return false;
}

static bool has_index(const bson_t *list, const bson_t *spec)
{
    bson_iter_t each;
    bson_t other;
    for (bool more = bson_iter_init(&each, list); more && bson_iter_next(&each);) {
        if (mig_iter_sub(&each, &other) && loosely_same(&other, spec))
            return true;
    }
    return false;
}

static bool indexes_same(const struct sim_meta *a, const struct sim_meta *b)
{
    bson_iter_t each;
    bson_t spec;
    if (bson_count_keys(&a->indexes) != bson_count_keys(&b->indexes))
        return false;
    for (bool more = bson_iter_init(&each, &a->indexes); more && bson_iter_next(&each);) {
        if (mig_iter_sub(&each, &spec) && !has_index(&b->indexes, &spec))
            return false;
    }
    return true;
}

/* To say what counts anyway is to say nothing. */
static bool options_same(const bson_t *a, const bson_t *b)
{
    const bson_t *both[] = { a, b };
    bson_t plain[2];
    for (size_t i = 0; i < 2; i++) {
        bool strict = strcmp(mig_doc_str(both[i], "validationLevel", ""), "strict") == 0;
        bson_init(&plain[i]);
        bson_copy_to_excluding_noinit(both[i], &plain[i], strict ? "validationLevel" : "", NULL);
    }
    bool same = loosely_same(&plain[0], &plain[1]);
    bson_destroy(&plain[0]);
    bson_destroy(&plain[1]);
    return same;
}

static bool coll_same(const struct sim_coll *is, const struct sim_coll *should, char *why, size_t size)
{
    bson_t a, b;
    if (is->meta != should->meta && !options_same(&is->meta->options, &should->meta->options))
        return differ(why, size, is->name, &is->meta->options, &should->meta->options);
    if (is->meta != should->meta && !indexes_same(is->meta, should->meta))
        return differ(why, size, is->name, &is->meta->indexes, &should->meta->indexes);
    for (size_t i = 0; i < is->count && i < should->count; i++) {
        if (is->docs[i] == should->docs[i])
            continue;
        sim_doc_view(is->docs[i], &a);
        sim_doc_view(should->docs[i], &b);
        if (!mig_doc_equal(&a, &b) && !loosely_same(&a, &b))
            return differ(why, size, is->name, &a, &b);
    }
    if (is->count == should->count)
        return true;
    const struct sim_coll *more = is->count > should->count ? is : should;
    sim_doc_view(more->docs[is->count < should->count ? is->count : should->count], &a);
    return differ(why, size, is->name, more == is ? &a : NULL, more == is ? NULL : &a);
}

bool sim_data_same(const struct sim_state *is, const struct sim_state *should, char *why, size_t size)
{
    for (size_t i = 0; i < is->count; i++) {
        const struct sim_coll *coll = is->colls[i];
        const struct sim_coll *wanted = sim_state_find(should, coll->name);
        if (is_ours(coll->name) || coll == wanted)
            continue;
        if (!wanted) {
            snprintf(why, size, "%s is there", coll->name);
            return false;
        }
        if (!coll_same(coll, wanted, why, size))
            return false;
    }
    for (size_t i = 0; i < should->count; i++) {
        const char *name = should->colls[i]->name;
        if (!is_ours(name) && !sim_state_find(is, name)) {
            snprintf(why, size, "%s is not there", name);
            return false;
        }
    }
    return true;
}

bool sim_counters_hold(const struct sim_state *before, const struct sim_state *after, char *why, size_t size)
{
    for (size_t i = 0; i < after->count; i++) {
        const struct sim_coll *coll = after->colls[i];
        const struct sim_coll *was = sim_state_find(before, coll->name);
        if (is_ours(coll->name) || was == coll)
            continue;
        for (size_t n = 0; n < coll->count; n++) {
            bson_t doc;
            bson_iter_t field;
            if (was && n < was->count && was->docs[n] == coll->docs[n])
                continue;
            sim_doc_view(coll->docs[n], &doc);
            for (bool more = bson_iter_init(&field, &doc); more && bson_iter_next(&field);) {
                int64_t count = strncmp(bson_iter_key(&field), "n_", 2) == 0 ? bson_iter_as_int64(&field) : 0;
                if (count < 0 || count > 1) {
                    snprintf(why, size, "%s of a document of %s is %lld", bson_iter_key(&field), coll->name,
                             (long long)count);
                    return false;
                }
            }
        }
    }
    return true;
}
