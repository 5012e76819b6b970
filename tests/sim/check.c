/* check.c - the books, and what must hold at every change. */
#include "sim/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/history.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"
#include "engine/head.h"
#include "engine/steps.h"
#include "engine/undo.h"
#include "sim/approved.h"
#include "sim/compare.h"

#define HISTORY "migtui_history"

/* How long a holder may send after its last beat: two thirds of a lease of 30 s. */
#define SILENCE_US INT64_C(20000000)

/* ---- books ---- */

struct sim_book *sim_book_ref(struct sim_book *book)
{
    if (book)
        book->refs++;
    return book;
}

static void keep_way_back(struct sim_book *book, const bson_t *list)
{
    if (book->way_back)
        bson_destroy(book->way_back);
    book->way_back = list ? bson_copy(list) : NULL;
}

void sim_book_unref(struct sim_book *book)
{
    if (!book || --book->refs > 0)
        return;
    sim_state_unref(book->expected);
    sim_state_unref(book->base);
    sim_state_unref(book->before);
    keep_way_back(book, NULL);
    free(book);
}

struct sim_book *sim_check_first(struct sim_state *data)
{
    struct sim_book *book = mig_alloc(sizeof *book);
    book->refs = 1;
    book->expected = sim_state_ref(data);
    return book;
}

static struct sim_book *book_copy(const struct sim_book *old)
{
    struct sim_book *book = mig_alloc(sizeof *book);
    *book = *old;
    book->refs = 1;
    sim_state_ref(book->expected);
    if (book->base)
        sim_state_ref(book->base);
    if (book->before)
        sim_state_ref(book->before);
    if (book->way_back)
        book->way_back = bson_copy(book->way_back);
    return book;
}

/* ---- the twin: what a step comes to when nothing goes wrong ---- */

static struct sim_state *apply_command(struct sim_check *check, struct sim_state *state,
                                       const bson_t *command)
{
    return sim_model_apply(&check->twin, state, command);
}

static struct sim_state *apply_batch(struct sim_check *check, struct sim_state *state,
                                     const struct mig_step *step)
{
    bson_t filter;
    bson_iter_t update;
    bool deletes = bson_has_field(step->body, "delete");
    mig_doc_sub(step->body, "filter", &filter);
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    bson_t list, row;
    BSON_APPEND_UTF8(&command, deletes ? "delete" : "update", step->collection);
    BSON_APPEND_ARRAY_BEGIN(&command, deletes ? "deletes" : "updates", &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &row);
    BSON_APPEND_DOCUMENT(&row, "q", &filter);
    if (deletes)
        BSON_APPEND_INT32(&row, "limit", 0);
    else if (bson_iter_init_find(&update, step->body, "update"))
        bson_append_iter(&row, "u", -1, &update);
    BSON_APPEND_BOOL(&row, "multi", true);
    bson_append_document_end(&list, &row);
    bson_append_array_end(&command, &list);
    return apply_command(check, state, &command);
}

/* Takes the state and returns another. */
static struct sim_state *apply_step(struct sim_check *check, struct sim_state *state,
                                    const struct mig_step *step)
{
    bson_t command;
    bool admin;
    struct mig_error err;
    for (size_t i = 0; i < step->inner_count; i++)
        state = apply_step(check, state, &step->inner[i]);
    if (step->kind == MIG_STEP_TRANSACTION || step->kind == MIG_STEP_ASSERT)
        return state;
    if (step->kind == MIG_STEP_BATCH)
        return apply_batch(check, state, step);
    if (!mig_step_command(step, "shop", &command, &admin, &err)) {
        sim_fail(check->sim, "no command for a step: %s", err.message);
        return state;
    }
    state = apply_command(check, state, &command);
    bson_destroy(&command);
    return state;
}

static const struct mig_step *steps_of(struct sim_check *check, const char *version,
                                       enum mig_direction direction, size_t *ret_count)
{
    const struct mig_migration *migration = mig_catalog_find(check->program->catalog, version);
    *ret_count = !migration ? 0 : direction == MIG_UP ? migration->up_count : migration->down_count;
    return !migration ? NULL : direction == MIG_UP ? migration->up : migration->down;
}

