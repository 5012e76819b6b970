/* cmdline.c - one pass over the words; every refusal names the nearest thing that exists. */
#include "app/cmdline.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

#define SHOWN_MAX 80 /* characters of a foreign word in a message */

struct reader {
    const char *const *words;
    size_t count, next;
    bool only_arguments; /* after "--" */
    struct mig_cmdline *line;
    struct mig_error *err;
};

/* Refuse with the word made safe to show; fmt has one %s. */
static bool refuse(struct reader *reader, const char *fmt, const char *word)
{
    const struct mig_command *command = reader->line->command;
    char *safe MIG_AUTOFREE = mig_text_safe_dup(word, SHOWN_MAX);
    char text[MIG_ERROR_MESSAGE_MAX];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, fmt, safe);
#pragma GCC diagnostic pop
    mig_fail(reader->err, MIG_ERR_USAGE, "%s%s%s", command ? command->name : "", command ? ": " : "", text);
    if (command && !(command->flags & MIG_CMD_HIDDEN))
        return mig_hint(reader->err, "see: migtui help %s", command->name);
    return mig_hint(reader->err, "see: migtui help");
}

static void add_option(struct mig_cmdline *line, enum mig_option_id id, const char *value, size_t len)
{
    line->options = mig_grow(line->options, line->option_count, &line->option_room, sizeof *line->options);
    line->options[line->option_count++] =
        (struct mig_cmdline_option){ .id = id, .value = mig_strndup(value, len) };
}

static bool repeatable(enum mig_option_id id)
{
    return mig_option_at(id)->value == MIG_VALUE_ENVIRONMENT || id == MIG_OPT_CONFIRM;
}

static bool check_value(struct reader *reader, enum mig_option_id id, const char *value)
{
    const struct mig_option *option = mig_option_at(id);
    int64_t number;
    char fmt[256];
    if (option->value == MIG_VALUE_COUNT && !mig_text_int(value, 1, INT32_MAX, &number)) {
        snprintf(fmt, sizeof fmt, "--%s wants a number from 1, not '%%s'", option->name);
    } else if (option->value == MIG_VALUE_DURATION && !mig_text_duration(value, &number)) {
        snprintf(fmt, sizeof fmt, "--%s wants a time as 500ms, 10s or 5m, not '%%s'", option->name);
    } else if (option->value == MIG_VALUE_CHOICE && !mig_choice_has(option->choices, value)) {
        snprintf(fmt, sizeof fmt, "--%s is one of %s, not '%%s'", option->name, option->choices);
    } else if (value[0] == '\0') {
        snprintf(fmt, sizeof fmt, "--%s has no value%%s", option->name);
    } else {
        return true;
    }
    return refuse(reader, fmt, value);
}

/* Environments may come as a,b: each its own value. */
static bool take_environments(struct reader *reader, enum mig_option_id id, const char *value)
{
    for (const char *at = value;;) {
        size_t len = strcspn(at, ",");
        if (len == 0)
            return refuse(reader, "--env: '%s' has an empty name", value);
        add_option(reader->line, id, at, len);
        if (!at[len])
            return true;
        at += len + 1;
    }
}

/* The value of an option that needs one: the text after '=', or else the next word. NULL: there is none. */
static const char *next_value(struct reader *reader, const char *given, const char *name,
                              const char *argument)
{
    if (given)
        return given;
    if (reader->next < reader->count)
        return reader->words[reader->next++];
    char fmt[64];
    snprintf(fmt, sizeof fmt, "--%%s needs a value: %s", argument);
    refuse(reader, fmt, name);
    return NULL;
}

/* An option of migtui.yaml: kept as text, checked by the loader of the configuration. *ret_known: there is one. */
static bool take_flag(struct reader *reader, const char *name, const char *given, bool *ret_known)
{
    struct mig_cmdline *line = reader->line;
    size_t count;
    const struct cfg_option *options = cfg_options(&count);
    *ret_known = false;
    for (size_t i = 0; i < count && !*ret_known; i++) {
        char flag[CFG_OPTION_NAME_MAX];
        if (!cfg_option_is_settable(&options[i]))
            continue;
        cfg_option_flag(&options[i], flag);
        if (strcmp(flag + strspn(flag, "-"), name) != 0)
            continue;
        *ret_known = true;
        for (size_t k = 0; k < line->flag_count; k++) {
            if (line->flags[k].name == options[i].name)
                return refuse(reader, "--%s is given twice", name);
        }
        const char *value = next_value(reader, given, name, "VALUE");
        if (!value)
            return false;
        line->flags = mig_grow(line->flags, line->flag_count, &line->flag_room, sizeof *line->flags);
        line->flags[line->flag_count++] =
            (struct cfg_flag){ .name = options[i].name, .value = mig_strdup(value) };
    }
    return true;
}

