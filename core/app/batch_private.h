/* batch_private.h - the state of one batch step under way; shared by batch.c, batch_cut.c and batch_txn.c only.
 *
 * Threads: the runner's, the cutter's, the workers'. What they share is under .mutex; next and last are the cutter's while it
 * lives; a range's other members are the cutter's while it is FREE, its worker's while it is SENT, the runner's when it is DONE.
 * The rest is the runner's. A waiting worker sleeps on &ranges, the cutter on &next, the runner on the struct itself.
 */
#ifndef MIG_APP_BATCH_PRIVATE_H
#define MIG_APP_BATCH_PRIVATE_H

#include "app/run_private.h"
#include "engine/batch.h"

#define MIG_RANGES_MAX   64
#define MIG_TXN_SIZE_MAX 1000 /* what MongoDB advises for one transaction */

enum mig_range_state { MIG_RANGE_FREE, MIG_RANGE_CUT, MIG_RANGE_SENT, MIG_RANGE_DONE };

struct mig_range {
    enum mig_range_state state;
    int64_t number;
    bson_t from, until; /* {"_id": value} */
    bool closed;
    int64_t size; /* documents it was cut for */
    int64_t took_ms;
    int64_t matched, modified;
};

struct mig_batch_run {
    struct mig_runner *r;
    size_t item, step;
    struct mig_batch batch;
    const char *collection;
    char comment[200];
    pthread_mutex_t mutex; /* the members up to expected */
    struct mig_range ranges[MIG_RANGES_MAX];
    bool failed; /* somebody gave up; error says why */
    bool over;   /* no range is begun any more */
    struct mig_error error;
    int64_t
        unheard_until; /* a command that got no answer may be at work on the server up to then, by its own limit; 0: none */
    bool cut_all;
    int64_t numbers;   /* ranges cut */
    int64_t size;      /* of the next range */
    int64_t expected;  /* documents that were there at the start, INT64_MAX while that is being asked */
    bson_t next;       /* where the next range begins; empty: at the first document */
    bson_t last;       /* where this pass ends at the latest; empty while it need not be known */
    bson_t mark;       /* everything before it is done: the checkpoint */
    bool whole;        /* the last, closed range of this pass is done: mark is not a place to go on from */
    int64_t low_water; /* ranges done without a gap */
    struct mig_batch_pace pace;
    int64_t total; /* documents in the collection, -1 unknown */
    int64_t done, done_before, matched, modified, pass;
    int64_t began_ms, told_ms, noted_ms;
    int64_t told_done; /* what it said then */
};

/* ---- batch_cut.c ---- */
/* A task: cuts ranges from b->next on until cut_all, failed or over. */
void mig_batch_cutter(void *context);
/* The next range to work on, SENT from now on; NULL while there is none. *ret_over: none will be given any more. */
struct mig_range *mig_batch_take(struct mig_batch_run *b, bool *ret_over);
void mig_batch_give_up(struct mig_batch_run *b, const struct mig_error *err);

/* ---- batch.c ---- */
/* False: *err, when somebody gave up. *ret_all: every range there is was cut and is done. */
bool mig_batch_goes_on(struct mig_batch_run *b, bool *ret_all, struct mig_error *err);
void mig_batch_progress(struct mig_batch_run *b, bool now_please);
/* Put the checkpoint into the record (in memory; dirty). */
void mig_batch_note(struct mig_batch_run *b);

/* ---- batch_txn.c ---- */
/* exactlyOnce "transaction": range, record and fence commit together. */
enum mig_unit_end mig_batch_in_txns(struct mig_batch_run *b, struct mig_error *err);

#endif
