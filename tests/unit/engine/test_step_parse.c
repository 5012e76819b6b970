/* Steps: what is accepted becomes what the engine works with, what is refused is told at its place in words that say
 * what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/catalog.h"
#include "engine/step_shape.h"

/* The step begins at line 2, column 1. */
static char *file_with(const char *steps)
{
    return mig_printf("{\"migtui\": 1, \"title\": \"t\", \"up\": [\n%s\n]}", steps);
}

static bool parse(const char *steps, struct mig_migration *ret, struct mig_error *err)
{
    MIG_AUTOFREE char *text = file_with(steps);
    struct mig_file file = { "1_f.jsonc", text, strlen(text) };
    return mig_migration_parse(&file, "migtui_", 0, ret, err);
}

static void accept_all(const char *const *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mig_migration migration;
        struct mig_error err;
        if (!parse(rows[i], &migration, &err))
            fail_msg("%s\n  %s", rows[i], err.message);
        mig_migration_done(&migration);
    }
}

struct refused {
    const char *steps;
    const char *message; /* without the file's name */
    const char *hint;    /* part of it; NULL: any, but some */
};

static void refuse_all(const struct refused *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mig_migration migration;
        struct mig_error err = { 0 };
        if (parse(rows[i].steps, &migration, &err))
            fail_msg("accepted: %s", rows[i].steps);
        MIG_AUTOFREE char *message = mig_printf("1_f.jsonc:%s", rows[i].message);
        if (strcmp(err.message, message) != 0)
            fail_msg("%s\n  said     %s\n  expected %s", rows[i].steps, err.message, message);
        assert_int_equal(err.code, MIG_ERR_MIGRATION);
        if (!*err.hint || (rows[i].hint && !strstr(err.hint, rows[i].hint)))
            fail_msg("%s\n  hint     %s\n  expected %s", rows[i].steps, err.hint, rows[i].hint);
    }
}

#define STEP(kind, body) "{\"id\": \"s\", \"" kind "\": " body "}"

/* ---- accepted ---- */

static void every_kind_has_an_example_that_is_accepted(void **state)
{
    (void)state;
    for (int kind = 0; kind < MIG_STEP_KINDS; kind++) {
        const char *name = mig_step_kind_name((enum mig_step_kind)kind);
        MIG_AUTOFREE char *step = mig_printf("{\"id\": \"s\", \"%s\": %s}", name,
                                             mig_kind_shape((enum mig_step_kind)kind)->example);
        struct mig_migration migration;
        struct mig_error err;
        if (!parse(step, &migration, &err))
            fail_msg("%s\n  %s", step, err.message);
        assert_int_equal(migration.up_count, 1);
        assert_int_equal(migration.up[0].kind, kind);
        mig_migration_done(&migration);
    }
}

static void a_step_becomes_what_the_engine_works_with(void **state)
{
    (void)state;
    struct mig_migration m;
    struct mig_error err;
    assert_true(
        parse("{\"comment\": \"c\", \"delete\": {\"collection\": \"people\", \"deletes\": [{\"q\": {}, "
              "\"limit\": 0}]}, \"expect\": {\"deleted\": 3}, \"id\": \"clean.up-1_a\"},\n"
              "{\"id\": \"wait\", \"manual\": {\"text\": \"look\"}}",
              &m, &err));
    assert_int_equal(m.up_count, 2);
    const struct mig_step *step = &m.up[0];
    assert_string_equal(step->id, "clean.up-1_a");
    assert_int_equal(step->kind, MIG_STEP_DELETE);
    assert_string_equal(step->collection, "people");
    assert_int_equal(mig_doc_int(step->doc, "expect.deleted", -1), 3);
    assert_true(mig_doc_has(step->doc, "delete.deletes"));
    assert_int_equal(mig_doc_int(step->body, "deletes.0.limit", -1), 0);
    assert_null(step->inner);
    assert_int_equal(m.up[1].kind, MIG_STEP_MANUAL);
    assert_null(m.up[1].collection);
    mig_migration_done(&m);
}

static void statements_of_a_transaction_become_inner_steps(void **state)
{
    (void)state;
    struct mig_migration m;
    struct mig_error err;
    assert_true(
        parse("{\"id\": \"move\", \"transaction\": [\n"
              "  {\"assert\": {\"collection\": \"a\", \"filter\": {\"_id\": 1}, \"count\": 1}},\n"
              "  {\"delete\": {\"collection\": \"a\", \"deletes\": [{\"q\": {\"_id\": 1}, \"limit\": 1}]}, "
              "\"expect\": {\"deleted\": 1}},\n"
              "  {\"insert\": {\"collection\": \"b\", \"documents\": [{\"_id\": 1}]}}]}",
              &m, &err));
    const struct mig_step *step = &m.up[0];
    assert_int_equal(step->kind, MIG_STEP_TRANSACTION);
    assert_null(step->collection);
    assert_int_equal(bson_count_keys(step->body), 3);
    assert_int_equal(step->inner_count, 3);
    assert_int_equal(step->inner[0].kind, MIG_STEP_ASSERT);
    assert_string_equal(step->inner[1].id, "move[1]");
    assert_int_equal(mig_doc_int(step->inner[1].doc, "expect.deleted", -1), 1);
    assert_string_equal(step->inner[2].collection, "b");
    mig_migration_done(&m);
}

