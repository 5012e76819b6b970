/* Step kinds: the command each becomes, what it is like, its inverse, its place in a bulkWrite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"
#include "engine/steps.h"
#include "support/step_json.h"

/* Same members, same order, same values. */
static bool same(const bson_t *a, const char *json)
{
    MIG_AUTOBSON bson_t *b = doc_json(json);
    return mig_doc_equal(a, b);
}

static void assert_doc(const bson_t *doc, const char *json, const char *what)
{
    if (!same(doc, json)) {
        char *text = bson_as_relaxed_extended_json(doc, NULL);
        fail_msg("%s\n  gave %s\n  not  %s", what, text, json);
    }
}

/* ---- commands ---- */

static const struct command {
    const char *step;
    const char *command;
    bool admin;
} commands[] = {
    { "{'createCollection': {'collection': 'c', 'capped': true, 'size': 9, 'ifExists': 'same'}}",
      "{'create': 'c', 'capped': true, 'size': 9}", false },
    { "{'createView': {'collection': 'v', 'viewOn': 'c', 'pipeline': [], 'collation': {'locale': 'de'}}}",
      "{'create': 'v', 'viewOn': 'c', 'pipeline': [], 'collation': {'locale': 'de'}}", false },
    { "{'collMod': {'collection': 'c', 'validator': {'a': 1}}}", "{'collMod': 'c', 'validator': {'a': 1}}",
      false },
    { "{'renameCollection': {'collection': 'c', 'to': 'd'}}",
      "{'renameCollection': 'shop.c', 'to': 'shop.d'}", true },
    { "{'renameCollection': {'collection': 'c', 'to': 'd', 'dropTarget': true}}",
      "{'renameCollection': 'shop.c', 'to': 'shop.d', 'dropTarget': true}", true },
    { "{'dropCollection': {'collection': 'c', 'ifMissing': 'same', 'onlyEmpty': true}}", "{'drop': 'c'}",
      false },
    { "{'createIndexes': {'collection': 'c', 'indexes': [{'key': {'a': 1, 'b.c': -1.0}, 'unique': true},"
      " {'key': {'t': 'text'}, 'name': 'n'}], 'commitQuorum': 1}}",
      "{'createIndexes': 'c', 'indexes': [{'key': {'a': 1, 'b.c': -1.0}, 'unique': true, 'name': 'a_1_b.c_-1'},"
      " {'key': {'t': 'text'}, 'name': 'n'}], 'commitQuorum': 1}",
      false },
    { "{'dropIndexes': {'collection': 'c', 'index': 'a_1'}}", "{'dropIndexes': 'c', 'index': 'a_1'}", false },
    { "{'hideIndex': {'collection': 'c', 'index': 'a_1'}}",
      "{'collMod': 'c', 'index': {'name': 'a_1', 'hidden': true}}", false },
    { "{'hideIndex': {'collection': 'c', 'index': {'a': 1}, 'hidden': false}}",
      "{'collMod': 'c', 'index': {'keyPattern': {'a': 1}, 'hidden': false}}", false },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}], 'ordered': false, 'expect': {'inserted': 1}}}",
      "{'insert': 'c', 'documents': [{'_id': 1}], 'ordered': false}", false },
    { "{'update': {'collection': 'c', 'updates': [{'q': {}, 'u': {'$set': {'a': 1}}, 'multi': true}]}}",
      "{'update': 'c', 'updates': [{'q': {}, 'u': {'$set': {'a': 1}}, 'multi': true}]}", false },
    { "{'delete': {'collection': 'c', 'deletes': [{'q': {'a': 1}, 'limit': 0}]}}",
      "{'delete': 'c', 'deletes': [{'q': {'a': 1}, 'limit': 0}]}", false },
    { "{'merge': {'collection': 'c', 'pipeline': [{'$match': {'a': 1}}], 'into': 'd', 'on': ['_id', 'k'],"
      " 'whenMatched': 'replace', 'whenNotMatched': 'discard', 'allowDiskUse': true}}",
      "{'aggregate': 'c', 'pipeline': [{'$match': {'a': 1}}, {'$merge': {'into': 'd', 'on': ['_id', 'k'],"
      " 'whenMatched': 'replace', 'whenNotMatched': 'discard'}}], 'allowDiskUse': true, 'cursor': {}}",
      false },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': {'db': 'x', 'coll': 'd'}}}",
      "{'aggregate': 'c', 'pipeline': [{'$merge': {'into': {'db': 'x', 'coll': 'd'}}}], 'cursor': {}}",
      false },
    { "{'out': {'collection': 'c', 'pipeline': [{'$match': {}}], 'to': 'd'}}",
      "{'aggregate': 'c', 'pipeline': [{'$match': {}}, {'$out': 'd'}], 'cursor': {}}", false },
    { "{'command': {'run': {'compact': 'c', 'force': true}}}", "{'compact': 'c', 'force': true}", false },
    { "{'command': {'run': {'setParameter': 1}, 'db': 'admin', 'idempotent': true}}", "{'setParameter': 1}",
      true },
    { "{'command': {'run': {'ping': 1}, 'db': '$target'}}", "{'ping': 1}", false },
    { "{'out': {'collection': 'c', 'pipeline': [], 'to': 'd', 'cursor': {'batchSize': 5}}}",
      "{'aggregate': 'c', 'pipeline': [{'$out': 'd'}], 'cursor': {'batchSize': 5}}", false },
    { "{'createIndexes': {'collection': 'c', 'indexes': [1]}}", "{'createIndexes': 'c', 'indexes': []}",
      false },
};

