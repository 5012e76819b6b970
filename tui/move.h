/* move.h - moving about: the same keys with the same meaning in every table and text.
 *
 * One row a move. A view puts the rows it has a use for into its own table of keys and hands what it is asked to
 * tui_table_move or tui_textview_move.
 */
#ifndef TUI_MOVE_H
#define TUI_MOVE_H

/* enum, action, default keys, help */
#define TUI_MOVE_TABLE(X) \
    X(TUI_MOVE_UP, "up", "k up", "one up") \
    X(TUI_MOVE_DOWN, "down", "j down", "one down") \
    X(TUI_MOVE_LEFT, "left", "h left", "to the left") \
    X(TUI_MOVE_RIGHT, "right", "l right", "to the right") \
    X(TUI_MOVE_PAGE_UP, "page-up", "pgup C-b", "a page up") \
    X(TUI_MOVE_PAGE_DOWN, "page-down", "pgdn C-f", "a page down") \
    X(TUI_MOVE_HALF_UP, "half-up", "C-u", "half a page up") \
    X(TUI_MOVE_HALF_DOWN, "half-down", "C-d", "half a page down") \
    X(TUI_MOVE_FIRST, "first", "g home", "to the first") \
    X(TUI_MOVE_LAST, "last", "G end", "to the last")

enum tui_move {
    TUI_MOVE_NONE,
#define X(move, action, keys, help) move,
    TUI_MOVE_TABLE(X)
#undef X
};

/* TUI_MOVE_NONE: action is none of the table, or NULL. */
enum tui_move tui_move_of(const char *action);

#endif
