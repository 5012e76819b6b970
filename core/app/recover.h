/* recover.h - a failed or interrupted migration: evidence, legal moves, and the operator's decision on record. */
#ifndef MIG_APP_RECOVER_H
#define MIG_APP_RECOVER_H

#include "app/app.h"
#include "engine/steps.h"

/* What is known about the step at which a migration stands. */
struct mig_recovery {
    char *version;
    enum mig_state state;
    const char *direction;
    char *last_done; /* id of the last finished step, or NULL */
    char *step;      /* id of the step that failed or was under way, or NULL */
    enum mig_probe probe;
    char evidence[512]; /* what the database shows now */
    char *error;        /* the server's words then, or NULL */
    bool can_resume, can_undo, can_mark_applied, can_mark_pending;
    char why_not_resume[256];
    char why_not_undo[512];
};
void mig_recovery_done(struct mig_recovery *recovery);

/* Look at every failed or interrupted migration of an environment. Reads only. */
bool mig_recover_inspect(struct mig_app *app, const struct cfg_environment *env, struct mig_recovery **ret,
                         size_t *ret_count, struct mig_error *err);

/* Set a migration's state by hand, under the lock, with a reason that is kept: state MIG_RECORD_APPLIED or _REVERTED. Refuses while a run
 * is alive. Side effects: the record and an entry in <prefix>runs. */
bool mig_mark(struct mig_app *app, const struct cfg_environment *env, const char *version,
              enum mig_record_state state, const char *reason, struct mig_error *err);

/* Ask the run that holds the lock to stop at its next safe point (seen within a beat). */
bool mig_stop_request(struct mig_app *app, const struct cfg_environment *env, const char *run, const char *by,
                      struct mig_error *err);

#endif
