/* The JSON Schema of a migration file says what the parser says, and the example project fits both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/catalog.h"
#include "engine/jsonc.h"
#include "engine/step_shape.h"

#define FILE_MAX (1024u * 1024)

/* Read as JSON, strictly. */
static void read_schema(bson_t *ret)
{
    struct mig_error err;
    MIG_AUTOFREE char *text = mig_migration_schema();
    if (!mig_jsonc_read("schema", text, strlen(text), MIG_JSONC_STRICT, ret, NULL, NULL, &err))
        fail_msg("%s", err.message);
}

static bool member_of(const bson_t *doc, const char *name, bson_t *ret)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, doc, name) && mig_iter_sub(&iter, ret);
}

/* ---- enough of JSON Schema to hold a document against ours; an unknown keyword fails the test ---- */

struct validation {
    const bson_t *root;
    char why[256];
};

static bool fits(struct validation *v, const bson_t *schema, const bson_iter_t *value);

static bool wrong(struct validation *v, const bson_iter_t *value, const char *why)
{
    snprintf(v->why, sizeof v->why, "%s: %s", bson_iter_key(value), why);
    return false;
}

static bool fits_type(const char *type, const bson_iter_t *value)
{
    switch (bson_iter_type(value)) {
    case BSON_TYPE_UTF8: return strcmp(type, "string") == 0;
    case BSON_TYPE_BOOL: return strcmp(type, "boolean") == 0;
    case BSON_TYPE_ARRAY: return strcmp(type, "array") == 0;
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64: return strcmp(type, "integer") == 0;
    default: return strcmp(type, "object") == 0; /* values of a BSON type are objects in JSON */
    }
}

static bool fits_enum(const bson_t *words, const bson_iter_t *value)
{
    bson_iter_t word;
    bool ok = BSON_ITER_HOLDS_UTF8(value) && bson_iter_init(&word, words);
    while (ok && bson_iter_next(&word)) {
        if (strcmp(bson_iter_utf8(&word, NULL), bson_iter_utf8(value, NULL)) == 0)
            return true;
    }
    return false;
}

/* How many of the alternatives fit. */
static int count_fitting(struct validation *v, const bson_t *alternatives, const bson_iter_t *value)
{
    bson_iter_t iter;
    bson_t one;
    int count = 0;
    bool ok = bson_iter_init(&iter, alternatives);
    while (ok && bson_iter_next(&iter))
        count += mig_iter_sub(&iter, &one) && fits(v, &one, value);
    return count;
}

static bool fits_required(struct validation *v, const bson_t *names, const bson_iter_t *value)
{
    bson_iter_t name;
    bson_t doc;
    bool ok = BSON_ITER_HOLDS_DOCUMENT(value) && mig_iter_sub(value, &doc) && bson_iter_init(&name, names);
    while (ok && bson_iter_next(&name)) {
        if (!bson_has_field(&doc, bson_iter_utf8(&name, NULL)))
            return wrong(v, value, bson_iter_utf8(&name, NULL));
    }
    return ok;
}

static bool fits_properties(struct validation *v, const bson_t *rows, const bson_iter_t *value)
{
    bson_iter_t member;
    bson_t row;
    bool ok = bson_iter_recurse(value, &member);
    while (ok && bson_iter_next(&member)) {
        if (!member_of(rows, bson_iter_key(&member), &row))
            return wrong(v, &member, "not a property");
        ok = fits(v, &row, &member);
    }
    return ok;
}

static bool fits_items(struct validation *v, const bson_t *schema, const bson_iter_t *value)
{
    bson_iter_t element;
    bool ok = !BSON_ITER_HOLDS_ARRAY(value) || bson_iter_recurse(value, &element);
    while (ok && BSON_ITER_HOLDS_ARRAY(value) && bson_iter_next(&element))
        ok = fits(v, schema, &element);
    return ok;
}

