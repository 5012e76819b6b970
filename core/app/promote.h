/* promote.h - which migrations may move on from one environment to the next. */
#ifndef MIG_APP_PROMOTE_H
#define MIG_APP_PROMOTE_H

#include "app/look.h"

/* What succeeded in the environment before and has not run here, in order. Owns what it lists. */
struct mig_promotion {
    const struct cfg_environment *from;
    const char **versions; /* NULL-terminated; for mig_selection.versions */
    size_t count;
    size_t held_back; /* pending here, and not applied there with the same meaning */
};
void mig_promotion_done(struct mig_promotion *promotion);

/* Look at both environments and choose. From: the one that rehearsedIn names, else the one before in the configuration. The versions are
 * borrowed from the catalog. MIG_ERR_USAGE: it is the first environment. Reads only. */
bool mig_promote_select(struct mig_app *app, const struct cfg_environment *env,
                        const struct mig_catalog *catalog, struct mig_promotion *ret, struct mig_error *err)
    MIG_MUST_CHECK;

#endif
