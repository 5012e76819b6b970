/* model.c - operations and their turns, majorities, failovers, transactions. */
#include "sim/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "sim/value.h"

#define WTIMEOUT_US INT64_C(10000000)
#define TXN_LIFE_US INT64_C(60000000)
#define SECOND_US   INT64_C(1000000)
#define TURN_BITS   12

static void take_turn(struct sim *sim, void *context, uint64_t argument);

/* ---- versions ---- */

struct sim_state *sim_model_last(const struct sim_model *model)
{
    return model->versions[model->version_count - 1];
}

struct sim_state *sim_model_majority(const struct sim_model *model)
{
    return model->profile->standalone ? sim_model_last(model) : model->versions[0];
}

int64_t sim_model_now_ms(const struct sim_model *model)
{
    return INT64_C(1795000000000) + (model->sim->now_us + model->clock_skew_us) / 1000;
}

static void keep(struct sim_model *model, struct sim_state *state)
{
    model->versions =
        mig_grow(model->versions, model->version_count, &model->version_room, sizeof *model->versions);
    model->versions[model->version_count++] = state;
}

/* A majority has everything up to ts. */
static void replicated(struct sim *sim, void *context, uint64_t ts)
{
    struct sim_model *model = context;
    size_t gone = 0;
    if (!model->up)
        return;
    if (sim->now_us < model->lag_until_us) {
        sim_at(sim, model->lag_until_us, replicated, model, ts);
        return;
    }
    while (gone + 1 < model->version_count && model->versions[gone + 1]->ts <= (int64_t)ts)
        sim_state_unref(model->versions[gone++]);
    model->version_count -= gone;
    memmove(model->versions, model->versions + gone, model->version_count * sizeof(struct sim_state *));
    for (struct sim_op *op = model->ops; gone > 0 && op; op = op->next) {
        if (op->state != SIM_OP_NEW && model->versions[0]->ts >= op->wait_ts)
            sim_at(sim, sim->now_us, take_turn, model, op->id << TURN_BITS | op->turn);
    }
}

struct sim_state *sim_model_begin(struct sim_model *model)
{
    struct sim_state *state = sim_state_fork(sim_model_last(model));
    state->ts = ++model->ts;
    return state;
}

void sim_model_commit(struct sim_model *model, struct sim_state *state, const struct sim_op *op)
{
    struct sim *sim = model->sim;
    if (model->changed)
        model->changed(model->changed_context, sim_model_last(model), state, op);
    keep(model, state);
    int64_t lag = (300 + (int64_t)sim_below(&sim->rng, 2500)) * (sim->pace < 20 ? sim->pace : 20);
    sim_at(sim, sim->now_us + lag, replicated, model, (uint64_t)state->ts);
}

/* ---- replies ---- */

const char *sim_op_verb(const struct sim_op *op)
{
    bson_iter_t first;
    return bson_iter_init(&first, &op->request.command) && bson_iter_next(&first) ? bson_iter_key(&first)
                                                                                  : "";
}

const char *sim_op_target(const struct sim_op *op)
{
    bson_iter_t first;
    bool text = bson_iter_init(&first, &op->request.command) && bson_iter_next(&first) &&
                BSON_ITER_HOLDS_UTF8(&first);
    return text ? bson_iter_utf8(&first, NULL) : "";
}

static void op_free(struct sim_op *op)
{
    bson_destroy(&op->request.command);
    bson_destroy(&op->passed);
    bson_destroy(&op->errors);
    bson_destroy(&op->upserted);
    bson_destroy(&op->results);
    bson_destroy(&op->reply);
    free(op);
}

static void op_end(struct sim_model *model, struct sim_op *op, bool answer)
{
    struct sim_op **at = &model->ops;
    while (*at != op)
        at = &(*at)->next;
    *at = op->next;
    if (answer)
        BSON_APPEND_INT64(&op->reply, "operationTime", model->ts);
    model->reply(model->sim, model->reply_context, &op->request, answer ? &op->reply : NULL);
    op_free(op);
}

