/* config_file.h - finds migtui.yaml and .env, reads them, and loads the configuration. */
#ifndef MIG_IO_CONFIG_FILE_H
#define MIG_IO_CONFIG_FILE_H

#include <stdbool.h>

#include "base/err.h"
#include "config/config.h"

/* Where the file is: file (of -c), else $MIGTUI_CONFIG, else migtui.yaml in the working directory or the
 * nearest one above. One that is found above must belong to this user or root: it may hold commands. *ret is
 * the caller's: "migtui.yaml" when it is in the working directory, else as given, or absolute. */
bool io_config_find(const char *file, char **ret, struct mig_error *err) MIG_MUST_CHECK;

/* Find, read, load. .env is the one beside the file, if there is one. */
bool io_config_load(const char *file, const struct cfg_flag *flags, size_t flag_count,
                    struct cfg_config **ret, struct mig_error *err) MIG_MUST_CHECK;

/* True when the machine's time zone database has it. UTC is always known. */
bool io_zone_known(const char *zone);

#endif
