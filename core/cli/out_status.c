/* out_status.c - environments side by side. */
#include "cli/out_status.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/timefmt.h"
#include "cli/out_json.h"

#define FOLD_FROM 30 /* so many rows that say nothing new are folded into one */
#define FOLD_KEEP 5  /* but the newest of them stay */

/* ---- what a look adds up to ---- */

static size_t pending_of(const struct mig_look *look)
{
    const size_t *counts = look->views.counts;
    return counts[MIG_PENDING] + counts[MIG_LATE] + counts[MIG_BLOCKED];
}

static const struct mig_view *first_of(const struct mig_look *look, enum mig_state state)
{
    for (size_t i = 0; i < look->views.count; i++) {
        if (look->views.items[i].state == state)
            return &look->views.items[i];
    }
    return NULL;
}

/* The one word of the heading, and how it is painted: the most pressing state there is. */
static const char *word_of(const struct mig_look *look, enum cli_ink *ink)
{
    static const struct {
        enum mig_state state;
        const char *word;
    } order[] = {
        { MIG_FAILED, "FAILED" },   { MIG_INTERRUPTED, "INTERRUPTED" }, { MIG_CHANGED, "CHANGED" },
        { MIG_MISSING, "MISSING" }, { MIG_RUNNING, "RUNNING" },         { MIG_LATE, "OUT OF ORDER" },
        { MIG_BLOCKED, "BLOCKED" }, { MIG_PENDING, "PENDING" },
    };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (look->views.counts[order[i].state] > 0) {
            *ink = cli_state_ink(order[i].state);
            return order[i].word;
        }
    }
    *ink = CLI_GOOD;
    return "OK";
}

int cli_status_exit(const struct mig_looks *looks)
{
    static const enum mig_state bad[] = { MIG_CHANGED, MIG_MISSING, MIG_LATE, MIG_FAILED, MIG_INTERRUPTED };
    bool unreachable = false;
    bool pending = false;
    for (size_t i = 0; i < looks->count; i++) {
        const struct mig_look *look = &looks->items[i];
        unreachable = unreachable || !look->reachable;
        for (size_t k = 0; look->reachable && k < sizeof bad / sizeof bad[0]; k++) {
            if (look->views.counts[bad[k]] > 0)
                return mig_error_exit(MIG_ERR_INTEGRITY);
        }
        pending = pending || (look->reachable && pending_of(look) + look->views.counts[MIG_RUNNING] > 0);
    }
    return unreachable ? mig_error_exit(MIG_ERR_UNREACHABLE) : pending ? mig_error_exit(MIG_ERR_PENDING) : 0;
}

/* ---- text ---- */

static void heading(const struct mig_look *look, const struct cli_style *style, const char *word,
                    enum cli_ink ink, struct mig_buf *out)
{
    cli_ink(out, style, CLI_HEAD, look->env->name);
    mig_buf_printf(out, " (%s%s)  Migration Status: ", look->env->database,
                   look->env->is_protected ? ", protected" : "");
    cli_ink(out, style, ink, word);
    mig_buf_char(out, '\n');
}

