/* gzip.h - gzip without files: a member at a time out, a stream of members in.
 *
 * RFC 1952 lets members follow each other, and every reader takes that for one stream; so blocks can be compressed on
 * several threads, each into a member of its own.
 */
#ifndef MIG_ARCHIVE_GZIP_H
#define MIG_ARCHIVE_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Compresses again and again with the same memory (300 KB). One thread at a time. */
struct arc_gzip;
struct arc_gzip *arc_gzip_new(int level);  /* 1 (fast) to 9 (small) */
void arc_gzip_free(struct arc_gzip *gzip); /* NULL is fine */

/* Append one whole member holding the bytes. False: out is full. */
bool arc_gzip_member(struct arc_gzip *gzip, const void *bytes, size_t len, struct mig_buf *out)
    MIG_MUST_CHECK;

/* Undo a stream: what comes out is handed on in pieces of at most 64 KB. */
struct arc_gunzip;
typedef bool (*arc_bytes_fn)(const uint8_t *bytes, size_t len, void *ctx, struct mig_error *err);
struct arc_gunzip *arc_gunzip_new(void);
void arc_gunzip_free(struct arc_gunzip *gunzip);

/* False: *err is each's, or MIG_ERR_BACKUP: the stream is damaged at a byte. */
bool arc_gunzip_feed(struct arc_gunzip *gunzip, const void *bytes, size_t len, arc_bytes_fn each, void *ctx,
                     struct mig_error *err) MIG_MUST_CHECK;

/* The stream is over: false when it stops within a member. */
bool arc_gunzip_end(struct arc_gunzip *gunzip, struct mig_error *err) MIG_MUST_CHECK;

#endif
