/* Every kind of terminal that ncurses knows here: what is drawn is what is seen, and nothing is sent that its entry does not
 * have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/rows.h"
#include "support/vterm_screen.h"
#include "tui/terminfo.h"

enum { COLS = 60, ROWS = 16, FRAMES = 40 };

/* Those that every Debian brings, and others that are there where ncurses-term is. */
static const char *const always[] = {
    "xterm",  "xterm-256color", "xterm-mono", "screen", "screen-256color",
    "linux",  "tmux",           "vt100",      "vt102",  "tmux-256color",
    "vt220",  "ansi",           "cygwin",     "rxvt",   "rxvt-unicode-256color",
    "pcansi", "mach-color",     "cons25",     "hurd"
};
static const char *const maybe[] = {
    "alacritty",        "foot",        "xterm-kitty", "kitty",        "konsole",
    "konsole-256color", "putty",       "gnome",       "vte-256color", "st-256color",
    "iTerm2.app",       "ms-terminal", "teraterm",    "scoansi",      "xnuppc",
    "wezterm",          "contour",     "mlterm",      "nsterm",       "qansi"
};

static struct vterm_screen vterm;
static unsigned seed;

static unsigned any(unsigned below)
{
    return (unsigned)rand_r(&seed) % below;
}

/* A table beside other text, scrolled now and then, up to the last cell. */
static void draw(int frame)
{
    static int top;
    struct tui_pane all = tui_pane_all(vterm.canvas);
    tui_canvas_blank(vterm.canvas);
    struct tui_pane in = tui_frame(&all, TUI_BORDER, "é", NULL);
    int by = frame % 3 == 0 ? (int)any(3) - 1 : 0;
    top = frame == 0 || top + by < 0 ? 0 : top + by;
    for (int y = 0; y < in.h; y++) {
        tui_printf(&in, 0, y, (enum tui_style)((top + y) % TUI_STYLES), "%d row of text é 中 x", top + y);
        tui_text(&in, 35, y, (enum tui_style)any(TUI_STYLES),
                 any(4) ? "same" : "other, up to the edge of it");
        if (any(3) == 0)
            tui_choose(&in, 0, y, in.w);
    }
    tui_scrolled(&in, 0, in.h, by);
    if (any(3) == 0)
        tui_text(&all, all.w - 2, all.h - 1, TUI_BAD, "zz");
    if (any(4) == 0)
        tui_text(&all, 0, all.h / 2, TUI_GOOD,
                 "from edge to edge from edge to edge from edge to edge from edge");
    if (any(5) == 0)
        tui_cursor(&in, (int)any(50), (int)any(14));
}

/* What a control sequence is called in terminfo; any of them allows it. */
static const struct {
    char final;
    const char *names[6];
} sequences[] = {
    { 'H', { "cup", "home" } },
    { 'f', { "cup" } },
    { 'A', { "cuu", "cuu1" } },
    { 'B', { "cud", "cud1" } },
    { 'C', { "cuf", "cuf1" } },
    { 'D', { "cub", "cub1" } },
    { 'G', { "hpa" } },
    { '`', { "hpa" } },
    { 'd', { "vpa" } },
    { 'J', { "ed", "clear" } },
    { 'K', { "el", "el1" } },
    { 'X', { "ech" } },
    { 'L', { "il", "il1" } },
    { 'M', { "dl", "dl1" } },
    { '@', { "ich", "ich1" } },
    { 'P', { "dch", "dch1" } },
    { 'r', { "csr", "rmcup" } },
    { 'S', { "indn", "ind" } },
    { 'T', { "rin", "ri" } },
    { 'I', { "tab" } },
    { 'Z', { "cbt" } },
    { 't', { "smcup" } },
    { 'x', { "op" } },
    { 'm', { "sgr0", "bold", "rev", "setaf", "setab", "op" } },
    { 'h', { "smir", "cnorm", "smam" } },
    { 'l', { "rmir", "rmam", "cnorm" } },
};

