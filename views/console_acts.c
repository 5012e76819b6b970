/* console_acts.c - acts under way: started, told when they are over, and not forgotten at the end of the console. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "base/id.h"
#include "base/mem.h"
#include "views/console_private.h"

#define SETTLE_POLL_MS 5

/* What `audit` said; false: it was another command, or said nothing. */
static bool tell_audit(struct console *console, const struct console_running_act *running,
                       const struct mig_act_result *result)
{
    const bson_t *doc = result->document;
    const char *env = running->env ? running->env->name : "";
    struct mig_error err = { 0 };
    if (strncmp(running->name, "audit", 5) != 0)
        return false;
    if (doc && mig_doc_find(doc, "whole", &(bson_iter_t){ 0 })) {
        long long entries = (long long)mig_doc_int(doc, "entries", 0);
        long long anchors = (long long)mig_doc_int(doc, "anchors", 0);
        if (mig_doc_bool(doc, "whole", false)) {
            console_say(console,
                        "%s: the audit holds: %lld entr%s, head %.8s, %lld anchor%s of this host agree%s",
                        env, entries, entries == 1 ? "y" : "ies", mig_doc_str(doc, "head", ""), anchors,
                        anchors == 1 ? "" : "s", anchors == 1 ? "s" : "");
            return true;
        }
        mig_fail(&err, MIG_ERR_INTEGRITY, "the audit was tampered with, or lost a part: %.300s",
                 mig_doc_str(doc, "fault", "?"));
        mig_hint(&err, "keep what is there: migtui audit export --env %s --out FILE", env);
        console_fail(console, env, &err);
        return true;
    }
    if (result->error.code != MIG_OK || !result->said)
        return false;
    console_say(console, "%s", result->said);
    return true;
}

void console_audit(struct console *console, const struct mig_cmdline *line)
{
    struct mig_error err = { 0 };
    const char *named = mig_cmdline_value(line, MIG_OPT_ENV);
    const struct cfg_environment *env =
        named ? mig_app_environment(console->options.app, named, &err) : console_env(console);
    const char *out = mig_cmdline_value(line, MIG_OPT_OUT);
    bool exports = strcmp(line->arguments[0], "export") == 0;
    if (!env && err.code == MIG_OK)
        mig_fail(&err, MIG_ERR_USAGE, "which environment? --env NAME");
    if (env && (line->argument_count > 1 || (exports && !out)))
        mig_fail(&err, MIG_ERR_USAGE, "%s",
                 exports ? "where to? audit export --out FILE"
                         : "a file is verified in a shell: migtui audit verify FILE");
    if (err.code != MIG_OK) {
        console_fail(console, "audit", &err);
        return;
    }
    char *words[] = { mig_strdup("audit"), mig_strdup(line->arguments[0]), mig_printf("--env=%s", env->name),
                      exports ? mig_printf("--out=%s", out) : NULL, NULL };
    console_act_start(console, env, exports ? "audit export" : "audit verify", (const char *const *)words);
    for (size_t i = 0; i < 4; i++)
        free(words[i]);
}

static void act_is_over(struct console *console, const struct console_running_act *running)
{
    const struct mig_act_result *result = mig_act_result(running->act);
    const char *where = running->env ? running->env->name : "";
    const char *run = result->document ? mig_doc_str(result->document, "run", "") : "";
    mig_watch_refresh(console->watch, running->env);
    if (tell_audit(console, running, result))
        return;
    if (result->error.code != MIG_OK) {
        console_fail(console, where, &result->error);
        return;
    }
    if (result->waits) {
        const char *request = result->document ? mig_doc_str(result->document, "request", "") : "";
        if (request[0])
            console_say(console, "%s: nothing has run; request %s waits for approval", where, request);
        else
            console_say(console, "%s: nothing has run; %s", where, result->said ? result->said : "it waits");
        return;
    }
    if (mig_ulid_valid(run) && running->env && strcmp(running->name, "stop") != 0) {
        char *words[] = { (char[]){ "--run" }, mig_strdup(run), (char[]){ "--env" },
                          mig_strdup(running->env->name) };
        console_say(console, "%s on %s has begun: run %s", running->name, running->env->name, run);
        if (view_class_find("log"))
            console_open(console, "log", 4, words);
        free(words[1]);
        free(words[3]);
        return;
    }
    if (strcmp(running->name, "stop") == 0)
        console_say(console, "stop on %s: it was asked to, and ends as soon as it can", where);
    else
        console_say(console, "%s on %s: done", running->name, where);
}

