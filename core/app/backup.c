/* backup.c - <prefix>backups read: what it says is shown and judged, never believed further than that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup.h"
#include "app/history.h"
#include "app/lock.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"

#define GATE_LIMIT        50
#define RESTORE_SILENT_MS 60000 /* six beats: nobody waits for it to go on */

static void safe_copy(const bson_t *doc, const char *path, char *ret, size_t size)
{
    char *safe MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(doc, path, ""), size);
    snprintf(ret, size, "%s", safe);
    mig_utf8_trim(ret);
}

const char *mig_backup_method_word(enum cfg_backup_method method)
{
    static const char *const words[] = { "archive", "mongodump", "atlas", "exec" };
    return (unsigned)method < sizeof words / sizeof words[0] ? words[method] : "unknown";
}

static void decode_cluster_time(const bson_t *doc, struct mig_backup *ret)
{
    bson_iter_t found;
    if (mig_doc_find(doc, "clusterTime", &found) && BSON_ITER_HOLDS_TIMESTAMP(&found))
        bson_iter_timestamp(&found, &ret->cluster_time, &ret->cluster_increment);
}

static void decode_sizes(const bson_t *doc, struct mig_backup *ret)
{
    const struct {
        const char *path;
        int64_t *slot;
    } numbers[] = {
        { "size", &ret->size },
        { "collections", &ret->collections },
        { "documents", &ret->documents },
        { "bytes", &ret->bytes },
        { "progress.documentsTotal", &ret->documents_total },
        { "progress.bytesTotal", &ret->bytes_total },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int64_t value = mig_doc_int(doc, numbers[i].path, 0);
        *numbers[i].slot = value > 0 ? value : 0;
    }
}

void mig_backup_decode(const bson_t *doc, int64_t now_ms, struct mig_backup *ret)
{
    *ret = (struct mig_backup){ .state = MIG_BACKUP_FAILED };
    safe_copy(doc, "_id", ret->id, sizeof ret->id);
    safe_copy(doc, "environment", ret->environment, sizeof ret->environment);
    safe_copy(doc, "environmentUuid", ret->environment_uuid, sizeof ret->environment_uuid);
    safe_copy(doc, "database", ret->database, sizeof ret->database);
    safe_copy(doc, "method", ret->method, sizeof ret->method);
    safe_copy(doc, "host", ret->host, sizeof ret->host);
    safe_copy(doc, "file", ret->file, sizeof ret->file);
    safe_copy(doc, "sha256", ret->sha256, sizeof ret->sha256);
    safe_copy(doc, "serverVersion", ret->server_version, sizeof ret->server_version);
    safe_copy(doc, "progress.at", ret->at, sizeof ret->at);
    safe_copy(doc, "operator", ret->operator_name, sizeof ret->operator_name);
    safe_copy(doc, "osUser", ret->os_user, sizeof ret->os_user);
    safe_copy(doc, "ticket", ret->ticket, sizeof ret->ticket);
    safe_copy(doc, "reason", ret->reason, sizeof ret->reason);
    safe_copy(doc, "during", ret->during, sizeof ret->during);
    safe_copy(doc, "error", ret->error, sizeof ret->error);
    int state = mig_backup_state_find(mig_doc_str(doc, "state", ""));
    int proof = mig_backup_proof_find(mig_doc_str(doc, "proof", ""));
    ret->state = state >= 0 ? (enum mig_backup_state)state : MIG_BACKUP_FAILED;
    ret->proof = proof >= 0 ? (enum mig_backup_proof)proof : MIG_PROOF_NONE;
    ret->consistent = mig_doc_bool(doc, "consistent", false);
    ret->started_ms = mig_doc_time(doc, "startedAt", 0);
    ret->ended_ms = mig_doc_time(doc, "endedAt", 0);
    ret->beat_ms = mig_doc_time(doc, "beatAt", ret->started_ms);
    ret->proven_ms = mig_doc_time(doc, "provenAt", 0);
    decode_cluster_time(doc, ret);
    decode_sizes(doc, ret);
    if (ret->state == MIG_BACKUP_RUNNING && now_ms > 0 && now_ms - ret->beat_ms > MIG_BACKUP_SILENCE_MS)
        ret->state = MIG_BACKUP_INTERRUPTED;
}

/* ---- reading ---- */

/* Where this host can tell: is the archive there, with the size that the record says? */
static void locate_file(struct mig_app *app, struct mig_backup *backup)
{
    backup->where = MIG_FILE_ELSEWHERE;
    if (!app->open_storage || !backup->file[0] || strcmp(backup->host, app->host->self.host) != 0)
        return;
    const char *slash = strrchr(backup->file, '/');
    if (!slash || slash == backup->file)
        return;
    const char *name = slash + 1;
    MIG_AUTOFREE char *folder = mig_strndup(backup->file, (size_t)(slash - backup->file));
    struct mig_storage *storage = app->open_storage(app->ports_ctx, folder);
    int64_t size = storage->ops->size(storage, name);
    backup->where = size < 0 ? MIG_FILE_GONE : size != backup->size ? MIG_FILE_ALTERED : MIG_FILE_HERE;
    storage->ops->free(storage);
}

