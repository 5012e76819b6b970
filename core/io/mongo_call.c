/* mongo_call.c - one command: concerns put on it, a primary waited for, sent, judged. */
#include "io/mongo_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/doc.h"
#include "base/rows.h"
#include "base/text.h"
#include "io/clock.h"
#include "io/mongo_diagnose.h"
#include "io/mongo_error.h"

#define WTIMEOUT_MS      10000
#define VERDICT_MS       5000 /* the server's own time limit shall speak before ours */
#define RECONNECT_MS     20
#define COMMAND_MAX      (16 * 1024 * 1024 + 16 * 1024) /* a document and what is around it */
#define COMMAND_NAME_MAX 128

/* Refusals after which a read is worth a second try: the server is going away or not the primary any more. */
static const int gone_codes[] = { 6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436 };

void io_mongo_not_sent(struct mig_reply *ret, const struct mig_error *err)
{
    *ret = (struct mig_reply){ .outcome = MIG_OUTCOME_NOT_SENT, .sent_ms = io_boottime_ms(), .error = *err };
    bson_init(&ret->body);
}

int64_t io_mongo_socket_ms(const struct io_mongo_store *store, const struct mig_call *call)
{
    if (call->silence_ms > 0)
        return call->silence_ms;
    if (call->long_running)
        return -1;
    int64_t least = call->max_time_ms + VERDICT_MS;
    return store->target.limits.socket_ms > least ? store->target.limits.socket_ms : least;
}

bool io_mongo_wait_for_server(struct io_mongo_store *store, struct io_lane *lane, bool *ret_standalone,
                              struct mig_error *err)
{
    int64_t until = io_boottime_ms() + store->target.limits.select_ms;
    bson_error_t error = { 0 };
    while (!atomic_load(&lane->cancelled)) {
        mongoc_server_description_t *server = mongoc.client_select_server(lane->client, true, NULL, &error);
        if (server) {
            if (ret_standalone)
                *ret_standalone = strcmp(mongoc.server_description_type(server), "Standalone") == 0;
            mongoc.server_description_destroy(server);
            return true;
        }
        if (error.domain != MONGOC_ERROR_SERVER_SELECTION)
            return io_mongo_fail_unsent(lane, &error, err);
        if (io_pool_is_lost(store->pool) || io_boottime_ms() >= until)
            break;
    }
    if (atomic_load(&lane->cancelled))
        return mig_fail(err, MIG_ERR_CANCELLED, "stopped before anything was sent");
    return io_mongo_diagnose(&store->target, lane, error.message, err);
}

static void append_write_concern(bson_t *doc)
{
    bson_t concern;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "writeConcern", &concern);
    BSON_APPEND_UTF8(&concern, "w", "majority");
    BSON_APPEND_BOOL(&concern, "j", true);
    BSON_APPEND_INT32(&concern, "wtimeout", WTIMEOUT_MS);
    bson_append_document_end(doc, &concern);
}

static void append_read_concern(struct io_mongo_store *store, bson_t *doc)
{
    pthread_mutex_lock(&store->lock);
    uint32_t t = store->seen_t, i = store->seen_i;
    pthread_mutex_unlock(&store->lock);
    bson_t concern;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "readConcern", &concern);
    BSON_APPEND_UTF8(&concern, "level", "majority");
    if (t)
        bson_append_timestamp(&concern, "afterClusterTime", -1, t, i);
    bson_append_document_end(doc, &concern);
}

/* The command with what the call asks to be added; itself where that is nothing, for it may be large. A lone server has no
 * majority to read. */
static void build(struct io_mongo_store *store, const struct mig_call *call, bool standalone, bson_t *ret)
{
    const bson_t *command = call->command;
    bool concern = !call->txn && !call->no_concern;
    bool time = call->max_time_ms > 0 && !bson_has_field(command, "maxTimeMS");
    bool write = concern && call->write && !bson_has_field(command, "writeConcern");
    bool read = concern && !call->write && !standalone && !bson_has_field(command, "readConcern");
    if (!time && !write && !read && bson_init_static(ret, bson_get_data(command), command->len))
        return;
    bson_copy_to(command, ret);
    if (time)
        BSON_APPEND_INT64(ret, "maxTimeMS", call->max_time_ms);
    if (write)
        append_write_concern(ret);
    if (read)
        append_read_concern(store, ret);
}

void io_mongo_remember(struct io_mongo_store *store, const bson_t *body)
{
    bson_iter_t it;
    if (bson_has_field(body, "writeConcernError") || !bson_iter_init_find(&it, body, "operationTime") ||
        !BSON_ITER_HOLDS_TIMESTAMP(&it))
        return;
    uint32_t t, i;
    bson_iter_timestamp(&it, &t, &i);
    pthread_mutex_lock(&store->lock);
    if (t > store->seen_t || (t == store->seen_t && i > store->seen_i)) {
        store->seen_t = t;
        store->seen_i = i;
    }
    pthread_mutex_unlock(&store->lock);
}

