/* build.c - one loop over the options table fills the configuration.
 *
 * For each option the text is picked by precedence, typed by value.c, and kept with its origin for `config
 * show`.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/load.h"
#include "config/value.h"

/* One mapping of the file while it is filled. */
struct place {
    struct cfg_load *load;
    enum cfg_section section;
    const struct cfg_node *node; /* NULL when the file has none */
    const void *raw;             /* struct cfg_raw_… of the section */
    void *typed;                 /* struct cfg_… of the section */
    const char *shown;           /* "environments[2].gate.", as errors say it */
    const char *name;            /* "environments.prod.gate.", as values are called */
    const char *owner;           /* "environment prod", or "" */
};

/* A text and where it came from. node: in the file, for FILE. */
struct picked {
    const char *text;
    struct cfg_origin origin;
    const struct cfg_node *node;
};

static struct picked from_file(const char *text, const struct cfg_node *node)
{
    struct picked picked = { .text = text, .node = node };
    picked.origin.from = CFG_FROM_FILE;
    picked.origin.line = node ? node->line : 0;
    picked.origin.column = node ? node->column : 0;
    return picked;
}

/* What a flag, a variable or .env says of a top-level option; .text NULL when none of them does. */
static struct picked from_outside(const struct cfg_load *load, const struct cfg_option *option)
{
    struct picked picked = { 0 };
    if (!cfg_option_is_settable(option))
        return picked;
    const struct cfg_inputs *in = load->inputs;
    for (size_t i = 0; i < in->flag_count; i++) {
        if (strcmp(in->flags[i].name, option->name) == 0) {
            picked.text = in->flags[i].value;
            picked.origin.from = CFG_FROM_FLAG;
        }
    }
    if (picked.text)
        return picked;
    char variable[CFG_OPTION_NAME_MAX];
    cfg_option_variable(option, variable);
    picked.text = in->getenv ? in->getenv(in->ctx, variable) : NULL;
    picked.origin.from = CFG_FROM_ENV;
    if (picked.text && *picked.text)
        return picked;
    const struct cfg_dotenv_pair *pair = cfg_dotenv_find(&load->config->dotenv, variable);
    picked.text = pair && *pair->value ? pair->value : NULL;
    picked.origin.from = CFG_FROM_DOTENV;
    picked.origin.line = pair ? pair->line : 0;
    return picked;
}

static struct picked pick(const struct place *place, const struct cfg_option *option)
{
    struct picked picked = from_outside(place->load, option);
    if (picked.text)
        return picked;
    const char *raw = *(char *const *)((const char *)place->raw + option->raw);
    if (raw)
        return from_file(raw, cfg_node_get(place->node, option->key));
    return (struct picked){ .text = option->fallback, .origin = { .from = CFG_FROM_DEFAULT } };
}

/* Say what is wrong with a text, at the place where it was written. */
static bool fail_picked(const struct place *place, const struct cfg_option *option,
                        const struct picked *picked, const char *message)
{
    const struct cfg_load *load = place->load;
    char name[CFG_OPTION_NAME_MAX];
    /* uncovered: every origin has its case */
    switch (picked->origin.from) {
    case CFG_FROM_FLAG:
        cfg_option_flag(option, name);
        return mig_fail(load->err, MIG_ERR_USAGE, "%s: %s", name, message);
    case CFG_FROM_ENV:
        cfg_option_variable(option, name);
        return mig_fail(load->err, MIG_ERR_CONFIG, "%s: %s", name, message);
    case CFG_FROM_DOTENV:
        cfg_option_variable(option, name);
        return mig_fail(load->err, MIG_ERR_CONFIG, "%s:%d: %s: %s", load->config->dotenv_name,
                        picked->origin.line, name, message);
    case CFG_FROM_FILE:
    case CFG_FROM_DEFAULT: break;
    }
    return cfg_fail_at(load->file, picked->node ? picked->node : place->node, load->err, "%s", message);
}

