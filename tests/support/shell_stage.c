/* shell_stage.c - see shell_stage.h. */
#include "support/shell_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int64_t wall_ms(struct mig_host *host)
{
    return WORLD_WALL_MS + ((struct host_fake *)(void *)host)->now_ms - WORLD_NOW_MS;
}

static void fill_story(struct snapshot_world *world)
{
    world_story(world);
    world_plan(world, "prod", "", false);
}

static void open_console(struct shell_stage *stage, bool utf8)
{
    host_fake_init(&stage->host);
    stage->host.now_ms = WORLD_NOW_MS;
    stage->ops = *stage->host.base.ops;
    stage->ops.wall_ms = wall_ms;
    stage->host.base.ops = &stage->ops;
    stage->app =
        (struct mig_app){ .config = stage->world.config, .host = &stage->host.base, .operator_name = "ana" };
    struct console_options options = { .app = &stage->app, .utf8 = utf8 };
    stage->console = console_new(&options);
    mig_unshare(stage->console->snapshot);
    stage->console->snapshot = mig_share(stage->world.snapshot);
}

void shell_stage_open(struct shell_stage *stage, bool utf8, void (*fill)(struct snapshot_world *world))
{
    *stage = (struct shell_stage){ 0 };
    snapshot_world_init(&stage->world);
    (fill ? fill : fill_story)(&stage->world);
    open_console(stage, utf8);
    struct view *top = console_top(stage->console);
    struct view_frame frame = console_frame(stage->console);
    top->class->update(top, &frame);
}

void shell_stage_close(struct shell_stage *stage)
{
    assert_true(console_free(stage->console, 0));
    snapshot_world_end(&stage->world);
}

void shell_stage_lend(struct shell_stage *stage, bool utf8, const struct snapshot_world *world,
                      struct view *view)
{
    *stage = (struct shell_stage){ .world = *world };
    open_console(stage, utf8);
    stage->console->stack[stage->console->depth++] = view;
}

void shell_stage_give_back(struct shell_stage *stage)
{
    stage->console->depth--;
    assert_true(console_free(stage->console, 0));
}

void shell_stage_press(struct shell_stage *stage, uint32_t key)
{
    static unsigned batch;
    struct tui_event event = { .key = key, .batch = ++batch };
    console_key(stage->console, &event);
}

void shell_stage_type(struct shell_stage *stage, const char *text)
{
    for (; *text; text++)
        shell_stage_press(stage, (unsigned char)*text);
}
