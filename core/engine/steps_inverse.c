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

/* An inverse in the making: build fills body and members, and sets kind and collection. */
struct inverse {
    const struct mig_step *step;
    const bson_t *pre;
    const bson_t *result;
    bool in_doubt;
    enum mig_step_kind kind;
    const char *collection;
    bson_t *body;
    bson_t *members; /* beside the body: ifMissing, expect */
    struct mig_error *err;
};

static enum mig_inverse none(const struct inverse *inverse, const char *why)
{
    mig_fail(inverse->err, MIG_ERR_STEP, "step %s cannot be undone: %s", inverse->step->id, why);
    return MIG_INVERSE_NONE;
}

/* What it should take away and is not there is as it should be. */
static void pass_missing(const struct inverse *inverse)
{
    BSON_APPEND_UTF8(inverse->members, "ifMissing", "same");
}

/* ---- collections ---- */

static enum mig_inverse undo_create(struct inverse *inverse)
{
    if (!mig_doc_has(inverse->pre, "exists"))
        return none(inverse, "whether it made the collection is not on record");
    if (mig_doc_bool(inverse->pre, "exists", true))
        return MIG_INVERSE_NOTHING;
    inverse->kind = MIG_STEP_DROP_COLLECTION;
    BSON_APPEND_UTF8(inverse->body, "collection", inverse->collection);
    BSON_APPEND_BOOL(inverse->body,
                     inverse->step->kind == MIG_STEP_CREATE_COLLECTION ? "onlyEmpty" : "onlyView", true);
    pass_missing(inverse);
    return MIG_INVERSE_STEP;
}

static enum mig_inverse undo_rename(struct inverse *inverse)
{
    const char *to = mig_doc_str(inverse->step->body, "to", NULL);
    if (!to || mig_doc_bool(inverse->pre, "target", true))
        return none(inverse, "it replaced a collection, or whether it did is not on record");
    inverse->kind = MIG_STEP_RENAME_COLLECTION;
    BSON_APPEND_UTF8(inverse->body, "collection", to);
    BSON_APPEND_UTF8(inverse->body, "to", inverse->collection);
    inverse->collection = to;
    if (inverse->in_doubt)
        pass_missing(inverse);
    return MIG_INVERSE_STEP;
}

/* ---- indexes ---- */

/* Names as the dropIndexes command takes them: one as a text, since lists are for servers from 4.2 on. */
static void append_names(bson_t *body, const bson_t *names)
{
    bson_iter_t first;
    /* uncovered: a list of one has an element 0 */
    if (bson_count_keys(names) == 1 && bson_iter_init_find(&first, names, "0"))
        bson_append_iter(body, "index", -1, &first);
    else
        BSON_APPEND_ARRAY(body, "index", names);
}

/* The names it asked for, less those that were there before. */
static enum mig_inverse undo_create_indexes(struct inverse *inverse)
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
        return MIG_INVERSE_NOTHING;
    inverse->kind = MIG_STEP_DROP_INDEXES;
    BSON_APPEND_UTF8(inverse->body, "collection", inverse->collection);
    append_names(inverse->body, &names);
    pass_missing(inverse);
    return MIG_INVERSE_STEP;
}

static enum mig_inverse undo_drop_indexes(struct inverse *inverse)
{
    bson_t before, list, spec, copy;
    bson_iter_t iter;
    bool known = mig_doc_sub(inverse->pre, "indexes", &before) && bson_iter_init(&iter, &before);
    if (known && bson_count_keys(&before) == 0 && mig_step_accepts_missing(inverse->step))
        return MIG_INVERSE_NOTHING; /* it was not there, and that passed for dropped */
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
    return MIG_INVERSE_STEP;
}

static enum mig_inverse undo_hide(struct inverse *inverse)
{
    bson_iter_t index;
    if (!mig_doc_find(inverse->step->body, "index", &index) || !mig_doc_has(inverse->pre, "indexes.0"))
        return none(inverse, "whether the index was hidden before is not on record");
    inverse->kind = MIG_STEP_HIDE_INDEX;
    BSON_APPEND_UTF8(inverse->body, "collection", inverse->collection);
    bson_append_iter(inverse->body, NULL, 0, &index);
    BSON_APPEND_BOOL(inverse->body, "hidden", mig_doc_bool(inverse->pre, "indexes.0.hidden", false));
    return MIG_INVERSE_STEP;
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
        /* uncovered: the table holds JSON that was read by its test */
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
        !bson_iter_init(&member, &asked)) {
        none(inverse, "the index as it was is not on record");
        return false;
    }
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
    if (!possible)
        none(inverse, "an index that has become unique or TTL stays so");
    return possible;
}

static enum mig_inverse undo_coll_mod(struct inverse *inverse)
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
            return MIG_INVERSE_NONE;
    }
    return MIG_INVERSE_STEP;
}

/* ---- insert ---- */

/* Servers store the _id first, wherever it stood. */
static void append_stored(bson_t *doc, const char *key, const bson_t *document)
{
    bson_t stored;
    bson_iter_t id;
    BSON_APPEND_DOCUMENT_BEGIN(doc, key, &stored);
    if (bson_iter_init_find(&id, document, "_id"))
        bson_append_iter(&stored, "_id", -1, &id);
    bson_copy_to_excluding_noinit(document, &stored, "_id", NULL);
    bson_append_document_end(doc, &stored);
}

