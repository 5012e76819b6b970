/* cli.c - from words to a command, and from its outcome to an exit status; errors are told here and nowhere else. */
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/rows.h"
#include "base/text.h"
#include "cli/out_help.h"
#include "cli/out_json.h"
#include "cli/term.h"

#define OUTPUT_MAX (512UL * 1024 * 1024)

static const cli_command_fn functions[MIG_COMMANDS] = {
    [MIG_COMMAND_INIT] = cli_init,
    [MIG_COMMAND_NEW] = cli_new,
    [MIG_COMMAND_VERIFY_DIR] = cli_verify_dir,
    [MIG_COMMAND_CONSOLE] = cli_console,
    [MIG_COMMAND_STATUS] = cli_status,
    [MIG_COMMAND_DIFF] = cli_diff,
    [MIG_COMMAND_PLAN] = cli_plan,
    [MIG_COMMAND_APPLY] = cli_apply,
    [MIG_COMMAND_ROLLBACK] = cli_rollback,
    [MIG_COMMAND_RESUME] = cli_resume,
    [MIG_COMMAND_RECOVER] = cli_recover,
    [MIG_COMMAND_MARK] = cli_mark,
    [MIG_COMMAND_GATE] = cli_gate,
    [MIG_COMMAND_DRIFT] = cli_drift,
    [MIG_COMMAND_REQUEST] = cli_request,
    [MIG_COMMAND_REQUESTS] = cli_requests,
    [MIG_COMMAND_APPROVE] = cli_approve,
    [MIG_COMMAND_REJECT] = cli_reject,
    [MIG_COMMAND_WITHDRAW] = cli_withdraw,
    [MIG_COMMAND_PROMOTE] = cli_promote,
    [MIG_COMMAND_GLASS] = cli_glass,
    [MIG_COMMAND_RUNS] = cli_runs,
    [MIG_COMMAND_LOG] = cli_log,
    [MIG_COMMAND_ATTACH] = cli_attach,
    [MIG_COMMAND_STOP] = cli_stop,
    [MIG_COMMAND_HISTORY] = cli_history,
    [MIG_COMMAND_AUDIT] = cli_audit,
    [MIG_COMMAND_BACKUP] = cli_backup,
    [MIG_COMMAND_RESTORE] = cli_restore,
    [MIG_COMMAND_DOCTOR] = cli_doctor,
    [MIG_COMMAND_CONFIG] = cli_config,
    [MIG_COMMAND_SCHEMA] = cli_schema,
    [MIG_COMMAND_COMPLETION] = cli_completion,
    [MIG_COMMAND_DEMO] = cli_demo,
    [MIG_COMMAND_VERSION] = cli_version,
    [MIG_COMMAND_HELP] = cli_help,
    [MIG_COMMAND_RUN] = cli_run,
};

bool cli_write(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        struct pollfd room = { .fd = fd, .events = POLLOUT };
        if (n < 0 && errno == EAGAIN)
            poll(&room, 1, -1);
        else if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
    return true;
}

void cli_out(const struct cli *cli, const struct mig_buf *text)
{
    if (!cli_write(STDOUT_FILENO, text->text, text->len))
        *cli->unwritten = errno;
}

void cli_say(const struct cli *cli, const char *fmt, ...)
{
    if (cli->quiet || cli->format != CLI_TEXT)
        return;
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, 64UL * 1024);
    va_list args;
    va_start(args, fmt);
    mig_buf_vprintf(&text, fmt, args);
    va_end(args);
    mig_buf_char(&text, '\n');
    cli_write(STDERR_FILENO, text.text, text.len);
}

void cli_out_document(const struct cli *cli, const bson_t *doc)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, OUTPUT_MAX);
    if (cli->format == CLI_NDJSON) {
        cli_json_line(doc, &text);
        mig_buf_char(&text, '\n');
    } else {
        cli_json_pretty(doc, &text);
    }
    cli_out(cli, &text);
}

/* ---- what several commands need ---- */

static void list_environments(const struct cfg_config *config, struct mig_buf *out)
{
    for (size_t i = 0; i < config->environment_count; i++)
        mig_buf_printf(out, "%s%s", i ? ", " : "", config->environments[i].name);
}

