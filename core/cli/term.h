/* term.h - what the terminal at a file descriptor can do. */
#ifndef MIG_CLI_TERM_H
#define MIG_CLI_TERM_H

#include "cli/style.h"

/* Colour: only on a terminal, without NO_COLOR, with a TERM that is not dumb, and when no_color is false. UTF-8 marks:
 * only when the locale's codeset is UTF-8. Call setlocale(LC_CTYPE, "") first. */
void cli_style_detect(int fd, bool no_color, struct cli_style *ret);

/* Ask on the terminal and read one line of at most size-1 bytes, without its newline. False: there is no terminal to
 * ask on, or the answer ended early. */
bool cli_ask(const char *question, char *ret, size_t size);

/* True when standard input and standard error are both a terminal, so that somebody can be asked. */
bool cli_can_ask(void);

#endif
