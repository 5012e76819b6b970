/* hash.c - SHA-256 by libsodium. */
#include "base/hash.h"

#include <sodium.h>
#include <string.h>

void mig_sha256_hex(const void *bytes, size_t len, char ret[static MIG_SHA256_HEX])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, bytes, len);
    sodium_bin2hex(ret, MIG_SHA256_HEX, digest, sizeof digest);
}

void mig_sha256_bson(const bson_t *doc, char ret[static MIG_SHA256_HEX])
{
    mig_sha256_hex(bson_get_data(doc), doc->len, ret);
}

bool mig_sha256_valid(const char *text)
{
    return strlen(text) == MIG_SHA256_HEX - 1 && strspn(text, "0123456789abcdef") == MIG_SHA256_HEX - 1;
}