static void what_mongodb_takes_is_taken(void **state)
{
    (void)state;
    static const char *const rows[] = {
        STEP("createCollection", "{\"collection\": \"c\", \"capped\": true, \"size\": 1e6, \"max\": 10}"),
        STEP("createCollection", "{\"collection\": \"c\", \"timeseries\": {\"timeField\": \"t\"}, "
                                 "\"expireAfterSeconds\": {\"$numberLong\": \"3600\"}}"),
        STEP("createCollection", "{\"collection\": \"a.b c-é\", \"collation\": {\"locale\": \"fr\"}}"),
        STEP("collMod", "{\"collection\": \"c\", \"expireAfterSeconds\": \"off\"}"),
        STEP("collMod", "{\"collection\": \"c\", \"expireAfterSeconds\": 60}"),
        STEP("collMod", "{\"collection\": \"c\", \"index\": {\"name\": \"a_1\", \"hidden\": true}}"),
        STEP(
            "createIndexes",
            "{\"collection\": \"c\", \"commitQuorum\": \"majority\", \"indexes\": [{\"key\": {\"a\": 1}, \"name\": "
            "\"a\", \"partialFilterExpression\": {\"a\": {\"$exists\": true}}, \"expireAfterSeconds\": 0}]}"),
        STEP("dropIndexes", "{\"collection\": \"c\", \"index\": {\"a\": 1}}"),
        STEP("dropIndexes", "{\"collection\": \"c\", \"index\": [\"a_1\", \"b_1\"]}"),
        STEP("hideIndex", "{\"collection\": \"c\", \"index\": {\"a\": 1}}"),
        STEP("insert", "{\"collection\": \"c\", \"documents\": [{\"_id\": 1}], \"ordered\": false, "
                       "\"ifExists\": \"fail\"}"),
        STEP("insert", "{\"collection\": \"c\", \"documents\": [{\"_id\": 1, \"code\": {\"$where\": 1}}]}"),
        STEP("update",
             "{\"collection\": \"c\", \"updates\": [{\"q\": {}, \"u\": [{\"$set\": {\"a\": 1}}], "
             "\"multi\": true}, {\"q\": {}, \"u\": {\"a\": 1}, \"upsert\": true}, {\"q\": {}, \"u\": {}}]}"),
        STEP("merge", "{\"collection\": \"c\", \"pipeline\": [], \"into\": \"d\", \"on\": [\"a\", \"b\"], "
                      "\"whenMatched\": [{\"$set\": {\"a\": 1}}], \"whenNotMatched\": \"discard\"}"),
        STEP("assert",
             "{\"collection\": \"c\", \"count\": {\"$gte\": 1, \"$lt\": {\"$numberLong\": \"9\"}}}"),
        STEP("command", "{\"run\": {\"ping\": 1}}"),
        STEP(
            "command",
            "{\"run\": {\"shardCollection\": \"migtui_prod.people\", \"key\": {\"a\": 1}}, \"db\": \"admin\"}"),
        STEP("exec", "{\"run\": [\"./a.sh\"], \"env\": {\"A\": \"b\"}}"),
        "{\"id\": \"s\", \"dropCollection\": {\"collection\": \"c\"}, \"ifMissing\": \"same\", \"verify\": "
        "{\"collection\": \"c\", \"count\": 0}, \"allow\": [{\"rule\": \"MT001\", \"why\": \"empty\"}]}",
    };
    accept_all(rows, MIG_COUNT(rows));
}

/* ---- the step itself ---- */