static void a_step_becomes_mongodbs_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(commands); i++) {
        AUTOSTEP step = step_json(commands[i].step);
        struct mig_error err = { .message = "" };
        bson_t command;
        bool admin;
        if (!mig_step_command(step, "shop", &command, &admin, &err))
            fail_msg("%s: %s", commands[i].step, err.message);
        assert_doc(&command, commands[i].command, commands[i].step);
        assert_int_equal(admin, commands[i].admin);
        bson_destroy(&command);
    }
}

static void what_is_not_one_command_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *step;
        enum mig_error_code code;
        const char *words;
    } rows[] = {
        { "{'manual': {'text': 'x'}}", MIG_ERR_INTERNAL, "manual is not one command" },
        { "{'assert': {'collection': 'c', 'filter': {}, 'count': 0}}", MIG_ERR_INTERNAL, "assert is not" },
        { "{'renameCollection': {'collection': 'c'}}", MIG_ERR_MIGRATION, "needs \"to\"" },
        { "{'insert': {'documents': []}}", MIG_ERR_MIGRATION, "needs \"collection\"" },
        { "{'createIndexes': {'collection': 'c'}}", MIG_ERR_MIGRATION, "needs \"indexes\"" },
        { "{'hideIndex': {'collection': 'c'}}", MIG_ERR_MIGRATION, "needs \"index\"" },
        { "{'merge': {'collection': 'c', 'pipeline': []}}", MIG_ERR_MIGRATION, "needs \"into\"" },
        { "{'out': {'collection': 'c', 'to': 'd'}}", MIG_ERR_MIGRATION, "needs \"pipeline\"" },
        { "{'command': {'run': {}}}", MIG_ERR_MIGRATION, "needs \"run\"" },
        { "{'command': {'db': 'admin'}}", MIG_ERR_MIGRATION, "needs \"run\"" },
        { "{'out': {'collection': 'c', 'pipeline': []}}", MIG_ERR_MIGRATION, "needs \"to\"" },
        { "{'command': {'run': {'ping': 1}, 'db': 'other'}}", MIG_ERR_MIGRATION, "db is \"other\"" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        AUTOSTEP step = step_json(rows[i].step);
        struct mig_error err = { .message = "" };
        bson_t command;
        bool admin;
        assert_false(mig_step_command(step, "shop", &command, &admin, &err));
        if (err.code != rows[i].code || !strstr(err.message, rows[i].words))
            fail_msg("%s: %s %s", rows[i].step, mig_error_name(err.code), err.message);
    }
}

/* ---- what kinds are like ---- */

#define UPDATE_ONE "{'update': {'collection': 'c', 'updates': [{'q': {}, 'u': {'$inc': {'a': 1}}}]}}"
#define UPDATE_MANY \
    "{'update': {'collection': 'c', 'updates': [{'q': {}, 'u': {'$inc': {'a': 1}}, 'multi': true}]}}"
