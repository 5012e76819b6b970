/* errors.c - everything that is wrong now, in all environments and in the files, worst first, and what to do next. */
#include <stdio.h>
#include <string.h>

#include "base/doc.h"
#include "views/classes.h"
#include "views/rows.h"

/* ---- gathering ---- */

static void add(struct mig_seen_rows *rows, const char *kind, const char *env, const char *version,
                const char *what, const char *next)
{
    bson_t *row = view_rows_add(rows);
    BSON_APPEND_UTF8(row, "kind", kind);
    BSON_APPEND_UTF8(row, "environment", env);
    BSON_APPEND_UTF8(row, "version", version);
    BSON_APPEND_UTF8(row, "what", what);
    BSON_APPEND_UTF8(row, "next", next);
}

static void states_of(struct mig_seen_rows *rows, const struct mig_snap_env *env, enum mig_state state,
                      const char *next)
{
    const struct mig_views *views = &env->seen->look.views;
    for (size_t i = 0; i < views->count && views->counts[state] > 0 && rows->count < 1000; i++) {
        const struct mig_view *view = &views->items[i];
        if (view->state == state)
            add(rows, mig_state_word(state), env->env->name, view->version, view->reason ? view->reason : "",
                next);
    }
}

static void drift_of(struct mig_seen_rows *rows, const struct mig_snapshot *snapshot,
                     const struct mig_snap_env *env)
{
    const struct mig_seen_drift *drift = view_drift(snapshot, env->env);
    for (size_t i = 0; drift && i < drift->drifted && i < MIG_SEEN_DRIFTED; i++) {
        char text[320];
        view_drift_text(&drift->first[i], text, sizeof text);
        add(rows, "drift", env->env->name, "", text,
            "take it back by hand, or write it as a migration; if it is meant, the gate of the next plan that touches the "
            "collection asks for it: migtui gate --accept-drift --reason \"…\"");
    }
}

static void of_env(struct mig_seen_rows *rows, const struct mig_snapshot *snapshot,
                   const struct mig_snap_env *env)
{
    if (env->env->disabled_reason)
        add(rows, "switched off", env->env->name, "", env->env->disabled_reason, "set it and start again");
    else if (env->error.code != MIG_OK)
        add(rows, "no answer", env->env->name, "", env->error.message, env->error.hint);
    if (!env->seen)
        return;
    states_of(rows, env, MIG_FAILED, "enter shows what it left behind and the ways out");
    states_of(rows, env, MIG_INTERRUPTED, "enter shows what it left behind and the ways out");
    states_of(rows, env, MIG_CHANGED, "enter shows what was edited; nothing runs until it is settled");
    states_of(rows, env, MIG_MISSING, "bring its file back, or roll it back");
    drift_of(rows, snapshot, env);
    states_of(rows, env, MIG_LATE, "rename it to a newer version, or set another order for the environment");
}

static void of_files(struct mig_seen_rows *rows, const struct mig_seen_files *files)
{
    if (files->error.code != MIG_OK)
        add(rows, "folder", "", "", files->error.message, files->error.hint);
    for (size_t i = 0; i < files->problems.count && rows->count < 1000; i++)
        add(rows, "file", "", "", files->problems.items[i].message, files->problems.items[i].hint);
    if (files->catalog->sum_problem)
        add(rows, "migtui.sum", "", "", files->catalog->sum_problem, "look, then: migtui verify-dir --write");
}

/* The answer to a question that was put wrongly, or is about what never was there. Who asked is told on its screen; nothing is
 * wrong with the environment. */
static bool is_about_the_question(enum mig_query_kind kind, enum mig_error_code code)
{
    return code == MIG_ERR_USAGE || (code == MIG_ERR_FAILED && kind == MIG_QUERY_RAN_TEXT);
}

/* What an environment could not be asked, while it answers otherwise; of: whose answer, NULL: the files'. */
static void of_answer(struct mig_seen_rows *rows, const struct mig_snapshot *snapshot,
                      const struct cfg_environment *of, const struct cfg_environment *wanted,
                      const struct mig_error *err)
{
    bool said = of && mig_snapshot_env(snapshot, of->name)->error.code != MIG_OK;
    if (err->code != MIG_OK && !said && (!wanted || of == wanted))
        add(rows, "not readable", of ? of->name : "", "", err->message, err->hint);
}

