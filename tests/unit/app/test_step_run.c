/* Documents: what is sent, in which order, and how each answer ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"
#include "support/step_json.h"
#include "support/step_world.h"

#define E11000(index) \
    "{'n': " index ", 'writeErrors': [{'index': " index ", 'code': 11000, 'errmsg': 'E11000 duplicate key'}]}"

#define SEED "{'insert': {'collection': 'c', 'documents': [{'_id': 1, 'v': 1}, {'v': 2, '_id': 2}]}}"
#define UPDATE \
    "{'update': {'collection': 'c', 'updates': [{'q': {'a': 1}, 'u': {'$set': {'b': 1}}, 'multi': true}]}"

#define FOUND_ALL BATCH("{'_id': 1, 'v': 1}, {'_id': 2, 'v': 2}")
#define FIND      "{'find': 'c', 'singleBatch': true}"

static const struct step_scene inserts[] = {
    { SEED,
      NULL,
      { { "{'insert': 'c', 'documents': [{'_id': 1, 'v': 1}, {'v': 2, '_id': 2}]}", "{'n': 2}" } },
      MIG_STEP_END_DONE,
      NULL,
      "{'inserted': 2}" },
    { SEED,
      NULL,
      { { "{'insert': 'c'}", E11000("0") }, { FIND, FOUND_ALL } },
      MIG_STEP_END_DONE,
      NULL,
      "{'same': 2}" },
    /* numbers of another type are the same number; the second document was never there */
    { SEED,
      NULL,
      { { "{'insert': 'c'}", E11000("0") },
        { "{'find': 'c', 'filter': {'_id': {'$in': [1, 2]}}, 'batchSize': 2}",
          BATCH("{'_id': {'$numberLong': '1'}, 'v': 1.0}") },
        { "{'insert': 'c', 'documents': [{'v': 2, '_id': 2}], 'ordered': false}", "{'n': 1}" } },
      MIG_STEP_END_DONE,
      NULL,
      "{'inserted': 1, 'same': 1}" },
    /* what this very command put there is not there already */
    { SEED,
      NULL,
      { { "{'insert': 'c'}", E11000("1") }, { FIND, FOUND_ALL } },
      MIG_STEP_END_DONE,
      NULL,
      "{'inserted': 1, 'same': 1}" },
    { SEED,
      NULL,
      { { "{'insert': 'c'}", E11000("0") }, { FIND, BATCH("{'_id': 1, 'v': 9}, {'_id': 2, 'v': 2}") } },
      MIG_STEP_END_FAILED,
      "c: { \"_id\" : 1 } is there and differs: v is 9, asked for 1",
      NULL },
    { SEED,
      NULL,
      { { "{'insert': 'c'}", E11000("0") }, { FIND, BATCH("{'_id': 1, 'v': 9}, {'_id': 2, 'v': 8}") } },
      MIG_STEP_END_FAILED,
      "2 documents differ from those there; the first: c: { \"_id\" : 1 }",
      NULL },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1, 'a': 1, 'b': 2}]}}",
      NULL,
      { { "{'insert': 'c'}", E11000("0") }, { FIND, BATCH("{'_id': 1, 'b': 2, 'a': 1}") } },
      MIG_STEP_END_FAILED,
      "its fields are in another order",
      NULL },
    /* another unique index: the documents are not there, and cannot be */
    { SEED,
      NULL,
      { { "{'insert': 'c'}", E11000("0") },
        { FIND, BATCH("") },
        { "{'insert': 'c', 'ordered': false}", E11000("0") } },
      MIG_STEP_END_FAILED,
      "E11000 duplicate key",
      NULL },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}, 'ifExists': 'fail'}",
      NULL,
      { { "{'insert': 'c'}", E11000("0") } },
      MIG_STEP_END_FAILED,
      "statement 1: E11000",
      NULL },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}, 'expect': {'inserted': 1}}",
      NULL,
      { { "{'insert': 'c'}", E11000("0") }, { FIND, BATCH("{'_id': 1}") } },
      MIG_STEP_END_DONE,
      NULL,
      NULL },
    { SEED,
      NULL,
      { { "{'insert': 'c'}",
          "{'n': 1, 'writeErrors': [{'index': 1, 'code': 121, 'errmsg': 'Document failed validation'}]}" } },
      MIG_STEP_END_FAILED,
      "statement 2: Document failed validation",
      "{'inserted': 1}" },
    { SEED,
      NULL,
      { { "{'insert': 'c'}",
          "{'n': 1, 'writeErrors': [{'index': 1, 'code': 11602, 'errmsg': 'stepdown'}]}" } },
      MIG_STEP_END_UNKNOWN,
      "stepdown",
      NULL },
    { SEED,
      NULL,
      { { "{'insert': 'c'}", "{'n': 2, 'writeConcernError': {'code': 100, 'errmsg': 'Not enough nodes'}}" } },
      MIG_STEP_END_FAILED,
      "Not enough nodes",
      NULL },
};

