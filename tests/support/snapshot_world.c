/* snapshot_world.c - see snapshot_world.h. */
#include "support/snapshot_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/timefmt.h"
#include "engine/head.h"
#include "engine/states.h"
#include "support/snapshot_story.h"
#include "support/step_json.h"

static const char config_text[] = "version: 1\n"
                                  "project: shop\n"
                                  "environments:\n"
                                  "  - name: dev\n"
                                  "    uri: ${MONGO_URL_DEV}\n"
                                  "    database: shop\n"
                                  "    order: any\n"
                                  "  - name: test\n"
                                  "    uri: ${MONGO_URL_TEST}\n"
                                  "    database: shop\n"
                                  "    order: skip\n"
                                  "  - name: prod\n"
                                  "    uri: ${MONGO_URL_PROD}\n"
                                  "    database: shop\n"
                                  "    protected: true\n"
                                  "    order: linear\n"
                                  "    gate:\n"
                                  "      rehearsedIn: test\n"
                                  "      approvals: 2\n"
                                  "      approvers: [ana, ivo, mia]\n"
                                  "      backup: { method: archive, maxAge: 24h, verify: true }\n";

static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return strncmp(name, "MONGO_URL_", 10) == 0 ? "mongodb://ana:secret@db.example:27017" : NULL;
}

static struct cfg_config *load(const char *text)
{
    struct cfg_inputs inputs = { .dir = "/project", .getenv = variable };
    struct cfg_config *config = NULL;
    struct mig_error err = { 0 };
    if (!cfg_load_text("migtui.yaml", text, strlen(text), &inputs, &config, &err))
        fail_msg("%s", err.message);
    return config;
}

/* A snapshot in which nobody has answered. */
static void open_console(struct snapshot_world *world)
{
    struct mig_snapshot *snapshot = mig_snapshot_new(world->config->environment_count, 0);
    snapshot->number = 1;
    snapshot->config = world->config;
    snapshot->operator_name = "ana";
    snapshot->os_user = "ana";
    snapshot->host = "bastion-2";
    snapshot->now_ms = WORLD_NOW_MS;
    snapshot->wall_ms = WORLD_WALL_MS;
    snapshot->files = mig_seen_files_new();
    for (size_t i = 0; i < snapshot->env_count; i++)
        snapshot->envs[i].env = &world->config->environments[i];
    world->snapshot = snapshot;
}

void snapshot_world_init(struct snapshot_world *world)
{
    world->config = load(config_text);
    open_console(world);
}

void snapshot_world_end(struct snapshot_world *world)
{
    mig_unshare(world->snapshot);
    cfg_config_free(world->config);
}

const struct cfg_environment *world_env(const struct snapshot_world *world, const char *name)
{
    return name ? cfg_environment_find(world->config, name) : NULL;
}

struct mig_snap_env *world_snap(const struct snapshot_world *world, const char *name)
{
    for (size_t i = 0; i < world->snapshot->env_count; i++) {
        if (strcmp(world->snapshot->envs[i].env->name, name) == 0)
            return &world->snapshot->envs[i];
    }
    fail_msg("no environment %s", name);
    return NULL;
}

/* ---- files ---- */

static void read_files(struct snapshot_world *world, const struct mig_file *files, size_t count)
{
    struct mig_seen_files *seen = mig_seen_files_new();
    mig_catalog_free(seen->catalog);
    seen->catalog = mig_catalog_build("migrations", files, count, NULL, "migtui_", MIG_CATALOG_KEEP_TEXT,
                                      &seen->problems);
    if (seen->problems.count > 0)
        fail_msg("%s", seen->problems.items[0].message);
    mig_unshare(world->snapshot->files);
    world->snapshot->files = seen;
}

static void story_files(struct snapshot_world *world)
{
    struct mig_file files[STORY_FILES];
    for (size_t i = 0; i < STORY_FILES; i++)
        files[i] = (struct mig_file){ .name = story_files_of[i].name,
                                      .text = story_files_of[i].text,
                                      .len = strlen(story_files_of[i].text) };
    read_files(world, files, STORY_FILES);
}

