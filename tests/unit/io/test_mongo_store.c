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

#define CONNECTIONS_MAX 64
#define OP_REPLY        1
#define OP_QUERY        2004
#define OP_MSG          2013

struct peer {
    int listener;
    uint16_t port;
    const char *set; /* NULL: a lone server */
    pthread_t acceptor;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    int fds[CONNECTIONS_MAX];
    pthread_t threads[CONNECTIONS_MAX];
    size_t connections;
    bson_t *last; /* the last command that was no handshake */
    int commands, dropped;
    int cuts; /* how many of the next commands end with a hang-up instead of a reply */
};

struct link {
    struct peer *peer;
    size_t slot;
};

struct world {
    struct peer peer;
    struct mig_store *store;
};

static bool read_all(int fd, void *to, size_t len)
{
    return recv(fd, to, len, MSG_WAITALL) == (ssize_t)len;
}

static void send_reply(int fd, int32_t opcode, int32_t to, const bson_t *doc, bool half)
{
    uint8_t head[36] = { 0 };
    size_t size = opcode == OP_REPLY ? 36 : 21;
    int32_t fields[] = { (int32_t)(size + doc->len), 1, to, opcode };
    memcpy(head, fields, sizeof fields);
    if (opcode == OP_REPLY)
        head[32] = 1; /* one document */
    send(fd, head, size, MSG_NOSIGNAL);
    send(fd, bson_get_data(doc), half ? doc->len / 2 : doc->len, MSG_NOSIGNAL);
}

static bson_t *hello(const struct peer *peer)
{
    bson_t *doc =
        BCON_NEW("ismaster", BCON_BOOL(true), "isWritablePrimary", BCON_BOOL(true), "maxWireVersion",
                 BCON_INT32(17), "minWireVersion", BCON_INT32(0), "maxBsonObjectSize", BCON_INT32(16777216),
                 "maxMessageSizeBytes", BCON_INT32(48000000), "maxWriteBatchSize", BCON_INT32(100000),
                 "logicalSessionTimeoutMinutes", BCON_INT32(30), "ok", BCON_DOUBLE(1));
    if (peer->set) {
        char me[32];
        snprintf(me, sizeof me, "127.0.0.1:%u", (unsigned)peer->port);
        BCON_APPEND(doc, "setName", BCON_UTF8(peer->set), "me", BCON_UTF8(me), "primary", BCON_UTF8(me),
                    "hosts", "[", BCON_UTF8(me), "]");
    }
    return doc;
}

static bson_t *answer(const char *command)
{
    if (strcmp(command, "insert") == 0)
        return BCON_NEW("n", BCON_INT32(0), "writeErrors", "[", "{", "code", BCON_INT32(11000), "}", "]",
                        "operationTime", BCON_TIMESTAMP(100, 7), "ok", BCON_DOUBLE(1));
    if (strcmp(command, "refuse") == 0)
        return BCON_NEW("ok", BCON_DOUBLE(0), "code", BCON_INT32(112), "codeName", BCON_UTF8("WriteConflict"),
                        "errmsg", BCON_UTF8("red \x1b[31mtext"), "errorLabels", "[",
                        BCON_UTF8("TransientTransactionError"), "]");
    if (strcmp(command, "find") == 0)
        return BCON_NEW("cursor", "{", "id", BCON_INT64(7), "ns", BCON_UTF8("db.c"), "firstBatch", "[", "{",
                        "_id", BCON_INT32(1), "}", "{", "_id", BCON_INT32(2), "}", "]", "}", "ok",
                        BCON_DOUBLE(1));
    if (strcmp(command, "getMore") == 0)
        return BCON_NEW("cursor", "{", "id", BCON_INT64(0), "ns", BCON_UTF8("db.c"), "nextBatch", "[", "{",
                        "_id", BCON_INT32(3), "}", "]", "}", "ok", BCON_DOUBLE(1));
    if (strcmp(command, "missing") == 0)
        return BCON_NEW("ok", BCON_DOUBLE(0), "code", BCON_INT32(26), "errmsg",
                        BCON_UTF8("ns does not exist"));
    return BCON_NEW("ok", BCON_DOUBLE(1));
}

