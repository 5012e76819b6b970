/* catalog.h - from file texts to an ordered set of migrations, or to errors that name file, line and column.
 *
 * Pure: core/io/migration_dir.c reads the directory and hands the texts over. The reader is engine/jsonc.h; the
 * shapes of steps are checked here (engine/step_parse.c), so that nothing malformed ever reaches a plan.
 * Format: docs/reference/migration-files.md.
 */
#ifndef MIG_ENGINE_CATALOG_H
#define MIG_ENGINE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "model/migration.h"

struct mig_file {
    const char *name; /* within the directory */
    const char *text; /* NULL: a source has it */
    size_t len;
};

/* Where texts come from that are not in memory all at once: each is read when its turn comes, and lent until the next call
 * with the same slot, 0 or 1. read fills text and len; false: *err. */
struct mig_text_source {
    bool (*read)(void *context, int slot, struct mig_file *file, struct mig_error *err);
    void *context;
};

enum {
    MIG_CATALOG_KEEP_TEXT = 1, /* copy each file's text into its migration */
    /* Steps without doc, body and inner: enough to look, to plan, not to run. A migration with a step whose body names further
     * collections is kept whole: what it touches is asked for before it runs, and when it is marked. */
    MIG_CATALOG_NO_BODIES = 2,
};

/* A list of problems found; each is one struct mig_error with FILE:LINE:COLUMN in its message. */
struct mig_problems {
    struct mig_error *items;
    size_t count;
    size_t room;
};
void mig_problems_done(struct mig_problems *problems);

/* Read every file (names that are not migrations are skipped: README.md, migtui.sum, hidden files; a
 * .json/.jsonc name that does not parse as <digits>_<slug> is a problem). Goes on after a bad file, so that all
 * problems are seen at once. Checks: shapes, unknown members with the nearest name, unique step ids, unique
 * versions, depends that exist and have no cycle, reserved collections (system.*, prefix*; NULL is "migtui_").
 * sum_text: migtui.sum's text or NULL; disagreement sets ret->sum_problem.
 *
 * The catalog is returned also with problems: without files that could not be read and, of several with one
 * version, with the first by name; those with a missing or circular dependency are in it. step->line is 0: a
 * place is looked up only for a problem. */
struct mig_catalog *mig_catalog_build(const char *dir, const struct mig_file *files, size_t count,
                                      const char *sum_text, const char *prefix, unsigned flags,
                                      struct mig_problems *problems);

/* The same, with texts from a source. NULL when one could not be read: *err, and problems is emptied. */
struct mig_catalog *mig_catalog_read(const char *dir, const struct mig_file *files, size_t count,
                                     const struct mig_text_source *source, const char *sum_text,
                                     const char *prefix, unsigned flags, struct mig_problems *problems,
                                     struct mig_error *err);

/* One file alone (lint, new, tests); an .up.json as a pair without a down half. On success *ret is the
 * caller's. */
bool mig_migration_parse(const struct mig_file *file, const char *prefix, unsigned flags,
                         struct mig_migration *ret, struct mig_error *err);

/* The text of migtui.sum for this catalog: a line a file (name raw sem) and a head that chains them. */
char *mig_sum_text(const struct mig_catalog *catalog);

/* The template that `migtui new` writes; title is put in as a JSON string. Its up is empty, which does not parse:
 * a migration that does nothing must not run by mistake. The caller frees. */
char *mig_migration_template(const char *version, const char *title);

/* "add email index" -> "add_email_index": lower-case letters, digits and '_', at most 64; "" when there is
 * nothing to name a file after. The caller frees. */
char *mig_slug(const char *title);

/* JSON Schema (draft 2020-12) of a migration file, built from the same tables the parser uses. The caller
 * frees. */
char *mig_migration_schema(void);

#endif
