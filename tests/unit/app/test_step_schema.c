/* Collections and indexes: what is sent, in which order, how each answer ends, and what is made of a server's
 * word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rows.h"
#include "support/step_world.h"

#define LIST           "{'listCollections': 1}"
#define THERE(options) BATCH("{'name': 'people', 'type': 'collection', 'options': " options "}")
#define INDEXES(more)  "{'cursor': {'firstBatch': [{'name': '_id_', 'key': {'_id': 1}}" more "]}}"
#define A_1            ", {'name': 'a_1', 'key': {'a': 1}}"
#define LIST_INDEXES   "{'listIndexes': 'people', 'includeBuildUUIDs': true}"

#define PEOPLE "{'createCollection': {'collection': 'people', 'validator': {'a': 1}}}"
#define FAIL   "{'createCollection': {'collection': 'people'}, 'ifExists': 'fail'}"
#define DROP   "{'dropCollection': {'collection': 'people'}}"
#define RENAME "{'renameCollection': {'collection': 'people', 'to': 'd'}}"
#define INDEX  "{'createIndexes': {'collection': 'people', 'indexes': [{'key': {'a': 1}}]}}"
#define UNDEX  "{'dropIndexes': {'collection': 'people', 'index': 'a_1'}}"
#define HIDE   "{'hideIndex': {'collection': 'people', 'index': 'a_1'}}"
#define MOD    "{'collMod': {'collection': 'people', 'validator': {'a': 1}}}"

static const struct step_scene creations[] = {
    { PEOPLE,
      "{'exists': false}",
      { { "{'create': 'people', 'validator': {'a': 1}, 'comment': 'migtui run=R1 token=7 step=s1'}", "{}" },
        { LIST, THERE("{'validator': {'a': 1}}") } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },
    /* it is there: as asked, or not, or refused by ifExists */
    { PEOPLE,
      "{'exists': true}",
      { { "{'listCollections': 1, 'filter': {'name': 'people'}}", THERE("{'validator': {'a': 1}}") } },
      MIG_STEP_END_DONE,
      NULL,
      "{'already': true}" },
    { PEOPLE,
      "{'exists': true}",
      { { LIST, THERE("{'validator': {'a': 2}}") } },
      MIG_STEP_END_FAILED,
      "people exists already and differs: validator is { \"a\" : 2 }, asked for { \"a\" : 1 }",
      "{}" },
    { FAIL, "{'exists': true}", { { LIST, THERE("{}") } }, MIG_STEP_END_FAILED, "ifExists says fail", NULL },
    /* it was there, and went away */
    { PEOPLE,
      "{'exists': true}",
      { { LIST, BATCH("") }, { "{'create': 'people'}", "{}" }, { LIST, THERE("{'validator': {'a': 1}}") } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },
    /* it was not there, and came */
    { PEOPLE,
      "{'exists': false}",
      { { "{'create': 'people'}", "{'ok': 0, 'code': 48, 'errmsg': 'exists'}" },
        { LIST, THERE("{'validator': {'a': 1}}") } },
      MIG_STEP_END_DONE,
      NULL,
      "{'already': true}" },
    { PEOPLE,
      "{'exists': false}",
      { { "{'create': 'people'}", "{'ok': 0, 'code': 72, 'errmsg': 'bad option'}" } },
      MIG_STEP_END_FAILED,
      "bad option",
      NULL },
    { PEOPLE,
      "{}",
      { { "{'create': 'people'}", "{'writeConcernError': {'code': 64, 'errmsg': 'too slow'}}" } },
      MIG_STEP_END_FAILED,
      "not acknowledged as asked: too slow",
      NULL },
    { PEOPLE,
      "{}",
      { { "{'create': 'people'}", "{'writeConcernError': {'code': 189, 'errmsg': 'stepped down'}}" } },
      MIG_STEP_END_UNKNOWN,
      "stepped down",
      NULL },
    /* the server has its own idea of an option: noted, no failure */
    { PEOPLE,
      "{'exists': false}",
      { { "{'create': 'people'}", "{}" }, { LIST, THERE("{}") } },
      MIG_STEP_END_DONE,
      NULL,
      "{'unconfirmed': 'people exists and differs: validator is nothing, asked for { \\\"a\\\" : 1 }'}" },
};

static void collections_are_made(void **state)
{
    (void)state;
    step_world_play(creations, MIG_COUNT(creations), NULL);
}

