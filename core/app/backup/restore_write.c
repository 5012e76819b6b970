/* restore_write.c - the target's side: create, insert, index, compare, drop; every reply read to its end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup/restore_private.h"
#include "archive/format.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"

#define BATCH_DOCUMENTS 1000
#define BATCH_BYTES     (4 * 1024 * 1024)
#define WRITE_MS        120000

/* What create takes; anything else in an archive is not ours to pass on. */
static const char *const options_known[] = {
    "capped",
    "size",
    "max",
    "validator",
    "validationLevel",
    "validationAction",
    "collation",
    "timeseries",
    "expireAfterSeconds",
    "clusteredIndex",
    "changeStreamPreAndPostImages",
    "encryptedFields",
    "storageEngine",
    "indexOptionDefaults",
    "viewOn",
    "pipeline",
};

static const char *safe_name(const struct restoring_part *part, struct mig_buf *room)
{
    mig_buf_init(room, 2048);
    mig_text_safe(room, part->name, strlen(part->name), 200, false);
    return room->text;
}

static bool fail_at(const struct restoring_part *part, const char *what, struct mig_error *err)
{
    struct mig_buf room MIG_AUTOBUF;
    return mig_context(err, "%s %s", what, safe_name(part, &room));
}

static bool write_to(struct restoring *r, const bson_t *command, bool long_running, struct mig_error *err)
{
    struct mig_call call = { .db = r->plan.target,
                             .command = command,
                             .write = true,
                             .long_running = long_running,
                             .max_time_ms = long_running ? 0 : WRITE_MS,
                             .silence_ms = long_running ? 0 : 2 * WRITE_MS };
    return mig_write_call(r->store, &call, err);
}

/* ---- collections ---- */

static bool is_known(const char *option)
{
    for (size_t i = 0; i < sizeof options_known / sizeof options_known[0]; i++) {
        if (strcmp(options_known[i], option) == 0)
            return true;
    }
    return false;
}

static bool create(struct restoring *r, struct restoring_part *part, struct mig_error *err)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    bson_t options;
    bson_iter_t each;
    BSON_APPEND_UTF8(&command, "create", part->name);
    bool more = mig_doc_sub(part->metadata, "options", &options) && bson_iter_init(&each, &options);
    while (more && bson_iter_next(&each)) {
        const char *key = bson_iter_key(&each);
        if (is_known(key)) {
            bson_append_iter(&command, key, -1, &each);
        } else if (strcmp(key, "uuid") != 0 && strcmp(key, "autoIndexId") != 0) {
            struct mig_buf room MIG_AUTOBUF;
            MIG_AUTOFREE char *safe = mig_text_safe_dup(key, 60);
            mig_journal_warn(&r->journal, "option %s of %s is not restored: it is none of create's", safe,
                             safe_name(part, &room));
        }
    }
    if (!write_to(r, &command, false, err))
        return fail_at(part, "creating", err);
    part->created = true;
    return true;
}

bool restore_create(struct restoring *r, struct restoring_part *part, struct mig_error *err)
{
    return create(r, part, err);
}

/* Known with the first block only: whether a time series comes as buckets or as what it shows. */
static void choose_into(const struct restoring *r, struct restoring_part *part)
{
    bool buckets = strcmp(part->type, "timeseries") == 0 && !part->from->measurements;
    bool target_has_buckets = r->server.major < 8 || (r->server.major == 8 && r->server.minor < 3);
    part->raw_data = buckets && !target_has_buckets;
    part->into = mig_printf("%s%s", buckets && target_has_buckets ? ARC_BUCKETS : "", part->name);
}

bool restore_view(struct restoring *r, struct restoring_part *part, struct mig_error *err)
{
    return create(r, part, err);
}

/* ---- documents ---- */

