/* take.c - a backup from its first look to its record.
 *
 * look → name → survey → space → record → snapshot time → prelude → readers and pipe → survey again → file under its name →
 * manifest → read back → record. Whatever ends it early leaves no file under the final name and a record that says so.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/audit.h"
#include "app/backup/manifest.h"
#include "app/backup/scan.h"
#include "app/backup/take_private.h"
#include "app/look.h"
#include "archive/gzip.h"
#include "archive/writer.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/version.h"
#include "engine/states.h"

#define GZIP_LEVEL     6
#define COMPRESS_TASKS 2
#define SPACE_SPARE    ((int64_t)64 * 1024 * 1024)
#define PROGRESS_MS    1000
#define PRELUDE_MAX    ((size_t)256 * 1024 * 1024)

/* ---- before it begins ---- */

static void name_backup(struct taking *t)
{
    struct mig_backup *b = t->backup;
    uint8_t random[10];
    if (t->options->run) {
        snprintf(b->id, sizeof b->id, "%s", t->options->run);
    } else {
        t->host->ops->random(t->host, random, sizeof random);
        mig_ulid(t->host->ops->wall_ms(t->host), random, b->id);
    }
    snprintf(b->environment, sizeof b->environment, "%s", t->env->name);
    snprintf(b->database, sizeof b->database, "%s", t->env->database);
    snprintf(b->method, sizeof b->method, "%s", mig_backup_method_word(t->options->method));
    snprintf(b->host, sizeof b->host, "%s", t->host->self.host);
    snprintf(b->operator_name, sizeof b->operator_name, "%s", t->app->operator_name);
    snprintf(b->os_user, sizeof b->os_user, "%s", t->host->self.os_user);
    snprintf(b->ticket, sizeof b->ticket, "%s", t->options->ticket ? t->options->ticket : "");
    snprintf(b->reason, sizeof b->reason, "%s", t->options->reason ? t->options->reason : "");
    b->state = MIG_BACKUP_FAILED;
    manifest_archive_name(b, t->name, sizeof t->name);
}

/* A backup names the environment it is of, so one that migtui never saw gets its name first. */
static bool identify(struct taking *t, const struct mig_look *look, struct mig_error *err)
{
    const struct mig_history *history = look->history;
    uint8_t random[16];
    char uuid[MIG_UUID_SIZE];
    snprintf(t->backup->server_version, sizeof t->backup->server_version, "%s", look->server.version);
    if (mig_lock_alive(&history->lock))
        snprintf(t->backup->during, sizeof t->backup->during, "%s", history->lock.run);
    if (history->environment_uuid[0]) {
        memcpy(t->backup->environment_uuid, history->environment_uuid, sizeof history->environment_uuid);
        return true;
    }
    t->host->ops->random(t->host, random, sizeof random);
    mig_uuid4(random, uuid);
    return mig_meta_ensure(t->store, &t->names, t->app->config->project, uuid, t->backup->environment_uuid,
                           err);
}

static bool look_first(struct taking *t, struct mig_error *err)
{
    struct mig_look look = { 0 };
    bool ok = mig_look_store(t->app, t->env, t->store, NULL, &look, err);
    if (ok) {
        t->server = look.server;
        ok = identify(t, &look, err);
    }
    mig_look_done(&look);
    return ok;
}

/* How small the last backup of this environment came out, in percent of its documents; half when there is none. */
static int64_t expected_percent(struct taking *t)
{
    struct mig_backups backups;
    struct mig_error ignored;
    int64_t percent = 50;
    if (!mig_backups_load(t->app, t->store, 20, &backups, &ignored))
        return percent;
    for (size_t i = 0; i < backups.count; i++) {
        const struct mig_backup *b = &backups.items[i];
        if (b->state != MIG_BACKUP_FINISHED || b->bytes <= 0 || strcmp(b->database, t->env->database) != 0)
            continue;
        percent = b->size * 125 / b->bytes + 1;
        break;
    }
    mig_backups_done(&backups);
    return percent < 100 ? percent : 100;
}

static bool check_space(struct taking *t, struct mig_error *err)
{
    int64_t space = t->storage->ops->space(t->storage);
    int64_t need = t->survey.bytes_estimate / 100 * expected_percent(t) + SPACE_SPARE;
    if (space < 0 || space >= need)
        return true;
    mig_fail(err, MIG_ERR_BACKUP,
             "%s has %" PRId64 " MB free, and the backup is expected to need %" PRId64 " MB",
             t->storage->place, space / 1000000, need / 1000000);
    return mig_hint(err,
                    "free some space (migtui backup prune), or set backups in migtui.yaml to another folder");
}

