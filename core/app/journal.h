/* journal.h - the event stream of one run: one flat document an event, kept on this host and in the database.
 *
 * Everything that is shown of a run (text log, JSON, attach, console) is a view of these events. Each goes to the journal file
 * <state_dir>/runs/<run>.jsonl, one JSON object a line; to the log collection, in chunks, when mig_journal_flush is called; and
 * to the listener. Only the runner's thread emits, so a listener that blocks (a terminal that was stopped) holds up the run, and never
 * the heartbeat, which flushes.
 */
#ifndef MIG_APP_JOURNAL_H
#define MIG_APP_JOURNAL_H

#include <pthread.h>

#include "app/history.h"

struct mig_journal {
    struct mig_host *host;
    char run[MIG_ULID_SIZE];
    char path[512];
    pthread_mutex_t mutex; /* of what is pending: held for moments only */
    int64_t seq;
    int64_t chunk;  /* number of the next chunk of the log collection */
    bson_t pending; /* events not yet in the database, as an array */
    uint32_t pending_count;
    bool file_failed;
    bool held; /* events wait for release to be on disk */
    mig_event_fn on_event;
    void *event_ctx;
};

void mig_journal_path(const struct mig_host *host, const char *run, char *ret, size_t size);
void mig_journal_init(struct mig_journal *journal, struct mig_host *host, const char *run,
                      mig_event_fn on_event, void *event_ctx);
void mig_journal_done(struct mig_journal *journal);

/* Emit {event, at, seq, run, …fields}; fields may be NULL and stays the caller's. A journal file that cannot be written is said once, in a
 * warning event, and the run goes on. Events that change what is known (started, done, failed, finished) are on disk
 * when this returns. */
void mig_journal_emit(struct mig_journal *journal, const char *event, const bson_t *fields);
/* Between the two, events are written but not waited for; release has them on disk, all at once. For the many events of one
 * commit: an fsync each would cost more than the commit. */
void mig_journal_hold(struct mig_journal *journal);
void mig_journal_release(struct mig_journal *journal);
/* Append the member `error` of run.finished. */
void mig_journal_append_error(bson_t *fields, const struct mig_error *error);
void mig_journal_warn(struct mig_journal *journal, const char *fmt, ...) MIG_PRINTF(2, 3);

/* Move what is pending into <prefix>log; gives up after silence_ms without an answer (0: the store's own limit). On failure it stays pending (bounded: the oldest chunk is dropped past 8 MB and
 * the next flush says so). */
bool mig_journal_flush(struct mig_journal *journal, struct mig_store *store, const struct mig_names *names,
                       int64_t silence_ms, struct mig_error *err);

#endif
