/* pipe.c - a ring under one mutex; a slot is empty, full, in work, or done, and is written when it is the next. */
#include "app/backup/pipe.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "archive/gzip.h"
#include "base/mem.h"

#define TASKS_MAX 8

enum slot_state { EMPTY, FULL, IN_WORK, DONE };

struct slot {
    enum slot_state state;
    struct mig_buf plain, zipped;
};

struct pipe {
    struct mig_host *host;
    const struct mig_storage_ops *ops;
    struct mig_storage_file *file;
    int level;
    struct mig_task *tasks[TASKS_MAX];
    int task_count;

    pthread_mutex_t mutex; /* all below */
    pthread_cond_t moved;
    struct slot slots[PIPE_SLOTS];
    uint64_t next_in, next_work, next_out; /* number of the block; its slot is the remainder */
    bool writing;                          /* a task is at the file */
    bool turn;                             /* one sender has the ring for itself */
    pthread_t turn_of;
    bool closed, broken;
    struct mig_error why;
    struct mig_sha256 *sha;
    int64_t written;
};

static void break_locked(struct pipe *pipe, const struct mig_error *why)
{
    if (!pipe->broken)
        pipe->why = *why;
    pipe->broken = true;
    pthread_cond_broadcast(&pipe->moved);
}

void pipe_break(struct pipe *pipe, const struct mig_error *why)
{
    pthread_mutex_lock(&pipe->mutex);
    break_locked(pipe, why);
    pthread_mutex_unlock(&pipe->mutex);
}

bool pipe_broken(struct pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    bool broken = pipe->broken;
    pthread_mutex_unlock(&pipe->mutex);
    return broken;
}

int64_t pipe_written(struct pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    int64_t written = pipe->written;
    pthread_mutex_unlock(&pipe->mutex);
    return written;
}

/* Write what is next and done, one task at a time, without the mutex while at the file. */
static void write_out(struct pipe *pipe)
{
    if (pipe->writing)
        return;
    pipe->writing = true;
    for (;;) {
        struct slot *slot = &pipe->slots[pipe->next_out % PIPE_SLOTS];
        struct mig_error err = { 0 };
        if (pipe->broken || slot->state != DONE)
            break;
        pthread_mutex_unlock(&pipe->mutex);
        bool ok = pipe->ops->write(pipe->file, slot->zipped.text, slot->zipped.len, &err);
        if (ok)
            mig_sha256_add(pipe->sha, slot->zipped.text, slot->zipped.len);
        pthread_mutex_lock(&pipe->mutex);
        if (!ok) {
            break_locked(pipe, &err);
            break;
        }
        pipe->written += (int64_t)slot->zipped.len;
        slot->state = EMPTY;
        pipe->next_out++;
        pthread_cond_broadcast(&pipe->moved);
    }
    pipe->writing = false;
}

static void compress_loop(void *context)
{
    struct pipe *pipe = context;
    struct arc_gzip *gzip = arc_gzip_new(pipe->level);
    pthread_mutex_lock(&pipe->mutex);
    for (;;) {
        while (!pipe->broken && pipe->next_work == pipe->next_in && !pipe->closed)
            pthread_cond_wait(&pipe->moved, &pipe->mutex);
        if (pipe->broken || pipe->next_work == pipe->next_in)
            break;
        struct slot *slot = &pipe->slots[pipe->next_work++ % PIPE_SLOTS];
        slot->state = IN_WORK;
        pthread_mutex_unlock(&pipe->mutex);
        mig_buf_reset(&slot->zipped);
        bool ok = arc_gzip_member(gzip, slot->plain.text, slot->plain.len, &slot->zipped);
        pthread_mutex_lock(&pipe->mutex);
        slot->state = DONE;
        if (!ok) {
            struct mig_error err;
            mig_fail(&err, MIG_ERR_INTERNAL, "a block could not be compressed");
            break_locked(pipe, &err);
        }
        write_out(pipe);
    }
    pthread_mutex_unlock(&pipe->mutex);
    arc_gzip_free(gzip);
}

static bool is_others_turn(const struct pipe *pipe)
{
    return pipe->turn && !pthread_equal(pipe->turn_of, pthread_self());
}

