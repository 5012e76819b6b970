/* step_world.h - a scripted server, a made-up host and the context of a step between them. */
#ifndef MIG_TESTS_STEP_WORLD_H
#define MIG_TESTS_STEP_WORLD_H

#include "app/step_run.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"

struct step_world {
    struct store_script *script;
    struct host_fake host;
    struct mig_server server; /* a replica set of 8.0 that lists no operations */
    struct mig_step_context ctx;
    unsigned labels;
    struct mig_error err;
};

void step_world_init(struct step_world *world);
/* Fails the test when a line of the script was not used. */
void step_world_end(struct step_world *world);

/* A line of a script as tables have it; a NULL wanted ends the list. */
struct step_line {
    const char *wanted;
    const char *reply;
};
#define STEP_LINES 6

/* Replies to listCollections, listIndexes, find; and to a count. */
#define BATCH(documents) "{'cursor': {'id': 0, 'firstBatch': [" documents "]}}"
#define COUNTED(n)       BATCH("{'_id': null, 'n': " n "}")

/* Run the step against the lines and hand the result back, which the caller destroys. */
enum mig_step_end step_world_execute(struct step_world *world, const char *step, const char *pre,
                                     const struct step_line *lines, bson_t **ret_result);
enum mig_probe step_world_probe(struct step_world *world, const char *step, const char *pre,
                                const struct step_line *lines, char *evidence, size_t size);
bson_t *step_world_prestate(struct step_world *world, const char *step, const struct step_line *lines);

/* One step on stage. */
struct step_scene {
    const char *step;
    const char *pre;
    struct step_line lines[STEP_LINES];
    enum mig_step_end end;
    const char *words;  /* in the error; NULL: none is looked for */
    const char *result; /* NULL: not looked at */
};

/* Each scene in a world of its own; fails the running test at the first that ends otherwise. */
void step_world_play(const struct step_scene *scenes, size_t count, struct mig_txn *txn);

#endif
