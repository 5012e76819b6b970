/* schema.c - the schema tables of libcyaml, the check of a tree against them, and the load. */
#include "config/schema.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"
#include "config/config.h"

#define LIST_MAX     64
#define CHANNELS_MAX 32

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CFG_SECRET_MAX),
};

// clang-format off
/* What a row needs is asked for in build.c, where flags and variables are known too. */
#define FIELD_X(s, key, type, member, ...) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_OPTIONAL, struct cfg_raw_##s, member, 0, CFG_SECRET_MAX),
#define FIELD_L(s, key, type, member, ...) \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct cfg_raw_##s, member, \
                         &text_entry, 0, LIST_MAX),
#define FIELD_CHILD(s, member) \
    CYAML_FIELD_MAPPING_PTR(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct cfg_raw_##s, member, \
                            member##_fields),

#define WINDOW_X(...) FIELD_X(window, __VA_ARGS__)
#define WINDOW_L(...) FIELD_L(window, __VA_ARGS__)
static const cyaml_schema_field_t window_fields[] = { CFG_WINDOW_ROWS(WINDOW_X, WINDOW_L) CYAML_FIELD_END };

#define BACKUP_X(...) FIELD_X(backup, __VA_ARGS__)
#define BACKUP_L(...) FIELD_L(backup, __VA_ARGS__)
static const cyaml_schema_field_t backup_fields[] = { CFG_BACKUP_ROWS(BACKUP_X, BACKUP_L) CYAML_FIELD_END };

#define GATE_X(...) FIELD_X(gate, __VA_ARGS__)
#define GATE_L(...) FIELD_L(gate, __VA_ARGS__)
static const cyaml_schema_field_t gate_fields[] = {
    CFG_GATE_ROWS(GATE_X, GATE_L) FIELD_CHILD(gate, window) FIELD_CHILD(gate, backup) CYAML_FIELD_END
};

#define CREDENTIALS_X(...) FIELD_X(credentials, __VA_ARGS__)
#define CREDENTIALS_L(...) FIELD_L(credentials, __VA_ARGS__)
static const cyaml_schema_field_t credentials_fields[] = {
    CFG_CREDENTIALS_ROWS(CREDENTIALS_X, CREDENTIALS_L) CYAML_FIELD_END
};

#define ATLAS_X(...) FIELD_X(atlas, __VA_ARGS__)
#define ATLAS_L(...) FIELD_L(atlas, __VA_ARGS__)
static const cyaml_schema_field_t atlas_fields[] = {
    CFG_ATLAS_ROWS(ATLAS_X, ATLAS_L) FIELD_CHILD(atlas, credentials) CYAML_FIELD_END
};

#define ENVIRONMENT_X(...) FIELD_X(environment, __VA_ARGS__)
#define ENVIRONMENT_L(...) FIELD_L(environment, __VA_ARGS__)
static const cyaml_schema_field_t environment_fields[] = {
    CFG_ENVIRONMENT_ROWS(ENVIRONMENT_X, ENVIRONMENT_L)
    FIELD_CHILD(environment, gate) FIELD_CHILD(environment, atlas) CYAML_FIELD_END
};
static const cyaml_schema_value_t environment_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cfg_raw_environment, environment_fields),
};

#define EMAIL_X(...) FIELD_X(email, __VA_ARGS__)
#define EMAIL_L(...) FIELD_L(email, __VA_ARGS__)
static const cyaml_schema_field_t email_fields[] = { CFG_EMAIL_ROWS(EMAIL_X, EMAIL_L) CYAML_FIELD_END };

#define NOTIFY_X(...) FIELD_X(notify, __VA_ARGS__)
#define NOTIFY_L(...) FIELD_L(notify, __VA_ARGS__)
static const cyaml_schema_field_t notify_fields[] = {
    CFG_NOTIFY_ROWS(NOTIFY_X, NOTIFY_L) FIELD_CHILD(notify, email) CYAML_FIELD_END
};
static const cyaml_schema_value_t notify_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct cfg_raw_notify, notify_fields),
};

#define TOP_X(...) FIELD_X(config, __VA_ARGS__)
#define TOP_L(...) FIELD_L(config, __VA_ARGS__)
static const cyaml_schema_field_t top_fields[] = {
    CFG_TOP_ROWS(TOP_X, TOP_L)
    CYAML_FIELD_SEQUENCE("environments", CYAML_FLAG_POINTER, struct cfg_raw_config, environments,
                         &environment_entry, 1, CFG_ENVIRONMENTS_MAX),
    CYAML_FIELD_SEQUENCE("notify", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct cfg_raw_config, notify,
                         &notify_entry, 0, CHANNELS_MAX),
    CYAML_FIELD_END
};
static const cyaml_schema_value_t top = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct cfg_raw_config, top_fields),
};
// clang-format on

