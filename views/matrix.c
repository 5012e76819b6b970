/* matrix.c - the home screen: rows are migrations, columns environments. */
#include "views/classes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "views/matrix_private.h"

static const struct view_key keys[] = {
    { "enter", "open", "plan", "what there is to do: the plan, the log of a run, the ways out of a failure",
      90 },
    { "d", "diff", "diff", "the file against the text that ran there", 60 },
    { "x", "dry-run", "dry run", "the plan with documents counted on the server", 55 },
    { "p", "promote", "promote", "what could go on to the next environment", 40 },
    { "U", "undo", NULL, "the plan that takes the migration back", 0 },
    { "R", "recover", "recover", "what a failed or interrupted migration left behind", 50 },
    { "L", "log", "log", "the log of the run it came with", 45 },
    { "/", "filter", "filter", "only what has a text in version, title or state", 70 },
    { "space", "mark", "mark", "mark, and go to the next row; enter takes all that are marked", 30 },
    { "u", "unmark", NULL, "unmark, and go to the next row", 0 },
    VIEW_MOVES{ 0 },
};

static struct view *matrix_open(size_t count, char *const *words, const struct view_frame *frame,
                                struct mig_error *err)
{
    mig_error_clear(err);
    const struct cfg_environment *env = view_env_option(count, words, frame, true, err);
    if (err->code != MIG_OK)
        return NULL;
    struct matrix *matrix = mig_alloc(sizeof *matrix);
    matrix->view.class = &view_matrix;
    view_search_clear(&matrix->search);
    const char *filter = view_option(count, words, "--filter");
    if (filter)
        tui_line_set(&matrix->search.line, filter);
    matrix->focused = env != NULL;
    for (size_t e = 0; env && e < frame->snapshot->env_count; e++) {
        if (frame->snapshot->envs[e].env == env)
            matrix->table.focus = e;
    }
    return &matrix->view;
}

static void matrix_close(struct view *view)
{
    struct matrix *matrix = (struct matrix *)(void *)view;
    matrix_rows_done(matrix);
    for (size_t i = 0; i < matrix->marked_count; i++)
        free(matrix->marked[i]);
    free(matrix->marked);
    free(matrix);
}

/* Where somebody should look first: the worst cell there is, the first of its kind. Without one, the first row that is not
 * applied everywhere, else the newest. */
static void look_for_trouble(const struct matrix *matrix, size_t *ret_row, size_t *ret_env)
{
    static const unsigned gravity[MIG_STATES] = {
        [MIG_FAILED] = 9, [MIG_INTERRUPTED] = 8, [MIG_CHANGED] = 7, [MIG_MISSING] = 6, [MIG_RUNNING] = 5,
        [MIG_LATE] = 4,   [MIG_BLOCKED] = 3,     [MIG_PENDING] = 2, [MIG_APPLIED] = 0
    };
    unsigned worst = 0;
    *ret_row = matrix->shown_count > 0 ? matrix->shown_count - 1 : 0;
    for (size_t i = 0; i < matrix->shown_count; i++) {
        const struct matrix_row *row = &matrix->rows[matrix->shown[i]];
        for (size_t e = 0; e < matrix->env_count && !row->settled; e++) {
            const struct mig_view *cell = matrix_cell(matrix, row, e);
            if (cell && gravity[cell->state] > worst) {
                worst = gravity[cell->state];
                *ret_row = i;
                *ret_env = e;
            }
        }
    }
}

/* Rows may have come and gone: the chosen one is found again; before there is one, trouble is. */
static void settle(struct matrix *matrix, const struct view_frame *frame)
{
    struct tui_table_rows rows = matrix_table(matrix, frame, 80);
    if (matrix->moved) {
        tui_table_update(&matrix->table, &rows);
        return;
    }
    size_t env = matrix->table.focus;
    size_t row = 0;
    look_for_trouble(matrix, &row, &env);
    tui_table_select(&matrix->table, &rows, row);
    if (!matrix->focused)
        matrix->table.focus = env;
}

static void update(struct view *view, const struct view_frame *frame)
{
    struct matrix *matrix = (struct matrix *)(void *)view;
    if (matrix_sync(matrix, frame))
        settle(matrix, frame);
}

