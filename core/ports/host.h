/* host.h - what the engine needs from the machine it runs on: time, randomness, files, tasks, identity.
 *
 * One struct, passed down; no globals. Real: core/io/host_posix.c. The simulator has its own clock, tasks and disk.
 */
#ifndef MIG_PORTS_HOST_H
#define MIG_PORTS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct mig_host;
struct mig_task; /* one running task; ends when its function returns */

/* Who and where this process is; strings are safe for display and owned by the host. */
struct mig_identity {
    const char *os_user;
    const char *host;
    const char *ssh_client; /* "" when not over SSH */
    const char *boot_id;    /* "" when the machine has none */
    int64_t pid;
    int64_t pid_started; /* the process's start time in clock ticks since boot: tells a reused pid apart */
};

struct mig_host_ops {
    int64_t (*mono_ms)(
        struct mig_host *host); /* CLOCK_BOOTTIME: goes on while the machine sleeps; never jumps */
    int64_t (*wall_ms)(
        struct mig_host *host); /* for records' display only; decisions use the server's clock */
    void (*random)(struct mig_host *host, void *bytes, size_t len);

    /* Run fn(context) beside the caller; join waits for it and frees. Tasks share memory. */
    bool (*task_start)(struct mig_host *host, void (*fn)(void *), void *context, struct mig_task **ret,
                       struct mig_error *err);
    void (*task_join)(struct mig_host *host, struct mig_task *task);

    /* Sleep until the monotonic time, or until wake() is called with the same key. Wakes may be spurious. */
    void (*sleep_until)(struct mig_host *host, int64_t mono_ms, const void *key);
    void (*wake)(struct mig_host *host, const void *key);

    /* Append whole lines to a file of this process; sync: on disk before it returns. The handle stays open until
     * file_close. dir is made with mode 0700, the file with 0600. */
    bool (*file_append)(struct mig_host *host, const char *path, const char *bytes, size_t len, bool sync,
                        struct mig_error *err);
    bool (*file_read)(struct mig_host *host, const char *path, size_t max, struct mig_buf *out,
                      struct mig_error *err);
    /* Feed a file's bytes in pieces as they come, to its end or until each says false; also of a pipe. ret_there: NULL, or told
     * false, without an error, when there is no such file. */
    bool (*file_each)(struct mig_host *host, const char *path, bool *ret_there,
                      bool (*each)(const char *bytes, size_t len, void *ctx), void *ctx,
                      struct mig_error *err);
    /* Add at most max bytes from offset on; nothing at or behind the end. */
    bool (*file_read_from)(struct mig_host *host, const char *path, size_t offset, size_t max,
                           struct mig_buf *out, struct mig_error *err);
    /* Replace a file by another name and rename, so that a reader sees the old or the new text, never a mix. */
    bool (*file_replace)(struct mig_host *host, const char *path, const char *bytes, size_t len,
                         struct mig_error *err);
    void (*file_close)(struct mig_host *host, const char *path);

    /* 1: a process with this pid, start time and boot is alive on this host; 0: it is not; -1: cannot be known
     * (another host or boot). */
    int (*process_alive)(struct mig_host *host, const struct mig_identity *who);

    /* Run argv (no shell), feed each line of output to on_line, wait. env: extra NAME=VALUE, NULL-terminated.
     * *ret_status: exit status, or 128 + signal. Killed with its group when *stop turns true. *started
     * turns true (atomically) as soon as the program runs: the end of this process no longer keeps it from that. May be NULL. */
    bool (*spawn)(struct mig_host *host, const char *const *argv, const char *const *env, const char *dir,
                  void (*on_line)(const char *line, void *context), void *context, const bool *stop,
                  bool *started, int *ret_status, struct mig_error *err);

    /* Run argv (no shell, no terminal) with input as its standard input; its standard output and errors go to out, as they are (at most
     * out->max). Ended with its group after timeout_ms. False: it could not be started, or was ended for its time. May be NULL on
     * hosts without programs. */
    bool (*filter)(struct mig_host *host, const char *const *argv, const char *const *env, const char *input,
                   size_t len, int64_t timeout_ms, struct mig_buf *out, int *ret_status,
                   struct mig_error *err);

    /* One line to the system's log (syslog, facility authpriv, as migtui). Never fails. May be NULL. */
    void (*note)(struct mig_host *host, const char *line);
};

struct mig_host {
    const struct mig_host_ops *ops;
    struct mig_identity self;
    const char *state_dir; /* where journals live: $XDG_STATE_HOME/migtui */
};

#endif
