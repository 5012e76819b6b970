/* Bytes of terminals into keys: each is found, cut anywhere, and nothing strange acts as a letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rows.h"
#include "tui/decode.h"

static void feed(struct tui_decoder *decoder, const char *bytes, size_t len)
{
    size_t room;
    char *to = tui_decode_room(decoder, &room);
    assert_true(room >= len);
    memcpy(to, bytes, len);
    tui_decode_feed(decoder, len);
}

/* Names of all keys there are now, separated by blanks. */
static void take(struct tui_decoder *decoder, struct mig_buf *names)
{
    struct tui_event event;
    while (tui_decode_next(decoder, &event)) {
        char name[TUI_KEY_NAME_MAX];
        tui_key_name(event.key, name);
        mig_buf_printf(names, "%s%s", names->len ? " " : "", name);
        if (event.key == TUI_KEY_PASTE)
            mig_buf_printf(names, "(%s)", event.paste);
    }
}

/* The bytes cut at .cut (0: whole), and then all the time that it may take. */
static void decodes(const char *bytes, size_t len, size_t cut, const char *expected)
{
    struct tui_decoder decoder;
    tui_decode_init(&decoder, true);
    MIG_AUTOBUF struct mig_buf names;
    mig_buf_init(&names, 10000);
    if (cut > 0) {
        feed(&decoder, bytes, cut);
        take(&decoder, &names);
    }
    feed(&decoder, bytes + cut, len - cut);
    take(&decoder, &names);
    if (tui_decode_wait_ms(&decoder) >= 0) {
        tui_decode_expire(&decoder);
        take(&decoder, &names);
    }
    assert_int_equal(tui_decode_wait_ms(&decoder), -1);
    assert_string_equal(names.text, expected);
    tui_decode_done(&decoder);
}

static const struct {
    const char *bytes, *expected;
} known[] = {
    { "j", "j" },
    { "G?/:", "G ? / :" },
    { "é中😀", "é 中 😀" },
    { "\r", "enter" },
    { "\n", "enter" },
    { "\t", "tab" },
    { "\x7f", "backspace" },
    { "\x08", "backspace" },
    { "\x01\x04\x1a", "C-a C-d C-z" },
    { "\x1c\x1d\x1f", "C-\\ C-] C-_" },
    { "\033", "esc" },
    { "\033\033", "esc esc" },
    { "\033x", "M-x" },
    { "\033\r", "M-enter" },
    { "\033é", "M-é" },
    { "\033[A\033[B\033[C\033[D", "up down right left" }, /* cursor keys in both modes */
    { "\033OA\033OB\033OC\033OD", "up down right left" },
    { "\033[H\033[F\033OH\033OF", "home end home end" },
    { "\033[1~\033[4~\033[7~\033[8~", "home end home end" }, /* linux, rxvt */
    { "\033[2~\033[3~\033[5~\033[6~", "ins del pgup pgdn" },
    { "\033OP\033OQ\033OR\033OS", "F1 F2 F3 F4" },
    { "\033[11~\033[15~\033[17~\033[21~\033[24~", "F1 F5 F6 F10 F12" },
    { "\033[[A\033[[E", "F1 F5" }, /* the linux console */
    { "\033[Z", "S-tab" },
    { "\033[1;5C\033[1;3D\033[1;2A", "C-right M-left up" },
    { "\033[3;5~", "C-del" },
    { "\033[97;5u\033[27u\033[27;5;105~", "C-a esc C-i" },
    { "\033OM", "enter" },                         /* of the keypad */
    { "\033[<64;10;5M\033[<65;10;5M", "up down" }, /* the wheel */
    { "\033[<0;10;5M\033[<0;10;5mq", "q" },        /* a click is nothing */
    { "\033[200~a\nb\033[201~", "paste(a\nb)" },
    { "\033[200~a\033[201~q\033[201~\r\033[201~", "paste(aq\r)" }, /* an end within is not the end */
    { "\033[200~a\033[201~\033[200~b\033[201~", "paste(ab)" },
    { "\033[200~a\033[20\033[201~1~q\033[201~", "paste(a\033[201~q)" },
    { "\033[200~\033[A\033\033[201~", "paste(\033[A\033)" }, /* whatever is in it is text */
    { "\033[201~x", "paste(x)" }, /* of a paste that began before us, or was taken for ended */
    { "\033[?62;cx", "x" },       /* answers to questions of somebody else */
    { "\033[>41;366;0c\033[?2026;2$y\033[24;80Rx", "x" },
    { "\033]11;rgb:0000/0000/0000\ax", "x" },
    { "\033]52;c;eXl5\xc2\x9cx", "x" },
    { "\033]2;l\xe2\x9c\x93yy\033\\x", "x" },
    { "\033P1+r\033\\x", "x" },
    { "\033_Gi=1;OK\033\\\033^y\033\\\033Xy\033\\x", "x" },
    { "\033]y\033[Ax", "up x" },                         /* one that was cut short by something else */
    { "\033[I\033[Ox", "x" },                            /* the window's focus */
    { "\033[M yyx\033[M#\xc3\xa9y\x7f", "x backspace" }, /* the mouse as it was told long ago */
    { "\033[32;89;12Mx", "unknown x" },
    { "\033[121u\033[121;2u\033[121:89;2u", "y Y Y" }, /* kitty's keyboard protocol */
    { "\033[121;1:1u\033[121;1:2u\033[121;1:3ux", "y y x" },
    { "\033[1;1:3A\033[1;5:1A\033[13;1:3u\033[13u", "C-up enter" },
    { "\033[121;9u\033[57441;1:1u\033[57414u\033[121;65u", "unknown unknown enter y" },
    { "\033O5C\033O1;3Dx", "C-right M-left x" },
    { "\033O\033[A", "unknown up" },
    { "\033[99~", "unknown" },
    { "\033Oz", "unknown" },
    { "\033[12\001j", "unknown C-a j" }, /* cut short by a control character */
    { "\xff", "unknown" },
    { "\xc3(", "unknown (" },
    { "\xe2\x80\xae", "unknown" }, /* nobody types a bidi override */
    { "\xc2\x9b"
      "A\xc2\x9b?2026;2$yx",
      "up x" }, /* C1, as a character and as a byte */
    { "\x9b?2026;2$y\x9b"
      "5~\x8f"
      "Ax",
      "pgup up x" },
    { "\xc2\x90y\033\\\x9dy\ax", "x" },
};

