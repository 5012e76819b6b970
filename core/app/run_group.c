/* run_group.c - many small migrations in one transaction: steps in one bulkWrite where the server has it, then their records
 * behind the fence, then the commit. All of it happened, or none; a crash in the middle leaves nothing to clean up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/run_private.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"

#define TRANSACTION_MS 50000

/* One step of the group and which operations of the bulkWrite are its. */
struct member {
    size_t item, step;
    int first_op, op_count;
    bson_t result;
};

struct group {
    struct mig_runner *r;
    const struct mig_unit *unit;
    struct member *members;
    size_t count;
    bool *begun_here; /* by item - unit->item */
};

static void group_init(struct group *g, struct mig_runner *r, const struct mig_unit *unit)
{
    size_t steps = 0;
    *g = (struct group){ .r = r, .unit = unit };
    for (size_t i = unit->item; i < unit->end_item; i++)
        steps += r->plan->items[i].step_count;
    g->members = mig_alloc_n(steps, sizeof *g->members);
    g->begun_here = mig_alloc_n(unit->end_item - unit->item, sizeof *g->begun_here);
    for (size_t i = unit->item; i < unit->end_item; i++) {
        size_t first = i == unit->item ? unit->first_step : r->plan->items[i].first_step;
        for (size_t s = first; s < r->plan->items[i].step_count; s++) {
            g->members[g->count] = (struct member){ .item = i, .step = s };
            bson_init(&g->members[g->count++].result);
        }
    }
}

static void group_done(struct group *g)
{
    for (size_t i = 0; i < g->count; i++)
        bson_destroy(&g->members[i].result);
    free(g->members);
    free(g->begun_here);
}

static const struct mig_step *step_of(const struct group *g, const struct member *member)
{
    return g->r->plan->items[member->item].steps[member->step].step;
}

/* ---- the steps ---- */

/* Counts of one operation of the bulk go to the step it belongs to. */
static void add_counts(struct mig_verdict *sum, const bson_t *op, const char *kind)
{
    int64_t n = mig_doc_int(op, "n", 0);
    if (strcmp(kind, "insert") == 0)
        sum->inserted += n;
    else if (strcmp(kind, "delete") == 0)
        sum->deleted += n;
    else {
        int64_t upserted = mig_doc_has(op, "upserted");
        sum->matched += n - upserted;
        sum->modified += mig_doc_int(op, "nModified", 0);
        sum->upserted += upserted;
    }
}

static bool check_member(const struct group *g, struct member *m, const struct mig_verdict *sum,
                         struct mig_error *err)
{
    const struct {
        const char *name;
        int64_t count;
    } counts[] = { { "matched", sum->matched },
                   { "modified", sum->modified },
                   { "inserted", sum->inserted },
                   { "deleted", sum->deleted } };
    const bson_t *doc = step_of(g, m)->doc;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        char path[32];
        bson_iter_t expect;
        snprintf(path, sizeof path, "expect.%s", counts[i].name);
        if (mig_doc_find(doc, path, &expect) &&
            !mig_expect_check(&expect, counts[i].name, counts[i].count, err))
            return false;
        if (counts[i].count > 0)
            BSON_APPEND_INT64(&m->result, counts[i].name, counts[i].count);
    }
    return true;
}

static bool read_results(struct group *g, const bson_t *ops, const bson_t *reply, struct mig_error *err)
{
    bson_t batch;
    if (mig_doc_int(reply, "cursor.id", -1) != 0 || !mig_doc_sub(reply, "cursor.firstBatch", &batch))
        return mig_fail(err, MIG_ERR_SERVER, "the reply of bulkWrite is not whole");
    bson_iter_t each;
    bson_iter_t op;
    if (!bson_iter_init(&each, &batch) || !bson_iter_init(&op, ops))
        return mig_fail(err, MIG_ERR_SERVER, "the reply of bulkWrite is not readable");
    for (size_t i = 0; i < g->count; i++) {
        struct mig_verdict sum = { 0 };
        for (int n = 0; n < g->members[i].op_count; n++) {
            bson_t result;
            bson_t sent;
            bson_iter_t first;
            if (!bson_iter_next(&each) || !bson_iter_next(&op) || !mig_iter_sub(&each, &result) ||
                !mig_iter_sub(&op, &sent) || !bson_iter_init(&first, &sent) || !bson_iter_next(&first))
                return mig_fail(err, MIG_ERR_SERVER,
                                "the reply of bulkWrite has fewer results than operations");
            add_counts(&sum, &result, bson_iter_key(&first));
        }
        if (!check_member(g, &g->members[i], &sum, err))
            return false;
    }
    return true;
}

