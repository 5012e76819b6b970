/* hash.h - SHA-256 (libsodium) and hexadecimal text. */
#ifndef MIG_BASE_HASH_H
#define MIG_BASE_HASH_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIG_SHA256_BYTES 32
#define MIG_SHA256_HEX   65 /* with NUL */

/* Lower-case hex of the SHA-256 of the bytes, as `sha256sum` prints it. */
void mig_sha256_hex(const void *bytes, size_t len, char ret[static MIG_SHA256_HEX]);

/* The digest of a document's BSON bytes. */
void mig_sha256_bson(const bson_t *doc, char ret[static MIG_SHA256_HEX]);

/* Fill row, which is empty, with element number i of a list. */
typedef void (*mig_hash_row_fn)(size_t i, bson_t *row, const void *context);

/* The digest of a BSON array of count arrays, without ever having it whole: ten thousand rows would be megabytes. */
void mig_sha256_rows(size_t count, mig_hash_row_fn row, const void *context, char ret[static MIG_SHA256_HEX]);

/* The same with that array as the member `name` of a document, behind the members of `before` and ahead of those of
 * `after`. */
void mig_sha256_rows_in(const bson_t *before, const char *name, size_t count, mig_hash_row_fn row,
                        const void *context, const bson_t *after, char ret[static MIG_SHA256_HEX]);

/* The same over bytes that come in pieces: new, add, then end, which gives the digest and frees. */
struct mig_sha256;
struct mig_sha256 *mig_sha256_new(void);
void mig_sha256_add(struct mig_sha256 *sha, const void *bytes, size_t len);
void mig_sha256_end(struct mig_sha256 *sha, char ret[static MIG_SHA256_HEX]);

/* True when text is 64 lower-case hex digits. */
bool mig_sha256_valid(const char *text);

#endif
