/* What an environment's database says of its past: read as a majority has it, in whatever way the server can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/history.h"
#include "fakes/store_script.h"

#define UNION "{'aggregate': 'migtui_meta'}"
#define EMPTY "{'cursor': {'firstBatch': []}, 'ok': 1}"
#define META(layout) \
    "{'cursor': {'firstBatch': [{'_id': 'meta', '_kind': 'meta', 'uuid': 'u', 'layout': " layout \
    "}]}, 'ok': 1}"

struct world {
    struct store_script *script;
    struct mig_names names;
    struct mig_server server;
    struct mig_history *history;
    struct mig_error err;
};

static void world_init(struct world *w)
{
    *w = (struct world){ .script = store_script_new("shop"), .server = { .can_union = true } };
    mig_names_make("migtui_", &w->names);
}

static bool loads(struct world *w)
{
    return mig_history_load(store_script_store(w->script), &w->names, &w->server, &w->history, &w->err);
}

/* What a primary has and a majority has not can be gone with it. */
static void a_past_is_read_as_a_majority_has_it(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    script_reply(w.script, UNION, META("1"));
    assert_true(loads(&w));
    assert_false(script_last(w.script)->no_concern);
    assert_false(script_last(w.script)->write);
    assert_string_equal(w.history->environment_uuid, "u");
    mig_history_free(w.history);
    store_script_end(w.script);
}

static void a_server_without_unions_is_asked_for_each_collection(void **state)
{
    (void)state;
    static const char *const asked[] = { "{'aggregate': 'migtui_meta'}", "{'aggregate': 'migtui_lock'}",
                                         "{'aggregate': 'migtui_approvals'}",
                                         "{'aggregate': 'migtui_history'}" };
    struct world w;
    world_init(&w);
    w.server.can_union = false;
    for (size_t i = 0; i < 4; i++)
        script_reply(w.script, asked[i], EMPTY);
    assert_true(loads(&w));
    assert_false(script_last(w.script)->no_concern);
    assert_int_equal(w.history->count, 0);
    mig_history_free(w.history);
    store_script_end(w.script);
}

static void a_database_of_a_newer_migtui_is_left_alone(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    script_reply(w.script, UNION, META("99"));
    assert_false(loads(&w));
    assert_int_equal(w.err.code, MIG_ERR_INTEGRITY);
    assert_non_null(strstr(w.err.message, "have layout 99"));
    store_script_end(w.script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_past_is_read_as_a_majority_has_it),
        cmocka_unit_test(a_server_without_unions_is_asked_for_each_collection),
        cmocka_unit_test(a_database_of_a_newer_migtui_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
