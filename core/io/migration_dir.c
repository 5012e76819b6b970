/* migration_dir.c - names first, sorted; then open, read, close each, into blocks that hold many files. */
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

#define BLOCK_SIZE (1024 * 1024)
#define ROOM       16384 /* what a file gets before its size is known: nearly all fit */

struct io_text_block {
    struct io_text_block *next;
    size_t used, size;
    char bytes[];
};

/* Names of the files to read; each is a string in one of the blocks. */
struct names {
    const char **items;
    size_t count, room;
    struct io_text_block *blocks;
};

static void free_blocks(struct io_text_block *block)
{
    while (block) {
        struct io_text_block *next = block->next;
        free(block);
        block = next;
    }
}

/* Space for size bytes at the end of the newest block, or of a new one; the caller adds what it used to
 * ->used. */
static struct io_text_block *with_space(struct io_text_block **blocks, size_t size)
{
    struct io_text_block *block = *blocks;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        block = mig_realloc_n(NULL, sizeof *block + room, 1); /* not zeroed: it is about to be filled */
        block->next = *blocks;
        block->used = 0;
        block->size = room;
        *blocks = block;
    }
    return block;
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

static bool list(DIR *dir, struct names *ret, struct mig_error *err)
{
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
        if (ret->count == IO_MIGRATION_FILES_MAX)
            return mig_fail(err, MIG_ERR_LIMIT, "more than %d files in the migrations directory",
                            IO_MIGRATION_FILES_MAX);
        size_t size = strlen(entry->d_name) + 1;
        struct io_text_block *block = with_space(&ret->blocks, size);
        char *name = block->bytes + block->used;
        memcpy(name, entry->d_name, size);
        block->used += size;
        ret->items = mig_grow(ret->items, ret->count, &ret->room, sizeof *ret->items);
        ret->items[ret->count++] = name;
    }
    if (errno != 0)
        return fail_file(err, "directory", "of migrations", errno);
    if (ret->count > 1)
        qsort(ret->items, ret->count, sizeof *ret->items, by_bytes);
    return true;
}

/* Append a file's text and a NUL to the blocks. */
static bool read_text(int dir_fd, const char *name, struct io_text_block **blocks, struct io_text *ret,
                      struct mig_error *err)
{
    MIG_AUTOCLOSE int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return fail_file(err, "migration", name, errno);
    struct io_text_block *block = with_space(blocks, ROOM);
    size_t len = 0;
    while (len < IO_MIGRATION_MAX) {
        size_t space = block->size - block->used - len - 1;
        if (space > IO_MIGRATION_MAX - len)
            space = IO_MIGRATION_MAX - len;
        ssize_t n = read(fd, block->bytes + block->used + len, space);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_file(err, "migration", name, errno);
        if (n == 0)
            break;
        len += (size_t)n;
        if (block->size - block->used - len - 1 == 0) {
            /* Move on to a block of its own, twice as large. */
            const char *begun = block->bytes + block->used;
            struct io_text_block *larger = with_space(blocks, 2 * len + ROOM);
            memcpy(larger->bytes + larger->used, begun, len);
            block = larger;
        }
    }
    char *text = block->bytes + block->used;
    text[len] = '\0';
    block->used += len + 1;
    *ret = (struct io_text){ .name = name, .text = text, .len = len };
    return true;
}

static bool open_and_list(const char *path, DIR **ret_dir, struct names *ret, struct mig_error *err)
{
    DIR *dir = opendir(path);
    if (!dir) {
        fail_file(err, "the migrations directory", path, errno);
        return mig_hint(err, "`migrations` in migtui.yaml names it; `migtui init` makes one");
    }
    if (!list(dir, ret, err)) {
        closedir(dir);
        return false;
    }
    *ret_dir = dir;
    return true;
}

bool io_migrations_each(const char *path, bool (*each)(const struct io_text *file, void *context),
                        void *context, struct mig_error *err)
{
    struct names names = { 0 };
    struct io_text_block *blocks = NULL;
    DIR *dir = NULL;
    bool ok = open_and_list(path, &dir, &names, err);
    for (size_t i = 0; ok && i < names.count; i++) {
        struct io_text file;
        ok = read_text(dirfd(dir), names.items[i], &blocks, &file, err);
        if (ok && !each(&file, context))
            break;
        if (blocks && blocks->next) { /* a large one has passed */
            free_blocks(blocks->next);
            blocks->next = NULL;
        }
        if (blocks)
            blocks->used = 0;
    }
    if (dir)
        closedir(dir);
    free_blocks(blocks);
    free_blocks(names.blocks);
    free(names.items);
    return ok;
}

bool io_migrations_read(const char *path, struct io_texts *ret, struct mig_error *err)
{
    *ret = (struct io_texts){ 0 };
    struct names names = { 0 };
    DIR *dir = NULL;
    bool ok = open_and_list(path, &dir, &names, err);
    ret->blocks = names.blocks;
    ret->items = mig_alloc_n(names.count + 1, sizeof *ret->items);
    size_t total = 0;
    for (size_t i = 0; ok && i < names.count; i++) {
        struct io_text file;
        ok = read_text(dirfd(dir), names.items[i], &ret->blocks, &file, err);
        if (!ok)
            break;
        total += file.len;
        if (total > IO_MIGRATION_ALL_MAX)
            ok = mig_fail(err, MIG_ERR_LIMIT, "the migrations directory holds more than %ld bytes",
                          IO_MIGRATION_ALL_MAX);
        else if (strcmp(file.name, IO_MIGRATION_SUM) == 0)
            ret->sum = file.text;
        else
            ret->items[ret->count++] = file;
    }
    if (dir)
        closedir(dir);
    free(names.items);
    if (!ok)
        io_texts_done(ret);
    return ok;
}

void io_texts_done(struct io_texts *texts)
{
    free(texts->items);
    free_blocks(texts->blocks);
    *texts = (struct io_texts){ 0 };
}
