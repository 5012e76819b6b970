/* dotenv.h - .env: variables for a person's machine that are not exported.
 *
 * A line is NAME=VALUE, with `export ` before it if you like; blank lines and lines that begin with # are
 * passed over. VALUE is
 *     bare         up to the end of the line or a # after a space; outer spaces are dropped
 *     'quoted'     as it stands
 *     "quoted"     with \n \r \t \\ \" \$
 * Nothing is expanded and nothing goes over a line's end. A name may be set once.
 */
#ifndef MIG_CONFIG_DOTENV_H
#define MIG_CONFIG_DOTENV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CFG_DOTENV_MAX       ((size_t)256 * 1024)
#define CFG_DOTENV_LINES_MAX 2000

struct cfg_dotenv_pair {
    char *name;
    char *value;
    int line;
};

struct cfg_dotenv {
    struct cfg_dotenv_pair *pairs;
    size_t count;
    size_t room;
};

/* Fails with "FILE:LINE: …"; the message never holds a value. */
bool cfg_dotenv_parse(const char *file_name, const char *text, size_t len, struct cfg_dotenv *ret,
                      struct mig_error *err) MIG_MUST_CHECK;

/* NULL when it is not there. */
const struct cfg_dotenv_pair *cfg_dotenv_find(const struct cfg_dotenv *dotenv, const char *name);

void cfg_dotenv_done(struct cfg_dotenv *dotenv); /* zeroes the values */

#endif
