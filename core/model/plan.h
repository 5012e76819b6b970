/* plan.h - what would run on one environment, in which order, and what stands against it. Plain data. */
#ifndef MIG_MODEL_PLAN_H
#define MIG_MODEL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/id.h"
#include "base/shared.h"
#include "model/history.h"
#include "model/migration.h"
#include "model/state.h"

enum mig_order { MIG_ORDER_LINEAR, MIG_ORDER_SKIP, MIG_ORDER_ANY, MIG_ORDERS };
const char *mig_order_word(enum mig_order order); /* linear, skip, any */
int mig_order_find(const char *word);

/* One migration as seen on one environment. Pointers are borrowed from catalog and history; both must outlive it. */
struct mig_view {
    const char *version;
    const char *title;
    enum mig_state state;
    bool raw_only_change; /* the bytes moved but not the meaning: a notice, not a state */
    char *reason;         /* why blocked, changed, late …; NULL when there is nothing to say */
    const struct mig_migration *migration; /* NULL: missing */
    const struct mig_record *record;       /* NULL: never ran */
};

struct mig_views {
    struct mig_view *items; /* union of catalog and history, sorted by version */
    size_t count;
    size_t counts[MIG_STATES];
    struct mig_shared *shared; /* the items as a piece that looks share; NULL: they are this one's alone */
};

/* A step to run; borrowed. */
struct mig_plan_step {
    const struct mig_step *step;
    bool transactional; /* will run in a transaction together with its record */
    int64_t estimate;   /* documents it will touch, -1 when not counted */
};

struct mig_plan_item {
    const struct mig_migration *migration;
    const struct mig_record *record; /* what is there now, or NULL */
    struct mig_plan_step *steps;
    size_t step_count;
    size_t first_step;        /* steps before it are done already (resume) */
    bool by_inverse;          /* the steps are no file's: they follow from what ran */
    struct mig_step *inverse; /* those steps, owned; NULL when there are none */
};

/* NONE: nothing was looked at, as there is nothing to look at it with; neither good nor in the way. */
enum mig_gate_state { MIG_GATE_OK, MIG_GATE_FAILED, MIG_GATE_UNKNOWN, MIG_GATE_NONE };
const char *mig_gate_state_word(enum mig_gate_state state); /* ok, failed, unknown, none */
/* Failed or unknown: to be told. Whether that closes it: mig_gate_is_closed. */
bool mig_gate_state_objects(enum mig_gate_state state);

struct mig_gate {
    const char *name; /* static */
    enum mig_gate_state state;
    bool asked;       /* the policy asks for it, so unknown closes it on any environment */
    bool passed_over; /* closed, and the glass was broken: the run goes without it */
    char reason[256];
    char remedy[256];
};

struct mig_plan {
    char id[MIG_SHA256_HEX];
    char *environment;
    char environment_uuid[MIG_UUID_SIZE];
    char *database;    /* its name, as the URI or the configuration has it */
    char *replica_set; /* its name, as the server tells it; "" where there is none */
    enum mig_order order;
    enum mig_direction direction;
    char head[MIG_SHA256_HEX];
    char server_version[32];
    struct mig_plan_item *items;
    size_t count;
    char **warnings;
    size_t warning_count;
    struct mig_gate *gates;
    size_t gate_count;
    bool wants_steps;         /* what ran must be read first (mig_history_load_steps), then plan again */
    int64_t gate_round_trips; /* what evaluating them cost on this environment's server */
    const char *sum_problem;  /* borrowed from the catalog; NULL when migtui.sum agrees or is not there */
};

/* Items are complete: let go of room they do not need, and make them a piece that can be shared. */
void mig_views_settle(struct mig_views *views);
/* The same items once more; both are freed by mig_views_done. from is settled. */
struct mig_views mig_views_share(const struct mig_views *from);
void mig_views_done(struct mig_views *views);
void mig_plan_free(struct mig_plan *plan);
void mig_plan_warn(struct mig_plan *plan, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t mig_plan_steps(const struct mig_plan *plan); /* steps that are still to run */

#endif
