/* capture.h - what libraries print while the screen is on: kept, and shown when it is off.
 *
 * Standard error, and standard output, go to a file in memory of a fixed size as long as they would reach a terminal;
 * what is more is lost. Streams that were redirected already stay where they are.
 */
#ifndef TUI_CAPTURE_H
#define TUI_CAPTURE_H

#include <stdbool.h>

#define TUI_CAPTURE_MAX 65536

struct tui_capture {
    int file;      /* -1: nothing is captured */
    int before[3]; /* of each stream, -1: it stays where it is */
};

void tui_capture_start(struct tui_capture *capture);
/* Back to where it was, and print there what was caught, made safe for a terminal. */
void tui_capture_stop(struct tui_capture *capture);

#endif
