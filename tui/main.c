/* main.c - the composition root: the only place that sees every layer, and holds no logic of its own.
 *
 * Order matters: signals are blocked before any thread exists, the process is made undumpable before any secret is read,
 * and the driver is started before any store is opened.
 */
#include <bson/bson.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/version.h"
#include "cli/cli.h"
#include "io/config_file.h"
#include "io/host_posix.h"
#include "io/migration_dir.h"
#include "io/mongo.h"
#include "io/mongo_store.h"
#include "io/secret_source.h"
#include "io/storage_files.h"
#include "io/tool_config.h"
#include "views/console_session.h"
#ifdef MIGTUI_FAULTS
#include "io/fault.h"
#endif

/* How long the end of the process waits for the driver's threads: not at all, but under a leak checker. */
#if defined(__SANITIZE_ADDRESS__)
#define DRIVER_WAIT_MS 5000
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DRIVER_WAIT_MS 5000
#endif
#endif
#ifndef DRIVER_WAIT_MS
#define DRIVER_WAIT_MS 0
#endif

#define MAPPED_FROM (128 * 1024)

struct root {
    char signing_key[4096];
    struct mig_host *host;
    struct cfg_config *config;
    struct mig_app app;
    bool driver; /* io_mongo_init was called */
    bool stuck;  /* a thread cannot be ended: nothing may be freed */
};

/* ---- ports of the application ---- */

static bool open_store(void *ctx, const struct cfg_environment *env, const char *run, struct mig_store **ret,
                       struct mig_error *err)
{
    struct root *root = ctx;
    if (env->disabled_reason) {
        mig_fail(err, MIG_ERR_SECRET, "%s is disabled: %s", env->name, env->disabled_reason);
        return mig_hint(err,
                        "set it in the environment or in .env; what is set: migtui config show --origin");
    }
    struct cfg_secret uri CFG_AUTOSECRET = { 0 };
    if (!io_secret_resolve(root->config, &env->uri, &uri, err))
        return false;
    char name[128];
    snprintf(name, sizeof name, "migtui/" MIG_VERSION "%s%s", run[0] ? " " : "", run);
    struct io_mongo_options options = {
        .uri = uri.text,
        .database = env->database,
        .app_name = name,
        .limits = { .connect_ms = root->config->connect_timeout_ms,
                    .select_ms = root->config->connect_timeout_ms },
    };
    if (!io_mongo_open(&options, ret, err))
        return mig_context(err, "%s", env->name);
#ifdef MIGTUI_FAULTS
    io_fault_store(ret);
#endif
    return true;
}

static bool read_text(void *context, int slot, struct mig_file *file, struct mig_error *err)
{
    return io_migrations_text(context, slot, file->name, &file->text, &file->len, err);
}

static bool read_catalog(void *ctx, unsigned flags, struct mig_catalog **ret, struct mig_problems *problems,
                         struct mig_error *err)
{
    const struct cfg_config *config = ((struct root *)ctx)->config;
    struct io_migrations dir;
    if (!io_migrations_open(config->migrations, &dir, err))
        return false;
    struct mig_file *files MIG_AUTOFREE = mig_alloc_n(dir.count + 1, sizeof *files);
    for (size_t i = 0; i < dir.count; i++)
        files[i].name = dir.names[i];
    struct mig_text_source source = { read_text, &dir };
    *ret = mig_catalog_read(config->migrations, files, dir.count, &source, dir.sum, config->prefix, flags,
                            problems, err);
    io_migrations_close(&dir);
    return *ret != NULL;
}

static bool stamp_files(void *ctx, uint64_t *ret, struct mig_error *err)
{
    return io_migrations_stamp(((struct root *)ctx)->config->migrations, ret, err);
}

static bool read_file(void *ctx, const char *name, struct mig_buf *out, struct mig_error *err)
{
    struct io_migrations dir;
    const char *text;
    size_t len;
    if (!io_migrations_open(((struct root *)ctx)->config->migrations, &dir, err))
        return false;
    bool ok = io_migrations_text(&dir, 0, name, &text, &len, err);
    if (ok)
        mig_buf_add(out, text, len);
    io_migrations_close(&dir);
    return ok;
}

static struct mig_storage *open_storage(void *ctx, const char *folder)
{
    return io_storage_files(folder ? folder : ((struct root *)ctx)->config->backups);
}

static bool make_tool_config(void *ctx, const struct cfg_environment *env, char **ret_path,
                             struct mig_error *err)
{
    struct root *root = ctx;
    struct cfg_secret uri CFG_AUTOSECRET = { 0 };
    return io_secret_resolve(root->config, &env->uri, &uri, err) &&
           io_tool_config_write(root->host->state_dir, uri.text, env->database, ret_path, err);
}

static void drop_tool_config(void *ctx, char *take_path)
{
    (void)ctx;
    io_tool_config_remove(take_path);
}

/* ---- configuration ---- */

static const char *operator_of(const struct mig_cmdline *line, const struct mig_host *host)
{
    const char *name = mig_cmdline_value(line, MIG_OPT_OPERATOR);
    if (!name)
        name = getenv("MIGTUI_OPERATOR");
    return name && name[0] ? name : host->self.os_user;
}

/* --key, MIGTUI_SIGNING_KEY, else what ssh-keygen makes by itself. */
static const char *signing_key_of(struct root *root, const struct mig_cmdline *line)
{
    const char *home = getenv("HOME");
    const char *key = mig_cmdline_value(line, MIG_OPT_KEY);
    if (!key)
        key = getenv("MIGTUI_SIGNING_KEY");
    if (key && *key)
        return key;
    if (!home || *home != '/')
        return NULL;
    snprintf(root->signing_key, sizeof root->signing_key, "%s/.ssh/id_ed25519", home);
    return root->signing_key;
}

