/* steps_command.c - the server's command for a step: the shape is MongoDB's own, with the collection's name
 * put back where the command has it. */
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "engine/steps.h"
#include "engine/steps_compare.h"

/* Members of a body that the server must not see. */
static const char *const ours[] = { "collection", "ifExists", "ifMissing", "onlyEmpty", "onlyView",
                                    "expect",     "verify",   "allow",     NULL };

static bool listed(const char *name, const char *const *names)
{
    while (names && *names) {
        if (strcmp(*names++, name) == 0)
            return true;
    }
    return false;
}

/* The body's members but ours and those the caller has put elsewhere. */
static void append_rest(bson_t *ret, const bson_t *body, const char *const *placed)
{
    bson_iter_t iter;
    bool ok = bson_iter_init(&iter, body);
    while (ok && bson_iter_next(&iter)) {
        if (!listed(bson_iter_key(&iter), ours) && !listed(bson_iter_key(&iter), placed))
            bson_append_iter(ret, NULL, 0, &iter);
    }
}

static bool lacks(const struct mig_step *step, const char *member, struct mig_error *err)
{
    return mig_fail(err, MIG_ERR_MIGRATION, "step %s: %s needs \"%s\"", step->id,
                    mig_step_kind_name(step->kind), member);
}

/* ---- one builder a shape ---- */

struct build {
    const struct mig_step *step;
    const char *database;
    const char *verb; /* first key of the command */
    bson_t *ret;
    bool *ret_admin;
    struct mig_error *err;
};

/* {verb: collection, …the rest of the body} */
static bool build_plain(const struct build *b)
{
    BSON_APPEND_UTF8(b->ret, b->verb, b->step->collection);
    append_rest(b->ret, b->step->body, NULL);
    return true;
}

static bool build_rename(const struct build *b)
{
    static const char *const placed[] = { "to", NULL };
    const char *to = mig_doc_str(b->step->body, "to", NULL);
    if (!to)
        return lacks(b->step, "to", b->err);
    MIG_AUTOFREE char *from_ns = mig_printf("%s.%s", b->database, b->step->collection);
    MIG_AUTOFREE char *to_ns = mig_printf("%s.%s", b->database, to);
    BSON_APPEND_UTF8(b->ret, b->verb, from_ns);
    BSON_APPEND_UTF8(b->ret, "to", to_ns);
    append_rest(b->ret, b->step->body, placed);
    *b->ret_admin = true;
    return true;
}

static void append_index(bson_t *list, const char *key, const bson_t *spec)
{
    bson_t copy;
    MIG_AUTOBUF struct mig_buf name;
    mig_buf_init(&name, 1024);
    bson_append_document_begin(list, key, -1, &copy);
    bson_concat(&copy, spec);
    if (!bson_has_field(spec, "name")) {
        mig_index_name(spec, &name);
        BSON_APPEND_UTF8(&copy, "name", name.text);
    }
    bson_append_document_end(list, &copy);
}

/* Servers want a name for each index; drivers make one from the key, and so do we. */
static bool build_create_indexes(const struct build *b)
{
    static const char *const placed[] = { "indexes", NULL };
    bson_iter_t iter;
    bson_t indexes, list, spec;
    if (!mig_doc_sub(b->step->body, "indexes", &indexes) || !bson_iter_init(&iter, &indexes))
        return lacks(b->step, "indexes", b->err);
    BSON_APPEND_UTF8(b->ret, b->verb, b->step->collection);
    BSON_APPEND_ARRAY_BEGIN(b->ret, "indexes", &list);
    while (bson_iter_next(&iter)) {
        if (mig_iter_sub(&iter, &spec))
            append_index(&list, bson_iter_key(&iter), &spec);
    }
    bson_append_array_end(b->ret, &list);
    append_rest(b->ret, b->step->body, placed);
    return true;
}

static bool build_hide(const struct build *b)
{
    bson_iter_t index;
    bson_t change;
    if (!mig_doc_find(b->step->body, "index", &index))
        return lacks(b->step, "index", b->err);
    BSON_APPEND_UTF8(b->ret, b->verb, b->step->collection);
    BSON_APPEND_DOCUMENT_BEGIN(b->ret, "index", &change);
    bson_append_iter(&change, BSON_ITER_HOLDS_UTF8(&index) ? "name" : "keyPattern", -1, &index);
    BSON_APPEND_BOOL(&change, "hidden", mig_doc_bool(b->step->body, "hidden", true));
    bson_append_document_end(b->ret, &change);
    return true;
}

