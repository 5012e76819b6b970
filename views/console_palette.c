/* console_palette.c - the ':' line: editing, history, and what the word under the cursor may become. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "views/console_private.h"

#define FOUND_MAX (sizeof((struct console_palette *)0)->found / sizeof((struct console_palette *)0)->found[0])

void console_palette_open(struct console *console, const char *text)
{
    struct console_palette *palette = &console->palette;
    tui_line_init(&palette->line, 0, &palette->history);
    tui_line_set(&palette->line, text);
    palette->cycling = false;
    console->overlay = OVERLAY_PALETTE;
    console_palette_complete(console);
}

/* ---- completion ---- */

static void offer(struct console_palette *palette, const char *text)
{
    size_t len = strlen(palette->word);
    if (palette->found_count == FOUND_MAX || strncmp(text, palette->word, len) != 0)
        return;
    for (size_t i = 0; i < palette->found_count; i++) {
        if (strcmp(palette->found[i], text) == 0)
            return;
    }
    snprintf(palette->found[palette->found_count++], sizeof palette->found[0], "%s", text);
}

static void offer_environments(struct console *console)
{
    const struct cfg_config *config = console->options.app->config;
    for (size_t i = 0; i < config->environment_count; i++)
        offer(&console->palette, config->environments[i].name);
}

static void offer_commands(struct console_palette *palette)
{
    for (const struct console_command *command = console_commands; command->name; command++)
        offer(palette, command->name);
    for (int i = 0; i < MIG_COMMANDS; i++) {
        const struct mig_command *command = mig_command_at(i);
        if (console_command_is_known(command))
            offer(palette, command->name);
    }
    for (size_t i = 0; view_classes[i]; i++)
        offer(palette, view_classes[i]->name);
}

static void offer_choices(struct console_palette *palette, const char *choices)
{
    char name[64];
    for (size_t i = 0; mig_choice(choices, i, name, sizeof name); i++)
        offer(palette, name);
}

static void offer_options(struct console_palette *palette, const struct mig_command *command)
{
    for (const struct mig_option_row *row = command->options; row->id != MIG_OPTIONS; row++) {
        char name[64];
        if (!row->help || !console_option_is_here(command, row->id))
            continue;
        snprintf(name, sizeof name, "--%s", mig_option_at(row->id)->name);
        offer(palette, name);
    }
}

static void offer_versions(struct console *console)
{
    const struct mig_catalog *catalog = console->snapshot->files->catalog;
    for (size_t i = catalog->count; i-- > 0 && console->palette.found_count < FOUND_MAX;)
        offer(&console->palette, catalog->items[i].version);
}

static void offer_value(struct console *console, enum mig_value value, const char *choices)
{
    if (value == MIG_VALUE_ENVIRONMENT)
        offer_environments(console);
    else if (value == MIG_VALUE_VERSION)
        offer_versions(console);
    else if (choices)
        offer_choices(&console->palette, choices);
}

/* The word is a value of one of the options that a screen takes itself: nothing else fits then. */
static bool offer_value_of_class(struct console *console, const struct view_class *class, const char *before)
{
    for (const struct view_option_row *row = class ? class->options : NULL; row && row->name; row++) {
        if (row->values && strcmp(row->name, before) == 0) {
            if (strcmp(row->values, "VERSION") == 0)
                offer_versions(console);
            else if (strchr(row->values, '|'))
                offer_choices(&console->palette, row->values);
            return true;
        }
    }
    return false;
}

static void offer_options_of_class(struct console_palette *palette, const struct view_class *class)
{
    for (const struct view_option_row *row = class ? class->options : NULL; row && row->name; row++)
        offer(palette, row->name);
}

/* before: the word before the cursor's, "" when it is the first. */
static void offer_of_command(struct console *console, const struct mig_command *command, const char *before)
{
    struct console_palette *palette = &console->palette;
    int option = strncmp(before, "--", 2) == 0 ? mig_option_find(before + 2, strlen(before + 2)) : -1;
    if (option >= 0 && mig_option_at(option)->value != MIG_VALUE_NONE) {
        offer_value(console, mig_option_at(option)->value, mig_option_at(option)->choices);
        return;
    }
    const struct view_class *class = console_shown_class(command);
    if (offer_value_of_class(console, class, before))
        return;
    if (palette->word[0] != '-')
        offer_value(console, command->value, command->choices);
    offer_options(palette, command);
    offer_options_of_class(palette, class); /* they come last */
}

/* words of `view NAME`, or of NAME alone where no command has that name. */
static void offer_of_view(struct console *console, const struct view_class *class, const char *before)
{
    if (strcmp(before, "--env") == 0) {
        offer_environments(console);
    } else if (!offer_value_of_class(console, class, before)) {
        offer_options_of_class(&console->palette, class);
        offer(&console->palette, "--env");
    }
}

static void offer_of_own(struct console *console, const char *name, size_t position, const char *second,
                         const char *before)
{
    struct console_palette *palette = &console->palette;
    if (strcmp(name, "view") == 0 && position == 1) {
        for (size_t i = 0; view_classes[i]; i++)
            offer(palette, view_classes[i]->name);
    } else if (strcmp(name, "view") == 0) {
        offer_of_view(console, view_class_find(second), before);
    } else if (strcmp(name, "set") == 0) {
        offer_choices(palette, position == 1 ? "ascii|mouse|bell|title" : "on|off");
    } else if (strcmp(name, "rw") == 0 && position == 2) {
        offer_choices(palette, "5m|10m|30m|1h");
    } else if (strcmp(name, "save") != 0 && position == 1) {
        offer_environments(console);
    }
}

