/* load.h - what the steps of a load share. Internal to config/. */
#ifndef MIG_CONFIG_LOAD_H
#define MIG_CONFIG_LOAD_H

#include "base/err.h"
#include "config/config.h"
#include "config/schema.h"
#include "config/tree.h"

struct cfg_load {
    const char *file;
    const struct cfg_inputs *inputs;
    struct cfg_config *config;   /* being built */
    const struct cfg_node *root; /* the file with its places */
    const struct cfg_raw_config *raw;
    struct mig_error *err;
};

/* The environment, then .env. ctx: the struct cfg_load. */
const char *cfg_load_lookup(void *ctx, const char *name);

/* build.c: every option of the table into its member, its value and origin noted. */
bool cfg_build(struct cfg_load *load) MIG_MUST_CHECK;

/* policy.c: what no single value shows. Names that are given twice, gates nobody can pass, channels without
 * an address; fails with the place. */
bool cfg_policy_check(struct cfg_load *load) MIG_MUST_CHECK;

/* policy.c: after the checks. Notes which secrets are not there (disabled_reason) and what is odd (warnings).
 * */
void cfg_policy_note(struct cfg_load *load);

#endif
