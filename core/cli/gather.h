/* gather.h - the same question to several environments at once; the answers in one list. */
#ifndef MIG_CLI_GATHER_H
#define MIG_CLI_GATHER_H

#include "cli/cli.h"

typedef bool (*cli_list_fn)(struct mig_app *app, const struct cfg_environment *env, int64_t limit,
                            bool (*each)(const bson_t *doc, void *ctx), void *ctx, struct mig_error *err);

struct cli_docs {
    bson_t **items;
    size_t count, room;
};

/* Ask each environment in parallel and sort by startedAt, newest first. One that does not answer is told on standard error
 * and the others are kept. Returns 0, 1 when some did not answer, CLI_FAILED when none did (*err: the first). */
int cli_gather(struct cli *cli, const struct cfg_environment *const *envs, size_t count, cli_list_fn list,
               int64_t limit, struct cli_docs *ret, struct mig_error *err);
void cli_docs_done(struct cli_docs *docs);

/* A whole command of that sort. */
struct cli_list {
    cli_list_fn list;
    long long limit;
    const char *key; /* of the list in the document that --format json prints */
    struct cli_table *(*table)(const struct cli_style *style);
    void (*row)(struct cli_table *table, const bson_t *doc);
    const char *nothing;                       /* what to say when there is none */
    int (*judge)(const struct cli_docs *docs); /* exit status of what was found; NULL: 0 */
};

/* Ask the environments that --env names, and tell the answers as a table, a document or lines of JSON. Returns an exit status. */
int cli_tell_list(struct cli *cli, const struct cli_list *list, struct mig_error *err);

#endif
