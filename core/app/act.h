/* act.h - a command of migtui carried out by a process of its own, as the console acts.
 *
 * The console executes nothing: `apply`, `mark`, `stop` and the rest run as the very command line a person would type, in the
 * same binary, so that every check, confirmation text and record is the command's own. The child gets no terminal; what it
 * prints as JSON comes back. It is not ended with the console: what it has begun it brings to an end.
 *
 * Threads: the functions are the UI thread's; none blocks.
 */
#ifndef MIG_APP_ACT_H
#define MIG_APP_ACT_H

#include <bson/bson.h>

#include "ports/host.h"

struct mig_act;

struct mig_act_result {
    int status;             /* exit status */
    bson_t *document;       /* what it printed, or NULL; owned by the act */
    bool waits;             /* it did what it could, and waits for somebody (exit status 2): nothing ran */
    const char *said;       /* its last line that was no JSON, or NULL; owned by the act */
    struct mig_error error; /* code MIG_OK: it did what it was asked for */
};

/* Start it. words: of the command line without the program, NULL-terminated, copied; --format ndjson is added. No secret may be
 * among them. done is called on another thread when it is over. NULL: *err. */
struct mig_act *mig_act_start(struct mig_host *host, const char *const *words, void (*done)(void *ctx),
                              void *ctx, struct mig_error *err);

/* NULL while it is under way. */
const struct mig_act_result *mig_act_result(struct mig_act *act);

/* Its process is there: what it has begun it brings to an end, whatever becomes of this one. */
bool mig_act_started(const struct mig_act *act);

/* The command line as a person would type it: "migtui apply --env test". */
const char *mig_act_line(const struct mig_act *act);

/* Only once it is over. */
void mig_act_free(struct mig_act *act);

#endif
