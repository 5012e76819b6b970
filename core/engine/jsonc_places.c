/* jsonc_places.c - a tree of positions beside the document, one node a key or element.
 *
 * Lines and columns are counted once, forward from the place before, so that a file of one long line stays
 * linear.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "engine/jsonc_private.h"

/* Node 0 is the root, so 0 also stands for "none" in the links. */
struct node {
    uint32_t first_child;
    uint32_t last_child;
    uint32_t next;
    uint32_t name; /* offset in .names */
    uint32_t len;
    struct mig_place place;
};

struct mig_places {
    struct node *nodes;
    size_t count;
    size_t room;
    char *names;
    size_t names_len;
    size_t names_room;
    const char *counted; /* the text up to here is counted; not used after reading */
    struct mig_place now;
};

struct mig_places *mig_places_new(const char *text)
{
    struct mig_places *places = mig_alloc(sizeof *places);
    places->counted = text;
    places->now = (struct mig_place){ 1, 1 };
    return places;
}

uint32_t mig_places_add(struct mig_places *places, uint32_t parent, const char *key, size_t len,
                        const char *at)
{
    for (; places->counted < at; places->counted++) {
        if (*places->counted == '\n')
            places->now = (struct mig_place){ places->now.line + 1, 1 };
        else if ((*places->counted & 0xC0) != 0x80)
            places->now.column++;
    }
    if (places->names_room - places->names_len < len) {
        places->names_room = places->names_room * 2 + len + 64;
        places->names = mig_realloc_n(places->names, places->names_room, 1);
    }
    if (len)
        memcpy(places->names + places->names_len, key, len);

    uint32_t self = (uint32_t)places->count;
    places->nodes = mig_grow(places->nodes, places->count, &places->room, sizeof *places->nodes);
    places->nodes[places->count++] = (struct node){
        .name = (uint32_t)places->names_len,
        .len = (uint32_t)len,
        .place = places->now,
    };
    places->names_len += len;
    if (self > 0) {
        struct node *above = &places->nodes[parent];
        if (above->last_child)
            places->nodes[above->last_child].next = self;
        else
            above->first_child = self;
        above->last_child = self;
    }
    return self;
}

/* A key may hold dots itself, so every child that fits the beginning of the path is tried. */
static bool find(const struct mig_places *places, uint32_t parent, const char *path, struct mig_place *ret)
{
    for (uint32_t i = places->nodes[parent].first_child; i; i = places->nodes[i].next) {
        const struct node *node = &places->nodes[i];
        if (strncmp(path, places->names + node->name, node->len) != 0)
            continue;
        char after = path[node->len];
        if (after == '\0') {
            *ret = node->place;
            return true;
        }
        if (after == '.' && find(places, i, path + node->len + 1, ret))
            return true;
    }
    return false;
}

bool mig_places_find(const struct mig_places *places, const char *dotted_path, struct mig_place *ret)
{
    if (!places)
        return false;
    if (*dotted_path == '\0') {
        *ret = places->nodes[0].place;
        return true;
    }
    return find(places, 0, dotted_path, ret);
}

void mig_places_free(struct mig_places *places)
{
    if (!places)
        return;
    free(places->nodes);
    free(places->names);
    free(places);
}
