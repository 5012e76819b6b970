/* matrix_detail.c - the chosen migration: where it ran, what stands before its next environment, what it does. */
#include <stdio.h>
#include <string.h>

#include "base/rows.h"
#include "base/timefmt.h"
#include "views/matrix_private.h"

#define STEADY_FROM 16 /* rows from which there is one to spare */

#define DRIFTED_MOST 2 /* collections that are named */

#define LONG_WHEN_FROM 32 /* columns in which a date, a time, a duration and a name have room */

/* A pane that is written from the top down. */
struct sheet {
    struct tui_pane pane;
    int y;
    int most;                   /* rows of a paragraph */
    bool cut;                   /* something had no room */
    const char *due, *due_name; /* a heading that is written with its first item; NULL: none */
};

static int left_of(const struct sheet *sheet)
{
    return sheet->pane.h - sheet->y;
}

static void heading(struct sheet *sheet, const char *words, const char *name)
{
    char text[128];
    snprintf(text, sizeof text, "%s%s", words, name);
    sheet->y += sheet->y > 0;
    tui_field(&sheet->pane, 0, sheet->y++, sheet->pane.w, TUI_TITLE, text);
}

static void put_mark(const struct sheet *sheet, int x, enum tui_mark mark, enum tui_style style)
{
    tui_text(&sheet->pane, x, sheet->y, style, tui_mark(mark, sheet->pane.canvas->utf8));
}

/* Broken between words, in as many rows as it may have here. */
static void paragraph(struct sheet *sheet, int x, enum tui_style style, const char *text)
{
    int w = sheet->pane.w - x;
    int room = left_of(sheet) < sheet->most ? left_of(sheet) : sheet->most;
    sheet->cut = sheet->cut || view_paragraph_rows(w, text) > room;
    sheet->y += view_paragraph(&sheet->pane, x, sheet->y, w, room, style, text);
}

/* A sign and what it is about, broken under itself. */
static void item(struct sheet *sheet, enum tui_mark mark, enum tui_style style, const char *text)
{
    if (sheet->due && left_of(sheet) > 2)
        heading(sheet, sheet->due, sheet->due_name);
    sheet->due = NULL;
    if (left_of(sheet) > 0)
        put_mark(sheet, 0, mark, style);
    paragraph(sheet, 2, TUI_PLAIN, text);
}

/* ---- where it ran ---- */

/* What somebody wants to know of a record: since when, how long it took, who it was; with the time of day where it fits. */
static void history_line(const struct mig_view *view, const struct view_frame *frame, int room, char *ret,
                         size_t size)
{
    char when[VIEW_TIME_SIZE] = "";
    char took[MIG_TIME_SIZE] = "";
    const struct mig_record *record = view->record;
    snprintf(ret, size, "%s", mig_state_word(view->state));
    if (!record || record->state == MIG_RECORD_REVERTED)
        return;
    int64_t at = mig_record_time(record);
    const char *who = record->operator_name ? record->operator_name : "";
    if (view->state == MIG_APPLIED && room >= LONG_WHEN_FROM)
        view_when(at, frame->wall_ms, when);
    else
        view_when_short(at, frame->wall_ms, when);
    if (record->duration_ms > 0)
        mig_time_duration(record->duration_ms, took);
    if (view->state == MIG_APPLIED)
        snprintf(ret, size, "%s%s%s %s", when, took[0] ? " " : "", took, who);
    else
        snprintf(ret, size, "%s %s %s", mig_state_word(view->state), when, who);
}

