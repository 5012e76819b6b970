/* locate.h - from a backup's id or a path to the archive itself. */
#ifndef MIG_APP_BACKUP_LOCATE_H
#define MIG_APP_BACKUP_LOCATE_H

#include "app/backup.h"

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
void located_done(struct located *located);

#endif
