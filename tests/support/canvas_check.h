/* canvas_check.h - what a canvas shows, held against text. */
#ifndef TEST_CANVAS_CHECK_H
#define TEST_CANVAS_CHECK_H

#include "tui/canvas.h"

/* All rows as lines; trailing blanks don't count, empty rows at the end may be left out of expected. Fails the test. */
void canvas_shows(const struct tui_canvas *canvas, const char *expected);

/* One row's styles: '.' TUI_PLAIN, else 'a' + the enum; chosen cells '#' and capitals. Trailing plain cells don't count. */
void canvas_styles(const struct tui_canvas *canvas, int y, const char *expected);

#endif