/* {aggregate: collection, pipeline: […, last stage], cursor: {}, …the rest} */
static bool build_aggregate(const struct build *b, const char *const *placed, const char *stage,
                            const bson_t *value)
{
    bson_t pipeline, list, last;
    bson_t no_cursor = BSON_INITIALIZER;
    bson_iter_t inner;
    if (!mig_doc_sub(b->step->body, "pipeline", &pipeline))
        return lacks(b->step, "pipeline", b->err);
    MIG_AUTOFREE char *next = mig_printf("%u", bson_count_keys(&pipeline));
    BSON_APPEND_UTF8(b->ret, b->verb, b->step->collection);
    BSON_APPEND_ARRAY_BEGIN(b->ret, "pipeline", &list);
    bson_concat(&list, &pipeline);
    bson_append_document_begin(&list, next, -1, &last);
    if (bson_iter_init_find(&inner, value, ""))
        bson_append_iter(&last, stage, -1, &inner);
    else
        bson_append_document(&last, stage, -1, value);
    bson_append_document_end(&list, &last);
    bson_append_array_end(b->ret, &list);
    append_rest(b->ret, b->step->body, placed);
    if (!bson_has_field(b->ret, "cursor"))
        BSON_APPEND_DOCUMENT(b->ret, "cursor", &no_cursor);
    return true;
}

static bool build_merge(const struct build *b)
{
    static const char *const placed[] = { "pipeline", "into", "on", "whenMatched", "whenNotMatched", NULL };
    MIG_AUTODOC bson_t merge = BSON_INITIALIZER;
    bson_iter_t member;
    if (!bson_has_field(b->step->body, "into"))
        return lacks(b->step, "into", b->err);
    for (size_t i = 1; placed[i]; i++) {
        if (bson_iter_init_find(&member, b->step->body, placed[i]))
            bson_append_iter(&merge, NULL, 0, &member);
    }
    return build_aggregate(b, placed, "$merge", &merge);
}

static bool build_out(const struct build *b)
{
    static const char *const placed[] = { "pipeline", "to", NULL };
    MIG_AUTODOC bson_t out = BSON_INITIALIZER;
    bson_iter_t to;
    if (!bson_iter_init_find(&to, b->step->body, "to"))
        return lacks(b->step, "to", b->err);
    bson_append_iter(&out, "", 0, &to);
    return build_aggregate(b, placed, "$out", &out);
}

static bool build_command(const struct build *b)
{
    bson_t run;
    const char *db = mig_doc_str(b->step->body, "db", "$target");
    if (!mig_doc_sub(b->step->body, "run", &run) || bson_empty(&run))
        return lacks(b->step, "run", b->err);
    *b->ret_admin = strcmp(db, "admin") == 0;
    if (!*b->ret_admin && strcmp(db, "$target") != 0)
        return mig_fail(b->err, MIG_ERR_MIGRATION,
                        "step %s: db is \"%s\"; a command goes to \"$target\" or \"admin\"", b->step->id, db);
    bson_concat(b->ret, &run);
    return true;
}

static const struct {
    const char *verb;
    bool (*build)(const struct build *build);
    bool needs_collection;
} kinds[MIG_STEP_KINDS] = {
    [MIG_STEP_CREATE_COLLECTION] = { "create", build_plain, true },
    [MIG_STEP_CREATE_VIEW] = { "create", build_plain, true },
    [MIG_STEP_COLL_MOD] = { "collMod", build_plain, true },
    [MIG_STEP_RENAME_COLLECTION] = { "renameCollection", build_rename, true },
    [MIG_STEP_DROP_COLLECTION] = { "drop", build_plain, true },
    [MIG_STEP_CREATE_INDEXES] = { "createIndexes", build_create_indexes, true },
    [MIG_STEP_DROP_INDEXES] = { "dropIndexes", build_plain, true },
    [MIG_STEP_HIDE_INDEX] = { "collMod", build_hide, true },
    [MIG_STEP_INSERT] = { "insert", build_plain, true },
    [MIG_STEP_UPDATE] = { "update", build_plain, true },
    [MIG_STEP_DELETE] = { "delete", build_plain, true },
    [MIG_STEP_MERGE] = { "aggregate", build_merge, true },
    [MIG_STEP_OUT] = { "aggregate", build_out, true },
    [MIG_STEP_COMMAND] = { NULL, build_command, false },
};

bool mig_step_command(const struct mig_step *step, const char *database, bson_t *ret, bool *ret_admin,
                      struct mig_error *err)
{
    *ret_admin = false;
    if ((unsigned)step->kind >= MIG_STEP_KINDS || !kinds[step->kind].build)
        return mig_fail(err, MIG_ERR_INTERNAL, "step %s: %s is not one command", step->id,
                        mig_step_kind_name(step->kind));
    if (kinds[step->kind].needs_collection && !step->collection)
        return lacks(step, "collection", err);
    bson_init(ret);
    struct build build = { step, database, kinds[step->kind].verb, ret, ret_admin, err };
    if (kinds[step->kind].build(&build))
        return true;
    bson_destroy(ret);
    return false;
}
