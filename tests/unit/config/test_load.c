/* migtui.yaml becomes a configuration, or an error that says where. */
#include "config_support.h"

static const char whole[] =
    "version: 1\n"
    "project: shop\n"
    "migrations: ./db/migrations\n"
    "environments:\n"
    "  - name: dev\n"
    "    uri: ${MONGO_URL_DEV}\n"
    "    database: shop\n"
    "  - name: test\n"
    "    uri: file:secrets/test\n"
    "    database: shop\n"
    "    order: skip\n"
    "  - name: prod\n"
    "    uri: ssm:/shop/prod/mongo-url\n"
    "    database: shop\n"
    "    protected: true\n"
    "    order: linear\n"
    "    replicaSet: rs0\n"
    "    gate:\n"
    "      rehearsedIn: test\n"
    "      approvals: 2\n"
    "      approvers: [ana, ivo, mia]\n"
    "      selfApproval: false\n"
    "      signed: true\n"
    "      expires: 24h\n"
    "      window: { days: Mon-Thu, from: \"08:00\", to: \"16:00\", zone: Europe/Paris }\n"
    "      backup: { method: archive, maxAge: 1h, verify: true }\n"
    "      maxReplicationLag: 10s\n"
    "    atlas: { project: 64f0aa64f0aa64f0aa64f0aa, cluster: orders-prod,\n"
    "             credentials: { clientId: \"${ATLAS_ID}\", clientSecret: \"${ATLAS_SECRET}\" } }\n"
    "notify:\n"
    "  - { name: ops, slack: \"${SLACK_WEBHOOK}\", on: [approval.requested, run.failed], environments: "
    "[prod] }\n"
    "  - name: mail\n"
    "    email: { to: [a@example.com], from: migtui@example.com, smtp: \"smtps://u:${SMTP_PASSWORD}@mx\" }\n";

static void the_file_of_the_design_loads(void **state)
{
    (void)state;
    static const char *const set[] = { "MONGO_URL_DEV=mongodb://localhost", "ATLAS_ID=x", "ATLAS_SECRET=y",
                                       NULL };
    struct variables variables = { set };
    struct cfg_inputs inputs = { .dir = "/project", .getenv = variable, .ctx = &variables };
    struct cfg_config *config = load_with(whole, &inputs);
    assert_string_equal(config->project, "shop");
    assert_string_equal(config->migrations, "/project/db/migrations");
    assert_string_equal(config->prefix, "migtui_");
    assert_int_equal(config->lease_seconds, 30);
    assert_int_equal(config->environment_count, 3);

    const struct cfg_environment *dev = cfg_environment_find(config, "dev");
    assert_int_equal(dev->uri.kind, CFG_SECRET_ENV);
    assert_int_equal(dev->order, MIG_ORDER_LINEAR);
    assert_false(dev->has_gate || dev->is_protected || dev->has_atlas);
    assert_null(dev->disabled_reason);
    const struct cfg_environment *test = cfg_environment_find(config, "test");
    assert_int_equal(test->order, MIG_ORDER_SKIP);
    assert_string_equal(test->uri.text, "/project/secrets/test");

    const struct cfg_environment *prod = cfg_environment_find(config, "prod");
    assert_true(prod->is_protected && prod->has_gate && prod->has_atlas);
    assert_string_equal(prod->replica_set, "rs0");
    assert_string_equal(prod->disabled_reason, "ssm: secrets need a later version (uri of environment prod)");
    const struct cfg_gate *gate = &prod->gate;
    assert_string_equal(gate->rehearsed_in, "test");
    assert_int_equal(gate->approvals, 2);
    assert_int_equal(gate->approvers.count, 3);
    assert_string_equal(gate->approvers.items[2], "mia");
    assert_true(gate->is_signed && !gate->self_approval && !gate->break_glass);
    assert_string_equal(gate->allowed_signers, "/project/allowed_signers");
    assert_int_equal(gate->expires_ms, 24 * 3600 * 1000);
    assert_int_equal(gate->max_replication_lag_ms, 10000);
    assert_true(gate->has_window && gate->has_backup);
    assert_int_equal(gate->window.days, 0x0F);
    assert_int_equal(gate->window.from, 8 * 60);
    assert_int_equal(gate->window.to, 16 * 60);
    assert_string_equal(gate->window.zone, "Europe/Paris");
    assert_int_equal(gate->backup.method, CFG_BACKUP_ARCHIVE);
    assert_int_equal(gate->backup.max_age_ms, 3600 * 1000);
    assert_string_equal(prod->atlas.url, "https://cloud.mongodb.com");
    assert_null(prod->atlas.disabled_reason);

    assert_int_equal(config->notify_count, 2);
    assert_string_equal(config->notify[0].disabled_reason, "SLACK_WEBHOOK is not set (slack of channel ops)");
    assert_true(cfg_notify_wants(&config->notify[0], "run.failed", "prod"));
    assert_false(cfg_notify_wants(&config->notify[0], "run.failed", "dev"));
    assert_false(cfg_notify_wants(&config->notify[0], "run.finished", "prod"));
    assert_true(cfg_notify_wants(&config->notify[0], "breakGlass.opened", "prod"));
    assert_true(cfg_notify_wants(&config->notify[1], "run.finished", "dev"));
    assert_int_equal(config->secret_names.count, 5);
    cfg_config_free(config);
}

