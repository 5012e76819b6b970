/* run_job.h - a run as a command asks for it: what to select, on which plan, and who listens. Internal to core/cli. */
#ifndef MIG_CLI_RUN_JOB_H
#define MIG_CLI_RUN_JOB_H

#include "app/run.h"
#include "cli/cli.h"
#include "cli/out_events.h"

enum run_act { RUN_APPLY, RUN_ROLLBACK, RUN_RESUME, RUN_UNDO };

/* Owns what it allocates; the rest is borrowed from the command line. */
struct run_job {
    enum run_act act;
    const struct cfg_environment *env;
    struct mig_selection selection;
    const char **versions;  /* owned list of borrowed texts */
    const char **confirmed; /* --confirm, NULL-terminated */
    bson_t *plan_file;      /* the saved plan, or NULL */
    const char *plan_path;
    char plan_id[MIG_SHA256_HEX]; /* what must run; "" when any plan may */
    size_t migrations;            /* of the plan that was looked at */
};

/* What plan, gate and request are about: --resume, --undo, --down, else apply. */
enum run_act run_act_asked(const struct mig_cmdline *line);

/* Fill from the command line. arguments: those that follow the act (a plan file, versions). */
bool run_job_init(struct cli *cli, enum run_act act, char *const *arguments, size_t count,
                  struct run_job *ret, struct mig_error *err) MIG_MUST_CHECK;
void run_job_done(struct run_job *job);

/* Look at what would run, hold it against the saved plan and the gates, and ask where asking is due. *ret_empty: there is
 * nothing to run. Costs a look at the environment; skipped where nothing depends on it. */
bool run_job_prepare(struct cli *cli, struct run_job *job, bool *ret_empty, struct mig_error *err)
    MIG_MUST_CHECK;

/* False, and *err says what moved, when the job is pinned to another plan. */
bool run_job_pinned(const struct run_job *job, const struct mig_plan *plan, struct mig_error *err)
    MIG_MUST_CHECK;

/* In this process, with events told as they come. */
int run_job_foreground(struct cli *cli, struct run_job *job, struct mig_error *err);

/* In a process of its own that outlives this one; prints the run's id. act: as the runner is called, "apply". */
int run_job_detach(struct cli *cli, const struct run_job *job, const char *act, struct mig_error *err);

/* All of it: what apply, rollback, resume and recover --undo call. */
int run_job_command(struct cli *cli, enum run_act act, char *const *arguments, size_t count,
                    struct mig_error *err);

const char *run_act_word(enum run_act act); /* "apply": as the runner is called */

#endif
