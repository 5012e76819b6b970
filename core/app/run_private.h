/* run_private.h - what the files of one run share. Not for others.
 *
 * run.c orchestrates; run_beat.c keeps the lease; run_record.c writes history behind the fence; run_single.c and
 * run_group.c carry out units, in transactions by run_txn.c; batch.c carries out a batch step.
 *
 * Threads: everything is the runner's thread's but what is under .mutex, which the heartbeat shares.
 */
#ifndef MIG_APP_RUN_PRIVATE_H
#define MIG_APP_RUN_PRIVATE_H

#include <pthread.h>

#include "app/approval.h"
#include "app/audit.h"
#include "app/history.h"
#include "app/journal.h"
#include "app/lock.h"
#include "app/run.h"
#include "app/step_run.h"
#include "engine/units.h"

struct mig_runner {
    struct mig_app *app;
    struct mig_host *host;
    const struct cfg_environment *env;
    const struct mig_run_options *options;
    struct mig_run_result *result;
    struct mig_names names;
    struct mig_store *store;
    struct mig_store *beat_store; /* its own connections: a cancelled call never stops the heartbeat */
    struct mig_journal journal;
    struct mig_catalog *catalog;
    struct mig_look look;
    struct mig_plan *plan;
    struct mig_record
        *records; /* one a plan item: the record as we have it, ahead of the database while dirty */
    bool *begun;  /* mig_record_begin was called for it */
    bool *dirty;
    unsigned *stamps;
    bool *has_text; /* the file's text is in the database already */
    int64_t next_seq;
    char run[MIG_ULID_SIZE];
    char owner[MIG_UUID_SIZE];
    struct mig_lock_claim claim;
    int64_t token;
    bool locked;
    bool
        left_behind; /* a command got no answer, outside a transaction: it may arrive or go on when the run is over */
    bool started;                         /* run.started was emitted: the first event of every run */
    bool recorded;                        /* it has a document in <prefix>runs */
    struct mig_approval_verdict approval; /* as judged under the lock */
    struct mig_audit audit;
    bool audited;                  /* its start is on record */
    bool prev_released;            /* the run before let the lock go, and may have left operations */
    char took_over[MIG_ULID_SIZE]; /* the run that had not let the lock go, or "" */
    int64_t began_ms;
    bson_t sessions; /* ids of server sessions that are on the lock, an array */
    bson_t
        unheard; /* of them, those with a command that got no answer: it may open its transaction after we aborted it */
    char exec_variables[4][160]; /* MIGTUI_RUN and others, for exec steps */
    const char *exec_env[5];

    pthread_mutex_t mutex;
    struct mig_task *beat_task;
    struct mig_lease_clock lease;
    bool finished;  /* the heartbeat ends */
    bool lost;      /* another run took over */
    bool stop;      /* asked to stop, by signal or through the database */
    bool stop_told; /* run.stopping was emitted */
    char stop_by[128];
    char step[160];
};

/* How a unit ended. */
enum mig_unit_end {
    MIG_UNIT_DONE,
    MIG_UNIT_ALONE,   /* the group did nothing; run its steps one by one to find what is wrong */
    MIG_UNIT_FAILED,  /* recorded as failed */
    MIG_UNIT_STOPPED, /* recorded; resume goes on */
    MIG_UNIT_FENCED,
    MIG_UNIT_UNKNOWN, /* not recorded: the server is out of reach */
};

/* ---- run_beat.c ---- */
bool mig_beat_start(struct mig_runner *r, struct mig_error *err);
void mig_beat_stop(struct mig_runner *r);
void mig_beat_at_step(struct mig_runner *r, const char *version, const char *step);
/* True when a command may be sent now. Waits for a beat that is late. False: *err is FENCED, or UNREACHABLE when the lease
 * ran out without the server. *ret_left_ms: what is left of the lease. */
bool mig_beat_ready(struct mig_runner *r, int64_t *ret_left_ms, struct mig_error *err);
bool mig_beat_stopping(struct mig_runner *r);
bool mig_beat_lost(struct mig_runner *r);
/* The call got no answer, or was cancelled because the lease was running out: look again when the server is back. */
static inline bool mig_run_is_away(const struct mig_error *err)
{
    return err->code == MIG_ERR_UNREACHABLE || err->code == MIG_ERR_UNKNOWN_OUTCOME ||
           err->code == MIG_ERR_CANCELLED;
}
/* Out of time, in conflict, or no longer primary: the same may succeed later. */
bool mig_run_code_is_passing(int code);
/* Wait a moment for a server that does not answer; attempt counts from 0. False when the lease is over, or when beats get through and this
 * did not in more attempts than take a minute and a half. */
