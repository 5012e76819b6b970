/* out_plan.h - a plan as a person reads it before saying yes. */
#ifndef MIG_CLI_OUT_PLAN_H
#define MIG_CLI_OUT_PLAN_H

#include "app/look.h"
#include "cli/style.h"

#define CLI_PLAN_ID_SHOWN 12 /* digits of a plan's id that are shown to be typed */

/* What would run where, step by step, then warnings and the gates that are closed, then the plan's id. Of a long plan the beginning is
 * written to fd already, and out holds the rest; all of it when fd is -1. */
void cli_plan_text(const struct mig_plan *plan, const struct mig_look *look, const struct cli_style *style,
                   int fd, struct mig_buf *out);

/* The gates of a plan; all of them, or those that are not open. */
void cli_gates_text(const struct mig_plan *plan, const struct cli_style *style, bool all,
                    struct mig_buf *out);

#endif
