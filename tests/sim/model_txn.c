/* model_txn.c - transactions: a snapshot, a state of their own, what they have touched; and what sessions remember. */
#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "base/mem.h"
#include "sim/model.h"
#include "sim/value.h"

static void txn_free(struct sim_open_txn *txn)
{
    for (size_t i = 0; i < txn->count; i++)
        bson_destroy(txn->touched[i].id);
    free(txn->touched);
    sim_state_unref(txn->snapshot);
    sim_state_unref(txn->work);
    free(txn);
}

struct sim_open_txn *sim_model_txn(struct sim_model *model, const struct sim_op *op)
{
    struct sim_open_txn *txn = op->request.in_txn ? model->txns : NULL;
    while (txn && (txn->lsid != op->request.lsid || txn->number != op->request.txn_number))
        txn = txn->next;
    return txn;
}

void sim_model_abort(struct sim_model *model, struct sim_open_txn *txn)
{
    struct sim_open_txn **at = &model->txns;
    while (*at != txn)
        at = &(*at)->next;
    *at = txn->next;
    txn_free(txn);
}

bool sim_model_held(const struct sim_model *model, const struct sim_open_txn *mine, const char *coll,
                    const bson_iter_t *id)
{
    for (const struct sim_open_txn *txn = model->txns; txn; txn = txn->next) {
        for (size_t i = 0; txn != mine && i < txn->count; i++) {
            bson_iter_t other;
            if (strcmp(txn->touched[i].coll, coll) != 0)
                continue;
            if (!id ||
                (bson_iter_init_find(&other, txn->touched[i].id, "_id") && sim_compare(&other, id) == 0))
                return true;
        }
    }
    return false;
}

const struct sim_done *sim_model_done_before(const struct sim_model *model, const struct sim_op *op,
                                             int64_t statement)
{
    for (size_t i = model->done_count; i-- > 0;) {
        const struct sim_done *done = &model->done[i];
        if (done->lsid == op->request.lsid && done->number == op->request.txn_number &&
            done->statement == statement)
            return done;
    }
    return NULL;
}

void sim_done_free(struct sim_done *done)
{
    if (done->value)
        bson_destroy(done->value);
}

void sim_model_remember(struct sim_model *model, const struct sim_op *op, int64_t statement, int64_t n,
                        int64_t modified, const bson_t *value)
{
    model->done = mig_grow(model->done, model->done_count, &model->done_room, sizeof *model->done);
    struct sim_done *done = &model->done[model->done_count++];
    *done = (struct sim_done){ .lsid = op->request.lsid,
                               .number = op->request.txn_number,
                               .statement = statement,
                               .ts = model->ts,
                               .n = n,
                               .modified = modified };
    done->value = value ? bson_copy(value) : NULL;
}

/* A newer transaction of the session ends an older one; a lost one is ended by the server's own limit. */
bool sim_txn_open(struct sim_model *model, struct sim_op *op)
{
    struct sim_open_txn *txn = model->txns;
    if (sim_model_txn(model, op))
        return !op->request.start_txn;
    if (!op->request.start_txn)
        return false;
    while (txn) {
        struct sim_open_txn *next = txn->next;
        if (txn->lsid == op->request.lsid)
            sim_model_abort(model, txn);
        txn = next;
    }
    txn = mig_alloc(sizeof *txn);
    *txn = (struct sim_open_txn){ .next = model->txns,
                                  .lsid = op->request.lsid,
                                  .process = op->request.process,
                                  .number = op->request.txn_number,
                                  .snapshot = sim_state_ref(sim_model_last(model)),
                                  .began_us = model->sim->now_us };
    txn->work = sim_state_fork(txn->snapshot);
    model->txns = txn;
    return true;
}

static enum sim_run run_commit(struct sim_model *model, struct sim_op *op)
{
    struct sim_open_txn *txn = sim_model_txn(model, op);
    bson_reinit(&op->reply);
    BSON_APPEND_DOUBLE(&op->reply, "ok", 1);
    if (!txn)
        return sim_model_done_before(model, op, -1)
                   ? SIM_RUN_REPLY
                   : sim_op_refuse(model, op, 251, "NoSuchTransaction", "no such transaction");
    struct sim_state *state = sim_model_begin(model);
    for (size_t i = 0; i < txn->count; i++) {
        const struct sim_touch *touch = &txn->touched[i];
        const struct sim_coll *from = sim_state_find(txn->work, touch->coll);
        struct sim_coll *to = sim_state_own(state, touch->coll);
        bson_iter_t id;
        bson_t doc;
        if (!to && from)
            to = sim_state_create(state, touch->coll, from->meta->uuid);
        if (!to || !bson_iter_init_find(&id, touch->id, "_id"))
            continue;
        const struct sim_doc *written = sim_coll_get(from, &id);
        if (written) {
            sim_doc_view(written, &doc);
            sim_coll_put(to, &doc);
        } else {
            sim_coll_remove(to, &id);
        }
    }
    op->wrote = true;
    sim_model_remember(model, op, -1, 0, 0, NULL);
    sim_model_abort(model, txn); /* what is left of it */
    sim_model_commit(model, state, op);
    return SIM_RUN_REPLY;
}

enum sim_run sim_run_txn_end(struct sim_model *model, struct sim_op *op)
{
    if (strcmp(sim_op_verb(op), "commitTransaction") == 0)
        return run_commit(model, op);
    struct sim_open_txn *txn = sim_model_txn(model, op);
    bson_reinit(&op->reply);
    BSON_APPEND_DOUBLE(&op->reply, "ok", 1);
    if (!txn)
        return sim_op_refuse(model, op, 251, "NoSuchTransaction", "no such transaction");
    sim_model_abort(model, txn);
    return SIM_RUN_REPLY;
}

struct sim_state *sim_model_view(struct sim_model *model, const struct sim_op *op)
{
    struct sim_open_txn *txn = sim_model_txn(model, op);
    if (txn)
        return txn->work;
    return op->request.read_majority ? sim_model_majority(model) : sim_model_last(model);
}
