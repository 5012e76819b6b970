/* step_insert.c - documents that carry their _id: inserted once, however often it is tried.
 *
 * A duplicate key is no failure by itself: the document that is there is compared with the one asked for, one
 * by one. In a transaction a duplicate key would end the transaction, so there the look comes first.
 */
#include <stdlib.h>
#include <string.h>

#include "app/step_kinds.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "engine/steps_compare.h"

#define DUPLICATE_KEY 11000

/* One look asks for so many documents at most, of so many bytes as asked for: the answer then fits one batch,
 * unless what is there is larger than what was asked for, and so different anyway. */
#define LOOK_DOCUMENTS 1000
#define LOOK_BYTES     (4 * 1024 * 1024)

enum presence { ABSENT, SAME, DIFFERENT };

/* One document of the step. key: its _id, so that equal numbers of any type have equal bytes. */
struct item {
    const uint8_t *data;
    uint32_t len;
    bson_t *key;
    enum presence presence;
    size_t order; /* place in the step */
};

struct items {
    struct item *all; /* sorted by key */
    size_t count;
    size_t same, different;
    struct mig_buf why; /* of the first that differs */
};

static bson_t *key_of(const bson_t *document)
{
    bson_t *key = bson_new();
    bson_iter_t id;
    if (!bson_iter_init_find(&id, document, "_id"))
        return key;
    if (BSON_ITER_HOLDS_NUMBER(&id) && mig_doc_int(document, "_id", INT64_MIN) != INT64_MIN)
        bson_append_int64(key, "", 0, mig_doc_int(document, "_id", 0));
    else
        bson_append_iter(key, "", 0, &id);
    return key;
}

static int by_key(const void *a, const void *b)
{
    return bson_compare(((const struct item *)a)->key, ((const struct item *)b)->key);
}

static void items_done(struct items *items)
{
    for (size_t i = 0; i < items->count; i++)
        bson_destroy(items->all[i].key);
    free(items->all);
    mig_buf_done(&items->why);
}

static void items_init(const struct mig_step *step, struct items *ret)
{
    bson_t list, document;
    bson_iter_t iter;
    *ret = (struct items){ 0 };
    mig_buf_init(&ret->why, 1000);
    if (!mig_doc_sub(step->body, "documents", &list) || !bson_iter_init(&iter, &list))
        return;
    ret->all = mig_alloc_n(bson_count_keys(&list), sizeof *ret->all);
    while (bson_iter_next(&iter)) {
        if (!mig_iter_sub(&iter, &document))
            continue;
        ret->all[ret->count] =
            (struct item){ bson_get_data(&document), document.len, key_of(&document), ABSENT, ret->count };
        ret->count++;
    }
    qsort(ret->all, ret->count, sizeof *ret->all, by_key);
}

/* ---- comparing ---- */

/* Servers put _id first; the order of all other fields is theirs as it was ours. */
static void id_first(const struct item *item, bson_t *ret)
{
    bson_t document, ordered;
    bson_iter_t iter;
    if (!bson_init_static(&document, item->data, item->len))
        return;
    BSON_APPEND_DOCUMENT_BEGIN(ret, "", &ordered);
    if (bson_iter_init_find(&iter, &document, "_id"))
        bson_append_iter(&ordered, NULL, 0, &iter);
    bson_copy_to_excluding_noinit(&document, &ordered, "_id", NULL);
    bson_append_document_end(ret, &ordered);
}

static void explain(struct items *items, const struct item *item, const bson_t *there)
{
    static const struct mig_option loose[] = { { 0 } };
    MIG_AUTODOC bson_t id = BSON_INITIALIZER;
    bson_t document;
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, there, "_id"))
        bson_append_iter(&id, NULL, 0, &iter);
    mig_doc_print(&items->why, &id, 120);
    mig_buf_str(&items->why, " is there and differs: ");
    if (bson_init_static(&document, item->data, item->len) &&
        mig_options_same(&document, there, loose, &items->why))
        mig_buf_str(&items->why, "its fields are in another order");
}

/* there: an element of the server's batch. */
static void compare(struct items *items, const bson_iter_t *there)
{
    MIG_AUTODOC bson_t wanted = BSON_INITIALIZER;
    bson_t document;
    bson_iter_t iter;
    if (!mig_iter_sub(there, &document))
        return;
    struct item sought = { .key = key_of(&document) };
    struct item *item = bsearch(&sought, items->all, items->count, sizeof *items->all, by_key);
    bson_destroy(sought.key);
    if (!item)
        return;
    id_first(item, &wanted);
    bool same = bson_iter_init_find(&iter, &wanted, "") && mig_value_equal(&iter, there);
    item->presence = same ? SAME : DIFFERENT;
    items->same += same;
    items->different += !same;
    if (!same && !items->why.len)
        explain(items, item, &document);
}

