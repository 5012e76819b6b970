/* Before a run goes on where another died: what the dead one left on the server is ended, and seen to have ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/lock.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"

#define RUN    "01J9ZZZZZZZZZZZZZZZZZZZZZZ"
#define LISTED "{'find': 'migtui_lock'}"
#define STRIKE "{'update': 'migtui_lock'}"
#define OPS    "{'currentOp': 1}"
#define UNQUIET(more) \
    "{'cursor': {'firstBatch': [{'_id': 'lock', 'unquiet': [{'run': '" RUN "'" more "}]}]}, 'ok': 1}"
#define AT_WORK \
    "{'inprog': [{'opid': 7, 'active': true, 'appName': 'migtui-" RUN \
    "'}, {'opid': 8, 'active': true, 'appName': 'other'}, " \
    "{'opid': 9, 'active': false, 'appName': 'migtui-" RUN "'}], 'ok': 1}"
#define AT_REST "{'inprog': [{'opid': 8, 'active': true, 'appName': 'other'}], 'ok': 1}"

struct world {
    struct store_script *script;
    struct host_fake host;
    struct mig_names names;
    struct mig_error err;
    int killed;
};

static void world_init(struct world *w, const char *listed)
{
    *w = (struct world){ .script = store_script_new("shop"), .killed = -1 };
    host_fake_init(&w->host);
    mig_names_make("migtui_", &w->names);
    script_reply(w->script, LISTED, listed);
}

/* With ten seconds to do it. */
static bool quiesces(struct world *w)
{
    return mig_takeover_quiesce(store_script_store(w->script), &w->host.base, &w->names,
                                w->host.now_ms + 10000, &w->killed, &w->err);
}

static void a_killed_operation_is_waited_for_until_it_is_gone(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, UNQUIET(""));
    for (int i = 0; i < 3; i++) { /* killed, and still at work for two more looks */
        script_reply(w.script, OPS, AT_WORK);
        script_reply(w.script, "{'killOp': 1, 'op': 7}", "{}");
    }
    script_reply(w.script, OPS, AT_REST);
    script_reply(w.script, STRIKE, "{'ok': 1, 'n': 1}");
    assert_true(quiesces(&w));
    assert_int_equal(w.killed, 1);
    assert_int_equal(w.host.sleeps, 3);
    store_script_end(w.script);
}

static void one_that_does_not_end_keeps_the_run_from_starting(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, UNQUIET(""));
    for (int i = 0; i < 51; i++) { /* every 200 ms of ten seconds */
        script_reply(w.script, OPS, AT_WORK);
        script_reply(w.script, "{'killOp': 1, 'op': 7}", "{}");
    }
    assert_false(quiesces(&w));
    assert_int_equal(w.err.code, MIG_ERR_LOCKED);
    assert_non_null(strstr(w.err.message, "1 operations of run " RUN " are still executing"));
    store_script_end(w.script);
}

static void what_cannot_be_seen_is_not_taken_for_nothing(void **state)
{
    (void)state;
    static const char *const replies[] = { "{'ok': 1}", "{'ok': 0, 'code': 13, 'errmsg': 'not authorized'}" };
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        world_init(&w, UNQUIET(""));
        script_reply(w.script, OPS, replies[i]);
        assert_false(quiesces(&w));
        assert_non_null(strstr(w.err.message, "cannot see whether run " RUN " left operations"));
        store_script_end(w.script);
    }
}

/* A run that let the lock go by itself may have left something; where nobody can ever look, that does not close the environment. */
static void what_can_never_be_seen_of_a_run_that_ended_is_left_to_its_limits(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, UNQUIET(", 'released': true"));
    script_reply(w.script, OPS, "{'ok': 0, 'code': 13, 'errmsg': 'not authorized'}");
    script_reply(w.script, STRIKE, "{'ok': 1, 'n': 1}");
    assert_true(quiesces(&w));
    store_script_end(w.script);

    world_init(&w, UNQUIET(", 'released': true"));
    script_reply(w.script, OPS, "{'ok': 0, 'code': 11602, 'errmsg': 'stepping down'}");
    assert_false(quiesces(&w));
    store_script_end(w.script);
}

/* A command that ran out of time has ended nothing; a server without it ends sessions by its own limit. */
static void sessions_are_ended_before_operations_are_looked_for(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, UNQUIET(", 'sessions': [{'id': 1}]"));
    script_reply(w.script, "{'killSessions': [{'id': 1}]}",
                 "{'ok': 0, 'code': 50, 'errmsg': 'exceeded time limit'}");
    script_reply(w.script, "{'killSessions': [{'id': 1}]}", "{}");
    script_reply(w.script, OPS, AT_REST);
    script_reply(w.script, STRIKE, "{'ok': 1, 'n': 1}");
    assert_true(quiesces(&w));
    store_script_end(w.script);

    world_init(&w, UNQUIET(", 'sessions': [{'id': 1}]"));
    script_reply(w.script, "{'killSessions': [{'id': 1}]}",
                 "{'ok': 0, 'code': 59, 'errmsg': 'no such command'}");
    script_reply(w.script, OPS, AT_REST);
    script_reply(w.script, STRIKE, "{'ok': 1, 'n': 1}");
    assert_true(quiesces(&w));
    store_script_end(w.script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_operation_is_waited_for_until_it_is_gone),
        cmocka_unit_test(one_that_does_not_end_keeps_the_run_from_starting),
        cmocka_unit_test(what_cannot_be_seen_is_not_taken_for_nothing),
        cmocka_unit_test(what_can_never_be_seen_of_a_run_that_ended_is_left_to_its_limits),
        cmocka_unit_test(sessions_are_ended_before_operations_are_looked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
