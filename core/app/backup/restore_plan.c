/* restore_plan.c - what would be restored, into what, and what stands against it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/backup/restore_private.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"

bool restore_leaves_out(const struct mig_names *names, const char *prefix, const char *collection)
{
    char approvals[80];
    snprintf(approvals, sizeof approvals, "%sapprovals", prefix);
    return strcmp(collection, names->lock) == 0 || strcmp(collection, approvals) == 0 ||
           (strncmp(collection, "system.", 7) == 0 && strcmp(collection, "system.js") != 0);
}

/* ---- the target ---- */

static void name_target(struct mig_app *app, const struct cfg_environment *env,
                        const struct mig_restore_options *options, struct mig_restore_plan *plan)
{
    char time[MIG_TIME_SIZE];
    if (options->into) {
        snprintf(plan->target, sizeof plan->target, "%.70s", options->into);
        return;
    }
    mig_time_version(app->host->ops->wall_ms(app->host), time);
    snprintf(plan->target, sizeof plan->target, "%.30s_%s_%.14s", env->database,
             options->drill ? "drill" : "restored", time);
}

/* Its users, its oplog, its shards; in whatever letters, for names that differ by them only are one to some. */
static bool is_servers_own(const char *name)
{
    return strcasecmp(name, "admin") == 0 || strcasecmp(name, "local") == 0 ||
           strcasecmp(name, "config") == 0;
}

static bool name_is_good(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < 64 && !strpbrk(name, "/\\. \"$*<>:|?");
}

static bool take_one(const bson_t *doc, void *context)
{
    snprintf(context, 256, "%s", mig_doc_str(doc, "name", "?"));
    return false;
}

/* The newest restore into that database on record, when it did not succeed: it is at work, was killed, or failed and could
 * not clear away what it had made. */
struct unended {
    struct mig_host *host;
    char run[MIG_ULID_SIZE], backup[MIG_ULID_SIZE + 16], at[MIG_TIME_SIZE], who[120];
    char status[16];
    bool alive;
};

static bool take_unended(const bson_t *doc, void *context)
{
    struct unended *unended = context;
    const char *run = mig_doc_str(doc, "_id", ""), *backup = mig_doc_str(doc, "backup", "");
    MIG_AUTOFREE char *status = mig_text_safe_dup(mig_doc_str(doc, "status", ""), sizeof unended->status - 1);
    if (strcmp(status, mig_run_status_word(MIG_RUN_SUCCEEDED)) == 0 || !mig_ulid_valid(run))
        return false;
    snprintf(unended->status, sizeof unended->status, "%s", status);
    MIG_AUTOFREE char *user = mig_text_safe_dup(mig_doc_str(doc, "osUser", "?"), 40);
    MIG_AUTOFREE char *host = mig_text_safe_dup(mig_doc_str(doc, "host", "?"), 60);
    snprintf(unended->run, sizeof unended->run, "%s", run);
    if (mig_ulid_valid(backup))
        snprintf(unended->backup, sizeof unended->backup, " of backup %s", backup);
    snprintf(unended->who, sizeof unended->who, "%s on %s", user, host);
    mig_time_iso(mig_doc_time(doc, "startedAt", 0), unended->at);
    unended->alive = mig_restore_is_alive(unended->host, doc);
    return false;
}

static void find_unended(struct mig_app *app, struct mig_store *store, const char *target,
                         struct unended *ret)
{
    struct mig_names names;
    struct mig_error ignored; /* then nothing is known of it, which is what is said */
    *ret = (struct unended){ .host = app->host };
    mig_names_make(app->config->prefix, &names);
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("aggregate", BCON_UTF8(names.runs), "cursor", "{", "}", "pipeline", "[", "{", "$match", "{",
                 "database", BCON_UTF8(target), "}", "}", "{", "$sort", "{", "_id", BCON_INT32(-1), "}", "}",
                 "{", "$limit", BCON_INT32(1), "}", "{", "$set", "{", "_now", "$$NOW", "}", "}", "]");
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    (void)store->ops->query(store, &call, take_unended, ret, &ignored);
}

/* The same into a name that is likely to be free: what goes at once. */
static void name_again(const struct cfg_environment *env, const struct mig_restore_options *options,
                       const char *target, char *ret, size_t size)
{
    const char *what = options->what ? options->what : "";
    const char *shown = !*what || mig_ulid_valid(what) ? what : "FILE";
    snprintf(ret, size, "migtui restore %s%s--env %s --into %.58s_2", shown, *shown ? " " : "", env->name,
             target);
}

