/* storage_fake.h - a mig_storage in memory, with a size at which it is full. One folder; several threads may write files. */
#ifndef MIG_TESTS_STORAGE_FAKE_H
#define MIG_TESTS_STORAGE_FAKE_H

#include "ports/storage.h"

struct storage_fake;

/* room: bytes that it holds in all; -1: as many as come. */
struct storage_fake *storage_fake_new(int64_t room);
struct mig_storage *storage_fake_storage(struct storage_fake *fake); /* its free is storage_fake's */

/* What a committed file holds; NULL: there is none of that name. */
const char *storage_fake_read(struct storage_fake *fake, const char *name, size_t *ret_len);

#endif
