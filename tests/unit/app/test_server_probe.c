/* What a server is and can do, as its own answers say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/server_probe.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"

#define PRIMARY \
    "{'isWritablePrimary': true, 'setName': 'rs', 'me': 'db1:27017', 'maxWireVersion': 25, " \
    "'maxBsonObjectSize': 16777216, 'maxMessageSizeBytes': 48000000, 'logicalSessionTimeoutMinutes': 30}"
#define VERSION_8 "{'version': '8.0.4', 'versionArray': [8, 0, 4, 0]}"

struct world {
    struct store_script *script;
    struct host_fake host;
    struct mig_server server;
    struct mig_error err;
};

static int set_up(void **state)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    w.script = store_script_new("db");
    host_fake_init(&w.host);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    store_script_end(w->script);
    return 0;
}

static bool glance(struct world *w)
{
    return mig_server_glance(store_script_store(w->script), &w->host.base, &w->server, &w->err);
}

static bool probe(struct world *w)
{
    struct mig_store *store = store_script_store(w->script);
    return glance(w) && mig_server_probe_operations(store, &w->server, &w->err) &&
           mig_server_probe_user(store, "db", &w->server, &w->err);
}

static void a_modern_primary_can_all(void **state)
{
    struct world *w = *state;
    script_reply(w->script, "{'hello': 1}", PRIMARY);
    script_reply(w->script, "{'buildInfo': 1}", VERSION_8);
    script_reply(w->script, "{'currentOp': 1, '$ownOps': true}", "{'inprog': []}");
    script_reply(w->script, "{'connectionStatus': 1, 'showPrivileges': true}",
                 "{'authInfo': {'authenticatedUsers': [{'user': 'mig', 'db': 'admin'}]}}");
    assert_true(probe(w));
    assert_true(script_last(w->script)->no_concern && script_last(w->script)->admin);
    const struct mig_server *s = &w->server;
    assert_string_equal(s->version, "8.0.4");
    assert_int_equal(s->major, 8);
    assert_int_equal(s->topology, MIG_TOPOLOGY_REPLICA_SET);
    assert_string_equal(s->set_name, "rs");
    assert_string_equal(s->primary, "db1:27017");
    assert_string_equal(s->db_user, "mig@admin");
    assert_true(s->can_transactions && s->can_bulk_write && s->can_pipeline_update && s->can_union);
    assert_true(s->can_current_op && s->can_change_streams && s->majority_reads);
}

static void a_lone_server_has_no_transactions(void **state)
{
    struct world *w = *state;
    script_reply(w->script, "{'hello': 1}",
                 "{'isWritablePrimary': true, 'maxWireVersion': 8, 'logicalSessionTimeoutMinutes': 30}");
    script_reply(w->script, "{'buildInfo': 1}", "{'version': '4.2.25', 'versionArray': [4, 2, 25, 0]}");
    assert_true(glance(w));
    assert_int_equal(w->server.topology, MIG_TOPOLOGY_STANDALONE);
    assert_true(w->server.can_pipeline_update);
    assert_false(w->server.can_transactions || w->server.can_bulk_write || w->server.can_union);
    assert_false(w->server.can_change_streams || w->server.majority_reads || w->server.can_current_op);
}

static void a_router_is_told_from_a_set(void **state)
{
    struct world *w = *state;
    script_reply(w->script, "{'hello': 1}",
                 "{'isWritablePrimary': true, 'msg': 'isdbgrid', 'maxWireVersion': 9, "
                 "'logicalSessionTimeoutMinutes': 30}");
    script_reply(w->script, "{'buildInfo': 1}", "{'version': '4.4.1', 'versionArray': [4, 4, 1, 0]}");
    assert_true(glance(w));
    assert_int_equal(w->server.topology, MIG_TOPOLOGY_SHARDED);
    assert_true(w->server.can_transactions && w->server.can_union);
}

static void the_clocks_difference_is_the_servers_minus_ours(void **state)
{
    struct world *w = *state;
    script_reply(
        w->script, "{'hello': 1}",
        "{'isWritablePrimary': true, 'maxWireVersion': 21, 'localTime': {'$date': {'$numberLong': '5000'}}}");
    script_reply(w->script, "{'buildInfo': 1}", VERSION_8);
    int64_t ours = w->host.base.ops->wall_ms(&w->host.base);
    assert_true(glance(w));
    assert_int_equal(w->server.skew_ms, 5000 - ours);
}

/* `hello` came with patch releases of 4.2 and 4.4; a server too old for us must still be named. */
static void a_server_that_is_too_old_is_told_both_versions(void **state)
{
    struct world *w = *state;
    script_reply(w->script, "{'hello': 1}", "{'ok': 0, 'code': 59, 'errmsg': 'no such command'}");
    script_reply(w->script, "{'isMaster': 1}", "{'ismaster': true, 'maxWireVersion': 7}");
    script_reply(w->script, "{'buildInfo': 1}", "{'version': '4.0.28', 'versionArray': [4, 0, 28, 0]}");
    assert_false(probe(w));
    assert_int_equal(w->err.code, MIG_ERR_TOO_OLD);
    assert_non_null(strstr(w->err.message, "4.0.28"));
    assert_non_null(strstr(w->err.message, "4.2"));
}

