/* bars.c - what does not fit is left out whole, least important first. */
#include "tui/bars.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* ---- hints ---- */

static int hint_width(const struct tui_hint *hint)
{
    return tui_width(hint->key) + (hint->text[0] ? 1 + tui_width(hint->text) : 0);
}

void tui_hints_draw(const struct tui_pane *pane, int y, const struct tui_hint *hints, size_t count)
{
    enum { GAP = 2, MARGIN = 1 };
    bool *out MIG_AUTOFREE = mig_alloc_n(count + 1, sizeof *out);
    for (;;) {
        int width = MARGIN;
        size_t lowest = count;
        for (size_t i = 0; i < count; i++) {
            if (out[i])
                continue;
            width += hint_width(&hints[i]) + GAP;
            if (lowest == count || hints[i].rank <= hints[lowest].rank)
                lowest = i;
        }
        if (lowest == count || width - GAP <= pane->w)
            break;
        out[lowest] = true;
    }
    int x = MARGIN;
    for (size_t i = 0; i < count; i++) {
        if (out[i])
            continue;
        x += tui_text(pane, x, y, hints[i].dimmed ? TUI_DIM : TUI_KEY, hints[i].key);
        if (hints[i].text[0])
            x += 1 + tui_text(pane, x + 1, y, hints[i].dimmed ? TUI_DIM : TUI_PLAIN, hints[i].text);
        x += GAP;
    }
}

/* ---- tabs ---- */

/* How much of the other tabs is shown. */
enum tabs { TITLES, DIGITS, NONE };

static int tab_draw(const struct tui_pane *pane, int x, int y, const struct tui_tab *tab, bool chosen,
                    bool titled)
{
    char digit[2] = { tab->digit, '\0' };
    int start = x;
    x += tui_text(pane, x, y, chosen ? TUI_CHOSEN : TUI_DIM, chosen ? " " : "");
    if (tab->digit)
        x += tui_text(pane, x, y, chosen ? TUI_CHOSEN : TUI_KEY, digit);
    if (titled) {
        if (tab->digit)
            x += tui_text(pane, x, y, chosen ? TUI_CHOSEN : TUI_PLAIN, " ");
        x += tui_text(pane, x, y, chosen ? TUI_CHOSEN : TUI_PLAIN, tab->title);
    }
    x += tui_text(pane, x, y, chosen ? TUI_CHOSEN : TUI_DIM, chosen ? " " : "");
    return x - start;
}

static int tabs_width(const struct tui_tab *tabs, size_t count, size_t chosen, enum tabs others)
{
    int width = 0;
    for (size_t i = 0; i < count; i++) {
        if (i != chosen && others == NONE)
            continue;
        bool titled = i == chosen || others == TITLES;
        width += (width ? 2 : 0) + (i == chosen ? 2 : 0) + (tabs[i].digit != 0) +
                 (titled ? tui_width(tabs[i].title) + (tabs[i].digit != 0) : 0);
    }
    return width;
}

int tui_tabs_draw(const struct tui_pane *pane, int y, const struct tui_tab *tabs, size_t count, size_t chosen)
{
    enum tabs others = TITLES;
    while (others != NONE && tabs_width(tabs, count, chosen, others) > pane->w)
        others++;
    int x = 0;
    for (size_t i = 0; i < count; i++)
        if (i == chosen || others != NONE)
            x += (x ? 2 : 0) +
                 tab_draw(pane, x + (x ? 2 : 0), y, &tabs[i], i == chosen, i == chosen || others == TITLES);
    return x < pane->w ? x : pane->w;
}

/* ---- progress ---- */

void tui_progress_draw(const struct tui_pane *pane, int x, int y, int w, enum tui_style style, int64_t done,
                       int64_t total)
{
    enum { LEAST = 6 }; /* "[====]" */
    bool utf8 = pane->canvas->utf8;
    char percent[8] = " ?%";
    double part = 0;
    if (total > 0) {
        part = done <= 0 ? 0 : done >= total ? 1 : (double)done / (double)total;
        snprintf(percent, sizeof percent, "%3d%%",
                 (int)(part * 100)); /* cut: 100% is the end and nothing before it */
    }
    int bar = w - 5;
    if (bar < LEAST) {
        tui_field(pane, x, y, w, style, percent + strspn(percent, " "));
        return;
    }
    int inside = bar - 2, full = (int)(part * inside);
    tui_text(pane, x, y, TUI_BORDER, "[");
    for (int i = 0; i < inside; i++)
        tui_text(pane, x + 1 + i, y, i < full ? style : TUI_DIM,
                 tui_mark(i < full ? TUI_MARK_FULL : TUI_MARK_EMPTY, utf8));
    tui_text(pane, x + bar - 1, y, TUI_BORDER, "]");
    tui_field(pane, x + bar, y, -5, style, percent);
}

/* ---- help ---- */

#define HELP_KEYS 14 /* columns at most; a longer one pushes its own text to the right */

struct help_shape {
    int key_w, text_w;
    int columns, rows; /* of the whole */
};

static struct help_shape help_shape(const struct tui_help_entry *entries, size_t count, int width)
{
    struct help_shape shape = { 0 };
    int lines = 0;
    for (size_t i = 0; i < count; i++) {
        int key = entries[i].keys ? tui_width(entries[i].keys) : 0;
        key = key < HELP_KEYS ? key : HELP_KEYS;
        int text = tui_width(entries[i].text) - (entries[i].keys ? 0 : shape.key_w + 1);
        if (key > shape.key_w)
            shape.key_w = key;
        if (text > shape.text_w)
            shape.text_w = text;
        lines += 1 + (!entries[i].keys && i > 0);
    }
    int one = shape.key_w + 1 + shape.text_w + 3;
    shape.columns = width / one > 1 ? width / one : 1;
    shape.rows = (lines + shape.columns - 1) / shape.columns;
    return shape;
}

int tui_help_draw(const struct tui_pane *pane, int first_row, const struct tui_help_entry *entries,
                  size_t count)
{
    struct help_shape shape = help_shape(entries, count, pane->w);
    if (count == 0 || pane->w < 1)
        return 0;
    int column_w = pane->w / shape.columns, column = 0, row = 0, last = 0;
    for (size_t i = 0; i < count; i++) {
        bool title = !entries[i].keys;
        if (row > 0)
            row += title;
        if (row + title >= shape.rows &&
            column + 1 < shape.columns) { /* a title never stands alone at the end */
            row = 0;
            column++;
        }
        struct tui_pane part = tui_pane_part(pane, column * column_w, 0, column_w - 1, pane->h);
        int y = row - first_row;
        if (y >= 0 && title)
            tui_text(&part, 0, y, TUI_TITLE, entries[i].text);
        if (y >= 0 && !title) {
            tui_text(&part, 0, y, entries[i].dimmed ? TUI_DIM : TUI_KEY, entries[i].keys);
            int keys = tui_width(entries[i].keys);
            int x = keys > shape.key_w ? keys : shape.key_w;
            struct tui_pane text = tui_pane_part(&part, x + 1, 0, part.w, part.h);
            tui_field(&text, 0, y, text.w, entries[i].dimmed ? TUI_DIM : TUI_PLAIN, entries[i].text);
        }
        row++;
        if (row > last)
            last = row;
    }
    return last;
}
