/* tree.h - YAML as a tree of nodes that know their line and column (libyaml's events underneath).
 *
 * libcyaml, which loads the values, cannot tell where a value stood, says nothing of a key given twice, and
 * has no limits. This tree does: it is built first, and what it refuses never reaches libcyaml.
 *
 * Refused: more than one document, tags, keys that are no words, keys given twice, NUL in a text, depth over
 * CFG_DEPTH_MAX, more than CFG_NODES_MAX nodes with every alias counted as what it stands for ("billion
 * laughs"). Aliases of anchors above them are fine; the alias's node is the anchor's.
 *
 * Internal to config/.
 */
#ifndef MIG_CONFIG_TREE_H
#define MIG_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CFG_DEPTH_MAX 16
#define CFG_NODES_MAX 5000
#define CFG_KEYS_MAX  200 /* in one mapping */

enum cfg_node_kind { CFG_NODE_SCALAR, CFG_NODE_SEQUENCE, CFG_NODE_MAPPING };

struct cfg_node;

/* A key and its value, or an item (key NULL). */
struct cfg_member {
    char *key;
    int line; /* of the key */
    int column;
    struct cfg_node *value;
};

struct cfg_node {
    enum cfg_node_kind kind;
    int line; /* both from 1; columns count characters */
    int column;
    char *text;    /* of a scalar */
    bool is_plain; /* a scalar without quotes */
    struct cfg_member *members;
    size_t count;
    size_t room;
    size_t weight; /* nodes it stands for, itself included */
    char *anchor;
    bool is_whole; /* its end was seen */
};

struct cfg_tree {
    struct cfg_node **nodes; /* all, in order of their beginning */
    size_t count;
    size_t room;
    struct cfg_node *root;
};

/* Fails with MIG_ERR_CONFIG or MIG_ERR_LIMIT and FILE:LINE:COLUMN. ret is to be freed in either case. */
bool cfg_tree_parse(const char *file, const char *text, size_t len, struct cfg_tree *ret,
                    struct mig_error *err) MIG_MUST_CHECK;
void cfg_tree_done(struct cfg_tree *tree);

/* The value of a key, the item of an index; NULL when there is none or node is NULL or of another kind. */
const struct cfg_node *cfg_node_get(const struct cfg_node *node, const char *key);
const struct cfg_node *cfg_node_item(const struct cfg_node *node, size_t index);

/* An empty plain scalar, ~ or null: YAML's way to say nothing. */
bool cfg_node_is_null(const struct cfg_node *node);

const char *cfg_node_kind_word(const struct cfg_node *node); /* "a text", "a list", "a mapping", "nothing" */

/* mig_fail with "FILE:LINE:COLUMN: " before the message, MIG_ERR_CONFIG. node NULL: the file's first line. */
bool cfg_fail_at(const char *file, const struct cfg_node *node, struct mig_error *err, const char *fmt, ...)
    MIG_PRINTF(4, 5);

#endif
