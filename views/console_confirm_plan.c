/* console_confirm_plan.c - what a confirmation tells of a plan: what would run, how long that took elsewhere, what ran here last, and
 * every check. All of it is from the frozen plan and from looks that were there already; nothing is asked for here. */
#include <stdio.h>
#include <string.h>

#include "app/gates.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "views/console_private.h"
#include "views/parts.h"

#define ROOMY     12
#define TITLE_MIN 14 /* below it, a column is left out rather than the title */

/* ---- how it went elsewhere ---- */

const struct mig_view *confirm_view_of(const struct mig_snap_env *snap, const char *version)
{
    const struct mig_views *views = snap && snap->seen ? &snap->seen->look.views : NULL;
    for (size_t i = 0; views && i < views->count; i++) {
        if (strcmp(views->items[i].version, version) == 0)
            return &views->items[i];
    }
    return NULL;
}

/* Milliseconds that the same file took in an environment; -1: it did not run there, or nobody knows. */
static int64_t took_in(const struct mig_snap_env *snap, const struct mig_migration *migration)
{
    const struct mig_view *view = confirm_view_of(snap, migration->version);
    const struct mig_record *record = view ? view->record : NULL;
    bool same = view && view->state == MIG_APPLIED && record && !record->marked;
    return same && record->direction == MIG_UP ? record->duration_ms : -1;
}

/* The environment that the plan's migrations are best compared with: the nearest one before its own, else after it, in which any of
 * them ran. NULL: none did. */
static const struct mig_snap_env *rehearsed_in(const struct console *console, const struct mig_plan *plan)
{
    const struct mig_snapshot *snapshot = console->snapshot;
    size_t at = 0;
    while (at < snapshot->env_count && snapshot->envs[at].env != console->confirm.env)
        at++;
    for (size_t n = 1; n < snapshot->env_count && plan->direction == MIG_UP; n++) {
        size_t other = n <= at ? at - n : n;
        for (size_t i = 0; i < plan->count; i++) {
            if (took_in(&snapshot->envs[other], plan->items[i].migration) >= 0)
                return &snapshot->envs[other];
        }
    }
    return NULL;
}

/* ---- the migrations ---- */

struct row {
    char steps[24], counted[40], took[64];
    const char *back; /* "irreversible" */
};

struct columns {
    int number, version, title, steps, counted, took, back; /* widths; 0: left out */
};

static int64_t documents_of(const struct mig_plan_item *item)
{
    int64_t documents = 0;
    for (size_t k = item->first_step; k < item->step_count; k++)
        documents = documents < 0 || item->steps[k].estimate < 0 ? -1 : documents + item->steps[k].estimate;
    return documents;
}

static void make_row(const struct mig_plan *plan, const struct mig_plan_item *item,
                     const struct mig_snap_env *elsewhere, struct row *ret)
{
    struct mig_buf text MIG_AUTOBUF;
    char took[MIG_TIME_SIZE];
    size_t steps = item->step_count - item->first_step;
    int64_t documents = documents_of(item);
    int64_t ms = elsewhere ? took_in(elsewhere, item->migration) : -1;
    *ret = (struct row){ .back = "" };
    snprintf(ret->steps, sizeof ret->steps, "%zu step%s", steps, steps == 1 ? "" : "s");
    mig_buf_init(&text, sizeof ret->counted);
    if (documents > 0) {
        mig_text_count(&text, documents, "document");
        snprintf(ret->counted, sizeof ret->counted, "%s", text.text);
    }
    if (ms >= 0) {
        mig_time_duration(ms, took);
        snprintf(ret->took, sizeof ret->took, "%s in %.30s", took, elsewhere->env->name);
    }
    if (plan->direction == MIG_UP)
        ret->back = item->migration->irreversible ? "irreversible" : "reversible";
}

static void widen(int *width, const char *text)
{
    int w = tui_width(text);
    *width = w > *width ? w : *width;
}

