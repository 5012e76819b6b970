/* watch_private.h - what the files of a watch share: its state, behind one mutex, and its lanes. */
#ifndef MIG_APP_WATCH_PRIVATE_H
#define MIG_APP_WATCH_PRIVATE_H

#include <pthread.h>

#include "app/log_read.h"
#include "app/query.h"
#include "app/watch.h"

#define WATCH_LOOK_MS     3000
#define WATCH_RUNNING_MS  1000 /* between looks while a run is at work */
#define WATCH_BACKOFF_MS  2000 /* after the first failure; doubled up to */
#define WATCH_BACKOFF_MAX 30000
#define WATCH_FILES_MS    1000
#define WATCH_AWAIT_MS    4000 /* how long the server waits for a change before it says that there was none */
#define WATCH_QUIET_MS    15000  /* between looks while a stream tells changes and nobody holds the lock */
#define WATCH_REFUSED_MS  600000 /* until a stream that a server has refused is tried again */
#define WATCH_KEPT        48     /* answers; unwanted ones beyond it are let go, oldest first */

enum watch_role { WATCH_FILES, WATCH_LOOKS, WATCH_ASKS, WATCH_STREAMS };

struct watch_env;

/* One thread. */
struct watch_lane {
    struct mig_watch *watch;
    struct watch_env *env; /* NULL: files */
    enum watch_role role;
    struct mig_task *task;
    bool ended;
};

/* One environment's answer to one question (or the directory's). */
struct watch_part {
    void *value;
    void *state;
    int64_t asked_ms; /* when value was asked for; 0: none yet */
    int64_t next_ms;  /* when to ask; INT64_MAX: not again by itself */
    uint64_t changes; /* of the environment and the files when it was asked */
    bool waiting, over;
    int failures;
    struct mig_error error;
};

struct watch_question {
    enum mig_query_kind kind;
    const struct cfg_environment *env;
    char *argument;
    struct watch_part *parts; /* one, or one an environment where the question goes to all */
    size_t part_count;
    void *merged; /* of all parts' rows */
    bool wanted;
    uint64_t touched; /* order of the last wish for it */
};

struct watch_env {
    const struct cfg_environment *env;
    struct mig_app app; /* whose open_store lends ours */
    struct mig_watch *watch;
    pthread_mutex_t store_lock; /* held while it is opened */
    struct mig_store *store;    /* under the watch's lock */
    struct watch_lane looks, asks, streams;

    /* under the watch's lock */
    struct mig_seen_env *seen;
    int64_t seen_ms, asked_ms; /* as in the snapshot */
    struct mig_error error;
    int64_t looked_ms; /* when the last look began */
    int64_t next_look_ms;
    bool looking;
    int failures;
    int64_t writable_until_ms;
    uint64_t changes;
    uint64_t fingerprint;
    struct mig_seen_progress progress;
    bool streaming; /* the server tells what changes */
    int64_t next_stream_ms;
    int stream_failures; /* since it was last open */

    /* of the thread that looks */
    struct mig_log_reader reader;
};

struct mig_watch {
    struct mig_watch_options options;
    struct mig_host *host;
    pthread_mutex_t lock;
    bool stopping, told;
    uint64_t number, wishes;
    struct watch_lane files_lane;
    struct mig_seen_files *files; /* NULL until read */
    uint64_t files_changes, files_stamp;
    int64_t files_next_ms;
    struct watch_env *envs;
    size_t env_count;
    struct watch_question **questions;
    size_t question_count, question_room;
};

/* ---- watch_lane.c ---- */

bool watch_lane_start(struct watch_lane *lane);

/* How long to wait after so many failures. */
int64_t watch_back_off(int failures);

/* The part of a question that a lane answers, or NULL. */
struct watch_part *watch_part_of(const struct watch_lane *lane, const struct watch_question *question);

/* ---- watch_look.c: the work of lanes, without the lock held ---- */

/* True: they have changed. */
bool watch_read_files(struct watch_lane *lane);
void watch_look(struct watch_lane *lane);

/* Let go of what the answer holds. */
void watch_part_done(struct watch_part *part, enum mig_query_kind kind);

/* Tell the UI; without the lock held. */
void watch_tell(struct mig_watch *watch);

/* ---- watch_stream.c ---- */

/* Open a stream of changes, and take in what it tells until it ends; blocks so long. */
void watch_stream(struct watch_lane *lane);
/* Changes are told and nobody holds the lock: with the lock held. */
bool watch_is_quiet(const struct watch_env *env);

#endif