static bool fail_value(const struct place *place, const struct cfg_option *option,
                       const struct picked *picked, const char *suffix, const char *why)
{
    MIG_AUTOBUF struct mig_buf message;
    mig_buf_init(&message, MIG_ERROR_MESSAGE_MAX);
    mig_buf_printf(&message, "%s%s%s ", place->shown, option->key, suffix);
    if (why) {
        message.len--; /* the space */
        mig_buf_printf(&message, ": %s", why);
    } else {
        mig_buf_str(&message, "must be ");
        cfg_option_expects(option, &message);
        if (!cfg_option_is_secret(option)) {
            MIG_AUTOFREE char *nearest = cfg_value_nearest(option, picked->text);
            MIG_AUTOFREE char *shown = mig_text_safe_dup(picked->text, 40);
            mig_buf_printf(&message, ", not \"%s\"", shown);
            if (nearest)
                mig_buf_printf(&message, "; did you mean \"%s\"?", nearest);
        }
    }
    return fail_picked(place, option, picked, message.text);
}

/* text moves to the value. */
static void note_value(const struct place *place, const struct cfg_option *option, char *text,
                       struct cfg_origin origin)
{
    struct cfg_config *config = place->load->config;
    config->values =
        mig_grow(config->values, config->value_count, &config->value_room, sizeof *config->values);
    config->values[config->value_count++] = (struct cfg_value){
        .option = option,
        .name = mig_printf("%s%s", place->name, option->key),
        .text = text,
        .origin = origin,
    };
}

struct names {
    const struct cfg_load *load;
    struct mig_buf text;
};

static void note_name(void *ctx, const char *name)
{
    struct names *names = ctx;
    const struct cfg_inputs *in = names->load->inputs;
    const char *value = in->getenv ? in->getenv(in->ctx, name) : NULL;
    const struct cfg_dotenv_pair *pair = cfg_dotenv_find(&names->load->config->dotenv, name);
    mig_buf_printf(&names->text, "%s%s ", names->text.len > 0 ? ", " : "", name);
    if (value)
        mig_buf_str(&names->text, *value ? "from the environment" : "is empty in the environment");
    else if (pair)
        mig_buf_printf(&names->text, "%s %s:%d", *pair->value ? "from" : "is empty in",
                       names->load->config->dotenv_name, pair->line);
    else
        mig_buf_str(&names->text, "is not set");
}

/* Whose value it is that stands for each name, as far as it can be told without the value. */
static void note_names(const struct cfg_load *load, const struct cfg_secret_ref *ref, struct cfg_value *value)
{
    struct names names = { .load = load };
    mig_buf_init(&names.text, 4096);
    cfg_secret_ref_names(ref, note_name, &names);
    if (names.text.len > 0)
        value->names = mig_buf_detach(&names.text);
    mig_buf_done(&names.text);
}

/* What a path from that source is relative to; NULL: leave it. */
static const char *base_of(const struct cfg_load *load, enum cfg_from from)
{
    return from == CFG_FROM_FLAG || from == CFG_FROM_ENV ? load->inputs->cwd : load->config->dir;
}

static void resolve_path(const char *dir, char **path)
{
    const char *rest = *path;
    if (!dir || !*dir || rest[0] == '/' || strncmp(rest, "registry:", 9) == 0)
        return;
    while (strncmp(rest, "./", 2) == 0)
        rest += 2 + strspn(rest + 2, "/");
    char *full = mig_printf("%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", rest);
    free(*path);
    *path = full;
}

