/* approval.c - asking, deciding and taking back. */
#include "app/approval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/audit.h"
#include "app/run.h"
#include "app/sign.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/reply.h"

#define SIGNED_TEXT_MAX (64UL * 1024)
#define ATTEMPTS        5

/* One act on one environment: what it has read, and who does it. */
struct acting {
    struct mig_app *app;
    const struct cfg_environment *env;
    struct mig_store *store;
    struct mig_names names;
    struct mig_policy policy;
    struct mig_person who;
    struct mig_look look;
};

static bool begin(struct acting *a, struct mig_app *app, const struct cfg_environment *env,
                  struct mig_error *err)
{
    *a = (struct acting){ .app = app, .env = env, .look = { .env = env } };
    mig_names_make(app->config->prefix, &a->names);
    return mig_policy_load(app, env, &a->policy, err) &&
           app->open_store(app->ports_ctx, env, "", &a->store, err) &&
           mig_person_read(app, a->store, &a->who, err);
}

static void end(struct acting *a)
{
    mig_look_done(&a->look);
    if (a->store)
        a->store->ops->close(a->store);
}

/* What came of it goes on record; what was done and cannot be recorded is an error. */
static bool on_record(struct mig_app *app, const struct cfg_environment *env, struct mig_audit_act *act,
                      bool ok, struct mig_error *err)
{
    struct mig_error why;
    act->error = ok ? NULL : err;
    act->outcome = ok ? MIG_AUDIT_SUCCESS : mig_audit_outcome_of(err);
    if (!ok && !mig_audit_wants(err))
        return false;
    if (mig_audit_note(app, env, act, &why) || !ok)
        return ok;
    *err = why;
    return mig_context(err, "%s: it was done, and is not on record", env->name);
}

static int64_t server_now(const struct acting *a)
{
    return a->app->host->ops->wall_ms(a->app->host) + a->look.server.skew_ms;
}

static void new_id(struct mig_host *host, char ret[static MIG_ULID_SIZE])
{
    uint8_t random[10];
    host->ops->random(host, random, sizeof random);
    mig_ulid(host->ops->wall_ms(host), random, ret);
}

/* ---- signing a decision ---- */

static bool name_signer(struct acting *a, struct mig_person *who, struct mig_error *err)
{
    return !a->policy.is_signed ||
           mig_sign_principal(a->app, a->env, who->principal, sizeof who->principal, err);
}

static bool sign(struct acting *a, const struct mig_request *request, struct mig_decision *decision,
                 struct mig_error *err)
{
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, SIGNED_TEXT_MAX);
    decision->proven = !a->policy.is_signed;
    if (!a->policy.is_signed)
        return true;
    mig_approval_text(request, decision, &text);
    if (!mig_sign(a->app, text.text, text.len, &decision->signature, err))
        return false;
    /* Verified at once, so that a key that does not count is found now and not when the run starts. */
    decision->proven =
        mig_sign_verify(a->app, a->env, decision->who.principal, text.text, text.len, decision->signature,
                        server_now(a), decision->who.key, sizeof decision->who.key, err);
    return decision->proven;
}

/* ---- asking ---- */

static bool check_ask(const struct mig_ask *ask, const struct cfg_environment *env,
                      const struct mig_plan *plan, struct mig_error *err)
{
    char words[200];
    if (ask->plan_id && strncmp(plan->id, ask->plan_id, strlen(ask->plan_id)) != 0) {
        mig_fail(err, MIG_ERR_STALE_PLAN, "%s: plan %.12s no longer holds; it is %.12s now", env->name,
                 ask->plan_id, plan->id);
        (void)mig_plan_words(plan, words, sizeof words);
        return mig_hint(err, "look at it, then ask: migtui plan %s --env %s", words, env->name);
    }
    if (plan->count == 0)
        return mig_fail(err, MIG_ERR_FAILED, "%s: there is nothing to run, so nothing to ask for", env->name);
    if (!plan->environment_uuid[0])
        return mig_fail(err, MIG_ERR_DENIED,
                        "%s: the database cannot be named: this user may not write there", env->name);
    return true;
}

