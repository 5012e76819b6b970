/* log.c - runs, and the log of one: live while it is under way, whoever started it, and as it was afterwards. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "views/classes.h"
#include "views/log_private.h"

/* ---- the list of runs ---- */

static enum tui_style count_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    (void)frame;
    if (!mig_doc_has(row, "database")) /* a restore has none */
        snprintf(ret, size, "%lld", (long long)mig_doc_int(row, "migrations", 0));
    return TUI_PLAIN;
}

// clang-format off
static const struct view_rows_column columns[] = {
    { { .title = "STARTED",    .min = 11, .max = 11, .rank = 9 }, view_cell_started, NULL },
    { { .title = "ENV",        .min = 5,  .max = 8,  .rank = 8 }, view_cell_env, NULL },
    { { .title = "COMMAND",    .min = 8,  .max = 9,  .rank = 6 }, NULL, "command" },
    { { .title = "RESULT",     .min = 13, .max = 13, .rank = 7 }, view_cell_status, NULL },
    { { .title = "MIGRATIONS", .min = 10, .max = 10, .rank = 3, .right = true }, count_cell, NULL },
    { { .title = "TOOK",       .min = 6,  .max = 6,  .rank = 4, .right = true }, view_cell_took, NULL },
    { { .title = "BY",         .min = 4,  .max = 12, .rank = 5 }, NULL, "operator" },
    { { .title = "TICKET",     .min = 8,  .max = 12, .rank = 1 }, NULL, "ticket" },
};
// clang-format on

static void detail(const bson_t *row, const struct view_frame *frame, struct mig_buf *out)
{
    char text[128];
    (void)frame;
    const char *error = mig_doc_str(row, "error", NULL);
    view_rows_fact(out, "error", error ? error : mig_doc_str(row, "error.message", ""));
    view_rows_fact_of(out, "reason", row, "reason");
    view_rows_fact_of(out, "ticket", row, "ticket");
    view_rows_person(out, row);
    view_rows_fact_of(out, "started", row, "startedAt");
    if (mig_doc_has(row, "database")) {
        view_rows_fact_of(out, "into", row, "database");
        view_rows_fact_of(out, "backup", row, "backup");
        snprintf(text, sizeof text, "%lld", (long long)mig_doc_int(row, "documents", 0));
        view_rows_fact(out, "docs", text);
    } else {
        snprintf(text, sizeof text, "%lld", (long long)mig_doc_int(row, "steps", 0));
        view_rows_fact(out, "steps", text);
    }
    view_rows_fact_of(out, "run", row, "run");
    snprintf(text, sizeof text, "%.16s", mig_doc_str(row, "planId", ""));
    view_rows_fact(out, "plan", text);
}

static const char *const identity[] = { "run", NULL };

static const struct view_rows_kind runs_kind = {
    .kind = MIG_QUERY_RUNS,
    .noun = "runs",
    .empty =
        "Nothing has run yet.\n \nA run shows here while it is at work, whoever started it and wherever.",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .id = identity,
    .detail = detail,
};

/* ---- the view ---- */

static const struct view_key keys[] = {
    { "enter", "open", "open", "in the list: the log of the run", 90 },
    { "f", "follow", "follow/pause", "stay at the newest line, or stop there", 85 },
    { "/", "search", "search", "look for a text; in the list: only runs that have it", 70 },
    { "n", "next", NULL, "the next line that has it", 0 },
    { "N", "previous", NULL, "the line before that has it", 0 },
    { "&", "filter", "only lines", "only lines that have a text", 60 },
    { "E", "failure", "failures", "the next line that tells of a failure, from the top again after the last",
      55 },
    { "w", "wrap", "wrap", "break long lines, or cut them", 40 },
    { "t", "times", "times", "clock, time since the beginning, or neither", 35 },
    { "s", "save", "save", "the whole log into a file", 30 },
    { "S", "stop", "stop", "ask the run to stop after the step it is at", 50 },
    { "R", "recover", "recover", "what it left behind on its environment, and the ways out", 88 },
    { "tab", "runs", "runs", "the list of runs", 45 },
    VIEW_MOVES{ 0 },
};

