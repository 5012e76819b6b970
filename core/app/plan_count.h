/* plan_count.h - how many documents a plan would touch, counted on the server. Reads only. */
#ifndef MIG_APP_PLAN_COUNT_H
#define MIG_APP_PLAN_COUNT_H

#include "app/app.h"
#include "model/plan.h"

/* Fill the estimates of steps that update or delete by filter: what matches now. Earlier steps of the plan are not taken into
 * account. A count that takes longer than a few seconds, or that the server refuses, stays -1. The plan's catalog must
 * have been read with bodies. False: the store was cancelled or lost; estimates so far stay. */
bool mig_plan_count(struct mig_store *store, struct mig_plan *plan, struct mig_error *err);

#endif
