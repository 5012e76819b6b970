/* server_probe.c - hello says what the topology can, buildInfo what the version is, currentOp what we may
 * see. */
#include "app/server_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"

/* Wire versions by release; a server's own claim of what it speaks, so also right for betas and forks. */
#define WIRE_4_0 7  /* transactions on replica sets */
#define WIRE_4_2 8  /* update pipelines, $$NOW, transactions on sharded clusters */
#define WIRE_4_4 9  /* $unionWith */
#define WIRE_8_0 25 /* bulkWrite */

#define COMMAND_NOT_FOUND 59
#define SHORT_MS          5000

static void ask(struct mig_store *store, const char *command, bool own_ops, struct mig_reply *ret)
{
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_INT32(&doc, command, 1);
    if (own_ops)
        BSON_APPEND_BOOL(&doc, "$ownOps", true);
    struct mig_call call = { .db = "admin", .command = &doc, .no_concern = true, .max_time_ms = SHORT_MS };
    store->ops->command(store, &call, ret);
}

static void copy_safe(char *to, size_t size, const char *text)
{
    MIG_AUTOFREE char *safe = mig_text_safe_dup(text, size - 1);
    snprintf(to, size, "%s", safe);
    mig_utf8_trim(to);
}

static void read_topology(const bson_t *hello, struct mig_server *ret)
{
    copy_safe(ret->set_name, sizeof ret->set_name, mig_doc_str(hello, "setName", ""));
    if (ret->set_name[0])
        ret->topology = MIG_TOPOLOGY_REPLICA_SET;
    else if (strcmp(mig_doc_str(hello, "msg", ""), "isdbgrid") == 0)
        ret->topology = MIG_TOPOLOGY_SHARDED;
    copy_safe(ret->primary, sizeof ret->primary, mig_doc_str(hello, "me", mig_doc_str(hello, "primary", "")));
    ret->max_wire = (int)mig_doc_int(hello, "maxWireVersion", 0);
    ret->max_document = mig_doc_int(hello, "maxBsonObjectSize", 16 * 1024 * 1024);
    ret->max_message = mig_doc_int(hello, "maxMessageSizeBytes", 48000000);

    bool many = ret->topology != MIG_TOPOLOGY_STANDALONE;
    bool sessions = mig_doc_int(hello, "logicalSessionTimeoutMinutes", 0) > 0;
    int wire_txn = ret->topology == MIG_TOPOLOGY_SHARDED ? WIRE_4_2 : WIRE_4_0;
    ret->can_transactions = many && sessions && ret->max_wire >= wire_txn;
    ret->can_pipeline_update = ret->max_wire >= WIRE_4_2;
    ret->can_union = ret->max_wire >= WIRE_4_4;
    ret->can_bulk_write = ret->max_wire >= WIRE_8_0;
    ret->can_change_streams = many;
    ret->majority_reads = many;
}

/* A secondary answers hello as politely as a primary does. */
static bool check_writable(const bson_t *hello, const struct mig_server *server, struct mig_error *err)
{
    if (mig_doc_bool(hello, "isWritablePrimary", mig_doc_bool(hello, "ismaster", false)))
        return true;
    MIG_AUTOFREE char *primary = mig_text_safe_dup(mig_doc_str(hello, "primary", ""), 270);
    mig_fail(err, MIG_ERR_WRONG_SERVER, "%s is not the primary of \"%s\"; %s%s", server->primary,
             server->set_name, *primary ? "that is " : "there is none just now", primary);
    return mig_hint(err, "take directConnection out of the connection string and name the set: replicaSet=%s",
                    server->set_name);
}

static bool read_version(const bson_t *info, struct mig_server *ret, struct mig_error *err)
{
    copy_safe(ret->version, sizeof ret->version, mig_doc_str(info, "version", "unknown"));
    ret->major = (int)mig_doc_int(info, "versionArray.0", 0);
    ret->minor = (int)mig_doc_int(info, "versionArray.1", 0);
    if (ret->max_wire >= WIRE_4_2)
        return true;
    mig_fail(err, MIG_ERR_TOO_OLD, "the server is MongoDB %s; migtui needs 4.2 or later", ret->version);
    return mig_hint(err,
                    "its locks rest on update pipelines with the server's own clock, which came with 4.2");
}