/* Whole, so that it is sent as it is: of what is added to a command later a copy is made. */
static void begin_insert(struct restoring_part *part)
{
    struct restoring_insert *next = part->next = mig_alloc(sizeof *part->next);
    bson_t *command = &next->command, concern;
    bson_init(command);
    BSON_APPEND_UTF8(command, "insert", part->into);
    BSON_APPEND_BOOL(command, "ordered", true);
    BSON_APPEND_BOOL(command, "bypassDocumentValidation", true);
    if (part->raw_data)
        BSON_APPEND_BOOL(command, "rawData", true);
    BSON_APPEND_INT64(command, "maxTimeMS", WRITE_MS);
    /* The last write waits for a majority, and counts are compared behind it. */
    BSON_APPEND_DOCUMENT_BEGIN(command, "writeConcern", &concern);
    BSON_APPEND_INT32(&concern, "w", 1);
    bson_append_document_end(command, &concern);
    BSON_APPEND_ARRAY_BEGIN(command, "documents", &next->list);
}

/* Servers put the time in place of an empty timestamp at the top of an inserted document. */
static bool has_empty_timestamp(const bson_t *doc)
{
    bson_iter_t each;
    uint32_t t = 1, i = 1;
    for (bool more = bson_iter_init(&each, doc); more && bson_iter_next(&each);) {
        if (!BSON_ITER_HOLDS_TIMESTAMP(&each))
            continue;
        bson_iter_timestamp(&each, &t, &i);
        if (t == 0 && i == 0)
            return true;
    }
    return false;
}

/* A replacement by a pipeline keeps what it is given. */
static bool put_back_timestamps(struct restoring *r, struct restoring_part *part, const bson_t *doc,
                                struct mig_error *err)
{
    bson_iter_t id;
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    bson_t list, row, q, pipeline, stage, with;
    if (!bson_iter_init_find(&id, doc, "_id"))
        return true;
    BSON_APPEND_UTF8(&command, "update", part->into);
    BSON_APPEND_BOOL(&command, "bypassDocumentValidation", true);
    BSON_APPEND_ARRAY_BEGIN(&command, "updates", &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &row);
    BSON_APPEND_DOCUMENT_BEGIN(&row, "q", &q);
    bson_append_iter(&q, "_id", 3, &id);
    bson_append_document_end(&row, &q);
    BSON_APPEND_ARRAY_BEGIN(&row, "u", &pipeline);
    BSON_APPEND_DOCUMENT_BEGIN(&pipeline, "0", &stage);
    BSON_APPEND_DOCUMENT_BEGIN(&stage, "$replaceWith", &with);
    BSON_APPEND_DOCUMENT(&with, "$literal", doc);
    bson_append_document_end(&stage, &with);
    bson_append_document_end(&pipeline, &stage);
    bson_append_array_end(&row, &pipeline);
    bson_append_document_end(&list, &row);
    bson_append_array_end(&command, &list);
    return write_to(r, &command, false, err) || fail_at(part, "documents of", err);
}

static bool restore_timestamps(struct restoring *r, struct restoring_part *part, const bson_t *command,
                               struct mig_error *err)
{
    bson_iter_t documents, each;
    bool ok = true;
    for (bool more =
             bson_iter_init_find(&documents, command, "documents") && bson_iter_recurse(&documents, &each);
         ok && more && bson_iter_next(&each);) {
        bson_t doc;
        if (mig_iter_sub(&each, &doc) && has_empty_timestamp(&doc))
            ok = put_back_timestamps(r, part, &doc, err);
    }
    return ok;
}

bool restore_flush(struct restoring *r, struct restoring_part *part, struct mig_error *err)
{
    struct restoring_insert *next = part->next;
    if (!next)
        return true;
    bson_append_array_end(&next->command, &next->list);
    bool ok = write_to(r, &next->command, false, err);
    if (ok)
        ok = part->raw_data || restore_timestamps(r, part, &next->command, err);
    else
        fail_at(part, "documents of", err);
    part->inserted += ok ? next->count : 0;
    r->waiting -= next->bytes;
    bson_destroy(&next->command);
    free(next);
    part->next = NULL;
    return ok;
}

bool restore_flush_due(struct restoring *r, struct mig_error *err)
{
    struct restoring_part *due = r->due;
    r->due = NULL;
    return !due || restore_flush(r, due, err);
}

