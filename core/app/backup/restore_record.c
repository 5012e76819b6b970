/* restore_record.c - the restore's document in <prefix>runs of the environment: begun, kept alive, ended; all on the server's clock.
 *
 * A restore holds no lock, so its beat is here, and so is a request to stop it. One that goes into the environment's own
 * database has no document while it is at work: the target must hold nothing but what is restored.
 */
#include <stdio.h>
#include <string.h>

#include "app/backup/record.h"
#include "app/backup/restore_private.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/flag.h"

#define BEAT_MS  10000
#define FLUSH_MS 2000
#define TICK_MS  500

static void describe(const struct restoring *r, bson_t *set)
{
    const struct mig_identity *self = &r->host->self;
    BSON_APPEND_UTF8(set, "environment", r->env->name);
    BSON_APPEND_UTF8(set, "command", r->options->drill ? "drill" : "restore");
    BSON_APPEND_UTF8(set, "database", r->plan.target);
    mig_doc_append_if(set, "backup", r->plan.backup.id);
    BSON_APPEND_UTF8(set, "operator", r->app->operator_name);
    BSON_APPEND_UTF8(set, "osUser", self->os_user);
    BSON_APPEND_UTF8(set, "host", self->host);
    BSON_APPEND_UTF8(set, "sshClient", self->ssh_client);
    mig_doc_append_if(set, "ticket", r->options->ticket);
    mig_doc_append_if(set, "reason", r->options->reason);
    /* As in <prefix>lock: whether its process is still there. */
    BSON_APPEND_UTF8(set, "owner", r->result->run);
    BSON_APPEND_UTF8(set, "bootId", self->boot_id);
    BSON_APPEND_INT64(set, "pid", self->pid);
    BSON_APPEND_INT64(set, "pidStarted", self->pid_started);
}

/* date: what begins or ends now; NULL: it beats, and a record that somebody removed is not made anew. */
static bool change(struct restoring *r, struct mig_store *store, const bson_t *set, const char *date,
                   struct mig_reply *ret, struct mig_error *err)
{
    const char *const dates[] = { "beatAt", date, NULL };
    return record_change(store, r->names.runs, r->result->run, set, dates, date != NULL, ret, err);
}

static void stop_by(struct restoring *r, const char *who)
{
    if (mig_flag_is_set(&r->stopping))
        return;
    snprintf(r->stop_by, sizeof r->stop_by, "%.100s", who);
    mig_flag_set(&r->stopping);
}

static void beat_once(struct restoring *r)
{
    struct mig_error ignored; /* the restore fails by itself when the server is gone; a beat only tells */
    MIG_AUTODOC bson_t nothing = BSON_INITIALIZER;
    struct mig_reply reply;
    if (change(r, r->beat_store, &nothing, NULL, &reply, &ignored)) {
        const char *by = mig_doc_str(&reply.body, "value.stop.by", NULL);
        if (by)
            stop_by(r, by);
        else if (!mig_doc_has(&reply.body, "value._id"))
            stop_by(r, "somebody who removed its record");
    }
    mig_reply_done(&reply);
}

static void beat_loop(void *context)
{
    struct restoring *r = context;
    struct mig_error ignored; /* what cannot be flushed stays pending */
    int64_t next_beat = r->host->ops->mono_ms(r->host) + FLUSH_MS;
    int64_t next_flush = 0;
    while (!mig_flag_is_set(&r->over)) {
        int64_t now = r->host->ops->mono_ms(r->host);
        if (now >= next_beat) {
            beat_once(r);
            next_beat = now + BEAT_MS;
        }
        if (now >= next_flush) {
            (void)mig_journal_flush(&r->journal, r->beat_store, &r->names, BEAT_MS / 2, &ignored);
            next_flush = now + FLUSH_MS;
        }
        r->host->ops->sleep_until(r->host, r->host->ops->mono_ms(r->host) + TICK_MS, &r->beat);
    }
}

bool restore_record_begin(struct restoring *r, struct mig_error *err)
{
    MIG_AUTODOC bson_t set = BSON_INITIALIZER;
    struct mig_reply reply;
    if (strcmp(r->plan.target, r->env->database) == 0)
        return true;
    if (!r->app->open_store(r->app->ports_ctx, r->env, r->result->run, &r->beat_store, err))
        return false;
    describe(r, &set);
    BSON_APPEND_UTF8(&set, "status", "running");
    bool ok = change(r, r->store, &set, "startedAt", &reply, err);
    mig_reply_done(&reply);
    return ok && r->host->ops->task_start(r->host, beat_loop, r, &r->beat, err);
}

void restore_record_end(struct restoring *r)
{
    MIG_AUTODOC bson_t set = BSON_INITIALIZER;
    const struct mig_restore_result *result = r->result;
    struct mig_error err = { 0 };
    struct mig_reply reply;
    if (r->beat) {
        mig_flag_set(&r->over);
        r->host->ops->wake(r->host, &r->beat);
        r->host->ops->task_join(r->host, r->beat);
        r->beat = NULL;
    }
    if (r->beat_store)
        r->beat_store->ops->close(r->beat_store);
    r->beat_store = NULL;
    if (!r->began)
        return; /* refused before it touched anything: the audit has it */
    describe(r, &set);
    BSON_APPEND_UTF8(&set, "status", mig_run_status_word(result->status));
    BSON_APPEND_INT64(&set, "documents", result->documents);
    BSON_APPEND_INT64(&set, "durationMs", result->duration_ms);
    mig_doc_append_if(&set, "error", result->error.code != MIG_OK ? result->error.message : "");
    if (!change(r, r->store, &set, "endedAt", &reply, &err))
        mig_journal_warn(&r->journal, "how it ended could not be written to %s: %s", r->names.runs,
                         err.message);
    mig_reply_done(&reply);
}
