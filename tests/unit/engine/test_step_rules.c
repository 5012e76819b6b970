/* Rules of steps that no shape can say, at their edges: each accepted neighbour of what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "engine/catalog.h"
#include "engine/step_parse.h"
#include "support/step_json.h"

static bool parse(const char *steps, const char *prefix, struct mig_error *err)
{
    struct mig_migration migration;
    MIG_AUTOFREE char *text = mig_printf("{\"migtui\": 1, \"title\": \"t\", \"up\": [\n%s\n]}", steps);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    struct mig_file file = { "1_f.jsonc", text, strlen(text) };
    if (!mig_migration_parse(&file, prefix, 0, &migration, err))
        return false;
    mig_migration_done(&migration);
    return true;
}

/* said: NULL, or part of the message with which it is refused. */
static void assert_said(const char *steps, const char *prefix, const char *said)
{
    struct mig_error err = { 0 };
    bool accepted = parse(steps, prefix, &err);
    if (accepted != !said || (said && !strstr(err.message, said)))
        fail_msg("%s\n  %s, expected %s", steps, accepted ? "accepted" : err.message,
                 said ? said : "to be accepted");
}

#define STEP(kind, body) "{'id': 's', '" kind "': " body "}"

static void rules_refuse_no_more_than_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *steps;
        const char *said;
    } rows[] = {
        { STEP("createIndexes", "{'collection': 'c', 'indexes': [{'key': {'_id': 1}, 'name': '_id_'}]}"),
          "the index on _id is the server's" },
        { STEP("dropIndexes", "{'collection': 'c', 'index': ''}"), "index has 0 bytes" },
        { STEP("dropIndexes", "{'collection': 'c', 'index': ['']}"), "dropIndexes of \"\" (MT004)" },
        { STEP("dropIndexes", "{'collection': 'c', 'index': '_id_'}"), "(MT004)" },
        { STEP("update", "{'collection': 'c', 'updates': [{'q': {}, 'u': {}, 'multi': true}]}"),
          "a replacement" },
        { STEP("update",
               "{'collection': 'c', 'updates': [{'q': {}, 'u': [{'$set': {'a': 1}}], 'multi': true}]}"),
          NULL },
        { STEP("update", "{'collection': 'c', 'updates': [{'q': {}, 'u': {'a': 1}, 'multi': false}]}"),
          NULL },
        { STEP("insert", "{'collection': 'c', 'documents': [1]}"), "expected an object" },
        { STEP("out", "{'collection': 'c', 'pipeline': [{'$match': {}}, {'$out': 'x'}], 'to': 'd'}"),
          "a stage that writes" },
        { STEP("createView", "{'collection': 'v', 'viewOn': 'c', 'pipeline': [{'$merge': 'x'}]}"),
          "a stage that writes" },
        { STEP("batch", "{'collection': 'c', 'filter': {}, 'delete': true, 'exactlyOnce': 'idempotent'}"),
          NULL },
        { "{'id': 's', 'allow': [{'rule': 'MT001', 'why': 'x'}], 'batch': {'collection': 'c', 'filter': {'a': 1},"
          " 'update': {'$inc': {'n': 1}}, 'exactlyOnce': 'idempotent'}}",
          "(MT016)" }, /* waives another rule */
        { STEP("command", "{'run': {'drop': 'system.profile'}}"), "drop on \"system.profile\"" },
        { STEP("command", "{'run': {'renameCollection': 'shop.migtui_lock', 'to': 'shop.b'}, 'db': 'admin'}"),
          "renameCollection on \"shop.migtui_lock\"" },
        { STEP("command", "{'run': {'renameCollection': 'lock', 'to': 1}, 'db': 'admin'}"), NULL },
        { STEP("command", "{'run': {'collStats': 'c', 'to': 'migtui_lock'}}"),
          NULL }, /* no member of collStats */
        { STEP("exec", "{'run': ['a'], 'env': {'': 'x'}}"), "not NAME: text" },
        { STEP("exec", "{'run': ['a'], 'env': {'A=B': 'x'}}"), "not NAME: text" },
        { STEP(
              "delete",
              "{'collection': 'c', 'deletes': [{'q': {'a': [1, {'b': '$where'}], 'x.$where': 1}, 'limit': 1}]}"),
          NULL }, /* a text, and a name that only ends so */
        { STEP("delete", "{'collection': 'c', 'deletes': [{'q': {'$expr': {'$function': {}}}, 'limit': 1}]}"),
          "$function runs JavaScript" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        assert_said(rows[i].steps, "migtui_", rows[i].said);
}

static void without_a_prefix_no_collection_is_ours(void **state)
{
    (void)state;
    assert_said(STEP("command", "{'run': {'drop': 'migtui_lock'}}"), "", NULL);
    assert_said(STEP("dropCollection", "{'collection': 'migtui_lock'}"), "", NULL);
    assert_said(STEP("dropCollection", "{'collection': 'a$'}"), "", "expected the name of a collection");
}

static void values_are_named_by_what_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *steps;
        const char *said;
    } rows[] = {
        { STEP("manual", "{'text': true}"), "text is true or false; expected a text" },
        { STEP("manual", "{'text': {}}"), "text is an object; expected a text" },
        { STEP("manual", "{'text': []}"), "text is an array; expected a text" },
        { STEP("manual", "{'text': null}"), "text is null; expected a text" },
        { STEP("manual", "{'text': {'$numberLong': '1'}}"), "text is a number; expected a text" },
        { STEP("manual", "{'text': {'$numberDecimal': '1'}}"), "text is a number; expected a text" },
        { STEP("manual", "{'text': {'$date': '2020-01-01T00:00:00Z'}}"), "text is a value of another type" },
        { STEP("exec", "{'run': ['a'], 'timeoutS': {'$numberDouble': 'Infinity'}}"), "timeoutS is a number" },
        { STEP("exec", "{'run': ['a'], 'timeoutS': {'$date': '2020-01-01T00:00:00Z'}}"),
          "timeoutS is a value" },
        { STEP("exec", "{'run': ['a'], 'timeoutS': 5.0}"), NULL },
        { STEP("exec", "{'run': ['a\\u0000']}"), "run holds a NUL" },
        { STEP("dropCollection", "{'collection': 'c', 'ifMissing': 'sam'}"), "expected same or fail" },
        { STEP("batch", "{'collection': 'c', 'filter': {}, 'delete': true, 'exactlyOnce': 'm'}"),
          "expected marker, transaction or idempotent" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        assert_said(rows[i].steps, "migtui_", rows[i].said);
}

static void a_transaction_has_an_end(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 20000);
    mig_buf_str(&text, "{'id': 's', 'transaction': [");
    for (int i = 0; i < 101; i++)
        mig_buf_printf(&text, "%s{'insert': {'collection': 'c', 'documents': [{'_id': %d}]}}", i ? "," : "",
                       i);
    mig_buf_str(&text, "]}");
    assert_said(text.text, "migtui_", "transaction has 101 statements; expected 1 to 100");
}

