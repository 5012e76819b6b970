/* recover.c - what a failed or interrupted migration left behind, and the ways out that are open.
 *
 * Nothing is forced: each way out is a command line of its own, and the two that set a state by hand ask for a reason first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "tui/lineedit.h"
#include "tui/table.h"
#include "views/classes.h"
#include "views/parts.h"

struct recover {
    struct view view;
    const struct cfg_environment *env;
    char at[TUI_TABLE_ID]; /* the version it was opened for; "" after the first answer */
    struct mig_seen_recover *seen;
    struct tui_table table;
    struct tui_line reason;
    const char *asking; /* "applied" or "pending": whose reason is being typed; NULL: none */
    char asked_for[TUI_TABLE_ID];
};

static const struct view_key keys[] = {
    { "c", "resume", "resume", "go on from the step it stands at", 90 },
    { "u", "undo", "undo", "take the finished steps back", 80 },
    { "A", "mark-applied", "mark applied", "say that it was finished by hand; asks for the reason", 60 },
    { "P", "mark-pending", "mark pending", "say that nothing of it is there; asks for the reason", 55 },
    { "L", "log", "log", "the log of the run that stopped", 70 },
    { "d", "diff", NULL, "the text that ran against the file", 0 },
    VIEW_MOVES{ 0 },
};

/* ---- rows ---- */

static const char *row_id(void *ctx, size_t row)
{
    return ((const struct recover *)ctx)->seen->items[row].version;
}

static void row_cell(void *ctx, size_t row, size_t column, struct tui_table_cell *ret)
{
    static const char *const probes[] = { "took effect", "did not take effect", "still at work", "unclear" };
    const struct mig_recovery *item = &((const struct recover *)ctx)->seen->items[row];
    switch (column) {
    case 0: ret->text = item->version; break;
    case 1:
        ret->text = mig_state_word(item->state);
        ret->style = view_state_style(item->state);
        break;
    case 2: ret->text = item->direction; break;
    case 3: ret->text = item->step ? item->step : ""; break;
    default:
        ret->text = (unsigned)item->probe < 4 ? probes[item->probe] : "unclear";
        ret->style = item->probe == MIG_PROBE_UNCLEAR ? TUI_WARN : TUI_PLAIN;
        break;
    }
}

// clang-format off
static const struct tui_column columns[] = {
    { .title = "VERSION",   .min = 14, .max = 20, .rank = 9 },
    { .title = "STATE",     .min = 11, .max = 11, .rank = 8 },
    { .title = "DIRECTION", .min = 9,  .max = 9,  .rank = 2 },
    { .title = "STEP",      .min = 8,  .max = 30, .rank = 5 },
    { .title = "WHAT IT DID", .min = 19, .max = 19, .rank = 4 },
};
// clang-format on

static struct tui_table_rows table_of(struct recover *recover)
{
    return (struct tui_table_rows){ .columns = columns,
                                    .column_count = sizeof columns / sizeof columns[0],
                                    .count = recover->seen ? recover->seen->count : 0,
                                    .ctx = recover,
                                    .id = row_id,
                                    .cell = row_cell };
}

static const struct mig_snap_answer *answer_of(const struct recover *recover, const struct view_frame *frame)
{
    return mig_snapshot_answer(frame->snapshot, MIG_QUERY_RECOVER, recover->env, "");
}

static void update(struct view *view, const struct view_frame *frame)
{
    struct recover *recover = (struct recover *)(void *)view;
    const struct mig_snap_answer *answer = answer_of(recover, frame);
    struct mig_seen_recover *seen = answer ? answer->value : NULL;
    if (seen == recover->seen)
        return;
    mig_unshare(recover->seen);
    recover->seen = mig_share(seen);
    struct tui_table_rows rows = table_of(recover);
    tui_table_update(&recover->table, &rows);
    if (seen && recover->at[0]) {
        tui_table_find(&recover->table, &rows, recover->at);
        recover->at[0] = '\0';
    }
}

static const struct mig_recovery *chosen(const struct recover *recover)
{
    return recover->seen && recover->table.selected < recover->seen->count
               ? &recover->seen->items[recover->table.selected]
               : NULL;
}

