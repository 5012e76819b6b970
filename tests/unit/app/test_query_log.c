/* The log of a run that is not heard of: when is it over, and what if it comes back? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/log_read.h"
#include "app/query_log.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"

#define RUN           "01J9ZZZZZZZZZZZZZZZZZZZZZZ"
#define LOG           "{'find': 'migtui_log'}"
#define LOCK          "{'aggregate': 'migtui_lock'}"
#define EVENT(n)      "{'event': 'output', 'seq': {'$numberLong': '" n "'}, 'line': 'x'}"
#define CHUNK(events) "{'cursor': {'firstBatch': [{'_id': '" RUN "-0', 'events': [" events "]}]}}"
#define TIME(ms)      "{'$date': {'$numberLong': '" ms "'}}"
#define HELD(expires) \
    "{'cursor': {'firstBatch': [{'_id': 'lock', 'owner': 'o', 'run': '" RUN \
    "', 'host': 'testhost', 'bootId': 'b', 'pid': " \
    "{'$numberLong': '7'}, 'expiresAt': " TIME(expires) ", '_now': " TIME("50000") "}]}}"

struct world {
    struct store_script *script;
    struct host_fake host;
    struct mig_host_ops ops;
    struct mig_store_ops store_ops;
    struct cfg_config config;
    struct cfg_environment env;
    struct mig_app app;
    void *state;
    struct mig_query query;
    int alive; /* what process_alive says of the lock's holder */
};

static struct world world;

static int process_alive(struct mig_host *host, const struct mig_identity *who)
{
    (void)host, (void)who;
    return world.alive;
}

static void closed(struct mig_store *store)
{
    (void)store;
}

static bool open_store(void *ctx, const struct cfg_environment *env, const char *run, struct mig_store **ret,
                       struct mig_error *err)
{
    (void)ctx, (void)env, (void)run, (void)err;
    *ret = store_script_store(world.script);
    world.store_ops = *(*ret)->ops;
    world.store_ops.close = closed;
    (*ret)->ops = &world.store_ops;
    return true;
}

static int given_a_run(void **state)
{
    static char prefix[] = "migtui_";
    static char name[] = "test";
    (void)state;
    struct world *w = &world;
    *w = (struct world){ .script = store_script_new("shop"), .alive = -1 };
    host_fake_init(&w->host);
    w->ops = *w->host.base.ops;
    w->ops.process_alive = process_alive;
    w->ops.file_read_from = NULL; /* no journal of it here */
    w->host.base.ops = &w->ops;
    w->host.now_ms = 100000;
    w->config.prefix = prefix;
    w->env.name = name;
    w->app = (struct mig_app){ .config = &w->config, .host = &w->host.base, .open_store = open_store };
    w->query = (struct mig_query){ .app = &w->app, .env = &w->env, .argument = RUN, .state = &w->state };
    return 0;
}

static int done(void **state)
{
    (void)state;
    mig_unshare(world.query.previous);
    mig_query_forget_log(world.state);
    store_script_end(world.script);
    return 0;
}

/* The next value, in the place of the one before. */
static struct mig_seen_log *fetch(bool *ret_over)
{
    struct mig_error err = { 0 };
    struct mig_seen_log *log = mig_query_fetch_log(&world.query, ret_over, &err);
    assert_non_null(log);
    mig_unshare(world.query.previous);
    world.query.previous = log;
    return log;
}

static const char *last_event(const struct mig_seen_log *log)
{
    static char name[64];
    bson_t event;
    bson_iter_t iter;
    assert_true(mig_seen_log_event(log, log->count - 1, &event));
    assert_true(bson_iter_init_find(&iter, &event, "event"));
    (void)snprintf(name, sizeof name, "%s", bson_iter_utf8(&iter, NULL));
    return name;
}

/* Its server was away for longer than its lease: the process is there, and goes on. */
static void a_run_whose_process_is_alive_is_not_gone(void **state)
{
    (void)state;
    bool over = true;
    world.alive = 1;
    script_reply(world.script, LOG, CHUNK(EVENT("1")));
    script_reply(world.script, LOCK, HELD("40000")); /* ten seconds ago */
    struct mig_seen_log *log = fetch(&over);
    assert_false(over);
    assert_false(log->over);
    assert_int_equal(log->count, 1);
}

static void a_run_of_another_host_is_gone_when_its_lease_is_over(void **state)
{
    (void)state;
    bool over = true;
    script_reply(world.script, LOG, CHUNK(EVENT("1")));
    script_reply(world.script, LOCK, HELD("40000"));
    script_reply(world.script, LOG, CHUNK(EVENT("1")));
    struct mig_seen_log *log = fetch(&over);
    assert_true(log->over);
    assert_string_equal(last_event(log), "run.finished");
    assert_false(over); /* it is looked for again */
}

static void a_run_that_comes_back_is_read_anew(void **state)
{
    bool over = true;
    a_run_of_another_host_is_gone_when_its_lease_is_over(state);
    assert_ptr_equal(fetch(&over), world.query.previous); /* not asked at once */
    world.host.now_ms += 5000;
    script_reply(world.script, LOG, CHUNK(EVENT("1") ", " EVENT("2")));
    script_reply(world.script, LOG, CHUNK(EVENT("1") ", " EVENT("2")));
    script_reply(world.script, LOCK, HELD("70000"));
    struct mig_seen_log *log = fetch(&over);
    assert_false(over);
    assert_false(log->over);
    assert_int_equal(log->count, 2);
    assert_string_equal(last_event(log), "output");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_a_run, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_whose_process_is_alive_is_not_gone),
        TEST(a_run_of_another_host_is_gone_when_its_lease_is_over),
        TEST(a_run_that_comes_back_is_read_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