/* ---- the archive ---- */

static bool build_prelude(struct taking *t, struct mig_buf *out, struct mig_error *err)
{
    arc_prelude_begin(out, t->options->workers > 0 ? t->options->workers : 4, t->server.version,
                      "migtui " MIG_VERSION);
    for (size_t i = 0; i < t->survey.count; i++) {
        const struct survey_item *item = &t->survey.items[i];
        char *metadata = arc_metadata(item->options, item->indexes, item->uuid, item->name, item->type);
        if (!metadata) {
            MIG_AUTOFREE char *safe = mig_text_safe_dup(item->name, 120);
            return mig_fail(err, MIG_ERR_BACKUP, "the options or indexes of %s hold text that is not UTF-8",
                            safe);
        }
        arc_prelude_namespace(out, t->env->database, item->name, item->type, metadata,
                              item->documents_estimate);
        bson_free(metadata);
    }
    arc_prelude_end(out);
    return !out->overflow || mig_fail(err, MIG_ERR_LIMIT, "the options and indexes are larger than %zu MB",
                                      PRELUDE_MAX / 1000000);
}

static bool send_prelude(struct taking *t, struct mig_error *err)
{
    struct mig_buf prelude MIG_AUTOBUF, block MIG_AUTOBUF;
    mig_buf_init(&prelude, PRELUDE_MAX);
    mig_buf_init(&block, PIPE_BLOCK_MAX);
    if (!build_prelude(t, &prelude, err))
        return false;
    for (size_t at = 0; at < prelude.len; at += PIPE_BLOCK_SIZE) {
        size_t left = prelude.len - at;
        mig_buf_add(&block, prelude.text + at, left < PIPE_BLOCK_SIZE ? left : PIPE_BLOCK_SIZE);
        if (!pipe_send(t->pipe, &block))
            break; /* the pipe's end tells why */
    }
    return true;
}

static void set_pipe(struct taking *t, struct pipe *pipe)
{
    pthread_mutex_lock(&t->mutex);
    t->pipe = pipe;
    pthread_mutex_unlock(&t->mutex);
}

/* Everything into the file, under no name yet. */
static bool fill(struct taking *t, struct mig_error *err)
{
    struct pipe *pipe = pipe_new(t->host, t->storage->ops, t->file, COMPRESS_TASKS, GZIP_LEVEL, err);
    if (!pipe)
        return false;
    set_pipe(t, pipe);
    bool ok = take_beat_start(t, err) && send_prelude(t, err) && take_readers_start(t, err);
    if (!ok)
        pipe_break(pipe, err);
    int64_t tell_at = t->host->ops->mono_ms(t->host) + PROGRESS_MS;
    while (!take_readers_done(t)) {
        int64_t now = t->host->ops->mono_ms(t->host);
        if (now >= tell_at) {
            take_event_progress(t, false);
            tell_at = now + PROGRESS_MS;
        }
        t->host->ops->sleep_until(t->host, tell_at, t);
    }
    take_readers_join(t);
    set_pipe(t, NULL);
    struct mig_error broken = { 0 };
    if (!pipe_end(pipe, &t->backup->size, t->backup->sha256, ok ? &broken : err)) {
        if (ok)
            *err = broken;
        ok = false;
    }
    if (ok && t->closed != t->survey.count)
        ok = mig_fail(err, MIG_ERR_BACKUP, "only %zu of %zu collections were read", t->closed,
                      t->survey.count);
    return ok;
}

static void judge_consistency(struct taking *t)
{
    struct mig_backup *b = t->backup;
    b->consistent = t->snapshot && !t->moved && !t->torn[0];
    if (!t->snapshot || t->moved) {
        b->cluster_time = b->cluster_increment = 0;
        mig_journal_warn(&t->journal, "%s: the collections were read one by one, each as it was then",
                         t->snapshot ? "this server does not read at the cluster time it is asked for"
                                     : "this server has no snapshot reads");
    } else if (t->torn[0]) {
        mig_journal_warn(
            &t->journal,
            "collection %s is not of the common cluster time: this server refuses that for capped ones",
            t->torn);
    }
    if (b->during[0])
        mig_journal_warn(&t->journal, "run %s was at work on this environment while the backup began",
                         b->during);
}

static void list_parts(const struct taking *t, struct manifest *manifest)
{
    manifest->count = t->survey.count;
    manifest->parts = mig_alloc_n(t->survey.count + 1, sizeof *manifest->parts);
    for (size_t i = 0; i < t->survey.count; i++) {
        const struct survey_item *item = &t->survey.items[i];
        struct manifest_part *part = &manifest->parts[i];
        snprintf(part->name, sizeof part->name, "%s", item->name);
        snprintf(part->type, sizeof part->type, "%s", item->type);
        snprintf(part->crc64, sizeof part->crc64, "%016" PRIx64, item->crc);
        part->documents = item->documents;
        part->bytes = item->bytes;
        part->indexes = bson_count_keys(item->indexes);
    }
}

