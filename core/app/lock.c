/* lock.c - a lease with a fencing token, on the server's clock. */
#include "app/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "engine/reply.h"

#define LOCK_MAX_TIME_MS 5000

/* ---- the update that makes the lock ours ---- */

/* Every text goes in as $literal: a host named "$owner" must stay a host. */
static bson_t *claim_update(const struct mig_lock_claim *claim)
{
    bson_t *pipeline = bson_new();
    bson_t stage;
    bson_t set;
    bson_t expr;
    BSON_APPEND_DOCUMENT_BEGIN(pipeline, "0", &stage);
    BSON_APPEND_DOCUMENT_BEGIN(&stage, "$set", &set);
    mig_doc_append_literal(&set, "owner", claim->owner);
    mig_doc_append_literal(&set, "run", claim->run);
    mig_doc_append_literal(&set, "command", claim->command);
    mig_doc_append_literal(&set, "operator", claim->operator_name);
    mig_doc_append_literal(&set, "host", claim->self->host);
    mig_doc_append_literal(&set, "osUser", claim->self->os_user);
    mig_doc_append_literal(&set, "sshClient", claim->self->ssh_client);
    mig_doc_append_literal(&set, "bootId", claim->self->boot_id);
    mig_doc_append_literal(&set, "step", "");
    BSON_APPEND_INT64(&set, "pid", claim->self->pid);
    BSON_APPEND_INT64(&set, "pidStarted", claim->self->pid_started);
    BSON_APPEND_DOCUMENT_BEGIN(&set, "token", &expr);
    BCON_APPEND(&expr, "$add", "[", "{", "$ifNull", "[", "$token", BCON_INT64(0), "]", "}", BCON_INT64(1),
                "]");
    bson_append_document_end(&set, &expr);
    BSON_APPEND_UTF8(&set, "acquiredAt", "$$NOW");
    BSON_APPEND_UTF8(&set, "beatAt", "$$NOW");
    BSON_APPEND_NULL(&set, "stop");
    /* A run that did not let the lock go may have left operations behind; it stays listed until somebody saw that none
     * is left, whoever dies meanwhile. */
    BCON_APPEND(&set, "sessions", "[", "]", "unquiet", "{", "$cond", "[", "{", "$eq", "[", "{", "$ifNull",
                "[", "$owner", BCON_NULL, "]", "}", BCON_NULL, "]", "}", "{", "$ifNull", "[", "$unquiet", "[",
                "]", "]", "}", "{", "$concatArrays", "[", "{", "$ifNull", "[", "$unquiet", "[", "]", "]", "}",
                "[", "{", "run", "$run", "sessions", "{", "$ifNull", "[", "$sessions", "[", "]", "]", "}",
                "}", "]", "]", "}", "]", "}");
    bson_append_document_end(&stage, &set);
    bson_append_document_end(pipeline, &stage);
    BCON_APPEND(pipeline, "1", "{", "$set", "{", "expiresAt", "{", "$toDate", "{", "$add", "[", "{",
                "$toLong", "$$NOW", "}", BCON_INT64(claim->lease_ms), "]", "}", "}", "_now", "$$NOW", "}",
                "}");
    return pipeline;
}

static bson_t *nobodys(void)
{
    return BCON_NEW("_id", "lock", "owner", BCON_NULL);
}

/* Someone's who is not heard of: taken only if not a beat came since it was read. The comparison with the server's clock was made
 * on that reading, so that no server has to compare $$NOW within a query (SecantusDB never finds it later than a field). */
static bson_t *silent_since(const struct mig_lock *seen)
{
    return BCON_NEW("_id", "lock", "owner", BCON_UTF8(seen->owner), "token", BCON_INT64(seen->token),
                    "expiresAt", BCON_DATE_TIME(seen->expires_at));
}

static bson_t *held_by(const char *owner, int64_t token)
{
    return BCON_NEW("_id", "lock", "owner", BCON_UTF8(owner), "token", BCON_INT64(token));
}

