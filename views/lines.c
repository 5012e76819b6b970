/* lines.c - see lines.h. */
#include "views/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void view_lines_len(struct view_lines *lines, enum tui_style style, int dim, const char *text, size_t len)
{
    if (lines->count > VIEW_LINES_MAX)
        return;
    lines->items = mig_grow(lines->items, lines->count, &lines->room, sizeof *lines->items);
    bool last = lines->count == VIEW_LINES_MAX;
    lines->items[lines->count++] =
        (struct view_line){ .text = last ? mig_strdup("(the rest is left out)") : mig_strndup(text, len),
                            .style = style,
                            .dim = last ? 0 : dim };
}

void view_lines_add(struct view_lines *lines, enum tui_style style, int dim, const char *fmt, ...)
{
    char text[4096];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mig_utf8_trim(text);
    view_lines_len(lines, style, dim, text, strlen(text));
}

void view_lines_done(struct view_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->items[i].text);
    free(lines->items);
    *lines = (struct view_lines){ 0 };
}

static void line(void *ctx, uint64_t number, struct tui_text_line *ret)
{
    const struct view_lines *lines = ctx;
    const struct view_line *item = &lines->items[number];
    ret->text = item->text;
    ret->style = item->style;
    if (item->dim > 0)
        ret->spans[0] = (struct tui_span){ .at = 0, .len = (size_t)item->dim, .style = TUI_DIM };
}

struct tui_text_lines view_lines_text(struct view_lines *lines)
{
    return (struct tui_text_lines){ .count = lines->count, .ctx = lines, .line = line };
}

void view_lines_plain(const struct view_lines *lines, struct mig_buf *out)
{
    for (size_t i = 0; i < lines->count; i++) {
        mig_text_safe(out, lines->items[i].text, strlen(lines->items[i].text), SIZE_MAX, false);
        mig_buf_char(out, '\n');
    }
}
