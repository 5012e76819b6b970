/* schema_print.c - what a collection is, as one digest. */
#include "app/schema_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"

#define KEPT_MAX 5000

void mig_prints_done(struct mig_prints *prints)
{
    free(prints->items);
    *prints = (struct mig_prints){ 0 };
}

/* ---- which collections ---- */

static void add_name(struct mig_prints *prints, const char *name)
{
    if (!name || !*name || strlen(name) >= sizeof prints->items->name)
        return;
    for (size_t i = 0; i < prints->count; i++) {
        if (strcmp(prints->items[i].name, name) == 0)
            return;
    }
    prints->items = mig_grow(prints->items, prints->count, &prints->room, sizeof *prints->items);
    struct mig_print *slot = &prints->items[prints->count++];
    *slot = (struct mig_print){ 0 };
    snprintf(slot->name, sizeof slot->name, "%s", name);
}

/* Every "collection", "to" and the like of a step, at any depth that steps have: transactions hold further ones. */
static void add_names(struct mig_prints *prints, const bson_t *doc, int depth)
{
    bson_iter_t it;
    for (bool more = bson_iter_init(&it, doc); more && bson_iter_next(&it);) {
        const char *key = bson_iter_key(&it);
        bson_t sub;
        if (BSON_ITER_HOLDS_UTF8(&it) && (strcmp(key, "collection") == 0 || strcmp(key, "to") == 0 ||
                                          strcmp(key, "into") == 0 || strcmp(key, "coll") == 0))
            add_name(prints, bson_iter_utf8(&it, NULL));
        else if (depth < 4 && mig_iter_sub(&it, &sub))
            add_names(prints, &sub, depth + 1);
    }
}

static void add_step(struct mig_prints *prints, const struct mig_step *step)
{
    bson_iter_t first;
    if (step->kind == MIG_STEP_ASSERT) /* reads documents, and depends on no option or index */
        return;
    add_name(prints, step->collection);
    if (step->kind != MIG_STEP_COMMAND && mig_step_kind_names_others(step->kind) && step->doc)
        add_names(prints, step->doc, 0);
    if (step->kind == MIG_STEP_COMMAND && step->body && mig_doc_find(step->body, "run", &first) &&
        bson_iter_recurse(&first, &first) && bson_iter_next(&first) && BSON_ITER_HOLDS_UTF8(&first))
        add_name(prints, bson_iter_utf8(&first, NULL));
}

void mig_prints_of_plan(const struct mig_plan *plan, struct mig_prints *ret)
{
    *ret = (struct mig_prints){ 0 };
    for (size_t i = 0; i < plan->count; i++) {
        for (size_t s = 0; s < plan->items[i].step_count; s++)
            add_step(ret, plan->items[i].steps[s].step);
    }
}

void mig_prints_of_migration(const struct mig_migration *migration, struct mig_prints *ret)
{
    *ret = (struct mig_prints){ 0 };
    for (size_t i = 0; i < migration->up_count; i++)
        add_step(ret, &migration->up[i]);
    for (size_t i = 0; i < migration->down_count; i++)
        add_step(ret, &migration->down[i]);
}

bool mig_prints_strike(struct mig_store *store, const struct mig_names *names,
                       const struct mig_prints *prints, const bson_t *schema, int64_t token, const char *run,
                       struct mig_error *err)
{
    for (size_t i = 0; i < prints->count; i++) {
        if (mig_print_kept(schema, prints->items[i].name)) /* none of them was read, so none is kept */
            return mig_prints_keep(store, names, prints, schema, token, run, err);
    }
    return true;
}

/* ---- reading ---- */

static struct mig_print *find_print(struct mig_prints *prints, const char *name)
{
    for (size_t i = 0; i < prints->count; i++) {
        if (strcmp(prints->items[i].name, name) == 0)
            return &prints->items[i];
    }
    return NULL;
}

/* Options as they come; the uuid in `info` is left out: a restored collection is the same collection. */
static bool take_collection(const bson_t *doc, void *context)
{
    struct mig_print *print = find_print(context, mig_doc_str(doc, "name", ""));
    MIG_AUTODOC bson_t what = BSON_INITIALIZER;
    bson_t options;
    if (!print)
        return true;
    BSON_APPEND_UTF8(&what, "type", mig_doc_str(doc, "type", "collection"));
    if (mig_doc_sub(doc, "options", &options))
        BSON_APPEND_DOCUMENT(&what, "options", &options);
    mig_sha256_bson(&what, print->print);
    return true;
}

struct index_list {
    char (*digests)[MIG_SHA256_HEX];
    size_t count, room;
};

