/* approval.c - counting people, and finding what moved. */
#include "engine/approval.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/timefmt.h"
#include "engine/plan.h"

const char *mig_approval_state_word(enum mig_approval_state state)
{
    static const char *const words[] = { "none",      "waiting", "approved", "rejected",
                                         "withdrawn", "used",    "expired",  "void" };
    return (unsigned)state < MIG_APPROVAL_STATES ? words[state] : "void";
}

/* ---- people ---- */

bool mig_person_same(const struct mig_person *a, const struct mig_person *b, char *ret_by, size_t size)
{
    const struct {
        const char *what, *a, *b;
    } strong[] = { { "key", a->key, b->key },
                   { "key of", a->principal, b->principal },
                   { "database user", a->db_user, b->db_user } };
    bool told_apart = false;
    snprintf(ret_by, size, "%s", "");
    for (size_t i = 0; i < sizeof strong / sizeof strong[0]; i++) {
        if (!*strong[i].a || !*strong[i].b)
            continue;
        told_apart = true;
        if (strcmp(strong[i].a, strong[i].b) == 0) {
            snprintf(ret_by, size, "%s %s", strong[i].what, strong[i].a);
            return true;
        }
    }
    if (told_apart || strcmp(a->os_user, b->os_user) != 0)
        return false;
    snprintf(ret_by, size, "OS user %s", a->os_user);
    return true;
}

static bool name_is(const char *full, const char *wanted)
{
    size_t len = strcspn(full, "@");
    return strcmp(full, wanted) == 0 || (strlen(wanted) == len && strncmp(full, wanted, len) == 0);
}

/* The name of approvers that means this person; NULL: none does. */
static const char *name_of(const struct mig_policy *policy, const struct mig_person *who)
{
    for (size_t i = 0; i < policy->approver_count; i++) {
        const char *wanted = policy->approvers[i];
        if (policy->is_signed ? strcmp(who->principal, wanted) == 0
            : who->db_user[0] ? name_is(who->db_user, wanted)
                              : strcmp(who->os_user, wanted) == 0)
            return wanted;
    }
    return NULL;
}

bool mig_policy_names(const struct mig_policy *policy, const struct mig_person *who)
{
    return policy->approver_count == 0 || name_of(policy, who);
}

bool mig_policy_same(const struct mig_policy *policy, const struct mig_person *a, const struct mig_person *b,
                     char *ret_by, size_t size)
{
    if (mig_person_same(a, b, ret_by, size))
        return true;
    const char *name = name_of(policy, a);
    if (!name || name != name_of(policy, b))
        return false;
    snprintf(ret_by, size, "approver %s", name);
    return true;
}

/* ---- the signed bytes ---- */

static void line(struct mig_buf *out, const char *key, const char *value)
{
    mig_buf_printf(out, "%s: ", key);
    mig_buf_json(out, value); /* so that no value can begin a line */
    mig_buf_char(out, '\n');
}

void mig_approval_text(const struct mig_request *request, const struct mig_decision *decision,
                       struct mig_buf *out)
{
    char expires[MIG_TIME_SIZE];
    mig_time_iso(request->expires_at, expires);
    mig_buf_str(out, "migtui-approval 1\n");
    line(out, "decision", decision->word);
    line(out, "request", request->id);
    line(out, "nonce", request->nonce);
    line(out, "environment", request->environment);
    line(out, "environment-uuid", request->environment_uuid);
    line(out, "plan", request->plan_id);
    line(out, "history-head", request->head);
    line(out, "policy", request->policy);
    line(out, "signers", request->signers);
    line(out, "expires", expires);
    line(out, "run", request->kind == MIG_REQUEST_GLASS ? request->used_by : "");
    line(out, "reason", request->reason ? request->reason : "");
    line(out, "ticket", request->ticket ? request->ticket : "");
    line(out, "by", decision->who.principal);
    line(out, "database-user", decision->who.db_user);
    line(out, "os-user", decision->who.os_user);
    line(out, "host", decision->who.host);
    line(out, "comment", decision->comment ? decision->comment : "");
}

/* ---- counting ---- */

