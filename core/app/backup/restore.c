/* restore.c - from the archive's first byte to counts that agree; or nothing left of it.
 *
 * plan → the target is marked as unfinished, the run put on record → prelude: create collections → documents as they come → the archive's end, every checksum equal → indexes → views →
 * counts and indexes compared → the mark goes. Nothing that was there before is touched: the target was empty.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/audit.h"
#include "app/backup/restore_private.h"
#include "app/server_probe.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/flag.h"
#include "base/mem.h"
#include "base/text.h"

#define METADATA_MAX ((size_t)32 * 1024 * 1024)
#define PROGRESS_MS  1000

/* ---- events ---- */

static void tell_started(struct restoring *r)
{
    MIG_AUTODOC bson_t fields = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&fields, "planId", "");
    BSON_APPEND_UTF8(&fields, "environment", r->env->name);
    BSON_APPEND_UTF8(&fields, "database", r->plan.target);
    BSON_APPEND_UTF8(&fields, "command", r->options->drill ? "drill" : "restore");
    BSON_APPEND_UTF8(&fields, "operator", r->app->operator_name);
    BSON_APPEND_UTF8(&fields, "osUser", r->host->self.os_user);
    BSON_APPEND_UTF8(&fields, "host", r->host->self.host);
    if (r->options->ticket)
        BSON_APPEND_UTF8(&fields, "ticket", r->options->ticket);
    if (r->options->reason)
        BSON_APPEND_UTF8(&fields, "reason", r->options->reason);
    mig_journal_emit(&r->journal, "run.started", &fields);
}

static void tell_restoring(struct restoring *r)
{
    MIG_AUTODOC bson_t fields = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&fields, "command", "restore");
    BSON_APPEND_UTF8(&fields, "database", r->plan.target);
    BSON_APPEND_INT64(&fields, "collections", (int64_t)r->plan.count);
    BSON_APPEND_INT64(&fields, "documents", r->plan.documents > 0 ? r->plan.documents : 0);
    BSON_APPEND_INT64(&fields, "bytes", r->plan.bytes > 0 ? r->plan.bytes : 0);
    mig_journal_emit(&r->journal, "backup.started", &fields);
}

static void tell_progress(struct restoring *r)
{
    MIG_AUTODOC bson_t fields = BSON_INITIALIZER;
    int64_t ms = r->host->ops->mono_ms(r->host) - r->began_ms;
    double seconds = ms > 0 ? (double)ms / 1000 : 0.001;
    BSON_APPEND_UTF8(&fields, "step", "restore");
    BSON_APPEND_INT64(&fields, "done", r->result->documents);
    BSON_APPEND_INT64(&fields, "total", r->plan.documents > 0 ? r->plan.documents : 0);
    BSON_APPEND_DOUBLE(&fields, "rate", (double)r->result->documents / seconds);
    BSON_APPEND_UTF8(&fields, "what", "documents");
    BSON_APPEND_INT64(&fields, "bytes", r->result->bytes);
    mig_journal_emit(&r->journal, "progress", &fields);
}

static void tell_finished(struct restoring *r)
{
    MIG_AUTODOC bson_t fields = BSON_INITIALIZER;
    const struct mig_restore_result *result = r->result;
    BSON_APPEND_UTF8(&fields, "status", mig_run_status_word(result->status));
    BSON_APPEND_UTF8(&fields, "environment", r->env->name);
    BSON_APPEND_UTF8(&fields, "command", r->options->drill ? "drill" : "restore");
    BSON_APPEND_INT64(&fields, "applied", 0);
    BSON_APPEND_INT64(&fields, "steps", 0);
    BSON_APPEND_INT64(&fields, "durationMs", result->duration_ms);
    if (result->status == MIG_RUN_SUCCEEDED) {
        BSON_APPEND_UTF8(&fields, "file", result->target);
        BSON_APPEND_INT64(&fields, "collections", result->collections);
        BSON_APPEND_INT64(&fields, "documents", result->documents);
        BSON_APPEND_INT64(&fields, "bytes", result->bytes);
        BSON_APPEND_INT64(&fields, "indexes", result->indexes);
    } else {
        mig_journal_append_error(&fields, &result->error);
    }
    mig_journal_emit(&r->journal, "run.finished", &fields);
}

/* ---- the archive's side ---- */

static bool take_prelude(void *ctx, const struct arc_header *header, struct arc_namespace *list, size_t count,
                         struct mig_error *err)
{
    struct restoring *r = ctx;
    (void)header;
    r->parts = mig_alloc_n(count + 1, sizeof *r->parts);
    r->count = count;
    for (size_t i = 0; i < count; i++) {
        struct restoring_part *part = &r->parts[i];
        bson_error_t why;
        part->from = &list[i];
        part->name = mig_strdup(list[i].collection);
        snprintf(part->type, sizeof part->type, "%s", list[i].type);
        part->left_out = strcmp(list[i].db, r->plan.source) != 0 ||
                         restore_leaves_out(&r->names, r->app->config->prefix, list[i].collection);
        if (part->left_out)
            continue;
        size_t len = strlen(list[i].metadata);
        part->metadata = len == 0 ? bson_new()
                         : len > METADATA_MAX
                             ? NULL
                             : bson_new_from_json((const uint8_t *)list[i].metadata, (ssize_t)len, &why);
        if (!part->metadata)
            return mig_fail(err, MIG_ERR_BACKUP,
                            "the archive is damaged: the options of a collection cannot be read");
        if (strcmp(list[i].type, "view") != 0 && !restore_create(r, part, err))
            return false;
    }
    return true;
}

