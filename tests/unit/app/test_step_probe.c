/* What is remembered before a step, and what a look says after its outcome was lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/rows.h"
#include "support/step_json.h"
#include "support/step_world.h"

#define UUID(byte) "{'$binary': {'base64': '" byte "AAAAAAAAAAAAAAAAAAAA==', 'subType': '04'}}"

/* A collection as listCollections has it. */
#define THERE(name, uuid, options) \
    BATCH("{'name': '" name "', 'type': 'collection', 'options': " options ", 'info': {'uuid': " uuid "}}")
#define LIST    "{'listCollections': 1}"
#define INDEXES "{'listIndexes': 'c', 'includeBuildUUIDs': true}"
#define GONE    BATCH("")
#define A       UUID("AA")
#define B       UUID("BB")

#define CREATE "{'createCollection': {'collection': 'c', 'validator': {'a': 1}}}"
#define VIEW   "{'createView': {'collection': 'v', 'viewOn': 'c', 'pipeline': []}}"
#define DROP   "{'dropCollection': {'collection': 'c'}}"
#define RENAME "{'renameCollection': {'collection': 'c', 'to': 'd'}}"
#define BUILD \
    "{'createIndexes': {'collection': 'c', 'indexes': [{'key': {'a': 1}, 'unique': true}, {'key': {'b': 1}}]}}"
#define UNDEX "{'dropIndexes': {'collection': 'c', 'index': ['a_1', 'b_1']}}"
#define HIDE  "{'hideIndex': {'collection': 'c', 'index': 'a_1'}}"
#define MOD \
    "{'collMod': {'collection': 'c', 'validator': {'a': 1}, 'index': {'name': 'a_1', 'hidden': true}}}"
#define UPDATE "{'update': {'collection': 'c', 'updates': [{'q': {'a': 1}, 'u': {'$inc': {'n': 1}}}]}"
#define MULTI \
    "{'update': {'collection': 'c', 'updates': [{'q': {'a': 1}, 'u': {'$inc': {'n': 1}}, 'multi': true}]}"
#define VERIFY ", 'verify': {'collection': 'c', 'filter': {'a': 1}, 'count': 0}}"

#define ID_    "{'v': 2, 'key': {'_id': 1}, 'name': '_id_'}"
#define A_1    "{'v': 2, 'key': {'a': 1}, 'name': 'a_1', 'unique': true}"
#define B_1    "{'v': 2, 'key': {'b': 1}, 'name': 'b_1'}"
#define PRE_AB "{'indexes': [" A_1 ", " B_1 "]}"

/* ---- before ---- */

