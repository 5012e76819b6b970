/* Any replies of a server, as JSON, to what a run and its readers ask: the first line says what is done, each further one is
 * the answer to the next command, R before it for a refusal, U or N for none. Nothing of it does harm, ends never, or
 * brings to a screen what a terminal would act upon.
 *
 * First line: p probe, h history, states and plan, l lock (acquire, beat, release), t takeover, r runs, e a run's log,
 * m meta, x the text that ran; 0 to 9 and a to d the steps of the world below, one after the other.
 */
#include "app/gates.h"
#include "app/history.h"
#include "app/lock.h"
#include "app/runs.h"
#include "app/server_probe.h"
#include "app/step_run.h"
#include "base/cleanup.h"
#include "base/doc.h"
#include "base/mem.h"
#include "cli/out_events.h"
#include "engine/states.h"
#include "fuzz.h"

#define COMMANDS_MAX 2000 /* more than any deadline or loop of retries asks for */

static const char world[] =
    "{\"migtui\":1,\"title\":\"all kinds\",\"up\":["
    "{\"id\":\"s0\",\"createCollection\":{\"collection\":\"c\",\"validator\":{\"n\":{\"$gte\":0}}},\"ifExists\":\"same\"},"
    "{\"id\":\"s1\",\"createView\":{\"collection\":\"v\",\"viewOn\":\"c\",\"pipeline\":[]}},"
    "{\"id\":\"s2\",\"collMod\":{\"collection\":\"c\",\"validationLevel\":\"moderate\"}},"
    "{\"id\":\"s3\",\"renameCollection\":{\"collection\":\"c\",\"to\":\"d\"}},"
    "{\"id\":\"s4\",\"dropCollection\":{\"collection\":\"c\"}},"
    "{\"id\":\"s5\",\"createIndexes\":{\"collection\":\"c\",\"indexes\":[{\"key\":{\"a\":1},\"name\":\"a_1\",\"unique\":true}]}},"
    "{\"id\":\"s6\",\"dropIndexes\":{\"collection\":\"c\",\"index\":\"a_1\"}},"
    "{\"id\":\"s7\",\"hideIndex\":{\"collection\":\"c\",\"index\":\"a_1\",\"hidden\":true}},"
    "{\"id\":\"s8\",\"insert\":{\"collection\":\"c\",\"documents\":[{\"_id\":1,\"n\":1},{\"_id\":2}]},\"ifExists\":\"same\"},"
    "{\"id\":\"s9\",\"update\":{\"collection\":\"c\",\"updates\":[{\"q\":{\"_id\":1},\"u\":{\"$set\":{\"n\":2}}}]},"
    "\"expect\":{\"matched\":1}},"
    "{\"id\":\"sa\",\"delete\":{\"collection\":\"c\",\"deletes\":[{\"q\":{},\"limit\":0}]},\"expect\":{\"deleted\":{\"$gte\":1}}},"
    "{\"id\":\"sb\",\"merge\":{\"collection\":\"c\",\"pipeline\":[{\"$match\":{}}],\"into\":\"d\",\"on\":\"_id\"}},"
    "{\"id\":\"sc\",\"assert\":{\"collection\":\"c\",\"filter\":{},\"count\":0}},"
    "{\"id\":\"sd\",\"command\":{\"run\":{\"ping\":1},\"idempotent\":true}}]}";

/* ---- a store that answers by the script ---- */

struct script {
    struct mig_store base;
    struct fuzz_host *host;
    const char *at, *end; /* what is left of the input */
    int commands;
};

static bool next_line(struct script *script, const char **ret, size_t *ret_len)
{
    if (script->at >= script->end)
        return false;
    const char *newline = memchr(script->at, '\n', (size_t)(script->end - script->at));
    const char *end = newline ? newline : script->end;
    *ret = script->at;
    *ret_len = (size_t)(end - script->at);
    script->at = newline ? end + 1 : end;
    return true;
}