static bool take_index(const bson_t *doc, void *context)
{
    struct index_list *list = context;
    MIG_AUTODOC bson_t what = BSON_INITIALIZER;
    bson_copy_to_excluding_noinit(doc, &what, "v", "ns",
                                  NULL); /* the server's own, and they move with upgrades */
    list->digests = mig_grow(list->digests, list->count, &list->room, sizeof *list->digests);
    mig_sha256_bson(&what, list->digests[list->count++]);
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool add_indexes(struct mig_store *store, struct mig_print *print, struct mig_error *err)
{
    struct index_list list = { 0 };
    MIG_AUTOBSON bson_t *command = BCON_NEW("listIndexes", BCON_UTF8(print->name));
    struct mig_call call = { .command = command, .no_concern = true, .max_time_ms = 10000 };
    bool ok = store->ops->query(store, &call, take_index, &list, err);
    ok = ok || err->server_code == 166; /* CommandNotSupportedOnView: a view has none */
    if (list.count > 1)
        qsort(list.digests, list.count, sizeof *list.digests, by_text);
    MIG_AUTODOC bson_t all = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&all, "is", print->print);
    for (size_t i = 0; i < list.count; i++)
        BSON_APPEND_UTF8(&all, "index", list.digests[i]);
    mig_sha256_bson(&all, print->print);
    free(list.digests);
    return ok;
}

bool mig_prints_read(struct mig_store *store, struct mig_prints *prints, struct mig_error *err)
{
    MIG_AUTODOC bson_t names = BSON_INITIALIZER;
    if (prints->count == 0)
        return true;
    for (size_t i = 0; i < prints->count && i < MIG_PRINTS_MAX; i++) {
        char key[24];
        const char *index;
        size_t len = bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
        prints->items[i].was_read = true;
        bson_append_utf8(&names, index, (int)len, prints->items[i].name, -1);
        prints->items[i].print[0] = '\0';
    }
    MIG_AUTOBSON bson_t *command = BCON_NEW("listCollections", BCON_INT32(1), "filter", "{", "name", "{",
                                            "$in", BCON_ARRAY(&names), "}", "}");
    struct mig_call call = { .command = command, .no_concern = true, .max_time_ms = 10000 };
    if (!store->ops->query(store, &call, take_collection, prints, err))
        return false;
    for (size_t i = 0; i < prints->count; i++) {
        if (prints->items[i].print[0] && !add_indexes(store, &prints->items[i], err))
            return false;
    }
    return true;
}

/* ---- keeping ---- */

const char *mig_print_kept(const bson_t *schema, const char *name)
{
    bson_iter_t list;
    bson_iter_t each;
    if (!schema || !mig_doc_find(schema, "collections", &list) || !bson_iter_recurse(&list, &each))
        return NULL;
    while (bson_iter_next(&each)) {
        bson_t row;
        bson_iter_t print;
        if (mig_iter_sub(&each, &row) && strcmp(mig_doc_str(&row, "name", ""), name) == 0 &&
            bson_iter_init_find(&print, &row, "print") && BSON_ITER_HOLDS_UTF8(&print))
            return bson_iter_utf8(&print, NULL);
    }
    return NULL;
}

static void add_row(bson_t *list, uint32_t at, const char *name, const char *print, const char *run)
{
    char key[24];
    const char *index;
    bson_t row;
    size_t len = bson_uint32_to_string(at, &index, key, sizeof key);
    bson_append_document_begin(list, index, (int)len, &row);
    BSON_APPEND_UTF8(&row, "name", name);
    BSON_APPEND_UTF8(&row, "print", print);
    BSON_APPEND_UTF8(&row, "run", run);
    bson_append_document_end(list, &row);
}

bool mig_prints_keep(struct mig_store *store, const struct mig_names *names, const struct mig_prints *prints,
                     const bson_t *schema, int64_t token, const char *run, struct mig_error *err)
{
    MIG_AUTODOC bson_t list = BSON_INITIALIZER;
    bson_iter_t kept;
    bson_iter_t each;
    uint32_t count = 0;
    for (size_t i = 0; i < prints->count && i < MIG_PRINTS_MAX; i++) {
        if (prints->items[i].was_read)
            add_row(&list, count++, prints->items[i].name, prints->items[i].print, run);
    }
    bool more = schema && mig_doc_find(schema, "collections", &kept) && bson_iter_recurse(&kept, &each);
    while (more && count < KEPT_MAX && bson_iter_next(&each)) {
        bson_t row;
        if (mig_iter_sub(&each, &row) &&
            !find_print((struct mig_prints *)(uintptr_t)prints, mig_doc_str(&row, "name", "")))
            add_row(&list, count++, mig_doc_str(&row, "name", ""), mig_doc_str(&row, "print", ""),
                    mig_doc_str(&row, "run", ""));
    }
    MIG_AUTODOC bson_t query = BSON_INITIALIZER;
    MIG_AUTODOC bson_t set = BSON_INITIALIZER;
    BCON_APPEND(&query, "_id", BCON_UTF8(MIG_SCHEMA_ID));
    BCON_APPEND(&set, "collections", BCON_ARRAY(&list), "run", BCON_UTF8(run));
    if (token >= 0) {
        BCON_APPEND(&query, "token", "{", "$lte", BCON_INT64(token), "}");
        BSON_APPEND_INT64(&set, "token", token);
    }
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("update", BCON_UTF8(names->meta), "updates", "[", "{", "q", BCON_DOCUMENT(&query), "u", "{",
                 "$set", BCON_DOCUMENT(&set), "$currentDate", "{", "at", BCON_BOOL(true), "}", "}", "upsert",
                 BCON_BOOL(true), "}", "]");
    return mig_write(store, command, err) || (token >= 0 && err->server_code == 11000);
}
