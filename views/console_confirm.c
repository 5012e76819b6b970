/* console_confirm.c - the one way from a key, a line or a script to something that writes.
 *
 * console_act refuses what this session may not do, has the plan made, shows it with its target, and asks: one `y` for an
 * ordinary environment, its database and the number of migrations for a protected one. Once confirmed the plan is made
 * again; only when it still has the same id does the command start, as a process of its own that is given that id.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gates.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "views/console_private.h"

#define WAIT_MS     3000
#define CHILD_WORDS CONSOLE_WORDS_MAX

/* ---- what a session may do ---- */

/* Options that the console sets itself, or answers in its own way. */
static bool is_ours(enum mig_option_id id)
{
    return id == MIG_OPT_YES || id == MIG_OPT_CONFIRM_TEXT || id == MIG_OPT_DETACH || id == MIG_OPT_ENV ||
           id == MIG_OPT_PLAN || id == MIG_OPT_FORMAT || id == MIG_OPT_QUIET || id == MIG_OPT_NO_COLOR ||
           id == MIG_OPT_CONFIG || id == MIG_OPT_OPERATOR;
}

static bool has_plan(enum mig_command_id id)
{
    return id == MIG_COMMAND_APPLY || id == MIG_COMMAND_ROLLBACK || id == MIG_COMMAND_RESUME ||
           id == MIG_COMMAND_RECOVER || id == MIG_COMMAND_PROMOTE || id == MIG_COMMAND_REQUEST;
}

static bool is_decision(enum mig_command_id id)
{
    return id == MIG_COMMAND_APPROVE || id == MIG_COMMAND_REJECT || id == MIG_COMMAND_WITHDRAW ||
           id == MIG_COMMAND_GLASS;
}

/* Asks for an approval where one is missing: a closed gate is why it is called, and itself says which matter. */
static bool asks_others(enum mig_command_id id)
{
    return id == MIG_COMMAND_PROMOTE || id == MIG_COMMAND_REQUEST;
}

static bool wants_reason(enum mig_command_id id)
{
    return id == MIG_COMMAND_MARK || id == MIG_COMMAND_REQUEST || id == MIG_COMMAND_REJECT ||
           id == MIG_COMMAND_GLASS;
}

static const struct cfg_environment *env_of(const struct console *console, const struct mig_cmdline *line,
                                            struct mig_error *err)
{
    const char *name = mig_cmdline_value(line, MIG_OPT_ENV);
    if (name && mig_cmdline_value_at(line, MIG_OPT_ENV, 1)) {
        mig_fail(err, MIG_ERR_USAGE, "one environment at a time");
        return NULL;
    }
    if (name)
        return mig_app_environment(console->options.app, name, err);
    const struct cfg_environment *env = console_env(console);
    if (!env) {
        mig_fail(err, MIG_ERR_USAGE, "which environment?");
        mig_hint(err, "add --env NAME, or choose one with :env NAME");
    }
    return env;
}

