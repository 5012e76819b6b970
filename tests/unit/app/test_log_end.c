/* A run that does not tell its end: when it is over, and what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/log_read.h"
#include "base/doc.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"

#define RUN            "01M7ZZS7K5KV6QJYE8D9EXKR3V"
#define NOTHING        "{'cursor': {'id': 0, 'firstBatch': []}}"
#define IS(doc)        "{'cursor': {'id': 0, 'firstBatch': [" doc "]}}"
#define EVENTS(events) IS("{'_id': '" RUN "-000001', 'events': [" events "]}")
#define STARTED        "{'event': 'run.started', 'seq': {'$numberLong': '1'}}"
#define FINISHED       "{'event': 'run.finished', 'seq': {'$numberLong': '2'}, 'status': 'succeeded'}"

#define LOCK    "{'aggregate': 'migtui_lock'}"
#define RUNS    "{'aggregate': 'migtui_runs'}"
#define BACKUPS "{'aggregate': 'migtui_backups'}"
#define LOG     "{'find': 'migtui_log'}"

struct follow {
    struct host_fake host;
    struct mig_app app;
    struct cfg_config config;
    struct store_script *script;
    struct mig_log_reader reader;
    size_t events;
    char status[24], error[160]; /* of the end */
};

static void on_event(const bson_t *event, void *context)
{
    struct follow *follow = context;
    follow->events++;
    if (strcmp(mig_doc_str(event, "event", ""), "run.finished") != 0)
        return;
    snprintf(follow->status, sizeof follow->status, "%s", mig_doc_str(event, "status", ""));
    snprintf(follow->error, sizeof follow->error, "%s", mig_doc_str(event, "error.message", ""));
}

/* Followed from another host: what there is of its log was read. */
static void given_a_run_that_has_begun(struct follow *follow)
{
    static char prefix[] = "migtui_";
    struct mig_error err;
    *follow = (struct follow){ .config = { .prefix = prefix } };
    host_fake_init(&follow->host);
    follow->host.now_ms = 1000;
    follow->app = (struct mig_app){ .host = &follow->host.base, .config = &follow->config };
    follow->script = store_script_new("shop");
    mig_log_reader_init(&follow->reader, &follow->app, RUN);
    script_reply(follow->script, LOG, EVENTS(STARTED));
    assert_true(mig_log_read(&follow->reader, store_script_store(follow->script), 1000, on_event, follow,
                             NULL, &err));
}

static void look(struct follow *follow)
{
    struct mig_error err;
    assert_true(
        mig_log_look_for_end(&follow->reader, store_script_store(follow->script), on_event, follow, &err));
}

/* Its restore's record, or none: what the server says when it is asked. */
static void the_server_says(struct follow *follow, const char *run_record)
{
    script_reply(follow->script, LOCK, NOTHING);
    script_reply(follow->script, BACKUPS, NOTHING);
    script_reply(follow->script, RUNS, run_record);
}

static void over_and_done(struct follow *follow)
{
    store_script_end(follow->script);
}

#define ENDED IS("{'_id': '" RUN "', 'status': 'succeeded', 'database': 'shop_drill'}")

/* Its record has ended, and the last events are on their way. */
static void the_end_that_comes_late_is_waited_for(void **state)
{
    (void)state;
    struct follow follow;
    struct mig_error err;
    given_a_run_that_has_begun(&follow);
    the_server_says(&follow, ENDED);
    look(&follow);
    assert_false(follow.reader.finished);
    follow.host.now_ms += 1500;
    script_reply(follow.script, LOG, EVENTS(STARTED ", " FINISHED));
    assert_true(
        mig_log_read(&follow.reader, store_script_store(follow.script), 1000, on_event, &follow, NULL, &err));
    assert_true(follow.reader.finished);
    assert_string_equal(follow.status, "succeeded");
    over_and_done(&follow);
}

/* Between its first events and its record a restore writes its mark. */
static void a_run_without_a_record_yet_is_not_gone(void **state)
{
    (void)state;
    struct follow follow;
    given_a_run_that_has_begun(&follow);
    for (int i = 0; i < 9; i++) {
        the_server_says(&follow, NOTHING);
        look(&follow);
        assert_false(follow.reader.finished);
        follow.host.now_ms += 1100;
    }
    over_and_done(&follow);
}

static void after_ten_seconds_without_a_word_it_is_unknown(void **state)
{
    (void)state;
    struct follow follow;
    given_a_run_that_has_begun(&follow);
    the_server_says(&follow, NOTHING);
    look(&follow);
    follow.host.now_ms += 10000;
    the_server_says(&follow, NOTHING);
    script_reply(follow.script, LOG, EVENTS(STARTED));
    look(&follow);
    assert_true(follow.reader.finished);
    assert_string_equal(follow.status, "unknown");
    assert_non_null(strstr(follow.error, "nothing is heard of it any more"));
    over_and_done(&follow);
}

/* Its journal could not be written to the end, on a full disk for one. */
static void where_the_log_has_no_end_its_record_says_how_it_ended(void **state)
{
    (void)state;
    struct follow follow;
    given_a_run_that_has_begun(&follow);
    the_server_says(&follow, ENDED);
    look(&follow);
    follow.host.now_ms += 10000;
    the_server_says(&follow, ENDED);
    script_reply(follow.script, LOG, EVENTS(STARTED));
    look(&follow);
    assert_true(follow.reader.finished);
    assert_string_equal(follow.status, "succeeded");
    assert_string_equal(follow.error, "");
    over_and_done(&follow);
}

static void a_run_whose_lock_ran_out_is_over_at_once(void **state)
{
    (void)state;
    struct follow follow;
    given_a_run_that_has_begun(&follow);
    script_reply(follow.script, LOCK,
                 IS("{'_id': 'lock', 'owner': 'o', 'run': '" RUN
                    "', 'expiresAt': {'$date': {'$numberLong': '1000'}}, "
                    "'_now': {'$date': {'$numberLong': '2000'}}}"));
    script_reply(follow.script, LOG, EVENTS(STARTED));
    look(&follow);
    assert_true(follow.reader.finished);
    assert_string_equal(follow.status, "unknown");
    over_and_done(&follow);
}

static void a_server_that_is_away_ends_nothing(void **state)
{
    (void)state;
    struct follow follow;
    given_a_run_that_has_begun(&follow);
    for (int i = 0; i < 20; i++) {
        script_lose(follow.script, LOCK, MIG_OUTCOME_NOT_SENT, MIG_ERR_UNREACHABLE, 0);
        look(&follow);
        assert_false(follow.reader.finished);
        follow.host.now_ms += 1100;
    }
    over_and_done(&follow);
}

static void it_is_asked_once_a_second(void **state)
{
    (void)state;
    struct follow follow;
    given_a_run_that_has_begun(&follow);
    the_server_says(&follow, NOTHING);
    for (int i = 0; i < 4; i++) {
        look(&follow);
        follow.host.now_ms += 200;
    }
    over_and_done(&follow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_that_comes_late_is_waited_for),
        cmocka_unit_test(a_run_without_a_record_yet_is_not_gone),
        cmocka_unit_test(after_ten_seconds_without_a_word_it_is_unknown),
        cmocka_unit_test(where_the_log_has_no_end_its_record_says_how_it_ended),
        cmocka_unit_test(a_run_whose_lock_ran_out_is_over_at_once),
        cmocka_unit_test(a_server_that_is_away_ends_nothing),
        cmocka_unit_test(it_is_asked_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
