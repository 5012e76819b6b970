/* out_help.c - help on a terminal, and the same in Markdown. */
#include "cli/out_help.h"

#include <string.h>

#include "base/err.h"
#include "config/options.h"

static const char *const groups[] = { "Look", "Change", "Approve", "Runs", "Project", "Tools", NULL };

const char *cli_help_group(size_t i)
{
    return groups[i];
}

void cli_option_words(const struct mig_option *option, struct mig_buf *out)
{
    if (option->letter)
        mig_buf_printf(out, "-%c, ", option->letter);
    mig_buf_printf(out, "--%s", option->name);
    if (option->argument)
        mig_buf_printf(out, " %s", option->argument);
}

static void option_rows(const struct mig_option_row *rows, const struct cli_style *style, struct mig_buf *out)
{
    struct cli_table *table = cli_table_new(style, 2);
    for (; rows->id != MIG_OPTIONS; rows++) {
        struct mig_buf words MIG_AUTOBUF;
        mig_buf_init(&words, 256);
        if (!rows->help)
            continue;
        mig_buf_str(&words, mig_option_at(rows->id)->letter ? "" : "    ");
        cli_option_words(mig_option_at(rows->id), &words);
        cli_table_cell(table, CLI_PLAIN, words.text);
        cli_table_cell(table, CLI_PLAIN, rows->help);
    }
    /* Help is never cut: a terminal too narrow for it folds it. */
    cli_table_print(table, 2, out);
    cli_table_free(table);
}

static bool shows_options(const struct mig_option_row *rows)
{
    for (; rows->id != MIG_OPTIONS; rows++) {
        if (rows->help)
            return true;
    }
    return false;
}

static void one_command(const struct mig_command *command, const struct cli_style *style, struct mig_buf *out)
{
    mig_buf_printf(out, "%s.\n\nUsage: migtui %s%s%s%s\n\n", command->summary, command->name,
                   command->arguments[0] ? " " : "", command->arguments,
                   shows_options(command->options) ? " [options]" : "");
    mig_buf_printf(out, "%s\n", command->help);
    if (shows_options(command->options)) {
        mig_buf_char(out, '\n');
        cli_ink(out, style, CLI_HEAD, "Options");
        mig_buf_char(out, '\n');
        option_rows(command->options, style, out);
    }
    mig_buf_char(out, '\n');
    cli_ink(out, style, CLI_HEAD, "For every command");
    mig_buf_char(out, '\n');
    option_rows(mig_global_options(), style, out);
    mig_buf_char(out, '\n');
    cli_ink(out, style, CLI_HEAD, "Examples");
    mig_buf_char(out, '\n');
    for (const struct mig_example *example = command->examples; example->line; example++)
        mig_buf_printf(out, "  migtui %s\n      %s\n", example->line, example->what);
}

static void all_commands(const struct cli_style *style, struct mig_buf *out)
{
    mig_buf_str(out, "migtui moves MongoDB schema and data changes from dev through test to prod.\n\n"
                     "Usage: migtui COMMAND [arguments] [options]\n");
    for (size_t g = 0; groups[g]; g++) {
        mig_buf_char(out, '\n');
        cli_ink(out, style, CLI_HEAD, groups[g]);
        mig_buf_char(out, '\n');
        for (int i = 0; i < MIG_COMMANDS; i++) {
            const struct mig_command *command = mig_command_at(i);
            if (!(command->flags & MIG_CMD_HIDDEN) && strcmp(command->group, groups[g]) == 0)
                mig_buf_printf(out, "  %-11s %s\n", command->name, command->summary);
        }
    }
    mig_buf_str(out, "\nOptions, examples: migtui help COMMAND. Everything: man migtui.\n");
}

void cli_help_text(const struct mig_command *command, const struct cli_style *style, struct mig_buf *out)
{
    struct cli_style wide = *style;
    wide.columns = 0;
    if (command)
        one_command(command, &wide, out);
    else
        all_commands(&wide, out);
}

/* ---- Markdown ---- */

#define GENERATED \
    "<!-- Made by `migtui help`; UPDATE_GOLDEN=1 scripts/test -R cli.generated writes it anew. -->\n\n"

