/* step_kinds.h - what the files of step execution share; nobody else includes it.
 *
 * step_run.c has the table of kinds; step_send.c sends and reads outcomes; step_look.c looks at collections,
 * indexes and running operations; step_schema.c, step_index.c, step_insert.c, step_data.c and step_other.c
 * are the kinds.
 */
#ifndef MIG_APP_STEP_KINDS_H
#define MIG_APP_STEP_KINDS_H

#include "app/step_run.h"
#include "base/cleanup.h"

/* There most commands take no comment, and an index under construction is listed as if it were ready. */
static inline bool step_before_4_4(const struct mig_server *server)
{
    return server->major < 4 || (server->major == 4 && server->minor < 4);
}

/* One step in hand. execute fills total, same and result; a probe fills evidence. */
struct step_work {
    const struct mig_step_context *ctx;
    const struct mig_step *step;
    const bson_t *pre;
    struct mig_verdict total; /* counts of everything sent so far */
    int64_t same;             /* documents of an insert that were there already, as asked */
    bson_t *result;           /* what a kind has to say beside counts */
    char *evidence;
    size_t evidence_size;
    struct mig_error *err;
};

/* After a server said done: is its word taken, looked after, or held against what is there? */
enum step_confirm {
    STEP_CONFIRM_NONE, /* nothing to see, or seen by the reply */
    STEP_CONFIRM_NOTE, /* options are compared; a server's own idea of one must not fail a step */
    STEP_CONFIRM_MUST, /* there or not there: no two opinions */
};

struct step_kind {
    bool (*prestate)(struct step_work *work, bson_t *ret); /* NULL: nothing to remember */
    enum mig_step_end (*execute)(struct step_work *work);
    enum mig_probe (*probe)(struct step_work *work);
    bool lingers; /* its command may go on running when its reply is lost; a probe asks for that first */
    enum step_confirm confirm;
};

/* What an error ends a step with: FAILED with *err filled in. */
enum mig_step_end step_failed(struct step_work *work, const char *fmt, ...) MIG_PRINTF(2, 3);
/* Set the evidence and return the probe. */
enum mig_probe step_seen(struct step_work *work, enum mig_probe probe, const char *fmt, ...) MIG_PRINTF(3, 4);
/* The look itself failed, as *err says. */
enum mig_probe step_blind(struct step_work *work);

/* ---- step_send.c ---- */

enum {
    STEP_ADMIN = 1,      /* to the admin database */
    STEP_READ = 2,       /* changes nothing */
    STEP_LONG = 4,       /* no socket timeout, no maxTimeMS */
    STEP_NO_CONCERN = 8, /* takes neither read nor write concern */
};

struct step_sent {
    enum mig_step_end end;
    struct mig_verdict verdict; /* all zero when no reply came */
    bson_t body;                /* the reply, empty when none came */
};

static inline void step_sent_done(struct step_sent *sent)
{
    bson_destroy(&sent->body);
}

#define STEP_AUTOSENT MIG_CLEANUP(step_sent_done)

/* Send with our comment and judge the reply. *ret is initialised always; *err is set unless the end is
 * DONE. */
enum mig_step_end step_send(const struct mig_step_context *ctx, const bson_t *command, unsigned flags,
                            struct step_sent *ret, struct mig_error *err);

/* The step's own command; flags beside those that follow from the step. Counts go into work->total. */
enum mig_step_end step_send_own(struct step_work *work, unsigned flags, struct step_sent *ret);

/* Documents that match, counted up to limit; filter may be NULL. flags: STEP_LONG, or 0 for as long as a
 * short call may take. */
enum mig_step_end step_count(const struct mig_step_context *ctx, const char *collection, const bson_t *filter,
                             int64_t limit, unsigned flags, int64_t *ret, struct mig_error *err);

/* {collection, filter, count}: DONE when it holds; FAILED with MIG_ERR_STEP when not, or with the server's
 * words. what: "verify" or "assert". */
enum mig_step_end step_check(const struct mig_step_context *ctx, const bson_t *check, const char *what,
                             struct mig_error *err);

/* ---- step_look.c ---- */

/* listCollections' document of that name into *ret, which is initialised always and empty when there is
 * none. */
bool step_look_collection(const struct mig_step_context *ctx, const char *name, bson_t *ret,
                          struct mig_error *err);

/* The specs of a collection's indexes as an array, and those that are still being built; both initialised
 * always. */
bool step_look_indexes(const struct mig_step_context *ctx, const char *collection, bson_t *ret_ready,
                       bson_t *ret_building, struct mig_error *err);

/* An operation at work on the server. */
struct step_operation {
    int64_t done, total; /* 0 when the server does not say */
    int64_t seconds;
    char what[128];
};

/* Is this step's own command still running, or, with collection, an index build on it by anyone? 1: yes; 0: no, or the server
 * does not tell; -1: it could not be asked, and *work->err says why. */
int step_look_running(struct step_work *work, const char *collection, struct step_operation *ret);

/* ---- step_run.c ---- */

/* Any step, also one within a transaction: execute, expect, verify. */
enum mig_step_end step_carry_out(struct step_work *work);

/* The probe of what cannot be seen in the database by itself: DONE when `verify` holds; else NOT_DONE when
 * running it again does no harm; else UNCLEAR. repeatable: see there. */
enum mig_probe step_probe_by_verify(struct step_work *work, bool repeatable);

/* ---- the kinds ---- */

extern const struct step_kind step_kind_create, step_kind_coll_mod, step_kind_rename,
    step_kind_drop; /* step_schema.c */
extern const struct step_kind step_kind_create_indexes, step_kind_drop_indexes,
    step_kind_hide_index;                       /* step_index.c */
extern const struct step_kind step_kind_insert; /* step_insert.c */
extern const struct step_kind step_kind_write, step_kind_merge, step_kind_out,
    step_kind_command;                                                 /* step_data.c */
extern const struct step_kind step_kind_transaction, step_kind_assert; /* step_data.c */
extern const struct step_kind step_kind_exec, step_kind_manual;        /* step_other.c */

#endif