static void fill_request(struct acting *a, const struct mig_ask *ask, const struct mig_plan *plan,
                         struct mig_request *ret)
{
    struct mig_host *host = a->app->host;
    uint8_t random[32];
    bson_t document;
    new_id(host, ret->id);
    host->ops->random(host, random, sizeof random);
    mig_sha256_hex(random, sizeof random, ret->nonce);
    snprintf(ret->environment, sizeof ret->environment, "%s", a->env->name);
    snprintf(ret->environment_uuid, sizeof ret->environment_uuid, "%s", plan->environment_uuid);
    memcpy(ret->plan_id, plan->id, sizeof ret->plan_id);
    memcpy(ret->head, plan->head, sizeof ret->head);
    memcpy(ret->policy, a->policy.digest, sizeof ret->policy);
    memcpy(ret->signers, a->policy.signers, sizeof ret->signers);
    snprintf(ret->server_version, sizeof ret->server_version, "%s", plan->server_version);
    snprintf(ret->direction, sizeof ret->direction, "%s", mig_direction_word(plan->direction));
    ret->migrations = (int64_t)plan->count;
    ret->reason = mig_text_safe_dup(ask->reason, 2000);
    ret->ticket = mig_text_safe_dup(ask->ticket ? ask->ticket : "", 200);
    ret->created_at = server_now(a);
    ret->expires_at = ret->created_at + (a->env->has_gate ? a->env->gate.expires_ms : 86400000);
    ret->rev = 1;
    new_id(host, ret->requested.id);
    snprintf(ret->requested.word, sizeof ret->requested.word, "request");
    ret->requested.who = a->who;
    ret->requested.at = ret->created_at;
    ret->requested.comment = mig_strdup("");
    mig_plan_document(plan, &document);
    ret->plan = bson_copy(&document);
    bson_destroy(&document);
}

static bool write_request(struct acting *a, const struct mig_request *request, struct mig_error *err)
{
    MIG_AUTODOC bson_t by = BSON_INITIALIZER;
    mig_decision_append(&by, &request->requested);
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("update", BCON_UTF8(a->names.approvals), "updates", "[", "{", "q", "{", "kind", "run",
                 "state", "open", "expiresAt", "{", "$lt", BCON_DATE_TIME(request->created_at), "}", "}", "u",
                 "{", "$set", "{", "state", "expired", "}", "$inc", "{", "rev", BCON_INT64(1), "}", "}",
                 "multi", BCON_BOOL(true), "}", "{", "q", "{", "_id", BCON_UTF8(request->id), "}", "u", "{",
                 "$setOnInsert", "{", "kind", "run", "state", "open", "environment",
                 BCON_UTF8(request->environment), "environmentUuid", BCON_UTF8(request->environment_uuid),
                 "planId", BCON_UTF8(request->plan_id), "historyHead", BCON_UTF8(request->head), "policy",
                 BCON_UTF8(request->policy), "signers", BCON_UTF8(request->signers), "nonce",
                 BCON_UTF8(request->nonce), "serverVersion", BCON_UTF8(request->server_version), "direction",
                 BCON_UTF8(request->direction), "migrations", BCON_INT64(request->migrations), "reason",
                 BCON_UTF8(request->reason), "ticket", BCON_UTF8(request->ticket), "requested",
                 BCON_DOCUMENT(&by), "createdAt", BCON_DATE_TIME(request->created_at), "expiresAt",
                 BCON_DATE_TIME(request->expires_at), "decisions", "[", "]", "rev", BCON_INT64(1), "plan",
                 BCON_DOCUMENT(request->plan), "}", "}", "upsert", BCON_BOOL(true), "}", "]");
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (mig_write(a->store, command, err))
            return true;
        if (err->code != MIG_ERR_UNKNOWN_OUTCOME)
            break;
    }
    return mig_context(err, "the request was not written");
}

