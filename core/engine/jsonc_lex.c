/* jsonc_lex.c - words of the migration reader: space, strings, numbers, and what is said when one is wrong.
 *
 * The text is known to be UTF-8 here. Lines are not counted while reading, only when there is an error to
 * tell.
 */
#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"
#include "engine/jsonc_private.h"

#define SHOWN_CHARS 40

/* ---- errors ---- */

struct mig_place mig_jsonc_place(const struct jsonc_reader *r, const char *at)
{
    struct mig_place place = { 1, 1 };
    for (const char *p = r->text; p < at; p++) {
        if (*p == '\n')
            place = (struct mig_place){ place.line + 1, 1 };
        else if ((*p & 0xC0) != 0x80)
            place.column++;
    }
    return place;
}

bool mig_jsonc_wrong(struct jsonc_reader *r, const char *at, const char *hint, const char *fmt, ...)
{
    struct mig_place place = mig_jsonc_place(r, at);
    MIG_AUTOFREE char *file = mig_text_safe_dup(r->file, SIZE_MAX);
    MIG_AUTOBUF struct mig_buf what;
    mig_buf_init(&what, MIG_ERROR_MESSAGE_MAX * 2);
    va_list args;
    va_start(args, fmt);
    mig_buf_vprintf(&what, fmt, args);
    va_end(args);
    mig_fail(r->err, MIG_ERR_SYNTAX, "%s:%d:%d: %s", file, place.line, place.column, what.text);
    return hint ? mig_hint(r->err, "%s", hint) : false;
}

static void describe(const struct jsonc_reader *r, struct mig_buf *out)
{
    size_t n;
    if (r->p >= r->end) {
        mig_buf_str(out, "the text ends");
        return;
    }
    uint32_t c = mig_utf8_decode(r->p, (size_t)(r->end - r->p), &n);
    if (mig_char_is_unsafe(c))
        mig_buf_printf(out, "unexpected U+%04X", (unsigned)c);
    else
        mig_buf_printf(out, "unexpected '%.*s'", (int)n, r->p);
}

bool mig_jsonc_unexpected(struct jsonc_reader *r, const char *expected, const char *hint)
{
    MIG_AUTOBUF struct mig_buf what;
    mig_buf_init(&what, 64);
    describe(r, &what);
    return mig_jsonc_wrong(r, r->p, hint, "%s; expected %s", what.text, expected);
}

/* ---- space and comments ---- */

/* A lone carriage return or an escape sequence could hide on a screen what is outside the comment. */
static bool belongs_into_comment(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    if (c == '\r')
        return p + 1 < end && p[1] == '\n';
    return (c >= ' ' && c != 0x7F) || c == '\t' || c == '\n';
}

static bool skip_comment(struct jsonc_reader *r)
{
    const char *open = r->p;
    char kind = open + 1 < r->end ? open[1] : '\0';
    if (kind != '*' && kind != '/')
        return true; /* not a comment; whoever wants a value or a comma refuses it */
    if (r->flags & MIG_JSONC_STRICT)
        return mig_jsonc_wrong(r, open, "remove the comment", "a comment; expected plain JSON");
    for (r->p += 2; r->p < r->end; r->p++) {
        if (kind == '/' && *r->p == '\n')
            return true;
        if (kind == '*' && *r->p == '*' && r->p + 1 < r->end && r->p[1] == '/') {
            r->p += 2;
            return true;
        }
        if (!belongs_into_comment(r->p, r->end))
            return mig_jsonc_wrong(r, r->p, "remove the character",
                                   "control character U+%04X in a comment; expected text", *r->p);
    }
    return kind == '/' ||
           mig_jsonc_wrong(r, open, "close it with */", "the comment is not closed; expected */");
}

bool mig_jsonc_skip_more(struct jsonc_reader *r)
{
    for (;;) {
        while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r'))
            r->p++;
        const char *before = r->p;
        if (!jsonc_is(r, '/'))
            return true;
        if (!skip_comment(r))
            return false;
        if (r->p == before)
            return true;
    }
}

bool mig_jsonc_want(struct jsonc_reader *r, char c)
{
    char expected[] = { '\'', c, '\'', '\0' };
    if (!jsonc_skip(r))
        return false;
    if (!jsonc_is(r, c))
        return mig_jsonc_unexpected(r, expected, NULL);
    r->p++;
    return true;
}

