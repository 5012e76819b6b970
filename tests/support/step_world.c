/* step_world.c - see step_world.h. */
#include "support/step_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/doc.h"
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

void step_world_play(const struct step_scene *scenes, size_t count, struct mig_txn *txn)
{
    for (size_t i = 0; i < count; i++) {
        const struct step_scene *scene = &scenes[i];
        struct step_world world;
        step_world_init(&world);
        world.ctx.txn = txn;
        MIG_AUTOBSON bson_t *result = NULL;
        enum mig_step_end end = step_world_execute(&world, scene->step, scene->pre, scene->lines, &result);
        if (end != scene->end || (scene->words && !strstr(world.err.message, scene->words)))
            fail_msg("scene %zu: %s\n  ended %d '%s'", i, scene->step, end, world.err.message);
        if (scene->result) {
            MIG_AUTOBSON bson_t *wanted = doc_json(scene->result);
            MIG_AUTOFREE char *text = bson_as_relaxed_extended_json(result, NULL);
            bson_iter_t a, b;
            assert_int_equal(bson_count_keys(wanted), bson_count_keys(result));
            assert_true(bson_iter_init(&a, wanted) && bson_iter_init(&b, result));
            while (bson_iter_next(&a) && bson_iter_next(&b)) {
                if (strcmp(bson_iter_key(&a), bson_iter_key(&b)) != 0 || !mig_value_equal(&a, &b))
                    fail_msg("scene %zu: %s\n  result %s, not %s", i, scene->step, text, scene->result);
            }
        }
        step_world_end(&world);
    }
}
