/* lease.c - the lock's clockwork: who holds it, and how long a holder may believe that it does. */
#include "engine/lease.h"

#include <string.h>

enum mig_lease_verdict mig_lease_decide(const struct mig_lock *lock, const char *self, int64_t token)
{
    bool ours = self && *self && strcmp(lock->owner, self) == 0;
    if (ours && lock->token == token)
        return MIG_LEASE_HELD;
    if (self && token > 0)
        return MIG_LEASE_LOST;
    if (!lock->exists || !lock->owner[0])
        return MIG_LEASE_FREE;
    return lock->expires_at < lock->server_now ? MIG_LEASE_EXPIRED : MIG_LEASE_OTHERS;
}

int64_t mig_lease_next_beat(const struct mig_lease_clock *clock)
{
    return clock->sent_ms + clock->lease_ms / 3;
}

int64_t mig_lease_safe_until(const struct mig_lease_clock *clock)
{
    return clock->sent_ms + clock->lease_ms * 2 / 3;
}

int64_t mig_lease_cancel_at(const struct mig_lease_clock *clock)
{
    return clock->sent_ms + clock->lease_ms * 5 / 6;
}
