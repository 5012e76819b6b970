/* Replies: every way a server can say no after saying ok, and counts against expectations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rows.h"
#include "engine/reply.h"

static bson_t *doc(const char *json)
{
    bson_error_t error;
    bson_t *d = bson_new_from_json((const uint8_t *)json, -1, &error);
    if (!d)
        fail_msg("%s: %s", json, error.message);
    return d;
}

static struct mig_verdict judge(const char *command, const char *json)
{
    struct mig_verdict verdict;
    MIG_AUTOBSON bson_t *reply = doc(json);
    mig_reply_judge(command, reply, &verdict);
    return verdict;
}

static void ok_is_read_in_every_type_a_server_uses(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        bool ok;
    } rows[] = {
        { "{\"ok\":1.0}", true },
        { "{\"ok\":1}", true },
        { "{\"ok\":{\"$numberLong\":\"1\"}}", true },
        { "{\"ok\":true}", true },
        { "{\"ok\":0.0}", false },
        { "{\"ok\":0}", false },
        { "{\"ok\":false}", false },
        { "{\"ok\":\"1\"}", false },
        { "{\"ok\":{}}", false },
        { "{\"ok\":null}", false },
        { "{\"ok\":{\"$numberDouble\":\"NaN\"}}", false },
        { "{\"ok\":2}", false },
        { "{}", false },
        { "{\"n\":1}", false },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct mig_verdict verdict = judge("create", rows[i].reply);
        if (verdict.ok != rows[i].ok || (verdict.code == 0) != rows[i].ok || !*verdict.message != rows[i].ok)
            fail_msg("%s: ok %d, code %d, '%s'", rows[i].reply, verdict.ok, verdict.code, verdict.message);
        assert_false(verdict.concern_failed);
        assert_int_equal(verdict.failed_index, -1);
    }
}

/* The row's words must be in the message. */
static const struct failure {
    const char *command;
    const char *reply;
    int code;
    int64_t index;
    bool concern_failed;
    const char *words;
} failures[] = {
    { "create", "{\"ok\":0,\"code\":48,\"codeName\":\"NamespaceExists\",\"errmsg\":\"t.people exists\"}", 48,
      -1, false, "t.people exists" },
    { "create", "{\"ok\":0,\"code\":48,\"codeName\":\"NamespaceExists\"}", 48, -1, false, "NamespaceExists" },
    { "create", "{\"ok\":0,\"code\":48}", 48, -1, false, "error 48" },
    { "create", "{\"ok\":0,\"code\":\"48\",\"errmsg\":7}", 8, -1, false, "error 8" },
    { "create", "{\"ok\":0,\"code\":48,\"errmsg\":\"\"}", 48, -1, false, "error 48, without a word" },
    { "create", "{\"ok\":0,\"code\":{\"$numberLong\":\"4294967344\"},\"errmsg\":\"odd\"}", 8, -1, false,
      "odd" },
    { "create", "{\"ok\":0,\"code\":-5,\"errmsg\":\"odd\"}", 8, -1, false, "odd" },
    { "create", "{\"ok\":0,\"errmsg\":\"a\\u001b[2Jb\"}", 8, -1, false, "a\\x1b[2Jb" },
    { "insert", "{\"ok\":1,\"n\":1,\"writeErrors\":[{\"index\":1,\"code\":11000,\"errmsg\":\"E11000 x\"}]}",
      11000, 1, false, "E11000 x" },
    { "insert",
      "{\"ok\":1,\"n\":1,\"writeErrors\":[{\"index\":4,\"code\":11000,\"errmsg\":\"E11000 x\"},"
      "{\"index\":7,\"code\":121,\"errmsg\":\"y\"},{\"index\":9,\"code\":1,\"errmsg\":\"z\"}]}",
      11000, 4, false, "E11000 x (and 2 more)" },
    { "insert",
      "{\"ok\":1,\"n\":0,\"writeErrors\":[{\"index\":0,\"code\":121,\"errmsg\":\"Document failed validation\","
      "\"errInfo\":{\"details\":{\"operatorName\":\"$gt\"}}}]}",
      121, 0, false, "$gt" },
    { "update", "{\"ok\":1,\"writeErrors\":[{}]}", 8, -1, false, "error 8" },
    { "update", "{\"ok\":1,\"writeErrors\":\"none\"}", 8, -1, false, "cannot be read: writeErrors" },
    { "update", "{\"ok\":1,\"writeErrors\":[5]}", 8, -1, false, "cannot be read: writeErrors" },
    { "update", "{\"ok\":1,\"n\":1,\"writeConcernError\":{\"code\":100,\"errmsg\":\"Not enough nodes\"}}",
      100, -1, true, "not acknowledged as asked: Not enough nodes" },
    { "drop", "{\"ok\":1,\"writeConcernError\":{\"code\":64,\"errmsg\":\"waiting timed out\"}}", 64, -1, true,
      "waiting timed out" },
    { "drop", "{\"ok\":1,\"writeConcernError\":\"no\"}", 8, -1, true, "writeConcernError" },
    { "drop", "{\"ok\":0,\"code\":11602,\"errmsg\":\"down\",\"writeConcernError\":{\"code\":64}}", 11602, -1,
      true, "down" },
    { "insert",
      "{\"ok\":1,\"writeErrors\":[{\"index\":0,\"code\":11000,\"errmsg\":\"E11000\"}],"
      "\"writeConcernError\":{\"code\":64}}",
      11000, 0, true, "E11000" },
    { "bulkWrite",
      "{\"ok\":1,\"nErrors\":1,\"cursor\":{\"id\":0,\"firstBatch\":[{\"ok\":1,\"idx\":0,\"n\":1},"
      "{\"ok\":0,\"idx\":1,\"n\":0,\"code\":11000,\"errmsg\":\"E11000 fence\"}]}}",
      11000, 1, false, "E11000 fence" },
    { "bulkWrite",
      "{\"ok\":1,\"nErrors\":1,\"cursor\":{\"id\":9,\"firstBatch\":[{\"ok\":1,\"idx\":0,\"n\":1}]}}", 8, -1,
      false, "does not say which" },
    { "bulkWrite", "{\"ok\":1,\"cursor\":{\"id\":0,\"firstBatch\":[{\"ok\":1,\"idx\":0,\"n\":1}]}}", 8, -1,
      false, "nErrors" },
    { "bulkWrite", "{\"ok\":1,\"nErrors\":0,\"cursor\":{\"id\":0,\"firstBatch\":[{\"idx\":0}]}}", 8, 0, false,
      "error 8" },
    { "bulkWrite", "{\"ok\":1,\"nErrors\":0,\"cursor\":{\"id\":0,\"firstBatch\":[true]}}", 8, -1, false,
      "cannot be read" },
};