/* Why the line may not go on, in *err; NULL env. */
static const struct cfg_environment *admit(struct console *console, const struct mig_cmdline *line,
                                           struct mig_error *err)
{
    const char *name = line->command->name;
    const struct cfg_environment *env = env_of(console, line, err);
    if (!env)
        return NULL;
    if (console->options.readonly) {
        mig_fail(err, MIG_ERR_GATE, "%s: this session is --readonly, nothing can be written", name);
        mig_hint(err, "start migtui without --readonly");
        return NULL;
    }
    if (confirm_writes(line) && !console_writable(console, env)) {
        mig_fail(err, MIG_ERR_GATE, "%s: %s is read-only here", name, env->name);
        mig_hint(err, ":rw %s 10m opens it for ten minutes", env->name);
        return NULL;
    }
    if (console->confirm.state != CONFIRM_NONE) {
        mig_fail(err, MIG_ERR_FAILED, "%s: another act is being confirmed", name);
        return NULL;
    }
    bool takes_file = line->command->id == MIG_COMMAND_APPLY ||
                      (line->command->id == MIG_COMMAND_REQUEST && !mig_cmdline_has(line, MIG_OPT_DOWN));
    if (takes_file && line->argument_count > 0) {
        mig_fail(err, MIG_ERR_USAGE, "%s: a saved plan is taken by the command line only", name);
        mig_hint(err, "migtui %s FILE; here, %s --env %s makes the plan anew and shows it", name, name,
                 env->name);
        return NULL;
    }
    const char *into = mig_cmdline_value(line, MIG_OPT_INTO);
    if (line->command->id == MIG_COMMAND_RESTORE && into && env->is_protected &&
        strcmp(into, env->database) == 0) {
        mig_fail(err, MIG_ERR_GATE, "%s is protected: a restore never goes into its own database %s",
                 env->name, env->database);
        mig_hint(err, "restore beside it (--into another name), look at it, and then decide");
        return NULL;
    }
    if (line->command->flags & MIG_CMD_HIDDEN) {
        mig_fail(err, MIG_ERR_USAGE, "%s is for migtui itself: apply, rollback and resume start it", name);
        return NULL;
    }
    if (console->cols && (console->cols < CONSOLE_MIN_COLS || console->rows < CONSOLE_MIN_ROWS)) {
        mig_fail(err, MIG_ERR_GATE, "%s: the window is too small to show what would run", name);
        mig_hint(err, "make it at least %dx%d", CONSOLE_MIN_COLS, CONSOLE_MIN_ROWS);
        return NULL;
    }
    return env;
}

/* ---- words of the act: for the plan's question, and for the child ---- */

static void quote(struct mig_buf *out, const char *word)
{
    mig_buf_str(out, " '");
    for (; *word; word++)
        mig_buf_str(out, *word == '\'' ? "'\\''" : (char[]){ *word, '\0' });
    mig_buf_char(out, '\'');
}

/* "rollback '--to' '5'": what decides which migrations, and nothing else. */
static char *plan_argument(const struct mig_cmdline *line)
{
    static const enum mig_option_id which[] = { MIG_OPT_TO,   MIG_OPT_COUNT,  MIG_OPT_OF_RUN,
                                                MIG_OPT_UNDO, MIG_OPT_RESUME, MIG_OPT_DOWN };
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&out, 64UL * 1024);
    mig_buf_str(&out, line->command->name);
    for (size_t i = 0; i < sizeof which / sizeof which[0]; i++) {
        const char *value = mig_cmdline_value(line, which[i]);
        if (!value)
            continue;
        mig_buf_printf(&out, " --%s", mig_option_at(which[i])->name);
        if (mig_option_at(which[i])->argument)
            quote(&out, value);
    }
    for (size_t i = 0; i < line->argument_count; i++)
        quote(&out, line->arguments[i]);
    return mig_buf_detach(&out);
}

struct words {
    char *items[CHILD_WORDS];
    size_t count;
};

static void add_word(struct words *words, char *take_word)
{
    if (words->count + 1 < CHILD_WORDS)
        words->items[words->count++] = take_word;
    else
        free(take_word);
}

/* Those of the line, and what was shown where it named nothing. */
static void add_arguments(const struct console_confirm *confirm, struct words *ret)
{
    const struct mig_cmdline *line = &confirm->line;
    enum mig_command_id id = line->command->id;
    size_t before = id == MIG_COMMAND_GLASS || id == MIG_COMMAND_BACKUP; /* the word that says what to do */
    add_word(ret, mig_strdup("--"));
    for (size_t i = 0; i < line->argument_count; i++)
        add_word(ret, mig_strdup(line->arguments[i]));
    if (confirm->row && line->argument_count == before)
        add_word(ret, mig_strdup(mig_doc_str(confirm->row, is_decision(id) ? "request" : "backup", "")));
}

