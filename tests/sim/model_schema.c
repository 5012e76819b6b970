/* model_schema.c - collections and indexes. A build takes its time and goes on when its client is gone. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "sim/model.h"
#include "sim/value.h"

#define HELD_US 15000

static enum sim_run ok(struct sim_op *op)
{
    bson_reinit(&op->reply);
    BSON_APPEND_DOUBLE(&op->reply, "ok", 1);
    return SIM_RUN_REPLY;
}

static enum sim_run missing(struct sim_model *model, struct sim_op *op)
{
    return sim_op_refuse(model, op, 26, "NamespaceNotFound", "ns not found");
}

static void next_uuid(struct sim_model *model, uint8_t uuid[16])
{
    uint64_t number = ++model->uuids;
    memset(uuid, 0, 16);
    memcpy(uuid, &number, sizeof number);
}

static void append_to(bson_t *list, const bson_t *spec)
{
    char key[24];
    const char *index;
    bson_uint32_to_string(bson_count_keys(list), &index, key, sizeof key);
    BSON_APPEND_DOCUMENT(list, index, spec);
}

static bool by_name(const bson_t *list, const char *name, bson_t *ret)
{
    bson_iter_t each;
    for (bool more = bson_iter_init(&each, list); more && bson_iter_next(&each);) {
        if (mig_iter_sub(&each, ret) && strcmp(mig_doc_str(ret, "name", ""), name) == 0)
            return true;
    }
    return false;
}

/* The list without that name, or with another in its place (may be NULL). Initialises *ret. */
static void list_change(const bson_t *list, const char *name, const bson_t *with, bson_t *ret)
{
    bson_iter_t each;
    bson_t spec;
    bson_init(ret);
    for (bool more = bson_iter_init(&each, list); more && bson_iter_next(&each);) {
        if (!mig_iter_sub(&each, &spec))
            continue;
        if (strcmp(mig_doc_str(&spec, "name", ""), name) != 0)
            append_to(ret, &spec);
        else if (with)
            append_to(ret, with);
    }
}

/* ---- collections ---- */

static const char *const beside[] = { "create",  "collMod", "writeConcern", "maxTimeMS",
                                      "comment", "lsid",    "txnNumber" };

static bool is_option(const char *name)
{
    for (size_t i = 0; i < MIG_COUNT(beside); i++) {
        if (strcmp(beside[i], name) == 0)
            return false;
    }
    return true;
}

static enum sim_run create(struct sim_model *model, struct sim_op *op)
{
    const char *name = sim_op_target(op);
    uint8_t uuid[16];
    bson_iter_t option;
    if (sim_state_find(sim_model_last(model), name))
        return sim_op_refuse(model, op, 48, "NamespaceExists", "a collection already exists");
    next_uuid(model, uuid);
    struct sim_state *state = sim_model_begin(model);
    struct sim_coll *coll = sim_state_create(state, name, uuid);
    for (bool more = bson_iter_init(&option, &op->request.command); more && bson_iter_next(&option);) {
        if (is_option(bson_iter_key(&option)))
            bson_append_iter(&coll->meta->options, NULL, 0, &option);
    }
    coll->meta->is_view = bson_has_field(&coll->meta->options, "viewOn");
    sim_model_commit(model, state, op);
    return ok(op);
}

static enum sim_run drop(struct sim_model *model, struct sim_op *op)
{
    const char *name = sim_op_target(op);
    if (!sim_state_find(sim_model_last(model), name))
        return model->profile->major >= 7 ? ok(op) : missing(model, op);
    struct sim_state *state = sim_model_begin(model);
    sim_state_drop(state, name);
    sim_model_commit(model, state, op);
    ok(op);
    char ns[120];
    snprintf(ns, sizeof ns, "shop.%s", name);
    BSON_APPEND_UTF8(&op->reply, "ns", ns);
    return SIM_RUN_REPLY;
}