static void what_a_probe_will_need_is_remembered(void **state)
{
    (void)state;
    static const struct {
        const char *step;
        struct step_line lines[STEP_LINES];
        const char *pre;
    } rows[] = {
        { CREATE, { { LIST, GONE } }, "{'exists': false}" },
        { VIEW,
          { { "{'listCollections': 1, 'filter': {'name': 'v'}}", BATCH("{'name': 'v', 'type': 'view'}") } },
          "{'exists': true}" },
        { DROP, { { LIST, GONE } }, "{'exists': false}" },
        { DROP,
          { { LIST, THERE("c", A, "{}") }, { "{'count': 'c'}", "{'n': 12}" } },
          "{'exists': true, 'type': 'collection', 'uuid': " A ", 'count': {'$numberLong': '12'}}" },
        { DROP, { { LIST, BATCH("{'name': 'c', 'type': 'view'}") } }, "{'exists': true, 'type': 'view'}" },
        { RENAME,
          { { "{'listCollections': 1, 'filter': {'name': 'c'}}", THERE("c", A, "{}") },
            { "{'listCollections': 1, 'filter': {'name': 'd'}}", GONE } },
          "{'exists': true, 'uuid': " A ", 'target': false}" },
        { RENAME,
          { { LIST, GONE }, { LIST, THERE("d", B, "{}") } },
          "{'exists': false, 'target': true, 'targetUuid': " B "}" },
        { BUILD, { { INDEXES, BATCH(ID_ ", " A_1) } }, "{'indexes': [" A_1 "]}" },
        { BUILD, { { INDEXES, "{'ok': 0, 'code': 26}" } }, "{'indexes': []}" },
        { BUILD,
          { { INDEXES, BATCH("{'key': {'b': 1}, 'name': 'other'}") } },
          "{'indexes': [{'key': {'b': 1}, 'name': 'other'}]}" },
        { UNDEX, { { INDEXES, BATCH(ID_ ", " A_1 ", " B_1) } }, PRE_AB },
        { "{'dropIndexes': {'collection': 'c', 'index': '*'}}",
          { { INDEXES, BATCH(ID_ ", " A_1 ", " B_1) } },
          PRE_AB },
        { "{'dropIndexes': {'collection': 'c', 'index': {'b': 1}}}",
          { { INDEXES, BATCH(ID_ ", " A_1 ", " B_1) } },
          "{'indexes': [" B_1 "]}" },
        { HIDE, { { INDEXES, BATCH(ID_ ", " A_1) } }, "{'indexes': [" A_1 "]}" },
        { MOD,
          { { LIST, THERE("c", A, "{'validator': {'z': 1}, 'capped': true}") },
            { INDEXES, BATCH(ID_ ", " A_1) } },
          "{'exists': true, 'type': 'collection', 'options': {'validator': {'z': 1}}, 'indexes': [" A_1
          "]}" },
        { "{'collMod': {'collection': 'c', 'cappedSize': 9}}",
          { { LIST, THERE("c", A, "{'size': 5, 'max': 3}") } },
          "{'exists': true, 'type': 'collection', 'options': {'size': 5}}" },
        { "{'out': {'collection': 'c', 'pipeline': [], 'to': 'd'}}",
          { { LIST, THERE("d", B, "{}") } },
          "{'targetUuid': " B "}" },
        { UPDATE "}", { { 0 } }, "{}" }, /* runs in a transaction with its record */
        { "{'manual': {'text': 'x'}}", { { 0 } }, "{}" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct step_world world;
        step_world_init(&world);
        MIG_AUTOBSON bson_t *pre = step_world_prestate(&world, rows[i].step, rows[i].lines);
        MIG_AUTOBSON bson_t *want = doc_json(rows[i].pre);
        assert_non_null(pre);
        if (!mig_doc_equal(pre, want)) {
            char *text = bson_as_relaxed_extended_json(pre, NULL);
            fail_msg("%s: %s, not %s", rows[i].step, text, rows[i].pre);
        }
        step_world_end(&world);
    }
}

static void without_transactions_matches_are_counted_before(void **state)
{
    (void)state;
    struct step_world world;
    step_world_init(&world);
    world.server.can_transactions = false;
    struct step_line lines[STEP_LINES] = { { "{'aggregate': 'c'}", COUNTED("12") } };
    MIG_AUTOBSON bson_t *pre = step_world_prestate(&world, UPDATE "}", lines);
    MIG_AUTOBSON bson_t *want = doc_json("{'matched': [{'$numberLong': '12'}]}");
    assert_true(mig_doc_equal(pre, want));
    step_world_end(&world);
}

static void a_prestate_that_cannot_be_seen_is_no_prestate(void **state)
{
    (void)state;
    struct step_world world;
    step_world_init(&world);
    script_lose(world.script, LIST, MIG_OUTCOME_NOT_SENT, MIG_ERR_UNREACHABLE, 0);
    assert_null(step_world_prestate(&world, DROP, NULL));
    assert_int_equal(world.err.code, MIG_ERR_UNREACHABLE);
    assert_string_equal(world.err.message, "step s1: looking for c: scripted");
    step_world_end(&world);
}

/* ---- after ---- */

static const struct look {
    const char *step;
    const char *pre;
    struct step_line lines[STEP_LINES];
    enum mig_probe probe;
    const char *evidence;
} looks[] = {
    { CREATE, "{'exists': false}", { { LIST, GONE } }, MIG_PROBE_NOT_DONE, "c does not exist" },
    { CREATE,
      "{'exists': false}",
      { { LIST, THERE("c", A, "{'validator': {'a': 1}}") } },
      MIG_PROBE_DONE,
      "c exists with the options asked for" },
    { CREATE,
      "{'exists': false}",
      { { LIST, THERE("c", A, "{}") } },
      MIG_PROBE_NOT_DONE,
      "c exists and differs: validator is nothing" },

    { DROP, "{'exists': true, 'uuid': " A "}", { { LIST, GONE } }, MIG_PROBE_DONE, "c is gone" },
    { DROP,
      "{'exists': true, 'uuid': " A "}",
      { { LIST, THERE("c", A, "{}") } },
      MIG_PROBE_NOT_DONE,
      "c is still there" },
    { DROP,
      "{'exists': true, 'uuid': " A "}",
      { { LIST, THERE("c", B, "{}") } },
      MIG_PROBE_UNCLEAR,
      "made anew" },
    { DROP, "{}", { { LIST, THERE("c", B, "{}") } }, MIG_PROBE_UNCLEAR, "not known" },
    { DROP, "{'exists': false}", { { LIST, GONE } }, MIG_PROBE_NOT_DONE, "not there before either" },
    { "{'dropCollection': {'collection': 'c', 'ifMissing': 'same'}}",
      "{'exists': false}",
      { { LIST, GONE } },
      MIG_PROBE_DONE,
      "not there before either" },
    { DROP,
      "{'exists': true, 'type': 'view'}",
      { { LIST, BATCH("{'name': 'c', 'type': 'view'}") } },
      MIG_PROBE_NOT_DONE,
      "the view c is still there" },
    { DROP,
      "{'exists': true, 'type': 'view'}",
      { { LIST, THERE("c", A, "{}") } },
      MIG_PROBE_UNCLEAR,
      "c is there" },

    /* a server that keeps the uuid, and one that does not */
    { RENAME,
      "{'exists': true, 'uuid': " A ", 'target': false}",
      { { LIST, GONE }, { LIST, THERE("d", A, "{}") } },
      MIG_PROBE_DONE,
      "d is the collection that was c" },
    { RENAME,
      "{'exists': true, 'uuid': " A ", 'target': false}",
      { { LIST, GONE }, { LIST, THERE("d", B, "{}") } },
      MIG_PROBE_DONE,
      "c is gone and d is there" },
    { RENAME,
      "{'exists': true, 'uuid': " A ", 'target': false}",
      { { LIST, THERE("c", A, "{}") }, { LIST, GONE } },
      MIG_PROBE_NOT_DONE,
      "c is there, and d as before" },
    /* renamed, and made anew by someone */
    { RENAME,
      "{'exists': true, 'uuid': " A ", 'target': false}",
      { { LIST, THERE("c", B, "{}") }, { LIST, THERE("d", A, "{}") } },
      MIG_PROBE_DONE,
      "d is the collection that was c" },
    { RENAME,
      "{'exists': true, 'uuid': " A ", 'target': false}",
      { { LIST, THERE("c", A, "{}") }, { LIST, THERE("d", B, "{}") } },
      MIG_PROBE_UNCLEAR,
      "c is there and d is there" },
    { RENAME,
      "{'exists': true, 'uuid': " A ", 'target': false}",
      { { LIST, THERE("c", B, "{}") }, { LIST, GONE } },
      MIG_PROBE_UNCLEAR,
      "c is there and d is not there" },
    { RENAME,
      "{'exists': true, 'uuid': " A ", 'target': false}",
      { { LIST, GONE }, { LIST, GONE } },
      MIG_PROBE_UNCLEAR,
      "c is gone and d is not there" },
    { RENAME,
      "{'exists': true, 'uuid': " A ", 'target': true}",
      { { LIST, GONE }, { LIST, THERE("d", B, "{}") } },
      MIG_PROBE_UNCLEAR,
      "before, d was there" },
    { "{'renameCollection': {'collection': 'c', 'to': 'd', 'dropTarget': true}}",
      "{'exists': true, 'uuid': " A ", 'target': true}",
      { { LIST, GONE }, { LIST, THERE("d", B, "{}") } },
      MIG_PROBE_DONE,
      "c is gone and d is there" },

    { BUILD,
      "{'indexes': []}",
      { { INDEXES, BATCH(ID_ ", " A_1 ", " B_1) } },
      MIG_PROBE_DONE,
      "all indexes of c there as asked" },
    { BUILD, "{'indexes': []}", { { INDEXES, BATCH(ID_) } }, MIG_PROBE_NOT_DONE, "0 of 2 indexes" },
    { BUILD,
      "{'indexes': []}",
      { { INDEXES, "{'ok': 0, 'code': 26}" } },
      MIG_PROBE_NOT_DONE,
      "0 of 2 indexes" },
    { BUILD,
      "{'indexes': []}",
      { { INDEXES, BATCH(ID_ ", " A_1 ", {'spec': " B_1 ", 'buildUUID': " A "}") } },
      MIG_PROBE_IN_PROGRESS,
      "building indexes of c" },
    { BUILD,
      "{'indexes': []}",
      { { INDEXES, BATCH("{'key': {'a': 1}, 'name': 'a_1'}, " B_1) } },
      MIG_PROBE_NOT_DONE,
      "a_1 is there and differs: unique is nothing, asked for true" },
    { BUILD,
      "{'indexes': []}",
      { { INDEXES, BATCH("{'key': {'a': 1}, 'name': 'x'}, " B_1) } },
      MIG_PROBE_NOT_DONE,
      "the key of a_1 has an index named x" },
    /* an index has its collection's collation */
    { "{'createIndexes': {'collection': 'c', 'indexes': [{'key': {'b': 1}}]}}",
      "{}",
      { { INDEXES, BATCH("{'key': {'b': 1}, 'name': 'b_1', 'collation': {'locale': 'de'}}") },
        { LIST, THERE("c", A, "{'collation': {'locale': 'de', 'strength': 3}}") } },
      MIG_PROBE_DONE,
      "the index of c there as asked" },

    { UNDEX, PRE_AB, { { INDEXES, BATCH(ID_) } }, MIG_PROBE_DONE, "not on c" },
    { UNDEX,
      PRE_AB,
      { { INDEXES, BATCH(ID_ ", " B_1) } },
      MIG_PROBE_NOT_DONE,
      "1 of the indexes to drop is still on c" },
    { UNDEX, "{'indexes': []}", { { INDEXES, BATCH(ID_) } }, MIG_PROBE_NOT_DONE, "had none before" },
    { HIDE,
      "{}",
      { { INDEXES, BATCH("{'key': {'a': 1}, 'name': 'a_1', 'hidden': true}") } },
      MIG_PROBE_DONE,
      "a_1 is hidden" },
    { HIDE, "{}", { { INDEXES, BATCH(A_1) } }, MIG_PROBE_NOT_DONE, "a_1 is visible" },
    { HIDE, "{}", { { INDEXES, BATCH(ID_) } }, MIG_PROBE_NOT_DONE, "no such index" },

    { MOD,
      "{}",
      { { LIST, THERE("c", A, "{'validator': {'a': 1}}") },
        { INDEXES, BATCH("{'key': {'a': 1}, 'name': 'a_1', 'hidden': true}") } },
      MIG_PROBE_DONE,
      "c is as asked for" },
    { MOD,
      "{}",
      { { LIST, THERE("c", A, "{'validator': {'a': 1}}") }, { INDEXES, BATCH(A_1) } },
      MIG_PROBE_NOT_DONE,
      "c: hidden is nothing, asked for true" },
    { MOD, "{}", { { LIST, GONE } }, MIG_PROBE_NOT_DONE, "c does not exist" },

    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}, {'_id': 2}]}}",
      "{}",
      { { "{'find': 'c'}", BATCH("{'_id': 2}, {'_id': 1}") } },
      MIG_PROBE_DONE,
      "all 2 documents" },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}, {'_id': 2}]}}",
      "{}",
      { { "{'find': 'c'}", BATCH("{'_id': 2}") } },
      MIG_PROBE_NOT_DONE,
      "1 of 2 documents" },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}, {'_id': 2}], 'ifExists': 'fail'}}",
      "{}",
      { { "{'find': 'c'}", BATCH("{'_id': 2}") } },
      MIG_PROBE_UNCLEAR,
      "ifExists says fail" },
    { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}}",
      "{}",
      { { "{'find': 'c'}", BATCH("{'_id': 1, 'x': 1}") } },
      MIG_PROBE_UNCLEAR,
      "{ \"_id\" : 1 } is there and differs: x is 1, asked for nothing" },

    { UPDATE "}", "{}", { { 0 } }, MIG_PROBE_NOT_DONE, "one transaction with its record" },
    { "{'transaction': [" UPDATE "}]}",
      "{}",
      { { 0 } },
      MIG_PROBE_NOT_DONE,
      "one transaction with its record" },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd'}}",
      "{}",
      { { 0 } },
      MIG_PROBE_NOT_DONE,
      "does no harm" },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd', 'whenMatched': 'fail'}}",
      "{}",
      { { 0 } },
      MIG_PROBE_UNCLEAR,
      "it has no verify" },
    { "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd', 'whenMatched': 'fail'}" VERIFY,
      "{}",
      { { "{'aggregate': 'c'}", BATCH("") } },
      MIG_PROBE_DONE,
      "verify holds on c" },
    { "{'out': {'collection': 'c', 'pipeline': [], 'to': 'd'}}",
      "{'targetUuid': " A "}",
      { { 0 } },
      MIG_PROBE_NOT_DONE,
      "does no harm" },
    { "{'out': {'collection': 'c', 'pipeline': [], 'to': 'c'}}",
      "{'targetUuid': " A "}",
      { { LIST, THERE("c", B, "{}") } },
      MIG_PROBE_DONE,
      "c has been replaced" },
    { "{'out': {'collection': 'c', 'pipeline': [], 'to': 'c'}}",
      "{'targetUuid': " A "}",
      { { LIST, THERE("c", A, "{}") } },
      MIG_PROBE_UNCLEAR,
      "it has no verify" },
    { "{'command': {'run': {'ping': 1}}}", "{}", { { 0 } }, MIG_PROBE_UNCLEAR, "it has no verify" },
    { "{'command': {'run': {'ping': 1}, 'idempotent': true}}",
      "{}",
      { { 0 } },
      MIG_PROBE_NOT_DONE,
      "does no harm" },
    { "{'command': {'run': {'ping': 1}}" VERIFY,
      "{}",
      { { "{'aggregate': 'c'}", COUNTED("1") } },
      MIG_PROBE_UNCLEAR,
      "verify on c: expected count 0, found 1" },
    { "{'command': {'run': {'ping': 1}, 'idempotent': true}" VERIFY,
      "{}",
      { { "{'aggregate': 'c'}", COUNTED("1") } },
      MIG_PROBE_NOT_DONE,
      "expected count 0, found 1" },
    { "{'assert': {'collection': 'c', 'count': 0}}", "{}", { { 0 } }, MIG_PROBE_NOT_DONE, "looked at again" },
    { "{'exec': {'run': ['x']}}", "{}", { { 0 } }, MIG_PROBE_UNCLEAR, "nothing in the database shows" },
    { "{'exec': {'run': ['x']}" VERIFY,
      "{}",
      { { "{'aggregate': 'c'}", BATCH("") } },
      MIG_PROBE_DONE,
      "verify holds" },
    { "{'manual': {'text': 'x'}}", "{}", { { 0 } }, MIG_PROBE_NOT_DONE, "resume --confirm s1" },
};