static void child_words(const struct console *console, struct words *ret)
{
    const struct console_confirm *confirm = &console->confirm;
    const struct mig_cmdline *line = &confirm->line;
    const struct mig_command *command = line->command;
    *ret = (struct words){ 0 };
    add_word(ret, mig_strdup(command->name));
    add_word(ret, mig_printf("--env=%s", confirm->env->name));
    for (size_t i = 0; i < line->option_count; i++) {
        const struct mig_option *option = mig_option_at(line->options[i].id);
        if (is_ours(line->options[i].id))
            continue;
        add_word(ret, option->argument ? mig_printf("--%s=%s", option->name, line->options[i].value)
                                       : mig_printf("--%s", option->name));
    }
    if (confirm->reason_field >= 0 && confirm->dialog.fields[confirm->reason_field].line.len > 0)
        add_word(ret, mig_printf("--reason=%s", confirm->dialog.fields[confirm->reason_field].line.text));
    if (confirm->into[0] && !mig_cmdline_has(line, MIG_OPT_INTO))
        add_word(ret, mig_printf("--into=%s", confirm->into));
    if (confirm->plan && confirm->plan->plan && mig_command_takes(command, MIG_OPT_PLAN))
        add_word(ret, mig_printf("--plan=%s", confirm->plan->plan->id));
    if (confirm->typed_field >= 0 && mig_command_takes(command, MIG_OPT_CONFIRM_TEXT))
        add_word(ret, mig_printf("--confirm-text=%s", confirm->wanted));
    bool detaches = mig_command_takes(command, MIG_OPT_DETACH) &&
                    (command->id != MIG_COMMAND_BACKUP || strcmp(line->arguments[0], "take") == 0 ||
                     strcmp(line->arguments[0], "drill") == 0);
    if (detaches)
        add_word(ret, mig_strdup("--detach"));
    add_arguments(confirm, ret);
}

/* ---- life ---- */

void console_confirm_close(struct console *console)
{
    struct console_confirm *confirm = &console->confirm;
    if (confirm->state == CONFIRM_NONE)
        return;
    mig_cmdline_done(&confirm->line);
    free(confirm->argument);
    mig_unshare(confirm->plan);
    if (confirm->row)
        bson_destroy(confirm->row);
    *confirm = (struct console_confirm){ 0 };
}

static const char *verb_of(const struct console_confirm *confirm)
{
    return confirm->verb;
}

static void give_up(struct console *console, const struct mig_error *err)
{
    char where[96];
    snprintf(where, sizeof where, "%s on %s", verb_of(&console->confirm), console->confirm.env->name);
    console_confirm_close(console);
    console_fail(console, where, err);
}

static void start(struct console *console)
{
    struct words words;
    const struct cfg_environment *env = console->confirm.env;
    char name[sizeof console->confirm.verb];
    snprintf(name, sizeof name, "%s", verb_of(&console->confirm));
    child_words(console, &words);
    console_confirm_close(console);
    console_act_start(console, env, name, (const char *const *)words.items);
    while (words.count > 0)
        free(words.items[--words.count]);
}

/* argument: taken. */
static void ask_about(struct console *console, enum mig_query_kind query, char *argument)
{
    console->confirm.query = query;
    free(console->confirm.argument);
    console->confirm.argument = argument;
}

static void ask_for_answer(struct console *console, enum console_confirm_state state)
{
    console->confirm.state = state;
    console->confirm.asked_ms = console_now(console);
    console_wants(console);
    mig_watch_refresh(console->watch, console->confirm.env);
}