static enum sim_run rename_collection(struct sim_model *model, struct sim_op *op)
{
    const char *from = sim_op_target(op);
    const char *to = mig_doc_str(&op->request.command, "to", "");
    if (!strchr(from, '.') || !strchr(to, '.'))
        sim_fail(model->sim, "the model does not know a rename without databases");
    from = strchr(from, '.') + 1;
    to = strchr(to, '.') + 1;
    if (!sim_state_find(sim_model_last(model), from))
        return missing(model, op);
    if (sim_state_find(sim_model_last(model), to))
        return sim_op_refuse(model, op, 48, "NamespaceExists", "target namespace exists");
    struct sim_state *state = sim_model_begin(model);
    struct sim_coll *coll = sim_state_own(state, from);
    snprintf(coll->name, sizeof coll->name, "%s", to);
    sim_model_commit(model, state, op);
    return ok(op);
}

static enum sim_run coll_mod(struct sim_model *model, struct sim_op *op)
{
    const bson_t *command = &op->request.command;
    bson_iter_t option;
    bson_t spec, list;
    MIG_AUTODOC bson_t set = BSON_INITIALIZER;
    if (!sim_state_find(sim_model_last(model), sim_op_target(op)))
        return missing(model, op);
    struct sim_state *state = sim_model_begin(model);
    struct sim_meta *meta = sim_meta_own(sim_state_own(state, sim_op_target(op)));
    const char *index = mig_doc_str(command, "index.name", NULL);
    if (index && by_name(&meta->indexes, index, &spec)) {
        MIG_AUTODOC bson_t flag = BSON_INITIALIZER;
        MIG_AUTODOC bson_t none = BSON_INITIALIZER;
        bson_t changed;
        bool hidden = mig_doc_bool(command, "index.hidden", false);
        BSON_APPEND_BOOL(&flag, "hidden", true);
        sim_doc_change(&spec, hidden ? &flag : NULL, hidden ? NULL : &flag, &changed);
        list_change(&meta->indexes, index, &changed, &list);
        bson_destroy(&changed);
        bson_destroy(&meta->indexes);
        bson_steal(&meta->indexes, &list);
    } else if (index) {
        sim_state_unref(state);
        return sim_op_refuse(model, op, 27, "IndexNotFound", "cannot find index");
    }
    for (bool more = bson_iter_init(&option, command); more && bson_iter_next(&option);) {
        const char *name = bson_iter_key(&option);
        if (strcmp(name, "index") != 0 && is_option(name))
            bson_append_iter(&set, NULL, 0, &option);
    }
    bson_t options;
    sim_doc_change(&meta->options, &set, NULL, &options);
    bson_destroy(&meta->options);
    bson_steal(&meta->options, &options);
    sim_model_commit(model, state, op);
    return ok(op);
}

/* ---- indexes ---- */

static enum sim_run built(struct sim_op *op, int64_t before, int64_t after)
{
    ok(op);
    BSON_APPEND_INT64(&op->reply, "numIndexesBefore", before);
    BSON_APPEND_INT64(&op->reply, "numIndexesAfter", after);
    return SIM_RUN_REPLY;
}

/* First turn: the specs that are new are being built. Last turn: they are there. Killed or failed over in between: they are
 * not (a build that a failover interrupts is begun anew by mongod; ours is given up, which is the harder case). */