static void a_step_without_its_members_is_told_what_to_add(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { "{\"manual\": {\"text\": \"x\"}}", "2:1: up[0]: the step has no \"id\"", "add \"id\": " },
        { "{\"id\": \"a\"}", "2:1: up[0] \"a\": the step has no kind", "say what it does" },
        { "{}", "2:1: up[0]: the step has no \"id\"", NULL },
        { "1", "2:1: an element of up is a number; expected an object", NULL },
        { "{\"id\": 1, \"manual\": {\"text\": \"x\"}}", "2:2: up[0]: id is a number; expected a text", NULL },
        { "{\"id\": \"a b\", \"manual\": {\"text\": \"x\"}}",
          "2:2: up[0]: id is \"a b\"; expected 1 to 64 letters, digits, '_', '.' or '-'", NULL },
        { "{\"id\": \"\", \"manual\": {\"text\": \"x\"}}",
          "2:2: up[0]: id is \"\"; expected 1 to 64 letters, digits, '_', '.' or '-'", NULL },
        { "{\"id\": \"a\", \"manual\": {\"text\": \"x\"}},\n{\"id\": \"a\", \"manual\": {\"text\": \"x\"}}",
          "3:2: up[1] \"a\": the id is also that of up[0]", NULL },
        { "{\"id\": \"a\", \"manual\": {\"text\": \"x\"},\n \"exec\": {\"run\": [\"x\"]}}",
          "3:2: up[0] \"a\": the step is manual and exec at once", "two steps" },
        { "{\"id\": \"a\", \"manual\": [\"x\"]}", "2:13: up[0] \"a\": the value of manual is not an object",
          NULL },
        { "{\"id\": \"a\", \"transaction\": {}}",
          "2:13: up[0] \"a\": the value of transaction is not an array", NULL },
    };
    refuse_all(rows, MIG_COUNT(rows));
}

static void what_is_unknown_is_told_with_the_nearest_name(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { "{\"id\": \"a\", \"craeteIndexes\": {}}",
          "2:13: up[0] \"a\": unknown step kind \"craeteIndexes\"; did you mean \"createIndexes\"?",
          "write \"createIndexes\"" },
        { "{\"id\": \"a\", \"teleport\": {}}", "2:13: up[0] \"a\": unknown step kind \"teleport\"",
          "known here: createCollection, createView" },
        { "{\"id\": \"a\", \"vrify\": {}, \"manual\": {\"text\": \"x\"}}",
          "2:13: up[0] \"a\": unknown member \"vrify\" in a step; did you mean \"verify\"?", NULL },
        { STEP("manual", "{\"text\": \"x\", \"when\": 1}"),
          "2:37: up[0] \"s\": unknown member \"when\" in manual", "known here: text, ask" },
        { STEP("batch", "{\"collection\": \"c\", \"filtr\": {}}"),
          "2:42: up[0] \"s\": unknown member \"filtr\" in batch; did you mean \"filter\"?", NULL },
        { STEP("createIndexes",
               "{\"collection\": \"c\", \"indexes\": [{\"key\": {\"a\": 1}, \"naem\": \"a\"}]}"),
          "2:80: up[0] \"s\": unknown member \"naem\" in an index; did you mean \"name\"?", NULL },
        { STEP("update", "{\"collection\": \"c\", \"updates\": [{\"q\": {}, \"u\": {}, \"mult\": true}]}"),
          "2:74: up[0] \"s\": unknown member \"mult\" in a statement of update; did you mean \"multi\"?",
          NULL },
        { STEP("assert", "{\"collection\": \"c\", \"count\": {\"$gt\": 0, \"$in\": 2}}"),
          "2:63: up[0] \"s\": unknown member \"$in\" in a comparison", NULL },
        { STEP("manual", "{\"text\": \"x\", \"a\\u001bb\": 1}"),
          "2:37: up[0] \"s\": unknown member \"a\\x1bb\" in manual", NULL },
    };
    refuse_all(rows, MIG_COUNT(rows));
}

static void members_stand_where_they_mean_something(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { "{\"id\": \"a\", \"manual\": {\"text\": \"x\"}, \"expect\": {\"deleted\": 1}}",
          "2:38: up[0] \"a\": expect has no meaning for manual", NULL },
        { "{\"id\": \"a\", \"dropCollection\": {\"collection\": \"c\"}, \"ifExists\": \"same\"}",
          "2:52: up[0] \"a\": ifExists has no meaning for dropCollection", NULL },
        { "{\"id\": \"a\", \"dropCollection\": {\"collection\": \"c\", \"ifMissing\": \"same\"}, \"ifMissing\": \"fail\"}",
          "2:73: up[0] \"a\": ifMissing stands beside dropCollection and in it", NULL },
        { "{\"id\": \"a\", \"dropCollection\": {\"collection\": \"c\"}, \"ifMissing\": \"maybe\"}",
          "2:52: up[0] \"a\": ifMissing is \"maybe\"; expected same or fail", NULL },
        { "{\"id\": \"a\", \"manual\": {\"text\": \"x\"}, \"allow\": [{\"rule\": \"MT16\", \"why\": \"x\"}]}",
          "2:49: up[0] \"a\": rule is \"MT16\"; expected the name of a lint rule, as MT016", NULL },
        { "{\"id\": \"a\", \"manual\": {\"text\": \"x\"}, \"allow\": [{\"rule\": \"MT016\"}]}",
          "2:48: up[0] \"a\": allow has no \"why\"", NULL },
        { "{\"id\": \"a\", \"manual\": {\"text\": \"x\"}, \"verify\": {\"collection\": \"c\"}}",
          "2:38: up[0] \"a\": a check has no \"count\"", NULL },
        { STEP("insert",
               "{\"collection\": \"c\", \"documents\": [{\"_id\": 1}], \"writeConcern\": {\"w\": 1}}"),
          "2:70: up[0] \"s\": writeConcern has no place in insert: migtui writes with majority; a weaker concern could "
          "lose what history calls done",
          "take it out" },
    };
    refuse_all(rows, MIG_COUNT(rows));
}

