/* model_write.c - insert, update, delete, bulkWrite and findAndModify: statement by statement, document by document.
 *
 * Outside a transaction each document is a version of its own, and a long write takes several turns, so that a kill, a
 * failover or another's write can come in between. Within one, writes go to the transaction's own state.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "sim/model.h"
#include "sim/value.h"

#define TURN_DOCUMENTS 12
#define HELD_US        15000

/* One statement, whichever command it came in. */
struct statement {
    char verb; /* i, u, d */
    const char *coll;
    bson_t filter, document;
    bson_iter_t update;
    bool multi, upsert;
};

enum wrote { WROTE, WROTE_HELD, WROTE_CONFLICT, WROTE_DUPLICATE, WROTE_MORE };

static struct sim_eval eval_of(const struct sim_model *model)
{
    return (struct sim_eval){ model->sim, sim_model_now_ms(model) };
}

/* ---- one document ---- */

static bool violates_unique(const struct sim_coll *coll, const bson_t *doc)
{
    bson_iter_t specs, spec_iter, field, id, mine, theirs;
    bson_t spec, key, other;
    bson_iter_init_find(&id, doc, "_id");
    for (bool more = bson_iter_init(&specs, &coll->meta->indexes); more && bson_iter_next(&specs);) {
        if (!mig_iter_sub(&specs, &spec) || !mig_doc_bool(&spec, "unique", false) ||
            !mig_doc_sub(&spec, "key", &key) || !bson_iter_init(&spec_iter, &key))
            continue;
        for (size_t i = 0; i < coll->count; i++) {
            bool same = true;
            sim_doc_view(coll->docs[i], &other);
            bson_iter_init_find(&field, &other, "_id");
            if (sim_compare(&field, &id) == 0)
                continue;
            for (bson_iter_t at = spec_iter; same && bson_iter_next(&at);) {
                const bson_iter_t *a = bson_iter_init_find(&mine, doc, bson_iter_key(&at)) ? &mine : NULL;
                const bson_iter_t *b =
                    bson_iter_init_find(&theirs, &other, bson_iter_key(&at)) ? &theirs : NULL;
                same = sim_compare(a, b) == 0;
            }
            if (same)
                return true;
        }
    }
    return false;
}

static void touch(struct sim_open_txn *txn, const char *coll, const bson_iter_t *id)
{
    bson_iter_t other;
    for (size_t i = 0; i < txn->count; i++) {
        if (strcmp(txn->touched[i].coll, coll) == 0 &&
            bson_iter_init_find(&other, txn->touched[i].id, "_id") && sim_compare(&other, id) == 0)
            return;
    }
    txn->touched = mig_grow(txn->touched, txn->count, &txn->room, sizeof *txn->touched);
    struct sim_touch *new = &txn->touched[txn->count++];
    snprintf(new->coll, sizeof new->coll, "%s", coll);
    new->id = bson_new();
    bson_append_iter(new->id, "_id", -1, id);
}

/* May this document be written now? */
static enum wrote may_write(struct sim_model *model, const struct sim_op *op, const char *coll,
                            const bson_iter_t *id)
{
    struct sim_open_txn *txn = sim_model_txn(model, op);
    if (sim_model_held(model, txn, coll, id))
        return txn ? WROTE_CONFLICT : WROTE_HELD;
    if (!txn)
        return WROTE;
    const struct sim_coll *last = sim_state_find(sim_model_last(model), coll);
    const struct sim_coll *then = sim_state_find(txn->snapshot, coll);
    return sim_coll_get(last, id) == sim_coll_get(then, id) ? WROTE : WROTE_CONFLICT;
}

/* Put (doc) or remove (NULL) one document of the collection. */
static enum wrote write_one(struct sim_model *model, struct sim_op *op, const char *coll,
                            const bson_iter_t *id, const bson_t *doc)
{
    enum wrote may = may_write(model, op, coll, id);
    if (may != WROTE)
        return may;
    struct sim_open_txn *txn = sim_model_txn(model, op);
    const struct sim_coll *there = sim_state_find(txn ? txn->work : sim_model_last(model), coll);
    if (doc && there && violates_unique(there, doc))
        return WROTE_DUPLICATE;
    struct sim_state *state = txn ? txn->work : sim_model_begin(model);
    struct sim_coll *target = sim_state_own(state, coll);
    if (!target) {
        uint8_t uuid[16] = { 0 };
        uint64_t number = ++model->uuids;
        memcpy(uuid, &number, sizeof number);
        target = sim_state_create(state, coll, uuid);
    }
    if (doc)
        sim_coll_put(target, doc);
    else
        sim_coll_remove(target, id);
    op->wrote = true;
    if (txn)
        touch(txn, coll, id);
    else
        sim_model_commit(model, state, op);
    return WROTE;
}

