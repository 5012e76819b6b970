/* steps_inverse.c - the step that undoes a step, where one follows from it and from what was there before.
 *
 * Nothing is guessed: where the recorded pre-state does not say that the step made the change, there is no
 * inverse.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/steps.h"
#include "engine/steps_compare.h"

/* An inverse in the making: build fills body and sets kind and collection. */
struct inverse {
    const struct mig_step *step;
    const bson_t *pre;
    enum mig_step_kind kind;
    const char *collection;
    bson_t *body;
    struct mig_error *err;
};

static bool none(const struct inverse *inverse, const char *why)
{
    return mig_fail(inverse->err, MIG_ERR_STEP, "step %s cannot be undone: %s", inverse->step->id, why);
}

/* ---- collections ---- */

static bool undo_create(struct inverse *inverse)
{
    if (mig_doc_bool(inverse->pre, "exists", true))
        return none(inverse, "whether it made the collection is not on record, or it was there before");
    inverse->kind = MIG_STEP_DROP_COLLECTION;
    BSON_APPEND_UTF8(inverse->body, "collection", inverse->collection);
    if (inverse->step->kind == MIG_STEP_CREATE_COLLECTION)
        BSON_APPEND_BOOL(inverse->body, "onlyEmpty", true);
    return true;
}

static bool undo_rename(struct inverse *inverse)
{
    const char *to = mig_doc_str(inverse->step->body, "to", NULL);
    if (!to || mig_doc_bool(inverse->pre, "target", true))
        return none(inverse, "it replaced a collection, or whether it did is not on record");
    inverse->kind = MIG_STEP_RENAME_COLLECTION;
    BSON_APPEND_UTF8(inverse->body, "collection", to);
    BSON_APPEND_UTF8(inverse->body, "to", inverse->collection);
    inverse->collection = to;
    return true;
}

/* ---- indexes ---- */

/* Names as the dropIndexes command takes them: one as a text, since lists are for servers from 4.2 on. */
static void append_names(bson_t *body, const bson_t *names)
{
    bson_iter_t first;
    if (bson_count_keys(names) == 1 && bson_iter_init_find(&first, names, "0"))
        bson_append_iter(body, "index", -1, &first);
    else
        BSON_APPEND_ARRAY(body, "index", names);
}

/* The names it asked for, less those that were there before. */
static bool undo_create_indexes(struct inverse *inverse)
{
    MIG_AUTODOC bson_t names = BSON_INITIALIZER;
    bson_t asked, before, spec, there;
    bson_iter_t iter;
    bool known = mig_doc_sub(inverse->pre, "indexes", &before);
    if (!known || !mig_doc_sub(inverse->step->body, "indexes", &asked) || !bson_iter_init(&iter, &asked))
        return none(inverse, "which indexes were there before is not on record");
    while (bson_iter_next(&iter)) {
        MIG_AUTOBUF struct mig_buf name;
        mig_buf_init(&name, 1024);
        if (!mig_iter_sub(&iter, &spec))
            continue;
        mig_index_name(&spec, &name);
        if (mig_index_by_name(&before, name.text, &there))
            continue;
        MIG_AUTOFREE char *key = mig_printf("%u", bson_count_keys(&names));
        bson_append_utf8(&names, key, -1, name.text, -1);
    }
    if (bson_empty(&names))
        return none(inverse, "all its indexes were there before");
    inverse->kind = MIG_STEP_DROP_INDEXES;
    BSON_APPEND_UTF8(inverse->body, "collection", inverse->collection);
    append_names(inverse->body, &names);
    return true;
}

static bool undo_drop_indexes(struct inverse *inverse)
{
    bson_t before, list, spec, copy;
    bson_iter_t iter;
    bool known = mig_doc_sub(inverse->pre, "indexes", &before) && bson_iter_init(&iter, &before);
    if (!known || bson_empty(&before))
        return none(inverse, "what the index was is not on record");
    inverse->kind = MIG_STEP_CREATE_INDEXES;
    BSON_APPEND_UTF8(inverse->body, "collection", inverse->collection);
    BSON_APPEND_ARRAY_BEGIN(inverse->body, "indexes", &list);
    while (bson_iter_next(&iter)) {
        if (!mig_iter_sub(&iter, &spec))
            continue;
        /* v and ns are the server's to choose. */
        bson_append_document_begin(&list, bson_iter_key(&iter), -1, &copy);
        bson_copy_to_excluding_noinit(&spec, &copy, "v", "ns", NULL);
        bson_append_document_end(&list, &copy);
    }
    bson_append_array_end(inverse->body, &list);
    return true;
}

static bool undo_hide(struct inverse *inverse)
{
    bson_iter_t index;
    if (!mig_doc_find(inverse->step->body, "index", &index) || !mig_doc_has(inverse->pre, "indexes.0"))
        return none(inverse, "whether the index was hidden before is not on record");
    inverse->kind = MIG_STEP_HIDE_INDEX;
    BSON_APPEND_UTF8(inverse->body, "collection", inverse->collection);
    bson_append_iter(inverse->body, NULL, 0, &index);
    BSON_APPEND_BOOL(inverse->body, "hidden", mig_doc_bool(inverse->pre, "indexes.0.hidden", false));
    return true;
}

/* ---- collMod ---- */

/* What takes an option away that was not there before, as JSON of {name: value}. Where there is no row, an
 * option can only be set back to what it was; a change of timeseries not even that. */
