/* history_read.c - one aggregate brings meta, lock, open requests and records; older servers take four. */
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

void mig_names_make(const char *prefix, struct mig_names *ret)
{
    snprintf(ret->meta, sizeof ret->meta, "%smeta", prefix);
    snprintf(ret->history, sizeof ret->history, "%shistory", prefix);
    snprintf(ret->lock, sizeof ret->lock, "%slock", prefix);
    snprintf(ret->runs, sizeof ret->runs, "%sruns", prefix);
    snprintf(ret->log, sizeof ret->log, "%slog", prefix);
    snprintf(ret->backups, sizeof ret->backups, "%sbackups", prefix);
    snprintf(ret->approvals, sizeof ret->approvals, "%sapprovals", prefix);
    snprintf(ret->audit, sizeof ret->audit, "%saudit", prefix);
}

/* ---- decoding ---- */

static char *safe_dup(const bson_t *doc, const char *path)
{
    const char *text = mig_doc_str(doc, path, NULL);
    return text ? mig_text_safe_dup(text, 2000) : NULL;
}

static void safe_copy(const bson_t *doc, const char *path, char *ret, size_t size)
{
    char *text = safe_dup(doc, path);
    snprintf(ret, size, "%s", text ? text : "");
    mig_utf8_trim(ret);
    free(text);
}

static bson_t *sub_copy(const bson_t *doc, const char *path)
{
    bson_t sub;
    return mig_doc_sub(doc, path, &sub) ? bson_copy(&sub) : NULL;
}

static void decode_steps(const bson_t *doc, struct mig_record *record)
{
    bson_iter_t steps;
    bson_iter_t each;
    if (!mig_doc_find(doc, "steps", &steps) || !BSON_ITER_HOLDS_ARRAY(&steps) ||
        !bson_iter_recurse(&steps, &each))
        return;
    size_t room = 0;
    record->steps_known = true;
    while (bson_iter_next(&each)) {
        bson_t step;
        if (!mig_iter_sub(&each, &step))
            continue;
        int phase = mig_phase_find(mig_doc_str(&step, "phase", ""));
        record->steps = mig_grow(record->steps, record->step_count, &room, sizeof *record->steps);
        record->steps[record->step_count++] = (struct mig_step_record){
            .id = mig_text_safe_dup(mig_doc_str(&step, "id", ""), 200),
            .kind = mig_text_safe_dup(mig_doc_str(&step, "kind", ""), 64),
            .phase = phase < 0 ? MIG_PHASE_NONE : (enum mig_phase)phase,
            .pre = sub_copy(&step, "pre"),
            .result = sub_copy(&step, "result"),
            .duration_ms = mig_doc_int(&step, "durationMs", 0),
        };
    }
}

static void decode_details(const bson_t *doc, struct mig_record *record)
{
    const struct mig_record_details details = { .token = mig_doc_int(doc, "token", 0),
                                                .plan_id = safe_dup(doc, "planId"),
                                                .error = safe_dup(doc, "error"),
                                                .error_step = safe_dup(doc, "errorStep"),
                                                .os_user = safe_dup(doc, "osUser"),
                                                .host = safe_dup(doc, "host"),
                                                .started_at = mig_doc_time(doc, "startedAt", 0) };
    if (details.token || details.plan_id || details.error || details.error_step || details.os_user ||
        details.host || details.started_at)
        *mig_record_details_own(record) = details;
}

void mig_record_decode(const bson_t *doc, struct mig_record *ret)
{
    int state = mig_record_state_find(mig_doc_str(doc, "state", ""));
    *ret = (struct mig_record){
        .version = mig_text_safe_dup(mig_doc_str(doc, "_id", ""), 64),
        .title = mig_text_safe_dup(mig_doc_str(doc, "title", ""), 200),
        .raw = mig_text_safe_dup(mig_doc_str(doc, "raw", ""), MIG_SHA256_HEX - 1),
        .sem = mig_text_safe_dup(mig_doc_str(doc, "sem", ""), MIG_SHA256_HEX - 1),
        /* A state that this migtui does not know stands in the way; it never passes for applied. */
        .state = state < 0 ? MIG_RECORD_FAILED : (enum mig_record_state)state,
        .direction = strcmp(mig_doc_str(doc, "direction", "up"), "down") == 0 ? MIG_DOWN : MIG_UP,
        .attempt = mig_doc_int(doc, "attempt", 0),
        .rev = mig_doc_int(doc, "rev", 0),
        .seq = mig_doc_int(doc, "seq", 0),
        .run = safe_dup(doc, "run"),
        .operator_name = safe_dup(doc, "operator"),
        .marked = safe_dup(doc, "marked"),
        .ended_at = mig_doc_time(doc, "endedAt", 0),
        .duration_ms = mig_doc_int(doc, "durationMs", 0),
        .inverse = sub_copy(doc, "inverse"),
    };
    decode_details(doc, ret);
    if (state < 0 && !mig_record_details(ret)->error)
        mig_record_details_own(ret)->error = mig_printf("its record has a state this migtui does not know");
    decode_steps(doc, ret);
}

