/* run.h - a run: apply, rollback or resume on one environment, from lock to last record.
 *
 * Blocks until the run is over; called by the runner process only. Side effects: on the environment's database the plan's
 * steps and migtui's own collections; on this host the journal. States and protocol: docs/concepts/crash-safety.md.
 */
#ifndef MIG_APP_RUN_H
#define MIG_APP_RUN_H

#include "app/app.h"
#include "app/look.h"
#include "engine/plan.h"

enum mig_run_status {
    MIG_RUN_SUCCEEDED, /* everything planned is applied and recorded */
    MIG_RUN_FAILED,    /* a step failed, or nothing could be started; history says where */
    MIG_RUN_STOPPED,   /* stopped between steps or ranges on request; resume goes on */
    MIG_RUN_FENCED,    /* another run took over; nothing more was written */
    MIG_RUN_UNKNOWN,   /* the server was lost and the outcome of the last step is not known: resume looks */
};
const char *mig_run_status_word(enum mig_run_status status);

struct mig_run_options {
    struct mig_selection selection;
    const char *run;         /* id chosen beforehand (detached runner), or NULL */
    const char *plan_id;     /* run only if the plan made under the lock has this id, or NULL */
    const bson_t *plan_file; /* the saved plan, to say what moved; may be NULL */
    const char *reason;      /* may be NULL */
    const char *ticket;
    const char *const *confirmed; /* ids of manual steps confirmed, NULL-terminated, or NULL */
    int64_t lock_wait_ms;         /* how long to wait for another run; 0: not at all */
    bool break_glass;             /* go without approval where the policy allows that; needs a reason */
    bool take_over; /* an expired lock of another run may be taken after its operations were killed */
    const volatile bool *stop; /* turns true on SIGINT/SIGTERM: stop at the next safe point; may be NULL */
    mig_event_fn on_event;     /* each event as it happens; may be NULL */
    void *event_ctx;
};

struct mig_run_result {
    enum mig_run_status status;
    char run[MIG_ULID_SIZE];
    char plan_id[MIG_SHA256_HEX];
    size_t migrations; /* finished by this run */
    size_t steps;
    int64_t duration_ms;
    int64_t round_trips;
    struct mig_error error; /* code MIG_OK when succeeded */
};

/* Carry it out. True when status is SUCCEEDED. ret->error.code gives the process's exit status. An empty plan succeeds
 * without taking the lock. */
bool mig_run_execute(struct mig_app *app, const struct cfg_environment *env,
                     const struct mig_run_options *options, struct mig_run_result *ret);

/* Plan only: look, derive, plan, and evaluate the gates; nothing is written. *ret_look owns what the plan borrows. */
bool mig_run_plan(struct mig_app *app, const struct cfg_environment *env,
                  const struct mig_selection *selection, const struct mig_catalog *catalog,
                  struct mig_look *ret_look, struct mig_plan **ret, struct mig_error *err);

#endif
