/* reader.c - a machine of five states over a stream of length-prefixed documents and terminators. */
#include "archive/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/format.h"
#include "archive/gzip.h"
#include "archive/writer.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"

#define CARRY_MAX  (ARC_DOCUMENT_MAX + 8)
#define CARRY_KEPT ((size_t)1024 * 1024) /* a larger one is let go before anything else takes memory */

enum state { AT_MAGIC, AT_HEADER, IN_PRELUDE, AT_BLOCK, IN_BLOCK };

struct arc_reader {
    struct arc_sink sink;
    struct arc_gunzip *gunzip; /* NULL: the stream is plain */
    bool begun;                /* the first two bytes told which */
    uint8_t first;
    bool has_first;
    enum state state;
    int64_t at;           /* bytes of the plain archive that were consumed */
    struct mig_buf carry; /* the beginning of a document that is cut by the end of a piece */
    struct arc_header header;
    struct arc_namespace *list;
    size_t count, room;
    size_t metadata_bytes;
    size_t *order; /* indexes of list, sorted by db and data */
    size_t current;
    bool ending; /* the current block is the end of its namespace */
};

struct arc_reader *arc_reader_new(const struct arc_sink *sink)
{
    struct arc_reader *reader = mig_alloc(sizeof *reader);
    reader->sink = *sink;
    mig_buf_init(&reader->carry, CARRY_MAX);
    return reader;
}

void arc_reader_free(struct arc_reader *reader)
{
    if (!reader)
        return;
    for (size_t i = 0; i < reader->count; i++) {
        free(reader->list[i].db);
        free(reader->list[i].collection);
        free(reader->list[i].data);
        free(reader->list[i].type);
        free(reader->list[i].metadata);
    }
    free(reader->list);
    free(reader->order);
    arc_gunzip_free(reader->gunzip);
    mig_buf_done(&reader->carry);
    free(reader);
}

const struct arc_namespace *arc_reader_namespaces(const struct arc_reader *reader, size_t *ret_count)
{
    *ret_count = reader->count;
    return reader->list;
}

static bool damaged(const struct arc_reader *reader, struct mig_error *err, const char *what)
{
    return mig_fail(err, MIG_ERR_BACKUP, "the archive is damaged at byte %lld of its content: %s",
                    (long long)reader->at, what);
}

static bool damaged_namespace(const struct arc_reader *reader, struct mig_error *err,
                              const struct arc_namespace *space, const char *what)
{
    char text[700];
    char *name = mig_printf("%s.%s", space->db, space->data);
    char *safe = mig_text_safe_dup(name, 200);
    snprintf(text, sizeof text, "%s %s", safe, what);
    free(safe);
    free(name);
    return damaged(reader, err, text);
}

/* ---- the prelude ---- */

static bool take_header(struct arc_reader *reader, const bson_t *doc, struct mig_error *err)
{
    struct arc_header *header = &reader->header;
    snprintf(header->version, sizeof header->version, "%s", mig_doc_str(doc, "version", ""));
    snprintf(header->server_version, sizeof header->server_version, "%s",
             mig_doc_str(doc, "server_version", ""));
    snprintf(header->tool_version, sizeof header->tool_version, "%s", mig_doc_str(doc, "tool_version", ""));
    int64_t concurrent = mig_doc_int(doc, "concurrent_collections", 1);
    header->concurrent = concurrent > 0 && concurrent < 10000 ? (int)concurrent : 1;
    if (strcmp(header->version, ARC_VERSION) != 0)
        return damaged(reader, err, "its format is not version " ARC_VERSION);
    return true;
}

/* Servers before 8.3 keep a time series' data under another name. */
static bool has_buckets(const struct arc_header *header)
{
    char *end;
    long major = strtol(header->server_version, &end, 10);
    long minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return major < 8 || (major == 8 && minor < 3);
}

