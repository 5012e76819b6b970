/* term.h - the terminal as a device: its modes, bytes to it, and its rescue when the process ends. No ncurses.
 *
 * Modes: no echo, no lines, no flow control (C-s must not look like a hang), no signals but SIGQUIT (C-\ ends a program
 * that hangs). They are touched only while this process group has the terminal, so that a stopped or background job never
 * spoils the shell's. SIGTTOU is ignored for that reason from open to close.
 *
 * The rescue is for every end that does not come by tui_term_close: a crash, SIGQUIT and other deadly signals, exit() from
 * somewhere below. Its handler runs on a stack of its own, in any thread, and only writes bytes made ready before, sets the
 * modes back, and lets the signal do what it would have done. One rescue a process.
 */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "base/buf.h"
#include "base/err.h"

#define TUI_RESCUE_MAX 512
#define TUI_OUT_MAX \
    (256UL << 20) /* 2000x1000 cells, each with characters and attributes of its own, are less */

struct tui_term {
    int fd;
    bool own_fd; /* opened here, never blocking */
    bool is_tty;
    bool gone; /* the other side has hung up */
    struct termios before;
    struct mig_buf out; /* what the terminal has not taken yet, from .sent on */
    size_t sent;
    uint64_t bytes; /* all that were put in out */
};

/* fd 0: /dev/tty, with standard input and output checked to be terminals. */
bool tui_term_open(struct tui_term *term, int fd, struct mig_error *err);
void tui_term_close(struct tui_term *term); /* gives the terminal up to half a second to take what is left */

bool tui_term_is_ours(const struct tui_term *term); /* this process group has it */
void tui_term_take(struct tui_term *term);          /* set our modes */
void tui_term_give_back(struct tui_term *term);     /* set those from before */

void tui_term_add(struct tui_term *term, const char *bytes, size_t len);
bool tui_term_send(struct tui_term *term); /* true: all is sent (or the terminal is gone) */
/* Wait so long at most, then drop what is left: false. */
bool tui_term_drain(struct tui_term *term, int ms);
/* Instead of all that the device has not passed on yet. */
void tui_term_push(struct tui_term *term, const char *bytes, size_t len);
bool tui_term_size(const struct tui_term *term, int *cols, int *rows);

/* From now on every end of the process writes bytes (at most TUI_RESCUE_MAX) to the terminal and gives it back; until release.
 * stderr_fd: becomes standard error then; -1: stays. */
void tui_term_rescue(const struct tui_term *term, const char *bytes, size_t len, int stderr_fd);
void tui_term_release(void);

#endif
