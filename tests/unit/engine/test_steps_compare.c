/* What is there against what was asked for: options of collections and specs of indexes as servers give them back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"
#include "engine/steps_compare.h"
#include "support/step_json.h"

struct row {
    const char *asked;
    const char *there;
    const char *why; /* NULL: the same */
};

typedef bool (*compare_fn)(const bson_t *asked, const bson_t *there, struct mig_buf *why);

static void check(const struct row *rows, size_t count, compare_fn compare)
{
    for (size_t i = 0; i < count; i++) {
        MIG_AUTOBSON bson_t *asked = doc_json(rows[i].asked);
        MIG_AUTOBSON bson_t *there = doc_json(rows[i].there);
        MIG_AUTOBUF struct mig_buf why;
        mig_buf_init(&why, MIG_WHY_MAX);
        bool same = compare(asked, there, &why);
        if (same != !rows[i].why || strcmp(why.text, rows[i].why ? rows[i].why : "") != 0)
            fail_msg("%s against %s: %d '%s'", rows[i].asked, rows[i].there, same, why.text);
        assert_false(why.overflow);
    }
}

#define COLLATION_FULL \
    "'collation': {'locale': 'de', 'caseLevel': false, 'caseFirst': 'off', 'strength': 2, 'numericOrdering': false," \
    " 'alternate': 'non-ignorable', 'maxVariable': 'punct', 'normalization': false, 'backwards': false," \
    " 'version': '57.1'}"

