/* audit.c - who did or tried what, refused and cancelled acts too: each environment's chain, newest first. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "model/person.h"
#include "views/classes.h"
#include "views/rows.h"

/* ---- the list ---- */

static enum tui_style who_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    struct mig_person who;
    (void)frame;
    mig_person_decode(row, "actor", &who);
    snprintf(ret, size, "%s", mig_person_name(&who));
    return TUI_PLAIN;
}

static enum tui_style from_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    (void)frame;
    snprintf(ret, size, "%s", mig_doc_str(row, "actor.host", ""));
    return TUI_PLAIN;
}

static enum tui_style outcome_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    static const struct {
        const char *word;
        enum tui_style style;
        enum tui_mark mark;
    } rows[] = {
        { "success", TUI_GOOD, TUI_MARK_OK },
        { "failure", TUI_BAD, TUI_MARK_NO },
        { "refused", TUI_WARN, TUI_MARK_NO },
        { "cancelled", TUI_DIM, TUI_MARK_NO },
    };
    const char *outcome = mig_doc_str(row, "outcome", "unknown");
    enum tui_style style = TUI_BAD;
    enum tui_mark mark = TUI_MARK_UNKNOWN;
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        if (strcmp(rows[i].word, outcome) == 0) {
            style = rows[i].style;
            mark = rows[i].mark;
        }
    }
    snprintf(ret, size, "%s%s%s", frame->plain ? "" : tui_mark(mark, frame->utf8), frame->plain ? "" : " ",
             outcome);
    return style;
}

/* What it was about: the migrations, or the one; the request. */
static enum tui_style what_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    struct mig_buf text MIG_AUTOBUF;
    int64_t count = mig_doc_int(row, "migrations", mig_doc_int(row, "applied", -1));
    (void)frame;
    mig_buf_init(&text, size);
    if (mig_doc_str(row, "version", "")[0])
        mig_buf_str(&text, mig_doc_str(row, "version", ""));
    else if (count >= 0)
        mig_text_count(&text, count, "migration");
    else if (mig_doc_str(row, "plan", "")[0])
        mig_buf_printf(&text, "plan %.12s", mig_doc_str(row, "plan", ""));
    snprintf(ret, size, "%s", text.text ? text.text : "");
    return TUI_PLAIN;
}

static enum tui_style note_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    const char *why = mig_doc_str(row, "error.message", "");
    const char *reason = mig_doc_str(row, "reason", "");
    const char *ticket = mig_doc_str(row, "ticket", "");
    (void)frame;
    if (why[0])
        snprintf(ret, size, "%s", why);
    else
        snprintf(ret, size, "%s%s%s", ticket, ticket[0] && reason[0] ? " " : "", reason);
    mig_utf8_trim(ret);
    return TUI_PLAIN;
}

// clang-format off
static const struct view_rows_column columns[] = {
    { { .title = "WHEN",    .min = 11, .max = 11, .rank = 7 }, view_cell_started, NULL },
    { { .title = "WHO",     .min = 6,  .max = 14, .rank = 8 }, who_cell, NULL },
    { { .title = "FROM",    .min = 6,  .max = 12, .rank = 1 }, from_cell, NULL },
    { { .title = "ENV",     .min = 5,  .max = 8,  .rank = 9 }, view_cell_env, NULL },
    { { .title = "ACTION",  .min = 12, .max = 14, .rank = 6 }, NULL, "action" },
    { { .title = "OUTCOME", .min = 11, .max = 11, .rank = 5 }, outcome_cell, NULL },
    { { .title = "WHAT",    .min = 14, .max = 17, .rank = 2 }, what_cell, NULL },
    { { .title = "NOTE",    .min = 16, .max = 0,  .rank = 3 }, note_cell, NULL },
};
// clang-format on

/* ---- one entry, whole ---- */

static void tell_versions(const bson_t *row, struct mig_buf *out)
{
    bson_t list;
    bson_iter_t each;
    if (!mig_doc_sub(row, "versions", &list) || !bson_iter_init(&each, &list))
        return;
    for (const char *name = "on"; bson_iter_next(&each); name = "") {
        if (BSON_ITER_HOLDS_UTF8(&each))
            view_rows_fact(out, name, bson_iter_utf8(&each, NULL));
    }
}

