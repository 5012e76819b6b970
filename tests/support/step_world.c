/* step_world.c - see step_world.h. */
#include "support/step_world.h"

#include <string.h>

#include "base/cleanup.h"
#include "support/step_json.h"

void step_world_init(struct step_world *world)
{
    memset(world, 0, sizeof *world);
    world->script = store_script_new("shop");
    host_fake_init(&world->host);
    world->server = (struct mig_server){
        .version = "8.0.4",
        .major = 8,
        .topology = MIG_TOPOLOGY_REPLICA_SET,
        .can_transactions = true,
    };
    world->ctx = (struct mig_step_context){
        .store = store_script_store(world->script),
        .host = &world->host.base,
        .server = &world->server,
        .comment = "migtui run=R1 token=7 step=s1",
        .max_time_ms = 9000,
        .labels = &world->labels,
        .project_dir = "project",
    };
}

void step_world_end(struct step_world *world)
{
    store_script_end(world->script);
}

static void load(struct step_world *world, const struct step_line *lines)
{
    for (size_t i = 0; lines && i < STEP_LINES && lines[i].wanted; i++)
        script_reply(world->script, lines[i].wanted, lines[i].reply);
    mig_error_clear(&world->err);
}

enum mig_step_end step_world_execute(struct step_world *world, const char *text, const char *pre_text,
                                     const struct step_line *lines, bson_t **ret_result)
{
    AUTOSTEP step = step_json(text);
    MIG_AUTOBSON bson_t *pre = doc_json(pre_text ? pre_text : "{}");
    bson_t result;
    load(world, lines);
    enum mig_step_end end = mig_step_execute(&world->ctx, step, pre, &result, &world->err);
    *ret_result = bson_copy(&result);
    bson_destroy(&result);
    return end;
}

enum mig_probe step_world_probe(struct step_world *world, const char *text, const char *pre_text,
                                const struct step_line *lines, char *evidence, size_t size)
{
    AUTOSTEP step = step_json(text);
    MIG_AUTOBSON bson_t *pre = doc_json(pre_text ? pre_text : "{}");
    load(world, lines);
    return mig_step_probe(&world->ctx, step, pre, evidence, size, &world->err);
}

bson_t *step_world_prestate(struct step_world *world, const char *text, const struct step_line *lines)
{
    AUTOSTEP step = step_json(text);
    bson_t pre;
    load(world, lines);
    bool ok = mig_step_prestate(&world->ctx, step, &pre, &world->err);
    bson_t *ret = ok ? bson_copy(&pre) : NULL;
    bson_destroy(&pre);
    return ret;
}