/* ---- opening, closing ---- */

static struct view *recover_open(size_t count, char *const *words, const struct view_frame *frame,
                                 struct mig_error *err)
{
    mig_error_clear(err);
    const struct cfg_environment *env = view_env_option(count, words, frame, false, err);
    if (!env)
        return NULL;
    const char *at = view_option(count, words, "--at");
    struct recover *recover = mig_alloc(sizeof *recover);
    recover->view.class = &view_recover;
    recover->env = env;
    snprintf(recover->at, sizeof recover->at, "%s", at ? at : "");
    tui_line_init(&recover->reason, 0, NULL);
    return &recover->view;
}

static void recover_close(struct view *view)
{
    mig_unshare(((struct recover *)(void *)view)->seen);
    free(view);
}

/* ---- drawing ---- */

struct sheet {
    struct tui_pane pane;
    int y;
};

static void fact(struct sheet *sheet, const char *name, enum tui_style style, const char *value)
{
    int left = sheet->pane.h - sheet->y;
    int indent = sheet->pane.w >= 50 ? 14 : 2;
    if (!value || !value[0] || left <= 0)
        return;
    tui_text(&sheet->pane, 0, sheet->y, TUI_DIM, name);
    if (indent == 2)
        sheet->y++;
    left = sheet->pane.h - sheet->y;
    int used = view_paragraph(&sheet->pane, indent, sheet->y, sheet->pane.w - indent, left < 6 ? left : 6,
                              style, value);
    sheet->y += used > 0 ? used : 1;
}

static void way(struct sheet *sheet, const char *key, const char *what, bool open, const char *why)
{
    char text[384];
    if (sheet->y >= sheet->pane.h)
        return;
    tui_text(&sheet->pane, 0, sheet->y, open ? TUI_KEY : TUI_DIM, key);
    snprintf(text, sizeof text, "%s%s%s", what, open || !why[0] ? "" : ": no, ", open ? "" : why);
    int left = sheet->pane.h - sheet->y;
    sheet->y += view_paragraph(&sheet->pane, 3, sheet->y, sheet->pane.w - 3, left < 3 ? left : 3,
                               open ? TUI_PLAIN : TUI_DIM, text);
}

static void draw_detail(const struct mig_recovery *item, const struct tui_pane *pane)
{
    struct sheet sheet = { .pane = *pane };
    char stands[256];
    snprintf(stands, sizeof stands, "%s%s%s", item->step ? item->step : "no step", " of ", item->version);
    fact(&sheet, "Stands at", TUI_STRONG, stands);
    fact(&sheet, "Done before", TUI_PLAIN, item->last_done ? item->last_done : "nothing");
    fact(&sheet, "Error then", TUI_BAD, item->error);
    fact(&sheet, "Database now", item->probe == MIG_PROBE_UNCLEAR ? TUI_WARN : TUI_PLAIN, item->evidence);
    if (sheet.pane.h - sheet.y < 6) { /* no room for a line each */
        char ways[128];
        snprintf(ways, sizeof ways, "Ways out:%s%s%s%s", item->can_resume ? "  c resume" : "",
                 item->can_undo ? "  u undo" : "", item->can_mark_applied ? "  A mark applied" : "",
                 item->can_mark_pending ? "  P mark pending" : "");
        view_paragraph(&sheet.pane, 0, sheet.pane.h - 1, sheet.pane.w, 1, TUI_TITLE, ways);
        return;
    }
    sheet.y++;
    tui_field(&sheet.pane, 0, sheet.y++, sheet.pane.w, TUI_TITLE, "Ways out");
    way(&sheet, "c", "resume: go on from that step", item->can_resume, item->why_not_resume);
    way(&sheet, "u", "undo: take the finished steps back", item->can_undo, "migtui knows no way");
    way(&sheet, "A", "mark applied: it was finished by hand", item->can_mark_applied,
        "its run is still at work");
    way(&sheet, "P", "mark pending: nothing of it is there", item->can_mark_pending,
        "its run is still at work");
}