static void find_and_modify_within(struct mig_store *store, const struct mig_names *names,
                                   const bson_t *query, const bson_t *update, bool pipeline,
                                   int64_t silence_ms, struct mig_reply *ret)
{
    bson_t command = BSON_INITIALIZER;
    struct mig_call call = {
        .command = &command, .write = true, .max_time_ms = LOCK_MAX_TIME_MS, .silence_ms = silence_ms
    };
    BSON_APPEND_UTF8(&command, "findAndModify", names->lock);
    BSON_APPEND_DOCUMENT(&command, "query", query);
    if (pipeline)
        BSON_APPEND_ARRAY(&command, "update", update);
    else
        BSON_APPEND_DOCUMENT(&command, "update", update);
    BSON_APPEND_BOOL(&command, "new", true);
    store->ops->command(store, &call, ret);
    bson_destroy(&command);
}

static void find_and_modify(struct mig_store *store, const struct mig_names *names, const bson_t *query,
                            const bson_t *update, bool pipeline, struct mig_reply *ret)
{
    find_and_modify_within(store, names, query, update, pipeline, 0, ret);
}

/* The document as we left it. False: there was none that is ours (MIG_ERR_FENCED); or what was done is not known, or not known to
 * survive the primary. */
static bool take_value(const struct mig_reply *reply, bson_t *ret, struct mig_error *err)
{
    struct mig_verdict verdict;
    if (reply->outcome != MIG_OUTCOME_OK) {
        *err = reply->error;
        return false;
    }
    mig_reply_judge("findAndModify", &reply->body, &verdict);
    if (!verdict.ok)
        return mig_verdict_fail(&verdict, err);
    return mig_doc_sub(&reply->body, "value", ret) ||
           mig_fail(err, MIG_ERR_FENCED, "another run took the lock; this one writes nothing more");
}

bool mig_lock_read(struct mig_store *store, const struct mig_names *names, struct mig_lock *ret,
                   struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("aggregate", BCON_UTF8(names->lock), "cursor", "{", "}", "pipeline", "[", "{", "$match", "{",
                 "_id", "lock", "}", "}", "{", "$set", "{", "_now", "$$NOW", "}", "}", "]");
    struct mig_call call = { .command = command, .max_time_ms = LOCK_MAX_TIME_MS };
    struct mig_reply reply;
    bson_t doc;
    *ret = (struct mig_lock){ 0 };
    store->ops->command(store, &call, &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK;
    if (!ok)
        *err = reply.error;
    else if (mig_doc_sub(&reply.body, "cursor.firstBatch.0", &doc))
        mig_lock_decode(&doc, ret);
    mig_reply_done(&reply);
    return ok;
}

/* A write that changes nothing when it is sent again. Filters carry an _id, so two upserts at once are one and an E11000. */
static bool write_until_known(struct mig_store *store, const bson_t *command, struct mig_error *err)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        if (mig_write(store, command, err))
            return true;
        if (err->code != MIG_ERR_UNKNOWN_OUTCOME)
            break;
    }
    return false;
}

static bool seed(struct mig_store *store, const struct mig_names *names, struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("update", BCON_UTF8(names->lock), "updates", "[", "{", "q", "{", "_id", "lock", "}", "u",
                 "{", "$setOnInsert", "{", "owner", BCON_NULL, "token", BCON_INT64(0), "}", "}", "upsert",
                 BCON_BOOL(true), "}", "]");
    return write_until_known(store, command, err) || err->server_code == 11000; /* the document is there */
}

static bool refuse(const struct mig_lock *lock, struct mig_error *err)
{
    char since[MIG_TIME_SIZE];
    char age[MIG_TIME_SIZE];
    mig_time_iso(lock->acquired_at, since);
    mig_time_duration(lock->server_now - lock->beat_at, age);
    mig_fail(err, MIG_ERR_LOCKED,
             "run %s holds the lock: %s by %s on %s (pid %lld), since %s, last beat %s ago", lock->run,
             lock->command, lock->os_user, lock->host, (long long)lock->pid, since, age);
    return mig_hint(err, "watch it: migtui attach %s; ask it to stop: migtui stop %s", lock->run, lock->run);
}

