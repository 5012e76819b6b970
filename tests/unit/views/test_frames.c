/* What the whole console sends to a terminal of 120x36 while somebody works on it, and while nobody does, counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rows.h"
#include "support/shell_stage.h"
#include "support/vterm_screen.h"
#include "tui/scroll.h"

#define FIRST_BYTES  8192
#define MOVE_BYTES   270
#define REST_MS      80 /* as on a terminal */
#define PLACE_BYTES  12 /* to get to a place on the screen and to say how it looks, on average */
#define REGION_BYTES 60 /* to scroll rows, and to end with plain attributes */

struct desk {
    struct shell_stage stage;
    struct vterm_screen vterm;
    struct tui_canvas *before; /* the frame before */
    size_t changed,
        places; /* bytes of the characters that differ from it, scrolled as well as can be; stretches of them */
};

static void open_desk(struct desk *desk, void (*fill)(struct snapshot_world *world))
{
    *desk = (struct desk){ .before = tui_canvas_new(120, 36, true) };
    shell_stage_open(&desk->stage, true, fill);
    desk->stage.console->options.rest_ms = REST_MS;
    vterm_screen_open(&desk->vterm, &(struct vterm_screen_options){ .cols = 120, .rows = 36 });
}

static void close_desk(struct desk *desk)
{
    tui_canvas_free(desk->before);
    vterm_screen_close(&desk->vterm);
    shell_stage_close(&desk->stage);
}

static size_t bytes_of(uint32_t c)
{
    return c < 0x80 ? 1 : c < 0x800 ? 2 : 3;
}

static void count_changes(struct desk *desk)
{
    const struct tui_canvas *now = desk->vterm.canvas;
    struct tui_scroll rows = tui_scroll_choose(desk->before, now);
    if (rows.by)
        tui_scroll_apply(desk->before, &rows);
    desk->changed = desk->places = 0;
    bool within = false;
    for (int i = 0; i < now->cols * now->rows; i++) {
        const struct tui_cell *a = &desk->before->cells[i];
        const struct tui_cell *b = &now->cells[i];
        bool differs = a->chars[0] != b->chars[0] || a->style != b->style || a->chosen != b->chosen;
        within = within && i % now->cols > 0;
        desk->changed += differs ? bytes_of(b->chars[0]) : 0;
        desk->places += differs && !(within && b->style == b[-1].style && b->chosen == b[-1].chosen);
        within = differs;
    }
}

/* Bytes of a frame. */
static size_t drawn(struct desk *desk)
{
    struct tui_canvas *now = desk->vterm.canvas;
    memcpy(desk->before->cells, now->cells, (size_t)now->cols * (size_t)now->rows * sizeof *now->cells);
    tui_canvas_blank(now);
    console_draw(desk->stage.console, now);
    count_changes(desk);
    return vterm_screen_frame(&desk->vterm);
}

static size_t moved(struct desk *desk, uint32_t key)
{
    shell_stage_press(&desk->stage, key);
    return drawn(desk);
}

/* Nobody presses a key for a moment. */
static size_t rested(struct desk *desk)
{
    desk->stage.host.now_ms += REST_MS;
    return drawn(desk);
}

/* The least, the mean and the most of some moves. */
struct costs {
    size_t count, least, sum, most;
    size_t most_changed; /* of the characters alone */
};

static void add_cost(struct costs *costs, const struct desk *desk, size_t bytes)
{
    costs->least = costs->count == 0 || bytes < costs->least ? bytes : costs->least;
    costs->most = bytes > costs->most ? bytes : costs->most;
    costs->most_changed = desk->changed > costs->most_changed ? desk->changed : costs->most_changed;
    costs->sum += bytes;
    costs->count++;
}

static void tell_costs(const char *what, const struct costs *costs)
{
    print_message("%s: %zu moves, %zu to %zu bytes, %zu on average; what changed is up to %zu\n", what,
                  costs->count, costs->least, costs->most, costs->sum / costs->count, costs->most_changed);
}

/* What moves cost at once, and what follows when the selection rests. */
struct page {
    struct costs within, scrolling, resting;
};

/* From the last row up (a list with the newest first: from the first down), over a page, and then as many again, all of which scroll by a row. Whatever has to be said, it
 * is said in few bytes. rests: nobody holds the key down, so that each move is followed by what is beside it. */
static void a_page_of_moves(const char *screen, void (*fill)(struct snapshot_world *world), bool rests,
                            struct page *ret)
{
    struct desk desk;
    *ret = (struct page){ 0 };
    open_desk(&desk, fill);
    if (screen)
        console_command(desk.stage.console, screen);
    size_t first = drawn(&desk);
    assert_in_range(first, 2000, FIRST_BYTES - 1);
    moved(&desk, screen ? 'g' : 'G');
    rested(&desk);
    for (size_t i = 1; i < 44; i++) {
        size_t bytes = moved(&desk, screen ? 'j' : 'k');
        bool scrolls = desk.vterm.canvas->scrolled.by != 0;
        add_cost(scrolls ? &ret->scrolling : &ret->within, &desk, bytes);
        assert_in_range(bytes, 1, desk.changed + PLACE_BYTES * desk.places + (scrolls ? REGION_BYTES : 0));
        if (rests)
            add_cost(&ret->resting, &desk, rested(&desk));
    }
    close_desk(&desk);
}

