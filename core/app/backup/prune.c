/* prune.c - which backups are no longer kept, and how one goes: its file first, so that no record names what is not there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup/locate.h"
#include "app/backup/manifest.h"
#include "app/history.h"
#include "base/cleanup.h"
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

bool mig_backup_remove(struct mig_app *app, const struct cfg_environment *env,
                       const struct mig_backup *backup, struct mig_error *err)
{
    struct mig_store *store;
    struct mig_names names;
    struct located at = { 0 };
    mig_names_make(app->config->prefix, &names);
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    bool ok = locate(app, env, store, backup->id, &at, err);
    if (ok) {
        MIG_AUTOFREE char *manifest = mig_printf("%s" MANIFEST_SUFFIX, at.name);
        MIG_AUTOBSON bson_t *command = BCON_NEW(
            "update", BCON_UTF8(names.backups), "updates", "[", "{", "q", "{", "_id", BCON_UTF8(backup->id),
            "}", "u", "{", "$set", "{", "state", BCON_UTF8(mig_backup_state_word(MIG_BACKUP_REMOVED)),
            "removedBy", BCON_UTF8(app->operator_name), "}", "$currentDate", "{", "removedAt",
            BCON_BOOL(true), "}", "}", "}", "]");
        ok = at.storage->ops->remove(at.storage, manifest, err) &&
             at.storage->ops->remove(at.storage, at.name, err) && mig_write(store, command, err);
    }
    located_done(&at);
    store->ops->close(store);
    return ok;
}
