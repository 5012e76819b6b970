/* The MongoDB store against a peer on the loopback that does what no server does on request: hang up in the
 * middle of a reply, never answer, belong to another set. What a server does, tests/live asks a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/mongo.h"
#include "io/mongo_store.h"
#include "support/mongo_peer.h"

struct world {
    struct peer peer;
    struct mig_store *store;
};

static struct mig_store *open_store(uint16_t port, const char *options)
{
    MIG_AUTOFREE char *uri =
        mig_printf("mongodb://127.0.0.1:%u/db?serverSelectionTimeoutMS=3000%s", (unsigned)port, options);
    struct io_mongo_options how = { .uri = uri, .app_name = "migtui/test" };
    struct mig_store *store;
    struct mig_error err;
    if (!io_mongo_open(&how, &store, &err))
        fail_msg("%s", err.message);
    return store;
}

static int start_set(void **state)
{
    struct world *w = mig_alloc(sizeof *w);
    peer_start(&w->peer, "rs");
    w->store = open_store(w->peer.port, "&replicaSet=rs");
    *state = w;
    return 0;
}

static int stop(void **state)
{
    struct world *w = *state;
    if (w->store)
        w->store->ops->close(w->store);
    peer_stop(&w->peer);
    free(w);
    return 0;
}

static void run(struct mig_store *store, const char *name, struct mig_call call, struct mig_reply *ret)
{
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_INT32(&doc, name, 1);
    call.command = &doc;
    store->ops->command(store, &call, ret);
}

static enum mig_outcome outcome_of(struct mig_store *store, const char *name, struct mig_call call)
{
    struct mig_reply reply;
    run(store, name, call, &reply);
    mig_reply_done(&reply);
    return reply.outcome;
}

static const struct mig_call plain = { .no_concern = true };
static const struct mig_call reading;
static const struct mig_call writing = { .write = true };

static void reads_and_writes_carry_what_makes_them_safe(void **state)
{
    struct world *w = *state;
    assert_int_equal(outcome_of(w->store, "find", reading), MIG_OUTCOME_OK);
    assert_string_equal(mig_doc_str(w->peer.last, "readConcern.level", ""), "majority");
    assert_false(mig_doc_has(w->peer.last, "readConcern.afterClusterTime"));
    assert_false(mig_doc_has(w->peer.last, "writeConcern"));
    assert_false(mig_doc_has(w->peer.last, "$readPreference"));
    assert_string_equal(mig_doc_str(w->peer.last, "$db", ""), "db");

    struct mig_call call = { .write = true, .max_time_ms = 1234, .db = "admin" };
    assert_int_equal(outcome_of(w->store, "insert", call), MIG_OUTCOME_OK);
    assert_string_equal(mig_doc_str(w->peer.last, "writeConcern.w", ""), "majority");
    assert_true(mig_doc_bool(w->peer.last, "writeConcern.j", false));
    assert_int_equal(mig_doc_int(w->peer.last, "writeConcern.wtimeout", 0), 10000);
    assert_int_equal(mig_doc_int(w->peer.last, "maxTimeMS", 0), 1234);
    assert_false(mig_doc_has(w->peer.last, "readConcern"));
    assert_string_equal(mig_doc_str(w->peer.last, "$db", ""), "admin");

    assert_int_equal(outcome_of(w->store, "ping", plain), MIG_OUTCOME_OK);
    assert_false(mig_doc_has(w->peer.last, "readConcern"));
    assert_false(mig_doc_has(w->peer.last, "maxTimeMS"));
}

/* A new primary may lag behind what the old one acknowledged to us. */
static void a_read_waits_for_what_was_written_before(void **state)
{
    struct world *w = *state;
    outcome_of(w->store, "insert", writing);
    outcome_of(w->store, "find", reading);
    bson_iter_t it;
    uint32_t t = 0, i = 0;
    assert_true(mig_doc_find(w->peer.last, "readConcern.afterClusterTime", &it));
    bson_iter_timestamp(&it, &t, &i);
    assert_int_equal(t, 100);
    assert_int_equal(i, 7);
}

static void concerns_of_the_command_are_kept(void **state)
{
    struct world *w = *state;
    bson_t *doc = BCON_NEW("update", BCON_UTF8("c"), "writeConcern", "{", "w", BCON_INT32(2), "}");
    struct mig_call call = { .command = doc, .write = true };
    struct mig_reply reply;
    w->store->ops->command(w->store, &call, &reply);
    mig_reply_done(&reply);
    bson_destroy(doc);
    assert_int_equal(mig_doc_int(w->peer.last, "writeConcern.w", 0), 2);
    assert_false(mig_doc_has(w->peer.last, "writeConcern.j"));
}

