/* The whole screen as a terminal emulator shows it: header, tabs, view, message and hints, and what lies over them; at every
 * size, in colour, without it, and in ASCII. One golden a story: tests/golden/shell-<story>.txt; UPDATE_GOLDEN=1 writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "support/golden.h"
#include "support/shell_stage.h"
#include "support/vterm_screen.h"

/* ---- stories ---- */

static void matrix(struct shell_stage *stage)
{
    (void)stage;
}

static void plan(struct shell_stage *stage)
{
    console_command(stage->console, "view plan --env prod");
}

/* Of one environment there is none; one's is hostile. */
static void audit_heads(struct shell_stage *stage)
{
    static const char *const dev[] = { "{\"digest\": \"d1c0\\u001b[1mab12\"}", NULL };
    static const char *const prod[] = {
        "{\"digest\": \"4be1c9e7b04e1f6f3d3b7ba7a3b7b2a6d1d7a9c0e5f4030201000f0e0d0c0b0a\"}", NULL
    };
    world_answer(&stage->world, MIG_QUERY_AUDIT_HEAD, "dev", NULL, world_rows(dev));
    world_answer(&stage->world, MIG_QUERY_AUDIT_HEAD, "prod", NULL, world_rows(prod));
}

static void errors(struct shell_stage *stage)
{
    console_command(stage->console, "view errors");
}

static void refused(struct shell_stage *stage)
{
    console_command(stage->console, "apply --env prod");
}

static void help(struct shell_stage *stage)
{
    shell_stage_press(stage, '?');
}

static void palette(struct shell_stage *stage)
{
    shell_stage_type(stage, ":view r");
    shell_stage_press(stage, TUI_KEY_TAB);
}

static void given_rw(struct shell_stage *stage, const char *env)
{
    world_snap(&stage->world, env)->writable_until_ms = WORLD_NOW_MS + 540000;
}

static void confirm_protected(struct shell_stage *stage)
{
    given_rw(stage, "prod");
    console_command(stage->console, "mark 20261118090000 applied --env prod");
    shell_stage_type(stage, "shop");
    shell_stage_press(stage, TUI_KEY_BACKTAB);
    shell_stage_type(stage, "done by hand in CHG-2291");
}

static void confirm_on(struct shell_stage *stage, const char *env)
{
    char line[64];
    given_rw(stage, env);
    world_plan_all(&stage->world, env, false);
    const struct mig_snap_answer *answer =
        mig_snapshot_answer(stage->world.snapshot, MIG_QUERY_PLAN, world_env(&stage->world, env), "");
    world_answer(&stage->world, MIG_QUERY_PLAN, env, "apply", mig_share(answer->value));
    snprintf(line, sizeof line, "apply --env %s", env);
    console_command(stage->console, line);
    stage->console->confirm.asked_ms = 0; /* the plan has come */
    console_confirm_news(stage->console);
}

static void confirm(struct shell_stage *stage)
{
    confirm_on(stage, "test");
}

static void confirm_closed(struct shell_stage *stage)
{
    confirm_on(stage, "prod");
}

static const struct story {
    const char *name;
    void (*tell)(struct shell_stage *stage);
} stories[] = {
    { "matrix", matrix },
    { "plan", plan },
    { "errors", errors },
    { "audit-heads", audit_heads },
    { "refused", refused },
    { "help", help },
    { "palette", palette },
    { "confirm", confirm },
    { "confirm-closed", confirm_closed },
    { "confirm-protected", confirm_protected },
};

/* ---- pictures ---- */

static const struct picture {
    int cols, rows;
    bool ascii, mono, looks;
} pictures[] = {
    { 120, 36, false, false, false }, { 80, 24, false, false, false }, { 60, 15, false, false, false },
    { 40, 10, false, false, false },  { 120, 36, true, false, false }, { 80, 24, true, false, false },
    { 60, 15, true, false, false },   { 40, 10, true, false, false },  { 120, 36, false, false, true },
    { 80, 24, false, false, true },   { 40, 10, false, false, true },  { 120, 36, false, true, true },
    { 80, 24, false, true, true },    { 40, 10, false, true, true },
};

static void add_picture(const struct story *story, const struct picture *picture, struct mig_buf *out)
{
    struct shell_stage stage;
    struct vterm_screen vterm;
    struct vterm_screen_options options = {
        .cols = picture->cols, .rows = picture->rows, .ascii = picture->ascii, .mono = picture->mono
    };
    shell_stage_open(&stage, !picture->ascii, NULL);
    vterm_screen_open(&vterm, &options);
    console_draw(stage.console, vterm.canvas); /* a frame before, as in life: acts want to know the size */
    story->tell(&stage);
    tui_canvas_blank(vterm.canvas);
    console_draw(stage.console, vterm.canvas);
    vterm_screen_frame(&vterm);
    vterm_screen_shows_canvas(&vterm, story->name);
    mig_buf_printf(out, "-- %dx%d%s%s\n", picture->cols, picture->rows, picture->ascii ? " ascii" : "",
                   !picture->looks ? ""
                   : picture->mono ? ", looks without colour"
                                   : ", looks");
    if (picture->looks)
        vterm_screen_looks(&vterm, out);
    else
        vterm_screen_text(&vterm, out);
    for (size_t i = 0; picture->ascii && i < vterm.sent.len; i++)
        assert_true((unsigned char)vterm.sent.text[i] < 0x80);
    vterm_screen_close(&vterm);
    shell_stage_close(&stage);
}

static void a_story_at_every_size_and_look(void **state)
{
    const struct story *story = *state;
    struct mig_buf all MIG_AUTOBUF;
    mig_buf_init(&all, 16UL << 20);
    for (size_t i = 0; i < MIG_COUNT(pictures); i++)
        add_picture(story, &pictures[i], &all);
    char *file MIG_AUTOFREE = mig_printf("tests/golden/shell-%s.txt", story->name);
    golden_compare(file, all.text);
}

int main(void)
{
    struct CMUnitTest tests[MIG_COUNT(stories)];
    for (size_t i = 0; i < MIG_COUNT(stories); i++)
        tests[i] = (struct CMUnitTest){ .name = stories[i].name,
                                        .test_func = a_story_at_every_size_and_look,
                                        .initial_state = (void *)(uintptr_t)&stories[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
