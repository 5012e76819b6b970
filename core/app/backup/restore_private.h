/* restore_private.h - what the files of a restore share. Not for others. One thread does it all. */
#ifndef MIG_APP_BACKUP_RESTORE_PRIVATE_H
#define MIG_APP_BACKUP_RESTORE_PRIVATE_H

#include "app/backup.h"
#include "app/backup/locate.h"
#include "app/backup/scan.h"
#include "app/history.h"
#include "app/journal.h"

/* The next insert of one namespace as it grows: there is no other copy of its documents. */
struct restoring_insert {
    bson_t command, list; /* list: the open member "documents" of command */
    uint32_t count;
    uint32_t bytes;
};

/* One namespace of the archive on its way into the target. */
struct restoring_part {
    const struct arc_namespace *from; /* while the archive is read */
    char *name;
    char type[16];
    int64_t documents; /* of the archive, known at the namespace's end */
    bson_t *metadata;  /* parsed; NULL for what is left out */
    bool left_out;
    bool created;
    char *
        into; /* the collection that documents are inserted into: of a time series, its buckets'; NULL until the first */
    bool raw_data;
    struct restoring_insert *next; /* NULL: no document waits */
    int64_t inserted;
    int64_t indexes;
};

struct restoring {
    struct mig_app *app;
    struct mig_host *host;
    const struct cfg_environment *env;
    const struct mig_restore_options *options;
    struct mig_restore_result *result;
    struct mig_restore_plan plan;
    struct mig_names names;
    struct mig_journal journal;
    struct mig_store *store;
    struct mig_store *beat_store; /* a long index build never stops the beat */
    struct located at;
    struct mig_server server;
    char uuid[MIG_UUID_SIZE]; /* of the environment; "" when it has none */
    int64_t began_ms, told_ms;
    bool began; /* the target is marked, or may be */
    struct restoring_part *parts;
    size_t count;
    size_t waiting; /* bytes of documents in the parts' next inserts */
    struct restoring_part
        *due; /* its next insert is large, and goes as soon as the reader has let the document go */

    struct mig_task *beat;
    volatile bool over;     /* for the beat */
    volatile bool stopping; /* by the beat: somebody asked for it; then .stop_by is whole */
    char stop_by[128];
};

/* Of all that wait: an archive may have as many collections in turn as it likes. */
#define RESTORE_WAITING_MAX ((size_t)8 * 1024 * 1024)

/* ---- restore_plan.c ---- */
bool restore_plan_on(struct mig_app *app, const struct cfg_environment *env, struct mig_store *store,
                     const struct mig_restore_options *options, struct located *at,
                     struct mig_restore_plan *ret, struct mig_error *err);

/* True for what is never restored: the lock and approvals of migtui, and system collections. */
bool restore_leaves_out(const struct mig_names *names, const char *prefix, const char *collection);

/* ---- restore_record.c ---- */
/* Put it on record and keep it alive there. Nothing where the target is the environment's own database. */
bool restore_record_begin(struct restoring *r, struct mig_error *err);
/* How it ended, as r->result says; warns in the journal when that cannot be written. */
void restore_record_end(struct restoring *r);

/* ---- restore_write.c: what a namespace needs ---- */
/* The mark of an unfinished restore, in <prefix>lock of the target, which is never restored: a database that has it is read as
 * no environment (mig_history_load refuses it), so that what a killed restore left never looks whole. */
bool restore_mark(struct restoring *r, struct mig_error *err);
bool restore_unmark(struct restoring *r, struct mig_error *err);
/* Create the collection (not a view) with its options. */
bool restore_create(struct restoring *r, struct restoring_part *part, struct mig_error *err);
bool restore_document(struct restoring *r, struct restoring_part *part, const uint8_t *bytes, uint32_t len,
                      struct mig_error *err);
bool restore_flush(struct restoring *r, struct restoring_part *part, struct mig_error *err);
bool restore_flush_due(struct restoring *r, struct mig_error *err);
/* Free what waits and names it. */
void restore_part_done(struct restoring_part *part);
bool restore_indexes(struct restoring *r, struct restoring_part *part, struct mig_error *err);
bool restore_view(struct restoring *r, struct restoring_part *part, struct mig_error *err);
/* Compare what is there with what the archive had. */
bool restore_compare(struct restoring *r, struct restoring_part *part, struct mig_error *err);
/* Drop what was created, and the mark last. */
bool restore_drop(struct restoring *r, struct mig_error *err);
/* A copy under another name is another environment: it gets a uuid of its own, so that no plan or approval fits both. */
bool restore_rename_meta(struct restoring *r, struct mig_error *err);

#endif
