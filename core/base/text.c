/* text.c - what came from outside is decoded once, strictly, and shown only in a harmless form. */
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"

/* ---- UTF-8 (RFC 3629 §4) ---- */

static bool is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t mig_utf8_len(const char *p, size_t len)
{
    const unsigned char *s = (const unsigned char *)p;
    if (len == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    size_t n = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (len < n)
        return 0;
    /* Overlong forms, surrogates and what is beyond U+10FFFF show in the second byte. */
    unsigned char low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (!is_tail(s[i]))
            return 0;
    return n;
}

uint32_t mig_utf8_decode(const char *p, size_t len, size_t *ret_len)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t n = mig_utf8_len(p, len);
    *ret_len = n ? n : 1;
    switch (n) {
    case 1: return s[0];
    case 2: return (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3F);
    case 3: return (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3F);
    case 4:
        return (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3F) << 12 | (uint32_t)(s[2] & 0x3F) << 6 |
               (s[3] & 0x3F);
    default: return 0xFFFD;
    }
}

size_t mig_utf8_encode(uint32_t c, char ret[static 4])
{
    static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        ret[i] = (char)(0x80 | (c & 0x3F));
    ret[0] = (char)(lead[n] | c);
    return n;
}

size_t mig_utf8_check(const char *p, size_t len)
{
    const uint64_t high_bits = UINT64_C(0x8080808080808080);
    size_t at = 0;
    while (at < len) {
        uint64_t eight;
        if (len - at >= sizeof eight) {
            memcpy(&eight, p + at, sizeof eight);
            if (!(eight & high_bits)) {
                at += sizeof eight;
                continue;
            }
        }
        size_t n = mig_utf8_len(p + at, len - at);
        if (n == 0)
            return at;
        at += n;
    }
    return at;
}

void mig_utf8_trim(char *text)
{
    size_t len = strlen(text);
    size_t start = len;
    /* The last character starts at most four bytes back. */
    while (start > 0 && len - start < 4 && is_tail((unsigned char)text[start - 1]))
        start--;
    if (start == 0 || (unsigned char)text[start - 1] < 0xC0)
        return;
    start--;
    if (mig_utf8_len(text + start, len - start) == 0)
        text[start] = '\0';
}

/* ---- display ---- */

bool mig_char_is_unsafe(uint32_t c)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        { 0x00, 0x1F },     { 0x7F, 0x9F },     { 0xAD, 0xAD },     { 0x034F, 0x034F }, { 0x061C, 0x061C },
        { 0x115F, 0x1160 }, { 0x180E, 0x180E }, { 0x200B, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F },
        { 0x3164, 0x3164 }, { 0xFEFF, 0xFEFF }, { 0xFFA0, 0xFFA0 }, { 0xFFF9, 0xFFFB }, { 0xE0000, 0xE0FFF },
    };
    if (c >= 0x20 && c < 0x7F)
        return false;
    for (size_t i = 0; i < MIG_COUNT(ranges); i++)
        if (c <= ranges[i].last)
            return c >= ranges[i].first;
    return c > 0x10FFFF;
}

/* How the character at p is shown: copied, or spelled into spelled[]. Returns the bytes read. */
static size_t show(const char *p, size_t len, bool keep_lines, struct mig_buf *spelled)
{
    size_t n;
    uint32_t c = mig_utf8_decode(p, len, &n);
    bool malformed = mig_utf8_len(p, len) == 0;

    mig_buf_reset(spelled);
    if (c == '\r' && len > 1 && p[1] == '\n') {
        c = '\n';
        n = 2;
    }
    if (c == '\n' || c == '\t')
        mig_buf_char(spelled, c == '\n' && keep_lines ? '\n' : ' ');
    else if (malformed || c < 0x20 || c == 0x7F)
        mig_buf_printf(spelled, "\\x%02x", (unsigned char)*p);
    else if (mig_char_is_unsafe(c))
        mig_buf_printf(spelled, "\\u{%04x}", (unsigned)c);
    else
        mig_buf_add(spelled, p, n);
    return n;
}

