/* survey.h - what a database holds: collections, views and time series with options, indexes and sizes. */
#ifndef MIG_APP_BACKUP_SURVEY_H
#define MIG_APP_BACKUP_SURVEY_H

#include "app/app.h"

/* One namespace, and what came of reading it. Owned by the survey. */
struct survey_item {
    char *name;
    char *
        data; /* the collection that is read and that blocks are named after: of a time series, its buckets' */
    char type[16]; /* collection, view, timeseries */
    char uuid[33]; /* hex; "" when the server told none */
    bson_t *options;
    bson_t *indexes; /* array as listIndexes answered; empty for a view */
    int64_t documents_estimate, bytes_estimate;
    bool capped;
    bool raw_data;     /* a time series read as its buckets under its own name (8.3 and later) */
    bool measurements; /* a time series whose server shows no buckets: what it shows is read */

    int64_t documents, bytes;
    uint64_t crc;
    bool torn; /* read without the common snapshot */
};

struct survey {
    struct survey_item *items; /* by name */
    size_t count, room;
    int64_t documents_estimate, bytes_estimate;
};

/* Look. Three round trips and two more a collection. System collections are left out, but system.js. */
bool survey_take(struct mig_store *store, const struct mig_server *server, struct survey *ret,
                 struct mig_error *err);
void survey_done(struct survey *survey);

/* Names, uuids and options only, to see what changed since; one round trip. False: something did, or it cannot be read; *err
 * names it. */
bool survey_still_holds(struct mig_store *store, const struct survey *survey, struct mig_error *err);

#endif
