/* model.h - the model server: takes requests, runs them as operations in simulated time, answers.
 *
 * A replica set seen through its primary: what was written is a list of versions of which the first is what a majority
 * has; a failover goes back to one of them. Operations can be seen, killed, held up, and outlive their clients. Sessions remember
 * retryable writes and committed transactions. A command, option or operator that the model does not know fails the run.
 */
#ifndef MIG_SIM_MODEL_H
#define MIG_SIM_MODEL_H

#include "sim/sim.h"
#include "sim/state.h"

/* What kind of server it is. */
struct sim_profile {
    const char *name, *version;
    int major, minor, wire;
    bool standalone; /* no majority, no sessions, no transactions */
    bool mute_ops;   /* currentOp shows connections' names and no commands, as SecantusDB's */
};

/* One message to the server. */
struct sim_request {
    uint64_t id;
    bson_t command;
    char app[64]; /* the connection's name */
    uint64_t process;
    uint64_t lsid;      /* 0: none */
    int64_t txn_number; /* of a transaction or a retryable write */
    bool in_txn, start_txn, retryable;
    bool read_majority, write_majority;
    int64_t after_ts; /* reads see at least this */
};

enum sim_op_state { SIM_OP_NEW, SIM_OP_WAITS_READ, SIM_OP_WAITS_MAJORITY };

/* A request under way on the server. */
struct sim_op {
    struct sim_op *next;
    uint64_t id;
    struct sim_request request;
    enum sim_op_state state;
    unsigned turn; /* an event made for an earlier turn is void */
    bool killed;
    int64_t began_us, deadline_us, wait_until_us, wait_ts;
    /* a write of many statements or documents under way */
    size_t statement;
    bson_t passed; /* {_id} of the last document that the statement changed */
    int64_t n, modified, inserted, deleted, matched, upserts;
    bson_t errors, upserted, results;
    uint32_t error_count, result_count;
    bool wrote;
    bson_t reply;
};

/* What a transaction has written or looked at, to find conflicts. */
struct sim_touch {
    char coll[80];
    bson_t *id; /* {_id} */
};

struct sim_open_txn {
    struct sim_open_txn *next;
    uint64_t lsid, process;
    int64_t number;
    struct sim_state *snapshot, *work;
    struct sim_touch *touched;
    size_t count, room;
    int64_t began_us;
};

/* Done once: a statement of a retryable write, or a commit (statement -1). */
struct sim_done {
    uint64_t lsid;
    int64_t number, statement, ts;
    int64_t n, modified;
    bson_t *value; /* of a findAndModify, or what was upserted; NULL */
};

typedef void (*sim_reply_fn)(struct sim *sim, void *context, const struct sim_request *request,
                             const bson_t *reply); /* NULL: the connection broke */

struct sim_model {
    struct sim *sim;
    const struct sim_profile *profile;
    const char *database;
    bool up;
    int64_t clock_skew_us;
    struct sim_state **versions; /* [0] is what a majority has, the last what the primary has */
    size_t version_count, version_room;
    int64_t ts;
    int64_t lag_until_us;
    struct sim_op *ops;
    uint64_t op_ids;
    struct sim_open_txn *txns;
    struct sim_done *done;
    size_t done_count, done_room;
    uint64_t uuids;
    sim_reply_fn reply;
    void *reply_context;
    void (*changed)(void *context, struct sim_state *before, struct sim_state *after,
                    const struct sim_op *op); /* before `after` is seen by anyone */
    void *changed_context;
    void (*kill)(void *context, uint64_t process,
                 int64_t after_us); /* the sender dies in a while; of reply_context */
    void (*executing)(void *context, const struct sim_op *op, const char *collection);
};

void sim_model_init(struct sim_model *model, struct sim *sim, const struct sim_profile *profile);
void sim_model_done(struct sim_model *model);

/* The request arrives now; the model takes it. */
void sim_model_receive(struct sim_model *model, struct sim_request *request);

struct sim_state *sim_model_last(const struct sim_model *model);
struct sim_state *sim_model_majority(const struct sim_model *model);
int64_t sim_model_now_ms(const struct sim_model *model);
/* Let the troubles of the server itself come in time: lags, failovers, jumps of its clock. */
void sim_model_live(struct sim_model *model);
/* An operator puts back an old state of everything, and a majority has it at once. Takes the state. */
void sim_model_restore(struct sim_model *model, struct sim_state *state);
/* Nothing at work, nothing open, and a majority has everything. */
bool sim_model_quiet(const struct sim_model *model);

/* Run one command on a state, at once, with nothing going wrong: what it would come to. Takes the state and returns the new one. The
 * model is one of its own, that nobody else uses. */
struct sim_state *sim_model_apply(struct sim_model *model, struct sim_state *state, const bson_t *command);

/* ---- for the files of the model ---- */

enum sim_run { SIM_RUN_REPLY, SIM_RUN_AGAIN };

/* A version to change, and the change made seen. Without a transaction only. */
struct sim_state *sim_model_begin(struct sim_model *model);
void sim_model_commit(struct sim_model *model, struct sim_state *state, const struct sim_op *op);
/* What the operation reads: its transaction's state, a majority's, or the last. */
struct sim_state *sim_model_view(struct sim_model *model, const struct sim_op *op);
struct sim_open_txn *sim_model_txn(struct sim_model *model, const struct sim_op *op);
void sim_model_abort(struct sim_model *model, struct sim_open_txn *txn);
/* Has an open transaction (other than mine) written to the document, or, without one, to the collection? */
bool sim_model_held(const struct sim_model *model, const struct sim_open_txn *mine, const char *coll,
                    const bson_iter_t *id);
const struct sim_done *sim_model_done_before(const struct sim_model *model, const struct sim_op *op,
                                             int64_t statement);
/* The transaction that the request belongs to is open, by it or before. False: there is none. */
bool sim_txn_open(struct sim_model *model, struct sim_op *op);
enum sim_run sim_run_txn_end(struct sim_model *model, struct sim_op *op);
void sim_done_free(struct sim_done *done);
void sim_model_remember(struct sim_model *model, const struct sim_op *op, int64_t statement, int64_t n,
                        int64_t modified, const bson_t *value);
/* The reply: ok 0 with the server's code. Labels follow from the code and the transaction, which is aborted. */
enum sim_run sim_op_refuse(struct sim_model *model, struct sim_op *op, int code, const char *name,
                           const char *text);
void sim_op_again(struct sim_model *model, struct sim_op *op, int64_t after_us);
const char *sim_op_verb(const struct sim_op *op);
const char *sim_op_target(const struct sim_op *op); /* the collection named by the verb; "" */

enum sim_run sim_run_write(struct sim_model *model,
                           struct sim_op *op); /* insert, update, delete, bulkWrite */
enum sim_run sim_run_modify(struct sim_model *model, struct sim_op *op); /* findAndModify */
enum sim_run sim_run_read(struct sim_model *model, struct sim_op *op);   /* find, aggregate, count, list… */
enum sim_run sim_run_schema(struct sim_model *model, struct sim_op *op); /* create … collMod */
/* Index builds of this operation, or of all when NULL, are given up. */
void sim_schema_give_up(struct sim_model *model, const struct sim_op *op);
enum sim_run sim_run_admin(struct sim_model *model, struct sim_op *op); /* hello … killSessions */

#endif
