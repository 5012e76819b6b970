/* options.h - every option there is, one row each: config/rows.h, as a table.
 *
 * The reader of migtui.yaml, `config show`, docs/reference/configuration.md, the manual page and the
 * completions all read this table.
 */
#ifndef MIG_CONFIG_OPTIONS_H
#define MIG_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* type, its word in the documentation */
#define CFG_TYPE_TABLE(X) \
    X(CFG_TEXT, "text") \
    X(CFG_PATH, "path") \
    X(CFG_COMMAND, "command") /* for a shell, which knows ${NAME} itself */ \
    X(CFG_NAME, "name")       /* of an environment */ \
    X(CFG_PREFIX, "prefix")   /* of collections */ \
    X(CFG_DATABASE, "database") \
    X(CFG_HEX, "hex digits") \
    X(CFG_INTEGER, "number") \
    X(CFG_BOOL, "true or false") \
    X(CFG_DURATION, "duration") /* milliseconds */ \
    X(CFG_CHOICE, "choice")     /* index in .choices */ \
    X(CFG_SECRET, "secret") \
    X(CFG_URI, "secret")        /* a MongoDB connection string */ \
    X(CFG_DAYS, "days")         /* bits, Monday first */ \
    X(CFG_CLOCK, "time of day") /* minutes */ \
    X(CFG_ZONE, "time zone")

enum cfg_type {
#define X(type, word) type,
    CFG_TYPE_TABLE(X)
#undef X
        CFG_TYPES
};

/* The mappings of the file. */
enum cfg_section {
    CFG_TOP,
    CFG_ENVIRONMENT,
    CFG_GATE,
    CFG_WINDOW,
    CFG_BACKUP,
    CFG_ATLAS,
    CFG_CREDENTIALS,
    CFG_NOTIFY,
    CFG_EMAIL,
    CFG_SECTIONS
};

struct cfg_option {
    const char *name; /* "environments[].gate.approvals" */
    const char *key;  /* "approvals" */
    enum cfg_section section;
    enum cfg_type type; /* of the elements, for a list */
    bool is_list;
    bool is_needed;
    const char *fallback; /* default as text, words of a list with commas; NULL: none */
    int64_t low;          /* numbers and durations: the value; texts: bytes; hex: the digits */
    int64_t high;
    const char *choices; /* "linear|skip|any", or NULL */
    const char *doc;     /* one line, no full stop */
    size_t member;       /* offset in the section's struct of config.h */
    size_t raw;          /* offset in the section's struct of schema.h */
    size_t raw_count;    /* of a list: offset of the number of its items there */
};

/* In the order of the file, section by section. */
const struct cfg_option *cfg_options(size_t *ret_count);
const struct cfg_option *cfg_option_find(const char *name); /* NULL: none */

/* "environments[].gate." for CFG_GATE, "" for CFG_TOP. */
const char *cfg_section_prefix(enum cfg_section section);

/* True when an environment variable and a flag can set it: the top level without version. A policy (an
 * environment, a gate, a channel) is what the file says, because the file is what was reviewed. */
bool cfg_option_is_settable(const struct cfg_option *option);

bool cfg_option_is_secret(const struct cfg_option *option);

#define CFG_OPTION_NAME_MAX 48

/* leaseSeconds: MIGTUI_LEASE_SECONDS, --lease-seconds. */
void cfg_option_variable(const struct cfg_option *option, char ret[static CFG_OPTION_NAME_MAX]);
void cfg_option_flag(const struct cfg_option *option, char ret[static CFG_OPTION_NAME_MAX]);

/* Append the bounds or words of a number, duration or choice: "5 to 300", "linear, skip, any"; nothing for
 * others. */
void cfg_option_limits(const struct cfg_option *option, struct mig_buf *out);

/* Append what a value must be: "a number from 5 to 300", "one of linear, skip, any". */
void cfg_option_expects(const struct cfg_option *option, struct mig_buf *out);

#endif
