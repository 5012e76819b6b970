/* take_read.c - several collections at once, each by one cursor, all at one cluster time where the server has that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup/take_private.h"
#include "archive/writer.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"

#define SILENCE_MS  120000
#define BATCH_BYTES ((int64_t)512 * 1024)
#define LARGE_FROM \
    ((uint64_t)1024 * 1024) /* of a reply: twice a batch, which are small documents as a rule */

enum {
    CODE_SNAPSHOT_TOO_OLD = 239,
    CODE_SNAPSHOT_UNAVAILABLE = 246,
    CODE_INVALID_OPTIONS = 72,
    CODE_CURSOR_NOT_FOUND = 43, /* the collection has gone, on some servers */
    CODE_QUERY_PLAN_KILLED = 175,
};

/* One reader at one collection. */
struct reading {
    struct taking *t;
    struct survey_item *item;
    struct mig_buf block;
    bool open; /* the block has its header */
};

/* ---- the cluster time ---- */

static bool note_time(const bson_t *cursor, void *context, struct mig_error *err)
{
    struct taking *t = context;
    bson_iter_t found;
    (void)err;
    t->snapshot = mig_doc_find(cursor, "atClusterTime", &found) && BSON_ITER_HOLDS_TIMESTAMP(&found);
    if (t->snapshot)
        bson_iter_timestamp(&found, &t->backup->cluster_time, &t->backup->cluster_increment);
    return true;
}

static bool nothing(const bson_t *doc, void *context)
{
    (void)doc, (void)context;
    return false;
}

static void build_probe(const struct taking *t, bool impossible, bson_t *command)
{
    bson_t concern;
    BSON_APPEND_UTF8(command, "find", t->names.meta);
    BSON_APPEND_INT32(command, "limit", 1);
    BSON_APPEND_BOOL(command, "singleBatch", true);
    BSON_APPEND_DOCUMENT_BEGIN(command, "readConcern", &concern);
    BSON_APPEND_UTF8(&concern, "level", "snapshot");
    if (impossible)
        BSON_APPEND_TIMESTAMP(&concern, "atClusterTime", 1, 1);
    bson_append_document_end(command, &concern);
}

/* A server that keeps to atClusterTime refuses 1970 (SnapshotTooOld). One that answers ignores what it is asked for; while
 * nobody writes, its cursors name the time asked for all the same. False: *err. */
static bool check_heed(struct taking *t, struct mig_error *err)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    build_probe(t, true, &command);
    struct mig_call call = { .command = &command, .max_time_ms = 20000 };
    if (t->store->ops->query(t->store, &call, nothing, t, err)) {
        t->moved = true;
        return true;
    }
    return err->code == MIG_ERR_SERVER;
}

bool take_snapshot_time(struct taking *t, struct mig_error *err)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    build_probe(t, false, &command);
    struct mig_call call = { .command = &command, .max_time_ms = 20000, .opened = note_time };
    t->snapshot = false;
    if (t->store->ops->query(t->store, &call, nothing, t, err))
        return !t->snapshot || check_heed(t, err);
    t->snapshot = false;
    return err->code == MIG_ERR_SERVER; /* it has no snapshot reads */
}

/* ---- one collection ---- */

static bool flush(struct reading *r)
{
    if (!r->open)
        return true;
    arc_block_end(&r->block);
    r->open = false;
    return pipe_send(r->t->pipe, &r->block);
}

static void open_block(struct reading *r)
{
    if (!r->open)
        arc_block_begin(&r->block, r->t->env->database, r->item->data);
    r->open = true;
}

/* A document larger than a block goes in pieces, with no other collection's block between. */
static bool send_large(struct reading *r, const char *bytes, size_t len)
{
    struct pipe *pipe = r->t->pipe;
    if (!flush(r) || !pipe_turn_begin(pipe))
        return false;
    bool ok = true;
    open_block(r);
    for (size_t at = 0; ok && at < len; at += PIPE_BLOCK_SIZE) {
        mig_buf_add(&r->block, bytes + at, len - at < PIPE_BLOCK_SIZE ? len - at : PIPE_BLOCK_SIZE);
        ok = pipe_send(pipe, &r->block);
    }
    ok = ok && flush(r);
    pipe_turn_end(pipe);
    return ok;
}

