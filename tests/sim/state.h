/* state.h - what a server holds at one moment: collections of documents, shared between moments and copied on change.
 *
 * A state that others may see never changes: fork it, change the fork. So a snapshot, a majority's view, a rollback and a
 * backup are each just an older state that somebody kept.
 */
#ifndef MIG_SIM_STATE_H
#define MIG_SIM_STATE_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_COLLECTIONS_MAX 32

struct sim_doc {
    int refs;
    uint32_t len;
    uint8_t data[];
};

/* A collection beside its documents. Indexes and those still being built are arrays of specifications. */
struct sim_meta {
    int refs;
    uint8_t uuid[16];
    bool is_view;
    bson_t options, indexes, building;
};

struct sim_coll {
    int refs;
    char name[80];
    struct sim_meta *meta;
    struct sim_doc **docs; /* by _id */
    size_t count, room;
};

struct sim_book; /* check.h: what the history of this state promises */

struct sim_state {
    int refs;
    int64_t ts;
    struct sim_coll *colls[SIM_COLLECTIONS_MAX];
    size_t count;
    struct sim_book *book;
    int64_t beat_us; /* when the lock was last taken or its lease renewed, whatever any clock said */
};

struct sim_state *sim_state_new(void);
struct sim_state *sim_state_ref(struct sim_state *state);
void sim_state_unref(struct sim_state *state); /* NULL is fine */
struct sim_state *sim_state_fork(struct sim_state *state);

/* NULL when there is none. */
const struct sim_coll *sim_state_find(const struct sim_state *state, const char *name);
/* For changing; NULL when there is none. */
struct sim_coll *sim_state_own(struct sim_state *state, const char *name);
struct sim_coll *sim_state_create(struct sim_state *state, const char *name, const uint8_t uuid[16]);
void sim_state_drop(struct sim_state *state, const char *name);

/* Of an owned collection: its meta for changing. */
struct sim_meta *sim_meta_own(struct sim_coll *coll);

/* A static view of a document. */
void sim_doc_view(const struct sim_doc *doc, bson_t *ret);
/* Place of the document with this _id; when there is none, where it would be, and false. */
bool sim_coll_find(const struct sim_coll *coll, const bson_iter_t *id, size_t *ret);
/* NULL when there is none. */
const struct sim_doc *sim_coll_get(const struct sim_coll *coll, const bson_iter_t *id);
/* Insert or replace; the document has an _id. */
void sim_coll_put(struct sim_coll *coll, const bson_t *doc);
void sim_coll_remove(struct sim_coll *coll, const bson_iter_t *id);

#endif
