/* command_rows.h - the rows behind command.h; nobody else includes this. */
#ifndef MIG_APP_COMMAND_ROWS_H
#define MIG_APP_COMMAND_ROWS_H

#include "app/command.h"

extern const struct mig_command mig_command_rows[MIG_COMMANDS];

#endif