static void a_secondary_is_refused_and_names_the_primary(void **state)
{
    struct world *w = *state;
    script_reply(w->script, "{'hello': 1}",
                 "{'isWritablePrimary': false, 'secondary': true, 'setName': 'rs', 'me': 'db2:27017', "
                 "'primary': 'db1:27017', 'maxWireVersion': 21}");
    assert_false(probe(w));
    assert_int_equal(w->err.code, MIG_ERR_WRONG_SERVER);
    assert_non_null(strstr(w->err.message, "db2:27017"));
    assert_non_null(strstr(w->err.message, "db1:27017"));
    assert_non_null(strstr(w->err.hint, "replicaSet=rs"));
}

static void a_user_without_the_right_to_look_is_still_known(void **state)
{
    struct world *w = *state;
    script_reply(w->script, "{'hello': 1}", PRIMARY);
    script_reply(w->script, "{'buildInfo': 1}", VERSION_8);
    script_reply(w->script, "{'currentOp': 1}", "{'ok': 0, 'code': 13, 'errmsg': 'not authorized'}");
    script_reply(w->script, "{'connectionStatus': 1}",
                 "{'authInfo': {'authenticatedUsers': [{'user': 'ro', 'db': 'admin'}]}}");
    assert_true(probe(w));
    assert_false(w->server.can_current_op);
    assert_string_equal(w->server.db_user, "ro@admin");
}

/* What connectionStatus says of one user's roles and privileges. */
static bool seen_to_read_only(struct world *w, const char *roles, const char *privileges)
{
    char answer[1024];
    snprintf(
        answer, sizeof answer,
        "{'authInfo': {'authenticatedUsers': [{'user': 'u', 'db': 'admin'}], 'authenticatedUserRoles': [%s], "
        "'authenticatedUserPrivileges': [%s]}}",
        roles, privileges);
    script_reply(w->script, "{'connectionStatus': 1}", answer);
    assert_true(mig_server_probe_user(store_script_store(w->script), "db", &w->server, &w->err));
    return w->server.may_only_read;
}

static void a_user_who_may_only_read_is_known_by_rights_or_else_by_roles(void **state)
{
    static const struct {
        const char *roles, *privileges;
        bool only_reads;
    } rows[] = {
        { "{'role': 'x', 'db': 'db'}",
          "{'resource': {'db': 'db', 'collection': ''}, 'actions': ['find', 'insert']}", false },
        { "{'role': 'x', 'db': 'db'}", "{'resource': {'db': '', 'collection': ''}, 'actions': ['insert']}",
          false },
        { "{'role': 'x', 'db': 'db'}", "{'resource': {'anyResource': true}, 'actions': ['insert']}", false },
        { "{'role': 'x', 'db': 'db'}", "{'resource': {'db': 'db', 'collection': ''}, 'actions': ['find']}",
          true },
        { "{'role': 'x', 'db': 'db'}",
          "{'resource': {'db': 'other', 'collection': ''}, 'actions': ['insert']}", true },
        { "{'role': 'x', 'db': 'db'}",
          "{'resource': {'db': 'db', 'collection': 'one'}, 'actions': ['insert']}", true },
        { "{'role': 'x', 'db': 'db'}", "{'resource': {'cluster': true}, 'actions': ['insert']}", true },
        { "{'role': 'read', 'db': 'db'}, {'role': 'readAnyDatabase', 'db': 'admin'}", "", true },
        { "{'role': 'read', 'db': 'db'}, {'role': 'ours', 'db': 'db'}", "", false },
        { "", "", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(seen_to_read_only(*state, rows[i].roles, rows[i].privileges), rows[i].only_reads);
}

static void a_server_that_goes_away_is_told_as_the_store_tells(void **state)
{
    struct world *w = *state;
    script_reply(w->script, "{'hello': 1}", PRIMARY);
    script_lose(w->script, "{'buildInfo': 1}", MIG_OUTCOME_UNKNOWN, MIG_ERR_UNKNOWN_OUTCOME, 0);
    assert_false(probe(w));
    assert_int_equal(w->err.code, MIG_ERR_UNKNOWN_OUTCOME);
}

int main(void)
{
#define PROBE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PROBE_TEST(a_modern_primary_can_all),
        PROBE_TEST(a_lone_server_has_no_transactions),
        PROBE_TEST(a_router_is_told_from_a_set),
        PROBE_TEST(the_clocks_difference_is_the_servers_minus_ours),
        PROBE_TEST(a_user_who_may_only_read_is_known_by_rights_or_else_by_roles),
        PROBE_TEST(a_server_that_is_too_old_is_told_both_versions),
        PROBE_TEST(a_secondary_is_refused_and_names_the_primary),
        PROBE_TEST(a_user_without_the_right_to_look_is_still_known),
        PROBE_TEST(a_server_that_goes_away_is_told_as_the_store_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