#define DELETE_ONE \
    "{'delete': {'collection': 'c', 'deletes': [{'q': {}, 'limit': 1}, {'q': {}, 'limit': 1.0}]}}"
#define DELETE_MANY "{'delete': {'collection': 'c', 'deletes': [{'q': {}, 'limit': 0}]}}"
#define INSERT      "{'insert': {'collection': 'c', 'documents': [{'_id': 1}, {'_id': 2}, {'_id': 3}]}}"

static const struct nature {
    const char *step;
    int64_t documents; /* in a group; -1: not in a group */
    bool idempotent;
    bool long_running;
    bool transactional;
} natures[] = {
    { "{'createCollection': {'collection': 'c'}}", -1, true, false, false },
    { "{'createView': {'collection': 'c', 'viewOn': 'd', 'pipeline': []}}", -1, true, false, false },
    { "{'collMod': {'collection': 'c', 'validator': {}}}", -1, true, false, false },
    { "{'collMod': {'collection': 'c', 'index': {'name': 'a', 'unique': true}}}", -1, true, true, false },
    { "{'renameCollection': {'collection': 'c', 'to': 'd'}}", -1, true, false, false },
    { "{'dropCollection': {'collection': 'c'}}", -1, true, false, false },
    { "{'createIndexes': {'collection': 'c', 'indexes': []}}", -1, true, true, false },
    { "{'dropIndexes': {'collection': 'c', 'index': 'a'}}", -1, true, false, false },
    { "{'hideIndex': {'collection': 'c', 'index': 'a'}}", -1, true, false, false },
    { INSERT, 3, true, false, true },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}, 'verify': {'collection': 'c', 'count': 1}}",
      -1, true, false, true },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}], 'bypassDocumentValidation': true}}", -1,
      true, false, true },
    { UPDATE_ONE, 1, false, false, true },
    { UPDATE_MANY, -1, false, true, true },
    { DELETE_ONE, 2, false, false, true },
    { DELETE_MANY, -1, false, true, true },
    { "{'batch': {'collection': 'c', 'exactlyOnce': 'marker'}}", -1, true, true, false },
    { "{'batch': {'collection': 'c', 'exactlyOnce': 'transaction'}}", -1, false, true, false },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd'}}", -1, true, true, false },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd', 'whenMatched': 'keepExisting'}}", -1, true,
      true, false },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd', 'whenMatched': 'fail'}}", -1, false, true,
      false },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd', 'whenMatched': [{'$set': {}}]}}", -1, false,
      true, false },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'c'}}", -1, false, true, false },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd', 'whenMatched': 'merge'}}", -1, true, true,
      false },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd', 'whenMatched': 'replace'}}", -1, true, true,
      false },
    { "{'merge': {'collection': 'c', 'into': 'd'}}", -1, true, true, false },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 1}}", -1, false, true, false },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': {'db': 'x'}}}", -1, false, true, false },
    { "{'out': {'pipeline': [], 'to': 'd'}}", -1, false, true, false },
    { "{'insert': {'collection': 'c'}}", -1, true, false, true },
    { "{'update': {'collection': 'c'}}", -1, false, false, true },
    { "{'delete': {'collection': 'c', 'deletes': [1]}}", 1, false, false, true },
    { "{'update': {'collection': 'c', 'updates': [1]}}", 1, false, false, true },
    { "{'update': {'collection': 'c', 'let': {}, 'updates': [{'q': {}, 'u': {'$inc': {'a': 1}}}]}}", -1,
      false, false, true },
    { "{'transaction': [{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}, 'expect': {'inserted': 1}}]}",
      -1, false, false, true },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': {'db': 'x', 'coll': 'c'}}}", -1, false, true,
      false },
    { "{'out': {'collection': 'c', 'pipeline': [], 'to': 'd'}}", -1, true, true, false },
    { "{'out': {'collection': 'c', 'pipeline': [], 'to': 'c'}}", -1, false, true, false },
    { "{'out': {'collection': 'c', 'pipeline': [{'$lookup': {'from': 'd'}}], 'to': 'd'}}", -1, false, true,
      false },
    { "{'transaction': [" INSERT ", " UPDATE_ONE ", " DELETE_ONE "]}", 6, false, false, true },
    { "{'transaction': [" INSERT ", " UPDATE_MANY "]}", -1, false, true, true },
    { "{'transaction': [{'assert': {'collection': 'c', 'count': 0}}, " INSERT "]}", -1, false, true, true },
    { "{'assert': {'collection': 'c', 'filter': {}, 'count': 0}}", -1, true, true, true },
    { "{'command': {'run': {'ping': 1}}}", -1, false, true, false },
    { "{'command': {'run': {'ping': 1}, 'idempotent': true}}", -1, true, true, false },
    { "{'exec': {'run': ['true']}}", -1, false, true, false },
    { "{'manual': {'text': 'x'}}", -1, true, true, false },
};

