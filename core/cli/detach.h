/* detach.h - a command carried on by a process of its own (run_detach.c). */
#ifndef MIG_CLI_DETACH_H
#define MIG_CLI_DETACH_H

#include "cli/cli.h"

struct cli_detached {
    const char *act; /* first word behind "run": apply, backup, … */
    const struct cfg_environment *env;
    const char *plan_id;      /* "" when there is none */
    const char *confirm_text; /* what was typed, or NULL */
    const char *what;         /* instead of the line's arguments, "": none; NULL: those */
    const char *into;         /* --into, where the line has none; NULL: none */
};

/* Start it with the options and arguments of this command line (but for what is said above), wait until it is at work or over, and print the run's id. */
int cli_detach(struct cli *cli, const struct cli_detached *how, struct mig_error *err);

#endif
