/* mongo_stream.c - poll({socket, wake_fd}) under the driver's stream interface. */
#include "io/mongo_stream.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/clock.h"
#include "ports/store.h"

/* Any number the driver does not use itself; it is only compared between streams. */
#define STREAM_TYPE 0x6d6967

/* A dead peer is noticed after about two minutes also where no timeout is set. */
#define KEEPALIVE_IDLE_S     60
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES     6

struct stream {
    mongoc_stream_t base;
    struct io_lane *lane;
    int fd;
    bool timed_out;
};

static ssize_t broken(struct stream *s, enum io_break why, int error)
{
    s->lane->broke = why;
    s->lane->broke_errno = error;
    s->lane->broke_after_ms = s->lane->in_command ? s->lane->socket_ms : 0;
    /* A timeout does not mark the server unknown for other calls, and neither does a cancel: it says
     * nothing of it. */
    s->timed_out = why == IO_BREAK_TIMED_OUT || why == IO_BREAK_CANCELLED;
    errno = error;
    return -1;
}

/* The driver's time limit for handshakes, the call's own within a command. -1: none. */
static int64_t deadline(const struct stream *s, int32_t timeout_ms)
{
    int64_t limit = s->lane->in_command ? s->lane->socket_ms : timeout_ms;
    return limit < 0 ? -1 : io_boottime_ms() + limit;
}

static int remaining(int64_t until)
{
    if (until < 0)
        return -1;
    int64_t left = until - io_boottime_ms();
    return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left;
}

/* Wait for events on the socket. False: errno is set and the lane knows why. */
static bool ready(struct stream *s, short events, int64_t until)
{
    for (;;) {
        struct pollfd fds[2] = { { .fd = s->fd, .events = events },
                                 { .fd = s->lane->wake_fd, .events = POLLIN } };
        int n = poll(fds, 2, remaining(until));
        if (atomic_load(&s->lane->cancelled)) {
            broken(s, IO_BREAK_CANCELLED, ECANCELED);
            return false;
        }
        if (n > 0 && fds[0].revents)
            return true;
        if (n == 0) {
            broken(s, IO_BREAK_TIMED_OUT, ETIMEDOUT);
            return false;
        }
        if (n < 0 && errno != EINTR) {
            broken(s, IO_BREAK_ERROR, errno);
            return false;
        }
    }
}

/* True when the other side is known to have hung up; what it sent before does not matter to a new command. */
static bool hung_up(const struct stream *s)
{
    struct pollfd fd = { .fd = s->fd, .events = POLLRDHUP };
    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL));
}

static ssize_t stream_writev(mongoc_stream_t *base, mongoc_iovec_t *iov, size_t count, int32_t timeout_ms)
{
    struct stream *s = (struct stream *)base;
    struct io_lane *lane = s->lane;
    int64_t until = deadline(s, timeout_ms);
    ssize_t total = 0;

    if (atomic_load(&lane->cancelled))
        return broken(s, IO_BREAK_CANCELLED, ECANCELED);
    /* A command is not started on a connection that was closed while it lay idle: so nothing of it was
     * sent. */
    if (lane->in_command && lane->sent_bytes == 0 && hung_up(s))
        return broken(s, IO_BREAK_CLOSED, ECONNRESET);

    while (count > 0) {
        struct msghdr message = { .msg_iov = (struct iovec *)iov, .msg_iovlen = count > 64 ? 64 : count };
        ssize_t n = sendmsg(s->fd, &message, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN)
                return broken(s, IO_BREAK_ERROR, errno);
            if (!ready(s, POLLOUT, until))
                return -1;
            continue;
        }
        if (lane->in_command)
            lane->sent_bytes += (uint64_t)n;
        total += n;
        until = deadline(s, timeout_ms);
        while (count > 0 && (size_t)n >= iov->iov_len) {
            n -= (ssize_t)iov->iov_len;
            iov++;
            count--;
        }
        if (count > 0) {
            iov->iov_base = (char *)iov->iov_base + n;
            iov->iov_len -= (size_t)n;
        }
    }
    return total;
}

/* Of what is asked for, how much may be received now: all of it, or, of a reply that waits for its turn when it is large, no
 * more than makes it that. Of TLS the bytes are a little more than the reply has. */
static size_t allowed(struct io_lane *lane, size_t asked)
{
    if (!lane->in_command || !lane->large || lane->in_turn)
        return asked;
    if (lane->received_bytes >= lane->large->from) {
        lane->large->begin(lane->large->ctx);
        lane->in_turn = true;
        return asked;
    }
    uint64_t left = lane->large->from - lane->received_bytes;
    return asked < left ? asked : (size_t)left;
}