#define CHILD(parent_, section_, p, member_, needed) \
    { \
        .parent = parent_, .section = section_, .key = #member_, .is_needed = needed, \
        .member = offsetof(struct cfg_##p, member_), .has = offsetof(struct cfg_##p, has_##member_), \
        .raw = offsetof(struct cfg_raw_##p, member_) \
    }

static const struct cfg_child children[] = {
    CHILD(CFG_ENVIRONMENT, CFG_GATE, environment, gate, false),
    CHILD(CFG_ENVIRONMENT, CFG_ATLAS, environment, atlas, false),
    CHILD(CFG_GATE, CFG_WINDOW, gate, window, false),
    CHILD(CFG_GATE, CFG_BACKUP, gate, backup, false),
    CHILD(CFG_ATLAS, CFG_CREDENTIALS, atlas, credentials, true),
    CHILD(CFG_NOTIFY, CFG_EMAIL, notify, email, false),
};

const struct cfg_child *cfg_children(size_t *ret_count)
{
    *ret_count = MIG_COUNT(children);
    return children;
}

/* ---- check ---- */

struct check {
    const char *file;
    struct mig_error *err;
};

static bool check_value(const struct check *c, const cyaml_schema_value_t *schema,
                        const struct cfg_node *node, const char *path);

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *key)
{
    for (; fields->key; fields++) {
        if (strcmp(fields->key, key) == 0)
            return fields;
    }
    return NULL;
}

static bool fail_unknown(const struct check *c, const cyaml_schema_field_t *fields,
                         const struct cfg_member *member, const char *path)
{
    const char *names[CFG_KEYS_MAX + 1];
    size_t count = 0;
    for (; fields->key && count < CFG_KEYS_MAX; fields++)
        names[count++] = fields->key;
    names[count] = NULL;
    const char *nearest = mig_text_nearest(member->key, names);
    MIG_AUTOFREE char *shown = mig_text_safe_dup(member->key, 40);
    struct cfg_node place = { .line = member->line, .column = member->column };
    return cfg_fail_at(c->file, &place, c->err, "unknown key \"%s\"%s%s%s%s%s", shown, *path ? " in " : "",
                       path, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
                       nearest ? "\"?" : "");
}

static bool check_mapping(const struct check *c, const cyaml_schema_value_t *schema,
                          const struct cfg_node *node, const char *path)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct cfg_member *member = &node->members[i];
        const cyaml_schema_field_t *field = find_field(schema->mapping.fields, member->key);
        if (!field)
            return fail_unknown(c, schema->mapping.fields, member, path);
        MIG_AUTOFREE char *inner = mig_printf("%s%s%s", path, *path ? "." : "", member->key);
        if (!check_value(c, &field->value, member->value, inner))
            return false;
    }
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++) {
        if (!(field->value.flags & CYAML_FLAG_OPTIONAL) && !cfg_node_get(node, field->key))
            return cfg_fail_at(c->file, node, c->err, "%s%s%s is missing", path, *path ? "." : "",
                               field->key);
    }
    return true;
}

static bool check_sequence(const struct check *c, const cyaml_schema_value_t *schema,
                           const struct cfg_node *node, const char *path)
{
    if (node->count < schema->sequence.min)
        return cfg_fail_at(c->file, node, c->err, "%s needs at least %u", path, schema->sequence.min);
    if (node->count > schema->sequence.max)
        return cfg_fail_at(c->file, node->members[schema->sequence.max].value, c->err, "%s: more than %u",
                           path, schema->sequence.max);
    for (size_t i = 0; i < node->count; i++) {
        MIG_AUTOFREE char *inner = mig_printf("%s[%zu]", path, i);
        if (!check_value(c, schema->sequence.entry, node->members[i].value, inner))
            return false;
    }
    return true;
}

static bool check_value(const struct check *c, const cyaml_schema_value_t *schema,
                        const struct cfg_node *node, const char *path)
{
    static const struct {
        enum cyaml_type type;
        enum cfg_node_kind kind;
        const char *word;
    } kinds[] = {
        { CYAML_STRING, CFG_NODE_SCALAR, "a text" },
        { CYAML_SEQUENCE, CFG_NODE_SEQUENCE, "a list" },
        { CYAML_MAPPING, CFG_NODE_MAPPING, "a mapping" },
    };
    for (size_t i = 0; i < MIG_COUNT(kinds); i++) {
        if (kinds[i].type != schema->type)
            continue;
        if (cfg_node_is_null(node))
            return cfg_fail_at(c->file, node, c->err, "%s has no value", *path ? path : "the file");
        if (node->kind != kinds[i].kind)
            return cfg_fail_at(c->file, node, c->err, "%s must be %s, not %s", *path ? path : "the file",
                               kinds[i].word, cfg_node_kind_word(node));
        if (schema->type == CYAML_MAPPING)
            return check_mapping(c, schema, node, path);
        if (schema->type == CYAML_SEQUENCE)
            return check_sequence(c, schema, node, path);
        if (strlen(node->text) > schema->string.max)
            return cfg_fail_at(c->file, node, c->err, "%s is longer than %u bytes", path, schema->string.max);
        return true;
    }
    return mig_fail(c->err, MIG_ERR_INTERNAL, "%s: the schema has a type that is not checked", path);
}

bool cfg_schema_check(const char *file, const struct cfg_node *root, struct mig_error *err)
{
    struct check c = { file, err };
    return check_value(&c, &top, root, "");
}

/* ---- load ---- */

bool cfg_raw_load(const char *file, const char *text, size_t len, struct cfg_raw_config **ret,
                  struct mig_error *err)
{
    /* No log: it would go to standard error, or quote values that may be secrets. */
    cyaml_config_t config = { .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_DEFAULT };
    cyaml_data_t *data = NULL;
    cyaml_err_t code = cyaml_load_data((const uint8_t *)text, len, &config, &top, &data, NULL);
    /* uncovered: libcyaml succeeds with data only */
    if (code == CYAML_OK && data) {
        *ret = data;
        return true;
    }
    return mig_fail(err, MIG_ERR_INTERNAL, "%s: libcyaml refused what was checked: %s", file,
                    cyaml_strerror(code));
}

void cfg_raw_free(struct cfg_raw_config *raw)
{
    cyaml_config_t config = { .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR };
    cyaml_free(&config, &top, raw, 0);
}
