/* migration_dir.c - names first, sorted; then open, read, close each when it is asked for. */
#include "io/migration_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

#define BLOCK_SIZE (64 * 1024)
#define ROOM       16384 /* what a text gets before its size is known: nearly all fit */
#define ROOM_KEPT  (1024 * 1024)

struct io_name_block {
    struct io_name_block *next;
    size_t used;
    char bytes[BLOCK_SIZE];
};

/* A copy that lives as long as the directory. */
static const char *keep_name(struct io_migrations *dir, const char *name)
{
    size_t size = strlen(name) + 1; /* NAME_MAX at most */
    if (!dir->blocks || BLOCK_SIZE - dir->blocks->used < size) {
        struct io_name_block *block =
            mig_realloc_n(NULL, sizeof *block, 1); /* not zeroed: it is about to be filled */
        block->next = dir->blocks;
        block->used = 0;
        dir->blocks = block;
    }
    char *copy = dir->blocks->bytes + dir->blocks->used;
    memcpy(copy, name, size);
    dir->blocks->used += size;
    return copy;
}

static bool fail_file(struct mig_error *err, const char *what, const char *name, int error)
{
    char buf[128];
    MIG_AUTOFREE char *safe = mig_text_safe_dup(name, 400);
    return mig_fail(err, MIG_ERR_IO, "cannot read %s %s: %s", what, safe, strerror_r(error, buf, sizeof buf));
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* 1: to be read; 0: not; -1: *err. */
static int wanted(int dir_fd, const struct dirent *entry, struct mig_error *err)
{
    if (entry->d_name[0] == '.')
        return 0;
    if (entry->d_type == DT_REG)
        return 1;
    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
        return 0;
    struct stat found;
    if (fstatat(dir_fd, entry->d_name, &found, 0) != 0) {
        fail_file(err, "migration", entry->d_name, errno);
        return -1;
    }
    return S_ISREG(found.st_mode);
}

static bool list(DIR *dir, struct io_migrations *ret, bool *ret_has_sum, struct mig_error *err)
{
    size_t room = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry)
            break;
        int want = wanted(dirfd(dir), entry, err);
        if (want < 0)
            return false;
        if (want == 0)
            continue;
        if (strcmp(entry->d_name, IO_MIGRATION_SUM) == 0) {
            *ret_has_sum = true;
            continue;
        }
        if (ret->count == IO_MIGRATION_FILES_MAX)
            return mig_fail(err, MIG_ERR_LIMIT, "more than %d files in the migrations directory",
                            IO_MIGRATION_FILES_MAX);
        ret->names = mig_grow(ret->names, ret->count, &room, sizeof *ret->names);
        ret->names[ret->count++] = keep_name(ret, entry->d_name);
    }
    if (errno != 0)
        return fail_file(err, "directory", "of migrations", errno);
    if (ret->count > 1)
        qsort(ret->names, ret->count, sizeof *ret->names, by_bytes);
    return true;
}

bool io_migrations_open(const char *path, struct io_migrations *ret, struct mig_error *err)
{
    bool has_sum = false;
    *ret = (struct io_migrations){ .fd = -1 };
    DIR *dir = opendir(path);
    if (!dir) {
        fail_file(err, "the migrations directory", path, errno);
        return mig_hint(err, "`migrations` in migtui.yaml names it; `migtui init` makes one");
    }
    bool ok = list(dir, ret, &has_sum, err);
    if (ok) {
        ret->fd = fcntl(dirfd(dir), F_DUPFD_CLOEXEC, 0);
        ok = ret->fd >= 0 || fail_file(err, "the migrations directory", path, errno);
    }
    closedir(dir);
    if (ok && has_sum) {
        const char *text;
        size_t len;
        ok = io_migrations_text(ret, 0, IO_MIGRATION_SUM, &text, &len, err);
        if (ok)
            ret->sum = mig_strdup(text);
    }
    if (!ok)
        io_migrations_close(ret);
    return ok;
}

void io_migrations_close(struct io_migrations *dir)
{
    while (dir->blocks) {
        struct io_name_block *next = dir->blocks->next;
        free(dir->blocks);
        dir->blocks = next;
    }
    for (size_t i = 0; i < IO_MIGRATION_SLOTS; i++)
        free(dir->lent[i].bytes);
    if (dir->fd >= 0)
        close(dir->fd);
    free(dir->names);
    free(dir->sum);
    *dir = (struct io_migrations){ .fd = -1 };
}

static void resize(struct io_migration_text *lent, size_t room)
{
    lent->bytes = mig_realloc_n(lent->bytes, room, 1);
    lent->room = room;
}

bool io_migrations_text(struct io_migrations *dir, int slot, const char *name, const char **ret_text,
                        size_t *ret_len, struct mig_error *err)
{
    struct io_migration_text *lent = &dir->lent[slot];
    size_t len = 0;
    MIG_AUTOCLOSE int fd = openat(dir->fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return fail_file(err, "migration", name, errno);
    if (!lent->bytes || lent->room > ROOM_KEPT) /* a large one has passed */
        resize(lent, ROOM);
    while (len < IO_MIGRATION_MAX) {
        size_t space = lent->room - len - 1;
        if (space > IO_MIGRATION_MAX - len)
            space = IO_MIGRATION_MAX - len;
        ssize_t n = read(fd, lent->bytes + len, space);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_file(err, "migration", name, errno);
        if (n == 0)
            break;
        len += (size_t)n;
        if (lent->room - len == 1)
            resize(lent, 2 * lent->room);
    }
    lent->bytes[len] = '\0';
    *ret_text = lent->bytes;
    *ret_len = len;
    return true;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * 1099511628211U;
    return hash;
}

/* Files come in no order, so their numbers are added up. */
bool io_migrations_stamp(const char *path, uint64_t *ret, struct mig_error *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return fail_file(err, "the migrations directory", path, errno);
    uint64_t sum = 1;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        struct stat found;
        if (entry->d_name[0] == '.' || fstatat(dirfd(dir), entry->d_name, &found, 0) != 0)
            continue;
        uint64_t hash = mix(14695981039346656037U, entry->d_name, strlen(entry->d_name));
        hash = mix(hash, &found.st_size, sizeof found.st_size);
        hash = mix(hash, &found.st_ino, sizeof found.st_ino);
        sum += mix(hash, &found.st_mtim, sizeof found.st_mtim);
    }
    closedir(dir);
    *ret = sum;
    return true;
}
