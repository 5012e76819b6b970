/* prune.c - which backups are no longer kept, and how one goes: its file first, so that no record names what is not there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/audit.h"
#include "app/backup/locate.h"
#include "app/backup/manifest.h"
#include "app/history.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"

#define RECORDS_MAX 10000

/* Newest first, of this environment's database: .started_ms falls. */
static bool may_go(const struct mig_app *app, const struct mig_backup *backup, int64_t newer,
                   bool newest_proven, int64_t now_ms)
{
    return backup->where == MIG_FILE_HERE && newer >= app->config->backup_keep && !newest_proven &&
           now_ms - backup->started_ms > app->config->backup_keep_ms;
}

bool mig_backup_prune_plan(struct mig_app *app, const struct cfg_environment *env, struct mig_backups *ret,
                           struct mig_error *err)
{
    struct mig_store *store;
    struct mig_backups all;
    *ret = (struct mig_backups){ 0 };
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    bool ok = mig_backups_load(app, store, RECORDS_MAX, &all, err);
    store->ops->close(store);
    if (!ok)
        return false;
    int64_t newer = 0;
    bool proven_seen = false;
    ret->server_now = all.server_now;
    for (size_t i = 0; i < all.count; i++) {
        const struct mig_backup *backup = &all.items[i];
        if (backup->state != MIG_BACKUP_FINISHED || strcmp(backup->database, env->database) != 0)
            continue;
        bool newest_proven = !proven_seen && backup->proof == MIG_PROOF_OK;
        if (may_go(app, backup, newer, newest_proven, all.server_now)) {
            ret->items = mig_grow(ret->items, ret->count, &ret->room, sizeof *ret->items);
            ret->items[ret->count++] = *backup;
        }
        proven_seen = proven_seen || backup->proof == MIG_PROOF_OK;
        newer++;
    }
    mig_backups_done(&all);
    return true;
}

size_t mig_backup_sweep(struct mig_app *app)
{
    struct mig_storage *storage = app->open_storage(app->ports_ctx, NULL);
    size_t count = storage->ops->sweep(storage);
    storage->ops->free(storage);
    return count;
}

static bool mark_removed(struct mig_app *app, struct mig_store *store, const struct mig_backup *backup,
                         struct mig_error *err)
{
    struct mig_names names;
    mig_names_make(app->config->prefix, &names);
    MIG_AUTOBSON bson_t *command = BCON_NEW("update", BCON_UTF8(names.backups), "updates", "[", "{", "q", "{",
                                            "_id", BCON_UTF8(backup->id), "}", "u", "{", "$set", "{", "state",
                                            BCON_UTF8(mig_backup_state_word(MIG_BACKUP_REMOVED)), "removedBy",
                                            BCON_UTF8(app->operator_name), "}", "$currentDate", "{",
                                            "removedAt", BCON_BOOL(true), "}", "}", "}", "]");
    return mig_write(store, command, err);
}

/* Only an archive of ours is removed: whoever may write the record could name any file of this host in it. */
static bool is_its_archive(const struct located *at, const struct mig_backup *backup, struct mig_error *err)
{
    struct manifest manifest = { 0 };
    bool ok = manifest_read(at->storage, at->name, &manifest, err) && located_agrees(at, &manifest, err);
    manifest_done(&manifest);
    if (ok)
        return true;
    mig_context(err, "backup %s is not removed: what its record names is not known to be its archive",
                backup->id);
    return mig_hint(err, "look at %.200s, and at who may write the records of %.60s", backup->file,
                    backup->environment);
}

bool mig_backup_remove(struct mig_app *app, const struct cfg_environment *env,
                       const struct mig_backup *backup, struct mig_error *err)
{
    struct mig_store *store;
    struct mig_error unrecorded;
    struct located at = { 0 };
    MIG_AUTODOC bson_t more = BSON_INITIALIZER;
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    bool ok = locate(app, env, store, backup->id, &at, err) && is_its_archive(&at, backup, err);
    if (ok) {
        MIG_AUTOFREE char *manifest = mig_printf("%s" MANIFEST_SUFFIX, at.name);
        ok = at.storage->ops->remove(at.storage, at.name, err) &&
             at.storage->ops->remove(at.storage, manifest, err) && mark_removed(app, store, backup, err);
    }
    located_done(&at);
    store->ops->close(store);
    BSON_APPEND_UTF8(&more, "backup", backup->id);
    const struct mig_audit_act act = { .action = "backup.remove",
                                       .outcome = ok ? MIG_AUDIT_SUCCESS : mig_audit_outcome_of(err),
                                       .error = ok ? NULL : err,
                                       .more = &more };
    if ((!ok && !mig_audit_wants(err)) || mig_audit_note(app, env, &act, &unrecorded) || !ok)
        return ok;
    *err = unrecorded;
    return mig_context(err, "backup %s was removed, and that is not on record", backup->id);
}
