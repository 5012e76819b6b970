/* cmd_recover.c - recover and mark: what to do about a migration that is neither here nor there. */
#include <stdlib.h>
#include <string.h>

#include "app/recover.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/run_job.h"

#define TEXT_MAX (4UL * 1024 * 1024)

/* ---- the page ---- */

static const char *probe_words(enum mig_probe probe)
{
    switch (probe) {
    case MIG_PROBE_DONE: return "the step took effect, wholly";
    case MIG_PROBE_NOT_DONE: return "the step took no effect, or may run again without harm";
    case MIG_PROBE_IN_PROGRESS: return "the server is still at it";
    case MIG_PROBE_UNCLEAR: break;
    }
    return "the database cannot tell whether the step took effect: a person must look";
}

/* One way out: the command, and what it does. The first has the label before it. */
static void move_text(struct cli_table *table, bool *first, char *take_command, const char *what)
{
    cli_table_cell(table, CLI_ASIDE, *first ? "Next" : "");
    cli_table_cell(table, CLI_PLAIN, take_command);
    cli_table_cell(table, CLI_ASIDE, what);
    *first = false;
    free(take_command);
}

static void moves_text(const struct mig_recovery *recovery, const char *env, const struct cli_style *style,
                       struct mig_buf *out)
{
    struct cli_style wide = *style;
    wide.columns = 0; /* a command that is cut is of no use */
    struct cli_table *table = cli_table_new(&wide, 3);
    bool first = true;
    if (recovery->can_resume)
        move_text(table, &first, mig_printf("migtui resume --env %s", env), "goes on at this step");
    if (recovery->can_undo)
        move_text(table, &first, mig_printf("migtui recover %s --env %s --undo", recovery->version, env),
                  "takes the finished steps back");
    if (recovery->can_mark_applied)
        move_text(table, &first,
                  mig_printf("migtui mark %s applied --env %s --reason TEXT", recovery->version, env),
                  "when you finished it by hand");
    if (recovery->can_mark_pending)
        move_text(table, &first,
                  mig_printf("migtui mark %s pending --env %s --reason TEXT", recovery->version, env),
                  "when you took it back by hand");
    cli_table_print(table, 2, out);
    cli_table_free(table);
}

static void line_text(struct mig_buf *out, const char *label, const char *text)
{
    if (text && text[0])
        mig_buf_printf(out, "  %-10s%s\n", label, text);
}

static void recovery_text(const struct mig_recovery *recovery, const char *env, const struct cli_style *style,
                          struct mig_buf *out)
{
    cli_ink(out, style, CLI_HEAD, env);
    mig_buf_printf(out, ": %s ", recovery->version);
    cli_ink(out, style, cli_state_ink(recovery->state), mig_state_word(recovery->state));
    if (recovery->step)
        mig_buf_printf(out, " at step %s", recovery->step);
    mig_buf_printf(out, "%s\n\n", strcmp(recovery->direction, "down") == 0 ? ", on the way back" : "");
    line_text(out, "Done", recovery->last_done ? recovery->last_done : "no step yet");
    line_text(out, "Then", recovery->error);
    line_text(out, "Now", recovery->evidence);
    line_text(out, "So", probe_words(recovery->probe));
    if (!recovery->can_resume)
        line_text(out, "Resume", recovery->why_not_resume);
    if (!recovery->can_undo)
        line_text(out, "Undo", recovery->why_not_undo);
    moves_text(recovery, env, style, out);
}

static void recovery_document(const struct mig_recovery *recovery, bson_t *doc)
{
    static const char *const probes[] = { "done", "notDone", "inProgress", "unclear" };
    BSON_APPEND_UTF8(doc, "version", recovery->version);
    BSON_APPEND_UTF8(doc, "state", mig_state_word(recovery->state));
    BSON_APPEND_UTF8(doc, "direction", recovery->direction);
    BSON_APPEND_UTF8(doc, "lastDone", recovery->last_done ? recovery->last_done : "");
    BSON_APPEND_UTF8(doc, "step", recovery->step ? recovery->step : "");
    BSON_APPEND_UTF8(doc, "probe", probes[recovery->probe]);
    BSON_APPEND_UTF8(doc, "evidence", recovery->evidence);
    BSON_APPEND_UTF8(doc, "error", recovery->error ? recovery->error : "");
    bson_t moves;
    const struct {
        bool legal;
        const char *name;
    } all[] = { { recovery->can_resume, "resume" },
                { recovery->can_undo, "undo" },
                { recovery->can_mark_applied, "markApplied" },
                { recovery->can_mark_pending, "markPending" } };
    BSON_APPEND_ARRAY_BEGIN(doc, "moves", &moves);
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char buffer[16];
        const char *key;
        if (!all[i].legal)
            continue;
        size_t len = bson_uint32_to_string(count++, &key, buffer, sizeof buffer);
        bson_append_utf8(&moves, key, (int)len, all[i].name, -1);
    }
    bson_append_array_end(doc, &moves);
    BSON_APPEND_UTF8(doc, "whyNotResume", recovery->why_not_resume);
    BSON_APPEND_UTF8(doc, "whyNotUndo", recovery->why_not_undo);
}

