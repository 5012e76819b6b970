/* Who wins, and who is told to have won. */
#include "config_support.h"

static const char *origin_of(const struct cfg_config *config, const char *name, struct mig_buf *out)
{
    const struct cfg_value *value = cfg_value_find(config, name);
    assert_non_null(value);
    mig_buf_reset(out);
    cfg_origin_print(config, value, out);
    return out->text;
}

/* All five sources speak of prefix; taken away one by one from the strongest on, the next one wins. */
static void the_stronger_source_wins(void **state)
{
    (void)state;
    static const char file[] = ONE_ENVIRONMENT "prefix: file_\n", no_file[] = ONE_ENVIRONMENT;
    static const char dotenv[] = "# mine\nMIGTUI_PREFIX=dotenv_\n";
    static const char *const set[] = { "MIGTUI_PREFIX=env_", NULL }, *const empty[] = { "MIGTUI_PREFIX=",
                                                                                        NULL };
    static const struct cfg_flag flag = { "prefix", "flag_" };
    static const struct {
        const char *file;
        const char *dotenv;
        const char *const *set;
        size_t flags;
        const char *value;
        const char *origin;
    } rows[] = {
        { file, dotenv, set, 1, "flag_", "flag --prefix" },
        { file, dotenv, set, 0, "env_", "env MIGTUI_PREFIX" },
        { file, dotenv, NULL, 0, "dotenv_", ".env:2" },
        { file, dotenv, empty, 0, "dotenv_", ".env:2" },
        { file, NULL, NULL, 0, "file_", "migtui.yaml:6" },
        { file, NULL, empty, 0, "file_", "migtui.yaml:6" },
        { no_file, NULL, NULL, 0, "migtui_", "default" },
        { no_file, NULL, NULL, 1, "flag_", "flag --prefix" },
    };
    MIG_AUTOBUF struct mig_buf origin;
    mig_buf_init(&origin, 256);
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct variables variables = { rows[i].set };
        struct cfg_inputs inputs = { .getenv = variable,
                                     .ctx = &variables,
                                     .flags = &flag,
                                     .flag_count = rows[i].flags,
                                     .dotenv = rows[i].dotenv,
                                     .dotenv_len = rows[i].dotenv ? strlen(rows[i].dotenv) : 0 };
        struct cfg_config *config = load_with(rows[i].file, &inputs);
        assert_string_equal(config->prefix, rows[i].value);
        assert_string_equal(origin_of(config, "prefix", &origin), rows[i].origin);
        cfg_config_free(config);
    }
}

/* Each settable option has a variable and a flag of its own that reach it; no other option has. */
static void every_top_level_option_can_be_set_from_outside(void **state)
{
    (void)state;
    size_t count, settable = 0;
    const struct cfg_option *options = cfg_options(&count);
    for (size_t i = 0; i < count; i++) {
        char name[CFG_OPTION_NAME_MAX], pair[128];
        struct cfg_flag flag = { options[i].name, "20" };
        struct cfg_inputs inputs = { .flags = &flag, .flag_count = 1 };
        if (!cfg_option_is_settable(&options[i])) {
            struct cfg_config *config;
            struct mig_error err;
            assert_false(
                cfg_load_text("f", ONE_ENVIRONMENT, strlen(ONE_ENVIRONMENT), &inputs, &config, &err));
            assert_int_equal(err.code, MIG_ERR_USAGE);
            continue;
        }
        settable++;
        flag.value = options[i].type == CFG_DURATION                   ? "20s"
                     : options[i].type == CFG_PREFIX                   ? "p20"
                     : strcmp(options[i].key, "connectTimeoutMs") == 0 ? "200"
                                                                       : "20";
        struct cfg_config *config = load_with(ONE_ENVIRONMENT, &inputs);
        assert_int_equal(cfg_value_find(config, options[i].name)->origin.from, CFG_FROM_FLAG);
        cfg_config_free(config);

        cfg_option_variable(&options[i], name);
        snprintf(pair, sizeof pair, "%s=%s", name, flag.value);
        const char *const set[] = { pair, NULL };
        struct variables variables = { set };
        struct cfg_inputs outside = { .getenv = variable, .ctx = &variables };
        config = load_with(ONE_ENVIRONMENT, &outside);
        assert_int_equal(cfg_value_find(config, options[i].name)->origin.from, CFG_FROM_ENV);
        assert_string_equal(cfg_value_find(config, options[i].name)->text, flag.value);
        cfg_config_free(config);
    }
    assert_int_equal(settable, 10);
}