static void each_sequence_is_its_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(known); i++)
        decodes(known[i].bytes, strlen(known[i].bytes), 0, known[i].expected);
    decodes("\0", 1, 0, "C-space");
}

static void a_key_cut_in_two_readings_is_the_same_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(known); i++)
        for (size_t cut = 1; cut < strlen(known[i].bytes); cut++)
            decodes(known[i].bytes, strlen(known[i].bytes), cut, known[i].expected);
}

static void what_never_becomes_whole_is_no_letter(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *expected;
    } rows[] = { { "\033[", "" },           { "\033O", "" },     { "\033[1;5", "" },
                 { "\xe4\xb8", "unknown" }, { "\033]11;r", "" }, { "\033[M y", "" } };
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        decodes(rows[i].bytes, strlen(rows[i].bytes), 0, rows[i].expected);
}

static void an_escape_waits_as_long_as_it_is_told(void **state)
{
    (void)state;
    struct tui_decoder decoder;
    struct tui_event event;
    tui_decode_init(&decoder, true);
    assert_int_equal(tui_decode_wait_ms(&decoder), -1);
    feed(&decoder, "\033", 1);
    assert_false(tui_decode_next(&decoder, &event));
    assert_int_equal(tui_decode_wait_ms(&decoder), 25);
    decoder.escape_ms = 100;
    assert_int_equal(tui_decode_wait_ms(&decoder), 100);
    tui_decode_done(&decoder);
}

static void keys_of_one_reading_have_one_number(void **state)
{
    (void)state;
    struct tui_decoder decoder;
    struct tui_event a, b, c;
    tui_decode_init(&decoder, true);
    feed(&decoder, "ab", 2);
    assert_true(tui_decode_next(&decoder, &a) && tui_decode_next(&decoder, &b));
    feed(&decoder, "c", 1);
    assert_true(tui_decode_next(&decoder, &c));
    assert_int_equal(a.batch, b.batch);
    assert_int_not_equal(b.batch, c.batch);
    assert_true(a.with_others && b.with_others && !c.with_others);
    tui_decode_done(&decoder);
}

