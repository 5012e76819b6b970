/* take_record.c - the backup's document in <prefix>backups: begun, kept alive, ended; all on the server's clock. */
#include <stdio.h>
#include <string.h>

#include "app/backup/record.h"
#include "app/backup/take_private.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/flag.h"

#define BEAT_MS 10000
#define TICK_MS 500

static void describe(const struct mig_backup *b, bson_t *set)
{
    BSON_APPEND_UTF8(set, "environment", b->environment);
    BSON_APPEND_UTF8(set, "environmentUuid", b->environment_uuid);
    BSON_APPEND_UTF8(set, "database", b->database);
    BSON_APPEND_UTF8(set, "method", b->method);
    BSON_APPEND_UTF8(set, "host", b->host);
    BSON_APPEND_UTF8(set, "serverVersion", b->server_version);
    BSON_APPEND_UTF8(set, "operator", b->operator_name);
    BSON_APPEND_UTF8(set, "osUser", b->os_user);
    mig_doc_append_if(set, "ticket", b->ticket);
    mig_doc_append_if(set, "reason", b->reason);
    mig_doc_append_if(set, "during", b->during);
}

static void describe_end(const struct mig_backup *b, bson_t *set)
{
    mig_doc_append_if(set, "error", b->error);
    mig_doc_append_if(set, "file", b->file);
    mig_doc_append_if(set, "sha256", b->sha256);
    BSON_APPEND_INT64(set, "size", b->size);
    BSON_APPEND_INT64(set, "collections", b->collections);
    BSON_APPEND_INT64(set, "documents", b->documents);
    BSON_APPEND_INT64(set, "bytes", b->bytes);
    BSON_APPEND_BOOL(set, "consistent", b->consistent);
    if (b->cluster_time)
        bson_append_timestamp(set, "clusterTime", -1, b->cluster_time, b->cluster_increment);
    BSON_APPEND_UTF8(set, "proof", mig_backup_proof_word(b->proof));
}

static bool change(struct taking *t, struct mig_store *store, const bson_t *set, const char *const *dates,
                   bool upsert, struct mig_reply *ret, struct mig_error *err)
{
    return record_change(store, t->names.backups, t->backup->id, set, dates, upsert, ret, err);
}

bool take_record_begin(struct taking *t, struct mig_error *err)
{
    static const char *const dates[] = { "startedAt", "beatAt", NULL };
    MIG_AUTODOC bson_t set = BSON_INITIALIZER;
    struct mig_reply reply;
    BSON_APPEND_UTF8(&set, "state", mig_backup_state_word(MIG_BACKUP_RUNNING));
    BSON_APPEND_UTF8(&set, "proof", mig_backup_proof_word(MIG_PROOF_NONE));
    describe(t->backup, &set);
    bool ok = change(t, t->store, &set, dates, true, &reply, err);
    if (ok) {
        t->recorded = true;
        t->backup->started_ms = mig_doc_time(&reply.body, "value.startedAt", 0);
    }
    mig_reply_done(&reply);
    return ok;
}

bool take_record_end(struct taking *t, struct mig_error *err)
{
    static const char *const dates[] = { "endedAt", "beatAt", NULL };
    static const char *const proven[] = { "endedAt", "beatAt", "provenAt", NULL };
    MIG_AUTODOC bson_t set = BSON_INITIALIZER;
    struct mig_reply reply;
    if (!t->recorded)
        return true;
    BSON_APPEND_UTF8(&set, "state", mig_backup_state_word(t->backup->state));
    describe(t->backup, &set);
    describe_end(t->backup, &set);
    bool ok = change(t, t->beat_store, &set, t->backup->proof == MIG_PROOF_NONE ? dates : proven, false,
                     &reply, err);
    if (ok && !mig_doc_has(&reply.body, "value._id"))
        ok = mig_fail(err, MIG_ERR_BACKUP, "the backup's record in %s was removed meanwhile",
                      t->names.backups);
    mig_reply_done(&reply);
    return ok;
}

