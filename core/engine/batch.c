/* batch.c - ranges of _id, their commands, and their pace. */
#include "engine/batch.h"

#include <string.h>

#include "base/doc.h"

bool mig_batch_read(const struct mig_step *step, int64_t default_target_ms, struct mig_batch *ret,
                    struct mig_error *err)
{
    bson_t part;
    bson_iter_t update;
    const char *once = mig_doc_str(step->body, "exactlyOnce", "idempotent");
    *ret = (struct mig_batch){ .size = mig_doc_int(step->body, "size", 1000),
                               .workers = (int)mig_doc_int(step->body, "workers", 1),
                               .target_ms = mig_doc_int(step->body, "targetMs", default_target_ms),
                               .is_delete = mig_doc_has(step->body, "delete") };
    bson_init(&ret->filter);
    bson_init(&ret->update);
    if (strcmp(once, "marker") == 0)
        ret->once = MIG_BATCH_MARKER;
    else
        ret->once = strcmp(once, "transaction") == 0 ? MIG_BATCH_TRANSACTION : MIG_BATCH_IDEMPOTENT;
    if (ret->once == MIG_BATCH_TRANSACTION || ret->workers < 1)
        ret->workers = 1;
    if (mig_doc_sub(step->body, "filter", &part))
        bson_concat(&ret->filter, &part);
    if (ret->is_delete)
        return true;
    if (!mig_doc_find(step->body, "update", &update) || !mig_iter_sub(&update, &part)) {
        return mig_fail(err, MIG_ERR_MIGRATION, "step %s: a batch needs an update or a delete", step->id);
    }
    ret->update_is_pipeline = BSON_ITER_HOLDS_ARRAY(&update);
    bson_concat(&ret->update, &part);
    return true;
}

void mig_batch_done(struct mig_batch *batch)
{
    bson_destroy(&batch->filter);
    bson_destroy(&batch->update);
}

static int64_t within_limits(int64_t size)
{
    if (size < MIG_BATCH_SIZE_MIN)
        return MIG_BATCH_SIZE_MIN;
    return size > MIG_BATCH_SIZE_MAX ? MIG_BATCH_SIZE_MAX : size;
}

/* Too slow: which way is better? */
static int64_t when_slow(struct mig_batch_pace *pace, int64_t size, double rate, int64_t took_ms,
                         int64_t target_ms)
{
    bool shrinking_hurt = pace->size > size && rate < pace->rate * 0.8;
    bool growing_helped = pace->size > 0 && pace->size < size && rate > pace->rate * 1.2;
    if (pace->settled)
        return size;
    if ((shrinking_hurt || growing_helped) && took_ms < 20 * target_ms) {
        pace->climbing = true;
        return size * 2;
    }
    if (pace->climbing) {
        pace->settled = true;
        return growing_helped ? size : pace->size;
    }
    return size / 2;
}

int64_t mig_batch_next_size(struct mig_batch_pace *pace, int64_t size, int64_t took_ms, int64_t target_ms)
{
    double rate = (double)size / (double)(took_ms > 0 ? took_ms : 1);
    int64_t next = size;
    if (took_ms <= target_ms * 3 / 2)
        pace->climbing = pace->settled = false;
    if (took_ms * 2 < target_ms)
        next = size * 2;
    else if (took_ms < target_ms)
        next = size + size / 8 + 1;
    else if (took_ms > target_ms * 3 / 2)
        next = when_slow(pace, size, rate, took_ms, target_ms);
    pace->size = size;
    pace->rate = rate;
    return within_limits(next);
}

/* MongoDB's $gte and $lt see values of one type bracket only; numbers are one bracket. */
static int bracket(const bson_t *bound)
{
    bson_iter_t iter;
    if (!bson_iter_init_find(&iter, bound, "_id"))
        return -1;
    switch (bson_iter_type(&iter)) {
    case BSON_TYPE_DOUBLE:
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
    case BSON_TYPE_DECIMAL128: return BSON_TYPE_DOUBLE;
    default: return (int)bson_iter_type(&iter);
    }
}

