/* reference.c - docs/reference/configuration.md out of the options table. */
#include <string.h>

#include "base/rows.h"
#include "config/config.h"

static const char opening[] =
    "# migtui.yaml\n"
    "\n"
    "Generated from the options table (`config/rows.h`); a test fails when it is stale.\n"
    "\n"
    "The file is found by `-c FILE`, else `MIGTUI_CONFIG`, else upward from the working directory.\n"
    "An option's value is that of the flag, else of the environment variable, else of `.env` beside the "
    "file, else\n"
    "of the file, else the default; `migtui config show --origin` tells which it was. An empty variable "
    "counts as\n"
    "none. Flags and variables exist for the top level only: what an environment is and what its gate "
    "asks for stands\n"
    "in the file, where it is reviewed.\n"
    "\n"
    "An unknown key, a value of another type and a gate that nobody could pass are errors with file, line "
    "and\n"
    "column. Aliases (`*name`) of anchors above them may be used; tags may not. A duration has a unit: "
    "`ms`, `s`, `m`,\n"
    "`h`, `d`.\n"
    "\n"
    "## Secrets\n"
    "\n"
    "An option of type *secret* holds one of\n"
    "\n"
    "| text | the secret is |\n"
    "| --- | --- |\n"
    "| `${NAME}` | the variable, from the environment or else `.env`; several may stand inside a longer "
    "text, put in "
    "as they are (percent-encode what goes into a URI); `$${` stands for `${` |\n"
    "| `file:PATH` | the file's content without its last newline, at most 64 KiB; PATH is relative to "
    "migtui.yaml |\n"
    "| `cmd:COMMAND` | what `/bin/sh -c COMMAND` prints within 10 s; it does not see the variables that "
    "secrets "
    "name |\n"
    "| `ssm:NAME`, `secretsmanager:NAME` | not yet: the environment is disabled and says so |\n"
    "| anything else | the text itself |\n"
    "\n"
    "A variable that is not set disables the environment that asks for it, and no other.\n"
    "\n"
    "## .env\n"
    "\n"
    "Lines of `NAME=VALUE`, `NAME='VALUE'` or `NAME=\"VALUE\"` (with `\\n \\r \\t \\\\ \\\" \\$`), "
    "`export ` before them if "
    "you like, `#` for comments. Nothing is expanded. What the environment holds already wins.\n";

static const struct {
    enum cfg_section section;
    const char *title;
    const char *text;
} sections[] = {
    { CFG_TOP, "Top level",
      "`environments` (at least one, at most 32) and `notify` are lists, described below." },
    { CFG_ENVIRONMENT, "environments[]", "In the order of promotion." },
    { CFG_GATE, "environments[].gate",
      "What must hold before a run may start. Without a gate nothing is asked for. It is checked when the "
      "file is "
      "read: enough approvers, a rehearsal in an earlier environment, a window that opens." },
    { CFG_WINDOW, "environments[].gate.window",
      "When runs may start. From 22:00 to 04:00 goes past midnight and belongs to the day on which it "
      "begins." },
    { CFG_BACKUP, "environments[].gate.backup", "The backup that must be there." },
    { CFG_ATLAS, "environments[].atlas",
      "The Atlas cluster of the environment, for its backups and its state." },
    { CFG_CREDENTIALS, "environments[].atlas.credentials",
      "`clientId` and `clientSecret`, or `publicKey` and `privateKey`." },
    { CFG_NOTIFY, "notify[]",
      "One channel each, with exactly one of `slack`, `teams`, `webhook` and `email`." },
    { CFG_EMAIL, "notify[].email", "Sent through an SMTP server." },
};

/* Text of a table cell: a bar would end it. */
static void cell(struct mig_buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '|')
            mig_buf_char(out, '\\');
        mig_buf_char(out, *p);
    }
}

static void type_of(const struct cfg_option *option, struct mig_buf *out)
{
    static const char *const words[CFG_TYPES] = {
#define X(type, word) [type] = word,
        CFG_TYPE_TABLE(X)
#undef X
    };
    MIG_AUTOBUF struct mig_buf limits;
    mig_buf_init(&limits, 1024);
    cfg_option_limits(option, &limits);
    mig_buf_printf(out, "%s%s%s%s", option->is_list ? "list of " : "", words[option->type],
                   limits.len ? ": " : "", limits.text);
}

static void row(const struct cfg_option *option, struct mig_buf *out)
{
    MIG_AUTOBUF struct mig_buf type;
    mig_buf_init(&type, 1024);
    type_of(option, &type);
    mig_buf_printf(out, "| `%s` | ", option->key);
    cell(out, type.text);
    if (option->fallback)
        mig_buf_printf(out, " | `%s` | ", option->fallback);
    else
        mig_buf_printf(out, " | %s | ", option->is_needed ? "needed" : "");
    cell(out, option->doc);
    if (cfg_option_is_settable(option)) {
        char flag[CFG_OPTION_NAME_MAX], variable[CFG_OPTION_NAME_MAX];
        cfg_option_flag(option, flag);
        cfg_option_variable(option, variable);
        mig_buf_printf(out, " (`%s`, `%s`)", flag, variable);
    }
    mig_buf_str(out, " |\n");
}

void cfg_reference(struct mig_buf *out)
{
    size_t count;
    const struct cfg_option *options = cfg_options(&count);
    mig_buf_str(out, opening);
    for (size_t s = 0; s < MIG_COUNT(sections); s++) {
        mig_buf_printf(out, "\n## %s\n\n%s\n\n", sections[s].title, sections[s].text);
        mig_buf_str(out, "| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
        for (size_t i = 0; i < count; i++) {
            if (options[i].section == sections[s].section)
                row(&options[i], out);
        }
    }
}
