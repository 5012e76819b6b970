/* mongo_uri.h - an operator's connection string, checked and raised to what migrations need.
 *
 * A connection string may ask for weaker guarantees than migtui's promises rest on (w=1, reads from
 * secondaries). Those options are overruled, and .raised says so. What the driver would ignore without a
 * word (misspelt options) or tell without naming the cause (a missing CA file, an empty password) is found
 * here. No network, no name resolution.
 */
#ifndef MIG_IO_MONGO_URI_H
#define MIG_IO_MONGO_URI_H

#include "io/mongo_driver.h"
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Milliseconds; 0: the default. A limit that the connection string sets itself wins, within sane bounds. */
struct io_mongo_limits {
    int64_t connect_ms; /* one connection attempt: 5 s */
    int64_t select_ms;  /* waiting for a primary: 5 s */
    int64_t socket_ms;  /* a server's longest silence within a short command: 30 s; never less */
};

struct io_mongo_uri {
    mongoc_uri_t *uri; /* for the driver; its read and write concerns are unset: each command brings them */
    struct io_mongo_limits limits; /* none 0 */
    char *redacted;                /* for messages: no user, no password, no option values */
    char *raised;                  /* what was overruled, has no effect or is unsafe, "; " between; or "" */
    char *database;                /* of the path, or "" */
};

/* Check text and prepare it. app_name is cut to the 128 bytes the server takes. False: *err is
 * MIG_ERR_CONFIG, or MIG_ERR_TLS naming the file that cannot be read; the message holds the redacted form
 * only. */
bool io_mongo_uri_parse(const char *text, const char *app_name, const struct io_mongo_limits *limits,
                        struct io_mongo_uri *ret, struct mig_error *err) MIG_MUST_CHECK;

/* Both free, after zeroing what holds the password. */
void io_mongo_uri_done(struct io_mongo_uri *uri);
void io_mongo_uri_destroy(mongoc_uri_t *uri);

/* How long one wait for a server is inside the driver, which cannot be interrupted there; the store waits
 * in such slices. */
#define IO_MONGO_SLICE_MS 25

#endif
