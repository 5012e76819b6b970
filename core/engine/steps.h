/* steps.h - what each kind of step means: its command, whether it fits a transaction, how to see that it is
 * done, and how to undo it. Pure: builds commands and judges replies; core/app/step_run.c sends them.
 *
 * One row a kind in steps.c; the rules are those of docs/reference/steps.md.
 */
#ifndef MIG_ENGINE_STEPS_H
#define MIG_ENGINE_STEPS_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/migration.h"
#include "model/server.h"

/* What a look at the database says about a step whose outcome is not known. */
enum mig_probe {
    MIG_PROBE_DONE,        /* it took effect, wholly */
    MIG_PROBE_NOT_DONE,    /* it did not, or running it again does no harm */
    MIG_PROBE_IN_PROGRESS, /* the server is still at it (an index build) */
    MIG_PROBE_UNCLEAR,     /* a person must decide; the reason says what was seen */
};

/* A member that is ours and not the command's (expect, verify, ifExists, …): of the step, or within its
 * kind's body. */
bool mig_step_member(const struct mig_step *step, const char *name, bson_iter_t *ret);

/* ifExists "same" (the default): what is there already as asked counts as done. */
bool mig_step_accepts_existing(const struct mig_step *step);
/* ifMissing "same" (not the default): dropping what is not there counts as done. */
bool mig_step_accepts_missing(const struct mig_step *step);

/* The server's command for one step of a kind that is one command (all but batch, transaction, assert, exec,
 * manual). database: needed by renameCollection. The result has no comment, write concern or maxTimeMS yet.
 * *ret_admin: the command goes to the admin database. Initialises *ret on success only. */
bool mig_step_command(const struct mig_step *step, const char *database, bson_t *ret, bool *ret_admin,
                      struct mig_error *err);

/* True when the step may travel in one group with others (engine/units.h): an insert, update, delete or
 * transaction whose effect is small and known beforehand; *ret_documents gets the most documents it can
 * touch. */
bool mig_step_groupable(const struct mig_step *step, int64_t *ret_documents);

/* True when the step runs in one transaction with its record where the server has transactions. */
bool mig_step_in_transaction(const struct mig_step *step, const struct mig_server *server);

/* True when sending it twice leaves the same data as sending it once, by its nature or its author's word. */
bool mig_step_idempotent(const struct mig_step *step);

/* True when index builds or large writes may take longer than a lease: sent without a socket timeout. */
bool mig_step_long_running(const struct mig_step *step);

/* Pre-states, as app/step_run.c records them before a step and inverses read them:
 *   createCollection, createView   {exists}
 *   dropCollection                 {exists, type, uuid, count}
 *   renameCollection               {exists, uuid, target, targetUuid}
 *   createIndexes, dropIndexes, hideIndex   {indexes: [the specs there of the names or keys it speaks of]}
 *   collMod                        {exists, type, options: {…what it changes, as it was}, indexes: [spec]}
 *   out                            {targetUuid}
 *   update, delete outside transactions     {matched: [documents each filter found]} */

/* What is known of a step that ran, or may have run. */
struct mig_step_past {
    const bson_t *pre;    /* as above; NULL: not on record */
    const bson_t *result; /* what it counted; NULL: not on record */
    bool in_doubt;        /* it was begun, and whether it took effect is not known */
};

enum mig_inverse {
    MIG_INVERSE_NONE,    /* there is none; *err says why */
    MIG_INVERSE_NOTHING, /* it changed nothing, so there is nothing to undo */
    MIG_INVERSE_STEP,    /* *ret is initialised and the caller's */
};

/* The step that undoes this one, where one follows from it and from its past: createIndexes, dropIndexes, hideIndex,
 * renameCollection, createCollection and createView, collMod with its old options, an insert whose documents were not there.
 * In doubt, the inverse does no harm where there is nothing to undo. It never takes away what was not of the step's making:
 * a collection that holds documents, a document that was changed since. */
enum mig_inverse mig_step_inverse(const struct mig_step *step, const struct mig_step_past *past,
                                  struct mig_step *ret, struct mig_error *err);

/* The statements of an insert, update, delete or transaction step as bulkWrite operations, appended to the
 * array ops; namespaces are looked up in or appended to ns_info ("database.collection"). Returns how many
 * operations were appended. */
int mig_step_bulk_ops(const struct mig_step *step, const char *database, bson_t *ops, int *ops_count,
                      bson_t *ns_info, int *ns_count);

#endif
