/* shared.h - what several hold and nobody changes: references are counted, the last one frees.
 *
 * Threads: counted atomically; whatever is behind a piece is read-only once a second one holds it.
 */
#ifndef MIG_BASE_SHARED_H
#define MIG_BASE_SHARED_H

#include <stddef.h>

/* The first member of a piece. release frees what is behind it and the piece itself. */
struct mig_shared {
    _Atomic int refs;
    void (*release)(struct mig_shared *shared);
};

/* A zeroed piece with one reference, the caller's. */
void *mig_shared_new(size_t size, void (*release)(struct mig_shared *shared))
    __attribute__((returns_nonnull));
void *mig_share(void *shared);  /* another reference; NULL is fine */
void mig_unshare(void *shared); /* NULL is fine; the last one frees */

#endif
