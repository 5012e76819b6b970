/* step_parse.h - from the document of a migration file to steps that can be run, or to one fault.
 *
 * Pure. Faults are found without places: what is wrong is told together with the path of the member, and the
 * caller reads the text once more, with places, to say the line. A folder of good files never pays for that.
 */
#ifndef MIG_ENGINE_STEP_PARSE_H
#define MIG_ENGINE_STEP_PARSE_H

#include "base/err.h"
#include "engine/step_shape.h"
#include "model/migration.h"

/* One file while it is read. */
struct mig_reading {
    const char *prefix; /* of our own collections */
    struct mig_error *err;
    /* Which step is being read: "up[2] "split": " goes before the message. */
    const char *section; /* "up" or "down"; NULL outside steps */
    uint32_t index;
    const char *id; /* NULL while it is not known */
    char *path;     /* of the member at fault; NULL until there is one; the owner frees it */
};

/* Where in the document the check stands: a chain of frames on the stack, outermost last. */
struct mig_at {
    const struct mig_at *up;
    const char *key;
};

/* Read the array `list` of steps, which stands at `at`. On success *ret is the caller's, each to be ended with
 * mig_step_done. On failure r->err and r->path are set. */
MIG_MUST_CHECK bool mig_steps_read(struct mig_reading *r, const char *section, const bson_t *list,
                                   struct mig_step **ret, size_t *ret_count);

/* ---- for step_*.c and migration_parse.c ---- */

/* Fail at a member; always false. MIG_ERR_MIGRATION, no hint. */
bool mig_fault(struct mig_reading *r, const struct mig_at *at, const char *fmt, ...) MIG_PRINTF(3, 4);

/* Does the document fit the shape? takes: which of mig_shape_step's members may stand in it beside its own. */
MIG_MUST_CHECK bool mig_shape_fits(struct mig_reading *r, const struct mig_shape *shape, unsigned takes,
                                   const bson_t *doc, const struct mig_at *at);

/* Does one value fit its row? */
MIG_MUST_CHECK bool mig_member_fits(struct mig_reading *r, const struct mig_shape *shape,
                                    const struct mig_member *member, const bson_iter_t *value,
                                    const struct mig_at *at);

/* An unknown member, with the nearest of the names that might have been meant. Always false. */
bool mig_fault_unknown(struct mig_reading *r, const struct mig_at *at, const char *what, const char *name,
                       const char *in, const char *const *names);

/* What a shape cannot say (step_rules.c): documents carry _id, a marker excludes what is done, commands that are
 * refused, … body_at: where the kind's value stands. */
MIG_MUST_CHECK bool mig_step_rules(struct mig_reading *r, const struct mig_step *step,
                                   const struct mig_at *body_at);

/* Rules for updates that may be sent twice (step_update.c). */

/* True when the update changes a field, by its first name, that the filter looks at: the marker of a batch. */
bool mig_update_leaves_filter(const bson_t *filter, const bson_iter_t *update);

/* The operator or field by which a second run would change a document again ("$inc", "$set of name"), or NULL.
 * name: room for a field's name. */
const char *mig_update_repeats(const bson_iter_t *update, char *name, size_t size);

/* A command that must not be in a migration (step_deny.c): why, or NULL. */
const char *mig_command_denied(const char *name);

/* No server-side JavaScript anywhere in the document, which stands at `at`; else a fault. */
MIG_MUST_CHECK bool mig_script_free(struct mig_reading *r, const bson_t *doc, const struct mig_at *at);

#endif
