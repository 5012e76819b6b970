/* plan.c - what would run on an environment, exactly; or one migration with its text and what ran elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/gates.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "views/classes.h"
#include "views/plan_private.h"

static const struct view_key keys[] = {
    { "a", "run", "apply", "run exactly this plan: apply, roll back, undo or resume", 90 },
    { "Q", "request", "request", "ask for approval of exactly this plan", 65 },
    { "x", "dry-run", "dry run", "count the documents it would touch, on the server", 80 },
    { "]", "tab-next", "next tab", "effect, script, diff, gates", 75 },
    { "[", "tab-previous", NULL, "the tab before", 0 },
    { "tab", "pane", "pane", "moves go to the list, or to the text", 70 },
    { "d", "diff", "diff", "the text that ran against the file", 60 },
    { "v", "other", "other env", "compare with what ran on the next environment", 50 },
    { "/", "search", "search", "a text in what is shown", 40 },
    { "n", "next", NULL, "the next line that has it", 0 },
    { "N", "previous", NULL, "the line before that has it", 0 },
    { "w", "wrap", NULL, "break long lines, or cut them", 0 },
    { "R", "recover", NULL, "what a failed or interrupted migration left behind", 0 },
    VIEW_MOVES{ 0 },
};

#define TABS "effect|script|diff|gates"

static const struct view_option_row options[] = {
    { "--tab", TABS }, { "--at", "VERSION" }, { "--dry-run", NULL }, { NULL, NULL }
};

/* ---- what there is ---- */

const struct mig_snap_answer *plan_answer(const struct plan *plan, const struct view_frame *frame)
{
    return mig_snapshot_answer(frame->snapshot, plan->counted ? MIG_QUERY_DRY_RUN : MIG_QUERY_PLAN, plan->env,
                               plan->words);
}

size_t plan_count(const struct plan *plan)
{
    if (plan->at[0])
        return plan->files && mig_catalog_find(plan->files->catalog, plan->at) ? 1 : 0;
    return plan->seen && plan->seen->plan ? plan->seen->plan->count : 0;
}

const struct mig_plan_item *plan_item(const struct plan *plan)
{
    return !plan->at[0] && plan->table.selected < plan_count(plan)
               ? &plan->seen->plan->items[plan->table.selected]
               : NULL;
}

const struct mig_migration *plan_chosen(const struct plan *plan)
{
    const struct mig_plan_item *item = plan_item(plan);
    if (item)
        return item->migration;
    return plan->at[0] && plan->files ? mig_catalog_find(plan->files->catalog, plan->at) : NULL;
}

const struct mig_gate *plan_closed(const struct plan *plan)
{
    return plan->seen && plan->seen->plan ? mig_gates_closed(plan->seen->plan, plan->env) : NULL;
}

void plan_says(const struct plan *plan, char *ret, size_t size)
{
    char name[80];
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, size);
    view_env_name(plan->env, name, sizeof name);
    const struct mig_plan *of = plan->seen ? plan->seen->plan : NULL;
    if (plan->at[0]) {
        mig_buf_printf(&text, "One migration, seen from %s", name);
    } else if (!of) {
        mig_buf_printf(&text, "Plan for %s", name);
    } else {
        mig_buf_printf(&text, "%s %s: ", of->direction == MIG_UP ? "Apply to" : "Roll back on", name);
        size_t pending = plan->seen->look.views.counts[MIG_PENDING];
        bool is_part =
            of->direction == MIG_UP && of->count > 0 && !of->items[0].record && of->count < pending;
        if (is_part)
            mig_buf_printf(&text, "%zu of %zu pending", of->count, pending);
        else
            mig_text_count(&text, (int64_t)of->count, "migration");
        mig_buf_str(&text, ", ");
        mig_text_count(&text, (int64_t)mig_plan_steps(of), "step");
    }
    snprintf(ret, size, "%s", text.text);
}

/* ---- the list ---- */

static const struct mig_migration *migration_at(const struct plan *plan, size_t row)
{
    return plan->at[0] ? mig_catalog_find(plan->files->catalog, plan->at)
                       : plan->seen->plan->items[row].migration;
}