static int64_t size_of(const bson_iter_t *value)
{
    bson_t doc;
    uint32_t len = 0;
    if (BSON_ITER_HOLDS_UTF8(value))
        bson_iter_utf8(value, &len);
    return BSON_ITER_HOLDS_UTF8(value) ? (int64_t)len : mig_iter_sub(value, &doc) ? bson_count_keys(&doc) : 0;
}

static bool fits_keyword(struct validation *v, const bson_iter_t *rule, const bson_iter_t *value)
{
    static const char *const words[] = { "$schema",     "$defs",   "title",
                                         "description", "pattern", "additionalProperties" };
    const char *name = bson_iter_key(rule);
    bson_t sub, target;
    bool has_sub = mig_iter_sub(rule, &sub);
    for (size_t i = 0; i < MIG_COUNT(words); i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    if (strcmp(name, "$ref") == 0) {
        MIG_AUTOFREE char *path = mig_strdup(bson_iter_utf8(rule, NULL) + strlen("#/"));
        *strchr(path, '/') = '.';
        assert_true(mig_doc_sub(v->root, path, &target));
        return fits(v, &target, value);
    }
    if (strcmp(name, "patternProperties") == 0)
        return size_of(value) ==
               0; /* numbers with a type, which are no objects any more when they are read */
    if (strcmp(name, "type") == 0)
        return fits_type(bson_iter_utf8(rule, NULL), value) || wrong(v, value, "type");
    if (strcmp(name, "enum") == 0)
        return fits_enum(&sub, value) || wrong(v, value, "enum");
    if (strcmp(name, "minimum") == 0)
        return mig_iter_int(value, 0) >= mig_iter_int(rule, 0) || wrong(v, value, name);
    if (strcmp(name, "maximum") == 0)
        return mig_iter_int(value, 0) <= mig_iter_int(rule, 0) || wrong(v, value, name);
    if (strncmp(name, "min", 3) == 0)
        return size_of(value) >= mig_iter_int(rule, 0) || wrong(v, value, name);
    if (strncmp(name, "max", 3) == 0)
        return size_of(value) <= mig_iter_int(rule, 0) || wrong(v, value, name);
    if (has_sub && strcmp(name, "required") == 0)
        return fits_required(v, &sub, value);
    if (has_sub && strcmp(name, "properties") == 0)
        return fits_properties(v, &sub, value);
    if (has_sub && strcmp(name, "items") == 0)
        return fits_items(v, &sub, value);
    if (has_sub && strcmp(name, "anyOf") == 0)
        return count_fitting(v, &sub, value) > 0;
    if (has_sub && strcmp(name, "oneOf") == 0)
        return count_fitting(v, &sub, value) == 1 || wrong(v, value, "oneOf");
    fail_msg("the test does not know the keyword %s", name);
    return false;
}

static bool fits(struct validation *v, const bson_t *schema, const bson_iter_t *value)
{
    bson_iter_t rule;
    bool ok = bson_iter_init(&rule, schema);
    while (ok && bson_iter_next(&rule))
        ok = fits_keyword(v, &rule, value);
    return ok;
}

static bool text_fits(const bson_t *schema, const char *text, size_t len, struct validation *v)
{
    struct mig_error err;
    bson_t doc, wrapped = BSON_INITIALIZER;
    bson_iter_t iter;
    if (!mig_jsonc_read("f", text, len, 0, &doc, NULL, NULL, &err))
        fail_msg("%s", err.message);
    BSON_APPEND_DOCUMENT(&wrapped, "file", &doc);
    *v = (struct validation){ .root = schema };
    bool ok = bson_iter_init_find(&iter, &wrapped, "file") && fits(v, schema, &iter);
    bson_destroy(&doc);
    bson_destroy(&wrapped);
    return ok;
}

/* ---- tests ---- */

static void every_example_of_a_kind_fits(void **state)
{
    (void)state;
    bson_t schema;
    struct validation v;
    read_schema(&schema);
    for (int kind = 0; kind < MIG_STEP_KINDS; kind++) {
        MIG_AUTOFREE char *text = mig_printf(
            "{\"migtui\": 1, \"title\": \"t\", \"up\": [{\"id\": \"s\", \"%s\": %s}]}",
            mig_step_kind_name((enum mig_step_kind)kind), mig_kind_shape((enum mig_step_kind)kind)->example);
        if (!text_fits(&schema, text, strlen(text), &v))
            fail_msg("%s\n  %s", text, v.why);
    }
    bson_destroy(&schema);
}

static void what_the_parser_refuses_by_shape_does_not_fit(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{}",
        "{\"migtui\": 2, \"title\": \"t\", \"up\": []}",
        "{\"migtui\": 1, \"title\": \"\", \"up\": []}",
        "{\"migtui\": 1, \"title\": \"t\", \"up\": {}}",
        "{\"migtui\": 1, \"title\": \"t\", \"up\": [], \"x\": 1}",
        "{\"migtui\": 1, \"title\": \"t\", \"up\": [], \"down\": {\"x\": 1}}",
        "{\"migtui\": 1, \"title\": \"t\", \"up\": [{\"id\": \"s\"}]}",
        "{\"migtui\": 1, \"title\": \"t\", \"up\": [{\"manual\": {\"text\": \"x\"}}]}",
        "{\"migtui\": 1, \"title\": \"t\", \"up\": [{\"id\": \"s\", \"manual\": {\"text\": \"x\"}, \"exec\": {\"run\": "
        "[\"x\"]}}]}",
        "{\"migtui\": 1, \"title\": \"t\", \"up\": [{\"id\": \"s\", \"manual\": {\"text\": 1}}]}",
        "{\"migtui\": 1, \"title\": \"t\", \"up\": [{\"id\": \"s\", \"assert\": {\"collection\": \"c\", \"count\": "
        "{\"$in\": 1}}}]}",
        "{\"migtui\": 1, \"title\": \"t\", \"up\": [{\"id\": \"s\", \"batch\": {\"collection\": \"c\", \"filter\": {}, "
        "\"delete\": true, \"workers\": 17}}]}",
        "{\"migtui\": 1, \"title\": \"t\", \"up\": [{\"id\": \"s\", \"transaction\": [{\"collMod\": {\"collection\": "
        "\"c\"}}]}]}",
    };
    bson_t schema;
    struct validation v;
    read_schema(&schema);
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        if (text_fits(&schema, rows[i], strlen(rows[i]), &v))
            fail_msg("fits: %s", rows[i]);
    }
    bson_destroy(&schema);
}

