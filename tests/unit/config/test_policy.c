/* A policy that cannot work is an error when it is read, with its place. */
#include "config_support.h"

#define GATE(text) TWO_ENVIRONMENTS "    gate: " text "\n"

static void gates_that_nobody_can_pass_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        { GATE("{ approvals: 2, approvers: [ana] }"),
          "migtui.yaml:9:24: the gate of prod asks for 2 approvals and has 1 approver: nobody could ever "
          "pass" },
        { GATE("{ approvals: 2, approvers: [ana], selfApproval: true }"),
          "migtui.yaml:9:24: the gate of prod asks for 2 approvals and has 1 approver: nobody could ever "
          "pass" },
        { GATE("{ approvals: 1, approvers: [] }"),
          "migtui.yaml:9:24: the gate of prod asks for 1 approval and has 0 approvers: nobody could ever "
          "pass" },
        { GATE("{ approvals: 2, approvers: [ana, ana] }"),
          "migtui.yaml:9:44: environments[1].gate.approvers[1]: it is in the list already" },
        { GATE("{ approvers: [ana] }"),
          "migtui.yaml:9:24: the gate of prod has approvers but asks for no approvals" },
        { GATE("{ signed: true }"),
          "migtui.yaml:9:21: the gate of prod has signed: true but asks for no approvals" },
        { GATE("{ window: { from: \"08:00\", to: \"08:00\" } }"),
          "migtui.yaml:9:42: the window of prod is empty: from and to are the same minute; a whole day is "
          "00:00 to "
          "24:00" },
        { GATE("{ window: { to: \"00:00\" } }"),
          "migtui.yaml:9:27: the window of prod is empty: from and to are the same minute; a whole day is "
          "00:00 to "
          "24:00" },
        { GATE("{ rehearsedIn: prod }"),
          "migtui.yaml:9:26: the gate of prod is rehearsed in prod itself: nothing could ever pass" },
        { GATE("{ rehearsedIn: dex }"),
          "migtui.yaml:9:26: the gate of prod is rehearsed in \"dex\", which is no environment; did you "
          "mean \"dev\"?" },
        { GATE("{ rehearsedIn: x }"),
          "migtui.yaml:9:26: the gate of prod is rehearsed in \"x\", which is no environment" },
        { GATE("{ rehearsedIn: later }") "  - { name: later, uri: \"mongodb://c\", database: shop }\n",
          "migtui.yaml:9:26: the gate of prod is rehearsed in later, which comes after it: nothing could "
          "ever pass" },
        { GATE("{ backup: { method: atlas } }"),
          "migtui.yaml:9:31: the gate of prod wants Atlas backups, and prod has no atlas section" },
        { GATE("{ backup: { method: exec } }"),
          "migtui.yaml:9:31: the backup of prod is of method exec and has no command" },
        { GATE("{ backup: { command: ./dump } }"),
          "migtui.yaml:9:32: the backup of prod has a command, which only method exec runs" },
        { GATE("{ approvals: 17 }"),
          "migtui.yaml:9:24: environments[1].gate.approvals must be a whole number from 0 to 16, not \"17\"" },
        { GATE("{ expires: 1s }"),
          "migtui.yaml:9:22: environments[1].gate.expires must be a duration with its unit (ms, s, m, h, "
          "d) from 1m "
          "to 60d, not \"1s\"" },
        { GATE("{ backup: { maxAge: 0s } }"),
          "migtui.yaml:9:31: environments[1].gate.backup.maxAge must be a duration with its unit (ms, s, "
          "m, h, d) "
          "from 1m to 365d, not \"0s\"" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        refuse(rows[i].text, rows[i].message);
}

static void gates_that_can_be_passed_load(void **state)
{
    (void)state;
    static const char *const texts[] = {
        GATE("{}"),
        GATE("{ approvals: 2 }"),
        GATE("{ approvals: 1, approvers: [ana], selfApproval: true }"),
        GATE("{ approvals: 2, approvers: [ana, ivo, mia], signed: true }"),
        GATE("{ rehearsedIn: dev }"),
        GATE("{ window: {} }"),
        GATE("{ window: { days: \"Fri-Mon, Wed\", from: \"22:00\", to: \"04:00\" } }"),
        GATE("{ backup: { method: exec, command: \"./dump ${DB}\" } }"),
        GATE("{ approvals: 1, breakGlass: true }"),
    };
    for (size_t i = 0; i < MIG_COUNT(texts); i++) {
        struct cfg_config *config = load(texts[i]);
        assert_true(config->environments[1].has_gate);
        assert_int_equal(config->warning_count, 0);
        cfg_config_free(config);
    }
    struct cfg_config *config = load(texts[6]);
    assert_int_equal(config->environments[1].gate.window.days, 0x75); /* Fri Sat Sun Mon, Wed */
    cfg_config_free(config);
}

