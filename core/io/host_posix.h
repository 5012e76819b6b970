/* host_posix.h - this machine as the engine sees it (ports/host.h): clocks, chance, tasks, files,
 * processes.
 *
 * Thread-safe, but for file_close of a path that another thread is appending to.
 * - Time is CLOCK_BOOTTIME: a sleep over a suspend ends when the machine wakes.
 * - sleep_until/wake: a wake that comes when nobody sleeps on its key makes the next sleep on it return at
 *   once, so that "set a flag, then wake" cannot be missed.
 * - Tasks run with all signals blocked.
 * - file_append writes all of its bytes or, where the disk is full, none; file and directory are on disk
 *   before a sync returns. Files have mode 0600, directories that it makes 0700; a symbolic link as the
 *   last part is refused.
 * - boot_id is "<boot>/<pid namespace>": two containers on one kernel share the boot, but not their
 *   process numbers.
 * - spawn: standard input is /dev/null, output and errors are one stream of lines, at most 64 KiB each
 *   (the rest of a longer one is dropped), harmless for a terminal. The child leads a process group of its
 *   own and is stopped by SIGTERM to the group, SIGKILL five seconds later; when it ends, what is left of
 *   its group is ended too: nothing of a step outlives it. Only descriptors 0 to 2 are passed on. Names
 *   without '/' are looked up in PATH.
 */
#ifndef MIG_IO_HOST_POSIX_H
#define MIG_IO_HOST_POSIX_H

#include "ports/host.h"

/* state_dir: where journals go; NULL: $XDG_STATE_HOME/migtui, else ~/.local/state/migtui. It is not made yet.
 * False: *err is MIG_ERR_IO (no home directory) or MIG_ERR_INTERNAL. */
bool io_host_new(const char *state_dir, struct mig_host **ret, struct mig_error *err) MIG_MUST_CHECK;

/* No task may be running. Closes the files. */
void io_host_free(struct mig_host *host);

#endif
