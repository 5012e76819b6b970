/* flag.h - a bool that one thread sets, once, and others watch: volatile alone orders nothing between threads. */
#ifndef MIG_BASE_FLAG_H
#define MIG_BASE_FLAG_H

#include <stdbool.h>
#include <stddef.h>

static inline void mig_flag_set(volatile bool *flag)
{
    __atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

/* NULL: never. */
static inline bool mig_flag_is_set(const volatile bool *flag)
{
    return flag != NULL && __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

#endif