static bool flush_all(struct restoring *r, struct mig_error *err)
{
    for (size_t i = 0; i < r->count; i++) {
        if (!restore_flush(r, &r->parts[i], err))
            return false;
    }
    return true;
}

void restore_part_done(struct restoring_part *part)
{
    if (part->next)
        bson_destroy(&part->next->command);
    free(part->next);
    free(part->name);
    free(part->into);
    if (part->metadata)
        bson_destroy(part->metadata);
}

/* Whether the documents that wait shall go before one of len bytes comes. */
static bool make_room(struct restoring *r, struct restoring_part *part, uint32_t len, struct mig_error *err)
{
    const struct restoring_insert *next = part->next;
    if (!restore_flush_due(r, err))
        return false;
    if (next && (next->count >= BATCH_DOCUMENTS || next->bytes + len > BATCH_BYTES) &&
        !restore_flush(r, part, err))
        return false;
    return r->waiting + len <= RESTORE_WAITING_MAX || flush_all(r, err);
}

bool restore_document(struct restoring *r, struct restoring_part *part, const uint8_t *bytes, uint32_t len,
                      struct mig_error *err)
{
    bson_t doc;
    char buffer[16];
    const char *key;
    if (!bson_init_static(&doc, bytes, len)) {
        mig_fail(err, MIG_ERR_BACKUP, "a document is no BSON");
        return fail_at(part, "the archive is damaged:", err);
    }
    if (!part->into)
        choose_into(r, part);
    if (!make_room(r, part, len, err))
        return false;
    if (!part->next)
        begin_insert(part);
    size_t key_len = bson_uint32_to_string(part->next->count++, &key, buffer, sizeof buffer);
    bson_append_document(&part->next->list, key, (int)key_len, &doc);
    part->next->bytes += len;
    r->waiting += len;
    if (part->next->bytes > BATCH_BYTES)
        r->due = part;
    return true;
}

/* ---- indexes ---- */

static bool is_made_with_collection(const bson_t *index)
{
    return strcmp(mig_doc_str(index, "name", ""), "_id_") == 0 || mig_doc_bool(index, "clustered", false);
}

bool restore_indexes(struct restoring *r, struct restoring_part *part, struct mig_error *err)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    bson_t indexes, list, to;
    bson_iter_t each;
    uint32_t count = 0;
    if (!mig_doc_sub(part->metadata, "indexes", &indexes) || !bson_iter_init(&each, &indexes))
        return true;
    BSON_APPEND_UTF8(&command, "createIndexes", part->name);
    BSON_APPEND_ARRAY_BEGIN(&command, "indexes", &list);
    while (bson_iter_next(&each)) {
        bson_t index;
        char buffer[16];
        const char *key;
        if (!mig_iter_sub(&each, &index))
            continue;
        part->indexes++;
        if (is_made_with_collection(&index))
            continue;
        size_t len = bson_uint32_to_string(count++, &key, buffer, sizeof buffer);
        bson_append_document_begin(&list, key, (int)len, &to);
        bson_copy_to_excluding_noinit(&index, &to, "ns", "background", (char *)NULL);
        bson_append_document_end(&list, &to);
    }
    bson_append_array_end(&command, &list);
    return count == 0 || write_to(r, &command, true, err) || fail_at(part, "indexes of", err);
}

/* ---- what is there now ---- */

static bool take_count(const bson_t *doc, void *context)
{
    *(int64_t *)context = mig_doc_int(doc, "n", 0);
    return false;
}

static bool take_index(const bson_t *doc, void *context)
{
    (void)doc;
    ++*(int64_t *)context;
    return true;
}

