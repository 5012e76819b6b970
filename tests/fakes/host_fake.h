/* host_fake.h - a mig_host whose clock moves only when someone sleeps, and whose programs are made up.
 *
 * Tasks are real threads. No files.
 */
#ifndef MIG_TESTS_HOST_FAKE_H
#define MIG_TESTS_HOST_FAKE_H

#include <stdatomic.h>

#include "ports/host.h"

struct host_fake {
    struct mig_host base;
    _Atomic int64_t now_ms;
    atomic_int sleeps;
    bool (*may_pass)(void *context); /* time stands still while it says no; may be NULL */
    void *may_pass_context;

    /* spawn: what it prints and how it ends; a hanging one waits for its stop flag. */
    const char *const *lines; /* NULL-terminated, or NULL */
    int status;
    bool hangs;
    bool cannot_start;

    /* what spawn was given */
    char command[200]; /* words are separated by a space */
    char env[200];
    const char *dir;
};

void host_fake_init(struct host_fake *host);

#endif
