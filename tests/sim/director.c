/* director.c - the storm, and the calm after it. */
#include "sim/director.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/approval.h"
#include "app/audit.h"
#include "app/gates.h"
#include "app/recover.h"
#include "app/run.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "sim/check.h"
#include "sim/process.h"
#include "sim/task.h"

#define SECOND_US   INT64_C(1000000)
#define RUN_ENDS_US (1800 * SECOND_US) /* I5: no run lasts longer than this once nothing goes wrong */
#define CALM_ACTS   40
#define BACKUPS     4

static const struct sim_profile profiles[] = {
    { "8.0", "8.0.4", 8, 0, 25, false, false },      { "7.0", "7.0.2", 7, 0, 21, false, false },
    { "secantus", "8.2.11", 8, 2, 27, false, true }, { "standalone", "8.0.4", 8, 0, 25, true, false },
    { "4.2", "4.2.24", 4, 2, 8, false, false },      { "6.0", "6.0.5", 6, 0, 17, false, false },
};

enum act_kind { ACT_RUN, ACT_INSPECT, ACT_MARK, ACT_STOP, ACT_AUDIT, ACT_PLAN, ACT_ASK, ACT_ACCEPT };

/* One command of an operator, and what came of it. */
struct act {
    struct director *director;
    enum act_kind kind;
    struct mig_run_options options;
    char version[64], run[40];
    enum mig_record_state state;
    struct sim_process *process;
    bool over, ok, can_resume, can_undo;
    volatile bool signal;
    struct mig_run_result result;
    struct mig_error error;
};

struct director {
    struct sim_world *world;
    struct sim_check check;
    struct sim_rng rng;
    struct sim_state *backups[BACKUPS];
    size_t backup_count;
    struct mig_selection selections[SIM_PLANS_MAX]; /* of the saved plans */
    uint64_t runs, acts;
    bool over, restored;
    bool marked; /* a person put data right by hand */
};

/* ---- what the processes do ---- */

static const bson_t *lock_of(const struct sim_state *state, bson_t *view)
{
    const struct sim_coll *coll = sim_state_find(state, "migtui_lock");
    if (!coll || coll->count == 0)
        return NULL;
    sim_doc_view(coll->docs[0], view);
    return view;
}

/* A green mark is looked at while the lock that guards it is still held. */
static void check_success(struct act *act, const bson_t *event)
{
    struct director *d = act->director;
    struct sim_world *world = d->world;
    const struct sim_state *state = sim_model_majority(&world->model);
    bson_t view;
    const bson_t *lock = lock_of(sim_model_last(&world->model), &view);
    if (strcmp(mig_doc_str(event, "event", ""), "run.finished") != 0 ||
        strcmp(mig_doc_str(event, "status", ""), "succeeded") != 0)
        return;
    bool ours = lock && strcmp(mig_doc_str(lock, "run", ""), mig_doc_str(event, "run", "?")) == 0 &&
                mig_doc_has(lock, "owner") && *mig_doc_str(lock, "owner", "");
    bool all = !act->options.plan_id && !act->options.selection.resume &&
               act->options.selection.direction == MIG_UP && act->options.selection.count == 0;
    for (size_t i = 0; ours && all && i < world->program->catalog->count; i++) {
        const char *version = world->program->catalog->items[i].version;
        if (sim_check_state_of(state, version) != MIG_RECORD_APPLIED)
            sim_fail(&world->sim, "I2: the run says it succeeded, and a majority does not have %s as applied",
                     version);
    }
}

static void on_event(const bson_t *event, void *context)
{
    struct act *act = context;
    sim_tell(&act->director->world->sim, "event", event, (int64_t)act->process->id);
    check_success(act, event);
}

