/* schema_print.h - fingerprints of collections, to see whether somebody else changed them since migtui's last run.
 *
 * A fingerprint is SHA-256 over what a collection is: type, options with validator and view definition, and its indexes by name. Kept in
 * <prefix>meta, document "schema". Not data: documents come and go.
 */
#ifndef MIG_APP_SCHEMA_PRINT_H
#define MIG_APP_SCHEMA_PRINT_H

#include "app/history.h"
#include "model/plan.h"

#define MIG_PRINTS_MAX \
    32 /* collections of one run that are looked at; a thousand of them would cost a thousand round trips */

/* A collection and what it is now; print "" means that it does not exist. */
struct mig_print {
    char name[256];
    char print[MIG_SHA256_HEX];
    bool was_read; /* false: beyond the limit, so nothing is known of it */
};
struct mig_prints {
    struct mig_print *items;
    size_t count, room;
};
void mig_prints_done(struct mig_prints *prints);

/* The collections that the plan's steps name, each once, without prints. */
void mig_prints_of_plan(const struct mig_plan *plan, struct mig_prints *ret);

/* The same for one migration, its way up and its way down. */
void mig_prints_of_migration(const struct mig_migration *migration, struct mig_prints *ret);

/* Fill the prints: one round trip, and one for each collection that exists (MongoDB lists indexes of one collection at a time). */
bool mig_prints_read(struct mig_store *store, struct mig_prints *prints, struct mig_error *err);

/* The print that the last run left, or NULL when none was kept. */
const char *mig_print_kept(const bson_t *schema, const char *name);

/* Keep them as of this run: one write. Collections of earlier runs stay; of what was not read nothing is kept any more. token: the run's
 * fencing token, so that a run that was taken over does not replace what a newer one kept (no error: nothing is written then); -1: no
 * run, an operator's decision. */
bool mig_prints_keep(struct mig_store *store, const struct mig_names *names, const struct mig_prints *prints,
                     const bson_t *schema, int64_t token, const char *run, struct mig_error *err);

/* From now on nothing is known of these collections (prints as mig_prints_of_… makes them, not read): somebody is about to change them, or
 * has by hand. One write where something was kept, else none. */
bool mig_prints_strike(struct mig_store *store, const struct mig_names *names,
                       const struct mig_prints *prints, const bson_t *schema, int64_t token, const char *run,
                       struct mig_error *err);

#endif