static const char *row_id(void *ctx, size_t row)
{
    return migration_at(ctx, row)->version;
}

static void row_cell(void *ctx, size_t row, size_t column, struct tui_table_cell *ret)
{
    const struct plan *plan = ctx;
    const struct mig_migration *migration = migration_at(plan, row);
    const struct mig_plan_item *item = plan->at[0] ? NULL : &plan->seen->plan->items[row];
    ret->text = ret->room;
    switch (column) {
    case 0: ret->text = migration->version; break;
    case 1: ret->text = migration->title; break;
    case 2:
        snprintf(ret->room, sizeof ret->room, "%zu",
                 item ? item->step_count - item->first_step : migration->up_count);
        break;
    default: {
        struct mig_buf text MIG_AUTOBUF;
        int64_t sum = 0;
        mig_buf_init(&text, 64);
        for (size_t i = item ? item->first_step : 0; item && i < item->step_count; i++)
            sum += item->steps[i].estimate > 0 ? item->steps[i].estimate : 0;
        mig_text_number(&text, sum);
        snprintf(ret->room, sizeof ret->room, "%s", text.text);
        break;
    }
    }
}

struct tui_table_rows plan_table(struct plan *plan)
{
    plan->columns[0] = (struct tui_column){ .title = "VERSION", .min = 14, .max = 14, .rank = 4 };
    plan->columns[1] = (struct tui_column){ .title = "TITLE", .min = 12, .max = 0, .rank = 3 };
    plan->columns[2] = (struct tui_column){ .title = "STEPS", .min = 5, .max = 5, .rank = 1, .right = true };
    plan->columns[3] =
        (struct tui_column){ .title = "DOCUMENTS", .min = 10, .max = 10, .rank = 2, .right = true };
    return (struct tui_table_rows){ .columns = plan->columns,
                                    .column_count = plan->counted && !plan->at[0] ? 4 : 3,
                                    .count = plan_count(plan),
                                    .ctx = plan,
                                    .id = row_id,
                                    .cell = row_cell };
}

/* ---- opening ---- */

/* The words that are the planner's, not the view's. */
static bool keep_words(struct plan *plan, size_t count, char *const *words, struct mig_error *err)
{
    struct mig_buf kept MIG_AUTOBUF;
    mig_buf_init(&kept, sizeof plan->words);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], "--env") == 0 || strcmp(words[i], "--at") == 0 || strcmp(words[i], "--tab") == 0)
            i++;
        else if (strcmp(words[i], "--dry-run") != 0)
            view_word(&kept, words[i]);
    }
    if (kept.overflow || kept.len >= sizeof plan->words)
        return mig_fail(err, MIG_ERR_LIMIT, "that are too many words for a plan");
    memcpy(plan->words, kept.text, kept.len + 1);
    return true;
}

static bool choose_tab(struct plan *plan, const char *name, struct mig_error *err)
{
    char tab[16];
    for (size_t i = 0; name && mig_choice(TABS, i, tab, sizeof tab); i++) {
        if (strcmp(tab, name) == 0) {
            plan->tab = (enum plan_tab)i;
            return true;
        }
    }
    return !name ||
           mig_fail(err, MIG_ERR_USAGE, "there is no tab '%.40s': effect, script, diff, gates", name);
}

/* Without --env: the first environment that something is to be done on, else the first. */
static const struct cfg_environment *first_with_work(const struct mig_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->env_count; i++) {
        const struct mig_seen_env *seen = snapshot->envs[i].seen;
        if (seen && seen->look.views.counts[MIG_PENDING] > 0)
            return snapshot->envs[i].env;
    }
    return snapshot->env_count > 0 ? snapshot->envs[0].env : NULL;
}

/* Whose text a file is best compared with: of one migration the environment it is seen from; of a plan the one before. */
static const struct cfg_environment *first_other(const struct plan *plan, const struct mig_snapshot *snapshot)
{
    for (size_t i = 1; i < snapshot->env_count && !plan->at[0]; i++) {
        if (snapshot->envs[i].env == plan->env)
            return snapshot->envs[i - 1].env;
    }
    return plan->env;
}

