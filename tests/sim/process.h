/* process.h - migtui's processes in the simulated world: each with tasks, a host port and stores, and each may die or be stopped at any
 * call of a port.
 */
#ifndef MIG_SIM_PROCESS_H
#define MIG_SIM_PROCESS_H

#include "app/app.h"
#include "sim/model.h"
#include "sim/program.h"
#include "sim/sim.h"

#define SIM_HOSTS 2

struct sim_machine {
    const char *name, *boot;
    int64_t wall_skew_ms;
    int64_t disk_full_until_us;
    struct mig_buf anchors; /* the one file that is read again: of the audit */
};

struct sim_world;

struct sim_process {
    struct mig_host host; /* first: the port is the process */
    struct sim_process *next;
    struct sim_world *world;
    struct sim_machine *machine;
    struct mig_app app;
    uint64_t id;
    bool alive;
    int64_t paused_until_us, apart_until_us, ended_us;
    struct sim_rng rng;
    void (*main)(struct sim_process *process, void *context);
    void *context;
    uint64_t watcher; /* ticket of who waits for its end; 0: nobody */
};

/* A call of a store that waits for its reply. */
struct sim_call {
    struct sim_call *next;
    uint64_t id, ticket;
    struct sim_process *process;
    struct mig_store *store;
    bson_t *reply;
    bool broken, cancelled;
};

struct sim_world {
    struct sim sim;
    struct sim_model model;
    struct sim_program *program;
    struct cfg_config config;
    struct cfg_environment environment;
    struct sim_machine machines[SIM_HOSTS];
    struct sim_process *processes;
    struct sim_call *calls;
    uint64_t call_ids, process_ids, session_ids;
    void *director;
};

/* Start a process; main runs in its first task, and its end is the process's. */
struct sim_process *sim_process_start(struct sim_world *world, size_t machine,
                                      void (*main)(struct sim_process *process, void *context),
                                      void *context);
/* kill -9. By one of its own tasks it does not return. */
void sim_process_kill(struct sim_process *process);
/* The same by its number, in a while; nothing when it is gone by then. */
void sim_process_kill_later(void *world, uint64_t id, int64_t after_us);
/* Alive at that time or later? */
bool sim_process_was_alive(const struct sim_world *world, uint64_t id, int64_t at_us);
void sim_processes_end(struct sim_world *world);

/* A call of a port begins or ends: here the process may die, or be stopped for at most cap_us. */
void sim_process_point(struct sim_process *process, int64_t cap_us);
/* The fed-th document of a cursor of several batches was read. False: the next batch does not come, the server knows the cursor no
 * more or does not answer. */
bool sim_process_more(struct sim_process *process, size_t fed, struct mig_error *err);
/* Block the running task; returns no sooner than the process may run. */
void sim_process_block(struct sim_process *process);

/* store.c */
bool sim_store_open(struct sim_process *process, const char *run, struct mig_store **ret);
/* Break the process's connections, or everyone's when NULL. */
void sim_calls_break(struct sim_world *world, const struct sim_process *process);
void sim_store_reply(struct sim *sim, void *context, const struct sim_request *request, const bson_t *reply);
void sim_calls_drop(struct sim_world *world, const struct sim_process *process);

#endif