/* What does not fit goes, the least important first; that something cannot be taken back never does. */
static void choose_columns(const struct mig_plan *plan, const struct mig_snap_env *elsewhere, int width,
                           struct columns *ret)
{
    *ret = (struct columns){ .number = plan->count > 99 ? 4 : 2 };
    bool irreversible = false;
    for (size_t i = 0; i < plan->count; i++) {
        struct row row;
        make_row(plan, &plan->items[i], elsewhere, &row);
        widen(&ret->version, plan->items[i].migration->version);
        widen(&ret->title, plan->items[i].migration->title);
        widen(&ret->steps, row.steps);
        widen(&ret->counted, row.counted);
        widen(&ret->took, row.took);
        widen(&ret->back, row.back);
        irreversible = irreversible || plan->items[i].migration->irreversible;
    }
    int *const may_go[] = { &ret->took, &ret->steps, irreversible ? NULL : &ret->back, &ret->counted };
    for (size_t i = 0;; i++) {
        int rest = width - ret->number - 1 - ret->version;
        const int others[] = { ret->steps, ret->counted, ret->took, ret->back };
        for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
            rest -= others[k] > 0 ? others[k] + 2 : 0;
        int title = rest - 2;
        if (title >= ret->title || title >= TITLE_MIN * 2 || i == sizeof may_go / sizeof may_go[0]) {
            ret->title = title < ret->title ? (title > 0 ? title : 0) : ret->title;
            return;
        }
        if (may_go[i])
            *may_go[i] = 0;
    }
}

static void add_column(struct mig_buf *out, const char *text, int width, bool utf8)
{
    if (width <= 0)
        return;
    mig_buf_str(out, "  ");
    if (tui_width(text) <= width) {
        mig_buf_str(out, text);
        for (int w = tui_width(text); w < width; w++)
            mig_buf_char(out, ' ');
        return;
    }
    mig_buf_printf(out, "%.*s%s", (int)tui_fit(text, width - 1), text, utf8 ? "…" : "~");
}

static void add_migrations(const struct mig_plan *plan, const struct mig_snap_env *elsewhere, size_t room,
                           struct confirm_body *body)
{
    size_t shown = plan->count <= room ? plan->count : room > 1 ? room - 1 : 0;
    struct columns columns;
    choose_columns(plan, elsewhere, body->width, &columns);
    for (size_t i = 0; i < shown; i++) {
        const struct mig_migration *migration = plan->items[i].migration;
        struct row row;
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, 4096);
        make_row(plan, &plan->items[i], elsewhere, &row);
        mig_buf_printf(&text, "%*zu %-*s", columns.number, i + 1, columns.version, migration->version);
        add_column(&text, migration->title, columns.title, body->utf8);
        add_column(&text, row.steps, columns.steps, body->utf8);
        add_column(&text, row.counted, columns.counted, body->utf8);
        add_column(&text, row.took, columns.took, body->utf8);
        add_column(&text, row.back, columns.back, body->utf8);
        size_t len = text.len;
        while (len > 0 && text.text[len - 1] == ' ')
            len--;
        confirm_add(body, migration->irreversible && columns.back ? TUI_WARN : TUI_PLAIN, "%.*s", (int)len,
                    text.text);
    }
    if (shown < plan->count) {
        size_t irreversible = 0;
        for (size_t i = shown; i < plan->count; i++)
            irreversible += plan->direction == MIG_UP && plan->items[i].migration->irreversible;
        char also[48] = "";
        if (irreversible > 0)
            snprintf(also, sizeof also, ", %zu of them irreversible", irreversible);
        confirm_add(body, TUI_WARN, "%*s and %zu more%s", columns.number, "", plan->count - shown, also);
    }
}

/* ---- what else there is to know ---- */

/* "dev took 35ms in all", "dev took 35ms for 2 of the 3". */
static void add_took(const struct mig_plan *plan, const struct mig_snap_env *elsewhere,
                     struct confirm_body *body)
{
    int64_t sum = 0;
    size_t ran = 0;
    char text[MIG_TIME_SIZE];
    for (size_t i = 0; i < plan->count; i++) {
        int64_t ms = took_in(elsewhere, plan->items[i].migration);
        ran += ms >= 0;
        sum += ms > 0 ? ms : 0;
    }
    mig_time_duration(sum, text);
    if (ran == plan->count)
        confirm_add(body, TUI_PLAIN, "took         %s in all in %s, with the data there", text,
                    elsewhere->env->name);
    else
        confirm_add(body, TUI_WARN, "took         %s in %s, where %zu of these %zu ran", text,
                    elsewhere->env->name, ran, plan->count);
}

