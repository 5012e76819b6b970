/* console_shown.c - commands of the command line that only look: which screen is theirs here, and with which words.
 *
 * A line may carry what the command takes and what its screen takes (--tab gates); what would print, save or decide something
 * in a shell, and can't here, is refused rather than passed over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rows.h"
#include "views/console_private.h"

static const struct {
    enum mig_command_id id;
    const char *view;
    const char *
        argument; /* the first argument becomes this option; "": it has none; NULL: arguments stay arguments */
    const char *tab; /* what it asks to see; NULL: as the screen opens */
} shown_as[] = {
    { MIG_COMMAND_STATUS, "matrix", NULL, NULL },   { MIG_COMMAND_PLAN, "plan", NULL, NULL },
    { MIG_COMMAND_DIFF, "plan", NULL, "diff" },     { MIG_COMMAND_LOG, "log", "--run", NULL },
    { MIG_COMMAND_ATTACH, "log", "--run", NULL },   { MIG_COMMAND_RUNS, "log", NULL, NULL },
    { MIG_COMMAND_HISTORY, "history", NULL, NULL }, { MIG_COMMAND_RECOVER, "recover", "--at", NULL },
    { MIG_COMMAND_CONFIG, "settings", "", NULL },   { MIG_COMMAND_REQUESTS, "requests", NULL, NULL },
    { MIG_COMMAND_GATE, "plan", NULL, "gates" },    { MIG_COMMAND_GLASS, "requests", NULL, NULL },
    { MIG_COMMAND_BACKUP, "backups", "", NULL },    { MIG_COMMAND_AUDIT, "audit", "", NULL },
};

const struct view_class *console_shown_class(const struct mig_command *command)
{
    for (size_t i = 0; i < MIG_COUNT(shown_as); i++) {
        if (shown_as[i].id == command->id)
            return view_class_find(shown_as[i].view);
    }
    return NULL;
}

bool console_command_is_known(const struct mig_command *command)
{
    if (command->flags & MIG_CMD_HIDDEN)
        return false;
    return console_shown_class(command) || (command->flags & MIG_CMD_MUTATES) != 0;
}

bool console_option_is_here(const struct mig_command *command, enum mig_option_id option)
{
    switch (option) {
    case MIG_OPT_YES:
    case MIG_OPT_CONFIRM_TEXT:
    case MIG_OPT_DETACH: return false; /* the console asks, and always detaches */
    case MIG_OPT_OUT: return command->id == MIG_COMMAND_AUDIT;
    case MIG_OPT_ACCEPT_DRIFT:
    case MIG_OPT_SIGNED_TEXT:
    case MIG_OPT_FORMAT: return false;
    default: return true;
    }
}

/* ---- what is the screen's among the words ---- */

static const struct view_option_row *option_of(const struct view_class *class, const char *word)
{
    for (const struct view_option_row *row = class ? class->options : NULL; row && row->name; row++) {
        if (strcmp(row->name, word) == 0)
            return row;
    }
    return NULL;
}

bool console_shown_split(size_t *count, char *const *words, struct console_shown *ret, struct mig_error *err)
{
    const struct mig_command *command = *count > 0 ? mig_command_find(words[0]) : NULL;
    const struct view_class *class = command ? console_shown_class(command) : NULL;
    size_t kept = 0;
    *ret = (struct console_shown){ 0 };
    if (*count > CONSOLE_WORDS_MAX)
        return mig_fail(err, MIG_ERR_LIMIT, "more than %d words", CONSOLE_WORDS_MAX);
    for (size_t i = 0; i < *count; i++) {
        const struct view_option_row *own = option_of(class, words[i]);
        int option = own ? mig_option_find(own->name + 2, strlen(own->name + 2)) : -1;
        if (option >= 0 && mig_command_takes(command, (enum mig_option_id)option))
            own = NULL;
        if (!own) {
            ret->words[kept++] = words[i];
            continue;
        }
        if (own->values && i + 1 == *count)
            return mig_fail(err, MIG_ERR_USAGE, "%s: %s wants a value: %s", command->name, own->name,
                            own->values);
        ret->own[ret->own_count++] = words[i];
        if (own->values)
            ret->own[ret->own_count++] = words[++i];
    }
    *count = kept;
    return true;
}

