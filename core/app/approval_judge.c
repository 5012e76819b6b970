/* approval_judge.c - which request speaks for a plan, with its signatures verified. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/approval.h"
#include "app/history.h"
#include "app/sign.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "engine/plan.h"

#define SIGNED_TEXT_MAX (64UL * 1024)
#define WORDS_MAX       128 /* the rest of a remedy needs the rest of its room */

static void prove(struct mig_app *app, const struct cfg_environment *env, const struct mig_policy *policy,
                  const struct mig_request *request, struct mig_decision *decision, int64_t now_ms)
{
    MIG_AUTOBUF struct mig_buf text;
    struct mig_error err;
    mig_buf_init(&text, SIGNED_TEXT_MAX);
    decision->why_not[0] = '\0';
    decision->proven = !policy->is_signed;
    if (!policy->is_signed) {
        decision->who.key[0] = decision->who.principal[0] = '\0'; /* claims that nothing stands behind */
        return;
    }
    mig_approval_text(request, decision, &text);
    decision->proven =
        mig_sign_verify(app, env, decision->who.principal, text.text, text.len, decision->signature, now_ms,
                        decision->who.key, sizeof decision->who.key, &err);
    if (!decision->proven)
        snprintf(decision->why_not, sizeof decision->why_not, "%.230s", err.message);
}

void mig_request_prove(struct mig_app *app, const struct cfg_environment *env,
                       const struct mig_policy *policy, struct mig_request *request, int64_t now_ms)
{
    prove(app, env, policy, request, &request->requested, now_ms);
    for (size_t i = 0; i < request->decision_count; i++) {
        if (strcmp(request->decisions[i].word, "reject") != 0)
            prove(app, env, policy, request, &request->decisions[i], now_ms);
    }
}

/* The better news of two: an approval for exactly this plan, then one that waits, then the newest that came to nothing. */
static int rank(const struct mig_approval_verdict *verdict)
{
    switch (verdict->state) {
    case MIG_APPROVAL_APPROVED: return 4;
    case MIG_APPROVAL_WAITING: return 3;
    case MIG_APPROVAL_NONE: return 0;
    default: return 2;
    }
}

/* The words must choose this very plan: what is asked for is what was refused. */
static void tell_how_to_ask(const struct cfg_environment *env, const struct mig_plan *plan,
                            struct mig_approval_verdict *ret)
{
    char words[WORDS_MAX];
    if (mig_plan_words(plan, words, sizeof words))
        snprintf(ret->remedy, sizeof ret->remedy, "migtui request %s --env %s --plan %.12s --reason \"…\"",
                 words, env->name, plan->id);
    else
        snprintf(ret->remedy, sizeof ret->remedy,
                 "save the plan (migtui plan --env %s … --out FILE), then migtui request FILE --reason \"…\"",
                 env->name);
}

void mig_requests_judge(struct mig_app *app, const struct cfg_environment *env,
                        const struct mig_policy *policy, const struct mig_history *history,
                        const struct mig_plan *plan, int64_t now_ms, struct mig_approval_verdict *ret)
{
    *ret = (struct mig_approval_verdict){ .needed = policy->approvals };
    snprintf(ret->reason, sizeof ret->reason, "nobody has asked for plan %.12s", plan->id);
    tell_how_to_ask(env, plan, ret);
    for (size_t i = 0; i < history->request_count; i++) {
        struct mig_request *request = &history->requests[i];
        struct mig_approval_verdict verdict;
        if (request->kind != MIG_REQUEST_RUN ||
            strcmp(request->direction, mig_direction_word(plan->direction)) != 0)
            continue;                                /* about something else: neither approved nor void */
        if (strcmp(request->plan_id, plan->id) == 0) /* any other is void, whoever signed it */
            mig_request_prove(app, env, policy, request, now_ms);
        mig_request_judge(request, policy, plan, history->environment_uuid, now_ms, &verdict);
        if (verdict.state != MIG_APPROVAL_APPROVED && verdict.state != MIG_APPROVAL_WAITING)
            tell_how_to_ask(env, plan, &verdict);
        if (rank(&verdict) > rank(ret) ||
            (rank(&verdict) == rank(ret) && strcmp(verdict.request, ret->request) > 0))
            *ret = verdict;
    }
}

/* ---- resuming ---- */

static bool take_request(const bson_t *doc, void *context)
{
    struct mig_request *request = context;
    if (!request->id[0])
        mig_request_decode(doc, request);
    return false;
}

/* What resumes is what was approved: the same meaning of the same migration. */
static bool covers(const struct mig_request *request, const struct mig_plan *plan)
{
    bson_t list;
    if (!request->plan || plan->count != 1 || !mig_doc_sub(request->plan, "migrations", &list))
        return false;
    uint32_t count = (uint32_t)bson_count_keys(&list);
    for (uint32_t i = 0; i < count; i++) {
        char path[48];
        snprintf(path, sizeof path, "%u.version", i);
        bool same = strcmp(mig_doc_str(&list, path, ""), plan->items[0].migration->version) == 0;
        snprintf(path, sizeof path, "%u.sem", i);
        if (same && strcmp(mig_doc_str(&list, path, ""), plan->items[0].migration->sem) == 0)
            return true;
    }
    return false;
}

static void judge_resume(struct mig_request *request, const struct mig_policy *policy,
                         const struct mig_plan *plan, int64_t now_ms, struct mig_approval_verdict *ret)
{
    struct mig_approval_verdict verdict;
    if (!covers(request, plan))
        return;
    if (request->kind == MIG_REQUEST_GLASS) {
        ret->state = policy->break_glass ? MIG_APPROVAL_APPROVED : MIG_APPROVAL_NONE;
        snprintf(ret->reason, sizeof ret->reason, "goes on under the glass that was broken for run %.26s",
                 request->used_by);
    } else {
        /* As if it were open: used it is, by the very run that goes on. */
        request->used_by[0] = '\0';
        request->state = MIG_REQUEST_OPEN;
        mig_request_judge(request, policy, NULL, plan->environment_uuid, now_ms, &verdict);
        if (verdict.state != MIG_APPROVAL_APPROVED) {
            *ret = verdict;
            return;
        }
        ret->state = MIG_APPROVAL_APPROVED;
        ret->have = verdict.have;
        snprintf(ret->reason, sizeof ret->reason, "goes on under request %.26s, which its run used",
                 request->id);
    }
    ret->rev = request->rev;
    ret->goes_on = true;
    ret->remedy[0] = '\0';
    memcpy(ret->request, request->id, sizeof ret->request);
}

bool mig_requests_judge_resume(struct mig_app *app, const struct cfg_environment *env,
                               struct mig_store *store, const struct mig_policy *policy,
                               const struct mig_plan *plan, int64_t now_ms, struct mig_approval_verdict *ret,
                               struct mig_error *err)
{
    struct mig_names names;
    struct mig_request request = { 0 };
    const struct mig_record *record = plan->count == 1 ? plan->items[0].record : NULL;
    mig_names_make(app->config->prefix, &names);
    if (!record || !record->run)
        return true;
    MIG_AUTOBSON bson_t *command = BCON_NEW("find", BCON_UTF8(names.approvals), "filter", "{", "runs",
                                            BCON_UTF8(record->run), "}", "limit", BCON_INT64(1));
    struct mig_call call = { .command = command, .max_time_ms = 10000 };
    bool ok = store->ops->query(store, &call, take_request, &request, err);
    if (ok && request.id[0]) {
        mig_request_prove(app, env, policy, &request, now_ms);
        judge_resume(&request, policy, plan, now_ms, ret);
    }
    mig_request_done(&request);
    return ok;
}