static void write_errors_are_the_callers_to_read(void **state)
{
    struct world *w = *state;
    struct mig_reply reply;
    run(w->store, "insert", writing, &reply);
    assert_int_equal(reply.outcome, MIG_OUTCOME_OK);
    assert_int_equal(mig_doc_int(&reply.body, "writeErrors.0.code", 0), 11000);
    mig_reply_done(&reply);
}

static void a_refusal_has_the_servers_words_and_labels(void **state)
{
    struct world *w = *state;
    struct mig_reply reply;
    run(w->store, "refuse", writing, &reply);
    assert_int_equal(reply.outcome, MIG_OUTCOME_REFUSED);
    assert_int_equal(reply.labels, MIG_LABEL_TRANSIENT_TRANSACTION);
    assert_int_equal(reply.error.code, MIG_ERR_SERVER);
    assert_int_equal(reply.error.server_code, 112);
    assert_non_null(strstr(reply.error.message, "red \\x1b[31mtext (WriteConflict, 112)"));
    mig_reply_done(&reply);
}

static void a_lost_reply_is_unknown_and_the_next_call_reconnects(void **state)
{
    struct world *w = *state;
    struct mig_reply reply;
    hang_up_on_the_next(&w->peer, 1);
    int64_t before = io_boottime_ms();
    run(w->store, "insert", writing, &reply);
    assert_int_equal(reply.outcome, MIG_OUTCOME_UNKNOWN);
    assert_int_equal(reply.error.code, MIG_ERR_UNKNOWN_OUTCOME);
    assert_non_null(strstr(reply.error.message, "the server closed the connection"));
    assert_true(reply.sent_ms >= before);
    mig_reply_done(&reply);
    assert_int_equal(peer_commands(&w->peer), 1); /* never sent again */
    assert_int_equal(outcome_of(w->store, "half", writing), MIG_OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of(w->store, "ping", plain), MIG_OUTCOME_OK);
    assert_int_equal(w->store->ops->round_trips(w->store), 3);
}

static void a_read_is_sent_once_more(void **state)
{
    struct world *w = *state;
    hang_up_on_the_next(&w->peer, 1);
    assert_int_equal(outcome_of(w->store, "find", reading), MIG_OUTCOME_OK);
    hang_up_on_the_next(&w->peer, 2);
    assert_int_equal(outcome_of(w->store, "find", reading), MIG_OUTCOME_UNKNOWN);
    assert_int_equal(peer_commands(&w->peer), 4);
}

/* Firewalls and restarts close connections that lie idle. Nothing was sent on it then, and we know. */
static void a_connection_closed_while_idle_is_no_unknown_outcome(void **state)
{
    struct world *w = *state;
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(outcome_of(w->store, "drop", plain), MIG_OUTCOME_OK);
        pthread_mutex_lock(&w->peer.lock);
        while (w->peer.dropped < i)
            pthread_cond_wait(&w->peer.changed, &w->peer.lock);
        pthread_mutex_unlock(&w->peer.lock);
        assert_int_equal(outcome_of(w->store, "insert", writing), MIG_OUTCOME_OK);
    }
    assert_int_equal(peer_commands(&w->peer), 10);
}

struct caller {
    struct mig_store *store;
    struct mig_reply reply;
};

static void *hang(void *context)
{
    struct caller *c = context;
    struct mig_call call = { .write = true, .long_running = true };
    run(c->store, "hang", call, &c->reply);
    return NULL;
}

static void a_cancel_ends_calls_under_way_and_refuses_others(void **state)
{
    struct world *w = *state;
    for (int round = 1; round <= 3; round++) {
        struct caller c[2] = { { .store = w->store }, { .store = w->store } };
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, hang, &c[i]);
        pthread_mutex_lock(&w->peer.lock);
        while (w->peer.commands < 3 * round - 1)
            pthread_cond_wait(&w->peer.changed, &w->peer.lock);
        pthread_mutex_unlock(&w->peer.lock);

        w->store->ops->cancel(w->store, true);
        struct mig_reply reply;
        run(w->store, "ping", plain, &reply);
        w->store->ops->cancel(w->store, false); /* those that were stopped stay so */
        for (int i = 0; i < 2; i++) {
            pthread_join(threads[i], NULL);
            assert_int_equal(c[i].reply.outcome, MIG_OUTCOME_UNKNOWN);
            assert_non_null(strstr(c[i].reply.error.message, "cancelled"));
            mig_reply_done(&c[i].reply);
        }
        assert_int_equal(reply.outcome, MIG_OUTCOME_NOT_SENT);
        assert_int_equal(reply.error.code, MIG_ERR_CANCELLED);
        mig_reply_done(&reply);
        assert_int_equal(outcome_of(w->store, "ping", plain), MIG_OUTCOME_OK);
    }
}