static struct view *log_open(size_t count, char *const *words, const struct view_frame *frame,
                             struct mig_error *err)
{
    mig_error_clear(err);
    const char *run = view_option(count, words, "--run");
    const struct cfg_environment *env = view_env_option(count, words, frame, run == NULL, err);
    if (err->code != MIG_OK)
        return NULL;
    if (run && !mig_ulid_valid(run)) {
        mig_fail(err, MIG_ERR_USAGE, "'%.40s' is not a run's id", run);
        return NULL;
    }
    struct log *log = mig_alloc(sizeof *log);
    log->view.class = &view_log;
    log->env = env;
    snprintf(log->run, sizeof log->run, "%s", run ? run : "");
    view_rows_init(&log->runs, &runs_kind, env);
    view_search_clear(&log->search);
    tui_textview_init(&log->text, true, true);
    mig_buf_init(&log->line, 64UL * 1024);
    return &log->view;
}

static void log_close(struct view *view)
{
    struct log *log = (struct log *)(void *)view;
    view_rows_done(&log->runs);
    tui_textview_done(&log->text);
    mig_buf_done(&log->line);
    mig_unshare(log->seen);
    free(log);
}

static void update(struct view *view, const struct view_frame *frame)
{
    struct log *log = (struct log *)(void *)view;
    if (log->run[0])
        log_update(log, frame);
    else
        view_rows_update(&log->runs, frame);
}

static void draw(struct view *view, const struct view_frame *frame, const struct tui_pane *pane)
{
    struct log *log = (struct log *)(void *)view;
    if (log->run[0])
        log_draw(log, frame, pane);
    else
        view_rows_draw(&log->runs, frame, pane);
}

static bool is_over(const struct log *log)
{
    return log->sum.status[0] || (log->seen && log->seen->over);
}

static bool is_of_a_log(const char *action)
{
    static const char *const actions[] = { "follow", "next", "previous", "filter",  "failure", "wrap",
                                           "times",  "save", "stop",     "recover", "runs" };
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(actions[i], action) == 0)
            return true;
    }
    return false;
}

/* The list has no hints of a log, and a log none of the list. */
static const char *hint(const struct view *view, const char *action)
{
    const struct log *log = (const struct log *)(const void *)view;
    return (log->run[0] ? strcmp(action, "open") == 0 : is_of_a_log(action)) ? "" : NULL;
}

static const char *refuses(const struct view *view, const struct view_frame *frame, const char *action)
{
    const struct log *log = (const struct log *)(const void *)view;
    (void)frame;
    if (log->run[0])
        return strcmp(action, "open") == 0                   ? "the log is open"
               : strcmp(action, "stop") == 0 && is_over(log) ? "the run is over"
               : strcmp(action, "recover") == 0 && strcmp(log->sum.status, "succeeded") == 0
                   ? "it succeeded: nothing is to be recovered"
                   : NULL;
    if (strcmp(action, "open") == 0 && !view_rows_chosen(&log->runs))
        return "no run is chosen";
    return is_of_a_log(action) ? "open a run first (enter)" : NULL;
}

static void search_typed(struct log *log, const struct tui_event *event)
{
    struct tui_text_lines lines = log_lines(log);
    if (!view_search_key(&log->search, event))
        return;
    if (log->search.sign == '/')
        tui_textview_find(&log->text, &lines, view_search_text(&log->search));
    else
        tui_textview_filter(&log->text, &lines, view_search_text(&log->search));
}

/* esc takes filter and search away, before it leads back. */
static bool esc_clears(struct log *log, const struct tui_event *event)
{
    struct tui_text_lines lines = log_lines(log);
    if (!event || event->key != TUI_KEY_ESC || (!log->text.find[0] && !log->text.filter[0]))
        return false;
    tui_textview_find(&log->text, &lines, "");
    tui_textview_filter(&log->text, &lines, "");
    view_search_clear(&log->search);
    return true;
}

static void go_to_failure(struct log *log, struct view_answer *ret)
{
    struct tui_text_lines lines = log_lines(log);
    uint64_t found = log_next_failure(log, log->text.follow ? lines.first : log->text.top + 1, false);
    if (found == UINT64_MAX)
        found = log_next_failure(log, lines.first, false);
    if (found == UINT64_MAX)
        view_say(ret, "no line tells of a failure");
    else
        tui_textview_goto(&log->text, &lines, found);
}

static void act_on_run(struct log *log, const char *action, struct view_answer *ret)
{
    char file[64];
    if (strcmp(action, "save") == 0) {
        snprintf(file, sizeof file, "run-%s.log", log->run);
        view_command(ret, "save", file, NULL);
    } else if (strcmp(action, "stop") == 0) {
        view_command(ret, "stop", log->run, "--env", log->env->name, NULL);
    } else if (strcmp(action, "recover") == 0) {
        view_command(ret, "view", "recover", "--env", log->env->name, NULL);
    } else if (strcmp(action, "runs") == 0) {
        view_command(ret, "view", "log", NULL);
    }
}

