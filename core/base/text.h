/* text.h - text from outside: UTF-8, safe display, nearest names, redaction.
 *
 * Every string that came from a file, a server, a name, the environment or the terminal passes
 * mig_text_safe before it reaches a model, a log or a screen.
 */
#ifndef MIG_BASE_TEXT_H
#define MIG_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Bytes of the well-formed UTF-8 character at p (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF),
 * 0 when it is malformed or len is 0. NUL counts as a character of one byte. */
size_t mig_utf8_len(const char *p, size_t len);

/* Decode the character at p; *ret_len as mig_utf8_len. Malformed bytes give U+FFFD and length 1. */
uint32_t mig_utf8_decode(const char *p, size_t len, size_t *ret_len);

/* Write a character (below 0x110000) as UTF-8; returns its bytes, 1 to 4. No NUL is added. */
size_t mig_utf8_encode(uint32_t c, char ret[static 4]);

/* Offset of the first byte that is not well-formed UTF-8, or len when all is well. */
size_t mig_utf8_check(const char *p, size_t len);

/* Cut a half character off the end of a NUL-terminated text that was truncated. */
void mig_utf8_trim(char *text);

/* True for what must never reach a terminal raw: C0, DEL, C1, bidi controls and overrides (U+061C,
 * U+200E/F, U+202A–202E, U+2066–2069), zero-width and invisible characters (U+00AD, U+034F, U+180E,
 * U+200B–200D, U+2060–206F, U+FEFF, U+FFF9–FFFB, Hangul fillers, tags and all else from U+E0000 to
 * U+E0FFF), line and paragraph separators (U+2028/9), and numbers beyond U+10FFFF. */
bool mig_char_is_unsafe(uint32_t c);

/* Append text in a form that is safe on a terminal and still tells what was there: control bytes and
 * malformed bytes become \xNN, other unsafe characters \u{NNNN}; tab and newline (CRLF counts as one)
 * become one space, unless keep_lines, which keeps newlines. At most max_chars characters are written,
 * then "…" when something was left out (SIZE_MAX: no limit). */
void mig_text_safe(struct mig_buf *out, const char *text, size_t len, size_t max_chars, bool keep_lines);

/* The same into a fresh string the caller frees. */
char *mig_text_safe_dup(const char *text, size_t max_chars);

/* The name of the list (NULL-terminated) nearest to word, or NULL when none is near enough to suggest
 * (Damerau-Levenshtein distance at most a third of the longer length, ignoring case). */
const char *mig_text_nearest(const char *word, const char *const *names);

/* A connection string without user, password or option values, also when it is malformed: at most
 * scheme, hosts and database survive, and only where they look like what they should be; the rest is
 * "***". A text that does not begin with a known scheme may be a bare secret and is hidden whole. The
 * caller frees it. Idempotent. */
char *mig_text_redact_uri(const char *uri);

/* 58112 -> "58,112". */
void mig_text_number(struct mig_buf *out, int64_t number);

/* "1 migration", "2,000 migrations": a number and a noun with a plain plural. */
void mig_text_count(struct mig_buf *out, int64_t count, const char *noun);

/* Append a size in bytes for people: "512 B", "3.4 MB" (powers of 1000). */
void mig_text_size(struct mig_buf *out, int64_t bytes);

/* Strict decimal integer within [min, max], no sign but '-', no spaces. *ret is untouched on failure. */
bool mig_text_int(const char *text, int64_t min, int64_t max, int64_t *ret);

/* "90", "90ms", "5s", "10m", "24h", "7d" to milliseconds; a bare number is milliseconds. */
bool mig_text_duration(const char *text, int64_t *ret_ms);

/* Natural order for versions: by number when both are all digits (any length, leading zeros ignored),
 * else by bytes; a number is before a text. <0, 0, >0. */
int mig_version_compare(const char *a, const char *b);

#endif
