/* query.h - what a view may ask for besides looks, and how each is fetched. Reads only.
 *
 * One row a kind. A fetch runs on a lane's thread, may block, and gives a new immutable value; the store it opens is the
 * lane's, lent. Who schedules: watch.h.
 */
#ifndef MIG_APP_QUERY_H
#define MIG_APP_QUERY_H

#include "app/snapshot.h"

struct mig_query {
    struct mig_app *app;               /* its open_store lends the lane's store */
    const struct cfg_environment *env; /* NULL: a question about files */
    struct mig_seen_files *files;      /* as last read, never NULL */
    const char *argument;
    void *previous; /* the value before, or NULL: what a log goes on from */
    void **state;   /* what a kind keeps between fetches; *state is NULL at first */
};

struct mig_query_row {
    bool of_files;    /* asked of the directory, not of an environment */
    bool merges;      /* env NULL asks all environments, and the rows of all are one list */
    int64_t again_ms; /* fetched again so long after; 0: only when something it depends on has changed */
    bool on_change;   /* fetched again when files, history or lock of its environment have changed */
    /* NULL: *err says why. *ret_over turns true when asking again can bring nothing new. */
    void *(*fetch)(struct mig_query *query, bool *ret_over, struct mig_error *err);
    void (*forget)(void *state); /* may be NULL */
};

/* Rows without fetch are kinds that this version cannot answer. */
const struct mig_query_row *mig_query_row(enum mig_query_kind kind);

/* The selection that a line of `plan`, `apply`, `rollback`, `resume`, `recover --undo` or `run apply|rollback VERSION…` means; words
 * without a command are plan's. Members of *ret borrow from *line, which is the caller's to free, also after a failure. */
struct mig_query_selection {
    struct mig_cmdline *line;
    struct mig_selection selection;
    const char **versions;
};
bool mig_query_selection_read(const char *words, struct mig_query_selection *ret, struct mig_error *err)
    MIG_MUST_CHECK;
void mig_query_selection_done(struct mig_query_selection *selection);

/* Rows of several lists as one, newest startedAt first. */
struct mig_seen_rows *mig_query_merge(struct mig_seen_rows *const *lists, size_t count);

#endif
