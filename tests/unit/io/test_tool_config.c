/* A connection string on its way to mongodump: in a private file, quoted, its database the one that is dumped. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/tool_config.h"

/* What the tool would read, for a dump of database "shop"; its file is gone when this returns. */
static void written(const char *uri, char ret[static 512])
{
    char folder[] = "/tmp/migtui-unit-XXXXXX";
    struct mig_error err;
    struct stat info;
    char *path;
    assert_non_null(mkdtemp(folder));
    unsetenv("XDG_RUNTIME_DIR");
    assert_true(io_tool_config_write(folder, uri, "shop", &path, &err));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    ret[fread(ret, 1, 511, file)] = '\0';
    fclose(file);
    char *kept = strdup(path);
    io_tool_config_remove(path);
    assert_int_not_equal(access(kept, F_OK), 0);
    free(kept);
    rmdir(folder);
}

/* mongodump refuses a --db beside another database in the string's path; there it says where the user is. */
static void another_database_in_the_path_becomes_the_auth_source(void **state)
{
    static const struct {
        const char *uri, *text;
    } rows[] = {
        { "mongodb://h:1", "uri: 'mongodb://h:1'\n" },
        { "mongodb://u:p@h:1/", "uri: 'mongodb://u:p@h:1/'\n" },
        { "mongodb://u:p@h:1/shop?w=1", "uri: 'mongodb://u:p@h:1/shop?w=1'\n" },
        { "mongodb://u:p@h:1/admin", "uri: 'mongodb://u:p@h:1/?authSource=admin'\n" },
        { "mongodb://u:p@h:1/admin?w=1", "uri: 'mongodb://u:p@h:1/?w=1&authSource=admin'\n" },
        { "mongodb://u:p@h:1/other?w=1&authsource=admin",
          "uri: 'mongodb://u:p@h:1/?w=1&authsource=admin'\n" },
        { "mongodb://h:1/admin", "uri: 'mongodb://h:1/'\n" },
        { "mongodb+srv://u:p@h/test", "uri: 'mongodb+srv://u:p@h/'\n" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        written(rows[i].uri, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void a_quote_is_doubled_and_a_line_break_refused(void **state)
{
    char text[512];
    struct mig_error err;
    char *path;
    (void)state;
    written("mongodb://u:it's@h:1/", text);
    assert_string_equal(text, "uri: 'mongodb://u:it''s@h:1/'\n");
    assert_false(io_tool_config_write("/tmp", "mongodb://h:1/\nuri: x", "shop", &path, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_database_in_the_path_becomes_the_auth_source),
        cmocka_unit_test(a_quote_is_doubled_and_a_line_break_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
