/* sim.c - clock, queue, chance, faults and trace. */
#include "sim/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sim/task.h"

static const struct {
    const char *word;
    unsigned rate;
} faults[SIM_FAULTS] = {
#define X(name, word, rate) [name] = { word, rate },
    SIM_FAULT_TABLE(X)
#undef X
};

/* ---- chance (splitmix64, Steele, Lea and Flood 2014) ---- */

uint64_t sim_mix64(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9e3779b97f4a7c15U + b + 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

uint64_t sim_next(struct sim_rng *rng)
{
    rng->state += 0x9e3779b97f4a7c15U;
    return sim_mix64(rng->state, 0);
}

uint64_t sim_below(struct sim_rng *rng, uint64_t below)
{
    return below ? sim_next(rng) % below : 0;
}

bool sim_chance(struct sim_rng *rng, unsigned percent)
{
    return sim_below(rng, 100) < percent;
}

int64_t sim_skewed(struct sim_rng *rng, int64_t from, int64_t to)
{
    int64_t span = to - from;
    int shift = (int)sim_below(rng, 14) - 4;
    shift = shift > 0 ? shift : 0;
    return from + (int64_t)sim_below(rng, (uint64_t)(span >> shift) + 1);
}

/* ---- the queue ---- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_us < b->at_us || (a->at_us == b->at_us && a->order < b->order);
}

void sim_at(struct sim *sim, int64_t at_us, sim_event_fn fn, void *context, uint64_t argument)
{
    struct sim_event event = { at_us > sim->now_us ? at_us : sim->now_us, sim->order++, fn, context,
                               argument };
    sim->queue = mig_grow(sim->queue, sim->queued, &sim->queue_room, sizeof *sim->queue);
    size_t i = sim->queued++;
    for (; i > 0 && before(&event, &sim->queue[(i - 1) / 2]); i = (i - 1) / 2)
        sim->queue[i] = sim->queue[(i - 1) / 2];
    sim->queue[i] = event;
}

static struct sim_event take_first(struct sim *sim)
{
    struct sim_event first = sim->queue[0];
    struct sim_event last = sim->queue[--sim->queued];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= sim->queued)
            break;
        if (child + 1 < sim->queued && before(&sim->queue[child + 1], &sim->queue[child]))
            child++;
        if (!before(&sim->queue[child], &last))
            break;
        sim->queue[i] = sim->queue[child];
        i = child;
    }
    sim->queue[i] = last;
    return first;
}

/* ---- life ---- */

/* A seed's character: which troubles, and how thick. One in sixteen has none, which shows what the faults cost. */
static void draw_faults(struct sim *sim)
{
    struct sim_rng rng = { sim_mix64(sim->seed, 1) };
    unsigned percent = 25 + (unsigned)sim_below(&rng, 300);
    uint64_t mood = sim_below(&rng, 16);
    uint64_t chosen = sim_next(&rng) & sim_next(&rng); /* a quarter of the kinds */
    if (mood < 4)
        chosen = UINT64_C(1) << sim_below(&rng, SIM_FAULTS); /* one kind alone */
    else if (mood < 6)
        chosen = UINT64_MAX;
    for (int i = 0; i < SIM_FAULTS; i++)
        sim->rates[i] = mood < 15 && (chosen >> i & 1) ? faults[i].rate * percent / 100 : 0;
}

void sim_init(struct sim *sim, uint64_t seed, const struct sim_options *options)
{
    *sim = (struct sim){ .seed = seed, .options = *options, .hash = 14695981039346656037U };
    sim->rng.state = sim_mix64(seed, 2);
    static const int64_t paces[] = { 1, 1, 3, 10, 40, 150 };
    sim->pace = paces[sim_mix64(seed, 6) % (sizeof paces / sizeof paces[0])];
    draw_faults(sim);
}

void sim_done(struct sim *sim)
{
    sim_tasks_end(sim);
    free(sim->queue);
    free(sim->fired);
}

void sim_run(struct sim *sim, bool (*over)(void *context), void *context)
{
    while (sim->queued > 0 && !sim->failed && !over(context)) {
        struct sim_event event = take_first(sim);
        sim->now_us = event.at_us;
        sim->events++;
        event.fn(sim, event.context, event.argument);
    }
}

/* ---- faults ---- */

const char *sim_fault_word(enum sim_fault fault)
{
    return faults[fault].word;
}

void sim_fault_name(uint64_t key, char *ret, size_t size)
{
    snprintf(ret, size, "%s:%" PRIu64, faults[key >> 40].word, key & 0xffffffffffU);
}

bool sim_fault_parse(const char *text, size_t len, uint64_t *ret)
{
    const char *colon = memchr(text, ':', len);
    int64_t number;
    char digits[24];
    if (!colon)
        return false;
    snprintf(digits, sizeof digits, "%.*s", (int)(text + len - colon - 1), colon + 1);
    for (uint64_t i = 0; i < SIM_FAULTS; i++) {
        if (strlen(faults[i].word) == (size_t)(colon - text) &&
            strncmp(faults[i].word, text, (size_t)(colon - text)) == 0 &&
            mig_text_int(digits, 0, INT64_MAX >> 24, &number)) {
            *ret = i << 40 | (uint64_t)number;
            return true;
        }
    }
    return false;
}

bool sim_fault(struct sim *sim, enum sim_fault fault, struct sim_rng *ret_luck)
{
    uint64_t number = sim->asked[fault]++;
    if (!sim->rates[fault] || sim->calm)
        return false;
    uint64_t key = (uint64_t)fault << 40 | number;
    struct sim_rng luck = { sim_mix64(sim->seed ^ 0x5bd1e995, key) };
    if (sim_below(&luck, 100000) >= sim->rates[fault])
        return false;
    for (size_t i = 0; i < sim->options.dropped_count; i++) {
        if (sim->options.dropped[i] == key)
            return false;
    }
    sim->fired = mig_grow(sim->fired, sim->fired_count, &sim->fired_room, sizeof *sim->fired);
    sim->fired[sim->fired_count++] = key;
    *ret_luck = luck;
    SIM_SAY(sim, "FAULT %s:%" PRIu64, faults[fault].word, number);
    return true;
}

/* ---- telling ---- */

static void mix(struct sim *sim, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t hash = sim->hash;
    for (; len >= 8; len -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
        hash ^= hash >> 29;
    }
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * 1099511628211U;
    sim->hash = hash;
}

void sim_say(struct sim *sim, const char *fmt, ...)
{
    va_list args;
    printf("%10.3f  ", (double)sim->now_us / 1e6);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
}

void sim_tell(struct sim *sim, const char *what, const bson_t *doc, int64_t number)
{
    mix(sim, what, strlen(what));
    mix(sim, &sim->now_us, sizeof sim->now_us);
    mix(sim, &number, sizeof number);
    if (doc)
        mix(sim, bson_get_data(doc), doc->len);
    if (!sim->options.trace)
        return;
    char *json = doc ? bson_as_relaxed_extended_json(doc, NULL) : NULL;
    sim_say(sim, "%-9s #%-5" PRId64 " %.600s", what, number, json ? json : "");
    bson_free(json);
}

void sim_fail(struct sim *sim, const char *fmt, ...)
{
    if (!sim->failed) {
        va_list args;
        sim->failed = true;
        va_start(args, fmt);
        vsnprintf(sim->failure, sizeof sim->failure, fmt, args);
        va_end(args);
        SIM_SAY(sim, "FAILED %s", sim->failure);
    }
    if (sim->running)
        sim_block(sim); /* for ever: nobody runs any more */
}