static size_t count_chars(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += !is_tail((unsigned char)*text);
    return count;
}

void mig_text_safe(struct mig_buf *out, const char *text, size_t len, size_t max_chars, bool keep_lines)
{
    MIG_AUTOBUF struct mig_buf spelled;
    mig_buf_init(&spelled, 16);
    size_t written = 0;
    for (size_t at = 0; at < len;) {
        size_t plain = at;
        while (plain < len && text[plain] >= 0x20 && text[plain] < 0x7F && written + (plain - at) < max_chars)
            plain++;
        mig_buf_add(out, text + at, plain - at);
        written += plain - at;
        at = plain;
        if (at == len)
            break;
        size_t n = show(text + at, len - at, keep_lines, &spelled);
        size_t chars = count_chars(spelled.text);
        if (chars > max_chars - written) {
            mig_buf_str(out, "…");
            return;
        }
        mig_buf_add(out, spelled.text, spelled.len);
        written += chars;
        at += n;
    }
}

char *mig_text_safe_dup(const char *text, size_t max_chars)
{
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, SIZE_MAX / 4);
    mig_text_safe(&out, text, strlen(text), max_chars, false);
    return mig_buf_detach(&out);
}

/* ---- nearest name ---- */

#define WORD_MAX 64

/* Optimal string alignment: edits, plus swaps of neighbours (Damerau 1964), three rows at a time. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            size_t best = last[j - 1] + (x != y);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]) && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b_len];
}

const char *mig_text_nearest(const char *word, const char *const *names)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    size_t word_len = strlen(word);
    if (word_len > WORD_MAX)
        return NULL;
    for (; *names; names++) {
        size_t len = strlen(*names);
        size_t longer = len > word_len ? len : word_len;
        if (longer > WORD_MAX)
            continue;
        size_t far = distance(word, word_len, *names, len);
        if (far * 3 <= longer && far < least) {
            nearest = *names;
            least = far;
        }
    }
    return nearest;
}

/* ---- connection strings ---- */

#define HIDDEN "***"

/* One `name`, `name:port`, `[v6]`, `[v6]:port` or `%2Fpath%2Fof.sock`. A password mistaken for a port is
 * rarely a number up to 65535. */
static bool is_host(const char *p, size_t len)
{
    size_t at = 0;
    if (len && p[0] == '[') {
        size_t digits = strspn(p + 1, "0123456789abcdefABCDEF:.");
        at = digits + 2;
        if (digits == 0 || at > len || p[at - 1] != ']')
            return false;
    } else {
        bool is_socket = len > 3 && strncasecmp(p, "%2f", 3) == 0;
        while (at < len &&
               (isalnum((unsigned char)p[at]) || strchr("._-", p[at]) || (is_socket && p[at] == '%')))
            at++;
        if (at == 0)
            return false;
    }
    if (at == len)
        return true;
    if (p[at] != ':' || len - at - 1 > 5)
        return false;
    unsigned port = 0;
    for (at++; at < len; at++) {
        if (!isdigit((unsigned char)p[at]))
            return false;
        port = port * 10 + (unsigned)(p[at] - '0');
    }
    return port > 0 && port <= 65535;
}

static bool are_hosts(const char *p, size_t len)
{
    for (size_t at = 0; at <= len;) {
        const char *comma = memchr(p + at, ',', len - at);
        size_t one = comma ? (size_t)(comma - p) - at : len - at;
        if (!is_host(p + at, one))
            return false;
        at += one + 1;
    }
    return true;
}

/* What is shown must prove to be harmless; nothing is taken away from a string to make it so. Passwords
 * often hold a raw '@', '/' or '?', so only what follows the last '@' can be a host, and an '@' behind
 * the first '?' means that nobody can tell a password from an option: then no host is shown at all. */