static const struct row collections[] = {
    { "{'collection': 'c'}", "{'type': 'collection', 'options': {}}", NULL },
    { "{'collection': 'c'}", "{}", NULL },
    { "{'collection': 'c', 'validator': {}, 'validationLevel': 'strict', 'validationAction': 'error'}",
      "{'type': 'collection', 'options': {}}", NULL },
    { "{'collection': 'c', 'validator': {'$jsonSchema': {'a': 1, 'b': {'x': 1.0, 'y': [2]}}}}",
      "{'options': {'validator': {'$jsonSchema': {'b': {'y': [{'$numberLong': '2'}], 'x': 1}, 'a': 1}},"
      " 'validationLevel': 'strict', 'validationAction': 'error'}}",
      NULL },
    { "{'collection': 'c', 'validator': {'a': 1}}", "{'options': {'validator': {'a': 2}}}",
      "validator is { \"a\" : 2 }, asked for { \"a\" : 1 }" },
    { "{'collection': 'c', 'validator': {'a': 1}}", "{'options': {}}",
      "validator is nothing, asked for { \"a\" : 1 }" },
    { "{'collection': 'c'}", "{'options': {'validator': {'a': 1}}}",
      "validator is { \"a\" : 1 }, asked for nothing" },
    { "{'collection': 'c', 'validator': {'a': [1, 2]}}", "{'options': {'validator': {'a': [2, 1]}}}",
      "validator is { \"a\" : [ 2, 1 ] }, asked for { \"a\" : [ 1, 2 ] }" },
    { "{'collection': 'c', 'validationLevel': 'moderate'}", "{'options': {}}",
      "validationLevel is nothing, asked for \"moderate\"" },
    { "{'collection': 'c'}", "{'options': {'validationAction': 'warn'}}",
      "validationAction is \"warn\", asked for nothing" },
    { "{'collection': 'c', 'capped': true, 'size': 1000, 'max': 5}",
      "{'options': {'capped': true, 'size': 4096, 'max': {'$numberLong': '5'}}}", NULL },
    { "{'collection': 'c', 'capped': true, 'size': 5000}", "{'options': {'capped': true, 'size': 5120}}",
      NULL },
    { "{'collection': 'c', 'capped': true, 'size': 5000}", "{'options': {'capped': true, 'size': 5000}}",
      NULL },
    { "{'collection': 'c', 'capped': true, 'size': 5000}", "{'options': {'capped': true, 'size': 5376}}",
      "size is 5376, asked for 5000" },
    { "{'collection': 'c', 'capped': true, 'size': 5000}", "{'options': {}}",
      "capped is nothing, asked for true" },
    { "{'collection': 'c', 'capped': false}", "{'options': {}}", NULL },
    { "{'collection': 'c', 'collation': {'locale': 'de', 'strength': 2}}",
      "{'options': {" COLLATION_FULL "}}", NULL },
    { "{'collection': 'c', 'collation': {'locale': 'simple'}}", "{'options': {}}", NULL },
    { "{'collection': 'c', 'timeseries': {'timeField': 't'}}",
      "{'type': 'timeseries', 'options': {'timeseries': {'timeField': 't', 'granularity': 'seconds',"
      " 'bucketMaxSpanSeconds': 3600}}}",
      NULL },
    { "{'collection': 'c', 'clusteredIndex': {'key': {'_id': 1}, 'unique': true}}",
      "{'options': {'clusteredIndex': {'v': 2, 'key': {'_id': 1}, 'name': '_id_', 'unique': true}}}", NULL },
    { "{'collection': 'c', 'changeStreamPreAndPostImages': {'enabled': false}}", "{'options': {}}", NULL },
    { "{'collection': 'c', 'expireAfterSeconds': 5}",
      "{'options': {'expireAfterSeconds': {'$numberLong': '5'}}}", NULL },
    { "{'collection': 'v', 'viewOn': 'c', 'pipeline': [{'$match': {'a': 1}}]}",
      "{'type': 'view', 'options': {'viewOn': 'c', 'pipeline': [{'$match': {'a': 1}}]}}", NULL },
    { "{'collection': 'v', 'viewOn': 'c', 'pipeline': [{'$sort': {'a': 1, 'b': 1}}]}",
      "{'type': 'view', 'options': {'viewOn': 'c', 'pipeline': [{'$sort': {'b': 1, 'a': 1}}]}}",
      "pipeline is [ { \"$sort\" : { \"b\" : 1, \"a\" : 1 } } ], asked for [ { \"$sort\" : { \"a\" : 1, \"b\" : 1 } } ]" },
    { "{'collection': 'v', 'viewOn': 'c', 'pipeline': []}", "{'type': 'collection', 'options': {}}",
      "it is a collection, asked for a view" },
    { "{'collection': 'c'}", "{'type': 'view', 'options': {'viewOn': 'x', 'pipeline': []}}",
      "it is a view, asked for a collection" },
    { "{'collection': 'c', 'newOption': {'a': 1}}", "{'options': {'newOption': {'a': 1}}}", NULL },
    { "{'collection': 'c', 'newOption': 1}", "{'options': {}}", "newOption is nothing, asked for 1" },
    { "{'collection': 'c', 'newOption': {}}", "{'options': {}}", NULL },
    { "{'collection': 'c', 'newOption': {'a': 1, 'b': 2}}", "{'options': {'newOption': {'a': 1}}}",
      "newOption is { \"a\" : 1 }, asked for { \"a\" : 1, \"b\" : 2 }" },
    { "{'collection': 'c', 'newOption': {'a': 1}}", "{'options': {'newOption': {'b': 1}}}",
      "newOption is { \"b\" : 1 }, asked for { \"a\" : 1 }" },
    { "{'collection': 'c', 'recordPreImages': 1}", "{'options': {'recordPreImages': true}}", NULL },
    { "{'collection': 'c', 'recordPreImages': 0}", "{'options': {}}", NULL },
    { "{'collection': 'c', 'max': 5}", "{'options': {}}", "max is nothing, asked for 5" },
    { "{'collection': 'c'}", "{'options': {'max': 5}}", "max is 5, asked for nothing" },
    { "{'collection': 'c', 'size': 5}", "{'options': {}}", "size is nothing, asked for 5" },
    { "{'collection': 'c'}", "{'options': {'size': 5}}", "size is 5, asked for nothing" },
    { "{'collection': 'c', 'size': -5}", "{'options': {'size': -5}}", "size is -5, asked for -5" },
    { "{'collection': 'c', 'size': {'$numberLong': '9223372036854775807'}}",
      "{'options': {'size': {'$numberLong': '9223372036854775807'}}}",
      "size is 9223372036854775807, asked for 9223372036854775807" },
    { "{'collection': 'c', 'size': 5000}", "{'options': {'size': 4096}}", "size is 4096, asked for 5000" },
    { "{'collection': 'c', 'timeseries': 1}", "{'options': {'timeseries': {}}}",
      "timeseries is {  }, asked for 1" },
    { "{'collection': 'c', 'timeseries': {}}", "{'options': {'timeseries': 1}}",
      "timeseries is 1, asked for {  }" },
    { "{'collection': 'c', 'collation': {'locale': 'de', 'strength': 3}}",
      "{'options': {'collation': {'locale': 'de'}}}", NULL },
    { "{'collection': 'c', 'collation': {'locale': 'de', 'strength': true}}",
      "{'options': {'collation': {'locale': 'de'}}}",
      "collation is { \"locale\" : \"de\" }, asked for { \"locale\" : \"de\", \"strength\" : true }" },
    { "{'collection': 'c', 'validationLevel': 1}", "{'options': {}}",
      "validationLevel is nothing, asked for 1" },
};

