/* secret_source.c - files are read, commands are run in a process group of their own that a deadline can
 * kill. */
#include "io/secret_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

#define TAIL_MAX 1024 /* of standard error */
#define TICK_MS  20   /* how late an exit is seen when something else holds the pipes */

/* ---- files ---- */

bool io_secret_read_file(const char *path, size_t max, struct mig_buf *out, struct mig_error *err)
{
    MIG_AUTOFREE char *shown = mig_text_safe_dup(path, 200);
    /* A FIFO must not make us wait for its writer. */
    MIG_AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        return mig_fail(err, MIG_ERR_IO, "%s: %s", shown, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return mig_fail(err, MIG_ERR_IO, "%s is not a regular file", shown);
    char chunk[4096];
    size_t total = 0;
    ssize_t n = 0;
    while (total <= max && ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))) {
        if (n > 0) {
            total += (size_t)n;
            if (total <= max)
                mig_buf_add(out, chunk, (size_t)n);
        }
    }
    int failure = errno;
    sodium_memzero(chunk, sizeof chunk);
    if (total > max)
        return mig_fail(err, MIG_ERR_LIMIT, "%s is larger than %zu bytes", shown, max);
    return n == 0 || mig_fail(err, MIG_ERR_IO, "%s: %s", shown, strerror(failure));
}

static bool read_file(void *ctx, const char *path, size_t max, struct mig_buf *out, struct mig_error *err)
{
    (void)ctx;
    return io_secret_read_file(path, max, out, err);
}

/* ---- variables ---- */

static const char *lookup(void *ctx, const char *name)
{
    const struct io_secret_source *self = ctx;
    const char *value = getenv(name);
    const struct cfg_dotenv_pair *pair = value ? NULL : cfg_dotenv_find(&self->config->dotenv, name);
    return pair ? pair->value : value;
}

/* The environment without what other secrets are made of; the texts are borrowed. */
static char **environment_for_child(const struct cfg_config *config)
{
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **list = mig_alloc_n(count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        MIG_AUTOFREE char *name = mig_strndup(environ[i], strcspn(environ[i], "="));
        if (!cfg_list_has(&config->secret_names, name))
            list[kept++] = environ[i];
    }
    return list;
}

/* ---- commands ---- */

