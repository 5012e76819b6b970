/* format.h - mongodump's archive format: constants and limits.
 *
 * Little endian. Magic, then the prelude: a header document, a document a namespace, a terminator. Then blocks: a header
 * document {db, collection, EOF, CRC}, documents as they are, a terminator; blocks of several namespaces may be interleaved.
 * A namespace ends with a block that has EOF true, no documents, and the CRC-64 of all its documents' bytes. Layout after
 * mongo-tools' common/archive; docs/reference/backups.md tells it byte by byte.
 */
#ifndef MIG_ARCHIVE_FORMAT_H
#define MIG_ARCHIVE_FORMAT_H

#include <stdint.h>

#define ARC_MAGIC      0x8199e26dU
#define ARC_TERMINATOR 0xffffffffU
#define ARC_VERSION    "0.1"
#define ARC_BUCKETS    "system.buckets." /* where servers before 8.3 keep the data of a time series */

/* A server's own documents may exceed 16 MB by what is around a user's. */
#define ARC_DOCUMENT_MAX   (16 * 1024 * 1024 + 16 * 1024)
#define ARC_DOCUMENT_MIN   5
#define ARC_NAME_MAX       256
#define ARC_NAMESPACES_MAX 100000
#define ARC_PRELUDE_MAX    (64 * 1024 * 1024) /* of metadata: it is in memory as a whole */

#endif
