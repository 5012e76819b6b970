/* snapshot.h - everything a screen shows, as one immutable picture.
 *
 * The UI thread makes a new one whenever a lane has answered; what did not change is shared by reference counts. Views draw
 * from a snapshot and from nothing else; an act works on the snapshot it was opened on. Built by core/app/console.c, and by
 * hand in the tests of views: all structs are plain.
 *
 * Threads: a snapshot and all it refers to are read-only once published; references are counted atomically.
 */
#ifndef MIG_APP_SNAPSHOT_H
#define MIG_APP_SNAPSHOT_H

#include "app/drift.h"
#include "app/look.h"
#include "app/recover.h"
#include "app/textdiff.h"
#include "base/shared.h"
#include "engine/plan.h"

/* The migrations directory as last read. */
struct mig_seen_files {
    struct mig_shared shared;
    struct mig_catalog *catalog; /* never NULL; empty when the directory could not be read */
    struct mig_problems problems;
    struct mig_error error; /* code MIG_OK, or why the directory could not be read */
};

/* One environment as it answered last. */
struct mig_seen_env {
    struct mig_shared shared;
    struct mig_seen_files *files; /* what look.views borrows from */
    struct mig_look look;         /* reachable */
};

/* Where a run that is under way stands, from its events. */
struct mig_seen_progress {
    char run[MIG_ULID_SIZE]; /* "" : nothing runs */
    char version[128];
    char step[160];
    int64_t done, total; /* of the step; total 0: not known */
    int64_t rate;        /* per second; 0: not known */
};

/* One environment on the screen. */
struct mig_snap_env {
    const struct cfg_environment *env; /* of the configuration, which outlives every snapshot */
    struct mig_seen_env *seen;         /* newest good answer; NULL: none yet */
    int64_t
        seen_ms; /* monotonic, when seen was asked for, or until when its server says that nothing has changed */
    int64_t
        asked_ms; /* monotonic, when seen was asked for: its server's time was look.history->server_now then */
    struct mig_error error;    /* code MIG_OK, or why the newest look failed */
    int64_t next_look_ms;      /* monotonic; 0: a look is under way */
    int64_t writable_until_ms; /* monotonic; 0: read-only. The :rw window */
    struct mig_seen_progress progress;
};

/* What a view may ask for besides looks. Each kind is one row: how it is fetched stands in core/app/query.c. */
#define MIG_QUERY_TABLE(X) \
    X(MIG_QUERY_PLAN) /* env; argument: words as of `plan`, e.g. "--down --count 1" or "" → struct mig_seen_plan */ \
    X(MIG_QUERY_DRY_RUN)  /* the same with documents counted on the server */ \
    X(MIG_QUERY_RUNS)     /* env or NULL for all → struct mig_seen_rows */ \
    X(MIG_QUERY_HISTORY)  /* env or NULL for all → struct mig_seen_rows */ \
    X(MIG_QUERY_RECOVER)  /* env → struct mig_seen_recover */ \
    X(MIG_QUERY_DRIFT)    /* env → struct mig_seen_drift */ \
    X(MIG_QUERY_TEXT)     /* argument: version → struct mig_seen_text: the file */ \
    X(MIG_QUERY_RAN_TEXT) /* env; argument: version → struct mig_seen_text: what ran there */ \
    X(MIG_QUERY_LOG)      /* env; argument: run → struct mig_seen_log, growing */ \
    X(MIG_QUERY_REQUESTS) /* env or NULL → struct mig_seen_rows: promotions asked for, with their decisions */ \
    X(MIG_QUERY_BACKUPS)    /* env or NULL → struct mig_seen_rows */ \
    X(MIG_QUERY_AUDIT)      /* env or NULL → struct mig_seen_rows */ \
    X(MIG_QUERY_AUDIT_HEAD) /* env → struct mig_seen_rows: the newest entry alone */

enum mig_query_kind {
#define X(kind) kind,
    MIG_QUERY_TABLE(X)
#undef X
        MIG_QUERIES
};

struct mig_seen_plan {
    struct mig_shared shared;
    struct mig_seen_files *files;
    struct mig_look look;  /* what the plan borrows */
    struct mig_plan *plan; /* with its gates; NULL when it was refused: .refused says why */
    struct mig_error refused;
};

/* Rows as commands print them with --format json: the keys are stable (docs/reference/json.md), texts still foreign. */
struct mig_seen_rows {
    struct mig_shared shared;
    bson_t **items;
    size_t count;
};

