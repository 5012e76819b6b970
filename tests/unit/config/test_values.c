/* What each value may be, at its edges: the last text that is taken and the first that is refused. */
#include "config_support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static bool loads(const char *text)
{
    struct cfg_inputs inputs = { .dir = "/project" };
    struct cfg_config *config = NULL;
    struct mig_error err = { 0 };
    bool ok = cfg_load_text("migtui.yaml", text, strlen(text), &inputs, &config, &err);
    if (ok)
        cfg_config_free(config);
    return ok;
}

#define TOP(line)    line "\n" ONE_ENVIRONMENT
#define ENV(line)    "project: shop\nenvironments:\n  - { " line ", uri: \"mongodb://h\" }\n"
#define DB(name)     ENV("name: dev, database: " name)
#define URI(text)    "project: shop\nenvironments:\n  - { name: dev, database: a, uri: " text " }\n"
#define GATE(text)   ONE_ENVIRONMENT "    gate: { " text " }\n"
#define WINDOW(text) GATE("window: { " text " }")
#define HEX24        "64f0aa64f0aa64f0aa64f0aa"
#define ATLAS(project) \
    ONE_ENVIRONMENT "    atlas: { project: " project \
                    ", cluster: c, credentials: { clientId: a, clientSecret: b } }\n"