/* ---- values ---- */

static void values_of_another_type_or_size_are_refused(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { STEP("batch", "{\"collection\": \"c\", \"filter\": {}, \"delete\": true, \"size\": 0}"),
          "2:72: up[0] \"s\": size is 0; expected 1 to 100000", "size: documents of a range" },
        { STEP("batch", "{\"collection\": \"c\", \"filter\": {}, \"delete\": true, \"size\": 100001}"),
          "2:72: up[0] \"s\": size is 100001; expected 1 to 100000", NULL },
        { STEP("batch", "{\"collection\": \"c\", \"filter\": {}, \"delete\": true, \"size\": 1.5}"),
          "2:72: up[0] \"s\": size is a number; expected a whole number", NULL },
        { STEP("batch", "{\"collection\": \"c\", \"filter\": {}, \"delete\": true, \"workers\": 17}"),
          "2:72: up[0] \"s\": workers is 17; expected 1 to 16", NULL },
        { STEP("batch", "{\"collection\": \"c\", \"filter\": {}, \"delete\": true, \"targetMs\": 9}"),
          "2:72: up[0] \"s\": targetMs is 9; expected 10 to 60000", NULL },
        { STEP("batch", "{\"collection\": \"c\", \"filter\": {}, \"delete\": \"yes\"}"),
          "2:56: up[0] \"s\": delete is a text; expected true or false", NULL },
        { STEP("dropIndexes", "{\"collection\": \"c\", \"index\": null}"),
          "2:48: up[0] \"s\": index is null; expected a text or an object or an array", NULL },
        { STEP("dropIndexes", "{\"collection\": \"c\", \"index\": [\"a\", 1]}"),
          "2:63: up[0] \"s\": an element of index is a number; expected a text", NULL },
        { STEP("createIndexes", "{\"collection\": \"c\", \"indexes\": []}"),
          "2:50: up[0] \"s\": indexes has 0 elements; expected 1 to 64", NULL },
        { STEP("createIndexes", "{\"collection\": \"c\", \"indexes\": [{\"name\": \"a\"}]}"),
          "2:62: up[0] \"s\": an index has no \"key\"", NULL },
        { STEP("createIndexes", "{\"collection\": \"c\", \"indexes\": [{\"key\": {\"a\": 1}}]}"),
          "2:62: up[0] \"s\": an index has no \"name\"", NULL },
        { STEP("createIndexes", "{\"collection\": \"c\", \"indexes\": [{\"key\": {}, \"name\": \"a\"}]}"),
          "2:63: up[0] \"s\": key is empty", NULL },
        { STEP("update", "{\"collection\": \"c\", \"updates\": [{\"u\": {}}]}"),
          "2:55: up[0] \"s\": a statement of update has no \"q\"", NULL },
        { STEP("delete", "{\"collection\": \"c\", \"deletes\": [{\"q\": {}}]}"),
          "2:55: up[0] \"s\": a statement of delete has no \"limit\"", NULL },
        { STEP("delete", "{\"collection\": \"c\", \"deletes\": [{\"q\": {}, \"limit\": 2}]}"),
          "2:65: up[0] \"s\": limit is 2; expected 0 to 1", NULL },
        { STEP("assert", "{\"collection\": \"c\", \"count\": -1}"),
          "2:43: up[0] \"s\": count is -1; expected at least 0", NULL },
        { STEP("assert", "{\"collection\": \"c\", \"count\": {}}"), "2:43: up[0] \"s\": count is empty",
          NULL },
        { STEP("assert", "{\"collection\": \"c\", \"count\": {\"$gte\": \"1\"}}"),
          "2:53: up[0] \"s\": $gte is a text; expected a whole number", NULL },
        { STEP("manual", "{\"text\": \"\"}"), "2:24: up[0] \"s\": text has 0 bytes; expected 1 to 4000",
          NULL },
        { STEP("manual", "{\"text\": \"a\\u0000b\"}"), "2:24: up[0] \"s\": text holds a NUL", NULL },
        { STEP("exec", "{\"run\": [\"a\"], \"timeoutS\": 86401}"),
          "2:36: up[0] \"s\": timeoutS is 86401; expected 1 to 86400", NULL },
        { STEP("exec", "{\"run\": []}"), "2:22: up[0] \"s\": run has 0 elements; expected 1 to 256", NULL },
        { STEP("exec", "{\"run\": [\"\"]}"), "2:22: up[0] \"s\": the program has no name", NULL },
        { STEP("exec", "{\"run\": [\"a\"], \"env\": {\"A\": 1}}"),
          "2:44: up[0] \"s\": a variable of env is not NAME: text", NULL },
        { STEP("command", "{\"run\": {}}"), "2:25: up[0] \"s\": run is empty", NULL },
        { STEP("command", "{\"run\": {\"ping\": 1}, \"db\": \"other\"}"),
          "2:45: up[0] \"s\": db is \"other\"; expected $target or admin", NULL },
        { STEP("merge",
               "{\"collection\": \"c\", \"pipeline\": [], \"into\": {\"db\": \"x\", \"coll\": \"d\"}}"),
          "2:58: up[0] \"s\": into is an object; expected a text", "in the same database" },
    };
    refuse_all(rows, MIG_COUNT(rows));
}

