/* flush.h - a canvas put on ncurses' screen. For tui/screen.c alone. */
#ifndef TUI_FLUSH_H
#define TUI_FLUSH_H

#include <stdbool.h>

#include "tui/canvas.h"

/* Decide how each style looks: in the terminal's eight colours on its own background, or by attributes alone. */
void tui_flush_styles(bool mono);

/* Copy the canvas into stdscr; doupdate finds what differs. */
void tui_flush_canvas(const struct tui_canvas *canvas);

#endif
