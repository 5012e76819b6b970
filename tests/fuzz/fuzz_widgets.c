/* Any keys, sizes and comings and goings of rows: a table keeps its selection among its rows and its focus in sight, a text
 * asks only for lines that there are, a line stays UTF-8 within its limits, and a locked dialog opens for its text alone. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rows.h"
#include "base/text.h"
#include "tui/dialog.h"
#include "tui/table.h"
#include "tui/textview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

struct world {
    struct tui_canvas *canvas;
    struct tui_pane all;
    size_t first_row, row_count;
    struct tui_table table;
    struct tui_text_lines lines;
    struct tui_textview text;
    struct tui_dialog dialog;
    int64_t now_ms;
    unsigned batch;
};

/* ---- a table ---- */

static const struct tui_column columns[] = {
    { .title = "ID", .min = 4, .max = 9, .rank = 3 },
    { .title = "NAME", .min = 8, .rank = 2 },
    { .title = "N", .min = 3, .max = 5, .rank = 1, .right = true },
    { .title = "A", .min = 5, .max = 9, .sliding = true },
    { .title = "B", .min = 5, .max = 9, .sliding = true },
    { .title = "C", .min = 7, .max = 7, .sliding = true },
};

static const char *id(void *ctx, size_t row)
{
    static char text[32];
    struct world *world = ctx;
    require(row < world->row_count);
    snprintf(text, sizeof text, "%zu", world->first_row + row);
    return text;
}

static void cell(void *ctx, size_t row, size_t column, struct tui_table_cell *ret)
{
    require(column < MIG_COUNT(columns));
    ret->text = id(ctx, row);
    ret->style = (enum tui_style)(row % TUI_STYLES);
}

static struct tui_table_rows rows_of(struct world *world)
{
    return (struct tui_table_rows){ .columns = columns,
                                    .column_count = MIG_COUNT(columns),
                                    .count = world->row_count,
                                    .ctx = world,
                                    .id = id,
                                    .cell = cell };
}

static void use_table(struct world *world, uint8_t what)
{
    struct tui_table *table = &world->table;
    struct tui_table_rows rows = rows_of(world);
    char before[TUI_TABLE_ID];
    memcpy(before, table->id, sizeof before);
    if (what < 0x80) {
        tui_table_move(table, &rows, what % (TUI_MOVE_LAST + 1));
    } else {
        world->first_row += what & 3;
        world->row_count = what & 4 ? (what >> 3) & 15 : world->row_count + (what & 1);
        rows = rows_of(world);
        tui_table_update(table, &rows);
        bool still = before[0] && strtoull(before, NULL, 10) >= world->first_row &&
                     strtoull(before, NULL, 10) < world->first_row + world->row_count;
        require(!still || strcmp(before, table->id) == 0);
    }
    tui_table_draw(table, &rows, &world->all);
    require(rows.count == 0 ? table->selected == 0 : table->selected < rows.count);
    require(table->top <= table->selected && table->selected - table->top < table->page);
    struct tui_table_layout lay;
    tui_table_lay(table, &rows, world->all.w, &lay);
    require(world->all.w < 2 || lay.w[3 + table->focus] > 0);
}

/* ---- a text ---- */

static void line(void *ctx, uint64_t number, struct tui_text_line *ret)
{
    struct world *world = ctx;
    require(number >= world->lines.first && number - world->lines.first < world->lines.count);
    snprintf(ret->room, sizeof ret->room, "%llu 中\033e\xcc\x81 %s", (unsigned long long)number,
             number % 3 ? "" : "a longer one with words to wrap");
    ret->text = ret->room;
    ret->spans[0] = (struct tui_span){ number % 5, number % 7, TUI_GOOD };
}

