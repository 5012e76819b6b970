/* A catalog whose texts are lent one by one: the same catalog, and the end of it when one cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/rows.h"
#include "engine/catalog.h"

#define STEP "{\"id\": \"s\", \"insert\": {\"collection\": \"c\", \"documents\": [{\"_id\": 1}]}}"

static const struct mig_file files[] = {
    { .name = "1_pair.down.json", .text = "[{\"drop\": \"users\"}]" },
    { .name = "1_pair.up.json", .text = "[{\"create\": \"users\"}]" },
    { .name = "2_two.jsonc",
      .text = "{\"migtui\": 1, \"title\": \"two\", \"up\": [" STEP "], \"down\": [" STEP "]}" },
    { .name = "3_wants.jsonc",
      .text = "{\"migtui\": 1, \"title\": \"t\",\n \"depends\": [\"9\"], \"up\": [" STEP "]}" },
};

/* Each slot is one buffer that the next text of the slot overwrites. */
struct shelf {
    char slots[2][256];
    const char *unreadable; /* from its nth reading on */
    int readings;
};

static bool lend(void *context, int slot, struct mig_file *file, struct mig_error *err)
{
    struct shelf *shelf = context;
    if (shelf->unreadable && strcmp(file->name, shelf->unreadable) == 0 && shelf->readings-- == 0)
        return mig_fail(err, MIG_ERR_IO, "%s: gone", file->name);
    for (size_t i = 0; i < MIG_COUNT(files); i++) {
        if (strcmp(file->name, files[i].name) == 0)
            snprintf(shelf->slots[slot], sizeof shelf->slots[slot], "%s", files[i].text);
    }
    file->text = shelf->slots[slot];
    file->len = strlen(file->text);
    return true;
}

static struct mig_catalog *read_from(struct shelf *shelf, unsigned flags, struct mig_problems *problems,
                                     struct mig_error *err)
{
    struct mig_file names[MIG_COUNT(files)] = { 0 };
    struct mig_text_source source = { lend, shelf };
    for (size_t i = 0; i < MIG_COUNT(files); i++)
        names[i].name = files[i].name;
    return mig_catalog_read("m", names, MIG_COUNT(names), &source, NULL, NULL, flags, problems, err);
}

static struct mig_catalog *in_memory(unsigned flags, struct mig_problems *problems)
{
    struct mig_file whole[MIG_COUNT(files)];
    for (size_t i = 0; i < MIG_COUNT(files); i++)
        whole[i] = (struct mig_file){ files[i].name, files[i].text, strlen(files[i].text) };
    return mig_catalog_build("m", whole, MIG_COUNT(whole), NULL, NULL, flags, problems);
}

static void lent_texts_make_the_same_catalog(void **state)
{
    (void)state;
    struct shelf shelf = { 0 };
    struct mig_problems wanted = { 0 }, found = { 0 };
    struct mig_error err;
    struct mig_catalog *one = in_memory(MIG_CATALOG_KEEP_TEXT, &wanted);
    struct mig_catalog *other = read_from(&shelf, MIG_CATALOG_KEEP_TEXT, &found, &err);
    assert_non_null(other);
    assert_int_equal(other->count, 3);
    for (size_t i = 0; i < other->count; i++) {
        assert_string_equal(one->items[i].raw, other->items[i].raw);
        assert_string_equal(one->items[i].sem, other->items[i].sem);
        assert_string_equal(one->items[i].text, other->items[i].text);
    }
    assert_int_equal(found.count,
                     1); /* what 3 depends on is not here: told at its place, by reading it again */
    assert_string_equal(found.items[0].message, wanted.items[0].message);
    assert_non_null(strstr(found.items[0].message, "3_wants.jsonc:2:14"));
    mig_catalog_free(one);
    mig_catalog_free(other);
    mig_problems_done(&wanted);
    mig_problems_done(&found);
}

static void without_bodies_it_still_knows_what_it_is(void **state)
{
    (void)state;
    struct shelf shelf = { 0 };
    struct mig_problems problems = { 0 };
    struct mig_error err;
    struct mig_catalog *whole = in_memory(0, &problems);
    struct mig_catalog *lean = read_from(&shelf, MIG_CATALOG_NO_BODIES, &problems, &err);
    const struct mig_migration *m = &lean->items[1];
    assert_string_equal(m->sem, whole->items[1].sem);
    assert_int_equal(m->up_count, 1);
    assert_int_equal(m->down_count, 1);
    assert_string_equal(m->up[0].id, "s");
    assert_string_equal(m->up[0].collection, "c");
    assert_int_equal(m->up[0].kind, MIG_STEP_INSERT);
    assert_null(m->up[0].doc);
    assert_null(m->up[0].body);
    mig_catalog_free(whole);
    mig_catalog_free(lean);
    mig_problems_done(&problems);
}

/* No catalog, rather than one in which a migration is missing. */
static void a_text_that_cannot_be_read_ends_it(void **state)
{
    (void)state;
    static const struct shelf shelves[] = {
        { .unreadable = "2_two.jsonc" },
        { .unreadable = "1_pair.down.json" },
        { .unreadable = "3_wants.jsonc", .readings = 1 }, /* when its problem is to be located */
    };
    for (size_t i = 0; i < MIG_COUNT(shelves); i++) {
        struct shelf shelf = shelves[i];
        struct mig_problems problems = { 0 };
        struct mig_error err;
        assert_null(read_from(&shelf, 0, &problems, &err));
        assert_int_equal(err.code, MIG_ERR_IO);
        assert_non_null(strstr(err.message, shelf.unreadable));
        assert_int_equal(problems.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lent_texts_make_the_same_catalog),
        cmocka_unit_test(without_bodies_it_still_knows_what_it_is),
        cmocka_unit_test(a_text_that_cannot_be_read_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
