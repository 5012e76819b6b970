/* look.h - one look at environments: server, history, lock, and the states that follow. Reads only.
 *
 * One round trip an environment for the data (plus the handshake and one for capabilities); environments are looked at in
 * parallel, each with its own deadline, so that a dead one delays nobody.
 */
#ifndef MIG_APP_LOOK_H
#define MIG_APP_LOOK_H

#include "app/app.h"
#include "engine/plan.h"

struct mig_look {
    const struct cfg_environment *env;
    const struct mig_catalog *catalog; /* what history and views borrow from; NULL: none */
    bool reachable;
    struct mig_error error; /* why not reachable (or disabled) */
    struct mig_server server;
    struct mig_history *history;
    struct mig_views views;
    int64_t looked_at; /* our wall clock */
    int64_t looked_mono_ms;
    int64_t took_ms;
};

/* Look at one environment through a store that is open already. False: look->error says why (also copied to *err). */
bool mig_look_store(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                    const struct mig_catalog *catalog, struct mig_look *ret, struct mig_error *err);

/* The same, where former is what a look has found before with the same catalog: what it finds unchanged is shared with it and
 * made no second time. former NULL, or of another catalog: all is made anew. */
bool mig_look_again(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                    const struct mig_catalog *catalog, const struct mig_look *former, struct mig_look *ret,
                    struct mig_error *err);

/* Look at several in parallel; names NULL: all of the configuration. Results in the configuration's order. Never fails as a
 * whole; each look tells its own. Free with mig_looks_free. */
struct mig_looks {
    struct mig_look *items;
    size_t count;
};
void mig_looks_take(struct mig_app *app, const struct cfg_environment *const *envs, size_t count,
                    const struct mig_catalog *catalog, struct mig_looks *ret);
void mig_looks_done(struct mig_looks *looks);
void mig_look_done(struct mig_look *look);

#endif
