/* Status: what is told of environments side by side, the dead ones too, and the exit status that follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <locale.h>

#include "base/doc.h"
#include "base/timefmt.h"
#include "cli/out_status.h"

static char dev_name[] = "dev";
static char dev_database[] = "shop_dev";
static char prod_name[] = "prod";
static char prod_database[] = "shop";
static const struct cfg_environment dev = { .name = dev_name, .database = dev_database };
static const struct cfg_environment prod = { .name = prod_name,
                                             .database = prod_database,
                                             .is_protected = true };

static struct mig_record applied(const char *version)
{
    return (struct mig_record){ .version = (char *)(uintptr_t)version,
                                .state = MIG_RECORD_APPLIED,
                                .ended_at = 1795244474253,
                                .duration_ms = 12 };
}

struct world {
    struct mig_record one, two;
    struct mig_view dev_views[2], prod_views[2];
    struct mig_history dev_history, prod_history;
    struct mig_look looks[2];
    struct mig_looks all;
};

/* dev has both, prod only the first. */
static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->one = applied("1");
    w->two = applied("2");
    w->dev_views[0] =
        (struct mig_view){ .version = "1", .title = "first", .state = MIG_APPLIED, .record = &w->one };
    w->dev_views[1] =
        (struct mig_view){ .version = "2", .title = "second", .state = MIG_APPLIED, .record = &w->two };
    w->prod_views[0] = w->dev_views[0];
    w->prod_views[1] = (struct mig_view){ .version = "2", .title = "second", .state = MIG_PENDING };
    w->looks[0] = (struct mig_look){ .env = &dev,
                                     .reachable = true,
                                     .history = &w->dev_history,
                                     .views = { .items = w->dev_views, .count = 2 } };
    w->looks[1] = (struct mig_look){ .env = &prod,
                                     .reachable = true,
                                     .history = &w->prod_history,
                                     .views = { .items = w->prod_views, .count = 2 } };
    w->looks[0].views.counts[MIG_APPLIED] = 2;
    w->looks[1].views.counts[MIG_APPLIED] = 1;
    w->looks[1].views.counts[MIG_PENDING] = 1;
    w->all = (struct mig_looks){ .items = w->looks, .count = 2 };
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    free(w->prod_views[1].reason);
    free(w);
    return 0;
}

static void put(struct world *w, enum mig_state state, const char *reason)
{
    w->looks[1].views.counts[w->prod_views[1].state]--;
    w->prod_views[1].state = state;
    free(w->prod_views[1].reason);
    w->prod_views[1].reason = *reason ? strdup(reason) : NULL;
    w->looks[1].views.counts[state]++;
}

static char *text_of(const struct world *w, const struct cli_style *style)
{
    struct mig_buf out MIG_AUTOBUF;
    mig_buf_init(&out, 1 << 20);
    cli_status_text(&w->all, "shop", style, &out);
    return mig_buf_detach(&out);
}

static void it_reads_as_atlas_status_and_a_matrix(void **state)
{
    struct world *w = *state;
    char *text = text_of(w, &(struct cli_style){ .utf8 = true });
    assert_string_equal(text, "dev (shop_dev)  Migration Status: OK\n"
                              "  -- Current Version: 2\n"
                              "  -- Next Version:    Already at latest version\n"
                              "  -- Executed Files:  2\n"
                              "  -- Pending Files:   0\n"
                              "\n"
                              "prod (shop, protected)  Migration Status: PENDING\n"
                              "  -- Current Version: 1\n"
                              "  -- Next Version:    2\n"
                              "  -- Executed Files:  1\n"
                              "  -- Pending Files:   1\n"
                              "\n"
                              "  VERSION  TITLE   dev        prod\n"
                              "  1        first   ✓ applied  ✓ applied\n"
                              "  2        second  ✓ applied  · pending\n");
    free(text);
    text = text_of(w, &(struct cli_style){ 0 });
    assert_non_null(strstr(text, "  2        second  + applied  . pending\n"));
    free(text);
}

static void a_dead_environment_is_one_clear_line_and_no_delay_for_the_rest(void **state)
{
    struct world *w = *state;
    w->looks[1] = (struct mig_look){ .env = &prod };
    mig_fail(&w->looks[1].error, MIG_ERR_UNREACHABLE, "no server answered");
    mig_hint(&w->looks[1].error, "is it up?");
    char *text = text_of(w, &(struct cli_style){ 0 });
    assert_non_null(strstr(text, "prod (shop, protected)  Migration Status: UNREACHABLE\n"
                                 "  -- Error:           no server answered\n"
                                 "  -- Next:            is it up?\n"));
    assert_non_null(strstr(text, "dev (shop_dev)  Migration Status: OK\n"));
    free(text);
}

