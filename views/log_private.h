/* log_private.h - what the files of the log share. */
#ifndef VIEW_LOG_PRIVATE_H
#define VIEW_LOG_PRIVATE_H

#include "app/event_text.h"
#include "tui/textview.h"
#include "views/parts.h"
#include "views/rows.h"
#include "views/search.h"

/* What the events so far add up to. */
struct log_sum {
    uint64_t next; /* number of the first event that was not added */
    int64_t started_at, finished_at;
    int64_t duration_ms; /* as the run itself tells it; -1: it did not */
    int64_t step_at;
    int64_t done, total, rate;
    int64_t migrations, migrations_done;
    size_t failures;
    char command[32], by[64], status[32];
    char version[80], step[80];
};

enum log_time { LOG_CLOCK, LOG_SINCE, LOG_NO_TIME, LOG_TIMES };

struct log {
    struct view view;
    const struct cfg_environment *env;
    char run[MIG_ULID_SIZE]; /* "": the list of runs */
    struct view_rows runs;

    struct mig_seen_log *seen; /* held */
    struct log_sum sum;
    struct tui_textview text;
    struct view_search search;
    enum log_time times;
    struct mig_buf line; /* the line asked for last */
    size_t asked;        /* lines, since it was opened */
};

/* log_lines.c: events as lines of a text. */
struct tui_text_lines log_lines(struct log *log);
void log_update(struct log *log, const struct view_frame *frame);
/* The next event, from a line on, that failed; UINT64_MAX: none. */
uint64_t log_next_failure(const struct log *log, uint64_t from, bool backward);
enum mig_event_tone log_line_text(const struct log *log, uint64_t number, enum log_time times,
                                  struct mig_buf *out);

/* log_draw.c */
void log_draw(struct log *log, const struct view_frame *frame, const struct tui_pane *pane);

#endif
