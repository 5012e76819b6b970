/* buf.c - growing strings with a ceiling. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void mig_buf_init(struct mig_buf *buf, size_t max)
{
    *buf = (struct mig_buf){ .max = max, .text = mig_alloc(1), .room = 1 };
}

void mig_buf_done(struct mig_buf *buf)
{
    free(buf->text);
    *buf = (struct mig_buf){ 0 };
}

void mig_buf_reset(struct mig_buf *buf)
{
    buf->len = 0;
    buf->text[0] = '\0';
    buf->overflow = false;
}

static bool reserve(struct mig_buf *buf, size_t more)
{
    if (buf->overflow || more > buf->max || buf->len > buf->max - more) {
        buf->overflow = true;
        return false;
    }
    if (buf->len + more + 1 > buf->room) {
        size_t room = buf->room * 2 > buf->len + more + 1 ? buf->room * 2 : buf->len + more + 1;
        buf->text = mig_realloc_n(buf->text, room, 1);
        buf->room = room;
    }
    return true;
}

void mig_buf_add(struct mig_buf *buf, const char *bytes, size_t len)
{
    if (len == 0 || !reserve(buf, len))
        return;
    memcpy(buf->text + buf->len, bytes, len);
    buf->len += len;
    buf->text[buf->len] = '\0';
}

void mig_buf_str(struct mig_buf *buf, const char *text)
{
    mig_buf_add(buf, text, strlen(text));
}

void mig_buf_char(struct mig_buf *buf, char c)
{
    mig_buf_add(buf, &c, 1);
}

void mig_buf_fill(struct mig_buf *buf, char c, size_t count)
{
    if (!reserve(buf, count))
        return;
    memset(buf->text + buf->len, c, count);
    buf->len += count;
    buf->text[buf->len] = '\0';
}

void mig_buf_vprintf(struct mig_buf *buf, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int need = vsnprintf(NULL, 0, fmt, args);
    if (need > 0 && reserve(buf, (size_t)need)) {
        vsnprintf(buf->text + buf->len, (size_t)need + 1, fmt, again);
        buf->len += (size_t)need;
    }
    va_end(again);
}

void mig_buf_printf(struct mig_buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    mig_buf_vprintf(buf, fmt, args);
    va_end(args);
}

void mig_buf_json(struct mig_buf *buf, const char *text)
{
    const char *p = text;
    while (*p) {
        size_t n = mig_utf8_len(p, strlen(p));
        unsigned char c = (unsigned char)*p;
        if (n == 0) {
            mig_buf_str(buf, "\xEF\xBF\xBD");
            p++;
            continue;
        }
        if (c == '"' || c == '\\')
            mig_buf_printf(buf, "\\%c", c);
        else if (c == '\n')
            mig_buf_str(buf, "\\n");
        else if (c == '\t')
            mig_buf_str(buf, "\\t");
        else if (c == '\r')
            mig_buf_str(buf, "\\r");
        else if (c < 0x20 || c == 0x7f)
            mig_buf_printf(buf, "\\u%04x", c);
        else
            mig_buf_add(buf, p, n);
        p += n;
    }
}

char *mig_buf_detach(struct mig_buf *buf)
{
    char *text = buf->text;
    mig_buf_init(buf, buf->max);
    return text;
}
