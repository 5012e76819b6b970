/* What is written for people: the template loads, the reference is the table's. */
#include "config_support.h"

#include <stdio.h>
#include <stdlib.h>

static void the_template_loads(void **state)
{
    (void)state;
    static const char *const names[] = { "shop", "a \"quoted\" \\ name", "café: 100%" };
    for (size_t i = 0; i < MIG_COUNT(names); i++) {
        MIG_AUTOBUF struct mig_buf text;
        mig_buf_init(&text, 64 * 1024);
        cfg_template(&text, names[i]);
        struct cfg_config *config = load(text.text);
        assert_string_equal(config->project, names[i]);
        assert_int_equal(config->environment_count, 3);
        assert_int_equal(config->warning_count, 0);
        assert_true(config->environments[2].is_protected);
        cfg_config_free(config);
    }
}

/* What stands in the template as a comment must work too, once its # is taken away. */
static void the_templates_comments_load(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 64 * 1024);
    cfg_template(&text, "shop");
    char *from = strstr(text.text, "# notify:");
    assert_non_null(from);
    for (char *line = from; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
        memmove(line, line + 2, strlen(line + 2) + 1);
    for (char *at; (at = strstr(text.text, "\n      # "));)
        memmove(at + 7, at + 9, strlen(at + 9) + 1);
    struct cfg_config *config = load(text.text);
    assert_int_equal(config->notify_count, 1);
    const struct cfg_gate *gate = &config->environments[2].gate;
    assert_true(gate->has_window && gate->is_signed && gate->max_replication_lag_ms == 10000);
    assert_int_equal(gate->approvers.count, 2);
    cfg_config_free(config);
}

static void every_option_is_documented(void **state)
{
    (void)state;
    size_t count;
    const struct cfg_option *options = cfg_options(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(options[i].doc && options[i].doc[0] && options[i].doc[strlen(options[i].doc) - 1] != '.');
        assert_ptr_equal(cfg_option_find(options[i].name), &options[i]);
        const char *prefix = cfg_section_prefix(options[i].section);
        assert_int_equal(strncmp(options[i].name, prefix, strlen(prefix)), 0);
        assert_string_equal(options[i].name + strlen(prefix), options[i].key);
    }
}

/* UPDATE_GOLDEN=1 writes the file anew. */
static void the_committed_reference_is_the_tables(void **state)
{
    (void)state;
    const char *source = getenv("MIGTUI_SOURCE_DIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/docs/reference/configuration.md", source ? source : ".");
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, 256 * 1024);
    cfg_reference(&out);
    assert_false(out.overflow);
    if (getenv("UPDATE_GOLDEN")) {
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(out.text, 1, out.len, file), out.len);
        assert_int_equal(fclose(file), 0);
    }
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char *text = calloc(1, out.max + 1);
    size_t len = fread(text, 1, out.max, file);
    fclose(file);
    if (len != out.len || memcmp(text, out.text, len) != 0)
        fail_msg("%s is stale: run this test with UPDATE_GOLDEN=1", path);
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_template_loads),
        cmocka_unit_test(the_templates_comments_load),
        cmocka_unit_test(every_option_is_documented),
        cmocka_unit_test(the_committed_reference_is_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
