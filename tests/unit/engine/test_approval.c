/* Who is the same person, who counts, and the bytes that are signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/approval.h"

#define NOW 1700000000000

static struct mig_person person(const char *db_user, const char *key, const char *os_user)
{
    struct mig_person ret = { 0 };
    snprintf(ret.db_user, sizeof ret.db_user, "%s", db_user);
    snprintf(ret.key, sizeof ret.key, "%s", key);
    snprintf(ret.os_user, sizeof ret.os_user, "%s", os_user);
    return ret;
}

static void key_and_database_user_tell_people_apart_and_the_os_user_only_where_they_cannot(void **state)
{
    (void)state;
    static const struct {
        const char *a[3], *b[3];
        bool same;
    } rows[] = {
        { { "ana@admin", "K1", "ops" }, { "ivo@admin", "K2", "ops" }, false },
        { { "ana@admin", "K1", "ana" }, { "ana@admin", "K2", "ivo" }, true },
        { { "ana@admin", "K1", "ana" }, { "ivo@admin", "K1", "ivo" }, true },
        { { "ana@admin", "", "ops" }, { "ivo@admin", "K2", "ops" }, false },
        { { "", "", "ana" }, { "", "", "ana" }, true },
        { { "", "", "ana" }, { "", "", "ivo" }, false },
        { { "ana@admin", "", "ops" }, { "", "K1", "ops" }, true }, /* nothing to compare but the OS user */
        { { "", "K1", "ops" }, { "", "K2", "ops" }, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char by[160];
        struct mig_person a = person(rows[i].a[0], rows[i].a[1], rows[i].a[2]);
        struct mig_person b = person(rows[i].b[0], rows[i].b[1], rows[i].b[2]);
        if (mig_person_same(&a, &b, by, sizeof by) != rows[i].same ||
            mig_person_same(&b, &a, by, sizeof by) != rows[i].same)
            fail_msg("row %zu: %s", i, by);
        assert_int_equal(by[0] != '\0', rows[i].same);
    }
}

static struct mig_request asked_by(const char *name)
{
    struct mig_request request = { .expires_at = NOW + 1000,
                                   .reason = mig_strdup("r"),
                                   .ticket = mig_strdup("") };
    snprintf(request.requested.who.db_user, sizeof request.requested.who.db_user, "%s@admin", name);
    request.requested.proven = true;
    return request;
}

static void decide(struct mig_request *request, const char *name, const char *word)
{
    request->decisions =
        mig_realloc_n(request->decisions, request->decision_count + 1, sizeof *request->decisions);
    struct mig_decision *one = &request->decisions[request->decision_count++];
    *one = (struct mig_decision){ .proven = true };
    snprintf(one->word, sizeof one->word, "%s", word);
    snprintf(one->who.db_user, sizeof one->who.db_user, "%s@admin", name);
}

static enum mig_approval_state judged(struct mig_request *request, const struct mig_policy *policy,
                                      int64_t *have)
{
    struct mig_approval_verdict verdict;
    mig_request_judge(request, policy, NULL, "", NOW, &verdict);
    *have = verdict.have;
    return verdict.state;
}

static void different_people_are_counted_once_each_and_never_the_requester(void **state)
{
    (void)state;
    static const char *const names[] = { "ana", "ivo", "mia" };
    struct mig_policy policy = { .approvals = 2, .approvers = names, .approver_count = 3 };
    struct mig_request request = asked_by("ana");
    int64_t have;
    decide(&request, "ana", "approve");
    decide(&request, "ivo", "approve");
    decide(&request, "ivo", "approve");
    decide(&request, "eve", "approve");
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_WAITING);
    assert_int_equal(have, 1);
    decide(&request, "mia", "approve");
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_APPROVED);
    decide(&request, "eve", "reject"); /* a no is a no, whoever wrote it */
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_REJECTED);
    mig_request_done(&request);
}

static void what_is_not_proven_does_not_count(void **state)
{
    (void)state;
    struct mig_policy policy = { .approvals = 1, .is_signed = true };
    struct mig_request request = asked_by("ana");
    int64_t have;
    decide(&request, "ivo", "approve");
    request.decisions[0].proven = false;
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_WAITING);
    request.decisions[0].proven = true;
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_APPROVED);
    request.requested.proven = false;
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_VOID);
    mig_request_done(&request);
}

static void the_servers_clock_ends_a_request(void **state)
{
    (void)state;
    struct mig_policy policy = { 0 };
    struct mig_request request = asked_by("ana");
    int64_t have;
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_APPROVED);
    request.expires_at = NOW;
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_EXPIRED);
    mig_request_done(&request);
}

static void no_value_can_begin_a_line_of_the_signed_bytes(void **state)
{
    (void)state;
    struct mig_request request = asked_by("ana");
    struct mig_decision decision = { .comment = mig_strdup("fine\nplan: other\r\"") };
    struct mig_buf text;
    snprintf(decision.word, sizeof decision.word, "approve");
    mig_buf_init(&text, 10000);
    mig_approval_text(&request, &decision, &text);
    size_t lines = 0;
    for (const char *p = text.text; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, 19);
    assert_non_null(strstr(text.text, "comment: fine\\nplan: other\\r\\\"\n"));
    assert_memory_equal(text.text, "migtui-approval 1\ndecision: approve\n", 36);
    mig_buf_done(&text);
    free(decision.comment);
    mig_request_done(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_and_database_user_tell_people_apart_and_the_os_user_only_where_they_cannot),
        cmocka_unit_test(different_people_are_counted_once_each_and_never_the_requester),
        cmocka_unit_test(what_is_not_proven_does_not_count),
        cmocka_unit_test(the_servers_clock_ends_a_request),
        cmocka_unit_test(no_value_can_begin_a_line_of_the_signed_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
