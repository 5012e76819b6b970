/* locate.c - records name paths on hosts; a path is only ever opened on the host that is named. */
#include "app/backup/locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

#define RECORDS_MAX 1000

/* "/a/b" is b in /a; "b" is b here. The caller frees the folder; the name points into path. */
static char *split(const char *path, const char **ret_name)
{
    const char *slash = strrchr(path, '/');
    *ret_name = slash ? slash + 1 : path;
    if (!slash)
        return mig_strdup(".");
    return mig_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static bool open_place(struct mig_app *app, const char *path, struct located *ret, struct mig_error *err)
{
    const char *name;
    MIG_AUTOFREE char *folder = split(path, &name);
    ret->storage = app->open_storage(app->ports_ctx, folder);
    snprintf(ret->name, sizeof ret->name, "%s", name);
    if (ret->storage->ops->size(ret->storage, name) >= 0)
        return true;
    MIG_AUTOFREE char *safe = mig_text_safe_dup(path, 400);
    return mig_fail(err, MIG_ERR_BACKUP, "there is no archive %s on this host", safe);
}

static bool is_wanted(const struct mig_backup *backup, const struct cfg_environment *env, const char *what)
{
    if (what)
        return strcmp(backup->id, what) == 0;
    return backup->state == MIG_BACKUP_FINISHED && strcmp(backup->database, env->database) == 0;
}

static bool is_archive(const struct mig_backup *backup, struct mig_error *err)
{
    if (backup->state == MIG_BACKUP_FINISHED && backup->file[0])
        return true;
    if (backup->state == MIG_BACKUP_RUNNING) {
        mig_fail(err, MIG_ERR_BACKUP, "backup %s is still running", backup->id);
        return mig_hint(err, "watch it: migtui attach %s --env %s", backup->id, backup->environment);
    }
    mig_fail(err, MIG_ERR_BACKUP, "backup %s is %s%s%s", backup->id, mig_backup_state_word(backup->state),
             backup->error[0] ? ": " : "", backup->error);
    return mig_hint(err, "migtui backup list --env %s shows the others", backup->environment);
}

static bool find_record(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                        const char *what, struct located *ret, struct mig_error *err)
{
    struct mig_backups backups;
    if (!mig_backups_load(app, store, RECORDS_MAX, &backups, err))
        return false;
    for (size_t i = 0; i < backups.count && !ret->recorded; i++) {
        ret->recorded = is_wanted(&backups.items[i], env, what);
        if (ret->recorded)
            ret->backup = backups.items[i];
    }
    mig_backups_done(&backups);
    if (ret->recorded)
        return true;
    if (what)
        mig_fail(err, MIG_ERR_BACKUP, "%s has no backup %s", env->name, what);
    else
        mig_fail(err, MIG_ERR_BACKUP, "%s has no backup of %s yet", env->name, env->database);
    return mig_hint(err, "migtui backup %s --env %s", what ? "list" : "take", env->name);
}

bool locate(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store, const char *what,
            struct located *ret, struct mig_error *err)
{
    *ret = (struct located){ 0 };
    if (what && !mig_ulid_valid(what))
        return open_place(app, what, ret, err);
    if (!find_record(app, env, store, what, ret, err) || !is_archive(&ret->backup, err))
        return false;
    if (strcmp(ret->backup.host, app->host->self.host) != 0) {
        mig_fail(err, MIG_ERR_BACKUP, "the archive of backup %s is on host %s", ret->backup.id,
                 ret->backup.host);
        return mig_hint(err, "do it there, or copy %s and its .json here and name the path",
                        ret->backup.file);
    }
    return open_place(app, ret->backup.file, ret, err);
}

bool located_agrees(const struct located *located, const struct manifest *manifest, struct mig_error *err)
{
    const struct mig_backup *said = &manifest->backup, *wanted = &located->backup;
    if (!located->recorded)
        return true;
    if (strcmp(said->id, wanted->id) != 0 || strcmp(said->environment_uuid, wanted->environment_uuid) != 0 ||
        strcmp(said->database, wanted->database) != 0)
        return mig_fail(err, MIG_ERR_BACKUP, "the manifest is of backup %s of %s, database \"%s\"", said->id,
                        said->environment, said->database);
    if (strcmp(said->sha256, wanted->sha256) != 0 || said->size != wanted->size)
        return mig_fail(err, MIG_ERR_BACKUP,
                        "the manifest has another digest than the record: %.16s…, not %.16s…", said->sha256,
                        wanted->sha256);
    return true;
}

void located_done(struct located *located)
{
    if (located->storage)
        located->storage->ops->free(located->storage);
    located->storage = NULL;
}
