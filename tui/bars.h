/* bars.h - single lines: hints, tabs, progress; and keys in columns for the help. Pure.
 *
 * What does not fit is left out whole, least important first; nothing is cut in the middle of a word.
 */
#ifndef TUI_BARS_H
#define TUI_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/canvas.h"

struct tui_hint {
    const char *key, *text;
    int rank;    /* lower ones go first when there is no room */
    bool dimmed; /* can't be done now */
};
/* "?help  /filter  enter plan", in the order given. */
void tui_hints_draw(const struct tui_pane *pane, int y, const struct tui_hint *hints, size_t count);

struct tui_tab {
    char digit; /* '1'; 0: none */
    const char *title;
};
/* The chosen one is named at every size; the others lose their titles, then go. Returns the columns used. */
int tui_tabs_draw(const struct tui_pane *pane, int y, const struct tui_tab *tabs, size_t count,
                  size_t chosen);

/* "[====>     ] 42%" in w columns (the bar goes first when it does not fit); total 0: not known, and said so. */
void tui_progress_draw(const struct tui_pane *pane, int x, int y, int w, enum tui_style style, int64_t done,
                       int64_t total);

struct tui_help_entry {
    const char *keys; /* NULL: .text is the title of a group, and begins a new one */
    const char *text;
    bool dimmed;
};
/* In as many columns as fit, from the first row on; returns the rows there are, for scrolling. */
int tui_help_draw(const struct tui_pane *pane, int first_row, const struct tui_help_entry *entries,
                  size_t count);

#endif
