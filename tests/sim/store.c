/* store.c - struct mig_store as a driver over a bad network: what core/io and libmongoc do, on a model server.
 *
 * One retry of retryable writes and of commits with the same transaction number, one of reads; majority concerns; reads that see
 * what this store has written; sessions kept for reuse. Everything between is the network's to lose, to delay, to send twice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "sim/process.h"
#include "sim/task.h"

#define SECOND_US   INT64_C(1000000)
#define SELECT_US   (5 * SECOND_US)
#define SOCKET_MS   30000
#define NETWORK_US  300000 /* a request is no longer under way than this; its reply may be */
#define UNFENCED_US (4 * SECOND_US)
#define SPARE_MAX   8

struct session {
    uint64_t id;
    int64_t number;
};

struct sim_store {
    struct mig_store base;
    struct sim_process *process;
    char app[64];
    bool cancelled;
    int64_t seen_ts, round_trips;
    struct session spare[SPARE_MAX];
    size_t spare_count;
};

struct mig_txn {
    struct session session;
    bool started, broken;
    bson_t *lsid;
};

static struct sim_store *store_of(struct mig_store *base)
{
    return (struct sim_store *)(void *)base;
}

/* ---- calls under way ---- */
static struct sim_call *call_new(struct sim_store *store)
{
    struct sim_world *world = store->process->world;
    struct sim_call *call = mig_alloc(sizeof *call);
    *call = (struct sim_call){
        .next = world->calls, .id = ++world->call_ids, .process = store->process, .store = &store->base
    };
    return world->calls = call;
}

static void call_free(struct sim_world *world, struct sim_call *call)
{
    struct sim_call **at = &world->calls;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    if (call->reply)
        bson_destroy(call->reply);
    free(call);
}

static void call_wake(struct sim *sim, struct sim_call *call)
{
    if (call->ticket)
        sim_resume_at(sim, sim->now_us, call->ticket);
    call->ticket = 0;
}

void sim_calls_drop(struct sim_world *world, const struct sim_process *process)
{
    for (struct sim_call *call = world->calls; call;) {
        struct sim_call *next = call->next;
        if (call->process == process)
            call_free(world, call);
        call = next;
    }
}

void sim_calls_break(struct sim_world *world, const struct sim_process *process)
{
    for (struct sim_call *call = world->calls; call; call = call->next) {
        if (process && call->process != process)
            continue;
        call->broken = !call->reply;
        call_wake(&world->sim, call);
    }
}

static struct sim_call *call_find(struct sim_world *world, uint64_t id)
{
    struct sim_call *call = world->calls;
    while (call && call->id != id)
        call = call->next;
    return call;
}

/* ---- the network ---- */
struct letter {
    struct sim_world *world;
    struct sim_request request; /* to the server */
    uint64_t call;              /* to the client */
    bson_t *reply;              /* NULL: the connection broke */
};

static void deliver_reply(struct sim *sim, void *context, uint64_t argument)
{
    struct letter *letter = context;
    struct sim_call *call = call_find(letter->world, letter->call);
    (void)argument;
    if (call && !call->reply && !call->broken) {
        sim_tell(sim, letter->reply ? "reply" : "broken", letter->reply, (int64_t)letter->call);
        call->reply = letter->reply;
        call->broken = !letter->reply;
        letter->reply = NULL;
        call_wake(sim, call);
    }
    if (letter->reply)
        bson_destroy(letter->reply);
    free(letter);
}

static void post_reply(struct sim_world *world, uint64_t id, const bson_t *reply, int64_t way_us)
{
    struct letter *letter = mig_alloc(sizeof *letter);
    *letter = (struct letter){ .world = world, .call = id, .reply = reply ? bson_copy(reply) : NULL };
    sim_at(&world->sim, world->sim.now_us + way_us, deliver_reply, letter, 0);
}

/* A connection that carries nothing any more is found out at once, or a good while later. */
static int64_t silence(struct sim_rng *luck)
{
    return sim_chance(luck, 50) ? 1000 : sim_skewed(luck, SECOND_US, 120 * SECOND_US);
}

static bool is_apart(const struct sim_world *world, uint64_t id)
{
    for (const struct sim_process *process = world->processes; process; process = process->next) {
        if (process->id == id)
            return world->sim.now_us < process->apart_until_us;
    }
    return false;
}