#define COLLECTION_RULE \
    "expected the name of a collection: 1 to 120 bytes without '$', not beginning with '.', system. or the prefix of " \
    "migtui's own"

static void collections_of_others_are_refused(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { STEP("dropCollection", "{\"collection\": \"\"}"),
          "2:32: up[0] \"s\": collection is \"\"; " COLLECTION_RULE, NULL },
        { STEP("dropCollection", "{\"collection\": \"a$b\"}"),
          "2:32: up[0] \"s\": collection is \"a$b\"; " COLLECTION_RULE, NULL },
        { STEP("dropCollection", "{\"collection\": \"system.js\"}"),
          "2:32: up[0] \"s\": collection is \"system.js\"; " COLLECTION_RULE, NULL },
        { STEP("dropCollection", "{\"collection\": \".a\"}"),
          "2:32: up[0] \"s\": collection is \".a\"; " COLLECTION_RULE, NULL },
        { STEP("dropCollection", "{\"collection\": \"migtui_history\"}"),
          "2:32: up[0] \"s\": collection is \"migtui_history\"; expected a collection that is not migtui's own",
          "begin with \"migtui_\"" },
        { STEP("renameCollection", "{\"collection\": \"a\", \"to\": \"migtui_lock\"}"),
          "2:53: up[0] \"s\": to is \"migtui_lock\"; expected a collection that is not migtui's own", NULL },
        { STEP("renameCollection", "{\"collection\": \"a\", \"to\": \"a\"}"),
          "2:53: up[0] \"s\": \"to\" is the name the collection has", NULL },
        { STEP("out", "{\"collection\": \"a\", \"pipeline\": [], \"to\": \"system.users\"}"),
          "2:56: up[0] \"s\": to is \"system.users\"; " COLLECTION_RULE, NULL },
        { STEP("command", "{\"run\": {\"drop\": \"migtui_lock\"}}"),
          "2:33: up[0] \"s\": drop on \"migtui_lock\", a collection of the server's or of migtui's own",
          NULL },
        { STEP("command",
               "{\"run\": {\"renameCollection\": \"shop.a\", \"to\": \"shop.system.b\"}, \"db\": \"admin\"}"),
          "2:63: up[0] \"s\": renameCollection on \"shop.system.b\", a collection of the server's or of migtui's own",
          NULL },
    };
    refuse_all(rows, MIG_COUNT(rows));
}

/* ---- rules of kinds ---- */

