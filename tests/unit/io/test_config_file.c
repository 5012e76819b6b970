/* migtui.yaml and .env on a disk. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/config_file.h"

#define MINIMAL "project: shop\nenvironments:\n  - { name: dev, uri: \"${URL}\", database: shop }\n"

/* root/ with a/b/ below it, the working directory; nothing of the environment interferes. */
struct world {
    char root[PATH_MAX];
    char before[PATH_MAX];
    struct cfg_config *config;
    struct mig_error err;
};

static void put(struct world *w, const char *name, const char *text, mode_t mode)
{
    char *path = mig_printf("%s/%s", w->root, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    free(path);
}

static void go(struct world *w, const char *name)
{
    char *path = mig_printf("%s/%s", w->root, name);
    assert_int_equal(chdir(path), 0);
    free(path);
}

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    char dir[] = "/tmp/migtui-config-XXXXXX";
    unsetenv("MIGTUI_CONFIG");
    unsetenv("URL");
    unsetenv("TZDIR");
    assert_non_null(getcwd(w->before, sizeof w->before));
    assert_non_null(mkdtemp(dir));
    assert_non_null(realpath(dir, w->root));
    char *a = mig_printf("%s/a", w->root), *b = mig_printf("%s/a/b", w->root);
    assert_int_equal(mkdir(a, 0700) | mkdir(b, 0700), 0);
    free(a);
    free(b);
    go(w, "a/b");
    *state = w;
    return 0;
}

