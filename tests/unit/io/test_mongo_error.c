/* What a reply, or what is left of one, is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/doc.h"
#include "io/mongo.h"
#include "io/mongo_error.h"
#include "io/mongo_lane.h"

static const struct io_lane lane = { .host = "db1:27017", .sent_bytes = 100, .wake_fd = -1 };

static void judge(bson_t *body, struct mig_reply *ret)
{
    bson_error_t none = { 0 };
    memset(ret, 0, sizeof *ret);
    bson_steal(&ret->body, body);
    io_mongo_judge(&lane, "update", true, &none, ret);
}

static void a_whole_reply_is_ok_also_with_write_errors_in_it(void **state)
{
    (void)state;
    struct mig_reply reply;
    judge(BCON_NEW("n", BCON_INT32(0), "writeErrors", "[", "{", "code", BCON_INT32(1), "}", "]", "ok",
                   BCON_DOUBLE(1)),
          &reply);
    assert_int_equal(reply.outcome, MIG_OUTCOME_OK);
    assert_int_equal(mig_doc_int(&reply.body, "writeErrors.0.code", 0), 1);
    mig_reply_done(&reply);
}

/* An iterator ends at damage as at an end: `ok` would be read, and the write errors behind it would not. */
static void a_damaged_reply_is_an_unknown_outcome(void **state)
{
    (void)state;
    struct mig_reply reply;
    bson_t *body = BCON_NEW("ok", BCON_DOUBLE(1), "s", BCON_UTF8("text"), "writeErrors", "[", "{", "}", "]");
    uint8_t *length = memmem(bson_get_data(body), body->len, "\5\0\0\0text", 8);
    *length = 200;
    assert_true(mig_doc_bool(body, "ok", false));
    assert_false(mig_doc_has(body, "writeErrors"));
    judge(body, &reply);
    assert_int_equal(reply.outcome, MIG_OUTCOME_UNKNOWN);
    assert_int_equal(reply.error.code, MIG_ERR_UNKNOWN_OUTCOME);
    assert_non_null(strstr(reply.error.message, "update was sent to db1:27017, and its reply is damaged"));
    assert_true(bson_empty(&reply.body)); /* nobody reads the half that can be read */
    mig_reply_done(&reply);
}

static int start(void **state)
{
    struct mig_error err;
    (void)state;
    io_mongo_init();
    return io_mongo_load(&err) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_reply_is_ok_also_with_write_errors_in_it),
        cmocka_unit_test(a_damaged_reply_is_an_unknown_outcome),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
