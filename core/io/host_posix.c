/* host_posix.c - clocks, chance, tasks and interruptible sleep. */
#include "io/host_posix.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/clock.h"
#include "io/host_impl.h"

#define NO_TIMER_NAP_MS 50 /* where no descriptor is left for a timer: wake and look */

struct mig_task {
    pthread_t thread;
    void (*fn)(void *);
    void *context;
};

struct io_sleeper {
    struct io_sleeper *next;
    const void *key;
    int wake_fd;
};

static int64_t mono_ms(struct mig_host *base)
{
    (void)base;
    return io_boottime_ms();
}

static int64_t wall_ms(struct mig_host *base)
{
    (void)base;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void random_bytes(struct mig_host *base, void *bytes, size_t len)
{
    (void)base;
    randombytes_buf(bytes, len);
}

static void *run_task(void *arg)
{
    struct mig_task *task = arg;
    task->fn(task->context);
    return NULL;
}

static bool task_start(struct mig_host *base, void (*fn)(void *), void *context, struct mig_task **ret,
                       struct mig_error *err)
{
    (void)base;
    struct mig_task *task = mig_alloc(sizeof *task);
    *task = (struct mig_task){ .fn = fn, .context = context };
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int error = pthread_create(&task->thread, NULL, run_task, task);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error) {
        free(task);
        *ret = NULL;
        char buf[128];
        mig_fail(err, MIG_ERR_IO, "cannot start a thread: %s", strerror_r(error, buf, sizeof buf));
        return mig_hint(err, "is the limit of processes (ulimit -u) reached?");
    }
    *ret = task;
    return true;
}

static void task_join(struct mig_host *base, struct mig_task *task)
{
    (void)base;
    pthread_join(task->thread, NULL);
    free(task);
}

/* With the lock held: forget a wake for this key; true when there was one. */
static bool take_wake(struct io_host *host, const void *key)
{
    for (size_t i = 0; i < host->wake_count; i++) {
        if (host->wakes[i] == key) {
            host->wake_count--;
            memmove(&host->wakes[i], &host->wakes[i + 1], (host->wake_count - i) * sizeof host->wakes[0]);
            return true;
        }
    }
    return false;
}

static void wait_on(int timer_fd, int wake_fd)
{
    struct pollfd fds[2] = { { .fd = timer_fd, .events = POLLIN }, { .fd = wake_fd, .events = POLLIN } };
    poll(fds, 2, timer_fd < 0 || wake_fd < 0 ? NO_TIMER_NAP_MS : -1);
}

static void sleep_until(struct mig_host *base, int64_t until_ms, const void *key)
{
    struct io_host *host = io_host(base);
    struct io_sleeper me = { .key = key, .wake_fd = -1 };
    pthread_mutex_lock(&host->sleep_lock);
    bool awake = take_wake(host, key);
    if (!awake) {
        me.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        me.next = host->sleepers;
        host->sleepers = &me;
    }
    pthread_mutex_unlock(&host->sleep_lock);
    if (awake)
        return;

    int timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (until_ms < 1)
        until_ms = 1; /* zero would disarm the timer */
    struct itimerspec at = { .it_value = { .tv_sec = until_ms / 1000,
                                           .tv_nsec = until_ms % 1000 * 1000000 } };
    if (timer_fd >= 0)
        timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
    if (io_boottime_ms() < until_ms)
        wait_on(timer_fd, me.wake_fd);

    pthread_mutex_lock(&host->sleep_lock);
    struct io_sleeper **at_me = &host->sleepers;
    while (*at_me != &me)
        at_me = &(*at_me)->next;
    *at_me = me.next;
    pthread_mutex_unlock(&host->sleep_lock);
    if (timer_fd >= 0)
        close(timer_fd);
    if (me.wake_fd >= 0)
        close(me.wake_fd);
}

static void wake(struct mig_host *base, const void *key)
{
    struct io_host *host = io_host(base);
    pthread_mutex_lock(&host->sleep_lock);
    bool found = false;
    for (struct io_sleeper *s = host->sleepers; s; s = s->next) {
        if (s->key == key) {
            found = true;
            if (s->wake_fd >= 0)
                eventfd_write(s->wake_fd, 1);
        }
    }
    if (!found) {
        take_wake(host, key); /* once is enough */
        if (host->wake_count == IO_HOST_WAKES)
            take_wake(host, host->wakes[0]);
        host->wakes[host->wake_count++] = key;
    }
    pthread_mutex_unlock(&host->sleep_lock);
}

static const struct mig_host_ops ops = {
    .mono_ms = mono_ms,
    .wall_ms = wall_ms,
    .random = random_bytes,
    .task_start = task_start,
    .task_join = task_join,
    .sleep_until = sleep_until,
    .wake = wake,
    .file_append = io_host_file_append,
    .file_read = io_host_file_read,
    .file_each = io_host_file_each,
    .file_read_from = io_host_file_read_from,
    .file_replace = io_host_file_replace,
    .file_close = io_host_file_close,
    .process_alive = io_host_process_alive,
    .spawn = io_host_spawn,
    .filter = io_host_filter,
    .note = io_host_note,
};

/* The XDG base directory specification: a relative path counts as none. */
static char *default_state_dir(void)
{
    const char *state = getenv("XDG_STATE_HOME");
    if (state && *state == '/')
        return mig_printf("%s/migtui", state);
    const char *home = getenv("HOME");
    if (home && *home == '/')
        return mig_printf("%s/.local/state/migtui", home);
    char buf[4096];
    struct passwd entry, *found = NULL;
    if (getpwuid_r(getuid(), &entry, buf, sizeof buf, &found) == 0 && found && found->pw_dir[0] == '/')
        return mig_printf("%s/.local/state/migtui", found->pw_dir);
    return NULL;
}

bool io_host_new(const char *state_dir, struct mig_host **ret, struct mig_error *err)
{
    *ret = NULL;
    if (sodium_init() < 0)
        return mig_fail(err, MIG_ERR_INTERNAL, "libsodium cannot be started");
    char *dir = state_dir ? mig_strdup(state_dir) : default_state_dir();
    if (!dir) {
        mig_fail(err, MIG_ERR_IO, "there is no home directory to keep run journals in");
        return mig_hint(err, "set XDG_STATE_HOME to an absolute path");
    }
    struct io_host *host = mig_alloc(sizeof *host);
    host->state_dir = dir;
    pthread_mutex_init(&host->sleep_lock, NULL);
    pthread_mutex_init(&host->file_lock, NULL);
    io_host_identify(host);
    host->base.ops = &ops;
    host->base.state_dir = dir;
    *ret = &host->base;
    return true;
}

void io_host_free(struct mig_host *base)
{
    if (!base)
        return;
    struct io_host *host = io_host(base);
    io_host_files_done(host);
    pthread_mutex_destroy(&host->sleep_lock);
    pthread_mutex_destroy(&host->file_lock);
    free(host->os_user);
    free(host->name);
    free(host->ssh_client);
    free(host->boot_id);
    free(host->state_dir);
    free(host);
}
