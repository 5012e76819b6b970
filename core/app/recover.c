/* recover.c - evidence first, then a decision on record; nothing here is ever forced. */
#include "app/recover.h"
#include "app/backup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/audit.h"
#include "app/history.h"
#include "app/lock.h"
#include "app/look.h"
#include "app/schema_print.h"
#include "app/server_probe.h"
#include "app/step_run.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/states.h"
#include "engine/undo.h"

void mig_recovery_done(struct mig_recovery *recovery)
{
    free(recovery->version);
    free(recovery->last_done);
    free(recovery->step);
    free(recovery->error);
    *recovery = (struct mig_recovery){ 0 };
}

/* Where the record stands: the last step done, and the one after it. */
static size_t find_place(const struct mig_record *record, struct mig_recovery *ret)
{
    size_t at = 0;
    while (at < record->step_count && record->steps[at].phase == MIG_PHASE_DONE)
        at++;
    ret->last_done = at > 0 ? mig_strdup(record->steps[at - 1].id) : NULL;
    ret->step = at < record->step_count ? mig_strdup(record->steps[at].id) : NULL;
    return at;
}

static void probe_step(struct mig_app *app, struct mig_store *store, const struct mig_look *look,
                       const struct mig_view *view, size_t at, struct mig_recovery *ret)
{
    const struct mig_migration *migration = view->migration;
    bool up = view->record->direction == MIG_UP;
    struct mig_step *inverse = NULL;
    size_t inverses = 0;
    size_t count = up ? migration->up_count : migration->down_count;
    const struct mig_step *steps = up ? migration->up : migration->down;
    const struct mig_step_record *record = &view->record->steps[at];
    bson_t none = BSON_INITIALIZER;
    struct mig_error err = { 0 };
    struct mig_step_context ctx = {
        .store = store, .host = app->host, .server = &look->server, .comment = "migtui recover"
    };
    if (!up && view->record->inverse && mig_undo_read(view->record->inverse, &inverse, &inverses, &err)) {
        steps = inverse;
        count = inverses;
    }
    const struct mig_step *step = at < count ? &steps[at] : NULL;
    if (!step || strcmp(step->id, record->id) != 0) {
        ret->probe = MIG_PROBE_UNCLEAR;
        snprintf(ret->evidence, sizeof ret->evidence, "the file has no such step any more");
    } else if (record->phase == MIG_PHASE_NONE) {
        ret->probe = MIG_PROBE_NOT_DONE;
        snprintf(ret->evidence, sizeof ret->evidence, "it was not begun");
    } else if (step->kind == MIG_STEP_BATCH) {
        ret->probe = MIG_PROBE_NOT_DONE;
        long long passed = record->result ? mig_doc_int(record->result, "scanned", 0) : 0;
        snprintf(ret->evidence, sizeof ret->evidence,
                 "%lld document%s passed, %lld changed; it goes on from there", passed,
                 passed == 1 ? " was" : "s were",
                 (long long)(record->result ? mig_doc_int(record->result, "modified", 0) : 0));
    } else {
        ret->probe = mig_step_probe(&ctx, step, record->pre ? record->pre : &none, ret->evidence,
                                    sizeof ret->evidence, &err);
    }
    mig_steps_free(inverse, inverses);
    bson_destroy(&none);
}

static void inspect_undo(const struct mig_look *look, const struct mig_view *view, struct mig_recovery *ret)
{
    struct mig_step *steps;
    size_t count;
    struct mig_error why;
    if (view->record->direction == MIG_DOWN) {
        snprintf(ret->why_not_undo, sizeof ret->why_not_undo, "it is on its way back already");
        return;
    }
    ret->can_undo = mig_undo_steps(view->migration, view->record, &look->server, &steps, &count, &why);
    if (ret->can_undo)
        mig_steps_free(steps, count);
    else
        snprintf(ret->why_not_undo, sizeof ret->why_not_undo, "%s", why.message);
}

