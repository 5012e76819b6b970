/* move.c - moves by name. */
#include "tui/move.h"

#include <stddef.h>
#include <string.h>

#include "base/rows.h"

static const char *const actions[] = {
#define X(move, action, keys, help) [move] = action,
    TUI_MOVE_TABLE(X)
#undef X
};

enum tui_move tui_move_of(const char *action)
{
    for (size_t i = TUI_MOVE_NONE + 1; action && i < MIG_COUNT(actions); i++)
        if (strcmp(actions[i], action) == 0)
            return (enum tui_move)i;
    return TUI_MOVE_NONE;
}
