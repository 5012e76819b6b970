/* plan_count.c - the filters of each step, counted. */
#include "app/plan_count.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "engine/steps.h"

#define COUNT_MS 5000

/* -1: the server did not count it in time. False: no server. */
static bool count_filter(struct mig_store *store, const char *collection, const bson_t *filter, int64_t limit,
                         int64_t *ret, struct mig_error *err)
{
    bson_t everything = BSON_INITIALIZER;
    bson_t cap = BSON_INITIALIZER;
    struct mig_reply reply;
    if (limit > 0)
        BCON_APPEND(&cap, "$limit", BCON_INT64(limit));
    else
        BCON_APPEND(&cap, "$match", "{", "}");
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("aggregate", BCON_UTF8(collection), "pipeline", "[", "{", "$match",
                 BCON_DOCUMENT(filter ? filter : &everything), "}", BCON_DOCUMENT(&cap), "{", "$group", "{",
                 "_id", BCON_NULL, "n", "{", "$sum", BCON_INT32(1), "}", "}", "}", "]", "cursor", "{", "}");
    struct mig_call call = { .command = command, .max_time_ms = COUNT_MS };
    store->ops->command(store, &call, &reply);
    *ret = reply.outcome == MIG_OUTCOME_OK ? mig_doc_int(&reply.body, "cursor.firstBatch.0.n", 0) : -1;
    bool ok = reply.outcome == MIG_OUTCOME_OK || reply.outcome == MIG_OUTCOME_REFUSED;
    if (!ok)
        *err = reply.error;
    mig_reply_done(&reply);
    bson_destroy(&cap);
    return ok;
}

static void add(int64_t *total, int64_t count)
{
    *total = *total < 0 || count < 0 ? -1 : *total + count;
}

/* The statements of an update or delete command as the server gets it. */
static bool count_statements(struct mig_store *store, const bson_t *command, const char *list, bool deletes,
                             int64_t *total, struct mig_error *err)
{
    bson_iter_t at;
    bson_iter_t each;
    const char *collection = mig_doc_str(command, deletes ? "delete" : "update", "");
    if (!mig_doc_find(command, list, &at) || !bson_iter_recurse(&at, &each))
        return true;
    while (bson_iter_next(&each)) {
        bson_t statement;
        bson_t filter;
        int64_t count;
        if (!mig_iter_sub(&each, &statement) || !mig_doc_sub(&statement, "q", &filter))
            continue;
        bool one =
            deletes ? mig_doc_int(&statement, "limit", 0) == 1 : !mig_doc_bool(&statement, "multi", false);
        if (!count_filter(store, collection, &filter, one ? 1 : 0, &count, err))
            return false;
        add(total, count);
    }
    return true;
}

static bool count_step(struct mig_store *store, const struct mig_step *step, int64_t *ret,
                       struct mig_error *err)
{
    bson_t filter;
    bson_t command;
    bool admin;
    struct mig_error ignored;
    if (!step->body)
        return true;
    if (step->kind == MIG_STEP_BATCH)
        return count_filter(store, step->collection,
                            mig_doc_sub(step->body, "filter", &filter) ? &filter : NULL, 0, ret, err);
    if (step->kind != MIG_STEP_UPDATE && step->kind != MIG_STEP_DELETE)
        return true;
    if (!mig_step_command(step, store->database, &command, &admin, &ignored))
        return true; /* a run will say what is wrong with it */
    bool deletes = step->kind == MIG_STEP_DELETE;
    *ret = 0;
    bool ok = count_statements(store, &command, deletes ? "deletes" : "updates", deletes, ret, err);
    bson_destroy(&command);
    return ok;
}

bool mig_plan_count(struct mig_store *store, struct mig_plan *plan, struct mig_error *err)
{
    for (size_t i = 0; i < plan->count; i++) {
        for (size_t k = plan->items[i].first_step; k < plan->items[i].step_count; k++) {
            if (!count_step(store, plan->items[i].steps[k].step, &plan->items[i].steps[k].estimate, err))
                return false;
        }
    }
    return true;
}