/* {q: {_id, the whole document as it was inserted}, limit: 1} */
static void append_delete(bson_t *deletes, const char *key, const bson_t *document)
{
    bson_t row, query, expression, operands, literal;
    bson_iter_t id;
    bson_append_document_begin(deletes, key, -1, &row);
    BSON_APPEND_DOCUMENT_BEGIN(&row, "q", &query);
    if (bson_iter_init_find(&id, document, "_id"))
        bson_append_iter(&query, "_id", -1, &id);
    BSON_APPEND_DOCUMENT_BEGIN(&query, "$expr", &expression);
    BSON_APPEND_ARRAY_BEGIN(&expression, "$eq", &operands);
    BSON_APPEND_UTF8(&operands, "0", "$$ROOT");
    BSON_APPEND_DOCUMENT_BEGIN(&operands, "1", &literal);
    append_stored(&literal, "$literal", document);
    bson_append_document_end(&operands, &literal);
    bson_append_array_end(&expression, &operands);
    bson_append_document_end(&query, &expression);
    bson_append_document_end(&row, &query);
    BSON_APPEND_INT32(&row, "limit", 1);
    bson_append_document_end(deletes, &row);
}

static enum mig_inverse undo_insert(struct inverse *inverse)
{
    bson_t documents, document, deletes, expect;
    bson_iter_t iter;
    bool listed =
        mig_doc_sub(inverse->step->body, "documents", &documents) && bson_iter_init(&iter, &documents);
    int64_t count = listed ? bson_count_keys(&documents) : 0;
    if (!listed || inverse->in_doubt)
        return none(inverse, "which of its documents were there before is not on record");
    if (mig_doc_int(inverse->result, "inserted", 0) == 0 && mig_doc_int(inverse->result, "same", 0) == count)
        return MIG_INVERSE_NOTHING;
    if (mig_doc_int(inverse->result, "inserted", 0) != count)
        return none(inverse, "some of its documents were there before, and which is not on record");
    inverse->kind = MIG_STEP_DELETE;
    BSON_APPEND_UTF8(inverse->body, "collection", inverse->collection);
    BSON_APPEND_ARRAY_BEGIN(inverse->body, "deletes", &deletes);
    while (bson_iter_next(&iter)) {
        if (mig_iter_sub(&iter, &document))
            append_delete(&deletes, bson_iter_key(&iter), &document);
    }
    bson_append_array_end(inverse->body, &deletes);
    BSON_APPEND_DOCUMENT_BEGIN(inverse->members, "expect", &expect);
    BSON_APPEND_INT64(&expect, "deleted", count);
    bson_append_document_end(inverse->members, &expect);
    return MIG_INVERSE_STEP;
}

/* ---- the kinds ---- */

static enum mig_inverse undo_nothing(struct inverse *inverse)
{
    (void)inverse;
    return MIG_INVERSE_NOTHING;
}

/* Whoever did not confirm has, as far as anybody knows, done nothing. */
static enum mig_inverse undo_manual(struct inverse *inverse)
{
    return inverse->in_doubt ? MIG_INVERSE_NOTHING
                             : none(inverse, "a person did it, and a person must take it back");
}

static enum mig_inverse (*const undo[MIG_STEP_KINDS])(struct inverse *inverse) = {
    [MIG_STEP_CREATE_COLLECTION] = undo_create,
    [MIG_STEP_CREATE_VIEW] = undo_create,
    [MIG_STEP_RENAME_COLLECTION] = undo_rename,
    [MIG_STEP_CREATE_INDEXES] = undo_create_indexes,
    [MIG_STEP_DROP_INDEXES] = undo_drop_indexes,
    [MIG_STEP_HIDE_INDEX] = undo_hide,
    [MIG_STEP_COLL_MOD] = undo_coll_mod,
    [MIG_STEP_INSERT] = undo_insert,
    [MIG_STEP_ASSERT] = undo_nothing,
    [MIG_STEP_MANUAL] = undo_manual,
};

static void take(const struct inverse *inverse, struct mig_step *ret)
{
    *ret = (struct mig_step){
        .id = mig_strdup(inverse->step->id),
        .kind = inverse->kind,
        .collection = mig_strdup(inverse->collection),
        .body = bson_copy(inverse->body),
        .doc = bson_new(),
        .line = inverse->step->line,
    };
    BSON_APPEND_UTF8(ret->doc, "id", ret->id);
    BSON_APPEND_DOCUMENT(ret->doc, mig_step_kind_name(ret->kind), ret->body);
    bson_concat(ret->doc, inverse->members);
}

enum mig_inverse mig_step_inverse(const struct mig_step *step, const struct mig_step_past *past,
                                  struct mig_step *ret, struct mig_error *err)
{
    MIG_AUTODOC bson_t body = BSON_INITIALIZER;
    MIG_AUTODOC bson_t members = BSON_INITIALIZER;
    MIG_AUTODOC bson_t nothing = BSON_INITIALIZER;
    struct inverse inverse = { .step = step,
                               .pre = past->pre ? past->pre : &nothing,
                               .result = past->result ? past->result : &nothing,
                               .in_doubt = past->in_doubt,
                               .kind = step->kind,
                               .collection = step->collection,
                               .body = &body,
                               .members = &members,
                               .err = err };
    if ((unsigned)step->kind >= MIG_STEP_KINDS || !undo[step->kind]) {
        mig_fail(err, MIG_ERR_STEP, "step %s cannot be undone: there is no inverse of %s", step->id,
                 mig_step_kind_name(step->kind));
        return MIG_INVERSE_NONE;
    }
    if (!step->body)
        return none(&inverse, "its text was not read");
    enum mig_inverse found = undo[step->kind](&inverse);
    if (found == MIG_INVERSE_STEP)
        take(&inverse, ret);
    return found;
}
