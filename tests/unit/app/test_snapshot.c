/* A snapshot shares what did not change, and a log lets its oldest events go. */
#include "app/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/doc.h"
#include "base/mem.h"

#include <cmocka.h>

#include "app/query_log.h"

static void an_answer_is_found_by_kind_environment_and_argument(void **state)
{
    (void)state;
    char name[] = "dev";
    struct cfg_environment dev = { .name = name };
    struct mig_snapshot *snapshot = mig_snapshot_new(0, 2);
    snapshot->answers[0] =
        (struct mig_snap_answer){ .kind = MIG_QUERY_PLAN, .env = &dev, .argument = mig_strdup("--down") };
    snapshot->answers[1] =
        (struct mig_snap_answer){ .kind = MIG_QUERY_PLAN, .env = &dev, .argument = mig_strdup("") };
    assert_ptr_equal(mig_snapshot_answer(snapshot, MIG_QUERY_PLAN, &dev, NULL), &snapshot->answers[1]);
    assert_ptr_equal(mig_snapshot_answer(snapshot, MIG_QUERY_PLAN, &dev, "--down"), &snapshot->answers[0]);
    assert_null(mig_snapshot_answer(snapshot, MIG_QUERY_RUNS, &dev, NULL));
    assert_null(mig_snapshot_answer(snapshot, MIG_QUERY_PLAN, NULL, NULL));
    mig_unshare(snapshot);
}

static struct mig_log_chunk *events(int64_t from, size_t count)
{
    struct mig_log_chunk *chunk = mig_log_chunk_new();
    for (size_t i = 0; i < count; i++) {
        bson_t *event = BCON_NEW("event", "output", "seq", BCON_INT64(from + (int64_t)i));
        mig_log_chunk_add(chunk, event);
        bson_destroy(event);
    }
    return chunk;
}

/* The number of the i-th event that is kept. */
static int64_t seq_at(const struct mig_seen_log *log, size_t i)
{
    bson_t event;
    return mig_seen_log_event(log, i, &event) ? mig_doc_int(&event, "seq", -1) : -1;
}

static void a_longer_log_leaves_the_shorter_as_it_was(void **state)
{
    (void)state;
    struct mig_seen_log *before = mig_log_grow(NULL, events(1, 3));
    struct mig_seen_log *after = mig_log_grow(before, events(4, 2));
    assert_int_equal(before->count, 3);
    assert_int_equal(after->count, 5);
    assert_int_equal(seq_at(before, 2), 3);
    assert_int_equal(seq_at(after, 4), 5);
    assert_int_equal(after->chunk_count, 1); /* small chunks are joined */
    mig_unshare(before);
    assert_int_equal(seq_at(after, 0), 1);
    mig_unshare(after);
}

static void a_long_log_keeps_its_newest_events(void **state)
{
    (void)state;
    struct mig_seen_log *log = NULL;
    int64_t next = 1;
    for (int i = 0; i < 30; i++, next += 1000) {
        struct mig_seen_log *longer = mig_log_grow(log, events(next, 1000));
        mig_unshare(log);
        log = longer;
    }
    assert_in_range(log->count, MIG_LOG_KEPT, MIG_LOG_KEPT + 1000);
    assert_int_equal(log->first + log->count, 30000);
    assert_int_equal(seq_at(log, 0), (int64_t)log->first + 1);
    assert_int_equal(seq_at(log, log->count - 1), 30000);
    mig_unshare(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_found_by_kind_environment_and_argument),
        cmocka_unit_test(a_longer_log_leaves_the_shorter_as_it_was),
        cmocka_unit_test(a_long_log_keeps_its_newest_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
