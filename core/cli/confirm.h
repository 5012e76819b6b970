/* confirm.h - the one place where a writing command asks before it writes. */
#ifndef MIG_CLI_CONFIRM_H
#define MIG_CLI_CONFIRM_H

#include "app/audit.h"
#include "cli/cli.h"

struct cli_act {
    const struct cfg_environment *env;
    const char *verb;    /* "apply", "roll back", "mark": as in "apply 2 migrations to prod?" */
    size_t migrations;   /* how many it touches */
    const char *plan_id; /* NULL when the act has no plan */
    const char *wanted;  /* what is to be typed instead of database and number: a database's name; or NULL */
};

/* True when the act may go on. On a protected environment the database's name and the number of migrations must be typed,
 * or given with --confirm-text; --yes is never enough. Elsewhere: y/N on a terminal unless --yes, and no question
 * where there is nobody to ask. False: *err is MIG_ERR_GATE (not confirmed) or MIG_ERR_CANCELLED (answered no). */
bool cli_confirm(struct cli *cli, const struct cli_act *act, struct mig_error *err) MIG_MUST_CHECK;

/* True when cli_confirm would ask on the terminal: then what is to be confirmed should be shown before. */
bool cli_will_ask(const struct cli *cli, const struct cfg_environment *env);

/* Put on record that an act was refused or cancelled before it reached core/app, with *err as the reason; said on standard error when that
 * fails. env may be NULL; an error that is not worth an entry leaves none (mig_audit_wants). */
void cli_refused(struct cli *cli, const struct cfg_environment *env, struct mig_audit_act *act,
                 const struct mig_error *err);

#endif