void sim_store_reply(struct sim *sim, void *context, const struct sim_request *request, const bson_t *reply)
{
    struct sim_world *world = context;
    struct sim_rng luck;
    int64_t way_us = (100 + (int64_t)sim_below(&sim->rng, 600)) * sim->pace;
    if (sim_fault(sim, SIM_LOSE_REPLY, &luck)) {
        reply = NULL;
        way_us = silence(&luck);
    }
    if (is_apart(world, request->process)) {
        reply = NULL;
        way_us = sim_skewed(&sim->rng, SECOND_US, 60 * SECOND_US);
    }
    if (sim_fault(sim, SIM_DELAY_REPLY, &luck))
        way_us = sim_skewed(&luck, 1000, 120 * SECOND_US);
    post_reply(world, request->id, reply, way_us);
}

static void deliver_request(struct sim *sim, void *context, uint64_t argument)
{
    struct letter *letter = context;
    (void)sim, (void)argument;
    sim_model_receive(&letter->world->model, &letter->request);
    free(letter);
}

static void post(struct sim_world *world, const struct sim_request *request, uint64_t id, int64_t way_us)
{
    struct letter *letter = mig_alloc(sizeof *letter);
    *letter = (struct letter){ .world = world, .request = *request };
    bson_copy_to(&request->command, &letter->request.command);
    letter->request.id = id;
    sim_at(&world->sim, world->sim.now_us + way_us, deliver_request, letter, 0);
}

static void send_request(struct sim_store *store, const struct sim_request *request, struct sim_call *call)
{
    struct sim_world *world = store->process->world;
    struct sim *sim = &world->sim;
    struct sim_rng luck;
    int64_t way_us = (100 + (int64_t)sim_below(&sim->rng, 600)) * sim->pace;
    sim_tell(sim, "send", NULL, (int64_t)call->id);
    store->round_trips++;
    if (sim_fault(sim, SIM_DELAY_REQUEST, &luck))
        way_us = sim_skewed(&luck, 1000, NETWORK_US);
    if (sim_fault(sim, SIM_APART, &luck))
        store->process->apart_until_us = sim->now_us + sim_skewed(&luck, SECOND_US, 120 * SECOND_US);
    if (is_apart(world, store->process->id)) {
        post_reply(world, call->id, NULL, sim_skewed(&sim->rng, 1000, 60 * SECOND_US));
        return;
    }
    if (sim_fault(sim, SIM_LOSE_REQUEST, &luck)) {
        post_reply(world, call->id, NULL, silence(&luck));
    } else {
        post(world, request, call->id, way_us);
        if (request->retryable && sim_fault(sim, SIM_TWICE, &luck))
            post(world, request, 0, sim_skewed(&luck, 100, NETWORK_US));
    }
    if (sim_fault(sim, SIM_CUT, &luck))
        sim_calls_break(world, store->process);
}

/* ---- one message ---- */
enum heard { HEARD_REPLY, HEARD_BREAK, HEARD_SILENCE, HEARD_CANCEL, HEARD_UNSENT };

/* A primary is looked for before anything is sent. */
static bool wait_for_server(struct sim_store *store)
{
    struct sim_world *world = store->process->world;
    struct sim *sim = &world->sim;
    int64_t until_us = sim->now_us + SELECT_US;
    while (!world->model.up && !store->cancelled) {
        if (sim->now_us >= until_us)
            return false;
        sim_resume_at(sim, sim->now_us + 100000, sim_ticket(sim));
        sim_process_block(store->process);
    }
    return !store->cancelled;
}

static enum heard exchange(struct sim_store *store, const struct sim_request *request, int64_t silence_ms,
                           bson_t **ret)
{
    struct sim_world *world = store->process->world;
    struct sim *sim = &world->sim;
    *ret = NULL;
    if (!wait_for_server(store))
        return HEARD_UNSENT;
    struct sim_call *call = call_new(store);
    send_request(store, request, call);
    if (!call->broken && !call->cancelled) {
        call->ticket = sim_ticket(sim);
        if (silence_ms >= 0)
            sim_resume_at(sim, sim->now_us + silence_ms * 1000, call->ticket);
        sim_process_block(store->process);
    }
    enum heard heard = call->reply       ? HEARD_REPLY
                       : call->cancelled ? HEARD_CANCEL
                       : call->broken    ? HEARD_BREAK
                                         : HEARD_SILENCE;
    *ret = call->reply;
    call->reply = NULL;
    call_free(world, call);
    return heard;
}

