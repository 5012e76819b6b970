/* What a second run of an update would do, told from its text alone and on the safe side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/step_parse.h"
#include "support/step_json.h"

/* {'u': update} */
static bool leaves(const char *filter_text, const char *holder_text)
{
    MIG_AUTOBSON bson_t *filter = doc_json(filter_text);
    MIG_AUTOBSON bson_t *holder = doc_json(holder_text);
    bson_iter_t update;
    assert_true(bson_iter_init_find(&update, holder, "u"));
    return mig_update_leaves_filter(filter, &update);
}

static void an_update_that_sets_what_the_filter_tests_leaves_it(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *update;
        bool leaves;
    } rows[] = {
        { "{'v': 1}", "{'u': {'$set': {'v': 2}}}", true },
        { "{}", "{'u': {'$set': {'v': 2}}}", false },
        /* lists of conditions */
        { "{'$and': [{'a': 1}, {'v': 1}]}", "{'u': {'$set': {'v': 2}}}", true },
        { "{'$and': [1, 'v', {'v': 1}]}", "{'u': {'$set': {'v': 2}}}", true },
        { "{'$and': [1]}", "{'u': {'$set': {'v': 2}}}", false },
        { "{'$and': {'v': 1}}", "{'u': {'$set': {'v': 2}}}", false }, /* no list: the server refuses it */
        /* expressions */
        { "{'$expr': {'$lt': ['$v', 1]}}", "{'u': {'$set': {'v': 2}}}", true },
        { "{'$expr': {'$lt': ['$$CURRENT.v.x', 1]}}", "{'u': {'$set': {'v': 2}}}", true },
        { "{'$expr': {'$lt': ['$$NOW', '$', 'v', {'$literal': '$v'}]}}", "{'u': {'$set': {'v': 2}}}", false },
        { "{'$expr': true}", "{'u': {'$set': {'v': 2}}}", false },
        /* operators whose value is no object, and pipelines of other things */
        { "{'v': 1}", "{'u': {'$set': 1}}", false },
        { "{'v': 1}", "{'u': [1, {'$set': {'v': 2}}]}", true },
        { "{'v': 1}", "{'u': ['v']}", false },
        { "{'v': 1}", "{'u': [{'$unset': 'a.v'}]}", false },
        { "{'v': 1}", "{'u': [{'$unset': [1, 'v.x']}]}", true },
        { "{'v': 1}", "{'u': [{'$unset': 1}]}", false },
        { "{'v': 1}", "{'u': {'$rename': {'a': 'v.x'}}}", true },
        { "{'v': 1}", "{'u': {'$rename': {'a': 1}}}", false },
        { "{'v': 1}", "{'u': {'$rename': {'a': 'b'}}}", false },
        { "{'v': 1}", "{'u': [{'$project': {'a': 1}}]}", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (leaves(rows[i].filter, rows[i].update) != rows[i].leaves)
            fail_msg("%s, %s", rows[i].filter, rows[i].update);
    }
}

static void an_update_that_makes_a_field_from_itself_repeats(void **state)
{
    (void)state;
    static const struct {
        const char *update;
        const char *repeats; /* NULL: it does not */
    } rows[] = {
        { "{'u': {'$bit': {'a': {'and': 1}}}}", "$bit" },
        { "{'u': {'$set': {'a': 1}, '$max': {'b': 1}}}", NULL },
        { "{'u': [{'$set': {'a': {'$add': ['$a.b', 1]}}}]}", "$set of a from itself" },
        { "{'u': [{'$set': {'a.b': {'$add': ['$a', 1]}}}]}", "$set of a.b from itself" },
        { "{'u': [{'$set': {'a': {'$add': ['$ab', '$b', 'a', '$$NOW', '$', 1]}}}]}", NULL },
        { "{'u': [{'$set': {'ab': {'$add': ['$a', 1]}}}]}", NULL },
        { "{'u': [{'$set': {'a.b': {'$add': ['$a.c', 1]}}}]}", NULL },
        { "{'u': [{'$set': {'a': {'b': 1, 'c': '$a.c'}}}]}", "$set of a.c from itself" },
        { "{'u': [{'$set': {'a': {}}}]}", NULL },
        { "{'u': [{'$project': {'n': {'$add': ['$n', 1]}}}]}", "$project of n from itself" },
        { "{'u': [{'$project': 'n'}, {'$set': 1}, {'$unset': 'a'}, 1]}", NULL },
        { "{'u': 1}", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[160];
        MIG_AUTOBSON bson_t *holder = doc_json(rows[i].update);
        bson_iter_t update;
        assert_true(bson_iter_init_find(&update, holder, "u"));
        const char *found = mig_update_repeats(&update, name, sizeof name);
        if (!found != !rows[i].repeats || (found && strcmp(found, rows[i].repeats) != 0))
            fail_msg("%s: %s", rows[i].update, found ? found : "does not repeat");
    }
}

/* An object within an object, `depth` times, and the value in the innermost. */
static bson_t *nested(const char *key, const char *value, int depth)
{
    bson_t *doc = BCON_NEW(key, BCON_UTF8(value));
    for (int i = 0; i < depth; i++) {
        bson_t *outer = BCON_NEW(key, BCON_DOCUMENT(doc));
        bson_destroy(doc);
        doc = outer;
    }
    return doc;
}

static bson_t *nested_list(int depth)
{
    bson_t *doc = BCON_NEW("v", BCON_INT32(1));
    for (int i = 0; i < depth; i++) {
        bson_t *outer = BCON_NEW("$and", "[", BCON_DOCUMENT(doc), "]");
        bson_destroy(doc);
        doc = outer;
    }
    return doc;
}

/* Deeper than any reader lets a file be; whoever calls with more gets the safe answer, not a full stack. */
static void depth_has_an_end(void **state)
{
    (void)state;
    char name[160];
    bson_iter_t update;
    MIG_AUTOBSON bson_t *set = doc_json("{'u': {'$set': {'v': 2}}}");
    assert_true(bson_iter_init_find(&update, set, "u"));
    MIG_AUTOBSON bson_t *deep = nested("$add", "$v", 150);
    MIG_AUTOBSON bson_t *filter = BCON_NEW("$expr", BCON_DOCUMENT(deep));
    assert_false(mig_update_leaves_filter(filter, &update));
    MIG_AUTOBSON bson_t *lists = nested_list(150);
    assert_false(mig_update_leaves_filter(lists, &update));
    MIG_AUTOBSON bson_t *shallow = nested_list(50);
    assert_true(mig_update_leaves_filter(shallow, &update));
    MIG_AUTOBSON bson_t *holder =
        BCON_NEW("u", "[", "{", "$set", "{", "v", BCON_DOCUMENT(deep), "}", "}", "]");
    assert_true(bson_iter_init_find(&update, holder, "u"));
    assert_string_equal(mig_update_repeats(&update, name, sizeof name), "$set of v from itself");
    MIG_AUTOBSON bson_t *fields = nested("f", "$v", 150); /* objects of fields, not of operators */
    MIG_AUTOBSON bson_t *sets = BCON_NEW("u", "[", "{", "$set", BCON_DOCUMENT(fields), "}", "]");
    assert_true(bson_iter_init_find(&update, sets, "u"));
    assert_null(mig_update_repeats(&update, name, sizeof name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_that_sets_what_the_filter_tests_leaves_it),
        cmocka_unit_test(an_update_that_makes_a_field_from_itself_repeats),
        cmocka_unit_test(depth_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
