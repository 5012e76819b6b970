/* style.h - how text for people is written: inks, widths, tables. Pure: it is told what the terminal can do.
 *
 * An ink means one thing everywhere; without colour the words carry all of it. Widths are columns of the terminal, so
 * call setlocale(LC_CTYPE, "") first for wide characters.
 */
#ifndef MIG_CLI_STYLE_H
#define MIG_CLI_STYLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/state.h"

struct cli_style {
    bool tty;
    bool color;
    bool utf8;
    int columns; /* 0: as wide as need be (a pipe or file) */
};

enum cli_ink {
    CLI_PLAIN,
    CLI_GOOD,  /* done, as it should be */
    CLI_WAIT,  /* something is still to do, or under way */
    CLI_BAD,   /* needs a person */
    CLI_ASIDE, /* may be passed over */
    CLI_HEAD,  /* a heading */
};

void cli_ink(struct mig_buf *out, const struct cli_style *style, enum cli_ink ink, const char *text);
enum cli_ink cli_state_ink(enum mig_state state);

/* Columns that text takes on a terminal; 1 for a character of unknown width. */
size_t cli_width(const char *text);

/* Append text cut to max columns ("…" or "..." says so). */
void cli_cut(struct mig_buf *out, const struct cli_style *style, const char *text, size_t max);

/* A table: cells are copied. The last column may be cut to fit the terminal, another one when it is named. */
struct cli_table;
struct cli_table *cli_table_new(const struct cli_style *style, size_t columns);
void cli_table_free(struct cli_table *table);
void cli_table_right(struct cli_table *table, size_t column); /* aligned on the right: numbers */
void cli_table_elastic(struct cli_table *table,
                       size_t column); /* cut this one when the terminal is too narrow */
void cli_table_head(struct cli_table *table,
                    const char *const *names); /* written in capitals as they are given */
void cli_table_cell(struct cli_table *table, enum cli_ink ink,
                    const char *text); /* the next cell, row by row */
void cli_table_lend(struct cli_table *table, enum cli_ink ink,
                    const char *text); /* the same, not copied: the text outlives the table */
/* Append it, indented; nothing when there is no row. */
void cli_table_print(const struct cli_table *table, size_t indent, struct mig_buf *out);

#endif
