/* lineedit.c - a line being typed. The cursor stands between characters; one that combines belongs to the one before. */
#include "tui/lineedit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"
#include "tui/glyph.h"

/* More keys than this in one reading of the terminal were not typed by a person. */
#define TYPED_AT_ONCE 6

/* ---- history ---- */

void tui_history_init(struct tui_history *history, size_t max)
{
    *history = (struct tui_history){ .lines = mig_alloc_n(max, sizeof *history->lines), .max = max };
}

void tui_history_done(struct tui_history *history)
{
    for (size_t i = 0; i < history->count; i++)
        free(history->lines[i]);
    free(history->lines);
    *history = (struct tui_history){ 0 };
}

static void forget(struct tui_history *history, size_t at)
{
    free(history->lines[at]);
    history->count--;
    memmove(&history->lines[at], &history->lines[at + 1], (history->count - at) * sizeof *history->lines);
}

void tui_history_add(struct tui_history *history, const char *line)
{
    if (!line[0] || history->max == 0)
        return;
    for (size_t i = 0; i < history->count; i++)
        if (strcmp(history->lines[i], line) == 0) {
            forget(history, i);
            break;
        }
    if (history->count == history->max)
        forget(history, 0);
    history->lines[history->count++] = mig_strdup(line);
}

/* ---- the text ---- */

void tui_line_init(struct tui_line *line, size_t max, const struct tui_history *history)
{
    *line = (struct tui_line){
        .max = max > 0 && max < TUI_LINE_MAX ? max : TUI_LINE_MAX - 1,
        .history = history,
        .history_at = history ? history->count : 0,
    };
}

/* Whole characters that may be shown, as many as there is room for. */
static void insert(struct tui_line *line, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n;
        uint32_t c = mig_utf8_decode(text + i, len - i, &n);
        bool fine = mig_utf8_len(text + i, len - i) > 0 && !mig_char_is_unsafe(c);
        if (fine && line->len + n <= line->max) {
            memmove(line->text + line->at + n, line->text + line->at, line->len - line->at + 1);
            memcpy(line->text + line->at, text + i, n);
            line->at += n;
            line->len += n;
        }
        i += n;
    }
}

static void cut(struct tui_line *line, size_t from, size_t to)
{
    memmove(line->text + from, line->text + to, line->len - to + 1);
    line->len -= to - from;
    line->at = from;
}

static size_t next(const struct tui_line *line, size_t at)
{
    return at < line->len ? at + tui_glyph_at(line->text + at, line->len - at).bytes : at;
}

static size_t previous(const struct tui_line *line, size_t at)
{
    size_t last = 0;
    for (size_t i = 0; i < at; i = next(line, i))
        last = i;
    return last;
}

static size_t word_before(const struct tui_line *line, size_t at)
{
    while (at > 0 && line->text[at - 1] == ' ')
        at--;
    while (at > 0 && line->text[at - 1] != ' ')
        at--;
    return at;
}

static size_t word_after(const struct tui_line *line, size_t at)
{
    while (line->text[at] == ' ')
        at++;
    while (line->text[at] && line->text[at] != ' ')
        at++;
    return at;
}

void tui_line_set(struct tui_line *line, const char *text)
{
    line->len = line->at = 0;
    line->text[0] = '\0';
    line->x = 0;
    insert(line, text, strlen(text));
}

/* ---- keys ---- */

static bool walk_history(struct tui_line *line, bool back)
{
    const struct tui_history *history = line->history;
    if (!history)
        return false;
    if (line->history_at > history->count)
        line->history_at = history->count;
    if (back ? line->history_at == 0 : line->history_at == history->count)
        return true;
    if (line->history_at == history->count)
        memcpy(line->typed, line->text, line->len + 1);
    line->history_at += back ? (size_t)-1 : 1;
    tui_line_set(line, line->history_at == history->count ? line->typed : history->lines[line->history_at]);
    return true;
}

static void refuse(struct tui_line *line)
{
    tui_line_set(line, "");
    line->paste_refused = true;
}

static bool type(struct tui_line *line, const struct tui_event *event)
{
    line->batch_keys = event->batch == line->batch ? line->batch_keys + 1 : 1;
    line->batch = event->batch;
    if (line->refuse_paste && line->batch_keys > TYPED_AT_ONCE) {
        refuse(line);
        return true;
    }
    line->paste_refused = false;
    char text[4];
    insert(line, text, mig_utf8_encode(event->key, text));
    return true;
}

