/* approval_list.c - requests as rows, each judged as a run would judge it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/approval.h"
#include "app/history.h"
#include "app/person.h"
#include "app/sign.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/timefmt.h"

struct listing {
    struct mig_app *app;
    const struct cfg_environment *env;
    struct mig_policy policy;
    struct mig_person who;
    bool has_key; /* one that allowed_signers names */
    char uuid[MIG_UUID_SIZE];
    int64_t now_ms;
    bool (*each)(const bson_t *row, void *ctx);
    void *ctx;
};

static void add_time(bson_t *row, const char *key, int64_t ms)
{
    char iso[MIG_TIME_SIZE] = "";
    if (ms > 0)
        mig_time_iso(ms, iso);
    BSON_APPEND_UTF8(row, key, iso);
}

static void add_decisions(bson_t *row, const struct mig_request *request)
{
    bson_t list;
    bson_t one;
    BSON_APPEND_ARRAY_BEGIN(row, "decisions", &list);
    for (size_t i = 0; i < request->decision_count; i++) {
        const struct mig_decision *decision = &request->decisions[i];
        char key[24];
        const char *index;
        size_t len = bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
        bson_append_document_begin(&list, index, (int)len, &one);
        BSON_APPEND_UTF8(&one, "decision", decision->word);
        BSON_APPEND_UTF8(&one, "name", mig_person_name(&decision->who));
        mig_person_append(&one, "by", &decision->who);
        BSON_APPEND_UTF8(&one, "comment", decision->comment);
        add_time(&one, "at", decision->at);
        BSON_APPEND_BOOL(&one, "counts", decision->counts || strcmp(decision->word, "reject") == 0);
        BSON_APPEND_UTF8(&one, "whyNot", decision->why_not);
        bson_append_document_end(&list, &one);
    }
    bson_append_array_end(row, &list);
}

static void add_versions(bson_t *row, const struct mig_request *request)
{
    bson_t list;
    BSON_APPEND_ARRAY_BEGIN(row, "versions", &list);
    for (uint32_t i = 0; request->plan && i < 200; i++) {
        char path[64];
        char key[24];
        const char *index;
        snprintf(path, sizeof path, "migrations.%u.version", i);
        const char *version = mig_doc_str(request->plan, path, NULL);
        if (!version)
            break;
        size_t len = bson_uint32_to_string(i, &index, key, sizeof key);
        bson_append_utf8(&list, index, (int)len, version, -1);
    }
    bson_append_array_end(row, &list);
}

/* Waiting, and nothing that is known now speaks against this operator's decision. */
static bool is_for_me(const struct listing *l, const struct mig_request *request,
                      const struct mig_approval_verdict *verdict)
{
    char by[160];
    if (verdict->state != MIG_APPROVAL_WAITING || (l->policy.is_signed && !l->has_key) ||
        !mig_policy_names(&l->policy, &l->who))
        return false;
    if (!l->policy.self_approval &&
        mig_policy_same(&l->policy, &l->who, &request->requested.who, by, sizeof by))
        return false;
    for (size_t i = 0; i < request->decision_count; i++) {
        if (request->decisions[i].counts &&
            mig_policy_same(&l->policy, &l->who, &request->decisions[i].who, by, sizeof by))
            return false;
    }
    return true;
}

static bool tell(struct listing *l, struct mig_request *request)
{
    struct mig_approval_verdict verdict;
    bson_t row = BSON_INITIALIZER;
    bool glass = request->kind == MIG_REQUEST_GLASS;
    mig_request_prove(l->app, l->env, &l->policy, request, l->now_ms);
    if (glass)
        mig_glass_judge(request, &l->policy, &verdict);
    else
        mig_request_judge(request, &l->policy, NULL, l->uuid, l->now_ms, &verdict);
    BSON_APPEND_UTF8(&row, "request", request->id);
    BSON_APPEND_UTF8(&row, "kind", glass ? "glass" : "run");
    BSON_APPEND_UTF8(&row, "environment", l->env->name);
    BSON_APPEND_UTF8(&row, "state",
                     glass ? (verdict.state == MIG_APPROVAL_USED ? "closed" : "open")
                           : mig_approval_state_word(verdict.state));
    BSON_APPEND_UTF8(&row, "planId", request->plan_id);
    BSON_APPEND_UTF8(&row, "direction", request->direction);
    BSON_APPEND_INT64(&row, "migrations", request->migrations);
    add_versions(&row, request);
    BSON_APPEND_UTF8(&row, "reason", request->reason);
    BSON_APPEND_UTF8(&row, "ticket", request->ticket);
    add_time(&row, "startedAt", request->created_at);
    add_time(&row, "expiresAt", request->expires_at);
    BSON_APPEND_UTF8(&row, "requesterName", mig_person_name(&request->requested.who));
    mig_person_append(&row, "requester", &request->requested.who);
    BSON_APPEND_INT64(&row, "have", verdict.have);
    BSON_APPEND_INT64(&row, "needed", verdict.needed);
    BSON_APPEND_BOOL(&row, "forMe", is_for_me(l, request, &verdict));
    BSON_APPEND_UTF8(&row, "detail", verdict.reason);
    BSON_APPEND_UTF8(&row, "usedBy", request->used_by);
    add_decisions(&row, request);
    if (request->plan && request->state == MIG_REQUEST_OPEN)
        BSON_APPEND_DOCUMENT(&row, "plan", request->plan);
    bool more = l->each(&row, l->ctx);
    bson_destroy(&row);
    return more;
}