static bool take_record(const bson_t *doc, void *context)
{
    struct mig_backups *backups = context;
    backups->items = mig_grow(backups->items, backups->count, &backups->room, sizeof *backups->items);
    backups->server_now = mig_doc_time(doc, "_now", backups->server_now);
    mig_backup_decode(doc, backups->server_now, &backups->items[backups->count++]);
    return true;
}

bool mig_backups_load(struct mig_app *app, struct mig_store *store, int64_t limit, struct mig_backups *ret,
                      struct mig_error *err)
{
    struct mig_names names;
    *ret = (struct mig_backups){ 0 };
    mig_names_make(app->config->prefix, &names);
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("aggregate", BCON_UTF8(names.backups), "cursor", "{", "}", "pipeline", "[", "{", "$sort",
                 "{", "startedAt", BCON_INT32(-1), "}", "}", "{", "$limit", BCON_INT64(limit), "}", "{",
                 "$set", "{", "_now", "$$NOW", "}", "}", "]");
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    bool ok = store->ops->query(store, &call, take_record, ret, err);
    for (size_t i = 0; ok && i < ret->count; i++)
        locate_file(app, &ret->items[i]);
    if (!ok)
        mig_backups_done(ret);
    return ok;
}

bool mig_restore_is_alive(struct mig_host *host, const bson_t *doc)
{
    struct mig_lock sign; /* written with the same names */
    mig_lock_decode(doc, &sign);
    sign.expires_at = sign.beat_at + RESTORE_SILENT_MS;
    mig_lock_check_holder(host, &sign);
    return mig_doc_has(doc, "database") && strcmp(mig_doc_str(doc, "status", ""), "running") == 0 &&
           mig_lock_alive(&sign);
}

struct asked_restore {
    struct mig_host *host;
    bool alive;
};

static bool take_restore(const bson_t *doc, void *context)
{
    struct asked_restore *asked = context;
    asked->alive = mig_restore_is_alive(asked->host, doc);
    return false;
}

static bool restore_is_running(struct mig_app *app, struct mig_store *store, const char *runs, const char *id,
                               struct mig_error *err)
{
    struct asked_restore asked = { .host = app->host };
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("aggregate", BCON_UTF8(runs), "cursor", "{", "}", "pipeline", "[", "{", "$match", "{", "_id",
                 BCON_UTF8(id), "}", "}", "{", "$set", "{", "_now", "$$NOW", "}", "}", "]");
    struct mig_call call = { .command = command, .max_time_ms = 5000 };
    return store->ops->query(store, &call, take_restore, &asked, err) && asked.alive;
}

void mig_backups_done(struct mig_backups *backups)
{
    free(backups->items);
    *backups = (struct mig_backups){ 0 };
}

void mig_backup_gate(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                     const char *environment_uuid, struct mig_backup_verdict *ret)
{
    const struct cfg_backup *policy = env->has_gate && env->gate.has_backup ? &env->gate.backup : NULL;
    const struct mig_backup_rule rule = {
        .environment = env->name,
        .environment_uuid = environment_uuid,
        .database = env->database,
        .method = policy ? mig_backup_method_word(policy->method) : NULL,
        .max_age_ms = policy ? policy->max_age_ms : INT64_MAX,
        .verify = policy && policy->verify,
    };
    struct mig_backups backups;
    struct mig_error err = { 0 };
    if (!mig_backups_load(app, store, GATE_LIMIT, &backups, &err)) {
        *ret = (struct mig_backup_verdict){ .state = MIG_GATE_UNKNOWN };
        snprintf(ret->reason, sizeof ret->reason, "the backups cannot be read: %.200s", err.message);
        snprintf(ret->remedy, sizeof ret->remedy, "%.250s", err.hint);
        return;
    }
    mig_backup_judge(backups.items, backups.count, &rule, backups.server_now, ret);
    mig_backups_done(&backups);
}

/* Into the record of that id which says that it runs. */
static bool ask_to_stop(struct mig_store *store, const char *collection, const char *state, const char *id,
                        const char *by, bool *ret_found, struct mig_error *err)
{
    struct mig_reply reply;
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("findAndModify", BCON_UTF8(collection), "query", "{", "_id", BCON_UTF8(id), state, "running",
                 "}", "update", "{", "$set", "{", "stop", "{", "by", BCON_UTF8(by), "}", "}", "}");
    struct mig_call call = { .command = command, .write = true, .max_time_ms = 5000 };
    *ret_found = false;
    store->ops->command(store, &call, &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK;
    if (ok)
        *ret_found = mig_doc_has(&reply.body, "value._id");
    else
        *err = reply.error;
    mig_reply_done(&reply);
    return ok && *ret_found;
}

bool mig_backup_stop(struct mig_app *app, struct mig_store *store, const char *id, const char *by,
                     bool *ret_found, struct mig_error *err)
{
    struct mig_names names;
    struct mig_error none = { 0 };
    mig_names_make(app->config->prefix, &names);
    if (ask_to_stop(store, names.backups, "state", id, by, ret_found, &none))
        return true;
    if (none.code != MIG_OK) {
        *err = none;
        return false;
    }
    /* A run of migrations is stopped by its lock; in its document here nobody would look. */
    return restore_is_running(app, store, names.runs, id, err) &&
           ask_to_stop(store, names.runs, "status", id, by, ret_found, err);
}
