/* host_fake.c - see host_fake.h. */
#include "fakes/host_fake.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct mig_task {
    pthread_t thread;
    void (*fn)(void *);
    void *context;
};

static struct host_fake *fake_of(struct mig_host *host)
{
    return (struct host_fake *)(void *)host;
}

static int64_t now_ms(struct mig_host *host)
{
    return fake_of(host)->now_ms;
}

static void random_bytes(struct mig_host *host, void *bytes, size_t len)
{
    (void)host;
    memset(bytes, 7, len);
}

static void *run_task(void *context)
{
    struct mig_task *task = context;
    task->fn(task->context);
    return NULL;
}

static bool task_start(struct mig_host *host, void (*fn)(void *), void *context, struct mig_task **ret,
                       struct mig_error *err)
{
    (void)host;
    struct mig_task *task = mig_alloc(sizeof *task);
    *task = (struct mig_task){ .fn = fn, .context = context };
    if (pthread_create(&task->thread, NULL, run_task, task) != 0) {
        free(task);
        return mig_fail(err, MIG_ERR_INTERNAL, "no thread");
    }
    *ret = task;
    return true;
}

static void task_join(struct mig_host *host, struct mig_task *task)
{
    (void)host;
    pthread_join(task->thread, NULL);
    free(task);
}

static void sleep_until(struct mig_host *host, int64_t until_ms, const void *key)
{
    struct host_fake *fake = fake_of(host);
    (void)key;
    bool passes = !fake->may_pass || fake->may_pass(fake->may_pass_context);
    if (passes && fake->now_ms < until_ms)
        fake->now_ms = until_ms;
    fake->sleeps++;
    sched_yield();
}

static void wake(struct mig_host *host, const void *key)
{
    (void)host, (void)key;
}

static void join(char *to, size_t size, const char *const *words)
{
    *to = '\0';
    for (size_t i = 0; words && words[i]; i++) {
        size_t len = strlen(to);
        snprintf(to + len, size - len, "%s%s", i ? " " : "", words[i]);
    }
}

static bool spawn(struct mig_host *host, const char *const *argv, const char *const *env, const char *dir,
                  void (*on_line)(const char *line, void *context), void *context, const bool *stop,
                  bool *started, int *ret_status, struct mig_error *err)
{
    struct host_fake *fake = fake_of(host);
    join(fake->command, sizeof fake->command, argv);
    join(fake->env, sizeof fake->env, env);
    fake->dir = dir;
    if (fake->cannot_start)
        return mig_fail(err, MIG_ERR_IO, "no such program");
    if (started)
        __atomic_store_n(started, true, __ATOMIC_RELEASE);
    for (size_t i = 0; fake->lines && fake->lines[i]; i++)
        on_line(fake->lines[i], context);
    while (fake->hangs && !__atomic_load_n(stop, __ATOMIC_RELAXED))
        sched_yield();
    *ret_status = fake->hangs ? 128 + 15 : fake->status;
    return true;
}

/* Of another host: nobody here can tell. */
static int process_alive(struct mig_host *host, const struct mig_identity *who)
{
    (void)host, (void)who;
    return -1;
}

static const struct mig_host_ops ops = {
    .mono_ms = now_ms,
    .wall_ms = now_ms,
    .random = random_bytes,
    .task_start = task_start,
    .task_join = task_join,
    .sleep_until = sleep_until,
    .wake = wake,
    .spawn = spawn,
    .process_alive = process_alive,
};

void host_fake_init(struct host_fake *host)
{
    memset(host, 0, sizeof *host);
    host->base.ops = &ops;
    host->base.self = (struct mig_identity){ "tester", "testhost", "", "", 1, 1 };
}