/* An archive without a manifest did not finish, so where that fails the archive goes too. */
static bool put_manifest(struct taking *t, struct manifest *manifest, struct mig_error *err)
{
    snprintf(t->backup->file, sizeof t->backup->file, "%s/%s", t->storage->place, t->name);
    t->backup->ended_ms = t->backup->started_ms + (t->host->ops->mono_ms(t->host) - t->began_ms);
    manifest->backup = *t->backup;
    snprintf(manifest->project, sizeof manifest->project, "%s", t->app->config->project);
    return manifest_write(t->storage, t->name, manifest, err);
}

/* ---- the proof ---- */

static bool prove_progress(void *ctx, int64_t done, int64_t total, struct mig_error *err)
{
    struct taking *t = ctx;
    (void)done, (void)total;
    return !take_stopping(t) ||
           mig_fail(err, MIG_ERR_INTERRUPTED, "stopped by %s before the archive was verified", t->stop_by);
}

/* The archive stays whatever this finds; the record says what it is worth. */
static bool prove(struct taking *t, struct mig_error *err)
{
    const struct scan_options options = { .progress = prove_progress, .progress_ctx = t };
    struct manifest manifest = { 0 };
    struct scan scan = { 0 };
    bool ok = manifest_read(t->storage, t->name, &manifest, err) &&
              scan_archive(t->storage, t->name, &options, &scan, err) && scan_matches(&scan, &manifest, err);
    if (ok)
        t->backup->proof = MIG_PROOF_OK;
    else if (err->code != MIG_ERR_INTERRUPTED)
        t->backup->proof = MIG_PROOF_FAILED;
    scan_done(&scan);
    manifest_done(&manifest);
    return ok;
}

/* ---- the whole ---- */

static bool begin(struct taking *t, struct mig_error *err)
{
    if (t->options->method == CFG_BACKUP_ATLAS)
        return mig_fail(err, MIG_ERR_USAGE, "%s: snapshots of Atlas cannot be taken by this version",
                        t->env->name);
    t->storage = t->app->open_storage(t->app->ports_ctx, NULL);
    (void)t->storage->ops->sweep(t->storage);
    return t->app->open_store(t->app->ports_ctx, t->env, t->backup->id, &t->store, err) &&
           t->app->open_store(t->app->ports_ctx, t->env, t->backup->id, &t->beat_store, err) &&
           look_first(t, err) && survey_take(t->store, &t->server, &t->survey, err) && check_space(t, err) &&
           take_record_begin(t, err);
}

/* migtui's own way. On success the archive has its name. */
static bool take_archive(struct taking *t, struct manifest *manifest, struct mig_error *err)
{
    bool ok = fill(t, err) && survey_still_holds(t->store, &t->survey, err);
    struct mig_storage_file *file = t->file;
    t->file = NULL;
    if (!ok) {
        t->storage->ops->abandon(file);
        return false;
    }
    t->backup->collections = (int64_t)t->survey.count;
    t->backup->documents = t->documents;
    t->backup->bytes = t->bytes;
    judge_consistency(t);
    list_parts(t, manifest);
    return t->storage->ops->commit(file, err);
}

static bool take(struct taking *t, struct mig_error *err)
{
    struct manifest manifest = { 0 };
    struct mig_error ignored; /* the first failure is the one to tell */
    bool ours = t->options->method == CFG_BACKUP_ARCHIVE;
    if ((ours && !take_snapshot_time(t, err)) || !t->storage->ops->create(t->storage, t->name, &t->file, err))
        return false;
    take_event_reading(t);
    bool ok = ours ? take_archive(t, &manifest, err) : take_by_tool(t, &manifest, err);
    ok = ok && put_manifest(t, &manifest, err);
    manifest_done(&manifest);
    if (ok) {
        take_event_progress(t, true);
        return true;
    }
    (void)t->storage->ops->remove(t->storage, t->name, &ignored);
    t->backup->file[0] = '\0';
    return false;
}

static bool carry_out(struct taking *t, struct mig_error *err)
{
    if (!begin(t, err)) {
        take_event_started(t);
        return false;
    }
    take_event_started(t);
    if (!take(t, err))
        return false;
    t->backup->state = MIG_BACKUP_FINISHED;
    if (!t->options->unproven && t->backup->proof != MIG_PROOF_OK && !prove(t, err)) {
        mig_context(err, "%s", t->name);
        return false;
    }
    return true;
}

