/* lease.h - who may write to an environment, and until when.
 *
 * Pure: takes the lock as last read and monotonic times, and says what the caller may do now.
 * After Gray & Cheriton, "Leases", SOSP 1989; fencing tokens as in Chubby §2.4. docs/concepts/lock.md.
 */
#ifndef MIG_ENGINE_LEASE_H
#define MIG_ENGINE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/history.h"

enum mig_lease_verdict {
    MIG_LEASE_HELD,    /* ours: a step may be sent if it can end before safe_until */
    MIG_LEASE_FREE,    /* nobody's */
    MIG_LEASE_EXPIRED, /* someone's, and past its lease on the server's clock: a takeover is possible */
    MIG_LEASE_OTHERS,  /* someone else's and alive */
    MIG_LEASE_LOST, /* was ours; the token moved on, or we could not beat in time: stop, write nothing more */
};

/* Decide from one reading of the lock. self: this run's owner id, or NULL for a mere reader. */
enum mig_lease_verdict mig_lease_decide(const struct mig_lock *lock, const char *self, int64_t token);

/* The runner's own clockwork, in CLOCK_BOOTTIME milliseconds. sent_ms is when the last acknowledged beat was SENT, so that a slow
 * reply shortens the lease instead of stretching it. */
struct mig_lease_clock {
    int64_t lease_ms;
    int64_t sent_ms;
};

int64_t mig_lease_next_beat(const struct mig_lease_clock *clock); /* a third of the lease after the last */
int64_t mig_lease_safe_until(
    const struct mig_lease_clock *clock); /* no step is sent after this: two thirds */
int64_t mig_lease_cancel_at(
    const struct mig_lease_clock *clock); /* calls in flight are cancelled: five sixths */

#endif
