/* cmd_doctor.c - what is well, what is not, and what to do about it. Reads only. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/backup.h"
#include "app/look.h"
#include "app/server_probe.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/out_json.h"

#define TEXT_MAX    (16UL * 1024 * 1024)
#define SKEW_MAX_MS 5000

/* Something that needs a person; where is an environment, "configuration", "migrations" or "host". */
struct problem {
    const char *where; /* borrowed */
    struct mig_error error;
};

struct problems {
    struct problem *items;
    size_t count, room;
};

static const struct {
    const char *name;
    size_t offset;
} capabilities[] = {
    { "transactions", offsetof(struct mig_server, can_transactions) },
    { "bulkWrite", offsetof(struct mig_server, can_bulk_write) },
    { "updatePipelines", offsetof(struct mig_server, can_pipeline_update) },
    { "unionWith", offsetof(struct mig_server, can_union) },
    { "currentOp", offsetof(struct mig_server, can_current_op) },
    { "changeStreams", offsetof(struct mig_server, can_change_streams) },
    { "majorityReads", offsetof(struct mig_server, majority_reads) },
};

static bool can(const struct mig_server *server, size_t i)
{
    return *(const bool *)((const char *)server + capabilities[i].offset);
}

static struct mig_error *add(struct problems *problems, const char *where, const struct mig_error *error)
{
    problems->items = mig_grow(problems->items, problems->count, &problems->room, sizeof *problems->items);
    problems->items[problems->count] = (struct problem){ .where = where, .error = *error };
    return &problems->items[problems->count++].error;
}

static void check_project(struct cli *cli, const struct mig_catalog *catalog,
                          const struct mig_problems *files, struct problems *ret)
{
    struct mig_error err = { 0 };
    for (size_t i = 0; i < cli->app->config->warning_count; i++) {
        mig_fail(&err, MIG_ERR_CONFIG, "%s", cli->app->config->warnings[i]);
        add(ret, "configuration", &err);
    }
    for (size_t i = 0; i < files->count; i++)
        add(ret, "migrations", &files->items[i]);
    if (catalog && catalog->sum_problem) {
        mig_fail(&err, MIG_ERR_INTEGRITY, "migtui.sum: %s", catalog->sum_problem);
        mig_hint(&err, "when the folder is as it should be: migtui verify-dir --write");
        add(ret, "migrations", &err);
    }
    const char *dir = cli->host->state_dir;
    if (access(dir, F_OK) == 0 && access(dir, W_OK | X_OK) != 0) {
        mig_fail(&err, MIG_ERR_IO, "%s, where journals of runs are kept, cannot be written", dir);
        mig_hint(&err, "make it yours, or set XDG_STATE_HOME");
        add(ret, "host", &err);
    }
}

/* What a look leaves out: who we are there, and whether we may see our own operations. */
static void probe(struct mig_app *app, struct mig_look *look, struct problems *ret)
{
    struct mig_error err = { 0 };
    struct mig_store *store;
    bool ok = app->open_store(app->ports_ctx, look->env, "", &store, &err);
    if (ok) {
        ok = mig_server_probe_operations(store, &look->server, &err) &&
             mig_server_probe_user(store, look->env->database, &look->server, &err);
        store->ops->close(store);
    }
    if (!ok)
        add(ret, look->env->name, &err);
}

static void check_environment(struct mig_app *app, struct mig_look *look, struct problems *ret)
{
    struct mig_error err = { 0 };
    if (!look->reachable) {
        add(ret, look->env->name, &look->error);
        return;
    }
    probe(app, look, ret);
    int64_t skew = look->server.skew_ms < 0 ? -look->server.skew_ms : look->server.skew_ms;
    if (skew > SKEW_MAX_MS) {
        mig_fail(&err, MIG_ERR_FAILED, "the server's clock and this host's are %" PRId64 " s apart",
                 skew / 1000);
        mig_hint(&err, "runs go by the server's clock and are safe; the times shown here are off: check NTP");
        add(ret, look->env->name, &err);
    }
    if (look->env->is_protected && !look->server.majority_reads) {
        mig_fail(&err, MIG_ERR_FAILED, "this protected environment's server has no majority reads");
        mig_hint(&err, "after a failover a record could be read that is then rolled back: use a replica set");
        add(ret, look->env->name, &err);
    }
}

/* A gate that wants backups by a method that cannot be had here would close at the worst moment. */
static void check_backups(const struct cfg_environment *env, const struct mig_backup_here *here,
                          struct problems *ret)
{
    struct mig_error err = { 0 };
    if (!env->has_gate || !env->gate.has_backup)
        return;
    if (env->gate.backup.method == CFG_BACKUP_MONGODUMP && !here->mongodump) {
        mig_fail(&err, MIG_ERR_BACKUP, "its gate wants backups by mongodump, which is not on PATH here");
        mig_hint(
            &err,
            "install MongoDB's database tools, or set gate.backup.method to archive, which needs nothing");
        add(ret, env->name, &err);
    }
    if (env->gate.backup.method == CFG_BACKUP_ATLAS) {
        mig_fail(&err, MIG_ERR_BACKUP, "its gate wants snapshots of Atlas, which this version cannot take");
        mig_hint(&err, "set gate.backup.method to archive");
        add(ret, env->name, &err);
    }
}

