/* watch_stream.c - changes told by the server itself, so that an environment where nothing happens is seldom asked.
 *
 * A change stream over the collections of migtui's that say where an environment stands. What it tells is only that something
 * has changed: a look follows. Between two batches without a change the last look is as good as new. It is a convenience:
 * whatever is wrong with it, looks go on by the clock as on a server that has none.
 */
#include <string.h>

#include "app/watch_private.h"
#include "base/cleanup.h"
#include "base/doc.h"

struct stream {
    struct watch_env *env;
    struct mig_names names;
    bool opened;
};

static void look_soon(struct watch_env *env, int64_t now)
{
    int64_t at = env->looked_ms + WATCH_RUNNING_MS; /* a run writes more often than anybody reads */
    at = at > now ? at : now;
    if (at < env->next_look_ms)
        env->next_look_ms = at;
}

static int64_t now_of(const struct watch_env *env)
{
    return env->watch->host->ops->mono_ms(env->watch->host);
}

/* It is open: from here on it tells everything; what happened since the last look, a look tells. */
static bool opened(const bson_t *cursor, void *context, struct mig_error *err)
{
    struct stream *stream = context;
    struct watch_env *env = stream->env;
    (void)cursor, (void)err;
    stream->opened = true;
    pthread_mutex_lock(&env->watch->lock);
    env->streaming = true;
    env->stream_failures = 0;
    env->next_look_ms = 0;
    pthread_mutex_unlock(&env->watch->lock);
    env->watch->host->ops->wake(env->watch->host, &env->looks);
    return true;
}

static bool changed(const bson_t *event, void *context)
{
    struct stream *stream = context;
    struct watch_env *env = stream->env;
    const char *collection = mig_doc_str(event, "ns.coll", "");
    bool of_requests = strcmp(collection, stream->names.approvals) == 0;
    pthread_mutex_lock(&env->watch->lock);
    env->changes += of_requests; /* of which a look sees nothing but a number */
    look_soon(env, now_of(env));
    bool goes_on = !env->watch->stopping;
    pthread_mutex_unlock(&env->watch->lock);
    env->watch->host->ops->wake(env->watch->host, &env->looks);
    if (of_requests)
        env->watch->host->ops->wake(env->watch->host, &env->asks);
    return goes_on;
}

bool watch_is_quiet(const struct watch_env *env)
{
    return env->streaming && env->seen && env->failures == 0 && !env->seen->look.history->lock.owner[0];
}

/* A wait without a change. A held lock ages by the server's clock, which only a look tells. */
static bool nothing_new(void *context)
{
    struct watch_env *env = ((struct stream *)context)->env;
    pthread_mutex_lock(&env->watch->lock);
    int64_t now = now_of(env);
    if (watch_is_quiet(env) && !env->looking && env->next_look_ms > now)
        env->seen_ms = now;
    bool goes_on = !env->watch->stopping;
    pthread_mutex_unlock(&env->watch->lock);
    return goes_on;
}

static void append_command(const struct mig_names *names, bson_t *out)
{
    BSON_APPEND_INT32(out, "aggregate", 1);
    BCON_APPEND(out, "pipeline", "[", "{", "$changeStream", "{", "}", "}", "{", "$match", "{", "ns.coll", "{",
                "$in", "[", BCON_UTF8(names->history), BCON_UTF8(names->lock), BCON_UTF8(names->approvals),
                "]", "}", "}", "}", "{", "$project", "{", "ns.coll", BCON_INT32(1), "}", "}", "]", "cursor",
                "{", "}");
}

/* When to try again: a server that refuses it will do so again until somebody changes the server or the user's rights. */
static int64_t pause_after(const struct watch_env *env, const struct stream *stream,
                           const struct mig_error *err)
{
    bool refused = !stream->opened && (err->code == MIG_ERR_SERVER || err->code == MIG_ERR_DENIED);
    return refused ? WATCH_REFUSED_MS : watch_back_off(env->stream_failures);
}

void watch_stream(struct watch_lane *lane)
{
    struct watch_env *env = lane->env;
    struct mig_watch *watch = lane->watch;
    struct stream stream = { .env = env };
    struct mig_store *store = NULL;
    struct mig_error err = { 0 };
    bson_t command MIG_AUTODOC = BSON_INITIALIZER;
    mig_names_make(env->app.config->prefix, &stream.names);
    append_command(&stream.names, &command);
    struct mig_call call = {
        .command = &command, .opened = opened, .idle = nothing_new, .await_ms = WATCH_AWAIT_MS
    };
    if (env->app.open_store(env->app.ports_ctx, env->env, "", &store, &err)) {
        if (!store->ops->query(store, &call, changed, &stream, &err) && err.code == MIG_OK)
            mig_fail(&err, MIG_ERR_INTERNAL, "a stream of changes ended without a reason");
        store->ops->close(store);
    }
    pthread_mutex_lock(&watch->lock);
    int64_t now = now_of(env);
    env->stream_failures++;
    env->next_stream_ms = now + pause_after(env, &stream, &err);
    if (env->streaming)
        env->next_look_ms = env->next_look_ms < now ? env->next_look_ms : now; /* is it still there? */
    env->streaming = false;
    pthread_mutex_unlock(&watch->lock);
    watch->host->ops->wake(watch->host, &env->looks);
}
