/* shared.c - counting references. */
#include "base/shared.h"

#include <stdatomic.h>

#include "base/mem.h"

void *mig_shared_new(size_t size, void (*release)(struct mig_shared *shared))
{
    struct mig_shared *piece = mig_alloc(size);
    piece->refs = 1;
    piece->release = release;
    return piece;
}

void *mig_share(void *shared)
{
    struct mig_shared *piece = shared;
    if (piece)
        atomic_fetch_add_explicit(&piece->refs, 1, memory_order_relaxed);
    return shared;
}

void mig_unshare(void *shared)
{
    struct mig_shared *piece = shared;
    if (piece && atomic_fetch_sub_explicit(&piece->refs, 1, memory_order_acq_rel) == 1)
        piece->release(piece);
}