static struct mig_seen_rows *build(const struct view_frame *frame, const struct cfg_environment *env)
{
    const struct mig_snapshot *snapshot = frame->snapshot;
    struct mig_seen_rows *rows = mig_seen_rows_new();
    for (size_t e = 0; e < snapshot->env_count; e++) {
        if (!env || snapshot->envs[e].env == env)
            of_env(rows, snapshot, &snapshot->envs[e]);
    }
    if (!env)
        of_files(rows, snapshot->files);
    for (size_t i = 0; i < snapshot->answer_count; i++) {
        const struct mig_snap_answer *answer = &snapshot->answers[i];
        if (is_about_the_question(answer->kind, answer->error.code))
            continue;
        for (size_t p = 0; p < answer->part_count; p++)
            of_answer(rows, snapshot, answer->parts[p].env, env, &answer->parts[p].error);
        if (answer->part_count == 0)
            of_answer(rows, snapshot, answer->env, env, &answer->error);
    }
    for (size_t i = 0; !env && i < snapshot->config->warning_count; i++)
        add(rows, "warning", "", "", snapshot->config->warnings[i], "");
    return rows;
}

/* ---- the list ---- */

static enum tui_style kind_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    static const char *const mild[] = { "late",         "drift",     "warning",
                                        "not readable", "no answer", "switched off" };
    const char *kind = mig_doc_str(row, "kind", "");
    (void)frame;
    snprintf(ret, size, "%s", kind);
    for (size_t i = 0; i < sizeof mild / sizeof mild[0]; i++) {
        if (strcmp(mild[i], kind) == 0)
            return TUI_WARN;
    }
    return TUI_BAD;
}

// clang-format off
static const struct view_rows_column columns[] = {
    { { .title = "ENV",     .min = 5,  .max = 12, .rank = 8 }, view_cell_env, "environment" },
    { { .title = "ERROR",   .min = 12, .max = 12, .rank = 7 }, kind_cell, NULL },
    { { .title = "VERSION", .min = 14, .max = 14, .rank = 1 }, NULL, "version" },
    { { .title = "WHAT",    .min = 16, .max = 0,  .rank = 6 }, NULL, "what" },
};
// clang-format on

static void detail(const bson_t *row, const struct view_frame *frame, struct mig_buf *out)
{
    (void)frame;
    view_rows_fact_of(out, "what", row, "what");
    view_rows_fact_of(out, "next", row, "next");
    view_rows_fact_of(out, "version", row, "version");
}

static const char *const identity[] = { "kind", "environment", "version", "what", NULL };

static const struct view_rows_kind kind = {
    .build = build,
    .looks = true,
    .noun = "errors",
    .empty = "Nothing is wrong that anybody has told.",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .id = identity,
    .detail = detail,
};

static const struct view_key keys[] = {
    { "enter", "open", "open", "where it can be looked into", 90 },
    VIEW_ROWS_KEYS{ 0 },
};

static struct view *errors_open(size_t count, char *const *words, const struct view_frame *frame,
                                struct mig_error *err)
{
    mig_error_clear(err);
    const struct cfg_environment *env =
        view_has(count, words, "--env") ? view_env_option(count, words, frame, true, err) : NULL;
    return view_list_open(&view_errors, &kind, env, err);
}

static void open_row(const bson_t *row, struct view_answer *ret)
{
    const char *what = mig_doc_str(row, "kind", "");
    const char *env = mig_doc_str(row, "environment", "");
    const char *version = mig_doc_str(row, "version", "");
    if (strcmp(what, "failed") == 0 || strcmp(what, "interrupted") == 0)
        view_command(ret, "view", "recover", "--env", env, "--at", version, NULL);
    else if (strcmp(what, "changed") == 0)
        view_command(ret, "view", "plan", "--env", env, "--at", version, "--tab", "diff", NULL);
    else if (env[0])
        view_command(ret, "view", "matrix", "--env", env, NULL);
    else
        view_say(ret, "%s", mig_doc_str(row, "what", ""));
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    struct view_list *errors = (struct view_list *)(void *)view;
    ret->handled = true;
    if (view_rows_act(&errors->rows, frame, action, event))
        return;
    const bson_t *row = view_rows_chosen(&errors->rows);
    if (!action)
        ret->handled = false;
    else if (!row)
        view_say(ret, "nothing is chosen");
    else
        open_row(row, ret);
}

static size_t wants(const struct view *view, const struct view_frame *frame,
                    struct view_want ret[static VIEW_WANTS_MAX])
{
    (void)view;
    return view_wants_drift(frame, ret);
}

const struct view_class view_errors = {
    .name = "errors",
    .title = "Errors",
    .keys = keys,
    .open = errors_open,
    .close = view_list_close,
    .update = view_list_update,
    .draw = view_list_draw,
    .act = act,
    .wants = wants,
    .plain = view_list_plain,
    .subject = view_list_subject,
};
