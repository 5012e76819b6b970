/* config_support.h - loading a text in one line, for the tests of config/. */
#ifndef CONFIG_SUPPORT_H
#define CONFIG_SUPPORT_H

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <string.h>

#include "base/rows.h"
#include "config/config.h"

/* Variables of a test: "NAME=VALUE", NULL-terminated. */
struct variables {
    const char *const *pairs;
};

static inline const char *variable(void *ctx, const char *name)
{
    const struct variables *variables = ctx;
    size_t len = strlen(name);
    for (const char *const *pair = variables->pairs; pair && *pair; pair++) {
        if (strncmp(*pair, name, len) == 0 && (*pair)[len] == '=')
            return *pair + len + 1;
    }
    return NULL;
}

static inline struct cfg_config *load_with(const char *text, const struct cfg_inputs *inputs)
{
    struct cfg_config *config = NULL;
    struct mig_error err = { 0 };
    if (!cfg_load_text("migtui.yaml", text, strlen(text), inputs, &config, &err))
        fail_msg("%s", err.message);
    return config;
}

static inline struct cfg_config *load(const char *text)
{
    struct cfg_inputs inputs = { .dir = "/project" };
    return load_with(text, &inputs);
}

static inline void refuse_with(const char *text, const struct cfg_inputs *inputs, const char *message)
{
    struct cfg_config *config = NULL;
    struct mig_error err = { 0 };
    if (cfg_load_text("migtui.yaml", text, strlen(text), inputs, &config, &err))
        fail_msg("loaded, instead of: %s", message);
    assert_null(config);
    assert_string_equal(err.message, message);
}

static inline void refuse(const char *text, const char *message)
{
    struct cfg_inputs inputs = { .dir = "/project" };
    refuse_with(text, &inputs, message);
}

/* A file that loads, up to the point where a test goes on: in the mapping of its one environment. */
#define ONE_ENVIRONMENT \
    "project: shop\n" \
    "environments:\n" \
    "  - name: dev\n" \
    "    uri: mongodb://localhost\n" \
    "    database: shop\n"

/* Two of them; what follows belongs to prod. */
#define TWO_ENVIRONMENTS \
    ONE_ENVIRONMENT \
    "  - name: prod\n" \
    "    uri: mongodb://db.example.com\n" \
    "    database: shop\n"

#endif
