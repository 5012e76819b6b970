/* mongo_peer.h - a peer on the loopback that speaks the wire protocol and does what no server does on request.
 *
 * Commands it knows besides the handshake: insert (answers with a write error), refuse (ok: 0), find (a cursor of two batches),
 * aggregate (one that never ends; the sixth command brings a document), missing (code 26), hang (no answer), half (half an
 * answer), drop (hangs up after the answer). All others are answered with ok: 1.
 */
#ifndef MIG_TESTS_MONGO_PEER_H
#define MIG_TESTS_MONGO_PEER_H

#include <bson/bson.h>
#include <pthread.h>
#include <stdint.h>

#define PEER_CONNECTIONS_MAX 64

struct peer {
    int listener;
    uint16_t port;
    const char *set; /* NULL: a lone server */
    pthread_t acceptor;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    int fds[PEER_CONNECTIONS_MAX];
    pthread_t threads[PEER_CONNECTIONS_MAX];
    size_t connections;
    bson_t *last; /* the last command that was no handshake */
    int commands, dropped;
    int cuts; /* how many of the next commands end with a hang-up instead of a reply */
};

void peer_start(struct peer *peer, const char *set);
void peer_stop(struct peer *peer);
int peer_commands(struct peer *peer);
void hang_up_on_the_next(struct peer *peer, int count);

#endif
