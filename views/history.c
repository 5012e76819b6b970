/* history.c - every migration that ran or was taken back, in all environments, newest first. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "views/classes.h"
#include "views/rows.h"

static enum tui_style act_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    bool down = strcmp(mig_doc_str(row, "direction", "up"), "down") == 0;
    (void)frame;
    snprintf(ret, size, "%s", down ? "rollback" : "apply");
    return down ? TUI_WARN : TUI_PLAIN;
}

// clang-format off
static const struct view_rows_column columns[] = {
    { { .title = "WHEN",    .min = 11, .max = 11, .rank = 8 }, view_cell_started, NULL },
    { { .title = "WHO",     .min = 4,  .max = 6,  .rank = 5 }, NULL, "operator" },
    { { .title = "ENV",     .min = 5,  .max = 8,  .rank = 9 }, view_cell_env, "environment" },
    { { .title = "ACT",     .min = 8,  .max = 8,  .rank = 2 }, act_cell, NULL },
    { { .title = "VERSION", .min = 14, .max = 14, .rank = 6 }, NULL, "version" },
    { { .title = "TITLE",   .min = 15, .max = 60, .rank = 3 }, NULL, "title" },
    { { .title = "RESULT",  .min = 11, .max = 11, .rank = 7 }, view_cell_status, NULL },
    { { .title = "TOOK",    .min = 6,  .max = 6,  .rank = 1, .right = true }, view_cell_took, NULL },
    { { .title = "TICKET",  .min = 7,  .max = 10, .rank = 0 }, NULL, "ticket" },
};
// clang-format on

/* ---- the run of an entry, with its gates and approvals ---- */

/* The row of another list whose member is this value. */
static const bson_t *row_of(const struct view_frame *frame, enum mig_query_kind query, const char *member,
                            const char *value)
{
    for (size_t i = 0; value[0] && i < frame->snapshot->answer_count; i++) {
        const struct mig_snap_answer *answer = &frame->snapshot->answers[i];
        const struct mig_seen_rows *rows = answer->value;
        for (size_t k = 0; answer->kind == query && rows && k < rows->count; k++) {
            if (strcmp(mig_doc_str(rows->items[k], member, ""), value) == 0)
                return rows->items[k];
        }
    }
    return NULL;
}

/* Those that were open by name, the others with what they saw. */
static void tell_gates(const bson_t *run, struct mig_buf *out)
{
    struct mig_buf open MIG_AUTOBUF;
    struct mig_buf none MIG_AUTOBUF;
    bson_t list;
    bson_iter_t each;
    mig_buf_init(&open, 4096);
    mig_buf_init(&none, 4096);
    if (!run || !mig_doc_sub(run, "gates", &list) || !bson_iter_init(&each, &list))
        return;
    while (bson_iter_next(&each)) {
        bson_t gate;
        if (!mig_iter_sub(&each, &gate))
            continue;
        const char *name = mig_doc_str(&gate, "name", "?");
        const char *state = mig_doc_str(&gate, "state", "?");
        if (strcmp(state, "ok") == 0) {
            mig_buf_printf(&open, "%s%.40s", open.len > 0 ? ", " : "ok: ", name);
            continue;
        }
        if (strcmp(state, "none") == 0) {
            mig_buf_printf(&none, "%s%.40s", none.len > 0 ? ", " : "nothing was looked at: ", name);
            continue;
        }
        char text[400];
        snprintf(text, sizeof text, "%.40s %.20s: %.280s", name, state, mig_doc_str(&gate, "reason", ""));
        mig_utf8_trim(text);
        view_rows_fact(out, "gate", text);
    }
    if (open.len > 0)
        view_rows_fact(out, "gates", open.text);
    if (none.len > 0)
        view_rows_fact(out, "gates", none.text);
}

static void tell_person(struct mig_buf *out, const char *what, const bson_t *doc, const char *key_path,
                        const char *name)
{
    char text[400];
    const char *key = mig_doc_str(doc, key_path, "");
    snprintf(text, sizeof text, "%.100s%s%.100s", name, key[0] ? ", signed with " : ", not signed", key);
    mig_utf8_trim(text);
    view_rows_fact(out, what, text);
}

/* Who asked for the run, and who approved it. */
static void tell_approvals(const bson_t *request, struct mig_buf *out)
{
    bson_t list;
    bson_iter_t each;
    if (!request)
        return;
    view_rows_fact_of(out, "request", request, "request");
    tell_person(out, "asked", request, "requester.key", mig_doc_str(request, "requesterName", "?"));
    if (!mig_doc_sub(request, "decisions", &list) || !bson_iter_init(&each, &list))
        return;
    while (bson_iter_next(&each)) {
        bson_t one;
        if (!mig_iter_sub(&each, &one))
            continue;
        tell_person(out, strcmp(mig_doc_str(&one, "decision", ""), "approve") == 0 ? "approve" : "reject",
                    &one, "by.key", mig_doc_str(&one, "name", "?"));
        if (!mig_doc_bool(&one, "counts", true))
            view_rows_fact(out, "", mig_doc_str(&one, "whyNot", "it does not count"));
    }
}

