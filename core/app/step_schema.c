/* step_schema.c - collections and views: created, changed, renamed, dropped. */
#include <string.h>

#include "app/step_kinds.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "engine/steps_compare.h"

#define NAMESPACE_NOT_FOUND 26
#define NAMESPACE_EXISTS    48

/* Kinds that leave a trace in `result` when there was nothing to do. */
static enum mig_step_end already(struct step_work *work)
{
    BSON_APPEND_BOOL(work->result, "already", true);
    return MIG_STEP_END_DONE;
}

/* ---- what is there ---- */

/* Append the collection's uuid, which tells it from another of the same name. Views have none. */
static void append_uuid(bson_t *doc, const char *key, const bson_t *collection)
{
    bson_iter_t uuid;
    if (mig_doc_find(collection, "info.uuid", &uuid))
        bson_append_iter(doc, key, -1, &uuid);
}

static bool same_uuid(const bson_t *pre, const char *key, const bson_t *collection)
{
    bson_iter_t before, now;
    return bson_iter_init_find(&before, pre, key) && mig_doc_find(collection, "info.uuid", &now) &&
           mig_value_equal(&before, &now);
}

static bool look(struct step_work *work, const char *name, bson_t *ret)
{
    return step_look_collection(work->ctx, name, ret, work->err);
}

/* What pre says of a flag; -1 when it says nothing. */
static int was(const struct step_work *work, const char *flag)
{
    return mig_doc_has(work->pre, flag) ? mig_doc_bool(work->pre, flag, false) : -1;
}

/* ---- createCollection, createView ---- */

static bool create_prestate(struct step_work *work, bson_t *ret)
{
    MIG_AUTODOC bson_t there;
    if (!look(work, work->step->collection, &there))
        return false;
    BSON_APPEND_BOOL(ret, "exists", !bson_empty(&there));
    return true;
}

/* It is there: as asked, or in the way? */
static enum mig_step_end create_compare(struct step_work *work, const bson_t *there)
{
    MIG_AUTOBUF struct mig_buf why;
    mig_buf_init(&why, MIG_WHY_MAX);
    const char *name = work->step->collection;
    if (!mig_step_accepts_existing(work->step))
        return step_failed(work, "%s exists already, and ifExists says fail", name);
    if (mig_same_collection(work->step->body, there, &why))
        return already(work);
    step_failed(work, "%s exists already and differs: %s", name, why.text);
    mig_hint(work->err, "change it with collMod in a step before, or drop it");
    return MIG_STEP_END_FAILED;
}

static enum mig_step_end create_send(struct step_work *work, bool *ret_exists)
{
    STEP_AUTOSENT struct step_sent sent;
    enum mig_step_end end = step_send_own(work, 0, &sent);
    *ret_exists =
        end == MIG_STEP_END_FAILED && sent.verdict.code == NAMESPACE_EXISTS && !sent.verdict.concern_failed;
    return end;
}

/* A newer server takes a second create with the same options without a word, an older one refuses it: so look
 * when it was there before, and when the server says that it is there. */
static enum mig_step_end create_execute(struct step_work *work)
{
    MIG_AUTODOC bson_t there = BSON_INITIALIZER;
    bool exists = was(work, "exists") == 1;
    if (!exists) {
        enum mig_step_end end = create_send(work, &exists);
        if (!exists)
            return end;
    }
    if (!look(work, work->step->collection, &there))
        return MIG_STEP_END_UNKNOWN;
    return bson_empty(&there) ? create_send(work, &exists) : create_compare(work, &there);
}

static enum mig_probe create_probe(struct step_work *work)
{
    MIG_AUTODOC bson_t there;
    MIG_AUTOBUF struct mig_buf why;
    mig_buf_init(&why, MIG_WHY_MAX);
    const char *name = work->step->collection;
    if (!look(work, name, &there))
        return step_blind(work);
    if (bson_empty(&there))
        return step_seen(work, MIG_PROBE_NOT_DONE, "%s does not exist", name);
    if (mig_same_collection(work->step->body, &there, &why))
        return step_seen(work, MIG_PROBE_DONE, "%s exists with the options asked for", name);
    return step_seen(work, MIG_PROBE_NOT_DONE, "%s exists and differs: %s", name, why.text);
}

