/* store.h - one environment's database, as the engine sees it: a place that takes commands and answers.
 *
 * The port is deliberately low: what the engine sends is MongoDB's own commands, and what it gets back is the server's
 * own reply, so that everything that makes a run safe (lock, fence, intents, probes, reply checks) is in core/app
 * and core/engine, and is the same whether core/io talks to a server or the simulator plays one.
 *
 * A store is used by one thread at a time per call, and calls may be made from several threads at once.
 * Implementations: core/io/mongo_store.c (libmongoc, pools); tests/sim (model server).
 */
#ifndef MIG_PORTS_STORE_H
#define MIG_PORTS_STORE_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What is known about a command once the call is over. */
enum mig_outcome {
    MIG_OUTCOME_OK, /* a reply with ok:1 came; writeErrors and writeConcernError are still the caller's to read */
    MIG_OUTCOME_REFUSED, /* a reply with ok:0 came: the server says it did not do it (see the error labels) */
    MIG_OUTCOME_NOT_SENT, /* no server could be selected, or the client refused: nothing left this process */
    MIG_OUTCOME_UNKNOWN, /* sent, and no reply came (broken, timed out, cancelled): it may or may not have run */
};

/* Error labels that drive retries, read from the reply or the driver. */
enum {
    MIG_LABEL_TRANSIENT_TRANSACTION = 1, /* run the whole transaction again */
    MIG_LABEL_UNKNOWN_COMMIT = 2,        /* only the commit may be sent again */
    MIG_LABEL_RETRYABLE_WRITE = 4,
};

/* One command. command and db are borrowed for the call. */
/* Large replies in turn: one that grows beyond `from` bytes is received on only between begin and end, both called on the
 * calling thread with ctx, begin in the midst of receiving. A begin that blocks holds the rest of the reply with the server,
 * so that callers who share a lock there have at most one large reply in memory. end follows when the reply is freed, also
 * when the call failed. begin must return soon when the store is cancelled. */
struct mig_large {
    uint64_t from;
    void (*begin)(void *ctx);
    void (*end)(void *ctx);
    void *ctx;
};

struct mig_call {
    const char *db; /* NULL: the environment's database; "admin" for server-wide commands */
    const bson_t
        *command; /* without lsid, $db, readConcern of the pool; maxTimeMS is added from max_time_ms */
    bool write;   /* false: a read (majority read concern, primary; retried once by the driver) */
    bool
        long_running; /* no socket timeout: index builds, large updates; cancellable only by mig_store.cancel */
    bool
        no_concern; /* send neither readConcern nor writeConcern (commands that take none, as hello and currentOp) */
    int64_t max_time_ms; /* 0: none is sent */
    int64_t
        silence_ms; /* give up (UNKNOWN) when nothing came for so long; 0: the implementation's own limit */
    struct mig_txn *txn; /* NULL: outside any transaction */

    /* For query only. opened: called once, before any document, with what the server said of the cursor ({id, ns,
     * atClusterTime, …}) and query's context; false ends the query as failed, with *err. batch_bytes: later batches shall be
     * of about so many bytes, as far as a number of documents can tell; 0: as the command's batchSize says. */
    bool (*opened)(const bson_t *cursor, void *context, struct mig_error *err);
    int64_t batch_bytes;
    const struct mig_large *large; /* query only; NULL: replies of any size come as they come */

    /* For query of a cursor that has no end (a change stream): the server waits await_ms for something new before it answers
     * with nothing, upon which idle is called; false ends the query as done. NULL: cursors end. */
    bool (*idle)(void *context);
    int64_t await_ms;
};

/* What came back. reply is always initialised by the call, may be empty, and must be destroyed by the caller. */
struct mig_reply {
    enum mig_outcome outcome;
    unsigned labels; /* MIG_LABEL_… */
    int64_t sent_ms; /* monotonic, right before sending */
    int64_t took_ms; /* until the reply or the failure */
    bson_t body;
    struct mig_error error; /* set unless outcome is OK: the server's or the driver's words, with hint */
};

static inline void mig_reply_done(struct mig_reply *reply)
{
    bson_destroy(&reply->body);
}

/* An open transaction, bound to one server session. Owned by who began it until commit or abort frees it. */
struct mig_txn;

/* Called for each document of a cursor; the document is borrowed. Return false to stop early. */
typedef bool (*mig_document_fn)(const bson_t *document, void *context);

struct mig_store;

struct mig_store_ops {
    /* Send one command and wait for its reply. Never fails in another way than reply->outcome says. Does not interpret
     * writeErrors or writeConcernError. Side effects: the command's. */
    void (*command)(struct mig_store *store, const struct mig_call *call, struct mig_reply *ret);

    /* Run a command that answers with a cursor (find, aggregate, listCollections, listIndexes) and feed every document,
     * fetching further batches. A missing collection (code 26) is no documents, not an error.
     * False: *err says why; some documents may have been fed. */
    bool (*query)(struct mig_store *store, const struct mig_call *call, mig_document_fn each, void *context,
                  struct mig_error *err);

    /* Open a transaction with snapshot reads and majority writes. False where there are none. */
    bool (*txn_begin)(struct mig_store *store, struct mig_txn **ret, struct mig_error *err);
    /* End it. Both consume the transaction when they return; commit with UNKNOWN or label UNKNOWN_COMMIT keeps it, so that
     * commit can be called again or abort gives it up. ret->body as of the server. */
    void (*txn_commit)(struct mig_store *store, struct mig_txn *txn, struct mig_reply *ret);
    void (*txn_abort)(struct mig_store *store, struct mig_txn *txn);
    /* The session's id (lsid) of an open transaction, borrowed until it ends: what a takeover kills it by. */
    const bson_t *(*txn_session)(struct mig_store *store, struct mig_txn *txn);

    /* From any thread: make calls that are waiting return UNKNOWN within milliseconds, and further ones fail
     * NOT_SENT, until cancel(store, false). */
    void (*cancel)(struct mig_store *store, bool on);

    /* Commands sent so far (handshakes and monitoring excluded), for bench/ and tests. */
    int64_t (*round_trips)(struct mig_store *store);

    void (*close)(struct mig_store *store);
};

struct mig_store {
    const struct mig_store_ops *ops;
    const char *database; /* the environment's database, owned by the implementation */
};

#endif
