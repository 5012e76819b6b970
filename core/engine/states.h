/* states.h - files + history + lock → the state of every migration on one environment. Pure, one function.
 *
 * The matrix, `status`, plan and the gates all read its answer, so they cannot disagree.
 */
#ifndef MIG_ENGINE_STATES_H
#define MIG_ENGINE_STATES_H

#include "model/plan.h"

/* Fill *ret with the union of catalog and history in version order; free with mig_views_done. Rules:
 *   record applied:  file gone → missing; sem differs → changed; else applied (raw_only_change when only bytes differ)
 *   record running or reverting: running while its run holds a lock that has not expired, else interrupted
 *   record failed:   failed
 *   no record, or reverted: pending; late when an applied migration is newer and order is not any;
 *                    blocked when a dependency is not applied here and not pending before it, or when order is linear and
 *                    it is late (reason says so)
 * An interrupted or failed migration blocks nothing here; the plan refuses to pass it. */
void mig_states_derive(const struct mig_catalog *catalog, const struct mig_history *history,
                       enum mig_order order, struct mig_views *ret);

/* NULL when there is no such version. */
struct mig_view *mig_views_find(const struct mig_views *views, const char *version);

#endif
