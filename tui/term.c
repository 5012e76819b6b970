/* term.c - modes, bytes and rescue of the terminal. */
#include "tui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rows.h"

#define KEPT_MAX (1UL << 20) /* of what a large frame took */

/* ---- rescue ---- */

/* Written before .armed, which is all that a handler trusts. */
static struct {
    atomic_bool armed;
    int fd, stderr_fd;
    bool is_tty;
    struct termios before;
    char bytes[TUI_RESCUE_MAX];
    size_t len;
} rescue;

static const int deadly[] = { SIGSEGV, SIGBUS,    SIGILL,  SIGFPE,  SIGABRT, SIGSYS,
                              SIGQUIT, SIGTRAP,   SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU,
                              SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,  SIGSTKFLT };
static struct sigaction before_us[MIG_COUNT(deadly)];

/* Only calls that a signal handler may make. */
static void rescue_now(void)
{
    if (!atomic_exchange(&rescue.armed, false))
        return;
    for (size_t done = 0, tries = 0; done < rescue.len && tries < 20; tries++) {
        ssize_t n = write(rescue.fd, rescue.bytes + done, rescue.len - done);
        if (n > 0) {
            done += (size_t)n;
        } else {
            struct pollfd wait = { .fd = rescue.fd, .events = POLLOUT };
            if (poll(&wait, 1, 25) == 0 && tries == 10 && rescue.is_tty)
                tcflush(rescue.fd, TCOFLUSH); /* nobody reads: these bytes matter more than a frame */
        }
    }
    if (rescue.is_tty && tcgetpgrp(rescue.fd) == getpgrp())
        tcsetattr(rescue.fd, TCSANOW, &rescue.before);
    if (rescue.stderr_fd >= 0)
        dup2(rescue.stderr_fd, STDERR_FILENO);
}

static void on_deadly(int number)
{
    int saved = errno;
    rescue_now();
    for (size_t i = 0; i < MIG_COUNT(deadly); i++)
        if (deadly[i] == number)
            sigaction(number, &before_us[i], NULL);
    errno = saved;
    raise(number); /* blocked until we return, and then does what it would have done without us */
}

static void install_handlers(void)
{
    static char stack[64 * 1024];
    static bool installed;
    if (installed)
        return;
    installed = true;
    atexit(rescue_now);
    stack_t other = { .ss_sp = stack, .ss_size = sizeof stack };
    stack_t now;
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE))
        sigaltstack(&other, NULL);
    for (size_t i = 0; i < MIG_COUNT(deadly); i++) {
        struct sigaction ours = { .sa_handler = on_deadly, .sa_flags = SA_ONSTACK };
        sigfillset(&ours.sa_mask);
        sigaction(deadly[i], NULL, &before_us[i]);
        if (before_us[i].sa_handler != SIG_IGN)
            sigaction(deadly[i], &ours, NULL);
    }
}

void tui_term_rescue(const struct tui_term *term, const char *bytes, size_t len, int stderr_fd)
{
    atomic_store(&rescue.armed, false);
    rescue.fd = term->fd;
    rescue.is_tty = term->is_tty;
    rescue.before = term->before;
    rescue.stderr_fd = stderr_fd;
    rescue.len = len < sizeof rescue.bytes ? len : 0;
    memcpy(rescue.bytes, bytes, rescue.len);
    install_handlers();
    atomic_store(&rescue.armed, true);
}

void tui_term_release(void)
{
    atomic_store(&rescue.armed, false);
}

/* ---- the device ---- */

static int open_anew(void)
{
    /* A description of its own: O_NONBLOCK on the shell's would outlive us. */
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return fd >= 0 ? fd : open("/proc/self/fd/0", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

bool tui_term_open(struct tui_term *term, int fd, struct mig_error *err)
{
    *term = (struct tui_term){ .fd = fd };
    if (fd == 0) {
        bool in = isatty(STDIN_FILENO), out = isatty(STDOUT_FILENO);
        term->fd = in && out ? open_anew() : -1;
        term->own_fd = true;
        if (!in || !out) {
            mig_fail(err, MIG_ERR_USAGE, "the console needs a terminal, and standard %s is none",
                     in ? "output" : "input");
            return mig_hint(err, "commands work without one: migtui status, migtui help");
        }
        if (term->fd < 0)
            return mig_fail(err, MIG_ERR_IO, "the terminal cannot be opened: %s", strerror(errno));
        signal(SIGTTOU, SIG_IGN);
    }
    term->is_tty = tcgetattr(term->fd, &term->before) == 0;
    mig_buf_init(&term->out, TUI_OUT_MAX);
    return true;
}

void tui_term_close(struct tui_term *term)
{
    tui_term_drain(term, 500);
    mig_buf_done(&term->out);
    if (term->own_fd) {
        close(term->fd);
        signal(SIGTTOU, SIG_DFL);
    }
}

bool tui_term_is_ours(const struct tui_term *term)
{
    return !term->own_fd || tcgetpgrp(term->fd) == getpgrp();
}

void tui_term_take(struct tui_term *term)
{
    if (!term->is_tty || !tui_term_is_ours(term))
        return;
    struct termios ours = term->before; /* of the opening: later ones may be our own, put back by a shell */
    ours.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON | IXOFF);
    ours.c_oflag &= ~(tcflag_t)OPOST;
    ours.c_cflag |= CS8;
    ours.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
    ours.c_lflag |= ISIG;
    ours.c_cc[VINTR] = ours.c_cc[VSUSP] = _POSIX_VDISABLE;
    ours.c_cc[VMIN] = 1;
    ours.c_cc[VTIME] = 0;
    tcsetattr(term->fd, TCSANOW, &ours);
}

void tui_term_give_back(struct tui_term *term)
{
    if (term->is_tty && tui_term_is_ours(term))
        tcsetattr(term->fd, TCSANOW, &term->before);
}

void tui_term_add(struct tui_term *term, const char *bytes, size_t len)
{
    mig_buf_add(&term->out, bytes, len);
    term->bytes += len;
}

static void drop(struct tui_term *term)
{
    term->sent = 0;
    mig_buf_reset(&term->out);
    if (term->out.room > KEPT_MAX) {
        mig_buf_done(&term->out);
        mig_buf_init(&term->out, TUI_OUT_MAX);
    }
}

bool tui_term_send(struct tui_term *term)
{
    while (term->sent < term->out.len && !term->gone) {
        ssize_t n = write(term->fd, term->out.text + term->sent, term->out.len - term->sent);
        if (n > 0)
            term->sent += (size_t)n;
        else if (n < 0 && errno == EAGAIN)
            return false;
        else if (n == 0 || errno != EINTR)
            term->gone = true;
    }
    drop(term);
    return true;
}

bool tui_term_drain(struct tui_term *term, int ms)
{
    enum { STEP = 25 };
    bool sent;
    for (; !(sent = tui_term_send(term)) && ms > 0; ms -= STEP) {
        struct pollfd wait = { .fd = term->fd, .events = POLLOUT };
        poll(&wait, 1, STEP);
    }
    drop(term);
    return sent;
}

void tui_term_push(struct tui_term *term, const char *bytes, size_t len)
{
    drop(term);
    if (term->is_tty)
        tcflush(term->fd, TCOFLUSH);
    tui_term_add(term, bytes, len);
    tui_term_drain(term, 0);
}

bool tui_term_size(const struct tui_term *term, int *cols, int *rows)
{
    struct winsize size;
    if (ioctl(term->fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return false;
    *cols = size.ws_col;
    *rows = size.ws_row;
    return true;
}
