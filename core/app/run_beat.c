/* run_beat.c - the heartbeat: renews the lease, sees stop requests, moves the log, and says when the lease is over. */
#include <stdio.h>
#include <string.h>

#include "app/run_private.h"
#include "base/flag.h"

#define RETRY_MS   500
#define FLUSH_MS   1000
#define PAUSES_MAX 50 /* a minute and a half of pauses, and the attempts between them */

static void note_lost(struct mig_runner *r)
{
    pthread_mutex_lock(&r->mutex);
    r->lost = true;
    pthread_mutex_unlock(&r->mutex);
    r->store->ops->cancel(r->store, true);
}

static void note_beat(struct mig_runner *r, const struct mig_lock *lock, int64_t sent_ms)
{
    r->store->ops->cancel(r->store, false); /* before the runner can see that it may send again */
    pthread_mutex_lock(&r->mutex);
    r->lease.sent_ms = sent_ms;
    if (lock->stop_requested && !r->stop) {
        mig_flag_set(&r->stop);
        snprintf(r->stop_by, sizeof r->stop_by, "%s", lock->stop_by);
    }
    pthread_mutex_unlock(&r->mutex);
}

/* One beat; when to come again. */
static int64_t beat_once(struct mig_runner *r)
{
    struct mig_error err;
    struct mig_lock lock;
    struct mig_lease_clock lease;
    int64_t sent_ms;
    char step[sizeof r->step];
    pthread_mutex_lock(&r->mutex);
    memcpy(step, r->step, sizeof step);
    pthread_mutex_unlock(&r->mutex);
    if (mig_lock_beat(r->beat_store, &r->names, &r->claim, r->token, step, &lock, &sent_ms, &err)) {
        note_beat(r, &lock, sent_ms);
        lease = (struct mig_lease_clock){ .lease_ms = r->claim.lease_ms, .sent_ms = sent_ms };
        return mig_lease_next_beat(&lease);
    }
    if (err.code == MIG_ERR_FENCED) {
        note_lost(r);
        return INT64_MAX;
    }
    pthread_mutex_lock(&r->mutex);
    lease = r->lease;
    pthread_mutex_unlock(&r->mutex);
    /* Out of reach for most of a lease: what is in flight must not outlive it. */
    int64_t now = r->host->ops->mono_ms(r->host);
    if (now >= mig_lease_cancel_at(&lease))
        r->store->ops->cancel(r->store, true);
    return now + RETRY_MS;
}

static void notice_signal(struct mig_runner *r)
{
    pthread_mutex_lock(&r->mutex);
    if (!r->stop && mig_flag_is_set(r->options->stop)) {
        mig_flag_set(&r->stop); /* a program that runs watches it */
        snprintf(r->stop_by, sizeof r->stop_by, "%s (signal)", r->host->self.os_user);
    }
    pthread_mutex_unlock(&r->mutex);
}

static void beat_loop(void *context)
{
    struct mig_runner *r = context;
    struct mig_error ignored; /* what cannot be flushed stays pending */
    int64_t next_beat = mig_lease_next_beat(&r->lease);
    for (;;) {
        pthread_mutex_lock(&r->mutex);
        bool over = r->finished || r->lost;
        pthread_mutex_unlock(&r->mutex);
        if (over)
            return;
        notice_signal(r); /* it must reach a program of an exec step while the runner waits for it */
        int64_t now = r->host->ops->mono_ms(r->host);
        if (now >= next_beat)
            next_beat = beat_once(r);
        else if (next_beat - now > r->claim.lease_ms / 6)
            (void)mig_journal_flush(&r->journal, r->beat_store, &r->names, r->claim.lease_ms / 6, &ignored);
        int64_t wake = r->host->ops->mono_ms(r->host) + FLUSH_MS;
        r->host->ops->sleep_until(r->host, wake < next_beat ? wake : next_beat, r);
    }
}

bool mig_beat_start(struct mig_runner *r, struct mig_error *err)
{
    return r->host->ops->task_start(r->host, beat_loop, r, &r->beat_task, err);
}