/* Once, to the server of the driver's choice or the one given. */
static void send_once(struct io_mongo_store *store, struct io_lane *lane, const struct mig_call *call,
                      bool standalone, mongoc_client_session_t *session, uint32_t server_id,
                      struct mig_reply *ret)
{
    char name[COMMAND_NAME_MAX] = "command";
    bson_iter_t first;
    if (bson_iter_init(&first, call->command) && bson_iter_next(&first)) {
        char *safe = mig_text_safe_dup(bson_iter_key(&first), sizeof name / 4);
        snprintf(name, sizeof name, "%s", safe);
        free(safe);
    }
    bson_error_t error = { 0 };
    bson_t doc, opts = BSON_INITIALIZER;
    build(store, call, standalone, &doc);
    if (server_id)
        BSON_APPEND_INT32(&opts, "serverId", (int32_t)server_id);
    io_pool_restart(lane);

    bool ok = false;
    if (doc.len > COMMAND_MAX) {
        bson_set_error(&error, MONGOC_ERROR_BSON, MONGOC_ERROR_BSON_INVALID,
                       "%s is %u bytes; servers take at most %d", name, doc.len, COMMAND_MAX);
        bson_init(&ret->body);
    } else if (session && !mongoc.client_session_append(session, &opts, &error)) {
        bson_init(&ret->body);
    } else {
        /* "Write" in the driver's words, reads too: so they go to the primary and say nothing of read
         * preference, where the driver would let a lone secondary answer. With no concerns in the URI it
         * adds none; writeErrors are in the body as the server sent them, whatever it returns. */
        const char *db = call->db ? call->db : store->database;
        ok = mongoc.client_write_command_with_opts(lane->client, db, &doc, &opts, &ret->body, &error);
    }
    io_mongo_judge(lane, name, ok, &error, ret);
    ret->sent_ms = lane->started_ms ? lane->started_ms : ret->sent_ms;
    ret->took_ms = io_boottime_ms() - ret->sent_ms;
    if (ret->outcome == MIG_OUTCOME_OK && call->write && !call->txn)
        io_mongo_remember(store, &ret->body);
    bson_destroy(&doc);
    bson_destroy(&opts);
}

static bool worth_reading_again(const struct mig_reply *reply)
{
    if (reply->outcome == MIG_OUTCOME_UNKNOWN)
        return true;
    if (reply->outcome != MIG_OUTCOME_REFUSED)
        return false;
    int64_t code = mig_doc_int(&reply->body, "code", 0);
    for (size_t i = 0; i < MIG_COUNT(gone_codes); i++) {
        if (gone_codes[i] == code)
            return true;
    }
    return false;
}

static bool connection_failed(const struct mig_reply *reply)
{
    return reply->outcome == MIG_OUTCOME_NOT_SENT &&
           (reply->error.code == MIG_ERR_UNREACHABLE || reply->error.code == MIG_ERR_TLS);
}

void io_mongo_run(struct io_mongo_store *store, struct io_lane *lane, const struct mig_call *call,
                  mongoc_client_session_t *session, uint32_t server_id, struct mig_reply *ret)
{
    int64_t until = io_boottime_ms() + store->target.limits.select_ms;
    bool once = call->txn || server_id; /* another connection or server would not do */
    bool reread = !call->write && !once;
    for (;;) {
        struct mig_error err = { 0 };
        bool standalone = false;
        if (!io_mongo_wait_for_server(store, lane, &standalone, &err)) {
            io_mongo_not_sent(ret, &err);
            return;
        }
        *ret = (struct mig_reply){ .sent_ms = io_boottime_ms() };
        send_once(store, lane, call, standalone, session, server_id, ret);
        if (atomic_load(&lane->cancelled))
            return;
        if (!once && connection_failed(ret) && io_boottime_ms() < until) {
            /* Not a byte of it has left: the next connection may do. */
            if (!io_pool_pause(lane, RECONNECT_MS))
                return;
        } else if (reread && worth_reading_again(ret)) {
            reread = false;
        } else {
            return;
        }
        bson_destroy(&ret->body);
    }
}

void io_mongo_command(struct mig_store *base, const struct mig_call *call, struct mig_reply *ret)
{
    struct io_mongo_store *store = io_mongo(base);
    struct mig_error err = { 0 };
    struct io_lane *lane = call->txn ? call->txn->lane : io_mongo_take(store, &err);
    if (!lane) {
        io_mongo_not_sent(ret, &err);
        return;
    }
    if (io_pool_begin(store->pool, lane, io_mongo_socket_ms(store, call))) {
        io_mongo_run(store, lane, call, call->txn ? call->txn->session : NULL, 0, ret);
    } else {
        mig_fail(&err, MIG_ERR_CANCELLED, "stopped before anything was sent");
        io_mongo_not_sent(ret, &err);
    }
    io_pool_end(store->pool, lane);
    if (!call->txn)
        io_mongo_give(store, lane);
}
