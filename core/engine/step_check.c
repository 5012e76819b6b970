/* step_check.c - does a document fit a shape? Every fault is told with the path of the member and what to do. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/step_parse.h"

#define SHOWN_CHARS 40
#define NAMES_MAX   96
#define PATH_MAX_   4096

/* ---- faults ---- */

static void append_path(struct mig_buf *out, const struct mig_at *at)
{
    if (!at)
        return;
    append_path(out, at->up);
    if (out->len)
        mig_buf_char(out, '.');
    mig_buf_str(out, at->key);
}

static char *path_of(const struct mig_at *at)
{
    MIG_AUTOBUF struct mig_buf path;
    mig_buf_init(&path, PATH_MAX_);
    append_path(&path, at);
    return mig_buf_detach(&path);
}

bool mig_fault(struct mig_reading *r, const struct mig_at *at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    mig_failv(r->err, MIG_ERR_MIGRATION, fmt, args);
    va_end(args);
    if (r->section && r->id)
        mig_context(r->err, "%s[%u] \"%s\"", r->section, r->index, r->id);
    else if (r->section)
        mig_context(r->err, "%s[%u]", r->section, r->index);
    free(r->path);
    r->path = path_of(at);
    return false;
}

bool mig_fault_unknown(struct mig_reading *r, const struct mig_at *at, const char *what, const char *name,
                       const char *in, const char *const *names)
{
    MIG_AUTOFREE char *shown = mig_text_safe_dup(name, SHOWN_CHARS);
    const char *nearest = mig_text_nearest(name, names);
    MIG_AUTOBUF struct mig_buf all;
    mig_buf_init(&all, MIG_ERROR_HINT_MAX);
    for (size_t i = 0; names[i]; i++)
        mig_buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
    if (nearest)
        mig_fault(r, at, "unknown %s \"%s\"%s%s; did you mean \"%s\"?", what, shown, *in ? " in " : "", in,
                  nearest);
    else
        mig_fault(r, at, "unknown %s \"%s\"%s%s", what, shown, *in ? " in " : "", in);
    if (nearest)
        return mig_hint(r->err, "write \"%s\", or take it out", nearest);
    return mig_hint(r->err, "known here: %s", all.text);
}

static bool unknown_member(struct mig_reading *r, const struct mig_at *at, const struct mig_shape *shape,
                           unsigned takes)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < shape->count && count < NAMES_MAX - 1; i++) {
        if (!(shape->members[i].flags & MIG_MEMBER_REFUSED))
            names[count++] = shape->members[i].name;
    }
    for (size_t i = 0; i < mig_shape_step.count && count < NAMES_MAX - 1; i++) {
        if (takes & mig_shape_takes(&mig_shape_step.members[i]))
            names[count++] = mig_shape_step.members[i].name;
    }
    names[count] = NULL;
    return mig_fault_unknown(r, at, "member", at->key, shape->name, names);
}

/* ---- types ---- */

static bool is_whole(const bson_iter_t *value)
{
    if (BSON_ITER_HOLDS_INT32(value) || BSON_ITER_HOLDS_INT64(value))
        return true;
    if (!BSON_ITER_HOLDS_DOUBLE(value))
        return false;
    double d = bson_iter_double(value);
    return isfinite(d) && d == trunc(d);
}

static unsigned type_of(const bson_iter_t *value)
{
    switch (bson_iter_type(value)) {
    case BSON_TYPE_UTF8: return MIG_TYPE_TEXT | MIG_TYPE_ANY;
    case BSON_TYPE_BOOL: return MIG_TYPE_BOOL | MIG_TYPE_ANY;
    case BSON_TYPE_DOCUMENT: return MIG_TYPE_OBJECT | MIG_TYPE_ANY;
    case BSON_TYPE_ARRAY: return MIG_TYPE_ARRAY | MIG_TYPE_ANY;
    default: return is_whole(value) ? MIG_TYPE_WHOLE | MIG_TYPE_ANY : MIG_TYPE_ANY;
    }
}

static const char *found(const bson_iter_t *value)
{
    switch (bson_iter_type(value)) {
    case BSON_TYPE_UTF8: return "a text";
    case BSON_TYPE_BOOL: return "true or false";
    case BSON_TYPE_DOCUMENT: return "an object";
    case BSON_TYPE_ARRAY: return "an array";
    case BSON_TYPE_NULL: return "null";
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
    case BSON_TYPE_DECIMAL128:
    case BSON_TYPE_DOUBLE: return "a number";
    default: return "a value of another type";
    }
}

