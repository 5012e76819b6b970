/* lines.h - a text made line by line, each in a style, to be shown by tui_textview and printed by --plain. */
#ifndef VIEW_LINES_H
#define VIEW_LINES_H

#include "base/buf.h"
#include "tui/textview.h"

#define VIEW_LINES_MAX 200000 /* what is beyond is left out, and said so */

struct view_lines {
    struct view_line {
        char *text;
        enum tui_style style;
        int dim; /* so many bytes at the beginning are drawn dimmed: a number, a name */
    } * items;
    size_t count, room;
};

void view_lines_add(struct view_lines *lines, enum tui_style style, int dim, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void view_lines_len(struct view_lines *lines, enum tui_style style, int dim, const char *text, size_t len);
void view_lines_done(struct view_lines *lines); /* empties; may be used again */
struct tui_text_lines view_lines_text(struct view_lines *lines);
/* Append them, safe for a terminal. */
void view_lines_plain(const struct view_lines *lines, struct mig_buf *out);

#endif
