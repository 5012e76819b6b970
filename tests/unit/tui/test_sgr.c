/* Attribute changes in few bytes: what is seen is what was asked for, whatever a terminal says and however often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <vterm.h>

#include "base/rows.h"
#include "tui/sgr.h"

#define COLS 40
#define ROWS 6

static void squeezed(struct tui_sgr *sgr, const char *bytes, const char *expected)
{
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&out, 1 << 20);
    tui_sgr_squeeze(sgr, bytes, strlen(bytes), &out);
    assert_string_equal(out.text, expected);
}

/* What xterm's entry makes ncurses say, once the terminal is known. */
static void a_change_is_said_once_and_as_a_difference(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *expected;
    } rows[] = {
        { "\033(B\033[0;1mbold\033(B\033[m", "\033[1mbold\033[m" },
        { "\033(B\033[0;1;7m>\033(B\033[0;7m row\033(B\033[m", "\033[1;7m>\033[0;7m row\033[m" },
        { "\033[32mok\033[39m\033(B\033[m  \033[32mok\033[39m\033(B\033[m",
          "\033[32mok\033[m  \033[32mok\033[m" },
        { "\033[7m\033[32mok\033[2;2H\033[39m\033(B\033[m", "\033[7;32mok\033[2;2H\033[m" },
        { "a\033[1m\033[m\033[1m\033[22mb", "ab" }, /* nothing is drawn with it */
        { "\033[31mr\033[33my\033[m",
          "\033[31mr\033[33my\033[m" }, /* another colour needs no end of the first */
        { "\033[41mr\033[49;31ms\033[m", "\033[41mr\033[0;31ms\033[m" },
        { "\033[4mu\033[4;1mb\033[m", "\033[4mu\033[1mb\033[m" },
        { "\033[0;10;7mlinux\033[m\017", "\033[7mlinux\033[m" },
        { "\033[7m\033[K\033[m", "\033[7m\033[K\033[m" }, /* clears with what is on */
        { "\033[7m\033[5;1H\b\r\033[3dx\033[m", "\033[5;1H\b\r\033[3d\033[7mx\033[m" },
        { "plain \xe2\x9c\x93", "plain \xe2\x9c\x93" },
        { "+-\033[4b+\033[7m \033[bx\033[m", "+-----+\033[7m  x\033[m" }, /* repetitions are spelled out */
        { "\xe2\x94\x80\033[3b\033[99999b", "\xe2\x94\x80\033[3b\033[99999b" }, /* of one byte only */
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct tui_sgr sgr = { .known = true, .ascii = true };
        squeezed(&sgr, rows[i].bytes, rows[i].expected);
    }
}

static void at_first_and_after_others_all_is_said(void **state)
{
    (void)state;
    struct tui_sgr sgr = { 0 };
    squeezed(&sgr, "\033(B\033[ma", "\033(B\033[ma");
    squeezed(&sgr, "\033(B\033[mb", "b");
    tui_sgr_forget(&sgr);
    squeezed(&sgr, "\033(B\033[0;1mc", "\033(B\033[0;1mc");
    squeezed(&sgr, "\033[?1049l\033[1mc",
             "\033[?1049l\033[0;1mc"); /* the screen before, with its attributes */
}

/* 256 colours, an other character set, other sequences: they pass, and nothing is left out after them. */
static void what_is_not_understood_passes(void **state)
{
    (void)state;
    struct tui_sgr sgr = { .known = true, .ascii = true };
    squeezed(&sgr, "\033[38;5;200mc\033[1mb\033[m", "\033[38;5;200mc\033[1mb\033[m");
    squeezed(&sgr, "\033(0q\033(Bq", "\033(0\033[mq\033(Bq");
    squeezed(&sgr, "\016q\017q\017", "\016\033[mq\017q");
}

/* ---- whatever is asked for ---- */

static const char *const words[] = {
    "\033(B\033[m", "\033[m",       "\033[0;1m",    "\033[0;1;7m", "\033[1m",   "\033[2m",
    "\033[4m",      "\033[7m",      "\033[22m",     "\033[24m",    "\033[27m",  "\033[31m",
    "\033[32m",     "\033[39m",     "\033[39;49m",  "\033[43m",    "\033[49m",  "\033[2;3H",
    "\033[4;9H",    "\033[3d",      "\033[12G",     "\r",          "\b",        "a",
    "bc ",          "\xe2\x94\x82", "\033[K",       "\033[3X",     "\033[1;4r", "\033[4;1H\n",
    "\033[r",       "\033M",        "\033[38;5;9m", "\033[?25l",   "\017",      "\033[0;10;7m",
};

struct shown {
    VTerm *vterm;
    VTermScreen *screen;
};

static struct shown shown_new(void)
{
    struct shown shown = { .vterm = vterm_new(ROWS, COLS) };
    vterm_set_utf8(shown.vterm, 1);
    shown.screen = vterm_obtain_screen(shown.vterm);
    vterm_screen_reset(shown.screen, 1);
    return shown;
}

static void same_cell(const struct shown *one, const struct shown *other, int x, int y)
{
    VTermScreenCell a, b;
    vterm_screen_get_cell(one->screen, (VTermPos){ .row = y, .col = x }, &a);
    vterm_screen_get_cell(other->screen, (VTermPos){ .row = y, .col = x }, &b);
    assert_int_equal(a.chars[0], b.chars[0]);
    assert_int_equal(a.attrs.bold, b.attrs.bold);
    assert_int_equal(a.attrs.underline, b.attrs.underline);
    assert_int_equal(a.attrs.reverse, b.attrs.reverse);
    assert_true(vterm_color_is_equal(&a.fg, &b.fg));
    assert_true(vterm_color_is_equal(&a.bg, &b.bg));
}

static void random_frames_show_the_same(unsigned seed)
{
    struct shown plain = shown_new();
    struct shown squeezed_one = shown_new();
    struct tui_sgr sgr = { 0 };
    struct mig_buf frame MIG_AUTOBUF;
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&frame, 1 << 20);
    mig_buf_init(&out, 1 << 20);
    for (int f = 0; f < 20; f++) {
        mig_buf_reset(&frame);
        mig_buf_reset(&out);
        for (int i = 0; i < 40; i++)
            mig_buf_str(&frame, words[(unsigned)rand_r(&seed) % MIG_COUNT(words)]);
        tui_sgr_squeeze(&sgr, frame.text, frame.len, &out);
        vterm_input_write(plain.vterm, frame.text, frame.len);
        vterm_input_write(squeezed_one.vterm, out.text, out.len);
        for (int i = 0; i < COLS * ROWS; i++)
            same_cell(&plain, &squeezed_one, i % COLS, i / COLS);
    }
    vterm_free(plain.vterm);
    vterm_free(squeezed_one.vterm);
}

static void whatever_is_asked_for_looks_the_same(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 300; seed++)
        random_frames_show_the_same(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_said_once_and_as_a_difference),
        cmocka_unit_test(at_first_and_after_others_all_is_said),
        cmocka_unit_test(what_is_not_understood_passes),
        cmocka_unit_test(whatever_is_asked_for_looks_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
