/* matrix_private.h - what the files of the matrix share. */
#ifndef VIEW_MATRIX_PRIVATE_H
#define VIEW_MATRIX_PRIVATE_H

#include "tui/table.h"
#include "views/parts.h"
#include "views/search.h"

/* One migration: files of this host and histories of all environments, side by side. */
struct matrix_row {
    const char *version;
    const char *title;
    const struct mig_migration *migration; /* NULL: no file has it */
    unsigned states;                       /* bit 1 << state, of every environment */
    bool settled;                          /* applied wherever it is known */
    bool marked;
    bool touched; /* while columns are filled: it has to be summed up again */
};

struct matrix {
    struct view view;

    /* Rows as of these pieces, which are held; they follow when a snapshot has others. */
    struct mig_seen_files *files;
    struct mig_seen_env **seen;
    size_t env_count;
    struct matrix_row *rows;
    const struct mig_view **cells; /* row * env_count + env; NULL: that environment says nothing of it */
    size_t row_count;
    unsigned states;        /* of all rows */
    int version_w, title_w; /* columns the widest needs */

    size_t *shown; /* rows that the filter lets through */
    size_t shown_count;
    struct tui_table table; /* its focus is the environment */
    /* The operator has chosen a row, an environment; before, the matrix looks where there is trouble. */
    bool moved, focused;

    char **marked;
    size_t marked_count, marked_room;

    struct view_search search;
    bool wide; /* the detail pane was drawn: its answers are wanted */

    /* Of the frame under way, for what the table asks. */
    const struct view_frame *frame;
    struct tui_column columns[TUI_TABLE_COLUMNS];
    char names[TUI_TABLE_COLUMNS][80];
    bool dates;
    size_t filled; /* cells, since the view was opened: a test holds it against what has changed */
    size_t asked;  /* cells, since the view was opened: a test holds it against the size of the screen */
};

/* Columns of the table; the first environment's is MATRIX_ENVS. */
enum { MATRIX_VERSION, MATRIX_TITLE, MATRIX_ENVS };

/* matrix_rows.c */
/* Rows of the newest snapshot; true when they are others than before. */
bool matrix_sync(struct matrix *matrix, const struct view_frame *frame);
void matrix_filter(struct matrix *matrix);
void matrix_rows_done(struct matrix *matrix);
const struct matrix_row *matrix_chosen(const struct matrix *matrix); /* NULL: no row */
const struct mig_view *matrix_cell(const struct matrix *matrix, const struct matrix_row *row, size_t env);
void matrix_mark(struct matrix *matrix, bool on);
/* The environment the chosen migration has to go to next: the first where it is not applied; env_count: it is everywhere. */
size_t matrix_next_env(const struct matrix *matrix, const struct matrix_row *row);

/* matrix_draw.c */
/* The rows as the table wants them, laid out for so many columns of the screen. */
struct tui_table_rows matrix_table(struct matrix *matrix, const struct view_frame *frame, int width);
void matrix_draw(struct matrix *matrix, const struct view_frame *frame, const struct tui_pane *pane);
/* What a cell says, and how it is drawn. */
enum tui_style matrix_cell_text(const struct matrix *matrix, const struct matrix_row *row, size_t env,
                                char *ret, size_t size);
/* The worst that can be said of an environment, in two words: "1 failed", "no answer 2m", "in step". */
enum tui_style matrix_verdict(const struct view_frame *frame, size_t env, char *ret, size_t size);

/* matrix_detail.c */
void matrix_draw_detail(const struct matrix *matrix, const struct view_frame *frame,
                        const struct tui_pane *pane);
/* One line on the chosen row where there is no pane: what stands against it on the environment in focus. */
void matrix_line(const struct matrix *matrix, const struct view_frame *frame, char *ret, size_t size);

#endif