/* More indexes than a step may have are refused by its shape; the rule looks at no more than it has room for. */
static void many_indexes_are_too_many(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 20000);
    mig_buf_str(&text, "{'id': 's', 'createIndexes': {'collection': 'c', 'indexes': [");
    for (int i = 0; i < 64; i++)
        mig_buf_printf(&text, "%s{'key': {'a%d': 1}, 'name': 'a%d'}", i ? "," : "", i, i);
    size_t len = text.len;
    mig_buf_str(&text, "]}}");
    assert_said(text.text, "migtui_", NULL);
    text.len = len;
    mig_buf_str(&text, ", {'key': {'b': 1}, 'name': 'b'}]}}");
    assert_said(text.text, "migtui_", "indexes has 65 elements; expected 1 to 64");
}

static void a_hundred_levels_of_a_command_are_searched(void **state)
{
    (void)state;
    MIG_AUTOBUF struct mig_buf text;
    mig_buf_init(&text, 20000);
    mig_buf_str(&text, "{'id': 's', 'command': {'run': {'find': 'c', 'filter': ");
    for (int i = 0; i < 70; i++)
        mig_buf_str(&text, "{'a': ");
    mig_buf_str(&text, "{'$where': '1'}");
    for (int i = 0; i < 70; i++)
        mig_buf_char(&text, '}');
    mig_buf_str(&text, "}}}");
    assert_said(text.text, "migtui_", "$where runs JavaScript");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_refuse_no_more_than_they_say),
        cmocka_unit_test(without_a_prefix_no_collection_is_ours),
        cmocka_unit_test(values_are_named_by_what_they_are),
        cmocka_unit_test(a_transaction_has_an_end),
        cmocka_unit_test(many_indexes_are_too_many),
        cmocka_unit_test(a_hundred_levels_of_a_command_are_searched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
