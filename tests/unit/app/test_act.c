/* What the console starts, and how it reads the answer. */
#include "app/act.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "base/doc.h"
#include "fakes/host_fake.h"

#include <cmocka.h>

static struct mig_act *act_that(struct host_fake *host, const char *const *lines, int status)
{
    static const char *const words[] = { "mark", "1", "applied", "--reason", "by hand, OPS-1", NULL };
    struct mig_error err;
    host_fake_init(host);
    host->lines = lines;
    host->status = status;
    struct mig_act *act = mig_act_start(&host->base, words, NULL, NULL, &err);
    assert_non_null(act);
    while (!mig_act_result(act))
        sched_yield();
    return act;
}

static void the_child_gets_the_command_line_as_it_is_shown(void **state)
{
    (void)state;
    struct host_fake host;
    struct mig_act *act = act_that(&host, NULL, 0);
    assert_string_equal(host.command,
                        "/proc/self/exe --format=ndjson mark 1 applied --reason by hand, OPS-1");
    assert_string_equal(mig_act_line(act), "migtui mark 1 applied --reason 'by hand, OPS-1'");
    mig_act_free(act);
}

static void a_good_answer_is_its_document(void **state)
{
    (void)state;
    struct host_fake host;
    static const char *const lines[] = { "{\"run\": \"01X\", \"status\": \"running\"}", NULL };
    struct mig_act *act = act_that(&host, lines, 0);
    assert_int_equal(mig_act_result(act)->error.code, MIG_OK);
    assert_string_equal(mig_doc_str(mig_act_result(act)->document, "run", ""), "01X");
    mig_act_free(act);
}

static void an_error_comes_back_with_its_code_and_hint(void **state)
{
    (void)state;
    struct host_fake host;
    static const char *const lines[] = {
        "{\"error\": {\"code\": 0, \"name\": \"locked\", \"message\": \"held by ci\", \"hint\": \"wait\"}}",
        NULL
    };
    struct mig_act *act = act_that(&host, lines, 3);
    const struct mig_act_result *result = mig_act_result(act);
    assert_int_equal(result->error.code, MIG_ERR_LOCKED);
    assert_string_equal(result->error.message, "held by ci");
    assert_string_equal(result->error.hint, "wait");
    mig_act_free(act);
}

static void one_that_waits_for_somebody_has_not_failed(void **state)
{
    (void)state;
    struct host_fake host;
    static const char *const lines[] = { "prod: request 01X waits", NULL };
    struct mig_act *act = act_that(&host, lines, 2);
    const struct mig_act_result *result = mig_act_result(act);
    assert_int_equal(result->error.code, MIG_OK);
    assert_true(result->waits);
    assert_string_equal(result->said, "prod: request 01X waits");
    mig_act_free(act);
}

static void an_end_without_an_error_object_is_told_with_the_last_line(void **state)
{
    (void)state;
    struct host_fake host;
    static const char *const lines[] = { "Killed", NULL };
    struct mig_act *act = act_that(&host, lines, 137);
    const struct mig_act_result *result = mig_act_result(act);
    assert_int_equal(result->error.code, MIG_ERR_FAILED);
    assert_non_null(strstr(result->error.message, "status 137: Killed"));
    mig_act_free(act);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_child_gets_the_command_line_as_it_is_shown),
        cmocka_unit_test(a_good_answer_is_its_document),
        cmocka_unit_test(an_error_comes_back_with_its_code_and_hint),
        cmocka_unit_test(one_that_waits_for_somebody_has_not_failed),
        cmocka_unit_test(an_end_without_an_error_object_is_told_with_the_last_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
