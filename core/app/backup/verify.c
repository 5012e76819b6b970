/* verify.c - an archive read back whole, and what came of it put on record. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/audit.h"
#include "app/backup/locate.h"
#include "app/backup/manifest.h"
#include "app/backup/scan.h"
#include "app/history.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/flag.h"
#include "base/mem.h"
#include "base/text.h"

static bool watch(void *ctx, int64_t done, int64_t total, struct mig_error *err)
{
    const struct mig_backup_read *read = ctx;
    if (read->progress)
        read->progress(read->ctx, done, total);
    return !mig_flag_is_set(read->stop) ||
           mig_fail(err, MIG_ERR_INTERRUPTED, "stopped; nothing is known of the rest of the archive");
}

/* Record, manifest and archive must tell of the same thing. */
static bool same(const struct located *at, const struct manifest *manifest, const struct cfg_environment *env,
                 struct mig_error *err)
{
    const struct mig_backup *said = &manifest->backup;
    if (!at->recorded)
        return strcmp(said->database, env->database) == 0 ||
               mig_fail(err, MIG_ERR_BACKUP, "the archive is of database \"%s\", %s is \"%s\"",
                        said->database, env->name, env->database);
    return located_agrees(at, manifest, err);
}

static bool prove(struct located *at, const struct cfg_environment *env, const struct mig_backup_read *read,
                  struct mig_error *err)
{
    const struct scan_options options = { .progress = watch, .progress_ctx = (void *)(uintptr_t)read };
    struct manifest manifest = { 0 };
    struct scan scan = { 0 };
    bool ok = manifest_read(at->storage, at->name, &manifest, err);
    if (ok && !at->recorded)
        at->backup = manifest.backup;
    ok = ok && same(at, &manifest, env, err) && scan_archive(at->storage, at->name, &options, &scan, err) &&
         scan_matches(&scan, &manifest, err);
    scan_done(&scan);
    manifest_done(&manifest);
    return ok;
}

static bool put_on_record(struct mig_app *app, struct mig_store *store, const struct mig_backup *backup,
                          struct mig_error *err)
{
    struct mig_names names;
    mig_names_make(app->config->prefix, &names);
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("update", BCON_UTF8(names.backups), "updates", "[", "{", "q", "{", "_id",
                 BCON_UTF8(backup->id), "sha256", BCON_UTF8(backup->sha256), "}", "u", "{", "$set", "{",
                 "proof", BCON_UTF8(mig_backup_proof_word(backup->proof)), "error", BCON_UTF8(backup->error),
                 "provenBy", BCON_UTF8(app->operator_name), "}", "$currentDate", "{", "provenAt",
                 BCON_BOOL(true), "}", "}", "}", "]");
    return mig_write(store, command, err);
}

/* What its record says is changed by it, and a backup that counted may count no more: both are acts. */
static bool put_in_audit(struct mig_app *app, const struct cfg_environment *env,
                         const struct mig_backup *backup, const struct mig_error *why, struct mig_error *err)
{
    MIG_AUTODOC bson_t more = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&more, "backup", backup->id);
    const struct mig_audit_act act = { .action = "backup.verify",
                                       .outcome = why ? mig_audit_outcome_of(why) : MIG_AUDIT_SUCCESS,
                                       .error = why,
                                       .more = &more };
    return mig_audit_note(app, env, &act, err);
}

bool mig_backup_verify(struct mig_app *app, const struct cfg_environment *env,
                       const struct mig_backup_read *read, struct mig_backup *ret, struct mig_error *err)
{
    struct mig_store *store;
    struct located at = { 0 };
    *ret = (struct mig_backup){ 0 };
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    bool found = locate(app, env, store, read->what, &at, err);
    bool ok = found && prove(&at, env, read, err);
    *ret = at.backup;
    if (found && (ok || err->code == MIG_ERR_BACKUP)) {
        struct mig_error failed;
        ret->proof = ok ? MIG_PROOF_OK : MIG_PROOF_FAILED;
        snprintf(ret->error, sizeof ret->error, "%.250s", ok ? "" : err->message);
        mig_utf8_trim(ret->error);
        bool noted = !at.recorded || put_on_record(app, store, ret, &failed);
        if (at.recorded)
            noted = put_in_audit(app, env, ret, ok ? NULL : err, &failed) && noted;
        if (!noted && ok) {
            mig_context(&failed, "the archive is whole, but that could not be recorded");
            *err = failed;
            ok = false;
        }
    }
    located_done(&at);
    store->ops->close(store);
    return ok;
}