static void act_in_log(struct log *log, const char *action, struct view_answer *ret)
{
    struct tui_text_lines lines = log_lines(log);
    enum tui_move move = tui_move_of(action);
    if (move != TUI_MOVE_NONE)
        tui_textview_move(&log->text, &lines, move);
    else if (strcmp(action, "follow") == 0)
        tui_textview_follow(&log->text, !log->text.follow);
    else if (strcmp(action, "search") == 0 || strcmp(action, "filter") == 0)
        view_search_open(&log->search, action[0] == 's' ? '/' : '&');
    else if (strcmp(action, "next") == 0 || strcmp(action, "previous") == 0)
        tui_textview_again(&log->text, &lines, action[0] == 'p');
    else if (strcmp(action, "failure") == 0)
        go_to_failure(log, ret);
    else if (strcmp(action, "wrap") == 0)
        log->text.wrap = !log->text.wrap;
    else if (strcmp(action, "times") == 0)
        log->times = (log->times + 1) % LOG_TIMES;
    else
        act_on_run(log, action, ret);
}

static void act_in_list(struct log *log, const struct view_frame *frame, const char *action,
                        const struct tui_event *event, struct view_answer *ret)
{
    const char *list_action = action && strcmp(action, "search") == 0 ? "filter" : action;
    const char *why = NULL;
    if (log->runs.search.open || !action || strcmp(action, "filter") != 0) {
        if (view_rows_act(&log->runs, frame, list_action, event))
            return;
    }
    const bson_t *row = view_rows_chosen(&log->runs);
    if (!action)
        ret->handled = false;
    else if ((why = refuses(&log->view, frame, action)) || !row)
        view_say(ret, "%s", why ? why : "no run is chosen");
    else
        view_command(ret, "view", "log", "--env", mig_doc_str(row, "environment", ""), "--run",
                     mig_doc_str(row, "run", ""), NULL);
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    struct log *log = (struct log *)(void *)view;
    ret->handled = true;
    if (!log->run[0]) {
        act_in_list(log, frame, action, event, ret);
        return;
    }
    log_update(log, frame);
    if (log->search.open) {
        search_typed(log, event);
        return;
    }
    if (esc_clears(log, event))
        return;
    const char *why = action ? refuses(view, frame, action) : NULL;
    if (!action)
        ret->handled = false;
    else if (why)
        view_say(ret, "%s", why);
    else
        act_in_log(log, action, ret);
}

static size_t wants(const struct view *view, const struct view_frame *frame,
                    struct view_want ret[static VIEW_WANTS_MAX])
{
    const struct log *log = (const struct log *)(const void *)view;
    (void)frame;
    if (!log->run[0])
        return view_rows_wants(&log->runs, ret);
    ret[0] = (struct view_want){ .kind = MIG_QUERY_LOG, .env = log->env };
    snprintf(ret[0].argument, sizeof ret[0].argument, "%s", log->run);
    return 1;
}

static void plain(const struct view *view, const struct view_frame *frame, struct mig_buf *out)
{
    struct log *log = (struct log *)(void *)(uintptr_t)view;
    if (!log->run[0]) {
        view_rows_plain(&log->runs, frame, out);
        return;
    }
    log_update(log, frame);
    struct tui_text_lines lines = log_lines(log);
    for (uint64_t i = lines.first; i < lines.first + lines.count; i++) {
        log_line_text(log, i, LOG_CLOCK, out);
        mig_buf_char(out, '\n');
    }
}

static void subject(const struct view *view, const struct view_frame *frame, char *ret, size_t size)
{
    const struct log *log = (const struct log *)(const void *)view;
    (void)frame;
    if (log->run[0])
        snprintf(ret, size, "%s %s", log->env->name, log->run);
    else
        view_rows_subject(&log->runs, ret, size);
}

static const struct view_option_row options[] = { { "--run", "RUN" }, { NULL, NULL } };

const struct view_class view_log = {
    .name = "log",
    .title = "Log",
    .digit = '3',
    .keys = keys,
    .options = options,
    .open = log_open,
    .close = log_close,
    .update = update,
    .draw = draw,
    .act = act,
    .refuses = refuses,
    .hint = hint,
    .wants = wants,
    .plain = plain,
    .subject = subject,
};
