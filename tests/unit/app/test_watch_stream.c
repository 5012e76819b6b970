/* Changes told by a server: shown at once, and where nothing happens hardly anything is asked. Time is made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "app/watch_private.h"
#include "base/doc.h"
#include "base/mem.h"
#include "fakes/host_fake.h"

#define DEADLINE_S 60
#define HOUR_MS    INT64_C(3600000)

enum command { NONE, CHANGE, IDLE, BREAK, CANCEL };

/* A replica set with an empty database, and one change stream at a time that says what a test wants. */
struct server {
    struct mig_store base;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum command command;
    const char *collection; /* of CHANGE */
    int changes;            /* how many */
    bool cancelled;
    atomic_int looks, streams, refusals;
    atomic_bool refuses, standalone, locked, has_record;
};

struct world {
    struct host_fake host;
    struct server server;
    struct cfg_environment env;
    struct cfg_config config;
    struct mig_app app;
    struct mig_watch *watch;
};

static struct server *server_of(struct mig_store *base)
{
    return (struct server *)(void *)base;
}

static void answer(struct mig_store *base, const struct mig_call *call, struct mig_reply *ret)
{
    struct server *server = server_of(base);
    *ret = (struct mig_reply){ .outcome = MIG_OUTCOME_OK };
    bson_init(&ret->body);
    if (mig_doc_has(call->command, "buildInfo")) {
        BCON_APPEND(&ret->body, "version", "8.0.4", "versionArray", "[", BCON_INT32(8), BCON_INT32(0), "]");
        return;
    }
    BCON_APPEND(&ret->body, "isWritablePrimary", BCON_BOOL(true), "maxWireVersion", BCON_INT32(25),
                "logicalSessionTimeoutMinutes", BCON_INT32(30));
    if (!server->standalone)
        BSON_APPEND_UTF8(&ret->body, "setName", "rs0");
}

/* Until a test says what comes next; NONE is taken for it. */
static enum command next(struct server *server, int *ret_changes, const char **ret_collection)
{
    pthread_mutex_lock(&server->lock);
    while (server->command == NONE && !server->cancelled)
        pthread_cond_wait(&server->changed, &server->lock);
    enum command command = server->cancelled ? CANCEL : server->command;
    *ret_changes = server->changes;
    *ret_collection = server->collection;
    server->command = NONE;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    return command;
}

static bool stream(struct server *server, const struct mig_call *call, mig_document_fn each, void *context,
                   struct mig_error *err)
{
    bson_t cursor = BSON_INITIALIZER;
    if (server->refuses) {
        atomic_fetch_add(&server->refusals, 1);
        return mig_fail(err, MIG_ERR_SERVER, "The $changeStream stage is not supported");
    }
    assert_true(call->opened(&cursor, context, err));
    atomic_fetch_add(&server->streams, 1);
    for (bool on = true; on;) {
        int changes;
        const char *collection;
        switch (next(server, &changes, &collection)) {
        case CHANGE: {
            bson_t *event = BCON_NEW("ns", "{", "coll", BCON_UTF8(collection), "}");
            for (int i = 0; i < changes && on; i++)
                on = each(event, context);
            bson_destroy(event);
            break;
        }
        case IDLE: on = call->idle(context); break;
        default: return mig_fail(err, MIG_ERR_UNKNOWN_OUTCOME, "the connection broke");
        }
    }
    return true;
}

static bool query(struct mig_store *base, const struct mig_call *call, mig_document_fn each, void *context,
                  struct mig_error *err)
{
    struct server *server = server_of(base);
    if (mig_doc_has(call->command, "pipeline.0.$changeStream"))
        return stream(server, call, each, context, err);
    if (server->locked) {
        bson_t *lock = BCON_NEW("_id", "lock", "_kind", "lock", "owner", "somebody", "_now",
                                BCON_DATE_TIME(1000), "expiresAt", BCON_DATE_TIME(60000));
        if (server->has_record)
            BSON_APPEND_UTF8(lock, "run", "RUN1");
        each(lock, context);
        bson_destroy(lock);
    }
    if (server->has_record) {
        bson_t *record = BCON_NEW("_id", "1", "state", "running", "run", "RUN1");
        each(record, context);
        bson_destroy(record);
    }
    atomic_fetch_add(&server->looks, 1);
    return true;
}