static void make_fields(struct console *console)
{
    struct console_confirm *confirm = &console->confirm;
    const struct mig_command *command = confirm->line.command;
    char label[160];
    confirm->typed_field = confirm->reason_field = -1;
    confirm_wanted(console, confirm->wanted, sizeof confirm->wanted);
    bool typed_text = confirm->wanted[0] != '\0';
    bool reason =
        typed_text || wants_reason(command->id) || (confirm->env->is_protected && is_decision(command->id));
    if (command->id == MIG_COMMAND_BACKUP) /* only take keeps one */
        reason = confirm->env->is_protected && strcmp(confirm->line.arguments[0], "take") == 0;
    if (mig_command_takes(command, MIG_OPT_REASON) && !mig_cmdline_has(&confirm->line, MIG_OPT_REASON) &&
        reason) {
        struct tui_dialog_field *field = tui_dialog_add(&confirm->dialog, "Reason (kept on record): ", NULL);
        field->needed = wants_reason(command->id);
        confirm->reason_field = (int)confirm->dialog.field_count - 1;
    }
    if (typed_text) {
        snprintf(label, sizeof label, "Type \"%.80s\": ", confirm->wanted);
        tui_dialog_add(&confirm->dialog, label, confirm->wanted);
        confirm->typed_field = (int)confirm->dialog.field_count - 1;
        confirm->dialog.wait_ms = WAIT_MS;
    }
}

/* plan NULL: the act has none. */
static void ask(struct console *console, struct mig_seen_plan *plan)
{
    struct console_confirm *confirm = &console->confirm;
    bool decides = is_decision(confirm->line.command->id);
    const struct mig_gate *closed =
        plan && plan->plan && !decides ? mig_gates_closed(plan->plan, confirm->env) : NULL;
    char title[96];
    char action[48];
    mig_unshare(confirm->plan);
    confirm->plan = mig_share(plan);
    confirm->count = plan && plan->plan ? plan->plan->count
                     : decides          ? (size_t)mig_doc_int(confirm->row, "migrations", 1)
                                        : 1;
    confirm->state = CONFIRM_ASKING;
    /* A run waits for the lock, or says who holds it. */
    bool blocked = (closed && strcmp(closed->name, "lock") != 0 && !asks_others(confirm->line.command->id)) ||
                   confirm->void_reason[0];
    snprintf(title, sizeof title, "%s%s on %.40s%s", confirm->env->is_protected ? "!!! " : "",
             verb_of(confirm), confirm->env->name, confirm->env->is_protected ? " !!!" : "");
    snprintf(action, sizeof action, "%s on %.30s", verb_of(confirm), confirm->env->name);
    tui_dialog_init(&confirm->dialog, title, blocked ? NULL : action,
                    confirm->env->is_protected ? TUI_DANGER : TUI_BORDER);
    if (!blocked)
        make_fields(console);
    if (console->options.terminal.drop_input)
        console->options.terminal.drop_input(console->options.terminal.ctx);
}

void console_act(struct console *console, struct mig_cmdline *take_line)
{
    struct mig_error err = { 0 };
    struct console_confirm *confirm = &console->confirm;
    const struct cfg_environment *env = admit(console, take_line, &err);
    if (!env) {
        console_fail(console, "", &err);
        mig_cmdline_done(take_line);
        return;
    }
    console->message[0] = '\0'; /* what was said before is not about this */
    console->notes.news = false;
    *confirm = (struct console_confirm){
        .line = *take_line, .env = env, .state = CONFIRM_PLANNING, .typed_field = -1, .reason_field = -1
    };
    const char *verb = take_line->command->id != MIG_COMMAND_RECOVER ? take_line->command->name
                       : mig_cmdline_has(take_line, MIG_OPT_UNDO)    ? "undo"
                                                                     : "resume";
    bool two_words = take_line->command->choices && take_line->argument_count > 0;
    snprintf(confirm->verb, sizeof confirm->verb, "%s%s%.20s", verb, two_words ? " " : "",
             two_words ? take_line->arguments[0] : "");
    enum mig_query_kind list;
    if (has_plan(take_line->command->id)) {
        ask_about(console, MIG_QUERY_PLAN, plan_argument(&confirm->line));
    } else if (confirm_list_of(&confirm->line, &list)) {
        ask_about(console, list, mig_strdup(""));
    } else {
        ask(console, NULL);
        return;
    }
    ask_for_answer(console, CONFIRM_PLANNING);
}