static void answer(struct mig_store *store, const struct mig_call *call, struct mig_reply *ret)
{
    struct script *script = (struct script *)store;
    const char *line = "N";
    size_t len = 1;
    bson_error_t error;
    CHECK(++script->commands < COMMANDS_MAX);
    CHECK(
        bson_validate(call->command, BSON_VALIDATE_UTF8, NULL)); /* what is sent is never what came, unread */
    script->host->now_ms++;
    (void)next_line(script, &line, &len);
    *ret = (struct mig_reply){ .outcome = MIG_OUTCOME_OK, .sent_ms = script->host->now_ms };
    char kind = len ? line[0] : 'N';
    if (kind == 'R')
        line++, len--;
    if ((kind != 'R' && kind != '{') || len == 0 ||
        !bson_init_from_json(&ret->body, line, (ssize_t)len, &error)) {
        bson_init(&ret->body);
        ret->outcome = kind == 'N' ? MIG_OUTCOME_NOT_SENT : MIG_OUTCOME_UNKNOWN;
        mig_fail(&ret->error, kind == 'N' ? MIG_ERR_UNREACHABLE : MIG_ERR_UNKNOWN_OUTCOME, "no answer");
    } else if (kind == 'R') {
        struct mig_verdict verdict;
        mig_reply_judge("fuzz", &ret->body, &verdict);
        ret->outcome = MIG_OUTCOME_REFUSED;
        verdict.failed_index = -1;
        mig_verdict_fail(&verdict, &ret->error);
        if (!*ret->error.message)
            mig_fail(&ret->error, MIG_ERR_SERVER, "refused");
    }
}

static bool query(struct mig_store *store, const struct mig_call *call, mig_document_fn each, void *context,
                  struct mig_error *err)
{
    struct mig_reply reply;
    bson_iter_t iter;
    bson_t batch, doc;
    answer(store, call, &reply);
    bool ok = reply.outcome == MIG_OUTCOME_OK;
    if (!ok && err)
        *err = reply.error;
    if (ok && mig_doc_sub(&reply.body, "cursor.firstBatch", &batch) && bson_iter_init(&iter, &batch)) {
        while (bson_iter_next(&iter) && (!mig_iter_sub(&iter, &doc) || each(&doc, context)))
            continue;
    }
    mig_reply_done(&reply);
    return ok;
}

static void no_close(struct mig_store *store)
{
    (void)store;
}

static void script_init(struct script *ret, struct fuzz_host *host, const char *text, size_t len)
{
    static const struct mig_store_ops ops = { .command = answer, .query = query, .close = no_close };
    *ret = (struct script){
        .base = { .ops = &ops, .database = "shop" }, .host = host, .at = text, .end = text + len
    };
}

/* ---- what is done ---- */

struct act {
    struct script script;
    struct fuzz_host host;
    struct mig_names names;
    struct mig_app app;
    struct mig_catalog *catalog;
};

static const struct cfg_environment *environment(void)
{
    static char name[] = "dev", database[] = "shop";
    static const struct cfg_environment env = { .name = name, .database = database };
    return &env;
}

static bool open_store(void *ctx, const struct cfg_environment *env, const char *run, struct mig_store **ret,
                       struct mig_error *err)
{
    (void)env, (void)run, (void)err;
    *ret = &((struct act *)ctx)->script.base;
    return true;
}

static void end(bool ok, const struct mig_error *err)
{
    if (!ok)
        fuzz_check_error(err);
}

static void probe(struct act *act)
{
    struct mig_server server = { 0 };
    struct mig_error err = { 0 };
    bool ok = mig_server_glance(&act->script.base, &act->host.base, &server, &err) &&
              mig_server_probe_operations(&act->script.base, &server, &err) &&
              mig_server_probe_user(&act->script.base, "shop", &server, &err);
    end(ok, &err);
    const char *const texts[] = { server.version, server.set_name, server.set_id, server.primary,
                                  server.db_user };
    for (size_t i = 0; ok && i < sizeof texts / sizeof texts[0]; i++)
        fuzz_check_safe(texts[i]);
}

