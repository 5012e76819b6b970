/* steps_bulk.c - inserts, updates and deletes as operations of the bulkWrite command (MongoDB 8.0).
 *
 * bulkWrite says the same things by other names: q is filter, u is updateMods, c is constants, and a delete
 * has multi where the delete command has limit.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/steps.h"

struct bulk {
    const char *database;
    bson_t *ops;
    int *ops_count;
    bson_t *ns_info;
    int *ns_count;
    int appended;
};

/* The number of the collection's namespace, appended when it is new. Linear: a group touches few
 * collections. */
static int namespace_of(struct bulk *bulk, const char *collection)
{
    MIG_AUTOFREE char *ns = mig_printf("%s.%s", bulk->database, collection);
    bson_iter_t iter;
    bson_t entry;
    bool ok = bson_iter_init(&iter, bulk->ns_info);
    for (int i = 0; ok && bson_iter_next(&iter); i++) {
        if (mig_iter_sub(&iter, &entry) && strcmp(mig_doc_str(&entry, "ns", ""), ns) == 0)
            return i;
    }
    MIG_AUTOFREE char *key = mig_printf("%d", *bulk->ns_count);
    bson_append_document_begin(bulk->ns_info, key, -1, &entry);
    BSON_APPEND_UTF8(&entry, "ns", ns);
    bson_append_document_end(bulk->ns_info, &entry);
    return (*bulk->ns_count)++;
}

static const char *bulk_name(const char *name)
{
    static const char *const renamed[][2] = { { "q", "filter" },
                                              { "u", "updateMods" },
                                              { "c", "constants" } };
    for (size_t i = 0; i < MIG_COUNT(renamed); i++) {
        if (strcmp(renamed[i][0], name) == 0)
            return renamed[i][1];
    }
    return name;
}

static void append_statement(bson_t *op, const bson_iter_t *statement)
{
    bson_iter_t member;
    if (!bson_iter_recurse(statement, &member))
        return;
    while (bson_iter_next(&member)) {
        if (strcmp(bson_iter_key(&member), "limit") == 0)
            BSON_APPEND_BOOL(op, "multi", mig_iter_int(&member, 0) != 1);
        else
            bson_append_iter(op, bulk_name(bson_iter_key(&member)), -1, &member);
    }
}

static void append_document(bson_t *op, const bson_iter_t *document)
{
    bson_append_iter(op, "document", -1, document);
}

static const struct {
    enum mig_step_kind kind;
    const char *verb;
    const char *list;
    void (*append)(bson_t *op, const bson_iter_t *statement);
} verbs[] = {
    { MIG_STEP_INSERT, "insert", "documents", append_document },
    { MIG_STEP_UPDATE, "update", "updates", append_statement },
    { MIG_STEP_DELETE, "delete", "deletes", append_statement },
};

static void append_step(struct bulk *bulk, const struct mig_step *step)
{
    size_t i = 0;
    while (i < MIG_COUNT(verbs) && verbs[i].kind != step->kind)
        i++;
    bson_iter_t iter;
    bson_t list, op;
    if (i == MIG_COUNT(verbs) || !mig_doc_sub(step->body, verbs[i].list, &list) ||
        !bson_iter_init(&iter, &list))
        return;
    int ns = namespace_of(bulk, step->collection);
    while (bson_iter_next(&iter)) {
        MIG_AUTOFREE char *key = mig_printf("%d", (*bulk->ops_count)++);
        bson_append_document_begin(bulk->ops, key, -1, &op);
        bson_append_int32(&op, verbs[i].verb, -1, ns);
        verbs[i].append(&op, &iter);
        bson_append_document_end(bulk->ops, &op);
        bulk->appended++;
    }
}

int mig_step_bulk_ops(const struct mig_step *step, const char *database, bson_t *ops, int *ops_count,
                      bson_t *ns_info, int *ns_count)
{
    struct bulk bulk = { database, ops, ops_count, ns_info, ns_count, 0 };
    append_step(&bulk, step);
    for (size_t i = 0; i < step->inner_count; i++)
        append_step(&bulk, &step->inner[i]);
    return bulk.appended;
}
