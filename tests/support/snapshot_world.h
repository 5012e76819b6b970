/* snapshot_world.h - a shop with three environments in the middle of a working day, as one snapshot.
 *
 * Everything is real but the servers: files are parsed by the catalog, states derived by the engine, plans built by it.
 * The clock stands at 2026-11-21 14:02:11 UTC. Begin with snapshot_world_init (a console just opened: no answer yet), add
 * what a test is about; pieces are shared with the snapshot, which snapshot_world_end frees.
 */
#ifndef MIG_TESTS_SNAPSHOT_WORLD_H
#define MIG_TESTS_SNAPSHOT_WORLD_H

#include "app/snapshot.h"

#define WORLD_WALL_MS INT64_C(1795269731000) /* 2026-11-21T14:02:11Z */
#define WORLD_NOW_MS  INT64_C(500000)        /* monotonic */
#define WORLD_RUN     "01KAJN6W5Z8RXNNER0F0DEV001"

struct snapshot_world {
    struct cfg_config *config;
    struct mig_snapshot *snapshot;
};

void snapshot_world_init(struct snapshot_world *world);
void snapshot_world_end(struct snapshot_world *world);
const struct cfg_environment *world_env(const struct snapshot_world *world, const char *name);
struct mig_snap_env *world_snap(const struct snapshot_world *world, const char *name);

/* Files, and what each environment's history says:
 *   dev   ahead; the batch of 20261120090000 is running, 62 % of 48,000 documents
 *   test  20261103083000 was edited after it ran; 20261119090000 failed
 *   prod  behind; 20261103114500 is late; the file of 20261111160000 is gone
 * Every environment answered within the last four seconds. */
void world_story(struct snapshot_world *world);
/* The same, but every file applied everywhere. */
void world_in_step(struct snapshot_world *world);
/* No file, three fresh databases. */
void world_empty(struct snapshot_world *world);

/* The newest look at an environment failed; what is known of it is of age_ms ago. */
void world_dead(struct snapshot_world *world, const char *env, int64_t age_ms);
/* dev's runner has died: its migration is interrupted. */
void world_runner_died(struct snapshot_world *world);
/* Names, reasons and operators with escape sequences, bidi overrides, bad UTF-8, wide characters, and great lengths. */
void world_hostile(struct snapshot_world *world);
/* So many files on so many environments, all applied; the configuration is made anew. */
void world_many(struct snapshot_world *world, size_t files, size_t environments);
/* WORLD_YEAR files, no two alike in title, time, steps, operator or result; dev has all of them, test all but the last 3, prod
 * all but the last 8. */
#define WORLD_YEAR 60
void world_year(struct snapshot_world *world);

/* Put an answer into the snapshot; value is taken (NULL: none yet, a question is under way). argument may be NULL. */
struct mig_snap_answer *world_answer(struct snapshot_world *world, enum mig_query_kind kind, const char *env,
                                     const char *argument, void *take_value);
/* How an environment stands in an answer of all: there or not yet, or failed with this message (NULL: not). */
void world_part(struct snapshot_world *world, struct mig_snap_answer *answer, const char *env, bool there,
                const char *failed);
/* Rows from JSON texts, NULL ends. */
struct mig_seen_rows *world_rows(const char *const *rows);
/* So many collections are as the last run left them, and this one, if any, is not. */
void world_drift(struct snapshot_world *world, const char *env, size_t same, const char *changed);
/* The plan for an environment, built by the engine, with gates as prod would have them. words as the query's argument:
 * "", "--to V", "--down", "--down V". counted: with estimates, as a dry run. */
void world_plan(struct snapshot_world *world, const char *env, const char *words, bool counted);
/* The same of a database in which nothing has run: everything is in it. */
void world_plan_all(struct snapshot_world *world, const char *env, bool counted);
/* A run's log from JSON texts, NULL ends. */
struct mig_seen_log *world_log(const char *const *events, bool over);

#endif