static void detail(const bson_t *row, const struct view_frame *frame, struct mig_buf *out)
{
    char text[128];
    view_rows_fact_of(out, "title", row, "title");
    view_rows_fact_of(out, "reason", row, "reason");
    view_rows_fact_of(out, "ticket", row, "ticket");
    view_rows_person(out, row);
    view_rows_fact_of(out, "started", row, "startedAt");
    text[0] = '\0';
    view_cell_took(row, frame, text, sizeof text);
    view_rows_fact(out, "took", text);
    view_rows_fact_of(out, "run", row, "run");
    snprintf(text, sizeof text, "%.16s", mig_doc_str(row, "planId", ""));
    view_rows_fact(out, "plan", text);
    const bson_t *run = row_of(frame, MIG_QUERY_RUNS, "run", mig_doc_str(row, "run", ""));
    tell_approvals(run ? row_of(frame, MIG_QUERY_REQUESTS, "request", mig_doc_str(run, "request", "")) : NULL,
                   out);
    tell_gates(run, out);
}

/* Beside the entries, the runs that they belong to and the requests that those used up. */
static size_t wants(const struct view *view, const struct view_frame *frame,
                    struct view_want ret[static VIEW_WANTS_MAX])
{
    size_t count = view_list_wants(view, frame, ret);
    const struct cfg_environment *env = ((const struct view_list *)(const void *)view)->rows.env;
    ret[count++] = (struct view_want){ .kind = MIG_QUERY_RUNS, .env = env };
    ret[count++] = (struct view_want){ .kind = MIG_QUERY_REQUESTS, .env = env };
    return count;
}

static const char *const identity[] = { "environment", "run", "version", "direction", NULL };

static const struct view_rows_kind kind = {
    .kind = MIG_QUERY_HISTORY,
    .noun = "history",
    .empty = "Nothing has run yet.\n \nThe matrix (1) shows what could: enter there opens the plan.",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .id = identity,
    .detail = detail,
};

static const struct view_key keys[] = {
    { "enter", "open", "log", "the log of the run", 90 },
    { "d", "diff", "diff", "the text that ran against the file", 60 },
    { "tab", "audit", "audit", "who did or tried what, refused acts too", 50 },
    { "V", "verify", "verify", "check the environment's audit from its first entry to its last", 30 },
    { "O", "export", NULL, "write its audit to audit-ENV.jsonl in the working directory", 0 },
    { "U", "undo", NULL, "the plan that takes back what this run applied", 0 },
    VIEW_ROWS_KEYS{ 0 },
};

static struct view *history_open(size_t count, char *const *words, const struct view_frame *frame,
                                 struct mig_error *err)
{
    return view_list_open_words(&view_history, &kind, count, words, frame, err);
}

static const char *refuses(const struct view *view, const struct view_frame *frame, const char *action)
{
    const bson_t *row = view_rows_chosen(&((const struct view_list *)(const void *)view)->rows);
    (void)frame;
    if (tui_move_of(action) != TUI_MOVE_NONE || strcmp(action, "filter") == 0 || strcmp(action, "audit") == 0)
        return NULL;
    if (!row)
        return "no entry is chosen";
    if (strcmp(action, "undo") == 0)
        return strcmp(mig_doc_str(row, "status", ""), "applied") == 0 ? NULL : "it is not applied";
    if (strcmp(action, "verify") == 0 || strcmp(action, "export") == 0)
        return NULL;
    if (strcmp(action, "open") == 0)
        return mig_doc_str(row, "run", "")[0] ? NULL : "it was marked by hand: there is no run";
    return NULL;
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    struct view_list *history = (struct view_list *)(void *)view;
    ret->handled = true;
    if (view_rows_act(&history->rows, frame, action, event))
        return;
    const char *why = action ? refuses(view, frame, action) : NULL;
    const bson_t *row = view_rows_chosen(&history->rows);
    if (!action) {
        ret->handled = false;
    } else if (strcmp(action, "audit") == 0) {
        const struct cfg_environment *of = history->rows.env;
        view_command(ret, "view", "audit", of ? "--env" : NULL, of ? of->name : NULL, NULL);
    } else if (why || !row) {
        view_say(ret, "%s", why ? why : "no entry is chosen");
    } else {
        const char *env = mig_doc_str(row, "environment", "");
        char *file MIG_AUTOFREE = mig_printf("audit-%s.jsonl", env);
        if (strcmp(action, "open") == 0)
            view_command(ret, "view", "log", "--env", env, "--run", mig_doc_str(row, "run", ""), NULL);
        else if (strcmp(action, "verify") == 0)
            view_command(ret, "audit", "verify", "--env", env, NULL);
        else if (strcmp(action, "export") == 0)
            view_command(ret, "audit", "export", "--env", env, "--out", file, NULL);
        else if (strcmp(action, "diff") == 0)
            view_command(ret, "view", "plan", "--env", env, "--at", mig_doc_str(row, "version", ""), "--tab",
                         "diff", NULL);
        else
            view_command(ret, "view", "plan", "--env", env, "--down", "--run", mig_doc_str(row, "run", ""),
                         NULL);
    }
}

const struct view_class view_history = {
    .name = "history",
    .title = "History",
    .digit = '6',
    .keys = keys,
    .open = history_open,
    .close = view_list_close,
    .update = view_list_update,
    .draw = view_list_draw,
    .act = act,
    .refuses = refuses,
    .wants = wants,
    .plain = view_list_plain,
    .subject = view_list_subject,
};