static void collections_are_compared_by_what_options_mean(void **state)
{
    (void)state;
    check(collections, MIG_COUNT(collections), mig_same_collection);
}

static void a_huge_value_is_cut_in_the_reason(void **state)
{
    (void)state;
    char text[5000];
    MIG_AUTODOC bson_t asked = BSON_INITIALIZER;
    bson_t validator;
    MIG_AUTOBSON bson_t *there = doc_json("{'options': {'validator': {'a': 1}}}");
    MIG_AUTOBUF struct mig_buf why;
    mig_buf_init(&why, MIG_WHY_MAX);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    BSON_APPEND_DOCUMENT_BEGIN(&asked, "validator", &validator);
    BSON_APPEND_UTF8(&validator, "a", text);
    bson_append_document_end(&asked, &validator);
    assert_false(mig_same_collection(&asked, there, &why));
    assert_true(strstr(why.text, "…"));
    assert_false(why.overflow);
}

static const struct row indexes[] = {
    { "{'key': {'a': 1}}", "{'v': 2, 'key': {'a': 1.0}, 'name': 'a_1', 'ns': 'shop.c'}", NULL },
    { "{'key': {'a': 1}, 'name': 'x', 'background': true}", "{'key': {'a': 1}, 'name': 'y'}", NULL },
    { "{'key': {'a': 1}, 'unique': false, 'sparse': false, 'hidden': false}", "{'key': {'a': 1}}", NULL },
    { "{'key': {'a': 1, 'b': 1}}", "{'key': {'b': 1, 'a': 1}}",
      "key is { \"b\" : 1, \"a\" : 1 }, asked for { \"a\" : 1, \"b\" : 1 }" },
    { "{'key': {'a': 1}}", "{'key': {'a': -1}}", "key is { \"a\" : -1 }, asked for { \"a\" : 1 }" },
    { "{'key': {'a': 1}, 'unique': true}", "{'key': {'a': 1}}", "unique is nothing, asked for true" },
    { "{'key': {'a': 1}}", "{'key': {'a': 1}, 'hidden': true}", "hidden is true, asked for nothing" },
    { "{'key': {'a': 1}, 'expireAfterSeconds': 60}", "{'key': {'a': 1}, 'expireAfterSeconds': 60.0}", NULL },
    { "{'key': {'a': 1}, 'expireAfterSeconds': 60}", "{'key': {'a': 1}, 'expireAfterSeconds': 61}",
      "expireAfterSeconds is 61, asked for 60" },
    { "{'key': {'a': 1}}", "{'key': {'a': 1}, 'expireAfterSeconds': 60}",
      "expireAfterSeconds is 60, asked for nothing" },
    { "{'key': {'a': 1}, 'partialFilterExpression': {'x': 1, 'y': 2}}",
      "{'key': {'a': 1}, 'partialFilterExpression': {'y': 2, 'x': 1}}", NULL },
    { "{'key': {'a': 1}, 'collation': {'locale': 'de', 'strength': 2}}",
      "{'key': {'a': 1}, " COLLATION_FULL "}", NULL },
    { "{'key': {'a': 1}, 'collation': {'locale': 'de'}}", "{'key': {'a': 1}, " COLLATION_FULL "}",
      "collation is { \"locale\" : \"de\", \"caseLevel\" : false, \"caseFirst\" : \"off\", \"strength\" : 2, "
      "\"numericOrdering…, asked for { \"locale\" : \"de\" }" },
    { "{'key': {'a': 1}, 'collation': {'locale': 'simple'}}", "{'key': {'a': 1}}", NULL },
    { "{'key': {'a': 'text', 'b': 'text'}, 'weights': {'b': 5}}",
      "{'key': {'_fts': 'text', '_ftsx': 1}, 'weights': {'a': 1, 'b': 5}, 'default_language': 'english',"
      " 'language_override': 'language', 'textIndexVersion': 3}",
      NULL },
    { "{'key': {'k': 1, 'a': 'text', 'z': -1}}",
      "{'key': {'k': 1, '_fts': 'text', '_ftsx': 1, 'z': -1}, 'weights': {'a': 1}, 'default_language': 'english',"
      " 'language_override': 'language', 'textIndexVersion': 3}",
      NULL },
    { "{'key': {'$**': 'text'}, 'default_language': 'german'}",
      "{'key': {'_fts': 'text', '_ftsx': 1}, 'weights': {'$**': 1}, 'default_language': 'english'}",
      "default_language is \"english\", asked for \"german\"" },
    { "{'key': {'_fts': 'text', '_ftsx': 1}, 'weights': {'a': 1}}",
      "{'key': {'_fts': 'text', '_ftsx': 1}, 'weights': {'a': 1}, 'default_language': 'english'}", NULL },
    { "{'key': {'p': '2dsphere'}}", "{'key': {'p': '2dsphere'}, '2dsphereIndexVersion': 3}", NULL },
    { "{'key': {'p': '2dsphere'}, '2dsphereIndexVersion': 2}",
      "{'key': {'p': '2dsphere'}, '2dsphereIndexVersion': 3}", "2dsphereIndexVersion is 3, asked for 2" },
    { "{'key': {'$**': 1}, 'wildcardProjection': {'a': 1, 'b': 1}}",
      "{'key': {'$**': 1}, 'wildcardProjection': {'b': 1, 'a': 1}}", NULL },
    { "{'name': 'x'}", "{'key': {'a': 1}}", "the index has no key" },
};

