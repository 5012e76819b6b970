/* sgr.h - the changes of attributes in what ncurses has written, in as few bytes as they can be said in; and no repetitions (REP),
 * which not every terminal gets right.
 *
 * ncurses says each change in full ("\033(B\033[0;1;7m"), and switches off what the next character switches on again. Half of
 * what the move of a selection cost was that. Here changes (ECMA-48 SGR) are held back until a character is drawn with them, and
 * then only the difference to what the terminal has is said. Everything else passes as it is, in its order; a sequence that
 * is not understood makes what the terminal has unknown, and the next change after it is said in full.
 *
 * Pure: bytes in, bytes out, and what is known of the terminal between them.
 */
#ifndef TUI_SGR_H
#define TUI_SGR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct tui_sgr {
    unsigned has, wanted; /* attributes and colours, packed */
    bool known;           /* .has is what the terminal has */
    bool
        strict; /* the caller's: what was asked for must be said before the cursor moves (no msgr in terminfo) */
    bool blind; /* .wanted is not what the terminal was told: nothing is said until all is switched off */
    char last;  /* byte that was drawn */
    bool ascii; /* its character set is the plain one */
};

/* What the terminal has is not known: at first, and when others have written to it. */
void tui_sgr_forget(struct tui_sgr *sgr);

/* Add whole sequences to out; the terminal has at the end what the bytes say it has. */
void tui_sgr_squeeze(struct tui_sgr *sgr, const char *bytes, size_t len, struct mig_buf *out);

#endif
