/* snapshot.c - freeing pieces, finding things in a snapshot. */
#include "app/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void release_files(struct mig_shared *shared)
{
    struct mig_seen_files *files = (struct mig_seen_files *)(void *)shared;
    mig_catalog_free(files->catalog);
    mig_problems_done(&files->problems);
    free(files);
}

struct mig_seen_files *mig_seen_files_new(void)
{
    struct mig_seen_files *files = mig_shared_new(sizeof *files, release_files);
    files->catalog = mig_alloc(sizeof *files->catalog);
    return files;
}

static void release_env(struct mig_shared *shared)
{
    struct mig_seen_env *seen = (struct mig_seen_env *)(void *)shared;
    mig_look_done(&seen->look);
    mig_unshare(seen->files);
    free(seen);
}

struct mig_seen_env *mig_seen_env_new(struct mig_seen_files *files)
{
    struct mig_seen_env *seen = mig_shared_new(sizeof *seen, release_env);
    seen->files = mig_share(files);
    return seen;
}

static void release_plan(struct mig_shared *shared)
{
    struct mig_seen_plan *seen = (struct mig_seen_plan *)(void *)shared;
    mig_plan_free(seen->plan);
    mig_look_done(&seen->look);
    mig_unshare(seen->files);
    free(seen);
}

struct mig_seen_plan *mig_seen_plan_new(struct mig_seen_files *files)
{
    struct mig_seen_plan *seen = mig_shared_new(sizeof *seen, release_plan);
    seen->files = mig_share(files);
    return seen;
}

static void free_documents(bson_t **items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bson_destroy(items[i]);
    free(items);
}

static void release_rows(struct mig_shared *shared)
{
    struct mig_seen_rows *seen = (struct mig_seen_rows *)(void *)shared;
    free_documents(seen->items, seen->count);
    free(seen);
}

struct mig_seen_rows *mig_seen_rows_new(void)
{
    return mig_shared_new(sizeof(struct mig_seen_rows), release_rows);
}

static void release_recover(struct mig_shared *shared)
{
    struct mig_seen_recover *seen = (struct mig_seen_recover *)(void *)shared;
    for (size_t i = 0; i < seen->count; i++)
        mig_recovery_done(&seen->items[i]);
    free(seen->items);
    free(seen);
}

struct mig_seen_recover *mig_seen_recover_new(void)
{
    return mig_shared_new(sizeof(struct mig_seen_recover), release_recover);
}

static void release_drift(struct mig_shared *shared)
{
    free(shared);
}

struct mig_seen_drift *mig_seen_drift_new(void)
{
    return mig_shared_new(sizeof(struct mig_seen_drift), release_drift);
}

static void release_text(struct mig_shared *shared)
{
    struct mig_seen_text *seen = (struct mig_seen_text *)(void *)shared;
    free(seen->text);
    free(seen);
}

struct mig_seen_text *mig_seen_text_new(char *take_text, size_t len)
{
    struct mig_seen_text *seen = mig_shared_new(sizeof *seen, release_text);
    seen->text = take_text;
    seen->len = len;
    return seen;
}

static void release_chunk(struct mig_shared *shared)
{
    struct mig_log_chunk *chunk = (struct mig_log_chunk *)(void *)shared;
    free(chunk->bytes);
    free(chunk->ends);
    free(chunk);
}

struct mig_log_chunk *mig_log_chunk_new(void)
{
    return mig_shared_new(sizeof(struct mig_log_chunk), release_chunk);
}

static size_t event_begin(const struct mig_log_chunk *chunk, size_t index)
{
    return index > 0 ? chunk->ends[index - 1] : 0;
}

void mig_log_chunk_add(struct mig_log_chunk *chunk, const bson_t *event)
{
    size_t begin = event_begin(chunk, chunk->count);
    while (chunk->bytes_room < begin + event->len) {
        chunk->bytes_room = chunk->bytes_room ? chunk->bytes_room * 2 : 1024;
        chunk->bytes = mig_realloc_n(chunk->bytes, chunk->bytes_room, 1);
    }
    memcpy(chunk->bytes + begin, bson_get_data(event), event->len);
    chunk->ends = mig_grow(chunk->ends, chunk->count, &chunk->room, sizeof *chunk->ends);
    chunk->ends[chunk->count++] = begin + event->len;
}

bool mig_seen_log_event(const struct mig_seen_log *log, size_t index, bson_t *ret)
{
    for (size_t i = 0; i < log->chunk_count; i++) {
        const struct mig_log_chunk *chunk = log->chunks[i];
        if (index < chunk->count) {
            size_t begin = event_begin(chunk, index);
            return bson_init_static(ret, chunk->bytes + begin, chunk->ends[index] - begin);
        }
        index -= chunk->count;
    }
    return false;
}

static void release_log(struct mig_shared *shared)
{
    struct mig_seen_log *seen = (struct mig_seen_log *)(void *)shared;
    for (size_t i = 0; i < seen->chunk_count; i++)
        mig_unshare(seen->chunks[i]);
    free(seen->chunks);
    free(seen);
}

struct mig_seen_log *mig_seen_log_new(void)
{
    return mig_shared_new(sizeof(struct mig_seen_log), release_log);
}

static void release_snapshot(struct mig_shared *shared)
{
    struct mig_snapshot *snapshot = (struct mig_snapshot *)(void *)shared;
    mig_unshare(snapshot->files);
    for (size_t i = 0; i < snapshot->env_count; i++)
        mig_unshare(snapshot->envs[i].seen);
    for (size_t i = 0; i < snapshot->answer_count; i++) {
        free(snapshot->answers[i].argument);
        free(snapshot->answers[i].parts);
        mig_unshare(snapshot->answers[i].value);
    }
    free(snapshot->envs);
    free(snapshot->answers);
    free(snapshot);
}

struct mig_snapshot *mig_snapshot_new(size_t env_count, size_t answer_count)
{
    struct mig_snapshot *snapshot = mig_shared_new(sizeof *snapshot, release_snapshot);
    snapshot->envs = mig_alloc_n(env_count, sizeof *snapshot->envs);
    snapshot->env_count = env_count;
    snapshot->answers = mig_alloc_n(answer_count, sizeof *snapshot->answers);
    snapshot->answer_count = answer_count;
    return snapshot;
}

const struct mig_snap_answer *mig_snapshot_answer(const struct mig_snapshot *snapshot,
                                                  enum mig_query_kind kind, const struct cfg_environment *env,
                                                  const char *argument)
{
    for (size_t i = 0; i < snapshot->answer_count; i++) {
        const struct mig_snap_answer *answer = &snapshot->answers[i];
        if (answer->kind == kind && answer->env == env &&
            strcmp(answer->argument, argument ? argument : "") == 0)
            return answer;
    }
    return NULL;
}

const struct mig_snap_env *mig_snapshot_env(const struct mig_snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->env_count; i++) {
        if (strcmp(snapshot->envs[i].env->name, name) == 0)
            return &snapshot->envs[i];
    }
    return NULL;
}
