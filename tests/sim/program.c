/* program.c - migrations by the dice. */
#include "sim/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rows.h"

#define DOCUMENTS 40

/* A migration being written. tag names the step, so that its marks are its own. */
struct draft {
    struct sim_rng *rng;
    struct mig_buf *up, *down;
    char tag[24];
    const char *coll; /* one that this migration made; "" */
    char made[40];
    int index; /* an index of this migration; -1 */
    bool transactions, reversible;
    int up_count, down_count;
};

static void up(struct draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void down(struct draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void up(struct draft *d, const char *fmt, ...)
{
    va_list args;
    mig_buf_printf(d->up, "%s\n    {\"id\": \"%s\", ", d->up_count++ ? "," : "", d->tag);
    va_start(args, fmt);
    mig_buf_vprintf(d->up, fmt, args);
    va_end(args);
    mig_buf_str(d->up, "}");
}

/* Steps back are run in the order they are written, so each goes before those that are there. */
static void down(struct draft *d, const char *fmt, ...)
{
    va_list args;
    struct mig_buf step;
    mig_buf_init(&step, 4000);
    mig_buf_printf(&step, "\n    {\"id\": \"d%s\", ", d->tag);
    va_start(args, fmt);
    mig_buf_vprintf(&step, fmt, args);
    va_end(args);
    mig_buf_printf(&step, "}%s%s", d->down_count++ ? "," : "", d->down->len ? d->down->text : "");
    mig_buf_reset(d->down);
    mig_buf_str(d->down, step.text);
    mig_buf_done(&step);
}

static int any(struct draft *d, int below)
{
    return (int)sim_below(d->rng, (uint64_t)below);
}

/* ---- steps ---- */

static void insert(struct draft *d)
{
    up(d,
       "\"insert\": {\"collection\": \"notes\", \"documents\": [{\"_id\": \"%s-a\", \"v\": 1}, {\"_id\": \"%s-b\"}]}",
       d->tag, d->tag);
    down(
        d,
        "\"delete\": {\"collection\": \"notes\", \"deletes\": [{\"q\": {\"_id\": {\"$in\": [\"%s-a\", \"%s-b\"]}}, "
        "\"limit\": 0}]}",
        d->tag, d->tag);
}

static void update_one(struct draft *d)
{
    int id = any(d, DOCUMENTS);
    up(d,
       "\"update\": {\"collection\": \"people\", \"updates\": [{\"q\": {\"_id\": %d}, \"u\": {\"$inc\": {\"n_%s\": 1}}}]}, "
       "\"expect\": {\"matched\": 1}",
       id, d->tag);
    down(
        d,
        "\"update\": {\"collection\": \"people\", \"updates\": [{\"q\": {\"_id\": %d}, \"u\": {\"$inc\": {\"n_%s\": -1}}}]}",
        id, d->tag);
}

static void update_many(struct draft *d)
{
    up(d,
       "\"update\": {\"collection\": \"towns\", \"updates\": [{\"q\": {}, \"u\": {\"$inc\": {\"n_%s\": 1}}, \"multi\": true}]}",
       d->tag);
    down(
        d,
        "\"update\": {\"collection\": \"towns\", \"updates\": [{\"q\": {}, \"u\": {\"$inc\": {\"n_%s\": -1}}, \"multi\": true}]}",
        d->tag);
}

static void update_verified(struct draft *d)
{
    int id = any(d, DOCUMENTS);
    up(d,
       "\"update\": {\"collection\": \"people\", \"updates\": [{\"q\": {\"_id\": %d}, \"u\": {\"$inc\": {\"n_%s\": 1}}}]}, "
       "\"verify\": {\"collection\": \"people\", \"filter\": {\"n_%s\": 1}, \"count\": 1}",
       id, d->tag, d->tag);
    down(
        d,
        "\"update\": {\"collection\": \"people\", \"updates\": [{\"q\": {\"_id\": %d}, \"u\": {\"$unset\": {\"n_%s\": \"\"}}}]}",
        id, d->tag);
}

static void delete_one(struct draft *d)
{
    int id = any(d, DOCUMENTS);
    up(d, "\"delete\": {\"collection\": \"junk\", \"deletes\": [{\"q\": {\"_id\": %d}, \"limit\": 1}]}", id);
    d->reversible = false;
}

static void transaction(struct draft *d)
{
    if (!d->transactions) {
        insert(d);
        return;
    }
    int id = any(d, DOCUMENTS);
    up(d,
       "\"transaction\": [{\"update\": {\"collection\": \"people\", \"updates\": [{\"q\": {\"_id\": %d}, "
       "\"u\": {\"$inc\": {\"n_%s\": 1}}}]}%s}, {\"insert\": {\"collection\": \"notes\", \"documents\": [{\"_id\": \"%s\"}]}}]",
       id, d->tag, any(d, 2) ? ", \"expect\": {\"matched\": 1}" : "", d->tag);
    down(
        d,
        "\"transaction\": [{\"update\": {\"collection\": \"people\", \"updates\": [{\"q\": {\"_id\": %d}, "
        "\"u\": {\"$inc\": {\"n_%s\": -1}}}]}}, {\"delete\": {\"collection\": \"notes\", \"deletes\": [{\"q\": {\"_id\": \"%s\"}, "
        "\"limit\": 1}]}}]",
        id, d->tag, d->tag);
}

static void batch_marker(struct draft *d)
{
    int workers = 1 + any(d, 3);
    up(d,
       "\"batch\": {\"collection\": \"people\", \"filter\": {\"k_%s\": {\"$exists\": false}}, \"update\": "
       "{\"$set\": {\"k_%s\": 1}, \"$inc\": {\"n_%s\": 1}}, \"size\": 16, \"workers\": %d, \"exactlyOnce\": \"marker\"}",
       d->tag, d->tag, d->tag, workers);
    down(
        d,
        "\"batch\": {\"collection\": \"people\", \"filter\": {\"k_%s\": 1}, \"update\": "
        "{\"$unset\": {\"k_%s\": \"\"}, \"$inc\": {\"n_%s\": -1}}, \"size\": 16, \"exactlyOnce\": \"marker\"}",
        d->tag, d->tag, d->tag);
}

static void batch_transaction(struct draft *d)
{
    if (!d->transactions) {
        batch_marker(d);
        return;
    }
    up(d,
       "\"batch\": {\"collection\": \"people\", \"filter\": {}, \"update\": {\"$inc\": {\"n_%s\": 1}}, \"size\": 16, "
       "\"exactlyOnce\": \"transaction\"}",
       d->tag);
    down(
        d,
        "\"batch\": {\"collection\": \"people\", \"filter\": {}, \"update\": {\"$inc\": {\"n_%s\": -1}}, \"size\": 16, "
        "\"exactlyOnce\": \"transaction\"}",
        d->tag);
}

static void batch_idempotent(struct draft *d)
{
    up(d,
       "\"batch\": {\"collection\": \"people\", \"filter\": {}, \"update\": {\"$set\": {\"shared\": \"%s\"}}, \"size\": 16, "
       "\"workers\": 2, \"exactlyOnce\": \"idempotent\"}",
       d->tag);
    d->reversible = false;
}

static void batch_delete(struct draft *d)
{
    up(d,
       "\"batch\": {\"collection\": \"junk\", \"filter\": {\"age\": {\"$gte\": %d}}, \"delete\": true, \"size\": 16}",
       any(d, 9));
    d->reversible = false;
}

static void create(struct draft *d)
{
    snprintf(d->made, sizeof d->made, "c_%s", d->tag);
    d->coll = d->made;
    up(d, "\"createCollection\": {\"collection\": \"%s\"}", d->made);
    down(d, "\"dropCollection\": {\"collection\": \"%s\"}", d->made);
}

static void fill(struct draft *d)
{
    if (!*d->coll) {
        create(d);
        return;
    }
    up(d, "\"insert\": {\"collection\": \"%s\", \"documents\": [{\"_id\": \"%s\"}]}", d->coll, d->tag);
    down(d, "\"delete\": {\"collection\": \"%s\", \"deletes\": [{\"q\": {\"_id\": \"%s\"}, \"limit\": 1}]}",
         d->coll, d->tag);
}

static void rename_it(struct draft *d)
{
    char to[40];
    if (!*d->coll) {
        create(d);
        return;
    }
    snprintf(to, sizeof to, "r_%s", d->tag);
    up(d, "\"renameCollection\": {\"collection\": \"%s\", \"to\": \"%s\"}", d->coll, to);
    down(d, "\"renameCollection\": {\"collection\": \"%s\", \"to\": \"%s\"}", to, d->coll);
    snprintf(d->made, sizeof d->made, "%s", to);
}

/* The dangerous pair: what is dropped is made anew, and a late drop would take the new one. */
static void replace(struct draft *d)
{
    char tag[sizeof d->tag];
    memcpy(tag, d->tag, sizeof tag);
    up(d, "\"dropCollection\": {\"collection\": \"cache\"}");
    snprintf(d->tag, sizeof d->tag, "%.20sx", tag);
    up(d, "\"createCollection\": {\"collection\": \"cache\"}");
    snprintf(d->tag, sizeof d->tag, "%.20sy", tag);
    up(d, "\"insert\": {\"collection\": \"cache\", \"documents\": [{\"_id\": \"%s\"}]}", d->tag);
    d->reversible = false;
}

static void add_index(struct draft *d)
{
    static const char *const options[] = { "", ", \"sparse\": true", ", \"expireAfterSeconds\": 3600" };
    up(d,
       "\"createIndexes\": {\"collection\": \"people\", \"indexes\": [{\"key\": {\"%s\": 1}, \"name\": \"i_%s\"%s}]}",
       d->tag, d->tag, options[any(d, 3)]);
    down(d, "\"dropIndexes\": {\"collection\": \"people\", \"index\": \"i_%s\"}", d->tag);
}

static void hide_index(struct draft *d)
{
    up(d, "\"hideIndex\": {\"collection\": \"people\", \"index\": \"by_name\", \"hidden\": %s}",
       any(d, 2) ? "true" : "false");
    d->reversible = false;
}

static void drop_index(struct draft *d)
{
    up(d, "\"dropIndexes\": {\"collection\": \"people\", \"index\": \"by_town\"}, \"ifMissing\": \"same\"");
    d->reversible = false;
}

static void coll_mod(struct draft *d)
{
    up(d, "\"collMod\": {\"collection\": \"towns\", \"validationLevel\": \"%s\"}",
       any(d, 2) ? "moderate" : "off");
    d->reversible = false;
}

static void view(struct draft *d)
{
    up(d, "\"createView\": {\"collection\": \"v_%s\", \"viewOn\": \"people\", \"pipeline\": []}", d->tag);
    down(d, "\"dropCollection\": {\"collection\": \"v_%s\"}", d->tag);
}

static void assertion(struct draft *d)
{
    bool wrong = any(d, 8) == 0; /* then somebody has to decide */
    up(d, "\"assert\": {\"collection\": \"people\", \"filter\": {}, \"count\": %d}", wrong ? 1 : DOCUMENTS);
}

static void command(struct draft *d)
{
    up(d,
       "\"command\": {\"run\": {\"update\": \"towns\", \"updates\": [{\"q\": {}, \"u\": {\"$set\": {\"w_%s\": 1}}, "
       "\"multi\": true}]}, \"idempotent\": true}",
       d->tag);
    d->reversible = false;
}

/* Those whose inverse the engine can derive. */
static void (*const undoable[])(struct draft *) = {
    insert,     create,     fill,     fill, rename_it, add_index,
    hide_index, drop_index, coll_mod, view, assertion, insert,
};

static void (*const kinds[])(struct draft *) = {
    insert,       update_one,        update_many,      update_verified, delete_one, transaction,
    batch_marker, batch_transaction, batch_idempotent, batch_delete,    create,     fill,
    rename_it,    replace,           add_index,        hide_index,      drop_index, coll_mod,
    view,         assertion,         command,          insert,          update_one, transaction,
};

/* ---- migrations ---- */

static void make_one(struct sim_program *program, size_t number, struct sim_rng *rng, bool transactions)
{
    struct mig_buf up_steps, down_steps, text;
    mig_buf_init(&up_steps, 64000);
    mig_buf_init(&down_steps, 64000);
    mig_buf_init(&text, 200000);
    struct draft d = { .rng = rng,
                       .up = &up_steps,
                       .down = &down_steps,
                       .coll = "",
                       .transactions = transactions,
                       .reversible = true };
    bool small = sim_chance(rng, 40); /* one that travels in a group */
    size_t steps = 1 + sim_below(rng, small ? 3 : 6);
    bool derived = program->derives && sim_chance(rng, 60);
    for (size_t i = 0; i < steps; i++) {
        snprintf(d.tag, sizeof d.tag, "m%zus%zu", number, i);
        if (derived && small)
            insert(&d);
        else if (derived)
            undoable[sim_below(rng, MIG_COUNT(undoable))](&d);
        else if (small)
            kinds[sim_below(rng, 2) ? 0 : 1](&d);
        else
            kinds[sim_below(rng, MIG_COUNT(kinds))](&d);
    }
    mig_buf_printf(&text, "{\"migtui\": 1, \"title\": \"number %zu\", \"up\": [%s]", number, up_steps.text);
    if (!derived && d.reversible && d.down_count > 0)
        mig_buf_printf(&text, ", \"down\": [%s]", down_steps.text);
    else if (!derived)
        mig_buf_str(&text, ", \"down\": {\"irreversible\": \"nobody wrote the way back\"}");
    mig_buf_str(&text, "}\n");
    program->names[number] = mig_printf("2026010100000%zu_m%zu.jsonc", number, number);
    program->texts[number] = mig_strdup(text.text);
    program->files[number] = (struct mig_file){ program->names[number], program->texts[number], text.len };
    mig_buf_done(&up_steps);
    mig_buf_done(&down_steps);
    mig_buf_done(&text);
}

void sim_program_make(struct sim_program *program, struct sim *sim, bool transactions)
{
    struct sim_rng rng = { sim_mix64(sim->seed, 3) };
    struct mig_problems problems = { 0 };
    *program = (struct sim_program){ .derives = sim_mix64(sim->seed, 6) % 4 == 0 };
    program->count = 1 + sim_below(&rng, SIM_MIGRATIONS_MAX - 4);
    for (size_t i = 0; i < program->count; i++)
        make_one(program, i, &rng, transactions);
    program->catalog = sim_program_catalog(program, 0, &problems);
    if (problems.count > 0)
        sim_fail(sim, "the simulator wrote a bad migration: %s", problems.items[0].message);
    for (size_t i = 0; i < program->count; i++)
        SIM_SAY(sim, "FILE %s %s", program->names[i], program->texts[i]);
    mig_problems_done(&problems);
}

struct mig_catalog *sim_program_catalog(const struct sim_program *program, unsigned flags,
                                        struct mig_problems *problems)
{
    return mig_catalog_build("migrations", program->files, program->count, NULL, "migtui_", flags, problems);
}

void sim_program_done(struct sim_program *program)
{
    for (size_t i = 0; i < program->count; i++) {
        free(program->names[i]);
        free(program->texts[i]);
    }
    mig_catalog_free(program->catalog);
}

/* ---- data ---- */

static void put(struct sim_coll *coll, int id, const char *field, int value)
{
    bson_t *doc = BCON_NEW("_id", BCON_INT32(id), field, BCON_INT32(value));
    sim_coll_put(coll, doc);
    bson_destroy(doc);
}

static void put_index(struct sim_coll *coll, const char *place, const char *name, const char *field)
{
    bson_t *spec =
        BCON_NEW("v", BCON_INT32(2), "key", "{", field, BCON_INT32(1), "}", "name", BCON_UTF8(name));
    BSON_APPEND_DOCUMENT(&coll->meta->indexes, place, spec);
    bson_destroy(spec);
}

struct sim_state *sim_program_data(struct sim *sim)
{
    static const char *const names[] = { "people", "towns", "junk", "notes", "cache" };
    struct sim_state *state = sim_state_new();
    struct sim_coll *colls[MIG_COUNT(names)];
    (void)sim;
    for (size_t i = 0; i < MIG_COUNT(names); i++) {
        uint8_t uuid[16] = { 200, (uint8_t)i };
        colls[i] = sim_state_create(state, names[i], uuid);
    }
    for (int i = 0; i < DOCUMENTS; i++) {
        put(colls[0], i, "name", i * 7);
        put(colls[2], i, "age", i % 10);
    }
    for (int i = 0; i < 20; i++)
        put(colls[1], i, "size", i);
    put(colls[4], 1, "old", 1);
    put_index(colls[0], "1", "by_name", "name");
    put_index(colls[0], "2", "by_town", "town");
    return state;
}
