/* console_session.c - which way a console is driven, and what the ways without a terminal share. */
#include "views/console_session.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rows.h"
#include "views/console_session_private.h"

bool console_session_run(const struct console_session *session, int *ret_status, bool *ret_stuck,
                         struct mig_error *err)
{
    *ret_status = 0;
    *ret_stuck = false;
    if (session->script)
        return session_script(session, ret_status, ret_stuck, err);
    if (session->plain)
        return session_plain(session, ret_status, ret_stuck, err);
    return session_terminal(session, ret_status, ret_stuck, err);
}

char *session_keys_path(const struct console_session *session)
{
    return session->config_home ? mig_printf("%s/migtui/keys", session->config_home) : NULL;
}

struct console_options session_options(const struct console_session *session, char *keys_path)
{
    return (struct console_options){ .app = session->app,
                                     .globals = session->globals,
                                     .readonly = session->readonly,
                                     .plain = session->plain,
                                     .utf8 = !session->ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
                                     .greeting = session->greeting,
                                     .keys_path = keys_path };
}

static void changed(void *ctx)
{
    struct session_pipe *pipe = ctx;
    eventfd_write(pipe->wake_fd, 1);
}

bool session_pipe_open(const struct console_session *session, const struct console_options *options,
                       struct session_pipe *ret, struct mig_error *err)
{
    struct console_options all = *options;
    ret->host = session->app->host;
    ret->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (ret->wake_fd < 0)
        return mig_fail(err, MIG_ERR_IO, "no eventfd: %s", strerror(errno));
    all.changed = changed;
    all.changed_ctx = ret;
    ret->console = console_new(&all);
    console_start(ret->console);
    return true;
}

bool session_pipe_close(struct session_pipe *pipe, bool *ret_stuck, struct mig_error *err)
{
    bool ok = console_settle(pipe->console, SESSION_SETTLE_MS, err);
    *ret_stuck = !console_free(pipe->console, SESSION_GRACE_MS);
    if (!*ret_stuck)
        close(pipe->wake_fd);
    if (ok && pipe->unwritten)
        ok = mig_fail(err, MIG_ERR_IO, "standard output did not take all that was shown: %s",
                      strerror(pipe->unwritten));
    return ok;
}

bool session_pipe_wait(struct session_pipe *pipe, int fd, int64_t max_ms)
{
    struct pollfd fds[] = { { .fd = pipe->wake_fd, .events = POLLIN },
                            { .fd = fd, .events = POLLIN },
                            { .fd = pipe->unwritten ? -1 : STDOUT_FILENO } };
    int64_t now = pipe->host->ops->mono_ms(pipe->host);
    int64_t due = console_due(pipe->console);
    int64_t wait = due > 0 && due - now < max_ms ? due - now : max_ms;
    eventfd_t count;
    poll(fds, MIG_COUNT(fds), (int)(wait < 0 ? 0 : wait));
    if (fds[0].revents)
        eventfd_read(pipe->wake_fd, &count);
    /* What is due: an answer that has become old may have been confirmed since. */
    if (fds[0].revents || (due > 0 && pipe->host->ops->mono_ms(pipe->host) >= due))
        console_news(pipe->console);
    if (fds[2].revents)
        pipe->unwritten = EPIPE;
    return fds[1].revents != 0;
}

void session_write(struct session_pipe *pipe, const char *text, size_t len)
{
    while (len > 0 && !pipe->unwritten) {
        ssize_t n = write(STDOUT_FILENO, text, len);
        struct pollfd room = { .fd = STDOUT_FILENO, .events = POLLOUT };
        if (n < 0 && errno == EAGAIN) {
            poll(&room, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            pipe->unwritten = errno;
        } else if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
}
