/* mongo.h - the MongoDB driver as a whole: started once, silent, ended once.
 *
 * Process-wide by the driver's nature; the only mutable globals of core/io are here, behind one mutex.
 */
#ifndef MIG_IO_MONGO_H
#define MIG_IO_MONGO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Call once from main, before any other thread exists and before any store is opened. Loads nothing yet.
 * Side effects: sets MONGOC_DISABLE_SHM (no counters in /dev/shm, also of programs started from here). */
void io_mongo_init(void);

/* Load and start the driver, once a process; on any thread, and others that come meanwhile wait for it. Opening a store does
 * it; takes some milliseconds. Nothing that the driver has to say is ever printed. Its monitoring threads inherit the
 * caller's signal mask whenever a store makes its first connection: block what the event loop reads by signalfd (SIGINT,
 * SIGTERM, SIGHUP, SIGWINCH, SIGCHLD …) in main before any store is used. False: MIG_ERR_IO, with the package to install. */
bool io_mongo_load(struct mig_error *err) MIG_MUST_CHECK;

/* Call once, after every store was closed. The driver takes up to half a second to let go of a connection
 * (its monitors look up that seldom), and longer of a host that swallows packets; wait_ms says how much of
 * that to wait for. False: threads of the driver are still running, so nothing was freed, and the process
 * must end by _exit() (after flushing), for exit handlers of its libraries would pull the ground from
 * under them. A command line passes 0; a build with a leak checker passes some seconds. */
bool io_mongo_cleanup(int64_t wait_ms);

/* The driver's last warning or error, safe for display, for `doctor` and bug reports; "" when there was none.
 * Never a reason shown to an operator: those come as struct mig_error. */
void io_mongo_last_warning(char *ret, size_t size);

/* Run a shutdown on a thread of its own, so that nobody has to wait for the driver's monitors. Ownership
 * of the context goes to fn. When no thread can be had, fn runs here. */
void io_mongo_retire(void (*fn)(void *context), void *context);

#endif