void mig_lock_decode(const bson_t *doc, struct mig_lock *ret)
{
    *ret = (struct mig_lock){
        .exists = true,
        .token = mig_doc_int(doc, "token", 0),
        .pid = mig_doc_int(doc, "pid", 0),
        .pid_started = mig_doc_int(doc, "pidStarted", 0),
        .acquired_at = mig_doc_time(doc, "acquiredAt", 0),
        .beat_at = mig_doc_time(doc, "beatAt", 0),
        .expires_at = mig_doc_time(doc, "expiresAt", 0),
        .server_now = mig_doc_time(doc, "_now", 0),
        .stop_requested = mig_doc_has(doc, "stop.by"),
    };
    safe_copy(doc, "owner", ret->owner, sizeof ret->owner);
    safe_copy(doc, "run", ret->run, sizeof ret->run);
    for (int i = 0; i < 100; i++) {
        char path[32];
        snprintf(path, sizeof path, "unquiet.%d.run", i);
        if (!mig_doc_has(doc, path))
            break;
        safe_copy(doc, path, ret->prev_run, sizeof ret->prev_run);
        snprintf(path, sizeof path, "unquiet.%d.released", i);
        ret->prev_released = mig_doc_bool(doc, path, false);
    }
    safe_copy(doc, "host", ret->host, sizeof ret->host);
    safe_copy(doc, "osUser", ret->os_user, sizeof ret->os_user);
    safe_copy(doc, "sshClient", ret->ssh_client, sizeof ret->ssh_client);
    safe_copy(doc, "bootId", ret->boot_id, sizeof ret->boot_id);
    safe_copy(doc, "command", ret->command, sizeof ret->command);
    safe_copy(doc, "stop.by", ret->stop_by, sizeof ret->stop_by);
    safe_copy(doc, "step", ret->step, sizeof ret->step);
}

/* ---- reading ---- */

struct reading {
    struct mig_history *history; /* its past is what has changed since the known one */
    struct mig_known known;
    bool *same; /* by record of the known past: it was read, and is as it was */
    size_t same_count;
};

static bool is_as_before(struct reading *reading, const struct mig_record *record)
{
    struct mig_past *before = reading->known.past;
    const struct mig_record *was = before ? mig_past_find(before, record->version) : NULL;
    if (!was || reading->same[was - before->records] || !mig_record_equal(was, record))
        return false;
    reading->same[was - before->records] = true;
    reading->same_count++;
    return true;
}

static void keep_record(struct reading *reading, struct mig_record *take_record)
{
    const struct mig_catalog *catalog = reading->known.catalog;
    mig_past_add(reading->history->past, take_record,
                 catalog ? mig_catalog_find(catalog, take_record->version) : NULL);
}

static void take_record(const bson_t *doc, struct reading *reading)
{
    struct mig_record record;
    if (strcmp(mig_doc_str(doc, "_id", ""), MIG_FENCE_ID) == 0) {
        reading->history->fence_token = mig_doc_int(doc, "token", 0);
        return;
    }
    mig_record_decode(doc, &record);
    if (is_as_before(reading, &record))
        mig_record_done(&record);
    else
        keep_record(reading, &record);
}

/* The known past when nothing has changed, else one of what has and what has not. */
static void settle_past(struct reading *reading)
{
    struct mig_history *history = reading->history;
    struct mig_past *before = reading->known.past;
    if (before && history->past->count == 0 && reading->same_count == before->count) {
        mig_unshare(history->past);
        history->past = mig_share(before);
    } else {
        for (size_t i = 0; reading->same_count > 0 && i < before->count; i++) {
            struct mig_record copy = { 0 };
            if (!reading->same[i])
                continue;
            copy = mig_record_copy(&before->records[i]);
            keep_record(reading, &copy);
        }
        mig_past_settle(history->past);
    }
    history->records = history->past->records;
    history->count = history->past->count;
}

