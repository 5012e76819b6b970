/* run.c - a run from its first look to its last record.
 *
 * look → plan → lock → fence → quiesce what a dead run left → look again, under the lock → the same plan or none → gates →
 * units, one after the other → last record → log → release. Whatever ends it early leaves the history telling the truth.
 */
#include "app/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gates.h"
#include "app/run_audit.h"
#include "app/run_private.h"
#include "app/run_report.h"
#include "app/server_probe.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/states.h"

#define QUIESCE_MS 60000

const char *mig_run_status_word(enum mig_run_status status)
{
    static const char *const words[] = { "succeeded", "failed", "stopped", "fenced", "unknown" };
    return (unsigned)status <= MIG_RUN_UNKNOWN ? words[status] : "unknown";
}

/* ---- planning ---- */

/* Twice where what is to be taken back has no written way: what it did is read in between. */
static bool make_plan(struct mig_app *app, const struct mig_selection *selection,
                      const struct mig_catalog *catalog, const struct mig_look *look, struct mig_store *store,
                      const struct mig_gate_question *question, struct mig_plan **ret,
                      struct mig_approval_verdict *ret_approval, struct mig_error *err)
{
    struct mig_plan_input input = { .environment = look->env->name,
                                    .database = look->env->database,
                                    .order = look->env->order,
                                    .catalog = catalog,
                                    .history = look->history,
                                    .views = &look->views,
                                    .server = &look->server,
                                    .selection = selection };
    if (!mig_plan_build(&input, ret, err))
        return false;
    if ((*ret)->wants_steps) {
        struct mig_names names;
        mig_names_make(app->config->prefix, &names);
        bool ok = mig_history_load_steps(store, &names, look->history, *ret, err);
        mig_plan_free(*ret);
        *ret = NULL;
        if (!ok || !mig_plan_build(&input, ret, err))
            return false;
    }
    if ((*ret)->count > 0)
        mig_gates_evaluate(app, look, store, question, *ret, ret_approval);
    return true;
}

static bool plan_run(struct mig_runner *r, struct mig_error *err)
{
    struct mig_gate_question question = { .own_run = r->run,
                                          .resume = r->options->selection.resume,
                                          .break_glass = r->options->break_glass };
    return make_plan(r->app, &r->options->selection, r->catalog, &r->look, r->store, &question, &r->plan,
                     &r->approval, err);
}

bool mig_run_plan(struct mig_app *app, const struct cfg_environment *env,
                  const struct mig_selection *selection, const struct mig_catalog *catalog,
                  struct mig_look *ret_look, struct mig_plan **ret, struct mig_error *err)
{
    struct mig_store *store;
    *ret_look = (struct mig_look){ .env = env };
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    bool ok = mig_look_store(app, env, store, catalog, ret_look, err);
    if (ok && !ret_look->history->environment_uuid[0]) {
        /* A plan names its target, so the target gets its name now. */
        uint8_t random[16];
        char uuid[MIG_UUID_SIZE];
        struct mig_names names;
        struct mig_error ignored; /* a user who may only read can still look; the plan then has no target */
        mig_names_make(app->config->prefix, &names);
        app->host->ops->random(app->host, random, sizeof random);
        mig_uuid4(random, uuid);
        if (mig_meta_ensure(store, &names, app->config->project, uuid, uuid, &ignored))
            memcpy(ret_look->history->environment_uuid, uuid, sizeof uuid);
    }
    struct mig_gate_question question = { .resume = selection->resume };
    ok = ok && make_plan(app, selection, catalog, ret_look, store, &question, ret, NULL, err);
    store->ops->close(store);
    return ok;
}

static bool read_files(struct mig_runner *r, struct mig_error *err)
{
    struct mig_problems problems = { 0 };
    bool ok = r->app->read_catalog(r->app->ports_ctx, MIG_CATALOG_KEEP_TEXT, &r->catalog, &problems, err);
    if (ok && problems.count > 0) {
        *err = problems.items[0];
        if (problems.count > 1)
            mig_hint(err, "%s%s%zu more file%s cannot be read: migtui verify-dir lists them all",
                     problems.items[0].hint, *problems.items[0].hint ? "; " : "", problems.count - 1,
                     problems.count == 2 ? "" : "s");
        ok = false;
    }
    mig_problems_done(&problems);
    return ok;
}

