/* A transaction whose commit was not plainly acknowledged: its records tell whether it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/run_private.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"

#define READ "{'find': 'migtui_history'}"
#define NONE "{'cursor': {'firstBatch': [{'_id': '#fence', 'token': 5}, {'_id': '1', 'rev': 3}]}, 'ok': 1}"
#define THERE \
    "{'cursor': {'firstBatch': [{'_id': '#fence', 'token': 5}, {'_id': '1', 'rev': 4, 'token': 5, 'run': '01J9', " \
    "'state': 'applied'}]}, 'ok': 1}"

struct settled {
    struct mig_record record;
    bool dirty;
    enum mig_unit_end end;
};

/* The commit of record 1 (rev 3 to 4) was answered with reply; what its history reads as then is in the script. Takes reply. */
static struct settled settle(struct store_script *script, struct mig_reply *reply)
{
    static char version[] = "1";
    struct host_fake host;
    struct settled ret = { .record = { .version = version, .rev = 3, .state = MIG_RECORD_APPLIED },
                           .dirty = true };
    struct mig_plan plan = { .count = 1 };
    bool has_text = false;
    unsigned stamps = 0;
    struct mig_error err = { 0 };
    host_fake_init(&host);
    struct mig_runner r = { .host = &host.base,
                            .store = store_script_store(script),
                            .plan = &plan,
                            .records = &ret.record,
                            .dirty = &ret.dirty,
                            .stamps = &stamps,
                            .has_text = &has_text,
                            .run = "01J9",
                            .token = 5,
                            .lease = { .lease_ms = 30000 },
                            .look = { .server = { .topology = MIG_TOPOLOGY_REPLICA_SET } } };
    mig_names_make("migtui_", &r.names);
    pthread_mutex_init(&r.mutex, NULL);
    ret.end = mig_run_settle_commit(&r, NULL, reply, &err);
    mig_reply_done(reply);
    pthread_mutex_destroy(&r.mutex);
    store_script_end(script);
    return ret;
}

static void a_commit_that_no_majority_has_counts_once_a_majority_reads_it(void **state)
{
    (void)state;
    struct store_script *script = store_script_new("shop");
    script_reply(script, READ, NONE); /* not yet */
    script_reply(script, READ, THERE);
    struct mig_reply reply = { .outcome = MIG_OUTCOME_OK };
    bson_init(&reply.body);
    bson_t concern;
    BSON_APPEND_DOCUMENT_BEGIN(&reply.body, "writeConcernError", &concern);
    bson_append_document_end(&reply.body, &concern);
    struct settled settled = settle(script, &reply);
    assert_int_equal(settled.end, MIG_UNIT_DONE);
    assert_int_equal(settled.record.rev, 4);
    assert_false(settled.dirty);
}

/* The server that is asked again may have forgotten the transaction because it was committed. */
static struct settled refused_as_unknown(const char *history)
{
    struct store_script *script = store_script_new("shop");
    script_reply(script, READ, history);
    struct mig_reply reply = { .outcome = MIG_OUTCOME_REFUSED, .error = { .server_code = 251 } };
    bson_init(&reply.body);
    return settle(script, &reply);
}

static void a_commit_that_the_server_no_longer_knows_is_done_when_its_record_is_there(void **state)
{
    (void)state;
    struct settled settled = refused_as_unknown(THERE);
    assert_int_equal(settled.end, MIG_UNIT_DONE);
    assert_int_equal(settled.record.rev, 4);
}

static void a_commit_that_the_server_no_longer_knows_may_begin_anew_when_its_record_is_not_there(void **state)
{
    (void)state;
    struct settled settled = refused_as_unknown(NONE);
    assert_int_equal(settled.end, MIG_UNIT_ALONE);
    assert_int_equal(settled.record.rev, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_that_no_majority_has_counts_once_a_majority_reads_it),
        cmocka_unit_test(a_commit_that_the_server_no_longer_knows_is_done_when_its_record_is_there),
        cmocka_unit_test(
            a_commit_that_the_server_no_longer_knows_may_begin_anew_when_its_record_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
