/* plan.c - choosing what would run, and refusing while the past is in doubt. */
#include "engine/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/states.h"
#include "engine/steps.h"
#include "engine/undo.h"

/* ---- selection ---- */

static bool listed(const char *const *versions, const char *version)
{
    for (; versions && *versions; versions++) {
        if (mig_version_compare(*versions, version) == 0)
            return true;
    }
    return false;
}

/* Every version that was asked for by name must exist. */
static bool check_names(const struct mig_plan_input *in, struct mig_error *err)
{
    const struct mig_selection *sel = in->selection;
    for (size_t i = 0; sel->versions && sel->versions[i]; i++) {
        if (!mig_views_find(in->views, sel->versions[i]))
            return mig_fail(err, MIG_ERR_USAGE, "%s: there is no migration %s", in->environment,
                            sel->versions[i]);
    }
    if (sel->to && !mig_views_find(in->views, sel->to) && strcmp(sel->to, "0") != 0)
        return mig_fail(err, MIG_ERR_USAGE, "%s: there is no migration %s to go to", in->environment,
                        sel->to);
    return true;
}

/* Nothing runs on top of a past that is in doubt. */
static bool check_past(const struct mig_plan_input *in, struct mig_error *err)
{
    const struct mig_selection *sel = in->selection;
    for (size_t i = 0; i < in->views->count; i++) {
        const struct mig_view *view = &in->views->items[i];
        /* uncovered: every state has its case */
        switch (view->state) {
        case MIG_RUNNING:
            mig_fail(err, MIG_ERR_LOCKED, "%s: %s is running now: %s", in->environment, view->version,
                     view->reason);
            return mig_hint(err, "migtui attach --env %s shows it", in->environment);
        case MIG_FAILED:
        case MIG_INTERRUPTED:
            if (sel->resume || sel->undo)
                break;
            mig_fail(err, MIG_ERR_INTEGRITY, "%s: %s is %s: %s", in->environment, view->version,
                     mig_state_word(view->state), view->reason);
            return mig_hint(err, "look first: migtui recover --env %s; then go on: migtui resume --env %s",
                            in->environment, in->environment);
        case MIG_CHANGED:
            mig_fail(err, MIG_ERR_INTEGRITY, "%s: %s %s", in->environment, view->version, view->reason);
            return mig_hint(
                err, "see what moved: migtui diff %s %s; then put the file back, or write a new migration",
                in->environment, view->version);
        case MIG_MISSING:
            mig_fail(err, MIG_ERR_INTEGRITY, "%s: %s (%s) %s", in->environment, view->version, view->title,
                     view->reason);
            return mig_hint(err, "put the file back, or update this checkout");
        case MIG_APPLIED:
        case MIG_PENDING:
        case MIG_LATE:
        case MIG_BLOCKED:
        case MIG_STATES: break;
        }
    }
    return true;
}

/* ---- building ---- */

/* Which step of a half-done record comes next: the first that is not done (or, undone on the way back, not undone). */
static size_t next_step(const struct mig_record *record, const struct mig_plan_step *steps, size_t count)
{
    size_t next = 0;
    while (next < count && next < record->step_count && record->steps[next].phase == MIG_PHASE_DONE &&
           strcmp(record->steps[next].id, steps[next].step->id) == 0)
        next++;
    return next;
}

static void add_steps(const struct mig_plan_input *in, struct mig_plan *plan, const struct mig_view *view,
                      const struct mig_step *steps, size_t count)
{
    const struct mig_migration *migration = view->migration;
    struct mig_plan_item *item = &plan->items[plan->count++];
    *item = (struct mig_plan_item){ .migration = migration, .record = view->record, .step_count = count };
    item->steps = mig_alloc_n(count, sizeof *item->steps);
    for (size_t i = 0; i < count; i++)
        item->steps[i] = (struct mig_plan_step){
            .step = &steps[i], .transactional = mig_step_in_transaction(&steps[i], in->server), .estimate = -1
        };
    if (view->raw_only_change)
        mig_plan_warn(plan, "%s: its text changed since it ran, its meaning did not", view->version);
}

static void add_item(const struct mig_plan_input *in, struct mig_plan *plan, const struct mig_view *view,
                     enum mig_direction direction)
{
    const struct mig_migration *migration = view->migration;
    if (direction == MIG_UP)
        add_steps(in, plan, view, migration->up, migration->up_count);
    else
        add_steps(in, plan, view, migration->down, migration->down_count);
}

