/* show.c - the configuration as it stands, for people and for programs. */
#include <string.h>

#include "config/config.h"

#define NAME_COLUMN_MAX 48
#define TEXT_COLUMN_MAX 40

void cfg_origin_print(const struct cfg_config *config, const struct cfg_value *value, struct mig_buf *out)
{
    char name[CFG_OPTION_NAME_MAX];
    /* uncovered: every origin has its case */
    switch (value->origin.from) {
    case CFG_FROM_DEFAULT: mig_buf_str(out, "default"); break;
    case CFG_FROM_FILE: mig_buf_printf(out, "%s:%d", config->file, value->origin.line); break;
    case CFG_FROM_DOTENV: mig_buf_printf(out, "%s:%d", config->dotenv_name, value->origin.line); break;
    case CFG_FROM_ENV:
        cfg_option_variable(value->option, name);
        mig_buf_printf(out, "env %s", name);
        break;
    case CFG_FROM_FLAG:
        cfg_option_flag(value->option, name);
        mig_buf_printf(out, "flag %s", name);
        break;
    }
    if (value->names)
        mig_buf_printf(out, "; %s", value->names);
}

static size_t width(const char *text, size_t widest, size_t most)
{
    size_t len = strlen(text);
    return len > most ? widest : len > widest ? len : widest;
}

static void print_cell(struct mig_buf *out, const char *text, size_t columns)
{
    size_t len = strlen(text);
    mig_buf_str(out, text);
    mig_buf_fill(out, ' ', len < columns ? columns - len + 2 : 2);
}

void cfg_show(const struct cfg_config *config, struct mig_buf *out, bool with_origin)
{
    size_t names = 0, texts = 0;
    for (size_t i = 0; i < config->value_count; i++) {
        names = width(config->values[i].name, names, NAME_COLUMN_MAX);
        texts = width(config->values[i].text, texts, TEXT_COLUMN_MAX);
    }
    for (size_t i = 0; i < config->value_count; i++) {
        const struct cfg_value *value = &config->values[i];
        print_cell(out, value->name, names);
        if (with_origin) {
            print_cell(out, value->text, texts);
            cfg_origin_print(config, value, out);
        } else {
            mig_buf_str(out, value->text);
        }
        mig_buf_char(out, '\n');
    }
    for (size_t i = 0; i < config->environment_count; i++) {
        if (config->environments[i].disabled_reason)
            mig_buf_printf(out, "%s is disabled: %s\n", config->environments[i].name,
                           config->environments[i].disabled_reason);
    }
    for (size_t i = 0; i < config->warning_count; i++)
        mig_buf_printf(out, "warning: %s\n", config->warnings[i]);
}

static void json_text(struct mig_buf *out, const char *text)
{
    mig_buf_char(out, '"');
    mig_buf_json(out, text);
    mig_buf_char(out, '"');
}

static void json_value(struct mig_buf *out, const struct cfg_config *config, const struct cfg_value *value,
                       bool with_origin)
{
    mig_buf_str(out, "{\"name\":");
    json_text(out, value->name);
    mig_buf_str(out, ",\"value\":");
    json_text(out, value->text);
    if (with_origin) {
        MIG_AUTOBUF struct mig_buf origin;
        mig_buf_init(&origin, 8192);
        cfg_origin_print(config, value, &origin);
        mig_buf_str(out, ",\"origin\":");
        json_text(out, origin.text);
    }
    mig_buf_char(out, '}');
}

void cfg_show_json(const struct cfg_config *config, struct mig_buf *out, bool with_origin)
{
    mig_buf_str(out, "{\"file\":");
    json_text(out, config->file);
    mig_buf_str(out, ",\"values\":[");
    for (size_t i = 0; i < config->value_count; i++) {
        mig_buf_str(out, i ? "," : "");
        json_value(out, config, &config->values[i], with_origin);
    }
    mig_buf_str(out, "],\"disabled\":[");
    const char *comma = "";
    for (size_t i = 0; i < config->environment_count; i++) {
        const struct cfg_environment *environment = &config->environments[i];
        if (!environment->disabled_reason)
            continue;
        mig_buf_printf(out, "%s{\"environment\":", comma);
        json_text(out, environment->name);
        mig_buf_str(out, ",\"reason\":");
        json_text(out, environment->disabled_reason);
        mig_buf_char(out, '}');
        comma = ",";
    }
    mig_buf_str(out, "],\"warnings\":[");
    for (size_t i = 0; i < config->warning_count; i++) {
        mig_buf_str(out, i ? "," : "");
        json_text(out, config->warnings[i]);
    }
    mig_buf_str(out, "]}");
}