static bool take_document(void *ctx, size_t index, const uint8_t *bytes, uint32_t len, struct mig_error *err)
{
    struct restoring *r = ctx;
    if (r->parts[index].left_out)
        return true;
    r->result->documents++;
    r->result->bytes += len;
    return restore_document(r, &r->parts[index], bytes, len, err);
}

static bool take_rest(void *ctx, struct mig_error *err)
{
    return restore_flush_due(ctx, err);
}

static bool take_end(void *ctx, size_t index, struct mig_error *err)
{
    struct restoring *r = ctx;
    struct restoring_part *part = &r->parts[index];
    part->documents = part->from->documents;
    return part->left_out || (restore_flush_due(r, err) && restore_flush(r, part, err));
}

static bool go_on(void *ctx, int64_t done, int64_t total, struct mig_error *err)
{
    struct restoring *r = ctx;
    int64_t now = r->host->ops->mono_ms(r->host);
    (void)done, (void)total;
    if (now - r->told_ms >= PROGRESS_MS) {
        r->told_ms = now;
        tell_progress(r);
    }
    if (mig_flag_is_set(&r->stopping))
        return mig_fail(err, MIG_ERR_INTERRUPTED, "stopped by %s", r->stop_by);
    return !mig_flag_is_set(r->options->stop) ||
           mig_fail(err, MIG_ERR_INTERRUPTED, "stopped by %s", r->host->self.os_user);
}

static bool finish_parts(struct restoring *r, struct mig_error *err)
{
    bool has_meta = false;
    for (size_t i = 0; i < r->count; i++) {
        struct restoring_part *part = &r->parts[i];
        if (part->left_out || strcmp(part->type, "view") == 0)
            continue;
        if (!restore_indexes(r, part, err) || !go_on(r, 0, 0, err))
            return false;
        has_meta = has_meta || strcmp(part->name, r->names.meta) == 0;
    }
    for (size_t i = 0; i < r->count; i++) {
        struct restoring_part *part = &r->parts[i];
        if (!part->left_out && strcmp(part->type, "view") == 0 && !restore_view(r, part, err))
            return false;
    }
    if (has_meta && strcmp(r->plan.source, r->plan.target) != 0 && !restore_rename_meta(r, err))
        return false;
    for (size_t i = 0; i < r->count; i++) {
        struct restoring_part *part = &r->parts[i];
        if (part->left_out)
            continue;
        r->result->collections++;
        if (strcmp(part->type, "view") != 0 && !restore_compare(r, part, err))
            return false;
    }
    return true;
}

static bool carry_over(struct restoring *r, struct mig_error *err)
{
    const struct arc_sink sink = { r, take_prelude, take_document, take_rest, take_end };
    const struct scan_options options = { .sink = &sink, .progress = go_on, .progress_ctx = r };
    struct manifest manifest = { 0 };
    struct scan scan = { 0 };
    struct mig_error no_manifest;
    bool has_manifest = manifest_read(r->at.storage, r->at.name, &manifest, &no_manifest);
    bool ok = (!has_manifest || located_agrees(&r->at, &manifest, err)) &&
              scan_archive(r->at.storage, r->at.name, &options, &scan, err) &&
              (!has_manifest || scan_matches(&scan, &manifest, err));
    scan_done(&scan);
    manifest_done(&manifest);
    return ok;
}

/* ---- the whole ---- */

static void audit(struct restoring *r, const char *action, const struct mig_error *why)
{
    struct mig_error failed;
    MIG_AUTODOC bson_t more = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&more, "target", r->plan.target);
    BSON_APPEND_UTF8(&more, "source", r->plan.source);
    if (r->plan.backup.id[0])
        BSON_APPEND_UTF8(&more, "backup", r->plan.backup.id);
    if (r->plan.backup.sha256[0])
        BSON_APPEND_UTF8(&more, "sha256", r->plan.backup.sha256);
    const struct mig_audit_act act = { .action = action,
                                       .outcome = why ? mig_audit_outcome_of(why) : MIG_AUDIT_SUCCESS,
                                       .run = r->result->run,
                                       .reason = r->options->reason,
                                       .ticket = r->options->ticket,
                                       .error = why,
                                       .more = &more };
    if (why && !mig_audit_wants(why))
        return;
    if (!mig_audit_note(r->app, r->env, &act, &failed))
        mig_journal_warn(&r->journal, "this act is not in the audit: %s", failed.message);
}