static void rules_of_kinds_are_told(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { STEP("collMod", "{\"collection\": \"c\"}"), "2:25: up[0] \"s\": collMod changes nothing", NULL },
        { STEP("dropIndexes", "{\"collection\": \"c\", \"index\": \"*\"}"),
          "2:48: up[0] \"s\": dropIndexes of \"*\" (MT004)", NULL },
        { STEP("dropIndexes", "{\"collection\": \"c\", \"index\": [\"a_1\", \"_id_\"]}"),
          "2:65: up[0] \"s\": dropIndexes of \"_id_\" (MT004)", NULL },
        { STEP("createIndexes",
               "{\"collection\": \"c\", \"indexes\": [{\"key\": {\"a\": 1}, \"name\": \"a\"},\n"
               "{\"key\": {\"b\": 1}, \"name\": \"a\"}]}"),
          "3:19: up[0] \"s\": the index's name is also that of indexes[0]", NULL },
        { STEP(
              "createIndexes",
              "{\"collection\": \"c\", \"indexes\": [{\"key\": {\"n\": {\"$numberDouble\": \"NaN\"}}, \"name\": \"n\"}]}"),
          "2:71: up[0] \"s\": \"n\" has no direction that an index can have", "1 or -1" },
        { STEP("createIndexes",
               "{\"collection\": \"c\", \"indexes\": [{\"key\": {\"n\": 0}, \"name\": \"n\"}]}"),
          "2:71: up[0] \"s\": \"n\" has no direction that an index can have", "1 or -1" },
        { STEP("createIndexes",
               "{\"collection\": \"c\", \"indexes\": [{\"key\": {\"n\": \"\"}, \"name\": \"n\"}]}"),
          "2:71: up[0] \"s\": \"n\" has no direction that an index can have", "1 or -1" },
        { STEP("createIndexes",
               "{\"collection\": \"c\", \"indexes\": [{\"key\": {\"n\": true}, \"name\": \"n\"}]}"),
          "2:71: up[0] \"s\": \"n\" has no direction that an index can have", "1 or -1" },
        { STEP("insert", "{\"collection\": \"c\", \"documents\": [{\"_id\": 1}, {\"a\": 1}]}"),
          "2:69: up[0] \"s\": documents[1] has no _id", "a second try" },
        { STEP("update",
               "{\"collection\": \"c\", \"updates\": [{\"q\": {}, \"u\": {\"a\": 1}, \"multi\": true}]}"),
          "2:65: up[0] \"s\": a replacement for many documents (multi)", NULL },
        { STEP("merge", "{\"collection\": \"c\", \"pipeline\": [{\"$merge\": \"d\"}], \"into\": \"d\"}"),
          "2:55: up[0] \"s\": the pipeline has a stage that writes", NULL },
        { STEP("transaction", "[]"), "2:13: up[0] \"s\": transaction has 0 statements; expected 1 to 100",
          NULL },
        { STEP("transaction", "[1]"), "2:29: up[0] \"s\": a statement of transaction is not an object",
          NULL },
        { STEP("transaction", "[{\"collMod\": {}}]"), "2:30: up[0] \"s\": collMod cannot be in a transaction",
          NULL },
        { STEP("transaction", "[{\"id\": \"x\", \"insert\": {}}]"),
          "2:30: up[0] \"s\": a statement of a transaction has no id of its own", NULL },
        { STEP("transaction", "[{\"insert\": {\"collection\": \"c\", \"documents\": [{}]}}]"),
          "2:74: up[0] \"s\": documents[0] has no _id", NULL },
    };
    refuse_all(rows, MIG_COUNT(rows));
}

static void javascript_and_commands_on_the_deny_list_are_refused(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { STEP("command", "{\"run\": {\"shutdown\": 1}}"),
          "2:33: up[0] \"s\": the command shutdown is refused: it would stop or steer the server itself (MT034)",
          NULL },
        { STEP("command", "{\"run\": {\"grantRolesToUser\": \"x\"}}"),
          "2:33: up[0] \"s\": the command grantRolesToUser is refused: it changes who may do what, which is not part of "
          "a database's schema (MT034)",
          NULL },
        { STEP("command", "{\"run\": {\"mapReduce\": \"c\"}}"),
          "2:33: up[0] \"s\": the command mapReduce is refused: it runs JavaScript on the server (MT034)",
          NULL },
        { STEP("command", "{\"run\": {\"find\": \"c\", \"filter\": {\"$where\": \"1\"}}}"),
          "2:57: up[0] \"s\": $where runs JavaScript on the server (MT034)", NULL },
        { STEP(
              "delete",
              "{\"collection\": \"c\", \"deletes\": [{\"q\": {\"$or\": [{\"$where\": \"1\"}]}, \"limit\": 0}]}"),
          "2:71: up[0] \"s\": $where runs JavaScript on the server (MT034)", NULL },
        { STEP("command", "{\"run\": {\"insert\": \"c\", \"writeConcern\": {\"w\": 0}}}"),
          "2:48: up[0] \"s\": writeConcern is migtui's to set", NULL },
        { STEP("command", "{\"run\": {\"insert\": \"c\", \"lsid\": 1}}"),
          "2:48: up[0] \"s\": lsid is migtui's to set", NULL },
    };
    refuse_all(rows, MIG_COUNT(rows));
}

/* ---- batch ---- */

#define BATCH(rest) STEP("batch", "{\"collection\": \"c\", " rest "}")

