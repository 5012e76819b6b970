/* schema.c - the JSON Schema of a migration file, for editors: the table of shapes in another language.
 *
 * It says no more than the table: what a value is, not what is inside MongoDB's own options. Numbers may be
 * written as Extended JSON, so a whole number is a definition of its own.
 */
#include <string.h>

#include "base/buf.h"
#include "base/rows.h"
#include "engine/catalog.h"
#include "engine/step_shape.h"

#define SCHEMA_MAX (1024u * 1024)
#define TITLE_MAX  200

/* Shapes that become definitions; the name is what references say. */
static const struct {
    const struct mig_shape *shape;
    const char *name;
} definitions[] = {
    { &mig_shape_requires, "requires" }, { &mig_shape_irreversible, "irreversible" },
    { &mig_shape_allow, "allow" },       { &mig_shape_check, "check" },
    { &mig_shape_expect, "expect" },     { &mig_shape_comparison, "comparison" },
    { &mig_shape_update, "update" },     { &mig_shape_delete, "delete" },
    { &mig_shape_index, "index" },
};

/* ---- writing JSON ---- */

/* Text of a schema in the making; a member or an element opens its own line. */
struct writer {
    struct mig_buf out;
    int depth;
    bool first; /* nothing stands in the open object or array yet */
};

static void begin_line(struct writer *w)
{
    if (!w->first)
        mig_buf_char(&w->out, ',');
    mig_buf_char(&w->out, '\n');
    mig_buf_fill(&w->out, ' ', (size_t)w->depth * 2);
    w->first = false;
}

static void put_text(struct writer *w, const char *text)
{
    mig_buf_char(&w->out, '"');
    mig_buf_json(&w->out, text);
    mig_buf_char(&w->out, '"');
}

static void put_key(struct writer *w, const char *key)
{
    begin_line(w);
    put_text(w, key);
    mig_buf_str(&w->out, ": ");
}

static void open_here(struct writer *w, char bracket)
{
    mig_buf_char(&w->out, bracket);
    w->depth++;
    w->first = true;
}

static void open_key(struct writer *w, const char *key, char bracket)
{
    put_key(w, key);
    open_here(w, bracket);
}

static void open_element(struct writer *w, char bracket)
{
    begin_line(w);
    open_here(w, bracket);
}

static void close_it(struct writer *w, char bracket)
{
    w->depth--;
    mig_buf_char(&w->out, '\n');
    mig_buf_fill(&w->out, ' ', (size_t)w->depth * 2);
    mig_buf_char(&w->out, bracket);
    w->first = false;
}

static void text_member(struct writer *w, const char *key, const char *text)
{
    put_key(w, key);
    put_text(w, text);
}

static void number_member(struct writer *w, const char *key, int64_t number)
{
    put_key(w, key);
    mig_buf_printf(&w->out, "%lld", (long long)number);
}

static void reference(struct writer *w, const char *name)
{
    put_key(w, "$ref");
    mig_buf_printf(&w->out, "\"#/$defs/%s\"", name);
}

/* ---- one value ---- */

static const char *definition_of(const struct mig_shape *shape)
{
    for (size_t i = 0; i < MIG_COUNT(definitions); i++) {
        if (definitions[i].shape == shape)
            return definitions[i].name;
    }
    return "";
}

static void put_words(struct writer *w, const char *words)
{
    open_key(w, "enum", '[');
    while (*words) {
        size_t len = strcspn(words, "|");
        begin_line(w);
        mig_buf_char(&w->out, '"');
        mig_buf_add(&w->out, words, len);
        mig_buf_char(&w->out, '"');
        words += len + (words[len] == '|');
    }
    close_it(w, ']');
}

/* Lengths of the table are bytes, those of a schema characters: never more of these than of those. */
static void put_text_type(struct writer *w, const struct mig_member *row)
{
    text_member(w, "type", "string");
    if (row->words)
        put_words(w, row->words);
    if (mig_form_pattern(row->form))
        text_member(w, "pattern", mig_form_pattern(row->form));
    if (!row->words && row->high) {
        number_member(w, "minLength", row->low);
        number_member(w, "maxLength", row->high);
    }
}

