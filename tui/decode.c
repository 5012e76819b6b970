/* decode.c - control sequences into keys. */
#include "tui/decode.h"

#include <string.h>

#include "base/rows.h"
#include "base/text.h"

#define ESC         '\033'
#define ESCAPE_MS   25
#define REST_MS     1000 /* of what no person types: a slow line may cut it anywhere */
#define PASTE_BEGIN "\033[200~"
#define PASTE_END   "\033[201~"
#define MARK_LEN    (sizeof PASTE_END - 1)
#define PASTE_MS    5000 /* a paste whose end never comes must not swallow keys for ever */
#define QUIET_MS    50   /* a paste is over when nothing has followed its end mark for so long */
#define ALONE_MS    100  /* the first key after a paste is one when nothing has followed it for so long */
#define LONGEST     64   /* bytes of a control sequence that may mean something */

/* What the bytes at the beginning are; bytes 0: not whole yet. */
struct piece {
    size_t bytes;
    uint32_t key;                /* TUI_KEY_NONE: nothing to tell */
    bool paste, end;             /* a paste begins behind it; it is the mark of a paste's end */
    bool open;                   /* the beginning of a sequence, which is not given up */
    enum tui_decode_skip behind; /* what follows it is dropped */
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
    if (decoder->held) {
        decoder->at = decoder->len;
        decoder->waiting = decoder->held = false;
    }
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
    decoder->taken = 0;
    decoder->waiting = decoder->expired = false;
}

void tui_decode_expire(struct tui_decoder *decoder)
{
    decoder->expired = decoder->waiting;
}

int tui_decode_wait_ms(const struct tui_decoder *decoder)
{
    bool escape = decoder->len > decoder->at && decoder->bytes[decoder->at] == ESC;
    if (decoder->pasting)
        return decoder->ended ? QUIET_MS : PASTE_MS;
    if (!decoder->waiting)
        return -1;
    if (decoder->skipping || (!escape && !decoder->held))
        return REST_MS;
    if (decoder->doubt)
        return ALONE_MS;
    return decoder->escape_ms > 0 ? decoder->escape_ms : ESCAPE_MS;
}

/* ---- control sequences ---- */

enum { SHIFT = 1, ALT = 2, CONTROL = 4, OTHERS = 8 | 16 | 32, RELEASED = 3 };

struct sequence {
    int numbers[4];
    size_t count;
    int event;   /* kitty's: 3 is a key let go */
    bool within; /* a part of a parameter, behind ':' */
    char prefix; /* '<', '?', …; 0: none */
    char final;
};

