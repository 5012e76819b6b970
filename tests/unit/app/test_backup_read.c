/* How collections come into an archive: at one cluster time where the server has that, a large reply at a time, and never a
 * block that was not written. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup/scan.h"
#include "app/backup/take_private.h"
#include "archive/writer.h"
#include "base/mem.h"
#include "fakes/host_fake.h"
#include "fakes/storage_fake.h"
#include "fakes/store_script.h"

#define SNAPSHOT "'readConcern': {'level': 'snapshot', 'atClusterTime': {'$timestamp': {'t': 77, 'i': 5}}}"
#define AT_TIME  "'id': 0, 'ns': 'db.x', 'atClusterTime': {'$timestamp': {'t': 77, 'i': 5}}"
#define TIME_LONG_AGO \
    "'readConcern': {'level': 'snapshot', 'atClusterTime': {'$timestamp': {'t': 1, 'i': 1}}}"

struct world {
    struct store_script *script;
    struct storage_fake *storage;
    struct host_fake host;
    struct taking t;
    struct mig_backup_options options;
    struct mig_backup_result result;
    struct cfg_environment env;
    struct mig_error err;
};

static int set_up(void **state)
{
    static struct world w;
    static char name[] = "dev", database[] = "db";
    memset(&w, 0, sizeof w);
    host_fake_init(&w.host);
    w.script = store_script_new("db");
    w.storage = storage_fake_new(-1);
    w.env = (struct cfg_environment){ .name = name, .database = database };
    w.t = (struct taking){ .host = &w.host.base,
                           .env = &w.env,
                           .options = &w.options,
                           .result = &w.result,
                           .backup = &w.result.backup,
                           .store = store_script_store(w.script),
                           .storage = storage_fake_storage(w.storage) };
    mig_names_make("migtui_", &w.t.names);
    w.options.workers = 1;
    pthread_mutex_init(&w.t.mutex, NULL);
    pthread_mutex_init(&w.t.large, NULL);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    survey_done(&w->t.survey);
    free(w->t.order);
    w->t.storage->ops->free(w->t.storage);
    store_script_end(w->script);
    return 0;
}

/* The server tells a cluster time, and refuses to read in 1970. */
static void given_a_server_with_snapshots(struct world *w)
{
    script_reply(w->script, "{'find': 'migtui_meta', 'readConcern': {'level': 'snapshot'}}",
                 "{'cursor': {" AT_TIME ", 'firstBatch': []}}");
    script_reply(w->script, "{'find': 'migtui_meta', " TIME_LONG_AGO "}", "{'ok': 0, 'code': 239}");
    assert_true(take_snapshot_time(&w->t, &w->err));
    assert_true(w->t.snapshot);
    assert_false(w->t.moved);
}

/* Read in the order of their size: the last one first. */
static struct survey_item *given_collection(struct world *w, const char *name)
{
    struct survey *survey = &w->t.survey;
    survey->items = mig_grow(survey->items, survey->count, &survey->room, sizeof *survey->items);
    struct survey_item *item = &survey->items[survey->count++];
    *item = (struct survey_item){ .name = mig_strdup(name), .data = mig_strdup(name), .type = "collection" };
    item->options = bson_new();
    item->indexes = bson_new();
    item->bytes_estimate = (int64_t)survey->count;
    return item;
}

/* All collections into a file. True: every one of them is whole in it; else why says what broke it. */
static bool when_all_are_read(struct world *w, struct mig_error *why)
{
    int64_t size;
    char digest[MIG_SHA256_HEX];
    assert_true(w->t.storage->ops->create(w->t.storage, "a", &w->t.file, &w->err));
    w->t.pipe = pipe_new(&w->host.base, w->t.storage->ops, w->t.file, 2, 1, &w->err);
    assert_non_null(w->t.pipe);
    struct mig_buf prelude MIG_AUTOBUF;
    mig_buf_init(&prelude, PIPE_BLOCK_MAX);
    arc_prelude_begin(&prelude, 4, "8.0.0", "test");
    for (size_t i = 0; i < w->t.survey.count; i++)
        arc_prelude_namespace(&prelude, "db", w->t.survey.items[i].name, "collection", "{}", 0);
    arc_prelude_end(&prelude);
    assert_true(pipe_send(w->t.pipe, &prelude));
    assert_true(take_readers_start(&w->t, &w->err));
    while (!take_readers_done(&w->t))
        sched_yield();
    take_readers_join(&w->t);
    bool ok = pipe_end(w->t.pipe, &size, digest, why) && w->t.closed == w->t.survey.count;
    if (!ok)
        w->t.storage->ops->abandon(w->t.file);
    else
        assert_true(w->t.storage->ops->commit(w->t.file, &w->err));
    return ok;
}