/* ---- inspect ---- */

static void append_parts(bson_t *doc, const struct manifest_part *parts, size_t count)
{
    bson_t list, part;
    BSON_APPEND_ARRAY_BEGIN(doc, "collections", &list);
    for (size_t i = 0; i < count; i++) {
        char buffer[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof buffer);
        MIG_AUTOFREE char *safe = mig_text_safe_dup(parts[i].name, 255);
        bson_append_document_begin(&list, key, (int)len, &part);
        BSON_APPEND_UTF8(&part, "name", safe);
        BSON_APPEND_UTF8(&part, "type", parts[i].type);
        BSON_APPEND_INT64(&part, "documents", parts[i].documents);
        BSON_APPEND_INT64(&part, "bytes", parts[i].bytes);
        if (parts[i].indexes >= 0)
            BSON_APPEND_INT64(&part, "indexes", parts[i].indexes);
        bson_append_document_end(&list, &part);
    }
    bson_append_array_end(doc, &list);
}

/* An archive of another tool has no manifest: what it holds is known once it was read. */
static bool inspect_foreign(struct located *at, const struct mig_backup_read *read, bson_t *ret,
                            struct mig_error *err)
{
    const struct scan_options options = { .progress = watch, .progress_ctx = (void *)(uintptr_t)read };
    struct scan scan = { 0 };
    bson_t sub;
    bool ok = scan_archive(at->storage, at->name, &options, &scan, err);
    if (ok) {
        struct mig_backup backup = { .size = scan.size, .documents = scan.documents, .bytes = scan.bytes };
        backup.state = MIG_BACKUP_FINISHED;
        backup.proof = MIG_PROOF_OK;
        backup.collections = (int64_t)scan.count;
        MIG_AUTOFREE char *db = mig_text_safe_dup(scan.db, sizeof backup.database - 1);
        MIG_AUTOFREE char *version = mig_text_safe_dup(scan.header.server_version, 31);
        snprintf(backup.database, sizeof backup.database, "%s", db);
        snprintf(backup.server_version, sizeof backup.server_version, "%s", version);
        snprintf(backup.method, sizeof backup.method, "mongodump");
        memcpy(backup.sha256, scan.sha256, sizeof backup.sha256);
        mig_backup_document(&backup, &sub);
        BSON_APPEND_DOCUMENT(ret, "backup", &sub);
        bson_destroy(&sub);
        append_parts(ret, scan.parts, scan.count);
    }
    scan_done(&scan);
    return ok;
}

bool mig_backup_inspect(struct mig_app *app, const struct cfg_environment *env,
                        const struct mig_backup_read *read, bson_t *ret, struct mig_error *err)
{
    struct mig_store *store = NULL;
    struct located at = { 0 };
    struct manifest manifest = { 0 };
    struct mig_error no_manifest = { 0 };
    bson_init(ret);
    bool by_path = read->what && !mig_ulid_valid(read->what);
    bool ok = by_path || app->open_store(app->ports_ctx, env, "", &store, err);
    ok = ok && locate(app, env, store, read->what, &at, err);
    if (ok && manifest_read(at.storage, at.name, &manifest, &no_manifest)) {
        bson_t sub;
        struct mig_backup backup = at.recorded ? at.backup : manifest.backup;
        mig_backup_document(&backup, &sub);
        BSON_APPEND_DOCUMENT(ret, "backup", &sub);
        bson_destroy(&sub);
        append_parts(ret, manifest.parts, manifest.count);
    } else if (ok) {
        ok = inspect_foreign(&at, read, ret, err);
    }
    manifest_done(&manifest);
    located_done(&at);
    if (store)
        store->ops->close(store);
    return ok;
}