/* Two environments on one database would undo each other's truth. */
static void check_distinct(const struct mig_looks *looks, struct problems *ret)
{
    for (size_t i = 0; i < looks->count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct mig_look *a = &looks->items[k];
            const struct mig_look *b = &looks->items[i];
            if (!a->reachable || !b->reachable || strcmp(a->env->database, b->env->database) != 0)
                continue;
            bool same_set = a->server.set_id[0] && strcmp(a->server.set_id, b->server.set_id) == 0;
            if (!same_set && strcmp(a->server.primary, b->server.primary) != 0)
                continue;
            struct mig_error err = { 0 };
            mig_fail(&err, MIG_ERR_WRONG_SERVER, "it is the same database as %s: %s on %s", a->env->name,
                     b->env->database, b->server.primary);
            mig_hint(&err, "give each environment a database of its own in migtui.yaml");
            add(ret, b->env->name, &err);
        }
    }
}

/* ---- text ---- */

static void environment_text(const struct mig_look *look, const struct cli_style *style, struct mig_buf *out)
{
    const struct mig_server *server = &look->server;
    cli_ink(out, style, CLI_HEAD, look->env->name);
    if (!look->reachable) {
        mig_buf_str(out, ": ");
        cli_ink(out, style, CLI_BAD, look->env->disabled_reason ? "disabled" : "unreachable");
        mig_buf_char(out, '\n');
        return;
    }
    mig_buf_printf(out, ": server %s, %s%s%s at %s\n", server->version, mig_topology_name(server->topology),
                   server->set_name[0] ? " " : "", server->set_name, server->primary);
    mig_buf_printf(out, "  user      %s", server->db_user[0] ? server->db_user : "none (no authentication)");
    if (server->may_only_read)
        mig_buf_printf(out, ", may only read %s: nothing can be run there", look->env->database);
    mig_buf_char(out, '\n');
    mig_buf_printf(out, "  clock     %+" PRId64 " ms against this host\n", server->skew_ms);
    mig_buf_printf(out, "  look      %" PRId64 " ms\n", look->took_ms);
    const char *label[] = { "  can      ", "  cannot   " };
    for (int no = 0; no < 2; no++) {
        bool any = false;
        for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++) {
            if (can(server, i) == (no == 1))
                continue;
            mig_buf_printf(out, "%s %s", any ? "," : label[no], capabilities[i].name);
            any = true;
        }
        mig_buf_str(out, any ? "\n" : "");
    }
}

static void backups_text(const struct mig_backup_here *here, struct mig_buf *out)
{
    mig_buf_str(out, "backups: by archive (built in)");
    if (here->mongodump)
        mig_buf_printf(out, ", by mongodump (%s)", here->version[0] ? here->version : "of no version");
    else
        mig_buf_str(out, "; mongodump is not on PATH");
    mig_buf_printf(out, "; in %s", here->place);
    if (here->space >= 0) {
        mig_buf_str(out, ", ");
        mig_text_size(out, here->space);
        mig_buf_str(out, " free");
    }
    mig_buf_char(out, '\n');
}

static void tell_text(struct cli *cli, const struct mig_looks *looks, size_t files,
                      const struct mig_backup_here *here, const struct problems *problems)
{
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&out, TEXT_MAX);
    if (!cli->quiet) {
        mig_buf_printf(&out, "configuration: %s\nmigrations: ", cli->app->config->file);
        mig_text_count(&out, files, "migration");
        mig_buf_printf(&out, " in %s\n", cli->app->config->migrations);
        backups_text(here, &out);
        for (size_t i = 0; i < looks->count; i++)
            environment_text(&looks->items[i], &cli->out, &out);
    }
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        mig_buf_str(&out, i == 0 && !cli->quiet ? "\n" : "");
        cli_ink(&out, &cli->out, CLI_BAD, "problem:");
        mig_buf_printf(&out, " %s: %s\n", problem->where, problem->error.message);
        for (const char *line = problem->error.hint; *line;) {
            size_t len = strcspn(line, "\n");
            mig_buf_printf(&out, "    next: %.*s\n", (int)len, line);
            line += len + (line[len] == '\n');
        }
    }
    if (problems->count == 0 && !cli->quiet)
        mig_buf_str(&out, "\nno problem found\n");
    cli_out(cli, &out);
}

/* ---- document ---- */

