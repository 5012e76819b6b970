/* promote.c - the path from the first environment to the last: what could go on to the next one, and what stands against it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gates.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "tui/table.h"
#include "views/classes.h"
#include "views/parts.h"

/* What would go from one environment to the next: the pending ones of the target, in order, up to the first that has not
 * run in the source. */
struct leg {
    const struct mig_snap_env *from, *to;
    size_t ready;
    const char *last;               /* newest that is ready; NULL: none is */
    const struct mig_view *waiting; /* the first that is pending and has not run in the source */
    const struct mig_view *there;   /* how that one stands in the source; NULL: not at all */
    size_t late;
};

struct promote {
    struct view view;
    struct tui_table table;
    const struct view_frame *frame; /* of the call under way */
};

static const struct view_key keys[] = {
    { "enter", "open", "plan", "the plan of what could go on to the next environment", 90 },
    { "p", "promote", "promote", "the next thing that is due: ask for approval, or run what was approved",
      80 },
    { "x", "dry-run", "dry run", "the same with documents counted on the server", 70 },
    { "o", "gates", "gates", "every gate of it, with what to do", 60 },
    { "w", "requests", "requests", "what was asked for, and waits for an answer", 50 },
    { "j down", "down", NULL, "one down", 0 },
    { "k up", "up", NULL, "one up", 0 },
    { 0 },
};

/* ---- what there is ---- */

static bool is_to_do(const struct mig_view *view)
{
    return view->state == MIG_PENDING || view->state == MIG_BLOCKED;
}

static const struct mig_view *find(const struct mig_views *views, const char *version)
{
    size_t low = 0;
    size_t high = views->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mig_version_compare(views->items[middle].version, version);
        if (order == 0)
            return &views->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static struct leg leg_of(const struct mig_snapshot *snapshot, size_t number)
{
    struct leg leg = { .from = &snapshot->envs[number], .to = &snapshot->envs[number + 1] };
    if (!leg.from->seen || !leg.to->seen)
        return leg;
    const struct mig_views *to = &leg.to->seen->look.views;
    const struct mig_views *from = &leg.from->seen->look.views;
    leg.late = to->counts[MIG_LATE];
    for (size_t i = 0; i < to->count; i++) {
        if (!is_to_do(&to->items[i]))
            continue;
        const struct mig_view *there = find(from, to->items[i].version);
        if (!there || there->state != MIG_APPLIED) {
            leg.waiting = &to->items[i];
            leg.there = there;
            break;
        }
        leg.ready++;
        leg.last = to->items[i].version;
    }
    return leg;
}

static size_t leg_count(const struct view_frame *frame)
{
    return frame->snapshot->env_count > 0 ? frame->snapshot->env_count - 1 : 0;
}

static void words_of(const struct leg *leg, char *ret, size_t size)
{
    snprintf(ret, size, "--to %s", leg->last);
}

static const struct mig_seen_plan *plan_of(const struct leg *leg, const struct view_frame *frame)
{
    char words[256];
    if (!leg->last)
        return NULL;
    words_of(leg, words, sizeof words);
    const struct mig_snap_answer *answer =
        mig_snapshot_answer(frame->snapshot, MIG_QUERY_PLAN, leg->to->env, words);
    return answer ? answer->value : NULL;
}

/* What is closed; else what objects though it closes nothing on this environment. */
static enum tui_style gates_say(const struct mig_plan *plan, const struct cfg_environment *env, char *ret,
                                size_t size)
{
    const struct mig_gate *closed = mig_gates_closed(plan, env);
    if (closed) {
        snprintf(ret, size, "%s: %s", closed->name, closed->reason);
        return TUI_BAD;
    }
    for (size_t i = 0; i < plan->gate_count; i++) {
        if (!mig_gate_state_objects(plan->gates[i].state))
            continue;
        snprintf(ret, size, "holds nothing up, but %s: %s", plan->gates[i].name, plan->gates[i].reason);
        return TUI_WARN;
    }
    snprintf(ret, size, "every gate is open");
    return TUI_GOOD;
}

/* The first thing that stands against it, in one line. */
static enum tui_style obstacle(const struct leg *leg, const struct view_frame *frame, char *ret, size_t size)
{
    const struct mig_snap_env *silent = view_env_stale(leg->to, frame->now_ms)     ? leg->to
                                        : view_env_stale(leg->from, frame->now_ms) ? leg->from
                                                                                   : NULL;
    if (silent) {
        snprintf(ret, size, "no answer from %s", silent->env->name);
        return TUI_WARN;
    }
    static const enum mig_state broken[] = { MIG_FAILED, MIG_INTERRUPTED, MIG_CHANGED, MIG_MISSING };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        size_t count = leg->to->seen->look.views.counts[broken[i]];
        if (count == 0)
            continue;
        snprintf(ret, size, "%zu %s in %s", count, mig_state_word(broken[i]), leg->to->env->name);
        return TUI_BAD;
    }
    if (!leg->last && leg->waiting) {
        snprintf(ret, size, "%s is %s in %s", leg->waiting->version,
                 leg->there ? mig_state_word(leg->there->state) : "not known", leg->from->env->name);
        return TUI_WARN;
    }
    if (!leg->last) {
        snprintf(ret, size, "%s", leg->late > 0 ? "only late ones are left" : "nothing: it has all of it");
        return leg->late > 0 ? TUI_WARN : TUI_GOOD;
    }
    const struct mig_seen_plan *seen = plan_of(leg, frame);
    if (!seen) {
        snprintf(ret, size, "asking…");
        return TUI_DIM;
    }
    if (!seen->plan) {
        snprintf(ret, size, "%s", seen->refused.message);
        return TUI_BAD;
    }
    return gates_say(seen->plan, leg->to->env, ret, size);
}