static void what_needs_a_person_has_its_reason(void **state)
{
    struct world *w = *state;
    put(w, MIG_CHANGED, "edited after it ran");
    char *text = text_of(w, &(struct cli_style){ 0 });
    assert_non_null(strstr(text, "Migration Status: CHANGED\n"));
    assert_non_null(strstr(text, "  -- 2 changed: edited after it ran\n"
                                 "  -- Next:            see what moved: migtui diff prod 2\n"));
    free(text);
    put(w, MIG_FAILED, "step a (up): refused");
    text = text_of(w, &(struct cli_style){ 0 });
    assert_non_null(strstr(text, "  -- Next Version:    2 (failed)\n")); /* not: at the latest version */
    assert_non_null(strstr(text,
                           "  -- 2 failed: step a (up): refused\n"
                           "  -- Next:            see where it stands, and the ways out: migtui recover "
                           "--env prod\n"));
    free(text);
    put(w, MIG_LATE, "older than 1");
    text = text_of(w, &(struct cli_style){ 0 });
    assert_non_null(strstr(text, "  -- Next Version:    None that may run\n"));
    free(text);
}

static void the_worst_finding_is_the_exit_status(void **state)
{
    struct world *w = *state;
    assert_int_equal(cli_status_exit(&w->all), 2);
    w->all.count = 1;
    assert_int_equal(cli_status_exit(&w->all), 0);
    w->all.count = 2;
    w->looks[0].reachable = false;
    assert_int_equal(cli_status_exit(&w->all), 1);
    static const enum mig_state bad[] = { MIG_CHANGED, MIG_MISSING, MIG_LATE, MIG_FAILED, MIG_INTERRUPTED };
    for (size_t i = 0; i < 5; i++) {
        put(w, bad[i], "");
        assert_int_equal(cli_status_exit(&w->all), 4);
    }
}

/* A thousand rows that say "applied" everywhere hide the one that matters. */
static void rows_that_are_applied_everywhere_fold(void **state)
{
    struct world *w = *state;
    enum { MANY = 1000 };
    struct mig_view *views = calloc(MANY + 1, sizeof *views);
    char(*versions)[16] = calloc(MANY + 1, sizeof *versions);
    for (int i = 0; i <= MANY; i++) {
        snprintf(versions[i], sizeof versions[i], "%d", i + 1);
        views[i] = (struct mig_view){ .version = versions[i],
                                      .title = "t",
                                      .state = i < MANY ? MIG_APPLIED : MIG_PENDING };
    }
    w->looks[0].views.items = views;
    w->looks[0].views.count = MANY + 1;
    w->all.count = 1;
    char *text = text_of(w, &(struct cli_style){ 0 });
    assert_non_null(strstr(text, "  995 older migrations are applied everywhere\n"));
    assert_null(strstr(text, "\n  994 "));
    assert_non_null(strstr(text, "\n  996 "));
    assert_non_null(strstr(text, "\n  1001 "));
    free(text);
    free(views);
    free(versions);
}

static void the_document_has_the_promised_keys(void **state)
{
    struct world *w = *state;
    w->looks[0].history->lock =
        (struct mig_lock){ .exists = true, .owner = "o", .run = "R", .expires_at = 5, .server_now = 9 };
    w->looks[1].reachable = false;
    mig_fail(&w->looks[1].error, MIG_ERR_AUTH, "refused");
    bson_t doc;
    cli_status_document(&w->all, "shop", 1795244474253, &doc);
    assert_string_equal(mig_doc_str(&doc, "project", ""), "shop");
    assert_string_equal(mig_doc_str(&doc, "generatedAt", ""), "2026-11-21T07:01:14.253Z");
    assert_int_equal(mig_doc_int(&doc, "environments.0.counts.applied", -1), 2);
    assert_int_equal(mig_doc_int(&doc, "environments.0.counts.blocked", -1), 0);
    assert_string_equal(mig_doc_str(&doc, "environments.0.migrations.1.state", ""), "applied");
    assert_string_equal(mig_doc_str(&doc, "environments.0.migrations.1.appliedAt", ""),
                        "2026-11-21T07:01:14.253Z");
    assert_string_equal(mig_doc_str(&doc, "environments.0.lock.run", ""), "R");
    assert_false(mig_doc_bool(&doc, "environments.0.lock.alive", true));
    assert_true(mig_doc_bool(&doc, "environments.1.protected", false));
    assert_false(mig_doc_bool(&doc, "environments.1.reachable", true));
    assert_string_equal(mig_doc_str(&doc, "environments.1.error.name", ""), "auth");
    assert_true(mig_doc_has(&doc, "environments.1.lock"));
    bson_destroy(&doc);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        TEST(it_reads_as_atlas_status_and_a_matrix),
        TEST(a_dead_environment_is_one_clear_line_and_no_delay_for_the_rest),
        TEST(what_needs_a_person_has_its_reason),
        TEST(the_worst_finding_is_the_exit_status),
        TEST(rows_that_are_applied_everywhere_fold),
        TEST(the_document_has_the_promised_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