static void a_missing_variable_disables_its_environment_alone(void **state)
{
    (void)state;
    struct cfg_config *config = load("project: shop\n"
                                     "environments:\n"
                                     "  - { name: dev, uri: \"${MONGO_URL_DEV}\", database: a }\n"
                                     "  - { name: test, uri: \"mongodb://h\", database: a }\n");
    assert_string_equal(cfg_environment_find(config, "dev")->disabled_reason,
                        "MONGO_URL_DEV is not set (uri of environment dev)");
    assert_null(cfg_environment_find(config, "test")->disabled_reason);
    assert_null(cfg_environment_find(config, "prod"));
    cfg_config_free(config);
}

static void aliases_stand_for_their_anchor(void **state)
{
    (void)state;
    struct cfg_config *config = load("project: shop\n"
                                     "environments:\n"
                                     "  - name: dev\n"
                                     "    uri: mongodb://a\n"
                                     "    database: &db shop\n"
                                     "    gate: &strict { approvals: 1, window: { days: Sat } }\n"
                                     "  - name: prod\n"
                                     "    uri: mongodb://b\n"
                                     "    database: *db\n"
                                     "    gate: *strict\n");
    assert_string_equal(config->environments[1].database, "shop");
    assert_int_equal(config->environments[1].gate.approvals, 1);
    assert_int_equal(config->environments[1].gate.window.days, 1 << 5);
    assert_int_equal(cfg_value_find(config, "environments.prod.gate.approvals")->origin.line, 6);
    cfg_config_free(config);
}

struct negative {
    const char *text;
    const char *message;
};

static void refuse_all(const struct negative *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refuse(rows[i].text, rows[i].message);
}