static ssize_t stream_readv(mongoc_stream_t *base, mongoc_iovec_t *iov, size_t count, size_t min_bytes,
                            int32_t timeout_ms)
{
    struct stream *s = (struct stream *)base;
    int64_t until = deadline(s, timeout_ms);
    size_t total = 0;

    while (count > 0) {
        ssize_t n = recv(s->fd, iov->iov_base, allowed(s->lane, iov->iov_len), 0);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN)
                return broken(s, IO_BREAK_ERROR, errno);
            /* TLS asks for "whatever there is" with min_bytes 0, but means at least a byte. */
            if (total > 0 && total >= min_bytes)
                break;
            if (!ready(s, POLLIN, until))
                return -1;
            continue;
        }
        if (n == 0) {
            if (total > 0 && total >= min_bytes)
                break;
            return broken(s, IO_BREAK_CLOSED, ECONNRESET);
        }
        total += (size_t)n;
        s->lane->received_bytes += s->lane->in_command ? (uint64_t)n : 0;
        until = deadline(s, timeout_ms);
        if ((size_t)n == iov->iov_len) {
            iov++;
            count--;
        } else {
            iov->iov_base = (char *)iov->iov_base + n;
            iov->iov_len -= (size_t)n;
        }
        if (total >= min_bytes)
            break;
    }
    errno = 0;
    return (ssize_t)total;
}

/* Only the blocking TLS handshake polls, and only one stream. */
static ssize_t stream_poll(mongoc_stream_poll_t *streams, size_t count, int32_t timeout_ms)
{
    if (count != 1) {
        errno = EINVAL;
        return -1;
    }
    struct stream *s = (struct stream *)streams[0].stream;
    if (!ready(s, (short)streams[0].events, timeout_ms < 0 ? -1 : io_boottime_ms() + timeout_ms))
        return -1;
    streams[0].revents = streams[0].events;
    return 1;
}

static int stream_close(mongoc_stream_t *base)
{
    struct stream *s = (struct stream *)base;
    int fd = s->fd;
    s->fd = -1;
    return fd >= 0 ? close(fd) : 0;
}

static void stream_destroy(mongoc_stream_t *base)
{
    stream_close(base);
    bson_free(base);
}

static int stream_flush(mongoc_stream_t *base)
{
    (void)base;
    return 0;
}

static int stream_setsockopt(mongoc_stream_t *base, int level, int name, void *value, mongoc_socklen_t len)
{
    return setsockopt(((struct stream *)base)->fd, level, name, value, len);
}

static bool stream_check_closed(mongoc_stream_t *base)
{
    return hung_up((struct stream *)base);
}

static bool stream_timed_out(mongoc_stream_t *base)
{
    return ((struct stream *)base)->timed_out;
}

static bool stream_should_retry(mongoc_stream_t *base)
{
    (void)base;
    return false; /* every call here waits until it is done or has failed */
}

static mongoc_stream_t *stream_new(int fd, struct io_lane *lane)
{
    struct stream *s = bson_malloc0(sizeof *s);
    s->base.type = STREAM_TYPE;
    s->base.destroy = stream_destroy;
    s->base.failed = stream_destroy;
    s->base.close = stream_close;
    s->base.flush = stream_flush;
    s->base.writev = stream_writev;
    s->base.readv = stream_readv;
    s->base.setsockopt = stream_setsockopt;
    s->base.check_closed = stream_check_closed;
    s->base.poll = stream_poll;
    s->base.timed_out = stream_timed_out;
    s->base.should_retry = stream_should_retry;
    s->fd = fd;
    s->lane = lane;
    return &s->base;
}

static void tune(int fd)
{
    int on = 1, idle = KEEPALIVE_IDLE_S, interval = KEEPALIVE_INTERVAL_S, probes = KEEPALIVE_PROBES;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

/* One address. -1: the lane knows why. */
static int connect_to(struct io_lane *lane, int family, int protocol, const struct sockaddr *address,
                      socklen_t len, int32_t timeout_ms)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    struct stream s = { .lane = lane, .fd = fd };
    if (fd < 0) {
        broken(&s, IO_BREAK_ERROR, errno);
        return -1;
    }
    int error = 0;
    socklen_t error_len = sizeof error;
    if (connect(fd, address, len) != 0) {
        if (errno != EINPROGRESS)
            error = errno;
        else if (!ready(&s, POLLOUT, io_boottime_ms() + timeout_ms))
            goto failed;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) != 0)
            error = errno;
    }
    if (error) {
        broken(&s, IO_BREAK_ERROR, error);
        goto failed;
    }
    if (family != AF_UNIX)
        tune(fd);
    return fd;
failed:
    close(fd);
    return -1;
}