bool pipe_turn_begin(struct pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    while (!pipe->broken && pipe->turn)
        pthread_cond_wait(&pipe->moved, &pipe->mutex);
    bool ok = !pipe->broken;
    if (ok) {
        pipe->turn = true;
        pipe->turn_of = pthread_self();
    }
    pthread_mutex_unlock(&pipe->mutex);
    return ok;
}

void pipe_turn_end(struct pipe *pipe)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->turn = false;
    pthread_cond_broadcast(&pipe->moved);
    pthread_mutex_unlock(&pipe->mutex);
}

bool pipe_send(struct pipe *pipe, struct mig_buf *block)
{
    pthread_mutex_lock(&pipe->mutex);
    if (block->overflow) { /* what did not fit is gone: nothing of this may pass for an archive */
        struct mig_error err;
        mig_fail(&err, MIG_ERR_INTERNAL, "a block of the backup was larger than %zu bytes", block->max);
        break_locked(pipe, &err);
    }
    while (!pipe->broken && (is_others_turn(pipe) || pipe->next_in - pipe->next_out >= PIPE_SLOTS))
        pthread_cond_wait(&pipe->moved, &pipe->mutex);
    bool ok = !pipe->broken;
    if (ok) {
        struct slot *slot = &pipe->slots[pipe->next_in++ % PIPE_SLOTS];
        struct mig_buf empty = slot->plain;
        slot->plain = *block;
        slot->state = FULL;
        *block = empty;
        pthread_cond_broadcast(&pipe->moved);
    }
    pthread_mutex_unlock(&pipe->mutex);
    mig_buf_reset(block);
    return ok;
}

static void pipe_free(struct pipe *pipe)
{
    for (size_t i = 0; i < PIPE_SLOTS; i++) {
        mig_buf_done(&pipe->slots[i].plain);
        mig_buf_done(&pipe->slots[i].zipped);
    }
    pthread_mutex_destroy(&pipe->mutex);
    pthread_cond_destroy(&pipe->moved);
    free(pipe);
}

bool pipe_end(struct pipe *pipe, int64_t *ret_size, char ret_sha256[static MIG_SHA256_HEX],
              struct mig_error *err)
{
    pthread_mutex_lock(&pipe->mutex);
    pipe->closed = true;
    pthread_cond_broadcast(&pipe->moved);
    pthread_mutex_unlock(&pipe->mutex);
    for (int i = 0; i < pipe->task_count; i++)
        pipe->host->ops->task_join(pipe->host, pipe->tasks[i]);
    bool ok = !pipe->broken && pipe->next_out == pipe->next_in;
    if (!ok && pipe->broken)
        *err = pipe->why;
    else if (!ok)
        mig_fail(err, MIG_ERR_INTERNAL, "a block of the backup was not written");
    *ret_size = pipe->written;
    mig_sha256_end(pipe->sha, ret_sha256);
    pipe_free(pipe);
    return ok;
}

struct pipe *pipe_new(struct mig_host *host, const struct mig_storage_ops *ops, struct mig_storage_file *file,
                      int tasks, int level, struct mig_error *err)
{
    struct pipe *pipe = mig_alloc(sizeof *pipe);
    *pipe = (struct pipe){ .host = host, .ops = ops, .file = file, .level = level };
    pthread_mutex_init(&pipe->mutex, NULL);
    pthread_cond_init(&pipe->moved, NULL);
    for (size_t i = 0; i < PIPE_SLOTS; i++) {
        mig_buf_init(&pipe->slots[i].plain, PIPE_BLOCK_MAX);
        mig_buf_init(&pipe->slots[i].zipped, PIPE_BLOCK_MAX + 65536);
    }
    pipe->sha = mig_sha256_new();
    for (int i = 0; i < tasks && i < TASKS_MAX; i++) {
        if (!host->ops->task_start(host, compress_loop, pipe, &pipe->tasks[i], err)) {
            char ignored[MIG_SHA256_HEX];
            int64_t size;
            struct mig_error failed = *err;
            pipe_break(pipe, err);
            (void)pipe_end(pipe, &size, ignored, &failed);
            return NULL;
        }
        pipe->task_count++;
    }
    return pipe;
}
