/* scroll.h - which rows of the terminal to scroll, so that as little as possible has to be drawn again.
 *
 * A terminal scrolls whole rows. Beside a table that moved by a line stands something that did not, so ncurses, which looks for
 * rows that are the same, finds nothing to scroll and draws the table again: a page of text for each line. Here rows are weighed
 * instead: what it costs to draw them where they are, against what is left to draw once they have moved with all that stands
 * beside. Pure.
 */
#ifndef TUI_SCROLL_H
#define TUI_SCROLL_H

#include "tui/canvas.h"

/* The rows to move so that what is shown becomes next for the fewest bytes; .by 0: none. Takes next's own word for how far
 * something moved (tui_scrolled), and none for whether it pays. Both are of one size. */
struct tui_scroll tui_scroll_choose(const struct tui_canvas *shown, const struct tui_canvas *next);

/* Move them, and blank what comes in. */
void tui_scroll_apply(struct tui_canvas *shown, const struct tui_scroll *scroll);

#endif
