/* golang.c - pairs of golang-migrate, as they are: N_name.up.json and N_name.down.json, each an array of
 * commands that become `command` steps c1, c2, …
 *
 * Nobody said that those may be sent twice, so they count as not idempotent. raw is the digest of the up
 * file's bytes followed by the down file's, sem that of {up: [commands], down: [commands]}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/catalog_private.h"
#include "engine/jsonc.h"

#define FLAGS       (MIG_JSONC_ARRAY_OK | MIG_JSONC_STRICT)
#define STEP_ID_MAX 16

static struct mig_step make_step(const bson_t *command, uint32_t index)
{
    char id[STEP_ID_MAX];
    snprintf(id, sizeof id, "c%u", index + 1);
    struct mig_step step = {
        .id = mig_strdup(id),
        .kind = MIG_STEP_COMMAND,
        .doc = bson_new(),
        .body = bson_new(),
    };
    BSON_APPEND_DOCUMENT(step.body, "run", command);
    BSON_APPEND_BOOL(step.body, "idempotent", false);
    BSON_APPEND_UTF8(step.doc, "id", id);
    BSON_APPEND_DOCUMENT(step.doc, mig_step_kind_name(step.kind), step.body);
    return step;
}

static bool read_command(struct mig_reading *r, const bson_iter_t *element, const struct mig_at *at,
                         struct mig_step *ret)
{
    bson_t command;
    if (!BSON_ITER_HOLDS_DOCUMENT(element) || !mig_iter_sub(element, &command) || bson_empty(&command)) {
        mig_fault(r, at, "not a command; expected an object such as {\"create\": \"people\"}");
        return mig_hint(r->err, "golang-migrate's files are arrays of commands");
    }
    *ret = make_step(&command, r->index);
    r->id = ret->id;
    bool ok = mig_step_rules(r, ret, at);
    r->id = NULL;
    if (!ok)
        mig_step_done(ret);
    return ok;
}

static bool read_commands(struct mig_reading *r, const char *section, const bson_t *list,
                          struct mig_step **steps, size_t *count)
{
    bson_iter_t element;
    bool ok = bson_iter_init(&element, list);
    *steps = mig_alloc_n(bson_count_keys(list), sizeof **steps);
    r->section = section;
    while (ok && bson_iter_next(&element)) {
        struct mig_at at = { NULL, bson_iter_key(&element) };
        struct mig_step step;
        r->index = (uint32_t)*count;
        ok = read_command(r, &element, &at, &step);
        if (ok)
            (*steps)[(*count)++] = step;
    }
    r->section = NULL;
    return ok;
}

/* One half: its commands into steps, and its array into `both` for the digest. */
static bool read_half(struct mig_reading *r, const struct mig_file *file, const char *section, bson_t *both,
                      struct mig_step **steps, size_t *count)
{
    bson_t list;
    bool is_array, ok;
    if (!mig_file_read(file, FLAGS, &list, &is_array, r->err))
        return false;
    if (is_array) {
        ok = read_commands(r, section, &list, steps, count);
    } else {
        ok = mig_fault(r, NULL, "an object; expected golang-migrate's array of commands");
        mig_hint(r->err, "a migration of migtui's own format is named VERSION_NAME.jsonc");
    }
    if (ok)
        BSON_APPEND_ARRAY(both, section, &list);
    else
        mig_file_locate(file, FLAGS, r->path ? r->path : "", r->err);
    bson_destroy(&list);
    return ok;
}

/* "add_users-index" is what the file is called; people read "add users-index". */
static char *title_of(const char *slug)
{
    char *title = mig_text_safe_dup(slug, SIZE_MAX);
    for (char *p = title; *p; p++) {
        if (*p == '_')
            *p = ' ';
    }
    return title;
}

bool mig_golang_parse(const struct mig_file *up, const struct mig_file *down, const struct mig_name *name,
                      const char *prefix, unsigned flags, struct mig_migration *ret, struct mig_error *err)
{
    struct mig_reading r = { .prefix = prefix, .err = err };
    MIG_AUTODOC bson_t both = BSON_INITIALIZER;
    const bson_t none = BSON_INITIALIZER;
    mig_migration_begin(ret, up, down, name, flags);
    ret->title = title_of(ret->slug);
    bool ok = read_half(&r, up, "up", &both, &ret->up, &ret->up_count);
    if (ok && down)
        ok = read_half(&r, down, "down", &both, &ret->down, &ret->down_count);
    else if (ok)
        BSON_APPEND_ARRAY(&both, "down", &none);
    free(r.path);
    if (!ok) {
        mig_migration_done(ret);
        return false;
    }
    ret->has_down = ret->down_count > 0;
    mig_sha256_bson(&both, ret->sem);
    return true;
}