/* ---- one statement ---- */

static enum wrote insert_one(struct sim_model *model, struct sim_op *op, const struct statement *s)
{
    bson_iter_t id;
    if (!bson_iter_init_find(&id, &s->document, "_id"))
        sim_fail(model->sim, "the model does not know inserts without _id");
    const struct sim_coll *there = sim_state_find(
        sim_model_txn(model, op) ? sim_model_txn(model, op)->work : sim_model_last(model), s->coll);
    if (sim_coll_get(there, &id))
        return WROTE_DUPLICATE;
    enum wrote wrote = write_one(model, op, s->coll, &id, &s->document);
    op->inserted += wrote == WROTE;
    return wrote;
}

static enum wrote upsert(struct sim_model *model, struct sim_op *op, const struct statement *s)
{
    struct sim_eval eval = eval_of(model);
    bson_t base, doc;
    bson_iter_t id;
    sim_upsert_base(&eval, &s->filter, &base);
    sim_update(&eval, &s->update, &base, true, &doc);
    bson_destroy(&base);
    if (!bson_iter_init_find(&id, &doc, "_id"))
        sim_fail(model->sim, "the model does not know upserts without _id");
    const struct sim_open_txn *txn = sim_model_txn(model, op);
    const struct sim_coll *there = sim_state_find(txn ? txn->work : sim_model_last(model), s->coll);
    enum wrote wrote = sim_coll_get(there, &id) ? WROTE_DUPLICATE : write_one(model, op, s->coll, &id, &doc);
    if (wrote == WROTE) {
        char key[24];
        const char *index;
        bson_t row;
        bson_uint32_to_string((uint32_t)op->upserts++, &index, key, sizeof key);
        BSON_APPEND_DOCUMENT_BEGIN(&op->upserted, index, &row);
        BSON_APPEND_INT32(&row, "index", (int32_t)op->statement);
        bson_append_iter(&row, "_id", -1, &id);
        bson_append_document_end(&op->upserted, &row);
    }
    bson_destroy(&doc);
    return wrote;
}

static enum wrote change_one(struct sim_model *model, struct sim_op *op, const struct statement *s,
                             const struct sim_doc *found)
{
    struct sim_eval eval = eval_of(model);
    bson_t old, new;
    bson_iter_t id;
    enum wrote wrote;
    sim_doc_view(found, &old);
    MIG_AUTODOC bson_t kept = BSON_INITIALIZER;
    bson_concat(&kept, &old); /* the view may go with the version */
    bson_iter_init_find(&id, &kept, "_id");
    if (s->verb == 'd') {
        wrote = write_one(model, op, s->coll, &id, NULL);
        op->deleted += wrote == WROTE;
    } else {
        sim_update(&eval, &s->update, &kept, false, &new);
        bool same = mig_doc_equal(&kept, &new);
        wrote = same ? may_write(model, op, s->coll, &id) : write_one(model, op, s->coll, &id, &new);
        bson_destroy(&new);
        op->matched += wrote == WROTE;
        op->modified += wrote == WROTE && !same;
    }
    if (wrote == WROTE) {
        bson_reinit(&op->passed);
        bson_append_iter(&op->passed, "_id", -1, &id);
    }
    return wrote;
}

static size_t place_after(const struct sim_coll *coll, const bson_t *passed)
{
    bson_iter_t id;
    size_t at;
    if (!bson_iter_init_find(&id, passed, "_id"))
        return 0;
    return sim_coll_find(coll, &id, &at) ? at + 1 : at;
}

static enum wrote change_found(struct sim_model *model, struct sim_op *op, const struct statement *s)
{
    struct sim_eval eval = eval_of(model);
    int turn = 0;
    bool txn = op->request.in_txn;
    for (;;) {
        const struct sim_state *state = txn ? sim_model_txn(model, op)->work : sim_model_last(model);
        const struct sim_coll *coll = sim_state_find(state, s->coll);
        const struct sim_doc *found = NULL;
        for (size_t at = coll ? place_after(coll, &op->passed) : 0; coll && at < coll->count && !found;
             at++) {
            bson_t doc;
            sim_doc_view(coll->docs[at], &doc);
            if (sim_match(&eval, &s->filter, &doc))
                found = coll->docs[at];
        }
        if (!found)
            return WROTE;
        if (!txn && ++turn > TURN_DOCUMENTS)
            return WROTE_MORE;
        enum wrote wrote = change_one(model, op, s, found);
        if (wrote != WROTE)
            return wrote;
        if (!s->multi)
            return WROTE;
    }
}

