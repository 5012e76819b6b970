/* docs/reference/console-keys.md is what the tables of keys and commands say; UPDATE_GOLDEN=1 writes it anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "support/golden.h"
#include "views/classes.h"
#include "views/console_private.h"

static void add_escaped(struct mig_buf *out, const char *text)
{
    for (; *text; text++)
        mig_buf_str(out, *text == '|' ? "\\|" : (char[]){ *text, '\0' });
}

/* "enter p" as `enter` `p`. */
static void add_keys(struct mig_buf *out, const char *keys)
{
    while (*keys) {
        size_t len = strcspn(keys, " ");
        mig_buf_printf(out, "`%.*s`", (int)len, keys);
        keys += len;
        mig_buf_str(out, *keys ? " " : "");
        keys += *keys == ' ';
    }
}

static void add_table(struct mig_buf *out, const struct view_key *key)
{
    mig_buf_str(out, "| key | does | name |\n| --- | --- | --- |\n");
    for (; key && key->key; key++) {
        mig_buf_str(out, "| ");
        add_keys(out, key->key);
        mig_buf_str(out, " | ");
        add_escaped(out, key->help);
        mig_buf_printf(out, " | `%s` |\n", key->action);
    }
}

static void add_page(struct mig_buf *out)
{
    mig_buf_str(
        out,
        "# Keys and commands of the console\n"
        "<!-- Made from the tables of the program by tests/unit/views/test_console_keys_page.c; edits "
        "are lost. -->\n"
        "`?` shows those that work where you are. A file `keys` in `~/.config/migtui` binds others, a line "
        "each: `matrix.plan enter p` (screen, name, keys), `console.leave q` for those that work "
        "everywhere. [The console](../concepts/console.md) says what the screens are.\n"
        "\n## Everywhere\n");
    add_table(out, console_own_keys);
    for (size_t i = 0; view_classes[i]; i++) {
        mig_buf_printf(out, "\n## %s (`:view %s`%s%.1s%s)\n", view_classes[i]->title, view_classes[i]->name,
                       view_classes[i]->digit ? ", key `" : "",
                       view_classes[i]->digit ? (char[]){ (char)view_classes[i]->digit, '\0' } : "",
                       view_classes[i]->digit ? "`" : "");
        add_table(out, view_classes[i]->keys);
    }
    mig_buf_str(
        out,
        "\n## After `:`\nBesides these, each command of [the command line](commands.md) that has a screen, or "
        "that writes.\n\n| command | does |\n| --- | --- |\n");
    for (const struct console_command *command = console_commands; command->name; command++) {
        mig_buf_printf(out, "| `%s%s", command->name, command->arguments[0] ? " " : "");
        add_escaped(out, command->arguments);
        mig_buf_str(out, "` | ");
        add_escaped(out, command->help);
        mig_buf_str(out, " |\n");
    }
}

static void the_page_is_as_the_tables(void **state)
{
    (void)state;
    struct mig_buf page MIG_AUTOBUF;
    mig_buf_init(&page, 1UL << 20);
    add_page(&page);
    golden_compare("docs/reference/console-keys.md", page.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_page_is_as_the_tables) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