/* In the group's transaction; what is no refusal may be tried again from its start. */
static bool send(struct group *g, const char *db, const bson_t *command, struct mig_txn *txn,
                 unsigned *labels, struct mig_reply *ret, struct mig_error *err)
{
    struct mig_store *store = g->r->store;
    struct mig_call call = {
        .db = db, .command = command, .write = true, .txn = txn, .max_time_ms = TRANSACTION_MS
    };
    store->ops->command(store, &call, ret);
    *labels |= ret->labels;
    if (ret->outcome == MIG_OUTCOME_OK)
        return true;
    *err = ret->error;
    if (ret->outcome != MIG_OUTCOME_REFUSED)
        *labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
    return false;
}

static void append_comment(const struct group *g, bson_t *command)
{
    char comment[120];
    snprintf(comment, sizeof comment, "migtui run=%s token=%lld group", g->r->run, (long long)g->r->token);
    BSON_APPEND_UTF8(command, "comment", comment);
}

/* The first command of a transaction carries its read concern, and not every server takes one in bulkWrite (SecantusDB
 * 0.7 refuses it: 40415). So the fence is read first, which opens the snapshot; a run that was taken over ends here. */
static bool open_snapshot(struct group *g, struct mig_txn *txn, unsigned *labels, bool *ret_fenced,
                          struct mig_error *err)
{
    struct mig_runner *r = g->r;
    MIG_AUTOBSON bson_t *command = BCON_NEW(
        "find", BCON_UTF8(r->names.history), "filter", "{", "_id", BCON_UTF8(MIG_FENCE_ID), "}", "projection",
        "{", "token", BCON_INT32(1), "}", "limit", BCON_INT64(1), "singleBatch", BCON_BOOL(true));
    struct mig_reply reply;
    bool ok = send(g, NULL, command, txn, labels, &reply, err);
    if (ok && mig_doc_int(&reply.body, "cursor.firstBatch.0.token", 0) > r->token) {
        ok = mig_fail(err, MIG_ERR_FENCED, "another run took over; this one wrote nothing more");
        *ret_fenced = true;
    }
    mig_reply_done(&reply);
    return ok;
}

static bool steps_in_bulk(struct group *g, struct mig_txn *txn, unsigned *labels, bool *ret_fenced,
                          struct mig_error *err)
{
    struct mig_runner *r = g->r;
    if (!open_snapshot(g, txn, labels, ret_fenced, err))
        return false;
    bson_t ops = BSON_INITIALIZER;
    bson_t spaces = BSON_INITIALIZER;
    bson_t command = BSON_INITIALIZER;
    int op_count = 0;
    int space_count = 0;
    struct mig_reply reply;
    struct mig_verdict verdict;
    bool ok = false;
    for (size_t i = 0; i < g->count; i++) {
        struct member *m = &g->members[i];
        bson_reinit(&m->result);
        m->first_op = op_count;
        m->op_count =
            mig_step_bulk_ops(step_of(g, m), r->store->database, &ops, &op_count, &spaces, &space_count);
    }
    BSON_APPEND_INT32(&command, "bulkWrite", 1);
    BSON_APPEND_ARRAY(&command, "ops", &ops);
    BSON_APPEND_ARRAY(&command, "nsInfo", &spaces);
    BSON_APPEND_BOOL(&command, "ordered", true);
    BSON_APPEND_BOOL(&command, "errorsOnly", false);
    append_comment(g, &command);
    if (send(g, "admin", &command, txn, labels, &reply, err)) {
        mig_reply_judge("bulkWrite", &reply.body, &verdict);
        ok = verdict.ok ? read_results(g, &ops, &reply.body, err) : mig_verdict_fail(&verdict, err);
    }
    mig_reply_done(&reply);
    bson_destroy(&command);
    bson_destroy(&spaces);
    bson_destroy(&ops);
    return ok;
}

