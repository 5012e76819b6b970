/* glyph.h - text taken apart into what stands in one place of the screen, each with the columns it takes.
 *
 * The one place that decides how a foreign character is shown, so that drawing, measuring and cutting can't disagree.
 * Harmless characters are themselves, with at most two combining characters on them; what must not reach a terminal is
 * spelled out in ASCII: \x1b for control and malformed bytes, \u{202e} for bidi, zero-width and other invisible ones (as
 * mig_text_safe does), and also for variation selectors, combining characters without a base and the third on one base:
 * terminals don't agree on how wide those are. Newline (CRLF is one) and tab are one blank. Pure.
 */
#ifndef TUI_GLYPH_H
#define TUI_GLYPH_H

#include <stddef.h>
#include <stdint.h>

#define TUI_GLYPH_CHARS 3

struct tui_glyph {
    uint32_t
        chars[TUI_GLYPH_CHARS]; /* one character and its combining ones, 0 ends; chars[0] is 0 when spelled */
    char spelled[12];           /* "" or ASCII to show instead */
    int width;                  /* columns: 1, 2, or the length of spelled */
    size_t bytes;               /* of the text that it stands for, at least 1 */
};

/* The glyph at the beginning of text; len > 0. Looks at no more than 20 bytes. */
struct tui_glyph tui_glyph_at(const char *text, size_t len);

/* Columns of one character: 0 (combining), 1 or 2. Unicode 14, as glibc 2.36's wcwidth; what is not assigned there is 1. */
int tui_char_width(uint32_t c);

#endif
