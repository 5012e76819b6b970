/* run_record.c - the write-ahead record: intents before, results after, all behind the fence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/run_private.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "engine/undo.h"

static void set_text(char **slot, const char *text)
{
    char *copy = mig_strdup_or_null(text);
    free(*slot);
    *slot = copy;
}

static void clear_steps(struct mig_record *record)
{
    for (size_t i = 0; i < record->step_count; i++)
        mig_step_record_done(&record->steps[i]);
    free(record->steps);
    record->steps = NULL;
    record->step_count = 0;
}

static void fresh_steps(struct mig_record *record, const struct mig_plan_item *item)
{
    clear_steps(record);
    record->steps = mig_alloc_n(item->step_count, sizeof *record->steps);
    record->step_count = item->step_count;
    for (size_t i = 0; i < item->step_count; i++) {
        const struct mig_step *step = item->steps[i].step;
        record->steps[i].id = mig_strdup(step->id);
        record->steps[i].kind = mig_strdup(mig_step_kind_name(step->kind));
    }
}

/* Whoever resumes carries out these very steps: what they follow from is overwritten by their own record. */
static void keep_inverse(struct mig_record *record, const struct mig_plan_item *item)
{
    if (record->inverse)
        bson_destroy(record->inverse);
    record->inverse = NULL;
    if (item->by_inverse) {
        record->inverse = bson_new();
        bson_t list;
        mig_undo_write(item->inverse, item->inverse ? item->step_count : 0, &list);
        bson_concat(record->inverse, &list);
        bson_destroy(&list);
    }
}

void mig_record_begin(struct mig_runner *r, size_t index)
{
    const struct mig_plan_item *item = &r->plan->items[index];
    struct mig_record *record = &r->records[index];
    struct mig_record_details *details = mig_record_details_own(record);
    bool resume = r->options->selection.resume;
    if (!record->version) /* a file that was renamed from 1 to 0001 has its record already */
        set_text(&record->version, item->migration->version);
    set_text(&record->title, item->migration->title);
    if (!resume || record->step_count != item->step_count)
        fresh_steps(record, item);
    if (!resume && r->plan->direction == MIG_UP) {
        record->attempt++;
        record->duration_ms = 0;
    }
    record->state = r->plan->direction == MIG_UP ? MIG_RECORD_RUNNING : MIG_RECORD_REVERTING;
    record->direction = r->plan->direction;
    if (r->plan->direction == MIG_UP) {
        set_text(&record->raw, item->migration->raw);
        set_text(&record->sem, item->migration->sem);
    } else {
        r->has_text[index] = true; /* what ran stays what is kept */
    }
    keep_inverse(record, item);
    set_text(&record->run, r->run);
    set_text(&details->plan_id, r->plan->id);
    set_text(&record->operator_name, r->app->operator_name);
    set_text(&details->os_user, r->host->self.os_user);
    set_text(&details->host, r->host->self.host);
    set_text(&details->error, NULL);
    set_text(&details->error_step, NULL);
    set_text(&record->marked, NULL);
    r->begun[index] = true;
    r->dirty[index] = true;
    if (!resume)
        r->stamps[index] |= MIG_RECORD_STARTS;
}

void mig_record_step(struct mig_runner *r, size_t item, size_t step, enum mig_phase phase, const bson_t *pre,
                     const bson_t *result, int64_t duration_ms)
{
    struct mig_step_record *record = &r->records[item].steps[step];
    record->phase = phase;
    if (pre) {
        if (record->pre)
            bson_destroy(record->pre);
        record->pre = bson_copy(pre);
    }
    if (result) {
        if (record->result)
            bson_destroy(record->result);
        record->result = bson_copy(result);
    }
    record->duration_ms += duration_ms;
    r->records[item].duration_ms += duration_ms;
    r->dirty[item] = true;
}

void mig_record_finish(struct mig_runner *r, size_t item)
{
    struct mig_record *record = &r->records[item];
    if (r->plan->direction == MIG_UP) {
        record->state = MIG_RECORD_APPLIED;
        record->seq = r->next_seq++;
    } else {
        record->state = MIG_RECORD_REVERTED;
    }
    r->dirty[item] = true;
    r->stamps[item] |= MIG_RECORD_ENDS;
}

void mig_record_undo(struct mig_runner *r, size_t item, size_t first_step, bool begun_here)
{
    struct mig_record *record = &r->records[item];
    bool up = r->plan->direction == MIG_UP;
    for (size_t i = first_step; i < record->step_count; i++) {
        record->steps[i].phase = MIG_PHASE_NONE;
        if (record->steps[i].result)
            bson_destroy(record->steps[i].result);
        record->steps[i].result = NULL;
        record->duration_ms -= record->steps[i].duration_ms;
        record->steps[i].duration_ms = 0;
    }
    if (up && record->state == MIG_RECORD_APPLIED)
        r->next_seq = record->seq < r->next_seq ? record->seq : r->next_seq;
    if (up)
        record->seq = 0;
    record->state = up ? MIG_RECORD_RUNNING : MIG_RECORD_REVERTING;
    r->stamps[item] &= ~(unsigned)MIG_RECORD_ENDS;
    if (begun_here) {
        record->attempt -= up && !r->options->selection.resume;
        r->begun[item] = r->dirty[item] = false;
        r->stamps[item] = 0;
    }
}