static void cancel(struct mig_store *base, bool on)
{
    struct server *server = server_of(base);
    pthread_mutex_lock(&server->lock);
    server->cancelled = on;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void close_store(struct mig_store *base)
{
    (void)base;
}

static const struct mig_store_ops store_ops = {
    .command = answer, .query = query, .cancel = cancel, .close = close_store
};

static bool open_store(void *ctx, const struct cfg_environment *env, const char *run, struct mig_store **ret,
                       struct mig_error *err)
{
    (void)env, (void)run, (void)err;
    *ret = &((struct world *)ctx)->server.base;
    return true;
}

static bool read_catalog(void *ctx, unsigned flags, struct mig_catalog **ret, struct mig_problems *problems,
                         struct mig_error *err)
{
    (void)ctx, (void)flags, (void)problems, (void)err;
    *ret = mig_alloc(sizeof **ret);
    return true;
}

static bool stamp_files(void *ctx, uint64_t *ret, struct mig_error *err)
{
    (void)ctx, (void)err;
    *ret = 1;
    return true;
}

static bool stands_still(void *context)
{
    (void)context;
    return false;
}

static int setup(void **state)
{
    struct world *w = mig_alloc(sizeof *w);
    static char name[] = "dev";
    static char prefix[] = "migtui_";
    host_fake_init(&w->host);
    w->host.may_pass = stands_still;
    w->host.now_ms = 1000000;
    w->env = (struct cfg_environment){ .name = name };
    w->config = (struct cfg_config){ .environments = &w->env, .environment_count = 1, .prefix = prefix };
    w->app = (struct mig_app){ .config = &w->config,
                               .host = &w->host.base,
                               .operator_name = "ana",
                               .ports_ctx = w,
                               .open_store = open_store,
                               .read_catalog = read_catalog,
                               .stamp_files = stamp_files };
    w->server.base = (struct mig_store){ .ops = &store_ops, .database = "shop" };
    pthread_mutex_init(&w->server.lock, NULL);
    pthread_cond_init(&w->server.changed, NULL);
    struct mig_watch_options options = { .app = &w->app };
    w->watch = mig_watch_new(&options);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    pthread_mutex_lock(&w->watch->lock);
    w->watch->stopping = true;
    pthread_mutex_unlock(&w->watch->lock);
    cancel(&w->server.base, true);
    while (!mig_watch_stop(w->watch, 0)) /* its clock stands still */
        sched_yield();
    pthread_cond_destroy(&w->server.changed);
    pthread_mutex_destroy(&w->server.lock);
    free(w);
    return 0;
}

/* ---- given, when, then ---- */

static void wait_for(struct world *w, bool (*holds)(struct world *))
{
    for (time_t until = time(NULL) + DEADLINE_S; !holds(w); sched_yield()) {
        if (time(NULL) > until)
            fail_msg("it did not come to be");
    }
}

static int64_t next_look(struct world *w)
{
    struct mig_snapshot *snapshot = mig_watch_snapshot(w->watch);
    int64_t at = snapshot->envs[0].next_look_ms;
    mig_unshare(snapshot);
    return at;
}

/* Nothing is under way, and the next look is of another moment than this. */
static bool is_settled(struct world *w)
{
    return mig_watch_is_idle(w->watch) && next_look(w) > w->host.now_ms;
}

static bool is_streaming(struct world *w)
{
    return w->server.streams > 0 && w->server.looks > 1 && is_settled(w);
}

static bool is_polled(struct world *w)
{
    return w->server.looks > 0 && is_settled(w);
}

static bool is_taken(struct world *w)
{
    pthread_mutex_lock(&w->server.lock);
    bool taken = w->server.command == NONE;
    pthread_mutex_unlock(&w->server.lock);
    return taken;
}

static void given_a_stream(struct world *w)
{
    mig_watch_start(w->watch);
    wait_for(w, is_streaming);
}

static void when_it_says(struct world *w, enum command command, const char *collection, int changes)
{
    pthread_mutex_lock(&w->server.lock);
    w->server.command = command;
    w->server.collection = collection;
    w->server.changes = changes;
    pthread_cond_broadcast(&w->server.changed);
    pthread_mutex_unlock(&w->server.lock);
    wait_for(w, is_taken);
}

static int looks_of_an_hour(struct world *w)
{
    int before = w->server.looks;
    for (int64_t until = w->host.now_ms + HOUR_MS; next_look(w) < until;) {
        w->host.now_ms = next_look(w);
        wait_for(w, is_settled);
    }
    return w->server.looks - before;
}

static int64_t seen_ms(struct world *w)
{
    struct mig_snapshot *snapshot = mig_watch_snapshot(w->watch);
    int64_t at = snapshot->envs[0].seen_ms;
    mig_unshare(snapshot);
    return at;
}

/* ---- tests ---- */

static void nothing_is_looked_at_before_the_start(void **state)
{
    struct world *w = *state;
    mig_unshare(mig_watch_snapshot(w->watch));
    assert_int_equal(w->server.looks, 0);
}

static void an_idle_hour_with_a_stream_costs_a_look_in_fifteen_seconds(void **state)
{
    struct world *w = *state;
    given_a_stream(w);
    assert_in_range(looks_of_an_hour(w), HOUR_MS / WATCH_QUIET_MS - 1, HOUR_MS / WATCH_QUIET_MS);
    assert_int_equal(w->server.streams, 1);
}

static void a_server_that_refuses_is_polled_and_hardly_asked_again(void **state)
{
    struct world *w = *state;
    w->server.refuses = true;
    mig_watch_start(w->watch);
    wait_for(w, is_polled);
    assert_in_range(looks_of_an_hour(w), HOUR_MS / WATCH_LOOK_MS - 1, HOUR_MS / WATCH_LOOK_MS);
    assert_in_range(w->server.refusals, 1, HOUR_MS / WATCH_REFUSED_MS + 1);
}

static void a_server_without_streams_is_not_asked_for_one(void **state)
{
    struct world *w = *state;
    w->server.standalone = true;
    w->server.refuses = true;
    mig_watch_start(w->watch);
    wait_for(w, is_polled);
    looks_of_an_hour(w);
    assert_int_equal(w->server.refusals, 0);
}

static int looks_before;

static bool has_looked(struct world *w)
{
    return w->server.looks > looks_before && is_settled(w);
}

static void what_is_told_is_looked_at_without_any_time_passing(void **state)
{
    struct world *w = *state;
    given_a_stream(w);
    w->host.now_ms += WATCH_RUNNING_MS;
    looks_before = w->server.looks;
    when_it_says(w, CHANGE, "migtui_lock", 1);
    wait_for(w, has_looked);
    assert_int_equal(w->server.looks, looks_before + 1);
}

static void a_thousand_changes_are_one_look(void **state)
{
    struct world *w = *state;
    given_a_stream(w);
    looks_before = w->server.looks;
    when_it_says(w, CHANGE, "migtui_history", 1000);
    when_it_says(w, IDLE, NULL, 0); /* all of them were taken in */
    wait_for(w, is_settled);
    assert_int_equal(w->server.looks, looks_before);
    assert_int_equal(next_look(w), w->host.now_ms + WATCH_RUNNING_MS);
    w->host.now_ms = next_look(w);
    wait_for(w, has_looked);
    assert_int_equal(w->server.looks, looks_before + 1);
}

static void an_answer_to_a_request_makes_questions_due(void **state)
{
    struct world *w = *state;
    given_a_stream(w);
    pthread_mutex_lock(&w->watch->lock);
    uint64_t changes = w->watch->envs[0].changes;
    pthread_mutex_unlock(&w->watch->lock);
    when_it_says(w, CHANGE, "migtui_approvals", 1);
    when_it_says(w, IDLE, NULL, 0);
    pthread_mutex_lock(&w->watch->lock);
    assert_int_equal(w->watch->envs[0].changes, changes + 1);
    pthread_mutex_unlock(&w->watch->lock);
}

static bool is_fresh(struct world *w)
{
    return seen_ms(w) == w->host.now_ms;
}

static void where_nothing_changes_the_last_look_is_as_new(void **state)
{
    struct world *w = *state;
    given_a_stream(w);
    w->host.now_ms += WATCH_AWAIT_MS;
    assert_int_equal(seen_ms(w), w->host.now_ms - WATCH_AWAIT_MS);
    when_it_says(w, IDLE, NULL, 0);
    wait_for(w, is_fresh);
}

/* Whether its holder is alive is a matter of the server's clock, of which no change is told. */
static void a_lock_is_looked_at_by_the_clock(void **state)
{
    struct world *w = *state;
    w->server.locked = true;
    given_a_stream(w);
    assert_int_equal(next_look(w), w->host.now_ms + WATCH_LOOK_MS);
    w->host.now_ms += WATCH_LOOK_MS - 1;
    when_it_says(w, IDLE, NULL, 0);
    when_it_says(w, IDLE, NULL, 0);
    assert_int_equal(seen_ms(w), w->host.now_ms - WATCH_LOOK_MS + 1);
}

static bool has_two_streams(struct world *w)
{
    return w->server.streams == 2 && is_settled(w) && next_look(w) == w->host.now_ms + WATCH_QUIET_MS;
}

static void a_stream_that_breaks_is_polled_for_and_opened_again(void **state)
{
    struct world *w = *state;
    given_a_stream(w);
    w->host.now_ms += 5000;
    looks_before = w->server.looks;
    when_it_says(w, BREAK, NULL, 0);
    wait_for(w, has_looked); /* is it still there? */
    assert_int_equal(next_look(w), w->host.now_ms + WATCH_LOOK_MS);
    assert_int_equal(w->server.streams, 1);
    w->host.now_ms += WATCH_BACKOFF_MS;
    wait_for(w, has_two_streams);
}

#define WATCH_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static struct mig_snapshot *when_looked_again(struct world *w)
{
    looks_before = w->server.looks;
    mig_watch_refresh(w->watch, NULL);
    wait_for(w, has_looked);
    return mig_watch_snapshot(w->watch);
}

/* A screen of ten thousand rows is made again where views are others, and only there. */
static void a_look_that_finds_nothing_new_makes_nothing_new(void **state)
{
    struct world *w = *state;
    given_a_stream(w);
    struct mig_snapshot *first = mig_watch_snapshot(w->watch);
    struct mig_snapshot *second = when_looked_again(w);
    const struct mig_look *was = &first->envs[0].seen->look;
    const struct mig_look *is = &second->envs[0].seen->look;
    assert_ptr_not_equal(is, was);
    assert_ptr_equal(is->history->past, was->history->past);
    assert_ptr_equal(is->views.items, was->views.items);
    w->server.has_record = true;
    struct mig_snapshot *third = when_looked_again(w);
    const struct mig_look *changed = &third->envs[0].seen->look;
    assert_ptr_not_equal(changed->views.items, is->views.items);
    assert_int_equal(changed->views.counts[MIG_INTERRUPTED], 1);
    mig_unshare(first);
    mig_unshare(second);
    mig_unshare(third);
}

/* Its records stay what they are when a run takes the lock or loses it; what they mean does not. */
static void what_is_unfinished_follows_the_lock(void **state)
{
    struct world *w = *state;
    w->server.has_record = true;
    given_a_stream(w);
    struct mig_snapshot *first = mig_watch_snapshot(w->watch);
    assert_int_equal(first->envs[0].seen->look.views.counts[MIG_INTERRUPTED], 1);
    w->server.locked = true;
    struct mig_snapshot *second = when_looked_again(w);
    assert_ptr_equal(second->envs[0].seen->look.history->past, first->envs[0].seen->look.history->past);
    assert_int_equal(second->envs[0].seen->look.views.counts[MIG_RUNNING], 1);
    mig_unshare(first);
    mig_unshare(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCH_TEST(nothing_is_looked_at_before_the_start),
        WATCH_TEST(an_idle_hour_with_a_stream_costs_a_look_in_fifteen_seconds),
        WATCH_TEST(a_server_that_refuses_is_polled_and_hardly_asked_again),
        WATCH_TEST(a_server_without_streams_is_not_asked_for_one),
        WATCH_TEST(what_is_told_is_looked_at_without_any_time_passing),
        WATCH_TEST(a_thousand_changes_are_one_look),
        WATCH_TEST(an_answer_to_a_request_makes_questions_due),
        WATCH_TEST(where_nothing_changes_the_last_look_is_as_new),
        WATCH_TEST(a_lock_is_looked_at_by_the_clock),
        WATCH_TEST(a_look_that_finds_nothing_new_makes_nothing_new),
        WATCH_TEST(what_is_unfinished_follows_the_lock),
        WATCH_TEST(a_stream_that_breaks_is_polled_for_and_opened_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