static enum wrote run_statement(struct sim_model *model, struct sim_op *op, const struct statement *s)
{
    if (model->executing && bson_empty(&op->passed))
        model->executing(model->changed_context, op, s->coll);
    if (s->verb == 'i')
        return insert_one(model, op, s);
    int64_t before = op->matched;
    enum wrote wrote = change_found(model, op, s);
    if (wrote == WROTE && s->verb == 'u' && s->upsert && op->matched == before && bson_empty(&op->passed))
        wrote = upsert(model, op, s);
    return wrote;
}

/* ---- reading statements ---- */

static const char *bulk_coll(const struct sim_op *op, int64_t number)
{
    char path[40];
    snprintf(path, sizeof path, "nsInfo.%d.ns", (int)number);
    const char *ns = mig_doc_str(&op->request.command, path, "");
    const char *dot = strchr(ns, '.');
    return dot ? dot + 1 : ns;
}

static void read_row(struct sim_model *model, const bson_t *row, struct statement *s, const char *filter,
                     const char *update)
{
    bson_init(&s->filter);
    if (s->verb == 'i') {
        bson_destroy(&s->filter);
        return;
    }
    bson_destroy(&s->filter);
    if (!mig_doc_sub(row, filter, &s->filter))
        sim_fail(model->sim, "the model does not know a statement without %s", filter);
    if (s->verb == 'u' && !bson_iter_init_find(&s->update, row, update))
        sim_fail(model->sim, "the model does not know a statement without %s", update);
    s->upsert = mig_doc_bool(row, "upsert", false);
    if (bson_has_field(row, "arrayFilters") || bson_has_field(row, "collation") || bson_has_field(row, "c"))
        sim_fail(model->sim, "the model does not know this member of a statement");
}

/* Statement number op->statement; false after the last. The parts are static views of the command. */
static bool next_statement(struct sim_model *model, struct sim_op *op, struct statement *s)
{
    static const char *const lists[][2] = {
        { "insert", "documents" }, { "update", "updates" }, { "delete", "deletes" }, { "bulkWrite", "ops" }
    };
    const char *verb = sim_op_verb(op);
    char path[40];
    bson_t row;
    size_t i = 0;
    while (strcmp(lists[i][0], verb) != 0)
        i++;
    *s = (struct statement){ .verb = *verb, .coll = sim_op_target(op) };
    snprintf(path, sizeof path, "%s.%zu", lists[i][1], op->statement);
    if (!mig_doc_sub(&op->request.command, path, &row))
        return false;
    if (*verb == 'b') {
        bson_iter_t first;
        bson_iter_init(&first, &row);
        bson_iter_next(&first);
        s->verb = bson_iter_key(&first)[0];
        s->coll = bulk_coll(op, bson_iter_as_int64(&first));
        s->multi = mig_doc_bool(&row, "multi", false);
        if (s->verb == 'i')
            mig_doc_sub(&row, "document", &s->document);
        else
            read_row(model, &row, s, "filter", "updateMods");
        return true;
    }
    if (s->verb == 'i')
        bson_init_static(&s->document, bson_get_data(&row), row.len);
    else
        read_row(model, &row, s, "q", "u");
    s->multi = s->verb == 'd' ? mig_doc_int(&row, "limit", 0) != 1 : mig_doc_bool(&row, "multi", false);
    return true;
}

/* ---- the command ---- */

static void note_error(struct sim_op *op, int code, const char *text)
{
    char key[24];
    const char *index;
    bson_t row;
    bson_uint32_to_string(op->error_count++, &index, key, sizeof key);
    BSON_APPEND_DOCUMENT_BEGIN(&op->errors, index, &row);
    BSON_APPEND_INT32(&row, "index", (int32_t)op->statement);
    BSON_APPEND_INT32(&row, "code", code);
    BSON_APPEND_UTF8(&row, "errmsg", text);
    bson_append_document_end(&op->errors, &row);
}