static bool take_document(const bson_t *doc, void *context)
{
    struct reading *reading = context;
    struct mig_history *history = reading->history;
    const char *kind = mig_doc_str(doc, "_kind", "record");
    bson_iter_t it;
    bson_iter_t each;
    bson_t record;
    if (strcmp(kind, "meta") == 0 && strcmp(mig_doc_str(doc, "_id", ""), MIG_SCHEMA_ID) == 0) {
        if (!history->schema)
            history->schema = bson_copy(doc);
    } else if (strcmp(kind, "request") == 0) {
        if (strcmp(mig_doc_str(doc, "state", ""), "open") != 0)
            return true;
        history->requests = mig_grow(history->requests, history->request_count, &history->request_room,
                                     sizeof *history->requests);
        mig_request_decode(doc, &history->requests[history->request_count++]);
    } else if (strcmp(kind, "meta") == 0) {
        safe_copy(doc, "uuid", history->environment_uuid, sizeof history->environment_uuid);
        safe_copy(doc, "project", history->project, sizeof history->project);
        history->format = (int)mig_doc_int(doc, "layout", 0);
        history->server_now = mig_doc_time(doc, "_now", 0);
    } else if (strcmp(kind, "lock") == 0) {
        mig_lock_decode(doc, &history->lock);
        safe_copy(doc, "restoring.run", history->restoring, sizeof history->restoring);
        history->server_now = history->lock.server_now;
    } else if (bson_iter_init_find(&it, doc, "records") && BSON_ITER_HOLDS_ARRAY(&it) &&
               bson_iter_recurse(&it, &each)) {
        while (bson_iter_next(&each)) {
            if (mig_iter_sub(&each, &record))
                take_record(&record, reading);
        }
    } else {
        take_record(doc, reading);
    }
    return true;
}

/* "$name" for each name, as the members of a document. */
static void append_fields(bson_t *doc, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char path[32];
        snprintf(path, sizeof path, "$%s", names[i]);
        BSON_APPEND_UTF8(doc, names[i], path);
    }
}

/* Of a migration that is over with, what looking and planning need; of one that is not, its steps and words as well. What
 * is read so grows with what is unfinished, not with the past. */
static const char *const over_fields[] = { "_id",      "rev",    "title",   "state",     "direction",
                                           "attempt",  "seq",    "run",     "raw",       "sem",
                                           "operator", "marked", "endedAt", "durationMs" };
static const char *const open_fields[] = { "token",     "planId", "steps", "inverse",  "error",
                                           "errorStep", "osUser", "host",  "startedAt" };

/* A group is far below the 16 MB of a document; a batch, some two thousand records, is well below a megabyte: the driver has it twice. */
#define ROWS_A_GROUP   250
#define GROUPS_A_BATCH 8

/* Records travel in groups, in the order they were applied; an unfinished one is a group of its own. It is one scan, so a
 * record that changes state meanwhile is seen once: as it was or as it is. */
static void append_groups(bson_t *pipeline)
{
    bson_t over = BSON_INITIALIZER;
    bson_t open = BSON_INITIALIZER;
    append_fields(&over, over_fields, MIG_COUNT(over_fields));
    append_fields(&open, over_fields, MIG_COUNT(over_fields));
    append_fields(&open, open_fields, MIG_COUNT(open_fields));
    // clang-format off
    bson_t *is_over = BCON_NEW("$in", "[", "$state", "[", BCON_UTF8(mig_record_state_word(MIG_RECORD_APPLIED)),
                               BCON_UTF8(mig_record_state_word(MIG_RECORD_REVERTED)), "]", "]");
    bson_t *group = BCON_NEW(
        "$group", "{",
            "_id", "{", "$cond", "[", BCON_DOCUMENT(is_over),
                "{", "$subtract", "[", "$seq", "{", "$mod", "[", "$seq", BCON_INT32(ROWS_A_GROUP), "]", "}", "]", "}",
                "$_id", "]", "}",
            "records", "{", "$push", "{", "$cond", "[", BCON_DOCUMENT(is_over), BCON_DOCUMENT(&over),
                BCON_DOCUMENT(&open), "]", "}", "}", "}");
    // clang-format on
    BSON_APPEND_DOCUMENT(pipeline, "0", group);
    bson_destroy(group);
    bson_destroy(is_over);
    bson_destroy(&over);
    bson_destroy(&open);
}

static bson_t *union_pipeline(const struct mig_names *names)
{
    MIG_AUTODOC bson_t groups = BSON_INITIALIZER;
    append_groups(&groups);
    // clang-format off
    return BCON_NEW(
        "aggregate", BCON_UTF8(names->meta), "cursor", "{", "batchSize", BCON_INT32(GROUPS_A_BATCH), "}", "pipeline", "[",
        "{", "$match", "{", "_id", "{", "$in", "[", "meta", MIG_SCHEMA_ID, "]", "}", "}", "}",
        "{", "$set", "{", "_kind", "meta", "_now", "$$NOW", "}", "}",
        "{", "$unionWith", "{", "coll", BCON_UTF8(names->lock), "pipeline", "[",
            "{", "$match", "{", "_id", "lock", "}", "}",
            "{", "$set", "{", "_kind", "lock", "_now", "$$NOW", "}", "}", "]", "}", "}",
        "{", "$unionWith", "{", "coll", BCON_UTF8(names->approvals), "pipeline", "[",
            "{", "$match", "{", "state", "open", "}", "}",
            "{", "$set", "{", "_kind", "request", "}", "}", "]", "}", "}",
        "{", "$unionWith", "{", "coll", BCON_UTF8(names->history), "pipeline", BCON_ARRAY(&groups), "}", "}",
        "]");
    // clang-format on
}

