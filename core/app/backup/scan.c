/* scan.c - nothing is believed that was not read. */
#include "app/backup/scan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

#define PIECE ((size_t)256 * 1024)

struct scanning {
    const struct scan_options *options;
    struct arc_header header;
};

static bool on_prelude(void *ctx, const struct arc_header *header, struct arc_namespace *list, size_t count,
                       struct mig_error *err)
{
    struct scanning *s = ctx;
    const struct arc_sink *sink = s->options->sink;
    s->header = *header;
    return !sink || !sink->prelude || sink->prelude(sink->ctx, header, list, count, err);
}

static bool on_document(void *ctx, size_t index, const uint8_t *bytes, uint32_t len, struct mig_error *err)
{
    const struct arc_sink *sink = ((struct scanning *)ctx)->options->sink;
    return !sink || !sink->document || sink->document(sink->ctx, index, bytes, len, err);
}

static bool on_rest(void *ctx, struct mig_error *err)
{
    const struct arc_sink *sink = ((struct scanning *)ctx)->options->sink;
    return !sink || !sink->rest || sink->rest(sink->ctx, err);
}

static bool on_closed(void *ctx, size_t index, struct mig_error *err)
{
    const struct arc_sink *sink = ((struct scanning *)ctx)->options->sink;
    return !sink || !sink->closed || sink->closed(sink->ctx, index, err);
}

static void summarize(const struct arc_reader *reader, struct scan *ret)
{
    size_t count;
    const struct arc_namespace *list = arc_reader_namespaces(reader, &count);
    ret->parts = mig_alloc_n(count + 1, sizeof *ret->parts);
    ret->count = count;
    for (size_t i = 0; i < count; i++) {
        struct manifest_part *part = &ret->parts[i];
        snprintf(part->name, sizeof part->name, "%s", list[i].collection);
        snprintf(part->type, sizeof part->type, "%s", list[i].type[0] ? list[i].type : "collection");
        snprintf(part->crc64, sizeof part->crc64, "%016" PRIx64, list[i].crc);
        part->documents = list[i].documents;
        part->bytes = list[i].bytes;
        part->indexes = -1;
        ret->documents += list[i].documents;
        ret->bytes += list[i].bytes;
        if (i == 0)
            snprintf(ret->db, sizeof ret->db, "%s", list[i].db);
        else if (strcmp(ret->db, list[i].db) != 0)
            ret->db[0] = '\0';
    }
}

static bool read_all(struct mig_storage *storage, struct mig_storage_file *file, int64_t total,
                     const struct scan_options *options, struct arc_reader *reader, struct scan *ret,
                     struct mig_error *err)
{
    char *piece MIG_AUTOFREE = mig_alloc(PIECE);
    struct mig_sha256 *sha = mig_sha256_new();
    bool ok = true;
    for (size_t len = 1; ok && len > 0;) {
        ok = storage->ops->read(file, piece, PIECE, &len, err);
        if (ok && len > 0) {
            mig_sha256_add(sha, piece, len);
            ret->size += (int64_t)len;
            ok = arc_reader_feed(reader, piece, len, err);
        }
        if (ok && options->progress)
            ok = options->progress(options->progress_ctx, ret->size, total, err);
    }
    mig_sha256_end(sha, ret->sha256);
    return ok && arc_reader_end(reader, err);
}

bool scan_archive(struct mig_storage *storage, const char *archive, const struct scan_options *options,
                  struct scan *ret, struct mig_error *err)
{
    struct scanning s = { .options = options };
    const struct arc_sink sink = { &s, on_prelude, on_document, on_rest, on_closed };
    struct mig_storage_file *file;
    int64_t total;
    *ret = (struct scan){ 0 };
    if (!storage->ops->open(storage, archive, &file, &total, err))
        return false;
    struct arc_reader *reader = arc_reader_new(&sink);
    bool ok = read_all(storage, file, total, options, reader, ret, err);
    if (ok) {
        ret->header = s.header;
        summarize(reader, ret);
    }
    arc_reader_free(reader);
    storage->ops->close(file);
    return ok;
}

void scan_done(struct scan *scan)
{
    free(scan->parts);
    *scan = (struct scan){ 0 };
}

/* ---- against the manifest ---- */

static const struct manifest_part *find_part(const struct manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->count; i++) {
        if (strcmp(manifest->parts[i].name, name) == 0)
            return &manifest->parts[i];
    }
    return NULL;
}

static bool part_matches(const struct manifest_part *read, const struct manifest *manifest,
                         struct mig_error *err)
{
    const struct manifest_part *said = find_part(manifest, read->name);
    MIG_AUTOFREE char *safe = mig_text_safe_dup(read->name, 120);
    if (!said)
        return mig_fail(err, MIG_ERR_BACKUP, "the archive has a collection %s that its manifest has not",
                        safe);
    if (said->documents != read->documents)
        return mig_fail(err, MIG_ERR_BACKUP,
                        "collection %s has %" PRId64 " documents in the archive, %" PRId64 " in its manifest",
                        safe, read->documents, said->documents);
    if (said->bytes != read->bytes || (said->crc64[0] && strcmp(said->crc64, read->crc64) != 0))
        return mig_fail(err, MIG_ERR_BACKUP,
                        "collection %s has other content in the archive than its manifest says", safe);
    return true;
}

bool scan_matches(const struct scan *scan, const struct manifest *manifest, struct mig_error *err)
{
    const struct mig_backup *said = &manifest->backup;
    MIG_AUTOFREE char *db = mig_text_safe_dup(scan->db, 80);
    if (said->size != scan->size)
        return mig_fail(err, MIG_ERR_BACKUP,
                        "the archive is %" PRId64 " bytes long, its manifest says %" PRId64, scan->size,
                        said->size);
    if (strcmp(said->sha256, scan->sha256) != 0)
        return mig_fail(err, MIG_ERR_BACKUP, "the archive's SHA-256 is %.16s…, its manifest says %.16s…",
                        scan->sha256, said->sha256);
    if (scan->count > 0 && strcmp(said->database, scan->db) != 0)
        return mig_fail(err, MIG_ERR_BACKUP, "the archive is of database \"%s\", its manifest says \"%s\"",
                        db, said->database);
    if (manifest->count != scan->count)
        return mig_fail(err, MIG_ERR_BACKUP, "the archive has %zu collections, its manifest says %zu",
                        scan->count, manifest->count);
    for (size_t i = 0; i < scan->count; i++) {
        if (!part_matches(&scan->parts[i], manifest, err))
            return false;
    }
    return true;
}
