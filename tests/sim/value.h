/* value.h - what MongoDB does to one document: compare, match, compute, update. As much of it as migtui's commands and
 * the simulator's migrations use; anything else fails the run, because a model that guesses proves nothing.
 *
 * Field paths are top-level names only (dotted ones fail the run).
 */
#ifndef MIG_SIM_VALUE_H
#define MIG_SIM_VALUE_H

#include "sim/sim.h"

/* What evaluation needs beside the document. */
struct sim_eval {
    struct sim *sim;
    int64_t now_ms; /* $$NOW, $currentDate */
};

/* MongoDB's order of values; NULL is a missing one. */
int sim_compare(const bson_iter_t *a, const bson_iter_t *b);

bool sim_match(const struct sim_eval *eval, const bson_t *filter, const bson_t *doc);

/* Evaluate an aggregation expression and append the result; false when it is missing or $$REMOVE. */
bool sim_expr(const struct sim_eval *eval, const bson_iter_t *expr, const bson_t *doc, bson_t *out,
              const char *key);

/* doc with the fields of `set` (values as they are) in their places or at the end, and without those of `unset` (keys). Either
 * may be NULL. Initialises *ret. */
void sim_doc_change(const bson_t *doc, const bson_t *set, const bson_t *unset, bson_t *ret);

/* The stage {$set: …} of a pipeline. Initialises *ret. */
void sim_set_stage(const struct sim_eval *eval, const bson_t *spec, const bson_t *doc, bson_t *ret);

/* update: operators, or a pipeline (array). inserting: $setOnInsert counts. Initialises *ret. */
void sim_update(const struct sim_eval *eval, const bson_iter_t *update, const bson_t *doc, bool inserting,
                bson_t *ret);

/* The document that an upsert begins with: the filter's equalities. Initialises *ret. */
void sim_upsert_base(const struct sim_eval *eval, const bson_t *filter, bson_t *ret);

/* Inclusion or exclusion of top-level fields. Initialises *ret. */
void sim_project(const struct sim_eval *eval, const bson_t *projection, const bson_t *doc, bson_t *ret);

#endif
