/* buf.h - a growing string that knows its largest size.
 *
 * Invariants: text is never NULL after mig_buf_init and always NUL-terminated; len excludes the NUL. What
 * would grow past the maximum is dropped whole and sets .overflow, which stays set until reset: check it
 * once at the end. Design after git's strbuf and curl's dynbuf.
 */
#ifndef MIG_BASE_BUF_H
#define MIG_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct mig_buf {
    char *text;
    size_t len;
    size_t room;
    size_t max;
    bool overflow;
};

void mig_buf_init(struct mig_buf *buf, size_t max);
void mig_buf_done(struct mig_buf *buf);  /* frees; the buffer may be initialised again */
void mig_buf_reset(struct mig_buf *buf); /* empties, keeps memory */

void mig_buf_add(struct mig_buf *buf, const char *bytes, size_t len);
void mig_buf_str(struct mig_buf *buf, const char *text);
void mig_buf_char(struct mig_buf *buf, char c);
void mig_buf_fill(struct mig_buf *buf, char c, size_t count);
void mig_buf_printf(struct mig_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void mig_buf_vprintf(struct mig_buf *buf, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Append text as the inside of a JSON string: quotes, backslashes and control bytes escaped, bytes that are
 * not UTF-8 replaced by U+FFFD. No surrounding quotes. */
void mig_buf_json(struct mig_buf *buf, const char *text);

/* The text moves to the caller, who frees it; the buffer is empty and initialised afterwards. */
char *mig_buf_detach(struct mig_buf *buf);

#define MIG_AUTOBUF __attribute__((cleanup(mig_buf_done)))

#endif