static bool fail_not_empty(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                           const struct mig_restore_options *options, const char *target, const char *found,
                           struct mig_error *err)
{
    struct unended unended;
    MIG_AUTOFREE char *safe = mig_text_safe_dup(found, 80);
    char again[200];
    name_again(env, options, target, again, sizeof again);
    find_unended(app, store, target, &unended);
    if (!unended.run[0]) {
        mig_fail(
            err, MIG_ERR_BACKUP,
            "database %s is not empty: it has a collection %s, and no restore that was cut short is on record "
            "for it",
            target, safe);
        return mig_hint(err, "nothing was touched; take a name that is free: %s", again);
    }
    mig_fail(err, MIG_ERR_BACKUP, "database %s is not empty: restore %s%s, begun %s by %s, %s", target,
             unended.run, unended.backup, unended.at, unended.who,
             unended.alive ? "is at work there"
             : strcmp(unended.status, "running") == 0
                 ? "was killed there and left it half restored"
                 : "did not succeed, and could not clear away what it had made");
    if (unended.alive)
        return mig_hint(err, "see it: migtui attach %s --env %s; or go on beside it: %s", unended.run,
                        env->name, again);
    return mig_hint(
        err,
        "nothing was touched. Begin anew under another name: %s; then drop what is left, with mongosh: "
        "db.getSiblingDB(\"%s\").dropDatabase()",
        again, target);
}

static bool check_target(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                         const struct mig_restore_options *options, const struct mig_restore_plan *plan,
                         struct mig_error *err)
{
    char found[256] = "";
    MIG_AUTOBSON bson_t *command = BCON_NEW("listCollections", BCON_INT32(1), "nameOnly", BCON_BOOL(true));
    struct mig_call call = {
        .db = plan->target, .command = command, .no_concern = true, .max_time_ms = 20000
    };
    if (is_servers_own(plan->target)) {
        mig_fail(err, MIG_ERR_GATE, "%s is the server's own database: nothing is restored into it",
                 plan->target);
        return mig_hint(err, "restore beside it (--into another name)");
    }
    if (!name_is_good(plan->target) || (options->into && strlen(options->into) >= 64)) {
        MIG_AUTOFREE char *safe = mig_text_safe_dup(options->into ? options->into : plan->target, 80);
        return mig_fail(err, MIG_ERR_USAGE, "\"%s\" is no name for a database", safe);
    }
    if (env->is_protected && strcasecmp(plan->target, env->database) == 0) {
        mig_fail(err, MIG_ERR_GATE, "%s is protected: a restore never goes into its own database %s",
                 env->name, env->database);
        return mig_hint(err, "restore beside it (--into another name), look at it, and then decide");
    }
    if (!store->ops->query(store, &call, take_one, found, err))
        return false;
    if (!found[0])
        return true;
    return fail_not_empty(app, env, store, options, plan->target, found, err);
}

/* ---- the archive ---- */

static struct mig_restore_part *add_part(struct mig_restore_plan *plan, size_t *room)
{
    plan->parts = mig_grow(plan->parts, plan->count, room, sizeof *plan->parts);
    struct mig_restore_part *part = &plan->parts[plan->count++];
    *part = (struct mig_restore_part){ .documents = -1 };
    return part;
}

static void plan_by_manifest(struct mig_app *app, const struct manifest *manifest,
                             const struct mig_names *names, struct mig_restore_plan *plan)
{
    size_t room = 0;
    snprintf(plan->source, sizeof plan->source, "%s", manifest->backup.database);
    for (size_t i = 0; i < manifest->count; i++) {
        const struct manifest_part *from = &manifest->parts[i];
        struct mig_restore_part *part = add_part(plan, &room);
        snprintf(part->name, sizeof part->name, "%s", from->name);
        snprintf(part->type, sizeof part->type, "%s", from->type);
        part->documents = from->documents;
        part->left_out = restore_leaves_out(names, app->config->prefix, from->name);
        if (!part->left_out) {
            plan->documents += from->documents;
            plan->bytes += from->bytes;
        }
    }
}

/* Only the prelude is read: the sink stops there. */
struct prelude_look {
    struct mig_app *app;
    const struct cfg_environment *env;
    const struct mig_names *names;
    struct mig_restore_plan *plan;
    bool seen;
};

