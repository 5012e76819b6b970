/* tree.c - libyaml's events, stacked into a tree under limits. */
#include "config/tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

/* A collection that is open; key: the one whose value comes next, in a mapping. */
struct level {
    struct cfg_node *node;
    char *key;
    int key_line;
    int key_column;
};

struct parse {
    const char *file;
    struct cfg_tree *tree;
    struct level levels[CFG_DEPTH_MAX];
    size_t depth;
    size_t documents;
    size_t weight; /* of all nodes, aliases counted as what they stand for */
    struct mig_error *err;
};

static bool fail_mark(struct parse *p, yaml_mark_t mark, enum mig_error_code code, const char *fmt, ...)
    MIG_PRINTF(4, 5);

static bool fail_mark(struct parse *p, yaml_mark_t mark, enum mig_error_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    mig_failv(p->err, code, fmt, args);
    va_end(args);
    return mig_context(p->err, "%s:%zu:%zu", p->file, mark.line + 1, mark.column + 1);
}

bool cfg_fail_at(const char *file, const struct cfg_node *node, struct mig_error *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    mig_failv(err, MIG_ERR_CONFIG, fmt, args);
    va_end(args);
    return mig_context(err, "%s:%d:%d", file, node ? node->line : 1, node ? node->column : 1);
}

const char *cfg_node_kind_word(const struct cfg_node *node)
{
    /* uncovered: who asks for the word has refused a null before */
    if (cfg_node_is_null(node))
        return "nothing";
    return node->kind == CFG_NODE_SCALAR     ? "a text"
           : node->kind == CFG_NODE_SEQUENCE ? "a list"
                                             : "a mapping";
}

bool cfg_node_is_null(const struct cfg_node *node)
{
    return node->kind == CFG_NODE_SCALAR && node->is_plain &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcasecmp(node->text, "null") == 0);
}

const struct cfg_node *cfg_node_get(const struct cfg_node *node, const char *key)
{
    if (!node || node->kind != CFG_NODE_MAPPING)
        return NULL;
    for (size_t i = 0; i < node->count; i++) {
        if (strcmp(node->members[i].key, key) == 0)
            return node->members[i].value;
    }
    return NULL;
}

const struct cfg_node *cfg_node_item(const struct cfg_node *node, size_t index)
{
    return node && node->kind == CFG_NODE_SEQUENCE && index < node->count ? node->members[index].value : NULL;
}

static struct cfg_node *new_node(struct parse *p, enum cfg_node_kind kind, yaml_mark_t mark,
                                 const yaml_char_t *anchor)
{
    struct cfg_tree *tree = p->tree;
    struct cfg_node *node = mig_alloc(sizeof *node);
    node->kind = kind;
    node->line = (int)mark.line + 1;
    node->column = (int)mark.column + 1;
    node->weight = 1;
    node->anchor = mig_strdup_or_null((const char *)anchor);
    tree->nodes = mig_grow(tree->nodes, tree->count, &tree->room, sizeof(struct cfg_node *));
    tree->nodes[tree->count++] = node;
    return node;
}

/* Hang a value where the parse stands. */
static bool attach(struct parse *p, struct cfg_node *value, yaml_mark_t mark)
{
    p->weight += value->weight;
    if (p->weight > CFG_NODES_MAX)
        return fail_mark(p, mark, MIG_ERR_LIMIT,
                         "more than %d values, aliases counted as what they stand for", CFG_NODES_MAX);
    if (p->depth == 0) {
        p->tree->root = value;
        return true;
    }
    struct level *level = &p->levels[p->depth - 1];
    struct cfg_node *node = level->node;
    if (node->kind == CFG_NODE_MAPPING && !level->key)
        return fail_mark(p, mark, MIG_ERR_CONFIG, "a key must be a word");
    node->members = mig_grow(node->members, node->count, &node->room, sizeof *node->members);
    node->members[node->count++] =
        (struct cfg_member){ level->key, level->key_line, level->key_column, value };
    level->key = NULL;
    return true;
}

static bool take_key(struct parse *p, struct level *level, const yaml_event_t *event)
{
    const char *key = (const char *)event->data.scalar.value;
    yaml_mark_t mark = event->start_mark;
    MIG_AUTOFREE char *shown = mig_text_safe_dup(key, 40);
    if (event->data.scalar.anchor)
        return fail_mark(p, mark, MIG_ERR_CONFIG, "a key cannot be an anchor");
    for (size_t i = 0; i < level->node->count; i++) {
        const struct cfg_member *other = &level->node->members[i];
        if (strcmp(other->key, key) == 0)
            return fail_mark(p, mark, MIG_ERR_CONFIG, "\"%s\" is given twice, first in line %d", shown,
                             other->line);
    }
    if (level->node->count >= CFG_KEYS_MAX)
        return fail_mark(p, mark, MIG_ERR_LIMIT, "more than %d keys in one mapping", CFG_KEYS_MAX);
    level->key = mig_strdup(key);
    level->key_line = (int)mark.line + 1;
    level->key_column = (int)mark.column + 1;
    return true;
}

static bool on_scalar(struct parse *p, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    if (event->data.scalar.tag)
        return fail_mark(p, event->start_mark, MIG_ERR_CONFIG, "tags (!…) are not used here");
    if (memchr(text, '\0', len))
        return fail_mark(p, event->start_mark, MIG_ERR_CONFIG, "a text holds a NUL byte");
    struct level *level = p->depth ? &p->levels[p->depth - 1] : NULL;
    if (level && level->node->kind == CFG_NODE_MAPPING && !level->key)
        return take_key(p, level, event);
    struct cfg_node *node = new_node(p, CFG_NODE_SCALAR, event->start_mark, event->data.scalar.anchor);
    node->text = mig_strndup(text, len);
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->is_whole = true;
    return attach(p, node, event->start_mark);
}