/* Items [from, end) in one question. */
static enum mig_step_end look_some(struct step_work *work, struct items *items, size_t from, size_t end)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    bson_t filter, id, in, batch;
    bson_iter_t iter;
    BSON_APPEND_UTF8(&command, "find", work->step->collection);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "_id", &id);
    BSON_APPEND_ARRAY_BEGIN(&id, "$in", &in);
    for (size_t i = from; i < end; i++) {
        MIG_AUTOFREE char *key = mig_printf("%zu", i - from);
        if (bson_iter_init_find(&iter, items->all[i].key, ""))
            bson_append_iter(&in, key, -1, &iter);
    }
    bson_append_array_end(&id, &in);
    bson_append_document_end(&filter, &id);
    bson_append_document_end(&command, &filter);
    BSON_APPEND_INT64(&command, "batchSize", (int64_t)(end - from));
    BSON_APPEND_BOOL(&command, "singleBatch", true);
    STEP_AUTOSENT struct step_sent sent;
    if (step_send(work->ctx, &command, STEP_READ, &sent, work->err) != MIG_STEP_END_DONE)
        return sent.end;
    bool ok = mig_doc_sub(&sent.body, "cursor.firstBatch", &batch) && bson_iter_init(&iter, &batch);
    while (ok && bson_iter_next(&iter))
        compare(items, &iter);
    return MIG_STEP_END_DONE;
}

static enum mig_step_end look(struct step_work *work, struct items *items)
{
    size_t from = 0;
    while (from < items->count) {
        size_t end = from;
        size_t bytes = 0;
        while (end < items->count && end - from < LOOK_DOCUMENTS && bytes < LOOK_BYTES)
            bytes += items->all[end++].len;
        enum mig_step_end one = look_some(work, items, from, end);
        if (one != MIG_STEP_END_DONE)
            return one;
        from = end;
    }
    return MIG_STEP_END_DONE;
}

/* ---- inserting ---- */

static int by_order(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    return x->order < y->order ? -1 : x->order > y->order;
}

static enum mig_step_end insert_absent(struct step_work *work, struct items *items)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    bson_t list, document;
    unsigned count = 0;
    BSON_APPEND_UTF8(&command, "insert", work->step->collection);
    BSON_APPEND_ARRAY_BEGIN(&command, "documents", &list);
    qsort(items->all, items->count, sizeof *items->all, by_order);
    for (size_t i = 0; i < items->count; i++) {
        MIG_AUTOFREE char *key = mig_printf("%u", count);
        if (items->all[i].presence != ABSENT ||
            !bson_init_static(&document, items->all[i].data, items->all[i].len))
            continue;
        bson_append_document(&list, key, -1, &document);
        count++;
    }
    bson_append_array_end(&command, &list);
    BSON_APPEND_BOOL(&command, "ordered", false);
    if (mig_doc_bool(work->step->body, "bypassDocumentValidation", false))
        BSON_APPEND_BOOL(&command, "bypassDocumentValidation", true);
    STEP_AUTOSENT struct step_sent sent;
    step_send(work->ctx, &command, 0, &sent, work->err);
    work->total.inserted += sent.verdict.inserted;
    return sent.end;
}

/* What is there must be as asked; what is not is inserted. inserted_before: by this call already. */
static enum mig_step_end insert_beside(struct step_work *work, int64_t inserted_before)
{
    MIG_CLEANUP(items_done) struct items items;
    items_init(work->step, &items);
    enum mig_step_end end = look(work, &items);
    if (end != MIG_STEP_END_DONE)
        return end;
    if (items.different > 0) {
        step_failed(work, "%s: %s", work->step->collection, items.why.text);
        if (items.different > 1)
            mig_context(work->err, "%zu documents differ from those there; the first", items.different);
        return MIG_STEP_END_FAILED;
    }
    work->same = (int64_t)items.same - inserted_before;
    return items.same == items.count ? MIG_STEP_END_DONE : insert_absent(work, &items);
}

static enum mig_step_end insert_execute(struct step_work *work)
{
    bool tolerant = mig_step_accepts_existing(work->step);
    if (tolerant && work->ctx->txn && !work->ctx->in_group)
        return insert_beside(work, 0);
    STEP_AUTOSENT struct step_sent sent;
    enum mig_step_end end = step_send_own(work, 0, &sent);
    bool duplicate =
        end == MIG_STEP_END_FAILED && sent.verdict.code == DUPLICATE_KEY && !sent.verdict.concern_failed;
    return duplicate && tolerant && !work->ctx->txn ? insert_beside(work, sent.verdict.inserted) : end;
}

/* ---- probing ---- */

static enum mig_probe insert_probe(struct step_work *work)
{
    MIG_CLEANUP(items_done) struct items items;
    const char *name = work->step->collection;
    items_init(work->step, &items);
    if (look(work, &items) != MIG_STEP_END_DONE)
        return step_blind(work);
    if (items.different > 0)
        return step_seen(work, MIG_PROBE_UNCLEAR, "%s: %s", name, items.why.text);
    if (items.same == items.count)
        return step_seen(work, MIG_PROBE_DONE,
                         items.count == 1 ? "its %zu document is in %s as asked"
                                          : "all %zu documents are in %s as asked",
                         items.count, name);
    bool part = items.same > 0 && !mig_step_accepts_existing(work->step);
    return step_seen(work, part ? MIG_PROBE_UNCLEAR : MIG_PROBE_NOT_DONE,
                     "%zu of %zu document%s in %s as asked%s", items.same, items.count,
                     items.count == 1 ? " is" : "s are", name, part ? ", and ifExists says fail" : "");
}

const struct step_kind step_kind_insert = {
    .execute = insert_execute,
    .probe = insert_probe,
    .lingers = true,
};