static void a_long_paste_is_cut_and_says_so(void **state)
{
    (void)state;
    struct tui_decoder decoder;
    struct tui_event event;
    tui_decode_init(&decoder, true);
    feed(&decoder, "\033[200~", 6);
    char *piece = mig_alloc(4000);
    memset(piece, 'x', 4000);
    for (int i = 0; i < 20; i++) {
        assert_false(tui_decode_next(&decoder, &event));
        feed(&decoder, piece, 4000);
    }
    assert_false(tui_decode_next(&decoder, &event));
    assert_true(tui_decode_wait_ms(&decoder) >= 1000);
    feed(&decoder, "\033[201~", 6);
    assert_false(tui_decode_next(&decoder, &event));
    tui_decode_expire(&decoder);
    assert_true(tui_decode_next(&decoder, &event));
    assert_int_equal(event.key, TUI_KEY_PASTE);
    assert_int_equal(event.paste_len, TUI_PASTE_MAX);
    assert_true(event.paste_cut);
    free(piece);
    tui_decode_done(&decoder);
}

/* Given a paste whose text holds the end mark, and what is left of it comes in readings of its own. */
static void what_follows_an_end_mark_at_once_is_pasted_too(void **state)
{
    (void)state;
    struct tui_decoder decoder;
    tui_decode_init(&decoder, true);
    MIG_AUTOBUF struct mig_buf names;
    mig_buf_init(&names, 1000);
    static const char *const readings[] = {
        "\033[200~x\033[201~", ":rw prod 10m\r", "y\033", "[201", "~q", "\033[201~"
    };
    for (size_t i = 0; i < MIG_COUNT(readings); i++) {
        feed(&decoder, readings[i], strlen(readings[i]));
        take(&decoder, &names);
        assert_string_equal(names.text, "");
        assert_int_not_equal(tui_decode_wait_ms(&decoder), -1);
    }
    assert_in_range(tui_decode_wait_ms(&decoder), 20, 100); /* since the last reading */
    tui_decode_expire(&decoder);
    take(&decoder, &names);
    assert_string_equal(names.text, "paste(x:rw prod 10m\ryq)");
    tui_decode_done(&decoder);
}

/* A dialog opens, and keys typed ahead are forgotten: in the middle of a paste its rest must not answer the dialog. */
static void the_rest_of_a_paste_stays_one_when_keys_are_forgotten(void **state)
{
    (void)state;
    static const char *const begun[] = { "j\033[200~y", "\033[200~y", "\033[200~y\033[201~" };
    for (size_t i = 0; i < MIG_COUNT(begun); i++) {
        struct tui_decoder decoder;
        tui_decode_init(&decoder, true);
        MIG_AUTOBUF struct mig_buf names;
        mig_buf_init(&names, 1000);
        feed(&decoder, begun[i], strlen(begun[i]));
        tui_decode_reset(&decoder);
        feed(&decoder, "y\r\033[201~", 8);
        take(&decoder, &names);
        tui_decode_expire(&decoder);
        take(&decoder, &names);
        assert_string_equal(names.text, "paste(yy\r)");
        tui_decode_done(&decoder);
    }
}

/* ---- a slow line ---- */

/* Bytes as they come, and pauses, each as long as it likes: what the loop does with both. */
struct line {
    struct tui_decoder decoder;
    struct mig_buf names;
};

static void given_a_line(struct line *line)
{
    tui_decode_init(&line->decoder, true);
    mig_buf_init(&line->names, 1UL << 20);
}

static void end_of(struct line *line)
{
    tui_decode_done(&line->decoder);
    mig_buf_done(&line->names);
}

static void comes(struct line *line, const char *bytes, size_t len)
{
    if (len == 0)
        return;
    feed(&line->decoder, bytes, len);
    take(&line->decoder, &line->names);
}

static void nothing_for(struct line *line, int ms)
{
    for (int wait; (wait = tui_decode_wait_ms(&line->decoder)) >= 0 && wait <= ms; ms -= wait) {
        tui_decode_expire(&line->decoder);
        take(&line->decoder, &line->names);
    }
}

static bool only_pastes(const char *names)
{
    bool only = true;
    for (const char *at = names; only && *at; at += *at == ' ') {
        only = strncmp(at, "paste(", 6) == 0 || strncmp(at, "esc", 3) == 0;
        at += strcspn(at, *at == 'p' ? ")" : " ");
        at += *at == ')';
    }
    return only;
}