static void draw(struct view *view, const struct view_frame *frame, const struct tui_pane *pane)
{
    update(view, frame);
    matrix_draw((struct matrix *)(void *)view, frame, pane);
}

/* ---- acts ---- */

static const struct mig_snap_env *focus_of(const struct matrix *matrix, const struct view_frame *frame)
{
    size_t env = matrix->table.focus;
    return env < frame->snapshot->env_count ? &frame->snapshot->envs[env] : NULL;
}

static const struct mig_view *chosen_cell(const struct matrix *matrix)
{
    const struct matrix_row *row = matrix_chosen(matrix);
    return row && matrix->table.focus < matrix->env_count ? matrix_cell(matrix, row, matrix->table.focus)
                                                          : NULL;
}

static bool is_applied(const struct mig_view *view)
{
    return view && (view->state == MIG_APPLIED || view->state == MIG_CHANGED || view->state == MIG_MISSING);
}

static bool is_to_do(const struct mig_view *view)
{
    return view && (view->state == MIG_PENDING || view->state == MIG_LATE || view->state == MIG_BLOCKED);
}

static int by_version(const void *a, const void *b)
{
    return mig_version_compare(*(char *const *)a, *(char *const *)b);
}

/* All marked ones together: a plan up to the newest, or one that takes them back. */
static void open_marked(struct matrix *matrix, const char *env, struct view_answer *ret)
{
    size_t to_do = 0;
    size_t applied = 0;
    qsort(matrix->marked, matrix->marked_count, sizeof *matrix->marked, by_version);
    for (size_t i = 0; i < matrix->row_count; i++) {
        const struct matrix_row *row = &matrix->rows[i];
        if (!row->marked)
            continue;
        to_do += is_to_do(matrix_cell(matrix, row, matrix->table.focus));
        applied += is_applied(matrix_cell(matrix, row, matrix->table.focus));
    }
    if (to_do == matrix->marked_count) {
        view_command(ret, "view", "plan", "--env", env, "--to", matrix->marked[matrix->marked_count - 1],
                     NULL);
        return;
    }
    if (applied != matrix->marked_count) {
        view_say(ret, "of the %zu marked %zu are applied on %s and %zu are not: unmark (u) one kind",
                 matrix->marked_count, applied, env, matrix->marked_count - applied);
        return;
    }
    struct mig_buf line MIG_AUTOBUF;
    mig_buf_init(&line, sizeof ret->command);
    mig_buf_str(&line, "view plan --down --env");
    view_word(&line, env);
    for (size_t i = matrix->marked_count; i-- > 0;)
        view_word(&line, matrix->marked[i]);
    if (line.overflow || line.len >= sizeof ret->command)
        view_say(ret, "that are too many for one command line: unmark (u) some");
    else
        snprintf(ret->command, sizeof ret->command, "%s", line.text);
    ret->handled = true;
}

static void open_cell(struct matrix *matrix, const char *env, struct view_answer *ret)
{
    const struct matrix_row *row = matrix_chosen(matrix);
    const struct mig_view *view = chosen_cell(matrix);
    if (matrix->marked_count > 0)
        open_marked(matrix, env, ret);
    else if (!row)
        view_say(ret, "there is no migration to open");
    else if (is_to_do(view))
        view_command(ret, "view", "plan", "--env", env, "--to", row->version, NULL);
    else if (view && view->state == MIG_RUNNING)
        view_command(ret, "view", "log", "--env", env, "--run", view->record->run, NULL);
    else if (view && (view->state == MIG_FAILED || view->state == MIG_INTERRUPTED))
        view_command(ret, "view", "recover", "--env", env, "--at", row->version, NULL);
    else
        view_command(ret, "view", "plan", "--env", env, "--at", row->version, "--tab",
                     view && view->state == MIG_CHANGED ? "diff" : "script", NULL);
}

/* What a cell does not have may only not have been seen. */
static const char *lacks(const struct mig_snap_env *env, const char *why)
{
    return env && !env->seen ? "it has not answered yet" : why;
}

