/* A transaction whose commit was not plainly acknowledged: its records tell whether it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/run_private.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"
#include "support/step_json.h"

#define READ "{'find': 'migtui_history'}"
#define NONE "{'cursor': {'firstBatch': [{'_id': '#fence', 'token': 5}, {'_id': '1', 'rev': 3}]}, 'ok': 1}"
#define THERE \
    "{'cursor': {'firstBatch': [{'_id': '#fence', 'token': 5}, {'_id': '1', 'rev': 4, 'token': 5, 'run': '01J9', " \
    "'state': 'applied'}]}, 'ok': 1}"

/* A run of one migration, with token 5, that has begun. */
struct stage {
    struct mig_runner r;
    struct host_fake host;
    struct store_script *script;
    struct mig_record record;
    struct mig_plan_item item;
    struct mig_plan plan;
    bool dirty, has_text;
    unsigned stamps;
    struct mig_error err;
};

static void stage_init(struct stage *stage)
{
    static char version[] = "1";
    memset(stage, 0, sizeof *stage);
    stage->script = store_script_new("shop");
    stage->record = (struct mig_record){ .version = version, .rev = 3, .state = MIG_RECORD_APPLIED };
    stage->plan = (struct mig_plan){ .items = &stage->item, .count = 1 };
    host_fake_init(&stage->host);
    stage->r = (struct mig_runner){ .host = &stage->host.base,
                                    .store = store_script_store(stage->script),
                                    .plan = &stage->plan,
                                    .records = &stage->record,
                                    .dirty = &stage->dirty,
                                    .stamps = &stage->stamps,
                                    .has_text = &stage->has_text,
                                    .run = "01J9",
                                    .token = 5,
                                    .lease = { .lease_ms = 30000 },
                                    .look = { .server = { .topology = MIG_TOPOLOGY_REPLICA_SET } } };
    mig_names_make("migtui_", &stage->r.names);
    bson_init(&stage->r.sessions);
    pthread_mutex_init(&stage->r.mutex, NULL);
}

static void stage_end(struct stage *stage)
{
    bson_destroy(&stage->r.sessions);
    pthread_mutex_destroy(&stage->r.mutex);
    store_script_end(stage->script);
}

/* ---- what became of a commit ---- */

static void a_commit_that_no_majority_has_counts_once_a_majority_reads_it(void **state)
{
    (void)state;
    struct stage stage;
    struct mig_reply reply = { .outcome = MIG_OUTCOME_OK };
    bson_t concern;
    stage_init(&stage);
    stage.dirty = true;
    script_reply(stage.script, READ, NONE); /* not yet */
    script_reply(stage.script, READ, THERE);
    bson_init(&reply.body);
    BSON_APPEND_DOCUMENT_BEGIN(&reply.body, "writeConcernError", &concern);
    bson_append_document_end(&reply.body, &concern);
    assert_int_equal(mig_run_settle_commit(&stage.r, NULL, &reply, &stage.err), MIG_UNIT_DONE);
    assert_int_equal(stage.record.rev, 4);
    assert_false(stage.dirty);
    mig_reply_done(&reply);
    stage_end(&stage);
}

/* The server that is asked again may have forgotten the transaction because it was committed. */
static enum mig_unit_end no_such_transaction(const char *history, int64_t *ret_rev)
{
    struct stage stage;
    struct mig_reply reply = { .outcome = MIG_OUTCOME_REFUSED, .error = { .server_code = 251 } };
    stage_init(&stage);
    stage.dirty = true;
    script_reply(stage.script, READ, history);
    bson_init(&reply.body);
    enum mig_unit_end end = mig_run_settle_commit(&stage.r, NULL, &reply, &stage.err);
    *ret_rev = stage.record.rev;
    mig_reply_done(&reply);
    stage_end(&stage);
    return end;
}

static void a_commit_that_the_server_no_longer_knows_is_done_when_its_record_is_there(void **state)
{
    (void)state;
    int64_t rev;
    assert_int_equal(no_such_transaction(THERE, &rev), MIG_UNIT_DONE);
    assert_int_equal(rev, 4);
}