static struct mig_identity holder_of(const struct mig_lock *lock)
{
    return (struct mig_identity){ .host = lock->host,
                                  .boot_id = lock->boot_id,
                                  .os_user = lock->os_user,
                                  .ssh_client = "",
                                  .pid = lock->pid,
                                  .pid_started = lock->pid_started };
}

void mig_lock_check_holder(struct mig_host *host, struct mig_lock *lock)
{
    struct mig_identity who = holder_of(lock);
    if (lock->exists && lock->owner[0])
        lock->holder_dead = host->ops->process_alive(host, &who) == 0;
}

bool mig_lock_holder_lives(struct mig_host *host, const struct mig_lock *lock)
{
    struct mig_identity who = holder_of(lock);
    return lock->exists && lock->owner[0] && host->ops->process_alive(host, &who) == 1;
}

static bool refuse_silent(const struct mig_lock *lock, struct mig_error *err)
{
    mig_fail(err, MIG_ERR_LOCKED, "run %s of %s on %s never released the lock, and is not heard of any more",
             lock->run, lock->os_user, lock->host);
    return mig_hint(
        err, "look first (migtui recover); a protected environment is taken over by saying --take-over");
}

/* An attempt whose outcome was never known may still have won: let it go, if it is ours. */
static void disown(struct mig_store *store, const struct mig_names *names, const char *owner)
{
    MIG_AUTOBSON bson_t *query = BCON_NEW("_id", "lock", "owner", BCON_UTF8(owner));
    MIG_AUTOBSON bson_t *update = BCON_NEW("$set", "{", "owner", BCON_NULL, "}");
    struct mig_reply reply;
    find_and_modify(store, names, query, update, false, &reply);
    mig_reply_done(&reply); /* when this is lost too, the lease ends it */
}

/* A lease that is over by the server's clock may be so because that clock jumped, and its holder alive: it would go on for most of a
 * lease before it finds out. So its silence is heard out on our own clock first, for as long as a holder that lost touch may still
 * send. False: it beat meanwhile (*now is the lock as it is), or the lock cannot be read. */
static bool hear_silence(struct mig_store *store, struct mig_host *host, const struct mig_names *names,
                         int64_t lease_ms, struct mig_lock *now, struct mig_error *err)
{
    const struct mig_lock seen = *now;
    int64_t theirs_ms = seen.expires_at - seen.beat_at;
    struct mig_lease_clock silence = { .lease_ms = theirs_ms > lease_ms ? theirs_ms : lease_ms,
                                       .sent_ms = host->ops->mono_ms(host) };
    int64_t until_ms = mig_lease_cancel_at(&silence);
    for (int failures = 0; failures < 3;) {
        int64_t at_ms = host->ops->mono_ms(host);
        if (at_ms >= until_ms)
            return true;
        host->ops->sleep_until(host, at_ms + 1000 < until_ms ? at_ms + 1000 : until_ms, NULL);
        struct mig_lock again;
        if (!mig_lock_read(store, names, &again, err)) {
            failures++;
            continue;
        }
        *now = again;
        mig_lock_check_holder(host, now);
        if (strcmp(now->owner, seen.owner) != 0 || now->token != seen.token ||
            now->expires_at != seen.expires_at)
            return mig_fail(err, MIG_ERR_LOCKED, "run %s is alive after all", seen.run);
        if (now->holder_dead)
            return true;
    }
    return false;
}

enum claim_end { CLAIM_WON, CLAIM_AGAIN, CLAIM_OVER };

#define NOT_SENT (-1) /* no claim that may have won yet; else when the first of them was sent */

