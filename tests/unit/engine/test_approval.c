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

/* Whoever may make users in any database could make one there that has an approver's name. */
static void one_name_of_approvers_is_one_person_whatever_database_keeps_its_user(void **state)
{
    (void)state;
    static const char *const names[] = { "ana", "ivo", "mia@admin", "mia@shop" };
    struct mig_policy policy = { .approvals = 2, .approvers = names, .approver_count = 4 };
    struct mig_request request = asked_by("ana");
    int64_t have;
    decide(&request, "ivo", "approve");
    decide(&request, "ivo", "approve");
    snprintf(request.decisions[1].who.db_user, sizeof request.decisions[1].who.db_user, "ivo@shop");
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_WAITING);
    assert_int_equal(have, 1);
    assert_string_equal(request.decisions[1].why_not,
                        "the same person has decided already (same approver ivo)");
    snprintf(request.decisions[1].who.db_user, sizeof request.decisions[1].who.db_user, "ana@shop");
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_WAITING);
    assert_string_equal(request.decisions[1].why_not, "it is by who requested it (same approver ana)");
    /* Two that the policy tells apart are two. */
    snprintf(request.decisions[0].who.db_user, sizeof request.decisions[0].who.db_user, "mia@admin");
    snprintf(request.decisions[1].who.db_user, sizeof request.decisions[1].who.db_user, "mia@shop");
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_APPROVED);
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

static void each_state_has_its_word(void **state)
{
    (void)state;
    assert_string_equal(mig_approval_state_word(MIG_APPROVAL_WAITING), "waiting");
    assert_string_equal(mig_approval_state_word(MIG_APPROVAL_STATES), "void");
}

static void an_approver_is_known_by_key_by_database_user_or_by_os_user(void **state)
{
    (void)state;
    static const char *const names[] = { "ana", "ivo@shop" };
    static const struct {
        bool is_signed;
        const char *principal, *db_user, *os_user;
        bool named;
    } rows[] = {
        { true, "ana", "", "", true },
        { true, "", "ana@admin", "ana", false },
        { false, "ana", "eve@admin", "", false },
        { false, "", "ana@admin", "", true },
        { false, "", "ana", "", true },
        { false, "", "anabel@admin", "", false },
        { false, "", "bob@admin", "", false },
        { false, "", "ivo@shop", "", true },
        { false, "", "ivo@admin", "", false }, /* of another authentication database */
        { false, "", "", "ana", true },
        { false, "", "", "eve", false },
    };
    struct mig_policy policy = { .approvers = names, .approver_count = 2 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mig_person who = person(rows[i].db_user, "", rows[i].os_user);
        snprintf(who.principal, sizeof who.principal, "%s", rows[i].principal);
        policy.is_signed = rows[i].is_signed;
        if (mig_policy_names(&policy, &who) != rows[i].named)
            fail_msg("row %zu", i);
    }
    policy.approver_count = 0;
    assert_true(mig_policy_names(&policy, &(struct mig_person){ 0 }));
}

static void the_requester_counts_only_where_the_policy_says_so(void **state)
{
    (void)state;
    struct mig_policy policy = { .approvals = 1 };
    struct mig_request request = asked_by("ana");
    int64_t have;
    decide(&request, "ana", "approve");
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_WAITING);
    assert_non_null(strstr(request.decisions[0].why_not, "it is by who requested it"));
    policy.self_approval = true;
    assert_int_equal(judged(&request, &policy, &have), MIG_APPROVAL_APPROVED);
    mig_request_done(&request);
}

/* What stands between a request and a run is told in words that name it. */
static void assert_verdict(struct mig_request *request, const struct mig_policy *policy,
                           const struct mig_plan *plan, const char *uuid, enum mig_approval_state expected,
                           const char *reason)
{
    struct mig_approval_verdict verdict;
    mig_request_judge(request, policy, plan, uuid, NOW, &verdict);
    if (verdict.state != expected || !strstr(verdict.reason, reason))
        fail_msg("%s, \"%s\"; expected %s with \"%s\"", mig_approval_state_word(verdict.state),
                 verdict.reason, mig_approval_state_word(expected), reason);
}

