/* mongo_pool.h - the driver's client pool of one environment, its lanes, and the way to stop their calls.
 *
 * Thread-safe. Monitoring threads start with the first take. Uses no global: the driver's events find the
 * lane of their thread among the pool's.
 */
#ifndef MIG_IO_MONGO_POOL_H
#define MIG_IO_MONGO_POOL_H

#include "io/mongo_driver.h"
#include <stdbool.h>
#include <stdint.h>

#include "io/mongo_lane.h"

struct io_pool;

/* Make a pool; connects to nothing, but resolves a mongodb+srv name (which may block). NULL: *error says
 * why. */
struct io_pool *io_pool_new(const mongoc_uri_t *uri, bson_error_t *error);

/* All lanes must have been given back. Returns before the driver has shut down (io_mongo_retire). */
void io_pool_free(struct io_pool *pool);

/* A lane for a call or a transaction. NULL when none came free within waitQueueTimeoutMS. */
struct io_lane *io_pool_take(struct io_pool *pool);
void io_pool_give(struct io_pool *pool, struct io_lane *lane);

/* Bracket each call on a lane, on the thread that makes it. begin: false when the pool is cancelled; what
 * the driver then still does on this lane fails at once. Resets the lane's call fields. */
bool io_pool_begin(struct io_pool *pool, struct io_lane *lane, int64_t socket_ms);
void io_pool_end(struct io_pool *pool, struct io_lane *lane);

/* Before a command is sent again within the same call. */
void io_pool_restart(struct io_lane *lane);

/* Stop calls under way and refuse further ones, or (on = false) let calls begin again. Calls that were
 * stopped stay so. */
void io_pool_cancel(struct io_pool *pool, bool on);

/* Sleep on a lane within a call; false when it was cancelled. */
bool io_pool_pause(const struct io_lane *lane, int ms);

/* True when the driver has dropped every host (as members of another replica set): this pool will never
 * find a server. */
bool io_pool_is_lost(const struct io_pool *pool);

/* Commands sent. */
int64_t io_pool_commands(const struct io_pool *pool);

#endif