/* Why an act on the chosen cell can't be done; NULL: it can. */
static const char *refuses(const struct view *view, const struct view_frame *frame, const char *action)
{
    const struct matrix *matrix = (const struct matrix *)(const void *)view;
    const struct matrix_row *row = matrix_chosen(matrix);
    const struct mig_view *cell = chosen_cell(matrix);
    const struct mig_snap_env *env = focus_of(matrix, frame);
    if (strcmp(action, "log") == 0)
        return cell && cell->record && cell->record->run ? NULL : lacks(env, "it never ran there");
    if (strcmp(action, "diff") == 0)
        return !row || !row->migration ? "its file is gone"
               : cell && cell->record  ? NULL
                                       : lacks(env, "it never ran there");
    if (strcmp(action, "undo") == 0)
        return is_applied(cell) ? NULL : lacks(env, "it is not applied there");
    if (strcmp(action, "recover") == 0) {
        const size_t *counts = env && env->seen ? env->seen->look.views.counts : NULL;
        return counts && counts[MIG_FAILED] + counts[MIG_INTERRUPTED] > 0
                   ? NULL
                   : lacks(env, "nothing failed or was interrupted there");
    }
    if (strcmp(action, "dry-run") == 0)
        return is_to_do(cell) ? NULL : lacks(env, "it is not pending there");
    return NULL;
}

static void act_on_cell(struct matrix *matrix, const struct view_frame *frame, const char *action,
                        struct view_answer *ret)
{
    const struct matrix_row *row = matrix_chosen(matrix);
    const struct mig_view *cell = chosen_cell(matrix);
    const struct mig_snap_env *snap = focus_of(matrix, frame);
    const char *why = refuses(&matrix->view, frame, action);
    if (!snap || why) {
        view_say(ret, "%s: %s", snap ? snap->env->name : "no environment", why ? why : "none is configured");
        return;
    }
    const char *env = snap->env->name;
    if (strcmp(action, "promote") == 0)
        view_command(ret, "view", "promote", "--env", env, NULL);
    else if (strcmp(action, "open") == 0)
        open_cell(matrix, env, ret);
    else if (strcmp(action, "diff") == 0)
        view_command(ret, "view", "plan", "--env", env, "--at", row->version, "--tab", "diff", NULL);
    else if (strcmp(action, "dry-run") == 0)
        view_command(ret, "view", "plan", "--env", env, "--to", row->version, "--dry-run", NULL);
    else if (strcmp(action, "undo") == 0)
        view_command(ret, "view", "plan", "--env", env, "--down", row->version, NULL);
    else if (strcmp(action, "recover") == 0)
        view_command(ret, "view", "recover", "--env", env, NULL);
    else if (strcmp(action, "log") == 0 && cell && cell->record)
        view_command(ret, "view", "log", "--env", env, "--run", cell->record->run, NULL);
}

/* A key while the filter is typed, or esc when there is one. */
static bool act_on_filter(struct matrix *matrix, const struct view_frame *frame,
                          const struct tui_event *event)
{
    if (matrix->search.open) {
        if (!view_search_key(&matrix->search, event))
            return true;
    } else if (event && event->key == TUI_KEY_ESC && view_search_text(&matrix->search)[0]) {
        view_search_clear(&matrix->search);
    } else {
        return false;
    }
    matrix_filter(matrix);
    settle(matrix, frame);
    return true;
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    struct matrix *matrix = (struct matrix *)(void *)view;
    update(view, frame);
    ret->handled = true;
    if (act_on_filter(matrix, frame, event))
        return;
    if (!action) {
        ret->handled = false;
        return;
    }
    struct tui_table_rows rows = matrix_table(matrix, frame, 80);
    enum tui_move move = tui_move_of(action);
    if (strcmp(action, "filter") == 0) {
        view_search_open(&matrix->search, '/');
    } else if (strcmp(action, "mark") == 0 || strcmp(action, "unmark") == 0) {
        matrix_mark(matrix, strcmp(action, "mark") == 0);
        matrix->moved = matrix->focused = true;
        tui_table_move(&matrix->table, &rows, TUI_MOVE_DOWN);
    } else if (move != TUI_MOVE_NONE) {
        matrix->moved = matrix->focused = true;
        tui_table_move(&matrix->table, &rows, move);
    } else {
        act_on_cell(matrix, frame, action, ret);
    }
}

