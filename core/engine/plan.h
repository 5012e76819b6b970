/* plan.h - which migrations would run, in which order, and the id that pins it. Pure.
 *
 * The id is SHA-256 over the canonical BSON of {format, environment uuid, direction, [version, sem, [step ids and kinds], inverse steps
 * if there are], history head, options, server version}: what was reviewed is what runs, or it does not run.
 */
#ifndef MIG_ENGINE_PLAN_H
#define MIG_ENGINE_PLAN_H

#include "base/err.h"
#include "model/plan.h"
#include "model/server.h"

/* What to run. All members optional; borrowed. */
struct mig_selection {
    enum mig_direction direction;
    bool resume;                 /* only the failed or interrupted one, then nothing more */
    bool undo;                   /* down: the failed or interrupted one, by the inverses of what it did */
    const char *to;              /* up: up to and including; down: down to, not including */
    int64_t count;               /* at most this many; 0: all (up), 1 (down) */
    const char *const *versions; /* exactly these, NULL-terminated */
    const char *run;             /* down: what this run applied */
};

struct mig_plan_input {
    const char *environment;
    const char *database;
    enum mig_order order;
    const struct mig_catalog *catalog;
    const struct mig_history *history;
    const struct mig_views *views;
    const struct mig_server *server;
    const struct mig_selection *selection;
};

/* Build it. *ret borrows from catalog, history and views. Errors: MIG_ERR_INTEGRITY (changed or missing in the way: nothing
 * runs while the past is in doubt), MIG_ERR_ORDER (late under linear, dependency), MIG_ERR_STEP (a failed or interrupted
 * migration must be resumed or recovered first), MIG_ERR_MIGRATION (irreversible, no down), MIG_ERR_USAGE (unknown version).
 * An empty plan (nothing pending) is a success with count 0. With ->wants_steps the plan is not whole: what its migrations did
 * must be read, and the plan made anew. */
bool mig_plan_build(const struct mig_plan_input *input, struct mig_plan **ret, struct mig_error *err);

/* 1: saved is of the first migrations of now, and of fewer; -1: now is of the first of saved; either way nothing else differs, so that
 * choosing as many gives the one or the other. Else 0. *ret_saved: how many migrations saved has, where it is not 0. */
int mig_plan_part(const bson_t *saved, const struct mig_plan *now, int64_t *ret_saved);

/* Which input moved between two plans of the same environment, in one sentence for the operator ("history head: 2 migrations were
 * applied since"); "" when the ids are equal. saved is the parsed plan file (docs/reference/plan-file.md). */
void mig_plan_moved(const bson_t *saved, const struct mig_plan *now, char *ret, size_t size);

/* The words that choose this very plan again, for `plan`, `gate` and `request`: "--to 20261101093000", "--down 5 4", "--undo 5",
 * "--resume". False, and "" in ret: they are more than size holds. */
bool mig_plan_words(const struct mig_plan *plan, char *ret, size_t size);

/* The command that runs it, as "apply --to 20261101093000" or "rollback 5 4"; the environment and the plan's id go with it. */
bool mig_plan_command(const struct mig_plan *plan, char *ret, size_t size);

/* The plan as a document: what `plan --out` saves and `plan --format json` prints. Initialises *ret. */
void mig_plan_document(const struct mig_plan *plan, bson_t *ret);

#endif