static void where(struct sheet *sheet, const struct matrix *matrix, const struct matrix_row *row)
{
    int name_w = 4;
    for (size_t e = 0; e < matrix->env_count; e++) {
        int w = tui_width(matrix->names[e]);
        name_w = w > name_w ? w : name_w;
    }
    name_w = name_w > 14 ? 14 : name_w;
    heading(sheet, "Where it ran", "");
    for (size_t e = 0; e < matrix->env_count && left_of(sheet) > 0; e++) {
        const struct mig_snap_env *snap = &matrix->frame->snapshot->envs[e];
        const struct mig_view *view = matrix_cell(matrix, row, e);
        bool stale = view_env_stale(snap, matrix->frame->now_ms);
        char text[256];
        tui_field(&sheet->pane, 0, sheet->y, name_w, stale ? TUI_STALE : view_env_style(snap->env),
                  matrix->names[e]);
        if (view) {
            enum tui_style style = stale ? TUI_STALE : view_state_style(view->state);
            tui_text(&sheet->pane, name_w + 1, sheet->y, style,
                     mig_state_mark(view->state, matrix->frame->utf8));
            history_line(view, matrix->frame, sheet->pane.w - name_w - 3, text, sizeof text);
            tui_field(&sheet->pane, name_w + 3, sheet->y, sheet->pane.w - name_w - 3,
                      stale                        ? TUI_STALE
                      : view->state == MIG_APPLIED ? TUI_PLAIN
                                                   : style,
                      text);
        } else {
            tui_field(&sheet->pane, name_w + 1, sheet->y, sheet->pane.w - name_w - 1, TUI_DIM,
                      matrix->seen[e] && !row->migration ? "- never" : "? not known");
        }
        sheet->y++;
    }
}

/* ---- what stands before the next environment ---- */

static void rehearsal(struct sheet *sheet, const struct matrix *matrix, const struct matrix_row *row,
                      size_t env)
{
    if (env == 0 || !row->migration)
        return;
    char text[192];
    const char *before = matrix->frame->snapshot->envs[env - 1].env->name;
    const struct mig_view *view = matrix_cell(matrix, row, env - 1);
    if (!view) {
        snprintf(text, sizeof text, "not known in %s", before);
        item(sheet, TUI_MARK_UNKNOWN, TUI_WARN, text);
    } else if (view_env_stale(&matrix->frame->snapshot->envs[env - 1], matrix->frame->now_ms)) {
        snprintf(text, sizeof text, "%s in %s, which does not answer now", mig_state_word(view->state),
                 before);
        item(sheet, TUI_MARK_UNKNOWN, TUI_STALE, text);
    } else if (view->state == MIG_APPLIED) {
        snprintf(text, sizeof text, "the same text ran in %s", before);
        item(sheet, TUI_MARK_OK, TUI_GOOD, text);
    } else {
        snprintf(text, sizeof text, "%s in %s", mig_state_word(view->state), before);
        item(sheet, TUI_MARK_NO, view_state_style(view->state), text);
    }
}

static void gates(struct sheet *sheet, const struct matrix *matrix, const struct mig_snap_env *env)
{
    const struct mig_snap_answer *answer =
        mig_snapshot_answer(matrix->frame->snapshot, MIG_QUERY_PLAN, env->env, "");
    const struct mig_seen_plan *seen = answer ? answer->value : NULL;
    if (!seen)
        return;
    if (!seen->plan) {
        item(sheet, TUI_MARK_NO, TUI_BAD, seen->refused.message);
        return;
    }
    for (size_t i = 0; i < seen->plan->gate_count; i++) {
        const struct mig_gate *gate = &seen->plan->gates[i];
        char text[sizeof gate->reason + 64];
        if (!mig_gate_state_objects(gate->state))
            continue;
        snprintf(text, sizeof text, "%s: %s", gate->name, gate->reason);
        item(sheet, gate->state == MIG_GATE_FAILED ? TUI_MARK_NO : TUI_MARK_UNKNOWN, TUI_WARN, text);
    }
}

static void before_next(struct sheet *sheet, const struct matrix *matrix, const struct matrix_row *row)
{
    size_t env = matrix_next_env(matrix, row);
    if (env >= matrix->env_count || !row->migration)
        return;
    const struct mig_snap_env *snap = &matrix->frame->snapshot->envs[env];
    const struct mig_view *view = matrix_cell(matrix, row, env);
    sheet->due = "Before ";
    sheet->due_name = matrix->names[env];
    rehearsal(sheet, matrix, row, env);
    if (view && view->state != MIG_PENDING && view->reason && view->reason[0])
        item(sheet, TUI_MARK_NO, view_state_style(view->state), view->reason);
    gates(sheet, matrix, snap);
    sheet->due = NULL; /* there was nothing to say */
}

/* ---- what it does ---- */

