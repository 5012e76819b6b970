/* screen.c - ncurses draws into a file in memory; what it wrote goes to the terminal as one write.
 *
 * So the bytes of a frame are known, a slow terminal never blocks, and ncurses never touches the terminal's modes.
 */
#include "tui/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <ncurses.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"
#include "tui/capture.h"
#include "tui/decode.h"
#include "tui/flush.h"
#include "tui/scroll.h"
#include "tui/sgr.h"
#include "tui/term.h"
#include "tui/terminfo.h"

#define TITLE_MAX   80
#define DROP_ROUNDS 32 /* readings: more than a terminal holds back, and an end for one that sends for ever */
#define ASIDE_MAX \
    (1UL << 20) /* clipboard, titles and bells for a terminal that takes nothing: no more than that waits */

#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define MOUSE_ON  "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"
#define TITLE_ON  "\033[22;2t" /* keep the terminal's own title */
#define TITLE_OFF "\033[23;2t"

struct tui_screen {
    struct tui_screen_options options;
    struct tui_term term;
    struct tui_decoder decoder;
    struct tui_capture capture;
    struct tui_canvas *canvas;
    struct tui_canvas *shown; /* the last frame; NULL: it is not what the terminal shows */
    SCREEN *curses;
    struct tui_sgr sgr;
    bool spare_column;    /* the last one is left alone */
    FILE *file, *nothing; /* what ncurses writes to, and reads from */
    int memory;           /* the descriptor of .file */
    bool on;              /* the terminal is ours */
    bool mouse, titled;   /* asked for; a title was set, and the terminal keeps its own */
};

/* ---- ncurses and its file ---- */

static void say(struct tui_screen *screen, const char *bytes)
{
    tui_term_add(&screen->term, bytes, strlen(bytes));
}

/* Move what ncurses has written over to the terminal's bytes. */
static void collect(struct tui_screen *screen)
{
    fflush(screen->file);
    off_t len = lseek(screen->memory, 0, SEEK_CUR);
    if (len <= 0)
        return;
    char *bytes MIG_AUTOFREE = mig_alloc((size_t)len);
    ssize_t got = pread(screen->memory, bytes, (size_t)len, 0);
    struct mig_buf frame MIG_AUTOBUF;
    mig_buf_init(&frame, TUI_OUT_MAX);
    if (got > 0)
        tui_sgr_squeeze(&screen->sgr, bytes, (size_t)got, &frame);
    tui_term_add(&screen->term, frame.text, frame.len);
    if (ftruncate(screen->memory, 0) == 0)
        lseek(screen->memory, 0, SEEK_SET);
}

/* ncurses' own handlers end the process in the middle of things, and take signals that the loop waits for. */
static const int curses_takes[] = { SIGINT, SIGTERM, SIGTSTP, SIGWINCH };

static bool start_curses(struct tui_screen *screen, const char *term, struct mig_error *err)
{
    screen->memory = memfd_create("frame", MFD_CLOEXEC);
    screen->file = screen->memory >= 0 ? fdopen(screen->memory, "w") : NULL;
    screen->nothing = fopen("/dev/null", "re");
    if (!screen->file || !screen->nothing)
        return mig_fail(err, MIG_ERR_IO, "the screen cannot be set up: %s", strerror(errno));
    struct sigaction before[MIG_COUNT(curses_takes)];
    for (size_t i = 0; i < MIG_COUNT(curses_takes); i++)
        sigaction(curses_takes[i], NULL, &before[i]);
    unsetenv("LINES"); /* they would hide the real size, from us and from an editor we start */
    unsetenv("COLUMNS");
    screen->curses = newterm(term, screen->file, screen->nothing);
    for (size_t i = 0; i < MIG_COUNT(curses_takes); i++)
        sigaction(curses_takes[i], &before[i], NULL);
    if (!screen->curses)
        return mig_fail(err, MIG_ERR_IO, "the screen cannot be set up for TERM=%s", term);
    noecho();
    nonl();
    idlok(stdscr, TRUE);
    /* Where what is drawn in the last column wraps at once: whether it does nobody knows, as ever so many that are called "ansi"
     * or "cygwin" do not. */
    screen->spare_column = tui_terminfo_has("am") && !tui_terminfo_has("xenl");
    screen->sgr.strict = !tui_terminfo_has("msgr");
    const char *no_color = getenv("NO_COLOR");
    tui_flush_styles(screen->options.mono || (no_color && no_color[0]));
    return true;
}