static enum sim_run create_indexes(struct sim_model *model, struct sim_op *op)
{
    const char *name = sim_op_target(op);
    bson_iter_t each;
    bson_t list, spec, there;
    bool first = op->statement == 0;
    if (!mig_doc_sub(&op->request.command, "indexes", &list))
        sim_fail(model->sim, "the model does not know this createIndexes");
    struct sim_state *state = sim_model_begin(model);
    struct sim_coll *coll = sim_state_own(state, name);
    if (!coll) {
        uint8_t uuid[16];
        next_uuid(model, uuid);
        coll = sim_state_create(state, name, uuid);
    }
    struct sim_meta *meta = sim_meta_own(coll);
    int64_t before = bson_count_keys(&meta->indexes);
    bool changed = false;
    for (bool more = bson_iter_init(&each, &list); more && bson_iter_next(&each);) {
        MIG_AUTODOC bson_t full = BSON_INITIALIZER;
        mig_iter_sub(&each, &spec);
        const char *index = mig_doc_str(&spec, "name", "");
        if (by_name(&meta->indexes, index, &there))
            continue;
        changed = true;
        BSON_APPEND_INT32(&full, "v", 2);
        bson_concat(&full, &spec);
        if (first) {
            if (!by_name(&meta->building, index, &there))
                append_to(&meta->building, &full);
        } else {
            bson_t left;
            append_to(&meta->indexes, &full);
            list_change(&meta->building, index, NULL, &left);
            bson_destroy(&meta->building);
            bson_steal(&meta->building, &left);
        }
    }
    int64_t after = bson_count_keys(&meta->indexes);
    if (!changed) {
        sim_state_unref(state);
        return built(op, before, before);
    }
    sim_model_commit(model, state, op);
    op->statement++;
    if (!first)
        return built(op, before, after);
    sim_op_again(model, op, sim_skewed(&model->sim->rng, 500, 20000000));
    return SIM_RUN_AGAIN;
}

void sim_schema_give_up(struct sim_model *model, const struct sim_op *op)
{
    if (op && (strcmp(sim_op_verb(op), "createIndexes") != 0 || op->statement == 0))
        return;
    for (size_t i = 0; i < sim_model_last(model)->count; i++) {
        const struct sim_coll *coll = sim_model_last(model)->colls[i];
        if (bson_empty(&coll->meta->building) || (op && strcmp(coll->name, sim_op_target(op)) != 0))
            continue;
        struct sim_state *state = sim_model_begin(model);
        bson_reinit(&sim_meta_own(sim_state_own(state, coll->name))->building);
        sim_model_commit(model, state, op);
    }
}

static enum sim_run drop_indexes(struct sim_model *model, struct sim_op *op)
{
    const char *index = mig_doc_str(&op->request.command, "index", NULL);
    const struct sim_coll *coll = sim_state_find(sim_model_last(model), sim_op_target(op));
    bson_t there, left;
    if (!index)
        sim_fail(model->sim, "the model does not know dropIndexes of several");
    if (!coll)
        return missing(model, op);
    if (!index || !by_name(&coll->meta->indexes, index, &there))
        return sim_op_refuse(model, op, 27, "IndexNotFound", "index not found with name");
    struct sim_state *state = sim_model_begin(model);
    struct sim_meta *meta = sim_meta_own(sim_state_own(state, sim_op_target(op)));
    list_change(&meta->indexes, index, NULL, &left);
    bson_destroy(&meta->indexes);
    bson_steal(&meta->indexes, &left);
    sim_model_commit(model, state, op);
    return ok(op);
}

/* ---- all ---- */

static const struct {
    const char *verb;
    enum sim_run (*run)(struct sim_model *model, struct sim_op *op);
} verbs[] = {
    { "create", create },
    { "drop", drop },
    { "renameCollection", rename_collection },
    { "collMod", coll_mod },
    { "createIndexes", create_indexes },
    { "dropIndexes", drop_indexes },
};

enum sim_run sim_run_schema(struct sim_model *model, struct sim_op *op)
{
    const char *name = sim_op_target(op);
    const char *dot = strchr(name, '.');
    size_t i = 0;
    name = dot ? dot + 1 : name;
    if (op->request.in_txn)
        return sim_op_refuse(model, op, 263, "OperationNotSupportedInTransaction", "not in a transaction");
    if (sim_model_held(model, NULL, name, NULL)) {
        sim_op_again(model, op, HELD_US);
        return SIM_RUN_AGAIN;
    }
    if (model->executing && op->statement == 0)
        model->executing(model->changed_context, op, name);
    while (strcmp(verbs[i].verb, sim_op_verb(op)) != 0)
        i++;
    op->wrote = true;
    return verbs[i].run(model, op);
}
