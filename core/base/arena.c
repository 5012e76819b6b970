/* arena.c - pieces that double up to a limit; a text lies in one piece as a whole. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LEAST 1024
#define MOST  (64 * 1024)

struct mig_arena_piece {
    struct mig_arena_piece *older;
    size_t used, room;
    char bytes[];
};

static void add_piece(struct mig_arena *arena, size_t at_least)
{
    struct mig_arena_piece *older = arena->newest;
    size_t room = older ? older->room * 2 : LEAST;
    room = room < MOST ? room : MOST;
    room = room > at_least ? room : at_least;
    arena->newest = mig_realloc_n(NULL, sizeof *older + room, 1);
    *arena->newest = (struct mig_arena_piece){ .older = older, .room = room };
}

char *mig_arena_text(struct mig_arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    if (!arena->newest || arena->newest->room - arena->newest->used < size)
        add_piece(arena, size);
    char *copy = arena->newest->bytes + arena->newest->used;
    arena->newest->used += size;
    return memcpy(copy, text, size);
}

size_t mig_arena_bytes(const struct mig_arena *arena)
{
    size_t bytes = 0;
    for (const struct mig_arena_piece *piece = arena->newest; piece; piece = piece->older)
        bytes += piece->used;
    return bytes;
}

void mig_arena_done(struct mig_arena *arena)
{
    while (arena->newest) {
        struct mig_arena_piece *piece = arena->newest;
        arena->newest = piece->older;
        free(piece);
    }
}
