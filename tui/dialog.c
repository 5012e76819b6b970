/* dialog.c - fields and buttons. The focus counts fields first, then Cancel, then the button that acts. */
#include "tui/dialog.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MS 3000

void tui_dialog_init(struct tui_dialog *dialog, const char *title, const char *action, enum tui_style style)
{
    *dialog = (struct tui_dialog){ .style = style, .wait_ms = WAIT_MS };
    snprintf(dialog->title, sizeof dialog->title, "%s", title);
    snprintf(dialog->action, sizeof dialog->action, "%s", action ? action : "");
}

struct tui_dialog_field *tui_dialog_add(struct tui_dialog *dialog, const char *label, const char *expected)
{
    if (dialog->field_count == TUI_DIALOG_FIELDS)
        return NULL;
    struct tui_dialog_field *field = &dialog->fields[dialog->field_count++];
    snprintf(field->label, sizeof field->label, "%s", label);
    snprintf(field->expected, sizeof field->expected, "%s", expected ? expected : "");
    tui_line_init(&field->line, 0, NULL);
    field->line.refuse_paste = field->expected[0] != '\0';
    dialog->focus = dialog->field_count; /* Cancel */
    return field;
}

/* ---- the lock ---- */

static bool has_lock(const struct tui_dialog *dialog)
{
    for (size_t i = 0; i < dialog->field_count; i++)
        if (dialog->fields[i].expected[0])
            return true;
    return false;
}

/* Why what was typed will not do, whatever the time. */
static const char *missing(const struct tui_dialog *dialog)
{
    for (size_t i = 0; i < dialog->field_count; i++) {
        const struct tui_dialog_field *field = &dialog->fields[i];
        if (field->line.paste_refused)
            return "a paste is refused here: type it";
        if (field->expected[0] && strcmp(field->expected, field->line.text) != 0)
            return "locked until the text matches";
        if (field->needed && strspn(field->line.text, " ") == field->line.len)
            return "a field is empty";
    }
    return NULL;
}

static bool must_wait(const struct tui_dialog *dialog, int64_t now_ms)
{
    return has_lock(dialog) && now_ms < dialog->typed_ms + dialog->wait_ms;
}

const char *tui_dialog_locked(const struct tui_dialog *dialog, int64_t now_ms)
{
    const char *why = dialog->action[0] ? missing(dialog) : NULL;
    if (why || !dialog->action[0])
        return why;
    return must_wait(dialog, now_ms) ? "the text matches; a moment more" : NULL;
}

int64_t tui_dialog_due(const struct tui_dialog *dialog, int64_t now_ms)
{
    bool waits = dialog->action[0] && !missing(dialog) && must_wait(dialog, now_ms);
    return waits ? dialog->typed_ms + dialog->wait_ms : 0;
}

/* ---- keys ---- */

static size_t stops(const struct tui_dialog *dialog)
{
    return dialog->field_count + 1 + (dialog->action[0] != '\0');
}

static void press(struct tui_dialog *dialog, const struct tui_event *event, int64_t now_ms)
{
    bool on_field = dialog->focus < dialog->field_count, on_cancel = dialog->focus == dialog->field_count;
    if (has_lock(dialog) && (on_field || tui_dialog_locked(dialog, now_ms)))
        return; /* dead: a held enter, or a habit, does nothing */
    if (on_field)
        dialog->focus = dialog->focus + 1 < dialog->field_count ? dialog->focus + 1 : stops(dialog) - 1;
    else if (on_cancel)
        dialog->state = TUI_DIALOG_CANCELLED;
    else if (!tui_dialog_locked(dialog, now_ms) && (has_lock(dialog) || !event->with_others))
        dialog->state = TUI_DIALOG_DONE;
}

/* Text that comes while a button has the focus belongs to the field that it is waiting for. */
static void focus_field(struct tui_dialog *dialog)
{
    size_t to = 0;
    for (size_t i = dialog->field_count; i > 0; i--)
        if (dialog->fields[i - 1].expected[0])
            to = i - 1;
    dialog->focus = to;
}

static void type(struct tui_dialog *dialog, const struct tui_event *event, int64_t now_ms)
{
    bool is_text = tui_key_is_text(event->key) || event->key == TUI_KEY_PASTE;
    if (dialog->focus >= dialog->field_count && is_text && dialog->field_count > 0)
        focus_field(dialog);
    if (dialog->focus >= dialog->field_count)
        return;
    struct tui_dialog_field *field = &dialog->fields[dialog->focus];
    if (tui_line_key(&field->line, event) && field->expected[0])
        dialog->typed_ms = now_ms;
}

enum tui_dialog_state tui_dialog_key(struct tui_dialog *dialog, const struct tui_event *event, int64_t now_ms)
{
    size_t count = stops(dialog);
    bool on_button = dialog->focus >= dialog->field_count;
    switch (event->key) {
    case TUI_KEY_ESC:
    case TUI_KEY_CTRL | 'c': dialog->state = TUI_DIALOG_CANCELLED; break;
    case TUI_KEY_ENTER: press(dialog, event, now_ms); break;
    case TUI_KEY_TAB:
    case TUI_KEY_DOWN: dialog->focus = (dialog->focus + 1) % count; break;
    case TUI_KEY_BACKTAB:
    case TUI_KEY_UP: dialog->focus = (dialog->focus + count - 1) % count; break;
    case TUI_KEY_LEFT:
    case TUI_KEY_RIGHT:
        if (on_button)
            dialog->focus = event->key == TUI_KEY_LEFT ? dialog->field_count : count - 1;
        else
            type(dialog, event, now_ms);
        break;
    default: type(dialog, event, now_ms);
    }
    return dialog->state;
}

