/* rows.c - see rows.h. */
#include "views/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"

#define DETAIL_FROM  100
#define DETAIL_WIDTH 38 /* an id of 26 letters in one piece, behind its name */

void view_rows_init(struct view_rows *rows, const struct view_rows_kind *kind,
                    const struct cfg_environment *env)
{
    *rows = (struct view_rows){ .kind = kind, .env = env };
    view_search_clear(&rows->search);
    for (size_t i = 0; i < kind->column_count; i++)
        rows->columns[i] = kind->columns[i].column;
}

void view_rows_done(struct view_rows *rows)
{
    mig_unshare(rows->seen);
    free(rows->shown);
    rows->seen = NULL;
    rows->shown = NULL;
}

/* ---- what the table asks ---- */

static const bson_t *row_at(const struct view_rows *rows, size_t number)
{
    return rows->seen->items[rows->shown[number]];
}

static enum tui_style cell_text(const struct view_rows *rows, const bson_t *row, size_t column, char *ret,
                                size_t size)
{
    const struct view_rows_column *spec = &rows->kind->columns[column];
    ret[0] = '\0';
    if (spec->cell)
        return spec->cell(row, rows->frame, ret, size);
    snprintf(ret, size, "%s", mig_doc_str(row, spec->member, ""));
    return spec->column.style;
}

static const char *table_id(void *ctx, size_t number)
{
    struct view_rows *rows = ctx;
    const bson_t *row = row_at(rows, number);
    size_t len = 0;
    rows->id[0] = '\0';
    for (const char *const *member = rows->kind->id; *member && len + 2 < sizeof rows->id; member++) {
        snprintf(rows->id + len, sizeof rows->id - len, "%s|", mig_doc_str(row, *member, ""));
        len = strlen(rows->id);
    }
    return rows->id;
}

static void table_cell(void *ctx, size_t number, size_t column, struct tui_table_cell *ret)
{
    struct view_rows *rows = ctx;
    rows->asked++;
    ret->style = cell_text(rows, row_at(rows, number), column, ret->room, sizeof ret->room);
    ret->text = ret->room;
}

static struct tui_table_rows table_of(struct view_rows *rows)
{
    return (struct tui_table_rows){ .columns = rows->columns,
                                    .column_count = rows->kind->column_count,
                                    .count = rows->shown_count,
                                    .ctx = rows,
                                    .id = table_id,
                                    .cell = table_cell };
}

/* ---- which rows ---- */

static bool matches(const struct view_rows *rows, const bson_t *row, const char *text)
{
    char cell[256];
    for (size_t i = 0; text[0] && i < rows->kind->column_count; i++) {
        cell_text(rows, row, i, cell, sizeof cell);
        if (strcasestr(cell, text))
            return true;
    }
    return !text[0];
}

static void filter(struct view_rows *rows)
{
    const char *text = view_search_text(&rows->search);
    rows->shown_count = 0;
    for (size_t i = 0; rows->seen && i < rows->seen->count; i++) {
        if (matches(rows, rows->seen->items[i], text))
            rows->shown[rows->shown_count++] = i;
    }
    struct tui_table_rows table = table_of(rows);
    if (rows->moved)
        tui_table_update(&rows->table, &table);
    else
        tui_table_select(&rows->table, &table, 0);
}

static const struct mig_snap_answer *answer_of(const struct view_rows *rows, const struct view_frame *frame)
{
    return mig_snapshot_answer(frame->snapshot, rows->kind->kind, rows->env, "");
}

/* A column of environments is as wide as the longest name. */
static void fit_env_column(struct view_rows *rows, const struct view_frame *frame)
{
    int w = 3;
    for (size_t e = 0; e < frame->snapshot->env_count; e++) {
        char name[80];
        view_env_name(frame->snapshot->envs[e].env, name, sizeof name);
        w = tui_width(name) > w ? tui_width(name) : w;
    }
    for (size_t i = 0; i < rows->kind->column_count; i++) {
        if (rows->kind->columns[i].cell == view_cell_env)
            rows->columns[i].min = rows->columns[i].max = w > 16 ? 16 : w;
    }
}

bson_t *view_rows_add(struct mig_seen_rows *rows)
{
    rows->items = mig_realloc_n(rows->items, rows->count + 1, sizeof *rows->items);
    rows->items[rows->count] = bson_new();
    return rows->items[rows->count++];
}