static bool take_namespace(struct arc_reader *reader, const bson_t *doc, struct mig_error *err)
{
    const char *db = mig_doc_str(doc, "db", NULL);
    const char *collection = mig_doc_str(doc, "collection", NULL);
    const char *type = mig_doc_str(doc, "type", "");
    if (!db || !collection || strlen(db) >= ARC_NAME_MAX || strlen(collection) >= ARC_NAME_MAX)
        return damaged(reader, err, "a namespace of the prelude has no name");
    if (reader->count == ARC_NAMESPACES_MAX)
        return damaged(reader, err, "the prelude has more than 100000 namespaces");
    const char *metadata = mig_doc_str(doc, "metadata", "");
    reader->metadata_bytes += strlen(metadata);
    if (reader->metadata_bytes > ARC_PRELUDE_MAX)
        return damaged(reader, err, "the prelude has more than 64 MB of metadata");
    reader->list = mig_grow(reader->list, reader->count, &reader->room, sizeof *reader->list);
    bool buckets = strcmp(type, "timeseries") == 0 && has_buckets(&reader->header);
    reader->list[reader->count++] = (struct arc_namespace){
        .db = mig_strdup(db),
        .collection = mig_strdup(collection),
        .data = buckets ? mig_printf(ARC_BUCKETS "%s", collection) : mig_strdup(collection),
        .type = mig_strdup(type),
        .metadata = mig_strdup(metadata),
        .size = mig_doc_int(doc, "size", 0),
    };
    return true;
}

static int compare_names(const struct arc_namespace *a, const char *db, const char *data)
{
    int by_db = strcmp(a->db, db);
    return by_db ? by_db : strcmp(a->data, data);
}

static int by_name(const void *a, const void *b, void *list)
{
    const struct arc_namespace *items = list;
    const struct arc_namespace *y = &items[*(const size_t *)b];
    return compare_names(&items[*(const size_t *)a], y->db, y->data);
}

static bool end_prelude(struct arc_reader *reader, struct mig_error *err)
{
    reader->order = mig_alloc_n(reader->count + 1, sizeof *reader->order);
    for (size_t i = 0; i < reader->count; i++)
        reader->order[i] = i;
    if (reader->count > 1)
        qsort_r(reader->order, reader->count, sizeof *reader->order, by_name, reader->list);
    for (size_t i = 1; i < reader->count; i++) {
        if (by_name(&reader->order[i - 1], &reader->order[i], reader->list) == 0)
            return damaged_namespace(reader, err, &reader->list[reader->order[i]], "is there twice");
    }
    reader->state = AT_BLOCK;
    return !reader->sink.prelude ||
           reader->sink.prelude(reader->sink.ctx, &reader->header, reader->list, reader->count, err);
}

/* ---- blocks ---- */

