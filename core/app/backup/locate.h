/* locate.h - from a backup's id or a path to the archive itself. */
#ifndef MIG_APP_BACKUP_LOCATE_H
#define MIG_APP_BACKUP_LOCATE_H

#include "app/backup/manifest.h"

struct located {
    struct mig_backup backup; /* zeroed when only a path was given and no record names it */
    bool recorded;
    struct mig_storage *storage; /* the archive's folder */
    char name[256];              /* its name there */
};

/* Find it. what: an id, a path, or NULL for the newest that finished. store: of the environment, to read the records; NULL: what
 * must be a path. False: *err says what is missing. Free with located_done in any case. */
bool locate(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store, const char *what,
            struct located *ret, struct mig_error *err);
/* Is this the manifest of the backup that was located? Its record names a path, and stands where others may write: what is there is
 * its archive only when the manifest beside it says so, with the id and digest of the record. Without a record: true. */
bool located_agrees(const struct located *located, const struct manifest *manifest, struct mig_error *err)
    MIG_MUST_CHECK;

void located_done(struct located *located);

#endif
