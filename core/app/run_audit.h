/* run_audit.h - a run's entries in the audit: its start, its end, or that it was refused. */
#ifndef MIG_APP_RUN_AUDIT_H
#define MIG_APP_RUN_AUDIT_H

#include "app/run_private.h"

/* Under the lock, before the first step. A run whose start cannot be put on record does not start. */
bool mig_run_audit_start(struct mig_runner *r, struct mig_error *err) MIG_MUST_CHECK;

/* At the end, however it ended; a failure to write is a warning in the journal. */
void mig_run_audit_end(struct mig_runner *r);

#endif
