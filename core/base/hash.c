/* hash.c - SHA-256 by libsodium. */
#include "base/hash.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

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

/* ---- lists row by row ---- */

#define BSON_ARRAY_TYPE 4

struct rows {
    size_t count;
    mig_hash_row_fn row;
    const void *context;
};

/* Each row as an element of the array: type, key, NUL, value. state NULL: only measure. Returns the bytes. */
static size_t walk_rows(const struct rows *rows, crypto_hash_sha256_state *state)
{
    static const unsigned char type = BSON_ARRAY_TYPE;
    size_t bytes = 0;
    bson_t value = BSON_INITIALIZER;
    for (size_t i = 0; i < rows->count; i++) {
        char room[16];
        const char *key;
        size_t key_len = bson_uint32_to_string((uint32_t)i, &key, room, sizeof room);
        bson_reinit(&value);
        rows->row(i, &value, rows->context);
        bytes += 1 + key_len + 1 + value.len;
        if (state) {
            crypto_hash_sha256_update(state, &type, 1);
            crypto_hash_sha256_update(state, (const unsigned char *)key, key_len + 1);
            crypto_hash_sha256_update(state, bson_get_data(&value), value.len);
        }
    }
    bson_destroy(&value);
    return bytes;
}

static void add_length(crypto_hash_sha256_state *state, size_t length)
{
    unsigned char bytes[4];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(length >> (8 * i));
    crypto_hash_sha256_update(state, bytes, sizeof bytes);
}

/* A document's elements, without its length and its last NUL. */
static void add_elements(crypto_hash_sha256_state *state, const bson_t *doc)
{
    crypto_hash_sha256_update(state, bson_get_data(doc) + 4, doc->len - 5);
}

static void add_list(crypto_hash_sha256_state *state, const struct rows *rows, size_t length)
{
    static const unsigned char end;
    add_length(state, length);
    walk_rows(rows, state);
    crypto_hash_sha256_update(state, &end, 1);
}

static void finish(crypto_hash_sha256_state *state, char ret[static MIG_SHA256_HEX])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(state, digest);
    sodium_bin2hex(ret, MIG_SHA256_HEX, digest, sizeof digest);
}

void mig_sha256_rows(size_t count, mig_hash_row_fn row, const void *context, char ret[static MIG_SHA256_HEX])
{
    struct rows rows = { count, row, context };
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    add_list(&state, &rows, 4 + walk_rows(&rows, NULL) + 1);
    finish(&state, ret);
}

void mig_sha256_rows_in(const bson_t *before, const char *name, size_t count, mig_hash_row_fn row,
                        const void *context, const bson_t *after, char ret[static MIG_SHA256_HEX])
{
    static const unsigned char type = BSON_ARRAY_TYPE;
    static const unsigned char end;
    struct rows rows = { count, row, context };
    size_t list = 4 + walk_rows(&rows, NULL) + 1;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    add_length(&state, 4 + (before->len - 5) + 1 + strlen(name) + 1 + list + (after->len - 5) + 1);
    add_elements(&state, before);
    crypto_hash_sha256_update(&state, &type, 1);
    crypto_hash_sha256_update(&state, (const unsigned char *)name, strlen(name) + 1);
    add_list(&state, &rows, list);
    add_elements(&state, after);
    crypto_hash_sha256_update(&state, &end, 1);
    finish(&state, ret);
}

struct mig_sha256 {
    crypto_hash_sha256_state state;
};

struct mig_sha256 *mig_sha256_new(void)
{
    struct mig_sha256 *sha = mig_alloc(sizeof *sha);
    crypto_hash_sha256_init(&sha->state);
    return sha;
}

void mig_sha256_add(struct mig_sha256 *sha, const void *bytes, size_t len)
{
    crypto_hash_sha256_update(&sha->state, bytes, len);
}

void mig_sha256_end(struct mig_sha256 *sha, char ret[static MIG_SHA256_HEX])
{
    finish(&sha->state, ret);
    free(sha);
}

bool mig_sha256_valid(const char *text)
{
    return strlen(text) == MIG_SHA256_HEX - 1 && strspn(text, "0123456789abcdef") == MIG_SHA256_HEX - 1;
}
