/* migration.h - a migration as its file says it: plain data, immutable once the catalog is built. */
#ifndef MIG_MODEL_MIGRATION_H
#define MIG_MODEL_MIGRATION_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

/* enum, name in files, fits a transaction, one line of doc */
#define MIG_STEP_TABLE(X) \
    X(MIG_STEP_CREATE_COLLECTION, "createCollection", false, "make a collection with its options") \
    X(MIG_STEP_CREATE_VIEW, "createView", false, "make a view on a collection") \
    X(MIG_STEP_COLL_MOD, "collMod", false, \
      "change options of a collection, its validator or an index's TTL") \
    X(MIG_STEP_RENAME_COLLECTION, "renameCollection", false, "rename a collection within the database") \
    X(MIG_STEP_DROP_COLLECTION, "dropCollection", false, "drop a collection or view") \
    X(MIG_STEP_CREATE_INDEXES, "createIndexes", false, "build indexes on one collection") \
    X(MIG_STEP_DROP_INDEXES, "dropIndexes", false, "drop an index by name") \
    X(MIG_STEP_HIDE_INDEX, "hideIndex", false, "hide an index from the planner, or show it again") \
    X(MIG_STEP_INSERT, "insert", true, "insert documents that carry their _id") \
    X(MIG_STEP_UPDATE, "update", true, "update documents in one statement or several") \
    X(MIG_STEP_DELETE, "delete", true, "delete documents in one statement or several") \
    X(MIG_STEP_BATCH, "batch", false, "update or delete many documents, range by range") \
    X(MIG_STEP_MERGE, "merge", false, "write an aggregation into a collection with $merge") \
    X(MIG_STEP_OUT, "out", false, "replace a collection by an aggregation with $out") \
    X(MIG_STEP_TRANSACTION, "transaction", true, \
      "inserts, updates and deletes that happen together or not at all") \
    X(MIG_STEP_ASSERT, "assert", true, "stop unless a count is as expected") \
    X(MIG_STEP_COMMAND, "command", false, "any other command of the server") \
    X(MIG_STEP_EXEC, "exec", false, "run a program on this host under the lock") \
    X(MIG_STEP_MANUAL, "manual", false, "wait for a person to confirm that something was done")

enum mig_step_kind {
#define X(kind, name, txn, text) kind,
    MIG_STEP_TABLE(X)
#undef X
        MIG_STEP_KINDS
};

const char *mig_step_kind_name(enum mig_step_kind kind);
const char *mig_step_kind_doc(enum mig_step_kind kind);
bool mig_step_kind_transactional(enum mig_step_kind kind);
/* True when a step of the kind may name collections beside .collection, in its body. */
bool mig_step_kind_names_others(enum mig_step_kind kind);
/* -1 when there is no such kind. */
int mig_step_kind_find(const char *name);

struct mig_step {
    char *id;
    enum mig_step_kind kind;
    int line;         /* where it begins in its file; 0 when unknown */
    char *collection; /* what it works on, NULL when it names none */
    bson_t *doc;      /* the whole step: {id, <kind>: {…}, expect?, verify?, allow?, ifExists?, …} */
    bson_t *body;     /* the value of the kind's member, as a document (an array for transaction) */
    struct mig_step *inner; /* the statements of a transaction */
    size_t inner_count;
};

struct mig_migration {
    char *version; /* digits */
    char *slug;
    char *title;
    char *file;      /* file name within the migrations directory */
    char *down_file; /* golang-migrate pairs: the other half; else NULL */
    char raw[MIG_SHA256_HEX];
    char sem[MIG_SHA256_HEX];
    char *
        text; /* the file as read, NUL-terminated, for history and diff; NULL when the catalog was read without texts */
    size_t text_len;
    char **depends; /* versions */
    size_t depends_count;
    char *requires_server;   /* ">=4.4" or NULL */
    char *requires_topology; /* "replicaset", "sharded", "standalone" or NULL */
    struct mig_step *up;
    size_t up_count;
    struct mig_step *down;
    size_t down_count;
    bool has_down;
    char *irreversible; /* the reason when down says so, else NULL */
    void *block;        /* when packed: one allocation that holds all of the above but the text; else NULL */
};

/* All migrations of a directory in their total order (mig_version_compare). */
struct mig_catalog {
    struct mig_migration *items;
    size_t count;
    size_t room;
    char *dir;
    char *sum_problem; /* migtui.sum disagrees: what and where; NULL when it agrees or there is none */
};

void mig_step_done(struct mig_step *step);
void mig_steps_free(struct mig_step *steps, size_t count); /* each, and the array; NULL is nothing */
void mig_migration_done(struct mig_migration *migration);

/* Drop doc, body and inner of each step, and move what is left into one allocation: for catalogs of thousands that are
 * looked at and not run. */
void mig_migration_pack(struct mig_migration *migration);
void mig_catalog_free(struct mig_catalog *catalog);

/* NULL when the catalog has no such version. Binary search. */
const struct mig_migration *mig_catalog_find(const struct mig_catalog *catalog, const char *version);

#endif