/* The plan that was approved or shown, or none. */
static bool check_pinned(struct mig_runner *r, struct mig_error *err)
{
    char moved[256] = "";
    if (!r->options->plan_id || strcmp(r->options->plan_id, r->plan->id) == 0)
        return true;
    if (r->options->plan_file)
        mig_plan_moved(r->options->plan_file, r->plan, moved, sizeof moved);
    mig_fail(err, MIG_ERR_STALE_PLAN, "plan %.12s is void: %s", r->options->plan_id,
             *moved ? moved : "what would run now is another plan");
    return mig_hint(err, "the plan is now %.12s; look at it (migtui plan --env %s) and decide again",
                    r->plan->id, r->env->name);
}

static bool check_gates(struct mig_runner *r, struct mig_error *err)
{
    mig_report_gates(r);
    const struct mig_gate *gate = mig_gates_closed(r->plan, r->env);
    if (!gate)
        return true;
    return mig_gate_fail(gate, r->env, err);
}

static void drop_plan(struct mig_runner *r)
{
    for (size_t i = 0; r->records && r->plan && i < r->plan->count; i++)
        mig_record_done(&r->records[i]);
    free(r->records);
    free(r->begun);
    free(r->dirty);
    free(r->stamps);
    free(r->has_text);
    r->records = NULL;
    r->begun = r->dirty = r->has_text = NULL;
    r->stamps = NULL;
    mig_plan_free(r->plan);
    r->plan = NULL;
}

/* ---- the lock ---- */

static bool acquire_once(struct mig_runner *r, const struct mig_lock *seen, char *prev_run,
                         struct mig_error *err)
{
    struct mig_lock lock;
    int64_t sent_ms;
    if (!mig_lock_acquire(r->store, r->host, &r->names, &r->claim, seen, &lock, &sent_ms, prev_run, err))
        return false;
    r->token = lock.token;
    r->prev_released = lock.prev_released;
    r->locked = true;
    r->lease = (struct mig_lease_clock){ .lease_ms = r->claim.lease_ms, .sent_ms = sent_ms };
    return true;
}

static bool acquire(struct mig_runner *r, char *prev_run, struct mig_error *err)
{
    int64_t until = r->host->ops->mono_ms(r->host) + r->options->lock_wait_ms;
    const struct mig_lock *seen = &r->look.history->lock;
    struct mig_lock again;
    if (r->started && seen->owner[0] && !seen->holder_dead && !mig_lock_alive(seen))
        mig_journal_warn(
            &r->journal,
            "run %s has not released the lock and its lease is over; listening for %lld s whether it is alive",
            seen->run, (long long)(r->claim.lease_ms * 5 / 6000));
    while (!acquire_once(r, seen, prev_run, err)) {
        if (err->code != MIG_ERR_LOCKED || r->host->ops->mono_ms(r->host) >= until || mig_beat_stopping(r))
            return false;
        r->host->ops->sleep_until(r->host, r->host->ops->mono_ms(r->host) + 500, NULL);
        if (mig_lock_read(r->store, &r->names, &again, err)) {
            mig_lock_check_holder(r->host, &again);
            seen = &again;
        }
    }
    return true;
}

/* The fence stands before anything is read, so what is read can no longer change under us; what the old run sends after it is
 * stopped by it. */
static bool take_hold(struct mig_runner *r, struct mig_error *err)
{
    char prev_run[MIG_ULID_SIZE];
    int killed = 0;
    if (!acquire(r, prev_run, err))
        return false;
    if (!r->prev_released)
        memcpy(r->took_over, prev_run, sizeof prev_run);
    mig_report_lock(r, r->took_over);
    if (!mig_beat_start(r, err))
        return false;
    /* What the old run left goes first: its open transaction may hold the fence document itself. */
    if (*prev_run && !mig_takeover_quiesce(r->store, r->host, &r->names,
                                           r->host->ops->mono_ms(r->host) + QUIESCE_MS, &killed, err))
        return false;
    if (!mig_fence_raise(r->store, &r->names, r->token, r->run, err))
        return false;
    if (*prev_run && !r->prev_released)
        mig_journal_warn(
            &r->journal,
            "run %s had not released the lock; %d of its operations were still executing and were "
            "killed",
            prev_run, killed);
    else if (killed > 0)
        mig_journal_warn(&r->journal, "%d operations of run %s were still executing and were killed", killed,
                         prev_run);
    return true;
}