static void inspect_one(struct mig_app *app, struct mig_store *store, const struct mig_look *look,
                        const struct mig_view *view, struct mig_recovery *ret)
{
    const struct mig_record *record = view->record;
    *ret = (struct mig_recovery){ .version = mig_strdup(view->version),
                                  .state = view->state,
                                  .direction = mig_direction_word(record->direction),
                                  .error = mig_strdup_or_null(mig_record_details(record)->error),
                                  .probe = MIG_PROBE_UNCLEAR };
    size_t at = find_place(record, ret);
    ret->can_mark_applied = ret->can_mark_pending = true;
    if (!view->migration) {
        snprintf(ret->why_not_resume, sizeof ret->why_not_resume, "its file is gone");
        snprintf(ret->why_not_undo, sizeof ret->why_not_undo, "its file is gone");
        return;
    }
    if (strcmp(view->migration->sem, record->sem) != 0) {
        snprintf(ret->why_not_resume, sizeof ret->why_not_resume, "its file was edited after it began");
        snprintf(ret->why_not_undo, sizeof ret->why_not_undo, "its file was edited after it began");
        return;
    }
    if (at < record->step_count)
        probe_step(app, store, look, view, at, ret);
    else
        ret->probe = MIG_PROBE_DONE;
    inspect_undo(look, view, ret);
    ret->can_resume = ret->probe != MIG_PROBE_UNCLEAR;
    if (!ret->can_resume)
        snprintf(ret->why_not_resume, sizeof ret->why_not_resume,
                 "whether step %s took effect must be decided by a person", ret->step ? ret->step : "?");
}

bool mig_recover_inspect(struct mig_app *app, const struct cfg_environment *env, struct mig_recovery **ret,
                         size_t *ret_count, struct mig_error *err)
{
    struct mig_store *store;
    struct mig_look look;
    struct mig_catalog *catalog = NULL;
    struct mig_problems problems = { 0 };
    *ret = NULL;
    *ret_count = 0;
    if (!app->read_catalog(app->ports_ctx, 0, &catalog, &problems, err))
        return false;
    mig_problems_done(
        &problems); /* a file that cannot be read shows as missing here, and by name in verify-dir */
    bool ok = app->open_store(app->ports_ctx, env, "", &store, err);
    if (ok) {
        ok = mig_look_store(app, env, store, catalog, &look, err) &&
             mig_server_probe_operations(store, &look.server, err); /* a step may still be at work */
        if (ok)
            *ret = mig_alloc_n(look.views.count, sizeof **ret);
        for (size_t i = 0; ok && i < look.views.count; i++) {
            const struct mig_view *view = &look.views.items[i];
            if (view->state == MIG_FAILED || view->state == MIG_INTERRUPTED)
                inspect_one(app, store, &look, view, &(*ret)[(*ret_count)++]);
        }
        mig_look_done(&look);
        store->ops->close(store);
    }
    mig_catalog_free(catalog);
    return ok;
}

/* ---- mark ---- */

struct marking {
    struct mig_app *app;
    const struct cfg_environment *env;
    struct mig_store *store;
    struct mig_names names;
    char owner[MIG_UUID_SIZE];
    char run[MIG_ULID_SIZE];
    int64_t token;
};

static bool mark_lock(struct marking *m, const struct mig_lock *seen, struct mig_error *err)
{
    struct mig_host *host = m->app->host;
    struct mig_lock lock;
    int64_t sent_ms;
    char prev_run[MIG_ULID_SIZE];
    uint8_t random[32];
    int killed;
    host->ops->random(host, random, sizeof random);
    mig_ulid(host->ops->wall_ms(host), random, m->run);
    mig_uuid4(random + 16, m->owner);
    struct mig_lock_claim claim = { .owner = m->owner,
                                    .run = m->run,
                                    .command = "mark",
                                    .operator_name = m->app->operator_name,
                                    .lease_ms = m->app->config->lease_seconds * 1000,
                                    .may_take_over = true, /* an operator decides, with a reason on record */
                                    .self = &host->self };
    if (!mig_lock_acquire(m->store, host, &m->names, &claim, seen, &lock, &sent_ms, prev_run, err))
        return false;
    m->token = lock.token;
    if (!mig_fence_raise(m->store, &m->names, m->token, m->run, err))
        return false;
    return !*prev_run || mig_takeover_quiesce(m->store, host, &m->names,
                                              host->ops->mono_ms(host) + claim.lease_ms / 2, &killed, err);
}

