/* Tables, cuts and inks: aligned by what a terminal shows, not by bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <locale.h>

#include "cli/style.h"

static const struct cli_style plain = { 0 };

static void rendered(const struct cli_table *table, size_t indent, const char *text)
{
    struct mig_buf out;
    mig_buf_init(&out, 1 << 16);
    cli_table_print(table, indent, &out);
    assert_string_equal(out.text, text);
    mig_buf_done(&out);
}

static void columns_align_by_width(void **state)
{
    (void)state;
    static const char *const head[] = { "NAME", "N", "WHAT" };
    struct cli_table *table = cli_table_new(&plain, 3);
    cli_table_head(table, head);
    cli_table_right(table, 1);
    static const char *const cells[] = { "ü", "7", "first", "longer", "1,200", "" };
    for (size_t i = 0; i < 6; i++)
        cli_table_cell(table, CLI_PLAIN, cells[i]);
    rendered(table, 1, " NAME        N  WHAT\n ü           7  first\n longer  1,200\n");
    cli_table_free(table);
}

static void a_table_without_rows_is_nothing(void **state)
{
    (void)state;
    static const char *const head[] = { "A" };
    struct cli_table *table = cli_table_new(&plain, 1);
    rendered(table, 0, "");
    cli_table_head(table, head);
    rendered(table, 0, "");
    cli_table_free(table);
}

static void the_elastic_column_gives_way(void **state)
{
    (void)state;
    struct cli_table *table = cli_table_new(&(struct cli_style){ .columns = 24, .utf8 = true }, 3);
    cli_table_elastic(table, 1);
    cli_table_cell(table, CLI_PLAIN, "20261101");
    cli_table_cell(table, CLI_PLAIN, "a title that is far too long");
    cli_table_cell(table, CLI_PLAIN, "ok");
    rendered(table, 0, "20261101  a title t…  ok\n");
    cli_table_free(table);
}

static void a_cut_keeps_characters_whole(void **state)
{
    (void)state;
    struct mig_buf out;
    mig_buf_init(&out, 1 << 10);
    const struct cli_style utf8 = { .utf8 = true };
    cli_cut(&out, &utf8, "日本語テキスト", 7);
    assert_string_equal(out.text, "日本語…");
    mig_buf_reset(&out);
    cli_cut(&out, &plain, "abcdef", 5);
    assert_string_equal(out.text, "ab...");
    mig_buf_reset(&out);
    cli_cut(&out, &plain, "abcdef", 2);
    assert_string_equal(out.text, "");
    mig_buf_done(&out);
}

static void ink_is_used_with_colour_only(void **state)
{
    (void)state;
    struct mig_buf out;
    mig_buf_init(&out, 1 << 10);
    cli_ink(&out, &plain, CLI_BAD, "x");
    cli_ink(&out, &(struct cli_style){ .color = true }, CLI_BAD, "y");
    cli_ink(&out, &(struct cli_style){ .color = true }, CLI_BAD, "");
    assert_string_equal(out.text, "x\033[31my\033[0m");
    mig_buf_done(&out);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_align_by_width),       cmocka_unit_test(a_table_without_rows_is_nothing),
        cmocka_unit_test(the_elastic_column_gives_way), cmocka_unit_test(a_cut_keeps_characters_whole),
        cmocka_unit_test(ink_is_used_with_colour_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
