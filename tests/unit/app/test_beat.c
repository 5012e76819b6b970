/* The heartbeat: how long a lease is believed in, and when a runner stops believing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "app/run_private.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"

#define OWNER "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a"
#define BEAT  "{'findAndModify': 'migtui_lock'}"
#define OURS  "{'ok': 1, 'value': {'_id': 'lock', 'owner': '" OWNER "', 'run': '01J9', 'token': 5}}"

static char env_name[] = "dev";
static const struct cfg_environment env = { .name = env_name };

struct world {
    struct host_fake host;
    struct store_script *script;
    struct mig_run_options options;
    struct mig_runner r;
};

/* A runner whose last beat was sent at -15 s, and whose clock is at 15 s: the lease of 30 s is just over. */
static void world_init(struct world *w)
{
    *w = (struct world){ .script = store_script_new("shop") };
    host_fake_init(&w->host);
    w->host.now_ms = 15000;
    w->r = (struct mig_runner){ .host = &w->host.base,
                                .env = &env,
                                .options = &w->options,
                                .store = store_script_store(w->script),
                                .beat_store = store_script_store(w->script),
                                .token = 5,
                                .claim = { .owner = OWNER, .run = "01J9", .lease_ms = 30000 },
                                .lease = { .lease_ms = 30000, .sent_ms = -15000 } };
    mig_names_make("migtui_", &w->r.names);
    pthread_mutex_init(&w->r.mutex, NULL);
}

static int64_t believed(struct world *w)
{
    pthread_mutex_lock(&w->r.mutex);
    int64_t sent_ms = w->r.lease.sent_ms;
    pthread_mutex_unlock(&w->r.mutex);
    return sent_ms;
}

/* The script's answers say that they were sent at 0, fifteen seconds before they came: so long the server has counted already. */
static void a_lease_counts_from_the_question_however_late_the_answer(void **state)
{
    (void)state;
    struct world w;
    struct mig_error err;
    world_init(&w);
    script_reply(w.script, BEAT, OURS);
    script_repeat(w.script);
    assert_true(mig_beat_start(&w.r, &err));
    while (believed(&w) == -15000)
        sched_yield();
    mig_beat_stop(&w.r);
    assert_int_equal(believed(&w), 0);
    pthread_mutex_destroy(&w.r.mutex);
    store_script_end(w.script);
}

static void a_beat_that_finds_another_owner_ends_the_run(void **state)
{
    (void)state;
    struct world w;
    struct mig_error err;
    world_init(&w);
    script_reply(w.script, BEAT, "{'ok': 1, 'value': null}");
    assert_true(mig_beat_start(&w.r, &err));
    while (!mig_beat_lost(&w.r))
        sched_yield();
    mig_beat_stop(&w.r);
    assert_int_equal(believed(&w), -15000);
    int64_t left_ms;
    assert_false(mig_beat_ready(&w.r, &left_ms, &err));
    assert_int_equal(err.code, MIG_ERR_FENCED);
    pthread_mutex_destroy(&w.r.mutex);
    store_script_end(w.script);
}

/* The heartbeat has connections of its own, and goes on. */
static void what_is_in_flight_is_cancelled_when_the_lease_is_about_to_end_and_not_before(void **state)
{
    (void)state;
    static const struct {
        int64_t sent_ms; /* of the last beat that was answered; it is 15 s now */
        int cancels;
    } rows[] = { { -10000, 1 }, { -9000, 0 } }; /* five sixths of the lease are 25 s */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        struct mig_error err;
        world_init(&w);
        struct store_script *beats = store_script_new("shop");
        w.r.lease.sent_ms = rows[i].sent_ms;
        w.r.beat_store = store_script_store(beats);
        script_lose(beats, BEAT, MIG_OUTCOME_UNKNOWN, MIG_ERR_UNREACHABLE, 0);
        script_reply(beats, BEAT, OURS); /* half a second later */
        script_repeat(beats);
        assert_true(mig_beat_start(&w.r, &err));
        while (believed(&w) == rows[i].sent_ms)
            sched_yield();
        mig_beat_stop(&w.r);
        assert_int_equal(script_cancels(w.script), rows[i].cancels);
        pthread_mutex_destroy(&w.r.mutex);
        store_script_end(beats);
        store_script_end(w.script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_counts_from_the_question_however_late_the_answer),
        cmocka_unit_test(a_beat_that_finds_another_owner_ends_the_run),
        cmocka_unit_test(what_is_in_flight_is_cancelled_when_the_lease_is_about_to_end_and_not_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
