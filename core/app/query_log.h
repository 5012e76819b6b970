/* query_log.h - a run's log as a growing value: the newest events, older ones let go. */
#ifndef MIG_APP_QUERY_LOG_H
#define MIG_APP_QUERY_LOG_H

#include "app/query.h"

#define MIG_LOG_KEPT 10000 /* events; rounded up to whole chunks */

void *mig_query_fetch_log(struct mig_query *query, bool *ret_over, struct mig_error *err);
void mig_query_forget_log(void *state);

/* The log with more events behind it, as a new value; before NULL: an empty one; take_more NULL: no events. Older chunks are
 * shared. */
struct mig_seen_log *mig_log_grow(const struct mig_seen_log *before, struct mig_log_chunk *take_more);

#endif
