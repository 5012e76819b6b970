/* task.c - coroutines on ucontext, with stacks that are used again. */
#include "sim/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define STACK_SIZE ((size_t)1024 * 1024)
#else
#define STACK_SIZE ((size_t)256 * 1024)
#endif
#define GUARD_SIZE ((size_t)4096)
#define BLOCK_BITS 32
#define BLOCK_MASK ((UINT64_C(1) << BLOCK_BITS) - 1)

struct sim_task {
    struct sim_task *next;
    uint64_t id, blocks;
    void (*fn)(void *);
    void *context, *owner;
    ucontext_t machine;
    char *stack;
    void *shadow; /* the sanitizer's */
    bool over, dead;
};

/* The scheduler's side, and stacks nobody uses; one simulator runs at a time. */
static struct {
    ucontext_t machine;
    void *shadow;
    const void *stack;
    size_t stack_size;
    char *spare[64];
    size_t spare_count;
    uint64_t ids;
} home;

static char *take_stack(void)
{
    if (home.spare_count > 0)
        return home.spare[--home.spare_count];
    char *stack =
        mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) {
        perror("sim: no memory for a stack");
        abort();
    }
    mprotect(stack, GUARD_SIZE, PROT_NONE);
    return stack;
}

static void give_stack(char *stack)
{
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(stack, STACK_SIZE);
#endif
    if (home.spare_count < sizeof home.spare / sizeof home.spare[0])
        home.spare[home.spare_count++] = stack;
    else
        munmap(stack, STACK_SIZE);
}

static void leave(struct sim_task *task)
{
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(task->over ? NULL : &task->shadow, home.stack, home.stack_size);
#endif
    swapcontext(&task->machine, &home.machine);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(task->shadow, &home.stack, &home.stack_size);
#endif
}

static void body(unsigned high, unsigned low)
{
    struct sim_task *task = (struct sim_task *)(((uintptr_t)high << 32) | low);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(NULL, &home.stack, &home.stack_size);
#endif
    task->fn(task->context);
    task->over = true;
    leave(task);
}

static void enter(struct sim *sim, struct sim_task *task)
{
    sim->running = task;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&home.shadow, task->stack + GUARD_SIZE, STACK_SIZE - GUARD_SIZE);
#endif
    swapcontext(&home.machine, &task->machine);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(home.shadow, NULL, NULL);
#endif
    sim->running = NULL;
}

static void remove_dead(struct sim *sim)
{
    for (struct sim_task **at = &sim->tasks; *at;) {
        struct sim_task *task = *at;
        if (task->over || task->dead) {
            *at = task->next;
            give_stack(task->stack);
            free(task);
        } else {
            at = &task->next;
        }
    }
}

static void resume(struct sim *sim, void *context, uint64_t ticket)
{
    struct sim_task *task = sim->tasks;
    (void)context;
    while (task && (task->id << BLOCK_BITS | (task->blocks & BLOCK_MASK)) != ticket)
        task = task->next;
    if (!task || task->dead)
        return;
    task->blocks++;
    enter(sim, task);
    remove_dead(sim);
}

uint64_t sim_ticket(const struct sim *sim)
{
    return sim->running->id << BLOCK_BITS | (sim->running->blocks & BLOCK_MASK);
}

void sim_resume_at(struct sim *sim, int64_t at_us, uint64_t ticket)
{
    sim_at(sim, at_us, resume, NULL, ticket);
}

struct sim_task *sim_task_start(struct sim *sim, void (*fn)(void *), void *context, void *owner)
{
    struct sim_task *task = mig_alloc(sizeof *task);
    *task = (struct sim_task){ .fn = fn, .context = context, .owner = owner, .stack = take_stack() };
    task->id = ++home.ids;
    task->next = sim->tasks;
    sim->tasks = task;
    getcontext(&task->machine);
    task->machine.uc_stack.ss_sp = task->stack + GUARD_SIZE;
    task->machine.uc_stack.ss_size = STACK_SIZE - GUARD_SIZE;
    task->machine.uc_link = NULL;
    uintptr_t self = (uintptr_t)task;
    makecontext(&task->machine, (void (*)(void))body, 2, (unsigned)(self >> 32), (unsigned)self);
    sim_resume_at(sim, sim->now_us, task->id << BLOCK_BITS);
    return task;
}

void sim_block(struct sim *sim)
{
    struct sim_task *task = sim->running;
    do
        leave(task);
    while (sim->failed);
}

void *sim_task_owner(const struct sim_task *task)
{
    return task->owner;
}

void sim_tasks_kill(struct sim *sim, const void *owner)
{
    bool self = false;
    for (struct sim_task *task = sim->tasks; task; task = task->next) {
        if (task->owner != owner)
            continue;
        task->dead = true;
        self = self || task == sim->running;
    }
    if (self)
        leave(sim->running);
    else if (!sim->running)
        remove_dead(sim);
}

void sim_tasks_end(struct sim *sim)
{
    for (struct sim_task *task = sim->tasks; task; task = task->next)
        task->dead = true;
    remove_dead(sim);
    home.ids = 0;
}
