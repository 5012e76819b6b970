/* backup_judge.h - is there a backup that counts? One pure rule, for the gate, the list and the console alike.
 *
 * A backup counts when it is finished, was begun within max_age_ms before now on the server's clock, is of this environment
 * (its uuid) and this database, was taken by the method the policy names, its file is not known to be gone or altered, and,
 * with verify, the archive was read back whole. Its age is counted from its start: that is what its data is as of.
 */
#ifndef MIG_ENGINE_BACKUP_JUDGE_H
#define MIG_ENGINE_BACKUP_JUDGE_H

#include <stddef.h>

#include "model/backup.h"
#include "model/plan.h"

/* What the policy asks for. All borrowed. */
struct mig_backup_rule {
    const char *environment;      /* for the remedy's words */
    const char *environment_uuid; /* as the environment's database says now; "" or NULL: none counts */
    const char *database;
    const char *method; /* NULL: any */
    int64_t max_age_ms;
    bool verify;
};

struct mig_backup_verdict {
    enum mig_gate_state
        state; /* OK or FAILED; UNKNOWN only from mig_backup_gate, when nothing could be read */
    char backup[MIG_ULID_SIZE]; /* the one that counts, or the one that came nearest; "" when there is none */
    int64_t age_ms;             /* of that one; 0 without one */
    char reason[256]; /* "backup 01J… of 12m ago, verified"; else what is wrong with the nearest */
    char remedy[256]; /* a command to type; "" when it counts */
};

/* list: in any order; now_ms: the server's clock. Never fails; a hostile record can at most be passed over. */
void mig_backup_judge(const struct mig_backup *list, size_t count, const struct mig_backup_rule *rule,
                      int64_t now_ms, struct mig_backup_verdict *ret);

#endif
