/* command.c - finding commands and options in their tables; the rows of commands are in command_rows.c. */
#include "app/command.h"

#include <stdio.h>
#include <string.h>

#include "app/command_rows.h"
#include "base/text.h"

static const struct mig_option options[MIG_OPTIONS] = {
#define X(id, name_, letter_, value_, argument_, choices_) \
    [id] = { .name = name_, .argument = argument_, .choices = choices_, .value = value_, .letter = letter_ },
    MIG_OPTION_TABLE(X)
#undef X
};

static const struct mig_option_row global_options[] = {
    { MIG_OPT_CONFIG, "the project's migtui.yaml; else it is looked for from here upward" },
    { MIG_OPT_FORMAT, "text for people, json for one document, ndjson for one event a line" },
    { MIG_OPT_QUIET, "say nothing but errors and what was asked for" },
    { MIG_OPT_NO_COLOR, "no colours, as with NO_COLOR in the environment" },
    { MIG_OPT_TIMEOUT, "give up on a server that does not answer for so long, e.g. 10s" },
    { MIG_OPT_OPERATOR, "who acts, for the record; else MIGTUI_OPERATOR, else the user of this host" },
    { MIG_OPT_HELP, "show this help" },
    { MIG_OPTIONS, NULL },
};

const struct mig_command *mig_command_at(enum mig_command_id id)
{
    return &mig_command_rows[id];
}

const struct mig_command *mig_command_find(const char *name)
{
    for (size_t i = 0; i < MIG_COMMANDS; i++) {
        if (strcmp(mig_command_rows[i].name, name) == 0)
            return &mig_command_rows[i];
    }
    return NULL;
}

const char *mig_command_nearest(const char *word)
{
    const char *names[MIG_COMMANDS + 1];
    size_t count = 0;
    for (size_t i = 0; i < MIG_COMMANDS; i++) {
        if (!(mig_command_rows[i].flags & MIG_CMD_HIDDEN))
            names[count++] = mig_command_rows[i].name;
    }
    names[count] = NULL;
    return mig_text_nearest(word, names);
}

const struct mig_option *mig_option_at(enum mig_option_id id)
{
    return &options[id];
}

int mig_option_find(const char *name, size_t len)
{
    for (int i = 0; i < MIG_OPTIONS; i++) {
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
            return i;
    }
    return -1;
}

int mig_option_find_letter(char letter)
{
    for (int i = 0; i < MIG_OPTIONS; i++) {
        if (letter && options[i].letter == letter)
            return i;
    }
    return -1;
}

const struct mig_option_row *mig_global_options(void)
{
    return global_options;
}

static bool rows_have(const struct mig_option_row *rows, enum mig_option_id option)
{
    for (; rows->id != MIG_OPTIONS; rows++) {
        if (rows->id == option)
            return true;
    }
    return false;
}

bool mig_command_takes(const struct mig_command *command, enum mig_option_id option)
{
    return rows_have(global_options, option) || rows_have(command->options, option);
}

bool mig_choice(const char *choices, size_t i, char *ret, size_t size)
{
    for (; choices; i--) {
        size_t len = strcspn(choices, "|");
        if (i == 0) {
            if (len >= size)
                return false;
            snprintf(ret, size, "%.*s", (int)len, choices);
            return true;
        }
        choices = choices[len] ? choices + len + 1 : NULL;
    }
    return false;
}

bool mig_choice_has(const char *choices, const char *word)
{
    char name[64];
    for (size_t i = 0; mig_choice(choices, i, name, sizeof name); i++) {
        if (strcmp(name, word) == 0)
            return true;
    }
    return false;
}