void view_rows_update(struct view_rows *rows, const struct view_frame *frame)
{
    const struct mig_snap_answer *answer = rows->kind->build ? NULL : answer_of(rows, frame);
    struct mig_seen_rows *seen = answer ? mig_share(answer->value) : NULL;
    rows->frame = frame;
    if (rows->kind->build && rows->seen && rows->built == frame->snapshot->number)
        return;
    if (rows->kind->build) {
        seen = rows->kind->build(frame, rows->env);
        rows->built = frame->snapshot->number;
    } else if (seen == rows->seen) {
        mig_unshare(seen);
        return;
    }
    view_rows_done(rows);
    rows->seen = seen;
    rows->shown = mig_alloc_n((seen ? seen->count : 0) + 1, sizeof *rows->shown);
    fit_env_column(rows, frame);
    filter(rows);
}

const bson_t *view_rows_chosen(const struct view_rows *rows)
{
    return rows->table.selected < rows->shown_count ? row_at(rows, rows->table.selected) : NULL;
}

/* ---- keys ---- */

/* The environment before or after in the row all, first, …, last. */
static void choose_env(struct view_rows *rows, const struct view_frame *frame, bool forward)
{
    const struct mig_snapshot *snapshot = frame->snapshot;
    size_t at = 0; /* 0: all */
    for (size_t i = 0; i < snapshot->env_count; i++)
        at = snapshot->envs[i].env == rows->env ? i + 1 : at;
    if (forward && at < snapshot->env_count)
        at++;
    else if (!forward && at > 0)
        at--;
    rows->env = at > 0 ? snapshot->envs[at - 1].env : NULL;
    rows->built = 0;
    view_rows_update(rows, frame);
}

bool view_rows_act(struct view_rows *rows, const struct view_frame *frame, const char *action,
                   const struct tui_event *event)
{
    view_rows_update(rows, frame);
    if (rows->search.open) {
        if (view_search_key(&rows->search, event))
            filter(rows);
        return true;
    }
    if (event && event->key == TUI_KEY_ESC && view_search_text(&rows->search)[0]) {
        view_search_clear(&rows->search);
        filter(rows);
        return true;
    }
    enum tui_move move = tui_move_of(action);
    struct tui_table_rows table = table_of(rows);
    if (action && strcmp(action, "filter") == 0)
        view_search_open(&rows->search, '/');
    else if (move == TUI_MOVE_LEFT || move == TUI_MOVE_RIGHT)
        choose_env(rows, frame, move == TUI_MOVE_RIGHT);
    else if (move != TUI_MOVE_NONE)
        rows->moved = tui_table_move(&rows->table, &table, move) || rows->moved;
    else
        return false;
    return true;
}

/* ---- drawing ---- */

/* How an environment stands in the list, when its rows are not all there or not of now; "" otherwise. there: some are; failed: why the
 * newest question failed, NULL: it did not. */
static void lack_of(const struct mig_snap_env *env, const struct view_frame *frame, bool there,
                    int64_t asked_ms, const struct mig_error *failed, char *ret, size_t size)
{
    char age[VIEW_TIME_SIZE];
    const char *name = env->env->name;
    bool away = env->error.code != MIG_OK || (env->seen && view_env_stale(env, frame->now_ms));
    ret[0] = '\0';
    if (env->env->disabled_reason)
        snprintf(ret, size, "%s is switched off", name);
    else if (!there && !failed && !away)
        snprintf(ret, size, "%s has not answered yet", name);
    else if (failed && !away)
        snprintf(ret, size, "%s can't be read: %.200s", name, failed->message);
    else if (away && (!there || !env->seen))
        snprintf(ret, size, "%s: no answer", name);
    else if (away) {
        view_age(frame->now_ms - (env->seen_ms > asked_ms ? env->seen_ms : asked_ms), age);
        snprintf(ret, size, "%s: no answer, as of %s ago", name, age);
    }
}

