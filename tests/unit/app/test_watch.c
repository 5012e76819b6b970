/* Lanes: nobody waits for a dead environment, what comes in is told once, and the end comes at once. */
#include "app/watch.h"
#include "base/doc.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/host_posix.h"

#include <cmocka.h>

#define DEADLINE_MS 20000

/* A store whose calls never get an answer, until they are cancelled. */
struct deaf_store {
    struct mig_store base;
    pthread_mutex_t lock;
    pthread_cond_t cancelled;
    bool is_cancelled;
    atomic_int calls;
};

static void wait_for_cancel(struct deaf_store *store)
{
    atomic_fetch_add(&store->calls, 1);
    pthread_mutex_lock(&store->lock);
    while (!store->is_cancelled)
        pthread_cond_wait(&store->cancelled, &store->lock);
    pthread_mutex_unlock(&store->lock);
}

static void deaf_command(struct mig_store *base, const struct mig_call *call, struct mig_reply *ret)
{
    (void)call;
    *ret = (struct mig_reply){ .outcome = MIG_OUTCOME_UNKNOWN };
    bson_init(&ret->body);
    wait_for_cancel((struct deaf_store *)(void *)base);
    mig_fail(&ret->error, MIG_ERR_CANCELLED, "cancelled here");
}

static bool deaf_query(struct mig_store *base, const struct mig_call *call, mig_document_fn each,
                       void *context, struct mig_error *err)
{
    (void)call, (void)each, (void)context;
    wait_for_cancel((struct deaf_store *)(void *)base);
    return mig_fail(err, MIG_ERR_CANCELLED, "cancelled here");
}

static void deaf_cancel(struct mig_store *base, bool on)
{
    struct deaf_store *store = (struct deaf_store *)(void *)base;
    pthread_mutex_lock(&store->lock);
    store->is_cancelled = on;
    pthread_cond_broadcast(&store->cancelled);
    pthread_mutex_unlock(&store->lock);
}

static void deaf_close(struct mig_store *base)
{
    (void)base;
}

static const struct mig_store_ops deaf_ops = {
    .command = deaf_command, .query = deaf_query, .cancel = deaf_cancel, .close = deaf_close
};

/* A store that has nothing, and from one moment on fails. */
static atomic_bool fickle_fails;

static void fickle_command(struct mig_store *base, const struct mig_call *call, struct mig_reply *ret)
{
    (void)base, (void)call;
    bool fails = atomic_load(&fickle_fails);
    *ret = (struct mig_reply){ .outcome = fails ? MIG_OUTCOME_NOT_SENT : MIG_OUTCOME_OK };
    bson_init(&ret->body);
    if (fails)
        mig_fail(&ret->error, MIG_ERR_UNREACHABLE, "not any more");
}

static atomic_bool fickle_holds; /* its answers */
static atomic_int fickle_asked;  /* how often for runs */

static bool fickle_query(struct mig_store *base, const struct mig_call *call, mig_document_fn each,
                         void *context, struct mig_error *err)
{
    (void)base, (void)each, (void)context;
    bool runs = strcmp(mig_doc_str(call->command, "aggregate", ""), "migtui_runs") == 0;
    atomic_fetch_add(&fickle_asked, runs);
    while (runs && atomic_load(&fickle_holds))
        usleep(1000);
    return !atomic_load(&fickle_fails) || mig_fail(err, MIG_ERR_UNREACHABLE, "not any more");
}

static void fickle_cancel(struct mig_store *base, bool on)
{
    (void)base, (void)on;
}

static const struct mig_store_ops fickle_ops = {
    .command = fickle_command, .query = fickle_query, .cancel = fickle_cancel, .close = deaf_close
};
static struct mig_store fickle = { .ops = &fickle_ops, .database = "fickle" };

struct world {
    char dir[64];
    struct mig_host *host;
    struct cfg_environment envs[2];
    struct cfg_config config;
    struct mig_app app;
    struct deaf_store deaf;
    struct mig_watch *watch;
    atomic_int told, opened, reads;
    atomic_bool fickle; /* gone is there after all, for a while */
    _Atomic uint64_t stamp;
};

