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
    { "\033[201~x", "x" },
    { "\033[?62;c", "unknown" }, /* an answer to a question of somebody else */
    { "\033]11;rgb:0000/0000/0000\ax", "x" },
    { "\033P1+r\033\\x", "x" },
    { "\033[99~", "unknown" },
    { "\033Oz", "unknown" },
    { "\033[12\001j", "unknown C-a j" }, /* cut short by a control character */
    { "\xff", "unknown" },
    { "\xc3(", "unknown (" },
    { "\xe2\x80\xae", "unknown" }, /* nobody types a bidi override */
    { "\xc2\x9b"
      "A",
      "unknown A" },
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
    } rows[] = { { "\033[", "M-[" },
                 { "\033O", "M-O" },
                 { "\033[1;5", "unknown" },
                 { "\xe4\xb8", "unknown" },
                 { "\033]11;r", "unknown" } };
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

static void a_key_after_the_silence_is_a_key_at_once(void **state)
{
    (void)state;
    struct tui_decoder decoder;
    tui_decode_init(&decoder, true);
    MIG_AUTOBUF struct mig_buf names;
    mig_buf_init(&names, 1000);
    feed(&decoder, "\033[200~x\033[201~", 13);
    take(&decoder, &names);
    tui_decode_expire(&decoder);
    take(&decoder, &names);
    feed(&decoder, "q", 1);
    take(&decoder, &names);
    assert_string_equal(names.text, "paste(x) q");
    assert_int_equal(tui_decode_wait_ms(&decoder), -1);
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
        cmocka_unit_test(a_key_after_the_silence_is_a_key_at_once),
        cmocka_unit_test(the_rest_of_a_paste_stays_one_when_keys_are_forgotten),
        cmocka_unit_test(without_utf8_only_ascii_is_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
