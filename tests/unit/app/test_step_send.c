/* Sending: with which concerns, limits and comments, and what is made of a reply that does not come. */
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

#define PEOPLE "{'createCollection': {'collection': 'people', 'validator': {'a': 1}}}"
#define INDEX  "{'createIndexes': {'collection': 'people', 'indexes': [{'key': {'a': 1}}]}}"
#define SEED   "{'insert': {'collection': 'c', 'documents': [{'_id': 1, 'v': 1}, {'v': 2, '_id': 2}]}}"
#define UPDATE \
    "{'update': {'collection': 'c', 'updates': [{'q': {'a': 1}, 'u': {'$set': {'b': 1}}, 'multi': true}]}"

static void a_count_that_was_cut_short_says_so(void **state)
{
    (void)state;
    struct step_world world;
    bson_t *result;
    step_world_init(&world);
    struct step_line lines[STEP_LINES] = { { "{'aggregate': 'c'}", COUNTED("1000") } };
    step_world_execute(&world, "{'assert': {'collection': 'c', 'count': 0}}", NULL, lines, &result);
    assert_string_equal(world.err.hint, "counting stopped at 1000; there may be more");
    bson_destroy(result);
    step_world_end(&world);
}

static void commands_are_sent_as_they_must_be(void **state)
{
    (void)state;
    static const struct {
        const char *step;
        const char *command;
        struct script_call call;
    } rows[] = {
        { "{'collMod': {'collection': 'c'}}", "{'collMod': 'c'}", { .write = true, .max_time_ms = 9000 } },
        { "{'renameCollection': {'collection': 'c', 'to': 'd'}}",
          "{'renameCollection': 'shop.c'}",
          { .write = true, .admin = true, .max_time_ms = 9000 } },
        { INDEX, "{'createIndexes': 'people'}", { .write = true, .long_running = true } },
        { UPDATE "}", "{'update': 'c'}", { .write = true, .long_running = true } },
        { "{'assert': {'collection': 'c', 'count': 0}}", "{'aggregate': 'c'}", { .long_running = true } },
        { "{'command': {'run': {'compact': 'c'}}}",
          "{'compact': 'c'}",
          { .write = true, .long_running = true, .no_concern = true } },
        { "{'command': {'run': {'convertToCapped': 'c', 'size': 9}}}",
          "{'convertToCapped': 'c'}",
          { .write = true, .long_running = true } },
        { "{'command': {'run': {'aggregate': 'c', 'pipeline': [{'$out': 'd'}]}}}",
          "{'aggregate': 'c'}",
          { .write = true, .long_running = true } },
        { "{'command': {'run': {'aggregate': 'c', 'pipeline': []}, 'db': 'admin'}}",
          "{'aggregate': 'c'}",
          { .write = true, .long_running = true, .no_concern = true, .admin = true } },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct step_world world;
        bson_t *result;
        step_world_init(&world);
        struct step_line lines[STEP_LINES] = { { rows[i].command, "{'ok': 0, 'code': 8}" } };
        assert_int_equal(step_world_execute(&world, rows[i].step, NULL, lines, &result), MIG_STEP_END_FAILED);
        const struct script_call *last = script_last(world.script);
        const struct script_call *want = &rows[i].call;
        if (last->admin != want->admin || last->write != want->write ||
            last->long_running != want->long_running || last->no_concern != want->no_concern ||
            last->max_time_ms != want->max_time_ms)
            fail_msg("%s: admin %d, write %d, long %d, no concern %d, %lld ms", rows[i].step, last->admin,
                     last->write, last->long_running, last->no_concern, (long long)last->max_time_ms);
        bson_destroy(result);
        step_world_end(&world);
    }
}