/* The plan keeps the steps. */
static void add_inverse(const struct mig_plan_input *in, struct mig_plan *plan, const struct mig_view *view,
                        struct mig_step *take_steps, size_t count)
{
    add_steps(in, plan, view, take_steps, count);
    plan->items[plan->count - 1].by_inverse = true;
    plan->items[plan->count - 1].inverse = take_steps;
}

/* Back without written steps, by the inverses of what ran; or what must be read before that can be said. */
static bool add_undone(const struct mig_plan_input *in, struct mig_plan *plan, const struct mig_view *view,
                       struct mig_error *err)
{
    struct mig_step *steps = NULL;
    size_t count = 0;
    struct mig_error why;
    if (!view->record->steps_known) {
        plan->wants_steps = true;
    } else if (!mig_undo_steps(view->migration, view->record, in->server, &steps, &count, &why)) {
        bool half_done = in->selection->undo;
        mig_fail(err, MIG_ERR_MIGRATION, "%s: %s %s: %s", in->environment, view->version,
                 half_done ? "cannot be undone" : "has no \"down\", and none follows", why.message);
        if (half_done)
            return mig_hint(err, "the ways out that are open: migtui recover %s --env %s", view->version,
                            in->environment);
        return mig_hint(err, "add \"down\" steps to %s, or {\"irreversible\": \"why\"}",
                        view->migration->file);
    }
    add_inverse(in, plan, view, steps, count);
    return true;
}

static bool add_up(const struct mig_plan_input *in, struct mig_plan *plan, struct mig_error *err)
{
    const struct mig_selection *sel = in->selection;
    for (size_t i = 0; i < in->views->count; i++) {
        const struct mig_view *view = &in->views->items[i];
        bool asked = listed(sel->versions, view->version);
        if (sel->count > 0 && plan->count >= (size_t)sel->count)
            break;
        if (sel->to && mig_version_compare(view->version, sel->to) > 0)
            break;
        if (sel->versions && !asked)
            continue;
        if (view->state == MIG_LATE && (in->order == MIG_ORDER_LINEAR || asked)) {
            mig_fail(err, MIG_ERR_ORDER, "%s: %s is out of order: %s", in->environment, view->version,
                     view->reason);
            return mig_hint(err, "give it a newer version, or set order: skip or any for %s",
                            in->environment);
        }
        if (view->state == MIG_LATE)
            mig_plan_warn(plan, "%s is left out: %s", view->version, view->reason);
        if (view->state == MIG_BLOCKED) {
            mig_fail(err, MIG_ERR_ORDER, "%s: %s is blocked: %s", in->environment, view->version,
                     view->reason);
            return mig_hint(err, "apply what it depends on first, or correct \"depends\" in %s",
                            view->migration->file);
        }
        if (view->state == MIG_PENDING)
            add_item(in, plan, view, MIG_UP);
    }
    return true;
}

static int newest_first(const void *a, const void *b)
{
    const struct mig_view *const *x = a;
    const struct mig_view *const *y = b;
    return (*x)->record->seq < (*y)->record->seq ? 1 : -1;
}

/* The way back of one: written, or following from what ran. */
static bool add_back(const struct mig_plan_input *in, struct mig_plan *plan, const struct mig_view *view,
                     struct mig_error *err)
{
    if (view->migration->irreversible)
        return mig_fail(err, MIG_ERR_MIGRATION, "%s: %s cannot be rolled back: %s", in->environment,
                        view->version, view->migration->irreversible);
    if (!view->migration->has_down)
        return add_undone(in, plan, view, err);
    add_item(in, plan, view, MIG_DOWN);
    return true;
}

/* Roll back in the reverse order of execution, not of names. */
static bool add_down(const struct mig_plan_input *in, struct mig_plan *plan, struct mig_error *err)
{
    const struct mig_selection *sel = in->selection;
    size_t count = 0;
    size_t limit = sel->count > 0 ? (size_t)sel->count : SIZE_MAX;
    const struct mig_view **applied = mig_alloc_n(in->views->count, sizeof *applied);
    bool ok = true;
    if (sel->count == 0 && !sel->to && !sel->versions && !sel->run)
        limit = 1;
    for (size_t i = 0; i < in->views->count; i++) {
        if (in->views->items[i].state == MIG_APPLIED)
            applied[count++] = &in->views->items[i];
    }
    qsort(applied, count, sizeof *applied, newest_first);
    for (size_t i = 0; i < count && plan->count < limit && ok; i++) {
        const struct mig_view *view = applied[i];
        if (sel->versions && !listed(sel->versions, view->version))
            continue;
        if (sel->run && (!view->record->run || strcmp(view->record->run, sel->run) != 0))
            continue;
        if (sel->to && mig_version_compare(view->version, sel->to) <= 0)
            continue;
        ok = add_back(in, plan, view, err);
    }
    free(applied);
    return ok;
}

