/* key.c - names of keys. */
#include "tui/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rows.h"
#include "base/text.h"
#include "tui/glyph.h"

#define MODIFIERS ((uint32_t)(TUI_KEY_CTRL | TUI_KEY_ALT))

static const struct {
    uint32_t key;
    const char *name;
} names[] = {
    { TUI_KEY_ENTER, "enter" },
    { TUI_KEY_ESC, "esc" },
    { TUI_KEY_TAB, "tab" },
    { TUI_KEY_BACKTAB, "S-tab" },
    { TUI_KEY_BACKSPACE, "backspace" },
    { TUI_KEY_DELETE, "del" },
    { TUI_KEY_INSERT, "ins" },
    { TUI_KEY_UP, "up" },
    { TUI_KEY_DOWN, "down" },
    { TUI_KEY_LEFT, "left" },
    { TUI_KEY_RIGHT, "right" },
    { TUI_KEY_PGUP, "pgup" },
    { TUI_KEY_PGDN, "pgdn" },
    { TUI_KEY_HOME, "home" },
    { TUI_KEY_END, "end" },
    { TUI_KEY_PASTE, "paste" },
    { TUI_KEY_RESIZE, "resize" },
    { TUI_KEY_UNKNOWN, "unknown" },
    { ' ', "space" },
};

static bool is_function(uint32_t base)
{
    return base >= TUI_KEY_F1 && base <= TUI_KEY_F12;
}

void tui_key_name(uint32_t key, char ret[static TUI_KEY_NAME_MAX])
{
    uint32_t base = key & ~MODIFIERS;
    const char *ctrl = key & TUI_KEY_CTRL ? "C-" : "", *alt = key & TUI_KEY_ALT ? "M-" : "";
    for (size_t i = 0; i < MIG_COUNT(names); i++)
        if (names[i].key == base) {
            snprintf(ret, TUI_KEY_NAME_MAX, "%s%s%s", ctrl, alt, names[i].name);
            return;
        }
    if (is_function(base)) {
        snprintf(ret, TUI_KEY_NAME_MAX, "%s%sF%u", ctrl, alt, (unsigned)(base - TUI_KEY_F1 + 1));
    } else if (!tui_key_is_text(base)) {
        snprintf(ret, TUI_KEY_NAME_MAX, "%s%sU+%04X", ctrl, alt, (unsigned)base);
    } else {
        char text[4];
        size_t len = mig_utf8_encode(base, text);
        snprintf(ret, TUI_KEY_NAME_MAX, "%s%s%.*s", ctrl, alt, (int)len, text);
    }
}

static uint32_t find_base(const char *name)
{
    for (size_t i = 0; i < MIG_COUNT(names); i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].key;
    int64_t number;
    if (name[0] == 'F' && mig_text_int(name + 1, 1, 12, &number))
        return TUI_KEY_F1 + (uint32_t)number - 1;
    if (strncmp(name, "U+", 2) == 0 && name[2]) {
        char *end;
        unsigned long c = strtoul(name + 2, &end, 16);
        return *end || c == 0 || c > 0x10FFFF ? TUI_KEY_NONE : (uint32_t)c;
    }
    size_t len = strlen(name), used;
    uint32_t c = mig_utf8_decode(name, len, &used);
    return len && mig_utf8_len(name, len) == len && tui_key_is_text(c) ? c : TUI_KEY_NONE;
}

uint32_t tui_key_find(const char *name)
{
    uint32_t modifiers = 0;
    while ((name[0] == 'C' || name[0] == 'M') && name[1] == '-' && name[2]) {
        modifiers |= name[0] == 'C' ? TUI_KEY_CTRL : TUI_KEY_ALT;
        name += 2;
    }
    uint32_t base = find_base(name);
    return base == TUI_KEY_NONE ? TUI_KEY_NONE : base | modifiers;
}

bool tui_key_is_text(uint32_t key)
{
    return key >= ' ' && key < 0x110000 && !(key >= 0xD800 && key < 0xE000) && !mig_char_is_unsafe(key);
}
