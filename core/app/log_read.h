/* log_read.h - a run's events in order, read on from where the last reading ended: from this host's journal when there is one,
 * else from the log collection. Reads only.
 */
#ifndef MIG_APP_LOG_READ_H
#define MIG_APP_LOG_READ_H

#include "app/history.h"

struct mig_log_reader {
    struct mig_app *app;
    struct mig_names names;
    char run[MIG_ULID_SIZE];
    char path[512];
    size_t offset;                       /* into the journal: whole lines before it were fed */
    char last_chunk[MIG_ULID_SIZE + 24]; /* newest chunk seen: it may still grow */
    int64_t seq;                         /* of the last event that was fed */
    bool local;                          /* the journal is on this host */
    bool finished;                       /* run.finished was fed */
};

/* run: an id, at most MIG_ULID_SIZE - 1 characters. Looks whether its journal is here. */
void mig_log_reader_init(struct mig_log_reader *reader, struct mig_app *app, const char *run);

/* Feed what is new, at most about max_bytes of it; *ret_more (may be NULL): there is more already. store: where the log
 * collection is, not used when the journal is here. */
bool mig_log_read(struct mig_log_reader *reader, struct mig_store *store, size_t max_bytes,
                  mig_event_fn on_event, void *ctx, bool *ret_more, struct mig_error *err);

/* True when the run neither finished nor holds the lock any more. Ask before a last mig_log_read, and when that brought no
 * run.finished, call mig_log_end_unknown. False also when the server does not say. */
bool mig_log_run_is_gone(struct mig_log_reader *reader, struct mig_store *store);
/* The lock is its own, and alive. False also when the server does not say. */
bool mig_log_holds_lock(const struct mig_log_reader *reader, struct mig_store *store);
void mig_log_end_unknown(struct mig_log_reader *reader, mig_event_fn on_event, void *ctx);

#endif