static void check_look(const struct look *look, bool transactions)
{
    struct step_world world;
    char evidence[300] = "";
    step_world_init(&world);
    world.server.can_transactions = transactions;
    enum mig_probe probe =
        step_world_probe(&world, look->step, look->pre, look->lines, evidence, sizeof evidence);
    if (probe != look->probe || !strstr(evidence, look->evidence) || world.err.code != MIG_OK)
        fail_msg("%s from %s: %d '%s' (%s)", look->step, look->pre, probe, evidence, world.err.message);
    step_world_end(&world);
}

static void a_look_says_what_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < MIG_COUNT(looks); i++)
        check_look(&looks[i], true);
}

/* Without transactions nothing but the author's word tells. */
static void an_update_alone_is_unclear_unless_verify_tells(void **state)
{
    (void)state;
    static const struct look rows[] = {
        { UPDATE "}",
          "{'matched': [12]}",
          { { "{'aggregate': 'c'}", BATCH("") } },
          MIG_PROBE_UNCLEAR,
          "its filters find 0 documents in c now and found 12 before; nothing proves" },
        { UPDATE VERIFY, "{}", { { "{'aggregate': 'c'}", BATCH("") } }, MIG_PROBE_DONE, "verify holds on c" },
        { UPDATE VERIFY,
          "{}",
          { { "{'aggregate': 'c'}", COUNTED("3") } },
          MIG_PROBE_NOT_DONE,
          "expected count 0, found 3" },
        /* some of many may be done */
        { MULTI VERIFY,
          "{}",
          { { "{'aggregate': 'c'}", COUNTED("3") } },
          MIG_PROBE_UNCLEAR,
          "expected count 0, found 3" },
        { "{'delete': {'collection': 'c', 'deletes': [{'q': {}, 'limit': 1}, {'q': {}, 'limit': 1}]}" VERIFY,
          "{}",
          { { "{'aggregate': 'c'}", COUNTED("3") } },
          MIG_PROBE_UNCLEAR,
          "expected count 0, found 3" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++)
        check_look(&rows[i], false);
}

static void a_look_that_fails_is_unclear_and_says_so(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { CREATE, LIST },
        { DROP, LIST },
        { RENAME, LIST },
        { MOD, LIST },
        { BUILD, INDEXES },
        { UNDEX, INDEXES },
        { HIDE, INDEXES },
        { "{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}}", "{'find': 'c'}" },
        { "{'command': {'run': {'ping': 1}}" VERIFY, "{'aggregate': 'c'}" },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct step_world world;
        char evidence[300] = "";
        step_world_init(&world);
        script_lose(world.script, rows[i][1], MIG_OUTCOME_NOT_SENT, MIG_ERR_UNREACHABLE, 0);
        assert_int_equal(step_world_probe(&world, rows[i][0], "{}", NULL, evidence, sizeof evidence),
                         MIG_PROBE_UNCLEAR);
        assert_int_equal(world.err.code, MIG_ERR_UNREACHABLE);
        assert_non_null(strstr(evidence, "could not look: "));
        step_world_end(&world);
    }
}