/* What ran last, from the newest record of its history. */
static void add_last(const struct console *console, struct confirm_body *body)
{
    const struct mig_snap_env *snap = console_snap(console, console->confirm.env);
    const struct mig_history *history = snap && snap->seen ? snap->seen->look.history : NULL;
    const struct mig_record *last = NULL;
    const struct mig_view *view;
    char when[VIEW_TIME_SIZE];
    size_t together = 0;
    for (size_t i = 0; history && i < history->count; i++) {
        const struct mig_record *record = &history->records[i];
        if (!last || mig_record_time(record) > mig_record_time(last))
            last = record;
    }
    if (!history)
        return;
    if (!last) {
        confirm_add(body, TUI_PLAIN, "last here    nothing has run here yet");
        return;
    }
    for (size_t i = 0; last->run && i < history->count; i++)
        together += history->records[i].run && strcmp(history->records[i].run, last->run) == 0;
    view = confirm_view_of(snap, last->version); /* a run that has died left it running on record */
    view_when(mig_record_time(last), console->host->ops->wall_ms(console->host), when);
    char count[48] = "";
    if (together > 1)
        snprintf(count, sizeof count, " and %zu more", together - 1);
    confirm_add(body, TUI_PLAIN, "last here    %s%sby %.40s: %s%s, %s", when, when[0] ? " " : "",
                last->operator_name ? last->operator_name : "?", last->version, count,
                view ? mig_state_word(view->state) : mig_record_state_word(last->state));
}

/* The newest backup that finished; console_wants asks for the list. */
static void add_backup(const struct console *console, struct confirm_body *body)
{
    const struct cfg_environment *env = console->confirm.env;
    const struct mig_snap_answer *answer = mig_snapshot_answer(console->snapshot, MIG_QUERY_BACKUPS, env, "");
    const struct mig_seen_rows *rows = answer ? answer->value : NULL;
    enum tui_style style = env->is_protected ? TUI_WARN : TUI_DIM;
    if (!rows) {
        confirm_add(body, style, "backup       not known%s%.200s",
                    answer && answer->error.code ? ": " : " yet",
                    answer && answer->error.code ? answer->error.message : "");
        return;
    }
    for (size_t i = 0; i < rows->count; i++) { /* newest first */
        const bson_t *row = rows->items[i];
        char when[VIEW_TIME_SIZE];
        if (strcmp(mig_doc_str(row, "state", ""), "finished") != 0)
            continue;
        bool proven = strcmp(mig_doc_str(row, "proof", "none"), "ok") == 0;
        view_when(view_doc_time(row, "startedAt"), console->host->ops->wall_ms(console->host), when);
        confirm_add(body, proven ? TUI_PLAIN : TUI_WARN, "backup       %s, %s", when,
                    proven ? "proven" : "never read back whole");
        return;
    }
    confirm_add(body, style, "backup       none that finished");
}

static void add_facts(const struct console *console, const struct mig_plan *plan,
                      const struct mig_snap_env *elsewhere, size_t room, struct confirm_body *body)
{
    struct confirm_body facts = { .room = CONFIRM_LINES, .width = body->width };
    bool counted = plan->count > 0;
    for (size_t i = 0; i < plan->count; i++)
        counted = counted && documents_of(&plan->items[i]) >= 0;
    if (elsewhere)
        add_took(plan, elsewhere, &facts);
    else if (plan->direction == MIG_UP)
        confirm_add(&facts, TUI_WARN, "took         not known: none of these ran in another environment");
    add_last(console, &facts);
    add_backup(console, &facts);
    if (!counted && plan->direction == MIG_UP)
        confirm_add(&facts, TUI_DIM, "documents    not counted; x in the plan counts them on the server");
    if (room < facts.count + 2) /* all of it, or nothing: half would look like all */
        return;
    confirm_add(body, TUI_PLAIN, " ");
    for (size_t i = 0; i < facts.count; i++)
        confirm_add(body, facts.lines[i].style, "%s", facts.lines[i].text);
    confirm_add(body, TUI_PLAIN, " ");
}

/* ---- checks ---- */

/* for_approval: it is asked for or given here, so that it is missing is no news. */
static bool objects(const struct mig_gate *gate, bool for_approval)
{
    return mig_gate_state_objects(gate->state) && !(for_approval && strcmp(gate->name, "approvals") == 0);
}