struct mig_seen_recover {
    struct mig_shared shared;
    struct mig_recovery *items;
    size_t count;
};

/* What somebody else changed in collections that runs touched: how many there are of each, and the first that are not the same. */
#define MIG_SEEN_DRIFTED 20
struct mig_seen_drift {
    struct mig_shared shared;
    size_t counts[MIG_DRIFTS];
    size_t drifted; /* changed, removed or appeared */
    struct mig_seen_drifted {
        char collection[256]; /* safe for display */
        enum mig_drift drift;
    } first[MIG_SEEN_DRIFTED];
};

struct mig_seen_text {
    struct mig_shared shared;
    char *text;
    size_t len;
};

/* Events of a run in order. A log grows by new chunks, so that older snapshots keep their end. Documents lie one behind the
 * other: as values of their own ten thousand would take twice the memory. */
struct mig_log_chunk {
    struct mig_shared shared;
    uint8_t *bytes;
    size_t *ends; /* .ends[i]: where event i ends */
    size_t count, room, bytes_room;
};
struct mig_seen_log {
    struct mig_shared shared;
    struct mig_log_chunk **chunks;
    size_t chunk_count;
    size_t first; /* number of the first event that is still kept: older ones were let go */
    size_t count; /* events kept */
    bool over;    /* run.finished has come */
};

/* How one environment stands in an answer that is merged of all. */
struct mig_snap_part {
    const struct cfg_environment *env;
    bool there;             /* its rows are in the value */
    int64_t asked_ms;       /* monotonic, when they were asked for */
    struct mig_error error; /* code MIG_OK, or why the newest question failed */
};

/* The answer to one question. */
struct mig_snap_answer {
    enum mig_query_kind kind;
    const struct cfg_environment *env; /* NULL: all */
    char *argument;                    /* "" when there is none */
    void *value;                       /* struct mig_seen_…; NULL: no good answer yet */
    int64_t asked_ms;                  /* monotonic, when value was asked for */
    bool waiting;                      /* a question is under way */
    struct mig_error error;            /* code MIG_OK, or why the newest question failed */
    struct mig_snap_part *parts;       /* one an environment where the answer is of all, else NULL */
    size_t part_count;
};

struct mig_snapshot {
    struct mig_shared shared;
    uint64_t number; /* rises by one each time */
    const struct cfg_config *config;
    const char *operator_name, *os_user, *host;
    bool readonly;  /* --readonly: no :rw in this session */
    int64_t now_ms; /* monotonic, when it was made */
    int64_t wall_ms;
    struct mig_seen_files *files;
    struct mig_snap_env *envs; /* in the configuration's order */
    size_t env_count;
    struct mig_snap_answer *answers;
    size_t answer_count;
};

/* Empty ones, each with one reference for the caller. A value's lists are allocated; what its release frees is said above. */
struct mig_seen_files *mig_seen_files_new(void); /* with an empty catalog */
struct mig_seen_env *mig_seen_env_new(struct mig_seen_files *files);
struct mig_seen_plan *mig_seen_plan_new(struct mig_seen_files *files);
struct mig_seen_rows *mig_seen_rows_new(void);
struct mig_seen_recover *mig_seen_recover_new(void);
struct mig_seen_drift *mig_seen_drift_new(void);
struct mig_seen_text *mig_seen_text_new(char *take_text, size_t len);
struct mig_log_chunk *mig_log_chunk_new(void);
/* Before it is shared. */
void mig_log_chunk_add(struct mig_log_chunk *chunk, const bson_t *event);
struct mig_seen_log *mig_seen_log_new(void);
/* One of the events kept, the first is 0; *ret borrows from the log and needs no bson_destroy. */
bool mig_seen_log_event(const struct mig_seen_log *log, size_t index, bson_t *ret);
struct mig_snapshot *mig_snapshot_new(size_t env_count, size_t answer_count);

/* NULL: it was never asked. argument NULL counts as "". */
const struct mig_snap_answer *mig_snapshot_answer(const struct mig_snapshot *snapshot,
                                                  enum mig_query_kind kind, const struct cfg_environment *env,
                                                  const char *argument);
/* NULL: no such environment. */
const struct mig_snap_env *mig_snapshot_env(const struct mig_snapshot *snapshot, const char *name);

#endif