/* What a stored value needs beyond its text. */
static bool finish(const struct place *place, const struct cfg_option *option, const struct picked *picked,
                   void *member)
{
    const struct cfg_inputs *in = place->load->inputs;
    char **text = member;
    if (option->type == CFG_PATH)
        resolve_path(base_of(place->load, picked->origin.from), text);
    if (option->type == CFG_ZONE && in->zone_known && !in->zone_known(in->ctx, *text))
        return fail_value(place, option, picked, "", "this machine does not know that time zone");
    if (cfg_option_is_secret(option)) {
        struct cfg_secret_ref *ref = member;
        ref->label = mig_printf("%s of %s", option->key, place->owner);
        if (ref->kind == CFG_SECRET_FILE)
            resolve_path(place->load->config->dir, &ref->text);
    }
    return true;
}

static bool build_scalar(const struct place *place, const struct cfg_option *option,
                         const struct picked *picked)
{
    void *member = (char *)place->typed + option->member;
    const char *why;
    if (!cfg_value_store(option, picked->text, member, &why))
        return fail_value(place, option, picked, "", why);
    char *shown;
    if (cfg_option_is_secret(option)) {
        struct mig_buf text;
        mig_buf_init(&text, CFG_SECRET_MAX);
        cfg_secret_ref_print(member, option->type == CFG_URI, &text);
        shown = mig_buf_detach(&text);
        mig_buf_done(&text);
    } else {
        shown = mig_strdup(picked->text);
    }
    note_value(place, option, shown, picked->origin);
    if (cfg_option_is_secret(option))
        note_names(place->load, member, &place->load->config->values[place->load->config->value_count - 1]);
    return finish(place, option, picked, member);
}

static bool add_item(const struct place *place, const struct cfg_option *option, struct cfg_list *list,
                     const struct picked *item)
{
    MIG_AUTOFREE char *suffix = mig_printf("[%zu]", list->count);
    if (!cfg_value_check(option, item->text))
        return fail_value(place, option, item, suffix, NULL);
    if (cfg_list_has(list, item->text))
        return fail_value(place, option, item, suffix, "it is in the list already");
    cfg_list_add(list, item->text, strlen(item->text));
    return true;
}

static void add_defaults(const struct cfg_option *option, struct cfg_list *list)
{
    for (const char *p = option->fallback; *p;) {
        size_t len = strcspn(p, ",");
        cfg_list_add(list, p, len);
        p += p[len] ? len + 1 : len;
    }
}

static bool build_list(const struct place *place, const struct cfg_option *option)
{
    struct cfg_list *list = (void *)((char *)place->typed + option->member);
    const struct cfg_node *node = cfg_node_get(place->node, option->key);
    char *const *items = *(char **const *)((const char *)place->raw + option->raw);
    unsigned count = *(const unsigned *)((const char *)place->raw + option->raw_count);
    struct picked picked = from_file(NULL, node);
    for (unsigned i = 0; i < count; i++) {
        struct picked item = from_file(items[i], cfg_node_item(node, i));
        if (!add_item(place, option, list, &item))
            return false;
    }
    if (option->is_needed && count == 0)
        return cfg_fail_at(place->load->file, node ? node : place->node, place->load->err, "%s%s is %s",
                           place->shown, option->key, node ? "empty" : "missing");
    if (!node) {
        if (!option->fallback)
            return true;
        add_defaults(option, list);
        picked.origin.from = CFG_FROM_DEFAULT;
    }
    struct mig_buf text;
    mig_buf_init(&text, CFG_FILE_MAX);
    for (size_t i = 0; i < list->count; i++)
        mig_buf_printf(&text, "%s%s", i ? ", " : "", list->items[i]);
    note_value(place, option, mig_buf_detach(&text), picked.origin);
    mig_buf_done(&text);
    return true;
}

static bool build_option(const struct place *place, const struct cfg_option *option)
{
    if (option->is_list)
        return build_list(place, option);
    struct picked picked = pick(place, option);
    if (picked.text)
        return build_scalar(place, option, &picked);
    if (!option->is_needed)
        return true;
    return cfg_fail_at(place->load->file, place->node, place->load->err, "%s%s is missing", place->shown,
                       option->key);
}

static bool build_section(const struct place *place);

