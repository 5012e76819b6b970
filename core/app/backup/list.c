/* list.c - records as documents for pipelines and tables. */
#include "app/backup.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/timefmt.h"

static void append_time(bson_t *doc, const char *key, int64_t ms)
{
    char text[MIG_TIME_SIZE];
    if (ms <= 0) {
        BSON_APPEND_NULL(doc, key);
        return;
    }
    mig_time_iso(ms, text);
    BSON_APPEND_UTF8(doc, key, text);
}

void mig_backup_document(const struct mig_backup *b, bson_t *ret)
{
    static const char *const where[] = { "elsewhere", "here", "gone", "altered" };
    int64_t took_ms = b->ended_ms > b->started_ms ? b->ended_ms - b->started_ms : 0;
    bson_init(ret);
    BSON_APPEND_UTF8(ret, "backup", b->id);
    BSON_APPEND_UTF8(ret, "environment", b->environment);
    mig_doc_append_if(ret, "environmentUuid", b->environment_uuid);
    BSON_APPEND_UTF8(ret, "database", b->database);
    BSON_APPEND_UTF8(ret, "method", b->method);
    BSON_APPEND_UTF8(ret, "state", mig_backup_state_word(b->state));
    BSON_APPEND_UTF8(ret, "proof", mig_backup_proof_word(b->proof));
    if (b->state == MIG_BACKUP_FINISHED && b->file[0])
        BSON_APPEND_UTF8(ret, "where", where[b->where]);
    mig_doc_append_if(ret, "host", b->host);
    mig_doc_append_if(ret, "file", b->file);
    BSON_APPEND_INT64(ret, "size", b->size);
    mig_doc_append_if(ret, "sha256", b->sha256);
    mig_doc_append_if(ret, "serverVersion", b->server_version);
    BSON_APPEND_BOOL(ret, "consistent", b->consistent);
    append_time(ret, "clusterTime", (int64_t)b->cluster_time * 1000);
    append_time(ret, "startedAt", b->started_ms);
    append_time(ret, "endedAt", b->ended_ms);
    BSON_APPEND_INT64(ret, "durationMs", took_ms);
    append_time(ret, "provenAt", b->proven_ms);
    BSON_APPEND_INT64(ret, "collections", b->collections);
    BSON_APPEND_INT64(ret, "documents", b->documents);
    BSON_APPEND_INT64(ret, "bytes", b->bytes);
    if (b->state == MIG_BACKUP_RUNNING) {
        BSON_APPEND_INT64(ret, "documentsTotal", b->documents_total);
        BSON_APPEND_INT64(ret, "bytesTotal", b->bytes_total);
        mig_doc_append_if(ret, "at", b->at);
    }
    mig_doc_append_if(ret, "operator", b->operator_name);
    mig_doc_append_if(ret, "osUser", b->os_user);
    mig_doc_append_if(ret, "ticket", b->ticket);
    mig_doc_append_if(ret, "reason", b->reason);
    mig_doc_append_if(ret, "during", b->during);
    mig_doc_append_if(ret, "error", b->error);
}

bool mig_backup_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                     bool (*each)(const bson_t *backup, void *ctx), void *ctx, struct mig_error *err)
{
    struct mig_store *store;
    struct mig_backups backups;
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    bool ok = mig_backups_load(app, store, limit, &backups, err);
    for (size_t i = 0; ok && i < backups.count; i++) {
        bson_t doc;
        mig_backup_document(&backups.items[i], &doc);
        bool more = each(&doc, ctx);
        bson_destroy(&doc);
        if (!more)
            break;
    }
    if (ok)
        mig_backups_done(&backups);
    store->ops->close(store);
    return ok;
}
