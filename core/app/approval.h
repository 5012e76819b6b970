/* approval.h - requests, decisions and broken glass of an environment: made, listed, used.
 *
 * The rule that judges is engine/approval.h; here it is enforced where a decision is written. Every act, and every refused one, is in the
 * audit. Nothing asks or prints. Documents: docs/reference/on-database.md.
 */
#ifndef MIG_APP_APPROVAL_H
#define MIG_APP_APPROVAL_H

#include "app/history.h"
#include "app/look.h"
#include "app/policy.h"

/* What is asked for. */
struct mig_ask {
    const struct mig_selection *selection;
    const char *plan_id; /* the plan that was seen (8 digits at least), or NULL: whatever it is now */
    const char *reason;  /* needed */
    const char *ticket;  /* may be NULL */
};

/* Ask for the plan's approval: looks, plans, and writes a request with the policy's expiry, signed where the policy says so. Approvals are
 * void as soon as anything in the plan moves. MIG_ERR_PENDING is not used: an empty plan is MIG_ERR_FAILED. ret: the
 * request as written; free with mig_request_done. */
bool mig_request_make(struct mig_app *app, const struct cfg_environment *env, const struct mig_ask *ask,
                      struct mig_request *ret, struct mig_error *err) MIG_MUST_CHECK;

/* Decide. word: approve, reject, or close (of broken glass). id: the request, or NULL: the only one that waits. Refused with
 * MIG_ERR_GATE when the decision would not count; nothing is written then. ret_verdict: how the request stands after it. */
bool mig_request_decide(struct mig_app *app, const struct cfg_environment *env, const char *id,
                        const char *word, const char *comment, struct mig_approval_verdict *ret_verdict,
                        struct mig_error *err) MIG_MUST_CHECK;

/* Take back one's own request. ret_id: which it was. */
bool mig_request_withdraw(struct mig_app *app, const struct cfg_environment *env, const char *id,
                          const char *reason, char ret_id[static MIG_ULID_SIZE], struct mig_error *err)
    MIG_MUST_CHECK;

/* Newest first, at most limit, glass too: {request, kind, environment, state, planId, direction, migrations, versions, reason,
 * ticket, startedAt, expiresAt, requester, have, needed, forMe, detail, usedBy, decisions: [{decision, by, comment, at, counts, whyNot}], plan (of open ones)}. Signatures are
 * verified. state: waiting, approved, rejected, withdrawn, used, expired, void; of glass waiting or used (closed).
 * forMe: waiting, and not ruled out that this operator may decide. */
bool mig_requests_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                       bool (*each)(const bson_t *request, void *ctx), void *ctx, struct mig_error *err);

/* The bytes that the signature of one decision, or of the request itself, covers, to check it by hand. id: of the decision or request. */
bool mig_decision_text(struct mig_app *app, const struct cfg_environment *env, const char *id,
                       struct mig_buf *out, struct mig_error *err) MIG_MUST_CHECK;

/* ---- for gates and runs ---- */

/* Verify the signatures of a request: sets .proven, .why_not and the key of each decision. now_ms: the server's clock. */
void mig_request_prove(struct mig_app *app, const struct cfg_environment *env,
                       const struct mig_policy *policy, struct mig_request *request, int64_t now_ms);

/* The request that speaks for the plan, among those that are open, and how it stands. */
void mig_requests_judge(struct mig_app *app, const struct cfg_environment *env,
                        const struct mig_policy *policy, const struct mig_history *history,
                        const struct mig_plan *plan, int64_t now_ms, struct mig_approval_verdict *ret);

/* A resumed run goes on under the approval, or the broken glass, of the run that it resumes. One round trip. */
bool mig_requests_judge_resume(struct mig_app *app, const struct cfg_environment *env,
                               struct mig_store *store, const struct mig_policy *policy,
                               const struct mig_plan *plan, int64_t now_ms, struct mig_approval_verdict *ret,
                               struct mig_error *err);

/* Use it: a compare-and-set on state and rev in one write, which is the start of the run as far as approval goes. verdict: as
 * judged a moment ago, under the lock; where it goes on, this run is noted beside the first. A lost reply is resolved by reading. */
bool mig_request_use(struct mig_store *store, const struct mig_names *names,
                     const struct mig_approval_verdict *verdict, const char *run, struct mig_error *err)
    MIG_MUST_CHECK;

/* Break the glass: a run without approval is on record before it starts. */
bool mig_glass_break(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                     const struct mig_person *who, const struct mig_plan *plan, const char *run,
                     const char *reason, int64_t now_ms, struct mig_error *err) MIG_MUST_CHECK;

#endif