/* Steps [from, end) of a migration on the state, which is taken. */
static struct sim_state *apply_steps(struct sim_check *check, struct sim_state *state, const char *version,
                                     enum mig_direction direction, size_t from, size_t end)
{
    size_t count;
    const struct mig_step *steps = steps_of(check, version, direction, &count);
    for (size_t i = from; i < end && i < count; i++)
        state = apply_step(check, state, &steps[i]);
    return state;
}

/* The same with inverse steps as a record keeps them. */
static struct sim_state *apply_list(struct sim_check *check, struct sim_state *state, const bson_t *list,
                                    size_t from, size_t end)
{
    struct mig_step *steps;
    size_t count;
    struct mig_error err;
    if (!mig_undo_read(list, &steps, &count, &err)) {
        sim_fail(check->sim, "the way back that a record keeps cannot be read: %s", err.message);
        return state;
    }
    for (size_t i = from; i < end && i < count; i++)
        state = apply_step(check, state, &steps[i]);
    mig_steps_free(steps, count);
    return state;
}

struct sim_state *sim_check_target(struct sim_check *check, const struct sim_book *book, bool applied)
{
    struct sim_state *base = sim_state_ref(book->half ? book->base : book->expected);
    if (book->half && book->undo)
        return applied ? apply_steps(check, base, book->version, MIG_UP, 0, SIZE_MAX) : base;
    if (!book->half || applied == (book->direction == MIG_DOWN))
        return base;
    if (book->direction == MIG_DOWN && book->way_back)
        return apply_list(check, base, book->way_back, 0, SIZE_MAX);
    return apply_steps(check, base, book->version, book->direction, 0, SIZE_MAX);
}

/* ---- records ---- */

static size_t done_steps(const struct mig_record *record)
{
    size_t done = 0;
    while (done < record->step_count && record->steps[done].phase == MIG_PHASE_DONE)
        done++;
    return done;
}

static void set_expected(struct sim_book *book, struct sim_state *take)
{
    sim_state_unref(book->expected);
    book->expected = take;
}

static void close_book(struct sim_book *book)
{
    sim_state_unref(book->base);
    book->base = NULL;
    book->half = book->open = book->undo = false;
    keep_way_back(book, NULL);
    book->step[0] = '\0';
}

/* Steps [from, end) of the direction, written or kept by the record. */
static struct sim_state *go_on(struct sim_check *check, const struct sim_book *book,
                               const struct mig_record *record, enum mig_direction direction, size_t from,
                               size_t end)
{
    struct sim_state *state = sim_state_ref(book->expected);
    if (direction == MIG_DOWN && record->inverse)
        return apply_list(check, state, record->inverse, from, end);
    return apply_steps(check, state, record->version, direction, from, end);
}

/* What the inverses of the last migration leave must be what was there before it. */
static void check_restored(struct sim_check *check, const struct sim_book *book,
                           const struct mig_record *record)
{
    char why[600];
    if (record->inverse && book->before && strcmp(book->before_version, record->version) == 0 &&
        !sim_data_same(book->expected, book->before, why, sizeof why))
        sim_fail(check->sim,
                 "I8: %s was taken back by its inverses, and the data is not what it was before: %s",
                 record->version, why);
}

static void note_before(struct sim_book *book, const struct mig_record *record, struct sim_state *take)
{
    sim_state_unref(book->before);
    book->before = record->state == MIG_RECORD_APPLIED && !record->marked ? take : NULL;
    if (!book->before)
        sim_state_unref(take);
    snprintf(book->before_version, sizeof book->before_version, "%s", record->version);
}