static void whatever_moves_makes_it_void_and_is_named(void **state)
{
    (void)state;
    struct mig_policy policy = { .digest = "p", .signers = "s" };
    struct mig_plan plan = { .id = "one", .environment_uuid = "here", .head = "h" };
    struct mig_request request = asked_by("ana");
    snprintf(request.environment_uuid, sizeof request.environment_uuid, "here");
    snprintf(request.policy, sizeof request.policy, "p");
    snprintf(request.signers, sizeof request.signers, "s");
    snprintf(request.plan_id, sizeof request.plan_id, "one");
    assert_verdict(&request, &policy, &plan, "here", MIG_APPROVAL_APPROVED, "0 of 0");
    assert_verdict(&request, &policy, NULL, "here", MIG_APPROVAL_APPROVED, "0 of 0");
    assert_verdict(&request, &policy, NULL, "there", MIG_APPROVAL_VOID, "target: it is for another database");
    snprintf(policy.digest, sizeof policy.digest, "q");
    assert_verdict(&request, &policy, NULL, "", MIG_APPROVAL_VOID, "policy: ");
    snprintf(policy.digest, sizeof policy.digest, "p");
    snprintf(policy.signers, sizeof policy.signers, "t");
    assert_verdict(&request, &policy, NULL, "", MIG_APPROVAL_VOID, "signers: ");
    snprintf(policy.signers, sizeof policy.signers, "s");
    snprintf(request.plan_id, sizeof request.plan_id, "other");
    assert_verdict(&request, &policy, &plan, "", MIG_APPROVAL_VOID, "what would run now is another plan");
    static char nothing[] = "";
    plan.environment = plan.database = plan.replica_set = nothing;
    request.plan = bson_new();
    BSON_APPEND_UTF8(request.plan, "planId", "other");
    BSON_APPEND_UTF8(request.plan, "environmentUuid", "here");
    BSON_APPEND_UTF8(request.plan, "order", "linear");
    bson_t none;
    BSON_APPEND_ARRAY_BEGIN(request.plan, "migrations", &none);
    bson_append_array_end(request.plan, &none);
    BSON_APPEND_UTF8(request.plan, "direction", "up");
    BSON_APPEND_UTF8(request.plan, "historyHead", "before");
    assert_verdict(&request, &policy, &plan, "", MIG_APPROVAL_VOID, "history head: ");
    mig_request_done(&request);
}

static void what_is_over_is_over_and_who_used_it_is_named(void **state)
{
    (void)state;
    static const struct {
        enum mig_request_state was;
        enum mig_approval_state is;
    } rows[] = {
        { MIG_REQUEST_USED, MIG_APPROVAL_USED },           { MIG_REQUEST_REJECTED, MIG_APPROVAL_REJECTED },
        { MIG_REQUEST_WITHDRAWN, MIG_APPROVAL_WITHDRAWN }, { MIG_REQUEST_CLOSED, MIG_APPROVAL_USED },
        { MIG_REQUEST_EXPIRED, MIG_APPROVAL_EXPIRED },
    };
    struct mig_policy policy = { 0 };
    struct mig_request request = asked_by("ana");
    decide(&request, "ivo", "reject"); /* looked at only while it is open */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        request.state = rows[i].was;
        assert_verdict(&request, &policy, NULL, "", rows[i].is, mig_approval_state_word(rows[i].is));
    }
    request.state = MIG_REQUEST_OPEN; /* somebody set it back */
    request.decision_count = 0;
    snprintf(request.used_by, sizeof request.used_by, "01J9");
    assert_verdict(&request, &policy, NULL, "", MIG_APPROVAL_USED, "used by run 01J9");
    mig_request_done(&request);
}