static void each_kind_knows_what_it_is_like(void **state)
{
    (void)state;
    struct mig_server able = { .can_transactions = true };
    struct mig_server alone = { .can_transactions = false };
    for (size_t i = 0; i < MIG_COUNT(natures); i++) {
        const struct nature *row = &natures[i];
        AUTOSTEP step = step_json(row->step);
        int64_t documents;
        bool groupable = mig_step_groupable(step, &documents);
        if (!groupable)
            documents = -1;
        if (documents != row->documents || mig_step_idempotent(step) != row->idempotent ||
            mig_step_long_running(step) != row->long_running ||
            mig_step_in_transaction(step, &able) != row->transactional ||
            mig_step_in_transaction(step, &alone))
            fail_msg("%s: %lld documents, idempotent %d, long %d, transaction %d", row->step,
                     (long long)documents, mig_step_idempotent(step), mig_step_long_running(step),
                     mig_step_in_transaction(step, &able));
    }
}

static void a_big_insert_travels_alone(void **state)
{
    (void)state;
    AUTOSTEP step = step_json("{'insert': {'collection': 'c', 'documents': []}}");
    MIG_AUTODOC bson_t body = BSON_INITIALIZER;
    bson_t list;
    bson_t empty = BSON_INITIALIZER;
    int64_t documents;
    BSON_APPEND_ARRAY_BEGIN(&body, "documents", &list);
    for (int i = 0; i < 500; i++)
        BSON_APPEND_DOCUMENT(&list, "0", &empty);
    bson_append_array_end(&body, &list);
    bson_destroy(step->body);
    step->body = bson_copy(&body);
    assert_true(mig_step_groupable(step, &documents));
    assert_int_equal(documents, 500);
    MIG_AUTODOC bson_t more = BSON_INITIALIZER;
    BSON_APPEND_ARRAY_BEGIN(&more, "documents", &list);
    for (int i = 0; i < 501; i++)
        BSON_APPEND_DOCUMENT(&list, "0", &empty);
    bson_append_array_end(&more, &list);
    bson_destroy(step->body);
    step->body = bson_copy(&more);
    assert_false(mig_step_groupable(step, &documents));
}

static void members_that_are_ours_stand_in_the_step_or_in_its_body(void **state)
{
    (void)state;
    AUTOSTEP plain = step_json("{'dropCollection': {'collection': 'c'}}");
    AUTOSTEP outer =
        step_json("{'dropCollection': {'collection': 'c'}, 'ifMissing': 'same', 'ifExists': 'fail'}");
    AUTOSTEP inner =
        step_json("{'dropCollection': {'collection': 'c', 'ifMissing': 'same', 'ifExists': 'fail'}}");
    assert_true(mig_step_accepts_existing(plain));
    assert_false(mig_step_accepts_missing(plain));
    assert_false(mig_step_accepts_existing(outer));
    assert_true(mig_step_accepts_missing(outer));
    assert_false(mig_step_accepts_existing(inner));
    assert_true(mig_step_accepts_missing(inner));
}

/* ---- inverses ---- */

