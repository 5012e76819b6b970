/* table.c - layout and selection of a table. */
#include "tui/table.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define GAP    2 /* columns between columns */
#define MARGIN 1 /* for the mark of the selected row */

/* ---- layout ---- */

struct room {
    const struct tui_table_rows *rows;
    struct tui_table_layout *lay;
    bool on[TUI_TABLE_COLUMNS];
};

static size_t column_count(const struct tui_table_rows *rows)
{
    return rows->column_count < TUI_TABLE_COLUMNS ? rows->column_count : TUI_TABLE_COLUMNS;
}

static size_t sliding_count(const struct tui_table_rows *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < column_count(rows); i++)
        count += rows->columns[i].sliding;
    return count;
}

static int least(const struct tui_column *column)
{
    return column->min > 0 ? column->min : 1;
}

/* Columns of the screen that the columns in sight need at least. */
static int needed(const struct room *room)
{
    int sum = MARGIN;
    bool first = true;
    for (size_t i = 0; i < column_count(room->rows); i++)
        if (room->on[i]) {
            sum += least(&room->rows->columns[i]) + (first ? 0 : GAP);
            first = false;
        }
    return sum;
}

/* Show the sliding columns from number first on, count of them. */
static void show_sliding(struct room *room, size_t first, size_t count)
{
    size_t number = 0;
    for (size_t i = 0; i < column_count(room->rows); i++)
        if (room->rows->columns[i].sliding) {
            room->on[i] = number >= first && number - first < count;
            number++;
        }
}

/* Take away the least important column that is fixed, but never the last one that would be left of all. */
static bool drop_fixed(struct room *room)
{
    size_t lowest = TUI_TABLE_COLUMNS, left = 0;
    for (size_t i = 0; i < column_count(room->rows); i++) {
        left += room->on[i];
        if (room->on[i] && !room->rows->columns[i].sliding &&
            (lowest == TUI_TABLE_COLUMNS || room->rows->columns[i].rank < room->rows->columns[lowest].rank))
            lowest = i;
    }
    if (lowest == TUI_TABLE_COLUMNS || left < 2)
        return false;
    room->on[lowest] = false;
    return true;
}

/* As many sliding columns as fit, the one with the focus among them, moved as little as can be. */
static void choose_sliding(struct room *room, const struct tui_table *table, int width)
{
    size_t all = sliding_count(room->rows);
    if (all == 0)
        return;
    size_t focus = table->focus < all ? table->focus : all - 1;
    show_sliding(room, focus, 1);
    while (needed(room) > width && drop_fixed(room))
        ;
    size_t first = table->slide < all ? table->slide : all - 1;
    if (first > focus)
        first = focus;
    for (;; first++) { /* the first from which the focus is reached */
        show_sliding(room, first, focus - first + 1);
        if (first == focus || needed(room) <= width)
            break;
    }
    size_t count = focus - first + 1;
    for (; first + count < all; count++) {
        show_sliding(room, first, count + 1);
        if (needed(room) > width)
            break;
    }
    for (; first > 0 && first + count == all; first--, count++) { /* room on the right is not left empty */
        show_sliding(room, first - 1, count + 1);
        if (needed(room) > width)
            break;
    }
    show_sliding(room, first, count);
    room->lay->slide = first;
    room->lay->more_left = first > 0;
    room->lay->more_right = first + count < all;
}

/* What is left goes to the columns that may be wider, one column of the screen at a time, the important ones first. */
static void widen(struct room *room, int spare)
{
    struct tui_table_layout *lay = room->lay;
    for (bool given = true; spare > 0 && given;) {
        given = false;
        int best = INT_MIN;
        for (size_t i = 0; i < column_count(room->rows); i++) {
            const struct tui_column *column = &room->rows->columns[i];
            if (room->on[i] && lay->w[i] < column->max && column->rank > best)
                best = column->rank;
        }
        for (size_t i = 0; i < column_count(room->rows) && spare > 0; i++) {
            const struct tui_column *column = &room->rows->columns[i];
            if (room->on[i] && lay->w[i] < column->max && column->rank == best) {
                lay->w[i]++;
                spare--;
                given = true;
            }
        }
    }
    size_t greedy = 0;
    for (size_t i = 0; i < column_count(room->rows); i++)
        greedy += room->on[i] && room->rows->columns[i].max == 0;
    for (size_t i = 0; i < column_count(room->rows) && greedy > 0; i++)
        if (room->on[i] && room->rows->columns[i].max == 0) {
            int share = spare / (int)greedy--;
            lay->w[i] += share;
            spare -= share;
        }
}

