/* steps_compare.h - is what is there what a step asks for?
 *
 * Authors write options as MongoDB's manual has them; listCollections and listIndexes answer with defaults
 * filled in, sizes rounded, collations expanded and text keys rewritten. Both sides are compared by what they
 * mean: one row an option in steps_compare.c and steps_index.c. Fields' order counts in keys and pipelines,
 * nowhere else. Pure.
 */
#ifndef MIG_ENGINE_STEPS_COMPARE_H
#define MIG_ENGINE_STEPS_COMPARE_H

#include <bson/bson.h>
#include <stdbool.h>

#include "base/buf.h"

/* Room that `why` should have: one difference, both values cut short. */
#define MIG_WHY_MAX 400

/* The body of a createCollection or createView step against one document of listCollections. why gets the
 * first option that differs, with both values. */
bool mig_same_collection(const bson_t *asked, const bson_t *there, struct mig_buf *why);

/* The body of a collMod step against the collection's document of listCollections and its indexes (array of
 * specs). An option whose effect cannot be seen is not the same, and why says so. */
bool mig_same_modified(const bson_t *asked, const bson_t *there, const bson_t *indexes, struct mig_buf *why);

/* One index specification against one of listIndexes, names aside. options: the collection's, whose collation
 * an index inherits; may be empty. */
bool mig_same_index(const bson_t *asked, const bson_t *there, const bson_t *options, struct mig_buf *why);

/* The specification's name, or the one drivers derive from its key: "a_1_b_-1". */
void mig_index_name(const bson_t *spec, struct mig_buf *out);

/* Find a specification in an array of them; *ret is static. */
bool mig_index_by_name(const bson_t *indexes, const char *name, bson_t *ret);
bool mig_index_by_key(const bson_t *indexes, const bson_t *key, bson_t *ret);
/* which: a name, or a key as a document. */
bool mig_index_find(const bson_t *indexes, const bson_iter_t *which, bson_t *ret);
/* The index that collMod's member `index` is about: its name or keyPattern. */
bool mig_index_modified(const bson_t *indexes, const bson_t *change, bson_t *ret);

/* The option in listCollections that a member of collMod changes; NULL when it changes none. */
const char *mig_modified_option(const char *member);

/* ---- for steps_compare.c and steps_index.c: options by table ---- */

struct mig_option {
    const char *name;
    /* asked and there: NULL when absent, never both. */
    bool (*same)(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row);
    const char *missing;            /* what absence means, for words and numbers */
    const struct mig_option *inner; /* rows of a subdocument, ended by a NULL name */
};

bool mig_option_ignored(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row);
bool mig_option_flag(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row);
bool mig_option_word(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row);
bool mig_option_exact(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row);
bool mig_option_loose(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row);
bool mig_option_if_asked(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row);
bool mig_option_inner(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row);
bool mig_option_collation(const bson_iter_t *asked, const bson_iter_t *there, const struct mig_option *row);

/* Both documents row by row; members without a row must be loosely the same on both sides. */
bool mig_options_same(const bson_t *asked, const bson_t *there, const struct mig_option *rows,
                      struct mig_buf *why);

#endif
