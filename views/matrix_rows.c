/* matrix_rows.c - every source is sorted by version: a walk over all of them at once gives the rows. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "views/matrix_private.h"

const struct mig_view *matrix_cell(const struct matrix *matrix, const struct matrix_row *row, size_t env)
{
    return matrix->cells[(size_t)(row - matrix->rows) * matrix->env_count + env];
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

static const struct mig_views *views_of(const struct matrix *matrix, size_t env)
{
    return matrix->seen[env] ? &matrix->seen[env]->look.views : NULL;
}

/* The smallest version that any source is at; NULL at the end. */
static const char *next_version(const struct matrix *matrix, const size_t *at, size_t file)
{
    const struct mig_catalog *catalog = matrix->files->catalog;
    const char *next = file < catalog->count ? catalog->items[file].version : NULL;
    for (size_t e = 0; e < matrix->env_count; e++) {
        const struct mig_views *views = views_of(matrix, e);
        if (views && at[e] < views->count &&
            (!next || mig_version_compare(views->items[at[e]].version, next) < 0))
            next = views->items[at[e]].version;
    }
    return next;
}

static void build_row(struct matrix *matrix, struct matrix_row *row, size_t *at)
{
    row->settled = true;
    for (size_t e = 0; e < matrix->env_count; e++) {
        const struct mig_views *views = views_of(matrix, e);
        bool here = views && at[e] < views->count &&
                    mig_version_compare(views->items[at[e]].version, row->version) == 0;
        const struct mig_view *view = here ? &views->items[at[e]++] : NULL;
        matrix->cells[matrix->row_count * matrix->env_count + e] = view;
        if (views && !(view && view->state == MIG_APPLIED))
            row->settled = false;
        if (!view)
            continue;
        row->states |= 1U << view->state;
        if (!row->title)
            row->title = view->title;
    }
}

static void build(struct matrix *matrix)
{
    const struct mig_catalog *catalog = matrix->files->catalog;
    size_t *at = mig_alloc_n(matrix->env_count + 1, sizeof *at);
    size_t file = 0;
    size_t most = catalog->count;
    for (size_t e = 0; e < matrix->env_count; e++)
        most += matrix->seen[e] ? matrix->seen[e]->look.views.count : 0;
    matrix->rows = mig_alloc_n(most + 1, sizeof *matrix->rows);
    matrix->cells = mig_alloc_n(most * matrix->env_count + 1, sizeof *matrix->cells);
    matrix->shown = mig_alloc_n(most + 1, sizeof *matrix->shown);
    for (const char *version; (version = next_version(matrix, at, file));) {
        struct matrix_row *row = &matrix->rows[matrix->row_count];
        row->version = version;
        if (file < catalog->count && mig_version_compare(catalog->items[file].version, version) == 0) {
            row->migration = &catalog->items[file++];
            row->title = row->migration->title;
        }
        build_row(matrix, row, at);
        row->title = row->title ? row->title : "";
        row->marked = is_marked(matrix, version);
        int version_w = tui_width(version);
        int title_w = tui_width(row->title);
        matrix->version_w = version_w > matrix->version_w ? version_w : matrix->version_w;
        matrix->title_w = title_w > matrix->title_w ? title_w : matrix->title_w;
        matrix->states |= row->states;
        matrix->row_count++;
    }
    free(at);
}

void matrix_rows_done(struct matrix *matrix)
{
    for (size_t e = 0; e < matrix->env_count; e++)
        mig_unshare(matrix->seen[e]);
    mig_unshare(matrix->files);
    free(matrix->seen);
    free(matrix->rows);
    free(matrix->cells);
    free(matrix->shown);
    matrix->seen = NULL;
    matrix->files = NULL;
    matrix->rows = NULL;
    matrix->cells = NULL;
    matrix->shown = NULL;
    matrix->env_count = matrix->row_count = 0;
    matrix->version_w = matrix->title_w = 0;
    matrix->states = 0;
}

static bool is_same(const struct matrix *matrix, const struct mig_snapshot *snapshot)
{
    if (!matrix->files || matrix->files != snapshot->files || matrix->env_count != snapshot->env_count)
        return false;
    for (size_t e = 0; e < matrix->env_count; e++) {
        if (matrix->seen[e] != snapshot->envs[e].seen)
            return false;
    }
    return true;
}

bool matrix_sync(struct matrix *matrix, const struct view_frame *frame)
{
    const struct mig_snapshot *snapshot = frame->snapshot;
    if (is_same(matrix, snapshot))
        return false;
    matrix_rows_done(matrix);
    matrix->files = mig_share(snapshot->files);
    matrix->env_count = snapshot->env_count;
    matrix->seen = mig_alloc_n(snapshot->env_count, sizeof(struct mig_seen_env *));
    for (size_t e = 0; e < snapshot->env_count; e++)
        matrix->seen[e] = mig_share(snapshot->envs[e].seen);
    build(matrix);
    matrix_filter(matrix);
    return true;
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