static struct view *plan_open(size_t count, char *const *words, const struct view_frame *frame,
                              struct mig_error *err)
{
    mig_error_clear(err);
    const struct cfg_environment *env = view_env_option(count, words, frame, true, err);
    const char *at = view_option(count, words, "--at");
    if (!env && err->code == MIG_OK)
        env = first_with_work(frame->snapshot);
    if (!env)
        return NULL;
    struct plan *plan = mig_alloc(sizeof *plan);
    plan->view.class = &view_plan;
    plan->env = env;
    plan->counted = view_has(count, words, "--dry-run");
    snprintf(plan->at, sizeof plan->at, "%s", at ? at : "");
    plan->other = first_other(plan, frame->snapshot);
    view_search_clear(&plan->search);
    tui_textview_init(&plan->text, false, true);
    if (keep_words(plan, count, words, err) && choose_tab(plan, view_option(count, words, "--tab"), err))
        return &plan->view;
    tui_textview_done(&plan->text);
    free(plan);
    return NULL;
}

static void plan_close(struct view *view)
{
    struct plan *plan = (struct plan *)(void *)view;
    mig_unshare(plan->seen);
    mig_unshare(plan->files);
    view_lines_done(&plan->lines);
    tui_textview_done(&plan->text);
    free(plan);
}

static void update(struct view *view, const struct view_frame *frame)
{
    struct plan *plan = (struct plan *)(void *)view;
    const struct mig_snap_answer *answer = plan->at[0] ? NULL : plan_answer(plan, frame);
    struct mig_seen_plan *seen = answer ? answer->value : NULL;
    if (plan->files != frame->snapshot->files) {
        mig_unshare(plan->files);
        plan->files = mig_share(frame->snapshot->files);
    }
    if (seen == plan->seen)
        return;
    mig_unshare(plan->seen);
    plan->seen = mig_share(seen);
    struct tui_table_rows rows = plan_table(plan);
    tui_table_update(&plan->table, &rows);
}

static void draw(struct view *view, const struct view_frame *frame, const struct tui_pane *pane)
{
    update(view, frame);
    plan_draw((struct plan *)(void *)view, frame, pane);
}

/* ---- acts ---- */

static const char *refuses(const struct view *view, const struct view_frame *frame, const char *action)
{
    const struct plan *plan = (const struct plan *)(const void *)view;
    const struct mig_snap_answer *answer = plan_answer(plan, frame);
    bool asks = strcmp(action, "request") == 0;
    if (!asks && strcmp(action, "run") != 0 && strcmp(action, "dry-run") != 0)
        return NULL;
    if (plan->at[0])
        return "this is one migration: enter on a pending one in the matrix (1) makes a plan";
    if (strcmp(action, "dry-run") == 0)
        return NULL;
    if (!plan->seen)
        return "there is no plan yet";
    if (!plan->seen->plan)
        return plan->seen->refused.message;
    if (plan->seen->plan->count == 0)
        return "there is nothing to run";
    if (answer && answer->error.code != MIG_OK)
        return "the plan is old: its environment does not answer";
    if (asks)
        return plan->env->has_gate && plan->env->gate.approvals > 0 ? NULL
                                                                    : "nobody has to approve a plan here";
    const struct mig_gate *closed = plan_closed(plan);
    return closed ? (closed->reason[0] ? closed->reason : closed->name) : NULL;
}

/* What the plan would do, by the word that it was asked for with. */
enum way { WAY_APPLY, WAY_ROLLBACK, WAY_UNDO, WAY_RESUME };
static const struct {
    const char *word, *command, *hint;
} ways[] = {
    [WAY_APPLY] = { "", "apply", "apply" },
    [WAY_ROLLBACK] = { "--down", "rollback", "rollback" },
    [WAY_UNDO] = { "--undo", "recover --undo", "undo" },
    [WAY_RESUME] = { "--resume", "resume", "resume" },
};

/* The word among those of the plan, or NULL. */
static const char *find_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; len > 0 && (at = strstr(at, word)); at += len) {
        if ((at == words || at[-1] == ' ') && (!at[len] || at[len] == ' '))
            return at;
    }
    return NULL;
}

