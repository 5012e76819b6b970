/* host_impl.h - inside of the POSIX host, shared by host_posix.c, host_files.c, host_process.c,
 * host_spawn.c and host_filter.c. */
#ifndef MIG_IO_HOST_IMPL_H
#define MIG_IO_HOST_IMPL_H

#include <pthread.h>
#include <sys/types.h>

#include "io/host_posix.h"

struct io_open_file;
struct io_sleeper;

#define IO_HOST_WAKES 256

struct io_host {
    struct mig_host base;
    char *os_user, *name, *ssh_client, *boot_id, *state_dir;

    pthread_mutex_t sleep_lock;
    struct io_sleeper *sleepers;
    const void
        *wakes[IO_HOST_WAKES]; /* keys that were woken while nobody slept on them; the oldest are forgotten */
    size_t wake_count;

    pthread_mutex_t file_lock; /* the list; each file has a lock of its own */
    struct io_open_file *files;
};

static inline struct io_host *io_host(struct mig_host *base)
{
    return (struct io_host *)base;
}

/* host_files.c */
bool io_host_file_append(struct mig_host *base, const char *path, const char *bytes, size_t len, bool sync,
                         struct mig_error *err);
bool io_host_file_read(struct mig_host *base, const char *path, size_t max, struct mig_buf *out,
                       struct mig_error *err);
bool io_host_file_each(struct mig_host *base, const char *path, bool *ret_there,
                       bool (*each)(const char *bytes, size_t len, void *ctx), void *ctx,
                       struct mig_error *err);
bool io_host_file_read_from(struct mig_host *base, const char *path, size_t offset, size_t max,
                            struct mig_buf *out, struct mig_error *err);
bool io_host_file_replace(struct mig_host *base, const char *path, const char *bytes, size_t len,
                          struct mig_error *err);
void io_host_file_close(struct mig_host *base, const char *path);
void io_host_files_done(struct io_host *host);

/* host_process.c */
void io_host_identify(struct io_host *host);
int io_host_process_alive(struct mig_host *base, const struct mig_identity *who);

/* host_spawn.c */
bool io_host_spawn(struct mig_host *base, const char *const *argv, const char *const *env, const char *dir,
                   void (*on_line)(const char *line, void *context), void *context, const bool *stop,
                   bool *started, int *ret_status, struct mig_error *err);
/* The environment of this process with env's entries instead of those of the same name. The array is the caller's to free. */
char **io_host_environment(const char *const *env);

/* host_filter.c */
bool io_host_filter(struct mig_host *base, const char *const *argv, const char *const *env, const char *input,
                    size_t len, int64_t timeout_ms, struct mig_buf *out, int *ret_status,
                    struct mig_error *err);
void io_host_note(struct mig_host *base, const char *line);

#endif
