/* plan_draw.c - the list of what would run, what stands against it, and the text of the tab. */
#include <stdio.h>
#include <string.h>

#include "views/plan_private.h"

#define SIDE_FROM 100

static const char *const tab_titles[PLAN_TABS] = { "effect", "script", "diff", "gates" };

/* "effect | Script | diff | gates": the open one in capitals' place and style. */
static void draw_tabs(const struct plan *plan, const struct tui_pane *pane, int y)
{
    int x = 1;
    for (int tab = 0; tab < PLAN_TABS; tab++) {
        bool open = tab == (int)plan->tab;
        if (open)
            x += tui_text(pane, x, y, TUI_CHOSEN, " ");
        x += tui_text(pane, x, y, open ? TUI_CHOSEN : TUI_DIM, tab_titles[tab]);
        if (open)
            x += tui_text(pane, x, y, TUI_CHOSEN, " ");
        if (tab == PLAN_DIFF && open)
            x += tui_printf(pane, x, y, TUI_DIM, " with %s", plan->other->name);
        if (tab + 1 < PLAN_TABS)
            x += tui_text(pane, x, y, TUI_BORDER, " | ");
    }
}

static void draw_text(struct plan *plan, const struct view_frame *frame, const struct tui_pane *pane)
{
    plan_make_lines(plan, frame);
    draw_tabs(plan, pane, 0);
    struct tui_pane rest = tui_pane_part(pane, 0, 1, pane->w, pane->h - 1);
    struct tui_pane body = view_search_draw(&plan->search, &rest);
    struct tui_text_lines lines = view_lines_text(&plan->lines);
    struct tui_pane inner = tui_pane_part(&body, 1, pane->h > 12, body.w - 2, body.h - (pane->h > 12));
    tui_textview_draw(&plan->text, &lines, &inner);
}

/* Warnings and gates that are not open, below the list; the rows they took. */
static int draw_obstacles(const struct plan *plan, const struct tui_pane *pane)
{
    const struct mig_plan *of = plan->seen ? plan->seen->plan : NULL;
    int y = 0;
    for (size_t i = 0; of && i < of->warning_count && y < pane->h; i++) {
        tui_text(pane, 1, y, TUI_WARN, "!");
        y += view_paragraph(pane, 3, y, pane->w - 4, pane->h - y < 2 ? pane->h - y : 2, TUI_WARN,
                            of->warnings[i]);
    }
    for (size_t i = 0; of && i < of->gate_count && y < pane->h; i++) {
        const struct mig_gate *gate = &of->gates[i];
        char text[sizeof gate->reason + 64];
        bool failed = gate->state == MIG_GATE_FAILED;
        if (!mig_gate_state_objects(gate->state))
            continue;
        snprintf(text, sizeof text, "%s: %s", gate->name, gate->reason);
        tui_text(pane, 1, y, failed ? TUI_BAD : TUI_WARN,
                 tui_mark(failed ? TUI_MARK_NO : TUI_MARK_UNKNOWN, pane->canvas->utf8));
        y += view_paragraph(pane, 3, y, pane->w - 4, pane->h - y < 2 ? pane->h - y : 2, TUI_PLAIN, text);
    }
    return y;
}

static void note_of(const struct plan *plan, const struct view_frame *frame, char *ret, size_t size)
{
    const struct mig_snap_answer *answer = plan_answer(plan, frame);
    const struct mig_gate *closed = plan_closed(plan);
    ret[0] = '\0';
    if (!plan->seen || !plan->seen->plan || plan->seen->plan->count == 0)
        return;
    if (answer && answer->error.code != MIG_OK) {
        char age[VIEW_TIME_SIZE];
        view_age(frame->now_ms - answer->asked_ms, age);
        snprintf(ret, size, "%s old: %s does not answer", age, plan->env->name);
    } else if (closed) {
        snprintf(ret, size, "plan %.8s, can't run: %s", plan->seen->plan->id, closed->name);
    } else {
        snprintf(ret, size, "plan %.8s", plan->seen->plan->id);
    }
}