/* The record is final: all steps of its direction are promised. */
static void finish_book(struct sim_check *check, struct sim_book *book, const struct mig_record *record,
                        const struct mig_record *old)
{
    enum mig_direction direction = record->state == MIG_RECORD_APPLIED ? MIG_UP : MIG_DOWN;
    bool ours = book->half && strcmp(book->version, record->version) == 0;
    bool undone = ours && direction == MIG_DOWN && (book->undo || book->direction == MIG_UP);
    bool moves = ours || !old || old->state != record->state;
    struct sim_state *before = sim_state_ref(ours ? book->base : book->expected);
    if (record->marked) {
        if (ours)
            set_expected(book, sim_check_target(check, book, record->state == MIG_RECORD_APPLIED));
    } else if (undone) {
        set_expected(book, sim_state_ref(book->base));
    } else if (ours && book->direction == direction) {
        set_expected(book, go_on(check, book, record, direction, book->done, SIZE_MAX));
    } else if (!old || old->state != record->state) {
        set_expected(book, go_on(check, book, record, direction, 0, SIZE_MAX));
    }
    if (!record->marked && !undone && direction == MIG_DOWN)
        check_restored(check, book, record);
    if (moves)
        note_before(book, record, before);
    else
        sim_state_unref(before);
    if (ours || !book->half)
        close_book(book);
}

static void half_book(struct sim_check *check, struct sim_book *book, const struct mig_record *record,
                      const struct mig_record *old)
{
    size_t done = done_steps(record);
    bool same = book->half && strcmp(book->version, record->version) == 0;
    if (same && book->direction == MIG_UP && record->direction == MIG_DOWN) {
        book->undo = true;
        book->direction = MIG_DOWN;
        book->done = 0;
    }
    bool ours = same && book->direction == record->direction;
    if (book->half && !ours) {
        sim_fail(check->sim, "I5: %s begins while %s is half done", record->version, book->version);
        return;
    }
    if (!ours) {
        sim_state_unref(book->base);
        book->base = sim_state_ref(book->expected);
        book->half = true;
        book->done = 0;
        book->direction = record->direction;
        snprintf(book->version, sizeof book->version, "%s", record->version);
    }
    if (done < book->done) {
        sim_fail(check->sim, "I2: the record of %s goes back from step %zu to %zu", record->version,
                 book->done, done);
        return;
    }
    keep_way_back(book, record->direction == MIG_DOWN ? record->inverse : NULL);
    if (!book->undo)
        set_expected(book, go_on(check, book, record, record->direction, book->done, done));
    book->done = done;
    enum mig_phase now = done < record->step_count ? record->steps[done].phase : MIG_PHASE_NONE;
    bool had = old && old->direction == record->direction && done < old->step_count &&
               old->steps[done].phase != MIG_PHASE_NONE &&
               (old->state == MIG_RECORD_RUNNING || old->state == MIG_RECORD_REVERTING ||
                old->state == MIG_RECORD_FAILED);
    book->open = book->undo ||
                 (now != MIG_PHASE_NONE && had); /* what is on its way back is exact only when it is there */
    snprintf(book->step, sizeof book->step, "%s", now != MIG_PHASE_NONE ? record->steps[done].id : "");
}

static void check_record(struct sim_check *check, const struct mig_record *new, const struct mig_record *old,
                         int64_t fence)
{
    if (new->rev != (old ? old->rev : 0) + 1)
        sim_fail(check->sim, "I3: the record of %s goes from rev %lld to %lld", new->version,
                 (long long)(old ? old->rev : 0), (long long)new->rev);
    if (mig_record_details(new)->token != fence)
        sim_fail(check->sim, "I3: the record of %s is written with token %lld behind a fence of %lld",
                 new->version, (long long)mig_record_details(new)->token, (long long)fence);
    if (old && old->state == MIG_RECORD_APPLIED && new->state == MIG_RECORD_RUNNING)
        sim_fail(check->sim, "I2: %s was applied and runs again", new->version);
}