static const struct {
    const char *name;
    const char *absent;
} removals[] = {
    { "validator", "{\"validator\": {}}" },
    { "validationLevel", "{\"validationLevel\": \"strict\"}" },
    { "validationAction", "{\"validationAction\": \"error\"}" },
    { "pipeline", "{\"pipeline\": []}" },
    { "expireAfterSeconds", "{\"expireAfterSeconds\": \"off\"}" },
    { "changeStreamPreAndPostImages", "{\"changeStreamPreAndPostImages\": {\"enabled\": false}}" },
    { "recordPreImages", "{\"recordPreImages\": false}" },
};

static bool append_removal(bson_t *body, const char *name)
{
    for (size_t i = 0; i < MIG_COUNT(removals); i++) {
        if (strcmp(removals[i].name, name) != 0)
            continue;
        MIG_AUTOBSON bson_t *value = bson_new_from_json((const uint8_t *)removals[i].absent, -1, NULL);
        return value && bson_concat(body, value);
    }
    return false;
}

static bool restore_option(struct inverse *inverse, const char *name)
{
    const char *option = mig_modified_option(name);
    bson_t options;
    bson_iter_t old;
    if (!option || strcmp(option, "timeseries") == 0)
        return mig_fail(inverse->err, MIG_ERR_STEP,
                        "step %s cannot be undone: a change of %s has no way back", inverse->step->id, name);
    if (mig_doc_sub(inverse->pre, "options", &options) && bson_iter_init_find(&old, &options, option))
        return bson_append_iter(inverse->body, name, -1, &old);
    return append_removal(inverse->body, name) ||
           mig_fail(inverse->err, MIG_ERR_STEP, "step %s cannot be undone: %s as it was is not on record",
                    inverse->step->id, name);
}

/* A TTL can be changed back but not taken away, unique not at all; hidden and prepareUnique are flags. */
static bool restore_index(struct inverse *inverse, const bson_iter_t *change)
{
    bson_t asked, old, restored;
    bson_iter_t member, before;
    if (!mig_iter_sub(change, &asked) || !mig_doc_sub(inverse->pre, "indexes.0", &old) ||
        !bson_iter_init(&member, &asked))
        return none(inverse, "the index as it was is not on record");
    bool possible = true;
    BSON_APPEND_DOCUMENT_BEGIN(inverse->body, "index", &restored);
    while (bson_iter_next(&member)) {
        const char *name = bson_iter_key(&member);
        bool there = mig_doc_find(&old, name, &before);
        if (strcmp(name, "name") == 0 || strcmp(name, "keyPattern") == 0)
            bson_append_iter(&restored, name, -1, &member);
        else if (there && strcmp(name, "unique") != 0)
            bson_append_iter(&restored, name, -1, &before);
        else if (strcmp(name, "hidden") == 0 || strcmp(name, "prepareUnique") == 0)
            bson_append_bool(&restored, name, -1, false);
        else
            possible = false;
    }
    bson_append_document_end(inverse->body, &restored);
    return possible || none(inverse, "an index that has become unique or TTL stays so");
}

static bool undo_coll_mod(struct inverse *inverse)
{
    bson_iter_t change;
    if (!mig_doc_has(inverse->pre, "options") || !bson_iter_init(&change, inverse->step->body))
        return none(inverse, "the options as they were are not on record");
    inverse->kind = MIG_STEP_COLL_MOD;
    BSON_APPEND_UTF8(inverse->body, "collection", inverse->collection);
    while (bson_iter_next(&change)) {
        const char *name = bson_iter_key(&change);
        if (strcmp(name, "collection") == 0 || strcmp(name, "comment") == 0 ||
            strcmp(name, "writeConcern") == 0)
            continue;
        if (!(strcmp(name, "index") == 0 ? restore_index(inverse, &change) : restore_option(inverse, name)))
            return false;
    }
    return true;
}

/* ---- the kinds ---- */

static bool (*const undo[MIG_STEP_KINDS])(struct inverse *inverse) = {
    [MIG_STEP_CREATE_COLLECTION] = undo_create,  [MIG_STEP_CREATE_VIEW] = undo_create,
    [MIG_STEP_RENAME_COLLECTION] = undo_rename,  [MIG_STEP_CREATE_INDEXES] = undo_create_indexes,
    [MIG_STEP_DROP_INDEXES] = undo_drop_indexes, [MIG_STEP_HIDE_INDEX] = undo_hide,
    [MIG_STEP_COLL_MOD] = undo_coll_mod,
};

bool mig_step_inverse(const struct mig_step *step, const bson_t *pre, struct mig_step *ret,
                      struct mig_error *err)
{
    MIG_AUTODOC bson_t body = BSON_INITIALIZER;
    struct inverse inverse = { step, pre, step->kind, step->collection, &body, err };
    const char *kind = mig_step_kind_name(step->kind);
    if ((unsigned)step->kind >= MIG_STEP_KINDS || !undo[step->kind])
        return mig_fail(err, MIG_ERR_STEP, "step %s cannot be undone: there is no inverse of %s", step->id,
                        kind);
    if (!undo[step->kind](&inverse))
        return false;
    *ret = (struct mig_step){
        .id = mig_strdup(step->id),
        .kind = inverse.kind,
        .collection = mig_strdup(inverse.collection),
        .body = bson_copy(&body),
        .doc = bson_new(),
        .line = step->line,
    };
    BSON_APPEND_UTF8(ret->doc, "id", step->id);
    BSON_APPEND_DOCUMENT(ret->doc, mig_step_kind_name(inverse.kind), &body);
    return true;
}
