/* decode.c - control sequences into keys. */
#include "tui/decode.h"

#include <string.h>

#include "base/rows.h"
#include "base/text.h"

#define ESCAPE_MS   25
#define PASTE_BEGIN "\033[200~"
#define PASTE_END   "\033[201~"
#define MARK_LEN    (sizeof PASTE_END - 1)
#define PASTE_MS    5000 /* a paste whose end never comes must not swallow keys for ever */
#define QUIET_MS    50   /* a paste is over when nothing has followed its end mark for so long */
#define LONGEST     64   /* bytes of a control sequence */

/* What the bytes at the beginning are; bytes 0: not whole yet. */
struct piece {
    size_t bytes;
    uint32_t key; /* TUI_KEY_NONE: nothing to tell */
    bool paste;   /* a paste begins behind it */
};

void tui_decode_init(struct tui_decoder *decoder, bool utf8)
{
    *decoder = (struct tui_decoder){ .utf8 = utf8 };
    mig_buf_init(&decoder->paste, TUI_PASTE_MAX);
}

void tui_decode_done(struct tui_decoder *decoder)
{
    mig_buf_done(&decoder->paste);
}

void tui_decode_reset(struct tui_decoder *decoder)
{
    struct tui_event dropped;
    while (tui_decode_next(decoder, &dropped))
        ;
}

char *tui_decode_room(struct tui_decoder *decoder, size_t *ret_len)
{
    memmove(decoder->bytes, decoder->bytes + decoder->at, decoder->len - decoder->at);
    decoder->len -= decoder->at;
    decoder->at = 0;
    *ret_len = sizeof decoder->bytes - decoder->len;
    return decoder->bytes + decoder->len;
}

void tui_decode_feed(struct tui_decoder *decoder, size_t len)
{
    decoder->len += len;
    decoder->batch++;
    decoder->waiting = decoder->expired = false;
}

void tui_decode_expire(struct tui_decoder *decoder)
{
    decoder->expired = decoder->waiting;
}

int tui_decode_wait_ms(const struct tui_decoder *decoder)
{
    if (decoder->pasting)
        return decoder->ended ? QUIET_MS : PASTE_MS;
    if (!decoder->waiting)
        return -1;
    return decoder->escape_ms > 0 ? decoder->escape_ms : ESCAPE_MS;
}

/* ---- control sequences ---- */

struct sequence {
    int numbers[4];
    size_t count;
    char prefix; /* '<', '?', …; 0: none */
    char final;
};

static uint32_t modified(uint32_t key, int modifiers)
{
    int bits = modifiers > 0 ? modifiers - 1 : 0; /* as xterm counts: 1 + shift + 2 alt + 4 control */
    return key == TUI_KEY_UNKNOWN ? key : key | (bits & 2 ? TUI_KEY_ALT : 0) | (bits & 4 ? TUI_KEY_CTRL : 0);
}

/* The letter that ends a cursor or function key, after CSI and after SS3. */
static uint32_t lettered(char final)
{
    switch (final) {
    case 'A': return TUI_KEY_UP;
    case 'B': return TUI_KEY_DOWN;
    case 'C': return TUI_KEY_RIGHT;
    case 'D': return TUI_KEY_LEFT;
    case 'H': return TUI_KEY_HOME;
    case 'F': return TUI_KEY_END;
    case 'P': return TUI_KEY_F1;
    case 'Q': return TUI_KEY_F1 + 1;
    case 'R': return TUI_KEY_F1 + 2;
    case 'S': return TUI_KEY_F1 + 3;
    case 'M': return TUI_KEY_ENTER; /* of the keypad, after SS3 */
    case 'Z': return TUI_KEY_BACKTAB;
    default: return TUI_KEY_UNKNOWN;
    }
}

/* CSI number ~ */
static uint32_t numbered(int number)
{
    static const uint32_t keys[] = {
        [1] = TUI_KEY_HOME,    [2] = TUI_KEY_INSERT,  [3] = TUI_KEY_DELETE,   [4] = TUI_KEY_END,
        [5] = TUI_KEY_PGUP,    [6] = TUI_KEY_PGDN,    [7] = TUI_KEY_HOME,     [8] = TUI_KEY_END,
        [11] = TUI_KEY_F1,     [12] = TUI_KEY_F1 + 1, [13] = TUI_KEY_F1 + 2,  [14] = TUI_KEY_F1 + 3,
        [15] = TUI_KEY_F1 + 4, [17] = TUI_KEY_F1 + 5, [18] = TUI_KEY_F1 + 6,  [19] = TUI_KEY_F1 + 7,
        [20] = TUI_KEY_F1 + 8, [21] = TUI_KEY_F1 + 9, [23] = TUI_KEY_F1 + 10, [24] = TUI_KEY_F1 + 11,
    };
    bool known = number > 0 && (size_t)number < MIG_COUNT(keys) && keys[number] != 0;
    return known ? keys[number] : TUI_KEY_UNKNOWN;
}

