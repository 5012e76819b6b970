/* terminfo.h - what is known of the kind of terminal. A file of its own: <term.h> takes hundreds of short words for itself. */
#ifndef TUI_TERMINFO_H
#define TUI_TERMINFO_H

#include "base/buf.h"
#include "base/err.h"

/* The entry to use for a terminal that calls itself wanted (NULL: nothing): its own; where that is not known, xterm's,
 * else vt100's. NULL, with a hint at plain commands: it can't move its cursor as ECMA-48 has it, or nothing is installed. */
const char *tui_terminfo_choose(const char *wanted, int fd, struct mig_error *err);

/* A string capability of the terminal in use ("cup"); "" when it has none. */
const char *tui_terminfo(const char *name);
bool tui_terminfo_has(const char *name); /* a flag: "xenl" */

/* Append it without its pauses ("$<2>"), which are not for the terminal. */
void tui_terminfo_add(struct mig_buf *out, const char *name);

#endif
