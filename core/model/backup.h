/* backup.h - one backup as its record in <prefix>backups tells it: plain data, safe for display.
 *
 * A record is written by who took the backup and may be altered by anybody who may write to the database: what it says is
 * recorded, not proven. What is proven is in the archive (docs/concepts/backup.md).
 */
#ifndef MIG_MODEL_BACKUP_H
#define MIG_MODEL_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/id.h"

/* enum, word in the database and JSON */
#define MIG_BACKUP_STATE_TABLE(X) \
    X(MIG_BACKUP_RUNNING, "running")         /* .beat_ms tells whether it lives */ \
    X(MIG_BACKUP_INTERRUPTED, "interrupted") /* said running, and is silent for too long; never stored */ \
    X(MIG_BACKUP_FINISHED, "finished") \
    X(MIG_BACKUP_FAILED, "failed") \
    X(MIG_BACKUP_STOPPED, "stopped") \
    X(MIG_BACKUP_REMOVED, "removed") /* by prune: its file is gone, its record stays */

enum mig_backup_state {
#define X(state, word) state,
    MIG_BACKUP_STATE_TABLE(X)
#undef X
        MIG_BACKUP_STATES
};

/* What reading the archive back has shown. */
enum mig_backup_proof { MIG_PROOF_NONE, MIG_PROOF_OK, MIG_PROOF_FAILED, MIG_PROOFS };

/* Is the archive where the record says? Only this host's own files can be looked at. */
enum mig_backup_file { MIG_FILE_ELSEWHERE, MIG_FILE_HERE, MIG_FILE_GONE, MIG_FILE_ALTERED };

/* Silent for so long, on the server's clock, a running backup counts as dead. Beats come every ten seconds. */
#define MIG_BACKUP_SILENCE_MS 60000

/* Times are the server's clock, in milliseconds; 0: none. Sizes are bytes. */
struct mig_backup {
    char id[MIG_ULID_SIZE]; /* also the id of the run that took it */
    char environment[40];
    char environment_uuid[MIG_UUID_SIZE];
    char database[72];
    char method[16]; /* archive, mongodump, exec */
    enum mig_backup_state state;
    enum mig_backup_proof proof;
    enum mig_backup_file where;
    char host[128];
    char file[1024]; /* path on that host */
    int64_t size;    /* of the archive */
    char sha256[MIG_SHA256_HEX];
    char server_version[32];
    bool consistent; /* every collection was read at cluster_time */
    uint32_t cluster_time, cluster_increment;
    int64_t started_ms, ended_ms, beat_ms, proven_ms;
    int64_t collections, documents, bytes; /* of BSON; so far, while it is running */
    int64_t documents_total, bytes_total;  /* estimates, while it is running */
    char at[128];                          /* the collection it is at, while it is running */
    char operator_name[64], os_user[64];
    char ticket[64], reason[256];
    char during[MIG_ULID_SIZE]; /* a run that held the lock while it was taken, or "" */
    char error[256];            /* why it failed, or why the proof did */
};

const char *mig_backup_state_word(enum mig_backup_state state);
int mig_backup_state_find(const char *word);                    /* -1: none */
const char *mig_backup_proof_word(enum mig_backup_proof proof); /* none, ok, failed */
int mig_backup_proof_find(const char *word);

#endif