/* ---- histories ---- */

static int64_t at(const char *iso)
{
    int64_t ms = 0;
    if (!mig_time_parse(iso, &ms))
        fail_msg("no time: %s", iso);
    return ms;
}

static struct mig_record *add_record(struct mig_history *history, const struct mig_catalog *catalog,
                                     const struct story_record *row)
{
    const struct mig_migration *file = mig_catalog_find(catalog, row->version);
    history->records = mig_grow(history->records, history->count, &history->room, sizeof *history->records);
    struct mig_record *record = &history->records[history->count++];
    *record = (struct mig_record){
        .version = mig_strdup(row->version),
        .title = mig_strdup(file ? file->title : row->title),
        .state = row->state,
        .run = mig_strdup(row->run),
        .attempt = 1,
        .rev = 1,
        .seq = (int64_t)history->count,
        .operator_name = mig_strdup(row->who),
        .duration_ms = row->took_ms,
    };
    *mig_record_details_own(record) =
        (struct mig_record_details){ .os_user = mig_strdup(row->who),
                                     .host = mig_strdup("bastion-2"),
                                     .error = mig_strdup_or_null(row->error),
                                     .error_step = mig_strdup_or_null(row->step),
                                     .started_at = at(row->when) };
    if (row->state != MIG_RECORD_RUNNING) { /* as a look reads it: what is over has its end alone */
        record->ended_at = record->details->started_at + row->took_ms;
        record->details->started_at = 0;
    }
    record->sem = mig_strdup(file && !row->edited ? file->sem : STORY_OTHER_DIGEST);
    record->raw = mig_strdup(file && !row->edited ? file->raw : STORY_OTHER_DIGEST);
    return record;
}

static struct mig_server server_of(const char *env)
{
    bool prod = strcmp(env, "prod") == 0;
    struct mig_server server = { .major = prod ? 7 : 8,
                                 .topology = MIG_TOPOLOGY_REPLICA_SET,
                                 .can_transactions = true };
    snprintf(server.version, sizeof server.version, "%s", prod ? "7.0.14" : "8.0.4");
    snprintf(server.set_name, sizeof server.set_name, "rs0");
    snprintf(server.primary, sizeof server.primary, "%s-1.example:27017", env);
    return server;
}

static int by_version(const void *a, const void *b)
{
    return strcmp(((const struct mig_record *)a)->version, ((const struct mig_record *)b)->version);
}

static struct mig_history *new_history(void)
{
    struct mig_history *history = mig_alloc(sizeof *history);
    snprintf(history->environment_uuid, sizeof history->environment_uuid,
             "0f8fad5b-d9cb-469f-a165-70867728950e");
    history->format = 1;
    history->server_now = WORLD_WALL_MS;
    return history;
}

/* The environment answered; history is taken. */
static void answered(struct snapshot_world *world, const char *name, struct mig_history *history,
                     int64_t age_ms)
{
    struct mig_snap_env *env = world_snap(world, name);
    struct mig_seen_env *seen = mig_seen_env_new(world->snapshot->files);
    if (history->count > 0)
        qsort(history->records, history->count, sizeof *history->records, by_version);
    mig_history_head(history, history->head);
    seen->look = (struct mig_look){ .env = env->env,
                                    .reachable = true,
                                    .server = server_of(name),
                                    .history = history,
                                    .looked_at = WORLD_WALL_MS - age_ms,
                                    .took_ms = 3 };
    mig_states_derive(seen->files->catalog, history, env->env->order, &seen->look.views);
    mig_unshare(env->seen);
    env->seen = seen;
    env->seen_ms = env->asked_ms = WORLD_NOW_MS - age_ms;
    env->next_look_ms = WORLD_NOW_MS + 2000;
}

