/* backup.h - backups of an environment: which there are, and whether one of them counts.
 *
 * A backup is an archive in a folder of the host that took it, a manifest beside it, and a record in <prefix>backups of the
 * database it is of. Concept: docs/concepts/backup.md; layouts: docs/reference/backups.md.
 */
#ifndef MIG_APP_BACKUP_H
#define MIG_APP_BACKUP_H

#include "app/app.h"
#include "app/run.h"
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

/* ---- taking one ---- */

struct mig_backup_options {
    const char *run;               /* id chosen beforehand (detached runner), or NULL */
    enum cfg_backup_method method; /* atlas is refused here */
    const char *reason, *ticket;   /* may be NULL */
    int workers;                   /* collections read at once; 0: 4 */
    bool unproven;                 /* do not read it back at the end */
    const volatile bool *stop;     /* turns true on SIGINT/SIGTERM; may be NULL */
    mig_event_fn on_event;         /* each event as it happens; may be NULL */
    void *event_ctx;
};

struct mig_backup_result {
    enum mig_run_status status; /* SUCCEEDED, FAILED or STOPPED */
    struct mig_backup backup;   /* what is recorded; .file is "" unless an archive is there */
    int64_t duration_ms;
    struct mig_error error; /* code MIG_OK when succeeded; MIG_ERR_BACKUP (exit 6) when there is no backup */
};

/* Take a backup of the environment's database: blocks until it is over, by the runner process only. Takes no lock, so that
 * migrations and backups do not wait for each other; a run that holds the lock meanwhile is recorded with the backup.
 *
 * Side effects: an archive and its manifest in the storage, under their names only when they are whole; a record in
 * <prefix>backups, its events in <prefix>log and in the journal; nothing else is written to the database. True when status is
 * SUCCEEDED: the backup is finished and, unless unproven, was read back whole. */
bool mig_backup_take(struct mig_app *app, const struct cfg_environment *env,
                     const struct mig_backup_options *options, struct mig_backup_result *ret);

/* Ask a running backup, restore or drill to stop; seen within ten seconds. False with *ret_found false: there is none of that id that runs. */
bool mig_backup_stop(struct mig_app *app, struct mig_store *store, const char *id, const char *by,
                     bool *ret_found, struct mig_error *err);

/* Is this document of <prefix>runs, with the server's time in _now, that of a restore or drill at work: it beats, and its
 * process is not known to be dead? */
bool mig_restore_is_alive(struct mig_host *host, const bson_t *doc);

/* ---- what there is ---- */

/* As JSON shows it: {backup, environment, database, method, state, proof, where, host, file, size, sha256, startedAt, …}. ret is initialised. */
void mig_backup_document(const struct mig_backup *backup, bson_t *ret);

/* Those of one environment, newest first, each as mig_backup_document makes it. */
bool mig_backup_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                     bool (*each)(const bson_t *backup, void *ctx), void *ctx, struct mig_error *err);

/* Which backup, and how reading it is watched. All borrowed. */
struct mig_backup_read {
    const char *what;          /* a backup's id, or the path of an archive; NULL: the newest that finished */
    const volatile bool *stop; /* may be NULL */
    void (*progress)(void *ctx, int64_t done, int64_t total); /* bytes of the archive; may be NULL */
    void *ctx;
};

/* Read an archive back whole: every block parsed, CRC-64, SHA-256 and counts as in the manifest, the environment and database as
 * the record says. What comes of it is written to the record, when there is one: proof ok, or failed with the reason. True:
 * it is proven. *ret tells the backup either way, as far as it was found. */
bool mig_backup_verify(struct mig_app *app, const struct cfg_environment *env,
                       const struct mig_backup_read *read, struct mig_backup *ret, struct mig_error *err);

/* What an archive holds, from its manifest, or, for archives of other tools, by reading it: {backup: {…}, collections: [{name, type,
 * documents, bytes, indexes}]}. ret is initialised here in any case. */
bool mig_backup_inspect(struct mig_app *app, const struct cfg_environment *env,
                        const struct mig_backup_read *read, bson_t *ret, struct mig_error *err);