/* Is the lock's holder, if it has one, known not to use it any more? WON: try to take it. */
static enum claim_end claim_silent(struct mig_store *store, struct mig_host *host,
                                   const struct mig_names *names, const struct mig_lock_claim *claim,
                                   struct mig_lock *now, struct mig_error *err)
{
    if (!claim->may_take_over) {
        (void)refuse_silent(now, err);
        return CLAIM_OVER;
    }
    if (now->holder_dead || hear_silence(store, host, names, claim->lease_ms, now, err))
        return CLAIM_WON;
    return err->code == MIG_ERR_LOCKED ? CLAIM_AGAIN : CLAIM_OVER;
}

/* One attempt. AGAIN: *now is the lock as it was read since. OVER: *err says why. */
static enum claim_end claim_once(struct mig_store *store, struct mig_host *host,
                                 const struct mig_names *names, const struct mig_lock_claim *claim,
                                 struct mig_lock *now, int64_t *sent_ms, int64_t *maybe_ms,
                                 struct mig_error *err)
{
    bool silent = now->holder_dead || mig_lease_decide(now, NULL, 0) == MIG_LEASE_EXPIRED;
    enum claim_end heard = silent ? claim_silent(store, host, names, claim, now, err) : CLAIM_WON;
    if (heard != CLAIM_WON)
        return heard;
    MIG_AUTOBSON bson_t *query = silent ? silent_since(now) : nobodys();
    MIG_AUTOBSON bson_t *update = claim_update(claim);
    struct mig_reply reply;
    bson_t value;
    find_and_modify(store, names, query, update, true, &reply);
    *sent_ms = reply.sent_ms;
    bool won = take_value(&reply, &value, err);
    if (won)
        mig_lock_decode(&value, now);
    enum mig_outcome outcome = reply.outcome;
    mig_reply_done(&reply);
    if (won)
        return CLAIM_WON;
    bool promised = outcome == MIG_OUTCOME_OK && err->code != MIG_ERR_FENCED; /* by the primary alone */
    if (*maybe_ms == NOT_SENT && (promised || outcome == MIG_OUTCOME_UNKNOWN))
        *maybe_ms = *sent_ms;
    if (outcome == MIG_OUTCOME_REFUSED || outcome == MIG_OUTCOME_NOT_SENT)
        return CLAIM_OVER;
    /* Nothing matched, no reply came, or the majority was late: the lock itself, as a majority has it, tells whose it is. */
    if (!mig_lock_read(store, names, now, err))
        return outcome == MIG_OUTCOME_OK ? CLAIM_OVER : CLAIM_AGAIN;
    if (strcmp(now->owner, claim->owner) == 0) {
        /* It was granted after it was sent, whatever the server's clock has become since (found by the simulator, 475263). */
        int64_t granted_ms = host->ops->mono_ms(host) - (now->server_now - now->beat_at);
        *sent_ms = *maybe_ms != NOT_SENT && *maybe_ms < granted_ms ? *maybe_ms : granted_ms;
        return CLAIM_WON;
    }
    mig_lock_check_holder(host, now);
    if (mig_lease_decide(now, NULL, 0) == MIG_LEASE_OTHERS && !now->holder_dead) {
        (void)refuse(now, err);
        return CLAIM_OVER;
    }
    mig_fail(err, MIG_ERR_LOCKED, "the lock kept changing hands; try again");
    return CLAIM_AGAIN; /* free, expired or dead */
}

bool mig_lock_acquire(struct mig_store *store, struct mig_host *host, const struct mig_names *names,
                      const struct mig_lock_claim *claim, const struct mig_lock *seen, struct mig_lock *ret,
                      int64_t *sent_ms, char prev_run[static MIG_ULID_SIZE], struct mig_error *err)
{
    int64_t maybe_ms = NOT_SENT;
    enum claim_end end = CLAIM_AGAIN;
    prev_run[0] = '\0';
    *ret = seen ? *seen : (struct mig_lock){ 0 };
    if (!ret->exists && !seed(store, names, err))
        return false;
    for (int attempt = 0; attempt < 5 && end == CLAIM_AGAIN; attempt++) {
        if (attempt > 0)
            host->ops->sleep_until(host, host->ops->mono_ms(host) + (25 << attempt), NULL);
        end = claim_once(store, host, names, claim, ret, sent_ms, &maybe_ms, err);
    }
    if (end == CLAIM_WON) {
        snprintf(prev_run, MIG_ULID_SIZE, "%s", ret->prev_run);
        return true;
    }
    if (maybe_ms != NOT_SENT)
        disown(store, names, claim->owner);
    return false;
}

