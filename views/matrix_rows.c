/* matrix_rows.c - every source is sorted by version: a walk over all of them at once gives the rows, a walk over the rows and one
 * source gives a column. A look that finds something new costs its column; rows are made anew where versions come or go. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "views/matrix_private.h"

const struct mig_view *matrix_cell(const struct matrix *matrix, const struct matrix_row *row, size_t env)
{
    return matrix->cells[(size_t)(row - matrix->rows) * matrix->env_count + env];
}

static const struct mig_view **cell_of(struct matrix *matrix, size_t row, size_t env)
{
    return &matrix->cells[row * matrix->env_count + env];
}

const struct matrix_row *matrix_chosen(const struct matrix *matrix)
{
    return matrix->table.selected < matrix->shown_count ? &matrix->rows[matrix->shown[matrix->table.selected]]
                                                        : NULL;
}

static bool is_marked(const struct matrix *matrix, const char *version)
{
    for (size_t i = 0; i < matrix->marked_count; i++) {
        if (strcmp(matrix->marked[i], version) == 0)
            return true;
    }
    return false;
}

/* ---- building ---- */

static const struct mig_views *views_of(const struct mig_seen_env *seen)
{
    static const struct mig_views none;
    return seen ? &seen->look.views : &none;
}

/* Most texts of versions are the files' own: the same one in every environment. */
static bool is_version(const char *a, const char *b)
{
    return a == b || mig_version_compare(a, b) == 0;
}

/* The smallest version that any source is at; NULL at the end. */
static const char *next_version(const struct matrix *matrix, const size_t *at, size_t file)
{
    const struct mig_catalog *catalog = matrix->files->catalog;
    const char *next = file < catalog->count ? catalog->items[file].version : NULL;
    for (size_t e = 0; e < matrix->env_count; e++) {
        const struct mig_views *views = views_of(matrix->seen[e]);
        const char *version = at[e] < views->count ? views->items[at[e]].version : NULL;
        if (version && version != next && (!next || mig_version_compare(version, next) < 0))
            next = version;
    }
    return next;
}

/* What a row says of all its cells. False: nobody has its version any more. */
static bool sum_up(const struct matrix *matrix, struct matrix_row *row)
{
    bool held = row->migration != NULL;
    row->states = 0;
    row->settled = true;
    row->title = held ? row->migration->title : "";
    for (size_t e = 0; e < matrix->env_count; e++) {
        const struct mig_view *view = matrix_cell(matrix, row, e);
        if (matrix->seen[e] && !(view && view->state == MIG_APPLIED))
            row->settled = false;
        if (!view)
            continue;
        row->states |= 1U << view->state;
        if (!held) {
            row->version = view->version;
            row->title = view->title ? view->title : "";
            held = true;
        }
    }
    return held;
}

static void measure(struct matrix *matrix, const struct matrix_row *row)
{
    int version_w = tui_width(row->version);
    int title_w = tui_width(row->title);
    matrix->version_w = version_w > matrix->version_w ? version_w : matrix->version_w;
    matrix->title_w = title_w > matrix->title_w ? title_w : matrix->title_w;
}

static void build(struct matrix *matrix)
{
    const struct mig_catalog *catalog = matrix->files->catalog;
    size_t *at = mig_alloc_n(matrix->env_count + 1, sizeof *at);
    size_t file = 0;
    size_t most = catalog->count;
    for (size_t e = 0; e < matrix->env_count; e++)
        most += views_of(matrix->seen[e])->count;
    matrix->rows = mig_alloc_n(most + 1, sizeof *matrix->rows);
    matrix->cells = mig_alloc_n(most * matrix->env_count + 1, sizeof *matrix->cells);
    matrix->shown = mig_alloc_n(most + 1, sizeof *matrix->shown);
    for (const char *version; (version = next_version(matrix, at, file));) {
        struct matrix_row *row = &matrix->rows[matrix->row_count];
        row->version = version;
        if (file < catalog->count && is_version(catalog->items[file].version, version))
            row->migration = &catalog->items[file++];
        for (size_t e = 0; e < matrix->env_count; e++) {
            const struct mig_views *views = views_of(matrix->seen[e]);
            if (at[e] < views->count && is_version(views->items[at[e]].version, version))
                *cell_of(matrix, matrix->row_count, e) = &views->items[at[e]++];
        }
        (void)sum_up(matrix, row);
        row->marked = is_marked(matrix, version);
        measure(matrix, row);
        matrix->states |= row->states;
        matrix->row_count++;
    }
    matrix->filled += matrix->row_count * matrix->env_count;
    free(at);
}

static void rows_done(struct matrix *matrix)
{
    free(matrix->rows);
    free(matrix->cells);
    free(matrix->shown);
    matrix->rows = NULL;
    matrix->cells = NULL;
    matrix->shown = NULL;
    matrix->row_count = 0;
    matrix->version_w = matrix->title_w = 0;
    matrix->states = 0;
}

static void release(struct mig_seen_env **seen, size_t count)
{
    for (size_t e = 0; e < count; e++)
        mig_unshare(seen[e]);
    free(seen);
}