/* ---- the plan has come ---- */

static bool named_plan_differs(const struct console_confirm *confirm, const struct mig_plan *plan,
                               struct mig_error *err)
{
    const char *named = mig_cmdline_value(&confirm->line, MIG_OPT_PLAN);
    if (!named || strncmp(plan->id, named, strlen(named)) == 0)
        return false;
    mig_fail(err, MIG_ERR_STALE_PLAN, "plan %.12s is not what would run now: that is %.12s", named, plan->id);
    mig_hint(err, "look at the plan again; nothing was run");
    return true;
}

static bool has_moved(const struct console_confirm *confirm, const struct mig_plan *now,
                      struct mig_error *err)
{
    char moved[512] = "";
    bson_t before;
    if (strcmp(confirm->plan->plan->id, now->id) == 0)
        return false;
    mig_plan_document(confirm->plan->plan, &before);
    mig_plan_moved(&before, now, moved, sizeof moved);
    bson_destroy(&before);
    mig_fail(err, MIG_ERR_STALE_PLAN, "the plan moved while it was being confirmed%s%s", moved[0] ? ": " : "",
             moved);
    mig_hint(err, "nothing was run; look at the plan again");
    return true;
}

/* The plan of a request as it would be made now: the same, or the request is void and says why. One that can't be made (it waits for a
 * resume, say) leaves the request to those who judge it. */
static void take_requested(struct console *console, struct mig_seen_plan *seen)
{
    struct console_confirm *confirm = &console->confirm;
    struct mig_error err = { 0 };
    bson_t before;
    if (confirm->state == CONFIRM_CHECKING) {
        if (!seen->plan)
            give_up(console, &seen->refused);
        else if (has_moved(confirm, seen->plan, &err))
            give_up(console, &err);
        else
            start(console);
        return;
    }
    if (!seen->plan) {
        ask_about(console, MIG_QUERY_PLAN, NULL);
        ask(console, NULL);
        return;
    }
    if (mig_doc_sub(confirm->row, "plan", &before))
        mig_plan_moved(&before, seen->plan, confirm->void_reason, sizeof confirm->void_reason);
    ask(console, seen);
}

/* The list has come: choose in it, and ask; before an approval for its plan. */
static void take_rows(struct console *console, const struct mig_seen_rows *rows)
{
    struct console_confirm *confirm = &console->confirm;
    struct mig_error err = { 0 };
    if (!confirm_choose(&confirm->line, confirm->env, rows, &confirm->row, &err)) {
        give_up(console, &err);
        return;
    }
    char *plan =
        confirm->line.command->id == MIG_COMMAND_APPROVE ? confirm_requested_plan(confirm->row) : NULL;
    ask_about(console, MIG_QUERY_PLAN, plan);
    if (plan)
        ask_for_answer(console, CONFIRM_PLANNING);
    else
        ask(console, NULL);
}

static void take_plan(struct console *console, struct mig_seen_plan *seen)
{
    struct console_confirm *confirm = &console->confirm;
    struct mig_error err = { 0 };
    if (!seen->plan) {
        err = seen->refused;
    } else if (seen->plan->count == 0) {
        mig_fail(&err, MIG_ERR_FAILED, "nothing to %s", verb_of(confirm));
    } else if (!named_plan_differs(confirm, seen->plan, &err)) {
        if (confirm->state == CONFIRM_PLANNING)
            ask(console, seen);
        else if (!has_moved(confirm, seen->plan, &err))
            start(console);
    }
    if (err.code != MIG_OK)
        give_up(console, &err);
}