static void hold_lock(struct mig_history *history, bool alive)
{
    struct mig_lock *lock = &history->lock;
    lock->exists = true;
    lock->token = 7;
    lock->server_now = WORLD_WALL_MS;
    lock->acquired_at = WORLD_WALL_MS - 41000;
    lock->beat_at = WORLD_WALL_MS - (alive ? 4000 : 400000);
    lock->expires_at = lock->beat_at + 30000;
    snprintf(lock->owner, sizeof lock->owner, "7d444840-9dc0-41d1-b245-5ffdce74fad2");
    snprintf(lock->run, sizeof lock->run, WORLD_RUN);
    snprintf(lock->host, sizeof lock->host, "bastion-2");
    snprintf(lock->os_user, sizeof lock->os_user, "ivo");
    snprintf(lock->command, sizeof lock->command, "apply");
    snprintf(lock->step, sizeof lock->step, "20261120090000 skus");
}

static void history_of(struct snapshot_world *world, const char *env, bool runner_alive, int64_t age_ms)
{
    struct mig_history *history = new_history();
    bool running = false;
    for (size_t i = 0; i < STORY_RECORDS; i++) {
        if (strcmp(story_records_of[i].env, env) != 0)
            continue;
        add_record(history, world->snapshot->files->catalog, &story_records_of[i]);
        running = running || story_records_of[i].state == MIG_RECORD_RUNNING;
    }
    if (running)
        hold_lock(history, runner_alive);
    answered(world, env, history, age_ms);
}

void world_drift(struct snapshot_world *world, const char *env, size_t same, const char *changed)
{
    struct mig_seen_drift *seen = mig_seen_drift_new();
    seen->counts[MIG_DRIFT_SAME] = same;
    if (changed) {
        seen->counts[MIG_DRIFT_CHANGED] = seen->drifted = 1;
        seen->first[0].drift = MIG_DRIFT_CHANGED;
        snprintf(seen->first[0].collection, sizeof seen->first[0].collection, "%s", changed);
    }
    world_answer(world, MIG_QUERY_DRIFT, env, "", seen);
}

void world_story(struct snapshot_world *world)
{
    story_files(world);
    history_of(world, "dev", true, 2000);
    history_of(world, "test", true, 2000);
    history_of(world, "prod", true, 4000);
    struct mig_seen_progress *progress = &world_snap(world, "dev")->progress;
    snprintf(progress->run, sizeof progress->run, WORLD_RUN);
    snprintf(progress->version, sizeof progress->version, "20261120090000");
    snprintf(progress->step, sizeof progress->step, "skus");
    progress->done = 29760;
    progress->total = 48000;
    progress->rate = 1204;
    world_drift(world, "dev", 7, NULL);
    world_drift(world, "test", 6, NULL);
    world_drift(world, "prod", 4, "orders");
}

void world_runner_died(struct snapshot_world *world)
{
    history_of(world, "dev", false, 2000);
    world_snap(world, "dev")->progress = (struct mig_seen_progress){ 0 };
}

void world_in_step(struct snapshot_world *world)
{
    static const char *const names[] = { "dev", "test", "prod" };
    story_files(world);
    for (size_t i = 0; i < 3; i++) {
        struct mig_history *history = new_history();
        for (size_t k = 0; k < STORY_FILES; k++) {
            struct story_record row = { .version = world->snapshot->files->catalog->items[k].version,
                                        .state = MIG_RECORD_APPLIED,
                                        .when = "2026-11-20T09:00:00Z",
                                        .took_ms = 4200,
                                        .who = "ana",
                                        .run = "01KAGW0000RUN000000STEP001" };
            add_record(history, world->snapshot->files->catalog, &row);
        }
        answered(world, names[i], history, 2000);
    }
}

void world_empty(struct snapshot_world *world)
{
    answered(world, "dev", new_history(), 1000);
    answered(world, "test", new_history(), 1000);
    answered(world, "prod", new_history(), 1000);
}

void world_dead(struct snapshot_world *world, const char *name, int64_t age_ms)
{
    struct mig_snap_env *env = world_snap(world, name);
    env->seen_ms = env->asked_ms = WORLD_NOW_MS - age_ms;
    mig_fail(&env->error, MIG_ERR_UNREACHABLE, "no server answered at %s-1.example:27017 within 5s", name);
}

