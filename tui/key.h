/* key.h - one key press, its name, and the name back to the key. Pure.
 *
 * Names as in the hint bar, the help and the user's keys file: "j", "G", "enter", "esc", "tab", "S-tab", "space", "up",
 * "pgdn", "home", "F1", "C-d" (control), "M-x" (Alt). A paste is one key with its text beside it (struct tui_event).
 */
#ifndef TUI_KEY_H
#define TUI_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A Unicode character (control keys are TUI_KEY_CTRL | 'd'), or one of these. */
enum {
    TUI_KEY_NONE = 0,
    TUI_KEY_ENTER = 0x200000,
    TUI_KEY_ESC,
    TUI_KEY_TAB,
    TUI_KEY_BACKTAB,
    TUI_KEY_BACKSPACE,
    TUI_KEY_DELETE,
    TUI_KEY_INSERT,
    TUI_KEY_UP,
    TUI_KEY_DOWN,
    TUI_KEY_LEFT,
    TUI_KEY_RIGHT,
    TUI_KEY_PGUP,
    TUI_KEY_PGDN,
    TUI_KEY_HOME,
    TUI_KEY_END,
    TUI_KEY_F1, /* F2 … F12 follow */
    TUI_KEY_F12 = TUI_KEY_F1 + 11,
    TUI_KEY_PASTE,  /* struct tui_event.paste has the text */
    TUI_KEY_RESIZE, /* the terminal has another size */
    TUI_KEY_UNKNOWN,
    TUI_KEY_CTRL = 0x1000000,
    TUI_KEY_ALT = 0x2000000,
};

struct tui_event {
    uint32_t key;
    const char *paste; /* borrowed for the call; newlines and control bytes are still in it */
    size_t paste_len;
    bool paste_cut; /* it was longer than is taken */
    unsigned
        batch; /* rises with each reading of the terminal: keys of one batch came at once, as pasted text does on a
                       terminal that does not mark a paste */
    bool with_others; /* others were in the same reading: no answer to a question is given like that */
};

/* A key that stands for a character to type: no control, no Alt, nothing that may not be shown. */
bool tui_key_is_text(uint32_t key);

#define TUI_KEY_NAME_MAX 16

/* A character that may not be shown has no name but its number: "U+202E". */
void tui_key_name(uint32_t key, char ret[static TUI_KEY_NAME_MAX]);
uint32_t tui_key_find(
    const char *name); /* TUI_KEY_NONE: no such key; takes every name that tui_key_name gives */

#endif