static enum way way_of(const struct plan *plan)
{
    for (enum way way = WAY_ROLLBACK; way <= WAY_RESUME; way++) {
        if (find_word(plan->words, ways[way].word))
            return way;
    }
    return WAY_APPLY;
}

static const char *hint(const struct view *view, const char *action)
{
    const struct plan *plan = (const struct plan *)(const void *)view;
    return strcmp(action, "run") == 0 ? ways[way_of(plan)].hint : NULL;
}

/* The command that runs exactly this plan, or asks for its approval: the same words, and the id that pins them. */
static void run(const struct plan *plan, bool asks, struct view_answer *ret)
{
    struct mig_buf line MIG_AUTOBUF;
    const struct mig_plan *of = plan->seen->plan;
    mig_buf_init(&line, sizeof ret->command);
    enum way way = way_of(plan);
    mig_buf_str(&line, asks ? "request" : ways[way].command);
    mig_buf_str(&line, " --env");
    view_word(&line, plan->env->name);
    mig_buf_str(&line, " --plan");
    view_word(&line, of->id);
    const char *said = asks ? NULL : find_word(plan->words, ways[way].word); /* by the command itself */
    size_t before = said ? (size_t)(said - plan->words) : strlen(plan->words);
    const char *after = said ? said + strlen(ways[way].word) : "";
    if (before > 0)
        mig_buf_printf(&line, " %.*s", (int)before - (plan->words[before - 1] == ' '), plan->words);
    mig_buf_str(&line, after);
    if (line.overflow || line.len >= sizeof ret->command)
        view_say(ret, "that are too many words for one command line");
    else
        snprintf(ret->command, sizeof ret->command, "%s", line.text);
    ret->handled = true;
}

static void next_other(struct plan *plan, const struct mig_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->env_count; i++) {
        if (snapshot->envs[i].env == plan->other) {
            plan->other = snapshot->envs[(i + 1) % snapshot->env_count].env;
            break;
        }
    }
    plan->tab = PLAN_DIFF;
}

static void act_in_text(struct plan *plan, const char *action)
{
    struct tui_text_lines lines = view_lines_text(&plan->lines);
    if (strcmp(action, "search") == 0)
        view_search_open(&plan->search, '/');
    else if (strcmp(action, "next") == 0 || strcmp(action, "previous") == 0)
        tui_textview_again(&plan->text, &lines, action[0] == 'p');
    else if (strcmp(action, "wrap") == 0)
        plan->text.wrap = !plan->text.wrap;
}

static void move(struct plan *plan, enum tui_move to)
{
    struct tui_table_rows rows = plan_table(plan);
    struct tui_text_lines lines = view_lines_text(&plan->lines);
    bool sideways = to == TUI_MOVE_LEFT || to == TUI_MOVE_RIGHT;
    if (plan->text_focus || sideways || plan_count(plan) < 2)
        tui_textview_move(&plan->text, &lines, to);
    else
        tui_table_move(&plan->table, &rows, to);
}

static void act_on_plan(struct plan *plan, const struct view_frame *frame, const char *action,
                        struct view_answer *ret)
{
    if (strcmp(action, "run") == 0 || strcmp(action, "request") == 0)
        run(plan, strcmp(action, "request") == 0, ret);
    else if (strcmp(action, "dry-run") == 0)
        plan->counted = !plan->counted;
    else if (strcmp(action, "tab-next") == 0)
        plan->tab = (plan->tab + 1) % PLAN_TABS;
    else if (strcmp(action, "tab-previous") == 0)
        plan->tab = (plan->tab + PLAN_TABS - 1) % PLAN_TABS;
    else if (strcmp(action, "pane") == 0)
        plan->text_focus = !plan->text_focus;
    else if (strcmp(action, "diff") == 0)
        plan->tab = PLAN_DIFF;
    else if (strcmp(action, "other") == 0)
        next_other(plan, frame->snapshot);
    else if (strcmp(action, "recover") == 0)
        view_command(ret, "view", "recover", "--env", plan->env->name, NULL);
    else
        act_in_text(plan, action);
}

