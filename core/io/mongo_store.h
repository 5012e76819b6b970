/* mongo_store.h - a mig_store (ports/store.h) that talks to a MongoDB server through libmongoc.
 *
 * What it adds to each command is what migtui's promises need, and nothing else: reads carry readConcern
 * majority (and wait for what this store last wrote, so that a read after a failover cannot miss it),
 * writes carry {w: majority, j: true, wtimeout: 10 s}, all go to the primary. A writeConcern or
 * readConcern that a command brings itself is kept. Writes are sent once; the exception is findAndModify
 * and commitTransaction, which the driver may send again with the same transaction number, so that the
 * server does them once. A read that broke is sent once more.
 *
 * One pool of connections for an environment, made by the first call. Calls from several threads run
 * beside each other, on a connection each. Short calls give up when the server is silent for
 * limits.socket_ms (or max_time_ms and five seconds, where that is more); long_running ones never, but
 * notice a dead peer by keep-alive in about two minutes.
 */
#ifndef MIG_IO_MONGO_STORE_H
#define MIG_IO_MONGO_STORE_H

#include "io/mongo_uri.h"
#include "ports/store.h"

struct io_mongo_options {
    const char *uri;      /* a secret: copied, zeroed on close, in no message */
    const char *database; /* NULL or "": the one in the connection string's path */
    const char *app_name; /* "migtui/0.1.0 <run-id>": how a takeover finds our operations */
    struct io_mongo_limits limits;
};

/* Check the options and make a store. Connects to nothing: the first call does. False: *err is
 * MIG_ERR_CONFIG, MIG_ERR_TLS (a file that cannot be read) or MIG_ERR_LIMIT. io_mongo_init must have run;
 * signals that others wait for must be blocked in the thread that makes the first call (see io/mongo.h).
 *
 * close: no call may be under way and no transaction open. Returns at once; the driver winds down beside
 * (see io_mongo_cleanup). */
bool io_mongo_open(const struct io_mongo_options *options, struct mig_store **ret, struct mig_error *err)
    MIG_MUST_CHECK;

/* What of the connection string was overruled or has no effect, "" for nothing; lives as long as the
 * store. */
const char *io_mongo_raised(const struct mig_store *store);

/* The connection string without secrets; lives as long as the store. */
const char *io_mongo_redacted(const struct mig_store *store);

#endif
