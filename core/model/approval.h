/* approval.h - a request to run one plan on one environment, and what people decided about it. Plain data.
 *
 * One document of <prefix>approvals (docs/reference/on-database.md). Whoever may write to the database may write such a document, so
 * nothing in it is believed for what it says: engine/approval.h counts, and with signed policies only what a verified
 * signature covers.
 */
#ifndef MIG_MODEL_APPROVAL_H
#define MIG_MODEL_APPROVAL_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/id.h"
#include "model/person.h"

#define MIG_DECISIONS_MAX 100 /* more of one request are not read */

/* run: may this plan run? glass: a run that went without approval, open until two people have closed it. */
enum mig_request_kind { MIG_REQUEST_RUN, MIG_REQUEST_GLASS };

#define MIG_REQUEST_STATE_TABLE(X) \
    X(MIG_REQUEST_OPEN, "open") \
    X(MIG_REQUEST_USED, "used") \
    X(MIG_REQUEST_REJECTED, "rejected") \
    X(MIG_REQUEST_WITHDRAWN, "withdrawn") \
    X(MIG_REQUEST_EXPIRED, \
      "expired")                    /* noted when the next request is made; the clock decides before that */ \
    X(MIG_REQUEST_CLOSED, "closed") /* of glass */

enum mig_request_state {
#define X(id, word) id,
    MIG_REQUEST_STATE_TABLE(X)
#undef X
        MIG_REQUEST_STATES
};
const char *mig_request_state_word(enum mig_request_state state);

struct mig_decision {
    char id[MIG_ULID_SIZE];
    char word[16]; /* request, approve, reject, close */
    struct mig_person who;
    char *comment;
    int64_t at;      /* server's clock, ms */
    char *signature; /* armoured SSH signature, or NULL */
    bool proven;     /* its signature was verified against allowed_signers, or none is asked for */
    bool counts;     /* set by mig_request_judge */
    char why_not[240];
};

struct mig_request {
    char id[MIG_ULID_SIZE];
    enum mig_request_kind kind;
    enum mig_request_state state;
    char environment[64];
    char environment_uuid[MIG_UUID_SIZE];
    char plan_id[MIG_SHA256_HEX];
    char head[MIG_SHA256_HEX];    /* history head of the plan */
    char policy[MIG_SHA256_HEX];  /* digest of the policy as the requester had it */
    char signers[MIG_SHA256_HEX]; /* digest of allowed_signers then; "" when nothing is signed */
    char nonce[MIG_SHA256_HEX];
    char server_version[32];
    char direction[8];
    int64_t migrations;
    char *reason;
    char *ticket;
    struct mig_decision requested; /* by whom, signed as decisions are */
    int64_t created_at, expires_at, used_at;
    char used_by[MIG_ULID_SIZE]; /* the run; of glass the run that broke it */
    int64_t rev;                 /* raised by each write */
    struct mig_decision *decisions;
    size_t decision_count;
    bson_t *plan; /* the plan document, to say what moved; NULL when it was not read */
};

/* What is absent or of another type is empty; texts are made safe for display. */
void mig_request_decode(const bson_t *doc, struct mig_request *ret);
void mig_request_done(struct mig_request *request);

/* {id, decision, by, comment, at, signature} */
void mig_decision_append(bson_t *doc, const struct mig_decision *decision);

#endif
