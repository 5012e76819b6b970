/* mongo_store.c - a store's life: opened without a connection, its pool made by the first call and renewed
 * when lost. */
#include "io/mongo_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/mongo.h"
#include "io/mongo_call.h"
#include "io/mongo_error.h"

#define DATABASE_MAX 63

static void cancel(struct mig_store *base, bool on)
{
    struct io_mongo_store *store = io_mongo(base);
    pthread_mutex_lock(&store->lock);
    store->cancelled = on;
    if (store->pool)
        io_pool_cancel(store->pool, on);
    pthread_mutex_unlock(&store->lock);
}

static int64_t round_trips(struct mig_store *base)
{
    struct io_mongo_store *store = io_mongo(base);
    pthread_mutex_lock(&store->lock);
    int64_t count = store->commands + (store->pool ? io_pool_commands(store->pool) : 0);
    pthread_mutex_unlock(&store->lock);
    return count;
}

static void close_store(struct mig_store *base)
{
    struct io_mongo_store *store = io_mongo(base);
    io_pool_free(store->pool);
    io_mongo_uri_done(&store->target);
    free(store->database);
    pthread_mutex_destroy(&store->opening);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

static const struct mig_store_ops ops = {
    .command = io_mongo_command,
    .query = io_mongo_query,
    .txn_begin = io_mongo_txn_begin,
    .txn_session = io_mongo_txn_session,
    .txn_commit = io_mongo_txn_commit,
    .txn_abort = io_mongo_txn_abort,
    .cancel = cancel,
    .round_trips = round_trips,
    .close = close_store,
};

/* What every server refuses, on any platform. */
static bool check_database(const char *name, const char *redacted, struct mig_error *err)
{
    if (!*name) {
        mig_fail(err, MIG_ERR_CONFIG, "connection string %s names no database", redacted);
        return mig_hint(err, "set the environment's `database`");
    }
    if (strlen(name) > DATABASE_MAX || name[strcspn(name, "/\\. \"$*<>:|?")]) {
        MIG_AUTOFREE char *safe = mig_text_safe_dup(name, 80);
        return mig_fail(err, MIG_ERR_CONFIG, "not a database name: %s", safe);
    }
    return true;
}

bool io_mongo_open(const struct io_mongo_options *options, struct mig_store **ret, struct mig_error *err)
{
    *ret = NULL;
    struct io_mongo_uri target;
    if (!io_mongo_load(err) ||
        !io_mongo_uri_parse(options->uri, options->app_name, &options->limits, &target, err))
        return false;
    const char *database = options->database && *options->database ? options->database : target.database;
    if (!check_database(database, target.redacted, err)) {
        io_mongo_uri_done(&target);
        return false;
    }
    struct io_mongo_store *store = mig_alloc(sizeof *store);
    store->target = target;
    store->database = mig_strdup(database);
    store->base = (struct mig_store){ .ops = &ops, .database = store->database };
    pthread_mutex_init(&store->opening, NULL);
    pthread_mutex_init(&store->lock, NULL);
    *ret = &store->base;
    return true;
}

const char *io_mongo_raised(const struct mig_store *store)
{
    return ((const struct io_mongo_store *)store)->target.raised;
}

const char *io_mongo_redacted(const struct mig_store *store)
{
    return ((const struct io_mongo_store *)store)->target.redacted;
}

/* With `opening` held: the pool to use, with one more user. A lost one is replaced as soon as nobody uses
 * it. */
static struct io_pool *use_pool(struct io_mongo_store *store, bson_error_t *error)
{
    pthread_mutex_lock(&store->lock);
    struct io_pool *old = NULL;
    if (store->pool && store->users == 0 && io_pool_is_lost(store->pool)) {
        old = store->pool;
        store->commands += io_pool_commands(old);
        store->pool = NULL;
    }
    struct io_pool *pool = store->pool;
    if (pool)
        store->users++;
    pthread_mutex_unlock(&store->lock);
    io_pool_free(old);
    if (pool)
        return pool;

    pool = io_pool_new(store->target.uri, error);
    if (!pool)
        return NULL;
    pthread_mutex_lock(&store->lock);
    store->pool = pool;
    store->users++;
    if (store->cancelled)
        io_pool_cancel(pool, true);
    pthread_mutex_unlock(&store->lock);
    return pool;
}

static void leave_pool(struct io_mongo_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->users--;
    pthread_mutex_unlock(&store->lock);
}

struct io_lane *io_mongo_take(struct io_mongo_store *store, struct mig_error *err)
{
    pthread_mutex_lock(&store->lock);
    bool cancelled = store->cancelled;
    pthread_mutex_unlock(&store->lock);
    if (cancelled) {
        mig_fail(err, MIG_ERR_CANCELLED, "stopped before anything was sent");
        return NULL;
    }
    bson_error_t error = { 0 };
    pthread_mutex_lock(&store->opening);
    struct io_pool *pool = use_pool(store, &error);
    pthread_mutex_unlock(&store->opening);
    if (!pool) { /* mongodb+srv that does not resolve */
        struct io_lane nowhere = { .wake_fd = -1 };
        error.domain = MONGOC_ERROR_STREAM;
        error.code = MONGOC_ERROR_STREAM_NAME_RESOLUTION;
        io_mongo_fail_unsent(&nowhere, &error, err);
        mig_context(err, "%s", store->target.redacted);
        return NULL;
    }
    struct io_lane *lane = io_pool_take(pool);
    if (!lane) {
        leave_pool(store);
        mig_fail(err, MIG_ERR_LIMIT, "every connection to the server is in use");
        mig_hint(err, "maxPoolSize in the connection string limits them");
    }
    return lane;
}

void io_mongo_give(struct io_mongo_store *store, struct io_lane *lane)
{
    io_pool_give(store->pool, lane);
    leave_pool(store);
}