/* ---- collMod ---- */

static void keep_touched_options(const bson_t *body, const bson_t *there, bson_t *ret)
{
    bson_t options;
    bson_iter_t change, old;
    bool ok = mig_doc_sub(there, "options", &options) && bson_iter_init(&change, body);
    while (ok && bson_iter_next(&change)) {
        const char *option = mig_modified_option(bson_iter_key(&change));
        if (option && bson_iter_init_find(&old, &options, option))
            bson_append_iter(ret, NULL, 0, &old);
    }
}

static bool look_indexes(struct step_work *work, bson_t *ret)
{
    MIG_AUTODOC bson_t building;
    return step_look_indexes(work->ctx, work->step->collection, ret, &building, work->err);
}

static bool coll_mod_prestate(struct step_work *work, bson_t *ret)
{
    MIG_AUTODOC bson_t there;
    MIG_AUTODOC bson_t indexes = BSON_INITIALIZER;
    MIG_AUTODOC bson_t touched = BSON_INITIALIZER;
    bson_t change, spec, list;
    if (!look(work, work->step->collection, &there))
        return false;
    BSON_APPEND_BOOL(ret, "exists", !bson_empty(&there));
    if (bson_empty(&there))
        return true;
    keep_touched_options(work->step->body, &there, &touched);
    BSON_APPEND_UTF8(ret, "type", mig_doc_str(&there, "type", "collection"));
    BSON_APPEND_DOCUMENT(ret, "options", &touched);
    if (!mig_doc_sub(work->step->body, "index", &change))
        return true;
    if (!look_indexes(work, &indexes))
        return false;
    BSON_APPEND_ARRAY_BEGIN(ret, "indexes", &list);
    if (mig_index_modified(&indexes, &change, &spec))
        BSON_APPEND_DOCUMENT(&list, "0", &spec);
    bson_append_array_end(ret, &list);
    return true;
}

static enum mig_step_end plain_execute(struct step_work *work)
{
    STEP_AUTOSENT struct step_sent sent;
    return step_send_own(work, 0, &sent);
}

/* Undoing one that may not have happened: with no source there is nothing to undo. */
static enum mig_step_end rename_execute(struct step_work *work)
{
    return was(work, "exists") == 0 && mig_step_accepts_missing(work->step) ? already(work)
                                                                            : plain_execute(work);
}

static enum mig_probe coll_mod_probe(struct step_work *work)
{
    MIG_AUTODOC bson_t there;
    MIG_AUTODOC bson_t indexes = BSON_INITIALIZER;
    MIG_AUTOBUF struct mig_buf why;
    mig_buf_init(&why, MIG_WHY_MAX);
    const char *name = work->step->collection;
    if (!look(work, name, &there))
        return step_blind(work);
    if (bson_empty(&there))
        return step_seen(work, MIG_PROBE_NOT_DONE, "%s does not exist", name);
    if (bson_has_field(work->step->body, "index")) {
        if (!look_indexes(work, &indexes))
            return step_blind(work);
    }
    if (mig_same_modified(work->step->body, &there, &indexes, &why))
        return step_seen(work, MIG_PROBE_DONE, "%s is as asked for", name);
    return step_seen(work, MIG_PROBE_NOT_DONE, "%s: %s", name, why.text);
}

/* ---- renameCollection ---- */

static bool rename_prestate(struct step_work *work, bson_t *ret)
{
    MIG_AUTODOC bson_t source;
    MIG_AUTODOC bson_t target = BSON_INITIALIZER;
    if (!look(work, work->step->collection, &source))
        return false;
    if (!look(work, mig_doc_str(work->step->body, "to", ""), &target))
        return false;
    BSON_APPEND_BOOL(ret, "exists", !bson_empty(&source));
    append_uuid(ret, "uuid", &source);
    BSON_APPEND_BOOL(ret, "target", !bson_empty(&target));
    append_uuid(ret, "targetUuid", &target);
    return true;
}