void world_hostile(struct snapshot_world *world)
{
    story_files(world);
    history_of(world, "dev", true, 2000);
    struct mig_history *history = new_history();
    for (size_t i = 0; i < STORY_HOSTILE; i++)
        add_record(history, world->snapshot->files->catalog, &story_hostile_of[i]);
    answered(world, "test", history, 2000);
    history_of(world, "prod", true, 4000);
}

void world_many(struct snapshot_world *world, size_t files, size_t environments)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, 1 << 16);
    mig_buf_str(&text, "version: 1\nproject: many\nenvironments:\n");
    for (size_t i = 0; i < environments; i++)
        mig_buf_printf(&text, "  - { name: env%zu, uri: \"${MONGO_URL_%zu}\", database: shop }\n", i, i);
    snapshot_world_end(world);
    world->config = load(text.text);
    open_console(world);
    static const char body[] = "{\"migtui\": 1, \"title\": \"one of many\", \"up\": [{\"id\": \"a\", "
                               "\"dropCollection\": {\"collection\": \"c\"}}]}";
    struct mig_file *items = mig_alloc_n(files, sizeof *items);
    for (size_t i = 0; i < files; i++)
        items[i] = (struct mig_file){ .name = mig_printf("%05zu_many.jsonc", i + 1),
                                      .text = body,
                                      .len = sizeof body - 1 };
    read_files(world, items, files);
    for (size_t i = 0; i < files; i++)
        free((void *)(uintptr_t)items[i].name);
    free(items);
    for (size_t e = 0; e < environments; e++) {
        struct mig_history *history = new_history();
        for (size_t i = 0; i < files; i++) {
            struct story_record row = { .version = world->snapshot->files->catalog->items[i].version,
                                        .state = MIG_RECORD_APPLIED,
                                        .when = "2026-11-20T09:00:00Z",
                                        .run = "01KAGW0000RUN000000MANY001",
                                        .who = "ana" };
            add_record(history, world->snapshot->files->catalog, &row);
        }
        answered(world, world->config->environments[e].name, history, 2000);
    }
}

static void year_files(struct snapshot_world *world)
{
    static const char *const acts[] = { "index", "backfill", "split",   "drop",  "rename",
                                        "merge", "validate", "archive", "count", "seed" };
    static const char *const things[] = {
        "orders by customer",      "the full name",        "sessions after a day", "currency codes",
        "addresses into lines",    "refunds of last year", "stock per shelf",      "carts nobody wants",
        "emails in small letters", "invoices by month",    "price lists"
    };
    static const struct {
        const char *before, *after;
    } steps[] = {
        { "createIndexes\": {\"collection\": \"",
          "\", \"indexes\": [{\"key\": {\"a\": 1}, \"name\": \"a_1\"}]" },
        { "createCollection\": {\"collection\": \"", "\"" },
        { "batch\": {\"collection\": \"",
          "\", \"filter\": {\"v\": 1}, \"update\": {\"$set\": {\"v\": 2}}, \"exactlyOnce\": \"marker\"" },
    };
    static const char *const collections[] = { "orders", "users", "sessions", "stock", "invoices" };
    struct mig_file files[WORLD_YEAR];
    for (size_t i = 0; i < WORLD_YEAR; i++) {
        size_t kind = i % MIG_COUNT(steps);
        char *text =
            mig_printf("{\"migtui\": 1, \"title\": \"%s %s\", \"up\": [{\"id\": \"s\", \"%s%s%s}}]}",
                       acts[i % MIG_COUNT(acts)], things[i * 7 % MIG_COUNT(things)], steps[kind].before,
                       collections[i % MIG_COUNT(collections)], steps[kind].after);
        files[i] = (struct mig_file){ .name = mig_printf("2026%02zu%02zu%02zu%02zu00_%s_%zu.jsonc", 1 + i / 6,
                                                         1 + i * 5 % 28, 8 + i % 9, i * 17 % 60,
                                                         acts[i % MIG_COUNT(acts)], i),
                                      .text = text,
                                      .len = strlen(text) };
    }
    read_files(world, files, WORLD_YEAR);
    for (size_t i = 0; i < WORLD_YEAR; i++) {
        free((void *)(uintptr_t)files[i].name);
        free((void *)(uintptr_t)files[i].text);
    }
}