bool mig_beat_pause(struct mig_runner *r, int attempt, struct mig_error *err);

/* ---- run_record.c ---- */
/* Begin (or go on with) the record of a plan item. */
void mig_record_begin(struct mig_runner *r, size_t item);
void mig_record_step(struct mig_runner *r, size_t item, size_t step, enum mig_phase phase, const bson_t *pre,
                     const bson_t *result, int64_t duration_ms);
/* The last step is done: applied, or reverted. */
void mig_record_finish(struct mig_runner *r, size_t item);
/* A group that was not committed leaves nothing behind: undo what was noted for one of its items. */
void mig_record_undo(struct mig_runner *r, size_t item, size_t first_step, bool begun_here);
void mig_record_fail(struct mig_runner *r, size_t item, size_t step, const struct mig_error *why);
/* Write every dirty record behind the fence; resolves lost replies by reading. */
enum mig_unit_end mig_record_flush(struct mig_runner *r, struct mig_error *err);
/* Write every dirty record behind the fence within a transaction; they stay dirty until it is committed. False: *err, labels added to
 * *labels, and *ret_fenced when the fence or a record's rev stood in the way. */
bool mig_record_in_txn(struct mig_runner *r, struct mig_txn *txn, unsigned *labels, bool *ret_fenced,
                       struct mig_error *err);
/* The dirty records were committed. */
void mig_record_committed(struct mig_runner *r);
/* One write behind the fence that a majority acknowledges (a server alone: that its journal holds). What was seen before it and is
 * seen again after it is there for good: no failover takes it back. False: *err; server_code 11000 when another run took over. */
bool mig_record_barrier(struct mig_runner *r, struct mig_error *err);
/* After a write whose outcome is not known: look which dirty records are in the database (those are clean then). 1: all of
 * them, 0: not all, -1: cannot be read, -2: fenced. */
int mig_record_landed(struct mig_runner *r, struct mig_error *err);

/* ---- run_txn.c ---- */
/* Begin a transaction whose session is on the lock. False: *err; MIG_ERR_FENCED when the lock is not ours. */
bool mig_run_txn_begin(struct mig_runner *r, struct mig_txn **ret, struct mig_error *err);
/* Abort it, because of why: when that says that a command of it got no answer, its session is one to hush. */
void mig_run_txn_abort(struct mig_runner *r, struct mig_txn *txn, const struct mig_error *why);
/* A command that came late may have opened a transaction that nobody will end: end the sessions of all such, once more. */
void mig_run_txn_hush(struct mig_runner *r);
/* A transaction's outcome is unknown: look until it is known. */
enum mig_unit_end mig_run_settle_commit(struct mig_runner *r, struct mig_txn *txn, struct mig_reply *reply,
                                        struct mig_error *err);

/* ---- units ---- */
/* How long a transaction that keeps failing for passing reasons is tried again: longer than a server keeps a dead client's open. */
#define MIG_TRANSIENT_MS 75000
enum mig_unit_end mig_run_single(struct mig_runner *r, const struct mig_unit *unit, struct mig_error *err);
enum mig_unit_end mig_run_group(struct mig_runner *r, const struct mig_unit *unit, struct mig_error *err);
enum mig_unit_end mig_run_batch(struct mig_runner *r, size_t item, size_t step, struct mig_error *err);
void mig_run_step_context(struct mig_runner *r, size_t item, size_t step, char *comment, size_t comment_size,
                          struct mig_step_context *ret);

/* ---- events ---- */
void mig_run_event_migration(struct mig_runner *r, const char *event, size_t item, int64_t duration_ms);
void mig_run_event_step(struct mig_runner *r, const char *event, size_t item, size_t step,
                        const bson_t *result, int64_t duration_ms, const struct mig_error *why);
void mig_run_event_progress(struct mig_runner *r, size_t item, size_t step, int64_t done, int64_t total,
                            double rate, const char *what);

#endif
