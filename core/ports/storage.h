/* storage.h - where backups are kept: large files written once, whole or not at all, and read back.
 *
 * A file being written has no name that anyone would take for a backup; commit gives it its name when every byte is on disk.
 * Names are plain (letters, digits, '.', '_', '-', not beginning with a dot). A file is used by one thread at a time.
 * Implementations: core/io/storage_files.c (a folder); tests/fakes/storage_fake.c (memory, with a size at which it is full).
 */
#ifndef MIG_PORTS_STORAGE_H
#define MIG_PORTS_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct mig_storage;
struct mig_storage_file;

typedef bool (*mig_storage_name_fn)(const char *name, int64_t size, void *ctx);

/* Failures: MIG_ERR_BACKUP when the place is full or the name is not there, else MIG_ERR_IO; the message names the file. */
struct mig_storage_ops {
    /* Begin a file; the place is made when it is not there (mode 0700). Fails when name is taken. */
    bool (*create)(struct mig_storage *storage, const char *name, struct mig_storage_file **ret,
                   struct mig_error *err);
    bool (*write)(struct mig_storage_file *file, const void *bytes, size_t len, struct mig_error *err);
    /* A path of this host under which a program may write the file's content instead; NULL where there is none. */
    const char *(*path)(const struct mig_storage_file *file);
    /* On disk under its name, or not there at all. Consumes the file either way. */
    bool (*commit)(struct mig_storage_file *file, struct mig_error *err);
    void (*abandon)(struct mig_storage_file *file); /* gone; consumes it; NULL is fine */

    bool (*open)(struct mig_storage *storage, const char *name, struct mig_storage_file **ret,
                 int64_t *ret_size, struct mig_error *err);
    bool (*read)(struct mig_storage_file *file, void *bytes, size_t size, size_t *ret_len, /* 0: the end */
                 struct mig_error *err);
    void (*close)(struct mig_storage_file *file); /* of open; NULL is fine */

    int64_t (*size)(struct mig_storage *storage, const char *name); /* -1: there is no such file */
    bool (*remove)(struct mig_storage *storage, const char *name, struct mig_error *err);
    /* Every whole file, in no order; each returns false to stop. A place that is not there is empty. */
    bool (*list)(struct mig_storage *storage, mig_storage_name_fn each, void *ctx, struct mig_error *err);
    /* Remove what writers that are dead left half written; how many. */
    size_t (*sweep)(struct mig_storage *storage);
    int64_t (*space)(struct mig_storage *storage); /* bytes that may still be written; -1: not known */
    void (*free)(struct mig_storage *storage);
};

struct mig_storage {
    const struct mig_storage_ops *ops;
    const char *place; /* a folder's absolute path; safe for display */
};

#endif
