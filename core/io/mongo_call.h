/* mongo_call.h - inside of the MongoDB store, shared by mongo_store.c, mongo_call.c, mongo_query.c and
 * mongo_txn.c. */
#ifndef MIG_IO_MONGO_CALL_H
#define MIG_IO_MONGO_CALL_H

#include <pthread.h>

#include "io/mongo_pool.h"
#include "io/mongo_store.h"

struct io_mongo_store {
    struct mig_store base;
    struct io_mongo_uri target;
    char *database;

    pthread_mutex_t
        opening; /* one thread at a time makes the pool, which may resolve names; taken before lock */
    pthread_mutex_t lock; /* all below */
    struct io_pool *pool;
    size_t users; /* of pool */
    bool cancelled;
    int64_t commands;        /* of former pools */
    uint32_t seen_t, seen_i; /* operationTime of our latest majority-acknowledged write; 0: none */
};

struct mig_txn {
    struct io_lane *lane;
    mongoc_client_session_t *session;
};

static inline struct io_mongo_store *io_mongo(struct mig_store *base)
{
    return (struct io_mongo_store *)base;
}

/* A lane to make calls on, or NULL with *err. Each take needs a give. */
struct io_lane *io_mongo_take(struct io_mongo_store *store, struct mig_error *err);
void io_mongo_give(struct io_mongo_store *store, struct io_lane *lane);

/* Wait for a server that takes writes, at most limits.select_ms. False: *err tells what is there instead.
 * *ret_standalone (may be NULL): it is no member of a set. Within a call on the lane. */
bool io_mongo_wait_for_server(struct io_mongo_store *store, struct io_lane *lane, bool *ret_standalone,
                              struct mig_error *err);

/* Carry out one command on a lane, within a call. session: NULL or the session to use; server_id: 0 or the
 * one server that can answer (getMore). ret->body is initialised always. */
void io_mongo_run(struct io_mongo_store *store, struct io_lane *lane, const struct mig_call *call,
                  mongoc_client_session_t *session, uint32_t server_id, struct mig_reply *ret);

/* The longest silence a call allows, as io_pool_begin takes it. */
int64_t io_mongo_socket_ms(const struct io_mongo_store *store, const struct mig_call *call);

/* Remember how far this store has written, for later reads. */
void io_mongo_remember(struct io_mongo_store *store, const bson_t *body);

/* A reply for a call that never began: NOT_SENT with err. */
void io_mongo_not_sent(struct mig_reply *ret, const struct mig_error *err);

/* The operations of ports/store.h. */
void io_mongo_command(struct mig_store *base, const struct mig_call *call, struct mig_reply *ret);
bool io_mongo_query(struct mig_store *base, const struct mig_call *call, mig_document_fn each, void *context,
                    struct mig_error *err);
bool io_mongo_txn_begin(struct mig_store *base, struct mig_txn **ret, struct mig_error *err);
const bson_t *io_mongo_txn_session(struct mig_store *base, struct mig_txn *txn);
void io_mongo_txn_commit(struct mig_store *base, struct mig_txn *txn, struct mig_reply *ret);
void io_mongo_txn_abort(struct mig_store *base, struct mig_txn *txn);

#endif