/* "a text or an array" */
static void append_types(struct mig_buf *out, unsigned types)
{
    static const struct {
        unsigned type;
        const char *words;
    } rows[] = {
        { MIG_TYPE_TEXT, "a text" },          { MIG_TYPE_BOOL, "true or false" },
        { MIG_TYPE_WHOLE, "a whole number" }, { MIG_TYPE_OBJECT, "an object" },
        { MIG_TYPE_ARRAY, "an array" },
    };
    const char *join = "";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (types & rows[i].type) {
            mig_buf_printf(out, "%s%s", join, rows[i].words);
            join = " or ";
        }
    }
}

static bool wrong_type(struct mig_reading *r, const struct mig_at *at, const struct mig_member *member,
                       const bson_iter_t *value, unsigned types, const char *what)
{
    MIG_AUTOBUF struct mig_buf expected;
    mig_buf_init(&expected, 200);
    append_types(&expected, types);
    mig_fault(r, at, "%s%s is %s; expected %s", what, member->name, found(value), expected.text);
    return mig_hint(r->err, "%s: %s", member->name, member->doc);
}

/* ---- texts and numbers ---- */

static bool is_word(const char *text, const char *words)
{
    size_t len = strlen(text);
    for (const char *p = words; *p; p += strcspn(p, "|"), p += *p == '|') {
        if (strcspn(p, "|") == len && strncmp(p, text, len) == 0)
            return true;
    }
    return false;
}

static bool wrong_word(struct mig_reading *r, const struct mig_at *at, const struct mig_member *member,
                       const char *text)
{
    MIG_AUTOFREE char *shown = mig_text_safe_dup(text, SHOWN_CHARS);
    MIG_AUTOBUF struct mig_buf words;
    mig_buf_init(&words, 200);
    for (const char *p = member->words; *p; p++) {
        if (*p == '|')
            mig_buf_str(&words, strchr(p + 1, '|') ? ", " : " or ");
        else
            mig_buf_char(&words, *p);
    }
    mig_fault(r, at, "%s is \"%s\"; expected %s", member->name, shown, words.text);
    return mig_hint(r->err, "%s: %s", member->name, member->doc);
}

static bool text_fits(struct mig_reading *r, const struct mig_at *at, const struct mig_member *member,
                      const bson_iter_t *value)
{
    uint32_t len;
    const char *text = bson_iter_utf8(value, &len);
    if (strlen(text) != len) {
        mig_fault(r, at, "%s holds a NUL", member->name);
        return mig_hint(r->err, "take \\u0000 out");
    }
    if (member->words)
        return is_word(text, member->words) || wrong_word(r, at, member, text);
    if (!mig_form_fits(member->form, text, r->prefix)) {
        MIG_AUTOFREE char *shown = mig_text_safe_dup(text, SHOWN_CHARS);
        bool own = member->form == MIG_FORM_COLLECTION && *r->prefix &&
                   strncmp(text, r->prefix, strlen(r->prefix)) == 0;
        mig_fault(r, at, "%s is \"%s\"; expected %s", member->name, shown,
                  own ? "a collection that is not migtui's own" : mig_form_words(member->form));
        return own ? mig_hint(r->err, "collections that begin with \"%s\" hold history, lock and approvals",
                              r->prefix)
                   : mig_hint(r->err, "%s: %s", member->name, member->doc);
    }
    if (member->high && (len < member->low || len > member->high)) {
        mig_fault(r, at, "%s has %u bytes; expected %lld to %lld", member->name, len, (long long)member->low,
                  (long long)member->high);
        return mig_hint(r->err, "%s: %s", member->name, member->doc);
    }
    return true;
}

static bool number_fits(struct mig_reading *r, const struct mig_at *at, const struct mig_member *member,
                        const bson_iter_t *value)
{
    int64_t number = mig_iter_int(value, -1);
    if (!member->high || (number >= member->low && number <= member->high))
        return true;
    if (member->high == INT64_MAX)
        mig_fault(r, at, "%s is %lld; expected at least %lld", member->name, (long long)number,
                  (long long)member->low);
    else
        mig_fault(r, at, "%s is %lld; expected %lld to %lld", member->name, (long long)number,
                  (long long)member->low, (long long)member->high);
    return mig_hint(r->err, "%s: %s", member->name, member->doc);
}

/* ---- arrays, objects, members ---- */