static void rows_are_complete(const struct mig_shape *shape)
{
    assert_true(shape->count <= 64);
    for (size_t i = 0; i < shape->count; i++) {
        const struct mig_member *row = &shape->members[i];
        assert_true(row->types != 0);
        if (!row->doc || row->doc[strlen(row->doc) - 1] == '.')
            fail_msg("%s in %s: one line of doc, without a full stop", row->name, shape->name);
        assert_ptr_equal(mig_shape_member(shape, row->name), row);
        assert_true(row->low <= row->high);
    }
}

static void every_row_of_the_table_is_in_the_schema(void **state)
{
    (void)state;
    bson_t schema, properties;
    read_schema(&schema);
    for (int kind = 0; kind < MIG_STEP_KINDS; kind++) {
        const struct mig_shape *shape = &mig_kind_shape((enum mig_step_kind)kind)->body;
        rows_are_complete(shape);
        MIG_AUTOFREE char *path =
            mig_printf("$defs.step.properties.%s%s", mig_step_kind_name((enum mig_step_kind)kind),
                       shape->count ? ".properties" : "");
        assert_true(mig_doc_sub(&schema, path, &properties));
        for (size_t i = 0; i < shape->count; i++)
            assert_int_equal(bson_has_field(&properties, shape->members[i].name),
                             !(shape->members[i].flags & MIG_MEMBER_REFUSED));
    }
    static const struct mig_shape *const others[] = {
        &mig_shape_migration, &mig_shape_requires, &mig_shape_irreversible, &mig_shape_allow,
        &mig_shape_check,     &mig_shape_expect,   &mig_shape_update,       &mig_shape_delete,
        &mig_shape_index,     &mig_shape_step,     &mig_shape_comparison
    };
    for (size_t i = 0; i < MIG_COUNT(others); i++)
        rows_are_complete(others[i]);
    bson_destroy(&schema);
}