static void adopt_records(struct mig_runner *r)
{
    r->records = mig_alloc_n(r->plan->count, sizeof *r->records);
    r->begun = mig_alloc_n(r->plan->count, sizeof *r->begun);
    r->dirty = mig_alloc_n(r->plan->count, sizeof *r->dirty);
    r->stamps = mig_alloc_n(r->plan->count, sizeof *r->stamps);
    r->has_text = mig_alloc_n(r->plan->count, sizeof *r->has_text);
    r->next_seq = 1;
    for (size_t i = 0; i < r->look.history->count; i++) {
        int64_t seq = r->look.history->records[i].seq;
        r->next_seq = seq >= r->next_seq ? seq + 1 : r->next_seq;
    }
    for (size_t i = 0; i < r->plan->count; i++) {
        if (r->plan->items[i].record)
            r->records[i] = mig_record_copy(r->plan->items[i].record);
        r->plan->items[i].record = NULL; /* the run changes what it has copied */
    }
}

/* Whether a command whose reply was lost is still at work can be seen where operations can be; a step in a transaction needs
 * no such look. */
static bool see_operations(struct mig_runner *r, struct mig_error *err)
{
    for (size_t i = 0; i < r->plan->count; i++) {
        for (size_t s = r->plan->items[i].first_step; s < r->plan->items[i].step_count; s++) {
            if (!r->plan->items[i].steps[s].transactional)
                return mig_server_probe_operations(r->store, &r->look.server, err);
        }
    }
    return true;
}

/* Look and plan again, now that nobody else can write. */
static bool settle_plan(struct mig_runner *r, struct mig_error *err)
{
    char uuid[MIG_UUID_SIZE];
    memcpy(uuid, r->look.history->environment_uuid, sizeof uuid);
    struct mig_history *history;
    if (!mig_history_load(r->store, &r->names, &r->look.server, NULL, &history, err))
        return false;
    drop_plan(r);
    mig_history_free(r->look.history);
    mig_views_done(&r->look.views);
    r->look.history = history;
    r->look.looked_mono_ms = r->host->ops->mono_ms(r->host);
    mig_states_derive(r->catalog, history, r->env->order, &r->look.views);
    /* Our own lock must not make an interrupted migration look as if it ran. */
    if (strcmp(history->environment_uuid, uuid) != 0)
        return mig_fail(err, MIG_ERR_WRONG_SERVER, "%s: the database was replaced while the run began",
                        r->env->name);
    if (!plan_run(r, err))
        return false;
    memcpy(r->result->plan_id, r->plan->id, sizeof r->plan->id);
    if (!check_pinned(r, err) || !check_gates(r, err) || !see_operations(r, err))
        return false;
    adopt_records(r);
    return true;
}

/* ---- the units ---- */

static enum mig_unit_end migration_over(struct mig_runner *r, size_t item)
{
    r->result->migrations++;
    mig_run_event_migration(r, "migration.done", item, r->records[item].duration_ms);
    return MIG_UNIT_DONE;
}

static enum mig_unit_end run_units(struct mig_runner *r, struct mig_error *err)
{
    size_t item = 0;
    size_t step = r->plan->count > 0 ? r->plan->items[0].first_step : 0;
    size_t alone_until = 0; /* items before it failed as a group and run step by step */
    struct mig_unit unit;
    while (mig_unit_next(r->plan, &r->look.server, item, step, item < alone_until, &unit)) {
        enum mig_unit_end end;
        if (mig_beat_stopping(r)) {
            end = mig_record_flush(r, err);
            return end == MIG_UNIT_DONE ? MIG_UNIT_STOPPED : end;
        }
        if (unit.kind == MIG_UNIT_GROUP) {
            end = mig_run_group(r, &unit, err);
            if (end == MIG_UNIT_ALONE) {
                alone_until = unit.end_item;
                continue;
            }
        } else {
            if (!r->begun[item]) {
                mig_record_begin(r, item);
                mig_run_event_migration(r, "migration.started", item, 0);
            }
            end = mig_run_single(r, &unit, err);
        }
        if (end != MIG_UNIT_DONE)
            return end;
        if (unit.end_step < r->plan->items[unit.end_item - 1].step_count) {
            step = unit.end_step;
            continue;
        }
        for (size_t i = unit.item; i < unit.end_item; i++)
            (void)migration_over(r, i);
        mig_journal_release(&r->journal);
        item = unit.end_item;
        step = item < r->plan->count ? r->plan->items[item].first_step : 0;
    }
    return mig_record_flush(r, err);
}