static void turn_page(struct sim_check *check, struct sim_book *book, const struct sim_state *after,
                      const bson_t *now, const bson_t *then, int64_t fence)
{
    struct mig_record new, old = { 0 };
    mig_record_decode(now, &new);
    if (then)
        mig_record_decode(then, &old);
    check_record(check, &new, then ? &old : NULL, fence);
    if (check->guarded && !new.marked && (!then || strcmp(new.run, old.run) != 0))
        sim_approved(check->sim, after, &new, then ? &old : NULL);
    if (!check->sim->failed && (new.state == MIG_RECORD_APPLIED || new.state == MIG_RECORD_REVERTED))
        finish_book(check, book, &new, then ? &old : NULL);
    else if (!check->sim->failed)
        half_book(check, book, &new, then ? &old : NULL);
    mig_record_done(&new);
    mig_record_done(&old);
}

static const struct sim_doc *fence_doc(const struct sim_state *state)
{
    MIG_AUTOBSON bson_t *key = BCON_NEW("_id", MIG_FENCE_ID);
    bson_iter_t id;
    bson_iter_init_find(&id, key, "_id");
    return sim_coll_get(sim_state_find(state, HISTORY), &id);
}

static int64_t fence_of(const struct sim_state *state)
{
    bson_t doc;
    const struct sim_doc *fence = fence_doc(state);
    if (!fence)
        return 0;
    sim_doc_view(fence, &doc);
    return mig_doc_int(&doc, "token", 0);
}

static int by_version(const void *a, const void *b)
{
    return mig_version_compare(((const struct mig_record *)a)->version,
                               ((const struct mig_record *)b)->version);
}

static void head_of(const struct sim_state *state, char ret[static MIG_SHA256_HEX], const char *plan,
                    bool *ret_began)
{
    const struct sim_coll *coll = sim_state_find(state, HISTORY);
    struct mig_history *history = mig_alloc(sizeof *history);
    *ret_began = false;
    for (size_t i = 0; coll && i < coll->count; i++) {
        bson_t doc;
        sim_doc_view(coll->docs[i], &doc);
        if (strcmp(mig_doc_str(&doc, "_id", ""), MIG_FENCE_ID) == 0)
            continue;
        history->records =
            mig_grow(history->records, history->count, &history->room, sizeof *history->records);
        mig_record_decode(&doc, &history->records[history->count++]);
        *ret_began = *ret_began || strcmp(mig_doc_str(&doc, "planId", ""), plan) == 0;
    }
    if (history->count > 1)
        qsort(history->records, history->count, sizeof *history->records, by_version);
    mig_history_head(history, ret);
    mig_history_free(history);
}

/* The first record of a saved plan is written to the very history that the plan was made for. */
static void check_plan(struct sim_check *check, const struct sim_state *before, const char *plan)
{
    for (size_t i = 0; plan && i < check->plan_count; i++) {
        char head[MIG_SHA256_HEX];
        bool began;
        if (strcmp(check->plans[i].id, plan) != 0)
            continue;
        head_of(before, head, plan, &began);
        if (!began && strcmp(head, check->plans[i].head) != 0)
            sim_fail(check->sim, "I2: the saved plan %.12s runs on another history than it was made for",
                     plan);
    }
}

/* Sent twice by the driver with one number, and done by the other of the two: what is left of it finds that, and does nothing. (On a server
 * the second would have waited for the first, as one session does one thing at a time; the model lets them pass each other. Seed 97616.) */
static bool done_by_its_twin(const struct sim_model *model, const struct sim_op *op)
{
    static const char *const lists[] = { "documents", "updates", "deletes" };
    int64_t last = 0;
    bson_t list;
    for (size_t i = 0; i < MIG_COUNT(lists); i++) {
        if (mig_doc_sub(&op->request.command, lists[i], &list))
            last = (int64_t)bson_count_keys(&list) - 1;
    }
    return op->request.retryable && sim_model_done_before(model, op, last);
}