/* Why this decision does not count; "" when it does. before: those that count already. */
static void weigh(const struct mig_request *request, const struct mig_policy *policy, size_t index,
                  struct mig_decision *decision)
{
    char by[160];
    char *why = decision->why_not;
    size_t size = sizeof decision->why_not;
    decision->counts = false;
    if (!decision->proven) {
        if (!*why)
            snprintf(why, size, "its signature was not verified");
        return;
    }
    *why = '\0';
    if (!mig_policy_names(policy, &decision->who)) {
        snprintf(why, size, "%.100s is not one of the approvers", mig_person_name(&decision->who));
        return;
    }
    if (!policy->self_approval &&
        mig_policy_same(policy, &decision->who, &request->requested.who, by, sizeof by)) {
        snprintf(why, size, "it is by who %s (same %.140s)",
                 request->kind == MIG_REQUEST_GLASS ? "broke the glass" : "requested it", by);
        return;
    }
    for (size_t i = 0; i < index; i++) {
        const struct mig_decision *other = &request->decisions[i];
        if (other->counts && mig_policy_same(policy, &decision->who, &other->who, by, sizeof by)) {
            snprintf(why, size, "the same person has decided already (same %.140s)", by);
            return;
        }
    }
    decision->counts = true;
}

static int64_t count(struct mig_request *request, const struct mig_policy *policy, const char *word)
{
    int64_t have = 0;
    for (size_t i = 0; i < request->decision_count; i++) {
        struct mig_decision *decision = &request->decisions[i];
        if (strcmp(decision->word, word) != 0)
            continue;
        weigh(request, policy, i, decision);
        have += decision->counts;
    }
    return have;
}

/* ---- what moved ---- */

static bool moved(const struct mig_request *request, const struct mig_policy *policy,
                  const struct mig_plan *plan, const char *uuid, char *ret, size_t size)
{
    char what[200] = "";
    if (*uuid && strcmp(request->environment_uuid, uuid) != 0)
        snprintf(what, sizeof what, "target: it is for another database");
    else if (strcmp(request->policy, policy->digest) != 0)
        snprintf(what, sizeof what,
                 "policy: the environment's gate or order in migtui.yaml is not what it was");
    else if (strcmp(request->signers, policy->signers) != 0)
        snprintf(what, sizeof what, "signers: allowed_signers or the revoked keys are not what they were");
    else if (plan && strcmp(request->plan_id, plan->id) != 0) {
        if (request->plan)
            mig_plan_moved(request->plan, plan, what, sizeof what);
        if (!what[0])
            snprintf(what, sizeof what, "what would run now is another plan");
    }
    if (what[0])
        snprintf(ret, size, "request %.26s is void: %.200s", request->id, what);
    return what[0] != '\0';
}

/* Of what is pending it asks for less, or for more, and nothing of that has moved: it speaks neither for this plan nor against it. */
static bool is_for_another_part(const struct mig_request *request, const struct mig_policy *policy,
                                const struct mig_plan *plan, const char *uuid,
                                struct mig_approval_verdict *ret)
{
    char ignored[8];
    int64_t asked = 0;
    if (!plan || !request->plan || strcmp(request->plan_id, plan->id) == 0 ||
        moved(request, policy, NULL, uuid, ignored, sizeof ignored))
        return false;
    int part = mig_plan_part(request->plan, plan, &asked);
    if (part == 0)
        return false;
    ret->state = MIG_APPROVAL_NONE;
    if (part > 0)
        snprintf(ret->reason, sizeof ret->reason,
                 "nobody has asked for all of it: request %.26s is for another selection, the first %" PRId64
                 " of these %zu migrations",
                 request->id, asked, plan->count);
    else
        snprintf(ret->reason, sizeof ret->reason,
                 "nobody has asked for just this: request %.26s is for another selection, this and %" PRId64
                 " more",
                 request->id, asked - (int64_t)plan->count);
    return true;
}

static bool is_over(const struct mig_request *request, int64_t now_ms, struct mig_approval_verdict *ret)
{
    static const enum mig_approval_state states[] = {
        [MIG_REQUEST_OPEN] = MIG_APPROVAL_WAITING,      [MIG_REQUEST_USED] = MIG_APPROVAL_USED,
        [MIG_REQUEST_REJECTED] = MIG_APPROVAL_REJECTED, [MIG_REQUEST_WITHDRAWN] = MIG_APPROVAL_WITHDRAWN,
        [MIG_REQUEST_CLOSED] = MIG_APPROVAL_USED,       [MIG_REQUEST_EXPIRED] = MIG_APPROVAL_EXPIRED,
    };
    /* Whose run is noted was used, whatever its state was set to since. */
    ret->state = request->used_by[0] ? MIG_APPROVAL_USED : states[request->state];
    if (ret->state != MIG_APPROVAL_WAITING) {
        snprintf(ret->reason, sizeof ret->reason, "request %.26s is %s%s%.26s", request->id,
                 mig_approval_state_word(ret->state), request->used_by[0] ? " by run " : "",
                 request->used_by);
        return true;
    }
    if (request->expires_at > now_ms)
        return false;
    char at[MIG_TIME_SIZE];
    mig_time_iso(request->expires_at, at);
    ret->state = MIG_APPROVAL_EXPIRED;
    snprintf(ret->reason, sizeof ret->reason, "request %.26s expired %.20s", request->id, at);
    return true;
}