static bool element_fits(struct mig_reading *r, const struct mig_at *at, const struct mig_member *member,
                         const bson_iter_t *value)
{
    unsigned type = type_of(value);
    bson_t inner;
    if (member->elements && !(type & member->elements))
        return wrong_type(r, at, member, value, member->elements, "an element of ");
    if ((type & MIG_TYPE_TEXT) && (member->elements & MIG_TYPE_TEXT)) {
        struct mig_member row = { .name = member->name, .form = member->form, .doc = member->doc };
        return text_fits(r, at, &row, value);
    }
    if (!(type & MIG_TYPE_OBJECT) || !member->inner || (member->types & MIG_TYPE_OBJECT))
        return true; /* where an object may stand too, the inner shape is the object's */
    return mig_iter_sub(value, &inner) && mig_shape_fits(r, member->inner, 0, &inner, at);
}

static bool array_fits(struct mig_reading *r, const struct mig_at *at, const struct mig_member *member,
                       const bson_iter_t *value)
{
    bson_iter_t element;
    int64_t count = 0;
    if (!bson_iter_recurse(value, &element))
        return mig_fault(r, at, "%s cannot be read", member->name);
    for (; bson_iter_next(&element); count++) {
        struct mig_at here = { at, bson_iter_key(&element) };
        if (!element_fits(r, &here, member, &element))
            return false;
    }
    if (!member->high || (count >= member->low && count <= member->high))
        return true;
    mig_fault(r, at, "%s has %lld elements; expected %lld to %lld", member->name, (long long)count,
              (long long)member->low, (long long)member->high);
    return mig_hint(r->err, "%s: %s", member->name, member->doc);
}

static bool object_fits(struct mig_reading *r, const struct mig_at *at, const struct mig_member *member,
                        const bson_iter_t *value)
{
    bson_t inner;
    if (!mig_iter_sub(value, &inner))
        return mig_fault(r, at, "%s cannot be read", member->name);
    if ((member->flags & MIG_MEMBER_NOT_EMPTY) && bson_empty(&inner)) {
        mig_fault(r, at, "%s is empty", member->name);
        return mig_hint(r->err, "%s: %s", member->name, member->doc);
    }
    return !member->inner || mig_shape_fits(r, member->inner, 0, &inner, at);
}

bool mig_member_fits(struct mig_reading *r, const struct mig_shape *shape, const struct mig_member *member,
                     const bson_iter_t *value, const struct mig_at *at)
{
    unsigned type = type_of(value);
    if (member->flags & MIG_MEMBER_REFUSED) {
        mig_fault(r, at, "%s has no place in %s: %s", member->name, shape->name, member->doc);
        return mig_hint(r->err, "take it out");
    }
    if (!(type & member->types))
        return wrong_type(r, at, member, value, member->types, "");
    if (type & MIG_TYPE_TEXT)
        return text_fits(r, at, member, value);
    if (type & MIG_TYPE_WHOLE)
        return number_fits(r, at, member, value);
    if (type & MIG_TYPE_ARRAY)
        return array_fits(r, at, member, value);
    return !(type & MIG_TYPE_OBJECT) || object_fits(r, at, member, value);
}

static bool has_needed(struct mig_reading *r, const struct mig_shape *shape, uint64_t seen,
                       const struct mig_at *at)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct mig_member *member = &shape->members[i];
        if ((member->flags & MIG_MEMBER_NEEDED) && !(seen & UINT64_C(1) << i)) {
            mig_fault(r, at, "%s has no \"%s\"", shape->name, member->name);
            return mig_hint(r->err, "add \"%s\": %s", member->name, member->doc);
        }
    }
    return true;
}

bool mig_shape_fits(struct mig_reading *r, const struct mig_shape *shape, unsigned takes, const bson_t *doc,
                    const struct mig_at *at)
{
    bson_iter_t value;
    uint64_t seen = 0;
    if (!bson_iter_init(&value, doc))
        return mig_fault(r, at, "%s cannot be read", shape->name);
    while (bson_iter_next(&value)) {
        const char *name = bson_iter_key(&value);
        struct mig_at here = { at, name };
        const struct mig_member *member = mig_shape_member(shape, name);
        const struct mig_member *common = !member && takes ? mig_shape_member(&mig_shape_step, name) : NULL;
        if (member)
            seen |= UINT64_C(1) << (member - shape->members);
        else if (common && (takes & mig_shape_takes(common)))
            member = common;
        else
            return unknown_member(r, &here, shape, takes);
        if (!mig_member_fits(r, shape, member, &value, &here))
            return false;
    }
    return has_needed(r, shape, seen, at);
}
