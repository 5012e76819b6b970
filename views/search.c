/* search.c - see search.h. */
#include "views/search.h"

#include <string.h>

void view_search_open(struct view_search *search, char sign)
{
    char kept[VIEW_SEARCH_MAX + 1];
    memcpy(kept, search->line.text, sizeof kept - 1);
    kept[sizeof kept - 1] = '\0';
    tui_line_init(&search->line, VIEW_SEARCH_MAX, NULL);
    if (search->sign == sign)
        tui_line_set(&search->line, kept);
    search->sign = sign;
    search->open = true;
    search->given_up = false;
}

void view_search_clear(struct view_search *search)
{
    tui_line_init(&search->line, VIEW_SEARCH_MAX, NULL);
}

bool view_search_key(struct view_search *search, const struct tui_event *event)
{
    char before[VIEW_SEARCH_MAX + 1];
    memcpy(before, search->line.text, sizeof before - 1);
    before[sizeof before - 1] = '\0';
    if (event->key == TUI_KEY_ESC) {
        view_search_clear(search);
        search->given_up = true;
    }
    if (event->key == TUI_KEY_ESC || event->key == TUI_KEY_ENTER) {
        search->open = false;
        return true;
    }
    return tui_line_key(&search->line, event) && strcmp(before, search->line.text) != 0;
}

const char *view_search_text(const struct view_search *search)
{
    return search->line.text;
}

struct tui_pane view_search_draw(struct view_search *search, const struct tui_pane *pane)
{
    if (!search->open || pane->h < 2)
        return *pane;
    int y = pane->h - 1;
    char sign[2] = { search->sign, '\0' };
    tui_fill(pane, 0, y, pane->w, 1, TUI_FIELD, ' ');
    tui_text(pane, 0, y, TUI_KEY, sign);
    tui_line_draw(&search->line, pane, 1, y, pane->w - 1, TUI_FIELD, true);
    return tui_pane_part(pane, 0, 0, pane->w, pane->h - 1);
}
