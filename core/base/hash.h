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

/* True when text is 64 lower-case hex digits. */
bool mig_sha256_valid(const char *text);

#endif
