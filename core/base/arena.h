/* arena.h - texts that are kept and let go together: no allocation for each, one end for all. */
#ifndef MIG_BASE_ARENA_H
#define MIG_BASE_ARENA_H

#include <stddef.h>

/* All zero is an empty one. */
struct mig_arena {
    struct mig_arena_piece *newest;
};

/* A copy that lives as long as the arena. */
char *mig_arena_text(struct mig_arena *arena, const char *text) __attribute__((returns_nonnull));
size_t mig_arena_bytes(const struct mig_arena *arena); /* of texts, as kept */
void mig_arena_done(struct mig_arena *arena);

#endif
