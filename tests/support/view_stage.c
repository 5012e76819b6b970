/* view_stage.c - see view_stage.h. */
#include "support/view_stage.h"

#include "support/golden.h"
#include "support/shell_stage.h"
#include "support/vterm_screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmdline.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"

void stage_open(struct view_stage *stage, const struct snapshot_world *world, const char *words)
{
    char **split = NULL;
    size_t count = 0;
    struct mig_error err = { 0 };
    *stage = (struct view_stage){ .world = world,
                                  .frame = { .snapshot = world->snapshot,
                                             .utf8 = true,
                                             .now_ms = WORLD_NOW_MS,
                                             .wall_ms = WORLD_WALL_MS } };
    assert_true(mig_words_split(words, &split, &count, &err));
    assert_true(count >= 2);
    assert_string_equal(split[0], "view");
    const struct view_class *class = view_class_find(split[1]);
    if (!class)
        fail_msg("no view %s", split[1]);
    stage->view = class->open(count - 2, split + 2, &stage->frame, &err);
    mig_words_free(split, count);
    if (!stage->view)
        fail_msg("%s: %s", words, err.message);
    if (class->update)
        class->update(stage->view, &stage->frame);
}

void stage_close(struct view_stage *stage)
{
    stage->view->class->close(stage->view);
}

/* ---- keys ---- */

static const char *action_of(const struct view_class *class, const char *name)
{
    for (const struct view_key *key = class->keys; key->key; key++) {
        const char *at = key->key;
        for (size_t len; *at; at += len + (at[len] == ' ')) {
            len = strcspn(at, " ");
            if (strlen(name) == len && strncmp(at, name, len) == 0)
                return key->action;
        }
    }
    return NULL;
}

static void press(struct view_stage *stage, const char *action, uint32_t key)
{
    struct tui_event event = { .key = key };
    stage->answer = (struct view_answer){ 0 };
    stage->view->class->act(stage->view, &stage->frame, action, &event, &stage->answer);
}

void stage_key(struct view_stage *stage, const char *name)
{
    uint32_t key = tui_key_find(name);
    if (key == TUI_KEY_NONE)
        fail_msg("no key %s", name);
    press(stage, action_of(stage->view->class, name), key);
}

void stage_type(struct view_stage *stage, const char *text)
{
    for (; *text; text++) {
        char name[2] = { *text, '\0' };
        press(stage, action_of(stage->view->class, *text == ' ' ? "space" : name), (unsigned char)*text);
    }
}

void stage_commands(const struct view_stage *stage, const char *command)
{
    assert_true(stage->answer.handled);
    assert_string_equal(stage->answer.command, command);
}

void stage_says(const struct view_stage *stage, const char *message)
{
    assert_true(stage->answer.handled);
    assert_string_equal(stage->answer.message, message);
    assert_string_equal(stage->answer.command, "");
}

void stage_every_key(const struct snapshot_world *world, const char *words)
{
    struct view_stage stage;
    stage_open(&stage, world, words);
    const struct view_class *class = stage.view->class;
    stage_close(&stage);
    for (const struct view_key *key = class->keys; key->key; key++) {
        char name[TUI_KEY_NAME_MAX];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(key->key, " "), key->key);
        stage_open(&stage, world, words);
        free(stage_text(&stage, 120, 36, true, false));
        stage_key(&stage, name);
        if (!stage.answer.handled)
            fail_msg("%s: %s (%s) does nothing", class->name, name, key->action);
        if (!key->help || !key->help[0] || key->help[strlen(key->help) - 1] == '.')
            fail_msg("%s: %s has no line of help, or one with a full stop", class->name, name);
        free(stage_text(&stage, 120, 36, true, false));
        stage_close(&stage);
    }
}

/* ---- pictures ---- */

static const int sizes[][2] = { { 120, 36 }, { 80, 24 }, { 60, 15 }, { 40, 10 } };

/* What the console leaves of the screen: header, tabs, message line and hints have a row each, below 20 rows header and message
 * only. */
static struct tui_pane body_of(struct tui_canvas *canvas)
{
    struct tui_pane all = tui_pane_all(canvas);
    bool high = canvas->rows >= 20;
    int above = canvas->rows < 3 ? 0 : high ? 2 : 1;
    return tui_pane_part(&all, 0, above, all.w, all.h - above * 2);
}