static void unknown_keys_are_named_at_every_level(void **state)
{
    (void)state;
    static const struct negative rows[] = {
        { "projekt: shop\n" ONE_ENVIRONMENT,
          "migtui.yaml:1:1: unknown key \"projekt\"; did you mean \"project\"?" },
        { ONE_ENVIRONMENT "    databasee: x\n",
          "migtui.yaml:6:5: unknown key \"databasee\" in environments[0]; did you mean \"database\"?" },
        { TWO_ENVIRONMENTS "    gate:\n      aprovals: 2\n",
          "migtui.yaml:10:7: unknown key \"aprovals\" in environments[1].gate; did you mean \"approvals\"?" },
        { TWO_ENVIRONMENTS "    gate: { window: { form: \"08:00\" } }\n",
          "migtui.yaml:9:23: unknown key \"form\" in environments[1].gate.window; did you mean \"from\"?" },
        { TWO_ENVIRONMENTS "    gate:\n      backup:\n        age: 1h\n",
          "migtui.yaml:11:9: unknown key \"age\" in environments[1].gate.backup" },
        { TWO_ENVIRONMENTS "    atlas: { clusters: x }\n",
          "migtui.yaml:9:14: unknown key \"clusters\" in environments[1].atlas; did you mean \"cluster\"?" },
        { TWO_ENVIRONMENTS "    atlas: { credentials: { clientID: x } }\n",
          "migtui.yaml:9:29: unknown key \"clientID\" in environments[1].atlas.credentials; did you mean "
          "\"clientId\"?" },
        { ONE_ENVIRONMENT "notify:\n  - name: ops\n    slak: x\n",
          "migtui.yaml:8:5: unknown key \"slak\" in notify[0]; did you mean \"slack\"?" },
        { ONE_ENVIRONMENT "notify:\n  - name: ops\n    email: { too: x }\n",
          "migtui.yaml:8:14: unknown key \"too\" in notify[0].email; did you mean \"to\"?" },
        { ONE_ENVIRONMENT "\"a\\u202Eb\": 1\n", "migtui.yaml:6:1: unknown key \"a\\u{202e}b\"" },
        { ONE_ENVIRONMENT "<<: 1\n", "migtui.yaml:6:1: unknown key \"<<\"" },
    };
    refuse_all(rows, MIG_COUNT(rows));
}

static void structure_is_checked(void **state)
{
    (void)state;
    static const struct negative rows[] = {
        { "", "migtui.yaml:1:1: the file is empty" },
        { "# nothing\n", "migtui.yaml:1:1: the file is empty" },
        { "- a\n", "migtui.yaml:1:1: the file must be a mapping, not a list" },
        { "text\n", "migtui.yaml:1:1: the file must be a mapping, not a text" },
        { "project: shop\n", "migtui.yaml:1:1: environments is missing" },
        { "project: shop\nenvironments: []\n", "migtui.yaml:2:15: environments needs at least 1" },
        { "project: shop\nenvironments:\n", "migtui.yaml:2:14: environments has no value" },
        { "project: shop\nenvironments: dev\n", "migtui.yaml:2:15: environments must be a list, not a text" },
        { "project: shop\nenvironments:\n  - dev\n",
          "migtui.yaml:3:5: environments[0] must be a mapping, not a text" },
        { ONE_ENVIRONMENT "    gate: strict\n",
          "migtui.yaml:6:11: environments[0].gate must be a mapping, not a text" },
        { ONE_ENVIRONMENT "    gate:\n", "migtui.yaml:6:10: environments[0].gate has no value" },
        { ONE_ENVIRONMENT "    order: [linear]\n",
          "migtui.yaml:6:12: environments[0].order must be a text, not a list" },
        { ONE_ENVIRONMENT "    gate: { approvers: ana }\n",
          "migtui.yaml:6:24: environments[0].gate.approvers must be a list, not a text" },
        { ONE_ENVIRONMENT "    gate: { approvers: [{ a: b }] }\n",
          "migtui.yaml:6:25: environments[0].gate.approvers[0] must be a text, not a mapping" },
        { ONE_ENVIRONMENT "project: again\n",
          "migtui.yaml:6:1: \"project\" is given twice, first in line 1" },
        { ONE_ENVIRONMENT "    gate: { approvals: 1, approvals: 0 }\n",
          "migtui.yaml:6:27: \"approvals\" is given twice, first in line 6" },
        { ONE_ENVIRONMENT "prefix: ~\n", "migtui.yaml:6:9: prefix has no value" },
        { ONE_ENVIRONMENT "prefix: Null\n", "migtui.yaml:6:9: prefix has no value" },
        { ONE_ENVIRONMENT "? [a, b]\n: c\n", "migtui.yaml:6:3: a key must be a word" },
        { ONE_ENVIRONMENT "prefix: !!str x\n", "migtui.yaml:6:9: tags (!…) are not used here" },
        { ONE_ENVIRONMENT "prefix: \"a\\0b\"\n", "migtui.yaml:6:9: a text holds a NUL byte" },
        { ONE_ENVIRONMENT "prefix: *none\n", "migtui.yaml:6:9: *none: there is no such anchor above" },
        { ONE_ENVIRONMENT "notify: &n [*n]\n", "migtui.yaml:6:13: *n: there is no such anchor above" },
        { ONE_ENVIRONMENT "---\nproject: other\n", "migtui.yaml:6:1: a second document (---) begins here" },
        { "project: \xFF\n", "migtui.yaml:1:10: this byte is not UTF-8" },
        { "project: \"\x01\"\n", "migtui.yaml:1:11: control characters are not allowed" },
        { "project: [\n",
          "migtui.yaml:2:1: did not find expected node content (while parsing a flow node, line 2)" },
    };
    refuse_all(rows, MIG_COUNT(rows));
}

