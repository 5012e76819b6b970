/* A plan cut into the pieces that travel together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/units.h"
#include "support/step_json.h"

#define SMALL "{'insert': {'collection': 'c', 'documents': [{'_id': 1}]}}"
#define INDEX "{'createIndexes': {'collection': 'c', 'indexes': []}}"

/* A plan of `count` migrations, each of the same few steps. */
struct world {
    struct mig_step *steps[2];
    struct mig_plan_step planned[4];
    struct mig_migration migration;
    struct mig_plan_item items[MIG_GROUP_MAX_MIGRATIONS + 1];
    struct mig_plan plan;
    struct mig_server server;
};

static void given_plan(struct world *w, size_t count, const char *first, const char *second)
{
    *w = (struct world){ .plan = { .count = count, .items = w->items },
                         .server = { .can_transactions = true } };
    w->steps[0] = step_json(first);
    w->steps[1] = second ? step_json(second) : NULL;
    for (size_t i = 0; i < 2; i++)
        w->planned[i].step = w->steps[i];
    for (size_t i = 0; i < count; i++)
        w->items[i] = (struct mig_plan_item){ .migration = &w->migration,
                                              .steps = w->planned,
                                              .step_count = second ? 2 : 1 };
}

static void done(struct world *w)
{
    step_json_free(w->steps[0]);
    if (w->steps[1])
        step_json_free(w->steps[1]);
}

static void assert_unit(const struct mig_unit *unit, enum mig_unit_kind kind, size_t end_item,
                        size_t end_step)
{
    assert_int_equal(unit->kind, kind);
    assert_int_equal(unit->end_item, end_item);
    assert_int_equal(unit->end_step, end_step);
}

static void small_migrations_travel_together_up_to_a_limit(void **state)
{
    (void)state;
    static struct world w;
    struct mig_unit unit;
    given_plan(&w, MIG_GROUP_MAX_MIGRATIONS + 1, SMALL, SMALL);
    assert_true(mig_unit_next(&w.plan, &w.server, 0, 0, false, &unit));
    assert_unit(&unit, MIG_UNIT_GROUP, MIG_GROUP_MAX_MIGRATIONS, 2);
    assert_true(mig_unit_next(&w.plan, &w.server, MIG_GROUP_MAX_MIGRATIONS, 1, false, &unit));
    assert_unit(&unit, MIG_UNIT_GROUP, MIG_GROUP_MAX_MIGRATIONS + 1, 2);
    assert_false(mig_unit_next(&w.plan, &w.server, w.plan.count, 0, false, &unit));
    done(&w);
}

static void a_step_that_fits_no_transaction_goes_alone(void **state)
{
    (void)state;
    static struct world w;
    struct mig_unit unit;
    given_plan(&w, 2, SMALL, INDEX);
    assert_true(mig_unit_next(&w.plan, &w.server, 0, 0, false, &unit));
    assert_unit(&unit, MIG_UNIT_SINGLE, 1, 1);
    assert_true(mig_unit_next(&w.plan, &w.server, 0, 2, false,
                              &unit)); /* all its steps are done: only its record is left */
    assert_unit(&unit, MIG_UNIT_GROUP, 1, 2);
    done(&w);
}

static void without_transactions_or_when_told_so_every_step_goes_alone(void **state)
{
    (void)state;
    static struct world w;
    struct mig_unit unit;
    given_plan(&w, 2, SMALL, NULL);
    assert_true(mig_unit_next(&w.plan, &w.server, 0, 0, true, &unit));
    assert_unit(&unit, MIG_UNIT_SINGLE, 1, 1);
    assert_true(mig_unit_next(&w.plan, &w.server, 0, 1, true, &unit));
    assert_unit(&unit, MIG_UNIT_SINGLE, 1, 1);
    w.server.can_transactions = false;
    assert_true(mig_unit_next(&w.plan, &w.server, 0, 0, false, &unit));
    assert_unit(&unit, MIG_UNIT_SINGLE, 1, 1);
    done(&w);
}

static void a_group_stays_small(void **state)
{
    (void)state;
    static struct world w;
    struct mig_unit unit;
    given_plan(&w, 3, SMALL, NULL);
    w.migration.text_len = MIG_GROUP_MAX_BYTES / 2; /* the record carries the file's text */
    assert_true(mig_unit_next(&w.plan, &w.server, 0, 0, false, &unit));
    assert_unit(&unit, MIG_UNIT_GROUP, 1, 1);
    w.migration.text_len = MIG_GROUP_MAX_BYTES;
    assert_true(mig_unit_next(&w.plan, &w.server, 0, 0, false, &unit));
    assert_unit(&unit, MIG_UNIT_SINGLE, 1, 1);
    done(&w);
}

static void a_group_touches_few_documents(void **state)
{
    (void)state;
    static struct world w;
    struct mig_unit unit;
    bson_t list;
    bson_t empty = BSON_INITIALIZER;
    given_plan(&w, 5, SMALL, SMALL);
    for (size_t s = 0; s < 2; s++) {
        bson_reinit(w.steps[s]->body);
        BSON_APPEND_ARRAY_BEGIN(w.steps[s]->body, "documents", &list);
        for (int i = 0; i < 300; i++)
            BSON_APPEND_DOCUMENT(&list, "0", &empty);
        bson_append_array_end(w.steps[s]->body, &list);
    }
    assert_true(mig_unit_next(&w.plan, &w.server, 0, 0, false, &unit));
    assert_unit(&unit, MIG_UNIT_GROUP, 1, 2); /* 600, and 600 more would be too many */
    w.planned[2].step = w.steps[0];
    w.items[0].step_count = 4;
    w.planned[3].step = w.steps[0];
    assert_true(mig_unit_next(&w.plan, &w.server, 0, 0, false, &unit));
    assert_unit(&unit, MIG_UNIT_SINGLE, 1, 1);
    bson_destroy(&empty);
    done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_migrations_travel_together_up_to_a_limit),
        cmocka_unit_test(a_step_that_fits_no_transaction_goes_alone),
        cmocka_unit_test(without_transactions_or_when_told_so_every_step_goes_alone),
        cmocka_unit_test(a_group_stays_small),
        cmocka_unit_test(a_group_touches_few_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