static void use_text(struct world *world, uint8_t what)
{
    static const char *const wanted[] = { "1", "中", "WORDS", "words", "\xcc", "", "12 ", "none" };
    struct tui_textview *text = &world->text;
    struct tui_text_lines *lines = &world->lines;
    const char *word = wanted[(what >> 4) & 7];
    switch (what & 15) {
    case 0: text->wrap = !text->wrap; break;
    case 1: tui_textview_find(text, lines, word); break;
    case 2: tui_textview_again(text, lines, what & 16); break;
    case 3: tui_textview_filter(text, lines, word); break;
    case 4: tui_textview_follow(text, what & 16); break;
    case 5: lines->count += what >> 2; break;
    case 6:
        lines->first += lines->count < (size_t)(what >> 4) ? lines->count : (size_t)(what >> 4);
        lines->count -= lines->count < (size_t)(what >> 4) ? lines->count : (size_t)(what >> 4);
        break;
    case 7: tui_textview_goto(text, lines, lines->first + (what >> 4)); break;
    default: tui_textview_move(text, lines, (enum tui_move)((what >> 3) % (TUI_MOVE_LAST + 1)));
    }
    for (int i = 0; tui_textview_work(text, lines); i++)
        require(i < 1000);
    tui_textview_draw(text, lines, &world->all);
    require(tui_textview_below(text, lines) <= lines->count);
}

/* ---- a dialog ---- */

static void use_dialog(struct world *world, uint8_t what)
{
    static const uint32_t keys[] = { TUI_KEY_ENTER,
                                     TUI_KEY_TAB,
                                     TUI_KEY_BACKTAB,
                                     TUI_KEY_LEFT,
                                     TUI_KEY_RIGHT,
                                     TUI_KEY_UP,
                                     TUI_KEY_DOWN,
                                     TUI_KEY_PASTE,
                                     TUI_KEY_BACKSPACE,
                                     TUI_KEY_CTRL | 'u',
                                     'd',
                                     'b',
                                     ' ',
                                     '2',
                                     0x4E2D,
                                     TUI_KEY_DELETE };
    struct tui_dialog *dialog = &world->dialog;
    if (dialog->state != TUI_DIALOG_OPEN || dialog->title[0] == '\0') {
        tui_dialog_init(dialog, "Title", "Run", TUI_DANGER);
        tui_dialog_add(dialog, "Reason:", NULL)->needed = true;
        tui_dialog_add(dialog, "Type db 2:", "db 2");
        dialog->want_h = what % 9;
    }
    struct tui_event event = { .key = keys[what & 15], .batch = world->batch += (what >> 4) & 1 };
    if (event.key == TUI_KEY_PASTE) {
        event.paste = "db 2";
        event.paste_len = 4;
    }
    world->now_ms += (what >> 5) * 700;
    const char *locked = tui_dialog_locked(dialog, world->now_ms);
    enum tui_dialog_state state = tui_dialog_key(dialog, &event, world->now_ms);
    if (state == TUI_DIALOG_DONE) {
        require(!locked && event.key == TUI_KEY_ENTER);
        require(strcmp(dialog->fields[1].line.text, "db 2") == 0 && dialog->fields[0].line.len > 0);
        require(world->now_ms - dialog->typed_ms >= 3000);
    }
    for (size_t i = 0; i < dialog->field_count; i++) {
        const struct tui_line *typed = &dialog->fields[i].line;
        require(typed->len <= typed->max && typed->at <= typed->len && typed->text[typed->len] == '\0');
        require(mig_utf8_check(typed->text, typed->len) == typed->len);
    }
    tui_dialog_draw(dialog, &world->all, world->now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = { .canvas = tui_canvas_new(30, 8, true), .now_ms = 100000, .row_count = 5 };
    world.lines = (struct tui_text_lines){ .count = 9, .ctx = &world, .line = line };
    world.all = tui_pane_all(world.canvas);
    tui_textview_init(&world.text, true, false);
    for (size_t i = 0; i + 1 < size && i < 500; i += 2) {
        switch (data[i] & 3) {
        case 0: use_table(&world, data[i + 1]); break;
        case 1: use_text(&world, data[i + 1]); break;
        case 2: use_dialog(&world, data[i + 1]); break;
        default:
            tui_canvas_resize(world.canvas, data[i] >> 2, data[i + 1] >> 4);
            world.all = tui_pane_all(world.canvas);
        }
    }
    tui_textview_done(&world.text);
    tui_canvas_free(world.canvas);
    return 0;
}