/* ---- one cluster time ---- */

static void every_cursor_is_opened_at_the_same_cluster_time(void **state)
{
    struct world *w = *state;
    struct mig_error why = { 0 };
    given_a_server_with_snapshots(w);
    given_collection(w, "a");
    given_collection(w, "b");
    given_collection(w, "c");
    script_reply(w->script, "{'find': 'c', " SNAPSHOT "}",
                 "{'cursor': {" AT_TIME ", 'firstBatch': [{'_id': 1}]}}");
    script_reply(w->script, "{'find': 'b', " SNAPSHOT "}",
                 "{'cursor': {" AT_TIME ", 'firstBatch': [{'_id': 2}]}}");
    script_reply(w->script, "{'find': 'a', " SNAPSHOT "}", "{'cursor': {" AT_TIME ", 'firstBatch': []}}");
    assert_true(when_all_are_read(w, &why));
    assert_false(w->t.moved);
    assert_string_equal(w->t.torn, "");
    assert_int_equal(w->result.backup.cluster_time, 77);
    assert_int_equal(w->result.backup.cluster_increment, 5);
}

static void a_cursor_at_another_time_is_no_common_snapshot(void **state)
{
    struct world *w = *state;
    struct mig_error why = { 0 };
    given_a_server_with_snapshots(w);
    given_collection(w, "a");
    script_reply(
        w->script, "{'find': 'a', " SNAPSHOT "}",
        "{'cursor': {'id': 0, 'atClusterTime': {'$timestamp': {'t': 78, 'i': 1}}, 'firstBatch': []}}");
    assert_true(when_all_are_read(w, &why));
    assert_true(w->t.moved);
}

static void a_server_that_reads_in_1970_ignores_the_time_it_is_asked_for(void **state)
{
    struct world *w = *state;
    script_reply(w->script, "{'find': 'migtui_meta', 'readConcern': {'level': 'snapshot'}}",
                 "{'cursor': {" AT_TIME ", 'firstBatch': []}}");
    script_reply(w->script, "{'find': 'migtui_meta', " TIME_LONG_AGO "}",
                 "{'cursor': {'id': 0, 'firstBatch': []}}");
    assert_true(take_snapshot_time(&w->t, &w->err));
    assert_true(w->t.moved);
}

static void without_snapshots_cursors_are_opened_without(void **state)
{
    struct world *w = *state;
    struct mig_error why = { 0 };
    script_reply(w->script, "{'find': 'migtui_meta'}", "{'ok': 0, 'code': 72}");
    assert_true(take_snapshot_time(&w->t, &w->err));
    assert_false(w->t.snapshot);
    given_collection(w, "a");
    script_reply(w->script, "{'find': 'a'}", "{'cursor': {'id': 0, 'firstBatch': [{'_id': 1}]}}");
    assert_true(when_all_are_read(w, &why));
    assert_false(bson_has_field(script_last(w->script)->command, "readConcern"));
}

static void a_snapshot_that_the_server_let_go_ends_it_and_the_parameter_is_named(void **state)
{
    struct world *w = *state;
    struct mig_error why = { 0 };
    given_a_server_with_snapshots(w);
    given_collection(w, "a");
    script_reply(w->script, "{'find': 'a', " SNAPSHOT "}", "{'ok': 0, 'code': 239}");
    assert_false(when_all_are_read(w, &why));
    assert_int_equal(why.code, MIG_ERR_BACKUP);
    assert_non_null(strstr(why.message, "collection a: the server no longer keeps the snapshot"));
    assert_non_null(strstr(why.hint, "minSnapshotHistoryWindowInSeconds"));
}

static void a_capped_collection_that_has_no_snapshot_is_read_on_its_own_and_said_to_be(void **state)
{
    struct world *w = *state;
    struct mig_error why = { 0 };
    given_a_server_with_snapshots(w);
    given_collection(w, "a")->capped = true;
    script_reply(w->script, "{'find': 'a', " SNAPSHOT "}", "{'ok': 0, 'code': 246}");
    script_reply(w->script, "{'find': 'a'}", "{'cursor': {'id': 0, 'firstBatch': [{'_id': 1}]}}");
    assert_true(when_all_are_read(w, &why));
    assert_string_equal(w->t.torn, "a");
}

/* ---- large replies ---- */

/* A store whose every reply is large: what all readers hold of them at once is counted. */
struct large_store {
    struct mig_store base;
    pthread_mutex_t lock;
    size_t in_flight, most;
};