const struct cfg_environment *cli_environment(struct cli *cli, struct mig_error *err)
{
    const struct cfg_config *config = cli->app->config;
    const char *name = mig_cmdline_value(cli->line, MIG_OPT_ENV);
    if (name && mig_cmdline_value_at(cli->line, MIG_OPT_ENV, 1)) {
        mig_fail(err, MIG_ERR_USAGE, "%s works on one environment at a time", cli->line->command->name);
        return NULL;
    }
    if (name || config->environment_count == 1)
        cli->env = name ? mig_app_environment(cli->app, name, err) : &config->environments[0];
    if (name || config->environment_count == 1)
        return cli->env;
    struct mig_buf names MIG_AUTOBUF;
    mig_buf_init(&names, 4096);
    list_environments(config, &names);
    mig_fail(err, MIG_ERR_USAGE, "%s: which environment?", cli->line->command->name);
    mig_hint(err, "add --env NAME; there are %s", names.text);
    return NULL;
}

bool cli_environments(struct cli *cli, const struct cfg_environment ***ret, size_t *ret_count,
                      struct mig_error *err)
{
    const struct cfg_config *config = cli->app->config;
    const struct cfg_environment **envs = mig_alloc_n(CFG_ENVIRONMENTS_MAX, sizeof *envs);
    size_t count = 0;
    const char *name;
    for (size_t i = 0; (name = mig_cmdline_value_at(cli->line, MIG_OPT_ENV, i)); i++) {
        const struct cfg_environment *env = mig_app_environment(cli->app, name, err);
        bool again = false;
        for (size_t k = 0; env && k < count && !again; k++)
            again = envs[k] == env;
        if (!env) {
            free(envs);
            return false;
        }
        if (!again)
            envs[count++] = env;
    }
    for (size_t i = 0; count == 0 && i < config->environment_count; i++)
        envs[i] = &config->environments[i];
    *ret_count = count ? count : config->environment_count;
    *ret = envs;
    return true;
}

bool cli_catalog(struct cli *cli, unsigned flags, bool all_must_be_good, struct mig_catalog **ret,
                 struct mig_error *err)
{
    struct mig_problems problems = { 0 };
    bool ok = cli->app->read_catalog(cli->app->ports_ctx, flags, ret, &problems, err);
    if (ok && problems.count > 0 && all_must_be_good) {
        for (size_t i = 0; i + 1 < problems.count && problems.count > 1; i++)
            cli_say(cli, "%s", problems.items[i].message);
        *err = problems.items[problems.count - 1];
        if (problems.count > 1)
            mig_hint(err, "%zu migration files are wrong; all of them: migtui verify-dir", problems.count);
        mig_catalog_free(*ret);
        *ret = NULL;
        ok = false;
    } else if (ok) {
        for (size_t i = 0; i < problems.count; i++)
            cli_say(cli, "%s", problems.items[i].message);
    }
    mig_problems_done(&problems);
    return ok;
}

/* ---- the top ---- */

void cli_error_text(const struct cli_style *style, const struct mig_error *err, struct mig_buf *out)
{
    struct mig_buf safe MIG_AUTOBUF;
    mig_buf_init(&safe, 64UL * 1024);
    mig_text_safe(&safe, err->message, strlen(err->message), SIZE_MAX, true);
    cli_ink(out, style, CLI_BAD, "migtui:");
    mig_buf_printf(out, " %s\n", safe.text);
    if (!err->hint[0])
        return;
    mig_buf_reset(&safe);
    mig_text_safe(&safe, err->hint, strlen(err->hint), SIZE_MAX, true);
    const char *label = "  Next    ";
    for (char *rest = safe.text, *line; (line = strsep(&rest, "\n"));) {
        mig_buf_printf(out, "%s%s\n", label, line);
        label = "          ";
    }
}

static void tell_error(const struct cli *cli, const struct mig_error *err)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, 1UL * 1024 * 1024);
    if (cli->format == CLI_TEXT) {
        cli_error_text(&cli->err, err, &text);
    } else {
        bson_t doc MIG_AUTODOC = BSON_INITIALIZER;
        cli_json_error(&doc, "error", err);
        cli_json_line(&doc, &text);
        mig_buf_char(&text, '\n');
    }
    cli_write(STDERR_FILENO, text.text, text.len);
}