bool mig_jsonc_separator(struct jsonc_reader *r, const char *open, char close, bool *ret_done)
{
    if (!jsonc_skip(r))
        return false;
    const char *comma = jsonc_is(r, ',') ? r->p : NULL;
    if (comma) {
        r->p++;
        if (!jsonc_skip(r))
            return false;
    }
    *ret_done = jsonc_is(r, close);
    if (*ret_done) {
        r->p++;
        return !comma || !(r->flags & MIG_JSONC_STRICT) ||
               mig_jsonc_wrong(r, comma, "remove the comma", "a comma before '%c'; expected plain JSON",
                               close);
    }
    if (comma && r->p < r->end)
        return true;
    if (r->p >= r->end) {
        struct mig_place place = mig_jsonc_place(r, open);
        MIG_AUTOFREE char *hint =
            mig_printf("the '%c' at %d:%d is not closed", *open, place.line, place.column);
        return mig_jsonc_unexpected(r, close == '}' ? "'}'" : "']'", hint);
    }
    return mig_jsonc_unexpected(r, close == '}' ? "',' or '}'" : "',' or ']'",
                                "is a comma missing before it?");
}

/* ---- strings ---- */

static bool hex4(const char *p, const char *end, uint32_t *ret)
{
    uint32_t value = 0;
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)p[i]))
            return false;
        int digit = isdigit((unsigned char)p[i]) ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10;
        value = value << 4 | (uint32_t)digit;
    }
    *ret = value;
    return true;
}

static void put_utf8(struct jsonc_reader *r, uint32_t c)
{
    char bytes[4];
    size_t n = mig_utf8_encode(c, bytes);
    jsonc_put(r, bytes, n);
}

static bool read_unicode_escape(struct jsonc_reader *r, bool is_key)
{
    const char *at = r->p;
    uint32_t c, low;
    if (!hex4(at + 2, r->end, &c))
        return mig_jsonc_wrong(r, at, "for example \\u00e9", "\\u without four hex digits; expected \\uXXXX");
    r->p += 6;
    if (c == 0 && is_key)
        return mig_jsonc_wrong(r, at, "BSON ends a key at its first NUL",
                               "NUL in a key; expected a key without");
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (!(r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u' && hex4(r->p + 2, r->end, &low) &&
              low >= 0xDC00 && low <= 0xDFFF))
            return mig_jsonc_wrong(r, at, "write the character itself, or both halves",
                                   "half of a surrogate pair; expected \\uDC00 to \\uDFFF after it");
        r->p += 6;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    } else if (c >= 0xDC00 && c <= 0xDFFF) {
        return mig_jsonc_wrong(r, at, "write the character itself, or both halves",
                               "half of a surrogate pair; expected \\uD800 to \\uDBFF before it");
    }
    put_utf8(r, c);
    return true;
}

static bool read_escape(struct jsonc_reader *r, bool is_key)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = r->p + 1 < r->end ? r->p[1] : '\0';
    if (c == 'u')
        return read_unicode_escape(r, is_key);
    const char *found = c ? strchr(from, c) : NULL;
    if (!found)
        return mig_jsonc_wrong(r, r->p, "for a backslash write \\\\",
                               "an unknown escape; expected one of \\\" \\\\ \\/ "
                               "\\b \\f \\n \\r \\t \\uXXXX");
    jsonc_put_byte(r, (uint8_t)to[found - from]);
    r->p += 2;
    return true;
}

bool mig_jsonc_string(struct jsonc_reader *r, bool is_key)
{
    const char *open = r->p++;
    for (;;) {
        const char *run = r->p;
        while (r->p < r->end && *r->p != '"' && *r->p != '\\' && (unsigned char)*r->p >= ' ')
            r->p++;
        jsonc_put(r, run, (size_t)(r->p - run));
        if (r->p >= r->end || *r->p == '\n' || *r->p == '\r')
            return mig_jsonc_wrong(r, open, "close it on the same line; a line break inside is written \\n",
                                   "the string is not closed; expected \"");
        if (*r->p == '"')
            break;
        if (*r->p == '\\') {
            if (!read_escape(r, is_key))
                return false;
            continue;
        }
        unsigned char c = (unsigned char)*r->p;
        return mig_jsonc_wrong(r, r->p,
                               c == '\t' ? "write a tab as \\t" : "write it as \\uXXXX, or remove it",
                               "control character U+%04X in a string; expected an escape", c);
    }
    r->p++;
    jsonc_put_byte(r, 0);
    return true;
}

