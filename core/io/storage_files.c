/* storage_files.c - written beside, synced, renamed, synced: a name stands for whole bytes or does not exist. */
#include "io/storage_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

#define PART ".part"

struct folder {
    struct mig_storage base;
    char *path, *safe;
};

struct mig_storage_file {
    struct folder *folder;
    char *part; /* path while it is being written; NULL when it is read */
    char *name, *path;
    int fd;
};

static bool fail_path(struct mig_error *err, const char *what, const char *path, int error)
{
    char buf[128];
    MIG_AUTOFREE char *safe = mig_text_safe_dup(path, 400);
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    mig_fail(err, full || error == ENOENT ? MIG_ERR_BACKUP : MIG_ERR_IO, "cannot %s %s: %s", what, safe,
             strerror_r(error, buf, sizeof buf));
    if (full)
        return mig_hint(err, "free some space there, or set backups in migtui.yaml to another folder");
    if (error == EACCES || error == EPERM || error == EROFS)
        return mig_hint(err, "who owns it, and may this user write there?");
    return false;
}

static bool name_is_plain(const char *name, struct mig_error *err)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                     c == '-' || (c == '.' && i > 0);
        if (!plain)
            len = 0;
    }
    if (len > 0 && len < 200)
        return true;
    MIG_AUTOFREE char *safe = mig_text_safe_dup(name, 200);
    return mig_fail(err, MIG_ERR_IO, "\"%s\" is no name for a backup's file", safe);
}

/* The folder and what is above it, mode 0700. */
static bool make_folder(const char *folder, struct mig_error *err)
{
    MIG_AUTOFREE char *path = mig_strdup(folder);
    for (char *p = path + 1;; p++) {
        if (*p && *p != '/')
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return fail_path(err, "make folder", path, errno);
        if (!kept)
            return true;
        *p = kept;
    }
}

static bool sync_folder(const struct folder *folder, struct mig_error *err)
{
    MIG_AUTOCLOSE int fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return fail_path(err, "write to disk", folder->path, errno);
    return true;
}

static void free_file(struct mig_storage_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    free(file->part);
    free(file->name);
    free(file->path);
    free(file);
}

/* ---- writing ---- */