static int remove_entry(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
    (void)info;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int end(void **state)
{
    struct world *w = *state;
    assert_int_equal(chdir(w->before), 0);
    nftw(w->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    unsetenv("MIGTUI_CONFIG");
    cfg_config_free(w->config);
    free(w);
    return 0;
}

static void load(struct world *w, const char *file)
{
    cfg_config_free(w->config);
    w->config = NULL;
    if (!io_config_load(file, NULL, 0, &w->config, &w->err))
        fail_msg("%s", w->err.message);
}

static void the_nearest_file_above_is_found(void **state)
{
    struct world *w = *state;
    put(w, "migtui.yaml", MINIMAL, 0600);
    load(w, NULL);
    char *expected = mig_printf("%s/migtui.yaml", w->root);
    assert_string_equal(w->config->file, expected);
    assert_string_equal(w->config->dir, w->root);
    free(expected);
    put(w, "a/migtui.yaml", MINIMAL, 0600);
    load(w, NULL);
    expected = mig_printf("%s/a/migrations", w->root);
    assert_string_equal(w->config->migrations, expected);
    free(expected);
    put(w, "a/b/migtui.yaml", MINIMAL, 0600);
    load(w, NULL);
    assert_string_equal(w->config->file, "migtui.yaml");
}

static void the_flag_wins_over_the_variable_over_the_search(void **state)
{
    struct world *w = *state;
    put(w, "a/b/migtui.yaml", MINIMAL, 0600);
    put(w, "flag.yaml", MINIMAL, 0600);
    put(w, "variable.yaml", MINIMAL, 0600);
    setenv("MIGTUI_CONFIG", "../../variable.yaml", 1);
    load(w, "../../flag.yaml");
    assert_string_equal(w->config->file, "../../flag.yaml");
    assert_string_equal(w->config->dir, w->root);
    load(w, NULL);
    assert_string_equal(w->config->file, "../../variable.yaml");
    setenv("MIGTUI_CONFIG", "", 1);
    load(w, NULL);
    assert_string_equal(w->config->file, "migtui.yaml");
}

static void no_file_says_what_to_do(void **state)
{
    struct world *w = *state;
    char *message = mig_printf("there is no migtui.yaml in %s/a/b or above", w->root);
    assert_false(io_config_load(NULL, NULL, 0, &w->config, &w->err));
    assert_string_equal(w->err.message, message);
    assert_non_null(strstr(w->err.hint, "migtui init"));
    free(message);
    assert_false(io_config_load("none.yaml", NULL, 0, &w->config, &w->err));
    assert_string_equal(w->err.message, "none.yaml: No such file or directory");
    assert_false(io_config_load("no/such/dir.yaml", NULL, 0, &w->config, &w->err));
    assert_string_equal(w->err.message, "no/such/dir.yaml: No such file or directory");
    assert_false(io_config_load("..", NULL, 0, &w->config, &w->err));
    assert_string_equal(w->err.message, ".. is not a regular file");
}

static void the_dotenv_beside_the_file_is_read(void **state)
{
    struct world *w = *state;
    put(w, "migtui.yaml", MINIMAL, 0600);
    put(w, "a/b/.env", "URL=wrong\n", 0600);
    load(w, NULL);
    assert_non_null(w->config->environments[0].disabled_reason);
    put(w, ".env", "URL=mongodb://h\nMIGTUI_PREFIX=x_\n", 0600);
    load(w, NULL);
    assert_null(w->config->environments[0].disabled_reason);
    assert_string_equal(w->config->prefix, "x_");
    assert_int_equal(w->config->warning_count, 0);

    put(w, ".env", "URL=mongodb://h\n", 0640);
    load(w, "../../migtui.yaml");
    assert_int_equal(w->config->warning_count, 1);
    assert_string_equal(w->config->warnings[0], "../../.env: others can read it (mode 0640): chmod 600");
    put(w, ".env", "URL\n", 0600);
    struct cfg_config *config;
    assert_false(io_config_load("../../migtui.yaml", NULL, 0, &config, &w->err));
    assert_string_equal(w->err.message, "../../.env:1: there must be a = right after the name");
    go(w, ".");
    assert_false(io_config_load(NULL, NULL, 0, &config, &w->err));
    assert_string_equal(w->err.message, ".env:1: there must be a = right after the name");
}

/* As Kubernetes mounts a volume: the file is a link, its neighbours are not beside what it points to. */
static void a_linked_file_keeps_its_neighbours(void **state)
{
    struct world *w = *state;
    put(w, "a/real.yaml", MINIMAL, 0600);
    put(w, "a/b/.env", "URL=mongodb://h\n", 0600);
    assert_int_equal(symlink("../real.yaml", "migtui.yaml"), 0);
    load(w, NULL);
    assert_null(w->config->environments[0].disabled_reason);
}

static void someone_elses_file_above_is_not_taken(void **state)
{
    struct world *w = *state;
    if (geteuid() != 0)
        skip();
    put(w, "migtui.yaml", MINIMAL, 0644);
    char *path = mig_printf("%s/migtui.yaml", w->root);
    assert_int_equal(chown(path, 12345, 12345), 0);
    assert_false(io_config_load(NULL, NULL, 0, &w->config, &w->err));
    char *message = mig_printf("%s belongs to another user", path);
    assert_string_equal(w->err.message, message);
    load(w, path);
    go(w, ".");
    load(w, NULL);
    free(message);
    free(path);
}

static void zones_are_those_of_the_machine(void **state)
{
    struct world *w = *state;
    put(w, "a/Nowhere", "", 0600);
    setenv("TZDIR", w->root, 1);
    assert_true(io_zone_known("a/Nowhere"));
    assert_true(io_zone_known("UTC"));
    assert_false(io_zone_known("a"));
    assert_false(io_zone_known("a/../a/Nowhere"));
    assert_false(io_zone_known("/etc/passwd"));
    put(w, "z.yaml",
        "project: a\nenvironments:\n  - name: dev\n    uri: ${URL}\n    database: a\n"
        "    gate: { window: { zone: Nowhere } }\n",
        0600);
    assert_false(io_config_load("../../z.yaml", NULL, 0, &w->config, &w->err));
    assert_string_equal(w->err.message,
                        "../../z.yaml:6:29: environments[0].gate.window.zone: this machine does not "
                        "know that time zone");
    setenv("TZDIR", "/no/such/folder", 1);
    load(w, "../../z.yaml");
    unsetenv("TZDIR");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_nearest_file_above_is_found, begin, end),
        cmocka_unit_test_setup_teardown(the_flag_wins_over_the_variable_over_the_search, begin, end),
        cmocka_unit_test_setup_teardown(no_file_says_what_to_do, begin, end),
        cmocka_unit_test_setup_teardown(the_dotenv_beside_the_file_is_read, begin, end),
        cmocka_unit_test_setup_teardown(a_linked_file_keeps_its_neighbours, begin, end),
        cmocka_unit_test_setup_teardown(someone_elses_file_above_is_not_taken, begin, end),
        cmocka_unit_test_setup_teardown(zones_are_those_of_the_machine, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
