/* program.h - a random project: migrations whose effects can be counted, as texts and as the catalog they parse to.
 *
 * Each step leaves marks of its own (a counter it raises, documents with its name), so that done twice, done in part and not done all
 * look different. Steps that follow one another build on what came before: made, filled, renamed, dropped.
 */
#ifndef MIG_SIM_PROGRAM_H
#define MIG_SIM_PROGRAM_H

#include "engine/catalog.h"
#include "sim/model.h"

#define SIM_MIGRATIONS_MAX 10

struct sim_program {
    struct mig_file files[SIM_MIGRATIONS_MAX];
    char *names[SIM_MIGRATIONS_MAX];
    char *texts[SIM_MIGRATIONS_MAX];
    size_t count;
    struct mig_catalog *catalog;
    bool derives; /* some of them have no written way back, and steps whose inverses the engine derives */
};

/* transactions: steps may ask for them. */
void sim_program_make(struct sim_program *program, struct sim *sim, bool transactions);
void sim_program_done(struct sim_program *program);
struct mig_catalog *sim_program_catalog(const struct sim_program *program, unsigned flags,
                                        struct mig_problems *problems);

/* The data that is there before the first migration. */
struct sim_state *sim_program_data(struct sim *sim);

#endif
