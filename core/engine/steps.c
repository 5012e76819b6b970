/* steps.c - what each kind of step is like: may it be sent twice, may it take long, may it travel in a
 * group. */
#include "engine/steps.h"

#include <string.h>

#include "base/doc.h"
#include "base/rows.h"

/* A group's steps are known to be small by their shape; more documents than this is not small. */
#define GROUP_STEP_DOCUMENTS 500

/* ---- members beside the command ---- */

bool mig_step_member(const struct mig_step *step, const char *name, bson_iter_t *ret)
{
    return (step->doc && bson_iter_init_find(ret, step->doc, name)) ||
           (step->body && step->kind != MIG_STEP_TRANSACTION && bson_iter_init_find(ret, step->body, name));
}

static const char *word(const struct mig_step *step, const char *name, const char *missing)
{
    bson_iter_t iter;
    return mig_step_member(step, name, &iter) && BSON_ITER_HOLDS_UTF8(&iter) ? bson_iter_utf8(&iter, NULL)
                                                                             : missing;
}

bool mig_step_accepts_existing(const struct mig_step *step)
{
    return strcmp(word(step, "ifExists", "same"), "same") == 0;
}

bool mig_step_accepts_missing(const struct mig_step *step)
{
    return strcmp(word(step, "ifMissing", "fail"), "same") == 0;
}

/* ---- lists of statements ---- */

/* The step's list of that name; false when there is none. */
static bool list_of(const struct mig_step *step, const char *name, bson_iter_t *ret)
{
    bson_t list;
    return mig_doc_sub(step->body, name, &list) && bson_iter_init(ret, &list);
}

static bool same_name(const bson_iter_t *iter, const char *name)
{
    return BSON_ITER_HOLDS_UTF8(iter) && strcmp(bson_iter_utf8(iter, NULL), name) == 0;
}

/* True when the text stands anywhere in the value: a pipeline that may read the collection it writes. */
static bool mentions(const bson_iter_t *value, const char *text, int depth)
{
    bson_iter_t inner;
    if (same_name(value, text))
        return true;
    if ((!BSON_ITER_HOLDS_ARRAY(value) && !BSON_ITER_HOLDS_DOCUMENT(value)) ||
        !bson_iter_recurse(value, &inner))
        return false;
    if (depth > 100)
        return true; /* what cannot be seen might be there */
    while (bson_iter_next(&inner)) {
        if (mentions(&inner, text, depth + 1))
            return true;
    }
    return false;
}

/* Does an aggregation read what it writes? target: "to" or "into", a name or {db, coll}. */
static bool reads_its_target(const struct mig_step *step, const char *target)
{
    bson_iter_t to, pipeline;
    const char *name = mig_doc_str(step->body, target, NULL);
    if (!name && mig_doc_find(step->body, target, &to) && BSON_ITER_HOLDS_DOCUMENT(&to)) {
        bson_t place;
        name = mig_iter_sub(&to, &place) ? mig_doc_str(&place, "coll", NULL) : NULL;
    }
    if (!name || !step->collection)
        return true;
    return strcmp(name, step->collection) == 0 ||
           (mig_doc_find(step->body, "pipeline", &pipeline) && mentions(&pipeline, name, 0));
}

/* ---- may it be sent twice ---- */

static bool merge_idempotent(const struct mig_step *step)
{
    bson_iter_t matched;
    bool converges = !mig_doc_find(step->body, "whenMatched", &matched) || same_name(&matched, "merge") ||
                     same_name(&matched, "replace") || same_name(&matched, "keepExisting");
    return converges && !reads_its_target(step, "into");
}

static bool out_idempotent(const struct mig_step *step)
{
    return !reads_its_target(step, "to");
}

static bool command_idempotent(const struct mig_step *step)
{
    return mig_doc_bool(step->body, "idempotent", false);
}

/* By marker or by its author's word; a batch in transactions counts on its checkpoint instead. */
static bool batch_idempotent(const struct mig_step *step)
{
    return strcmp(mig_doc_str(step->body, "exactlyOnce", "transaction"), "transaction") != 0;
}

static bool yes(const struct mig_step *step)
{
    (void)step;
    return true;
}

static bool no(const struct mig_step *step)
{
    (void)step;
    return false;
}

/* ---- may it take long ---- */

static bool update_long(const struct mig_step *step)
{
    bson_iter_t iter;
    bson_t statement;
    bool ok = list_of(step, "updates", &iter);
    while (ok && bson_iter_next(&iter)) {
        if (mig_iter_sub(&iter, &statement) && mig_doc_bool(&statement, "multi", false))
            return true;
    }
    return false;
}

static bool delete_long(const struct mig_step *step)
{
    bson_iter_t iter;
    bson_t statement;
    bool ok = list_of(step, "deletes", &iter);
    while (ok && bson_iter_next(&iter)) {
        if (mig_iter_sub(&iter, &statement) && mig_doc_int(&statement, "limit", 0) != 1)
            return true;
    }
    return false;
}

