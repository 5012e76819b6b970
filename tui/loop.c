/* loop.c - one libuv loop; every callback ends by asking for a frame or a timer, and draws nothing itself. */
#include "tui/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

struct tui_loop {
    uv_loop_t uv;
    uv_poll_t tty, signals;
    uv_async_t async;
    uv_timer_t frame, tick, rest; /* rest: of a key that is not complete */
    uv_check_t turn;
    struct tui_screen *screen;
    struct tui_loop_hooks hooks;
    struct tui_loop_counts counts;
    int signal_fd;
    int64_t drawn_ms, tick_ms;
    int cols, rows; /* that the hooks know of */
    bool wanted;    /* a frame */
    bool running;
    int ended_by;
};

static void taken(sigset_t *set)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH };
    sigemptyset(set);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaddset(set, numbers[i]);
}

void tui_loop_block(void)
{
    sigset_t set;
    taken(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int64_t tui_loop_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void end(struct tui_loop *loop, int number)
{
    loop->running = false;
    if (loop->ended_by == 0)
        loop->ended_by = number;
    uv_stop(&loop->uv);
}

void tui_loop_stop(struct tui_loop *loop)
{
    end(loop, 0);
}

/* ---- frames ---- */

static void watch_tty(struct tui_loop *loop, bool for_writing);

static void on_frame(uv_timer_t *timer)
{
    struct tui_loop *loop = timer->data;
    if (!loop->wanted || !loop->running)
        return;
    if (!tui_screen_send(loop->screen)) { /* it has not taken the last one yet */
        watch_tty(loop, true);
        return;
    }
    loop->wanted = false;
    loop->drawn_ms = tui_loop_now();
    loop->counts.frames++;
    struct tui_canvas *canvas = tui_screen_canvas(loop->screen);
    tui_canvas_blank(canvas);
    loop->hooks.draw(loop->hooks.ctx, canvas);
    tui_screen_flush(loop->screen);
    if (!tui_screen_send(loop->screen))
        watch_tty(loop, true);
}

/* As soon as a twentieth of a second lies between this frame and the last. */
static void start_timer(struct tui_loop *loop, uv_timer_t *timer, uv_timer_cb cb, int64_t at_ms)
{
    int64_t wait = at_ms - tui_loop_now();
    uv_update_time(&loop->uv);
    uv_timer_start(timer, cb, wait > 0 ? (uint64_t)wait : 0, 0);
}

void tui_loop_draw(struct tui_loop *loop)
{
    if (loop->wanted)
        return;
    loop->wanted = true;
    start_timer(loop, &loop->frame, on_frame, loop->drawn_ms + TUI_FRAME_MS);
}

/* ---- keys ---- */

static void on_rest(uv_timer_t *timer);

static void tell_size(struct tui_loop *loop)
{
    struct tui_event event = { .key = TUI_KEY_RESIZE };
    tui_screen_resize(loop->screen);
    const struct tui_canvas *canvas = tui_screen_canvas(loop->screen);
    if (canvas->cols != loop->cols || canvas->rows != loop->rows) {
        loop->cols = canvas->cols;
        loop->rows = canvas->rows;
        loop->hooks.key(loop->hooks.ctx, &event);
    }
    tui_loop_draw(loop);
}

static void suspend(struct tui_loop *loop)
{
    tui_screen_suspend(loop->screen);
    tell_size(loop);
}

static void take_key(struct tui_loop *loop, const struct tui_event *event)
{
    if (event->key == (TUI_KEY_CTRL | 'z'))
        suspend(loop);
    else if (event->key == (TUI_KEY_CTRL | 'l'))
        tui_screen_redraw(loop->screen);
    else
        loop->hooks.key(loop->hooks.ctx, event);
    tui_loop_draw(loop);
}

static void wait_for_rest(struct tui_loop *loop)
{
    int wait = tui_screen_wait_ms(loop->screen);
    if (wait >= 0)
        start_timer(loop, &loop->rest, on_rest, tui_loop_now() + wait);
    else
        uv_timer_stop(&loop->rest);
}

static void take_keys(struct tui_loop *loop)
{
    struct tui_event event;
    while (loop->running && tui_screen_next(loop->screen, &event))
        take_key(loop, &event);
    wait_for_rest(loop);
}

void tui_loop_drop_keys(struct tui_loop *loop)
{
    tui_screen_drop_input(loop->screen);
    wait_for_rest(loop);
}

static void on_rest(uv_timer_t *timer)
{
    struct tui_loop *loop = timer->data;
    tui_screen_expire(loop->screen);
    take_keys(loop);
}

static void on_tty(uv_poll_t *poll, int status, int events)
{
    struct tui_loop *loop = poll->data;
    if (events & UV_WRITABLE && tui_screen_send(loop->screen)) {
        watch_tty(loop, false);
        if (loop->wanted)
            start_timer(loop, &loop->frame, on_frame, loop->drawn_ms + TUI_FRAME_MS);
    }
    bool alive = status == 0 && !(events & UV_DISCONNECT);
    if (events & UV_READABLE) {
        alive = tui_screen_read(loop->screen) && alive;
        take_keys(loop);
    }
    if (!alive)
        end(loop, SIGHUP);
}

static void watch_tty(struct tui_loop *loop, bool for_writing)
{
    int events = UV_READABLE | UV_DISCONNECT | (for_writing ? UV_WRITABLE : 0);
    if (loop->running && uv_poll_start(&loop->tty, events, on_tty) != 0)
        end(loop, SIGHUP);
}

/* ---- signals, messages, the clock ---- */

static void take_signal(struct tui_loop *loop, int number)
{
    switch (number) {
    case SIGWINCH: tell_size(loop); break;
    case SIGTSTP: suspend(loop); break;
    case SIGCONT: /* stopped by others, and the shell has changed the terminal: take it again, all of it */
        if (!tui_screen_enter(loop->screen))
            tui_screen_suspend(loop->screen);
        tell_size(loop);
        break;
    default: end(loop, number);
    }
}

static void on_signal(uv_poll_t *poll, int status, int events)
{
    struct tui_loop *loop = poll->data;
    (void)status;
    (void)events;
    struct signalfd_siginfo info;
    while (loop->running && read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        take_signal(loop, (int)info.ssi_signo);
}

static void on_wake(uv_async_t *async)
{
    struct tui_loop *loop = async->data;
    if (loop->hooks.wake && loop->running)
        loop->hooks.wake(loop->hooks.ctx);
}

void tui_loop_wake(struct tui_loop *loop)
{
    uv_async_send(&loop->async);
}

static void on_tick(uv_timer_t *timer)
{
    struct tui_loop *loop = timer->data;
    if (tui_loop_now() < loop->tick_ms) { /* libuv's clock is a little behind */
        start_timer(loop, timer, on_tick, loop->tick_ms);
        return;
    }
    loop->tick_ms = 0;
    loop->counts.ticks++;
    if (loop->hooks.tick && loop->running)
        loop->hooks.tick(loop->hooks.ctx);
}

void tui_loop_tick_at(struct tui_loop *loop, int64_t at_ms)
{
    loop->tick_ms = at_ms;
    if (at_ms == 0)
        uv_timer_stop(&loop->tick);
    else
        start_timer(loop, &loop->tick, on_tick, at_ms);
}

static void on_turn(uv_check_t *check)
{
    struct tui_loop *loop = check->data;
    loop->counts.wakeups++;
}

struct tui_loop_counts tui_loop_counts(const struct tui_loop *loop)
{
    return loop->counts;
}

uv_loop_t *tui_loop_uv(struct tui_loop *loop)
{
    return &loop->uv;
}

/* ---- opening, running, closing ---- */

static bool start(struct tui_loop *loop, struct mig_error *err)
{
    sigset_t set;
    taken(&set);
    tui_loop_block();
    loop->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (loop->signal_fd < 0)
        return mig_fail(err, MIG_ERR_IO, "signals cannot be waited for: %s", strerror(errno));
    int wrong = uv_poll_init(&loop->uv, &loop->tty, tui_screen_fd(loop->screen));
    if (wrong)
        return mig_fail(err, MIG_ERR_IO, "the terminal cannot be waited for: %s", uv_strerror(wrong));
    uv_poll_init(&loop->uv, &loop->signals, loop->signal_fd);
    uv_async_init(&loop->uv, &loop->async, on_wake);
    uv_timer_init(&loop->uv, &loop->frame);
    uv_timer_init(&loop->uv, &loop->tick);
    uv_timer_init(&loop->uv, &loop->rest);
    uv_check_init(&loop->uv, &loop->turn);
    loop->tty.data = loop->signals.data = loop->async.data = loop;
    loop->frame.data = loop->tick.data = loop->rest.data = loop->turn.data = loop;
    uv_poll_start(&loop->signals, UV_READABLE, on_signal);
    uv_check_start(&loop->turn, on_turn);
    return true;
}

struct tui_loop *tui_loop_open(struct tui_screen *screen, const struct tui_loop_hooks *hooks,
                               struct mig_error *err)
{
    struct tui_loop *loop = mig_alloc(sizeof *loop);
    loop->screen = screen;
    loop->hooks = *hooks;
    loop->cols = tui_screen_canvas(screen)->cols;
    loop->rows = tui_screen_canvas(screen)->rows;
    loop->drawn_ms = tui_loop_now() - TUI_FRAME_MS;
    uv_loop_init(&loop->uv);
    if (!start(loop, err)) {
        tui_loop_close(loop);
        return NULL;
    }
    return loop;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void tui_loop_close(struct tui_loop *loop)
{
    if (!loop)
        return;
    uv_walk(&loop->uv, close_handle, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    if (loop->signal_fd >= 0)
        close(loop->signal_fd);
    free(loop);
}

int tui_loop_run(struct tui_loop *loop)
{
    loop->running = true;
    loop->ended_by = 0;
    watch_tty(loop, false);
    tui_loop_draw(loop);
    while (loop->running)
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_poll_stop(&loop->tty);
    return loop->ended_by;
}
