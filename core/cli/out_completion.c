/* out_completion.c - completion scripts of three shells, from the same rows as help.
 *
 * Names of environments come from `migtui config show` at the time of the Tab; nothing else is asked of the program, and
 * no server is ever asked.
 */
#include <string.h>

#include "base/rows.h"
#include "cli/out_help.h"

#define ENVIRONMENTS \
    "migtui config show 2>/dev/null | sed -n 's/^environments\\.\\([^. ]*\\)\\.name .*/\\1/p'"

static bool is_shown(const struct mig_command *command)
{
    return !(command->flags & MIG_CMD_HIDDEN);
}

static void add_commands(struct mig_buf *out)
{
    const char *separator = "";
    for (int i = 0; i < MIG_COMMANDS; i++) {
        if (!is_shown(mig_command_at(i)))
            continue;
        mig_buf_printf(out, "%s%s", separator, mig_command_at(i)->name);
        separator = " ";
    }
}

static void add_choices(const char *choices, struct mig_buf *out)
{
    for (; *choices; choices++)
        mig_buf_char(out, *choices == '|' ? ' ' : *choices);
}

/* ---- bash ---- */

static void bash_options(const struct mig_option_row *rows, struct mig_buf *out)
{
    for (; rows->id != MIG_OPTIONS; rows++) {
        if (rows->help)
            mig_buf_printf(out, " --%s", mig_option_at(rows->id)->name);
    }
}

/* case "$prev" branches: what may follow an option that takes a value. */
static void bash_values(struct mig_buf *out)
{
    for (int i = 0; i < MIG_OPTIONS; i++) {
        const struct mig_option *option = mig_option_at(i);
        if (option->value == MIG_VALUE_NONE)
            continue;
        mig_buf_printf(out, "        --%s", option->name);
        if (option->letter)
            mig_buf_printf(out, " | -%c", option->letter);
        mig_buf_str(out, ") ");
        if (option->choices) {
            mig_buf_str(out, "COMPREPLY=($(compgen -W '");
            add_choices(option->choices, out);
            mig_buf_str(out, "' -- \"$cur\"))");
        } else if (option->value == MIG_VALUE_ENVIRONMENT) {
            mig_buf_str(out, "COMPREPLY=($(compgen -W \"$(_migtui_environments)\" -- \"$cur\"))");
        } else if (option->value == MIG_VALUE_FILE) {
            mig_buf_str(out, "COMPREPLY=($(compgen -f -- \"$cur\"))");
        } else {
            mig_buf_str(out, "COMPREPLY=()");
        }
        mig_buf_str(out, "; return ;;\n");
    }
}

static void bash(struct mig_buf *out)
{
    mig_buf_str(out,
                "# bash completion of migtui; made by: migtui completion bash\n\n"
                "_migtui_environments() {\n    " ENVIRONMENTS "\n}\n\n"
                "_migtui() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' word\n"
                "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                "        case \" $_migtui_commands \" in *\" $word \"*) command=$word; break ;; esac\n"
                "    done\n"
                "    case $prev in\n");
    bash_values(out);
    mig_buf_str(out, "    esac\n    local words='");
    bash_options(mig_global_options(), out);
    mig_buf_str(out, "'\n    case $command in\n        '') words=\"$_migtui_commands$words\" ;;\n");
    for (int i = 0; i < MIG_COMMANDS; i++) {
        const struct mig_command *command = mig_command_at(i);
        if (!is_shown(command))
            continue;
        mig_buf_printf(out, "        %s) words=\"", command->name);
        if (command->choices)
            add_choices(command->choices, out);
        else if (command->id == MIG_COMMAND_HELP)
            mig_buf_str(out, "$_migtui_commands");
        else if (command->value == MIG_VALUE_ENVIRONMENT)
            mig_buf_str(out, "$(_migtui_environments)");
        else if (command->value == MIG_VALUE_FILE)
            mig_buf_str(out, "$(compgen -f -- \"$cur\")");
        bash_options(command->options, out);
        mig_buf_str(out, "$words\" ;;\n");
    }
    mig_buf_str(out,
                "    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n\n_migtui_commands='");
    add_commands(out);
    mig_buf_str(out, "'\ncomplete -F _migtui migtui\n");
}

/* ---- zsh ---- */

/* Inside '…' of an _arguments specification. */
static void add_zsh(struct mig_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            mig_buf_str(out, "'\\''");
        else if (strchr("[]:\\", *text))
            mig_buf_printf(out, "\\%c", *text);
        else
            mig_buf_char(out, *text);
    }
}

static void zsh_value(enum mig_value value, const char *choices, struct mig_buf *out)
{
    if (choices) {
        mig_buf_str(out, "(");
        add_choices(choices, out);
        mig_buf_str(out, ")");
    } else if (value == MIG_VALUE_ENVIRONMENT) {
        mig_buf_str(out, "_migtui_environments");
    } else if (value == MIG_VALUE_FILE) {
        mig_buf_str(out, "_files");
    } else {
        mig_buf_str(out, " ");
    }
}

