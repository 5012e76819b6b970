/* console_command.c - a line of the palette: the console's own commands, those that write, and those that only look
 * (console_shown.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "views/console_private.h"

#define RW_DEFAULT_MS (10 * 60 * 1000)
#define RW_MAX_MS     (8 * 60 * 60 * 1000)

static void refuse(struct console *console, const char *where, const char *fmt, const char *word,
                   const char *hint)
{
    struct mig_error err = { 0 };
    mig_fail(&err, MIG_ERR_USAGE, "%s%s%s%s", fmt, word[0] ? " '" : "", word, word[0] ? "'" : "");
    if (hint)
        mig_hint(&err, "%s", hint);
    console_fail(console, where, &err);
}

static const struct cfg_environment *named_env(struct console *console, const char *command, const char *name)
{
    struct mig_error err;
    const struct cfg_environment *env = mig_app_environment(console->options.app, name, &err);
    if (!env)
        console_fail(console, command, &err);
    return env;
}

/* ---- the console's own ---- */

static void do_view(struct console *console, size_t count, char *const *words)
{
    if (count == 0)
        refuse(console, "view", "which view?", "", "view NAME; tab shows the names");
    else
        console_open(console, words[0], count - 1, words + 1);
}

static void do_env(struct console *console, size_t count, char *const *words)
{
    if (count == 0) {
        console->env = NULL;
        console_say(console, "no environment chosen");
        return;
    }
    const struct cfg_environment *env = named_env(console, "env", words[0]);
    if (!env)
        return;
    console->env = env;
    console_say(console, "commands without --env now mean %s", env->name);
    const struct view_class *class = console_top(console)->class;
    if (console->depth > 1) { /* the same view, of that environment */
        char *option = mig_strdup("--env");
        char *both[] = { option, env->name };
        console_back(console);
        console_open(console, class->name, 2, both);
        free(option);
    }
}

static void do_rw(struct console *console, size_t count, char *const *words)
{
    int64_t ms = RW_DEFAULT_MS;
    char shown[MIG_TIME_SIZE];
    const struct cfg_environment *env = count > 0 ? named_env(console, "rw", words[0]) : console_env(console);
    if (!env) {
        if (count == 0)
            refuse(console, "rw", "which environment?", "", ":rw NAME 10m");
        return;
    }
    if (console->options.readonly) {
        refuse(console, "rw", "this session was started with --readonly and stays so", "",
               "leave, and start migtui without it");
        return;
    }
    if (count > 1 && (!mig_text_duration(words[1], &ms) || ms <= 0 || ms > RW_MAX_MS)) {
        refuse(console, "rw", "for how long? 10m, 1h, at most 8h, not", words[1], NULL);
        return;
    }
    mig_watch_set_writable(console->watch, env, console_now(console) + ms);
    console_news(console);
    mig_time_duration(ms, shown);
    console_say(console, "%s%s may be written to for %s; :ro closes it", env->name,
                env->is_protected ? " (protected)" : "", shown);
}

static void do_ro(struct console *console, size_t count, char *const *words)
{
    const struct cfg_config *config = console->options.app->config;
    const struct cfg_environment *only = count > 0 ? named_env(console, "ro", words[0]) : NULL;
    if (count > 0 && !only)
        return;
    for (size_t i = 0; i < config->environment_count; i++) {
        if (!only || only == &config->environments[i])
            mig_watch_set_writable(console->watch, &config->environments[i], 0);
    }
    console_news(console);
    console_say(console, "%s read-only", only ? only->name : "everything is");
}

static void do_save(struct console *console, size_t count, char *const *words)
{
    struct mig_buf text MIG_AUTOBUF;
    struct mig_error err = { 0 };
    mig_buf_init(&text, 16UL * 1024 * 1024);
    if (count != 1) {
        refuse(console, "save", "save FILE writes the screen as text", "", NULL);
        return;
    }
    if (console->options.plain || !console->drawn) {
        console_plain_view(console, &text);
    } else { /* without the palette that asked for it */
        tui_canvas_blank(console->drawn);
        console_draw(console, console->drawn);
        tui_canvas_text(console->drawn, &text);
    }
    char *path MIG_AUTOFREE = words[0][0] == '~' && words[0][1] == '/' && getenv("HOME")
                                  ? mig_printf("%s%s", getenv("HOME"), words[0] + 1)
                                  : mig_strdup(words[0]);
    if (console->host->ops->file_replace(console->host, path, text.text, text.len, &err))
        console_say(console, "saved to %s", path);
    else
        console_fail(console, "save", &err);
}

static void do_refresh(struct console *console, size_t count, char *const *words)
{
    const struct cfg_environment *env = count > 0 ? named_env(console, "refresh", words[0]) : NULL;
    if (count > 0 && !env)
        return;
    mig_watch_refresh(console->watch, env);
    console_say(console, "looking again");
}

