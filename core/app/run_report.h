/* run_report.h - what a run says of itself: its first and last events, and its document in <prefix>runs. */
#ifndef MIG_APP_RUN_REPORT_H
#define MIG_APP_RUN_REPORT_H

#include "app/run_private.h"

const char *mig_report_command(const struct mig_run_options *options); /* apply, rollback, resume */
void mig_report_started(struct mig_runner *r);
void mig_report_finished(struct mig_runner *r);
void mig_report_gates(struct mig_runner *r);
void mig_report_lock(struct mig_runner *r, const char *prev_run);
/* Write (or complete) the run's document. A failure is a warning: the history's records are what counts. */
void mig_report_run_record(struct mig_runner *r, bool starting);

#endif
