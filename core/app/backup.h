/* backup.h - backups of an environment: which there are, and whether one of them counts.
 *
 * A backup is an archive in a folder of the host that took it, a manifest beside it, and a record in <prefix>backups of the
 * database it is of. Concept: docs/concepts/backup.md; layouts: docs/reference/backups.md.
 */
#ifndef MIG_APP_BACKUP_H
#define MIG_APP_BACKUP_H

#include "app/app.h"
#include "engine/backup_judge.h"
#include "model/backup.h"

/* Backups of one environment, newest first. */
struct mig_backups {
    struct mig_backup *items;
    size_t count, room;
    int64_t server_now; /* milliseconds, when they were read; 0 when the server told no time */
};

/* Decode one document of <prefix>backups. Foreign members and wrong types are ignored, text is made safe for display. now_ms: the
 * server's clock, which tells an interrupted backup from a running one. */
void mig_backup_decode(const bson_t *doc, int64_t now_ms, struct mig_backup *ret);

/* Read at most limit records, newest first, of every database that the collection knows. One round trip; reads only. Where a
 * record names this host, its file is looked at (mig_backup.where). Free with mig_backups_done. */
bool mig_backups_load(struct mig_app *app, struct mig_store *store, int64_t limit, struct mig_backups *ret,
                      struct mig_error *err);
void mig_backups_done(struct mig_backups *backups);

/* For the gate: does the environment have a backup that satisfies env->gate.backup? One round trip on an open store of the
 * environment; environment_uuid as its meta says ("" when it has none yet: then no backup counts). Without gate.backup
 * any finished backup, however old, counts. Never fails: when the records cannot be read, the state is UNKNOWN and the
 * reason says why. Any thread. To judge records that were read already: engine/backup_judge.h. */
void mig_backup_gate(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                     const char *environment_uuid, struct mig_backup_verdict *ret);

/* "archive", "mongodump", "atlas", "exec" */
const char *mig_backup_method_word(enum cfg_backup_method method);

#endif
