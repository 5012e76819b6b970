/* schema.h - migtui.yaml as libcyaml loads it: structure here, meaning in build.c.
 *
 * Every scalar is loaded as text. libcyaml 1.3 reads "30x" as 30 and any word as true, and a value may also
 * come from a flag or a variable, so texts are typed once for all of them, by value.c.
 *
 * Internal to config/.
 */
#ifndef MIG_CONFIG_SCHEMA_H
#define MIG_CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/options.h"
#include "config/rows.h"
#include "config/tree.h"

// clang-format off
#define CFG_RAW_X(key, type, member, ...) char *member;
#define CFG_RAW_L(key, type, member, ...) \
    char **member; \
    unsigned member##_count;

struct cfg_raw_window {
    CFG_WINDOW_ROWS(CFG_RAW_X, CFG_RAW_L)
};

struct cfg_raw_backup {
    CFG_BACKUP_ROWS(CFG_RAW_X, CFG_RAW_L)
};

struct cfg_raw_gate {
    CFG_GATE_ROWS(CFG_RAW_X, CFG_RAW_L)
    struct cfg_raw_window *window;
    struct cfg_raw_backup *backup;
};

struct cfg_raw_credentials {
    CFG_CREDENTIALS_ROWS(CFG_RAW_X, CFG_RAW_L)
};

struct cfg_raw_atlas {
    CFG_ATLAS_ROWS(CFG_RAW_X, CFG_RAW_L)
    struct cfg_raw_credentials *credentials;
};

struct cfg_raw_environment {
    CFG_ENVIRONMENT_ROWS(CFG_RAW_X, CFG_RAW_L)
    struct cfg_raw_gate *gate;
    struct cfg_raw_atlas *atlas;
};

struct cfg_raw_email {
    CFG_EMAIL_ROWS(CFG_RAW_X, CFG_RAW_L)
};

struct cfg_raw_notify {
    CFG_NOTIFY_ROWS(CFG_RAW_X, CFG_RAW_L)
    struct cfg_raw_email *email;
};

struct cfg_raw_config {
    CFG_TOP_ROWS(CFG_RAW_X, CFG_RAW_L)
    struct cfg_raw_environment *environments;
    unsigned environments_count;
    struct cfg_raw_notify *notify;
    unsigned notify_count;
};
// clang-format on

/* A mapping within a mapping: where it sits in the structs of both sides. */
struct cfg_child {
    enum cfg_section parent;
    enum cfg_section section;
    const char *key;
    bool is_needed; /* when the parent is there */
    size_t member;  /* the struct in the parent's struct of config.h */
    size_t has;     /* its flag there */
    size_t raw;     /* the pointer in the parent's raw struct */
};

const struct cfg_child *cfg_children(size_t *ret_count);

/* Check a tree against the schema: unknown keys with the nearest name, values of another kind, values that
 * are missing, lists that are too long. Fails with FILE:LINE:COLUMN. */
bool cfg_schema_check(const char *file, const struct cfg_node *root, struct mig_error *err) MIG_MUST_CHECK;

/* Load a text whose tree was checked. Free with cfg_raw_free. */
bool cfg_raw_load(const char *file, const char *text, size_t len, struct cfg_raw_config **ret,
                  struct mig_error *err) MIG_MUST_CHECK;
void cfg_raw_free(struct cfg_raw_config *raw);

#endif
