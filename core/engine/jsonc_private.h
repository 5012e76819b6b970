/* jsonc_private.h - what the files of the migration reader share; nobody else includes it.
 *
 * jsonc.c reads structure, jsonc_lex.c words, strings, numbers and tells errors, jsonc_extended.c the
 * $-types, jsonc_parts.c those that have members, jsonc_places.c remembers positions. The reader writes
 * BSON bytes straight into .out: lengths and type bytes are patched when they are known, and a $-type
 * truncates .out back to where its object began. (bson_append_* would cut code at a NUL and turn code with
 * an empty scope into code without.)
 */
#ifndef MIG_ENGINE_JSONC_PRIVATE_H
#define MIG_ENGINE_JSONC_PRIVATE_H

#include <string.h>

#include "engine/jsonc.h"

/* A key of an object that is still open. */
struct jsonc_key {
    uint32_t at;   /* offset of its opening quote in the text */
    uint32_t name; /* offset of its decoded bytes in .out */
    uint32_t len;
};

struct jsonc_reader {
    const char *file;
    const char *text;
    const char *end;
    const char *p;
    unsigned flags;
    int depth;
    uint8_t *out;
    size_t len;
    size_t room;
    struct jsonc_key *keys; /* of all open objects, the innermost last */
    size_t key_count;
    size_t key_room;
    struct mig_places *places; /* NULL when nobody asked */
    uint32_t parent;           /* place of the container that is being read */
    struct mig_error *err;
};

/* ---- bytes out ---- */

void mig_jsonc_grow(struct jsonc_reader *r, size_t more);

static inline void jsonc_reserve(struct jsonc_reader *r, size_t more)
{
    if (r->room - r->len < more)
        mig_jsonc_grow(r, more);
}

static inline void jsonc_put(struct jsonc_reader *r, const void *bytes, size_t len)
{
    jsonc_reserve(r, len);
    memcpy(r->out + r->len, bytes, len);
    r->len += len;
}

static inline void jsonc_put_byte(struct jsonc_reader *r, uint8_t byte)
{
    jsonc_reserve(r, 1);
    r->out[r->len++] = byte;
}

static inline void jsonc_set32(struct jsonc_reader *r, size_t at, size_t value)
{
    uint32_t little = BSON_UINT32_TO_LE((uint32_t)value);
    memcpy(r->out + at, &little, sizeof little);
}

static inline void jsonc_put32(struct jsonc_reader *r, uint32_t value)
{
    jsonc_reserve(r, 4);
    jsonc_set32(r, r->len, value);
    r->len += 4;
}

static inline void jsonc_put64(struct jsonc_reader *r, uint64_t value)
{
    uint64_t little = BSON_UINT64_TO_LE(value);
    jsonc_put(r, &little, sizeof little);
}

/* ---- words in ---- */

/* Fail at a position in the text; hint may be NULL. Always false. */
MIG_PRINTF(4, 5)
bool mig_jsonc_wrong(struct jsonc_reader *r, const char *at, const char *hint, const char *fmt, ...);

/* Fail because of what stands at r->p. Always false. */
bool mig_jsonc_unexpected(struct jsonc_reader *r, const char *expected, const char *hint);

struct mig_place mig_jsonc_place(const struct jsonc_reader *r, const char *at);

/* The slow half of jsonc_skip: there is white space or a comment, or the text ends. */
bool mig_jsonc_skip_more(struct jsonc_reader *r);

/* Skip white space and comments. */
static inline bool jsonc_skip(struct jsonc_reader *r)
{
    return (r->p<r->end && * r->p> ' ' && *r->p != '/') || mig_jsonc_skip_more(r);
}

static inline bool jsonc_is(const struct jsonc_reader *r, char c)
{
    return r->p < r->end && *r->p == c;
}

/* Read the string whose opening quote is at r->p; its decoded bytes and a NUL are put at the end of .out. */
bool mig_jsonc_string(struct jsonc_reader *r, bool is_key);