static void a_batch_says_what_keeps_it_from_running_twice(void **state)
{
    (void)state;
    static const struct refused rows[] = {
        { BATCH("\"filter\": {}"), "2:42: up[0] \"s\": batch has neither \"update\" nor \"delete\"", NULL },
        { BATCH("\"filter\": {}, \"update\": {\"$set\": {\"a\": 1}}, \"delete\": true"),
          "2:86: up[0] \"s\": batch has \"update\" and \"delete\"", NULL },
        { BATCH("\"filter\": {}, \"delete\": false"), "2:56: up[0] \"s\": delete is false", NULL },
        { BATCH("\"filter\": {}, \"delete\": true, \"exactlyOnce\": \"marker\""),
          "2:72: up[0] \"s\": a delete needs no marker", NULL },
        { BATCH("\"filter\": {}, \"update\": {\"a\": 1}, \"exactlyOnce\": \"idempotent\""),
          "2:56: up[0] \"s\": update is a replacement for many documents", NULL },
        { BATCH("\"filter\": {}, \"update\": {\"$set\": {\"a\": 1}}"),
          "2:56: up[0] \"s\": batch has no \"exactlyOnce\"", "marker: " },
        { BATCH("\"filter\": {}, \"update\": {\"$set\": {\"a\": 1}}, \"exactlyOnce\": \"marker\""),
          "2:42: up[0] \"s\": the filter is empty, so a marker cannot leave out what is done (MT018)", NULL },
        { BATCH("\"filter\": {\"v\": 1}, \"update\": {\"$set\": {\"a\": 1}}, \"exactlyOnce\": \"marker\""),
          "2:42: up[0] \"s\": the update touches no field that the filter tests, so nothing tells what is done (MT018)",
          "schemaVersion" },
    };
    refuse_all(rows, MIG_COUNT(rows));
}

static void a_marker_is_any_field_that_both_speak_of(void **state)
{
    (void)state;
#define MARKED(filter, update) \
    BATCH("\"filter\": " filter ", \"update\": " update ", \"exactlyOnce\": \"marker\"")
    static const char *const good[] = {
        MARKED("{\"v\": 1}", "{\"$set\": {\"v\": 2}}"),
        MARKED("{\"v\": 1}", "{\"$inc\": {\"v\": 1, \"n\": 1}}"),
        MARKED("{\"old\": {\"$exists\": true}}", "{\"$unset\": {\"old\": \"\"}}"),
        MARKED("{\"old\": {\"$exists\": true}}", "{\"$rename\": {\"old\": \"new\"}}"),
        MARKED("{\"new\": {\"$exists\": false}}", "{\"$rename\": {\"old\": \"new\"}}"),
        MARKED("{\"a.b\": 1}", "{\"$set\": {\"a.c\": 2}}"),
        MARKED("{\"x\": 1, \"$or\": [{\"y\": 1}, {\"v\": 1}]}", "{\"$set\": {\"v\": 2}}"),
        MARKED("{\"$expr\": {\"$lt\": [\"$v\", 2]}}", "{\"$set\": {\"v\": 2}}"),
        MARKED("{\"$expr\": {\"$lt\": [\"$$ROOT.v\", 2]}}", "[{\"$set\": {\"v\": 2}}]"),
        MARKED("{\"v\": 1}", "[{\"$unset\": [\"a\", \"v.x\"]}]"),
        MARKED("{\"v\": 1}", "[{\"$unset\": \"v\"}]"),
        MARKED("{\"v\": 1}", "[{\"$set\": {\"a\": 1}}, {\"$addFields\": {\"v\": {\"$add\": [\"$v\", 1]}}}]"),
        MARKED("{\"v\": 1}", "[{\"$replaceWith\": {\"b\": 1}}]"),
        MARKED("{\"$jsonSchema\": {\"required\": [\"v\"]}}", "{\"$set\": {\"a\": 2}}"),
    };
    accept_all(good, MIG_COUNT(good));
    static const char *const bad[] = {
        MARKED("{\"vv\": 1}", "{\"$set\": {\"v\": 2}}"),
        MARKED("{\"v\": 1}", "{\"$set\": {\"vv\": 2}}"),
        MARKED("{\"$comment\": \"v\"}", "{\"$set\": {\"v\": 2}}"),
        MARKED("{\"$and\": [{\"x\": 1}, {\"$nor\": [{\"y\": 1}]}]}", "{\"$set\": {\"v\": 2}}"),
        MARKED("{\"$expr\": {\"$eq\": [{\"$literal\": \"$v\"}, \"$$NOW\"]}}", "{\"$set\": {\"v\": 2}}"),
        MARKED("{\"v\": 1}", "[{\"$unset\": [\"a\"]}, {\"$set\": {\"b\": \"$v\"}}]"),
    };
    for (size_t i = 0; i < MIG_COUNT(bad); i++) {
        struct mig_migration migration;
        struct mig_error err;
        if (parse(bad[i], &migration, &err))
            fail_msg("accepted: %s", bad[i]);
        assert_non_null(strstr(err.message, "(MT018)"));
    }
}