bool mig_jsonc_want_string(struct jsonc_reader *r, const char *who, const char **ret_where, size_t *ret_at)
{
    if (!jsonc_skip(r))
        return false;
    *ret_where = r->p;
    *ret_at = r->len;
    if (!jsonc_is(r, '"'))
        return mig_jsonc_wrong(r, r->p, NULL, "%s is not a string; expected a string in double quotes", who);
    return mig_jsonc_string(r, false);
}

/* ---- numbers ---- */

/* Correctly rounded. Up to 15 digits and 10^22 the operands and so the one operation are exact (Clinger,
 * "How to Read Floating Point Numbers Accurately", 1990, fast path); all else goes to the C library, in
 * the C locale. */
static double to_double(const char *p, const char *end, uint64_t digits, int digit_count, int exponent)
{
    static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    if (digit_count <= 15 && exponent >= -22 && exponent <= 22) {
        double d = (double)digits;
        d = exponent < 0 ? d / powers[-exponent] : d * powers[exponent];
        return *p == '-' ? -d : d;
    }
    MIG_AUTOFREE char *text = mig_strndup(p, (size_t)(end - p));
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double d = strtod_l(text, NULL, c_locale);
    freelocale(c_locale);
    return d;
}

struct scan {
    uint64_t digits; /* the first 19 significant ones */
    int digit_count; /* significant ones, all */
    bool too_big;    /* for uint64 */
    int exponent;
};

static const char *scan_digits(const char *p, const char *end, bool fraction, struct scan *s)
{
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        uint64_t more;
        s->exponent -= fraction;
        if (s->digit_count == 0 && *p == '0')
            continue;
        s->digit_count++;
        if (__builtin_mul_overflow(s->digits, 10u, &more) ||
            __builtin_add_overflow(more, (uint64_t)(*p - '0'), &more))
            s->too_big = true;
        else
            s->digits = more;
    }
    return p;
}

static const char *scan_exponent(const char *p, const char *end, struct scan *s)
{
    bool negative = p < end && *p == '-';
    int value = 0;
    p += p < end && (*p == '-' || *p == '+');
    const char *first = p;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        if (value < 100000)
            value = value * 10 + (*p - '0');
    s->exponent += negative ? -value : value;
    return p > first ? p : NULL;
}

enum jsonc_fault mig_jsonc_number(const char *p, const char *end, struct jsonc_number *ret,
                                  const char **ret_end)
{
    const char *start = p;
    struct scan s = { 0 };
    bool negative = p < end && *p == '-';
    p += negative;
    const char *whole = p;
    p = scan_digits(p, end, false, &s);
    *ret_end = p;
    if (p == whole)
        return JSONC_NUMBER_SHAPE;
    if (*whole == '0' && p - whole > 1)
        return JSONC_NUMBER_ZEROS;
    ret->is_integer = true;
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        ret->is_integer = false;
        p = scan_digits(p, end, true, &s);
        if (p == fraction)
            return JSONC_NUMBER_SHAPE;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        ret->is_integer = false;
        p = scan_exponent(p + 1, end, &s);
        if (!p)
            return JSONC_NUMBER_SHAPE;
    }
    *ret_end = p;
    if (ret->is_integer) {
        if (s.too_big || s.digits > (uint64_t)INT64_MAX + negative)
            return JSONC_NUMBER_INTEGER_RANGE;
        ret->integer = negative ? (int64_t)(0 - s.digits) : (int64_t)s.digits;
        return JSONC_NUMBER_OK;
    }
    ret->real = to_double(start, p, s.digits, s.digit_count, s.exponent);
    bool vanished = s.digit_count > 0 && ret->real == 0;
    return isinf(ret->real) || vanished ? JSONC_NUMBER_REAL_RANGE : JSONC_NUMBER_OK;
}

