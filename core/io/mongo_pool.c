/* mongo_pool.c - pooled clients, each with a lane; the driver's command events tell a lane what is on the
 * wire. */
#include "io/mongo_pool.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/clock.h"
#include "io/mongo.h"
#include "io/mongo_stream.h"

struct io_pool {
    mongoc_client_pool_t *driver;
    pthread_mutex_t lock; /* lanes, their .active, cancelled */
    struct io_lane *lanes;
    bool cancelled;
    _Atomic int64_t commands;
    atomic_int hosts;    /* the driver looks at; a member of another replica set is dropped for good */
    atomic_bool dropped; /* one was */
};

/* The lane whose call runs on this thread; NULL for what the driver does by itself (endSessions). */
static struct io_lane *lane_of_this_thread(struct io_pool *pool)
{
    pthread_t self = pthread_self();
    pthread_mutex_lock(&pool->lock);
    struct io_lane *lane = pool->lanes;
    while (lane && !(lane->active && pthread_equal(lane->thread, self)))
        lane = lane->next;
    pthread_mutex_unlock(&pool->lock);
    return lane;
}

static void on_started(const mongoc_apm_command_started_t *event)
{
    struct io_pool *pool = mongoc.apm_command_started_get_context(event);
    struct io_lane *lane = lane_of_this_thread(pool);
    if (!lane)
        return;
    atomic_fetch_add(&pool->commands, 1);
    snprintf(lane->host, sizeof lane->host, "%s", mongoc.apm_command_started_get_host(event)->host_and_port);
    lane->server_id = mongoc.apm_command_started_get_server_id(event);
    lane->broke = IO_BREAK_NONE;
    lane->in_command = true;
    if (lane->started_ms == 0)
        lane->started_ms = io_boottime_ms();
}

static void leave_command(struct io_pool *pool)
{
    struct io_lane *lane = lane_of_this_thread(pool);
    if (lane)
        lane->in_command = false;
}

static void on_succeeded(const mongoc_apm_command_succeeded_t *event)
{
    leave_command(mongoc.apm_command_succeeded_get_context(event));
}

static void on_failed(const mongoc_apm_command_failed_t *event)
{
    leave_command(mongoc.apm_command_failed_get_context(event));
}

static void on_host(const mongoc_apm_server_opening_t *event)
{
    struct io_pool *pool = mongoc.apm_server_opening_get_context(event);
    atomic_fetch_add(&pool->hosts, 1);
}

static void on_host_dropped(const mongoc_apm_server_closed_t *event)
{
    struct io_pool *pool = mongoc.apm_server_closed_get_context(event);
    atomic_fetch_sub(&pool->hosts, 1);
    atomic_store(&pool->dropped, true);
}

bool io_pool_is_lost(const struct io_pool *pool)
{
    return atomic_load(&pool->dropped) && atomic_load(&pool->hosts) == 0;
}

struct io_pool *io_pool_new(const mongoc_uri_t *uri, bson_error_t *error)
{
    mongoc_client_pool_t *driver = mongoc.client_pool_new_with_error(uri, error);
    if (!driver)
        return NULL;
    struct io_pool *pool = mig_alloc(sizeof *pool);
    pool->driver = driver;
    pthread_mutex_init(&pool->lock, NULL);

    mongoc_apm_callbacks_t *callbacks = mongoc.apm_callbacks_new();
    mongoc.apm_set_command_started_cb(callbacks, on_started);
    mongoc.apm_set_command_succeeded_cb(callbacks, on_succeeded);
    mongoc.apm_set_command_failed_cb(callbacks, on_failed);
    mongoc.apm_set_server_opening_cb(callbacks, on_host);
    mongoc.apm_set_server_closed_cb(callbacks, on_host_dropped);
    mongoc.client_pool_set_apm_callbacks(driver, callbacks, pool);
    mongoc.apm_callbacks_destroy(callbacks);
    mongoc.client_pool_set_error_api(driver, MONGOC_ERROR_API_VERSION_2);
    return pool;
}

static void destroy(void *context)
{
    struct io_pool *pool = context;
    mongoc.client_pool_destroy(pool->driver);
    while (pool->lanes) {
        struct io_lane *lane = pool->lanes;
        pool->lanes = lane->next;
        if (lane->wake_fd >= 0)
            close(lane->wake_fd);
        free(lane);
    }
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void io_pool_free(struct io_pool *pool)
{
    if (pool)
        io_mongo_retire(destroy, pool);
}

struct io_lane *io_pool_take(struct io_pool *pool)
{
    mongoc_client_t *client = mongoc.client_pool_pop(pool->driver);
    if (!client)
        return NULL;
    pthread_mutex_lock(&pool->lock);
    struct io_lane *lane = pool->lanes;
    while (lane && lane->client != client)
        lane = lane->next;
    if (!lane) {
        lane = mig_alloc(sizeof *lane);
        lane->client = client;
        lane->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        lane->next = pool->lanes;
        pool->lanes = lane;
        mongoc.client_set_stream_initiator(client, io_stream_connect, lane);
    }
    pthread_mutex_unlock(&pool->lock);
    return lane;
}

void io_pool_give(struct io_pool *pool, struct io_lane *lane)
{
    mongoc.client_pool_push(pool->driver, lane->client);
}

/* The pool's lock is held. */
static void stop(struct io_lane *lane)
{
    atomic_store(&lane->cancelled, true);
    if (lane->wake_fd >= 0)
        eventfd_write(lane->wake_fd, 1);
}

bool io_pool_begin(struct io_pool *pool, struct io_lane *lane, int64_t socket_ms)
{
    pthread_mutex_lock(&pool->lock);
    eventfd_t drained;
    if (lane->wake_fd >= 0)
        eventfd_read(lane->wake_fd, &drained);
    atomic_store(&lane->cancelled, false);
    lane->host[0] = '\0';
    lane->socket_ms = socket_ms;
    io_pool_restart(lane);
    if (pool->cancelled)
        stop(lane);
    lane->thread = pthread_self();
    lane->active = true;
    bool ok = !pool->cancelled;
    pthread_mutex_unlock(&pool->lock);
    return ok;
}

void io_pool_restart(struct io_lane *lane)
{
    lane->in_command = false;
    lane->sent_bytes = 0;
    lane->received_bytes = 0;
    lane->started_ms = 0;
    lane->broke = IO_BREAK_NONE;
}

void io_pool_end(struct io_pool *pool, struct io_lane *lane)
{
    pthread_mutex_lock(&pool->lock);
    lane->active = false;
    lane->in_command = false;
    pthread_mutex_unlock(&pool->lock);
}

void io_pool_cancel(struct io_pool *pool, bool on)
{
    pthread_mutex_lock(&pool->lock);
    pool->cancelled = on;
    for (struct io_lane *lane = pool->lanes; on && lane; lane = lane->next) {
        if (lane->active)
            stop(lane);
    }
    pthread_mutex_unlock(&pool->lock);
}

bool io_pool_pause(const struct io_lane *lane, int ms)
{
    struct pollfd fd = { .fd = lane->wake_fd, .events = POLLIN };
    poll(&fd, 1, ms);
    return !atomic_load(&lane->cancelled);
}

int64_t io_pool_commands(const struct io_pool *pool)
{
    return atomic_load(&pool->commands);
}
