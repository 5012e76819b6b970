/* console_session.h - one session of the console, from its options to its exit status. */
#ifndef VIEW_CONSOLE_SESSION_H
#define VIEW_CONSOLE_SESSION_H

#include "app/app.h"

struct console_session {
    struct mig_app *app;
    const char *const *globals; /* words that every act gets first; NULL-terminated */
    bool readonly, ascii, mono;
    bool plain;              /* lines instead of a screen; commands on standard input */
    const char *script;      /* a file of keys and waits, or "-"; NULL: none */
    const char *greeting;    /* see console.h */
    const char *config_home; /* where migtui/keys is; NULL: nowhere */
};

/* Blocks until it is over. False: *err says why there was no session. *ret_status: the process's exit status. *ret_stuck: a
 * thread is in a call that cannot be cancelled, so the process must end without freeing the application. */
bool console_session_run(const struct console_session *session, int *ret_status, bool *ret_stuck,
                         struct mig_error *err);

#endif