enum edit {
    NO_EDIT,
    BEGIN,
    END,
    BACK,
    FORWARD,
    WORD_BACK,
    WORD_FORWARD,
    CUT_BEFORE,
    CUT_AFTER,
    CUT_WORD,
    CUT_BACK,
    CUT_HERE,
    OLDER,
    NEWER
};

static const struct {
    uint32_t key;
    enum edit edit;
} edits[] = {
    { TUI_KEY_HOME, BEGIN },
    { TUI_KEY_CTRL | 'a', BEGIN },
    { TUI_KEY_END, END },
    { TUI_KEY_CTRL | 'e', END },
    { TUI_KEY_LEFT, BACK },
    { TUI_KEY_CTRL | 'b', BACK },
    { TUI_KEY_RIGHT, FORWARD },
    { TUI_KEY_CTRL | 'f', FORWARD },
    { TUI_KEY_ALT | 'b', WORD_BACK },
    { TUI_KEY_CTRL | TUI_KEY_LEFT, WORD_BACK },
    { TUI_KEY_ALT | 'f', WORD_FORWARD },
    { TUI_KEY_CTRL | TUI_KEY_RIGHT, WORD_FORWARD },
    { TUI_KEY_CTRL | 'u', CUT_BEFORE },
    { TUI_KEY_CTRL | 'k', CUT_AFTER },
    { TUI_KEY_CTRL | 'w', CUT_WORD },
    { TUI_KEY_BACKSPACE, CUT_BACK },
    { TUI_KEY_DELETE, CUT_HERE },
    { TUI_KEY_CTRL | 'd', CUT_HERE },
    { TUI_KEY_UP, OLDER },
    { TUI_KEY_CTRL | 'p', OLDER },
    { TUI_KEY_DOWN, NEWER },
    { TUI_KEY_CTRL | 'n', NEWER },
};

static bool edit(struct tui_line *line, enum edit what)
{
    switch (what) {
    case NO_EDIT: return false;
    case BEGIN: line->at = 0; break;
    case END: line->at = line->len; break;
    case BACK: line->at = previous(line, line->at); break;
    case FORWARD: line->at = next(line, line->at); break;
    case WORD_BACK: line->at = word_before(line, line->at); break;
    case WORD_FORWARD: line->at = word_after(line, line->at); break;
    case CUT_BEFORE: cut(line, 0, line->at); break;
    case CUT_AFTER: cut(line, line->at, line->len); break;
    case CUT_WORD: cut(line, word_before(line, line->at), line->at); break;
    case CUT_BACK: cut(line, previous(line, line->at), line->at); break;
    case CUT_HERE: cut(line, line->at, next(line, line->at)); break;
    case OLDER: return walk_history(line, true);
    case NEWER: return walk_history(line, false);
    }
    return true;
}

bool tui_line_key(struct tui_line *line, const struct tui_event *event)
{
    if (event->key == TUI_KEY_PASTE) {
        if (line->refuse_paste)
            refuse(line);
        else
            insert(line, event->paste, event->paste_len);
        return true;
    }
    if (tui_key_is_text(event->key))
        return type(line, event);
    for (size_t i = 0; i < MIG_COUNT(edits); i++)
        if (edits[i].key == event->key)
            return edit(line, edits[i].edit);
    return false;
}

/* ---- drawing ---- */

static int columns(const char *text, size_t len)
{
    int width = 0;
    for (size_t i = 0; i < len;) {
        struct tui_glyph glyph = tui_glyph_at(text + i, len - i);
        width += glyph.width;
        i += glyph.bytes;
    }
    return width;
}

void tui_line_draw(struct tui_line *line, const struct tui_pane *pane, int x, int y, int w,
                   enum tui_style style, bool focused)
{
    if (w < 1)
        return;
    int cursor = columns(line->text, line->at), whole = columns(line->text, line->len);
    if (line->x > whole + 1 - w)
        line->x = whole + 1 > w ? whole + 1 - w : 0;
    if (cursor < line->x)
        line->x = cursor;
    if (cursor - line->x > w - 1)
        line->x = cursor - (w - 1);
    struct tui_pane field = tui_pane_part(pane, x, y, w, 1);
    tui_fill(&field, 0, 0, w, 1, style, ' ');
    tui_text_len(&field, -line->x, 0, style, line->text, line->len);
    if (focused)
        tui_cursor(&field, cursor - line->x, 0);
}