void world_year(struct snapshot_world *world)
{
    static const struct {
        const char *env;
        size_t behind;
    } rows[] = { { "dev", 0 }, { "test", 3 }, { "prod", 8 } };
    static const char *const operators[] = { "ana", "ivo", "mia", "ci" };
    year_files(world);
    const struct mig_catalog *catalog = world->snapshot->files->catalog;
    for (size_t e = 0; e < MIG_COUNT(rows); e++) {
        struct mig_history *history = new_history();
        for (size_t i = 0; i + rows[e].behind < catalog->count; i++) {
            char when[32];
            snprintf(when, sizeof when, "2026-%02zu-%02zuT%02zu:%02zu:00Z", 1 + i / 6, 1 + (i * 5 + e) % 28,
                     9 + i % 9, (i * 23 + e * 7) % 60);
            struct story_record row = { .version = catalog->items[i].version,
                                        .state = MIG_RECORD_APPLIED,
                                        .when = when,
                                        .took_ms = (int64_t)(i * 37 % 100) * (int64_t)(10 + 900 * e),
                                        .who = operators[(i + e) % MIG_COUNT(operators)],
                                        .run = "01KAGW0000RUN000000YEAR001" };
            add_record(history, catalog, &row);
        }
        answered(world, rows[e].env, history, 2000);
    }
}

/* ---- answers ---- */

void world_part(struct snapshot_world *world, struct mig_snap_answer *answer, const char *env, bool there,
                const char *failed)
{
    answer->parts = mig_realloc_n(answer->parts, answer->part_count + 1, sizeof *answer->parts);
    struct mig_snap_part *part = &answer->parts[answer->part_count++];
    *part = (struct mig_snap_part){ .env = world_env(world, env),
                                    .there = there,
                                    .asked_ms = there ? answer->asked_ms : 0 };
    if (failed)
        mig_fail(&part->error, MIG_ERR_FAILED, "%s", failed);
}

struct mig_snap_answer *world_answer(struct snapshot_world *world, enum mig_query_kind kind, const char *env,
                                     const char *argument, void *take_value)
{
    struct mig_snapshot *snapshot = world->snapshot;
    for (size_t i = 0; i < snapshot->answer_count; i++) {
        struct mig_snap_answer *old = &snapshot->answers[i];
        if (old->kind == kind && old->env == world_env(world, env) &&
            strcmp(old->argument, argument ? argument : "") == 0) {
            mig_unshare(old->value);
            old->value = take_value;
            return old;
        }
    }
    snapshot->answers =
        mig_realloc_n(snapshot->answers, snapshot->answer_count + 1, sizeof *snapshot->answers);
    struct mig_snap_answer *answer = &snapshot->answers[snapshot->answer_count++];
    *answer = (struct mig_snap_answer){ .kind = kind,
                                        .env = world_env(world, env),
                                        .argument = mig_strdup(argument),
                                        .value = take_value,
                                        .asked_ms = WORLD_NOW_MS - 2000,
                                        .waiting = take_value == NULL };
    return answer;
}

struct mig_seen_rows *world_rows(const char *const *rows)
{
    struct mig_seen_rows *seen = mig_seen_rows_new();
    while (rows[seen->count])
        seen->count++;
    seen->items = mig_alloc_n(seen->count, sizeof *seen->items);
    for (size_t i = 0; i < seen->count; i++)
        seen->items[i] = doc_json(rows[i]);
    return seen;
}