/* ---- still at work ---- */

#define OP(comment) \
    "{'op': 'update', 'secs_running': 12, 'command': {'update': 'c', 'comment': '" comment "'}}"

static void a_step_that_is_still_running_is_in_progress(void **state)
{
    (void)state;
    static const struct {
        const char *operations;
        enum mig_probe probe;
    } rows[] = {
        { "{'inprog': [" OP("x") ", " OP("migtui run=R1 token=7 step=s1") "]}", MIG_PROBE_IN_PROGRESS },
        { "{'inprog': [" OP("migtui run=R0 token=6 step=s1") "]}",
          MIG_PROBE_IN_PROGRESS }, /* of the run before */
        { "{'inprog': [" OP("migtui run=R1 token=7 step=s1 look") "]}", MIG_PROBE_NOT_DONE },
        { "{'inprog': [" OP("migtui run=R1 token=7 step=s10") "]}", MIG_PROBE_NOT_DONE },
        { "{'inprog': [" OP("other step=s1") "]}", MIG_PROBE_NOT_DONE },
        { "{'inprog': [{'command': {'update': 1}}, {}, 5]}", MIG_PROBE_NOT_DONE },
        { "{'inprog': 'none'}", MIG_PROBE_NOT_DONE },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct step_world world;
        char evidence[300] = "";
        step_world_init(&world);
        world.server.can_current_op = true;
        struct step_line lines[STEP_LINES] = { { "{'currentOp': 1}", rows[i].operations } };
        enum mig_probe probe =
            step_world_probe(&world, "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd'}}", "{}",
                             lines, evidence, sizeof evidence);
        if (probe != rows[i].probe)
            fail_msg("%s: %d '%s'", rows[i].operations, probe, evidence);
        assert_true(script_last(world.script)->admin);
        assert_true(script_last(world.script)->no_concern);
        step_world_end(&world);
    }
}

