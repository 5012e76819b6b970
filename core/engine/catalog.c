/* catalog.c - a directory of files into migrations in their order, going on after each bad one. */
#include "engine/catalog_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

void mig_problems_done(struct mig_problems *problems)
{
    free(problems->items);
    *problems = (struct mig_problems){ 0 };
}

void mig_problems_add(struct mig_problems *problems, const struct mig_error *err)
{
    problems->items = mig_grow(problems->items, problems->count, &problems->room, sizeof *problems->items);
    problems->items[problems->count++] = *err;
}

/* A file whose name is a migration's. */
struct entry {
    struct mig_name name;
    const struct mig_file *file;
    bool used; /* a down half that its up half has found */
};

struct build {
    const char *prefix;
    unsigned flags;
    const struct mig_text_source *source;
    struct mig_catalog *catalog;
    const struct mig_file **files; /* beside catalog->items */
    size_t file_room;
    struct mig_problems *problems;
    struct mig_error *err;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = mig_version_compare(x->name.version, y->name.version);
    return order ? order : strcmp(x->file->name, y->file->name);
}

/* Names that are migrations, in order; others are skipped or become problems. */
static struct entry *sorted_entries(const struct mig_file *files, size_t count, struct mig_problems *problems,
                                    size_t *ret_count)
{
    struct entry *entries = mig_alloc_n(count, sizeof *entries);
    struct mig_error err;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct mig_name name = mig_name_read(files[i].name);
        if (name.kind == MIG_NAME_WRONG) {
            mig_name_fail(files[i].name, &err);
            mig_problems_add(problems, &err);
        } else if (name.kind != MIG_NAME_OTHER) {
            entries[n++] = (struct entry){ .name = name, .file = &files[i] };
        }
    }
    qsort(entries, n, sizeof *entries, compare_entries);
    *ret_count = n;
    return entries;
}

/* The down half of an up half, among entries of the same version. */
static const struct mig_file *find_down(struct entry *entries, size_t count, const struct entry *up)
{
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &entries[i];
        if (entry->name.kind == MIG_NAME_DOWN && strcmp(entry->name.version, up->name.version) == 0 &&
            entry->name.slug_len == up->name.slug_len &&
            memcmp(entry->name.slug, up->name.slug, up->name.slug_len) == 0) {
            entry->used = true;
            return entry->file;
        }
    }
    return NULL;
}

static void keep(struct build *b, const struct mig_file *file, const struct mig_migration *migration)
{
    struct mig_catalog *catalog = b->catalog;
    b->files = mig_grow(b->files, catalog->count, &b->file_room, sizeof *b->files);
    b->files[catalog->count] = file;
    catalog->items = mig_grow(catalog->items, catalog->count, &catalog->room, sizeof *catalog->items);
    catalog->items[catalog->count++] = *migration;
}

static void refuse_second(struct build *b, const struct entry *entry, const struct entry *first)
{
    struct mig_error err;
    MIG_AUTOFREE char *shown = mig_text_safe_dup(entry->file->name, SIZE_MAX);
    MIG_AUTOFREE char *other = mig_text_safe_dup(first->file->name, SIZE_MAX);
    mig_fail(&err, MIG_ERR_MIGRATION, "%s:1:1: version %s is also that of %s", shown, entry->name.version,
             other);
    mig_hint(&err, "rename one of them: versions order the migrations, and each has its own");
    mig_problems_add(b->problems, &err);
}

static void refuse_lone_down(struct build *b, const struct entry *entry)
{
    struct mig_error err;
    MIG_AUTOFREE char *shown = mig_text_safe_dup(entry->file->name, SIZE_MAX);
    mig_fail(&err, MIG_ERR_MIGRATION, "%s:1:1: there is no %s_%.*s.up.json beside it", shown,
             entry->name.version, (int)entry->name.slug_len, entry->name.slug);
    mig_hint(&err, "put its other half back, or take it away");
    mig_problems_add(b->problems, &err);
}