static const struct inverse {
    const char *step;
    const char *pre;
    const char *inverse; /* NULL: there is none, or nothing to undo */
    const char *words;   /* why there is none; NULL: see above */
    const char *result;
    bool in_doubt;
} inverses[] = {
    { "{'createCollection': {'collection': 'c'}}", "{'exists': false}",
      "{'id': 's1', 'dropCollection': {'collection': 'c', 'onlyEmpty': true}, 'ifMissing': 'same'}",
      .words = NULL },
    { "{'createCollection': {'collection': 'c'}}", "{'exists': true}", NULL, .words = NULL },
    { "{'createCollection': {'collection': 'c'}}", "{}", NULL, .words = "not on record" },
    { "{'createView': {'collection': 'v', 'viewOn': 'c', 'pipeline': []}}", "{'exists': false}",
      "{'id': 's1', 'dropCollection': {'collection': 'v', 'onlyView': true}, 'ifMissing': 'same'}",
      .words = NULL },
    { "{'renameCollection': {'collection': 'c', 'to': 'd'}}", "{'exists': true, 'target': false}",
      "{'id': 's1', 'renameCollection': {'collection': 'd', 'to': 'c'}}", .words = NULL },
    { "{'renameCollection': {'collection': 'c', 'to': 'd'}}", "{'exists': true, 'target': false}",
      "{'id': 's1', 'renameCollection': {'collection': 'd', 'to': 'c'}, 'ifMissing': 'same'}", NULL,
      .in_doubt = true },
    { "{'renameCollection': {'collection': 'c', 'to': 'd', 'dropTarget': true}}",
      "{'exists': true, 'target': true}", NULL, .words = "replaced a collection" },
    { "{'createIndexes': {'collection': 'c', 'indexes': [{'key': {'a': 1}}, {'key': {'b': 1}, 'name': 'x'}]}}",
      "{'indexes': []}",
      "{'id': 's1', 'dropIndexes': {'collection': 'c', 'index': ['a_1', 'x']}, 'ifMissing': 'same'}",
      .words = NULL },
    { "{'createIndexes': {'collection': 'c', 'indexes': [{'key': {'a': 1}}, {'key': {'b': 1}, 'name': 'x'}]}}",
      "{'indexes': [{'key': {'a': 1}, 'name': 'a_1'}]}",
      "{'id': 's1', 'dropIndexes': {'collection': 'c', 'index': 'x'}, 'ifMissing': 'same'}", .words = NULL },
    { "{'createIndexes': {'collection': 'c', 'indexes': [{'key': {'a': 1}}]}}",
      "{'indexes': [{'key': {'a': 1}, 'name': 'a_1'}]}", NULL, .words = NULL },
    { "{'createIndexes': {'collection': 'c', 'indexes': [{'key': {'a': 1}}]}}", "{}", NULL,
      .words = "not on record" },
    { "{'dropIndexes': {'collection': 'c', 'index': 'a_1'}}",
      "{'indexes': [{'v': 2, 'key': {'a': 1}, 'name': 'a_1', 'ns': 'shop.c', 'unique': true}]}",
      "{'id': 's1', 'createIndexes': {'collection': 'c', 'indexes': [{'key': {'a': 1}, 'name': 'a_1', 'unique': true}]}}",
      .words = NULL },
    { "{'dropIndexes': {'collection': 'c', 'index': 'a_1', 'ifMissing': 'same'}}", "{'indexes': []}", NULL,
      .words = NULL },
    { "{'dropIndexes': {'collection': 'c', 'index': 'a_1'}}", "{'indexes': []}", NULL,
      .words = "not on record" },
    { "{'hideIndex': {'collection': 'c', 'index': 'a_1'}}", "{'indexes': [{'name': 'a_1'}]}",
      "{'id': 's1', 'hideIndex': {'collection': 'c', 'index': 'a_1', 'hidden': false}}", .words = NULL },
    { "{'hideIndex': {'collection': 'c', 'index': 'a_1', 'hidden': false}}",
      "{'indexes': [{'name': 'a_1', 'hidden': true}]}",
      "{'id': 's1', 'hideIndex': {'collection': 'c', 'index': 'a_1', 'hidden': true}}", .words = NULL },
    { "{'hideIndex': {'collection': 'c', 'index': 'a_1'}}", "{'indexes': []}", NULL,
      .words = "not on record" },
    { "{'collMod': {'collection': 'c', 'validator': {'a': 1}, 'validationLevel': 'off', 'expireAfterSeconds': 5}}",
      "{'options': {'validator': {'b': 1}}}",
      "{'id': 's1', 'collMod': {'collection': 'c', 'validator': {'b': 1}, 'validationLevel': 'strict',"
      " 'expireAfterSeconds': 'off'}}",
      .words = NULL },
    { "{'collMod': {'collection': 'c', 'cappedSize': 99}}", "{'options': {'size': 50}}",
      "{'id': 's1', 'collMod': {'collection': 'c', 'cappedSize': 50}}", .words = NULL },
    { "{'collMod': {'collection': 'c', 'cappedSize': 99}}", "{'options': {}}", NULL,
      .words = "cappedSize as it was" },
    { "{'collMod': {'collection': 'c', 'index': {'name': 'a_1', 'expireAfterSeconds': 5, 'hidden': true}}}",
      "{'options': {}, 'indexes': [{'name': 'a_1', 'expireAfterSeconds': 60}]}",
      "{'id': 's1', 'collMod': {'collection': 'c', 'index': {'name': 'a_1', 'expireAfterSeconds': 60, 'hidden': false}}}",
      .words = NULL },
    { "{'collMod': {'collection': 'c', 'index': {'name': 'a_1', 'expireAfterSeconds': 5}}}",
      "{'options': {}, 'indexes': [{'name': 'a_1'}]}", NULL, .words = "stays so" },
    { "{'collMod': {'collection': 'c', 'index': {'name': 'a_1', 'unique': true}}}",
      "{'options': {}, 'indexes': [{'name': 'a_1'}]}", NULL, .words = "stays so" },
    { "{'collMod': {'collection': 'c', 'timeseries': {'granularity': 'hours'}}}", "{'options': {}}", NULL,
      .words = "timeseries has no way back" },
    { "{'collMod': {'collection': 'c', 'validator': {}}}", "{}", NULL, .words = "not on record" },
    { "{'insert': {'collection': 'c', 'documents': [{'a': 1, '_id': 7}]}}", "{}",
      "{'id': 's1', 'delete': {'collection': 'c', 'deletes': [{'q': {'_id': 7, '$expr': {'$eq': ['$$ROOT',"
      " {'$literal': {'_id': 7, 'a': 1}}]}}, 'limit': 1}]}, 'expect': {'deleted': {'$numberLong': '1'}}}",
      NULL, .result = "{'inserted': 1}" },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 7}]}}", "{}", NULL, NULL,
      .result = "{'same': 1}" },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 7}, {'_id': 8}]}}", "{}", NULL,
      "some of its documents were there before", .result = "{'inserted': 1, 'same': 1}" },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 7}]}}", "{}", NULL, .words = "not on record",
      .in_doubt = true },
    { "{'assert': {'collection': 'c', 'filter': {}, 'count': 0}}", "{}", NULL, .words = NULL },
    { "{'manual': {'text': 'call'}}", "{}", NULL, .words = "a person must take it back" },
    { "{'manual': {'text': 'call'}}", "{}", NULL, NULL, .in_doubt = true },
    { "{'batch': {'collection': 'c', 'filter': {}, 'update': [{'$set': {'a': 1}}], 'exactlyOnce': 'marker'}}",
      "{}", NULL, .words = "no inverse of batch" },
    { UPDATE_ONE, "{}", NULL, .words = "no inverse of update" },
    { "{'renameCollection': {'collection': 'c'}}", "{}", NULL, .words = "replaced a collection" },
    { "{'createIndexes': {'collection': 'c', 'indexes': [1, {'key': {'a': 1}}]}}", "{'indexes': [1]}",
      "{'id': 's1', 'dropIndexes': {'collection': 'c', 'index': 'a_1'}, 'ifMissing': 'same'}",
      .words = NULL },
    { "{'dropIndexes': {'collection': 'c', 'index': 'a_1'}}", "{'indexes': 1}", NULL,
      .words = "not on record" },
    { "{'hideIndex': {'collection': 'c'}}", "{'indexes': [{'name': 'a_1'}]}", NULL,
      .words = "not on record" },
    { "{'collMod': {'collection': 'c', 'newOption': 1}}", "{'options': {}}", NULL,
      .words = "newOption has no way back" },
    { "{'collMod': {'collection': 'c', 'validator': {'a': 1}, 'comment': 'x', 'writeConcern': {'w': 1}}}",
      "{'options': 1}", "{'id': 's1', 'collMod': {'collection': 'c', 'validator': {}}}", .words = NULL },
    { "{'collMod': {'collection': 'c', 'index': {'keyPattern': {'a': 1}, 'prepareUnique': true}}}",
      "{'options': {}, 'indexes': [{'name': 'a_1'}]}",
      "{'id': 's1', 'collMod': {'collection': 'c', 'index': {'keyPattern': {'a': 1}, 'prepareUnique': false}}}",
      .words = NULL },
    { "{'collMod': {'collection': 'c', 'index': {'name': 'a_1', 'unique': true}}}",
      "{'options': {}, 'indexes': [{'name': 'a_1', 'unique': true}]}", NULL, .words = "stays so" },
    { "{'collMod': {'collection': 'c', 'index': {'name': 'a_1'}}}", "{'options': {}}", NULL,
      .words = "the index as it was is not on record" },
    { "{'collMod': {'collection': 'c', 'index': 'a_1'}}", "{'options': {}, 'indexes': [{'name': 'a_1'}]}",
      NULL, .words = "the index as it was is not on record" },
    { "{'insert': {'collection': 'c'}}", "{}", NULL, .words = "not on record" },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 7}]}}", "{}", NULL,
      .words = "some of its documents were there before" },
    { "{'dropCollection': {'collection': 'c'}}", "{'exists': true}", NULL,
      .words = "no inverse of dropCollection" },
};