static void a_tab_is_explained(void **state)
{
    (void)state;
    struct cfg_config *config;
    struct mig_error err;
    const char *text = "project: shop\nenvironments:\n\t- name: dev\n";
    struct cfg_inputs inputs = { 0 };
    assert_false(cfg_load_text("migtui.yaml", text, strlen(text), &inputs, &config, &err));
    assert_string_equal(err.message,
                        "migtui.yaml:3:1: found character that cannot start any token (while scanning "
                        "for the next token, line 3)");
    assert_string_equal(err.hint, "YAML is indented by spaces, never by tabs");
    assert_int_equal(err.code, MIG_ERR_CONFIG);
}

#define NUMBER "migtui.yaml:6:15: leaseSeconds must be a whole number from 5 to 300, not "
#define LAG \
    "migtui.yaml:6:32: environments[0].gate.maxReplicationLag must be a duration with its unit (ms, s, m, " \
    "h, d) from 100ms to 1d, not "
#define NAME " must be a name of 1 to 32 of a-z, 0-9, _ and -, beginning with a letter or digit, not "
#define DATABASE \
    "migtui.yaml:4:15: environments[0].database must be a database's name: 1 to 63 bytes, none of " \
    "/\\. \"$*<>:|?, not admin, local or config, not "
#define WITH_DATABASE(name) \
    "project: a\nenvironments:\n  - uri: \"mongodb://h\"\n    database: " name "\n    name: dev\n"
