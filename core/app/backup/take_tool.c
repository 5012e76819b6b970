/* take_tool.c - a backup by another program: mongodump, or the policy's own command.
 *
 * The program writes into the file that will become the archive; what it says is read line by line. Whatever it claims, the
 * archive is read whole afterwards, and held against what it said it dumped and what the database held when it began.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup/manifest.h"
#include "app/backup/scan.h"
#include "app/backup/take_private.h"
#include "app/backup/tool_lines.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

struct tool {
    struct taking *t;
    bool stop; /* read by spawn */
    struct tool_lines lines;
    int64_t told_ms;
};

static void on_line(const char *line, void *context)
{
    struct tool *tool = context;
    struct taking *t = tool->t;
    const char *text;
    bool progress = tool_lines_take(&tool->lines, line, &text);
    tool->stop = tool->stop || take_stopping(t);
    pthread_mutex_lock(&t->mutex);
    t->documents = tool_lines_documents(&tool->lines);
    snprintf(t->at, sizeof t->at, "%s", tool->lines.at);
    pthread_mutex_unlock(&t->mutex);
    int64_t now = t->host->ops->mono_ms(t->host);
    if (now - tool->told_ms >= 1000) {
        tool->told_ms = now;
        take_event_progress(t, false);
    }
    if (progress)
        return;
    MIG_AUTODOC bson_t fields = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&fields, "step", t->backup->method);
    BSON_APPEND_UTF8(&fields, "line", text);
    mig_journal_emit(&t->journal, "output", &fields);
}

/* ---- running it ---- */

/* No child needs to see the variables that secrets come from. */
static const char **environment(const struct taking *t, char *const *more)
{
    const struct cfg_list *secrets = &t->app->config->secret_names;
    size_t count = 0, extra = 0;
    while (more[extra])
        extra++;
    const char **env = mig_alloc_n(secrets->count + extra + 1, sizeof *env);
    for (size_t i = 0; i < secrets->count; i++)
        env[count++] = mig_printf("%s=", secrets->items[i]);
    for (size_t i = 0; i < extra; i++)
        env[count++] = mig_strdup(more[i]);
    return env;
}

/* Beside spawn: passes a stop on, though the program says nothing. */
struct watch {
    struct tool *tool;
    bool over;
};

static void watch_loop(void *context)
{
    struct watch *watch = context;
    struct taking *t = watch->tool->t;
    while (!watch->over && !watch->tool->stop) {
        watch->tool->stop = take_stopping(t);
        t->host->ops->sleep_until(t->host, t->host->ops->mono_ms(t->host) + 200, watch);
    }
}

/* 128 and a number: a signal ended it, or the shell says that one ended the command. */
static bool judge_end(const struct tool *tool, int status, struct mig_error *err)
{
    const struct taking *t = tool->t;
    const char *colon = tool->lines.why[0] ? ": " : "";
    if (status == 0 && tool->lines.failed == 0)
        return true;
    if (status > 128)
        mig_fail(err, MIG_ERR_BACKUP, "%s was ended by signal %d%s%s", t->backup->method, status - 128, colon,
                 tool->lines.why);
    else if (status != 0)
        mig_fail(err, MIG_ERR_BACKUP, "%s ended with status %d%s%s", t->backup->method, status, colon,
                 tool->lines.why);
    else
        mig_fail(err, MIG_ERR_BACKUP, "%s ended well, but says that %" PRId64 " documents failed",
                 t->backup->method, tool->lines.failed);
    return mig_hint(err, "no backup was written; all that it said: migtui log %s --env %s", t->backup->id,
                    t->env->name);
}

static bool run(struct tool *tool, const char *const *argv, char *const *more, struct mig_error *err)
{
    struct taking *t = tool->t;
    struct watch watch = { .tool = tool };
    struct mig_task *task;
    int status = -1;
    if (!t->host->ops->task_start(t->host, watch_loop, &watch, &task, err))
        return false;
    const char **env = environment(t, more);
    bool ok = t->host->ops->spawn(t->host, argv, env, t->app->config->dir, on_line, tool, &tool->stop, NULL,
                                  &status, err);
    watch.over = true;
    t->host->ops->wake(t->host, &watch);
    t->host->ops->task_join(t->host, task);
    for (size_t i = 0; env[i]; i++)
        free((char *)(uintptr_t)env[i]);
    free(env);
    if (!ok)
        return mig_context(err, "%s", t->backup->method);
    if (take_stopping(t))
        return mig_fail(err, MIG_ERR_INTERRUPTED, "stopped by %s; no backup was written", t->stop_by);
    return judge_end(tool, status, err);
}

