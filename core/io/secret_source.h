/* secret_source.h - the real source of secrets: files, commands and variables of this machine.
 *
 * Messages name the file, the exit status and the last line a command wrote to standard error (made safe, and
 * kept back when it holds a URI); never the command, never what was read. Threads: any; nothing is shared but
 * the configuration, which is immutable, and the process's environment, which nobody changes.
 */
#ifndef MIG_IO_SECRET_SOURCE_H
#define MIG_IO_SECRET_SOURCE_H

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "config/secret.h"

/* Must stay where it was initialised: .source.ctx points to it. Borrows the configuration. */
struct io_secret_source {
    struct cfg_secret_source source;
    const struct cfg_config *config;
};

/* Variables come from the environment, then from .env. Commands see the environment without the variables
 * that the configuration's secrets name, and nothing of .env. */
void io_secret_source_init(struct io_secret_source *ret, const struct cfg_config *config);

/* Resolve one secret of the configuration; blocks for a file or a command (10 s at most). */
bool io_secret_resolve(const struct cfg_config *config, const struct cfg_secret_ref *ref,
                       struct cfg_secret *ret, struct mig_error *err) MIG_MUST_CHECK;

/* Append a regular file's bytes, at most max. No copy of them is left on the stack. */
bool io_secret_read_file(const char *path, size_t max, struct mig_buf *out, struct mig_error *err)
    MIG_MUST_CHECK;

#endif