/* ---- the table ---- */

static const char *row_id(void *ctx, size_t row)
{
    const struct promote *promote = ctx;
    return promote->frame->snapshot->envs[row + 1].env->name;
}

static void row_cell(void *ctx, size_t row, size_t column, struct tui_table_cell *ret)
{
    const struct promote *promote = ctx;
    struct leg leg = leg_of(promote->frame->snapshot, row);
    char name[80];
    ret->text = ret->room;
    switch (column) {
    case 0:
        view_env_name(leg.to->env, name, sizeof name);
        snprintf(ret->room, sizeof ret->room, "%.80s %s %s", leg.from->env->name,
                 promote->frame->utf8 ? "→" : "->", name);
        ret->style = leg.to->env->is_protected ? TUI_STRONG : TUI_PLAIN;
        break;
    case 1: snprintf(ret->room, sizeof ret->room, "%zu", leg.ready); break;
    default: ret->style = obstacle(&leg, promote->frame, ret->room, sizeof ret->room); break;
    }
}

// clang-format off
static const struct tui_column columns[] = {
    { .title = "FROM, TO",          .min = 12, .max = 20, .rank = 9 },
    { .title = "READY",             .min = 5,  .max = 5,  .rank = 8, .right = true },
    { .title = "STANDS AGAINST IT", .min = 16, .max = 0, .rank = 7 },
};
// clang-format on

static struct tui_table_rows table_of(struct promote *promote, const struct view_frame *frame)
{
    promote->frame = frame;
    return (struct tui_table_rows){ .columns = columns,
                                    .column_count = sizeof columns / sizeof columns[0],
                                    .count = leg_count(frame),
                                    .ctx = promote,
                                    .id = row_id,
                                    .cell = row_cell };
}

/* ---- opening ---- */

static struct view *promote_open(size_t count, char *const *words, const struct view_frame *frame,
                                 struct mig_error *err)
{
    mig_error_clear(err);
    const struct cfg_environment *env =
        view_has(count, words, "--env") ? view_env_option(count, words, frame, true, err) : NULL;
    if (err->code != MIG_OK)
        return NULL;
    struct promote *promote = mig_alloc(sizeof *promote);
    promote->view.class = &view_promote;
    struct tui_table_rows rows = table_of(promote, frame);
    if (env)
        tui_table_find(&promote->table, &rows, env->name);
    return &promote->view;
}

static void promote_close(struct view *view)
{
    free(view);
}

/* ---- drawing ---- */

static void draw_path(const struct view_frame *frame, const struct tui_pane *pane)
{
    int x = 1;
    for (size_t e = 0; e < frame->snapshot->env_count; e++) {
        const struct mig_snap_env *env = &frame->snapshot->envs[e];
        char name[80];
        char count[64] = "";
        bool stale = view_env_stale(env, frame->now_ms);
        view_env_name(env->env, name, sizeof name);
        if (env->seen)
            snprintf(count, sizeof count, " %zu applied", env->seen->look.views.counts[MIG_APPLIED]);
        if (x + tui_width(name) + tui_width(count) >= pane->w)
            return;
        x += tui_text(pane, x, 0, stale ? TUI_STALE : view_env_style(env->env), name);
        x += tui_text(pane, x, 0, stale ? TUI_STALE : TUI_DIM, count);
        if (e + 1 < frame->snapshot->env_count)
            x += tui_printf(pane, x, 0, TUI_BORDER, "  %s  ", frame->utf8 ? "──▸" : "-->");
    }
}

