/* host_spawn.c - a child process in a group of its own, its output as lines, and no way for it to outlive
 * its step. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/host_impl.h"

#define LINE_MAX_BYTES 65536
#define TICK_MS        100  /* how soon *stop is seen */
#define TERM_MS        5000 /* from SIGTERM to SIGKILL */
#define REST_MS        1000 /* for what a dead leader's group still has to say */

struct child {
    pid_t pid;
    int pid_fd; /* readable when it ended; -1 where the kernel has none */
    int out_fd; /* -1: at its end */
    bool ended; /* the leader, not yet reaped, so that its group's number stays ours */
    bool lost;  /* someone else reaped it */
    bool termed, killed;
    int64_t kill_at_ms;

    char *line; /* LINE_MAX_BYTES */
    size_t len;
    bool cut; /* the rest of a line that was too long is dropped */
    void (*on_line)(const char *line, void *context);
    void *context;
};

static void end_line(struct child *child)
{
    if (child->on_line && (child->len > 0 || child->cut)) {
        MIG_AUTOBUF struct mig_buf safe;
        mig_buf_init(&safe, 8 * LINE_MAX_BYTES);
        mig_text_safe(&safe, child->line, child->len, SIZE_MAX, false);
        if (child->cut)
            mig_buf_str(&safe, "…");
        child->on_line(safe.text, child->context);
    }
    child->len = 0;
    child->cut = false;
}

/* A carriage return ends a line too: progress bars use nothing else. Empty lines are left out. */
static void take(struct child *child, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n' || bytes[i] == '\r')
            end_line(child);
        else if (child->len < LINE_MAX_BYTES)
            child->line[child->len++] = bytes[i];
        else
            child->cut = true;
    }
}

static void read_output(struct child *child)
{
    char chunk[16384];
    for (int i = 0; i < 16; i++) { /* then look after stop and time again */
        ssize_t n = read(child->out_fd, chunk, sizeof chunk);
        if (n > 0) {
            take(child, chunk, (size_t)n);
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        close(child->out_fd);
        child->out_fd = -1;
        return;
    }
}

/* The environment of this process with env's entries instead of those of the same name. The array is the
 * caller's. */
char **io_host_environment(const char *const *env)
{
    size_t count = 0, extra = 0;
    while (environ[count])
        count++;
    while (env && env[extra])
        extra++;
    char **merged = mig_alloc_n(count + extra + 1, sizeof *merged);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool replaced = false;
        size_t name = strcspn(environ[i], "=") + 1;
        for (size_t k = 0; k < extra && !replaced; k++)
            replaced = strncmp(environ[i], env[k], name) == 0;
        if (!replaced)
            merged[n++] = environ[i];
    }
    for (size_t k = 0; k < extra; k++)
        merged[n++] = (char *)(uintptr_t)env[k];
    return merged;
}

/* 0 or an errno. *ret_out: the end to read from. */
static int start(const char *const *argv, const char *const *env, const char *dir, pid_t *ret_pid,
                 int *ret_out)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    posix_spawn_file_actions_adddup2(&files, ends[1], 2);
    if (dir)
        posix_spawn_file_actions_addchdir_np(&files, dir);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);

    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);

    MIG_AUTOFREE char **environment = io_host_environment(env);
    int error =
        posix_spawnp(ret_pid, argv[0], &files, &attributes, (char *const *)(uintptr_t)argv, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    if (error)
        close(ends[0]);
    else
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *ret_out = error ? -1 : ends[0];
    return error;
}

/* First a word, then force. */
static void end_group(struct child *child, int64_t patience_ms)
{
    if (!child->termed) {
        child->termed = true;
        child->kill_at_ms = io_boottime_ms() + patience_ms;
        kill(-child->pid, SIGTERM);
    } else if (!child->killed && io_boottime_ms() >= child->kill_at_ms) {
        child->killed = true;
        kill(-child->pid, SIGKILL);
    }
}

static void look_for_end(struct child *child)
{
    siginfo_t info = { 0 };
    int rc = waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT | WNOHANG);
    child->lost = rc != 0 && errno == ECHILD;
    if (child->lost || (rc == 0 && info.si_pid == child->pid)) {
        child->ended = true;
        /* What is left of the group gets a warning of its own; a group that is not ours any more, nothing. */
        child->termed = child->killed = child->lost;
    }
}

/* Until the leader has ended and nothing of its group holds the output open. */
static void attend(struct child *child, const bool *stop)
{
    while (!child->ended || child->out_fd >= 0) {
        struct pollfd fds[2] = { { .fd = child->out_fd, .events = POLLIN },
                                 { .fd = child->ended ? -1 : child->pid_fd, .events = POLLIN } };
        poll(fds, 2, TICK_MS);
        if (child->out_fd >= 0 && fds[0].revents)
            read_output(child);
        if (!child->ended)
            look_for_end(child);
        if (child->ended) {
            end_group(child, REST_MS);
            if (child->killed && child->out_fd >= 0) {
                read_output(child);
                if (child->out_fd >= 0) /* held by one that left the group */
                    close(child->out_fd);
                child->out_fd = -1;
            }
        } else if (stop && __atomic_load_n(stop, __ATOMIC_RELAXED)) {
            end_group(child, TERM_MS);
        }
    }
    end_line(child);
}

bool io_host_spawn(struct mig_host *base, const char *const *argv, const char *const *env, const char *dir,
                   void (*on_line)(const char *line, void *context), void *context, const bool *stop,
                   bool *started, int *ret_status, struct mig_error *err)
{
    (void)base;
    struct child child = { .on_line = on_line, .context = context };
    int error = argv[0] && *argv[0] ? start(argv, env, dir, &child.pid, &child.out_fd) : ENOENT;
    if (error) {
        char buf[128];
        MIG_AUTOFREE char *safe = mig_text_safe_dup(argv[0], 200);
        mig_fail(err, MIG_ERR_IO, "cannot start %s: %s", safe, strerror_r(error, buf, sizeof buf));
        if (error == ENOENT)
            return mig_hint(err, "is it installed, is it on PATH, and does the working directory exist?");
        return false;
    }
    if (started)
        __atomic_store_n(started, true, __ATOMIC_RELEASE);
    child.pid_fd = pidfd_open(child.pid, 0);
    child.line = mig_alloc(LINE_MAX_BYTES);
    attend(&child, stop);
    if (!child.lost)
        kill(-child.pid, SIGKILL); /* one that closed its output and stayed */
    if (child.pid_fd >= 0)
        close(child.pid_fd);
    free(child.line);

    if (child.lost)
        return mig_fail(err, MIG_ERR_INTERNAL, "the exit status of %s was lost: SIGCHLD is ignored", argv[0]);
    int status = 0;
    while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
        ;
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
}
