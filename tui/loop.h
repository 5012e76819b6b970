/* loop.h - what the UI thread waits for: keys, messages of other threads, the clock, signals.
 *
 * libuv underneath. Draws at most 20 times a second and only when something asked for it; wakes for nothing else but a
 * tick that is due. Signals reach it through a file descriptor and stay blocked in every thread (tui_loop_block before the
 * first thread starts), so no handler ever runs: SIGTERM, SIGHUP and SIGINT end the loop in the normal way, SIGTSTP
 * suspends, SIGCONT and SIGWINCH draw anew. A terminal that hangs up ends it too.
 */
#ifndef TUI_LOOP_H
#define TUI_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "tui/screen.h"

#define TUI_FRAME_MS 50

struct tui_loop;

struct tui_loop_hooks {
    void *ctx;
    void (*key)(void *ctx, const struct tui_event *event); /* also TUI_KEY_RESIZE and TUI_KEY_PASTE */
    void (*draw)(void *ctx, struct tui_canvas *canvas);    /* the canvas is blank */
    void (*wake)(void *ctx); /* tui_loop_wake was called, once or more; may be NULL */
    void (*tick)(void *ctx); /* the time of tui_loop_tick_at has come; may be NULL */
};

/* Block in the calling thread, and so in all that it starts, the signals that the loop takes. */
void tui_loop_block(void);

struct tui_loop *tui_loop_open(struct tui_screen *screen, const struct tui_loop_hooks *hooks,
                               struct mig_error *err);
void tui_loop_close(struct tui_loop *loop);
/* Until tui_loop_stop, a signal or the end of the terminal. Returns the number of the signal that ended it, SIGHUP for a
 * terminal that is gone, 0 when it was stopped. The screen is still ours afterwards. */
int tui_loop_run(struct tui_loop *loop);
void tui_loop_stop(struct tui_loop *loop);

void tui_loop_draw(
    struct tui_loop *loop); /* something has changed: draw within a frame. After each key it does so itself */
void tui_loop_drop_keys(
    struct tui_loop *loop); /* typed ahead (tui_screen_drop_input): call when a dialog opens */
void tui_loop_tick_at(struct tui_loop *loop,
                      int64_t at_ms);      /* monotonic, tui_loop_now; 0: never. The last call counts */
int64_t tui_loop_now(void);                /* CLOCK_MONOTONIC in milliseconds */
void tui_loop_wake(struct tui_loop *loop); /* from any thread */
uv_loop_t *tui_loop_uv(
    struct tui_loop *loop); /* for file watchers and child processes; close them before the loop */

struct tui_loop_counts {
    uint64_t frames, wakeups, ticks;
};
struct tui_loop_counts tui_loop_counts(const struct tui_loop *loop);

#endif