static void draw_nothing(const struct recover *recover, const struct view_frame *frame,
                         const struct tui_pane *pane)
{
    char text[MIG_ERROR_MESSAGE_MAX + 128];
    const struct mig_snap_answer *answer = answer_of(recover, frame);
    if (recover->seen)
        snprintf(text, sizeof text,
                 "Nothing to recover on %s:\nno migration failed there or was interrupted.",
                 recover->env->name);
    else if (answer && answer->error.code != MIG_OK)
        snprintf(text, sizeof text, "%s can't be looked at:\n%s", recover->env->name, answer->error.message);
    else
        snprintf(text, sizeof text, "Looking at %s…", recover->env->name);
    view_empty(pane, text);
}

static void draw(struct view *view, const struct view_frame *frame, const struct tui_pane *pane)
{
    struct recover *recover = (struct recover *)(void *)view;
    char title[128];
    char name[80];
    update(view, frame);
    view_env_name(recover->env, name, sizeof name);
    snprintf(title, sizeof title, "Recover on %s", name);
    struct tui_pane box = view_box(pane, title, NULL);
    const struct mig_recovery *item = chosen(recover);
    if (!item) {
        draw_nothing(recover, frame, &box);
        return;
    }
    struct tui_pane inner = box;
    if (recover->asking) {
        int y = box.h - 1;
        int x = tui_printf(&box, 0, y, TUI_STRONG, " Why is it %s? ", recover->asking);
        tui_line_draw(&recover->reason, &box, x, y, box.w - x, TUI_FIELD, true);
        inner = tui_pane_part(&box, 0, 0, box.w, y);
    }
    struct tui_table_rows rows = table_of(recover);
    int list = (int)recover->seen->count + 1;
    list = list > inner.h / 3 ? inner.h / 3 : list;
    struct tui_pane top = tui_pane_part(&inner, 0, 0, inner.w, list < 2 ? 2 : list);
    struct tui_pane below = tui_pane_part(&inner, 1, top.h + 1, inner.w - 2, inner.h - top.h - 1);
    tui_table_draw(&recover->table, &rows, &top);
    draw_detail(item, &below);
}

/* ---- acts ---- */

static const struct mig_record *record_of(const struct recover *recover, const struct view_frame *frame)
{
    const struct mig_recovery *item = chosen(recover);
    const struct mig_snap_env *env = mig_snapshot_env(frame->snapshot, recover->env->name);
    return item && env && env->seen && env->seen->look.history
               ? mig_history_find(env->seen->look.history, item->version)
               : NULL;
}

static const char *refuses(const struct view *view, const struct view_frame *frame, const char *action)
{
    const struct recover *recover = (const struct recover *)(const void *)view;
    const struct mig_recovery *item = chosen(recover);
    const struct mig_record *record = record_of(recover, frame);
    if (tui_move_of(action) != TUI_MOVE_NONE)
        return NULL;
    if (!item)
        return "there is nothing to recover";
    if (strcmp(action, "resume") == 0)
        return item->can_resume          ? NULL
               : item->why_not_resume[0] ? item->why_not_resume
                                         : "it can't be resumed";
    if (strcmp(action, "undo") == 0)
        return item->can_undo ? NULL : "no way is known to take its steps back";
    if (strcmp(action, "mark-applied") == 0)
        return item->can_mark_applied ? NULL : "its run is still at work";
    if (strcmp(action, "mark-pending") == 0)
        return item->can_mark_pending ? NULL : "its run is still at work";
    if (strcmp(action, "log") == 0)
        return record && record->run ? NULL : "its run is not known";
    return NULL;
}

