/* approval.h - may this plan run on the strength of that request? N of M, four eyes, nothing moved, not too late. Pure.
 *
 * The same rule judges where a decision is written, where a run starts, and on the screen.
 */
#ifndef MIG_ENGINE_APPROVAL_H
#define MIG_ENGINE_APPROVAL_H

#include "base/buf.h"
#include "model/approval.h"
#include "model/plan.h"

/* What the policy of an environment asks for. All borrowed. */
struct mig_policy {
    int64_t approvals;
    const char *const *approvers; /* names; count 0: anyone */
    size_t approver_count;
    bool self_approval;
    bool is_signed;
    bool break_glass;
    char digest[MIG_SHA256_HEX];  /* of the whole policy, as the configuration has it now */
    char signers[MIG_SHA256_HEX]; /* of allowed_signers and revoked keys; "" when nothing is signed */
};

/* Two people that may be one. They are the same when the server or a signature says so: the same database user, or the same key
 * or name of a key. Where neither tells them apart, because at least one of them has none, the OS user decides.
 * ret_by: "database user ana@admin", or "" when they are different. */
bool mig_person_same(const struct mig_person *a, const struct mig_person *b, char *ret_by, size_t size);

/* Is this person one of those who may decide? With signatures by the key's name; else by database user ("ana" or "ana@admin"); on a server
 * without authentication by OS user. */
bool mig_policy_names(const struct mig_policy *policy, const struct mig_person *who);

/* Are these one person to this policy: as mig_person_same says, or because both are the one that one name of approvers means
 * ("ana": ana@admin, and ana@shop of another authentication database)? */
bool mig_policy_same(const struct mig_policy *policy, const struct mig_person *a, const struct mig_person *b,
                     char *ret_by, size_t size);

/* The bytes that a signature of this decision covers: lines of "key: value", the same for everyone. docs/reference/approvals.md */
void mig_approval_text(const struct mig_request *request, const struct mig_decision *decision,
                       struct mig_buf *out);

enum mig_approval_state {
    MIG_APPROVAL_NONE, /* there is no request for this plan */
    MIG_APPROVAL_WAITING,
    MIG_APPROVAL_APPROVED,
    MIG_APPROVAL_REJECTED,
    MIG_APPROVAL_WITHDRAWN,
    MIG_APPROVAL_USED,
    MIG_APPROVAL_EXPIRED,
    MIG_APPROVAL_VOID, /* something moved; .reason says what */
    MIG_APPROVAL_STATES
};
const char *mig_approval_state_word(enum mig_approval_state state);

struct mig_approval_verdict {
    enum mig_approval_state state;
    int64_t have, needed;
    char request[MIG_ULID_SIZE];
    int64_t rev;
    bool goes_on; /* used already, by the run that is resumed: noted beside it, not used once more */
    char reason[256];
    char remedy[256];
};

/* Judge one request. plan: what would run now, or NULL to leave it out (a list). Sets counts and why_not of every decision; .proven of
 * each must have been set by who verified the signatures. now_ms: the server's clock. */
void mig_request_judge(struct mig_request *request, const struct mig_policy *policy,
                       const struct mig_plan *plan, const char *environment_uuid, int64_t now_ms,
                       struct mig_approval_verdict *ret);

/* Who has closed a broken glass: two different people, by the same rules; the breaker is not one of them unless selfApproval is on. */
void mig_glass_judge(struct mig_request *glass, const struct mig_policy *policy,
                     struct mig_approval_verdict *ret);
#define MIG_GLASS_CLOSERS 2

#endif