/* ---- moves of the selection ---- */

static void fill_like(struct snapshot_world *world)
{
    world_many(world, 100, 3);
}

static void fill_year(struct snapshot_world *world)
{
    world_year(world);
    world_plan(world, "prod", "", false);
}

/* Whatever can differ between two entries of a history does. */
static void fill_entries(struct snapshot_world *world)
{
    static const char *const people[] = { "ana", "ivo", "mia", "ci" };
    static const char *const ends[] = { "applied", "failed", "interrupted" };
    static char texts[WORLD_YEAR][512];
    const char *rows[WORLD_YEAR + 1] = { NULL };
    world_year(world);
    for (int i = 0; i < WORLD_YEAR; i++) {
        snprintf(
            texts[i], sizeof texts[i],
            "{'run': '01KAG%021d', 'environment': '%s', 'version': '2026%02d%02d090000', 'title': '%.*s', "
            "'direction': '%s', 'status': '%s', 'startedAt': '2026-%02d-%02dT%02d:%02d:30Z', 'durationMs': %d, "
            "'operator': '%s', 'osUser': '%s', 'host': 'bastion-%d', 'planId': '%024x', 'ticket': 'SHOP-%d', "
            "'reason': '%.*s'}",
            i * 7919, i % 3 ? "test" : "prod", 12 - i / 5, 28 - i % 28, 10 + i % 24,
            "references for the new invoices of all", i % 4 ? "up" : "down", ends[i % 3], 12 - i / 5,
            28 - i % 28, i % 24, i % 60, i * 977, people[i % 4], people[i % 3], i % 5, i * 104729, i,
            20 + i % 60,
            "asked for by accounting, who cannot tell one of them from another since the summer");
        rows[i] = texts[i];
    }
    world_answer(world, MIG_QUERY_HISTORY, NULL, "", world_rows(rows));
}

/* However much the pane beside has to say of the next row: it says it when the selection rests. */
static void a_move_is_within_the_budget(void **state)
{
    (void)state;
    static const struct {
        const char *what, *screen;
        void (*fill)(struct snapshot_world *world);
    } cases[] = { { "like migrations", NULL, fill_like },
                  { "different migrations", NULL, fill_year },
                  { "entries of a history", "view history", fill_entries } };
    for (size_t i = 0; i < MIG_COUNT(cases); i++) {
        struct page page;
        print_message("%s\n", cases[i].what);
        a_page_of_moves(cases[i].screen, cases[i].fill, true, &page);
        tell_costs("  within the page", &page.within);
        tell_costs("  scrolling", &page.scrolling);
        tell_costs("  what follows at rest", &page.resting);
        assert_in_range(page.within.count, 10, 35);
        assert_true(page.within.most < MOVE_BYTES);
        assert_in_range(page.scrolling.most, 0, 640);
    }
}

/* What is beside the list, as somebody sees it. */
static void pane_of(struct desk *desk, struct mig_buf *ret)
{
    const struct view_beside *at = &desk->stage.console->beside.at;
    const struct tui_canvas *canvas = desk->vterm.canvas;
    assert_true(at->w > 0);
    mig_buf_reset(ret);
    for (int i = 0; i < at->w * at->h; i++)
        mig_buf_printf(ret, "%" PRIx32 " ",
                       canvas->cells[(at->y + i / at->w) * canvas->cols + at->x + i % at->w].chars[0]);
}

static void while_a_key_is_held_the_pane_stays_and_then_tells_of_the_row_where_it_rests(void **state)
{
    (void)state;
    struct desk desk;
    struct mig_buf before, held, rest, fresh;
    struct mig_buf *all[] = { &before, &held, &rest, &fresh };
    for (size_t i = 0; i < MIG_COUNT(all); i++)
        mig_buf_init(all[i], 1 << 20);
    open_desk(&desk, fill_year);
    moved(&desk, 'G');
    rested(&desk);
    pane_of(&desk, &before);
    for (int i = 0; i < 10; i++) {
        moved(&desk, 'k');
        desk.stage.host.now_ms += REST_MS / 2;
        drawn(&desk);
        pane_of(&desk, &held);
        assert_string_equal(held.text, before.text);
    }
    int64_t due = console_due(desk.stage.console);
    assert_in_range(due - desk.stage.host.now_ms, 1, REST_MS / 2); /* it wakes up for it by itself */
    desk.stage.host.now_ms = due;
    drawn(&desk);
    pane_of(&desk, &rest);
    desk.stage.console->options.rest_ms = 0;
    moved(&desk, 'j');
    moved(&desk, 'k');
    pane_of(&desk, &fresh);
    assert_string_equal(rest.text, fresh.text);
    assert_string_not_equal(rest.text, before.text);
    for (size_t i = 0; i < MIG_COUNT(all); i++)
        mig_buf_done(all[i]);
    close_desk(&desk);
}

