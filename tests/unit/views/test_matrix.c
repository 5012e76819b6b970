/* The home screen: every environment's truth side by side, and what each key means for the cell under the cursor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/states.h"
#include "support/view_stage.h"
#include "views/matrix_private.h"

static struct snapshot_world world;
static struct view_stage stage;

static int given_the_story(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    world_plan(&world, "prod", "", false);
    stage_open(&stage, &world, "view matrix");
    return 0;
}

static int done(void **state)
{
    (void)state;
    stage_close(&stage);
    snapshot_world_end(&world);
    return 0;
}

/* Another story than the one that was set up. */
static void given(void (*story)(struct snapshot_world *))
{
    stage_close(&stage);
    snapshot_world_end(&world);
    snapshot_world_init(&world);
    if (story)
        story(&world);
    stage_open(&stage, &world, "view matrix");
}

/* The cursor on a version, the focus on an environment. */
static void given_the_cell(const char *version, const char *env)
{
    struct matrix *matrix = (struct matrix *)(void *)stage.view;
    stage_key(&stage, "g");
    while (strcmp(matrix_chosen(matrix)->version, version) != 0) {
        size_t before = matrix->table.selected;
        stage_key(&stage, "j");
        assert_int_not_equal(before, matrix->table.selected);
    }
    for (size_t i = 0; i < 3; i++)
        stage_key(&stage, "h");
    for (size_t i = 0; strcmp(world.snapshot->envs[i].env->name, env) != 0; i++)
        stage_key(&stage, "l");
}

static void the_story_at_every_size(void **state)
{
    (void)state;
    stage_golden(&stage, "matrix");
    stage_any_size(&stage);
}

static void a_wider_window_never_shows_fewer_environments(void **state)
{
    (void)state;
    for (int width = 80; width <= 140; width += 4) {
        MIG_AUTOFREE char *text = stage_text(&stage, width, 30, true, false);
        char *head = strstr(text, "VERSION");
        assert_non_null(head);
        head[strcspn(head, "\n")] = '\0';
        assert_non_null(strstr(head, "dev"));
        assert_non_null(strstr(head, "test"));
        assert_non_null(strstr(head, "prod"));
    }
}

static void details_follow_the_chosen_row(void **state)
{
    (void)state;
    given_the_cell("20261119090000", "test");
    stage_golden_at(&stage, "matrix-failed", 120, 36);
    stage_golden_at(&stage, "matrix-failed", 80, 24);
    given_the_cell("20261111160000", "prod");
    stage_golden_at(&stage, "matrix-missing", 120, 36);
    given_the_cell("20261118090000", "prod");
    stage_golden_at(&stage, "matrix-pending", 120, 36);
    stage_golden_at(&stage, "matrix-pending", 60, 15);
}

static void a_dead_environment_is_grey_and_dated(void **state)
{
    (void)state;
    world_dead(&world, "test", 130000);
    stage_golden(&stage, "matrix-dead");
    assert_true(stage_shows(&stage, 120, 36, "no answer 2m"));
}

static void nothing_old_is_green(void **state)
{
    (void)state;
    world_dead(&world, "dev", 130000);
    world_dead(&world, "test", 130000);
    world_dead(&world, "prod", 130000);
    char *styles MIG_AUTOFREE = stage_text(&stage, 120, 36, true, true);
    assert_null(strchr(styles, 'g'));
}

static void an_interrupted_run_is_told_from_a_running_one(void **state)
{
    (void)state;
    assert_true(stage_shows(&stage, 160, 36, "running 62%"));
    assert_true(stage_shows(&stage, 120, 36, "run 62%"));
    world_runner_died(&world);
    assert_false(stage_shows(&stage, 120, 36, "1 running"));
    assert_true(stage_shows(&stage, 120, 36, "interrupted"));
    stage_golden_at(&stage, "matrix-interrupted", 80, 24);
}

static void hostile_names_are_shown_as_text(void **state)
{
    (void)state;
    given(world_hostile);
    stage_golden_at(&stage, "matrix-hostile", 120, 36);
    stage_golden_at(&stage, "matrix-hostile", 80, 24);
    struct mig_buf plain MIG_AUTOBUF;
    mig_buf_init(&plain, 1 << 20);
    stage.view->class->plain(stage.view, &stage.frame, &plain);
    for (size_t i = 0; i < plain.len; i++)
        assert_true((unsigned char)plain.text[i] >= 0x20 || plain.text[i] == '\n');
}

