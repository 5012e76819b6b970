/* history.h - what an environment's database says of its past and of who is at work: plain data.
 *
 * One record a migration in <prefix>history (docs/reference/on-database.md has the layout), the lock in
 * <prefix>lock, and the identity in <prefix>meta. Read in one round trip by core/app/history.c.
 */
#ifndef MIG_MODEL_HISTORY_H
#define MIG_MODEL_HISTORY_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/shared.h"
#include "model/approval.h"
#include "model/migration.h"

/* enum, word in the database and JSON. reverted is as good as pending. */
#define MIG_RECORD_TABLE(X) \
    X(MIG_RECORD_RUNNING, "running") /* an up run has begun and not finished */ \
    X(MIG_RECORD_APPLIED, "applied") \
    X(MIG_RECORD_FAILED, "failed")       /* a step failed; .direction tells in which */ \
    X(MIG_RECORD_REVERTING, "reverting") /* a down run has begun and not finished */ \
    X(MIG_RECORD_REVERTED, "reverted")

enum mig_record_state {
#define X(state, word) state,
    MIG_RECORD_TABLE(X)
#undef X
        MIG_RECORD_STATES
};

const char *mig_record_state_word(enum mig_record_state state);
int mig_record_state_find(const char *word); /* -1: none */

enum mig_direction { MIG_UP, MIG_DOWN };
const char *mig_direction_word(enum mig_direction direction); /* "up", "down" */

enum mig_phase {
    MIG_PHASE_NONE,
    MIG_PHASE_INTENT,
    MIG_PHASE_DONE,
    MIG_PHASE_FAILED,
    MIG_PHASE_UNDONE,
    MIG_PHASES
};
const char *mig_phase_word(enum mig_phase phase);
int mig_phase_find(const char *word);

/* One step of a migration as far as it got. */
struct mig_step_record {
    char *id;
    char *kind;
    enum mig_phase phase;
    bson_t *pre;    /* pre-state seen before the intent, or NULL */
    bson_t *result; /* counts, or a batch's checkpoint {lastId, done, …}, or NULL; below 4 KB */
    int64_t duration_ms;
};

/* What tells of a run under way or of what came of it; records that are over with are read without it. */
struct mig_record_details {
    int64_t token; /* fencing token of the last writer */
    char *plan_id;
    char *error;      /* the server's words when failed, else NULL */
    char *error_step; /* id of the step that failed, else NULL */
    char *os_user;
    char *host;
    int64_t started_at; /* server's wall clock, ms; 0 unknown */
};

/* Who holds a record says whose its texts are: a record alone owns them, one of a struct mig_past borrows them. */
struct mig_record {
    char *version;
    char *title;
    enum mig_record_state state;
    enum mig_direction direction;
    char *raw, *sem; /* digests of the file that ran */
    int64_t attempt;
    int64_t rev; /* raised by each write: optimistic concurrency */
    int64_t seq; /* order in which migrations were applied here; 0 while never applied */
    char *run;
    struct mig_step_record *steps;
    size_t step_count;
    bool steps_known; /* false: it was read without its steps, as records are that are over with */
    bson_t *
        inverse; /* array of the steps that take it back, while a run without written ones is on its way; else NULL */
    struct mig_record_details *details; /* always its own; NULL: none (mig_record_details) */
    char *operator_name;
    char *marked;     /* reason when an operator set the state by hand, else NULL */
    int64_t ended_at; /* server's wall clock, ms; 0 unknown */
    int64_t duration_ms;
};

/* The lock as last read. server_now is the server's clock at that reading. */
struct mig_lock {
    bool exists;
    char owner[MIG_UUID_SIZE]; /* "" when nobody holds it */
    char run[MIG_ULID_SIZE];
    char prev_run[MIG_ULID_SIZE]; /* the newest run that may have left operations behind; "": none */
    bool prev_released;           /* it let the lock go by itself */
    int64_t token;
    char host[256];
    char os_user[128];
    char ssh_client[128];
    char boot_id[64];
    char command[64]; /* apply, rollback, … */
    int64_t pid;
    int64_t pid_started;
    int64_t acquired_at;
    int64_t beat_at;
    int64_t expires_at;
    int64_t server_now;
    bool
        holder_dead; /* its holder was a process of this very boot of this host, and is gone (set by who can tell) */
    bool stop_requested;
    char stop_by[128];
    char step[160]; /* where the run is, as of its last beat */
};

/* All records of an environment, as one reading found them: immutable from then on, and shared by the looks that find the
 * same. Ten thousand records are to cost little: their texts are the files' own where they are equal, and are kept once
 * where a record says what the one before it says (who, where, in which run). */
struct mig_past {
    struct mig_shared shared;
    struct mig_record *records; /* sorted by version, once settled */
    size_t count, room;
    struct mig_arena texts;
};

/* Empty, with one reference for the caller. */
struct mig_past *mig_past_new(void);
/* Take a record that owns what it has. file: the migration of that version, which must outlive the past; NULL: none. */
void mig_past_add(struct mig_past *past, struct mig_record *take_record, const struct mig_migration *file);
/* Nothing more comes: sort, and let go of room that is not needed. */
void mig_past_settle(struct mig_past *past);
const struct mig_record *mig_past_find(const struct mig_past *past, const char *version); /* once settled */

/* Everything one look at an environment gives. Owned by who loaded it; free with mig_history_free. */
struct mig_history {
    char environment_uuid[MIG_UUID_SIZE]; /* "" when the database was never initialised */
    char project[128];
    int format;                 /* layout number in meta; 0 when absent */
    char restoring[32];         /* run of a restore into this database that has not ended; "" : none */
    struct mig_record *records; /* sorted by version */
    size_t count;
    size_t room;
    struct mig_past *past; /* whose records they are; NULL: the history's own */
    struct mig_lock lock;
    struct mig_request *requests; /* open ones, and broken glass that is not closed */
    size_t request_count;
    size_t request_room;
    bson_t *schema; /* fingerprints that the last runs left (app/schema_print.h), or NULL */
    int64_t fence_token;
    char head[MIG_SHA256_HEX]; /* derived: see mig_history_head in engine/head.h */
    int64_t server_now;
};

/* True when the lock is held by a run that has not let it expire, on the server's clock as of the reading, and whose process is not
 * known to be dead. */
bool mig_lock_alive(const struct mig_lock *lock);

void mig_step_record_done(struct mig_step_record *step);
/* Never NULL: all empty where there are none. */
const struct mig_record_details *mig_record_details(const struct mig_record *record);
/* When it ended, else when it began; 0 unknown. */
int64_t mig_record_time(const struct mig_record *record);
/* To be written to: made where there are none. */
struct mig_record_details *mig_record_details_own(struct mig_record *record);
void mig_record_done(struct mig_record *record);                               /* one that owns what it has */
struct mig_record mig_record_copy(const struct mig_record *from);              /* owns what it has */
bool mig_record_equal(const struct mig_record *a, const struct mig_record *b); /* in everything */
void mig_history_free(struct mig_history *history);
const struct mig_record *mig_history_find(const struct mig_history *history, const char *version);

#endif
