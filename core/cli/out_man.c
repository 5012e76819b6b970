/* out_man.c - manual pages, in the man macros that every roff knows. */
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "cli/out_help.h"
#include "config/options.h"

/* Text for roff: backslashes and leading dots escaped, dashes that are to be typed kept as such, all in ASCII. */
static void add_roff(struct mig_buf *out, const char *text)
{
    bool start = true;
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80) {
            size_t len;
            mig_buf_printf(out, "\\[u%04X]", (unsigned)mig_utf8_decode(text, strlen(text), &len));
            text += len - 1;
            continue;
        }
        if (start && (*text == '.' || *text == '\''))
            mig_buf_str(out, "\\&");
        if (*text == '\\')
            mig_buf_str(out, "\\e");
        else if (*text == '-')
            mig_buf_str(out, "\\-");
        else
            mig_buf_char(out, *text);
        start = *text == '\n';
    }
}

static void add_request(struct mig_buf *out, const char *request, const char *text)
{
    mig_buf_printf(out, "%s ", request);
    add_roff(out, text);
    mig_buf_char(out, '\n');
}

/* Paragraphs; one that is laid out in columns stays as it is. */
static void add_help(struct mig_buf *out, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        struct mig_buf part MIG_AUTOBUF;
        mig_buf_init(&part, 64UL * 1024);
        mig_buf_add(&part, text, len);
        bool columns = strstr(part.text, "   ") != NULL || strstr(part.text, ":  ") != NULL;
        mig_buf_str(out, columns ? ".PP\n.nf\n" : ".PP\n");
        add_roff(out, part.text);
        mig_buf_str(out, columns ? "\n.fi\n" : "\n");
        text += len + (end ? 2 : 0);
    }
}

static void add_options(struct mig_buf *out, const struct mig_option_row *rows)
{
    for (; rows->id != MIG_OPTIONS; rows++) {
        const struct mig_option *option = mig_option_at(rows->id);
        if (!rows->help)
            continue;
        mig_buf_str(out, ".TP\n");
        if (option->letter)
            mig_buf_printf(out, "\\fB\\-%c\\fR, ", option->letter);
        mig_buf_str(out, "\\fB\\-\\-");
        add_roff(out, option->name);
        mig_buf_str(out, "\\fR");
        if (option->argument)
            mig_buf_printf(out, " \\fI%s\\fR", option->argument);
        mig_buf_char(out, '\n');
        add_roff(out, rows->help);
        if (option->choices) {
            mig_buf_str(out, "; one of ");
            add_roff(out, option->choices);
        }
        mig_buf_str(out, ".\n");
    }
}

static void add_command(struct mig_buf *out, const struct mig_command *command)
{
    mig_buf_printf(out, ".SS \"migtui %s", command->name);
    mig_buf_str(out, command->arguments[0] ? " " : "");
    add_roff(out, command->arguments);
    mig_buf_str(out, "\"\n");
    add_roff(out, command->summary);
    mig_buf_str(out, ".\n");
    add_help(out, command->help);
    add_options(out, command->options);
    for (const struct mig_example *example = command->examples; example->line; example++) {
        mig_buf_str(out, ".PP\n.RS 4\n\\fBmigtui ");
        add_roff(out, example->line);
        mig_buf_str(out, "\\fR\n.br\n");
        add_roff(out, example->what);
        mig_buf_str(out, "\n.RE\n");
    }
}

