/* A migrations directory: all regular files, in order, whole; and what it says when it cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rows.h"
#include "io/migration_dir.h"

static char *path_in(const char *dir, const char *name)
{
    return mig_printf("%s/%s", dir, name);
}

static void write_file(const char *dir, const char *name, const char *text, size_t len)
{
    char *path = path_in(dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    free(path);
}

static int make_dir(void **state)
{
    char template[] = "/tmp/migtui-dir-XXXXXX";
    if (!mkdtemp(template))
        return -1;
    *state = mig_strdup(template);
    return 0;
}

static int remove_entry(const char *path, const struct stat *found, int type, struct FTW *where)
{
    (void)found;
    (void)type;
    (void)where;
    return remove(path);
}

static int remove_dir(void **state)
{
    nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return 0;
}

static void files_come_sorted_and_the_sum_apart(void **state)
{
    const char *dir = *state;
    write_file(dir, "2_b.jsonc", "two", 3);
    write_file(dir, "10_c.jsonc", "", 0);
    write_file(dir, "1_a.jsonc", "o\0e", 3);
    write_file(dir, "migtui.sum", "sum\n", 4);
    write_file(dir, ".hidden.jsonc", "no", 2);
    char *sub = path_in(dir, "sub");
    char *link = path_in(dir, "3_link.jsonc");
    char *dir_link = path_in(dir, "4_dir");
    char *fifo = path_in(dir, "5_fifo");
    assert_int_equal(mkdir(sub, 0700), 0);
    assert_int_equal(symlink("2_b.jsonc", link), 0);
    assert_int_equal(symlink("sub", dir_link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);

    struct io_texts texts;
    struct mig_error err;
    assert_true(io_migrations_read(dir, &texts, &err));
    assert_int_equal(texts.count, 4);
    const char *names[] = { "10_c.jsonc", "1_a.jsonc", "2_b.jsonc", "3_link.jsonc" };
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(texts.items[i].name, names[i]);
    assert_int_equal(texts.items[0].len, 0);
    assert_string_equal(texts.items[0].text, "");
    assert_int_equal(texts.items[1].len, 3);
    assert_memory_equal(texts.items[1].text, "o\0e", 4);
    assert_string_equal(texts.items[3].text, "two");
    assert_string_equal(texts.sum, "sum\n");
    io_texts_done(&texts);
    free(sub);
    free(link);
    free(dir_link);
    free(fifo);
}

static bool count_until_two(const struct io_text *file, void *context)
{
    (void)file;
    return ++*(int *)context < 2;
}

static void one_by_one_can_be_stopped(void **state)
{
    const char *dir = *state;
    write_file(dir, "1.jsonc", "1", 1);
    write_file(dir, "2.jsonc", "2", 1);
    write_file(dir, "3.jsonc", "3", 1);
    int count = 0;
    struct mig_error err;
    assert_true(io_migrations_each(dir, count_until_two, &count, &err));
    assert_int_equal(count, 2);
}

/* Sizes around every buffer that is grown on the way, with bytes that tell their place. */
static bool check_bytes(const struct io_text *file, void *context)
{
    (void)context;
    size_t size = strtoul(file->name, NULL, 10);
    assert_int_equal(file->len, size < IO_MIGRATION_MAX ? size : IO_MIGRATION_MAX);
    for (size_t i = 0; i < file->len; i++) {
        if (file->text[i] != (char)(i * 7 % 251))
            fail_msg("%s: byte %zu is wrong", file->name, i);
    }
    assert_int_equal(file->text[file->len], 0);
    return true;
}

static void files_of_any_size_come_whole(void **state)
{
    const char *dir = *state;
    static const size_t sizes[] = { 1,       16383,   16384,
                                    16385,   1048575, 1048576,
                                    1048577, 5000000, IO_MIGRATION_MAX + 9 };
    char *bytes = mig_alloc(IO_MIGRATION_MAX + 16);
    for (size_t i = 0; i < IO_MIGRATION_MAX + 16; i++)
        bytes[i] = (char)(i * 7 % 251);
    for (size_t i = 0; i < MIG_COUNT(sizes); i++) {
        char name[32];
        snprintf(name, sizeof name, "%09zu", sizes[i]);
        write_file(dir, name, bytes, sizes[i]);
    }
    free(bytes);
    struct mig_error err;
    assert_true(io_migrations_each(dir, check_bytes, NULL, &err));
    struct io_texts texts;
    assert_true(io_migrations_read(dir, &texts, &err));
    assert_int_equal(texts.count, MIG_COUNT(sizes));
    for (size_t i = 0; i < texts.count; i++)
        check_bytes(&texts.items[i], NULL);
    assert_null(texts.sum);
    io_texts_done(&texts);
}

static void an_empty_directory_is_no_files(void **state)
{
    struct io_texts texts;
    struct mig_error err;
    assert_true(io_migrations_read(*state, &texts, &err));
    assert_int_equal(texts.count, 0);
    io_texts_done(&texts);
}

static void what_cannot_be_read_is_named(void **state)
{
    const char *dir = *state;
    struct io_texts texts;
    struct mig_error err;
    assert_false(io_migrations_read("/nonexistent/migrations", &texts, &err));
    assert_int_equal(err.code, MIG_ERR_IO);
    assert_non_null(strstr(err.message, "/nonexistent/migrations"));
    assert_int_equal(texts.count, 0);

    char *link = path_in(dir, "7_gone\x1b.jsonc");
    assert_int_equal(symlink("nowhere", link), 0);
    assert_false(io_migrations_read(dir, &texts, &err));
    assert_int_equal(err.code, MIG_ERR_IO);
    assert_non_null(strstr(err.message, "7_gone\\x1b.jsonc"));
    free(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_come_sorted_and_the_sum_apart, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(one_by_one_can_be_stopped, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(files_of_any_size_come_whole, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(an_empty_directory_is_no_files, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_named, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