static bool take_option(struct reader *reader, enum mig_option_id id, const char *value)
{
    const struct mig_option *option = mig_option_at(id);
    if (!repeatable(id) && mig_cmdline_has(reader->line, id) && option->value != MIG_VALUE_NONE)
        return refuse(reader, "--%s is given twice", option->name);
    if (option->value == MIG_VALUE_NONE) {
        add_option(reader->line, id, "", 0);
        return true;
    }
    value = next_value(reader, value, option->name, option->argument);
    if (!value)
        return false;
    if (!check_value(reader, id, value))
        return false;
    if (option->value == MIG_VALUE_ENVIRONMENT)
        return take_environments(reader, id, value);
    add_option(reader->line, id, value, strlen(value));
    return true;
}

/* The option of this command, or of all while none is named yet, that is nearest to what was written. */
static const char *nearest_option(const struct mig_command *command, const char *word)
{
    const char *names[MIG_OPTIONS + 1];
    size_t count = 0;
    for (int i = 0; i < MIG_OPTIONS; i++) {
        if (command && mig_command_takes(command, i))
            names[count++] = mig_option_at(i)->name;
    }
    for (const struct mig_option_row *row = mig_global_options(); !command && row->id != MIG_OPTIONS; row++)
        names[count++] = mig_option_at(row->id)->name;
    names[count] = NULL;
    return mig_text_nearest(word, names);
}

static bool read_long(struct reader *reader, const char *word)
{
    const char *name = word + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] ? name + len + 1 : NULL;
    int id = mig_option_find(name, len);
    if (id < 0) {
        char *bare MIG_AUTOFREE = mig_strndup(name, len);
        bool known;
        if (!take_flag(reader, bare, value, &known))
            return false;
        if (known)
            return true;
        const char *near = nearest_option(reader->line->command, bare);
        char fmt[128];
        snprintf(fmt, sizeof fmt,
                 near ? "there is no option --%%s; did you mean --%s?" : "there is no option --%%s",
                 near ? near : "");
        return refuse(reader, fmt, bare);
    }
    if (value && mig_option_at(id)->value == MIG_VALUE_NONE)
        return refuse(reader, "%s: this option takes no value", word);
    return take_option(reader, id, value);
}

static bool read_letters(struct reader *reader, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        int id = mig_option_find_letter(*at);
        if (id < 0)
            return refuse(reader, "there is no option '%s'", word);
        bool wants = mig_option_at(id)->value != MIG_VALUE_NONE;
        if (!take_option(reader, id, wants && at[1] ? at + 1 : NULL))
            return false;
        if (wants)
            return true;
    }
    return true;
}

static bool read_command(struct reader *reader, const char *word)
{
    reader->line->command = mig_command_find(word);
    if (reader->line->command)
        return true;
    const char *near = mig_command_nearest(word);
    char fmt[96];
    snprintf(fmt, sizeof fmt,
             near ? "there is no command '%%s'; did you mean %s?" : "there is no command '%%s'",
             near ? near : "");
    return refuse(reader, fmt, word);
}

static bool read_word(struct reader *reader, const char *word)
{
    struct mig_cmdline *line = reader->line;
    if (strlen(word) > MIG_CMDLINE_WORD_MAX)
        return refuse(reader, "a word is too long: %s", word);
    if (line->option_count + line->argument_count + line->flag_count >= MIG_CMDLINE_WORDS_MAX)
        return refuse(reader, "too many words, from '%s' on", word);
    bool option = !reader->only_arguments && word[0] == '-' && word[1];
    if (option && strcmp(word, "--") == 0) {
        reader->only_arguments = true;
        return true;
    }
    if (option && !line->command && (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)) {
        line->command = mig_command_at(MIG_COMMAND_VERSION);
        return true;
    }
    if (option)
        return word[1] == '-' ? read_long(reader, word) : read_letters(reader, word);
    if (!line->command)
        return read_command(reader, word);
    line->arguments =
        mig_grow(line->arguments, line->argument_count, &line->argument_room, sizeof *line->arguments);
    line->arguments[line->argument_count++] = mig_strdup(word);
    return true;
}