static bool is_gone(const bson_t *reply)
{
    static const int codes[] = { 6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436 };
    int64_t code = reply && !mig_doc_bool(reply, "ok", true) ? mig_doc_int(reply, "code", 0) : 0;
    for (size_t i = 0; i < MIG_COUNT(codes); i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

/* With the driver's one retry where there is one. */
static enum heard converse(struct sim_store *store, const struct sim_request *request, int64_t silence_ms,
                           bool again, bson_t **ret)
{
    enum heard heard = exchange(store, request, silence_ms, ret);
    bool worth = heard == HEARD_BREAK || heard == HEARD_SILENCE || (heard == HEARD_REPLY && is_gone(*ret));
    if (!again || !worth)
        return heard;
    bson_t *second;
    enum heard retried = exchange(store, request, silence_ms, &second);
    if (retried == HEARD_UNSENT)
        return heard; /* the first one's fate stands */
    if (*ret)
        bson_destroy(*ret);
    *ret = second;
    return retried;
}

/* ---- outcomes ---- */
/* The model gives one label at most; the driver's own are added where it adds them. */
static unsigned labels_of(const bson_t *body)
{
    const char *label = mig_doc_str(body, "errorLabels.0", "");
    if (strcmp(label, "TransientTransactionError") == 0)
        return MIG_LABEL_TRANSIENT_TRANSACTION;
    return strcmp(label, "RetryableWriteError") == 0 ? MIG_LABEL_RETRYABLE_WRITE : 0;
}

static void judge(struct sim_store *store, enum heard heard, bson_t *body, struct mig_reply *ret)
{
    bson_init(&ret->body);
    ret->took_ms = store->process->host.ops->mono_ms(&store->process->host) - ret->sent_ms;
    if (heard == HEARD_REPLY) {
        bson_concat(&ret->body, body);
        bson_destroy(body);
        ret->labels = labels_of(&ret->body);
        ret->outcome = mig_doc_bool(&ret->body, "ok", false) ? MIG_OUTCOME_OK : MIG_OUTCOME_REFUSED;
        if (ret->outcome == MIG_OUTCOME_REFUSED) {
            mig_fail(&ret->error, MIG_ERR_SERVER, "refused: %s", mig_doc_str(&ret->body, "errmsg", "?"));
            ret->error.server_code = (int)mig_doc_int(&ret->body, "code", 0);
        }
    } else if (heard == HEARD_UNSENT) {
        ret->outcome = MIG_OUTCOME_NOT_SENT;
        if (store->cancelled)
            mig_fail(&ret->error, MIG_ERR_CANCELLED, "stopped before anything was sent");
        else
            mig_fail(&ret->error, MIG_ERR_UNREACHABLE, "no server to talk to");
    } else {
        ret->outcome = MIG_OUTCOME_UNKNOWN;
        mig_fail(&ret->error, MIG_ERR_UNKNOWN_OUTCOME, "sent, but no reply came");
    }
}

/* ---- sessions ---- */
static struct session take_session(struct sim_store *store)
{
    if (store->spare_count > 0)
        return store->spare[--store->spare_count];
    return (struct session){ .id = ++store->process->world->session_ids };
}

static void give_session(struct sim_store *store, struct session session)
{
    if (store->spare_count < SPARE_MAX)
        store->spare[store->spare_count++] = session;
}

/* ---- commands ---- */
static const char *verb_of(const bson_t *command)
{
    bson_iter_t first;
    return bson_iter_init(&first, command) && bson_iter_next(&first) ? bson_iter_key(&first) : "";
}

/* What a driver gives a transaction number: single writes to documents named one by one. */
static bool is_retryable(const struct sim_store *store, const struct mig_call *call)
{
    const char *verb = verb_of(call->command);
    bson_t list, row;
    bson_iter_t each;
    if (!call->write || call->txn || call->no_concern || store->process->world->model.profile->standalone)
        return false;
    if (strcmp(verb, "findAndModify") == 0 || strcmp(verb, "insert") == 0)
        return true;
    bool update = strcmp(verb, "update") == 0;
    if ((!update && strcmp(verb, "delete") != 0) ||
        !mig_doc_sub(call->command, update ? "updates" : "deletes", &list) || !bson_iter_init(&each, &list))
        return false;
    while (bson_iter_next(&each)) {
        if (mig_iter_sub(&each, &row) &&
            (update ? mig_doc_bool(&row, "multi", false) : mig_doc_int(&row, "limit", 0) != 1))
            return false;
    }
    return true;
}

static void build(const struct sim_store *store, const struct mig_call *call, struct sim_request *ret)
{
    bool standalone = store->process->world->model.profile->standalone;
    bson_copy_to(call->command, &ret->command);
    if (call->max_time_ms > 0 && !bson_has_field(&ret->command, "maxTimeMS"))
        BSON_APPEND_INT64(&ret->command, "maxTimeMS", call->max_time_ms);
    snprintf(ret->app, sizeof ret->app, "%s", store->app);
    ret->process = store->process->id;
    ret->read_majority = !call->write && !call->no_concern && !call->txn && !standalone;
    ret->write_majority = call->write && !call->no_concern && !call->txn;
    ret->after_ts = ret->read_majority ? store->seen_ts : 0;
}

/* A command that no fence stops, and that a stopped process would send after its lease: see README.md. */
static bool is_unfenced(const struct mig_call *call)
{
    bson_iter_t first;
    if (!call->write || call->txn)
        return false;
    bool named =
        bson_iter_init(&first, call->command) && bson_iter_next(&first) && BSON_ITER_HOLDS_UTF8(&first);
    return !named || strncmp(bson_iter_utf8(&first, NULL), "migtui_", 7) != 0;
}

static void remember(struct sim_store *store, const struct mig_reply *reply)
{
    int64_t ts = mig_doc_int(&reply->body, "operationTime", 0);
    if (reply->outcome == MIG_OUTCOME_OK && !mig_doc_has(&reply->body, "writeConcernError") &&
        ts > store->seen_ts)
        store->seen_ts = ts;
}

static void command(struct mig_store *base, const struct mig_call *call, struct mig_reply *ret)
{
    struct sim_store *store = store_of(base);
    struct sim_request request = { 0 };
    struct mig_host *host = &store->process->host;
    bson_t *body;
    sim_process_point(store->process, is_unfenced(call) ? UNFENCED_US : INT64_MAX);
    *ret = (struct mig_reply){ .sent_ms = host->ops->mono_ms(host) };
    if (store->cancelled) {
        judge(store, HEARD_UNSENT, NULL, ret);
        return;
    }
    build(store, call, &request);
    request.retryable = is_retryable(store, call);
    struct session session = { 0 };
    if (call->txn) {
        request.in_txn = true;
        request.start_txn = !call->txn->started;
        call->txn->started = true;
        session = call->txn->session;
    } else if (request.retryable) {
        session = take_session(store);
        session.number++;
    }
    request.lsid = session.id;
    request.txn_number = session.number;
    int64_t least_ms = call->max_time_ms + 5000;
    int64_t silence_ms = call->silence_ms > 0   ? call->silence_ms
                         : call->long_running   ? -1
                         : least_ms > SOCKET_MS ? least_ms
                                                : SOCKET_MS;
    bool again = request.retryable || (!call->write && !call->txn);
    enum heard heard = converse(store, &request, silence_ms, again, &body);
    bson_destroy(&request.command);
    judge(store, heard, body, ret);
    if (call->txn && ret->outcome != MIG_OUTCOME_OK && ret->outcome != MIG_OUTCOME_REFUSED) {
        ret->labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
        call->txn->broken = true;
    }
    if (request.retryable && heard == HEARD_REPLY)
        give_session(store, session); /* one whose fate is not known is not used again */
    if (call->write && !call->txn)
        remember(store, ret);
    sim_process_point(store->process, INT64_MAX);
}

static bool query(struct mig_store *base, const struct mig_call *call, mig_document_fn each, void *context,
                  struct mig_error *err)
{
    struct mig_reply reply;
    bson_t batch, doc;
    bson_iter_t iter;
    size_t fed = 0;
    command(base, call, &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK;
    bool missing = reply.outcome == MIG_OUTCOME_REFUSED && mig_doc_int(&reply.body, "code", 0) == 26;
    if (!ok && !missing)
        *err = reply.error;
    if (ok && mig_doc_sub(&reply.body, "cursor.firstBatch", &batch) && bson_iter_init(&iter, &batch)) {
        while (ok && bson_iter_next(&iter)) {
            if (mig_iter_sub(&iter, &doc) && !each(&doc, context))
                break;
            if (bson_has_field(call->command, "batchSize"))
                ok = sim_process_more(store_of(base)->process, ++fed, err);
        }
    }
    mig_reply_done(&reply);
    return ok || missing;
}

/* ---- transactions ---- */
static bool txn_begin(struct mig_store *base, struct mig_txn **ret, struct mig_error *err)
{
    struct sim_store *store = store_of(base);
    if (store->cancelled)
        return mig_fail(err, MIG_ERR_CANCELLED, "stopped before anything was sent");
    if (store->process->world->model.profile->standalone)
        return mig_fail(err, MIG_ERR_SERVER, "this server has no transactions");
    if (!wait_for_server(store))
        return mig_fail(err, MIG_ERR_UNREACHABLE, "no server to talk to");
    *ret = mig_alloc(sizeof **ret);
    (*ret)->session = take_session(store);
    (*ret)->session.number++;
    (*ret)->lsid = BCON_NEW("id", BCON_INT64((int64_t)(*ret)->session.id));
    return true;
}

static void txn_free(struct sim_store *store, struct mig_txn *txn, bool clean)
{
    if (clean && !txn->broken)
        give_session(store, txn->session);
    bson_destroy(txn->lsid);
    free(txn);
}

static enum heard end_txn(struct sim_store *store, const struct mig_txn *txn, const char *verb, bool majority,
                          bson_t **ret)
{
    struct sim_request request = { .in_txn = true,
                                   .lsid = txn->session.id,
                                   .txn_number = txn->session.number,
                                   .process = store->process->id,
                                   .write_majority = majority };
    snprintf(request.app, sizeof request.app, "%s", store->app);
    bson_init(&request.command);
    BSON_APPEND_INT32(&request.command, verb, 1);
    enum heard heard = converse(store, &request, SOCKET_MS, true, ret);
    bson_destroy(&request.command);
    return heard;
}

static void txn_commit(struct mig_store *base, struct mig_txn *txn, struct mig_reply *ret)
{
    struct sim_store *store = store_of(base);
    struct mig_host *host = &store->process->host;
    bson_t *body = NULL;
    sim_process_point(store->process, INT64_MAX);
    *ret = (struct mig_reply){ .sent_ms = host->ops->mono_ms(host) };
    if (!txn->started) {
        bson_init(&ret->body);
        txn_free(store, txn, true);
        return;
    }
    enum heard heard =
        store->cancelled ? HEARD_UNSENT : end_txn(store, txn, "commitTransaction", true, &body);
    judge(store, heard, body, ret);
    remember(store, ret);
    if (ret->outcome == MIG_OUTCOME_NOT_SENT || ret->outcome == MIG_OUTCOME_UNKNOWN ||
        mig_doc_has(&ret->body, "writeConcernError") || (ret->labels & MIG_LABEL_RETRYABLE_WRITE) ||
        ret->error.server_code == 50)
        ret->labels |= MIG_LABEL_UNKNOWN_COMMIT;
    if (!(ret->labels & MIG_LABEL_UNKNOWN_COMMIT))
        txn_free(store, txn, ret->outcome == MIG_OUTCOME_OK);
    sim_process_point(store->process, INT64_MAX);
}

static void txn_abort(struct mig_store *base, struct mig_txn *txn)
{
    struct sim_store *store = store_of(base);
    bson_t *body = NULL;
    sim_process_point(store->process, INT64_MAX);
    if (txn->started && !store->cancelled)
        (void)end_txn(store, txn, "abortTransaction", false, &body);
    bool clean = body && mig_doc_bool(body, "ok", false);
    if (body)
        bson_destroy(body);
    txn_free(store, txn, clean || !txn->started);
}

static const bson_t *txn_session(struct mig_store *base, struct mig_txn *txn)
{
    (void)base;
    return txn->lsid;
}

/* ---- the rest ---- */
static void cancel(struct mig_store *base, bool on)
{
    struct sim_store *store = store_of(base);
    struct sim_world *world = store->process->world;
    store->cancelled = on;
    for (struct sim_call *call = world->calls; on && call; call = call->next) {
        if (call->store != base)
            continue;
        call->cancelled = true;
        call_wake(&world->sim, call);
    }
}

static int64_t round_trips(struct mig_store *base)
{
    return store_of(base)->round_trips;
}

static void close_store(struct mig_store *base)
{
    free(base);
}

static const struct mig_store_ops ops = {
    .command = command,
    .query = query,
    .txn_begin = txn_begin,
    .txn_commit = txn_commit,
    .txn_abort = txn_abort,
    .txn_session = txn_session,
    .cancel = cancel,
    .round_trips = round_trips,
    .close = close_store,
};

bool sim_store_open(struct sim_process *process, const char *run, struct mig_store **ret)
{
    struct sim_store *store = mig_alloc(sizeof *store);
    store->base = (struct mig_store){ .ops = &ops, .database = process->world->model.database };
    store->process = process;
    snprintf(store->app, sizeof store->app, "migtui%s%s", *run ? "-" : "", run);
    *ret = &store->base;
    return true;
}