static void add_exit_codes(struct mig_buf *out)
{
    static const struct {
        int status;
        const char *meaning;
    } rows[] = {
        { 0, "Done; nothing is pending." },
        { 1, "An error; the message says which." },
        { 2, "There is pending work, or an approval is needed (plan, status \\-\\-exit\\-code)." },
        { 3, "Another run holds the environment's lock." },
        { 4, "Integrity, drift or order: files and history disagree, or a plan no longer holds." },
        { 5, "A gate is closed: not approved, expired, or not confirmed." },
        { 6, "A backup failed." },
        { 64, "The command line is wrong." },
        { 75, "Fenced: another run took over, this one wrote nothing more." },
        { 130, "Stopped by a signal or by the operator." },
    };
    mig_buf_str(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        mig_buf_printf(out, ".TP\n.B %d\n%s\n", rows[i].status, rows[i].meaning);
}

void cli_man_commands(struct mig_buf *out)
{
    mig_buf_str(
        out,
        ".\\\" Made by migtui help --man; do not edit.\n.TH MIGTUI 1 \"\" \"migtui\" \"User Commands\"\n.SH NAME\n"
        "migtui \\- migrations for MongoDB, from dev through test to prod\n.SH SYNOPSIS\n"
        ".B migtui\n.I COMMAND\n.RI [ arguments ]\n.RI [ options ]\n.SH DESCRIPTION\n"
        "Moves schema and data changes of MongoDB databases from environment to environment: what is applied "
        "against what is pending, plans that run exactly as they were reviewed, runs that survive the loss of "
        "terminal, network, process or server, and a history of who did what.\n.PP\n"
        "Environments are described in\n.BR migtui.yaml (5).\n.SH OPTIONS\n"
        "Options may stand before or after the command. Every command takes these, and each option at the top "
        "of migtui.yaml as a flag.\n");
    add_options(out, mig_global_options());
    mig_buf_str(out, ".SH COMMANDS\n");
    for (size_t g = 0; cli_help_group(g); g++) {
        for (int i = 0; i < MIG_COMMANDS; i++) {
            const struct mig_command *command = mig_command_at(i);
            if (!(command->flags & MIG_CMD_HIDDEN) && strcmp(command->group, cli_help_group(g)) == 0)
                add_command(out, command);
        }
    }
    add_exit_codes(out);
    mig_buf_str(
        out,
        ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNo colours when it is set to anything.\n.TP\n.B MIGTUI_OPERATOR\n"
        "Who acts, when \\-\\-operator does not say.\n.TP\n.B XDG_STATE_HOME\n"
        "Where journals of runs are kept, in migtui/runs.\n.SH FILES\n.TP\n.B migtui.yaml\nThe project, looked "
        "for from the working directory upward.\n.TP\n.B .env\nVariables beside it.\n.TP\n.B migrations/\n"
        "One file a migration.\n.SH SEE ALSO\n.BR migtui.yaml (5)\n");
}

/* environments[].gate.approvals -> heading "environments[].gate" */
static void add_section(struct mig_buf *out, enum cfg_section section)
{
    size_t count;
    const struct cfg_option *options = cfg_options(&count);
    struct mig_buf heading MIG_AUTOBUF;
    mig_buf_init(&heading, 256);
    mig_buf_str(&heading, cfg_section_prefix(section));
    if (heading.len > 0)
        heading.text[heading.len - 1] = '\0';
    add_request(out, ".SH", heading.len > 0 ? heading.text : "TOP LEVEL");
    for (size_t i = 0; i < count; i++) {
        const struct cfg_option *option = &options[i];
        if (option->section != section)
            continue;
        mig_buf_str(out, ".TP\n\\fB");
        add_roff(out, option->key);
        mig_buf_str(out, "\\fR");
        mig_buf_str(out, option->is_needed ? " (needed)\n" : "\n");
        add_roff(out, option->doc);
        mig_buf_str(out, ".\n");
        struct mig_buf expects MIG_AUTOBUF;
        mig_buf_init(&expects, 4096);
        cfg_option_expects(option, &expects);
        mig_buf_str(out, option->is_list ? "A list; each is " : "It is ");
        add_roff(out, expects.text);
        if (option->fallback) {
            mig_buf_str(out, "; default ");
            add_roff(out, option->fallback[0] ? option->fallback : "empty");
        }
        mig_buf_str(out, ".\n");
        if (cfg_option_is_settable(option)) {
            char variable[CFG_OPTION_NAME_MAX];
            char flag[CFG_OPTION_NAME_MAX];
            cfg_option_variable(option, variable);
            cfg_option_flag(option, flag);
            mig_buf_str(out, "Also: ");
            add_roff(out, variable);
            mig_buf_str(out, ", ");
            add_roff(out, flag);
            mig_buf_str(out, ".\n");
        }
    }
}

void cli_man_config(struct mig_buf *out)
{
    mig_buf_str(
        out,
        ".\\\" Made by migtui help --man-config; do not edit.\n"
        ".TH MIGTUI.YAML 5 \"\" \"migtui\" \"File Formats\"\n.SH NAME\n"
        "migtui.yaml \\- a project of migtui and its environments\n.SH DESCRIPTION\n"
        "YAML, looked for from the working directory upward. An unknown key is an error that names the nearest "
        "one. A value comes from, in this order: a flag, an environment variable, .env beside the file, the "
        "file, the default;\n.B migtui config show \\-\\-origin\ntells which.\n.PP\n"
        "A secret is a reference: ${NAME} from the environment or .env, file:PATH, or cmd:COMMAND. One that "
        "cannot be resolved disables its environment only.\n");
    for (int section = 0; section < CFG_SECTIONS; section++)
        add_section(out, section);
    mig_buf_str(out, ".SH SEE ALSO\n.BR migtui (1)\n");
}