static void inspect(struct act *act)
{
    struct mig_recovery *found;
    size_t count;
    act->ok = mig_recover_inspect(&act->process->app, &act->director->world->environment, &found, &count,
                                  &act->error);
    act->can_resume = true;
    act->can_undo = count > 0;
    for (size_t i = 0; i < count; i++) {
        act->can_resume = act->can_resume && found[i].can_resume;
        act->can_undo = act->can_undo && found[i].can_undo;
        SIM_SAY(&act->director->world->sim, "INSPECT %s: %s", found[i].version, found[i].evidence);
        mig_recovery_done(&found[i]);
    }
    free(found);
}

/* The chain holds, and what each host has of it agrees; after a restored backup its end may be missing, as it should be seen. */
static void audit(struct act *act)
{
    struct director *d = act->director;
    struct mig_audit_report report;
    act->ok = mig_audit_verify(&act->process->app, &d->world->environment, NULL, &report, &act->error);
    if (act->ok && (!report.chain_ok || (!report.whole && !d->restored)))
        sim_fail(&d->world->sim, "I4: the audit does not hold: %s", report.fault);
}

/* A plan is made and kept, to be carried out later, or to be void by then. */
static void plan(struct act *act)
{
    struct director *d = act->director;
    struct mig_plan *made = NULL;
    struct mig_look look;
    struct mig_catalog *catalog = sim_program_catalog(d->world->program, 0, &(struct mig_problems){ 0 });
    act->ok = mig_run_plan(&act->process->app, &d->world->environment, &act->options.selection, catalog,
                           &look, &made, &act->error);
    if (act->ok && made->count > 0 && d->check.plan_count < SIM_PLANS_MAX) {
        size_t at = d->check.plan_count++;
        memcpy(d->check.plans[at].id, made->id, sizeof made->id);
        memcpy(d->check.plans[at].head, made->head, sizeof made->head);
        d->selections[at] = act->options.selection;
    }
    mig_plan_free(made);
    mig_look_done(&look);
    mig_catalog_free(catalog);
}

/* A person put the data right, so it is no longer what the last run left; the drift gate says what to do then. */
static void accept_drift(struct act *act)
{
    struct director *d = act->director;
    struct mig_plan *made = NULL;
    struct mig_look look;
    struct mig_catalog *catalog = sim_program_catalog(d->world->program, 0, &(struct mig_problems){ 0 });
    act->ok =
        mig_run_plan(&act->process->app, &d->world->environment, &act->options.selection, catalog, &look,
                     &made, &act->error) &&
        mig_drift_accept(&act->process->app, &d->world->environment, made, "as it should be", &act->error);
    mig_plan_free(made);
    mig_look_done(&look);
    mig_catalog_free(catalog);
}

/* Asks for the plan that would run, and approves it: the policy lets whoever asks. */
static void ask(struct act *act)
{
    struct director *d = act->director;
    struct mig_ask question = { .selection = &act->options.selection, .reason = "it is time" };
    struct mig_approval_verdict verdict;
    struct mig_request request;
    act->ok =
        mig_request_make(&act->process->app, &d->world->environment, &question, &request, &act->error) &&
        mig_request_decide(&act->process->app, &d->world->environment, request.id, "approve", "fine",
                           &verdict, &act->error);
    mig_request_done(&request);
}

/* Who says which plan runs that one or nothing. */
static void check_pinned(const struct act *act)
{
    const char *asked = act->options.plan_id;
    if (asked && act->result.steps > 0 && strcmp(act->result.plan_id, asked) != 0)
        sim_fail(&act->director->world->sim, "I2: the saved plan %.12s was asked for, and %.12s ran", asked,
                 act->result.plan_id);
}

