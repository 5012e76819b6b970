/* cli.h - the headless face of migtui: one command from the words of a command line to an exit status.
 *
 * A command's function does its work through core/app, writes what was asked for to standard output, and returns an exit
 * status, or CLI_FAILED with the error filled: cli_main tells it, once. No command prompts by itself; the ones that write
 * go through confirm.h. Files: cmd_*.c hold commands by family, out_*.c turn results into text or documents.
 */
#ifndef MIG_CLI_CLI_H
#define MIG_CLI_CLI_H

#include "app/app.h"
#include "app/cmdline.h"
#include "cli/signals.h"
#include "cli/style.h"

enum cli_format { CLI_TEXT, CLI_JSON, CLI_NDJSON };

/* What the composition root brings. */
struct cli_ports {
    void *ctx;
    struct mig_host *host;
    /* Load the configuration that the line asks for and build the application on it; called at most once, and only for
     * commands that need a project. The application is borrowed until cli_main returns. */
    bool (*open_app)(void *ctx, const struct mig_cmdline *line, struct mig_app **ret, struct mig_error *err);
    /* Open the console on the application; blocks until it is over. An exit status, or CLI_FAILED with *err. */
    int (*console)(void *ctx, const struct mig_cmdline *line, struct mig_app *app, struct mig_error *err);
    /* "mongo-c-driver 1.23.1": what version prints besides. */
    const char *libraries;
};

struct cli {
    const struct cli_ports *ports;
    struct mig_host *host;
    struct mig_app *app; /* NULL for commands without MIG_CMD_NEEDS_CONFIG */
    const struct mig_cmdline *line;
    const struct cfg_environment
        *env; /* the one that the command is about; NULL: none, several, or not known yet */
    enum cli_format format;
    bool quiet;
    struct cli_style out, err;
    struct cli_signals *signals;
    int *unwritten; /* errno, when standard output did not take a document */
};

#define CLI_FAILED (-1)

/* Carry out one command. words: without the program's name. SIGINT, SIGTERM, SIGHUP must be blocked already
 * (cli_signals_block), before any thread was started. Returns the process's exit status. */
int cli_main(const struct cli_ports *ports, size_t count, const char *const *words);

/* ---- for commands ---- */

typedef int (*cli_command_fn)(struct cli *cli, struct mig_error *err);

/* Write all of it, waiting where the descriptor does not block. false: errno says why. */
bool cli_write(int fd, const char *bytes, size_t len);
void cli_out(const struct cli *cli,
             const struct mig_buf *text); /* to standard output; what it does not take is told at the end */
void cli_say(const struct cli *cli, const char *fmt, ...)
    MIG_PRINTF(2, 3); /* to standard error, text only, unless --quiet */

/* A document to standard output: indented, or one line with ndjson. */
void cli_out_document(const struct cli *cli, const bson_t *doc);

/* The one environment a command works on: --env, or the only one there is. NULL: *err says which there are. */
const struct cfg_environment *cli_environment(struct cli *cli, struct mig_error *err);

/* The environments --env names, in its order, or all. *ret is the caller's to free. */
bool cli_environments(struct cli *cli, const struct cfg_environment ***ret, size_t *ret_count,
                      struct mig_error *err);

/* Read the migrations. Problems of files are told on standard error; false: there are some and all_must_be_good. */
bool cli_catalog(struct cli *cli, unsigned flags, bool all_must_be_good, struct mig_catalog **ret,
                 struct mig_error *err);

/* Text for people made safe: error and hint as they are shown at the end of a command. */
void cli_error_text(const struct cli_style *style, const struct mig_error *err, struct mig_buf *out);

/* Tell of a request that was made: its id on standard output, what to do with it beside. */
struct mig_request;
void cli_told_request(struct cli *cli, const struct mig_request *request);

#define CLI_COMMAND(name) int cli_##name(struct cli *cli, struct mig_error *err)
CLI_COMMAND(init);
CLI_COMMAND(new);
CLI_COMMAND(verify_dir);
CLI_COMMAND(console);
CLI_COMMAND(status);
CLI_COMMAND(diff);
CLI_COMMAND(plan);
CLI_COMMAND(apply);
CLI_COMMAND(rollback);
CLI_COMMAND(resume);
CLI_COMMAND(recover);
CLI_COMMAND(mark);
CLI_COMMAND(gate);
CLI_COMMAND(drift);
CLI_COMMAND(request);
CLI_COMMAND(requests);
CLI_COMMAND(approve);
CLI_COMMAND(reject);
CLI_COMMAND(withdraw);
CLI_COMMAND(promote);
CLI_COMMAND(glass);
CLI_COMMAND(runs);
CLI_COMMAND(log);
CLI_COMMAND(attach);
CLI_COMMAND(stop);
CLI_COMMAND(history);
CLI_COMMAND(audit);
CLI_COMMAND(backup);
CLI_COMMAND(restore);
CLI_COMMAND(doctor);
CLI_COMMAND(config);
CLI_COMMAND(schema);
CLI_COMMAND(completion);
CLI_COMMAND(demo);
CLI_COMMAND(version);
CLI_COMMAND(help);
CLI_COMMAND(run);
CLI_COMMAND(backup_run);  /* run backup */
CLI_COMMAND(restore_run); /* run restore */
CLI_COMMAND(drill_run);   /* run drill */

#endif
