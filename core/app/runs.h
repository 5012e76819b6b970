/* runs.h - past and present runs and their event logs, from the database or this host's journals. Reads only. */
#ifndef MIG_APP_RUNS_H
#define MIG_APP_RUNS_H

#include "app/app.h"

/* Newest first, at most limit; each a document {run, environment, direction, status, startedAt, durationMs, operator, osUser, host, planId,
 * ticket, reason, migrations, steps, error, request, gates: [{name, state, reason, passedOver}]} with ISO times; status "interrupted" for a run that says running but whose lock is gone. */
bool mig_runs_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                   bool (*each)(const bson_t *run, void *ctx), void *ctx, struct mig_error *err);

/* Every finished act on migrations, newest first: {run, environment, version, title, direction, status, startedAt, durationMs, operator, osUser,
 * host, planId, ticket, reason}. */
bool mig_history_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                      bool (*each)(const bson_t *entry, void *ctx), void *ctx, struct mig_error *err);

/* Feed a run's events from the first line: the local journal when there is one, else the log collection. follow: go on until
 * run.finished comes, the run's lock is gone (then a last event run.finished with status unknown is made up and says so), or
 * *stop. */
bool mig_log_feed(struct mig_app *app, const struct cfg_environment *env, const char *run, bool follow,
                  const volatile bool *stop, mig_event_fn on_event, void *ctx, struct mig_error *err);

/* The text of a migration as it ran on an environment, for diff; the caller frees. False when it is not kept. */
bool mig_ran_text(struct mig_app *app, const struct cfg_environment *env, const char *version, char **ret,
                  struct mig_error *err);

#endif
