/* search.h - the '/' of every screen: a line to type in at the bottom, and what was typed.
 *
 * While it is open it takes every key. enter keeps the text and closes it, esc empties and closes it.
 */
#ifndef VIEW_SEARCH_H
#define VIEW_SEARCH_H

#include "tui/lineedit.h"
#include "views/view.h"

#define VIEW_SEARCH_MAX 120

struct view_search {
    struct tui_line line;
    char sign; /* '/' or '&': what opened it */
    bool open;
    bool given_up; /* esc closed it last, not enter */
};

void view_search_open(struct view_search *search, char sign);
/* A key while it is open. Returns true when the text has changed or the line was closed. */
bool view_search_key(struct view_search *search, const struct tui_event *event);
void view_search_clear(struct view_search *search);
const char *view_search_text(const struct view_search *search); /* never NULL */
/* The line at the bottom of the pane, when it is open; the pane above it. */
struct tui_pane view_search_draw(struct view_search *search, const struct tui_pane *pane);

#endif
