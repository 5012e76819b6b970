/* approved.h - no run without an approval, and none under one that another run has used. */
#ifndef MIG_SIM_APPROVED_H
#define MIG_SIM_APPROVED_H

#include "model/history.h"
#include "sim/model.h"

/* A run writes its first record under an approval that names it: used by itself for its own plan, or by the run that it resumes.
 * after: with the record; old: what it was, or NULL. */
void sim_approved(struct sim *sim, const struct sim_state *after, const struct mig_record *new,
                  const struct mig_record *old);

/* What was used was used once, by one run, for ever. */
void sim_approvals_used(struct sim *sim, const struct sim_state *before, const struct sim_state *after);

#endif