void console_acts_take(struct console *console)
{
    for (size_t i = 0; i < console->act_count;) {
        struct console_running_act running = console->acts[i];
        if (!mig_act_result(running.act)) {
            i++;
            continue;
        }
        console->act_count--;
        memmove(&console->acts[i], &console->acts[i + 1], (console->act_count - i) * sizeof running);
        act_is_over(console, &running);
        mig_act_free(running.act);
    }
}

void console_act_start(struct console *console, const struct cfg_environment *env, const char *name,
                       const char *const *words)
{
    struct mig_error err = { 0 };
    const char *all[CONSOLE_WORDS_MAX + 16] = { NULL };
    size_t count = 0;
    for (size_t i = 0; console->options.globals && console->options.globals[i] && count < 14; i++)
        all[count++] = console->options.globals[i];
    for (size_t i = 0; words[i] && count < CONSOLE_WORDS_MAX + 14; i++)
        all[count++] = words[i];
    if (console->act_count == CONSOLE_ACTS) {
        mig_fail(&err, MIG_ERR_LIMIT, "%d acts are being started already", CONSOLE_ACTS);
        console_fail(console, name, &err);
        return;
    }
    struct mig_act *act =
        mig_act_start(console->host, all, console->options.changed, console->options.changed_ctx, &err);
    if (!act) {
        console_fail(console, name, &err);
        return;
    }
    struct console_running_act *running = &console->acts[console->act_count++];
    *running = (struct console_running_act){ .act = act, .env = env };
    snprintf(running->name, sizeof running->name, "%s", name);
    console_say(console, "%s on %s: starting", name, env ? env->name : "?");
}

/* ---- the end ---- */

static bool is_begun(const struct console_running_act *running)
{
    return mig_act_started(running->act) || mig_act_result(running->act);
}

static bool is_settled(const struct console *console)
{
    bool settled = console->confirm.state == CONFIRM_NONE;
    for (size_t i = 0; i < console->act_count; i++)
        settled = settled && is_begun(&console->acts[i]);
    return settled;
}

/* What was confirmed, and has not begun although it was waited for. */
static void name_the_lost(struct console *console)
{
    struct mig_error err = { 0 };
    const struct console_confirm *confirm = &console->confirm;
    if (confirm->state != CONFIRM_NONE) {
        mig_fail(
            &err, MIG_ERR_TIMEOUT,
            "%s on %s was confirmed, but what it was about could not be checked in time: nothing was run",
            confirm->verb, confirm->env->name);
        console_confirm_close(console);
        console_fail(console, "", &err);
    }
    for (size_t i = 0; i < console->act_count; i++) {
        if (is_begun(&console->acts[i]))
            continue;
        mig_fail(&err, MIG_ERR_UNKNOWN_OUTCOME,
                 "%s was confirmed, but its process was not seen to start: look before you do it again",
                 mig_act_line(console->acts[i].act));
        console_fail(console, "", &err);
    }
}

bool console_settle(struct console *console, int64_t max_ms, struct mig_error *err)
{
    struct mig_buf failed MIG_AUTOBUF;
    struct mig_host *host = console->host;
    int64_t until = console_now(console) + max_ms;
    mig_buf_init(&failed, 4096);
    console->options.terminal = (struct console_terminal){ 0 }; /* it was given back */
    console->at_end = &failed;
    if (console->confirm.state != CONFIRM_CHECKING) /* nothing was confirmed */
        console_confirm_close(console);
    console_news(console);
    while (!is_settled(console) && console_now(console) < until) {
        host->ops->sleep_until(host, console_now(console) + SETTLE_POLL_MS, console);
        console_news(console);
    }
    name_the_lost(console);
    console->at_end = NULL;
    if (failed.len == 0)
        return true;
    if (host->ops->note)
        host->ops->note(host, failed.text);
    mig_fail(err, MIG_ERR_FAILED, "%s", failed.text);
    return mig_hint(err, "what has run: migtui runs, migtui audit list");
}