/* What can be said only once all words are read. */
static bool check_whole(struct reader *reader)
{
    const struct mig_cmdline *line = reader->line;
    const struct mig_command *command = line->command;
    if (!command || mig_cmdline_has(line, MIG_OPT_HELP))
        return true;
    for (size_t i = 0; i < line->option_count; i++) {
        if (!mig_command_takes(command, line->options[i].id))
            return refuse(reader, "takes no option --%s", mig_option_at(line->options[i].id)->name);
    }
    if (line->argument_count < (size_t)command->min_arguments)
        return refuse(reader, "needs %s", command->arguments);
    if (line->argument_count > (size_t)command->max_arguments)
        return refuse(reader, "what is '%s'? It takes no such argument",
                      line->arguments[command->max_arguments]);
    if (command->choices && line->argument_count > 0 &&
        !mig_choice_has(command->choices, line->arguments[0])) {
        char fmt[128];
        snprintf(fmt, sizeof fmt, "'%%s' is none of %s", command->choices);
        return refuse(reader, fmt, line->arguments[0]);
    }
    return true;
}

bool mig_cmdline_parse(size_t count, const char *const *words, struct mig_cmdline *ret, struct mig_error *err)
{
    *ret = (struct mig_cmdline){ 0 };
    struct reader reader = { .words = words, .count = count, .line = ret, .err = err };
    while (reader.next < count) {
        if (!read_word(&reader, words[reader.next++]))
            return false;
    }
    return check_whole(&reader);
}

void mig_cmdline_done(struct mig_cmdline *line)
{
    for (size_t i = 0; i < line->option_count; i++)
        free(line->options[i].value);
    for (size_t i = 0; i < line->flag_count; i++)
        free((char *)(uintptr_t)line->flags[i].value);
    mig_words_free(line->arguments, line->argument_count);
    free(line->options);
    free(line->flags);
    *line = (struct mig_cmdline){ 0 };
}

/* Read one word from *at into out; false: a quote was left open. */
static bool split_word(const char **at, struct mig_buf *out)
{
    char quote = '\0';
    const char *p = *at;
    for (; *p && (quote || !strchr(" \t\n", *p)); p++) {
        if (quote && *p == quote)
            quote = '\0';
        else if (!quote && (*p == '\'' || *p == '"'))
            quote = *p;
        else if (*p == '\\' && quote != '\'' && p[1])
            mig_buf_char(out, *++p);
        else
            mig_buf_char(out, *p);
    }
    *at = p;
    return !quote;
}

bool mig_words_split(const char *text, char ***ret, size_t *ret_count, struct mig_error *err)
{
    char **words = NULL;
    size_t count = 0;
    size_t room = 0;
    struct mig_buf word MIG_AUTOBUF;
    mig_buf_init(&word, MIG_CMDLINE_WORD_MAX);
    for (;;) {
        text += strspn(text, " \t\n");
        if (!*text)
            break;
        mig_buf_reset(&word);
        if (!split_word(&text, &word) || word.overflow || count == MIG_CMDLINE_WORDS_MAX) {
            mig_words_free(words, count);
            return mig_fail(err, MIG_ERR_USAGE,
                            word.overflow || count == MIG_CMDLINE_WORDS_MAX ? "the line is too long"
                                                                            : "a quote is left open");
        }
        words = mig_grow(words, count, &room, sizeof *words);
        words[count++] = mig_strdup(word.text);
    }
    *ret = words;
    *ret_count = count;
    return true;
}

void mig_words_free(char **words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(words[i]);
    free(words);
}

const char *mig_cmdline_value_at(const struct mig_cmdline *line, enum mig_option_id id, size_t i)
{
    for (size_t k = 0; k < line->option_count; k++) {
        if (line->options[k].id == id && i-- == 0)
            return line->options[k].value;
    }
    return NULL;
}

const char *mig_cmdline_value(const struct mig_cmdline *line, enum mig_option_id id)
{
    return mig_cmdline_value_at(line, id, 0);
}

bool mig_cmdline_has(const struct mig_cmdline *line, enum mig_option_id id)
{
    return mig_cmdline_value(line, id) != NULL;
}

long long mig_cmdline_count(const struct mig_cmdline *line, enum mig_option_id id, long long missing)
{
    const char *value = mig_cmdline_value(line, id);
    int64_t number = missing;
    if (value && !mig_text_int(value, 1, INT32_MAX, &number))
        return missing;
    return number;
}

long long mig_cmdline_duration(const struct mig_cmdline *line, enum mig_option_id id, long long missing_ms)
{
    const char *value = mig_cmdline_value(line, id);
    int64_t ms = missing_ms;
    if (value && !mig_text_duration(value, &ms))
        return missing_ms;
    return ms;
}

const char *mig_words_format(size_t count, const char *const *words)
{
    for (size_t i = 0; i < count && strcmp(words[i], "--") != 0; i++) {
        if (strncmp(words[i], "--format=", 9) == 0)
            return words[i] + 9;
        if (strcmp(words[i], "--format") == 0 && i + 1 < count)
            return words[i + 1];
    }
    return "";
}