static bool allowed(char final)
{
    for (size_t i = 0; i < MIG_COUNT(sequences); i++)
        for (size_t n = 0; sequences[i].final == final && n < 6 && sequences[i].names[n]; n++)
            if (tui_terminfo(sequences[i].names[n])[0])
                return true;
    return false;
}

static void sends_only_what_it_has(const char *term)
{
    const char *end = vterm.sent.text + vterm.sent.len;
    for (const char *p = vterm.sent.text; p < end; p++) {
        if (*p == '$' || *p == '\a')
            fail_msg("%s: a pause or a bell was sent", term);
        if (p[0] != '\033' || p[1] != '[')
            continue;
        const char *from = p;
        for (p += 2; p < end && (*p < 0x40 || *p > 0x7E);)
            p++;
        if (!strchr("?>=", from[2]) && !allowed(*p))
            fail_msg("%s has no ESC [ %c, and %.*s was sent", term, *p, (int)(p - from), from + 1);
    }
}

static void shows_what_is_drawn(const char *term)
{
    struct mig_buf drawn MIG_AUTOBUF;
    struct mig_buf shown MIG_AUTOBUF;
    mig_buf_init(&drawn, 1 << 20);
    mig_buf_init(&shown, 1 << 20);
    seed = 1;
    vterm_screen_open(&vterm, &(struct vterm_screen_options){ .cols = COLS, .rows = ROWS, .term = term });
    for (int frame = 0; frame < FRAMES; frame++) {
        draw(frame);
        vterm_screen_frame(&vterm);
        sends_only_what_it_has(term);
        mig_buf_reset(&drawn);
        mig_buf_reset(&shown);
        tui_canvas_text(vterm.canvas, &drawn);
        vterm_screen_text(&vterm, &shown);
        if (strcmp(drawn.text, shown.text) != 0)
            fail_msg("%s, frame %d: drawn\n%s\nshown\n%s", term, frame, drawn.text, shown.text);
    }
    vterm_screen_close(&vterm);
    vterm.emulator = NULL;
}

static bool is_known(const char *term)
{
    struct mig_error err = { 0 };
    const char *chosen = tui_terminfo_choose(term, STDERR_FILENO, &err);
    return chosen && strcmp(chosen, term) == 0;
}

static void each_shows_what_is_drawn(void **state)
{
    (void)state;
    size_t known = 0;
    for (size_t i = 0; i < MIG_COUNT(always) + MIG_COUNT(maybe); i++) {
        const char *term = i < MIG_COUNT(always) ? always[i] : maybe[i - MIG_COUNT(always)];
        if (!is_known(term))
            continue;
        shows_what_is_drawn(term);
        known++;
    }
    print_message("%zu kinds of terminal are known here\n", known);
    assert_true(known >= MIG_COUNT(always) - 4); /* other systems have some of them elsewhere */
}

static void one_that_is_known_to_speak_otherwise_is_refused(void **state)
{
    (void)state;
    struct mig_error err = { 0 };
    assert_null(tui_terminfo_choose("vt52", STDERR_FILENO, &err)); /* moves its cursor by ESC Y */
    assert_non_null(strstr(err.message, "vt52"));
    assert_string_equal(tui_terminfo_choose("of-tomorrow", STDERR_FILENO, &err), "xterm");
}

/* A pause in an entry is for whoever writes it, not for the terminal. */
static void pauses_are_left_out(void **state)
{
    (void)state;
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&out, 1000);
    vterm_screen_open(&vterm, &(struct vterm_screen_options){ .cols = 9, .rows = 2, .term = "vt100" });
    assert_non_null(strstr(tui_terminfo("sgr0"), "$<"));
    tui_terminfo_add(&out, "sgr0");
    assert_string_equal(out.text, "\033[m\017");
}

static int close_it(void **state)
{
    (void)state;
    if (vterm.emulator)
        vterm_screen_close(&vterm);
    vterm.emulator = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_shows_what_is_drawn, close_it),
        cmocka_unit_test_teardown(one_that_is_known_to_speak_otherwise_is_refused, close_it),
        cmocka_unit_test_teardown(pauses_are_left_out, close_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
