/* matrix_draw.c - the table of the matrix, what stands below it, and what is said when there is nothing to show. */
#include <stdio.h>
#include <string.h>

#include "base/rows.h"
#include "views/matrix_private.h"

#define ONE_ENV_BELOW 80 /* under these only the environment in focus is shown */
#define DETAIL_LEAST  32
#define DETAIL_FROM   (ONE_ENV_BELOW + DETAIL_LEAST) /* details come beside it, not instead of environments */
#define TITLE_LEAST   14
#define TITLE_GOOD    24 /* dates are shown when the title keeps so much */
#define GAP           2  /* tui_table's, between columns */
#define DATE_W        6  /* " 11-20" */

/* ---- cells ---- */

/* "running 62%" of the migration a run is at, "run 62%" where room is dear. */
static void running_text(const struct matrix *matrix, const struct mig_seen_progress *progress,
                         const char *version, char *ret, size_t size)
{
    const char *mark = mig_state_mark(MIG_RUNNING, matrix->frame->utf8);
    if (progress->total > 0 && strcmp(progress->version, version) == 0)
        snprintf(ret, size, "%s %s %d%%", mark, matrix->dates ? mig_state_word(MIG_RUNNING) : "run",
                 view_percent(progress->done, progress->total));
}

enum tui_style matrix_cell_text(const struct matrix *matrix, const struct matrix_row *row, size_t env,
                                char *ret, size_t size)
{
    const struct view_frame *frame = matrix->frame;
    const struct mig_snap_env *snap = &frame->snapshot->envs[env];
    const struct mig_view *view = matrix_cell(matrix, row, env);
    bool stale = view_env_stale(snap, frame->now_ms);
    if (!view) {
        /* no word of it there: not known yet, or neither in its files nor in its history */
        snprintf(ret, size, "%s", matrix->seen[env] && !row->migration ? "-" : "?");
        return stale ? TUI_STALE : TUI_DIM;
    }
    snprintf(ret, size, "%s %s", mig_state_mark(view->state, frame->utf8), mig_state_word(view->state));
    if (view->state == MIG_RUNNING) {
        running_text(matrix, &snap->progress, row->version, ret, size);
    } else if (matrix->dates && view->record && view->record->state != MIG_RECORD_REVERTED) {
        char when[VIEW_TIME_SIZE];
        view_when_short(mig_record_time(view->record), frame->wall_ms, when);
        size_t len = strlen(ret);
        snprintf(ret + len, size - len, " %s", when);
    }
    return stale ? TUI_STALE : view_state_style(view->state);
}

static const char *row_id(void *ctx, size_t row)
{
    const struct matrix *matrix = ctx;
    return matrix->rows[matrix->shown[row]].version;
}

static void row_cell(void *ctx, size_t number, size_t column, struct tui_table_cell *ret)
{
    struct matrix *matrix = ctx;
    const struct matrix_row *row = &matrix->rows[matrix->shown[number]];
    matrix->asked++;
    switch (column) {
    case MATRIX_VERSION:
        snprintf(ret->room, sizeof ret->room, "%s%s",
                 row->marked ? tui_mark(TUI_MARK_MARKED, matrix->frame->utf8) : " ", row->version);
        ret->text = ret->room;
        ret->style = row->marked ? TUI_STRONG : TUI_PLAIN;
        break;
    case MATRIX_TITLE: ret->text = row->title; break;
    default:
        ret->style = matrix_cell_text(matrix, row, column - MATRIX_ENVS, ret->room, sizeof ret->room);
        ret->text = ret->room;
        break;
    }
}

/* ---- columns ---- */

/* Columns of the screen for a cell without its date: the longest word there is, the name of the environment, what it adds up
 * to. */
static int cell_width(const struct matrix *matrix, const struct view_frame *frame)
{
    int w = 9;
    for (int state = 0; state < MIG_STATES; state++) {
        int needs = 2 + tui_width(mig_state_word((enum mig_state)state));
        if ((matrix->states & (1U << state)) && needs > w)
            w = needs;
    }
    for (size_t e = 0; e < frame->snapshot->env_count; e++) {
        char verdict[64];
        matrix_verdict(frame, e, verdict, sizeof verdict);
        int needs = tui_width(verdict);
        int name = tui_width(frame->snapshot->envs[e].env->name) + 1;
        w = needs > w && needs <= 15 ? needs : w;
        w = name > w && name <= 24 ? name : w;
    }
    return w;
}