static bool mark_write(struct marking *m, struct mig_record *record, const char *text, size_t text_len,
                       struct mig_error *err)
{
    bson_t command = BSON_INITIALIZER;
    bson_t list;
    bson_t filters[2];
    bson_t updates[2];
    mig_fence_statement(m->token, m->run, &filters[0], &updates[0]);
    mig_record_statement(record, m->token, MIG_RECORD_ENDS | (record->rev == 0 ? MIG_RECORD_STARTS : 0), text,
                         text_len, &filters[1], &updates[1]);
    BSON_APPEND_UTF8(&command, "update", m->names.history);
    BSON_APPEND_ARRAY_BEGIN(&command, "updates", &list);
    for (int i = 0; i < 2; i++) {
        bson_t row;
        bson_append_document_begin(&list, i ? "1" : "0", 1, &row);
        BSON_APPEND_DOCUMENT(&row, "q", &filters[i]);
        BSON_APPEND_DOCUMENT(&row, "u", &updates[i]);
        BSON_APPEND_BOOL(&row, "upsert", true);
        bson_append_document_end(&list, &row);
        bson_destroy(&filters[i]);
        bson_destroy(&updates[i]);
    }
    bson_append_array_end(&command, &list);
    BSON_APPEND_BOOL(&command, "ordered", true);
    bool ok = mig_write(m->store, &command, err);
    bson_destroy(&command);
    return ok;
}

static void mark_note(struct marking *m, const char *version, enum mig_record_state state, const char *reason)
{
    struct mig_error
        ignored; /* the record itself carries the reason; this entry is its echo in the list of runs */
    MIG_AUTOBSON bson_t *command = BCON_NEW(
        "update", BCON_UTF8(m->names.runs), "updates", "[", "{", "q", "{", "_id", BCON_UTF8(m->run), "}", "u",
        "{", "$set", "{", "environment", BCON_UTF8(m->env->name), "command", "mark", "versions", "[",
        BCON_UTF8(version), "]", "direction", BCON_UTF8(state == MIG_RECORD_APPLIED ? "up" : "down"),
        "operator", BCON_UTF8(m->app->operator_name), "osUser", BCON_UTF8(m->app->host->self.os_user), "host",
        BCON_UTF8(m->app->host->self.host), "reason", BCON_UTF8(reason), "status", "succeeded", "migrations",
        BCON_INT64(1), "}", "$currentDate", "{", "startedAt", BCON_BOOL(true), "endedAt", BCON_BOOL(true),
        "}", "}", "upsert", BCON_BOOL(true), "}", "]");
    (void)mig_write(m->store, command, &ignored);
}

/* What was done by hand is not drift. */
static bool mark_strike(struct marking *m, const bson_t *schema, const struct mig_migration *file,
                        struct mig_error *err)
{
    struct mig_prints prints;
    mig_prints_of_migration(file, &prints);
    bool ok = mig_prints_strike(m->store, &m->names, &prints, schema, m->token, m->run, err);
    mig_prints_done(&prints);
    return ok;
}

static void put(char **slot, const char *text)
{
    free(*slot);
    *slot = mig_strdup(text);
}

static bool mark_locked(struct marking *m, const struct mig_catalog *catalog, const char *version,
                        enum mig_record_state state, const char *reason, struct mig_error *err)
{
    struct mig_look look;
    const struct mig_migration *file = mig_catalog_find(catalog, version);
    struct mig_record record = { 0 };
    bool ok = mig_look_store(m->app, m->env, m->store, catalog, &look, err);
    if (!ok)
        return false;
    int64_t seq = 1;
    const struct mig_record *was = mig_history_find(look.history, version);
    for (size_t i = 0; i < look.history->count; i++)
        seq = look.history->records[i].seq >= seq ? look.history->records[i].seq + 1 : seq;
    if (!was && !file) {
        ok =
            mig_fail(err, MIG_ERR_USAGE, "%s: there is no migration %s, neither as a file nor in the history",
                     m->env->name, version);
    } else {
        if (was)
            record = mig_record_copy(was);
        /* 1 and 0001 are one migration, so one record: as it was first written, or as its file has it. */
        if (!record.version)
            put(&record.version, file->version);
        if (file) {
            put(&record.title, file->title);
            put(&record.raw, file->raw);
            put(&record.sem, file->sem);
        }
        bool was_reverted = record.state == MIG_RECORD_REVERTED;
        record.state = state;
        record.direction = state == MIG_RECORD_APPLIED ? MIG_UP : MIG_DOWN;
        if (state == MIG_RECORD_APPLIED && (record.seq == 0 || was_reverted))
            record.seq = seq;
        put(&record.run, m->run);
        put(&record.marked, reason);
        put(&record.operator_name, m->app->operator_name);
        put(&mig_record_details_own(&record)->os_user, m->app->host->self.os_user);
        put(&record.details->host, m->app->host->self.host);
        ok = mark_write(m, &record, file ? file->text : NULL, file ? file->text_len : 0, err);
        if (ok && file)
            ok = mark_strike(m, look.history->schema, file, err);
        if (ok)
            mark_note(m, version, state, reason);
    }
    mig_record_done(&record);
    mig_look_done(&look);
    return ok;
}

