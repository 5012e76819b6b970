/* tool_config.h - a connection string for mongodump and its like: in a file that only this user may read, never on a command
 * line, where every user of the host could. */
#ifndef MIG_IO_TOOL_CONFIG_H
#define MIG_IO_TOOL_CONFIG_H

#include "base/err.h"

/* Write {uri: …} as YAML into a new file of mode 0600, below $XDG_RUNTIME_DIR where there is one (it is in memory), else below
 * folder, which is made (0700). A database in its path that is not the one the tool shall work on becomes its authSource.
 * *ret_path is for io_tool_config_remove. */
bool io_tool_config_write(const char *folder, const char *uri, const char *database, char **ret_path,
                          struct mig_error *err) MIG_MUST_CHECK;

/* Overwrite, remove, free; NULL is fine. */
void io_tool_config_remove(char *take_path);

#endif