static void act(struct view *view, const struct view_frame *frame, const char *action,
                const struct tui_event *event, struct view_answer *ret)
{
    struct plan *plan = (struct plan *)(void *)view;
    struct tui_text_lines lines = view_lines_text(&plan->lines);
    update(view, frame);
    ret->handled = true;
    if (plan->search.open) {
        if (view_search_key(&plan->search, event))
            tui_textview_find(&plan->text, &lines, view_search_text(&plan->search));
        return;
    }
    if (event && event->key == TUI_KEY_ESC && plan->text.find[0]) {
        tui_textview_find(&plan->text, &lines, "");
        return;
    }
    const char *why = action ? refuses(view, frame, action) : NULL;
    if (!action)
        ret->handled = false;
    else if (why)
        view_say(ret, "%s: %s", plan->env->name, why);
    else if (tui_move_of(action) != TUI_MOVE_NONE)
        move(plan, tui_move_of(action));
    else
        act_on_plan(plan, frame, action, ret);
    update(view, frame);
}

static size_t wants(const struct view *view, const struct view_frame *frame,
                    struct view_want ret[static VIEW_WANTS_MAX])
{
    const struct plan *plan = (const struct plan *)(const void *)view;
    const struct mig_migration *migration = plan_chosen(plan);
    size_t count = 0;
    (void)frame;
    if (!plan->at[0]) {
        ret[count] = (struct view_want){ .kind = plan->counted ? MIG_QUERY_DRY_RUN : MIG_QUERY_PLAN,
                                         .env = plan->env };
        snprintf(ret[count++].argument, sizeof ret->argument, "%s", plan->words);
    }
    if (migration && (plan->tab == PLAN_SCRIPT || plan->tab == PLAN_DIFF)) {
        ret[count] = (struct view_want){ .kind = MIG_QUERY_TEXT };
        snprintf(ret[count++].argument, sizeof ret->argument, "%s", migration->version);
    }
    if (migration && plan->tab == PLAN_DIFF) {
        ret[count] = (struct view_want){ .kind = MIG_QUERY_RAN_TEXT, .env = plan->other };
        snprintf(ret[count++].argument, sizeof ret->argument, "%s", migration->version);
    }
    return count;
}

static void plain(const struct view *view, const struct view_frame *frame, struct mig_buf *out)
{
    struct plan *plan = (struct plan *)(void *)(uintptr_t)view;
    char title[160];
    update(&plan->view, frame);
    plan_says(plan, title, sizeof title);
    mig_buf_printf(out, "%s\n", title);
    const struct mig_plan *of = plan->seen ? plan->seen->plan : NULL;
    if (plan->seen && !of) {
        mig_text_safe(out, plan->seen->refused.message, strlen(plan->seen->refused.message), SIZE_MAX, false);
        mig_buf_char(out, '\n');
    }
    struct view_lines lines = { 0 };
    for (size_t i = 0; of && i < of->count; i++) {
        view_lines_add(&lines, TUI_PLAIN, 0, "%s", of->items[i].migration->version);
        plan_lines_of(plan, frame, PLAN_EFFECT, of->items[i].migration, &of->items[i], &lines);
    }
    if (plan->tab != PLAN_EFFECT && plan_chosen(plan))
        plan_lines_of(plan, frame, plan->tab, plan_chosen(plan), plan_item(plan), &lines);
    if (of && plan->tab != PLAN_GATES)
        plan_lines_of(plan, frame, PLAN_GATES, NULL, NULL, &lines);
    view_lines_plain(&lines, out);
    view_lines_done(&lines);
    if (of && of->count > 0)
        mig_buf_printf(out, "plan %s\n", of->id);
}

static void subject(const struct view *view, const struct view_frame *frame, char *ret, size_t size)
{
    const struct plan *plan = (const struct plan *)(const void *)view;
    (void)frame;
    snprintf(ret, size, "%s%s%s", plan->env->name, plan->at[0] ? " " : "", plan->at);
}

const struct view_class view_plan = {
    .name = "plan",
    .title = "Plan",
    .digit = '2',
    .keys = keys,
    .options = options,
    .open = plan_open,
    .close = plan_close,
    .update = update,
    .draw = draw,
    .act = act,
    .refuses = refuses,
    .hint = hint,
    .wants = wants,
    .plain = plain,
    .subject = subject,
};