/* ---- the example project ---- */

static char *read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "re");
    if (!file)
        fail_msg("%s cannot be opened", path);
    char *text = mig_alloc(FILE_MAX + 1);
    *ret_len = fread(text, 1, FILE_MAX, file);
    fclose(file);
    return text;
}

static void the_example_project_fits_schema_and_parser(void **state)
{
    (void)state;
    const char *source = getenv("MIGTUI_SOURCE_DIR");
    MIG_AUTOFREE char *folder = mig_printf("%s/examples/shop/migrations", source ? source : ".");
    struct mig_file files[64];
    struct mig_problems problems = { 0 };
    struct validation v;
    size_t count = 0;
    unsigned kinds = 0;
    bson_t schema;
    read_schema(&schema);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "migtui.sum") == 0)
            continue;
        MIG_AUTOFREE char *path = mig_printf("%s/%s", folder, entry->d_name);
        assert_true(count < MIG_COUNT(files));
        files[count].name = mig_strdup(entry->d_name);
        files[count].text = read_file(path, &files[count].len);
        if (!text_fits(&schema, files[count].text, files[count].len, &v))
            fail_msg("%s: %s", entry->d_name, v.why);
        count++;
    }
    closedir(dir);
    MIG_AUTOFREE char *sum_path = mig_printf("%s/migtui.sum", folder);
    size_t sum_len;
    MIG_AUTOFREE char *sum = read_file(sum_path, &sum_len);
    struct mig_catalog *catalog = mig_catalog_build(folder, files, count, sum, NULL, 0, &problems);
    if (catalog->sum_problem)
        print_message("%s: %s\n", sum_path, catalog->sum_problem);
    assert_null(catalog->sum_problem);
    for (size_t i = 0; i < problems.count; i++)
        print_message("%s\n", problems.items[i].message);
    assert_int_equal(problems.count, 0);
    assert_int_equal(catalog->count, count);
    assert_true(count >= 10);
    for (size_t i = 0; i < catalog->count; i++)
        for (size_t k = 0; k < catalog->items[i].up_count; k++)
            kinds |= 1u << catalog->items[i].up[k].kind;
    /* All kinds but those that want a person or a program. delete and dropCollection are in ways back; hideIndex is
     * left out for the reason that the example's README gives. */
    static const enum mig_step_kind left_out[] = { MIG_STEP_EXEC, MIG_STEP_MANUAL, MIG_STEP_DELETE,
                                                   MIG_STEP_DROP_COLLECTION, MIG_STEP_HIDE_INDEX };
    for (size_t i = 0; i < MIG_COUNT(left_out); i++)
        kinds |= 1u << left_out[i];
    assert_int_equal(kinds, (1u << MIG_STEP_KINDS) - 1);
    mig_catalog_free(catalog);
    mig_problems_done(&problems);
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)files[i].name);
        free((void *)(uintptr_t)files[i].text);
    }
    bson_destroy(&schema);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_of_a_kind_fits),
        cmocka_unit_test(what_the_parser_refuses_by_shape_does_not_fit),
        cmocka_unit_test(every_row_of_the_table_is_in_the_schema),
        cmocka_unit_test(the_example_project_fits_schema_and_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