char *mig_text_redact_uri(const char *uri)
{
    static const char *const schemes[] = { "mongodb://", "mongodb+srv://", "https://", "http://" };
    const char *scheme = NULL;
    uri += strspn(uri, " \t\r\n");
    for (size_t i = 0; i < MIG_COUNT(schemes); i++)
        if (strncmp(uri, schemes[i], strlen(schemes[i])) == 0)
            scheme = schemes[i];
    if (!scheme)
        return mig_strdup(HIDDEN);

    const char *rest = uri + strlen(scheme);
    const char *at = strrchr(rest, '@');
    if (at && memchr(rest, '?', (size_t)(at - rest)))
        return mig_printf("%s" HIDDEN, scheme);
    if (at)
        rest = at + 1;
    size_t hosts = strcspn(rest, "/?");
    if (!are_hosts(rest, hosts))
        return mig_printf("%s" HIDDEN, scheme);

    size_t database = 0;
    if (rest[hosts] == '/' && scheme[0] == 'm')
        while (isalnum((unsigned char)rest[hosts + 1 + database]) || rest[hosts + 1 + database] == '_' ||
               rest[hosts + 1 + database] == '-')
            database++;
    char after = database ? rest[hosts + 1 + database] : 'x';
    if (after != '\0' && after != '?')
        database = 0;
    return mig_printf("%s%.*s%s%.*s", scheme, (int)hosts, rest, database ? "/" : "", (int)database,
                      rest + hosts + (database ? 1 : 0));
}

/* ---- numbers ---- */

void mig_text_number(struct mig_buf *out, int64_t number)
{
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    char text[32];
    size_t at = sizeof text;
    text[--at] = '\0';
    for (int digits = 0; rest || digits == 0; digits++, rest /= 10) {
        if (digits && digits % 3 == 0)
            text[--at] = ',';
        text[--at] = (char)('0' + rest % 10);
    }
    if (number < 0)
        text[--at] = '-';
    mig_buf_str(out, text + at);
}

void mig_text_count(struct mig_buf *out, int64_t count, const char *noun)
{
    mig_text_number(out, count);
    mig_buf_printf(out, " %s%s", noun, count == 1 ? "" : "s");
}

bool mig_text_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    bool negative = *text == '-';
    const char *p = text + negative;
    int64_t value = 0;
    if (*p == '\0')
        return false;
    for (; *p; p++) {
        if (*p < '0' || *p > '9')
            return false;
        int digit = *p - '0';
        /* Counting downward reaches INT64_MIN, counting upward would not. */
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!negative) {
        if (value == INT64_MIN)
            return false;
        value = -value;
    }
    if (value < min || value > max)
        return false;
    *ret = value;
    return true;
}

bool mig_text_duration(const char *text, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }
    };
    size_t digits = strspn(text, "0123456789");
    MIG_AUTOFREE char *number = mig_strndup(text, digits);
    int64_t value;
    if (!mig_text_int(number, 0, INT64_MAX, &value))
        return false;
    for (size_t i = 0; i < MIG_COUNT(units); i++)
        if (strcmp(text + digits, units[i].unit) == 0)
            return !__builtin_mul_overflow(value, units[i].ms, ret_ms);
    return false;
}

int mig_version_compare(const char *a, const char *b)
{
    size_t a_digits = strspn(a, "0123456789"), b_digits = strspn(b, "0123456789");
    bool a_number = a_digits > 0 && a[a_digits] == '\0', b_number = b_digits > 0 && b[b_digits] == '\0';
    if (a_number != b_number)
        return a_number ? -1 : 1;
    if (a_number) {
        a += strspn(a, "0");
        b += strspn(b, "0");
        size_t a_len = strlen(a), b_len = strlen(b);
        if (a_len != b_len)
            return a_len < b_len ? -1 : 1;
    }
    return strcmp(a, b);
}

void mig_text_size(struct mig_buf *out, int64_t bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1000) {
        value /= 1000;
        unit++;
    }
    if (unit == 0 || value >= 100)
        mig_buf_printf(out, "%.0f %s", value, units[unit]);
    else
        mig_buf_printf(out, "%.1f %s", value, units[unit]);
}