static enum mig_run_status status_of(enum mig_unit_end end)
{
    switch (end) {
    case MIG_UNIT_DONE: return MIG_RUN_SUCCEEDED;
    case MIG_UNIT_STOPPED: return MIG_RUN_STOPPED;
    case MIG_UNIT_FENCED: return MIG_RUN_FENCED;
    case MIG_UNIT_UNKNOWN: return MIG_RUN_UNKNOWN;
    case MIG_UNIT_ALONE:
    case MIG_UNIT_FAILED: break;
    }
    return MIG_RUN_FAILED;
}

static bool half_done(const struct mig_runner *r)
{
    for (size_t i = 0; i < r->plan->count; i++) {
        if (r->begun[i] &&
            (r->records[i].state == MIG_RECORD_RUNNING || r->records[i].state == MIG_RECORD_REVERTING))
            return true;
    }
    return false;
}

static void name_end(struct mig_runner *r, enum mig_unit_end end, struct mig_error *err)
{
    r->result->status = status_of(end);
    switch (r->result->status) {
    case MIG_RUN_STOPPED:
        mig_fail(err, MIG_ERR_INTERRUPTED,
                 "stopped by %s after %zu of %zu migrations; everything done is recorded", r->stop_by,
                 r->result->migrations, r->plan->count);
        mig_hint(err, "go on with: migtui %s --env %s",
                 half_done(r) ? "resume" : mig_report_command(r->options), r->env->name);
        break;
    case MIG_RUN_FAILED:
        if (!err->hint[0])
            mig_hint(err, "look: migtui recover --env %s; then: migtui resume --env %s", r->env->name,
                     r->env->name);
        break;
    case MIG_RUN_UNKNOWN:
        if (!err->hint[0])
            mig_hint(err, "when the server is back: migtui resume --env %s", r->env->name);
        break;
    case MIG_RUN_FENCED: err->code = MIG_ERR_FENCED; break;
    case MIG_RUN_SUCCEEDED: break;
    }
}

/* ---- the whole ---- */

static bool begin(struct mig_runner *r, struct mig_error *err)
{
    uint8_t random[32];
    r->host->ops->random(r->host, random, sizeof random);
    if (r->options->run)
        snprintf(r->run, sizeof r->run, "%s", r->options->run);
    else
        mig_ulid(r->host->ops->wall_ms(r->host), random, r->run);
    mig_uuid4(random + 16, r->owner);
    memcpy(r->result->run, r->run, sizeof r->run);
    mig_names_make(r->app->config->prefix, &r->names);
    mig_journal_init(&r->journal, r->host, r->run, r->options->on_event, r->options->event_ctx);
    r->claim = (struct mig_lock_claim){ .owner = r->owner,
                                        .run = r->run,
                                        .command = mig_report_command(r->options),
                                        .operator_name = r->app->operator_name,
                                        .lease_ms = r->app->config->lease_seconds * 1000,
                                        .may_take_over = !r->env->is_protected || r->options->take_over,
                                        .self = &r->host->self };
    return read_files(r, err) && r->app->open_store(r->app->ports_ctx, r->env, r->run, &r->store, err) &&
           r->app->open_store(r->app->ports_ctx, r->env, r->run, &r->beat_store, err) &&
           mig_look_store(r->app, r->env, r->store, r->catalog, &r->look, err);
}

/* A plan names its target, so a database that migtui never saw gets its name first. */
static bool name_target(struct mig_runner *r, struct mig_error *err)
{
    uint8_t random[16];
    char uuid[MIG_UUID_SIZE];
    if (r->look.history->environment_uuid[0])
        return true;
    r->host->ops->random(r->host, random, sizeof random);
    mig_uuid4(random, uuid);
    return mig_meta_ensure(r->store, &r->names, r->app->config->project, uuid,
                           r->look.history->environment_uuid, err);
}

/* A first plan before the lock: most refusals need no lock, and an empty plan needs no run. */
static bool plan_first(struct mig_runner *r, bool *ret_nothing, struct mig_error *err)
{
    *ret_nothing = false;
    if (!plan_run(r, err))
        return err->code == MIG_ERR_LOCKED && r->options->lock_wait_ms > 0; /* wait for the lock, then plan */
    if (r->plan->count == 0 && !r->options->plan_id) {
        *ret_nothing = true;
        return true;
    }
    const struct mig_gate *gate = mig_gates_closed(r->plan, r->env);
    if (gate && strcmp(gate->name, "lock") != 0)
        return check_gates(r, err);
    if (r->look.history->environment_uuid[0])
        return check_pinned(r, err);
    if (!name_target(r, err))
        return false;
    mig_plan_free(r->plan);
    r->plan = NULL;
    return plan_run(r, err) && check_pinned(r, err);
}

