/* migration_dir.h - the texts of a migrations directory, read fast, and one by one: ten thousand of them are never in memory
 * together.
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
#include <stdint.h>

#include "base/err.h"

#define IO_MIGRATION_MAX       (16 * 1024 * 1024) /* bytes of a text that are read */
#define IO_MIGRATION_FILES_MAX 200000
#define IO_MIGRATION_SUM       "migtui.sum"
#define IO_MIGRATION_SLOTS     2

struct io_migration_text {
    char *bytes;
    size_t room;
};

struct io_migrations {
    const char **names; /* all but migtui.sum */
    size_t count;
    char *sum; /* migtui.sum's text, or NULL when there is none */
    int fd;
    struct io_name_block *blocks;
    struct io_migration_text lent[IO_MIGRATION_SLOTS];
};

/* The names, and migtui.sum. False: *err is MIG_ERR_IO or MIG_ERR_LIMIT, and *ret is empty. */
bool io_migrations_open(const char *dir, struct io_migrations *ret, struct mig_error *err) MIG_MUST_CHECK;
void io_migrations_close(struct io_migrations *dir);

/* One text, NUL-terminated (it may hold NULs before its end), lent until the next call with the same slot. A file that has
 * vanished since its name was read is an error: a save by rename must not make a migration invisible. */
bool io_migrations_text(struct io_migrations *dir, int slot, const char *name, const char **ret_text,
                        size_t *ret_len, struct mig_error *err) MIG_MUST_CHECK;

/* A number over the names, sizes and times of all files but hidden ones: another number means that something has changed. It
 * costs a stat each. */
bool io_migrations_stamp(const char *dir, uint64_t *ret, struct mig_error *err) MIG_MUST_CHECK;

#endif
