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

/* hello and buildInfo: two round trips. All of ret but db_user, may_only_read and can_current_op (false), and set_id,
 * which no server tells without a right that migrations do not need.
 *
 * False: *err is the store's, MIG_ERR_TOO_OLD (below 4.2; names both versions) or MIG_ERR_WRONG_SERVER (a
 * secondary or an arbiter, reached by a direct connection; names the primary). */
bool mig_server_glance(struct mig_store *store, struct mig_host *host, struct mig_server *ret,
                       struct mig_error *err);

/* May we see our own operations? A refusal is an answer. One round trip: used by a run that has a step which may outlive its reply,
 * before the first of them. */
bool mig_server_probe_operations(struct mig_store *store, struct mig_server *ret, struct mig_error *err);

/* Who are we, and may we write to that database? connectionStatus; one round trip. Sets db_user and may_only_read. */
bool mig_server_probe_user(struct mig_store *store, const char *database, struct mig_server *ret,
                           struct mig_error *err);

#endif
