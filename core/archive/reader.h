/* reader.h - an archive checked and taken apart as its bytes come: mongodump's or ours, plain or gzip.
 *
 * Feed it bytes in pieces of any size; it calls the sink for what it finds, in the order of the archive, and refuses the first
 * byte that does not belong. Memory: the prelude (at most ARC_PRELUDE_MAX bytes of metadata), one document, 64 KB. Nothing is believed before reader_end has said yes:
 * what the sink was given earlier may belong to a damaged archive, and the CRC of a namespace is known only at its end.
 */
#ifndef MIG_ARCHIVE_READER_H
#define MIG_ARCHIVE_READER_H

#include <bson/bson.h>
#include <stdint.h>

#include "base/err.h"

/* One namespace of the prelude. Strings are as the archive has them: hostile. */
struct arc_namespace {
    char *db;
    char *collection;
    char *
        data; /* the collection its blocks are named after; differs for a time series of a server before 8.3 */
    char *type;        /* collection, view, timeseries; "" in archives of old tools */
    char *metadata;    /* JSON text */
    int64_t size;      /* as the prelude claims */
    bool measurements; /* its blocks hold what the time series shows, not its buckets */
    bool opened, closed;
    uint64_t crc;
    int64_t documents, bytes; /* read so far */
};

struct arc_header {
    int concurrent;
    char version[16], server_version[32], tool_version[64];
};

/* What is called for what is found; any may be NULL. False stops: *err must be filled. */
struct arc_sink {
    void *ctx;
    bool (*prelude)(void *ctx, const struct arc_header *header, struct arc_namespace *list, size_t count,
                    struct mig_error *err);
    /* One document of list[index]; its length is right, what is inside was not looked at. */
    bool (*document)(void *ctx, size_t index, const uint8_t *bytes, uint32_t len, struct mig_error *err);
    /* The document that was just given was a large one, and its bytes are let go: the moment for what takes memory itself. */
    bool (*rest)(void *ctx, struct mig_error *err);
    /* list[index] ended, and its CRC agrees. */
    bool (*closed)(void *ctx, size_t index, struct mig_error *err);
};

struct arc_reader;
struct arc_reader *arc_reader_new(const struct arc_sink *sink); /* the sink is copied */
void arc_reader_free(struct arc_reader *reader);

/* False: *err is MIG_ERR_BACKUP with the byte at which the archive is damaged, or the sink's. Then only free may follow. */
bool arc_reader_feed(struct arc_reader *reader, const void *bytes, size_t len, struct mig_error *err)
    MIG_MUST_CHECK;

/* There are no more bytes. True: the archive is whole; every namespace of its prelude ended, each with the right CRC. */
bool arc_reader_end(struct arc_reader *reader, struct mig_error *err) MIG_MUST_CHECK;

/* The prelude's namespaces with what was read of each; valid until free. */
const struct arc_namespace *arc_reader_namespaces(const struct arc_reader *reader, size_t *ret_count);

#endif