void tui_table_lay(const struct tui_table *table, const struct tui_table_rows *rows, int width,
                   struct tui_table_layout *ret)
{
    *ret = (struct tui_table_layout){ 0 };
    struct room room = { .rows = rows, .lay = ret };
    for (size_t i = 0; i < column_count(rows); i++)
        room.on[i] = !rows->columns[i].sliding;
    choose_sliding(&room, table, width);
    while (needed(&room) > width && drop_fixed(&room))
        ;
    for (size_t i = 0; i < column_count(rows); i++)
        ret->w[i] = room.on[i] ? least(&rows->columns[i]) : 0;
    widen(&room, width - needed(&room));
    int x = MARGIN;
    for (size_t i = 0; i < column_count(rows); i++)
        if (room.on[i]) {
            ret->x[i] = x;
            if (x + ret->w[i] > width) /* the last one left, narrower than its least */
                ret->w[i] = width > x ? width - x : 0;
            x += ret->w[i] + GAP;
        }
}

/* ---- selection ---- */

static void remember(struct tui_table *table, const struct tui_table_rows *rows)
{
    table->id[0] = '\0';
    if (table->selected < rows->count)
        snprintf(table->id, sizeof table->id, "%s", rows->id(rows->ctx, table->selected));
}

static bool is_row(const struct tui_table *table, const struct tui_table_rows *rows, size_t row)
{
    return row < rows->count && strcmp(rows->id(rows->ctx, row), table->id) == 0;
}

static void keep_in_range(struct tui_table *table, const struct tui_table_rows *rows)
{
    size_t page = table->page;
    size_t last_top = rows->count > page ? rows->count - page : 0;
    if (table->selected >= rows->count)
        table->selected = rows->count > 0 ? rows->count - 1 : 0;
    if (page == 0) /* not drawn yet: nobody knows how many rows there will be on the screen */
        return;
    if (table->top > last_top)
        table->top = last_top;
    if (table->top > table->selected)
        table->top = table->selected;
    if (table->selected - table->top >= page)
        table->top = table->selected - page + 1;
}

void tui_table_update(struct tui_table *table, const struct tui_table_rows *rows)
{
    size_t line = table->selected >= table->top ? table->selected - table->top : 0;
    size_t old = table->selected;
    bool found = !table->id[0] || is_row(table, rows, old);
    /* Rows come and go near where they were: look around the old place, then further. */
    for (size_t far = 1; !found && (far <= old || old + far < rows->count); far++) {
        if (far <= old && is_row(table, rows, old - far)) {
            table->selected = old - far;
            found = true;
        } else if (is_row(table, rows, old + far)) {
            table->selected = old + far;
            found = true;
        }
    }
    if (table->selected != old)
        table->top = table->selected > line ? table->selected - line : 0;
    keep_in_range(table, rows);
    remember(table, rows);
}

void tui_table_select(struct tui_table *table, const struct tui_table_rows *rows, size_t row)
{
    table->selected = row;
    keep_in_range(table, rows);
    remember(table, rows);
}

bool tui_table_find(struct tui_table *table, const struct tui_table_rows *rows, const char *id)
{
    for (size_t row = 0; row < rows->count; row++)
        if (strcmp(rows->id(rows->ctx, row), id) == 0) {
            tui_table_select(table, rows, row);
            return true;
        }
    return false;
}

static size_t less(size_t from, size_t by)
{
    return from > by ? from - by : 0;
}

bool tui_table_move(struct tui_table *table, const struct tui_table_rows *rows, enum tui_move move)
{
    size_t page = table->page > 0 ? table->page : 1, half = page > 1 ? page / 2 : 1;
    size_t sliding = sliding_count(rows), row = table->selected;
    switch (move) {
    case TUI_MOVE_NONE: return false;
    case TUI_MOVE_LEFT:
    case TUI_MOVE_RIGHT:
        if (sliding == 0)
            return false;
        if (table->focus >= sliding)
            table->focus = sliding - 1;
        if (move == TUI_MOVE_LEFT)
            table->focus = less(table->focus, 1);
        else if (table->focus + 1 < sliding)
            table->focus++;
        return true;
    case TUI_MOVE_UP: row = less(row, 1); break;
    case TUI_MOVE_DOWN: row++; break;
    case TUI_MOVE_PAGE_UP: row = less(row, page); break;
    case TUI_MOVE_PAGE_DOWN: row += page; break;
    case TUI_MOVE_HALF_UP: row = less(row, half); break;
    case TUI_MOVE_HALF_DOWN: row += half; break;
    case TUI_MOVE_FIRST: row = 0; break;
    case TUI_MOVE_LAST: row = less(rows->count, 1); break;
    }
    tui_table_select(table, rows, row);
    return true;
}