static int connect_tcp(struct io_lane *lane, const mongoc_host_list_t *host, int32_t timeout_ms,
                       bson_error_t *error)
{
    struct addrinfo hints = { .ai_family = host->family,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)host->port);
    int rc = getaddrinfo(host->host, port, &hints, &found);
    if (rc != 0) {
        bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_NAME_RESOLUTION,
                       "cannot resolve %s: %s", host->host, gai_strerror(rc));
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *one = found; one && fd < 0; one = one->ai_next) {
        fd = connect_to(lane, one->ai_family, one->ai_protocol, one->ai_addr, one->ai_addrlen, timeout_ms);
        if (fd < 0 && lane->broke == IO_BREAK_CANCELLED)
            break;
    }
    freeaddrinfo(found);
    return fd;
}

static int connect_unix(struct io_lane *lane, const mongoc_host_list_t *host, int32_t timeout_ms)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if ((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s", host->host) >=
        sizeof address.sun_path) {
        lane->broke = IO_BREAK_ERROR;
        lane->broke_errno = ENAMETOOLONG;
        return -1;
    }
    return connect_to(lane, AF_UNIX, 0, (struct sockaddr *)&address, sizeof address, timeout_ms);
}

static bool wants_tls(const mongoc_uri_t *uri)
{
    const char *mechanism = mongoc.uri_get_auth_mechanism(uri);
    return mongoc.uri_get_tls(uri) || (mechanism && strcmp(mechanism, "MONGODB-X509") == 0);
}

/* Takes plain over. */
static mongoc_stream_t *add_tls(mongoc_stream_t *plain, const mongoc_uri_t *uri,
                                const mongoc_host_list_t *host, int32_t timeout_ms, bson_error_t *error)
{
    bool insecure = mongoc.uri_get_option_as_bool(uri, MONGOC_URI_TLSINSECURE, false);
    /* What the driver makes of the two options below is private to it: two bools at the start of a block
     * that it copies whole. The rest of ours is zero, for the day it grows. */
    bool revocation[64] = {
        mongoc.uri_get_option_as_bool(uri, MONGOC_URI_TLSDISABLECERTIFICATEREVOCATIONCHECK, false),
        mongoc.uri_get_option_as_bool(uri, MONGOC_URI_TLSDISABLEOCSPENDPOINTCHECK, false),
    };
    mongoc_ssl_opt_t options = {
        .pem_file = mongoc.uri_get_option_as_utf8(uri, MONGOC_URI_TLSCERTIFICATEKEYFILE, NULL),
        .pem_pwd = mongoc.uri_get_option_as_utf8(uri, MONGOC_URI_TLSCERTIFICATEKEYFILEPASSWORD, NULL),
        .ca_file = mongoc.uri_get_option_as_utf8(uri, MONGOC_URI_TLSCAFILE, NULL),
        .weak_cert_validation =
            mongoc.uri_get_option_as_bool(uri, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES, insecure),
        .allow_invalid_hostname =
            mongoc.uri_get_option_as_bool(uri, MONGOC_URI_TLSALLOWINVALIDHOSTNAMES, insecure),
        .internal = revocation,
    };
    mongoc_stream_t *tls = mongoc.stream_tls_new_with_hostname(plain, host->host, &options, 1);
    if (!tls) {
        mongoc.stream_destroy(plain);
        bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET,
                       "TLS cannot be set up: the CA or certificate file is not usable");
        return NULL;
    }
    if (!mongoc.stream_tls_handshake_block(tls, host->host, timeout_ms, error)) {
        mongoc.stream_destroy(tls);
        return NULL;
    }
    return tls;
}

mongoc_stream_t *io_stream_connect(const mongoc_uri_t *uri, const mongoc_host_list_t *host, void *context,
                                   bson_error_t *error)
{
    struct io_lane *lane = context;
    int32_t timeout_ms = mongoc.uri_get_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, 5000);
    snprintf(lane->host, sizeof lane->host, "%s", host->host_and_port);
    lane->broke = IO_BREAK_NONE;

    error->code = 0;
    int fd = host->family == AF_UNIX ? connect_unix(lane, host, timeout_ms)
                                     : connect_tcp(lane, host, timeout_ms, error);
    if (fd < 0) {
        char buf[128];
        if (error->code == 0)
            bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT,
                           "cannot connect to %s: %s", host->host_and_port,
                           io_lane_why(lane, buf, sizeof buf));
        return NULL;
    }
    mongoc_stream_t *stream = stream_new(fd, lane);
    if (wants_tls(uri)) {
        stream = add_tls(stream, uri, host, timeout_ms, error);
        if (!stream)
            return NULL;
    }
    /* Not under the driver's buffered stream: that one takes in a whole reply and keeps the room for the connection's life. */
    return stream;
}
