/* process.c - processes, and the host port as each of them sees it. */
#include "sim/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/task.h"

#define BATCH     8 /* documents of a cursor that has more than one batch */
#define SECOND_US INT64_C(1000000)

struct mig_task {
    struct sim_process *process;
    void (*fn)(void *);
    void *context;
    bool over;
    uint64_t joiner;
};

static struct sim_process *process_of(struct mig_host *host)
{
    return (struct sim_process *)(void *)host;
}

/* ---- dying and stopping ---- */

static struct sim_process **slot_of(struct sim_process *process)
{
    struct sim_process **at = &process->world->processes;
    while (*at != process)
        at = &(*at)->next;
    return at;
}

static void end(struct sim_process *process)
{
    struct sim *sim = &process->world->sim;
    process->alive = false;
    process->ended_us = sim->now_us;
    sim_calls_drop(process->world, process);
    if (process->watcher)
        sim_resume_at(sim, sim->now_us, process->watcher);
    process->watcher = 0;
}

void sim_process_kill(struct sim_process *process)
{
    if (!process->alive)
        return;
    sim_tell(&process->world->sim, "killed", NULL, (int64_t)process->id);
    end(process);
    sim_tasks_kill(&process->world->sim, process);
}

static struct sim_process *by_number(const struct sim_world *world, uint64_t id)
{
    struct sim_process *process = world->processes;
    while (process && process->id != id)
        process = process->next;
    return process;
}

bool sim_process_was_alive(const struct sim_world *world, uint64_t id, int64_t at_us)
{
    const struct sim_process *process = by_number(world, id);
    return process && (process->alive || process->ended_us >= at_us);
}

static void kill_number(struct sim *sim, void *context, uint64_t id)
{
    (void)sim;
    struct sim_process *process = by_number(context, id);
    if (process)
        sim_process_kill(process);
}

void sim_process_kill_later(void *context, uint64_t id, int64_t after_us)
{
    struct sim_world *world = context;
    sim_at(&world->sim, world->sim.now_us + after_us, kill_number, world, id);
}

void sim_processes_end(struct sim_world *world)
{
    while (world->processes) {
        struct sim_process *process = world->processes;
        *slot_of(process) = process->next;
        free(process);
    }
}

void sim_process_point(struct sim_process *process, int64_t cap_us)
{
    struct sim *sim = &process->world->sim;
    struct sim_rng luck;
    if (sim_fault(sim, SIM_DIE, &luck)) {
        if (sim_chance(&luck, 40))
            sim_process_kill(process);
        sim_process_kill_later(process->world, process->id, sim_skewed(&luck, 1, 10 * SECOND_US));
    }
    if (sim_fault(sim, SIM_PAUSE, &luck)) {
        int64_t pause = sim_skewed(&luck, 1000, 200 * SECOND_US);
        pause = pause < cap_us ? pause : cap_us;
        if (sim->now_us + pause > process->paused_until_us)
            process->paused_until_us = sim->now_us + pause;
        sim_tell(sim, "stopped", NULL, pause / 1000);
    }
    if (sim->now_us < process->paused_until_us) {
        sim_resume_at(sim, process->paused_until_us, sim_ticket(sim));
        sim_process_block(process);
    }
}

bool sim_process_more(struct sim_process *process, size_t fed, struct mig_error *err)
{
    struct sim *sim = &process->world->sim;
    struct sim_rng luck;
    if (fed % BATCH != 0)
        return true;
    sim_process_point(process, INT64_MAX);
    if (!sim_fault(sim, SIM_LOSE_CURSOR, &luck))
        return true;
    SIM_SAY(sim, "a cursor is lost after %zu documents", fed);
    if (sim_chance(&luck, 50))
        return mig_fail(err, MIG_ERR_UNREACHABLE, "the connection broke");
    mig_fail(err, MIG_ERR_SERVER, "cursor id not found");
    err->server_code = 43;
    return false;
}

