/* catalog_depends.c - what depends on what: everything named is there, and nothing waits for itself.
 *
 * Depth-first search with three colours (Cormen et al., Introduction to Algorithms, §20.3), with a stack of
 * its own: a chain of a hundred thousand migrations is no recursion.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/catalog_private.h"
#include "engine/jsonc.h"

#define CYCLE_SHOWN 12

enum colour { NEW, OPEN, DONE };

struct frame {
    size_t item;
    size_t next; /* of its dependencies */
};

struct search {
    const struct mig_catalog *catalog;
    const struct mig_file *const *files;
    const struct mig_text_source *source;
    struct mig_problems *problems;
    struct mig_error *err; /* of reading a text again */
    bool failed;
    enum colour *colours;
    struct frame *stack;
    size_t depth;
};

static void add_problem(struct search *s, size_t item, size_t dependency, struct mig_error *err)
{
    MIG_AUTOFREE char *path = mig_printf("depends.%zu", dependency);
    struct mig_file file = *s->files[item];
    if (s->source && !s->source->read(s->source->context, 0, &file, s->err)) {
        s->failed = true;
        return;
    }
    mig_file_locate(&file, MIG_JSONC_ARRAY_OK, path, err);
    mig_problems_add(s->problems, err);
}

static void tell_missing(struct search *s, size_t item, size_t dependency)
{
    struct mig_error err;
    mig_fail(&err, MIG_ERR_ORDER, "depends on %s, which is not here",
             s->catalog->items[item].depends[dependency]);
    mig_hint(&err, "add that migration, mend its problem, or take it out of depends");
    add_problem(s, item, dependency, &err);
}

/* The cycle is the end of the stack from `item` on, closed by item again. */
static void tell_cycle(struct search *s, size_t item)
{
    const struct frame *top = &s->stack[s->depth - 1];
    size_t from = 0;
    struct mig_error err;
    MIG_AUTOBUF struct mig_buf names;
    mig_buf_init(&names, MIG_ERROR_MESSAGE_MAX);
    while (s->stack[from].item != item)
        from++;
    for (size_t i = from; i < s->depth; i++) {
        if (i - from < CYCLE_SHOWN)
            mig_buf_printf(&names, "%s → ", s->catalog->items[s->stack[i].item].version);
        else if (i - from == CYCLE_SHOWN)
            mig_buf_printf(&names, "… (%zu in all) … → ", s->depth - from);
    }
    mig_fail(&err, MIG_ERR_ORDER, "a cycle in depends: %s%s", names.text, s->catalog->items[item].version);
    mig_hint(&err, "one of them must do without the other");
    add_problem(s, top->item, top->next - 1, &err);
}

/* One dependency of the frame on top; may push. */
static void follow(struct search *s, size_t dependency)
{
    size_t item = s->stack[s->depth - 1].item;
    const char *version = s->catalog->items[item].depends[dependency];
    const struct mig_migration *found = mig_catalog_find(s->catalog, version);
    if (!found) {
        tell_missing(s, item, dependency);
        return;
    }
    size_t next = (size_t)(found - s->catalog->items);
    if (s->colours[next] == OPEN) {
        tell_cycle(s, next);
    } else if (s->colours[next] == NEW) {
        s->colours[next] = OPEN;
        s->stack[s->depth++] = (struct frame){ .item = next };
    }
}

bool mig_depends_check(const struct mig_catalog *catalog, const struct mig_file *const *files,
                       const struct mig_text_source *source, struct mig_problems *problems,
                       struct mig_error *err)
{
    MIG_AUTOFREE enum colour *colours = mig_alloc_n(catalog->count, sizeof *colours);
    MIG_AUTOFREE struct frame *stack = mig_alloc_n(catalog->count, sizeof *stack);
    struct search s = { catalog, files, source, problems, err, false, colours, stack, 0 };
    for (size_t i = 0; i < catalog->count && !s.failed; i++) {
        if (colours[i] != NEW)
            continue;
        colours[i] = OPEN;
        stack[s.depth++] = (struct frame){ .item = i };
        while (s.depth > 0 && !s.failed) {
            struct frame *top = &stack[s.depth - 1];
            if (top->next < catalog->items[top->item].depends_count) {
                follow(&s, top->next++);
            } else {
                colours[top->item] = DONE;
                s.depth--;
            }
        }
    }
    return !s.failed;
}
