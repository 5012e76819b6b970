/* query_log.h - a run's log as a growing value: the newest events, older ones let go. */
#ifndef MIG_APP_QUERY_LOG_H
#define MIG_APP_QUERY_LOG_H

#include "app/query.h"

#define MIG_LOG_KEPT 10000 /* events; rounded up to whole chunks */

void *mig_query_fetch_log(struct mig_query *query, bool *ret_over, struct mig_error *err);
void mig_query_forget_log(void *state);

/* The log with events behind it (they are taken), as a new value; before NULL: an empty one. Older chunks are shared. */
struct mig_seen_log *mig_log_grow(const struct mig_seen_log *before, bson_t **take_events, size_t count);

#endif
