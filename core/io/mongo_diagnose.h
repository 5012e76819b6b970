/* mongo_diagnose.h - no server could be selected: what is at those addresses?
 *
 * The driver says "No suitable servers found" for a dead host, a wrong replica set, a refused TLS
 * handshake and an election alike. This asks each host of the connection string once, without credentials,
 * and puts the answer in one line.
 */
#ifndef MIG_IO_MONGO_DIAGNOSE_H
#define MIG_IO_MONGO_DIAGNOSE_H

#include "base/err.h"
#include "io/mongo_lane.h"
#include "io/mongo_uri.h"

/* Fill err (code UNREACHABLE, TLS or WRONG_SERVER, with hint). words: what the driver said, used where the
 * hosts are not known (mongodb+srv). lane: lent for the connections, so that a cancel ends them too. Takes
 * at most two seconds, besides name resolution. Always returns false. */
bool io_mongo_diagnose(const struct io_mongo_uri *target, struct io_lane *lane, const char *words,
                       struct mig_error *err);

#endif
