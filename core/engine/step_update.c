/* step_update.c - what a second run of an update would do: does its filter leave out what is done, and does it
 * change a document that it changed before?
 *
 * Both are answered from the text alone, on the safe side: an update that cannot be judged counts as one that
 * repeats, and its author may waive the rule with a reason. (Lint rules MT016 and MT018.)
 */
#include <stdio.h>
#include <string.h>

#include "base/doc.h"
#include "base/rows.h"
#include "engine/step_parse.h"

#define DEPTH_MAX 100

static bool holds_members(const bson_iter_t *value)
{
    return BSON_ITER_HOLDS_DOCUMENT(value) || BSON_ITER_HOLDS_ARRAY(value);
}

static bool is(const char *name, const char *const *names)
{
    for (; *names; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

/* "a.b" and "a.c" are of one field. */
static bool same_field(const char *a, const char *b)
{
    size_t len = strcspn(a, ".");
    return strcspn(b, ".") == len && strncmp(a, b, len) == 0;
}

/* One lies within the other: "a" and "a.b", or they are equal. */
static bool overlaps(const char *a, const char *b)
{
    size_t i = 0;
    while (a[i] && a[i] == b[i])
        i++;
    return (!a[i] && (!b[i] || b[i] == '.')) || (!b[i] && a[i] == '.');
}

static const char *const sets[] = { "$set", "$addFields", NULL };
static const char *const replaces[] = { "$replaceWith", "$replaceRoot", "$project", NULL };

/* ---- does the update touch a field? ---- */

static bool unset_touches(const bson_iter_t *value, const char *field)
{
    bson_iter_t element;
    if (BSON_ITER_HOLDS_UTF8(value))
        return same_field(bson_iter_utf8(value, NULL), field);
    if (!BSON_ITER_HOLDS_ARRAY(value) || !bson_iter_recurse(value, &element))
        return false;
    while (bson_iter_next(&element)) {
        if (BSON_ITER_HOLDS_UTF8(&element) && same_field(bson_iter_utf8(&element, NULL), field))
            return true;
    }
    return false;
}

/* A stage of a pipeline, or an operator: {field: …}. */
static bool stage_touches(const bson_iter_t *stage, const char *field)
{
    bson_iter_t member;
    if (is(bson_iter_key(stage), replaces))
        return true;
    if (!BSON_ITER_HOLDS_DOCUMENT(stage))
        return unset_touches(stage, field);
    if (!bson_iter_recurse(stage, &member))
        return false;
    while (bson_iter_next(&member)) {
        if (same_field(bson_iter_key(&member), field))
            return true;
        if (strcmp(bson_iter_key(stage), "$rename") == 0 && BSON_ITER_HOLDS_UTF8(&member) &&
            same_field(bson_iter_utf8(&member, NULL), field))
            return true;
    }
    return false;
}

static bool update_touches(const bson_iter_t *update, const char *field)
{
    bson_iter_t outer, stage;
    if (!bson_iter_recurse(update, &outer))
        return false;
    while (bson_iter_next(&outer)) {
        if (BSON_ITER_HOLDS_DOCUMENT(update)) {
            if (stage_touches(&outer, field))
                return true;
            continue;
        }
        if (!BSON_ITER_HOLDS_DOCUMENT(&outer) || !bson_iter_recurse(&outer, &stage))
            continue;
        while (bson_iter_next(&stage)) {
            if (stage_touches(&stage, field))
                return true;
        }
    }
    return false;
}

/* ---- which fields does the filter look at? ---- */

/* The field a text of an expression refers to ("$a.b", "$$ROOT.a"), or NULL. */
static const char *reference(const bson_iter_t *value)
{
    static const char *const roots[] = { "$$ROOT.", "$$CURRENT." };
    if (!BSON_ITER_HOLDS_UTF8(value))
        return NULL;
    const char *text = bson_iter_utf8(value, NULL);
    for (size_t i = 0; i < MIG_COUNT(roots); i++) {
        if (strncmp(text, roots[i], strlen(roots[i])) == 0)
            return text + strlen(roots[i]);
    }
    return text[0] == '$' && text[1] != '$' && text[1] ? text + 1 : NULL;
}

static bool expression_is_left(const bson_iter_t *value, const bson_iter_t *update, int depth)
{
    bson_iter_t inner;
    const char *field = reference(value);
    if (field)
        return update_touches(update, field);
    if (depth > DEPTH_MAX || !holds_members(value) || !bson_iter_recurse(value, &inner))
        return false;
    while (bson_iter_next(&inner)) {
        if (strcmp(bson_iter_key(&inner), "$literal") != 0 && expression_is_left(&inner, update, depth + 1))
            return true;
    }
    return false;
}

static bool condition_is_left(bson_iter_t *conditions, const bson_iter_t *update, int depth);

/* $and, $or, $nor: a list of conditions. */
static bool list_is_left(const bson_iter_t *list, const bson_iter_t *update, int depth)
{
    bson_iter_t element, conditions;
    if (depth > DEPTH_MAX || !BSON_ITER_HOLDS_ARRAY(list) || !bson_iter_recurse(list, &element))
        return false;
    while (bson_iter_next(&element)) {
        if (BSON_ITER_HOLDS_DOCUMENT(&element) && bson_iter_recurse(&element, &conditions) &&
            condition_is_left(&conditions, update, depth + 1))
            return true;
    }
    return false;
}

static bool condition_is_left(bson_iter_t *conditions, const bson_iter_t *update, int depth)
{
    static const char *const lists[] = { "$and", "$or", "$nor", NULL };
    while (bson_iter_next(conditions)) {
        const char *name = bson_iter_key(conditions);
        bool left;
        if (name[0] != '$')
            left = update_touches(update, name);
        else if (is(name, lists))
            left = list_is_left(conditions, update, depth);
        else if (strcmp(name, "$expr") == 0)
            left = expression_is_left(conditions, update, depth);
        else
            left = strcmp(name, "$jsonSchema") == 0; /* may name any field */
        if (left)
            return true;
    }
    return false;
}

bool mig_update_leaves_filter(const bson_t *filter, const bson_iter_t *update)
{
    bson_iter_t conditions;
    return bson_iter_init(&conditions, filter) && condition_is_left(&conditions, update, 0);
}

/* ---- would a second run change it again? ---- */

static bool refers_to(const bson_iter_t *value, const char *path, int depth)
{
    bson_iter_t inner;
    const char *field = reference(value);
    if (field)
        return overlaps(field, path);
    if (!holds_members(value) || !bson_iter_recurse(value, &inner))
        return false;
    if (depth > DEPTH_MAX)
        return true;
    while (bson_iter_next(&inner)) {
        if (strcmp(bson_iter_key(&inner), "$literal") != 0 && refers_to(&inner, path, depth + 1))
            return true;
    }
    return false;
}

/* An object of fields, not of operators: {"$set": {"a": {"b": …}}} sets a.b. */
static bool is_nested(const bson_iter_t *value)
{
    bson_iter_t inner;
    return BSON_ITER_HOLDS_DOCUMENT(value) && bson_iter_recurse(value, &inner) && bson_iter_next(&inner) &&
           bson_iter_key(&inner)[0] != '$';
}

/* Fields of $set or $project that are made from themselves. path: of the object, "" at the top; gets the
 * field's path when there is one. */
static bool sets_from_itself(bson_iter_t *fields, char *path, size_t size, int depth)
{
    size_t len = strlen(path);
    while (bson_iter_next(fields)) {
        bson_iter_t inner;
        snprintf(path + len, size - len, "%s%s", len ? "." : "", bson_iter_key(fields));
        if (is_nested(fields) && depth < DEPTH_MAX && bson_iter_recurse(fields, &inner)) {
            if (sets_from_itself(&inner, path, size, depth + 1))
                return true;
        } else if (refers_to(fields, path, 0)) {
            return true;
        }
        path[len] = '\0';
    }
    return false;
}

static const char *pipeline_repeats(const bson_iter_t *pipeline, char *name, size_t size)
{
    bson_iter_t outer, stage, fields;
    if (!bson_iter_recurse(pipeline, &outer))
        return NULL;
    while (bson_iter_next(&outer)) {
        if (!BSON_ITER_HOLDS_DOCUMENT(&outer) || !bson_iter_recurse(&outer, &stage))
            continue;
        while (bson_iter_next(&stage)) {
            const char *key = bson_iter_key(&stage);
            char path[256] = "";
            if ((!is(key, sets) && strcmp(key, "$project") != 0) || !BSON_ITER_HOLDS_DOCUMENT(&stage) ||
                !bson_iter_recurse(&stage, &fields) || !sets_from_itself(&fields, path, sizeof path, 0))
                continue;
            snprintf(name, size, "%s of %.80s from itself", key, path);
            return name;
        }
    }
    return NULL;
}

const char *mig_update_repeats(const bson_iter_t *update, char *name, size_t size)
{
    static const char *const repeating[] = { "$inc",    "$push", "$mul",     "$pop",
                                             "$rename", "$bit",  "$pushAll", NULL };
    bson_iter_t operators;
    if (BSON_ITER_HOLDS_ARRAY(update))
        return pipeline_repeats(update, name, size);
    if (!bson_iter_recurse(update, &operators))
        return NULL;
    while (bson_iter_next(&operators)) {
        if (is(bson_iter_key(&operators), repeating)) {
            snprintf(name, size, "%s", bson_iter_key(&operators));
            return name;
        }
    }
    return NULL;
}