static void signatures_that_fail_say_why(void **state)
{
    (void)state;
    struct mig_policy policy = { .approvals = 1, .is_signed = true };
    struct mig_request request = asked_by("ana");
    request.requested.proven = false;
    assert_verdict(&request, &policy, NULL, "", MIG_APPROVAL_VOID, "it has no signature");
    snprintf(request.requested.why_not, sizeof request.requested.why_not, "the key was revoked");
    assert_verdict(&request, &policy, NULL, "", MIG_APPROVAL_VOID, "the key was revoked");
    request.requested.proven = true;
    decide(&request, "ivo", "approve");
    decide(&request, "mia", "comment"); /* a word of nobody's: neither counted nor explained */
    request.decisions[0].proven = false;
    assert_verdict(&request, &policy, NULL, "", MIG_APPROVAL_WAITING, "its signature was not verified");
    snprintf(request.decisions[0].why_not, sizeof request.decisions[0].why_not, "bad signature");
    assert_verdict(&request, &policy, NULL, "", MIG_APPROVAL_WAITING,
                   "ivo@admin does not count: bad signature");
    for (int i = 0; i < 20; i++) { /* more than the sentence has room for */
        decide(&request, "ivo", "approve");
        request.decisions[request.decision_count - 1].proven = false;
    }
    assert_verdict(&request, &policy, NULL, "", MIG_APPROVAL_WAITING, "0 of 1 have approved");
    mig_request_done(&request);
}

static void broken_glass_is_closed_by_two_others(void **state)
{
    (void)state;
    struct mig_policy policy = { .approvals = 1 };
    struct mig_approval_verdict verdict;
    struct mig_request glass = asked_by("ana");
    glass.kind = MIG_REQUEST_GLASS;
    snprintf(glass.used_by, sizeof glass.used_by, "01J9");
    decide(&glass, "ana", "close");
    decide(&glass, "ivo", "close");
    mig_glass_judge(&glass, &policy, &verdict);
    assert_int_equal(verdict.state, MIG_APPROVAL_WAITING);
    assert_int_equal(verdict.have, 1);
    assert_non_null(strstr(verdict.reason, "ana@admin broke the glass for run 01J9: r; closed by 1 of 2"));
    assert_non_null(strstr(glass.decisions[0].why_not, "it is by who broke the glass"));
    decide(&glass, "mia", "close");
    mig_glass_judge(&glass, &policy, &verdict);
    assert_int_equal(verdict.state, MIG_APPROVAL_USED);
    glass.decision_count = 0; /* it says that it is closed: noted by who counted */
    glass.state = MIG_REQUEST_CLOSED;
    free(glass.reason);
    glass.reason = NULL;
    mig_glass_judge(&glass, &policy, &verdict);
    assert_int_equal(verdict.state, MIG_APPROVAL_USED);
    mig_request_done(&glass);
}

static void the_signed_bytes_name_the_run_of_broken_glass_and_nothing_that_is_not_there(void **state)
{
    (void)state;
    struct mig_request request = { .kind = MIG_REQUEST_GLASS, .used_by = "01J9" };
    struct mig_decision decision = { .word = "close" };
    struct mig_buf text;
    mig_buf_init(&text, 10000);
    mig_approval_text(&request, &decision, &text);
    assert_non_null(strstr(text.text, "\nrun: 01J9\nreason: \nticket: \n"));
    assert_non_null(strstr(text.text, "\ncomment: \n"));
    mig_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_and_database_user_tell_people_apart_and_the_os_user_only_where_they_cannot),
        cmocka_unit_test(different_people_are_counted_once_each_and_never_the_requester),
        cmocka_unit_test(one_name_of_approvers_is_one_person_whatever_database_keeps_its_user),
        cmocka_unit_test(what_is_not_proven_does_not_count),
        cmocka_unit_test(the_servers_clock_ends_a_request),
        cmocka_unit_test(no_value_can_begin_a_line_of_the_signed_bytes),
        cmocka_unit_test(each_state_has_its_word),
        cmocka_unit_test(an_approver_is_known_by_key_by_database_user_or_by_os_user),
        cmocka_unit_test(the_requester_counts_only_where_the_policy_says_so),
        cmocka_unit_test(whatever_moves_makes_it_void_and_is_named),
        cmocka_unit_test(what_is_over_is_over_and_who_used_it_is_named),
        cmocka_unit_test(signatures_that_fail_say_why),
        cmocka_unit_test(broken_glass_is_closed_by_two_others),
        cmocka_unit_test(the_signed_bytes_name_the_run_of_broken_glass_and_nothing_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
