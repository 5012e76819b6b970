/* plan_lines.c - effect, script, diff and gates as text. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "views/plan_private.h"

/* ---- effect ---- */

static void pad(struct mig_buf *out, const char *text, int w)
{
    int used = tui_width(text);
    mig_buf_str(out, text);
    mig_buf_fill(out, ' ', (size_t)(w > used ? w - used : 0));
    mig_buf_str(out, "  ");
}

struct widths {
    int id, kind, collection;
};

static void measure(const struct mig_step *step, struct widths *w)
{
    int id = tui_width(step->id);
    int kind = tui_width(mig_step_kind_name(step->kind));
    int collection = step->collection ? tui_width(step->collection) : 0;
    w->id = id > w->id ? (id < 24 ? id : 24) : w->id;
    w->kind = kind > w->kind ? kind : w->kind;
    w->collection = collection > w->collection ? (collection < 24 ? collection : 24) : w->collection;
}

static void add_step(struct view_lines *lines, const struct view_frame *frame, const struct mig_step *step,
                     const struct mig_plan_step *planned, bool done, const struct widths *w)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, 2048);
    mig_buf_printf(&text, "%s ", done ? tui_mark(TUI_MARK_OK, frame->utf8) : " ");
    pad(&text, step->id, w->id);
    pad(&text, mig_step_kind_name(step->kind), w->kind);
    pad(&text, step->collection ? step->collection : "", w->collection);
    const char *separator = "";
    if (done) {
        mig_buf_str(&text, "done already");
        separator = ", ";
    }
    if (planned && planned->estimate >= 0) {
        mig_buf_str(&text, separator);
        mig_text_count(&text, planned->estimate, "document");
        separator = ", ";
    }
    if (planned && planned->transactional)
        mig_buf_printf(&text, "%sin one transaction with its record", separator);
    while (text.len > 0 && text.text[text.len - 1] == ' ')
        text.text[--text.len] = '\0';
    view_lines_add(lines, done ? TUI_DIM : TUI_PLAIN, 0, "%s", text.text);
}

static void effect(const struct plan *plan, const struct view_frame *frame,
                   const struct mig_migration *migration, const struct mig_plan_item *item,
                   struct view_lines *lines)
{
    bool down = plan->seen && plan->seen->plan && plan->seen->plan->direction == MIG_DOWN && item;
    struct widths w = { 0 };
    size_t count = item ? item->step_count : migration->up_count;
    for (size_t i = 0; i < count; i++)
        measure(item ? item->steps[i].step : &migration->up[i], &w);
    view_lines_add(lines, TUI_STRONG, 0, "%s", migration->title);
    view_lines_add(lines, TUI_DIM, 0, "%s", migration->file);
    view_lines_add(lines, TUI_PLAIN, 0, "%s", "");
    for (size_t i = 0; i < count; i++)
        add_step(lines, frame, item ? item->steps[i].step : &migration->up[i], item ? &item->steps[i] : NULL,
                 item && i < item->first_step, &w);
    view_lines_add(lines, TUI_PLAIN, 0, "%s", "");
    for (size_t i = 0; i < migration->depends_count; i++)
        view_lines_add(lines, TUI_DIM, 0, "needs %s before it", migration->depends[i]);
    if (down)
        return;
    if (migration->irreversible)
        view_lines_add(lines, TUI_WARN, 0, "can't be taken back: %s", migration->irreversible);
    else
        view_lines_add(lines, TUI_DIM, 0, "%s",
                       migration->has_down
                           ? "has steps of its own to take it back"
                           : "is taken back by inverse steps, where one follows from what it did");
}

/* ---- script ---- */

