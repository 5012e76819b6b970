/* console_session_private.h - what the ways of driving a console share. */
#ifndef VIEW_CONSOLE_SESSION_PRIVATE_H
#define VIEW_CONSOLE_SESSION_PRIVATE_H

#include "views/console.h"
#include "views/console_session.h"

#define SESSION_SETTLE_MS 10000 /* for acts that were confirmed to get their process */
#define SESSION_GRACE_MS  100   /* for lanes, once the terminal is given back */

/* A console without a terminal, and a way to wait for it. */
struct session_pipe {
    struct console *console;
    struct mig_host *host;
    int wake_fd;
    int unwritten; /* errno of what standard output did not take; 0: all is out */
};

struct console_options session_options(const struct console_session *session, char *take_keys_path);
char *session_keys_path(const struct console_session *session); /* the caller's to free */

bool session_pipe_open(const struct console_session *session, const struct console_options *options,
                       struct session_pipe *ret, struct mig_error *err);
/* *ret_stuck: it could not be freed. False: *err, see console_settle; or standard output did not take all. */
bool session_pipe_close(struct session_pipe *pipe, bool *ret_stuck, struct mig_error *err);
/* Wait for news, a timer, or fd (-1: none) to be readable, at most max_ms. Takes the news in. True: fd is readable. Nobody
 * reading standard output any more is noticed here, too. */
bool session_pipe_wait(struct session_pipe *pipe, int fd, int64_t max_ms);

bool session_terminal(const struct console_session *session, int *ret_status, bool *ret_stuck,
                      struct mig_error *err);
bool session_script(const struct console_session *session, int *ret_status, bool *ret_stuck,
                    struct mig_error *err);
bool session_plain(const struct console_session *session, int *ret_status, bool *ret_stuck,
                   struct mig_error *err);

/* To standard output, all of it, also where that does not block; after the first failure nothing more. */
void session_write(struct session_pipe *pipe, const char *text, size_t len);

#endif
