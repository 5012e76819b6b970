/* migration.c - owning and finding migrations. */
#include "model/migration.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
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

bool mig_step_kind_names_others(enum mig_step_kind kind)
{
    return kind == MIG_STEP_RENAME_COLLECTION || kind == MIG_STEP_TRANSACTION || kind == MIG_STEP_MERGE ||
           kind == MIG_STEP_OUT || kind == MIG_STEP_COMMAND;
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

void mig_steps_free(struct mig_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mig_step_done(&steps[i]);
    free(steps);
}

static void parts_free(struct mig_migration *migration)
{
    if (migration->block) {
        free(migration->block);
        return;
    }
    free(migration->version);
    free(migration->slug);
    free(migration->title);
    free(migration->file);
    free(migration->down_file);
    for (size_t i = 0; i < migration->depends_count; i++)
        free(migration->depends[i]);
    free(migration->depends);
    free(migration->requires_server);
    free(migration->requires_topology);
    mig_steps_free(migration->up, migration->up_count);
    mig_steps_free(migration->down, migration->down_count);
    free(migration->irreversible);
}

void mig_migration_done(struct mig_migration *migration)
{
    parts_free(migration);
    free(migration->text);
    *migration = (struct mig_migration){ 0 };
}

/* ---- packing ---- */

/* The block being measured (bytes NULL) or filled: first the arrays, which want alignment, then the texts. */
struct packing {
    char *bytes;
    size_t used;
};

static void *pack_bytes(struct packing *p, const void *from, size_t size)
{
    char *to = p->bytes ? p->bytes + p->used : NULL;
    p->used += size;
    if (!from || !size)
        return NULL;
    return to ? memcpy(to, from, size) : NULL;
}

static char *pack_text(struct packing *p, const char *text)
{
    return text ? pack_bytes(p, text, strlen(text) + 1) : NULL;
}

static void pack_steps(struct packing *p, const struct mig_step *steps, size_t count, struct mig_step *to)
{
    for (size_t i = 0; i < count; i++) {
        struct mig_step step = { .kind = steps[i].kind, .line = steps[i].line };
        step.id = pack_text(p, steps[i].id);
        step.collection = pack_text(p, steps[i].collection);
        if (to)
            to[i] = step;
    }
}

static struct mig_migration pack_into(struct packing *p, const struct mig_migration *from)
{
    struct mig_migration to = *from;
    to.up = pack_bytes(p, from->up, from->up_count * sizeof *from->up);
    to.down = pack_bytes(p, from->down, from->down_count * sizeof *from->down);
    to.depends = pack_bytes(p, from->depends, from->depends_count * sizeof *from->depends);
    pack_steps(p, from->up, from->up_count, to.up);
    pack_steps(p, from->down, from->down_count, to.down);
    for (size_t i = 0; i < from->depends_count; i++) {
        char *version = pack_text(p, from->depends[i]);
        if (to.depends)
            to.depends[i] = version;
    }
    to.version = pack_text(p, from->version);
    to.slug = pack_text(p, from->slug);
    to.title = pack_text(p, from->title);
    to.file = pack_text(p, from->file);
    to.down_file = pack_text(p, from->down_file);
    to.requires_server = pack_text(p, from->requires_server);
    to.requires_topology = pack_text(p, from->requires_topology);
    to.irreversible = pack_text(p, from->irreversible);
    to.block = p->bytes;
    return to;
}

void mig_migration_pack(struct mig_migration *migration)
{
    struct packing p = { 0 };
    (void)pack_into(&p, migration); /* how much is it? */
    p = (struct packing){ .bytes = mig_realloc_n(NULL, p.used, 1) };
    struct mig_migration packed = pack_into(&p, migration);
    parts_free(migration);
    *migration = packed;
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
