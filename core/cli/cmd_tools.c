/* cmd_tools.c - config, schema, completion, demo, version, help: about migtui itself. */
#include <bson/bson.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/out_help.h"
#include "cli/schemas.h"

#define TEXT_MAX (16UL * 1024 * 1024)

int cli_config(struct cli *cli, struct mig_error *err)
{
    const struct cfg_config *config = cli->app->config;
    (void)err;
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, TEXT_MAX);
    bool with_origin = mig_cmdline_has(cli->line, MIG_OPT_ORIGIN);
    if (cli->format != CLI_TEXT) {
        cfg_show_json(config, &text, with_origin);
        if (text.len == 0 || text.text[text.len - 1] != '\n')
            mig_buf_char(&text, '\n');
    } else if (strcmp(cli->line->arguments[0], "show") == 0) {
        cfg_show(config, &text, with_origin);
    } else {
        size_t usable = 0;
        for (size_t i = 0; i < config->environment_count; i++) {
            const struct cfg_environment *env = &config->environments[i];
            usable += env->disabled_reason == NULL;
            if (env->disabled_reason)
                mig_buf_printf(&text, "%s is disabled: %s\n", env->name, env->disabled_reason);
        }
        for (size_t i = 0; i < config->warning_count; i++)
            mig_buf_printf(&text, "warning: %s\n", config->warnings[i]);
        mig_buf_printf(&text, "%s is good; %zu of ", config->file, usable);
        mig_text_count(&text, config->environment_count, "environment");
        mig_buf_str(&text, " can be used\n");
    }
    cli_out(cli, &text);
    return 0;
}

int cli_schema(struct cli *cli, struct mig_error *err)
{
    (void)err;
    const char *name = cli->line->arguments[0];
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, TEXT_MAX);
    if (strcmp(name, "migration") == 0) {
        char *schema MIG_AUTOFREE = mig_migration_schema();
        mig_buf_str(&text, schema);
    } else {
        mig_buf_str(&text, cli_schema_text(name));
    }
    if (text.len == 0 || text.text[text.len - 1] != '\n')
        mig_buf_char(&text, '\n');
    cli_out(cli, &text);
    return 0;
}

int cli_completion(struct cli *cli, struct mig_error *err)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, TEXT_MAX);
    if (!cli_completion_script(cli->line->arguments[0], &text)) {
        mig_fail(err, MIG_ERR_USAGE, "there is no completion for this shell");
        return CLI_FAILED;
    }
    cli_out(cli, &text);
    return 0;
}

/* scripts/demo of the tree in which this program was built, as TREE/build/PRESET/migtui; else false. */
static bool find_demo(char *self, size_t size, char *ret, size_t ret_size)
{
    ssize_t len = readlink("/proc/self/exe", self, size - 1);
    if (len <= 0)
        return false;
    self[len] = '\0';
    char *tree MIG_AUTOFREE = mig_strdup(self);
    char *name = NULL;
    for (int up = 0; up < 3; up++) {
        name = strrchr(tree, '/');
        if (!name)
            return false;
        *name++ = '\0';
    }
    int used = snprintf(ret, ret_size, "%s/scripts/demo", tree);
    return strcmp(name, "build") == 0 && used > 0 && (size_t)used < ret_size && access(ret, X_OK) == 0;
}

int cli_demo(struct cli *cli, struct mig_error *err)
{
    char self[PATH_MAX];
    char demo[PATH_MAX];
    const char *words[4] = { demo };
    size_t count = 1;
    if (mig_cmdline_has(cli->line, MIG_OPT_HEADLESS))
        words[count++] = "--headless";
    if (mig_cmdline_has(cli->line, MIG_OPT_KEEP_DEMO))
        words[count++] = "--keep";
    if (!find_demo(self, sizeof self, demo, sizeof demo)) {
        mig_fail(err, MIG_ERR_FAILED,
                 "the demo is scripts/demo of the source tree, and this migtui is not in one");
        mig_hint(err, "in a clone, on Debian 12 or 13: scripts/demo, or scripts/demo --headless");
        return CLI_FAILED;
    }
    /* The script becomes this process, with signals as any program expects them. */
    sigset_t none;
    sigemptyset(&none);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    setenv("MIGTUI_BIN", self, 1);
    execv(demo, (char *const *)(uintptr_t)words);
    mig_fail(err, MIG_ERR_IO, "%s could not be started: %s", demo, strerror(errno));
    return CLI_FAILED;
}

int cli_version(struct cli *cli, struct mig_error *err)
{
    (void)err;
    if (cli->format == CLI_TEXT) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, 4096);
        mig_buf_printf(&text, "migtui %s\n", MIG_VERSION);
        cli_out(cli, &text);
        return 0;
    }
    bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
    BSON_APPEND_UTF8(&doc, "version", MIG_VERSION);
    BSON_APPEND_UTF8(&doc, "libraries", cli->ports->libraries ? cli->ports->libraries : "");
    BSON_APPEND_INT32(&doc, "migrationFormat", 1);
    BSON_APPEND_INT32(&doc, "configFormat", 1);
    cli_out_document(cli, &doc);
    return 0;
}

int cli_help(struct cli *cli, struct mig_error *err)
{
    static const struct {
        enum mig_option_id option;
        void (*write)(struct mig_buf *out);
    } made[] = {
        { MIG_OPT_MAN, cli_man_commands },
        { MIG_OPT_MAN_CONFIG, cli_man_config },
        { MIG_OPT_MARKDOWN, cli_reference_commands },
        { MIG_OPT_EXIT_CODES, cli_reference_exit_codes },
    };
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        if (mig_cmdline_has(cli->line, made[i].option)) {
            made[i].write(&text);
            cli_out(cli, &text);
            return 0;
        }
    }
    const char *name = cli->line->argument_count ? cli->line->arguments[0] : NULL;
    const struct mig_command *command = name ? mig_command_find(name) : NULL;
    if (name && !command) {
        const char *near = mig_command_nearest(name);
        mig_fail(err, MIG_ERR_USAGE, "help: there is no such command%s%s%s", near ? "; did you mean " : "",
                 near ? near : "", near ? "?" : "");
        mig_hint(err, "all of them: migtui help");
        return CLI_FAILED;
    }
    cli_help_text(command, &cli->out, &text);
    cli_out(cli, &text);
    return 0;
}
