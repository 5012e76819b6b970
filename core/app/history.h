/* history.h - an environment's history on its database: read it in one round trip, write it behind a fence.
 *
 * Layout: docs/reference/on-database.md. Every write is a list of statements on <prefix>history that starts with the fence:
 * an upsert of {_id: "#fence", token: mine} that fails with E11000 once another run has raised the token, and so stops
 * everything behind it. Each record is guarded by its rev as well (optimistic concurrency).
 */
#ifndef MIG_APP_HISTORY_H
#define MIG_APP_HISTORY_H

#include "app/app.h"

#define MIG_FENCE_ID      "#fence"
#define MIG_SCHEMA_ID     "schema" /* in <prefix>meta */
#define MIG_LAYOUT        1
#define MIG_TEXT_KEPT_MAX (4 * 1024 * 1024) /* larger files keep their digests only */

/* Names of migtui's own collections on one environment. */
struct mig_names {
    char meta[80], history[80], lock[80], runs[80], log[80], backups[80], approvals[80], audit[80];
};
void mig_names_make(const char *prefix, struct mig_names *ret);

/* What a reading need not keep once more. */
struct mig_known {
    const struct mig_catalog *catalog; /* outlives the history, which borrows its texts; NULL: none */
    struct mig_past
        *past; /* as read last, with the same catalog; shared when it is found unchanged; NULL: none */
};

/* Read meta, lock, fence, open requests and all records. A database that migtui never saw gives an empty history, not an error. */
bool mig_history_load(struct mig_store *store, const struct mig_names *names, const struct mig_server *server,
                      const struct mig_known *known, struct mig_history **ret, struct mig_error *err);

/* Read the steps of the records that a plan wants them of (plan->wants_steps) into the history it was made from. */
bool mig_history_load_steps(struct mig_store *store, const struct mig_names *names,
                            struct mig_history *history, const struct mig_plan *plan, struct mig_error *err);

/* Decode what the database holds; hostile or foreign members are ignored, text is made safe for display. */
void mig_record_decode(const bson_t *doc, struct mig_record *ret);
void mig_lock_decode(const bson_t *doc, struct mig_lock *ret);

/* What is stamped with the server's clock in a record's write. */
enum { MIG_RECORD_STARTS = 1, MIG_RECORD_ENDS = 2 };

/* The statement that brings a record from record->rev to record->rev + 1: filter and update (both initialised here). text: the
 * file's text, or NULL to leave what is there. The caller raises record->rev once the write is acknowledged. */
void mig_record_statement(const struct mig_record *record, int64_t token, unsigned stamps, const char *text,
                          size_t text_len, bson_t *ret_filter, bson_t *ret_update);
void mig_fence_statement(int64_t token, const char *run, bson_t *ret_filter, bson_t *ret_update);

/* Make sure meta exists, with a new environment uuid when it does not. uuid receives the one in the database. */
bool mig_meta_ensure(struct mig_store *store, const struct mig_names *names, const char *project,
                     const char *new_uuid, char ret_uuid[static MIG_UUID_SIZE], struct mig_error *err);

/* Send a write and judge its whole reply. False: *err, with MIG_ERR_UNKNOWN_OUTCOME when no reply came. */
bool mig_write(struct mig_store *store, const bson_t *command, struct mig_error *err);
bool mig_write_call(struct mig_store *store, const struct mig_call *call, struct mig_error *err);

#endif
