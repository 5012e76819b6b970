/* scroll.c - rows weighed where they are and where they would be. */
#include "tui/scroll.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* What terminals are told, in bytes: a place to go to, other attributes, a region scrolled. */
#define PLACE  7
#define LOOK   4
#define REGION 24
#define NEAR   4 /* cells between two places that are drawn again rather than jumped over */

static const struct tui_cell *row_of(const struct tui_canvas *canvas, int y)
{
    return &canvas->cells[(size_t)y * (size_t)canvas->cols];
}

static int bytes_of(const struct tui_cell *cell)
{
    int bytes = 0;
    for (int i = 0; i < TUI_CELL_CHARS && cell->chars[i]; i++)
        bytes += cell->chars[i] < 0x80 ? 1 : cell->chars[i] < 0x800 ? 2 : 3;
    return bytes;
}

static bool same_look(const struct tui_cell *a, const struct tui_cell *b)
{
    return a->style == b->style && a->chosen == b->chosen;
}

static bool same(const struct tui_cell *a, const struct tui_cell *b)
{
    return memcmp(a->chars, b->chars, sizeof a->chars) == 0 && same_look(a, b);
}

/* About what it takes to make one row of another; NULL: of a blank one. */
static int cost(const struct tui_cell *from, const struct tui_cell *to, int cols)
{
    static const struct tui_cell blank = { .chars = { ' ' } };
    int sum = 0;
    int last = -NEAR - 1;
    for (int x = 0; x < cols; x++) {
        if (same(from ? &from[x] : &blank, &to[x]))
            continue;
        int skipped = x - last - 1;
        sum += bytes_of(&to[x]) + (skipped > NEAR ? PLACE : skipped);
        sum += last < 0 || !same_look(&to[last], &to[x]) ? LOOK : 0;
        last = x;
    }
    return sum;
}

struct tui_scroll tui_scroll_choose(const struct tui_canvas *shown, const struct tui_canvas *next)
{
    struct tui_scroll hint = next->scrolled;
    struct tui_scroll best = { 0 };
    if (hint.by == 0)
        return best;
    int far = hint.by > 0 ? hint.by : -hint.by;
    /* What each row saves by coming from where it was, and what it costs to come in anew. */
    int *saved MIG_AUTOFREE = mig_alloc_n((size_t)hint.h, sizeof *saved);
    int *extra MIG_AUTOFREE = mig_alloc_n((size_t)hint.h, sizeof *extra);
    for (int i = 0; i < hint.h; i++) {
        int y = hint.y + i;
        int from = y + hint.by;
        int stays = cost(row_of(shown, y), row_of(next, y), next->cols);
        extra[i] = cost(NULL, row_of(next, y), next->cols) - stays;
        if (from >= hint.y && from < hint.y + hint.h)
            saved[i] = stays - cost(row_of(shown, from), row_of(next, y), next->cols);
    }
    int most = REGION;
    for (int first = 0; first + far < hint.h; first++) {
        int sum = 0;
        int new_rows = 0;
        for (int i = 0; i < far; i++) /* those that come in: the last ones, or the first */
            new_rows += extra[first + i];
        for (int last = first + far; last < hint.h; last++) {
            sum += hint.by > 0 ? saved[last - far] : saved[last];
            int coming = hint.by < 0 ? new_rows : 0;
            for (int i = 0; i < far && hint.by > 0; i++)
                coming += extra[last - i];
            if (sum - coming > most) {
                most = sum - coming;
                best = (struct tui_scroll){ hint.y + first, last - first + 1, hint.by };
            }
        }
    }
    return best;
}

void tui_scroll_apply(struct tui_canvas *shown, const struct tui_scroll *scroll)
{
    size_t width = (size_t)shown->cols;
    int far = scroll->by > 0 ? scroll->by : -scroll->by;
    int from = scroll->y + (scroll->by > 0 ? far : 0);
    int to = scroll->y + (scroll->by > 0 ? 0 : far);
    int coming = scroll->by > 0 ? scroll->y + scroll->h - far : scroll->y;
    memmove(&shown->cells[(size_t)to * width], &shown->cells[(size_t)from * width],
            (size_t)(scroll->h - far) * width * sizeof *shown->cells);
    for (size_t i = 0; i < (size_t)far * width; i++)
        shown->cells[(size_t)coming * width + i] = (struct tui_cell){ .chars = { ' ' } };
}