static void put_whole_type(struct writer *w, const struct mig_member *row)
{
    if (!row->high) {
        reference(w, "whole");
        return;
    }
    open_key(w, "anyOf", '[');
    open_element(w, '{');
    text_member(w, "type", "integer");
    number_member(w, "minimum", row->low);
    if (row->high < INT64_MAX)
        number_member(w, "maximum", row->high);
    close_it(w, '}');
    open_element(w, '{');
    reference(w, "typedNumber");
    close_it(w, '}');
    close_it(w, ']');
}

static void put_array_type(struct writer *w, const struct mig_member *row, const char *elements)
{
    bool inner = row->inner && !(row->types & MIG_TYPE_OBJECT);
    text_member(w, "type", "array");
    if (row->high) {
        number_member(w, "minItems", row->low);
        number_member(w, "maxItems", row->high);
    }
    if (!row->elements)
        return;
    open_key(w, "items", '{');
    if (elements) {
        reference(w, elements);
    } else if (inner) {
        reference(w, definition_of(row->inner));
    } else if (row->elements & MIG_TYPE_TEXT) {
        text_member(w, "type", "string");
        if (mig_form_pattern(row->form))
            text_member(w, "pattern", mig_form_pattern(row->form));
    } else {
        text_member(w, "type", "object");
    }
    close_it(w, '}');
}

static void put_object_type(struct writer *w, const struct mig_member *row)
{
    if (row->inner) {
        reference(w, definition_of(row->inner));
        return;
    }
    text_member(w, "type", "object");
    if (row->flags & MIG_MEMBER_NOT_EMPTY)
        number_member(w, "minProperties", 1);
}

/* elements: the definition of an array's elements, where the row does not tell. */
static void put_type(struct writer *w, const struct mig_member *row, unsigned type, const char *elements)
{
    switch (type) {
    case MIG_TYPE_TEXT: put_text_type(w, row); break;
    case MIG_TYPE_BOOL: text_member(w, "type", "boolean"); break;
    case MIG_TYPE_WHOLE: put_whole_type(w, row); break;
    case MIG_TYPE_ARRAY: put_array_type(w, row, elements); break;
    case MIG_TYPE_OBJECT: put_object_type(w, row); break;
    default: break;
    }
}

static void put_member(struct writer *w, const struct mig_member *row, const char *elements)
{
    unsigned types = row->types & ~(unsigned)MIG_TYPE_ANY;
    open_key(w, row->name, '{');
    text_member(w, "description", row->doc);
    if ((types & (types - 1)) == 0) {
        put_type(w, row, types, elements);
    } else {
        open_key(w, "anyOf", '[');
        for (unsigned type = 1; type < MIG_TYPE_ANY; type *= 2) {
            if (!(types & type))
                continue;
            open_element(w, '{');
            put_type(w, row, type, elements);
            close_it(w, '}');
        }
        close_it(w, ']');
    }
    close_it(w, '}');
}

/* ---- objects ---- */

static void put_needed(struct writer *w, const struct mig_shape *shape)
{
    open_key(w, "required", '[');
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->members[i].flags & MIG_MEMBER_NEEDED) {
            begin_line(w);
            put_text(w, shape->members[i].name);
        }
    }
    close_it(w, ']');
}

/* The rows of an object, with those of the step that may stand in it. */
static void put_rows(struct writer *w, const struct mig_shape *shape, unsigned takes)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (!(shape->members[i].flags & MIG_MEMBER_REFUSED))
            put_member(w, &shape->members[i], NULL);
    }
    for (size_t i = 0; i < mig_shape_step.count; i++) {
        if (takes & mig_shape_takes(&mig_shape_step.members[i]))
            put_member(w, &mig_shape_step.members[i], NULL);
    }
}

static void put_closed(struct writer *w)
{
    put_key(w, "additionalProperties");
    mig_buf_str(&w->out, "false");
}

static void put_object(struct writer *w, const struct mig_shape *shape, unsigned takes)
{
    text_member(w, "type", "object");
    put_needed(w, shape);
    put_closed(w);
    open_key(w, "properties", '{');
    put_rows(w, shape, takes);
    close_it(w, '}');
}

/* ---- steps ---- */