/* What the list lacks, or shows as it was: "prod has not answered yet; test: no answer, as of 2m ago". "": nothing. */
static void lacks_of(const struct view_rows *rows, const struct view_frame *frame, char *ret, size_t size)
{
    const struct mig_snapshot *snapshot = frame->snapshot;
    const struct mig_snap_answer *answer = rows->kind->build ? NULL : answer_of(rows, frame);
    size_t len = 0;
    ret[0] = '\0';
    for (size_t e = 0; e < snapshot->env_count && len < size; e++) {
        char one[512] = "";
        const struct mig_snap_env *env = &snapshot->envs[e];
        if (rows->env && rows->env != env->env)
            continue;
        if (rows->kind->looks && !env->seen && env->error.code == MIG_OK)
            lack_of(env, frame, false, 0, NULL, one, sizeof one);
        else if (answer && rows->env)
            lack_of(env, frame, answer->value != NULL, answer->asked_ms,
                    answer->error.code != MIG_OK ? &answer->error : NULL, one, sizeof one);
        for (size_t i = 0; answer && !rows->env && i < answer->part_count; i++) {
            const struct mig_snap_part *part = &answer->parts[i];
            if (part->env == env->env)
                lack_of(env, frame, part->there, part->asked_ms,
                        part->error.code != MIG_OK ? &part->error : NULL, one, sizeof one);
        }
        if (one[0])
            len += (size_t)snprintf(ret + len, size - len, "%s%s", len > 0 ? "; " : "", one);
    }
    mig_utf8_trim(ret);
}

static bool all_have_told(const struct mig_snap_answer *answer)
{
    for (size_t i = 0; i < answer->part_count; i++) {
        if (!answer->parts[i].there && answer->parts[i].error.code == MIG_OK)
            return false;
    }
    return true;
}

static void draw_nothing(const struct view_rows *rows, const struct view_frame *frame, const char *lacks,
                         const struct tui_pane *pane)
{
    char text[MIG_ERROR_MESSAGE_MAX + 128];
    const struct mig_snap_answer *answer = rows->kind->build ? NULL : answer_of(rows, frame);
    const char *where = rows->env ? rows->env->name : "all environments";
    if (rows->seen && rows->seen->count > 0)
        snprintf(text, sizeof text, "No cell has \"%.100s\".\nesc shows all again.",
                 view_search_text(&rows->search));
    else if (rows->seen && lacks[0])
        snprintf(text, sizeof text, "No %s in what has answered.", rows->kind->noun);
    else if (rows->seen)
        snprintf(text, sizeof text, "%s", rows->kind->empty);
    else if (answer && all_have_told(answer) && answer->error.code != MIG_OK)
        snprintf(text, sizeof text, "The %s of %s can't be read:\n%s", rows->kind->noun, where,
                 answer->error.message);
    else
        snprintf(text, sizeof text, "Asking %s…", where);
    view_empty(pane, text);
}

/* Members of the chosen row, name and value a line. A long value takes what the others leave: an error is read to its end. */
static void draw_facts(const char *facts, const struct tui_pane *pane)
{
    int y = 0;
    int name_w = 0;
    int after = 0;
    for (const char *line = facts; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        int w = (int)strcspn(line, "\t");
        name_w = w > name_w && line[w] == '\t' ? w : name_w;
        after++;
    }
    for (const char *line = facts; *line && y < pane->h;) {
        size_t len = strcspn(line, "\n");
        size_t name = strcspn(line, "\t");
        char *value MIG_AUTOFREE = mig_strndup(line + name + 1, len - name - 1);
        tui_text_len(pane, 0, y, TUI_DIM, line, name);
        int rows = pane->h - y - --after;
        rows = rows > 1 ? rows : 1;
        int used = view_paragraph(pane, name_w + 1, y, pane->w - name_w - 1, rows, TUI_PLAIN, value);
        y += used > 0 ? used : 1;
        line += len;
        line += *line == '\n';
    }
}

static void title_of(struct view_rows *rows, char *ret, size_t size)
{
    char range[64];
    char noun[64];
    struct tui_table_rows table = table_of(rows);
    const char *text = view_search_text(&rows->search);
    snprintf(noun, sizeof noun, "%s", rows->kind->noun);
    noun[0] = (char)(noun[0] >= 'a' && noun[0] <= 'z' ? noun[0] - 'a' + 'A' : noun[0]);
    tui_table_range(&rows->table, &table, range, sizeof range);
    const char *whose = rows->kind->of_none && !rows->env ? ""
                        : rows->env                       ? rows->env->name
                                                          : "all environments";
    snprintf(ret, size, "%s%s%s%s%s%s%s", noun, whose[0] ? " of " : "", whose, range[0] ? "  " : "", range,
             text[0] && !rows->search.open ? "  /" : "", rows->search.open ? "" : text);
}