struct mig_seen_log *world_log(const char *const *events, bool over)
{
    struct mig_seen_rows *rows = world_rows(events);
    struct mig_log_chunk *chunk = mig_log_chunk_new();
    struct mig_seen_log *log = mig_seen_log_new();
    for (size_t i = 0; i < rows->count; i++)
        mig_log_chunk_add(chunk, rows->items[i]);
    mig_unshare(rows);
    log->chunks = mig_alloc_n(1, sizeof(struct mig_log_chunk *));
    log->chunks[log->chunk_count++] = chunk;
    log->count = chunk->count;
    log->over = over;
    return log;
}

static void add_gate(struct mig_plan *plan, const char *name, enum mig_gate_state state, const char *reason,
                     const char *remedy)
{
    plan->gates = mig_realloc_n(plan->gates, plan->gate_count + 1, sizeof *plan->gates);
    struct mig_gate *gate = &plan->gates[plan->gate_count++];
    *gate = (struct mig_gate){ .name = name, .state = state };
    snprintf(gate->reason, sizeof gate->reason, "%s", reason);
    snprintf(gate->remedy, sizeof gate->remedy, "%s", remedy);
}

static void plan_on(struct snapshot_world *world, const char *env, const char *words, bool counted,
                    bool fresh)
{
    struct mig_seen_plan *seen = mig_seen_plan_new(world->snapshot->files);
    struct mig_history *history = new_history();
    bool back =
        strncmp(words, "--down", 6) == 0; /* is planned on what is applied, as if nothing else were there */
    for (size_t i = 0; i < STORY_RECORDS && !fresh; i++) {
        bool kept = !back || story_records_of[i].state == MIG_RECORD_APPLIED;
        if (kept && strcmp(story_records_of[i].env, env) == 0)
            add_record(history, seen->files->catalog, &story_records_of[i]);
    }
    if (history->count > 0)
        qsort(history->records, history->count, sizeof *history->records, by_version);
    mig_history_head(history, history->head);
    seen->look = (struct mig_look){
        .env = world_env(world, env), .reachable = true, .server = server_of(env), .history = history
    };
    mig_states_derive(seen->files->catalog, history, MIG_ORDER_SKIP, &seen->look.views);
    struct mig_selection selection = { 0 };
    const char *versions[2] = { NULL, NULL };
    if (strncmp(words, "--to ", 5) == 0)
        selection.to = words + 5;
    if (strncmp(words, "--down", 6) == 0)
        selection.direction = MIG_DOWN;
    if (strncmp(words, "--down ", 7) == 0) {
        versions[0] = words + 7;
        selection.versions = versions;
    }
    struct mig_plan_input input = { .environment = env,
                                    .database = "shop",
                                    .order = MIG_ORDER_SKIP,
                                    .catalog = seen->files->catalog,
                                    .history = history,
                                    .views = &seen->look.views,
                                    .server = &seen->look.server,
                                    .selection = &selection };
    if (mig_plan_build(&input, &seen->plan, &seen->refused)) {
        add_gate(seen->plan, "files", MIG_GATE_OK, "", "");
        add_gate(seen->plan, "lock", MIG_GATE_OK, "", "");
        if (strcmp(env, "prod") == 0) {
            add_gate(seen->plan, "backup", MIG_GATE_FAILED, "the newest is 31h old, at most 24h are allowed",
                     "migtui backup take --env prod");
            add_gate(seen->plan, "approvals", MIG_GATE_FAILED, "0 of 2", "migtui request --env prod");
            add_gate(seen->plan, "replication lag", MIG_GATE_UNKNOWN, "the server did not tell", "");
        }
        for (size_t i = 0; counted && i < seen->plan->count; i++) {
            for (size_t k = 0; k < seen->plan->items[i].step_count; k++)
                seen->plan->items[i].steps[k].estimate = (int64_t)(i + 1) * 310442 * (int64_t)(k == 0);
        }
    }
    world_answer(world, counted ? MIG_QUERY_DRY_RUN : MIG_QUERY_PLAN, env, words, seen);
}

void world_plan(struct snapshot_world *world, const char *env, const char *words, bool counted)
{
    plan_on(world, env, words, counted, false);
}

void world_plan_all(struct snapshot_world *world, const char *env, bool counted)
{
    plan_on(world, env, "", counted, true);
}