struct seen {
    int count, stop_at;
    int64_t last;
};

static bool see(const bson_t *doc, void *context)
{
    struct seen *seen = context;
    seen->last = mig_doc_int(doc, "_id", -1);
    return ++seen->count != seen->stop_at;
}

static bool query(struct mig_store *store, const char *name, struct seen *seen)
{
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, name, "c");
    BSON_APPEND_INT32(&doc, "batchSize", 2);
    struct mig_call call = { .command = &doc };
    struct mig_error err;
    return store->ops->query(store, &call, see, seen, &err);
}

static void a_query_goes_through_every_batch(void **state)
{
    struct world *w = *state;
    struct seen seen = { 0 };
    assert_true(query(w->store, "find", &seen));
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.last, 3);
    assert_int_equal(mig_doc_int(w->peer.last, "getMore", 0), 7);
    assert_int_equal(mig_doc_int(w->peer.last, "batchSize", 0), 2);
    assert_true(mig_doc_has(w->peer.last, "lsid"));
    seen = (struct seen){ .stop_at = 2 };
    assert_true(query(w->store, "find", &seen));
    assert_int_equal(seen.count, 2);
    assert_int_equal(mig_doc_int(w->peer.last, "cursors.0", 0), 7); /* killed */
    assert_true(query(w->store, "missing", &seen)); /* a missing collection has no documents */
    assert_int_equal(seen.count, 2);
    assert_false(query(w->store, "refuse", &seen));
}

struct listener {
    struct seen seen;
    int opened, idle;
};

static bool note_opened(const bson_t *cursor, void *context, struct mig_error *err)
{
    (void)cursor, (void)err;
    ((struct listener *)context)->opened++;
    return true;
}

static bool hear(const bson_t *doc, void *context)
{
    return see(doc, &((struct listener *)context)->seen);
}

static bool ten_times(void *context)
{
    return ++((struct listener *)context)->idle < 10;
}

static void a_cursor_without_an_end_waits_on_the_server_until_it_is_left(void **state)
{
    struct world *w = *state;
    struct listener listener = { 0 };
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_INT32(&doc, "aggregate", 1);
    struct mig_call call = { .command = &doc, .opened = note_opened, .idle = ten_times, .await_ms = 4321 };
    struct mig_error err;
    assert_true(w->store->ops->query(w->store, &call, hear, &listener, &err));
    assert_int_equal(listener.opened, 1);
    assert_int_equal(listener.idle, 10);
    assert_int_equal(listener.seen.count, 1);
    assert_int_equal(listener.seen.last, 6);
    assert_int_equal(mig_doc_int(w->peer.last, "cursors.0", 0), 9); /* killed */
    assert_false(mig_doc_has(w->peer.last, "maxTimeMS"));
    assert_int_equal(w->peer.commands, 1 + 11 + 1);
}

static bool hang_up(void *context)
{
    hang_up_on_the_next(context, 1);
    return true;
}

static void a_cursor_without_an_end_that_breaks_is_an_error_at_once(void **state)
{
    struct world *w = *state;
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_INT32(&doc, "aggregate", 1);
    struct mig_call call = { .command = &doc, .idle = hang_up, .await_ms = 4321 };
    struct mig_error err = { 0 };
    assert_false(w->store->ops->query(w->store, &call, see, &w->peer, &err));
    assert_int_equal(err.code, MIG_ERR_UNKNOWN_OUTCOME);
    pthread_mutex_lock(
        &w->peer.lock); /* the end of a connection, unlike an answer, orders nothing between the threads */
    assert_int_equal(mig_doc_int(w->peer.last, "getMore", 0), 9);
    assert_int_equal(mig_doc_int(w->peer.last, "maxTimeMS", 0), 4321);
    assert_int_equal(w->peer.commands, 3); /* and nothing is asked again */
    pthread_mutex_unlock(&w->peer.lock);
}

