/* approved.c - what the approvals of a state of the database say of a run. */
#include "sim/approved.h"

#include <string.h>

#include "base/doc.h"

#define APPROVALS "migtui_approvals"

static bool names_run(const bson_t *request, const char *run)
{
    bson_iter_t runs, each;
    bool more = mig_doc_find(request, "runs", &runs) && bson_iter_recurse(&runs, &each);
    while (more && bson_iter_next(&each)) {
        if (strcmp(bson_iter_utf8(&each, NULL), run) == 0)
            return true;
    }
    return false;
}

void sim_approved(struct sim *sim, const struct sim_state *after, const struct mig_record *new,
                  const struct mig_record *old)
{
    const struct sim_coll *coll = sim_state_find(after, APPROVALS);
    bson_t request;
    for (size_t i = 0; coll && i < coll->count; i++) {
        sim_doc_view(coll->docs[i], &request);
        if (!names_run(&request, new->run))
            continue;
        bool own = strcmp(mig_doc_str(&request, "usedBy", ""), new->run) == 0 &&
                   strcmp(mig_doc_str(&request, "planId", ""), mig_record_details(new)->plan_id) == 0;
        bool resumed = old && old->state != MIG_RECORD_APPLIED && old->state != MIG_RECORD_REVERTED &&
                       names_run(&request, old->run);
        if (!own && !resumed)
            sim_fail(sim, "I9: run %s writes %s under an approval that another run used", new->run,
                     new->version);
        return;
    }
    sim_fail(sim, "I9: run %s writes %s, and no approval names it", new->run, new->version);
}

void sim_approvals_used(struct sim *sim, const struct sim_state *before, const struct sim_state *after)
{
    const struct sim_coll *now = sim_state_find(after, APPROVALS), *then = sim_state_find(before, APPROVALS);
    bson_t new, old;
    bson_iter_t id;
    for (size_t i = 0; now && now != then && i < now->count; i++) {
        sim_doc_view(now->docs[i], &new);
        bson_iter_init_find(&id, &new, "_id");
        const struct sim_doc *was = sim_coll_get(then, &id);
        if (!was || was == now->docs[i])
            continue;
        sim_doc_view(was, &old);
        const char *used = mig_doc_str(&old, "usedBy", "");
        if (*used && (strcmp(used, mig_doc_str(&new, "usedBy", "")) != 0 ||
                      strcmp(mig_doc_str(&new, "state", ""), "used") != 0))
            sim_fail(sim, "I9: the approval that run %s used becomes %s, used by %s", used,
                     mig_doc_str(&new, "state", ""), mig_doc_str(&new, "usedBy", "nobody"));
    }
}