/* Where others' operations are not ours to see, our own are. */
static void operations_are_asked_for_with_less_when_more_is_refused(void **state)
{
    (void)state;
    struct step_world world;
    char evidence[300] = "";
    step_world_init(&world);
    world.server.can_current_op = true;
    struct step_line lines[STEP_LINES] = { { "{'currentOp': 1}", "{'ok': 0, 'code': 13}" },
                                           { "{'currentOp': 1, '$ownOps': true}",
                                             "{'inprog': [" OP("migtui run=R1 token=7 step=s1") "]}" } };
    assert_int_equal(
        step_world_probe(&world, "{'command': {'run': {'ping': 1}}}", "{}", lines, evidence, sizeof evidence),
        MIG_PROBE_IN_PROGRESS);
    assert_string_equal(evidence, "the server is still at it (update, for 12 s)");
    step_world_end(&world);
}

static void a_build_is_recognised_by_its_collection(void **state)
{
    (void)state;
    static const struct {
        const char *operation;
        bool ours;
    } rows[] = {
        { "{'command': {'createIndexes': 'c', '$db': 'shop'}, 'msg': 'Index Build: scanning', 'progress': {'done': 5, 'total': 9}}",
          true },
        { "{'command': {'createIndexes': 'c', '$db': 'other'}}", false },
        { "{'command': {'createIndexes': 'd', '$db': 'shop'}}", false },
        { "{'ns': 'shop.c', 'msg': 'Index Build: scanning', 'progress': {'done': 5, 'total': 9}}", true },
        { "{'ns': 'shop.d', 'msg': 'Index Build: scanning'}", false },
        { "{'ns': 'shop.c', 'msg': 'Something else'}", false },
    };
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        struct step_world world;
        char evidence[300] = "", operations[400];
        step_world_init(&world);
        world.server.can_current_op = true;
        snprintf(operations, sizeof operations, "{'inprog': [%s]}", rows[i].operation);
        struct step_line lines[STEP_LINES] = { { INDEXES, BATCH(ID_) }, { "{'currentOp': 1}", operations } };
        enum mig_probe probe = step_world_probe(&world, BUILD, "{}", lines, evidence, sizeof evidence);
        if (probe != (rows[i].ours ? MIG_PROBE_IN_PROGRESS : MIG_PROBE_NOT_DONE))
            fail_msg("%s: %d '%s'", rows[i].operation, probe, evidence);
        if (rows[i].ours)
            assert_string_equal(evidence, "the server is building: Index Build: scanning, 5 of 9");
        step_world_end(&world);
    }
}