/* Nothing that stays may depend on what goes. */
static bool check_dependants(const struct mig_plan_input *in, const struct mig_plan *plan,
                             struct mig_error *err)
{
    for (size_t i = 0; i < in->views->count; i++) {
        const struct mig_view *stays = &in->views->items[i];
        bool goes = false;
        if (stays->state != MIG_APPLIED)
            continue;
        for (size_t p = 0; p < plan->count; p++)
            goes = goes || plan->items[p].migration == stays->migration;
        for (size_t d = 0; d < stays->migration->depends_count && !goes; d++) {
            for (size_t p = 0; p < plan->count; p++) {
                if (mig_version_compare(plan->items[p].migration->version, stays->migration->depends[d]) == 0)
                    return mig_fail(err, MIG_ERR_ORDER, "%s: %s depends on %s, and would stay",
                                    in->environment, stays->version, stays->migration->depends[d]);
            }
        }
    }
    return true;
}

/* Half done, its file as it was when it began. */
static bool may_go_on(const struct mig_plan_input *in, const struct mig_view *view, struct mig_error *err)
{
    if (!view->migration) {
        mig_fail(err, MIG_ERR_INTEGRITY, "%s: %s is %s, and its file is gone", in->environment, view->version,
                 mig_state_word(view->state));
        return mig_hint(err, "put the file back: the very text that began is needed");
    }
    if (strcmp(view->migration->sem, view->record->sem) != 0) {
        mig_fail(err, MIG_ERR_INTEGRITY, "%s: %s was edited after it began to run", in->environment,
                 view->version);
        return mig_hint(err, "put the file back, or see what else can be done: migtui recover --env %s",
                        in->environment);
    }
    return true;
}

static bool half_done(const struct mig_plan_input *in, const struct mig_view *view)
{
    return (view->state == MIG_FAILED || view->state == MIG_INTERRUPTED) &&
           (!in->selection->versions || listed(in->selection->versions, view->version));
}

/* Where a half-done one goes on: with the file's steps, or with the inverse ones that its record keeps. */
static bool go_on(const struct mig_plan_input *in, struct mig_plan *plan, const struct mig_view *view,
                  struct mig_error *err)
{
    struct mig_step *steps;
    size_t count;
    if (view->record->direction == MIG_UP || !view->record->inverse) {
        add_item(in, plan, view, view->record->direction);
    } else {
        if (!mig_undo_read(view->record->inverse, &steps, &count, err))
            return mig_context(err, "%s: %s", in->environment, view->version);
        add_inverse(in, plan, view, steps, count);
    }
    struct mig_plan_item *item = &plan->items[plan->count - 1];
    item->first_step = next_step(view->record, item->steps, item->step_count);
    return true;
}

/* Newest first, as in every way back. */
static bool add_undo(const struct mig_plan_input *in, struct mig_plan *plan, struct mig_error *err)
{
    for (size_t i = in->views->count; i > 0; i--) {
        const struct mig_view *view = &in->views->items[i - 1];
        if (!half_done(in, view))
            continue;
        if (!may_go_on(in, view, err))
            return false;
        if (view->record->direction == MIG_DOWN) {
            mig_fail(err, MIG_ERR_INTEGRITY, "%s: %s is on its way back already", in->environment,
                     view->version);
            return mig_hint(err, "go on with that: migtui resume --env %s", in->environment);
        }
        if (!add_undone(in, plan, view, err))
            return false;
    }
    return true;
}

static bool add_resume(const struct mig_plan_input *in, struct mig_plan *plan, struct mig_error *err)
{
    for (size_t i = 0; i < in->views->count; i++) {
        const struct mig_view *view = &in->views->items[i];
        if (!half_done(in, view))
            continue;
        if (!may_go_on(in, view, err))
            return false;
        if (plan->count > 0 && plan->direction != view->record->direction) {
            mig_fail(err, MIG_ERR_INTEGRITY, "%s: more than one migration is half done, in both directions",
                     in->environment);
            return mig_hint(err, "one at a time: migtui recover %s --env %s --resume", view->version,
                            in->environment);
        }
        plan->direction = view->record->direction;
        if (!go_on(in, plan, view, err))
            return false;
    }
    return true;
}