void mig_record_fail(struct mig_runner *r, size_t item, size_t step, const struct mig_error *why)
{
    struct mig_record *record = &r->records[item];
    if (record->state == MIG_RECORD_APPLIED)
        record->seq = 0; /* it was noted as finished, and its last step's transaction failed */
    record->state = MIG_RECORD_FAILED;
    set_text(&mig_record_details_own(record)->error, why->message);
    if (step < record->step_count) {
        record->steps[step].phase = MIG_PHASE_FAILED;
        set_text(&record->details->error_step, record->steps[step].id);
    }
    r->dirty[item] = true;
    r->stamps[item] |= MIG_RECORD_ENDS;
}

/* ---- writing ---- */

static void append_statement(bson_t *updates, int *count, const bson_t *filter, const bson_t *update)
{
    char key[24];
    const char *index;
    bson_t row;
    size_t len = bson_uint32_to_string((uint32_t)(*count)++, &index, key, sizeof key);
    bson_append_document_begin(updates, index, (int)len, &row);
    BSON_APPEND_DOCUMENT(&row, "q", filter);
    BSON_APPEND_DOCUMENT(&row, "u", update);
    BSON_APPEND_BOOL(&row, "upsert", true);
    bson_append_document_end(updates, &row);
}

static void append_fence(struct mig_runner *r, bson_t *updates, int *count)
{
    bson_t filter;
    bson_t update;
    mig_fence_statement(r->token, r->run, &filter, &update);
    append_statement(updates, count, &filter, &update);
    bson_destroy(&filter);
    bson_destroy(&update);
}

static void append_records(struct mig_runner *r, bson_t *updates, int *count)
{
    bson_t filter;
    bson_t update;
    append_fence(r, updates, count);
    for (size_t i = 0; i < r->plan->count; i++) {
        const struct mig_migration *migration = r->plan->items[i].migration;
        if (!r->dirty[i])
            continue;
        mig_record_statement(&r->records[i], r->token, r->stamps[i], r->has_text[i] ? NULL : migration->text,
                             migration->text_len, &filter, &update);
        append_statement(updates, count, &filter, &update);
        bson_destroy(&filter);
        bson_destroy(&update);
    }
}

struct landing {
    struct mig_runner *r;
    size_t others;
    int64_t fence;
};

static void committed(struct mig_runner *r, size_t item)
{
    r->records[item].rev++;
    r->dirty[item] = false;
    r->stamps[item] = 0;
    r->has_text[item] = true;
}

void mig_record_committed(struct mig_runner *r)
{
    for (size_t i = 0; i < r->plan->count; i++) {
        if (r->dirty[i])
            committed(r, i);
    }
}

static bool anything_dirty(const struct mig_runner *r)
{
    for (size_t i = 0; i < r->plan->count; i++) {
        if (r->dirty[i])
            return true;
    }
    return false;
}

/* A statement of an ordered command may have landed without the next: each record is looked at by itself. */
static bool count_landed(const bson_t *doc, void *context)
{
    struct landing *landing = context;
    struct mig_runner *r = landing->r;
    const char *id = mig_doc_str(doc, "_id", "");
    if (strcmp(id, MIG_FENCE_ID) == 0)
        landing->fence = mig_doc_int(doc, "token", 0);
    for (size_t i = 0; i < r->plan->count; i++) {
        if (!r->dirty[i] || strcmp(r->records[i].version, id) != 0)
            continue;
        int64_t rev = mig_doc_int(doc, "rev", 0);
        if (rev == r->records[i].rev + 1 && mig_doc_int(doc, "token", 0) == r->token &&
            strcmp(mig_doc_str(doc, "run", ""), r->run) == 0 &&
            strcmp(mig_doc_str(doc, "state", ""), mig_record_state_word(r->records[i].state)) == 0)
            committed(r, i);
        else if (rev != r->records[i].rev)
            landing->others++;
    }
    return true;
}

bool mig_record_barrier(struct mig_runner *r, struct mig_error *err)
{
    MIG_AUTODOC bson_t command = BSON_INITIALIZER;
    bson_t updates;
    int count = 0;
    BSON_APPEND_UTF8(&command, "update", r->names.history);
    BSON_APPEND_ARRAY_BEGIN(&command, "updates", &updates);
    append_fence(r, &updates, &count);
    bson_append_array_end(&command, &updates);
    return mig_write(r->store, &command, err);
}

/* A server alone reads what it has, also what it would lose if it died now. (Found by the simulator, 30291: an intent was seen, its
 * step carried out, and then the intent was lost.) */
