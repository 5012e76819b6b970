/* config.c - a load from end to end, and owning its result. */
#include "config/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/load.h"
#include "config/value.h"

const char *cfg_load_lookup(void *ctx, const char *name)
{
    const struct cfg_load *load = ctx;
    const char *value = load->inputs->getenv ? load->inputs->getenv(load->inputs->ctx, name) : NULL;
    if (value)
        return value;
    const struct cfg_dotenv_pair *pair = cfg_dotenv_find(&load->config->dotenv, name);
    return pair ? pair->value : NULL;
}

static bool load_all(struct cfg_load *load, const char *text, size_t len)
{
    const struct cfg_inputs *in = load->inputs;
    struct cfg_config *config = load->config;
    if (in->dotenv &&
        !cfg_dotenv_parse(config->dotenv_name, in->dotenv, in->dotenv_len, &config->dotenv, load->err))
        return false;
    struct cfg_tree tree;
    struct cfg_raw_config *raw = NULL;
    bool ok = cfg_tree_parse(load->file, text, len, &tree, load->err) &&
              cfg_schema_check(load->file, tree.root, load->err) &&
              cfg_raw_load(load->file, text, len, &raw, load->err);
    load->root = tree.root;
    load->raw = raw;
    ok = ok && cfg_build(load) && cfg_policy_check(load);
    if (ok)
        cfg_policy_note(load);
    if (raw)
        cfg_raw_free(raw);
    cfg_tree_done(&tree);
    return ok;
}

bool cfg_load_text(const char *file_name, const char *text, size_t len, const struct cfg_inputs *inputs,
                   struct cfg_config **ret, struct mig_error *err)
{
    *ret = NULL;
    if (len > CFG_FILE_MAX)
        return mig_fail(err, MIG_ERR_LIMIT, "%s is larger than %zu bytes", file_name, CFG_FILE_MAX);
    struct cfg_config *config = mig_alloc(sizeof *config);
    config->file = mig_strdup(file_name);
    config->dir = mig_strdup(inputs->dir && *inputs->dir ? inputs->dir : ".");
    config->dotenv_name = mig_strdup(inputs->dotenv_name ? inputs->dotenv_name : ".env");
    struct cfg_load load = { .file = config->file, .inputs = inputs, .config = config, .err = err };
    if (!load_all(&load, text, len)) {
        cfg_config_free(config);
        return false;
    }
    *ret = config;
    return true;
}

static void free_section(enum cfg_section section, void *typed)
{
    size_t count;
    const struct cfg_option *options = cfg_options(&count);
    for (size_t i = 0; i < count; i++) {
        if (options[i].section == section)
            cfg_value_done(&options[i], (char *)typed + options[i].member);
    }
    const struct cfg_child *children = cfg_children(&count);
    for (size_t i = 0; i < count; i++) {
        if (children[i].parent == section)
            free_section(children[i].section, (char *)typed + children[i].member);
    }
}

void cfg_config_free(struct cfg_config *config)
{
    if (!config)
        return;
    free_section(CFG_TOP, config);
    for (size_t i = 0; i < config->environment_count; i++) {
        free_section(CFG_ENVIRONMENT, &config->environments[i]);
        free(config->environments[i].atlas.disabled_reason);
        free(config->environments[i].disabled_reason);
    }
    free(config->environments);
    for (size_t i = 0; i < config->notify_count; i++) {
        free_section(CFG_NOTIFY, &config->notify[i]);
        free(config->notify[i].disabled_reason);
    }
    free(config->notify);
    for (size_t i = 0; i < config->value_count; i++) {
        free(config->values[i].name);
        free(config->values[i].text);
        free(config->values[i].names);
    }
    free(config->values);
    for (size_t i = 0; i < config->warning_count; i++)
        free(config->warnings[i]);
    free(config->warnings);
    cfg_dotenv_done(&config->dotenv);
    cfg_list_done(&config->secret_names);
    free(config->dotenv_name);
    free(config->dir);
    free(config->file);
    free(config);
}

const struct cfg_environment *cfg_environment_find(const struct cfg_config *config, const char *name)
{
    for (size_t i = 0; i < config->environment_count; i++) {
        if (strcmp(config->environments[i].name, name) == 0)
            return &config->environments[i];
    }
    return NULL;
}

bool cfg_list_has(const struct cfg_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0)
            return true;
    }
    return false;
}

bool cfg_notify_wants(const struct cfg_notify *notify, const char *event, const char *environment)
{
    bool asked = cfg_list_has(&notify->on, event) || strcmp(event, "breakGlass.opened") == 0;
    return asked && (notify->environments.count == 0 || cfg_list_has(&notify->environments, environment));
}

const struct cfg_value *cfg_value_find(const struct cfg_config *config, const char *name)
{
    for (size_t i = 0; i < config->value_count; i++) {
        if (strcmp(config->values[i].name, name) == 0)
            return &config->values[i];
    }
    return NULL;
}

void cfg_warn(struct cfg_config *config, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct mig_buf text;
    mig_buf_init(&text, MIG_ERROR_MESSAGE_MAX);
    mig_buf_vprintf(&text, fmt, args);
    va_end(args);
    config->warnings =
        mig_grow(config->warnings, config->warning_count, &config->warning_room, sizeof *config->warnings);
    config->warnings[config->warning_count++] = mig_buf_detach(&text);
    mig_buf_done(&text);
}
