/* store_loan.c - eight calls handed on. */
#include "app/store_loan.h"

#include <stdlib.h>

#include "base/mem.h"

struct loan {
    struct mig_store base;
    struct mig_store *behind;
};

static struct mig_store *behind(struct mig_store *store)
{
    return ((struct loan *)(void *)store)->behind;
}

static void command(struct mig_store *store, const struct mig_call *call, struct mig_reply *ret)
{
    behind(store)->ops->command(behind(store), call, ret);
}

static bool query(struct mig_store *store, const struct mig_call *call, mig_document_fn each, void *context,
                  struct mig_error *err)
{
    return behind(store)->ops->query(behind(store), call, each, context, err);
}

static bool txn_begin(struct mig_store *store, struct mig_txn **ret, struct mig_error *err)
{
    return behind(store)->ops->txn_begin(behind(store), ret, err);
}

static void txn_commit(struct mig_store *store, struct mig_txn *txn, struct mig_reply *ret)
{
    behind(store)->ops->txn_commit(behind(store), txn, ret);
}

static void txn_abort(struct mig_store *store, struct mig_txn *txn)
{
    behind(store)->ops->txn_abort(behind(store), txn);
}

static const bson_t *txn_session(struct mig_store *store, struct mig_txn *txn)
{
    return behind(store)->ops->txn_session(behind(store), txn);
}

static void cancel(struct mig_store *store, bool on)
{
    behind(store)->ops->cancel(behind(store), on);
}

static int64_t round_trips(struct mig_store *store)
{
    return behind(store)->ops->round_trips(behind(store));
}

static void close_loan(struct mig_store *store)
{
    free(store);
}

static const struct mig_store_ops loan_ops = {
    .command = command,
    .query = query,
    .txn_begin = txn_begin,
    .txn_commit = txn_commit,
    .txn_abort = txn_abort,
    .txn_session = txn_session,
    .cancel = cancel,
    .round_trips = round_trips,
    .close = close_loan,
};

struct mig_store *mig_store_lend(struct mig_store *store)
{
    struct loan *loan = mig_alloc(sizeof *loan);
    loan->base = (struct mig_store){ .ops = &loan_ops, .database = store->database };
    loan->behind = store;
    return &loan->base;
}