static void what(struct sheet *sheet, const struct matrix_row *row)
{
    const struct mig_migration *migration = row->migration;
    if (!migration)
        return;
    sheet->cut = sheet->cut || left_of(sheet) < 3 + (int)migration->up_count;
    if (left_of(sheet) < 3)
        return;
    heading(sheet, "What it does", "");
    for (size_t i = 0; i < migration->up_count && left_of(sheet) > 1; i++) {
        const struct mig_step *step = &migration->up[i];
        char text[256];
        if (left_of(sheet) == 2 && i + 1 < migration->up_count) {
            snprintf(text, sizeof text, "and %zu more steps", migration->up_count - i);
            tui_field(&sheet->pane, 0, sheet->y++, sheet->pane.w, TUI_DIM, text);
            break;
        }
        snprintf(text, sizeof text, "%s %s", mig_step_kind_name(step->kind),
                 step->collection ? step->collection : "");
        tui_field(&sheet->pane, 0, sheet->y++, sheet->pane.w, TUI_PLAIN, text);
    }
    if (migration->irreversible) {
        char text[256];
        snprintf(text, sizeof text, "can't be taken back: %s", migration->irreversible);
        paragraph(sheet, 0, TUI_WARN, text);
    } else {
        tui_field(&sheet->pane, 0, sheet->y++, sheet->pane.w, TUI_DIM,
                  migration->has_down ? "has its own way back" : "no way back but inverses");
    }
}

/* The version stands in the frame already: what is left of the file's name has room. */
static void file_name(const struct matrix_row *row, bool utf8, char *ret, size_t size)
{
    const char *file = row->migration->file;
    size_t len = strlen(row->version);
    bool begins = strncmp(file, row->version, len) == 0;
    snprintf(ret, size, "%s%s", begins ? tui_mark(TUI_MARK_MORE, utf8) : "", file + (begins ? len : 0));
}

static void facts(struct sheet *sheet, const struct matrix_row *row)
{
    char text[160];
    int used = view_paragraph(&sheet->pane, 0, sheet->y, sheet->pane.w, 2, TUI_STRONG, row->title);
    /* Two rows for one or two: from row to row nothing below moves up and down, which would be drawn again each time. */
    sheet->y += sheet->pane.h >= STEADY_FROM ? 2 : used;
    if (!row->migration) {
        tui_field(&sheet->pane, 0, sheet->y++, sheet->pane.w, TUI_BAD, "its file is gone");
        return;
    }
    file_name(row, sheet->pane.canvas->utf8, text, sizeof text);
    tui_field(&sheet->pane, 0, sheet->y++, sheet->pane.w, TUI_DIM, text);
    snprintf(text, sizeof text, "digest %.12s", row->migration->sem);
    tui_field(&sheet->pane, 0, sheet->y++, sheet->pane.w, TUI_DIM, text);
    for (size_t i = 0; i < row->migration->depends_count && left_of(sheet) > 0; i++) {
        snprintf(text, sizeof text, "needs %s", row->migration->depends[i]);
        tui_field(&sheet->pane, 0, sheet->y++, sheet->pane.w, TUI_DIM, text);
    }
}

/* An environment without a new answer: why, and how old what is shown is. False: it answers. */
static bool silence(const struct mig_snap_env *env, int64_t now_ms, char *ret, size_t size)
{
    char age[VIEW_TIME_SIZE] = "";
    if (env->error.code == MIG_OK)
        return false;
    view_age(now_ms - env->seen_ms, age);
    snprintf(ret, size, "%s%s%s%s", env->error.message, env->seen ? " (what is shown is " : "",
             env->seen ? age : "", env->seen ? " old)" : "");
    return true;
}

/* Why an environment in focus says what it says, where nothing else on the pane does. */
static void focused(struct sheet *sheet, const struct matrix *matrix, const struct matrix_row *row,
                    const struct view_frame *frame)
{
    size_t env = matrix->table.focus < matrix->env_count ? matrix->table.focus : 0;
    const struct mig_snap_env *snap = &frame->snapshot->envs[env];
    const struct mig_view *view = matrix_cell(matrix, row, env);
    char text[MIG_ERROR_MESSAGE_MAX + 64];
    if (silence(snap, frame->now_ms, text, sizeof text)) {
        heading(sheet, "No answer from ", matrix->names[env]);
        paragraph(sheet, 0, TUI_WARN, text);
    }
    if (view && view->reason && view->reason[0] && matrix_next_env(matrix, row) != env &&
        left_of(sheet) > 2) {
        heading(sheet, "On ", matrix->names[env]);
        paragraph(sheet, 0, view_env_stale(snap, frame->now_ms) ? TUI_STALE : view_state_style(view->state),
                  view->reason);
    }
}