/* Before 4.4 an index under construction is listed as if it were ready. */
static void an_old_servers_list_of_indexes_is_not_believed(void **state)
{
    (void)state;
    struct step_world world;
    char evidence[300] = "";
    step_world_init(&world);
    world.server.major = 4;
    world.server.minor = 2;
    world.server.can_current_op = true;
    struct step_line lines[STEP_LINES] = {
        /* In this order: what is listed after no build was at work is built. */
        { "{'currentOp': 1}", "{'inprog': [{'command': {'createIndexes': 'c', '$db': 'shop'}}]}" },
        { "{'listIndexes': 'c'}", BATCH(ID_ ", " A_1 ", " B_1) },
    };
    assert_int_equal(step_world_probe(&world, BUILD, "{}", lines, evidence, sizeof evidence),
                     MIG_PROBE_IN_PROGRESS);
    step_world_end(&world);
}

static void operations_that_could_not_be_looked_at_may_be_at_work(void **state)
{
    (void)state;
    struct step_world world;
    char evidence[300] = "";
    step_world_init(&world);
    world.server.can_current_op = true;
    script_lose(world.script, "{'currentOp': 1}", MIG_OUTCOME_UNKNOWN, MIG_ERR_UNKNOWN_OUTCOME, 0);
    assert_int_equal(step_world_probe(&world, "{'merge': {'collection': 'c', 'pipeline': [], 'into': 'd'}}",
                                      "{}", NULL, evidence, sizeof evidence),
                     MIG_PROBE_UNCLEAR);
    assert_int_equal(world.err.code, MIG_ERR_UNKNOWN_OUTCOME);
    step_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_probe_will_need_is_remembered),
        cmocka_unit_test(without_transactions_matches_are_counted_before),
        cmocka_unit_test(a_prestate_that_cannot_be_seen_is_no_prestate),
        cmocka_unit_test(a_look_says_what_is_there),
        cmocka_unit_test(an_update_alone_is_unclear_unless_verify_tells),
        cmocka_unit_test(a_look_that_fails_is_unclear_and_says_so),
        cmocka_unit_test(a_step_that_is_still_running_is_in_progress),
        cmocka_unit_test(operations_are_asked_for_with_less_when_more_is_refused),
        cmocka_unit_test(a_build_is_recognised_by_its_collection),
        cmocka_unit_test(an_old_servers_list_of_indexes_is_not_believed),
        cmocka_unit_test(operations_that_could_not_be_looked_at_may_be_at_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
