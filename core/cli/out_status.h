/* out_status.h - looks at environments as text, as a document, and as an exit status. Pure. */
#ifndef MIG_CLI_OUT_STATUS_H
#define MIG_CLI_OUT_STATUS_H

#include "app/look.h"
#include "cli/style.h"

/* A block an environment in the shape of `atlas migrate status`, then the matrix: a row a migration, a column an
 * environment. Long runs of migrations that are applied everywhere become one line. */
void cli_status_text(const struct mig_looks *looks, const char *project, const struct cli_style *style,
                     struct mig_buf *out);

/* {project, generatedAt, environments: […]}: docs/reference/json.md, `migtui schema status`. Initialises *ret. */
void cli_status_document(const struct mig_looks *looks, const char *project, int64_t now_ms, bson_t *ret);

/* 4: changed, missing, late, failed or interrupted somewhere; 1: an environment did not answer; 2: something is pending,
 * running or blocked; 0: nothing of these. */
int cli_status_exit(const struct mig_looks *looks);

/* One environment's line when there is nothing else to say of it: "prod: no server answered …", and what to do. */
void cli_look_error_text(const struct mig_look *look, const struct cli_style *style, struct mig_buf *out);

#endif
