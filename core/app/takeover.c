/* takeover.c - before a run continues where another one died, nothing of the dead one may still execute. */
#include <stdio.h>
#include <string.h>

#include "app/lock.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/id.h"

#define POLL_MS 200

bool mig_takeover_is_of(const bson_t *op, const char *run)
{
    static const char *const paths[] = { "appName", "clientMetadata.application.name", "command.comment",
                                         "originatingCommand.comment", "cursor.originatingCommand.comment" };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strstr(mig_doc_str(op, paths[i], ""), run))
            return true;
    }
    return false;
}

static void kill_op(struct mig_store *store, const bson_t *op)
{
    bson_t command = BSON_INITIALIZER;
    bson_iter_t id;
    struct mig_call call = { .db = "admin", .command = &command, .no_concern = true, .max_time_ms = 5000 };
    struct mig_reply reply;
    BSON_APPEND_INT32(&command, "killOp", 1);
    if (mig_doc_find(op, "opid", &id)) {
        bson_append_iter(&command, "op", -1, &id);
        store->ops->command(store, &call, &reply);
        mig_reply_done(&reply); /* whether it is gone is seen at the next look */
    }
    bson_destroy(&command);
}

/* The server will never do it, whatever is tried: no such command, no right to it. */
static bool never(const struct mig_reply *reply)
{
    int code = reply->error.server_code;
    return reply->outcome == MIG_OUTCOME_REFUSED &&
           (code == 13 /* Unauthorized */ || code == 59 /* CommandNotFound */ ||
            code == 115 /* NotSupported */);
}

#define NEVER_TELLS (-2)

/* Kill what is found of one dead run; how many operations there were, -1 when that could not be seen, NEVER_TELLS when it never can. */
static int sweep(struct mig_store *store, const char *run, struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command = BCON_NEW("currentOp", BCON_INT32(1), "$ownOps", BCON_BOOL(true));
    struct mig_call call = { .db = "admin", .command = command, .no_concern = true, .max_time_ms = 10000 };
    struct mig_reply reply;
    bson_iter_t list;
    bson_iter_t each;
    int found = -1;
    store->ops->command(store, &call, &reply);
    if (reply.outcome != MIG_OUTCOME_OK) {
        *err = reply.error;
        found = never(&reply) ? NEVER_TELLS : -1;
    } else if (mig_doc_find(&reply.body, "inprog", &list) && BSON_ITER_HOLDS_ARRAY(&list) &&
               bson_iter_recurse(&list, &each)) {
        found = 0;
        while (bson_iter_next(&each)) {
            bson_t op;
            if (!mig_iter_sub(&each, &op) || !mig_doc_bool(&op, "active", false) ||
                !mig_takeover_is_of(&op, run))
                continue;
            found++;
            kill_op(store, &op);
        }
    } else {
        mig_fail(err, MIG_ERR_SERVER, "currentOp answered without a list of operations");
    }
    mig_reply_done(&reply);
    return found;
}

static bool take_list(const bson_t *doc, void *context)
{
    bson_t list;
    if (mig_doc_sub(doc, "unquiet", &list))
        bson_concat(context, &list);
    return false;
}

/* A dead client's open transaction keeps its locks until the server's limit (60 s on mongod); its session's end ends it at
 * once. Asked again until it is done: a command that ran out of time has ended nothing. Where the server cannot, its own limit
 * ends them, and our writes wait for it. */
static bool end_sessions(struct mig_store *store, struct mig_host *host, const bson_t *run, const char *id,
                         int64_t deadline_ms, struct mig_error *err)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    bson_t sessions;
    if (!mig_doc_sub(run, "sessions", &sessions) || bson_empty(&sessions))
        return true;
    BSON_APPEND_ARRAY(&command, "killSessions", &sessions);
    struct mig_call call = { .db = "admin", .command = &command, .no_concern = true, .max_time_ms = 10000 };
    for (;;) {
        struct mig_reply reply;
        store->ops->command(store, &call, &reply);
        bool over = reply.outcome == MIG_OUTCOME_OK || never(&reply);
        int64_t now = host->ops->mono_ms(host);
        if (!over && now >= deadline_ms) {
            *err = reply.error;
            mig_context(err, "the sessions of run %s could not be ended", id);
            mig_hint(err, "nothing was started; the next run tries again");
        }
        mig_reply_done(&reply);
        if (over || now >= deadline_ms)
            return over;
        host->ops->sleep_until(host, now + POLL_MS, NULL);
    }
}

/* released: the run ended by itself and only may have left something; where that can never be seen, its commands' own time limits end
 * them. */
static bool quiesce_run(struct mig_store *store, struct mig_host *host, const char *run, bool released,
                        int64_t deadline_ms, int *ret_killed, struct mig_error *err)
{
    for (;;) {
        int found = sweep(store, run, err);
        if (found == 0 || (released && found == NEVER_TELLS))
            return true;
        if (found < 0) {
            mig_context(err, "cannot see whether run %s left operations on the server", run);
            return mig_hint(err,
                            "the database user must see its own operations (currentOp); nothing was started");
        }
        *ret_killed = found > *ret_killed ? found : *ret_killed;
        int64_t now = host->ops->mono_ms(host);
        if (now >= deadline_ms) {
            mig_fail(err, MIG_ERR_LOCKED, "%d operations of run %s are still executing on the server", found,
                     run);
            return mig_hint(err, "nothing was started; the next run looks again");
        }
        host->ops->sleep_until(host, now + POLL_MS, NULL);
    }
}

static bool strike_off(struct mig_store *store, const struct mig_names *names, struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("update", BCON_UTF8(names->lock), "updates", "[", "{", "q", "{", "_id", "lock", "}", "u",
                 "{", "$set", "{", "unquiet", "[", "]", "}", "}", "}", "]");
    return mig_write(store, command, err);
}

bool mig_takeover_quiesce(struct mig_store *store, struct mig_host *host, const struct mig_names *names,
                          int64_t deadline_ms, int *ret_killed, struct mig_error *err)
{
    MIG_AUTODOC bson_t runs = BSON_INITIALIZER;
    MIG_AUTOBSON bson_t *find = BCON_NEW("find", BCON_UTF8(names->lock), "filter", "{", "_id", "lock", "}");
    struct mig_call look = { .command = find, .max_time_ms = 5000 };
    bson_iter_t iter;
    *ret_killed = 0;
    if (!store->ops->query(store, &look, take_list, &runs, err))
        return false;
    for (bool more = bson_iter_init(&iter, &runs); more && bson_iter_next(&iter);) {
        bson_t run;
        if (!mig_iter_sub(&iter, &run))
            continue;
        const char *id = mig_doc_str(&run, "run", "");
        if (!mig_ulid_valid(id)) { /* an empty one would be found in every operation */
            mig_fail(err, MIG_ERR_INTEGRITY, "the lock lists a dead run whose id cannot be read");
            return mig_hint(err,
                            "nothing was started; see `unquiet` in %s: when nothing of that run executes "
                            "any more, set it to []",
                            names->lock);
        }
        if (!end_sessions(store, host, &run, id, deadline_ms, err) ||
            !quiesce_run(store, host, id, mig_doc_bool(&run, "released", false), deadline_ms, ret_killed,
                         err))
            return false;
    }
    return strike_off(store, names, err);
}