/* A failure of the server's or the disk's is a backup that failed: exit 6, with its own words. What the caller or the
 * configuration did wrong keeps its name. */
static void name_failure(struct taking *t, struct mig_error *err)
{
    if (take_stopping(t) && t->backup->state != MIG_BACKUP_FINISHED) {
        t->backup->state = MIG_BACKUP_STOPPED;
        mig_fail(err, MIG_ERR_INTERRUPTED, "stopped by %s; no backup was written", t->stop_by);
    } else if (t->recorded && err->code != MIG_ERR_INTERRUPTED) {
        err->code = MIG_ERR_BACKUP;
    }
    t->result->status = err->code == MIG_ERR_INTERRUPTED ? MIG_RUN_STOPPED : MIG_RUN_FAILED;
    snprintf(t->backup->error, sizeof t->backup->error, "%.250s", err->message);
    mig_utf8_trim(t->backup->error);
    t->result->error = *err;
}

static void audit(struct taking *t)
{
    struct mig_error failed;
    const struct mig_error *why = t->result->error.code != MIG_OK ? &t->result->error : NULL;
    MIG_AUTODOC bson_t more = BSON_INITIALIZER;
    if (!t->backup->environment_uuid[0] || (why && !mig_audit_wants(why)))
        return;
    BSON_APPEND_UTF8(&more, "method", t->backup->method);
    BSON_APPEND_UTF8(&more, "file", t->backup->file);
    BSON_APPEND_UTF8(&more, "sha256", t->backup->sha256);
    BSON_APPEND_UTF8(&more, "proof", mig_backup_proof_word(t->backup->proof));
    const struct mig_audit_act act = { .action = "backup",
                                       .outcome = why ? mig_audit_outcome_of(why) : MIG_AUDIT_SUCCESS,
                                       .run = t->backup->id,
                                       .reason = t->options->reason,
                                       .ticket = t->options->ticket,
                                       .error = why,
                                       .more = &more };
    if (!mig_audit_note(t->app, t->env, &act, &failed))
        mig_journal_warn(&t->journal, "this backup is not in the audit: %s", failed.message);
}

static void end(struct taking *t, bool ok, struct mig_error *err)
{
    struct mig_error failed = { 0 };
    struct mig_backup_result *result = t->result;
    result->duration_ms = t->host->ops->mono_ms(t->host) - t->began_ms;
    result->status = MIG_RUN_SUCCEEDED;
    take_beat_end(t);
    if (!ok)
        name_failure(t, err);
    if (!take_record_end(t, &failed)) {
        mig_journal_warn(&t->journal, "the backup's record could not be written: %s", failed.message);
        if (ok) {
            mig_context(&failed, "the archive %s is whole, but its record could not be written",
                        t->backup->file);
            mig_hint(&failed, "no gate will count it; take another when the server is back");
            failed.code = MIG_ERR_BACKUP;
            name_failure(t, &failed);
        }
    }
    audit(t);
    take_event_finished(t);
    if (t->recorded)
        (void)mig_journal_flush(&t->journal, t->beat_store, &t->names, 10000, &failed);
    if (t->store)
        t->store->ops->close(t->store);
    if (t->beat_store)
        t->beat_store->ops->close(t->beat_store);
    if (t->storage)
        t->storage->ops->free(t->storage);
    survey_done(&t->survey);
    free(t->order);
    mig_journal_done(&t->journal);
    pthread_mutex_destroy(&t->mutex);
    pthread_mutex_destroy(&t->large);
}

bool mig_backup_take(struct mig_app *app, const struct cfg_environment *env,
                     const struct mig_backup_options *options, struct mig_backup_result *ret)
{
    struct taking *t = mig_alloc(sizeof *t);
    struct mig_error err = { 0 };
    *ret = (struct mig_backup_result){ .status = MIG_RUN_FAILED };
    t->app = app;
    t->host = app->host;
    t->env = env;
    t->options = options;
    t->result = ret;
    t->backup = &ret->backup;
    t->began_ms = app->host->ops->mono_ms(app->host);
    pthread_mutex_init(&t->mutex, NULL);
    pthread_mutex_init(&t->large, NULL);
    mig_names_make(app->config->prefix, &t->names);
    name_backup(t);
    mig_journal_init(&t->journal, t->host, t->backup->id, options->on_event, options->event_ctx);
    bool ok = carry_out(t, &err);
    end(t, ok, &err);
    free(t);
    return ret->status == MIG_RUN_SUCCEEDED;
}
