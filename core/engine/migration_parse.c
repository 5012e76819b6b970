/* migration_parse.c - one file of ours: its top members; the steps are step_parse.c's. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/catalog_private.h"
#include "engine/jsonc.h"

#define FORMAT     1
#define TITLE_MAX  200
#define REASON_MAX 500

/* ---- reading, and saying where ---- */

bool mig_file_read(const struct mig_file *file, unsigned jsonc_flags, bson_t *ret_doc, bool *ret_is_array,
                   struct mig_error *err)
{
    if (file->len <= MIG_JSONC_BYTES_MAX)
        return mig_jsonc_read(file->name, file->text, file->len, jsonc_flags, ret_doc, ret_is_array, NULL,
                              err);
    MIG_AUTOFREE char *shown = mig_text_safe_dup(file->name, SIZE_MAX);
    mig_fail(err, MIG_ERR_LIMIT, "%s:1:1: the file is too large; expected at most %u bytes", shown,
             MIG_JSONC_BYTES_MAX); /* its own size is not known: no more than that was read */
    return mig_hint(err, "split it into several migrations, or load the data with an exec step");
}

bool mig_file_locate(const struct mig_file *file, unsigned jsonc_flags, const char *path,
                     struct mig_error *err)
{
    struct mig_places *places = NULL;
    struct mig_place place = { 1, 1 };
    struct mig_error ignored;
    bson_t doc;
    /* uncovered: the text was read without places just before */
    if (mig_jsonc_read(file->name, file->text, file->len, jsonc_flags, &doc, NULL, &places, &ignored)) {
        MIG_AUTOFREE char *rest = mig_strdup(path);
        while (!mig_places_find(places, rest, &place) && *rest) {
            char *dot = strrchr(rest, '.');
            *(dot ? dot : rest) = '\0';
        }
        mig_places_free(places);
        bson_destroy(&doc);
    }
    MIG_AUTOFREE char *shown = mig_text_safe_dup(file->name, SIZE_MAX);
    return mig_context(err, "%s:%d:%d", shown, place.line, place.column);
}

void mig_migration_begin(struct mig_migration *ret, const struct mig_file *file, const struct mig_file *down,
                         const struct mig_name *name, unsigned flags)
{
    bool keep = flags & MIG_CATALOG_KEEP_TEXT;
    size_t len = file->len + (down ? down->len : 0);
    char *text = NULL;
    *ret = (struct mig_migration){
        .version = mig_strdup(name->version),
        .slug = mig_strndup(name->slug, name->slug_len),
        .file = mig_strdup(file->name),
        .down_file = down ? mig_strdup(down->name) : NULL,
    };
    if (down || keep) {
        text = mig_alloc(len + 1);
        memcpy(text, file->text, file->len);
        if (down)
            memcpy(text + file->len, down->text, down->len);
    }
    mig_sha256_hex(text ? text : file->text, len, ret->raw);
    if (keep) {
        ret->text = text;
        ret->text_len = len;
    } else {
        free(text);
    }
}

/* ---- top members ---- */

/* Before the shape: another format may well have other members. */
static bool read_format(struct mig_reading *r, const bson_t *doc)
{
    struct mig_at at = { NULL, "migtui" };
    bson_iter_t format;
    if (!bson_iter_init_find(&format, doc, "migtui")) {
        mig_fault(r, NULL, "a migration has no \"migtui\"");
        return mig_hint(
            r->err, "add \"migtui\": %d as its first member, or move a file that is no migration elsewhere",
            FORMAT);
    }
    int64_t number = mig_iter_int(&format, -1);
    if (number == FORMAT || number < 0 || !BSON_ITER_HOLDS_NUMBER(&format))
        return true; /* the shape tells what is no number */
    mig_fault(r, &at, "this file wants format %lld, this migtui knows %d", (long long)number, FORMAT);
    return mig_hint(r->err, "use a newer migtui");
}

static size_t count_chars(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += (*text & 0xC0) != 0x80;
    return count;
}

static bool read_title(struct mig_reading *r, const bson_t *doc, struct mig_migration *ret)
{
    struct mig_at at = { NULL, "title" };
    const char *title = mig_doc_str(doc, "title", "");
    size_t chars = count_chars(title);
    if (chars > TITLE_MAX || strspn(title, " \t\r\n") == strlen(title)) {
        mig_fault(r, &at, "the title has %zu characters%s; expected 1 to %d", chars,
                  chars && chars <= TITLE_MAX ? ", all of them blank" : "", TITLE_MAX);
        return mig_hint(r->err, "say in a few words what the migration does; details go into comments");
    }
    ret->title = mig_text_safe_dup(title, SIZE_MAX);
    return true;
}

