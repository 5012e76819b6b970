/* history_write.c - statements that write records behind the fence, and the environment's identity. */
#include <stdio.h>
#include <string.h>

#include "app/history.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"
#include "engine/reply.h"

void mig_fence_statement(int64_t token, const char *run, bson_t *ret_filter, bson_t *ret_update)
{
    bson_t part;
    bson_init(ret_filter);
    BSON_APPEND_UTF8(ret_filter, "_id", MIG_FENCE_ID);
    BSON_APPEND_INT64(ret_filter, "token", token);
    bson_init(ret_update);
    BSON_APPEND_DOCUMENT_BEGIN(ret_update, "$set", &part);
    BSON_APPEND_UTF8(&part, "run", run);
    bson_append_document_end(ret_update, &part);
    BSON_APPEND_DOCUMENT_BEGIN(ret_update, "$inc", &part);
    BSON_APPEND_INT64(&part, "writes", 1);
    bson_append_document_end(ret_update, &part);
}

static void append_text(bson_t *doc, const char *key, const char *text)
{
    if (text)
        BSON_APPEND_UTF8(doc, key, text);
    else
        BSON_APPEND_NULL(doc, key);
}

static void append_steps(bson_t *set, const struct mig_record *record)
{
    bson_t steps;
    bson_t row;
    BSON_APPEND_ARRAY_BEGIN(set, "steps", &steps);
    for (size_t i = 0; i < record->step_count; i++) {
        const struct mig_step_record *step = &record->steps[i];
        char key[24];
        const char *index;
        size_t len = bson_uint32_to_string((uint32_t)i, &index, key, sizeof key);
        bson_append_document_begin(&steps, index, (int)len, &row);
        BSON_APPEND_UTF8(&row, "id", step->id);
        BSON_APPEND_UTF8(&row, "kind", step->kind);
        BSON_APPEND_UTF8(&row, "phase", mig_phase_word(step->phase));
        if (step->pre && !bson_empty(step->pre))
            BSON_APPEND_DOCUMENT(&row, "pre", step->pre);
        if (step->result && !bson_empty(step->result))
            BSON_APPEND_DOCUMENT(&row, "result", step->result);
        BSON_APPEND_INT64(&row, "durationMs", step->duration_ms);
        bson_append_document_end(&steps, &row);
    }
    bson_append_array_end(set, &steps);
}

void mig_record_statement(const struct mig_record *record, int64_t token, unsigned stamps, const char *text,
                          size_t text_len, bson_t *ret_filter, bson_t *ret_update)
{
    const struct mig_record_details *details = mig_record_details(record);
    bson_t part;
    bson_init(ret_filter);
    BSON_APPEND_UTF8(ret_filter, "_id", record->version);
    BSON_APPEND_INT64(ret_filter, "rev", record->rev);
    BSON_APPEND_DOCUMENT_BEGIN(ret_filter, "token", &part);
    BSON_APPEND_INT64(&part, "$lte", token);
    bson_append_document_end(ret_filter, &part);

    bson_init(ret_update);
    BSON_APPEND_DOCUMENT_BEGIN(ret_update, "$set", &part);
    BSON_APPEND_INT64(&part, "rev", record->rev + 1);
    BSON_APPEND_INT64(&part, "token", token);
    BSON_APPEND_UTF8(&part, "title", record->title);
    BSON_APPEND_UTF8(&part, "state", mig_record_state_word(record->state));
    BSON_APPEND_UTF8(&part, "direction", mig_direction_word(record->direction));
    BSON_APPEND_INT64(&part, "attempt", record->attempt);
    BSON_APPEND_INT64(&part, "seq", record->seq);
    append_text(&part, "run", record->run);
    append_text(&part, "planId", details->plan_id);
    BSON_APPEND_UTF8(&part, "raw", record->raw ? record->raw : "");
    BSON_APPEND_UTF8(&part, "sem", record->sem ? record->sem : "");
    append_steps(&part, record);
    if (record->inverse)
        BSON_APPEND_ARRAY(&part, "inverse", record->inverse);
    else
        BSON_APPEND_NULL(&part, "inverse");
    append_text(&part, "error", details->error);
    append_text(&part, "errorStep", details->error_step);
    append_text(&part, "operator", record->operator_name);
    append_text(&part, "osUser", details->os_user);
    append_text(&part, "host", details->host);
    append_text(&part, "marked", record->marked);
    BSON_APPEND_INT64(&part, "durationMs", record->duration_ms);
    if (text && text_len <= MIG_TEXT_KEPT_MAX && mig_utf8_check(text, text_len) == text_len)
        bson_append_utf8(&part, "text", -1, text, (int)text_len);
    bson_append_document_end(ret_update, &part);
    BSON_APPEND_DOCUMENT_BEGIN(ret_update, "$currentDate", &part);
    BSON_APPEND_BOOL(&part, "updatedAt", true);
    if (stamps & MIG_RECORD_STARTS)
        BSON_APPEND_BOOL(&part, "startedAt", true);
    if (stamps & MIG_RECORD_ENDS)
        BSON_APPEND_BOOL(&part, "endedAt", true);
    bson_append_document_end(ret_update, &part);
}

