/* gates.h - what must hold before a run may start, as one list of named checks. Reads only. */
#ifndef MIG_APP_GATES_H
#define MIG_APP_GATES_H

#include "app/look.h"

/* Evaluate every gate that applies to the plan on its environment and put the list into plan->gates. own_run: the run that asks, or NULL. */
void mig_gates_evaluate(struct mig_app *app, const struct mig_look *look, const char *own_run,
                        struct mig_plan *plan);

/* The first gate that keeps the plan from running, or NULL. unknown counts as failed on a protected environment. */
const struct mig_gate *mig_gates_closed(const struct mig_plan *plan, const struct cfg_environment *env);

#endif