static bool take_document(const bson_t *doc, void *context)
{
    struct reading *r = context;
    const char *bytes = (const char *)bson_get_data(doc);
    r->item->crc = arc_crc64(bytes, doc->len, r->item->crc);
    r->item->documents++;
    r->item->bytes += doc->len;
    pthread_mutex_lock(&r->t->mutex);
    r->t->documents++;
    r->t->bytes += doc->len;
    pthread_mutex_unlock(&r->t->mutex);
    if (doc->len > PIPE_BLOCK_SIZE)
        return send_large(r, bytes, doc->len);
    open_block(r);
    mig_buf_add(&r->block, bytes, doc->len);
    return r->block.len < PIPE_BLOCK_SIZE || flush(r);
}

/* A server that reads at another time than it was asked to has no common snapshot, whatever it accepts. */
static bool check_time(const bson_t *cursor, void *context, struct mig_error *err)
{
    struct taking *t = ((struct reading *)context)->t;
    bson_iter_t found;
    uint32_t time = 0, increment = 0;
    (void)err;
    if (mig_doc_find(cursor, "atClusterTime", &found) && BSON_ITER_HOLDS_TIMESTAMP(&found))
        bson_iter_timestamp(&found, &time, &increment);
    if (time != t->backup->cluster_time || increment != t->backup->cluster_increment) {
        pthread_mutex_lock(&t->mutex);
        t->moved = true;
        pthread_mutex_unlock(&t->mutex);
    }
    return true;
}

static void build_find(const struct reading *r, bool snapshot, bson_t *command)
{
    const struct survey_item *item = r->item;
    int64_t average = item->documents_estimate > 0 ? item->bytes_estimate / item->documents_estimate : 0;
    int64_t batch = average > 0 ? BATCH_BYTES / average : 1000;
    char comment[64];
    snprintf(comment, sizeof comment, "migtui-%s", r->t->backup->id);
    BSON_APPEND_UTF8(command, "find", item->data);
    BSON_APPEND_INT64(command, "batchSize", batch < 1 ? 1 : batch > 20000 ? 20000 : batch);
    BSON_APPEND_UTF8(command, "comment", comment);
    if (item->raw_data)
        BSON_APPEND_BOOL(command, "rawData", true);
    if (snapshot) {
        bson_t concern;
        BSON_APPEND_DOCUMENT_BEGIN(command, "readConcern", &concern);
        BSON_APPEND_UTF8(&concern, "level", "snapshot");
        bson_append_timestamp(&concern, "atClusterTime", -1, r->t->backup->cluster_time,
                              r->t->backup->cluster_increment);
        bson_append_document_end(command, &concern);
    }
}

/* A batch can come to 16 MB, whatever was asked for, and the driver holds it twice: one of them at a time. */
static void large_begin(void *context)
{
    struct taking *t = context;
    pthread_mutex_lock(&t->large);
}

static void large_end(void *context)
{
    struct taking *t = context;
    pthread_mutex_unlock(&t->large);
}

static bool query(struct reading *r, bool snapshot, struct mig_error *err)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    build_find(r, snapshot, &command);
    const struct mig_large large = { LARGE_FROM, large_begin, large_end, r->t };
    struct mig_call call = { .command = &command,
                             .large = &large,
                             .silence_ms = SILENCE_MS,
                             .opened = snapshot ? check_time : NULL,
                             .batch_bytes = BATCH_BYTES };
    return r->t->store->ops->query(r->t->store, &call, take_document, r, err);
}

static void explain(const struct reading *r, struct mig_error *err)
{
    MIG_AUTOFREE char *safe = mig_text_safe_dup(r->item->name, 120);
    if (err->server_code == CODE_SNAPSHOT_TOO_OLD) {
        mig_fail(err, MIG_ERR_BACKUP, "the server no longer keeps the snapshot that the backup reads");
        mig_hint(err, "raise it to longer than a backup takes: "
                      "db.adminCommand({setParameter: 1, minSnapshotHistoryWindowInSeconds: 3600})");
    }
    if (err->server_code == CODE_CURSOR_NOT_FOUND || err->server_code == CODE_QUERY_PLAN_KILLED) {
        MIG_AUTOFREE char *why = mig_text_safe_dup(err->message, 300);
        mig_fail(err, MIG_ERR_BACKUP,
                 "was dropped or renamed meanwhile, or the server ended its reading (%s)", why);
    }
    if (err->code == MIG_ERR_UNKNOWN_OUTCOME || err->code == MIG_ERR_UNREACHABLE ||
        err->code == MIG_ERR_TIMEOUT)
        mig_hint(
            err,
            "no backup was written, and nothing on the server was changed; take it again when it answers");
    mig_context(err, "collection %s", safe);
}

