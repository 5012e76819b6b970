/* backups.c - backups of all environments, newest first: what each is worth, and the acts on it. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"
#include "views/classes.h"
#include "views/rows.h"

static enum tui_style size_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    struct mig_buf text MIG_AUTOBUF;
    (void)frame;
    mig_buf_init(&text, 64);
    int64_t bytes = mig_doc_int(row, "size", 0);
    if (bytes > 0)
        mig_text_size(&text, bytes);
    snprintf(ret, size, "%s", text.text);
    return TUI_PLAIN;
}

/* That it finished is no praise: what it is worth, its proof tells. */
static enum tui_style state_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    const char *state = mig_doc_str(row, "state", "");
    int64_t total = mig_doc_int(row, "documentsTotal", 0);
    bool running = strcmp(state, "running") == 0;
    (void)frame;
    if (running && total > 0)
        snprintf(ret, size, "%s %d%%", state, view_percent(mig_doc_int(row, "documents", 0), total));
    else
        snprintf(ret, size, "%s", state);
    return strcmp(state, "finished") == 0  ? TUI_PLAIN
           : strcmp(state, "removed") == 0 ? TUI_DIM
                                           : view_status_style(state);
}

static enum tui_style took_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    return strcmp(mig_doc_str(row, "state", ""), "running") == 0 ? TUI_PLAIN
                                                                 : view_cell_took(row, frame, ret, size);
}

/* Whether the archive was read back whole and is still there; nothing else makes a backup one that counts. */
static enum tui_style proof_cell(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    const char *proof = mig_doc_str(row, "proof", "none");
    const char *where = mig_doc_str(row, "where", "");
    bool lost = strcmp(where, "gone") == 0 || strcmp(where, "altered") == 0;
    bool ok = strcmp(proof, "ok") == 0 && !lost;
    bool none = strcmp(proof, "none") == 0 && !lost;
    if (strcmp(mig_doc_str(row, "state", ""), "finished") != 0)
        return TUI_PLAIN;
    enum tui_mark mark = ok ? TUI_MARK_OK : none ? TUI_MARK_UNKNOWN : TUI_MARK_NO;
    snprintf(ret, size, "%s%s%s%s", frame->plain ? "" : tui_mark(mark, frame->utf8), frame->plain ? "" : " ",
             lost ? "file " : "",
             lost   ? where
             : ok   ? "proven"
             : none ? "not read back"
                    : "bad");
    return ok ? TUI_GOOD : none ? TUI_WARN : TUI_BAD;
}

// clang-format off
static const struct view_rows_column columns[] = {
    { { .title = "STARTED", .min = 11, .max = 11, .rank = 9 }, view_cell_started, NULL },
    { { .title = "ENV",     .min = 5,  .max = 8,  .rank = 8 }, view_cell_env, NULL },
    { { .title = "STATE",   .min = 13, .max = 13, .rank = 7 }, state_cell, NULL },
    { { .title = "PROOF",   .min = 15, .max = 15, .rank = 6 }, proof_cell, NULL },
    { { .title = "SIZE",    .min = 8,  .max = 8,  .rank = 5, .right = true }, size_cell, NULL },
    { { .title = "TOOK",    .min = 6,  .max = 6,  .rank = 4, .right = true }, took_cell, NULL },
    { { .title = "METHOD",  .min = 9,  .max = 9,  .rank = 2 }, NULL, "method" },
    { { .title = "BY",      .min = 4,  .max = 8,  .rank = 1 }, NULL, "operator" },
};
// clang-format on

