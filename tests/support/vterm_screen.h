/* vterm_screen.h - a real tui_screen whose bytes are read back by a terminal emulator (libvterm).
 *
 * Draw on .canvas, then vterm_screen_frame: it flushes, feeds what was sent to the emulator and says how many bytes that
 * were. What the emulator shows is what an operator would see.
 */
#ifndef TEST_VTERM_SCREEN_H
#define TEST_VTERM_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "tui/screen.h"

struct vterm_screen {
    struct tui_screen *screen;
    struct tui_canvas *canvas; /* of the screen: blank it before each drawing */
    int cols, rows;
    bool mono; /* no colour is wanted */
    void *emulator;
    int pipe[2];
    struct mig_buf sent; /* bytes of the last frame */
};

struct vterm_screen_options {
    int cols, rows;
    bool ascii, mono;     /* as --ascii and --mono */
    bool c_locale;        /* LC_ALL=C; else C.UTF-8 */
    const char *no_color; /* what NO_COLOR says; NULL: it is not there */
    const char *term;     /* NULL: xterm-256color */
};

/* Fails the test when the screen cannot be opened. Sets the locale, and the variable for so long. */
void vterm_screen_open(struct vterm_screen *vterm, const struct vterm_screen_options *options);
void vterm_screen_close(struct vterm_screen *vterm);
size_t vterm_screen_frame(struct vterm_screen *vterm);
/* Take what was sent without a flush: titles, the clipboard, the end. */
size_t vterm_screen_take(struct vterm_screen *vterm);

/* Rows of the emulator as UTF-8 lines without trailing blanks. */
void vterm_screen_text(const struct vterm_screen *vterm, struct mig_buf *out);
/* A letter a cell: its colour (r g y b m c w, '.' the terminal's own), '*' bold or '_' underlined without colour; reversed
 * cells as capitals and '#'. Trailing '.' are left out. */
void vterm_screen_looks(const struct vterm_screen *vterm, struct mig_buf *out);
/* Fails the test where a cell of the emulator is not what the canvas holds: characters, their width, colour, bold, underline,
 * reverse (libvterm knows no dim), or the cursor another one. what: said then. */
void vterm_screen_shows_canvas(const struct vterm_screen *vterm, const char *what);
bool vterm_screen_cursor(const struct vterm_screen *vterm, int *ret_x, int *ret_y); /* false: hidden */

#endif
