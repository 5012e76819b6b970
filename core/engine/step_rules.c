/* step_rules.c - what a shape cannot say about a step: one function a kind.
 *
 * Only what no server and no reason can make right is refused here; what is merely dangerous is lint's to tell.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"
#include "base/text.h"
#include "engine/step_parse.h"

#define SHOWN_CHARS 40

/* A step in hand. */
struct rule {
    struct mig_reading *r;
    const struct mig_step *step;
    const struct mig_at *at; /* of the kind's value */
};

static bool fault_in(const struct rule *rule, const char *member, const char *hint, const char *fmt, ...)
    MIG_PRINTF(4, 5);

static bool fault_in(const struct rule *rule, const char *member, const char *hint, const char *fmt, ...)
{
    char text[MIG_ERROR_MESSAGE_MAX / 2];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mig_utf8_trim(text);
    struct mig_at at = { rule->at, member };
    mig_fault(rule->r, &at, "%s", text);
    return mig_hint(rule->r->err, "%s", hint);
}

static const char *text_of(const struct rule *rule, const char *member)
{
    return mig_doc_str(rule->step->body, member, "");
}

/* Does the step waive the lint rule? */
static bool waives(const struct mig_step *step, const char *name)
{
    bson_t list, row;
    bson_iter_t element;
    bool ok = mig_doc_sub(step->doc, "allow", &list) && bson_iter_init(&element, &list);
    while (ok && bson_iter_next(&element)) {
        if (mig_iter_sub(&element, &row) && strcmp(mig_doc_str(&row, "rule", ""), name) == 0)
            return true;
    }
    return false;
}

/* ---- collections, indexes ---- */

static bool rename_rule(const struct rule *rule)
{
    return strcmp(text_of(rule, "to"), rule->step->collection) != 0 ||
           fault_in(rule, "to", "give the new name", "\"to\" is the name the collection has");
}

static bool coll_mod_rule(const struct rule *rule)
{
    return bson_count_keys(rule->step->body) > 1 ||
           fault_in(rule, "collection", "say what to change, as \"validator\" or \"index\"",
                    "collMod changes nothing");
}

/* A server takes only numbers other than 0 and texts that name a kind of index. */
static bool index_key_rule(const struct rule *rule, const struct mig_at *spec_at, const bson_t *spec)
{
    struct mig_at key_at = { spec_at, "key" };
    bson_t key;
    bson_iter_t field;
    bool ok = mig_doc_sub(spec, "key", &key) && bson_iter_init(&field, &key);
    while (ok && bson_iter_next(&field)) {
        double number = BSON_ITER_HOLDS_NUMBER(&field) ? bson_iter_as_double(&field) : 0;
        struct mig_at at = { &key_at, bson_iter_key(&field) };
        MIG_AUTOFREE char *shown = mig_text_safe_dup(at.key, SHOWN_CHARS);
        if (number < 0 || number > 0 || BSON_ITER_HOLDS_DECIMAL128(&field) ||
            (BSON_ITER_HOLDS_UTF8(&field) && *bson_iter_utf8(&field, NULL)))
            continue;
        mig_fault(rule->r, &at, "\"%s\" has no direction that an index can have", shown);
        return mig_hint(rule->r->err, "1 or -1, or the kind of index: \"text\", \"2dsphere\", \"hashed\"");
    }
    return true;
}

static bool create_indexes_rule(const struct rule *rule)
{
    bson_t list, spec;
    bson_iter_t element;
    const char *names[64];
    size_t count = 0;
    bool ok = mig_doc_sub(rule->step->body, "indexes", &list) && bson_iter_init(&element, &list);
    struct mig_at list_at = { rule->at, "indexes" };
    while (ok && bson_iter_next(&element) && mig_iter_sub(&element, &spec) && count < MIG_COUNT(names)) {
        struct mig_at at = { &list_at, bson_iter_key(&element) };
        struct mig_at name_at = { &at, "name" };
        const char *name = mig_doc_str(&spec, "name", "");
        if (strcmp(name, "_id_") == 0) {
            mig_fault(rule->r, &name_at, "the index on _id is the server's");
            return mig_hint(rule->r->err, "every collection has it; take it out");
        }
        for (size_t i = 0; i < count; i++) {
            if (strcmp(names[i], name) == 0) {
                mig_fault(rule->r, &name_at, "the index's name is also that of indexes[%zu]", i);
                return mig_hint(rule->r->err, "give each index its own name");
            }
        }
        names[count++] = name;
        if (!index_key_rule(rule, &at, &spec))
            return false;
    }
    return true;
}