static void every_failure_is_seen_with_the_servers_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(failures); i++) {
        const struct failure *row = &failures[i];
        struct mig_verdict verdict = judge(row->command, row->reply);
        if (verdict.ok || verdict.code != row->code || verdict.failed_index != row->index ||
            verdict.concern_failed != row->concern_failed || !strstr(verdict.message, row->words))
            fail_msg("%s: ok %d, code %d, index %lld, concern %d, '%s'", row->reply, verdict.ok, verdict.code,
                     (long long)verdict.failed_index, verdict.concern_failed, verdict.message);
    }
}

static void an_endless_message_is_cut_at_a_character(void **state)
{
    (void)state;
    char words[3000] = "";
    MIG_AUTODOC bson_t reply = BSON_INITIALIZER;
    struct mig_verdict verdict;
    for (size_t i = 0; i + 2 < sizeof words; i += 2)
        memcpy(words + i, "é", 2);
    BSON_APPEND_DOUBLE(&reply, "ok", 0);
    BSON_APPEND_UTF8(&reply, "errmsg", words);
    mig_reply_judge("create", &reply, &verdict);
    assert_true(strlen(verdict.message) > 300);
    assert_true(bson_utf8_validate(verdict.message, strlen(verdict.message), false));
}

static void counts_mean_what_the_command_makes_them_mean(void **state)
{
    (void)state;
    struct mig_verdict verdict = judge("insert", "{\"ok\":1,\"n\":3}");
    assert_true(verdict.ok);
    assert_int_equal(verdict.inserted, 3);
    assert_int_equal(verdict.matched, 0);

    verdict = judge("delete", "{\"ok\":1.0,\"n\":{\"$numberLong\":\"5000000000\"}}");
    assert_int_equal(verdict.deleted, 5000000000);

    verdict = judge("update", "{\"ok\":1,\"n\":7,\"nModified\":4,\"upserted\":[{\"index\":0,\"_id\":9}]}");
    assert_int_equal(verdict.matched, 6);
    assert_int_equal(verdict.modified, 4);
    assert_int_equal(verdict.upserted, 1);

    verdict = judge("bulkWrite", "{\"ok\":1,\"nErrors\":0,\"nInserted\":1,\"nMatched\":2,\"nModified\":3,"
                                 "\"nUpserted\":4,\"nDeleted\":5,\"cursor\":{\"id\":0,\"firstBatch\":[]}}");
    assert_true(verdict.ok);
    assert_int_equal(verdict.inserted, 1);
    assert_int_equal(verdict.matched, 2);
    assert_int_equal(verdict.modified, 3);
    assert_int_equal(verdict.upserted, 4);
    assert_int_equal(verdict.deleted, 5);

    verdict =
        judge("findAndModify", "{\"ok\":1,\"lastErrorObject\":{\"n\":1,\"upserted\":3},\"value\":null}");
    assert_int_equal(verdict.matched, 0);
    assert_int_equal(verdict.upserted, 1);

    verdict = judge("update", "{\"ok\":1,\"n\":-7,\"nModified\":\"many\",\"upserted\":3}");
    assert_true(verdict.ok);
    assert_int_equal(verdict.matched + verdict.modified + verdict.upserted, 0);
}