/* ---- drawing ---- */

enum { FIELD_LEAST = 12, GAP = 2 };

static int most(int a, int b)
{
    return a > b ? a : b;
}

static int buttons_width(const struct tui_dialog *dialog)
{
    int action = dialog->action[0] ? GAP * 2 + 4 + tui_width(dialog->action) : 0;
    return 4 + tui_width(dialog->action[0] ? "Cancel" : "Close") + action;
}

static int wanted_width(const struct tui_dialog *dialog)
{
    int w = most(dialog->want_w, most(buttons_width(dialog), tui_width(dialog->title) + 4));
    for (size_t i = 0; i < dialog->field_count; i++) {
        const struct tui_dialog_field *field = &dialog->fields[i];
        w = most(w, tui_width(field->label) + 1 + most(FIELD_LEAST, tui_width(field->expected) + 2));
    }
    return most(w, dialog->field_count > 0 ? 34 : 0);
}

static int button(const struct tui_pane *pane, int x, int y, enum tui_style style, const char *text,
                  bool focus, bool locked)
{
    int start = x;
    x += tui_text(pane, x, y, style, locked ? "( " : "[ ");
    x += tui_text(pane, x, y, style, text);
    x += tui_text(pane, x, y, style, locked ? " )" : " ]");
    if (focus)
        tui_choose(pane, start, y, x - start);
    return x - start;
}

static void draw_buttons(const struct tui_dialog *dialog, const struct tui_pane *pane, int y, bool locked)
{
    size_t cancel = dialog->field_count;
    int x = button(pane, 0, y, TUI_STRONG, dialog->action[0] ? "Cancel" : "Close", dialog->focus == cancel,
                   false);
    if (!dialog->action[0])
        return;
    int w = tui_width(dialog->action) + 4;
    x = x + GAP * 2 + w <= pane->w ? x + GAP * 2 : x + 1;
    button(pane, x, y,
           locked                        ? TUI_DIM
           : dialog->style == TUI_DANGER ? TUI_BAD
                                         : TUI_GOOD,
           dialog->action, dialog->focus == cancel + 1, locked);
}

static void draw_field(struct tui_dialog *dialog, const struct tui_pane *pane, int y, size_t i)
{
    struct tui_dialog_field *field = &dialog->fields[i];
    int label = tui_width(field->label), room = pane->w - FIELD_LEAST - 1;
    label = label > room ? most(room, 0) : label;
    tui_field(pane, 0, y, label, TUI_PLAIN, field->label);
    int x = label > 0 ? label + 1 : 0;
    tui_line_draw(&field->line, pane, x, y, pane->w - x, TUI_FIELD, dialog->focus == i);
}

/* The text that is to be typed, when its label does not show it whole and it does not stand there yet. */
static const char *cut_expected(const struct tui_dialog *dialog, int w)
{
    for (size_t i = 0; i < dialog->field_count; i++) {
        const struct tui_dialog_field *field = &dialog->fields[i];
        if (field->expected[0] && !field->line.paste_refused &&
            tui_width(field->label) > w - FIELD_LEAST - 1 && strcmp(field->expected, field->line.text) != 0)
            return field->expected;
    }
    return NULL;
}

struct tui_pane tui_dialog_draw(struct tui_dialog *dialog, const struct tui_pane *pane, int64_t now_ms)
{
    const char *why = tui_dialog_locked(dialog, now_ms);
    bool lock_line = has_lock(dialog) || why;
    int fields = (int)dialog->field_count, below = fields + lock_line + 1;
    int gap =
        dialog->want_h > 0 && pane->h >= dialog->want_h + below + 4; /* a blank row, when there is room */
    int w = wanted_width(dialog) + 4, h = dialog->want_h + below + gap + 2;
    w = w > pane->w ? pane->w : w;
    h = h > pane->h ? pane->h : h;
    struct tui_pane box = tui_pane_part(pane, (pane->w - w) / 2, (pane->h - h) / 2, w, h);
    tui_fill(&box, 0, 0, w, h, TUI_PLAIN, ' ');
    bool framed = h >= below + 3; /* else every row counts */
    const char *note = dialog->action[0] ? "esc cancels" : "esc closes";
    struct tui_pane in = framed ? tui_frame(&box, dialog->style, dialog->title, note) : box;
    if (framed && in.w > 4)
        in = tui_pane_part(&in, 1, 0, in.w - 2, in.h);
    int y = in.h - 1;
    char typed[sizeof dialog->fields[0].expected + 16];
    const char *cut = cut_expected(dialog, in.w);
    if (why && cut) { /* else nobody could know it */
        snprintf(typed, sizeof typed, "to type: %s", cut);
        why = typed;
    }
    draw_buttons(dialog, &in, y--, why != NULL);
    if (lock_line && in.h > fields + 1)
        tui_field(&in, 0, y--, in.w, why ? TUI_WARN : TUI_GOOD,
                  why ? why : "unlocked: tab to the button, then enter");
    for (int i = fields - 1; i >= 0; i--)
        draw_field(dialog, &in, y--, (size_t)i);
    int body = y + 1 - gap;
    return tui_pane_part(&in, 0, 0, in.w, most(body, 0));
}
