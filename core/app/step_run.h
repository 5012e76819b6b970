/* step_run.h - one step carried out on a store: pre-state, execution, probe.
 *
 * Knows the kinds through engine/steps.h; knows nothing of history, lock or runs. Side effects on the
 * database: exactly the step's. Blocks; called by the runner's thread.
 */
#ifndef MIG_APP_STEP_RUN_H
#define MIG_APP_STEP_RUN_H

#include "engine/reply.h"
#include "engine/steps.h"
#include "model/server.h"
#include "ports/host.h"
#include "ports/store.h"

/* How a step ended, as far as is known. */
enum mig_step_end {
    /* Acknowledged with majority and as expected. */
    MIG_STEP_END_DONE,
    /* The server or an expectation says no; err has the words. What it changed is told by a probe. */
    MIG_STEP_END_FAILED,
    /* Sent and no reply, or a server that went down or stepped down in the middle, or nothing sent for want
     * of a server (err is MIG_ERR_UNREACHABLE or MIG_ERR_CANCELLED): reconnect and probe before anything
     * else. */
    MIG_STEP_END_UNKNOWN,
};

struct mig_step_context {
    struct mig_store *store;
    struct mig_host *host;
    const struct mig_server *server;
    const char *comment; /* put into every command: "migtui run=<id> token=<n> step=<id>" */
    int64_t max_time_ms; /* for short steps: what is left of the lease; 0 for none */
    struct mig_txn *txn; /* NULL: outside a transaction */
    /* In a transaction with others, and tried again alone after a failure: an insert need not look before it
     * writes. */
    bool in_group;
    /* The MIG_LABEL_… of replies that were not OK are added; may be NULL. Within a transaction read them
     * before the end: TRANSIENT_TRANSACTION means begin the transaction again, whatever the end says. */
    unsigned *labels;
    const char *const *env;  /* for exec: MIGTUI_RUN, MIGTUI_TOKEN, …; NULL-terminated */
    const char *project_dir; /* working directory of exec */
    const bool *stop;        /* turns true when the operator stops the run (exec) */
    bool assume_yes;         /* manual steps were confirmed beforehand by name (--confirm ID) */
    void (*progress)(void *ctx, int64_t done, int64_t total, const char *what); /* may be NULL */
    void (*line)(void *ctx, const char *text); /* output of exec; may be NULL */
    void *progress_ctx;
};

/* What must be remembered before the step runs, so that a probe after a crash can judge (uuid, options,
 * specs, counts). *ret is initialised always, empty where the kind needs none. Reads only. */
bool mig_step_prestate(const struct mig_step_context *ctx, const struct mig_step *step, bson_t *ret,
                       struct mig_error *err);

/* Run it (any kind but batch). Checks the reply, expected counts and `verify`. *ret_result is initialised
 * always: the counts for the record, below 4 KB. For ifExists "same" and a thing that is already there as
 * asked: DONE. */
enum mig_step_end mig_step_execute(const struct mig_step_context *ctx, const struct mig_step *step,
                                   const bson_t *pre, bson_t *ret_result, struct mig_error *err);

/* Look whether it took effect. evidence: a short sentence for the operator, always set. pre may be empty.
 * MIG_PROBE_UNCLEAR also when the look itself failed (then *err is set). */
enum mig_probe mig_step_probe(const struct mig_step_context *ctx, const struct mig_step *step,
                              const bson_t *pre, char *evidence, size_t evidence_size, struct mig_error *err);

/* How many commands of this step the server is still at work on: 0 also where it does not tell (server->can_current_op), -1 when
 * the look failed, with *err. */
int mig_step_at_work(const struct mig_step_context *ctx, const struct mig_step *step, struct mig_error *err);

/* Probe until the server is no longer at it, telling the progress of index builds. MIG_PROBE_IN_PROGRESS only
 * when *ctx->stop turned true meanwhile. */
enum mig_probe mig_step_settle(const struct mig_step_context *ctx, const struct mig_step *step,
                               const bson_t *pre, char *evidence, size_t evidence_size,
                               struct mig_error *err);

#endif
