/* state.c - reference counts and copies on change. */
#include "sim/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/check.h"
#include "sim/value.h"

/* ---- documents ---- */

static void doc_unref(struct sim_doc *doc)
{
    if (--doc->refs == 0)
        free(doc);
}

void sim_doc_view(const struct sim_doc *doc, bson_t *ret)
{
    if (!bson_init_static(ret, doc->data, doc->len))
        abort();
}

/* ---- metas ---- */

static void meta_unref(struct sim_meta *meta)
{
    if (--meta->refs > 0)
        return;
    bson_destroy(&meta->options);
    bson_destroy(&meta->indexes);
    bson_destroy(&meta->building);
    free(meta);
}

struct sim_meta *sim_meta_own(struct sim_coll *coll)
{
    struct sim_meta *old = coll->meta;
    if (old->refs == 1)
        return old;
    struct sim_meta *meta = mig_alloc(sizeof *meta);
    meta->refs = 1;
    memcpy(meta->uuid, old->uuid, sizeof meta->uuid);
    meta->is_view = old->is_view;
    bson_copy_to(&old->options, &meta->options);
    bson_copy_to(&old->indexes, &meta->indexes);
    bson_copy_to(&old->building, &meta->building);
    meta_unref(old);
    return coll->meta = meta;
}

/* ---- collections ---- */

static void coll_unref(struct sim_coll *coll)
{
    if (--coll->refs > 0)
        return;
    for (size_t i = 0; i < coll->count; i++)
        doc_unref(coll->docs[i]);
    free(coll->docs);
    meta_unref(coll->meta);
    free(coll);
}

static struct sim_coll *coll_copy(const struct sim_coll *old)
{
    struct sim_coll *coll = mig_alloc(sizeof *coll);
    *coll = *old;
    coll->refs = 1;
    coll->meta->refs++;
    coll->room = old->count + 8;
    coll->docs = mig_realloc_n(NULL, coll->room, sizeof *coll->docs);
    for (size_t i = 0; i < old->count; i++) {
        coll->docs[i] = old->docs[i];
        coll->docs[i]->refs++;
    }
    return coll;
}

static int compare_id(const struct sim_doc *doc, const bson_iter_t *id)
{
    bson_t view;
    bson_iter_t found;
    sim_doc_view(doc, &view);
    return bson_iter_init_find(&found, &view, "_id") ? sim_compare(&found, id) : -1;
}

bool sim_coll_find(const struct sim_coll *coll, const bson_iter_t *id, size_t *ret)
{
    size_t low = 0, high = coll->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_id(coll->docs[middle], id);
        if (order == 0) {
            *ret = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret = low;
    return false;
}

const struct sim_doc *sim_coll_get(const struct sim_coll *coll, const bson_iter_t *id)
{
    size_t at;
    return coll && sim_coll_find(coll, id, &at) ? coll->docs[at] : NULL;
}

void sim_coll_put(struct sim_coll *coll, const bson_t *doc)
{
    bson_iter_t id;
    size_t at;
    struct sim_doc *copy = mig_realloc_n(NULL, 1, sizeof *copy + doc->len);
    copy->refs = 1;
    copy->len = doc->len;
    memcpy(copy->data, bson_get_data(doc), doc->len);
    if (!bson_iter_init_find(&id, doc, "_id"))
        abort();
    if (sim_coll_find(coll, &id, &at)) {
        doc_unref(coll->docs[at]);
    } else {
        coll->docs = mig_grow(coll->docs, coll->count, &coll->room, sizeof(struct sim_doc *));
        memmove(coll->docs + at + 1, coll->docs + at, (coll->count - at) * sizeof(struct sim_doc *));
        coll->count++;
    }
    coll->docs[at] = copy;
}

void sim_coll_remove(struct sim_coll *coll, const bson_iter_t *id)
{
    size_t at;
    if (!sim_coll_find(coll, id, &at))
        return;
    doc_unref(coll->docs[at]);
    coll->count--;
    memmove(coll->docs + at, coll->docs + at + 1, (coll->count - at) * sizeof(struct sim_doc *));
}

/* ---- states ---- */

struct sim_state *sim_state_new(void)
{
    struct sim_state *state = mig_alloc(sizeof *state);
    state->refs = 1;
    return state;
}

struct sim_state *sim_state_ref(struct sim_state *state)
{
    state->refs++;
    return state;
}

void sim_state_unref(struct sim_state *state)
{
    if (!state || --state->refs > 0)
        return;
    for (size_t i = 0; i < state->count; i++)
        coll_unref(state->colls[i]);
    sim_book_unref(state->book);
    free(state);
}

struct sim_state *sim_state_fork(struct sim_state *state)
{
    struct sim_state *fork = mig_realloc_n(NULL, 1, sizeof *fork);
    fork->refs = 1;
    fork->ts = state->ts;
    fork->count = state->count;
    fork->beat_us = state->beat_us;
    fork->book = sim_book_ref(state->book);
    for (size_t i = 0; i < state->count; i++) {
        fork->colls[i] = state->colls[i];
        fork->colls[i]->refs++;
    }
    return fork;
}

static size_t place(const struct sim_state *state, const char *name)
{
    size_t at = 0;
    while (at < state->count && strcmp(state->colls[at]->name, name) != 0)
        at++;
    return at;
}

const struct sim_coll *sim_state_find(const struct sim_state *state, const char *name)
{
    size_t at = place(state, name);
    return at < state->count ? state->colls[at] : NULL;
}

struct sim_coll *sim_state_own(struct sim_state *state, const char *name)
{
    size_t at = place(state, name);
    if (at == state->count)
        return NULL;
    if (state->colls[at]->refs > 1) {
        struct sim_coll *copy = coll_copy(state->colls[at]);
        coll_unref(state->colls[at]);
        state->colls[at] = copy;
    }
    return state->colls[at];
}

struct sim_coll *sim_state_create(struct sim_state *state, const char *name, const uint8_t uuid[16])
{
    struct sim_coll *coll = mig_alloc(sizeof *coll);
    struct sim_meta *meta = mig_alloc(sizeof *meta);
    bson_t spec, key;
    if (state->count == SIM_COLLECTIONS_MAX)
        abort();
    *meta = (struct sim_meta){ .refs = 1 };
    memcpy(meta->uuid, uuid, sizeof meta->uuid);
    bson_init(&meta->options);
    bson_init(&meta->indexes);
    bson_init(&meta->building);
    BSON_APPEND_DOCUMENT_BEGIN(&meta->indexes, "0", &spec);
    BSON_APPEND_INT32(&spec, "v", 2);
    BSON_APPEND_DOCUMENT_BEGIN(&spec, "key", &key);
    BSON_APPEND_INT32(&key, "_id", 1);
    bson_append_document_end(&spec, &key);
    BSON_APPEND_UTF8(&spec, "name", "_id_");
    bson_append_document_end(&meta->indexes, &spec);
    *coll = (struct sim_coll){ .refs = 1, .meta = meta };
    snprintf(coll->name, sizeof coll->name, "%s", name);
    state->colls[state->count++] = coll;
    return coll;
}

void sim_state_drop(struct sim_state *state, const char *name)
{
    size_t at = place(state, name);
    if (at == state->count)
        return;
    coll_unref(state->colls[at]);
    state->colls[at] = state->colls[--state->count];
}
