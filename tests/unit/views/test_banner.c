/* The line that waits for people: who sees it, and for how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "support/snapshot_world.h"
#include "views/console_private.h"

#define SERVER_NOW INT64_C(1795269731000)

static struct snapshot_world world;
static struct mig_decision answers[2];
static char reason[] = "release 42";

static int given_a_shop(void **state)
{
    (void)state;
    snapshot_world_init(&world);
    world_story(&world);
    world.snapshot->operator_name = "ivo";
    memset(answers, 0, sizeof answers);
    return 0;
}

static struct mig_history *history_of(const char *env)
{
    return world_snap(&world, env)->seen->look.history;
}

static int done(void **state)
{
    (void)state;
    for (size_t i = 0; i < world.snapshot->env_count; i++) {
        struct mig_history *history = world.snapshot->envs[i].seen->look.history;
        free(history->requests);
        history->requests = NULL;
        history->request_count = 0;
    }
    snapshot_world_end(&world);
    return 0;
}

static struct mig_request *given_request(const char *env, const char *by)
{
    struct mig_history *history = history_of(env);
    history->requests = realloc(history->requests, (history->request_count + 1) * sizeof *history->requests);
    struct mig_request *request = &history->requests[history->request_count++];
    *request = (struct mig_request){ .kind = MIG_REQUEST_RUN,
                                     .state = MIG_REQUEST_OPEN,
                                     .direction = "up",
                                     .migrations = 2,
                                     .reason = reason,
                                     .created_at = SERVER_NOW - 60000,
                                     .expires_at = SERVER_NOW + 60000 };
    history->server_now = SERVER_NOW;
    snprintf(request->requested.who.operator_name, sizeof request->requested.who.operator_name, "%s", by);
    return request;
}

static void assert_banner(const char *expected, enum tui_style style)
{
    char text[400] = "";
    enum tui_style seen = TUI_PLAIN;
    assert_true(console_banner(world.snapshot, WORLD_NOW_MS, &seen, text, sizeof text));
    assert_string_equal(text, expected);
    assert_int_equal(seen, style);
}

static void assert_none(int64_t now_ms)
{
    char text[400] = "";
    enum tui_style style;
    assert_false(console_banner(world.snapshot, now_ms, &style, text, sizeof text));
}

static void nothing_waits_in_silence(void **state)
{
    (void)state;
    assert_none(WORLD_NOW_MS);
}

static void a_request_of_somebody_else_is_told(void **state)
{
    (void)state;
    given_request("prod", "ana");
    assert_banner("prod: ana asks to apply 2 migrations (release 42); :requests", TUI_WARN);
}

static void one_s_own_is_told_when_somebody_answered(void **state)
{
    (void)state;
    struct mig_request *request = given_request("prod", "ivo");
    assert_none(WORLD_NOW_MS);
    request->decisions = answers;
    request->decision_count = 1;
    assert_banner("prod: your request (release 42) has 1 answer; :requests", TUI_INFO);
}

static void what_one_answered_waits_no_more(void **state)
{
    (void)state;
    struct mig_request *request = given_request("prod", "ana");
    snprintf(answers[0].who.operator_name, sizeof answers[0].who.operator_name, "ivo");
    request->decisions = answers;
    request->decision_count = 1;
    assert_none(WORLD_NOW_MS);
}

static void it_expires_by_the_server_s_clock(void **state)
{
    (void)state;
    given_request("prod", "ana");
    struct mig_snap_env *prod = world_snap(&world, "prod");
    prod->seen_ms +=
        15000; /* its server has said since that nothing changed: its clock went on all the same */
    assert_none(prod->asked_ms + 60000);
}

static void broken_glass_comes_first_and_does_not_expire(void **state)
{
    (void)state;
    given_request("test", "ana");
    struct mig_request *glass = given_request("prod", "mia");
    glass->kind = MIG_REQUEST_GLASS;
    glass->expires_at = SERVER_NOW - 1;
    assert_banner(
        "prod: mia ran without approval (release 42), two others have to close it; 1 more; :requests",
        TUI_BAD);
}

#define T(name) cmocka_unit_test_setup_teardown(name, given_a_shop, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(nothing_waits_in_silence),
        T(a_request_of_somebody_else_is_told),
        T(one_s_own_is_told_when_somebody_answered),
        T(what_one_answered_waits_no_more),
        T(it_expires_by_the_server_s_clock),
        T(broken_glass_comes_first_and_does_not_expire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