/* How many members from `first` on are inserts into one collection: these say what each did even when they are sent as one. */
static size_t inserts_in_a_row(const struct group *g, size_t first)
{
    size_t end = first;
    while (end < g->count && step_of(g, &g->members[end])->kind == MIG_STEP_INSERT &&
           strcmp(step_of(g, &g->members[end])->collection, step_of(g, &g->members[first])->collection) == 0)
        end++;
    return end - first;
}

/* Members [first, end), inserts into one collection, in one command. */
static bool insert_together(struct group *g, size_t first, size_t end, struct mig_txn *txn, unsigned *labels,
                            struct mig_error *err)
{
    bson_t command = BSON_INITIALIZER;
    bson_t all;
    uint32_t count = 0;
    struct mig_reply reply;
    struct mig_verdict verdict = { 0 };
    BSON_APPEND_UTF8(&command, "insert", step_of(g, &g->members[first])->collection);
    BSON_APPEND_ARRAY_BEGIN(&command, "documents", &all);
    for (size_t i = first; i < end; i++) {
        bson_t list;
        bson_iter_t each;
        g->members[i].op_count = 0;
        bson_reinit(&g->members[i].result);
        if (!mig_doc_sub(step_of(g, &g->members[i])->body, "documents", &list) ||
            !bson_iter_init(&each, &list))
            continue;
        for (; bson_iter_next(&each); g->members[i].op_count++) {
            char key[24];
            const char *index;
            size_t len = bson_uint32_to_string(count++, &index, key, sizeof key);
            bson_append_iter(&all, index, (int)len, &each);
        }
    }
    bson_append_array_end(&command, &all);
    BSON_APPEND_BOOL(&command, "ordered", true);
    append_comment(g, &command);
    bool ok = send(g, NULL, &command, txn, labels, &reply, err);
    if (ok) {
        mig_reply_judge("insert", &reply.body, &verdict);
        ok = verdict.ok || mig_verdict_fail(&verdict, err);
    }
    if (ok && verdict.inserted != count)
        ok = mig_fail(err, MIG_ERR_SERVER, "the server inserted %lld of %u documents",
                      (long long)verdict.inserted, count);
    for (size_t i = first; ok && i < end; i++) {
        verdict.inserted = g->members[i].op_count;
        ok = check_member(g, &g->members[i], &verdict, err);
    }
    mig_reply_done(&reply);
    bson_destroy(&command);
    return ok;
}

static bool step_by_itself(struct group *g, struct member *m, struct mig_txn *txn, unsigned *labels,
                           struct mig_error *err)
{
    bson_t none = BSON_INITIALIZER;
    struct mig_step_context ctx;
    char comment[200];
    mig_run_step_context(g->r, m->item, m->step, comment, sizeof comment, &ctx);
    ctx.txn = txn;
    ctx.labels = labels;
    ctx.in_group = true;
    ctx.max_time_ms = TRANSACTION_MS;
    bson_destroy(&m->result);
    enum mig_step_end end = mig_step_execute(&ctx, step_of(g, m), &none, &m->result, err);
    if (end == MIG_STEP_END_UNKNOWN)
        *labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
    bson_destroy(&none);
    return end == MIG_STEP_END_DONE;
}

static bool steps_in_turn(struct group *g, struct mig_txn *txn, unsigned *labels, struct mig_error *err)
{
    bool ok = true;
    for (size_t i = 0; i < g->count && ok;) {
        size_t together = inserts_in_a_row(g, i);
        if (together > 1)
            ok = insert_together(g, i, i + together, txn, labels, err);
        else
            ok = step_by_itself(g, &g->members[i], txn, labels, err);
        i += together > 1 ? together : 1;
    }
    return ok;
}

/* ---- the records ---- */