void mig_beat_stop(struct mig_runner *r)
{
    if (!r->beat_task)
        return;
    pthread_mutex_lock(&r->mutex);
    r->finished = true;
    pthread_mutex_unlock(&r->mutex);
    r->host->ops->wake(r->host, r);
    r->host->ops->task_join(r->host, r->beat_task);
    r->beat_task = NULL;
}

void mig_beat_at_step(struct mig_runner *r, const char *version, const char *step)
{
    pthread_mutex_lock(&r->mutex);
    snprintf(r->step, sizeof r->step, "%.80s %.64s", version, step);
    pthread_mutex_unlock(&r->mutex);
}

bool mig_beat_lost(struct mig_runner *r)
{
    pthread_mutex_lock(&r->mutex);
    bool lost = r->lost;
    pthread_mutex_unlock(&r->mutex);
    return lost;
}

/* Told once, here: only the runner's thread emits. */
bool mig_beat_stopping(struct mig_runner *r)
{
    notice_signal(r);
    pthread_mutex_lock(&r->mutex);
    bool stop = r->stop;
    bool tell = stop && !r->stop_told;
    r->stop_told = stop;
    pthread_mutex_unlock(&r->mutex);
    if (tell) {
        bson_t fields = BSON_INITIALIZER;
        BSON_APPEND_UTF8(&fields, "by", r->stop_by);
        mig_journal_emit(&r->journal, "run.stopping", &fields);
        bson_destroy(&fields);
    }
    return stop;
}

bool mig_beat_ready(struct mig_runner *r, int64_t *ret_left_ms, struct mig_error *err)
{
    int64_t began_ms = r->host->ops->mono_ms(r->host);
    for (;;) {
        struct mig_lease_clock lease;
        pthread_mutex_lock(&r->mutex);
        bool lost = r->lost;
        lease = r->lease;
        pthread_mutex_unlock(&r->mutex);
        int64_t now = r->host->ops->mono_ms(r->host);
        if (lost)
            return mig_fail(err, MIG_ERR_FENCED, "another run took over; this one wrote nothing more");
        if (now < mig_lease_safe_until(&lease)) {
            if (ret_left_ms)
                *ret_left_ms = mig_lease_cancel_at(&lease) - now;
            return true;
        }
        /* Twice the lease without a beat: long enough for one that comes back, or for the verdict that we are fenced. One lease
         * of it counts from here: this process may have been stopped for an hour, and has not asked since. */
        if (now > lease.sent_ms + 2 * lease.lease_ms + RETRY_MS && now > began_ms + lease.lease_ms) {
            mig_fail(err, MIG_ERR_UNREACHABLE,
                     "the server has not answered for %lld s, and the lease is over",
                     (long long)((now - lease.sent_ms) / 1000));
            return mig_hint(err, "when it is back: migtui resume --env %s", r->env->name);
        }
        r->host->ops->wake(r->host, r);
        r->host->ops->sleep_until(r->host, now + RETRY_MS / 5, NULL);
    }
}

bool mig_beat_pause(struct mig_runner *r, int attempt, struct mig_error *err)
{
    int64_t wait_ms = attempt < 6 ? 50 << attempt : 2000;
    if (attempt >= PAUSES_MAX) {
        mig_fail(err, MIG_ERR_UNREACHABLE,
                 "the server answers the heartbeat, but %d attempts at this got no answer in a row",
                 attempt + 1);
        return mig_hint(err,
                        "a tunnel or firewall may let short messages pass only; then: migtui resume --env %s",
                        r->env->name);
    }
    r->host->ops->sleep_until(r->host, r->host->ops->mono_ms(r->host) + wait_ms, NULL);
    return mig_beat_ready(r, NULL, err);
}

bool mig_run_code_is_passing(int code)
{
    static const int codes[] = {
        50 /* MaxTimeMSExpired */, 112 /* WriteConflict */, 10107, 13435, 11600, 11602, 189, 91
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}