static void do_messages(struct console *console, size_t count, char *const *words)
{
    (void)count, (void)words;
    console->notes.scroll = 0;
    console->notes.unread = 0;
    console->notes.news = false;
    console->overlay = OVERLAY_MESSAGES;
}

static void do_set(struct console *console, size_t count, char *const *words)
{
    const struct console_terminal *terminal = &console->options.terminal;
    bool on = count < 2 || strcmp(words[1], "on") == 0;
    if (count == 0 || !mig_choice_has("ascii|mouse|bell|title", words[0]) ||
        (count > 1 && !mig_choice_has("on|off", words[1]))) {
        refuse(console, "set", "set ascii, mouse, bell or title, then on or off", "", NULL);
        return;
    }
    if (!terminal->set || !terminal->set(terminal->ctx, words[0], on)) {
        refuse(console, "set", "this cannot be changed here:", words[0], NULL);
        return;
    }
    console_say(console, "%s is %s", words[0], on ? "on" : "off");
}

static void do_help(struct console *console, size_t count, char *const *words)
{
    console_help_open(console);
    if (count > 0)
        tui_line_set(&console->help.search, words[0]);
}

static void do_quit(struct console *console, size_t count, char *const *words)
{
    (void)count, (void)words;
    console->over = true;
}

// clang-format off
const struct console_command console_commands[] = {
    { "view", "NAME [OPTIONS]", "open a view", do_view },
    { "env", "[NAME]", "the environment that commands without --env mean", do_env },
    { "rw", "[NAME] [10m]", "let an environment be written to for a while", do_rw },
    { "ro", "[NAME]", "make it read-only again, or everything", do_ro },
    { "save", "FILE", "write the screen to a file", do_save },
    { "refresh", "[NAME]", "look again now", do_refresh },
    { "messages", "", "what went wrong in this session", do_messages },
    { "set", "NAME on|off", "ascii, mouse, bell, title", do_set },
    { "help", "[TEXT]", "keys and commands", do_help },
    { "q", "", "leave; runs go on", do_quit },
    { "quit", "", "leave; runs go on", do_quit },
    { NULL, NULL, NULL, NULL },
};
// clang-format on

/* ---- a line ---- */

/* Goes through the gate-keeper. What only lists shares a command with what writes. */
static bool acts(const struct mig_cmdline *line)
{
    const char *word = line->argument_count > 0 ? line->arguments[0] : "";
    if (line->command->id == MIG_COMMAND_GLASS)
        return strcmp(word, "close") == 0;
    if (line->command->id == MIG_COMMAND_BACKUP)
        return strcmp(word, "list") != 0 && strcmp(word, "inspect") != 0;
    return (line->command->flags & MIG_CMD_MUTATES) != 0;
}

static void run_command(struct console *console, size_t count, char *const *words)
{
    struct mig_cmdline line = { 0 };
    struct mig_error err = { 0 };
    struct console_shown shown = { 0 };
    if (!console_shown_split(&count, words, &shown, &err) ||
        !mig_cmdline_parse(count, (const char *const *)shown.words, &line, &err)) {
        console_fail(console, "", &err);
        mig_cmdline_done(&line);
        return;
    }
    if (!line.command || mig_cmdline_has(&line, MIG_OPT_HELP)) {
        do_help(console, line.command != NULL, line.command ? words : NULL);
    } else if (line.command->id == MIG_COMMAND_RECOVER && !mig_cmdline_has(&line, MIG_OPT_UNDO) &&
               !mig_cmdline_has(&line, MIG_OPT_RESUME)) {
        console_shown_open(console, &line, &shown); /* without a way out it only shows */
    } else if (line.command->id == MIG_COMMAND_AUDIT && strcmp(line.arguments[0], "list") != 0) {
        console_audit(console, &line);
    } else if (acts(&line)) {
        console_act(console, &line); /* takes the line */
        return;
    } else if (!console_shown_open(console, &line, &shown)) {
        refuse(console, line.command->name, "has no view here; type it in a shell", "", NULL);
    }
    mig_cmdline_done(&line);
}

/* A screen by its name alone, or with its options, where the command of that name would want more: `audit`. */
static bool names_view(size_t count, char *const *words)
{
    const struct mig_command *command = mig_command_find(words[0]);
    bool bare = count < 2 || words[1][0] == '-';
    return view_class_find(words[0]) && (!command || (command->min_arguments > 0 && bare));
}

void console_command(struct console *console, const char *text)
{
    char **words = NULL;
    size_t count = 0;
    struct mig_error err = { 0 };
    if (!mig_words_split(text, &words, &count, &err)) {
        console_fail(console, "", &err);
        return;
    }
    const struct console_command *own = console_commands;
    while (count > 0 && own->name && strcmp(own->name, words[0]) != 0)
        own++;
    if (count > 0 && own->name)
        own->run(console, count - 1, words + 1);
    else if (count > 0 && names_view(count, words))
        console_open(console, words[0], count - 1, words + 1);
    else if (count > 0)
        run_command(console, count, words);
    mig_words_free(words, count);
}