static void empty_states_teach(void **state)
{
    (void)state;
    given(NULL);
    assert_true(stage_shows(&stage, 80, 24, "Looking at the environments"));
    given(world_empty);
    stage_golden_at(&stage, "matrix-empty", 80, 24);
    given(world_in_step);
    stage_golden_at(&stage, "matrix-in-step", 80, 24);
    mig_fail(&world.snapshot->files->error, MIG_ERR_IO, "migrations: no such folder");
}

static void a_bad_folder_is_said(void **state)
{
    (void)state;
    given(world_empty);
    mig_fail(&world.snapshot->files->error, MIG_ERR_IO, "migrations: no such folder");
    assert_true(stage_shows(&stage, 80, 24, "migrations: no such folder"));
}

static void enter_opens_what_the_cell_is_about(void **state)
{
    (void)state;
    given_the_cell("20261118090000", "prod");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view plan --env prod --to 20261118090000");
    given_the_cell("20261119090000", "test");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view recover --env test --at 20261119090000");
    given_the_cell("20261120090000", "dev");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view log --env dev --run " WORLD_RUN);
    given_the_cell("20261103083000", "test");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view plan --env test --at 20261103083000 --tab diff");
    given_the_cell("20261110090000", "prod");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view plan --env prod --at 20261110090000 --tab script");
}

static void each_act_is_a_command_line(void **state)
{
    (void)state;
    given_the_cell("20261118090000", "prod");
    stage_key(&stage, "x");
    stage_commands(&stage, "view plan --env prod --to 20261118090000 --dry-run");
    given_the_cell("20261112090000", "prod");
    stage_key(&stage, "U");
    stage_commands(&stage, "view plan --env prod --down 20261112090000");
    stage_key(&stage, "d");
    stage_commands(&stage, "view plan --env prod --at 20261112090000 --tab diff");
    stage_key(&stage, "L");
    stage_commands(&stage, "view log --env prod --run 01KAG00000PRXD500000000000");
    given_the_cell("20261112090000", "test");
    stage_key(&stage, "R");
    stage_commands(&stage, "view recover --env test");
}

static void what_cant_be_done_says_why(void **state)
{
    (void)state;
    given_the_cell("20261118090000", "prod");
    stage_key(&stage, "L");
    stage_says(&stage, "prod: it never ran there");
    stage_key(&stage, "U");
    stage_says(&stage, "prod: it is not applied there");
    stage_key(&stage, "R");
    stage_says(&stage, "prod: nothing failed or was interrupted there");
    given_the_cell("20261111160000", "prod");
    stage_key(&stage, "d");
    stage_says(&stage, "prod: its file is gone");
    stage_key(&stage, "x");
    stage_says(&stage, "prod: it is not pending there");
}

static void marked_migrations_are_opened_together(void **state)
{
    (void)state;
    given_the_cell("20261118090000", "prod");
    stage_key(&stage, "space");
    stage_key(&stage, "space");
    given_the_cell("20261121090000", "prod");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view plan --env prod --to 20261119090000");
    given_the_cell("20261102090000", "prod");
    stage_key(&stage, "space");
    stage_key(&stage, "enter");
    stage_says(&stage, "of the 3 marked 1 are applied on prod and 2 are not: unmark (u) one kind");
    given_the_cell("20261118090000", "prod");
    stage_key(&stage, "u");
    stage_key(&stage, "u");
    stage_key(&stage, "enter");
    stage_commands(&stage, "view plan --down --env prod 20261102090000");
}

static void the_filter_looks_at_version_title_and_state(void **state)
{
    (void)state;
    struct matrix *matrix = (struct matrix *)(void *)stage.view;
    stage_key(&stage, "/");
    stage_type(&stage, "failed");
    assert_int_equal(matrix->shown_count, 1);
    assert_string_equal(matrix_chosen(matrix)->version, "20261119090000");
    stage_golden_at(&stage, "matrix-filter", 80, 24);
    stage_key(&stage, "enter");
    assert_true(stage_shows(&stage, 80, 24, "/failed"));
    stage_key(&stage, "esc");
    assert_true(stage.answer.handled);
    assert_int_equal(matrix->shown_count, matrix->row_count);
    stage_key(&stage, "esc");
    assert_false(stage.answer.handled);
    stage_key(&stage, "/");
    stage_type(&stage, "nobody");
    assert_true(stage_shows(&stage, 80, 24, "Nothing has \"nobody\""));
    stage_key(&stage, "esc");
    stage_key(&stage, "/");
    stage_type(&stage, "Address");
    assert_int_equal(matrix->shown_count, 1);
}

