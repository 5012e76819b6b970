/* lock.h - the environment's lock on its database: acquire, beat, release, take over.
 *
 * One document in <prefix>lock, never deleted, whose token only grows; all by single findAndModify commands with majority write
 * concern on the server's clock. An acquire whose reply was lost is resolved by reading the lock, never by guessing.
 * docs/concepts/lock.md; verdicts: engine/lease.h.
 */
#ifndef MIG_APP_LOCK_H
#define MIG_APP_LOCK_H

#include "app/history.h"
#include "engine/lease.h"

/* Who acquires. All borrowed. */
struct mig_lock_claim {
    const char *owner; /* one uuid a run, kept over retries: a late attempt is still ours */
    const char *run;
    const char *command; /* apply, rollback, resume, mark */
    const char *operator_name;
    int64_t lease_ms;
    bool may_take_over; /* a lock whose holder is dead or silent may be taken */
    const struct mig_identity *self;
};

/* seen: the lock as last read, or NULL. When its holder is a process of this very host that is certainly dead, it is
 * taken at once (compare-and-set on its owner and token); else only a free or expired lock is, and an expired one only after
 * it was silent for five sixths of a lease by our own clock (this blocks for as long). On success *ret is the lock as
 * ours, and *sent_ms the monotonic time the winning request was sent; prev_run gets the run that held it before without
 * having released it, or "". MIG_ERR_LOCKED: someone else's; the message names who and since when. */
bool mig_lock_acquire(struct mig_store *store, struct mig_host *host, const struct mig_names *names,
                      const struct mig_lock_claim *claim, const struct mig_lock *seen, struct mig_lock *ret,
                      int64_t *sent_ms, char prev_run[static MIG_ULID_SIZE], struct mig_error *err);

/* Renew. MIG_ERR_FENCED: it is not ours any more. Another error: not known, try again. step: where the run is. */
bool mig_lock_beat(struct mig_store *store, const struct mig_names *names, const struct mig_lock_claim *claim,
                   int64_t token, const char *step, struct mig_lock *ret, int64_t *sent_ms,
                   struct mig_error *err);

/* Put a server session on the lock before it first carries a transaction, so that a takeover can end what is left open in it.
 * MIG_ERR_FENCED: the lock is not ours. */
bool mig_lock_add_session(struct mig_store *store, const struct mig_names *names, const char *owner,
                          int64_t token, const bson_t *session, struct mig_error *err);

/* Give it back; ours or not, it is safe to call. left: {run, sessions} when commands of ours may still arrive at the server or be at
 * work there, so that the next holder ends them first; NULL when every one was answered. */
bool mig_lock_release(struct mig_store *store, const struct mig_names *names, const char *owner,
                      int64_t token, const bson_t *left, struct mig_error *err);

bool mig_lock_read(struct mig_store *store, const struct mig_names *names, struct mig_lock *ret,
                   struct mig_error *err);

/* Set lock->holder_dead when this host can tell that its holder is gone. */
void mig_lock_check_holder(struct mig_host *host, struct mig_lock *lock);
/* Its holder is a process of this host that is alive, whether or not it could beat of late: its server may have been away. False:
 * it is dead, or of another host. */
bool mig_lock_holder_lives(struct mig_host *host, const struct mig_lock *lock);

/* Raise the fence in <prefix>history to our token, so that nothing a former holder sends is recorded. MIG_ERR_FENCED: it
 * is above ours already. */
bool mig_fence_raise(struct mig_store *store, const struct mig_names *names, int64_t token, const char *run,
                     struct mig_error *err);

/* Whether an operation, as currentOp lists it, belongs to the run: its comment or its connection's name carries the run's id. */
bool mig_takeover_is_of(const bson_t *op, const char *run);

/* End what dead runs left on the server (the lock lists them under `unquiet`): their sessions' open transactions, then their
 * operations, by comment and by the connection's appName; wait until none is left, or the deadline passes (then
 * MIG_ERR_LOCKED, and they stay listed). *ret_killed counts the operations. The lock must be ours by now. */
bool mig_takeover_quiesce(struct mig_store *store, struct mig_host *host, const struct mig_names *names,
                          int64_t deadline_ms, int *ret_killed, struct mig_error *err);

#endif