/* Text inside a table cell or paragraph: what Markdown would read as its own is escaped. */
static void add_markdown(struct mig_buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("|<>*_", *text))
            mig_buf_char(out, '\\');
        mig_buf_char(out, *text);
    }
}

static void markdown_options(const struct mig_option_row *rows, struct mig_buf *out)
{
    mig_buf_str(out, "| option | what it does |\n| --- | --- |\n");
    for (; rows->id != MIG_OPTIONS; rows++) {
        if (!rows->help)
            continue;
        mig_buf_str(out, "| `");
        cli_option_words(mig_option_at(rows->id), out);
        mig_buf_str(out, "` | ");
        add_markdown(out, rows->help);
        mig_buf_str(out, " |\n");
    }
    mig_buf_char(out, '\n');
}

static void markdown_command(const struct mig_command *command, struct mig_buf *out)
{
    mig_buf_printf(out, "### %s\n\n", command->name);
    add_markdown(out, command->summary);
    mig_buf_printf(out, ".\n\n```\nmigtui %s%s%s\n```\n\n", command->name, command->arguments[0] ? " " : "",
                   command->arguments);
    /* Lines that are laid out in columns stay as they are. */
    bool columns = strstr(command->help, "   ") != NULL;
    if (columns)
        mig_buf_printf(out, "```\n%s\n```\n\n", command->help);
    else
        add_markdown(out, command->help);
    mig_buf_str(out, columns ? "" : "\n\n");
    if (shows_options(command->options))
        markdown_options(command->options, out);
    mig_buf_str(out, "```sh\n");
    for (const struct mig_example *example = command->examples; example->line; example++)
        mig_buf_printf(out, "migtui %s   # %s\n", example->line, example->what);
    mig_buf_str(out, "```\n\n");
}

void cli_reference_commands(struct mig_buf *out)
{
    mig_buf_str(out, "# Commands\n\n" GENERATED);
    mig_buf_str(out, "Options may stand before or after the command. Every command also takes:\n\n");
    markdown_options(mig_global_options(), out);
    mig_buf_str(out, "and, as a flag, each option at the top of `migtui.yaml`: ");
    size_t count;
    const struct cfg_option *options = cfg_options(&count);
    const char *separator = "";
    for (size_t i = 0; i < count; i++) {
        char flag[CFG_OPTION_NAME_MAX];
        if (!cfg_option_is_settable(&options[i]))
            continue;
        cfg_option_flag(&options[i], flag);
        mig_buf_printf(out, "%s`%s`", separator, flag);
        separator = ", ";
    }
    mig_buf_str(out, " ([configuration](configuration.md)).\n\n");
    for (size_t g = 0; groups[g]; g++) {
        mig_buf_printf(out, "## %s\n\n", groups[g]);
        for (int i = 0; i < MIG_COMMANDS; i++) {
            const struct mig_command *command = mig_command_at(i);
            if (!(command->flags & MIG_CMD_HIDDEN) && strcmp(command->group, groups[g]) == 0)
                markdown_command(command, out);
        }
    }
}

void cli_reference_exit_codes(struct mig_buf *out)
{
    mig_buf_str(out, "# Exit codes and errors\n\n" GENERATED);
    mig_buf_str(
        out,
        "With `--format json` an error is one line on standard error: "
        "`{\"error\": {\"code\", \"name\", \"message\", \"hint\", \"exit\"}}`; `code` is the server's own number, "
        "or 0.\n\n| exit | error | meaning |\n| ---: | --- | --- |\n");
    bool done[MIG_ERROR_CODES] = { false };
    for (;;) {
        int next = -1;
        for (int i = 0; i < MIG_ERROR_CODES; i++) {
            if (!done[i] && (next < 0 || mig_error_exit(i) < mig_error_exit(next)))
                next = i;
        }
        if (next < 0)
            break;
        done[next] = true;
        mig_buf_printf(out, "| %d | `%s` | %s |\n", mig_error_exit(next), mig_error_name(next),
                       mig_error_meaning(next));
    }
    mig_buf_str(
        out,
        "\n`plan` exits 2 when there is something to run; `status` tells its finding only with `--exit-code`; "
        "`diff` exits 4 when there is a difference.\n");
}
