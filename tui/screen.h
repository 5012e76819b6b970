/* screen.h - the terminal: taken over, drawn on, given back.
 *
 * One canvas; tui_screen_flush sends what differs from what is shown (ncurses finds it) as one write. Input is read and
 * taken apart by tui/decode.c. The terminal's modes are ours from open to close and while not suspended, and are given
 * back by every end of the process: close, a signal (through the loop), a crash (a handler on a stack of its own writes
 * bytes made ready before, and sets the modes). What libraries print meanwhile goes to a file, not on the screen.
 *
 * Works on /dev/tty opened anew, never blocking: a terminal that takes no bytes (C-s, a dead line) gets no new frame until
 * it does. One screen a process; one thread: the UI's.
 */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tui/canvas.h"
#include "tui/key.h"

struct tui_screen_options {
    bool ascii;            /* no UTF-8 even where the locale has it */
    bool mono;             /* no colours; NO_COLOR in the environment says the same */
    bool mouse;            /* report the wheel; off leaves selecting and copying to the terminal */
    bool title, bell;      /* tui_screen_title, tui_screen_bell do something */
    const char *clip_path; /* file that tui_screen_copy writes besides; NULL: none */
    /* For tests: draw to .fd, of this size, and leave its modes alone; .term instead of $TERM. fd 0: /dev/tty. */
    int fd, cols, rows;
    const char *term;
};

struct tui_screen;

/* Refuses, with a hint at the plain commands: no terminal on standard input or output, a terminal that can't move its
 * cursor (TERM=dumb). An unknown TERM is taken for xterm, then vt100. */
struct tui_screen *tui_screen_open(const struct tui_screen_options *options, struct mig_error *err);
void tui_screen_close(struct tui_screen *screen); /* NULL is fine; shows then what libraries have printed */

struct tui_canvas *tui_screen_canvas(struct tui_screen *screen);
/* Returns false when the terminal still has not taken the frame before: try again when tui_screen_send says it has. */
bool tui_screen_flush(struct tui_screen *screen);
bool tui_screen_send(struct tui_screen *screen);   /* true: nothing waits to be written */
void tui_screen_redraw(struct tui_screen *screen); /* the next flush sends everything (C-l) */
/* Ask the terminal for its size; true when it is another one: the canvas has it then. */
bool tui_screen_resize(struct tui_screen *screen);
uint64_t tui_screen_bytes(const struct tui_screen *screen); /* sent since it was opened */

/* Read what is there, without waiting; false: the terminal is gone. Then ask for events until there is none. */
bool tui_screen_read(struct tui_screen *screen);
bool tui_screen_next(struct tui_screen *screen, struct tui_event *ret);
/* Milliseconds until a key that is not complete (a lone ESC) counts as it is; -1: none waits. */
int tui_screen_wait_ms(const struct tui_screen *screen);
/* So long nothing came: it counts as it is, unless the terminal has more by now, which is read. */
void tui_screen_expire(struct tui_screen *screen);
void tui_screen_drop_input(
    struct tui_screen *screen); /* typed ahead; of a paste under way the rest is no key either */

/* Give the terminal back, stop the process group as C-z does, and take it over again when it goes on. Also run other
 * programs (an editor) between leave and enter. enter is false while another job has the terminal. */
void tui_screen_suspend(struct tui_screen *screen);
void tui_screen_leave(struct tui_screen *screen);
bool tui_screen_enter(struct tui_screen *screen);

/* Send text to the terminal's clipboard (OSC 52; no more than TUI_CLIP_MAX bytes) and to the clip file. Whether a terminal
 * took it nobody can know: say "sent to the terminal; also in FILE", and of a longer text "in FILE". false: the file could
 * not be written, or there is none and the text is too long. */
#define TUI_CLIP_MAX 56000
bool tui_screen_copy(struct tui_screen *screen, const char *text, size_t len, struct mig_error *err);
void tui_screen_title(struct tui_screen *screen, const char *text); /* unsafe characters are spelled out */
void tui_screen_bell(struct tui_screen *screen);
void tui_screen_mouse(struct tui_screen *screen, bool on);
int tui_screen_fd(const struct tui_screen *screen);

#endif
