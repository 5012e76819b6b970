/* mongo_error.h - from what the driver and the server say to an outcome, and to an error an operator can
 * act on.
 *
 * Three sources are put together: the reply's body (a reply came or it did not), the lane (was anything
 * sent, why did it break) and the driver's error (error API version 2: a server's numbers and the driver's
 * own do not collide). Pure, but for what it reads from the lane.
 */
#ifndef MIG_IO_MONGO_ERROR_H
#define MIG_IO_MONGO_ERROR_H

#include "io/mongo_driver.h"

#include "io/mongo_lane.h"
#include "ports/store.h"

/* Judge a finished call. ret->body is what the driver put there; ok and error are the driver's verdict,
 * command the first key of what was sent. Sets ret->outcome, .labels and .error. */
void io_mongo_judge(const struct io_lane *lane, const char *command, bool ok, const bson_error_t *error,
                    struct mig_reply *ret);

/* The driver's error of a call of which nothing was sent. Always returns false. */
bool io_mongo_fail_unsent(const struct io_lane *lane, const bson_error_t *error, struct mig_error *err);

/* A server's refusal (a body with ok:0). Always returns false. */
bool io_mongo_fail_refused(const char *command, const bson_t *body, struct mig_error *err);

/* MIG_LABEL_… bits of a reply's errorLabels. */
unsigned io_mongo_labels(const bson_t *body);

#endif
