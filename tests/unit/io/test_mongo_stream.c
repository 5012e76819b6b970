/* A large reply is received on only in its turn. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/mongo.h"
#include "io/mongo_lane.h"
#include "io/mongo_stream.h"
#include "ports/store.h"

#define REPLY ((size_t)3000000)
#define FROM  ((uint64_t)1000000)

/* Takes one connection and sends a reply. */
static void *send_reply(void *context)
{
    int fd = accept(*(int *)context, NULL, NULL);
    char *bytes = mig_alloc(REPLY);
    size_t sent = 0;
    while (sent < REPLY) {
        ssize_t n = send(fd, bytes + sent, REPLY - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    free(bytes);
    close(fd);
    return NULL;
}

struct turn {
    struct io_lane *lane;
    int begun, ended;
    uint64_t received; /* when it began */
};

static void begin(void *context)
{
    struct turn *turn = context;
    turn->begun++;
    turn->received = turn->lane->received_bytes;
}

static void end(void *context)
{
    ((struct turn *)context)->ended++;
}

/* Receive the reply on a lane with those turns; large NULL: without. */
static void receive(struct io_lane *lane, const struct mig_large *large)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    pthread_t peer;
    assert_int_equal(pthread_create(&peer, NULL, send_reply, &listener), 0);
    char text[64];
    bson_error_t error;
    snprintf(text, sizeof text, "mongodb://127.0.0.1:%d/", ntohs(at.sin_port));
    mongoc_uri_t *uri = mongoc.uri_new_with_error(text, &error);
    mongoc_stream_t *stream = io_stream_connect(uri, mongoc.uri_get_hosts(uri), lane, &error);
    assert_non_null(stream);
    char *bytes = mig_alloc(REPLY);
    lane->in_command = true;
    lane->socket_ms = 30000;
    lane->large = large;
    assert_int_equal(mongoc.stream_read(stream, bytes, REPLY, REPLY, 30000), REPLY);
    free(bytes);
    mongoc.stream_destroy(stream);
    mongoc.uri_destroy(uri);
    pthread_join(peer, NULL);
    close(listener);
}

static void a_large_reply_waits_for_its_turn_before_it_is_large(void **state)
{
    struct io_lane lane = { .wake_fd = -1 };
    struct turn turn = { .lane = &lane };
    const struct mig_large large = { FROM, begin, end, &turn };
    (void)state;
    receive(&lane, &large);
    assert_int_equal(turn.begun, 1);
    assert_int_equal(turn.received, FROM);
    assert_int_equal(turn.ended, 0); /* by who frees the reply */
    assert_true(lane.in_turn);
}

static void one_that_is_not_large_has_no_turn(void **state)
{
    struct io_lane lane = { .wake_fd = -1 };
    struct turn turn = { .lane = &lane };
    const struct mig_large large = { REPLY + 1, begin, end, &turn };
    (void)state;
    receive(&lane, &large);
    receive(&lane, NULL);
    assert_int_equal(turn.begun, 0);
}

int main(void)
{
    struct mig_error err;
    if (!io_mongo_load(&err))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_reply_waits_for_its_turn_before_it_is_large),
        cmocka_unit_test(one_that_is_not_large_has_no_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