/* The one database of the archive, or of several the environment's. */
static bool choose_database(const struct prelude_look *look, const struct arc_namespace *list, size_t count,
                            struct mig_error *err)
{
    bool several = false, ours = false;
    for (size_t i = 0; i < count; i++) {
        several = several || strcmp(list[i].db, list[0].db) != 0;
        ours = ours || strcmp(list[i].db, look->env->database) == 0;
    }
    if (several && !ours)
        return mig_fail(err, MIG_ERR_BACKUP, "the archive has several databases, and none is named %s",
                        look->env->database);
    snprintf(look->plan->source, sizeof look->plan->source, "%s",
             count == 0 || several ? look->env->database : list[0].db);
    return true;
}

static bool see_prelude(void *ctx, const struct arc_header *header, struct arc_namespace *list, size_t count,
                        struct mig_error *err)
{
    struct prelude_look *look = ctx;
    size_t room = 0;
    if (!choose_database(look, list, count, err))
        return false;
    snprintf(look->plan->backup.server_version, sizeof look->plan->backup.server_version, "%s",
             header->server_version);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].db, look->plan->source) != 0)
            continue;
        struct mig_restore_part *part = add_part(look->plan, &room);
        snprintf(part->name, sizeof part->name, "%s", list[i].collection);
        snprintf(part->type, sizeof part->type, "%s", list[i].type[0] ? list[i].type : "collection");
        part->left_out = restore_leaves_out(look->names, look->app->config->prefix, list[i].collection);
    }
    look->plan->documents = look->plan->bytes = -1;
    look->seen = true;
    return mig_fail(err, MIG_ERR_CANCELLED, "the prelude is all that is needed");
}

static bool plan_by_prelude(struct prelude_look *look, const struct located *at, struct mig_error *err)
{
    const struct arc_sink sink = { .ctx = look, .prelude = see_prelude };
    const struct scan_options options = { .sink = &sink };
    struct scan scan;
    (void)scan_archive(at->storage, at->name, &options, &scan, err);
    scan_done(&scan);
    return look->seen;
}

static bool plan_archive(struct mig_app *app, const struct cfg_environment *env, const struct located *at,
                         struct mig_restore_plan *plan, struct mig_error *err)
{
    struct manifest manifest = { 0 };
    struct mig_names names;
    struct mig_error no_manifest;
    mig_names_make(app->config->prefix, &names);
    snprintf(plan->archive, sizeof plan->archive, "%s/%s", at->storage->place, at->name);
    bool ok = true;
    if (manifest_read(at->storage, at->name, &manifest, &no_manifest)) {
        plan->backup = at->recorded ? at->backup : manifest.backup;
        ok = located_agrees(at, &manifest, err);
        plan_by_manifest(app, &manifest, &names, plan);
    } else if (at->recorded) {
        *err = no_manifest; /* one of ours without its manifest did not finish */
        ok = false;
    } else {
        struct prelude_look look = { .app = app, .env = env, .names = &names, .plan = plan };
        ok = plan_by_prelude(&look, at, err);
        if (ok)
            *err = (struct mig_error){ 0 };
    }
    manifest_done(&manifest);
    return ok;
}

bool restore_plan_on(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                     const struct mig_restore_options *options, struct located *at,
                     struct mig_restore_plan *ret, struct mig_error *err)
{
    *ret = (struct mig_restore_plan){ 0 };
    name_target(app, env, options, ret);
    return check_target(app, env, store, options, ret, err) &&
           locate(app, env, store, options->what, at, err) && plan_archive(app, env, at, ret, err);
}

bool mig_restore_plan(struct mig_app *app, const struct cfg_environment *env,
                      const struct mig_restore_options *options, struct mig_restore_plan *ret,
                      struct mig_error *err)
{
    struct mig_store *store;
    struct located at = { 0 };
    *ret = (struct mig_restore_plan){ 0 };
    if (!app->open_store(app->ports_ctx, env, "", &store, err))
        return false;
    bool ok = restore_plan_on(app, env, store, options, &at, ret, err);
    located_done(&at);
    store->ops->close(store);
    return ok;
}

void mig_restore_plan_done(struct mig_restore_plan *plan)
{
    free(plan->parts);
    *plan = (struct mig_restore_plan){ 0 };
}
