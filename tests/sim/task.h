/* task.h - coroutines that take turns on the simulator's one thread.
 *
 * A task runs until it blocks; whoever knows why it waits resumes it by an event. A task that is killed simply never runs
 * again, as the threads of a killed process: what it had allocated is lost, and reclaimed when the simulator's own process ends.
 */
#ifndef MIG_SIM_TASK_H
#define MIG_SIM_TASK_H

#include "sim/sim.h"

/* Start fn(context) as an event now. owner: whoever may kill it as one of several (a process). */
struct sim_task *sim_task_start(struct sim *sim, void (*fn)(void *), void *context, void *owner);
/* By a task only: let others run until this one is resumed. */
void sim_block(struct sim *sim);
/* By a task: the ticket of its next block; whoever has it may end that block, once, and no later one. */
uint64_t sim_ticket(const struct sim *sim);
/* Let the task run on until it blocks again or ends: as an event at that time. Void when something else was sooner. */
void sim_resume_at(struct sim *sim, int64_t at_us, uint64_t ticket);
void *sim_task_owner(const struct sim_task *task);
/* Kill all tasks of an owner. One of them may be running: then the call does not return. */
void sim_tasks_kill(struct sim *sim, const void *owner);
void sim_tasks_end(struct sim *sim);

#endif