static const struct negative bad_values[] = {
    { "version: 2\n" ONE_ENVIRONMENT, "migtui.yaml:1:10: version must be 1, not \"2\"" },
    { ONE_ENVIRONMENT "leaseSeconds: 4\n", NUMBER "\"4\"" },
    { ONE_ENVIRONMENT "leaseSeconds: 301\n", NUMBER "\"301\"" },
    { ONE_ENVIRONMENT "leaseSeconds: 30s\n", NUMBER "\"30s\"" },
    { ONE_ENVIRONMENT "leaseSeconds: 0x20\n", NUMBER "\"0x20\"" },
    { ONE_ENVIRONMENT "leaseSeconds: \"\"\n", NUMBER "\"\"" },
    { ONE_ENVIRONMENT "leaseSeconds: 99999999999999999999\n", NUMBER "\"99999999999999999999\"" },
    { ONE_ENVIRONMENT "    gate: { maxReplicationLag: 10 }\n", LAG "\"10\"" },
    { ONE_ENVIRONMENT "    gate: { maxReplicationLag: 0s }\n", LAG "\"0s\"" },
    { ONE_ENVIRONMENT "    gate: { maxReplicationLag: 2d }\n", LAG "\"2d\"" },
    { ONE_ENVIRONMENT "    protected: maybe\n",
      "migtui.yaml:6:16: environments[0].protected must be true or false, not \"maybe\"" },
    { ONE_ENVIRONMENT "    order: liner\n",
      "migtui.yaml:6:12: environments[0].order must be one of linear, skip, any, not \"liner\"; did "
      "you mean "
      "\"linear\"?" },
    { "project: a\nenvironments:\n  - { name: Prod, uri: \"mongodb://h\", database: a }\n",
      "migtui.yaml:3:13: environments[0].name" NAME "\"Prod\"" },
    { "project: a\nenvironments:\n  - { name: \"\", uri: \"mongodb://h\", database: a }\n",
      "migtui.yaml:3:13: environments[0].name" NAME "\"\"" },
    { "project: a\nenvironments:\n  - { name: -x, uri: \"mongodb://h\", database: a }\n",
      "migtui.yaml:3:13: environments[0].name" NAME "\"-x\"" },
    { "project: a\nenvironments:\n  - { name: a23456789012345678901234567890123, uri: "
      "\"mongodb://h\", database: a }\n",
      "migtui.yaml:3:13: environments[0].name" NAME "\"a23456789012345678901234567890123\"" },
    { WITH_DATABASE("a.b"), DATABASE "\"a.b\"" },
    { WITH_DATABASE("admin"), DATABASE "\"admin\"" },
    { WITH_DATABASE("a$b"), DATABASE "\"a$b\"" },
    { WITH_DATABASE("\"\""), DATABASE "\"\"" },
    { WITH_DATABASE("${DB}"),
      "migtui.yaml:4:15: environments[0].database: ${…} works in uri and in secrets only" },
    { ONE_ENVIRONMENT "prefix: system.x\n",
      "migtui.yaml:6:9: prefix must be 1 to 32 of a-z, A-Z, 0-9, _, - and ., beginning with a letter, "
      "not with "
      "system., not \"system.x\"" },
    { "environments:\n  - { name: dev, uri: \"mongodb://h\", database: a }\n",
      "migtui.yaml:1:1: project is missing" },
    { "project: \"a\\u200bb\"\nenvironments:\n  - { name: dev, uri: \"mongodb://h\", database: a }\n",
      "migtui.yaml:1:10: project must be a text of 1 to 100 bytes without control characters, not "
      "\"a\\u{200b}b\"" },
    { "project: a\nenvironments:\n  - name: dev\n    database: a\n",
      "migtui.yaml:3:5: environments[0].uri is missing" },
    { "project: a\nenvironments:\n  - name: dev\n    uri: mongodb://h\n",
      "migtui.yaml:3:5: environments[0].database is missing" },
    { "project: a\nenvironments:\n  - uri: mongodb://h\n",
      "migtui.yaml:3:5: environments[0].name is missing" },
    { "project: a\nenvironments:\n  - { name: dev, database: a, uri: \"http://me:secret@h\" }\n",
      "migtui.yaml:3:36: environments[0].uri must be a reference to a secret, or a mongodb:// or "
      "mongodb+srv:// "
      "connection string" },
    { "project: a\nenvironments:\n  - { name: dev, database: a, uri: \"mongodb://${PW@h\" }\n",
      "migtui.yaml:3:36: environments[0].uri: a ${ has no }; write $${ for the two characters "
      "themselves" },
    { "project: a\nenvironments:\n  - { name: dev, database: a, uri: \"${A:-b}\" }\n",
      "migtui.yaml:3:36: environments[0].uri: ${…} must hold the name of a variable: letters, digits "
      "and _" },
    { "project: a\nenvironments:\n  - { name: dev, database: a, uri: \"file:\" }\n",
      "migtui.yaml:3:36: environments[0].uri: nothing follows the colon" },
    { ONE_ENVIRONMENT "    gate: { window: { days: Mon-Mor } }\n",
      "migtui.yaml:6:29: environments[0].gate.window.days must be days such as Mon-Thu or "
      "Mon,Wed,Fri, not "
      "\"Mon-Mor\"" },
    { ONE_ENVIRONMENT "    gate: { window: { days: \"\" } }\n",
      "migtui.yaml:6:29: environments[0].gate.window.days must be days such as Mon-Thu or "
      "Mon,Wed,Fri, not \"\"" },
    { ONE_ENVIRONMENT "    gate: { window: { from: \"24:00\" } }\n",
      "migtui.yaml:6:29: environments[0].gate.window.from must be a time from 00:00 to 23:59, not "
      "\"24:00\"" },
    { ONE_ENVIRONMENT "    gate: { window: { to: \"12:60\" } }\n",
      "migtui.yaml:6:27: environments[0].gate.window.to must be a time from 00:00 to 24:00, not "
      "\"12:60\"" },
    { ONE_ENVIRONMENT "    gate: { window: { zone: ../../etc/passwd } }\n",
      "migtui.yaml:6:29: environments[0].gate.window.zone must be a name of the time zone database, "
      "such as "
      "Europe/Paris or UTC, not \"../../etc/passwd\"" },
    { ONE_ENVIRONMENT "    atlas: { project: 64f0aa, cluster: a }\n",
      "migtui.yaml:6:23: environments[0].atlas.project must be 24 hex digits, not \"64f0aa\"" },
    { ONE_ENVIRONMENT "    atlas: { project: 64f0aa64f0aa64f0aa64f0aa, cluster: a }\n",
      "migtui.yaml:6:12: environments[0].atlas.credentials is missing" },
    { ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x, on: [run.start] }\n",
      "migtui.yaml:7:31: notify[0].on[0] must be one of approval.requested, approval.approved, "
      "approval.rejected, run.started, run.finished, run.failed, backup.finished, backup.failed, "
      "drift.found, "
      "lock.takenOver, breakGlass.opened, breakGlass.closed, not \"run.start\"; did you mean "
      "\"run.started\"?" },
    { ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x, on: [run.failed, run.failed] }\n",
      "migtui.yaml:7:43: notify[0].on[1]: it is in the list already" },
    { ONE_ENVIRONMENT "notify:\n  - { name: a, email: { from: a@b, smtp: x } }\n",
      "migtui.yaml:7:23: notify[0].email.to is missing" },
    { ONE_ENVIRONMENT "notify:\n  - { name: a, email: { to: [], from: a@b, smtp: x } }\n",
      "migtui.yaml:7:29: notify[0].email.to is empty" },
};

