/* probe.c - a small program on tui_screen and tui_loop, for the tests in this folder. Not shipped.
 *
 * usage: terminal_probe REPORT [ascii] [mono] [title] [storm]
 * Shows its size, the last key, ticks and wakes; writes how it ended to REPORT. Keys: q ends it, p prints on standard
 * error, c crashes, o runs out of stack, e calls exit(3), i ends it twenty ticks later.
 */
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tui/loop.h"

#define TICK_MS 20

struct probe {
    struct tui_screen *screen;
    struct tui_loop *loop;
    char key[TUI_KEY_NAME_MAX];
    size_t keys, pasted, ticks, last_tick;
    atomic_ulong wakes;
    atomic_bool over;
};

static void draw(void *ctx, struct tui_canvas *canvas)
{
    struct probe *probe = ctx;
    struct tui_pane all = tui_pane_all(canvas);
    struct tui_pane in = tui_frame(&all, TUI_BORDER, "probe é", NULL);
    tui_printf(&in, 0, 0, TUI_STRONG, "size %dx%d", canvas->cols, canvas->rows);
    tui_printf(&in, 0, 1, TUI_PLAIN, "key %zu %s", probe->keys, probe->key);
    tui_printf(&in, 0, 2, TUI_PLAIN, "pasted %zu", probe->pasted);
    tui_printf(&in, 0, 3, TUI_PLAIN, "wakes %lu", atomic_load(&probe->wakes));
}

static size_t deeper(size_t depth)
{
    volatile char room[4096];
    room[depth % sizeof room] = 1;
    return depth == SIZE_MAX ? 0 : deeper(depth + 1) + (size_t)room[depth % sizeof room];
}

static void on_key(void *ctx, const struct tui_event *event)
{
    struct probe *probe = ctx;
    if (event->key != TUI_KEY_RESIZE) {
        probe->keys++;
        tui_key_name(event->key, probe->key);
    }
    probe->pasted += event->paste_len;
    switch (event->key) {
    case 'q': tui_loop_stop(probe->loop); break;
    case 'p': fprintf(stderr, "a library \033[31msays\n"); break;
    case 'c': raise(SIGSEGV); break;
    case 'o': probe->keys += deeper(probe->keys); break;
    case 'e': exit(3);
    case 'i': probe->last_tick = probe->ticks + 20; break;
    default: break;
    }
}

static void on_wake(void *ctx)
{
    struct probe *probe = ctx;
    tui_loop_draw(probe->loop);
}

static void on_tick(void *ctx)
{
    struct probe *probe = ctx;
    if (++probe->ticks == probe->last_tick)
        tui_loop_stop(probe->loop);
    tui_loop_tick_at(probe->loop, tui_loop_now() + TICK_MS);
}

/* Ten thousand messages a second. */
static void *storm(void *ctx)
{
    struct probe *probe = ctx;
    while (!atomic_load(&probe->over)) {
        for (int i = 0; i < 10; i++) {
            atomic_fetch_add(&probe->wakes, 1);
            tui_loop_wake(probe->loop);
        }
        usleep(1000); // sets the rate of what it sends; nobody waits for it
    }
    return NULL;
}

static void report(const char *path, const struct probe *probe, int ended_by, int64_t ran_ms)
{
    char next[4096];
    snprintf(next, sizeof next, "%s.next", path);
    FILE *file = fopen(next, "we");
    if (!file)
        return;
    struct tui_loop_counts counts = tui_loop_counts(probe->loop);
    fprintf(
        file,
        "{\"ended_by\": %d, \"ran_ms\": %lld, \"frames\": %llu, \"wakeups\": %llu, \"ticks\": %zu, \"bytes\": %llu}\n",
        ended_by, (long long)ran_ms, (unsigned long long)counts.frames, (unsigned long long)counts.wakeups,
        probe->ticks, (unsigned long long)tui_screen_bytes(probe->screen));
    fclose(file);
    rename(next, path);
}

int main(int argc, char **argv)
{
    tui_loop_block();
    setlocale(LC_CTYPE, "");
    if (argc < 2)
        return 64;
    struct tui_screen_options options = { 0 };
    bool stormy = false;
    for (int i = 2; i < argc; i++) {
        options.ascii |= strcmp(argv[i], "ascii") == 0;
        options.mono |= strcmp(argv[i], "mono") == 0;
        options.title |= strcmp(argv[i], "title") == 0;
        stormy |= strcmp(argv[i], "storm") == 0;
    }
    struct mig_error err = { 0 };
    struct probe probe = { 0 };
    probe.screen = tui_screen_open(&options, &err);
    if (!probe.screen) {
        fprintf(stderr, "probe: %s\n%s\n", err.message, err.hint);
        return mig_error_exit(err.code);
    }
    tui_screen_title(probe.screen, "probe");
    struct tui_loop_hooks hooks = { &probe, on_key, draw, on_wake, on_tick };
    probe.loop = tui_loop_open(probe.screen, &hooks, &err);
    if (!probe.loop) {
        tui_screen_close(probe.screen);
        fprintf(stderr, "probe: %s\n", err.message);
        return 1;
    }
    pthread_t thread;
    if (stormy && pthread_create(&thread, NULL, storm, &probe) != 0)
        return 1;
    int64_t began = tui_loop_now();
    tui_loop_tick_at(probe.loop, began + TICK_MS);
    int ended_by = tui_loop_run(probe.loop);
    int64_t ran_ms = tui_loop_now() - began;
    atomic_store(&probe.over, true);
    if (stormy)
        pthread_join(thread, NULL);
    report(argv[1], &probe, ended_by, ran_ms);
    tui_loop_close(probe.loop);
    tui_screen_close(probe.screen);
    if (!ended_by) /* a terminal that is not read would hold it up */
        printf("probe ended by %d\n", ended_by);
    return ended_by ? 128 + ended_by : 0;
}