static void comments_go_where_the_server_takes_them(void **state)
{
    (void)state;
    static const struct {
        int major, minor;
        const char *step;
        struct step_line line;
        const char *comment; /* NULL: none */
    } rows[] = {
        { 8, 0, UPDATE "}", { "{'update': 'c'}", "{}" }, "migtui run=R1 token=7 step=s1" },
        { 4, 4, UPDATE "}", { "{'update': 'c'}", "{}" }, "migtui run=R1 token=7 step=s1" },
        { 4, 2, UPDATE "}", { "{'update': 'c'}", "{}" }, NULL },
        { 4,
          2,
          "{'assert': {'collection': 'c', 'count': 0}}",
          { "{'aggregate': 'c'}", BATCH("") },
          "migtui run=R1 token=7 step=s1 look" },
        { 8, 0, "{'command': {'run': {'ping': 1, 'comment': 'mine'}}}", { "{'ping': 1}", "{}" }, "mine" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct step_world world;
        bson_t *result;
        step_world_init(&world);
        world.server.major = rows[i].major;
        world.server.minor = rows[i].minor;
        struct step_line lines[STEP_LINES] = { rows[i].line };
        step_world_execute(&world, rows[i].step, NULL, lines, &result);
        const char *comment = mig_doc_str(script_last(world.script)->command, "comment", NULL);
        if (rows[i].comment)
            assert_string_equal(comment, rows[i].comment);
        else
            assert_null(comment);
        bson_destroy(result);
        step_world_end(&world);
    }
}

static void what_is_not_known_is_never_called_done_or_failed(void **state)
{
    (void)state;
    static const struct {
        enum mig_outcome outcome;
        enum mig_error_code given, code;
        enum mig_step_end end;
    } rows[] = {
        { MIG_OUTCOME_UNKNOWN, MIG_OK, MIG_ERR_UNKNOWN_OUTCOME, MIG_STEP_END_UNKNOWN },
        { MIG_OUTCOME_UNKNOWN, MIG_ERR_UNKNOWN_OUTCOME, MIG_ERR_UNKNOWN_OUTCOME, MIG_STEP_END_UNKNOWN },
        { MIG_OUTCOME_NOT_SENT, MIG_OK, MIG_ERR_UNREACHABLE, MIG_STEP_END_UNKNOWN },
        { MIG_OUTCOME_NOT_SENT, MIG_ERR_UNREACHABLE, MIG_ERR_UNREACHABLE, MIG_STEP_END_UNKNOWN },
        { MIG_OUTCOME_NOT_SENT, MIG_ERR_CANCELLED, MIG_ERR_CANCELLED, MIG_STEP_END_UNKNOWN },
        { MIG_OUTCOME_NOT_SENT, MIG_ERR_FAILED, MIG_ERR_FAILED,
          MIG_STEP_END_FAILED }, /* too large: never sent */
        { MIG_OUTCOME_REFUSED, MIG_OK, MIG_ERR_SERVER, MIG_STEP_END_FAILED },
        { MIG_OUTCOME_REFUSED, MIG_ERR_DENIED, MIG_ERR_DENIED, MIG_STEP_END_FAILED },
    };
    static const char *const steps[][2] = {
        { UPDATE "}", "{'update': 'c'}" },
        { PEOPLE, "{'create': 'people'}" },
        { SEED, "{'insert': 'c'}" },
        { INDEX, "{'createIndexes': 'people'}" },
        { "{'command': {'run': {'ping': 1}}}", "{'ping': 1}" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows) * MIG_COUNT(steps); i++) {
        size_t row = i % MIG_COUNT(rows);
        struct step_world world;
        bson_t *result;
        step_world_init(&world);
        script_lose(world.script, steps[i / MIG_COUNT(rows)][1], rows[row].outcome, rows[row].given,
                    MIG_LABEL_RETRYABLE_WRITE);
        enum mig_step_end end =
            step_world_execute(&world, steps[i / MIG_COUNT(rows)][0], NULL, NULL, &result);
        if (end != rows[row].end || world.err.code != rows[row].code ||
            world.labels != MIG_LABEL_RETRYABLE_WRITE)
            fail_msg("%s, row %zu: %d %s", steps[i / MIG_COUNT(rows)][0], row, end,
                     mig_error_name(world.err.code));
        bson_destroy(result);
        step_world_end(&world);
    }
}

static void a_server_that_steps_down_leaves_it_open(void **state)
{
    (void)state;
    static const int codes[] = { 91, 189, 10107, 11600, 11602, 13435 };
    for (size_t i = 0; i < MIG_COUNT(codes); i++) {
        struct step_world world;
        bson_t *result;
        char reply[80];
        step_world_init(&world);
        snprintf(reply, sizeof reply, "{'ok': 0, 'code': %d, 'errmsg': 'going away'}", codes[i]);
        struct step_line lines[STEP_LINES] = { { "{'update': 'c'}", reply } };
        assert_int_equal(step_world_execute(&world, UPDATE "}", NULL, lines, &result), MIG_STEP_END_UNKNOWN);
        assert_int_equal(world.err.server_code, codes[i]);
        bson_destroy(result);
        step_world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_count_that_was_cut_short_says_so),
        cmocka_unit_test(commands_are_sent_as_they_must_be),
        cmocka_unit_test(comments_go_where_the_server_takes_them),
        cmocka_unit_test(what_is_not_known_is_never_called_done_or_failed),
        cmocka_unit_test(a_server_that_steps_down_leaves_it_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