bool mig_lock_beat(struct mig_store *store, const struct mig_names *names, const struct mig_lock_claim *claim,
                   int64_t token, const char *step, struct mig_lock *ret, int64_t *sent_ms,
                   struct mig_error *err)
{
    MIG_AUTOBSON bson_t *query = held_by(claim->owner, token);
    bson_t update = BSON_INITIALIZER;
    bson_t stage;
    bson_t set;
    struct mig_reply reply;
    bson_t value;
    BSON_APPEND_DOCUMENT_BEGIN(&update, "0", &stage);
    BSON_APPEND_DOCUMENT_BEGIN(&stage, "$set", &set);
    BSON_APPEND_UTF8(&set, "beatAt", "$$NOW");
    mig_doc_append_literal(&set, "step", step);
    BCON_APPEND(&set, "expiresAt", "{", "$toDate", "{", "$add", "[", "{", "$toLong", "$$NOW", "}",
                BCON_INT64(claim->lease_ms), "]", "}", "}");
    bson_append_document_end(&stage, &set);
    bson_append_document_end(&update, &stage);
    find_and_modify_within(store, names, query, &update, true, claim->lease_ms / 6, &reply);
    bson_destroy(&update);
    *sent_ms = reply.sent_ms;
    bool ok = take_value(&reply, &value, err);
    if (ok)
        mig_lock_decode(&value, ret);
    mig_reply_done(&reply);
    return ok;
}

bool mig_lock_add_session(struct mig_store *store, const struct mig_names *names, const char *owner,
                          int64_t token, const bson_t *session, struct mig_error *err)
{
    MIG_AUTOBSON bson_t *query = held_by(owner, token);
    MIG_AUTOBSON bson_t *update = BCON_NEW("$addToSet", "{", "sessions", BCON_DOCUMENT(session), "}");
    struct mig_reply reply;
    bson_t value;
    find_and_modify(store, names, query, update, false, &reply);
    bool ok = take_value(&reply, &value, err);
    mig_reply_done(&reply);
    return ok;
}

bool mig_lock_release(struct mig_store *store, const struct mig_names *names, const char *owner,
                      int64_t token, const bson_t *left, struct mig_error *err)
{
    MIG_AUTOBSON bson_t *query = held_by(owner, token);
    MIG_AUTOBSON bson_t *update = BCON_NEW("$set", "{", "owner", BCON_NULL, "step", "", "}", "$currentDate",
                                           "{", "releasedAt", BCON_BOOL(true), "}");
    if (left)
        BCON_APPEND(update, "$push", "{", "unquiet", BCON_DOCUMENT(left), "}");
    struct mig_reply reply;
    find_and_modify(store, names, query, update, false, &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK;
    if (!ok)
        *err = reply.error;
    mig_reply_done(&reply);
    return ok;
}

bool mig_fence_raise(struct mig_store *store, const struct mig_names *names, int64_t token, const char *run,
                     struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("update", BCON_UTF8(names->history), "updates", "[", "{", "q", "{", "_id", MIG_FENCE_ID,
                 "token", "{", "$lte", BCON_INT64(token), "}", "}", "u", "{", "$set", "{", "token",
                 BCON_INT64(token), "run", BCON_UTF8(run), "}", "}", "upsert", BCON_BOOL(true), "}", "]");
    if (write_until_known(store, command, err))
        return true;
    if (err->server_code == 11000)
        return mig_fail(err, MIG_ERR_FENCED, "a newer run has raised the fence; this one writes nothing");
    return false;
}
