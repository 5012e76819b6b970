/* audit.h - the audit of an environment: who did or tried what, in a chain that shows every edit.
 *
 * Entries are in <prefix>audit (docs/reference/audit.md); the chain's rule is engine/audit_chain.h. Each entry's digest is
 * also appended to a file of this host (<state_dir>/audit/<uuid>.jsonl) and sent to syslog: these anchors show when entries
 * were cut off at the end, which no chain can show of itself.
 */
#ifndef MIG_APP_AUDIT_H
#define MIG_APP_AUDIT_H

#include "app/history.h"
#include "app/person.h"
#include "engine/audit_chain.h"

/* What came of an act. */
#define MIG_AUDIT_OUTCOME_TABLE(X) \
    X(MIG_AUDIT_SUCCESS, "success") \
    X(MIG_AUDIT_FAILURE, "failure") \
    X(MIG_AUDIT_REFUSED, "refused")     /* a rule of migtui stood against it */ \
    X(MIG_AUDIT_CANCELLED, "cancelled") /* the operator said no, or stopped it */ \
    X(MIG_AUDIT_UNKNOWN, "unknown")     /* the server was lost, or another run took over */

enum mig_audit_outcome {
#define X(id, word) id,
    MIG_AUDIT_OUTCOME_TABLE(X)
#undef X
        MIG_AUDIT_OUTCOMES
};
const char *mig_audit_outcome_word(enum mig_audit_outcome outcome);

/* How an act that failed with this error is told: refused, cancelled, unknown or failure. */
enum mig_audit_outcome mig_audit_outcome_of(const struct mig_error *err);

/* An open end of one environment's chain. Cheap to keep during a run; not for several threads at once. */
struct mig_audit {
    struct mig_app *app;
    const struct cfg_environment *env;
    struct mig_store *store; /* borrowed */
    struct mig_names names;
    char uuid[MIG_UUID_SIZE];
    struct mig_person who;
    int64_t server_ms, mono_ms; /* the server's clock, and ours, at one moment */
    bool head_known;
    int64_t seq; /* of the newest entry known */
    char digest[MIG_SHA256_HEX];
    char warning[300]; /* an anchor that could not be written; "" */
};

/* One act. All texts borrowed; NULL or "": left out. */
struct mig_audit_act {
    const char *action; /* apply.start, request, approve, …: docs/reference/audit.md */
    enum mig_audit_outcome outcome;
    const char *plan, *run, *request, *reason, *ticket, *version;
    const struct mig_error *error;
    const bson_t *more; /* further members of the body, or NULL */
};

/* Begin: one round trip for the database user. skew_ms: the server's clock minus this host's, as last measured. */
bool mig_audit_begin(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                     const char *uuid, int64_t skew_ms, struct mig_audit *ret, struct mig_error *err)
    MIG_MUST_CHECK;

/* Append one entry: one round trip for the head when it is not known yet, and one for the entry (more when others append at the
 * same time). Majority-acknowledged; a lost reply is resolved by looking. The anchors follow; when this host's file cannot be
 * written, audit->warning says so and the entry stands. */
bool mig_audit_append(struct mig_audit *audit, const struct mig_audit_act *act, struct mig_error *err)
    MIG_MUST_CHECK;

/* For acts that were refused or cancelled before they had a connection of their own: opens one, appends, closes. Nothing is
 * written to a database that migtui never saw. False: *err says why it is not on record. */
bool mig_audit_note(struct mig_app *app, const struct cfg_environment *env, const struct mig_audit_act *act,
                    struct mig_error *err) MIG_MUST_CHECK;

/* True when an act that ended with this error is worth an entry: not for a mistyped command or a server out of reach. */
bool mig_audit_wants(const struct mig_error *err);

/* ---- reading ---- */

/* Newest first, at most limit: each {seq, at, environment, action, outcome, actor…, digest} as stored, with ISO time under "startedAt". */
bool mig_audit_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                    bool (*each)(const bson_t *entry, void *ctx), void *ctx, struct mig_error *err);

/* Every entry as it is stored, oldest first: what export writes and verify reads. */
bool mig_audit_each(struct mig_app *app, const struct cfg_environment *env, mig_document_fn each, void *ctx,
                    struct mig_error *err);

/* What verifying found. */
struct mig_audit_report {
    bool whole;      /* the chain holds, and every anchor agrees */
    bool chain_ok;   /* the chain alone */
    int64_t entries; /* walked without fault */
    char head[MIG_SHA256_HEX];
    char uuid[MIG_UUID_SIZE];
    bool anchored;         /* there was an anchor to compare with */
    int64_t anchors;       /* anchors compared */
    int64_t newest_anchor; /* seq of the newest of them */
    char fault[400];       /* what is wrong; "" */
};

/* Verify what is in the database: the chain, then what the anchors of this host have of it and, when anchor_path is not NULL,
 * that file's. False: something could not be read. Memory: 64 bytes an entry. */
bool mig_audit_verify(struct mig_app *app, const struct cfg_environment *env, const char *anchor_path,
                      struct mig_audit_report *ret, struct mig_error *err);

/* The same of an export (JSON lines, canonical Extended JSON), without any server. */
bool mig_audit_verify_file(struct mig_host *host, const char *path, const char *anchor_path,
                           struct mig_audit_report *ret, struct mig_error *err);

/* This host's anchor file for an environment; "" when uuid is none, as somebody with rights on the database may have made it. */
void mig_audit_anchor_path(const struct mig_host *host, const char *uuid, char *ret, size_t size);

#endif
