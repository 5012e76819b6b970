/* fuzz_config.c - any bytes as migtui.yaml and .env.
 *
 * What follows a line "#.env" is the .env. Beyond memory errors it asserts: a refusal says why; libcyaml
 * never refuses what the tree's check let pass (MIG_ERR_INTERNAL); what loads can be shown; no environment is
 * without a name, a uri and a database; a gate asks for no more approvals than it has approvers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
    do { \
        if (!(condition)) \
            abort(); \
    } while (0)

static const char marker[] = "\n#.env\n";

/* Every variable whose name has an even number of letters is set. */
static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return strncmp(name, "MIGTUI_", 7) != 0 && strlen(name) % 2 == 0 ? "mongodb://user:password@host:1/"
                                                                     : NULL;
}

static void check_loaded(const struct cfg_config *config)
{
    struct cfg_target targets[CFG_ENVIRONMENTS_MAX];
    CHECK(config->environment_count >= 1 && config->environment_count <= CFG_ENVIRONMENTS_MAX);
    for (size_t i = 0; i < config->environment_count; i++) {
        const struct cfg_environment *environment = &config->environments[i];
        const struct cfg_gate *gate = &environment->gate;
        CHECK(cfg_environment_find(config, environment->name) == environment);
        CHECK(environment->uri.text && environment->uri.label && environment->database[0]);
        CHECK(gate->approvers.count == 0 || gate->approvals <= (int64_t)gate->approvers.count);
        CHECK(!gate->has_window || gate->window.days != 0);
        targets[i] = (struct cfg_target){ environment->name, environment->uri.text, environment->database };
    }
    struct mig_error err = { 0 };
    if (!cfg_check_distinct(targets, config->environment_count, &err))
        CHECK(err.message[0]);
    MIG_AUTOBUF struct mig_buf out;
    mig_buf_init(&out, 16 * CFG_FILE_MAX);
    cfg_show(config, &out, true);
    cfg_show_json(config, &out, true);
    CHECK(!out.overflow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cfg_flag flag = { "leaseSeconds", "60" };
    const char *text = (const char *)data;
    const char *dotenv = size ? memmem(text, size, marker, sizeof marker - 1) : NULL;
    size_t len = dotenv ? (size_t)(dotenv + 1 - text) : size;
    struct cfg_inputs inputs = {
        .dir = "/project",
        .getenv = variable,
        .flags = &flag,
        .flag_count = size % 2,
        .dotenv = dotenv ? dotenv + sizeof marker - 1 : NULL,
        .dotenv_len = dotenv ? size - (size_t)(dotenv - text) - (sizeof marker - 1) : 0,
    };
    struct cfg_config *config = NULL;
    struct mig_error err = { 0 };
    if (cfg_load_text("f", text, len, &inputs, &config, &err)) {
        check_loaded(config);
        cfg_config_free(config);
    } else {
        CHECK(!config && err.message[0] && err.code != MIG_OK && err.code != MIG_ERR_INTERNAL);
    }
    return 0;
}