static void append_server(const struct mig_server *server, bson_t *doc)
{
    bson_t sub, list;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "server", &sub);
    BSON_APPEND_UTF8(&sub, "version", server->version);
    BSON_APPEND_UTF8(&sub, "topology", mig_topology_name(server->topology));
    BSON_APPEND_UTF8(&sub, "setName", server->set_name);
    BSON_APPEND_UTF8(&sub, "primary", server->primary);
    BSON_APPEND_UTF8(&sub, "user", server->db_user);
    BSON_APPEND_BOOL(&sub, "mayOnlyRead", server->may_only_read);
    BSON_APPEND_INT64(&sub, "skewMs", server->skew_ms);
    BSON_APPEND_DOCUMENT_BEGIN(&sub, "can", &list);
    for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++)
        bson_append_bool(&list, capabilities[i].name, -1, can(server, i));
    bson_append_document_end(&sub, &list);
    bson_append_document_end(doc, &sub);
}

static void append_backups(const struct mig_backup_here *here, bson_t *doc)
{
    bson_t sub, methods;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "backups", &sub);
    BSON_APPEND_ARRAY_BEGIN(&sub, "methods", &methods);
    BSON_APPEND_UTF8(&methods, "0", "archive");
    BSON_APPEND_UTF8(&methods, "1", "exec");
    if (here->mongodump)
        BSON_APPEND_UTF8(&methods, "2", "mongodump");
    bson_append_array_end(&sub, &methods);
    if (here->mongodump)
        BSON_APPEND_UTF8(&sub, "mongodump", here->version);
    else
        BSON_APPEND_NULL(&sub, "mongodump");
    BSON_APPEND_UTF8(&sub, "place", here->place);
    BSON_APPEND_INT64(&sub, "free", here->space);
    bson_append_document_end(doc, &sub);
}

static void tell_document(struct cli *cli, const struct mig_looks *looks, const struct mig_backup_here *here,
                          const struct problems *problems)
{
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    bson_t list, item;
    char buffer[16];
    const char *key;
    BSON_APPEND_BOOL(&doc, "ok", problems->count == 0);
    BSON_APPEND_ARRAY_BEGIN(&doc, "environments", &list);
    for (size_t i = 0; i < looks->count; i++) {
        const struct mig_look *look = &looks->items[i];
        size_t len = bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof buffer);
        bson_append_document_begin(&list, key, (int)len, &item);
        BSON_APPEND_UTF8(&item, "name", look->env->name);
        BSON_APPEND_BOOL(&item, "reachable", look->reachable);
        if (look->reachable)
            append_server(&look->server, &item);
        else
            BSON_APPEND_NULL(&item, "server");
        BSON_APPEND_INT64(&item, "tookMs", look->took_ms);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(&doc, &list);
    append_backups(here, &doc);
    BSON_APPEND_ARRAY_BEGIN(&doc, "problems", &list);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        size_t len = bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof buffer);
        bson_append_document_begin(&list, key, (int)len, &item);
        BSON_APPEND_UTF8(&item, "where", problem->where);
        BSON_APPEND_UTF8(&item, "name", mig_error_name(problem->error.code));
        BSON_APPEND_UTF8(&item, "message", problem->error.message);
        BSON_APPEND_UTF8(&item, "hint", problem->error.hint);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(&doc, &list);
    cli_out_document(cli, &doc);
}

int cli_doctor(struct cli *cli, struct mig_error *err)
{
    const struct cfg_environment **envs MIG_AUTOFREE = NULL;
    size_t count;
    if (!cli_environments(cli, &envs, &count, err))
        return CLI_FAILED;
    struct mig_catalog *catalog = NULL;
    struct mig_problems files = { 0 };
    struct problems problems = { 0 };
    struct mig_error unread = { 0 };
    if (!cli->app->read_catalog(cli->app->ports_ctx, MIG_CATALOG_NO_BODIES, &catalog, &files, &unread)) {
        add(&problems, "migrations", &unread);
        catalog = mig_alloc(sizeof *catalog);
    }
    struct mig_looks looks;
    mig_looks_take(cli->app, envs, count, catalog, &looks);
    check_project(cli, catalog, &files, &problems);
    for (size_t i = 0; i < looks.count; i++)
        check_environment(cli->app, &looks.items[i], &problems);
    check_distinct(&looks, &problems);
    struct mig_backup_here here;
    mig_backup_here(cli->app, &here);
    for (size_t i = 0; i < count; i++)
        check_backups(envs[i], &here, &problems);
    if (cli->format == CLI_TEXT)
        tell_text(cli, &looks, catalog->count, &here, &problems);
    else
        tell_document(cli, &looks, &here, &problems);
    int status = problems.count ? 1 : 0;
    free(problems.items);
    mig_problems_done(&files);
    mig_looks_done(&looks);
    mig_catalog_free(catalog);
    return status;
}