static const struct {
    const char *text;
    bool loads;
} values[] = {
    { TOP("prefix: a-b_c."), true },
    { TOP("prefix: system."), false },
    { TOP("prefix: _a"), false },
    { TOP("prefix: 1a"), false },
    { TOP("prefix: \"\""), false },
    { TOP("prefix: a$"), false },
    { TOP("prefix: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), false },
    { TOP("lockWait: 0"), true },
    { TOP("lockWait: 10"), false }, /* 10 what? */
    { TOP("lockWait: 10s"), true },
    { TOP("lockWait: 10x"), false },
    { TOP("lockWait: 25h"), false },
    { TOP("lockWait: \"\""), false },
    { TOP("lockWait: -1s"), false },
    { TOP("migrations: \"a\\u202Eb\""), false }, /* would be shown backwards */
    { TOP("migrations: registry:shop"), true },
    { DB("a"), true },
    { DB("admin"), false },
    { DB("local"), false },
    { DB("config"), false },
    { DB("\"a.b\""), false },
    { DB("\"\""), false },
    { DB("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), false },
    { DB("\"a\\u0007\""), false },
    { ENV("name: Dev, database: a"), false },
    { ENV("name: d-1_a, database: a"), true },
    { ENV("name: -d, database: a"), false },
    { URI("\"mongodb+srv://h\""), true },
    { URI("\"http://h\""), false },
    { URI("\"\""), false },
    { URI("\"${A}\""), true },
    { URI("\"$${A}\""), false },
    { URI("\"${A\""), false },
    { URI("\"${1A}\""), false },
    { URI("\"file:\""), false },
    { ATLAS(HEX24), true },
    { ATLAS("64F0AA64f0aa64f0aa64f0aa"), true },
    { ATLAS("64f0aa64f0aa64f0aa64f0a"), false },
    { ATLAS("64f0aa64f0aa64f0aa64f0ag"), false },
    { WINDOW("zone: Europe/Paris"), true },
    { WINDOW("zone: Etc/GMT+5"), true },
    { WINDOW("zone: Europe//Paris"), false },
    { WINDOW("zone: Europe/"), false },
    { WINDOW("zone: /Paris"), false },
    { WINDOW("zone: \"\""), false },
    { WINDOW("from: \"09:30\", to: \"24:00\""), true },
    { WINDOW("from: \"24:00\""), false },
    { WINDOW("from: \"9:30\""), false },
    { WINDOW("from: \"09.30\""), false },
    { WINDOW("from: \"0a:30\""), false },
    { WINDOW("from: \"09:3a\""), false },
    { WINDOW("from: \"09:60\""), false },
    { WINDOW("from: \"09:30\", to: \"24:01\""), false },
    { WINDOW("from: \"00:00\", to: \"00:00\""), false },
    { WINDOW("to: \"00:00\""), false },
    { WINDOW("days: \" mon , Fri-Mon \""), true },
    { WINDOW("days: Monday"), false },
    { WINDOW("days: Mon-"), false },
    { WINDOW("days: Mon-Xyz"), false },
    { WINDOW("days: \"Mon,,Tue\""), false },
    { WINDOW("days: \"  \""), false },
    { GATE("approvals: 1, breakGlass: true, approvers: [ana], selfApproval: true"), false },
    { GATE("approvals: 1, breakGlass: true, approvers: [ana, ivo]"), true },
    { GATE("approvals: 1, revokedSigners: r"), false },
    { GATE("approvals: 1, signed: true, revokedSigners: r"), true },
    { GATE("expires: 59s"), false },
    { GATE("expires: 1m"), true },
    { GATE("selfApproval: maybe"), false },
    { GATE("selfApproval: OFF"), true },
    { GATE("backup: { method: atlas }"), false },
    { GATE("backup: { method: atl }"), false },
};

static void each_value_has_its_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(values); i++) {
        if (loads(values[i].text) != values[i].loads)
            fail_msg("%s, and should%s", values[i].loads ? "refused" : "loaded", values[i].text);
    }
}

static void atlas_backups_need_an_atlas_section(void **state)
{
    (void)state;
    assert_true(loads(ONE_ENVIRONMENT "    atlas: { project: " HEX24
                                      ", cluster: c, credentials: { clientId: a, clientSecret: b } }\n"
                                      "    gate: { backup: { method: atlas } }\n"));
}

static void a_secret_has_a_longest_length(void **state)
{
    (void)state;
    static const char head[] =
        "project: shop\nenvironments:\n  - name: dev\n    database: a\n    uri: mongodb://";
    for (size_t len = 4096; len <= 4097; len++) {
        char *text = mig_alloc(sizeof head + len + 2);
        memcpy(text, head, sizeof head - 1);
        memset(text + sizeof head - 1, 'h', len - 10);
        text[sizeof head - 1 + len - 10] = '\n';
        assert_int_equal(loads(text), len == 4096);
        free(text);
    }
}

/* The password's colon stands between the scheme and the @; others do not count. */
static void only_a_password_in_the_file_is_warned_of(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        size_t warnings;
    } rows[] = {
        { "mongodb://u:p@h", 1 },  { "mongodb://u@h:27017", 0 }, { "mongodb://h:27017", 0 },
        { "mongodb://u@h", 0 },    { "mongodb://h", 0 },         { "mongodb://h/?a=b:c@d", 1 },
        { "mongodb://h1,h2/", 0 },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        char text[300];
        snprintf(text, sizeof text,
                 "project: a\nenvironments:\n  - { name: dev, database: a, uri: \"%s\" }\n", rows[i].uri);
        struct cfg_config *config = load(text);
        if (config->warning_count != rows[i].warnings)
            fail_msg("%s: %zu warnings", rows[i].uri, config->warning_count);
        cfg_config_free(config);
    }
}

static void channels_are_told_of_something(void **state)
{
    (void)state;
    assert_true(loads(ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x, on: [run.failed] }\n"));
    assert_true(loads(ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x }\n"));
    assert_false(loads(ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x, on: [] }\n"));
    assert_false(loads(ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x, signingKey: k }\n"));
    assert_false(loads(ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x, environments: [prod] }\n"));
    assert_false(loads(ONE_ENVIRONMENT "notify:\n  - { name: a }\n"));
}

static void structure_that_is_no_configuration_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "~\n",
        "[]\n",
        "project: ~\n",
        "project: *nowhere\n",
        "project: !!str shop\n",
        "a: &b\n",
        "\"\n",
        "project: [\n",
        "? [a]\n: b\n",
        "environments: ~\n",
        "environments: {}\n",
        "&a shop\n",
        "- a\n- b\n",
        "project: &a [*a]\n",
        ONE_ENVIRONMENT "    gate: ~\n",
        ONE_ENVIRONMENT "    gate: []\n",
        ONE_ENVIRONMENT "    gate: 1\n",
        ONE_ENVIRONMENT "    protected: ~\n",
        ONE_ENVIRONMENT "    protected: {}\n",
        ONE_ENVIRONMENT "    order: [linear]\n",
        ONE_ENVIRONMENT "    gate: { approvers: ana }\n",
        ONE_ENVIRONMENT "    gate: { approvers: [~] }\n",
        ONE_ENVIRONMENT "    gate: { approvers: [[ana]] }\n",
        ONE_ENVIRONMENT "--- \nproject: b\n",
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        if (loads(rows[i]))
            fail_msg("loaded: %s", rows[i]);
    }
}

/* Cut off anywhere, the file is an error or a smaller configuration, and nothing worse. */
static void a_file_that_is_cut_off_is_read_or_refused(void **state)
{
    (void)state;
    static const char whole[] =
        "version: 1\nproject: &p shop\nlockWait: 10s\nenvironments:\n"
        "  - { name: dev, uri: \"mongodb://h\", database: *p, gate: { approvals: 1, approvers: [ana, ivo] } }\n"
        "notify:\n  - { name: mail, email: { to: [a@b.c], from: x@y.z, smtp: \"smtps://u:${P}@mx\" } }\n";
    for (size_t len = 0; len < sizeof whole; len++) {
        char *text = mig_strndup(whole, len);
        bool ok = loads(text);
        if (ok)
            assert_true(len > 150); /* the whole environment is there */
        free(text);
    }
    assert_true(loads(whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_has_its_form),
        cmocka_unit_test(atlas_backups_need_an_atlas_section),
        cmocka_unit_test(a_secret_has_a_longest_length),
        cmocka_unit_test(only_a_password_in_the_file_is_warned_of),
        cmocka_unit_test(channels_are_told_of_something),
        cmocka_unit_test(structure_that_is_no_configuration_is_refused),
        cmocka_unit_test(a_file_that_is_cut_off_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
