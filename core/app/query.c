/* query.c - one row a kind of question. */
#include "app/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/approval.h"
#include "app/audit.h"
#include "app/backup.h"
#include "app/cmdline.h"
#include "app/drift.h"
#include "app/plan_count.h"
#include "app/promote.h"
#include "app/query_log.h"
#include "app/run.h"
#include "app/runs.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"

#define RUNS_MAX     200
#define HISTORY_MAX  500
#define REQUESTS_MAX 200
#define AUDIT_MAX    500
#define BACKUPS_MAX  200
#define ROWS_MAX     2000
#define DRIFT_MAX \
    64 /* collections of an environment that are held against their fingerprints, a round trip each */
#define TEXT_MAX (16UL * 1024 * 1024)

/* ---- plans ---- */

static bool plan_words(const char *text, char ***ret, size_t *ret_count, struct mig_error *err)
{
    char *line MIG_AUTOFREE = mig_printf("%s%s", text[0] == '\0' || text[0] == '-' ? "plan " : "", text);
    return mig_words_split(line, ret, ret_count, err);
}

static bool has_plan(enum mig_command_id id)
{
    return id == MIG_COMMAND_PLAN || id == MIG_COMMAND_APPLY || id == MIG_COMMAND_ROLLBACK ||
           id == MIG_COMMAND_RESUME || id == MIG_COMMAND_RECOVER || id == MIG_COMMAND_PROMOTE ||
           id == MIG_COMMAND_REQUEST || id == MIG_COMMAND_RUN;
}

bool mig_query_selection_read(const char *words, struct mig_query_selection *ret, struct mig_error *err)
{
    char **items = NULL;
    size_t count = 0;
    *ret = (struct mig_query_selection){ .line = mig_alloc(sizeof *ret->line) };
    bool ok = plan_words(words, &items, &count, err);
    ok = ok && mig_cmdline_parse(count, (const char *const *)items, ret->line, err);
    mig_words_free(items, count);
    if (!ok)
        return false;
    const struct mig_cmdline *line = ret->line;
    enum mig_command_id id = line->command ? line->command->id : MIG_COMMAND_HELP;
    size_t first = id == MIG_COMMAND_RUN; /* its first argument is the command */
    bool down = id == MIG_COMMAND_ROLLBACK || (first && strcmp(line->arguments[0], "rollback") == 0) ||
                mig_cmdline_has(line, MIG_OPT_DOWN) || mig_cmdline_has(line, MIG_OPT_UNDO);
    if (!has_plan(id))
        return mig_fail(err, MIG_ERR_USAGE, "%s has no plan", line->command ? line->command->name : "that");
    ret->selection = (struct mig_selection){
        .direction = down ? MIG_DOWN : MIG_UP,
        .resume = id == MIG_COMMAND_RESUME || mig_cmdline_has(line, MIG_OPT_RESUME),
        .undo = mig_cmdline_has(line, MIG_OPT_UNDO),
        .to = mig_cmdline_value(line, MIG_OPT_TO),
        .count = mig_cmdline_count(line, MIG_OPT_COUNT, 0),
        .run = mig_cmdline_value(line, MIG_OPT_OF_RUN),
    };
    if (line->argument_count > first && id != MIG_COMMAND_APPLY) {
        ret->versions = mig_alloc_n(line->argument_count + 1, sizeof *ret->versions);
        for (size_t i = first; i < line->argument_count; i++)
            ret->versions[i - first] = line->arguments[i];
        ret->selection.versions = ret->versions;
    }
    return true;
}

void mig_query_selection_done(struct mig_query_selection *selection)
{
    if (selection->line)
        mig_cmdline_done(selection->line);
    free(selection->line);
    free(selection->versions);
    *selection = (struct mig_query_selection){ 0 };
}

static struct mig_seen_plan *make_plan(struct mig_query *query, struct mig_seen_files *files,
                                       struct mig_error *err)
{
    struct mig_query_selection chosen;
    struct mig_seen_plan *seen = mig_seen_plan_new(files);
    struct mig_promotion promotion = { 0 };
    bool ok = mig_query_selection_read(query->argument, &chosen, err);
    if (ok && chosen.line->command->id == MIG_COMMAND_PROMOTE) {
        ok = mig_promote_select(query->app, query->env, files->catalog, &promotion, err);
        chosen.selection.versions = promotion.versions;
    }
    if (ok && files->problems.count > 0) {
        seen->refused = files->problems.items[0];
    } else if (ok && !mig_run_plan(query->app, query->env, &chosen.selection, files->catalog, &seen->look,
                                   &seen->plan, &seen->refused)) {
        ok = seen->look.reachable; /* refused by what is there is an answer; no server is none */
        if (!ok)
            *err = seen->refused;
    }
    mig_query_selection_done(&chosen);
    mig_promotion_done(&promotion);
    if (!ok) {
        mig_unshare(seen);
        return NULL;
    }
    return seen;
}