bool mig_server_glance(struct mig_store *store, struct mig_host *host, struct mig_server *ret,
                       struct mig_error *err)
{
    *ret = (struct mig_server){ 0 };
    struct mig_reply reply;
    ask(store, "hello", false, &reply);
    if (reply.outcome == MIG_OUTCOME_REFUSED && mig_doc_int(&reply.body, "code", 0) == COMMAND_NOT_FOUND) {
        mig_reply_done(&reply); /* the word came with the last patches of 4.2 and 4.4 */
        ask(store, "isMaster", false, &reply);
    }
    bool ok = reply.outcome == MIG_OUTCOME_OK;
    if (ok) {
        int64_t ours = host->ops->wall_ms(host) - reply.took_ms / 2;
        ret->skew_ms = mig_doc_time(&reply.body, "localTime", ours) - ours;
        read_topology(&reply.body, ret);
        ok = check_writable(&reply.body, ret, err);
    } else if (err) {
        *err = reply.error;
    }
    mig_reply_done(&reply);
    if (!ok)
        return false;

    ask(store, "buildInfo", false, &reply);
    ok = reply.outcome == MIG_OUTCOME_OK;
    if (ok)
        ok = read_version(&reply.body, ret, err);
    else if (err)
        *err = reply.error;
    mig_reply_done(&reply);
    return ok;
}

/* users: an array of {user, db}; the first is the one the connection is for. */
static void read_user(const bson_t *doc, const char *path, struct mig_server *ret)
{
    char at[64];
    snprintf(at, sizeof at, "%s.0.user", path);
    const char *user = mig_doc_str(doc, at, "");
    if (!*user)
        return;
    snprintf(at, sizeof at, "%s.0.db", path);
    char both[512];
    snprintf(both, sizeof both, "%s@%s", user, mig_doc_str(doc, at, ""));
    mig_utf8_trim(both);
    copy_safe(ret->db_user, sizeof ret->db_user, both);
}

/* Our own look is among the operations, and says on whose behalf. */
static void read_own_operation(const bson_t *body, struct mig_server *ret)
{
    bson_t list;
    bson_iter_t it;
    if (!mig_doc_sub(body, "inprog", &list) || !bson_iter_init(&it, &list))
        return;
    while (bson_iter_next(&it)) {
        bson_t op;
        if (mig_iter_sub(&it, &op) && mig_doc_has(&op, "command.currentOp"))
            read_user(&op, "effectiveUsers", ret);
    }
}

bool mig_server_probe_operations(struct mig_store *store, struct mig_server *ret, struct mig_error *err)
{
    struct mig_reply reply;
    ask(store, "currentOp", true, &reply);
    enum mig_outcome outcome = reply.outcome;
    if (outcome == MIG_OUTCOME_OK) {
        ret->can_current_op = true;
        read_own_operation(&reply.body, ret);
    } else if (outcome != MIG_OUTCOME_REFUSED && err) {
        *err = reply.error;
    }
    mig_reply_done(&reply);
    return outcome == MIG_OUTCOME_OK || outcome == MIG_OUTCOME_REFUSED;
}

bool mig_server_probe(struct mig_store *store, struct mig_host *host, struct mig_server *ret,
                      struct mig_error *err)
{
    if (!mig_server_glance(store, host, ret, err) || !mig_server_probe_operations(store, ret, err))
        return false;
    if (ret->can_current_op)
        return true;
    struct mig_reply reply;
    ask(store, "connectionStatus", false, &reply);
    if (reply.outcome == MIG_OUTCOME_OK)
        read_user(&reply.body, "authInfo.authenticatedUsers", ret);
    mig_reply_done(&reply);
    return true;
}