static void process_main(struct sim_process *process, void *context)
{
    struct act *act = context;
    const struct cfg_environment *env = &act->director->world->environment;
    act->process = process;
    switch (act->kind) {
    case ACT_RUN:
        act->ok = mig_run_execute(&process->app, env, &act->options, &act->result);
        act->error = act->result.error;
        check_pinned(act);
        break;
    case ACT_INSPECT: inspect(act); break;
    case ACT_MARK:
        act->ok =
            mig_mark(&process->app, env, act->version, act->state, "the data was put right", &act->error);
        break;
    case ACT_STOP: act->ok = mig_stop_request(&process->app, env, act->run, "someone", &act->error); break;
    case ACT_AUDIT: audit(act); break;
    case ACT_PLAN: plan(act); break;
    case ACT_ASK: ask(act); break;
    case ACT_ACCEPT: accept_drift(act); break;
    }
    act->over = true;
    SIM_SAY(&act->director->world->sim, "PROCESS %llu ends %s: %s", (unsigned long long)process->id,
            act->ok ? "well" : "badly", act->ok ? "" : act->error.message);
}

/* ---- the director's hands ---- */

static void wait_us(struct director *d, int64_t us)
{
    struct sim *sim = &d->world->sim;
    sim_resume_at(sim, sim->now_us + us, sim_ticket(sim));
    sim_block(sim);
}

static bool any_alive(const struct director *d)
{
    for (const struct sim_process *process = d->world->processes; process; process = process->next) {
        if (process->alive)
            return true;
    }
    return false;
}

static struct act *start(struct director *d, enum act_kind kind, const struct act *model)
{
    struct act *act = mig_alloc(sizeof *act);
    static const char *const words[] = { "run",   "inspect", "mark", "stop",
                                         "audit", "plan",    "ask",  "accept drift" };
    *act = *model;
    act->director = d;
    act->kind = kind;
    act->options.on_event = on_event;
    act->options.event_ctx = act;
    act->options.stop = &act->signal;
    d->acts++;
    d->runs += kind == ACT_RUN;
    act->process = sim_process_start(d->world, sim_below(&d->rng, SIM_HOSTS), process_main, act);
    SIM_SAY(&d->world->sim, "PROCESS %llu on %s: %s%s%s", (unsigned long long)act->process->id,
            act->process->machine->name, words[kind], act->options.selection.resume ? " resume" : "",
            act->options.selection.undo                    ? " undo"
            : act->options.selection.direction == MIG_DOWN ? " rollback"
                                                           : "");
    return act;
}

/* Until the process is gone, or so long. */
static void wait_for(struct director *d, const struct act *act, int64_t us)
{
    struct sim *sim = &d->world->sim;
    if (!act->process->alive)
        return;
    act->process->watcher = sim_ticket(sim);
    sim_resume_at(sim, sim->now_us + us, act->process->watcher);
    sim_block(sim);
    act->process->watcher = 0;
}

static struct act wishes(struct director *d, bool take_over)
{
    (void)d;
    return (struct act){ .options = { .take_over = take_over } };
}

static void stop_holder(struct director *d)
{
    struct act act = wishes(d, false);
    bson_t view;
    const bson_t *lock = lock_of(sim_model_last(&d->world->model), &view);
    if (!lock)
        return;
    snprintf(act.run, sizeof act.run, "%s", mig_doc_str(lock, "run", ""));
    start(d, ACT_STOP, &act);
}

static void kill_someone(struct director *d)
{
    size_t alive = 0;
    for (struct sim_process *process = d->world->processes; process; process = process->next)
        alive += process->alive;
    size_t chosen = sim_below(&d->rng, alive);
    for (struct sim_process *process = d->world->processes; alive > 0 && process; process = process->next) {
        if (process->alive && chosen-- == 0) {
            sim_process_kill(process);
            return;
        }
    }
}

static void back_up(struct director *d)
{
    if (d->backup_count < BACKUPS)
        d->backups[d->backup_count++] = sim_state_ref(sim_model_majority(&d->world->model));
}

/* The whole database, when nobody is at it. */
static void restore(struct director *d)
{
    if (d->backup_count == 0 || any_alive(d) || !sim_model_quiet(&d->world->model))
        return;
    SIM_SAY(&d->world->sim, "RESTORE an old backup");
    d->restored = true;
    sim_model_restore(&d->world->model, sim_state_fork(d->backups[sim_below(&d->rng, d->backup_count)]));
}