static uint32_t control(unsigned char c)
{
    switch (c) {
    case '\r':
    case '\n': return TUI_KEY_ENTER;
    case '\t': return TUI_KEY_TAB;
    case 0x08:
    case 0x7F: return TUI_KEY_BACKSPACE;
    case 0x1B: return TUI_KEY_ESC;
    case 0: return TUI_KEY_CTRL | ' ';
    default: return TUI_KEY_CTRL | (uint32_t)(c <= 26 ? 'a' + c - 1 : c + '@');
    }
}

/* CSI code ; modifiers u */
static uint32_t coded(int code, int modifiers)
{
    uint32_t key = (uint32_t)code;
    if (code < 0x20 || code == 0x7F)
        key = control((unsigned char)code);
    else if (!tui_key_is_text(key))
        key = TUI_KEY_UNKNOWN;
    return modified(key, modifiers);
}

static struct piece meaning(const struct sequence *seq, size_t bytes)
{
    struct piece piece = { .bytes = bytes, .key = TUI_KEY_UNKNOWN };
    int first = seq->numbers[0], second = seq->numbers[1];
    if (seq->prefix == '<' &&
        (seq->final == 'M' || seq->final == 'm')) { /* the mouse: only the wheel means something */
        bool wheel = seq->final == 'M' && (first & 0x40) && !(first & 2);
        piece.key = !wheel ? TUI_KEY_NONE : first & 1 ? TUI_KEY_DOWN : TUI_KEY_UP;
    } else if (seq->prefix) {
        piece.key = TUI_KEY_UNKNOWN;
    } else if (seq->final == '~' && (first == 200 || first == 201)) {
        piece.paste = first == 200;
        piece.key = TUI_KEY_NONE;
    } else if (seq->final == '~' && first == 27) { /* xterm's modifyOtherKeys */
        piece.key = coded(seq->numbers[2], second);
    } else if (seq->final == '~') {
        piece.key = modified(numbered(first), second);
    } else if (seq->final == 'u') {
        piece.key = coded(first, second);
    } else if (seq->final != 'M') {
        piece.key = modified(lettered(seq->final), second);
    }
    return piece;
}

/* One more character of a sequence; false: it can't be of one. */
static bool add_to_sequence(struct sequence *seq, char c, bool first)
{
    if (c >= '0' && c <= '9' && seq->count < MIG_COUNT(seq->numbers)) {
        int *number = &seq->numbers[seq->count];
        *number = *number < 100000000 ? *number * 10 + (c - '0') : *number;
    } else if (c == ';') {
        seq->count++;
    } else if (c >= 0x3C && c <= 0x3F && first) {
        seq->prefix = c;
    } else if (c >= 0x40 && c <= 0x7E) {
        seq->final = c;
    }
    return c >= 0x20 && c <= 0x7E;
}

/* ESC [ … */
static struct piece read_csi(const char *p, size_t len)
{
    struct sequence seq = { 0 };
    if (len > 2 && p[2] == '[') { /* the linux console: ESC [ [ A is F1 */
        if (len == 3)
            return (struct piece){ 0 };
        bool known = p[3] >= 'A' && p[3] <= 'E';
        return (struct piece){ 4, known ? TUI_KEY_F1 + (uint32_t)(p[3] - 'A') : TUI_KEY_UNKNOWN, false };
    }
    size_t at = 2;
    for (; at < len && at < LONGEST; at++) {
        if (!add_to_sequence(&seq, p[at], at == 2))
            return (struct piece){ at, TUI_KEY_UNKNOWN, false };
        if (seq.final)
            return meaning(&seq, at + 1);
    }
    return at < LONGEST ? (struct piece){ 0 } : (struct piece){ at, TUI_KEY_UNKNOWN, false };
}

/* ESC ] … and its like end with BEL or ESC \: replies that somebody asked for, and that are of no use here. */
static struct piece read_string(const char *p, size_t len)
{
    for (size_t at = 2; at < len; at++) {
        if (p[at] == '\a')
            return (struct piece){ at + 1, TUI_KEY_NONE, false };
        if (p[at] == '\033' && at + 1 < len)
            return (struct piece){ p[at + 1] == '\\' ? at + 2 : at, TUI_KEY_NONE, false };
    }
    return len == TUI_DECODE_ROOM ? (struct piece){ len, TUI_KEY_NONE, false } : (struct piece){ 0 };
}