static void an_unquoted_reference_within_braces_is_explained(void **state)
{
    (void)state;
    struct cfg_config *config;
    struct mig_error err;
    const char *text = "project: shop\nenvironments:\n  - { name: dev, uri: ${MONGO}, database: shop }\n";
    struct cfg_inputs inputs = { 0 };
    assert_false(cfg_load_text("migtui.yaml", text, strlen(text), &inputs, &config, &err));
    assert_int_equal(strncmp(err.message, "migtui.yaml:3:24: ", 18), 0);
    assert_string_equal(err.hint, "within {…} and […] a reference needs quotes: \"${NAME}\"");
}

static void values_are_typed_strictly(void **state)
{
    (void)state;
    refuse_all(bad_values, MIG_COUNT(bad_values));
}

static void a_secret_is_never_quoted(void **state)
{
    (void)state;
    struct cfg_config *config;
    struct mig_error err;
    const char *text =
        "project: a\nenvironments:\n  - { name: dev, database: a, uri: \"mongo://me:hunter2@h\" }\n";
    struct cfg_inputs inputs = { 0 };
    assert_false(cfg_load_text("migtui.yaml", text, strlen(text), &inputs, &config, &err));
    assert_null(strstr(err.message, "hunter2"));
}

static void limits_hold(void **state)
{
    (void)state;
    struct cfg_config *config;
    struct mig_error err;
    struct cfg_inputs inputs = { 0 };
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 2 * CFG_FILE_MAX);

    mig_buf_fill(&text, '#', CFG_FILE_MAX + 1);
    assert_false(cfg_load_text("migtui.yaml", text.text, text.len, &inputs, &config, &err));
    assert_int_equal(err.code, MIG_ERR_LIMIT);
    assert_string_equal(err.message, "migtui.yaml is larger than 1048576 bytes");

    mig_buf_reset(&text);
    mig_buf_str(&text, "project: a\nenvironments:\n");
    for (int i = 0; i < 33; i++)
        mig_buf_printf(&text, "  - { name: e%d, uri: \"mongodb://h\", database: d%d }\n", i, i);
    refuse(text.text, "migtui.yaml:35:5: environments: more than 32");

    mig_buf_reset(&text);
    mig_buf_str(&text, "a: &a [x,x,x,x,x,x,x,x,x,x]\n");
    for (char c = 'b'; c < 'k'; c++)
        mig_buf_printf(&text, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c - 1, c - 1, c - 1,
                       c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
    assert_false(cfg_load_text("migtui.yaml", text.text, text.len, &inputs, &config, &err));
    assert_int_equal(err.code, MIG_ERR_LIMIT);
    assert_string_equal(err.message,
                        "migtui.yaml:4:20: more than 5000 values, aliases counted as what they stand for");

    mig_buf_reset(&text);
    mig_buf_fill(&text, '[', 5000);
    assert_false(cfg_load_text("migtui.yaml", text.text, text.len, &inputs, &config, &err));
    assert_string_equal(err.message, "migtui.yaml:1:17: more than 16 levels deep");

    mig_buf_reset(&text);
    for (int i = 0; i < 201; i++)
        mig_buf_printf(&text, "k%d: x\n", i);
    assert_false(cfg_load_text("migtui.yaml", text.text, text.len, &inputs, &config, &err));
    assert_string_equal(err.message, "migtui.yaml:201:1: more than 200 keys in one mapping");
}