static struct arc_namespace *find(struct arc_reader *reader, const char *db, const char *data)
{
    size_t low = 0, high = reader->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct arc_namespace *space = &reader->list[reader->order[middle]];
        int order = compare_names(space, db, data);
        if (order == 0)
            return space;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* A time series whose server showed no buckets has its measurements under its own name (docs/concepts/backup.md). */
static struct arc_namespace *find_measurements(struct arc_reader *reader, const char *db, const char *name)
{
    char data[ARC_NAME_MAX + sizeof ARC_BUCKETS];
    snprintf(data, sizeof data, ARC_BUCKETS "%s", name);
    struct arc_namespace *space = find(reader, db, data);
    if (!space || space->opened || strcmp(space->collection, name) != 0)
        return NULL;
    return space;
}

static bool begin_block(struct arc_reader *reader, const bson_t *doc, struct mig_error *err)
{
    const char *db = mig_doc_str(doc, "db", NULL);
    const char *name = mig_doc_str(doc, "collection", NULL);
    bson_iter_t crc, end;
    if (!db || !name || !*name || !mig_doc_find(doc, "EOF", &end) || !BSON_ITER_HOLDS_BOOL(&end) ||
        !mig_doc_find(doc, "CRC", &crc) || !BSON_ITER_HOLDS_INT64(&crc))
        return damaged(reader, err, "a block has no header");
    struct arc_namespace *space = find(reader, db, name);
    if (!space && strlen(name) < ARC_NAME_MAX && (space = find_measurements(reader, db, name))) {
        /* The order by names is only used to find, and a name may be found by one way at a time. */
        size_t index = (size_t)(space - reader->list);
        free(space->data);
        space->data = mig_strdup(name);
        qsort_r(reader->order, reader->count, sizeof *reader->order, by_name, reader->list);
        space = &reader->list[index];
        space->measurements = true;
    }
    if (!space)
        return damaged(reader, err, "a block is of a namespace that the prelude does not have");
    if (space->closed)
        return damaged_namespace(reader, err, space, "goes on after its end");
    reader->current = (size_t)(space - reader->list);
    reader->ending = bson_iter_bool(&end);
    reader->state = IN_BLOCK;
    space->opened = true;
    if (!reader->ending)
        return true;
    if ((uint64_t)bson_iter_int64(&crc) != space->crc)
        return damaged_namespace(reader, err, space, "does not match its checksum (CRC-64)");
    space->closed = true;
    return !reader->sink.closed || reader->sink.closed(reader->sink.ctx, reader->current, err);
}

static bool take_document(struct arc_reader *reader, const uint8_t *bytes, uint32_t len,
                          struct mig_error *err)
{
    struct arc_namespace *space = &reader->list[reader->current];
    if (reader->ending)
        return damaged_namespace(reader, err, space, "has a document in the block that ends it");
    space->crc = arc_crc64(bytes, len, space->crc);
    space->documents++;
    space->bytes += len;
    return !reader->sink.document ||
           reader->sink.document(reader->sink.ctx, reader->current, bytes, len, err);
}

/* ---- the stream ---- */

static bool take_terminator(struct arc_reader *reader, struct mig_error *err)
{
    switch (reader->state) {
    case IN_PRELUDE: return end_prelude(reader, err);
    case IN_BLOCK: reader->state = AT_BLOCK; return true;
    case AT_MAGIC:
    case AT_HEADER:
    case AT_BLOCK: break;
    }
    return damaged(reader, err, "a terminator where a header belongs");
}

static bool take_whole(struct arc_reader *reader, const uint8_t *bytes, uint32_t len, struct mig_error *err)
{
    bson_t doc;
    if (bytes[len - 1] != 0)
        return damaged(reader, err, "a document does not end where it says");
    if (reader->state == IN_BLOCK)
        return take_document(reader, bytes, len, err);
    if (!bson_init_static(&doc, bytes, len))
        return damaged(reader, err, "a header is no document");
    switch (reader->state) {
    case AT_HEADER: reader->state = IN_PRELUDE; return take_header(reader, &doc, err);
    case IN_PRELUDE: return take_namespace(reader, &doc, err);
    case AT_BLOCK: return begin_block(reader, &doc, err);
    case AT_MAGIC:
    case IN_BLOCK: break;
    }
    return damaged(reader, err, "it does not begin as an archive");
}

static uint32_t read_u32(const uint8_t *bytes)
{
    uint32_t little;
    memcpy(&little, bytes, sizeof little);
    return BSON_UINT32_FROM_LE(little);
}

/* How long what begins here is, 0 when that is not known yet; false when nothing so long can be. */
static bool length_here(struct arc_reader *reader, const uint8_t *bytes, size_t len, uint32_t *ret,
                        struct mig_error *err)
{
    *ret = 0;
    if (len < 4)
        return true;
    uint32_t word = read_u32(bytes);
    if (reader->state == AT_MAGIC) {
        *ret = 4;
        return word == ARC_MAGIC || damaged(reader, err, "it does not begin as an archive of mongodump does");
    }
    if (word == ARC_TERMINATOR) {
        *ret = 4;
        return true;
    }
    *ret = word;
    return (word >= ARC_DOCUMENT_MIN && word <= ARC_DOCUMENT_MAX) ||
           damaged(reader, err, "neither a document nor a terminator");
}

static bool take_item(struct arc_reader *reader, const uint8_t *bytes, uint32_t len, struct mig_error *err)
{
    bool ok = true;
    if (reader->state == AT_MAGIC)
        reader->state = AT_HEADER;
    else if (len == 4)
        ok = take_terminator(reader, err);
    else
        ok = take_whole(reader, bytes, len, err);
    reader->at += len;
    return ok;
}

static bool let_go(struct arc_reader *reader, struct mig_error *err)
{
    struct mig_buf *carry = &reader->carry;
    if (carry->len <= CARRY_KEPT) {
        mig_buf_reset(carry);
        return true;
    }
    mig_buf_done(carry);
    mig_buf_init(carry, CARRY_MAX);
    return !reader->sink.rest || reader->sink.rest(reader->sink.ctx, err);
}

/* What was cut before, completed from the new bytes. *used: how many of them it took. */
static bool complete_carry(struct arc_reader *reader, const uint8_t *bytes, size_t len, size_t *used,
                           struct mig_error *err)
{
    struct mig_buf *carry = &reader->carry;
    *used = 0;
    while (carry->len > 0) {
        uint32_t need;
        if (!length_here(reader, (const uint8_t *)carry->text, carry->len, &need, err))
            return false;
        if (need > 0 && carry->len >= need)
            return take_item(reader, (const uint8_t *)carry->text, need, err) && let_go(reader, err);
        size_t want = (need > 0 ? need : 4) - carry->len;
        size_t take = want < len - *used ? want : len - *used;
        if (take == 0)
            return true;
        mig_buf_add(carry, (const char *)bytes + *used, take);
        *used += take;
    }
    return true;
}

static bool feed_plain(const uint8_t *bytes, size_t len, void *ctx, struct mig_error *err)
{
    struct arc_reader *reader = ctx;
    size_t at;
    if (!complete_carry(reader, bytes, len, &at, err))
        return false;
    while (at < len) {
        uint32_t need;
        if (!length_here(reader, bytes + at, len - at, &need, err))
            return false;
        if (need == 0 || need > len - at) {
            mig_buf_add(&reader->carry, (const char *)bytes + at, len - at);
            return true;
        }
        if (!take_item(reader, bytes + at, need, err))
            return false;
        at += need;
    }
    return true;
}

static bool feed(struct arc_reader *reader, const uint8_t *bytes, size_t len, struct mig_error *err)
{
    return reader->gunzip ? arc_gunzip_feed(reader->gunzip, bytes, len, feed_plain, reader, err)
                          : feed_plain(bytes, len, reader, err);
}

bool arc_reader_feed(struct arc_reader *reader, const void *bytes, size_t len, struct mig_error *err)
{
    const uint8_t *from = bytes;
    if (len == 0)
        return true;
    if (!reader->begun) {
        if (!reader->has_first && len == 1) {
            reader->has_first = true;
            reader->first = from[0];
            return true;
        }
        uint8_t first = reader->has_first ? reader->first : from[0];
        uint8_t second = reader->has_first ? from[0] : from[1];
        reader->begun = true;
        if (first == 0x1f && second == 0x8b)
            reader->gunzip = arc_gunzip_new();
        if (reader->has_first && !feed(reader, &first, 1, err))
            return false;
    }
    return feed(reader, from, len, err);
}

bool arc_reader_end(struct arc_reader *reader, struct mig_error *err)
{
    if (reader->gunzip && !arc_gunzip_end(reader->gunzip, err))
        return false;
    if (reader->state != AT_BLOCK || reader->carry.len > 0)
        return mig_fail(err, MIG_ERR_BACKUP, "the archive is cut short: it ends after %lld bytes of content",
                        (long long)reader->at + (long long)reader->carry.len);
    for (size_t i = 0; i < reader->count; i++) {
        if (!reader->list[i].closed)
            return damaged_namespace(reader, err, &reader->list[i],
                                     reader->list[i].opened ? "has no end" : "is missing");
    }
    return true;
}