static bool make(struct acting *a, const struct mig_ask *ask, struct mig_request *ret, struct mig_error *err)
{
    struct mig_catalog *catalog = NULL;
    struct mig_plan *plan = NULL;
    struct mig_problems problems = { 0 };
    if (!ask->reason || !*ask->reason)
        return mig_fail(err, MIG_ERR_USAGE, "a request needs a reason: --reason \"why\"");
    if (!a->app->read_catalog(a->app->ports_ctx, 0, &catalog, &problems, err))
        return false;
    bool ok = problems.count == 0;
    if (!ok)
        *err = problems.items[0];
    mig_problems_done(&problems);
    ok = ok && mig_run_plan(a->app, a->env, ask->selection, catalog, &a->look, &plan, err) &&
         check_ask(ask, a->env, plan, err);
    if (ok) {
        fill_request(a, ask, plan, ret);
        ok = name_signer(a, &ret->requested.who, err) && sign(a, ret, &ret->requested, err) &&
             write_request(a, ret, err);
    }
    mig_plan_free(plan);
    mig_catalog_free(catalog);
    return ok;
}

bool mig_request_make(struct mig_app *app, const struct cfg_environment *env, const struct mig_ask *ask,
                      struct mig_request *ret, struct mig_error *err)
{
    struct acting a;
    *ret = (struct mig_request){ 0 };
    bool ok = begin(&a, app, env, err) && make(&a, ask, ret, err);
    end(&a);
    struct mig_audit_act act = { .action = "request",
                                 .plan = ret->plan_id,
                                 .request = ret->id,
                                 .reason = ask->reason,
                                 .ticket = ask->ticket };
    return on_record(app, env, &act, ok, err);
}

/* ---- which one ---- */

static bool glance(struct acting *a, struct mig_error *err)
{
    mig_look_done(&a->look);
    return mig_look_store(a->app, a->env, a->store, NULL, &a->look, err);
}

/* The request of that id, or the only open one of its kind. */
static struct mig_request *pick(struct acting *a, const char *id, enum mig_request_kind kind,
                                struct mig_error *err)
{
    struct mig_request *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < a->look.history->request_count; i++) {
        struct mig_request *request = &a->look.history->requests[i];
        if (request->kind != kind || (id && strcmp(request->id, id) != 0))
            continue;
        found = request;
        count++;
    }
    if (count == 1)
        return found;
    if (count > 1)
        mig_fail(err, MIG_ERR_USAGE, "%s: %zu are open; say which", a->env->name, count);
    else if (id)
        mig_fail(err, MIG_ERR_GATE,
                 "%s: there is no open request %.26s: it is not here, or used, rejected or withdrawn",
                 a->env->name, id);
    else
        mig_fail(err, MIG_ERR_FAILED, "%s: %s", a->env->name,
                 kind == MIG_REQUEST_GLASS ? "no broken glass waits to be closed" : "no request is open");
    (void)mig_hint(err, "migtui %s --env %s lists them", kind == MIG_REQUEST_GLASS ? "glass" : "requests",
                   a->env->name);
    return NULL;
}

/* ---- deciding ---- */

static void judge(struct acting *a, struct mig_request *request, struct mig_approval_verdict *ret)
{
    if (request->kind == MIG_REQUEST_GLASS)
        mig_glass_judge(request, &a->policy, ret);
    else
        mig_request_judge(request, &a->policy, NULL, a->look.history->environment_uuid, server_now(a), ret);
}

/* May anybody decide about it at all? */
static bool check_standing(const struct acting *a, const struct mig_request *request, const char *word,
                           const struct mig_approval_verdict *verdict, struct mig_error *err)
{
    bool closes = strcmp(word, "close") == 0;
    if (verdict->state == MIG_APPROVAL_WAITING || (verdict->state == MIG_APPROVAL_APPROVED && !closes) ||
        (strcmp(word, "reject") == 0 && verdict->state == MIG_APPROVAL_VOID))
        return true;
    mig_fail(err, MIG_ERR_GATE, "%s: %s", a->env->name,
             verdict->reason[0] ? verdict->reason : mig_approval_state_word(verdict->state));
    (void)request;
    return mig_hint(err, "%s", verdict->remedy);
}

static void add_decision(struct mig_request *request, const struct mig_decision *decision)
{
    request->decisions =
        mig_realloc_n(request->decisions, request->decision_count + 1, sizeof *request->decisions);
    struct mig_decision *slot = &request->decisions[request->decision_count++];
    *slot = *decision;
    slot->comment = mig_strdup(decision->comment);
    slot->signature = mig_strdup_or_null(decision->signature);
}