static void add_step_ids(bson_t *row, const struct mig_plan_item *item)
{
    bson_t steps;
    BSON_APPEND_ARRAY_BEGIN(row, "2", &steps);
    for (size_t i = item->first_step; i < item->step_count; i++) {
        char key[24];
        const char *index;
        size_t len = bson_uint32_to_string((uint32_t)(i - item->first_step), &index, key, sizeof key);
        bson_t pair;
        bson_append_array_begin(&steps, index, (int)len, &pair);
        BSON_APPEND_UTF8(&pair, "0", item->steps[i].step->id);
        BSON_APPEND_UTF8(&pair, "1", mig_step_kind_name(item->steps[i].step->kind));
        bson_append_array_end(&steps, &pair);
    }
    bson_append_array_end(row, &steps);
}

static void put_row(size_t i, bson_t *row, const void *context)
{
    const struct mig_plan_item *item = &((const struct mig_plan *)context)->items[i];
    BSON_APPEND_UTF8(row, "0", item->migration->version);
    BSON_APPEND_UTF8(row, "1", item->migration->sem);
    add_step_ids(row, item);
    if (item->by_inverse) { /* no file's digest covers them */
        MIG_AUTODOC bson_t steps;
        mig_undo_write(item->inverse, item->inverse ? item->step_count : 0, &steps);
        BSON_APPEND_ARRAY(row, "3", &steps);
    }
}

static void make_id(struct mig_plan *plan)
{
    MIG_AUTODOC bson_t before = BSON_INITIALIZER;
    MIG_AUTODOC bson_t after = BSON_INITIALIZER;
    BSON_APPEND_INT32(&before, "format", 1);
    BSON_APPEND_UTF8(&before, "environment", plan->environment_uuid);
    BSON_APPEND_UTF8(&before, "database", plan->database);
    BSON_APPEND_UTF8(&before, "replicaSet", plan->replica_set);
    BSON_APPEND_UTF8(&before, "direction", mig_direction_word(plan->direction));
    BSON_APPEND_UTF8(&after, "head", plan->head);
    BSON_APPEND_UTF8(&after, "order", mig_order_word(plan->order));
    BSON_APPEND_UTF8(&after, "server", plan->server_version);
    mig_sha256_rows_in(&before, "migrations", plan->count, put_row, plan, &after, plan->id);
}

/* What the server cannot do is said before it matters. */
static bool check_requirements(const struct mig_plan_input *in, struct mig_plan *plan, struct mig_error *err)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct mig_migration *migration = plan->items[i].migration;
        const char *need = migration->requires_server;
        int major = 0;
        int minor = 0;
        if (need && sscanf(need, ">=%d.%d", &major, &minor) >= 1 &&
            (in->server->major < major || (in->server->major == major && in->server->minor < minor)))
            return mig_fail(err, MIG_ERR_TOO_OLD, "%s: %s requires server %s, this is %s", in->environment,
                            migration->version, need, in->server->version);
        if (migration->requires_topology &&
            strcmp(migration->requires_topology, mig_topology_name(in->server->topology)) != 0)
            return mig_fail(err, MIG_ERR_MIGRATION, "%s: %s requires topology %s, this is %s",
                            in->environment, migration->version, migration->requires_topology,
                            mig_topology_name(in->server->topology));
    }
    if (plan->count > 0 && !in->server->can_transactions)
        mig_plan_warn(
            plan,
            "this server has no transactions: each step runs on its own, with its intent recorded before");
    return true;
}

bool mig_plan_build(const struct mig_plan_input *in, struct mig_plan **ret, struct mig_error *err)
{
    struct mig_plan *plan = mig_alloc(sizeof *plan);
    bool ok;
    plan->environment = mig_strdup(in->environment);
    plan->database = mig_strdup(in->database);
    plan->replica_set = mig_strdup(in->server->set_name);
    plan->order = in->order;
    plan->direction = in->selection->direction;
    plan->items = mig_alloc_n(in->views->count, sizeof *plan->items);
    memcpy(plan->environment_uuid, in->history->environment_uuid, sizeof plan->environment_uuid);
    plan->sum_problem = in->catalog->sum_problem;
    memcpy(plan->head, in->history->head, sizeof plan->head);
    memcpy(plan->server_version, in->server->version, sizeof plan->server_version);
    ok = check_names(in, err) && check_past(in, err);
    if (ok && in->selection->resume)
        ok = add_resume(in, plan, err);
    else if (ok && in->selection->undo)
        ok = add_undo(in, plan, err);
    else if (ok && in->selection->direction == MIG_UP)
        ok = add_up(in, plan, err);
    else if (ok)
        ok = add_down(in, plan, err) && check_dependants(in, plan, err);
    if (!ok || !check_requirements(in, plan, err)) {
        mig_plan_free(plan);
        return false;
    }
    make_id(plan);
    *ret = plan;
    return true;
}
