/* cleanup.h - locals that free themselves when they leave scope (GNU cleanup attribute, as in systemd). */
#ifndef MIG_BASE_CLEANUP_H
#define MIG_BASE_CLEANUP_H

#include <bson/bson.h>
#include <stdlib.h>
#include <unistd.h>

#define MIG_CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void mig_cleanup_free(void *slot)
{
    free(*(void **)slot);
}

static inline void mig_cleanup_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* For `bson_t *doc`, made by bson_new and friends. */
static inline void mig_cleanup_bson(bson_t **doc)
{
    if (*doc)
        bson_destroy(*doc);
}

#define MIG_AUTOFREE  MIG_CLEANUP(mig_cleanup_free)
#define MIG_AUTOCLOSE MIG_CLEANUP(mig_cleanup_fd)
#define MIG_AUTOBSON  MIG_CLEANUP(mig_cleanup_bson) /* bson_t *x = NULL / bson_new() */
#define MIG_AUTODOC   MIG_CLEANUP(bson_destroy)     /* bson_t x = BSON_INITIALIZER */

#endif
