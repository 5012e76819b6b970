/* A folder of backups: a name stands for whole bytes, or does not exist. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "io/storage_files.h"

struct world {
    char dir[64], folder[128];
    struct mig_storage *storage;
    struct mig_error err;
};

static int set_up(void **state)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    snprintf(w.dir, sizeof w.dir, "/tmp/migtui-unit-XXXXXX");
    assert_non_null(mkdtemp(w.dir));
    snprintf(w.folder, sizeof w.folder, "%s/a/b", w.dir);
    w.storage = io_storage_files(w.folder);
    *state = &w;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    w->storage->ops->free(w->storage);
    return nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static bool exists(const struct world *w, const char *name)
{
    MIG_AUTOFREE char *path = mig_printf("%s/%s", w->folder, name);
    return access(path, F_OK) == 0;
}

static struct mig_storage_file *given_begun(struct world *w, const char *name)
{
    struct mig_storage_file *file;
    assert_true(w->storage->ops->create(w->storage, name, &file, &w->err));
    assert_true(w->storage->ops->write(file, "whole", 5, &w->err));
    return file;
}

static void a_file_has_its_name_when_it_is_whole(void **state)
{
    struct world *w = *state;
    struct mig_storage_file *file = given_begun(w, "x.gz");
    char bytes[16];
    size_t len;
    int64_t size;
    assert_false(exists(w, "x.gz"));
    assert_int_equal(w->storage->ops->size(w->storage, "x.gz"), -1);
    assert_true(w->storage->ops->commit(file, &w->err));
    assert_false(exists(w, ".x.gz.part"));
    assert_true(w->storage->ops->open(w->storage, "x.gz", &file, &size, &w->err));
    assert_int_equal(size, 5);
    assert_true(w->storage->ops->read(file, bytes, sizeof bytes, &len, &w->err));
    assert_memory_equal(bytes, "whole", 5);
    assert_true(w->storage->ops->read(file, bytes, sizeof bytes, &len, &w->err));
    assert_int_equal(len, 0);
    w->storage->ops->close(file);
}

static void folder_and_file_are_the_operators_own(void **state)
{
    struct world *w = *state;
    struct stat info;
    assert_true(w->storage->ops->commit(given_begun(w, "x"), &w->err));
    assert_int_equal(stat(w->folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    MIG_AUTOFREE char *path = mig_printf("%s/x", w->folder);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void an_abandoned_one_is_gone(void **state)
{
    struct world *w = *state;
    w->storage->ops->abandon(given_begun(w, "x"));
    assert_false(exists(w, "x"));
    assert_false(exists(w, ".x.part"));
}

static void a_name_that_is_taken_is_never_written_over(void **state)
{
    struct world *w = *state;
    struct mig_storage_file *file, *late = given_begun(w, "x");
    MIG_AUTOFREE char *path = mig_printf("%s/x", w->folder);
    int fd = open(path, O_CREAT | O_WRONLY, 0600); /* meanwhile, by somebody else */
    close(fd);
    assert_false(w->storage->ops->commit(late, &w->err));
    assert_int_equal(w->storage->ops->size(w->storage, "x"), 0);
    assert_false(exists(w, ".x.part"));
    assert_false(w->storage->ops->create(w->storage, "x", &file, &w->err));
}

static void what_a_dead_writer_left_is_swept_and_a_living_ones_stays(void **state)
{
    struct world *w = *state;
    struct mig_storage_file *alive = given_begun(w, "alive");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        given_begun(w, "dead");
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(exists(w, ".dead.part"));
    assert_int_equal(w->storage->ops->sweep(w->storage), 1);
    assert_false(exists(w, ".dead.part"));
    assert_true(w->storage->ops->commit(alive, &w->err));
    assert_true(exists(w, "alive"));
}

static bool count_one(const char *name, int64_t size, void *ctx)
{
    (void)name, (void)size;
    ++*(int *)ctx;
    return true;
}

static void only_whole_files_are_listed(void **state)
{
    struct world *w = *state;
    int count = 0;
    assert_true(w->storage->ops->list(w->storage, count_one, &count, &w->err)); /* not made yet */
    assert_int_equal(count, 0);
    assert_true(w->storage->ops->commit(given_begun(w, "x"), &w->err));
    struct mig_storage_file *file = given_begun(w, "y");
    assert_true(w->storage->ops->list(w->storage, count_one, &count, &w->err));
    assert_int_equal(count, 1);
    w->storage->ops->abandon(file);
    assert_true(w->storage->ops->remove(w->storage, "x", &w->err));
    assert_false(exists(w, "x"));
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const names[] = { "", "../x", "a/b", ".x", "x y", "x\n", "\xc3\xa4" };
    struct world *w = *state;
    struct mig_storage_file *file;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_false(w->storage->ops->create(w->storage, names[i], &file, &w->err));
}

static void the_room_of_a_folder_that_is_not_made_yet_is_its_disks(void **state)
{
    struct world *w = *state;
    assert_true(w->storage->ops->space(w->storage) > 0);
    assert_false(exists(w, ""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_has_its_name_when_it_is_whole),
        TEST(folder_and_file_are_the_operators_own),
        TEST(an_abandoned_one_is_gone),
        TEST(a_name_that_is_taken_is_never_written_over),
        TEST(what_a_dead_writer_left_is_swept_and_a_living_ones_stays),
        TEST(only_whole_files_are_listed),
        TEST(names_that_lead_elsewhere_are_refused),
        TEST(the_room_of_a_folder_that_is_not_made_yet_is_its_disks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
