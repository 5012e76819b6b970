/* run_job.c - from words to a run that may start: selection, saved plan, gates, confirmation. */
#include "cli/run_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/audit.h"
#include "app/gates.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/confirm.h"
#include "cli/files.h"
#include "cli/out_plan.h"

#define TEXT_MAX    (64UL * 1024 * 1024)
#define PLAN_ID_MIN 8

static const struct {
    const char *word;
    const char *verb;
} acts[] = {
    [RUN_APPLY] = { "apply", "apply" },
    [RUN_ROLLBACK] = { "rollback", "roll back" },
    [RUN_RESUME] = { "resume", "resume" },
    [RUN_UNDO] = { "undo", "undo" },
};

const char *run_act_word(enum run_act act)
{
    return acts[act].word;
}

enum run_act run_act_asked(const struct mig_cmdline *line)
{
    return mig_cmdline_has(line, MIG_OPT_RESUME) ? RUN_RESUME
           : mig_cmdline_has(line, MIG_OPT_UNDO) ? RUN_UNDO
           : mig_cmdline_has(line, MIG_OPT_DOWN) ? RUN_ROLLBACK
                                                 : RUN_APPLY;
}

/* ---- from the command line ---- */

static size_t count_values(const struct mig_cmdline *line, enum mig_option_id id)
{
    size_t count = 0;
    while (mig_cmdline_value_at(line, id, count))
        count++;
    return count;
}

/* A saved plan says what runs, on which environment and in which direction; words beside it may only agree. */
static bool take_plan_file(struct cli *cli, const char *path, struct run_job *job, struct mig_error *err)
{
    if (!cli_plan_read(path, &job->plan_file, err))
        return false;
    job->plan_path = path;
    const char *name = mig_doc_str(job->plan_file, "environment", "");
    const char *asked = mig_cmdline_value(cli->line, MIG_OPT_ENV);
    if (asked && strcmp(asked, name) != 0) {
        mig_fail(err, MIG_ERR_STALE_PLAN, "%s was made for %s, not for %s", path, name, asked);
        return mig_hint(err, "make one for it: migtui plan --env %s --out FILE", asked);
    }
    if (mig_cmdline_has(cli->line, MIG_OPT_TO) || mig_cmdline_has(cli->line, MIG_OPT_COUNT))
        return mig_fail(err, MIG_ERR_USAGE, "a saved plan runs whole: leave --to and --count out");
    job->env = cli->env = mig_app_environment(cli->app, name, err);
    if (!job->env)
        return false;
    snprintf(job->plan_id, sizeof job->plan_id, "%s", mig_doc_str(job->plan_file, "planId", ""));
    job->selection.direction =
        strcmp(mig_doc_str(job->plan_file, "direction", "up"), "down") == 0 ? MIG_DOWN : MIG_UP;
    if (job->selection.direction == MIG_DOWN)
        job->act = RUN_ROLLBACK;
    bson_t migrations;
    size_t count = mig_doc_sub(job->plan_file, "migrations", &migrations) ? bson_count_keys(&migrations) : 0;
    job->versions = mig_alloc_n(count + 1, sizeof *job->versions);
    for (size_t i = 0; i < count; i++) {
        char key[48];
        snprintf(key, sizeof key, "%zu.version", i);
        job->versions[i] = mig_doc_str(&migrations, key, "");
    }
    job->selection.versions = job->versions;
    return true;
}

static bool take_plan_option(struct cli *cli, struct run_job *job, struct mig_error *err)
{
    const char *id = mig_cmdline_value(cli->line, MIG_OPT_PLAN);
    if (!id)
        return true;
    size_t len = strlen(id);
    if (len < PLAN_ID_MIN || len >= MIG_SHA256_HEX || strspn(id, "0123456789abcdef") != len)
        return mig_fail(err, MIG_ERR_USAGE, "--plan wants a plan's id: at least its first %d digits",
                        PLAN_ID_MIN);
    if (job->plan_id[0] && strncmp(job->plan_id, id, len) != 0)
        return mig_fail(err, MIG_ERR_STALE_PLAN, "%s holds another plan than --plan names", job->plan_path);
    if (!job->plan_id[0])
        snprintf(job->plan_id, sizeof job->plan_id, "%s", id);
    return true;
}

static bool check_glass(const struct cli *cli, const struct cfg_environment *env, struct mig_error *err);