void sim_process_block(struct sim_process *process)
{
    struct sim *sim = &process->world->sim;
    sim_block(sim);
    while (sim->now_us < process->paused_until_us) {
        sim_resume_at(sim, process->paused_until_us, sim_ticket(sim));
        sim_block(sim);
    }
}

/* ---- clocks and chance ---- */

static int64_t mono_ms(struct mig_host *host)
{
    return sim_ms(&process_of(host)->world->sim) + 1000000;
}

static int64_t wall_ms(struct mig_host *host)
{
    struct sim_process *process = process_of(host);
    struct sim *sim = &process->world->sim;
    struct sim_rng luck;
    if (sim_fault(sim, SIM_CLOCK_HOST, &luck))
        process->machine->wall_skew_ms = (int64_t)sim_below(&luck, 7200000) - 3600000;
    return INT64_C(1795000000000) + sim_ms(sim) + process->machine->wall_skew_ms;
}

static void random_bytes(struct mig_host *host, void *bytes, size_t len)
{
    uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)sim_next(&process_of(host)->rng);
}

/* ---- tasks ---- */

static void run_task(void *context)
{
    struct mig_task *task = context;
    struct sim *sim = &task->process->world->sim;
    task->fn(task->context);
    task->over = true;
    if (task->joiner)
        sim_resume_at(sim, sim->now_us, task->joiner);
}

static bool task_start(struct mig_host *host, void (*fn)(void *), void *context, struct mig_task **ret,
                       struct mig_error *err)
{
    struct sim_process *process = process_of(host);
    (void)err;
    *ret = mig_alloc(sizeof **ret);
    **ret = (struct mig_task){ .process = process, .fn = fn, .context = context };
    sim_task_start(&process->world->sim, run_task, *ret, process);
    return true;
}

static void task_join(struct mig_host *host, struct mig_task *task)
{
    struct sim_process *process = process_of(host);
    while (!task->over) {
        task->joiner = sim_ticket(&process->world->sim);
        sim_process_block(process);
    }
    free(task);
}

/* Keys are addresses, which differ from run to run: so a wake reaches every sleeper of the process, as the contract allows. */
static void sleep_until(struct mig_host *host, int64_t until_ms, const void *key)
{
    struct sim_process *process = process_of(host);
    struct sim *sim = &process->world->sim;
    (void)key;
    int64_t at_us = (until_ms - 1000000) * 1000;
    sim_resume_at(sim, at_us > sim->now_us + 100 ? at_us : sim->now_us + 100, sim_ticket(sim));
    sim_process_block(process);
}

/* Sleepers of the simulation all poll at short intervals; waking them sooner would prove nothing more. */
static void wake(struct mig_host *host, const void *key)
{
    (void)host, (void)key;
}

/* ---- files ---- */

static bool file_append(struct mig_host *host, const char *path, const char *bytes, size_t len, bool sync,
                        struct mig_error *err)
{
    struct sim_process *process = process_of(host);
    struct sim *sim = &process->world->sim;
    struct sim_rng luck;
    if (sync)
        sim_process_point(process, INT64_MAX);
    if (sim_fault(sim, SIM_DISK_FULL, &luck))
        process->machine->disk_full_until_us = sim->now_us + sim_skewed(&luck, SECOND_US, 600 * SECOND_US);
    if (sim->now_us < process->machine->disk_full_until_us)
        return mig_fail(err, MIG_ERR_IO, "%s: no space left on device", path);
    if (strstr(path, "/audit/"))
        mig_buf_add(&process->machine->anchors, bytes, len);
    return true;
}

static bool file_each(struct mig_host *host, const char *path, bool *ret_there,
                      bool (*each)(const char *bytes, size_t len, void *ctx), void *ctx,
                      struct mig_error *err)
{
    if (!strstr(path, "/audit/"))
        return mig_fail(err, MIG_ERR_IO, "%s: not read in the simulation", path);
    if (ret_there)
        *ret_there = true;
    (void)each(process_of(host)->machine->anchors.text, process_of(host)->machine->anchors.len, ctx);
    return true;
}