bool restore_compare(struct restoring *r, struct restoring_part *part, struct mig_error *err)
{
    struct mig_buf room MIG_AUTOBUF;
    const char *name = safe_name(part, &room);
    int64_t documents = 0, indexes = 0;
    MIG_AUTODOC bson_t count = BSON_INITIALIZER;
    MIG_AUTOBSON bson_t *list = BCON_NEW("listIndexes", BCON_UTF8(part->name));
    bson_t stages, stage, empty;
    BSON_APPEND_UTF8(&count, "aggregate", part->into ? part->into : part->name);
    BSON_APPEND_ARRAY_BEGIN(&count, "pipeline", &stages);
    BSON_APPEND_DOCUMENT_BEGIN(&stages, "0", &stage);
    BSON_APPEND_UTF8(&stage, "$count", "n");
    bson_append_document_end(&stages, &stage);
    bson_append_array_end(&count, &stages);
    BSON_APPEND_DOCUMENT_BEGIN(&count, "cursor", &empty);
    bson_append_document_end(&count, &empty);
    if (part->raw_data)
        BSON_APPEND_BOOL(&count, "rawData", true);
    struct mig_call call = { .db = r->plan.target, .command = &count, .long_running = true };
    if (!r->store->ops->query(r->store, &call, take_count, &documents, err))
        return fail_at(part, "counting", err);
    if (documents != part->documents)
        return mig_fail(err, MIG_ERR_BACKUP,
                        "%s has %" PRId64 " documents after the restore, the archive has %" PRId64, name,
                        documents, part->documents);
    call = (struct mig_call){
        .db = r->plan.target, .command = list, .no_concern = true, .max_time_ms = WRITE_MS
    };
    if (!r->store->ops->query(r->store, &call, take_index, &indexes, err))
        return fail_at(part, "the indexes of", err);
    if (indexes != part->indexes)
        return mig_fail(err, MIG_ERR_BACKUP,
                        "%s has %" PRId64 " indexes after the restore, the archive has %" PRId64, name,
                        indexes, part->indexes);
    r->result->indexes += indexes;
    return true;
}

bool restore_mark(struct restoring *r, struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("update", BCON_UTF8(r->names.lock), "updates", "[", "{", "q", "{", "_id", "lock", "}", "u",
                 "{", "$set", "{", "owner", BCON_NULL, "restoring", "{", "run", BCON_UTF8(r->result->run),
                 "by", BCON_UTF8(r->app->operator_name), "host", BCON_UTF8(r->host->self.host), "source",
                 BCON_UTF8(r->plan.source), "backup", BCON_UTF8(r->plan.backup.id), "note",
                 BCON_UTF8("this database is being restored, or was left half restored: it is not whole"),
                 "}", "}", "}", "upsert", BCON_BOOL(true), "}", "]");
    r->began = true;
    return write_to(r, command, false, err) || mig_context(err, "marking %s as unfinished", r->plan.target);
}

bool restore_unmark(struct restoring *r, struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command = BCON_NEW("drop", BCON_UTF8(r->names.lock));
    return write_to(r, command, false, err) || err->server_code == 26 /* NamespaceNotFound */ ||
           mig_context(err, "taking the mark of an unfinished restore from %s", r->plan.target);
}

bool restore_drop(struct restoring *r, struct mig_error *err)
{
    bool ok = true;
    for (size_t i = r->count; i > 0; i--) {
        struct restoring_part *part = &r->parts[i - 1];
        struct mig_error failed = { 0 };
        if (!part->created)
            continue;
        MIG_AUTOBSON bson_t *command = BCON_NEW("drop", BCON_UTF8(part->name));
        if (!write_to(r, command, false, &failed) && ok) {
            *err = failed;
            ok = false;
        }
    }
    return ok && (!r->began || restore_unmark(r, err));
}

bool restore_rename_meta(struct restoring *r, struct mig_error *err)
{
    uint8_t random[16];
    char uuid[MIG_UUID_SIZE];
    r->host->ops->random(r->host, random, sizeof random);
    mig_uuid4(random, uuid);
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("update", BCON_UTF8(r->names.meta), "updates", "[", "{", "q", "{", "_id", "meta", "}", "u",
                 "{", "$set", "{", "uuid", BCON_UTF8(uuid), "restoredFrom", "{", "database",
                 BCON_UTF8(r->plan.source), "backup", BCON_UTF8(r->plan.backup.id), "}", "}", "}", "}", "]");
    return write_to(r, command, false, err);
}