/* Turning an index into a unique one reads the whole index. */
static bool coll_mod_long(const struct mig_step *step)
{
    return mig_doc_bool(step->body, "index.unique", false);
}

static bool transaction_long(const struct mig_step *step)
{
    for (size_t i = 0; i < step->inner_count; i++) {
        if (mig_step_long_running(&step->inner[i]))
            return true;
    }
    return false;
}

/* ---- how many documents at most; -1 when that is not known from the shape ---- */

/* Options of a whole command have no place in a group that other commands travel in. */
static bool group_stands_in_the_way(const struct mig_step *step)
{
    return bson_has_field(step->body, "let") || bson_has_field(step->body, "bypassDocumentValidation");
}

static int64_t list_length(const struct mig_step *step, const char *name)
{
    bson_t list;
    return mig_doc_sub(step->body, name, &list) ? (int64_t)bson_count_keys(&list) : -1;
}

static int64_t insert_documents(const struct mig_step *step)
{
    return list_length(step, "documents");
}

static int64_t update_documents(const struct mig_step *step)
{
    return update_long(step) ? -1 : list_length(step, "updates");
}

static int64_t delete_documents(const struct mig_step *step)
{
    return delete_long(step) ? -1 : list_length(step, "deletes");
}

static int64_t transaction_documents(const struct mig_step *step)
{
    int64_t sum = 0;
    for (size_t i = 0; i < step->inner_count; i++) {
        int64_t documents;
        bson_iter_t
            expect; /* of one statement: checked when the transaction runs alone, statement by statement */
        if (mig_step_member(&step->inner[i], "expect", &expect) ||
            !mig_step_groupable(&step->inner[i], &documents))
            return -1;
        sum += documents;
    }
    return sum;
}

/* ---- the kinds ---- */

static const struct {
    bool (*idempotent)(const struct mig_step *step);
    bool (*long_running)(const struct mig_step *step);
    int64_t (*documents)(const struct mig_step *step); /* NULL: never in a group */
} kinds[MIG_STEP_KINDS] = {
    [MIG_STEP_CREATE_COLLECTION] = { yes, no, NULL },
    [MIG_STEP_CREATE_VIEW] = { yes, no, NULL },
    [MIG_STEP_COLL_MOD] = { yes, coll_mod_long, NULL },
    [MIG_STEP_RENAME_COLLECTION] = { yes, no, NULL }, /* the second one finds no source, and does nothing */
    [MIG_STEP_DROP_COLLECTION] = { yes, no, NULL },
    [MIG_STEP_CREATE_INDEXES] = { yes, yes, NULL },
    [MIG_STEP_DROP_INDEXES] = { yes, no, NULL },
    [MIG_STEP_HIDE_INDEX] = { yes, no, NULL },
    [MIG_STEP_INSERT] = { yes, no, insert_documents }, /* documents carry their _id, and are compared */
    [MIG_STEP_UPDATE] = { no, update_long, update_documents },
    [MIG_STEP_DELETE] = { no, delete_long, delete_documents },
    [MIG_STEP_BATCH] = { batch_idempotent, yes, NULL },
    [MIG_STEP_MERGE] = { merge_idempotent, yes, NULL },
    [MIG_STEP_OUT] = { out_idempotent, yes, NULL },
    [MIG_STEP_TRANSACTION] = { no, transaction_long, transaction_documents },
    [MIG_STEP_ASSERT] = { yes, yes, NULL },
    [MIG_STEP_COMMAND] = { command_idempotent, yes, NULL },
    [MIG_STEP_EXEC] = { no, yes, NULL },
    [MIG_STEP_MANUAL] = { yes, yes, NULL },
};

static bool known(const struct mig_step *step)
{
    return (unsigned)step->kind < MIG_COUNT(kinds);
}

bool mig_step_idempotent(const struct mig_step *step)
{
    return known(step) && kinds[step->kind].idempotent(step);
}

bool mig_step_long_running(const struct mig_step *step)
{
    return known(step) && kinds[step->kind].long_running(step);
}

bool mig_step_groupable(const struct mig_step *step, int64_t *ret_documents)
{
    bson_iter_t iter;
    *ret_documents = 0;
    if (!known(step) || !kinds[step->kind].documents || mig_step_member(step, "verify", &iter) ||
        group_stands_in_the_way(step))
        return false;
    int64_t documents = kinds[step->kind].documents(step);
    if (documents < 0 || documents > GROUP_STEP_DOCUMENTS)
        return false;
    *ret_documents = documents;
    return true;
}

bool mig_step_in_transaction(const struct mig_step *step, const struct mig_server *server)
{
    return server->can_transactions && mig_step_kind_transactional(step->kind);
}
