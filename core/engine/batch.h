/* batch.h - how a batch is cut into ranges and how large the next one is. Pure.
 *
 * Ranges are half-open intervals of _id: [from, until), the last one closed at the greatest _id that was there at the start.
 * The size follows a target time (additive increase, multiplicative decrease, as in TCP congestion control; gh-ost and
 * pt-online-schema-change do the same with chunk time).
 */
#ifndef MIG_ENGINE_BATCH_H
#define MIG_ENGINE_BATCH_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/migration.h"
#include "model/server.h"

#define MIG_BATCH_SIZE_MIN 16
#define MIG_BATCH_SIZE_MAX 100000

enum mig_batch_once { MIG_BATCH_MARKER, MIG_BATCH_TRANSACTION, MIG_BATCH_IDEMPOTENT };

/* What a batch step's body says, with defaults. filter and update are copies; free with mig_batch_done, also after mig_batch_read failed. */
struct mig_batch {
    bson_t filter;
    bson_t update; /* empty for a delete */
    bool update_is_pipeline;
    bool is_delete;
    int64_t size;
    int workers; /* 1 when exactlyOnce is transaction */
    int64_t target_ms;
    enum mig_batch_once once;
};
bool mig_batch_read(const struct mig_step *step, int64_t default_target_ms, struct mig_batch *ret,
                    struct mig_error *err);
void mig_batch_done(struct mig_batch *batch);

/* What is remembered between ranges; zeroed at the start. */
struct mig_batch_pace {
    int64_t size;  /* of the range before the last */
    double rate;   /* documents a millisecond it made */
    bool climbing; /* growing although too slow, because it pays */
    bool settled;  /* neither growing nor shrinking helps */
};

/* The size of the next range after one of `size` documents took took_ms. Smaller when it took too long, unless a range costs much
 * however small it is (no index on _id's order, a slow network): shrinking then makes everything slower, so it
 * grows as long as that pays, up to twenty times the target. */
int64_t mig_batch_next_size(struct mig_batch_pace *pace, int64_t size, int64_t took_ms, int64_t target_ms);

/* The filter of one range: the batch's filter and from <= _id < until (<= when closed). from and until are documents
 * {"_id": value}. Values of different BSON types are compared by $expr, because a plain comparison sees one
 * type only. *ret_plain: the range can be hinted to the _id index. Initialises *ret. */
void mig_batch_range_filter(const bson_t *filter, const bson_t *from, const bson_t *until, bool closed,
                            bson_t *ret, bool *ret_plain);

/* The update or delete command of a range. Servers before 4.4 take neither a comment nor a delete's hint. Initialises *ret. */
void mig_batch_command(const struct mig_batch *batch, const struct mig_server *server, const char *collection,
                       const bson_t *from, const bson_t *until, bool closed, const char *comment,
                       bson_t *ret);

#endif