static void draw_list(struct view_rows *rows, const struct view_frame *frame, const struct tui_pane *pane)
{
    char title[256];
    struct tui_pane box = view_box(pane, "", NULL);
    struct tui_pane inner = view_search_draw(&rows->search, &box);
    struct tui_table_rows table = table_of(rows);
    char lacks[1024];
    lacks_of(rows, frame, lacks, sizeof lacks);
    if (lacks[0] && inner.h >= 4) {
        tui_field(&inner, 1, inner.h - 1, inner.w - 2, TUI_WARN, lacks);
        inner.h--;
    }
    tui_table_draw(&rows->table, &table, &inner);
    if (rows->shown_count == 0) {
        struct tui_pane below = tui_pane_part(&inner, 0, 1, inner.w, inner.h - 1);
        draw_nothing(rows, frame, lacks, &below);
    }
    title_of(rows, title, sizeof title);
    view_box(pane, title, NULL);
}

void view_rows_draw(struct view_rows *rows, const struct view_frame *frame, const struct tui_pane *pane)
{
    view_rows_update(rows, frame);
    const bson_t *row = view_rows_chosen(rows);
    struct mig_buf facts MIG_AUTOBUF;
    mig_buf_init(&facts, 64UL * 1024);
    if (row && rows->kind->detail)
        rows->kind->detail(row, frame, &facts);
    bool beside = rows->kind->detail && pane->w >= DETAIL_FROM;
    int below = rows->kind->detail && !beside && pane->h >= 18 ? pane->h / 3 : 0;
    int beside_w = beside ? (pane->w / 4 < DETAIL_WIDTH ? DETAIL_WIDTH : pane->w / 4) : 0;
    struct tui_pane list = tui_pane_part(pane, 0, 0, pane->w - beside_w, pane->h - below);
    draw_list(rows, frame, &list);
    if (!beside && below == 0)
        return;
    struct tui_pane more = beside ? tui_pane_part(pane, pane->w - beside_w, 0, beside_w, pane->h)
                                  : tui_pane_part(pane, 0, pane->h - below, pane->w, below);
    struct tui_pane box = more.h >= 5 ? tui_frame(&more, TUI_BORDER, "Detail", NULL) : more;
    struct tui_pane inner = tui_pane_part(&box, 1, 0, box.w - 2, box.h);
    draw_facts(facts.text, &inner);
    view_beside(frame, &more);
}

/* ---- the rest ---- */

size_t view_rows_wants(const struct view_rows *rows, struct view_want *ret)
{
    *ret = (struct view_want){ .kind = rows->kind->kind, .env = rows->env };
    return rows->kind->build ? 0 : 1;
}

void view_rows_plain(struct view_rows *rows, const struct view_frame *frame, struct mig_buf *out)
{
    struct view_frame plain = *frame;
    char lacks[1024];
    plain.plain = true;
    view_rows_update(rows, &plain);
    lacks_of(rows, &plain, lacks, sizeof lacks);
    if (lacks[0])
        mig_text_safe(out, lacks, strlen(lacks), sizeof lacks, false);
    if (lacks[0])
        mig_buf_char(out, '\n');
    for (size_t i = 0; i < rows->shown_count; i++) {
        const bson_t *row = row_at(rows, i);
        bool first = true;
        for (size_t c = 0; c < rows->kind->column_count; c++) {
            char cell[256];
            cell_text(rows, row, c, cell, sizeof cell);
            if (!cell[0])
                continue;
            mig_buf_str(out, first ? "" : "; ");
            for (const char *letter = rows->columns[c].title; *letter; letter++)
                mig_buf_char(out, (char)(*letter >= 'A' && *letter <= 'Z' ? *letter - 'A' + 'a' : *letter));
            mig_buf_char(out, ' ');
            mig_text_safe(out, cell, strlen(cell), 400, false);
            first = false;
        }
        mig_buf_char(out, '\n');
    }
    if (rows->shown_count == 0)
        mig_buf_printf(out, "%s\n",
                       !rows->seen ? "no answer yet"
                       : lacks[0]  ? "none in what has answered"
                                   : rows->kind->empty);
    rows->frame = frame;
}

void view_rows_subject(const struct view_rows *rows, char *ret, size_t size)
{
    snprintf(ret, size, "%s", rows->env ? rows->env->name : "all");
}