bool run_job_init(struct cli *cli, enum run_act act, char *const *arguments, size_t count,
                  struct run_job *ret, struct mig_error *err)
{
    const struct mig_cmdline *line = cli->line;
    *ret = (struct run_job){ .act = act };
    ret->selection = (struct mig_selection){
        .direction = act == RUN_ROLLBACK || act == RUN_UNDO ? MIG_DOWN : MIG_UP,
        .resume = act == RUN_RESUME,
        .undo = act == RUN_UNDO,
        .to = mig_cmdline_value(line, MIG_OPT_TO),
        .count = mig_cmdline_count(line, MIG_OPT_COUNT, 0),
        .run = mig_cmdline_value(line, MIG_OPT_OF_RUN),
    };
    if (ret->selection.run && act != RUN_ROLLBACK)
        return mig_fail(err, MIG_ERR_USAGE, "--run goes with --down: it names what is to be taken back");
    size_t confirms = count_values(line, MIG_OPT_CONFIRM);
    ret->confirmed = mig_alloc_n(confirms + 1, sizeof *ret->confirmed);
    for (size_t i = 0; i < confirms; i++)
        ret->confirmed[i] = mig_cmdline_value_at(line, MIG_OPT_CONFIRM, i);
    if (act == RUN_APPLY && count > 1)
        return mig_fail(err, MIG_ERR_USAGE, "one saved plan at a time; versions go with --down or --undo");
    if (act == RUN_APPLY && count > 0) {
        if (!take_plan_file(cli, arguments[0], ret, err))
            return false;
    } else if (count > 0) {
        ret->versions = mig_alloc_n(count + 1, sizeof *ret->versions);
        for (size_t i = 0; i < count; i++)
            ret->versions[i] = arguments[i];
        ret->selection.versions = ret->versions;
    }
    if (!ret->env)
        ret->env = cli_environment(cli, err);
    return ret->env && check_glass(cli, ret->env, err) && take_plan_option(cli, ret, err);
}

void run_job_done(struct run_job *job)
{
    free(job->versions);
    free(job->confirmed);
    if (job->plan_file)
        bson_destroy(job->plan_file);
    *job = (struct run_job){ 0 };
}

/* ---- before it starts ---- */

bool run_job_pinned(const struct run_job *job, const struct mig_plan *plan, struct mig_error *err)
{
    char moved[512] = "";
    if (!job->plan_id[0] || strncmp(plan->id, job->plan_id, strlen(job->plan_id)) == 0)
        return true;
    if (job->plan_file)
        mig_plan_moved(job->plan_file, plan, moved, sizeof moved);
    mig_fail(err, MIG_ERR_STALE_PLAN, "%s: plan %.12s no longer holds%s%s", job->env->name, job->plan_id,
             moved[0] ? ": " : "", moved);
    return mig_hint(err, "look at what would run now: migtui plan --env %s%s", job->env->name,
                    job->act == RUN_RESUME  ? " --resume"
                    : job->act == RUN_UNDO  ? " --undo"
                    : job->act == RUN_APPLY ? ""
                                            : " --down");
}

static bool check_gates(const struct cli *cli, const struct run_job *job, const struct mig_plan *plan,
                        struct mig_error *err)
{
    bool breaks = mig_cmdline_has(cli->line, MIG_OPT_BREAK_GLASS);
    for (size_t i = 0; i < plan->gate_count; i++) {
        const struct mig_gate *gate = &plan->gates[i];
        /* The run itself waits for the lock, or says who holds it. */
        if (mig_gate_is_closed(gate, job->env->is_protected) && strcmp(gate->name, "lock") != 0 &&
            !(breaks && strcmp(gate->name, "approvals") == 0))
            return mig_gate_fail(gate, job->env, err);
    }
    return true;
}

/* Whether the glass may be broken is known before anything is looked at. */
static bool check_glass(const struct cli *cli, const struct cfg_environment *env, struct mig_error *err)
{
    const char *reason = mig_cmdline_value(cli->line, MIG_OPT_REASON);
    if (!mig_cmdline_has(cli->line, MIG_OPT_BREAK_GLASS))
        return true;
    if (!env->is_protected || !env->has_gate || !env->gate.break_glass) {
        mig_fail(err, MIG_ERR_GATE, "%s: its policy has no glass to break", env->name);
        return mig_hint(err,
                        "breakGlass: true in its gate, on a protected environment, would allow it; ask for "
                        "approval: migtui request --env %s",
                        env->name);
    }
    if (!reason || !*reason)
        return mig_fail(err, MIG_ERR_GATE, "%s: breaking the glass needs a reason: --reason \"why\"",
                        env->name);
    return true;
}

