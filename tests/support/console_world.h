/* console_world.h - a console without a terminal and without servers: three environments that nobody answers for, the last of them
 * protected, and children that are counted instead of started.
 */
#ifndef MIG_TESTS_CONSOLE_WORLD_H
#define MIG_TESTS_CONSOLE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "views/console_private.h"

#include <cmocka.h>

#define CONSOLE_DEADLINE_MS 20000

struct console_world {
    char dir[64];
    struct mig_host *host;
    struct mig_host_ops ops;
    struct cfg_environment envs[3]; /* development, test, and prod, which is protected */
    struct cfg_config config;
    struct mig_app app;
    struct console *console;
    struct tui_canvas *canvas;
};

/* Children: each takes a moment to be there (slow_ms), or none comes while hold is set. */
struct console_children {
    atomic_int started;
    atomic_int slow_ms;
    atomic_bool hold;
    char words[1024]; /* of the last one, separated by blanks */
};
extern struct console_children console_children;

int console_world_setup(void **state);
int console_world_setup_readonly(void **state);
int console_world_teardown(void **state);

/* The screen at this size; the caller frees. */
char *console_world_screen(struct console_world *w, int cols, int rows);
/* A key that was pressed by itself. */
void console_world_key(struct console_world *w, uint32_t which);
void console_world_type(struct console_world *w, const char *text);
void console_world_says(struct console_world *w, const char *part);
/* Wait until done(w), taking in what comes. */
void console_world_wait(struct console_world *w, bool (*done)(struct console_world *w));
/* Nothing that was started goes on. */
bool console_world_acts_over(struct console_world *w);
/* A question about something that needs no server is open: the mark of a migration by hand, in a window for writing. */
void console_world_ask_mark(struct console_world *w, const char *env);
/* Wait until every environment has failed to answer. */
void console_world_settle(struct console_world *w);

#endif
