/* The lock against a server that says strange things: whose is it, and what is known for sure? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/lock.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"

#define OURS   "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a"
#define RUN    "01J9ZZZZZZZZZZZZZZZZZZZZZZ"
#define CLAIM  "{'findAndModify': 'migtui_lock', 'query': {'_id': 'lock', 'owner': null}}"
#define BEAT   "{'findAndModify': 'migtui_lock', 'query': {'_id': 'lock', 'owner': '" OURS "', 'token': 5}}"
#define DISOWN "{'findAndModify': 'migtui_lock', 'query': {'_id': 'lock', 'owner': '" OURS "'}}"
#define READ   "{'aggregate': 'migtui_lock'}"
#define TAKEN  "'value': {'_id': 'lock', 'owner': '" OURS "', 'run': '" RUN "', 'token': 5}"
#define LATE   "'writeConcernError': {'code': 64, 'errmsg': 'waiting for replication timed out'}"
#define LISTED "{'find': 'migtui_lock'}"

struct world {
    struct store_script *script;
    struct mig_store *store;
    struct host_fake host;
    struct mig_names names;
    struct mig_lock_claim claim;
    struct mig_lock lock;
    int64_t sent_ms;
    struct mig_error err;
};

static void world_init(struct world *w)
{
    *w = (struct world){ .script = store_script_new("shop") };
    w->store = store_script_store(w->script);
    host_fake_init(&w->host);
    mig_names_make("migtui_", &w->names);
    w->claim = (struct mig_lock_claim){ .owner = OURS,
                                        .run = RUN,
                                        .command = "apply",
                                        .operator_name = "ana",
                                        .lease_ms = 30000,
                                        .self = &w->host.base.self };
}

static bool beats(struct world *w)
{
    return mig_lock_beat(w->store, &w->names, &w->claim, 5, "step", &w->lock, &w->sent_ms, &w->err);
}

static bool acquires(struct world *w)
{
    static const struct mig_lock free_lock = { .exists = true };
    char prev[MIG_ULID_SIZE];
    return mig_lock_acquire(w->store, &w->host.base, &w->names, &w->claim, &free_lock, &w->lock, &w->sent_ms,
                            prev, &w->err);
}

static void a_beat_that_a_majority_has_counts(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    script_reply(w.script, BEAT, "{'ok': 1, " TAKEN "}");
    assert_true(beats(&w));
    assert_int_equal(w.lock.token, 5);
    store_script_end(w.script);
}

/* The next primary may never have heard of it, and let the lease end earlier than we believe. */
static void a_beat_that_no_majority_has_is_not_known_and_not_fenced(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    script_reply(w.script, BEAT, "{'ok': 1, " TAKEN ", " LATE "}");
    assert_false(beats(&w));
    assert_int_not_equal(w.err.code, MIG_ERR_FENCED);
    assert_non_null(strstr(w.err.message, "not acknowledged as asked"));
    store_script_end(w.script);
}

static void a_beat_that_finds_another_owner_is_fenced(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    script_reply(w.script, BEAT, "{'ok': 1, 'value': null}");
    assert_false(beats(&w));
    assert_int_equal(w.err.code, MIG_ERR_FENCED);
    store_script_end(w.script);
}

static void an_acquisition_that_no_majority_has_is_ours_once_a_majority_reads_it_so(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    script_reply(w.script, CLAIM, "{'ok': 1, " TAKEN ", " LATE "}");
    script_reply(w.script, READ,
                 "{'cursor': {'firstBatch': [{'_id': 'lock', 'owner': '" OURS "', 'token': 5}]}, 'ok': 1}");
    assert_true(acquires(&w));
    assert_int_equal(w.lock.token, 5);
    store_script_end(w.script);
}

static void an_acquisition_that_no_majority_ever_has_is_given_back(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    script_reply(w.script, CLAIM, "{'ok': 1, " TAKEN ", " LATE "}");
    script_reply(w.script, READ, "{'cursor': {'firstBatch': [{'_id': 'lock', 'owner': null}]}, 'ok': 1}");
    for (int i = 0; i < 4; i++) {
        script_reply(w.script, CLAIM, "{'ok': 1, 'value': null}");
        script_reply(w.script, READ, "{'cursor': {'firstBatch': [{'_id': 'lock', 'owner': null}]}, 'ok': 1}");
    }
    script_reply(w.script, DISOWN, "{'ok': 1, 'value': null}"); /* let go, if it is ours */
    assert_false(acquires(&w));
    assert_int_equal(w.err.code, MIG_ERR_LOCKED);
    store_script_end(w.script);
}

static bool quiesces(struct world *w)
{
    int killed;
    return mig_takeover_quiesce(w->store, &w->host.base, &w->names, 1000, &killed, &w->err);
}

/* An empty id would be found in every operation, and each be killed. */
static void a_dead_run_without_a_readable_id_kills_nothing(void **state)
{
    (void)state;
    static const char *const ids[] = { "''", "5", "'\\u001b[2J'" };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct world w;
        char reply[200];
        world_init(&w);
        snprintf(reply, sizeof reply, "{'cursor': {'firstBatch': [{'unquiet': [{'run': %s}]}]}, 'ok': 1}",
                 ids[i]);
        script_reply(w.script, LISTED, reply);
        assert_false(quiesces(&w));
        assert_int_equal(w.err.code, MIG_ERR_INTEGRITY);
        store_script_end(w.script);
    }
}

static void a_server_that_lists_no_operations_at_all_is_not_taken_for_quiet(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    script_reply(w.script, LISTED,
                 "{'cursor': {'firstBatch': [{'unquiet': [{'run': '" RUN "'}]}]}, 'ok': 1}");
    script_reply(w.script, "{'currentOp': 1}", "{'ok': 1}");
    assert_false(quiesces(&w));
    assert_non_null(strstr(w.err.message, "currentOp answered without a list"));
    store_script_end(w.script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beat_that_a_majority_has_counts),
        cmocka_unit_test(a_beat_that_no_majority_has_is_not_known_and_not_fenced),
        cmocka_unit_test(a_beat_that_finds_another_owner_is_fenced),
        cmocka_unit_test(an_acquisition_that_no_majority_has_is_ours_once_a_majority_reads_it_so),
        cmocka_unit_test(an_acquisition_that_no_majority_ever_has_is_given_back),
        cmocka_unit_test(a_dead_run_without_a_readable_id_kills_nothing),
        cmocka_unit_test(a_server_that_lists_no_operations_at_all_is_not_taken_for_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