/* When a run raises the fence, nothing may execute any more, nor be open, of one that was dead when the lock was taken. */
static void check_quiet(struct sim_check *check, int64_t fence)
{
    for (const struct sim_op *op = check->model->ops; op; op = op->next) {
        bool data = op->request.write_majority && !op->request.in_txn &&
                    strncmp(sim_op_target(op), "migtui_", 7) != 0;
        if (data && op->state == SIM_OP_NEW && !done_by_its_twin(check->model, op) &&
            !check->was_alive(check->alive_context, op->request.process, check->taken_us))
            sim_fail(check->sim, "I3: the fence is raised to %lld while %s of a dead run still executes",
                     (long long)fence, sim_op_verb(op));
    }
    for (const struct sim_open_txn *txn = check->model->txns; txn; txn = txn->next) {
        if (txn->count > 0 && !check->was_alive(check->alive_context, txn->process, check->taken_us))
            sim_fail(check->sim, "I3: the fence is raised to %lld while a transaction of a dead run is open",
                     (long long)fence);
    }
}

/* Every record that changed, in the order in which it was carried out. */
static void read_history(struct sim_check *check, const struct sim_state *before,
                         const struct sim_state *after, struct sim_book *book)
{
    const struct sim_coll *now = sim_state_find(after, HISTORY), *then = sim_state_find(before, HISTORY);
    int64_t fence = fence_of(after);
    bool down = false;
    if (fence < fence_of(before))
        sim_fail(check->sim, "I3: the fence goes back from %lld to %lld", (long long)fence_of(before),
                 (long long)fence);
    if (fence > fence_of(before))
        check_quiet(check, fence);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t n = 0; now && n < now->count && !check->sim->failed; n++) {
            const struct sim_doc *doc = now->docs[pass == 1 && down ? now->count - 1 - n : n];
            bson_t new, old;
            bson_iter_t id;
            sim_doc_view(doc, &new);
            bson_iter_init_find(&id, &new, "_id");
            const struct sim_doc *was = sim_coll_get(then, &id);
            if (was == doc || strcmp(mig_doc_str(&new, "_id", ""), MIG_FENCE_ID) == 0)
                continue;
            if (was)
                sim_doc_view(was, &old);
            down = down || strcmp(mig_doc_str(&new, "direction", ""), "down") == 0;
            if (pass == 0)
                check_plan(check, before, mig_doc_str(&new, "planId", NULL));
            else
                turn_page(check, book, after, &new, was ? &old : NULL, fence);
        }
    }
}

/* ---- changes ---- */

/* Whoever holds the lock after another has a higher token. */
static void check_lock(struct sim_check *check, const struct sim_state *before, struct sim_state *after)
{
    const struct sim_coll *now = sim_state_find(after, "migtui_lock"),
                          *then = sim_state_find(before, "migtui_lock");
    bson_t new, old;
    if (now == then || !now || !then || now->count == 0 || then->count == 0)
        return;
    sim_doc_view(now->docs[0], &new);
    sim_doc_view(then->docs[0], &old);
    const char *owner = mig_doc_str(&new, "owner", ""), *holder = mig_doc_str(&old, "owner", "");
    bool taken = *owner && *holder && strcmp(owner, holder) != 0;
    bool beat = mig_doc_time(&new, "beatAt", 0) != mig_doc_time(&old, "beatAt", 0); /* not a wish to stop */
    after->beat_us = beat || taken ? check->sim->now_us : before->beat_us;
    if (*owner && strcmp(owner, holder) != 0)
        check->taken_us = check->sim->now_us;
    if (taken && check->sim->now_us - before->beat_us < SILENCE_US &&
        check->alive(check->alive_context, mig_doc_str(&old, "host", ""), mig_doc_int(&old, "pid", 0)))
        sim_fail(check->sim, "I3: the lock is taken from a living holder %lld ms after its last beat",
                 (long long)(check->sim->now_us - before->beat_us) / 1000);
    int64_t token = mig_doc_int(&new, "token", -1), was = mig_doc_int(&old, "token", -1);
    if (token < was || (*owner && token == was && strcmp(owner, holder) != 0))
        sim_fail(check->sim, "I3: the lock's token goes from %lld to %lld as its holder changes",
                 (long long)was, (long long)token);
}

static const char *comment_of(const struct sim_op *op)
{
    return op ? mig_doc_str(&op->request.command, "comment", "") : "";
}

