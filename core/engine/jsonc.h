/* jsonc.h - the reader of migration files: JSON with comments and MongoDB's Extended JSON v2, into BSON.
 *
 * Pure: bytes in, a document or one error out; linear time, at most 90 levels of recursion. Accepted beside
 * JSON (RFC 8259): `//` and block comments, a comma before a closing bracket, a UTF-8 byte order mark; and
 * the types of Extended JSON v2, canonical and relaxed, their keys in any order. Conformance:
 * tests/data/bson_corpus.
 *
 * Stricter than other readers, since what runs must be what was reviewed. Refused: a key twice in one
 * object, integers outside int64, numbers a double cannot hold, text after the document, bytes that are not
 * UTF-8, control characters in strings and comments, NUL in a key, half surrogate pairs, a $-type with a
 * missing or an unknown member or anywhere but alone in its object, more than 90 levels, more than 15 MB.
 *
 * Numbers without a type: an integer is an int32 when it fits and else an int64, all others are doubles. -0
 * is the integer 0; -0.0 is the double. Query and update operators ($regex, $options, $type, $set, …) are
 * keys like any other: only $regularExpression makes a BSON regular expression. Legacy forms ({"$binary":
 * "…", "$type": "00"}, {"$date": 1}, {"$numberLong": 1}) are refused with the form to write.
 */
#ifndef MIG_ENGINE_JSONC_H
#define MIG_ENGINE_JSONC_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define MIG_JSONC_DEPTH_MAX 90
#define MIG_JSONC_BYTES_MAX (15u * 1024 * 1024)

enum {
    MIG_JSONC_ARRAY_OK = 1, /* an array at the top is accepted and becomes {"0": …, "1": …} */
    MIG_JSONC_STRICT = 2,   /* plain JSON: no comments, no comma before a closing bracket */
};

/* 1-based; a column counts characters, and a line ends at '\n'. */
struct mig_place {
    int line;
    int column;
};

/* Where every key and every element of an array stood in the text. */
struct mig_places;

/* Read len bytes of text, which need no NUL at the end; file is what messages call it.
 *
 * ret_doc: initialised on success only; the caller destroys it. ret_is_array (may be NULL): whether an
 * array stood at the top. ret_places (may be NULL, and then costs nothing): the caller frees; NULL on
 * failure. Errors: MIG_ERR_SYNTAX, `FILE:LINE:COLUMN: what is wrong; expected what`, and a hint;
 * MIG_ERR_LIMIT when len is over MIG_JSONC_BYTES_MAX. */
MIG_MUST_CHECK bool mig_jsonc_read(const char *file, const char *text, size_t len, unsigned flags,
                                   bson_t *ret_doc, bool *ret_is_array, struct mig_places **ret_places,
                                   struct mig_error *err);

/* The place of "up.2.batch.filter": of the key for a member of an object, of the value for an element of
 * an array (by its index); "" is the root. Keys that hold dots are found too. False when there is no
 * such path; places may be NULL. Inside a $-type only what is in $scope has places. */
bool mig_places_find(const struct mig_places *places, const char *dotted_path, struct mig_place *ret);

void mig_places_free(struct mig_places *places);

#endif
