/* An entry of the audit whose place another has taken, or may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/audit.h"
#include "base/doc.h"
#include "fakes/host_fake.h"
#include "fakes/store_script.h"

#define A    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C    "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define HEAD "{'find': 'migtui_audit', 'filter': {'_id': 'head'}}"
#define HEAD_IS(seq, digest) \
    "{'cursor': {'id': 0, 'firstBatch': [{'_id': 'head', 'head': {'seq': " seq ", 'digest': '" digest "'}}]}}"
#define PLACES "{'find': 'migtui_audit', 'projection': {'digest': 1}}"
#define TWO_ARE(a, b) \
    "{'cursor': {'id': 0, 'firstBatch': [{'_id': 4, 'digest': '" a "'}, {'_id': 5, 'digest': '" b "'}]}}"
#define WRITTEN  "{'update': 'migtui_audit'}"
#define IS_TAKEN "{'n': 0, 'writeErrors': [{'index': 0, 'code': 11000, 'errmsg': 'E11000'}]}"

/* What the entry says it follows, and its place, as it was sent last. */
struct sent {
    int64_t seq;
    char prev[MIG_SHA256_HEX], digest[MIG_SHA256_HEX];
};

static struct sent append(struct store_script *script)
{
    struct host_fake host;
    static char dev[] = "dev";
    struct cfg_environment env = { .name = dev };
    struct mig_app app = { .host = &host.base };
    struct mig_error err = { 0 };
    struct sent sent;
    host_fake_init(&host);
    struct mig_audit audit = { .app = &app, .env = &env, .store = store_script_store(script) };
    mig_names_make("migtui_", &audit.names);
    assert_true(mig_audit_append(&audit, &(struct mig_audit_act){ .action = "request" }, &err));
    const bson_t *command = script_last(script)->command;
    sent.seq = mig_doc_int(command, "updates.0.q._id", 0);
    snprintf(sent.prev, sizeof sent.prev, "%s", mig_doc_str(command, "updates.0.u.$setOnInsert.prev", ""));
    snprintf(sent.digest, sizeof sent.digest, "%s", mig_doc_str(command, "updates.0.q.digest", ""));
    store_script_end(script);
    return sent;
}

static void an_entry_follows_the_one_that_took_its_place(void **state)
{
    (void)state;
    struct store_script *script = store_script_new("shop");
    script_reply(script, HEAD, HEAD_IS("4", A));
    script_reply(script, WRITTEN, IS_TAKEN);
    script_reply(script, PLACES, TWO_ARE(A, B));
    script_reply(script, WRITTEN, "{'n': 2}");
    struct sent sent = append(script);
    assert_int_equal(sent.seq, 6);
    assert_string_equal(sent.prev, B);
}

/* A server lost entry 4 with its last moments, and another stands there: ours followed one that is gone. */
static void an_entry_whose_predecessor_was_lost_looks_for_the_head_anew(void **state)
{
    (void)state;
    struct store_script *script = store_script_new("shop");
    script_reply(script, HEAD, HEAD_IS("4", A));
    script_reply(script, WRITTEN, IS_TAKEN);
    script_reply(script, PLACES, TWO_ARE(C, B));
    script_reply(script, HEAD, HEAD_IS("5", B));
    script_reply(script, WRITTEN, "{'n': 2}");
    struct sent sent = append(script);
    assert_int_equal(sent.seq, 6);
    assert_string_equal(sent.prev, B);
}

/* What is seen may be lost with the server; the same entry, sent once more, is acknowledged or finds its place taken. */
static void an_entry_whose_acknowledgement_was_lost_is_sent_again_as_it_is(void **state)
{
    (void)state;
    char seen[400];
    struct store_script *script = store_script_new("shop");
    script_reply(script, HEAD, HEAD_IS("4", A));
    script_reply(script, WRITTEN, "{'n': 2}");
    struct sent first = append(script);
    snprintf(seen, sizeof seen,
             "{'cursor': {'id': 0, 'firstBatch': [{'_id': 4, 'digest': '" A
             "'}, {'_id': 5, 'digest': '%s'}]}}",
             first.digest);

    script = store_script_new("shop");
    script_reply(script, HEAD, HEAD_IS("4", A));
    script_lose(script, WRITTEN, MIG_OUTCOME_UNKNOWN, MIG_ERR_UNREACHABLE, 0);
    script_reply(script, PLACES, seen);
    script_reply(script, WRITTEN, "{'n': 0}");
    struct sent sent = append(script);
    assert_int_equal(sent.seq, 5);
    assert_string_equal(sent.prev, A);
    assert_string_equal(sent.digest, first.digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_follows_the_one_that_took_its_place),
        cmocka_unit_test(an_entry_whose_acknowledgement_was_lost_is_sent_again_as_it_is),
        cmocka_unit_test(an_entry_whose_predecessor_was_lost_looks_for_the_head_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
