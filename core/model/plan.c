/* plan.c - owning plans; their words. */
#include "model/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *const order_words[MIG_ORDERS] = { "linear", "skip", "any" };

const char *mig_order_word(enum mig_order order)
{
    return (unsigned)order < MIG_ORDERS ? order_words[order] : "?";
}

int mig_order_find(const char *word)
{
    for (int i = 0; i < MIG_ORDERS; i++) {
        if (strcmp(order_words[i], word) == 0)
            return i;
    }
    return -1;
}

const char *mig_gate_state_word(enum mig_gate_state state)
{
    static const char *const words[] = { "ok", "failed", "unknown", "none" };
    return (unsigned)state <= MIG_GATE_NONE ? words[state] : "unknown";
}

bool mig_gate_state_objects(enum mig_gate_state state)
{
    return state != MIG_GATE_OK && state != MIG_GATE_NONE;
}

struct views_piece {
    struct mig_shared shared;
    struct mig_view *items;
    size_t count;
};

static void free_views(struct mig_view *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(items[i].reason);
    free(items);
}

static void release_views(struct mig_shared *shared)
{
    struct views_piece *piece = (struct views_piece *)(void *)shared;
    free_views(piece->items, piece->count);
    free(piece);
}

void mig_views_settle(struct mig_views *views)
{
    struct views_piece *piece = mig_shared_new(sizeof *piece, release_views);
    views->items = mig_realloc_n(views->items, views->count, sizeof *views->items);
    piece->items = views->items;
    piece->count = views->count;
    views->shared = &piece->shared;
}

struct mig_views mig_views_share(const struct mig_views *from)
{
    mig_share(from->shared);
    return *from;
}

void mig_views_done(struct mig_views *views)
{
    if (views->shared)
        mig_unshare(views->shared);
    else
        free_views(views->items, views->count);
    *views = (struct mig_views){ 0 };
}

void mig_plan_free(struct mig_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->count; i++) {
        mig_steps_free(plan->items[i].inverse, plan->items[i].inverse ? plan->items[i].step_count : 0);
        free(plan->items[i].steps);
    }
    free(plan->items);
    for (size_t i = 0; i < plan->warning_count; i++)
        free(plan->warnings[i]);
    free(plan->warnings);
    free(plan->gates);
    free(plan->environment);
    free(plan->database);
    free(plan->replica_set);
    free(plan);
}

void mig_plan_warn(struct mig_plan *plan, const char *fmt, ...)
{
    va_list args;
    char text[512];
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    plan->warnings = mig_realloc_n(plan->warnings, plan->warning_count + 1, sizeof *plan->warnings);
    plan->warnings[plan->warning_count++] = mig_strdup(text);
}

size_t mig_plan_steps(const struct mig_plan *plan)
{
    size_t steps = 0;
    for (size_t i = 0; i < plan->count; i++)
        steps += plan->items[i].step_count - plan->items[i].first_step;
    return steps;
}
