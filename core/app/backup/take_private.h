/* take_private.h - what the files of taking a backup share. Not for others.
 *
 * Threads: the runner's thread orchestrates and is the only one that emits events; reading tasks bring documents; the
 * pipe's tasks compress and write; the beat writes the record's progress. Shared state is under .mutex.
 */
#ifndef MIG_APP_BACKUP_TAKE_PRIVATE_H
#define MIG_APP_BACKUP_TAKE_PRIVATE_H

#include <pthread.h>

#include "app/backup.h"
#include "app/backup/manifest.h"
#include "app/backup/pipe.h"
#include "app/backup/survey.h"
#include "app/history.h"
#include "app/journal.h"

#define READERS_MAX 8

struct taking {
    struct mig_app *app;
    struct mig_host *host;
    const struct cfg_environment *env;
    const struct mig_backup_options *options;
    struct mig_backup_result *result;
    struct mig_backup *backup; /* of result: what the record will say */
    struct mig_names names;
    struct mig_journal journal;
    struct mig_store *store;
    struct mig_store *beat_store; /* a cancelled reading never stops the beat */
    struct mig_storage *storage;
    struct mig_storage_file *file;
    struct mig_server server;
    struct survey survey;
    struct pipe *pipe;
    char name[160]; /* of the archive in the storage */
    bool recorded;  /* it has a document in <prefix>backups */
    int64_t began_ms;
    int64_t reading_ms; /* when documents began to come */

    bool snapshot; /* readers ask for the common cluster time */
    size_t *order; /* of the survey's items: the largest first */
    struct mig_task *readers[READERS_MAX];
    int reader_count;
    pthread_mutex_t large; /* held by the reader that has a large reply in memory */

    pthread_mutex_t mutex; /* all below */
    size_t next;           /* of order */
    int reading;           /* readers at work */
    int64_t documents, bytes;
    char at[128];
    bool moved;     /* the server did not read at the time it was asked to */
    char torn[128]; /* a collection that was read on its own, or "" */
    size_t closed;  /* namespaces that are whole in the archive */
    bool stop, finished;
    char stop_by[128];
    struct mig_task *beat;
};

/* ---- take_read.c ---- */
/* Ask for a cluster time that all collections can be read at. False: *err; true without one: t->snapshot is false. */
bool take_snapshot_time(struct taking *t, struct mig_error *err);
bool take_readers_start(struct taking *t, struct mig_error *err);
/* True when no reader is at work any more; the pipe tells whether all went well. */
bool take_readers_done(struct taking *t);
void take_readers_join(struct taking *t);

/* ---- take_tool.c ---- */
/* Let mongodump or the policy's command write the archive, and read what it wrote; on success the archive has its name and manifest->parts
 * says what it holds. A file that stays under its name on failure is the caller's to remove. */
bool take_by_tool(struct taking *t, struct manifest *manifest, struct mig_error *err);

/* ---- take_record.c ---- */
bool take_record_begin(struct taking *t, struct mig_error *err);
bool take_record_end(struct taking *t, struct mig_error *err);
bool take_beat_start(struct taking *t, struct mig_error *err);
void take_beat_end(struct taking *t);
/* True once it shall stop: by signal, or through the record. Readers and pipe are broken then. */
bool take_stopping(struct taking *t);

/* ---- take_events.c ---- */
void take_event_started(struct taking *t);
void take_event_reading(struct taking *t);
void take_event_progress(struct taking *t, bool last);
void take_event_finished(struct taking *t);

#endif