static bool ask(struct cli *cli, struct run_job *job, const struct mig_plan *plan,
                const struct mig_look *look, struct mig_error *err)
{
    bool needs_plan = job->env->is_protected && (job->act == RUN_APPLY || job->act == RUN_ROLLBACK);
    if (needs_plan && !job->plan_id[0]) {
        char words[200];
        mig_fail(err, MIG_ERR_GATE, "%s is protected: only a plan that was saved or named may run there",
                 job->env->name);
        (void)mig_plan_words(plan, words, sizeof words);
        return mig_hint(err, "migtui plan %s --env %s --out FILE, then migtui apply FILE (or --plan %.12s)",
                        words, job->env->name, plan->id);
    }
    if (cli_will_ask(cli, job->env)) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, TEXT_MAX);
        cli_plan_text(plan, look, &cli->err, 2, &text);
        cli_write(2, text.text, text.len);
    }
    struct cli_act act = {
        .env = job->env, .verb = acts[job->act].verb, .migrations = plan->count, .plan_id = plan->id
    };
    return cli_confirm(cli, &act, err);
}

bool run_job_prepare(struct cli *cli, struct run_job *job, bool *ret_empty, struct mig_error *err)
{
    bool short_id = job->plan_id[0] && strlen(job->plan_id) + 1 < MIG_SHA256_HEX;
    *ret_empty = false;
    if (!job->env->is_protected && !cli_will_ask(cli, job->env) && !short_id && !job->plan_file)
        return true;
    struct mig_catalog *catalog = NULL;
    struct mig_look look = { 0 };
    struct mig_plan *plan = NULL;
    /* A way back that nobody wrote follows from the bodies of what ran. */
    unsigned flags = job->selection.direction == MIG_DOWN ? 0 : MIG_CATALOG_NO_BODIES;
    bool ok = cli_catalog(cli, flags, true, &catalog, err);
    if (ok) {
        ok = mig_run_plan(cli->app, job->env, &job->selection, catalog, &look, &plan, err) &&
             run_job_pinned(job, plan, err);
        *ret_empty = ok && plan->count == 0;
        ok = ok && (*ret_empty || (check_gates(cli, job, plan, err) && ask(cli, job, plan, &look, err)));
        if (ok) {
            memcpy(job->plan_id, plan->id, sizeof job->plan_id);
            job->migrations = plan->count;
        }
        mig_plan_free(plan);
        mig_look_done(&look);
    }
    mig_catalog_free(catalog);
    return ok;
}

/* ---- all of it ---- */

static void tell_empty(struct cli *cli, const struct run_job *job)
{
    if (cli->format == CLI_TEXT) {
        if (!cli->quiet)
            cli_write(1, "No migration files to execute\n", 30);
        return;
    }
    bson_t doc;
    bson_init(&doc);
    BSON_APPEND_NULL(&doc, "run");
    BSON_APPEND_UTF8(&doc, "environment", job->env->name);
    BSON_APPEND_UTF8(&doc, "status", "succeeded");
    BSON_APPEND_INT64(&doc, "applied", 0);
    BSON_APPEND_INT64(&doc, "steps", 0);
    BSON_APPEND_INT64(&doc, "durationMs", 0);
    cli_out_document(cli, &doc);
    bson_destroy(&doc);
}

int run_job_command(struct cli *cli, enum run_act act, char *const *arguments, size_t count,
                    struct mig_error *err)
{
    struct run_job job;
    bool empty = false;
    int status = CLI_FAILED;
    if (!run_job_init(cli, act, arguments, count, &job, err) || !run_job_prepare(cli, &job, &empty, err)) {
        struct mig_audit_act refused = { .action = acts[act].word,
                                         .plan = job.plan_id,
                                         .reason = mig_cmdline_value(cli->line, MIG_OPT_REASON),
                                         .ticket = mig_cmdline_value(cli->line, MIG_OPT_TICKET) };
        cli_refused(cli, job.env, &refused, err);
    } else {
        if (empty) {
            tell_empty(cli, &job);
            status = 0;
        } else if (mig_cmdline_has(cli->line, MIG_OPT_DETACH)) {
            status = run_job_detach(
                cli, &job, run_act_word(act == RUN_ROLLBACK && job.plan_path ? RUN_APPLY : act), err);
        } else {
            status = run_job_foreground(cli, &job, err);
        }
    }
    run_job_done(&job);
    return status;
}