static bool open_store(void *ctx, const struct cfg_environment *env, const char *run, struct mig_store **ret,
                       struct mig_error *err)
{
    struct world *w = ctx;
    (void)run;
    if (strcmp(env->name, "gone") == 0 && w->fickle) {
        *ret = &fickle;
        return true;
    }
    if (strcmp(env->name, "gone") == 0)
        return mig_fail(err, MIG_ERR_UNREACHABLE, "nobody is there");
    atomic_fetch_add(&w->opened, 1);
    *ret = &w->deaf.base;
    return true;
}

static bool read_catalog(void *ctx, unsigned flags, struct mig_catalog **ret, struct mig_problems *problems,
                         struct mig_error *err)
{
    struct world *w = ctx;
    (void)flags, (void)problems, (void)err;
    atomic_fetch_add(&w->reads, 1);
    *ret = mig_alloc(sizeof **ret);
    return true;
}

static bool stamp_files(void *ctx, uint64_t *ret, struct mig_error *err)
{
    (void)err;
    *ret = ((struct world *)ctx)->stamp;
    return true;
}

static void changed(void *ctx)
{
    atomic_fetch_add(&((struct world *)ctx)->told, 1);
}

static int setup(void **state)
{
    struct world *w = mig_alloc(sizeof *w);
    struct mig_error err;
    static char prefix[] = "migtui_";
    static char deaf[] = "deaf";
    static char gone[] = "gone";
    snprintf(w->dir, sizeof w->dir, "/tmp/migtui-watch-XXXXXX");
    if (!mkdtemp(w->dir) || !io_host_new(w->dir, &w->host, &err))
        return -1;
    w->envs[0] = (struct cfg_environment){ .name = deaf };
    w->envs[1] = (struct cfg_environment){ .name = gone };
    w->config = (struct cfg_config){ .environments = w->envs, .environment_count = 2, .prefix = prefix };
    w->app = (struct mig_app){ .config = &w->config,
                               .host = w->host,
                               .operator_name = "ana",
                               .ports_ctx = w,
                               .open_store = open_store,
                               .read_catalog = read_catalog,
                               .stamp_files = stamp_files };
    w->deaf.base = (struct mig_store){ .ops = &deaf_ops, .database = "deaf" };
    w->stamp = 1;
    pthread_mutex_init(&w->deaf.lock, NULL);
    pthread_cond_init(&w->deaf.cancelled, NULL);
    struct mig_watch_options options = { .app = &w->app, .changed = changed, .ctx = w };
    w->watch = mig_watch_new(&options);
    mig_watch_start(w->watch);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    atomic_store(&fickle_holds, false); /* also after a test that failed */
    struct world *w = *state;
    if (w->watch && !mig_watch_stop(w->watch, DEADLINE_MS))
        return -1;
    io_host_free(w->host);
    rmdir(w->dir);
    pthread_cond_destroy(&w->deaf.cancelled);
    pthread_mutex_destroy(&w->deaf.lock);
    free(w);
    return 0;
}

/* The snapshot in which it holds. */
static struct mig_snapshot *when(struct world *w, bool (*holds)(const struct mig_snapshot *))
{
    for (int64_t until = w->host->ops->mono_ms(w->host) + DEADLINE_MS;;) {
        struct mig_snapshot *snapshot = mig_watch_snapshot(w->watch);
        if (holds(snapshot))
            return snapshot;
        mig_unshare(snapshot);
        if (w->host->ops->mono_ms(w->host) > until)
            fail_msg("it did not come to be");
        w->host->ops->sleep_until(w->host, w->host->ops->mono_ms(w->host) + 2, w);
    }
}

static bool gone_is_said(const struct mig_snapshot *snapshot)
{
    return snapshot->envs[1].error.code == MIG_ERR_UNREACHABLE && snapshot->envs[1].next_look_ms > 0;
}

static bool deaf_is_asked(const struct mig_snapshot *snapshot)
{
    return snapshot->envs[0].next_look_ms == 0 && snapshot->envs[1].error.code != MIG_OK;
}

static void the_first_snapshot_waits_for_nobody(void **state)
{
    struct world *w = *state;
    struct mig_snapshot *snapshot = mig_watch_snapshot(w->watch);
    assert_int_equal(snapshot->env_count, 2);
    assert_null(snapshot->envs[0].seen);
    assert_non_null(snapshot->files->catalog);
    assert_string_equal(snapshot->operator_name, "ana");
    mig_unshare(snapshot);
}

