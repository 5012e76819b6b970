/* console_keys.c - keys to actions: the tables' defaults, and the user's file over them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "views/console_private.h"

// clang-format off
const struct view_key console_own_keys[] = {
    { "? F1", "help", "help", "this help: only keys that work here", 1000 },
    { ":", "command", "cmd", "type a command; tab completes it", 990 },
    { "e", "errors", "errors", "what is wrong now, everywhere", 100 },
    { "E", "messages", NULL, "what went wrong in this session, and what to do about it", 90 },
    { "r", "refresh", NULL, "look again now", 40 },
    { "y", "copy", NULL, "copy what is on the screen", 30 },
    { "esc", "back", NULL, "back to the view before", 20 },
    { "q F10", "leave", "back/quit", "back; on the first view: quit (runs go on)", 980 },
    { "C-l", "redraw", NULL, "draw the screen anew", 10 },
    { "C-z", "suspend", NULL, "back to the shell; fg returns", 10 },
    { "C-c", "cancel", NULL, "close what is open; twice on the first view: quit", 10 },
    { NULL, NULL, NULL, NULL, 0 },
};
// clang-format on

static void bind_names(struct console_binding *binding, const char *names)
{
    char name[TUI_KEY_NAME_MAX * 2];
    binding->count = 0;
    while (*(names += strspn(names, " "))) {
        size_t len = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)len, names);
        uint32_t key = tui_key_find(name);
        if (key != TUI_KEY_NONE && binding->count < CONSOLE_BINDINGS)
            binding->keys[binding->count++] = key;
        names += len;
    }
}

static void take_table(struct console_keys *keys, const struct view_class *class,
                       const struct view_key *table)
{
    if (keys->count == CONSOLE_CLASSES)
        return;
    struct console_bindings *set = &keys->sets[keys->count++];
    *set = (struct console_bindings){ .class = class };
    for (; table && table->key && set->count < CONSOLE_ACTIONS; table++) {
        set->items[set->count].row = table;
        bind_names(&set->items[set->count++], table->key);
    }
}

static struct console_bindings *set_of(const struct console_keys *keys, const struct view_class *class)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->sets[i].class == class)
            return (struct console_bindings *)(uintptr_t)&keys->sets[i];
    }
    return NULL;
}

static struct console_binding *binding_named(struct console_bindings *set, const char *action)
{
    for (size_t i = 0; set && i < set->count; i++) {
        if (strcmp(set->items[i].row->action, action) == 0)
            return &set->items[i];
    }
    return NULL;
}

struct teller {
    const char *file_name;
    int line;
    void (*note)(void *ctx, const char *message);
    void *ctx;
};

static void tell(const struct teller *teller, const char *what, const char *word)
{
    char text[512];
    char *safe = mig_text_safe_dup(word, 60);
    snprintf(text, sizeof text, "%s:%d: %s '%s'", teller->file_name, teller->line, what, safe);
    free(safe);
    if (teller->note)
        teller->note(teller->ctx, text);
}

/* "matrix.plan enter p" */
static void take_line(struct console_keys *keys, char *line, const struct teller *teller)
{
    char *save = NULL;
    char *target = strtok_r(line, " \t\r", &save);
    char *dot = target ? strchr(target, '.') : NULL;
    if (!target || target[0] == '#')
        return;
    if (!dot) {
        tell(teller, "a line is VIEW.ACTION KEY…, not", target);
        return;
    }
    *dot = '\0';
    const struct view_class *class = strcmp(target, "console") == 0 ? NULL : view_class_find(target);
    if (!class && strcmp(target, "console") != 0) {
        tell(teller, "there is no view", target);
        return;
    }
    struct console_binding *binding = binding_named(set_of(keys, class), dot + 1);
    if (!binding) {
        tell(teller, "there is no such action", dot + 1);
        return;
    }
    binding->count = 0;
    for (char *word; (word = strtok_r(NULL, " \t\r", &save));) {
        uint32_t key = tui_key_find(word);
        if (key == TUI_KEY_NONE)
            tell(teller, "there is no key", word);
        else if (binding->count < CONSOLE_BINDINGS)
            binding->keys[binding->count++] = key;
    }
}

static const struct view_key *find_in(const struct console_bindings *set, uint32_t key)
{
    for (size_t i = 0; set && i < set->count; i++) {
        for (size_t k = 0; k < set->items[i].count; k++) {
            if (set->items[i].keys[k] == key)
                return set->items[i].row;
        }
    }
    return NULL;
}

/* A key that stands at two actions of one table does the first; say so. */
static void find_conflicts(const struct console_bindings *set, struct teller *teller)
{
    for (size_t i = 0; i < set->count; i++) {
        for (size_t k = 0; k < set->items[i].count; k++) {
            const struct view_key *first = find_in(set, set->items[i].keys[k]);
            if (first == set->items[i].row)
                continue;
            char name[TUI_KEY_NAME_MAX];
            char text[256];
            tui_key_name(set->items[i].keys[k], name);
            snprintf(text, sizeof text, "%s: in %s the key %s does %s; it cannot do %s too",
                     teller->file_name, set->class ? set->class->name : "console", name, first->action,
                     set->items[i].row->action);
            if (teller->note)
                teller->note(teller->ctx, text);
        }
    }
}

void console_keys_load(struct console_keys *keys, const char *text, const char *file_name,
                       void (*note)(void *ctx, const char *message), void *ctx)
{
    struct teller teller = { .file_name = file_name ? file_name : "keys", .note = note, .ctx = ctx };
    keys->count = 0;
    take_table(keys, NULL, console_own_keys);
    for (size_t i = 0; view_classes[i]; i++)
        take_table(keys, view_classes[i], view_classes[i]->keys);
    while (text && *text) {
        char line[256];
        size_t len = strcspn(text, "\n");
        teller.line++;
        snprintf(line, sizeof line, "%.*s", (int)len, text);
        take_line(keys, line, &teller);
        text += len + (text[len] == '\n');
    }
    for (size_t i = 0; i < keys->count; i++)
        find_conflicts(&keys->sets[i], &teller);
}

const struct view_key *console_keys_find(const struct console_keys *keys, const struct view_class *class,
                                         uint32_t key)
{
    return find_in(set_of(keys, class), key);
}

void console_keys_name(const struct console_keys *keys, const struct view_class *class,
                       const struct view_key *row, bool first_only, char *ret, size_t size)
{
    const struct console_bindings *set = set_of(keys, class);
    size_t len = 0;
    ret[0] = '\0';
    for (size_t i = 0; set && i < set->count; i++) {
        if (set->items[i].row != row)
            continue;
        for (size_t k = 0; k < set->items[i].count && (k == 0 || !first_only); k++) {
            char name[TUI_KEY_NAME_MAX];
            tui_key_name(set->items[i].keys[k], name);
            len += (size_t)snprintf(ret + len, size - len, "%s%s", k ? " " : "", name);
            if (len >= size)
                return;
        }
    }
}
