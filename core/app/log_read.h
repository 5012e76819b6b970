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
    bool guessed;     /* that end was not told, nor is it on record: the run may yet be heard of */
    int64_t asked_ms; /* monotonic: when the server was last asked whether the run is at work; 0: never */
    int64_t silent_ms,
        silent_seq; /* since when nothing is known of it, and the last event by then; 0: it is known */
};

/* run: an id, at most MIG_ULID_SIZE - 1 characters. Looks whether its journal is here. */
void mig_log_reader_init(struct mig_log_reader *reader, struct mig_app *app, const char *run);

/* Feed what is new, at most about max_bytes of it; *ret_more (may be NULL): there is more already. store: where the log
 * collection is, not used when the journal is here. */
bool mig_log_read(struct mig_log_reader *reader, struct mig_store *store, size_t max_bytes,
                  mig_event_fn on_event, void *ctx, bool *ret_more, struct mig_error *err);

/* Call when a reading brought nothing more: a run that died does not tell its end. Asks the server, at most once a second, whether the run is
 * at work: it holds the lock, or its record is kept alive. Held by a process that is dead or silent, it is over at once. Where neither
 * lock nor record tells of it (it is about to begin, or has ended and its last events are on their way), it is over when nothing was
 * heard of it for ten seconds. Then the log is read once more, and where it still has no end, one is fed: what the run's record says,
 * else "unknown". reader->finished tells. A server that does not answer ends nothing. False: the log could not be read. */
bool mig_log_look_for_end(struct mig_log_reader *reader, struct mig_store *store, mig_event_fn on_event,
                          void *ctx, struct mig_error *err);

/* The lock is its own, and alive. False also when the server does not say. */
bool mig_log_holds_lock(const struct mig_log_reader *reader, struct mig_store *store);

#endif