static bool is_own(const char *name)
{
    for (const struct console_command *command = console_commands; command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return true;
    }
    return false;
}

void console_palette_complete(struct console *console)
{
    struct console_palette *palette = &console->palette;
    char text[TUI_LINE_MAX];
    char first[64] = "";
    char second[64] = "";
    char before[64] = "";
    size_t position = 0;
    size_t at = 0;
    snprintf(text, sizeof text, "%.*s", (int)palette->line.at, palette->line.text);
    palette->found_count = 0;
    palette->chosen = 0;
    for (;;) { /* words as they stand; quotes do not matter for what can be completed */
        at += strspn(text + at, " ");
        size_t len = strcspn(text + at, " ");
        if (text[at + len] == '\0') {
            palette->word_at = at;
            snprintf(palette->word, sizeof palette->word, "%s", text + at);
            break;
        }
        snprintf(before, sizeof before, "%.*s", (int)len, text + at);
        if (position == 0)
            snprintf(first, sizeof first, "%s", before);
        else if (position == 1)
            snprintf(second, sizeof second, "%s", before);
        position++;
        at += len;
    }
    const struct mig_command *command = mig_command_find(first);
    if (position == 0)
        offer_commands(palette);
    else if (is_own(first))
        offer_of_own(console, first, position, second, before);
    else if (command)
        offer_of_command(console, command, before);
    else
        offer_of_view(console, view_class_find(first), before);
}

/* Put a word in the place of the one under the cursor. */
static void replace_word(struct console_palette *palette, const char *word, bool whole)
{
    char text[TUI_LINE_MAX];
    snprintf(text, sizeof text, "%.*s%s%s", (int)palette->word_at, palette->line.text, word,
             whole ? " " : "");
    tui_line_set(&palette->line, text);
}

static size_t common(const struct console_palette *palette)
{
    size_t len = strlen(palette->found[0]);
    for (size_t i = 1; i < palette->found_count; i++) {
        size_t k = 0;
        while (k < len && palette->found[i][k] == palette->found[0][k])
            k++;
        len = k;
    }
    return len;
}

/* First tab: as far as all agree; then one after the other. */
static void complete_next(struct console *console, bool backward)
{
    struct console_palette *palette = &console->palette;
    char word[64];
    if (!palette->cycling)
        console_palette_complete(console);
    if (palette->found_count == 0)
        return;
    if (palette->found_count == 1 && !palette->cycling) {
        replace_word(palette, palette->found[0], true);
        console_palette_complete(console);
        return;
    }
    size_t agreed = common(palette);
    if (!palette->cycling && agreed > strlen(palette->word)) {
        snprintf(word, sizeof word, "%.*s", (int)agreed, palette->found[0]);
        replace_word(palette, word, false);
        console_palette_complete(console);
        return;
    }
    if (palette->cycling)
        palette->chosen =
            (palette->chosen + (backward ? palette->found_count - 1 : 1)) % palette->found_count;
    palette->cycling = true;
    replace_word(palette, palette->found[palette->chosen], false);
}

void console_palette_key(struct console *console, const struct tui_event *event)
{
    struct console_palette *palette = &console->palette;
    char line[TUI_LINE_MAX];
    switch (event->key) {
    case TUI_KEY_ESC:
    case TUI_KEY_CTRL | 'c': console->overlay = OVERLAY_NONE; return;
    case TUI_KEY_TAB:
    case TUI_KEY_BACKTAB: complete_next(console, event->key == TUI_KEY_BACKTAB); return;
    case TUI_KEY_ENTER:
        snprintf(line, sizeof line, "%s", palette->line.text);
        console->overlay = OVERLAY_NONE;
        console_history_add(console, line);
        console_command(console, line);
        return;
    case TUI_KEY_BACKSPACE:
        if (palette->line.len == 0) {
            console->overlay = OVERLAY_NONE;
            return;
        }
        break;
    default: break;
    }
    palette->cycling = false;
    if (event->key == TUI_KEY_PASTE &&
        (event->paste_cut || palette->line.len + event->paste_len > palette->line.max)) {
        console_say(console, "what was pasted is longer than a line may be: nothing of it was taken");
        return; /* a part of a command is another command */
    }
    tui_line_key(&palette->line, event);
    console_palette_complete(console);
}

/* ---- drawing ---- */

static void draw_found(const struct console_palette *palette, const struct tui_pane *pane, int y)
{
    int x = 1;
    size_t first = palette->cycling && palette->chosen > 3 ? palette->chosen - 3 : 0;
    tui_fill(pane, 0, y, pane->w, 1, TUI_PLAIN, ' ');
    for (size_t i = first; i < palette->found_count; i++) {
        int width = tui_width(palette->found[i]);
        if (x + width + 2 > pane->w) {
            tui_text(pane, x, y, TUI_DIM, "...");
            return;
        }
        bool chosen = palette->cycling && i == palette->chosen;
        tui_text(pane, x, y, chosen ? TUI_CHOSEN : TUI_DIM, palette->found[i]);
        x += width + 2;
    }
}

void console_palette_draw(struct console *console, const struct tui_pane *pane)
{
    struct console_palette *palette = &console->palette;
    int y = pane->h - 1;
    if (pane->h >= CONSOLE_MIN_ROWS)
        draw_found(palette, pane, y - 1);
    tui_fill(pane, 0, y, pane->w, 1, TUI_PLAIN, ' ');
    tui_text(pane, 0, y, TUI_KEY, ":");
    tui_line_draw(&palette->line, pane, 1, y, pane->w - 1, TUI_FIELD, true);
}