static void note_done(struct group *g, int64_t took)
{
    struct mig_runner *r = g->r;
    for (size_t i = g->unit->item; i < g->unit->end_item; i++) {
        g->begun_here[i - g->unit->item] = !r->begun[i];
        if (!r->begun[i])
            mig_record_begin(r, i);
    }
    for (size_t i = 0; i < g->count; i++)
        mig_record_step(r, g->members[i].item, g->members[i].step, MIG_PHASE_DONE, NULL,
                        &g->members[i].result, took / (int64_t)g->count);
    for (size_t i = g->unit->item; i < g->unit->end_item; i++)
        mig_record_finish(r, i);
}

static void undo(struct group *g)
{
    for (size_t i = g->unit->end_item; i-- > g->unit->item;) {
        size_t first = i == g->unit->item ? g->unit->first_step : g->r->plan->items[i].first_step;
        mig_record_undo(g->r, i, first, g->begun_here[i - g->unit->item]);
    }
}

static enum mig_unit_end attempt(struct group *g, unsigned *labels, struct mig_error *err)
{
    struct mig_runner *r = g->r;
    struct mig_txn *txn;
    struct mig_reply reply;
    bool is_fenced = false;
    int64_t began = r->host->ops->mono_ms(r->host);
    if (!mig_beat_ready(r, NULL, err))
        return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
    if (!mig_run_txn_begin(r, &txn, err)) {
        *labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
        return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_ALONE;
    }
    bool ok = r->look.server.can_bulk_write ? steps_in_bulk(g, txn, labels, &is_fenced, err)
                                            : steps_in_turn(g, txn, labels, err);
    if (!ok) {
        mig_run_txn_abort(r, txn, err);
        return is_fenced ? MIG_UNIT_FENCED : MIG_UNIT_ALONE;
    }
    note_done(g, r->host->ops->mono_ms(r->host) - began);
    if (!mig_record_in_txn(r, txn, labels, &is_fenced, err)) {
        mig_run_txn_abort(r, txn, err);
        undo(g);
        return is_fenced ? MIG_UNIT_FENCED : MIG_UNIT_ALONE;
    }
    r->store->ops->txn_commit(r->store, txn, &reply);
    enum mig_unit_end end = mig_run_settle_commit(r, txn, &reply, err);
    *labels |= reply.labels;
    mig_reply_done(&reply);
    if (end == MIG_UNIT_DONE)
        mig_record_committed(r);
    else if (end == MIG_UNIT_ALONE)
        undo(g);
    return end;
}

static void tell(struct group *g)
{
    struct mig_runner *r = g->r;
    size_t next = 0;
    mig_journal_hold(&r->journal); /* released when the group's migrations are told to be done */
    for (size_t i = g->unit->item; i < g->unit->end_item; i++) {
        if (g->begun_here[i - g->unit->item])
            mig_run_event_migration(r, "migration.started", i, 0);
        for (; next < g->count && g->members[next].item == i; next++) {
            struct member *m = &g->members[next];
            mig_run_event_step(r, "step.done", i, m->step, &m->result,
                               r->records[i].steps[m->step].duration_ms, NULL);
            r->result->steps++;
        }
    }
}

enum mig_unit_end mig_run_group(struct mig_runner *r, const struct mig_unit *unit, struct mig_error *err)
{
    struct group g;
    enum mig_unit_end end = MIG_UNIT_ALONE;
    group_init(&g, r, unit);
    mig_beat_at_step(r, r->plan->items[unit->item].migration->version, "group");
    int64_t until = r->host->ops->mono_ms(r->host) + MIG_TRANSIENT_MS;
    for (int n = 0; r->host->ops->mono_ms(r->host) < until; n++) {
        unsigned labels = 0;
        end = attempt(&g, &labels, err);
        if (end != MIG_UNIT_ALONE || !(labels & MIG_LABEL_TRANSIENT_TRANSACTION))
            break;
        if (!mig_beat_pause(r, n, err)) {
            end = err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
            break;
        }
    }
    if (end == MIG_UNIT_DONE)
        tell(&g);
    group_done(&g);
    return end;
}