static bool take_row(const bson_t *doc, void *context)
{
    struct listing *l = context;
    struct mig_request request;
    const char *uuid = mig_doc_str(doc, "uuid", NULL);
    if (uuid) { /* meta, which comes first */
        snprintf(l->uuid, sizeof l->uuid, "%s", uuid);
        l->now_ms = mig_doc_time(doc, "_now", l->now_ms);
        return true;
    }
    mig_request_decode(doc, &request);
    bool more = tell(l, &request);
    mig_request_done(&request);
    return more;
}

bool mig_requests_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                       bool (*each)(const bson_t *request, void *ctx), void *ctx, struct mig_error *err)
{
    struct mig_names names;
    struct mig_store *store;
    struct mig_error ignored; /* whoever has no key is nobody's approver here, and may look all the same */
    struct listing l = { .app = app, .env = env, .each = each, .ctx = ctx };
    mig_names_make(app->config->prefix, &names);
    if (!mig_policy_load(app, env, &l.policy, err) || !app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    l.now_ms = app->host->ops->wall_ms(app->host);
    MIG_AUTOBSON bson_t *meta =
        BCON_NEW("aggregate", BCON_UTF8(names.meta), "cursor", "{", "}", "pipeline", "[", "{", "$match", "{",
                 "_id", "meta", "}", "}", "{", "$addFields", "{", "_now", "$$NOW", "}", "}", "]");
    MIG_AUTOBSON bson_t *find = BCON_NEW("find", BCON_UTF8(names.approvals), "filter", "{", "}", "sort", "{",
                                         "_id", BCON_INT32(-1), "}", "limit", BCON_INT64(limit));
    struct mig_call first = { .command = meta, .max_time_ms = 10000 };
    struct mig_call second = { .command = find, .max_time_ms = 20000 };
    bool ok = mig_person_read(app, store, &l.who, err);
    if (ok && l.policy.is_signed)
        l.has_key = mig_sign_principal(app, env, l.who.principal, sizeof l.who.principal, &ignored);
    ok = ok && store->ops->query(store, &first, take_row, &l, err) &&
         store->ops->query(store, &second, take_row, &l, err);
    store->ops->close(store);
    return ok;
}

/* ---- the signed bytes ---- */

struct wanted {
    const char *id;
    struct mig_buf *out;
    bool found;
};

static bool take_text(const bson_t *doc, void *context)
{
    struct wanted *wanted = context;
    struct mig_request request;
    mig_request_decode(doc, &request);
    const struct mig_decision *decision = strcmp(request.id, wanted->id) == 0 ? &request.requested : NULL;
    for (size_t i = 0; i < request.decision_count; i++) {
        if (strcmp(request.decisions[i].id, wanted->id) == 0)
            decision = &request.decisions[i];
    }
    wanted->found = decision != NULL;
    if (decision)
        mig_approval_text(&request, decision, wanted->out);
    mig_request_done(&request);
    return !wanted->found;
}

bool mig_decision_text(struct mig_app *app, const struct cfg_environment *env, const char *id,
                       struct mig_buf *out, struct mig_error *err)
{
    struct mig_names names;
    struct mig_store *store;
    struct wanted wanted = { .id = id, .out = out };
    mig_names_make(app->config->prefix, &names);
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    MIG_AUTOBSON bson_t *find =
        BCON_NEW("find", BCON_UTF8(names.approvals), "filter", "{", "$or", "[", "{", "_id", BCON_UTF8(id),
                 "}", "{", "decisions.id", BCON_UTF8(id), "}", "]", "}");
    struct mig_call call = { .command = find, .max_time_ms = 20000 };
    bool ok = store->ops->query(store, &call, take_text, &wanted, err);
    store->ops->close(store);
    if (ok && !wanted.found)
        ok = mig_fail(err, MIG_ERR_FAILED, "%s: there is no request or decision %.26s", env->name, id);
    return ok;
}
