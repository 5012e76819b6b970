/* mongo_query.c - a cursor followed to its end on the server that opened it. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "io/mongo_call.h"

#define NAMESPACE_NOT_FOUND 26

/* A cursor under way. */
struct query {
    struct io_mongo_store *store;
    struct io_lane *lane;
    const struct mig_call *call;
    mongoc_client_session_t *session; /* NULL where the server has none */
    mig_document_fn each;
    void *context;
    bool stopped; /* each wants no more */

    int64_t cursor;
    char *db; /* of the cursor's namespace; points to one allocation, split at the first dot */
    const char *collection;
    uint32_t server_id;

    int64_t batch_documents, batch_bytes; /* of the last batch that was fed */
};

/* Feed one batch and note the cursor for the next. */
static bool feed(struct query *q, const bson_t *body, const char *batch_path, struct mig_error *err)
{
    bson_t batch;
    if (!mig_doc_sub(body, batch_path, &batch))
        return mig_fail(err, MIG_ERR_SERVER, "the server answered without a cursor");
    q->cursor = mig_doc_int(body, "cursor.id", 0);
    if (q->cursor && !q->db) {
        q->db = mig_strdup(mig_doc_str(body, "cursor.ns", ""));
        char *dot = strchr(q->db, '.');
        if (!dot)
            return mig_fail(err, MIG_ERR_SERVER, "the server answered with a cursor of no collection");
        *dot = '\0';
        q->collection = dot + 1;
        q->server_id = q->lane->server_id;
    }
    bson_iter_t it;
    bson_iter_init(&it, &batch);
    q->batch_documents = 0;
    q->batch_bytes = batch.len;
    while (!q->stopped && bson_iter_next(&it)) {
        bson_t doc;
        if (!mig_iter_sub(&it, &doc)) /* passed over, it would pass for absent */
            return mig_fail(err, MIG_ERR_SERVER,
                            "the server answered with a batch that is no list of documents");
        q->stopped = !q->each(&doc, q->context);
        q->batch_documents++;
    }
    return true;
}

static bool tell_opened(struct query *q, const bson_t *body, struct mig_error *err)
{
    bson_t cursor;
    if (!q->call->opened)
        return true;
    if (!mig_doc_sub(body, "cursor", &cursor))
        return mig_fail(err, MIG_ERR_SERVER, "the server answered without a cursor");
    return q->call->opened(&cursor, q->context, err);
}

#define BATCH_DOCUMENTS_MAX 100000

/* The size the command asked for holds for every batch, unless it shall follow from the documents' own size. */
static void append_batch_size(const struct query *q, bson_t *more)
{
    const bson_t *command = q->call->command;
    int64_t size = mig_doc_int(command, "batchSize", mig_doc_int(command, "cursor.batchSize", 0));
    if (q->call->batch_bytes > 0 && q->batch_documents > 0) {
        int64_t each = q->batch_bytes / q->batch_documents;
        size = q->call->batch_bytes / (each > 0 ? each : 1);
        size = size < 1 ? 1 : size > BATCH_DOCUMENTS_MAX ? BATCH_DOCUMENTS_MAX : size;
    }
    if (size > 0)
        BSON_APPEND_INT64(more, "batchSize", size);
}

/* A reply and what it took are gone: the next large one may come. */
static void forget(struct query *q, struct mig_reply *reply)
{
    mig_reply_done(reply);
    if (q->lane->in_turn)
        q->call->large->end(q->call->large->ctx);
    q->lane->in_turn = false;
}

static bool fetch(struct query *q, struct mig_error *err)
{
    MIG_AUTODOC bson_t more = BSON_INITIALIZER;
    BSON_APPEND_INT64(&more, "getMore", q->cursor);
    BSON_APPEND_UTF8(&more, "collection", q->collection);
    append_batch_size(q, &more);
    struct mig_call call = { .db = q->db, .command = &more, .no_concern = true, .txn = q->call->txn };
    struct mig_reply reply;
    call.max_time_ms = q->call->idle ? q->call->await_ms : 0; /* its meaning with such a cursor */
    io_mongo_run(q->store, q->lane, &call, q->session, q->server_id, &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK && feed(q, &reply.body, "cursor.nextBatch", &reply.error);
    if (!ok && err)
        *err = reply.error;
    forget(q, &reply);
    if (ok && q->batch_documents == 0 && q->call->idle)
        q->stopped = !q->call->idle(q->context);
    return ok;
}

/* Do not leave a cursor behind on the server; nothing depends on whether it works. */
static void kill_cursor(struct query *q)
{
    MIG_AUTODOC bson_t kill = BSON_INITIALIZER;
    bson_t cursors;
    BSON_APPEND_UTF8(&kill, "killCursors", q->collection);
    BSON_APPEND_ARRAY_BEGIN(&kill, "cursors", &cursors);
    BSON_APPEND_INT64(&cursors, "0", q->cursor);
    bson_append_array_end(&kill, &cursors);
    struct mig_call call = { .db = q->db, .command = &kill, .no_concern = true, .txn = q->call->txn };
    struct mig_reply reply;
    io_mongo_run(q->store, q->lane, &call, q->session, q->server_id, &reply);
    mig_reply_done(&reply);
}

static bool follow(struct query *q, struct mig_error *err)
{
    struct mig_reply reply;
    io_mongo_run(q->store, q->lane, q->call, q->session, 0, &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK;
    bool missing =
        reply.outcome == MIG_OUTCOME_REFUSED && mig_doc_int(&reply.body, "code", 0) == NAMESPACE_NOT_FOUND;
    if (ok)
        ok = tell_opened(q, &reply.body, &reply.error) &&
             feed(q, &reply.body, "cursor.firstBatch", &reply.error);
    if (!ok && !missing && err)
        *err = reply.error;
    forget(q, &reply);
    if (!ok)
        return missing;

    while (ok && q->cursor && !q->stopped)
        ok = fetch(q, err);
    if (ok && q->cursor)
        kill_cursor(q);
    return ok;
}

/* getMore must carry the session of the command that opened the cursor. */
static mongoc_client_session_t *start_session(struct io_lane *lane)
{
    mongoc_session_opt_t *opts = mongoc.session_opts_new();
    mongoc.session_opts_set_causal_consistency(opts, false);
    bson_error_t ignored;
    mongoc_client_session_t *session = mongoc.client_start_session(lane->client, opts, &ignored);
    mongoc.session_opts_destroy(opts);
    return session;
}

bool io_mongo_query(struct mig_store *base, const struct mig_call *call, mig_document_fn each, void *context,
                    struct mig_error *err)
{
    struct io_mongo_store *store = io_mongo(base);
    struct query q = { .store = store, .call = call, .each = each, .context = context };
    q.lane = call->txn ? call->txn->lane : io_mongo_take(store, err);
    if (!q.lane)
        return false;
    bool ok = io_pool_begin(store->pool, q.lane, io_mongo_socket_ms(store, call));
    q.lane->large = call->large;
    if (!ok) {
        mig_fail(err, MIG_ERR_CANCELLED, "stopped before anything was sent");
    } else if (call->txn) {
        q.session = call->txn->session;
        ok = follow(&q, err);
    } else if ((ok = io_mongo_wait_for_server(store, q.lane, NULL, err))) {
        q.session = start_session(q.lane);
        ok = follow(&q, err);
        mongoc.client_session_destroy(q.session);
    }
    free(q.db);
    q.lane->large = NULL;
    io_pool_end(store->pool, q.lane);
    if (!call->txn)
        io_mongo_give(store, q.lane);
    return ok;
}
