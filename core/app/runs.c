/* runs.c - reading the past: runs, history entries, logs and the text that ran. */
#include "app/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup.h"
#include "app/history.h"
#include "app/lock.h"
#include "app/log_read.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/flag.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "engine/states.h"

#define FOLLOW_MS 200
#define PIECE_MAX ((size_t)1024 * 1024)

struct listing {
    struct mig_host *host;
    bool (*each)(const bson_t *entry, void *ctx);
    void *ctx;
    const char *environment;
    struct mig_lock lock;
};

static void add_text(bson_t *out, const char *key, const bson_t *doc, const char *path)
{
    const char *text = mig_doc_str(doc, path, NULL);
    if (!text) {
        BSON_APPEND_NULL(out, key);
        return;
    }
    char *safe = mig_text_safe_dup(text, 2000);
    BSON_APPEND_UTF8(out, key, safe);
    free(safe);
}

static void add_time(bson_t *out, const char *key, const bson_t *doc, const char *path)
{
    char iso[MIG_TIME_SIZE];
    int64_t at = mig_doc_time(doc, path, 0);
    if (at == 0) {
        BSON_APPEND_NULL(out, key);
        return;
    }
    mig_time_iso(at, iso);
    BSON_APPEND_UTF8(out, key, iso);
}

static void add_who(bson_t *out, const bson_t *doc)
{
    static const char *const same[] = { "operator", "osUser", "host", "planId", "ticket", "reason" };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        add_text(out, same[i], doc, same[i]);
}

static bool run_row(const bson_t *doc, void *context)
{
    struct listing *listing = context;
    bson_t row = BSON_INITIALIZER;
    const char *run = mig_doc_str(doc, "_id", "");
    const char *status = mig_doc_str(doc, "status", "");
    bool running = strcmp(status, "running") == 0;
    bool holds = (mig_lock_alive(&listing->lock) && strcmp(listing->lock.run, run) == 0) ||
                 mig_restore_is_alive(listing->host, doc);
    add_text(&row, "run", doc, "_id");
    add_text(&row, "environment", doc, "environment");
    add_text(&row, "command", doc, "command");
    add_text(&row, "direction", doc, "direction");
    if (running && !holds)
        BSON_APPEND_UTF8(&row, "status", "interrupted");
    else
        add_text(&row, "status", doc, "status");
    add_time(&row, "startedAt", doc, "startedAt");
    BSON_APPEND_INT64(&row, "durationMs", mig_doc_int(doc, "durationMs", 0));
    add_who(&row, doc);
    BSON_APPEND_INT64(&row, "migrations", mig_doc_int(doc, "migrations", 0));
    BSON_APPEND_INT64(&row, "steps", mig_doc_int(doc, "steps", 0));
    if (mig_doc_has(doc, "database")) { /* a restore or a drill: into which, and what came of it */
        add_text(&row, "database", doc, "database");
        add_text(&row, "backup", doc, "backup");
        BSON_APPEND_INT64(&row, "documents", mig_doc_int(doc, "documents", 0));
    }
    add_text(&row, "error", doc, "error");
    add_text(&row, "request", doc, "request");
    bson_iter_t gates; /* as they stood under the lock; texts are made safe by who shows them */
    if (mig_doc_find(doc, "gates", &gates) && BSON_ITER_HOLDS_ARRAY(&gates))
        bson_append_iter(&row, "gates", -1, &gates);
    bool more = listing->each(&row, listing->ctx);
    bson_destroy(&row);
    return more;
}

static bool list(struct mig_app *app, const struct cfg_environment *env, bson_t *command, mig_document_fn row,
                 struct listing *listing, struct mig_error *err)
{
    struct mig_store *store;
    struct mig_names names;
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    mig_names_make(app->config->prefix, &names);
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    bool ok = mig_lock_read(store, &names, &listing->lock, err);
    mig_lock_check_holder(app->host, &listing->lock);
    ok = ok && store->ops->query(store, &call, row, listing, err);
    store->ops->close(store);
    return ok;
}

bool mig_runs_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                   bool (*each)(const bson_t *run, void *ctx), void *ctx, struct mig_error *err)
{
    struct mig_names names;
    struct listing listing = { .host = app->host, .each = each, .ctx = ctx, .environment = env->name };
    mig_names_make(app->config->prefix, &names);
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("aggregate", BCON_UTF8(names.runs), "cursor", "{", "}", "pipeline", "[", "{", "$sort", "{",
                 "_id", BCON_INT32(-1), "}", "}", "{", "$limit", BCON_INT64(limit), "}", "{", "$project", "{",
                 "versions", BCON_INT32(0), "}", "}", "{", "$set", "{", "_now", "$$NOW", "}", "}", "]");
    return list(app, env, command, run_row, &listing, err);
}

