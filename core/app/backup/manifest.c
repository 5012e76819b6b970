/* manifest.c - a flat JSON object with a list of parts; times in ISO 8601, digests in hex. */
#include "app/backup/manifest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "base/version.h"

void manifest_archive_name(const struct mig_backup *backup, char *ret, size_t size)
{
    snprintf(ret, size, "%.32s-%.64s-%s.archive.gz", backup->environment, backup->database, backup->id);
    for (char *p = ret; *p; p++) {
        if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_' && *p != '.')
            *p = '_';
    }
    if (ret[0] == '.')
        ret[0] = '_';
}

/* ---- writing ---- */

static void append_time(bson_t *doc, const char *key, int64_t ms)
{
    char text[MIG_TIME_SIZE];
    mig_time_iso(ms, text);
    BSON_APPEND_UTF8(doc, key, text);
}

static void append_parts(bson_t *doc, const struct manifest *manifest)
{
    bson_t list, part;
    BSON_APPEND_ARRAY_BEGIN(doc, "collections", &list);
    for (size_t i = 0; i < manifest->count; i++) {
        const struct manifest_part *from = &manifest->parts[i];
        char buffer[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof buffer);
        bson_append_document_begin(&list, key, (int)len, &part);
        BSON_APPEND_UTF8(&part, "name", from->name);
        BSON_APPEND_UTF8(&part, "type", from->type);
        BSON_APPEND_INT64(&part, "documents", from->documents);
        BSON_APPEND_INT64(&part, "bytes", from->bytes);
        BSON_APPEND_UTF8(&part, "crc64", from->crc64);
        BSON_APPEND_INT64(&part, "indexes", from->indexes);
        bson_append_document_end(&list, &part);
    }
    bson_append_array_end(doc, &list);
}

static void append_all(bson_t *doc, const char *archive, const struct manifest *manifest)
{
    const struct mig_backup *b = &manifest->backup;
    bson_t time;
    BSON_APPEND_UTF8(doc, "format", MANIFEST_FORMAT);
    BSON_APPEND_UTF8(doc, "tool", "migtui " MIG_VERSION);
    BSON_APPEND_UTF8(doc, "id", b->id);
    BSON_APPEND_UTF8(doc, "project", manifest->project);
    BSON_APPEND_UTF8(doc, "environment", b->environment);
    BSON_APPEND_UTF8(doc, "environmentUuid", b->environment_uuid);
    BSON_APPEND_UTF8(doc, "database", b->database);
    BSON_APPEND_UTF8(doc, "method", b->method);
    BSON_APPEND_UTF8(doc, "archive", archive);
    BSON_APPEND_INT64(doc, "size", b->size);
    BSON_APPEND_UTF8(doc, "sha256", b->sha256);
    append_time(doc, "startedAt", b->started_ms);
    append_time(doc, "endedAt", b->ended_ms);
    BSON_APPEND_UTF8(doc, "serverVersion", b->server_version);
    BSON_APPEND_BOOL(doc, "consistent", b->consistent);
    if (b->cluster_time) {
        BSON_APPEND_DOCUMENT_BEGIN(doc, "clusterTime", &time);
        BSON_APPEND_INT64(&time, "t", b->cluster_time);
        BSON_APPEND_INT64(&time, "i", b->cluster_increment);
        bson_append_document_end(doc, &time);
    }
    BSON_APPEND_INT64(doc, "documents", b->documents);
    BSON_APPEND_INT64(doc, "bytes", b->bytes);
    BSON_APPEND_UTF8(doc, "operator", b->operator_name);
    BSON_APPEND_UTF8(doc, "osUser", b->os_user);
    BSON_APPEND_UTF8(doc, "host", b->host);
    if (b->ticket[0])
        BSON_APPEND_UTF8(doc, "ticket", b->ticket);
    if (b->reason[0])
        BSON_APPEND_UTF8(doc, "reason", b->reason);
    if (b->during[0])
        BSON_APPEND_UTF8(doc, "during", b->during);
    append_parts(doc, manifest);
}

bool manifest_write(struct mig_storage *storage, const char *archive, const struct manifest *manifest,
                    struct mig_error *err)
{
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    MIG_AUTOFREE char *name = mig_printf("%s" MANIFEST_SUFFIX, archive);
    struct mig_storage_file *file;
    size_t len;
    append_all(&doc, archive, manifest);
    char *json = bson_as_relaxed_extended_json(&doc, &len);
    if (!json)
        return mig_fail(err, MIG_ERR_INTERNAL, "the manifest cannot be written as JSON");
    bool ok = storage->ops->create(storage, name, &file, err);
    if (ok) {
        ok = storage->ops->write(file, json, len, err) && storage->ops->write(file, "\n", 1, err);
        if (ok)
            ok = storage->ops->commit(file, err);
        else
            storage->ops->abandon(file);
    }
    bson_free(json);
    return ok;
}

/* ---- reading ---- */

