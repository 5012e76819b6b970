/* record.h - the record of something long that holds no lock, a backup or a restore: changed on the server's clock. */
#ifndef MIG_APP_BACKUP_RECORD_H
#define MIG_APP_BACKUP_RECORD_H

#include "ports/store.h"

/* Change the document of that id: set's members (none: an empty document), and the dates (names, ended by NULL) to the server's time
 * now. One findAndModify, so that the reply's `value` has those times, and a request to stop. upsert: it is made where it is not
 * there. Waits for a majority; false: *err, also when there was none, or it did not confirm. *ret is set in any case: mig_reply_done. */
bool record_change(struct mig_store *store, const char *collection, const char *id, const bson_t *set,
                   const char *const *dates, bool upsert, struct mig_reply *ret, struct mig_error *err);

#endif