static void add_gates(struct confirm_body *body, const struct mig_plan *plan, bool for_approval)
{
    struct mig_buf names MIG_AUTOBUF;
    size_t good = 0;
    size_t looked = 0;
    mig_buf_init(&names, 1024);
    for (size_t i = 0; i < plan->gate_count; i++) {
        bool open = plan->gates[i].state == MIG_GATE_OK;
        good += open;
        looked += plan->gates[i].state != MIG_GATE_NONE;
        if (open)
            mig_buf_printf(&names, "%s%s", names.len > 0 ? ", " : ": ", plan->gates[i].name);
    }
    for (size_t i = 0; i < plan->gate_count; i++) {
        const struct mig_gate *gate = &plan->gates[i];
        if (objects(gate, for_approval))
            confirm_add(body, TUI_BAD, "[%s] %s: %s%s%s", gate->state == MIG_GATE_FAILED ? "x" : "?",
                        gate->name, gate->reason, gate->remedy[0] ? "; " : "", gate->remedy);
    }
    if (good > 0)
        confirm_add(body, TUI_GOOD, "[+] %zu of %zu checks passed%s", good, looked, names.text);
    /* In a small window their rows belong to what stands against it. */
    for (size_t i = 0; i < plan->gate_count && body->room >= ROOMY; i++) {
        if (plan->gates[i].state == MIG_GATE_NONE)
            confirm_add(body, TUI_DIM, "[-] %s: %s", plan->gates[i].name, plan->gates[i].reason);
    }
}

/* ---- all of it ---- */

static bool lacks_approval(const struct mig_plan *plan)
{
    for (size_t i = 0; i < plan->gate_count; i++) {
        if (strcmp(plan->gates[i].name, "approvals") == 0)
            return plan->gates[i].state != MIG_GATE_OK;
    }
    return false;
}

/* The request for exactly this plan that waits for its approvals; NULL: nobody has asked. */
static const struct mig_request *request_of(const struct console *console, const struct mig_plan *plan)
{
    const struct mig_history *history = console->confirm.plan->look.history; /* as the plan saw it */
    for (size_t i = 0; history && i < history->request_count; i++) {
        const struct mig_request *request = &history->requests[i];
        if (request->kind == MIG_REQUEST_RUN && request->state == MIG_REQUEST_OPEN &&
            strcmp(request->plan_id, plan->id) == 0)
            return request;
    }
    return NULL;
}

static void add_asking(const struct console *console, const struct mig_plan *plan, struct confirm_body *body)
{
    const struct mig_request *request = request_of(console, plan);
    if (request)
        confirm_add(body, TUI_WARN,
                    "%.40s has asked for its approval already, and it is waited for; nothing runs now",
                    request->requested.who.operator_name);
    else
        confirm_add(body, TUI_INFO, "asks for its approval; nothing runs now");
}

void confirm_fill_plan(const struct console *console, struct confirm_body *body)
{
    const struct mig_seen_plan *seen = console->confirm.plan;
    const struct mig_plan *plan = seen->plan;
    const struct cfg_environment *env = console->confirm.env;
    enum mig_command_id id = console->confirm.line.command->id;
    const struct mig_snap_env *elsewhere = rehearsed_in(console, plan);
    size_t steps = mig_plan_steps(plan);
    confirm_add(body, env->is_protected ? TUI_DANGER : TUI_STRONG, "TARGET %s  database %s  on %s", env->name,
                env->database, seen->look.server.primary);
    confirm_add(body, TUI_PLAIN, "plan %.*s  %s %zu migration%s, %zu step%s; any change voids it",
                CONFIRM_ID_SHOWN, plan->id, plan->direction == MIG_UP ? "applies" : "takes back", plan->count,
                plan->count == 1 ? "" : "s", steps, steps == 1 ? "" : "s");
    if (console->confirm.row)
        confirm_add_request(console, body);
    if (console->confirm.void_reason[0])
        confirm_add(body, TUI_BAD, "void: %s", console->confirm.void_reason);
    bool for_approval = id == MIG_COMMAND_REQUEST || id == MIG_COMMAND_APPROVE;
    size_t bad = 1;
    size_t unlooked = 0;
    for (size_t i = 0; i < plan->gate_count; i++) {
        bad += objects(&plan->gates[i], for_approval);
        unlooked += plan->gates[i].state == MIG_GATE_NONE;
    }
    size_t rest = body->room > body->count ? body->room - body->count : 0;
    bool asks = id == MIG_COMMAND_REQUEST || (id == MIG_COMMAND_PROMOTE && lacks_approval(plan));
    size_t below = bad + plan->warning_count + (asks || !console->confirm.dialog.action[0]);
    size_t room = rest > below + 1 ? rest - below : 1;
    add_migrations(plan, elsewhere, room, body);
    add_facts(console, plan, elsewhere, room > plan->count + unlooked ? room - plan->count - unlooked : 0,
              body);
    for (size_t i = 0; i < plan->warning_count; i++)
        confirm_add(body, TUI_WARN, "[!] %s", plan->warnings[i]);
    if (asks)
        add_asking(console, plan, body);
    add_gates(body, plan, for_approval);
}
