/* run_detach.c - the same run in a process of its own: no terminal, own session, its journal says everything.
 *
 * The parent chooses the run's id, so that it knows which journal to watch, and waits until the run holds its lock or is
 * over: whoever types apply --detach learns at once that somebody else is at it. Nothing secret is on the new
 * command line; secrets are resolved again by the new process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/doc.h"
#include "base/id.h"
#include "base/mem.h"
#include "cli/detach.h"
#include "cli/files.h"
#include "cli/run_job.h"

#define START_DEADLINE_MS 60000
#define POLL_MS           20
#define JOURNAL_MAX       (8UL * 1024 * 1024)

extern char **environ;

struct words {
    char **items;
    size_t count, room;
};

static void add_word(struct words *words, char *take_word)
{
    words->items = mig_grow(words->items, words->count, &words->room, sizeof *words->items);
    words->items[words->count++] = take_word;
}

/* What the runner must not be told again, or is told in another form. */
static bool is_ours(enum mig_option_id id)
{
    static const enum mig_option_id ours[] = { MIG_OPT_CONFIG,   MIG_OPT_FORMAT, MIG_OPT_QUIET,
                                               MIG_OPT_NO_COLOR, MIG_OPT_ENV,    MIG_OPT_YES,
                                               MIG_OPT_DETACH,   MIG_OPT_PLAN,   MIG_OPT_CONFIRM_TEXT,
                                               MIG_OPT_UNDO,     MIG_OPT_RESUME };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (ours[i] == id)
            return true;
    }
    return false;
}

static void build_words(const struct cli *cli, const struct cli_detached *how, const char *run,
                        struct words *words)
{
    const struct mig_cmdline *line = cli->line;
    char *config MIG_AUTOFREE = realpath(cli->app->config->file, NULL);
    add_word(words, mig_strdup("migtui"));
    add_word(words, mig_strdup("run"));
    add_word(words, mig_strdup(how->act));
    add_word(words, mig_printf("--id=%s", run));
    add_word(words, mig_strdup("--format=ndjson"));
    add_word(words, mig_printf("--config=%s", config ? config : cli->app->config->file));
    add_word(words, mig_printf("--env=%s", how->env->name));
    if (how->plan_id[0])
        add_word(words, mig_printf("--plan=%s", how->plan_id));
    if (how->confirm_text) /* it was typed here: the runner checks it once more */
        add_word(words, mig_printf("--confirm-text=%s", how->confirm_text));
    for (size_t i = 0; i < line->option_count; i++) {
        const struct mig_option *option = mig_option_at(line->options[i].id);
        if (is_ours(line->options[i].id))
            continue;
        add_word(words, option->argument ? mig_printf("--%s=%s", option->name, line->options[i].value)
                                         : mig_printf("--%s", option->name));
    }
    for (size_t i = 0; i < line->flag_count; i++) {
        char flag[CFG_OPTION_NAME_MAX];
        cfg_option_flag(cfg_option_find(line->flags[i].name), flag);
        add_word(words, mig_printf("%s=%s", flag, line->flags[i].value));
    }
    if (how->into && !mig_cmdline_has(line, MIG_OPT_INTO))
        add_word(words, mig_printf("--into=%s", how->into));
    add_word(words, mig_strdup("--"));
    if (how->what && how->what[0])
        add_word(words, mig_strdup(how->what));
    for (size_t i = 0; !how->what && i < line->argument_count; i++)
        add_word(words, mig_strdup(line->arguments[i]));
    add_word(words, NULL);
}