/* Keys while the reason is typed; enter makes the command of it. */
static void type_reason(struct recover *recover, const struct tui_event *event, struct view_answer *ret)
{
    if (event->key == TUI_KEY_ESC) {
        recover->asking = NULL;
    } else if (event->key != TUI_KEY_ENTER) {
        tui_line_key(&recover->reason, event);
    } else if (strspn(recover->reason.text, " ") == strlen(recover->reason.text)) {
        view_say(ret, "a reason must be given: it is kept on record");
    } else {
        view_command(ret, "mark", recover->asked_for, recover->asking, "--env", recover->env->name,
                     "--reason", recover->reason.text, NULL);
        recover->asking = NULL;
    }
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    struct recover *recover = (struct recover *)(void *)view;
    update(view, frame);
    ret->handled = true;
    if (recover->asking) {
        type_reason(recover, event, ret);
        return;
    }
    if (!action) {
        ret->handled = false;
        return;
    }
    struct tui_table_rows rows = table_of(recover);
    const struct mig_recovery *item = chosen(recover);
    const char *env = recover->env->name;
    const char *why = refuses(view, frame, action);
    if (tui_move_of(action) != TUI_MOVE_NONE) {
        tui_table_move(&recover->table, &rows, tui_move_of(action));
    } else if (why) {
        view_say(ret, "%s", why);
    } else if (strcmp(action, "resume") == 0) {
        view_command(ret, "recover", item->version, "--env", env, "--resume", NULL);
    } else if (strcmp(action, "undo") == 0) {
        view_command(ret, "recover", item->version, "--env", env, "--undo", NULL);
    } else if (strcmp(action, "log") == 0) {
        view_command(ret, "view", "log", "--env", env, "--run", record_of(recover, frame)->run, NULL);
    } else if (strcmp(action, "diff") == 0) {
        view_command(ret, "view", "plan", "--env", env, "--at", item->version, "--tab", "diff", NULL);
    } else {
        recover->asking = strcmp(action, "mark-applied") == 0 ? "applied" : "pending";
        snprintf(recover->asked_for, sizeof recover->asked_for, "%s", item->version);
        tui_line_init(&recover->reason, 400, NULL);
    }
}

static size_t wants(const struct view *view, const struct view_frame *frame,
                    struct view_want ret[static VIEW_WANTS_MAX])
{
    (void)frame;
    ret[0] = (struct view_want){ .kind = MIG_QUERY_RECOVER,
                                 .env = ((const struct recover *)(const void *)view)->env };
    return 1;
}

static void plain_fact(struct mig_buf *out, const char *name, const char *value)
{
    if (!value || !value[0])
        return;
    mig_buf_printf(out, "  %s: ", name);
    mig_text_safe(out, value, strlen(value), 2000, false);
    mig_buf_char(out, '\n');
}

static void plain(const struct view *view, const struct view_frame *frame, struct mig_buf *out)
{
    struct recover *recover = (struct recover *)(void *)(uintptr_t)view;
    update(&recover->view, frame);
    for (size_t i = 0; recover->seen && i < recover->seen->count; i++) {
        const struct mig_recovery *item = &recover->seen->items[i];
        mig_text_safe(out, item->version, strlen(item->version), 100, false);
        mig_buf_printf(out, " on %s: %s\n", recover->env->name, mig_state_word(item->state));
        plain_fact(out, "stands at", item->step);
        plain_fact(out, "done before", item->last_done);
        plain_fact(out, "error then", item->error);
        plain_fact(out, "database now", item->evidence);
        mig_buf_printf(out, "  ways out:%s%s%s%s\n", item->can_resume ? " resume" : "",
                       item->can_undo ? " undo" : "", item->can_mark_applied ? " mark-applied" : "",
                       item->can_mark_pending ? " mark-pending" : "");
        plain_fact(out, "no resume", item->can_resume ? "" : item->why_not_resume);
    }
    if (!recover->seen || recover->seen->count == 0)
        mig_buf_printf(out, "%s: %s\n", recover->env->name,
                       recover->seen ? "nothing to recover" : "no answer yet");
}

static void subject(const struct view *view, const struct view_frame *frame, char *ret, size_t size)
{
    (void)frame;
    snprintf(ret, size, "%s", ((const struct recover *)(const void *)view)->env->name);
}

static const struct view_option_row options[] = { { "--at", "VERSION" }, { NULL, NULL } };

const struct view_class view_recover = {
    .name = "recover",
    .title = "Recover",
    .keys = keys,
    .options = options,
    .open = recover_open,
    .close = recover_close,
    .update = update,
    .draw = draw,
    .act = act,
    .refuses = refuses,
    .wants = wants,
    .plain = plain,
    .subject = subject,
};