static void add_styles(const struct tui_canvas *canvas, struct mig_buf *out)
{
    static const char letters[TUI_STYLES] = {
        [TUI_PLAIN] = '.',  [TUI_DIM] = 'd',   [TUI_STRONG] = 'S', [TUI_TITLE] = 'T', [TUI_BORDER] = '-',
        [TUI_HEADER] = 'H', [TUI_KEY] = 'K',   [TUI_GOOD] = 'g',   [TUI_WARN] = 'w',  [TUI_BAD] = 'B',
        [TUI_INFO] = 'i',   [TUI_STALE] = 's', [TUI_DANGER] = 'D', [TUI_ADDED] = '+', [TUI_REMOVED] = '/',
        [TUI_MATCH] = 'M',  [TUI_FIELD] = 'F', [TUI_CHOSEN] = 'C',
    };
    for (int y = 0; y < canvas->rows; y++) {
        for (int x = 0; x < canvas->cols; x++) {
            const struct tui_cell *cell = &canvas->cells[y * canvas->cols + x];
            bool blank = cell->chars[0] == ' ' || cell->chars[0] == 0;
            mig_buf_char(out, blank && !cell->chosen  ? ' '
                              : cell->chosen && blank ? '_'
                                                      : letters[cell->style]);
        }
        while (out->len > 0 && out->text[out->len - 1] == ' ')
            out->text[--out->len] = '\0';
        mig_buf_char(out, '\n');
    }
}

char *stage_text(struct view_stage *stage, int cols, int rows, bool utf8, bool styles)
{
    struct mig_buf out MIG_AUTOBUF;
    struct tui_canvas *canvas = tui_canvas_new(cols, rows, utf8);
    struct tui_pane pane = body_of(canvas);
    mig_buf_init(&out, 1 << 20);
    stage->frame.utf8 = utf8;
    stage->view->class->draw(stage->view, &stage->frame, &pane);
    if (styles)
        add_styles(canvas, &out);
    else
        tui_canvas_text(canvas, &out);
    tui_canvas_free(canvas);
    return mig_buf_detach(&out);
}

bool stage_shows(struct view_stage *stage, int cols, int rows, const char *text)
{
    char *screen MIG_AUTOFREE = stage_text(stage, cols, rows, true, false);
    return strstr(screen, text) != NULL;
}

/* Twice: as the first frame of a terminal, and after another picture. */
static void seen_as(struct view_stage *stage, const struct vterm_screen_options *options, const char *name)
{
    struct shell_stage shell;
    struct vterm_screen vterm;
    char *what MIG_AUTOFREE =
        mig_printf("%s, %dx%d%s%s", name, options->cols, options->rows, options->c_locale ? ", ASCII" : "",
                   options->no_color ? ", without colour" : "");
    vterm_screen_open(&vterm, options);
    shell_stage_lend(&shell, vterm.canvas->utf8, stage->world, stage->view);
    for (int i = 0; i < 2; i++) {
        tui_canvas_blank(vterm.canvas);
        console_draw(shell.console, vterm.canvas);
        vterm_screen_frame(&vterm);
        vterm_screen_shows_canvas(&vterm, what);
        tui_canvas_blank(vterm.canvas);
        struct tui_pane all = tui_pane_all(vterm.canvas);
        tui_fill(&all, 0, 0, all.w, all.h, TUI_DANGER, '#');
        vterm_screen_frame(&vterm);
    }
    shell_stage_give_back(&shell);
    vterm_screen_close(&vterm);
}

void stage_seen(struct view_stage *stage, const char *name)
{
    for (size_t i = MIG_COUNT(sizes);
         i-- > 0;) { /* the largest last: that is what the view stands at afterwards */
        struct vterm_screen_options options = { .cols = sizes[i][0], .rows = sizes[i][1] };
        options.c_locale = true;
        seen_as(stage, &options, name);
        options.no_color = "1";
        seen_as(stage, &options, name);
        options.c_locale = false;
        seen_as(stage, &options, name);
        options.no_color = NULL;
        seen_as(stage, &options, name);
    }
}

static void compare(const char *name, const char *suffix, const char *text)
{
    char *file MIG_AUTOFREE = mig_printf("tests/golden/%s%s.txt", name, suffix);
    golden_compare(file, text);
}

static void compare_at(struct view_stage *stage, const char *name, int cols, int rows, bool utf8)
{
    char suffix[48];
    char *text MIG_AUTOFREE = stage_text(stage, cols, rows, utf8, false);
    snprintf(suffix, sizeof suffix, "-%dx%d%s", cols, rows, utf8 ? "" : "-ascii");
    compare(name, suffix, text);
}

void stage_golden_at(struct view_stage *stage, const char *name, int cols, int rows)
{
    stage_seen(stage, name);
    compare_at(stage, name, cols, rows, true);
}

void stage_golden(struct view_stage *stage, const char *name)
{
    struct mig_buf plain MIG_AUTOBUF;
    mig_buf_init(&plain, 1 << 20);
    stage_seen(stage, name);
    for (size_t i = 0; i < MIG_COUNT(sizes); i++)
        compare_at(stage, name, sizes[i][0], sizes[i][1], true);
    compare_at(stage, name, 120, 36, false);
    char *styles MIG_AUTOFREE = stage_text(stage, 120, 36, true, true);
    compare(name, "-120x36-styles", styles);
    stage->view->class->plain(stage->view, &stage->frame, &plain);
    compare(name, "-plain", plain.text);
}

void stage_any_size(struct view_stage *stage)
{
    for (int rows = 1; rows <= 8; rows++) {
        for (int cols = 1; cols <= 30; cols++)
            free(stage_text(stage, cols, rows, true, false));
    }
    free(stage_text(stage, 300, 90, true, false));
}
