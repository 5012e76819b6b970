/* clock.h - the one monotonic clock: milliseconds of CLOCK_BOOTTIME, which goes on while the machine
 * sleeps. A lease is counted in it, so host_posix.c and the MongoDB store must use the same. */
#ifndef MIG_IO_CLOCK_H
#define MIG_IO_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t io_boottime_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