/* What somebody else changed on the environment in focus. */
static void drifted(struct sheet *sheet, const struct matrix *matrix, const struct view_frame *frame)
{
    size_t env = matrix->table.focus < matrix->env_count ? matrix->table.focus : 0;
    const struct mig_seen_drift *drift = view_drift(frame->snapshot, frame->snapshot->envs[env].env);
    if (!drift || drift->drifted == 0)
        return;
    sheet->due = "Schema drift on ";
    sheet->due_name = matrix->names[env];
    for (size_t i = 0; i < drift->drifted && i < DRIFTED_MOST; i++) {
        char text[320];
        view_drift_text(&drift->first[i], text, sizeof text);
        item(sheet, TUI_MARK_NO, TUI_WARN, text);
    }
    sheet->due = NULL;
    if (drift->drifted > DRIFTED_MOST) {
        char text[80];
        snprintf(text, sizeof text, "and %zu more: migtui drift", drift->drifted - DRIFTED_MOST);
        paragraph(sheet, 2, TUI_DIM, text);
    }
}

/* False: something had no room. */
static bool write_sheet(struct sheet *sheet, const struct matrix *matrix, const struct matrix_row *row,
                        const struct view_frame *frame)
{
    tui_fill(&sheet->pane, 0, 0, sheet->pane.w, sheet->pane.h, TUI_PLAIN, ' ');
    facts(sheet, row);
    where(sheet, matrix, row);
    focused(sheet, matrix, row, frame);
    if (left_of(sheet) > 2)
        before_next(sheet, matrix, row);
    drifted(sheet, matrix, frame);
    what(sheet, row);
    return !sheet->cut;
}

void matrix_draw_detail(const struct matrix *matrix, const struct view_frame *frame,
                        const struct tui_pane *pane)
{
    static const int most[] = { 100, 12, 8,
                                5 }; /* a long error must not leave everything else without room */
    const struct matrix_row *row = matrix_chosen(matrix);
    struct tui_pane box = view_box(pane, row ? row->version : "", NULL);
    if (!row) {
        view_empty(&box, "Nothing is chosen.");
        return;
    }
    for (size_t i = 0; i < MIG_COUNT(most); i++) {
        struct sheet sheet = { .pane = tui_pane_part(&box, 1, 0, box.w - 2, box.h), .most = most[i] };
        if (write_sheet(&sheet, matrix, row, frame))
            return;
    }
}

void matrix_line(const struct matrix *matrix, const struct view_frame *frame, char *ret, size_t size)
{
    const struct matrix_row *row = matrix_chosen(matrix);
    size_t env = matrix->table.focus;
    ret[0] = '\0';
    if (!row || env >= matrix->env_count)
        return;
    const struct mig_view *view = matrix_cell(matrix, row, env);
    const char *name = frame->snapshot->envs[env].env->name;
    const char *tail = row->version + (strlen(row->version) > 14 ? strlen(row->version) - 14 : 0);
    char text[MIG_ERROR_MESSAGE_MAX + 64];
    if (silence(&frame->snapshot->envs[env], frame->now_ms, text, sizeof text)) {
        snprintf(ret, size, "%s: %s", name, text);
        return;
    }
    if (!view) {
        snprintf(ret, size, "%s on %s: %s", tail, name,
                 matrix->seen[env] && !row->migration ? "never ran there, and its file is gone"
                                                      : "not known");
        return;
    }
    if (view->reason && view->reason[0])
        snprintf(text, sizeof text, "%s: %s", mig_state_word(view->state), view->reason);
    else
        history_line(view, frame, LONG_WHEN_FROM, text, sizeof text);
    snprintf(ret, size, "%s on %s: %s%s", tail, name,
             view->state == MIG_APPLIED && !(view->reason && view->reason[0]) ? "applied " : "", text);
}
