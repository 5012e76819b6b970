/* out_help.h - everything that is written from the table of commands: help, manual pages, reference, completions. Pure. */
#ifndef MIG_CLI_OUT_HELP_H
#define MIG_CLI_OUT_HELP_H

#include "app/command.h"
#include "cli/style.h"

/* "-e, --env NAME" */
void cli_option_words(const struct mig_option *option, struct mig_buf *out);

/* Headings of help in their order; NULL after the last. */
const char *cli_help_group(size_t i);

void cli_help_text(const struct mig_command *command, const struct cli_style *style, struct mig_buf *out);

/* man/migtui.1, man/migtui.yaml.5: roff with man macros. */
void cli_man_commands(struct mig_buf *out);
void cli_man_config(struct mig_buf *out);

/* docs/reference/commands.md, docs/reference/exit-codes.md. */
void cli_reference_commands(struct mig_buf *out);
void cli_reference_exit_codes(struct mig_buf *out);

/* A completion script: bash, zsh or fish. False: no such shell. */
bool cli_completion_script(const char *shell, struct mig_buf *out);

#endif
