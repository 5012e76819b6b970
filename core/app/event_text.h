/* event_text.h - what an event of a run says, in words for people. Pure.
 *
 * One vocabulary for the text log of the command line and the console's log. An event's own times and numbers are all that
 * counts, so that a run read later reads as it did live. Foreign text comes out safe for a terminal. Members of events:
 * docs/reference/events.md.
 */
#ifndef MIG_APP_EVENT_TEXT_H
#define MIG_APP_EVENT_TEXT_H

#include <bson/bson.h>
#include <stdint.h>

#include "base/buf.h"

/* How much an event matters to who reads the log. */
enum mig_event_tone {
    MIG_TONE_DETAIL, /* within a step: progress, output */
    MIG_TONE_PLAIN,
    MIG_TONE_GOOD, /* a migration, a run is done */
    MIG_TONE_WARN,
    MIG_TONE_BAD, /* a step, a check, a run failed */
};

/* Wall clock in ms; 0 when the event has no time. */
int64_t mig_event_at(const bson_t *event);

/* Append one line without newline: what happened, whole in itself. An event of a name we don't know is shown as it is. */
enum mig_event_tone mig_event_line(const bson_t *event, struct mig_buf *out);

/* The same below a line that has told why already: said, the message of the step that failed, is not said again at the end of
 * its run. NULL: nothing was said. */
enum mig_event_tone mig_event_line_after(const bson_t *event, const char *said, struct mig_buf *out);

/* Append "12,400 of 58,112 documents (21%), 1,204/s, 38s left" of a progress event. rate: a second; 0: not known. */
void mig_event_progress(const bson_t *event, double rate, struct mig_buf *out);

/* Append "reading 5 collections, 200,000 documents, 34 MB" of a backup.started. */
void mig_event_backup(const bson_t *event, struct mig_buf *out);

/* Append "FILE: 200,000 documents of 5 collections, 34 MB in 8.1 MB, verified" of the run.finished of a backup or restore; nothing
 * for other runs. */
void mig_event_backed_up(const bson_t *event, struct mig_buf *out);

/* Append "3 inserted, 12 modified, a note, 4.2s" of a step.done: only what is worth a word, so it may be nothing. */
void mig_event_counts(const bson_t *event, struct mig_buf *out);

/* Append a duration whose tenths say nothing: "38s", "3m12s". */
void mig_event_seconds(int64_t ms, struct mig_buf *out);

/* Milliseconds until done is total at that rate, in whole seconds; -1 when it can't be told. */
int64_t mig_event_left_ms(int64_t done, int64_t total, double rate);

#endif