struct child {
    pid_t pid;
    int pipes[2]; /* what it writes to standard output and error; -1 once closed */
    struct mig_buf *out;
    char tail[TAIL_MAX];
    size_t tail_len;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_pipe(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Signals as a fresh program expects them: our threads block some, the console handles others. */
static int spawn_shell(pid_t *pid, const char *command, char *const *env, int out, int error)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t all, none;
    char *shell = mig_strdup("sh"), *dash_c = mig_strdup("-c"), *text = mig_strdup(command);
    char *const argv[] = { shell, dash_c, text, NULL };
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, error, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int failure = posix_spawn(pid, "/bin/sh", &files, &attr, argv, env);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    free(shell);
    free(dash_c);
    free(text);
    return failure;
}

static bool start(struct child *child, const char *command, char *const *env, struct mig_error *err)
{
    int out[2] = { -1, -1 }, error[2] = { -1, -1 };
    int failure = 0;
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0)
        failure = errno;
    if (!failure)
        failure = spawn_shell(&child->pid, command, env, out[1], error[1]);
    close_pipe(&out[1]);
    close_pipe(&error[1]);
    child->pipes[0] = out[0];
    child->pipes[1] = error[0];
    if (failure) {
        close_pipe(&child->pipes[0]);
        close_pipe(&child->pipes[1]);
        return mig_fail(err, MIG_ERR_SECRET, "the command could not be started: %s", strerror(failure));
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(error[0], F_SETFL, O_NONBLOCK);
    return true;
}

static void keep_tail(struct child *child, const char *bytes, size_t len)
{
    if (len > TAIL_MAX) {
        bytes += len - TAIL_MAX;
        len = TAIL_MAX;
    }
    size_t kept = child->tail_len + len > TAIL_MAX ? TAIL_MAX - len : child->tail_len;
    memmove(child->tail, child->tail + child->tail_len - kept, kept);
    memcpy(child->tail + kept, bytes, len);
    child->tail_len = kept + len;
}

/* Take what a pipe holds now; close it at its end. */
static void drain(struct child *child, int which)
{
    char chunk[4096];
    ssize_t n = 0;
    while (child->pipes[which] >= 0) {
        n = read(child->pipes[which], chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            close_pipe(&child->pipes[which]);
            break;
        }
        if (which == 0)
            mig_buf_add(child->out, chunk, (size_t)n);
        else
            keep_tail(child, chunk, (size_t)n);
        if (child->out->overflow)
            break;
    }
    sodium_memzero(chunk, sizeof chunk);
}

/* Read until the shell has exited; what it left running in the background may go on, and is not waited for.
 * False: it was killed, because of its time or its length. */
static bool wait_for(struct child *child, int timeout_ms, int *ret_status)
{
    int64_t deadline = now_ms() + timeout_ms;
    for (;;) {
        struct pollfd polled[2] = { { child->pipes[0], POLLIN, 0 }, { child->pipes[1], POLLIN, 0 } };
        poll(polled, 2, TICK_MS);
        pid_t ended = waitpid(child->pid, ret_status, WNOHANG);
        drain(child, 0);
        drain(child, 1);
        if (ended == child->pid && !child->out->overflow)
            return true;
        if (now_ms() < deadline && !child->out->overflow && ended == 0)
            continue;
        if (ended == 0) {
            kill(-child->pid, SIGKILL);
            while (waitpid(child->pid, ret_status, 0) < 0 && errno == EINTR)
                continue;
        }
        return false;
    }
}

/* The last line of standard error as ": line", or "". */
static void print_tail(const struct child *child, struct mig_buf *out)
{
    size_t end = child->tail_len;
    while (end > 0 && strchr(" \t\r\n", child->tail[end - 1]))
        end--;
    const char *newline = memrchr(child->tail, '\n', end);
    const char *line = newline ? newline + 1 : child->tail;
    size_t len = end - (size_t)(line - child->tail);
    if (len == 0)
        return;
    mig_buf_str(out, ": ");
    if (memmem(line, len, "://", 3))
        mig_buf_str(out, "(its last line holds a URI and is not shown)");
    else
        mig_text_safe(out, line, len, 200, false);
}

static bool judge(const struct child *child, int status, struct mig_error *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    MIG_AUTOBUF struct mig_buf tail;
    mig_buf_init(&tail, 2 * TAIL_MAX);
    print_tail(child, &tail);
    if (WIFSIGNALED(status))
        return mig_fail(err, MIG_ERR_SECRET, "the command was killed by signal %d%s", WTERMSIG(status),
                        tail.text);
    return mig_fail(err, MIG_ERR_SECRET, "the command exited with status %d%s", WEXITSTATUS(status),
                    tail.text);
}

static bool run(void *ctx, const char *command, int timeout_ms, struct mig_buf *out, struct mig_error *err)
{
    const struct io_secret_source *self = ctx;
    MIG_AUTOFREE char **env = environment_for_child(self->config);
    struct child child = { .out = out };
    if (!start(&child, command, env, err))
        return false;
    int status = 0;
    bool ended = wait_for(&child, timeout_ms, &status);
    close_pipe(&child.pipes[0]);
    close_pipe(&child.pipes[1]);
    if (out->overflow)
        return mig_fail(err, MIG_ERR_SECRET, "the command prints more than %zu bytes", CFG_SECRET_MAX);
    if (!ended)
        return mig_fail(err, MIG_ERR_SECRET, "the command did not end within %d ms and was killed",
                        timeout_ms);
    return judge(&child, status, err);
}

/* ---- source ---- */

void io_secret_source_init(struct io_secret_source *ret, const struct cfg_config *config)
{
    *ret = (struct io_secret_source){
        .source = { .read_file = read_file, .run = run, .getenv = lookup, .ctx = ret },
        .config = config,
    };
}

bool io_secret_resolve(const struct cfg_config *config, const struct cfg_secret_ref *ref,
                       struct cfg_secret *ret, struct mig_error *err)
{
    struct io_secret_source self;
    io_secret_source_init(&self, config);
    return cfg_secret_resolve(ref, &self.source, ret, err);
}