/* Start it: new session, default signals, nothing to read, what it says on error into a pipe. */
static bool start(char *const *words, int *ret_pipe, pid_t *ret_pid, struct mig_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return mig_fail(err, MIG_ERR_FAILED, "the runner cannot be started: no pipe");
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int failed = posix_spawn(ret_pid, "/proc/self/exe", &files, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    if (failed) {
        char reason[128];
        close(ends[0]);
        return mig_fail(err, MIG_ERR_FAILED, "the runner cannot be started: %s",
                        strerror_r(failed, reason, sizeof reason));
    }
    *ret_pipe = ends[0];
    return true;
}

/* What the journal says so far: 0 nothing yet, 1 it has begun, 2 it is at work, 3 it is over. */
static int journal_state(const char *path)
{
    struct mig_buf text MIG_AUTOBUF;
    mig_buf_init(&text, JOURNAL_MAX);
    struct mig_error ignored;
    if (access(path, R_OK) != 0 || (!cli_file_read(path, JOURNAL_MAX, &text, &ignored) && text.len == 0))
        return 0;
    if (strstr(text.text, "\"run.finished\""))
        return 3;
    /* Those of a backup, restore and drill are named alike. */
    if (strstr(text.text, "\"lock.acquired\"") || strstr(text.text, "\"migration.started\"") ||
        strstr(text.text, "\"backup.started\""))
        return 2;
    return strchr(text.text, '\n') ? 1 : 0;
}

/* The error object that the runner wrote before it died, or else its exit status in words. */
static void early_end(int pipe, int status, struct mig_error *err)
{
    char text[8192];
    size_t len = 0;
    for (ssize_t n; len + 1 < sizeof text && (n = read(pipe, text + len, sizeof text - 1 - len)) > 0;)
        len += (size_t)n;
    text[len] = '\0';
    const char *line = strstr(text, "{\"error\"");
    bson_t *doc MIG_AUTOBSON =
        line ? bson_new_from_json((const uint8_t *)line, (ssize_t)strcspn(line, "\n"), NULL) : NULL;
    const char *name = doc ? mig_doc_str(doc, "error.name", "") : "";
    for (int code = 1; code < MIG_ERROR_CODES; code++) {
        if (strcmp(mig_error_name(code), name) != 0)
            continue;
        mig_fail(err, code, "%s", mig_doc_str(doc, "error.message", ""));
        mig_hint(err, "%s", mig_doc_str(doc, "error.hint", ""));
        err->server_code = (int)mig_doc_int(doc, "error.code", 0);
        return;
    }
    if (WIFSIGNALED(status))
        mig_fail(err, MIG_ERR_FAILED, "the runner was ended by signal %d before it began", WTERMSIG(status));
    else
        mig_fail(err, MIG_ERR_FAILED, "the runner ended with status %d before it began", WEXITSTATUS(status));
}

/* Wait until the run is on its way, or over: then its process ends within moments, and its status tells how. */
static bool wait_for_start(struct cli *cli, const char *journal, pid_t pid, int pipe, struct mig_error *err)
{
    struct mig_host *host = cli->host;
    int64_t deadline = host->ops->mono_ms(host) + START_DEADLINE_MS + cli->app->config->lock_wait_ms;
    for (;;) {
        int status;
        bool over = waitpid(pid, &status, WNOHANG) == pid;
        if (over && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return true;
        if (over) {
            early_end(pipe, status, err);
            return false;
        }
        int state = journal_state(journal);
        if (state == 2 || (state > 0 && host->ops->mono_ms(host) > deadline))
            return true;
        if (host->ops->mono_ms(host) > deadline) {
            mig_fail(err, MIG_ERR_TIMEOUT, "the runner has not begun within %d s", START_DEADLINE_MS / 1000);
            return mig_hint(err, "it may still begin: look with migtui runs");
        }
        host->ops->sleep_until(host, host->ops->mono_ms(host) + POLL_MS, &pid);
    }
}

static void tell(struct cli *cli, const struct cfg_environment *env, const char *run)
{
    if (cli->format == CLI_TEXT) {
        char line[MIG_ULID_SIZE + 1];
        snprintf(line, sizeof line, "%s\n", run);
        cli_write(STDOUT_FILENO, line, strlen(line));
        cli_say(cli, "it goes on without this terminal; watch it: migtui attach %s", run);
        return;
    }
    bson_t doc;
    bson_init(&doc);
    BSON_APPEND_UTF8(&doc, "run", run);
    BSON_APPEND_UTF8(&doc, "environment", env->name);
    BSON_APPEND_UTF8(&doc, "status", "running");
    cli_out_document(cli, &doc);
    bson_destroy(&doc);
}

int cli_detach(struct cli *cli, const struct cli_detached *how, struct mig_error *err)
{
    struct mig_host *host = cli->host;
    uint8_t chance[10];
    char run[MIG_ULID_SIZE];
    host->ops->random(host, chance, sizeof chance);
    mig_ulid(host->ops->wall_ms(host), chance, run);
    char *journal MIG_AUTOFREE = mig_printf("%s/runs/%s.jsonl", host->state_dir, run);
    struct words words = { 0 };
    build_words(cli, how, run, &words);
    int pipe = -1;
    pid_t pid = -1;
    bool ok = start(words.items, &pipe, &pid, err) && wait_for_start(cli, journal, pid, pipe, err);
    if (pipe >= 0)
        close(pipe);
    for (size_t i = 0; i < words.count; i++)
        free(words.items[i]);
    free(words.items);
    if (!ok)
        return CLI_FAILED;
    tell(cli, how->env, run);
    return 0;
}

int run_job_detach(struct cli *cli, const struct run_job *job, const char *act, struct mig_error *err)
{
    char confirm[160];
    snprintf(confirm, sizeof confirm, "%s %zu", job->env->database, job->migrations);
    const struct cli_detached how = {
        .act = act,
        .env = job->env,
        .plan_id = job->plan_id,
        .confirm_text = job->env->is_protected ? confirm : NULL,
    };
    return cli_detach(cli, &how, err);
}