static void zsh_options(const struct mig_option_row *rows, struct mig_buf *out)
{
    for (; rows->id != MIG_OPTIONS; rows++) {
        const struct mig_option *option = mig_option_at(rows->id);
        if (!rows->help)
            continue;
        if (option->letter)
            mig_buf_printf(out, "            '(-%c --%s)'{-%c,--%s%s}'[", option->letter, option->name,
                           option->letter, option->name, option->argument ? "=" : "");
        else
            mig_buf_printf(out, "            '--%s%s[", option->name, option->argument ? "=" : "");
        add_zsh(out, rows->help);
        mig_buf_char(out, ']');
        if (option->argument) {
            mig_buf_printf(out, ":%s:", option->argument);
            zsh_value(option->value, option->choices, out);
        }
        mig_buf_str(out, "' \\\n");
    }
}

static void zsh(struct mig_buf *out)
{
    mig_buf_str(out,
                "#compdef migtui\n# zsh completion of migtui; made by: migtui completion zsh\n\n"
                "_migtui_environments() {\n    local -a names\n    names=(${(f)\"$(" ENVIRONMENTS ")\"})\n"
                "    _describe environment names\n}\n\n_migtui() {\n    local -a commands\n    commands=(\n");
    for (int i = 0; i < MIG_COMMANDS; i++) {
        const struct mig_command *command = mig_command_at(i);
        if (!is_shown(command))
            continue;
        mig_buf_printf(out, "        '%s:", command->name);
        add_zsh(out, command->summary);
        mig_buf_str(out, "'\n");
    }
    mig_buf_str(
        out,
        "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"
        "    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n");
    for (int i = 0; i < MIG_COMMANDS; i++) {
        const struct mig_command *command = mig_command_at(i);
        if (!is_shown(command))
            continue;
        mig_buf_printf(out, "    %s)\n        _arguments -s \\\n", command->name);
        zsh_options(command->options, out);
        zsh_options(mig_global_options(), out);
        mig_buf_str(out, "            '*: :");
        if (command->id == MIG_COMMAND_HELP)
            mig_buf_str(out, "{_describe command commands}");
        else
            zsh_value(command->value, command->choices, out);
        mig_buf_str(out, "'\n        ;;\n");
    }
    mig_buf_str(out, "    esac\n}\n\n_migtui \"$@\"\n");
}

/* ---- fish ---- */

static void add_fish(struct mig_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            mig_buf_char(out, '\\');
        mig_buf_char(out, *text);
    }
}

static void fish_options(const char *condition, const struct mig_option_row *rows, struct mig_buf *out)
{
    for (; rows->id != MIG_OPTIONS; rows++) {
        const struct mig_option *option = mig_option_at(rows->id);
        if (!rows->help)
            continue;
        mig_buf_printf(out, "complete -c migtui%s -l %s", condition, option->name);
        if (option->letter)
            mig_buf_printf(out, " -s %c", option->letter);
        if (option->value == MIG_VALUE_FILE)
            mig_buf_str(out, " -rF");
        else if (option->argument)
            mig_buf_str(out, " -x");
        if (option->value == MIG_VALUE_ENVIRONMENT)
            mig_buf_str(out, " -a '(__migtui_environments)'");
        if (option->choices) {
            mig_buf_str(out, " -a '");
            add_choices(option->choices, out);
            mig_buf_char(out, '\'');
        }
        mig_buf_str(out, " -d '");
        add_fish(out, rows->help);
        mig_buf_str(out, "'\n");
    }
}

static void fish(struct mig_buf *out)
{
    mig_buf_str(
        out,
        "# fish completion of migtui; made by: migtui completion fish\n\nfunction __migtui_environments\n"
        "    " ENVIRONMENTS "\nend\n\ncomplete -c migtui -f\n");
    fish_options("", mig_global_options(), out);
    for (int i = 0; i < MIG_COMMANDS; i++) {
        const struct mig_command *command = mig_command_at(i);
        struct mig_buf condition MIG_AUTOBUF;
        mig_buf_init(&condition, 256);
        if (!is_shown(command))
            continue;
        mig_buf_printf(out, "complete -c migtui -n __fish_use_subcommand -a %s -d '", command->name);
        add_fish(out, command->summary);
        mig_buf_str(out, "'\n");
        mig_buf_printf(&condition, " -n '__fish_seen_subcommand_from %s'", command->name);
        fish_options(condition.text, command->options, out);
        if (command->choices || command->value == MIG_VALUE_ENVIRONMENT || command->value == MIG_VALUE_FILE ||
            command->id == MIG_COMMAND_HELP) {
            mig_buf_printf(out, "complete -c migtui%s", condition.text);
            if (command->value == MIG_VALUE_FILE) {
                mig_buf_str(out, " -F\n");
                continue;
            }
            mig_buf_str(out, " -a '");
            if (command->choices)
                add_choices(command->choices, out);
            else if (command->id == MIG_COMMAND_HELP)
                add_commands(out);
            else
                mig_buf_str(out, "(__migtui_environments)");
            mig_buf_str(out, "'\n");
        }
    }
}

bool cli_completion_script(const char *shell, struct mig_buf *out)
{
    static const struct {
        const char *name;
        void (*write)(struct mig_buf *out);
    } shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
    for (size_t i = 0; i < MIG_COUNT(shells); i++) {
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].write(out);
            return true;
        }
    }
    return false;
}