/* A comment runs from // to the end of its line. */
static bool is_comment(const char *text, size_t len)
{
    while (len > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    return len >= 2 && text[0] == '/' && text[1] == '/';
}

static void add_text(struct view_lines *lines, const char *text)
{
    for (size_t number = 1; *text; number++) {
        size_t len = strcspn(text, "\n");
        char *line MIG_AUTOFREE = mig_printf("%4zu  %.*s", number, (int)(len < 30000 ? len : 30000), text);
        view_lines_len(lines, is_comment(text, len) ? TUI_DIM : TUI_PLAIN, 6, line, strlen(line));
        text += len;
        text += *text == '\n';
    }
}

static const struct mig_seen_text *text_of(const struct view_frame *frame, enum mig_query_kind kind,
                                           const struct cfg_environment *env, const char *version,
                                           struct view_lines *lines)
{
    const struct mig_snap_answer *answer = mig_snapshot_answer(frame->snapshot, kind, env, version);
    if (answer && answer->value)
        return answer->value;
    if (answer && answer->error.code != MIG_OK) {
        view_lines_add(lines, TUI_WARN, 0, "%s", answer->error.message);
        view_lines_add(lines, TUI_PLAIN, 0, "%s", answer->error.hint);
    } else {
        view_lines_add(lines, TUI_DIM, 0, "asking %s…", env ? env->name : "the folder");
    }
    return NULL;
}

static void script(const struct view_frame *frame, const struct mig_migration *migration,
                   struct view_lines *lines)
{
    const struct mig_seen_text *text = text_of(frame, MIG_QUERY_TEXT, NULL, migration->version, lines);
    if (text)
        add_text(lines, text->text);
}

/* ---- diff ---- */

static bool ran_there(const struct view_frame *frame, const struct cfg_environment *env, const char *version)
{
    const struct mig_snap_env *snap = mig_snapshot_env(frame->snapshot, env->name);
    return snap && snap->seen && snap->seen->look.history &&
           mig_history_find(snap->seen->look.history, version);
}

static void diff(const struct plan *plan, const struct view_frame *frame,
                 const struct mig_migration *migration, struct view_lines *lines)
{
    const struct cfg_environment *env = plan->other;
    if (!ran_there(frame, env, migration->version)) {
        view_lines_add(lines, TUI_PLAIN, 0, "It never ran on %s (v: another environment).", env->name);
        return;
    }
    const struct mig_seen_text *file = text_of(frame, MIG_QUERY_TEXT, NULL, migration->version, lines);
    const struct mig_seen_text *ran =
        file ? text_of(frame, MIG_QUERY_RAN_TEXT, env, migration->version, lines) : NULL;
    if (!ran)
        return;
    struct mig_diff compared;
    mig_diff_texts(ran->text, file->text, &compared);
    if (compared.added + compared.removed == 0) {
        view_lines_add(lines, TUI_GOOD, 0, "The file is what ran on %s, byte for byte.", env->name);
    } else {
        view_lines_add(lines, TUI_REMOVED, 0, "--- as it ran on %s", env->name);
        view_lines_add(lines, TUI_ADDED, 0, "+++ the file now: %zu added, %zu taken away", compared.added,
                       compared.removed);
        for (size_t i = 0; i < compared.count; i++) {
            const struct mig_diff_line *line = &compared.lines[i];
            char *text MIG_AUTOFREE =
                mig_printf("%c %.*s", line->mark, (int)(line->len < 30000 ? line->len : 30000), line->text);
            view_lines_len(lines,
                           line->mark == '+'   ? TUI_ADDED
                           : line->mark == '-' ? TUI_REMOVED
                                               : TUI_PLAIN,
                           0, text, strlen(text));
        }
    }
    mig_diff_done(&compared);
}

/* ---- gates ---- */

static void gates(const struct plan *plan, const struct view_frame *frame, struct view_lines *lines)
{
    const struct mig_plan *of = plan->seen ? plan->seen->plan : NULL;
    if (!of) {
        view_lines_add(lines, TUI_DIM, 0, "%s",
                       plan->at[0] ? "Gates belong to a plan; this is one migration." : "");
        return;
    }
    for (size_t i = 0; i < of->warning_count; i++)
        view_lines_add(lines, TUI_WARN, 0, "! %s", of->warnings[i]);
    if (of->sum_problem)
        view_lines_add(lines, TUI_WARN, 0, "! migtui.sum: %s", of->sum_problem);
    for (size_t i = 0; i < of->gate_count; i++) {
        const struct mig_gate *gate = &of->gates[i];
        view_lines_add(lines, view_gate_style(gate->state), 0, "%s %s %s%s%s",
                       view_gate_mark(gate->state, frame->utf8), gate->name, mig_gate_state_word(gate->state),
                       gate->reason[0] ? ": " : "", gate->reason);
        if (mig_gate_state_objects(gate->state) && gate->remedy[0])
            view_lines_add(lines, TUI_PLAIN, 0, "    next: %s", gate->remedy);
    }
    if (of->gate_count == 0)
        view_lines_add(lines, TUI_DIM, 0, "%s has no gates.", plan->env->name);
}

/* ---- the tab ---- */

void plan_lines_of(const struct plan *plan, const struct view_frame *frame, enum plan_tab tab,
                   const struct mig_migration *migration, const struct mig_plan_item *item,
                   struct view_lines *lines)
{
    switch (tab) {
    case PLAN_EFFECT: effect(plan, frame, migration, item, lines); break;
    case PLAN_SCRIPT: script(frame, migration, lines); break;
    case PLAN_DIFF: diff(plan, frame, migration, lines); break;
    case PLAN_GATES:
    case PLAN_TABS: gates(plan, frame, lines); break;
    }
}

/* What an answer's lines depend on: its value, or its error while there is none. */
static const void *source_of(const struct view_frame *frame, enum mig_query_kind kind,
                             const struct cfg_environment *env, const char *version)
{
    const struct mig_snap_answer *answer = mig_snapshot_answer(frame->snapshot, kind, env, version);
    if (!answer)
        return NULL;
    return answer->value                  ? answer->value
           : answer->error.code != MIG_OK ? (const void *)&mig_error_name
                                          : NULL;
}

void plan_make_lines(struct plan *plan, const struct view_frame *frame)
{
    const struct mig_migration *migration = plan_chosen(plan);
    const char *version = migration ? migration->version : "";
    const struct mig_snap_env *snap = mig_snapshot_env(frame->snapshot, plan->other->name);
    const void *made_of[3] = {
        plan->seen ? (const void *)plan->seen : (const void *)plan->files,
        source_of(frame, MIG_QUERY_TEXT, NULL, version),
        plan->tab == PLAN_DIFF && snap && snap->seen
            ? source_of(frame, MIG_QUERY_RAN_TEXT, plan->other, version)
            : NULL,
    };
    if (memcmp(made_of, plan->made_of, sizeof made_of) == 0 && plan->made_tab == plan->tab &&
        plan->made_other == plan->other && strcmp(plan->made_version, version) == 0 && plan->lines.count > 0)
        return;
    bool other_text = plan->made_tab != plan->tab || strcmp(plan->made_version, version) != 0;
    memcpy(plan->made_of, made_of, sizeof made_of);
    plan->made_tab = plan->tab;
    plan->made_other = plan->other;
    snprintf(plan->made_version, sizeof plan->made_version, "%s", version);
    view_lines_done(&plan->lines);
    if (migration || plan->tab == PLAN_GATES)
        plan_lines_of(plan, frame, plan->tab, migration, plan_item(plan), &plan->lines);
    if (plan->lines.count == 0)
        view_lines_add(&plan->lines, TUI_PLAIN, 0, "%s", "");
    if (other_text) {
        tui_textview_done(&plan->text);
        tui_textview_init(&plan->text, false, true);
    }
    struct tui_text_lines lines = view_lines_text(&plan->lines);
    tui_textview_work(&plan->text, &lines);
}