static void names_outside_follow_the_key(void **state)
{
    (void)state;
    char name[CFG_OPTION_NAME_MAX];
    cfg_option_variable(cfg_option_find("connectTimeoutMs"), name);
    assert_string_equal(name, "MIGTUI_CONNECT_TIMEOUT_MS");
    cfg_option_flag(cfg_option_find("connectTimeoutMs"), name);
    assert_string_equal(name, "--connect-timeout-ms");
}

static void a_bad_value_is_blamed_on_its_source(void **state)
{
    (void)state;
    static const char expected[] = "leaseSeconds must be a whole number from 5 to 300, not \"soon\"";
    static const struct cfg_flag flag = { "leaseSeconds", "soon" };
    static const char *const set[] = { "MIGTUI_LEASE_SECONDS=soon", NULL };
    static const char dotenv[] = "A=b\nMIGTUI_LEASE_SECONDS=soon\n";
    struct variables variables = { set };
    struct mig_error err;
    struct cfg_config *config;
    char message[256];

    struct cfg_inputs flags = { .flags = &flag, .flag_count = 1 };
    assert_false(cfg_load_text("f", ONE_ENVIRONMENT, strlen(ONE_ENVIRONMENT), &flags, &config, &err));
    snprintf(message, sizeof message, "--lease-seconds: %s", expected);
    assert_string_equal(err.message, message);
    assert_int_equal(err.code, MIG_ERR_USAGE);

    struct cfg_inputs env = { .getenv = variable, .ctx = &variables };
    snprintf(message, sizeof message, "MIGTUI_LEASE_SECONDS: %s", expected);
    refuse_with(ONE_ENVIRONMENT, &env, message);

    struct cfg_inputs with_dotenv = { .dotenv = dotenv,
                                      .dotenv_len = strlen(dotenv),
                                      .dotenv_name = "x/.env" };
    snprintf(message, sizeof message, "x/.env:2: MIGTUI_LEASE_SECONDS: %s", expected);
    refuse_with(ONE_ENVIRONMENT, &with_dotenv, message);

    struct cfg_flag unknown = { "environments[].gate.approvals", "0" };
    struct cfg_inputs policy = { .flags = &unknown, .flag_count = 1 };
    refuse_with(ONE_ENVIRONMENT, &policy, "environments[].gate.approvals cannot be set on the command line");
}

static void dotenv_feeds_references_but_does_not_override(void **state)
{
    (void)state;
    static const char file[] = "project: a\nenvironments:\n"
                               "  - { name: a, uri: \"${A}\", database: a }\n"
                               "  - { name: b, uri: \"${B}\", database: a }\n"
                               "  - { name: c, uri: \"${C}\", database: a }\n";
    static const char dotenv[] = "A=mongodb://a\nB=mongodb://b\n";
    static const char *const set[] = { "B=", NULL };
    struct variables variables = { set };
    struct cfg_inputs inputs = {
        .getenv = variable, .ctx = &variables, .dotenv = dotenv, .dotenv_len = strlen(dotenv)
    };
    struct cfg_config *config = load_with(file, &inputs);
    assert_null(config->environments[0].disabled_reason);
    assert_string_equal(config->environments[1].disabled_reason, "B is empty (uri of environment b)");
    assert_string_equal(config->environments[2].disabled_reason, "C is not set (uri of environment c)");
    cfg_config_free(config);
}

