/* gates.h - what must hold before a run may start: facts gathered, decided by engine/gates.h. Reads only.
 *
 * Evaluated in one place, shown by gate, plan, the console and the history alike; once more under the lock, right before the first step.
 *
 * Round trips beside the look, which brings meta, lock, requests and fingerprints: one where maxReplicationLag is asked for; one where a
 * backup is; one read on the environment of the rehearsal; and, where earlier runs left fingerprints of what the plan touches, one
 * listCollections and one listIndexes for each of those collections.
 */
#ifndef MIG_APP_GATES_H
#define MIG_APP_GATES_H

#include "app/look.h"
#include "app/policy.h"
#include "engine/gates.h"

/* Who asks. All members optional. */
struct mig_gate_question {
    const char *own_run; /* holds the lock, or is about to */
    bool resume;         /* the plan goes on where another run ended */
    bool break_glass;    /* the operator wants to go without approval */
};

/* Evaluate every gate that applies to the plan on its environment and put the list into plan->gates. store: open, of that environment.
 * ret_approval: how the approvals stand, or NULL. */
void mig_gates_evaluate(struct mig_app *app, const struct mig_look *look, struct mig_store *store,
                        const struct mig_gate_question *question, struct mig_plan *plan,
                        struct mig_approval_verdict *ret_approval);

/* The first gate that keeps the plan from running, or NULL. unknown counts as failed on a protected environment, and where the policy asks
 * for the gate. */
const struct mig_gate *mig_gates_closed(const struct mig_plan *plan, const struct cfg_environment *env);

/* A closed gate as an error: exit 3 for the lock, 4 for files and order, 6 for the backup, else 5. Returns false. */
bool mig_gate_fail(const struct mig_gate *gate, const struct cfg_environment *env, struct mig_error *err);

/* Keep the collections that the plan touches as they are now, so that the drift gate opens: an operator's decision, on record with its
 * reason. */
bool mig_drift_accept(struct mig_app *app, const struct cfg_environment *env, const struct mig_plan *plan,
                      const char *reason, struct mig_error *err) MIG_MUST_CHECK;

#endif