static const struct sim_book *book_of(const struct director *d)
{
    return sim_model_last(&d->world->model)->book;
}

static struct act *start_run(struct director *d)
{
    struct act act = wishes(d, sim_chance(&d->rng, 60));
    struct mig_selection *selection = &act.options.selection;
    uint64_t dice = sim_below(&d->rng, 100);
    if (dice < 20)
        selection->resume = true;
    else if (dice < 35)
        selection->direction = MIG_DOWN;
    else if (d->world->program->derives && (dice < 40 || (dice < 70 && book_of(d)->half))) {
        selection->undo = true;
        selection->direction = MIG_DOWN;
    }
    if (!selection->resume && !selection->undo && sim_chance(&d->rng, 30))
        selection->count = 1 + (int64_t)sim_below(&d->rng, 3);
    if (dice >= 80)
        wait_for(d, start(d, ACT_PLAN, &act), 60 * SECOND_US);
    size_t plans = d->check.plan_count;
    if (plans > 0 && sim_chance(&d->rng, 40)) {
        size_t at = sim_below(&d->rng, plans);
        *selection = d->selections[at];
        act.options.plan_id = d->check.plans[at].id;
    }
    if (sim_chance(&d->rng, 30))
        act.options.lock_wait_ms = (int64_t)sim_below(&d->rng, 60000);
    if (d->check.guarded && sim_chance(&d->rng, 75))
        wait_for(d, start(d, ACT_ASK, &act), 60 * SECOND_US);
    return start(d, ACT_RUN, &act);
}

static void storm(struct director *d)
{
    size_t acts = 1 + sim_below(&d->rng, 6);
    for (size_t i = 0; i < acts; i++) {
        uint64_t dice = sim_below(&d->rng, 100);
        struct act *act = start_run(d);
        if (dice < 12) {
            wait_us(d, sim_skewed(&d->rng, 0, 40 * SECOND_US));
            (void)start_run(d);
        }
        if (dice >= 12 && dice < 22) {
            wait_us(d, sim_skewed(&d->rng, 1000, 3 * SECOND_US));
            stop_holder(d);
        }
        if (dice >= 22 && dice < 32) {
            wait_us(d, sim_skewed(&d->rng, 500, 3 * SECOND_US));
            kill_someone(d);
        }
        wait_for(d, act,
                 sim_chance(&d->rng, 80) ? 900 * SECOND_US : sim_skewed(&d->rng, 1000, 60 * SECOND_US));
        wait_us(d, SECOND_US + sim_skewed(&d->rng, 0, 60 * SECOND_US));
        if (sim_chance(&d->rng, 25))
            back_up(d);
        if (sim_chance(&d->rng, 8))
            restore(d);
    }
}

/* ---- the calm ---- */

/* A person looks, decides what shall be, makes the data so, and says it. */
static void put_right(struct director *d)
{
    const struct sim_book *book = book_of(d);
    struct act act = wishes(d, true);
    bool applied = sim_chance(&d->rng, 50);
    struct sim_state *wanted = sim_check_target(&d->check, book, applied);
    struct sim_state *state = sim_state_fork(sim_model_last(&d->world->model));
    for (size_t i = state->count; i-- > 0;) {
        char name[80];
        snprintf(name, sizeof name, "%s", state->colls[i]->name);
        if (strncmp(name, "migtui_", 7) != 0)
            sim_state_drop(state, name);
    }
    for (size_t i = 0; i < wanted->count; i++) {
        wanted->colls[i]->refs++;
        state->colls[state->count++] = wanted->colls[i];
    }
    sim_state_unref(wanted);
    act.state = applied ? MIG_RECORD_APPLIED : MIG_RECORD_REVERTED;
    snprintf(act.version, sizeof act.version, "%s", book->version);
    SIM_SAY(&d->world->sim, "MARK %s as %s by hand", act.version, mig_record_state_word(act.state));
    sim_model_restore(&d->world->model, state);
    d->marked = true;
    wait_for(d, start(d, ACT_MARK, &act), RUN_ENDS_US);
}