/* ---- restoring ---- */

/* What a restore would do. Plain data; free with mig_restore_plan_done. */
struct mig_restore_plan {
    struct mig_backup backup; /* as far as it is known; .id "" for an archive that no record names */
    char archive[1280];       /* path */
    char source[256];         /* the database in the archive */
    char target[72];          /* the database it goes into */
    int64_t documents, bytes; /* of what is restored; -1 when only reading the whole archive would tell */
    struct mig_restore_part {
        char name[256];
        char type[16];
        int64_t documents; /* -1: not known */
        bool left_out;     /* migtui's lock and approvals, and what belongs to the server */
    } * parts;
    size_t count;
};

struct mig_restore_options {
    const char *run;  /* id chosen beforehand, or NULL */
    const char *what; /* a backup's id, a path, or NULL: the newest that finished */
    const char *into; /* NULL: a new name made of the database's and the time */
    bool drill;       /* drop it again in the end, whatever it showed */
    const char *reason, *ticket;
    const volatile bool *stop;
    mig_event_fn on_event;
    void *event_ctx;
};

struct mig_restore_result {
    enum mig_run_status status;
    char run[MIG_ULID_SIZE];
    char target[72];
    int64_t collections, documents, bytes, indexes;
    int64_t duration_ms;
    struct mig_error error;
};

/* Look only: which archive, what is in it, into which database. Refuses (MIG_ERR_GATE) the environment's own database where the
 * environment is protected, and (MIG_ERR_BACKUP) a target that is not empty. */
bool mig_restore_plan(struct mig_app *app, const struct cfg_environment *env,
                      const struct mig_restore_options *options, struct mig_restore_plan *ret,
                      struct mig_error *err);
void mig_restore_plan_done(struct mig_restore_plan *plan);

/* Carry it out: blocks until it is over. The plan is made anew first, with its refusals. Collections are created with their
 * options, documents inserted as they are (validators bypassed), indexes built, views created; then counts and indexes are
 * compared with the archive, whose checksums were checked on the way. Whatever fails, what was created is dropped again, and the
 * message says so where even that failed. Every attempt is in the environment's audit. True when status is SUCCEEDED.
 *
 * Side effects besides: a document in <prefix>runs and events in <prefix>log of the environment, as of any run (not while the target
 * is the environment's own database); and, until it has ended, a mark in the target that says that it is not whole. */
bool mig_restore_run(struct mig_app *app, const struct cfg_environment *env,
                     const struct mig_restore_options *options, struct mig_restore_result *ret);

/* ---- keeping ---- */

/* Which finished backups of this environment, with their files on this host, the configuration no longer keeps: beyond the newest
 * backupKeep and older than backupKeepFor; never the newest that is verified. *ret is to be freed with mig_backups_done. */
bool mig_backup_prune_plan(struct mig_app *app, const struct cfg_environment *env, struct mig_backups *ret,
                           struct mig_error *err);

/* Remove one: archive, manifest, then the record says removed. */
bool mig_backup_remove(struct mig_app *app, const struct cfg_environment *env,
                       const struct mig_backup *backup, struct mig_error *err);

/* Remove what backups that were killed left half written in the folder of backups; how many files. Those that a living process
 * writes stay. `backup take` does it by itself, before it looks how much room there is. */
size_t mig_backup_sweep(struct mig_app *app);

/* What this host can take backups with besides migtui's own way, and where they go. */
struct mig_backup_here {
    bool mongodump;   /* it is on PATH, and answers */
    char version[64]; /* of it, in its own words; "" when it has none */
    char place[1024]; /* the folder of backups; safe for display */
    int64_t space;    /* bytes that may be written there; -1: not known */
};

/* Look; starts mongodump --version, and nothing else. Writes nothing. */
void mig_backup_here(struct mig_app *app, struct mig_backup_here *ret);

/* "archive", "mongodump", "atlas", "exec" */
const char *mig_backup_method_word(enum cfg_backup_method method);

#endif
