/* A transaction that was committed, and that no majority has yet: it counts once a majority reads it. */
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

static void a_commit_that_no_majority_has_counts_once_a_majority_reads_it(void **state)
{
    (void)state;
    static char version[] = "1";
    struct host_fake host;
    struct store_script *script = store_script_new("shop");
    struct mig_record record = { .version = version, .rev = 3, .state = MIG_RECORD_APPLIED };
    struct mig_plan plan = { .count = 1 };
    bool dirty = true, has_text = false;
    unsigned stamps = 0;
    struct mig_error err = { 0 };
    host_fake_init(&host);
    struct mig_runner r = { .host = &host.base,
                            .store = store_script_store(script),
                            .plan = &plan,
                            .records = &record,
                            .dirty = &dirty,
                            .stamps = &stamps,
                            .has_text = &has_text,
                            .run = "01J9",
                            .token = 5,
                            .lease = { .lease_ms = 30000 },
                            .look = { .server = { .topology = MIG_TOPOLOGY_REPLICA_SET } } };
    mig_names_make("migtui_", &r.names);
    pthread_mutex_init(&r.mutex, NULL);
    script_reply(script, READ, NONE); /* not yet */
    script_reply(script, READ, THERE);
    struct mig_reply reply = { .outcome = MIG_OUTCOME_OK };
    bson_init(&reply.body);
    bson_t concern;
    BSON_APPEND_DOCUMENT_BEGIN(&reply.body, "writeConcernError", &concern);
    bson_append_document_end(&reply.body, &concern);
    assert_int_equal(mig_run_settle_commit(&r, NULL, &reply, &err), MIG_UNIT_DONE);
    assert_int_equal(record.rev, 4);
    assert_false(dirty);
    bson_destroy(&reply.body);
    pthread_mutex_destroy(&r.mutex);
    store_script_end(script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_that_no_majority_has_counts_once_a_majority_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