/* ---- the beat ---- */

static void stop_by(struct taking *t, const char *who)
{
    struct mig_error why;
    mig_fail(&why, MIG_ERR_INTERRUPTED, "stopped by %s; no backup was written", who);
    pthread_mutex_lock(&t->mutex);
    bool first = !t->stop;
    if (first)
        snprintf(t->stop_by, sizeof t->stop_by, "%s", who);
    t->stop = true;
    struct pipe *pipe = t->pipe;
    if (first && pipe)
        pipe_break(pipe, &why);
    pthread_mutex_unlock(&t->mutex);
    if (first)
        t->store->ops->cancel(t->store, true);
}

static void append_progress(struct taking *t, bson_t *set)
{
    bson_t part;
    pthread_mutex_lock(&t->mutex);
    BSON_APPEND_INT64(set, "documents", t->documents);
    BSON_APPEND_INT64(set, "bytes", t->bytes);
    BSON_APPEND_DOCUMENT_BEGIN(set, "progress", &part);
    BSON_APPEND_INT64(&part, "documentsTotal", t->survey.documents_estimate);
    BSON_APPEND_INT64(&part, "bytesTotal", t->survey.bytes_estimate);
    BSON_APPEND_UTF8(&part, "at", t->at);
    bson_append_document_end(set, &part);
    pthread_mutex_unlock(&t->mutex);
}

static void beat_once(struct taking *t)
{
    static const char *const dates[] = { "beatAt", NULL };
    MIG_AUTODOC bson_t set = BSON_INITIALIZER;
    struct mig_error ignored; /* reading fails by itself when the server is gone; a beat only tells */
    struct mig_reply reply;
    append_progress(t, &set);
    if (change(t, t->beat_store, &set, dates, false, &reply, &ignored)) {
        const char *by = mig_doc_str(&reply.body, "value.stop.by", NULL);
        if (by)
            stop_by(t, by);
        else if (!mig_doc_has(&reply.body, "value._id"))
            stop_by(t, "somebody who removed its record");
    }
    mig_reply_done(&reply);
}

static void beat_loop(void *context)
{
    struct taking *t = context;
    struct mig_error ignored; /* what cannot be flushed stays pending */
    int64_t next = 0;
    for (;;) {
        char signal[128];
        pthread_mutex_lock(&t->mutex);
        bool over = t->finished;
        pthread_mutex_unlock(&t->mutex);
        if (over)
            return;
        if (mig_flag_is_set(t->options->stop)) {
            snprintf(signal, sizeof signal, "%.100s (signal)", t->host->self.os_user);
            stop_by(t, signal);
        }
        int64_t now = t->host->ops->mono_ms(t->host);
        if (now >= next) {
            beat_once(t);
            (void)mig_journal_flush(&t->journal, t->beat_store, &t->names, BEAT_MS / 2, &ignored);
            next = t->host->ops->mono_ms(t->host) + BEAT_MS;
        }
        t->host->ops->sleep_until(t->host, t->host->ops->mono_ms(t->host) + TICK_MS, &t->beat);
    }
}

bool take_beat_start(struct taking *t, struct mig_error *err)
{
    return t->host->ops->task_start(t->host, beat_loop, t, &t->beat, err);
}

void take_beat_end(struct taking *t)
{
    if (!t->beat)
        return;
    pthread_mutex_lock(&t->mutex);
    t->finished = true;
    pthread_mutex_unlock(&t->mutex);
    t->host->ops->wake(t->host, &t->beat);
    t->host->ops->task_join(t->host, t->beat);
    t->beat = NULL;
}

bool take_stopping(struct taking *t)
{
    pthread_mutex_lock(&t->mutex);
    bool stop = t->stop;
    pthread_mutex_unlock(&t->mutex);
    return stop;
}
