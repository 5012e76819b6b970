/* mongo_stream.h - a connection whose waits can be interrupted from another thread, for the driver to talk
 * through.
 *
 * The driver lets a client bring its own way to connect (mongoc_client_set_stream_initiator). Ours
 * connects without blocking and waits with poll() on the socket and the lane's wake_fd; TLS is the
 * driver's own, layered on top. Monitoring keeps the driver's connections, so server discovery is
 * untouched. Writes never raise SIGPIPE; descriptors are CLOEXEC.
 */
#ifndef MIG_IO_MONGO_STREAM_H
#define MIG_IO_MONGO_STREAM_H

#include "io/mongo_driver.h"

#include "io/mongo_lane.h"

/* A mongoc_stream_initiator_t: connect to host as uri says (connectTimeoutMS, TLS). lane: a struct io_lane
 * that outlives the stream. NULL: *error says why (domain MONGOC_ERROR_STREAM; code NAME_RESOLUTION,
 * CONNECT or SOCKET). Resolving the name cannot be interrupted; all else can. */
mongoc_stream_t *io_stream_connect(const mongoc_uri_t *uri, const mongoc_host_list_t *host, void *lane,
                                   bson_error_t *error);

#endif