static bool file_replace(struct mig_host *host, const char *path, const char *bytes, size_t len,
                         struct mig_error *err)
{
    return file_append(host, path, bytes, len, true, err);
}

static void file_close(struct mig_host *host, const char *path)
{
    (void)host, (void)path;
}

/* ---- others ---- */

static int process_alive(struct mig_host *host, const struct mig_identity *who)
{
    struct sim_process *self = process_of(host);
    if (strcmp(who->host, self->machine->name) != 0 || strcmp(who->boot_id, self->machine->boot) != 0)
        return -1;
    for (struct sim_process *other = self->world->processes; other; other = other->next) {
        if (other->host.self.pid == who->pid && other->machine == self->machine)
            return other->alive;
    }
    return 0;
}

static bool spawn(struct mig_host *host, const char *const *argv, const char *const *env, const char *dir,
                  void (*on_line)(const char *line, void *context), void *context, const bool *stop,
                  bool *started, int *ret_status, struct mig_error *err)
{
    (void)argv, (void)env, (void)dir, (void)on_line, (void)context, (void)stop, (void)started,
        (void)ret_status;
    sim_fail(&process_of(host)->world->sim, "the model does not know programs");
    return mig_fail(err, MIG_ERR_INTERNAL, "no programs here");
}

static const struct mig_host_ops ops = {
    .mono_ms = mono_ms,
    .wall_ms = wall_ms,
    .random = random_bytes,
    .task_start = task_start,
    .task_join = task_join,
    .sleep_until = sleep_until,
    .wake = wake,
    .file_append = file_append,
    .file_each = file_each,
    .file_replace = file_replace,
    .file_close = file_close,
    .process_alive = process_alive,
    .spawn = spawn,
};

/* ---- what an app needs ---- */

static bool open_store(void *ctx, const struct cfg_environment *env, const char *run, struct mig_store **ret,
                       struct mig_error *err)
{
    (void)env, (void)err;
    return sim_store_open(ctx, run, ret);
}

static bool read_catalog(void *ctx, unsigned flags, struct mig_catalog **ret, struct mig_problems *problems,
                         struct mig_error *err)
{
    struct sim_process *process = ctx;
    (void)err;
    *ret = sim_program_catalog(process->world->program, flags, problems);
    if (problems->count > 0)
        sim_fail(&process->world->sim, "the simulator wrote a bad migration: %s", problems->items[0].message);
    return true;
}

/* ---- life ---- */

static void run_main(void *context)
{
    struct sim_process *process = context;
    process->main(process, process->context);
    sim_tell(&process->world->sim, "exit", NULL, (int64_t)process->id);
    end(process);
}

struct sim_process *sim_process_start(struct sim_world *world, size_t machine,
                                      void (*main)(struct sim_process *process, void *context), void *context)
{
    struct sim_process *process = mig_alloc(sizeof *process);
    *process = (struct sim_process){
        .host = { .ops = &ops, .state_dir = "/state" },
        .next = world->processes,
        .world = world,
        .machine = &world->machines[machine],
        .id = ++world->process_ids,
        .alive = true,
        .main = main,
        .context = context,
    };
    process->rng.state = sim_mix64(world->sim.seed, 1000 + process->id);
    process->host.self = (struct mig_identity){ .os_user = "ops",
                                                .host = process->machine->name,
                                                .ssh_client = "",
                                                .boot_id = process->machine->boot,
                                                .pid = (int64_t)(4000 + process->id),
                                                .pid_started = (int64_t)process->id };
    process->app = (struct mig_app){ .config = &world->config,
                                     .host = &process->host,
                                     .operator_name = "sim",
                                     .ports_ctx = process,
                                     .open_store = open_store,
                                     .read_catalog = read_catalog };
    world->processes = process;
    sim_task_start(&world->sim, run_main, process, process);
    return process;
}