static void tell_actor(const bson_t *row, struct mig_buf *out)
{
    static const struct {
        const char *name, *member;
    } rows[] = {
        { "name", "actor.operator" }, { "OS user", "actor.osUser" }, { "host", "actor.host" },
        { "SSH", "actor.sshClient" }, { "DB user", "actor.dbUser" }, { "signed", "actor.principal" },
        { "key", "actor.key" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        view_rows_fact_of(out, rows[i].name, row, rows[i].member);
}

static void detail(const bson_t *row, const struct view_frame *frame, struct mig_buf *out)
{
    static const struct {
        const char *name, *member;
    } rows[] = {
        { "run", "run" },
        { "request", "request" },
        { "version", "version" },
        { "took over", "tookOver" },
    };
    char text[96];
    (void)frame;
    view_rows_fact_of(out, "error", row, "error.message");
    view_rows_fact_of(out, "reason", row, "reason");
    view_rows_fact_of(out, "ticket", row, "ticket");
    tell_actor(row, out);
    view_rows_fact_of(out, "at", row, "startedAt");
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        view_rows_fact_of(out, rows[i].name, row, rows[i].member);
    snprintf(text, sizeof text, "%.16s", mig_doc_str(row, "plan", ""));
    view_rows_fact(out, "plan", text);
    tell_versions(row, out);
    snprintf(text, sizeof text, "%" PRId64, mig_doc_int(row, "seq", 0));
    view_rows_fact(out, "entry", text);
    snprintf(text, sizeof text, "%.16s…", mig_doc_str(row, "digest", ""));
    view_rows_fact(out, "digest", text);
}

static const char *const identity[] = { "environment", "id", NULL };

static const struct view_rows_kind kind = {
    .kind = MIG_QUERY_AUDIT,
    .noun = "audit",
    .empty =
        "Nothing is on record yet.\n \nEvery act that writes, and every one that was refused, leaves an entry here.",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .id = identity,
    .detail = detail,
};

/* ---- keys ---- */

static const struct view_key keys[] = {
    { "enter", "open", "log", "the log of the run that the entry is of", 90 },
    { "V", "verify", "verify", "check the environment's chain from its first entry to its last", 60 },
    { "O", "export", "export", "write all of the environment's entries to audit-ENV.jsonl here", 50 },
    { "tab", "history", "history", "what ran, migration by migration", 40 },
    VIEW_ROWS_KEYS{ 0 },
};

static struct view *audit_open(size_t count, char *const *words, const struct view_frame *frame,
                               struct mig_error *err)
{
    return view_list_open_words(&view_audit, &kind, count, words, frame, err);
}

static const char *refuses(const struct view *view, const struct view_frame *frame, const char *action)
{
    const bson_t *row = view_rows_chosen(&((const struct view_list *)(const void *)view)->rows);
    (void)frame;
    if (tui_move_of(action) != TUI_MOVE_NONE || strcmp(action, "filter") == 0 ||
        strcmp(action, "history") == 0)
        return NULL;
    if (!row)
        return "no entry is chosen";
    return strcmp(action, "open") == 0 && !mig_doc_str(row, "run", "")[0] ? "no run belongs to it" : NULL;
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    struct view_list *audit = (struct view_list *)(void *)view;
    ret->handled = true;
    if (view_rows_act(&audit->rows, frame, action, event))
        return;
    const char *why = action ? refuses(view, frame, action) : NULL;
    const bson_t *row = view_rows_chosen(&audit->rows);
    const char *env = row ? mig_doc_str(row, "environment", "") : "";
    char *file MIG_AUTOFREE = mig_printf("audit-%s.jsonl", env);
    if (!action)
        ret->handled = false;
    else if (why)
        view_say(ret, "%s", why);
    else if (strcmp(action, "history") == 0 && audit->rows.env)
        view_command(ret, "view", "history", "--env", audit->rows.env->name, NULL);
    else if (strcmp(action, "history") == 0)
        view_command(ret, "view", "history", NULL);
    else if (strcmp(action, "open") == 0)
        view_command(ret, "view", "log", "--env", env, "--run", mig_doc_str(row, "run", ""), NULL);
    else if (strcmp(action, "verify") == 0)
        view_command(ret, "audit", "verify", "--env", env, NULL);
    else
        view_command(ret, "audit", "export", "--env", env, "--out", file, NULL);
}

const struct view_class view_audit = {
    .name = "audit",
    .title = "Audit",
    .keys = keys,
    .open = audit_open,
    .close = view_list_close,
    .update = view_list_update,
    .draw = view_list_draw,
    .act = act,
    .refuses = refuses,
    .wants = view_list_wants,
    .plain = view_list_plain,
    .subject = view_list_subject,
};