/* ---- opening ---- */

struct words {
    char *items[CONSOLE_WORDS_MAX];
    size_t count;
};

static void add(struct words *words, const char *word)
{
    if (words->count < CONSOLE_WORDS_MAX)
        words->items[words->count++] = mig_strdup(word);
}

static void add_pair(struct words *words, const char *option, const char *value)
{
    add(words, option);
    add(words, value);
}

/* diff ENV VERSION: the file beside what ran there. diff ENV [ENV]: the matrix has them side by side. */
static void open_diff(struct console *console, const struct mig_cmdline *line, struct words *words)
{
    const char *second = line->argument_count > 1 ? line->arguments[1] : NULL;
    bool version = second && !mig_snapshot_env(console->snapshot, second);
    add_pair(words, "--env", line->arguments[0]);
    if (version) {
        add_pair(words, "--at", second);
        add_pair(words, "--tab", "diff");
    }
    if (console_open(console, version ? "plan" : "matrix", words->count, words->items) && !version)
        console_say(console, "here they stand side by side; d on a row shows the text that ran");
}

static bool refuse_options(struct console *console, const struct mig_cmdline *line)
{
    for (size_t i = 0; i < line->option_count; i++) {
        struct mig_error err = { 0 };
        const char *name = mig_option_at(line->options[i].id)->name;
        if (console_option_is_here(line->command, line->options[i].id))
            continue;
        mig_fail(&err, MIG_ERR_USAGE, "%s: --%s is for a shell; nothing was done", line->command->name, name);
        mig_hint(&err, "in a shell: migtui %s … --%s", line->command->name, name);
        console_fail(console, "", &err);
        return true;
    }
    return false;
}

static void add_options(const struct console *console, const struct mig_cmdline *line, struct words *words)
{
    for (size_t k = 0; k < line->option_count; k++) {
        char *name = mig_printf("--%s", mig_option_at(line->options[k].id)->name);
        add(words, name);
        if (line->options[k].value[0])
            add(words, line->options[k].value);
        free(name);
    }
    if (console->env && !mig_cmdline_has(line, MIG_OPT_ENV) && mig_command_takes(line->command, MIG_OPT_ENV))
        add_pair(words, "--env", console->env->name);
}

static void open_as(struct console *console, const struct mig_cmdline *line,
                    const struct console_shown *shown, size_t row, struct words *words)
{
    const char *argument = shown_as[row].argument;
    bool bare = argument && !argument[0];
    bool tabbed = false;
    add_options(console, line, words);
    for (size_t k = 0; k < shown->own_count; k++) {
        tabbed = tabbed || strcmp(shown->own[k], "--tab") == 0;
        add(words, shown->own[k]);
    }
    if (shown_as[row].tab && !tabbed)
        add_pair(words, "--tab", shown_as[row].tab);
    for (size_t k = 0; !bare && k < line->argument_count; k++) {
        if (k == 0 && argument)
            add(words, argument);
        add(words, line->arguments[k]);
    }
    console_open(console, shown_as[row].view, words->count, words->items);
}

bool console_shown_open(struct console *console, const struct mig_cmdline *line,
                        const struct console_shown *shown)
{
    struct words words = { 0 };
    size_t row = 0;
    while (row < MIG_COUNT(shown_as) && shown_as[row].id != line->command->id)
        row++;
    if (row == MIG_COUNT(shown_as) || !view_class_find(shown_as[row].view))
        return false;
    if (!refuse_options(console, line)) {
        if (line->command->id == MIG_COMMAND_DIFF)
            open_diff(console, line, &words);
        else
            open_as(console, line, shown, row, &words);
    }
    while (words.count > 0)
        free(words.items[--words.count]);
    return true;
}