static bool run_mongodump(struct tool *tool, const char *path, struct mig_error *err)
{
    struct taking *t = tool->t;
    char *config;
    char *const nothing[] = { NULL };
    if (!t->app->make_tool_config(t->app->ports_ctx, t->env, &config, err))
        return false;
    MIG_AUTOFREE char *config_flag = mig_printf("--config=%s", config);
    MIG_AUTOFREE char *db_flag = mig_printf("--db=%s", t->env->database);
    MIG_AUTOFREE char *archive_flag = mig_printf("--archive=%s", path);
    const char *const argv[] = { "mongodump", config_flag, db_flag, archive_flag, "--gzip", NULL };
    bool ok = run(tool, argv, nothing, err);
    t->app->drop_tool_config(t->app->ports_ctx, config);
    return ok;
}

static bool run_command(struct tool *tool, const char *path, struct mig_error *err)
{
    struct taking *t = tool->t;
    const char *command = t->env->has_gate && t->env->gate.has_backup ? t->env->gate.backup.command : NULL;
    if (!command)
        return mig_fail(err, MIG_ERR_CONFIG, "%s has no backup command: gate.backup.command of method exec",
                        t->env->name);
    MIG_AUTOFREE char *file = mig_printf("MIGTUI_BACKUP_FILE=%s", path);
    MIG_AUTOFREE char *environment_name = mig_printf("MIGTUI_ENVIRONMENT=%s", t->env->name);
    MIG_AUTOFREE char *database = mig_printf("MIGTUI_DATABASE=%s", t->env->database);
    char *const more[] = { file, environment_name, database, NULL };
    const char *const argv[] = { "/bin/sh", "-c", command, NULL };
    return run(tool, argv, more, err);
}

/* ---- what it wrote ---- */

static bool go_on(void *ctx, int64_t done, int64_t total, struct mig_error *err)
{
    struct taking *t = ctx;
    (void)done, (void)total;
    return !take_stopping(t) ||
           mig_fail(err, MIG_ERR_INTERRUPTED, "stopped by %s; no backup was written", t->stop_by);
}

/* Everything that was there when it began must be in the archive. */
static bool has_all(const struct taking *t, const struct scan *scan, struct mig_error *err)
{
    for (size_t i = 0; i < t->survey.count; i++) {
        bool found = false;
        for (size_t k = 0; k < scan->count && !found; k++)
            found = strcmp(scan->parts[k].name, t->survey.items[i].name) == 0;
        if (!found) {
            MIG_AUTOFREE char *safe = mig_text_safe_dup(t->survey.items[i].name, 120);
            return mig_fail(err, MIG_ERR_BACKUP, "the archive that %s wrote has no collection %s",
                            t->backup->method, safe);
        }
    }
    return true;
}

static bool check(struct tool *tool, const struct scan *scan, struct mig_error *err)
{
    struct taking *t = tool->t;
    if (scan->count > 0 && strcmp(scan->db, t->env->database) != 0)
        return mig_fail(err, MIG_ERR_BACKUP, "the archive that %s wrote is of another database",
                        t->backup->method);
    if (!has_all(t, scan, err))
        return false;
    if (tool->lines.collections_claimed > 0 && tool->lines.claimed != scan->documents)
        return mig_fail(err, MIG_ERR_BACKUP,
                        "mongodump says it dumped %" PRId64 " documents, the archive has %" PRId64,
                        tool->lines.claimed, scan->documents);
    return true;
}

static bool describe(struct tool *tool, struct manifest *manifest, struct mig_error *err)
{
    struct taking *t = tool->t;
    const struct scan_options options = { .progress = go_on, .progress_ctx = t };
    struct scan scan = { 0 };
    bool ok = scan_archive(t->storage, t->name, &options, &scan, err) && check(tool, &scan, err);
    if (ok) {
        t->backup->size = scan.size;
        t->backup->collections = (int64_t)scan.count;
        t->backup->documents = scan.documents;
        t->backup->bytes = scan.bytes;
        memcpy(t->backup->sha256, scan.sha256, sizeof scan.sha256);
        t->backup->proof = t->options->unproven ? MIG_PROOF_NONE : MIG_PROOF_OK;
        manifest->parts = scan.parts;
        manifest->count = scan.count;
        scan.parts = NULL;
    }
    scan_done(&scan);
    return ok;
}

bool take_by_tool(struct taking *t, struct manifest *manifest, struct mig_error *err)
{
    struct tool tool = { .t = t };
    bool ok = take_beat_start(t, err);
    const char *path = t->storage->ops->path(t->file);
    ok = ok && (t->options->method == CFG_BACKUP_MONGODUMP ? run_mongodump(&tool, path, err)
                                                           : run_command(&tool, path, err));
    struct mig_storage_file *file = t->file;
    t->file = NULL;
    if (!ok) {
        t->storage->ops->abandon(file);
        return false;
    }
    if (!t->storage->ops->commit(file, err))
        return false;
    return describe(&tool, manifest, err);
}