#define UUID(byte) "{'$binary': {'base64': '" byte "AAAAAAAAAAAAAAAAAAAA==', 'subType': '04'}}"
#define WITH(uuid) BATCH("{'name': 'people', 'type': 'collection', 'info': {'uuid': " UUID(uuid) "}}")
#define WAS_AA     "{'exists': true, 'uuid': " UUID("AA") ", 'target': false}"

static const struct step_scene changes[] = {
    { DROP,
      "{'exists': true}",
      { { "{'drop': 'people'}", "{'ns': 'shop.people'}" }, { LIST, BATCH("") } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },
    { DROP, "{'exists': false}", { { 0 } }, MIG_STEP_END_FAILED, "people does not exist", NULL },
    { "{'dropCollection': {'collection': 'people'}, 'ifMissing': 'same'}",
      "{'exists': false}",
      { { 0 } },
      MIG_STEP_END_DONE,
      NULL,
      "{'already': true}" },
    { DROP,
      "{}",
      { { "{'drop': 'people'}", "{'ok': 0, 'code': 26, 'errmsg': 'ns not found'}" } },
      MIG_STEP_END_FAILED,
      "people does not exist",
      NULL },
    /* newer servers say ok to a drop of nothing */
    { DROP, "{}", { { "{'drop': 'people'}", "{}" } }, MIG_STEP_END_FAILED, "people does not exist", NULL },
    { "{'dropCollection': {'collection': 'people', 'onlyEmpty': true}}",
      "{}",
      { { "{'aggregate': 'people'}", COUNTED("1") } },
      MIG_STEP_END_FAILED,
      "people holds documents",
      NULL },
    { "{'dropCollection': {'collection': 'people', 'onlyEmpty': true}}",
      "{}",
      { { "{'aggregate': 'people'}", BATCH("") },
        { "{'drop': 'people'}", "{'nIndexesWas': 1}" },
        { LIST, BATCH("") } },
      MIG_STEP_END_DONE,
      NULL,
      NULL },
    /* a server that does not do what it says; and someone who made it anew */
    { DROP,
      WAS_AA,
      { { "{'drop': 'people'}", "{'ns': 'shop.people'}" }, { LIST, WITH("AA") } },
      MIG_STEP_END_FAILED,
      "the server said that it is done, but people is still there",
      NULL },
    { DROP,
      WAS_AA,
      { { "{'drop': 'people'}", "{'ns': 'shop.people'}" }, { LIST, WITH("BB") } },
      MIG_STEP_END_DONE,
      NULL,
      "{'unconfirmed': 'people is there, but it is another one than before: it was made anew'}" },

    { RENAME,
      WAS_AA,
      { { "{'renameCollection': 'shop.people', 'to': 'shop.d'}", "{}" },
        { LIST, BATCH("") },
        { LIST, WITH("AA") } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },
    { RENAME,
      WAS_AA,
      { { "{'renameCollection': 'shop.people'}", "{}" }, { LIST, WITH("AA") }, { LIST, BATCH("") } },
      MIG_STEP_END_FAILED,
      "but people is there, and d as before",
      NULL },
    { MOD,
      "{}",
      { { "{'collMod': 'people', 'validator': {'a': 1}}", "{}" },
        { LIST, THERE("{'validator': {'a': 1}}") } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },
    { MOD,
      "{}",
      { { "{'collMod': 'people'}", "{'ok': 0, 'code': 26, 'errmsg': 'ns does not exist'}" } },
      MIG_STEP_END_FAILED,
      "ns does not exist",
      NULL },
};

static void collections_are_changed_and_dropped(void **state)
{
    (void)state;
    step_world_play(changes, MIG_COUNT(changes), NULL);
}

static const struct step_scene indexes[] = {
    { INDEX,
      "{'indexes': []}",
      { { "{'createIndexes': 'people', 'indexes': [{'key': {'a': 1}, 'name': 'a_1'}]}",
          "{'numIndexesBefore': 1, 'numIndexesAfter': 2}" },
        { LIST_INDEXES, INDEXES(A_1) } },
      MIG_STEP_END_DONE,
      NULL,
      "{'indexesBefore': 1, 'indexesAfter': 2}" },
    { "{'createIndexes': {'collection': 'people', 'indexes': [{'key': {'a': 1}}], 'ifExists': 'fail'}}",
      "{'indexes': [{'name': 'a_1'}]}",
      { { 0 } },
      MIG_STEP_END_FAILED,
      "people has the index a_1 already",
      NULL },
    { INDEX,
      "{}",
      { { "{'createIndexes': 'people'}", "{'ok': 0, 'code': 86, 'errmsg': 'conflict'}" } },
      MIG_STEP_END_FAILED,
      "conflict",
      NULL },
    /* the reply came, and the build goes on: whoever waits must look again */
    { INDEX,
      "{}",
      { { "{'createIndexes': 'people'}", "{}" },
        { LIST_INDEXES, INDEXES(", {'spec': {'name': 'a_1', 'key': {'a': 1}}, 'buildUUID': 1}") } },
      MIG_STEP_END_UNKNOWN,
      "building indexes of people",
      NULL },

    { UNDEX,
      "{'indexes': [{'name': 'a_1'}]}",
      { { "{'dropIndexes': 'people', 'index': 'a_1'}", "{}" }, { LIST_INDEXES, INDEXES("") } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },
    { UNDEX,
      "{'indexes': []}",
      { { "{'dropIndexes': 'people'}", "{'ok': 0, 'code': 27, 'errmsg': 'index not found'}" },
        { LIST_INDEXES, INDEXES("") } },
      MIG_STEP_END_FAILED,
      "index not found",
      NULL },
    { "{'dropIndexes': {'collection': 'people', 'index': 'a_1'}, 'ifMissing': 'same'}",
      "{'indexes': []}",
      { { "{'dropIndexes': 'people'}", "{'ok': 0, 'code': 26, 'errmsg': 'ns not found'}" },
        { LIST_INDEXES, "{'ok': 0, 'code': 26}" } },
      MIG_STEP_END_DONE,
      NULL,
      "{'already': true}" },
    /* an attempt before this one dropped the first of two */
    { "{'dropIndexes': {'collection': 'people', 'index': ['b_1', 'a_1']}}",
      "{'indexes': [{'name': 'a_1', 'key': {'a': 1}}, {'name': 'b_1', 'key': {'b': 1}}]}",
      { { "{'dropIndexes': 'people', 'index': ['b_1', 'a_1']}", "{'ok': 0, 'code': 27}" },
        { LIST_INDEXES, INDEXES(A_1) },
        { "{'dropIndexes': 'people', 'index': 'a_1'}", "{}" },
        { LIST_INDEXES, INDEXES("") } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },
    /* a server that takes no list of names */
    { "{'dropIndexes': {'collection': 'people', 'index': ['a_1', 'b_1']}}",
      "{}",
      { { "{'dropIndexes': 'people'}", "{'ok': 0, 'code': 14}" },
        { LIST_INDEXES, INDEXES(A_1 ", {'name': 'b_1', 'key': {'b': 1}}") },
        { "{'dropIndexes': 'people', 'index': 'a_1'}", "{}" },
        { "{'dropIndexes': 'people', 'index': 'b_1'}", "{}" },
        { LIST_INDEXES, INDEXES("") } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },

    { HIDE,
      "{}",
      { { "{'collMod': 'people', 'index': {'name': 'a_1', 'hidden': true}}", "{}" },
        { LIST_INDEXES, INDEXES(", {'name': 'a_1', 'key': {'a': 1}, 'hidden': true}") } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },
    { HIDE,
      "{}",
      { { "{'collMod': 'people'}", "{}" }, { LIST_INDEXES, INDEXES(A_1) } },
      MIG_STEP_END_FAILED,
      "the server said that it is done, but a_1 is visible",
      NULL },
    { HIDE,
      "{}",
      { { "{'collMod': 'people'}", "{'ok': 0, 'code': 27, 'errmsg': 'no such index'}" } },
      MIG_STEP_END_FAILED,
      "no such index",
      NULL },
};

static void indexes_are_made_dropped_and_hidden(void **state)
{
    (void)state;
    step_world_play(indexes, MIG_COUNT(indexes), NULL);
}

/* When the look after it fails, the step is not done and not failed: whoever runs it looks again. */
static void a_confirmation_that_fails_leaves_it_open(void **state)
{
    (void)state;
    struct step_world world;
    bson_t *result;
    step_world_init(&world);
    script_reply(world.script, "{'drop': 'people'}", "{'ns': 'shop.people'}");
    script_lose(world.script, LIST, MIG_OUTCOME_NOT_SENT, MIG_ERR_UNREACHABLE, 0);
    assert_int_equal(step_world_execute(&world, DROP, "{'exists': true}", NULL, &result),
                     MIG_STEP_END_UNKNOWN);
    assert_int_equal(world.err.code, MIG_ERR_UNREACHABLE);
    bson_destroy(result);
    step_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collections_are_made),
        cmocka_unit_test(collections_are_changed_and_dropped),
        cmocka_unit_test(indexes_are_made_dropped_and_hidden),
        cmocka_unit_test(a_confirmation_that_fails_leaves_it_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