static void an_inverse_follows_from_what_was_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(inverses); i++) {
        const struct inverse *row = &inverses[i];
        AUTOSTEP step = step_json(row->step);
        MIG_AUTOBSON bson_t *pre = doc_json(row->pre);
        struct mig_error err = { .message = "" };
        struct mig_step inverse = { 0 };
        MIG_AUTOBSON bson_t *result = doc_json(row->result ? row->result : "{}");
        struct mig_step_past past = { pre, result, row->in_doubt };
        enum mig_inverse found = mig_step_inverse(step, &past, &inverse, &err);
        enum mig_inverse wanted = row->inverse ? MIG_INVERSE_STEP
                                  : row->words ? MIG_INVERSE_NONE
                                               : MIG_INVERSE_NOTHING;
        if (found != wanted || (row->words && !strstr(err.message, row->words)))
            fail_msg("%s from %s: %d '%s'", row->step, row->pre, found, err.message);
        if (found == MIG_INVERSE_NONE)
            assert_int_equal(err.code, MIG_ERR_STEP);
        if (found != MIG_INVERSE_STEP)
            continue;
        assert_doc(inverse.doc, row->inverse, row->step);
        bson_iter_t body;
        bson_t there;
        assert_true(bson_iter_init_find(&body, inverse.doc, mig_step_kind_name(inverse.kind)));
        assert_true(mig_iter_sub(&body, &there) && mig_doc_equal(&there, inverse.body));
        assert_string_equal(mig_doc_str(inverse.body, "collection", ""), inverse.collection);
        mig_step_done(&inverse);
    }
}

