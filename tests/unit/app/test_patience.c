/* How long what gets no answer is tried again: long enough for a failover, never for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "app/run_private.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"

static char env_name[] = "dev";
static const struct cfg_environment env = { .name = env_name };

/* A tunnel that lets short messages pass only: beats get through, so the lease never ends, and the record never does. */
static void a_run_whose_beats_get_through_gives_up_on_what_does_not(void **state)
{
    (void)state;
    struct host_fake host;
    struct mig_error err = { 0 };
    host_fake_init(&host);
    struct mig_runner r = { .host = &host.base, .env = &env, .lease = { .lease_ms = 30000 } };
    pthread_mutex_init(&r.mutex, NULL);
    int attempts = 0;
    for (bool goes_on = true; goes_on && attempts < 1000; attempts++) {
        r.lease.sent_ms = host.now_ms; /* a beat */
        goes_on = mig_beat_pause(&r, attempts, &err);
    }
    assert_in_range(host.now_ms, 60000, 120000);
    assert_int_equal(err.code, MIG_ERR_UNREACHABLE);
    assert_non_null(strstr(err.message, "answers the heartbeat, but"));
    assert_non_null(strstr(err.hint, "migtui resume --env dev"));
    pthread_mutex_destroy(&r.mutex);
}

static void an_entry_of_the_audit_that_gets_no_answer_is_not_sent_for_ever(void **state)
{
    (void)state;
    struct host_fake host;
    struct mig_error err = { 0 };
    struct store_script *script = store_script_new("shop");
    host_fake_init(&host);
    struct mig_app app = { .host = &host.base };
    struct mig_audit audit = { .app = &app,
                               .env = &env,
                               .store = store_script_store(script),
                               .head_known = true,
                               .seq = 3,
                               .uuid = "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a" };
    mig_names_make("migtui_", &audit.names);
    for (int i = 0; i < 5; i++) {
        script_lose(script, "{'update': 'migtui_audit'}", MIG_OUTCOME_UNKNOWN, MIG_ERR_UNKNOWN_OUTCOME, 0);
        script_reply(script, "{'find': 'migtui_audit'}", "{'cursor': {'firstBatch': [{'_id': 3}]}, 'ok': 1}");
    }
    const struct mig_audit_act act = { .action = "apply.start" };
    assert_false(mig_audit_append(&audit, &act, &err));
    assert_int_equal(err.code, MIG_ERR_UNKNOWN_OUTCOME);
    assert_non_null(strstr(err.message, "the audit of dev cannot be written"));
    store_script_end(script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_whose_beats_get_through_gives_up_on_what_does_not),
        cmocka_unit_test(an_entry_of_the_audit_that_gets_no_answer_is_not_sent_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
