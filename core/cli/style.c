/* style.c - inks and tables. Eight colours on the terminal's own background, one meaning each. */
#include "cli/style.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"
#include "base/text.h"

#define TEXT_MAX   (64UL * 1024)
#define COLUMN_MIN 8

static const char *const inks[] = {
    [CLI_PLAIN] = "",       [CLI_GOOD] = "\033[32m", [CLI_WAIT] = "\033[33m",
    [CLI_BAD] = "\033[31m", [CLI_ASIDE] = "\033[2m", [CLI_HEAD] = "\033[1m",
};

void cli_ink(struct mig_buf *out, const struct cli_style *style, enum cli_ink ink, const char *text)
{
    bool painted = style->color && ink != CLI_PLAIN && text[0];
    mig_buf_str(out, painted ? inks[ink] : "");
    mig_buf_str(out, text);
    mig_buf_str(out, painted ? "\033[0m" : "");
}

enum cli_ink cli_state_ink(enum mig_state state)
{
    static const enum cli_ink ink[MIG_STATES] = {
        [MIG_APPLIED] = CLI_GOOD, [MIG_PENDING] = CLI_WAIT,    [MIG_RUNNING] = CLI_WAIT,
        [MIG_FAILED] = CLI_BAD,   [MIG_INTERRUPTED] = CLI_BAD, [MIG_CHANGED] = CLI_BAD,
        [MIG_MISSING] = CLI_BAD,  [MIG_LATE] = CLI_BAD,        [MIG_BLOCKED] = CLI_WAIT,
    };
    return (unsigned)state < MIG_STATES ? ink[state] : CLI_PLAIN;
}

static size_t char_width(uint32_t c)
{
    int width = wcwidth((wchar_t)c);
    return width < 0 ? 1 : (size_t)width;
}

size_t cli_width(const char *text)
{
    size_t width = 0;
    for (size_t left = strlen(text), len; left > 0; left -= len, text += len) {
        uint32_t c = mig_utf8_decode(text, left, &len);
        width += char_width(c);
    }
    return width;
}

void cli_cut(struct mig_buf *out, const struct cli_style *style, const char *text, size_t max)
{
    if (cli_width(text) <= max) {
        mig_buf_str(out, text);
        return;
    }
    const char *more = style->utf8 ? "…" : "...";
    size_t room = max > cli_width(more) ? max - cli_width(more) : 0;
    size_t used = 0;
    for (size_t left = strlen(text), len; left > 0; left -= len, text += len) {
        uint32_t c = mig_utf8_decode(text, left, &len);
        used += char_width(c);
        if (used > room)
            break;
        mig_buf_add(out, text, len);
    }
    if (max >= cli_width(more))
        mig_buf_str(out, more);
}

struct cell {
    const char *text;
    uint32_t width;
    uint8_t ink;
    bool owned;
};

struct cli_table {
    struct cli_style style;
    size_t columns;
    struct cell *cells; /* the head first, when there is one */
    size_t count, room;
    bool has_head;
    bool *right;
    size_t elastic; /* column that is cut; columns: the last */
};

struct cli_table *cli_table_new(const struct cli_style *style, size_t columns)
{
    struct cli_table *table = mig_alloc(sizeof *table);
    *table = (struct cli_table){ .style = *style, .columns = columns, .elastic = columns - 1 };
    table->right = mig_alloc_n(columns, sizeof *table->right);
    return table;
}

void cli_table_free(struct cli_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->count; i++) {
        if (table->cells[i].owned)
            free((void *)(uintptr_t)table->cells[i].text);
    }
    free(table->cells);
    free(table->right);
    free(table);
}

void cli_table_right(struct cli_table *table, size_t column)
{
    table->right[column] = true;
}

void cli_table_elastic(struct cli_table *table, size_t column)
{
    table->elastic = column;
}

static void put(struct cli_table *table, enum cli_ink ink, const char *text, bool owned)
{
    table->cells = mig_grow(table->cells, table->count, &table->room, sizeof *table->cells);
    table->cells[table->count++] = (struct cell){
        .text = text, .width = (uint32_t)cli_width(text), .ink = (uint8_t)ink, .owned = owned
    };
}

void cli_table_lend(struct cli_table *table, enum cli_ink ink, const char *text)
{
    put(table, ink, text, false);
}

/* A column often says the same row after row: the cell above lends its text. */
void cli_table_cell(struct cli_table *table, enum cli_ink ink, const char *text)
{
    const struct cell *above =
        table->count >= table->columns ? &table->cells[table->count - table->columns] : NULL;
    if (above && text && strcmp(above->text, text) == 0)
        put(table, ink, above->text, false);
    else
        put(table, ink, mig_strdup(text), true);
}

void cli_table_head(struct cli_table *table, const char *const *names)
{
    table->has_head = true;
    for (size_t i = 0; i < table->columns; i++)
        cli_table_cell(table, CLI_ASIDE, names[i]);
}

/* What the elastic column may take so that the whole fits; SIZE_MAX when it fits anyway. */
static size_t elastic_width(const struct cli_table *table, const size_t *widths, size_t indent)
{
    size_t total = indent;
    for (size_t i = 0; i < table->columns; i++)
        total += widths[i] + (i > 0 ? 2 : 0);
    size_t room = (size_t)table->style.columns;
    if (table->style.columns <= 0 || total <= room)
        return SIZE_MAX;
    size_t over = total - room;
    size_t width = widths[table->elastic];
    return width > over + COLUMN_MIN ? width - over : COLUMN_MIN;
}

static void print_cell(const struct cli_table *table, const struct cell *cell, size_t column, size_t width,
                       bool last, struct mig_buf *out)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, TEXT_MAX);
    cli_cut(&text, &table->style, cell->text, width);
    size_t used = cli_width(text.text);
    size_t pad = width > used ? width - used : 0;
    if (table->right[column])
        mig_buf_fill(out, ' ', pad);
    cli_ink(out, &table->style, cell->ink, text.text);
    if (!table->right[column] && !last)
        mig_buf_fill(out, ' ', pad);
}

void cli_table_print(const struct cli_table *table, size_t indent, struct mig_buf *out)
{
    size_t rows = table->count / table->columns;
    if (rows <= (table->has_head ? 1 : 0))
        return;
    size_t *widths = mig_alloc_n(table->columns, sizeof *widths);
    for (size_t i = 0; i < rows * table->columns; i++) {
        if (table->cells[i].width > widths[i % table->columns])
            widths[i % table->columns] = table->cells[i].width;
    }
    size_t elastic = elastic_width(table, widths, indent);
    if (elastic < widths[table->elastic])
        widths[table->elastic] = elastic;
    for (size_t row = 0; row < rows; row++) {
        mig_buf_fill(out, ' ', indent);
        size_t last = table->columns - 1;
        while (last > 0 && table->cells[row * table->columns + last].width == 0)
            last--;
        for (size_t i = 0; i <= last; i++) {
            mig_buf_str(out, i > 0 ? "  " : "");
            print_cell(table, &table->cells[row * table->columns + i], i, widths[i], i == last, out);
        }
        mig_buf_char(out, '\n');
    }
    free(widths);
}