/* A requester who is not proven could be one of the approvers. */
static bool requester_known(const struct mig_request *request, const struct mig_policy *policy,
                            struct mig_approval_verdict *ret)
{
    if (!policy->is_signed || request->requested.proven)
        return true;
    ret->state = MIG_APPROVAL_VOID;
    snprintf(ret->reason, sizeof ret->reason, "request %.26s is void: who made it is not proven: %.160s",
             request->id, request->requested.why_not[0] ? request->requested.why_not : "it has no signature");
    return false;
}

void mig_request_judge(struct mig_request *request, const struct mig_policy *policy,
                       const struct mig_plan *plan, const char *environment_uuid, int64_t now_ms,
                       struct mig_approval_verdict *ret)
{
    *ret = (struct mig_approval_verdict){ .needed = policy->approvals, .rev = request->rev };
    memcpy(ret->request, request->id, sizeof ret->request);
    ret->have = count(request, policy, "approve");
    for (size_t i = 0; i < request->decision_count && request->state == MIG_REQUEST_OPEN; i++) {
        /* A no needs no proof: a document that was altered to say no is not one to run on either. */
        if (strcmp(request->decisions[i].word, "reject") == 0)
            request->state = MIG_REQUEST_REJECTED;
    }
    snprintf(ret->remedy, sizeof ret->remedy, "ask again: migtui request --env %.40s --reason \"…\"",
             request->environment);
    if (is_over(request, now_ms, ret))
        return;
    if (is_for_another_part(request, policy, plan, environment_uuid, ret))
        return;
    if (moved(request, policy, plan, environment_uuid, ret->reason, sizeof ret->reason)) {
        ret->state = MIG_APPROVAL_VOID;
        return;
    }
    if (!requester_known(request, policy, ret))
        return;
    ret->state = ret->have >= ret->needed ? MIG_APPROVAL_APPROVED : MIG_APPROVAL_WAITING;
    if (ret->state == MIG_APPROVAL_APPROVED) {
        ret->remedy[0] = '\0';
        snprintf(ret->reason, sizeof ret->reason, "%" PRId64 " of %" PRId64 " have approved request %.26s",
                 ret->have, ret->needed, request->id);
        return;
    }
    int used =
        snprintf(ret->reason, sizeof ret->reason, "%" PRId64 " of %" PRId64 " have approved request %.26s",
                 ret->have, ret->needed, request->id);
    for (size_t i = 0; i < request->decision_count && used > 0 && (size_t)used < sizeof ret->reason; i++) {
        const struct mig_decision *decision = &request->decisions[i];
        if (!decision->counts && decision->why_not[0])
            used += snprintf(ret->reason + used, sizeof ret->reason - (size_t)used,
                             "; one of %.40s does not count: %s", mig_person_name(&decision->who),
                             decision->why_not);
    }
    mig_utf8_trim(ret->reason);
    snprintf(ret->remedy, sizeof ret->remedy, "migtui approve %.26s --env %.40s, by somebody else",
             request->id, request->environment);
}

void mig_glass_judge(struct mig_request *glass, const struct mig_policy *policy,
                     struct mig_approval_verdict *ret)
{
    *ret = (struct mig_approval_verdict){ .needed = MIG_GLASS_CLOSERS, .rev = glass->rev };
    memcpy(ret->request, glass->id, sizeof ret->request);
    ret->have = count(glass, policy, "close");
    bool closed = glass->state == MIG_REQUEST_CLOSED || ret->have >= ret->needed;
    ret->state = closed ? MIG_APPROVAL_USED : MIG_APPROVAL_WAITING;
    snprintf(ret->reason, sizeof ret->reason,
             "%.60s broke the glass for run %.26s: %.100s; closed by %" PRId64 " of %d",
             mig_person_name(&glass->requested.who), glass->used_by, glass->reason ? glass->reason : "",
             ret->have, MIG_GLASS_CLOSERS);
    mig_utf8_trim(ret->reason);
    snprintf(ret->remedy, sizeof ret->remedy,
             "migtui glass close %.26s --env %.40s --reason \"what was found\"", glass->id,
             glass->environment);
}