static void detail(const bson_t *row, const struct view_frame *frame, struct mig_buf *out)
{
    struct mig_buf text MIG_AUTOBUF;
    char when[VIEW_TIME_SIZE];
    mig_buf_init(&text, 128);
    view_rows_fact_of(out, "error", row, "error");
    view_when(view_doc_time(row, "provenAt"), frame->wall_ms, when);
    view_rows_fact(out, "proven", when);
    mig_text_count(&text, mig_doc_int(row, "documents", 0), "document");
    mig_buf_str(&text, " of ");
    mig_text_count(&text, mig_doc_int(row, "collections", 0), "collection");
    view_rows_fact(out, "holds", text.text);
    view_rows_fact(out, "moment",
                   mig_doc_bool(row, "consistent", false) ? "all collections at one cluster time"
                                                          : "each collection at a time of its own");
    view_rows_fact_of(out, "at", row, "at");
    view_rows_fact_of(out, "reason", row, "reason");
    view_rows_fact_of(out, "ticket", row, "ticket");
    view_rows_person(out, row);
    view_rows_fact_of(out, "file", row, "file");
    view_rows_fact_of(out, "backup", row, "backup");
}

static const char *const identity[] = { "backup", NULL };

static const struct view_rows_kind kind = {
    .kind = MIG_QUERY_BACKUPS,
    .noun = "backups",
    .empty = "No backup yet.\n \nb takes one, and reads it back before it counts.",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .id = identity,
    .detail = detail,
};

static const struct view_key keys[] = {
    { "b", "take", "backup", "take a backup of the environment, and read it back", 90 },
    { "v", "verify", "verify", "read the archive back whole: blocks, checksums, counts", 80 },
    { "D", "drill", "drill", "restore it into a scratch database, compare, and drop that", 60 },
    { "R", "restore", "restore", "restore it into a new database beside the one it is of", 50 },
    VIEW_ROWS_KEYS{ 0 },
};

static struct view *backups_open(size_t count, char *const *words, const struct view_frame *frame,
                                 struct mig_error *err)
{
    return view_list_open_words(&view_backups, &kind, count, words, frame, err);
}

/* The environment of an act: the one in view, else the chosen backup's. */
static const char *env_of(const struct view_list *backups)
{
    const bson_t *row = view_rows_chosen(&backups->rows);
    return backups->rows.env ? backups->rows.env->name : row ? mig_doc_str(row, "environment", "") : "";
}

static const char *refuses(const struct view *view, const struct view_frame *frame, const char *action)
{
    const struct view_list *backups = (const struct view_list *)(const void *)view;
    const bson_t *row = view_rows_chosen(&backups->rows);
    (void)frame;
    if (tui_move_of(action) != TUI_MOVE_NONE || strcmp(action, "filter") == 0)
        return NULL;
    if (!env_of(backups)[0])
        return "choose an environment first (l)";
    if (strcmp(action, "take") == 0)
        return NULL;
    if (!row)
        return "no backup is chosen";
    return strcmp(mig_doc_str(row, "state", ""), "finished") == 0 ? NULL : "it did not finish";
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    struct view_list *backups = (struct view_list *)(void *)view;
    ret->handled = true;
    if (view_rows_act(&backups->rows, frame, action, event))
        return;
    if (!action) {
        ret->handled = false;
        return;
    }
    const char *why = refuses(view, frame, action);
    const bson_t *row = view_rows_chosen(&backups->rows);
    const char *id = row ? mig_doc_str(row, "backup", "") : "";
    if (why)
        view_say(ret, "%s", why);
    else if (strcmp(action, "take") == 0)
        view_command(ret, "backup", "take", "--env", env_of(backups), NULL);
    else if (strcmp(action, "restore") == 0)
        view_command(ret, "restore", id, "--env", env_of(backups), NULL);
    else
        view_command(ret, "backup", action, id, "--env", env_of(backups), NULL);
}

const struct view_class view_backups = {
    .name = "backups",
    .title = "Backups",
    .digit = '5',
    .keys = keys,
    .open = backups_open,
    .close = view_list_close,
    .update = view_list_update,
    .draw = view_list_draw,
    .act = act,
    .refuses = refuses,
    .wants = view_list_wants,
    .plain = view_list_plain,
    .subject = view_list_subject,
};
