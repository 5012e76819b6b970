/* director.h - a seed's story: who starts what when, and in the end, when nothing goes wrong any more, an operator who finishes it. */
#ifndef MIG_SIM_DIRECTOR_H
#define MIG_SIM_DIRECTOR_H

#include "sim/sim.h"

/* How one seed went. */
struct sim_result {
    bool failed;
    char failure[1200];
    uint64_t hash, events, runs, acts;
    int64_t lasted_ms; /* of the simulated time */
    uint64_t *fired;   /* keys of the faults that happened; the caller frees */
    size_t fired_count;
};

/* Play a seed to its end. What killed processes had allocated stays allocated. */
void sim_play(uint64_t seed, const struct sim_options *options, struct sim_result *ret);

#endif
