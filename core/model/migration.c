/* migration.c - owning and finding migrations. */
#include "model/migration.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const struct {
    const char *name;
    const char *doc;
    bool transactional;
} kinds[MIG_STEP_KINDS] = {
#define X(kind, name, txn, text) [kind] = { name, text, txn },
    MIG_STEP_TABLE(X)
#undef X
};

const char *mig_step_kind_name(enum mig_step_kind kind)
{
    return (unsigned)kind < MIG_STEP_KINDS ? kinds[kind].name : "?";
}

const char *mig_step_kind_doc(enum mig_step_kind kind)
{
    return (unsigned)kind < MIG_STEP_KINDS ? kinds[kind].doc : "";
}

bool mig_step_kind_transactional(enum mig_step_kind kind)
{
    return (unsigned)kind < MIG_STEP_KINDS && kinds[kind].transactional;
}

int mig_step_kind_find(const char *name)
{
    for (int i = 0; i < MIG_STEP_KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return i;
    }
    return -1;
}

void mig_step_done(struct mig_step *step)
{
    for (size_t i = 0; i < step->inner_count; i++)
        mig_step_done(&step->inner[i]);
    free(step->inner);
    free(step->id);
    free(step->collection);
    if (step->doc)
        bson_destroy(step->doc);
    if (step->body)
        bson_destroy(step->body);
    *step = (struct mig_step){ 0 };
}

static void steps_free(struct mig_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mig_step_done(&steps[i]);
    free(steps);
}

void mig_migration_done(struct mig_migration *migration)
{
    free(migration->version);
    free(migration->slug);
    free(migration->title);
    free(migration->file);
    free(migration->down_file);
    free(migration->text);
    for (size_t i = 0; i < migration->depends_count; i++)
        free(migration->depends[i]);
    free(migration->depends);
    free(migration->requires_server);
    free(migration->requires_topology);
    steps_free(migration->up, migration->up_count);
    steps_free(migration->down, migration->down_count);
    free(migration->irreversible);
    *migration = (struct mig_migration){ 0 };
}

void mig_catalog_free(struct mig_catalog *catalog)
{
    if (!catalog)
        return;
    for (size_t i = 0; i < catalog->count; i++)
        mig_migration_done(&catalog->items[i]);
    free(catalog->items);
    free(catalog->dir);
    free(catalog->sum_problem);
    free(catalog);
}

const struct mig_migration *mig_catalog_find(const struct mig_catalog *catalog, const char *version)
{
    size_t low = 0;
    size_t high = catalog->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = mig_version_compare(catalog->items[middle].version, version);
        if (order == 0)
            return &catalog->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
