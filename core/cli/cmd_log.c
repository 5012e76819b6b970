/* cmd_log.c - log, attach, stop: runs that are under way or over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/backup.h"
#include "app/look.h"
#include "app/recover.h"
#include "app/runs.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/flag.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/gather.h"
#include "cli/out_events.h"
#include "cli/out_json.h"

#define LINE_MAX_BYTES (17UL * 1024 * 1024)

/* Which run is meant, and where it may be looked for. */
struct target {
    char run[MIG_ULID_SIZE];
    const struct cfg_environment **envs; /* owned list */
    size_t count;
};

/* A backup, restore or drill holds no lock: one that is at work is known by its record. */
static bool find_recorded(struct cli *cli, struct target *target, cli_list_fn list, const char *id,
                          const char *state)
{
    struct cli_docs docs = { 0 };
    struct mig_error ignored;
    bool found = false;
    (void)cli_gather(cli, target->envs, target->count, list, 5, &docs, &ignored);
    for (size_t i = 0; i < docs.count && !found; i++) {
        const char *name = mig_doc_str(docs.items[i], "environment", "");
        found = strcmp(mig_doc_str(docs.items[i], state, ""), "running") == 0;
        for (size_t k = 0; found && k < target->count; k++) {
            if (strcmp(target->envs[k]->name, name) == 0)
                target->envs[0] = target->envs[k];
        }
        if (found)
            snprintf(target->run, sizeof target->run, "%s", mig_doc_str(docs.items[i], id, ""));
    }
    cli_docs_done(&docs);
    return found;
}

/* Runs whose lock is alive: on the given environments, at most one is wanted. */
static bool find_alive(struct cli *cli, struct target *target, struct mig_error *err)
{
    struct mig_catalog *catalog = NULL;
    if (!cli_catalog(cli, MIG_CATALOG_NO_BODIES, false, &catalog, err))
        return false;
    struct mig_looks looks;
    mig_looks_take(cli->app, target->envs, target->count, catalog, &looks);
    size_t found = 0;
    const struct mig_look *failed = NULL;
    for (size_t i = 0; i < looks.count; i++) {
        const struct mig_look *look = &looks.items[i];
        if (!look->reachable) {
            failed = look;
            continue;
        }
        const struct mig_lock *lock = &look->history->lock;
        if (!mig_lock_alive(lock))
            continue;
        if (found++ == 0) {
            memcpy(target->run, lock->run, sizeof target->run);
            target->envs[0] = look->env;
        } else {
            mig_fail(err, MIG_ERR_USAGE, "more than one run is under way: %s on %s, %s on %s", target->run,
                     target->envs[0]->name, lock->run, look->env->name);
            mig_hint(err, "say which: --env NAME, or its id");
        }
    }
    if (found == 0 && (find_recorded(cli, target, mig_backup_list, "backup", "state") ||
                       find_recorded(cli, target, mig_runs_list, "run", "status")))
        found = 1;
    else if (found == 0 && failed)
        *err = failed->error;
    else if (found == 0) {
        mig_fail(err, MIG_ERR_FAILED, "no run is under way%s%s", target->count == 1 ? " on " : "",
                 target->count == 1 ? target->envs[0]->name : "");
        mig_hint(err, "those that are over: migtui runs");
    }
    target->count = 1;
    mig_looks_done(&looks);
    mig_catalog_free(catalog);
    return found == 1;
}

/* The newest run of the environments. */
static bool find_newest(struct cli *cli, struct target *target, struct mig_error *err)
{
    struct cli_docs docs = { 0 };
    int status = cli_gather(cli, target->envs, target->count, mig_runs_list, 1, &docs, err);
    bool found = status != CLI_FAILED && docs.count > 0;
    if (found) {
        snprintf(target->run, sizeof target->run, "%s", mig_doc_str(docs.items[0], "run", ""));
        const char *name = mig_doc_str(docs.items[0], "environment", "");
        for (size_t i = 0; i < target->count; i++) {
            if (strcmp(target->envs[i]->name, name) == 0)
                target->envs[0] = target->envs[i];
        }
        target->count = 1;
    } else if (status != CLI_FAILED) {
        mig_fail(err, MIG_ERR_FAILED, "there is no run yet");
        mig_hint(err, "migtui apply starts one");
    }
    cli_docs_done(&docs);
    return found;
}

static bool find_target(struct cli *cli, bool alive, struct target *ret, struct mig_error *err)
{
    *ret = (struct target){ 0 };
    if (!cli_environments(cli, &ret->envs, &ret->count, err))
        return false;
    if (cli->line->argument_count == 0)
        return alive ? find_alive(cli, ret, err) : find_newest(cli, ret, err);
    const char *run = cli->line->arguments[0];
    if (!mig_ulid_valid(run)) {
        char *safe MIG_AUTOFREE = mig_text_safe_dup(run, 60);
        mig_fail(err, MIG_ERR_USAGE, "'%s' is no id of a run", safe);
        return mig_hint(err, "migtui runs lists them");
    }
    snprintf(ret->run, sizeof ret->run, "%s", run);
    return true;
}