/* Whoever acts on a row has what is told of it before them. */
static void any_key_but_a_move_brings_the_pane_at_once(void **state)
{
    (void)state;
    struct desk desk;
    struct mig_buf before, after;
    mig_buf_init(&before, 1 << 20);
    mig_buf_init(&after, 1 << 20);
    open_desk(&desk, fill_year);
    moved(&desk, 'G');
    rested(&desk);
    moved(&desk, 'k');
    pane_of(&desk, &before);
    moved(&desk, '=');
    pane_of(&desk, &after);
    assert_string_not_equal(after.text, before.text);
    mig_buf_done(&before);
    mig_buf_done(&after);
    close_desk(&desk);
}

/* ---- nobody does anything ---- */

/* Everything ran a moment ago and everybody goes on answering. */
static void fill_fresh(struct snapshot_world *world)
{
    world_in_step(world);
    for (size_t e = 0; e < world->snapshot->env_count; e++) {
        const struct mig_history *history = world->snapshot->envs[e].seen->look.history;
        for (size_t i = 0; i < history->count; i++)
            history->records[i].ended_at = WORLD_WALL_MS - 1000 - (int64_t)i * 100;
    }
}

static void a_second_passes(struct desk *desk)
{
    struct mig_snapshot *snapshot = desk->stage.world.snapshot;
    desk->stage.host.now_ms += 1000;
    snapshot->now_ms += 1000;
    snapshot->wall_ms += 1000;
    for (size_t i = 0; i < snapshot->env_count; i++)
        snapshot->envs[i].seen_ms += 1000;
}

static void an_unchanged_second_sends_nothing(const char *screen)
{
    struct desk desk;
    size_t minutes = 0;
    open_desk(&desk, fill_fresh);
    if (screen)
        console_command(desk.stage.console, screen);
    drawn(&desk);
    for (int second = 12; second < 12 + 180; second++) { /* the clock began at 14:02:11 */
        a_second_passes(&desk);
        size_t bytes = drawn(&desk);
        minutes += bytes > 0;
        if (second % 60 != 0 && second % 60 != 10 &&
            bytes > 0) /* what ran a moment ago is a minute old at :10 */
            fail_msg("%zu bytes at second %d of %s", bytes, second, screen ? screen : "the matrix");
    }
    assert_in_range(minutes, 3, 6);
    close_desk(&desk);
}

static void an_unchanged_second_sends_nothing_on_any_screen(void **state)
{
    (void)state;
    static const char *const screens[] = { NULL,           "view plan --env prod", "view runs",
                                           "view promote", "view backups",         "view history",
                                           "view errors",  "view settings" };
    for (size_t i = 0; i < MIG_COUNT(screens); i++)
        an_unchanged_second_sends_nothing(screens[i]);
}

/* A stream tells every four seconds that nothing has changed, which is no reason to wake up; that data could have become old is
 * one. Ticks of a minute, each of which something is due at. */
static void a_quiet_minute_has_few_ticks_and_each_is_due(void **state)
{
    (void)state;
    struct desk desk;
    size_t ticks = 0;
    size_t sent = 0;
    open_desk(&desk, fill_fresh);
    struct console *console = desk.stage.console;
    struct mig_snapshot *snapshot = desk.stage.world.snapshot;
    console->message[0] = '\0'; /* the greeting */
    drawn(&desk);
    while (desk.stage.host.now_ms < WORLD_NOW_MS + 60000) {
        int64_t now = desk.stage.host.now_ms;
        int64_t due = console_due(console);
        bool old = false;
        bool minute = (WORLD_WALL_MS + due - WORLD_NOW_MS) % 60000 == 0;
        for (size_t e = 0; e < snapshot->env_count; e++)
            old = old || due == snapshot->envs[e].seen_ms + CONSOLE_NEW_MS;
        assert_true(due > now); /* never again at once */
        assert_true(old || minute);
        desk.stage.host.now_ms = due;
        for (size_t e = 0; e < snapshot->env_count; e++) /* the snapshot that is taken at the tick */
            snapshot->envs[e].seen_ms = due - (due + 1300 * (int64_t)e) % 4000;
        sent += drawn(&desk) > 0;
        ticks++;
    }
    print_message("ticks of a quiet minute: %zu, frames that send something: %zu\n", ticks, sent);
    assert_in_range(ticks, 12, 3 * 15 + 3); /* an environment each four seconds */
    assert_in_range(sent, 1, 3);            /* the clock; what ran a moment ago, twice */
    close_desk(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_is_within_the_budget),
        cmocka_unit_test(while_a_key_is_held_the_pane_stays_and_then_tells_of_the_row_where_it_rests),
        cmocka_unit_test(any_key_but_a_move_brings_the_pane_at_once),
        cmocka_unit_test(an_unchanged_second_sends_nothing_on_any_screen),
        cmocka_unit_test(a_quiet_minute_has_few_ticks_and_each_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
