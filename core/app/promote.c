/* promote.c - applied there with the same meaning, pending here. */
#include "app/promote.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void mig_promotion_done(struct mig_promotion *promotion)
{
    free(promotion->versions);
    *promotion = (struct mig_promotion){ 0 };
}

static const struct cfg_environment *environment_before(struct mig_app *app,
                                                        const struct cfg_environment *env,
                                                        struct mig_error *err)
{
    if (env->has_gate && env->gate.rehearsed_in)
        return mig_app_environment(app, env->gate.rehearsed_in, err);
    for (size_t i = 1; i < app->config->environment_count; i++) {
        if (&app->config->environments[i] == env)
            return &app->config->environments[i - 1];
    }
    mig_fail(err, MIG_ERR_USAGE, "%s is the first environment: there is none to promote from", env->name);
    (void)mig_hint(err, "migtui apply --env %s", env->name);
    return NULL;
}

static void choose(const struct mig_look *there, const struct mig_look *here, struct mig_promotion *ret)
{
    ret->versions = mig_alloc_n(here->views.count + 1, sizeof *ret->versions);
    for (size_t i = 0; i < here->views.count; i++) {
        const struct mig_view *view = &here->views.items[i];
        if (!view->migration ||
            (view->state != MIG_PENDING && view->state != MIG_LATE && view->state != MIG_BLOCKED))
            continue;
        const struct mig_record *record = mig_history_find(there->history, view->version);
        if (record && record->state == MIG_RECORD_APPLIED && strcmp(record->sem, view->migration->sem) == 0)
            ret->versions[ret->count++] = view->migration->version;
        else
            ret->held_back++;
    }
}

bool mig_promote_select(struct mig_app *app, const struct cfg_environment *env,
                        const struct mig_catalog *catalog, struct mig_promotion *ret, struct mig_error *err)
{
    struct mig_looks looks;
    *ret = (struct mig_promotion){ .from = environment_before(app, env, err) };
    if (!ret->from)
        return false;
    const struct cfg_environment *const both[] = { ret->from, env };
    mig_looks_take(app, both, 2, catalog, &looks);
    bool ok = true;
    for (size_t i = 0; ok && i < 2; i++) {
        ok = looks.items[i].reachable;
        if (!ok) {
            *err = looks.items[i].error;
            mig_context(err, "%s", both[i]->name);
        }
    }
    if (ok)
        choose(&looks.items[0], &looks.items[1], ret);
    mig_looks_done(&looks);
    return ok;
}
