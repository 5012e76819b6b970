/* textdiff.h - how two texts differ, line by line. Pure.
 *
 * After E. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1986: the shortest script, in linear
 * memory by its middle-snake form. Stretches that differ in more than MIG_DIFF_COST_MAX lines are shown as replaced
 * whole, so that hostile texts cost time in proportion to their length.
 */
#ifndef MIG_APP_TEXTDIFF_H
#define MIG_APP_TEXTDIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define MIG_DIFF_COST_MAX 2000

/* One line of either text, without its newline; borrowed from the text. */
struct mig_diff_line {
    char mark; /* ' ' in both, '-' only in the old, '+' only in the new */
    const char *text;
    size_t len;
    size_t old_number, new_number; /* from 1; where it is, or would stand */
};

struct mig_diff {
    struct mig_diff_line *lines;
    size_t count;
    size_t added, removed;
    bool old_open, new_open; /* the text does not end with a newline */
};

/* Compare; the texts must outlive the result. CR before LF is part of the line, so changed line endings show. A last
 * newline that only one of them has makes their last lines differ. */
void mig_diff_texts(const char *old_text, const char *new_text, struct mig_diff *ret);
void mig_diff_done(struct mig_diff *diff);

/* Append as `diff -u` prints it, lines made safe for a terminal; nothing when the texts are equal. */
void mig_diff_unified(const struct mig_diff *diff, const char *old_name, const char *new_name, size_t context,
                      struct mig_buf *out);

#endif