struct tui_table_rows matrix_table(struct matrix *matrix, const struct view_frame *frame, int width)
{
    size_t envs = frame->snapshot->env_count;
    if (envs > TUI_TABLE_COLUMNS - MATRIX_ENVS)
        envs = TUI_TABLE_COLUMNS - MATRIX_ENVS;
    int version_w = 1 + (matrix->version_w > 14 ? 14 : matrix->version_w < 7 ? 7 : matrix->version_w);
    int cell = cell_width(matrix, frame);
    int with_date = cell > 9 + DATE_W ? cell : 9 + DATE_W;
    bool alone = width < ONE_ENV_BELOW - 2 && envs > 1;
    int rest = width - 1 - version_w - GAP - (alone ? 1 : (int)envs) * (with_date + GAP);
    matrix->frame = frame;
    matrix->dates = rest >= TITLE_GOOD;
    int each = matrix->dates ? with_date : cell;
    int title_w = matrix->title_w < TITLE_LEAST ? TITLE_LEAST : matrix->title_w;
    /* alone: the title takes so much that there is no room for a second environment */
    int title_least = alone ? width - 1 - version_w - GAP - 2 * (each + GAP) + 1 : TITLE_LEAST;
    title_least = title_least < TITLE_LEAST ? TITLE_LEAST : title_least;
    matrix->columns[MATRIX_VERSION] =
        (struct tui_column){ .title = " VERSION", .min = version_w, .max = version_w, .rank = 1 };
    matrix->columns[MATRIX_TITLE] = (struct tui_column){
        .title = "TITLE", .min = title_least, .max = title_w > title_least ? title_w : title_least, .rank = 2
    };
    for (size_t e = 0; e < envs; e++) {
        const struct mig_snap_env *snap = &frame->snapshot->envs[e];
        view_env_name(snap->env, matrix->names[e], sizeof matrix->names[e]);
        matrix->columns[MATRIX_ENVS + e] = (struct tui_column){
            .title = matrix->names[e],
            .min = each,
            .max = each,
            .sliding = true,
            .style = view_env_stale(snap, frame->now_ms) ? TUI_STALE : view_env_style(snap->env),
        };
    }
    return (struct tui_table_rows){ .columns = matrix->columns,
                                    .column_count = MATRIX_ENVS + envs,
                                    .count = matrix->shown_count,
                                    .ctx = matrix,
                                    .id = row_id,
                                    .cell = row_cell };
}

/* ---- below the rows ---- */

enum tui_style matrix_verdict(const struct view_frame *frame, size_t number, char *ret, size_t size)
{
    static const enum mig_state order[] = { MIG_FAILED,  MIG_INTERRUPTED, MIG_CHANGED, MIG_MISSING,
                                            MIG_RUNNING, MIG_LATE,        MIG_BLOCKED, MIG_PENDING };
    char age[VIEW_TIME_SIZE];
    int64_t now_ms = frame->now_ms;
    const struct mig_snap_env *env = &frame->snapshot->envs[number];
    if (env->env->disabled_reason) {
        snprintf(ret, size, "switched off");
        return TUI_STALE;
    }
    if (!env->seen) {
        snprintf(ret, size, "%s", env->error.code == MIG_OK ? "looking" : "no answer");
        return env->error.code == MIG_OK ? TUI_DIM : TUI_WARN;
    }
    if (view_env_stale(env, now_ms)) {
        view_age(now_ms - env->seen_ms, age);
        snprintf(ret, size, "no answer %s", age);
        return TUI_WARN;
    }
    for (size_t i = 0; i < MIG_COUNT(order); i++) {
        size_t count = env->seen->look.views.counts[order[i]];
        if (count == 0)
            continue;
        snprintf(ret, size, "%zu %s", count, mig_state_word(order[i]));
        return view_state_style(order[i]);
    }
    const struct mig_seen_drift *drift = view_drift(frame->snapshot, env->env);
    if (drift && drift->drifted > 0) {
        snprintf(ret, size, "%zu drifted", drift->drifted);
        return TUI_WARN;
    }
    snprintf(ret, size, "in step");
    return TUI_GOOD;
}

/* A line of counts below the environments. Two states a line; the second is a bar apart. */
struct counts_row {
    const char *label;
    enum mig_state first, second;
};

