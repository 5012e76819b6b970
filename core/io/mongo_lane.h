/* mongo_lane.h - one pooled client and what is known about the call it is carrying.
 *
 * The driver says "Failed to send … socket error or timeout" for a reset, a timeout, a cancel and a
 * request that never left. The lane knows better, because its connections are our own streams
 * (mongo_stream.h): they count the bytes of the command, note why they broke, and wait on `wake_fd` beside
 * the socket, so that a call can be stopped from any thread.
 *
 * Threads: a lane carries one call at a time; its fields belong to that call's thread, but for `active`
 * (under the pool's lock), `cancelled` and `wake_fd` (written by whoever cancels).
 */
#ifndef MIG_IO_MONGO_LANE_H
#define MIG_IO_MONGO_LANE_H

#include "io/mongo_driver.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum io_break {
    IO_BREAK_NONE,
    IO_BREAK_CANCELLED,
    IO_BREAK_TIMED_OUT,
    IO_BREAK_CLOSED, /* by the other side */
    IO_BREAK_ERROR,  /* .broke_errno */
};

struct mig_large;

struct io_lane {
    struct io_lane *next;
    mongoc_client_t *client;
    pthread_t thread; /* whose call is under way, while active */
    bool active;      /* a call is under way */
    int wake_fd;      /* eventfd, readable from a cancel until the next call begins; -1: cannot be woken */
    atomic_bool cancelled;

    bool in_command;         /* between the driver's "command started" and its end; handshakes are outside */
    int64_t socket_ms;       /* within a command: longest silence of the server; -1: no limit */
    uint64_t sent_bytes;     /* of commands, handed to the kernel during this call */
    uint64_t received_bytes; /* of the reply under way */
    const struct mig_large *large; /* of the query under way; NULL: none, or replies come as they come */
    bool in_turn;                  /* large->begin was called, end was not yet */
    int64_t started_ms;            /* CLOCK_BOOTTIME right before the first command was sent; 0: none was */
    uint32_t server_id;            /* the driver's number of the server that took the last command */
    char host[272];      /* its host:port, or the one that could not be connected to; "" when unknown */
    enum io_break broke; /* why a stream of this call ended */
    int broke_errno;
    int64_t broke_after_ms; /* the limit that a command ran into; 0: one of a handshake */
};

/* Add to a driver's error text what the lane knows: "connection reset by peer", "no reply within 30 s",
 * "cancelled". Never NULL; "" when nothing broke. buf holds the text where it must be made up. */
const char *io_lane_why(const struct io_lane *lane, char *buf, size_t size);

#endif
