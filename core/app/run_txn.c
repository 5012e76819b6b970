/* run_txn.c - how the transactions of a run begin and end: their sessions are on the lock, and what became of a commit is found out. */
#include "app/run_private.h"
#include "base/cleanup.h"
#include "base/doc.h"

#define NO_SUCH_TRANSACTION 251

/* An array without duplicates. */
static bool has_session(const bson_t *list, const bson_t *session)
{
    bson_iter_t iter;
    bson_t known;
    for (bool more = bson_iter_init(&iter, list); more && bson_iter_next(&iter);) {
        if (mig_iter_sub(&iter, &known) && mig_doc_equal(&known, session))
            return true;
    }
    return false;
}

static void add_session(bson_t *list, const bson_t *session)
{
    char key[24];
    const char *index;
    size_t len = bson_uint32_to_string(bson_count_keys(list), &index, key, sizeof key);
    bson_append_document(list, index, (int)len, session);
}

static void kill_sessions(struct mig_runner *r, const bson_t *list)
{
    MIG_AUTOBSON bson_t *command = bson_new();
    BSON_APPEND_ARRAY(command, "killSessions", list);
    struct mig_call call = { .db = "admin", .command = command, .no_concern = true, .max_time_ms = 10000 };
    struct mig_reply reply;
    r->store->ops->command(r->store, &call, &reply);
    mig_reply_done(&reply);
}

bool mig_run_txn_begin(struct mig_runner *r, struct mig_txn **ret, struct mig_error *err)
{
    mig_run_txn_hush(r);
    if (!r->store->ops->txn_begin(r->store, ret, err))
        return false;
    const bson_t *session = r->store->ops->txn_session(r->store, *ret);
    if (has_session(&r->sessions, session))
        return true;
    if (!mig_lock_add_session(r->store, &r->names, r->owner, r->token, session, err)) {
        r->store->ops->txn_abort(r->store, *ret);
        *ret = NULL;
        return false;
    }
    add_session(&r->sessions, session);
    return true;
}

void mig_run_txn_abort(struct mig_runner *r, struct mig_txn *txn, const struct mig_error *why)
{
    const bson_t *session = r->store->ops->txn_session(r->store, txn);
    if (mig_run_is_away(why) && !has_session(&r->unheard, session))
        add_session(&r->unheard, session);
    r->store->ops->txn_abort(r->store, txn);
}

void mig_run_txn_hush(struct mig_runner *r)
{
    if (!bson_empty(&r->unheard))
        kill_sessions(r, &r->unheard);
}

/* End the transaction for good: whatever of it is still under way on the server is ended with its session. */
static void end_for_good(struct mig_runner *r, struct mig_txn *txn)
{
    MIG_AUTODOC bson_t list = BSON_INITIALIZER;
    add_session(&list, r->store->ops->txn_session(r->store, txn));
    kill_sessions(r, &list);
    r->store->ops->txn_abort(r->store, txn);
}

/* The transaction is over on our side; its records tell whether it happened. */
static enum mig_unit_end look_for_records(struct mig_runner *r, bool until_there, struct mig_error *err)
{
    int64_t until = r->host->ops->mono_ms(r->host) + MIG_TRANSIENT_MS;
    for (int attempt = 0;; attempt++) {
        struct mig_error look;
        int landed = mig_record_landed(r, &look);
        if (landed == 1)
            return MIG_UNIT_DONE;
        if (landed == -2) {
            *err = look;
            return MIG_UNIT_FENCED;
        }
        if (landed == 0 && !until_there)
            return MIG_UNIT_ALONE;
        if (r->host->ops->mono_ms(r->host) >= until)
            return MIG_UNIT_UNKNOWN;
        if (!mig_beat_pause(r, attempt, &look)) {
            *err = look;
            return look.code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
        }
    }
}

enum mig_unit_end mig_run_settle_commit(struct mig_runner *r, struct mig_txn *txn, struct mig_reply *reply,
                                        struct mig_error *err)
{
    for (int attempt = 0;; attempt++) {
        bool concern = reply->outcome == MIG_OUTCOME_OK && mig_doc_has(&reply->body, "writeConcernError");
        bool kept = reply->outcome == MIG_OUTCOME_UNKNOWN || (reply->labels & MIG_LABEL_UNKNOWN_COMMIT);
        if (concern)
            mig_fail(err, MIG_ERR_SERVER, "committed, but not acknowledged by a majority: %.300s",
                     mig_doc_str(&reply->body, "writeConcernError.errmsg", "no reason given"));
        else
            *err = reply->error;
        if (!kept && reply->outcome == MIG_OUTCOME_OK)
            return concern ? look_for_records(r, true, err) : MIG_UNIT_DONE;
        if (!kept) {
            /* Refused. After a commit whose reply was lost, ours or the one that the driver sends again by itself, that may mean
             * that it is done: the server has forgotten which transactions it knew. Else it can begin anew. */
            bool forgotten = err->server_code == NO_SUCH_TRANSACTION;
            if (forgotten)
                reply->labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
            return attempt == 0 && !forgotten ? MIG_UNIT_ALONE : look_for_records(r, false, err);
        }
        struct mig_error look;
        if (!mig_beat_pause(r, attempt, &look)) {
            *err = look;
            r->store->ops->txn_abort(r->store, txn);
            return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
        }
        if (attempt >= 4) {
            end_for_good(r, txn);
            return look_for_records(r, concern, err);
        }
        mig_reply_done(reply);
        r->store->ops->txn_commit(r->store, txn, reply);
    }
}