static bool same_index(const bson_t *asked, const bson_t *there, struct mig_buf *why)
{
    bson_t no_options = BSON_INITIALIZER;
    return mig_same_index(asked, there, &no_options, why);
}

static void indexes_are_compared_by_what_they_index(void **state)
{
    (void)state;
    check(indexes, MIG_COUNT(indexes), same_index);
}

static void an_index_inherits_its_collections_collation(void **state)
{
    (void)state;
    MIG_AUTOBSON bson_t *options = doc_json("{'collation': {'locale': 'de', 'strength': 2}}");
    MIG_AUTOBSON bson_t *there = doc_json("{'key': {'a': 1}, " COLLATION_FULL "}");
    MIG_AUTOBSON bson_t *plain = doc_json("{'key': {'a': 1}}");
    MIG_AUTOBSON bson_t *simple = doc_json("{'key': {'a': 1}, 'collation': {'locale': 'simple'}}");
    MIG_AUTOBUF struct mig_buf why;
    mig_buf_init(&why, MIG_WHY_MAX);
    assert_true(mig_same_index(plain, there, options, &why));
    assert_false(mig_same_index(simple, there, options, &why));
    assert_true(mig_same_index(simple, plain, options, &why));
}

static const struct row modifications[] = {
    { "{'collection': 'c', 'validator': {'a': 1}, 'validationAction': 'warn'}",
      "{'options': {'validator': {'a': 1}, 'validationAction': 'warn', 'capped': true}}", NULL },
    { "{'collection': 'c', 'validator': {}}", "{'options': {}}", NULL },
    { "{'collection': 'c', 'validator': {}}", "{'options': {'validator': {'a': 1}}}",
      "validator is { \"a\" : 1 }, asked for {  }" },
    { "{'collection': 'c', 'validationLevel': 'strict'}", "{'options': {}}", NULL },
    { "{'collection': 'c', 'expireAfterSeconds': 'off'}", "{'options': {}}", NULL },
    { "{'collection': 'c', 'expireAfterSeconds': 'off'}", "{'options': {'expireAfterSeconds': 5}}",
      "expireAfterSeconds is 5, asked for \"off\"" },
    { "{'collection': 'c', 'cappedSize': 5000}", "{'options': {'size': 5120}}", NULL },
    { "{'collection': 'c', 'changeStreamPreAndPostImages': {'enabled': true}}",
      "{'options': {'changeStreamPreAndPostImages': {'enabled': true}}}", NULL },
    { "{'collection': 'c', 'timeseries': {'granularity': 'hours'}}",
      "{'options': {'timeseries': {'timeField': 't', 'metaField': 'm', 'granularity': 'hours'}}}", NULL },
    { "{'collection': 'c', 'timeseries': {'granularity': 'hours'}}",
      "{'options': {'timeseries': {'timeField': 't'}}}",
      "timeseries is { \"timeField\" : \"t\" }, asked for { \"granularity\" : \"hours\" }" },
    { "{'collection': 'c', 'index': {'name': 'a_1', 'hidden': true}}", "{}", NULL },
    { "{'collection': 'c', 'index': {'keyPattern': {'b': 1}, 'expireAfterSeconds': 60}}", "{}", NULL },
    { "{'collection': 'c', 'index': {'name': 'b_1', 'expireAfterSeconds': 61}}", "{}",
      "expireAfterSeconds is 60, asked for 61" },
    { "{'collection': 'c', 'index': {'name': 'b_1', 'hidden': true}}", "{}",
      "hidden is nothing, asked for true" },
    { "{'collection': 'c', 'index': {'name': 'nope', 'hidden': true}}", "{}", "the index is not there" },
    { "{'collection': 'c', 'index': true}", "{}", "index is no document" },
    { "{'collection': 'c', 'dryRun': true}", "{}", "dryRun cannot be seen from outside" },
};

