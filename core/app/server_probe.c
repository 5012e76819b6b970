/* server_probe.c - hello says what the topology can, buildInfo what the version is, currentOp what we may
 * see, connectionStatus who we are. */
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

static void ask(struct mig_store *store, const char *command, const char *flag, struct mig_reply *ret)
{
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_INT32(&doc, command, 1);
    if (flag)
        BSON_APPEND_BOOL(&doc, flag, true);
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
    ask(store, "hello", NULL, &reply);
    if (reply.outcome == MIG_OUTCOME_REFUSED && mig_doc_int(&reply.body, "code", 0) == COMMAND_NOT_FOUND) {
        mig_reply_done(&reply); /* the word came with the last patches of 4.2 and 4.4 */
        ask(store, "isMaster", NULL, &reply);
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

    ask(store, "buildInfo", NULL, &reply);
    ok = reply.outcome == MIG_OUTCOME_OK;
    if (ok)
        ok = read_version(&reply.body, ret, err);
    else if (err)
        *err = reply.error;
    mig_reply_done(&reply);
    return ok;
}

bool mig_server_probe_operations(struct mig_store *store, struct mig_server *ret, struct mig_error *err)
{
    struct mig_reply reply;
    ask(store, "currentOp", "$ownOps", &reply);
    enum mig_outcome outcome = reply.outcome;
    ret->can_current_op = outcome == MIG_OUTCOME_OK;
    if (outcome != MIG_OUTCOME_OK && outcome != MIG_OUTCOME_REFUSED && err)
        *err = reply.error;
    mig_reply_done(&reply);
    return outcome == MIG_OUTCOME_OK || outcome == MIG_OUTCOME_REFUSED;
}

/* ---- the database user ---- */

/* Does one privilege allow to insert into any collection of that database? */
static bool lets_write(const bson_t *privilege, const char *database)
{
    bson_t actions;
    bson_iter_t action;
    const char *on = mig_doc_str(privilege, "resource.db", NULL);
    bool here =
        mig_doc_bool(privilege, "resource.anyResource", false) ||
        (on && (!*on || strcmp(on, database) == 0) && !*mig_doc_str(privilege, "resource.collection", ""));
    bool more = here && mig_doc_sub(privilege, "actions", &actions) && bson_iter_init(&action, &actions);
    while (more && bson_iter_next(&action)) {
        if (BSON_ITER_HOLDS_UTF8(&action) && strcmp(bson_iter_utf8(&action, NULL), "insert") == 0)
            return true;
    }
    return false;
}

static bool is_reading_role(const bson_t *role, const char *database)
{
    (void)database;
    const char *name = mig_doc_str(role, "role", "");
    return strcmp(name, "read") == 0 || strcmp(name, "readAnyDatabase") == 0;
}

/* How many of a list's documents are like that; *ret_all: how many there are. */
static size_t count_like(const bson_t *body, const char *path, const char *database, size_t *ret_all,
                         bool (*like)(const bson_t *doc, const char *database))
{
    bson_t list, doc;
    bson_iter_t each;
    size_t found = 0;
    *ret_all = 0;
    bool more = mig_doc_sub(body, path, &list) && bson_iter_init(&each, &list);
    while (more && bson_iter_next(&each)) {
        ++*ret_all;
        found += mig_iter_sub(&each, &doc) && like(&doc, database);
    }
    return found;
}

static void read_user(const bson_t *body, const char *database, struct mig_server *ret)
{
    size_t all;
    const char *user = mig_doc_str(body, "authInfo.authenticatedUsers.0.user", "");
    ret->db_user[0] = '\0';
    ret->may_only_read = false;
    if (!*user)
        return;
    char both[512];
    snprintf(both, sizeof both, "%s@%s", user, mig_doc_str(body, "authInfo.authenticatedUsers.0.db", ""));
    mig_utf8_trim(both);
    copy_safe(ret->db_user, sizeof ret->db_user, both);
    size_t writing = count_like(body, "authInfo.authenticatedUserPrivileges", database, &all, lets_write);
    if (all > 0) {
        ret->may_only_read = writing == 0;
        return;
    }
    /* A server that tells roles only: those that MongoDB itself has for reading. */
    size_t reading = count_like(body, "authInfo.authenticatedUserRoles", database, &all, is_reading_role);
    ret->may_only_read = all > 0 && reading == all;
}

bool mig_server_probe_user(struct mig_store *store, const char *database, struct mig_server *ret,
                           struct mig_error *err)
{
    struct mig_reply reply;
    ask(store, "connectionStatus", "showPrivileges", &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK;
    if (ok)
        read_user(&reply.body, database, ret);
    else if (err)
        *err = reply.error;
    mig_reply_done(&reply);
    return ok;
}