/* A file with its text, lent by the source when there is one. down may be NULL. */
static bool with_texts(const struct build *b, struct mig_file *up, struct mig_file *down)
{
    const struct mig_text_source *source = b->source;
    return !source || (source->read(source->context, 0, up, b->err) &&
                       (!down || source->read(source->context, 1, down, b->err)));
}

static bool names_others(const struct mig_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mig_step_kind_names_others(steps[i].kind))
            return true;
    }
    return false;
}

/* Becomes a migration or a problem; false when it could not even be read. */
static bool add_file(struct build *b, const struct entry *entry, const struct mig_file *down_file)
{
    struct mig_migration migration;
    struct mig_error err;
    struct mig_file file = *entry->file;
    struct mig_file down = { 0 };
    bool ok;
    if (down_file)
        down = *down_file;
    if (!with_texts(b, &file, down_file ? &down : NULL))
        return false;
    if (entry->name.kind == MIG_NAME_UP)
        ok = mig_golang_parse(&file, down_file ? &down : NULL, &entry->name, b->prefix, b->flags, &migration,
                              &err);
    else
        ok = mig_ours_parse(&file, &entry->name, b->prefix, b->flags, &migration, &err);
    if (!ok) {
        mig_problems_add(b->problems, &err);
        return true;
    }
    if (b->flags & MIG_CATALOG_NO_BODIES && !names_others(migration.up, migration.up_count) &&
        !names_others(migration.down, migration.down_count))
        mig_migration_pack(&migration);
    keep(b, entry->file, &migration);
    return true;
}

/* All files of one version: there should be one migration. */
static bool add_version(struct build *b, struct entry *entries, size_t count)
{
    const struct entry *first = NULL;
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &entries[i];
        if (entry->name.kind == MIG_NAME_DOWN)
            continue;
        const struct mig_file *down =
            entry->name.kind == MIG_NAME_UP ? find_down(entries, count, entry) : NULL;
        if (first) {
            refuse_second(b, entry, first);
            continue;
        }
        first = entry;
        if (!add_file(b, entry, down))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (entries[i].name.kind == MIG_NAME_DOWN && !entries[i].used)
            refuse_lone_down(b, &entries[i]);
    }
    return true;
}

struct mig_catalog *mig_catalog_read(const char *dir, const struct mig_file *files, size_t count,
                                     const struct mig_text_source *source, const char *sum_text,
                                     const char *prefix, unsigned flags, struct mig_problems *problems,
                                     struct mig_error *err)
{
    struct build b = {
        .prefix = prefix ? prefix : MIG_PREFIX_DEFAULT,
        .flags = flags,
        .source = source,
        .catalog = mig_alloc(sizeof *b.catalog),
        .problems = problems,
        .err = err,
    };
    size_t entry_count;
    bool ok = true;
    MIG_AUTOFREE struct entry *entries = sorted_entries(files, count, problems, &entry_count);
    b.catalog->dir = mig_strdup(dir);
    for (size_t i = 0, end; i < entry_count && ok; i = end) {
        for (end = i + 1; end < entry_count; end++) {
            if (mig_version_compare(entries[i].name.version, entries[end].name.version) != 0)
                break;
        }
        ok = add_version(&b, entries + i, end - i);
    }
    ok = ok && mig_depends_check(b.catalog, b.files, source, problems, err);
    free(b.files);
    if (!ok) {
        mig_problems_done(problems);
        mig_catalog_free(b.catalog);
        return NULL;
    }
    if (sum_text)
        b.catalog->sum_problem = mig_sum_problem(b.catalog, files, count, sum_text);
    return b.catalog;
}

struct mig_catalog *mig_catalog_build(const char *dir, const struct mig_file *files, size_t count,
                                      const char *sum_text, const char *prefix, unsigned flags,
                                      struct mig_problems *problems)
{
    struct mig_error never; /* nothing is read */
    return mig_catalog_read(dir, files, count, NULL, sum_text, prefix, flags, problems, &never);
}
