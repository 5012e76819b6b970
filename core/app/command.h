/* command.h - every command of migtui, once.
 *
 * One row a command: the command line, the ':' palette, `help`, the manual pages, docs/reference/commands.md and the
 * completions of three shells are all made from these rows, so they cannot disagree. An option has one name, one letter
 * and one kind of value wherever it appears; what it does to a command is said in that command's row. Options of
 * migtui.yaml that a flag may set (config/options.h: --prefix, --lock-wait, …) are taken by every command besides.
 * Static data, immutable. How to add a command: docs/adding-a-command.md.
 */
#ifndef MIG_APP_COMMAND_H
#define MIG_APP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

enum mig_command_id {
    MIG_COMMAND_INIT,
    MIG_COMMAND_NEW,
    MIG_COMMAND_VERIFY_DIR,
    MIG_COMMAND_CONSOLE,
    MIG_COMMAND_STATUS,
    MIG_COMMAND_DIFF,
    MIG_COMMAND_PLAN,
    MIG_COMMAND_APPLY,
    MIG_COMMAND_ROLLBACK,
    MIG_COMMAND_RESUME,
    MIG_COMMAND_RECOVER,
    MIG_COMMAND_MARK,
    MIG_COMMAND_GATE,
    MIG_COMMAND_DRIFT,
    MIG_COMMAND_REQUEST,
    MIG_COMMAND_REQUESTS,
    MIG_COMMAND_APPROVE,
    MIG_COMMAND_REJECT,
    MIG_COMMAND_WITHDRAW,
    MIG_COMMAND_PROMOTE,
    MIG_COMMAND_GLASS,
    MIG_COMMAND_RUNS,
    MIG_COMMAND_LOG,
    MIG_COMMAND_ATTACH,
    MIG_COMMAND_STOP,
    MIG_COMMAND_HISTORY,
    MIG_COMMAND_AUDIT,
    MIG_COMMAND_BACKUP,
    MIG_COMMAND_RESTORE,
    MIG_COMMAND_DOCTOR,
    MIG_COMMAND_CONFIG,
    MIG_COMMAND_SCHEMA,
    MIG_COMMAND_COMPLETION,
    MIG_COMMAND_DEMO,
    MIG_COMMAND_VERSION,
    MIG_COMMAND_HELP,
    MIG_COMMAND_RUN,
    MIG_COMMANDS
};

/* What a value of an option or argument is: checked by the parser, offered by completions. */
enum mig_value {
    MIG_VALUE_NONE,        /* a switch */
    MIG_VALUE_TEXT,        /* anything */
    MIG_VALUE_COUNT,       /* a whole number from 1 */
    MIG_VALUE_DURATION,    /* 500ms, 5s, 10m, 24h */
    MIG_VALUE_CHOICE,      /* one of a list */
    MIG_VALUE_FILE,        /* a path */
    MIG_VALUE_ENVIRONMENT, /* a name from migtui.yaml; several with commas or by repeating the option */
    MIG_VALUE_VERSION,     /* a migration */
    MIG_VALUE_RUN,         /* a run's id */
};

