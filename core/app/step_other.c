/* step_other.c - what does not happen in the database: programs of this host, and people. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/step_kinds.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"

/* How late an operator's stop may reach a program. */
#define WATCH_MS 50

#define TIMEOUT_S 3600

/* ---- exec ---- */

/* One program at work. */
struct exec {
    const struct mig_step_context *ctx;
    int64_t lines;
    char last[400]; /* the last line that says something, for the error */
    int64_t deadline_ms;
    bool stop; /* read by spawn; set by the watch, as is expired */
    bool expired;
    atomic_bool done;
};

static void on_line(const char *line, void *context)
{
    struct exec *exec = context;
    exec->lines++;
    if (line[strspn(line, " \t\r\n")]) {
        MIG_AUTOFREE char *safe = mig_text_safe_dup(line, 150);
        snprintf(exec->last, sizeof exec->last, "%s", safe);
        mig_utf8_trim(exec->last);
    }
    if (exec->ctx->line)
        exec->ctx->line(exec->ctx->progress_ctx, line);
}

/* Beside spawn: passes the operator's stop on, and stops the program at its deadline. */
static void watch(void *context)
{
    struct exec *exec = context;
    struct mig_host *host = exec->ctx->host;
    bool stop = false;
    while (!stop && !atomic_load(&exec->done)) {
        int64_t now_ms = host->ops->mono_ms(host);
        exec->expired = now_ms >= exec->deadline_ms;
        stop = exec->expired || (exec->ctx->stop && __atomic_load_n(exec->ctx->stop, __ATOMIC_RELAXED));
        __atomic_store_n(&exec->stop, stop, __ATOMIC_RELAXED);
        int64_t next_ms = now_ms + WATCH_MS;
        if (!stop)
            host->ops->sleep_until(host, next_ms < exec->deadline_ms ? next_ms : exec->deadline_ms, exec);
    }
}

static bool spawn(struct exec *exec, const char *const *argv, const char *const *env, int *ret_status,
                  struct mig_error *err)
{
    const struct mig_step_context *ctx = exec->ctx;
    struct mig_host *host = ctx->host;
    struct mig_task *task;
    if (!host->ops->task_start(host, watch, exec, &task, err))
        return false;
    bool ok = host->ops->spawn(host, argv, env, ctx->project_dir, on_line, exec, &exec->stop, NULL,
                               ret_status, err);
    atomic_store(&exec->done, true);
    host->ops->wake(host, exec);
    host->ops->task_join(host, task);
    return ok;
}

/* Strings of our own, NULL-terminated. */
struct words {
    char **all;
    size_t count, room;
};

static void add_word(struct words *words, char *take_word)
{
    words->all = mig_grow(words->all, words->count + 1, &words->room, sizeof *words->all);
    words->all[words->count++] = take_word;
    words->all[words->count] = NULL;
}

static void words_done(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->all[i]);
    free(words->all);
}

/* The program and its arguments. */
static void argv_of(const struct mig_step *step, struct words *ret)
{
    bson_t run;
    bson_iter_t iter;
    bool ok = mig_doc_sub(step->body, "run", &run) && bson_iter_init(&iter, &run);
    while (ok && bson_iter_next(&iter)) {
        if (BSON_ITER_HOLDS_UTF8(&iter))
            add_word(ret, mig_strdup(bson_iter_utf8(&iter, NULL)));
    }
}

/* migtui's variables first: of two with one name programs see the first, and no step shall pass for another
 * run. */
static void env_of(const struct step_work *work, struct words *ret)
{
    bson_t env;
    bson_iter_t iter;
    for (const char *const *each = work->ctx->env; each && *each; each++)
        add_word(ret, mig_strdup(*each));
    bool ok = mig_doc_sub(work->step->body, "env", &env) && bson_iter_init(&iter, &env);
    while (ok && bson_iter_next(&iter)) {
        if (BSON_ITER_HOLDS_UTF8(&iter))
            add_word(ret, mig_printf("%s=%s", bson_iter_key(&iter), bson_iter_utf8(&iter, NULL)));
    }
}

static enum mig_step_end exec_end(struct step_work *work, const struct exec *exec, const char *program,
                                  int status)
{
    if (exec->expired) {
        mig_fail(work->err, MIG_ERR_TIMEOUT, "%s ran into its timeoutS and was stopped", program);
        return MIG_STEP_END_FAILED;
    }
    if (status == 0)
        return MIG_STEP_END_DONE;
    if (work->ctx->stop && __atomic_load_n(work->ctx->stop, __ATOMIC_RELAXED))
        mig_fail(work->err, MIG_ERR_CANCELLED, "%s was stopped on request", program);
    else if (status > 128)
        step_failed(work, "%s was killed by signal %d%s%s", program, status - 128, *exec->last ? ": " : "",
                    exec->last);
    else
        step_failed(work, "%s exited with status %d%s%s", program, status, *exec->last ? ": " : "",
                    exec->last);
    return MIG_STEP_END_FAILED;
}

static enum mig_step_end exec_execute(struct step_work *work)
{
    MIG_CLEANUP(words_done) struct words argv = { 0 };
    MIG_CLEANUP(words_done) struct words env = { 0 };
    struct exec exec = { .ctx = work->ctx };
    struct mig_host *host = work->ctx->host;
    int status = -1;
    argv_of(work->step, &argv);
    env_of(work, &env);
    if (argv.count == 0)
        return step_failed(work, "step %s: exec needs \"run\", a list of words", work->step->id);
    exec.deadline_ms = host->ops->mono_ms(host) + mig_doc_int(work->step->body, "timeoutS", TIMEOUT_S) * 1000;
    bool ran = spawn(&exec, (const char *const *)argv.all, (const char *const *)env.all, &status, work->err);
    BSON_APPEND_INT32(work->result, "status", status);
    BSON_APPEND_INT64(work->result, "lines", exec.lines);
    MIG_AUTOFREE char *program = mig_text_safe_dup(argv.all[0], 80);
    if (ran)
        return exec_end(work, &exec, program, status);
    mig_context(work->err, "%s", program);
    return MIG_STEP_END_FAILED;
}

static enum mig_probe exec_probe(struct step_work *work)
{
    return step_probe_by_verify(work, false);
}

/* ---- manual ---- */

static enum mig_step_end manual_execute(struct step_work *work)
{
    if (work->ctx->assume_yes)
        return MIG_STEP_END_DONE;
    MIG_AUTOFREE char *text = mig_text_safe_dup(mig_doc_str(work->step->body, "text", ""), 600);
    mig_fail(work->err, MIG_ERR_PENDING, "waits for a person: %s", text);
    mig_hint(work->err, "when it is done: migtui resume --confirm %s", work->step->id);
    return MIG_STEP_END_FAILED;
}

static enum mig_probe manual_probe(struct step_work *work)
{
    return step_seen(work, MIG_PROBE_NOT_DONE,
                     "only a person knows; resume --confirm %s says that it is done", work->step->id);
}

/* ---- rows ---- */

const struct step_kind step_kind_exec = {
    .execute = exec_execute,
    .probe = exec_probe,
};
const struct step_kind step_kind_manual = {
    .execute = manual_execute,
    .probe = manual_probe,
};
