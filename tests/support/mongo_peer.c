/* mongo_peer.c - see mongo_peer.h. */
#include "support/mongo_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/doc.h"
#include "base/mem.h"

#define OP_REPLY 1
#define OP_QUERY 2004
#define OP_MSG   2013

struct link {
    struct peer *peer;
    size_t slot;
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

/* A cursor without an end, the sixth of its batches with a document. */
static bson_t *endless(const char *batch, bool news)
{
    bson_t *reply = BCON_NEW("ok", BCON_DOUBLE(1));
    bson_t cursor, list;
    BSON_APPEND_DOCUMENT_BEGIN(reply, "cursor", &cursor);
    BSON_APPEND_INT64(&cursor, "id", 9);
    BSON_APPEND_UTF8(&cursor, "ns", "db.$cmd.aggregate");
    BSON_APPEND_ARRAY_BEGIN(&cursor, batch, &list);
    if (news)
        BCON_APPEND(&list, "0", "{", "_id", BCON_INT32(6), "}");
    bson_append_array_end(&cursor, &list);
    bson_append_document_end(reply, &cursor);
    return reply;
}

static bson_t *answer(const char *command, const bson_t *doc, int number)
{
    if (strcmp(command, "aggregate") == 0)
        return endless("firstBatch", false);
    if (strcmp(command, "getMore") == 0 && mig_doc_int(doc, "getMore", 0) == 9)
        return endless("nextBatch", number == 6);
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
    int number = ++peer->commands;
    bool cut = peer->cuts > 0;
    peer->cuts -= cut;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
    if (cut)
        return false;
    if (strcmp(name, "hang") == 0)
        return true;
    bson_t *reply = answer(name, doc, number);
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
        assert_true(peer->connections < PEER_CONNECTIONS_MAX);
        struct link *link = mig_alloc(sizeof *link);
        *link = (struct link){ .peer = peer, .slot = peer->connections };
        peer->fds[peer->connections] = fd;
        pthread_create(&peer->threads[peer->connections++], NULL, serve, link);
        pthread_mutex_unlock(&peer->lock);
    }
}

void peer_start(struct peer *peer, const char *set)
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

void peer_stop(struct peer *peer)
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

int peer_commands(struct peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    int count = peer->commands;
    pthread_mutex_unlock(&peer->lock);
    return count;
}

void hang_up_on_the_next(struct peer *peer, int count)
{
    pthread_mutex_lock(&peer->lock);
    peer->cuts = count;
    pthread_mutex_unlock(&peer->lock);
}