static void a_partial_insert_still_tells_how_many_got_in(void **state)
{
    (void)state;
    struct mig_verdict verdict = judge(
        "insert", "{\"ok\":1,\"n\":2,\"writeErrors\":[{\"index\":2,\"code\":11000,\"errmsg\":\"E11000\"}]}");
    assert_false(verdict.ok);
    assert_int_equal(verdict.inserted, 2);
}

static void a_verdict_becomes_an_error_with_number_and_hint(void **state)
{
    (void)state;
    struct mig_error err;
    struct mig_verdict verdict = judge("insert", "{\"ok\":0,\"code\":13,\"errmsg\":\"not authorized\"}");
    assert_false(mig_verdict_fail(&verdict, &err));
    assert_int_equal(err.code, MIG_ERR_DENIED);
    assert_int_equal(err.server_code, 13);
    assert_string_equal(err.message, "not authorized");
    assert_non_null(strstr(err.hint, "role"));

    verdict = judge("ping", "{\"ok\":0,\"code\":18,\"errmsg\":\"Authentication failed.\"}");
    mig_verdict_fail(&verdict, &err);
    assert_int_equal(err.code, MIG_ERR_AUTH);

    verdict = judge("update", "{\"ok\":1,\"writeErrors\":[{\"index\":4,\"code\":9,\"errmsg\":\"bad\"}]}");
    mig_verdict_fail(&verdict, &err);
    assert_int_equal(err.code, MIG_ERR_SERVER);
    assert_int_equal(err.server_code, 9);
    assert_string_equal(err.message, "statement 5: bad");
    assert_string_equal(err.hint, "");
}

static void counts_are_compared_with_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        const char *expected;
        int64_t count;
        const char *message; /* NULL: as expected */
    } rows[] = {
        { "{\"x\":5}", 5, NULL },
        { "{\"x\":5.0}", 5, NULL },
        { "{\"x\":{\"$numberLong\":\"9007199254740993\"}}", 9007199254740993, NULL },
        { "{\"x\":{\"$numberLong\":\"9007199254740993\"}}", 9007199254740992,
          "expected matched 9007199254740993, found 9007199254740992" },
        { "{\"x\":5}", 4, "expected matched 5, found 4" },
        { "{\"x\":0.5}", 0, "expected matched 0.5, found 0" },
        { "{\"x\":{\"$gte\":1}}", 1, NULL },
        { "{\"x\":{\"$gte\":1}}", 0, "expected matched $gte 1, found 0" },
        { "{\"x\":{\"$gt\":1,\"$lt\":{\"$numberLong\":\"4\"}}}", 3, NULL },
        { "{\"x\":{\"$gt\":1,\"$lt\":4}}", 4, "expected matched $gt 1, $lt 4, found 4" },
        { "{\"x\":{\"$lte\":4,\"$ne\":3}}", 3, "expected matched $lte 4, $ne 3, found 3" },
        { "{\"x\":{\"$lte\":4,\"$ne\":3}}", 4, NULL },
        { "{\"x\":{\"$eq\":2}}", 2, NULL },
        { "{\"x\":{\"$eq\":{\"$numberDouble\":\"NaN\"}}}", 2, "expected matched $eq nan, found 2" },
        { "{\"x\":{}}", 2, "what is expected of matched is neither a number nor a comparison" },
        { "{\"x\":{\"$in\":[1]}}", 1, "what is expected of matched is neither a number nor a comparison" },
        { "{\"x\":{\"$gte\":\"1\"}}", 1, "what is expected of matched is neither a number nor a comparison" },
        { "{\"x\":\"5\"}", 5, "what is expected of matched is neither a number nor a comparison" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        MIG_AUTOBSON bson_t *expected = doc(rows[i].expected);
        struct mig_error err = { .message = "" };
        bson_iter_t iter;
        assert_true(bson_iter_init_find(&iter, expected, "x"));
        bool ok = mig_expect_check(&iter, "matched", rows[i].count, &err);
        if (ok != !rows[i].message || (rows[i].message && strcmp(rows[i].message, err.message) != 0))
            fail_msg("%s against %lld: %d '%s'", rows[i].expected, (long long)rows[i].count, ok, err.message);
        assert_int_equal(err.code, ok ? MIG_OK : MIG_ERR_STEP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ok_is_read_in_every_type_a_server_uses),
        cmocka_unit_test(every_failure_is_seen_with_the_servers_words),
        cmocka_unit_test(an_endless_message_is_cut_at_a_character),
        cmocka_unit_test(counts_mean_what_the_command_makes_them_mean),
        cmocka_unit_test(a_partial_insert_still_tells_how_many_got_in),
        cmocka_unit_test(a_verdict_becomes_an_error_with_number_and_hint),
        cmocka_unit_test(counts_are_compared_with_what_was_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