static void one_that_is_deaf_delays_no_other(void **state)
{
    struct world *w = *state;
    struct mig_snapshot *snapshot = when(w, deaf_is_asked);
    assert_int_equal(snapshot->envs[0].error.code, MIG_OK); /* it may still answer */
    mig_unshare(snapshot);
}

static void one_that_is_gone_is_asked_again_later(void **state)
{
    struct world *w = *state;
    struct mig_snapshot *snapshot = when(w, gone_is_said);
    assert_true(snapshot->envs[1].next_look_ms >= snapshot->now_ms);
    assert_string_equal(snapshot->envs[1].error.message, "nobody is there");
    mig_unshare(snapshot);
}

static void news_are_told_once_until_they_are_taken(void **state)
{
    struct world *w = *state;
    mig_unshare(when(w, gone_is_said));
    mig_watch_refresh(w->watch, NULL);
    for (int64_t until = w->host->ops->mono_ms(w->host) + DEADLINE_MS; w->told == 0;) {
        assert_true(w->host->ops->mono_ms(w->host) < until);
        w->host->ops->sleep_until(w->host, w->host->ops->mono_ms(w->host) + 2, w);
    }
    int told = w->told;
    int reads = w->reads;
    w->stamp = 2; /* the directory changes, and nobody takes a snapshot */
    mig_watch_refresh(w->watch, NULL);
    for (int64_t until = w->host->ops->mono_ms(w->host) + DEADLINE_MS; w->reads == reads;) {
        assert_true(w->host->ops->mono_ms(w->host) < until);
        w->host->ops->sleep_until(w->host, w->host->ops->mono_ms(w->host) + 2, w);
    }
    assert_in_range(w->told, told, told + 1);
}

static void files_are_read_only_when_they_have_changed(void **state)
{
    struct world *w = *state;
    mig_unshare(when(w, gone_is_said));
    int reads = w->reads;
    mig_watch_refresh(w->watch, NULL);
    mig_unshare(when(w, gone_is_said));
    assert_int_equal(w->reads, reads);
}

static bool plan_has_an_error(const struct mig_snapshot *snapshot)
{
    const struct mig_snap_answer *answer =
        mig_snapshot_answer(snapshot, MIG_QUERY_PLAN, snapshot->envs[1].env, "");
    return answer && answer->error.code != MIG_OK;
}

static void a_question_that_cannot_be_answered_says_why(void **state)
{
    struct world *w = *state;
    struct mig_want want = { MIG_QUERY_PLAN, &w->envs[1], "" };
    mig_watch_wants(w->watch, &want, 1);
    struct mig_snapshot *snapshot = when(w, plan_has_an_error);
    const struct mig_snap_answer *answer = mig_snapshot_answer(snapshot, MIG_QUERY_PLAN, &w->envs[1], "");
    assert_int_equal(answer->error.code, MIG_ERR_UNREACHABLE);
    assert_null(answer->value);
    mig_unshare(snapshot);
}

static const struct mig_snap_answer *runs_of_all(const struct mig_snapshot *snapshot)
{
    return mig_snapshot_answer(snapshot, MIG_QUERY_RUNS, NULL, "");
}

static bool gone_has_told_its_runs(const struct mig_snapshot *snapshot)
{
    return runs_of_all(snapshot) && runs_of_all(snapshot)->parts[1].there;
}

static bool gone_can_tell_no_more(const struct mig_snapshot *snapshot)
{
    return runs_of_all(snapshot)->parts[1].error.code != MIG_OK;
}