/* True to go on. */
static bool serve_command(struct peer *peer, int fd, int32_t id, const bson_t *doc)
{
    bson_iter_t first;
    if (!bson_iter_init(&first, doc) || !bson_iter_next(&first))
        return false;
    const char *name = bson_iter_key(&first);
    if (strcasecmp(name, "ismaster") == 0 || strcmp(name, "hello") == 0) {
        bson_t *reply = hello(peer);
        send_reply(fd, OP_MSG, id, reply, false);
        bson_destroy(reply);
        return true;
    }
    if (strcmp(name, "endSessions") == 0)
        return false;
    pthread_mutex_lock(&peer->lock);
    bson_destroy(peer->last);
    peer->last = bson_copy(doc);
    peer->commands++;
    bool cut = peer->cuts > 0;
    peer->cuts -= cut;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
    if (cut)
        return false;
    if (strcmp(name, "hang") == 0)
        return true;
    bson_t *reply = answer(name);
    send_reply(fd, OP_MSG, id, reply, strcmp(name, "half") == 0);
    bson_destroy(reply);
    return strcmp(name, "half") != 0 && strcmp(name, "drop") != 0;
}

static void *serve(void *context)
{
    struct link link = *(struct link *)context;
    free(context);
    struct peer *peer = link.peer;
    int fd = peer->fds[link.slot];
    int32_t head[4];
    bool more = true;
    while (more && read_all(fd, head, sizeof head)) {
        size_t size = (size_t)head[0] - sizeof head;
        uint8_t *body = mig_alloc(size);
        more = read_all(fd, body, size);
        if (more && head[3] == OP_QUERY) {
            bson_t *reply = hello(peer);
            send_reply(fd, OP_REPLY, head[1], reply, false);
            bson_destroy(reply);
        } else if (more) {
            bson_t doc;
            uint32_t len;
            memcpy(&len, body + 5, sizeof len);
            more = bson_init_static(&doc, body + 5, len) && serve_command(peer, fd, head[1], &doc);
        }
        free(body);
    }
    shutdown(fd, SHUT_RDWR);
    pthread_mutex_lock(&peer->lock);
    peer->dropped++;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
    return NULL;
}

static void *accept_all(void *context)
{
    struct peer *peer = context;
    for (;;) {
        int fd = accept(peer->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&peer->lock);
        assert_true(peer->connections < CONNECTIONS_MAX);
        struct link *link = mig_alloc(sizeof *link);
        *link = (struct link){ .peer = peer, .slot = peer->connections };
        peer->fds[peer->connections] = fd;
        pthread_create(&peer->threads[peer->connections++], NULL, serve, link);
        pthread_mutex_unlock(&peer->lock);
    }
}

static void peer_start(struct peer *peer, const char *set)
{
    *peer = (struct peer){ .set = set, .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(peer->listener, 16), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &len), 0);
    peer->port = ntohs(address.sin_port);
    pthread_mutex_init(&peer->lock, NULL);
    pthread_cond_init(&peer->changed, NULL);
    pthread_create(&peer->acceptor, NULL, accept_all, peer);
}

static void peer_stop(struct peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->acceptor, NULL);
    for (size_t i = 0; i < peer->connections; i++) {
        shutdown(peer->fds[i], SHUT_RDWR);
        pthread_join(peer->threads[i], NULL);
        close(peer->fds[i]);
    }
    close(peer->listener);
    bson_destroy(peer->last);
    pthread_mutex_destroy(&peer->lock);
    pthread_cond_destroy(&peer->changed);
}

static int commands(struct peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    int count = peer->commands;
    pthread_mutex_unlock(&peer->lock);
    return count;
}

static void hang_up_on_the_next(struct peer *peer, int count)
{
    pthread_mutex_lock(&peer->lock);
    peer->cuts = count;
    pthread_mutex_unlock(&peer->lock);
}

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
    assert_int_equal(commands(&w->peer), 1); /* never sent again */
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
    assert_int_equal(commands(&w->peer), 4);
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
    assert_int_equal(commands(&w->peer), 10);
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
    assert_int_equal(commands(&w->peer), 0);
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
        cmocka_unit_test(a_lone_server_is_not_asked_for_a_majority),
        PEER_TEST(a_wrong_set_is_named_with_both_names),
        cmocka_unit_test(where_nothing_listens_nothing_is_sent),
        PEER_TEST(a_command_that_no_server_takes_is_not_sent),
    };
    return cmocka_run_group_tests(tests, start, end);
}
