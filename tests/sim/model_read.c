/* model_read.c - find, aggregate, count, listCollections, listIndexes. Every cursor fits its first batch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "sim/model.h"
#include "sim/value.h"

/* Documents on their way through a pipeline. */
struct stream {
    const struct sim_eval *eval;
    const struct sim_state *state;
    bson_t **docs;
    size_t count, room;
};

static void stream_add(struct stream *stream, bson_t *take)
{
    stream->docs = mig_grow(stream->docs, stream->count, &stream->room, sizeof *stream->docs);
    stream->docs[stream->count++] = take;
}

static void stream_cut(struct stream *stream, size_t from, size_t end)
{
    for (size_t i = 0; i < stream->count; i++) {
        if (i < from || i >= end)
            bson_destroy(stream->docs[i]);
    }
    from = from < stream->count ? from : stream->count;
    end = end < stream->count ? end : stream->count;
    stream->count = end > from ? end - from : 0;
    if (stream->count > 0)
        memmove(stream->docs, stream->docs + from, stream->count * sizeof *stream->docs);
}

static void stream_done(struct stream *stream)
{
    stream_cut(stream, 0, 0);
    free(stream->docs);
}

static void read_collection(struct stream *stream, const char *name, const bson_t *filter, const bson_t *min)
{
    const struct sim_coll *coll = sim_state_find(stream->state, name);
    size_t at = 0;
    bson_iter_t id;
    if (coll && min && bson_iter_init_find(&id, min, "_id"))
        sim_coll_find(coll, &id, &at);
    for (; coll && at < coll->count; at++) {
        bson_t doc;
        sim_doc_view(coll->docs[at], &doc);
        if (!filter || sim_match(stream->eval, filter, &doc))
            stream_add(stream, bson_copy(&doc));
    }
}

static void replace(bson_t **slot, bson_t *with)
{
    bson_t *new = bson_copy(with);
    bson_destroy(with);
    bson_destroy(*slot);
    *slot = new;
}

/* ---- answers ---- */

static enum sim_run answer_cursor(struct sim_op *op, const struct stream *stream)
{
    bson_t cursor, batch;
    bson_reinit(&op->reply);
    BSON_APPEND_DOCUMENT_BEGIN(&op->reply, "cursor", &cursor);
    BSON_APPEND_INT64(&cursor, "id", 0);
    BSON_APPEND_UTF8(&cursor, "ns", "shop.x");
    BSON_APPEND_ARRAY_BEGIN(&cursor, "firstBatch", &batch);
    for (size_t i = 0; i < stream->count; i++) {
        char key[24];
        const char *index;
        bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
        BSON_APPEND_DOCUMENT(&batch, index, stream->docs[i]);
    }
    bson_append_array_end(&cursor, &batch);
    bson_append_document_end(&op->reply, &cursor);
    BSON_APPEND_DOUBLE(&op->reply, "ok", 1);
    return SIM_RUN_REPLY;
}

/* ---- find ---- */

static void sort_by_id(struct stream *stream, const bson_t *sort)
{
    if (bson_count_keys(sort) != 1 || !bson_has_field(sort, "_id"))
        sim_fail(stream->eval->sim, "the model does not know this sort");
    for (size_t i = 0; mig_doc_int(sort, "_id", 1) < 0 && i < stream->count / 2; i++) {
        bson_t *other = stream->docs[stream->count - 1 - i];
        stream->docs[stream->count - 1 - i] = stream->docs[i];
        stream->docs[i] = other;
    }
}

static void check_members(struct sim_model *model, const bson_t *command, const char *const *known)
{
    static const char *const always[] = { "maxTimeMS", "comment",   "readConcern", "writeConcern",
                                          "lsid",      "txnNumber", NULL };
    bson_iter_t member;
    bool first = true;
    for (bool more = bson_iter_init(&member, command); more && bson_iter_next(&member); first = false) {
        bool found = first;
        for (size_t i = 0; !found && always[i]; i++)
            found = strcmp(always[i], bson_iter_key(&member)) == 0;
        for (size_t i = 0; !found && known[i]; i++)
            found = strcmp(known[i], bson_iter_key(&member)) == 0;
        if (!found)
            sim_fail(model->sim, "the model does not know the member %s", bson_iter_key(&member));
    }
}