static void append_bound(bson_t *doc, const char *operation, const bson_t *bound)
{
    bson_iter_t iter;
    if (bson_iter_init_find(&iter, bound, "_id"))
        bson_append_iter(doc, operation, -1, &iter);
}

/* {"$op": ["$_id", {"$literal": value}]} */
static void append_expr(bson_t *list, const char *index, const char *operation, const bson_t *bound)
{
    bson_t term;
    bson_t pair;
    bson_t literal;
    BSON_APPEND_DOCUMENT_BEGIN(list, index, &term);
    BSON_APPEND_ARRAY_BEGIN(&term, operation, &pair);
    BSON_APPEND_UTF8(&pair, "0", "$_id");
    BSON_APPEND_DOCUMENT_BEGIN(&pair, "1", &literal);
    append_bound(&literal, "$literal", bound);
    bson_append_document_end(&pair, &literal);
    bson_append_array_end(&term, &pair);
    bson_append_document_end(list, &term);
}

void mig_batch_range_filter(const bson_t *filter, const bson_t *from, const bson_t *until, bool closed,
                            bson_t *ret, bool *ret_plain)
{
    bson_t all;
    bson_t range;
    bson_t part;
    *ret_plain = bracket(from) == bracket(until);
    bson_init(ret);
    BSON_APPEND_ARRAY_BEGIN(ret, "$and", &all);
    BSON_APPEND_DOCUMENT_BEGIN(&all, "0", &range);
    if (*ret_plain) {
        BSON_APPEND_DOCUMENT_BEGIN(&range, "_id", &part);
        append_bound(&part, "$gte", from);
        append_bound(&part, closed ? "$lte" : "$lt", until);
        bson_append_document_end(&range, &part);
    } else {
        bson_t expr;
        BSON_APPEND_DOCUMENT_BEGIN(&range, "$expr", &expr);
        BSON_APPEND_ARRAY_BEGIN(&expr, "$and", &part);
        append_expr(&part, "0", "$gte", from);
        append_expr(&part, "1", closed ? "$lte" : "$lt", until);
        bson_append_array_end(&expr, &part);
        bson_append_document_end(&range, &expr);
    }
    bson_append_document_end(&all, &range);
    BSON_APPEND_DOCUMENT(&all, "1", filter);
    bson_append_array_end(ret, &all);
}

void mig_batch_command(const struct mig_batch *batch, const struct mig_server *server, const char *collection,
                       const bson_t *from, const bson_t *until, bool closed, const char *comment, bson_t *ret)
{
    bson_t filter;
    bson_t list;
    bson_t row;
    bool plain;
    mig_batch_range_filter(&batch->filter, from, until, closed, &filter, &plain);
    bson_init(ret);
    BSON_APPEND_UTF8(ret, batch->is_delete ? "delete" : "update", collection);
    BSON_APPEND_ARRAY_BEGIN(ret, batch->is_delete ? "deletes" : "updates", &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &row);
    BSON_APPEND_DOCUMENT(&row, "q", &filter);
    if (batch->is_delete) {
        BSON_APPEND_INT32(&row, "limit", 0);
    } else {
        if (batch->update_is_pipeline)
            BSON_APPEND_ARRAY(&row, "u", &batch->update);
        else
            BSON_APPEND_DOCUMENT(&row, "u", &batch->update);
        BSON_APPEND_BOOL(&row, "multi", true);
    }
    if (plain && (server->can_union || !batch->is_delete)) {
        bson_t hint;
        BSON_APPEND_DOCUMENT_BEGIN(&row, "hint", &hint);
        BSON_APPEND_INT32(&hint, "_id", 1);
        bson_append_document_end(&row, &hint);
    }
    bson_append_document_end(&list, &row);
    bson_append_array_end(ret, &list);
    if (server->can_union)
        BSON_APPEND_UTF8(ret, "comment", comment);
    bson_destroy(&filter);
}
