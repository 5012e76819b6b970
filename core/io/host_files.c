/* host_files.c - journals: appended whole lines that are on disk when we say so; and atomic replacement. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/host_impl.h"

struct io_open_file {
    struct io_open_file *next;
    char *path;
    pthread_mutex_t lock; /* one append at a time */
    int fd;
    bool named; /* its directory entry is on disk */
};

static bool fail_path(struct mig_error *err, const char *what, const char *path, int error)
{
    char buf[128];
    MIG_AUTOFREE char *safe = mig_text_safe_dup(path, 400);
    mig_fail(err, MIG_ERR_IO, "cannot %s %s: %s", what, safe, strerror_r(error, buf, sizeof buf));
    if (error == ENOSPC || error == EDQUOT)
        return mig_hint(err, "free some space there, or set XDG_STATE_HOME to another place");
    if (error == EACCES || error == EPERM || error == EROFS)
        return mig_hint(err, "who owns it, and may this user write there?");
    return false;
}

static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mig_strdup(".");
    return mig_strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static bool sync_directory_of(const char *path, struct mig_error *err)
{
    MIG_AUTOFREE char *dir = directory_of(path);
    MIG_AUTOCLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return fail_path(err, "write to disk", dir, errno);
    return true;
}

/* The directory and what is above it, mode 0700 and on disk where it has to be made. */
static bool make_directory(const char *dir, struct mig_error *err)
{
    MIG_AUTOFREE char *path = mig_strdup(dir);
    for (char *p = path + 1;; p++) {
        if (*p && *p != '/')
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(path, 0700) == 0) {
            if (!sync_directory_of(path, err))
                return false;
        } else if (errno != EEXIST) {
            return fail_path(err, "make directory", path, errno);
        }
        if (!kept)
            return true;
        *p = kept;
    }
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* With file_lock held. */
static struct io_open_file *find_or_open(struct io_host *host, const char *path, struct mig_error *err)
{
    for (struct io_open_file *file = host->files; file; file = file->next) {
        if (strcmp(file->path, path) == 0)
            return file;
    }
    MIG_AUTOFREE char *dir = directory_of(path);
    if (!make_directory(dir, err))
        return NULL;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        fail_path(err, "open", path, errno);
        return NULL;
    }
    struct io_open_file *file = mig_alloc(sizeof *file);
    *file = (struct io_open_file){ .next = host->files, .path = mig_strdup(path), .fd = fd };
    pthread_mutex_init(&file->lock, NULL);
    host->files = file;
    return file;
}

bool io_host_file_append(struct mig_host *base, const char *path, const char *bytes, size_t len, bool sync,
                         struct mig_error *err)
{
    struct io_host *host = io_host(base);
    pthread_mutex_lock(&host->file_lock);
    struct io_open_file *file = find_or_open(host, path, err);
    pthread_mutex_unlock(&host->file_lock);
    if (!file)
        return false;

    pthread_mutex_lock(&file->lock);
    struct stat before;
    bool ok = fstat(file->fd, &before) == 0;
    if (ok && !write_all(file->fd, bytes, len)) {
        int error = errno;
        ok = false;
        int half_line_stays = ftruncate(file->fd, before.st_size);
        (void)half_line_stays; /* readers skip one without an end */
        errno = error;
    }
    if (!ok)
        fail_path(err, "write", path, errno);
    else if (sync && fdatasync(file->fd) != 0)
        ok = fail_path(err, "write to disk", path, errno);
    else if (sync && !file->named)
        ok = file->named = sync_directory_of(path, err);
    pthread_mutex_unlock(&file->lock);
    return ok;
}

bool io_host_file_each(struct mig_host *base, const char *path, bool *ret_there,
                       bool (*each)(const char *bytes, size_t len, void *ctx), void *ctx,
                       struct mig_error *err)
{
    (void)base;
    MIG_AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (ret_there)
        *ret_there = fd >= 0 || errno != ENOENT;
    if (fd < 0)
        return (ret_there && !*ret_there) || fail_path(err, "read", path, errno);
    char piece[65536];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_path(err, "read", path, errno);
        if (n == 0 || !each(piece, (size_t)n, ctx))
            return true;
    }
}

struct reading {
    struct mig_buf *out;
    size_t left;
    bool too_large;
};

static bool read_piece(const char *bytes, size_t len, void *ctx)
{
    struct reading *reading = ctx;
    mig_buf_add(reading->out, bytes, len);
    reading->too_large = len > reading->left || reading->out->overflow;
    reading->left -= reading->too_large ? 0 : len;
    return !reading->too_large;
}

bool io_host_file_read(struct mig_host *base, const char *path, size_t max, struct mig_buf *out,
                       struct mig_error *err)
{
    struct reading reading = { .out = out, .left = max };
    if (!io_host_file_each(base, path, NULL, read_piece, &reading, err))
        return false;
    MIG_AUTOFREE char *safe = mig_text_safe_dup(path, 400);
    return !reading.too_large || mig_fail(err, MIG_ERR_LIMIT, "%s is larger than %zu bytes", safe, max);
}

bool io_host_file_read_from(struct mig_host *base, const char *path, size_t offset, size_t max,
                            struct mig_buf *out, struct mig_error *err)
{
    (void)base;
    MIG_AUTOCLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_path(err, "read", path, errno);
    char chunk[65536];
    for (size_t done = 0; done < max;) {
        size_t want = max - done < sizeof chunk ? max - done : sizeof chunk;
        ssize_t n = pread(fd, chunk, want, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_path(err, "read", path, errno);
        if (n == 0)
            break;
        mig_buf_add(out, chunk, (size_t)n);
        done += (size_t)n;
    }
    return true;
}

bool io_host_file_replace(struct mig_host *base, const char *path, const char *bytes, size_t len,
                          struct mig_error *err)
{
    (void)base;
    MIG_AUTOFREE char *dir = directory_of(path);
    if (!make_directory(dir, err))
        return false;
    MIG_AUTOFREE char *temporary = mig_printf("%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return fail_path(err, "write", temporary, errno);
    bool ok = write_all(fd, bytes, len) && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok && rename(temporary, path) != 0) {
        ok = false;
        error = errno;
    }
    if (!ok) {
        unlink(temporary);
        return fail_path(err, "write", path, error);
    }
    return sync_directory_of(path, err);
}

static void close_file(struct io_open_file *file)
{
    close(file->fd);
    pthread_mutex_destroy(&file->lock);
    free(file->path);
    free(file);
}

void io_host_file_close(struct mig_host *base, const char *path)
{
    struct io_host *host = io_host(base);
    pthread_mutex_lock(&host->file_lock);
    for (struct io_open_file **at = &host->files; *at; at = &(*at)->next) {
        struct io_open_file *file = *at;
        if (strcmp(file->path, path) == 0) {
            *at = file->next;
            close_file(file);
            break;
        }
    }
    pthread_mutex_unlock(&host->file_lock);
}

void io_host_files_done(struct io_host *host)
{
    while (host->files) {
        struct io_open_file *file = host->files;
        host->files = file->next;
        close_file(file);
    }
}
