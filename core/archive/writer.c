/* writer.c - the format put together, field by field in mongodump's order. */
#include "archive/writer.h"

#include <lzma.h>
#include <string.h>

#include "archive/format.h"
#include "base/cleanup.h"

static void add_u32(struct mig_buf *out, uint32_t value)
{
    uint32_t little = BSON_UINT32_TO_LE(value);
    mig_buf_add(out, (const char *)&little, sizeof little);
}

static void add_document(struct mig_buf *out, const bson_t *doc)
{
    mig_buf_add(out, (const char *)bson_get_data(doc), doc->len);
}

uint64_t arc_crc64(const void *bytes, size_t len, uint64_t crc)
{
    return lzma_crc64(bytes, len, crc);
}

void arc_prelude_begin(struct mig_buf *out, int concurrent, const char *server_version,
                       const char *tool_version)
{
    MIG_AUTODOC bson_t header = BSON_INITIALIZER;
    BSON_APPEND_INT32(&header, "concurrent_collections", concurrent);
    BSON_APPEND_UTF8(&header, "version", ARC_VERSION);
    BSON_APPEND_UTF8(&header, "server_version", server_version);
    BSON_APPEND_UTF8(&header, "tool_version", tool_version);
    add_u32(out, ARC_MAGIC);
    add_document(out, &header);
}

void arc_prelude_namespace(struct mig_buf *out, const char *db, const char *collection, const char *type,
                           const char *metadata, int64_t size)
{
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "db", db);
    BSON_APPEND_UTF8(&doc, "collection", collection);
    BSON_APPEND_UTF8(&doc, "metadata", metadata);
    if (size >= INT32_MIN && size <= INT32_MAX)
        BSON_APPEND_INT32(&doc, "size", (int32_t)size);
    else
        BSON_APPEND_INT64(&doc, "size", size);
    BSON_APPEND_UTF8(&doc, "type", type);
    add_document(out, &doc);
}

void arc_prelude_end(struct mig_buf *out)
{
    add_u32(out, ARC_TERMINATOR);
}

static void append_indexes(bson_t *doc, const bson_t *indexes)
{
    bson_t list;
    bson_iter_t each;
    bool more = indexes && bson_iter_init(&each, indexes);
    uint32_t count = 0;
    BSON_APPEND_ARRAY_BEGIN(doc, "indexes", &list);
    while (more && bson_iter_next(&each)) {
        const uint8_t *data;
        uint32_t len;
        bson_t from, to;
        char buffer[16];
        const char *key;
        if (!BSON_ITER_HOLDS_DOCUMENT(&each))
            continue;
        bson_iter_document(&each, &len, &data);
        if (!bson_init_static(&from, data, len))
            continue;
        size_t key_len = bson_uint32_to_string(count++, &key, buffer, sizeof buffer);
        bson_append_document_begin(&list, key, (int)key_len, &to);
        bson_copy_to_excluding_noinit(&from, &to, "ns", (char *)NULL);
        bson_append_document_end(&list, &to);
    }
    bson_append_array_end(doc, &list);
}

char *arc_metadata(const bson_t *options, const bson_t *indexes, const char *uuid, const char *collection,
                   const char *type)
{
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_DOCUMENT(&doc, "options", options);
    append_indexes(&doc, indexes);
    if (uuid && *uuid)
        BSON_APPEND_UTF8(&doc, "uuid", uuid);
    BSON_APPEND_UTF8(&doc, "collectionName", collection);
    BSON_APPEND_UTF8(&doc, "type", type);
    return bson_as_canonical_extended_json(&doc, NULL);
}

static void add_header(struct mig_buf *out, const char *db, const char *collection, bool end, uint64_t crc)
{
    MIG_AUTODOC bson_t header = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&header, "db", db);
    BSON_APPEND_UTF8(&header, "collection", collection);
    BSON_APPEND_BOOL(&header, "EOF", end);
    BSON_APPEND_INT64(&header, "CRC", (int64_t)crc);
    add_document(out, &header);
}

void arc_block_begin(struct mig_buf *out, const char *db, const char *collection)
{
    add_header(out, db, collection, false, 0);
}

void arc_block_end(struct mig_buf *out)
{
    add_u32(out, ARC_TERMINATOR);
}

void arc_namespace_end(struct mig_buf *out, const char *db, const char *collection, uint64_t crc)
{
    add_header(out, db, collection, true, crc);
    add_u32(out, ARC_TERMINATOR);
}