static struct piece read_plain(const struct tui_decoder *decoder, const char *p, size_t len)
{
    unsigned char c = (unsigned char)p[0];
    if (c < 0x20 || c == 0x7F)
        return (struct piece){ 1, control(c), false };
    size_t n = mig_utf8_len(p, len);
    if (n == 0 && decoder->utf8) {
        size_t wanted = c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 1;
        for (size_t i = 1; i < len && i < wanted; i++)
            if (((unsigned char)p[i] & 0xC0) != 0x80)
                wanted = 1;
        if (len < wanted)
            return (struct piece){ 0 };
    }
    if (n == 0 || (n > 1 && !decoder->utf8))
        return (struct piece){ 1, TUI_KEY_UNKNOWN, false };
    uint32_t key = mig_utf8_decode(p, len, &n);
    return (struct piece){ n, tui_key_is_text(key) ? key : TUI_KEY_UNKNOWN, false };
}

static struct piece read_escape(const struct tui_decoder *decoder, const char *p, size_t len)
{
    if (len < 2)
        return (struct piece){ 0 };
    switch (p[1]) {
    case '[': return read_csi(p, len);
    case ']':
    case 'P':
    case '_':
    case '^':
    case 'X': return read_string(p, len);
    case 'O': return len < 3 ? (struct piece){ 0 } : (struct piece){ 3, lettered(p[2]), false };
    case '\033': return (struct piece){ 1, TUI_KEY_ESC, false };
    default: {
        struct piece piece = read_plain(decoder, p + 1, len - 1);
        if (piece.bytes == 0)
            return piece;
        piece.bytes++;
        piece.key = piece.key == TUI_KEY_UNKNOWN ? piece.key : piece.key | TUI_KEY_ALT;
        return piece;
    }
    }
}

/* No more will come: an ESC is the key, ESC and one character is Alt, and the beginning of a sequence is nothing. */
static struct piece give_up(const char *p, size_t len)
{
    if (p[0] == '\033' && len == 1)
        return (struct piece){ 1, TUI_KEY_ESC, false };
    if (p[0] == '\033' && len == 2 && (unsigned char)p[1] >= 0x20 && (unsigned char)p[1] < 0x7F)
        return (struct piece){ 2, TUI_KEY_ALT | (unsigned char)p[1], false };
    return (struct piece){ len, TUI_KEY_UNKNOWN, false };
}

/* ---- pastes ---- */

static void add_pasted(struct tui_decoder *decoder, size_t len)
{
    size_t room = TUI_PASTE_MAX - decoder->paste.len, take = len < room ? len : room;
    mig_buf_add(&decoder->paste, decoder->bytes + decoder->at, take);
    decoder->paste_cut |= take < len;
    decoder->at += len;
}

static const char *next_mark(const char *p, size_t len)
{
    const char *begin = memmem(p, len, PASTE_BEGIN, MARK_LEN), *end = memmem(p, len, PASTE_END, MARK_LEN);
    return !begin || (end && end < begin) ? end : begin;
}

/* An end mark may be part of what is pasted: only silence after it tells that the terminal has sent its own. */
static bool read_paste(struct tui_decoder *decoder, struct tui_event *ret)
{
    const char *p, *mark;
    while ((p = decoder->bytes + decoder->at, mark = next_mark(p, decoder->len - decoder->at))) {
        add_pasted(decoder, (size_t)(mark - p));
        decoder->at += MARK_LEN;
        decoder->ended = memcmp(mark, PASTE_END, MARK_LEN) == 0;
    }
    size_t left = decoder->len - decoder->at;
    if (!decoder->expired) {
        size_t keep = left < MARK_LEN - 1 ? left : MARK_LEN - 1; /* may be the beginning of a mark */
        add_pasted(decoder, left - keep);
        decoder->waiting = true;
        return false;
    }
    add_pasted(decoder, left);
    decoder->pasting = false;
    *ret = (struct tui_event){ .key = TUI_KEY_PASTE,
                               .paste = decoder->paste.text,
                               .paste_len = decoder->paste.len,
                               .paste_cut = decoder->paste_cut,
                               .batch = decoder->batch };
    return true;
}

bool tui_decode_next(struct tui_decoder *decoder, struct tui_event *ret)
{
    for (;;) {
        if (decoder->pasting)
            return read_paste(decoder, ret);
        const char *p = decoder->bytes + decoder->at;
        size_t left = decoder->len - decoder->at;
        decoder->waiting = false;
        if (left == 0)
            return false;
        struct piece piece = p[0] == '\033' ? read_escape(decoder, p, left) : read_plain(decoder, p, left);
        if (piece.bytes == 0 && !decoder->expired) {
            decoder->waiting = true;
            return false;
        }
        if (piece.bytes == 0)
            piece = give_up(p, left);
        decoder->at += piece.bytes;
        if (piece.paste) {
            decoder->pasting = true;
            decoder->ended = decoder->paste_cut = false;
            mig_buf_reset(&decoder->paste);
        } else if (piece.key != TUI_KEY_NONE) {
            *ret = (struct tui_event){ .key = piece.key, .batch = decoder->batch };
            return true;
        }
    }
}