void console_confirm_news(struct console *console)
{
    struct console_confirm *confirm = &console->confirm;
    if (confirm->state == CONFIRM_NONE)
        return;
    if (confirm_writes(&confirm->line) && !console_writable(console, confirm->env)) {
        struct mig_error err = { 0 };
        mig_fail(&err, MIG_ERR_GATE, "%s: the time for writing is over; nothing was run", verb_of(confirm));
        mig_hint(&err, ":rw %s 10m opens it again", confirm->env->name);
        give_up(console, &err);
        return;
    }
    if (confirm->state == CONFIRM_ASKING)
        return;
    const struct mig_snap_answer *answer =
        mig_snapshot_answer(console->snapshot, confirm->query, confirm->env, confirm->argument);
    if (!answer || answer->waiting)
        return;
    if (answer->value && answer->asked_ms >= confirm->asked_ms) {
        void *seen = mig_share(answer->value);
        if (confirm->query != MIG_QUERY_PLAN)
            take_rows(console, seen);
        else if (is_decision(confirm->line.command->id))
            take_requested(console, seen);
        else
            take_plan(console, seen);
        mig_unshare(seen);
    } else if (answer->error.code != MIG_OK) {
        struct mig_error err = answer->error;
        give_up(console, &err);
    }
}

/* ---- keys ---- */

static void confirmed(struct console *console)
{
    if (console->confirm.plan)
        ask_for_answer(console, CONFIRM_CHECKING); /* what was read is what runs, or nothing does */
    else
        start(console);
}

static void cancelled(struct console *console)
{
    console_say(console, "%s on %s: cancelled, nothing was run", verb_of(&console->confirm),
                console->confirm.env->name);
    console_confirm_close(console);
}

bool console_confirm_by_y(const struct console_confirm *confirm)
{
    return confirm->dialog.field_count == 0 && confirm->dialog.action[0] && !confirm->env->is_protected;
}

void console_confirm_key(struct console *console, const struct tui_event *event)
{
    struct console_confirm *confirm = &console->confirm;
    bool leaves = event->key == TUI_KEY_ESC || event->key == (TUI_KEY_CTRL | 'c');
    if (leaves) {
        cancelled(console);
        return;
    }
    if (confirm->state != CONFIRM_ASKING)
        return;
    bool plain_yes = console_confirm_by_y(confirm);
    if (plain_yes && event->key == 'y' && event->with_others) {
        console_say(console, "other keys came with that y: nothing was run; press it by itself");
        return;
    }
    if (plain_yes && event->key == 'y') {
        confirmed(console);
        return;
    }
    if (plain_yes && (event->key == 'n' || event->key == 'q')) {
        cancelled(console);
        return;
    }
    if (plain_yes && event->key == TUI_KEY_PASTE) { /* the line may bring more of it */
        console_say(console, "%s on %s: cancelled, nothing was run; what was pasted answers nothing",
                    verb_of(confirm), confirm->env->name);
        console_confirm_close(console);
        return;
    }
    switch (tui_dialog_key(&confirm->dialog, event, console_now(console))) {
    case TUI_DIALOG_CANCELLED: cancelled(console); break;
    case TUI_DIALOG_DONE: confirmed(console); break;
    case TUI_DIALOG_OPEN: break;
    }
}

int64_t console_confirm_due(const struct console *console)
{
    if (console->confirm.state != CONFIRM_ASKING)
        return 0;
    return tui_dialog_due(&console->confirm.dialog, console_now(console));
}

/* --plain and --script type an answer as a line; a protected environment wants the same words. */
void console_confirm_answer(struct console *console, const char *text)
{
    struct console_confirm *confirm = &console->confirm;
    struct mig_error err = { 0 };
    if (confirm->state != CONFIRM_ASKING || !confirm->dialog.action[0]) {
        console_say(console, "there is nothing to confirm");
        return;
    }
    if (strcmp(text, confirm->wanted[0] ? confirm->wanted : "y") == 0) {
        confirmed(console);
        return;
    }
    mig_fail(&err, MIG_ERR_GATE, "what was typed is not what was asked for; nothing was run");
    give_up(console, &err);
}