#define SWORN(update) BATCH("\"filter\": {\"a\": 1}, \"update\": " update ", \"exactlyOnce\": \"idempotent\"")

static void an_update_that_repeats_is_not_idempotent(void **state)
{
    (void)state;
    static const struct {
        const char *step;
        const char *what;
    } rows[] = {
        { SWORN("{\"$inc\": {\"n\": 1}}"), "$inc" },
        { SWORN("{\"$set\": {\"a\": 1}, \"$push\": {\"l\": 1}}"), "$push" },
        { SWORN("{\"$mul\": {\"n\": 2}}"), "$mul" },
        { SWORN("{\"$pop\": {\"l\": 1}}"), "$pop" },
        { SWORN("{\"$rename\": {\"a\": \"b\"}}"), "$rename" },
        { SWORN("[{\"$set\": {\"n\": {\"$add\": [\"$n\", 1]}}}]"), "$set of n from itself" },
        { SWORN("[{\"$set\": {\"a.b\": {\"$concat\": [\"$a.b\", \"!\"]}}}]"), "$set of a.b from itself" },
        { SWORN("[{\"$set\": {\"a\": {\"b\": {\"$concat\": [\"$a.b\", \"!\"]}}}}]"),
          "$set of a.b from itself" },
        { SWORN("[{\"$addFields\": {\"l\": {\"$concatArrays\": [\"$$CURRENT.l\", [1]]}}}]"),
          "$addFields of l from itself" },
        { SWORN("[{\"$set\": {\"x\": 1}}, {\"$project\": {\"n\": {\"$add\": [\"$n\", 1]}}}]"),
          "$project of n from itself" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct mig_migration migration;
        struct mig_error err;
        if (parse(rows[i].step, &migration, &err))
            fail_msg("accepted: %s", rows[i].step);
        MIG_AUTOFREE char *message =
            mig_printf("1_f.jsonc:2:62: up[0] \"s\": %s changes a document again when it is run "
                       "again, which idempotent says it does not (MT016)",
                       rows[i].what);
        assert_string_equal(err.message, message);
    }
    static const char *const good[] = {
        SWORN("{\"$set\": {\"n\": 1}, \"$unset\": {\"m\": \"\"}, \"$addToSet\": {\"l\": 1}}"),
        SWORN("[{\"$set\": {\"full\": {\"$concat\": [\"$first\", \" \", \"$last\"]}}}]"),
        SWORN("[{\"$set\": {\"name\": {\"first\": \"$name_first\"}}}]"),
        SWORN("[{\"$set\": {\"n\": {\"$literal\": \"$n\"}}}]"),
        SWORN("[{\"$set\": {\"name.first\": \"$name.full\"}}]"),
        "{\"id\": \"s\", \"allow\": [{\"rule\": \"MT016\", \"why\": \"runs on an empty collection\"}], \"batch\": "
        "{\"collection\": \"c\", \"filter\": {}, \"update\": {\"$inc\": {\"n\": 1}}, \"exactlyOnce\": \"idempotent\"}}",
        BATCH("\"filter\": {}, \"update\": {\"$inc\": {\"n\": 1}}, \"exactlyOnce\": \"transaction\""),
        BATCH("\"filter\": {\"n\": 1}, \"update\": {\"$inc\": {\"n\": 1}}, \"exactlyOnce\": \"marker\""),
        BATCH("\"filter\": {}, \"delete\": true"),
    };
    accept_all(good, MIG_COUNT(good));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_an_example_that_is_accepted),
        cmocka_unit_test(a_step_becomes_what_the_engine_works_with),
        cmocka_unit_test(statements_of_a_transaction_become_inner_steps),
        cmocka_unit_test(what_mongodb_takes_is_taken),
        cmocka_unit_test(a_step_without_its_members_is_told_what_to_add),
        cmocka_unit_test(what_is_unknown_is_told_with_the_nearest_name),
        cmocka_unit_test(members_stand_where_they_mean_something),
        cmocka_unit_test(values_of_another_type_or_size_are_refused),
        cmocka_unit_test(collections_of_others_are_refused),
        cmocka_unit_test(rules_of_kinds_are_told),
        cmocka_unit_test(javascript_and_commands_on_the_deny_list_are_refused),
        cmocka_unit_test(a_batch_says_what_keeps_it_from_running_twice),
        cmocka_unit_test(a_marker_is_any_field_that_both_speak_of),
        cmocka_unit_test(an_update_that_repeats_is_not_idempotent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