void matrix_rows_done(struct matrix *matrix)
{
    rows_done(matrix);
    release(matrix->seen, matrix->env_count);
    mig_unshare(matrix->files);
    matrix->seen = NULL;
    matrix->files = NULL;
    matrix->env_count = 0;
}

/* ---- following the snapshots ---- */

/* The cells of one environment, from its new views. False: it has a version that has no row. */
static bool fill_column(struct matrix *matrix, size_t env)
{
    const struct mig_views *views = views_of(matrix->seen[env]);
    size_t at = 0;
    for (size_t i = 0; i < matrix->row_count; i++) {
        struct matrix_row *row = &matrix->rows[i];
        const struct mig_view **cell = cell_of(matrix, i, env);
        const struct mig_view *was = *cell;
        bool here = at < views->count && is_version(views->items[at].version, row->version);
        *cell = here ? &views->items[at++] : NULL;
        row->touched = row->touched || !row->migration || !was || !*cell || was->state != (*cell)->state;
    }
    matrix->filled += matrix->row_count;
    return at == views->count;
}

/* Rows after some of their columns were filled. False: one has nobody left. */
static bool sum_up_touched(struct matrix *matrix)
{
    bool sound = true;
    matrix->states = 0;
    for (size_t i = 0; i < matrix->row_count && sound; i++) {
        struct matrix_row *row = &matrix->rows[i];
        sound = !row->touched || sum_up(matrix, row);
        row->touched = false;
        if (!row->migration)
            measure(matrix, row);
        matrix->states |= row->states;
    }
    return sound;
}

/* Most looks find what the one before found, and share its views; few bring versions that were not there. */
bool matrix_sync(struct matrix *matrix, const struct view_frame *frame)
{
    const struct mig_snapshot *snapshot = frame->snapshot;
    bool rows_stay =
        matrix->files && matrix->files == snapshot->files && matrix->env_count == snapshot->env_count;
    bool news = !rows_stay;
    struct mig_seen_env **before = matrix->seen; /* whose texts and views the rows still have */
    size_t count_before = matrix->env_count;
    struct mig_seen_files *files_before = matrix->files;
    matrix->files = mig_share(snapshot->files);
    matrix->env_count = snapshot->env_count;
    matrix->seen = mig_alloc_n(snapshot->env_count, sizeof(struct mig_seen_env *));
    for (size_t e = 0; e < snapshot->env_count; e++)
        matrix->seen[e] = mig_share(snapshot->envs[e].seen);
    for (size_t e = 0; e < snapshot->env_count && rows_stay; e++) {
        if (views_of(matrix->seen[e])->items == views_of(before[e])->items)
            continue;
        news = true;
        rows_stay = fill_column(matrix, e);
    }
    if (news && !(rows_stay && sum_up_touched(matrix))) {
        rows_done(matrix);
        build(matrix);
    }
    if (news)
        matrix_filter(matrix);
    release(before, count_before);
    mig_unshare(files_before);
    return news;
}

/* ---- filter and choice ---- */

/* States whose word has the text in it. */
static unsigned states_named(const char *text)
{
    unsigned states = 0;
    for (int state = 0; state < MIG_STATES; state++) {
        if (strcasestr(mig_state_word((enum mig_state)state), text))
            states |= 1U << state;
    }
    return states;
}

void matrix_filter(struct matrix *matrix)
{
    const char *text = view_search_text(&matrix->search);
    unsigned states = text[0] ? states_named(text) : 0;
    size_t count = 0;
    for (size_t i = 0; i < matrix->row_count; i++) {
        const struct matrix_row *row = &matrix->rows[i];
        if (!text[0] || (row->states & states) || strcasestr(row->version, text) ||
            strcasestr(row->title, text))
            matrix->shown[count++] = i;
    }
    matrix->shown_count = count;
}

void matrix_mark(struct matrix *matrix, bool on)
{
    const struct matrix_row *chosen = matrix_chosen(matrix);
    if (!chosen || chosen->marked == on)
        return;
    if (on) {
        matrix->marked =
            mig_grow(matrix->marked, matrix->marked_count, &matrix->marked_room, sizeof *matrix->marked);
        matrix->marked[matrix->marked_count++] = mig_strdup(chosen->version);
    }
    for (size_t i = 0; !on && i < matrix->marked_count; i++) {
        if (strcmp(matrix->marked[i], chosen->version) != 0)
            continue;
        free(matrix->marked[i]);
        matrix->marked[i] = matrix->marked[--matrix->marked_count];
        break;
    }
    matrix->rows[matrix->shown[matrix->table.selected]].marked = on;
}

size_t matrix_next_env(const struct matrix *matrix, const struct matrix_row *row)
{
    for (size_t e = 0; e < matrix->env_count; e++) {
        const struct mig_view *view = matrix_cell(matrix, row, e);
        if (matrix->seen[e] && (!view || !view->record || view->record->state != MIG_RECORD_APPLIED))
            return e;
    }
    return matrix->env_count;
}