/* ---- telling events ---- */

struct teller {
    struct cli *cli;
    struct out_events text;
    bson_t events; /* array, for --format json */
    uint32_t count;
};

static void write_out(void *ctx, const char *bytes, size_t len)
{
    struct cli *cli = ctx;
    if (cli->format == CLI_TEXT)
        cli_write(STDOUT_FILENO, bytes, len);
}

static void on_event(const bson_t *event, void *ctx)
{
    struct teller *teller = ctx;
    out_events_feed(&teller->text, event); /* in every format: it knows how the run ended */
    if (teller->cli->format == CLI_NDJSON) {
        struct mig_buf line MIG_AUTOBUF;
        mig_buf_init(&line, LINE_MAX_BYTES);
        cli_json_line(event, &line);
        mig_buf_char(&line, '\n');
        cli_out(teller->cli, &line);
    } else if (teller->cli->format == CLI_JSON) {
        char buffer[16];
        const char *key;
        size_t len = bson_uint32_to_string(teller->count, &key, buffer, sizeof buffer);
        bson_append_document(&teller->events, key, (int)len, event);
    }
    teller->count++;
}

/* The run's events from wherever they are: each environment is asked until one has some. */
static bool feed(struct teller *teller, const struct target *target, bool follow, struct mig_error *err)
{
    struct cli *cli = teller->cli;
    bool ok = false;
    for (size_t i = 0; i < target->count && !ok && teller->count == 0; i++) {
        struct mig_error failed = { 0 };
        ok = mig_log_feed(cli->app, target->envs[i], target->run, follow, cli_signals_stop(cli->signals),
                          on_event, teller, &failed) &&
             (teller->count > 0 || mig_flag_is_set(cli_signals_stop(cli->signals)));
        if (!ok && (i == 0 || failed.code != MIG_OK))
            *err = failed;
    }
    if (!ok && err->code == MIG_OK) {
        mig_fail(err, MIG_ERR_FAILED, "no events of run %s were found", target->run);
        mig_hint(err, "migtui runs lists the runs that are known");
    }
    return ok;
}

static int show(struct cli *cli, bool alive, bool follow, struct mig_error *err)
{
    struct target target;
    struct teller teller = { .cli = cli };
    bson_init(&teller.events);
    out_events_init(&teller.text, &cli->out, write_out, cli);
    teller.text.with_start = true;
    teller.text.with_error = true;
    if (follow)
        cli_signals_mode(cli->signals, CLI_MODE_FOLLOW);
    bool ok = find_target(cli, alive, &target, err) && feed(&teller, &target, follow, err);
    out_events_break(&teller.text);
    if (ok && cli->format == CLI_JSON) {
        bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
        BSON_APPEND_UTF8(&doc, "run", target.run);
        BSON_APPEND_ARRAY(&doc, "events", &teller.events);
        cli_out_document(cli, &doc);
    }
    free(target.envs);
    bson_destroy(&teller.events);
    if (!ok)
        return CLI_FAILED;
    if (cli_signals_seen(cli->signals) && !teller.text.finished) {
        cli_say(cli, "\nleft; the run goes on: migtui attach %s", target.run);
        return mig_error_exit(MIG_ERR_INTERRUPTED);
    }
    return alive ? teller.text.exit_status : 0;
}

int cli_log(struct cli *cli, struct mig_error *err)
{
    return show(cli, false, mig_cmdline_has(cli->line, MIG_OPT_FOLLOW), err);
}

int cli_attach(struct cli *cli, struct mig_error *err)
{
    return show(cli, true, true, err);
}

int cli_stop(struct cli *cli, struct mig_error *err)
{
    struct target target;
    const struct cfg_environment *env = cli_environment(cli, err);
    if (!env)
        return CLI_FAILED;
    bool ok = find_target(cli, true, &target, err);
    ok = ok && mig_stop_request(cli->app, env, target.run, cli->app->operator_name, err);
    free(target.envs);
    if (!ok)
        return CLI_FAILED;
    if (cli->format == CLI_TEXT) {
        cli_say(cli, "asked run %s on %s to stop; watch it: migtui attach %s", target.run, env->name,
                target.run);
        return 0;
    }
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "run", target.run);
    BSON_APPEND_UTF8(&doc, "environment", env->name);
    BSON_APPEND_BOOL(&doc, "stopRequested", true);
    cli_out_document(cli, &doc);
    return 0;
}
