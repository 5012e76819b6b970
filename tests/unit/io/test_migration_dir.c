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

static void expect_text(struct io_migrations *files, int slot, const char *name, const char *text, size_t len)
{
    const char *found;
    size_t found_len;
    struct mig_error err;
    assert_true(io_migrations_text(files, slot, name, &found, &found_len, &err));
    assert_int_equal(found_len, len);
    assert_memory_equal(found, text, len);
    assert_int_equal(found[len], 0);
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

    struct io_migrations files;
    struct mig_error err;
    assert_true(io_migrations_open(dir, &files, &err));
    assert_int_equal(files.count, 4);
    const char *names[] = { "10_c.jsonc", "1_a.jsonc", "2_b.jsonc", "3_link.jsonc" };
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(files.names[i], names[i]);
    expect_text(&files, 0, "10_c.jsonc", "", 0);
    expect_text(&files, 1, "1_a.jsonc", "o\0e", 3);
    expect_text(&files, 0, "3_link.jsonc", "two", 3);
    assert_string_equal(files.sum, "sum\n");
    io_migrations_close(&files);
    free(sub);
    free(link);
    free(dir_link);
    free(fifo);
}

/* A pair of golang-migrate is two texts at a time. */
static void a_text_is_lent_until_its_slot_is_used_again(void **state)
{
    const char *dir = *state;
    write_file(dir, "1.down.json", "down", 4);
    write_file(dir, "1.up.json", "up", 2);
    struct io_migrations files;
    const char *up, *down;
    size_t len;
    struct mig_error err;
    assert_true(io_migrations_open(dir, &files, &err));
    assert_true(io_migrations_text(&files, 0, "1.up.json", &up, &len, &err));
    assert_true(io_migrations_text(&files, 1, "1.down.json", &down, &len, &err));
    assert_string_equal(up, "up");
    assert_string_equal(down, "down");
    io_migrations_close(&files);
}

/* Sizes around every buffer that is grown on the way, with bytes that tell their place. */
static void files_of_any_size_come_whole(void **state)
{
    const char *dir = *state;
    static const size_t sizes[] = { 1,     16382,   16383,   16384,   16385,   32767,
                                    32768, 1048575, 1048576, 1048577, 5000000, IO_MIGRATION_MAX + 9 };
    struct io_migrations files;
    struct mig_error err;
    char *bytes = mig_alloc(IO_MIGRATION_MAX + 16);
    for (size_t i = 0; i < IO_MIGRATION_MAX + 16; i++)
        bytes[i] = (char)(i * 7 % 251);
    for (size_t i = 0; i < MIG_COUNT(sizes); i++) {
        char name[32];
        snprintf(name, sizeof name, "%09zu", sizes[i]);
        write_file(dir, name, bytes, sizes[i]);
    }
    assert_true(io_migrations_open(dir, &files, &err));
    assert_int_equal(files.count, MIG_COUNT(sizes));
    assert_null(files.sum);
    for (size_t round = 0; round < 2; round++) { /* small ones after large ones too */
        for (size_t i = 0; i < MIG_COUNT(sizes); i++)
            expect_text(&files, 0, files.names[i], bytes,
                        sizes[i] < IO_MIGRATION_MAX ? sizes[i] : IO_MIGRATION_MAX);
    }
    io_migrations_close(&files);
    free(bytes);
}

static void an_empty_directory_is_no_files(void **state)
{
    struct io_migrations files;
    struct mig_error err;
    assert_true(io_migrations_open(*state, &files, &err));
    assert_int_equal(files.count, 0);
    assert_null(files.sum);
    io_migrations_close(&files);
}

static void what_cannot_be_read_is_named(void **state)
{
    const char *dir = *state;
    struct io_migrations files;
    const char *text;
    size_t len;
    struct mig_error err;
    assert_false(io_migrations_open("/nonexistent/migrations", &files, &err));
    assert_int_equal(err.code, MIG_ERR_IO);
    assert_non_null(strstr(err.message, "/nonexistent/migrations"));
    assert_int_equal(files.count, 0);

    write_file(dir, "1_a.jsonc", "a", 1);
    assert_true(io_migrations_open(dir, &files, &err));
    char *gone = path_in(dir, "1_a.jsonc");
    assert_int_equal(unlink(gone), 0);
    assert_false(io_migrations_text(&files, 0, "1_a.jsonc", &text, &len, &err));
    assert_int_equal(err.code, MIG_ERR_IO);
    assert_non_null(strstr(err.message, "1_a.jsonc"));
    io_migrations_close(&files);
    free(gone);

    char *link = path_in(dir, "7_gone\x1b.jsonc");
    assert_int_equal(symlink("nowhere", link), 0);
    assert_false(io_migrations_open(dir, &files, &err));
    assert_int_equal(err.code, MIG_ERR_IO);
    assert_non_null(strstr(err.message, "7_gone\\x1b.jsonc"));
    free(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_come_sorted_and_the_sum_apart, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_text_is_lent_until_its_slot_is_used_again, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(files_of_any_size_come_whole, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(an_empty_directory_is_no_files, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_named, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