/* MongoDB keeps the uuid over a rename, others do not: it proves a rename, and its absence proves nothing. */
static enum mig_probe rename_verdict(struct step_work *work, const bson_t *source, const bson_t *target)
{
    const char *from = work->step->collection;
    const char *to = mig_doc_str(work->step->body, "to", "");
    bool has_source = !bson_empty(source), has_target = !bson_empty(target);
    bool target_was = was(work, "target") != 0;
    if (!has_source && was(work, "exists") == 0 && mig_step_accepts_missing(work->step))
        return step_seen(work, MIG_PROBE_DONE, "%s was not there before either", from);
    if (has_target && same_uuid(work->pre, "uuid", target))
        return step_seen(work, MIG_PROBE_DONE, "%s is the collection that was %s", to, from);
    if (!has_source && has_target && (!target_was || mig_doc_bool(work->step->body, "dropTarget", false)))
        return step_seen(work, MIG_PROBE_DONE, "%s is gone and %s is there", from, to);
    bool source_same = !mig_doc_has(work->pre, "uuid") || same_uuid(work->pre, "uuid", source);
    if (has_source && source_same && has_target == (was(work, "target") == 1))
        return step_seen(work, MIG_PROBE_NOT_DONE, "%s is there, and %s as before", from, to);
    return step_seen(work, MIG_PROBE_UNCLEAR, "%s is %s and %s is %s; before, %s was %s", from,
                     has_source ? "there" : "gone", to, has_target ? "there" : "not there", to,
                     was(work, "target") < 0 ? "not looked at"
                     : target_was            ? "there"
                                             : "not there");
}

static enum mig_probe rename_probe(struct step_work *work)
{
    MIG_AUTODOC bson_t source;
    MIG_AUTODOC bson_t target = BSON_INITIALIZER;
    if (!look(work, work->step->collection, &source))
        return step_blind(work);
    if (!look(work, mig_doc_str(work->step->body, "to", ""), &target))
        return step_blind(work);
    return rename_verdict(work, &source, &target);
}

/* ---- dropCollection ---- */

/* The count of the collection's metadata: no scan. Views have none to show. */
static void append_count(struct step_work *work, bson_t *ret)
{
    STEP_AUTOSENT struct step_sent sent;
    bson_t *command = BCON_NEW("count", BCON_UTF8(work->step->collection));
    struct mig_error ignored;
    if (step_send(work->ctx, command, STEP_READ | STEP_NO_CONCERN, &sent, &ignored) == MIG_STEP_END_DONE)
        BSON_APPEND_INT64(ret, "count", mig_doc_int(&sent.body, "n", 0));
    bson_destroy(command);
}

static bool drop_prestate(struct step_work *work, bson_t *ret)
{
    MIG_AUTODOC bson_t there;
    if (!look(work, work->step->collection, &there))
        return false;
    BSON_APPEND_BOOL(ret, "exists", !bson_empty(&there));
    if (bson_empty(&there))
        return true;
    const char *type = mig_doc_str(&there, "type", "collection");
    BSON_APPEND_UTF8(ret, "type", type);
    append_uuid(ret, "uuid", &there);
    if (strcmp(type, "view") != 0)
        append_count(work, ret);
    return true;
}

static enum mig_step_end drop_missing(struct step_work *work)
{
    if (mig_step_accepts_missing(work->step))
        return already(work);
    step_failed(work, "%s does not exist", work->step->collection);
    mig_hint(work->err, "\"ifMissing\": \"same\" lets a missing collection pass");
    return MIG_STEP_END_FAILED;
}

