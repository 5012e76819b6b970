/* watch_look.c - the work of lanes: reading the directory, looking at an environment, and where its run stands. */
#include <stdio.h>
#include <string.h>

#include "app/store_loan.h"
#include "app/watch_private.h"
#include "base/doc.h"
#include "base/text.h"

#define NO_STAMP  0
#define NEVER     INT64_MAX
#define PIECE_MAX (1024UL * 1024)

/* ---- files ---- */

static struct mig_seen_files *read_files(struct mig_app *app, struct mig_error *err)
{
    struct mig_seen_files *files = mig_seen_files_new();
    struct mig_catalog *catalog = NULL;
    if (app->read_catalog(app->ports_ctx, MIG_CATALOG_NO_BODIES, &catalog, &files->problems, err)) {
        mig_catalog_free(files->catalog);
        files->catalog = catalog;
    } else {
        files->error = *err;
    }
    return files;
}

bool watch_read_files(struct watch_lane *lane)
{
    struct mig_watch *watch = lane->watch;
    struct mig_app *app = watch->options.app;
    struct mig_error err = { 0 };
    uint64_t stamp = NO_STAMP;
    int64_t began = watch->host->ops->mono_ms(watch->host);
    bool stamped = app->stamp_files && app->stamp_files(app->ports_ctx, &stamp, &err);
    pthread_mutex_lock(&watch->lock);
    bool same = watch->files && stamped && stamp == watch->files_stamp;
    pthread_mutex_unlock(&watch->lock);
    struct mig_seen_files *files = same ? NULL : read_files(app, &err);
    int64_t now = watch->host->ops->mono_ms(watch->host);

    pthread_mutex_lock(&watch->lock);
    if (files) {
        mig_unshare(watch->files);
        watch->files = files;
        watch->files_stamp = stamped ? stamp : NO_STAMP;
        watch->files_changes++;
        for (size_t i = 0; i < watch->env_count; i++)
            watch->envs[i].next_look_ms = 0;
    }
    watch->files_next_ms = now + WATCH_FILES_MS + 20 * (now - began); /* a twentieth of the time at most */
    pthread_mutex_unlock(&watch->lock);
    for (size_t i = 0; files && i < watch->env_count; i++) {
        watch->host->ops->wake(watch->host, &watch->envs[i].looks);
        watch->host->ops->wake(watch->host, &watch->envs[i].asks);
    }
    return files != NULL;
}

/* ---- an environment ---- */

static void mix(uint64_t *hash, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++)
        *hash = (*hash ^ at[i]) * 1099511628211U;
}

/* Another number when history or lock have changed in a way that plans, lists or evidence depend on. */
static uint64_t fingerprint(const struct mig_history *history)
{
    uint64_t hash = 14695981039346656037U;
    bool alive = mig_lock_alive(&history->lock);
    mix(&hash, history->head, strlen(history->head));
    mix(&hash, history->environment_uuid, strlen(history->environment_uuid));
    mix(&hash, history->lock.owner, strlen(history->lock.owner));
    mix(&hash, &history->lock.token, sizeof history->lock.token);
    mix(&hash, &alive, sizeof alive);
    for (size_t i = 0; i < history->count; i++)
        mix(&hash, &history->records[i].rev, sizeof history->records[i].rev);
    return hash;
}

static void copy(char *to, size_t size, const bson_t *event, const char *key)
{
    snprintf(to, size, "%s", mig_doc_str(event, key, ""));
    mig_utf8_trim(to);
}

static void note_event(const bson_t *event, void *context)
{
    struct mig_seen_progress *progress = context;
    const char *name = mig_doc_str(event, "event", "");
    if (mig_doc_has(event, "version"))
        copy(progress->version, sizeof progress->version, event, "version");
    if (strcmp(name, "progress") == 0) {
        progress->done = mig_doc_int(event, "done", 0);
        progress->total = mig_doc_int(event, "total", 0);
        progress->rate = mig_doc_int(event, "rate", 0);
    } else if (strcmp(name, "step.started") == 0 || strcmp(name, "migration.started") == 0) {
        progress->done = progress->total = progress->rate = 0;
    }
    if (mig_doc_has(event, "step"))
        copy(progress->step, sizeof progress->step, event, "step");
}

/* Where the run that holds the lock is, from its events; what cannot be read leaves it as it was. */
static void follow_run(struct watch_env *env, const struct mig_lock *lock, struct mig_store *store,
                       struct mig_seen_progress *progress)
{
    struct mig_error ignored;
    bool more = true;
    if (!mig_lock_alive(lock) || !lock->run[0]) {
        *progress = (struct mig_seen_progress){ 0 };
        env->reader = (struct mig_log_reader){ 0 };
        return;
    }
    if (strcmp(env->reader.run, lock->run) != 0) {
        *progress = (struct mig_seen_progress){ 0 };
        mig_log_reader_init(&env->reader, &env->app, lock->run);
        memcpy(progress->run, env->reader.run, sizeof progress->run);
    }
    while (more && mig_log_read(&env->reader, store, PIECE_MAX, note_event, progress, &more, &ignored))
        ;
}

static int64_t pause_after(const struct watch_env *env, bool ok)
{
    if (!ok)
        return watch_back_off(env->failures);
    if (env->progress.run[0])
        return WATCH_RUNNING_MS;
    return watch_is_quiet(env) ? WATCH_QUIET_MS : WATCH_LOOK_MS;
}

void watch_look(struct watch_lane *lane)
{
    struct mig_watch *watch = lane->watch;
    struct watch_env *env = lane->env;
    struct mig_store *store = NULL;
    struct mig_error err = { 0 };
    pthread_mutex_lock(&watch->lock);
    env->looking = true;
    struct mig_seen_env *seen = mig_seen_env_new(watch->files);
    struct mig_seen_env *former = mig_share(env->seen);
    struct mig_seen_progress progress = env->progress;
    int64_t asked = watch->host->ops->mono_ms(watch->host);
    env->looked_ms = asked;
    env->next_look_ms = NEVER;
    pthread_mutex_unlock(&watch->lock);

    bool ok = env->app.open_store(env->app.ports_ctx, env->env, "", &store, &err);
    ok = ok && mig_look_again(&env->app, env->env, store, seen->files->catalog, former ? &former->look : NULL,
                              &seen->look, &err);
    if (ok)
        follow_run(env, &seen->look.history->lock, store, &progress);
    if (store)
        store->ops->close(store);
    mig_unshare(former);

    pthread_mutex_lock(&watch->lock);
    env->looking = false;
    if (ok) {
        uint64_t now_print = fingerprint(seen->look.history);
        if (!env->seen || now_print != env->fingerprint)
            env->changes++;
        env->fingerprint = now_print;
        mig_unshare(env->seen);
        env->seen = seen;
        env->seen_ms = env->asked_ms = asked;
        env->error = (struct mig_error){ 0 };
        env->failures = 0;
        env->progress = progress;
    } else {
        mig_unshare(seen);
        env->error = err;
        env->failures++;
    }
    int64_t next = watch->host->ops->mono_ms(watch->host) + pause_after(env, ok);
    if (next < env->next_look_ms) /* something may have been told meanwhile */
        env->next_look_ms = next;
    if (ok && env->seen->files != watch->files)
        env->next_look_ms = 0; /* files have changed meanwhile */
    pthread_mutex_unlock(&watch->lock);
    watch->host->ops->wake(watch->host, &env->asks);
    watch->host->ops->wake(watch->host, &env->streams);
}
