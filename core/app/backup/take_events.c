/* take_events.c - a backup as its event stream tells it (members: docs/reference/events.md). */
#include <string.h>

#include "app/backup/take_private.h"
#include "base/cleanup.h"
#include "base/doc.h"

void take_event_started(struct taking *t)
{
    MIG_AUTODOC bson_t fields = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&fields, "planId", "");
    BSON_APPEND_UTF8(&fields, "environment", t->env->name);
    BSON_APPEND_UTF8(&fields, "database", t->env->database);
    BSON_APPEND_UTF8(&fields, "command", "backup");
    BSON_APPEND_UTF8(&fields, "method", t->backup->method);
    BSON_APPEND_UTF8(&fields, "operator", t->app->operator_name);
    BSON_APPEND_UTF8(&fields, "osUser", t->host->self.os_user);
    BSON_APPEND_UTF8(&fields, "host", t->host->self.host);
    mig_doc_append_if(&fields, "ticket", t->options->ticket);
    mig_doc_append_if(&fields, "reason", t->options->reason);
    mig_journal_emit(&t->journal, "run.started", &fields);
}

void take_event_reading(struct taking *t)
{
    MIG_AUTODOC bson_t fields = BSON_INITIALIZER;
    t->reading_ms = t->host->ops->mono_ms(t->host);
    BSON_APPEND_UTF8(&fields, "command", "backup");
    BSON_APPEND_UTF8(&fields, "method", t->backup->method);
    BSON_APPEND_UTF8(&fields, "database", t->env->database);
    BSON_APPEND_INT64(&fields, "collections", (int64_t)t->survey.count);
    BSON_APPEND_INT64(&fields, "documents", t->survey.documents_estimate);
    BSON_APPEND_INT64(&fields, "bytes", t->survey.bytes_estimate);
    mig_journal_emit(&t->journal, "backup.started", &fields);
}

void take_event_progress(struct taking *t, bool last)
{
    MIG_AUTODOC bson_t fields = BSON_INITIALIZER;
    int64_t ms = t->host->ops->mono_ms(t->host) - t->reading_ms;
    double seconds = ms > 0 ? (double)ms / 1000 : 0.001;
    pthread_mutex_lock(&t->mutex);
    int64_t documents = t->documents, bytes = t->bytes;
    BSON_APPEND_UTF8(&fields, "step", t->at[0] && !last ? t->at : "backup");
    pthread_mutex_unlock(&t->mutex);
    int64_t total = t->survey.documents_estimate, bytes_total = t->survey.bytes_estimate;
    double rate = (double)documents / seconds, speed = (double)bytes / seconds;
    BSON_APPEND_INT64(&fields, "done", documents);
    BSON_APPEND_INT64(&fields, "total", last || total < documents ? documents : total);
    BSON_APPEND_DOUBLE(&fields, "rate", rate);
    BSON_APPEND_UTF8(&fields, "what", "documents");
    BSON_APPEND_INT64(&fields, "bytes", bytes);
    BSON_APPEND_INT64(&fields, "bytesTotal", last || bytes_total < bytes ? bytes : bytes_total);
    BSON_APPEND_DOUBLE(&fields, "bytesPerSecond", speed);
    if (!last && speed > 0 && bytes_total > bytes)
        BSON_APPEND_INT64(&fields, "etaMs", (int64_t)((double)(bytes_total - bytes) / speed * 1000));
    else if (!last && bytes == 0 && rate > 0 && total > documents) /* mongodump tells documents only */
        BSON_APPEND_INT64(&fields, "etaMs", (int64_t)((double)(total - documents) / rate * 1000));
    mig_journal_emit(&t->journal, "progress", &fields);
}

void take_event_finished(struct taking *t)
{
    MIG_AUTODOC bson_t fields = BSON_INITIALIZER;
    const struct mig_backup *b = t->backup;
    BSON_APPEND_UTF8(&fields, "status", mig_run_status_word(t->result->status));
    BSON_APPEND_UTF8(&fields, "environment", t->env->name);
    BSON_APPEND_UTF8(&fields, "command", "backup");
    BSON_APPEND_INT64(&fields, "applied", 0);
    BSON_APPEND_INT64(&fields, "steps", 0);
    BSON_APPEND_INT64(&fields, "durationMs", t->result->duration_ms);
    if (t->result->status == MIG_RUN_SUCCEEDED) {
        BSON_APPEND_UTF8(&fields, "file", b->file);
        BSON_APPEND_INT64(&fields, "size", b->size);
        BSON_APPEND_UTF8(&fields, "sha256", b->sha256);
        BSON_APPEND_INT64(&fields, "collections", b->collections);
        BSON_APPEND_INT64(&fields, "documents", b->documents);
        BSON_APPEND_INT64(&fields, "bytes", b->bytes);
        BSON_APPEND_BOOL(&fields, "consistent", b->consistent);
        BSON_APPEND_UTF8(&fields, "proof", mig_backup_proof_word(b->proof));
    }
    if (t->result->error.code != MIG_OK)
        mig_journal_append_error(&fields, &t->result->error);
    mig_journal_emit(&t->journal, "run.finished", &fields);
}