/* A decision that would not count is refused here, by the rule that counts at the run. */
static bool check_counts(const struct acting *a, struct mig_request *request,
                         const struct mig_decision *decision, struct mig_approval_verdict *ret,
                         struct mig_error *err)
{
    add_decision(request, decision);
    const struct mig_decision *last = &request->decisions[request->decision_count - 1];
    judge((struct acting *)(uintptr_t)a, request, ret);
    if (strcmp(decision->word, "reject") == 0) {
        struct mig_policy unsigned_policy =
            a->policy; /* a no needs no signature: the database user will do */
        unsigned_policy.is_signed = false;
        if (mig_policy_names(&a->policy, &decision->who) ||
            mig_policy_names(&unsigned_policy, &decision->who))
            return true;
        return mig_fail(err, MIG_ERR_GATE, "%s: %s is not one of the approvers", a->env->name,
                        mig_person_name(&decision->who));
    }
    if (last->counts)
        return true;
    mig_fail(err, MIG_ERR_GATE, "%s: your decision would not count: %s", a->env->name, last->why_not);
    return mig_hint(err, "somebody else must decide; migtui requests --env %s shows who has", a->env->name);
}

static bool write_decision(struct acting *a, const struct mig_request *request,
                           const struct mig_decision *decision, const char *state, bool *ret_again,
                           struct mig_error *err)
{
    MIG_AUTODOC bson_t one = BSON_INITIALIZER;
    struct mig_reply reply;
    mig_decision_append(&one, decision);
    MIG_AUTOBSON bson_t *command = BCON_NEW(
        "findAndModify", BCON_UTF8(a->names.approvals), "query", "{", "_id", BCON_UTF8(request->id), "state",
        "open", "rev", BCON_INT64(request->rev), "}", "update", "{", "$push", "{", "decisions",
        BCON_DOCUMENT(&one), "}", "$set", "{", "state", BCON_UTF8(state), "}", "$inc", "{", "rev",
        BCON_INT64(1), "}", "}", "fields", "{", "rev", BCON_INT32(1), "}", "new", BCON_BOOL(true));
    struct mig_call call = { .command = command, .write = true, .max_time_ms = 15000 };
    a->store->ops->command(a->store, &call, &reply);
    bson_t value;
    struct mig_verdict verdict = { .ok = true };
    bool ok = reply.outcome == MIG_OUTCOME_OK && mig_doc_sub(&reply.body, "value", &value);
    if (ok)
        mig_reply_judge("findAndModify", &reply.body, &verdict);
    *ret_again = !ok && (reply.outcome == MIG_OUTCOME_OK || reply.outcome == MIG_OUTCOME_UNKNOWN);
    if (reply.outcome != MIG_OUTCOME_OK)
        *err = reply.error;
    else if (!ok)
        mig_fail(err, MIG_ERR_GATE, "%s: request %s was decided, used or withdrawn meanwhile", a->env->name,
                 request->id);
    else if (!verdict.ok) { /* written, and not by a majority: it may be lost with a failover */
        ok = mig_verdict_fail(&verdict, err);
        mig_hint(err, "look whether it stands: migtui requests --env %s", a->env->name);
    }
    mig_reply_done(&reply);
    return ok;
}

static bool is_written(const struct mig_request *request, const char *id)
{
    for (size_t i = 0; i < request->decision_count; i++) {
        if (strcmp(request->decisions[i].id, id) == 0)
            return true;
    }
    return false;
}

static const char *state_after(const char *word, const struct mig_approval_verdict *verdict)
{
    if (strcmp(word, "reject") == 0)
        return "rejected";
    return strcmp(word, "close") == 0 && verdict->state == MIG_APPROVAL_USED ? "closed" : "open";
}

