/* run_audit.h - how a run begins and ends for the record: the approval it uses, its entries in the audit, fingerprints. */
#ifndef MIG_APP_RUN_AUDIT_H
#define MIG_APP_RUN_AUDIT_H

#include "app/run_private.h"

/* Under the lock, after the gates and before the first step: uses the approval (or breaks the glass) in one write, then puts the start on
 * record. A run whose start cannot be put on record does not start. */
bool mig_run_audit_start(struct mig_runner *r, struct mig_error *err) MIG_MUST_CHECK;

/* At the end: keep what the collections are like now, for the drift gate of the next run. A failure is a warning. */
void mig_run_keep_prints(struct mig_runner *r);

/* At the end, however it ended; a failure to write is a warning in the journal. */
void mig_run_audit_end(struct mig_runner *r);

#endif
