/* table.h - rows and columns with a selected row: layout, selection, drawing into a pane. Pure.
 *
 * Rows are asked for one by one while they are drawn, so ten thousand cost what a screen costs. The selection is the
 * row's identity, not its number: when rows come and go it stays on the row, and the row on its line of the screen.
 *
 * Columns are fixed or sliding. Fixed ones are always at the left; when there is no room, those of the lowest rank go
 * first. Sliding ones (an environment each) follow, as many as fit around the one that has the focus; marks in the header
 * tell that there are more. A table with a sliding column has a focus, which left and right move.
 */
#ifndef TUI_TABLE_H
#define TUI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "tui/canvas.h"
#include "tui/move.h"

#define TUI_TABLE_COLUMNS 64
#define TUI_TABLE_ID      160

struct tui_column {
    const char *title;
    int min, max; /* columns of the screen; max 0: takes what is left */
    int rank;     /* of the columns that are not sliding: lower ones go first when there is no room */
    bool right;   /* aligned on the right: numbers */
    bool sliding;
    enum tui_style style; /* of the title; TUI_PLAIN: TUI_TITLE */
};

struct tui_table_cell {
    const char *text; /* borrowed until the next call, or in .room; starts as "" */
    char room[256];
    enum tui_style style;
};

/* What is to be shown. Borrowed for the time of a call. */
struct tui_table_rows {
    const struct tui_column *columns;
    size_t column_count; /* up to TUI_TABLE_COLUMNS */
    size_t count;
    void *ctx;
    /* The row's identity, of less than TUI_TABLE_ID bytes; two rows never have the same. */
    const char *(*id)(void *ctx, size_t row);
    void (*cell)(void *ctx, size_t row, size_t column, struct tui_table_cell *ret);
};

struct tui_table {
    size_t selected; /* row; 0 when there are none */
    char id[TUI_TABLE_ID];
    size_t top;    /* first row on the screen */
    size_t focus;  /* number among the sliding columns */
    size_t slide;  /* first sliding column on the screen */
    size_t page;   /* rows on the screen at the last drawing; at least 1 */
    bool headless; /* no line of titles */
    size_t drawn;  /* .top at the last drawing */
};

/* Find the selected row again after rows have changed. Call once for each new snapshot. */
void tui_table_update(struct tui_table *table, const struct tui_table_rows *rows);
void tui_table_select(struct tui_table *table, const struct tui_table_rows *rows, size_t row);
bool tui_table_find(struct tui_table *table, const struct tui_table_rows *rows,
                    const char *id); /* and select it */
bool tui_table_move(struct tui_table *table, const struct tui_table_rows *rows, enum tui_move move);
/* One line of titles, then rows; scrolls so that the selected row is seen. */
void tui_table_draw(struct tui_table *table, const struct tui_table_rows *rows, const struct tui_pane *pane);
/* "36-46/120" for the frame; "" when all rows are on the screen. */
void tui_table_range(const struct tui_table *table, const struct tui_table_rows *rows, char *ret,
                     size_t size);

/* Where each column stands: x from the pane's left edge, w 0 when there is no room for it. */
struct tui_table_layout {
    int x[TUI_TABLE_COLUMNS], w[TUI_TABLE_COLUMNS];
    bool more_left, more_right; /* sliding columns that are not on the screen */
    size_t slide;
};
void tui_table_lay(const struct tui_table *table, const struct tui_table_rows *rows, int width,
                   struct tui_table_layout *ret);

#endif
