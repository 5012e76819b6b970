/* What takes its time: index builds that are watched, outcomes that are waited for, programs, people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"
#include "support/step_json.h"
#include "support/step_world.h"

#define BUILD   "{'createIndexes': {'collection': 'c', 'indexes': [{'key': {'a': 1}}]}}"
#define INDEXES "{'listIndexes': 'c'}"
#define ID_     "{'key': {'_id': 1}, 'name': '_id_'}"
#define A_1     "{'key': {'a': 1}, 'name': 'a_1'}"
#define AT_WORK \
    "{'inprog': [{'command': {'createIndexes': 'c', '$db': 'shop'}, 'msg': 'Index Build: scanning'," \
    " 'progress': {'done': 5, 'total': 9}}]}"

struct progress {
    int calls;
    int64_t done, total;
    char what[64];
};

static void on_progress(void *context, int64_t done, int64_t total, const char *what)
{
    struct progress *progress = context;
    progress->calls++;
    progress->done = done;
    progress->total = total;
    snprintf(progress->what, sizeof progress->what, "%s", what);
}

/* ---- index builds ---- */

static bool something_was_sent(void *context)
{
    struct mig_store *store = context;
    return store->ops->round_trips(store) > 0;
}

static void a_long_build_tells_how_far_it_is(void **state)
{
    (void)state;
    struct step_world world;
    struct progress progress = { 0 };
    bson_t *result;
    step_world_init(&world);
    world.server.can_current_op = true;
    world.ctx.progress = on_progress;
    world.ctx.progress_ctx = &progress;
    world.host.may_pass = something_was_sent;
    world.host.may_pass_context = world.ctx.store;
    /* The build's reply waits until the server was asked how far it is. */
    script_reply(world.script, "{'createIndexes': 'c'}", "{'numIndexesBefore': 1, 'numIndexesAfter': 2}");
    script_hold(world.script);
    script_reply(world.script, "{'currentOp': 1}", AT_WORK);
    script_repeat(world.script);
    script_reply(world.script, INDEXES, "{'cursor': {'firstBatch': [" ID_ ", " A_1 "]}}");
    assert_int_equal(step_world_execute(&world, BUILD, "{'indexes': []}", NULL, &result), MIG_STEP_END_DONE);
    assert_int_equal(mig_doc_int(result, "indexesAfter", 0), 2);
    assert_true(progress.calls > 0);
    assert_int_equal(progress.done, 5);
    assert_int_equal(progress.total, 9);
    assert_string_equal(progress.what, "Index Build: scanning");
    assert_true(world.host.now_ms >= 1000);
    bson_destroy(result);
    step_world_end(&world);
}

static void a_lost_build_is_waited_for_and_never_sent_again(void **state)
{
    (void)state;
    struct step_world world;
    struct progress progress = { 0 };
    char evidence[200];
    AUTOSTEP step = step_json(BUILD);
    step_world_init(&world);
    world.server.can_current_op = true;
    world.ctx.progress = on_progress;
    world.ctx.progress_ctx = &progress;
    for (int i = 0; i < 3; i++) {
        script_reply(world.script, INDEXES,
                     "{'cursor': {'firstBatch': [" ID_ ", {'spec': " A_1 ", 'buildUUID': 1}]}}");
    }
    script_reply(world.script, INDEXES, "{'cursor': {'firstBatch': [" ID_ "]}}");
    script_reply(world.script, "{'currentOp': 1}", AT_WORK);
    script_reply(world.script, INDEXES, "{'cursor': {'firstBatch': [" ID_ ", " A_1 "]}}");
    enum mig_probe probe = mig_step_settle(&world.ctx, step, NULL, evidence, sizeof evidence, &world.err);
    assert_int_equal(probe, MIG_PROBE_DONE);
    assert_int_equal(world.host.sleeps, 4);
    assert_int_equal(progress.calls, 1);
    step_world_end(&world);
}

static void waiting_ends_when_the_operator_says_stop(void **state)
{
    (void)state;
    struct step_world world;
    bool stop = true;
    char evidence[200];
    AUTOSTEP step = step_json(BUILD);
    step_world_init(&world);
    world.ctx.stop = &stop;
    script_reply(world.script, INDEXES, "{'cursor': {'firstBatch': [{'spec': " A_1 ", 'buildUUID': 1}]}}");
    assert_int_equal(mig_step_settle(&world.ctx, step, NULL, evidence, sizeof evidence, &world.err),
                     MIG_PROBE_IN_PROGRESS);
    assert_int_equal(world.host.sleeps, 0);
    step_world_end(&world);
}

/* ---- programs ---- */

/* Beside a program the watch would run the clock to its limit in no time. */
static bool time_stands_still(void *context)
{
    (void)context;
    return false;
}

struct lines {
    int count;
    char last[64];
};

static void on_line(void *context, const char *text)
{
    struct lines *lines = context;
    lines->count++;
    snprintf(lines->last, sizeof lines->last, "%s", text);
}