static void an_insert_ends_with_the_documents_as_asked_or_says_which_differs(void **state)
{
    (void)state;
    step_world_play(inserts, MIG_COUNT(inserts), NULL);
}

/* A duplicate key would end the transaction: look first, and write only what is not there. */
static const struct step_scene inserts_in_transaction[] = {
    { SEED,
      NULL,
      { { FIND, BATCH("") },
        { "{'insert': 'c', 'documents': [{'_id': 1, 'v': 1}, {'v': 2, '_id': 2}]}", "{'n': 2}" } },
      MIG_STEP_END_DONE,
      NULL,
      "{'inserted': 2}" },
    { SEED, NULL, { { FIND, FOUND_ALL } }, MIG_STEP_END_DONE, NULL, "{'same': 2}" },
    { SEED,
      NULL,
      { { FIND, BATCH("{'_id': 2, 'v': 2}") },
        { "{'insert': 'c', 'documents': [{'_id': 1, 'v': 1}]}", "{'n': 1}" } },
      MIG_STEP_END_DONE,
      NULL,
      "{'inserted': 1, 'same': 1}" },
    { SEED, NULL, { { FIND, BATCH("{'_id': 2}") } }, MIG_STEP_END_FAILED, "v is nothing, asked for 2", NULL },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}, 'ifExists': 'fail'}",
      NULL,
      { { "{'insert': 'c'}", E11000("0") } },
      MIG_STEP_END_FAILED,
      "E11000",
      NULL },
};

static void in_a_transaction_an_insert_looks_before_it_writes(void **state)
{
    (void)state;
    step_world_play(inserts_in_transaction, MIG_COUNT(inserts_in_transaction), script_txn());
}

static void in_a_group_an_insert_does_not_look(void **state)
{
    (void)state;
    struct step_world world;
    bson_t *result;
    step_world_init(&world);
    world.ctx.txn = script_txn();
    world.ctx.in_group = true;
    struct step_line lines[STEP_LINES] = { { "{'insert': 'c'}", E11000("0") } };
    assert_int_equal(step_world_execute(&world, SEED, NULL, lines, &result), MIG_STEP_END_FAILED);
    assert_int_equal(world.err.server_code, 11000);
    bson_destroy(result);
    step_world_end(&world);
}

static const struct step_scene data[] = {
    { UPDATE "}",
      NULL,
      { { "{'update': 'c'}", "{'n': 5, 'nModified': 4}" } },
      MIG_STEP_END_DONE,
      NULL,
      "{'matched': 5, 'modified': 4}" },
    { UPDATE ", 'expect': {'matched': 5, 'modified': {'$gte': 1}}}",
      NULL,
      { { "{'update': 'c'}", "{'n': 5, 'nModified': 4}" } },
      MIG_STEP_END_DONE,
      NULL,
      NULL },
    { UPDATE ", 'expect': {'matched': 6}}",
      NULL,
      { { "{'update': 'c'}", "{'n': 5, 'nModified': 4}" } },
      MIG_STEP_END_FAILED,
      "expected matched 6, found 5",
      "{'matched': 5, 'modified': 4}" },
    { UPDATE ", 'verify': {'collection': 'c', 'filter': {'b': {'$ne': 1}}, 'count': 0}}",
      NULL,
      { { "{'update': 'c'}", "{'n': 5, 'nModified': 4}" },
        { "{'aggregate': 'c', 'pipeline': [{'$match': {'b': {'$ne': 1}}}, {'$limit': 1000}, {'$group': {'_id': null, 'n': {'$sum': 1}}}]}",
          BATCH("") } },
      MIG_STEP_END_DONE,
      NULL,
      NULL },
    { UPDATE ", 'verify': {'collection': 'c', 'count': {'$gt': 5}}}",
      NULL,
      { { "{'update': 'c'}", "{'n': 5, 'nModified': 4}" }, { "{'aggregate': 'c'}", COUNTED("5") } },
      MIG_STEP_END_FAILED,
      "verify on c: expected count $gt 5, found 5",
      NULL },
    { "{'delete': {'collection': 'c', 'deletes': [{'q': {}, 'limit': 0}], 'expect': {'deleted': 3}}}",
      NULL,
      { { "{'delete': 'c', 'deletes': [{'q': {}, 'limit': 0}]}", "{'n': 3}" } },
      MIG_STEP_END_DONE,
      NULL,
      "{'deleted': 3}" },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd'}}",
      NULL,
      { { "{'aggregate': 'c', 'pipeline': [{'$merge': {'into': 'd'}}]}", "{}" } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },
    { "{'out': {'collection': 'c', 'pipeline': [], 'to': 'd'}}",
      NULL,
      { { "{'aggregate': 'c'}", "{'ok': 0, 'code': 50, 'errmsg': 'time limit'}" } },
      MIG_STEP_END_FAILED,
      "time limit",
      NULL },
    { "{'command': {'run': {'update': 'c', 'updates': []}}}",
      NULL,
      { { "{'update': 'c'}", "{'n': 0, 'writeErrors': [{'index': 0, 'code': 9, 'errmsg': 'bad'}]}" } },
      MIG_STEP_END_FAILED,
      "bad",
      NULL },
    { "{'assert': {'collection': 'c', 'filter': {'a': 1}, 'count': 0}}",
      NULL,
      { { "{'aggregate': 'c'}", BATCH("") } },
      MIG_STEP_END_DONE,
      NULL,
      "{}" },
    { "{'assert': {'collection': 'c', 'count': {'$lte': 2000}}}",
      NULL,
      { { "{'aggregate': 'c', 'pipeline': [{'$match': {}}, {'$limit': 2002}, {'$group': {'_id': null, 'n': {'$sum': 1}}}]}",
          COUNTED("2002") } },
      MIG_STEP_END_FAILED,
      "assert on c: expected count $lte 2000, found 2002",
      NULL },
    { "{'assert': {'collection': 'c'}}",
      NULL,
      { { 0 } },
      MIG_STEP_END_FAILED,
      "needs \"collection\" and \"count\"",
      NULL },
    { "{'batch': {'collection': 'c'}}", NULL, { { 0 } }, MIG_STEP_END_FAILED, "batch is not run here", NULL },
};