/* Each would open an environment for writing, answer a question, and leave. */
static const char *const hostile[] = {
    "\033[200~:rw prod 10m\r:apply\ryq\033[201~",
    "\033[200~x\033[201~:rw prod 10m\r:apply\ryq\033[201~",
    "\033[200~x\033[201~\033[201~y\ryy\033[200~qq\033[201~yy\033[201~",
    "\033[200~\033[201~\033]y\033[yyq\xc3\033[201~",
    "\033[200~\033\033[201~\033[20\033[201~1~yqy\r\033[201~",
};
static const int pauses[] = { 20, 40, 90, 400, 3000, 60000 };

/* A pause anywhere, of any length: nothing of a paste is a key. */
static void a_paste_with_one_pause_anywhere_is_never_a_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(hostile); i++) {
        size_t len = strlen(hostile[i]);
        for (size_t cut = 1; cut < len; cut++) {
            for (size_t p = 0; p < MIG_COUNT(pauses); p++) {
                struct line line;
                given_a_line(&line);
                comes(&line, hostile[i], cut);
                nothing_for(&line, pauses[p]);
                comes(&line, hostile[i] + cut, len - cut);
                nothing_for(&line, 100000);
                if (!only_pastes(line.names.text))
                    fail_msg("%zu, cut at %zu for %d ms: %s", i, cut, pauses[p], line.names.text);
                end_of(&line);
            }
        }
    }
}

/* Two of them: only one byte that stands by itself between both can be one, and that is all a person's key is, too. (Within
 * the first two bytes nothing says yet that a paste begins.) */
static void a_paste_with_two_pauses_is_no_key_but_one_that_stands_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(hostile); i++) {
        size_t len = strlen(hostile[i]);
        for (size_t first = 1; first < len; first++) {
            for (size_t second = first < 2 ? 3 : first + 2; second < len; second++) {
                for (size_t p = 0; p < MIG_COUNT(pauses) * MIG_COUNT(pauses); p++) {
                    int before = pauses[p / MIG_COUNT(pauses)], after = pauses[p % MIG_COUNT(pauses)];
                    struct line line;
                    given_a_line(&line);
                    comes(&line, hostile[i], first);
                    nothing_for(&line, before);
                    comes(&line, hostile[i] + first, second - first);
                    nothing_for(&line, after);
                    comes(&line, hostile[i] + second, len - second);
                    nothing_for(&line, 100000);
                    if (!only_pastes(line.names.text))
                        fail_msg("%zu, cut at %zu for %d ms and at %zu for %d: %s", i, first, before, second,
                                 after, line.names.text);
                    end_of(&line);
                }
            }
        }
    }
}

/* A byte at a time, as a slow serial line brings it. */
static void a_paste_that_trickles_in_is_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(hostile); i++) {
        for (int ms = 0; ms < 24; ms += 8) {
            struct line line;
            given_a_line(&line);
            for (size_t at = 0; hostile[i][at]; at++) {
                comes(&line, &hostile[i][at], 1);
                nothing_for(&line, ms);
            }
            nothing_for(&line, 100000);
            if (!only_pastes(line.names.text))
                fail_msg("%zu, a byte each %d ms: %s", i, ms, line.names.text);
            end_of(&line);
        }
    }
}

static void keys_after_a_paste_are_keys_once_one_came_by_itself(void **state)
{
    (void)state;
    struct line line;
    given_a_line(&line);
    comes(&line, "\033[200~x\033[201~", 13);
    nothing_for(&line, 50);
    comes(&line, "\033[B", 3);
    assert_string_equal(line.names.text, "paste(x)");
    assert_in_range(tui_decode_wait_ms(&line.decoder), 1, 100);
    nothing_for(&line, 100);
    assert_string_equal(line.names.text, "paste(x) down");
    comes(&line, "jjy", 3);
    assert_string_equal(line.names.text, "paste(x) down j j y");
    assert_int_equal(tui_decode_wait_ms(&line.decoder), -1);
    end_of(&line);
}