static void tell(struct cli *cli, const struct cfg_environment *env, const struct mig_recovery *recoveries,
                 size_t count)
{
    if (cli->format == CLI_TEXT) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, TEXT_MAX);
        for (size_t i = 0; i < count; i++) {
            mig_buf_str(&text, i ? "\n" : "");
            recovery_text(&recoveries[i], env->name, &cli->out, &text);
        }
        if (count == 0 && !cli->quiet)
            mig_buf_printf(&text, "%s: nothing to recover: no migration is failed or interrupted\n",
                           env->name);
        cli_out(cli, &text);
        return;
    }
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    bson_t list;
    BSON_APPEND_UTF8(&doc, "environment", env->name);
    BSON_APPEND_ARRAY_BEGIN(&doc, "migrations", &list);
    for (size_t i = 0; i < count; i++) {
        char buffer[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof buffer);
        bson_t item;
        bson_append_document_begin(&list, key, (int)len, &item);
        recovery_document(&recoveries[i], &item);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(&doc, &list);
    cli_out_document(cli, &doc);
}

/* Undoing is one of the ways out only where the look says so. version NULL: all of them. */
static bool may_undo(const struct cfg_environment *env, const struct mig_recovery *recoveries, size_t count,
                     const char *version, struct mig_error *err)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (version && mig_version_compare(recoveries[i].version, version) != 0)
            continue;
        found++;
        if (recoveries[i].can_undo)
            continue;
        mig_fail(err, MIG_ERR_FAILED, "%s: %s cannot be undone: %s", env->name, recoveries[i].version,
                 recoveries[i].why_not_undo);
        return mig_hint(err, "the ways out that are open: migtui recover %s --env %s", recoveries[i].version,
                        env->name);
    }
    return found > 0 ||
           mig_fail(err, MIG_ERR_FAILED, "%s: nothing to undo: no such migration is failed or interrupted",
                    env->name);
}

int cli_recover(struct cli *cli, struct mig_error *err)
{
    const struct mig_cmdline *line = cli->line;
    bool undo = mig_cmdline_has(line, MIG_OPT_UNDO);
    bool resume = mig_cmdline_has(line, MIG_OPT_RESUME);
    if (undo && resume) {
        mig_fail(err, MIG_ERR_USAGE, "recover: --undo and --resume are two ways: take one");
        return CLI_FAILED;
    }
    if (resume)
        return run_job_command(cli, RUN_RESUME, line->arguments, line->argument_count, err);
    const struct cfg_environment *env = cli_environment(cli, err);
    struct mig_recovery *recoveries = NULL;
    size_t count = 0;
    if (!env || !mig_recover_inspect(cli->app, env, &recoveries, &count, err))
        return CLI_FAILED;
    if (undo) {
        bool legal = may_undo(env, recoveries, count, line->argument_count ? line->arguments[0] : NULL, err);
        for (size_t i = 0; i < count; i++)
            mig_recovery_done(&recoveries[i]);
        free(recoveries);
        return legal ? run_job_command(cli, RUN_UNDO, line->arguments, line->argument_count, err)
                     : CLI_FAILED;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (line->argument_count == 0 || mig_version_compare(recoveries[i].version, line->arguments[0]) == 0)
            recoveries[kept++] = recoveries[i];
        else
            mig_recovery_done(&recoveries[i]);
    }
    tell(cli, env, recoveries, kept);
    for (size_t i = 0; i < kept; i++)
        mig_recovery_done(&recoveries[i]);
    free(recoveries);
    return kept ? mig_error_exit(MIG_ERR_INTEGRITY) : 0;
}

int cli_mark(struct cli *cli, struct mig_error *err)
{
    const char *version = cli->line->arguments[0];
    const char *word = cli->line->arguments[1];
    const char *reason = mig_cmdline_value(cli->line, MIG_OPT_REASON);
    bool applied = strcmp(word, "applied") == 0;
    if (!applied && strcmp(word, "pending") != 0) {
        char *safe MIG_AUTOFREE = mig_text_safe_dup(word, 60);
        mig_fail(err, MIG_ERR_USAGE, "mark: a migration is marked applied or pending, not '%s'", safe);
        return CLI_FAILED;
    }
    if (!reason) {
        mig_fail(err, MIG_ERR_USAGE, "mark: why? Give --reason; it is kept with the record");
        return CLI_FAILED;
    }
    const struct cfg_environment *env = cli_environment(cli, err);
    struct cli_act act = { .env = env,
                           .verb = applied ? "mark as applied" : "mark as pending",
                           .migrations = 1 };
    if (env && !cli_confirm(cli, &act, err)) {
        struct mig_audit_act refused = { .action = applied ? "mark.applied" : "mark.pending",
                                         .version = version,
                                         .reason = reason };
        cli_refused(cli, env, &refused, err);
        return CLI_FAILED;
    }
    if (!env ||
        !mig_mark(cli->app, env, version, applied ? MIG_RECORD_APPLIED : MIG_RECORD_REVERTED, reason, err))
        return CLI_FAILED;
    if (cli->format == CLI_TEXT) {
        cli_say(cli, "%s: %s is marked %s; no step was run", env->name, version, word);
        return 0;
    }
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "environment", env->name);
    BSON_APPEND_UTF8(&doc, "version", version);
    BSON_APPEND_UTF8(&doc, "state", word);
    cli_out_document(cli, &doc);
    return 0;
}
