/* shell_stage.h - a whole console on a world of snapshot_world.h: nobody is looked at, no clock runs, nothing is started.
 *
 * Draw it with console_draw(stage->console, canvas).
 */
#ifndef MIG_TESTS_SHELL_STAGE_H
#define MIG_TESTS_SHELL_STAGE_H

#include "fakes/host_fake.h"
#include "support/snapshot_world.h"
#include "views/console_private.h"

struct shell_stage {
    struct snapshot_world world;
    struct host_fake host; /* its clock: WORLD_NOW_MS, and WORLD_WALL_MS */
    struct mig_host_ops ops;
    struct mig_app app;
    struct console *console;
};

/* fill: puts files and answers into a world that was just opened; NULL: the story, with a plan for prod. */
void shell_stage_open(struct shell_stage *stage, bool utf8, void (*fill)(struct snapshot_world *world));
void shell_stage_close(struct shell_stage *stage);

/* The console on the world of somebody else, with his view on top; without taking either. */
void shell_stage_lend(struct shell_stage *stage, bool utf8, const struct snapshot_world *world,
                      struct view *view);
void shell_stage_give_back(struct shell_stage *stage);

/* A key that was pressed by itself; a text key by key. */
void shell_stage_press(struct shell_stage *stage, uint32_t key);
void shell_stage_type(struct shell_stage *stage, const char *text);

#endif