static bool is_droppable(const struct rule *rule, const struct mig_at *at, const char *name)
{
    if (*name && strcmp(name, "*") != 0 && strcmp(name, "_id_") != 0)
        return true;
    mig_fault(rule->r, at, "dropIndexes of \"%s\" (MT004)", name);
    return mig_hint(rule->r->err, "name each index to drop; the one on _id cannot be");
}

static bool drop_indexes_rule(const struct rule *rule)
{
    struct mig_at at = { rule->at, "index" };
    bson_iter_t index, element;
    if (!bson_iter_init_find(&index, rule->step->body, "index"))
        return true;
    if (BSON_ITER_HOLDS_UTF8(&index))
        return is_droppable(rule, &at, bson_iter_utf8(&index, NULL));
    if (!BSON_ITER_HOLDS_ARRAY(&index) || !bson_iter_recurse(&index, &element))
        return true;
    while (bson_iter_next(&element)) {
        struct mig_at here = { &at, bson_iter_key(&element) };
        if (!is_droppable(rule, &here, bson_iter_utf8(&element, NULL)))
            return false;
    }
    return true;
}

/* ---- documents ---- */

static bool insert_rule(const struct rule *rule)
{
    struct mig_at list_at = { rule->at, "documents" };
    bson_t list, document;
    bson_iter_t element;
    bool ok = mig_doc_sub(rule->step->body, "documents", &list) && bson_iter_init(&element, &list);
    while (ok && bson_iter_next(&element)) {
        struct mig_at at = { &list_at, bson_iter_key(&element) };
        if (mig_iter_sub(&element, &document) && bson_has_field(&document, "_id"))
            continue;
        mig_fault(rule->r, &at, "documents[%s] has no _id", at.key);
        return mig_hint(rule->r->err, "give it one: a second try then finds what the first one wrote");
    }
    return true;
}

/* Operators or a pipeline; MongoDB replaces whole documents only one at a time. */
static bool is_modifier(const bson_iter_t *update)
{
    bson_iter_t first;
    return BSON_ITER_HOLDS_ARRAY(update) ||
           (bson_iter_recurse(update, &first) && bson_iter_next(&first) && bson_iter_key(&first)[0] == '$');
}

static bool update_rule(const struct rule *rule)
{
    struct mig_at list_at = { rule->at, "updates" };
    bson_t list, statement;
    bson_iter_t element, u;
    bool ok = mig_doc_sub(rule->step->body, "updates", &list) && bson_iter_init(&element, &list);
    while (ok && bson_iter_next(&element)) {
        struct mig_at at = { &list_at, bson_iter_key(&element) };
        struct mig_at u_at = { &at, "u" };
        if (!mig_iter_sub(&element, &statement) || !mig_doc_bool(&statement, "multi", false) ||
            !bson_iter_init_find(&u, &statement, "u") || is_modifier(&u))
            continue;
        mig_fault(rule->r, &u_at, "a replacement for many documents (multi)");
        return mig_hint(rule->r->err, "write operators ($set, …) or a pipeline");
    }
    return true;
}

/* ---- batch ---- */

static bool batch_delete_rule(const struct rule *rule)
{
    if (!mig_doc_bool(rule->step->body, "delete", false))
        return fault_in(rule, "delete", "write \"delete\": true, or \"update\"", "delete is false");
    return strcmp(text_of(rule, "exactlyOnce"), "marker") != 0 ||
           fault_in(rule, "exactlyOnce", "take it out: what is deleted no longer fits the filter",
                    "a delete needs no marker");
}

static bool batch_marker_rule(const struct rule *rule, const bson_t *filter, const bson_iter_t *update)
{
    if (bson_empty(filter))
        return fault_in(rule, "filter",
                        "a marker is a field that the filter tests and the update sets, as schemaVersion",
                        "the filter is empty, so a marker cannot leave out what is done (MT018)");
    return mig_update_leaves_filter(filter, update) ||
           fault_in(
               rule, "filter", "test a field that the update sets, as {\"schemaVersion\": {\"$lt\": 2}}",
               "the update touches no field that the filter tests, so nothing tells what is done (MT018)");
}