/* What a person types is relative to where they stand; what a file says, to the file. */
static void paths_are_relative_to_who_says_them(void **state)
{
    (void)state;
    static const struct cfg_flag flag = { "migrations", "./m" };
    static const char *const set[] = { "MIGTUI_MIGRATIONS=m", NULL };
    static const char dotenv[] = "MIGTUI_MIGRATIONS=m\n";
    struct variables variables = { set };
    const struct {
        struct cfg_inputs inputs;
        const char *text;
        const char *path;
    } rows[] = {
        { { .dir = "/p", .cwd = "/c", .flags = &flag, .flag_count = 1 }, ONE_ENVIRONMENT, "/c/m" },
        { { .dir = "/p", .flags = &flag, .flag_count = 1 }, ONE_ENVIRONMENT, "./m" },
        { { .dir = "/p", .cwd = "/c", .getenv = variable, .ctx = &variables }, ONE_ENVIRONMENT, "/c/m" },
        { { .dir = "/p", .cwd = "/c", .dotenv = dotenv, .dotenv_len = strlen(dotenv) },
          ONE_ENVIRONMENT,
          "/p/m" },
        { { .dir = "/p", .cwd = "/c" }, ONE_ENVIRONMENT "migrations: .//m\n", "/p/m" },
        { { .dir = "/", .cwd = "/c" }, ONE_ENVIRONMENT "migrations: m\n", "/m" },
        { { .dir = "/p" }, ONE_ENVIRONMENT "migrations: /m\n", "/m" },
        { { .dir = "/p" }, ONE_ENVIRONMENT "migrations: registry:shop\n", "registry:shop" },
        { { .cwd = "/c" }, ONE_ENVIRONMENT "migrations: ../m\n", "./../m" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct cfg_config *config = load_with(rows[i].text, &rows[i].inputs);
        assert_string_equal(config->migrations, rows[i].path);
        cfg_config_free(config);
    }
}

static const char shown_file[] =
    "project: shop\n"
    "environments:\n"
    "  - name: dev\n"
    "    uri: mongodb://me:hunter2@localhost:27017/?replicaSet=rs0\n"
    "    database: shop\n"
    "  - { name: test, uri: \"mongodb://me:${PW}@test\", database: shop }\n"
    "  - name: prod\n"
    "    uri: ${MONGO_URL_PROD}\n"
    "    database: shop\n"
    "    gate: { approvals: 2, approvers: [ana, ivo, mia] }\n"
    "notify:\n"
    "  - { name: ops, slack: \"https://hooks.slack.com/services/hunter2\" }\n"
    "  - { name: hook, webhook: \"cmd:echo hunter2\", signingKey: whsec_hunter2 }\n";

static void show_lists_values_and_hides_secrets(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, 64 * 1024);
    struct cfg_inputs inputs = { .dir = "/project" };
    struct cfg_config *config = load_with(shown_file, &inputs);
    cfg_show(config, &out, true);
    assert_null(strstr(out.text, "hunter2"));
    static const char *const lines[] = {
        "project                                shop                       migtui.yaml:1\n",
        "leaseSeconds                           30                         default\n",
        "environments.dev.uri                   mongodb://localhost:27017  migtui.yaml:4\n",
        "environments.test.uri                  mongodb://test             migtui.yaml:6; PW is not set\n",
        "environments.prod.uri                  ${MONGO_URL_PROD}          migtui.yaml:8; MONGO_URL_PROD is not set\n",
        "environments.prod.gate.approvers       ana, ivo, mia              migtui.yaml:10\n",
        "notify.ops.slack                       ***                        migtui.yaml:12\n",
        "notify.ops.on                          approval.requested, run.finished, run.failed  default\n",
        "notify.hook.webhook                    cmd:***                    migtui.yaml:13\n",
        "notify.hook.signingKey                 ***                        migtui.yaml:13\n",
        "test is disabled: PW is not set (uri of environment test)\n",
        "prod is disabled: MONGO_URL_PROD is not set (uri of environment prod)\n",
        "warning: migtui.yaml:4:10: a password stands in this file; ${NAME} or file: keep it out\n",
    };
    for (size_t i = 0; i < MIG_COUNT(lines); i++) {
        if (!strstr(out.text, lines[i]))
            fail_msg("no line \"%s\" in\n%s", lines[i], out.text);
    }
    mig_buf_reset(&out);
    cfg_show(config, &out, false);
    assert_null(strstr(out.text, "default"));
    assert_null(strstr(out.text, "hunter2"));
    cfg_config_free(config);
}

static void json_holds_the_same(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, 64 * 1024);
    struct cfg_inputs inputs = { .dir = "/project" };
    struct cfg_config *config = load_with(shown_file, &inputs);
    cfg_show_json(config, &out, true);
    assert_null(strstr(out.text, "hunter2"));
    bson_error_t error;
    bson_t *doc = bson_new_from_json((const uint8_t *)out.text, (ssize_t)out.len, &error);
    assert_non_null(doc);
    bson_iter_t iter, at;
    assert_true(bson_iter_init(&iter, doc) && bson_iter_find_descendant(&iter, "values.1.origin", &at));
    assert_string_equal(bson_iter_utf8(&at, NULL), "migtui.yaml:1");
    assert_true(bson_iter_init(&iter, doc) &&
                bson_iter_find_descendant(&iter, "disabled.1.environment", &at));
    assert_string_equal(bson_iter_utf8(&at, NULL), "prod");
    bson_destroy(doc);
    mig_buf_reset(&out);
    cfg_show_json(config, &out, false);
    assert_null(strstr(out.text, "\"origin\""));
    cfg_config_free(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stronger_source_wins),
        cmocka_unit_test(every_top_level_option_can_be_set_from_outside),
        cmocka_unit_test(names_outside_follow_the_key),
        cmocka_unit_test(a_bad_value_is_blamed_on_its_source),
        cmocka_unit_test(dotenv_feeds_references_but_does_not_override),
        cmocka_unit_test(paths_are_relative_to_who_says_them),
        cmocka_unit_test(show_lists_values_and_hides_secrets),
        cmocka_unit_test(json_holds_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
