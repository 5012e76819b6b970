/* catalog_private.h - what the files behind catalog.h share; nobody else includes it.
 *
 * catalog.c builds the whole, catalog_depends.c checks what depends on what, migration_parse.c reads our files,
 * golang.c reads pairs of golang-migrate, file_name.c tells them apart, sum.c is migtui.sum.
 */
#ifndef MIG_ENGINE_CATALOG_PRIVATE_H
#define MIG_ENGINE_CATALOG_PRIVATE_H

#include "engine/catalog.h"
#include "engine/step_parse.h"

#define MIG_VERSION_MAX    20
#define MIG_PREFIX_DEFAULT "migtui_"

/* ---- file_name.c ---- */

enum mig_name_kind {
    MIG_NAME_OTHER, /* no migration: not .json or .jsonc, nor meant to be, or hidden */
    MIG_NAME_OURS,  /* <digits>_<slug>.jsonc or .json */
    MIG_NAME_UP,    /* <digits>_<slug>.up.json */
    MIG_NAME_DOWN,  /* <digits>_<slug>.down.json */
    MIG_NAME_WRONG, /* .json or .jsonc, or meant to be, and none of these */
};

struct mig_name {
    enum mig_name_kind kind;
    char version[MIG_VERSION_MAX + 1];
    const char *slug; /* in the file's name */
    size_t slug_len;
};

struct mig_name mig_name_read(const char *file);

/* What is wrong with a name of kind MIG_NAME_WRONG. Always false. */
bool mig_name_fail(const char *file, struct mig_error *err);

/* ---- migration_parse.c, golang.c ---- */

/* Read one of our files. On success *ret is the caller's. */
MIG_MUST_CHECK bool mig_ours_parse(const struct mig_file *file, const struct mig_name *name,
                                   const char *prefix, unsigned flags, struct mig_migration *ret,
                                   struct mig_error *err);

/* Read a pair of golang-migrate; down may be NULL. */
MIG_MUST_CHECK bool mig_golang_parse(const struct mig_file *up, const struct mig_file *down,
                                     const struct mig_name *name, const char *prefix, unsigned flags,
                                     struct mig_migration *ret, struct mig_error *err);

/* mig_jsonc_read, with a size that is told at line 1 and not at none. */
MIG_MUST_CHECK bool mig_file_read(const struct mig_file *file, unsigned jsonc_flags, bson_t *ret_doc,
                                  bool *ret_is_array, struct mig_error *err);

/* Put FILE:LINE:COLUMN before a fault, by reading the file once more, now with places. path: dotted; where it leads
 * nowhere, what it leads through counts. Always false. */
bool mig_file_locate(const struct mig_file *file, unsigned jsonc_flags, const char *path,
                     struct mig_error *err);

/* Name, version and text. */
void mig_migration_begin(struct mig_migration *ret, const struct mig_file *file, const struct mig_file *down,
                         const struct mig_name *name, unsigned flags);

/* ---- catalog.c ---- */

void mig_problems_add(struct mig_problems *problems, const struct mig_error *err);

/* ---- catalog_depends.c ---- */

/* Missing dependencies and cycles become problems. files[i] is the file of catalog->items[i]; source may be NULL. False:
 * a text could not be read again. */
MIG_MUST_CHECK bool mig_depends_check(const struct mig_catalog *catalog, const struct mig_file *const *files,
                                      const struct mig_text_source *source, struct mig_problems *problems,
                                      struct mig_error *err);

/* ---- sum.c ---- */

/* What differs between migtui.sum and the catalog, or NULL; the caller frees. files: all of the directory, so that one
 * that could not be read does not count as removed. */
char *mig_sum_problem(const struct mig_catalog *catalog, const struct mig_file *files, size_t count,
                      const char *sum_text);

#endif