static bool batch_update_rule(const struct rule *rule, const bson_iter_t *update)
{
    char name[160];
    bson_t filter;
    const char *once = text_of(rule, "exactlyOnce");
    if (!is_modifier(update))
        return fault_in(rule, "update", "write operators ($set, …) or a pipeline",
                        "update is a replacement for many documents");
    if (!*once)
        return fault_in(
            rule, "update",
            "marker: the filter leaves out what is done; transaction: the checkpoint travels with the "
            "documents; idempotent: twice is as once",
            "batch has no \"exactlyOnce\"");
    if (strcmp(once, "marker") == 0)
        return !mig_doc_sub(rule->step->body, "filter", &filter) || batch_marker_rule(rule, &filter, update);
    if (strcmp(once, "idempotent") != 0 || waives(rule->step, "MT016") ||
        !mig_update_repeats(update, name, sizeof name))
        return true;
    return fault_in(
        rule, "update",
        "write exactlyOnce marker or transaction; or waive it: "
        "\"allow\": [{\"rule\": \"MT016\", \"why\": \"…\"}]",
        "%s changes a document again when it is run again, which idempotent says it does not (MT016)", name);
}

static bool batch_rule(const struct rule *rule)
{
    bson_iter_t update;
    bool updates = bson_iter_init_find(&update, rule->step->body, "update");
    bool deletes = bson_has_field(rule->step->body, "delete");
    if (updates == deletes)
        return fault_in(rule, updates ? "delete" : "filter", "write one of them", "batch has %s",
                        updates ? "\"update\" and \"delete\"" : "neither \"update\" nor \"delete\"");
    return updates ? batch_update_rule(rule, &update) : batch_delete_rule(rule);
}

/* ---- aggregations ---- */

static bool pipeline_rule(const struct rule *rule)
{
    struct mig_at list_at = { rule->at, "pipeline" };
    bson_t list, stage;
    bson_iter_t element;
    bool ok = mig_doc_sub(rule->step->body, "pipeline", &list) && bson_iter_init(&element, &list);
    while (ok && bson_iter_next(&element)) {
        struct mig_at at = { &list_at, bson_iter_key(&element) };
        if (!mig_iter_sub(&element, &stage) ||
            (!bson_has_field(&stage, "$merge") && !bson_has_field(&stage, "$out")))
            continue;
        mig_fault(rule->r, &at, "the pipeline has a stage that writes");
        return mig_hint(rule->r->err,
                        "take $merge or $out off: the steps merge and out make it from their members");
    }
    return true;
}

/* ---- command ---- */

static bool is_reserved(const char *collection, const char *prefix)
{
    return strncmp(collection, "system.", 7) == 0 ||
           (*prefix && strncmp(collection, prefix, strlen(prefix)) == 0);
}

/* Commands whose first value is "database.collection". */
static bool names_namespace(const char *command)
{
    static const char *const names[] = { "renameCollection",  "shardCollection",
                                         "reshardCollection", "refineCollectionShardKey",
                                         "unshardCollection", "moveCollection",
                                         "moveChunk",         "split",
                                         "mergeChunks" };
    for (size_t i = 0; i < MIG_COUNT(names); i++) {
        if (strcmp(names[i], command) == 0)
            return true;
    }
    return false;
}

/* In the command or, for commands that a namespace follows, behind the database's name. */
static bool touches_reserved(const struct rule *rule, const char *command, const bson_iter_t *value)
{
    const char *prefix = rule->r->prefix;
    if (!BSON_ITER_HOLDS_UTF8(value))
        return false;
    const char *text = bson_iter_utf8(value, NULL);
    const char *dot = names_namespace(command) ? strchr(text, '.') : NULL;
    return is_reserved(dot ? dot + 1 : text, prefix);
}