static void data_steps(void **state)
{
    (void)state;
    step_world_play(data, MIG_COUNT(data), NULL);
}

/* ---- transactions ---- */

#define MOVE \
    "{'transaction': [{'update': {'collection': 'c', 'updates': [{'q': {'_id': 1}, 'u': {'$inc': {'n': -1}}}]}, 'expect': {'matched': 1}}," \
    " {'insert': {'collection': 'd', 'documents': [{'_id': 1}]}}, {'assert': {'collection': 'c', 'filter': {'n': {'$lt': 0}}, 'count': 0}}]}"

static const struct step_scene transactions[] = {
    { MOVE,
      NULL,
      { { "{'update': 'c'}", "{'n': 1, 'nModified': 1}" },
        { "{'find': 'd'}", BATCH("") },
        { "{'insert': 'd'}", "{'n': 1}" },
        { "{'aggregate': 'c'}", BATCH("") } },
      MIG_STEP_END_DONE,
      NULL,
      "{'statements': 3, 'matched': 1, 'modified': 1, 'inserted': 1}" },
    /* each reply is looked at before the next statement is sent */
    { MOVE,
      NULL,
      { { "{'update': 'c'}", "{'n': 0, 'nModified': 0}" } },
      MIG_STEP_END_FAILED,
      "statement 1 of 3 (update): expected matched 1, found 0",
      NULL },
    { MOVE,
      NULL,
      { { "{'update': 'c'}", "{'n': 1, 'nModified': 1}" },
        { "{'find': 'd'}", BATCH("") },
        { "{'insert': 'd'}", "{'n': 1}" },
        { "{'aggregate': 'c'}", COUNTED("2") } },
      MIG_STEP_END_FAILED,
      "statement 3 of 3 (assert): assert on c: expected count 0, found 2",
      NULL },
};

static void a_transaction_checks_every_reply_at_once(void **state)
{
    (void)state;
    step_world_play(transactions, MIG_COUNT(transactions), script_txn());
}

static void without_transactions_nothing_of_one_is_sent(void **state)
{
    (void)state;
    struct step_world world;
    bson_t *result;
    step_world_init(&world);
    world.server.can_transactions = false;
    world.server.topology = MIG_TOPOLOGY_STANDALONE;
    assert_int_equal(step_world_execute(&world, MOVE, NULL, NULL, &result), MIG_STEP_END_FAILED);
    assert_string_equal(world.err.message,
                        "step s1 needs transactions, and this server has none: it is standalone");
    bson_destroy(result);
    step_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_insert_ends_with_the_documents_as_asked_or_says_which_differs),
        cmocka_unit_test(in_a_transaction_an_insert_looks_before_it_writes),
        cmocka_unit_test(in_a_group_an_insert_does_not_look),
        cmocka_unit_test(data_steps),
        cmocka_unit_test(a_transaction_checks_every_reply_at_once),
        cmocka_unit_test(without_transactions_nothing_of_one_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