static const struct counts_row counts_rows[] = {
    { "pending | late", MIG_PENDING, MIG_LATE },
    { "failed | interrupted", MIG_FAILED, MIG_INTERRUPTED },
    { "changed | missing", MIG_CHANGED, MIG_MISSING },
};

#define DRIFT_LINE ((int)MIG_COUNT(counts_rows) + 2) /* the last, where there is room for all */

static enum tui_style counts_style(const struct mig_snap_env *env, const struct counts_row *row,
                                   int64_t now_ms)
{
    const size_t *counts = env->seen->look.views.counts;
    if (view_env_stale(env, now_ms))
        return TUI_STALE;
    if (counts[row->first] > 0 && row->first != MIG_PENDING)
        return view_state_style(row->first);
    return counts[row->second] > 0  ? view_state_style(row->second)
           : counts[row->first] > 0 ? TUI_PLAIN
                                    : TUI_DIM;
}

/* Of how many collections that runs touched; nothing is said before there is an answer. */
static enum tui_style drift_text(const struct view_frame *frame, const struct mig_snap_env *env, char *ret,
                                 size_t size)
{
    const struct mig_snap_answer *answer =
        mig_snapshot_answer(frame->snapshot, MIG_QUERY_DRIFT, env->env, "");
    const struct mig_seen_drift *drift = answer ? answer->value : NULL;
    ret[0] = '\0';
    if (!drift) {
        snprintf(ret, size, "%s", answer && answer->error.code != MIG_OK ? "  ?" : "");
        return TUI_DIM;
    }
    size_t compared = drift->counts[MIG_DRIFT_SAME] + drift->drifted;
    if (compared == 0)
        snprintf(ret, size, "  -");
    else
        snprintf(ret, size, "%3zu of %zu", drift->drifted, compared);
    return view_env_stale(env, frame->now_ms) ? TUI_STALE : drift->drifted > 0 ? TUI_WARN : TUI_DIM;
}

static void footer_cell(const struct matrix *matrix, const struct tui_pane *pane, size_t number, int line,
                        int x, int y, int w)
{
    char text[64];
    int64_t now_ms = matrix->frame->now_ms;
    const struct mig_snap_env *env = &matrix->frame->snapshot->envs[number];
    enum tui_style style;
    if (line == 0) {
        style = matrix_verdict(matrix->frame, number, text, sizeof text);
    } else if (!env->seen) {
        return;
    } else if (line == 1) {
        snprintf(text, sizeof text, "%3zu of %zu", env->seen->look.views.counts[MIG_APPLIED],
                 matrix->files->catalog->count);
        style = view_env_stale(env, now_ms) ? TUI_STALE : TUI_PLAIN;
    } else if (line == DRIFT_LINE) {
        style = drift_text(matrix->frame, env, text, sizeof text);
    } else {
        const struct counts_row *row = &counts_rows[line - 2];
        const size_t *counts = env->seen->look.views.counts;
        snprintf(text, sizeof text, "%3zu | %zu", counts[row->first], counts[row->second]);
        style = counts_style(env, row, now_ms);
    }
    tui_field(pane, x, y, w, style, text);
}

static int footer_lines(int h)
{
    return h >= 26 ? DRIFT_LINE + 1 : h >= 16 ? 3 : h >= 9 ? 1 : 0;
}

static void draw_footer(struct matrix *matrix, const struct tui_table_rows *rows, const struct tui_pane *pane,
                        int lines)
{
    struct tui_table_layout lay;
    tui_table_lay(&matrix->table, rows, pane->w, &lay);
    int y = pane->h - lines;
    int label_w = pane->w;
    for (size_t c = MATRIX_ENVS; c < rows->column_count; c++)
        label_w = lay.w[c] > 0 && lay.x[c] - 2 < label_w ? lay.x[c] - 2 : label_w;
    for (int line = 0; line < lines; line++) {
        char label[96];
        const struct mig_seen_files *files = matrix->files;
        if (line == 0 && files->problems.count > 0)
            snprintf(label, sizeof label, "%zu files, %zu can't be read", files->catalog->count,
                     files->problems.count);
        else if (line == 0)
            snprintf(label, sizeof label, "%zu file%s", files->catalog->count,
                     files->catalog->count == 1 ? "" : "s");
        else
            snprintf(label, sizeof label, "%s",
                     line == 1            ? "applied"
                     : line == DRIFT_LINE ? "schema drift"
                                          : counts_rows[line - 2].label);
        tui_field(pane, 1, y + line, label_w, line == 0 && files->problems.count > 0 ? TUI_WARN : TUI_DIM,
                  label);
        for (size_t c = MATRIX_ENVS; c < rows->column_count; c++) {
            if (lay.w[c] > 0)
                footer_cell(matrix, pane, c - MATRIX_ENVS, line, lay.x[c], y + line, lay.w[c]);
        }
    }
}

