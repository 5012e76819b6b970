/* migtui.sum: every added, edited or removed file is named, and moves the first line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/catalog.h"

#define WITH_TITLE(title) \
    "{\"migtui\": 1, \"title\": \"" title "\", \"up\": [{\"id\": \"s\", \"manual\": {\"text\": \"x\"}}]}"

struct file {
    const char *name;
    const char *text;
};

static const struct file three[] = { { "1_a.jsonc", WITH_TITLE("a") },
                                     { "2_b.jsonc", WITH_TITLE("b") },
                                     { "10_c.up.json", "[{\"ping\": 1}]" } };

static struct mig_catalog *build(const struct file *rows, size_t count, const char *sum)
{
    struct mig_file files[16];
    struct mig_problems problems = { 0 };
    for (size_t i = 0; i < count; i++)
        files[i] = (struct mig_file){ rows[i].name, rows[i].text, strlen(rows[i].text) };
    struct mig_catalog *catalog = mig_catalog_build("m", files, count, sum, NULL, 0, &problems);
    mig_problems_done(&problems);
    return catalog;
}

static char *sum_of(const struct file *rows, size_t count)
{
    struct mig_catalog *catalog = build(rows, count, NULL);
    char *sum = mig_sum_text(catalog);
    mig_catalog_free(catalog);
    return sum;
}

static void expect(const struct file *rows, size_t count, const char *sum, const char *problem)
{
    struct mig_catalog *catalog = build(rows, count, sum);
    if (problem && catalog->sum_problem)
        assert_string_equal(catalog->sum_problem, problem);
    else
        assert_ptr_equal(catalog->sum_problem, problem);
    mig_catalog_free(catalog);
}

static void a_sum_agrees_with_what_it_was_made_of(void **state)
{
    (void)state;
    MIG_AUTOFREE char *sum = sum_of(three, 3);
    expect(three, 3, sum, NULL);
    expect(three, 3, NULL, NULL);
    MIG_AUTOFREE char *empty = sum_of(three, 0);
    expect(three, 0, empty, NULL);
}

/* The format is a promise: printf 'migtui.sum 1\n' | sha256sum, then each line chained to it. */
static void the_head_chains_the_lines(void **state)
{
    (void)state;
    char head[MIG_SHA256_HEX];
    MIG_AUTOFREE char *sum = sum_of(three, 3);
    mig_sha256_hex("migtui.sum 1\n", 13, head);
    const char *line = strchr(sum, '\n') + 1;
    for (int i = 0; i < 3; i++) {
        size_t len = strcspn(line, "\n") + 1;
        MIG_AUTOFREE char *link = mig_printf("%s %.*s", head, (int)len, line);
        mig_sha256_hex(link, strlen(link), head);
        line += len;
    }
    assert_string_equal(line, "");
    MIG_AUTOFREE char *first = mig_printf("migtui.sum 1 %s\n1_a.jsonc ", head);
    assert_memory_equal(sum, first, strlen(first));
    /* In the order of migrations, which is not that of names. */
    assert_true(strstr(sum, "\n2_b.jsonc ") < strstr(sum, "\n10_c.up.json "));
}

static void what_differs_is_named(void **state)
{
    (void)state;
    MIG_AUTOFREE char *sum = sum_of(three, 3);
    struct file rows[4];
    memcpy(rows, three, sizeof three);
    rows[3] = (struct file){ "3_d.jsonc", WITH_TITLE("d") };
    expect(rows, 4, sum, "3_d.jsonc is not in migtui.sum");
    expect(rows + 1, 2, sum, "1_a.jsonc was removed");
    rows[1].text = WITH_TITLE("b") " // why";
    expect(rows, 3, sum, "2_b.jsonc has changed, but only the text");
    rows[1].text = WITH_TITLE("B");
    expect(rows, 3, sum, "2_b.jsonc has changed");
    rows[0].name = "1_z.jsonc";
    expect(rows, 3, sum, "1_z.jsonc is not in migtui.sum; 2_b.jsonc has changed; 1_a.jsonc was removed");
}

static void a_file_that_cannot_be_read_was_not_removed(void **state)
{
    (void)state;
    MIG_AUTOFREE char *sum = sum_of(three, 3);
    struct file rows[3];
    memcpy(rows, three, sizeof three);
    rows[0].text = "{";
    expect(rows, 3, sum, NULL);
}