#define LARGE      ((size_t)3 * 1024 * 1024)
#define LARGE_EACH 5

static void count(struct large_store *store, size_t more, size_t less)
{
    pthread_mutex_lock(&store->lock);
    store->in_flight += more;
    store->in_flight -= less;
    store->most = store->in_flight > store->most ? store->in_flight : store->most;
    pthread_mutex_unlock(&store->lock);
}

static bool large_query(struct mig_store *base, const struct mig_call *call, mig_document_fn each,
                        void *context, struct mig_error *err)
{
    struct large_store *store = (struct large_store *)(void *)base;
    bson_t doc = BSON_INITIALIZER;
    char *blob = mig_alloc(LARGE);
    (void)err;
    BSON_APPEND_BINARY(&doc, "blob", BSON_SUBTYPE_BINARY, (uint8_t *)blob, LARGE);
    bool more = true;
    for (int i = 0; more && i < LARGE_EACH; i++) {
        count(store, call->large->from, 0); /* so much comes before anyone knows how much it is */
        call->large->begin(call->large->ctx);
        count(store, doc.len - call->large->from, 0);
        more = each(&doc, context);
        count(store, 0, doc.len);
        call->large->end(call->large->ctx);
    }
    free(blob);
    bson_destroy(&doc);
    return true;
}

static void given_large_documents(struct world *w, struct large_store *store)
{
    static const struct mig_store_ops ops = { .query = large_query };
    *store = (struct large_store){ .base = { &ops, "db" }, .lock = PTHREAD_MUTEX_INITIALIZER };
    w->t.store = &store->base;
}

static void of_large_replies_one_at_a_time_is_in_memory(void **state)
{
    struct world *w = *state;
    struct mig_error why = { 0 };
    struct large_store large;
    struct scan scan = { 0 };
    const struct scan_options options = { 0 };
    given_large_documents(w, &large);
    w->options.workers = 4;
    for (const char *name = "a\0b\0c\0d\0"; *name; name += 2)
        given_collection(w, name);
    assert_true(when_all_are_read(w, &why));
    assert_in_range(large.most, LARGE, LARGE + 4 * 1024 * 1024);
    assert_int_equal(large.in_flight, 0);
    if (!scan_archive(w->t.storage, "a", &options, &scan, &w->err))
        fail_msg("%s", w->err.message);
    assert_int_equal(scan.documents, 4 * LARGE_EACH);
    scan_done(&scan);
}

/* ---- the disk ---- */

static void a_block_that_did_not_fit_breaks_the_pipe(void **state)
{
    struct world *w = *state;
    struct mig_error why = { 0 };
    int64_t size;
    char digest[MIG_SHA256_HEX];
    struct mig_buf block MIG_AUTOBUF;
    mig_buf_init(&block, 10);
    mig_buf_str(&block, "more than ten bytes");
    assert_true(w->t.storage->ops->create(w->t.storage, "a", &w->t.file, &w->err));
    struct pipe *pipe = pipe_new(&w->host.base, w->t.storage->ops, w->t.file, 1, 1, &w->err);
    assert_false(pipe_send(pipe, &block));
    assert_false(pipe_end(pipe, &size, digest, &why));
    assert_int_equal(why.code, MIG_ERR_INTERNAL);
    w->t.storage->ops->abandon(w->t.file);
}

static void a_full_disk_ends_it_with_the_storages_own_words(void **state)
{
    struct world *w = *state;
    struct mig_error why = { 0 };
    struct large_store large;
    given_large_documents(w, &large);
    w->t.storage->ops->free(w->t.storage);
    w->storage = storage_fake_new(2000);
    w->t.storage = storage_fake_storage(w->storage);
    given_collection(w, "a");
    assert_false(when_all_are_read(w, &why));
    assert_int_equal(why.code, MIG_ERR_BACKUP);
    assert_non_null(strstr(why.message, "no space is left"));
    assert_int_equal(w->t.storage->ops->size(w->t.storage, "a"), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_cursor_is_opened_at_the_same_cluster_time),
        TEST(a_cursor_at_another_time_is_no_common_snapshot),
        TEST(a_server_that_reads_in_1970_ignores_the_time_it_is_asked_for),
        TEST(without_snapshots_cursors_are_opened_without),
        TEST(a_snapshot_that_the_server_let_go_ends_it_and_the_parameter_is_named),
        TEST(a_capped_collection_that_has_no_snapshot_is_read_on_its_own_and_said_to_be),
        TEST(of_large_replies_one_at_a_time_is_in_memory),
        TEST(a_block_that_did_not_fit_breaks_the_pipe),
        TEST(a_full_disk_ends_it_with_the_storages_own_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
