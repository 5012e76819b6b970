/* What a run makes of answers that did not come, or do not tell: a commit, a command of a transaction, a step by itself. */
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

#define COMMIT "{'commitTransaction': 1}"
#define READ   "{'find': 'migtui_history'}"
#define NONE   "{'cursor': {'firstBatch': [{'_id': '#fence', 'token': 5}, {'_id': '1', 'rev': 3}]}, 'ok': 1}"
#define NEWER  "{'cursor': {'firstBatch': [{'_id': '#fence', 'token': 6}, {'_id': '1', 'rev': 3}]}, 'ok': 1}"
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
    bson_init(&stage->r.unheard);
    pthread_mutex_init(&stage->r.mutex, NULL);
}

static void stage_end(struct stage *stage)
{
    bson_destroy(&stage->r.sessions);
    bson_destroy(&stage->r.unheard);
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

static void a_commit_without_an_answer_is_asked_again(void **state)
{
    (void)state;
    struct stage stage;
    struct mig_reply reply = { .outcome = MIG_OUTCOME_UNKNOWN };
    stage_init(&stage);
    script_lose(stage.script, COMMIT, MIG_OUTCOME_UNKNOWN, MIG_ERR_UNREACHABLE, 0);
    script_reply(stage.script, COMMIT, "{}");
    bson_init(&reply.body);
    assert_int_equal(mig_run_settle_commit(&stage.r, script_txn(), &reply, &stage.err), MIG_UNIT_DONE);
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
    assert_false(script_last(stage.script)->no_concern); /* as a majority has it */
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

static void nothing_is_begun_anew_behind_the_fence_of_another_run(void **state)
{
    (void)state;
    int64_t rev;
    assert_int_equal(no_such_transaction(NEWER, &rev), MIG_UNIT_FENCED);
    assert_int_equal(rev, 3);
}

/* ---- a step in a transaction of its own ---- */

/* Each look at the clock takes ten milliseconds. */
static int64_t ticking(struct mig_host *host)
{
    return ((struct host_fake *)(void *)host)->now_ms += 10;
}

#define STEP "{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}, 'ifExists': 'fail'}"

/* A run whose one migration has this one step. */
struct single {
    struct stage stage;
    struct mig_step *step;
    struct mig_step_record noted;
    struct mig_migration migration;
    struct mig_plan_step planned;
    struct cfg_environment env;
    struct cfg_config config;
    struct mig_app app;
    struct mig_run_options options;
    struct mig_run_result result;
    struct mig_host_ops ops;
};

static void single_init(struct single *single, const char *json, bool transactional)
{
    static char id[] = "s1", kind[] = "insert", dev[] = "dev", shop[] = "shop", here[] = ".", one[] = "1";
    memset(single, 0, sizeof *single);
    stage_init(&single->stage);
    struct mig_runner *r = &single->stage.r;
    single->step = step_json(json);
    single->noted = (struct mig_step_record){ .id = id, .kind = kind };
    single->migration = (struct mig_migration){ .version = one };
    single->planned = (struct mig_plan_step){ .step = single->step, .transactional = transactional };
    single->env = (struct cfg_environment){ .name = dev, .database = shop };
    single->config = (struct cfg_config){ .dir = here };
    single->app = (struct mig_app){ .config = &single->config };
    single->ops = *single->stage.host.base.ops;
    single->ops.mono_ms = ticking;
    single->stage.host.base.ops = &single->ops;
    single->stage.item =
        (struct mig_plan_item){ .migration = &single->migration, .steps = &single->planned, .step_count = 1 };
    single->stage.record.title = one;
    single->stage.record.state = MIG_RECORD_RUNNING;
    single->stage.record.steps = &single->noted;
    single->stage.record.step_count = 1;
    single->stage.has_text = true;
    r->app = &single->app;
    r->env = &single->env;
    r->options = &single->options;
    r->result = &single->result;
    mig_journal_init(&r->journal, &single->stage.host.base, r->run, NULL, NULL);
    r->journal.file_failed = true; /* there is no file here */
}

static enum mig_unit_end single_play(struct single *single)
{
    struct mig_unit unit = { .end_item = 1, .end_step = 1 };
    return mig_run_single(&single->stage.r, &unit, &single->stage.err);
}

static void single_end(struct single *single)
{
    if (single->noted.pre)
        bson_destroy(single->noted.pre);
    if (single->noted.result)
        bson_destroy(single->noted.result);
    bson_destroy(&single->stage.r.journal.pending);
    pthread_mutex_destroy(&single->stage.r.journal.mutex);
    step_json_free(single->step);
    stage_end(&single->stage);
}

#define COMMIT        "{'commitTransaction': 1}"
#define ADDED_TO_LOCK "{'findAndModify': 'migtui_lock'}", "{'value': {'_id': 'lock'}}"
#define INSERTED      "{'insert': 'c'}", "{'n': 1}"
#define NOTED         "{'update': 'migtui_history'}", "{'n': 2}"

/* How long the step took, as it is on record, when its commit was refused so often for a reason that passes. */
static int64_t noted_after(int refusals)
{
    struct single single;
    single_init(&single, STEP, true);
    script_reply(single.stage.script, ADDED_TO_LOCK);
    for (int i = 0; i <= refusals; i++) {
        script_reply(single.stage.script, INSERTED);
        script_reply(single.stage.script, NOTED);
        if (i < refusals)
            script_lose(single.stage.script, COMMIT, MIG_OUTCOME_REFUSED, MIG_ERR_SERVER,
                        MIG_LABEL_TRANSIENT_TRANSACTION);
        else
            script_reply(single.stage.script, COMMIT, "{}");
    }
    assert_int_equal(single_play(&single), MIG_UNIT_DONE);
    assert_int_equal(single.noted.phase, MIG_PHASE_DONE);
    assert_int_equal(single.stage.record.duration_ms, single.noted.duration_ms);
    single_end(&single);
    return single.noted.duration_ms;
}

static void only_the_attempt_that_was_committed_counts_for_how_long_a_step_took(void **state)
{
    (void)state;
    int64_t at_once = noted_after(0);
    assert_true(at_once > 0);
    assert_int_equal(noted_after(2), at_once);
}

/* A command that arrives late opens its transaction anew, after it was aborted. */
static void a_session_with_a_lost_command_is_ended_before_the_next_attempt(void **state)
{
    (void)state;
    struct single single;
    single_init(&single, STEP, true);
    script_reply(single.stage.script, ADDED_TO_LOCK);
    script_lose(single.stage.script, "{'insert': 'c'}", MIG_OUTCOME_UNKNOWN, MIG_ERR_UNREACHABLE, 0);
    script_reply(single.stage.script, "{'killSessions': [{'id': 1}]}", "{}");
    script_reply(single.stage.script, INSERTED);
    script_reply(single.stage.script, NOTED);
    script_reply(single.stage.script, COMMIT, "{}");
    assert_int_equal(single_play(&single), MIG_UNIT_DONE);
    single_end(&single);
}

/* ---- a step whose effect is seen ---- */

#define CREATE   "{'createCollection': {'collection': 'c'}}"
#define LOOK     "{'listCollections': 1}"
#define IS_GONE  "{'cursor': {'id': 0, 'firstBatch': []}}"
#define IS_THERE "{'cursor': {'id': 0, 'firstBatch': [{'name': 'c', 'type': 'collection', 'options': {}}]}}"

/* Seen on a primary that a failover is about to take it from: what is seen again after a write of a majority stays. */
static void an_effect_that_a_failover_took_back_is_brought_about_again(void **state)
{
    (void)state;
    struct single single;
    single_init(&single, CREATE, false);
    script_reply(single.stage.script, LOOK, IS_GONE); /* before the intent */
    script_reply(single.stage.script, NOTED);
    script_lose(single.stage.script, "{'create': 'c'}", MIG_OUTCOME_UNKNOWN, MIG_ERR_UNREACHABLE, 0);
    script_reply(single.stage.script, LOOK, IS_THERE);
    script_reply(single.stage.script, NOTED); /* a majority has this */
    script_reply(single.stage.script, LOOK, IS_GONE);
    script_reply(single.stage.script, "{'create': 'c'}", "{}");
    script_reply(single.stage.script, LOOK, IS_THERE); /* as asked for */
    assert_int_equal(single_play(&single), MIG_UNIT_DONE);
    assert_int_equal(single.noted.phase, MIG_PHASE_DONE);
    single_end(&single);
}

static void an_effect_that_is_seen_again_after_a_write_of_a_majority_is_there(void **state)
{
    (void)state;
    struct single single;
    single_init(&single, CREATE, false);
    script_reply(single.stage.script, LOOK, IS_GONE);
    script_reply(single.stage.script, NOTED);
    script_lose(single.stage.script, "{'create': 'c'}", MIG_OUTCOME_UNKNOWN, MIG_ERR_UNREACHABLE, 0);
    script_reply(single.stage.script, LOOK, IS_THERE);
    script_reply(single.stage.script, NOTED);
    script_reply(single.stage.script, LOOK, IS_THERE);
    assert_int_equal(single_play(&single), MIG_UNIT_DONE);
    assert_int_equal(single.noted.phase, MIG_PHASE_DONE);
    single_end(&single);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_that_no_majority_has_counts_once_a_majority_reads_it),
        cmocka_unit_test(a_commit_without_an_answer_is_asked_again),
        cmocka_unit_test(a_commit_that_the_server_no_longer_knows_is_done_when_its_record_is_there),
        cmocka_unit_test(
            a_commit_that_the_server_no_longer_knows_may_begin_anew_when_its_record_is_not_there),
        cmocka_unit_test(nothing_is_begun_anew_behind_the_fence_of_another_run),
        cmocka_unit_test(only_the_attempt_that_was_committed_counts_for_how_long_a_step_took),
        cmocka_unit_test(a_session_with_a_lost_command_is_ended_before_the_next_attempt),
        cmocka_unit_test(an_effect_that_a_failover_took_back_is_brought_about_again),
        cmocka_unit_test(an_effect_that_is_seen_again_after_a_write_of_a_majority_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