/* What undoes all that enter has done, where the terminal may be anywhere. The leading ESC \ ends whatever sequence was cut. */
static size_t undoing(const struct tui_screen *screen, char *ret, size_t size)
{
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&out, size - 1);
    mig_buf_str(&out, "\033\\" MOUSE_OFF PASTE_OFF);
    mig_buf_str(&out, screen->titled ? TITLE_OFF : "");
    static const char *const names[] = { "sgr0", "cnorm", "rmcup" };
    for (size_t i = 0; i < MIG_COUNT(names); i++)
        tui_terminfo_add(&out, names[i]);
    memcpy(ret, out.text, out.len);
    return out.overflow ? 0 : out.len;
}

static void make_rescue(struct tui_screen *screen)
{
    char bytes[TUI_RESCUE_MAX];
    size_t len = undoing(screen, bytes, sizeof bytes);
    tui_term_rescue(&screen->term, bytes, len, screen->capture.before[STDERR_FILENO]);
}

/* ---- opening and closing ---- */

bool tui_screen_enter(struct tui_screen *screen)
{
    if (!tui_term_is_ours(&screen->term))
        return false;
    if (!screen->on && screen->options.fd == 0)
        tui_capture_start(&screen->capture);
    if (screen->options.fd == 0) {
        make_rescue(screen);
        tui_term_take(&screen->term);
    }
    screen->on = true;
    say(screen, PASTE_ON);
    if (screen->mouse)
        say(screen, MOUSE_ON);
    tui_screen_resize(screen);
    tui_screen_redraw(screen);
    return true;
}

void tui_screen_leave(struct tui_screen *screen)
{
    if (!screen->on)
        return;
    screen->on = false;
    if (screen->mouse)
        say(screen, MOUSE_OFF);
    say(screen, PASTE_OFF);
    if (screen->titled)
        say(screen, TITLE_OFF);
    endwin();
    collect(screen);
    char bytes[TUI_RESCUE_MAX];
    if (!tui_term_drain(&screen->term,
                        500)) /* it reads nothing: what it reads first, some day, is how to go back */
        tui_term_push(&screen->term, bytes, undoing(screen, bytes, sizeof bytes));
    screen->titled = false;
    if (screen->options.fd == 0) {
        tui_term_give_back(&screen->term);
        tui_term_release();
        tui_capture_stop(&screen->capture);
    }
}

struct tui_screen *tui_screen_open(const struct tui_screen_options *options, struct mig_error *err)
{
    struct tui_screen *screen = mig_alloc(sizeof *screen);
    screen->options = *options;
    screen->mouse = options->mouse;
    screen->memory = -1;
    screen->capture = (struct tui_capture){ .file = -1, .before = { -1, -1, -1 } };
    if (!tui_term_open(&screen->term, options->fd, err)) {
        free(screen);
        return NULL;
    }
    bool utf8 = !options->ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    tui_decode_init(&screen->decoder, utf8);
    const char *delay = getenv("ESCDELAY");
    int64_t ms;
    if (delay && mig_text_int(delay, 1, 10000, &ms))
        screen->decoder.escape_ms = (int)ms;
    const char *term =
        tui_terminfo_choose(options->term ? options->term : getenv("TERM"), screen->term.fd, err);
    if (!term || !start_curses(screen, term, err)) {
        tui_screen_close(screen);
        return NULL;
    }
    screen->canvas = tui_canvas_new(options->cols, options->rows, utf8);
    if (!tui_screen_enter(screen)) {
        mig_fail(err, MIG_ERR_IO, "another job has the terminal");
        mig_hint(err, "bring this one to the front: fg");
        tui_screen_close(screen);
        return NULL;
    }
    return screen;
}

