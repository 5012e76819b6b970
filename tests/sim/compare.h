/* compare.h - is one state's data another's? migtui's own collections are left out. */
#ifndef MIG_SIM_COMPARE_H
#define MIG_SIM_COMPARE_H

#include "sim/state.h"

/* Did any collection but migtui's change between two versions? */
bool sim_data_moved(const struct sim_state *before, const struct sim_state *after);

/* Same collections, options, indexes and documents; uuids and the order of fields do not count. why: the first difference. */
bool sim_data_same(const struct sim_state *is, const struct sim_state *should, char *why, size_t size);

/* Every counter n_… in what changed is 0 or 1. */
bool sim_counters_hold(const struct sim_state *before, const struct sim_state *after, char *why, size_t size);

#endif