/* Answers of a terminal, cut by a pause: behind ESC itself too, which is then a key of its own. */
static void a_sequence_with_a_pause_anywhere_leaves_no_letters(void **state)
{
    (void)state;
    static const char *const sequences[] = { "\033[?2026;2$y",     "\033[1;5C", "\033]11;rgb:yyyy/yy/yy\a",
                                             "\033P1+ryyyy\033\\", "\033[M yy", "\033[121;1:3u" };
    for (size_t i = 0; i < MIG_COUNT(sequences); i++) {
        for (size_t cut = 1; cut < strlen(sequences[i]); cut++) {
            struct line line;
            given_a_line(&line);
            comes(&line, sequences[i], cut);
            nothing_for(&line, cut > 2 ? 900 : 20);
            comes(&line, sequences[i] + cut, strlen(sequences[i]) - cut);
            nothing_for(&line, 100000);
            if (strcmp(line.names.text, "") != 0 && strcmp(line.names.text, "C-right") != 0)
                fail_msg("%s cut at %zu: %s", sequences[i] + 1, cut, line.names.text);
            end_of(&line);
        }
    }
    struct line line;
    given_a_line(&line);
    comes(&line, "\033", 1);
    nothing_for(&line, 30);
    comes(&line, "[?2026;2$y", 10);
    comes(&line, "x[1", 3);
    assert_string_equal(line.names.text, "esc x [ 1");
    end_of(&line);
}

static void a_megabyte_that_never_ends_is_no_key_and_takes_no_room(void **state)
{
    (void)state;
    static const char *const begins[] = { "\033]", "\033P", "\033[", "\x9d", "\033[200~", "\033[<", "\033O" };
    static char yes[1024];
    memset(yes, 'y', sizeof yes);
    for (size_t i = 0; i < MIG_COUNT(begins); i++) {
        struct line line;
        given_a_line(&line);
        comes(&line, begins[i], strlen(begins[i]));
        memset(yes, strchr("[<O", begins[i][strlen(begins[i]) - 1]) ? '1' : 'y', sizeof yes);
        for (int n = 0; n < 1024; n++)
            comes(&line, yes, sizeof yes);
        assert_true(line.names.len < 16); /* "unknown" */
        assert_true(line.decoder.paste.room <= 2 * TUI_PASTE_MAX);
        nothing_for(&line, 100000);
        comes(&line, "x", 1);
        nothing_for(&line, 100000);
        assert_int_equal(line.names.text[line.names.len - 1], 'x');
        end_of(&line);
    }
}

/* A dialog opens while the first key after a paste waits whether it stands by itself: it was typed ahead. */
static void a_key_that_waits_behind_a_paste_is_forgotten_too(void **state)
{
    (void)state;
    struct line line;
    given_a_line(&line);
    comes(&line, "\033[200~x\033[201~", 13);
    nothing_for(&line, 50);
    comes(&line, "y", 1);
    tui_decode_reset(&line.decoder);
    nothing_for(&line, 1000);
    assert_string_equal(line.names.text, "paste(x)");
    comes(&line, "j", 1);
    nothing_for(&line, 100);
    assert_string_equal(line.names.text, "paste(x) j");
    end_of(&line);
}

static void without_utf8_only_ascii_is_a_key(void **state)
{
    (void)state;
    struct tui_decoder decoder;
    tui_decode_init(&decoder, false);
    MIG_AUTOBUF struct mig_buf names;
    mig_buf_init(&names, 100);
    feed(&decoder, "aé", 3);
    take(&decoder, &names);
    assert_string_equal(names.text, "a unknown unknown");
    tui_decode_done(&decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sequence_is_its_key),
        cmocka_unit_test(a_key_cut_in_two_readings_is_the_same_key),
        cmocka_unit_test(what_never_becomes_whole_is_no_letter),
        cmocka_unit_test(an_escape_waits_as_long_as_it_is_told),
        cmocka_unit_test(keys_of_one_reading_have_one_number),
        cmocka_unit_test(a_long_paste_is_cut_and_says_so),
        cmocka_unit_test(what_follows_an_end_mark_at_once_is_pasted_too),
        cmocka_unit_test(the_rest_of_a_paste_stays_one_when_keys_are_forgotten),
        cmocka_unit_test(a_paste_with_one_pause_anywhere_is_never_a_key),
        cmocka_unit_test(a_paste_with_two_pauses_is_no_key_but_one_that_stands_alone),
        cmocka_unit_test(a_paste_that_trickles_in_is_one),
        cmocka_unit_test(keys_after_a_paste_are_keys_once_one_came_by_itself),
        cmocka_unit_test(a_sequence_with_a_pause_anywhere_leaves_no_letters),
        cmocka_unit_test(a_megabyte_that_never_ends_is_no_key_and_takes_no_room),
        cmocka_unit_test(a_key_that_waits_behind_a_paste_is_forgotten_too),
        cmocka_unit_test(without_utf8_only_ascii_is_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
