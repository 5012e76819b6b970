/* audit_chain.h - the audit's hash chain: what an entry's digest covers, and whether a list of entries is whole. Pure.
 *
 * An entry is {_id: seq, at, uuid, prev, body, digest}; digest = SHA-256 of the BSON bytes of {seq: int64, at: date,
 * uuid: string, prev: string, body: document}, in that order; prev is the digest of the entry before, 64 zeros for seq 1.
 * So whatever is edited, left out, put in or moved breaks the chain from there on; what is cut off at the end does not, and shows
 * only against an anchor kept elsewhere (docs/reference/audit.md).
 */
#ifndef MIG_ENGINE_AUDIT_CHAIN_H
#define MIG_ENGINE_AUDIT_CHAIN_H

#include <bson/bson.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/id.h"

#define MIG_AUDIT_GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

/* seq from 1; at: server's wall clock, ms. */
void mig_audit_digest(int64_t seq, int64_t at, const char *uuid, const char *prev, const bson_t *body,
                      char ret[static MIG_SHA256_HEX]);

/* A chain as it is walked from its first entry; zero it before. */
struct mig_audit_walk {
    int64_t seq;                 /* of the last entry seen */
    char digest[MIG_SHA256_HEX]; /* its digest; "" before the first */
    char uuid[MIG_UUID_SIZE];    /* of the environment, as the first entry says */
};

/* Take the next entry, a document as it is in the database. False: *err (MIG_ERR_INTEGRITY) says which entry is wrong
 * and how. Entries must come in the order of seq. */
bool mig_audit_walk(struct mig_audit_walk *walk, const bson_t *entry, struct mig_error *err);

#endif