static void many_differences_are_counted(void **state)
{
    (void)state;
    static const struct file eight[] = { { "1.jsonc", "" },
                                         { "1_a.jsonc", WITH_TITLE("a") },
                                         { "2_a.jsonc", WITH_TITLE("a") },
                                         { "3_a.jsonc", WITH_TITLE("a") },
                                         { "4_a.jsonc", WITH_TITLE("a") },
                                         { "5_a.jsonc", WITH_TITLE("a") },
                                         { "6_a.jsonc", WITH_TITLE("a") },
                                         { "7_a.jsonc", WITH_TITLE("a") } };
    MIG_AUTOFREE char *sum = sum_of(eight, 8);
    expect(NULL, 0, sum,
           "1_a.jsonc was removed; 2_a.jsonc was removed; 3_a.jsonc was removed; 4_a.jsonc was removed; "
           "5_a.jsonc was removed; and 2 more");
}

/* Any edit by hand shows, also one that leaves each line well-formed. */
static void an_edited_sum_does_not_pass(void **state)
{
    (void)state;
    MIG_AUTOFREE char *sum = sum_of(three, 3);
    char *head = sum + strlen("migtui.sum 1 ");
    *head = *head == '0' ? '1' : '0';
    expect(three, 3, sum, "line 1 does not belong to the lines below it: a merge or a hand has edited them");

    static const struct {
        const char *sum;
        const char *problem;
    } rows[] = {
        { "", "line 1 is not \"migtui.sum 1 DIGEST\"" },
        { "<<<<<<< HEAD\n", "line 1 is not \"migtui.sum 1 DIGEST\"" },
        { "migtui.sum 2 x\n", "it is of another format than 1, the one this migtui knows" },
        { "migtui.sum 1 x\n", "line 1 has no digest of 64 hex digits" },
        { "migtui.sum 1 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
          "line 1 has no digest of 64 hex digits" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        expect(three, 3, rows[i].sum, rows[i].problem);

    MIG_AUTOFREE char *good = sum_of(three, 3);
    char *second = strchr(good, '\n') + 1;
    MIG_AUTOFREE char *merged = mig_printf("%.*s<<<<<<< ours\n%s", (int)(second - good), good, second);
    expect(three, 3, merged, "line 2 is not \"FILE RAW SEM\"; a merge left its marks");
    for (size_t at = 0; at < 3; at++) { /* a space between, then a digit of each digest */
        static const size_t from_end[] = { 2 * 65, 100, 20 };
        MIG_AUTOFREE char *damaged = mig_strdup(good);
        damaged[strlen(good) - 1 - from_end[at]] = '!';
        expect(three, 3, damaged, "line 4 is not \"FILE RAW SEM\"");
    }
    MIG_AUTOFREE char *between = mig_strdup(good);
    between[strlen(good) - 1 - 65] = '!';
    expect(three, 3, between, "line 4 is not \"FILE RAW SEM\"");
    MIG_AUTOFREE char *gap = mig_printf("%.*s\n%s", (int)(second - good), good, second);
    expect(three, 3, gap, NULL); /* an empty line says nothing, and does no harm */
    MIG_AUTOFREE char *cut = mig_printf("%.*s", (int)strlen(good) - 5, good);
    expect(three, 3, cut, "line 4 is not \"FILE RAW SEM\"");
    size_t len = strcspn(second, "\n") + 1;
    MIG_AUTOFREE char *twice = mig_printf("%.*s%.*s%s", (int)(second - good), good, (int)len, second, second);
    expect(three, 3, twice, "1_a.jsonc is there twice");
}

static void windows_line_ends_do_no_harm(void **state)
{
    (void)state;
    MIG_AUTOFREE char *sum = sum_of(three, 3);
    MIG_AUTOFREE char *crlf = mig_alloc(strlen(sum) * 2 + 1);
    char *to = crlf;
    for (const char *from = sum; *from; from++) {
        if (*from == '\n')
            *to++ = '\r';
        *to++ = *from;
    }
    expect(three, 3, crlf, NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_agrees_with_what_it_was_made_of),
        cmocka_unit_test(the_head_chains_the_lines),
        cmocka_unit_test(what_differs_is_named),
        cmocka_unit_test(a_file_that_cannot_be_read_was_not_removed),
        cmocka_unit_test(many_differences_are_counted),
        cmocka_unit_test(an_edited_sum_does_not_pass),
        cmocka_unit_test(windows_line_ends_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