static bool is_passing(int code)
{
    static const int codes[] = { 6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436, 262 };
    for (size_t i = 0; i < MIG_COUNT(codes); i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

enum sim_run sim_op_refuse(struct sim_model *model, struct sim_op *op, int code, const char *name,
                           const char *text)
{
    bson_t labels;
    bool transient = op->request.in_txn && (is_passing(code) || code == 112 || code == 251);
    bool commit = strcmp(sim_op_verb(op), "commitTransaction") == 0;
    bson_reinit(&op->reply);
    BSON_APPEND_DOUBLE(&op->reply, "ok", 0);
    BSON_APPEND_UTF8(&op->reply, "errmsg", text);
    BSON_APPEND_INT32(&op->reply, "code", code);
    BSON_APPEND_UTF8(&op->reply, "codeName", name);
    BSON_APPEND_ARRAY_BEGIN(&op->reply, "errorLabels", &labels);
    if (transient && !(commit && is_passing(code)))
        BSON_APPEND_UTF8(&labels, "0", "TransientTransactionError");
    else if (is_passing(code) && (op->request.retryable || commit))
        BSON_APPEND_UTF8(&labels, "0", "RetryableWriteError");
    bson_append_array_end(&op->reply, &labels);
    struct sim_open_txn *txn = sim_model_txn(model, op);
    if (txn)
        sim_model_abort(model, txn);
    return SIM_RUN_REPLY;
}

/* ---- operations ---- */

static const struct {
    const char *verb;
    enum sim_run (*run)(struct sim_model *model, struct sim_op *op);
} commands[] = {
    { "find", sim_run_read },
    { "aggregate", sim_run_read },
    { "count", sim_run_read },
    { "listCollections", sim_run_read },
    { "listIndexes", sim_run_read },
    { "insert", sim_run_write },
    { "update", sim_run_write },
    { "delete", sim_run_write },
    { "bulkWrite", sim_run_write },
    { "findAndModify", sim_run_modify },
    { "create", sim_run_schema },
    { "drop", sim_run_schema },
    { "createIndexes", sim_run_schema },
    { "dropIndexes", sim_run_schema },
    { "collMod", sim_run_schema },
    { "renameCollection", sim_run_schema },
    { "hello", sim_run_admin },
    { "buildInfo", sim_run_admin },
    { "connectionStatus", sim_run_admin },
    { "currentOp", sim_run_admin },
    { "killOp", sim_run_admin },
    { "killSessions", sim_run_admin },
    { "commitTransaction", sim_run_txn_end },
    { "abortTransaction", sim_run_txn_end },
};

static enum sim_run run(struct sim_model *model, struct sim_op *op)
{
    const char *verb = sim_op_verb(op);
    bool end = strstr(verb, "Transaction") != NULL;
    if (op->request.in_txn && !end && !sim_txn_open(model, op))
        return sim_op_refuse(model, op, 251, "NoSuchTransaction", "no such transaction");
    for (size_t i = 0; i < MIG_COUNT(commands); i++) {
        if (strcmp(commands[i].verb, verb) == 0)
            return commands[i].run(model, op);
    }
    sim_fail(model->sim, "the model does not know the command %s", verb);
    return SIM_RUN_REPLY;
}

void sim_op_again(struct sim_model *model, struct sim_op *op, int64_t after_us)
{
    op->turn = (op->turn + 1) & ((1U << TURN_BITS) - 1);
    sim_at(model->sim, model->sim->now_us + after_us, take_turn, model, op->id << TURN_BITS | op->turn);
}

static void wait_for(struct sim_model *model, struct sim_op *op, enum sim_op_state state, int64_t ts,
                     int64_t until_us)
{
    op->state = state;
    op->wait_ts = ts;
    op->wait_until_us = until_us;
    sim_op_again(model, op, until_us - model->sim->now_us);
}

static void concern_failed(struct sim_op *op)
{
    bson_t error;
    BSON_APPEND_DOCUMENT_BEGIN(&op->reply, "writeConcernError", &error);
    BSON_APPEND_INT32(&error, "code", 64);
    BSON_APPEND_UTF8(&error, "codeName", "WriteConcernFailed");
    BSON_APPEND_UTF8(&error, "errmsg", "waiting for replication timed out");
    bson_append_document_end(&op->reply, &error);
}

static void finish(struct sim_model *model, struct sim_op *op)
{
    bool waits = op->request.write_majority && mig_doc_bool(&op->reply, "ok", false);
    if (waits && model->versions[0]->ts < model->ts) {
        wait_for(model, op, SIM_OP_WAITS_MAJORITY, model->ts, model->sim->now_us + WTIMEOUT_US);
        return;
    }
    op_end(model, op, true);
}

static bool interrupted(struct sim_model *model, struct sim_op *op)
{
    if (op->killed)
        sim_op_refuse(model, op, 11601, "Interrupted", "operation was interrupted");
    else if (op->deadline_us && model->sim->now_us >= op->deadline_us)
        sim_op_refuse(model, op, 50, "MaxTimeMSExpired", "operation exceeded time limit");
    else
        return false;
    sim_schema_give_up(model, op);
    op_end(model, op, true);
    return true;
}

static void take_turn(struct sim *sim, void *context, uint64_t argument)
{
    struct sim_model *model = context;
    struct sim_op *op = model->ops;
    while (op && (op->id != argument >> TURN_BITS || op->turn != (argument & ((1U << TURN_BITS) - 1))))
        op = op->next;
    if (!op)
        return;
    if (op->state == SIM_OP_WAITS_MAJORITY) {
        if (model->versions[0]->ts < op->wait_ts)
            concern_failed(op);
        op_end(model, op, true);
        return;
    }
    if (interrupted(model, op))
        return;
    if (op->request.read_majority && !op->request.in_txn && model->versions[0]->ts < op->request.after_ts) {
        int64_t until = op->deadline_us ? op->deadline_us : sim->now_us + 60 * SECOND_US;
        wait_for(model, op, SIM_OP_WAITS_READ, op->request.after_ts, until);
        return;
    }
    op->state = SIM_OP_NEW;
    if (run(model, op) == SIM_RUN_REPLY && !sim->failed)
        finish(model, op);
}

/* A refusal that passes by itself, as a busy server gives. */
static bool refuse_in_passing(struct sim_model *model, struct sim_op *op)
{
    struct sim_rng luck;
    bool write = op->request.in_txn || op->request.write_majority;
    if (!write || !sim_fault(model->sim, SIM_REFUSE, &luck))
        return false;
    if (sim_chance(&luck, 60))
        sim_op_refuse(model, op, 112, "WriteConflict", "write conflict");
    else
        sim_op_refuse(model, op, 50, "MaxTimeMSExpired", "operation exceeded time limit");
    op_end(model, op, true);
    return true;
}

void sim_model_receive(struct sim_model *model, struct sim_request *request)
{
    struct sim_op *op = mig_alloc(sizeof *op);
    struct sim_rng luck;
    int64_t max_ms = mig_doc_int(&request->command, "maxTimeMS", 0);
    op->id = ++model->op_ids;
    op->request = *request;
    bson_steal(&op->request.command, &request->command);
    op->began_us = model->sim->now_us;
    op->deadline_us = max_ms > 0 ? op->began_us + max_ms * 1000 : 0;
    bson_init(&op->passed);
    bson_init(&op->errors);
    bson_init(&op->upserted);
    bson_init(&op->results);
    bson_init(&op->reply);
    op->next = model->ops;
    model->ops = op;
    sim_tell(model->sim, "server", &op->request.command, (int64_t)op->request.id);
    if (!model->up) {
        op_end(model, op, false);
        return;
    }
    if (refuse_in_passing(model, op))
        return;
    int64_t pause = 0;
    if (sim_fault(model->sim, SIM_STALL, &luck))
        pause = sim_skewed(&luck, 1000, 90 * SECOND_US);
    if (sim_fault(model->sim, SIM_ORPHAN, &luck)) {
        pause = SECOND_US + (int64_t)sim_below(&luck, 60 * SECOND_US);
        model->kill(model->reply_context, op->request.process, (int64_t)sim_below(&luck, SECOND_US / 2));
    }
    if (pause && op->deadline_us && op->began_us + pause > op->deadline_us)
        pause = op->deadline_us - op->began_us;
    sim_op_again(model, op, pause);
}

/* ---- the server's own troubles ---- */

static void rise(struct sim *sim, void *context, uint64_t argument)
{
    struct sim_model *model = context;
    (void)argument;
    model->up = true;
    model->ts += 1000;
    sim_schema_give_up(model, NULL);
    SIM_SAY(sim, "SERVER up again, majority at %lld", (long long)model->versions[0]->ts);
}

static void fail_over(struct sim_model *model, struct sim_rng *luck)
{
    struct sim *sim = model->sim;
    size_t kept = 1 + sim_below(luck, model->version_count);
    SIM_SAY(sim, "SERVER down, %zu of %zu writes without a majority are lost", model->version_count - kept,
            model->version_count - 1);
    model->up = false;
    model->lag_until_us = 0;
    while (model->ops) {
        struct sim_op *op = model->ops;
        bool answer = sim_chance(luck, 50);
        if (answer)
            sim_op_refuse(model, op, 11602, "InterruptedDueToReplStateChange", "the primary stepped down");
        op_end(model, op, answer);
    }
    while (model->txns)
        sim_model_abort(model, model->txns);
    while (model->version_count > kept)
        sim_state_unref(model->versions[--model->version_count]);
    while (model->version_count > 1) { /* what the new primary has, it spreads */
        sim_state_unref(model->versions[0]);
        model->version_count--;
        memmove(model->versions, model->versions + 1, model->version_count * sizeof(struct sim_state *));
    }
    size_t left = 0;
    for (size_t i = 0; i < model->done_count; i++) {
        if (model->done[i].ts <= sim_model_last(model)->ts)
            model->done[left++] = model->done[i];
        else
            sim_done_free(&model->done[i]);
    }
    model->done_count = left;
    sim_at(sim, sim->now_us + sim_skewed(luck, 50000, 12 * SECOND_US), rise, model, 0);
}

static void live(struct sim *sim, void *context, uint64_t argument)
{
    struct sim_model *model = context;
    struct sim_rng luck;
    (void)argument;
    if (model->up && sim_fault(sim, SIM_FAILOVER, &luck))
        fail_over(model, &luck);
    if (model->up && sim_fault(sim, SIM_LAG, &luck))
        model->lag_until_us = sim->now_us + sim_skewed(&luck, 100000, 30 * SECOND_US);
    if (sim_fault(sim, SIM_CLOCK_SERVER, &luck))
        model->clock_skew_us += sim_skewed(&luck, 0, 3600 * SECOND_US) * (sim_chance(&luck, 50) ? 1 : -1);
    for (struct sim_open_txn *txn = model->txns; txn;) {
        struct sim_open_txn *next = txn->next;
        if (sim->now_us - txn->began_us > TXN_LIFE_US)
            sim_model_abort(model, txn);
        txn = next;
    }
    sim_at(sim, sim->now_us + 20000 + (int64_t)sim_below(&sim->rng, 60000), live, model, 0);
}

void sim_model_live(struct sim_model *model)
{
    sim_at(model->sim, model->sim->now_us, live, model, 0);
}

bool sim_model_quiet(const struct sim_model *model)
{
    return model->up && !model->ops && !model->txns && model->version_count == 1;
}

void sim_model_restore(struct sim_model *model, struct sim_state *state)
{
    for (size_t i = 0; i < model->version_count; i++)
        sim_state_unref(model->versions[i]);
    model->version_count = 0;
    state->ts = ++model->ts;
    keep(model, state);
    sim_schema_give_up(model, NULL); /* no backup has an index that was being built */
}

struct sim_state *sim_model_apply(struct sim_model *model, struct sim_state *state, const bson_t *command)
{
    struct sim_op op = { .id = 1 };
    bson_copy_to(command, &op.request.command);
    bson_init(&op.passed);
    bson_init(&op.errors);
    bson_init(&op.upserted);
    bson_init(&op.results);
    bson_init(&op.reply);
    model->version_count = 0;
    keep(model, state);
    while (run(model, &op) == SIM_RUN_AGAIN)
        model->sim->queued = 0;
    model->sim->queued = 0;
    state = sim_state_ref(sim_model_last(model));
    for (size_t i = 0; i < model->version_count; i++)
        sim_state_unref(model->versions[i]);
    model->version_count = 0;
    bson_destroy(&op.request.command);
    bson_destroy(&op.passed);
    bson_destroy(&op.errors);
    bson_destroy(&op.upserted);
    bson_destroy(&op.results);
    bson_destroy(&op.reply);
    return state;
}

void sim_model_init(struct sim_model *model, struct sim *sim, const struct sim_profile *profile)
{
    *model = (struct sim_model){ .sim = sim, .profile = profile, .database = "shop", .up = true };
    keep(model, sim_state_new());
}

void sim_model_done(struct sim_model *model)
{
    while (model->ops) {
        struct sim_op *op = model->ops;
        model->ops = op->next;
        op_free(op);
    }
    while (model->txns)
        sim_model_abort(model, model->txns);
    for (size_t i = 0; i < model->version_count; i++)
        sim_state_unref(model->versions[i]);
    for (size_t i = 0; i < model->done_count; i++)
        sim_done_free(&model->done[i]);
    free(model->versions);
    free(model->done);
}
