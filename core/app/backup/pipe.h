/* pipe.h - blocks on their way from readers to a file: compressed by several tasks, written in the order they came.
 *
 * A ring of PIPE_SLOTS blocks bounds the memory: who brings one more waits until one was written. The order is kept because
 * the checksum of a namespace covers its documents in the order of the archive.
 */
#ifndef MIG_APP_BACKUP_PIPE_H
#define MIG_APP_BACKUP_PIPE_H

#include "app/app.h"

#define PIPE_SLOTS      6
#define PIPE_BLOCK_SIZE ((size_t)256 * 1024) /* a block is sent when it has reached this */
#define PIPE_BLOCK_MAX  ((size_t)1024 * 1024)

struct pipe;

/* Write into file, which stays the caller's, with compress tasks at the gzip level. NULL: *err. */
struct pipe *pipe_new(struct mig_host *host, const struct mig_storage_ops *ops, struct mig_storage_file *file,
                      int tasks, int level, struct mig_error *err);

/* Send a block (any thread); its buffer, of at most PIPE_BLOCK_MAX bytes, comes back empty, another one. Waits while the ring is full. False: the pipe is broken. */
bool pipe_send(struct pipe *pipe, struct mig_buf *block);

/* Between the two, only this thread's blocks are taken: for what is too large for one, and must not be torn apart. */
bool pipe_turn_begin(struct pipe *pipe);
void pipe_turn_end(struct pipe *pipe);

/* Break it: senders and tasks stop. The first reason stays. */
void pipe_break(struct pipe *pipe, const struct mig_error *why);
bool pipe_broken(struct pipe *pipe);

/* No more blocks: wait until all is written. Frees the pipe. True: *ret_size bytes with that digest are in the file. */
bool pipe_end(struct pipe *pipe, int64_t *ret_size, char ret_sha256[static MIG_SHA256_HEX],
              struct mig_error *err);

/* Bytes written so far. */
int64_t pipe_written(struct pipe *pipe);

#endif
