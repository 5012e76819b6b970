/* storage_fake.c - see storage_fake.h. */
#include "fakes/storage_fake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define FILES_MAX 16
#define BYTES_MAX ((size_t)1 << 30)

struct mig_storage_file {
    struct storage_fake *fake;
    char *name;
    struct mig_buf bytes;
    size_t at; /* of reading */
    bool committed, used;
};

struct storage_fake {
    struct mig_storage base;
    pthread_mutex_t lock;
    int64_t room;
    struct mig_storage_file files[FILES_MAX];
};

static struct mig_storage_file *find(struct storage_fake *fake, const char *name, bool committed)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct mig_storage_file *file = &fake->files[i];
        if (file->used && file->committed == committed && strcmp(file->name, name) == 0)
            return file;
    }
    return NULL;
}

static void drop(struct mig_storage_file *file)
{
    free(file->name);
    mig_buf_done(&file->bytes);
    file->used = false;
}

static bool fake_create(struct mig_storage *storage, const char *name, struct mig_storage_file **ret,
                        struct mig_error *err)
{
    struct storage_fake *fake = (struct storage_fake *)storage;
    if (find(fake, name, true))
        return mig_fail(err, MIG_ERR_IO, "%s is there", name);
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (fake->files[i].used)
            continue;
        fake->files[i] = (struct mig_storage_file){ .fake = fake, .name = mig_strdup(name), .used = true };
        mig_buf_init(&fake->files[i].bytes, BYTES_MAX);
        *ret = &fake->files[i];
        return true;
    }
    return mig_fail(err, MIG_ERR_LIMIT, "too many files for a fake");
}

static bool fake_write(struct mig_storage_file *file, const void *bytes, size_t len, struct mig_error *err)
{
    struct storage_fake *fake = file->fake;
    pthread_mutex_lock(&fake->lock);
    bool fits = fake->room < 0 || fake->room >= (int64_t)len;
    if (fits && fake->room >= 0)
        fake->room -= (int64_t)len;
    pthread_mutex_unlock(&fake->lock);
    if (!fits)
        return mig_fail(err, MIG_ERR_BACKUP, "cannot write %s: no space is left", file->name);
    mig_buf_add(&file->bytes, bytes, len);
    return true;
}

static const char *fake_path(const struct mig_storage_file *file)
{
    (void)file;
    return NULL;
}

static bool fake_commit(struct mig_storage_file *file, struct mig_error *err)
{
    (void)err;
    file->committed = true;
    return true;
}

static void fake_abandon(struct mig_storage_file *file)
{
    if (file)
        drop(file);
}

static bool fake_open(struct mig_storage *storage, const char *name, struct mig_storage_file **ret,
                      int64_t *ret_size, struct mig_error *err)
{
    struct mig_storage_file *file = find((struct storage_fake *)storage, name, true);
    if (!file)
        return mig_fail(err, MIG_ERR_BACKUP, "there is no %s", name);
    file->at = 0;
    *ret = file;
    *ret_size = (int64_t)file->bytes.len;
    return true;
}

static bool fake_read(struct mig_storage_file *file, void *bytes, size_t size, size_t *ret_len,
                      struct mig_error *err)
{
    size_t left = file->bytes.len - file->at;
    (void)err;
    *ret_len = size < left ? size : left;
    memcpy(bytes, file->bytes.text + file->at, *ret_len);
    file->at += *ret_len;
    return true;
}

static void fake_close(struct mig_storage_file *file)
{
    (void)file;
}

static int64_t fake_size(struct mig_storage *storage, const char *name)
{
    const struct mig_storage_file *file = find((struct storage_fake *)storage, name, true);
    return file ? (int64_t)file->bytes.len : -1;
}

static bool fake_remove(struct mig_storage *storage, const char *name, struct mig_error *err)
{
    struct mig_storage_file *file = find((struct storage_fake *)storage, name, true);
    (void)err;
    if (file)
        drop(file);
    return true;
}

static bool fake_list(struct mig_storage *storage, mig_storage_name_fn each, void *ctx, struct mig_error *err)
{
    struct storage_fake *fake = (struct storage_fake *)storage;
    (void)err;
    for (size_t i = 0; i < FILES_MAX; i++) {
        const struct mig_storage_file *file = &fake->files[i];
        if (file->used && file->committed && !each(file->name, (int64_t)file->bytes.len, ctx))
            break;
    }
    return true;
}

static size_t fake_sweep(struct mig_storage *storage)
{
    (void)storage;
    return 0;
}

static int64_t fake_space(struct mig_storage *storage)
{
    return ((struct storage_fake *)storage)->room;
}

static void fake_free(struct mig_storage *storage)
{
    struct storage_fake *fake = (struct storage_fake *)storage;
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (fake->files[i].used)
            drop(&fake->files[i]);
    }
    pthread_mutex_destroy(&fake->lock);
    free(fake);
}

struct storage_fake *storage_fake_new(int64_t room)
{
    static const struct mig_storage_ops ops = {
        .create = fake_create,
        .write = fake_write,
        .path = fake_path,
        .commit = fake_commit,
        .abandon = fake_abandon,
        .open = fake_open,
        .read = fake_read,
        .close = fake_close,
        .size = fake_size,
        .remove = fake_remove,
        .list = fake_list,
        .sweep = fake_sweep,
        .space = fake_space,
        .free = fake_free,
    };
    struct storage_fake *fake = mig_alloc(sizeof *fake);
    fake->base = (struct mig_storage){ .ops = &ops, .place = "memory" };
    fake->room = room;
    pthread_mutex_init(&fake->lock, NULL);
    return fake;
}

struct mig_storage *storage_fake_storage(struct storage_fake *fake)
{
    return &fake->base;
}

const char *storage_fake_read(struct storage_fake *fake, const char *name, size_t *ret_len)
{
    struct mig_storage_file *file = find(fake, name, true);
    *ret_len = file ? file->bytes.len : 0;
    return file ? file->bytes.text : NULL;
}