static const char *action_of(const struct restoring *r)
{
    return r->options->drill ? "drill" : "restore";
}

static bool prepare(struct restoring *r, struct mig_error *err)
{
    return r->app->open_store(r->app->ports_ctx, r->env, r->result->run, &r->store, err) &&
           restore_plan_on(r->app, r->env, r->store, r->options, &r->at, &r->plan, err) &&
           mig_server_glance(r->store, r->host, &r->server, err);
}

/* What the server said to do comes first; then what state its database is in. */
static void add_to_hint(struct mig_error *err, const char *target)
{
    struct mig_error first = *err;
    mig_hint(err, "%.350s; nothing of the restore is left in %s", first.hint, target);
}

/* What was created goes again; where that fails, too, the message says what is left. */
static void clean_up(struct restoring *r, struct mig_error *err)
{
    struct mig_error failed = { 0 };
    bool own = strcmp(r->plan.target, r->env->database) == 0;
    if (restore_drop(r, &failed)) {
        if (!err->hint[0] && own)
            mig_hint(err,
                     "nothing of it is left in %s but migtui's record of this try: drop that before the next",
                     r->plan.target);
        else if (!err->hint[0])
            mig_hint(err, "nothing of it is left in %s; it can be tried again", r->plan.target);
        else
            add_to_hint(err, r->plan.target);
        return;
    }
    mig_hint(
        err,
        "a part of it is left in database %s (%.150s), and is no whole copy: restore into another name, and drop "
        "this one with mongosh: db.getSiblingDB(\"%s\").dropDatabase()",
        r->plan.target, failed.message, r->plan.target);
}

static bool carry_out(struct restoring *r, struct mig_error *err)
{
    bool ok = prepare(r, err);
    snprintf(r->result->target, sizeof r->result->target, "%s", r->plan.target);
    tell_started(r);
    if (!ok)
        return false;
    audit(r, r->options->drill ? "drill.start" : "restore.start", NULL);
    tell_restoring(r);
    ok = restore_mark(r, err) && restore_record_begin(r, err) && carry_over(r, err) && finish_parts(r, err);
    if (ok)
        tell_progress(r);
    if (ok && !r->options->drill)
        ok = restore_unmark(r, err);
    if (!ok)
        clean_up(r, err);
    else if (r->options->drill && !restore_drop(r, err)) {
        mig_context(err, "the drill succeeded, but its database %s could not be dropped", r->plan.target);
        ok = false;
    }
    return ok;
}

static void name_end(struct restoring *r, bool ok, struct mig_error *err)
{
    struct mig_restore_result *result = r->result;
    result->duration_ms = r->host->ops->mono_ms(r->host) - r->began_ms;
    result->status = ok                                 ? MIG_RUN_SUCCEEDED
                     : err->code == MIG_ERR_INTERRUPTED ? MIG_RUN_STOPPED
                                                        : MIG_RUN_FAILED;
    if (ok)
        return;
    /* The data that was asked for is not there: that is what exit 6 says, whatever stood in the way. */
    if (r->parts && err->code != MIG_ERR_INTERRUPTED)
        err->code = MIG_ERR_BACKUP;
    result->error = *err;
}

static void restoring_done(struct restoring *r)
{
    struct mig_error ignored;
    if (r->store) {
        (void)mig_journal_flush(&r->journal, r->store, &r->names, 10000, &ignored);
        r->store->ops->close(r->store);
    }
    for (size_t i = 0; i < r->count; i++)
        restore_part_done(&r->parts[i]);
    free(r->parts);
    located_done(&r->at);
    mig_restore_plan_done(&r->plan);
    mig_journal_done(&r->journal);
}

bool mig_restore_run(struct mig_app *app, const struct cfg_environment *env,
                     const struct mig_restore_options *options, struct mig_restore_result *ret)
{
    struct restoring *r = mig_alloc(sizeof *r);
    struct mig_error err = { 0 };
    uint8_t random[10];
    *ret = (struct mig_restore_result){ .status = MIG_RUN_FAILED };
    *r = (struct restoring){ .app = app, .host = app->host, .env = env, .options = options, .result = ret };
    r->began_ms = r->told_ms = r->host->ops->mono_ms(r->host);
    mig_names_make(app->config->prefix, &r->names);
    r->host->ops->random(r->host, random, sizeof random);
    if (options->run)
        snprintf(ret->run, sizeof ret->run, "%s", options->run);
    else
        mig_ulid(r->host->ops->wall_ms(r->host), random, ret->run);
    mig_journal_init(&r->journal, r->host, ret->run, options->on_event, options->event_ctx);
    bool ok = carry_out(r, &err);
    name_end(r, ok, &err);
    restore_record_end(r);
    audit(r, action_of(r), ok ? NULL : &ret->error);
    tell_finished(r);
    restoring_done(r);
    free(r);
    return ok;
}
