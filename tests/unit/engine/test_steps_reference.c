/* docs/reference/steps.md and migration-files.md end with tables that are made from the shapes; UPDATE_GOLDEN=1 writes
 * them anew. What stands before the tables is written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/step_shape.h"

#define PAGE_MAX (256u * 1024)

/* ---- a row of a table ---- */

static void put_words(struct mig_buf *out, const char *words)
{
    for (const char *p = words; *p;) {
        size_t len = strcspn(p, "|");
        mig_buf_printf(out, "%s`%.*s`", p == words ? "" : ", ", (int)len, p);
        p += len + (p[len] == '|');
    }
}

static void put_range(struct mig_buf *out, const struct mig_member *row, const char *of)
{
    if (row->high && row->low == row->high)
        mig_buf_printf(out, " %lld", (long long)row->low);
    else if (row->high == INT64_MAX)
        mig_buf_printf(out, ", at least %lld%s", (long long)row->low, of);
    else if (row->high)
        mig_buf_printf(out, ", %lld to %lld%s", (long long)row->low, (long long)row->high, of);
}

static void put_type(struct mig_buf *out, const struct mig_member *row, unsigned type)
{
    switch (type) {
    case MIG_TYPE_TEXT:
        if (row->words) {
            put_words(out, row->words);
            return;
        }
        mig_buf_str(out, row->form == MIG_FORM_COLLECTION ? "name" : "text");
        put_range(out, row, " bytes");
        return;
    case MIG_TYPE_BOOL: mig_buf_str(out, "true or false"); return;
    case MIG_TYPE_WHOLE:
        mig_buf_str(out, "whole number");
        put_range(out, row, "");
        return;
    case MIG_TYPE_OBJECT:
        mig_buf_str(out, row->inner == &mig_shape_comparison ? "comparison" : "object");
        return;
    case MIG_TYPE_ARRAY:
        mig_buf_str(out, row->elements & MIG_TYPE_TEXT     ? "array of texts"
                         : row->elements & MIG_TYPE_OBJECT ? "array of objects"
                                                           : "array");
        put_range(out, row, "");
        return;
    default: mig_buf_str(out, "any"); return;
    }
}

static void put_row(struct mig_buf *out, const struct mig_member *row)
{
    const char *join = "";
    mig_buf_printf(out, "| %s`%s`%s | ", row->flags & MIG_MEMBER_NEEDED ? "**" : "", row->name,
                   row->flags & MIG_MEMBER_NEEDED ? "**" : "");
    for (unsigned type = 1; type <= MIG_TYPE_ANY; type *= 2) {
        if (!(row->types & type))
            continue;
        mig_buf_str(out, join);
        put_type(out, row, type);
        join = "; or ";
    }
    mig_buf_printf(out, " | %s", row->doc);
    if (row->fallback)
        mig_buf_printf(out, " (without it: %s)", row->fallback);
    mig_buf_str(out, " |\n");
}

static void put_table(struct mig_buf *out, const struct mig_shape *shape)
{
    mig_buf_str(out, "| member | is | |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < shape->count; i++) {
        if (!(shape->members[i].flags & MIG_MEMBER_REFUSED))
            put_row(out, &shape->members[i]);
    }
}

/* ---- the pages ---- */

static void put_kind(struct mig_buf *out, enum mig_step_kind kind)
{
    const struct mig_kind_shape *shape = mig_kind_shape(kind);
    const char *join = "", *doc = mig_step_kind_doc(kind);
    mig_buf_printf(out, "\n### %s\n%c%s.%s\n", mig_step_kind_name(kind), toupper((unsigned char)doc[0]),
                   doc + 1, shape->in_transaction ? " May stand in a transaction." : "");
    mig_buf_printf(out, "```jsonc\n{ \"id\": \"s\", \"%s\": %s }\n```\n", mig_step_kind_name(kind),
                   shape->example);
    if (shape->body.count)
        put_table(out, &shape->body);
    if (!shape->takes)
        return;
    mig_buf_str(out, "\nBeside it: ");
    for (size_t i = 0; i < mig_shape_step.count; i++) {
        if (shape->takes & mig_shape_takes(&mig_shape_step.members[i])) {
            mig_buf_printf(out, "%s`%s`", join, mig_shape_step.members[i].name);
            join = ", ";
        }
    }
    mig_buf_str(out, ".\n");
}

static void put_shape(struct mig_buf *out, const char *title, const struct mig_shape *shape)
{
    mig_buf_printf(out, "\n### %s\n", title);
    put_table(out, shape);
}

static void steps_page(struct mig_buf *out)
{
    mig_buf_str(out, "\n## Members of every step\nBold ones are needed; so in all tables below.\n\n");
    put_table(out, &mig_shape_step);
    mig_buf_str(out, "\n## Kinds\n");
    for (int kind = 0; kind < MIG_STEP_KINDS; kind++)
        put_kind(out, (enum mig_step_kind)kind);
    mig_buf_str(out, "\n## Objects inside\n");
    put_shape(out, "A specification in `indexes`", &mig_shape_index);
    put_shape(out, "A statement in `updates`", &mig_shape_update);
    put_shape(out, "A statement in `deletes`", &mig_shape_delete);
    put_shape(out, "verify", &mig_shape_check);
    put_shape(out, "expect", &mig_shape_expect);
    put_shape(out, "An element of `allow`", &mig_shape_allow);
}

static void files_page(struct mig_buf *out)
{
    mig_buf_str(out, "\nBold ones are needed.\n\n");
    put_table(out, &mig_shape_migration);
    mig_buf_str(out, "\n`requires`:\n\n");
    put_table(out, &mig_shape_requires);
}

/* ---- comparing ---- */

/* The made part begins behind the line with the mark and ends at the next mark, or with the page. */
static void compare_page(const char *name, const char *begin_mark, const char *end_mark,
                         void (*make)(struct mig_buf *out))
{
    const char *source = getenv("MIGTUI_SOURCE_DIR");
    MIG_AUTOFREE char *path = mig_printf("%s/docs/reference/%s", source ? source : ".", name);
    MIG_AUTOFREE char *text = mig_alloc(PAGE_MAX + 1);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t len = fread(text, 1, PAGE_MAX, file);
    fclose(file);
    assert_true(len < PAGE_MAX);
    char *begin = strstr(text, begin_mark);
    assert_non_null(begin);
    begin = strchr(begin, '\n') + 1;
    const char *end = end_mark ? strstr(begin, end_mark) : text + len;
    if (!end)
        end = text + len;

    MIG_AUTOBUF struct mig_buf page;
    mig_buf_init(&page, PAGE_MAX);
    mig_buf_add(&page, text, (size_t)(begin - text));
    make(&page);
    mig_buf_str(&page, end);
    assert_false(page.overflow);
    if (strcmp(page.text, text) == 0)
        return;
    if (!getenv("UPDATE_GOLDEN"))
        fail_msg("%s is stale: run this test with UPDATE_GOLDEN=1", path);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(page.text, 1, page.len, file), page.len);
    assert_int_equal(fclose(file), 0);
}

static void the_tables_of_steps_are_the_shapes(void **state)
{
    (void)state;
    compare_page("steps.md", "<!-- The rest is made", NULL, steps_page);
}

static void the_tables_of_files_are_the_shapes(void **state)
{
    (void)state;
    compare_page("migration-files.md", "## Members", "\n## Dependencies", files_page);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_of_steps_are_the_shapes),
        cmocka_unit_test(the_tables_of_files_are_the_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