/* What an inverse makes must itself be a step that can be sent. */
static void an_inverse_can_be_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(inverses); i++) {
        AUTOSTEP step = step_json(inverses[i].step);
        MIG_AUTOBSON bson_t *pre = doc_json(inverses[i].pre);
        struct mig_error err;
        struct mig_step inverse;
        bson_t command;
        bool admin;
        MIG_AUTOBSON bson_t *result = doc_json(inverses[i].result ? inverses[i].result : "{}");
        struct mig_step_past past = { pre, result, inverses[i].in_doubt };
        if (mig_step_inverse(step, &past, &inverse, &err) != MIG_INVERSE_STEP)
            continue;
        assert_true(mig_step_command(&inverse, "shop", &command, &admin, &err));
        bson_destroy(&command);
        mig_step_done(&inverse);
    }
}

/* From a catalog of thousands that was read for a look: the steps' texts were let go. And of a kind of a later version. */
static void a_step_that_cannot_be_known_is_nothing(void **state)
{
    (void)state;
    static char id[] = "s";
    struct mig_error err = { .message = "" };
    struct mig_step inverse;
    struct mig_step_past past = { NULL, NULL, false };
    struct mig_step step = { .id = id, .kind = MIG_STEP_CREATE_COLLECTION };
    bson_iter_t member;
    bson_t command;
    bool admin;
    int64_t documents;
    assert_false(mig_step_member(&step, "ifExists", &member));
    assert_int_equal(mig_step_inverse(&step, &past, &inverse, &err), MIG_INVERSE_NONE);
    assert_non_null(strstr(err.message, "its text was not read"));
    step.kind = MIG_STEP_KINDS;
    assert_int_equal(mig_step_inverse(&step, &past, &inverse, &err), MIG_INVERSE_NONE);
    assert_non_null(strstr(err.message, "there is no inverse"));
    assert_false(mig_step_command(&step, "shop", &command, &admin, &err));
    assert_false(mig_step_idempotent(&step));
    assert_false(mig_step_long_running(&step));
    assert_false(mig_step_groupable(&step, &documents));
}