static void put_kind(struct writer *w, enum mig_step_kind kind)
{
    const struct mig_kind_shape *shape = mig_kind_shape(kind);
    open_key(w, mig_step_kind_name(kind), '{');
    text_member(w, "description", mig_step_kind_doc(kind));
    if (kind == MIG_STEP_TRANSACTION) {
        const struct mig_member row = { .elements = MIG_TYPE_OBJECT, .low = 1, .high = 100 };
        put_array_type(w, &row, "statement");
    } else {
        put_object(w, &shape->body, shape->takes & MIG_TAKES_INSIDE);
    }
    close_it(w, '}');
}

/* A step, or a statement of a transaction: exactly one kind, and the members beside it. */
static void put_step(struct writer *w, const char *name, bool is_inner)
{
    open_key(w, name, '{');
    text_member(w, "type", "object");
    open_key(w, "required", '[');
    if (!is_inner) {
        begin_line(w);
        put_text(w, "id");
    }
    close_it(w, ']');
    put_closed(w);
    open_key(w, "properties", '{');
    for (size_t i = 0; i < mig_shape_step.count; i++) {
        if (!is_inner || mig_shape_step.members[i].form != MIG_FORM_ID)
            put_member(w, &mig_shape_step.members[i], NULL);
    }
    for (int kind = 0; kind < MIG_STEP_KINDS; kind++) {
        if (!is_inner || mig_kind_shape((enum mig_step_kind)kind)->in_transaction)
            put_kind(w, (enum mig_step_kind)kind);
    }
    close_it(w, '}');
    open_key(w, "oneOf", '[');
    for (int kind = 0; kind < MIG_STEP_KINDS; kind++) {
        if (is_inner && !mig_kind_shape((enum mig_step_kind)kind)->in_transaction)
            continue;
        open_element(w, '{');
        open_key(w, "required", '[');
        begin_line(w);
        put_text(w, mig_step_kind_name((enum mig_step_kind)kind));
        close_it(w, ']');
        close_it(w, '}');
    }
    close_it(w, ']');
    close_it(w, '}');
}

/* ---- the file ---- */

static void put_numbers(struct writer *w)
{
    open_key(w, "typedNumber", '{');
    text_member(w, "description", "a number with its BSON type, as Extended JSON writes it");
    text_member(w, "type", "object");
    put_closed(w);
    number_member(w, "minProperties", 1);
    number_member(w, "maxProperties", 1);
    open_key(w, "patternProperties", '{');
    open_key(w, "^[$]number(Int|Long|Double)$", '{');
    text_member(w, "type", "string");
    close_it(w, '}');
    close_it(w, '}');
    close_it(w, '}');
    open_key(w, "whole", '{');
    open_key(w, "anyOf", '[');
    open_element(w, '{');
    text_member(w, "type", "integer");
    close_it(w, '}');
    open_element(w, '{');
    reference(w, "typedNumber");
    close_it(w, '}');
    close_it(w, ']');
    close_it(w, '}');
}

static void put_definitions(struct writer *w)
{
    open_key(w, "$defs", '{');
    put_numbers(w);
    for (size_t i = 0; i < MIG_COUNT(definitions); i++) {
        open_key(w, definitions[i].name, '{');
        put_object(w, definitions[i].shape, 0);
        close_it(w, '}');
    }
    put_step(w, "step", false);
    put_step(w, "statement", true);
    close_it(w, '}');
}

static void put_top(struct writer *w)
{
    open_key(w, "properties", '{');
    for (size_t i = 0; i < mig_shape_migration.count; i++) {
        const struct mig_member *row = &mig_shape_migration.members[i];
        struct mig_member title = *row;
        title.high = TITLE_MAX; /* here in characters */
        if (strcmp(row->name, "title") == 0)
            row = &title;
        put_member(w, row, row->elements == MIG_TYPE_OBJECT ? "step" : NULL);
    }
    close_it(w, '}');
}

char *mig_migration_schema(void)
{
    struct writer w = { .depth = 0 };
    mig_buf_init(&w.out, SCHEMA_MAX);
    open_here(&w, '{');
    text_member(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    text_member(&w, "title", "migtui migration");
    text_member(&w, "type", "object");
    put_needed(&w, &mig_shape_migration);
    put_closed(&w);
    put_top(&w);
    put_definitions(&w);
    close_it(&w, '}');
    mig_buf_char(&w.out, '\n');
    char *text = mig_buf_detach(&w.out);
    mig_buf_done(&w.out);
    return text;
}