static bool command_members_rule(const struct rule *rule, const bson_t *run, const char *command)
{
    static const char *const ours[] = { "lsid",       "txnNumber",    "stmtId",  "startTransaction",
                                        "autocommit", "writeConcern", "comment", "maxTimeMS",
                                        "$db",        "$clusterTime" };
    bson_iter_t member;
    struct mig_at run_at = { rule->at, "run" };
    bool ok = bson_iter_init(&member, run);
    for (bool first = true; ok && bson_iter_next(&member); first = false) {
        struct mig_at at = { &run_at, bson_iter_key(&member) };
        bool target = first || (strcmp(command, "renameCollection") == 0 && strcmp(at.key, "to") == 0);
        for (size_t i = 0; i < MIG_COUNT(ours); i++) {
            if (strcmp(at.key, ours[i]) == 0) {
                mig_fault(rule->r, &at, "%s is migtui's to set", at.key);
                return mig_hint(rule->r->err,
                                "take it out: writes are majority, tagged, and end before the lease does");
            }
        }
        if (target && touches_reserved(rule, command, &member)) {
            MIG_AUTOFREE char *shown = mig_text_safe_dup(bson_iter_utf8(&member, NULL), SHOWN_CHARS);
            mig_fault(rule->r, &at, "%s on \"%s\", a collection of the server's or of migtui's own", command,
                      shown);
            return mig_hint(rule->r->err, "migrations work on the application's collections");
        }
    }
    return true;
}

static bool command_rule(const struct rule *rule)
{
    bson_t run;
    bson_iter_t first;
    if (!mig_doc_sub(rule->step->body, "run", &run) || !bson_iter_init(&first, &run) ||
        !bson_iter_next(&first))
        return true;
    struct mig_at run_at = { rule->at, "run" };
    struct mig_at at = { &run_at, bson_iter_key(&first) };
    const char *why = mig_command_denied(at.key);
    MIG_AUTOFREE char *shown = mig_text_safe_dup(at.key, SHOWN_CHARS);
    if (!why)
        return command_members_rule(rule, &run, shown);
    mig_fault(rule->r, &at, "the command %s is refused: %s (MT034)", shown, why);
    return mig_hint(rule->r->err, "do it outside of migrations");
}

/* ---- exec ---- */

static bool exec_rule(const struct rule *rule)
{
    struct mig_at env_at = { rule->at, "env" };
    bson_iter_t variable;
    bson_t env;
    if (!*mig_doc_str(rule->step->body, "run.0", ""))
        return fault_in(rule, "run", "the first text is the program", "the program has no name");
    bool ok = mig_doc_sub(rule->step->body, "env", &env) && bson_iter_init(&variable, &env);
    while (ok && bson_iter_next(&variable)) {
        struct mig_at at = { &env_at, bson_iter_key(&variable) };
        if (BSON_ITER_HOLDS_UTF8(&variable) && *at.key && !strchr(at.key, '='))
            continue;
        mig_fault(rule->r, &at, "a variable of env is not NAME: text");
        return mig_hint(rule->r->err, "values are texts in double quotes; names have no '='");
    }
    return true;
}

/* ---- all ---- */

static bool (*const rules[MIG_STEP_KINDS])(const struct rule *rule) = {
    [MIG_STEP_COLL_MOD] = coll_mod_rule,
    [MIG_STEP_RENAME_COLLECTION] = rename_rule,
    [MIG_STEP_CREATE_INDEXES] = create_indexes_rule,
    [MIG_STEP_DROP_INDEXES] = drop_indexes_rule,
    [MIG_STEP_INSERT] = insert_rule,
    [MIG_STEP_UPDATE] = update_rule,
    [MIG_STEP_BATCH] = batch_rule,
    [MIG_STEP_MERGE] = pipeline_rule,
    [MIG_STEP_OUT] = pipeline_rule,
    [MIG_STEP_CREATE_VIEW] = pipeline_rule,
    [MIG_STEP_COMMAND] = command_rule,
    [MIG_STEP_EXEC] = exec_rule,
};

bool mig_step_rules(struct mig_reading *r, const struct mig_step *step, const struct mig_at *body_at)
{
    struct rule rule = { r, step, body_at };
    if (step->kind != MIG_STEP_INSERT && !mig_script_free(r, step->body, body_at))
        return false;
    return !rules[step->kind] || rules[step->kind](&rule);
}