/* enum, long name, letter or 0, kind of value, its name in the synopsis, choices separated by '|' */
#define MIG_OPTION_TABLE(X) \
    X(MIG_OPT_CONFIG, "config", 'c', MIG_VALUE_FILE, "FILE", NULL) \
    X(MIG_OPT_FORMAT, "format", 0, MIG_VALUE_CHOICE, "FORMAT", "text|json|ndjson") \
    X(MIG_OPT_QUIET, "quiet", 'q', MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_NO_COLOR, "no-color", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_TIMEOUT, "timeout", 0, MIG_VALUE_DURATION, "TIME", NULL) \
    X(MIG_OPT_OPERATOR, "operator", 0, MIG_VALUE_TEXT, "NAME", NULL) \
    X(MIG_OPT_HELP, "help", 'h', MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_ENV, "env", 'e', MIG_VALUE_ENVIRONMENT, "NAME", NULL) \
    X(MIG_OPT_YES, "yes", 'y', MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_DETACH, "detach", 'd', MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_TO, "to", 0, MIG_VALUE_VERSION, "VERSION", NULL) \
    X(MIG_OPT_COUNT, "count", 'n', MIG_VALUE_COUNT, "N", NULL) \
    X(MIG_OPT_DOWN, "down", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_OF_RUN, "run", 0, MIG_VALUE_RUN, "RUN", NULL) \
    X(MIG_OPT_PLAN, "plan", 0, MIG_VALUE_TEXT, "ID", NULL) \
    X(MIG_OPT_OUT, "out", 'o', MIG_VALUE_FILE, "FILE", NULL) \
    X(MIG_OPT_CONFIRM_TEXT, "confirm-text", 0, MIG_VALUE_TEXT, "TEXT", NULL) \
    X(MIG_OPT_CONFIRM, "confirm", 0, MIG_VALUE_TEXT, "STEP", NULL) \
    X(MIG_OPT_TAKE_OVER, "take-over", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_REASON, "reason", 'm', MIG_VALUE_TEXT, "TEXT", NULL) \
    X(MIG_OPT_TICKET, "ticket", 0, MIG_VALUE_TEXT, "ID", NULL) \
    X(MIG_OPT_EXIT_CODE, "exit-code", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_UNDO, "undo", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_RESUME, "resume", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_FOLLOW, "follow", 'f', MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_LIMIT, "limit", 'l', MIG_VALUE_COUNT, "N", NULL) \
    X(MIG_OPT_WRITE, "write", 'w', MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_ORIGIN, "origin", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_ID, "id", 0, MIG_VALUE_RUN, "RUN", NULL) \
    X(MIG_OPT_READONLY, "readonly", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_PLAIN, "plain", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_SCRIPT, "script", 0, MIG_VALUE_FILE, "FILE", NULL) \
    X(MIG_OPT_SAY, "say", 0, MIG_VALUE_TEXT, "TEXT", NULL) \
    X(MIG_OPT_ASCII, "ascii", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_HEADLESS, "headless", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_KEEP_DEMO, "keep", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_MAN, "man", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_MAN_CONFIG, "man-config", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_MARKDOWN, "markdown", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_SIGNED_TEXT, "signed-text", 0, MIG_VALUE_RUN, "ID", NULL) \
    X(MIG_OPT_KEY, "key", 0, MIG_VALUE_FILE, "FILE", NULL) \
    X(MIG_OPT_BREAK_GLASS, "break-glass", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_ACCEPT_DRIFT, "accept-drift", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_ANCHOR, "anchor", 0, MIG_VALUE_FILE, "FILE", NULL) \
    X(MIG_OPT_METHOD, "method", 0, MIG_VALUE_CHOICE, "METHOD", "archive|mongodump|exec") \
    X(MIG_OPT_NO_VERIFY, "no-verify", 0, MIG_VALUE_NONE, NULL, NULL) \
    X(MIG_OPT_INTO, "into", 0, MIG_VALUE_TEXT, "DATABASE", NULL) \
    X(MIG_OPT_EXIT_CODES, "exit-codes", 0, MIG_VALUE_NONE, NULL, NULL)

enum mig_option_id {
#define X(id, name, letter, value, argument, choices) id,
    MIG_OPTION_TABLE(X)
#undef X
        MIG_OPTIONS
};

/* What an option is, wherever it appears. */
struct mig_option {
    const char *name;
    const char *argument; /* NULL for a switch */
    const char *choices;  /* "text|json|ndjson", or NULL */
    enum mig_value value;
    char letter; /* 0: none */
};

/* An option as one command takes it. */
struct mig_option_row {
    enum mig_option_id id;
    const char *help; /* what it does here, one sentence without full stop; NULL: taken, but not shown */
};

enum {
    MIG_CMD_MUTATES = 1,      /* writes to an environment */
    MIG_CMD_PROTECTED = 2,    /* on a protected environment it asks for the typed text, never only --yes */
    MIG_CMD_NEEDS_ENV = 4,    /* works on one environment, which must be known */
    MIG_CMD_NEEDS_CONFIG = 8, /* needs migtui.yaml */
    MIG_CMD_CLI = 16,         /* may be called from the command line */
    MIG_CMD_HIDDEN = 32,      /* in no help, manual or completion */
};

#define MIG_ARGUMENTS_ANY 1000

struct mig_example {
    const char *line; /* without "migtui " */
    const char *what; /* what it does, no full stop */
};

struct mig_command {
    enum mig_command_id id;
    const char *name;
    const char *arguments; /* synopsis of the arguments, "" when there are none */
    int min_arguments, max_arguments;
    const char *choices;  /* what the first argument may be, separated by '|', or NULL */
    enum mig_value value; /* what arguments are, for completion; MIG_VALUE_NONE when there are none */
    const char *group;    /* heading in help */
    const char *summary;  /* one line, no full stop */
    const char *help;     /* paragraphs; "\n" ends a line, "\n\n" a paragraph */
    const struct mig_example *examples;   /* ends with a row whose line is NULL; every command has one */
    const struct mig_option_row *options; /* ends with a row whose id is MIG_OPTIONS */
    unsigned flags;
    const char *key; /* default key in the console; NULL: none */
};

/* In the order of help. */
const struct mig_command *mig_command_at(enum mig_command_id id);
const struct mig_command *mig_command_find(const char *name); /* NULL: none */
const char *mig_command_nearest(const char *word);            /* NULL: none is near */

const struct mig_option *mig_option_at(enum mig_option_id id);
int mig_option_find(const char *name, size_t len); /* by long name; -1: none */
int mig_option_find_letter(char letter);

/* Options that every command takes; ends as struct mig_command.options does. */
const struct mig_option_row *mig_global_options(void);

/* True when the command takes the option, as its own or as a global one. */
bool mig_command_takes(const struct mig_command *command, enum mig_option_id option);

/* The i-th name of "a|b|c" into ret; false at the end, or when it does not fit. */
bool mig_choice(const char *choices, size_t i, char *ret, size_t size);
bool mig_choice_has(const char *choices, const char *word);

#endif
