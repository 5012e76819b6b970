/* states.c - a merge of two sorted lists: what the files say, and what the database says. */
#include "engine/states.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#define REASON_MAX MIG_ERROR_MESSAGE_MAX /* the server's own words are among them */

static bool record_is_applied(const struct mig_record *record)
{
    return record && record->state == MIG_RECORD_APPLIED;
}

/* A record that says the migration is not (any more) in this database. */
static bool record_is_absent(const struct mig_record *record)
{
    return !record || record->state == MIG_RECORD_REVERTED;
}

static void MIG_PRINTF(3, 4) set(struct mig_view *view, enum mig_state state, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char text[REASON_MAX];
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mig_utf8_trim(text);
    view->state = state;
    free(view->reason);
    view->reason = *text ? mig_strdup(text) : NULL;
}

static void from_record(struct mig_view *view, const struct mig_lock *lock)
{
    const struct mig_record *record = view->record;
    const struct mig_migration *migration = view->migration;
    const struct mig_record_details *details = mig_record_details(record);
    const char *step = details->error_step ? details->error_step : "";
    /* uncovered: every state has its case */
    switch (record->state) {
    case MIG_RECORD_RUNNING:
    case MIG_RECORD_REVERTING:
        if (mig_lock_alive(lock) && record->run && strcmp(lock->run, record->run) == 0)
            set(view, MIG_RUNNING, "run %s by %s on %s", lock->run, lock->os_user, lock->host);
        else
            set(view, MIG_INTERRUPTED, "run %s (%s) is gone and did not finish",
                record->run ? record->run : "?", mig_direction_word(record->direction));
        return;
    case MIG_RECORD_FAILED:
        set(view, MIG_FAILED, "step %s (%s): %s", step, mig_direction_word(record->direction),
            details->error ? details->error : "no reason was recorded");
        return;
    case MIG_RECORD_APPLIED:
    case MIG_RECORD_REVERTED:
    case MIG_RECORD_STATES: break;
    }
    if (!migration)
        set(view, MIG_MISSING, "it ran here on run %s, and the file is gone",
            record->run ? record->run : "?");
    else if (strcmp(migration->sem, record->sem) != 0)
        set(view, MIG_CHANGED, "the file was edited after it ran: %.8s ran, %.8s is on disk", record->sem,
            migration->sem);
    else {
        set(view, MIG_APPLIED, "%s", record->marked ? "marked by hand" : "");
        view->raw_only_change = strcmp(migration->raw, record->raw) != 0;
    }
}

struct mig_view *mig_views_find(const struct mig_views *views, const char *version)
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

/* Pending, or why not yet: an older sibling of something applied, or a dependency that will not be there in time. */
static void from_file(struct mig_view *view, const struct mig_views *views, const char *newest_applied,
                      enum mig_order order)
{
    const struct mig_migration *migration = view->migration;
    set(view, MIG_PENDING, "%s", view->record ? "was rolled back" : "");
    for (size_t i = 0; i < migration->depends_count; i++) {
        const char *need = migration->depends[i];
        const struct mig_view *other = mig_views_find(views, need);
        bool met = other && (record_is_applied(other->record) ||
                             (other < view && other->state == MIG_PENDING)); /* it runs first */
        if (!met) {
            set(view, MIG_BLOCKED, "it depends on %s, which is not applied here and cannot run before it",
                need);
            return;
        }
    }
    if (order == MIG_ORDER_ANY || !newest_applied ||
        mig_version_compare(migration->version, newest_applied) > 0)
        return;
    if (order == MIG_ORDER_LINEAR)
        set(view, MIG_LATE, "older than %s, which is applied; order linear does not let it run",
            newest_applied);
    else
        set(view, MIG_LATE, "older than %s, which is applied; order skip leaves it out", newest_applied);
}

static void merge(const struct mig_catalog *catalog, const struct mig_history *history, struct mig_views *ret)
{
    size_t i = 0;
    size_t j = 0;
    ret->items = mig_alloc_n(catalog->count + history->count, sizeof *ret->items);
    while (i < catalog->count || j < history->count) {
        const struct mig_migration *migration = i < catalog->count ? &catalog->items[i] : NULL;
        const struct mig_record *record = j < history->count ? &history->records[j] : NULL;
        int order = !migration ? 1 : !record ? -1 : mig_version_compare(migration->version, record->version);
        if (order > 0)
            migration = NULL;
        if (order < 0)
            record = NULL;
        i += migration != NULL;
        j += record != NULL;
        if (!migration && record_is_absent(record))
            continue; /* rolled back, and its file is gone: nothing is left of it */
        ret->items[ret->count++] = (struct mig_view){
            .version = migration ? migration->version : record->version,
            .title = migration ? migration->title : record->title,
            .migration = migration,
            .record = record,
        };
    }
}

void mig_states_derive(const struct mig_catalog *catalog, const struct mig_history *history,
                       enum mig_order order, struct mig_views *ret)
{
    const char *newest = NULL;
    *ret = (struct mig_views){ 0 };
    merge(catalog, history, ret);
    for (size_t i = 0; i < ret->count; i++) {
        if (record_is_applied(ret->items[i].record))
            newest = ret->items[i].version;
    }
    for (size_t i = 0; i < ret->count; i++) {
        struct mig_view *view = &ret->items[i];
        if (!record_is_absent(view->record))
            from_record(view, &history->lock);
        else
            from_file(view, ret, newest, order);
        ret->counts[view->state]++;
    }
    mig_views_settle(ret);
}
