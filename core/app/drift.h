/* drift.h - schema drift: what somebody else changed in the collections that runs of migtui have touched.
 *
 * A run leaves a fingerprint of each collection it touched (app/schema_print.h); here each is held against what the collection is now.
 * Not data, and not collections that no run has touched: of those nothing is known.
 */
#ifndef MIG_APP_DRIFT_H
#define MIG_APP_DRIFT_H

#include "app/app.h"

/* enum, word */
#define MIG_DRIFT_TABLE(X) \
    X(MIG_DRIFT_SAME, "same") \
    X(MIG_DRIFT_CHANGED, "changed")   /* options, validator, view or indexes */ \
    X(MIG_DRIFT_REMOVED, "removed")   /* it was there after the run */ \
    X(MIG_DRIFT_APPEARED, "appeared") /* it was not */ \
    X(MIG_DRIFT_UNREAD, "unread")     /* beyond the limit: nothing is known of it */

enum mig_drift {
#define X(drift, word) drift,
    MIG_DRIFT_TABLE(X)
#undef X
        MIG_DRIFTS
};
const char *mig_drift_word(enum mig_drift drift);
/* MIG_DRIFT_UNREAD for a word that is none. */
enum mig_drift mig_drift_of(const char *word);
/* Somebody else did something: it is neither the same nor unread. */
bool mig_drift_is(enum mig_drift drift);

/* Feed each collection with a fingerprint, those of the newest run first: {environment, collection, state, run}, texts safe for display;
 * run is the one that left the fingerprint, or "accepted". At most limit of them are read, the others come as unread. False: *err says why.
 * Round trips: one for the fingerprints, one for each 32 collections, one for each collection that exists. Reads only. */
bool mig_drift_list(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                    bool (*each)(const bson_t *row, void *ctx), void *ctx, struct mig_error *err);

#endif