static bool history_row(const bson_t *doc, void *context)
{
    struct listing *listing = context;
    bson_t row = BSON_INITIALIZER;
    add_text(&row, "run", doc, "run");
    BSON_APPEND_UTF8(&row, "environment", listing->environment);
    add_text(&row, "version", doc, "_id");
    add_text(&row, "title", doc, "title");
    add_text(&row, "direction", doc, "direction");
    add_text(&row, "status", doc, "state");
    add_time(&row, "startedAt", doc, "startedAt");
    BSON_APPEND_INT64(&row, "durationMs", mig_doc_int(doc, "durationMs", 0));
    add_text(&row, "operator", doc, "operator");
    add_text(&row, "osUser", doc, "osUser");
    add_text(&row, "host", doc, "host");
    add_text(&row, "planId", doc, "planId");
    add_text(&row, "ticket", doc, "who.ticket");
    add_text(&row, "reason", doc, mig_doc_str(doc, "marked", NULL) ? "marked" : "who.reason");
    bool more = listing->each(&row, listing->ctx);
    bson_destroy(&row);
    return more;
}

/* The run's ticket and reason are joined in, so that one line answers who and why. */
bool mig_history_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                      bool (*each)(const bson_t *entry, void *ctx), void *ctx, struct mig_error *err)
{
    struct mig_names names;
    struct listing listing = { .each = each, .ctx = ctx, .environment = env->name };
    mig_names_make(app->config->prefix, &names);
    MIG_AUTOBSON bson_t *command = BCON_NEW(
        "aggregate", BCON_UTF8(names.history), "cursor", "{", "}", "pipeline", "[", "{", "$match", "{", "_id",
        "{", "$ne", MIG_FENCE_ID, "}", "}", "}", "{", "$project", "{", "text", BCON_INT32(0), "steps",
        BCON_INT32(0), "}", "}", "{", "$sort", "{", "updatedAt", BCON_INT32(-1), "seq", BCON_INT32(-1), "}",
        "}", "{", "$limit", BCON_INT64(limit), "}", "{", "$lookup", "{", "from", BCON_UTF8(names.runs),
        "localField", "run", "foreignField", "_id", "as", "who", "}", "}", "{", "$unwind", "{", "path",
        "$who", "preserveNullAndEmptyArrays", BCON_BOOL(true), "}", "}", "]");
    return list(app, env, command, history_row, &listing, err);
}

/* ---- logs ---- */

bool mig_log_feed(struct mig_app *app, const struct cfg_environment *env, const char *run, bool follow,
                  const volatile bool *stop, mig_event_fn on_event, void *ctx, struct mig_error *err)
{
    struct mig_host *host = app->host;
    struct mig_log_reader reader;
    struct mig_store *store = NULL;
    bool ok = true;
    bool more = false;
    mig_log_reader_init(&reader, app, run);
    if (!reader.local || follow)
        ok = app->open_store(app->ports_ctx, env, "", &store, err);
    while (ok && !reader.finished) {
        ok = mig_log_read(&reader, store, PIECE_MAX, on_event, ctx, &more, err);
        if (!ok || mig_flag_is_set(stop))
            break;
        if (more)
            continue;
        if (reader.finished || !follow)
            break;
        ok = mig_log_look_for_end(&reader, store, on_event, ctx, err);
        if (ok && !reader.finished)
            host->ops->sleep_until(host, host->ops->mono_ms(host) + FOLLOW_MS, NULL);
    }
    if (store)
        store->ops->close(store);
    if (ok && reader.seq == 0) {
        ok = mig_fail(err, MIG_ERR_FAILED, "%s: there is no log of run %s", env->name, run);
        mig_hint(err, "migtui runs --env %s lists the runs", env->name);
    }
    return ok;
}

/* ---- the text that ran ---- */

struct ran {
    char *text;
    bool found;
};

static bool keep_text(const bson_t *doc, void *context)
{
    struct ran *ran = context;
    const char *text = mig_doc_str(doc, "text", NULL);
    ran->found = true;
    if (text)
        ran->text = mig_strdup(text);
    return false;
}

bool mig_ran_text(struct mig_app *app, const struct cfg_environment *env, const char *version, char **ret,
                  struct mig_error *err)
{
    struct mig_store *store;
    struct mig_names names;
    *ret = NULL;
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    mig_names_make(app->config->prefix, &names);
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(names.history), "filter", "{", "_id", BCON_UTF8(version), "}",
                 "projection", "{", "text", BCON_INT32(1), "}");
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    struct ran ran = { 0 };
    bool ok = store->ops->query(store, &call, keep_text, &ran, err);
    store->ops->close(store);
    *ret = ran.text;
    if (ok && !ran.text) {
        ok = mig_fail(err, MIG_ERR_FAILED,
                      ran.found ? "%s: the text of %s that ran is not kept there" : "%s: %s never ran there",
                      env->name, version);
        mig_hint(err, "which did: migtui history --env %s", env->name);
    }
    return ok;
}
