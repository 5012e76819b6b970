/* step_shape.h - what may stand in a migration file: one table of shapes.
 *
 * A shape is the list of members an object may have. The parser (step_check.c), the JSON Schema (schema.c) and
 * docs/reference/steps.md all read the same rows, so they cannot disagree. Members of MongoDB's own commands
 * pass by name and type; what is inside them is the server's to judge.
 */
#ifndef MIG_ENGINE_STEP_SHAPE_H
#define MIG_ENGINE_STEP_SHAPE_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/migration.h"

/* What a value may be; several may be or-ed. */
enum mig_value_type {
    MIG_TYPE_TEXT = 1,
    MIG_TYPE_BOOL = 2,
    MIG_TYPE_WHOLE = 4, /* a whole number of any BSON type but Decimal128 */
    MIG_TYPE_OBJECT = 8,
    MIG_TYPE_ARRAY = 16,
    MIG_TYPE_ANY = 32,
};

/* What a text must look like beyond its length. */
enum mig_form {
    MIG_FORM_NONE,
    MIG_FORM_COLLECTION, /* the name of a collection that is neither the server's nor ours */
    MIG_FORM_ID,         /* a step's id */
    MIG_FORM_VERSION,    /* digits */
    MIG_FORM_RULE,       /* MT016 */
    MIG_FORM_SERVER,     /* >=4.4 */
    MIG_FORMS
};

enum {
    MIG_MEMBER_NEEDED = 1,
    MIG_MEMBER_NOT_EMPTY = 2, /* an object with no member is refused */
    MIG_MEMBER_REFUSED = 4,   /* known, and never allowed; doc says why */
};

struct mig_shape;

/* One row a member. low and high bound a whole number, the bytes of a text and the elements of an array;
 * both 0: no bound. */
struct mig_member {
    const char *name;
    unsigned types;
    unsigned flags;
    unsigned elements;  /* types of an array's elements; 0: any */
    enum mig_form form; /* of a text, or of the texts of an array */
    int64_t low, high;
    const char *words; /* "a|b": the only texts */
    const struct mig_shape
        *inner;           /* of an object, or of the objects of an array; NULL: the server's to judge */
    const char *fallback; /* what absence means, for documentation; NULL: nothing */
    const char *doc;
};

struct mig_shape {
    const char *name; /* as messages say it: `unknown member "x" in <name>` */
    const struct mig_member *members;
    size_t count; /* at most 64 */
};

extern const struct mig_shape mig_shape_migration;
extern const struct mig_shape mig_shape_requires;
extern const struct mig_shape mig_shape_irreversible;
extern const struct mig_shape mig_shape_allow;
extern const struct mig_shape mig_shape_check; /* of assert and verify */
extern const struct mig_shape mig_shape_expect;
extern const struct mig_shape mig_shape_comparison; /* of a count: {"$gte": 1} */
extern const struct mig_shape mig_shape_update;     /* a statement of update */
extern const struct mig_shape mig_shape_delete;     /* a statement of delete */
extern const struct mig_shape mig_shape_index;      /* a specification in createIndexes */

/* Members that stand beside a step's kind: id, comment, allow, and the four below. */
extern const struct mig_shape mig_shape_step;

/* Which of them a kind takes. ifExists and ifMissing may also stand inside the kind's own object, where MongoDB's
 * commands would have them. */
enum {
    MIG_TAKES_EXPECT = 1,
    MIG_TAKES_VERIFY = 2,
    MIG_TAKES_IF_EXISTS = 4,
    MIG_TAKES_IF_MISSING = 8,
    MIG_TAKES_ALWAYS = 16, /* id, comment, allow */
    MIG_TAKES_INSIDE = MIG_TAKES_IF_EXISTS | MIG_TAKES_IF_MISSING,
};

/* The bit above for a row of mig_shape_step. */
unsigned mig_shape_takes(const struct mig_member *member);

/* What a kind looks like. */
struct mig_kind_shape {
    struct mig_shape body; /* no members for transaction, whose value is an array of steps */
    unsigned takes;
    bool in_transaction; /* may stand in a transaction */
    const char *example; /* the step's member as JSON; a test parses it */
};
const struct mig_kind_shape *mig_kind_shape(enum mig_step_kind kind);

/* The row of that name, or NULL. */
const struct mig_member *mig_shape_member(const struct mig_shape *shape, const char *name);

/* Does the text look as the form wants it? prefix: of our own collections. */
bool mig_form_fits(enum mig_form form, const char *text, const char *prefix);
/* In words ("a version: 1 to 20 digits"), and as a regular expression of JSON Schema; NULL for MIG_FORM_NONE. */
const char *mig_form_words(enum mig_form form);
const char *mig_form_pattern(enum mig_form form);

#endif
