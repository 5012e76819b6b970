/* app.h - what a command has in hand: configuration, host, and ways to reach environments and files. No globals.
 *
 * Built once by the composition root (tui/main.c); borrowed by everything below. May be used from several threads.
 */
#ifndef MIG_APP_APP_H
#define MIG_APP_APP_H

#include "base/err.h"
#include "config/config.h"
#include "engine/catalog.h"
#include "model/history.h"
#include "model/plan.h"
#include "model/server.h"
#include "ports/host.h"
#include "ports/storage.h"
#include "ports/store.h"

struct mig_app {
    const struct cfg_config *config; /* NULL for commands that need no project */
    struct mig_host *host;
    const char
        *operator_name;      /* --operator, MIGTUI_OPERATOR, git's user.name is not read; else the OS user */
    const char *signing_key; /* --key, MIGTUI_SIGNING_KEY, else ~/.ssh/id_ed25519; the agent may hold it */
    void *ports_ctx;

    /* Open an environment's database. run: the run's id for the connection's appName, or "" for a reader. The caller closes it
     * with store->ops->close. Fails at once when the environment is disabled; connects only on the first command. */
    bool (*open_store)(void *ctx, const struct cfg_environment *env, const char *run, struct mig_store **ret,
                       struct mig_error *err);
    /* Read the migrations directory and build its catalog. Problems are in *problems, one a bad file. */
    bool (*read_catalog)(void *ctx, unsigned flags, struct mig_catalog **ret, struct mig_problems *problems,
                         struct mig_error *err);
    /* A number over names, sizes and times of the directory: another one means that it should be read again. False: it cannot
     * be looked at. */
    bool (*stamp_files)(void *ctx, uint64_t *ret, struct mig_error *err);
    /* Append the text of one file of the directory. */
    bool (*read_file)(void *ctx, const char *name, struct mig_buf *out, struct mig_error *err);
    /* Where backups are kept: folder, or NULL for the configuration's. Touches nothing; the caller frees it (ops->free). */
    struct mig_storage *(*open_storage)(void *ctx, const char *folder);
    /* Write what MongoDB's tools need to reach the environment into a configuration file of theirs, mode 0600, so that it stands on no
     * command line. The caller hands the path to drop_tool_config, which removes the file and frees. */
    bool (*make_tool_config)(void *ctx, const struct cfg_environment *env, char **ret_path,
                             struct mig_error *err);
    void (*drop_tool_config)(void *ctx, char *take_path);
};

/* One event of a run, a flat document whose first member is "event"; borrowed for the call. Called on one thread at a time. */
typedef void (*mig_event_fn)(const bson_t *event, void *ctx);

/* NULL when the configuration has no such environment; *err then names the nearest. */
const struct cfg_environment *mig_app_environment(const struct mig_app *app, const char *name,
                                                  struct mig_error *err);

#endif