static int line(const struct tui_pane *pane, int y, enum tui_style style, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static int line(const struct tui_pane *pane, int y, enum tui_style style, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (y >= pane->h)
        return y;
    int left = pane->h - y;
    return y + view_paragraph(pane, 0, y, pane->w, left < 3 ? left : 3, style, text);
}

static int draw_ready(const struct leg *leg, const struct tui_pane *pane, int y)
{
    const struct mig_views *to = &leg->to->seen->look.views;
    size_t left = leg->ready;
    y = line(pane, y, TUI_TITLE, "Ready for %s: ran in %s with the same text", leg->to->env->name,
             leg->from->env->name);
    for (size_t i = 0; i < to->count && left > 0; i++) {
        if (!is_to_do(&to->items[i]))
            continue;
        if (y == pane->h - 2 && left > 1)
            return line(pane, y, TUI_DIM, "and %zu more", left);
        y = line(pane, y, TUI_PLAIN, "%s  %s", to->items[i].version, to->items[i].title);
        left--;
    }
    return y;
}

/* How many rows the gates need, each with its remedy; and how many are closed. */
static int gate_rows(const struct mig_plan *plan, size_t *ret_closed)
{
    int rows = 0;
    *ret_closed = 0;
    for (size_t i = 0; i < plan->gate_count; i++) {
        bool objects = mig_gate_state_objects(plan->gates[i].state);
        rows += 1 + (objects && plan->gates[i].remedy[0]);
        *ret_closed += objects;
    }
    return rows;
}

/* Where there is no room for all, how many are closed. */
static void draw_gates(const struct mig_plan *plan, const char *env, bool utf8, const struct tui_pane *pane,
                       int y)
{
    size_t closed;
    if (y + 1 + gate_rows(plan, &closed) > pane->h) {
        if (y >= pane->h)
            y = pane->h - 1;
        if (closed == 0)
            line(pane, y, TUI_GOOD, "All %zu gates of %s are open, plan %.8s; o shows them", plan->gate_count,
                 env, plan->id);
        else
            line(pane, y, TUI_WARN, "%zu of %zu gates of %s are closed, plan %.8s; o shows them", closed,
                 plan->gate_count, env, plan->id);
        return;
    }
    y = line(pane, y, TUI_TITLE, "Gates of %s, plan %.8s", env, plan->id);
    for (size_t i = 0; i < plan->gate_count; i++) {
        const struct mig_gate *gate = &plan->gates[i];
        y = line(pane, y, view_gate_style(gate->state), "%s %s%s%s", view_gate_mark(gate->state, utf8),
                 gate->name, gate->reason[0] ? ": " : "", gate->reason);
        if (mig_gate_state_objects(gate->state) && gate->remedy[0])
            y = line(pane, y, TUI_DIM, "  next: %s", gate->remedy);
    }
}

static void draw_leg(const struct leg *leg, const struct view_frame *frame, const struct tui_pane *pane)
{
    int y = 0;
    if (!leg->from->seen || !leg->to->seen) {
        line(pane, y, TUI_DIM, "Waiting for an answer.");
        return;
    }
    if (leg->ready > 0)
        y = draw_ready(leg, pane, y) + 1;
    if (leg->waiting)
        y = line(pane, y, TUI_PLAIN, "Not ready: %s %s is %s in %s", leg->waiting->version,
                 leg->waiting->title, leg->there ? mig_state_word(leg->there->state) : "not known",
                 leg->from->env->name);
    if (leg->late > 0)
        y = line(pane, y, TUI_WARN, "%zu late: older than what is applied; order %s", leg->late,
                 mig_order_word(leg->to->env->order));
    const struct mig_seen_plan *seen = plan_of(leg, frame);
    if (!seen)
        return;
    if (!seen->plan) {
        line(pane, y + 1, TUI_BAD, "%s", seen->refused.message);
        return;
    }
    draw_gates(seen->plan, leg->to->env->name, frame->utf8, pane, y + 1);
}

static void draw(struct view *view, const struct view_frame *frame, const struct tui_pane *pane)
{
    struct promote *promote = (struct promote *)(void *)view;
    struct tui_pane inner = view_box(pane, "Promote", NULL);
    struct tui_table_rows rows = table_of(promote, frame);
    if (rows.count == 0) {
        view_empty(&inner,
                   "There is one environment: nothing to promote to.\nmigtui.yaml lists them in the order of "
                   "promotion.");
        return;
    }
    int above = inner.h >= 8 ? 2 : 0;
    if (above > 0)
        draw_path(frame, &inner);
    int list = (int)rows.count + 1 < inner.h / 2 ? (int)rows.count + 1 : inner.h / 2;
    struct tui_pane top = tui_pane_part(&inner, 0, above, inner.w, list < 2 ? 2 : list);
    tui_table_draw(&promote->table, &rows, &top);
    int y = above + top.h + 1;
    struct tui_pane below = tui_pane_part(&inner, 1, y, inner.w - 2, inner.h - y);
    struct leg leg = leg_of(frame->snapshot, promote->table.selected);
    if (below.h > 0)
        draw_leg(&leg, frame, &below);
}

/* ---- acts ---- */

static const char *refuses(const struct view *view, const struct view_frame *frame, const char *action)
{
    const struct promote *promote = (const struct promote *)(const void *)view;
    if (tui_move_of(action) != TUI_MOVE_NONE || strcmp(action, "requests") == 0)
        return NULL;
    if (promote->table.selected >= leg_count(frame))
        return "there is nothing to promote to";
    struct leg leg = leg_of(frame->snapshot, promote->table.selected);
    return leg.last ? NULL : "nothing is ready to go on";
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    struct promote *promote = (struct promote *)(void *)view;
    struct tui_table_rows rows = table_of(promote, frame);
    (void)event;
    ret->handled = action != NULL;
    if (!action)
        return;
    const char *why = refuses(view, frame, action);
    if (strcmp(action, "requests") == 0) {
        view_command(ret, "view", "requests", NULL);
    } else if (tui_move_of(action) != TUI_MOVE_NONE) {
        tui_table_move(&promote->table, &rows, tui_move_of(action));
    } else if (why) {
        view_say(ret, "%s", why);
    } else {
        struct leg leg = leg_of(frame->snapshot, promote->table.selected);
        const char *env = leg.to->env->name;
        if (strcmp(action, "promote") == 0)
            view_command(ret, "promote", "--env", env, NULL);
        else if (strcmp(action, "dry-run") == 0)
            view_command(ret, "view", "plan", "--env", env, "--to", leg.last, "--dry-run", NULL);
        else if (strcmp(action, "gates") == 0)
            view_command(ret, "view", "plan", "--env", env, "--to", leg.last, "--tab", "gates", NULL);
        else
            view_command(ret, "view", "plan", "--env", env, "--to", leg.last, NULL);
    }
}

static size_t wants(const struct view *view, const struct view_frame *frame,
                    struct view_want ret[static VIEW_WANTS_MAX])
{
    size_t count = 0;
    (void)view;
    for (size_t i = 0; i < leg_count(frame) && count < VIEW_WANTS_MAX; i++) {
        struct leg leg = leg_of(frame->snapshot, i);
        if (!leg.last)
            continue;
        ret[count] = (struct view_want){ .kind = MIG_QUERY_PLAN, .env = leg.to->env };
        words_of(&leg, ret[count].argument, sizeof ret[count].argument);
        count++;
    }
    return count;
}

static void plain(const struct view *view, const struct view_frame *frame, struct mig_buf *out)
{
    (void)view;
    for (size_t i = 0; i < leg_count(frame); i++) {
        struct leg leg = leg_of(frame->snapshot, i);
        char text[512];
        obstacle(&leg, frame, text, sizeof text);
        mig_buf_printf(out, "%s to %s%s: %zu ready; ", leg.from->env->name, leg.to->env->name,
                       leg.to->env->is_protected ? " (protected)" : "", leg.ready);
        mig_text_safe(out, text, strlen(text), 400, false);
        mig_buf_char(out, '\n');
    }
}

static void subject(const struct view *view, const struct view_frame *frame, char *ret, size_t size)
{
    const struct promote *promote = (const struct promote *)(const void *)view;
    bool is_there = promote->table.selected < leg_count(frame);
    snprintf(ret, size, "%s", is_there ? frame->snapshot->envs[promote->table.selected + 1].env->name : "");
}

const struct view_class view_promote = {
    .name = "promote",
    .title = "Promote",
    .digit = '4',
    .keys = keys,
    .open = promote_open,
    .close = promote_close,
    .draw = draw,
    .act = act,
    .refuses = refuses,
    .wants = wants,
    .plain = plain,
    .subject = subject,
};
