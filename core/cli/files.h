/* files.h - the few files that commands read and write for the person who called them: plans, configuration, migrations. */
#ifndef MIG_CLI_FILES_H
#define MIG_CLI_FILES_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Write a new file with the mode the umask gives; refuses to replace one (MIG_ERR_IO, hint says so). */
bool cli_file_create(const char *path, const char *text, size_t len, struct mig_error *err) MIG_MUST_CHECK;

/* The same in pieces, of any size: begin makes a file of another name beside it, end gives it its own, so that no half of it is ever
 * under that name. end with keep false, and any failure of it, leaves nothing. */
struct cli_file {
    const char *path; /* borrowed */
    char *other;
    int fd;
    struct mig_buf waiting;
};
bool cli_file_begin(const char *path, struct cli_file *ret, struct mig_error *err) MIG_MUST_CHECK;
bool cli_file_add(struct cli_file *file, const char *bytes, size_t len, struct mig_error *err) MIG_MUST_CHECK;
bool cli_file_end(struct cli_file *file, bool keep, struct mig_error *err) MIG_MUST_CHECK;

/* Replace or create a file by another name and rename: a reader sees the old or the new text. */
bool cli_file_replace(const char *path, const char *text, size_t len, struct mig_error *err) MIG_MUST_CHECK;

/* Read a whole file of at most max bytes. */
bool cli_file_read(const char *path, size_t max, struct mig_buf *out, struct mig_error *err) MIG_MUST_CHECK;

/* A saved plan: canonical Extended JSON. *ret is the caller's. */
bool cli_plan_write(const char *path, const bson_t *plan, struct mig_error *err) MIG_MUST_CHECK;
bool cli_plan_read(const char *path, bson_t **ret, struct mig_error *err) MIG_MUST_CHECK;
/* The same of a text; path is what messages call it. A plan has an id, an environment whose name may be shown, and
 * migrations whose versions are digits: a file may have come from anywhere. */
bool cli_plan_parse(const char *path, const char *text, size_t len, bson_t **ret, struct mig_error *err)
    MIG_MUST_CHECK;

#endif
