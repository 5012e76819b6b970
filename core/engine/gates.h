/* gates.h - what must hold before a plan may run: one table of named checks, decided from facts that others gathered. Pure.
 *
 * ok, failed with reason and remedy, or unknown, which counts as failed on a protected environment and wherever the policy asks for
 * the check by name. The order of the table is the order in which gates are shown.
 */
#ifndef MIG_ENGINE_GATES_H
#define MIG_ENGINE_GATES_H

#include "engine/approval.h"
#include "engine/backup_judge.h"
#include "model/plan.h"
#include "model/server.h"

#define MIG_FRESH_MS 10000 /* nothing is decided on an older look */
#define MIG_SKEW_MS \
    86400000 /* a day: nothing is decided by this host's clock, but one of the two is plainly wrong */

/* enum, name as it is shown */
#define MIG_GATE_TABLE(X) \
    X(FILES, files) \
    X(IDENTITY, identity) \
    X(ORDER, order) \
    X(LINT, lint) \
    X(REHEARSED, rehearsed) \
    X(DRIFT, drift) \
    X(APPROVALS, approvals) \
    X(BACKUP, backup) \
    X(WINDOW, window) \
    X(LOCK, lock) \
    X(REPLICATION, replication) \
    X(CLOCK, clock) \
    X(FRESHNESS, freshness)

/* Everything that a gate may need to know. Borrowed; gathered by core/app/gates.c. */
struct mig_gate_facts {
    const struct mig_plan *plan;
    const char *environment;
    bool is_protected;
    const char *project, *project_there; /* "" there: the database is nobody's yet */
    enum mig_order order;
    const struct mig_lock *lock;
    const char *own_run; /* may hold the lock; or NULL */
    int64_t look_age_ms;
    int64_t skew_ms; /* the server's clock minus this host's */

    struct {
        const char *in; /* environment, NULL: not asked for */
        bool known;     /* it was looked at */
        char why[200];  /* why not */
        size_t missing; /* migrations of the plan that did not succeed there as they are */
        char first[64];
    } rehearsed;
    struct {
        bool known;
        char why[200];
        size_t compared, without; /* collections compared; those of the plan that no run left a print of */
        size_t moved;
        char first[128]; /* name of the first that moved */
    } drift;
    struct {
        bool asked, known;
        char why[200];
        bool break_glass; /* the operator broke it, and the policy allows that */
        struct mig_approval_verdict verdict;
    } approvals;
    struct {
        bool asked;
        struct mig_backup_verdict verdict;
    } backup;
    struct {
        bool asked, known;
        char why[200];
        uint32_t days; /* bit 0: Monday */
        int64_t from, to;
        const char *zone;
        int weekday, minute; /* now, in zone; weekday 0: Monday */
    } window;
    struct {
        int64_t max_ms; /* 0: not asked for */
        bool known;
        char why[200];
        int64_t lag_ms; /* of the slowest member that bears data; -1: one of them is down */
        char member[128];
    } replication;
};

/* Decide every gate that applies, and put the list into plan->gates, which is emptied before. */
void mig_gates_decide(const struct mig_gate_facts *facts, struct mig_plan *plan);

/* The first gate that keeps the plan from running, or NULL. */
const struct mig_gate *mig_gates_first_closed(const struct mig_plan *plan, bool is_protected);
bool mig_gate_is_closed(const struct mig_gate *gate, bool is_protected);

#endif