void tui_table_range(const struct tui_table *table, const struct tui_table_rows *rows, char *ret, size_t size)
{
    size_t page = table->page > 0 ? table->page : 1;
    if (size > 0)
        ret[0] = '\0';
    if (rows->count <= page)
        return;
    size_t last = table->top + page < rows->count ? table->top + page : rows->count;
    snprintf(ret, size, "%zu-%zu/%zu", table->top + 1, last, rows->count);
}

/* ---- drawing ---- */

static void draw_titles(const struct tui_table *table, const struct tui_table_rows *rows,
                        const struct tui_table_layout *lay, const struct tui_pane *pane)
{
    bool utf8 = pane->canvas->utf8;
    size_t number = 0;
    int first_x = -1, end_x = 0;
    for (size_t i = 0; i < column_count(rows); i++) {
        const struct tui_column *column = &rows->columns[i];
        bool focus = column->sliding && number == table->focus;
        number += column->sliding;
        if (lay->w[i] == 0)
            continue;
        if (column->sliding && first_x < 0)
            first_x = lay->x[i];
        if (column->sliding)
            end_x = lay->x[i] + lay->w[i];
        enum tui_style style = column->style == TUI_PLAIN ? TUI_TITLE : column->style;
        tui_field(pane, lay->x[i], 0, column->right ? -lay->w[i] : lay->w[i], style, column->title);
        if (focus)
            tui_choose(pane, lay->x[i], 0, lay->w[i]);
    }
    if (lay->more_left && first_x > 0)
        tui_text(pane, first_x - 1, 0, TUI_INFO, tui_mark(TUI_MARK_LEFT, utf8));
    if (lay->more_right)
        tui_text(pane, end_x < pane->w ? end_x : pane->w - 1, 0, TUI_INFO, tui_mark(TUI_MARK_RIGHT, utf8));
}

/* With a focus the row is chosen up to the sliding columns, and the cell under the focus: a cross, not a bar. */
static void draw_row(const struct tui_table *table, const struct tui_table_rows *rows,
                     const struct tui_table_layout *lay, const struct tui_pane *pane, size_t row, int y)
{
    bool chosen = row == table->selected;
    size_t number = 0;
    int fixed_end = MARGIN;
    for (size_t i = 0; i < column_count(rows); i++) {
        const struct tui_column *column = &rows->columns[i];
        bool focus = column->sliding && number == table->focus;
        number += column->sliding;
        if (lay->w[i] == 0)
            continue;
        struct tui_table_cell cell = { .text = "" };
        rows->cell(rows->ctx, row, i, &cell);
        tui_field(pane, lay->x[i], y, column->right ? -lay->w[i] : lay->w[i], cell.style, cell.text);
        if (!column->sliding && lay->x[i] + lay->w[i] > fixed_end)
            fixed_end = lay->x[i] + lay->w[i];
        if (chosen && focus)
            tui_choose(pane, lay->x[i], y, lay->w[i]);
    }
    if (!chosen)
        return;
    tui_text(pane, 0, y, TUI_STRONG, tui_mark(TUI_MARK_CURSOR, pane->canvas->utf8));
    tui_choose(pane, 0, y, number > 0 ? fixed_end : pane->w);
}

void tui_table_draw(struct tui_table *table, const struct tui_table_rows *rows, const struct tui_pane *pane)
{
    struct tui_table_layout lay;
    tui_table_lay(table, rows, pane->w, &lay);
    table->slide = lay.slide;
    int titles = table->headless || pane->h < 2 ? 0 : 1;
    table->page = pane->h > titles ? (size_t)(pane->h - titles) : 1;
    keep_in_range(table, rows);
    if (titles)
        draw_titles(table, rows, &lay, pane);
    for (int y = titles; y < pane->h; y++) {
        size_t row = table->top + (size_t)(y - titles);
        if (row >= rows->count)
            break;
        draw_row(table, rows, &lay, pane, row, y);
    }
    tui_scrolled(pane, titles, pane->h - titles, (int)(table->top - table->drawn));
    table->drawn = table->top;
}