/* Some servers refuse snapshot reads of capped collections; those are read on their own, and the backup says so. */
static bool may_be_torn(const struct reading *r, const struct mig_error *err)
{
    return r->item->capped && r->item->documents == 0 &&
           (err->server_code == CODE_SNAPSHOT_UNAVAILABLE || err->server_code == CODE_INVALID_OPTIONS);
}

static bool read_collection(struct reading *r, struct mig_error *err)
{
    struct taking *t = r->t;
    bool ok = query(r, t->snapshot, err);
    if (!ok && t->snapshot && may_be_torn(r, err)) {
        r->item->torn = true;
        pthread_mutex_lock(&t->mutex);
        snprintf(t->torn, sizeof t->torn, "%.120s", r->item->name);
        pthread_mutex_unlock(&t->mutex);
        ok = query(r, false, err);
    }
    if (!ok)
        explain(r, err);
    return ok;
}

static bool take_item(struct taking *t, struct survey_item *item, struct mig_buf *block)
{
    struct reading r = { .t = t, .item = item, .block = *block };
    struct mig_error err = { 0 };
    bool is_view = strcmp(item->type, "view") == 0;
    bool ok = (is_view || read_collection(&r, &err)) && flush(&r);
    if (ok) {
        arc_namespace_end(&r.block, t->env->database, item->data, item->crc);
        ok = pipe_send(t->pipe, &r.block);
    }
    if (!ok && err.code != MIG_OK)
        pipe_break(t->pipe, &err);
    mig_buf_reset(&r.block);
    *block = r.block;
    return ok;
}

/* ---- readers ---- */

static bool next_item(struct taking *t, size_t *ret)
{
    pthread_mutex_lock(&t->mutex);
    bool more = t->next < t->survey.count && !t->stop;
    if (more) {
        *ret = t->order[t->next++];
        snprintf(t->at, sizeof t->at, "%.120s", t->survey.items[*ret].name);
    }
    pthread_mutex_unlock(&t->mutex);
    return more && !pipe_broken(t->pipe);
}

static void reader_loop(void *context)
{
    struct taking *t = context;
    struct mig_buf block;
    size_t index;
    mig_buf_init(&block, PIPE_BLOCK_MAX);
    while (next_item(t, &index) && take_item(t, &t->survey.items[index], &block)) {
        pthread_mutex_lock(&t->mutex);
        t->closed++;
        pthread_mutex_unlock(&t->mutex);
    }
    mig_buf_done(&block);
    pthread_mutex_lock(&t->mutex);
    t->reading--;
    pthread_mutex_unlock(&t->mutex);
    t->host->ops->wake(t->host, t);
}

static int by_size(const void *a, const void *b, void *context)
{
    const struct survey_item *items = context;
    int64_t x = items[*(const size_t *)a].bytes_estimate, y = items[*(const size_t *)b].bytes_estimate;
    return (x < y) - (x > y);
}

bool take_readers_start(struct taking *t, struct mig_error *err)
{
    int wanted = t->options->workers > 0 ? t->options->workers : 4;
    t->order = mig_alloc_n(t->survey.count + 1, sizeof *t->order);
    for (size_t i = 0; i < t->survey.count; i++)
        t->order[i] = i;
    if (t->survey.count > 1)
        qsort_r(t->order, t->survey.count, sizeof *t->order, by_size, t->survey.items);
    for (int i = 0; i < wanted && i < READERS_MAX && (size_t)i < t->survey.count; i++) {
        pthread_mutex_lock(&t->mutex);
        t->reading++;
        pthread_mutex_unlock(&t->mutex);
        if (!t->host->ops->task_start(t->host, reader_loop, t, &t->readers[i], err)) {
            pthread_mutex_lock(&t->mutex);
            t->reading--;
            pthread_mutex_unlock(&t->mutex);
            return false;
        }
        t->reader_count++;
    }
    return true;
}

bool take_readers_done(struct taking *t)
{
    pthread_mutex_lock(&t->mutex);
    bool done = t->reading == 0;
    pthread_mutex_unlock(&t->mutex);
    return done;
}

void take_readers_join(struct taking *t)
{
    for (int i = 0; i < t->reader_count; i++)
        t->host->ops->task_join(t->host, t->readers[i]);
    t->reader_count = 0;
}
