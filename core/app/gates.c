/* gates.c - checks before a run. A gate that is configured and cannot be evaluated is closed, never passed over. */
#include "app/gates.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "engine/states.h"

static void add(struct mig_plan *plan, const char *name, enum mig_gate_state state, const char *reason,
                const char *remedy)
{
    plan->gates = mig_realloc_n(plan->gates, plan->gate_count + 1, sizeof *plan->gates);
    struct mig_gate *gate = &plan->gates[plan->gate_count++];
    *gate = (struct mig_gate){ .name = name, .state = state };
    snprintf(gate->reason, sizeof gate->reason, "%s", reason);
    snprintf(gate->remedy, sizeof gate->remedy, "%s", remedy);
}

static void add_lock(const struct mig_look *look, const char *own_run, struct mig_plan *plan)
{
    const struct mig_lock *lock = &look->history->lock;
    char reason[200];
    if (mig_lock_alive(lock) && (!own_run || strcmp(lock->run, own_run) != 0)) {
        snprintf(reason, sizeof reason, "run %.30s of %.60s on %.60s holds it", lock->run, lock->os_user,
                 lock->host);
        add(plan, "lock", MIG_GATE_FAILED, reason, "wait for it, or look: migtui attach");
    } else {
        add(plan, "lock", MIG_GATE_OK, "free", "");
    }
}

static void add_files(struct mig_plan *plan, const char *sum_problem)
{
    if (sum_problem)
        add(plan, "files", MIG_GATE_FAILED, sum_problem,
            "migtui verify-dir, then --write when the change is meant");
    else
        add(plan, "files", MIG_GATE_OK, "every file reads, and migtui.sum does not contradict", "");
}

static void add_identity(const struct mig_look *look, struct mig_app *app, struct mig_plan *plan)
{
    const char *was = look->history->project;
    char reason[256];
    if (*was && strcmp(was, app->config->project) != 0) {
        snprintf(reason, sizeof reason, "the database belongs to project \"%.80s\", this is \"%.80s\"", was,
                 app->config->project);
        add(plan, "identity", MIG_GATE_FAILED, reason, "check uri and database of this environment");
    } else {
        add(plan, "identity", MIG_GATE_OK, "the database is this project's", "");
    }
}

/* The policy asks for more than this version can check; it stays closed rather than be passed over. */
static void add_unavailable(const struct cfg_environment *env, struct mig_plan *plan)
{
    static const char remedy[] = "this version of migtui cannot evaluate it; a later one can";
    const struct cfg_gate *gate = &env->gate;
    if (!env->has_gate)
        return;
    if (gate->rehearsed_in)
        add(plan, "rehearsed", MIG_GATE_UNKNOWN, "rehearsedIn is configured", remedy);
    if (gate->approvals > 0)
        add(plan, "approvals", MIG_GATE_UNKNOWN, "approvals are configured", remedy);
    if (gate->has_backup)
        add(plan, "backup", MIG_GATE_UNKNOWN, "a backup is configured", remedy);
    if (gate->has_window)
        add(plan, "window", MIG_GATE_UNKNOWN, "a window is configured", remedy);
    if (gate->max_replication_lag_ms > 0)
        add(plan, "lag", MIG_GATE_UNKNOWN, "maxReplicationLag is configured", remedy);
}

void mig_gates_evaluate(struct mig_app *app, const struct mig_look *look, const char *own_run,
                        struct mig_plan *plan)
{
    plan->gate_count = 0;
    add_files(plan, plan->sum_problem);
    add_identity(look, app, plan);
    add_lock(look, own_run, plan);
    add_unavailable(look->env, plan);
}

const struct mig_gate *mig_gates_closed(const struct mig_plan *plan, const struct cfg_environment *env)
{
    for (size_t i = 0; i < plan->gate_count; i++) {
        const struct mig_gate *gate = &plan->gates[i];
        bool configured = strcmp(gate->name, "files") != 0;
        if (gate->state == MIG_GATE_FAILED ||
            (gate->state == MIG_GATE_UNKNOWN && (env->is_protected || configured)))
            return gate;
    }
    return NULL;
}