static void what_depth_hides_counts_as_read(void **state)
{
    (void)state;
    AUTOSTEP step = step_json("{'out': {'collection': 'c', 'pipeline': [], 'to': 'd'}}");
    bson_t *deep = BCON_NEW("from", "x");
    for (int i = 0; i < 150; i++) {
        bson_t *outer = BCON_NEW("a", BCON_DOCUMENT(deep));
        bson_destroy(deep);
        deep = outer;
    }
    assert_true(mig_step_idempotent(step));
    bson_t list;
    bson_t *body = BCON_NEW("collection", "c", "to", "d");
    BSON_APPEND_ARRAY_BEGIN(body, "pipeline", &list);
    BSON_APPEND_DOCUMENT(&list, "0", deep);
    bson_append_array_end(body, &list);
    bson_destroy(step->body);
    step->body = body;
    assert_false(mig_step_idempotent(step));
    bson_destroy(deep);
}

/* ---- bulkWrite ---- */

static void statements_become_bulk_operations(void **state)
{
    (void)state;
    AUTOSTEP first =
        step_json("{'insert': {'collection': 'c', 'documents': [{'_id': 1, 'u': 2}, {'_id': 2}]}}");
    AUTOSTEP second = step_json(
        "{'transaction': [{'update': {'collection': 'd', 'updates': [{'q': {'q': 1}, 'u': [{'$set': {'a': 1}}], 'upsert':"
        " true, 'c': {'x': 1}, 'arrayFilters': [], 'collation': {'locale': 'de'}}]}},"
        " {'delete': {'collection': 'c', 'deletes': [{'q': {'a': 1}, 'limit': 1}, {'q': {}, 'limit': 0, 'hint': 'i'}]}}]}");
    MIG_AUTODOC bson_t ops = BSON_INITIALIZER;
    MIG_AUTODOC bson_t ns = BSON_INITIALIZER;
    int ops_count = 0, ns_count = 0;
    assert_int_equal(mig_step_bulk_ops(first, "shop", &ops, &ops_count, &ns, &ns_count), 2);
    assert_int_equal(mig_step_bulk_ops(second, "shop", &ops, &ops_count, &ns, &ns_count), 3);
    assert_int_equal(ops_count, 5);
    assert_int_equal(ns_count, 2);
    assert_doc(&ns, "{'0': {'ns': 'shop.c'}, '1': {'ns': 'shop.d'}}", "nsInfo");
    assert_doc(
        &ops,
        "{'0': {'insert': 0, 'document': {'_id': 1, 'u': 2}}, '1': {'insert': 0, 'document': {'_id': 2}},"
        " '2': {'update': 1, 'filter': {'q': 1}, 'updateMods': [{'$set': {'a': 1}}], 'upsert': true,"
        " 'constants': {'x': 1}, 'arrayFilters': [], 'collation': {'locale': 'de'}},"
        " '3': {'delete': 0, 'filter': {'a': 1}, 'multi': false},"
        " '4': {'delete': 0, 'filter': {}, 'multi': true, 'hint': 'i'}}",
        "ops");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_becomes_mongodbs_command),
        cmocka_unit_test(what_is_not_one_command_is_refused),
        cmocka_unit_test(each_kind_knows_what_it_is_like),
        cmocka_unit_test(a_big_insert_travels_alone),
        cmocka_unit_test(members_that_are_ours_stand_in_the_step_or_in_its_body),
        cmocka_unit_test(an_inverse_follows_from_what_was_there),
        cmocka_unit_test(an_inverse_can_be_sent),
        cmocka_unit_test(a_step_that_cannot_be_known_is_nothing),
        cmocka_unit_test(what_depth_hides_counts_as_read),
        cmocka_unit_test(statements_become_bulk_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