static bool mark(struct mig_app *app, const struct cfg_environment *env, const char *version,
                 enum mig_record_state state, const char *reason, struct mig_error *err)
{
    struct marking m = { .app = app, .env = env };
    struct mig_catalog *catalog = NULL;
    struct mig_problems problems = { 0 };
    struct mig_lock seen;
    struct mig_error ignored;
    char uuid[MIG_UUID_SIZE];
    if (!reason || !*reason)
        return mig_fail(err, MIG_ERR_USAGE, "a mark needs a reason: --reason \"why\"");
    if (!app->read_catalog(app->ports_ctx, MIG_CATALOG_KEEP_TEXT | MIG_CATALOG_NO_BODIES, &catalog, &problems,
                           err))
        return false;
    mig_problems_done(&problems);
    mig_names_make(app->config->prefix, &m.names);
    bool ok = app->open_store(app->ports_ctx, env, "", &m.store, err);
    if (ok) {
        uint8_t random[16];
        app->host->ops->random(app->host, random, sizeof random);
        mig_uuid4(random, uuid);
        ok = mig_lock_read(m.store, &m.names, &seen, err);
        mig_lock_check_holder(app->host, &seen);
        ok = ok && mig_meta_ensure(m.store, &m.names, app->config->project, uuid, uuid, err) &&
             mark_lock(&m, &seen, err) && mark_locked(&m, catalog, version, state, reason, err);
        if (m.token)
            (void)mig_lock_release(m.store, &m.names, m.owner, m.token, NULL,
                                   &ignored); /* else the lease ends it */
        m.store->ops->close(m.store);
    }
    mig_catalog_free(catalog);
    return ok;
}

/* What was done, or refused, goes on record; what cannot is an error although it was done. */
static bool on_record(struct mig_app *app, const struct cfg_environment *env, struct mig_audit_act *act,
                      bool ok, struct mig_error *err)
{
    struct mig_error why;
    act->error = ok ? NULL : err;
    act->outcome = ok ? MIG_AUDIT_SUCCESS : mig_audit_outcome_of(err);
    if (!ok && !mig_audit_wants(err))
        return false;
    if (mig_audit_note(app, env, act, &why) || !ok)
        return ok;
    *err = why;
    return mig_context(err, "%s: it was done, and is not on record", env->name);
}

bool mig_mark(struct mig_app *app, const struct cfg_environment *env, const char *version,
              enum mig_record_state state, const char *reason, struct mig_error *err)
{
    struct mig_audit_act act = { .action = state == MIG_RECORD_APPLIED ? "mark.applied" : "mark.pending",
                                 .version = version,
                                 .reason = reason };
    bool ok = mark(app, env, version, state, reason, err);
    return on_record(app, env, &act, ok, err);
}

/* ---- stop ---- */

static bool stop_request(struct mig_app *app, const struct cfg_environment *env, const char *run,
                         const char *by, struct mig_error *err)
{
    struct mig_store *store;
    struct mig_names names;
    bool found = false;
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    mig_names_make(app->config->prefix, &names);
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("findAndModify", BCON_UTF8(names.lock), "query", "{", "_id", "lock", "run", BCON_UTF8(run),
                 "owner", "{", "$ne", BCON_NULL, "}", "}", "update", "{", "$set", "{", "stop", "{", "by",
                 BCON_UTF8(by), "}", "}", "}");
    struct mig_call call = { .command = command, .write = true, .max_time_ms = 5000 };
    struct mig_reply reply;
    bson_t value;
    store->ops->command(store, &call, &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK;
    if (ok)
        found = mig_doc_sub(&reply.body, "value", &value);
    else
        *err = reply.error;
    mig_reply_done(&reply);
    if (ok && !found) /* a backup takes no lock; it is stopped by its own record */
        ok = mig_backup_stop(app, store, run, by, &found, err) || err->code == MIG_OK;
    store->ops->close(store);
    if (ok && !found) {
        ok = mig_fail(err, MIG_ERR_FAILED, "%s: run %s does not hold the lock, so there is nothing to stop",
                      env->name, run);
        mig_hint(err, "migtui runs --env %s shows how it ended", env->name);
    }
    return ok;
}

bool mig_stop_request(struct mig_app *app, const struct cfg_environment *env, const char *run, const char *by,
                      struct mig_error *err)
{
    struct mig_audit_act act = { .action = "stop", .run = run };
    bool ok = stop_request(app, env, run, by, err);
    return on_record(app, env, &act, ok, err);
}