static void draw_nothing(const struct plan *plan, const struct view_frame *frame, const struct tui_pane *pane)
{
    char text[MIG_ERROR_MESSAGE_MAX + MIG_ERROR_HINT_MAX + 64];
    const struct mig_snap_answer *answer = plan_answer(plan, frame);
    const char *env = plan->env->name;
    if (plan->at[0])
        snprintf(text, sizeof text, "No file has the version %.40s:\nthere is nothing to show of it here.",
                 plan->at);
    else if (plan->seen && plan->seen->plan)
        snprintf(text, sizeof text, "Nothing to %s on %s:\nno migration is %s.",
                 plan->seen->plan->direction == MIG_UP ? "apply" : "roll back", env,
                 plan->seen->plan->direction == MIG_UP ? "pending" : "applied");
    else if (plan->seen)
        snprintf(text, sizeof text, "There is no plan for %s:\n%s\n \n%s", env, plan->seen->refused.message,
                 plan->seen->refused.hint);
    else if (answer && answer->error.code != MIG_OK)
        snprintf(text, sizeof text, "%s can't be asked:\n%s", env, answer->error.message);
    else
        snprintf(text, sizeof text, plan->counted ? "Counting documents on %s…" : "Planning for %s…", env);
    view_empty(pane, text);
}

static void draw_list(struct plan *plan, const struct view_frame *frame, const struct tui_pane *pane,
                      bool obstacles)
{
    char title[160];
    char note[160];
    plan_says(plan, title, sizeof title);
    note_of(plan, frame, note, sizeof note);
    struct tui_pane inner = view_box(pane, title, note);
    struct tui_table_rows rows = plan_table(plan);
    if (rows.count == 0) {
        draw_nothing(plan, frame, &inner);
        return;
    }
    int list = (int)(rows.count < 1000 ? rows.count : 1000) + 1;
    int room = obstacles ? inner.h * 2 / 3 : inner.h;
    struct tui_pane top = tui_pane_part(&inner, 0, 0, inner.w, list < room ? list : room);
    tui_table_draw(&plan->table, &rows, &top);
    if (!obstacles)
        return;
    struct tui_pane below = tui_pane_part(&inner, 0, top.h + 1, inner.w, inner.h - top.h - 1);
    draw_obstacles(plan, &below);
}

void plan_draw(struct plan *plan, const struct view_frame *frame, const struct tui_pane *pane)
{
    if (plan_count(plan) == 0) {
        draw_list(plan, frame, pane, false);
        return;
    }
    bool side = pane->w >= SIDE_FROM;
    int list_h = (int)(plan_count(plan) < 100 ? plan_count(plan) : 100) + 3;
    list_h = list_h > pane->h / 3 ? pane->h / 3 : list_h;
    list_h = list_h < 3 ? 3 : list_h;
    struct tui_pane list = side ? tui_pane_part(pane, 0, 0, pane->w * 9 / 20, pane->h)
                                : tui_pane_part(pane, 0, 0, pane->w, list_h);
    struct tui_pane text = side ? tui_pane_part(pane, list.w, 0, pane->w - list.w, pane->h)
                                : tui_pane_part(pane, 0, list_h, pane->w, pane->h - list_h);
    const struct mig_migration *migration = plan_chosen(plan);
    char title[256];
    if (plan->at[0]) { /* one migration has no list */
        text = *pane;
        snprintf(title, sizeof title, "%.100s, seen from %.80s", migration ? migration->version : "",
                 plan->env->name);
    } else {
        draw_list(plan, frame, &list, side);
        if (!plan->text_focus) /* else the keys are for the text */
            view_beside(frame, &text);
        snprintf(title, sizeof title, "%s%.100s",
                 plan->text_focus ? tui_mark(TUI_MARK_CURSOR, frame->utf8) : "",
                 migration ? migration->version : "");
    }
    struct tui_pane box =
        text.h >= 6 && pane->canvas->cols >= 60 ? tui_frame(&text, TUI_BORDER, title, NULL) : text;
    draw_text(plan, frame, &box);
}
