/* model_admin.c - what the server says of itself, and the ends it makes of operations and sessions. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"
#include "sim/model.h"

static enum sim_run ok(struct sim_op *op)
{
    BSON_APPEND_DOUBLE(&op->reply, "ok", 1);
    return SIM_RUN_REPLY;
}

static enum sim_run hello(struct sim_model *model, struct sim_op *op)
{
    const struct sim_profile *profile = model->profile;
    bson_reinit(&op->reply);
    BSON_APPEND_BOOL(&op->reply, "isWritablePrimary", true);
    if (!profile->standalone) {
        BSON_APPEND_UTF8(&op->reply, "setName", "rs0");
        BSON_APPEND_UTF8(&op->reply, "me", "model:27017");
    }
    BSON_APPEND_INT32(&op->reply, "maxWireVersion", profile->wire);
    BSON_APPEND_INT32(&op->reply, "maxBsonObjectSize", 16 * 1024 * 1024);
    BSON_APPEND_INT32(&op->reply, "logicalSessionTimeoutMinutes", 30);
    BSON_APPEND_DATE_TIME(&op->reply, "localTime", sim_model_now_ms(model));
    return ok(op);
}

static enum sim_run build_info(struct sim_model *model, struct sim_op *op)
{
    bson_t version;
    bson_reinit(&op->reply);
    BSON_APPEND_UTF8(&op->reply, "version", model->profile->version);
    BSON_APPEND_ARRAY_BEGIN(&op->reply, "versionArray", &version);
    BSON_APPEND_INT32(&version, "0", model->profile->major);
    BSON_APPEND_INT32(&version, "1", model->profile->minor);
    bson_append_array_end(&op->reply, &version);
    return ok(op);
}

static enum sim_run connection_status(struct sim_model *model, struct sim_op *op)
{
    bson_t info, users;
    (void)model;
    bson_reinit(&op->reply);
    BSON_APPEND_DOCUMENT_BEGIN(&op->reply, "authInfo", &info);
    BSON_APPEND_ARRAY_BEGIN(&info, "authenticatedUsers", &users);
    bson_append_array_end(&info, &users);
    bson_append_document_end(&op->reply, &info);
    return ok(op);
}

static enum sim_run current_op(struct sim_model *model, struct sim_op *op)
{
    bson_t list, row, client, name;
    uint32_t count = 0;
    bson_reinit(&op->reply);
    BSON_APPEND_ARRAY_BEGIN(&op->reply, "inprog", &list);
    for (const struct sim_op *other = model->ops; other; other = other->next) {
        char key[24];
        const char *index;
        bson_uint32_to_string(count++, &index, key, sizeof key);
        BSON_APPEND_DOCUMENT_BEGIN(&list, index, &row);
        BSON_APPEND_INT64(&row, "opid", (int64_t)other->id);
        BSON_APPEND_BOOL(&row, "active", true);
        BSON_APPEND_INT64(&row, "secs_running", (model->sim->now_us - other->began_us) / 1000000);
        if (!model->profile->mute_ops)
            BSON_APPEND_DOCUMENT(&row, "command", &other->request.command);
        BSON_APPEND_DOCUMENT_BEGIN(&row, "clientMetadata", &client);
        BSON_APPEND_DOCUMENT_BEGIN(&client, "application", &name);
        BSON_APPEND_UTF8(&name, "name", other->request.app);
        bson_append_document_end(&client, &name);
        bson_append_document_end(&row, &client);
        bson_append_document_end(&list, &row);
    }
    bson_append_array_end(&op->reply, &list);
    return ok(op);
}

/* The operation ends at its next turn, which comes at once. A write that only waits for its majority is done, and goes on. */
static void kill_op(struct sim_model *model, struct sim_op *victim)
{
    if (victim->state == SIM_OP_WAITS_MAJORITY)
        return;
    victim->killed = true;
    sim_op_again(model, victim, 0);
}

static enum sim_run kill_one(struct sim_model *model, struct sim_op *op)
{
    int64_t id = mig_doc_int(&op->request.command, "op", -1);
    for (struct sim_op *other = model->ops; other; other = other->next) {
        if ((int64_t)other->id == id)
            kill_op(model, other);
    }
    bson_reinit(&op->reply);
    return ok(op);
}

static enum sim_run kill_sessions(struct sim_model *model, struct sim_op *op)
{
    bson_t list, session;
    bson_iter_t each;
    mig_doc_sub(&op->request.command, "killSessions", &list);
    for (bool more = bson_iter_init(&each, &list); more && bson_iter_next(&each);) {
        uint64_t lsid = mig_iter_sub(&each, &session) ? (uint64_t)mig_doc_int(&session, "id", 0) : 0;
        for (struct sim_op *other = model->ops; other; other = other->next) {
            if (other->request.lsid == lsid)
                kill_op(model, other);
        }
        for (struct sim_open_txn *txn = model->txns; txn;) {
            struct sim_open_txn *next = txn->next;
            if (txn->lsid == lsid)
                sim_model_abort(model, txn);
            txn = next;
        }
    }
    bson_reinit(&op->reply);
    return ok(op);
}

static const struct {
    const char *verb;
    enum sim_run (*run)(struct sim_model *model, struct sim_op *op);
} verbs[] = {
    { "hello", hello },          { "buildInfo", build_info }, { "connectionStatus", connection_status },
    { "currentOp", current_op }, { "killOp", kill_one },      { "killSessions", kill_sessions },
};

enum sim_run sim_run_admin(struct sim_model *model, struct sim_op *op)
{
    size_t i = 0;
    while (strcmp(verbs[i].verb, sim_op_verb(op)) != 0)
        i++;
    return verbs[i].run(model, op);
}