static size_t wants(const struct view *view, const struct view_frame *frame,
                    struct view_want ret[static VIEW_WANTS_MAX])
{
    const struct matrix *matrix = (const struct matrix *)(const void *)view;
    const struct matrix_row *row = matrix_chosen(matrix);
    size_t env = row ? matrix_next_env(matrix, row) : matrix->env_count;
    size_t count = view_wants_drift(frame, ret);
    if (matrix->wide && env < matrix->env_count && env < frame->snapshot->env_count)
        ret[count++] = (struct view_want){ .kind = MIG_QUERY_PLAN, .env = frame->snapshot->envs[env].env };
    return count;
}

/* ---- line by line ---- */

static void plain_cell(const struct matrix *matrix, const struct matrix_row *row, size_t env,
                       struct mig_buf *out)
{
    const struct mig_snap_env *snap = &matrix->frame->snapshot->envs[env];
    const struct mig_view *view = matrix_cell(matrix, row, env);
    char time[MIG_TIME_SIZE];
    mig_buf_printf(out, "; %s ", snap->env->name);
    if (!view) {
        mig_buf_str(out, matrix->seen[env] && !row->migration ? "never" : "not known");
        return;
    }
    mig_buf_str(out, mig_state_word(view->state));
    if (view->record && view->record->ended_at > 0) {
        mig_time_iso(view->record->ended_at, time);
        mig_buf_printf(out, " %s", time);
    }
    if (view->reason && view->reason[0]) {
        mig_buf_str(out, " (");
        mig_text_safe(out, view->reason, strlen(view->reason), 400, false);
        mig_buf_char(out, ')');
    }
}

static void plain_drift(const struct view_frame *frame, const struct mig_snap_env *env, struct mig_buf *out)
{
    const struct mig_seen_drift *drift = view_drift(frame->snapshot, env->env);
    for (size_t i = 0; drift && i < drift->drifted && i < MIG_SEEN_DRIFTED; i++) {
        char text[320];
        view_drift_text(&drift->first[i], text, sizeof text);
        mig_buf_printf(out, "; %s", text);
    }
}

static void plain(const struct view *view, const struct view_frame *frame, struct mig_buf *out)
{
    struct matrix *matrix = (struct matrix *)(void *)(uintptr_t)view;
    update(&matrix->view, frame);
    matrix->frame = frame;
    for (size_t e = 0; e < matrix->env_count; e++) {
        char verdict[64];
        const struct mig_snap_env *snap = &frame->snapshot->envs[e];
        matrix_verdict(frame, e, verdict, sizeof verdict);
        mig_buf_printf(out, "%s%s: %s", snap->env->name, snap->env->is_protected ? " (protected)" : "",
                       verdict);
        plain_drift(frame, snap, out);
        if (snap->error.code != MIG_OK) {
            mig_buf_str(out, ": ");
            mig_text_safe(out, snap->error.message, strlen(snap->error.message), 400, false);
            mig_buf_str(out, snap->seen ? "; what follows is old" : "");
        }
        mig_buf_char(out, '\n');
    }
    for (size_t i = 0; i < matrix->shown_count; i++) {
        const struct matrix_row *row = &matrix->rows[matrix->shown[i]];
        mig_text_safe(out, row->version, strlen(row->version), 100, false);
        mig_buf_char(out, ' ');
        mig_text_safe(out, row->title, strlen(row->title), 200, false);
        mig_buf_str(out, row->marked ? " (marked)" : "");
        for (size_t e = 0; e < matrix->env_count; e++)
            plain_cell(matrix, row, e, out);
        mig_buf_char(out, '\n');
    }
}

static void subject(const struct view *view, const struct view_frame *frame, char *ret, size_t size)
{
    const struct mig_snap_env *env = focus_of((const struct matrix *)(const void *)view, frame);
    snprintf(ret, size, "%s", env ? env->env->name : "");
}

const struct view_class view_matrix = {
    .name = "matrix",
    .title = "Matrix",
    .digit = '1',
    .keys = keys,
    .open = matrix_open,
    .close = matrix_close,
    .update = update,
    .draw = draw,
    .act = act,
    .refuses = refuses,
    .wants = wants,
    .plain = plain,
    .subject = subject,
};
