/* Whatever is edited, left out, put in or moved breaks the chain from there on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rows.h"
#include "engine/audit_chain.h"

#define UUID  "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a"
#define OTHER "1b1b1b1b-1b1b-4b1b-8b1b-1b1b1b1b1b1b"
#define AT    1795259963000

/* An entry as the database has it. */
static bson_t *entry(int64_t seq, const char *uuid, const char *prev, const char *word)
{
    char digest[MIG_SHA256_HEX];
    bson_t *doc = bson_new();
    bson_t body = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&body, "action", word);
    mig_audit_digest(seq, AT, uuid, prev, &body, digest);
    BSON_APPEND_INT64(doc, "_id", seq);
    BSON_APPEND_DATE_TIME(doc, "at", AT);
    BSON_APPEND_UTF8(doc, "uuid", uuid);
    BSON_APPEND_UTF8(doc, "prev", prev);
    BSON_APPEND_DOCUMENT(doc, "body", &body);
    BSON_APPEND_UTF8(doc, "digest", digest);
    bson_destroy(&body);
    return doc;
}

/* A walk that has taken two entries. */
static struct mig_audit_walk after_two(void)
{
    struct mig_audit_walk walk = { 0 };
    struct mig_error err;
    MIG_AUTOBSON bson_t *first = entry(1, UUID, MIG_AUDIT_GENESIS, "apply.start");
    assert_true(mig_audit_walk(&walk, first, &err));
    MIG_AUTOBSON bson_t *second = entry(2, UUID, walk.digest, "apply.end");
    assert_true(mig_audit_walk(&walk, second, &err));
    return walk;
}

static void a_chain_as_it_was_written_is_whole(void **state)
{
    (void)state;
    struct mig_audit_walk walk = after_two();
    struct mig_error err;
    MIG_AUTOBSON bson_t *third = entry(3, UUID, walk.digest, "approve");
    assert_true(mig_audit_walk(&walk, third, &err));
    assert_int_equal(walk.seq, 3);
}

static void refuses(const bson_t *doc, const char *words)
{
    struct mig_audit_walk walk = after_two();
    struct mig_error err = { 0 };
    assert_false(mig_audit_walk(&walk, doc, &err));
    assert_int_equal(err.code, MIG_ERR_INTEGRITY);
    if (!strstr(err.message, words))
        fail_msg("%s: expected \"%s\"", err.message, words);
    assert_int_equal(walk.seq, 2); /* and it stands where it stood */
}

static void an_entry_in_the_wrong_place_is_seen(void **state)
{
    (void)state;
    struct mig_audit_walk walk = after_two();
    MIG_AUTOBSON bson_t *later = entry(4, UUID, walk.digest, "a");
    refuses(later, "entry 3 is missing: after 2 comes 4");
    MIG_AUTOBSON bson_t *again = entry(2, UUID, walk.digest, "a");
    refuses(again, "entry 2 is out of order, or there twice");
    MIG_AUTOBSON bson_t *orphan = entry(3, UUID, MIG_AUDIT_GENESIS, "a");
    refuses(orphan, "entry 3 does not follow from the one before");
    MIG_AUTOBSON bson_t *foreign = entry(3, OTHER, walk.digest, "a");
    refuses(foreign, "entry 3 is of another environment");
}

static void any_member_that_is_gone_changed_or_of_another_type_is_seen(void **state)
{
    (void)state;
    static const struct {
        const char *member, *words;
    } rows[] = {
        { "_id", "entry 0 is out of order" }, { "at", "entry 3 was edited: it is not whole" },
        { "uuid", "its digest is" },          { "prev", "its digest is" },
        { "digest", "its digest is" },        { "body", "entry 3 was edited: it is not whole" },
    };
    struct mig_audit_walk walk = after_two();
    MIG_AUTOBSON bson_t *good = entry(3, UUID, walk.digest, "approve");
    for (size_t i = 0; i < MIG_COUNT(rows); i++) {
        MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
        bson_copy_to_excluding_noinit(good, &doc, rows[i].member, NULL);
        refuses(&doc, rows[i].words);
        BSON_APPEND_BOOL(&doc, rows[i].member, true);
        refuses(&doc, rows[i].words);
    }
    MIG_AUTODOC bson_t edited = BSON_INITIALIZER;
    bson_copy_to_excluding_noinit(good, &edited, "body", NULL);
    BCON_APPEND(&edited, "body", "{", "action", BCON_UTF8("reject"), "}");
    refuses(&edited, "its digest is");
}

/* A reader takes the first of two, the digest may be of the second: nothing beside what is covered. */
static void a_member_that_is_there_twice_or_is_none_of_an_entry_is_seen(void **state)
{
    (void)state;
    struct mig_audit_walk walk = after_two();
    MIG_AUTOBSON bson_t *good = entry(3, UUID, walk.digest, "approve");
    static const char *const members[] = { "_id", "at", "uuid", "prev", "digest", "body", "note" };
    for (size_t i = 0; i < MIG_COUNT(members); i++) {
        bson_t forged = BSON_INITIALIZER;
        BSON_APPEND_UTF8(&forged, members[i], "forged");
        bson_concat(&forged, good);
        refuses(&forged, "a member that no entry has, or one of them twice");
        bson_destroy(&forged);
    }
}

static void a_seq_of_32_bits_is_one_too(void **state)
{
    (void)state;
    struct mig_audit_walk walk = after_two();
    struct mig_error err;
    MIG_AUTOBSON bson_t *good = entry(3, UUID, walk.digest, "approve");
    MIG_AUTODOC bson_t doc = BSON_INITIALIZER;
    bson_copy_to_excluding_noinit(good, &doc, "_id", NULL);
    BSON_APPEND_INT32(&doc, "_id", 3);
    assert_true(mig_audit_walk(&walk, &doc, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_as_it_was_written_is_whole),
        cmocka_unit_test(an_entry_in_the_wrong_place_is_seen),
        cmocka_unit_test(any_member_that_is_gone_changed_or_of_another_type_is_seen),
        cmocka_unit_test(a_member_that_is_there_twice_or_is_none_of_an_entry_is_seen),
        cmocka_unit_test(a_seq_of_32_bits_is_one_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
