/* sgr.c - attributes held back until a character is drawn with them. */
#include "tui/sgr.h"

#include <string.h>

#define ESC         '\033'
#define SHIFT_IN    '\017'
#define SHIFT_OUT   '\016'
#define ATTRIBUTES  0x3FEU /* a bit for each of the codes 1 to 9 */
#define FOREGROUND  12     /* 0: the terminal's own, else the colour's code - 29 */
#define BACKGROUND  16
#define COLOUR_MASK 15U
#define REPEATS_MAX 2000

void tui_sgr_forget(struct tui_sgr *sgr)
{
    *sgr = (struct tui_sgr){ .wanted = sgr->wanted, .strict = sgr->strict };
}

/* ---- what a sequence asks for ---- */

static unsigned with_colour(unsigned state, unsigned at, unsigned colour)
{
    return (state & ~(COLOUR_MASK << at)) | colour << at;
}

static bool apply(unsigned code, unsigned *state)
{
    static const unsigned ended_by[] = { [2] = 1U << 1 | 1U << 2, [3] = 1U << 3, [4] = 1U << 4, [5] = 1U << 5,
                                         [7] = 1U << 7,           [8] = 1U << 8, [9] = 1U << 9 };
    if (code == 0)
        *state = 0;
    else if (code == 10) /* the first font, which nothing of ours leaves */
        return true;
    else if (code <= 9)
        *state |= 1U << code;
    else if (code >= 22 && code <= 29 && code != 26)
        *state &= ~ended_by[code - 20];
    else if ((code >= 30 && code <= 37) || code == 39)
        *state = with_colour(*state, FOREGROUND, code == 39 ? 0 : code - 29);
    else if ((code >= 40 && code <= 47) || code == 49)
        *state = with_colour(*state, BACKGROUND, code == 49 ? 0 : code - 39);
    else
        return false;
    return true;
}

/* The parameters of one sequence; false: not all of them are known. */
static bool apply_all(const char *at, const char *end, unsigned *state)
{
    unsigned next = *state;
    unsigned code = 0;
    for (; at <= end; at++) {
        if (at < end && *at >= '0' && *at <= '9' && code < 1000) {
            code = code * 10 + (unsigned)(*at - '0');
        } else if (at == end || *at == ';') {
            if (!apply(code, &next))
                return false;
            code = 0;
        } else {
            return false;
        }
    }
    *state = next;
    return true;
}

/* ---- what is said ---- */

static void add_code(struct mig_buf *out, bool *first, unsigned code)
{
    mig_buf_printf(out, *first ? "\033[%u" : ";%u", code);
    *first = false;
}

static void add_colour(struct mig_buf *out, bool *first, unsigned before, unsigned after, unsigned at)
{
    unsigned colour = after >> at & COLOUR_MASK;
    if (colour != (before >> at & COLOUR_MASK) && colour)
        add_code(out, first, colour + (at == FOREGROUND ? 29 : 39));
}

static bool ends_colour(unsigned before, unsigned after, unsigned at)
{
    return before >> at & COLOUR_MASK && !(after >> at & COLOUR_MASK);
}

/* Switching off one of several is not the same everywhere: then all is switched off, and on again. */
static void say(struct tui_sgr *sgr, struct mig_buf *out)
{
    unsigned before = sgr->has;
    unsigned after = sgr->wanted;
    bool first = true;
    if (sgr->blind || (sgr->known && before == after))
        return;
    bool ends = !sgr->known || (before & ~after & ATTRIBUTES) || ends_colour(before, after, FOREGROUND) ||
                ends_colour(before, after, BACKGROUND);
    if (ends && after != 0)
        add_code(out, &first, 0);
    before = ends ? 0 : before;
    for (unsigned code = 1; code <= 9; code++) {
        if (after & ~before & 1U << code)
            add_code(out, &first, code);
    }
    add_colour(out, &first, before, after, FOREGROUND);
    add_colour(out, &first, before, after, BACKGROUND);
    mig_buf_str(out, first ? "\033[m" : "m");
    sgr->has = after;
    sgr->known = true;
}

/* ---- sequences ---- */

/* Bytes of the control sequence at the start, "\033[" to its last byte; 0: it is none, or cut. */
static size_t control_sequence(const char *bytes, size_t len)
{
    if (len < 3 || bytes[0] != ESC || bytes[1] != '[')
        return 0;
    for (size_t i = 2; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= 0x40 && c <= 0x7E)
            return i + 1;
        if (c < 0x20 || c > 0x3F)
            return 0;
    }
    return 0;
}