static bool on_start(struct parse *p, const yaml_event_t *event)
{
    bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *tag = is_mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    const yaml_char_t *anchor =
        is_mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    if (tag)
        return fail_mark(p, event->start_mark, MIG_ERR_CONFIG, "tags (!…) are not used here");
    if (p->depth == CFG_DEPTH_MAX)
        return fail_mark(p, event->start_mark, MIG_ERR_LIMIT, "more than %d levels deep", CFG_DEPTH_MAX);
    struct cfg_node *node =
        new_node(p, is_mapping ? CFG_NODE_MAPPING : CFG_NODE_SEQUENCE, event->start_mark, anchor);
    if (!attach(p, node, event->start_mark))
        return false;
    p->levels[p->depth++] = (struct level){ .node = node };
    return true;
}

static bool on_end(struct parse *p)
{
    struct cfg_node *node = p->levels[--p->depth].node;
    for (size_t i = 0; i < node->count; i++)
        node->weight += node->members[i].value->weight;
    node->is_whole = true;
    return true;
}

static bool on_alias(struct parse *p, const yaml_event_t *event)
{
    const char *anchor = (const char *)event->data.alias.anchor;
    for (size_t i = p->tree->count; i > 0; i--) {
        struct cfg_node *node = p->tree->nodes[i - 1];
        if (node->is_whole && node->anchor && strcmp(node->anchor, anchor) == 0)
            return attach(p, node, event->start_mark);
    }
    MIG_AUTOFREE char *shown = mig_text_safe_dup(anchor, 40);
    return fail_mark(p, event->start_mark, MIG_ERR_CONFIG, "*%s: there is no such anchor above", shown);
}

static bool on_event(struct parse *p, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (p->documents++)
            return fail_mark(p, event->start_mark, MIG_ERR_CONFIG, "a second document (---) begins here");
        return true;
    case YAML_SCALAR_EVENT: return on_scalar(p, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: return on_start(p, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return on_end(p);
    case YAML_ALIAS_EVENT: return on_alias(p, event);
    default: return true;
    }
}

/* What to do about it, as far as the line tells (it may hold a secret, so it is not shown). */
static void hint_at(struct mig_error *err, const char *text, size_t len, size_t line)
{
    size_t start = 0;
    for (; start < len && line > 0; start++)
        line -= text[start] == '\n';
    size_t at = start;
    while (at < len && text[at] == ' ')
        at++;
    const char *end = memchr(text + start, '\n', len - start);
    if (at < len && text[at] == '\t')
        mig_hint(err, "YAML is indented by spaces, never by tabs");
    else if (memmem(text + start, end ? (size_t)(end - text) - start : len - start, "${", 2))
        mig_hint(err, "within {…} and […] a reference needs quotes: \"${NAME}\"");
}

/* libyaml tells a byte's offset for what its reader refuses, a mark for the rest. */
static bool fail_syntax(struct parse *p, const yaml_parser_t *parser, const char *text, size_t len)
{
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR) {
        mark = (yaml_mark_t){ 0 };
        for (size_t i = 0; i < parser->problem_offset && i < len; i++) {
            mark.column = text[i] == '\n' ? 0 : mark.column + 1;
            mark.line += text[i] == '\n';
        }
    }
    /* uncovered: libyaml names what is wrong in each of its errors */
    const char *problem = parser->problem ? parser->problem : "this is not YAML";
    if (parser->context)
        fail_mark(p, mark, MIG_ERR_CONFIG, "%s (%s, line %zu)", problem, parser->context,
                  parser->context_mark.line + 1);
    else
        fail_mark(p, mark, MIG_ERR_CONFIG, "%s", problem);
    hint_at(p->err, text, len, mark.line);
    return false;
}

static bool parse_events(struct parse *p, yaml_parser_t *parser, const char *text, size_t len)
{
    for (bool at_end = false; !at_end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return fail_syntax(p, parser, text, len);
        at_end = event.type == YAML_STREAM_END_EVENT;
        bool ok = on_event(p, &event);
        yaml_event_delete(&event);
        if (!ok)
            return false;
    }
    if (!p->tree->root)
        return cfg_fail_at(p->file, NULL, p->err, "the file is empty");
    return true;
}

bool cfg_tree_parse(const char *file, const char *text, size_t len, struct cfg_tree *ret,
                    struct mig_error *err)
{
    *ret = (struct cfg_tree){ 0 };
    struct parse p = { .file = file, .tree = ret, .err = err };
    size_t bad = mig_utf8_check(text, len);
    if (bad < len) {
        yaml_mark_t mark = { 0 };
        for (size_t i = 0; i < bad; i++) {
            mark.column = text[i] == '\n' ? 0 : mark.column + ((text[i] & 0xC0) != 0x80);
            mark.line += text[i] == '\n';
        }
        return fail_mark(&p, mark, MIG_ERR_CONFIG, "this byte is not UTF-8");
    }
    yaml_parser_t parser;
    /* uncovered: it fails when there is no memory left */
    if (!yaml_parser_initialize(&parser))
        return mig_fail(err, MIG_ERR_INTERNAL, "libyaml could not start");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    bool ok = parse_events(&p, &parser, text, len);
    yaml_parser_delete(&parser);
    while (p.depth > 0)
        free(p.levels[--p.depth].key);
    return ok;
}

void cfg_tree_done(struct cfg_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        struct cfg_node *node = tree->nodes[i];
        for (size_t m = 0; m < node->count; m++)
            free(node->members[m].key);
        free(node->members);
        free(node->text);
        free(node->anchor);
        free(node);
    }
    free(tree->nodes);
    *tree = (struct cfg_tree){ 0 };
}
