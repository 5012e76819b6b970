/* look.c - every environment at once, each in its own task, each with its own fate. */
#include "app/look.h"

#include <stdlib.h>
#include <string.h>

#include "app/history.h"
#include "app/lock.h"
#include "app/server_probe.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/states.h"

static const struct mig_catalog no_files;

const struct cfg_environment *mig_app_environment(const struct mig_app *app, const char *name,
                                                  struct mig_error *err)
{
    const struct cfg_environment *env = cfg_environment_find(app->config, name);
    if (env)
        return env;
    const char *names[CFG_ENVIRONMENTS_MAX + 1] = { NULL };
    for (size_t i = 0; i < app->config->environment_count && i < CFG_ENVIRONMENTS_MAX; i++)
        names[i] = app->config->environments[i].name;
    const char *near = mig_text_nearest(name, names);
    mig_fail(err, MIG_ERR_USAGE, "%s has no environment \"%s\"%s%s%s", app->config->file, name,
             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return NULL;
}

/* Transactions that can create collections came with 4.4; below, steps run one by one with their intents. */
static void temper(struct mig_server *server)
{
    if (!server->can_union)
        server->can_transactions = false;
}

/* Views follow from files, records and order, and those of unfinished migrations from the lock as well. */
static bool views_are_as_before(const struct mig_look *former, const struct mig_history *history)
{
    const size_t *counts = former->views.counts;
    return history->past == former->history->past && counts[MIG_RUNNING] + counts[MIG_INTERRUPTED] == 0;
}

bool mig_look_again(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                    const struct mig_catalog *catalog, const struct mig_look *former, struct mig_look *ret,
                    struct mig_error *err)
{
    struct mig_names names;
    struct mig_known known = { .catalog = catalog };
    int64_t began = app->host->ops->mono_ms(app->host);
    *ret = (struct mig_look){ .env = env, .catalog = catalog };
    former = former && former->reachable && former->catalog == catalog ? former : NULL;
    known.past = former ? former->history->past : NULL;
    mig_names_make(app->config->prefix, &names);
    bool ok = mig_server_glance(store, app->host, &ret->server, &ret->error);
    if (ok)
        temper(&ret->server);
    if (ok && env->replica_set && strcmp(env->replica_set, ret->server.set_name) != 0) {
        ok = mig_fail(&ret->error, MIG_ERR_WRONG_SERVER, "the server is of replica set \"%s\", not \"%s\"",
                      ret->server.set_name, env->replica_set);
        mig_hint(&ret->error, "check uri and replicaSet of environment %s", env->name);
    }
    ok = ok && mig_history_load(store, &names, &ret->server, &known, &ret->history, &ret->error);
    ret->looked_at = app->host->ops->wall_ms(app->host);
    ret->looked_mono_ms = app->host->ops->mono_ms(app->host);
    ret->took_ms = app->host->ops->mono_ms(app->host) - began;
    ret->reachable = ok;
    if (!ok) {
        *err = ret->error;
        return false;
    }
    mig_lock_check_holder(app->host, &ret->history->lock);
    if (former && views_are_as_before(former, ret->history))
        ret->views = mig_views_share(&former->views);
    else
        mig_states_derive(catalog ? catalog : &no_files, ret->history, env->order, &ret->views);
    return true;
}

bool mig_look_store(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                    const struct mig_catalog *catalog, struct mig_look *ret, struct mig_error *err)
{
    return mig_look_again(app, env, store, catalog, NULL, ret, err);
}

void mig_look_done(struct mig_look *look)
{
    mig_history_free(look->history);
    mig_views_done(&look->views);
    look->history = NULL;
}

struct look_task {
    struct mig_app *app;
    const struct cfg_environment *env;
    const struct mig_catalog *catalog;
    struct mig_look *look;
    struct mig_task *task;
};

static void look_at(void *context)
{
    struct look_task *task = context;
    struct mig_store *store;
    struct mig_error err;
    *task->look = (struct mig_look){ .env = task->env };
    if (!task->app->open_store(task->app->ports_ctx, task->env, "", &store, &task->look->error))
        return;
    (void)mig_look_store(task->app, task->env, store, task->catalog, task->look, &err);
    store->ops->close(store);
}

void mig_looks_take(struct mig_app *app, const struct cfg_environment *const *envs, size_t count,
                    const struct mig_catalog *catalog, struct mig_looks *ret)
{
    if (!envs)
        count = app->config->environment_count;
    struct look_task *tasks = mig_alloc_n(count, sizeof *tasks);
    ret->items = mig_alloc_n(count, sizeof *ret->items);
    ret->count = count;
    for (size_t i = 0; i < count; i++) {
        struct mig_error err;
        tasks[i] = (struct look_task){ .app = app,
                                       .env = envs ? envs[i] : &app->config->environments[i],
                                       .catalog = catalog,
                                       .look = &ret->items[i] };
        /* Without a further task, look here: slower, never less true. */
        if (!app->host->ops->task_start(app->host, look_at, &tasks[i], &tasks[i].task, &err)) {
            tasks[i].task = NULL;
            look_at(&tasks[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (tasks[i].task)
            app->host->ops->task_join(app->host, tasks[i].task);
    }
    free(tasks);
}

void mig_looks_done(struct mig_looks *looks)
{
    for (size_t i = 0; i < looks->count; i++)
        mig_look_done(&looks->items[i]);
    free(looks->items);
    *looks = (struct mig_looks){ 0 };
}
