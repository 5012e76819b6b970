/* server_probe.h - what is this server, and what may we rely on? Asked, never assumed.
 *
 * Needs the ports only. Reads; no lock, no transaction; blocks for the store's time limits. Any thread.
 */
#ifndef MIG_APP_SERVER_PROBE_H
#define MIG_APP_SERVER_PROBE_H

#include "base/err.h"
#include "model/server.h"
#include "ports/host.h"
#include "ports/store.h"

/* hello and buildInfo: two round trips. All of ret but db_user and can_current_op (false), and set_id,
 * which no server tells without a right that migrations do not need.
 *
 * False: *err is the store's, MIG_ERR_TOO_OLD (below 4.2; names both versions) or MIG_ERR_WRONG_SERVER (a
 * secondary or an arbiter, reached by a direct connection; names the primary). */
bool mig_server_glance(struct mig_store *store, struct mig_host *host, struct mig_server *ret,
                       struct mig_error *err);

/* A glance, and a look at our own operations, which also tells the database user: three round trips (a
 * fourth where the server refuses that look). */
bool mig_server_probe(struct mig_store *store, struct mig_host *host, struct mig_server *ret,
                      struct mig_error *err);

/* The second half alone: may we see our own operations? A refusal is an answer. Used once by a run that has a step which
 * may outlive its reply, before the first of them. */
bool mig_server_probe_operations(struct mig_store *store, struct mig_server *ret, struct mig_error *err);

#endif
