/* textview.c - scrolling by line numbers. With a filter, an index of the lines that pass it stands for the lines. */
#include "tui/textview.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "tui/glyph.h"

#define LINES_A_CALL 2000 /* that work() looks at: about a millisecond */
#define STEP         8    /* columns that left and right move */

/* ---- lines as they are shown: all, or those that pass the filter ---- */

static bool filtered(const struct tui_textview *view)
{
    return view->filter[0] != '\0';
}

/* The first of the kept lines that is number or later. */
static size_t kept_from(const struct tui_textview *view, uint64_t number)
{
    size_t low = 0, high = view->kept_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (view->kept[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t shown_count(const struct tui_textview *view, const struct tui_text_lines *lines)
{
    return filtered(view) ? view->kept_count - kept_from(view, lines->first) : lines->count;
}

static uint64_t number_at(const struct tui_textview *view, const struct tui_text_lines *lines, size_t index)
{
    return filtered(view) ? view->kept[kept_from(view, lines->first) + index] : lines->first + index;
}

/* Where the line is, or the next that is shown; the count when there is none. */
static size_t index_of(const struct tui_textview *view, const struct tui_text_lines *lines, uint64_t number)
{
    if (number < lines->first)
        return 0;
    if (filtered(view))
        return kept_from(view, number) - kept_from(view, lines->first);
    return number - lines->first < lines->count ? (size_t)(number - lines->first) : lines->count;
}

struct fetched {
    struct tui_text_line line;
    size_t len;
    size_t left_out; /* bytes */
};

static void fetch(const struct tui_text_lines *lines, uint64_t number, struct fetched *ret)
{
    struct tui_text_line *line = &ret->line;
    line->text = "";
    line->len = SIZE_MAX;
    line->style = TUI_PLAIN;
    line->room[0] = '\0';
    memset(line->spans, 0, sizeof line->spans);
    lines->line(lines->ctx, number, line);
    size_t whole = line->len == SIZE_MAX ? strlen(line->text) : line->len;
    ret->len = whole;
    if (whole > TUI_TEXTVIEW_LINE) {
        ret->len = TUI_TEXTVIEW_LINE;
        while (ret->len > TUI_TEXTVIEW_LINE - 4 && ((unsigned char)line->text[ret->len] & 0xC0) == 0x80)
            ret->len--; /* not in the middle of a character */
    }
    ret->left_out = whole - ret->len;
}

/* ---- finding text ---- */

/* Capitals count when the wanted text has some. */
static const char *find_in(const char *text, size_t len, const char *wanted)
{
    size_t wanted_len = strlen(wanted);
    bool exact = false;
    for (const char *p = wanted; *p; p++)
        exact |= isupper((unsigned char)*p) != 0;
    if (exact)
        return memmem(text, len, wanted, wanted_len);
    int first = (unsigned char)wanted[0];
    for (size_t i = 0; i + wanted_len <= len; i++)
        if (tolower((unsigned char)text[i]) == first && strncasecmp(text + i, wanted, wanted_len) == 0)
            return text + i;
    return NULL;
}

static bool line_has(const struct tui_text_lines *lines, uint64_t number, const char *wanted)
{
    struct fetched line;
    fetch(lines, number, &line);
    return find_in(line.line.text, line.len, wanted) != NULL;
}

/* ---- rows ---- */

static size_t glyph_end(const char *text, size_t at, size_t len, int *width)
{
    struct tui_glyph glyph = tui_glyph_at(text + at, len - at);
    *width = glyph.width;
    return at + glyph.bytes;
}

/* Columns that the later rows of a wrapped line are moved in by: to where its text begins, after a part with a style of its own (a
 * time), a sign of a list or of a difference, and blanks. */
static int hang_of(const struct tui_textview *view, const struct fetched *line)
{
    const char *text = line->line.text;
    const struct tui_span *first = &line->line.spans[0];
    size_t at = first->at == 0 && first->len < line->len ? first->len : 0;
    if (at == 0 && line->len > 2 && strchr("+-*", text[0]) && text[1] == ' ')
        at = 1;
    while (at < line->len && text[at] == ' ')
        at++;
    int columns = 0, width;
    for (size_t i = 0; i < at; columns += width)
        i = glyph_end(text, i, line->len, &width);
    return 2 * columns <= view->w ? columns : 0;
}

/* Where the row that begins at byte at ends: behind the last blank that leaves it half full at least, else in the middle of a word. Blanks
 * at the break stay with the row that they end, in sight or not. */
static size_t row_end(const struct tui_textview *view, const struct fetched *line, size_t at)
{
    const char *text = line->line.text;
    int used = at > 0 ? hang_of(view, line) : 0, width;
    size_t start = at, after_blank = 0;
    bool word = false; /* one has begun: what stands before it is indentation */
    while (at < line->len) {
        size_t end = glyph_end(text, at, line->len, &width);
        bool blank = text[at] == ' ';
        if (used + width > view->w && at > start && !blank)
            break;
        word = word || !blank;
        used += width;
        at = end;
        if (blank && word && 2 * used >= view->w)
            after_blank = at;
    }
    return at < line->len && after_blank > 0 ? after_blank : at;
}

static int rows_of(const struct tui_textview *view, const struct tui_text_lines *lines, size_t index)
{
    if (!view->wrap || view->w < 1)
        return 1;
    struct fetched line;
    fetch(lines, number_at(view, lines, index), &line);
    int rows = 0;
    size_t at = 0;
    do {
        at = row_end(view, &line, at);
        rows++;
    } while (at < line.len);
    return rows;
}

/* ---- scrolling ---- */

struct place {
    size_t index;
    int row;
};

static struct place top_of(const struct tui_textview *view, const struct tui_text_lines *lines)
{
    struct place top = { index_of(view, lines, view->top), view->top_row };
    size_t count = shown_count(view, lines);
    if (top.index >= count)
        top = (struct place){ count > 0 ? count - 1 : 0, 0 };
    else if (number_at(view, lines, top.index) != view->top)
        top.row = 0; /* the line itself is gone */
    return top;
}

static void set_top(struct tui_textview *view, const struct tui_text_lines *lines, struct place top)
{
    bool any = shown_count(view, lines) > 0;
    view->top = any ? number_at(view, lines, top.index) : lines->first;
    view->top_row = any ? top.row : 0;
}

static struct place up(const struct tui_textview *view, const struct tui_text_lines *lines, struct place at,
                       int rows)
{
    while (rows > 0) {
        if (at.row >= rows)
            return (struct place){ at.index, at.row - rows };
        rows -= at.row + 1;
        if (at.index == 0)
            return (struct place){ 0, 0 };
        at.index--;
        at.row = rows_of(view, lines, at.index) - 1;
    }
    return at;
}

static struct place down(const struct tui_textview *view, const struct tui_text_lines *lines, struct place at,
                         int rows)
{
    size_t count = shown_count(view, lines);
    while (rows > 0 && at.index < count) {
        int left = rows_of(view, lines, at.index) - 1 - at.row;
        if (left >= rows)
            return (struct place){ at.index, at.row + rows };
        if (at.index + 1 == count)
            return (struct place){ at.index, at.row + left };
        rows -= left + 1;
        at = (struct place){ at.index + 1, 0 };
    }
    return at;
}

/* The place of the top when the last row is the last on the screen. */
static struct place last_page(const struct tui_textview *view, const struct tui_text_lines *lines)
{
    size_t count = shown_count(view, lines);
    if (count == 0)
        return (struct place){ 0, 0 };
    struct place end = { count - 1, rows_of(view, lines, count - 1) - 1 };
    return up(view, lines, end, view->h > 1 ? view->h - 1 : 0);
}

static bool is_past(struct place a, struct place b)
{
    return a.index > b.index || (a.index == b.index && a.row > b.row);
}

/* Go to a place, but never past the last page; there, following begins. */
static void scroll_to(struct tui_textview *view, const struct tui_text_lines *lines, struct place to)
{
    struct place last = last_page(view, lines);
    view->follow = !is_past(last, to);
    set_top(view, lines, is_past(to, last) ? last : to);
}

bool tui_textview_move(struct tui_textview *view, const struct tui_text_lines *lines, enum tui_move move)
{
    struct place top = view->follow ? last_page(view, lines) : top_of(view, lines);
    int page = view->h > 0 ? view->h : 1, half = page > 1 ? page / 2 : 1;
    switch (move) {
    case TUI_MOVE_NONE: return false;
    case TUI_MOVE_LEFT:
    case TUI_MOVE_RIGHT:
        if (view->wrap)
            return false;
        view->x += move == TUI_MOVE_RIGHT ? STEP : -STEP;
        view->x = view->x < 0 ? 0 : view->x > TUI_TEXTVIEW_LINE ? TUI_TEXTVIEW_LINE : view->x;
        return true;
    case TUI_MOVE_UP: top = up(view, lines, top, 1); break;
    case TUI_MOVE_DOWN: top = down(view, lines, top, 1); break;
    case TUI_MOVE_PAGE_UP: top = up(view, lines, top, page); break;
    case TUI_MOVE_PAGE_DOWN: top = down(view, lines, top, page); break;
    case TUI_MOVE_HALF_UP: top = up(view, lines, top, half); break;
    case TUI_MOVE_HALF_DOWN: top = down(view, lines, top, half); break;
    case TUI_MOVE_FIRST: top = (struct place){ 0, 0 }; break;
    case TUI_MOVE_LAST: top = last_page(view, lines); break;
    }
    scroll_to(view, lines, top);
    return true;
}

void tui_textview_init(struct tui_textview *view, bool follow, bool wrap)
{
    *view = (struct tui_textview){ .follow = follow, .wrap = wrap };
}

void tui_textview_done(struct tui_textview *view)
{
    free(view->kept);
    *view = (struct tui_textview){ 0 };
}

void tui_textview_follow(struct tui_textview *view, bool follow)
{
    view->follow = follow;
}

void tui_textview_goto(struct tui_textview *view, const struct tui_text_lines *lines, uint64_t number)
{
    if (view->follow) /* where it stands now */
        set_top(view, lines, last_page(view, lines));
    view->follow = false;
    bool in_sight = number >= view->top && number < view->next;
    if (in_sight)
        return;
    struct place to = { index_of(view, lines, number), 0 };
    set_top(view, lines, up(view, lines, to, view->h / 3));
}

size_t tui_textview_below(const struct tui_textview *view, const struct tui_text_lines *lines)
{
    return view->follow ? 0 : shown_count(view, lines) - index_of(view, lines, view->next);
}

/* ---- search and filter ---- */

/* Look at lines in the direction of the search until one has it, or the budget is spent. */
static void seek(struct tui_textview *view, const struct tui_text_lines *lines, size_t *budget)
{
    size_t count = shown_count(view, lines);
    size_t index = index_of(view, lines, view->seek_at);
    bool back = view->seeking < 0;
    if (back && (index == count || number_at(view, lines, index) > view->seek_at))
        index--; /* from the line before, when the line itself is not shown; SIZE_MAX when there is none */
    for (; *budget > 0; --*budget, index += back ? (size_t)-1 : 1) {
        if (index >= count) {
            view->seeking = 0;
            view->not_found = true;
            return;
        }
        uint64_t number = number_at(view, lines, index);
        if (line_has(lines, number, view->find)) {
            view->seeking = 0;
            view->found = true;
            view->found_line = number;
            tui_textview_goto(view, lines, number);
            return;
        }
    }
    if (index < count)
        view->seek_at = number_at(view, lines, index);
    else
        view->seeking = 0, view->not_found = true;
}

static void index_kept(struct tui_textview *view, const struct tui_text_lines *lines, size_t *budget)
{
    uint64_t end = lines->first + lines->count;
    size_t gone = kept_from(view, lines->first);
    if (gone > view->kept_count / 2) { /* let go with the lines */
        view->kept_count -= gone;
        memmove(view->kept, view->kept + gone, view->kept_count * sizeof *view->kept);
    }
    if (view->scanned < lines->first)
        view->scanned = lines->first;
    for (; view->scanned<end && * budget> 0; view->scanned++, --*budget) {
        if (!line_has(lines, view->scanned, view->filter))
            continue;
        view->kept = mig_grow(view->kept, view->kept_count, &view->kept_room, sizeof *view->kept);
        view->kept[view->kept_count++] = view->scanned;
    }
}

bool tui_textview_work(struct tui_textview *view, const struct tui_text_lines *lines)
{
    size_t budget = LINES_A_CALL;
    if (filtered(view))
        index_kept(view, lines, &budget);
    if (view->seeking != 0)
        seek(view, lines, &budget);
    return view->seeking != 0 || (filtered(view) && view->scanned < lines->first + lines->count);
}

static void start_seeking(struct tui_textview *view, const struct tui_text_lines *lines, int direction,
                          uint64_t from)
{
    view->seeking = direction;
    view->seek_at = from;
    view->not_found = false;
    tui_textview_work(view, lines);
}

void tui_textview_find(struct tui_textview *view, const struct tui_text_lines *lines, const char *text)
{
    snprintf(view->find, sizeof view->find, "%s", text);
    mig_utf8_trim(view->find);
    view->found = view->not_found = false;
    view->seeking = 0;
    if (view->find[0] == '\0')
        return;
    struct place top = view->follow ? last_page(view, lines) : top_of(view, lines);
    if (shown_count(view, lines) > 0)
        start_seeking(view, lines, 1, number_at(view, lines, top.index));
    else
        view->not_found = true;
}

void tui_textview_again(struct tui_textview *view, const struct tui_text_lines *lines, bool backward)
{
    if (view->find[0] == '\0')
        return;
    uint64_t from = view->found ? view->found_line : view->top;
    if (view->found && backward && from == 0)
        view->not_found = true;
    else
        start_seeking(view, lines, backward ? -1 : 1, view->found ? backward ? from - 1 : from + 1 : from);
}

void tui_textview_filter(struct tui_textview *view, const struct tui_text_lines *lines, const char *text)
{
    snprintf(view->filter, sizeof view->filter, "%s", text);
    mig_utf8_trim(view->filter);
    view->kept_count = 0;
    view->scanned = lines->first;
    view->top_row = 0;
    tui_textview_work(view, lines);
}

/* ---- drawing ---- */

/* Style of each byte as one goes along a line: search before span before line. */
struct styler {
    const struct fetched *line;
    const char *find;
    size_t span;
    const char *match, *match_end;
};

static enum tui_style style_at(struct styler *styler, size_t at)
{
    const struct tui_text_line *line = &styler->line->line;
    const char *p = line->text + at, *end = line->text + styler->line->len;
    if (styler->find[0] && styler->match && p >= styler->match_end) {
        styler->match = find_in(p, (size_t)(end - p), styler->find);
        styler->match_end = styler->match ? styler->match + strlen(styler->find) : NULL;
    }
    if (styler->match && p >= styler->match && p < styler->match_end)
        return TUI_MATCH;
    while (styler->span < TUI_TEXTVIEW_SPANS && line->spans[styler->span].len > 0 &&
           at >= line->spans[styler->span].at + line->spans[styler->span].len)
        styler->span++;
    if (styler->span < TUI_TEXTVIEW_SPANS && line->spans[styler->span].len > 0 &&
        at >= line->spans[styler->span].at)
        return line->spans[styler->span].style;
    return line->style;
}

static void draw_bytes(const struct tui_pane *pane, int x, int y, struct styler *styler, size_t from,
                       size_t to)
{
    const char *text = styler->line->line.text;
    for (size_t at = from; at < to && x < pane->w;) {
        int width;
        size_t end = glyph_end(text, at, styler->line->len, &width);
        tui_text_len(pane, x, y, style_at(styler, at), text + at, end - at);
        x += width;
        at = end;
    }
    if (to == styler->line->len && styler->line->left_out > 0)
        tui_printf(pane, x, y, TUI_DIM, " (%zu bytes more)", styler->line->left_out);
}

/* Draws a line from its row on; returns the rows it took. */
static int draw_line(const struct tui_textview *view, const struct tui_text_lines *lines,
                     const struct tui_pane *pane, int y, uint64_t number, int row)
{
    struct fetched line;
    fetch(lines, number, &line);
    struct styler styler = {
        .line = &line, .find = view->find, .match = line.line.text, .match_end = line.line.text
    };
    bool chosen = view->found && number == view->found_line;
    int start = y;
    size_t at = 0;
    do {
        size_t end = view->wrap ? row_end(view, &line, at) : line.len;
        if (row-- <= 0) {
            draw_bytes(pane, !view->wrap ? -view->x : at > 0 ? hang_of(view, &line) : 0, y, &styler, at, end);
            if (chosen)
                tui_choose(pane, 0, y, pane->w);
            y++;
        }
        at = end;
    } while (at < line.len && y < pane->h);
    return y - start;
}

void tui_textview_draw(struct tui_textview *view, const struct tui_text_lines *lines,
                       const struct tui_pane *pane)
{
    view->w = pane->w;
    view->h = pane->h;
    struct place last = last_page(view, lines), top = view->follow ? last : top_of(view, lines);
    if (is_past(top, last))
        top = last;
    set_top(view, lines, top);
    size_t count = shown_count(view, lines), index = top.index;
    int row = top.row;
    for (int y = 0; y < pane->h && index < count; index++, row = 0)
        y += draw_line(view, lines, pane, y, number_at(view, lines, index), row);
    view->next = index < count ? number_at(view, lines, index) : lines->first + lines->count;
}