/* Nothing that is drawn or cleared: attributes may wait. */
static bool only_moves(char last)
{
    return strchr("ABCDGHd", last) != NULL;
}

/* Others may say colours in a way of their own, as cons25 does. */
static bool leaves_attributes(char last)
{
    return only_moves(last) || strchr("@EFIJKLMPSTXZ`bfghlrt", last) != NULL;
}

/* With a code that is not known among them, what is wanted is no longer known either, until all is switched off. */
static void take_attributes(struct tui_sgr *sgr, const char *bytes, size_t len, struct mig_buf *out)
{
    bool resets = len == 3 || (bytes[2] == '0' && (len == 4 || bytes[3] == ';'));
    unsigned wanted = sgr->wanted;
    bool ok = apply_all(bytes + 2, bytes + len - 1, &wanted);
    if (ok && (resets || !sgr->blind)) {
        sgr->wanted = wanted;
        sgr->known = sgr->known && !sgr->blind;
        sgr->blind = false;
        return;
    }
    say(sgr, out);
    mig_buf_add(out, bytes, len);
    sgr->blind = true;
}

/* The last character so often again. Some that call themselves xterm do not know the sequence, or (libvterm, and so the terminal in
 * Neovim and in Emacs) lose what follows at the end of a row. */
static bool repeat(const struct tui_sgr *sgr, const char *digits, size_t len, struct mig_buf *out)
{
    size_t times = 0;
    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9' || times > REPEATS_MAX)
            return false;
        times = times * 10 + (size_t)(digits[i] - '0');
    }
    bool known = sgr->last >= 0x20 && sgr->last < 0x7F && times <= REPEATS_MAX;
    if (known)
        mig_buf_fill(out, sgr->last, times ? times : 1);
    return known;
}

static void take_control(struct tui_sgr *sgr, const char *bytes, size_t len, struct mig_buf *out)
{
    char last = bytes[len - 1];
    bool is_private = bytes[2] >= '<' && bytes[2] <= '?';
    if (!is_private && last == 'm') {
        take_attributes(sgr, bytes, len, out);
        return;
    }
    if (!is_private && (sgr->strict || !only_moves(last)))
        say(sgr, out);
    if (!is_private && last == 'b' && repeat(sgr, bytes + 2, len - 3, out))
        return;
    mig_buf_add(out, bytes, len);
    sgr->known = sgr->known && !is_private; /* some bring back what was kept */
    sgr->blind = sgr->blind || (!is_private && !leaves_attributes(last));
}

/* Bytes of another escape sequence, at least one. */
static size_t escape_sequence(const char *bytes, size_t len)
{
    size_t i = 1;
    while (i < len && bytes[i] >= 0x20 && bytes[i] <= 0x2F)
        i++;
    return i < len ? i + 1 : i;
}

/* The plain character set: said once, as nothing of ours ever leaves it. */
static size_t plain_set(const char *bytes, size_t len)
{
    if (bytes[0] == SHIFT_IN)
        return 1;
    return len >= 3 && memcmp(bytes, "\033(B", 3) == 0 ? 3 : 0;
}

void tui_sgr_squeeze(struct tui_sgr *sgr, const char *bytes, size_t len, struct mig_buf *out)
{
    for (size_t i = 0, used; i < len; i += used) {
        const char *at = bytes + i;
        size_t left = len - i;
        size_t end = 1;
        if ((used = plain_set(at, left)) > 0) {
            if (!sgr->ascii)
                mig_buf_add(out, at, used);
            sgr->ascii = true;
        } else if ((used = control_sequence(at, left)) > 0) {
            take_control(sgr, at, used, out);
        } else if (*at == '\b' || *at == '\r') {
            used = 1;
            if (sgr->strict)
                say(sgr, out);
            mig_buf_char(out, *at);
        } else if ((unsigned char)*at >= 0x20) {
            while (end < left && (unsigned char)at[end] >= 0x20)
                end++;
            used = end;
            say(sgr, out);
            mig_buf_add(out, at, used);
            sgr->last = at[used - 1];
        } else { /* what another sequence does to attributes or character sets is not known */
            bool plain = *at != ESC && *at != SHIFT_OUT;
            used = *at == ESC ? escape_sequence(at, left) : 1;
            say(sgr, out);
            mig_buf_add(out, at, used);
            sgr->known = sgr->known && plain;
            sgr->ascii = sgr->ascii && plain;
        }
    }
    say(sgr, out);
}
