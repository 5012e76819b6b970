/* mongo_txn.c - a transaction: one lane and one session from begin to its end. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/clock.h"
#include "io/mongo_call.h"
#include "io/mongo_error.h"

#define WTIMEOUT_MS 10000

static mongoc_transaction_opt_t *transaction_opts(void)
{
    mongoc_transaction_opt_t *opts = mongoc.transaction_opts_new();
    mongoc_read_concern_t *snapshot = mongoc.read_concern_new();
    mongoc.read_concern_set_level(snapshot, MONGOC_READ_CONCERN_LEVEL_SNAPSHOT);
    mongoc.transaction_opts_set_read_concern(opts, snapshot);
    mongoc.read_concern_destroy(snapshot);
    mongoc_write_concern_t *majority = mongoc.write_concern_new();
    mongoc.write_concern_set_wmajority(majority, WTIMEOUT_MS);
    mongoc.write_concern_set_journal(majority, true);
    mongoc.transaction_opts_set_write_concern(opts, majority);
    mongoc.write_concern_destroy(majority);
    mongoc_read_prefs_t *primary = mongoc.read_prefs_new(MONGOC_READ_PRIMARY);
    mongoc.transaction_opts_set_read_prefs(opts, primary);
    mongoc.read_prefs_destroy(primary);
    return opts;
}

/* A session in a transaction, or NULL. Sends nothing. */
static mongoc_client_session_t *start(struct io_mongo_store *store, struct io_lane *lane,
                                      struct mig_error *err)
{
    bool standalone = false;
    if (!io_mongo_wait_for_server(store, lane, &standalone, err))
        return NULL;
    if (standalone) {
        mig_fail(err, MIG_ERR_SERVER, "this server has no transactions: it is no member of a replica set");
        err->server_code = 20;
        return NULL;
    }
    bson_error_t error = { 0 };
    mongoc_client_session_t *session = mongoc.client_start_session(lane->client, NULL, &error);
    mongoc_transaction_opt_t *opts = transaction_opts();
    if (session) {
        /* Its snapshot shall hold what this store wrote before, also on a new primary. */
        pthread_mutex_lock(&store->lock);
        if (store->seen_t)
            mongoc.client_session_advance_operation_time(session, store->seen_t, store->seen_i);
        pthread_mutex_unlock(&store->lock);
    }
    if (!session || !mongoc.client_session_start_transaction(session, opts, &error)) {
        io_mongo_fail_unsent(lane, &error, err);
        mongoc.client_session_destroy(session);
        session = NULL;
    }
    mongoc.transaction_opts_destroy(opts);
    return session;
}

bool io_mongo_txn_begin(struct mig_store *base, struct mig_txn **ret, struct mig_error *err)
{
    struct io_mongo_store *store = io_mongo(base);
    struct mig_error local;
    if (!err)
        err = &local;
    *ret = NULL;
    struct io_lane *lane = io_mongo_take(store, err);
    if (!lane)
        return false;
    mongoc_client_session_t *session = NULL;
    if (io_pool_begin(store->pool, lane, store->target.limits.socket_ms))
        session = start(store, lane, err);
    else
        mig_fail(err, MIG_ERR_CANCELLED, "stopped before anything was sent");
    io_pool_end(store->pool, lane);
    if (!session) {
        io_mongo_give(store, lane);
        return false;
    }
    *ret = mig_alloc(sizeof **ret);
    **ret = (struct mig_txn){ .lane = lane, .session = session };
    return true;
}

const bson_t *io_mongo_txn_session(struct mig_store *base, struct mig_txn *txn)
{
    (void)base;
    return mongoc.client_session_get_lsid(txn->session);
}

/* Frees; aborts on the server what is still open there. Within a call on the lane. */
static void finish(struct io_mongo_store *store, struct mig_txn *txn)
{
    mongoc.client_session_destroy(txn->session);
    io_pool_end(store->pool, txn->lane);
    io_mongo_give(store, txn->lane);
    free(txn);
}

void io_mongo_txn_commit(struct mig_store *base, struct mig_txn *txn, struct mig_reply *ret)
{
    struct io_mongo_store *store = io_mongo(base);
    struct mig_error err = { 0 };
    bool may_send = io_pool_begin(store->pool, txn->lane, store->target.limits.socket_ms);
    if (!may_send)
        mig_fail(&err, MIG_ERR_CANCELLED, "stopped before the commit was sent");
    if (!may_send || !io_mongo_wait_for_server(store, txn->lane, NULL, &err)) {
        io_mongo_not_sent(ret, &err);
    } else {
        *ret = (struct mig_reply){ .sent_ms = io_boottime_ms() };
        bson_error_t error = { 0 };
        bool ok = mongoc.client_session_commit_transaction(txn->session, &ret->body, &error);
        io_mongo_judge(txn->lane, "commitTransaction", ok, &error, ret);
        ret->sent_ms = txn->lane->started_ms ? txn->lane->started_ms : ret->sent_ms;
        ret->took_ms = io_boottime_ms() - ret->sent_ms;
        if (ret->outcome == MIG_OUTCOME_OK)
            io_mongo_remember(store, &ret->body);
    }
    /* Nothing is lost yet when it was not sent: it may be, later. */
    if (ret->outcome == MIG_OUTCOME_NOT_SENT || ret->outcome == MIG_OUTCOME_UNKNOWN)
        ret->labels |= MIG_LABEL_UNKNOWN_COMMIT;
    if (ret->labels & MIG_LABEL_UNKNOWN_COMMIT)
        io_pool_end(store->pool, txn->lane);
    else
        finish(store, txn);
}

void io_mongo_txn_abort(struct mig_store *base, struct mig_txn *txn)
{
    struct io_mongo_store *store = io_mongo(base);
    struct mig_error ignored;
    bool may_send = io_pool_begin(store->pool, txn->lane, store->target.limits.socket_ms);
    /* After a connection broke, the driver knows no server for a moment, and would abort on its side only: what the
     * transaction wrote then stays locked on the server for a minute. When cancelled, the sending fails at once. */
    if (may_send && mongoc.client_session_in_transaction(txn->session))
        (void)io_mongo_wait_for_server(store, txn->lane, NULL, &ignored);
    finish(store, txn);
}