bool mig_write_call(struct mig_store *store, const struct mig_call *call, struct mig_error *err)
{
    struct mig_reply reply;
    struct mig_verdict verdict;
    bson_iter_t first;
    bool ok = false;
    store->ops->command(store, call, &reply);
    if (reply.outcome == MIG_OUTCOME_OK) {
        bool named = bson_iter_init(&first, call->command) && bson_iter_next(&first);
        mig_reply_judge(named ? bson_iter_key(&first) : "", &reply.body, &verdict);
        ok = verdict.ok || mig_verdict_fail(&verdict, err);
    } else {
        *err = reply.error;
        if (reply.outcome == MIG_OUTCOME_UNKNOWN)
            err->code = MIG_ERR_UNKNOWN_OUTCOME;
    }
    mig_reply_done(&reply);
    return ok;
}

bool mig_write(struct mig_store *store, const bson_t *command, struct mig_error *err)
{
    struct mig_call call = { .command = command, .write = true, .max_time_ms = 15000 };
    return mig_write_call(store, &call, err);
}

bool mig_meta_ensure(struct mig_store *store, const struct mig_names *names, const char *project,
                     const char *new_uuid, char ret_uuid[static MIG_UUID_SIZE], struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("findAndModify", BCON_UTF8(names->meta), "query", "{", "_id", "meta", "}", "update", "{",
                 "$setOnInsert", "{", "uuid", BCON_UTF8(new_uuid), "layout", BCON_INT32(MIG_LAYOUT),
                 "project", BCON_UTF8(project), "}", "}", "upsert", BCON_BOOL(true), "new", BCON_BOOL(true));
    struct mig_call call = { .command = command, .write = true, .max_time_ms = 15000 };
    struct mig_reply reply;
    struct mig_verdict verdict = { .ok = true };
    const char *uuid = NULL;
    /* Whoever comes first gives the name, also when it is us and the reply was lost. Of two at once one may get E11000, or (from
     * SecantusDB) no document: the second try finds the other's. A name that no majority has is none yet: a failover would take it
     * back, and what was noted under it would be of another environment (found by the simulator, 182967). */
    for (int attempt = 0;; attempt++) {
        store->ops->command(store, &call, &reply);
        bool done = reply.outcome == MIG_OUTCOME_OK;
        if (done)
            mig_reply_judge("findAndModify", &reply.body, &verdict);
        uuid = done ? mig_doc_str(&reply.body, "value.uuid", NULL) : NULL;
        bool again = done ? !uuid || !verdict.ok
                          : reply.outcome == MIG_OUTCOME_UNKNOWN || reply.error.server_code == 11000;
        if (!again || attempt == 2)
            break;
        mig_reply_done(&reply);
    }
    if (reply.outcome != MIG_OUTCOME_OK)
        *err = reply.error;
    else if (!verdict.ok)
        (void)mig_verdict_fail(&verdict, err);
    else if (!uuid || !*uuid)
        mig_fail(err, MIG_ERR_INTEGRITY, "%s: the environment has no uuid", names->meta);
    else
        snprintf(ret_uuid, MIG_UUID_SIZE, "%s", uuid);
    bool ok = verdict.ok && uuid && *uuid;
    mig_reply_done(&reply);
    return ok;
}