static void find(struct sim_model *model, const bson_t *command, struct stream *stream)
{
    static const char *const known[] = { "filter", "projection", "sort",      "limit",       "skip",
                                         "min",    "hint",       "batchSize", "singleBatch", NULL };
    bson_t filter, min, sort, projection;
    bson_iter_t first;
    check_members(model, command, known);
    bson_iter_init(&first, command);
    bson_iter_next(&first);
    read_collection(stream, bson_iter_utf8(&first, NULL),
                    mig_doc_sub(command, "filter", &filter) ? &filter : NULL,
                    mig_doc_sub(command, "min", &min) ? &min : NULL);
    if (mig_doc_sub(command, "sort", &sort))
        sort_by_id(stream, &sort);
    int64_t skip = mig_doc_int(command, "skip", 0), limit = mig_doc_int(command, "limit", 0);
    stream_cut(stream, (size_t)skip, limit > 0 ? (size_t)(skip + limit) : SIZE_MAX);
    for (size_t i = 0; mig_doc_sub(command, "projection", &projection) && i < stream->count; i++) {
        bson_t shown;
        sim_project(stream->eval, &projection, stream->docs[i], &shown);
        replace(&stream->docs[i], &shown);
    }
}

/* ---- aggregate ---- */

static void run_pipeline(struct stream *stream, const bson_t *pipeline);

static void stage_match(struct stream *stream, const bson_iter_t *spec)
{
    bson_t filter;
    size_t left = 0;
    mig_iter_sub(spec, &filter);
    for (size_t i = 0; i < stream->count; i++) {
        if (sim_match(stream->eval, &filter, stream->docs[i]))
            stream->docs[left++] = stream->docs[i];
        else
            bson_destroy(stream->docs[i]);
    }
    stream->count = left;
}

static void stage_set(struct stream *stream, const bson_iter_t *spec)
{
    bson_t set;
    mig_iter_sub(spec, &set);
    for (size_t i = 0; i < stream->count; i++) {
        bson_t changed;
        sim_set_stage(stream->eval, &set, stream->docs[i], &changed);
        replace(&stream->docs[i], &changed);
    }
}

static void stage_unset(struct stream *stream, const bson_iter_t *spec)
{
    MIG_AUTODOC bson_t unset = BSON_INITIALIZER;
    if (!BSON_ITER_HOLDS_UTF8(spec))
        sim_fail(stream->eval->sim, "the model does not know $unset of several");
    BSON_APPEND_BOOL(&unset, bson_iter_utf8(spec, NULL), true);
    for (size_t i = 0; i < stream->count; i++) {
        bson_t changed;
        sim_doc_change(stream->docs[i], NULL, &unset, &changed);
        replace(&stream->docs[i], &changed);
    }
}

static void stage_project(struct stream *stream, const bson_iter_t *spec)
{
    bson_t projection;
    mig_iter_sub(spec, &projection);
    for (size_t i = 0; i < stream->count; i++) {
        bson_t shown;
        sim_project(stream->eval, &projection, stream->docs[i], &shown);
        replace(&stream->docs[i], &shown);
    }
}

static void stage_limit(struct stream *stream, const bson_iter_t *spec)
{
    stream_cut(stream, 0, (size_t)bson_iter_as_int64(spec));
}

/* One accumulator: {$sum: 1} or {$push: expression}. */
static void accumulate(struct stream *stream, const bson_iter_t *member, const bson_t *doc,
                       const bson_t *so_far, bson_t *ret)
{
    const char *name = bson_iter_key(member);
    bson_iter_t what, old, each;
    bson_t list;
    uint32_t count = 0;
    bool there = so_far && bson_iter_init_find(&old, so_far, name);
    if (!BSON_ITER_HOLDS_DOCUMENT(member) || !bson_iter_recurse(member, &what) || !bson_iter_next(&what))
        sim_fail(stream->eval->sim, "the model does not know this accumulator");
    if (strcmp(bson_iter_key(&what), "$sum") == 0 && bson_iter_as_int64(&what) == 1) {
        BSON_APPEND_INT32(ret, name, (int32_t)((there ? bson_iter_as_int64(&old) : 0) + 1));
        return;
    }
    if (strcmp(bson_iter_key(&what), "$push") != 0)
        sim_fail(stream->eval->sim, "the model does not know the accumulator %s", bson_iter_key(&what));
    BSON_APPEND_ARRAY_BEGIN(ret, name, &list);
    for (bool more = there && bson_iter_recurse(&old, &each); more && bson_iter_next(&each); count++)
        bson_append_iter(&list, NULL, 0, &each);
    char key[24];
    const char *index;
    bson_uint32_to_string(count, &index, key, sizeof key);
    (void)sim_expr(stream->eval, &what, doc, &list, index);
    bson_append_array_end(ret, &list);
}

