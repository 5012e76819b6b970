/* decode.h - what a terminal sends, taken apart into keys. Pure: bytes are brought by the caller, and so is the time.
 *
 * Reads control characters, UTF-8, Alt as a leading ESC, cursor and function keys of xterm, tmux, screen, rxvt, linux and
 * the VT family in both cursor modes (CSI and SS3, with xterm's modifiers), CSI u, the wheel as SGR mouse reports, and
 * bracketed pastes. Whatever else begins like a control sequence, with ESC or as C1, is swallowed whole, of any length and over
 * any number of readings: its letters never act as keys. Neither do answers that somebody else asked for, reports of the mouse
 * and the focus, and keys let go. A sequence that has begun is never given up: the rest may be late, and would be letters. One
 * that was cut off costs the next key; ESC [ and ESC O are no keys (Alt-[, Alt-O).
 * A paste never acts as keys, whatever is in it. As its text may hold the end mark (ESC [ 201 ~), which terminals pass on,
 * it ends only when nothing has followed an end mark for 50 ms: all that came until then, however many readings it took,
 * is text of the paste, without the marks; one whose end mark never comes, after 5 s. A line may be slow in the middle of a
 * paste for longer than that. So what comes behind one is one more paste, until a key has come by itself: no other with it, and
 * nothing for 100 ms after it.
 * After ECMA-48 §5.4 and xterm's ctlseqs. ncurses is not asked: its getch would wait for the rest of an ESC with the
 * whole screen frozen (docs/decisions/0009).
 */
#ifndef TUI_DECODE_H
#define TUI_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "tui/key.h"

#define TUI_DECODE_ROOM 4096
#define TUI_PASTE_MAX   65536 /* bytes of a paste; the rest is dropped and said so */

enum tui_decode_skip { TUI_DECODE_SKIP_NONE, TUI_DECODE_SKIP_SEQUENCE, TUI_DECODE_SKIP_STRING };

struct tui_decoder {
    bool utf8;     /* else bytes from 0x80 on are TUI_KEY_UNKNOWN */
    int escape_ms; /* how long what follows an ESC may take; 0: 25 */
    char bytes[TUI_DECODE_ROOM];
    size_t len, at;
    bool waiting; /* what is left is not a whole key, or .held */
    bool expired;
    bool
        late; /* the last key was an ESC that nothing followed in time: it may still be the beginning of something */
    bool doubt;                    /* since a paste no key has come by itself */
    bool held;                     /* what is left is a whole key, and the first after a paste */
    enum tui_decode_skip skipping; /* the rest of what began like this is dropped */
    bool pasting, paste_cut;
    bool ended; /* the last mark of the paste was one of its end */
    struct mig_buf paste;
    unsigned batch;
    size_t taken; /* pieces of this batch */
};

void tui_decode_init(struct tui_decoder *decoder, bool utf8);
void tui_decode_done(struct tui_decoder *decoder);
/* Forget the keys that were not taken yet. A paste under way goes on being one, and so does a key that is not whole. */
void tui_decode_reset(struct tui_decoder *decoder);
/* Room for the next bytes: *ret_len of them, at least one when all keys have been taken. */
char *tui_decode_room(struct tui_decoder *decoder, size_t *ret_len);
void tui_decode_feed(struct tui_decoder *decoder, size_t len); /* so many were put there: one batch */
/* false: no whole key. The event's paste is good until the next call. */
bool tui_decode_next(struct tui_decoder *decoder, struct tui_event *ret);
/* Milliseconds without a byte to wait for the rest before tui_decode_expire; -1: nothing waits. */
int tui_decode_wait_ms(const struct tui_decoder *decoder);
/* What is there is all there will be: the caller has just looked whether the terminal has more. */
void tui_decode_expire(struct tui_decoder *decoder);

#endif