static void the_choice_stays_on_its_migration(void **state)
{
    (void)state;
    struct matrix *matrix = (struct matrix *)(void *)stage.view;
    given_the_cell("20261118090000", "prod");
    world_hostile(&world); /* six rows before it appear */
    stage.view->class->update(stage.view, &stage.frame);
    assert_string_equal(matrix_chosen(matrix)->version, "20261118090000");
}

static void before_one_has_chosen_it_looks_for_trouble(void **state)
{
    (void)state;
    struct matrix *matrix = (struct matrix *)(void *)stage.view;
    assert_string_equal(matrix_chosen(matrix)->version, "20261119090000");
    assert_int_equal(matrix->table.focus, 1); /* test, where it failed */
    given(world_in_step);
    matrix = (struct matrix *)(void *)stage.view;
    assert_string_equal(matrix_chosen(matrix)->version, "20261121090000");
}

static void ten_thousand_rows_cost_what_a_screen_costs(void **state)
{
    (void)state;
    stage_close(&stage);
    world_many(&world, 10000, 10);
    stage_open(&stage, &world, "view matrix");
    struct matrix *matrix = (struct matrix *)(void *)stage.view;
    static const char *const keys[] = { "g", "C-f", "C-f", "G", "C-u", "k" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        size_t before = matrix->asked;
        stage_key(&stage, keys[i]);
        free(stage_text(&stage, 200, 50, true, false));
        assert_in_range(matrix->asked - before, 40, 50 * (3 + 10));
    }
    assert_int_equal(matrix->table.selected, 10000 - 1 - matrix->table.page / 2 - 1);
}

/* A new look at an environment, at what its database has by now: as one that found nothing new, or with views of its own. */
static void when_looked_at(struct mig_snap_env *env, bool finds_news)
{
    struct mig_seen_env *was = env->seen;
    struct mig_seen_env *seen = mig_seen_env_new(was->files);
    seen->look = was->look;
    if (finds_news)
        mig_states_derive(was->files->catalog, was->look.history, env->env->order, &seen->look.views);
    else
        seen->look.views = mig_views_share(&was->look.views);
    was->look.history = NULL; /* its records go on */
    env->seen = seen;
    free(stage_text(&stage, 80, 24, true, false));
    mig_unshare(was);
}

static void a_new_look_costs_the_cells_it_may_have_changed(void **state)
{
    (void)state;
    enum { ROWS = 10000, ENVS = 10 };
    stage_close(&stage);
    world_many(&world, ROWS, ENVS);
    stage_open(&stage, &world, "view matrix");
    struct matrix *matrix = (struct matrix *)(void *)stage.view;
    struct mig_snap_env *env = &world.snapshot->envs[3];
    free(stage_text(&stage, 80, 24, true, false));
    size_t at_first = matrix->filled;
    assert_int_equal(at_first, ROWS * ENVS);
    when_looked_at(env, false);
    assert_int_equal(matrix->filled, at_first);
    env->seen->look.history->records[7].state = MIG_RECORD_FAILED;
    when_looked_at(env, true);
    assert_int_equal(matrix->filled, at_first + ROWS);
    assert_int_equal(matrix->table.selected, 7); /* and its trouble is what is looked at */
}

static void assert_as_a_new_one(void)
{
    struct view_stage fresh;
    struct mig_buf stands MIG_AUTOBUF;
    struct mig_buf opened MIG_AUTOBUF;
    mig_buf_init(&stands, 1 << 20);
    mig_buf_init(&opened, 1 << 20);
    stage_open(&fresh, &world, "view matrix");
    stage.view->class->plain(stage.view, &stage.frame, &stands);
    fresh.view->class->plain(fresh.view, &fresh.frame, &opened);
    assert_string_equal(stands.text, opened.text);
    const struct matrix *stood = (const struct matrix *)(const void *)stage.view;
    const struct matrix *opens = (const struct matrix *)(const void *)fresh.view;
    assert_int_equal(stood->states, opens->states);
    for (size_t i = 0; i < opens->row_count; i++) {
        assert_int_equal(stood->rows[i].states, opens->rows[i].states);
        assert_int_equal(stood->rows[i].settled, opens->rows[i].settled);
    }
    stage_close(&fresh);
}

