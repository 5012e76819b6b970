/* undo.h - the way back of a migration that has no written one: the inverses of its steps, last step first. Pure.
 *
 * They follow from the file, whose steps they undo, and from the record, which says how far each got and what was there
 * before. Once a run begins to carry them out they are kept in the record, so that whoever resumes it carries out the same.
 */
#ifndef MIG_ENGINE_UNDO_H
#define MIG_ENGINE_UNDO_H

#include "base/err.h"
#include "model/history.h"
#include "model/migration.h"
#include "model/server.h"

#define MIG_UNDO_MAX (4 * 1024 * 1024) /* bytes that a record may hold of them */

/* The steps that take back what the record says was done upward. Steps that changed nothing have none; one that was begun, and
 * may or may not have taken effect, has one that does no harm. False: a step has no inverse, or what it did is not on record;
 * *err names it. On success *ret is the caller's (mig_steps_free); NULL when *ret_count is 0. */
bool mig_undo_steps(const struct mig_migration *migration, const struct mig_record *record,
                    const struct mig_server *server, struct mig_step **ret, size_t *ret_count,
                    struct mig_error *err) MIG_MUST_CHECK;

/* The steps as the record keeps them: an array of {id, <kind>: {…}, …}. Initialises *ret. */
void mig_undo_write(const struct mig_step *steps, size_t count, bson_t *ret);

/* The steps back from such an array. False: it holds something else; *err. */
bool mig_undo_read(const bson_t *list, struct mig_step **ret, size_t *ret_count, struct mig_error *err)
    MIG_MUST_CHECK;

#endif
