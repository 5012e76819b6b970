/* What a database holds, and what changed of it since. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

#include "app/backup/survey.h"
#include "fakes/store_script.h"

#define LIST "{'listCollections': 1}"

struct world {
    struct store_script *script;
    struct mig_server server;
    struct survey survey;
    struct mig_error err;
};

static int set_up(void **state)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    w.script = store_script_new("db");
    w.server.major = 8;
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    survey_done(&w->survey);
    store_script_end(w->script);
    return 0;
}

static void given_collections(struct world *w, const char *batch)
{
    char reply[2048];
    snprintf(reply, sizeof reply, "{'cursor': {'id': 0, 'firstBatch': [%s]}}", batch);
    script_reply(w->script, LIST, reply);
}

/* The indexes and the size of a collection are asked for next. */
static void given_details(struct world *w, const char *name, const char *data, int documents)
{
    char wanted[200], reply[200];
    snprintf(wanted, sizeof wanted, "{'listIndexes': '%s'}", name);
    script_reply(w->script, wanted,
                 "{'cursor': {'id': 0, 'firstBatch': [{'v': 2, 'key': {'_id': 1}, 'name': '_id_'}]}}");
    snprintf(wanted, sizeof wanted, "{'aggregate': '%s'}", data);
    snprintf(reply, sizeof reply,
             "{'cursor': {'id': 0, 'firstBatch': [{'storageStats': {'count': %d, 'size': %d}}]}}", documents,
             documents * 10);
    script_reply(w->script, wanted, reply);
}

static bool survey(struct world *w)
{
    return survey_take(store_script_store(w->script), &w->server, &w->survey, &w->err);
}

static void collections_are_found_with_sizes_and_the_servers_own_left_out(void **state)
{
    struct world *w = *state;
    given_collections(
        w, "{'name': 'b', 'type': 'collection', 'options': {'capped': true}},"
           "{'name': 'system.views', 'type': 'collection'}, {'name': 'system.js', 'type': 'collection'},"
           "{'name': 'a', 'type': 'view', 'options': {'viewOn': 'b'}}");
    given_details(w, "b", "b", 7);
    given_details(w, "system.js", "system.js", 1);
    assert_true(survey(w));
    assert_int_equal(w->survey.count, 3);
    assert_string_equal(w->survey.items[0].name, "a");
    assert_string_equal(w->survey.items[1].name, "b");
    assert_true(w->survey.items[1].capped);
    assert_int_equal(bson_count_keys(w->survey.items[1].indexes), 1);
    assert_int_equal(w->survey.documents_estimate, 8);
    assert_int_equal(w->survey.bytes_estimate, 80);
}

static void a_time_series_is_read_where_its_server_keeps_it(void **state)
{
    static const struct {
        int major, minor;
        bool buckets;
        const char *data;
        bool raw, measurements;
    } rows[] = {
        { 8, 0, true, "system.buckets.s", false, false },
        { 8, 3, false, "s", true, false },
        { 8, 0, false, "s", false, true }, /* a server that shows no buckets: what it shows is read */
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w->server.major = rows[i].major;
        w->server.minor = rows[i].minor;
        given_collections(
            w, rows[i].buckets
                   ? "{'name': 's', 'type': 'timeseries'}, {'name': 'system.buckets.s', 'type': 'collection'}"
                   : "{'name': 's', 'type': 'timeseries'}");
        given_details(w, "s", rows[i].data, 1);
        assert_true(survey(w));
        assert_int_equal(w->survey.count, 1);
        assert_string_equal(w->survey.items[0].data, rows[i].data);
        assert_int_equal(w->survey.items[0].raw_data, rows[i].raw);
        assert_int_equal(w->survey.items[0].measurements, rows[i].measurements);
        survey_done(&w->survey);
    }
}

static void indexes_that_cannot_be_read_end_it(void **state)
{
    struct world *w = *state;
    given_collections(w, "{'name': 'a', 'type': 'collection'}");
    script_reply(w->script, "{'listIndexes': 'a'}", "{'ok': 0, 'code': 13}");
    assert_false(survey(w));
}

#define UUID(byte) "{'uuid': {'$binary': {'base64': '" byte "AAAAAAAAAAAAAAAAAAAAA==', 'subType': '04'}}}"

static void a_change_of_the_schema_meanwhile_is_named(void **state)
{
    static const struct {
        const char *now;
        const char *says; /* NULL: nothing changed */
    } rows[] = {
        { "{'name': 'a', 'type': 'collection', 'info': " UUID("A") "}", NULL },
        { "{'name': 'a', 'type': 'collection', 'info': " UUID("A") "}, {'name': 'new', 'type': 'collection'}",
          NULL },
        { "", "a was dropped or renamed" },
        { "{'name': 'a', 'type': 'collection', 'info': " UUID("B") "}", "a was dropped and made anew" },
        { "{'name': 'a', 'type': 'collection', 'info': " UUID("A") ", 'options': {'validationLevel': 'off'}}",
          "a was given other options" },
    };
    struct world *w = *state;
    given_collections(w, rows[0].now);
    given_details(w, "a", "a", 1);
    assert_true(survey(w));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        given_collections(w, rows[i].now);
        bool holds = survey_still_holds(store_script_store(w->script), &w->survey, &w->err);
        assert_int_equal(holds, rows[i].says == NULL);
        if (rows[i].says)
            assert_non_null(strstr(w->err.message, rows[i].says));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(collections_are_found_with_sizes_and_the_servers_own_left_out),
        TEST(a_time_series_is_read_where_its_server_keeps_it),
        TEST(indexes_that_cannot_be_read_end_it),
        TEST(a_change_of_the_schema_meanwhile_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