/* Rows and cells that follow from look to look end where a screen that is opened now begins. */
static void a_screen_that_stands_shows_what_a_new_one_would(void **state)
{
    (void)state;
    static void (*const stories[])(
        struct snapshot_world *) = { world_runner_died, world_empty,   world_story, world_in_step,
                                     world_runner_died, world_hostile, world_story, world_empty };
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        stories[i](&world);
        assert_as_a_new_one();
    }
    for (size_t e = 0; e < world.snapshot->env_count; e++) {
        struct mig_snap_env *env = &world.snapshot->envs[e];
        for (int state_of = 0; state_of < MIG_RECORD_STATES; state_of++) {
            for (size_t i = 0; i < env->seen->look.history->count; i++)
                env->seen->look.history->records[i].state =
                    (enum mig_record_state)((state_of + (int)i) % MIG_RECORD_STATES);
            when_looked_at(env, true);
            assert_as_a_new_one();
        }
    }
}

static void details_want_the_gates_of_the_next_environment(void **state)
{
    (void)state;
    struct view_want wants[VIEW_WANTS_MAX];
    free(stage_text(&stage, 80, 24, true, false));
    assert_int_equal(stage.view->class->wants(stage.view, &stage.frame, wants), 3); /* drift, of each */
    given_the_cell("20261118090000", "prod");
    free(stage_text(&stage, 120, 36, true, false));
    assert_int_equal(stage.view->class->wants(stage.view, &stage.frame, wants), 4);
    assert_int_equal(wants[0].kind, MIG_QUERY_DRIFT);
    assert_int_equal(wants[3].kind, MIG_QUERY_PLAN);
    assert_string_equal(wants[3].env->name, "prod");
    assert_string_equal(wants[3].argument, "");
}

static const char *verdict_of(const char *env)
{
    static char text[64];
    const struct mig_snapshot *snapshot = world.snapshot;
    struct view_frame frame = stage.frame;
    frame.snapshot = snapshot;
    for (size_t e = 0; e < snapshot->env_count; e++) {
        if (strcmp(snapshot->envs[e].env->name, env) == 0)
            matrix_verdict(&frame, e, text, sizeof text);
    }
    return text;
}

/* Every migration has run, and somebody has made an index by hand: that is no green mark. */
static void an_environment_whose_schema_drifted_is_not_in_step(void **state)
{
    (void)state;
    given(world_in_step);
    assert_string_equal(verdict_of("prod"), "in step"); /* nobody has looked yet */
    world_drift(&world, "test", 7, NULL);
    world_drift(&world, "prod", 4, "orders");
    assert_string_equal(verdict_of("test"), "in step");
    assert_string_equal(verdict_of("prod"), "1 drifted");
}

static void what_drifted_is_told_of_the_environment_in_focus(void **state)
{
    (void)state;
    assert_false(stage_shows(&stage, 120, 36, "Schema drift on"));
    given_the_cell("20261102090000", "prod");
    assert_true(stage_shows(&stage, 120, 36, "Schema drift on prod!"));
    assert_true(stage_shows(&stage, 120, 36, "orders is not what the"));
}

static void every_key_does_something(void **state)
{
    (void)state;
    stage_every_key(&world, "view matrix");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_the_story, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_story_at_every_size),
        TEST(a_wider_window_never_shows_fewer_environments),
        TEST(details_follow_the_chosen_row),
        TEST(a_dead_environment_is_grey_and_dated),
        TEST(nothing_old_is_green),
        TEST(an_interrupted_run_is_told_from_a_running_one),
        TEST(hostile_names_are_shown_as_text),
        TEST(empty_states_teach),
        TEST(a_bad_folder_is_said),
        TEST(enter_opens_what_the_cell_is_about),
        TEST(each_act_is_a_command_line),
        TEST(what_cant_be_done_says_why),
        TEST(marked_migrations_are_opened_together),
        TEST(the_filter_looks_at_version_title_and_state),
        TEST(the_choice_stays_on_its_migration),
        TEST(before_one_has_chosen_it_looks_for_trouble),
        TEST(ten_thousand_rows_cost_what_a_screen_costs),
        TEST(a_new_look_costs_the_cells_it_may_have_changed),
        TEST(a_screen_that_stands_shows_what_a_new_one_would),
        TEST(details_want_the_gates_of_the_next_environment),
        TEST(an_environment_whose_schema_drifted_is_not_in_step),
        TEST(what_drifted_is_told_of_the_environment_in_focus),
        TEST(every_key_does_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