static void a_program_gets_words_environment_and_directory(void **state)
{
    (void)state;
    static const char *const env[] = { "MIGTUI_RUN=R1", NULL };
    static const char *const said[] = { "one", "two", NULL };
    struct step_world world;
    struct lines lines = { 0 };
    bson_t *result;
    step_world_init(&world);
    world.host.may_pass = time_stands_still;
    world.ctx.env = env;
    world.ctx.line = on_line;
    world.ctx.progress_ctx = &lines;
    world.host.lines = said;
    assert_int_equal(step_world_execute(
                         &world, "{'exec': {'run': ['mongosh', '--file', 'a b.js'], 'env': {'MODE': 'x=y'}}}",
                         NULL, NULL, &result),
                     MIG_STEP_END_DONE);
    assert_string_equal(world.host.command, "mongosh --file a b.js");
    assert_string_equal(world.host.env, "MIGTUI_RUN=R1 MODE=x=y");
    assert_string_equal(world.host.dir, "project");
    assert_int_equal(lines.count, 2);
    assert_string_equal(lines.last, "two");
    MIG_AUTOBSON bson_t *want = doc_json("{'status': 0, 'lines': {'$numberLong': '2'}}");
    assert_true(mig_doc_equal(result, want));
    bson_destroy(result);
    step_world_end(&world);
}

static void a_program_that_fails_is_quoted(void **state)
{
    (void)state;
    static const char *const said[] = { "working", "no such \033[31mcollection", "  ", NULL };
    static const struct {
        int status;
        bool cannot_start;
        const char *const *said;
        const char *message;
        enum mig_error_code code;
    } rows[] = {
        { 3, false, said, "mongosh exited with status 3: no such \\x1b[31mcollection", MIG_ERR_STEP },
        { 1, false, NULL, "mongosh exited with status 1", MIG_ERR_STEP },
        { 137, false, NULL, "mongosh was killed by signal 9", MIG_ERR_STEP },
        { 0, true, NULL, "mongosh: no such program", MIG_ERR_IO },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct step_world world;
        bson_t *result;
        step_world_init(&world);
        world.host.may_pass = time_stands_still;
        world.host.status = rows[i].status;
        world.host.cannot_start = rows[i].cannot_start;
        world.host.lines = rows[i].said;
        assert_int_equal(step_world_execute(&world, "{'exec': {'run': ['mongosh']}}", NULL, NULL, &result),
                         MIG_STEP_END_FAILED);
        assert_string_equal(world.err.message, rows[i].message);
        assert_int_equal(world.err.code, rows[i].code);
        bson_destroy(result);
        step_world_end(&world);
    }
}

static void a_program_is_stopped_at_its_time_limit(void **state)
{
    (void)state;
    struct step_world world;
    bson_t *result;
    step_world_init(&world);
    world.host.hangs = true;
    assert_int_equal(
        step_world_execute(&world, "{'exec': {'run': ['mongosh'], 'timeoutS': 30}}", NULL, NULL, &result),
        MIG_STEP_END_FAILED);
    assert_int_equal(world.err.code, MIG_ERR_TIMEOUT);
    assert_true(world.host.now_ms >= 30000);
    bson_destroy(result);
    step_world_end(&world);
}

static void a_program_is_stopped_with_the_run(void **state)
{
    (void)state;
    static const char *const steps[] = { "{'exec': {'run': ['mongosh']}}",
                                         "{'exec': {'run': ['mongosh'], 'timeoutS': 30}}" };
    for (size_t i = 0; i < MIG_COUNT(steps); i++) {
        struct step_world world;
        bson_t *result;
        bool stop = true;
        step_world_init(&world);
        world.host.may_pass = time_stands_still;
        world.host.hangs = true;
        world.ctx.stop = &stop;
        assert_int_equal(step_world_execute(&world, steps[i], NULL, NULL, &result), MIG_STEP_END_FAILED);
        assert_int_equal(world.err.code, MIG_ERR_CANCELLED);
        assert_string_equal(world.err.message, "mongosh was stopped on request");
        bson_destroy(result);
        step_world_end(&world);
    }
}

/* ---- people ---- */

static void a_manual_step_waits_to_be_confirmed_by_name(void **state)
{
    (void)state;
    struct step_world world;
    bson_t *result;
    step_world_init(&world);
    assert_int_equal(step_world_execute(&world, "{'id': 'dns', 'manual': {'text': 'point the alias over'}}",
                                        NULL, NULL, &result),
                     MIG_STEP_END_FAILED);
    assert_int_equal(world.err.code, MIG_ERR_PENDING);
    assert_string_equal(world.err.message, "waits for a person: point the alias over");
    assert_string_equal(world.err.hint, "when it is done: migtui resume --confirm dns");
    bson_destroy(result);
    world.ctx.assume_yes = true;
    assert_int_equal(step_world_execute(&world, "{'manual': {'text': 'x'}}", NULL, NULL, &result),
                     MIG_STEP_END_DONE);
    bson_destroy(result);
    step_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_build_tells_how_far_it_is),
        cmocka_unit_test(a_lost_build_is_waited_for_and_never_sent_again),
        cmocka_unit_test(waiting_ends_when_the_operator_says_stop),
        cmocka_unit_test(a_program_gets_words_environment_and_directory),
        cmocka_unit_test(a_program_that_fails_is_quoted),
        cmocka_unit_test(a_program_is_stopped_at_its_time_limit),
        cmocka_unit_test(a_program_is_stopped_with_the_run),
        cmocka_unit_test(a_manual_step_waits_to_be_confirmed_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