static void plan(struct act *act, struct mig_look *look, enum mig_direction direction, bool resume)
{
    const struct mig_selection selection = { .direction = direction, .resume = resume };
    const struct mig_plan_input input = { .environment = "dev",
                                          .database = "shop",
                                          .catalog = act->catalog,
                                          .history = look->history,
                                          .views = &look->views,
                                          .server = &look->server,
                                          .selection = &selection };
    struct mig_plan *made = NULL;
    struct mig_error err = { 0 };
    bson_t doc;
    if (!mig_plan_build(&input, &made, &err)) {
        fuzz_check_error(&err);
        return;
    }
    const struct mig_gate_question question = { .resume = resume };
    mig_gates_evaluate(&act->app, look, &act->script.base, &question, made, NULL);
    for (size_t i = 0; i < made->gate_count; i++) {
        fuzz_check_safe(made->gates[i].reason);
        fuzz_check_safe(made->gates[i].remedy);
    }
    for (size_t i = 0; i < made->warning_count; i++)
        fuzz_check_safe(made->warnings[i]);
    mig_plan_document(made, &doc);
    bson_destroy(&doc);
    mig_plan_free(made);
}

static void history(struct act *act)
{
    struct mig_look look = { 0 };
    struct mig_error err = { 0 };
    if (!mig_look_store(&act->app, environment(), &act->script.base, act->catalog, &look, &err)) {
        fuzz_check_error(&err);
        mig_look_done(&look);
        return;
    }
    for (size_t i = 0; i < look.views.count; i++) {
        fuzz_check_safe(look.views.items[i].version);
        fuzz_check_safe(look.views.items[i].title);
        fuzz_check_safe(look.views.items[i].reason);
    }
    fuzz_check_safe(look.history->project);
    fuzz_check_safe(look.history->environment_uuid);
    plan(act, &look, MIG_UP, false);
    plan(act, &look, MIG_UP, true);
    plan(act, &look, MIG_DOWN, false);
    mig_look_done(&look);
}

static void lock(struct act *act)
{
    const struct mig_lock_claim claim = { .owner = "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a",
                                          .run = "01J9ZZZZZZZZZZZZZZZZZZZZZZ",
                                          .command = "apply",
                                          .operator_name = "ana",
                                          .lease_ms = 30000,
                                          .may_take_over = true,
                                          .self = &act->host.base.self };
    struct mig_store *store = &act->script.base;
    struct mig_lock seen = { 0 }, got = { 0 };
    char prev[MIG_ULID_SIZE] = "";
    int64_t sent;
    struct mig_error err = { 0 };
    end(mig_lock_read(store, &act->names, &seen, &err), &err);
    bool ok = mig_lock_acquire(store, &act->host.base, &act->names, &claim, &seen, &got, &sent, prev, &err);
    end(ok, &err);
    if (!ok)
        return;
    fuzz_check_safe(prev);
    ok = mig_lock_beat(store, &act->names, &claim, got.token, "step", &got, &sent, &err);
    end(ok, &err);
    end(mig_fence_raise(store, &act->names, got.token, claim.run, &err), &err);
    end(mig_lock_release(store, &act->names, claim.owner, got.token, NULL, &err), &err);
}

static void takeover(struct act *act)
{
    struct mig_error err = { 0 };
    int killed;
    end(mig_takeover_quiesce(&act->script.base, &act->host.base, &act->names, act->host.now_ms + 5000,
                             &killed, &err),
        &err);
}

static bool check_row(const bson_t *row, void *ctx)
{
    static const char *const texts[] = { "run",     "environment", "status", "title",  "operator", "osUser",
                                         "version", "host",        "planId", "ticket", "reason",   "error" };
    (void)ctx;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        fuzz_check_safe(mig_doc_str(row, texts[i], NULL));
    return true;
}

static void runs(struct act *act)
{
    struct mig_error err = { 0 };
    end(mig_runs_list(&act->app, environment(), 10, check_row, NULL, &err), &err);
    end(mig_history_list(&act->app, environment(), 10, check_row, NULL, &err), &err);
}