static bool read_text(struct mig_storage *storage, const char *name, struct mig_buf *out,
                      struct mig_error *err)
{
    struct mig_storage_file *file;
    int64_t size;
    char piece[16384];
    size_t len = 1;
    if (!storage->ops->open(storage, name, &file, &size, err))
        return false;
    bool ok = true;
    while (ok && len > 0 && !out->overflow) {
        ok = storage->ops->read(file, piece, sizeof piece, &len, err);
        if (ok)
            mig_buf_add(out, piece, len);
    }
    storage->ops->close(file);
    if (ok && out->overflow)
        return mig_fail(err, MIG_ERR_BACKUP, "%s is too large for a manifest", name);
    return ok;
}

static int64_t time_of(const bson_t *doc, const char *key)
{
    int64_t ms = 0;
    return mig_time_parse(mig_doc_str(doc, key, ""), &ms) ? ms : 0;
}

static void copy(const bson_t *doc, const char *key, char *ret, size_t size)
{
    char *safe MIG_AUTOFREE = mig_text_safe_dup(mig_doc_str(doc, key, ""), size);
    snprintf(ret, size, "%s", safe);
    mig_utf8_trim(ret);
}

static void take_backup(const bson_t *doc, struct manifest *ret)
{
    struct mig_backup *b = &ret->backup;
    copy(doc, "id", b->id, sizeof b->id);
    copy(doc, "project", ret->project, sizeof ret->project);
    copy(doc, "environment", b->environment, sizeof b->environment);
    copy(doc, "environmentUuid", b->environment_uuid, sizeof b->environment_uuid);
    copy(doc, "database", b->database, sizeof b->database);
    copy(doc, "method", b->method, sizeof b->method);
    copy(doc, "sha256", b->sha256, sizeof b->sha256);
    copy(doc, "serverVersion", b->server_version, sizeof b->server_version);
    copy(doc, "operator", b->operator_name, sizeof b->operator_name);
    copy(doc, "osUser", b->os_user, sizeof b->os_user);
    copy(doc, "host", b->host, sizeof b->host);
    copy(doc, "ticket", b->ticket, sizeof b->ticket);
    copy(doc, "reason", b->reason, sizeof b->reason);
    copy(doc, "during", b->during, sizeof b->during);
    b->state = MIG_BACKUP_FINISHED;
    b->size = mig_doc_int(doc, "size", -1);
    b->documents = mig_doc_int(doc, "documents", -1);
    b->bytes = mig_doc_int(doc, "bytes", -1);
    b->consistent = mig_doc_bool(doc, "consistent", false);
    b->cluster_time = (uint32_t)mig_doc_int(doc, "clusterTime.t", 0);
    b->cluster_increment = (uint32_t)mig_doc_int(doc, "clusterTime.i", 0);
    b->started_ms = time_of(doc, "startedAt");
    b->ended_ms = time_of(doc, "endedAt");
}

static void take_parts(const bson_t *doc, struct manifest *ret)
{
    bson_t list;
    bson_iter_t each;
    size_t room = 0;
    if (!mig_doc_sub(doc, "collections", &list) || !bson_iter_init(&each, &list))
        return;
    while (bson_iter_next(&each)) {
        bson_t part;
        if (!mig_iter_sub(&each, &part))
            continue;
        ret->parts = mig_grow(ret->parts, ret->count, &room, sizeof *ret->parts);
        struct manifest_part *to = &ret->parts[ret->count++];
        *to = (struct manifest_part){ .documents = mig_doc_int(&part, "documents", -1),
                                      .bytes = mig_doc_int(&part, "bytes", -1),
                                      .indexes = mig_doc_int(&part, "indexes", -1) };
        snprintf(to->name, sizeof to->name, "%s", mig_doc_str(&part, "name", ""));
        copy(&part, "type", to->type, sizeof to->type);
        copy(&part, "crc64", to->crc64, sizeof to->crc64);
    }
    ret->backup.collections = (int64_t)ret->count;
}

bool manifest_read(struct mig_storage *storage, const char *archive, struct manifest *ret,
                   struct mig_error *err)
{
    MIG_AUTOFREE char *name = mig_printf("%s" MANIFEST_SUFFIX, archive);
    MIG_AUTOBUF struct mig_buf text;
    bson_error_t why;
    *ret = (struct manifest){ 0 };
    mig_buf_init(&text, MANIFEST_MAX);
    if (!read_text(storage, name, &text, err))
        return false;
    MIG_AUTOBSON bson_t *doc = bson_new_from_json((const uint8_t *)text.text, (ssize_t)text.len, &why);
    if (!doc || strcmp(mig_doc_str(doc, "format", ""), MANIFEST_FORMAT) != 0)
        return mig_fail(err, MIG_ERR_BACKUP, "%s/%s is no manifest of migtui's", storage->place, name);
    take_backup(doc, ret);
    take_parts(doc, ret);
    return true;
}

void manifest_done(struct manifest *manifest)
{
    free(manifest->parts);
    *manifest = (struct manifest){ 0 };
}