/* The inverse of createCollection drops what is still as it was made. */
static enum mig_step_end drop_only_empty(struct step_work *work)
{
    int64_t count;
    enum mig_step_end end = step_count(work->ctx, work->step->collection, NULL, 1, 0, &count, work->err);
    if (end != MIG_STEP_END_DONE || count == 0)
        return end;
    step_failed(work, "%s holds documents; undoing its creation would lose them", work->step->collection);
    mig_hint(work->err, "empty or rename it first, if they are not needed");
    return MIG_STEP_END_FAILED;
}

/* Since 7.0 servers say ok to a drop of nothing; only a drop of something names it in ns. */
static enum mig_step_end drop_execute(struct step_work *work)
{
    if (was(work, "exists") == 0)
        return drop_missing(work);
    if (mig_doc_bool(work->step->body, "onlyView", false) &&
        strcmp(mig_doc_str(work->pre, "type", "view"), "view") != 0) {
        step_failed(work, "%s is no view any more; undoing its creation would lose a collection",
                    work->step->collection);
        return MIG_STEP_END_FAILED;
    }
    if (mig_doc_bool(work->step->body, "onlyEmpty", false)) {
        enum mig_step_end end = drop_only_empty(work);
        if (end != MIG_STEP_END_DONE)
            return end;
    }
    STEP_AUTOSENT struct step_sent sent;
    enum mig_step_end end = step_send_own(work, 0, &sent);
    bool dropped = mig_doc_has(&sent.body, "ns") || mig_doc_has(&sent.body, "nIndexesWas");
    if (sent.verdict.code == NAMESPACE_NOT_FOUND || (end == MIG_STEP_END_DONE && !dropped))
        return drop_missing(work);
    return end;
}

static enum mig_probe drop_probe(struct step_work *work)
{
    MIG_AUTODOC bson_t there;
    const char *name = work->step->collection;
    if (!look(work, name, &there))
        return step_blind(work);
    if (bson_empty(&there)) {
        bool done = was(work, "exists") != 0 || mig_step_accepts_missing(work->step);
        return step_seen(work, done ? MIG_PROBE_DONE : MIG_PROBE_NOT_DONE, "%s %s", name,
                         was(work, "exists") == 0 ? "was not there before either" : "is gone");
    }
    if (same_uuid(work->pre, "uuid", &there))
        return step_seen(work, MIG_PROBE_NOT_DONE, "%s is still there", name);
    /* A view has no uuid of its own on MongoDB; dropping it again loses nothing that its definition does not
     * hold. */
    if (strcmp(mig_doc_str(work->pre, "type", ""), "view") == 0 && !mig_doc_has(work->pre, "uuid") &&
        strcmp(mig_doc_str(&there, "type", ""), "view") == 0)
        return step_seen(work, MIG_PROBE_NOT_DONE, "the view %s is still there", name);
    return step_seen(work, MIG_PROBE_UNCLEAR, "%s is there, but %s", name,
                     mig_doc_has(work->pre, "uuid") ? "it is another one than before: it was made anew"
                                                    : "what was there before is not known");
}

/* ---- rows ---- */

const struct step_kind step_kind_create = {
    .prestate = create_prestate,
    .execute = create_execute,
    .probe = create_probe,
    .lingers = true,
    .confirm = STEP_CONFIRM_NOTE,
};
const struct step_kind step_kind_coll_mod = {
    .prestate = coll_mod_prestate,
    .execute = plain_execute,
    .probe = coll_mod_probe,
    .lingers = true,
    .confirm = STEP_CONFIRM_NOTE,
};
const struct step_kind step_kind_rename = {
    .prestate = rename_prestate,
    .execute = rename_execute,
    .probe = rename_probe,
    .lingers = true,
    .confirm = STEP_CONFIRM_MUST,
};
const struct step_kind step_kind_drop = {
    .prestate = drop_prestate,
    .execute = drop_execute,
    .probe = drop_probe,
    .lingers = true,
    .confirm = STEP_CONFIRM_MUST,
};
