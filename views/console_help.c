/* console_help.c - the keys that work here, from the very tables that dispatch them; what is typed searches. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "model/state.h"
#include "tui/bars.h"
#include "tui/move.h"
#include "views/console_private.h"

#define ENTRIES_MAX 256
#define KEYS_MAX    48
#define HELP_MAX    120
#define NOTE        "esc closes"

struct page {
    struct tui_help_entry entries[ENTRIES_MAX];
    char names[ENTRIES_MAX][KEYS_MAX];
    char texts[ENTRIES_MAX][HELP_MAX];
    size_t count;
    const char *find;
};

static bool holds(const char *text, const char *find)
{
    size_t len = strlen(find);
    for (; *text; text++) {
        if (strncasecmp(text, find, len) == 0)
            return true;
    }
    return len == 0;
}

static void add(struct page *page, const char *name, const char *text, const char *refusal)
{
    if (page->count == ENTRIES_MAX || !(holds(name, page->find) || holds(text, page->find)))
        return;
    size_t i = page->count++;
    snprintf(page->names[i], KEYS_MAX, "%s", name);
    snprintf(page->texts[i], HELP_MAX, "%s%s%s%s", text, refusal ? " [" : "", refusal ? refusal : "",
             refusal ? "]" : "");
    page->entries[i] =
        (struct tui_help_entry){ .keys = page->names[i], .text = page->texts[i], .dimmed = refusal != NULL };
}

static size_t begin_group(struct page *page, const char *title)
{
    size_t at = page->count;
    if (page->count < ENTRIES_MAX)
        page->entries[page->count++] = (struct tui_help_entry){ .keys = NULL, .text = title };
    return at;
}

/* A group in which nothing was found goes. */
static void end_group(struct page *page, size_t at)
{
    if (page->count == at + 1)
        page->count = at;
}

/* moves: those that move, or all others. */
static void add_keys(struct console *console, struct page *page, const struct view_class *class,
                     const struct view_key *row, bool moves)
{
    struct view *top = console_top(console);
    struct view_frame frame = console_frame(console);
    for (; row && row->key; row++) {
        char name[KEYS_MAX];
        if ((tui_move_of(row->action) != TUI_MOVE_NONE) != moves)
            continue;
        console_keys_name(&console->keys, class, row, false, name, sizeof name);
        add(page, name, row->help, class && class->refuses ? class->refuses(top, &frame, row->action) : NULL);
    }
}

/* Each with its digit, its name after ':' and what that takes. */
static void add_views(struct page *page)
{
    size_t at = begin_group(page, "VIEWS");
    for (size_t i = 0; view_classes[i]; i++) {
        const struct view_class *class = view_classes[i];
        char name[KEYS_MAX];
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, HELP_MAX);
        snprintf(name, sizeof name, "%c :%s", class->digit ? class->digit : ' ', class->name);
        mig_buf_printf(&text, "%s   --env NAME", class->title);
        for (const struct view_option_row *row = class->options; row && row->name; row++)
            mig_buf_printf(&text, "  %s%s%s", row->name, row->values ? " " : "",
                           row->values ? row->values : "");
        add(page, name, text.text, NULL);
    }
    end_group(page, at);
}

static void add_marks(const struct console *console, struct page *page)
{
    size_t at = begin_group(page, "MARKS");
    for (int i = 0; i < MIG_STATES; i++) {
        char text[HELP_MAX];
        snprintf(text, sizeof text, "%s: %s", mig_state_word(i), mig_state_meaning(i));
        add(page, mig_state_mark(i, console->options.utf8), text, NULL);
    }
    end_group(page, at);
}

static void fill(struct console *console, struct page *page)
{
    const struct view_class *class = console_top(console)->class;
    page->count = 0;
    page->find = console->help.search.text;
    size_t at = begin_group(page, class->title);
    add_keys(console, page, class, class->keys, false);
    end_group(page, at);
    at = begin_group(page, "EVERYWHERE");
    add_keys(console, page, NULL, console_own_keys, false);
    end_group(page, at);
    add_marks(console, page);
    at = begin_group(page, "MOVES");
    add_keys(console, page, class, class->keys, true);
    end_group(page, at);
    add_views(page);
    at = begin_group(page, "COMMANDS (:)");
    for (const struct console_command *command = console_commands; command->name; command++) {
        char name[KEYS_MAX];
        snprintf(name, sizeof name, "%s%s%s", command->name, command->arguments[0] ? " " : "",
                 command->arguments);
        add(page, name, command->help, NULL);
    }
    for (int i = 0; i < MIG_COMMANDS; i++) {
        const struct mig_command *command = mig_command_at(i);
        if (command->flags & MIG_CMD_MUTATES && !(command->flags & MIG_CMD_HIDDEN))
            add(page, command->name, command->summary, NULL);
    }
    end_group(page, at);
}

void console_help_open(struct console *console)
{
    tui_line_init(&console->help.search, 40, NULL);
    console->help.scroll = 0;
    console->overlay = OVERLAY_HELP;
}

void console_help_draw(struct console *console, const struct tui_pane *pane)
{
    struct console_help *help = &console->help;
    struct page *page MIG_AUTOFREE = mig_alloc(sizeof *page);
    char title[64];
    char note[96];
    snprintf(title, sizeof title, "HELP %s", console_top(console)->class->title);
    tui_fill(pane, 0, 0, pane->w, pane->h, TUI_PLAIN, ' ');
    struct tui_pane body = tui_frame(pane, TUI_BORDER, title, NOTE);
    if (body.w <= 0 || body.h <= 2)
        return;
    int x = 2 + tui_text(&body, 1, 0, TUI_DIM, "type to search:");
    tui_line_draw(&help->search, &body, x, 0, body.w - x - 1, TUI_FIELD, true);
    struct tui_pane rest = tui_pane_part(&body, 1, 2, body.w - 2, body.h - 2);
    fill(console, page);
    help->page = rest.h;
    help->rows = tui_help_draw(&rest, help->scroll, page->entries, page->count);
    if (page->count == 0)
        tui_text(&rest, 0, 0, TUI_DIM, "nothing has that in it");
    if (help->rows > help->page) {
        int end = help->scroll + help->page < help->rows ? help->scroll + help->page : help->rows;
        snprintf(note, sizeof note, NOTE "   %d-%d of %d, pgdn", help->scroll + 1, end, help->rows);
        tui_frame(pane, TUI_BORDER, title, note);
    }
}

void console_help_key(struct console *console, const struct tui_event *event)
{
    struct console_help *help = &console->help;
    int last = help->rows > help->page ? help->rows - help->page : 0;
    int to = help->scroll;
    switch (event->key) {
    case TUI_KEY_ESC:
    case TUI_KEY_ENTER:
    case TUI_KEY_F1:
    case TUI_KEY_CTRL | 'c': console->overlay = OVERLAY_NONE; return;
    case TUI_KEY_DOWN: to++; break;
    case TUI_KEY_UP: to--; break;
    case TUI_KEY_PGDN: to += help->page; break;
    case TUI_KEY_PGUP: to -= help->page; break;
    case '?':
    case 'q':
        if (help->search.len == 0) {
            console->overlay = OVERLAY_NONE;
            return;
        }
        __attribute__((fallthrough));
    default:
        tui_line_key(&help->search, event);
        to = 0;
        break;
    }
    help->scroll = to > last ? last : to < 0 ? 0 : to;
}