static bson_t **group_of(struct stream *groups, const bson_t *id)
{
    bson_iter_t a, b;
    for (size_t i = 0; i < groups->count; i++) {
        bool has_a = bson_iter_init_find(&a, id, "_id");
        bool has_b = bson_iter_init_find(&b, groups->docs[i], "_id");
        if (has_a && has_b && sim_compare(&a, &b) == 0)
            return &groups->docs[i];
    }
    return NULL;
}

static void stage_group(struct stream *stream, const bson_iter_t *spec)
{
    struct stream groups = { .eval = stream->eval, .state = stream->state };
    for (size_t i = 0; i < stream->count; i++) {
        bson_iter_t member;
        bson_t group = BSON_INITIALIZER;
        bson_t **so_far = NULL;
        for (bool more = bson_iter_recurse(spec, &member); more && bson_iter_next(&member);) {
            if (strcmp(bson_iter_key(&member), "_id") == 0) {
                if (!sim_expr(stream->eval, &member, stream->docs[i], &group, "_id"))
                    BSON_APPEND_NULL(&group, "_id");
                so_far = group_of(&groups, &group);
            } else {
                accumulate(stream, &member, stream->docs[i], so_far ? *so_far : NULL, &group);
            }
        }
        if (so_far)
            replace(so_far, &group);
        else
            stream_add(&groups, bson_copy(&group));
        if (!so_far)
            bson_destroy(&group);
    }
    stream_cut(stream, 0, 0);
    for (size_t i = 0; i < groups.count; i++)
        stream_add(stream, groups.docs[i]);
    free(groups.docs);
}

static void stage_union(struct stream *stream, const bson_iter_t *spec)
{
    bson_t with, pipeline;
    struct stream other = { .eval = stream->eval, .state = stream->state };
    mig_iter_sub(spec, &with);
    read_collection(&other, mig_doc_str(&with, "coll", ""), NULL, NULL);
    if (mig_doc_sub(&with, "pipeline", &pipeline))
        run_pipeline(&other, &pipeline);
    for (size_t i = 0; i < other.count; i++)
        stream_add(stream, other.docs[i]);
    free(other.docs);
}

static const struct {
    const char *name;
    void (*run)(struct stream *stream, const bson_iter_t *spec);
} stages[] = {
    { "$match", stage_match },     { "$set", stage_set },         { "$addFields", stage_set },
    { "$unset", stage_unset },     { "$limit", stage_limit },     { "$group", stage_group },
    { "$unionWith", stage_union }, { "$project", stage_project },
};

static void run_pipeline(struct stream *stream, const bson_t *pipeline)
{
    bson_iter_t each, stage;
    for (bool more = bson_iter_init(&each, pipeline); more && bson_iter_next(&each);) {
        size_t i = 0;
        if (!bson_iter_recurse(&each, &stage) || !bson_iter_next(&stage))
            continue;
        while (i < MIG_COUNT(stages) && strcmp(stages[i].name, bson_iter_key(&stage)) != 0)
            i++;
        if (i == MIG_COUNT(stages))
            sim_fail(stream->eval->sim, "the model does not know the stage %s", bson_iter_key(&stage));
        else
            stages[i].run(stream, &stage);
    }
}

static bool has_union(const bson_t *pipeline)
{
    bson_iter_t each;
    bson_t stage;
    for (bool more = bson_iter_init(&each, pipeline); more && bson_iter_next(&each);) {
        if (mig_iter_sub(&each, &stage) && bson_has_field(&stage, "$unionWith"))
            return true;
    }
    return false;
}