static bool settle_alone(struct mig_runner *r, struct mig_error *err)
{
    if (r->look.server.topology != MIG_TOPOLOGY_STANDALONE)
        return true;
    return mig_record_barrier(r, err) || err->server_code == 11000; /* fenced: the look tells */
}

int mig_record_landed(struct mig_runner *r, struct mig_error *err)
{
    struct landing landing = { .r = r };
    int ids = 1;
    bson_t command = BSON_INITIALIZER;
    bson_t filter;
    bson_t in;
    bson_t list;
    if (!settle_alone(r, err))
        return -1;
    BSON_APPEND_UTF8(&command, "find", r->names.history);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
    BSON_APPEND_DOCUMENT_BEGIN(&filter, "_id", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
    BSON_APPEND_UTF8(&list, "0", MIG_FENCE_ID);
    for (size_t i = 0; i < r->plan->count; i++) {
        char key[24];
        const char *index;
        if (!r->dirty[i])
            continue;
        size_t len = bson_uint32_to_string((uint32_t)ids++, &index, key, sizeof key);
        bson_append_utf8(&list, index, (int)len, r->records[i].version, -1);
    }
    bson_append_array_end(&in, &list);
    bson_append_document_end(&filter, &in);
    bson_append_document_end(&command, &filter);
    BCON_APPEND(&command, "projection", "{", "text", BCON_INT32(0), "steps", BCON_INT32(0), "}");
    struct mig_call call = { .command = &command, .max_time_ms = 10000 };
    bool ok = r->store->ops->query(r->store, &call, count_landed, &landing, err);
    bson_destroy(&command);
    if (!ok)
        return -1;
    if (landing.fence > r->token || landing.others > 0) {
        mig_fail(err, MIG_ERR_FENCED, "another run wrote to the history; this one writes nothing more");
        return -2;
    }
    return anything_dirty(r) ? 0 : 1;
}

static void update_command(struct mig_runner *r, bson_t *ret)
{
    bson_t updates;
    int count = 0;
    bson_init(ret);
    BSON_APPEND_UTF8(ret, "update", r->names.history);
    BSON_APPEND_ARRAY_BEGIN(ret, "updates", &updates);
    append_records(r, &updates, &count);
    bson_append_array_end(ret, &updates);
    BSON_APPEND_BOOL(ret, "ordered", true);
}

bool mig_record_in_txn(struct mig_runner *r, struct mig_txn *txn, unsigned *labels, bool *ret_fenced,
                       struct mig_error *err)
{
    bson_t command;
    struct mig_reply reply;
    struct mig_verdict verdict;
    bool ok = false;
    update_command(r, &command);
    struct mig_call call = { .command = &command, .write = true, .txn = txn, .max_time_ms = 30000 };
    r->store->ops->command(r->store, &call, &reply);
    *labels |= reply.labels;
    if (reply.outcome == MIG_OUTCOME_OK) {
        mig_reply_judge("update", &reply.body, &verdict);
        ok = verdict.ok || mig_verdict_fail(&verdict, err);
        *ret_fenced = verdict.code == 11000;
    } else {
        *err = reply.error;
        *ret_fenced = err->server_code == 11000;
        if (reply.outcome != MIG_OUTCOME_REFUSED)
            *labels |= MIG_LABEL_TRANSIENT_TRANSACTION;
    }
    mig_reply_done(&reply);
    bson_destroy(&command);
    return ok;
}

/* Errors that time may heal; the record's own guard, too, while a majority has not caught up with our last write. */
static bool write_may_pass(const struct mig_error *err)
{
    return err->server_code == 11000 || err->server_code == 64 || mig_run_code_is_passing(err->server_code) ||
           mig_run_is_away(err);
}

enum mig_unit_end mig_record_flush(struct mig_runner *r, struct mig_error *err)
{
    int64_t until = r->host->ops->mono_ms(r->host) + MIG_TRANSIENT_MS;
    if (!anything_dirty(r))
        return MIG_UNIT_DONE;
    for (int attempt = 0;; attempt++) {
        bson_t command;
        struct mig_error look;
        if (!mig_beat_ready(r, NULL, err))
            return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
        update_command(r, &command);
        bool ok = mig_write(r->store, &command, err);
        bson_destroy(&command);
        if (ok) {
            mig_record_committed(r);
            return MIG_UNIT_DONE;
        }
        /* The fence, a record that is not as we left it, no reply, no server, or no majority: what the database has
         * decides, not what we sent. */
        int landed = mig_record_landed(r, &look);
        if (landed == 1)
            return MIG_UNIT_DONE;
        if (landed == -2) {
            *err = look;
            return MIG_UNIT_FENCED;
        }
        if ((attempt >= 3 && !write_may_pass(err)) ||
            (!mig_run_is_away(err) && r->host->ops->mono_ms(r->host) >= until))
            return MIG_UNIT_UNKNOWN;
        struct mig_error why = *err;
        if (!mig_beat_pause(r, attempt, err))
            return err->code == MIG_ERR_FENCED ? MIG_UNIT_FENCED : MIG_UNIT_UNKNOWN;
        *err = why;
    }
}