static void read_depends(const bson_t *doc, struct mig_migration *ret)
{
    bson_t list;
    bson_iter_t element;
    if (!mig_doc_sub(doc, "depends", &list) || bson_empty(&list) || !bson_iter_init(&element, &list))
        return;
    ret->depends = mig_alloc_n(bson_count_keys(&list), sizeof *ret->depends);
    while (bson_iter_next(&element))
        ret->depends[ret->depends_count++] = mig_strdup(bson_iter_utf8(&element, NULL));
}

static bool read_up(struct mig_reading *r, const bson_t *doc, struct mig_migration *ret)
{
    struct mig_at at = { NULL, "up" };
    bson_t list;
    if (!mig_doc_sub(doc, "up", &list))
        return mig_fault(r, &at, "up cannot be read");
    if (!mig_steps_read(r, "up", &list, &ret->up, &ret->up_count))
        return false;
    if (ret->up_count > 0 || ret->depends_count >= 2)
        return true;
    mig_fault(r, &at, "there are no steps yet");
    return mig_hint(r->err,
                    "write what to do into \"up\"; only a migration that joins two heads, both named in "
                    "\"depends\", has no steps");
}

static bool read_down(struct mig_reading *r, const bson_t *doc, struct mig_migration *ret)
{
    bson_iter_t down;
    bson_t list;
    if (!bson_iter_init_find(&down, doc, "down") || !mig_iter_sub(&down, &list))
        return true;
    if (BSON_ITER_HOLDS_DOCUMENT(&down)) {
        ret->irreversible = mig_text_safe_dup(mig_doc_str(&list, "irreversible", ""), REASON_MAX);
        return true;
    }
    if (!mig_steps_read(r, "down", &list, &ret->down, &ret->down_count))
        return false;
    ret->has_down = ret->down_count > 0;
    return true;
}

static bool read_top(struct mig_reading *r, const bson_t *doc, struct mig_migration *ret)
{
    if (!read_format(r, doc) || !mig_shape_fits(r, &mig_shape_migration, 0, doc, NULL) ||
        !read_title(r, doc, ret))
        return false;
    read_depends(doc, ret);
    ret->requires_server = mig_strdup_or_null(mig_doc_str(doc, "requires.server", NULL));
    ret->requires_topology = mig_strdup_or_null(mig_doc_str(doc, "requires.topology", NULL));
    return read_up(r, doc, ret) && read_down(r, doc, ret);
}

/* ---- the file ---- */

/* The digest of what the file means: all of it but $schema, members in the order in which they stand. */
static void digest(const bson_t *doc, char ret[static MIG_SHA256_HEX])
{
    bson_t rest = BSON_INITIALIZER;
    if (bson_has_field(doc, "$schema")) {
        bson_copy_to_excluding_noinit(doc, &rest, "$schema", NULL);
        doc = &rest;
    }
    mig_sha256_bson(doc, ret);
    bson_destroy(&rest);
}

bool mig_ours_parse(const struct mig_file *file, const struct mig_name *name, const char *prefix,
                    unsigned flags, struct mig_migration *ret, struct mig_error *err)
{
    struct mig_reading r = { .prefix = prefix, .err = err };
    bson_t doc;
    bool is_array, ok;
    if (!mig_file_read(file, MIG_JSONC_ARRAY_OK, &doc, &is_array, err))
        return false;
    mig_migration_begin(ret, file, NULL, name, flags);
    if (is_array) {
        ok = mig_fault(&r, NULL, "an array; expected an object with \"migtui\": %d", FORMAT);
        mig_hint(err,
                 "golang-migrate's arrays of commands are read from VERSION_NAME.up.json and .down.json");
    } else {
        ok = read_top(&r, &doc, ret);
    }
    if (ok)
        digest(&doc, ret->sem);
    else
        mig_file_locate(file, MIG_JSONC_ARRAY_OK, r.path ? r.path : "", err);
    bson_destroy(&doc);
    free(r.path);
    if (!ok)
        mig_migration_done(ret);
    return ok;
}

bool mig_migration_parse(const struct mig_file *file, const char *prefix, unsigned flags,
                         struct mig_migration *ret, struct mig_error *err)
{
    struct mig_name name = mig_name_read(file->name);
    if (!prefix)
        prefix = MIG_PREFIX_DEFAULT;
    /* uncovered: every kind has its case */
    switch (name.kind) {
    case MIG_NAME_OURS: return mig_ours_parse(file, &name, prefix, flags, ret, err);
    case MIG_NAME_UP: return mig_golang_parse(file, NULL, &name, prefix, flags, ret, err);
    case MIG_NAME_DOWN:
        mig_fail(err, MIG_ERR_MIGRATION, "%s:1:1: the down half of a pair is not a migration by itself",
                 file->name);
        return mig_hint(err, "read it with its .up.json");
    case MIG_NAME_OTHER:
    case MIG_NAME_WRONG: break;
    }
    return mig_name_fail(file->name, err);
}