/* bulkWrite says what each operation did. */
static void note_result(struct sim_op *op, char verb, const int64_t before[4], bool failed)
{
    char key[24];
    const char *index;
    bson_t row;
    int64_t matched = op->matched - before[0], upserts = op->upserts - before[3];
    bson_uint32_to_string(op->result_count++, &index, key, sizeof key);
    BSON_APPEND_DOCUMENT_BEGIN(&op->results, index, &row);
    BSON_APPEND_DOUBLE(&row, "ok", failed ? 0 : 1);
    BSON_APPEND_INT32(&row, "idx", (int32_t)op->statement);
    int64_t n = verb == 'i' ? !failed : verb == 'd' ? op->deleted - before[2] : matched + upserts;
    BSON_APPEND_INT64(&row, "n", n);
    if (verb == 'u')
        BSON_APPEND_INT64(&row, "nModified", op->modified - before[1]);
    if (upserts > 0) {
        bson_t id = BSON_INITIALIZER;
        BSON_APPEND_DOCUMENT(&row, "upserted", &id);
    }
    if (failed) {
        BSON_APPEND_INT32(&row, "code", 11000);
        BSON_APPEND_UTF8(&row, "errmsg", "E11000 duplicate key error");
    }
    bson_append_document_end(&op->results, &row);
}

static enum sim_run answer(struct sim_op *op)
{
    bson_reinit(&op->reply);
    BSON_APPEND_DOUBLE(&op->reply, "ok", 1);
    if (*sim_op_verb(op) == 'b') {
        bson_t cursor;
        BSON_APPEND_DOCUMENT_BEGIN(&op->reply, "cursor", &cursor);
        BSON_APPEND_INT64(&cursor, "id", 0);
        BSON_APPEND_ARRAY(&cursor, "firstBatch", &op->results);
        BSON_APPEND_UTF8(&cursor, "ns", "admin.$cmd.bulkWrite");
        bson_append_document_end(&op->reply, &cursor);
        BSON_APPEND_INT64(&op->reply, "nErrors", op->error_count);
        BSON_APPEND_INT64(&op->reply, "nInserted", op->inserted);
        BSON_APPEND_INT64(&op->reply, "nMatched", op->matched);
        BSON_APPEND_INT64(&op->reply, "nModified", op->modified);
        BSON_APPEND_INT64(&op->reply, "nUpserted", op->upserts);
        BSON_APPEND_INT64(&op->reply, "nDeleted", op->deleted);
        return SIM_RUN_REPLY;
    }
    BSON_APPEND_INT64(&op->reply, "n", op->inserted + op->deleted + op->matched + op->upserts);
    if (*sim_op_verb(op) == 'u')
        BSON_APPEND_INT64(&op->reply, "nModified", op->modified);
    if (op->upserts > 0)
        BSON_APPEND_ARRAY(&op->reply, "upserted", &op->upserted);
    if (op->error_count > 0)
        BSON_APPEND_ARRAY(&op->reply, "writeErrors", &op->errors);
    return SIM_RUN_REPLY;
}

/* A statement that a retryable write has done before counts as then. */
static bool done_before(struct sim_model *model, struct sim_op *op, char verb)
{
    const struct sim_done *done =
        op->request.retryable ? sim_model_done_before(model, op, (int64_t)op->statement) : NULL;
    if (!done)
        return false;
    op->inserted += verb == 'i' ? done->n : 0;
    op->deleted += verb == 'd' ? done->n : 0;
    op->matched += verb == 'u' ? done->n : 0;
    op->modified += done->modified;
    return true;
}

enum sim_run sim_run_write(struct sim_model *model, struct sim_op *op)
{
    struct statement s;
    bool ordered = mig_doc_bool(&op->request.command, "ordered", true);
    while (next_statement(model, op, &s)) {
        int64_t before[4] = { op->matched, op->modified, op->deleted, op->upserts };
        int64_t inserted = op->inserted;
        if (bson_empty(&op->passed) && done_before(model, op, s.verb)) {
            op->statement++;
            continue;
        }
        enum wrote wrote = run_statement(model, op, &s);
        if (model->sim->failed)
            return SIM_RUN_REPLY;
        if (wrote == WROTE_CONFLICT)
            return sim_op_refuse(model, op, 112, "WriteConflict", "write conflict");
        if (wrote == WROTE_DUPLICATE && op->request.in_txn && *sim_op_verb(op) != 'b') {
            /* It ends the transaction; the reply tells it as a statement's error all the same. */
            note_error(op, 11000, "E11000 duplicate key error");
            sim_model_abort(model, sim_model_txn(model, op));
            return answer(op);
        }
        if (wrote == WROTE_HELD || wrote == WROTE_MORE) {
            sim_op_again(model, op,
                         wrote == WROTE_HELD
                             ? HELD_US
                             : (1000 + (int64_t)sim_below(&model->sim->rng, 4000)) * model->sim->pace);
            return SIM_RUN_AGAIN;
        }
        bool failed = wrote == WROTE_DUPLICATE;
        if (failed)
            note_error(op, 11000, "E11000 duplicate key error");
        else if (op->request.retryable)
            sim_model_remember(model, op, (int64_t)op->statement,
                               op->inserted - inserted + op->matched - before[0] + op->deleted - before[2] +
                                   op->upserts - before[3],
                               op->modified - before[1], NULL);
        note_result(op, s.verb, before, failed);
        if (failed && op->request.in_txn)
            sim_model_abort(model, sim_model_txn(model, op));
        if (failed && (ordered || op->request.in_txn))
            break;
        bson_reinit(&op->passed);
        op->statement++;
    }
    return answer(op);
}

