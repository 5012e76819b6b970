/* out_json.c - a writer of its own: libbson's cannot indent, and lets bidi controls through. */
#include "cli/out_json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/doc.h"
#include "base/text.h"
#include "base/timefmt.h"

#define DEPTH_MAX 110

struct writer {
    struct mig_buf *out;
    bool pretty;
    int depth;
};

static void write_string(struct mig_buf *out, const char *text, size_t len)
{
    mig_buf_char(out, '"');
    for (size_t at = 0, n; at < len; at += n) {
        uint32_t c = mig_utf8_decode(text + at, len - at, &n);
        if (c == '"' || c == '\\')
            mig_buf_printf(out, "\\%c", (char)c);
        else if (c == '\n')
            mig_buf_str(out, "\\n");
        else if (c == '\t')
            mig_buf_str(out, "\\t");
        else if (c > 0xffff && mig_char_is_unsafe(c))
            mig_buf_printf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + ((c - 0x10000) >> 10),
                           0xdc00 + ((c - 0x10000) & 0x3ff));
        else if (mig_char_is_unsafe(c))
            mig_buf_printf(out, "\\u%04" PRIx32, c);
        else if (mig_utf8_len(text + at, len - at) == 0)
            mig_buf_str(out, "\xEF\xBF\xBD");
        else
            mig_buf_add(out, text + at, n);
    }
    mig_buf_char(out, '"');
}

static void line_break(struct writer *writer)
{
    if (writer->pretty) {
        mig_buf_char(writer->out, '\n');
        mig_buf_fill(writer->out, ' ', 2 * (size_t)writer->depth);
    }
}

/* A type JSON has no word for, as {"$…": …}: libbson's own text of a document that holds only it. */
static void write_extended(struct mig_buf *out, const bson_iter_t *iter)
{
    bson_t alone = BSON_INITIALIZER;
    bson_append_value(&alone, "v", 1, bson_iter_value((bson_iter_t *)(uintptr_t)iter));
    char *text = bson_as_relaxed_extended_json(&alone, NULL);
    const char *colon = text ? strchr(text, ':') : NULL;
    const char *end = text ? strrchr(text, '}') : NULL;
    if (colon && end && colon + 2 < end) {
        size_t len = (size_t)(end - colon - 2);
        while (len > 0 && colon[1 + len] == ' ')
            len--;
        mig_buf_add(out, colon + 2, len);
    } else {
        mig_buf_str(out, "null");
    }
    bson_free(text);
    bson_destroy(&alone);
}

static void write_double(struct mig_buf *out, double value, const bson_iter_t *iter)
{
    if (!isfinite(value))
        write_extended(out, iter);
    else if (value == (double)(int64_t)value && fabs(value) < 9007199254740992.0)
        mig_buf_printf(out, "%" PRId64 ".0", (int64_t)value);
    else
        mig_buf_printf(out, "%.17g", value);
}

static void write_members(struct writer *writer, const bson_t *doc, bool array);

static void write_value(struct writer *writer, const bson_iter_t *iter)
{
    struct mig_buf *out = writer->out;
    bson_t sub;
    char time[MIG_TIME_SIZE];
    uint32_t len;
    switch (bson_iter_type(iter)) {
    case BSON_TYPE_UTF8: {
        const char *text = bson_iter_utf8(iter, &len);
        write_string(out, text, len);
        break;
    }
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64: mig_buf_printf(out, "%" PRId64, bson_iter_as_int64(iter)); break;
    case BSON_TYPE_DOUBLE: write_double(out, bson_iter_double(iter), iter); break;
    case BSON_TYPE_BOOL: mig_buf_str(out, bson_iter_bool(iter) ? "true" : "false"); break;
    case BSON_TYPE_NULL: mig_buf_str(out, "null"); break;
    case BSON_TYPE_DATE_TIME:
        mig_time_iso(bson_iter_date_time(iter), time);
        write_string(out, time, strlen(time));
        break;
    case BSON_TYPE_DOCUMENT:
    case BSON_TYPE_ARRAY:
        if (writer->depth < DEPTH_MAX && mig_iter_sub(iter, &sub))
            write_members(writer, &sub, bson_iter_type(iter) == BSON_TYPE_ARRAY);
        else
            mig_buf_str(out, "null");
        break;
    default: write_extended(out, iter); break;
    }
}

static void write_members(struct writer *writer, const bson_t *doc, bool array)
{
    struct mig_buf *out = writer->out;
    bson_iter_t iter;
    bool first = true;
    mig_buf_char(out, array ? '[' : '{');
    writer->depth++;
    for (bool more = bson_iter_init(&iter, doc) && bson_iter_next(&iter); more;
         more = bson_iter_next(&iter)) {
        mig_buf_str(out, first ? "" : writer->pretty ? "," : ", ");
        first = false;
        line_break(writer);
        if (!array) {
            write_string(out, bson_iter_key(&iter), bson_iter_key_len(&iter));
            mig_buf_str(out, ": ");
        }
        write_value(writer, &iter);
    }
    writer->depth--;
    if (!first)
        line_break(writer);
    mig_buf_char(out, array ? ']' : '}');
}

void cli_json_line(const bson_t *doc, struct mig_buf *out)
{
    struct writer writer = { .out = out };
    write_members(&writer, doc, false);
}

void cli_json_pretty(const bson_t *doc, struct mig_buf *out)
{
    struct writer writer = { .out = out, .pretty = true };
    write_members(&writer, doc, false);
    mig_buf_char(out, '\n');
}

void cli_json_error(bson_t *to, const char *key, const struct mig_error *err)
{
    bson_t error;
    bson_append_document_begin(to, key, -1, &error);
    BSON_APPEND_INT32(&error, "code", err->server_code);
    BSON_APPEND_UTF8(&error, "name", mig_error_name(err->code));
    BSON_APPEND_UTF8(&error, "message", err->message);
    BSON_APPEND_UTF8(&error, "hint", err->hint);
    BSON_APPEND_INT32(&error, "exit", mig_error_exit(err->code));
    bson_append_document_end(to, &error);
}