bool mig_jsonc_wrong_number(struct jsonc_reader *r, const char *at, enum jsonc_fault fault)
{
    switch (fault) {
    case JSONC_NUMBER_ZEROS:
        return mig_jsonc_wrong(r, at, "remove the zeros, or write a string",
                               "a number with leading zeros; expected none");
    case JSONC_NUMBER_INTEGER_RANGE:
        return mig_jsonc_wrong(r, at,
                               "for more digits use {\"$numberDecimal\": \"…\"} or a double such as 1e20",
                               "an integer that 64 bits cannot hold; expected -9223372036854775808 to "
                               "9223372036854775807");
    case JSONC_NUMBER_REAL_RANGE:
        return mig_jsonc_wrong(r, at, "use {\"$numberDecimal\": \"…\"}",
                               "a number that a double cannot hold; expected about 5e-324 to 1.8e308");
    default:
        return mig_jsonc_wrong(r, at, "JSON numbers look like 10, -0.5 or 1e-9",
                               "a malformed number; expected digits before and after '.' and after 'e'");
    }
}

/* ---- words ---- */

static size_t word_len(const char *p, const char *end)
{
    const char *start = p;
    while (p < end && (isalnum((unsigned char)*p) || *p == '_' || *p == '$' || (*p & 0x80)))
        p++;
    return (size_t)(p - start);
}

bool mig_jsonc_wrong_word(struct jsonc_reader *r)
{
    static const struct {
        const char *word;
        const char *instead;
    } known[] = {
        { "NaN", "{\"$numberDouble\": \"NaN\"}" },
        { "Infinity", "{\"$numberDouble\": \"Infinity\"}" },
        { "-Infinity", "{\"$numberDouble\": \"-Infinity\"}" },
        { "ObjectId", "{\"$oid\": \"24 hex digits\"}" },
        { "ISODate", "{\"$date\": \"2026-11-21T07:01:14Z\"}" },
        { "Date", "{\"$date\": \"2026-11-21T07:01:14Z\"}" },
        { "NumberInt", "the bare number" },
        { "Int32", "the bare number" },
        { "NumberLong", "{\"$numberLong\": \"1\"}" },
        { "Long", "{\"$numberLong\": \"1\"}" },
        { "NumberDecimal", "{\"$numberDecimal\": \"1.5\"}" },
        { "Decimal128", "{\"$numberDecimal\": \"1.5\"}" },
        { "UUID", "{\"$uuid\": \"00000000-0000-4000-8000-000000000000\"}" },
        { "BinData", "{\"$binary\": {\"base64\": \"\", \"subType\": \"00\"}}" },
        { "Timestamp", "{\"$timestamp\": {\"t\": 1, \"i\": 1}}" },
        { "RegExp", "{\"$regularExpression\": {\"pattern\": \"\", \"options\": \"\"}}" },
        { "MinKey", "{\"$minKey\": 1}" },
        { "MaxKey", "{\"$maxKey\": 1}" },
        { "undefined", "null" },
        { "None", "null" },
        { "NULL", "null" },
        { "True", "true" },
        { "False", "false" },
    };
    bool minus = jsonc_is(r, '-');
    size_t len = minus + word_len(r->p + minus, r->end);
    for (size_t i = 0; i < MIG_COUNT(known); i++)
        if (strlen(known[i].word) == len && memcmp(r->p, known[i].word, len) == 0)
            return mig_jsonc_wrong(r, r->p, NULL, "%s is not JSON; expected %s", known[i].word,
                                   known[i].instead);
    if (minus)
        return mig_jsonc_wrong_number(r, r->p, JSONC_NUMBER_SHAPE);
    if (jsonc_is(r, '\''))
        return mig_jsonc_wrong(r, r->p, NULL, "a single quote; expected a double quote");
    if (jsonc_is(r, '+'))
        return mig_jsonc_wrong(r, r->p, "remove the sign", "a number with a plus sign; expected none");
    if (jsonc_is(r, '.'))
        return mig_jsonc_wrong(r, r->p, "write 0.5",
                               "a number that begins with '.'; expected a digit before it");
    if (len == 0)
        return mig_jsonc_unexpected(r, "a value", NULL);
    MIG_AUTOFREE char *word = mig_strndup(r->p, len);
    MIG_AUTOFREE char *shown = mig_text_safe_dup(word, SHOWN_CHARS);
    return mig_jsonc_wrong(r, r->p, "a string stands in double quotes", "the bare word %s; expected a value",
                           shown);
}