/* ---- the whole ---- */

static void draw_nothing(const struct matrix *matrix, const struct tui_pane *pane)
{
    char text[MIG_ERROR_MESSAGE_MAX + 256];
    const char *filter = view_search_text(&matrix->search);
    const struct mig_seen_files *files = matrix->files;
    bool answered = false;
    for (size_t e = 0; e < matrix->env_count; e++)
        answered = answered || matrix->seen[e];
    if (matrix->row_count > 0)
        snprintf(text, sizeof text,
                 "Nothing has \"%.100s\" in its version, title or state.\nesc shows all again.", filter);
    else if (files->error.code != MIG_OK)
        snprintf(text, sizeof text, "The migrations can't be read:\n%s", files->error.message);
    else if (files->problems.count > 0)
        snprintf(text, sizeof text, "No migration can be read:\n%s", files->problems.items[0].message);
    else if (!answered)
        snprintf(text, sizeof text, "Looking at the environments…");
    else
        snprintf(
            text, sizeof text,
            "No migrations yet.\n \nmigtui new \"add email index\"\n \nwrites the first one; it appears here at "
            "once.");
    view_empty(pane, text);
}

static void title_of(const struct matrix *matrix, const struct tui_table_rows *rows, char *ret, size_t size)
{
    char range[64];
    const char *filter = view_search_text(&matrix->search);
    tui_table_range(&matrix->table, rows, range, sizeof range);
    snprintf(ret, size, "Migrations%s%s%s%s", range[0] ? " " : "", range,
             filter[0] && !matrix->search.open ? "  /" : "", matrix->search.open ? "" : filter);
}

static void draw_table(struct matrix *matrix, const struct view_frame *frame, const struct tui_pane *pane)
{
    char title[256];
    char note[64] = "";
    if (matrix->marked_count > 0)
        snprintf(note, sizeof note, "%zu marked", matrix->marked_count);
    struct tui_pane box = view_box(pane, "", NULL);
    struct tui_pane inner = view_search_draw(&matrix->search, &box);
    struct tui_table_rows rows = matrix_table(matrix, frame, inner.w);
    int lines = footer_lines(inner.h);
    struct tui_pane body = tui_pane_part(&inner, 0, 0, inner.w, inner.h - lines - (lines > 1));
    tui_table_draw(&matrix->table, &rows, &body);
    if (lines > 0)
        draw_footer(matrix, &rows, &inner, lines);
    if (matrix->shown_count == 0) {
        struct tui_pane below = tui_pane_part(&body, 0, 1, body.w, body.h - 1);
        draw_nothing(matrix, &below);
    }
    title_of(matrix, &rows, title, sizeof title); /* which rows are on the screen is known now */
    view_box(pane, title, note);
}

void matrix_draw(struct matrix *matrix, const struct view_frame *frame, const struct tui_pane *pane)
{
    matrix->wide = pane->w >= DETAIL_FROM;
    matrix->frame = frame;
    if (matrix->wide) {
        int detail_w = pane->w / 4 < DETAIL_LEAST ? DETAIL_LEAST : pane->w / 4 > 60 ? 60 : pane->w / 4;
        struct tui_pane left = tui_pane_part(pane, 0, 0, pane->w - detail_w, pane->h);
        struct tui_pane right = tui_pane_part(pane, pane->w - detail_w, 0, detail_w, pane->h);
        draw_table(matrix, frame, &left);
        matrix_draw_detail(matrix, frame, &right);
        view_beside(frame, &right);
        return;
    }
    bool line = pane->h >= 6;
    struct tui_pane table = tui_pane_part(pane, 0, 0, pane->w, pane->h - line);
    draw_table(matrix, frame, &table);
    if (line) {
        char text[512];
        struct tui_pane below = tui_pane_part(pane, 0, pane->h - 1, pane->w, 1);
        matrix_line(matrix, frame, text, sizeof text);
        tui_field(&below, 0, 0, below.w, TUI_PLAIN, text);
        view_beside(frame, &below);
    }
}
