/* host_filter.c - a short program as a filter: text in, text out, and an end in time; and lines to syslog. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/host_impl.h"

/* What it reads, as a file that exists in memory only: nobody has to write while it reads, so neither can wait for the other. */
static int memory_file(const char *input, size_t len)
{
    int fd = memfd_create("migtui-input", MFD_CLOEXEC);
    for (size_t done = 0; fd >= 0 && done < len;) {
        ssize_t n = write(fd, input + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

/* A session of its own: it has no terminal, so it cannot ask anything and wait. */
static int start(const char *const *argv, const char *const *env, int in_fd, pid_t *ret_pid, int *ret_out)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in_fd, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    posix_spawn_file_actions_adddup2(&files, ends[1], 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
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
    *ret_out = error ? -1 : ends[0];
    return error;
}

/* Until it closes its output, or its time is over. */
static bool drain(int fd, int64_t until_ms, struct mig_buf *out)
{
    char chunk[16384];
    for (;;) {
        int64_t left = until_ms - io_boottime_ms();
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
        if (left <= 0)
            return false;
        if (poll(&poll_fd, 1, (int)left) <= 0)
            continue;
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0 || (n < 0 && errno != EINTR))
            return true;
        if (n > 0)
            mig_buf_add(out, chunk, (size_t)n);
    }
}

bool io_host_filter(struct mig_host *base, const char *const *argv, const char *const *env, const char *input,
                    size_t len, int64_t timeout_ms, struct mig_buf *out, int *ret_status,
                    struct mig_error *err)
{
    (void)base;
    MIG_AUTOCLOSE int in_fd = memory_file(input, len);
    int out_fd = -1;
    pid_t pid;
    int error = in_fd < 0 ? errno : start(argv, env, in_fd, &pid, &out_fd);
    if (error) {
        char buf[128];
        mig_fail(err, MIG_ERR_IO, "cannot start %s: %s", argv[0], strerror_r(error, buf, sizeof buf));
        if (error == ENOENT)
            return mig_hint(err, "is it installed, and is it on PATH?");
        return false;
    }
    bool in_time = drain(out_fd, io_boottime_ms() + timeout_ms, out);
    close(out_fd);
    if (!in_time)
        kill(-pid, SIGKILL);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (!in_time)
        return mig_fail(err, MIG_ERR_TIMEOUT, "%s did not end within %lld s, and was ended", argv[0],
                        (long long)(timeout_ms / 1000));
    return true;
}

void io_host_note(struct mig_host *base, const char *line)
{
    (void)base;
    openlog("migtui", LOG_PID | LOG_NDELAY, LOG_AUTHPRIV);
    syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", line);
    closelog();
}
