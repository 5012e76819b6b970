/* approval_use.c - an approval is used once, by one write that names the run; so is broken glass. */
#include <stdio.h>
#include <string.h>

#include "app/approval.h"
#include "app/history.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "engine/reply.h"

#define ATTEMPTS 4

struct seen {
    const char *run;
    bool ours;
    char state[32];
    char used_by[MIG_ULID_SIZE];
};

static bool take_state(const bson_t *doc, void *context)
{
    struct seen *seen = context;
    bson_iter_t runs;
    bson_iter_t each;
    snprintf(seen->state, sizeof seen->state, "%s", mig_doc_str(doc, "state", ""));
    snprintf(seen->used_by, sizeof seen->used_by, "%s", mig_doc_str(doc, "usedBy", ""));
    if (!mig_doc_find(doc, "runs", &runs) || !bson_iter_recurse(&runs, &each))
        return false;
    while (bson_iter_next(&each))
        seen->ours = seen->ours ||
                     (BSON_ITER_HOLDS_UTF8(&each) && strcmp(bson_iter_utf8(&each, NULL), seen->run) == 0);
    return false;
}

static bool look(struct mig_store *store, const struct mig_names *names, const char *id, struct seen *seen,
                 struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(names->approvals), "filter", "{", "_id", BCON_UTF8(id), "}", "projection",
                 "{", "plan", BCON_INT32(0), "}");
    struct mig_call call = { .command = command, .max_time_ms = 10000 };
    return store->ops->query(store, &call, take_state, seen, err);
}

static void use_command(const struct mig_names *names, const struct mig_approval_verdict *verdict,
                        const char *run, bson_t *ret)
{
    bson_t set = BSON_INITIALIZER;
    bson_t query = BSON_INITIALIZER;
    BCON_APPEND(&query, "_id", BCON_UTF8(verdict->request), "rev", BCON_INT64(verdict->rev));
    BCON_APPEND(&set, "$inc", "{", "rev", BCON_INT64(1), "}", "$push", "{", "runs", BCON_UTF8(run), "}");
    if (!verdict->goes_on) {
        BCON_APPEND(&query, "state", "open", "usedBy", "{", "$exists", BCON_BOOL(false), "}");
        BCON_APPEND(&set, "$set", "{", "state", "used", "usedBy", BCON_UTF8(run), "}", "$currentDate", "{",
                    "usedAt", BCON_BOOL(true), "}");
    }
    bson_init(ret);
    BCON_APPEND(ret, "update", BCON_UTF8(names->approvals), "updates", "[", "{", "q", BCON_DOCUMENT(&query),
                "u", BCON_DOCUMENT(&set), "}", "]");
    bson_destroy(&query);
    bson_destroy(&set);
}

/* Changes nothing, and its acknowledgement says that what is there stays, which a server without a majority to read does not by
 * showing it (seed 437060). */
static void confirm_command(const struct mig_names *names, const char *request, const char *run, bson_t *ret)
{
    bson_init(ret);
    BCON_APPEND(ret, "update", BCON_UTF8(names->approvals), "updates", "[", "{", "q", "{", "_id",
                BCON_UTF8(request), "runs", BCON_UTF8(run), "}", "u", "{", "$addToSet", "{", "runs",
                BCON_UTF8(run), "}", "}", "}", "]");
}

/* 1: one document was changed; 0: none; -1: not known. */
static int send(struct mig_store *store, const bson_t *command, struct mig_error *err)
{
    struct mig_call call = { .command = command, .write = true, .max_time_ms = 15000 };
    struct mig_reply reply;
    struct mig_verdict verdict;
    int ret = -1;
    store->ops->command(store, &call, &reply);
    if (reply.outcome == MIG_OUTCOME_OK) {
        mig_reply_judge("update", &reply.body, &verdict);
        if (verdict.ok)
            ret = verdict.matched > 0;
        else
            (void)mig_verdict_fail(&verdict, err);
    } else {
        *err = reply.error;
    }
    mig_reply_done(&reply);
    return ret;
}

bool mig_request_use(struct mig_store *store, const struct mig_names *names,
                     const struct mig_approval_verdict *verdict, const char *run, struct mig_error *err)
{
    MIG_AUTODOC bson_t command;
    MIG_AUTODOC bson_t confirm;
    use_command(names, verdict, run, &command);
    confirm_command(names, verdict->request, run, &confirm);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct seen seen = { .run = run };
        int changed = send(store, &command, err);
        if (changed == 1)
            return true;
        struct mig_error why;
        if (!look(store, names, verdict->request, &seen, &why)) {
            *err = why;
            continue;
        }
        if (seen.ours && send(store, &confirm, err) == 1)
            return true;
        if (!seen.ours && changed == 0) {
            mig_fail(err, MIG_ERR_GATE, "request %s changed while the run began: it is %s%s%s now",
                     verdict->request, seen.state[0] ? seen.state : "gone",
                     seen.used_by[0] ? ", used by run " : "", seen.used_by);
            return mig_hint(err, "nothing was run; look: migtui requests");
        }
    }
    return mig_context(err, "the approval could not be used, and nothing was run");
}

bool mig_glass_break(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                     const struct mig_person *who, const struct mig_plan *plan, const char *run,
                     const char *reason, int64_t now_ms, struct mig_error *err)
{
    struct mig_names names;
    struct mig_policy policy;
    struct mig_decision breaker = { .who = *who, .at = now_ms };
    MIG_AUTODOC bson_t by = BSON_INITIALIZER;
    MIG_AUTODOC bson_t document;
    mig_names_make(app->config->prefix, &names);
    if (!mig_policy_load(app, env, &policy, err))
        return false;
    mig_plan_document(plan, &document);
    snprintf(breaker.id, sizeof breaker.id, "%s", run);
    snprintf(breaker.word, sizeof breaker.word, "break");
    mig_decision_append(&by, &breaker);
    /* The run's id is the document's: sent twice, it is one. */
    MIG_AUTOBSON bson_t *command = BCON_NEW(
        "update", BCON_UTF8(names.approvals), "updates", "[", "{", "q", "{", "_id", BCON_UTF8(run), "}", "u",
        "{", "$setOnInsert", "{", "kind", "glass", "state", "open", "environment", BCON_UTF8(env->name),
        "environmentUuid", BCON_UTF8(plan->environment_uuid), "planId", BCON_UTF8(plan->id), "historyHead",
        BCON_UTF8(plan->head), "policy", BCON_UTF8(policy.digest), "signers", BCON_UTF8(policy.signers),
        "direction", BCON_UTF8(mig_direction_word(plan->direction)), "migrations",
        BCON_INT64((int64_t)plan->count), "reason", BCON_UTF8(reason), "requested", BCON_DOCUMENT(&by),
        "createdAt", BCON_DATE_TIME(now_ms), "usedBy", BCON_UTF8(run), "runs", "[", BCON_UTF8(run), "]",
        "decisions", "[", "]", "rev", BCON_INT64(1), "plan", BCON_DOCUMENT(&document), "}", "}", "upsert",
        BCON_BOOL(true), "}", "]");
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (mig_write(store, command, err))
            return true;
        if (err->code != MIG_ERR_UNKNOWN_OUTCOME)
            break;
    }
    return mig_context(err, "the broken glass could not be put on record, and nothing was run");
}
