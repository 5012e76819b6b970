/* writer.h - the pieces of an archive, appended to buffers. Pure; who writes them, and in which order, is the caller's. */
#ifndef MIG_ARCHIVE_WRITER_H
#define MIG_ARCHIVE_WRITER_H

#include <bson/bson.h>
#include <stdint.h>

#include "base/buf.h"

/* The prelude: begin, a namespace each, end. concurrent: how many namespaces may be open at once in the body. */
void arc_prelude_begin(struct mig_buf *out, int concurrent, const char *server_version,
                       const char *tool_version);
/* type: collection, view, timeseries. metadata: canonical Extended JSON, as arc_metadata makes it. */
void arc_prelude_namespace(struct mig_buf *out, const char *db, const char *collection, const char *type,
                           const char *metadata, int64_t size);
void arc_prelude_end(struct mig_buf *out);

/* {"options":…,"indexes":[…],"uuid":"…","collectionName":"…","type":"…"} in canonical Extended JSON; free with bson_free.
 * options: of listCollections; indexes: array as listIndexes answered, or NULL for a view; uuid: 32 hex digits or "". NULL
 * when a name inside is not UTF-8. */
char *arc_metadata(const bson_t *options, const bson_t *indexes, const char *uuid, const char *collection,
                   const char *type);

/* A block: its header, then documents' bytes, then the terminator. */
void arc_block_begin(struct mig_buf *out, const char *db, const char *collection);
void arc_block_end(struct mig_buf *out);

/* The block that ends a namespace. crc: of all its documents. */
void arc_namespace_end(struct mig_buf *out, const char *db, const char *collection, uint64_t crc);

/* CRC-64 (ECMA-182, reflected, as xz uses it), continued from crc; begin with 0. */
uint64_t arc_crc64(const void *bytes, size_t len, uint64_t crc);

#endif
