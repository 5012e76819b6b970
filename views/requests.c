/* requests.c - promotions that were asked for: those that wait for you, what each still needs, and the answers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "views/classes.h"
#include "views/rows.h"

static enum tui_style state_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    const char *state = mig_doc_str(row, "state", "");
    bool for_me = mig_doc_bool(row, "forMe", false);
    (void)frame;
    snprintf(ret, size, "%s", for_me ? "waits for you" : state);
    return for_me ? TUI_STRONG : view_status_style(state);
}

static enum tui_style votes_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    (void)frame;
    snprintf(ret, size, "%lld of %lld", (long long)mig_doc_int(row, "have", 0),
             (long long)mig_doc_int(row, "needed", 0));
    return TUI_PLAIN;
}

static enum tui_style what_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    bool glass = strcmp(mig_doc_str(row, "kind", "run"), "glass") == 0;
    (void)frame;
    if (glass)
        snprintf(ret, size, "break glass");
    else
        snprintf(ret, size, "%s %lld",
                 strcmp(mig_doc_str(row, "direction", "up"), "down") == 0 ? "rollback" : "apply",
                 (long long)mig_doc_int(row, "migrations", 0));
    return glass ? TUI_BAD : TUI_PLAIN;
}

// clang-format off
static const struct view_rows_column columns[] = {
    { { .title = "ASKED",     .min = 11, .max = 11, .rank = 6 }, view_cell_started, NULL },
    { { .title = "ENV",       .min = 5,  .max = 8,  .rank = 9 }, view_cell_env, NULL },
    { { .title = "STATE",     .min = 13, .max = 13, .rank = 8 }, state_cell, NULL },
    { { .title = "APPROVALS", .min = 9,  .max = 9,  .rank = 7, .right = true }, votes_cell, NULL },
    { { .title = "WHAT",      .min = 11, .max = 11, .rank = 5 }, what_cell, NULL },
    { { .title = "BY",        .min = 4,  .max = 12,  .rank = 4 }, NULL, "requesterName" },
    { { .title = "REASON",    .min = 12, .max = 0,  .rank = 3 }, NULL, "reason" },
};
// clang-format on

static void detail(const bson_t *row, const struct view_frame *frame, struct mig_buf *out)
{
    char text[96];
    view_rows_fact_of(out, "now", row, "detail");
    view_rows_fact_of(out, "reason", row, "reason");
    view_rows_fact_of(out, "ticket", row, "ticket");
    view_rows_fact_of(out, "by", row, "requesterName");
    view_when(view_doc_time(row, "expiresAt"), frame->wall_ms, text);
    view_rows_fact(out, "expires", text);
    bson_t list;
    bson_iter_t each;
    if (mig_doc_sub(row, "decisions", &list) && bson_iter_init(&each, &list)) {
        bson_t one;
        while (bson_iter_next(&each)) {
            if (!mig_iter_sub(&each, &one))
                continue;
            snprintf(text, sizeof text, "%.20s by %.60s%s", mig_doc_str(&one, "decision", "?"),
                     mig_doc_str(&one, "name", "?"),
                     mig_doc_bool(&one, "counts", true) ? "" : ", does not count");
            view_rows_fact(out, "answer", text);
        }
    }
    snprintf(text, sizeof text, "%.16s", mig_doc_str(row, "planId", ""));
    view_rows_fact(out, "plan", text);
    view_rows_fact_of(out, "request", row, "request");
}

static const char *const identity[] = { "request", NULL };

static const struct view_rows_kind kind = {
    .kind = MIG_QUERY_REQUESTS,
    .noun = "requests",
    .empty = "Nobody has asked for anything.\n \nQ in a plan (2) asks for its approval.",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .id = identity,
    .detail = detail,
};

static const struct view_key keys[] = {
    { "enter", "open", "plan", "what was asked for, as a plan with its gates as they are now", 90 },
    { "A", "approve", "approve", "approve it, as the one you are", 80 },
    { "X", "reject", "reject", "reject it, for good; asks for the reason", 60 },
    { "W", "withdraw", "withdraw", "take your own request back", 40 },
    VIEW_ROWS_KEYS{ 0 },
};

static struct view *requests_open(size_t count, char *const *words, const struct view_frame *frame,
                                  struct mig_error *err)
{
    return view_list_open_words(&view_requests, &kind, count, words, frame, err);
}

static const char *refuses(const struct view *view, const struct view_frame *frame, const char *action)
{
    const bson_t *row = view_rows_chosen(&((const struct view_list *)(const void *)view)->rows);
    const char *state = row ? mig_doc_str(row, "state", "") : "";
    (void)frame;
    if (tui_move_of(action) != TUI_MOVE_NONE || strcmp(action, "filter") == 0)
        return NULL;
    if (!row)
        return "no request is chosen";
    if (strcmp(action, "open") == 0)
        return NULL;
    if (strcmp(action, "approve") == 0 && !mig_doc_bool(row, "forMe", false))
        return "it does not wait for you";
    return strcmp(state, "waiting") == 0 || strcmp(state, "approved") == 0 ? NULL : "it is over";
}

/* The plan of what was asked for, not of all that is pending: up to its last migration, or back over just these. */
static void open_plan(const bson_t *row, const char *env, struct view_answer *ret)
{
    bool down = strcmp(mig_doc_str(row, "direction", "up"), "down") == 0;
    int64_t count = mig_doc_int(row, "migrations", 0);
    struct mig_buf line MIG_AUTOBUF;
    mig_buf_init(&line, sizeof ret->command);
    mig_buf_str(&line, "view plan --env");
    view_word(&line, env);
    mig_buf_str(&line, " --tab gates");
    mig_buf_str(&line, down && count > 0 ? " --down" : "");
    for (int64_t i = down ? 0 : count - 1; i >= 0 && i < count; i++) {
        char path[64];
        snprintf(path, sizeof path, "plan.migrations.%" PRId64 ".version", i);
        const char *version = mig_doc_str(row, path, "");
        mig_buf_str(&line, !down && version[0] ? " --to" : "");
        if (version[0])
            view_word(&line, version);
    }
    if (line.overflow || line.len >= sizeof ret->command)
        view_say(ret, "that are too many words for one line: :approve shows it");
    else
        memcpy(ret->command, line.text, line.len + 1);
    ret->handled = true;
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    struct view_list *requests = (struct view_list *)(void *)view;
    ret->handled = true;
    if (view_rows_act(&requests->rows, frame, action, event))
        return;
    if (!action) {
        ret->handled = false;
        return;
    }
    const char *why = refuses(view, frame, action);
    const bson_t *row = view_rows_chosen(&requests->rows);
    const char *env = row ? mig_doc_str(row, "environment", "") : "";
    const char *id = row ? mig_doc_str(row, "request", "") : "";
    if (why)
        view_say(ret, "%s", why);
    else if (strcmp(action, "open") == 0)
        open_plan(row, env, ret);
    else
        view_command(ret, action, id, "--env", env, NULL);
}

const struct view_class view_requests = {
    .name = "requests",
    .title = "Requests",
    .keys = keys,
    .open = requests_open,
    .close = view_list_close,
    .update = view_list_update,
    .draw = view_list_draw,
    .act = act,
    .refuses = refuses,
    .wants = view_list_wants,
    .plain = view_list_plain,
    .subject = view_list_subject,
};
