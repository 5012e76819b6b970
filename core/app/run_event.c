/* run_event.c - the runner's events, each a flat document (members: docs/reference/events.md). */
#include <string.h>

#include "app/run_private.h"
#include "base/doc.h"

void mig_run_event_migration(struct mig_runner *r, const char *event, size_t item, int64_t duration_ms)
{
    bson_t fields = BSON_INITIALIZER;
    const struct mig_migration *migration = r->plan->items[item].migration;
    BSON_APPEND_UTF8(&fields, "version", migration->version);
    BSON_APPEND_UTF8(&fields, "title", migration->title);
    BSON_APPEND_UTF8(&fields, "direction", mig_direction_word(r->plan->direction));
    if (strcmp(event, "migration.started") != 0)
        BSON_APPEND_INT64(&fields, "durationMs", duration_ms);
    mig_journal_emit(&r->journal, event, &fields);
    bson_destroy(&fields);
}

void mig_run_event_step(struct mig_runner *r, const char *event, size_t item, size_t step,
                        const bson_t *result, int64_t duration_ms, const struct mig_error *why)
{
    bson_t fields = BSON_INITIALIZER;
    const struct mig_plan_item *planned = &r->plan->items[item];
    static const char *const counts[] = { "matched", "modified", "upserted", "inserted", "deleted", "note" };
    BSON_APPEND_UTF8(&fields, "version", planned->migration->version);
    BSON_APPEND_UTF8(&fields, "step", planned->steps[step].step->id);
    BSON_APPEND_UTF8(&fields, "kind", mig_step_kind_name(planned->steps[step].step->kind));
    if (strcmp(event, "step.done") == 0)
        BSON_APPEND_INT64(&fields, "durationMs", duration_ms);
    for (size_t i = 0; result && i < sizeof counts / sizeof counts[0]; i++) {
        bson_iter_t found;
        if (mig_doc_find(result, counts[i], &found))
            bson_append_iter(&fields, counts[i], -1, &found);
    }
    if (why) {
        BSON_APPEND_UTF8(&fields, "message", why->message);
        BSON_APPEND_UTF8(&fields, "name", mig_error_name(why->code));
        BSON_APPEND_INT32(&fields, "code", why->server_code);
    }
    mig_journal_emit(&r->journal, event, &fields);
    bson_destroy(&fields);
}

void mig_run_event_progress(struct mig_runner *r, size_t item, size_t step, int64_t done, int64_t total,
                            double rate, const char *what)
{
    bson_t fields = BSON_INITIALIZER;
    const struct mig_plan_item *planned = &r->plan->items[item];
    BSON_APPEND_UTF8(&fields, "version", planned->migration->version);
    BSON_APPEND_UTF8(&fields, "step", planned->steps[step].step->id);
    BSON_APPEND_INT64(&fields, "done", done);
    BSON_APPEND_INT64(&fields, "total", total);
    BSON_APPEND_DOUBLE(&fields, "rate", rate);
    BSON_APPEND_UTF8(&fields, "what", what);
    mig_journal_emit(&r->journal, "progress", &fields);
    bson_destroy(&fields);
}
