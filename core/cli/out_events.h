/* out_events.h - a run's events as lines for people: live, from a journal, or from the log collection.
 *
 * A pure consumer: knows nothing but the events it is fed, whose own times drive everything, so that a log read later
 * looks as it did live. Members of each event: docs/reference/events.md and `migtui schema events`.
 */
#ifndef MIG_CLI_OUT_EVENTS_H
#define MIG_CLI_OUT_EVENTS_H

#include <bson/bson.h>

#include "cli/style.h"

struct out_events {
    struct cli_style style; /* .tty: progress is rewritten in place; else a line every few seconds */
    void (*write)(void *ctx, const char *bytes, size_t len);
    void *ctx;
    bool with_error; /* tell the error of run.finished here (log, attach); else the caller does */
    bool with_start; /* begin with a line on who started it, when and where (log, attach) */

    /* what was seen so far */
    char header[512]; /* what announces the run; "" once it was told */
    bool at_work;     /* the run got as far as a migration */
    bool down;
    bool open_line; /* a progress line without newline is on the terminal */
    bool in_step;
    int64_t progress_at, step_at, step_first_done;
    size_t migrations_ok, migrations_failed, steps_ok, steps_failed, warnings;
    bool finished;
    int exit_status; /* as run.finished tells it; 0 before */
};

void out_events_init(struct out_events *events, const struct cli_style *style,
                     void (*write)(void *ctx, const char *bytes, size_t len), void *ctx);

/* One event. Unknown events and members are passed over. */
void out_events_feed(struct out_events *events, const bson_t *event);

/* End an open progress line, before something else is written. */
void out_events_break(struct out_events *events);

#endif