static void a_commit_that_the_server_no_longer_knows_may_begin_anew_when_its_record_is_not_there(void **state)
{
    (void)state;
    int64_t rev;
    assert_int_equal(no_such_transaction(NONE, &rev), MIG_UNIT_ALONE);
    assert_int_equal(rev, 3);
}

/* ---- a step in a transaction of its own ---- */

/* Each look at the clock takes ten milliseconds. */
static int64_t ticking(struct mig_host *host)
{
    return ((struct host_fake *)(void *)host)->now_ms += 10;
}

#define STEP "{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}, 'ifExists': 'fail'}"

/* How long the step took, as it is on record, when its commit was refused so often for a reason that passes. */
static int64_t noted_after(int refusals)
{
    AUTOSTEP step = step_json(STEP);
    static char id[] = "s1", kind[] = "insert", dev[] = "dev", shop[] = "shop", here[] = ".", one[] = "1";
    struct mig_step_record noted = { .id = id, .kind = kind };
    struct mig_migration migration = { .version = one };
    struct mig_plan_step planned = { .step = step, .transactional = true };
    struct cfg_environment env = { .name = dev, .database = shop };
    struct cfg_config config = { .dir = here };
    struct mig_app app = { .config = &config };
    struct mig_run_options options = { 0 };
    struct mig_run_result result = { 0 };
    struct mig_unit unit = { .end_item = 1, .end_step = 1 };
    struct stage stage;
    stage_init(&stage);
    struct mig_host_ops ops = *stage.host.base.ops;
    ops.mono_ms = ticking;
    stage.host.base.ops = &ops;
    stage.item = (struct mig_plan_item){ .migration = &migration, .steps = &planned, .step_count = 1 };
    stage.record.title = one;
    stage.has_text = true;
    stage.record.steps = &noted;
    stage.record.step_count = 1;
    stage.r.app = &app;
    stage.r.env = &env;
    stage.r.options = &options;
    stage.r.result = &result;
    mig_journal_init(&stage.r.journal, &stage.host.base, stage.r.run, NULL, NULL);
    stage.r.journal.file_failed = true; /* there is no file here */
    script_reply(stage.script, "{'findAndModify': 'migtui_lock'}", "{'value': {'_id': 'lock'}}");
    for (int i = 0; i <= refusals; i++) {
        script_reply(stage.script, "{'insert': 'c'}", "{'n': 1}");
        script_reply(stage.script, "{'update': 'migtui_history'}", "{'n': 2}");
        if (i < refusals)
            script_lose(stage.script, "{'commitTransaction': 1}", MIG_OUTCOME_REFUSED, MIG_ERR_SERVER,
                        MIG_LABEL_TRANSIENT_TRANSACTION);
        else
            script_reply(stage.script, "{'commitTransaction': 1}", "{}");
    }
    assert_int_equal(mig_run_single(&stage.r, &unit, &stage.err), MIG_UNIT_DONE);
    assert_int_equal(noted.phase, MIG_PHASE_DONE);
    assert_int_equal(stage.record.duration_ms, noted.duration_ms);
    bson_destroy(noted.result);
    bson_destroy(&stage.r.journal.pending);
    pthread_mutex_destroy(&stage.r.journal.mutex);
    stage_end(&stage);
    return noted.duration_ms;
}

static void only_the_attempt_that_was_committed_counts_for_how_long_a_step_took(void **state)
{
    (void)state;
    int64_t at_once = noted_after(0);
    assert_true(at_once > 0);
    assert_int_equal(noted_after(2), at_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_that_no_majority_has_counts_once_a_majority_reads_it),
        cmocka_unit_test(a_commit_that_the_server_no_longer_knows_is_done_when_its_record_is_there),
        cmocka_unit_test(
            a_commit_that_the_server_no_longer_knows_may_begin_anew_when_its_record_is_not_there),
        cmocka_unit_test(only_the_attempt_that_was_committed_counts_for_how_long_a_step_took),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
