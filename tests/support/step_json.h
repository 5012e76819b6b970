/* step_json.h - a step from its JSON text, without the migration reader and its checks.
 *
 * Texts are written with ' for ", so that they can be read within C; none may hold a ' of its own.
 */
#ifndef MIG_TESTS_STEP_JSON_H
#define MIG_TESTS_STEP_JSON_H

#include "model/migration.h"

/* {"<kind>": {…}, …}; a transaction gets its inner steps. Aborts on anything else. Free with
 * step_json_free. */
struct mig_step *step_json(const char *text);
void step_json_free(struct mig_step *step);

static inline void step_json_cleanup(struct mig_step **step)
{
    step_json_free(*step);
}

#define AUTOSTEP __attribute__((cleanup(step_json_cleanup))) struct mig_step *

/* A document from JSON; aborts when it is none. */
bson_t *doc_json(const char *text);

#endif