void sim_check_changed(void *context, struct sim_state *before, struct sim_state *after,
                       const struct sim_op *op)
{
    struct sim_check *check = context;
    char why[600];
    bool data = sim_data_moved(before, after);
    bool history = sim_state_find(before, HISTORY) != sim_state_find(after, HISTORY);
    check_lock(check, before, after);
    sim_approvals_used(check->sim, before, after);
    if (check->sim->failed)
        return;
    if (data && !sim_counters_hold(before, after, why, sizeof why))
        sim_fail(check->sim, "I7: %s", why);
    if (!history) {
        const struct sim_book *book = after->book;
        bool build_over = !op || strcmp(sim_op_verb(op), "createIndexes") == 0;
        if (data && !book->open && !build_over)
            sim_fail(check->sim, "I2: data changes, and no step's intent is on record (by %s)",
                     comment_of(op));
        return;
    }
    struct sim_book *book = book_copy(after->book);
    read_history(check, before, after, book);
    sim_book_unref(after->book);
    after->book = book;
    if (check->sim->failed)
        return;
    if (!book->open && !sim_data_same(after, book->expected, why, sizeof why))
        sim_fail(check->sim, "I1: history stands at %s%s%s, and the data is not what it says: %s",
                 book->half ? book->version : "a whole migration", book->half ? " before step " : "",
                 book->step, why);
    if (book->half && book->step[0])
        book->open = true;
}

/* A command that no fence guards must not run once another run has raised it. */
void sim_check_executing(void *context, const struct sim_op *op, const char *collection)
{
    struct sim_check *check = context;
    const char *run = strchr(op->request.app, '-');
    if (check->sim->failed || op->request.in_txn || strncmp(collection, "migtui_", 7) == 0)
        return;
    bson_t doc;
    const struct sim_doc *fence = fence_doc(sim_model_last(check->model));
    if (fence)
        sim_doc_view(fence, &doc);
    if (!fence || !run || strcmp(run + 1, mig_doc_str(&doc, "run", "")) != 0)
        sim_fail(check->sim, "I3: %s on %s of run %s executes behind the fence of run %s", sim_op_verb(op),
                 collection, run ? run + 1 : "?", fence ? mig_doc_str(&doc, "run", "?") : "?");
}

/* ---- the end ---- */

int sim_check_state_of(const struct sim_state *state, const char *version)
{
    MIG_AUTOBSON bson_t *key = BCON_NEW("_id", BCON_UTF8(version));
    bson_iter_t id;
    bson_t doc;
    bson_iter_init_find(&id, key, "_id");
    const struct sim_doc *record = sim_coll_get(sim_state_find(state, HISTORY), &id);
    if (!record)
        return -1;
    sim_doc_view(record, &doc);
    return mig_record_state_find(mig_doc_str(&doc, "state", ""));
}

bool sim_check_finished(struct sim_check *check, char *why, size_t size)
{
    const struct sim_state *state = sim_model_majority(check->model);
    for (size_t i = 0; i < check->program->catalog->count; i++) {
        const char *version = check->program->catalog->items[i].version;
        int is = sim_check_state_of(state, version);
        if (is != MIG_RECORD_APPLIED) {
            snprintf(why, size, "%s is %s", version,
                     is < 0 ? "pending" : mig_record_state_word((enum mig_record_state)is));
            return false;
        }
    }
    return sim_data_same(state, state->book->expected, why, size);
}

void sim_check_init(struct sim_check *check, struct sim *sim, const struct sim_program *program,
                    struct sim_model *model)
{
    static const struct sim_options quiet;
    *check = (struct sim_check){ .sim = sim, .program = program, .model = model };
    sim_init(&check->twin_sim, 0, &quiet);
    check->twin_sim.calm = true;
    sim_model_init(&check->twin, &check->twin_sim, model->profile);
    sim_state_unref(check->twin.versions[0]);
    check->twin.version_count = 0;
}

void sim_check_done(struct sim_check *check)
{
    sim_model_done(&check->twin);
    free(check->twin_sim.queue);
    free(check->twin_sim.fired);
}
