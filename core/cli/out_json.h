/* out_json.h - documents as JSON for programs.
 *
 * Plain JSON: int64 as a number, times as ISO 8601 text, other BSON types as relaxed Extended JSON has them. Characters
 * that a terminal must not see raw are written as \uXXXX, which reads back as the very same text.
 */
#ifndef MIG_CLI_OUT_JSON_H
#define MIG_CLI_OUT_JSON_H

#include <bson/bson.h>

#include "base/buf.h"
#include "base/err.h"

/* One line without newline at its end. */
void cli_json_line(const bson_t *doc, struct mig_buf *out);

/* Indented by two, with a newline at the end. */
void cli_json_pretty(const bson_t *doc, struct mig_buf *out);

/* {code, name, message, hint, exit} of an error under the key; code is the server's number, 0 when it has none. */
void cli_json_error(bson_t *to, const char *key, const struct mig_error *err);

#endif