/* A plan is confirmed by an answer asked for after the y: an old one must never look new because a newer question failed. */
static void an_old_answer_keeps_its_age_when_a_newer_question_fails(void **state)
{
    struct world *w = *state;
    struct mig_want want = { MIG_QUERY_RUNS, NULL, "" };
    atomic_store(&fickle_fails, false);
    atomic_store(&w->fickle, true);
    mig_watch_wants(w->watch, &want, 1);
    struct mig_snapshot *told = when(w, gone_has_told_its_runs);
    int64_t asked_ms = runs_of_all(told)->asked_ms;
    assert_false(runs_of_all(told)->parts[0].there); /* deaf has not answered, and is not taken for empty */
    w->host->ops->sleep_until(w->host, w->host->ops->mono_ms(w->host) + 5, w);
    atomic_store(&fickle_fails, true);
    mig_watch_refresh(w->watch, NULL);
    struct mig_snapshot *failed = when(w, gone_can_tell_no_more);
    assert_int_equal(runs_of_all(failed)->asked_ms, asked_ms);
    assert_int_equal(runs_of_all(failed)->parts[1].asked_ms, asked_ms);
    assert_true(runs_of_all(failed)->parts[1].there);
    mig_unshare(told);
    mig_unshare(failed);
}

static void until_asked(struct world *w, int times, int64_t within_ms)
{
    int64_t until = w->host->ops->mono_ms(w->host) + within_ms;
    while (atomic_load(&fickle_asked) < times) {
        if (w->host->ops->mono_ms(w->host) > until)
            fail_msg("it was asked %d times, not %d", atomic_load(&fickle_asked), times);
        w->host->ops->sleep_until(w->host, w->host->ops->mono_ms(w->host) + 2, w);
    }
}

/* Who confirms a plan asks for one that is newer than the y: the answer that was under way then is not, and must not end the
 * asking. Runs are asked for again every ten seconds by themselves. */
static void asking_anew_while_an_answer_is_under_way_is_not_lost(void **state)
{
    struct world *w = *state;
    struct mig_want want = { MIG_QUERY_RUNS, &w->envs[1], "" };
    atomic_store(&fickle_fails, false);
    atomic_store(&fickle_holds, true);
    atomic_store(&fickle_asked, 0);
    atomic_store(&w->fickle, true);
    mig_watch_wants(w->watch, &want, 1);
    until_asked(w, 1, DEADLINE_MS);
    mig_watch_refresh(w->watch, NULL);
    atomic_store(&fickle_holds, false);
    until_asked(w, 2, 9000);
}

static void the_end_cancels_what_is_under_way(void **state)
{
    struct world *w = *state;
    mig_unshare(when(w, deaf_is_asked));
    struct mig_want want = { MIG_QUERY_RUNS, &w->envs[0], "" };
    mig_watch_wants(w->watch, &want, 1);
    for (int64_t until = w->host->ops->mono_ms(w->host) + DEADLINE_MS; w->deaf.calls < 2;) {
        assert_true(w->host->ops->mono_ms(w->host) < until);
        w->host->ops->sleep_until(w->host, w->host->ops->mono_ms(w->host) + 2, w);
    }
    assert_int_equal(w->opened, 1); /* both lanes share one store */
    assert_true(mig_watch_stop(w->watch, DEADLINE_MS));
    w->watch = NULL;
}

static bool window_is_open(const struct mig_snapshot *snapshot)
{
    return snapshot->envs[0].writable_until_ms > 0;
}

static bool window_is_shut(const struct mig_snapshot *snapshot)
{
    return !window_is_open(snapshot);
}

static void a_window_for_writing_closes_by_itself(void **state)
{
    struct world *w = *state;
    mig_watch_set_writable(w->watch, &w->envs[0], w->host->ops->mono_ms(w->host) + 200);
    mig_unshare(when(w, window_is_open));
    mig_unshare(when(w, window_is_shut));
}

#define WATCH_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCH_TEST(the_first_snapshot_waits_for_nobody),
        WATCH_TEST(one_that_is_deaf_delays_no_other),
        WATCH_TEST(one_that_is_gone_is_asked_again_later),
        WATCH_TEST(news_are_told_once_until_they_are_taken),
        WATCH_TEST(files_are_read_only_when_they_have_changed),
        WATCH_TEST(a_question_that_cannot_be_answered_says_why),
        WATCH_TEST(an_old_answer_keeps_its_age_when_a_newer_question_fails),
        WATCH_TEST(asking_anew_while_an_answer_is_under_way_is_not_lost),
        WATCH_TEST(the_end_cancels_what_is_under_way),
        WATCH_TEST(a_window_for_writing_closes_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
