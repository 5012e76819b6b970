/* migration_dir.h - the texts of a migrations directory, read fast.
 *
 * Every regular file of the directory itself (also by symbolic link), sorted by the bytes of its name;
 * hidden ones and subdirectories are left out. What a name or a text means is the engine's to say
 * (engine/catalog.h); a file larger than it accepts is cut off just above its limit, so that the limit is
 * reported as the engine does.
 */
#ifndef MIG_IO_MIGRATION_DIR_H
#define MIG_IO_MIGRATION_DIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define IO_MIGRATION_MAX       (16 * 1024 * 1024) /* bytes of a text that are read */
#define IO_MIGRATION_FILES_MAX 200000
#define IO_MIGRATION_ALL_MAX   (1024L * 1024 * 1024) /* bytes in memory at once */
#define IO_MIGRATION_SUM       "migtui.sum"

struct io_text {
    const char *name; /* within the directory */
    const char *text; /* NUL-terminated; may hold NULs before its end */
    size_t len;
};

struct io_texts {
    struct io_text *items; /* all but migtui.sum */
    size_t count;
    const char *sum; /* migtui.sum's text, or NULL when there is none */
    struct io_text_block *blocks;
};

/* Read the whole directory. False: *err is MIG_ERR_IO or MIG_ERR_LIMIT, and *ret is empty. A file that
 * vanishes while the directory is read is an error: a save by rename must not make a migration invisible. */
bool io_migrations_read(const char *dir, struct io_texts *ret, struct mig_error *err) MIG_MUST_CHECK;
void io_texts_done(struct io_texts *texts);

/* The same one by one, migtui.sum among them; a text is lent for the call. each returns false to stop
 * early, which is no error. */
bool io_migrations_each(const char *dir, bool (*each)(const struct io_text *file, void *context),
                        void *context, struct mig_error *err) MIG_MUST_CHECK;

#endif
