/* cmdline.h - words in, a plain struct out: one parser for the command line and the console's ':' palette.
 *
 * Knows commands and options from their tables (command.h), carries nothing out, reads nothing but its words. Options
 * may stand before or after the command: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, letters of switches together
 * (-qy); what follows "--" is an argument. Any bytes may come in: fuzzed by tests/fuzz/fuzz_cmdline.c.
 */
#ifndef MIG_APP_CMDLINE_H
#define MIG_APP_CMDLINE_H

#include "app/command.h"
#include "base/err.h"
#include "config/config.h"

#define MIG_CMDLINE_WORDS_MAX 4096         /* words, and values of options */
#define MIG_CMDLINE_WORD_MAX  (128 * 1024) /* bytes of one */

struct mig_cmdline_option {
    enum mig_option_id id;
    char *value; /* "" for a switch */
};

/* Owns copies of all its texts; free with mig_cmdline_done. */
struct mig_cmdline {
    const struct mig_command *command;  /* NULL: no command was named */
    struct mig_cmdline_option *options; /* in order; --env a,b is two of them */
    size_t option_count;
    char **arguments;
    size_t argument_count;
    struct cfg_flag *flags; /* options of migtui.yaml given as flags; the names are static, the values ours */
    size_t flag_count;
    size_t option_room, argument_room, flag_room;
};

/* words: without the program's name. Checks names, values and the number of arguments (not when --help is there).
 * False: *err is MIG_ERR_USAGE, names what was meant, and its hint says where help is; *ret holds what was read so far
 * and must be freed all the same. */
bool mig_cmdline_parse(size_t count, const char *const *words, struct mig_cmdline *ret, struct mig_error *err)
    MIG_MUST_CHECK;
void mig_cmdline_done(struct mig_cmdline *line);

/* Cut a line of the palette into words: blanks separate, '…' and "…" keep them, \ takes the next byte as it is (not
 * within '…'). *ret and each word are the caller's: free with mig_words_free. False: a quote is left open. */
bool mig_words_split(const char *text, char ***ret, size_t *ret_count, struct mig_error *err) MIG_MUST_CHECK;
void mig_words_free(char **words, size_t count);

bool mig_cmdline_has(const struct mig_cmdline *line, enum mig_option_id id);
/* NULL when it was not given. */
const char *mig_cmdline_value(const struct mig_cmdline *line, enum mig_option_id id);
/* The i-th value of an option that may come several times; NULL after the last. */
const char *mig_cmdline_value_at(const struct mig_cmdline *line, enum mig_option_id id, size_t i);
/* Values that the parser has checked: missing when not given. */
long long mig_cmdline_count(const struct mig_cmdline *line, enum mig_option_id id, long long missing);
long long mig_cmdline_duration(const struct mig_cmdline *line, enum mig_option_id id, long long missing_ms);

/* The value of --format in words that may be wrong otherwise, so that the error comes out as it was asked for; "" when
 * there is none. */
const char *mig_words_format(size_t count, const char *const *words);

#endif