/* 0: everybody is gone and the server is at rest; else I5 is broken. */
static bool settle(struct director *d)
{
    struct sim *sim = &d->world->sim;
    int64_t until_us = sim->now_us + RUN_ENDS_US;
    while (any_alive(d) || !sim_model_quiet(&d->world->model)) {
        if (sim->now_us >= until_us) {
            sim_fail(sim, "I5: %s half an hour after the last trouble",
                     any_alive(d) ? "a run has not ended" : "the server is not at rest");
            return false;
        }
        wait_us(d, SECOND_US);
    }
    return true;
}

static void recover(struct director *d, int attempt)
{
    struct act act = wishes(d, true);
    struct act *look = start(d, ACT_INSPECT, &act);
    wait_for(d, look, RUN_ENDS_US);
    if (look->ok && (!look->can_resume || attempt > CALM_ACTS - 5)) {
        put_right(d);
        return;
    }
    if (look->ok && look->can_undo && sim_chance(&d->rng, 30) && attempt < CALM_ACTS / 2) {
        act.options.selection.undo = true;
        act.options.selection.direction = MIG_DOWN;
    } else {
        act.options.selection.resume = true;
    }
    if (d->check.guarded && attempt % 2 == 1) /* at first it goes on under the approval that it had */
        wait_for(d, start(d, ACT_ASK, &act), RUN_ENDS_US);
    struct act *resume = start(d, ACT_RUN, &act);
    wait_for(d, resume, RUN_ENDS_US);
    if (resume->over && !resume->ok && resume->error.code == MIG_ERR_STEP && settle(d) && book_of(d)->half)
        put_right(d); /* the step itself says no, however often it is tried */
}

static void calm(struct director *d)
{
    struct sim *sim = &d->world->sim;
    char why[700] = "";
    sim->calm = true;
    d->world->model.lag_until_us = 0;
    for (size_t i = 0; i < SIM_HOSTS; i++)
        d->world->machines[i].disk_full_until_us = 0;
    for (int attempt = 0; attempt < CALM_ACTS && settle(d); attempt++) {
        struct act act = wishes(d, true);
        if (sim_check_finished(&d->check, why, sizeof why)) {
            wait_for(d, start(d, ACT_AUDIT, &act), RUN_ENDS_US);
            return;
        }
        if (book_of(d)->half) {
            recover(d, attempt);
        } else {
            if (d->check.guarded)
                wait_for(d, start(d, ACT_ASK, &act), RUN_ENDS_US);
            struct act *run = start(d, ACT_RUN, &act);
            wait_for(d, run, RUN_ENDS_US);
            if (d->marked && !run->ok && strstr(run->error.message, "gate drift"))
                wait_for(d, start(d, ACT_ACCEPT, &act), RUN_ENDS_US);
        }
        wait_us(d, sim_skewed(&d->rng, SECOND_US, 40 * SECOND_US));
    }
    if (!sim->failed && !sim_check_finished(&d->check, why, sizeof why))
        sim_fail(sim, "I6: nothing goes wrong any more, and it is not finished: %s", why);
}

static void direct(void *context)
{
    struct director *d = context;
    storm(d);
    calm(d);
    d->over = true;
}

static bool is_over(void *context)
{
    return ((struct director *)context)->over;
}

/* ---- the world ---- */

static bool is_alive(void *context, const char *host, int64_t pid)
{
    const struct sim_world *world = context;
    for (const struct sim_process *process = world->processes; process; process = process->next) {
        if (process->host.self.pid == pid && strcmp(process->machine->name, host) == 0)
            return process->alive;
    }
    return false;
}

static bool was_alive(void *context, uint64_t id, int64_t at_us)
{
    return sim_process_was_alive(context, id, at_us);
}

