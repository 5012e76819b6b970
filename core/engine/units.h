/* units.h - a plan cut into the pieces that are sent together. Pure.
 *
 * A GROUP is consecutive whole migrations (or the rest of one) whose steps are small writes: they and their records go in one
 * transaction, in one bulkWrite where the server has it. A SINGLE is one step with a write-ahead intent before and a
 * done record after it (merged with the next intent). Sizes keep a transaction below what MongoDB advises
 * (1,000 documents; facts: mongodb-engine §4.4).
 */
#ifndef MIG_ENGINE_UNITS_H
#define MIG_ENGINE_UNITS_H

#include "model/plan.h"
#include "model/server.h"

enum mig_unit_kind { MIG_UNIT_SINGLE, MIG_UNIT_GROUP };

/* Steps [first_step, end_step) of items [item, end_item): a SINGLE has one item and one step; a GROUP of several items covers
 * each item's steps from its first_step to its end. */
struct mig_unit {
    enum mig_unit_kind kind;
    size_t item, end_item;
    size_t first_step, end_step;
};

#define MIG_GROUP_MAX_DOCUMENTS  1000
#define MIG_GROUP_MAX_MIGRATIONS 100
#define MIG_GROUP_MAX_BYTES      (4 * 1024 * 1024)

/* The next unit of the plan from (item, step); false at the end. alone: never more than one step (after a group failed). */
bool mig_unit_next(const struct mig_plan *plan, const struct mig_server *server, size_t item, size_t step,
                   bool alone, struct mig_unit *ret);

#endif