/* ---- findAndModify ---- */

static enum sim_run modified(struct sim_op *op, const bson_t *value, bool upserted)
{
    bson_t last;
    bson_reinit(&op->reply);
    BSON_APPEND_DOCUMENT_BEGIN(&op->reply, "lastErrorObject", &last);
    BSON_APPEND_INT32(&last, "n", value != NULL);
    BSON_APPEND_BOOL(&last, "updatedExisting", value && !upserted);
    bson_append_document_end(&op->reply, &last);
    if (value)
        BSON_APPEND_DOCUMENT(&op->reply, "value", value);
    else
        BSON_APPEND_NULL(&op->reply, "value");
    BSON_APPEND_DOUBLE(&op->reply, "ok", 1);
    return SIM_RUN_REPLY;
}

static const struct sim_doc *first_match(struct sim_model *model, const struct statement *s)
{
    struct sim_eval eval = eval_of(model);
    const struct sim_coll *coll = sim_state_find(sim_model_last(model), s->coll);
    for (size_t i = 0; coll && i < coll->count; i++) {
        bson_t doc;
        sim_doc_view(coll->docs[i], &doc);
        if (sim_match(&eval, &s->filter, &doc))
            return coll->docs[i];
    }
    return NULL;
}

/* Outside transactions only, and always on a document with an _id in its query. */
enum sim_run sim_run_modify(struct sim_model *model, struct sim_op *op)
{
    const bson_t *command = &op->request.command;
    struct statement s = { .verb = 'u', .coll = sim_op_target(op) };
    const struct sim_done *done = op->request.retryable ? sim_model_done_before(model, op, 0) : NULL;
    if (op->request.in_txn)
        sim_fail(model->sim, "the model does not know findAndModify in a transaction");
    if (done)
        return modified(op, done->value, false);
    if (!mig_doc_sub(command, "query", &s.filter) || !bson_iter_init_find(&s.update, command, "update"))
        sim_fail(model->sim, "the model does not know this findAndModify");
    s.upsert = mig_doc_bool(command, "upsert", false);
    bool new = mig_doc_bool(command, "new", false);
    const struct sim_doc *found = first_match(model, &s);
    if (!found && !s.upsert)
        return modified(op, NULL, false);
    if (model->executing)
        model->executing(model->changed_context, op, s.coll);
    bson_t old = BSON_INITIALIZER, id_only, value;
    if (found) {
        sim_doc_view(found, &id_only);
        bson_concat(&old, &id_only);
    }
    enum wrote wrote = found ? change_one(model, op, &s, found) : upsert(model, op, &s);
    if (wrote == WROTE_HELD || wrote == WROTE_DUPLICATE) {
        bson_destroy(&old);
        if (wrote == WROTE_DUPLICATE)
            return sim_op_refuse(model, op, 11000, "DuplicateKey", "E11000 duplicate key error");
        sim_op_again(model, op, HELD_US);
        return SIM_RUN_AGAIN;
    }
    bson_iter_t id;
    bson_t filter;
    mig_doc_sub(command, "query", &filter);
    if (!bson_iter_init_find(&id, &filter, "_id"))
        sim_fail(model->sim, "the model does not know findAndModify without _id");
    sim_doc_view(sim_coll_get(sim_state_find(sim_model_last(model), s.coll), &id), &value);
    const bson_t *shown = new ? &value : found ? &old : NULL;
    if (op->request.retryable)
        sim_model_remember(model, op, 0, 1, 1, shown);
    enum sim_run run = modified(op, shown, !found);
    bson_destroy(&old);
    return run;
}
