/* How documents wait for their insert: bounded, whatever an archive has in turn and however large they are. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>
#include <string.h>

#include "app/backup/restore_private.h"
#include "base/cleanup.h"
#include "base/mem.h"

#define COLLECTIONS 40
#define LARGE       (15 * 1024 * 1024)

/* A server that takes every insert and counts. */
struct server {
    struct mig_store base;
    int64_t inserts, documents;
    uint32_t largest;
    bool complete; /* nothing was left for the store to add, for which it would make a copy */
};

struct world {
    struct server server;
    struct restoring r;
    struct restoring_part parts[COLLECTIONS];
    struct arc_namespace spaces[COLLECTIONS];
    size_t most_waiting;
    struct mig_error err;
};

static void take_command(struct mig_store *store, const struct mig_call *call, struct mig_reply *ret)
{
    struct server *server = (struct server *)store;
    bson_iter_t documents, each;
    *ret = (struct mig_reply){ .outcome = MIG_OUTCOME_OK };
    bson_init(&ret->body);
    BSON_APPEND_INT32(&ret->body, "ok", 1);
    server->inserts++;
    server->largest = call->command->len > server->largest ? call->command->len : server->largest;
    server->complete = server->complete && bson_has_field(call->command, "maxTimeMS") &&
                       bson_has_field(call->command, "writeConcern");
    assert_true(bson_iter_init_find(&documents, call->command, "documents"));
    for (bool more = bson_iter_recurse(&documents, &each); more && bson_iter_next(&each);)
        server->documents++;
}

static int set_up(void **state)
{
    static const struct mig_store_ops ops = { .command = take_command };
    static struct world w;
    memset(&w, 0, sizeof w);
    w.server.base.ops = &ops;
    w.server.complete = true;
    w.r = (struct restoring){ .store = &w.server.base, .parts = w.parts, .count = COLLECTIONS };
    for (size_t i = 0; i < COLLECTIONS; i++) {
        w.parts[i].name = mig_printf("c%zu", i);
        w.parts[i].from = &w.spaces[i];
    }
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < COLLECTIONS; i++)
        restore_part_done(&w->parts[i]);
    return 0;
}

/* As the reader feeds it: the document, and behind a large one the moment when its bytes are gone. */
static void when_a_document_comes(struct world *w, size_t part, uint32_t size)
{
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    char *text MIG_AUTOFREE = mig_alloc(size);
    BSON_APPEND_BINARY(&doc, "b", BSON_SUBTYPE_BINARY, (uint8_t *)text, size);
    assert_true(restore_document(&w->r, &w->parts[part], bson_get_data(&doc), doc.len, &w->err));
    if (w->r.waiting > w->most_waiting)
        w->most_waiting = w->r.waiting;
    if (size > 1024 * 1024)
        assert_true(restore_flush_due(&w->r, &w->err));
}

static void when_all_end(struct world *w)
{
    for (size_t i = 0; i < COLLECTIONS; i++)
        assert_true(restore_flush(&w->r, &w->parts[i], &w->err));
    assert_int_equal(w->r.waiting, 0);
}

static void of_many_collections_in_turn_no_more_waits_than_of_one(void **state)
{
    struct world *w = *state;
    for (int round = 0; round < 600; round++) {
        for (size_t part = 0; part < COLLECTIONS; part++)
            when_a_document_comes(w, part, 1000);
    }
    when_all_end(w);
    assert_in_range(w->most_waiting, RESTORE_WAITING_MAX / 2, RESTORE_WAITING_MAX);
    assert_int_equal(w->server.documents, 600 * COLLECTIONS);
    assert_in_range(w->server.inserts, COLLECTIONS, 10 * COLLECTIONS); /* and they still travel together */
}

static void a_large_document_goes_alone_and_at_once(void **state)
{
    struct world *w = *state;
    for (size_t part = 0; part < 4; part++) {
        when_a_document_comes(w, part, 500);
        when_a_document_comes(w, part, LARGE);
        assert_null(w->parts[part].next);
        assert_in_range(w->r.waiting, 0, 1000 * part);
    }
    when_all_end(w);
    assert_in_range(w->most_waiting, LARGE, LARGE + 4096);
    assert_in_range(w->server.largest, LARGE, LARGE + 1024);
    assert_int_equal(w->server.documents, 8);
}

static void a_large_document_is_not_forgotten_where_the_reader_has_no_rest(void **state)
{
    struct world *w = *state;
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    char *text MIG_AUTOFREE = mig_alloc(LARGE);
    BSON_APPEND_BINARY(&doc, "b", BSON_SUBTYPE_BINARY, (uint8_t *)text, LARGE);
    for (size_t part = 0; part < 3; part++)
        assert_true(restore_document(&w->r, &w->parts[part], bson_get_data(&doc), doc.len, &w->err));
    assert_int_equal(w->server.inserts, 2);
    when_all_end(w);
    assert_int_equal(w->server.documents, 3);
}

static void an_insert_leaves_nothing_to_be_added(void **state)
{
    struct world *w = *state;
    when_a_document_comes(w, 0, 100);
    when_all_end(w);
    assert_int_equal(w->server.inserts, 1);
    assert_true(w->server.complete);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_many_collections_in_turn_no_more_waits_than_of_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_large_document_goes_alone_and_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_document_is_not_forgotten_where_the_reader_has_no_rest,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_insert_leaves_nothing_to_be_added, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
