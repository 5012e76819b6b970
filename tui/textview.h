/* textview.h - lines of text to scroll, search and follow: a log, a file, a diff, a page of help. Pure.
 *
 * A line has a number that never changes; lines may be added at the end and let go at the beginning (a ring) while they
 * are read. The view holds on to a line's number, so neither moves it. Following ends when one scrolls up and begins
 * again at the end. The sideways offset, the search and the filter stay through all of it.
 *
 * Searching and filtering look at a limited number of lines a call; tui_textview_work goes on with the rest.
 */
#ifndef TUI_TEXTVIEW_H
#define TUI_TEXTVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/canvas.h"
#include "tui/move.h"

#define TUI_TEXTVIEW_LINE \
    32768 /* bytes of a line that are shown; of a longer one the rest is left out, and said so */
#define TUI_TEXTVIEW_FIND  128
#define TUI_TEXTVIEW_SPANS 8

/* A part of a line in a style of its own. */
struct tui_span {
    size_t at, len; /* bytes */
    enum tui_style style;
};

struct tui_text_line {
    const char *text; /* borrowed until the next call, or in .room; starts as "" */
    size_t len;       /* SIZE_MAX, as it starts: up to the NUL */
    enum tui_style style;
    struct tui_span spans[TUI_TEXTVIEW_SPANS]; /* in order, not overlapping; len 0 ends */
    char room[1024];
};

/* Lines first … first + count - 1. Borrowed for the time of a call. */
struct tui_text_lines {
    uint64_t first;
    size_t count;
    void *ctx;
    void (*line)(void *ctx, uint64_t number, struct tui_text_line *ret);
};

struct tui_textview {
    bool wrap;
    bool follow;
    uint64_t top;                 /* number of the first line on the screen */
    int top_row;                  /* with wrap: rows of it that are above the screen */
    int x;                        /* columns scrolled to the left */
    uint64_t next;                /* the first line below the screen */
    int w, h;                     /* of the pane at the last drawing */
    char find[TUI_TEXTVIEW_FIND]; /* what is highlighted; "" nothing. Without capitals, capitals are equal */
    char filter[TUI_TEXTVIEW_FIND]; /* only lines with it; "" all */
    bool found;                     /* .found_line has what was looked for */
    uint64_t found_line;
    int seeking; /* +1, -1: a search is under way, from .seek_at; 0: none */
    uint64_t seek_at;
    bool not_found; /* the last search came to the end */
    uint64_t *kept; /* with a filter: the lines that have it, as far as .scanned */
    size_t kept_count, kept_room;
    uint64_t scanned; /* first line that was not looked at */
};

void tui_textview_init(struct tui_textview *view, bool follow, bool wrap);
void tui_textview_done(struct tui_textview *view);
/* After lines have changed, and while it says true: there is more to look at. */
bool tui_textview_work(struct tui_textview *view, const struct tui_text_lines *lines);
bool tui_textview_move(struct tui_textview *view, const struct tui_text_lines *lines, enum tui_move move);
void tui_textview_follow(struct tui_textview *view, bool follow);
/* Highlight text and go to the next line that has it (at the top of the screen or below); "" ends it. */
void tui_textview_find(struct tui_textview *view, const struct tui_text_lines *lines, const char *text);
void tui_textview_again(struct tui_textview *view, const struct tui_text_lines *lines, bool backward);
void tui_textview_filter(struct tui_textview *view, const struct tui_text_lines *lines, const char *text);
void tui_textview_goto(struct tui_textview *view, const struct tui_text_lines *lines, uint64_t number);
void tui_textview_draw(struct tui_textview *view, const struct tui_text_lines *lines,
                       const struct tui_pane *pane);
/* Lines below the screen: "37 new" while paused. */
size_t tui_textview_below(const struct tui_textview *view, const struct tui_text_lines *lines);

#endif