/* Which server it was about: a pipeline's log has many. */
static void name_environment(const struct cli *cli, struct mig_error *err)
{
    static const enum mig_error_code of_servers[] = {
        MIG_ERR_UNREACHABLE, MIG_ERR_AUTH,         MIG_ERR_DENIED,  MIG_ERR_TLS,  MIG_ERR_TOO_OLD,
        MIG_ERR_SERVER,      MIG_ERR_WRONG_SERVER, MIG_ERR_TIMEOUT, MIG_ERR_STEP, MIG_ERR_UNKNOWN_OUTCOME,
        MIG_ERR_FENCED,      MIG_ERR_LOCKED
    };
    size_t len = cli->env ? strlen(cli->env->name) : 0;
    if (len == 0 || (strncmp(err->message, cli->env->name, len) == 0 && strchr(": ", err->message[len])))
        return;
    for (size_t i = 0; i < MIG_COUNT(of_servers); i++) {
        if (err->code == of_servers[i])
            (void)mig_context(err, "%s", cli->env->name);
    }
}

static int dispatch(struct cli *cli, struct mig_error *err)
{
    const struct mig_command *command = cli->line->command;
    if (!command || mig_cmdline_has(cli->line, MIG_OPT_HELP)) {
        struct mig_buf text MIG_AUTOBUF;
        mig_buf_init(&text, 1UL * 1024 * 1024);
        cli_help_text(command, &cli->out, &text);
        cli_out(cli, &text);
        return 0;
    }
    if ((command->flags & MIG_CMD_NEEDS_CONFIG) &&
        !cli->ports->open_app(cli->ports->ctx, cli->line, &cli->app, err))
        return CLI_FAILED;
    bool on_screen = command->id == MIG_COMMAND_CONSOLE && !mig_cmdline_has(cli->line, MIG_OPT_PLAIN) &&
                     !mig_cmdline_has(cli->line, MIG_OPT_SCRIPT);
    if (!on_screen) /* the console's loop takes them itself */
        cli->signals = cli_signals_start();
    return functions[command->id](cli, err);
}

static enum cli_format format_of(const char *word)
{
    return strcmp(word, "json") == 0 ? CLI_JSON : strcmp(word, "ndjson") == 0 ? CLI_NDJSON : CLI_TEXT;
}

/* Without a command: the console. Its options are checked as those of any command. */
static bool parse(size_t count, const char *const *words, struct mig_cmdline *ret, struct mig_error *err)
{
    if (!mig_cmdline_parse(count, words, ret, err))
        return false;
    if (ret->command || mig_cmdline_has(ret, MIG_OPT_HELP))
        return true;
    const char **with MIG_AUTOFREE = mig_alloc_n(count + 1, sizeof *with);
    with[0] = mig_command_at(MIG_COMMAND_CONSOLE)->name;
    if (count > 0)
        memcpy(with + 1, words, count * sizeof *words);
    mig_cmdline_done(ret);
    return mig_cmdline_parse(count + 1, with, ret, err);
}

int cli_console(struct cli *cli, struct mig_error *err)
{
    return cli->ports->console(cli->ports->ctx, cli->line, cli->app, err);
}

int cli_main(const struct cli_ports *ports, size_t count, const char *const *words)
{
    struct mig_cmdline line;
    struct mig_error err = { 0 };
    bool ok = parse(count, words, &line, &err);
    int unwritten = 0;
    struct cli cli = { .ports = ports, .host = ports->host, .line = &line, .unwritten = &unwritten };
    cli.format = format_of(mig_words_format(count, words));
    cli.quiet = mig_cmdline_has(&line, MIG_OPT_QUIET);
    cli_style_detect(STDOUT_FILENO, mig_cmdline_has(&line, MIG_OPT_NO_COLOR), &cli.out);
    cli_style_detect(STDERR_FILENO, mig_cmdline_has(&line, MIG_OPT_NO_COLOR), &cli.err);
    int status = ok ? dispatch(&cli, &err) : CLI_FAILED;
    if (status == 0 && unwritten && unwritten != EPIPE) { /* a reader that has seen enough is no error */
        mig_fail(&err, MIG_ERR_IO, "standard output did not take all of it: %s", strerror(unwritten));
        mig_hint(&err, "what was asked for was done; only its output is cut");
        status = CLI_FAILED;
    }
    if (status == CLI_FAILED) {
        name_environment(&cli, &err);
        tell_error(&cli, &err);
        status = mig_error_exit(err.code);
        if (status == 0)
            status = 1;
    }
    mig_cmdline_done(&line);
    return status;
}