void tui_screen_close(struct tui_screen *screen)
{
    if (!screen)
        return;
    tui_screen_leave(screen);
    if (screen->curses)
        delscreen(screen->curses);
    if (screen->file)
        fclose(screen->file);
    if (screen->nothing)
        fclose(screen->nothing);
    tui_canvas_free(screen->canvas);
    tui_canvas_free(screen->shown);
    tui_decode_done(&screen->decoder);
    tui_term_close(&screen->term);
    free(screen);
}

static bool told_to_end(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP) || sigismember(&pending, SIGINT));
}

/* Take a signal that is blocked and waits. */
static void forget(int number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    struct timespec now = { 0 };
    while (sigtimedwait(&set, NULL, &now) > 0)
        ;
}

void tui_screen_suspend(struct tui_screen *screen)
{
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigaddset(&stop, SIGTTIN);
    tui_screen_leave(screen);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    kill(0, SIGTSTP);
    /* In the background it stops again, as a shell's job should, unless it was told to end; an orphan can't stop, and must
     * not go round for ever. */
    for (int tries = 0; tries < 8; tries++) {
        pthread_sigmask(SIG_UNBLOCK, &stop, NULL); /* here it stops, and here it goes on */
        pthread_sigmask(SIG_BLOCK, &stop, NULL);
        if (tui_screen_enter(screen) || told_to_end())
            break;
        kill(0, SIGTTIN);
    }
    forget(SIGCONT); /* all that it asks for is done */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- drawing ---- */

struct tui_canvas *tui_screen_canvas(struct tui_screen *screen)
{
    return screen->canvas;
}

bool tui_screen_send(struct tui_screen *screen)
{
    return tui_term_send(&screen->term);
}

static void forget_shown(struct tui_screen *screen)
{
    tui_canvas_free(screen->shown);
    screen->shown = NULL;
}

/* Where it pays, a frame of its own between the last one and this: the last one, scrolled. It is never seen by itself, as both
 * go out in one write. */
static void scroll_rows(struct tui_screen *screen)
{
    if (!screen->shown || !tui_terminfo("csr")[0])
        return;
    struct tui_scroll rows = tui_scroll_choose(screen->shown, screen->canvas);
    if (rows.by == 0)
        return;
    tui_scroll_apply(screen->shown, &rows);
    tui_flush_canvas(screen->shown);
    doupdate();
}

static void keep(struct tui_screen *screen)
{
    const struct tui_canvas *canvas = screen->canvas;
    if (!screen->shown)
        screen->shown = tui_canvas_new(canvas->cols, canvas->rows, canvas->utf8);
    memcpy(screen->shown->cells, canvas->cells,
           (size_t)canvas->cols * (size_t)canvas->rows * sizeof *canvas->cells);
}

bool tui_screen_flush(struct tui_screen *screen)
{
    if (!tui_term_send(&screen->term))
        return false;
    if (!screen->on)
        return true;
    scroll_rows(screen);
    tui_flush_canvas(screen->canvas);
    doupdate();
    keep(screen);
    collect(screen);
    tui_term_send(&screen->term);
    return true;
}

void tui_screen_redraw(struct tui_screen *screen)
{
    tui_sgr_forget(&screen->sgr);
    forget_shown(screen);
    if (screen->on)
        clearok(curscr, TRUE);
}

static int at_most(int value, int most)
{
    return value < most ? value : most;
}

bool tui_screen_resize(struct tui_screen *screen)
{
    int cols = screen->options.cols, rows = screen->options.rows;
    if (cols == 0 && !tui_term_size(&screen->term, &cols, &rows)) {
        cols = 80;
        rows = 24;
    }
    cols = at_most(cols, TUI_COLS_MAX); /* ncurses counts in 16 bits, and falls over what is larger */
    rows = at_most(rows, TUI_ROWS_MAX);
    int drawn = screen->spare_column && cols > 1 ? cols - 1 : cols;
    if (cols == COLS && rows == LINES && drawn == screen->canvas->cols && rows == screen->canvas->rows)
        return false;
    resize_term(rows, cols);
    tui_canvas_resize(screen->canvas, drawn, rows);
    tui_screen_redraw(screen);
    return true;
}

uint64_t tui_screen_bytes(const struct tui_screen *screen)
{
    return screen->term.bytes;
}

int tui_screen_fd(const struct tui_screen *screen)
{
    return screen->term.fd;
}

/* ---- keys ---- */

bool tui_screen_read(struct tui_screen *screen)
{
    size_t room;
    char *bytes = tui_decode_room(&screen->decoder, &room);
    if (room == 0)
        return true;
    ssize_t n = read(screen->term.fd, bytes, room);
    if (n > 0)
        tui_decode_feed(&screen->decoder, (size_t)n);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

bool tui_screen_next(struct tui_screen *screen, struct tui_event *ret)
{
    return tui_decode_next(&screen->decoder, ret);
}

int tui_screen_wait_ms(const struct tui_screen *screen)
{
    return tui_decode_wait_ms(&screen->decoder);
}

static bool read_more(struct tui_screen *screen)
{
    unsigned batch = screen->decoder.batch;
    return tui_screen_read(screen) && screen->decoder.batch != batch;
}

/* Where this process was held up, the rest has come in time and nobody has read it yet. */
void tui_screen_expire(struct tui_screen *screen)
{
    if (!read_more(screen))
        tui_decode_expire(&screen->decoder);
}

/* Not by tcflush: it could take the beginning of a paste, and the rest would be keys. */
void tui_screen_drop_input(struct tui_screen *screen)
{
    int rounds = 0;
    do
        tui_decode_reset(&screen->decoder);
    while (rounds++ < DROP_ROUNDS && read_more(screen));
}

/* ---- clipboard, title, bell, mouse ---- */

static bool has_room(const struct tui_screen *screen)
{
    return screen->term.out.len - screen->term.sent < ASIDE_MAX;
}

static bool write_clip(const char *path, const char *text, size_t len, struct mig_error *err)
{
    int fd MIG_AUTOCLOSE = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return mig_fail(err, MIG_ERR_IO, "%s: %s", path, strerror(errno));
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, text + done, len - done);
        if (n <= 0)
            return mig_fail(err, MIG_ERR_IO, "%s: %s", path, strerror(errno));
        done += (size_t)n;
    }
    return true;
}