static void a_lone_server_is_not_asked_for_a_majority(void **state)
{
    (void)state;
    struct peer peer;
    peer_start(&peer, NULL);
    struct mig_store *store = open_store(peer.port, "");
    assert_int_equal(outcome_of(store, "find", reading), MIG_OUTCOME_OK);
    assert_false(mig_doc_has(peer.last, "readConcern"));
    assert_false(mig_doc_has(peer.last, "$readPreference"));
    struct mig_txn *txn;
    struct mig_error err;
    assert_false(store->ops->txn_begin(store, &txn, &err));
    assert_null(txn);
    store->ops->close(store);
    peer_stop(&peer);
}

static void a_wrong_set_is_named_with_both_names(void **state)
{
    struct world *w = *state;
    struct mig_store *store = open_store(w->peer.port, "&replicaSet=prod");
    for (int i = 0; i < 2; i++) { /* the second time by a new pool: the first has dropped its only host */
        struct mig_reply reply;
        run(store, "ping", plain, &reply);
        assert_int_equal(reply.outcome, MIG_OUTCOME_NOT_SENT);
        assert_int_equal(reply.error.code, MIG_ERR_WRONG_SERVER);
        assert_non_null(strstr(reply.error.message, "\"rs\""));
        assert_non_null(strstr(reply.error.message, "replicaSet=prod"));
        mig_reply_done(&reply);
    }
    store->ops->close(store);
}

static void where_nothing_listens_nothing_is_sent(void **state)
{
    (void)state;
    struct peer peer;
    peer_start(&peer, "rs");
    uint16_t port = peer.port;
    peer_stop(&peer);
    struct mig_store *store = open_store(port, "&replicaSet=rs&serverSelectionTimeoutMS=100");
    struct mig_reply reply;
    run(store, "insert", writing, &reply);
    assert_int_equal(reply.outcome, MIG_OUTCOME_NOT_SENT);
    assert_int_equal(reply.error.code, MIG_ERR_UNREACHABLE);
    assert_non_null(strstr(reply.error.message, "Connection refused"));
    mig_reply_done(&reply);
    assert_int_equal(store->ops->round_trips(store), 0);
    store->ops->close(store);
}

static void a_command_that_no_server_takes_is_not_sent(void **state)
{
    struct world *w = *state;
    size_t size = 17 * 1024 * 1024;
    char *text = mig_alloc(size);
    memset(text, 'x', size - 1);
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "insert", text);
    free(text);
    struct mig_call call = { .command = &doc, .write = true };
    struct mig_reply reply;
    w->store->ops->command(w->store, &call, &reply);
    assert_int_equal(reply.outcome, MIG_OUTCOME_NOT_SENT);
    mig_reply_done(&reply);
    assert_int_equal(peer_commands(&w->peer), 0);
}

static int start(void **state)
{
    (void)state;
    io_mongo_init();
    return 0;
}

static int end(void **state)
{
    (void)state;
    return io_mongo_cleanup(30000) ? 0 : -1;
}

int main(void)
{
#define PEER_TEST(name) cmocka_unit_test_setup_teardown(name, start_set, stop)
    const struct CMUnitTest tests[] = {
        PEER_TEST(reads_and_writes_carry_what_makes_them_safe),
        PEER_TEST(a_read_waits_for_what_was_written_before),
        PEER_TEST(concerns_of_the_command_are_kept),
        PEER_TEST(write_errors_are_the_callers_to_read),
        PEER_TEST(a_refusal_has_the_servers_words_and_labels),
        PEER_TEST(a_lost_reply_is_unknown_and_the_next_call_reconnects),
        PEER_TEST(a_read_is_sent_once_more),
        PEER_TEST(a_connection_closed_while_idle_is_no_unknown_outcome),
        PEER_TEST(a_cancel_ends_calls_under_way_and_refuses_others),
        PEER_TEST(a_query_goes_through_every_batch),
        PEER_TEST(a_cursor_without_an_end_waits_on_the_server_until_it_is_left),
        PEER_TEST(a_cursor_without_an_end_that_breaks_is_an_error_at_once),
        cmocka_unit_test(a_lone_server_is_not_asked_for_a_majority),
        PEER_TEST(a_wrong_set_is_named_with_both_names),
        cmocka_unit_test(where_nothing_listens_nothing_is_sent),
        PEER_TEST(a_command_that_no_server_takes_is_not_sent),
    };
    return cmocka_run_group_tests(tests, start, end);
}