static uint32_t modified(uint32_t key, int modifiers)
{
    int bits =
        modifiers > 0 ? modifiers - 1 : 0; /* as xterm and kitty count: 1 + shift + 2 alt + 4 control … */
    if (key == TUI_KEY_UNKNOWN || bits & OTHERS)
        return TUI_KEY_UNKNOWN;
    return key | (bits & ALT ? TUI_KEY_ALT : 0) | (bits & CONTROL ? TUI_KEY_CTRL : 0);
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

/* CSI code ; modifiers u, of which kitty names the key as it is without shift */
static uint32_t coded(int code, int modifiers)
{
    enum { KITTY_FIRST = 57344, KITTY_LAST = 63743, KITTY_ENTER = 57414 }; /* keys that have no character */
    uint32_t key = (uint32_t)code;
    if (code < 0x20 || code == 0x7F)
        key = control((unsigned char)code);
    else if (code == KITTY_ENTER)
        key = TUI_KEY_ENTER;
    else if (!tui_key_is_text(key) || (code >= KITTY_FIRST && code <= KITTY_LAST))
        key = TUI_KEY_UNKNOWN;
    else if (code >= 'a' && code <= 'z' && modifiers > 0 && (modifiers - 1) == SHIFT)
        key -= 'a' - 'A';
    return modified(key, modifiers);
}

/* Nobody pressed a key: an answer to somebody's question, the window's focus, a key let go, a place of the cursor (which looks
 * like F3). */
static bool is_report(const struct sequence *seq)
{
    return seq->prefix || seq->event == RELEASED || (seq->final == 'I' && seq->count == 0) ||
           (seq->final == 'O' && seq->count == 0) || (seq->final == 'R' && seq->numbers[0] > 1);
}

static struct piece meaning(const struct sequence *seq, size_t bytes)
{
    struct piece piece = { .bytes = bytes, .key = TUI_KEY_UNKNOWN };
    int first = seq->numbers[0], second = seq->numbers[1];
    if (seq->prefix == '<' &&
        (seq->final == 'M' || seq->final == 'm')) { /* the mouse: only the wheel means something */
        bool wheel = seq->final == 'M' && (first & 0x40) && !(first & 2);
        piece.key = !wheel ? TUI_KEY_NONE : first & 1 ? TUI_KEY_DOWN : TUI_KEY_UP;
    } else if (is_report(seq)) {
        piece.key = TUI_KEY_NONE;
    } else if (seq->final == '~' && (first == 200 || first == 201)) {
        piece.paste = first == 200;
        piece.end = first == 201;
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
        int *number = !seq->within ? &seq->numbers[seq->count] : seq->count == 1 ? &seq->event : &(int){ 0 };
        *number = *number < 100000000 ? *number * 10 + (c - '0') : *number;
    } else if (c == ';') {
        seq->count++;
        seq->within = false;
    } else if (c == ':') {
        seq->within = true;
    } else if (c >= 0x3C && c <= 0x3F && first) {
        seq->prefix = c;
    } else if (c >= 0x40 && c <= 0x7E) {
        seq->final = c;
    }
    return c >= 0x20 && c <= 0x7E;
}

/* CSI M, and three characters that tell of the mouse: some terminals write places beyond 127 as UTF-8. */
static struct piece read_old_mouse(const char *p, size_t len, size_t at)
{
    for (int i = 0; i < 3; i++) {
        bool two = at < len && (unsigned char)p[at] >= 0xC2 && (unsigned char)p[at] < 0xE0;
        if (at >= len || (two && at + 1 == len))
            return (struct piece){ .open = true };
        at += two && mig_utf8_len(p + at, len - at) == 2 ? 2 : 1;
    }
    return (struct piece){ .bytes = at, .key = TUI_KEY_NONE };
}

/* CSI …, or SS3 …, of which the first .at bytes are known. */
static struct piece read_sequence(const char *p, size_t len, size_t at, bool is_csi)
{
    struct sequence seq = { 0 };
    size_t begin = at;
    if (is_csi && len > at && p[at] == '[') { /* the linux console: ESC [ [ A is F1 */
        if (len == at + 1)
            return (struct piece){ .open = true };
        bool known = p[at + 1] >= 'A' && p[at + 1] <= 'E';
        return (struct piece){ .bytes = at + 2,
                               .key = known ? TUI_KEY_F1 + (uint32_t)(p[at + 1] - 'A') : TUI_KEY_UNKNOWN };
    }
    for (; at < len && at < LONGEST; at++) {
        if (!add_to_sequence(&seq, p[at], at == begin))
            return (struct piece){ .bytes = at, .key = TUI_KEY_UNKNOWN };
        if (seq.final && is_csi && seq.final == 'M' && at == begin)
            return read_old_mouse(p, len, at + 1);
        if (seq.final && is_csi)
            return meaning(&seq, at + 1);
        if (seq.final)
            return (struct piece){ .bytes = at + 1,
                                   .key = modified(lettered(seq.final), seq.numbers[seq.count ? 1 : 0]) };
    }
    return at < LONGEST
               ? (struct piece){ .open = true }
               : (struct piece){ .bytes = at, .key = TUI_KEY_UNKNOWN, .behind = TUI_DECODE_SKIP_SEQUENCE };
}

/* The ESC before these was taken for the key, as nothing followed it in time: no person types them so. */
static bool is_late(const char *p, size_t len)
{
    bool number = len > 1 && p[1] >= '0' && p[1] <= '?';
    bool letter = len > 1 && p[1] >= 'A' && p[1] <= 'S';
    return (p[0] == '[' && (number || letter)) || (p[0] == ']' && number) ||
           (p[0] == 'O' && letter && len == 2);
}

/* '[' for CSI, 'O' for SS3, ']' and others for strings (ECMA-48 §5.3), as ESC and that letter, as one byte, or as a character in
 * UTF-8; 0: none begins here. */
static char introducer(const struct tui_decoder *decoder, const char *p, size_t len, size_t *ret_bytes)
{
    unsigned char c = (unsigned char)p[0];
    char letter = 0;
    *ret_bytes = 1;
    if (c == ESC && len > 1) {
        letter = p[1];
        *ret_bytes = 2;
    } else if (decoder->late && is_late(p, len)) {
        letter = p[0];
    } else if (c >= 0x80 && c < 0xA0) {
        letter = (char)(c - 0x40);
    } else if (decoder->utf8 && c == 0xC2 && len > 1 && (unsigned char)p[1] >= 0x80 &&
               (unsigned char)p[1] < 0xA0) {
        letter = (char)((unsigned char)p[1] - 0x40);
        *ret_bytes = 2;
    }
    return letter && strchr("[O]P_^X", letter) ? letter : 0;
}

static struct piece read_plain(const struct tui_decoder *decoder, const char *p, size_t len)
{
    unsigned char c = (unsigned char)p[0];
    if (c < 0x20 || c == 0x7F)
        return (struct piece){ .bytes = 1, .key = control(c) };
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
        return (struct piece){ .bytes = 1, .key = TUI_KEY_UNKNOWN };
    uint32_t key = mig_utf8_decode(p, len, &n);
    return (struct piece){ .bytes = n, .key = tui_key_is_text(key) ? key : TUI_KEY_UNKNOWN };
}

static struct piece read_escape(const struct tui_decoder *decoder, const char *p, size_t len)
{
    if (len < 2)
        return (struct piece){ 0 };
    if (p[1] == ESC)
        return (struct piece){ .bytes = 1, .key = TUI_KEY_ESC };
    struct piece piece = read_plain(decoder, p + 1, len - 1);
    if (piece.bytes == 0)
        return piece;
    piece.bytes++;
    piece.key = piece.key == TUI_KEY_UNKNOWN ? piece.key : piece.key | TUI_KEY_ALT;
    return piece;
}

static struct piece read_piece(const struct tui_decoder *decoder, const char *p, size_t len)
{
    size_t at = 0;
    char letter = introducer(decoder, p, len, &at);
    if (letter == '[' || letter == 'O')
        return read_sequence(p, len, at, letter == '[');
    if (letter && len == at)
        return (struct piece){ 0 };
    if (letter) /* answers that somebody asked for, and that are of no use here */
        return (struct piece){ .bytes = at, .behind = TUI_DECODE_SKIP_STRING };
    return p[0] == ESC ? read_escape(decoder, p, len) : read_plain(decoder, p, len);
}

/* No more will come: an ESC is the key, ESC and one character is Alt, and the beginning of a sequence is nothing. */
static struct piece give_up(const char *p, size_t len)
{
    if (p[0] == ESC && len == 1)
        return (struct piece){ .bytes = 1, .key = TUI_KEY_ESC };
    if (p[0] == ESC && len == 2 && (unsigned char)p[1] >= 0x20 && (unsigned char)p[1] < 0x7F)
        return (struct piece){ .bytes = 2, .key = TUI_KEY_ALT | (unsigned char)p[1] };
    return (struct piece){ .bytes = len, .key = TUI_KEY_UNKNOWN };
}

/* ---- what is dropped ---- */

/* The rest of a sequence: to its last letter, or to what can't be of one. */
static bool skip_sequence(struct tui_decoder *decoder)
{
    while (decoder->at < decoder->len) {
        unsigned char c = (unsigned char)decoder->bytes[decoder->at];
        if (c < 0x20 || c > 0x7E)
            return true;
        decoder->at++;
        if (c >= 0x40)
            return true;
    }
    return false;
}

/* The rest of a string: BEL ends it, ESC \ or the one byte that says the same, and all that begins something else. */
static bool skip_string(struct tui_decoder *decoder)
{
    for (; decoder->at < decoder->len; decoder->at++) {
        const char *p = decoder->bytes + decoder->at;
        size_t left = decoder->len - decoder->at;
        if (*p == ESC && left == 1)
            return false;
        if (*p == ESC) {
            decoder->at += p[1] == '\\' ? 2 : 0;
            return true;
        }
        bool one_byte = !decoder->utf8 && (unsigned char)*p == 0x9C;
        bool character = decoder->utf8 && left > 1 && memcmp(p, "\xC2\x9C", 2) == 0;
        if (*p == '\a' || *p == 0x18 || *p == 0x1A || one_byte || character) {
            decoder->at += character ? 2 : 1;
            return true;
        }
        if (decoder->utf8 && left == 1 && (unsigned char)*p == 0xC2)
            return false;
    }
    return false;
}

/* false: its end has not come yet. */
static bool skip(struct tui_decoder *decoder)
{
    bool over = decoder->skipping == TUI_DECODE_SKIP_STRING ? skip_string(decoder) : skip_sequence(decoder);
    if (over || decoder->expired)
        decoder->skipping = TUI_DECODE_SKIP_NONE;
    decoder->waiting = decoder->skipping != TUI_DECODE_SKIP_NONE;
    return !decoder->waiting;
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

/* Bytes at the end that may be the first ones of a mark. */
static size_t beginning_of_mark(const char *p, size_t len)
{
    size_t most = len < MARK_LEN - 1 ? len : MARK_LEN - 1;
    while (most > 0 && memcmp(p + len - most, PASTE_BEGIN, most) != 0 &&
           memcmp(p + len - most, PASTE_END, most) != 0)
        most--;
    return most;
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
        add_pasted(decoder, left - beginning_of_mark(decoder->bytes + decoder->at, left));
        decoder->waiting = true;
        return false;
    }
    size_t cut = beginning_of_mark(decoder->bytes + decoder->at, left);
    decoder->late = cut == 1;
    add_pasted(decoder, cut > 1 ? left - cut : left);
    decoder->pasting = false;
    decoder->doubt = true;
    *ret = (struct tui_event){ .key = TUI_KEY_PASTE,
                               .paste = decoder->paste.text,
                               .paste_len = decoder->paste.len,
                               .paste_cut = decoder->paste_cut,
                               .batch = decoder->batch };
    return true;
}

static void begin_paste(struct tui_decoder *decoder, bool ended)
{
    decoder->pasting = true;
    decoder->ended = ended;
    decoder->paste_cut = decoder->doubt = false;
    mig_buf_reset(&decoder->paste);
}

/* Nothing is left to say about a paste but that: a line that was slow in the middle of it, behind an end mark that was part of
 * it, brings the rest now. Only a key that comes by itself, and then nothing for a while, is one. An end mark always says that
 * what it comes with is pasted. */
static bool still_pasted(const struct tui_decoder *decoder, const struct piece *piece)
{
    bool alone = piece->bytes == decoder->len - decoder->at && !piece->behind;
    return piece->end || (decoder->doubt && piece->bytes > 0 && !piece->paste && !alone);
}

/* The next piece may be taken; false: it is not whole, or may still turn out to be pasted. */
static bool may_take(struct tui_decoder *decoder, struct piece *piece)
{
    const char *p = decoder->bytes + decoder->at;
    decoder->held = decoder->doubt && piece->bytes > 0 && !piece->paste;
    decoder->waiting = (piece->bytes == 0 || decoder->held) && !decoder->expired && !piece->open;
    if (decoder->waiting || piece->open)
        return false;
    bool cut = piece->bytes == 0;
    if (cut)
        *piece = give_up(p, decoder->len - decoder->at);
    bool is_key = piece->key != TUI_KEY_NONE && piece->key != TUI_KEY_UNKNOWN;
    decoder->late = cut && piece->key == TUI_KEY_ESC;
    if (decoder->doubt && (!is_key || (cut && !decoder->late)))
        piece->key = TUI_KEY_NONE;
    decoder->doubt = decoder->doubt && (!is_key || piece->key == TUI_KEY_NONE);
    decoder->held = false;
    return true;
}

bool tui_decode_next(struct tui_decoder *decoder, struct tui_event *ret)
{
    for (;;) {
        if (decoder->pasting)
            return read_paste(decoder, ret);
        if (decoder->skipping && !skip(decoder))
            return false;
        const char *p = decoder->bytes + decoder->at;
        size_t left = decoder->len - decoder->at;
        decoder->waiting = decoder->held = false;
        if (left == 0)
            return false;
        struct piece piece = read_piece(decoder, p, left);
        if (still_pasted(decoder, &piece)) {
            begin_paste(decoder, true);
            continue;
        }
        if (!may_take(decoder, &piece))
            return false;
        decoder->at += piece.bytes;
        decoder->taken++;
        decoder->skipping = piece.behind;
        if (piece.paste) {
            begin_paste(decoder, false);
        } else if (piece.key != TUI_KEY_NONE) {
            *ret = (struct tui_event){ .key = piece.key,
                                       .batch = decoder->batch,
                                       .with_others = decoder->taken > 1 || decoder->at < decoder->len };
            return true;
        }
    }
}
