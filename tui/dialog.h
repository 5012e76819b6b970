/* dialog.h - a question over the screen: fields to type in, buttons, and a lock on the one that acts. Pure.
 *
 * The focus is on Cancel when it opens, whatever it asks. With a field that must hold a given text (.expected), the
 * button that acts stays locked until the text is there and wait_ms have passed since the last key; enter does nothing at
 * all before that, in a field and on a button; a paste into that field is refused and empties it. Without such a field, an
 * enter that came together with other keys does not press the button that acts. esc cancels always.
 * tab and S-tab, and left and right on buttons, move the focus; a character typed on a button goes to the locked field,
 * or to the first.
 */
#ifndef TUI_DIALOG_H
#define TUI_DIALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/canvas.h"
#include "tui/key.h"
#include "tui/lineedit.h"

#define TUI_DIALOG_FIELDS 4

struct tui_dialog_field {
    char label[96];
    char expected[128]; /* "": any text */
    bool needed;        /* must not be empty */
    struct tui_line line;
};

enum tui_dialog_state {
    TUI_DIALOG_OPEN,
    TUI_DIALOG_CANCELLED,
    TUI_DIALOG_DONE, /* the acting button was pressed, and nothing was missing */
};

struct tui_dialog {
    char title[96];
    char action[48];      /* words of the button that acts: "Run 2 on prod"; "": only Close */
    enum tui_style style; /* of the frame: TUI_BORDER, TUI_DANGER */
    int want_w, want_h;   /* of the body; less when the screen is smaller */
    int64_t wait_ms;      /* after the last key of an .expected field */
    struct tui_dialog_field fields[TUI_DIALOG_FIELDS];
    size_t field_count;
    size_t focus;     /* fields, then Cancel, then the button that acts */
    int64_t typed_ms; /* monotonic, the last key in an .expected field */
    enum tui_dialog_state state;
};

/* action NULL: something to read, with a Close button. */
void tui_dialog_init(struct tui_dialog *dialog, const char *title, const char *action, enum tui_style style);
/* Returns the field, to set more of it; at most TUI_DIALOG_FIELDS. expected NULL: any text. */
struct tui_dialog_field *tui_dialog_add(struct tui_dialog *dialog, const char *label, const char *expected);
enum tui_dialog_state tui_dialog_key(struct tui_dialog *dialog, const struct tui_event *event,
                                     int64_t now_ms);
/* Why the button that acts can't be pressed now, or NULL. */
const char *tui_dialog_locked(const struct tui_dialog *dialog, int64_t now_ms);
/* When it opens by itself, for the timer; 0: not by waiting. */
int64_t tui_dialog_due(const struct tui_dialog *dialog, int64_t now_ms);
/* Draws frame, fields and buttons in the middle of pane and returns the pane of the body, blank: what matters most belongs
 * in its first lines. Fields and buttons are drawn at every size; the body gets what remains. */
struct tui_pane tui_dialog_draw(struct tui_dialog *dialog, const struct tui_pane *pane, int64_t now_ms);

#endif