static bool load_union(struct mig_store *store, const struct mig_names *names, struct reading *reading,
                       struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command = union_pipeline(names);
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    return store->ops->query(store, &call, take_document, reading, err);
}

static bool load_one(struct mig_store *store, const char *collection, const char *kind,
                     struct reading *reading, struct mig_error *err)
{
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("aggregate", BCON_UTF8(collection), "cursor", "{", "}", "pipeline", "[", "{", "$project",
                 "{", "text", BCON_INT32(0), "}", "}", "{", "$addFields", "{", "_kind", BCON_UTF8(kind),
                 "_now", "$$NOW", "}", "}", "]");
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    return store->ops->query(store, &call, take_document, reading, err);
}

static bool take_steps(const bson_t *doc, void *context)
{
    struct mig_history *history = context;
    const struct mig_record *found = mig_history_find(history, mig_doc_str(doc, "_id", ""));
    if (found && !found->steps_known)
        decode_steps(doc, &history->records[found - history->records]);
    return true;
}

bool mig_history_load_steps(struct mig_store *store, const struct mig_names *names,
                            struct mig_history *history, const struct mig_plan *plan, struct mig_error *err)
{
    MIG_AUTODOC bson_t ids = BSON_INITIALIZER;
    for (size_t i = 0; i < plan->count; i++) {
        char room[16];
        const char *key;
        const struct mig_record *record = plan->items[i].record;
        size_t len = bson_uint32_to_string(bson_count_keys(&ids), &key, room, sizeof room);
        if (record && plan->items[i].by_inverse && !record->steps_known)
            bson_append_utf8(&ids, key, (int)len, record->version, -1);
    }
    MIG_AUTOBSON bson_t *command =
        BCON_NEW("find", BCON_UTF8(names->history), "filter", "{", "_id", "{", "$in", BCON_ARRAY(&ids), "}",
                 "}", "projection", "{", "steps", BCON_INT32(1), "}");
    struct mig_call call = { .command = command, .max_time_ms = 20000 };
    if (!store->ops->query(store, &call, take_steps, history, err))
        return false;
    for (size_t i = 0; i < plan->count; i++) { /* whether there were any or not */
        const struct mig_record *record = plan->items[i].record;
        if (record && plan->items[i].by_inverse)
            history->records[record - history->records].steps_known = true;
    }
    return true;
}

/* Servers that speak MongoDB's protocol do not all speak the whole of its pipelines: BadValue, FailedToParse,
 * CommandNotSupported, InvalidPipelineOperator, NotImplemented, an unknown stage. */
static bool is_not_understood(const struct mig_error *err)
{
    static const int codes[] = { 2, 9, 115, 168, 238, 40324 };
    for (size_t i = 0; i < MIG_COUNT(codes); i++) {
        if (err->server_code == codes[i])
            return true;
    }
    return false;
}

bool mig_history_load(struct mig_store *store, const struct mig_names *names, const struct mig_server *server,
                      const struct mig_known *known, struct mig_history **ret, struct mig_error *err)
{
    struct mig_history *history = mig_alloc(sizeof *history);
    struct reading reading = { .history = history, .known = known ? *known : (struct mig_known){ 0 } };
    reading.same = mig_alloc_n(reading.known.past ? reading.known.past->count : 0, sizeof *reading.same);
    history->past = mig_past_new();
    bool ok = server->can_union && load_union(store, names, &reading, err);
    if (!ok && (!server->can_union || is_not_understood(err)))
        ok = load_one(store, names->meta, "meta", &reading, err) &&
             load_one(store, names->lock, "lock", &reading, err) &&
             load_one(store, names->approvals, "request", &reading, err) &&
             load_one(store, names->history, "record", &reading, err);
    if (ok)
        settle_past(&reading);
    free(reading.same);
    if (ok && history->format > MIG_LAYOUT) {
        ok = mig_fail(err, MIG_ERR_INTEGRITY,
                      "the database's migtui collections have layout %d; this migtui knows %d",
                      history->format, MIG_LAYOUT);
        mig_hint(err, "use the newer migtui that wrote them");
    }
    if (ok && history->restoring[0]) {
        ok = mig_fail(
            err, MIG_ERR_INTEGRITY,
            "the database is half restored: restore %s into it has not ended, and what is there is not whole",
            history->restoring);
        mig_hint(
            err,
            "while that is at work, wait for it; where it was killed, drop the database and restore anew");
    }
    if (!ok) {
        mig_history_free(history);
        return false;
    }
    mig_history_head(history, history->head);
    *ret = history;
    return true;
}