static void furnish(struct sim_world *world, struct director *d)
{
    struct sim *sim = &world->sim;
    struct sim_rng rng = { sim_mix64(sim->seed, 4) };
    const struct sim_profile *profile = &profiles[sim_below(&rng, sizeof profiles / sizeof profiles[0])];
    d->rng.state = sim_mix64(sim->seed, 5);
    SIM_SAY(sim, "SERVER %s", profile->name);
    world->program = mig_alloc(sizeof *world->program);
    sim_program_make(world->program, sim, !profile->standalone && profile->wire >= 9);
    sim_model_init(&world->model, sim, profile);
    world->model.reply = sim_store_reply;
    world->model.reply_context = world;
    world->model.kill = sim_process_kill_later;
    struct sim_state *data = sim_program_data(sim);
    data->book = sim_check_first(data);
    sim_state_unref(data->book->expected);
    data->book->expected = sim_state_fork(data);
    sim_book_unref(data->book->expected->book);
    data->book->expected->book = NULL;
    sim_model_restore(&world->model, data);
    sim_check_init(&d->check, sim, world->program, &world->model);
    d->check.alive = is_alive;
    d->check.was_alive = was_alive;
    d->check.alive_context = world;
    world->model.changed = sim_check_changed;
    world->model.executing = sim_check_executing;
    world->model.changed_context = &d->check;
    static char project[] = "sim", dir[] = ".", prefix[] = "migtui_", name[] = "prod", database[] = "shop";
    world->config = (struct cfg_config){
        .project = project, .dir = dir, .prefix = prefix, .lease_seconds = 30, .batch_target_ms = 200
    };
    world->environment =
        (struct cfg_environment){ .name = name,
                                  .database = database,
                                  .is_protected = sim_chance(&rng, 20),
                                  .order = sim_chance(&rng, 50) ? MIG_ORDER_LINEAR : MIG_ORDER_ANY };
    d->check.guarded = sim_mix64(sim->seed, 7) % 4 == 0;
    world->environment.has_gate = d->check.guarded;
    if (d->check.guarded)
        world->environment.gate =
            (struct cfg_gate){ .approvals = 1, .self_approval = true, .expires_ms = 24 * 3600 * 1000 };
    world->config.environments = &world->environment;
    world->config.environment_count = 1;
    world->machines[0] = (struct sim_machine){ .name = "alpha", .boot = "boot-a" };
    world->machines[1] = (struct sim_machine){ .name = "beta", .boot = "boot-b" };
    for (size_t i = 0; i < SIM_HOSTS; i++)
        mig_buf_init(&world->machines[i].anchors, 1 << 20);
}

void sim_play(uint64_t seed, const struct sim_options *options, struct sim_result *ret)
{
    struct sim_world *world = mig_alloc(sizeof *world);
    struct director *d = mig_alloc(sizeof *d);
    *ret = (struct sim_result){ 0 };
    sim_init(&world->sim, seed, options);
    d->world = world;
    world->director = d;
    furnish(world, d);
    sim_model_live(&world->model);
    sim_task_start(&world->sim, direct, d, NULL);
    sim_run(&world->sim, is_over, d);
    ret->failed = world->sim.failed;
    memcpy(ret->failure, world->sim.failure, sizeof ret->failure);
    ret->hash = world->sim.hash;
    ret->events = world->sim.events;
    ret->runs = d->runs;
    ret->acts = d->acts;
    ret->lasted_ms = sim_ms(&world->sim);
    ret->fired = world->sim.fired;
    ret->fired_count = world->sim.fired_count;
    world->sim.fired = NULL;
    sim_done(&world->sim);
    sim_calls_drop(world, NULL);
    sim_processes_end(world);
    for (size_t i = 0; i < SIM_HOSTS; i++)
        mig_buf_done(&world->machines[i].anchors);
    for (size_t i = 0; i < d->backup_count; i++)
        sim_state_unref(d->backups[i]);
    sim_model_done(&world->model);
    sim_check_done(&d->check);
    sim_program_done(world->program);
    free(world->program);
    free(d);
    free(world);
}