/* ---- lists ---- */

static void list_collections(struct sim_model *model, const bson_t *command, struct stream *stream)
{
    static const char *const known[] = { "filter", NULL };
    const char *name = mig_doc_str(command, "filter.name", NULL);
    check_members(model, command, known);
    for (size_t i = 0; i < stream->state->count; i++) {
        const struct sim_coll *coll = stream->state->colls[i];
        bson_t info;
        if (name && strcmp(coll->name, name) != 0)
            continue;
        bson_t *row = bson_new();
        BSON_APPEND_UTF8(row, "name", coll->name);
        BSON_APPEND_UTF8(row, "type", coll->meta->is_view ? "view" : "collection");
        BSON_APPEND_DOCUMENT(row, "options", &coll->meta->options);
        BSON_APPEND_DOCUMENT_BEGIN(row, "info", &info);
        BSON_APPEND_BOOL(&info, "readOnly", coll->meta->is_view);
        if (!coll->meta->is_view)
            BSON_APPEND_BINARY(&info, "uuid", BSON_SUBTYPE_UUID, coll->meta->uuid, 16);
        bson_append_document_end(row, &info);
        stream_add(stream, row);
    }
}

static void list_indexes(struct sim_model *model, const bson_t *command, const struct sim_coll *coll,
                         struct stream *stream)
{
    static const char *const known[] = { "includeBuildUUIDs", NULL };
    bson_iter_t each;
    bson_t spec;
    check_members(model, command, known);
    for (bool more = bson_iter_init(&each, &coll->meta->indexes); more && bson_iter_next(&each);) {
        if (mig_iter_sub(&each, &spec))
            stream_add(stream, bson_copy(&spec));
    }
    for (bool more = bson_iter_init(&each, &coll->meta->building); more && bson_iter_next(&each);) {
        bson_t *row = bson_new();
        uint8_t uuid[16] = { 1 };
        mig_iter_sub(&each, &spec);
        if (mig_doc_bool(command, "includeBuildUUIDs", false)) {
            BSON_APPEND_DOCUMENT(row, "spec", &spec);
            BSON_APPEND_BINARY(row, "buildUUID", BSON_SUBTYPE_UUID, uuid, 16);
        } else {
            bson_concat(row, &spec);
        }
        stream_add(stream, row);
    }
}

enum sim_run sim_run_read(struct sim_model *model, struct sim_op *op)
{
    const bson_t *command = &op->request.command;
    struct sim_eval eval = { model->sim, sim_model_now_ms(model) };
    struct stream stream = { .eval = &eval, .state = sim_model_view(model, op) };
    const char *verb = sim_op_verb(op);
    const struct sim_coll *coll = sim_state_find(stream.state, sim_op_target(op));
    bson_t pipeline;
    enum sim_run run = SIM_RUN_REPLY;
    if (bson_has_field(command, "writeConcern"))
        return sim_op_refuse(model, op, 72, "InvalidOptions", "a read takes no writeConcern");
    if (strcmp(verb, "find") == 0) {
        find(model, command, &stream);
    } else if (strcmp(verb, "listCollections") == 0) {
        list_collections(model, command, &stream);
    } else if (strcmp(verb, "listIndexes") == 0) {
        if (!coll)
            return sim_op_refuse(model, op, 26, "NamespaceNotFound", "ns does not exist");
        list_indexes(model, command, coll, &stream);
    } else if (strcmp(verb, "count") == 0) {
        bson_reinit(&op->reply);
        BSON_APPEND_INT64(&op->reply, "n", coll ? (int64_t)coll->count : 0);
        BSON_APPEND_DOUBLE(&op->reply, "ok", 1);
        return SIM_RUN_REPLY;
    } else if (mig_doc_sub(command, "pipeline", &pipeline)) {
        if (has_union(&pipeline) && model->profile->wire < 9)
            return sim_op_refuse(model, op, 40324, "Location40324", "unrecognized pipeline stage");
        read_collection(&stream, sim_op_target(op), NULL, NULL);
        run_pipeline(&stream, &pipeline);
    }
    run = answer_cursor(op, &stream);
    stream_done(&stream);
    return run;
}