/* With bodies, read for this once. */
static struct mig_seen_plan *make_plan_of_bodies(struct mig_query *query, struct mig_error *err)
{
    struct mig_seen_files *files = mig_seen_files_new();
    struct mig_seen_plan *seen = NULL;
    mig_catalog_free(files->catalog);
    files->catalog = NULL;
    if (query->app->read_catalog(query->app->ports_ctx, 0, &files->catalog, &files->problems, err))
        seen = make_plan(query, files, err);
    mig_unshare(files);
    return seen;
}

/* A way back that nobody wrote follows from the bodies of what ran. */
static void *fetch_plan(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    struct mig_query_selection chosen;
    (void)ret_over;
    bool down =
        mig_query_selection_read(query->argument, &chosen, err) && chosen.selection.direction == MIG_DOWN;
    mig_query_selection_done(&chosen);
    return down ? make_plan_of_bodies(query, err) : make_plan(query, query->files, err);
}

/* Filters are needed to count. */
static void *fetch_dry_run(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    struct mig_store *store = NULL;
    *ret_over = true;
    struct mig_seen_plan *seen = make_plan_of_bodies(query, err);
    if (seen && seen->plan && query->app->open_store(query->app->ports_ctx, query->env, "", &store, err)) {
        if (!mig_plan_count(store, seen->plan, err)) {
            mig_unshare(seen);
            seen = NULL;
        }
        store->ops->close(store);
    }
    return seen;
}

/* ---- lists ---- */

struct list {
    bson_t **items;
    size_t count, room;
};

static bool keep_row(const bson_t *row, void *context)
{
    struct list *list = context;
    list->items = mig_grow(list->items, list->count, &list->room, sizeof *list->items);
    list->items[list->count++] = bson_copy(row);
    return list->count < ROWS_MAX;
}

static void *rows_of(struct list *take_list, bool ok)
{
    struct mig_seen_rows *rows = mig_seen_rows_new();
    rows->items = take_list->items;
    rows->count = take_list->count;
    if (ok)
        return rows;
    mig_unshare(rows);
    return NULL;
}

static void *fetch_runs(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    struct list list = { 0 };
    (void)ret_over;
    bool ok = mig_runs_list(query->app, query->env, RUNS_MAX, keep_row, &list, err);
    return rows_of(&list, ok);
}

static void *fetch_history(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    struct list list = { 0 };
    (void)ret_over;
    bool ok = mig_history_list(query->app, query->env, HISTORY_MAX, keep_row, &list, err);
    return rows_of(&list, ok);
}

static void *fetch_backups(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    struct list list = { 0 };
    (void)ret_over;
    bool ok = mig_backup_list(query->app, query->env, BACKUPS_MAX, keep_row, &list, err);
    return rows_of(&list, ok);
}

static void *fetch_requests(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    struct list list = { 0 };
    (void)ret_over;
    bool ok = mig_requests_list(query->app, query->env, REQUESTS_MAX, keep_row, &list, err);
    return rows_of(&list, ok);
}

static void *newest_entries(struct mig_query *query, int64_t limit, struct mig_error *err)
{
    struct list list = { 0 };
    bool ok = mig_audit_list(query->app, query->env, limit, keep_row, &list, err);
    return rows_of(&list, ok);
}

static void *fetch_audit(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    (void)ret_over;
    return newest_entries(query, AUDIT_MAX, err);
}

static void *fetch_audit_head(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    (void)ret_over;
    return newest_entries(query, 1, err);
}

static int by_start(const void *a, const void *b)
{
    const bson_t *x = *(bson_t *const *)a;
    const bson_t *y = *(bson_t *const *)b;
    int order = strcmp(mig_doc_str(y, "startedAt", ""), mig_doc_str(x, "startedAt", ""));
    return order ? order : strcmp(mig_doc_str(y, "version", ""), mig_doc_str(x, "version", ""));
}

struct mig_seen_rows *mig_query_merge(struct mig_seen_rows *const *lists, size_t count)
{
    struct list all = { 0 };
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; lists[i] && k < lists[i]->count; k++) {
            all.items = mig_grow(all.items, all.count, &all.room, sizeof *all.items);
            all.items[all.count++] = bson_copy(lists[i]->items[k]);
        }
    }
    if (all.count > 1)
        qsort(all.items, all.count, sizeof *all.items, by_start);
    return rows_of(&all, true);
}