static void write_out(void *ctx, const char *bytes, size_t len)
{
    (void)ctx;
    CHECK(fuzz_is_safe(bytes, len, true));
}

static void on_event(const bson_t *event, void *ctx)
{
    out_events_feed(ctx, event);
}

static void events(struct act *act)
{
    const struct cli_style style = { .columns = 60 };
    struct out_events text;
    struct mig_error err = { 0 };
    out_events_init(&text, &style, write_out, NULL);
    text.with_error = text.with_start = true;
    end(mig_log_feed(&act->app, environment(), "01J9ZZZZZZZZZZZZZZZZZZZZZZ", true, NULL, on_event, &text,
                     &err),
        &err);
    out_events_break(&text);
}

static void meta(struct act *act)
{
    struct mig_error err = { 0 };
    char uuid[MIG_UUID_SIZE] = "";
    end(mig_meta_ensure(&act->script.base, &act->names, "shop", "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a", uuid,
                        &err),
        &err);
    fuzz_check_safe(uuid);
}

static void ran_text(struct act *act)
{
    struct mig_error err = { 0 };
    char *text = NULL;
    end(mig_ran_text(&act->app, environment(), "1", &text, &err), &err);
    free(text);
}

static void step(struct act *act, const struct mig_step *planned)
{
    static const bool stop =
        true; /* an index build that the server goes on with for ever is not waited for */
    static const struct mig_server server = {
        .version = "8.0.0", .major = 8, .can_current_op = true, .can_pipeline_update = true, .can_union = true
    };
    const struct mig_step_context ctx = { .store = &act->script.base,
                                          .host = &act->host.base,
                                          .server = &server,
                                          .comment = "migtui",
                                          .max_time_ms = 1000,
                                          .stop = &stop };
    struct mig_error err = { 0 };
    char evidence[512] = "";
    bson_t pre, result;
    bool ok = mig_step_prestate(&ctx, planned, &pre, &err);
    end(ok, &err);
    if (ok) {
        enum mig_step_end ended = mig_step_execute(&ctx, planned, &pre, &result, &err);
        end(ended == MIG_STEP_END_DONE, &err);
        bson_destroy(&result);
        mig_error_clear(&err);
        (void)mig_step_settle(&ctx, planned, &pre, evidence, sizeof evidence, &err);
        fuzz_check_safe(evidence);
        fuzz_check_safe(err.message);
        CHECK(evidence[0]);
    }
    bson_destroy(&pre);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char prefix[] = "migtui_", project[] = "shop";
    static const struct cfg_config config = { .prefix = prefix, .project = project };
    static struct mig_catalog *catalog; /* the same for every input */
    if (!catalog) {
        const struct mig_file file = { "1_world.jsonc", world, sizeof world - 1 };
        struct mig_problems problems = { 0 };
        catalog = mig_catalog_build("m", &file, 1, NULL, prefix, 0, &problems);
        if (problems.count > 0)
            fprintf(stderr, "%s\n", problems.items[0].message);
        CHECK(problems.count == 0);
    }
    if (size < 2 || data[1] != '\n')
        return 0;
    struct act act = { .catalog = catalog };
    fuzz_host_init(&act.host);
    script_init(&act.script, &act.host, (const char *)data + 2, size - 2);
    mig_names_make(prefix, &act.names);
    act.app = (struct mig_app){ .config = &config,
                                .host = &act.host.base,
                                .operator_name = "ana",
                                .ports_ctx = &act,
                                .open_store = open_store };
    static void (*const acts[])(struct act *) = {
        ['p'] = probe, ['h'] = history, ['l'] = lock, ['t'] = takeover,
        ['r'] = runs,  ['e'] = events,  ['m'] = meta, ['x'] = ran_text,
    };
    if (data[0] < sizeof acts / sizeof acts[0] && acts[data[0]])
        acts[data[0]](&act);
    for (size_t i = 0; i < catalog->items[0].up_count; i++) {
        if ((uint8_t) "0123456789abcd"[i] == data[0])
            step(&act, &catalog->items[0].up[i]);
    }
    return 0;
}