void view_rows_fact(struct mig_buf *out, const char *name, const char *value)
{
    if (!value[0])
        return;
    mig_buf_printf(out, "%s\t", name);
    mig_text_safe(out, value, strlen(value), 2000, false);
    mig_buf_char(out, '\n');
}

void view_rows_fact_of(struct mig_buf *out, const char *name, const bson_t *row, const char *member)
{
    view_rows_fact(out, name, mig_doc_str(row, member, ""));
}

void view_rows_person(struct mig_buf *out, const bson_t *row)
{
    char text[512];
    snprintf(text, sizeof text, "%.128s (%.128s on %.128s)", mig_doc_str(row, "operator", "?"),
             mig_doc_str(row, "osUser", "?"), mig_doc_str(row, "host", "?"));
    view_rows_fact(out, "by", text);
}

/* ---- cells ---- */

enum tui_style view_cell_started(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    char when[VIEW_TIME_SIZE];
    view_when(view_doc_time(row, "startedAt"), frame->wall_ms, when);
    snprintf(ret, size, "%s", when);
    return TUI_PLAIN;
}

enum tui_style view_cell_took(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    char took[MIG_TIME_SIZE];
    int64_t ms = mig_doc_int(row, "durationMs", -1);
    (void)frame;
    if (ms >= 0) {
        mig_time_duration(ms, took);
        snprintf(ret, size, "%s", took);
    }
    return TUI_PLAIN;
}

enum tui_style view_cell_status(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    const char *status = mig_doc_str(row, "status", "unknown");
    enum tui_style style = view_status_style(status);
    enum tui_mark mark = style == TUI_GOOD   ? TUI_MARK_OK
                         : style == TUI_BAD  ? TUI_MARK_NO
                         : style == TUI_INFO ? TUI_MARK_RIGHT
                                             : TUI_MARK_UNKNOWN;
    snprintf(ret, size, "%s%s%s", frame->plain ? "" : tui_mark(mark, frame->utf8), frame->plain ? "" : " ",
             status);
    return style;
}

enum tui_style view_cell_env(const bson_t *row, const struct view_frame *frame, char *ret, size_t size)
{
    const char *name = mig_doc_str(row, "environment", "");
    const struct mig_snap_env *env = mig_snapshot_env(frame->snapshot, name);
    if (!env) {
        snprintf(ret, size, "%s", name);
        return TUI_PLAIN;
    }
    view_env_name(env->env, ret, size);
    return env->env->is_protected ? TUI_STRONG : TUI_PLAIN;
}

/* ---- a screen that is one list ---- */

struct view *view_list_open(const struct view_class *class, const struct view_rows_kind *kind,
                            const struct cfg_environment *env, const struct mig_error *err)
{
    if (err->code != MIG_OK)
        return NULL;
    struct view_list *list = mig_alloc(sizeof *list);
    list->view.class = class;
    view_rows_init(&list->rows, kind, env);
    return &list->view;
}

struct view *view_list_open_words(const struct view_class *class, const struct view_rows_kind *kind,
                                  size_t count, char *const *words, const struct view_frame *frame,
                                  struct mig_error *err)
{
    mig_error_clear(err);
    return view_list_open(class, kind, view_env_option(count, words, frame, true, err), err);
}

void view_list_close(struct view *view)
{
    view_rows_done(&((struct view_list *)(void *)view)->rows);
    free(view);
}

void view_list_update(struct view *view, const struct view_frame *frame)
{
    view_rows_update(&((struct view_list *)(void *)view)->rows, frame);
}

void view_list_draw(struct view *view, const struct view_frame *frame, const struct tui_pane *pane)
{
    view_rows_draw(&((struct view_list *)(void *)view)->rows, frame, pane);
}

size_t view_list_wants(const struct view *view, const struct view_frame *frame,
                       struct view_want ret[static VIEW_WANTS_MAX])
{
    (void)frame;
    return view_rows_wants(&((const struct view_list *)(const void *)view)->rows, ret);
}

void view_list_plain(const struct view *view, const struct view_frame *frame, struct mig_buf *out)
{
    view_rows_plain(&((struct view_list *)(void *)(uintptr_t)view)->rows, frame, out);
}

void view_list_subject(const struct view *view, const struct view_frame *frame, char *ret, size_t size)
{
    (void)frame;
    view_rows_subject(&((const struct view_list *)(const void *)view)->rows, ret, size);
}