bool tui_screen_copy(struct tui_screen *screen, const char *text, size_t len, struct mig_error *err)
{
    size_t room = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
    bool fits = len <= TUI_CLIP_MAX;
    if (!fits && !screen->options.clip_path)
        return mig_fail(err, MIG_ERR_LIMIT, "%zu bytes are more than a terminal's clipboard takes (%d)", len,
                        TUI_CLIP_MAX);
    if (screen->on && fits && has_room(screen)) {
        char *encoded MIG_AUTOFREE = mig_alloc(room);
        sodium_bin2base64(encoded, room, (const unsigned char *)text, len, sodium_base64_VARIANT_ORIGINAL);
        say(screen, "\033]52;c;");
        say(screen, encoded);
        say(screen, "\a");
        tui_term_send(&screen->term);
    }
    return !screen->options.clip_path || write_clip(screen->options.clip_path, text, len, err);
}

void tui_screen_title(struct tui_screen *screen, const char *text)
{
    if (!screen->options.title || !screen->on || !has_room(screen))
        return;
    MIG_AUTOBUF struct mig_buf title;
    mig_buf_init(&title, TITLE_MAX * 16);
    mig_text_safe(&title, text, strlen(text), TITLE_MAX, false);
    for (size_t i = 0; i < title.len && !screen->canvas->utf8; i++)
        if ((unsigned char)title.text[i] >= 0x80)
            title.text[i] = '?';
    if (!screen->titled) {
        screen->titled = true;
        say(screen, TITLE_ON);
        if (screen->options.fd == 0)
            make_rescue(screen);
    }
    say(screen, "\033]2;");
    tui_term_add(&screen->term, title.text, title.len);
    say(screen, "\a");
    tui_term_send(&screen->term);
}

void tui_screen_bell(struct tui_screen *screen)
{
    if (!screen->options.bell || !screen->on || !has_room(screen))
        return;
    say(screen, "\a");
    tui_term_send(&screen->term);
}

void tui_screen_mouse(struct tui_screen *screen, bool on)
{
    if (screen->mouse == on)
        return;
    screen->mouse = on;
    if (!screen->on)
        return;
    say(screen, on ? MOUSE_ON : MOUSE_OFF);
    tui_term_send(&screen->term);
}