/* Skip to a string and read it as mig_jsonc_string does, or fail: who ("$oid") wants a string.
 * *ret_where is its opening quote, *ret_at the offset of its bytes in .out; the length is r->len -
 * *ret_at - 1. */
bool mig_jsonc_want_string(struct jsonc_reader *r, const char *who, const char **ret_where, size_t *ret_at);

/* Skip, and step over one character, or fail. */
bool mig_jsonc_want(struct jsonc_reader *r, char c);

/* After a member or an element: step over a comma, or over the closing bracket and set *ret_done. open: the
 * opening bracket. */
bool mig_jsonc_separator(struct jsonc_reader *r, const char *open, char close, bool *ret_done);

struct jsonc_number {
    bool is_integer;
    int64_t integer;
    double real;
};

enum jsonc_fault {
    JSONC_NUMBER_OK,
    JSONC_NUMBER_SHAPE,
    JSONC_NUMBER_ZEROS,
    JSONC_NUMBER_INTEGER_RANGE,
    JSONC_NUMBER_REAL_RANGE,
};

/* The JSON number at p; *ret_end is behind it. */
enum jsonc_fault mig_jsonc_number(const char *p, const char *end, struct jsonc_number *ret,
                                  const char **ret_end);

/* Fail because of what a number at `at` is like. */
bool mig_jsonc_wrong_number(struct jsonc_reader *r, const char *at, enum jsonc_fault fault);

/* Fail because of a word that is no JSON value (or a sign or a dot). */
bool mig_jsonc_wrong_word(struct jsonc_reader *r);

/* ---- structure ---- */

/* Read an object; *ret_type is BSON_TYPE_DOCUMENT, or another when it is a $-type. */
bool mig_jsonc_object(struct jsonc_reader *r, uint8_t *ret_type);

struct jsonc_type;

/* The $-type with this key, or NULL. */
const struct jsonc_type *mig_jsonc_type(const char *key, size_t len);

/* Read the rest of an object in which the key of a $-type was just read. open: its '{'; start: offset in
 * .out where the object's value begins; first_key: its first key in .keys. */
bool mig_jsonc_extended(struct jsonc_reader *r, const struct jsonc_type *type, const char *open, size_t start,
                        size_t first_key, uint8_t *ret_type);

/* ---- members of a $-type ---- */

enum jsonc_part_kind { JSONC_STRING, JSONC_UINT32, JSONC_OID };

struct jsonc_part {
    const char *name;
    enum jsonc_part_kind kind;
    const char *where; /* the value in the text; NULL until it was read */
    size_t at;         /* JSONC_STRING: offset of its bytes in .out (a NUL follows), and their number */
    size_t len;
    uint32_t number; /* JSONC_UINT32 */
    uint8_t oid[12]; /* JSONC_OID */
};

/* Read {name: value, …} with exactly these parts. who: "$binary"; shape: what it should look like. */
bool mig_jsonc_parts(struct jsonc_reader *r, const char *who, struct jsonc_part *parts, size_t count,
                     const char *shape);

static inline bool jsonc_has_nul(const struct jsonc_reader *r, size_t at, size_t len)
{
    return memchr(r->out + at, '\0', len) != NULL;
}

/* Rows of the table of types. */
bool mig_jsonc_binary(struct jsonc_reader *r, uint8_t *ret_type);
bool mig_jsonc_regex(struct jsonc_reader *r, uint8_t *ret_type);
bool mig_jsonc_timestamp(struct jsonc_reader *r, uint8_t *ret_type);
bool mig_jsonc_dbpointer(struct jsonc_reader *r, uint8_t *ret_type);

/* ---- places ---- */

struct mig_places *mig_places_new(const char *text);

/* Remember where a child of r->parent begins. Places must come in the order of the text. */
uint32_t mig_places_add(struct mig_places *places, uint32_t parent, const char *key, size_t len,
                        const char *at);

#endif