static bool files_create(struct mig_storage *storage, const char *name, struct mig_storage_file **ret,
                         struct mig_error *err)
{
    struct folder *folder = (struct folder *)storage;
    if (!name_is_plain(name, err) || !make_folder(folder->path, err))
        return false;
    struct mig_storage_file *file = mig_alloc(sizeof *file);
    *file = (struct mig_storage_file){ .folder = folder,
                                       .part = mig_printf("%s/.%s" PART, folder->path, name),
                                       .name = mig_strdup(name),
                                       .path = mig_printf("%s/%s", folder->path, name),
                                       .fd = -1 };
    struct stat there;
    bool ok = lstat(file->path, &there) != 0;
    if (!ok)
        fail_path(err, "write", file->path, EEXIST);
    if (ok) {
        file->fd = open(file->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        ok = file->fd >= 0 && flock(file->fd, LOCK_EX | LOCK_NB) == 0;
        if (!ok)
            fail_path(err, "write", file->part, errno);
    }
    if (!ok) {
        free_file(file);
        return false;
    }
    *ret = file;
    return true;
}

static bool files_write(struct mig_storage_file *file, const void *bytes, size_t len, struct mig_error *err)
{
    const char *from = bytes;
    while (len > 0) {
        ssize_t n = write(file->fd, from, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_path(err, "write", file->path, errno);
        from += n;
        len -= (size_t)n;
    }
    return true;
}

static const char *files_path(const struct mig_storage_file *file)
{
    return file->part;
}

static void files_abandon(struct mig_storage_file *file)
{
    if (!file)
        return;
    unlink(file->part);
    free_file(file);
}

static bool files_commit(struct mig_storage_file *file, struct mig_error *err)
{
    if (fsync(file->fd) != 0) {
        fail_path(err, "write to disk", file->path, errno);
        files_abandon(file);
        return false;
    }
    /* link, not rename: it fails where the name was taken meanwhile */
    if (link(file->part, file->path) != 0) {
        fail_path(err, "name", file->path, errno);
        files_abandon(file);
        return false;
    }
    unlink(file->part);
    bool ok = sync_folder(file->folder, err);
    free_file(file);
    return ok;
}

/* ---- reading ---- */

static bool files_open(struct mig_storage *storage, const char *name, struct mig_storage_file **ret,
                       int64_t *ret_size, struct mig_error *err)
{
    struct folder *folder = (struct folder *)storage;
    struct mig_storage_file *file = mig_alloc(sizeof *file);
    struct stat info;
    *file = (struct mig_storage_file){
        .folder = folder, .name = mig_strdup(name), .path = mig_printf("%s/%s", folder->path, name), .fd = -1
    };
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = file->fd >= 0 && fstat(file->fd, &info) == 0;
    if (!ok)
        fail_path(err, "read", file->path, errno);
    else if (!S_ISREG(info.st_mode))
        ok = mig_fail(err, MIG_ERR_IO, "%s is no regular file", name);
    if (!ok) {
        free_file(file);
        return false;
    }
    (void)posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *ret_size = info.st_size;
    *ret = file;
    return true;
}

static bool files_read(struct mig_storage_file *file, void *bytes, size_t size, size_t *ret_len,
                       struct mig_error *err)
{
    ssize_t n;
    do
        n = read(file->fd, bytes, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return fail_path(err, "read", file->path, errno);
    *ret_len = (size_t)n;
    return true;
}

static void files_close(struct mig_storage_file *file)
{
    if (file)
        free_file(file);
}

/* ---- the folder ---- */

static int64_t files_size(struct mig_storage *storage, const char *name)
{
    const struct folder *folder = (const struct folder *)storage;
    MIG_AUTOFREE char *path = mig_printf("%s/%s", folder->path, name);
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? info.st_size : -1;
}

static bool files_remove(struct mig_storage *storage, const char *name, struct mig_error *err)
{
    const struct folder *folder = (const struct folder *)storage;
    MIG_AUTOFREE char *path = mig_printf("%s/%s", folder->path, name);
    if (!name_is_plain(name, err))
        return false;
    return unlink(path) == 0 || errno == ENOENT || fail_path(err, "remove", path, errno);
}

static bool files_list(struct mig_storage *storage, mig_storage_name_fn each, void *ctx,
                       struct mig_error *err)
{
    const struct folder *folder = (const struct folder *)storage;
    DIR *dir = opendir(folder->path);
    if (!dir)
        return errno == ENOENT || fail_path(err, "read folder", folder->path, errno);
    bool more = true;
    for (struct dirent *entry; more && (entry = readdir(dir));) {
        int64_t size = entry->d_name[0] == '.' ? -1 : files_size(storage, entry->d_name);
        if (size >= 0)
            more = each(entry->d_name, size, ctx);
    }
    closedir(dir);
    return true;
}

static bool is_part(const char *name)
{
    size_t len = strlen(name);
    return name[0] == '.' && len > strlen(PART) + 1 && strcmp(name + len - strlen(PART), PART) == 0;
}

static size_t files_sweep(struct mig_storage *storage)
{
    const struct folder *folder = (const struct folder *)storage;
    DIR *dir = opendir(folder->path);
    size_t count = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!is_part(entry->d_name))
            continue;
        MIG_AUTOCLOSE int fd =
            openat(dirfd(dir), entry->d_name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(dirfd(dir), entry->d_name, 0) == 0)
            count++;
    }
    if (dir)
        closedir(dir);
    return count;
}

static int64_t files_space(struct mig_storage *storage)
{
    const struct folder *folder = (const struct folder *)storage;
    struct statvfs info;
    MIG_AUTOFREE char *path = mig_strdup(folder->path);
    while (statvfs(path, &info) != 0) { /* not made yet: what holds for the folder above holds for it */
        char *slash = strrchr(path, '/');
        if (errno != ENOENT || !slash)
            return -1;
        slash[slash == path] = '\0';
        if (slash == path && statvfs(path, &info) != 0)
            return -1;
    }
    return (int64_t)info.f_bavail * (int64_t)info.f_frsize;
}

static void files_free(struct mig_storage *storage)
{
    struct folder *folder = (struct folder *)storage;
    free(folder->path);
    free(folder->safe);
    free(folder);
}

static char *absolute(const char *folder)
{
    if (folder[0] == '/')
        return mig_strdup(folder);
    MIG_AUTOFREE char *cwd = getcwd(NULL, 0);
    return mig_printf("%s/%s", cwd ? cwd : ".", folder);
}

struct mig_storage *io_storage_files(const char *folder)
{
    static const struct mig_storage_ops ops = {
        .create = files_create,
        .write = files_write,
        .path = files_path,
        .commit = files_commit,
        .abandon = files_abandon,
        .open = files_open,
        .read = files_read,
        .close = files_close,
        .size = files_size,
        .remove = files_remove,
        .list = files_list,
        .sweep = files_sweep,
        .space = files_space,
        .free = files_free,
    };
    struct folder *made = mig_alloc(sizeof *made);
    made->path = absolute(folder);
    for (size_t len = strlen(made->path); len > 1 && made->path[len - 1] == '/'; len--)
        made->path[len - 1] = '\0';
    made->safe = mig_text_safe_dup(made->path, 900);
    made->base = (struct mig_storage){ .ops = &ops, .place = made->safe };
    return &made->base;
}
