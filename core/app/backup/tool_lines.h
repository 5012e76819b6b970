/* tool_lines.h - what mongodump says while it works, line by line, and what can be made of it.
 *
 * Pure. Its lines are for people and differ between versions (names bare or in backquotes), so nothing that counts rests on
 * them alone: they give progress, the reason of a failure, and claims that the archive is held against.
 */
#ifndef MIG_APP_BACKUP_TOOL_LINES_H
#define MIG_APP_BACKUP_TOOL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOOL_BARS 8 /* collections it works on at once; it takes four by default */

struct tool_lines {
    char why
        [256]; /* what it failed for, as it says; else its last line that is no progress; "" when there is none */
    bool why_known;
    int64_t failed;  /* documents it says it could not take */
    int64_t claimed; /* documents it says it dumped, of collections that are done */
    size_t collections_claimed;
    char at[128]; /* the collection that its last line of progress is of */
    struct {
        char name[128];
        int64_t done;
    } bars[TOOL_BARS];
};

/* Take a line in. True: it told progress only; false: it is to be shown, from *ret_text on (behind the time). */
bool tool_lines_take(struct tool_lines *lines, const char *line, const char **ret_text);

/* Documents so far: those of the collections that are done and of those it is at. */
int64_t tool_lines_documents(const struct tool_lines *lines);

#endif