static bool same_modified(const bson_t *asked, const bson_t *there, struct mig_buf *why)
{
    MIG_AUTOBSON bson_t *list =
        doc_json("{'0': {'name': 'a_1', 'key': {'a': 1}, 'hidden': true, 'unique': true},"
                 " '1': {'name': 'b_1', 'key': {'b': 1.0}, 'expireAfterSeconds': 60}}");
    return mig_same_modified(asked, there, list, why);
}

static void a_modification_is_seen_in_the_options_and_indexes(void **state)
{
    (void)state;
    check(modifications, MIG_COUNT(modifications), same_modified);
}

static void an_index_without_a_name_gets_the_drivers(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "{'key': {'a': 1, 'b.c': -1}}", "a_1_b.c_-1" },
        { "{'key': {'a': 1.0, 'b': {'$numberLong': '-1'}}}", "a_1_b_-1" },
        { "{'key': {'t': 'text', 'p': '2dsphere'}}", "t_text_p_2dsphere" },
        { "{'key': {'a': 1}, 'name': 'mine'}", "mine" },
        { "{}", "" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        MIG_AUTOBSON bson_t *spec = doc_json(rows[i][0]);
        MIG_AUTOBUF struct mig_buf name;
        mig_buf_init(&name, 200);
        mig_index_name(spec, &name);
        assert_string_equal(name.text, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collections_are_compared_by_what_options_mean),
        cmocka_unit_test(a_huge_value_is_cut_in_the_reason),
        cmocka_unit_test(indexes_are_compared_by_what_they_index),
        cmocka_unit_test(an_index_inherits_its_collections_collation),
        cmocka_unit_test(a_modification_is_seen_in_the_options_and_indexes),
        cmocka_unit_test(an_index_without_a_name_gets_the_drivers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
