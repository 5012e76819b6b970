/* console_beside.c - what tells more of the chosen row follows when the selection rests.
 *
 * A move changes two rows of a list, but most of the text beside it. Who holds a key down reads none of it, and over SSH it is what
 * takes long: so it stays as it was until no move has come for a moment. It names what it tells of; any key but a move ends it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "views/console_private.h"

void console_beside_key(struct console *console, bool moves)
{
    struct console_beside *beside = &console->beside;
    int64_t rest_ms = console->options.rest_ms;
    beside->moving_until_ms = moves && rest_ms > 0 ? console->host->ops->mono_ms(console->host) + rest_ms : 0;
}

static bool is_at(const struct view_beside *a, const struct view_beside *b)
{
    return a->x == b->x && a->y == b->y && a->w == b->w && a->h == b->h;
}

void console_beside_draw(struct console *console, const struct view_beside *at, struct tui_canvas *canvas)
{
    struct console_beside *beside = &console->beside;
    size_t row_size = (size_t)at->w * sizeof *beside->cells;
    size_t needed = (size_t)at->w * (size_t)at->h;
    bool stays =
        console->host->ops->mono_ms(console->host) < beside->moving_until_ms && is_at(at, &beside->at);
    beside->at = *at;
    if (needed > beside->room) {
        free(beside->cells);
        beside->cells = mig_alloc_n(needed, sizeof *beside->cells);
        beside->room = needed;
    }
    for (int y = 0; y < at->h && row_size > 0; y++) {
        struct tui_cell *kept = &beside->cells[(size_t)y * (size_t)at->w];
        struct tui_cell *drawn = &canvas->cells[(size_t)(at->y + y) * (size_t)canvas->cols + (size_t)at->x];
        memcpy(stays ? drawn : kept, stays ? kept : drawn, row_size);
    }
}
