/* storage_files.h - backups in a folder of this host (ports/storage.h).
 *
 * A file being written is ".<name>.part", locked (flock) by its writer, so that what a dead writer left can be told from
 * what a living one still fills. Files have mode 0600, folders that it makes 0700; a symbolic link in place of a file is
 * refused.
 */
#ifndef MIG_IO_STORAGE_FILES_H
#define MIG_IO_STORAGE_FILES_H

#include "ports/storage.h"

/* Touches nothing yet. folder: relative to the working directory, or absolute. Free with storage->ops->free. */
struct mig_storage *io_storage_files(const char *folder);

#endif
