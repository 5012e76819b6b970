/* doc.h - reading and writing BSON documents without ceremony (libbson underneath).
 *
 * Paths are dotted ("cursor.firstBatch"). Getters never fail: what is absent or of another type gives the
 * default, so that a hostile or odd reply can never be worse than an empty one; a string with a NUL inside
 * counts as absent. Pointers returned live as long as the document.
 */
#ifndef MIG_BASE_DOC_H
#define MIG_BASE_DOC_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Every element of every level can be read to its end, and none is deeper than 200. What came over a wire is checked
 * once with it: iterators stop at damage as they stop at an end, and what they then don't see would pass for absent. */
bool mig_doc_is_sound(const bson_t *doc);

bool mig_doc_find(const bson_t *doc, const char *path, bson_iter_t *ret);
bool mig_doc_has(const bson_t *doc, const char *path);
const char *mig_doc_str(const bson_t *doc, const char *path, const char *missing);
int64_t mig_doc_int(const bson_t *doc, const char *path, int64_t missing);  /* int32, int64, whole double */
bool mig_doc_bool(const bson_t *doc, const char *path, bool missing);       /* also numbers, as servers do */
int64_t mig_doc_time(const bson_t *doc, const char *path, int64_t missing); /* milliseconds */

/* Look into a subdocument or array without copying; *ret is static and needs no destroy. */
bool mig_doc_sub(const bson_t *doc, const char *path, bson_t *ret);
bool mig_iter_sub(const bson_iter_t *iter, bson_t *ret);

/* Any number the iterator stands on, as int64 (doubles rounded toward zero and clamped); missing when
 * not a number. */
int64_t mig_iter_int(const bson_iter_t *iter, int64_t missing);

/* Same bytes, same order. */
bool mig_doc_equal(const bson_t *a, const bson_t *b);

/* Equal as MongoDB compares option values: numbers by value across types (exactly, also double against
 * Decimal128; NaN equals NaN, -0 equals 0), documents with the same fields in the same order, arrays by
 * element. */
bool mig_value_equal(const bson_iter_t *a, const bson_iter_t *b);

/* Relaxed Extended JSON on one line for people (not for digests), safe for a terminal, at most max bytes,
 * then "…". */
void mig_doc_print(struct mig_buf *out, const bson_t *doc, size_t max);

/* Canonical Extended JSON in a fresh string; free with bson_free. NULL when a string inside is not UTF-8. */
char *mig_doc_canonical(const bson_t *doc);

/* Append the text, unless it is NULL or "". */
void mig_doc_append_if(bson_t *doc, const char *key, const char *text);

/* Append {"$literal": text}: a value that an update pipeline must not read as a field path. */
void mig_doc_append_literal(bson_t *doc, const char *key, const char *text);

#endif
