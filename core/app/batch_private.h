/* batch_private.h - the state of one batch step under way; shared by batch.c and batch_txn.c only.
 *
 * The runner's thread owns everything but ranges[].state, failed, over and error, which are under .mutex and shared with the workers.
 */
#ifndef MIG_APP_BATCH_PRIVATE_H
#define MIG_APP_BATCH_PRIVATE_H

#include "app/run_private.h"
#include "engine/batch.h"

#define MIG_RANGES_MAX 64

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
    pthread_mutex_t mutex;
    struct mig_range ranges[MIG_RANGES_MAX];
    bool failed; /* a worker gave up; error says why */
    bool over;   /* workers end */
    struct mig_error error;
    bson_t next; /* where the next range begins */
    bson_t last; /* the greatest _id of this pass */
    bson_t mark; /* everything before it is done: the checkpoint */
    bool cut_all;
    bool whole;        /* the last, closed range of this pass is done: mark is not a place to go on from */
    int64_t numbers;   /* ranges cut */
    int64_t low_water; /* ranges done without a gap */
    int64_t size;      /* of the next range */
    struct mig_batch_pace pace;
    int64_t total; /* documents in the collection, -1 unknown */
    int64_t done, done_before, matched, modified, pass;
    int64_t began_ms, told_ms, noted_ms;
};

/* Cut the next range at b->next; sets b->cut_all after the last. */
bool mig_batch_cut(struct mig_batch_run *b, struct mig_range *range, struct mig_error *err);
bool mig_batch_after(const bson_t *a, const bson_t *b);
void mig_batch_progress(struct mig_batch_run *b, bool now_please);
/* Put the checkpoint into the record (in memory; dirty). */
void mig_batch_note(struct mig_batch_run *b);
/* exactlyOnce "transaction": range, record and fence commit together. */
enum mig_unit_end mig_batch_in_txns(struct mig_batch_run *b, struct mig_error *err);

#endif