void cli_look_error_text(const struct mig_look *look, const struct cli_style *style, struct mig_buf *out)
{
    heading(look, style, look->env->disabled_reason ? "DISABLED" : "UNREACHABLE", CLI_BAD, out);
    mig_buf_printf(out, "  -- Error:           %s\n", look->error.message);
    for (const char *line = look->error.hint; *line;) {
        size_t len = strcspn(line, "\n");
        mig_buf_printf(out, "  -- Next:            %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static void lock_text(const struct mig_look *look, struct mig_buf *out)
{
    const struct mig_lock *lock = &look->history->lock;
    if (!lock->exists || !lock->owner[0])
        return;
    char age[MIG_TIME_SIZE];
    mig_time_duration(lock->server_now > lock->beat_at ? lock->server_now - lock->beat_at : 0, age);
    mig_buf_printf(out, "  -- Lock:            %s by %s on %s, run %s, last beat %s ago%s\n",
                   lock->command[0] ? lock->command : "held", lock->os_user, lock->host, lock->run, age,
                   mig_lock_alive(lock) ? "" : " (expired: its run is gone)");
}

/* Runs that went without approval stay here, red, until two people have closed each. */
static void glass_text(const struct mig_look *look, const struct cli_style *style, struct mig_buf *out)
{
    size_t waiting = 0;
    for (size_t i = 0; i < look->history->request_count; i++) {
        const struct mig_request *request = &look->history->requests[i];
        char age[MIG_TIME_SIZE];
        if (request->kind != MIG_REQUEST_GLASS) {
            waiting += request->expires_at > look->history->server_now;
            continue;
        }
        mig_time_duration(look->history->server_now - request->created_at, age);
        mig_buf_str(out, "  -- ");
        cli_ink(out, style, CLI_BAD, "GLASS BROKEN");
        mig_buf_printf(out, ":    run %s by %s, %s ago, without approval: %s\n", request->used_by,
                       mig_person_name(&request->requested.who), age, request->reason);
        mig_buf_printf(out, "       two people close it: migtui glass close %s --env %s\n", request->id,
                       look->env->name);
    }
    if (waiting > 0)
        mig_buf_printf(out, "  -- Requests:        %zu open: migtui requests --env %s\n", waiting,
                       look->env->name);
}

/* What needs a person, one line a migration, with its reason. */
static void findings_text(const struct mig_look *look, struct mig_buf *out)
{
    for (size_t i = 0; i < look->views.count; i++) {
        const struct mig_view *view = &look->views.items[i];
        if (view->state == MIG_APPLIED || view->state == MIG_PENDING)
            continue;
        mig_buf_printf(out, "  -- %s %s: %s\n", view->version, mig_state_word(view->state),
                       view->reason ? view->reason : mig_state_meaning(view->state));
    }
}

/* The migration that is half way, whatever came of it: it is what runs next, before all that is pending. */
static const struct mig_view *half_way(const struct mig_look *look)
{
    static const enum mig_state states[] = { MIG_FAILED, MIG_INTERRUPTED, MIG_RUNNING };
    const struct mig_view *found = NULL;
    for (size_t i = 0; i < sizeof states / sizeof states[0] && !found; i++)
        found = first_of(look, states[i]);
    return found;
}

static void next_text(const struct mig_look *look, struct mig_buf *out)
{
    const struct mig_view *half = half_way(look);
    const struct mig_view *next = first_of(look, MIG_PENDING);
    mig_buf_str(out, "  -- Next Version:    ");
    if (half)
        mig_buf_printf(out, "%s (%s)\n", half->version, mig_state_word(half->state));
    else if (next)
        mig_buf_printf(out, "%s\n", next->version);
    else
        mig_buf_printf(out, "%s\n", pending_of(look) ? "None that may run" : "Already at latest version");
}

/* What to do about the most pressing of them. */
static void remedy_text(const struct mig_look *look, struct mig_buf *out)
{
    const char *env = look->env->name;
    const struct mig_view *changed = first_of(look, MIG_CHANGED);
    const size_t *counts = look->views.counts;
    if (counts[MIG_FAILED] + counts[MIG_INTERRUPTED] > 0)
        mig_buf_printf(
            out, "  -- Next:            see where it stands, and the ways out: migtui recover --env %s\n",
            env);
    else if (changed)
        mig_buf_printf(out, "  -- Next:            see what moved: migtui diff %s %s\n", env,
                       changed->version);
    else if (counts[MIG_MISSING] > 0)
        mig_buf_str(out, "  -- Next:            put the file back, or update this checkout\n");
}

static void block_text(const struct mig_look *look, const struct cli_style *style, struct mig_buf *out)
{
    if (!look->reachable) {
        cli_look_error_text(look, style, out);
        return;
    }
    enum cli_ink ink;
    const char *word = word_of(look, &ink);
    const char *current = "No migration applied yet";
    for (size_t i = 0; i < look->views.count; i++) {
        const struct mig_record *record = look->views.items[i].record;
        if (record && record->state == MIG_RECORD_APPLIED)
            current = look->views.items[i].version;
    }
    size_t executed =
        look->views.counts[MIG_APPLIED] + look->views.counts[MIG_CHANGED] + look->views.counts[MIG_MISSING];
    heading(look, style, word, ink, out);
    mig_buf_printf(out, "  -- Current Version: %s\n", current);
    next_text(look, out);
    mig_buf_printf(out, "  -- Executed Files:  %zu\n", executed);
    mig_buf_printf(out, "  -- Pending Files:   %zu", pending_of(look));
    if (look->views.counts[MIG_LATE] > 0)
        mig_buf_printf(out, " (%zu out of order)", look->views.counts[MIG_LATE]);
    mig_buf_char(out, '\n');
    lock_text(look, out);
    glass_text(look, style, out);
    findings_text(look, out);
    remedy_text(look, out);
}

/* ---- the matrix ---- */

/* Every environment's views are sorted by version: walk them together, one row for each version of any. */
struct matrix {
    const struct mig_looks *looks;
    size_t *at; /* next view of each environment */
};

struct row {
    const char *version;
    const char *title;
    bool quiet; /* applied in every environment that answered */
};

static const struct mig_view *view_at(const struct matrix *matrix, size_t env)
{
    const struct mig_look *look = &matrix->looks->items[env];
    return look->reachable && matrix->at[env] < look->views.count ? &look->views.items[matrix->at[env]]
                                                                  : NULL;
}

/* The next row's version is the smallest that any environment is at; false at the end. */
static bool next_row(const struct matrix *matrix, struct row *ret)
{
    *ret = (struct row){ .quiet = true };
    for (size_t i = 0; i < matrix->looks->count; i++) {
        const struct mig_view *view = view_at(matrix, i);
        if (view && (!ret->version || mig_version_compare(view->version, ret->version) < 0))
            ret->version = view->version;
    }
    for (size_t i = 0; ret->version && i < matrix->looks->count; i++) {
        const struct mig_view *view = view_at(matrix, i);
        bool here = view && mig_version_compare(view->version, ret->version) == 0;
        if (here && !ret->title)
            ret->title = view->title;
        if (matrix->looks->items[i].reachable && !(here && view->state == MIG_APPLIED))
            ret->quiet = false;
    }
    return ret->version != NULL;
}

static void skip_row(struct matrix *matrix, const char *version)
{
    for (size_t i = 0; i < matrix->looks->count; i++) {
        const struct mig_view *view = view_at(matrix, i);
        matrix->at[i] += view && mig_version_compare(view->version, version) == 0;
    }
}

static void put_row(const struct matrix *matrix, const struct row *row, const struct cli_style *style,
                    struct cli_table *table)
{
    cli_table_lend(table, CLI_PLAIN, row->version);
    cli_table_lend(table, CLI_PLAIN, row->title ? row->title : "");
    for (size_t i = 0; i < matrix->looks->count; i++) {
        const struct mig_view *view = view_at(matrix, i);
        bool here = view && mig_version_compare(view->version, row->version) == 0;
        char *cell MIG_AUTOFREE =
            here ? mig_printf("%s %s%s", mig_state_mark(view->state, style->utf8),
                              mig_state_word(view->state), view->raw_only_change ? " *" : "")
                 : mig_strdup(matrix->looks->items[i].reachable ? "-" : "");
        cli_table_cell(table, here ? cli_state_ink(view->state) : CLI_ASIDE, cell);
    }
}

/* How many rows at the beginning say nothing but "applied everywhere". */
static size_t quiet_rows(struct matrix *matrix)
{
    size_t count = 0;
    struct row row;
    while (next_row(matrix, &row) && row.quiet) {
        skip_row(matrix, row.version);
        count++;
    }
    memset(matrix->at, 0, matrix->looks->count * sizeof *matrix->at);
    return count;
}

static void matrix_text(const struct mig_looks *looks, const struct cli_style *style, struct mig_buf *out)
{
    struct matrix matrix = { .looks = looks, .at = mig_alloc_n(looks->count + 1, sizeof *matrix.at) };
    struct cli_table *table = cli_table_new(style, looks->count + 2);
    const char **head = mig_alloc_n(looks->count + 2, sizeof *head);
    head[0] = "VERSION";
    head[1] = "TITLE";
    for (size_t i = 0; i < looks->count; i++)
        head[2 + i] = looks->items[i].env->name;
    cli_table_head(table, head);
    cli_table_elastic(table, 1);
    size_t quiet = quiet_rows(&matrix);
    size_t folded = quiet > FOLD_FROM ? quiet - FOLD_KEEP : 0;
    struct row row;
    for (size_t i = 0; next_row(&matrix, &row); i++) {
        if (i >= folded)
            put_row(&matrix, &row, style, table);
        skip_row(&matrix, row.version);
    }
    mig_buf_char(out, '\n');
    if (folded > 0) {
        mig_buf_str(out, "  ");
        mig_text_number(out, (int64_t)folded);
        mig_buf_str(out, " older migrations are applied everywhere\n");
    }
    cli_table_print(table, 2, out);
    cli_table_free(table);
    free(head);
    free(matrix.at);
}

void cli_status_text(const struct mig_looks *looks, const char *project, const struct cli_style *style,
                     struct mig_buf *out)
{
    (void)project;
    size_t rows = 0;
    bool raw_only = false;
    for (size_t i = 0; i < looks->count; i++) {
        mig_buf_str(out, i ? "\n" : "");
        block_text(&looks->items[i], style, out);
        rows += looks->items[i].views.count;
        for (size_t k = 0; k < looks->items[i].views.count; k++)
            raw_only = raw_only || looks->items[i].views.items[k].raw_only_change;
    }
    if (rows > 0)
        matrix_text(looks, style, out);
    if (raw_only)
        mig_buf_str(out, "\n  * the file's bytes moved since it ran, its meaning did not\n");
}

/* ---- document ---- */

static void append_time(bson_t *doc, const char *key, int64_t ms)
{
    char text[MIG_TIME_SIZE];
    mig_time_iso(ms, text);
    if (ms > 0)
        bson_append_utf8(doc, key, -1, text, -1);
    else
        bson_append_null(doc, key, -1);
}

static void append_lock(const struct mig_look *look, bson_t *doc)
{
    const struct mig_lock *lock = &look->history->lock;
    if (!lock->exists || !lock->owner[0]) {
        BSON_APPEND_NULL(doc, "lock");
        return;
    }
    bson_t sub;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "lock", &sub);
    BSON_APPEND_UTF8(&sub, "run", lock->run);
    BSON_APPEND_UTF8(&sub, "owner", lock->owner);
    BSON_APPEND_INT64(&sub, "token", lock->token);
    BSON_APPEND_UTF8(&sub, "command", lock->command);
    BSON_APPEND_UTF8(&sub, "host", lock->host);
    BSON_APPEND_UTF8(&sub, "osUser", lock->os_user);
    BSON_APPEND_INT64(&sub, "pid", lock->pid);
    BSON_APPEND_UTF8(&sub, "step", lock->step);
    append_time(&sub, "acquiredAt", lock->acquired_at);
    append_time(&sub, "beatAt", lock->beat_at);
    append_time(&sub, "expiresAt", lock->expires_at);
    BSON_APPEND_BOOL(&sub, "alive", mig_lock_alive(lock));
    BSON_APPEND_BOOL(&sub, "stopRequested", lock->stop_requested);
    bson_append_document_end(doc, &sub);
}

static void append_migrations(const struct mig_look *look, bson_t *doc)
{
    bson_t counts, list;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "counts", &counts);
    for (int state = 0; state < MIG_STATES; state++)
        bson_append_int64(&counts, mig_state_word(state), -1, (int64_t)look->views.counts[state]);
    bson_append_document_end(doc, &counts);
    BSON_APPEND_ARRAY_BEGIN(doc, "migrations", &list);
    for (size_t i = 0; i < look->views.count; i++) {
        const struct mig_view *view = &look->views.items[i];
        char buffer[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof buffer);
        bson_t item;
        bson_append_document_begin(&list, key, (int)len, &item);
        BSON_APPEND_UTF8(&item, "version", view->version);
        BSON_APPEND_UTF8(&item, "title", view->title ? view->title : "");
        BSON_APPEND_UTF8(&item, "state", mig_state_word(view->state));
        BSON_APPEND_UTF8(&item, "reason", view->reason ? view->reason : "");
        bool ran = view->record && view->record->state == MIG_RECORD_APPLIED;
        append_time(&item, "appliedAt", ran ? view->record->ended_at : 0);
        if (ran)
            BSON_APPEND_INT64(&item, "durationMs", view->record->duration_ms);
        else
            BSON_APPEND_NULL(&item, "durationMs");
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(doc, &list);
}

/* requests: how many are open; glass: broken and not closed. */
static void append_requests(const struct mig_look *look, bson_t *doc)
{
    int64_t open = 0;
    uint32_t broken = 0;
    bson_t list;
    BSON_APPEND_ARRAY_BEGIN(doc, "glass", &list);
    for (size_t i = 0; i < look->history->request_count; i++) {
        const struct mig_request *request = &look->history->requests[i];
        char buffer[16];
        const char *key;
        bson_t item;
        if (request->kind != MIG_REQUEST_GLASS) {
            open += request->expires_at > look->history->server_now;
            continue;
        }
        size_t len = bson_uint32_to_string(broken++, &key, buffer, sizeof buffer);
        bson_append_document_begin(&list, key, (int)len, &item);
        BSON_APPEND_UTF8(&item, "request", request->id);
        BSON_APPEND_UTF8(&item, "run", request->used_by);
        BSON_APPEND_UTF8(&item, "by", mig_person_name(&request->requested.who));
        BSON_APPEND_UTF8(&item, "reason", request->reason);
        append_time(&item, "at", request->created_at);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(doc, &list);
    BSON_APPEND_INT64(doc, "requests", open);
}

static void append_look(const struct mig_look *look, bson_t *doc)
{
    BSON_APPEND_UTF8(doc, "name", look->env->name);
    BSON_APPEND_BOOL(doc, "protected", look->env->is_protected);
    BSON_APPEND_BOOL(doc, "reachable", look->reachable);
    if (!look->reachable) {
        cli_json_error(doc, "error", &look->error);
        BSON_APPEND_NULL(doc, "server");
        BSON_APPEND_NULL(doc, "historyHead");
        BSON_APPEND_NULL(doc, "lock");
        BSON_APPEND_NULL(doc, "counts");
        bson_t none = BSON_INITIALIZER;
        BSON_APPEND_ARRAY(doc, "migrations", &none);
        bson_destroy(&none);
        return;
    }
    BSON_APPEND_NULL(doc, "error");
    bson_t server;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "server", &server);
    BSON_APPEND_UTF8(&server, "version", look->server.version);
    BSON_APPEND_UTF8(&server, "topology", mig_topology_name(look->server.topology));
    bson_append_document_end(doc, &server);
    BSON_APPEND_UTF8(doc, "historyHead", look->history->head);
    append_lock(look, doc);
    append_requests(look, doc);
    append_migrations(look, doc);
}

void cli_status_document(const struct mig_looks *looks, const char *project, int64_t now_ms, bson_t *ret)
{
    bson_init(ret);
    BSON_APPEND_UTF8(ret, "project", project);
    append_time(ret, "generatedAt", now_ms);
    bson_t list;
    BSON_APPEND_ARRAY_BEGIN(ret, "environments", &list);
    for (size_t i = 0; i < looks->count; i++) {
        char buffer[16];
        const char *key;
        size_t len = bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof buffer);
        bson_t item;
        bson_append_document_begin(&list, key, (int)len, &item);
        append_look(&looks->items[i], &item);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(ret, &list);
}