static void *fetch_recover(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    struct mig_seen_recover *seen = mig_seen_recover_new();
    (void)ret_over;
    if (mig_recover_inspect(query->app, query->env, &seen->items, &seen->count, err))
        return seen;
    mig_unshare(seen);
    return NULL;
}

static bool count_drift(const bson_t *row, void *context)
{
    struct mig_seen_drift *seen = context;
    enum mig_drift drift = mig_drift_of(mig_doc_str(row, "state", ""));
    seen->counts[drift]++;
    if (mig_drift_is(drift) && seen->drifted++ < MIG_SEEN_DRIFTED) {
        struct mig_seen_drifted *slot = &seen->first[seen->drifted - 1];
        slot->drift = drift;
        snprintf(slot->collection, sizeof slot->collection, "%s", mig_doc_str(row, "collection", ""));
        mig_utf8_trim(slot->collection);
    }
    return true;
}

static void *fetch_drift(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    struct mig_seen_drift *seen = mig_seen_drift_new();
    (void)ret_over;
    if (mig_drift_list(query->app, query->env, DRIFT_MAX, count_drift, seen, err))
        return seen;
    mig_unshare(seen);
    return NULL;
}

/* ---- texts ---- */

static void *fetch_text(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    const struct mig_migration *migration = mig_catalog_find(query->files->catalog, query->argument);
    struct mig_buf text;
    (void)ret_over;
    if (!migration) {
        mig_fail(err, MIG_ERR_FAILED, "there is no file of %s", query->argument);
        return NULL;
    }
    mig_buf_init(&text, TEXT_MAX);
    bool ok = query->app->read_file(query->app->ports_ctx, migration->file, &text, err);
    if (ok && migration->down_file) {
        mig_buf_printf(&text, "\n// %s\n", migration->down_file);
        ok = query->app->read_file(query->app->ports_ctx, migration->down_file, &text, err);
    }
    size_t len = text.len;
    struct mig_seen_text *seen = ok ? mig_seen_text_new(mig_buf_detach(&text), len) : NULL;
    mig_buf_done(&text);
    return seen;
}

static void *fetch_ran_text(struct mig_query *query, bool *ret_over, struct mig_error *err)
{
    char *text;
    (void)ret_over;
    if (!mig_ran_text(query->app, query->env, query->argument, &text, err))
        return NULL;
    return mig_seen_text_new(text, strlen(text));
}

// clang-format off
static const struct mig_query_row rows[MIG_QUERIES] = {
    [MIG_QUERY_PLAN]     = { .again_ms = 15000, .on_change = true, .fetch = fetch_plan },
    [MIG_QUERY_DRY_RUN]  = { .on_change = true, .fetch = fetch_dry_run },
    [MIG_QUERY_RUNS]     = { .merges = true, .again_ms = 10000, .on_change = true, .fetch = fetch_runs },
    [MIG_QUERY_HISTORY]  = { .merges = true, .again_ms = 10000, .on_change = true, .fetch = fetch_history },
    [MIG_QUERY_BACKUPS]  = { .merges = true, .again_ms = 5000, .on_change = true, .fetch = fetch_backups },
    [MIG_QUERY_REQUESTS] = { .merges = true, .again_ms = 5000, .on_change = true, .fetch = fetch_requests },
    [MIG_QUERY_AUDIT]    = { .merges = true, .again_ms = 15000, .on_change = true, .fetch = fetch_audit },
    [MIG_QUERY_AUDIT_HEAD] = { .again_ms = 15000, .on_change = true, .fetch = fetch_audit_head },
    [MIG_QUERY_RECOVER]  = { .again_ms = 15000, .on_change = true, .fetch = fetch_recover },
    [MIG_QUERY_DRIFT]    = { .again_ms = 60000, .on_change = true, .fetch = fetch_drift },
    [MIG_QUERY_TEXT]     = { .of_files = true, .on_change = true, .fetch = fetch_text },
    [MIG_QUERY_RAN_TEXT] = { .on_change = true, .fetch = fetch_ran_text },
    [MIG_QUERY_LOG]      = { .again_ms = 250, .fetch = mig_query_fetch_log, .forget = mig_query_forget_log },
};
// clang-format on

const struct mig_query_row *mig_query_row(enum mig_query_kind kind)
{
    return &rows[kind];
}