static bool zone_of_test(void *ctx, const char *zone)
{
    return variable(ctx, zone) != NULL;
}

static void an_unknown_zone_is_an_error(void **state)
{
    (void)state;
    static const char *const known[] = { "Europe/Paris=yes", NULL };
    struct variables variables = { known };
    struct cfg_inputs inputs = { .zone_known = zone_of_test, .ctx = &variables };
    cfg_config_free(load_with(ONE_ENVIRONMENT "    gate: { window: { zone: Europe/Paris } }\n", &inputs));
    refuse_with(
        ONE_ENVIRONMENT "    gate: { window: { zone: Europe/Pariss } }\n", &inputs,
        "migtui.yaml:6:29: environments[0].gate.window.zone: this machine does not know that time zone");
}

/* The table's words for order are the model's. */
static void the_words_of_order_are_the_models(void **state)
{
    (void)state;
    for (int i = 0; i < MIG_ORDERS; i++) {
        MIG_AUTOBUF struct mig_buf text;
        mig_buf_init(&text, 4096);
        mig_buf_printf(&text, ONE_ENVIRONMENT "    order: %s\n", mig_order_word(i));
        struct cfg_config *config = load(text.text);
        assert_int_equal(config->environments[0].order, i);
        cfg_config_free(config);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_of_the_design_loads),
        cmocka_unit_test(a_missing_variable_disables_its_environment_alone),
        cmocka_unit_test(aliases_stand_for_their_anchor),
        cmocka_unit_test(unknown_keys_are_named_at_every_level),
        cmocka_unit_test(structure_is_checked),
        cmocka_unit_test(a_tab_is_explained),
        cmocka_unit_test(an_unquoted_reference_within_braces_is_explained),
        cmocka_unit_test(values_are_typed_strictly),
        cmocka_unit_test(a_secret_is_never_quoted),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(an_unknown_zone_is_an_error),
        cmocka_unit_test(the_words_of_order_are_the_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
