/* check.h - the invariants, looked at whenever the server's data changes.
 *
 * Each state of the database carries a book: what its history promises that the data must be. Whenever history stands at an exact place
 * (nothing half done, or a step's first intent just written) the data must be that, document by document. In between only the step
 * whose intent is on record may change data. As books go with states, they go back with a failover, as they must.
 */
#ifndef MIG_SIM_CHECK_H
#define MIG_SIM_CHECK_H

#include "model/history.h"
#include "sim/model.h"
#include "sim/program.h"

struct sim_book {
    int refs;
    struct sim_state *expected; /* the data, when history stands at an exact place */
    struct sim_state *base;     /* before the half-done migration, when there is one */
    bool half;                  /* a migration is half done … */
    bool open;                  /* … and a step of it may be changing data */
    bool torn;                  /* several are half done: only counters are looked at */
    char version[32], step[64];
    enum mig_direction direction;
    size_t done;              /* its steps that are done */
    bool undo;                /* … and on its way back to base, from wherever it stood */
    bson_t *way_back;         /* the inverse steps that its record keeps, or NULL */
    struct sim_state *before; /* before the last migration that was applied, while nothing else has changed */
    char before_version[32];
};
struct sim_book *sim_book_ref(struct sim_book *book);
void sim_book_unref(struct sim_book *book); /* NULL is fine */

#define SIM_PLANS_MAX 8

struct sim_check {
    struct {
        char id[MIG_SHA256_HEX], head[MIG_SHA256_HEX];
    } plans[SIM_PLANS_MAX]; /* saved ones, and the history each was made for */
    size_t plan_count;
    struct sim *sim;
    const struct sim_program *program;
    struct sim_model *model;
    bool (*alive)(void *context, const char *host, int64_t pid);  /* is that process? */
    bool (*was_alive)(void *context, uint64_t id, int64_t at_us); /* then or later */
    int64_t taken_us;                                             /* when the lock last changed hands */
    bool guarded;                                                 /* no run without an approval */
    void *alive_context;
    struct sim twin_sim; /* of the model that knows no troubles */
    struct sim_model twin;
};

void sim_check_init(struct sim_check *check, struct sim *sim, const struct sim_program *program,
                    struct sim_model *model);
void sim_check_done(struct sim_check *check);

/* A book for data that no migration has touched. */
struct sim_book *sim_check_first(struct sim_state *data);

/* Hooks of the model. */
void sim_check_changed(void *context, struct sim_state *before, struct sim_state *after,
                       const struct sim_op *op);
void sim_check_executing(void *context, const struct sim_op *op, const char *collection);

/* Every file is applied, and the data is what all of them make of it. Says why not. */
bool sim_check_finished(struct sim_check *check, char *why, size_t size);
/* A record's state in a state of the database; -1: none. */
int sim_check_state_of(const struct sim_state *state, const char *version);

/* What the data would be with the half-done migration wholly applied, or not at all. A new reference. */
struct sim_state *sim_check_target(struct sim_check *check, const struct sim_book *book, bool applied);

#endif