static bool build_child(const struct place *parent, const struct cfg_child *child)
{
    const void *raw = *(void *const *)((const char *)parent->raw + child->raw);
    if (!raw)
        return !child->is_needed || cfg_fail_at(parent->load->file, parent->node, parent->load->err,
                                                "%s%s is missing", parent->shown, child->key);
    *(bool *)((char *)parent->typed + child->has) = true;
    MIG_AUTOFREE char *shown = mig_printf("%s%s.", parent->shown, child->key);
    MIG_AUTOFREE char *name = mig_printf("%s%s.", parent->name, child->key);
    struct place place = {
        .load = parent->load,
        .section = child->section,
        .node = cfg_node_get(parent->node, child->key),
        .raw = raw,
        .typed = (char *)parent->typed + child->member,
        .shown = shown,
        .name = name,
        .owner = parent->owner,
    };
    return build_section(&place);
}

static bool build_section(const struct place *place)
{
    size_t count;
    const struct cfg_option *options = cfg_options(&count);
    for (size_t i = 0; i < count; i++) {
        if (options[i].section == place->section && !build_option(place, &options[i]))
            return false;
    }
    const struct cfg_child *children = cfg_children(&count);
    for (size_t i = 0; i < count; i++) {
        if (children[i].parent == place->section && !build_child(place, &children[i]))
            return false;
    }
    return true;
}

/* The i-th item of the list `key`; what: what one of them is called. */
static bool build_item(struct cfg_load *load, enum cfg_section section, const char *key, const char *what,
                       size_t i, const void *raw, void *typed)
{
    const struct cfg_node *node = cfg_node_item(cfg_node_get(load->root, key), i);
    const struct cfg_node *name_node = cfg_node_get(node, "name");
    MIG_AUTOFREE char *number = mig_printf("%zu", i);
    const char *called = name_node && name_node->text ? name_node->text : number;
    MIG_AUTOFREE char *shown = mig_printf("%s[%zu].", key, i);
    MIG_AUTOFREE char *name = mig_printf("%s.%s.", key, called);
    MIG_AUTOFREE char *owner = mig_printf("%s %s", what, called);
    struct place place = {
        .load = load,
        .section = section,
        .node = node,
        .raw = raw,
        .typed = typed,
        .shown = shown,
        .name = name,
        .owner = owner,
    };
    return build_section(&place);
}

static bool check_flags(const struct cfg_load *load)
{
    for (size_t i = 0; i < load->inputs->flag_count; i++) {
        const struct cfg_option *option = cfg_option_find(load->inputs->flags[i].name);
        if (!option || !cfg_option_is_settable(option))
            return mig_fail(load->err, MIG_ERR_USAGE, "%s cannot be set on the command line",
                            load->inputs->flags[i].name);
    }
    return true;
}

bool cfg_build(struct cfg_load *load)
{
    struct cfg_config *config = load->config;
    const struct cfg_raw_config *raw = load->raw;
    struct place top = {
        .load = load,
        .section = CFG_TOP,
        .node = load->root,
        .raw = raw,
        .typed = config,
        .shown = "",
        .name = "",
        .owner = "",
    };
    if (!check_flags(load) || !build_section(&top))
        return false;
    config->environment_count = raw->environments_count;
    config->environments = mig_alloc_n(raw->environments_count, sizeof *config->environments);
    for (size_t i = 0; i < config->environment_count; i++) {
        if (!build_item(load, CFG_ENVIRONMENT, "environments", "environment", i, &raw->environments[i],
                        &config->environments[i]))
            return false;
    }
    config->notify_count = raw->notify_count;
    config->notify = mig_alloc_n(raw->notify_count, sizeof *config->notify);
    for (size_t i = 0; i < config->notify_count; i++) {
        if (!build_item(load, CFG_NOTIFY, "notify", "channel", i, &raw->notify[i], &config->notify[i]))
            return false;
    }
    return true;
}