static void environments_and_channels_are_told_apart(void **state)
{
    (void)state;
    refuse(ONE_ENVIRONMENT "  - { name: dev, uri: \"mongodb://b\", database: shop }\n",
           "migtui.yaml:6:13: there are two environments dev");
    refuse(ONE_ENVIRONMENT "  - { name: test, uri: \"mongodb://localhost\", database: shop }\n",
           "migtui.yaml:6:24: dev and test are one place: the same uri and database");
    refuse(ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x }\n  - { name: a, slack: y }\n",
           "migtui.yaml:8:13: there are two channels a");
    refuse(ONE_ENVIRONMENT "notify:\n  - { name: a }\n",
           "migtui.yaml:7:5: channel a must have exactly one of slack, teams, webhook and email");
    refuse(ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x, teams: y }\n",
           "migtui.yaml:7:5: channel a must have exactly one of slack, teams, webhook and email");
    refuse(ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x, signingKey: y }\n",
           "migtui.yaml:7:38: channel a has a signingKey, which only a webhook uses");
    refuse(ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x, environments: [dev, prod] }\n",
           "migtui.yaml:7:46: channel a: there is no environment \"prod\"");
    refuse(ONE_ENVIRONMENT "notify:\n  - { name: a, slack: x, on: [] }\n",
           "migtui.yaml:7:30: channel a is told of nothing");
}

#define CREDENTIALS(text) \
    ONE_ENVIRONMENT "    atlas: { project: 64f0aa64f0aa64f0aa64f0aa, cluster: a, credentials: { " text \
                    " } }\n"

static void atlas_credentials_are_one_pair(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        CREDENTIALS(""), CREDENTIALS("clientId: a"), CREDENTIALS("clientId: a, publicKey: b"),
        CREDENTIALS("clientId: a, clientSecret: b, publicKey: c, privateKey: d")
    };
    for (size_t i = 0; i < MIG_COUNT(wrong); i++)
        refuse(wrong[i],
               "migtui.yaml:6:74: the Atlas credentials of dev must be clientId and clientSecret, or "
               "publicKey and privateKey");
    struct cfg_config *config = load(CREDENTIALS("publicKey: a, privateKey: \"${KEY}\""));
    assert_string_equal(config->environments[0].atlas.disabled_reason,
                        "KEY is not set (privateKey of environment dev)");
    assert_null(config->environments[0].disabled_reason);
    cfg_config_free(config);
}

static void odd_policies_are_warned_of(void **state)
{
    (void)state;
    struct cfg_config *config = load(GATE("{ approvals: 1, approvers: [ana] }"));
    assert_int_equal(config->warning_count, 1);
    assert_string_equal(config->warnings[0],
                        "migtui.yaml:9:38: every approver must approve, so none of them can "
                        "request (selfApproval is false)");
    cfg_config_free(config);
    config = load(GATE("{ breakGlass: true }"));
    assert_string_equal(config->warnings[0], "migtui.yaml:9:25: breakGlass has no effect without approvals");
    cfg_config_free(config);
    config =
        load("project: a\nenvironments:\n  - { name: dev, database: a, uri: \"mongodb://me:hunter2@h/\" }\n"
             "  - { name: test, database: b, uri: \"mongodb://me@h:1/\" }\n");
    assert_int_equal(config->warning_count, 1);
    assert_string_equal(config->warnings[0],
                        "migtui.yaml:3:36: a password stands in this file; ${NAME} or file: keep it out");
    cfg_config_free(config);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gates_that_nobody_can_pass_are_refused),
        cmocka_unit_test(gates_that_can_be_passed_load),
        cmocka_unit_test(environments_and_channels_are_told_apart),
        cmocka_unit_test(atlas_credentials_are_one_pair),
        cmocka_unit_test(odd_policies_are_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