static void release(struct mig_runner *r)
{
    struct mig_error ignored; /* a lock that stays expires by itself */
    MIG_AUTOBSON bson_t *left =
        BCON_NEW("run", BCON_UTF8(r->run), "sessions", BCON_ARRAY(&r->unheard), "released", BCON_BOOL(true));
    bool any = r->left_behind || !bson_empty(&r->unheard);
    (void)mig_lock_release(r->beat_store, &r->names, r->owner, r->token, any ? left : NULL, &ignored);
}

static void finish(struct mig_runner *r)
{
    struct mig_error ignored; /* the run's own end is what counts; a lock that stays expires by itself */
    struct mig_run_result *result = r->result;
    result->duration_ms = r->host->ops->mono_ms(r->host) - r->began_ms;
    if (r->store)
        r->store->ops->cancel(r->store, false);
    bool reachable = result->status != MIG_RUN_UNKNOWN && result->status != MIG_RUN_FENCED;
    if (r->locked && reachable)
        mig_run_txn_hush(r);
    if (r->locked && reachable)
        mig_report_run_record(r, false);
    if (r->locked && reachable)
        mig_run_keep_prints(r);
    if (r->store && reachable)
        mig_run_audit_end(r);
    mig_report_finished(r);
    mig_beat_stop(r);
    if (r->locked && reachable) {
        (void)mig_journal_flush(&r->journal, r->beat_store, &r->names, 0, &ignored);
        release(r);
    }
    if (r->store) {
        result->round_trips = r->store->ops->round_trips(r->store);
        r->store->ops->close(r->store);
    }
    if (r->beat_store) {
        result->round_trips += r->beat_store->ops->round_trips(r->beat_store);
        r->beat_store->ops->close(r->beat_store);
    }
    drop_plan(r);
    mig_look_done(&r->look);
    mig_catalog_free(r->catalog);
    mig_journal_done(&r->journal);
    pthread_mutex_destroy(&r->mutex);
    bson_destroy(&r->sessions);
    bson_destroy(&r->unheard);
}

static bool carry_out(struct mig_runner *r, struct mig_error *err)
{
    bool nothing;
    r->result->status = MIG_RUN_FAILED;
    if (!begin(r, err) || !plan_first(r, &nothing, err))
        return false;
    if (nothing) {
        r->result->status = MIG_RUN_SUCCEEDED;
        memcpy(r->result->plan_id, r->plan->id, sizeof r->plan->id);
        mig_report_started(r);
        return true;
    }
    if (r->plan)
        mig_report_started(r);
    char planned[MIG_SHA256_HEX] = "";
    if (r->plan)
        memcpy(planned, r->plan->id, sizeof planned);
    if (!take_hold(r, err) || !settle_plan(r, err) || !mig_run_audit_start(r, err)) {
        if (err->code == MIG_ERR_FENCED)
            r->result->status = MIG_RUN_FENCED;
        return false;
    }
    mig_report_run_record(r, true);
    mig_report_started(r);
    if (*planned && strcmp(planned, r->plan->id) != 0)
        mig_journal_warn(&r->journal,
                         "another run finished while this one waited; the plan is now %.12s: %zu migration%s",
                         r->plan->id, r->plan->count, r->plan->count == 1 ? "" : "s");
    enum mig_unit_end end = run_units(r, err);
    name_end(r, end, err);
    return end == MIG_UNIT_DONE;
}

bool mig_run_execute(struct mig_app *app, const struct cfg_environment *env,
                     const struct mig_run_options *options, struct mig_run_result *ret)
{
    struct mig_runner *r = mig_alloc(sizeof *r);
    struct mig_error err = { 0 };
    *ret = (struct mig_run_result){ .status = MIG_RUN_FAILED };
    r->app = app;
    r->host = app->host;
    r->env = env;
    r->options = options;
    r->result = ret;
    r->began_ms = app->host->ops->mono_ms(app->host);
    pthread_mutex_init(&r->mutex, NULL);
    bson_init(&r->sessions);
    bson_init(&r->unheard);
    bool ok = carry_out(r, &err);
    if (!ok)
        ret->error = err;
    finish(r);
    free(r);
    return ok;
}
