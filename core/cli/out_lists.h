/* out_lists.h - runs and history as tables, from the documents of app/runs.h. Pure. */
#ifndef MIG_CLI_OUT_LISTS_H
#define MIG_CLI_OUT_LISTS_H

#include <bson/bson.h>

#include "cli/style.h"

/* A row: {run, environment, direction, status, startedAt, durationMs, operator, host, migrations, …}. */
struct cli_table *cli_runs_table(const struct cli_style *style);
void cli_runs_row(struct cli_table *table, const bson_t *run);

/* A row: {startedAt, environment, version, title, direction, status, durationMs, operator, run, ticket, …}. */
struct cli_table *cli_history_table(const struct cli_style *style);
void cli_history_row(struct cli_table *table, const bson_t *entry);

/* A row as mig_drift_list feeds it. */
struct cli_table *cli_drift_table(const struct cli_style *style);
void cli_drift_row(struct cli_table *table, const bson_t *row);

/* A row: a document as mig_backup_document makes it. */
struct cli_table *cli_backups_table(const struct cli_style *style);
void cli_backups_row(struct cli_table *table, const bson_t *backup);

/* A row: an entry as mig_audit_list feeds it. */
struct cli_table *cli_audit_table(const struct cli_style *style);
void cli_audit_row(struct cli_table *table, const bson_t *entry);

/* A row as mig_requests_list feeds it. */
struct cli_table *cli_requests_table(const struct cli_style *style);
void cli_requests_row(struct cli_table *table, const bson_t *request);
/* The same in full, with the steps of its plan, for who is to decide. */
void cli_request_text(const bson_t *request, const struct cli_style *style, struct mig_buf *out);

#endif