static bool open_app(void *ctx, const struct mig_cmdline *line, struct mig_app **ret, struct mig_error *err)
{
    struct root *root = ctx;
    char timeout[32];
    size_t count = line->flag_count;
    struct cfg_flag *flags MIG_AUTOFREE = mig_alloc_n(count + 1, sizeof *flags);
    if (count > 0)
        memcpy(flags, line->flags, count * sizeof *flags);
    if (mig_cmdline_has(line, MIG_OPT_TIMEOUT)) { /* the everyday name of one option of the configuration */
        snprintf(timeout, sizeof timeout, "%lld", mig_cmdline_duration(line, MIG_OPT_TIMEOUT, 0));
        flags[count++] = (struct cfg_flag){ .name = "connectTimeoutMs", .value = timeout };
    }
    if (!io_config_load(mig_cmdline_value(line, MIG_OPT_CONFIG), flags, count, &root->config, err))
        return false;
    io_mongo_init();
    root->driver = true;
    root->app = (struct mig_app){
        .config = root->config,
        .host = root->host,
        .operator_name = operator_of(line, root->host),
        .signing_key = signing_key_of(root, line),
        .ports_ctx = root,
        .open_store = open_store,
        .read_catalog = read_catalog,
        .stamp_files = stamp_files,
        .read_file = read_file,
        .open_storage = open_storage,
        .make_tool_config = make_tool_config,
        .drop_tool_config = drop_tool_config,
    };
    *ret = &root->app;
    return true;
}

/* ---- the console ---- */

#define GLOBALS_MAX 64

/* What the session was started with, for the acts it starts: the same file, operator and options. */
static size_t global_words(const struct root *root, const struct mig_cmdline *line, char *ret[GLOBALS_MAX])
{
    size_t count = 0;
    char *config MIG_AUTOFREE = realpath(root->config->file, NULL);
    const char *timeout = mig_cmdline_value(line, MIG_OPT_TIMEOUT);
    const char *operator_name = mig_cmdline_value(line, MIG_OPT_OPERATOR);
    ret[count++] = mig_printf("--config=%s", config ? config : root->config->file);
    if (operator_name)
        ret[count++] = mig_printf("--operator=%s", operator_name);
    if (timeout)
        ret[count++] = mig_printf("--timeout=%s", timeout);
    for (size_t i = 0; i < line->flag_count && count + 1 < GLOBALS_MAX; i++) {
        char flag[CFG_OPTION_NAME_MAX];
        cfg_option_flag(cfg_option_find(line->flags[i].name), flag);
        ret[count++] = mig_printf("%s=%s", flag, line->flags[i].value);
    }
    ret[count] = NULL;
    return count;
}

static char *config_home(void)
{
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (xdg && xdg[0] == '/')
        return mig_strdup(xdg);
    return home && home[0] == '/' ? mig_printf("%s/.config", home) : NULL;
}

static int open_console(void *ctx, const struct mig_cmdline *line, struct mig_app *app, struct mig_error *err)
{
    struct root *root = ctx;
    char *globals[GLOBALS_MAX];
    size_t count = global_words(root, line, globals);
    char *home = config_home();
    struct console_session session = { .app = app,
                                       .globals = (const char *const *)globals,
                                       .readonly = mig_cmdline_has(line, MIG_OPT_READONLY),
                                       .ascii = mig_cmdline_has(line, MIG_OPT_ASCII),
                                       .mono = mig_cmdline_has(line, MIG_OPT_NO_COLOR),
                                       .plain = mig_cmdline_has(line, MIG_OPT_PLAIN),
                                       .script = mig_cmdline_value(line, MIG_OPT_SCRIPT),
                                       .greeting = mig_cmdline_value(line, MIG_OPT_SAY),
                                       .config_home = home };
    int status;
    bool ok = console_session_run(&session, &status, &root->stuck, err);
    if (root->stuck) /* an act's thread may still read its words */
        return ok ? status : CLI_FAILED;
    while (count > 0)
        free(globals[--count]);
    free(home);
    return ok ? status : CLI_FAILED;
}

/* A standard stream that was closed would be the next file or socket that is opened, and what is printed would go there. */
static void open_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            _exit(1);
}

int main(int argc, char **argv)
{
    open_standard_streams();
    cli_signals_block();
    /* What a large reply or table took goes back when it is freed: by default the first one raises the limit from which memory
     * is mapped, and the next stay in the heap; and each thread would keep a heap of its own. */
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
    mallopt(M_ARENA_MAX, 1);
    prctl(PR_SET_DUMPABLE, 0);
    setlocale(LC_CTYPE, "");
    struct root root = { 0 };
    struct mig_error err = { 0 };
    if (!io_host_new(NULL, &root.host, &err)) {
        fprintf(stderr, "migtui: %s\n", err.message);
        return mig_error_exit(err.code);
    }
#ifdef MIGTUI_FAULTS
    io_fault_host(root.host);
#endif
    char libraries[64];
    snprintf(libraries, sizeof libraries, "mongo-c-driver %s", bson_get_version());
    struct cli_ports ports = {
        .ctx = &root, .host = root.host, .open_app = open_app, .console = open_console, .libraries = libraries
    };
    size_t count = argc > 1 ? (size_t)(argc - 1) : 0;
    int status = cli_main(&ports, count, (const char *const *)argv + (argc > 0));
    if (root.stuck) {
        fflush(NULL);
        _exit(status);
    }
    cfg_config_free(root.config);
    io_host_free(root.host);
    if (root.driver && !io_mongo_cleanup(DRIVER_WAIT_MS)) {
        fflush(NULL);
        _exit(
            status); /* the driver's threads still run: exit handlers would pull the ground from under them */
    }
    return status;
}
