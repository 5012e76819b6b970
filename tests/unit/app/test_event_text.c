/* Each event as one line: whole in itself, and safe whatever the server said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/event_text.h"
#include "base/cleanup.h"
#include "support/step_json.h"

static void says(const char *event, const char *line, enum mig_event_tone tone)
{
    MIG_AUTOBSON bson_t *doc = doc_json(event);
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&out, 1 << 16);
    assert_int_equal(mig_event_line(doc, &out), tone);
    assert_string_equal(out.text, line);
}

static void a_run_reads_as_prose(void **state)
{
    (void)state;
    says("{'event': 'run.started', 'run': '01J', 'environment': 'test', 'operator': 'ana', 'host': 'b2', "
         "'command': 'apply', 'migrations': 1, 'steps': 2}",
         "run 01J on test by ana from b2: apply 1 migration, 2 steps", MIG_TONE_PLAIN);
    says("{'event': 'lock.acquired', 'token': 7}", "lock is ours, token 7", MIG_TONE_PLAIN);
    says("{'event': 'lock.acquired', 'token': 8, 'tookOver': '01H'}",
         "lock is ours, token 8, taken over from run 01H", MIG_TONE_WARN);
    says("{'event': 'check.done', 'name': 'lock', 'state': 'ok', 'reason': ''}", "check lock ok",
         MIG_TONE_PLAIN);
    says("{'event': 'check.done', 'name': 'backup', 'state': 'failed', 'reason': 'none is younger than 1h'}",
         "check backup failed: none is younger than 1h", MIG_TONE_BAD);
    says("{'event': 'migration.started', 'version': '3', 'title': 'split', 'direction': 'up'}",
         "migrating 3 (split)", MIG_TONE_PLAIN);
    says("{'event': 'step.started', 'version': '3', 'step': 's1', 'kind': 'batch'}", "step s1 (batch)",
         MIG_TONE_PLAIN);
    says("{'event': 'progress', 'step': 's1', 'done': 12400, 'total': 58112, 'rate': 1204, 'what': "
         "'documents'}",
         "s1: 12,400 of 58,112 documents (21%), 1,204/s, 38s left", MIG_TONE_DETAIL);
    says("{'event': 'output', 'step': 'sh', 'line': 'done'}", "sh | done", MIG_TONE_DETAIL);
    says("{'event': 'step.done', 'step': 's1', 'kind': 'batch', 'modified': 3, 'inserted': 0, 'durationMs': "
         "4200}",
         "step s1 (batch) done: 3 modified, 4.2s", MIG_TONE_PLAIN);
    says("{'event': 'step.done', 'step': 's1', 'kind': 'assert', 'durationMs': 2}", "step s1 (assert) done",
         MIG_TONE_PLAIN);
    says("{'event': 'step.failed', 'step': 's1', 'kind': 'update', 'message': 'E11000'}",
         "step s1 (update) failed: E11000", MIG_TONE_BAD);
    says("{'event': 'migration.done', 'version': '3', 'title': '', 'direction': 'down', 'durationMs': 12}",
         "rolled back 3, 12ms", MIG_TONE_GOOD);
    says("{'event': 'warning', 'message': 'lag 3s'}", "lag 3s", MIG_TONE_WARN);
    says("{'event': 'run.stopping', 'by': 'ivo'}", "stopping after this step, asked by ivo", MIG_TONE_WARN);
    says("{'event': 'run.finished', 'status': 'succeeded', 'applied': 1, 'steps': 2, 'durationMs': 4300}",
         "run succeeded: 1 migration, 2 steps, 4.3s", MIG_TONE_GOOD);
    says(
        "{'event': 'run.finished', 'command': 'restore', 'status': 'succeeded', 'applied': 0, 'steps': 0, 'file': "
        "'shop_look', 'documents': 14, 'collections': 7, 'bytes': 9700, 'durationMs': 294}",
        "restore succeeded: shop_look: 14 documents of 7 collections, 9.7 kB, 294ms", MIG_TONE_GOOD);
    says("{'event': 'run.finished', 'status': 'failed', 'applied': 0, 'steps': 1, 'error': {'message': "
         "'E11000', 'hint': 'migtui resume'}}",
         "run failed: 0 migrations, 1 step; E11000. Next: migtui resume", MIG_TONE_BAD);
}

static void an_unknown_event_is_shown_as_it_is(void **state)
{
    (void)state;
    says("{'event': 'moon.rose', 'at': 'x'}", "{ \"event\" : \"moon.rose\", \"at\" : \"x\" }",
         MIG_TONE_PLAIN);
}

static void no_event_reaches_the_terminal_raw(void **state)
{
    (void)state;
    says("{'event': 'output', 'step': 'a\\u001b[31m', 'line': 'x\\u202ey\\u0007'}",
         "a\\x1b[31m | x\\u{202e}y\\x07", MIG_TONE_DETAIL);
}

static void what_is_left_is_told_only_when_it_can_be(void **state)
{
    (void)state;
    assert_int_equal(mig_event_left_ms(10, 30, 10), 2000);
    assert_int_equal(mig_event_left_ms(10, 30, 0), -1);
    assert_int_equal(mig_event_left_ms(30, 30, 10), -1);
    assert_int_equal(mig_event_left_ms(0, INT64_MAX, 0.001), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_reads_as_prose),
        cmocka_unit_test(an_unknown_event_is_shown_as_it_is),
        cmocka_unit_test(no_event_reaches_the_terminal_raw),
        cmocka_unit_test(what_is_left_is_told_only_when_it_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