static bool decide(struct acting *a, const char *id, const char *word, struct mig_decision *decision,
                   char ret_id[static MIG_ULID_SIZE], struct mig_approval_verdict *ret, struct mig_error *err)
{
    enum mig_request_kind kind = strcmp(word, "close") == 0 ? MIG_REQUEST_GLASS : MIG_REQUEST_RUN;
    bool again = true;
    decision->who = a->who;
    if (!name_signer(a, &decision->who, err) && strcmp(word, "reject") != 0)
        return false;
    for (int attempt = 0; attempt < ATTEMPTS && again; attempt++) {
        if (!glance(a, err))
            return false;
        struct mig_request *request = pick(a, *ret_id ? ret_id : id, kind, err);
        if (!request)
            return false;
        snprintf(ret_id, MIG_ULID_SIZE, "%s", request->id);
        mig_request_prove(a->app, a->env, &a->policy, request, server_now(a));
        judge(a, request, ret);
        if (is_written(request, decision->id))
            return true;
        if (!check_standing(a, request, word, ret, err))
            return false;
        decision->at = server_now(a);
        decision->proven = true;
        if (strcmp(word, "reject") != 0 && !decision->signature && !sign(a, request, decision, err))
            return false;
        if (!check_counts(a, request, decision, ret, err))
            return false;
        if (write_decision(a, request, decision, state_after(word, ret), &again, err))
            return true;
    }
    return false;
}

bool mig_request_decide(struct mig_app *app, const struct cfg_environment *env, const char *id,
                        const char *word, const char *comment, struct mig_approval_verdict *ret_verdict,
                        struct mig_error *err)
{
    struct acting a;
    struct mig_decision decision = { .comment = mig_text_safe_dup(comment ? comment : "", 2000) };
    char request[MIG_ULID_SIZE] = "";
    new_id(app->host, decision.id);
    snprintf(decision.word, sizeof decision.word, "%s", word);
    bool ok = begin(&a, app, env, err) && decide(&a, id, word, &decision, request, ret_verdict, err);
    struct mig_audit_act act = { .action = strcmp(word, "close") == 0 ? "glass.close" : word,
                                 .request = *request ? request : id,
                                 .reason = comment };
    end(&a);
    free(decision.comment);
    free(decision.signature);
    return on_record(app, env, &act, ok, err);
}

/* ---- taking back ---- */

static bool withdraw(struct acting *a, const char *id, char ret_id[static MIG_ULID_SIZE],
                     struct mig_error *err)
{
    char by[160];
    if (!glance(a, err))
        return false;
    struct mig_request *request = pick(a, id, MIG_REQUEST_RUN, err);
    if (!request)
        return false;
    snprintf(ret_id, MIG_ULID_SIZE, "%s", request->id);
    if (!mig_person_same(&a->who, &request->requested.who, by, sizeof by)) {
        mig_fail(err, MIG_ERR_GATE, "%s: request %s was made by %s, who alone may withdraw it", a->env->name,
                 request->id, mig_person_name(&request->requested.who));
        return mig_hint(err, "an approver may reject it: migtui reject %s --env %s", request->id,
                        a->env->name);
    }
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("findAndModify", BCON_UTF8(a->names.approvals), "query", "{", "_id", BCON_UTF8(request->id),
                 "state", "open", "}", "update", "{", "$set", "{", "state", "withdrawn", "}", "$inc", "{",
                 "rev", BCON_INT64(1), "}", "}", "fields", "{", "rev", BCON_INT32(1), "}");
    struct mig_call call = { .command = command, .write = true, .max_time_ms = 15000 };
    struct mig_reply reply;
    bson_t value;
    a->store->ops->command(a->store, &call, &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK && mig_doc_sub(&reply.body, "value", &value);
    if (reply.outcome != MIG_OUTCOME_OK)
        *err = reply.error;
    else if (!ok)
        mig_fail(err, MIG_ERR_GATE, "%s: request %s was decided or used meanwhile", a->env->name,
                 request->id);
    mig_reply_done(&reply);
    return ok;
}

bool mig_request_withdraw(struct mig_app *app, const struct cfg_environment *env, const char *id,
                          const char *reason, char ret_id[static MIG_ULID_SIZE], struct mig_error *err)
{
    struct acting a;
    ret_id[0] = '\0';
    bool ok = begin(&a, app, env, err) && withdraw(&a, id, ret_id, err);
    struct mig_audit_act act = { .action = "withdraw", .request = *ret_id ? ret_id : id, .reason = reason };
    end(&a);
    return on_record(app, env, &act, ok, err);
}
